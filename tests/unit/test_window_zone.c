/* SPDX-License-Identifier: MIT */
/* Time zones, against the C library's at random instants, and rules against dates known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "kafka-window/zone.h"
#include "kafka-window/zone_rule.h"
#include "scratch.h"
#include "window_kit.h"

static const char *const names[] = { "UTC", "Europe/Zurich", "America/New_York",
	"America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
	"Africa/Casablanca", "Africa/Cairo", "America/Nuuk", "America/St_Johns", "America/Santiago",
	"Antarctica/Troll", "Asia/Gaza", "Asia/Tehran", "Europe/Dublin", "Etc/GMT+7" };

static struct zone *
open_zone(const char *name)
{
	struct err err = ERR_INIT;
	struct zone *z = zone_open(name, &err);

	if (!z)
		fail_msg("%s", err.text);
	return z;
}

/* gmtoff of the C library, which has rules of its own code for the same files. */
static void
offsets_are_those_of_the_c_library(void **state)
{
	enum { INSTANTS = 4000 };
	const int64_t from_s = -2208988800, until_s = 7258118400; /* 1900 to 2200 */
	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct zone *z = open_zone(names[i]);

		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		for (int n = 0; n < INSTANTS; n++) {
			int64_t at_s = from_s + (int64_t)(kit_random() % (uint64_t)(until_s - from_s));
			time_t t = (time_t)at_s;
			struct zone_era era;
			struct tm tm;

			assert_non_null(localtime_r(&t, &tm));
			zone_era_at(z, at_s * 1000, &era);
			if (era.offset_ms != tm.tm_gmtoff * 1000)
				fail_msg("%s at %lld: %lld ms, not %ld s", names[i],
				    (long long)at_s, (long long)era.offset_ms, tm.tm_gmtoff);
			assert_true(era.from_ms <= at_s * 1000 && at_s * 1000 < era.until_ms);
			/* the second before and the second after each jump */
			if (era.until_ms >= until_s * 1000)
				continue;
			t = (time_t)(era.until_ms / 1000);
			assert_non_null(localtime_r(&t, &tm));
			assert_int_not_equal(tm.tm_gmtoff * 1000, era.offset_ms);
			t--;
			assert_non_null(localtime_r(&t, &tm));
			assert_int_equal(tm.tm_gmtoff * 1000, era.offset_ms);
		}
		zone_free(z);
	}
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void
eras_follow_each_other(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct zone *z = open_zone(names[i]);
		struct zone_era era, next;

		zone_era_at(z, INT64_MIN, &era);
		assert_int_equal(era.before_ms, era.offset_ms);
		while (era.until_ms != INT64_MAX) {
			zone_era_at(z, era.until_ms, &next);
			assert_int_equal(next.from_ms, era.until_ms);
			assert_int_equal(next.before_ms, era.offset_ms);
			assert_int_not_equal(next.offset_ms, era.offset_ms);
			era = next;
		}
		zone_free(z);
	}
}

static void
names_that_are_none(void **state)
{
	static const char *const cases[] = { "", "Europe/Zuerich", "europe", "Europe", "/etc/passwd",
		"../zoneinfo/UTC", "CET-1CEST", "tzdata.zi", "right/UTC", "Europe/Zurich " };
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct zone *z = zone_open(cases[i], &err);

		if (z || err.class != ERR_USAGE)
			fail_msg("\"%s\" was opened", cases[i]);
	}
}

static void
rules(void **state)
{
	static const struct {
		const char *text;
		int year;
		int64_t begin, end; /* 0, 0: not well-formed */
	} cases[] = {
		/* 2024-03-31T01:00Z, 2024-10-27T01:00Z */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 2024, 1711846800, 1729990800 },
		/* 2024-03-10T07:00Z, 2024-11-03T06:00Z */
		{ "EST5EDT,M3.2.0,M11.1.0", 2024, 1710054000, 1730613600 },
		/* 2024-10-05T15:30Z, 2024-04-06T15:00Z: half an hour */
		{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2024, 1728142200, 1712415600 },
		/* March 21 and September 21 of a leap year: J79 is day 80 there */
		{ "<+0330>-3:30<+0430>,J80/0,J264/0", 2024, 1710966600, 1726860600 },
		{ "XXX0YYY,0/0,J365/24", 2023, 1672531200, 1704063600 },
		{ "CET-1CEST", 2024, 0, 0 },
		{ "CET-1CEST,M3.5.0", 2024, 0, 0 },
		{ "CET-1CEST,M13.5.0,M10.5.0", 2024, 0, 0 },
		{ "CET-1CEST,M3.6.0,M10.5.0", 2024, 0, 0 },
		{ "CET", 2024, 0, 0 },
		{ "C1", 2024, 0, 0 },
		{ "<+01-1", 2024, 0, 0 },
	};
	struct zone_rule rule;
	int64_t begin, end;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!cases[i].begin) {
			if (zone_rule_parse(slice_of(cases[i].text), &rule))
				fail_msg("%s was read", cases[i].text);
			continue;
		}
		if (!zone_rule_parse(slice_of(cases[i].text), &rule))
			fail_msg("%s was not read", cases[i].text);
		zone_rule_year(&rule, cases[i].year, &begin, &end);
		if (begin != cases[i].begin || end != cases[i].end)
			fail_msg("%s: %lld, %lld", cases[i].text, (long long)begin, (long long)end);
	}
	assert_true(zone_rule_parse(slice_of("<+0545>-5:45"), &rule));
	assert_false(rule.has_summer);
	assert_int_equal(rule.standard_s, 5 * 3600 + 45 * 60);
}

/* No byte of a file, cut off or flipped, is read beyond. */
static void
files_that_are_damaged(void **state)
{
	char *folder = scratch_new(), *path = scratch_path(folder, "Z"), bytes[8192];
	FILE *from = fopen("/usr/share/zoneinfo/Europe/Zurich", "rb"), *to;
	size_t len;
	(void)state;

	assert_non_null(from);
	len = fread(bytes, 1, sizeof(bytes), from);
	assert_int_equal(fclose(from), 0);
	assert_int_equal(setenv("TZDIR", folder, 1), 0);
	for (int n = 0; n < 500; n++) {
		size_t cut = n % 2 ? len : kit_random() % len, at = kit_random() % len;
		struct err err = ERR_INIT;
		struct zone *z;
		char old = bytes[at];

		if (n % 2)
			bytes[at] = (char)kit_random();
		to = fopen(path, "wb");
		assert_non_null(to);
		assert_int_equal(fwrite(bytes, 1, cut, to), cut);
		assert_int_equal(fclose(to), 0);
		z = zone_open("Z", &err);
		if (!z)
			assert_int_equal(err.class, ERR_USAGE);
		if (cut < len)
			assert_null(z);
		zone_free(z);
		bytes[at] = old;
	}
	assert_int_equal(unsetenv("TZDIR"), 0);
	free(path);
	scratch_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_those_of_the_c_library),
		cmocka_unit_test(eras_follow_each_other),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(rules),
		cmocka_unit_test(files_that_are_damaged),
	};

	return cmocka_run_group_tests_name("window_zone", tests, NULL, NULL);
}
