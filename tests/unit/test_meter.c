/* SPDX-License-Identifier: MIT */
/* What a person is told of numbers that were looked at now and then: rates, time left, a line that fits; and where
 * it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/meter.h"
#include "run/progress.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { NONE = -1 };

/* ---- the text ---- */

/* 2019-01-01T00:10:12.345Z */
#define EVENT_MS INT64_C(1546301412345)

static const struct meter_reading whole = {
	.numbers = { 812, 3565158, 12, 3, NONE, NONE, NONE, NONE, false, EVENT_MS, 250 },
	.elapsed_ms = 2000,
	.record_rate = 401.4,
	.byte_rate = 1782579,
	.percent = 45.9,
	.left_ms = 12999,
};

static const struct meter_reading plain = {
	.numbers = { 0, NONE, 0, 0, NONE, NONE, NONE, NONE, false, RECORD_NO_TIME, NONE },
	.elapsed_ms = 0,
	.record_rate = NONE,
	.byte_rate = NONE,
	.percent = NONE,
	.left_ms = NONE,
};

#define WHOLE \
	"812 records, 3.4 MiB, 401/s, 1.7 MiB/s, 45%, 12s left, event time 2019-01-01T00:10:12.345Z, " \
	"0.2 s behind, 12 open, 3 rejected, 2s elapsed"

static const struct {
	const struct meter_reading *reading;
	size_t width;
	const char *want;
} lines[] = {
	{ &whole, 0, WHOLE },
	{ &whole, sizeof(WHOLE) - 1, WHOLE },
	{ &whole, 10000, WHOLE },
	/* what matters least goes first */
	{ &whole, sizeof(WHOLE) - 2,
	    "812 records, 3.4 MiB, 401/s, 1.7 MiB/s, 45%, 12s left, event time "
	    "2019-01-01T00:10:12.345Z, 0.2 s behind, 3 rejected, 2s elapsed" },
	{ &whole, 80,
	    "812 records, 3.4 MiB, 401/s, 45%, 12s left, event time 2019-01-01T00:10:12.345Z" },
	/* and what is short may take the place of what is long */
	{ &whole, 60, "812 records, 401/s, 45%, 12s left, 0.2 s behind, 3 rejected" },
	{ &whole, 34, "812 records, 401/s, 45%, 12s left" },
	{ &whole, 33, "812 records, 401/s, 45%, 12s left" },
	{ &whole, 32, "812 records, 3.4 MiB, 401/s, 45%" },
	{ &whole, 11, "812 records" },
	{ &whole, 10, "401/s, 45%" },
	{ &whole, 4, "45%" },
	{ &whole, 1, "" },
	{ &plain, 0, "0 records, 0s elapsed" },
};

static void
test_text(void **state)
{
	char text[METER_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		meter_text(lines[i].reading, lines[i].width, text);
		assert_string_equal(text, lines[i].want);
	}
	for (size_t width = 1; width < sizeof(WHOLE); width++) {
		meter_text(&whole, width, text);
		assert_true(strlen(text) <= width);
	}
}

static const struct {
	int64_t records, bytes;
	double rate;
	int64_t lag, left_ms;
	const char *want;
} units[] = {
	{ 1, 0, 0, 0, NONE, "1 record, 0 B, 0/s, lag 0, 0s elapsed" },
	{ 2, 1023, 0.04, NONE, 0, "2 records, 1023 B, 0.0/s, 0s left, 0s elapsed" },
	{ 2, 1024, 9.94, NONE, 59999, "2 records, 1.0 KiB, 9.9/s, 59s left, 0s elapsed" },
	{ 2, 1048576 - 1, 9.96, NONE, 60000, "2 records, 1.0 MiB, 10/s, 1m00s left, 0s elapsed" },
	{ 2, INT64_C(1) << 40, 1e6, 17, 3599999,
	    "2 records, 1.0 TiB, 1000000/s, lag 17, 59m59s left, 0s elapsed" },
	{ 2, 0, 0, 0, INT64_C(86399999), "2 records, 0 B, 0/s, lag 0, 23h59m left, 0s elapsed" },
	{ 2, 0, 0, 0, INT64_C(90000000), "2 records, 0 B, 0/s, lag 0, 1d01h left, 0s elapsed" },
	{ INT64_MAX, INT64_MAX, 1e19, INT64_MAX, INT64_MAX,
	    "9223372036854775807 records, 8.0 EiB, 10000000000000000000/s, lag 9223372036854775807, "
	    "106751991167d07h left, 0s elapsed" },
};

static void
test_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		struct meter_reading r = plain;
		char text[METER_TEXT_BYTES], json[METER_JSON_BYTES];

		r.numbers.records = units[i].records;
		r.numbers.bytes = units[i].bytes;
		r.record_rate = units[i].rate;
		r.numbers.lag = units[i].lag;
		r.left_ms = units[i].left_ms;
		meter_text(&r, 0, text);
		assert_string_equal(text, units[i].want);
		meter_json(&r, json);
		assert_true(strlen(json) < sizeof(json) - 1);
	}
}

static void
test_json(void **state)
{
	char json[METER_JSON_BYTES], text[METER_TEXT_BYTES];
	struct meter_reading near = whole;

	(void)state;
	meter_json(&whole, json);
	assert_string_equal(json, "\"records\":812,\"bytes\":3565158,\"seconds\":2.0,"
		"\"records_per_second\":401.4,\"bytes_per_second\":1782579.0,\"open\":12,\"rejected\":3,"
		"\"percent\":45.9,\"seconds_left\":13.0,\"event_time\":\"2019-01-01T00:10:12.345Z\","
		"\"seconds_behind\":0.2");
	/* cut in both: 100 is the end */
	near.percent = 99.96;
	meter_json(&near, json);
	assert_non_null(strstr(json, "\"percent\":99.9,"));
	meter_text(&near, 0, text);
	assert_non_null(strstr(text, " 99%,"));
	near.percent = 100;
	meter_json(&near, json);
	assert_non_null(strstr(json, "\"percent\":100.0,"));
	meter_json(&plain, json);
	assert_string_equal(json, "\"records\":0,\"seconds\":0.0,\"open\":0,\"rejected\":0");
}

/* ---- rates and time left ---- */

enum { LOOKS_MAX = 24 };

/* Looks at a second's distance each, unless at_ms says when. */
struct look {
	int64_t records, unread, done, all;
	int64_t at_ms;
};

static const struct {
	struct look looks[LOOKS_MAX];
	size_t count;
	double rate, percent;
	int64_t left_ms;
} runs[] = {
	/* nothing is known before the first */
	{ .count = 0, .rate = NONE, .percent = NONE, .left_ms = NONE },
	{ .looks = { { 100, NONE, NONE, NONE, 0 } }, .count = 1, .rate = 100, .percent = NONE, .left_ms = NONE },
	/* soon after the begin */
	{ .looks = { { 100, NONE, NONE, NONE, 500 } }, .count = 1, .rate = 200, .percent = NONE,
	    .left_ms = NONE },
	/* half of it is done, as fast as that */
	{ .looks = { { 50, NONE, 50, 100, 0 } }, .count = 1, .rate = 50, .percent = 50, .left_ms = 1000 },
	{ .looks = { { 50, NONE, 100, 100, 0 } }, .count = 1, .rate = 50, .percent = 100, .left_ms = NONE },
	{ .looks = { { 50, NONE, 120, 100, 0 } }, .count = 1, .rate = 50, .percent = 100, .left_ms = NONE },
	/* how much was done was not known before: it did not begin now */
	{ .looks = { { 50, NONE, NONE, 100, 0 }, { 60, NONE, 60, 100, 20000 } }, .count = 2, .rate = 10.0 / 19,
	    .percent = 60, .left_ms = NONE },
	{ .looks = { { 50, NONE, NONE, 100, 0 }, { 60, NONE, 60, 100, 20000 }, { 70, NONE, 70, 100, 40000 } },
	    .count = 3, .rate = 0.5, .percent = 70, .left_ms = 60000 },
	/* nothing is done: it never ends */
	{ .looks = { { 0, NONE, 0, 100, 0 } }, .count = 1, .rate = 0, .percent = 0, .left_ms = NONE },
	/* the lag counts from when it was known: 100 a second are read, and 60 come */
	{ .looks = { { 0, 1000, NONE, NONE, 0 }, { 100, 960, NONE, NONE, 0 }, { 200, 920, NONE, NONE, 0 } },
	    .count = 3, .rate = 200.0 / 3, .percent = NONE, .left_ms = NONE },
	/* a lag that grows, and none */
	{ .looks = { { 0, 10, NONE, NONE, 0 }, { 0, 20, NONE, NONE, 0 } }, .count = 2, .rate = 0,
	    .percent = NONE, .left_ms = NONE },
	{ .looks = { { 0, 10, NONE, NONE, 0 }, { 10, 0, NONE, NONE, 0 } }, .count = 2, .rate = 5,
	    .percent = NONE, .left_ms = NONE },
	/* the last five seconds, not the stop before */
	{ .looks = { { 1000, NONE, NONE, NONE, 0 }, { 1000, NONE, NONE, NONE, 0 },
	      { 1000, NONE, NONE, NONE, 0 }, { 1000, NONE, NONE, NONE, 0 }, { 1010, NONE, NONE, NONE, 0 },
	      { 1020, NONE, NONE, NONE, 0 }, { 1030, NONE, NONE, NONE, 0 }, { 1040, NONE, NONE, NONE, 0 },
	      { 1050, NONE, NONE, NONE, 0 } },
	    .count = 9, .rate = 10, .percent = NONE, .left_ms = NONE },
	/* looked at after a long while: since the look before */
	{ .looks = { { 1000, NONE, NONE, NONE, 0 }, { 1600, NONE, NONE, NONE, 61000 } }, .count = 2,
	    .rate = 10, .percent = NONE, .left_ms = NONE },
};

static void
take(struct meter *m, const struct look *look, int64_t at_ms)
{
	struct meter_numbers n = METER_NUMBERS_INIT;

	n.records = look->records;
	n.to_go = look->unread;
	n.done = look->done;
	n.all = look->all;
	meter_take(m, &n, at_ms);
}

static void
assert_about(double got, double want)
{
	if (got < want - 1e-6 || got > want + 1e-6)
		fail_msg("%f, expected %f", got, want);
}

static void
test_rates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct meter m;
		struct meter_reading r;

		meter_begin(&m, 0);
		for (size_t k = 0; k < runs[i].count; k++)
			take(&m, &runs[i].looks[k],
			    runs[i].looks[k].at_ms ? runs[i].looks[k].at_ms : (int64_t)(k + 1) * 1000);
		meter_read(&m, &r);
		assert_about(r.record_rate, runs[i].rate);
		assert_about(r.percent, runs[i].percent);
		assert_int_equal(r.left_ms, runs[i].left_ms);
	}
}

/* More samples than it keeps: 100 a second are read, 60 come, and 10 times as many were read before. */
static void
test_long_run(void **state)
{
	struct meter m;
	struct meter_reading r;
	struct look look = { .unread = 100 * 1000, .done = NONE, .all = NONE };

	(void)state;
	meter_begin(&m, 7);
	for (int k = 1; k <= 100; k++) {
		look.records += k <= 50 ? 1000 : 100;
		look.unread -= k <= 50 ? 940 : 40;
		/* looks between do not shorten what rates are of */
		take(&m, &look, 7 + k * 1000);
		take(&m, &look, 7 + k * 1000 + 300);
	}
	take(&m, &look, 7 + 100 * 1000 + 600);
	meter_read(&m, &r);
	assert_int_equal(r.elapsed_ms, 100600);
	/* 5.6 s are too many: 4.6 s, of which 400 */
	assert_about(r.record_rate, 400 / 4.6);
	assert_int_equal(look.unread, 100 * 1000 - 50 * 940 - 50 * 40);
	/* 14.6 s in which it shrank by 14 times 40 */
	assert_int_equal(r.left_ms, (int64_t)(51000 * 1000 / (560 / 14.6)));
}

/* ---- where it is shown ---- */

static const struct {
	const char *option;
	struct progress_place place; /* quiet, drawable, in a pipe, shared */
	enum progress_manner want;
} places[] = {
	{ "auto", { false, true, false, false }, PROGRESS_DRAWN },
	{ "auto", { true, true, false, false }, PROGRESS_SILENT },
	{ "auto", { false, false, false, false }, PROGRESS_SILENT },
	{ "auto", { false, true, true, false }, PROGRESS_SILENT },
	{ "auto", { false, true, false, true }, PROGRESS_SILENT },
	{ NULL, { false, true, true, false }, PROGRESS_DRAWN },
	{ "always", { false, true, true, false }, PROGRESS_DRAWN },
	{ "always", { false, true, false, true }, PROGRESS_LINES },
	{ "2s", { false, false, false, false }, PROGRESS_LINES },
	{ "always", { true, true, false, false }, PROGRESS_SILENT },
	{ "never", { false, true, false, false }, PROGRESS_SILENT },
};

static int
set(struct progress_options *o, const char *value, struct err *err)
{
	return progress_rows[0].set(o, value, OPT_COMMAND_LINE, err);
}

static void
test_places(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		struct progress_options o = PROGRESS_OPTIONS_INIT;

		assert_int_equal(set(&o, places[i].option, &err), 0);
		assert_int_equal(progress_manner_of(&o, &places[i].place), places[i].want);
	}
}

static void
test_options(void **state)
{
	static const char *const wrong[] = { "", "sometimes", "5", "99ms" };
	struct progress_options o = PROGRESS_OPTIONS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(set(&o, wrong[i], &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		err_clear(&err);
	}
	assert_int_equal(set(&o, "100ms", &err), 0);
	assert_int_equal(o.every_ms, 100);
	/* the last counts, all of it */
	assert_int_equal(progress_rows[1].set(&o, NULL, OPT_COMMAND_LINE, &err), 0);
	assert_int_equal(o.when, PROGRESS_NEVER);
	assert_int_equal(o.every_ms, 0);
	assert_int_equal(progress_rows[1].set(&o, "no", OPT_GIVEN_FILE, &err), 0);
	assert_int_equal(o.when, PROGRESS_AUTO);
	assert_int_equal(progress_rows[1].set(&o, "2", OPT_GIVEN_FILE, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_long_run),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
