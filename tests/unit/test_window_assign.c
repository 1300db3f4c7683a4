/* SPDX-License-Identifier: MIT */
/* Kinds of windows: panes and windows of a time, golden cases of hops and cumulations, what is late
 * there, and what intervals, partials and marks do to them. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/mark.h"
#include "window_kit.h"

#define M KIT_MINUTE_MS

/* ---- arithmetic ---- */

static void
assigners_that_cannot_be(void **state)
{
	static const struct assigner cases[] = {
		{ .kind = ASSIGN_TUMBLE },
		{ .kind = ASSIGN_HOP, .size_ms = 10 },
		{ .kind = ASSIGN_HOP, .size_ms = 10, .step_ms = -1 },
		{ .kind = ASSIGN_CUMULATE, .size_ms = 10, .step_ms = 3 },
		{ .kind = ASSIGN_CUMULATE, .size_ms = 10, .step_ms = 20 },
		{ .kind = ASSIGN_HOP, .size_ms = 24 * 60 * M, .step_ms = 60 * M + 1 },
		{ .kind = ASSIGN_CUMULATE, .size_ms = 24 * 60 * M, .step_ms = 1000 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct assigner a = cases[i];
		struct err err = ERR_INIT;

		if (assigner_prepare(&a, &err) != -1 || err.class != ERR_USAGE)
			fail_msg("case %zu was taken", i);
	}
}

/* Every window there can be, against what the assigner says of a pane. */
static void
windows_of_panes(void **state)
{
	static const struct assigner cases[] = {
		{ .kind = ASSIGN_TUMBLE, .size_ms = 7 },
		{ .kind = ASSIGN_HOP, .size_ms = 12, .step_ms = 4 },
		{ .kind = ASSIGN_HOP, .size_ms = 12, .step_ms = 5 },
		{ .kind = ASSIGN_HOP, .size_ms = 4, .step_ms = 10 },
		{ .kind = ASSIGN_CUMULATE, .size_ms = 12, .step_ms = 3 },
	};
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct assigner a = cases[i];

		assert_int_equal(assigner_prepare(&a, &err), 0);
		for (int64_t time = -40; time < 40; time++) {
			int64_t after = ASSIGN_NO_WINDOW, last = ASSIGN_NO_WINDOW;
			int64_t start, step = a.kind == ASSIGN_HOP ? a.step_ms : a.size_ms;
			struct span pane, window, next = { 0, 0 };
			int windows = 0;

			assert_true(assigner_pane(&a, time, &pane));
			assert_in_range(time + 100, pane.start_ms + 100, pane.end_ms + 99);
			assert_true(assigner_knows(&a, pane));
			while (assigner_first(&a, pane, after, &window)) {
				start = window.start_ms;
				assert_true(start <= pane.start_ms && pane.end_ms <= window.end_ms);
				assert_int_equal(start % step, 0);
				assert_true(window.end_ms > after);
				if (windows++)
					assert_true(span_equal(window, next));
				next = window;
				assigner_next(&a, &next);
				after = last = window.end_ms;
			}
			assert_int_equal(assigner_last_end(&a, pane), last);
			if (a.kind == ASSIGN_HOP && a.step_ms <= a.size_ms)
				assert_in_range(windows, a.size_ms / a.step_ms,
				    a.size_ms / a.step_ms + (a.size_ms % a.step_ms != 0));
		}
	}
}

static void
times_beyond_all_reason(void **state)
{
	struct assigner a = { .kind = ASSIGN_HOP, .size_ms = 60 * M, .step_ms = 5 * M };
	struct err err = ERR_INIT;
	struct span pane;
	(void)state;

	assert_int_equal(assigner_prepare(&a, &err), 0);
	assert_false(assigner_pane(&a, INT64_MAX, &pane));
	assert_false(assigner_pane(&a, INT64_MIN, &pane));
	assert_false(assigner_pane(&a, INT64_MAX / 4 + 1, &pane));
	assert_true(assigner_pane(&a, INT64_MAX / 4, &pane));
	assert_true(assigner_last_end(&a, pane) > pane.end_ms);
}

static void
shapes(void **state)
{
	static const struct {
		struct assigner assigner;
		const char *want;
	} cases[] = {
		{ { .kind = ASSIGN_TUMBLE, .size_ms = 60 * M }, "tumble:3600000" },
		{ { .kind = ASSIGN_HOP, .size_ms = 60 * M, .step_ms = 5 * M }, "hop:3600000:300000" },
		{ { .kind = ASSIGN_CUMULATE, .size_ms = 60 * M, .step_ms = 5 * M },
		    "cumulate:3600000:300000" },
		{ { .kind = ASSIGN_HOP, .size_ms = 60 * M, .step_ms = 5 * M, .align_ms = M },
		    "hop:3600000:300000+60000" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;

		assert_int_equal(assigner_append(&out, &cases[i].assigner, &err), 0);
		assert_string_equal(out.data, cases[i].want);
		buf_release(&out);
	}
}

/* A record of stream 0; its sequence is its minute. */
static enum engine_fate
take(struct kit *kit, int64_t minute, const char *key)
{
	return kit_take(kit, 0, minute, minute * M, key, "1");
}

static void
open_kit(struct kit *kit, enum assign_kind kind, int64_t size, int64_t step)
{
	kit_open(kit);
	kit->options.assigner =
	    (struct assigner){ .kind = kind, .size_ms = size * M, .step_ms = step * M };
	kit_restart(kit);
}

static void
hops(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 6, "2"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(engine_open_windows(kit.engine), 3);
	assert_int_equal(take(&kit, 25, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "-40-20 1:1\n-40-20 2:1\n");
	/* a pane without records between, and a window without any */
	assert_int_equal(take(&kit, 65, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "-20-40 1:2\n-20-40 2:1\n0-60 1:2\n0-60 2:1\n");
	assert_int_equal(take(&kit, 185, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "20-80 1:2\n40-100 1:1\n60-120 1:1\n");
	engine_finish(kit.engine);
	kit_expect(&kit, "140-200 1:1\n160-220 1:1\n180-240 1:1\n");
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	assert_int_equal(engine_open_windows(kit.engine), 0);
	kit_close(&kit);
}

/* A size that the step does not divide: panes of the greatest common divisor, 20 minutes. */
static void
hops_of_no_whole_steps(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 40);
	assert_int_equal(take(&kit, 15, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 19, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 20, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "-40-20 1:2\n");
	assert_int_equal(take(&kit, 100, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:3\n");
	engine_finish(kit.engine);
	kit_expect(&kit, "80-140 1:1\n");
	kit_close(&kit);
}

/* The first window of the second record's pane ended before there was any pane of it. */
static void
hops_that_ended_while_there_were_none(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 20);
	assert_int_equal(take(&kit, 65, "1"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit.engine));
	assert_int_equal(take(&kit, 55, "1"), ENGINE_TAKEN);
	assert_false(engine_has_closed(kit.engine));
	assert_int_equal(take(&kit, 3, "1"), ENGINE_LATE);
	engine_finish(kit.engine);
	kit_expect(&kit, "20-80 1:2\n40-100 1:2\n60-120 1:1\n");
	kit_close(&kit);
}

/* Windows that hop further than they are long are samples. */
static void
hops_with_gaps(void **state)
{
	struct engine_counts counts;
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 10, 60);
	assert_int_equal(take(&kit, 9, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 10, "1"), ENGINE_OUTSIDE);
	kit_expect(&kit, "0-10 1:1\n");
	assert_int_equal(take(&kit, 59, "1"), ENGINE_OUTSIDE);
	assert_int_equal(take(&kit, 1, "1"), ENGINE_LATE);
	assert_int_equal(take(&kit, 60, "1"), ENGINE_TAKEN);
	engine_finish(kit.engine);
	kit_expect(&kit, "60-70 1:1\n");
	engine_get_counts(kit.engine, &counts);
	assert_int_equal(counts.outside, 2);
	assert_int_equal(counts.taken, 2);
	kit_close(&kit);
}

static void
cumulations(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 25, "2"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n");
	assert_int_equal(engine_open_windows(kit.engine), 2);
	assert_int_equal(take(&kit, 26, "1"), ENGINE_TAKEN);
	/* a key goes on to the end of the period, also where a step has no records */
	assert_int_equal(take(&kit, 70, "3"), ENGINE_TAKEN);
	kit_expect(&kit, "0-40 1:2\n0-40 2:1\n0-60 1:2\n0-60 2:1\n");
	assert_int_equal(take(&kit, 110, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "60-80 3:1\n60-100 3:1\n");
	engine_finish(kit.engine);
	kit_expect(&kit, "60-120 1:1\n60-120 3:1\n");
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	kit_close(&kit);
}

struct rows_seen {
	size_t before; /* allocated before the windows */
	size_t most;   /* more, by any of its rows */
	size_t state_bytes;
	struct buf text;
};

static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static int
see_row(void *context, const struct engine_row *row, struct err *err)
{
	struct rows_seen *seen = context;
	size_t now = allocated();

	if (now > seen->before && now - seen->before > seen->most)
		seen->most = now - seen->before;
	if (buf_append_int(&seen->text, row->span.end_ms, err) ||
	    buf_append_char(&seen->text, ' ', err) || buf_append(&seen->text, row->key, err))
		return -1;
	return buf_append_int(&seen->text, *(const int64_t *)row->states, err);
}

/* 4 panes of 20000 keys each, of which every pair shares half. */
static void
close_many_keys(enum assign_kind kind, size_t state_bytes_max, struct rows_seen *seen)
{
	enum { KEYS = 20000, PANES = 4 };
	struct kit kit;
	char key[16];

	open_kit(&kit, kind, 20 * PANES, 20);
	kit.options.state_bytes_max = state_bytes_max;
	kit.options.out_of_order_ms = 24 * 60 * M;
	kit_restart(&kit);
	for (int i = 0; i < PANES * KEYS; i++) {
		(void)snprintf(key, sizeof(key), "%d", i - i / KEYS * KEYS / 2);
		assert_int_equal(take(&kit, i / KEYS * 20, key), ENGINE_TAKEN);
	}
	seen->state_bytes = engine_state_bytes(kit.engine);
	engine_finish(kit.engine);
	buf_init(&seen->text, 1 << 28);
	assert_int_equal(buf_reserve(&seen->text, 1 << 23, &kit.err), 0);
	seen->before = allocated();
	seen->most = 0;
	assert_int_equal(engine_close(kit.engine, see_row, seen, &kit.err), 0);
	assert_true(seen->text.len < 1 << 23);
	kit_close(&kit);
}

/* Where the state's bound leaves no room for a merged copy there is none, and rows are the same. */
static void
windows_of_many_keys_are_not_copied(void **state)
{
	static const enum assign_kind kinds[] = { ASSIGN_HOP, ASSIGN_CUMULATE };
	(void)state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct rows_seen roomy, tight;

		close_many_keys(kinds[i], SIZE_MAX, &roomy);
		/* full with the last key */
		close_many_keys(kinds[i], roomy.state_bytes, &tight);
		assert_true(slice_equal(buf_slice(&roomy.text), buf_slice(&tight.text)));
		assert_true(tight.most < 1 << 20);
		buf_release(&roomy.text);
		buf_release(&tight.text);
	}
}

/* What is behind the watermark counts in those of its windows that are not closed: see assign.h. */
static void
what_is_late_for_some_windows(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 20);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN); /* -40-20 and -20-40 are closed */
	assert_int_equal(kit_take(&kit, 0, 46, -M, "1", "1"), ENGINE_LATE);
	assert_int_equal(take(&kit, 60, "2"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	assert_int_equal(take(&kit, 19, "1"), ENGINE_LATE);
	assert_int_equal(take(&kit, 20, "1"), ENGINE_TAKEN);
	engine_finish(kit.engine);
	kit_expect(&kit, "20-80 1:2\n20-80 2:1\n40-100 1:1\n40-100 2:1\n60-120 2:1\n");
	kit_close(&kit);

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 5, "2"), ENGINE_TAKEN);
	assert_int_equal(kit_take(&kit, 0, 46, -M, "1", "1"), ENGINE_LATE);
	assert_int_equal(take(&kit, 60, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:1\n0-60 2:1\n");
	assert_int_equal(take(&kit, 59, "1"), ENGINE_LATE);
	kit_close(&kit);
}

/* A window that is complete before any record is in it does not come out with one that is behind. */
static void
what_was_complete_without_records(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 20);
	assert_int_equal(take(&kit, 205, "1"), ENGINE_TAKEN); /* nothing is complete yet */
	assert_int_equal(take(&kit, 165, "1"), ENGINE_TAKEN); /* 120-180 and 140-200 would be */
	assert_false(engine_has_closed(kit.engine));
	engine_finish(kit.engine);
	kit_expect(&kit, "160-220 1:2\n180-240 1:1\n200-260 1:1\n");
	kit_close(&kit);
}

/* ---- intervals, partials, marks ---- */

/* An abort takes back what an interval has merged, a commit keeps it. */
static void
cumulations_in_intervals(void **state)
{
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 25, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n");
	for (int round = 0; round < 2; round++) {
		assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
		assert_int_equal(take(&kit, 35, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 45, "2"), ENGINE_TAKEN);
		kit_expect(&kit, "0-40 1:3\n");
		assert_int_equal(take(&kit, 15, "1"), ENGINE_TAKEN);
		assert_int_equal(take(&kit, 60, "2"), ENGINE_TAKEN);
		kit_expect(&kit, "0-60 1:4\n0-60 2:1\n");
		if (round == 0)
			engine_abort(kit.engine);
	}
	assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
	engine_finish(kit.engine);
	kit_expect(&kit, "60-80 2:1\n60-100 2:1\n60-120 2:1\n");
	assert_int_equal(engine_state_bytes(kit.engine), 0);
	kit_close(&kit);
}

struct pieces {
	char bytes[16][256];
	size_t lens[16];
	unsigned count;
};

static int
keep_piece(void *context, struct slice bytes, struct err *err)
{
	struct pieces *p = context;
	(void)err;

	assert_true(p->count < 16 && bytes.len <= sizeof(p->bytes[0]));
	memcpy(p->bytes[p->count], bytes.data, bytes.len);
	p->lens[p->count++] = bytes.len;
	return 0;
}

static void
take_pieces(struct kit *kit, const struct pieces *pieces)
{
	for (unsigned i = 0; i < pieces->count; i++)
		assert_int_equal(engine_take_partial(kit->engine,
				     slice_make(pieces->bytes[i], pieces->lens[i]), &kit->err),
		    ENGINE_TAKEN);
}

/* The whole state of one engine, a period half given out, goes on in another. */
static void
a_state_moves_as_partials(void **state)
{
	struct pieces pieces = { .count = 0 };
	struct kit kit, other;
	(void)state;

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 25, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n");
	assert_int_equal(engine_begin(kit.engine, &kit.err), 0);
	assert_int_equal(take(&kit, 35, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-40 1:3\n");
	assert_int_equal(engine_commit(kit.engine, &kit.err), 0);
	assert_int_equal(engine_each_partial(kit.engine, keep_piece, &pieces, &kit.err), 0);
	assert_int_equal(pieces.count, 3); /* 0-40 merged but for one, that one, 40-60 */
	kit_close(&kit);

	open_kit(&other, ASSIGN_CUMULATE, 60, 20);
	take_pieces(&other, &pieces);
	assert_int_equal(take(&other, 10, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&other, 42, "1"), ENGINE_TAKEN);
	kit_expect(&other, "0-20 1:1\n0-40 1:4\n");
	engine_finish(other.engine);
	kit_expect(&other, "0-60 1:6\n");
	kit_close(&other);

	/* it is no pane of other windows */
	open_kit(&other, ASSIGN_CUMULATE, 80, 10);
	assert_int_equal(engine_take_partial(other.engine,
			     slice_make(pieces.bytes[1], pieces.lens[1]), &other.err),
	    ENGINE_FAILED);
	assert_int_equal(other.err.class, ERR_DATA);
	kit_close(&other);
}

/* A record behind a run of panes that an interval has brought goes into a pane of its own. */
static void
a_run_of_panes_takes_no_record(void **state)
{
	struct pieces pieces = { .count = 0 };
	struct kit kit, other;
	(void)state;

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 40, "2"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n0-40 1:1\n");
	assert_int_equal(engine_each_partial(kit.engine, keep_piece, &pieces, &kit.err), 0);
	pieces.count = 1; /* 0-40 */
	kit_close(&kit);

	open_kit(&other, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(engine_begin(other.engine, &other.err), 0);
	take_pieces(&other, &pieces);
	assert_int_equal(engine_commit(other.engine, &other.err), 0);
	assert_int_equal(take(&other, 10, "3"), ENGINE_TAKEN);
	engine_finish(other.engine);
	kit_expect(&other, "0-20 3:1\n0-40 1:1\n0-40 3:1\n0-60 1:1\n0-60 3:1\n");
	kit_close(&other);
}

/* The earliest record that any window needs which is not given out, and a life that begins there.
 */
static void
hops_in_the_next_life(void **state)
{
	struct engine_mark mark;
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_HOP, 60, 20);
	for (int64_t minute = 5; minute <= 65; minute += 20)
		assert_int_equal(take(&kit, minute, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "-40-20 1:1\n-20-40 1:2\n0-60 1:3\n");
	assert_int_equal(engine_earliest(kit.engine, 0), 25);
	mark = engine_mark(kit.engine, 0, 66);
	engine_free(kit.engine);
	kit.engine = engine_new(&kit.options, &kit.err);
	assert_int_equal(engine_add_stream(kit.engine, 0, 25, &mark, &kit.err), 0);
	assert_int_equal(take(&kit, 25, "1"), ENGINE_TAKEN);
	assert_int_equal(
	    kit_take(&kit, 0, 26, 5 * M, "1", "1"), ENGINE_REPLAYED);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 65, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 80, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "20-80 1:3\n");
	kit_close(&kit);
}

/* A merged run of panes keeps the positions of what is in it. */
static void
cumulations_in_the_next_life(void **state)
{
	struct engine_mark mark;
	struct kit kit;
	(void)state;

	open_kit(&kit, ASSIGN_CUMULATE, 60, 20);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-20 1:1\n0-40 1:1\n");
	assert_int_equal(engine_earliest(kit.engine, 0), 5);
	mark = engine_mark(kit.engine, 0, 46);
	engine_free(kit.engine);
	kit.engine = engine_new(&kit.options, &kit.err);
	assert_int_equal(engine_add_stream(kit.engine, 0, 5, &mark, &kit.err), 0);
	assert_int_equal(take(&kit, 5, "1"), ENGINE_TAKEN);
	assert_int_equal(take(&kit, 45, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "");
	assert_int_equal(take(&kit, 66, "1"), ENGINE_TAKEN);
	kit_expect(&kit, "0-60 1:2\n");
	assert_int_equal(engine_earliest(kit.engine, 0), 66);
	kit_close(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assigners_that_cannot_be),
		cmocka_unit_test(windows_of_panes),
		cmocka_unit_test(times_beyond_all_reason),
		cmocka_unit_test(shapes),
		cmocka_unit_test(hops),
		cmocka_unit_test(hops_of_no_whole_steps),
		cmocka_unit_test(hops_that_ended_while_there_were_none),
		cmocka_unit_test(hops_with_gaps),
		cmocka_unit_test(cumulations),
		cmocka_unit_test(windows_of_many_keys_are_not_copied),
		cmocka_unit_test(what_is_late_for_some_windows),
		cmocka_unit_test(what_was_complete_without_records),
		cmocka_unit_test(cumulations_in_intervals),
		cmocka_unit_test(a_state_moves_as_partials),
		cmocka_unit_test(a_run_of_panes_takes_no_record),
		cmocka_unit_test(hops_in_the_next_life),
		cmocka_unit_test(cumulations_in_the_next_life),
	};

	return cmocka_run_group_tests_name("window_assign", tests, NULL, NULL);
}
