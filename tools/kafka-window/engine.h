/* SPDX-License-Identifier: MIT */
/*
 * The window engine: records reduced to (stream, event time, key, inputs) go in, closed windows
 * come out in order of window end, then key. No I/O, no clock: monotonic time comes as an argument
 * and is looked at for --idle and --idle-close only.
 *
 * Lateness: a window can change until the watermark is so far behind its end. Either it is given out
 * once, when it can change no more; or at its end, and then again each key of it that a record has
 * changed since, as Flink's allowedLateness does (EventTimeTrigger.onElement fires at once for a
 * window whose end the watermark has passed). Sessions are given out once.
 *
 * A later life that reads records again takes them without a word, and gives nothing out before all
 * streams have read again what was read: it knows no less then than the life before.
 *
 * What was taken is held as mergeable partials. Between engine_begin and engine_commit it is an
 * interval of its own: commit merges it, abort discards it, together with what the watermarks and
 * the closed windows were; outside of an interval records are taken for good at once.
 */
#ifndef SLUICE_KAFKA_WINDOW_ENGINE_H
#define SLUICE_KAFKA_WINDOW_ENGINE_H

#include "flow/record.h"
#include "kafka-window/aggregate.h"
#include "kafka-window/assign.h"
#include "kafka-window/watermark.h"

struct engine_options {
	struct assigner assigner;
	const struct aggregate_plan *plan; /* borrowed */
	unsigned key_values;               /* how many values a key has */
	int64_t out_of_order_ms;
	int64_t lateness_ms;   /* windows are held for so long behind their end */
	bool emits_updates;    /* else they are given out once, when that is over */
	bool is_processing_time; /* the watermark is the clock: engine_set_clock */
	int64_t idle_ms;       /* or WATERMARK_NEVER */
	int64_t idle_close_ms; /* or WATERMARK_NEVER */
	size_t state_bytes_max;
	bool has_positions; /* engine_earliest is wanted */
	uint64_t hash_seed; /* random, where the keys come from strangers */
};

/* One record. */
struct engine_input {
	struct position position;
	int64_t time_ms;
	struct slice key;           /* groupkey.h */
	const struct input *inputs; /* as many as the plan names */
	uint64_t skips;             /* of struct aggregate_record */
};

enum engine_fate {
	ENGINE_TAKEN,    /* it is in its windows, in those that are not closed */
	ENGINE_LATE,     /* its windows are closed */
	ENGINE_REPLAYED, /* its windows are closed, and the record was read in an earlier life */
	ENGINE_OUTSIDE,  /* it is between windows that hop further than they are long */
	ENGINE_FAILED,   /* err: ERR_STOPPED at the bound of the state (the record is not taken and
	                  * nothing is lost), ERR_DATA for a time without a window, ERR_FAULT */
};

/* Where a stream was left in an earlier life. */
struct engine_mark {
	int64_t watermark; /* the stream's, or WATERMARK_NONE */
	int64_t emitted; /* windows that end at or before it have been emitted; or WATERMARK_NONE */
	int64_t closed;  /* those that end at or before it have been forgotten too; or WATERMARK_NONE */
	int64_t replay_until; /* records before this sequence have been read already */
};

/* Of a stream that none has read before `sequence`. */
#define ENGINE_MARK_FRESH(sequence)                                                                \
	{ WATERMARK_NONE, WATERMARK_NONE, WATERMARK_NONE, (sequence) }

/* A closed window's result for one key; borrowed for the call. */
struct engine_row {
	struct span span;
	struct slice key;
	const void *states; /* for aggregate_append */
};

struct engine_counts {
	int64_t taken;
	int64_t late;
	int64_t replayed;
	int64_t outside;
	int64_t rows;    /* given out */
	int64_t windows; /* closed, with at least one key */
};

struct engine;

struct engine *engine_new(const struct engine_options *, struct err *);
void engine_free(struct engine *);

/*
 * A stream that is to be waited for, from `sequence` on; positions of records are of streams that
 * were added. The mark's watermark counts only where nothing is read again: the open windows'
 * records that are read again bring the stream's watermark to where it was, and no further than
 * they are; what was between windows is not read again, and counts when all the rest has been.
 * Windows that were forgotten stay closed under any options: what would be read again of their
 * records is not all of them.
 */
int engine_add_stream(
    struct engine *, int32_t stream, int64_t sequence, const struct engine_mark *, struct err *);

/* Forgets windows, streams, an open interval and the watermark, as if new; counts stay. */
int engine_reset(struct engine *, struct err *);

enum engine_fate engine_take(struct engine *, const struct engine_input *, struct err *);

/* True where engine_close may have something to give: ask after each record, and close before the next
 * one, since that may count in a later window of a pane and not in the complete one. */
bool engine_has_closed(const struct engine *);

/*
 * Gives out the rows of windows that are complete, in order. A row that `row` fails for (-1) ends
 * it with -1; that window stays, to be given again from its first row.
 */
int engine_close(struct engine *,
    int (*row)(void *context, const struct engine_row *, struct err *), void *context,
    struct err *);

/* The end of bounded input: all windows are complete. The watermark moves to the end of the last
 * one, not to infinity, so that a later life can go on from there. */
void engine_finish(struct engine *);

/* All there is of the stream has been read for now. */
void engine_at_end(struct engine *, int32_t stream);

/* The stream gives nothing more: the watermark does not wait for it. */
void engine_end_stream(struct engine *, int32_t stream);

/* True for a record that was read in an earlier life. */
bool engine_was_read(const struct engine *, struct position);

/* The wall clock, where that is the watermark: call it before each record, whose time it is. A clock
 * that goes back stands still. Returns the time that counts. */
int64_t engine_set_clock(struct engine *, int64_t now_wall_ms);

/* No window that is not given out ends before it; INT64_MAX where there is none. */
int64_t engine_next_end(const struct engine *);

/* Monotonic time passes; call it at least every TICK_GAP_MS_MAX. */
void engine_tick(struct engine *, int64_t now_mono_ms);

/* How long until a tick can change anything; -1: no tick will. */
int64_t engine_patience_ms(const struct engine *);

/* ---- intervals ---- */

int engine_begin(struct engine *, struct err *);
/* A failure leaves the engine unusable. */
int engine_commit(struct engine *, struct err *);
void engine_abort(struct engine *);

/* ---- partials ---- */

/*
 * Merges one serialised partial (partial.h), with positions unknown. ERR_DATA where it is damaged
 * or of another job. Of a window that is closed it is ENGINE_LATE.
 */
enum engine_fate engine_take_partial(struct engine *, struct slice bytes, struct err *);

/* Gives all partials of the open interval (outside of one: of the whole state), by window and key
 * unordered, each serialised and borrowed for the call. That of a session has all of it, also what
 * is older than the interval. */
int engine_each_partial(struct engine *,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context, struct err *);

/* ---- what to store ---- */

/* The earliest position of any record of the stream in windows not given out yet (the rows of an
 * open interval's closed windows count as given out), or of sessions an earlier one
 * (session_origin.h); -1 where there is none. */
int64_t engine_earliest(const struct engine *, int32_t stream);

/* False while records have changed windows whose rows are still to be given out: no mark may be
 * stored, it would say that they are. */
bool engine_can_store(const struct engine *);

/* The mark to store for the stream, read up to `sequence`. */
struct engine_mark engine_mark(const struct engine *, int32_t stream, int64_t sequence);

/* The combined watermark; WATERMARK_NONE before there is one. */
int64_t engine_watermark(const struct engine *);

/* A stream that never had a record and so keeps windows of others from closing, for messages; -1
 * where there is none. */
int32_t engine_silent_stream(const struct engine *);

void engine_get_counts(const struct engine *, struct engine_counts *ret);
size_t engine_state_bytes(const struct engine *);
int64_t engine_open_windows(const struct engine *);
/* In panes: a key of a hopping window counts once for each of its panes that has it. */
int64_t engine_open_keys(const struct engine *);

#endif
