/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "kafka-to-s3/publish/piecework.h"

/* A job of so many pieces, the last of which may fail. */
struct count {
	struct piecework *work;
	int pieces;
	bool fails;
	int done;            /* the thread's, or the owner's where that is not at work */
	atomic_int ended;    /* how often */
	pthread_t thread;
};

static int
count_piece(void *context, bool *ret_is_done, struct err *err)
{
	struct count *c = context;

	c->thread = pthread_self();
	c->done++;
	*ret_is_done = c->done == c->pieces;
	return *ret_is_done && c->fails ? err_set(err, ERR_IO, "piece %d", c->done) : 0;
}

static void
count_ended(void *context)
{
	struct count *c = context;

	atomic_fetch_add(&c->ended, 1);
}

static void
begin(struct count *c)
{
	piecework_begin(c->work, &(struct piecework_job){ c, count_piece, count_ended });
}

/* Until it is not at work. */
static int
wait_for(struct count *c, struct err *err)
{
	int rc;

	while ((rc = piecework_poll(c->work, err)) > 0)
		sched_yield();
	return rc;
}

static void
wait_for_end(struct count *c, int ended)
{
	while (atomic_load(&c->ended) < ended)
		sched_yield();
}

static void
does_jobs_one_after_the_other(void **state)
{
	struct err err = ERR_INIT;
	struct count c = { .work = piecework_new(&err), .pieces = 1 };

	(void)state;
	assert_non_null(c.work);
	assert_int_equal(piecework_poll(c.work, &err), 0);
	for (int i = 1; i <= 200; i++) {
		c.pieces = i % 7 + 1;
		c.done = 0;
		begin(&c);
		assert_int_equal(wait_for(&c, &err), 0);
		assert_int_equal(c.done, c.pieces);
		wait_for_end(&c, i);
	}
	assert_false(pthread_equal(c.thread, pthread_self()));
	piecework_free(c.work);
	assert_int_equal(atomic_load(&c.ended), 200);
}

static void
says_once_what_failed(void **state)
{
	struct err err = ERR_INIT;
	struct count c = { .work = piecework_new(&err), .pieces = 3, .fails = true };

	(void)state;
	begin(&c);
	assert_int_equal(wait_for(&c, &err), -1);
	assert_int_equal(err.class, ERR_IO);
	assert_string_equal(err.text, "piece 3");
	assert_int_equal(piecework_poll(c.work, &err), 0);
	wait_for_end(&c, 1);
	/* the next is none the worse for it */
	c.fails = false;
	c.done = 0;
	begin(&c);
	assert_int_equal(wait_for(&c, &err), 0);
	assert_int_equal(c.done, 3);
	piecework_free(c.work);
}

/* No piece is done behind it, and nobody is told of an end. */
static void
gives_up(void **state)
{
	struct err err = ERR_INIT;
	struct count c = { .work = piecework_new(&err), .pieces = -1 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		int done;

		begin(&c);
		for (int spin = 0; spin < i; spin++)
			sched_yield();
		piecework_give_up(c.work);
		done = c.done;
		assert_int_equal(piecework_poll(c.work, &err), 0);
		sched_yield();
		assert_int_equal(c.done, done);
	}
	assert_int_equal(atomic_load(&c.ended), 0);
	begin(&c);
	piecework_free(c.work);
	assert_int_equal(atomic_load(&c.ended), 0);
	piecework_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_jobs_one_after_the_other),
		cmocka_unit_test(says_once_what_failed),
		cmocka_unit_test(gives_up),
	};

	return cmocka_run_group_tests_name("piecework", tests, NULL, NULL);
}
