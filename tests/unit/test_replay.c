/* SPDX-License-Identifier: MIT */
/* Schedule, reorder horizon and outlet of s3-to-kafka, without files and without sleeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3-to-kafka/flight.h"
#include "s3-to-kafka/outlet.h"
#include "s3-to-kafka/reorder.h"
#include "s3-to-kafka/schedule.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
schedule_maps_event_time(void **state)
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
schedule_without_speedup_is_now(void **state)
{
	struct schedule p;

	(void)state;
	schedule_init(&p, 0, 0);
	assert_int_equal(schedule_due_us(&p, 0, 10), 10);
	assert_int_equal(schedule_due_us(&p, INT64_MAX, 20), 20);
}

static void
schedule_does_not_overflow(void **state)
{
	struct schedule p;

	(void)state;
	schedule_init(&p, 1e-9, 0);
	assert_int_equal(schedule_due_us(&p, -62135596800000, 1), 1);
	assert_int_equal(schedule_due_us(&p, 253402300799999, 2), INT64_MAX / 2);
}

static void
schedule_at_a_rate(void **state)
{
	struct schedule s;

	(void)state;
	schedule_init(&s, 0, 4);
	assert_true(schedule_is_paced(&s));
	/* event times do not count */
	assert_int_equal(schedule_due_us(&s, 5, 1000), 1000);
	assert_int_equal(schedule_due_us(&s, 1, 1001), 251000);
	assert_int_equal(schedule_due_us(&s, RECORD_NO_TIME, 9000000), 501000);
	schedule_restart(&s);
	assert_int_equal(schedule_due_us(&s, 5, 7000), 7000);
	assert_int_equal(schedule_due_us(&s, 5, 7000), 257000);
}

static void
schedule_starts_anew(void **state)
{
	struct schedule s;

	(void)state;
	schedule_init(&s, 1, 0);
	assert_int_equal(schedule_due_us(&s, 1000, 50), 50);
	assert_int_equal(schedule_due_us(&s, 1001, 50), 1050);
	schedule_restart(&s);
	assert_int_equal(schedule_due_us(&s, 1000, 9000), 9000);
	assert_int_equal(schedule_due_us(&s, 1002, 9000), 11000);
}

static void
spans_judge_event_times(void **state)
{
	static const struct {
		struct schedule_span span;
		int64_t event_ms;
		enum schedule_verdict want;
	} cases[] = {
		{ { false, false, 0, 0 }, 5, SCHEDULE_WITHIN },
		{ { false, false, 0, 0 }, RECORD_NO_TIME, SCHEDULE_WITHIN },
		{ { true, false, 5, 0 }, 4, SCHEDULE_BEFORE },
		{ { true, false, 5, 0 }, 5, SCHEDULE_WITHIN },
		{ { false, true, 0, 5 }, 4, SCHEDULE_WITHIN },
		{ { false, true, 0, 5 }, 5, SCHEDULE_BEHIND },
		{ { true, true, 5, 7 }, 7, SCHEDULE_BEHIND },
		{ { true, true, 5, 7 }, 6, SCHEDULE_WITHIN },
		{ { true, true, -5, 7 }, -6, SCHEDULE_BEFORE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(schedule_judge(&cases[i].span, cases[i].event_ms), cases[i].want);
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

/* What comes below the highest that has left leaves at once, so that all that waits is above it. */
static void
reorder_lets_late_ones_leave_at_once(void **state)
{
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(2, 1 << 20, &err);
	struct reorder_item item;

	(void)state;
	put(r, 10, 0);
	put(r, 20, 1);
	put(r, 30, 2);
	assert_true(reorder_is_full(r));
	assert_true(reorder_take(r, &item));
	assert_int_equal(item.time_ms, 10);
	assert_false(reorder_is_full(r));
	put(r, 9, 3); /* too late */
	assert_true(reorder_is_full(r));
	assert_true(reorder_take(r, &item));
	assert_int_equal(item.time_ms, 9);
	assert_false(reorder_is_full(r));
	/* the highest is still 10/0, not 9/3 */
	put(r, 10, 4);
	assert_true(reorder_is_full(r)); /* three wait */
	assert_true(reorder_take(r, &item));
	assert_int_equal(item.sequence, 4);
	put(r, 10, 3);
	assert_int_equal(reorder_count(r), 3);
	assert_true(reorder_take(r, &item));
	assert_int_equal(item.sequence, 3);
	assert_false(reorder_is_full(r));
	put(r, 8, 5);
	assert_true(reorder_is_full(r));
	/* a new beginning */
	reorder_clear(r);
	assert_int_equal(reorder_count(r), 0);
	put(r, 1, 6);
	assert_false(reorder_is_full(r));
	reorder_free(r);
}

/* Whatever the input, no record that waits is below one that has left while the horizon is not full. */
static void
reorder_keeps_its_invariant(void **state)
{
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(5, 600, &err);
	struct reorder_item item;
	int64_t high_time = INT64_MIN, high_sequence = -1;
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		bool is_above;

		seed = seed * 1664525 + 1013904223;
		put(r, (int)(seed >> 24), i);
		while (reorder_is_full(r)) {
			assert_true(reorder_take(r, &item));
			if (item.time_ms > high_time ||
			    (item.time_ms == high_time && item.sequence > high_sequence)) {
				high_time = item.time_ms;
				high_sequence = item.sequence;
			}
		}
		if (i % 50 || !reorder_take(r, &item))
			continue;
		is_above = item.time_ms > high_time ||
		    (item.time_ms == high_time && item.sequence > high_sequence);
		assert_true(is_above);
		high_time = item.time_ms;
		high_sequence = item.sequence;
	}
	reorder_free(r);
}

static void
reorder_copies_all_of_an_item(void **state)
{
	struct err err = ERR_INIT;
	struct reorder *r = reorder_new(10, 1 << 20, &err);
	char name[] = "n1", value[] = "v", text[] = "text", key[] = "key";
	struct record_header headers[] = {
		{ .name = slice_of(name), .value = slice_of(value), .has_value = true },
		{ .name = slice_of("empty"), .has_value = true },
		{ .name = slice_of("none") },
	};
	struct shift_spot spots[] = { { .byte = 3, .len = 4, .time_ms = 5 } };
	struct reorder_item in = { .time_ms = 1,
		.kafka_time_ms = 2,
		.sequence = 3,
		.partition = 4,
		.key = slice_of(key),
		.value = slice_of(text),
		.has_key = true,
		.has_value = true,
		.headers = headers,
		.header_count = 3,
		.spots = spots,
		.spot_count = 1 };
	struct reorder_item out, tombstone = { .time_ms = 2, .partition = -1 };

	(void)state;
	assert_int_equal(reorder_put(r, &in, &err), 0);
	assert_int_equal(reorder_put(r, &tombstone, &err), 0);
	name[0] = value[0] = text[0] = key[0] = 'x';
	headers[2].has_value = true;
	spots[0].byte = 9;
	assert_true(reorder_take(r, &out));
	assert_int_equal(out.kafka_time_ms, 2);
	assert_int_equal(out.sequence, 3);
	assert_int_equal(out.partition, 4);
	assert_true(slice_is(out.key, "key") && slice_is(out.value, "text"));
	assert_true(out.has_key && out.has_value);
	assert_int_equal(out.header_count, 3);
	assert_true(slice_is(out.headers[0].name, "n1") && slice_is(out.headers[0].value, "v"));
	assert_true(slice_is(out.headers[1].name, "empty") && out.headers[1].has_value);
	assert_true(slice_is(out.headers[2].name, "none") && !out.headers[2].has_value);
	assert_int_equal(out.spot_count, 1);
	assert_int_equal(out.spots[0].byte, 3);
	assert_int_equal(out.spots[0].time_ms, 5);
	assert_true(reorder_take(r, &out));
	assert_false(out.has_key || out.has_value);
	assert_int_equal(out.partition, -1);
	reorder_free(r);
}

/* ---- what is in flight ---- */

static void
flight_knows_what_is_safe(void **state)
{
	struct err err = ERR_INIT;
	struct flight *f = flight_new(&err);
	static const int64_t times[] = { 10, 30, 20, 40 };
	int64_t sequence, ms;

	(void)state;
	assert_false(flight_safe_time(f, &ms));
	for (int64_t n = 0; n < 4; n++) {
		assert_int_equal(flight_next(f), n);
		assert_int_equal(flight_add(f, times[n], 100 + n, &err), 0);
	}
	assert_false(flight_safe_time(f, &ms)); /* nothing acknowledged */
	assert_true(flight_done(f, 1, &sequence));
	assert_int_equal(sequence, 101);
	assert_false(flight_done(f, 1, &sequence)); /* once */
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 10);
	assert_true(flight_done(f, 0, &sequence));
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 20);
	assert_true(flight_done(f, 2, &sequence));
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 40);
	assert_true(flight_done(f, 3, &sequence));
	assert_true(flight_safe_time(f, &ms)); /* nothing in flight: the latest */
	assert_int_equal(ms, 40);
	assert_int_equal(flight_add(f, 25, 200, &err), 0);
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 25);
	flight_drop_last(f);
	assert_int_equal(flight_next(f), 4);
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 40);
	assert_false(flight_done(f, 4, &sequence));
	flight_restart(f);
	assert_false(flight_safe_time(f, &ms));
	/* what is acknowledged behind an open one does not count, the latest need not be the last */
	for (int64_t n = 4; n < 7; n++)
		assert_int_equal(flight_add(f, 100 - n, n, &err), 0);
	assert_true(flight_done(f, 6, &sequence));
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 95);
	assert_true(flight_done(f, 4, &sequence) && flight_done(f, 5, &sequence));
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, 96);
	flight_free(f);
}

static void
flight_grows(void **state)
{
	enum { COUNT = 10000 };
	struct err err = ERR_INIT;
	struct flight *f = flight_new(&err);
	int64_t sequence, ms;

	(void)state;
	for (int64_t n = 0; n < COUNT; n++)
		assert_int_equal(flight_add(f, n, n * 2, &err), 0);
	for (int64_t n = COUNT - 1; n >= 0; n--) {
		assert_true(flight_done(f, n, &sequence));
		assert_int_equal(sequence, n * 2);
	}
	assert_true(flight_safe_time(f, &ms));
	assert_int_equal(ms, COUNT - 1);
	flight_free(f);
}

/* ---- the outlet, with a sink that acknowledges when it is told to ---- */

enum { SLOW_MAX = 100 };

struct slow_sink {
	struct sink base;
	struct sink_done done;
	struct position positions[SLOW_MAX];
	char values[SLOW_MAX][80];
	int32_t partitions[SLOW_MAX];
	int64_t times[SLOW_MAX];
	int count;
	bool refuses;
	struct sink_counts counts;
};

static int
slow_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct slow_sink *s = (struct slow_sink *)sink;

	if (s->refuses)
		return err_set(err, ERR_DATA, "too large");
	assert_true(s->count < SLOW_MAX);
	s->positions[s->count] = out->position;
	s->partitions[s->count] = out->partition;
	s->times[s->count] = out->time_ms;
	(void)snprintf(s->values[s->count++], sizeof(s->values[0]), "%.*s", SLICE_ARGS(out->value));
	s->counts.written++;
	return 0;
}

static int
slow_push(struct sink *sink, struct err *err)
{
	(void)sink;
	(void)err;
	return 0;
}

static int
slow_flush(struct sink *sink, int64_t deadline_mono_ms, struct err *err)
{
	(void)deadline_mono_ms;
	return slow_push(sink, err);
}

static void
slow_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((struct slow_sink *)sink)->counts;
}

static const struct sink_ops slow_ops = {
	.write = slow_write, .push = slow_push, .flush = slow_flush, .counts = slow_counts
};

static void
acknowledge(struct slow_sink *s, int index)
{
	struct err err = ERR_INIT;

	s->counts.acknowledged++;
	assert_int_equal(s->done.done(s->done.context, s->positions[index], &err), 0);
}

static void
send_one(struct outlet *o, int64_t event_ms, int64_t sequence)
{
	struct err err = ERR_INIT;
	struct reorder_item item = { .time_ms = event_ms,
		.kafka_time_ms = RECORD_NO_TIME,
		.sequence = sequence,
		.partition = -1,
		.value = slice_of("v"),
		.has_value = true };

	assert_int_equal(outlet_send(o, &item, &err), 0);
}

static void
outlet_says_watermarks_and_frontier(void **state)
{
	struct err err = ERR_INIT;
	struct outlet *o = outlet_new(&err);
	struct slow_sink sink = { .base = { .ops = &slow_ops }, .done = outlet_sink_done(o) };
	struct outlet_counts counts;
	struct reorder_item item = { .time_ms = 1, .has_value = true, .sequence = 5 };

	(void)state;
	outlet_attach(o, &sink.base, 2);
	for (int64_t n = 0; n < 5; n++)
		assert_int_equal(outlet_expect(o, n, &err), 0);
	assert_int_equal(outlet_pass_over(o, 0, &err), 0);
	assert_int_equal(outlet_frontier(o), 1);
	/* not in the order of the input */
	send_one(o, 1000, 3);
	send_one(o, 2000, 1);
	send_one(o, 3000, 2);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_int_equal(sink.count, 3); /* none before something is acknowledged */
	acknowledge(&sink, 1);
	assert_int_equal(outlet_frontier(o), 2);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_int_equal(sink.count, 5); /* one a partition */
	assert_string_equal(
	    sink.values[3], "{\"watermark\":\"1970-01-01T00:00:01.000Z\",\"type\":\"watermark\"}");
	assert_string_equal(sink.values[4], sink.values[3]);
	assert_int_equal(sink.partitions[3], 0);
	assert_int_equal(sink.partitions[4], 1);
	assert_int_equal(sink.times[3], RECORD_NO_TIME);
	acknowledge(&sink, 3);
	acknowledge(&sink, 4);
	/* watermarks are no records */
	assert_int_equal(outlet_pass_over(o, 2, &err), 0);
	assert_int_equal(outlet_frontier(o), 3);
	acknowledge(&sink, 0);
	acknowledge(&sink, 2);
	assert_int_equal(outlet_frontier(o), 4);
	assert_int_equal(outlet_send_watermark(o, true, &err), 0);
	assert_int_equal(sink.count, 7);
	assert_string_equal(
	    sink.values[5], "{\"watermark\":\"1970-01-01T00:00:03.000Z\",\"type\":\"watermark\"}");
	assert_int_equal(sink.times[5], 3000);
	/* a late one in flight lets no watermark go back */
	send_one(o, 500, 4);
	assert_int_equal(outlet_send_watermark(o, true, &err), 0);
	assert_int_equal(sink.count, 8);
	/* what the sink refuses is not in flight */
	sink.refuses = true;
	assert_int_equal(outlet_expect(o, 5, &err), 0);
	assert_int_equal(outlet_send(o, &item, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	sink.refuses = false;
	acknowledge(&sink, 5);
	acknowledge(&sink, 6);
	acknowledge(&sink, 7);
	assert_int_equal(outlet_frontier(o), 5); /* its letter is still open */
	assert_int_equal(outlet_letter_done(o).done(o, (struct position){ .sequence = 5 }, &err), 0);
	assert_int_equal(outlet_frontier(o), 6);
	outlet_get_counts(o, &counts);
	assert_int_equal(counts.sent, 4);
	assert_int_equal(counts.delivered, 4);
	assert_int_equal(counts.watermarks, 4);
	/* a new round knows nothing */
	assert_int_equal(outlet_begin(o, &err), 0);
	assert_int_equal(outlet_frontier(o), 0);
	assert_int_equal(outlet_send_watermark(o, true, &err), 0);
	assert_int_equal(sink.count, 8);
	outlet_free(o);
}

/* After a restart: not behind what was sent before, and none before something is acknowledged. */
static void
watermarks_do_not_go_back_after_a_restart(void **state)
{
	struct err err = ERR_INIT;
	struct outlet *o = outlet_new(&err);
	struct slow_sink sink = { .base = { .ops = &slow_ops }, .done = outlet_sink_done(o) };

	(void)state;
	outlet_attach(o, &sink.base, 0);
	outlet_go_on(o, 5000);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_int_equal(sink.count, 0);
	for (int64_t n = 0; n < 3; n++)
		assert_int_equal(outlet_expect(o, n, &err), 0);
	send_one(o, 3000, 0);
	send_one(o, 4000, 1);
	acknowledge(&sink, 0);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_int_equal(sink.count, 2); /* one of 4000 is in flight */
	acknowledge(&sink, 1);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_int_equal(sink.count, 3);
	assert_string_equal(
	    sink.values[2], "{\"watermark\":\"1970-01-01T00:00:05.000Z\",\"type\":\"watermark\"}");
	send_one(o, 6000, 2);
	acknowledge(&sink, 3);
	assert_int_equal(outlet_send_watermark(o, false, &err), 0);
	assert_non_null(strstr(sink.values[4], "00:00:06"));
	outlet_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedule_maps_event_time),
		cmocka_unit_test(schedule_without_speedup_is_now),
		cmocka_unit_test(schedule_does_not_overflow),
		cmocka_unit_test(schedule_at_a_rate),
		cmocka_unit_test(schedule_starts_anew),
		cmocka_unit_test(spans_judge_event_times),
		cmocka_unit_test(reorder_gives_all_of_small_input),
		cmocka_unit_test(reorder_sorts_within_the_horizon),
		cmocka_unit_test(reorder_is_bounded_in_bytes),
		cmocka_unit_test(reorder_lets_late_ones_leave_at_once),
		cmocka_unit_test(reorder_keeps_its_invariant),
		cmocka_unit_test(reorder_copies_all_of_an_item),
		cmocka_unit_test(flight_knows_what_is_safe),
		cmocka_unit_test(flight_grows),
		cmocka_unit_test(outlet_says_watermarks_and_frontier),
		cmocka_unit_test(watermarks_do_not_go_back_after_a_restart),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
