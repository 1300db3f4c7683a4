/* SPDX-License-Identifier: MIT */
/*
 * A loop that is turned by a thread of its own, so that what arrives is received (and decrypted) while
 * another works on what came before. As long as the thread is there, the loop and all that is on it
 * belong to it: its owner, one other thread, reaches them by loop_thread_call only.
 */
#ifndef SLUICE_IO_LOOP_THREAD_H
#define SLUICE_IO_LOOP_THREAD_H

#include "io/loop.h"

struct loop_thread;

/* The loop is borrowed. Signals stay with the threads that had them. */
struct loop_thread *loop_thread_start(struct loop *, struct err *);
/* Ends the thread: the loop is the caller's again. NULL is fine. */
void loop_thread_free(struct loop_thread *);

/* Has the thread call run(context) between two turns, and returns behind that. */
void loop_thread_call(struct loop_thread *, void (*run)(void *context), void *context);

/*
 * Waits until is_met(context), which is asked here, at first and after turns: it looks only at what
 * may be looked at beside the thread. False at the deadline or with a request to stop.
 */
bool loop_thread_wait(struct loop_thread *, bool (*is_met)(const void *context),
    const void *context, int64_t deadline_mono_ms);

#endif
