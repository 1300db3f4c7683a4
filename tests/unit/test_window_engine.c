/* SPDX-License-Identifier: MIT */
/* The window engine: golden cases of windows, watermarks, idleness, lateness, intervals and marks.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/mark.h"
#include "window_kit.h"

#define H KIT_HOUR_MS

/* The row of one window and key with all inputs equal to 1. */
static const char *
row(int hour, const char *key, int count)
{
	static char text[8][512];
	static unsigned next;
	char *at = text[next++ % 8];

	(void)snprintf(at, sizeof(text[0]),
	    "{\"window_start\":\"1970-01-01T%02d:00:00.000Z\","
	    "\"window_end\":\"1970-01-01T%02d:00:00.000Z\","
	    "\"window_time\":\"1970-01-01T%02d:59:59.999Z\","
	    "\"k\":%s,\"n\":%d,\"c\":%d,\"s\":%d,\"lo\":1,\"hi\":1,\"a\":1}\n",
	    hour, hour + 1, hour, key, count, count, count);
	return at;
}

static void
expect_rows(struct kit *kit, int count, ...)
{
	char want[4096] = "";
	va_list rows;

	va_start(rows, count);
	for (int i = 0; i < count; i++) {
		size_t len = strlen(want);

		(void)snprintf(want + len, sizeof(want) - len, "%s", va_arg(rows, const char *));
	}
	va_end(rows);
	kit_close_windows(kit);
	assert_string_equal(kit_take_rows(kit), want);
}

/* A record of stream 0; its sequence does not matter. */
static enum engine_fate
take(struct kit *kit, int64_t time_ms, const char *key)
{
	return kit_take(kit, 0, 0, time_ms, key, "1");
}

static int
setup(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	assert_non_null(kit);
	kit_open(kit);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	kit_close(*state);
	free(*state);
	return 0;
}

/* ---- windows ---- */

static void
windows_close_in_order(void **state)
{
	struct kit *kit = *state;

	kit->options.out_of_order_ms = 3 * H;
	kit_restart(kit);
	assert_int_equal(take(kit, 2 * H, "2"), ENGINE_TAKEN);
	assert_int_equal(take(kit, 0, "10"), ENGINE_TAKEN);
	assert_int_equal(take(kit, 1, "9"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H, "\"a\""), ENGINE_TAKEN);
	assert_int_equal(take(kit, H - 1, "9"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H, "null"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit->engine));
	engine_finish(kit->engine);
	assert_true(engine_has_closed(kit->engine));
	expect_rows(kit, 5, row(0, "9", 2), row(0, "10", 1), row(1, "null", 1), row(1, "\"a\"", 1),
	    row(2, "2", 1));
	expect_rows(kit, 0);
}

static void
a_window_ends_before_its_end(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(take(kit, H - 1, "1"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit->engine));
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	expect_rows(kit, 1, row(0, "1", 1));
	engine_finish(kit->engine);
	expect_rows(kit, 1, row(1, "1", 1));
}

static void
times_before_the_epoch(void **state)
{
	struct kit *kit = *state;
	const char *rows;

	assert_int_equal(take(kit, -1, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, -H, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	kit_close_windows(kit);
	rows = kit_take_rows(kit);
	assert_non_null(
	    strstr(rows, "{\"window_start\":\"1969-12-31T23:00:00.000Z\","
			 "\"window_end\":\"1970-01-01T00:00:00.000Z\","
			 "\"window_time\":\"1969-12-31T23:59:59.999Z\",\"k\":1,\"n\":2"));
	assert_int_equal(take(kit, INT64_MIN, "1"), ENGINE_FAILED);
	assert_int_equal(kit->err.class, ERR_DATA);
}

static void
no_fields_are_one_group(void **state)
{
	struct kit *kit = *state;
	struct input input = { .kind = INPUT_NULL };
	const struct engine_input in = { .time_ms = 5, .inputs = &input };
	struct engine_counts counts;

	assert_int_equal(engine_take(kit->engine, &in, &kit->err), ENGINE_TAKEN);
	assert_int_equal(engine_take(kit->engine, &in, &kit->err), ENGINE_TAKEN);
	assert_int_equal(engine_open_keys(kit->engine), 1);
	engine_finish(kit->engine);
	kit_close_windows(kit);
	engine_get_counts(kit->engine, &counts);
	assert_int_equal(counts.rows, 1);
	assert_int_equal(counts.windows, 1);
	assert_int_equal(counts.taken, 2);
}

static void
many_keys(void **state)
{
	enum { KEYS = 100000 };
	struct kit *kit = *state;
	char key[32];
	size_t bytes;

	for (int i = 0; i < 2 * KEYS; i++) {
		(void)snprintf(key, sizeof(key), "%d", i % KEYS);
		assert_int_equal(take(kit, i % H, key), ENGINE_TAKEN);
	}
	assert_int_equal(engine_open_keys(kit->engine), KEYS);
	/* seven aggregates' states here, and key bytes */
	bytes = engine_state_bytes(kit->engine);
	assert_true(bytes < (size_t)KEYS * (kit->plan.state_bytes + 8 + 8 + 24 + 4));
	engine_finish(kit->engine);
	kit_close_windows(kit);
	for (struct slice rows = buf_slice(&kit->rows), line; rows.len;) {
		assert_true(slice_cut(rows, '\n', &line, &rows));
		assert_non_null(memmem(line.data, line.len, "\"n\":2,", 6));
	}
	assert_int_equal(engine_state_bytes(kit->engine), 0);
}

/* The bound of the design: under 200 bytes for an open window and key, with count and two sums. */
static void
memory_of_a_window_with_one_key(void **state)
{
	static const struct aggregate aggregates[] = {
		{ .func = AGGREGATE_COUNT },
		{ .func = AGGREGATE_SUM },
		{ .func = AGGREGATE_SUM },
	};
	enum { WINDOWS = 10000 };
	struct kit *kit = *state;
	struct aggregate_plan plan = { .count = 0 };

	for (int i = 0; i < 3; i++)
		assert_int_equal(aggregate_plan_add(&plan, aggregates[i], &kit->err), 0);
	kit->options.plan = &plan;
	kit->options.has_positions = false;
	kit->options.out_of_order_ms = INT64_C(2) * WINDOWS * H;
	kit_restart(kit);
	for (int64_t i = 0; i < WINDOWS; i++)
		assert_int_equal(take(kit, i * H, "12345678"), ENGINE_TAKEN);
	assert_int_equal(engine_open_windows(kit->engine), WINDOWS);
	/* the key has 9 bytes */
	assert_true(engine_state_bytes(kit->engine) / WINDOWS - 9 < 200);
	kit->options.plan = &kit->plan;
	kit_restart(kit);
}

static void
the_state_is_bounded(void **state)
{
	struct kit *kit = *state;
	enum engine_fate fate = ENGINE_TAKEN;
	char key[32];
	int i;

	kit->options.state_bytes_max = 100000;
	kit_restart(kit);
	for (i = 0; i < 10000 && fate == ENGINE_TAKEN; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		fate = take(kit, 0, key);
	}
	assert_int_equal(fate, ENGINE_FAILED);
	assert_int_equal(kit->err.class, ERR_STOPPED);
	assert_non_null(strstr(kit->err.text, "more than the 100000 bytes of --max-state"));
	assert_true(i > 300 && i < 1000);
	assert_true(engine_state_bytes(kit->engine) < 110000);
	/* keys that are there go on */
	assert_int_equal(take(kit, 0, "0"), ENGINE_TAKEN);
	engine_finish(kit->engine);
	kit_close_windows(kit);
	assert_int_equal(take(kit, 2 * H, "0"), ENGINE_TAKEN);
}

/* ---- watermarks ---- */

static void
late_is_what_a_closed_window_would_hold(void **state)
{
	struct kit *kit = *state;
	struct engine_counts counts;

	kit->options.out_of_order_ms = 10;
	kit_restart(kit);
	assert_int_equal(take(kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H + 9, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), H - 1);
	assert_int_equal(
	    take(kit, 0, "1"), ENGINE_TAKEN); /* older than the bound, but its window is open */
	assert_int_equal(take(kit, H + 10, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), H);
	assert_int_equal(
	    take(kit, H - 1, "1"), ENGINE_LATE); /* before the rows are even asked for */
	expect_rows(kit, 1, row(0, "1", 2));
	assert_int_equal(take(kit, 0, "2"), ENGINE_LATE);
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	engine_get_counts(kit->engine, &counts);
	assert_int_equal(counts.late, 2);
	assert_int_equal(counts.taken, 5);
}

static void
the_slowest_stream_counts(void **state)
{
	struct kit *kit = *state;

	kit_add_stream(kit, 1);
	kit_add_stream(kit, 2);
	assert_int_equal(take(kit, 5 * H, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), WATERMARK_NONE);
	assert_int_equal(kit_take(kit, 1, 0, 2 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), WATERMARK_NONE);
	assert_int_equal(engine_silent_stream(kit->engine), 2);
	assert_int_equal(kit_take(kit, 2, 0, 3 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), 2 * H);
	assert_int_equal(engine_silent_stream(kit->engine), -1);
	assert_int_equal(kit_take(kit, 1, 1, 1, "1", "1"), ENGINE_LATE);
	assert_int_equal(kit_take(kit, 1, 1, 4 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), 3 * H);
	expect_rows(kit, 1, row(2, "1", 1));
}

static void
idle_streams_are_left_out(void **state)
{
	struct kit *kit = *state;
	int64_t now = 1000;

	kit->options.idle_ms = 5000;
	kit_restart(kit);
	kit_add_stream(kit, 1);
	engine_tick(kit->engine, now);
	assert_int_equal(take(kit, 3 * H, "1"), ENGINE_TAKEN);
	for (int i = 0; i < 10; i++)
		engine_tick(kit->engine, now += 1000); /* stream 1 may have more to read */
	assert_int_equal(engine_watermark(kit->engine), WATERMARK_NONE);
	engine_at_end(kit->engine, 1);
	for (int i = 0; i < 4; i++)
		engine_tick(kit->engine, now += 1000);
	assert_int_equal(engine_watermark(kit->engine), WATERMARK_NONE);
	assert_int_equal(engine_patience_ms(kit->engine), 1000);
	engine_tick(kit->engine, now += 400);
	assert_int_equal(engine_patience_ms(kit->engine), 600);
	engine_tick(kit->engine, now += 600);
	assert_int_equal(engine_watermark(kit->engine), 3 * H);
	/* it wakes up behind: the watermark stays, its record is late, and it counts again */
	assert_int_equal(kit_take(kit, 1, 0, H, "1", "1"), ENGINE_LATE);
	assert_int_equal(take(kit, 5 * H, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), 3 * H);
	assert_int_equal(kit_take(kit, 1, 1, 4 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_watermark(kit->engine), 4 * H);
}

static void
where_all_are_idle_the_furthest_counts(void **state)
{
	struct kit *kit = *state;
	int64_t now = 0;

	kit->options.idle_ms = 2000;
	kit_restart(kit);
	kit_add_stream(kit, 1);
	kit_add_stream(kit, 2);
	assert_int_equal(take(kit, 3 * H, "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 1, 0, 2 * H, "1", "1"), ENGINE_TAKEN);
	for (int32_t i = 0; i < 3; i++)
		engine_at_end(kit->engine, i);
	for (int i = 0; i < 4; i++)
		engine_tick(kit->engine, now += 1000);
	assert_int_equal(engine_watermark(kit->engine), 3 * H);
	expect_rows(kit, 1, row(2, "1", 1));
}

static void
standing_still_is_not_idleness(void **state)
{
	struct kit *kit = *state;

	kit->options.idle_ms = 5000;
	kit->options.idle_close_ms = 5000;
	kit_restart(kit);
	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	engine_at_end(kit->engine, 0);
	engine_tick(kit->engine, 0);
	engine_tick(kit->engine, 3600 * 1000); /* blocked for an hour */
	assert_false(engine_has_closed(kit->engine));
	for (int i = 1; i <= 4; i++) {
		assert_false(engine_has_closed(kit->engine));
		engine_tick(kit->engine, 3600 * 1000 + i * 1000);
	}
	expect_rows(kit, 1, row(0, "1", 1));
}

/* Not one that was read in an earlier life, and none where the clock is the watermark. */
static void
a_silent_stream_is_told(void **state)
{
	const struct engine_mark mark = ENGINE_MARK_FRESH(7);
	struct kit *kit = *state;

	assert_int_equal(kit_take(kit, 0, 0, 10, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_silent_stream(kit->engine), -1);
	assert_int_equal(engine_add_stream(kit->engine, 1, 7, &mark, &kit->err), 0);
	assert_int_equal(engine_silent_stream(kit->engine), -1);
	kit_add_stream(kit, 2);
	assert_int_equal(engine_silent_stream(kit->engine), 2);

	kit->options.is_processing_time = true;
	kit_restart(kit);
	(void)engine_set_clock(kit->engine, 10);
	assert_int_equal(kit_take(kit, 0, 0, 10, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_silent_stream(kit->engine), -1);
}

static void
idle_close_ends_what_is_open(void **state)
{
	struct kit *kit = *state;
	int64_t now = 0;

	kit->options.idle_close_ms = 3000;
	kit->options.out_of_order_ms = H;
	kit_restart(kit);
	kit_add_stream(kit, 1); /* never has a record */
	engine_tick(kit->engine, now);
	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	engine_at_end(kit->engine, 0);
	for (int i = 0; i < 10; i++)
		engine_tick(kit->engine, now += 1000);
	assert_false(engine_has_closed(kit->engine)); /* stream 1 is not at its end */
	engine_at_end(kit->engine, 1);
	engine_tick(kit->engine, now += 1000);
	engine_tick(kit->engine, now += 1000);
	assert_int_equal(take(kit, H + 1, "1"), ENGINE_TAKEN); /* starts the patience anew */
	engine_at_end(kit->engine, 0);
	for (int i = 0; i < 3; i++) {
		engine_tick(kit->engine, now += 1000);
		assert_false(engine_has_closed(kit->engine));
	}
	engine_tick(kit->engine, now += 1000);
	expect_rows(kit, 2, row(0, "1", 1), row(1, "1", 2));
	assert_int_equal(take(kit, H + 2, "1"), ENGINE_LATE);
	assert_int_equal(take(kit, 2 * H, "1"), ENGINE_TAKEN);
}

/* ---- intervals ---- */

static void
commit_keeps_and_abort_discards(void **state)
{
	struct kit *kit = *state;
	struct engine_counts counts;

	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
	assert_int_equal(take(kit, 1, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, 1, "2"), ENGINE_TAKEN);
	assert_int_equal(engine_commit(kit->engine, &kit->err), 0);
	assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
	assert_int_equal(take(kit, 2, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, 2, "3"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	expect_rows(kit, 3, row(0, "1", 3), row(0, "2", 1), row(0, "3", 1));
	assert_int_equal(take(kit, 2, "3"), ENGINE_LATE);
	engine_abort(kit->engine);
	assert_int_equal(engine_watermark(kit->engine), 1);
	engine_get_counts(kit->engine, &counts);
	assert_int_equal(counts.taken, 3);
	assert_int_equal(counts.late, 0);
	assert_int_equal(counts.rows, 0);
	assert_int_equal(engine_open_keys(kit->engine), 2);
	/* again, with another outcome */
	assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	expect_rows(kit, 2, row(0, "1", 2), row(0, "2", 1));
	assert_int_equal(engine_open_windows(kit->engine), 1);
	assert_int_equal(engine_commit(kit->engine, &kit->err), 0);
	assert_int_equal(engine_open_windows(kit->engine), 1);
	assert_int_equal(engine_open_keys(kit->engine), 1);
	engine_finish(kit->engine);
	expect_rows(kit, 1, row(1, "1", 1));
	assert_int_equal(engine_state_bytes(kit->engine), 0);
}

static int
count_partial(void *context, struct slice bytes, struct err *err)
{
	(void)bytes;
	(void)err;
	++*(int *)context;
	return 0;
}

static void
partials_of_an_interval_are_its_own(void **state)
{
	struct kit *kit = *state;
	int partials = 0;

	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	assert_int_equal(take(kit, H, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_each_partial(kit->engine, count_partial, &partials, &kit->err), 0);
	assert_int_equal(partials, 2);
	assert_int_equal(engine_commit(kit->engine, &kit->err), 0);
}

/* A window whose first record found no room is no window. */
static void
a_full_state_counts_its_windows(void **state)
{
	struct kit *kit = *state;
	char want[64];

	for (size_t bytes_max = 1; bytes_max < 2500; bytes_max += 7) {
		int64_t windows = 0;

		kit->options.state_bytes_max = bytes_max;
		kit->options.out_of_order_ms = (int64_t)1000 * H;
		kit_restart(kit);
		while (take(kit, windows * H, "1") == ENGINE_TAKEN)
			windows++;
		assert_int_equal(kit->err.class, ERR_STOPPED);
		assert_int_equal(engine_open_windows(kit->engine), windows);
		assert_int_equal(engine_open_keys(kit->engine), windows);
		(void)snprintf(want, sizeof(want), "%d keys in %d windows", (int)windows, (int)windows);
		assert_non_null(strstr(kit->err.text, want));
	}
}

/* ---- marks ---- */

static void
earliest_positions(void **state)
{
	struct kit *kit = *state;

	kit->options.out_of_order_ms = H;
	kit_restart(kit);
	kit_add_stream(kit, 3);
	assert_int_equal(engine_earliest(kit->engine, 0), -1);
	assert_int_equal(kit_take(kit, 0, 100, 0, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 101, H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 102, 0, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 3, 7, 2 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_earliest(kit->engine, 0), 100);
	assert_int_equal(engine_earliest(kit->engine, 3), 7);
	assert_int_equal(engine_earliest(kit->engine, 2), -1);
	assert_int_equal(kit_take(kit, 0, 103, 2 * H, "1", "1"), ENGINE_TAKEN);
	kit_close_windows(kit);
	assert_int_equal(engine_earliest(kit->engine, 0), 101);
	assert_int_equal(kit_take(kit, 0, 104, 4 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 3, 9, 4 * H, "1", "1"), ENGINE_TAKEN);
	kit_close_windows(kit);
	assert_int_equal(engine_earliest(kit->engine, 0), 104);
	assert_int_equal(engine_earliest(kit->engine, 3), 9);
}

/* A life that ends at a mark, and the next one that begins there: what was given out is neither
 * given out again nor late; what was not read yet and is behind is late. */
static void
the_next_life(void **state)
{
	struct kit *kit = *state;
	struct engine_mark mark;
	struct engine_counts counts;

	assert_int_equal(kit_take(kit, 0, 10, 0, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 11, H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 12, 1, "1", "1"), ENGINE_LATE);
	assert_int_equal(kit_take(kit, 0, 13, H + 5, "1", "1"), ENGINE_TAKEN);
	expect_rows(kit, 1, row(0, "1", 1));
	assert_int_equal(engine_earliest(kit->engine, 0), 11);
	mark = engine_mark(kit->engine, 0, 14);
	assert_int_equal(mark.watermark, H + 5);
	assert_int_equal(mark.emitted, H + 5);
	assert_int_equal(mark.replay_until, 14);

	engine_free(kit->engine);
	kit->engine = engine_new(&kit->options, &kit->err);
	assert_int_equal(engine_add_stream(kit->engine, 0, 11, &mark, &kit->err), 0);
	assert_int_equal(kit_take(kit, 0, 11, H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 12, 1, "1", "1"), ENGINE_REPLAYED);
	/* dying here must not forget how far the first life had read */
	assert_int_equal(engine_mark(kit->engine, 0, 13).replay_until, 14);
	assert_int_equal(kit_take(kit, 0, 13, H + 5, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 14, 2, "1", "1"), ENGINE_LATE);
	assert_int_equal(kit_take(kit, 0, 15, 2 * H, "1", "1"), ENGINE_TAKEN);
	expect_rows(kit, 1, row(1, "1", 2));
	engine_get_counts(kit->engine, &counts);
	assert_int_equal(counts.replayed, 1);
	assert_int_equal(counts.late, 1);
	assert_int_equal(counts.taken, 3);
}

/* A watermark that no window waited for is part of the mark: a record that was late stays late. */
static void
a_mark_knows_windows_that_never_were(void **state)
{
	struct kit *kit = *state;
	struct engine_mark mark;

	assert_int_equal(kit_take(kit, 0, 1, 5 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 2, 2 * H, "1", "1"), ENGINE_LATE);
	mark = engine_mark(kit->engine, 0, 3);
	kit_restart(kit);
	assert_int_equal(engine_add_stream(kit->engine, 0, 1, &mark, &kit->err), 0);
	assert_int_equal(kit_take(kit, 0, 1, 5 * H, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(kit, 0, 2, 2 * H, "1", "1"), ENGINE_REPLAYED);
}

static void
reset_forgets(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(take(kit, 5 * H, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
	assert_int_equal(take(kit, 5 * H, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_reset(kit->engine, &kit->err), 0);
	assert_int_equal(engine_watermark(kit->engine), WATERMARK_NONE);
	assert_int_equal(engine_open_windows(kit->engine), 0);
	kit_add_stream(kit, 0);
	assert_int_equal(take(kit, 0, "1"), ENGINE_TAKEN);
	engine_finish(kit->engine);
	expect_rows(kit, 1, row(0, "1", 1));
}

static void
marks_as_text(void **state)
{
	static const struct engine_mark cases[] = {
		ENGINE_MARK_FRESH(0),
		{ 1546300800000, 1546297200000, 1546293600000, 123456789012 },
		{ -1, -3600000, -3600001, INT64_MAX },
	};
	const struct assigner hour = { .kind = ASSIGN_TUMBLE, .size_ms = H };
	struct buf text = BUF_INIT(200);
	struct err err = ERR_INIT;
	struct engine_mark read;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&text);
		assert_int_equal(mark_append(&text, &cases[i], &hour, &err), 0);
		assert_int_equal(mark_parse(buf_slice(&text), &hour, 0, &read, &err), 0);
		assert_memory_equal(&read, &cases[i], sizeof(read));
	}
	buf_clear(&text);
	assert_int_equal(mark_append(&text, &cases[1], &hour, &err), 0);
	assert_string_equal(
	    text.data, "w1 1546300800000 1546297200000 1546293600000 123456789012 tumble:3600000");
	buf_release(&text);
	/* where nothing is read again, the shape of before does not matter */
	assert_int_equal(mark_parse(slice_of("w1 1 2 2 3 tumble:60000"), &hour, 3, &read, &err), 0);
	assert_int_equal(mark_parse(slice_of(""), &hour, 0, &read, &err), 0);
	assert_int_equal(read.emitted, WATERMARK_NONE);
	assert_int_equal(read.replay_until, 0);
}

static void
marks_that_are_none(void **state)
{
	static const char *const cases[] = { "w", "w1", "w1 ", "w1 1 2 2 3", "w1 1 2 2 3 ",
		"w1 1 2 3 tumble:3600000", "w1 1 2 2 3 tumble:60000", "w2 1 2 2 3 tumble:3600000",
		"w1 1 2 2 - tumble:3600000", "w1 1 2 2 -3 tumble:3600000",
		"w1 1 2 2 3 tumble:3600000 ", "w1 1 2.5 2 3 tumble:3600000",
		"w1 1 2 x 3 tumble:3600000", "w1 1 99999999999999999999 2 3 tumble:3600000",
		"until=5 fp=abc" };
	const struct assigner hour = { .kind = ASSIGN_TUMBLE, .size_ms = H };
	struct engine_mark read;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;

		if (mark_parse(slice_of(cases[i]), &hour, 0, &read, &err) != -1 ||
		    err.class != ERR_DATA)
			fail_msg("\"%s\" was read", cases[i]);
	}
}

/* ---- rows ---- */

static void
keys_of_rows(void **state)
{
	static const struct {
		unsigned fields;
		const char *key;
		const char *want; /* NULL: none */
	} cases[] = {
		{ 0, "", NULL },
		{ 1, "2\n", "2" },
		{ 1, "\"JFK \\\"x\\\"\"\n", "JFK \"x\"" },
		{ 1, "null\n", "null" },
		{ 2, "2\n\"JFK\"\n", "[2,\"JFK\"]" },
		{ 3, "null\ntrue\n1.5\n", "[null,true,1.5]" },
	};
	static const char *const names[] = { "a", "b", "c" };
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct row_layout *layout = row_layout_new(&err);
		struct buf out = BUF_INIT(100);
		bool has_key;

		for (unsigned j = 0; j < cases[i].fields; j++)
			assert_int_equal(row_layout_add_field(layout, slice_of(names[j]), &err), 0);
		assert_int_equal(
		    row_append_key(&out, layout, slice_of(cases[i].key), &has_key, &err), 0);
		assert_int_equal(has_key, cases[i].want != NULL);
		if (has_key)
			assert_string_equal(out.data, cases[i].want);
		row_layout_free(layout);
		buf_release(&out);
	}
}

static void
names_are_used_once(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(row_layout_add_aggregate(kit->layout, slice_of("k"), &kit->err), -1);
	assert_int_equal(kit->err.class, ERR_USAGE);
	assert_int_equal(row_layout_add_aggregate(kit->layout, slice_of("n"), &kit->err), -1);
	assert_int_equal(row_layout_add_aggregate(kit->layout, slice_of(""), &kit->err), -1);
	assert_int_equal(
	    row_layout_add_aggregate(kit->layout, slice_of("window_end"), &kit->err), -1);
	assert_int_equal(row_layout_add_aggregate(kit->layout, slice_of("N"), &kit->err), 0);
	assert_int_equal(row_layout_add_aggregate(kit->layout, slice_of("\"q\""), &kit->err), 0);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(windows_close_in_order),
		WITH_KIT(a_window_ends_before_its_end),
		WITH_KIT(times_before_the_epoch),
		WITH_KIT(no_fields_are_one_group),
		WITH_KIT(many_keys),
		WITH_KIT(memory_of_a_window_with_one_key),
		WITH_KIT(the_state_is_bounded),
		WITH_KIT(late_is_what_a_closed_window_would_hold),
		WITH_KIT(the_slowest_stream_counts),
		WITH_KIT(idle_streams_are_left_out),
		WITH_KIT(where_all_are_idle_the_furthest_counts),
		WITH_KIT(standing_still_is_not_idleness),
		WITH_KIT(a_silent_stream_is_told),
		WITH_KIT(idle_close_ends_what_is_open),
		WITH_KIT(commit_keeps_and_abort_discards),
		WITH_KIT(partials_of_an_interval_are_its_own),
		WITH_KIT(earliest_positions),
		WITH_KIT(the_next_life),
		WITH_KIT(a_full_state_counts_its_windows),
		WITH_KIT(a_mark_knows_windows_that_never_were),
		WITH_KIT(reset_forgets),
		cmocka_unit_test(marks_as_text),
		cmocka_unit_test(marks_that_are_none),
		cmocka_unit_test(keys_of_rows),
		WITH_KIT(names_are_used_once),
	};

	return cmocka_run_group_tests_name("window_engine", tests, NULL, NULL);
}
