/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/record.h"

static const struct place_case {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *origin;
	int64_t line;
	const char *expected;
} place_cases[] = {
	{ "topic", 3, 991, NULL, 0, "topic[3]@991" },
	{ "t", 0, INT64_MAX, NULL, 0, "t[0]@9223372036854775807" },
	{ "t", INT32_MIN, INT64_MIN, NULL, 0, "t[-2147483648]@-9223372036854775808" },
	{ NULL, 0, 16, NULL, 0, "?[0]@16" },
	{ NULL, 0, 16, "file.json", 17, "file.json:17" },
	{ "envelope", 3, 991, "stdin", 1, "stdin:1" },
	{ NULL, 0, 0, "a\nb\x7f\x1b[1m", 2, "a?b??[1m:2" },
	{ "caf\xc3\xa9", 0, 0, NULL, 0, "caf\xc3\xa9[0]@0" },
};

static void
test_place(void **state)
{
	char place[RECORD_PLACE_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(place_cases) / sizeof(*place_cases); i++) {
		const struct place_case *c = &place_cases[i];
		struct record record = { .topic = slice_of(c->topic),
			.partition = c->partition,
			.offset = c->offset,
			.origin = slice_of(c->origin),
			.line = c->line };

		record_place(&record, place);
		assert_string_equal(place, c->expected);
	}
}

static void
test_long_name_keeps_its_end(void **state)
{
	char name[2000], place[RECORD_PLACE_BYTES];
	struct record record = { .origin = { name, sizeof(name) }, .line = INT64_MAX };
	size_t len;

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 4, "last", 4);
	record_place(&record, place);
	len = strlen(place);
	assert_true(len < sizeof(place));
	assert_memory_equal(place, "...a", 4);
	assert_string_equal(place + len - 24, "last:9223372036854775807");
}

static void
test_reject(void **state)
{
	struct record record = { .topic = slice_of("trips"), .offset = 17 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(record_reject(&record, 12, "control character in a string", &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "trips[0]@17: byte 12: control character in a string");
	assert_int_equal(record_reject(&record, 0, "100%s", &err), -1);
	assert_string_equal(err.text, "trips[0]@17: byte 0: 100%s");
	assert_int_equal(record_reject(&record, -1, "too long", &err), -1);
	assert_string_equal(err.text, "trips[0]@17: too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_long_name_keeps_its_end),
		cmocka_unit_test(test_reject),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
