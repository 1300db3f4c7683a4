/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"

/* After a request to stop who drains looks at its deadline this often. */
enum { STOPPING_WAIT_MS_MAX = 100 };

struct loop {
	struct loop_watch *watches;
	size_t watch_count;
	struct loop_timer *timers; /* by due time, first in first out */
	struct loop_timer *firing; /* due in this turn */
	struct loop_watch posting; /* an eventfd that tells of tasks */
	pthread_mutex_t lock;
	struct loop_task *tasks;   /* in the order of posting; under the lock, likewise running */
	struct loop_task *running; /* of this turn */
	/* what is polled in this turn; one more than the watches, for stop_fd */
	struct pollfd *fds;
	struct loop_watch **polled; /* beside fds; NULL: unwatched since */
	size_t polled_count;
	size_t capacity;
};

static int
grow(struct loop *loop, struct err *err)
{
	size_t capacity = loop->capacity ? loop->capacity * 2 : 16;
	struct pollfd *fds = realloc(loop->fds, capacity * sizeof(*fds));
	struct loop_watch **polled;

	if (!fds)
		return err_no_memory(err);
	loop->fds = fds;
	polled = realloc(loop->polled, capacity * sizeof(struct loop_watch *));
	if (!polled)
		return err_no_memory(err);
	loop->polled = polled;
	loop->capacity = capacity;
	return 0;
}

int
loop_watch(struct loop *loop, struct loop_watch *watch, struct err *err)
{
	if (watch->is_set)
		return 0;
	if (loop->watch_count + 1 >= loop->capacity && grow(loop, err))
		return -1;
	watch->is_set = true;
	watch->next = loop->watches;
	loop->watches = watch;
	loop->watch_count++;
	return 0;
}

void
loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
	struct loop_watch **at = &loop->watches;

	if (!watch->is_set)
		return;
	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
	watch->next = NULL;
	watch->is_set = false;
	loop->watch_count--;
	for (size_t i = 0; i < loop->polled_count; i++) {
		if (loop->polled[i] == watch)
			loop->polled[i] = NULL;
	}
}

void
loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_mono_ms)
{
	struct loop_timer **at = &loop->timers;

	loop_timer_clear(loop, timer);
	while (*at && (*at)->due_mono_ms <= due_mono_ms)
		at = &(*at)->next;
	timer->due_mono_ms = due_mono_ms;
	timer->is_set = true;
	timer->next = *at;
	*at = timer;
}

static bool
unlink_timer(struct loop_timer **at, struct loop_timer *timer)
{
	while (*at && *at != timer)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = timer->next;
	timer->next = NULL;
	timer->is_set = false;
	return true;
}

void
loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
	if (timer->is_set && !unlink_timer(&loop->timers, timer))
		(void)unlink_timer(&loop->firing, timer);
}

/* Fills fds; the last of them is the request to stop while there is none. */
static nfds_t
prepare(struct loop *loop, bool is_stopping)
{
	size_t count = 0;

	for (struct loop_watch *watch = loop->watches; watch; watch = watch->next) {
		loop->fds[count] = (struct pollfd){ .fd = watch->fd, .events = watch->events };
		loop->polled[count++] = watch;
	}
	loop->polled_count = count;
	if (!is_stopping && stop_fd() >= 0 && count < loop->capacity)
		loop->fds[count++] = (struct pollfd){ .fd = stop_fd(), .events = POLLIN };
	return (nfds_t)count;
}

static bool
serve_watches(struct loop *loop)
{
	size_t count = loop->polled_count;
	bool is_served = false;

	for (size_t i = 0; i < count; i++) {
		struct loop_watch *watch = loop->polled[i];

		if (!watch || !loop->fds[i].revents)
			continue;
		is_served = true;
		watch->ready(watch->context, loop->fds[i].revents);
	}
	loop->polled_count = 0;
	return is_served;
}

/* Those that are due now; what they set is for the next turn, so that a turn ends. */
static bool
serve_timers(struct loop *loop)
{
	struct loop_timer **end = &loop->timers;
	int64_t now_ms;
	bool is_served = false;

	if (!loop->timers)
		return false;
	now_ms = clock_mono_ms();
	while (*end && (*end)->due_mono_ms <= now_ms)
		end = &(*end)->next;
	if (end == &loop->timers)
		return false;
	loop->firing = loop->timers;
	loop->timers = *end;
	*end = NULL;
	while (loop->firing) {
		struct loop_timer *timer = loop->firing;

		(void)unlink_timer(&loop->firing, timer);
		is_served = true;
		timer->fire(timer->context);
	}
	return is_served;
}

static int
wait_ms(const struct loop *loop, int64_t deadline_mono_ms, bool is_stopping)
{
	int timeout_ms;

	if (loop->timers && loop->timers->due_mono_ms < deadline_mono_ms)
		deadline_mono_ms = loop->timers->due_mono_ms;
	timeout_ms = deadline_mono_ms <= 0 ? 0 : clock_poll_ms(deadline_mono_ms);
	if (is_stopping && (timeout_ms < 0 || timeout_ms > STOPPING_WAIT_MS_MAX))
		return STOPPING_WAIT_MS_MAX;
	return timeout_ms;
}

bool
loop_turn(struct loop *loop, int64_t deadline_mono_ms)
{
	bool is_stopping = stop_requested(), is_served = false;
	nfds_t count;

	assert(!loop->polled_count && !loop->firing);
	count = prepare(loop, is_stopping);
	if (poll(loop->fds, count, wait_ms(loop, deadline_mono_ms, is_stopping)) > 0)
		is_served = serve_watches(loop);
	loop->polled_count = 0;
	return serve_timers(loop) || is_served;
}

/* ---- tasks ---- */

static void
lock(struct loop *loop)
{
	/* a default mutex, never taken twice by one thread */
	(void)pthread_mutex_lock(&loop->lock);
}

static void
unlock(struct loop *loop)
{
	(void)pthread_mutex_unlock(&loop->lock);
}

void
loop_post(struct loop *loop, struct loop_task *task)
{
	struct loop_task **at = &loop->tasks;
	uint64_t one = 1;
	bool is_first;

	lock(loop);
	is_first = !loop->tasks;
	if (!task->is_posted) {
		while (*at)
			at = &(*at)->next;
		task->is_posted = true;
		task->next = NULL;
		*at = task;
	}
	unlock(loop);
	/* a full counter is not written to, and has been told already */
	if (is_first && write(loop->posting.fd, &one, sizeof(one)) < 0)
		return;
}

static bool
unlink_task(struct loop_task **at, const struct loop_task *task)
{
	while (*at && *at != task)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = task->next;
	return true;
}

void
loop_unpost(struct loop *loop, struct loop_task *task)
{
	lock(loop);
	if (task->is_posted && !unlink_task(&loop->tasks, task))
		(void)unlink_task(&loop->running, task);
	task->is_posted = false;
	unlock(loop);
}

static struct loop_task *
take_running(struct loop *loop)
{
	struct loop_task *task;

	lock(loop);
	task = loop->running;
	if (task) {
		loop->running = task->next;
		task->is_posted = false;
	}
	unlock(loop);
	return task;
}

/* Those that are posted now; what they post is for the next turn, so that a turn ends. */
static void
run_tasks(void *context, short revents)
{
	struct loop *loop = context;
	struct loop_task *task;
	uint64_t count;

	(void)revents;
	/* before the tasks are taken: what is posted from here on writes again */
	if (read(loop->posting.fd, &count, sizeof(count)) < 0)
		return;
	lock(loop);
	loop->running = loop->tasks;
	loop->tasks = NULL;
	unlock(loop);
	while ((task = take_running(loop)))
		task->run(task->context);
}

/* ---- lifecycle ---- */

struct loop *
loop_new(struct err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int code;

	if (!loop) {
		err_no_memory(err);
		return NULL;
	}
	loop->posting = (struct loop_watch){ .events = POLLIN, .ready = run_tasks, .context = loop };
	loop->posting.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->posting.fd < 0) {
		err_errno(err, ERR_FAULT, errno, "eventfd");
		free(loop);
		return NULL;
	}
	code = pthread_mutex_init(&loop->lock, NULL);
	if (code) {
		err_errno(err, ERR_FAULT, code, "pthread_mutex_init");
		(void)close(loop->posting.fd);
		free(loop);
		return NULL;
	}
	if (loop_watch(loop, &loop->posting, err)) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop_unwatch(loop, &loop->posting);
	assert(!loop->watches && !loop->tasks);
	(void)close(loop->posting.fd); /* an eventfd */
	(void)pthread_mutex_destroy(&loop->lock);
	free(loop->fds);
	free(loop->polled);
	free(loop);
}
