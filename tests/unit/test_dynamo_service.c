/* SPDX-License-Identifier: MIT */
/* DynamoDB's service by bytes: requests of records, verdicts of replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-dynamo/service.h"

static const struct schema id_schema = {
	.keys = { { "id", ATTRIBUTE_STRING } },
	.key_count = 1,
};

static const struct schema number_schema = {
	.keys = { { "id", ATTRIBUTE_NUMBER } },
	.key_count = 1,
};

static const struct schema two_schema = {
	.keys = { { "a", ATTRIBUTE_STRING }, { "b", ATTRIBUTE_BINARY } },
	.key_count = 2,
};

/* ---- a service and what was staged ---- */

enum { ITEMS_MAX = 32 };

struct kit {
	struct item_options rules;
	struct dynamo_options options;
	struct service *service;
	struct service_item items[ITEMS_MAX];
	const struct service_item *pointers[ITEMS_MAX];
	size_t count;
	struct service_request request;
	size_t sent;
	struct err err;
};

static void
open_kit(struct kit *k, const struct schema *schema, enum dynamo_op op, const char *offset_name)
{
	memset(k, 0, sizeof(*k));
	k->rules.offset_name = offset_name;
	k->options = (struct dynamo_options){
		.table = "rides", .schema = schema, .items = &k->rules, .op = op
	};
	k->service = dynamo_service_new(&k->options, &k->err);
	if (!k->service || dynamo_service_begin(k->service, &k->err))
		fail_msg("%s", k->err.text);
	buf_init(&k->request.path, 1024);
	buf_init(&k->request.body, 1024 * 1024);
}

static void
close_kit(struct kit *k)
{
	for (size_t i = 0; i < k->count; i++)
		free((char *)(uintptr_t)k->items[i].note.data);
	buf_release(&k->request.path);
	buf_release(&k->request.body);
	service_free(k->service);
}

/* value NULL: a tombstone of `key`. Offsets count from 0. */
static void
stage(struct kit *k, const char *value, const char *key)
{
	struct record record = { .topic = slice_of("t"),
		.offset = (int64_t)k->count,
		.has_offset = true,
		.value = slice_of(value),
		.has_value = value != NULL,
		.key = slice_of(key),
		.has_key = key != NULL };
	struct service_item *item = &k->items[k->count];
	struct service_staged staged;
	char *note;

	assert_true(k->count < ITEMS_MAX);
	if (k->service->ops->stage(k->service, &record, &staged, &k->err) != SERVICE_SEND)
		fail_msg("%s", k->err.text);
	/* the pump copies it */
	note = malloc(staged.note.len);
	assert_non_null(note);
	memcpy(note, staged.note.data, staged.note.len);
	item->note = slice_make(note, staged.note.len);
	item->lane = staged.lane;
	item->bytes = staged.bytes;
	k->pointers[k->count++] = item;
}

static void
request(struct kit *k, size_t first, size_t count)
{
	buf_clear(&k->request.path);
	buf_clear(&k->request.body);
	if (k->service->ops->request(
		k->service, k->pointers + first, count, &k->request, &k->sent, &k->err))
		fail_msg("%s", k->err.text);
	assert_string_equal(k->request.method, "POST");
	assert_string_equal(k->request.path.data, "/");
	assert_int_equal(k->request.header_count, 2);
	assert_string_equal(k->request.headers[0].name, "Content-Type");
	assert_string_equal(k->request.headers[0].value, "application/x-amz-json-1.0");
	assert_string_equal(k->request.headers[1].name, "X-Amz-Target");
}

static void
expect_body(struct kit *k, const char *target, const char *body)
{
	assert_string_equal(k->request.headers[1].value, target);
	assert_string_equal(k->request.body.data, body);
}

/* The context is the value of x-amz-crc32; NULL: no headers at all. */
static const char *
find_header(const void *context, const char *name)
{
	return strcmp(name, "x-amz-crc32") ? NULL : context;
}

static enum service_outcome
judge_with(struct kit *k, int status, const char *body, const char *crc32,
    struct service_verdict *ret)
{
	struct service_reply reply = { .status = status,
		.body = slice_of(body),
		.header = find_header,
		.header_context = crc32 };

	err_clear(&k->err);
	return k->service->ops->verdicts(k->service, k->pointers, k->count, &reply, ret, &k->err);
}

static enum service_outcome
judge(struct kit *k, int status, const char *body, struct service_verdict *ret)
{
	return judge_with(k, status, body, NULL, ret);
}

/* ---- requests ---- */

#define BATCH "DynamoDB_20120810.BatchWriteItem"
#define PUT(item) "{\"PutRequest\":{\"Item\":" item "}}"
#define DELETE(key) "{\"DeleteRequest\":{\"Key\":" key "}}"

static void
test_batches(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	assert_int_equal(k.service->count_max, 25);
	stage(&k, "{\"id\":\"a\",\"v\":1.50}", NULL);
	stage(&k, NULL, "b");
	request(&k, 0, 2);
	assert_int_equal(k.sent, 2);
	expect_body(&k, BATCH,
	    "{\"RequestItems\":{\"rides\":[" PUT(
		"{\"id\":{\"S\":\"a\"},\"v\":{\"N\":\"1.50\"}}") "," DELETE("{\"id\":{\"S\":\"b\"}"
									    "}") "]}}");
	/* what an item adds, and the frame, are bounds of the body */
	assert_true(k.request.body.len <= k.items[0].bytes + k.items[1].bytes +
					      (DYNAMO_BATCH_BYTES_MAX - k.service->bytes_max));
	/* any part of them, again */
	request(&k, 1, 1);
	expect_body(
	    &k, BATCH, "{\"RequestItems\":{\"rides\":[" DELETE("{\"id\":{\"S\":\"b\"}}") "]}}");
	close_kit(&k);
}

static void
test_the_last_of_a_key_wins(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, &number_schema, DYNAMO_PUT, NULL);
	stage(&k, "{\"id\":10,\"v\":1}", NULL);
	stage(&k, "{\"id\":2}", NULL);
	stage(&k, "{\"id\":1e1,\"v\":2}", NULL);
	stage(&k, "{\"id\":2,\"v\":3}", NULL);
	stage(&k, NULL, "2.0");
	assert_true(k.items[0].lane == k.items[2].lane);
	assert_true(k.items[1].lane == k.items[4].lane);
	assert_false(k.items[0].lane == k.items[1].lane);
	request(&k, 0, 5);
	assert_int_equal(k.sent, 5);
	expect_body(&k, BATCH,
	    "{\"RequestItems\":{\"rides\":[" PUT(
		"{\"id\":{\"N\":\"1e1\"},\"v\":{\"N\":\"2\"}}") "," DELETE("{\"id\":{\"N\":\"2.0\"}"
									   "}") "]}}");
	/* the first of them alone */
	request(&k, 0, 1);
	expect_body(&k, BATCH,
	    "{\"RequestItems\":{\"rides\":[" PUT(
		"{\"id\":{\"N\":\"10\"},\"v\":{\"N\":\"1\"}}") "]}}");
	close_kit(&k);
}

/* Composite keys whose parts run together, or are swapped, are other items. */
static void
test_keys_that_look_alike(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, &two_schema, DYNAMO_DELETE, NULL);
	stage(&k, "{\"a\":\"x\",\"b\":\"eXo=\"}", NULL);  /* x, yz */
	stage(&k, "{\"a\":\"xy\",\"b\":\"eg==\"}", NULL); /* xy, z */
	stage(&k, "{\"a\":\"z\",\"b\":\"eHk=\"}", NULL);  /* z, xy */
	request(&k, 0, 3);
	expect_body(&k, BATCH,
	    "{\"RequestItems\":{\"rides\":[" DELETE(
		"{\"a\":{\"S\":\"x\"},\"b\":{\"B\":\"eXo=\"}}") "," DELETE("{\"a\":{\"S\":\"xy\"},"
									   "\"b\":{\"B\":\"eg==\"}"
									   "}") "," DELETE("{\"a\":"
											   "{\"S\":"
											   "\"z\"},"
											   "\"b\":{"
											   "\"B\":"
											   "\"eHk="
											   "\"}}") "]}}");
	close_kit(&k);
}

static void
test_a_batch_has_25_items(void **state)
{
	struct kit k;
	char value[32];

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(value, sizeof(value), "{\"id\":\"%d\"}", i);
		stage(&k, value, NULL);
	}
	request(&k, 0, 30);
	assert_int_equal(k.sent, 25);
	close_kit(&k);
}

#define CONDITION                   \
	",\"ConditionExpression\":" \
	"\"attribute_not_exists(#o) OR #o < :o OR NOT attribute_type(#o, :t)\""
#define CONDITION_VALUES(offset) "\":o\":{\"N\":\"" offset "\"},\":t\":{\"S\":\"N\"}"

static const struct {
	enum dynamo_op op;
	const char *offset_name;
	const char *value, *key;
	const char *target, *body;
} calls[] = {
	{ DYNAMO_PUT, "o", "{\"id\":\"a\"}", NULL, "DynamoDB_20120810.PutItem",
	    "{\"TableName\":\"rides\",\"Item\":{\"id\":{\"S\":\"a\"},\"o\":{\"N\":\"0\"}}" CONDITION
	    ",\"ExpressionAttributeNames\":{\"#o\":\"o\"},\"ExpressionAttributeValues\":"
	    "{" CONDITION_VALUES("0") "}}" },
	{ DYNAMO_PUT, "o", NULL, "a", "DynamoDB_20120810.DeleteItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}}" CONDITION
	    ",\"ExpressionAttributeNames\":{\"#o\":\"o\"},\"ExpressionAttributeValues\":"
	    "{" CONDITION_VALUES("0") "}}" },
	{ DYNAMO_UPDATE, NULL, "{\"v\":1,\"id\":\"a\",\"size\":null}", NULL,
	    "DynamoDB_20120810.UpdateItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}},"
	    "\"UpdateExpression\":\"SET #0=:0,#2=:2\","
	    "\"ExpressionAttributeNames\":{\"#0\":\"v\",\"#2\":\"size\"},"
	    "\"ExpressionAttributeValues\":{\":0\":{\"N\":\"1\"},\":2\":{\"NULL\":true}}}" },
	{ DYNAMO_UPDATE, NULL, "{\"id\":\"a\",\"set\":[],\"v\":1}", NULL,
	    "DynamoDB_20120810.UpdateItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}},"
	    "\"UpdateExpression\":\"SET #2=:2 REMOVE #1\","
	    "\"ExpressionAttributeNames\":{\"#1\":\"set\",\"#2\":\"v\"},"
	    "\"ExpressionAttributeValues\":{\":2\":{\"N\":\"1\"}}}" },
	{ DYNAMO_UPDATE, NULL, "{\"id\":\"a\",\"set\":[]}", NULL, "DynamoDB_20120810.UpdateItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}},"
	    "\"UpdateExpression\":\" REMOVE #1\","
	    "\"ExpressionAttributeNames\":{\"#1\":\"set\"}}" },
	{ DYNAMO_UPDATE, NULL, "{\"id\":\"a\"}", NULL, "DynamoDB_20120810.UpdateItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}}}" },
	{ DYNAMO_UPDATE, NULL, NULL, "a", "DynamoDB_20120810.DeleteItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}}}" },
	{ DYNAMO_UPDATE, "o", "{\"id\":\"a\",\"v\":1}", NULL, "DynamoDB_20120810.UpdateItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}},"
	    "\"UpdateExpression\":\"SET #1=:1,#2=:2\"" CONDITION
	    ",\"ExpressionAttributeNames\":{\"#1\":\"v\",\"#2\":\"o\",\"#o\":\"o\"},"
	    "\"ExpressionAttributeValues\":{\":1\":{\"N\":\"1\"},\":2\":{\"N\":\"0\"}"
	    "," CONDITION_VALUES("0") "}}" },
	{ DYNAMO_DELETE, "o", "{\"id\":\"a\",\"v\":1}", NULL, "DynamoDB_20120810.DeleteItem",
	    "{\"TableName\":\"rides\",\"Key\":{\"id\":{\"S\":\"a\"}}" CONDITION
	    ",\"ExpressionAttributeNames\":{\"#o\":\"o\"},\"ExpressionAttributeValues\":"
	    "{" CONDITION_VALUES("0") "}}" },
};

static void
test_calls_for_one_item(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct kit k;

		open_kit(&k, &id_schema, calls[i].op, calls[i].offset_name);
		assert_int_equal(k.service->count_max, 1);
		service_free(k.service);
		assert_int_equal(item_parse_typing("set=SS", &k.rules, &k.err), 0);
		k.service = dynamo_service_new(&k.options, &k.err);
		assert_non_null(k.service);
		assert_int_equal(dynamo_service_begin(k.service, &k.err), 0);
		stage(&k, calls[i].value, calls[i].key);
		request(&k, 0, 1);
		assert_int_equal(k.sent, 1);
		expect_body(&k, calls[i].target, calls[i].body);
		close_kit(&k);
	}
}

static void
test_an_update_of_too_many_fields(void **state)
{
	struct kit k;
	struct buf value = BUF_INIT(65536);
	struct record record = { .topic = slice_of("t"), .has_value = true };
	struct service_staged staged;

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_UPDATE, NULL);
	assert_int_equal(buf_append_text(&value, "{\"id\":\"a\"", &k.err), 0);
	for (int i = 0; i < 500; i++)
		assert_int_equal(buf_appendf(&value, &k.err, ",\"v%d\":1", i), 0);
	assert_int_equal(buf_append_text(&value, "}", &k.err), 0);
	record.value = buf_slice(&value);
	assert_int_equal(
	    k.service->ops->stage(k.service, &record, &staged, &k.err), SERVICE_REJECTED);
	assert_int_equal(k.err.class, ERR_DATA);
	assert_string_equal(
	    k.err.text, "t[0]@0: more fields than the 4 KB of an update expression have room for");
	buf_release(&value);
	close_kit(&k);
}

/* ---- verdicts of batches ---- */

enum { D = SERVICE_DONE, T = SERVICE_THROTTLED, R = SERVICE_REFUSED };

#define ERROR(type, words) \
	"{\"__type\":\"com.amazonaws.dynamodb.v20120810#" type "\",\"message\":\"" words "\"}"
#define UNPROCESSED(requests) "{\"UnprocessedItems\":{\"rides\":[" requests "]}}"

/* For the items 10, 2, 1e1, 3: the first and the third are one. */
static const struct {
	int status;
	const char *body;
	enum service_outcome outcome;
	int fates[4];
	enum err_class class;
	const char *text;
} batches[] = {
	{ 200, "{\"UnprocessedItems\":{}}", SERVICE_JUDGED, { D, D, D, D }, ERR_NONE, "" },
	{ 200, UNPROCESSED(""), SERVICE_JUDGED, { D, D, D, D }, ERR_NONE, "" },
	{ 200, UNPROCESSED(PUT("{\"id\":{\"N\":\"10\"},\"v\":{\"S\":\"x\"}}")), SERVICE_JUDGED,
	    { T, D, T, D }, ERR_NONE, "" },
	{ 200, UNPROCESSED(DELETE("{\"id\":{\"N\":\"2\"}}") "," PUT("{\"id\":{\"N\":\"3.0\"}}")),
	    SERVICE_JUDGED, { D, T, D, T }, ERR_NONE, "" },
	/* an answer to something else */
	{ 200, UNPROCESSED(PUT("{\"id\":{\"N\":\"4\"}}")), SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "UnprocessedItems: an item that was not sent" },
	{ 200, UNPROCESSED(PUT("{\"id\":{\"S\":\"2\"}}")), SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "UnprocessedItems: no key id" },
	{ 200, UNPROCESSED(PUT("{\"id\":{\"N\":\"x\"}}")), SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "UnprocessedItems: key id: not a number" },
	{ 200, UNPROCESSED("null"), SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "UnprocessedItems: no key id" },
	{ 200, "{\"UnprocessedItems\":{\"rides\":{}}}", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "UnprocessedItems: not a list" },
	/* no answer */
	{ 200, "{}", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE, "the reply has no UnprocessedItems" },
	{ 200, "{\"UnprocessedItems\":null}", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "the reply has no UnprocessedItems" },
	{ 200, "", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE, "the reply is no JSON object" },
	{ 200, "{\"UnprocessedItems\":{", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "the reply is no JSON object" },
	{ 200, "<html></html>", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "the reply is no JSON object" },
	{ 500, ERROR("InternalServerError", "oops"), SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE,
	    "InternalServerError: oops" },
	{ 503, "", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE, "status 503" },
	/* slower */
	{ 400, ERROR("ProvisionedThroughputExceededException", "more"), SERVICE_SLOWER, { 0 },
	    ERR_UNAVAILABLE, "ProvisionedThroughputExceededException: more" },
	{ 400, ERROR("ThrottlingException", "rate"), SERVICE_SLOWER, { 0 }, ERR_UNAVAILABLE,
	    "ThrottlingException: rate" },
	{ 400, ERROR("RequestLimitExceeded", "rate"), SERVICE_SLOWER, { 0 }, ERR_UNAVAILABLE,
	    "RequestLimitExceeded: rate" },
	{ 429, "", SERVICE_SLOWER, { 0 }, ERR_UNAVAILABLE, "status 429" },
	/* one of them is at fault */
	{ 400, ERROR("ValidationException", "bad"), SERVICE_SPLIT, { 0 }, ERR_DATA,
	    "ValidationException: bad" },
	{ 400, ERROR("SerializationException", "bad"), SERVICE_SPLIT, { 0 }, ERR_DATA,
	    "SerializationException: bad" },
	{ 400, ERROR("ItemCollectionSizeLimitExceededException", "10 GB"), SERVICE_SPLIT, { 0 },
	    ERR_DATA, "ItemCollectionSizeLimitExceededException: 10 GB" },
	{ 413, "", SERVICE_SPLIT, { 0 }, ERR_DATA, "status 413" },
	/* nothing goes any more */
	{ 400, ERROR("ResourceNotFoundException", "no table"), SERVICE_STOP, { 0 }, ERR_NO_INPUT,
	    "ResourceNotFoundException: no table" },
	{ 400, ERROR("AccessDeniedException", "no"), SERVICE_STOP, { 0 }, ERR_DENIED,
	    "AccessDeniedException: no" },
	{ 400, ERROR("ExpiredTokenException", "old"), SERVICE_STOP, { 0 }, ERR_DENIED,
	    "ExpiredTokenException: old" },
	{ 403, "", SERVICE_STOP, { 0 }, ERR_DENIED, "status 403" },
	{ 400, ERROR("SomethingNewException", "what"), SERVICE_STOP, { 0 }, ERR_UNAVAILABLE,
	    "SomethingNewException: what" },
	/* nothing that DynamoDB says */
	{ 301, "", SERVICE_AGAIN, { 0 }, ERR_UNAVAILABLE, "status 301" },
	{ 400, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#Validat", SERVICE_AGAIN, { 0 },
	    ERR_UNAVAILABLE, "status 400" },
};

static void
test_verdicts_of_batches(void **state)
{
	struct kit k;
	struct service_verdict verdicts[4];

	(void)state;
	open_kit(&k, &number_schema, DYNAMO_PUT, NULL);
	stage(&k, "{\"id\":10}", NULL);
	stage(&k, NULL, "2");
	stage(&k, "{\"id\":1e1}", NULL);
	stage(&k, "{\"id\":3}", NULL);
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		enum service_outcome outcome;

		memset(verdicts, 0xff, sizeof(verdicts));
		outcome = judge(&k, batches[i].status, batches[i].body, verdicts);
		if (outcome != batches[i].outcome)
			fail_msg("%s: outcome %d", batches[i].body, (int)outcome);
		assert_int_equal(k.err.class, batches[i].class);
		assert_string_equal(k.err.text, batches[i].text);
		for (int n = 0; n < 4 && outcome == SERVICE_JUDGED; n++) {
			if ((int)verdicts[n].fate != batches[i].fates[n])
				fail_msg("%s: item %d", batches[i].body, n);
			assert_string_equal(
			    verdicts[n].reason, batches[i].fates[n] == T ? "not processed" : "");
		}
	}
	close_kit(&k);
}

/* Keys that only escapes can spell come back as what they were. */
static void
test_odd_keys_that_were_not_processed(void **state)
{
	struct kit k;
	struct service_verdict verdicts[2];

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	stage(&k, "{\"id\":\"a\\u0000\\ud800\"}", NULL);
	stage(&k, "{\"id\":\"a\"}", NULL);
	assert_int_equal(
	    judge(&k, 200, UNPROCESSED(PUT("{\"id\":{\"S\":\"a\\u0000\xef\xbf\xbd\"}}")), verdicts),
	    SERVICE_JUDGED);
	assert_int_equal(verdicts[0].fate, SERVICE_THROTTLED);
	assert_int_equal(verdicts[1].fate, SERVICE_DONE);
	close_kit(&k);
}

static const struct {
	const char *body, *crc32;
	enum service_outcome outcome;
} checked[] = {
	{ "{\"UnprocessedItems\":{}}", "4185382651", SERVICE_JUDGED },
	{ "{\"UnprocessedItems\":{}}", NULL, SERVICE_JUDGED },
	{ "{\"UnprocessedItems\":{}}", "1", SERVICE_AGAIN },
	{ "{\"UnprocessedItems\":{}}", "", SERVICE_AGAIN },
	{ "{\"UnprocessedItems\":{}} ", "4185382651", SERVICE_AGAIN },
	{ "", "0", SERVICE_AGAIN },
	{ ERROR("ValidationException", "bad"), NULL, SERVICE_SPLIT },
	{ ERROR("ValidationException", "bad"), "1", SERVICE_AGAIN },
};

static void
test_checksums_of_replies(void **state)
{
	struct kit k;
	struct service_verdict verdicts[2];

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	stage(&k, "{\"id\":\"a\"}", NULL);
	stage(&k, "{\"id\":\"b\"}", NULL);
	for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++) {
		int status = strstr(checked[i].body, "__type") ? 400 : 200;

		if (judge_with(&k, status, checked[i].body, checked[i].crc32, verdicts) !=
		    checked[i].outcome)
			fail_msg("case %zu: %s", i, k.err.text);
	}
	assert_int_equal(judge_with(&k, 200, "{\"UnprocessedItems\":{}}", "1", verdicts),
	    SERVICE_AGAIN);
	assert_string_equal(k.err.text, "the reply is not what its checksum says");
	close_kit(&k);
}

/* ---- of one item ---- */

static const struct {
	int status;
	const char *body;
	enum service_outcome outcome;
	int fate;
	const char *reason; /* of the verdict, or of err */
} singles[] = {
	{ 200, "{}", SERVICE_JUDGED, D, "" },
	{ 200, "", SERVICE_AGAIN, 0, "the reply is no JSON object" },
	{ 200, "[]", SERVICE_AGAIN, 0, "the reply is no JSON object" },
	/* what is newer is there already */
	{ 400, ERROR("ConditionalCheckFailedException", "no"), SERVICE_JUDGED, D, "" },
	{ 400, ERROR("ValidationException", "bad"), SERVICE_JUDGED, R, "ValidationException: bad" },
	{ 413, "", SERVICE_JUDGED, R, "status 413" },
	{ 400, ERROR("ProvisionedThroughputExceededException", "more"), SERVICE_SLOWER, 0,
	    "ProvisionedThroughputExceededException: more" },
	{ 400, ERROR("TransactionConflictException", "busy"), SERVICE_AGAIN, 0,
	    "TransactionConflictException: busy" },
	{ 400, ERROR("ReplicatedWriteConflictException", "busy"), SERVICE_AGAIN, 0,
	    "ReplicatedWriteConflictException: busy" },
	{ 400, ERROR("ResourceNotFoundException", "no table"), SERVICE_STOP, 0,
	    "ResourceNotFoundException: no table" },
};

static void
test_verdicts_of_one_item(void **state)
{
	struct kit k;
	struct service_verdict verdict;

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, "o");
	stage(&k, "{\"id\":\"a\"}", NULL);
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++) {
		enum service_outcome outcome;

		memset(&verdict, 0xff, sizeof(verdict));
		outcome = judge(&k, singles[i].status, singles[i].body, &verdict);
		if (outcome != singles[i].outcome)
			fail_msg("%s: outcome %d", singles[i].body, (int)outcome);
		if (outcome == SERVICE_JUDGED) {
			assert_int_equal(verdict.fate, singles[i].fate);
			assert_string_equal(verdict.reason, singles[i].reason);
		} else {
			assert_string_equal(k.err.text, singles[i].reason);
		}
	}
	/* of them one failed by its condition */
	assert_int_equal(dynamo_service_superseded(k.service), 1);
	close_kit(&k);
}

/* A batch of which one item is left is at fault by itself. */
static void
test_a_batch_of_one_is_refused(void **state)
{
	struct kit k;
	struct service_verdict verdict;

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	stage(&k, "{\"id\":\"a\"}", NULL);
	assert_int_equal(
	    judge(&k, 400, ERROR("ValidationException", "bad"), &verdict), SERVICE_JUDGED);
	assert_int_equal(verdict.fate, SERVICE_REFUSED);
	assert_string_equal(verdict.reason, "ValidationException: bad");
	close_kit(&k);
}

/* ---- rejected before they are sent ---- */

static void
test_stage_rejects(void **state)
{
	static const char *const values[] = { "{}", "{\"id\":\"\"}", "broken", "[]", NULL };
	struct kit k;

	(void)state;
	open_kit(&k, &id_schema, DYNAMO_PUT, NULL);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct record record = { .topic = slice_of("t"),
			.value = slice_of(values[i]),
			.has_value = values[i] != NULL };
		struct service_staged staged;

		err_clear(&k.err);
		assert_int_equal(
		    k.service->ops->stage(k.service, &record, &staged, &k.err), SERVICE_REJECTED);
		assert_int_equal(k.err.class, ERR_DATA);
		assert_true(slice_starts(slice_of(k.err.text), "t[0]@0: "));
	}
	close_kit(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_the_last_of_a_key_wins),
		cmocka_unit_test(test_keys_that_look_alike),
		cmocka_unit_test(test_a_batch_has_25_items),
		cmocka_unit_test(test_calls_for_one_item),
		cmocka_unit_test(test_an_update_of_too_many_fields),
		cmocka_unit_test(test_verdicts_of_batches),
		cmocka_unit_test(test_odd_keys_that_were_not_processed),
		cmocka_unit_test(test_checksums_of_replies),
		cmocka_unit_test(test_verdicts_of_one_item),
		cmocka_unit_test(test_a_batch_of_one_is_refused),
		cmocka_unit_test(test_stage_rejects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
