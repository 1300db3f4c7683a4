/* SPDX-License-Identifier: MIT */
/*
 * A thread that does one job at a time, piece by piece, while its owner does something else. What a job uses is the
 * thread's from piecework_begin until piecework_poll says that it is not at work.
 */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_PIECEWORK_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_PIECEWORK_H

#include <stdbool.h>

#include "base/err.h"

struct piecework;

struct piecework_job {
	void *context;
	/* Some milliseconds of it, in the thread. */
	int (*piece)(void *context, bool *ret_is_done, struct err *);
	/* In the thread, which is not at work any more: it is done, or has failed. Not where it was given up. */
	void (*ended)(void *context);
};

struct piecework *piecework_new(struct err *);

/* Gives up what is under way. NULL is fine. */
void piecework_free(struct piecework *);

/* The thread is not at work. */
void piecework_begin(struct piecework *, const struct piecework_job *);

/* 1: at work; 0: it is not, what was begun is done; -1: that failed, which is said once. */
int piecework_poll(struct piecework *, struct err *);

/* Waits for the end of the piece that is under way; the thread is not at work any more. */
void piecework_give_up(struct piecework *);

#endif
