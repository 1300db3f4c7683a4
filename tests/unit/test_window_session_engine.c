/* SPDX-License-Identifier: MIT */
/* Sessions as windows of the engine: watermarks, lateness, marks and later lives, partials, bounds. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/mark.h"
#include "kafka-window/partial.h"
#include "window_kit.h"

enum { GAP_MS = 10 };

static void
open_sessions(struct kit *kit, int64_t out_of_order_ms, int64_t lateness_ms)
{
	kit_open(kit);
	kit->options.assigner = (struct assigner){ .kind = ASSIGN_SESSION, .size_ms = GAP_MS };
	kit->options.out_of_order_ms = out_of_order_ms;
	kit->options.lateness_ms = lateness_ms;
	kit_restart(kit);
}

static int
append_row(void *context, const struct engine_row *row, struct err *err)
{
	struct kit *kit = context;

	assert_int_equal(buf_appendf(&kit->rows, err, "%.*s:%" PRId64 "-%" PRId64 "=",
			     (int)row->key.len - 1, row->key.data, row->span.start_ms,
			     row->span.end_ms),
	    0);
	assert_int_equal(aggregate_append(&kit->plan, 0, row->states, &kit->rows, err), 0);
	return buf_append_char(&kit->rows, ' ', err);
}

/* The rows of what is complete. */
static const char *
rows_of(struct kit *kit)
{
	if (engine_has_closed(kit->engine) && engine_close(kit->engine, append_row, kit, &kit->err))
		fail_msg("%s", kit->err.text);
	return kit_take_rows(kit);
}

/* What stays after a record of each time, one after another, with key 1. */
static const char *
rows_after(struct kit *kit, int64_t sequence, int64_t time_ms, enum engine_fate fate)
{
	assert_int_equal(kit_take(kit, 0, sequence, time_ms, "1", "1"), fate);
	return rows_of(kit);
}

static void
out_when_the_watermark_is_there(void **state)
{
	struct kit kit;
	(void)state;

	open_sessions(&kit, 5, 0);
	assert_string_equal(rows_after(&kit, 0, 100, ENGINE_TAKEN), "");
	assert_string_equal(rows_after(&kit, 1, 110, ENGINE_TAKEN), "");
	assert_int_equal(engine_open_windows(kit.engine), 1);
	assert_int_equal(kit_take(&kit, 0, 2, 124, "2", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "");
	assert_int_equal(kit_take(&kit, 0, 3, 125, "2", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "1:100-120=2 ");
	/* behind the watermark of 120, but its own session is open; the next one's is not */
	assert_string_equal(rows_after(&kit, 4, 111, ENGINE_TAKEN), "");
	assert_int_equal(kit_take(&kit, 0, 5, 110, "3", "1"), ENGINE_LATE);
	engine_finish(kit.engine);
	assert_string_equal(rows_of(&kit), "1:111-121=1 2:124-135=2 ");
	assert_int_equal(engine_open_windows(kit.engine), 0);
	kit_close(&kit);
}

static void
held_for_its_lateness(void **state)
{
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 20);
	assert_string_equal(rows_after(&kit, 0, 100, ENGINE_TAKEN), "");
	assert_int_equal(kit_take(&kit, 0, 1, 129, "2", "1"), ENGINE_TAKEN);
	/* 110 + 20 is not reached: its end comes to be 119 */
	assert_string_equal(rows_after(&kit, 2, 109, ENGINE_TAKEN), "");
	assert_int_equal(kit_take(&kit, 0, 3, 138, "2", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "");
	assert_int_equal(kit_take(&kit, 0, 4, 139, "2", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "1:100-119=2 ");
	assert_int_equal(kit_take(&kit, 0, 5, 109, "1", "1"), ENGINE_LATE);
	engine_finish(kit.engine);
	assert_string_equal(rows_of(&kit), "2:129-149=3 ");
	engine_get_counts(kit.engine, &counts);
	assert_int_equal(counts.windows, 2);
	assert_int_equal(counts.late, 1);
	kit_close(&kit);
}

/* ---- a later life ---- */

/* Ends the life with what is stored for stream 0, and begins another; where it reads from. */
static int64_t
live_again(struct kit *kit, int64_t next)
{
	struct engine_mark mark = engine_mark(kit->engine, 0, next);
	int64_t earliest = engine_earliest(kit->engine, 0);

	assert_int_equal(mark.replay_until, next);
	engine_free(kit->engine);
	kit->engine = engine_new(&kit->options, &kit->err);
	assert_non_null(kit->engine);
	if (earliest < 0)
		earliest = next;
	assert_int_equal(engine_add_stream(kit->engine, 0, earliest, &mark, &kit->err), 0);
	return earliest;
}

/* The first record of an open session is as far back as those of sessions that were given out. */
static void
open_ones_are_built_again(void **state)
{
	static const struct {
		int64_t time_ms;
		const char *key;
	} records[] = { { 0, "1" }, { 1, "2" }, { 9, "1" }, { 18, "1" }, { 25, "1" } };
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    kit_take(&kit, 0, i, records[i].time_ms, records[i].key, "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "2:1-11=1 ");
	assert_int_equal(live_again(&kit, 5), 0);
	assert_int_equal(engine_watermark(kit.engine), 25);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(
		    kit_take(&kit, 0, i, records[i].time_ms, records[i].key, "1"), ENGINE_TAKEN);
		assert_string_equal(rows_of(&kit), "");
	}
	engine_get_counts(kit.engine, &counts);
	assert_int_equal(counts.taken, 4);
	assert_int_equal(counts.replayed, 1);
	engine_finish(kit.engine);
	assert_string_equal(rows_of(&kit), "1:0-35=4 ");
	kit_close(&kit);
}

/* What was late is not late again, and what comes new and late is. */
/* The stream that holds the watermark back is behind while another reads again: nothing that waits for
 * its records goes out before them. */
static void
open_ones_wait_for_all_that_is_read_again(void **state)
{
	struct engine_mark marks[2];
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 0);
	kit_add_stream(&kit, 1);
	assert_int_equal(kit_take(&kit, 0, 0, 48, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 0, 50, "2", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 100, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 2, 52, "1", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "");
	for (int i = 0; i < 2; i++)
		marks[i] = engine_mark(kit.engine, i, i ? 1 : 3);

	engine_free(kit.engine);
	kit.engine = engine_new(&kit.options, &kit.err);
	assert_non_null(kit.engine);
	for (int i = 0; i < 2; i++)
		assert_int_equal(engine_add_stream(kit.engine, i, 0, &marks[i], &kit.err), 0);
	assert_int_equal(kit_take(&kit, 1, 0, 50, "2", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 1, 1, 200, "2", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 0, 48, "1", "1"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 1, 100, "1", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "");
	assert_int_equal(kit_take(&kit, 0, 2, 52, "1", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "2:50-60=1 1:48-62=2 ");
	kit_close(&kit);
}

static void
late_once(void **state)
{
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 0);
	assert_string_equal(rows_after(&kit, 0, 50, ENGINE_TAKEN), "");
	assert_string_equal(rows_after(&kit, 1, 20, ENGINE_LATE), "");
	assert_int_equal(live_again(&kit, 2), 0);
	assert_string_equal(rows_after(&kit, 0, 50, ENGINE_TAKEN), "");
	assert_string_equal(rows_after(&kit, 1, 20, ENGINE_REPLAYED), "");
	assert_string_equal(rows_after(&kit, 2, 20, ENGINE_LATE), "");
	engine_finish(kit.engine);
	assert_string_equal(rows_of(&kit), "1:50-60=1 ");
	engine_get_counts(kit.engine, &counts);
	assert_int_equal(counts.replayed, 1);
	assert_int_equal(counts.late, 1);
	kit_close(&kit);
}

/* The end of the stream ends reading again, though its last record has gone from the topic. */
static void
reading_again_ends_at_the_end(void **state)
{
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 0);
	assert_string_equal(rows_after(&kit, 0, 0, ENGINE_TAKEN), "");
	assert_string_equal(rows_after(&kit, 1, 50, ENGINE_TAKEN), "1:0-10=1 ");
	assert_int_equal(live_again(&kit, 3), 0);
	assert_string_equal(rows_after(&kit, 0, 0, ENGINE_TAKEN), "");
	assert_int_equal(engine_open_windows(kit.engine), 1);
	engine_at_end(kit.engine, 0);
	assert_string_equal(rows_of(&kit), "");
	assert_int_equal(engine_open_windows(kit.engine), 0);
	kit_close(&kit);
}

static void
marks_are_of_one_gap(void **state)
{
	static const char text[] = "w1 5 5 5 7 session:10";
	struct assigner assigner = { .kind = ASSIGN_SESSION, .size_ms = GAP_MS };
	struct buf out = BUF_INIT(256);
	struct err err = ERR_INIT;
	struct engine_mark mark;
	(void)state;

	assert_int_equal(assigner_prepare(&assigner, &err), 0);
	assert_int_equal(mark_append(&out, &(struct engine_mark){ 5, 5, 5, 7 }, &assigner, &err), 0);
	assert_int_equal(out.len, sizeof(text) - 1);
	assert_memory_equal(out.data, text, out.len);
	assert_int_equal(mark_parse(buf_slice(&out), &assigner, 3, &mark, &err), 0);
	assigner.size_ms++;
	assert_int_equal(mark_parse(buf_slice(&out), &assigner, 3, &mark, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	buf_release(&out);
}

/* ---- partials and bounds ---- */

static enum engine_fate
take_span(struct kit *kit, int64_t start_ms, int64_t end_ms)
{
	void *states = calloc(1, kit->plan.state_bytes);
	const struct partial p = { .span = { start_ms, end_ms },
		.key = kit_key("1"),
		.states = states };
	struct buf out = BUF_INIT(4096);
	enum engine_fate fate;

	assert_non_null(states);
	assert_int_equal(partial_encode(&kit->plan, &p, &out, &kit->err), 0);
	fate = engine_take_partial(kit->engine, buf_slice(&out), &kit->err);
	buf_release(&out);
	free(states);
	return fate;
}

static void
spans_of_partials(void **state)
{
	struct kit kit;
	(void)state;

	open_sessions(&kit, 0, 0);
	assert_int_equal(take_span(&kit, 0, GAP_MS - 1), ENGINE_FAILED);
	assert_int_equal(kit.err.class, ERR_DATA);
	err_clear(&kit.err);
	assert_int_equal(take_span(&kit, INT64_MIN, 0), ENGINE_FAILED);
	err_clear(&kit.err);
	assert_int_equal(take_span(&kit, INT64_MAX - 20, INT64_MAX), ENGINE_FAILED);
	err_clear(&kit.err);
	assert_int_equal(take_span(&kit, 0, GAP_MS), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 0, 100, "2", "1"), ENGINE_TAKEN);
	assert_string_equal(rows_of(&kit), "1:0-10=0 ");
	assert_int_equal(take_span(&kit, 50, 100), ENGINE_LATE);
	assert_int_equal(take_span(&kit, 50, 101), ENGINE_TAKEN);
	kit_close(&kit);
}

static void
the_state_has_a_bound(void **state)
{
	struct kit kit;
	char key[16];
	int i = 0;
	(void)state;

	open_sessions(&kit, 0, 0);
	kit.options.state_bytes_max = 100000;
	kit_restart(&kit);
	do
		(void)snprintf(key, sizeof(key), "%d", i);
	while (kit_take(&kit, 0, i++, 5, key, "1") == ENGINE_TAKEN);
	assert_int_equal(kit.err.class, ERR_STOPPED);
	assert_non_null(strstr(kit.err.text, "--max-state"));
	err_clear(&kit.err);
	assert_in_range(engine_state_bytes(kit.engine), 100000, 110000);
	assert_int_equal(engine_open_keys(kit.engine), i - 1);
	/* what is complete goes out, and there is room again */
	engine_finish(kit.engine);
	assert_non_null(strstr(rows_of(&kit), "441:5-15=1 "));
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	assert_int_equal(kit_take(&kit, 0, i, 6, "0", "1"), ENGINE_TAKEN);
	kit_close(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_when_the_watermark_is_there),
		cmocka_unit_test(held_for_its_lateness),
		cmocka_unit_test(open_ones_are_built_again),
		cmocka_unit_test(open_ones_wait_for_all_that_is_read_again),
		cmocka_unit_test(late_once),
		cmocka_unit_test(reading_again_ends_at_the_end),
		cmocka_unit_test(marks_are_of_one_gap),
		cmocka_unit_test(spans_of_partials),
		cmocka_unit_test(the_state_has_a_bound),
	};

	return cmocka_run_group_tests_name("window_session_engine", tests, NULL, NULL);
}
