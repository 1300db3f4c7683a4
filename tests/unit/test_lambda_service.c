/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

#include "kafka-to-lambda/carrier_command.h"
#include "kafka-to-lambda/result.h"
#include "kafka-to-lambda/service.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))
#define TEXT(text) { text, sizeof(text) - 1 }

enum { ITEMS_MAX = 8, NOW_MS = 1000 * 1000 };

static int64_t
fake_wall_ms(void)
{
	return NOW_MS;
}

static struct service *
make(struct lambda_options options)
{
	struct err err = ERR_INIT;
	struct service *service;

	options.function = options.function ? options.function : "fn";
	options.wall_ms = fake_wall_ms;
	service = lambda_service_new(&options, &err);
	assert_non_null(service);
	return service;
}

static const struct lambda_options usual = { .retries_max = -1, .age_ms_max = -1 };

/* ---- stage ---- */

static void
test_lanes(void **state)
{
	static const struct {
		enum lambda_order order;
		struct record a, b;
		bool is_same;
	} cases[] = {
		{ LAMBDA_BY_PARTITION, { .partition = 3 }, { .partition = 3, .offset = 9 }, true },
		{ LAMBDA_BY_PARTITION, { .partition = 3 }, { .partition = 4 }, false },
		{ LAMBDA_BY_PARTITION, { .topic = TEXT("a") }, { .topic = TEXT("b") }, false },
		{ LAMBDA_BY_KEY, { .key = TEXT("k"), .has_key = true, .partition = 1 },
		    { .key = TEXT("k"), .has_key = true, .partition = 2 }, true },
		{ LAMBDA_BY_KEY, { .key = TEXT("k"), .has_key = true },
		    { .key = TEXT("l"), .has_key = true }, false },
		{ LAMBDA_BY_KEY, { .partition = 1 }, { .partition = 1 }, true },
		{ LAMBDA_UNORDERED, { .position = { .sequence = 1 } },
		    { .position = { .sequence = 2 } }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lambda_options options = usual;
		struct service_staged a, b;
		struct err err = ERR_INIT;
		struct service *service;

		options.order = cases[i].order;
		service = make(options);
		assert_int_equal(service->ops->stage(service, &cases[i].a, &a, &err), SERVICE_SEND);
		assert_int_equal(service->ops->stage(service, &cases[i].b, &b, &err), SERVICE_SEND);
		if ((a.lane == b.lane) != cases[i].is_same)
			fail_msg("case %zu", i);
		service_free(service);
	}
}

/* Consecutive partitions go to lanes in turn, whatever the topic is called. */
static void
test_lanes_in_turn(void **state)
{
	struct service *service = make(usual);
	struct service_staged staged;
	struct err err = ERR_INIT;
	unsigned seen = 0;

	(void)state;
	for (int32_t partition = 0; partition < 8; partition++) {
		struct record record = { .topic = TEXT("trips"), .partition = partition };

		assert_int_equal(
		    service->ops->stage(service, &record, &staged, &err), SERVICE_SEND);
		seen |= 1U << staged.lane % 8;
	}
	assert_int_equal(seen, 0xff);
	service_free(service);
}

static void
test_rejected(void **state)
{
	static char large[5 * 1024 * 1024];
	struct lambda_options options = usual;
	struct record record = { .topic = TEXT("t"), .time_ms = NOW_MS - 61, .has_value = true };
	struct service_staged staged;
	struct buf out = BUF_INIT(16 * 1024 * 1024);
	struct err err = ERR_INIT;
	struct service *service;

	(void)state;
	options.age_ms_max = 60;
	service = make(options);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "t[0]@0: older than --max-record-age");
	assert_int_equal(lambda_append_failure(service, &record, &out, &err), 0);
	assert_non_null(strstr(out.data, "\"condition\":\"RecordAgeExceeded\","
					 "\"approximateInvokeCount\":0},\"responseContext\":null"));

	record.time_ms = NOW_MS - 60;
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_SEND);
	record.time_ms = RECORD_NO_TIME;
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_SEND);

	record.value = slice_make(large, sizeof(large));
	buf_clear(&out);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	assert_non_null(strstr(err.text, "the limit is 6291455"));
	assert_int_equal(lambda_append_failure(service, &record, &out, &err), 0);
	assert_non_null(strstr(out.data, "\"condition\":\"MaximumPayloadSizeExceeded\""));

	/* one that the service has not seen */
	record = (struct record){ .topic = TEXT("t"), .position = { .sequence = 7 } };
	buf_clear(&out);
	assert_int_equal(lambda_append_failure(service, &record, &out, &err), 0);
	assert_non_null(strstr(out.data, "\"condition\":\"RecordRejected\""));
	buf_release(&out);
	service_free(service);
}

/* What stage lets through never makes an event of more than the limit. */
static void
test_payload_bound(void **state)
{
	static char large[6 * 1024 * 1024];
	static const bool is_async[] = { false, true };
	static const size_t limits[] = { 6291455, 1000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct lambda_options options = usual;
		struct service_request request = { .path = BUF_INIT(1000),
			.body = BUF_INIT(16 * 1024 * 1024) };
		struct service_item item = { .record = { .topic = TEXT("t"), .has_value = true } };
		const struct service_item *items[] = { &item };
		struct service_staged staged;
		struct err err = ERR_INIT;
		struct service *service;
		size_t low = 0, high = sizeof(large), count;

		options.is_async = is_async[i];
		service = make(options);
		/* the longest value that it takes */
		while (low + 1 < high) {
			size_t middle = (low + high) / 2;

			item.record.value = slice_make(large, middle);
			if (service->ops->stage(service, &item.record, &staged, &err) == SERVICE_SEND)
				low = middle;
			else
				high = middle;
		}
		item.record.value = slice_make(large, low);
		assert_int_equal(
		    service->ops->request(service, items, 1, &request, &count, &err), 0);
		assert_true(request.body.len <= limits[i]);
		assert_true(request.body.len > limits[i] - 1000);
		buf_release(&request.path);
		buf_release(&request.body);
		service_free(service);
	}
}

/* ---- request ---- */

static void
test_requests(void **state)
{
	static const struct {
		const char *function;
		bool is_async;
		unsigned retries[4];
		size_t count, taken;
		const char *path, *type;
	} cases[] = {
		{ "trips", false, { 0, 0, 0 }, 3, 3, "/2015-03-31/functions/trips/invocations",
		    "RequestResponse" },
		{ "arn:aws:lambda:eu-west-1:1:function:f:live", true, { 0 }, 1, 1,
		    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af%3Alive/"
		    "invocations",
		    "Event" },
		/* a batch that failed is not mixed with what came after it */
		{ "f", false, { 2, 2, 0, 0 }, 4, 2, "/2015-03-31/functions/f/invocations",
		    "RequestResponse" },
		{ "f", false, { 1, 2 }, 2, 1, "/2015-03-31/functions/f/invocations",
		    "RequestResponse" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lambda_options options = usual;
		struct service_request request = { .path = BUF_INIT(1000), .body = BUF_INIT(10000) };
		struct service_item items[4] = { { .retries = 0 } };
		const struct service_item *pointers[4];
		struct err err = ERR_INIT;
		struct service *service;
		size_t taken = 0;

		options.function = cases[i].function;
		options.is_async = cases[i].is_async;
		service = make(options);
		for (size_t j = 0; j < 4; j++) {
			items[j].retries = cases[i].retries[j];
			items[j].record.offset = (int64_t)j;
			pointers[j] = &items[j];
		}
		assert_int_equal(service->ops->request(
		    service, pointers, cases[i].count, &request, &taken, &err), 0);
		assert_int_equal(taken, cases[i].taken);
		assert_string_equal(request.method, "POST");
		assert_string_equal(request.path.data, cases[i].path);
		assert_int_equal(request.header_count, 2);
		assert_string_equal(request.headers[0].name, "Content-Type");
		assert_string_equal(request.headers[0].value, "application/json");
		assert_string_equal(request.headers[1].name, "X-Amz-Invocation-Type");
		assert_string_equal(request.headers[1].value, cases[i].type);
		buf_release(&request.path);
		buf_release(&request.body);
		service_free(service);
	}
}

/* ---- verdicts ---- */

struct fake_header {
	const char *name, *value;
};

static const char *
find_header(const void *context, const char *name)
{
	const struct fake_header *header = context;

	return header->name && !strcasecmp(header->name, name) ? header->value : NULL;
}

/* Items 0 to 3: t-0 at 100 and 101, t-1 at 100, and u-v-0 at 5, which is 61 s old. What became of them is a
 * letter each: done, retry, throttled, Refused. */
static const struct verdict_case {
	const char *name;
	int64_t retries_max, age_ms_max;
	bool is_async, is_bisecting;
	unsigned retries; /* of each item */
	size_t count;
	int status;
	struct fake_header header;
	const char *body;
	enum service_outcome outcome;
	enum err_class class;
	const char *fates;
	const char *reason; /* of the first that is not done, or err; NULL: any */
	const char *failure; /* a part of the on-failure record of item 0 */
} verdict_cases[] = {
	{ "null", -1, -1, false, false, 0, 4, 200, { NULL, NULL }, "null", SERVICE_JUDGED, ERR_NONE,
	    "dddd", NULL, NULL },
	{ "nothing", -1, -1, false, false, 0, 4, 200, { NULL, NULL }, "", SERVICE_JUDGED, ERR_NONE,
	    "dddd", NULL, NULL },
	{ "no JSON, as a custom runtime may say", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "ok: 4 records", SERVICE_JUDGED, ERR_NONE, "dddd", NULL, NULL },
	{ "an answer of its own", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"statusCode\":500}", SERVICE_JUDGED, ERR_NONE, "dddd", NULL, NULL },
	{ "no failures", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[]}", SERVICE_JUDGED, ERR_NONE, "dddd", NULL, NULL },
	{ "failures null", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":null}", SERVICE_JUDGED, ERR_NONE, "dddd", NULL, NULL },
	{ "two failures", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"u-v-0\",\"offset\":5}},"
	    "{\"itemIdentifier\":{\"partition\":\"t-0\",\"offset\":101}}]}",
	    SERVICE_JUDGED, ERR_NONE, "drdr", "the function names it in batchItemFailures", NULL },
	{ "one named twice, halving on", -1, -1, false, true, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-1\",\"offset\":100}},"
	    "{\"itemIdentifier\":{\"partition\":\"t-1\",\"offset\":100}}]}",
	    SERVICE_JUDGED, ERR_NONE, "ddrd", NULL, NULL },
	{ "named once too often", 1, -1, false, false, 1, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-0\",\"offset\":100}}]}",
	    SERVICE_JUDGED, ERR_NONE, "Rddd",
	    "tried 2 times: the function names it in batchItemFailures",
	    "\"RetryAttemptsExhausted\",\"approximateInvokeCount\":2},\"responseContext\":{"
	    "\"statusCode\":200}" },
	{ "an offset that was not sent", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-0\",\"offset\":99}}]}",
	    SERVICE_JUDGED, ERR_NONE, "rrrr",
	    "its answer: it names t-0 offset 99, which the event has not", NULL },
	{ "a partition that was not sent", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-2\",\"offset\":100}}]}",
	    SERVICE_JUDGED, ERR_NONE, "rrrr", NULL, NULL },
	{ "a partition written otherwise", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-00\",\"offset\":100}}]}",
	    SERVICE_JUDGED, ERR_NONE, "rrrr", NULL, NULL },
	{ "a partition of SQS", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":\"t-0-100\"}]}", SERVICE_JUDGED, ERR_NONE,
	    "rrrr", NULL, NULL },
	{ "an offset in quotes", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":{\"partition\":\"t-0\",\"offset\":\"100\"}}]"
	    "}",
	    SERVICE_JUDGED, ERR_NONE, "rrrr", NULL, NULL },
	{ "half of an object", -1, -1, false, false, 0, 4, 200, { NULL, NULL }, "{\"batchItem",
	    SERVICE_JUDGED, ERR_NONE, "rrrr", NULL, NULL },
	{ "no answer", 0, -1, false, true, 5, 4, -1, { NULL, NULL }, "fn: refused", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, NULL, "fn: refused", NULL },
	{ "no answer, one too old", 0, 60000, false, true, 1, 4, -1, { NULL, NULL }, "fn: refused",
	    SERVICE_JUDGED, ERR_UNAVAILABLE, "tttR", "fn: refused", NULL },
	{ "not done in time", 1, -1, false, false, 1, 1, 0, { NULL, NULL }, "not done after 9 ms",
	    SERVICE_JUDGED, ERR_NONE, "R", "tried 2 times: not done after 9 ms", NULL },
	{ "somebody else's page", 0, -1, false, false, 0, 4, 200,
	    { "Content-Type", "text/html; charset=utf-8" }, "\n<html>", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, NULL, "fn: status 200, and not from Lambda", NULL },
	{ "a page that a function made", 0, -1, false, false, 0, 4, 200,
	    { "Content-Type", "text/html" }, "\"<html>\"", SERVICE_JUDGED, ERR_NONE, "dddd", NULL,
	    NULL },
	{ "half an answer", -1, -1, false, false, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":[{\"itemIdentifier\":", SERVICE_JUDGED, ERR_NONE, "rrrr", NULL,
	    NULL },
	{ "not understood, halving on", -1, -1, false, true, 0, 4, 200, { NULL, NULL },
	    "{\"batchItemFailures\":1}", SERVICE_SPLIT, ERR_UNAVAILABLE, NULL, NULL, NULL },
	{ "it failed", -1, -1, false, false, 0, 4, 200, { "X-Amz-Function-Error", "Unhandled" },
	    "{\"errorType\":\"KeyError\",\"errorMessage\":\"'key'\",\"stackTrace\":[]}",
	    SERVICE_JUDGED, ERR_NONE, "rrrr", "Unhandled: KeyError: 'key'", NULL },
	{ "it failed without a word", -1, -1, false, false, 0, 4, 200,
	    { "X-Amz-Function-Error", "Handled" }, "", SERVICE_JUDGED, ERR_NONE, "rrrr", "Handled",
	    NULL },
	{ "the last retry", 2, -1, false, false, 1, 4, 200, { "X-Amz-Function-Error", "Unhandled" },
	    "{}", SERVICE_JUDGED, ERR_NONE, "rrrr", NULL, NULL },
	{ "none left", 2, -1, false, false, 2, 4, 200, { "X-Amz-Function-Error", "Unhandled" }, "{}",
	    SERVICE_JUDGED, ERR_NONE, "RRRR", "tried 3 times: Unhandled: {}",
	    "\"RetryAttemptsExhausted\",\"approximateInvokeCount\":3},\"responseContext\":{"
	    "\"statusCode\":200,\"functionError\":\"Unhandled\"}" },
	{ "none at all", 0, -1, false, false, 0, 1, 200, { "X-Amz-Function-Error", "Unhandled" }, "",
	    SERVICE_JUDGED, ERR_NONE, "R", "Unhandled", NULL },
	{ "one too old", -1, 60000, false, false, 0, 4, 200, { "X-Amz-Function-Error", "Unhandled" },
	    "", SERVICE_JUDGED, ERR_NONE, "rrrR", NULL, NULL },
	{ "halved", 0, -1, false, true, 0, 4, 200, { "X-Amz-Function-Error", "Unhandled" }, "boom",
	    SERVICE_SPLIT, ERR_UNAVAILABLE, NULL, "Unhandled: boom", NULL },
	{ "one that cannot be halved", 0, -1, false, true, 0, 1, 200,
	    { "X-Amz-Function-Error", "Unhandled" }, "boom", SERVICE_JUDGED, ERR_NONE, "R",
	    "Unhandled: boom", NULL },
	{ "a command that failed", 0, -1, false, false, 0, 1, 0, { NULL, NULL }, "exit status 3: no",
	    SERVICE_JUDGED, ERR_NONE, "R", "exit status 3: no",
	    "\"responseContext\":{\"statusCode\":200,\"functionError\":\"Unhandled\"}" },
	{ "queued", -1, -1, true, false, 0, 4, 202, { NULL, NULL }, "", SERVICE_JUDGED, ERR_NONE,
	    "dddd", NULL, NULL },
	{ "not queued", -1, -1, true, false, 0, 4, 200, { NULL, NULL }, "", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, NULL, "fn: status 200, and not from Lambda", NULL },
	{ "throttled", 0, -1, false, true, 5, 4, 429,
	    { "x-amzn-ErrorType", "TooManyRequestsException" }, "{\"message\":\"Rate exceeded\"}",
	    SERVICE_SLOWER, ERR_UNAVAILABLE, NULL, "fn: TooManyRequestsException: Rate exceeded",
	    NULL },
	{ "throttled, one too old", 0, 60000, false, true, 5, 4, 429, { NULL, NULL }, "",
	    SERVICE_JUDGED, ERR_UNAVAILABLE, "tttR", NULL, NULL },
	{ "too large", -1, -1, false, false, 0, 4, 413,
	    { "x-amzn-ErrorType", "RequestTooLargeException" }, "{}", SERVICE_SPLIT, ERR_UNAVAILABLE,
	    NULL, NULL, NULL },
	{ "one too large", -1, -1, false, false, 0, 1, 413, { NULL, NULL }, "{}", SERVICE_SPLIT,
	    ERR_UNAVAILABLE, NULL, NULL, "\"MaximumPayloadSizeExceeded\"" },
	{ "being changed", 0, -1, false, false, 0, 4, 409,
	    { "x-amzn-ErrorType", "ResourceConflictException" }, "{}", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, NULL, NULL, NULL },
	{ "a fault of theirs", 0, -1, false, false, 0, 4, 502, { NULL, NULL }, "<html>",
	    SERVICE_AGAIN, ERR_UNAVAILABLE, NULL, NULL, NULL },
	{ "not permitted", 0, -1, false, false, 0, 4, 403,
	    { "x-amzn-ErrorType", "AccessDeniedException" }, "{}", SERVICE_STOP, ERR_DENIED, NULL,
	    NULL, NULL },
	{ "not signed in", 0, -1, false, false, 0, 4, 401, { NULL, NULL }, "", SERVICE_STOP,
	    ERR_DENIED, NULL, NULL, NULL },
	{ "no such function", 0, -1, false, false, 0, 4, 404,
	    { "x-amzn-ErrorType", "ResourceNotFoundException" },
	    "{\"Type\":\"User\",\"Message\":\"Function not found: fn\"}", SERVICE_STOP,
	    ERR_NO_INPUT, NULL, "fn: ResourceNotFoundException: Function not found: fn", NULL },
	{ "a request it does not take", 0, -1, false, false, 0, 4, 400,
	    { "x-amzn-ErrorType", "InvalidParameterValueException" }, "{}", SERVICE_STOP,
	    ERR_UNAVAILABLE, NULL, NULL, NULL },
};

static void
make_batch(const struct verdict_case *c, struct service_item items[4],
    const struct service_item *pointers[4])
{
	static const struct record records[] = {
		{ .topic = TEXT("t"), .offset = 100, .time_ms = NOW_MS,
		    .position = { .sequence = 100 } },
		{ .topic = TEXT("t"), .offset = 101, .time_ms = NOW_MS,
		    .position = { .sequence = 101 } },
		{ .topic = TEXT("t"), .partition = 1, .offset = 100, .time_ms = NOW_MS,
		    .position = { .stream = 1, .sequence = 100 } },
		{ .topic = TEXT("u-v"), .offset = 5, .time_ms = NOW_MS - 61000,
		    .position = { .sequence = 5 } },
	};

	for (size_t i = 0; i < 4; i++) {
		items[i] = (struct service_item){ .record = records[i], .retries = c->retries };
		pointers[i] = &items[i];
	}
}

static void
check_fates(const struct verdict_case *c, const struct service_verdict *verdicts)
{
	static const char letters[] = { [SERVICE_DONE] = 'd', [SERVICE_RETRY] = 'r',
		[SERVICE_THROTTLED] = 't', [SERVICE_REFUSED] = 'R' };
	const char *reason = NULL;

	for (size_t i = 0; i < c->count; i++) {
		if (letters[verdicts[i].fate] != c->fates[i])
			fail_msg("%s: item %zu is %c", c->name, i, letters[verdicts[i].fate]);
		if ((verdicts[i].fate == SERVICE_DONE) != !*verdicts[i].reason)
			fail_msg("%s: item %zu: reason \"%s\"", c->name, i, verdicts[i].reason);
		if (verdicts[i].fate != SERVICE_DONE && !reason)
			reason = verdicts[i].reason;
	}
	if (c->reason && (!reason || strcmp(reason, c->reason) != 0))
		fail_msg("%s: \"%s\"", c->name, reason ? reason : "");
}

static void
check_failure(const struct verdict_case *c, struct service *service, const struct record *record)
{
	struct buf out = BUF_INIT(100000);
	struct err err = ERR_INIT;

	assert_int_equal(lambda_append_failure(service, record, &out, &err), 0);
	if (!strstr(out.data, c->failure))
		fail_msg("%s: %s", c->name, out.data);
	buf_release(&out);
}

static void
test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdict_cases); i++) {
		const struct verdict_case *c = &verdict_cases[i];
		struct lambda_options options = { .retries_max = c->retries_max,
			.age_ms_max = c->age_ms_max,
			.is_async = c->is_async,
			.is_bisecting = c->is_bisecting };
		struct service *service = make(options);
		struct service_reply reply = { .status = c->status, .body = slice_of(c->body),
			.header = find_header, .header_context = &c->header };
		struct service_verdict verdicts[4];
		struct service_item items[4];
		const struct service_item *pointers[4];
		struct err err = ERR_INIT;
		enum service_outcome outcome;

		memset(verdicts, 0x55, sizeof(verdicts));
		make_batch(c, items, pointers);
		outcome = service->ops->verdicts(
		    service, pointers, c->count, &reply, verdicts, &err);
		if (outcome != c->outcome)
			fail_msg("%s: outcome %d: %s", c->name, (int)outcome, err.text);
		if (err.class != c->class)
			fail_msg("%s: class %d: %s", c->name, (int)err.class, err.text);
		if (outcome == SERVICE_JUDGED)
			check_fates(c, verdicts);
		else if (c->reason && strcmp(err.text, c->reason) != 0)
			fail_msg("%s: \"%s\"", c->name, err.text);
		if (c->failure)
			check_failure(c, service, &items[0].record);
		service_free(service);
	}
}

/* Records at the head that have aged are not sent; one behind a younger one begins the next request. */
static void
test_expired(void **state)
{
	struct lambda_options options = usual;
	struct service *service;
	struct service_item items[4] = {
		{ .record = { .topic = TEXT("t"), .time_ms = NOW_MS - 61, .offset = 1,
		      .position = { .sequence = 1 } }, .retries = 2 },
		{ .record = { .topic = TEXT("t"), .time_ms = NOW_MS - 62, .offset = 2,
		      .position = { .sequence = 2 } } },
		{ .record = { .topic = TEXT("t"), .time_ms = NOW_MS - 60 } },
		{ .record = { .topic = TEXT("t"), .time_ms = NOW_MS - 61 } },
	};
	const struct service_item *pointers[4] = { &items[0], &items[1], &items[2], &items[3] };
	struct service_request request = { .path = BUF_INIT(1000), .body = BUF_INIT(10000) };
	struct buf out = BUF_INIT(100000);
	char reason[SERVICE_REASON_BYTES] = "";
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	options.age_ms_max = 60;
	service = make(options);
	assert_int_equal(service->ops->expired(service, pointers, 4, &count, reason, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(reason, "older than --max-record-age");
	assert_int_equal(lambda_append_failure(service, &items[0].record, &out, &err), 0);
	assert_non_null(strstr(out.data, "\"condition\":\"RecordAgeExceeded\","
					 "\"approximateInvokeCount\":2},\"responseContext\":null"));
	buf_clear(&out);
	assert_int_equal(lambda_append_failure(service, &items[1].record, &out, &err), 0);
	assert_non_null(strstr(out.data, "\"approximateInvokeCount\":0}"));
	assert_int_equal(service->ops->expired(service, pointers + 2, 2, &count, reason, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(
	    service->ops->request(service, pointers + 2, 2, &request, &count, &err), 0);
	assert_int_equal(count, 1);
	buf_release(&request.path);
	buf_release(&request.body);
	buf_release(&out);
	service_free(service);
}

/* A batch as large as there may be, all of it named, and all of it refused. */
static void
test_large_batch(void **state)
{
	const struct lambda_options options = { .retries_max = 0, .age_ms_max = -1 };
	struct service *service = make(options);
	struct service_item *items = calloc(LAMBDA_BATCH_COUNT_MAX, sizeof(*items));
	const struct service_item **pointers =
	    calloc(LAMBDA_BATCH_COUNT_MAX, sizeof(struct service_item *));
	struct service_verdict *verdicts = calloc(LAMBDA_BATCH_COUNT_MAX, sizeof(*verdicts));
	struct buf body = BUF_INIT(2 * 1024 * 1024);
	struct service_reply reply = { .status = 200 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(buf_append_text(&body, "{\"batchItemFailures\":[", &err), 0);
	for (int i = 0; i < LAMBDA_BATCH_COUNT_MAX; i++) {
		items[i].record = (struct record){ .topic = TEXT("t"), .offset = i };
		pointers[i] = &items[i];
		assert_int_equal(buf_appendf(&body, &err,
		    "%s{\"itemIdentifier\":{\"partition\":\"t-0\",\"offset\":%d}}", i ? "," : "",
		    LAMBDA_BATCH_COUNT_MAX - 1 - i), 0);
	}
	assert_int_equal(buf_append_text(&body, "]}", &err), 0);
	reply.body = buf_slice(&body);
	assert_int_equal(service->ops->verdicts(service, pointers, LAMBDA_BATCH_COUNT_MAX, &reply,
			     verdicts, &err), SERVICE_JUDGED);
	for (int i = 0; i < LAMBDA_BATCH_COUNT_MAX; i++)
		assert_int_equal(verdicts[i].fate, SERVICE_REFUSED);
	buf_release(&body);
	free(verdicts);
	free(pointers);
	free(items);
	service_free(service);
}

static void
test_words(void **state)
{
	static const struct {
		const char *body, *words;
	} cases[] = {
		{ "", "" },
		{ "{\"errorType\":\"E\",\"errorMessage\":\"m\"}", "E: m" },
		{ "{\"errorType\":\"E\"}", "E" },
		{ "{\"errorMessage\":\"a\\nb\\u0000c\"}", "a b c" },
		{ "{\"errorMessage\":1}", "{\"errorMessage\":1}" },
		{ "\n no such\tcustomer \nand more", "no such customer" },
		{ "[1]", "[1]" },
		{ "\"text\"", "\"text\"" },
	};
	char words[SERVICE_REASON_BYTES], body[2 * SERVICE_REASON_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		result_words(slice_of(cases[i].body), words);
		assert_string_equal(words, cases[i].words);
	}
	memset(body, 'x', sizeof(body));
	result_words(slice_make(body, sizeof(body)), words);
	assert_int_equal(strlen(words), SERVICE_REASON_BYTES - 1);
}

/* ---- commands ---- */

static void
test_commands_at_once(void **state)
{
	static const struct {
		long processors;
		int64_t at_once;
	} cases[] = { { -1, 1 }, { 0, 1 }, { 1, 1 }, { 2, 2 }, { 255, 255 }, { 256, 256 },
		{ 257, 256 }, { 100000, 256 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    carrier_command_at_once(cases[i].processors), cases[i].at_once);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_lanes_in_turn),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_payload_bound),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_large_batch),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_commands_at_once),
	};

	return cmocka_run_group_tests_name("lambda service", tests, NULL, NULL);
}
