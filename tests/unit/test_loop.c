/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/loop.h"

/* What fired, in order, as letters; and what each letter does when it fires. */
struct log {
	struct loop *loop;
	char text[32];
	size_t len;
};

struct item {
	struct log *log;
	char letter;
	struct loop_timer timer;
	struct loop_watch watch;
	struct item *clears; /* NULL: none */
	struct item *sets;   /* due at once */
	int pipe[2];
};

static void
note(struct item *item)
{
	struct log *log = item->log;

	assert_true(log->len + 1 < sizeof(log->text));
	log->text[log->len++] = item->letter;
	if (item->clears) {
		loop_timer_clear(log->loop, &item->clears->timer);
		loop_unwatch(log->loop, &item->clears->watch);
	}
	if (item->sets)
		loop_timer_set(log->loop, &item->sets->timer, clock_mono_ms());
}

static void
on_timer(void *context)
{
	note(context);
}

static void
on_ready(void *context, short revents)
{
	struct item *item = context;
	char byte;

	assert_true(revents & POLLIN);
	assert_int_equal(read(item->pipe[0], &byte, 1), 1);
	note(item);
}

static void
item_init(struct item *item, struct log *log, char letter)
{
	*item = (struct item){ .log = log, .letter = letter };
	item->timer = (struct loop_timer){ .fire = on_timer, .context = item };
	assert_int_equal(pipe(item->pipe), 0);
	item->watch = (struct loop_watch){
		.fd = item->pipe[0], .events = POLLIN, .ready = on_ready, .context = item
	};
}

static void
make_ready(struct item *item)
{
	assert_int_equal(write(item->pipe[1], "x", 1), 1);
}

static void
items_make(struct item *items, size_t count, struct log *log)
{
	struct err err = ERR_INIT;

	*log = (struct log){ .loop = loop_new(&err) };
	assert_non_null(log->loop);
	for (size_t i = 0; i < count; i++)
		item_init(&items[i], log, (char)('a' + i));
}

static void
items_free(struct item *items, size_t count, struct log *log)
{
	for (size_t i = 0; i < count; i++) {
		loop_unwatch(log->loop, &items[i].watch);
		loop_timer_clear(log->loop, &items[i].timer);
		(void)close(items[i].pipe[0]);
		(void)close(items[i].pipe[1]);
	}
	loop_free(log->loop);
}

static void
timers_fire_in_order(void **state)
{
	struct item items[4];
	struct log log;

	(void)state;
	items_make(items, 4, &log);
	loop_timer_set(log.loop, &items[0].timer, 30);
	loop_timer_set(log.loop, &items[1].timer, 10);
	loop_timer_set(log.loop, &items[2].timer, 20);
	loop_timer_set(log.loop, &items[3].timer, 10);
	loop_timer_set(log.loop, &items[1].timer, 25); /* moved */
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "dcba");
	assert_false(items[0].timer.is_set);
	assert_false(loop_turn(log.loop, 0));
	items_free(items, 4, &log);
}

static void
timers_change_timers(void **state)
{
	struct item items[4];
	struct log log;

	(void)state;
	items_make(items, 4, &log);
	items[0].clears = &items[1]; /* due in the same turn */
	items[2].sets = &items[2];   /* itself, again and again: a turn ends all the same */
	for (size_t i = 0; i < 4; i++)
		loop_timer_set(log.loop, &items[i].timer, (int64_t)i);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "acd");
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "acdc");
	items_free(items, 4, &log);
}

static void
ready_ones_come_before_timers(void **state)
{
	struct item items[3];
	struct log log;
	struct err err = ERR_INIT;

	(void)state;
	items_make(items, 3, &log);
	loop_timer_set(log.loop, &items[0].timer, 0);
	assert_int_equal(loop_watch(log.loop, &items[1].watch, &err), 0);
	assert_int_equal(loop_watch(log.loop, &items[2].watch, &err), 0);
	make_ready(&items[1]);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "ba");
	assert_false(loop_turn(log.loop, 0));
	make_ready(&items[2]);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "bac");
	items_free(items, 3, &log);
}

/* Whichever of two ready ones is served first unwatches the other. */
static void
watches_change_watches(void **state)
{
	struct item items[2];
	struct log log;
	struct err err = ERR_INIT;

	(void)state;
	items_make(items, 2, &log);
	for (size_t i = 0; i < 2; i++) {
		items[i].clears = &items[1 - i];
		assert_int_equal(loop_watch(log.loop, &items[i].watch, &err), 0);
		make_ready(&items[i]);
	}
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_int_equal(log.len, 1);
	items_free(items, 2, &log);
}

/* Of 100 watches half are cleared, and events are changed in place. */
static void
many_are_watched(void **state)
{
	enum { COUNT = 100 };
	struct item items[COUNT];
	struct log log;
	struct err err = ERR_INIT;

	(void)state;
	items_make(items, COUNT, &log);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(loop_watch(log.loop, &items[i].watch, &err), 0);
	for (size_t i = 0; i < COUNT; i += 2)
		loop_unwatch(log.loop, &items[i].watch);
	make_ready(&items[50]);
	make_ready(&items[51]);
	assert_true(loop_turn(log.loop, 0));
	assert_int_equal(log.len, 1);
	assert_int_equal((unsigned char)log.text[0], 'a' + 51);
	items[53].watch.events = 0;
	assert_int_equal(loop_watch(log.loop, &items[53].watch, &err), 0);
	make_ready(&items[53]);
	assert_false(loop_turn(log.loop, 0));
	items_free(items, COUNT, &log);
}

static void
waits_until_the_deadline(void **state)
{
	struct item items[1];
	struct log log;
	int64_t before_ms = clock_mono_ms();

	(void)state;
	items_make(items, 1, &log);
	loop_timer_set(log.loop, &items[0].timer, before_ms + 60000);
	assert_false(loop_turn(log.loop, before_ms + 20));
	assert_true(clock_mono_ms() >= before_ms + 20);
	items_free(items, 1, &log);
}

struct post {
	struct loop_task task;
	struct log *log;
	char letter;
	struct post *posts, *unposts; /* when it runs; NULL: none */
};

static void
run_post(void *context)
{
	struct post *post = context;

	assert_true(post->log->len + 1 < sizeof(post->log->text));
	post->log->text[post->log->len++] = post->letter;
	if (post->posts)
		loop_post(post->log->loop, &post->posts->task);
	if (post->unposts)
		loop_unpost(post->log->loop, &post->unposts->task);
}

static void
tasks_run_once_in_order(void **state)
{
	struct post posts[3];
	struct log log;

	(void)state;
	items_make(NULL, 0, &log);
	for (size_t i = 0; i < 3; i++)
		posts[i] = (struct post){ .log = &log,
			.letter = (char)('a' + i),
			.task = { .run = run_post, .context = &posts[i] } };
	loop_post(log.loop, &posts[1].task);
	loop_post(log.loop, &posts[0].task);
	loop_post(log.loop, &posts[1].task);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "ba");
	assert_false(loop_turn(log.loop, 0));
	/* what a task posts, itself even, is for the next turn; what it takes back does not run */
	posts[0].posts = &posts[0];
	posts[0].unposts = &posts[2];
	loop_post(log.loop, &posts[0].task);
	loop_post(log.loop, &posts[2].task);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "baa");
	assert_false(posts[2].task.is_posted);
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "baaa");
	loop_unpost(log.loop, &posts[0].task);
	(void)loop_turn(log.loop, 0);
	assert_string_equal(log.text, "baaa");
	loop_free(log.loop);
}

static void *
post_from_thread(void *context)
{
	struct post *post = context;

	loop_post(post->log->loop, &post->task);
	return NULL;
}

static void
a_task_of_another_thread_ends_the_waiting(void **state)
{
	struct post post = { .letter = 't', .task = { .run = run_post, .context = &post } };
	struct log log;
	pthread_t thread;

	(void)state;
	items_make(NULL, 0, &log);
	post.log = &log;
	assert_int_equal(pthread_create(&thread, NULL, post_from_thread, &post), 0);
	/* else for ever */
	assert_true(loop_turn(log.loop, CLOCK_NEVER));
	assert_string_equal(log.text, "t");
	assert_int_equal(pthread_join(thread, NULL), 0);
	loop_free(log.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order),
		cmocka_unit_test(timers_change_timers),
		cmocka_unit_test(ready_ones_come_before_timers),
		cmocka_unit_test(watches_change_watches),
		cmocka_unit_test(many_are_watched),
		cmocka_unit_test(waits_until_the_deadline),
		cmocka_unit_test(tasks_run_once_in_order),
		cmocka_unit_test(a_task_of_another_thread_ends_the_waiting),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
