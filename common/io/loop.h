/* SPDX-License-Identifier: MIT */
/*
 * The event loop: poll(2) over descriptors, timers, tasks, and the request to stop. One thread has it
 * at a time: only loop_post is for any. Watches, timers and tasks belong to their users, who keep
 * them at one address while they are set; a callback may set and clear any of them, its own too,
 * but does not turn the loop.
 */
#ifndef SLUICE_IO_LOOP_H
#define SLUICE_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;

struct loop *loop_new(struct err *);
/* Nothing may be watched any more. NULL is fine. */
void loop_free(struct loop *);

struct loop_watch {
	int fd;
	short events; /* POLLIN, POLLOUT */
	void (*ready)(
	    void *context, short revents); /* revents as poll(2) says: POLLERR, POLLHUP too */
	void *context;
	struct loop_watch *next; /* the loop's; NULL at first, likewise is_set */
	bool is_set;
};

/* Watches; called again, takes a changed `events` on. -1: no memory. */
int loop_watch(struct loop *, struct loop_watch *, struct err *);
void loop_unwatch(struct loop *, struct loop_watch *);

struct loop_timer {
	int64_t due_mono_ms;
	void (*fire)(void *context); /* once */
	void *context;
	struct loop_timer *next; /* the loop's; NULL at first, likewise is_set */
	bool is_set;
};

/* Sets, or moves, a timer. One that is due already fires in the next turn, after what is ready. */
void loop_timer_set(struct loop *, struct loop_timer *, int64_t due_mono_ms);
void loop_timer_clear(struct loop *, struct loop_timer *);

struct loop_task {
	void (*run)(void *context); /* once */
	void *context;
	struct loop_task *next; /* the loop's; NULL at first, likewise is_posted */
	bool is_posted;
};

/* From any thread: runs the task in the loop's next turn, and ends its waiting. One that is posted
 * already runs once. */
void loop_post(struct loop *, struct loop_task *);
void loop_unpost(struct loop *, struct loop_task *);

/*
 * Serves all that is ready; where nothing is, waits for it until the deadline (0: does not wait) or
 * a request to stop (after which it still serves, but never waits longer than 100 ms at a time, so
 * that who drains looks at its own deadline). True where something was served.
 */
bool loop_turn(struct loop *, int64_t deadline_mono_ms);

#endif
