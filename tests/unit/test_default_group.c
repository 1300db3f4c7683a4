/* SPDX-License-Identifier: MIT */
/* Groups that nobody named: readable, and one for each target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/input.h"

static const char *
group_of(const char *target, char text[static INPUT_GROUP_BYTES_MAX + 1])
{
	static const struct tool tool = { .name = "kafka-to-s3" };
	struct job job = { .tool = &tool };
	struct input_options options = INPUT_OPTIONS_INIT;
	struct input_needs needs = { .target = target };

	options.topic = "trips";
	return input_group(&options, &job, &needs, text);
}

static void
plain_targets_are_readable(void **state)
{
	char text[INPUT_GROUP_BYTES_MAX + 1];

	(void)state;
	assert_string_equal(group_of("lake", text), "sluice.kafka-to-s3.trips.lake");
	assert_string_equal(group_of("a_b.c-d", text), "sluice.kafka-to-s3.trips.a_b.c-d");
	assert_string_equal(group_of(NULL, text), "sluice.kafka-to-s3.trips");
}

/* Two lakes that shared a group would each get some of the partitions. */
static void
targets_that_look_alike_are_told_apart(void **state)
{
	static const char begin[] = "sluice.kafka-to-s3.trips.s3---b-a-b-";
	char one[INPUT_GROUP_BYTES_MAX + 1], other[INPUT_GROUP_BYTES_MAX + 1];

	(void)state;
	(void)group_of("s3://b/a-b", one);
	(void)group_of("s3://b/a/b", other);
	assert_int_equal(strlen(one), strlen(begin) + 8);
	assert_memory_equal(one, begin, strlen(begin));
	assert_memory_equal(other, begin, strlen(begin));
	assert_string_not_equal(one, other);
}

static void
long_targets_are_told_apart(void **state)
{
	char one[INPUT_GROUP_BYTES_MAX + 1], other[INPUT_GROUP_BYTES_MAX + 1], target[400];

	(void)state;
	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	(void)group_of(target, one);
	target[sizeof(target) - 2] = 'y';
	(void)group_of(target, other);
	assert_int_equal(strlen(one), INPUT_GROUP_BYTES_MAX);
	assert_int_equal(strlen(other), INPUT_GROUP_BYTES_MAX);
	assert_string_not_equal(one, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_targets_are_readable),
		cmocka_unit_test(targets_that_look_alike_are_told_apart),
		cmocka_unit_test(long_targets_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
