/* SPDX-License-Identifier: MIT */
/* A program that is run to its end for what it prints. No shell. */
#ifndef SLUICE_IO_CHILD_H
#define SLUICE_IO_CHILD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

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

#endif
