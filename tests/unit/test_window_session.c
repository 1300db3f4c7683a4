/* SPDX-License-Identifier: MIT */
/* Open sessions: golden cases by hand, and random ones against sorting each key's times and cutting
 * them where the gap is longer than the limit. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/session_origin.h"
#include "kafka-window/session_set.h"
#include "window_kit.h"

enum { GAP_MS = 10, TEXT_BYTES_MAX = 1 << 20 };

struct world {
	struct aggregate_plan plan;
	struct session_options options;
	struct session_set *set;
	struct buf rows;
	int64_t rows_left; /* a row fails when it comes to 0 */
	struct err err;
};

static void
open_world(struct world *w)
{
	*w = (struct world){ .err = ERR_INIT, .rows_left = INT64_MAX };
	assert_int_equal(
	    aggregate_plan_add(&w->plan, (struct aggregate){ .func = AGGREGATE_COUNT }, &w->err),
	    0);
	assert_int_equal(
	    aggregate_plan_add(&w->plan, (struct aggregate){ .func = AGGREGATE_SUM }, &w->err), 0);
	buf_init(&w->rows, TEXT_BYTES_MAX);
	w->options = (struct session_options){
		.plan = &w->plan,
		.gap_ms = GAP_MS,
		.bytes_max = SIZE_MAX,
		.has_positions = true,
		.hash_seed = 7,
	};
	w->set = session_set_new(&w->options, &w->err);
	assert_non_null(w->set);
}

static void
close_world(struct world *w)
{
	session_set_free(w->set);
	buf_release(&w->rows);
}

static enum session_fate
take_at(struct world *w, const char *key, int64_t time_ms, int value, int64_t horizon_ms,
    struct position position)
{
	const struct input input = { .kind = INPUT_NUMBER,
		.text = slice_of("\"a text that hangs on a state\""),
		.number = { .is_exact = true, .mantissa = value } };
	const struct aggregate_record record = {
		.inputs = &input,
		.time_ms = time_ms,
		.position = position,
	};

	return session_set_take(w->set, kit_key(key), &record, horizon_ms, &w->err);
}

static int
give(void *context, const struct session *s, struct err *err)
{
	struct world *w = context;
	struct slice key = session_key(s);

	if (w->rows_left-- == 0)
		return err_set(err, ERR_FAULT, "no more rows");
	assert_int_equal(buf_appendf(&w->rows, err, "%.*s:%" PRId64 "-%" PRId64 "=%" PRId64 "/",
			     (int)key.len - 1, key.data, s->span.start_ms, s->span.end_ms,
			     s->records),
	    0);
	assert_int_equal(aggregate_append(&w->plan, 1, session_states(s), &w->rows, err), 0);
	return buf_append_char(&w->rows, ' ', err);
}

static const char *
rows_of(struct world *w)
{
	const char *text = w->rows.len ? w->rows.data : "";

	w->rows.len = 0;
	return text;
}

static const char *
close_at(struct world *w, int64_t horizon_ms)
{
	assert_int_equal(session_set_close(w->set, horizon_ms, give, w, &w->err), 0);
	return rows_of(w);
}

/* ---- by hand ---- */

struct step {
	const char *key;
	int64_t time_ms;
	int64_t horizon_ms;
	enum session_fate fate;
};

struct golden {
	const char *name;
	struct step steps[6];
	int64_t close_ms;
	const char *rows; /* each record adds 1 */
};

static const struct golden golden[] = {
	{ "alone", { { "1", 5, INT64_MIN, SESSION_TAKEN } }, 15, "1:5-15=1/1 " },
	{ "before the epoch", { { "1", -15, INT64_MIN, SESSION_TAKEN } }, -5, "1:-15--5=1/1 " },
	{ "not ended", { { "1", 5, INT64_MIN, SESSION_TAKEN } }, 14, "" },
	{ "a gap of exactly the limit merges",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 10, INT64_MIN, SESSION_TAKEN } }, 100,
	    "1:0-20=2/2 " },
	{ "one more does not",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 11, INT64_MIN, SESSION_TAKEN } }, 100,
	    "1:0-10=1/1 1:11-21=1/1 " },
	{ "to the front",
	    { { "1", 10, INT64_MIN, SESSION_TAKEN }, { "1", 0, INT64_MIN, SESSION_TAKEN } }, 100,
	    "1:0-20=2/2 " },
	{ "inside",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 9, INT64_MIN, SESSION_TAKEN },
		{ "1", 5, INT64_MIN, SESSION_TAKEN }, { "1", 0, INT64_MIN, SESSION_TAKEN } },
	    100, "1:0-19=4/4 " },
	{ "a record bridges two",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 18, INT64_MIN, SESSION_TAKEN },
		{ "2", 9, INT64_MIN, SESSION_TAKEN }, { "1", 9, INT64_MIN, SESSION_TAKEN } },
	    100, "2:9-19=1/1 1:0-28=3/3 " },
	{ "a late record bridges what is open",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 18, 8, SESSION_TAKEN },
		{ "1", 8, 9, SESSION_TAKEN } },
	    100, "1:0-28=3/3 " },
	{ "behind the horizon into an open session",
	    { { "1", 20, INT64_MIN, SESSION_TAKEN }, { "1", 10, 25, SESSION_TAKEN },
		{ "1", 0, 25, SESSION_TAKEN } },
	    100, "1:0-30=3/3 " },
	{ "behind the horizon, one short of the open session",
	    { { "1", 20, INT64_MIN, SESSION_TAKEN }, { "1", 9, 25, SESSION_LATE } }, 100,
	    "1:20-30=1/1 " },
	{ "behind the horizon, of another key",
	    { { "1", 20, INT64_MIN, SESSION_TAKEN }, { "2", 10, 25, SESSION_LATE } }, 100,
	    "1:20-30=1/1 " },
	{ "late where its session would end at the horizon", { { "1", 0, 10, SESSION_LATE } }, 100,
	    "" },
	{ "not late one before that", { { "1", 0, 9, SESSION_TAKEN } }, 100, "1:0-10=1/1 " },
	{ "what has ended takes nothing, given out or not",
	    { { "1", 0, INT64_MIN, SESSION_TAKEN }, { "1", 5, 10, SESSION_TAKEN },
		{ "1", 10, 10, SESSION_TAKEN } },
	    100, "1:0-10=1/1 1:5-20=2/2 " },
	{ "by end, then key",
	    { { "2", 1, INT64_MIN, SESSION_TAKEN }, { "\"a\"", 0, INT64_MIN, SESSION_TAKEN },
		{ "10", 1, INT64_MIN, SESSION_TAKEN }, { "null", 1, INT64_MIN, SESSION_TAKEN } },
	    100, "\"a\":0-10=1/1 null:1-11=1/1 2:1-11=1/1 10:1-11=1/1 " },
};

static void
golden_cases(void **state)
{
	struct world w;
	(void)state;

	for (size_t i = 0; i < sizeof(golden) / sizeof(*golden); i++) {
		const struct golden *g = &golden[i];

		open_world(&w);
		for (int s = 0; s < 6 && g->steps[s].key; s++) {
			enum session_fate fate = take_at(&w, g->steps[s].key, g->steps[s].time_ms, 1,
			    g->steps[s].horizon_ms, (struct position){ .sequence = s });

			if (fate != g->steps[s].fate)
				fail_msg("%s: record %d has fate %d", g->name, s, (int)fate);
		}
		if (strcmp(close_at(&w, g->close_ms), g->rows))
			fail_msg("%s: %s", g->name, w.rows.data);
		close_world(&w);
	}
}

/* The same three sessions from partials in any order. */
static void
partials_merge_in_any_order(void **state)
{
	static const struct span spans[4] = { { 0, 15 }, { 15, 40 }, { 30, 45 }, { 46, 60 } };
	static const int orders[4][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 0, 2, 3, 1 },
		{ 2, 0, 1, 3 } };
	static const char want[] = "1:0-45=6/6 1:46-60=4/4 ";
	struct world w;
	(void)state;

	for (int i = 0; i < 4; i++) {
		open_world(&w);
		for (int j = 0; j < 4; j++) {
			int64_t n = orders[i][j] + 1;
			void *states = calloc(1, w.plan.state_bytes);
			size_t held = 0;
			struct input input = { .kind = INPUT_NUMBER,
				.number = { .is_exact = true, .mantissa = n } };

			assert_non_null(states);
			assert_int_equal(aggregate_take(&w.plan, states,
					     &(struct aggregate_record){ .inputs = &input }, &held,
					     &w.err),
			    0);
			assert_int_equal(session_set_merge(w.set, kit_key("1"), spans[n - 1],
					     states, n, INT64_MIN, &w.err),
			    SESSION_TAKEN);
			free(states);
		}
		assert_string_equal(close_at(&w, 100), want);
		assert_int_equal(session_set_earliest(w.set, 0), -1);
		close_world(&w);
	}
	/* a span over everything */
	open_world(&w);
	for (int64_t t = 0; t < 90; t += 15)
		assert_int_equal(take_at(&w, "1", t, 1, INT64_MIN,
				     (struct position){ .sequence = t }),
		    SESSION_TAKEN);
	assert_int_equal(session_set_count(w.set), 6);
	{
		void *states = calloc(1, w.plan.state_bytes);

		assert_non_null(states);
		assert_int_equal(session_set_merge(w.set, kit_key("1"),
				     (struct span){ 10, 75 }, states, 0, INT64_MIN, &w.err),
		    SESSION_TAKEN);
		free(states);
	}
	assert_string_equal(close_at(&w, 100), "1:0-85=6/6 ");
	close_world(&w);
}

/* ---- failures and bounds ---- */

static void
a_failed_row_stays(void **state)
{
	struct world w;
	(void)state;

	open_world(&w);
	for (int i = 0; i < 4; i++)
		(void)take_at(&w, "1", i * 20, i, INT64_MIN, (struct position){ .sequence = i });
	w.rows_left = 2;
	assert_int_equal(session_set_close(w.set, 100, give, &w, &w.err), -1);
	assert_string_equal(rows_of(&w), "1:0-10=1/0 1:20-30=1/1 ");
	assert_int_equal(session_set_count(w.set), 2);
	w.rows_left = INT64_MAX;
	assert_string_equal(close_at(&w, 100), "1:40-50=1/2 1:60-70=1/3 ");
	assert_int_equal(session_set_bytes(w.set), 0);
	close_world(&w);
}

static void
full_begins_nothing(void **state)
{
	struct world w;
	(void)state;

	open_world(&w);
	assert_int_equal(
	    take_at(&w, "1", 0, 1, INT64_MIN, (struct position){ .sequence = 0 }), SESSION_TAKEN);
	w.options.bytes_max = session_set_bytes(w.set);
	session_set_free(w.set);
	w.set = session_set_new(&w.options, &w.err);
	assert_non_null(w.set);
	assert_int_equal(
	    take_at(&w, "1", 0, 1, INT64_MIN, (struct position){ .sequence = 0 }), SESSION_TAKEN);
	assert_int_equal(
	    take_at(&w, "2", 0, 1, INT64_MIN, (struct position){ .sequence = 1 }), SESSION_FULL);
	assert_int_equal(
	    take_at(&w, "1", 9, 1, INT64_MIN, (struct position){ .sequence = 1 }), SESSION_TAKEN);
	assert_string_equal(close_at(&w, 100), "1:0-19=2/2 ");
	close_world(&w);
}

static void
times_beyond_all_sessions(void **state)
{
	static const struct {
		int64_t time_ms;
		enum session_fate fate;
	} cases[] = {
		{ INT64_MAX, SESSION_FAILED },
		{ INT64_MIN, SESSION_FAILED },
		{ ASSIGN_TIME_MS_MOST + 1, SESSION_FAILED },
		{ -ASSIGN_TIME_MS_MOST - 1, SESSION_FAILED },
		{ ASSIGN_TIME_MS_MOST, SESSION_TAKEN },
		{ -ASSIGN_TIME_MS_MOST, SESSION_TAKEN },
	};
	struct world w;
	(void)state;

	open_world(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(take_at(&w, "1", cases[i].time_ms, 1, INT64_MIN,
				     (struct position){ .sequence = (int64_t)i }),
		    cases[i].fate);
		if (cases[i].fate == SESSION_FAILED)
			assert_int_equal(w.err.class, ERR_DATA);
		err_clear(&w.err);
	}
	assert_int_equal(session_set_count(w.set), 2);
	close_world(&w);
}

/* An open session and its key, with a count and two sums, beyond the bytes of the key. */
static void
bytes_of_a_session(void **state)
{
	enum { KEYS = 100000, KEY_BYTES = 8, BYTES_MAX = 200 };
	struct world w;
	char key[16];
	(void)state;

	open_world(&w);
	assert_int_equal(
	    aggregate_plan_add(&w.plan, (struct aggregate){ .func = AGGREGATE_SUM }, &w.err), 0);
	for (int i = 0; i < KEYS; i++) {
		(void)snprintf(key, sizeof(key), "%d", 1000000 + i);
		assert_int_equal(
		    take_at(&w, key, i, 1, INT64_MIN, (struct position){ .sequence = i }),
		    SESSION_TAKEN);
	}
	assert_int_equal(session_set_count(w.set), KEYS);
	assert_in_range(session_set_bytes(w.set) / KEYS - KEY_BYTES, 1, BYTES_MAX - 1);
	close_world(&w);
}

/* ---- intervals ---- */

static void
abort_puts_back(void **state)
{
	struct world w;
	size_t bytes;
	(void)state;

	open_world(&w);
	(void)take_at(&w, "1", 0, 1, INT64_MIN, (struct position){ .sequence = 0 });
	(void)take_at(&w, "1", 18, 1, INT64_MIN, (struct position){ .sequence = 1 });
	(void)take_at(&w, "2", 40, 1, INT64_MIN, (struct position){ .sequence = 2 });
	bytes = session_set_bytes(w.set);
	session_set_begin(w.set);
	(void)take_at(&w, "1", 9, 5, INT64_MIN, (struct position){ .sequence = 3 });
	(void)take_at(&w, "3", 60, 5, INT64_MIN, (struct position){ .sequence = 4 });
	assert_int_equal(session_set_count(w.set), 3);
	assert_string_equal(close_at(&w, 50), "1:0-28=3/7 2:40-50=1/1 ");
	assert_int_equal(session_set_each(w.set, give, &w, &w.err), 0);
	assert_string_equal(rows_of(&w), "3:60-70=1/5 ");
	session_set_abort(w.set);
	assert_int_equal(session_set_bytes(w.set), bytes);
	assert_string_equal(close_at(&w, 100), "1:0-10=1/1 1:18-28=1/1 2:40-50=1/1 ");
	close_world(&w);
}

static void
commit_keeps(void **state)
{
	struct world w;
	(void)state;

	open_world(&w);
	(void)take_at(&w, "1", 0, 1, INT64_MIN, (struct position){ .sequence = 0 });
	(void)take_at(&w, "1", 18, 1, INT64_MIN, (struct position){ .sequence = 1 });
	(void)take_at(&w, "2", 18, 1, INT64_MIN, (struct position){ .sequence = 1 });
	session_set_begin(w.set);
	(void)take_at(&w, "1", 9, 5, INT64_MIN, (struct position){ .sequence = 3 });
	assert_int_equal(session_set_each(w.set, give, &w, &w.err), 0);
	assert_string_equal(rows_of(&w), "1:0-28=3/7 ");
	session_set_commit(w.set);
	session_set_begin(w.set);
	session_set_abort(w.set);
	assert_string_equal(close_at(&w, 100), "1:0-28=3/7 2:18-28=1/1 ");
	assert_int_equal(session_set_bytes(w.set), 0);
	close_world(&w);
}

/* ---- against a model ---- */

enum { ROUNDS = 400, RECORDS = 400, KEYS = 6, DISORDER_MS = 25 };

struct expected {
	struct span span;
	int key, count;
};

static int
compare_expected(const void *a, const void *b)
{
	const struct expected *x = a, *y = b;

	if (x->span.end_ms != y->span.end_ms)
		return x->span.end_ms < y->span.end_ms ? -1 : 1;
	return x->key - y->key;
}

/* Sorted by key and time, cut where the gap is longer. */
static void
model_rows(const struct kit_event *events, struct buf *out, struct err *err)
{
	struct kit_event sorted[RECORDS];
	struct expected rows[RECORDS];
	size_t n = 0;

	memcpy(sorted, events, sizeof(sorted));
	qsort(sorted, RECORDS, sizeof(*sorted), kit_compare_events);
	for (size_t i = 0; i < RECORDS; n++) {
		rows[n].key = sorted[i].key;
		rows[n].count = (int)kit_session_at(sorted + i, RECORDS - i, GAP_MS, &rows[n].span);
		i += (size_t)rows[n].count;
	}
	qsort(rows, n, sizeof(*rows), compare_expected);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_appendf(out, err, "%d:%" PRId64 "-%" PRId64 "=%d/%d ",
				     rows[i].key, rows[i].span.start_ms, rows[i].span.end_ms,
				     rows[i].count, rows[i].count),
		    0);
}

/* Disorder stays below the bound, so nothing is late. One long gap lets everything end at once. */
static void
make_events(struct kit_event *events)
{
	int64_t base_ms = 0;

	for (int i = 0; i < RECORDS; i++) {
		base_ms += (int64_t)(kit_random() % (i % 100 ? 4 : 200));
		events[i] = (struct kit_event){
			.time_ms = base_ms - (int64_t)(kit_random() % DISORDER_MS),
			.key = (int)(kit_random() % KEYS),
		};
	}
}

static int64_t
take_event(struct world *w, const struct kit_event *events, int i, int64_t watermark_ms)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "%d", events[i].key);
	assert_int_equal(take_at(w, key, events[i].time_ms, 1, watermark_ms,
			     (struct position){ .stream = i % 3, .sequence = i }),
	    SESSION_TAKEN);
	if (events[i].time_ms - DISORDER_MS > watermark_ms)
		watermark_ms = events[i].time_ms - DISORDER_MS;
	return watermark_ms;
}

static void
expect_model(struct world *w, const struct kit_event *events)
{
	struct buf want = BUF_INIT(TEXT_BYTES_MAX);

	assert_int_equal(
	    session_set_close(w->set, session_set_last_end(w->set), give, w, &w->err), 0);
	model_rows(events, &want, &w->err);
	assert_string_equal(rows_of(w), want.data);
	assert_int_equal(session_set_bytes(w->set), 0);
	assert_int_equal(session_set_earliest(w->set, 0), -1);
	buf_release(&want);
}

/* Closed after any record or not; in intervals of any length, one in three aborted. */
static void
random_streams(void **state)
{
	struct kit_event events[RECORDS];
	int64_t watermark_ms, saved_ms;
	struct world w;
	size_t saved_rows;
	int i, saved;
	(void)state;

	for (int round = 0; round < ROUNDS; round++) {
		make_events(events);
		open_world(&w);
		if (round % 2)
			assert_int_equal(aggregate_plan_add(&w.plan,
					     (struct aggregate){ .func = AGGREGATE_LAST }, &w.err),
			    0);
		watermark_ms = INT64_MIN;
		for (i = 0; i < RECORDS;) {
			bool is_interval = kit_random() % 4 != 0;
			int end = i + (int)(kit_random() % 100);

			saved = i;
			saved_ms = watermark_ms;
			saved_rows = w.rows.len;
			if (is_interval)
				session_set_begin(w.set);
			for (; i < end && i < RECORDS; i++) {
				watermark_ms = take_event(&w, events, i, watermark_ms);
				if (kit_random() % 3 == 0 &&
				    session_set_next_end(w.set) <= watermark_ms)
					assert_int_equal(session_set_close(w.set, watermark_ms, give,
							     &w, &w.err),
					    0);
			}
			if (is_interval && kit_random() % 3) {
				session_set_commit(w.set);
			} else if (is_interval) {
				session_set_abort(w.set);
				i = saved;
				watermark_ms = saved_ms;
				w.rows.len = saved_rows;
			}
		}
		expect_model(&w, events);
		close_world(&w);
	}
}

/* ---- what must be read again ---- */

/* However many sessions come and go, the answer is never behind a record of an open one, and it is
 * not far ahead of it either. */
static void
earliest_is_never_too_late(void **state)
{
	enum { STREAMS = 3, COUNT = 600000, OPEN = 50 };
	struct session_origin origin = { .first = NULL };
	struct {
		uint32_t number;
		int64_t first[STREAMS];
	} open[OPEN] = { { 0, { 0 } } };
	int64_t next[STREAMS] = { 100, 200, 300 }, farthest = 0;
	struct err err = ERR_INIT;
	(void)state;

	for (int i = 0; i < COUNT; i++) {
		/* a few live long */
		unsigned at = (unsigned)(kit_random() % (kit_random() % 64 ? OPEN / 2 : OPEN));
		int32_t stream = (int32_t)(kit_random() % STREAMS);

		assert_int_equal(
		    session_origin_note(&origin, stream, next[stream]++, &err), 0);
		if (open[at].number)
			session_origin_remove(&origin, open[at].number);
		open[at].number = session_origin_now(&origin);
		session_origin_add(&origin, open[at].number);
		for (int s = 0; s < STREAMS; s++)
			open[at].first[s] = s == stream ? next[s] - 1 : next[s];
		if (i % 1000)
			continue;
		for (int32_t s = 0; s < STREAMS; s++) {
			int64_t want = INT64_MAX, have = session_origin_earliest(&origin, s);

			for (int j = 0; j < OPEN; j++) {
				if (open[j].number && open[j].first[s] < want)
					want = open[j].first[s];
			}
			/* the stream may have had no record yet */
			assert_true(have <= want);
			if (have >= 0 && want - have > farthest)
				farthest = want - have;
		}
	}
	assert_in_range(farthest, 1, 40 * ORIGIN_EPOCH_RECORDS);
	for (int j = 0; j < OPEN; j++) {
		if (open[j].number)
			session_origin_remove(&origin, open[j].number);
	}
	assert_int_equal(session_origin_earliest(&origin, 0), -1);
	session_origin_release(&origin);
}

/* One session stays open while more epochs than there is room for come and go. */
static void
old_epochs_fold(void **state)
{
	struct session_origin origin = { .first = NULL };
	struct err err = ERR_INIT;
	uint32_t oldest = 0, number;
	int64_t sequence = 7;
	(void)state;

	for (int i = 0; i < 3000; i++) {
		for (int j = 0; j < ORIGIN_EPOCH_RECORDS; j++)
			assert_int_equal(session_origin_note(&origin, 0, sequence++, &err), 0);
		number = session_origin_now(&origin);
		session_origin_add(&origin, number);
		if (!i)
			oldest = number;
		else if (i % 2)
			session_origin_remove(&origin, number);
		assert_int_equal(session_origin_earliest(&origin, 0), 7);
		assert_in_range(origin.epoch_count, 1, ORIGIN_EPOCHS_MAX);
	}
	session_origin_remove(&origin, oldest);
	assert_in_range(session_origin_earliest(&origin, 0), 8, sequence);
	session_origin_release(&origin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_cases),
		cmocka_unit_test(partials_merge_in_any_order),
		cmocka_unit_test(a_failed_row_stays),
		cmocka_unit_test(full_begins_nothing),
		cmocka_unit_test(times_beyond_all_sessions),
		cmocka_unit_test(bytes_of_a_session),
		cmocka_unit_test(abort_puts_back),
		cmocka_unit_test(commit_keeps),
		cmocka_unit_test(random_streams),
		cmocka_unit_test(earliest_is_never_too_late),
		cmocka_unit_test(old_epochs_fold),
	};

	return cmocka_run_group_tests_name("window_session", tests, NULL, NULL);
}
