/* SPDX-License-Identifier: MIT */
/* Times written in the shape of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/time_like.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct like_case {
	const char *format;
	const char *like;
	bool is_string;
	int64_t ms;
	const char *want; /* NULL: refused */
};

static const struct like_case cases[] = {
	/* the mark, the digits and the zone stay */
	{ "auto", "2019-01-01T00:46:40.000Z", true, 1795256430456, "2026-11-21T10:20:30.456Z" },
	{ "auto", "2019-01-01 00:46:40", true, 1795256430456, "2026-11-21 10:20:30" },
	{ "iso", "2019-01-01t00:46z", true, 1795256430456, "2026-11-21t10:20z" },
	{ "iso", "2019-01-01", true, 1795256430456, "2026-11-21" },
	{ "iso", "2019-01-01T00:46:40.1Z", true, 1795256430456, "2026-11-21T10:20:30.4Z" },
	{ "iso", "2019-01-01T00:46:40.12", true, 1795256430456, "2026-11-21T10:20:30.45" },
	{ "iso", "2019-01-01T00:46:40,123", true, 1795256430456, "2026-11-21T10:20:30,456" },
	{ "iso", "2019-01-01T00:46:40.123987654Z", true, 1795256430456,
	    "2026-11-21T10:20:30.456987654Z" },
	/* local time behind an offset */
	{ "iso", "2019-01-01T00:46:40+05:30", true, 1795256430456, "2026-11-21T15:50:30+05:30" },
	{ "iso", "2019-01-01T00:46:40.000-0500", true, 1795256430456,
	    "2026-11-21T05:20:30.456-0500" },
	{ "iso", "2019-01-01T00:46-11", true, 1795256430456, "2026-11-20T23:20-11" },
	{ "iso", "2019-01-01T00:46:40+00:00", true, 1795256430456, "2026-11-21T10:20:30+00:00" },
	{ "iso", "1969-12-31T23:59:59.999Z", true, -1, "1969-12-31T23:59:59.999Z" },
	{ "iso", "2019-01-01T00:00:00+14:00", true, 253402300799999, NULL },
	{ "iso", "2019-01-01", true, 253402300800000, NULL },
	/* numbers keep unit and digits */
	{ "auto", "1546300800000", false, 1795256430456, "1795256430456" },
	{ "ms", "1546300800000.25", false, 1795256430456, "1795256430456.25" },
	{ "ms", "1546300800000", true, 1795256430456, "1795256430456" },
	{ "s", "1546300800", false, 1795256430456, "1795256430" },
	{ "s", "1546300800.5", false, 1795256430456, "1795256430.4" },
	{ "s", "1546300800.000", false, 1795256430456, "1795256430.456" },
	{ "s", "1546300800.123456", false, 1795256430456, "1795256430.456456" },
	{ "us", "1546300800000123", false, 1795256430456, "1795256430456123" },
	{ "us", "1546300800000123.5", false, 1795256430456, "1795256430456123.5" },
	{ "us", "1546300800000123", false, 0, "123" },
	{ "us", "1546300800000003", false, 0, "3" },
	{ "us", "1546300800000000.5", false, 0, "0.5" },
	{ "s", "0", false, 1795256430456, "1795256430" },
	{ "s", "1546300800.5", false, 7, "0.0" },
	{ "s", "1546300800.500", false, 7, "0.007" },
	{ "s", "1546300800", false, -1, "-1" },
	{ "s", "-0.5004", false, 1500, "1.5000" },
	{ "ms", "1.5e12", false, 1795256430456, NULL },
	/* patterns */
	{ "%m/%d/%y %H:%M", "1/8/16 20:50", true, 1795256430456, "11/21/26 10:20" },
	{ "%d %b %Y %I:%M %p", "8 Jan 2016 08:50 PM", true, 1795256430456, "21 Nov 2026 10:20 AM" },
	{ "%Y-%m-%d %H:%M:%S %z", "2016-01-08 20:50:00 -0500", true, 1795256430456,
	    "2026-11-21 10:20:30 +0000" },
	{ "%Y%m%d", "20160108", false, 1795256430456, "20261121" },
	{ "%d%m%Y", "12012016", false, 1795256430456, "21112026" },
	/* what a number cannot begin with */
	{ "%m%d%Y", "12012016", false, 1767225600000, NULL },
	/* two digits of a year beyond 2068 read back as another century */
	{ "%m/%d/%y", "1/8/16", true, 3471292800000, NULL },
};

static void
shapes_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct like_case *c = &cases[i];
		struct buf out = BUF_INIT(1000);
		struct err err = ERR_INIT;
		struct time_format format;
		const char *reason = NULL;
		int64_t like_ms;
		int rc;

		assert_int_equal(time_format_parse(c->format, &format, &err), 0);
		/* only what has been read is moved */
		assert_int_equal(
		    time_parse(&format, slice_of(c->like), c->is_string, &like_ms, &reason), 0);
		assert_int_equal(buf_append_text(&out, "[", &err), 0);
		rc = time_append_like(
		    &out, &format, slice_of(c->like), c->is_string, c->ms, &reason);
		if (!c->want) {
			assert_int_equal(rc, -1);
			assert_non_null(reason);
			assert_string_equal(out.data, "[");
		} else {
			assert_int_equal(rc, 0);
			if (strcmp(out.data + 1, c->want) != 0)
				fail_msg("case %zu: %s, not %s", i, out.data + 1, c->want);
		}
		buf_release(&out);
	}
}

/* Written at its own time every shape stays as it is, but for what strftime fills up. */
static void
own_times_stay(void **state)
{
	static const char *const likes[] = { "2019-01-01T00:46:40.000Z", "2019-12-31 23:59:59.987",
		"2019-01-01T00:46:40.5+05:30", "2019-01-01", "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999Z", "2020-02-29T12:00-0330" };
	struct time_format format = { .style = TIME_ISO };

	(void)state;
	for (size_t i = 0; i < COUNT(likes); i++) {
		struct buf out = BUF_INIT(1000);
		const char *reason;
		int64_t ms;

		assert_int_equal(time_parse_iso(slice_of(likes[i]), &ms, &reason), 0);
		assert_int_equal(
		    time_append_like(&out, &format, slice_of(likes[i]), true, ms, &reason), 0);
		assert_string_equal(out.data, likes[i]);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_are_kept),
		cmocka_unit_test(own_times_stay),
	};

	return cmocka_run_group_tests_name("time_like", tests, NULL, NULL);
}
