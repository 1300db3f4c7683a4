/* SPDX-License-Identifier: MIT */
/* Keys of groups: what is one group, in which order, and which bytes are no key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/groupkey.h"
#include "window_kit.h"

static void
one_spelling(void **state)
{
	static const struct {
		const char *json;
		const char *key;
	} cases[] = {
		{ "null", "null\n" },
		{ "true", "true\n" },
		{ "false", "false\n" },
		{ "2", "2\n" },
		{ "2.0", "2\n" },
		{ "2.000e0", "2\n" },
		{ "0.2e1", "2\n" },
		{ "20e-1", "2\n" },
		{ "-2.50", "-2.5\n" },
		{ "0", "0\n" },
		{ "-0", "0\n" },
		{ "-0.0", "0\n" },
		{ "0e5", "0\n" },
		{ "0.000e-7", "0\n" },
		{ "100", "100\n" },
		{ "1e2", "100\n" },
		{ "1E+2", "100\n" },
		{ "0.001", "0.001\n" },
		{ "1e-3", "0.001\n" },
		{ "10.010", "10.01\n" },
		{ "12345678901234567890123456789012345678901234567890",
		    "12345678901234567890123456789012345678901234567890\n" },
		{ "1e40", "10000000000000000000000000000000000000000\n" },
		{ "1e60", "1e60\n" },
		{ "1000000000000000000000000000000000000000000000000000000000000", "1e60\n" },
		{ "1.5e60", "1.5e60\n" },
		{ "1e-60", "1e-60\n" },
		{ "12e-60", "1.2e-59\n" },
		{ "1e400", "1e400\n" },
		{ "\"\"", "\"\"\n" },
		{ "\"a\"", "\"a\"\n" },
		{ "\"\\u0061\"", "\"a\"\n" },
		{ "\"\\/\"", "\"/\"\n" },
		{ "\"2\"", "\"2\"\n" },
		{ "\"a\\nb\"", "\"a\\nb\"\n" },
		{ "\"a\\u000ab\"", "\"a\\nb\"\n" },
		{ "\"\\u00e9\"", "\"\xc3\xa9\"\n" },
		{ "\"\xc3\xa9\"", "\"\xc3\xa9\"\n" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"\n" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice key = kit_key(cases[i].json);

		if (!slice_is(key, cases[i].key))
			fail_msg("%s gave %.*s", cases[i].json, SLICE_ARGS(key));
		if (!groupkey_is_valid(key, 1))
			fail_msg("%s: its own key is not valid", cases[i].json);
	}
}

static void
missing_is_null(void **state)
{
	const struct json_value missing = { .type = JSON_TYPE_MISSING };
	struct buf key = BUF_INIT(100);
	struct err err = ERR_INIT;
	const char *reason;
	(void)state;

	assert_int_equal(groupkey_append(&key, &missing, &reason, &err), 0);
	assert_string_equal(key.data, "null\n");
	buf_release(&key);
}

static void
refused(void **state)
{
	static const struct {
		const char *json;
		const char *reason;
	} cases[] = {
		{ "[1]", "is an array, not a single value" },
		{ "{}", "is an object, not a single value" },
		{ "1e99999999999999999999", "a number out of range" },
		{ "\"\\ud800\"", "has a lone surrogate, which UTF-8 has not" },
		{ "\"a\\udc00\\ud800\"", "has a lone surrogate, which UTF-8 has not" },
		{ "1.5e-99999999999999999999", "a number out of range" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_value v = kit_value(cases[i].json);
		struct buf key = BUF_INIT(100);
		struct err err = ERR_INIT;
		const char *reason = NULL;

		assert_int_equal(groupkey_append(&key, &v, &reason, &err), -1);
		assert_string_equal(reason, cases[i].reason);
		buf_release(&key);
	}
}

static void
order(void **state)
{
	static const char *const sorted[] = { "null", "false", "true", "-1e50", "-1e18",
		"-999999999999999999.5", "-999999999999999999", "-10", "-9.5", "-9", "-0.1",
		"-1e-50", "0", "1e-50", "0.01", "0.1", "1", "9", "9.5", "10", "10.5", "99", "100",
		"999999999999999999", "999999999999999999.5", "1000000000000000000",
		"1000000000000000001", "1e45", "\"\"", "\"\\u0000\"", "\"\\u0001\"", "\"\\u000f\"",
		"\"\\u0010\"", "\" \"", "\"\\\"\"", "\"[\"", "\"\\\\\"", "\"\\\\t\"", "\"]\"",
		"\"a\"", "\"a\\u0007\"", "\"a\\b\"", "\"a\\t\"", "\"a\\tb\"", "\"a\\n\"",
		"\"a\\f\"", "\"a\\r\"", "\"a b\"", "\"a!\"", "\"a\\\"b\"", "\"a#b\"",
		"\"aa\"",
		"\"abcdef\\\\\"", "\"abcdef\\\\a\"", "\"abcdef\\\\b\"", "\"abcdefg\"",
		"\"abcdefga\"", "\"abcdefgb\"", "\"b\"", "\"\xc3\xa9\"" };
	enum { COUNT = sizeof(sorted) / sizeof(*sorted) };
	char keys[COUNT][64];
	(void)state;

	for (size_t i = 0; i < COUNT; i++)
		(void)snprintf(keys[i], sizeof(keys[i]), "%.*s", SLICE_ARGS(kit_key(sorted[i])));
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < COUNT; j++) {
			int found = groupkey_compare(slice_of(keys[i]), slice_of(keys[j]));

			if ((i < j) != (found < 0) || (i > j) != (found > 0))
				fail_msg("%s and %s: %d", sorted[i], sorted[j], found);
			if (i < j &&
			    groupkey_prefix(slice_of(keys[i])) > groupkey_prefix(slice_of(keys[j])))
				fail_msg(
				    "the prefix of %s is above that of %s", sorted[i], sorted[j]);
		}
	}
}

static void
order_of_several_values(void **state)
{
	(void)state;

	assert_true(groupkey_compare(slice_of("1\n\"b\"\n"), slice_of("2\n\"a\"\n")) < 0);
	assert_true(groupkey_compare(slice_of("2\n\"a\"\n"), slice_of("2\n\"b\"\n")) < 0);
	assert_true(groupkey_compare(slice_of("2\n\"a\"\n"), slice_of("10\n\"a\"\n")) < 0);
	assert_int_equal(groupkey_compare(slice_of("2\nnull\n"), slice_of("2\nnull\n")), 0);
	assert_int_equal(groupkey_compare(slice_of(""), slice_of("")), 0);
}

static void
bytes_that_are_no_key(void **state)
{
	static const struct {
		const char *bytes;
		unsigned values;
		bool is_valid;
	} cases[] = {
		{ "", 0, true },
		{ "1\n", 1, true },
		{ "1\n\"a\"\nnull\n", 3, true },
		{ "", 1, false },
		{ "1\n", 0, false },
		{ "1\n", 2, false },
		{ "1", 1, false },
		{ "\n", 1, false },
		{ "01\n", 1, false },
		{ "1.0\n", 1, false },
		{ "1e2\n", 1, false },
		{ "-0\n", 1, false },
		{ "12abc\n", 1, false },
		{ "-\n", 1, false },
		{ "1.5e\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\n", 1,
		    false },
		{ "nul\n", 1, false },
		{ "\"\n", 1, false },
		{ "\"a\n", 1, false },
		{ "\"\\u0061\"\n", 1, false },
		{ "\"\\\"\n", 1, false },
		{ "\"\xff\"\n", 1, false },
		{ "[1]\n", 1, false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (groupkey_is_valid(slice_of(cases[i].bytes), cases[i].values) !=
		    cases[i].is_valid)
			fail_msg("case %zu: %s", i, cases[i].bytes);
	}
}

/* One value in two random spellings is one group; two values are two. */
static void
random_spellings(void **state)
{
	char plain[64], shifted[64], keys[2][64];
	(void)state;

	for (int round = 0; round < 20000; round++) {
		long long digits = (long long)(kit_random() % 2000001) - 1000000;
		int places = (int)(kit_random() % 13) - 6, zeros = (int)(kit_random() % 4);

		(void)snprintf(plain, sizeof(plain), "%llde%d", digits, places);
		(void)snprintf(shifted, sizeof(shifted), "%lld%.*s.%.*se%d", digits, zeros, "0000",
		    1 + zeros, "0000", places - zeros);
		(void)snprintf(keys[0], 64, "%.*s", SLICE_ARGS(kit_key(plain)));
		(void)snprintf(keys[1], 64, "%.*s", SLICE_ARGS(kit_key(shifted)));
		if (strcmp(keys[0], keys[1]) != 0)
			fail_msg("%s and %s: %s and %s", plain, shifted, keys[0], keys[1]);
		(void)snprintf(shifted, sizeof(shifted), "%llde%d", digits + 1, places);
		if (groupkey_compare(slice_of(keys[0]), kit_key(shifted)) >= 0)
			fail_msg("%s is not before %s", plain, shifted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_spelling),
		cmocka_unit_test(missing_is_null),
		cmocka_unit_test(refused),
		cmocka_unit_test(order),
		cmocka_unit_test(order_of_several_values),
		cmocka_unit_test(bytes_that_are_no_key),
		cmocka_unit_test(random_spellings),
	};

	return cmocka_run_group_tests_name("window_key", tests, NULL, NULL);
}
