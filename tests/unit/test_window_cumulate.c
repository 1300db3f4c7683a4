/* SPDX-License-Identifier: MIT */
/* Cumulating windows and their updates, which are merged step by step, against the naive way: each row is
 * that of all records its window has by then, taken one after another. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/engine_state.h"
#include "window_kit.h"

enum {
	ROUNDS = 60,
	RECORDS = 1200,
	KEYS = 5,
	LATENESS_MS = 4000,
	BYTES_LEAST = 64 * 1024, /* of a bound */
};

static const char *const key_texts[KEYS] = { "1", "20", "\"a\"", "null", "true" };

struct event {
	int64_t time_ms;
	int key;
	char value[16];
};

struct run {
	struct kit kit;
	struct event events[RECORDS];
	int taken; /* so many, one after another */
	long rows;
	long summed; /* rows of a sum, not of panes */
};

static void
take_naively(const struct run *r, int at, void *states)
{
	const struct event *e = &r->events[at];
	struct input input = { .kind = INPUT_NUMBER };
	struct aggregate_record record = { .inputs = &input, .time_ms = e->time_ms };
	struct err err = ERR_INIT;
	char text[64];
	size_t held = 0;

	record.position.sequence = at;
	kit_text(e->value, text, sizeof(text), &input.text);
	assert_int_equal(number_parse(slice_of(e->value), &input.number), 0);
	assert_int_equal(aggregate_take(&r->kit.plan, states, &record, &held, &err), 0);
}

static int
check_row(void *context, const struct engine_row *row, struct err *err)
{
	struct buf have = BUF_INIT(1 << 16), want = BUF_INIT(1 << 16);
	struct run *r = context;
	void *states = calloc(1, r->kit.plan.state_bytes);

	assert_non_null(states);
	for (int i = 0; i < r->taken; i++) {
		const struct event *e = &r->events[i];

		if (e->time_ms >= row->span.start_ms && e->time_ms < row->span.end_ms &&
		    slice_equal(kit_key(key_texts[e->key]), row->key))
			take_naively(r, i, states);
	}
	for (unsigned i = 0; i < r->kit.plan.count; i++) {
		buf_clear(&have);
		buf_clear(&want);
		assert_int_equal(aggregate_append(&r->kit.plan, i, row->states, &have, err), 0);
		assert_int_equal(aggregate_append(&r->kit.plan, i, states, &want, err), 0);
		if (!slice_equal(buf_slice(&have), buf_slice(&want)))
			fail_msg("%" PRId64 "-%" PRId64 ", aggregate %u: %s, not %s",
			    row->span.start_ms, row->span.end_ms, i, have.data, want.data);
	}
	aggregate_release(&r->kit.plan, states);
	free(states);
	buf_release(&have);
	buf_release(&want);
	r->rows++;
	r->summed += r->kit.engine->sum != NULL;
	return 0;
}

static void
close_windows(struct run *r)
{
	struct engine *e = r->kit.engine;

	if (engine_has_closed(e) && engine_close(e, check_row, r, &r->kit.err))
		fail_msg("%s", r->kit.err.text);
	assert_int_equal(e->state_bytes, pane_set_bytes(&e->base) + pane_set_bytes(&e->delta) +
	                                     (e->sum ? pane_bytes(e->sum) : 0));
}

static void
open_run(struct run *r)
{
	static const struct aggregate more[] = { { .func = AGGREGATE_FIRST },
		{ .func = AGGREGATE_LAST }, { .func = AGGREGATE_LIST, .arg = 20 },
		{ .func = AGGREGATE_DISTINCT } };
	int64_t base_ms = 0;

	kit_open(&r->kit);
	engine_free(r->kit.engine); /* its plan must not change while it lives */
	r->kit.engine = NULL;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		assert_int_equal(aggregate_plan_add(&r->kit.plan, more[i], &r->kit.err), 0);
	r->kit.options.assigner =
	    (struct assigner){ .kind = ASSIGN_CUMULATE, .size_ms = 3000, .step_ms = 250 };
	r->kit.options.emits_updates = true;
	r->kit.options.lateness_ms = LATENESS_MS;
	kit_restart(&r->kit);
	for (int i = 0; i < RECORDS; i++) {
		base_ms += (int64_t)(kit_random() % 30);
		r->events[i] = (struct event){ .time_ms = base_ms, .key = (int)(kit_random() % KEYS) };
		if (kit_random() % 5 == 0)
			r->events[i].time_ms -= (int64_t)(kit_random() % LATENESS_MS);
		(void)snprintf(r->events[i].value, sizeof(r->events[i].value), "%d.%02d",
		    (int)(kit_random() % 100), (int)(kit_random() % 100));
	}
	r->taken = 0;
}

/* False at the bound of the state. */
static bool
take_next(struct run *r)
{
	const struct event *e = &r->events[r->taken];
	enum engine_fate fate =
	    kit_take(&r->kit, 0, r->taken, e->time_ms, key_texts[e->key], e->value);

	if (fate == ENGINE_FAILED) {
		assert_int_equal(r->kit.err.class, ERR_STOPPED);
		return false;
	}
	assert_int_equal(fate, ENGINE_TAKEN);
	r->taken++;
	close_windows(r);
	return true;
}

static void
run_round(struct run *r, bool has_intervals)
{
	int begun_at = -1;

	while (r->taken < RECORDS && take_next(r)) {
		if (!has_intervals || kit_random() % 20)
			continue;
		if (begun_at < 0) {
			assert_int_equal(engine_begin(r->kit.engine, &r->kit.err), 0);
			begun_at = r->taken;
		} else if (kit_random() % 3) {
			assert_int_equal(engine_commit(r->kit.engine, &r->kit.err), 0);
			begun_at = -1;
		} else {
			engine_abort(r->kit.engine);
			r->taken = begun_at;
			begun_at = -1;
		}
	}
	if (begun_at >= 0)
		assert_int_equal(engine_commit(r->kit.engine, &r->kit.err), 0);
	engine_finish(r->kit.engine);
	close_windows(r);
	assert_int_equal(engine_state_bytes(r->kit.engine), 0);
}

/* Also in intervals, and where there is no room for sums, or for the rest. */
static void
rows_are_those_of_all_records(void **state)
{
	struct run *r = calloc(1, sizeof(*r));
	int stopped = 0;
	(void)state;

	assert_non_null(r);
	for (int round = 0; round < ROUNDS; round++) {
		open_run(r);
		if (round % 2) {
			r->kit.options.state_bytes_max =
			    BYTES_LEAST + kit_random() % (4 * BYTES_LEAST);
			kit_restart(&r->kit);
		}
		run_round(r, round % 3 == 0);
		stopped += r->taken < RECORDS;
		kit_close(&r->kit);
	}
	assert_true(stopped > 0 && stopped < ROUNDS / 2);
	assert_true(r->summed > 10000 && r->summed < r->rows);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_all_records),
	};

	return cmocka_run_group_tests_name("window_cumulate", tests, NULL, NULL);
}
