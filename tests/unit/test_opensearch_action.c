/* SPDX-License-Identifier: MIT */
/* kafka-to-opensearch: from records to actions, from actions to requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/opensearch_kit.h"

/* ---- stage ---- */

struct stage_case {
	const char *about;
	struct opensearch_options options;
	const char *value; /* NULL: a tombstone */
	const char *want;  /* the request's body, or a part of the error */
	enum service_stage outcome;
};

#define DOC "{\"id\":\"a\\u0062\",\"n\":7,\"at\":\"2020-05-06T00:00:01Z\",\"list\":[1],\"no\":null}"

static const struct stage_case stage_cases[] = {
	{ "default id", { .index = "trips", .is_offset_known = true }, DOC,
	    "{\"index\":{\"_id\":\"trips+3+991\"}}\n" DOC "\n", SERVICE_SEND },
	{ "id of a field, version by default",
	    { .index = "trips", .id = "{id}", .is_offset_known = true }, DOC,
	    "{\"index\":{\"_id\":\"ab\",\"version\":991,\"version_type\":\"external\"}}\n" DOC "\n",
	    SERVICE_SEND },
	{ "id of a field from a pipe: no version", { .index = "trips", .id = "{id}" }, DOC,
	    "{\"index\":{\"_id\":\"ab\"}}\n" DOC "\n", SERVICE_SEND },
	{ "id with the offset in it: no version",
	    { .index = "trips", .id = "{id}-{@offset:05d}", .is_offset_known = true }, DOC,
	    "{\"index\":{\"_id\":\"ab-00991\"}}\n" DOC "\n", SERVICE_SEND },
	{ "version none",
	    { .index = "trips",
		.id = "{id}",
		.is_offset_known = true,
		.version_from = "none" },
	    DOC, "{\"index\":{\"_id\":\"ab\"}}\n" DOC "\n", SERVICE_SEND },
	{ "version of a number",
	    { .index = "trips", .id = "{id}", .version_from = "n", .is_offset_known = true }, DOC,
	    "{\"index\":{\"_id\":\"ab\",\"version\":7,\"version_type\":\"external_gte\"}}\n" DOC
	    "\n",
	    SERVICE_SEND },
	{ "version of a time", { .index = "trips", .id = "{id}", .version_from = ".at" }, DOC,
	    "{\"index\":{\"_id\":\"ab\",\"version\":1588723201000,\"version_type\":\"external_gte\"}}"
	    "\n" DOC "\n",
	    SERVICE_SEND },
	{ "version of words", { .index = "trips", .id = "{n}", .version_from = "id" }, DOC,
	    "trips[3]@991: byte 6: field id: no version", SERVICE_REJECTED },
	{ "version of a list", { .index = "trips", .id = "{n}", .version_from = "list" }, DOC,
	    "field list: no version", SERVICE_REJECTED },
	{ "version that is missing", { .index = "trips", .id = "{n}", .version_from = "gone" }, DOC,
	    "trips[3]@991: field gone: missing", SERVICE_REJECTED },
	{ "version below 0", { .index = "trips", .id = "{n}", .version_from = "n" }, "{\"n\":-1}",
	    "field n: no version: below 0", SERVICE_REJECTED },
	{ "version with a fraction", { .index = "trips", .id = "{n}", .version_from = "n" },
	    "{\"n\":1.5}", "no version", SERVICE_REJECTED },
	{ "index of a field and of the time",
	    { .index = "Trips-{id}-{@year}.{@month}", .id = "{n}" }, DOC,
	    "{\"index\":{\"_index\":\"Trips-ab-2019.01\",\"_id\":\"7\"}}\n" DOC "\n",
	    SERVICE_SEND },
	{ "time of a field",
	    { .index = "t-{@year}", .id = "{n}", .time_field = "at" }, DOC,
	    "{\"index\":{\"_index\":\"t-2020\",\"_id\":\"7\"}}\n" DOC "\n", SERVICE_SEND },
	{ "time that is missing",
	    { .index = "t-{@year}", .id = "{n}", .time_field = "gone" }, DOC,
	    "field gone: missing", SERVICE_REJECTED },
	{ "routing and pipeline",
	    { .index = "trips", .id = "{id}", .routing = "{n}", .pipeline = "p\"q" }, DOC,
	    "{\"index\":{\"_id\":\"ab\",\"routing\":\"7\",\"pipeline\":\"p\\\"q\"}}\n" DOC "\n",
	    SERVICE_SEND },
	{ "ids of the service's", { .index = "trips", .has_service_ids = true }, DOC,
	    "{\"index\":{}}\n" DOC "\n", SERVICE_SEND },
	{ "ids of the service's, with a pipeline",
	    { .index = "trips", .has_service_ids = true, .pipeline = "p" }, DOC,
	    "{\"index\":{\"pipeline\":\"p\"}}\n" DOC "\n", SERVICE_SEND },
	{ "ids of the service's, with an index and a pipeline",
	    { .index = "t-{n}", .has_service_ids = true, .pipeline = "p" }, DOC,
	    "{\"index\":{\"_index\":\"t-7\",\"pipeline\":\"p\"}}\n" DOC "\n", SERVICE_SEND },
	{ "create", { .index = "trips", .id = "{id}", .op = BULK_CREATE, .is_offset_known = true },
	    DOC, "{\"create\":{\"_id\":\"ab\"}}\n" DOC "\n", SERVICE_SEND },
	{ "update", { .index = "trips", .id = "{id}", .op = BULK_UPDATE, .is_offset_known = true },
	    DOC,
	    "{\"update\":{\"_id\":\"ab\",\"retry_on_conflict\":3}}\n{\"doc\":" DOC
	    ",\"doc_as_upsert\":true}\n",
	    SERVICE_SEND },
	{ "delete", { .index = "trips", .id = "{id}", .op = BULK_DELETE, .is_offset_known = true },
	    DOC,
	    "{\"delete\":{\"_id\":\"ab\",\"version\":991,\"version_type\":\"external\"}}\n",
	    SERVICE_SEND },
	{ "delete by key: the value may be anything",
	    { .index = "trips", .id = "{@key}", .op = BULK_DELETE }, "nothing of JSON",
	    "{\"delete\":{\"_id\":\"k\\\"1\"}}\n", SERVICE_SEND },
	{ "a tombstone deletes", { .index = "trips", .id = "{@key}", .is_offset_known = true },
	    NULL,
	    "{\"delete\":{\"_id\":\"k\\\"1\",\"version\":991,\"version_type\":\"external\"}}\n",
	    SERVICE_SEND },
	{ "a tombstone deletes what was updated",
	    { .index = "trips", .id = "{@key}", .op = BULK_UPDATE, .pipeline = "p" }, NULL,
	    "{\"delete\":{\"_id\":\"k\\\"1\"}}\n", SERVICE_SEND },
	{ "a tombstone has no field with a version",
	    { .index = "trips", .id = "{@key}", .version_from = "n" }, NULL,
	    "trips[3]@991: a tombstone has no field with a version", SERVICE_REJECTED },
	{ "a tombstone has no field for an id", { .index = "trips", .id = "{id}" }, NULL,
	    "trips[3]@991: field id: missing", SERVICE_REJECTED },
	{ "a tombstone under ids of offsets", { .index = "trips", .is_offset_known = true }, NULL,
	    "a tombstone deletes nothing", SERVICE_REJECTED },
	{ "a tombstone under ids of the service's", { .index = "trips", .has_service_ids = true },
	    NULL, "a tombstone deletes nothing", SERVICE_REJECTED },
	{ "a tombstone that is left out", { .index = "trips", .skips_tombstones = true }, NULL, "",
	    SERVICE_FILTERED },
	{ "line feeds become blanks", { .index = "trips", .id = "{n}" }, "{\n\"n\":\r\n7\n}",
	    "{\"index\":{\"_id\":\"7\"}}\n{ \"n\":\r 7 }\n", SERVICE_SEND },
	{ "not JSON", { .index = "trips" }, "{\"n\":}", "trips[3]@991: byte 5: ", SERVICE_REJECTED },
	{ "not JSON, where no field is asked for",
	    { .index = "trips", .has_service_ids = true }, "{} {}", "trips[3]@991: byte 3: ",
	    SERVICE_REJECTED },
	{ "not an object", { .index = "trips" }, " [1]", "a document is a JSON object",
	    SERVICE_REJECTED },
	{ "empty", { .index = "trips" }, "", "trips[3]@991: ", SERVICE_REJECTED },
	{ "id that is empty", { .index = "trips", .id = "{e}" }, "{\"e\":\"\"}", "the id is empty",
	    SERVICE_REJECTED },
	{ "id that is null", { .index = "trips", .id = "{no}" }, DOC, "field no: missing",
	    SERVICE_REJECTED },
	{ "id of a list", { .index = "trips", .id = "{list}" }, DOC, "field list: an array",
	    SERVICE_REJECTED },
	{ "index that is empty", { .index = "{e}", .id = "{n}" }, "{\"e\":\"\",\"n\":1}",
	    "the index's name is empty", SERVICE_REJECTED },
};

static void
check_body(struct service *service, struct batch *b, const char *want)
{
	struct service_request request = { .path = BUF_INIT(1024), .body = BUF_INIT(1 << 20) };
	struct err err = ERR_INIT;
	size_t count;

	if (service->ops->request(service, b->pointers, b->count, &request, &count, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count, b->count);
	assert_string_equal(request.body.data, want);
	/* what it said that it adds is no less than what it adds */
	assert_true(b->items[0].bytes >= request.body.len);
	buf_release(&request.path);
	buf_release(&request.body);
}

static void
test_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stage_cases) / sizeof(*stage_cases); i++) {
		const struct stage_case *c = &stage_cases[i];
		struct service *service = service_of(&c->options);
		struct record record = record_of(c->value);
		struct service_staged staged;
		struct batch b = { .count = 0 };
		struct err err = ERR_INIT;
		enum service_stage outcome = service->ops->stage(service, &record, &staged, &err);

		if (outcome != c->outcome)
			fail_msg("%s: outcome %d: %s", c->about, (int)outcome, err.text);
		if (outcome == SERVICE_REJECTED) {
			assert_int_equal(err.class, ERR_DATA);
			if (!strstr(err.text, c->want))
				fail_msg("%s: %s", c->about, err.text);
		} else if (outcome == SERVICE_SEND) {
			batch_add(&b, &record, &staged);
			check_body(service, &b, c->want);
		}
		batch_release(&b);
		service_free(service);
	}
}

static void
test_limits_of_ids(void **state)
{
	struct opensearch_options o = { .index = "trips", .id = "{@key}" };
	struct service *service = service_of(&o);
	struct record record = record_of("{}");
	struct service_staged staged;
	struct err err = ERR_INIT;
	char key[OPENSEARCH_ID_BYTES_MAX + 1];

	(void)state;
	memset(key, 'x', sizeof(key));
	record.key = slice_make(key, OPENSEARCH_ID_BYTES_MAX);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_SEND);
	record.key = slice_make(key, OPENSEARCH_ID_BYTES_MAX + 1);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	assert_non_null(strstr(err.text, "longer than 512 bytes"));
	/* two ids that are not UTF-8 would become one */
	record.key = slice_make("\xff", 1);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	service_free(service);
}

/* An envelope that says nothing of where it was has no offset. */
static void
test_envelope_without_an_offset(void **state)
{
	struct opensearch_options o = { .index = "trips", .id = "{@key}", .is_offset_known = true };
	struct service *service = service_of(&o);
	struct record record = record_of("{}");
	struct service_staged staged;
	struct err err = ERR_INIT;

	(void)state;
	record.has_offset = false;
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	assert_non_null(strstr(err.text, "an envelope without an offset, which makes its version"));
	service_free(service);
	o = (struct opensearch_options){ .index = "trips", .is_offset_known = true };
	service = service_of(&o);
	assert_int_equal(service->ops->stage(service, &record, &staged, &err), SERVICE_REJECTED);
	assert_non_null(strstr(err.text, "an envelope without an offset, which makes its id"));
	service_free(service);
}

/* One id, one lane; ids of offsets fill the lanes in turn. */
static void
test_lanes(void **state)
{
	struct opensearch_options o = { .index = "t-{n}", .id = "{id}" };
	struct opensearch_options plain = { .index = "t" };
	struct service *service = service_of(&o);
	struct record record = record_of("{\"id\":\"a\",\"n\":1}");
	struct service_staged first, second;
	struct err err = ERR_INIT;
	unsigned lanes = 0;

	(void)state;
	assert_int_equal(service->ops->stage(service, &record, &first, &err), SERVICE_SEND);
	record = record_of("{\"n\":2,\"id\":\"a\"}");
	record.offset = 5;
	assert_int_equal(service->ops->stage(service, &record, &second, &err), SERVICE_SEND);
	assert_true(first.lane == second.lane);
	record = record_of("{\"n\":2,\"id\":\"b\"}");
	assert_int_equal(service->ops->stage(service, &record, &second, &err), SERVICE_SEND);
	assert_true(first.lane != second.lane);
	service_free(service);

	service = service_of(&plain);
	for (int i = 0; i < 8; i++) {
		record.offset = i;
		assert_int_equal(service->ops->stage(service, &record, &first, &err), SERVICE_SEND);
		lanes |= 1u << first.lane % 8;
	}
	assert_int_equal(lanes, 0xff);
	service_free(service);
}

/* ---- options ---- */

static void
test_options_that_contradict(void **state)
{
	static const struct {
		struct opensearch_options options;
		const char *want;
	} cases[] = {
		{ { .index = "t-{n" }, "--index" },
		{ { .index = "" }, "--index \"\": no name" },
		{ { .index = "t", .id = "fixed" }, "--id fixed: all documents would be one" },
		{ { .index = "t", .id = "{id}", .has_service_ids = true }, "--auto-id" },
		{ { .index = "t", .op = BULK_DELETE, .has_service_ids = true }, "--op delete" },
		{ { .index = "t", .op = BULK_UPDATE }, "--op update needs --id" },
		{ { .index = "t", .id = "{i}", .version_from = "offset" }, "have no offsets" },
		{ { .index = "t", .id = "{i}", .version_from = "n", .op = BULK_CREATE },
		    "--op create has no versions" },
		{ { .index = "t", .id = "{i}", .version_from = "n", .op = BULK_UPDATE },
		    "--op update has no versions" },
		{ { .index = "t", .has_service_ids = true, .version_from = "n" }, "has no versions" },
		{ { .index = "t", .id = "{i}", .version_from = "a..b" }, "--version-from" },
		{ { .index = "t", .routing = "{a" , .id = "{i}" }, "--routing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;

		if (opensearch_new(&cases[i].options, &err))
			fail_msg("taken: %s", cases[i].want);
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, cases[i].want))
			fail_msg("%s, not %s", err.text, cases[i].want);
	}
}

static void
test_index_patterns(void **state)
{
	static const struct {
		const char *index, *want;
	} cases[] = {
		{ "trips", "trips" },
		{ "trips-{@year}.{@month}", "trips-*.*" },
		{ "{a}{b}-x", "*-x" },
		{ "a{{b}", "a{b}" },
		{ "a{1}", "a{1}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;

		assert_int_equal(opensearch_index_pattern(cases[i].index, &out, &err), 0);
		assert_string_equal(out.data, cases[i].want);
		buf_release(&out);
	}
}

/* ---- request ---- */

static void
check_path(struct opensearch_options o, const char *want)
{
	struct service *service = service_of(&o);
	struct service_request request = { .path = BUF_INIT(1024), .body = BUF_INIT(1 << 20) };
	struct batch b = { .count = 0 };
	struct err err = ERR_INIT;
	size_t count;

	stage_into(service, &b, record_of(DOC));
	assert_int_equal(
	    service->ops->request(service, b.pointers, b.count, &request, &count, &err), 0);
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.path.data, want);
	assert_int_equal(request.header_count, 1);
	assert_string_equal(request.headers[0].name, "Content-Type");
	assert_string_equal(request.headers[0].value, "application/x-ndjson");
	buf_release(&request.path);
	buf_release(&request.body);
	batch_release(&b);
	service_free(service);
}

#define FILTER "filter_path=errors%2Citems.%2A.status%2Citems.%2A.error"

static void
test_paths(void **state)
{
	(void)state;
	check_path((struct opensearch_options){ .index = "trips" }, "/trips/_bulk?" FILTER);
	check_path((struct opensearch_options){ .index = "a b/{{c" }, "/a%20b%2F%7Bc/_bulk?" FILTER);
	check_path((struct opensearch_options){ .index = "trips-{id}" }, "/_bulk?" FILTER);
	check_path((struct opensearch_options){ .index = "trips", .refresh = "wait_for" },
	    "/trips/_bulk?" FILTER "&refresh=wait_for");
}

/* The index's own path, and as many records as their replies have room for. */
static void
test_what_a_request_may_hold(void **state)
{
	static const struct {
		struct opensearch_options options;
		const char *index_path;
		size_t count_max, count_max_full;
	} cases[] = {
		{ { .index = "trips", .id = "{id}" }, "/trips", OPENSEARCH_COUNT_MAX,
		    OPENSEARCH_COUNT_MAX },
		{ { .index = "a b", .id = "{id}", .reply_bytes_max = 3200 }, "/a%20b", 100, 12 },
		{ { .index = "t-{n}", .id = "{id}", .reply_bytes_max = 1 << 30 }, "",
		    OPENSEARCH_COUNT_MAX, OPENSEARCH_COUNT_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct service *service = service_of(&cases[i].options);

		assert_true(slice_is(opensearch_index_path(service), cases[i].index_path));
		assert_int_equal(service->count_max, cases[i].count_max);
		opensearch_expect_full_replies(service);
		assert_int_equal(service->count_max, cases[i].count_max_full);
		service_free(service);
	}
}

/* How many of the ids are in the first request. */
static size_t
count_in_request(struct opensearch_options o, const char *ids)
{
	struct service *service = service_of(&o);
	struct service_request request = { .path = BUF_INIT(1024), .body = BUF_INIT(1 << 20) };
	struct batch b = { .count = 0 };
	struct err err = ERR_INIT;
	char values[ITEMS_MAX][64];
	size_t count;

	for (size_t i = 0; ids[i]; i++) {
		struct record record;

		(void)snprintf(values[i], sizeof(values[i]), "{\"id\":\"%c\",\"n\":%zu}", ids[i], i);
		record = record_of(values[i]);
		record.offset = (int64_t)i;
		stage_into(service, &b, record);
	}
	assert_int_equal(
	    service->ops->request(service, b.pointers, b.count, &request, &count, &err), 0);
	buf_release(&request.path);
	buf_release(&request.body);
	batch_release(&b);
	service_free(service);
	return count;
}

static void
test_one_of_an_id_in_a_request(void **state)
{
	struct opensearch_options o = { .index = "t", .id = "{id}" };

	(void)state;
	/* the first might come back, and land on top of the second */
	assert_int_equal(count_in_request(o, "abcad"), 3);
	assert_int_equal(count_in_request(o, "aa"), 1);
	assert_int_equal(count_in_request(o, "abcd"), 4);
	o.version_from = "n";
	assert_int_equal(count_in_request(o, "abcad"), 3);
	/* offsets tell which is newer */
	o.version_from = NULL;
	o.is_offset_known = true;
	assert_int_equal(count_in_request(o, "abcad"), 5);
	o.op = BULK_CREATE;
	assert_int_equal(count_in_request(o, "abcad"), 3);
}

/* The version of a deletion is forgotten: what comes back must not come back later. */
static void
test_a_deletion_waits_for_what_it_deletes(void **state)
{
	struct opensearch_options o = { .index = "t", .id = "{@key}", .is_offset_known = true };
	static const struct {
		const char *first, *second;
		size_t count;
	} cases[] = { { DOC, NULL, 1 }, { NULL, DOC, 2 }, { DOC, DOC, 2 }, { NULL, NULL, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct service *service = service_of(&o);
		struct service_request request = { .path = BUF_INIT(1024), .body = BUF_INIT(4096) };
		struct batch b = { .count = 0 };
		struct err err = ERR_INIT;
		size_t count;

		stage_into(service, &b, record_of(cases[i].first));
		stage_into(service, &b, record_of(cases[i].second));
		assert_int_equal(
		    service->ops->request(service, b.pointers, b.count, &request, &count, &err), 0);
		assert_int_equal(count, cases[i].count);
		buf_release(&request.path);
		buf_release(&request.body);
		batch_release(&b);
		service_free(service);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stage),
		cmocka_unit_test(test_limits_of_ids),
		cmocka_unit_test(test_envelope_without_an_offset),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_options_that_contradict),
		cmocka_unit_test(test_index_patterns),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_what_a_request_may_hold),
		cmocka_unit_test(test_one_of_an_id_in_a_request),
		cmocka_unit_test(test_a_deletion_waits_for_what_it_deletes),
	};

	return cmocka_run_group_tests_name("opensearch_action", tests, NULL, NULL);
}
