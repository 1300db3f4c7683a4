/* SPDX-License-Identifier: MIT */
/*
 * Lives of the engine: it is stopped at any record and begun again from its marks, with the options
 * of before or with others. Whatever that is, no row is given out twice, revisions rise, and the last
 * row of a window has all records that came before it was closed; sessions are those of all records,
 * sorted.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "window_kit.h"

enum {
	STREAMS = 3,
	KEYS = KIT_KEYS,
	CELLS_MAX = 2000,
	LIVES_RECORDS = 250, /* a stream */
	LIVES_DISORDER_MS = 2900,
	LATENESS_MS = 3000,
};

struct cell_of_key {
	struct span span;
	char key[16];
	int count; /* in the row given out last */
	int want;  /* records that came before the window was closed */
};

struct lives {
	struct kit kit;
	bool has_other_options; /* in each of them */
	struct kit_event events[STREAMS][LIVES_RECORDS];
	int64_t next[STREAMS];
	int64_t new_from[STREAMS]; /* none read them before */
	struct cell_of_key cells[CELLS_MAX];
	size_t cell_count;
};

static struct cell_of_key *
cell_of_key(struct lives *l, struct span span, const char *key)
{
	struct cell_of_key *c = l->cells;

	while (c < l->cells + l->cell_count &&
	       (!span_equal(c->span, span) || strcmp(c->key, key) != 0))
		c++;
	if (c < l->cells + l->cell_count)
		return c;
	assert_true(l->cell_count++ < CELLS_MAX);
	*c = (struct cell_of_key){ .span = span };
	(void)snprintf(c->key, sizeof(c->key), "%s", key);
	return c;
}

/* What is given out later is more. */
static int
keep_row(void *context, const struct engine_row *row, struct err *err)
{
	struct lives *l = context;
	struct buf text = BUF_INIT(100);
	struct cell_of_key *c;
	char key[16];
	int count;

	(void)snprintf(key, sizeof(key), "%.*s", (int)row->key.len - 1, row->key.data);
	assert_int_equal(aggregate_append(&l->kit.plan, 0, row->states, &text, err), 0);
	count = (int)strtol(text.data, NULL, 10);
	buf_release(&text);
	c = cell_of_key(l, row->span, key);
	if (count <= c->count)
		fail_msg("%" PRId64 "-%" PRId64 " %s: revision %d after %d", row->span.start_ms,
		    row->span.end_ms, key, count, c->count);
	c->count = count;
	return 0;
}

static void
keep_rows(struct lives *l)
{
	struct engine *e = l->kit.engine;

	if (engine_has_closed(e) && engine_close(e, keep_row, l, &l->kit.err))
		fail_msg("%s", l->kit.err.text);
}

static bool
is_session(const struct lives *l)
{
	return l->kit.options.assigner.kind == ASSIGN_SESSION;
}

static void
pick_options(struct lives *l)
{
	static const int64_t lateness_ms[] = { 0, 700, 2000, LATENESS_MS };

	if (is_session(l)) {
		l->kit.options.out_of_order_ms = LIVES_DISORDER_MS;
		return;
	}
	l->kit.options.lateness_ms = LATENESS_MS;
	l->kit.options.emits_updates = true;
	if (!l->has_other_options)
		return;
	l->kit.options.lateness_ms = lateness_ms[kit_random() % 4];
	l->kit.options.emits_updates = l->kit.options.lateness_ms && kit_random() % 2;
}

static void
open_lives(struct lives *l, const struct assigner *a)
{
	l->cell_count = 0;
	memset(l->next, 0, sizeof(l->next));
	memset(l->new_from, 0, sizeof(l->new_from));
	for (int s = 0; s < STREAMS; s++) {
		int64_t base_ms = 0;

		for (int n = 0; n < LIVES_RECORDS; n++) {
			base_ms += (int64_t)(kit_random() % 60);
			l->events[s][n].time_ms =
			    base_ms - (int64_t)(kit_random() % LIVES_DISORDER_MS);
			l->events[s][n].key = (int)(kit_random() % KEYS);
		}
	}
	kit_open(&l->kit);
	l->kit.options.assigner = *a;
	pick_options(l);
	kit_restart(&l->kit);
	for (int32_t s = 1; s < STREAMS; s++)
		kit_add_stream(&l->kit, s);
}

/* A clean stop, and a start where it says. */
static void
live_again(struct lives *l)
{
	struct engine_mark marks[STREAMS];
	struct kit *kit = &l->kit;

	for (int s = 0; s < STREAMS; s++) {
		int64_t from = engine_earliest(kit->engine, s);

		marks[s] = engine_mark(kit->engine, s, l->next[s]);
		if (from >= 0)
			l->next[s] = from;
	}
	engine_free(kit->engine);
	pick_options(l);
	kit->engine = engine_new(&kit->options, &kit->err);
	assert_non_null(kit->engine);
	for (int32_t s = 0; s < STREAMS; s++)
		assert_int_equal(
		    engine_add_stream(kit->engine, s, l->next[s], &marks[s], &kit->err), 0);
}

/* A record that none has read before belongs into its windows that are not closed. */
static void
take_next(struct lives *l, int s)
{
	const struct kit_event *e = &l->events[s][l->next[s]];
	/* before the record moves the watermark */
	bool is_new = l->next[s] >= l->new_from[s];
	int64_t closed_ms = engine_mark(l->kit.engine, 0, 0).closed;
	struct span spans[KIT_WINDOWS_MAX];
	size_t count = is_session(l) ? 0 : kit_windows_of(&l->kit.options.assigner, e->time_ms, spans);
	enum engine_fate fate =
	    kit_take(&l->kit, s, l->next[s]++, e->time_ms, kit_key_texts[e->key], "1");

	if (!l->has_other_options || !is_new)
		assert_int_not_equal(fate, ENGINE_LATE);
	for (size_t i = 0; i < count && is_new; i++) {
		if (spans[i].end_ms > closed_ms)
			cell_of_key(l, spans[i], kit_key_texts[e->key])->want++;
	}
	if (is_new)
		l->new_from[s] = l->next[s];
	keep_rows(l);
}

static bool
has_more(const struct lives *l)
{
	for (int s = 0; s < STREAMS; s++) {
		if (l->next[s] < LIVES_RECORDS)
			return true;
	}
	return false;
}

/* Clean stops at any record. */
static int
run_lives(struct lives *l)
{
	int lives = 1;

	while (has_more(l)) {
		int s = (int)(kit_random() % STREAMS);

		for (uint64_t run = kit_random() % 20; run && l->next[s] < LIVES_RECORDS; run--)
			take_next(l, s);
		if (kit_random() % 20 == 0 && engine_can_store(l->kit.engine)) {
			live_again(l);
			lives++;
		}
	}
	engine_finish(l->kit.engine);
	keep_rows(l);
	return lives;
}

/* All records that came in time are in the last row of each of their windows, and no others. */
static int
check_lives(const struct lives *l)
{
	int missing = STREAMS * LIVES_RECORDS;

	for (size_t i = 0; i < l->cell_count; i++) {
		const struct cell_of_key *c = &l->cells[i];

		if (c->count != c->want)
			fail_msg("%" PRId64 "-%" PRId64 " %s: %d records, not %d", c->span.start_ms,
			    c->span.end_ms, c->key, c->count, c->want);
		missing -= c->count;
	}
	return missing;
}

/* Disorder is beyond the bound, but within the lateness. */
static void
revisions_over_any_number_of_lives(void **state)
{
	struct lives *l = calloc(1, sizeof(*l));
	(void)state;

	assert_non_null(l);
	for (size_t round = 0; round < (size_t)10 * KIT_PANE_ASSIGNERS; round++) {
		const struct assigner *a = &kit_assigners[round % KIT_PANE_ASSIGNERS];
		int missing;

		open_lives(l, a);
		(void)run_lives(l);
		missing = check_lives(l);
		assert_true(a->kind != ASSIGN_TUMBLE || missing == 0);
		kit_close(&l->kit);
	}
	free(l);
}

/* With another lateness and other rows from life to life: a window that was forgotten is not begun
 * again, no row is given out twice or with less than before, and none is left out. */
static void
lives_of_other_options(void **state)
{
	struct lives *l = calloc(1, sizeof(*l));
	int lives = 0, missing = 0;
	(void)state;

	assert_non_null(l);
	l->has_other_options = true;
	for (size_t round = 0; round < (size_t)10 * KIT_PANE_ASSIGNERS; round++) {
		open_lives(l, &kit_assigners[round % KIT_PANE_ASSIGNERS]);
		lives += run_lives(l);
		missing += check_lives(l) > 0;
		kit_close(&l->kit);
	}
	assert_true(lives > 300);
	assert_true(missing > 0); /* some records were late */
	free(l);
}

/* How many sessions there are. */
static int
want_sessions(struct lives *l)
{
	enum { COUNT = STREAMS * LIVES_RECORDS };
	int64_t gap_ms = l->kit.options.assigner.size_ms;
	struct kit_event sorted[COUNT];
	struct span span;
	int sessions = 0;
	size_t n;

	memcpy(sorted, l->events, sizeof(sorted));
	qsort(sorted, COUNT, sizeof(*sorted), kit_compare_events);
	for (size_t i = 0; i < COUNT; i += n, sessions++) {
		n = kit_session_at(sorted + i, COUNT - i, gap_ms, &span);
		cell_of_key(l, span, kit_key_texts[sorted[i].key])->want = (int)n;
	}
	return sessions;
}

/* Disorder is within the bound: each session is given out once, in whatever life it ends. */
static void
sessions_over_any_number_of_lives(void **state)
{
	struct lives *l = calloc(1, sizeof(*l));
	int lives = 0, sessions = 0;
	(void)state;

	assert_non_null(l);
	for (size_t round = 0; round < 20; round++) {
		struct engine_counts counts;

		open_lives(l, &kit_assigners[KIT_PANE_ASSIGNERS + round % 2]);
		lives += run_lives(l);
		sessions += want_sessions(l);
		assert_int_equal(check_lives(l), 0);
		engine_get_counts(l->kit.engine, &counts);
		assert_int_equal(counts.late, 0);
		kit_close(&l->kit);
	}
	assert_true(lives > 100);
	assert_true(sessions > 500);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revisions_over_any_number_of_lives),
		cmocka_unit_test(lives_of_other_options),
		cmocka_unit_test(sessions_over_any_number_of_lives),
	};

	return cmocka_run_group_tests_name("window_lives", tests, NULL, NULL);
}
