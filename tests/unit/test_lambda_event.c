/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka-to-lambda/event.h"
#include "kafka-to-lambda/failure.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))
#define TEXT(text) { text, sizeof(text) - 1 }

enum { EVENT_BYTES_MAX = 4096, ITEMS_MAX = 8 };

static const struct record_header headers[] = {
	{ .name = TEXT("id"), .value = TEXT("a\x80\xff"), .has_value = true },
	{ .name = TEXT("empty"), .has_value = true },
	{ .name = TEXT("none") },
	{ .name = TEXT("a\"\xff"), .value = TEXT("\0\n"), .has_value = true },
};

static const struct record_case {
	const char *name;
	struct event_form form;
	struct record records[ITEMS_MAX];
	size_t count;
	const char *event;
} event_cases[] = {
	{ "the guide's example", { "arn:aws:kafka:x", "b-1:9092,b-2:9092", false },
	    { { .topic = TEXT("mytopic"), .offset = 15, .time_ms = INT64_C(1545084650987),
		.key = TEXT("abcDEFghi"), .has_key = true, .value = TEXT("Hello, this is a test."),
		.has_value = true } },
	    1,
	    "{\"eventSource\":\"aws:kafka\",\"eventSourceArn\":\"arn:aws:kafka:x\","
	    "\"bootstrapServers\":\"b-1:9092,b-2:9092\",\"records\":{\"mytopic-0\":[{\"topic\":"
	    "\"mytopic\",\"partition\":0,\"offset\":15,\"timestamp\":1545084650987,"
	    "\"timestampType\":\"CREATE_TIME\",\"key\":\"YWJjREVGZ2hp\","
	    "\"value\":\"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==\",\"headers\":[]}]}}" },
	{ "no key, a tombstone, the broker's time, an offset of 64 bits", { NULL, "b:1", false },
	    { { .topic = TEXT("t"), .partition = 2147483647, .offset = INT64_MAX, .time_ms = -1,
		.is_append_time = true } },
	    1,
	    "{\"eventSource\":\"SelfManagedKafka\",\"bootstrapServers\":\"b:1\",\"records\":{"
	    "\"t-2147483647\":[{\"topic\":\"t\",\"partition\":2147483647,\"offset\":"
	    "9223372036854775807,\"timestamp\":-1,\"timestampType\":\"LOG_APPEND_TIME\","
	    "\"headers\":[]}]}}" },
	{ "empty is not absent", { NULL, NULL, false },
	    { { .topic = TEXT("t"), .has_key = true, .has_value = true } }, 1,
	    "{\"eventSource\":\"SelfManagedKafka\",\"records\":{\"t-0\":[{\"topic\":\"t\","
	    "\"partition\":0,\"offset\":0,\"timestamp\":0,\"timestampType\":\"CREATE_TIME\","
	    "\"key\":\"\",\"value\":\"\",\"headers\":[]}]}}" },
	{ "a line of a pipe", { NULL, NULL, false },
	    { { .origin = TEXT("stdin"), .line = 4, .offset = 3, .time_ms = RECORD_NO_TIME,
		.value = TEXT("{}"), .has_value = true } },
	    1,
	    "{\"eventSource\":\"SelfManagedKafka\",\"records\":{\"stdin-0\":[{\"topic\":\"stdin\","
	    "\"partition\":0,\"offset\":3,\"timestamp\":-1,"
	    "\"timestampType\":\"NO_TIMESTAMP_TYPE\",\"value\":\"e30=\",\"headers\":[]}]}}" },
	{ "headers are bytes", { NULL, NULL, false },
	    { { .topic = TEXT("t"), .headers = headers, .header_count = COUNT(headers) } }, 1,
	    "{\"eventSource\":\"SelfManagedKafka\",\"records\":{\"t-0\":[{\"topic\":\"t\","
	    "\"partition\":0,\"offset\":0,\"timestamp\":0,\"timestampType\":\"CREATE_TIME\","
	    "\"headers\":[{\"id\":[97,128,255]},{\"empty\":[]},{\"none\":null},"
	    "{\"a\\\"\xef\xbf\xbd\":[0,10]}]}]}}" },
	{ "signed bytes of headers", { NULL, NULL, true },
	    { { .topic = TEXT("t"), .headers = headers, .header_count = 1 } }, 1,
	    "{\"eventSource\":\"SelfManagedKafka\",\"records\":{\"t-0\":[{\"topic\":\"t\","
	    "\"partition\":0,\"offset\":0,\"timestamp\":0,\"timestampType\":\"CREATE_TIME\","
	    "\"headers\":[{\"id\":[97,-128,-1]}]}]}}" },
};

static void
make_items(const struct record *records, size_t count, struct service_item items[ITEMS_MAX],
    const struct service_item *pointers[ITEMS_MAX])
{
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct service_item){ .record = records[i] };
		pointers[i] = &items[i];
	}
}

static size_t
bound(const struct event_form *form, const struct record *records, size_t count)
{
	size_t bytes = event_frame_bytes(form);

	for (size_t i = 0; i < count; i++)
		bytes += event_record_bytes(&records[i]);
	return bytes;
}

static void
test_events(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(event_cases); i++) {
		const struct record_case *c = &event_cases[i];
		struct buf out = BUF_INIT(EVENT_BYTES_MAX);
		struct service_item items[ITEMS_MAX];
		const struct service_item *pointers[ITEMS_MAX];
		struct err err = ERR_INIT;

		make_items(c->records, c->count, items, pointers);
		assert_int_equal(event_append(&out, &c->form, pointers, c->count, &err), 0);
		if (!slice_is(buf_slice(&out), c->event))
			fail_msg("%s: %s", c->name, out.data);
		if (out.len > bound(&c->form, c->records, c->count))
			fail_msg("%s: longer than it may be", c->name);
		buf_release(&out);
	}
}

/* Partitions and topics mixed: each has one list, in the order of its records. */
static void
test_groups(void **state)
{
	static const struct record records[] = {
		{ .topic = TEXT("a"), .partition = 1, .offset = 1 },
		{ .topic = TEXT("a"), .partition = 0, .offset = 2 },
		{ .topic = TEXT("a"), .partition = 1, .offset = 3 },
		{ .topic = TEXT("b"), .partition = 1, .offset = 4 },
		{ .topic = TEXT("a"), .partition = 0, .offset = 5 },
	};
	static const char *const parts[] = { "{\"a-1\":[{", "\"offset\":1", "\"offset\":3",
		"],\"a-0\":[{", "\"offset\":2", "\"offset\":5", "],\"b-1\":[{", "\"offset\":4",
		"]}}" };
	const struct event_form form = { NULL, NULL, false };
	struct buf out = BUF_INIT(EVENT_BYTES_MAX);
	struct service_item items[ITEMS_MAX];
	const struct service_item *pointers[ITEMS_MAX];
	struct err err = ERR_INIT;
	const char *at;

	(void)state;
	make_items(records, COUNT(records), items, pointers);
	assert_int_equal(event_append(&out, &form, pointers, COUNT(records), &err), 0);
	at = out.data;
	for (size_t i = 0; i < COUNT(parts); i++) {
		at = strstr(at, parts[i]);
		if (!at)
			fail_msg("%s is not in its place: %s", parts[i], out.data);
		at += strlen(parts[i]);
	}
	assert_true(*at == '\0');
	buf_release(&out);
}

/* Where every byte needs the most room, the bound still holds. */
static void
test_bound(void **state)
{
	static char bytes[256];
	struct record_header header = { .has_value = true };
	struct record record = { .partition = INT32_MIN, .offset = INT64_MIN,
		.time_ms = INT64_MIN + 1, .is_append_time = true, .has_key = true,
		.has_value = true, .headers = &header, .header_count = 1 };
	const struct event_form form = { "\x01", "\x02", true };
	struct service_item items[ITEMS_MAX];
	const struct service_item *pointers[ITEMS_MAX];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf out = BUF_INIT(64 * 1024);

		record.topic = record.key = record.value = slice_make(bytes, len);
		header.name = header.value = slice_make(bytes + sizeof(bytes) - len, len);
		make_items(&record, 1, items, pointers);
		assert_int_equal(event_append(&out, &form, pointers, 1, &err), 0);
		assert_true(out.len <= bound(&form, &record, 1));
		buf_release(&out);
	}
}

/* ---- on-failure records ---- */

static const struct record failed = { .topic = TEXT("my-topic"),
	.offset = 100,
	.time_ms = INT64_C(1749116692330),
	.key = TEXT("test-key"),
	.has_key = true,
	.value = TEXT("test-value"),
	.has_value = true };

#define PAYLOAD \
	"{\"eventSource\":\"aws:kafka\",\"eventSourceArn\":\"arn:c\",\"bootstrapServers\":\"b:9098\"," \
	"\"records\":{\"my-topic-0\":[{\"topic\":\"my-topic\",\"partition\":0,\"offset\":100," \
	"\"timestamp\":1749116692330,\"timestampType\":\"CREATE_TIME\",\"key\":\"dGVzdC1rZXk=\"," \
	"\"value\":\"dGVzdC12YWx1ZQ==\",\"headers\":[]}]}}"
#define BATCH \
	"\"version\":\"1.0\",\"timestamp\":\"2019-11-14T18:16:05.568Z\",\"KafkaBatchInfo\":{" \
	"\"batchSize\":1,\"eventSourceArn\":\"arn:c\",\"bootstrapServers\":\"b:9098\"," \
	"\"payloadSize\":272,\"recordInfo\":{\"offset\":\"100\",\"timestamp\":" \
	"\"2025-06-05T09:44:52.330Z\"}},\"payload\":" PAYLOAD "}"

static void
test_failures(void **state)
{
	static const struct failure_answer answer = { 200, "e4b4", "$LATEST", "Unhandled" },
					   partial = { 200, "e4b4", "", "" };
	static const struct {
		struct failure failure;
		const char *text;
	} cases[] = {
		{ { FAILURE_RETRIES, 3, "fn", &answer, INT64_C(1573755365568) },
		    "{\"requestContext\":{\"requestId\":\"e4b4\",\"functionArn\":\"fn\","
		    "\"condition\":\"RetryAttemptsExhausted\",\"approximateInvokeCount\":3},"
		    "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\","
		    "\"functionError\":\"Unhandled\"}," BATCH },
		{ { FAILURE_AGE, 1, "fn", &partial, INT64_C(1573755365568) },
		    "{\"requestContext\":{\"requestId\":\"e4b4\",\"functionArn\":\"fn\","
		    "\"condition\":\"RecordAgeExceeded\",\"approximateInvokeCount\":1},"
		    "\"responseContext\":{\"statusCode\":200}," BATCH },
		{ { FAILURE_SIZE, 0, "fn", NULL, INT64_C(1573755365568) },
		    "{\"requestContext\":{\"requestId\":\"\",\"functionArn\":\"fn\","
		    "\"condition\":\"MaximumPayloadSizeExceeded\",\"approximateInvokeCount\":0},"
		    "\"responseContext\":null," BATCH },
		{ { FAILURE_REJECTED, 0, "fn", NULL, INT64_C(1573755365568) },
		    "{\"requestContext\":{\"requestId\":\"\",\"functionArn\":\"fn\","
		    "\"condition\":\"RecordRejected\",\"approximateInvokeCount\":0},"
		    "\"responseContext\":null," BATCH },
	};
	const struct event_form form = { "arn:c", "b:9098", false };

	(void)state;
	assert_int_equal(strlen(PAYLOAD), 272);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT(EVENT_BYTES_MAX);
		struct err err = ERR_INIT;

		assert_int_equal(failure_append(&out, &cases[i].failure, &form, &failed, &err), 0);
		assert_string_equal(out.data, cases[i].text);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests_name("lambda event", tests, NULL, NULL);
}
