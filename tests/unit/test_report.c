/* SPDX-License-Identifier: MIT */
/* How far a run is in its input: what the source says, what is made of it, and of a file on standard input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "run/report.h"
#include "source/topic_state.h"
#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { NONE = -1 };

/* ---- what is made of it ---- */

static const struct {
	const char *topic;
	int64_t count_max;
	struct report_input input; /* records, passed, to_go */
	int64_t done, all;
} inputs[] = {
	/* no end */
	{ "t", 0, { 10, NONE, 90 }, NONE, NONE },
	/* offsets count, not records: of a compacted topic one in a hundred is one */
	{ "t", 0, { 10, 1000, 9000 }, 1000, 10000 },
	{ "t", 0, { 0, 0, 0 }, 0, 0 },
	{ "t", 0, { 100, 10000, 0 }, 10000, 10000 },
	/* how much there is is not known yet */
	{ "t", 0, { 10, 1000, NONE }, NONE, NONE },
	/* -c counts records */
	{ "t", 40, { 10, 1000, 9000 }, 10, 40 },
	{ "t", 40, { 10, NONE, NONE }, 10, 40 },
	{ NULL, 40, { 50, NONE, NONE }, 40, 40 },
};

static void
test_inputs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(inputs); i++) {
		const struct input_options o = { .topic = inputs[i].topic,
			.count_max = inputs[i].count_max };
		struct meter_numbers n = METER_NUMBERS_INIT;

		report_measure_input(&o, &inputs[i].input, &n);
		assert_int_equal(n.to_go, inputs[i].input.to_go);
		assert_int_equal(n.done, inputs[i].done);
		assert_int_equal(n.all, inputs[i].all);
		assert_false(n.is_position);
	}
}

/* ---- a file on standard input ---- */

static void
test_file(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "in");
	const struct input_options o = { .topic = NULL };
	const struct report_input none = { 0, NONE, NONE };
	struct meter_numbers n = METER_NUMBERS_INIT;
	int saved = dup(STDIN_FILENO), fd;

	(void)state;
	scratch_write(root, "in", "0123456789");
	fd = open(path, O_RDONLY);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	(void)close(fd);
	assert_int_equal(lseek(STDIN_FILENO, 4, SEEK_SET), 4);
	report_measure_input(&o, &none, &n);
	assert_int_equal(n.done, 4);
	assert_int_equal(n.all, 10);
	assert_true(n.is_position);
	/* it was cut short meanwhile */
	assert_int_equal(truncate(path, 3), 0);
	report_measure_input(&o, &none, &n);
	assert_int_equal(n.done, 3);
	assert_int_equal(n.all, 3);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
		(void)close(saved);
	}
	free(path);
	scratch_remove(root);
}

/* ---- what the source says ---- */

static void
test_offsets_passed(void **state)
{
	struct topic_partition partitions[] = { { .next = 100, .end = 200 },
		{ .next = 0, .end = TOPIC_NO_END, .has_timed_end = true } };
	struct source_topic s = { .partitions = partitions, .count = 2 };

	(void)state;
	/* nothing is assigned yet */
	assert_int_equal(topic_passed(&s.source), NONE);
	s.is_assigned = true;
	topic_advance(&s, &partitions[0], 101);
	/* over what is no record */
	topic_advance(&s, &partitions[0], 150);
	/* what was fetched twice */
	topic_advance(&s, &partitions[0], 120);
	topic_advance(&s, &partitions[1], 7);
	assert_int_equal(partitions[0].next, 150);
	/* e@TIME that is to come: where the second one ends nobody knows */
	assert_int_equal(topic_passed(&s.source), NONE);
	partitions[1].is_done = true;
	assert_int_equal(topic_passed(&s.source), 57);
	partitions[1].is_done = false;
	partitions[1].end = 9;
	assert_int_equal(topic_passed(&s.source), 57);
	/* those that have gone to another member count on */
	s.count = 0;
	assert_int_equal(topic_passed(&s.source), 57);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_offsets_passed),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
