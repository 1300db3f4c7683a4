/* SPDX-License-Identifier: MIT */
#include "io/loop_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"

struct loop_thread {
	struct loop *loop;
	pthread_t thread;
	bool is_ending; /* the thread's */
	/* the owner waits for a turn: set before it looks for the last time at what it waits for, so that
	 * either it sees what has come or the thread sees that it waits */
	atomic_bool is_awaited;
	int turned_fd; /* an eventfd that tells of that turn */

	/* the call */
	struct loop_task task;
	void (*run)(void *context);
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t has_run;
	bool is_running; /* under the lock */
};

static void
tell(struct loop_thread *t)
{
	uint64_t one = 1;

	/* cannot block: the counter is far from its limit */
	if (write(t->turned_fd, &one, sizeof(one)) < 0)
		return;
}

static void *
turn(void *context)
{
	struct loop_thread *t = context;

	while (!t->is_ending) {
		(void)loop_turn(t->loop, CLOCK_NEVER);
		if (atomic_exchange(&t->is_awaited, false))
			tell(t);
	}
	return NULL;
}

/* ---- calls ---- */

static void
run_call(void *context)
{
	struct loop_thread *t = context;

	t->run(t->context);
	/* a default mutex, never taken twice by one thread */
	(void)pthread_mutex_lock(&t->lock);
	t->is_running = false;
	(void)pthread_cond_signal(&t->has_run);
	(void)pthread_mutex_unlock(&t->lock);
}

void
loop_thread_call(struct loop_thread *t, void (*run)(void *context), void *context)
{
	t->run = run;
	t->context = context;
	(void)pthread_mutex_lock(&t->lock);
	t->is_running = true;
	loop_post(t->loop, &t->task);
	while (t->is_running)
		(void)pthread_cond_wait(&t->has_run, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}

/* ---- waiting ---- */

/* For a turn, a request to stop or the deadline. */
static void
wait_for_turn(struct loop_thread *t, int64_t deadline_mono_ms)
{
	struct pollfd fds[] = { { .fd = t->turned_fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN } };
	uint64_t count;

	if (poll(fds, 2, clock_poll_ms(deadline_mono_ms)) <= 0)
		return;
	if ((fds[0].revents & POLLIN) && read(t->turned_fd, &count, sizeof(count)) < 0)
		return;
}

bool
loop_thread_wait(struct loop_thread *t, bool (*is_met)(const void *context), const void *context,
    int64_t deadline_mono_ms)
{
	for (;;) {
		atomic_store(&t->is_awaited, true);
		if (is_met(context))
			return true;
		if (stop_requested() || clock_poll_ms(deadline_mono_ms) == 0)
			return false;
		wait_for_turn(t, deadline_mono_ms);
	}
}

/* ---- lifecycle ---- */

static int
prepare(struct loop_thread *t, struct err *err)
{
	int code = pthread_mutex_init(&t->lock, NULL);

	if (code)
		return err_errno(err, ERR_FAULT, code, "pthread_mutex_init");
	code = pthread_cond_init(&t->has_run, NULL);
	if (code) {
		(void)pthread_mutex_destroy(&t->lock);
		return err_errno(err, ERR_FAULT, code, "pthread_cond_init");
	}
	t->turned_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->turned_fd >= 0)
		return 0;
	(void)pthread_cond_destroy(&t->has_run);
	(void)pthread_mutex_destroy(&t->lock);
	return err_errno(err, ERR_FAULT, errno, "eventfd");
}

static void
release(struct loop_thread *t)
{
	(void)close(t->turned_fd); /* an eventfd */
	(void)pthread_cond_destroy(&t->has_run);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static int
create(struct loop_thread *t, struct err *err)
{
	sigset_t all, before;
	int code;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&t->thread, NULL, turn, t);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code ? err_errno(err, ERR_FAULT, code, "a thread") : 0;
}

struct loop_thread *
loop_thread_start(struct loop *loop, struct err *err)
{
	struct loop_thread *t = calloc(1, sizeof(*t));

	if (!t) {
		err_no_memory(err);
		return NULL;
	}
	t->loop = loop;
	t->task = (struct loop_task){ .run = run_call, .context = t };
	if (prepare(t, err)) {
		free(t);
		return NULL;
	}
	if (create(t, err)) {
		release(t);
		return NULL;
	}
	return t;
}

static void
end(void *context)
{
	struct loop_thread *t = context;

	t->is_ending = true;
}

void
loop_thread_free(struct loop_thread *t)
{
	if (!t)
		return;
	loop_thread_call(t, end, t);
	(void)pthread_join(t->thread, NULL);
	release(t);
}
