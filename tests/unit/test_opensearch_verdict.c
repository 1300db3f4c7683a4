/* SPDX-License-Identifier: MIT */
/* kafka-to-opensearch: from replies to the fate of each record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/utf8.h"
#include "tests/unit/opensearch_kit.h"

#define DOC "{\"id\":\"a\\u0062\",\"n\":7,\"at\":\"2020-05-06T00:00:01Z\",\"list\":[1],\"no\":null}"

static const char *
no_header(const void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static enum service_outcome
judge(struct service *service, const struct batch *b, int status, const char *body,
    struct service_verdict *verdicts, struct err *err)
{
	struct service_reply reply = {
		.status = status, .body = slice_of(body), .header = no_header
	};

	err_clear(err);
	return service->ops->verdicts(service, b->pointers, b->count, &reply, verdicts, err);
}

#define CONFLICT ",\"error\":{\"type\":\"version_conflict_engine_exception\",\"reason\":\"there\"}"
#define FAILED(type) ",\"error\":{\"type\":\"" type "\",\"reason\":\"why\"}"

/* One item: its operation, whether it has a version, what came. */
static const struct item_case {
	struct opensearch_options options;
	const char *item; /* inside of {"op":{ }} */
	enum service_fate fate;
	const char *reason;
} item_cases[] = {
#define INDEX { .index = "t", .id = "{id}" }
#define VERSIONED { .index = "t", .id = "{id}", .is_offset_known = true }
#define CREATE { .index = "t", .id = "{id}", .op = BULK_CREATE }
#define UPDATE { .index = "t", .id = "{id}", .op = BULK_UPDATE }
#define DELETE { .index = "t", .id = "{id}", .op = BULK_DELETE }
#define BY_FIELD { .index = "t-{id}", .id = "{id}" }
#define DELETE_BY_FIELD { .index = "t-{id}", .id = "{id}", .op = BULK_DELETE }
	{ INDEX, "\"status\":200", SERVICE_DONE, "" },
	{ INDEX, "\"_index\":\"t\",\"_id\":\"\\u0061\",\"result\":\"created\",\"status\":201",
	    SERVICE_DONE, "" },
	{ INDEX, "\"status\":400" FAILED("mapper_parsing_exception"), SERVICE_REFUSED,
	    "mapper_parsing_exception: why" },
	{ INDEX,
	    "\"status\":400,\"error\":{\"type\":\"a\",\"reason\":\"b\\n\\u00e9\",\"caused_by\":{"
	    "\"type\":\"c\",\"reason\":\"d\"}}",
	    SERVICE_REFUSED, "a: b?\xc3\xa9; c: d" },
	{ INDEX,
	    "\"status\":400,\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":\"mapper [f] "
	    "cannot be changed from type [long] to [float]\"}",
	    SERVICE_RETRY,
	    "illegal_argument_exception: mapper [f] cannot be changed from type [long] to [float]" },
	{ INDEX, "\"status\":400" FAILED("illegal_argument_exception"), SERVICE_REFUSED,
	    "illegal_argument_exception: why" },
	{ INDEX, "\"status\":400", SERVICE_REFUSED, "status 400" },
	{ INDEX, "\"status\":400,\"error\":\"words\"", SERVICE_REFUSED, "words" },
	{ BY_FIELD, "\"status\":404" FAILED("index_not_found_exception"), SERVICE_REFUSED,
	    "index_not_found_exception: why" },
	{ INDEX, "\"status\":409" CONFLICT, SERVICE_RETRY,
	    "version_conflict_engine_exception: there" },
	{ VERSIONED, "\"status\":409" CONFLICT, SERVICE_DONE, "" },
	{ VERSIONED, "\"status\":409" FAILED("other_exception"), SERVICE_RETRY,
	    "other_exception: why" },
	{ CREATE, "\"status\":409" CONFLICT, SERVICE_DONE, "" },
	{ CREATE, "\"status\":409" FAILED("other_exception"), SERVICE_RETRY,
	    "other_exception: why" },
	{ UPDATE, "\"status\":409" CONFLICT, SERVICE_RETRY,
	    "version_conflict_engine_exception: there" },
	{ UPDATE, "\"status\":404" FAILED("document_missing_exception"), SERVICE_REFUSED,
	    "document_missing_exception: why" },
	{ DELETE, "\"result\":\"deleted\",\"status\":200", SERVICE_DONE, "" },
	{ DELETE, "\"result\":\"not_found\",\"status\":404", SERVICE_DONE, "" },
	{ DELETE_BY_FIELD, "\"result\":\"not_found\",\"status\":404", SERVICE_DONE, "" },
	{ DELETE_BY_FIELD, "\"status\":404" FAILED("index_not_found_exception"), SERVICE_REFUSED,
	    "index_not_found_exception: why" },
	{ BY_FIELD, "\"status\":400" FAILED("invalid_index_name_exception"), SERVICE_REFUSED,
	    "invalid_index_name_exception: why" },
	{ INDEX, "\"status\":400" FAILED("validation_exception"), SERVICE_REFUSED,
	    "validation_exception: why" },
	{ INDEX, "\"status\":413" FAILED("too_large"), SERVICE_REFUSED, "too_large: why" },
	{ INDEX, "\"status\":429" FAILED("rejected_execution_exception"), SERVICE_THROTTLED,
	    "rejected_execution_exception: why" },
	{ INDEX, "\"status\":500" FAILED("x"), SERVICE_RETRY, "x: why" },
	{ INDEX, "\"status\":502" FAILED("x"), SERVICE_THROTTLED, "x: why" },
	{ INDEX, "\"status\":503" FAILED("unavailable_shards_exception"), SERVICE_THROTTLED,
	    "unavailable_shards_exception: why" },
	{ INDEX, "\"status\":504" FAILED("x"), SERVICE_THROTTLED, "x: why" },
	{ INDEX, "\"status\":302" FAILED("x"), SERVICE_RETRY, "x: why" },
};

static void
test_items(void **state)
{
	struct service_verdict verdicts[2];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(item_cases) / sizeof(*item_cases); i++) {
		const struct item_case *c = &item_cases[i];
		struct service *service = service_of(&c->options);
		struct batch b = { .count = 0 };
		char body[1024];
		enum service_outcome outcome;

		stage_into(service, &b, record_of(DOC));
		stage_into(service, &b, record_of("{\"id\":\"other\"}"));
		/* the other one is told apart from it */
		(void)snprintf(body, sizeof(body),
		    "{\"took\":1,\"errors\":true,\"items\":[{\"%s\":{%s}},{\"%s\":{\"status\":200}}]}",
		    bulk_op_names[c->options.op], c->item, bulk_op_names[c->options.op]);
		outcome = judge(service, &b, 200, body, verdicts, &err);
		if (outcome != SERVICE_JUDGED || verdicts[0].fate != c->fate)
			fail_msg("%s: outcome %d, fate %d: %s", c->item, (int)outcome,
			    (int)verdicts[0].fate, err.text);
		assert_string_equal(verdicts[0].reason, c->reason);
		assert_int_equal(verdicts[1].fate, SERVICE_DONE);
		assert_string_equal(verdicts[1].reason, "");
		batch_release(&b);
		service_free(service);
	}
}

/* What no record is to blame for ends the run, a place for dead letters or not. */
static void
test_setup(void **state)
{
	static const struct {
		struct opensearch_options options;
		const char *error; /* its type and reason */
		const char *words;
	} cases[] = {
		{ INDEX,
		    "\"illegal_argument_exception\",\"reason\":\"pipeline with id [p] does not exist\"",
		    "status 400: illegal_argument_exception: pipeline with id [p] does not exist" },
		{ BY_FIELD,
		    "\"validation_exception\",\"reason\":\"Validation Failed: 1: this action would "
		    "add [2] total shards, but this cluster currently has [999]/[1000] maximum shards "
		    "open;\"",
		    "status 400: validation_exception: Validation Failed: 1: this action would add [2] "
		    "total shards, but this cluster currently has [999]/[1000] maximum shards open;" },
		{ INDEX, "\"invalid_index_name_exception\",\"reason\":\"must be lowercase\"",
		    "status 400: invalid_index_name_exception: must be lowercase" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct service *service = service_of(&cases[i].options);
		struct batch b = { .count = 0 };
		struct service_verdict verdict;
		struct err err;
		char body[1024];

		stage_into(service, &b, record_of(DOC));
		(void)snprintf(body, sizeof(body),
		    "{\"errors\":true,\"items\":[{\"index\":{\"status\":400,\"error\":{\"type\":%s}}}]}",
		    cases[i].error);
		assert_int_equal(judge(service, &b, 200, body, &verdict, &err), SERVICE_STOP);
		assert_int_equal(err.class, ERR_CANT_CREATE);
		assert_string_equal(err.text, cases[i].words);
		batch_release(&b);
		service_free(service);
	}
}

/* An index that is not there and is not made: of a tombstone, the run's end, or this record's. */
static void
test_missing_index(void **state)
{
	static const struct {
		struct opensearch_options options;
		enum service_outcome document, tombstone;
		enum service_fate fate; /* of what is judged */
	} cases[] = {
		{ { .index = "t", .id = "{@key}" }, SERVICE_STOP, SERVICE_JUDGED, SERVICE_DONE },
		{ { .index = "t", .id = "{@key}", .is_offset_known = true }, SERVICE_STOP,
		    SERVICE_STOP, SERVICE_DONE },
		{ { .index = "t", .id = "{@key}", .op = BULK_DELETE }, SERVICE_STOP, SERVICE_STOP,
		    SERVICE_DONE },
		{ { .index = "t", .id = "{@key}", .op = BULK_UPDATE }, SERVICE_STOP, SERVICE_JUDGED,
		    SERVICE_DONE },
		{ { .index = "t-{@key}", .id = "{@key}", .is_offset_known = true }, SERVICE_JUDGED,
		    SERVICE_JUDGED, SERVICE_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int is_tombstone = 0; is_tombstone < 2; is_tombstone++) {
			struct service *service = service_of(&cases[i].options);
			enum bulk_op op = is_tombstone ? BULK_DELETE : cases[i].options.op;
			struct batch b = { .count = 0 };
			struct service_verdict verdict;
			struct err err;
			enum service_outcome outcome;
			char body[256];

			stage_into(service, &b, record_of(is_tombstone ? NULL : DOC));
			(void)snprintf(body, sizeof(body),
			    "{\"errors\":true,\"items\":[{\"%s\":{\"status\":404" FAILED(
				"index_not_found_exception") "}}]}",
			    bulk_op_names[op]);
			outcome = judge(service, &b, 200, body, &verdict, &err);
			assert_int_equal(
			    outcome, is_tombstone ? cases[i].tombstone : cases[i].document);
			if (outcome == SERVICE_STOP) {
				assert_int_equal(err.class, ERR_CANT_CREATE);
				assert_string_equal(
				    err.text, "status 404: index_not_found_exception: why");
			} else {
				assert_int_equal(verdict.fate, cases[i].fate);
			}
			batch_release(&b);
			service_free(service);
		}
	}
}

/* The beginning of a reply that is too long: halves, and of one record alone the end of it. */
static void
test_reply_that_is_cut(void **state)
{
	static const struct {
		const char *body;
		enum service_outcome outcome;
		enum err_class class;
		const char *words;
	} cases[] = {
		{ "{\"errors\":true,\"items\":[{\"ind", SERVICE_SPLIT, ERR_DATA,
		    "longer than 29 bytes" },
		{ " {\"took\":7, \"errors\":true,\"items\":[", SERVICE_SPLIT, ERR_DATA, "longer" },
		{ "<html>welcome \"errors\":", SERVICE_AGAIN, ERR_UNAVAILABLE, "not the reply" },
		{ "{\"message\":\"", SERVICE_AGAIN, ERR_UNAVAILABLE, "not the reply" },
	};
	struct opensearch_options o = INDEX;
	struct service *service = service_of(&o);
	struct service_verdict verdicts[2];
	struct batch b = { .count = 0 };
	struct err err = ERR_INIT;

	(void)state;
	stage_into(service, &b, record_of(DOC));
	stage_into(service, &b, record_of(DOC));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct service_reply reply = { .status = 200, .body = slice_of(cases[i].body),
			.is_cut = true, .header = no_header };

		for (size_t count = 1; count <= 2; count++) {
			err_clear(&err);
			assert_int_equal(service->ops->verdicts(service, b.pointers, count, &reply,
					     verdicts, &err),
			    cases[i].outcome);
			assert_int_equal(err.class, cases[i].class);
			assert_non_null(strstr(err.text, cases[i].words));
		}
	}
	batch_release(&b);
	service_free(service);
}

/* What should have been taken, and is not for so long, is refused; throttling never is. */
static void
test_attempts(void **state)
{
	static const struct {
		int status;
		enum service_fate fate;
	} cases[] = { { 500, SERVICE_REFUSED }, { 409, SERVICE_REFUSED }, { 429, SERVICE_THROTTLED },
		{ 503, SERVICE_THROTTLED } };
	struct opensearch_options o = INDEX;
	struct service *service = service_of(&o);
	struct service_verdict verdict;
	struct batch b = { .count = 0 };
	struct err err;

	(void)state;
	stage_into(service, &b, record_of(DOC));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char body[256];

		(void)snprintf(body, sizeof(body),
		    "{\"errors\":true,\"items\":[{\"index\":{\"status\":%d" FAILED("x") "}}]}",
		    cases[i].status);
		b.items[0].retries = 1000;
		assert_int_equal(judge(service, &b, 200, body, &verdict, &err), SERVICE_JUDGED);
		assert_int_equal(verdict.fate, cases[i].fate);
		b.items[0].retries = 0;
		assert_int_equal(judge(service, &b, 200, body, &verdict, &err), SERVICE_JUDGED);
		assert_int_not_equal(verdict.fate, SERVICE_REFUSED);
	}
	batch_release(&b);
	service_free(service);
}

/* Replies as a whole, to two records. */
static const struct whole_case {
	int status;
	const char *body;
	enum service_outcome outcome;
	enum err_class class;
	const char *words;
} whole_cases[] = {
#define TWO "{\"index\":{\"status\":201}},{\"index\":{\"status\":201}}"
	{ 200, "{\"took\":3,\"errors\":false,\"items\":[" TWO "]}", SERVICE_JUDGED, ERR_NONE, "" },
	{ 200, "{\"errors\":false,\"items\":[ " TWO " ]}\n", SERVICE_JUDGED, ERR_NONE, "" },
	{ 200, "{\"errors\":true,\"items\":[" TWO "]}", SERVICE_JUDGED, ERR_NONE, "" },
	/* half of a reply, somebody else's, none at all */
	{ 200, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "no JSON" },
	{ 200, "{\"errors\":false,\"items\":[{\"index\":{\"status\":201}}", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, "no JSON" },
	{ 200, "{\"errors\":false,\"items\":[{\"index\":{\"status\":201}}]}", SERVICE_AGAIN,
	    ERR_UNAVAILABLE, "1 items for 2 records" },
	{ 200, "{\"errors\":false,\"items\":[" TWO "," TWO "]}", SERVICE_AGAIN, ERR_UNAVAILABLE,
	    "4 items for 2 records" },
	{ 200, "{\"errors\":false,\"items\":[]}", SERVICE_AGAIN, ERR_UNAVAILABLE, "0 items" },
	{ 200, "{\"errors\":false,\"items\":[1,2]}", SERVICE_AGAIN, ERR_UNAVAILABLE, "not the reply" },
	{ 200, "{\"errors\":false,\"items\":{}}", SERVICE_AGAIN, ERR_UNAVAILABLE, "not the reply" },
	{ 200, "{\"errors\":\"no\",\"items\":[" TWO "]}", SERVICE_AGAIN, ERR_UNAVAILABLE,
	    "not the reply" },
	{ 200, "{\"items\":[" TWO "]}", SERVICE_AGAIN, ERR_UNAVAILABLE, "not the reply" },
	{ 200, "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"index\":{\"status\":201}}]}",
	    SERVICE_AGAIN, ERR_UNAVAILABLE, "another request" },
	{ 200, "{\"errors\":true,\"items\":[{\"index\":{}},{\"index\":{\"status\":201}}]}",
	    SERVICE_AGAIN, ERR_UNAVAILABLE, "another request" },
	{ 200, "{\"errors\":true,\"items\":[{\"index\":{\"status\":99}},{\"index\":{\"status\":201}}]}",
	    SERVICE_AGAIN, ERR_UNAVAILABLE, "another request" },
	{ 200, "<html>welcome</html>", SERVICE_AGAIN, ERR_UNAVAILABLE, "no JSON" },
	{ 202, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 202" },
	/* never a reason to skip a record */
	{ 200, "{\"errors\":true,\"items\":[{\"index\":{\"status\":201}},{\"index\":{\"status\":403"
	       ",\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"}}}]}",
	    SERVICE_STOP, ERR_DENIED, "status 403: security_exception: no" },
	{ 200, "{\"errors\":true,\"items\":[{\"index\":{\"status\":401}},{\"index\":{\"status\":201}}]}",
	    SERVICE_STOP, ERR_DENIED, "status 401" },
	{ 302, "", SERVICE_STOP, ERR_UNAVAILABLE, "status 302" },
	{ 400, "{\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":\"line 3\"},\"status\":400}",
	    SERVICE_SPLIT, ERR_DATA, "status 400: illegal_argument_exception: line 3" },
	{ 401, "", SERVICE_STOP, ERR_DENIED, "status 401" },
	{ 403, "{\"Message\":\"User: x is not authorized\"}", SERVICE_STOP, ERR_DENIED,
	    "status 403: User: x is not authorized" },
	{ 403, "{\"message\":\"expired\"}", SERVICE_STOP, ERR_DENIED, "status 403: expired" },
	{ 404, "{\"error\":\"no handler\"}", SERVICE_STOP, ERR_CANT_CREATE, "status 404: no handler" },
	{ 405, "", SERVICE_STOP, ERR_UNAVAILABLE, "status 405" },
	{ 406, "", SERVICE_STOP, ERR_UNAVAILABLE, "status 406" },
	{ 407, "", SERVICE_STOP, ERR_DENIED, "status 407" },
	{ 408, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 408" },
	{ 413, "", SERVICE_SPLIT, ERR_DATA, "status 413" },
	{ 429, "slow\tdown\n", SERVICE_SLOWER, ERR_UNAVAILABLE, "status 429: slow?down" },
	{ 500, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 500" },
	{ 502, "<html>", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 502: <html>" },
	{ 503, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 503" },
	{ 504, "", SERVICE_AGAIN, ERR_UNAVAILABLE, "status 504" },
};

static void
test_wholes(void **state)
{
	struct opensearch_options o = INDEX;
	struct service *service = service_of(&o);
	struct service_verdict verdicts[2];
	struct batch b = { .count = 0 };
	struct err err;

	(void)state;
	stage_into(service, &b, record_of(DOC));
	stage_into(service, &b, record_of(DOC));
	for (size_t i = 0; i < sizeof(whole_cases) / sizeof(*whole_cases); i++) {
		const struct whole_case *c = &whole_cases[i];
		enum service_outcome outcome;

		memset(verdicts, 0xff, sizeof(verdicts));
		outcome = judge(service, &b, c->status, c->body, verdicts, &err);
		if (outcome != c->outcome || err.class != c->class)
			fail_msg("%d %s: outcome %d, class %d: %s", c->status, c->body, (int)outcome,
			    (int)err.class, err.text);
		if (!strstr(err.text, c->words))
			fail_msg("%d %s: %s", c->status, c->body, err.text);
		for (size_t n = 0; outcome == SERVICE_JUDGED && n < 2; n++) {
			assert_int_equal(verdicts[n].fate, SERVICE_DONE);
			assert_string_equal(verdicts[n].reason, "");
		}
	}
	batch_release(&b);
	service_free(service);
}

/* Each cut of a good reply is none. */
static void
test_every_cut_of_a_reply(void **state)
{
	static const char whole[] =
	    "{\"took\":30,\"errors\":true,\"items\":[{\"index\":{\"_id\":\"a]}\",\"status\":201}},"
	    "{\"index\":{\"status\":400,\"error\":{\"type\":\"t\",\"reason\":\"\\\"}]}\"}}}]}";
	struct opensearch_options o = INDEX;
	struct service *service = service_of(&o);
	struct service_verdict verdicts[2];
	struct batch b = { .count = 0 };
	struct err err;
	char part[sizeof(whole)];

	(void)state;
	stage_into(service, &b, record_of(DOC));
	stage_into(service, &b, record_of(DOC));
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		memcpy(part, whole, len);
		part[len] = '\0';
		assert_int_equal(judge(service, &b, 200, part, verdicts, &err), SERVICE_AGAIN);
		assert_int_equal(err.class, ERR_UNAVAILABLE);
	}
	assert_int_equal(judge(service, &b, 200, whole, verdicts, &err), SERVICE_JUDGED);
	assert_int_equal(verdicts[0].fate, SERVICE_DONE);
	assert_int_equal(verdicts[1].fate, SERVICE_REFUSED);
	assert_string_equal(verdicts[1].reason, "t: \"}]}");
	batch_release(&b);
	service_free(service);
}

/* Long words are cut between characters. */
static void
test_long_reason(void **state)
{
	struct opensearch_options o = INDEX;
	struct service *service = service_of(&o);
	struct service_verdict verdict;
	struct batch b = { .count = 0 };
	struct err err;
	char body[2048];
	size_t len = 0;

	(void)state;
	stage_into(service, &b, record_of(DOC));
	len += (size_t)snprintf(body, sizeof(body),
	    "{\"errors\":true,\"items\":[{\"index\":{\"status\":400,\"error\":{\"type\":\"t\","
	    "\"reason\":\"");
	for (int i = 0; i < 300; i++) {
		memcpy(body + len, "\xe2\x82\xac", 3); /* the euro sign */
		len += 3;
	}
	(void)snprintf(body + len, sizeof(body) - len, "\"}}}]}");
	assert_int_equal(judge(service, &b, 200, body, &verdict, &err), SERVICE_JUDGED);
	assert_true(utf8_is_valid(slice_of(verdict.reason)));
	assert_in_range(strlen(verdict.reason), SERVICE_REASON_BYTES - 5, SERVICE_REASON_BYTES - 1);
	batch_release(&b);
	service_free(service);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_missing_index),
		cmocka_unit_test(test_reply_that_is_cut),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_every_cut_of_a_reply),
		cmocka_unit_test(test_long_reason),
	};

	return cmocka_run_group_tests_name("opensearch_verdict", tests, NULL, NULL);
}
