/* SPDX-License-Identifier: MIT */
/* Pace and reorder horizon of s3-to-kafka, without files and without sleeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3-to-kafka/schedule.h"
#include "s3-to-kafka/reorder.h"

static void
pace_maps_event_time(void **state)
{
	struct schedule p;
	int64_t hour_ms = 3600 * 1000;

	(void)state;
	schedule_init(&p, 3600, 0);
	assert_int_equal(schedule_due_us(&p, 1000 * hour_ms, 5000000), 5000000);
	/* an hour of event time is a second */
	assert_int_equal(schedule_due_us(&p, 1001 * hour_ms, 5000001), 6000000);
	/* behind schedule: what was due stays due, nothing is skipped or moved */
	assert_int_equal(schedule_due_us(&p, 1002 * hour_ms, 99000000), 7000000);
	/* older than the first: at once */
	assert_int_equal(schedule_due_us(&p, 999 * hour_ms, 99000000), 99000000);
}

static void
pace_without_speedup_is_now(void **state)
{
	struct schedule p;

	(void)state;
	schedule_init(&p, 0, 0);
	assert_int_equal(schedule_due_us(&p, 0, 10), 10);
	assert_int_equal(schedule_due_us(&p, INT64_MAX, 20), 20);
}

static void
pace_does_not_overflow(void **state)
{
	struct schedule p;

	(void)state;
	schedule_init(&p, 1e-9, 0);
	assert_int_equal(schedule_due_us(&p, -62135596800000, 1), 1);
	assert_int_equal(schedule_due_us(&p, 253402300799999, 2), INT64_MAX / 2);
}

static void
put(struct reorder *r, int64_t time_ms, int64_t sequence)
{
	struct err err = ERR_INIT;
	char text[32];
	struct reorder_item item = { .time_ms = time_ms, .sequence = sequence, .has_key = true };

	(void)snprintf(text, sizeof(text), "%d/%d", (int)time_ms, (int)sequence);
	item.key = slice_of("k");
	item.value = slice_of(text);
	assert_int_equal(reorder_put(r, &item, &err), 0);
}

/* Input smaller than the horizon, and the end: everything leaves, sorted and stable. */
static void
reorder_gives_all_of_small_input(void **state)
{
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(1000, 1 << 20, &err);
	static const char *const expected[] = { "1/1", "2/2", "2/3", "5/0" };
	struct reorder_item item;

	(void)state;
	put(r, 5, 0);
	put(r, 1, 1);
	put(r, 2, 2);
	put(r, 2, 3);
	assert_false(reorder_is_full(r));
	for (size_t i = 0; i < 4; i++) {
		assert_true(reorder_take(r, &item));
		assert_true(slice_is(item.value, expected[i]));
		assert_true(slice_is(item.key, "k"));
	}
	assert_false(reorder_take(r, &item));
	reorder_free(r);
}

/* Disorder within the horizon disappears; random input against a sort of the whole. */
static void
reorder_sorts_within_the_horizon(void **state)
{
	enum { COUNT = 20000, HORIZON = 100 };
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(HORIZON, 1 << 20, &err);
	struct reorder_item item;
	int64_t last_time = -1, last_sequence = -1, taken = 0;
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		put(r, i / 2 + (int)(seed >> 16) % (HORIZON / 2), i);
		while (i < COUNT - 1 ? reorder_is_full(r) : reorder_count(r) > 0) {
			assert_true(reorder_take(r, &item));
			assert_true(item.time_ms > last_time ||
			    (item.time_ms == last_time && item.sequence > last_sequence));
			last_time = item.time_ms;
			last_sequence = item.sequence;
			taken++;
		}
	}
	assert_int_equal(taken, COUNT);
	reorder_free(r);
}

static void
reorder_is_bounded_in_bytes(void **state)
{
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(1000000, 1000, &err);
	struct reorder_item item;
	char big[5000] = "x";

	(void)state;
	item = (struct reorder_item){ .value = slice_make(big, sizeof(big)) };
	assert_int_equal(reorder_put(r, &item, &err), 0);
	assert_false(reorder_is_full(r)); /* one is kept whatever its size */
	put(r, 1, 1);
	assert_true(reorder_is_full(r));
	reorder_free(r); /* with records in it */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_maps_event_time),
		cmocka_unit_test(pace_without_speedup_is_now),
		cmocka_unit_test(pace_does_not_overflow),
		cmocka_unit_test(reorder_gives_all_of_small_input),
		cmocka_unit_test(reorder_sorts_within_the_horizon),
		cmocka_unit_test(reorder_is_bounded_in_bytes),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
