/* SPDX-License-Identifier: MIT */
/* Times, against tables and the C library's calendar. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "codec/time.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const int64_t ms_min = INT64_C(-62135596800000);
static const int64_t ms_max = INT64_C(253402300799999);

static struct time_format
format_of(const char *text)
{
	struct err err = ERR_INIT;
	struct time_format format;

	if (time_format_parse(text, &format, &err))
		fail_msg("%s", err.text);
	return format;
}

static const struct {
	const char *text;
	int64_t ms;
} iso_accepted[] = {
	{ "1970-01-01T00:00:00.000Z", 0 },
	{ "2019-01-01T00:46:40.000Z", INT64_C(1546303600000) },
	{ "2019-01-01T00:46:40.123Z", INT64_C(1546303600123) },
	{ "2019-01-01t00:46:40.123z", INT64_C(1546303600123) },
	{ "2019-01-01 00:46:40.123", INT64_C(1546303600123) },
	{ "2019-01-01T00:46:40Z", INT64_C(1546303600000) },
	{ "2019-01-01T00:46:40", INT64_C(1546303600000) },
	{ "2019-01-01T00:46", INT64_C(1546303560000) },
	{ "2019-01-01T00:46Z", INT64_C(1546303560000) },
	{ "2019-01-01", INT64_C(1546300800000) },
	{ "2019-01-01T00:46:40.1Z", INT64_C(1546303600100) },
	{ "2019-01-01T00:46:40,12Z", INT64_C(1546303600120) },
	{ "2019-01-01T00:46:40.123456Z", INT64_C(1546303600123) },
	{ "2019-01-01T00:46:40.999999999999Z", INT64_C(1546303600999) },
	{ "2019-01-01T01:46:40+01:00", INT64_C(1546303600000) },
	{ "2019-01-01T01:46:40+0100", INT64_C(1546303600000) },
	{ "2019-01-01T01:46:40+01", INT64_C(1546303600000) },
	{ "2019-01-01T01:46+01", INT64_C(1546303600000) - 40000 },
	{ "2018-12-31T19:16:40.000-05:30", INT64_C(1546303600000) },
	{ "2019-01-01T00:46:40-00:00", INT64_C(1546303600000) },
	{ "2016-12-31T23:59:60.000Z", INT64_C(1483228800000) },
	{ "2016-12-31T23:59:60.500Z", INT64_C(1483228800500) },
	{ "1969-12-31T23:59:59.999Z", -1 },
	{ "1969-12-31T23:59:59.9999Z", -1 },
	{ "2000-02-29T00:00:00.000Z", INT64_C(951782400000) },
	{ "2016-02-29", INT64_C(1456704000000) },
	{ "0001-01-01T00:00:00.000Z", INT64_C(-62135596800000) },
	{ "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
};

static void
test_iso_accepts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(iso_accepted); i++) {
		const char *reason = NULL;
		int64_t ms = 0;

		if (time_parse_iso(slice_of(iso_accepted[i].text), &ms, &reason))
			fail_msg("%s: %s", iso_accepted[i].text, reason);
		if (ms != iso_accepted[i].ms)
			fail_msg("%s: %" PRId64, iso_accepted[i].text, ms);
	}
}

static const struct {
	const char *text, *reason;
} iso_refused[] = {
	{ "", "not an ISO 8601 time" },
	{ "2019", "not an ISO 8601 time" },
	{ "2019-1-1", "not an ISO 8601 time" },
	{ "1/8/16 20:50", "not an ISO 8601 time" },
	{ "2019-01-01T", "not an ISO 8601 time" },
	{ "2019-01-01T00", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40.Z", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40.000Zx", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40.000 ", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40.00xZ", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:4x.000Z", "not an ISO 8601 time" },
	{ "2019-01-01x00:46:40.000Z", "not an ISO 8601 time" },
	{ "201\xb1-01-01T00:46:40.000Z", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40+1", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40+01:", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40+01:0", "not an ISO 8601 time" },
	{ "2019-01-01T00:46:40+01:000", "not an ISO 8601 time" },
	{ "-2019-01-01", "not an ISO 8601 time" },
	{ "2019-00-01T00:46:40.000Z", "no such date" },
	{ "2019-13-01T00:46:40.000Z", "no such date" },
	{ "2019-01-00T00:46:40.000Z", "no such date" },
	{ "2019-01-32T00:46:40.000Z", "no such date" },
	{ "2019-04-31T00:46:40.000Z", "no such date" },
	{ "2019-02-29T00:46:40.000Z", "no such date" },
	{ "1900-02-29T00:46:40.000Z", "no such date" },
	{ "0000-01-01T00:46:40.000Z", "no such date" },
	{ "2019-01-01T24:00:00.000Z", "no such time of day" },
	{ "2019-01-01T00:60:00.000Z", "no such time of day" },
	{ "2019-01-01T00:00:61.000Z", "no such time of day" },
	{ "2019-01-01T00:00:00+24:00", "no such zone" },
	{ "2019-01-01T00:00:00+01:60", "no such zone" },
	{ "0001-01-01T00:00:00+00:01", "outside the years 1 to 9999" },
	{ "9999-12-31T23:59:59-00:01", "outside the years 1 to 9999" },
	{ "9999-12-31T23:59:60Z", "outside the years 1 to 9999" },
};

static void
test_iso_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(iso_refused); i++) {
		const char *reason = "taken";
		int64_t ms = -77;

		int rc = time_parse_iso(slice_of(iso_refused[i].text), &ms, &reason);

		assert_int_equal(rc, strcmp(reason, "taken") != 0 ? -1 : 0);
		if (strcmp(reason, iso_refused[i].reason) != 0)
			fail_msg("\"%s\": %s", iso_refused[i].text, reason);
		assert_true(ms == -77);
	}
}

static void
expect_same_civil(int64_t ms)
{
	int64_t seconds = ms / 1000 - (ms % 1000 < 0);
	time_t t = (time_t)seconds;
	struct time_civil c;
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	time_to_civil(ms, &c);
	assert_int_equal(c.year, tm.tm_year + 1900);
	assert_int_equal(c.month, tm.tm_mon + 1);
	assert_int_equal(c.day, tm.tm_mday);
	assert_int_equal(c.hour, tm.tm_hour);
	assert_int_equal(c.minute, tm.tm_min);
	assert_int_equal(c.second, tm.tm_sec);
	assert_int_equal(c.millisecond, ms - seconds * 1000);
}

/* Every day there is, at a time that wanders through the day. */
static void
test_calendar_agrees_with_gmtime(void **state)
{
	const int64_t step_ms = 86400000 + 7919;
	const char *reason;

	(void)state;
	for (int64_t ms = ms_min; ms <= ms_max; ms += step_ms) {
		char text[TIME_ISO_BYTES];
		int64_t again = -1;

		expect_same_civil(ms);
		time_format_iso(ms, text);
		assert_int_equal(time_parse_iso(slice_of(text), &again, &reason), 0);
		assert_true(again == ms);
		/* the fast path and the other one */
		text[10] = ' ';
		assert_int_equal(time_parse_iso(slice_of(text), &again, &reason), 0);
		assert_true(again == ms);
	}
	expect_same_civil(ms_max);
}

static void
test_holds_times_in_range(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ INT64_MIN, "0001-01-01T00:00:00.000Z" },
		{ INT64_C(-62135596800001), "0001-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ INT64_C(253402300800000), "9999-12-31T23:59:59.999Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[TIME_ISO_BYTES];

		time_format_iso(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static const struct {
	const char *format, *text;
	bool is_string;
	int64_t ms; /* where there is no reason */
	const char *reason;
} parsed[] = {
	{ "auto", "2019-01-01", true, INT64_C(1546300800000), NULL },
	{ "auto", "1546300800123", false, INT64_C(1546300800123), NULL },
	{ "auto", "1546300800123", true, 0, "not an ISO 8601 time" },
	{ "auto", "true", false, 0, "not a number" },
	{ "iso", "2019-01-01", true, INT64_C(1546300800000), NULL },
	{ "iso", "2019", false, 0, "a number, not an ISO 8601 time" },
	{ "s", "1546300800", false, INT64_C(1546300800000), NULL },
	{ "s", "1546300800.1239", false, INT64_C(1546300800123), NULL },
	{ "s", "1546300800.5", true, INT64_C(1546300800500), NULL },
	{ "s", "1.5463008e9", false, INT64_C(1546300800000), NULL },
	{ "s", "-0.0001", false, -1, NULL },
	{ "s", "-1.5", false, -1500, NULL },
	{ "s", "-1e-300", false, -1, NULL },
	{ "s", "1e-300", false, 0, NULL },
	{ "s", "0.00100000000000000000001", false, 1, NULL },
	{ "s", "253402300799.999999999999999999", false, INT64_C(253402300799999), NULL },
	{ "s", "253402300800", false, 0, "outside the years 1 to 9999" },
	{ "s", "-62135596800", false, INT64_C(-62135596800000), NULL },
	{ "s", "-62135596800.000000000000000001", false, 0, "outside the years 1 to 9999" },
	{ "s", "1e300", false, 0, "outside the years 1 to 9999" },
	{ "s", "-1e300", false, 0, "outside the years 1 to 9999" },
	{ "s", "99999999999999999999999999999999999999", false, 0, "outside the years 1 to 9999" },
	{ "s", "", true, 0, "not a number" },
	{ "s", "2019-01-01", true, 0, "not a number" },
	{ "ms", "1546300800123", true, INT64_C(1546300800123), NULL },
	{ "ms", "1546300800123.9", false, INT64_C(1546300800123), NULL },
	{ "ms", "-0.5", false, -1, NULL },
	{ "ms", "253402300799999.999999999999999999", false, INT64_C(253402300799999), NULL },
	{ "ms", "253402300800000", false, 0, "outside the years 1 to 9999" },
	{ "us", "1546300800123999", false, INT64_C(1546300800123), NULL },
	{ "us", "-1", false, -1, NULL },
	{ "us", "-1000", false, -1, NULL },
	{ "us", "-1001", false, -2, NULL },
	{ "us", "253402300799999999", false, INT64_C(253402300799999), NULL },
	{ "us", "253402300800000000", false, 0, "outside the years 1 to 9999" },
	{ "%m/%d/%y %H:%M", "1/8/16 20:50", true, INT64_C(1452286200000), NULL },
	{ "%m/%d/%Y %H:%M", "1/8/2016 20:11", true, INT64_C(1452283860000), NULL },
	{ "%m/%d/%y %H:%M", "1/8/16 20:50 ", true, 0, "does not match the time format" },
	{ "%m/%d/%y %H:%M", "1/8/16", true, 0, "does not match the time format" },
	{ "%m/%d/%y %H:%M", "", true, 0, "does not match the time format" },
	{ "%m/%d/%y", "2/29/15", true, 0, "no such date" },
	{ "%m/%d/%y", "2/29/16", true, INT64_C(1456704000000), NULL },
	{ "%m/%d/%y", "1/1/69", true, INT64_C(-31536000000), NULL },
	{ "%Y", "2019", true, INT64_C(1546300800000), NULL },
	{ "%Y%m%d", "20190101", false, INT64_C(1546300800000), NULL },
	{ "%Y-%j", "2016-060", true, INT64_C(1456704000000), NULL },
	{ "%Y-%j", "2015-366", true, 0, "no such date" },
	{ "%Y", "0", true, 0, "no such date" },
	{ "%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700", true, INT64_C(971211336000), NULL },
	{ "%d %B %Y, %I %p", "10 october 2000, 12 am", true, INT64_C(971136000000), NULL },
	{ "%F %T", "2016-12-31 23:59:60", true, INT64_C(1483228800000), NULL },
	{ "%F %T", "2016-12-31 23:59:61", true, 0, "no such time of day" },
	{ "%F%z", "0001-01-01+0100", true, 0, "outside the years 1 to 9999" },
	{ "%Y %%", "2019 %", true, INT64_C(1546300800000), NULL },
	{ "%c", "Fri Jan  8 20:50:00 2016", true, INT64_C(1452286200000), NULL },
	{ "%-m/%_d/%y", "1/8/16", true, INT64_C(1452211200000), NULL },
};

static void
test_formats_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parsed); i++) {
		struct time_format format = format_of(parsed[i].format);
		const char *reason = NULL;
		int64_t ms = 0;

		(void)time_parse(
		    &format, slice_of(parsed[i].text), parsed[i].is_string, &ms, &reason);
		if (ms != parsed[i].ms)
			fail_msg("%s as %s: %" PRId64, parsed[i].text, parsed[i].format, ms);
		if (reason && parsed[i].reason)
			assert_string_equal(reason, parsed[i].reason);
		else if (reason || parsed[i].reason)
			fail_msg("%s as %s: %s", parsed[i].text, parsed[i].format, reason);
	}
}

static void
test_patterns_are_bounded(void **state)
{
	struct time_format format = format_of("%Y %n");
	const char *reason = NULL;
	char text[300];
	int64_t ms;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "2019", 4);
	assert_int_equal(time_parse(&format, slice_make(text, 127), true, &ms, &reason), 0);
	assert_int_equal(time_parse(&format, slice_make(text, 128), true, &ms, &reason), -1);
	assert_int_equal(time_parse(&format, slice_make(NULL, 0), true, &ms, &reason), -1);
	text[100] = '\0';
	assert_int_equal(time_parse(&format, slice_make(text, 120), true, &ms, &reason), -1);
}

static void
test_formats_refused(void **state)
{
	static const struct {
		const char *format, *part;
	} cases[] = {
		{ "", "none of auto" },
		{ "ns", "none of auto" },
		{ "YYYY-MM-DD", "none of auto" },
		{ "%", "ends after a %" },
		{ "%Y %-", "ends after a %" },
		{ "%Y %Q", "%Q cannot be read" },
		{ "%Y %f", "no fractions" },
		{ "%Y %Z", "a zone's name" },
		{ "%s", "seconds since the epoch" },
		{ "%EY", "%E cannot be read" },
		{ "%H:%M", "has no year" },
		{ "%%Y", "has no year" },
		{ "%Y %I:%M", "no %p" },
		{ "%Y, a pattern that is longer than any that somebody would want for a time",
		    "longer than 63" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct time_format format;
		struct err err = ERR_INIT;

		assert_int_equal(time_format_parse(cases[i].format, &format, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, cases[i].part))
			fail_msg("%s", err.text);
	}
}

static void
test_appends_what_it_parses(void **state)
{
	static const struct {
		const char *format;
		int64_t ms;
		const char *text;
		bool is_string;
	} cases[] = {
		{ "auto", INT64_C(1546303600123), "2019-01-01T00:46:40.123Z", true },
		{ "iso", -1, "1969-12-31T23:59:59.999Z", true },
		{ "s", INT64_C(1546303600120), "1546303600.12", false },
		{ "s", INT64_C(1546303600000), "1546303600", false },
		{ "s", -1500, "-1.5", false },
		{ "ms", INT64_C(1546303600123), "1546303600123", false },
		{ "us", INT64_C(1546303600123), "1546303600123000", false },
		{ "%m/%d/%y %H:%M", INT64_C(1452286200000), "01/08/16 20:50", true },
		{ "%a %d %b %Y %j", INT64_C(1452211200000), "Fri 08 Jan 2016 008", true },
		{ "%F %T %z", -1000, "1969-12-31 23:59:59 +0000", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct time_format format = format_of(cases[i].format);
		struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;
		const char *reason = NULL;
		bool is_string;
		int64_t ms = 0;

		assert_int_equal(time_append(&out, &format, cases[i].ms, &is_string, &err), 0);
		assert_string_equal(out.data, cases[i].text);
		assert_int_equal(out.len, strlen(cases[i].text));
		assert_int_equal(is_string, cases[i].is_string);
		assert_int_equal(time_parse(&format, buf_slice(&out), is_string, &ms, &reason), 0);
		assert_true(ms == cases[i].ms);
		buf_release(&out);
	}
}

/* Far from UTC, to show that TZ has no say. */
static void
test_strftime(void **state)
{
	static const struct {
		const char *pattern, *text;
	} cases[] = {
		{ "", "" },
		{ "%p%%%n", "AM%\n" },
		{ "year=%Y/month=%m", "year=2019/month=01" },
		{ "%s", "1546303600" },
		{ "%-s|%Z|%z", "1546303600|UTC|+0000" },
		{ "%", "%" },
		{ "%G-W%V-%u", "2019-W01-2" },
		{ "%100Y", NULL },
	};
	const int64_t ms = INT64_C(1546303600123);

	(void)state;
	assert_int_equal(setenv("TZ", "Pacific/Kiritimati", 1), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct err err = ERR_INIT;

		assert_int_equal(time_append_strftime(&out, cases[i].pattern, ms, &err), 0);
		if (cases[i].text)
			assert_string_equal(out.data, cases[i].text);
		else
			assert_int_equal(out.len, 100);
		buf_release(&out);
	}
}

/* Weekdays and days of the year, over every day of four centuries. */
static void
test_strftime_agrees(void **state)
{
	struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;

	(void)state;
	for (int64_t day = -146097; day < 146097; day++) {
		time_t t = (time_t)(day * 86400);
		char expected[100];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(expected, sizeof(expected), "%F %j %A %U %V", &tm) > 0);
		buf_clear(&out);
		assert_int_equal(
		    time_append_strftime(&out, "%F %j %A %U %V", day * 86400000, &err), 0);
		assert_string_equal(out.data, expected);
	}
	buf_release(&out);
}

static void
test_strftime_keeps_to_the_ceiling(void **state)
{
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(time_append_strftime(&out, "%99999Y", 0, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void
test_options(void **state)
{
	struct err err = ERR_INIT;
	int64_t ms = 0;

	(void)state;
	assert_int_equal(time_parse_option("2019-01-01", &ms, &err), 0);
	assert_true(ms == INT64_C(1546300800000));
	assert_int_equal(time_parse_option("1546300800123", &ms, &err), 0);
	assert_true(ms == INT64_C(1546300800123));
	assert_int_equal(time_parse_option("yesterday", &ms, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	assert_int_equal(time_parse_option("9999999999999999", &ms, &err), -1);
	assert_non_null(strstr(err.text, "outside the years"));
	assert_int_equal(time_parse_option("", &ms, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iso_accepts),
		cmocka_unit_test(test_iso_refuses),
		cmocka_unit_test(test_calendar_agrees_with_gmtime),
		cmocka_unit_test(test_holds_times_in_range),
		cmocka_unit_test(test_formats_parse),
		cmocka_unit_test(test_patterns_are_bounded),
		cmocka_unit_test(test_formats_refused),
		cmocka_unit_test(test_appends_what_it_parses),
		cmocka_unit_test(test_strftime),
		cmocka_unit_test(test_strftime_agrees),
		cmocka_unit_test(test_strftime_keeps_to_the_ceiling),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
