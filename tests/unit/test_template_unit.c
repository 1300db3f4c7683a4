/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/time.h"
#include "flow/template.h"

static void
test_units(void **state)
{
	static const struct {
		const char *template;
		enum template_unit unit;
	} cases[] = {
		{ "", TEMPLATE_NO_TIME },
		{ "p={p}/{@topic}", TEMPLATE_NO_TIME },
		{ "{@year}", TEMPLATE_YEAR },
		{ "{@year}/{@month}", TEMPLATE_MONTH },
		{ "{@hour}/b={b}/{@year}/{@month}/{@day}", TEMPLATE_HOUR },
		{ "{@day}", TEMPLATE_DAY },
		{ "{@hour}{@minute}", TEMPLATE_MINUTE },
		{ "{@time:%Y}", TEMPLATE_YEAR },
		{ "{@time:%C%y}", TEMPLATE_YEAR },
		{ "{@time:%Y-%b}", TEMPLATE_MONTH },
		{ "{@time:%G-%V}", TEMPLATE_WEEK },
		{ "{@time:%G-%V-%u}", TEMPLATE_DAY },
		{ "{@time:%F}", TEMPLATE_DAY },
		{ "{@time:%Y-%j}", TEMPLATE_DAY },
		{ "{@time:%F %-H}", TEMPLATE_HOUR },
		{ "{@time:%F %I %p}", TEMPLATE_HOUR },
		{ "{@time:%FT%R}", TEMPLATE_MINUTE },
		{ "{@time:%T}", TEMPLATE_SECOND },
		{ "{@time:%010s}", TEMPLATE_SECOND },
		{ "{@time:%Ec}", TEMPLATE_SECOND },
		{ "{@time:%%H %n%Z}", TEMPLATE_NO_TIME },
		{ "{@time:100%%}/{@month}", TEMPLATE_MONTH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct field_set *fields = field_set_new(&err);
		struct template *t = template_compile(cases[i].template, TEMPLATE_DEFAULT_PARTITION,
		    TEMPLATE_PATH, fields, &err);

		if (!t)
			fail_msg("%s: %s", cases[i].template, err.text);
		if (template_unit(t) != cases[i].unit)
			fail_msg("%s: not %d", cases[i].template, cases[i].unit);
		template_free(t);
		field_set_free(fields);
	}
}

static void
test_ends(void **state)
{
	static const struct {
		enum template_unit unit;
		const char *time, *end;
	} cases[] = {
		{ TEMPLATE_SECOND, "2019-01-02T03:04:05.999Z", "2019-01-02T03:04:06.000Z" },
		{ TEMPLATE_MINUTE, "2019-01-02T03:04:05.678Z", "2019-01-02T03:05:00.000Z" },
		{ TEMPLATE_HOUR, "2019-01-02T03:00:00.000Z", "2019-01-02T04:00:00.000Z" },
		{ TEMPLATE_HOUR, "2019-12-31T23:59:59.999Z", "2020-01-01T00:00:00.000Z" },
		{ TEMPLATE_HOUR, "1969-12-31T22:30:00.000Z", "1969-12-31T23:00:00.000Z" },
		{ TEMPLATE_DAY, "1969-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z" },
		{ TEMPLATE_DAY, "2020-02-28T12:00:00.000Z", "2020-02-29T00:00:00.000Z" },
		{ TEMPLATE_WEEK, "2019-01-02T03:00:00.000Z", "2019-01-09T00:00:00.000Z" },
		{ TEMPLATE_MONTH, "2020-02-01T00:00:00.000Z", "2020-03-01T00:00:00.000Z" },
		{ TEMPLATE_MONTH, "2019-01-31T23:59:59.999Z", "2019-02-01T00:00:00.000Z" },
		{ TEMPLATE_MONTH, "2019-12-15T00:00:00.000Z", "2020-01-01T00:00:00.000Z" },
		{ TEMPLATE_YEAR, "2019-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z" },
		{ TEMPLATE_YEAR, "2020-12-31T23:59:59.999Z", "2021-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[TIME_ISO_BYTES];
		const char *reason;
		int64_t time_ms;

		assert_int_equal(time_parse_iso(slice_of(cases[i].time), &time_ms, &reason), 0);
		time_format_iso(template_unit_end(cases[i].unit, time_ms), text);
		assert_string_equal(text, cases[i].end);
	}
	assert_int_equal(template_unit_end(TEMPLATE_NO_TIME, 0), INT64_MAX);
	assert_int_equal(template_unit_end(TEMPLATE_HOUR, INT64_MAX), INT64_MAX);
	assert_true(template_unit_end(TEMPLATE_YEAR, INT64_MIN) < 0);
	assert_true(template_unit_end(TEMPLATE_HOUR, INT64_MIN) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
