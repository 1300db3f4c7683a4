/* SPDX-License-Identifier: MIT */
/* Lanes and their pace, case by case; test_pump_sim has them all at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/lanes.h"
#include "flow/pace.h"

static struct lanes_options
usual_options(void)
{
	return (struct lanes_options){ .lane_count = 4, .memory_bytes = 1 << 20,
		.batch_count_max = 8, .batch_bytes_max = 10000, .linger_ms = 100,
		.ahead_max = 1000, .seed = 1 };
}

static struct lanes *
make_lanes(const struct lanes_options *options)
{
	struct err err = ERR_INIT;
	struct lanes *l = lanes_new(options, &err);

	assert_non_null(l);
	assert_int_equal(lanes_assign(l, 0, 1, 0, &err), 0);
	return l;
}

static void
put_sized(struct lanes *l, int64_t sequence, uint64_t number, size_t bytes, int64_t now_ms)
{
	struct record record = { .position = { 0, 1, sequence }, .offset = sequence,
		.value = slice_of("{}"), .has_value = true };
	struct service_staged staged = { .lane = number, .bytes = bytes };
	struct err err = ERR_INIT;

	assert_int_equal(lanes_put(l, &record, &staged, now_ms, &err), 0);
}

static void
put(struct lanes *l, int64_t sequence, uint64_t number, int64_t now_ms)
{
	put_sized(l, sequence, number, 100, now_ms);
}

/* "3 4 5": offsets that the next request of the lane may hold. */
static const char *
offered(struct lane *lane)
{
	static char text[256];
	const struct service_item *const *items;
	size_t count = lane_items(lane, &items), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%lld", i ? " " : "",
		    (long long)items[i]->record.offset);
	return text;
}

static struct lane *
next_at(struct lanes *l, int64_t now_ms)
{
	int64_t due_ms;

	return lanes_next(l, now_ms, false, &due_ms);
}

static int
note_refused(void *context, const struct service_item *item, const char *reason, struct err *err)
{
	char *text = context;
	size_t len = strlen(text);

	(void)snprintf(text + len, 256 - len, "%lld:%s;", (long long)item->record.offset, reason);
	return strcmp(reason, "fatal") ? 0 : err_set(err, ERR_DATA, "fatal");
}

/* Letters of fates: d r t x (refused) f (refused, and that fails). */
static int
settle(struct lane *lane, const char *fates, int64_t now_ms, char refused[256])
{
	struct service_verdict verdicts[16] = { { .fate = SERVICE_DONE } };
	struct lanes_events events = { .context = refused, .refused = note_refused };
	struct err err = ERR_INIT;

	for (size_t i = 0; fates[i]; i++) {
		verdicts[i].fate = fates[i] == 'd'   ? SERVICE_DONE
		                   : fates[i] == 'r' ? SERVICE_RETRY
		                   : fates[i] == 't' ? SERVICE_THROTTLED
						     : SERVICE_REFUSED;
		(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason), "%s",
		    fates[i] == 'f' ? "fatal" : "bad");
	}
	refused[0] = '\0';
	return lane_settle(lane, verdicts, now_ms, &events, &err);
}

static void
test_a_batch_waits_to_be_full(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lane *lane;
	int64_t due_ms;

	(void)state;
	put(l, 0, 2, 1000);
	put(l, 1, 2, 1050);
	assert_null(lanes_next(l, 1099, false, &due_ms));
	assert_int_equal(due_ms, 1100);
	assert_non_null(lanes_next(l, 1099, true, &due_ms));
	lane = next_at(l, 1100);
	assert_string_equal(offered(lane), "0 1");
	lane_sent(lane, 2);
	/* one request in flight at most */
	for (int64_t i = 2; i < 20; i++)
		put(l, i, 2, 1100);
	assert_null(lanes_next(l, 9000, true, &due_ms));
	assert_int_equal(due_ms, CLOCK_NEVER);
	lanes_free(l);
}

static void
test_a_full_batch_goes_at_once(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);

	(void)state;
	for (int64_t i = 0; i < 9; i++) {
		assert_null(i < 8 ? next_at(l, 1000) : NULL);
		put(l, i, 2, 1000);
	}
	assert_string_equal(offered(next_at(l, 1000)), "0 1 2 3 4 5 6 7");
	/* by bytes too; the next one would be too many */
	put_sized(l, 9, 3, 6000, 1000);
	put_sized(l, 10, 3, 6000, 1000);
	assert_int_equal(lane_number(next_at(l, 1000)), 3);
	assert_string_equal(offered(next_at(l, 1000)), "0 1 2 3 4 5 6 7");
	assert_string_equal(offered(next_at(l, 1000)), "9");
	lanes_free(l);
}

static void
test_what_is_left_stays_at_the_head(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lane *lane;
	char refused[256];
	int64_t due_ms;

	(void)state;
	for (int64_t i = 0; i < 10; i++)
		put(l, i, 1, 0);
	lane = next_at(l, 0);
	lane_sent(lane, 6);
	assert_int_equal(settle(lane, "drdxrd", 1000, refused), 0);
	assert_string_equal(refused, "3:bad;");
	assert_string_equal(offered(lane), "1 4 6 7 8 9");
	assert_int_equal(frontier_get(lanes_frontier(l), 0), 1);
	/* jitter below 50 ms, and no waiting for more */
	assert_true(!lanes_next(l, 999, false, &due_ms) && due_ms >= 1000 && due_ms <= 1050);
	assert_ptr_equal(next_at(l, 1050), lane);
	lane_sent(lane, 6);
	assert_int_equal(settle(lane, "dddddd", 1100, refused), 0);
	assert_int_equal(frontier_get(lanes_frontier(l), 0), 3);
	assert_int_equal(lanes_done(l, (struct position){ 0, 1, 3 }, NULL), 0);
	assert_int_equal(frontier_get(lanes_frontier(l), 0), 10);
	lanes_free(l);
}

/* A record of stream 1. */
static void
put_aside(struct lanes *l, int64_t sequence, uint64_t number)
{
	struct record record = { .position = { 1, 1, sequence }, .offset = 100 + sequence };
	struct service_staged staged = { .lane = number, .bytes = 100 };
	struct err err = ERR_INIT;

	assert_int_equal(lanes_put(l, &record, &staged, 0, &err), 0);
}

/* What was in flight behind it counts where it was taken, and is not sent again where it was not. */
static void
test_a_refusal_that_fails_ends_its_stream(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lanes_counts counts;
	struct lane *one, *two;
	char refused[256];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lanes_assign(l, 1, 1, 0, &err), 0);
	for (int64_t i = 0; i < 6; i++)
		put(l, i, 1, 0);
	put_aside(l, 0, 1);
	put(l, 6, 2, 0);
	put(l, 7, 2, 0);
	one = next_at(l, 100);
	lane_sent(one, 5);
	two = next_at(l, 100);
	lane_sent(two, 1);
	assert_int_equal(settle(one, "drfdx", 100, refused), -1);
	assert_string_equal(refused, "2:fatal;");
	/* what precedes it, and another stream */
	assert_string_equal(offered(one), "1 100");
	assert_int_equal(settle(two, "r", 100, refused), 0);
	assert_string_equal(offered(two), "");
	put(l, 8, 3, 100); /* comes too late */
	lanes_counts(l, &counts);
	assert_int_equal(counts.waiting, 2);
	one = next_at(l, 1000);
	lane_sent(one, 2);
	assert_int_equal(settle(one, "dd", 1000, refused), 0);
	assert_null(next_at(l, 9000));
	lanes_counts(l, &counts);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.delivered, 4);
	assert_int_equal(frontier_get(lanes_frontier(l), 0), 2);
	assert_int_equal(frontier_get(lanes_frontier(l), 1), 1);
	/* under another term all is new */
	assert_int_equal(lanes_assign(l, 0, 2, 2, &err), 0);
	assert_int_equal(lanes_put(l, &(struct record){ .position = { 0, 2, 2 }, .offset = 2 },
			     &(struct service_staged){ .lane = 1 }, 0, &err), 0);
	assert_string_equal(offered(next_at(l, 9000)), "2");
	lanes_free(l);
}

static void
test_the_first_of_two_refusals_that_fail_counts(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lane *one, *two;
	char refused[256];

	(void)state;
	put(l, 0, 1, 0);
	put(l, 1, 2, 0);
	put(l, 2, 1, 0);
	put(l, 3, 2, 0);
	one = next_at(l, 100);
	lane_sent(one, 1);
	two = next_at(l, 100);
	lane_sent(two, 2);
	assert_int_equal(settle(two, "rf", 100, refused), -1);
	assert_string_equal(offered(two), "1");
	assert_string_equal(offered(one), "0 2");
	assert_int_equal(settle(one, "f", 100, refused), -1);
	assert_string_equal(offered(one), "");
	assert_string_equal(offered(two), "");
	/* nor does no answer bring back what is behind it */
	lanes_free(l);
	l = make_lanes(&options);
	put(l, 0, 1, 0);
	put(l, 1, 2, 0);
	one = next_at(l, 100);
	lane_sent(one, 1);
	two = next_at(l, 100);
	lane_sent(two, 1);
	assert_int_equal(settle(one, "f", 100, refused), -1);
	lane_again(two, false, 0, 100);
	assert_null(next_at(l, 9000));
	lanes_free(l);
}

/* Only SERVICE_RETRY is a retry: not throttling, not a request without an answer, not halves. */
static void
test_retries(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	const struct service_item *const *items;
	struct lane *lane;
	char refused[256];

	(void)state;
	put(l, 0, 1, 0);
	put(l, 1, 1, 0);
	lane = next_at(l, 100);
	lane_sent(lane, 2);
	lane_again(lane, false, 0, 100);
	lane_sent(lane, 2);
	assert_true(lane_split(lane, true));
	lane_sent(lane, 2);
	assert_int_equal(settle(lane, "tr", 100, refused), 0);
	lane_sent(lane, 2);
	assert_int_equal(settle(lane, "tr", 100, refused), 0);
	lane_sent(lane, 2);
	assert_int_equal(lane_in_flight(lane, &items), 2);
	assert_int_equal(items[0]->retries, 0);
	assert_int_equal(items[1]->retries, 2);
	assert_int_equal(items[0]->attempts, 4);
	lanes_free(l);
}

/* Where one of them is at fault the others' size is not. */
static void
test_halves_of_a_search(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lane *lane;
	char refused[256];

	(void)state;
	for (int64_t i = 0; i < 12; i++)
		put(l, i, 1, 0);
	lane = next_at(l, 0);
	lane_sent(lane, 8);
	assert_true(lane_split(lane, false));
	for (int64_t i = 0; i < 2; i++) {
		lane_sent(lane, 4);
		assert_int_equal(settle(lane, "dddd", 0, refused), 0);
	}
	assert_string_equal(offered(lane), "8 9 10 11");
	lanes_free(l);
}

static void
test_halves(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lane *lane;
	char refused[256];

	(void)state;
	for (int64_t i = 0; i < 12; i++)
		put(l, i, 1, 0);
	lane = next_at(l, 0);
	lane_sent(lane, 8);
	assert_true(lane_split(lane, true));
	assert_ptr_equal(next_at(l, 0), lane);
	assert_string_equal(offered(lane), "0 1 2 3");
	lane_sent(lane, 4);
	assert_true(lane_split(lane, true));
	assert_string_equal(offered(lane), "0 1");
	lane_sent(lane, 2);
	assert_int_equal(settle(lane, "dd", 0, refused), 0);
	assert_string_equal(offered(lane), "2 3");
	lane_sent(lane, 1);
	assert_false(lane_split(lane, true));
	assert_int_equal(settle(lane, "x", 0, refused), 0);
	for (int64_t i = 3; i < 7; i++) {
		lane_sent(lane, 1);
		assert_int_equal(settle(lane, "d", 0, refused), 0);
	}
	assert_string_equal(offered(lane), "7 8");
	lane_sent(lane, 2);
	assert_int_equal(settle(lane, "dd", 0, refused), 0);
	/* those that came in the large request are through; half of the bytes of four is what may
	 * be */
	assert_string_equal(offered(lane), "9 10");
	for (int64_t i = 12; i < 22; i++)
		put_sized(l, i, 2, 20, 0);
	lane = next_at(l, 0);
	assert_int_equal(lane_number(lane), 2);
	assert_string_equal(offered(lane), "12 13 14 15 16 17 18 19");
	lanes_free(l);
}

static void
test_revoked_in_flight(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l = make_lanes(&options);
	struct lanes_counts counts;
	struct err err = ERR_INIT;
	struct lane *lane;
	char refused[256];
	struct record again = { .position = { 0, 2, 0 }, .offset = 100, .has_value = true };
	struct service_staged staged = { .lane = 1, .bytes = 1 };

	(void)state;
	for (int64_t i = 0; i < 6; i++)
		put(l, i, 1, 0);
	lane = next_at(l, 100);
	lane_sent(lane, 4);
	lanes_revoke(l, 0);
	lanes_counts(l, &counts);
	assert_int_equal(counts.waiting, 4);
	assert_int_equal(counts.dropped, 6);
	assert_int_equal(lanes_assign(l, 0, 2, 0, &err), 0);
	assert_int_equal(lanes_put(l, &again, &staged, 0, &err), 0);
	assert_null(next_at(l, 9000)); /* what went out under the old term comes first */
	assert_int_equal(settle(lane, "dxrt", 9000, refused), 0);
	assert_string_equal(refused, "");
	lanes_counts(l, &counts);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(frontier_get(lanes_frontier(l), 0), 0);
	assert_string_equal(offered(lane), "100");
	lanes_free(l);
}

static void
test_room_and_ahead(void **state)
{
	struct lanes_options options = usual_options();
	struct lanes *l;
	struct lane *lane;
	struct lanes_counts counts;
	char refused[256];
	int64_t due_ms;

	(void)state;
	options.memory_bytes = 8192;
	options.ahead_max = 3;
	l = make_lanes(&options);
	put(l, 0, 1, 0);
	put(l, 1, 2, 0);
	assert_false(lanes_is_ahead(l, 0));
	put(l, 7, 3, 0);
	assert_true(lanes_is_ahead(l, 0));
	assert_false(lanes_has_room(l)); /* three slabs of 4 KiB */
	lane = lanes_next(l, 0, false, &due_ms); /* no batch gets fuller */
	assert_int_equal(lane_number(lane), 1);
	lane_sent(lane, 1);
	assert_int_equal(settle(lane, "d", 0, refused), 0);
	assert_true(lanes_is_ahead(l, 0));
	lane = lanes_next(l, 100, false, &due_ms);
	assert_int_equal(lane_number(lane), 2);
	lane_sent(lane, 1);
	assert_int_equal(settle(lane, "d", 0, refused), 0);
	assert_false(lanes_is_ahead(l, 0));
	assert_true(lanes_has_room(l));
	lanes_counts(l, &counts);
	assert_int_equal(counts.bytes, 4096);
	lanes_free(l);
}

static void
test_throttling_slows_all_down(void **state)
{
	struct pace p = { .connections_max = 8, .batch_max = 100 };
	int64_t first, second;

	(void)state;
	pace_start(&p);
	first = pace_send(&p);
	second = pace_send(&p);
	pace_throttled(&p, first);
	assert_int_equal(pace_connections(&p), 4);
	assert_int_equal(pace_batch(&p), 75);
	pace_throttled(&p, second); /* was out already */
	assert_int_equal(pace_connections(&p), 4);
	for (int i = 0; i < 50; i++)
		pace_throttled(&p, pace_send(&p));
	assert_int_equal(pace_connections(&p), 1);
	assert_int_equal(pace_batch(&p), 1);
	for (int i = 0; i < 40; i++)
		pace_succeeded(&p);
	assert_int_equal(pace_connections(&p), 8);
	assert_int_equal(pace_batch(&p), 100);
}

static void
test_delays(void **state)
{
	static const struct {
		unsigned failures;
		bool is_throttled;
		int64_t max_ms;
	} cases[] = {
		{ 1, false, 50 }, { 2, false, 100 }, { 5, false, 800 }, { 20, false, 20000 },
		{ 4000000, false, 20000 }, { 1, true, 500 }, { 3, true, 2000 }, { 9, true, 20000 },
	};
	struct pace p = { .connections_max = 1, .batch_max = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t least = INT64_MAX, most = 0;

		for (int n = 0; n < 1000; n++) {
			int64_t ms = pace_delay_ms(&p, cases[i].failures, cases[i].is_throttled, 0);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_true(least >= 0 && least <= cases[i].max_ms / 10);
		assert_true(most <= cases[i].max_ms && most >= cases[i].max_ms * 9 / 10);
	}
	assert_true(pace_delay_ms(&p, 1, false, 3000) == 3000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_waits_to_be_full),
		cmocka_unit_test(test_a_full_batch_goes_at_once),
		cmocka_unit_test(test_what_is_left_stays_at_the_head),
		cmocka_unit_test(test_a_refusal_that_fails_ends_its_stream),
		cmocka_unit_test(test_the_first_of_two_refusals_that_fail_counts),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_halves_of_a_search),
		cmocka_unit_test(test_revoked_in_flight),
		cmocka_unit_test(test_room_and_ahead),
		cmocka_unit_test(test_throttling_slows_all_down),
		cmocka_unit_test(test_delays),
	};

	return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
