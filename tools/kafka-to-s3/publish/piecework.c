/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/piecework.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct piecework {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	struct piecework_job job;
	bool is_busy;      /* the job is not done */
	bool is_in_piece;
	bool is_given_up;
	bool is_ending;
	struct err failure;
};

/* ---- the thread ---- */

/* With the lock, which is open while the job's functions run. */
static void
do_piece(struct piecework *w)
{
	struct piecework_job job = w->job;
	struct err err = ERR_INIT;
	bool is_done = false;
	int rc;

	w->is_in_piece = true;
	(void)pthread_mutex_unlock(&w->lock);
	rc = job.piece(job.context, &is_done, &err);
	(void)pthread_mutex_lock(&w->lock);
	w->is_in_piece = false;
	(void)pthread_cond_broadcast(&w->change);
	if (w->is_given_up || (!rc && !is_done))
		return;
	if (rc)
		w->failure = err;
	w->is_busy = false;
	(void)pthread_mutex_unlock(&w->lock);
	job.ended(job.context);
	(void)pthread_mutex_lock(&w->lock);
}

static void *
work(void *context)
{
	struct piecework *w = context;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->is_ending) {
		if (w->is_busy)
			do_piece(w);
		else
			(void)pthread_cond_wait(&w->change, &w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- lifecycle ---- */

/* Signals are the other threads'. */
static int
start(struct piecework *w)
{
	sigset_t all, before;
	int code;

	(void)sigfillset(&all);
	code = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (code)
		return code;
	code = pthread_create(&w->thread, NULL, work, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

struct piecework *
piecework_new(struct err *err)
{
	struct piecework *w = calloc(1, sizeof(*w));
	int code;

	if (!w) {
		err_no_memory(err);
		return NULL;
	}
	code = pthread_mutex_init(&w->lock, NULL);
	if (!code) {
		code = pthread_cond_init(&w->change, NULL);
		if (!code) {
			code = start(w);
			if (!code)
				return w;
			(void)pthread_cond_destroy(&w->change);
		}
		(void)pthread_mutex_destroy(&w->lock);
	}
	err_errno(err, ERR_FAULT, code, "a thread");
	free(w);
	return NULL;
}

void
piecework_free(struct piecework *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->is_ending = true;
	(void)pthread_cond_broadcast(&w->change);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	(void)pthread_cond_destroy(&w->change);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- the owner's calls ---- */

void
piecework_begin(struct piecework *w, const struct piecework_job *job)
{
	(void)pthread_mutex_lock(&w->lock);
	w->job = *job;
	w->is_given_up = false;
	w->is_busy = true;
	(void)pthread_cond_broadcast(&w->change);
	(void)pthread_mutex_unlock(&w->lock);
}

int
piecework_poll(struct piecework *w, struct err *err)
{
	int rc = 0;

	(void)pthread_mutex_lock(&w->lock);
	if (w->failure.class != ERR_NONE) {
		*err = w->failure;
		err_clear(&w->failure);
		rc = -1;
	} else if (w->is_busy) {
		rc = 1;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

void
piecework_give_up(struct piecework *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->is_given_up = true;
	w->is_busy = false;
	while (w->is_in_piece)
		(void)pthread_cond_wait(&w->change, &w->lock);
	err_clear(&w->failure);
	(void)pthread_mutex_unlock(&w->lock);
}
