/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/envelope.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))
#define TEXT(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct record_header text_headers[] = {
	{ TEXT("trace"), TEXT("a\"b"), true },
	{ TEXT("none"), { NULL, 0 }, false },
	{ TEXT("empty"), TEXT(""), true },
};

static const struct record_header raw_headers[] = {
	{ TEXT("raw"), TEXT("\xff\xfe"), true },
	{ TEXT("none"), { NULL, 0 }, false },
	{ TEXT("text"), TEXT("foo"), true },
};

static const struct append_case {
	struct record record;
	const char *expected;
} append_cases[] = {
	/* the form that kcat 1.7.1 prints, but for "broker" */
	{ { .topic = TEXT("t"),
	      .partition = 3,
	      .offset = 991,
	      .time_ms = 1546300800000,
	      .has_key = true,
	      .key = TEXT("k"),
	      .has_value = true,
	      .value = TEXT("{\"a\":\"x/y\"}\n\x01\x7f"),
	      .headers = text_headers,
	      .header_count = COUNT(text_headers) },
	    "{\"topic\":\"t\",\"partition\":3,\"offset\":991,\"tstype\":\"create\","
	    "\"ts\":1546300800000,\"headers\":[\"trace\",\"a\\\"b\",\"none\",null,\"empty\",\"\"],"
	    "\"key\":\"k\",\"payload\":\"{\\\"a\\\":\\\"x/y\\\"}\\n\\u0001\x7f\"}" },
	{ { .topic = TEXT("t"), .time_ms = 0, .is_append_time = true },
	    "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"tstype\":\"logappend\",\"ts\":0,"
	    "\"key\":null,\"payload\":null}" },
	{ { .time_ms = RECORD_NO_TIME, .has_key = true, .has_value = true },
	    "{\"partition\":0,\"offset\":0,\"key\":\"\",\"payload\":\"\"}" },
	{ { .time_ms = RECORD_NO_TIME,
	      .has_key = true,
	      .key = TEXT("\xff"),
	      .has_value = true,
	      .value = TEXT("a\0\x80"),
	      .headers = raw_headers,
	      .header_count = COUNT(raw_headers) },
	    "{\"partition\":0,\"offset\":0,"
	    "\"headers_base64\":[\"raw\",\"//4=\",\"none\",null,\"text\",\"Zm9v\"],"
	    "\"key_base64\":\"/w==\",\"payload_base64\":\"YQCA\"}" },
};

static void
test_append(void **state)
{
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(append_cases); i++) {
		struct buf out = BUF_INIT(1000);

		assert_int_equal(envelope_append(&out, &append_cases[i].record, &err), 0);
		assert_string_equal(out.data, append_cases[i].expected);
		buf_release(&out);
	}
}

static void
test_append_error(void **state)
{
	struct record record = { .origin = slice_of("dir/a b.json"),
		.line = 17,
		.offset = 16,
		.time_ms = RECORD_NO_TIME,
		.has_value = true,
		.value = slice_of("{") };
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    envelope_append_error(&out, &record, "kafka-window", "data", "not \"JSON\"", 1, &err),
	    0);
	assert_string_equal(out.data,
	    "{\"partition\":0,\"offset\":16,\"key\":null,\"payload\":\"{\","
	    "\"origin\":\"dir/a b.json\",\"line\":17,\"error\":{\"tool\":\"kafka-window\","
	    "\"class\":\"data\",\"reason\":\"not \\\"JSON\\\"\",\"byte\":1}}");
	buf_clear(&out);
	record.origin.len = 0;
	assert_int_equal(envelope_append_error(&out, &record, "t", "late", "late", -1, &err), 0);
	assert_string_equal(out.data,
	    "{\"partition\":0,\"offset\":16,\"key\":null,\"payload\":\"{\","
	    "\"error\":{\"tool\":\"t\",\"class\":\"late\",\"reason\":\"late\"}}");
	buf_release(&out);
}

static void
test_append_ceiling(void **state)
{
	size_t len = strlen(append_cases[0].expected), max;
	struct err err = ERR_INIT;

	(void)state;
	for (max = 2; max < len + 2; max++) {
		struct buf out = BUF_INIT(max);

		assert_int_equal(buf_append_text(&out, "ab", &err), 0);
		assert_int_equal(envelope_append(&out, &append_cases[0].record, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(out.data, "ab");
		buf_release(&out);
	}
}

/* ---- reading ---- */

/* Reads text as line 3 of stdin, from a block that ends with the padding. The block, to be freed,
 * is where *ret may point to. */
static char *
read_text(struct envelope_reader *reader, const char *text, struct record *ret, int *ret_rc,
    struct err *err)
{
	size_t len = strlen(text);
	char *block = calloc(1, len + BUF_PADDING);

	assert_non_null(block);
	memcpy(block, text, len);
	*ret = (struct record){ .origin = slice_of("stdin"),
		.line = 3,
		.offset = 2,
		.position = { 0, 0, 2 },
		.time_ms = RECORD_NO_TIME,
		.has_value = true,
		.value = slice_make(block, len),
		.is_padded = true };
	*ret_rc = envelope_read(reader, ret, err);
	return block;
}

static const struct read_case {
	const char *text;
	struct record expected;
} read_cases[] = {
	/* with kcat's "broker" */
	{ "{\"topic\":\"t\",\"partition\":3,\"offset\":991,\"tstype\":\"create\","
	  "\"ts\":1546300800000,\"broker\":1,\"headers\":[\"trace\",\"a\\\"b\",\"none\",null,"
	  "\"empty\",\"\"],\"key\":\"k\\n\",\"payload\":\"{\\\"a\\\":1}\"}",
	    { .topic = TEXT("t"),
		.partition = 3,
		.offset = 991,
		.time_ms = 1546300800000,
		.has_key = true,
		.key = TEXT("k\n"),
		.has_value = true,
		.value = TEXT("{\"a\":1}"),
		.headers = text_headers,
		.header_count = COUNT(text_headers) } },
	{ "{\"tstype\":\"logappend\",\"ts\":5,\"payload\":null}",
	    { .offset = 2, .time_ms = 5, .is_append_time = true } },
	{ "{\"tstype\":\"unknown\",\"ts\":-1,\"payload\":\"\"}",
	    { .offset = 2, .time_ms = RECORD_NO_TIME, .has_value = true } },
	{ " { \"payload\" : {\"a\": [1, \"}\"]} , \"key\" : 17 } ",
	    { .offset = 2,
		.time_ms = RECORD_NO_TIME,
		.has_key = true,
		.key = TEXT("17"),
		.has_value = true,
		.value = TEXT("{\"a\": [1, \"}\"]}") } },
	{ "{\"topic\":null,\"partition\":null,\"offset\":null,\"ts\":null,\"headers\":null,"
	  "\"key\":null,\"payload\":false,\"error\":{\"tool\":\"t\"}}",
	    { .offset = 2, .time_ms = RECORD_NO_TIME, .has_value = true, .value = TEXT("false") } },
	{ "{\"payload\":null,\"payload_base64\":\"YQCA\",\"key_base64\":\"\\/w==\"}",
	    { .offset = 2,
		.time_ms = RECORD_NO_TIME,
		.has_key = true,
		.key = TEXT("\xff"),
		.has_value = true,
		.value = TEXT("a\0\x80") } },
	{ "{\"headers_base64\":[\"raw\",\"\\/\\/"
	  "4=\",\"none\",null,\"text\",\"Zm9v\"],\"payload\":1}",
	    { .offset = 2,
		.time_ms = RECORD_NO_TIME,
		.has_value = true,
		.value = TEXT("1"),
		.headers = raw_headers,
		.header_count = COUNT(raw_headers) } },
	{ "{\"headers\":{\"tr\\u0061ce\" : \"a\\\"b\" , "
	  "\"none\":null,\"empty\":\"\"},\"payload\":1}",
	    { .offset = 2,
		.time_ms = RECORD_NO_TIME,
		.has_value = true,
		.value = TEXT("1"),
		.headers = text_headers,
		.header_count = COUNT(text_headers) } },
	{ "{\"headers\":[],\"payload\":\"a\\u0000b\",\"p\\u0061rtition\":7}",
	    { .partition = 7,
		.offset = 2,
		.time_ms = RECORD_NO_TIME,
		.has_value = true,
		.value = TEXT("a\0b") } },
};

static void
check_slice(struct slice got, struct slice expected)
{
	assert_int_equal(got.len, expected.len);
	if (got.len)
		assert_memory_equal(got.data, expected.data, got.len);
}

static void
check_record(const struct record *got, const struct record *expected)
{
	size_t i;

	check_slice(got->topic, expected->topic);
	assert_int_equal(got->partition, expected->partition);
	assert_true(got->offset == expected->offset);
	assert_true(got->time_ms == expected->time_ms);
	assert_int_equal(got->is_append_time, expected->is_append_time);
	assert_int_equal(got->has_key, expected->has_key);
	check_slice(got->key, expected->key);
	assert_int_equal(got->has_value, expected->has_value);
	check_slice(got->value, expected->value);
	assert_int_equal(got->header_count, expected->header_count);
	for (i = 0; i < got->header_count; i++) {
		check_slice(got->headers[i].name, expected->headers[i].name);
		assert_int_equal(got->headers[i].has_value, expected->headers[i].has_value);
		check_slice(got->headers[i].value, expected->headers[i].value);
	}
}

static void
test_read(void **state)
{
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	size_t i;

	(void)state;
	assert_non_null(reader);
	for (i = 0; i < COUNT(read_cases); i++) {
		struct record record;
		int rc;
		char *block = read_text(reader, read_cases[i].text, &record, &rc, &err);

		if (rc)
			fail_msg("\"%s\": %s", read_cases[i].text, err.text);
		check_record(&record, &read_cases[i].expected);
		assert_true(record.position.sequence == 2);
		assert_true(record.is_padded && slice_is(record.origin, "stdin"));
		free(block);
	}
	envelope_reader_free(reader);
	envelope_reader_free(NULL);
}

static void
test_headers_of_any_kind(void **state)
{
	static const char *const values[] = { "-1.5e3", "true", "[1,\"]\",{\"a\":[]}]",
		"{\"\\\"}\":{}}", "" };
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	struct record record;
	size_t i;
	int rc;
	char *block = read_text(reader,
	    "{\"payload\":1,\"headers\":[\"a\", -1.5e3 "
	    ",\"a\",true,\"a\",[1,\"]\",{\"a\":[]}],\"a\","
	    "{\"\\\"}\":{}},\"a\",\"\"]}",
	    &record, &rc, &err);

	(void)state;
	assert_int_equal(rc, 0);
	assert_int_equal(record.header_count, COUNT(values));
	for (i = 0; i < COUNT(values); i++)
		check_slice(record.headers[i].value, slice_of(values[i]));
	free(block);
	envelope_reader_free(reader);
}

static void
test_many_headers(void **state)
{
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	struct buf text = BUF_INIT(100000);
	char name[32], *block;
	struct record record;
	int rc, i;

	(void)state;
	assert_int_equal(buf_append_text(&text, "{\"payload\":1,\"headers\":[", &err), 0);
	for (i = 0; i < 1000; i++)
		assert_int_equal(
		    buf_appendf(&text, &err, "%s\"\\u0041%d\",\"v\\n%d\"", i ? "," : "", i, i), 0);
	assert_int_equal(buf_append_text(&text, "]}", &err), 0);
	block = read_text(reader, text.data, &record, &rc, &err);
	assert_int_equal(rc, 0);
	assert_int_equal(record.header_count, 1000);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "A%d", i);
		check_slice(record.headers[i].name, slice_of(name));
		(void)snprintf(name, sizeof(name), "v\n%d", i);
		check_slice(record.headers[i].value, slice_of(name));
	}
	free(block);
	buf_release(&text);
	envelope_reader_free(reader);
}

static const struct refuse_case {
	const char *text;
	const char *error; /* behind "stdin:3: " */
} refuse_cases[] = {
	{ "17", "envelope: payload: missing" },
	{ "{\"a\":1}", "envelope: payload: missing" },
	{ "{\"key\":\"a\"}", "envelope: payload: missing" },
	{ "{\"payload_base64\":null}", "envelope: payload: missing" },
	{ "{\"payload\":1,\"topic\":5}", "byte 21: envelope: topic: not a string" },
	{ "{\"payload\":1,\"partition\":\"5\"}", "byte 25: envelope: partition: not an integer" },
	{ "{\"payload\":1,\"partition\":5.0}", "byte 25: envelope: partition: not an integer" },
	{ "{\"payload\":1,\"partition\":-1}", "byte 25: envelope: partition: out of range" },
	{ "{\"payload\":1,\"partition\":2147483648}",
	    "byte 25: envelope: partition: out of range" },
	{ "{\"payload\":1,\"offset\":9223372036854775808}",
	    "byte 22: envelope: offset: not an integer" },
	{ "{\"payload\":1,\"ts\":\"now\"}", "byte 18: envelope: ts: not an integer" },
	{ "{\"payload\":1,\"headers\":5}",
	    "byte 23: envelope: headers: neither an array nor an object" },
	{ "{\"payload\":1,\"headers\":[\"a\"]}",
	    "byte 23: envelope: headers: a name without a value" },
	{ "{\"payload\":1,\"headers\":[1,\"a\"]}",
	    "byte 23: envelope: headers: a header's name is not a string" },
	{ "{\"payload\":1,\"headers\":[],\"headers_base64\":[]}",
	    "byte 43: envelope: headers_base64: given both ways" },
	{ "{\"payload\":1,\"headers_base64\":[\"a\",\"a\"]}",
	    "byte 30: envelope: headers_base64: not base64" },
	{ "{\"payload\":1,\"headers_base64\":[\"a\",1]}",
	    "byte 30: envelope: headers_base64: not base64" },
	{ "{\"payload\":1,\"payload_base64\":\"AA==\"}",
	    "byte 30: envelope: payload_base64: given both ways" },
	{ "{\"payload_base64\":\"AB==\"}", "byte 18: envelope: payload_base64: not base64" },
	{ "{\"payload_base64\":1234}", "byte 18: envelope: payload_base64: not base64" },
	{ "{\"payload\":null,\"payload_error\":\"no schema\"}",
	    "byte 32: envelope: payload_error: the payload was not decoded" },
	{ "{\"key\":null,\"key_error\":\"no schema\",\"payload\":1}",
	    "byte 24: envelope: key_error: the key was not decoded" },
	{ "{\"payload\":1", "byte 12: " },
	{ "", "byte 0: " },
};

static void
test_refuse(void **state)
{
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(refuse_cases); i++) {
		struct record record;
		int rc;
		char *block = read_text(reader, refuse_cases[i].text, &record, &rc, &err);

		assert_int_equal(rc, -1);
		assert_int_equal(err.class, ERR_DATA);
		if (!slice_starts(slice_of(err.text), "stdin:3: ") ||
		    !slice_starts(slice_of(err.text + strlen("stdin:3: ")), refuse_cases[i].error))
			fail_msg("\"%s\" said \"%s\"", refuse_cases[i].text, err.text);
		assert_ptr_equal(record.value.data, block);
		assert_int_equal(record.partition, 0);
		free(block);
	}
	envelope_reader_free(reader);
}

static void
test_tombstone(void **state)
{
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	struct record record = { .topic = slice_of("t") };

	(void)state;
	assert_int_equal(envelope_read(reader, &record, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "t[0]@0: a tombstone is no envelope");
	envelope_reader_free(reader);
}

static void
test_round_trip(void **state)
{
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(append_cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct record record;
		char *block;
		int rc;

		assert_int_equal(envelope_append(&out, &append_cases[i].record, &err), 0);
		block = read_text(reader, out.data, &record, &rc, &err);
		assert_int_equal(rc, 0);
		check_record(&record, &append_cases[i].record);
		free(block);
		buf_release(&out);
	}
	envelope_reader_free(reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_append_error),
		cmocka_unit_test(test_append_ceiling),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_headers_of_any_kind),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_tombstone),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
