/* SPDX-License-Identifier: MIT */
/* Programs that are run to their end for what they print. No shell. */
#ifndef SLUICE_IO_CHILD_H
#define SLUICE_IO_CHILD_H

#include <stdint.h>

#include "base/buf.h"
#include "io/loop.h"

/*
 * Runs argv (found by PATH) with an empty standard input and collects what it writes to standard
 * output, and up to 4 KiB of standard error. *ret_status is as from waitpid(2).
 *
 * ERR_NO_INPUT: there is no such program; ERR_DATA: more output than ret_out holds;
 * ERR_UNAVAILABLE: not done after ms_max, it was killed; ERR_STOPPED: a stop was requested,
 * likewise.
 */
int child_run(char *const argv[], int64_t ms_max, struct buf *ret_out, struct buf *ret_error,
    int *ret_status, struct err *);

/* ---- on a loop, several at once ---- */

struct child_request {
	char *const *argv;  /* found by PATH; borrowed for the call */
	struct slice input; /* for its standard input; borrowed until done */
	size_t out_bytes_max;
	int64_t ms_max;
};

struct child_result {
	int status;       /* as from waitpid(2) */
	struct slice out; /* its standard output, borrowed for the call */
};

/* From inside loop_turn, never from inside child_start. err: of class ERR_NONE where the program ended by itself;
 * ERR_UNAVAILABLE, not done after ms_max; ERR_DATA, more output than out_bytes_max; it was killed. ERR_UNAVAILABLE
 * too where it ended and something else in this process has waited for it: how it ended is not known. */
typedef void child_done(void *context, const struct child_result *, const struct err *);

struct child_call;

/*
 * Starts a program. Its standard error is ours; it need not read its input. It leads a process group of its own:
 * a terminal's signals do not reach it, and what it leaves running in the group is killed when it
 * ends. It is killed when the thread that started it ends, however that comes.
 * ERR_NO_INPUT: it cannot be run; ERR_UNAVAILABLE: not now (processes, descriptors or memory are scarce, or its
 * file is being written).
 */
struct child_call *child_start(
    struct loop *, const struct child_request *, child_done *, void *context, struct err *);
/* Kills it, its group too, without `done`. NULL is fine. Not from inside its own `done`. */
void child_cancel(struct child_call *);

#endif
