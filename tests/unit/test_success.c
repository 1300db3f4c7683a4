/* SPDX-License-Identifier: MIT */
/*
 * Which paths are complete; and a seeded simulation of members that publish, write marks, commit, look at all marks,
 * and crash between any two of these. Held: _SUCCESS is made only where the marks, as they lie there, allow it; each path with
 * data has it at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kafka-to-s3/mark_text.h"

/* ---- the parts ---- */

static void
note(struct success *s, const char *path, int64_t event_ms, int64_t end_ms)
{
	struct err err = ERR_INIT;

	if (success_note(s, path, event_ms, end_ms, &err))
		fail_msg("%s", err.text);
}

static void
test_pending(void **state)
{
	struct success s = SUCCESS_INIT;

	(void)state;
	note(&s, "b", 15, 20);
	note(&s, "a", 5, 10);
	note(&s, "c", 4, 30);
	note(&s, "a", 25, 40);
	note(&s, "b", 11, 20);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.bytes, 3);
	assert_int_equal(s.time_ms, 25);
	assert_string_equal(s.paths[0].path, "a");
	assert_int_equal(s.paths[0].end_ms, 40);
	assert_int_equal(s.paths[1].end_ms, 20);
	success_remove(&s, 1);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.bytes, 2);
	assert_string_equal(s.paths[1].path, "c");
	success_release(&s);
}

static void
test_bounds(void **state)
{
	struct success s = SUCCESS_INIT;
	char path[1000];

	(void)state;
	for (unsigned i = 0; i < SUCCESS_PATHS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		note(&s, path, 1, 2);
	}
	assert_false(s.is_full);
	note(&s, "0", 5, 7);
	assert_false(s.is_full);
	note(&s, "more", 9, 9);
	assert_true(s.is_full);
	assert_int_equal(s.count, SUCCESS_PATHS_MAX);
	assert_int_equal(s.time_ms, 9);
	success_release(&s);
	for (unsigned i = 0; !s.is_full; i++) {
		(void)snprintf(path, sizeof(path), "%0767u", i);
		note(&s, path, 1, 2);
		assert_true(s.bytes <= SUCCESS_BYTES_MAX);
	}
	assert_int_equal(s.count, SUCCESS_BYTES_MAX / 767);
	success_release(&s);
}

static void
test_watermark(void **state)
{
	/* at 1000 of the wall clock, with 100 */
	static const struct {
		struct success_partition partitions[3];
		size_t count;
		int64_t watermark_ms;
	} cases[] = {
		{ { { 0, 0, false } }, 0, SUCCESS_NO_TIME },
		{ { { 50, 990, false }, { 40, 990, false } }, 2, 40 },
		{ { { 50, 990, false }, { SUCCESS_NO_TIME, 990, false } }, 2, SUCCESS_NO_TIME },
		{ { { 50, 990, false }, { 40, 900, true } }, 2, 50 },
		{ { { 50, 990, false }, { 40, 901, true } }, 2, 40 },
		{ { { 50, 990, false }, { 40, 900, false } }, 2, 40 },
		{ { { 50, 990, false }, { SUCCESS_NO_TIME, 900, true } }, 2, 50 },
		/* no mark: not known for how long */
		{ { { 50, 990, false }, { SUCCESS_NO_TIME, INT64_MAX, true } }, 2, SUCCESS_NO_TIME },
		{ { { 50, 10, true }, { 40, 10, true } }, 2, 1000 },
		/* event times of the future, and marks */
		{ { { 5000, 10, true }, { 4000, 10, true } }, 2, 1000 },
		{ { { 5000, 990, false }, { 50, 990, false } }, 2, 50 },
		{ { { 5000, 990, false } }, 1, 1000 },
		{ { { 50, 2000, true } }, 1, 50 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t got = success_watermark(cases[i].partitions, cases[i].count, 1000, 100);

		if (got != cases[i].watermark_ms)
			fail_msg("case %zu: %lld", i, (long long)got);
	}
}

static void
test_complete(void **state)
{
	static const struct {
		int64_t end_ms, watermark_ms, after_ms;
		bool is_complete;
	} cases[] = {
		{ 100, 109, 10, false },
		{ 100, 110, 10, true },
		{ 100, 100, 0, true },
		{ 100, 99, 0, false },
		{ 100, SUCCESS_NO_TIME, 0, false },
		{ INT64_MAX, INT64_MAX, 1, false },
		{ INT64_MAX - 1, INT64_MAX - 1, 10, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct success_path path = { .end_ms = cases[i].end_ms };

		assert_int_equal(
		    success_is_complete(&path, cases[i].watermark_ms, cases[i].after_ms),
		    cases[i].is_complete);
	}
}

/* ---- marks ---- */

static void
test_marks(void **state)
{
	static const struct {
		const char *text;
		const char *refusal;
	} cases[] = {
		{ "{\"group\":\"g\",\"until\":7}", NULL },
		{ "{\"group\":\"g\",\"until\":7,\"at\":5,\"time\":-3,\"pending\":{\"a/b\":9,\"\\u00fc\":-1}}", NULL },
		{ "{\"group\":\"g\",\"until\":7,\"at\":5,\"time\":-3,\"pending\":{\"a\":\"9\"}}",
		    "no mark of kafka-to-s3" },
		{ "{\"group\":\"g\",\"until\":-1}", "no mark of kafka-to-s3" },
		{ "{\"group\":\"h\",\"until\":7}",
		    "group h has put this partition there, and g would put it there again" },
		{ "", "no mark of kafka-to-s3" },
		{ "[]", "no mark of kafka-to-s3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mark mark = MARK_INIT, again = MARK_INIT;
		struct buf text = BUF_INIT(10000);
		struct err err = ERR_INIT;
		int rc = mark_parse(slice_of(cases[i].text), "g", &mark, &err);

		assert_int_equal(rc, cases[i].refusal ? -1 : 0);
		if (rc) {
			assert_string_equal(err.text, cases[i].refusal);
			assert_int_equal(mark.until, -1);
			continue;
		}
		assert_int_equal(mark_format(&mark, "g", &text, &err), 0);
		assert_int_equal(mark_parse(buf_slice(&text), "g", &again, &err), 0);
		assert_int_equal(again.until, 7);
		assert_int_equal(again.at_ms, i ? 5 : INT64_MAX);
		assert_int_equal(again.success.time_ms, i ? -3 : SUCCESS_NO_TIME);
		assert_int_equal(again.success.count, i ? 2 : 0);
		if (i)
			assert_int_equal(again.success.paths[0].end_ms, 9);
		mark_release(&mark);
		mark_release(&again);
		buf_release(&text);
	}
}

static void
test_what_cannot_be_a_mark(void **state)
{
	struct mark mark = MARK_INIT;
	struct buf text = BUF_INIT(10000);
	struct err err = ERR_INIT;

	(void)state;
	mark.until = 1;
	assert_int_equal(mark_format(&mark, "\xff", &text, &err), -1);
	assert_int_equal(err.class, ERR_FAULT);
	err_clear(&err);
	note(&mark.success, "\xff", 1, 1);
	assert_int_equal(mark_format(&mark, "g", &text, &err), -1);
	mark_release(&mark);
	buf_release(&text);
}

/* ---- the simulation ---- */

enum {
	SEEDS = 300,
	PARTITIONS = 3,
	RECORDS = 30,
	HOUR = 10, /* of event time, which makes the paths */
	HOURS = 12,
	STEPS = 600,
};

struct owner {
	bool is_running;
	struct mark mark;
	int64_t published; /* records in the target */
};

struct partition {
	int64_t times[RECORDS];
	int64_t available; /* in the log */
	int64_t committed;
	char mark[2048]; /* beside the data; "": none */
	struct owner owner;
};

struct sim {
	uint64_t seed, random;
	int64_t now_ms, after_ms;
	struct partition partitions[PARTITIONS];
	bool has_data[HOURS + 1];
	bool has_success[HOURS + 1];
};

static uint64_t
below(struct sim *s, uint64_t limit)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (s->random >> 11) % limit;
}

static void
begin(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	s->after_ms = (int64_t)below(s, 25);
	for (unsigned p = 0; p < PARTITIONS; p++) {
		int64_t time_ms = 0;

		for (unsigned i = 0; i < RECORDS; i++) {
			time_ms += (int64_t)below(s, 7);
			s->partitions[p].times[i] = time_ms - (int64_t)below(s, 1 + (uint64_t)time_ms / 2);
			if (s->partitions[p].times[i] >= HOURS * HOUR)
				s->partitions[p].times[i] = HOURS * HOUR - 1;
		}
	}
}

static struct mark
read_mark(const struct sim *s, const struct partition *p)
{
	struct mark mark = MARK_INIT;
	struct err err = ERR_INIT;

	if (*p->mark && mark_parse(slice_of(p->mark), "g", &mark, &err))
		fail_msg("seed %llu: %s", (unsigned long long)s->seed, err.text);
	return mark;
}

static void
write_mark(const struct sim *s, struct partition *p)
{
	struct buf text = BUF_INIT(sizeof(p->mark));
	struct err err = ERR_INIT;

	if (mark_format(&p->owner.mark, "g", &text, &err))
		fail_msg("seed %llu: %s", (unsigned long long)s->seed, err.text);
	memcpy(p->mark, text.data, text.len);
	p->mark[text.len] = '\0';
	buf_release(&text);
}

static void
start(const struct sim *s, struct partition *p)
{
	p->owner = (struct owner){ .is_running = true, .mark = read_mark(s, p), .published = p->committed };
}

static void
crash(struct partition *p)
{
	mark_release(&p->owner.mark);
	p->owner.is_running = false;
}

static void
publish(struct sim *s, struct partition *p)
{
	while (p->owner.published < p->available) {
		int64_t time_ms = p->times[p->owner.published++], hour = time_ms / HOUR;
		char path[32];

		(void)snprintf(path, sizeof(path), "h=%lld", (long long)hour);
		s->has_data[hour] = true;
		note(&p->owner.mark.success, path, time_ms, (hour + 1) * HOUR);
		if (below(s, 4) == 0)
			break;
	}
}

/* By the marks alone, and not by success_watermark. */
static void
check_rule(const struct sim *s, int64_t end_ms)
{
	for (unsigned i = 0; i < PARTITIONS; i++) {
		const struct partition *p = &s->partitions[i];
		struct mark mark = read_mark(s, p);
		bool is_idle = mark.at_ms != INT64_MAX && s->now_ms - mark.at_ms >= s->after_ms &&
		    p->committed == p->available && s->now_ms >= end_ms + s->after_ms;

		if (!is_idle && (mark.success.time_ms == SUCCESS_NO_TIME ||
		                    mark.success.time_ms < end_ms + s->after_ms))
			fail_msg("seed %llu: complete too early", (unsigned long long)s->seed);
		mark_release(&mark);
	}
}

static void
look(struct sim *s, struct partition *p)
{
	struct success_partition all[PARTITIONS];
	struct success *pending = &p->owner.mark.success;
	int64_t watermark_ms;

	if (p->owner.mark.at_ms == INT64_MAX && p->committed == p->owner.published) {
		p->owner.mark.until = p->committed;
		p->owner.mark.at_ms = s->now_ms;
		write_mark(s, p);
	}
	for (unsigned i = 0; i < PARTITIONS; i++) {
		struct mark mark = read_mark(s, &s->partitions[i]);

		all[i] = (struct success_partition){ .time_ms = mark.success.time_ms,
			.written_ms = mark.at_ms,
			.is_drained = s->partitions[i].committed == s->partitions[i].available };
		mark_release(&mark);
	}
	watermark_ms = success_watermark(all, PARTITIONS, s->now_ms, s->after_ms);
	for (size_t i = pending->count; i-- > 0;) {
		if (!success_is_complete(&pending->paths[i], watermark_ms, s->after_ms))
			continue;
		check_rule(s, pending->paths[i].end_ms);
		s->has_success[pending->paths[i].end_ms / HOUR - 1] = true;
		success_remove(pending, i);
		if (below(s, 8) == 0) {
			crash(p);
			return;
		}
	}
	if (p->owner.mark.until >= 0)
		write_mark(s, p);
}

static void
settle(struct sim *s, struct partition *p)
{
	if (p->owner.published == p->committed)
		return;
	p->owner.mark.until = p->owner.published;
	p->owner.mark.at_ms = s->now_ms;
	write_mark(s, p);
	if (below(s, 8) == 0)
		crash(p);
	else
		p->committed = p->owner.published;
}

static void
step(struct sim *s, struct partition *p)
{
	if (!p->owner.is_running) {
		start(s, p);
		return;
	}
	switch (below(s, 4)) {
	case 0:
		publish(s, p);
		break;
	case 1:
		settle(s, p);
		break;
	case 2:
		look(s, p);
		break;
	default:
		if (below(s, 4) == 0)
			crash(p);
		break;
	}
}

static void
finish(struct sim *s)
{
	for (unsigned i = 0; i < PARTITIONS; i++) {
		struct partition *p = &s->partitions[i];

		for (unsigned n = 0; n < STEPS && p->committed < p->available; n++)
			step(s, p);
		assert_int_equal(p->committed, p->available);
	}
	s->now_ms += 1000;
	for (unsigned i = 0; i < PARTITIONS; i++) {
		struct partition *p = &s->partitions[i];

		/* an untouched partition has its first mark now, and is idle later */
		for (unsigned n = 0; n < 40; n++) {
			s->now_ms += 1000;
			if (!p->owner.is_running)
				start(s, p);
			look(s, p);
		}
	}
	for (unsigned i = 0; i < PARTITIONS; i++) {
		for (unsigned n = 0; n < 40; n++) {
			if (!s->partitions[i].owner.is_running)
				start(s, &s->partitions[i]);
			look(s, &s->partitions[i]);
		}
		if (s->partitions[i].owner.is_running)
			crash(&s->partitions[i]);
	}
}

static void
test_every_complete_path_and_no_other(void **state)
{
	static struct sim s;
	unsigned early = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&s, seed);
		for (unsigned i = 0; i < STEPS; i++) {
			struct partition *p = &s.partitions[below(&s, PARTITIONS)];

			s.now_ms += (int64_t)below(&s, 3);
			if (below(&s, 4) == 0 && p->available < RECORDS)
				p->available++;
			step(&s, p);
		}
		for (unsigned i = 0; i < HOURS; i++)
			early += s.has_success[i];
		finish(&s);
		for (unsigned i = 0; i < HOURS; i++) {
			if (s.has_data[i] != s.has_success[i])
				fail_msg("seed %llu: hour %u has data: %d", (unsigned long long)seed, i,
				    s.has_data[i]);
		}
	}
	assert_true(early > SEEDS); /* the rule is met on the way */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_watermark),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_what_cannot_be_a_mark),
		cmocka_unit_test(test_every_complete_path_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
