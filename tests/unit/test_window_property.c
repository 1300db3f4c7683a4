/* SPDX-License-Identifier: MIT */
/*
 * Properties of the window engine over random streams, against a plain model, for each kind of
 * windows: any split of the input into intervals (committed, or aborted and read again), any
 * interleaving of partitions, any way through serialised partials and any order of merging them
 * gives the same windows.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/session_state.h"
#include "window_kit.h"

enum {
	ROUNDS = 30, /* for each kind of windows */
	STREAMS = 4,
	RECORDS = 300, /* of each stream */
	KEYS = 5,
	SPANS = 1000,
	DISORDER_MS = 700,
	LATENESS_MS = 400,
	ENGINES = 3,
	TEXT_BYTES = 32,
};
#define ASSIGNERS (sizeof(assigners) / sizeof(*assigners))

static const char *const key_texts[KEYS] = { "1", "20", "\"a\"", "null", "true" };

struct event {
	int64_t time_ms;
	int key;
	char value[TEXT_BYTES]; /* empty: missing */
};

/* Each stream rises, with disorder below the bound. */
struct world {
	const struct assigner *assigner;
	struct event events[STREAMS][RECORDS];
};

static const struct assigner assigners[] = {
	{ .kind = ASSIGN_TUMBLE, .size_ms = 1000 },
	{ .kind = ASSIGN_HOP, .size_ms = 1000, .step_ms = 250 },
	{ .kind = ASSIGN_HOP, .size_ms = 1000, .step_ms = 600 },
	{ .kind = ASSIGN_HOP, .size_ms = 300, .step_ms = 700 },
	{ .kind = ASSIGN_CUMULATE, .size_ms = 3000, .step_ms = 500 },
	{ .kind = ASSIGN_SESSION, .size_ms = 150 },
};

static void
make_world(struct world *w, const struct assigner *assigner)
{
	w->assigner = assigner;
	for (int s = 0; s < STREAMS; s++) {
		int64_t base_ms = (int64_t)(kit_random() % 3000);

		for (int i = 0; i < RECORDS; i++) {
			struct event *e = &w->events[s][i];

			base_ms += (int64_t)(kit_random() % 150);
			e->time_ms = base_ms - (int64_t)(kit_random() % DISORDER_MS);
			e->key = (int)(kit_random() % KEYS);
			e->value[0] = '\0';
			if (kit_random() % 6)
				(void)snprintf(e->value, TEXT_BYTES, "%d.%02d",
				    (int)(kit_random() % 200) - 100, (int)(kit_random() % 100));
		}
	}
}

static void
open_kit(struct kit *kit, const struct world *w)
{
	/* a list of one is the first, a set of one the smallest */
	static const struct aggregate more[] = { { .func = AGGREGATE_FIRST },
		{ .func = AGGREGATE_LAST }, { .func = AGGREGATE_LIST, .arg = 1 },
		{ .func = AGGREGATE_SET, .arg = 1 } };

	kit_open(kit);
	engine_free(kit->engine); /* its plan must not change while it lives */
	kit->engine = NULL;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		assert_int_equal(aggregate_plan_add(&kit->plan, more[i], &kit->err), 0);
	kit->options.assigner = *w->assigner;
	kit->options.out_of_order_ms = DISORDER_MS;
	/* which makes rows come later, and no others */
	kit->options.lateness_ms = kit_random() % 2 ? LATENESS_MS : 0;
	kit_restart(kit);
	for (int32_t s = 1; s < STREAMS; s++)
		kit_add_stream(kit, s);
}

static enum engine_fate
take(struct kit *kit, const struct world *w, int32_t stream, int index)
{
	const struct event *e = &w->events[stream][index];

	return kit_take(
	    kit, stream, index, e->time_ms, key_texts[e->key], e->value[0] ? e->value : NULL);
}

/* In no disorder beyond the bound a record is never late. */
static void
take_in_time(struct kit *kit, const struct world *w, int32_t stream, int index)
{
	enum engine_fate fate = take(kit, w, stream, index);

	assert_true(fate == ENGINE_TAKEN ||
		    (fate == ENGINE_OUTSIDE && w->assigner->step_ms > w->assigner->size_ms));
}

/* ---- the model: hundredths in plain integers ---- */

struct cell {
	int n, c, lo, hi;
	int64_t first_ms, last_ms;
	int first, last;
	long sum;
};

static int
hundredths(const char *text)
{
	int whole, part;

	(void)sscanf(text, "%d.%d", &whole, &part);
	return text[0] == '-' ? whole * 100 - part : whole * 100 + part;
}

static void
put_in_cell(struct cell *cell, const struct event *e)
{
	int value;

	cell->n++;
	if (!e->value[0])
		return;
	value = hundredths(e->value);
	if (!cell->c || value < cell->lo)
		cell->lo = value;
	if (!cell->c || value > cell->hi)
		cell->hi = value;
	/* streams come one after another, each in its order: that is the order at one time */
	if (!cell->c || e->time_ms < cell->first_ms) {
		cell->first_ms = e->time_ms;
		cell->first = value;
	}
	if (!cell->c || e->time_ms >= cell->last_ms) {
		cell->last_ms = e->time_ms;
		cell->last = value;
	}
	cell->sum += value;
	cell->c++;
}

static size_t
format_decimal(long hundredth, char text[static 64])
{
	size_t len = (size_t)snprintf(text, 64, "%s%ld.%02ld", hundredth < 0 ? "-" : "",
	    labs(hundredth) / 100, labs(hundredth) % 100);

	while (text[len - 1] == '0')
		len--;
	return len - (text[len - 1] == '.');
}

static void
append_array(struct buf *out, struct err *err, const char *name, long hundredth)
{
	char text[64];
	size_t len = format_decimal(hundredth, text);

	assert_int_equal(buf_appendf(out, err, ",\"%s\":[%.*s]", name, (int)len, text), 0);
}

static void
append_decimal(struct buf *out, struct err *err, const char *name, long hundredth)
{
	char text[64];
	size_t len = format_decimal(hundredth, text);

	assert_int_equal(buf_appendf(out, err, ",\"%s\":%.*s", name, (int)len, text), 0);
}

/* A window, of one key (index into key_order) or of all (-1). */
struct model_window {
	struct span span;
	int key;
};

static const int key_order[KEYS] = { 3, 4, 0, 1, 2 }; /* null, true, 1, 20, "a" */

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The times of one key in order, cut where there is a longer gap. */
static size_t
sessions_of(const struct world *w, int key, struct model_window *windows, size_t windows_max)
{
	int64_t times[STREAMS * RECORDS], gap_ms = w->assigner->size_ms;
	size_t n = 0, count = 0;

	for (int s = 0; s < STREAMS; s++) {
		for (int r = 0; r < RECORDS; r++) {
			if (w->events[s][r].key == key_order[key])
				times[n++] = w->events[s][r].time_ms;
		}
	}
	qsort(times, n, sizeof(*times), compare_times);
	for (size_t i = 0; i < n; i++) {
		if (!i || times[i] - times[i - 1] > gap_ms) {
			assert_true(count < windows_max);
			windows[count++] = (struct model_window){ { times[i], 0 }, key };
		}
		windows[count - 1].span.end_ms = times[i] + gap_ms;
	}
	return count;
}

/* The windows that could hold a record, by looking at each start there can be. */
static size_t
windows_of(const struct world *w, struct model_window windows[SPANS])
{
	const struct assigner *a = w->assigner;
	int64_t step_ms = a->kind == ASSIGN_HOP ? a->step_ms : a->size_ms;
	int64_t first_ms = a->kind == ASSIGN_CUMULATE ? a->step_ms : a->size_ms;
	int64_t more_ms = a->kind == ASSIGN_CUMULATE ? a->step_ms : a->size_ms;
	size_t count = 0;

	if (a->kind == ASSIGN_SESSION) {
		for (int k = 0; k < KEYS; k++)
			count += sessions_of(w, k, windows + count, SPANS - count);
		return count;
	}
	for (int64_t start_ms = -10 * step_ms; start_ms < 60000; start_ms += step_ms) {
		for (int64_t length_ms = first_ms; length_ms <= a->size_ms; length_ms += more_ms) {
			assert_true(count < SPANS);
			windows[count++] =
			    (struct model_window){ { start_ms, start_ms + length_ms }, -1 };
		}
	}
	return count;
}

static void
append_cell(struct buf *out, struct span span, const char *key, const struct cell *cell)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_appendf(out, &err, "%" PRId64 "-%" PRId64 " %s,\"n\":%d,\"c\":%d",
			     span.start_ms, span.end_ms, key, cell->n, cell->c),
	    0);
	if (cell->c) {
		append_decimal(out, &err, "s", cell->sum);
		append_decimal(out, &err, "lo", cell->lo);
		append_decimal(out, &err, "hi", cell->hi);
		append_decimal(out, &err, "first", cell->first);
		append_decimal(out, &err, "last", cell->last);
		append_array(out, &err, "list", cell->first);
		append_array(out, &err, "set", cell->lo);
	} else {
		assert_int_equal(buf_append_text(out,
				     ",\"s\":null,\"lo\":null,\"hi\":null,"
				     "\"first\":null,\"last\":null,\"list\":[],\"set\":[]", &err),
		    0);
	}
	assert_int_equal(buf_append_char(out, '\n', &err), 0);
}

static int
compare_windows(const void *a, const void *b)
{
	const struct model_window *x = a, *y = b;

	if (x->span.end_ms == y->span.end_ms && x->key != y->key)
		return x->key - y->key;
	return span_is_before(x->span, y->span) ? -1 : span_is_before(y->span, x->span);
}

/* All rows but for the average, which follows from the others. */
static void
model_rows(const struct world *w, struct buf *out)
{
	static struct model_window windows[SPANS];
	size_t count = windows_of(w, windows);

	qsort(windows, count, sizeof(*windows), compare_windows);
	for (size_t i = 0; i < count; i++) {
		struct cell cells[KEYS] = { { .n = 0 } };
		struct span span = windows[i].span;

		for (int s = 0; s < STREAMS; s++) {
			for (int r = 0; r < RECORDS; r++) {
				const struct event *e = &w->events[s][r];

				if (e->time_ms >= span.start_ms && e->time_ms < span.end_ms)
					put_in_cell(&cells[e->key], e);
			}
		}
		for (int k = 0; k < KEYS; k++) {
			if (cells[key_order[k]].n && (windows[i].key < 0 || windows[i].key == k))
				append_cell(
				    out, span, key_texts[key_order[k]], &cells[key_order[k]]);
		}
	}
}

/* The model again, but out of the engine's rows. */
static int
append_row(void *context, const struct engine_row *row, struct err *err)
{
	static const char *const names[] = { "n", "c", "s", "lo", "hi", "a", "first", "last",
		"list", "set" };
	struct kit *kit = context;

	assert_int_equal(buf_appendf(&kit->rows, err, "%" PRId64 "-%" PRId64 " %.*s",
			     row->span.start_ms, row->span.end_ms, (int)row->key.len - 1,
			     row->key.data),
	    0);
	for (unsigned i = 0; i < kit->plan.count; i++) {
		if (strcmp(names[i], "a") == 0)
			continue;
		assert_int_equal(buf_appendf(&kit->rows, err, ",\"%s\":", names[i]), 0);
		assert_int_equal(aggregate_append(&kit->plan, i, row->states, &kit->rows, err), 0);
	}
	return buf_append_char(&kit->rows, '\n', err);
}

/* Of a key the sessions that end later come first, and each knows what points to it. */
static void
expect_chains_in_order(const struct session_set *set)
{
	for (size_t i = 0; i < set->bucket_count; i++) {
		for (const struct session *s = set->buckets[i]; s; s = s->next) {
			assert_ptr_equal(*s->at, s);
			for (const struct session *t = s->next; t; t = t->next) {
				if (slice_equal(session_key(s), session_key(t)))
					assert_true(s->span.end_ms > t->span.end_ms);
			}
		}
	}
}

/* What is kept up record by record and pane by pane is what all the panes come to. */
static void
expect_consistent(const struct kit *kit)
{
	const struct engine *e = kit->engine;

	if (e->sessions)
		expect_chains_in_order(e->sessions);
	else
		assert_int_equal(e->state_bytes, pane_set_bytes(&e->base) +
			pane_set_bytes(&e->delta) + engine_changes_bytes(&e->changes));
}

static void
close_windows(struct kit *kit)
{
	if (engine_has_closed(kit->engine) && engine_close(kit->engine, append_row, kit, &kit->err))
		fail_msg("%s", kit->err.text);
	expect_consistent(kit);
}

/* Says the first line that differs, not all of them. */
static void
expect_same(const char *have, const char *want)
{
	size_t start = 0;

	for (size_t i = 0; have[i] == want[i]; i++) {
		if (!have[i])
			return;
		if (have[i] == '\n')
			start = i + 1;
	}
	fail_msg("%.*s, not %.*s", (int)strcspn(have + start, "\n"), have + start,
	    (int)strcspn(want + start, "\n"), want + start);
}

static void
finish_and_compare(struct kit *kit, const struct world *w)
{
	struct buf want = BUF_INIT(1 << 24);
	struct engine_counts counts;

	engine_finish(kit->engine);
	close_windows(kit);
	model_rows(w, &want);
	expect_same(kit->rows.data, want.data);
	engine_get_counts(kit->engine, &counts);
	assert_int_equal(counts.late, 0);
	assert_int_equal(engine_state_bytes(kit->engine), 0);
	buf_release(&want);
}

/* A stream that has records left, at random; -1 at the end of all. */
static int32_t
pick_stream(const int next[STREAMS])
{
	int32_t s = (int32_t)(kit_random() % STREAMS);

	for (int i = 0; i < STREAMS; i++, s = (s + 1) % STREAMS) {
		if (next[s] < RECORDS)
			return s;
	}
	return -1;
}

/* Runs of random length of one partition after another, rows as soon as there are some. */
static void
any_interleaving(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct kit kit;
	int32_t s;
	(void)state;

	assert_non_null(w);
	for (size_t round = 0; round < ROUNDS * ASSIGNERS; round++) {
		int next[STREAMS] = { 0 };

		make_world(w, &assigners[round % ASSIGNERS]);
		open_kit(&kit, w);
		while ((s = pick_stream(next)) >= 0) {
			for (uint64_t run = kit_random() % 40; run && next[s] < RECORDS; run--) {
				take_in_time(&kit, w, s, next[s]++);
				if (kit_random() % 4)
					close_windows(&kit);
			}
		}
		finish_and_compare(&kit, w);
		kit_close(&kit);
	}
	free(w);
}

/* Intervals of random length; one in three is aborted, its rows are dropped and its records read
 * again, perhaps in another interleaving. */
static void
any_split_into_intervals(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct kit kit;
	int32_t s;
	(void)state;

	assert_non_null(w);
	for (size_t round = 0; round < ROUNDS * ASSIGNERS; round++) {
		int next[STREAMS] = { 0 }, saved[STREAMS];
		size_t saved_rows;

		make_world(w, &assigners[round % ASSIGNERS]);
		open_kit(&kit, w);
		while (pick_stream(next) >= 0) {
			memcpy(saved, next, sizeof(saved));
			saved_rows = kit.rows.len;
			assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
			for (uint64_t n = kit_random() % 200; n && (s = pick_stream(next)) >= 0;
			     n--) {
				take_in_time(&kit, w, s, next[s]++);
				if (kit_random() % 3 == 0)
					close_windows(&kit);
			}
			if (kit_random() % 3) {
				assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
			} else {
				engine_abort(kit.engine);
				memcpy(next, saved, sizeof(next));
				kit.rows.len = saved_rows;
			}
		}
		finish_and_compare(&kit, w);
		kit_close(&kit);
	}
	free(w);
}

/* ---- partials ---- */

struct partials {
	char *bytes[16384];
	size_t lens[16384];
	size_t count;
};

static int
keep_partial(void *context, struct slice bytes, struct err *err)
{
	struct partials *p = context;

	(void)err;
	assert_true(p->count < sizeof(p->lens) / sizeof(*p->lens));
	p->bytes[p->count] = malloc(bytes.len);
	assert_non_null(p->bytes[p->count]);
	memcpy(p->bytes[p->count], bytes.data, bytes.len);
	p->lens[p->count++] = bytes.len;
	return 0;
}

static void
shuffle(struct partials *p)
{
	for (size_t i = p->count; i > 1; i--) {
		size_t j = kit_random() % i, len = p->lens[j];
		char *bytes = p->bytes[j];

		p->bytes[j] = p->bytes[i - 1];
		p->lens[j] = p->lens[i - 1];
		p->bytes[i - 1] = bytes;
		p->lens[i - 1] = len;
	}
}

/* Records go to some engine at random, in intervals whose partials are sent on; one engine merges
 * them in any order, in intervals of its own. That is what two stages with a shuffle between will
 * do. */
static void
any_split_and_merge_order(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct partials *partials = calloc(1, sizeof(*partials));
	struct kit kits[ENGINES], merged;
	int32_t s;
	(void)state;

	assert_non_null(w);
	assert_non_null(partials);
	for (size_t round = 0; round < ROUNDS * ASSIGNERS; round++) {
		int next[STREAMS] = { 0 };

		make_world(w, &assigners[round % ASSIGNERS]);
		open_kit(&merged, w);
		for (int i = 0; i < ENGINES; i++) {
			open_kit(&kits[i], w);
			assert_int_equal(engine_begin(kits[i].engine, &kits[i].err), 0);
		}
		while ((s = pick_stream(next)) >= 0) {
			struct kit *kit = &kits[kit_random() % ENGINES];

			take_in_time(kit, w, s, next[s]++);
			if (kit_random() % 50)
				continue;
			assert_int_equal(
			    engine_each_partial(kit->engine, keep_partial, partials, &kit->err), 0);
			engine_abort(kit->engine);
			assert_int_equal(engine_begin(kit->engine, &kit->err), 0);
		}
		for (int i = 0; i < ENGINES; i++) {
			assert_int_equal(engine_each_partial(
					     kits[i].engine, keep_partial, partials, &kits[i].err),
			    0);
			engine_abort(kits[i].engine);
			kit_close(&kits[i]);
		}
		shuffle(partials);
		assert_int_equal(engine_begin(merged.engine, &merged.err), 0);
		for (size_t i = 0; i < partials->count; i++) {
			assert_int_equal(
			    engine_take_partial(merged.engine,
				slice_make(partials->bytes[i], partials->lens[i]), &merged.err),
			    ENGINE_TAKEN);
			free(partials->bytes[i]);
			if (kit_random() % 30)
				continue;
			assert_int_equal(engine_commit(merged.engine, &merged.err), 0);
			assert_int_equal(engine_begin(merged.engine, &merged.err), 0);
		}
		partials->count = 0;
		assert_int_equal(engine_commit(merged.engine, &merged.err), 0);
		finish_and_compare(&merged, w);
		kit_close(&merged);
	}
	free(partials);
	free(w);
}

/* Lives that end at any record and begin again at what they had stored: each window is given out
 * once, whole, and a record is late once. */
static void
any_number_of_lives(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct kit kit;
	int32_t s;
	(void)state;

	assert_non_null(w);
	for (size_t round = 0; round < ROUNDS * ASSIGNERS; round++) {
		int next[STREAMS] = { 0 }, stored[STREAMS] = { 0 };
		struct engine_mark marks[STREAMS];
		size_t stored_rows = 0;

		make_world(w, &assigners[round % ASSIGNERS]);
		open_kit(&kit, w);
		for (s = 0; s < STREAMS; s++)
			marks[s] = engine_mark(kit.engine, s, 0);
		while ((s = pick_stream(next)) >= 0) {
			enum engine_fate fate = take(&kit, w, s, next[s]++);

			assert_true(fate == ENGINE_TAKEN || fate == ENGINE_REPLAYED ||
				    fate == ENGINE_OUTSIDE);
			close_windows(&kit);
			if (kit_random() % 60 == 0) {
				for (s = 0; s < STREAMS; s++) {
					int64_t earliest = engine_earliest(kit.engine, s);

					stored[s] = earliest < 0 ? next[s] : (int)earliest;
					marks[s] = engine_mark(kit.engine, s, next[s]);
				}
				stored_rows = kit.rows.len;
			}
			if (kit_random() % 150 == 0) {
				engine_free(kit.engine);
				kit.engine = engine_new(&kit.options, &kit.err);
				assert_non_null(kit.engine);
				for (s = 0; s < STREAMS; s++)
					assert_int_equal(engine_add_stream(kit.engine, s, stored[s],
							     &marks[s], &kit.err),
					    0);
				memcpy(next, stored, sizeof(next));
				kit.rows.len =
				    stored_rows; /* at most once a mark: those after it again */
			}
		}
		finish_and_compare(&kit, w);
		kit_close(&kit);
	}
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_interleaving),
		cmocka_unit_test(any_split_into_intervals),
		cmocka_unit_test(any_split_and_merge_order),
		cmocka_unit_test(any_number_of_lives),
	};

	return cmocka_run_group_tests_name("window_property", tests, NULL, NULL);
}
