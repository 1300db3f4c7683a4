/* SPDX-License-Identifier: MIT */
/* What an engine is made of, for engine.c (records in, intervals, what to store), engine_close.c
 * (windows out) and engine_session.c (windows that are sessions) only. */
#ifndef SLUICE_KAFKA_WINDOW_ENGINE_STATE_H
#define SLUICE_KAFKA_WINDOW_ENGINE_STATE_H

#include "kafka-window/engine.h"
#include "kafka-window/engine_session.h"
#include "kafka-window/pane.h"

/* No window waits to be given out. */
#define NO_END INT64_MAX

struct engine {
	struct engine_options options;
	struct engine_sessions *sessions; /* or NULL: windows are of panes */
	struct watermarks marks;
	int64_t emitted;         /* windows that end at or before it have been given out */
	int64_t next_end;        /* of the first window that has not, or NO_END */
	struct pane_set base;    /* what is held for good */
	struct pane_set delta;   /* what the open interval has put in */
	struct pane_set *active; /* where records go: one of the two */
	int64_t *replay_until;   /* by stream */
	uint32_t replay_count;
	size_t state_bytes;
	struct engine_counts counts;
	void *scratch; /* states of one key */
	/* what a window is merged from; borrowed from panes */
	const struct table **sources;
	size_t source_count;
	size_t source_capacity;
	/* as it was at engine_begin */
	struct watermarks saved_marks;
	int64_t saved_emitted;
	struct engine_counts saved_counts;
};

static inline bool
engine_is_interval(const struct engine *e)
{
	return e->active == &e->delta;
}

/* The first window that ends after a time and has a pane with records; false where there is none.
 */
bool engine_next_window(const struct engine *, int64_t after_ms, struct span *ret);

/* Says that --max-state is reached; -1. */
int engine_say_full(const struct engine *, struct err *);

/* After panes went or came back: what is kept up record by record otherwise. */
void engine_recount(struct engine *);

#endif
