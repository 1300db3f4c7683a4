/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/field.h"

/* A record that owns its bytes; without padding they end with the allocation, so that a sanitizer
 * sees a read behind them. */
static struct record
make_record(const char *value, bool is_padded)
{
	size_t len = strlen(value);
	char *bytes = calloc(1, len + (is_padded ? BUF_PADDING : 0) + (len == 0));

	assert_non_null(bytes);
	memcpy(bytes, value, len);
	return (struct record){ .topic = slice_of("trips"),
		.offset = 17,
		.has_value = true,
		.value = slice_make(bytes, len),
		.is_padded = is_padded,
		.time_ms = RECORD_NO_TIME };
}

static void
free_record(struct record *record)
{
	free((void *)(uintptr_t)record->value.data);
}

static struct field_set *
make_set(const char *path, ...)
{
	struct err err = ERR_INIT;
	struct field_set *set = field_set_new(&err);
	va_list args;

	assert_non_null(set);
	va_start(args, path);
	for (; path; path = va_arg(args, const char *))
		assert_true(field_set_add(set, slice_of(path), &err) >= 0);
	va_end(args);
	return set;
}

static void
test_paths(void **state)
{
	struct err err = ERR_INIT;
	struct field_set *set = field_set_new(&err);

	(void)state;
	assert_non_null(set);
	assert_true(field_set_is_empty(set));
	assert_int_equal(field_set_add(set, slice_of("a"), &err), 0);
	assert_int_equal(field_set_add(set, slice_of(".b.c"), &err), 1);
	assert_int_equal(field_set_add(set, slice_of("a"), &err), 0);
	assert_false(field_set_is_empty(set));
	assert_true(slice_is(field_set_name(set, 1), "b.c"));
	assert_int_equal(field_set_add(set, slice_of("a..b"), &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	field_set_free(set);
	field_set_free(NULL);
}

static void
test_scan_without_fields(void **state)
{
	struct field_set *set = make_set(NULL);
	struct record record = make_record("not { json", false);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(field_scan(set, &record, &err), 0);
	record.has_value = false;
	assert_int_equal(field_scan(set, &record, &err), 0);
	free_record(&record);
	field_set_free(set);
}

static void
check_scan(bool is_padded)
{
	struct field_set *set = make_set("a", "b.c", "z", "s", NULL);
	struct record record = make_record("{\"a\": 12, \"b\":{\"c\":[1]},\"s\":\"x\"}", is_padded);
	struct err err = ERR_INIT;

	assert_int_equal(field_scan(set, &record, &err), 0);
	assert_int_equal(field_get(set, 0)->type, JSON_TYPE_NUMBER);
	assert_true(slice_is(json_slice(field_get(set, 0)), "12"));
	assert_int_equal(field_byte(set, 0), 6);
	assert_int_equal(field_get(set, 1)->type, JSON_TYPE_ARRAY);
	assert_int_equal(field_byte(set, 1), 19);
	assert_int_equal(field_get(set, 2)->type, JSON_TYPE_MISSING);
	assert_int_equal(field_byte(set, 2), 0);
	assert_true(slice_is(json_slice(field_get(set, 3)), "x"));
	assert_int_equal(field_byte(set, 3), 28);
	assert_int_equal(record.value.data[field_byte(set, 3)], '"');
	if (is_padded)
		assert_ptr_equal(field_get(set, 0)->data, record.value.data + 6);
	free_record(&record);
	field_set_free(set);
}

static void
test_scan(void **state)
{
	(void)state;
	check_scan(true);
	check_scan(false);
}

static void
test_bad_value_is_rejected(void **state)
{
	struct field_set *set = make_set("a", NULL);
	struct record good = make_record("{\"a\":1}", true),
		      bad = make_record("{\"a\":\"bc\n\"}", true);
	struct record empty = make_record("", false);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(field_scan(set, &good, &err), 0);
	assert_int_equal(field_scan(set, &bad, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_true(slice_starts(slice_of(err.text), "trips[0]@17: byte 8: "));
	assert_int_equal(field_get(set, 0)->type, JSON_TYPE_MISSING);
	assert_int_equal(field_scan(set, &empty, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	bad.has_value = false;
	assert_int_equal(field_scan(set, &bad, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "trips[0]@17: a tombstone has no fields");
	free_record(&good);
	free_record(&bad);
	free_record(&empty);
	field_set_free(set);
}

static const struct number_case {
	const char *value;
	const char *expected; /* as number_format writes it, or the error behind the place */
	bool is_good;
} number_cases[] = {
	{ "{\"n\":12}", "12", true },
	{ "{\"n\":-0.50}", "-0.5", true },
	{ "{\"n\":1e3}", "1000", true },
	{ "{\"n\":1e999}", "byte 5: field n: number out of range", false },
	{ "{\"n\":\"12\"}", "byte 5: field n: string is not a number", false },
	{ "{\"n\": null}", "byte 6: field n: null is not a number", false },
	{ "{\"n\":[1]}", "byte 5: field n: array is not a number", false },
	{ "{\"m\":1}", "field n: missing", false },
	{ "17", "field n: missing", false },
};

static void
test_number(void **state)
{
	struct field_set *set = make_set("n", NULL);
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(number_cases) / sizeof(*number_cases); i++) {
		const struct number_case *c = &number_cases[i];
		struct record record = make_record(c->value, true);
		char text[NUMBER_TEXT_BYTES];
		struct number number;
		int rc;

		assert_int_equal(field_scan(set, &record, &err), 0);
		rc = field_number(set, &record, 0, &number, &err);
		assert_int_equal(rc, c->is_good ? 0 : -1);
		if (c->is_good) {
			number_format(&number, text);
			assert_string_equal(text, c->expected);
		} else {
			assert_int_equal(err.class, ERR_DATA);
			assert_string_equal(err.text + strlen("trips[0]@17: "), c->expected);
		}
		free_record(&record);
	}
	field_set_free(set);
}

static const struct time_case {
	const char *value;
	enum time_style style;
	bool is_good;
	int64_t expected_ms;
	const char *error_start; /* behind the place */
} time_cases[] = {
	{ "{\"t\":\"2019-01-01T00:46:40.000Z\"}", TIME_AUTO, true, 1546303600000, NULL },
	{ "{\"t\":1546303600000}", TIME_AUTO, true, 1546303600000, NULL },
	{ "{\"t\":1546303600}", TIME_S, true, 1546303600000, NULL },
	{ "{\"t\":\"2019-01-01\\u0054\\u0030\\u0030:46:40Z\"}", TIME_AUTO, true, 1546303600000,
	    NULL },
	{ "{\"t\":\"soon\"}", TIME_AUTO, false, 0, "byte 5: field t: " },
	{ "{\"t\":\"\\n\"}", TIME_AUTO, false, 0, "byte 5: field t: " },
	{ "{\"t\":true}", TIME_AUTO, false, 0, "byte 5: field t: true is not a time" },
	{ "{\"t\":null}", TIME_AUTO, false, 0, "byte 5: field t: null is not a time" },
	{ "{}", TIME_AUTO, false, 0, "field t: missing" },
};

static void
test_time(void **state)
{
	struct field_set *set = make_set("t", NULL);
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(time_cases) / sizeof(*time_cases); i++) {
		const struct time_case *c = &time_cases[i];
		struct time_format format = { .style = c->style };
		struct record record = make_record(c->value, true);
		int64_t ms = -7;
		int rc;

		assert_int_equal(field_scan(set, &record, &err), 0);
		rc = field_time(set, &record, 0, &format, &ms, &err);
		assert_int_equal(rc, c->is_good ? 0 : -1);
		if (c->is_good) {
			assert_true(ms == c->expected_ms);
		} else {
			assert_int_equal(err.class, ERR_DATA);
			assert_true(slice_starts(
			    slice_of(err.text + strlen("trips[0]@17: ")), c->error_start));
		}
		free_record(&record);
	}
	field_set_free(set);
}

static void
test_long_escaped_time(void **state)
{
	struct field_set *set = make_set("t", NULL);
	struct time_format format = { .style = TIME_AUTO };
	struct err err = ERR_INIT;
	char value[600] = "{\"t\":\"\\n";
	struct record record;
	int64_t ms;

	(void)state;
	memset(value + 8, ' ', 500);
	memcpy(value + 508, "\"}", 3);
	record = make_record(value, true);
	assert_int_equal(field_scan(set, &record, &err), 0);
	assert_int_equal(field_time(set, &record, 0, &format, &ms, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "trips[0]@17: byte 5: field t: not a time");
	free_record(&record);
	field_set_free(set);
}

static const struct text_case {
	const char *value;
	const char *expected; /* NULL where it is an error */
} text_cases[] = {
	{ "{\"v\":\"plain\"}", "plain" },
	{ "{\"v\":\"\"}", "" },
	{ "{\"v\":\"a\\n\\u00e9\\\"\"}", "a\n\xc3\xa9\"" },
	{ "{\"v\":-847.430}", "-847.430" },
	{ "{\"v\":true}", "true" },
	{ "{\"v\":false}", "false" },
	{ "{\"v\":null}", NULL },
	{ "{\"v\":[]}", NULL },
	{ "{\"v\":{}}", NULL },
	{ "{}", NULL },
};

static void
test_text(void **state)
{
	struct field_set *set = make_set("v", NULL);
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text_cases) / sizeof(*text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct record record = make_record(c->value, true);
		struct buf out = BUF_INIT(100);

		assert_int_equal(field_scan(set, &record, &err), 0);
		if (c->expected) {
			assert_int_equal(field_append_text(field_get(set, 0), &out, &err), 0);
			assert_true(slice_is(buf_slice(&out), c->expected));
		} else {
			assert_int_equal(field_append_text(field_get(set, 0), &out, &err), -1);
			assert_int_equal(err.class, ERR_DATA);
		}
		buf_release(&out);
		free_record(&record);
	}
	field_set_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_scan_without_fields),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_bad_value_is_rejected),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_long_escaped_time),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
