/* SPDX-License-Identifier: MIT */
/* What an engine is made of, for engine.c (records in), engine_interval.c, engine_close.c,
 * engine_sum.c and engine_update.c (windows out), engine_store.c (what a later life begins with) and
 * engine_session.c (windows that are sessions) only. */
#ifndef SLUICE_KAFKA_WINDOW_ENGINE_STATE_H
#define SLUICE_KAFKA_WINDOW_ENGINE_STATE_H

#include "kafka-window/engine.h"
#include "kafka-window/engine_session.h"
#include "kafka-window/pane.h"

/* No window waits to be given out. */
#define NO_END INT64_MAX

struct engine_stream {
	int64_t replay_until; /* records before it were read in an earlier life */
	int64_t watermark;    /* that they had brought, where not all of them are read again */
	bool is_replaying;    /* they are being read again */
	bool saved_is_replaying;
};

/* Panes and keys that records have changed after windows of them were given out: see
 * engine_update.c. */
struct engine_changes {
	struct table held;
	struct table fresh; /* what the open interval has added */
	bool is_held_given; /* by the open interval */
	struct buf name;
};

/* Where rows go. */
struct engine_receiver {
	int (*row)(void *context, const struct engine_row *, struct err *);
	void *context;
};

struct engine {
	struct engine_options options;
	struct session_set *sessions; /* or NULL: windows are of panes */
	struct watermarks marks;
	int64_t emitted;         /* windows that end at or before it have been given out */
	int64_t next_end;        /* of the first window that has not, or NO_END */
	struct pane_set base;    /* what is held for good */
	struct pane_set delta;   /* what the open interval has put in */
	struct pane_set *active; /* where records go: one of the two */
	struct pane *sum;        /* engine_sum.c; or NULL */
	struct engine_stream *streams;
	uint32_t stream_count;
	uint32_t replaying; /* streams that read again */
	int64_t held_ms;    /* the watermark that counts while there are such */
	int64_t closed_ms;  /* windows that end at or before it were forgotten in an earlier life */
	struct engine_changes changes;
	size_t state_bytes;
	struct engine_counts counts;
	void *scratch; /* states of one key */
	/* what a window is merged from; borrowed from panes */
	struct pane **sources;
	size_t source_count;
	size_t source_capacity;
	/* as it was at engine_begin */
	struct watermarks saved_marks;
	uint32_t saved_replaying;
	int64_t saved_emitted;
	struct engine_counts saved_counts;
};

static inline bool
engine_is_interval(const struct engine *e)
{
	return e->active == &e->delta;
}

static inline int64_t
engine_replay_until(const struct engine *e, int32_t stream)
{
	return (uint32_t)stream < e->stream_count ? e->streams[stream].replay_until : 0;
}

static inline int64_t
engine_lag(const struct engine *e, int64_t watermark_ms)
{
	if (watermark_ms < INT64_MIN + e->options.lateness_ms)
		return WATERMARK_NONE;
	return watermark_ms - e->options.lateness_ms;
}

/* The watermark that counts. */
static inline int64_t
engine_now(const struct engine *e)
{
	return e->replaying ? e->held_ms : e->marks.combined;
}

/* Windows that end at or before it can change no more. */
static inline int64_t
engine_final(const struct engine *e)
{
	int64_t final_ms = engine_lag(e, engine_now(e));

	return final_ms > e->closed_ms ? final_ms : e->closed_ms;
}

/* Windows that end at or before it are to be given out. */
static inline int64_t
engine_due(const struct engine *e)
{
	return e->options.emits_updates ? engine_now(e) : engine_final(e);
}

/* Panes are needed for windows that end after it. */
static inline int64_t
engine_gone(const struct engine *e)
{
	int64_t final_ms;

	if (!e->options.emits_updates)
		return e->emitted;
	final_ms = engine_final(e);
	return final_ms < e->emitted ? final_ms : e->emitted;
}

static inline struct aggregate_record
engine_record(const struct engine_input *in)
{
	return (struct aggregate_record){
		.inputs = in->inputs,
		.skips = in->skips,
		.time_ms = in->time_ms,
		.position = in->position,
	};
}

/* For copies, while what they are of is there. */
static inline bool
engine_has_room(const struct engine *e, size_t bytes)
{
	size_t bytes_max = e->options.state_bytes_max;

	return e->state_bytes < bytes_max && bytes < bytes_max - e->state_bytes;
}

/* Makes the sum that of a cumulating window's panes; there is none after, where it has no room. */
int engine_sum_panes(struct engine *, struct span window, struct err *);

static inline bool
engine_sum_holds(const struct engine *e, const struct pane *p)
{
	return e->sum && span_holds(e->sum->span, p->span);
}

/* What has been put into a pane that it holds. */
void engine_sum_take(struct engine *, const struct engine_input *);

void engine_sum_drop(struct engine *);

/* Windows that end at or before it are done with: where no complete one waits, those before the
 * watermark are, though no window was ever there. */
int64_t engine_settled(const struct engine *);

/* True where what is put into a pane changes windows that were given out. */
bool engine_changes_given(const struct engine *, struct span pane);

/* Notes that what was put into a pane for a key, perhaps the first there, has changed such windows,
 * if it has. */
int engine_note_change(
    struct engine *, struct slice key, struct span pane, bool is_first, struct err *);

static inline bool
engine_has_changes(const struct engine *e)
{
	return (e->changes.held.count && !e->changes.is_held_given) || e->changes.fresh.count;
}

/* Gives out what has changed. */
int engine_give_changes(struct engine *, const struct engine_receiver *, struct err *);

/* With the interval that they were noted or given out in. */
int engine_commit_changes(struct engine *, struct err *);
void engine_abort_changes(struct engine *);

size_t engine_changes_bytes(const struct engine_changes *);
void engine_changes_release(struct engine_changes *);

/* The panes that a window's records are in, of those that end after a time (the window's start: all
 * of them), as the engine's sources. */
int engine_find_sources(struct engine *, struct span window, int64_t after_ms, struct err *);

/* The first window that ends after a time and has a pane with records; false where there is none.
 */
bool engine_next_window(const struct engine *, int64_t after_ms, struct span *ret);

/* Says that --max-state is reached; -1. */
int engine_say_full(const struct engine *, struct err *);

/* After the end of an interval, which moves panes: what is kept up pane by pane and record by record
 * otherwise. */
void engine_recount(struct engine *);

#endif
