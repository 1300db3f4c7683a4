/* SPDX-License-Identifier: MIT */
/* Windows that are held for late records: one row at the end of that, or a row and its updates; by
 * intervals and over lives; and windows by the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "window_kit.h"

#define M KIT_MINUTE_MS

/* A record of stream 0; its sequence is what comes next. */
static enum engine_fate
take(struct kit *kit, int64_t sequence, int64_t minute, const char *key)
{
	return kit_take(kit, 0, sequence, minute * M, key, "1");
}

enum emit { FINAL, UPDATES };

static void
open_kit(struct kit *kit, struct assigner assigner, int64_t lateness, enum emit emit)
{
	kit_open(kit);
	kit->options.assigner = assigner;
	kit->options.lateness_ms = lateness * M;
	kit->options.emits_updates = emit == UPDATES;
	kit_restart(kit);
}

static const struct assigner hour = { .kind = ASSIGN_TUMBLE, .size_ms = 60 * M };
static const struct assigner hops = { .kind = ASSIGN_HOP, .size_ms = 60 * M, .step_ms = 20 * M };
static const struct assigner steps = {
	.kind = ASSIGN_CUMULATE, .size_ms = 60 * M, .step_ms = 20 * M
};

static void
one_row_when_it_can_change_no_more(void **state)
{
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 30, FINAL);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 89, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 3, 90, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 4, 59, "1"), ENGINE_LATE);
	kit_expect(&kit, "0-60 1:2\n");
	assert_int_equal(engine_mark(kit.engine, 0, 5).emitted, 60 * M);
	engine_finish(kit.engine);
	kit_expect(&kit, "60-120 1:2\n");
	engine_get_counts(kit.engine, &counts);
	assert_int_equal(counts.late, 1);
	assert_int_equal(counts.rows, 2);
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	kit_close(&kit);
}

/* Silence brings rows out, and the windows are held as long as ever. */
static void
silence_with_updates(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 120, UPDATES);
	kit.options.idle_close_ms = 1000;
	kit_restart(&kit);
	engine_tick(kit.engine, 0);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	engine_at_end(kit.engine, 0);
	for (int64_t now_ms = 500; now_ms <= 2500; now_ms += 500)
		engine_tick(kit.engine, now_ms);
	kit_expect(&kit, "0-60 1:1\n");
	assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
	kit_expect(&kit, ""); /* its window has not ended */
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	assert_int_equal(take(&kit, 3, 120, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "60-120 1:1\n");
	kit_close(&kit);
}

static int
give_to_another(void *context, struct slice bytes, struct err *err)
{
	struct kit *other = context;

	(void)err;
	assert_int_equal(engine_take_partial(other->engine, bytes, &other->err), ENGINE_TAKEN);
	return 0;
}

/* What comes as a partial changes a window as a record does. */
static void
a_partial_is_an_update(void **state)
{
	struct kit kit, other;
	(void)state;

	open_kit(&kit, hour, 30, UPDATES);
	open_kit(&other, hour, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&other, 0, 20, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&other, 1, 60, "1"), ENGINE_TAKEN);
	kit_expect(&other, "0-60 1:1\n");
	assert_int_equal(engine_each_partial(kit.engine, give_to_another, &other, &kit.err), 0);
	kit_expect(&other, "0-60 1:2\n");
	kit_close(&other);
	kit_close(&kit);

	open_kit(&kit, steps, 30, UPDATES);
	open_kit(&other, steps, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&other, 0, 6, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&other, 1, 25, "1"), ENGINE_TAKEN);
	kit_expect(&other, "0-20 1:1\n");
	assert_int_equal(engine_each_partial(kit.engine, give_to_another, &other, &kit.err), 0);
	kit_expect(&other, "0-20 1:2\n");
	assert_int_equal(take(&other, 2, 45, "1"), ENGINE_TAKEN);
	kit_expect(&other, "0-40 1:3\n");
	kit_close(&other);
	kit_close(&kit);
}

static void
a_row_and_its_updates(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 11, "2"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 2, 60, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n0-60 2:1\n");
	assert_int_equal(take(&kit, 3, 20, "1"), ENGINE_TAKEN);
	assert_true(engine_has_closed(kit.engine));
	kit_expect(&kit, "0-60 1:2\n");
	assert_int_equal(take(&kit, 4, 70, "1"), ENGINE_TAKEN); /* changes nothing given out */
	assert_false(engine_has_closed(kit.engine));
	assert_int_equal(take(&kit, 5, 21, "3"), ENGINE_TAKEN); /* a key that is new there */
	kit_expect(&kit, "0-60 3:1\n");
	assert_int_equal(take(&kit, 6, 22, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 7, 90, "1"), ENGINE_TAKEN); /* that was the last of them */
	kit_expect(&kit, "0-60 1:3\n");
	assert_int_equal(take(&kit, 8, 59, "1"), ENGINE_LATE);
	engine_finish(kit.engine);
	kit_expect(&kit, "60-120 1:3\n");
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	kit_close(&kit);
}

/* A record behind the watermark changes those of its windows that are out, and only those that are
 * held. */
static void
updates_of_hops(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, hops, 20, UPDATES);
	assert_int_equal(take(&kit, 0, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "-40-20 1:1\n-20-40 1:1\n");
	assert_int_equal(take(&kit, 2, 6, "1"), ENGINE_TAKEN); /* -40-20 is final */
	kit_expect(&kit, "-20-40 1:2\n");
	assert_int_equal(take(&kit, 3, 65, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:3\n");
	assert_int_equal(take(&kit, 4, 25, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:4\n");
	engine_finish(kit.engine);
	kit_expect(&kit, "20-80 1:3\n40-100 1:2\n60-120 1:1\n");
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	kit_close(&kit);
}

static void
updates_of_cumulations(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, steps, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n0-40 1:1\n");
	assert_int_equal(take(&kit, 2, 6, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:2\n0-40 1:2\n");
	assert_int_equal(take(&kit, 3, 25, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-40 1:3\n");
	assert_int_equal(take(&kit, 4, 69, "2"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:4\n");
	assert_int_equal(take(&kit, 5, 7, "1"), ENGINE_TAKEN); /* 0-20 is final */
	kit_expect(&kit, "0-40 1:4\n0-60 1:5\n");
	kit_close(&kit);

	open_kit(&kit, steps, 30, FINAL);
	assert_int_equal(take(&kit, 0, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 65, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n");
	assert_int_equal(take(&kit, 2, 6, "1"), ENGINE_TAKEN);
	engine_finish(kit.engine);
	kit_expect(&kit, "0-40 1:2\n0-60 1:2\n60-80 1:1\n60-100 1:1\n60-120 1:1\n");
	kit_close(&kit);
}

static void
updates_in_intervals(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 60, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n");
	for (int round = 0; round < 2; round++) {
		assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
		assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
		kit_expect(&kit, "0-60 1:2\n");
		assert_int_equal(take(&kit, 3, 20, "1"), ENGINE_TAKEN);
		if (round == 0)
			engine_abort(kit.engine);
		else
			kit_expect(&kit, "0-60 1:3\n");
		assert_false(engine_has_closed(kit.engine));
	}
	assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 4, 20, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:4\n");
	kit_close(&kit);
}

/* The first record of a window may come when its end is past: it counts as a window once. */
static void
windows_written_as_updates_count(void **state)
{
	static const struct {
		int64_t minute;
		const char *key;
		int64_t windows;
	} hour_cases[] = { { 10, "1", 1 }, { 11, "1", 1 }, { 12, "2", 1 }, { 60, "1", 1 } },
	  hop_cases[] = { { 5, "1", 3 }, { 7, "1", 3 }, { 21, "2", 4 }, { 41, "1", 5 } };
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	for (int i = 0; i < 4; i++) {
		bool is_hop = i % 2, is_interval = i / 2;

		open_kit(&kit, is_hop ? hops : hour, 300, UPDATES);
		assert_int_equal(take(&kit, 0, 110, "1"), ENGINE_TAKEN);
		kit_expect(&kit, "");
		for (int n = 0; n < 4; n++) {
			if (is_interval)
				assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
			(void)take(&kit, 1 + n, is_hop ? hop_cases[n].minute : hour_cases[n].minute,
			    is_hop ? hop_cases[n].key : hour_cases[n].key);
			kit_close_windows(&kit);
			engine_get_counts(kit.engine, &counts);
			assert_int_equal(counts.windows,
			    is_hop ? hop_cases[n].windows : hour_cases[n].windows);
			if (is_interval)
				assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
		}
		kit_close(&kit);
	}
}

/* ---- lives ---- */

static void
restart(struct kit *kit, int streams, const int64_t sequences[], const struct engine_mark marks[])
{
	engine_free(kit->engine);
	kit->engine = engine_new(&kit->options, &kit->err);
	assert_non_null(kit->engine);
	for (int32_t i = 0; i < streams; i++)
		assert_int_equal(engine_add_stream(
				     kit->engine, i, sequences[i], &marks[i], &kit->err),
		    0);
}

/* What is read again gives no rows, and revisions go on from where they were. */
static void
updates_in_the_next_life(void **state)
{
	struct engine_mark mark;
	int64_t from;
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 30, UPDATES);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 60, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	from = engine_earliest(kit.engine, 0);
	assert_int_equal(from, 0);
	assert_true(engine_can_store(kit.engine));
	mark = engine_mark(kit.engine, 0, 3);
	restart(&kit, 1, &from, &mark);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 60, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 3, 30, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:3\n");
	assert_int_equal(take(&kit, 4, 90, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(engine_earliest(kit.engine, 0), 1);
	kit_close(&kit);
}

/* An update waits until the other stream has read again what it knew: it would be less than what was
 * given out. */
static void
an_update_waits_for_what_was_known(void **state)
{
	struct engine_mark marks[2];
	int64_t from[2];
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 30, UPDATES);
	kit_add_stream(&kit, 1);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 11 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 1, 60 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 60 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	for (int32_t i = 0; i < 2; i++) {
		from[i] = engine_earliest(kit.engine, i);
		marks[i] = engine_mark(kit.engine, i, 2);
	}
	restart(&kit, 2, from, marks);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 60 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 2, 12 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 3, 200 * M, "2", "1"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit.engine));
	assert_false(engine_can_store(kit.engine));
	assert_int_equal(kit_take(&kit, 1, 0, 11 * M, "1", "1"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit.engine));
	assert_int_equal(kit_take(&kit, 1, 1, 60 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:3\n");
	assert_true(engine_can_store(kit.engine));
	kit_close(&kit);
}

/* In disorder beyond the bound a record was in time, since the other stream was slow. When it is
 * read again it is in time too, however far that one is by then. */
static void
what_was_in_time_is_again(void **state)
{
	struct engine_mark marks[2];
	int64_t from[2];
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 0, FINAL);
	kit_add_stream(&kit, 1);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 100 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 1, 11 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	for (int32_t i = 0; i < 2; i++) {
		from[i] = engine_earliest(kit.engine, i);
		marks[i] = engine_mark(kit.engine, i, i + 1);
	}
	restart(&kit, 2, from, marks);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 90 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 100 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(kit_take(&kit, 1, 1, 11 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	/* a stream that has no more to read again holds nothing up */
	restart(&kit, 2, from, marks);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 90 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 100 * M, "1", "1"), ENGINE_TAKEN);
	engine_at_end(kit.engine, 1);
	kit_expect(&kit, "0-60 1:1\n");
	kit_close(&kit);
}

/* Records between windows are not read again: how far they had brought their stream is part of its
 * mark, and counts again once all of it has been read. */
static void
records_between_windows_count_in_the_next_life(void **state)
{
	static const struct assigner gaps = {
		.kind = ASSIGN_HOP, .size_ms = 20 * M, .step_ms = 40 * M
	};
	struct engine_mark marks[2];
	struct kit kit;
	(void)state;

	for (int is_gone = 0; is_gone < 2; is_gone++) {
		open_kit(&kit, gaps, 0, FINAL);
		kit_add_stream(&kit, 1);
		assert_int_equal(kit_take(&kit, 0, 0, 35 * M, "1", "1"), ENGINE_OUTSIDE);
		assert_int_equal(kit_take(&kit, 0, 1, 10 * M, "1", "1"), ENGINE_TAKEN);
		kit_expect(&kit, "");
		for (int32_t i = 0; i < 2; i++)
			marks[i] = engine_mark(kit.engine, i, 2 - 2 * i);
		assert_int_equal(engine_earliest(kit.engine, 0), 1);
		for (int life = 0; life < 2; life++) {
			restart(&kit, 2, (const int64_t[]){ 1, 0 }, marks);
			marks[0] = engine_mark(kit.engine, 0, 1);
			assert_int_equal(marks[0].watermark, 35 * M);
		}
		if (!is_gone)
			assert_int_equal(kit_take(&kit, 0, 1, 10 * M, "1", "1"), ENGINE_TAKEN);
		else
			engine_at_end(kit.engine, 0);
		assert_int_equal(engine_watermark(kit.engine), WATERMARK_NONE);
		assert_int_equal(kit_take(&kit, 1, 0, 30 * M, "1", "1"), ENGINE_OUTSIDE);
		assert_int_equal(engine_watermark(kit.engine), 30 * M);
		kit_expect(&kit, is_gone ? "" : "0-20 1:1\n");
		kit_close(&kit);
	}
}

/* Marks are of windows' ends: another lateness gives nothing out twice, and leaves nothing out. */
static void
another_lateness_in_the_next_life(void **state)
{
	static const struct {
		int64_t before, after;
	} cases[] = { { 30, 0 }, { 0, 30 }, { 30, 60 }, { 60, 30 } };
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct engine_mark mark;
		int64_t from;
		struct kit kit;

		open_kit(&kit, hour, cases[i].before, FINAL);
		assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 2, 125, "1"), ENGINE_TAKEN);
		kit_expect(&kit, cases[i].before ? "0-60 1:1\n" : "0-60 1:1\n60-120 1:1\n");
		from = engine_earliest(kit.engine, 0);
		mark = engine_mark(kit.engine, 0, 3);
		kit.options.lateness_ms = cases[i].after * M;
		restart(&kit, 1, &from, &mark);
		if (cases[i].before)
			assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 2, 125, "1"), ENGINE_TAKEN);
		engine_finish(kit.engine);
		kit_expect(&kit, cases[i].before ? "60-120 1:1\n120-180 1:1\n" : "120-180 1:1\n");
		kit_close(&kit);
	}
}

/* A window that was forgotten stays closed, whatever the next life's options: of its records not all
 * are read again. One that was held is held on, or closed where windows are given out once. */
static void
what_was_forgotten_stays_closed(void **state)
{
	static const struct {
		enum emit before;
		int64_t before_lateness;
		enum emit after;
		int64_t after_lateness;
		int64_t closed;
		const char *rows;
	} cases[] = {
		{ UPDATES, 30, UPDATES, 120, 95, "60-120 1:2\n120-180 1:1\n" },
		{ UPDATES, 60, UPDATES, 30, 65, "60-120 1:2\n120-180 1:1\n" },
		{ UPDATES, 30, FINAL, 120, 95, "120-180 1:1\n" },
		{ FINAL, 0, UPDATES, 120, 125, "120-180 1:1\n" },
		{ FINAL, 30, UPDATES, 120, 95, "60-120 1:1\n60-120 1:2\n120-180 1:1\n" },
		{ FINAL, 30, FINAL, 120, 95, "60-120 1:2\n120-180 1:1\n" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct engine_mark mark;
		int64_t from;
		struct kit kit;

		open_kit(&kit, hour, cases[i].before_lateness, cases[i].before);
		assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 2, 125, "1"), ENGINE_TAKEN);
		kit_close_windows(&kit);
		(void)kit_take_rows(&kit);
		mark = engine_mark(kit.engine, 0, 3);
		assert_int_equal(mark.closed, cases[i].closed * M);
		for (int life = 0; life < 3; life++) { /* it stays so over any number of lives */
			from = engine_earliest(kit.engine, 0);
			assert_true(from > 0);
			kit.options.lateness_ms = cases[i].after_lateness * M;
			kit.options.emits_updates = cases[i].after == UPDATES;
			restart(&kit, 1, &from, &mark);
			if (from <= 1)
				(void)take(&kit, 1, 70, "1");
			if (life < 2)
				mark = engine_mark(kit.engine, 0, 3);
			assert_int_equal(take(&kit, 2, 125, "1"), ENGINE_TAKEN);
		}
		if (engine_has_closed(kit.engine))
			kit_close_windows_as_counts(&kit);
		assert_int_equal(take(&kit, 3, 20, "1"), ENGINE_LATE);
		(void)take(&kit, 4, 80, "1");
		kit_close_windows_as_counts(&kit);
		engine_finish(kit.engine);
		kit_expect(&kit, cases[i].rows);
		kit_close(&kit);
	}
}

/* ---- by the clock ---- */

static void
windows_by_the_clock(void **state)
{
	struct kit kit;
	(void)state;

	kit_open(&kit);
	kit.options.is_processing_time = true;
	kit_restart(&kit);
	assert_int_equal(engine_next_end(kit.engine), INT64_MAX);
	assert_int_equal(engine_set_clock(kit.engine, 10 * M), 10 * M);
	assert_int_equal(kit_take(&kit, 0, 0, 10 * M, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(engine_next_end(kit.engine), 60 * M);
	/* a clock that goes back stands still */
	assert_int_equal(engine_set_clock(kit.engine, 9 * M), 10 * M);
	assert_int_equal(engine_set_clock(kit.engine, 60 * M - 1), 60 * M - 1);
	kit_expect(&kit, "");
	assert_int_equal(engine_set_clock(kit.engine, 60 * M), 60 * M);
	assert_int_equal(kit_take(&kit, 0, 1, 60 * M, "1", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n");
	engine_finish(kit.engine);
	kit_expect(&kit, "60-120 1:1\n");
	kit_close(&kit);
}

/* While a stream reads again, what others change in windows that are out waits: once a pane and key,
 * and within the bound of the state. */
static void
changes_that_wait_are_bounded(void **state)
{
	const struct engine_mark mark = { .watermark = WATERMARK_NONE,
		.emitted = 120 * M,
		.closed = WATERMARK_NONE,
		.replay_until = 100 };
	enum engine_fate fate = ENGINE_TAKEN;
	char key[16];
	struct kit kit;
	size_t bytes;
	int i;
	(void)state;

	open_kit(&kit, hops, 120, UPDATES);
	kit.options.state_bytes_max = 100000;
	kit_restart(&kit);
	assert_int_equal(engine_add_stream(kit.engine, 1, 0, &mark, &kit.err), 0);
	assert_int_equal(take(&kit, 0, 50, "1"), ENGINE_TAKEN);
	bytes = engine_state_bytes(kit.engine);
	for (i = 1; i < 1000; i++)
		assert_int_equal(take(&kit, i, 40 + i % 20, "1"), ENGINE_TAKEN);
	assert_int_equal(engine_state_bytes(kit.engine), bytes);
	assert_false(engine_has_closed(kit.engine));
	engine_at_end(kit.engine, 1);
	kit_expect(&kit, "0-60 1:1000\n20-80 1:1000\n40-100 1:1000\n");
	assert_in_range(engine_state_bytes(kit.engine), 1, bytes - 1);
	kit_restart(&kit);
	assert_int_equal(engine_add_stream(kit.engine, 1, 0, &mark, &kit.err), 0);
	for (i = 0; i < 1000 && fate == ENGINE_TAKEN; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		fate = take(&kit, i, 50, key);
	}
	assert_int_equal(fate, ENGINE_FAILED);
	assert_int_equal(kit.err.class, ERR_STOPPED);
	assert_non_null(strstr(kit.err.text, "and changes of windows that wait"));
	bytes = engine_state_bytes(kit.engine);
	assert_in_range(bytes, 100000, 110000);
	/* what is to be noted is not taken either, or its row would not come */
	assert_int_equal(take(&kit, i, 50, "1"), ENGINE_FAILED);
	engine_at_end(kit.engine, 1);
	kit_close_windows(&kit);
	assert_non_null(strstr(kit_take_rows(&kit), "\"k\":1,\"n\":1,"));
	assert_in_range(engine_state_bytes(kit.engine), 1, bytes / 3 * 2);
	kit_close(&kit);
}

/* In an interval what was given out is forgotten, but for what an abort brings back. */
static void
changes_given_in_an_interval(void **state)
{
	struct kit kit;
	size_t bytes;
	(void)state;

	open_kit(&kit, hour, 120, UPDATES);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 100, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n");
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN); /* waits over the beginning */
	for (int round = 0; round < 2; round++) {
		assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
		assert_int_equal(take(&kit, 3, 30, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 4, 30, "2"), ENGINE_TAKEN);
		kit_expect(&kit,
		    round ? "0-60 1:4\n0-60 2:1\n" : "0-60 1:3\n0-60 2:1\n");
		bytes = engine_state_bytes(kit.engine);
		for (int i = 0; i < 100; i++) {
			assert_int_equal(take(&kit, 5 + i, 40, "2"), ENGINE_TAKEN);
			kit_close_windows(&kit);
		}
		(void)kit_take_rows(&kit);
		assert_int_equal(engine_state_bytes(kit.engine), bytes);
		if (round == 0) {
			engine_abort(kit.engine);
			kit_expect(&kit, "0-60 1:2\n");
			assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN);
		}
	}
	assert_int_equal(take(&kit, 105, 41, "3"), ENGINE_TAKEN); /* waits over the end */
	assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
	kit_expect(&kit, "0-60 3:1\n");
	kit_expect(&kit, "");
	kit_close(&kit);
}

/* A mark says that all rows are out of what was read, so there is none while some are not: a stop may
 * come between the end of what is read again and the rows that waited for it. */
static void
no_mark_while_a_row_waits(void **state)
{
	struct engine_mark marks[2];
	struct kit kit;
	(void)state;

	open_kit(&kit, hour, 120, UPDATES);
	kit_add_stream(&kit, 1);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 70 * KIT_MINUTE_MS, "2", "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n");
	assert_true(engine_can_store(kit.engine));
	/* what follows the record of stream 1 is no record */
	for (int i = 0; i < 2; i++)
		marks[i] = engine_mark(kit.engine, i, 2);

	engine_free(kit.engine);
	kit.engine = engine_new(&kit.options, &kit.err);
	assert_non_null(kit.engine);
	for (int i = 0; i < 2; i++)
		assert_int_equal(engine_add_stream(kit.engine, i, 0, &marks[i], &kit.err), 0);
	assert_int_equal(take(&kit, 0, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 1, 70, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 2, 20, "1"), ENGINE_TAKEN); /* a new one */
	assert_int_equal(kit_take(&kit, 1, 0, 70 * KIT_MINUTE_MS, "2", "1"), ENGINE_TAKEN);
	assert_false(engine_can_store(kit.engine));
	engine_at_end(kit.engine, 1);
	assert_true(engine_has_closed(kit.engine));
	assert_false(engine_can_store(kit.engine));
	kit_expect(&kit, "0-60 1:2\n");
	assert_true(engine_can_store(kit.engine));
	kit_close(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_when_it_can_change_no_more),
		cmocka_unit_test(a_row_and_its_updates),
		cmocka_unit_test(a_partial_is_an_update),
		cmocka_unit_test(silence_with_updates),
		cmocka_unit_test(updates_of_hops),
		cmocka_unit_test(updates_of_cumulations),
		cmocka_unit_test(updates_in_intervals),
		cmocka_unit_test(windows_written_as_updates_count),
		cmocka_unit_test(updates_in_the_next_life),
		cmocka_unit_test(an_update_waits_for_what_was_known),
		cmocka_unit_test(what_was_in_time_is_again),
		cmocka_unit_test(records_between_windows_count_in_the_next_life),
		cmocka_unit_test(another_lateness_in_the_next_life),
		cmocka_unit_test(what_was_forgotten_stays_closed),
		cmocka_unit_test(windows_by_the_clock),
		cmocka_unit_test(changes_that_wait_are_bounded),
		cmocka_unit_test(changes_given_in_an_interval),
		cmocka_unit_test(no_mark_while_a_row_waits),
	};

	return cmocka_run_group_tests_name("window_lateness", tests, NULL, NULL);
}
