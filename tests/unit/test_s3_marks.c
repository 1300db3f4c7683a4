/* SPDX-License-Identifier: MIT */
/* Marks of a lake in S3, against a server that verifies what it gets and has faults on order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "kafka-to-s3/mark.h"
#include "s3_put_kit.h"

enum { PARTITIONS = 4, WAIT_MS = 1000 };

struct marks {
	struct aws_options aws;
	struct s3_target_options s3;
	char target[64];
	struct format *format;
	struct publisher *publisher;
	struct err err;
};

/* A lake in the world's bucket, which is new. */
static void
open_marks(struct world *w, struct marks *m)
{
	struct format_options format = { .kind = FORMAT_JSON };
	struct publisher_options options = { .target = m->target,
		.existing = PUBLISH_COMPARE,
		.s3 = &m->s3 };

	new_bucket(w);
	*m = (struct marks){ .aws = { .endpoint_url = w->endpoint }, .s3 = S3_TARGET_OPTIONS_INIT };
	m->s3.aws = &m->aws;
	(void)snprintf(m->target, sizeof(m->target), "s3://%s/lake", w->bucket_name);
	m->format = options.format = format_new(&format, &m->err);
	assert_non_null(m->format);
	m->publisher = publisher_new(&options, &m->err);
	if (!m->publisher)
		fail_msg("%s", m->err.text);
}

static void
close_marks(struct marks *m)
{
	publisher_free(m->publisher);
	format_free(m->format);
	s3_target_options_release(&m->s3);
}

static int
write_mark(struct marks *m, int32_t partition, int64_t until)
{
	struct mark mark = MARK_INIT;
	int rc;

	mark.until = until;
	rc = mark_write(m->publisher, "t", partition, "g", &mark, &m->err);
	mark_release(&mark);
	return rc;
}

/* To its end. */
static int
write_whole(struct marks *m, int64_t until)
{
	int rc;

	do {
		publisher_begin_turn(m->publisher);
		rc = write_mark(m, 0, until);
		if (rc > 0)
			publisher_wait(m->publisher, clock_deadline(WAIT_MS));
	} while (rc > 0);
	return rc;
}

static int64_t
marked(struct marks *m, int32_t partition)
{
	struct mark mark = MARK_INIT;
	int64_t until;

	assert_int_equal(mark_read(m->publisher, "t", partition, "g", &mark, &m->err), 0);
	until = mark.until;
	mark_release(&mark);
	return until;
}

/* Each is done when it is done, whatever the others do: none is begun anew meanwhile. */
static void
marks_of_all_partitions_at_a_time(void **state)
{
	struct world *w = *state;
	struct marks m;
	int left[PARTITIONS] = { 1, 1, 1, 1 };
	bool is_left = true;

	open_marks(w, &m);
	order_faults(w, "PUT lake/_sluice/t-00001\tlate\nGET lake/_sluice/t-00002\t503 SlowDown\n"
			"GET lake/_sluice/t-00003\tlate\nPUT lake/_sluice/t-00003\tlate\n");
	while (is_left) {
		is_left = false;
		publisher_begin_turn(m.publisher);
		for (int i = 0; i < PARTITIONS; i++) {
			left[i] = left[i] ? write_mark(&m, i, 7 + i) : 0;
			assert_true(left[i] >= 0);
			is_left |= left[i];
		}
		if (is_left)
			publisher_wait(m.publisher, clock_deadline(WAIT_MS));
	}
	for (int i = 0; i < PARTITIONS; i++)
		assert_int_equal(marked(&m, i), 7 + i);
	ask_store(w);
	assert_int_equal(count_lines(w, "request PUT lake/_sluice/"), PARTITIONS);
	close_marks(&m);
}

/* Somebody else writes it between our reading and our writing. */
static void
marks_are_not_lowered(void **state)
{
	static const struct {
		int64_t before; /* -1: none */
		const char *faults;
		int64_t after;
	} cases[] = {
		{ -1, "PUT\tother {\"group\":\"g\",\"until\":9}\n", 9 },
		{ 2, "PUT\tother {\"group\":\"g\",\"until\":9}\n", 9 },
		{ 2, "PUT\tother {\"group\":\"g\",\"until\":4}\n", 5 },
		{ 2, "PUT\tgone\n", 5 },
		{ 2, "PUT\t409 ConditionalRequestConflict\n", 5 },
		{ -1, "PUT\tlost\n", 5 },
		{ 2, "PUT\tlost\n", 5 },
		{ 2, "PUT\t503 SlowDown\nPUT\tother {\"group\":\"g\",\"until\":9}\n", 9 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct marks m;

		open_marks(w, &m);
		if (cases[i].before >= 0)
			assert_int_equal(write_whole(&m, cases[i].before), 0);
		order_faults(w, cases[i].faults);
		if (write_whole(&m, 5))
			fail_msg("case %zu: %s", i, m.err.text);
		if (marked(&m, 0) != cases[i].after)
			fail_msg("case %zu: %lld", i, (long long)marked(&m, 0));
		close_marks(&m);
	}
}

/* Another group's stops it, whenever it comes. */
static void
marks_of_other_groups(void **state)
{
	struct world *w = *state;
	struct marks m;

	open_marks(w, &m);
	order_faults(w, "PUT\tother {\"group\":\"h\",\"until\":1}\n");
	assert_int_equal(write_whole(&m, 5), -1);
	assert_int_equal(m.err.class, ERR_DATA);
	assert_non_null(strstr(m.err.text, "group h has put this partition there"));
	close_marks(&m);
}

/* What was begun for a partition that is lost is not taken for what is begun later. */
static void
marks_are_given_up(void **state)
{
	struct world *w = *state;
	struct marks m;

	open_marks(w, &m);
	order_faults(w, "GET\tlate\n");
	publisher_begin_turn(m.publisher);
	assert_int_equal(write_mark(&m, 0, 3), 1);
	assert_int_equal(write_mark(&m, 1, 4), 1);
	mark_drop(m.publisher, "t", 0);
	mark_drop(m.publisher, "t", 2); /* nothing was begun */
	assert_int_equal(write_whole(&m, 5), 0);
	assert_int_equal(marked(&m, 0), 5);
	ask_store(w);
	assert_int_equal(count_lines(w, "request PUT lake/_sluice/t-00000"), 1);
	close_marks(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_all_partitions_at_a_time),
		cmocka_unit_test(marks_are_not_lowered),
		cmocka_unit_test(marks_of_other_groups),
		cmocka_unit_test(marks_are_given_up),
	};

	return cmocka_run_group_tests_name("s3_marks", tests, start_world, end_world);
}
