/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/slice.h"

static void
err_keeps_class_and_path(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_errno(&err, ERR_IO, ENOSPC, "write %s", "x"), -1);
	assert_int_equal(err_wrap(&err, "topic %s[%d]", "t", 3), -1);
	assert_int_equal(err.class, ERR_IO);
	assert_string_equal(err.text, "topic t[3]: write x: No space left on device");
}

static void
err_cuts_long_text(void **state)
{
	struct err err = ERR_INIT;
	char text[4 * ERR_TEXT_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_DATA, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	assert_string_equal(err.text + ERR_TEXT_BYTES - 4, "...");
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
}

static void
slice_cuts_and_trims(void **state)
{
	struct slice head, tail;

	(void)state;
	assert_true(slice_cut(slice_of("a=b=c"), '=', &head, &tail));
	assert_true(slice_is(head, "a"));
	assert_true(slice_is(tail, "b=c"));
	assert_false(slice_cut(slice_of("abc"), '=', &head, &tail));
	assert_true(slice_is(head, "abc"));
	assert_int_equal(tail.len, 0);
	assert_true(slice_is(slice_trim(slice_of(" \t x y\r\n")), "x y"));
	assert_true(slice_compare(slice_of("ab"), slice_of("abc")) < 0);
	assert_true(slice_compare(slice_of("b"), slice_of("abc")) > 0);
	assert_int_equal(slice_compare(slice_of(""), slice_make(NULL, 0)), 0);
}

static void
buf_stops_at_its_ceiling(void **state)
{
	struct buf b = BUF_INIT(10);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(buf_append_text(&b, "123456789", &err), 0);
	assert_int_equal(buf_append_char(&b, '0', &err), 0);
	assert_int_equal(buf_append_char(&b, '!', &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(b.data, "1234567890");
	buf_drop_front(&b, 8);
	assert_string_equal(b.data, "90");
	assert_int_equal(buf_appendf(&b, &err, "%d-%s", 42, "x"), 0);
	assert_string_equal(b.data, "9042-x");
	assert_int_equal(buf_append_int(&b, INT64_MIN, &err), -1);
	buf_release(&b);
}

/* Into room that is there, that just is not, and that cannot be. */
static void
buf_formats_at_any_length(void **state)
{
	enum { LEN_MAX = 700 };
	struct err err = ERR_INIT;
	char text[LEN_MAX + 1];

	(void)state;
	memset(text, 'x', LEN_MAX);
	for (int len = 0; len <= LEN_MAX; len++) {
		struct buf b = BUF_INIT(LEN_MAX);

		assert_int_equal(buf_append(&b, slice_make(text, (size_t)len), &err), 0);
		if (len + 6 <= LEN_MAX) {
			assert_int_equal(buf_appendf(&b, &err, "%d-%s", 4711, "y"), 0);
			assert_int_equal(b.len, len + 6);
			assert_string_equal(b.data + len, "4711-y");
		} else {
			assert_int_equal(buf_appendf(&b, &err, "%d-%s", 4711, "y"), -1);
			assert_int_equal(err.class, ERR_DATA);
			assert_int_equal(b.len, len);
			assert_int_equal(b.data[len], '\0');
			err_clear(&err);
		}
		assert_memory_equal(b.data, text, (size_t)len);
		buf_release(&b);
	}
}

static void
buf_writes_integers(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -1, "-1" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&b);
		assert_int_equal(buf_append_int(&b, cases[i].value, &err), 0);
		assert_string_equal(b.data, cases[i].text);
	}
	buf_release(&b);
}

static void
buf_gives_its_bytes_away(void **state)
{
	struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;
	char *taken;

	(void)state;
	taken = buf_take(&b);
	assert_string_equal(taken, "");
	free(taken);
	assert_int_equal(buf_append_text(&b, "abc", &err), 0);
	assert_int_equal(buf_pad(&b, &err), 0);
	for (size_t i = 0; i < BUF_PADDING; i++)
		assert_int_equal(b.data[3 + i], 0);
	taken = buf_take(&b);
	assert_string_equal(taken, "abc");
	assert_int_equal(b.len, 0);
	free(taken);
}

static void
durations_and_sizes_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} durations[] = {
		{ "0", 0 },
		{ "1ms", 1 },
		{ "90s", 90000 },
		{ "1m30s", 90000 },
		{ "1h", 3600000 },
		{ "2d", 172800000 },
		{ "5", -1 },
		{ "", -1 },
		{ "-1s", -1 },
		{ "1x", -1 },
		{ "s", -1 },
		{ "1 s", -1 },
		{ "1.5s", -1 },
		{ "99999999999999d", -1 },
		{ "9223372036854775807ms", INT64_MAX },
		{ "9223372036854775808ms", -1 },
		{ "9223372036854775807ms1ms", -1 },
		{ "00000000000000000000000000000000000000000000000000000000000000000001s", 1000 },
		{ "1s0", -1 },
		{ "1sm", -1 },
		{ "+1s", -1 },
		{ " 1s", -1 },
		{ "1s ", -1 },
		{ "00", -1 },
	};
	static const struct {
		const char *text;
		int64_t bytes;
	} sizes[] = {
		{ "1", 1 },
		{ "64M", 64 << 20 },
		{ "16K", 16 << 10 },
		{ "2G", (int64_t)2 << 30 },
		{ "1KB", -1 },
		{ "", -1 },
		{ "-1", -1 },
		{ "99999999999G", -1 },
	};
	struct err err = ERR_INIT;
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		int rc = opt_parse_duration(slice_of(durations[i].text), &value, &err);

		assert_int_equal(rc, durations[i].ms < 0 ? -1 : 0);
		if (!rc)
			assert_int_equal(value, durations[i].ms);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int rc = opt_parse_size(sizes[i].text, &value, &err);

		assert_int_equal(rc, sizes[i].bytes < 0 ? -1 : 0);
		if (!rc)
			assert_int_equal(value, sizes[i].bytes);
	}
}

struct sample {
	bool flag;
	const char *text;
	int64_t number;
	int64_t wait_ms;
	int64_t bytes;
	char calls[64];
};

static int
set_call(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct sample *sample = target;

	(void)origin;
	(void)err;
	strcat(sample->calls, value ? value : "-");
	strcat(sample->calls, ";");
	return 0;
}

static const struct opt sample_rows[] = {
	{ 'f', "flag", NULL, "a flag", OPT_FLAG, offsetof(struct sample, flag), 0, 0, NULL },
	{ 't', "text", "TEXT", "a text", OPT_TEXT, offsetof(struct sample, text), 0, 0, NULL },
	{ 0, "number", "N", "a number", OPT_INT, offsetof(struct sample, number), 1, 9, NULL },
	{ 'J', "maybe", "[=how]", "an optional argument", OPT_CALL, 0, 0, 0, set_call },
	{ 0, "wait", "DURATION", "a duration", OPT_DURATION, offsetof(struct sample, wait_ms), 100,
	    60 * 1000, NULL },
	{ 0, "room", "SIZE", "a size", OPT_SIZE, offsetof(struct sample, bytes), 4096,
	    64 * 1024 * 1024, NULL },
};

static int
parse(struct sample *sample, int argc, char **argv, size_t *ret_operands, struct err *err)
{
	struct opt_group groups[] = { { "Options", sample_rows,
	    sizeof(sample_rows) / sizeof(*sample_rows), sample } };
	struct opt_set set = { .groups = groups, .group_count = 1 };
	struct opt_line line;
	int rc;

	rc = opt_read_line(&set, argc, argv, &line, err);
	if (!rc)
		rc = opt_apply_line(&set, &line, err);
	*ret_operands = line.operand_count;
	opt_line_release(&line);
	return rc;
}

/* What is wrong on the line does not hide the rest of it. */
static void
the_rest_of_a_bad_line_is_read(void **state)
{
	char *argv[] = { (char[]){ "tool" }, (char[]){ "--no-such=1" }, (char[]){ "-t" }, (char[]){ "a" },
		(char[]){ "--number" }, NULL };
	struct sample sample = { .flag = false };
	struct opt_group groups[] = { { "Options", sample_rows, 4, &sample } };
	struct opt_set set = { .groups = groups, .group_count = 1 };
	struct opt_line line;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(opt_read_line(&set, 5, argv, &line, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	/* the first one is what is said */
	assert_non_null(strstr(err.text, "--no-such=1"));
	assert_int_equal(line.value_count, 1);
	assert_string_equal(opt_line_find(&line, "text"), "a");
	opt_line_release(&line);
}

static void
options_are_read(void **state)
{
	char *argv[] = { (char[]){ "tool" }, (char[]){ "-t" }, (char[]){ "-5" },
		(char[]){ "operand" }, (char[]){ "--number=7" }, (char[]){ "-fJ" },
		(char[]){ "-J=in" }, (char[]){ "--maybe=out" }, (char[]){ "--" }, (char[]){ "-x" },
		NULL };
	struct sample sample = { .flag = false };
	struct err err = ERR_INIT;
	size_t operands = 0;

	(void)state;
	assert_int_equal(parse(&sample, 10, argv, &operands, &err), 0);
	assert_true(sample.flag);
	assert_string_equal(sample.text, "-5");
	assert_int_equal(sample.number, 7);
	assert_string_equal(sample.calls, "-;in;out;");
	assert_int_equal(operands, 2);
}

static void
wrong_options_are_named(void **state)
{
	static const struct {
		const char *argument, *value, *text;
	} cases[] = {
		{ "-t", NULL, "option --text needs its argument TEXT" },
		{ "-t", "", "-t, --text: the value is empty" },
		{ "-y", NULL, "unknown option -y" },
		{ "--nosuch", NULL, "unknown or ambiguous option --nosuch" },
		{ "--number", "10", "--number: must be at most 9" },
		{ "--wait", "99ms", "--wait: must be at least 100ms" },
		{ "--wait", "2m", "--wait: must be at most 1m" },
		{ "--room", "4095", "--room: must be at least 4K" },
		{ "--room", "65M", "--room: must be at most 64M" },
		{ "--number", "x", "--number: \"x\" is not a whole number" },
		{ "--flag=x", NULL, "option --flag takes no argument" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char argument[32], value[32];
		char *argv[] = { (char[]){ "tool" }, argument, value, NULL };
		struct sample sample = { .flag = false };
		struct err err = ERR_INIT;
		size_t operands;
		int argc = cases[i].value ? 3 : 2;

		strcpy(argument, cases[i].argument);
		strcpy(value, cases[i].value ? cases[i].value : "");
		if (argc == 2)
			argv[2] = NULL;
		assert_int_equal(parse(&sample, argc, argv, &operands, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void
units_are_written_as_they_are_read(void **state)
{
	static const struct {
		int64_t value;
		const char *duration, *size;
	} cases[] = {
		{ 0, "0", "0" },
		{ 1, "1ms", "1" },
		{ 999, "999ms", "999" },
		{ 1000, "1s", "1000" },
		{ 1024, "1024ms", "1K" },
		{ 90 * 1000, "90s", "90000" },
		{ 60 * 60 * 1000, "1h", "3600000" },
		{ 36 * 60 * 60 * 1000, "36h", "129600000" },
		{ INT64_C(7) * 24 * 60 * 60 * 1000, "7d", "590625K" },
		{ 3 * 1024 * 1024, "3145728ms", "3M" },
		{ INT64_C(5) << 30, "5368709120ms", "5G" },
		{ INT64_MAX, "9223372036854775807ms", "9223372036854775807" },
	};
	char text[OPT_VALUE_BYTES];
	struct err err = ERR_INIT;
	int64_t again;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		opt_format_duration(cases[i].value, text);
		assert_string_equal(text, cases[i].duration);
		assert_int_equal(opt_parse_duration(slice_of(text), &again, &err), 0);
		assert_true(again == cases[i].value);
		opt_format_size(cases[i].value, text);
		assert_string_equal(text, cases[i].size);
		assert_int_equal(opt_parse_size(text, &again, &err), 0);
		assert_true(again == cases[i].value);
	}
}

static void
deadlines_do_not_wrap(void **state)
{
	(void)state;
	assert_int_equal(clock_poll_ms(CLOCK_NEVER), -1);
	assert_int_equal(clock_poll_ms(0), 0);
	assert_true(clock_deadline(INT64_MAX) < CLOCK_NEVER);
	assert_true(clock_poll_ms(clock_deadline(INT64_MAX)) > 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_keeps_class_and_path),
		cmocka_unit_test(err_cuts_long_text),
		cmocka_unit_test(slice_cuts_and_trims),
		cmocka_unit_test(buf_stops_at_its_ceiling),
		cmocka_unit_test(buf_formats_at_any_length),
		cmocka_unit_test(buf_writes_integers),
		cmocka_unit_test(buf_gives_its_bytes_away),
		cmocka_unit_test(durations_and_sizes_have_units),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(the_rest_of_a_bad_line_is_read),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(units_are_written_as_they_are_read),
		cmocka_unit_test(deadlines_do_not_wrap),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
