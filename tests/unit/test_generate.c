/* SPDX-License-Identifier: MIT */
/* A run of the generator, with a sink that takes its time: who watches it is told meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gen-to-kafka/generate.h"

enum { RECORDS = 5, TOLD_MAX = 64 };

struct slow_sink {
	struct sink base;
	struct sink_counts counts;
	bool is_flushing;
	/* what the watch was told while it was flushed */
	int64_t told[TOLD_MAX];
	size_t told_count;
};

static int
slow_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct slow_sink *s = (struct slow_sink *)sink;

	(void)err;
	s->counts.written++;
	s->counts.bytes += (int64_t)out->value.len;
	return 0;
}

static int
slow_push(struct sink *sink, struct err *err)
{
	(void)sink;
	(void)err;
	return 0;
}

/* Acknowledges one after another. */
static int
slow_flush(struct sink *sink, int64_t deadline_ms, struct err *err)
{
	struct slow_sink *s = (struct slow_sink *)sink;

	(void)deadline_ms;
	(void)err;
	s->is_flushing = true;
	for (; s->counts.acknowledged < s->counts.written; s->counts.acknowledged++)
		sink_tell_waiting(sink);
	return 0;
}

static void
slow_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((struct slow_sink *)sink)->counts;
}

static const struct sink_ops slow_ops = {
	.write = slow_write, .push = slow_push, .flush = slow_flush, .counts = slow_counts
};

static void
on_told(void *context, const struct generate_numbers *now)
{
	struct slow_sink *s = context;

	if (!s->is_flushing)
		return;
	assert_int_equal(now->counts.made, RECORDS);
	assert_int_equal(now->count_max, RECORDS);
	assert_true(s->told_count < TOLD_MAX);
	s->told[s->told_count++] = now->counts.delivered;
}

static void
the_last_records_are_told_of_one_by_one(void **state)
{
	struct generate_options options = { .target_count = 1,
		.user_count = 1,
		.count_max = RECORDS,
		.partition = -1 };
	struct slow_sink sink = { .base.ops = &slow_ops };
	struct generate_watch watch = { &sink, on_told, 0 };
	struct err err = ERR_INIT;
	struct shape *shape = shape_compile("t", slice_of("{}"), false, &err);
	struct generate *generate = generate_new(&options, shape, &sink.base, &err);
	enum job_input input;

	(void)state;
	assert_non_null(generate);
	generate_set_watch(generate, &watch);
	assert_int_equal(generate_run(generate, &input, &err), 0);
	assert_int_equal(input, JOB_INPUT_ENDED);
	assert_int_equal(sink.told_count, RECORDS);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(sink.told[i], i);
	generate_free(generate);
	shape_free(shape);
}

/* Nobody watches: nobody is told. */
static void
a_run_needs_no_watch(void **state)
{
	struct generate_options options = { .target_count = 1,
		.user_count = 1,
		.count_max = RECORDS,
		.partition = -1 };
	struct slow_sink sink = { .base.ops = &slow_ops };
	struct err err = ERR_INIT;
	struct shape *shape = shape_compile("t", slice_of("{}"), false, &err);
	struct generate *generate = generate_new(&options, shape, &sink.base, &err);
	enum job_input input;

	(void)state;
	assert_non_null(generate);
	assert_int_equal(generate_run(generate, &input, &err), 0);
	assert_int_equal(sink.counts.acknowledged, RECORDS);
	assert_int_equal(sink.told_count, 0);
	generate_free(generate);
	shape_free(shape);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_records_are_told_of_one_by_one),
		cmocka_unit_test(a_run_needs_no_watch),
	};

	return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
