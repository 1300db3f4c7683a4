/* SPDX-License-Identifier: MIT */
/*
 * The engine against a plain model of its rules, step by step: records in disorder, late ones,
 * streams that fall silent and wake up, leaps of time, a virtual clock; rows at the end of what may
 * change or rows and updates. Both must give the same rows at the same steps.
 *
 * What is of one kind of windows only is in kit_windows_of; sessions have a model of their own, of all
 * records that are in none given out, sorted anew each time.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "window_kit.h"

enum {
	ROUNDS = 12, /* for each kind of windows and each lateness */
	STEPS = 600,
	STREAMS = 3,
	KEYS = KIT_KEYS,
	WINDOWS_MAX = 20000,
	OUT_OF_ORDER_MS = 300,
	IDLE_MS = 2000,
	IDLE_CLOSE_MS = 4000,
};
#define NONE INT64_MIN

static const struct {
	int64_t lateness_ms;
	bool emits_updates;
} modes[] = { { 0, false }, { 700, false }, { 700, true }, { 2500, true } };

enum { MODES = sizeof(modes) / sizeof(*modes) };

/* ---- the model ---- */

struct cell {
	struct span span;
	int counts[KEYS];
	bool is_out;
	bool is_written; /* a row was */
};

struct model {
	const struct engine_options *options;
	struct kit_event *records; /* in sessions that are open */
	size_t record_count;
	int64_t joined;  /* records whose own session would have been over */
	int64_t bridged; /* records that made one session of two */
	struct cell *cells;
	size_t cell_count;
	int64_t marks[STREAMS]; /* watermarks */
	bool is_idle[STREAMS];
	bool is_at_end[STREAMS];
	bool has_news[STREAMS];
	int64_t silent_ms[STREAMS];
	int64_t quiet_ms;
	bool has_taken;
	int64_t watermark;
	int64_t windows; /* written */
	struct buf rows;
};

static struct cell *
cell_of(struct model *m, struct span span)
{
	for (size_t i = 0; i < m->cell_count; i++) {
		if (span_equal(m->cells[i].span, span))
			return &m->cells[i];
	}
	assert_true(m->cell_count < WINDOWS_MAX);
	m->cells[m->cell_count] = (struct cell){ .span = span };
	return &m->cells[m->cell_count++];
}

static int64_t
less(int64_t watermark, int64_t by)
{
	return watermark == NONE ? NONE : watermark - by;
}

static void
give(struct model *m, struct cell *c, int key)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_appendf(&m->rows, &err, "%" PRId64 "-%" PRId64 " %s:%d\n",
			     c->span.start_ms, c->span.end_ms, kit_key_texts[key], c->counts[key]),
	    0);
	m->windows += !c->is_written;
	c->is_written = true;
}

static int
compare_cells(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return span_is_before(x->span, y->span) ? -1 : span_is_before(y->span, x->span);
}

/* ---- sessions ---- */

static bool
is_session(const struct model *m)
{
	return m->options->assigner.kind == ASSIGN_SESSION;
}

/* The session from records[first] on, where they are sorted; how many records it has. */
static size_t
session_at(const struct model *m, size_t first, struct span *ret)
{
	return kit_session_at(m->records + first, m->record_count - first,
	    m->options->assigner.size_ms, ret);
}

static void
sort_records(struct model *m)
{
	qsort(m->records, m->record_count, sizeof(*m->records), kit_compare_events);
}

static size_t
count_sessions(const struct model *m)
{
	struct span span;
	size_t count = 0;

	for (size_t i = 0; i < m->record_count; i += session_at(m, i, &span))
		count++;
	return count;
}

/* As Flink's WindowOperator does: the record's window is merged with those that are there, and the
 * record is dropped where the merged one is late. */
static enum engine_fate
take_into_session(struct model *m, int64_t time_ms, int key)
{
	const struct kit_event record = { time_ms, key };
	int64_t horizon = less(m->watermark, m->options->lateness_ms);
	size_t before = count_sessions(m), i = 0, n;
	struct span span;

	m->records[m->record_count++] = record;
	sort_records(m);
	for (; (n = session_at(m, i, &span)); i += n) {
		if (m->records[i].key == key && time_ms >= span.start_ms && time_ms < span.end_ms)
			break;
	}
	if (span.end_ms > horizon) {
		m->joined += time_ms + m->options->assigner.size_ms <= horizon;
		m->bridged += count_sessions(m) < before;
		return ENGINE_TAKEN;
	}
	for (i = 0; kit_compare_events(&m->records[i], &record) != 0; i++)
		;
	m->records[i] = m->records[--m->record_count];
	sort_records(m);
	return ENGINE_LATE;
}

/* In order of end, then key; what is given out is gone. */
static void
give_sessions(struct model *m)
{
	int64_t due = less(m->watermark, m->options->lateness_ms);

	for (;;) {
		struct cell first = { .span = { .end_ms = INT64_MAX } };
		size_t first_at = 0, n;
		struct span span;

		for (size_t i = 0; i < m->record_count; i += n) {
			n = session_at(m, i, &span);
			if (span.end_ms < first.span.end_ms) {
				first = (struct cell){ .span = span };
				first.counts[m->records[i].key] = (int)n;
				first_at = i;
			}
		}
		if (!m->record_count || first.span.end_ms > due)
			break;
		n = (size_t)first.counts[m->records[first_at].key];
		give(m, &first, m->records[first_at].key);
		memmove(m->records + first_at, m->records + first_at + n,
		    (m->record_count - first_at - n) * sizeof(*m->records));
		m->record_count -= n;
	}
}

static int64_t
last_end_of_sessions(const struct model *m)
{
	int64_t last = NONE;
	struct span span;

	for (size_t i = 0; i < m->record_count; i += session_at(m, i, &span)) {
		(void)session_at(m, i, &span);
		if (span.end_ms > last)
			last = span.end_ms;
	}
	return last;
}

/* ---- all windows ---- */

static void
give_due(struct model *m)
{
	int64_t due = m->options->emits_updates ? m->watermark
	                                        : less(m->watermark, m->options->lateness_ms);

	if (is_session(m)) {
		give_sessions(m);
		return;
	}
	qsort(m->cells, m->cell_count, sizeof(*m->cells), compare_cells);
	for (size_t i = 0; i < m->cell_count; i++) {
		struct cell *c = &m->cells[i];

		if (c->is_out || c->span.end_ms > due)
			continue;
		c->is_out = true;
		for (int k = 0; k < KEYS; k++) {
			if (c->counts[k])
				give(m, c, k);
		}
	}
}

static void
combine(struct model *m)
{
	int64_t lowest = INT64_MAX, highest = NONE;

	for (int s = 0; s < STREAMS; s++) {
		if (m->marks[s] > highest)
			highest = m->marks[s];
		if (!m->is_idle[s] && m->marks[s] < lowest)
			lowest = m->marks[s];
	}
	if (lowest == INT64_MAX)
		lowest = highest;
	if (lowest > m->watermark)
		m->watermark = lowest;
}

/* All windows end, or (behind_ms is the lateness) can change no more. */
static void
model_finish(struct model *m, int64_t behind_ms)
{
	int64_t last = last_end_of_sessions(m);

	if (last != NONE && last + behind_ms > m->watermark)
		m->watermark = last + behind_ms;
	for (size_t i = 0; i < m->cell_count; i++) {
		int64_t end = m->cells[i].span.end_ms + behind_ms;

		if (end > m->watermark)
			m->watermark = end;
	}
	give_due(m);
}

static enum engine_fate
take_into_windows(struct model *m, int64_t time_ms, int key)
{
	struct span spans[KIT_WINDOWS_MAX];
	size_t count = kit_windows_of(&m->options->assigner, time_ms, spans);
	enum engine_fate fate = count ? ENGINE_LATE : ENGINE_OUTSIDE;

	for (size_t i = 0; i < count; i++) {
		struct cell *c;

		if (spans[i].end_ms <= less(m->watermark, m->options->lateness_ms))
			continue;
		fate = ENGINE_TAKEN;
		c = cell_of(m, spans[i]);
		/* a window that was out without a record is out too */
		if (m->options->emits_updates && spans[i].end_ms <= m->watermark)
			c->is_out = true;
		c->counts[key]++;
	}
	/* updates in order of windows */
	qsort(m->cells, m->cell_count, sizeof(*m->cells), compare_cells);
	for (size_t i = 0; i < m->cell_count && fate == ENGINE_TAKEN; i++) {
		struct cell *c = &m->cells[i];

		for (size_t j = 0; j < count; j++) {
			if (c->is_out && span_equal(c->span, spans[j]) &&
			    c->span.end_ms > less(m->watermark, m->options->lateness_ms))
				give(m, c, key);
		}
	}
	return fate;
}

static enum engine_fate
model_take(struct model *m, int stream, int64_t time_ms, int key)
{
	enum engine_fate fate =
	    is_session(m) ? take_into_session(m, time_ms, key) : take_into_windows(m, time_ms, key);

	m->has_taken |= fate == ENGINE_TAKEN;
	m->has_news[stream] = true;
	m->is_at_end[stream] = m->is_idle[stream] = false;
	if (time_ms - OUT_OF_ORDER_MS > m->marks[stream])
		m->marks[stream] = time_ms - OUT_OF_ORDER_MS;
	combine(m);
	give_due(m);
	return fate;
}

static void
model_tick(struct model *m, int64_t elapsed_ms)
{
	bool is_quiet = !m->has_taken;

	for (int s = 0; s < STREAMS; s++) {
		is_quiet = is_quiet && m->is_at_end[s];
		if (m->has_news[s] || !m->is_at_end[s])
			m->silent_ms[s] = 0;
		else
			m->silent_ms[s] += elapsed_ms;
		m->has_news[s] = false;
		if (m->is_at_end[s] && m->silent_ms[s] >= IDLE_MS)
			m->is_idle[s] = true;
	}
	combine(m);
	m->has_taken = false;
	m->quiet_ms = is_quiet ? m->quiet_ms + elapsed_ms : 0;
	if (is_quiet && m->quiet_ms >= IDLE_CLOSE_MS)
		model_finish(m, m->options->emits_updates ? 0 : m->options->lateness_ms);
	give_due(m);
}

/* ---- side by side ---- */

static int
append_row(void *context, const struct engine_row *row, struct err *err)
{
	struct kit *kit = context;

	if (buf_appendf(&kit->rows, err, "%" PRId64 "-%" PRId64 " %.*s:", row->span.start_ms,
		row->span.end_ms, (int)row->key.len - 1, row->key.data) ||
	    aggregate_append(&kit->plan, 0, row->states, &kit->rows, err))
		return -1;
	return buf_append_char(&kit->rows, '\n', err);
}

static void
close_windows(struct kit *kit)
{
	if (engine_has_closed(kit->engine) && engine_close(kit->engine, append_row, kit, &kit->err))
		fail_msg("%s", kit->err.text);
}

static void
open_both(struct kit *kit, struct model *m, size_t round)
{
	kit_open(kit);
	kit->options.assigner = kit_assigners[round % KIT_ASSIGNERS];
	kit->options.lateness_ms = modes[round / KIT_ASSIGNERS % MODES].lateness_ms;
	kit->options.emits_updates = modes[round / KIT_ASSIGNERS % MODES].emits_updates &&
	                             kit->options.assigner.kind != ASSIGN_SESSION;
	kit->options.out_of_order_ms = OUT_OF_ORDER_MS;
	kit->options.idle_ms = IDLE_MS;
	kit->options.idle_close_ms = IDLE_CLOSE_MS;
	kit_restart(kit);
	for (int32_t s = 1; s < STREAMS; s++)
		kit_add_stream(kit, s);
	*m = (struct model){ .options = &kit->options, .watermark = NONE };
	m->cells = calloc(WINDOWS_MAX, sizeof(*m->cells));
	m->records = calloc(STEPS + 1, sizeof(*m->records));
	assert_true(m->cells && m->records);
	buf_init(&m->rows, 1 << 28);
	for (int s = 0; s < STREAMS; s++)
		m->marks[s] = NONE;
}

static void
expect_same(struct kit *kit, struct model *m, size_t round, int step)
{
	const char *have = kit->rows.len ? kit->rows.data : "";
	const char *want = m->rows.len ? m->rows.data : "";

	if (strcmp(have, want) != 0)
		fail_msg("round %zu, step %d: rows\n%snot\n%s", round, step, have, want);
	buf_clear(&kit->rows);
	buf_clear(&m->rows);
}

/* Mostly near where the streams are; sometimes far behind, seldom a leap. */
static int64_t
pick_time(int64_t *now_ms)
{
	uint64_t dice = kit_random() % 100;

	*now_ms += (int64_t)(kit_random() % 40);
	if (dice == 0)
		*now_ms += (int64_t)(kit_random() % 9000);
	if (dice < 10)
		return *now_ms - (int64_t)(kit_random() % 5000);
	return *now_ms - (int64_t)(kit_random() % (2 * OUT_OF_ORDER_MS));
}

static void
step_of_time(struct kit *kit, struct model *m, int64_t *clock_ms)
{
	static const int64_t gaps[] = { 1, 50, 400, 1000 };
	int64_t elapsed_ms = gaps[kit_random() % 4];

	for (int s = 0; s < STREAMS; s++) {
		if (kit_random() % 3)
			continue;
		engine_at_end(kit->engine, s);
		m->is_at_end[s] = true;
	}
	engine_tick(kit->engine, *clock_ms += elapsed_ms);
	model_tick(m, elapsed_ms);
}

static void
step_by_step(void **state)
{
	struct engine_counts counts;
	int64_t late = 0, updates = 0, joined = 0, bridged = 0;
	struct model m;
	struct kit kit;
	(void)state;

	for (size_t round = 0; round < (size_t)ROUNDS * KIT_ASSIGNERS * MODES; round++) {
		int64_t now_ms = (int64_t)(kit_random() % 5000), clock_ms = 1000;
		uint32_t silent = (uint32_t)(kit_random() % 8);

		open_both(&kit, &m, round);
		engine_tick(kit.engine, clock_ms);
		for (int step = 0; step < STEPS; step++) {
			int s = (int)(kit_random() % STREAMS), k = (int)(kit_random() % KEYS);
			int64_t time_ms;

			if (kit_random() % 60 == 0)
				silent = (uint32_t)(kit_random() % 8);
			if (kit_random() % 8 == 0 || silent >> s & 1) {
				step_of_time(&kit, &m, &clock_ms);
			} else {
				time_ms = pick_time(&now_ms);
				assert_int_equal(
				    kit_take(&kit, s, step, time_ms, kit_key_texts[k], "1"),
				    model_take(&m, s, time_ms, k));
			}
			close_windows(&kit);
			updates += m.rows.len > 0;
			expect_same(&kit, &m, round, step);
		}
		engine_finish(kit.engine);
		close_windows(&kit);
		model_finish(&m, m.options->lateness_ms);
		expect_same(&kit, &m, round, STEPS);
		engine_get_counts(kit.engine, &counts);
		late += counts.late;
		assert_int_equal(counts.windows, m.windows);
		joined += m.joined;
		bridged += m.bridged;
		free(m.cells);
		free(m.records);
		buf_release(&m.rows);
		kit_close(&kit);
	}
	/* it was not for nothing */
	assert_true(late > 1000);
	assert_true(updates > 1000);
	assert_true(joined > 100);
	assert_true(bridged > 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(step_by_step),
	};

	return cmocka_run_group_tests_name("window_simulation", tests, NULL, NULL);
}
