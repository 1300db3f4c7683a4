/* SPDX-License-Identifier: MIT */
/*
 * Open sessions. A record of time t asks for [t, t + gap); what a key has that overlaps or touches
 * that is one session, [first record, last record + gap), and a record that bridges two merges
 * them. As in Flink: EventTimeSessionWindows.assignWindows gives [timestamp, timestamp + gap),
 * TimeWindow.intersects is start <= other.end && end >= other.start (a gap of exactly the limit
 * merges), and WindowOperator.processElement drops a record where isWindowLate holds of the merged
 * window: a record behind the horizon that joins an open session is not late. SQL's session table
 * function does the same (UnsliceAssigners.SessionUnsliceAssigner hands on to
 * MergingWindowProcessFunction.assignStateNamespace).
 *
 * The horizon is a time that the caller brings: sessions that end at or before it have ended, and
 * nothing joins them, whether they have been given out yet or not.
 *
 * Sessions are found by key in a hash table whose chains hold several of one key, those that end
 * later before those that end earlier: a record near the newest of them is soon placed, however many
 * are held. They come out in the order of (end, key, start) by a heap of the ends they had when they were put in:
 * a session that was extended since goes back in when its old end is reached, so that extending one
 * costs nothing there.
 *
 * Intervals are copies: what an interval is about to change is copied first, or is kept as it is
 * where it goes. Commit drops the copies, abort puts them back.
 */
#ifndef SLUICE_KAFKA_WINDOW_SESSION_SET_H
#define SLUICE_KAFKA_WINDOW_SESSION_SET_H

#include "kafka-window/aggregate.h"
#include "kafka-window/assign.h"

struct session {
	struct session *next; /* in its chain */
	struct session **at;  /* what points to it there */
	struct span span;
	int64_t records; /* that were taken */
	uint32_t hash;
	uint32_t key_len;
	uint32_t origin;        /* session_origin.h */
	uint32_t interval : 30; /* the last one that changed it */
	uint32_t is_linked : 1; /* in the table: open */
	uint32_t is_queued : 1; /* in the heap */
	char bytes[];           /* the key, padded to 8 bytes, then the states */
};

enum session_fate {
	SESSION_TAKEN,
	SESSION_LATE,   /* nothing open that it joins, and its own session would have ended */
	SESSION_FULL,   /* no room for what it would begin; nothing has changed */
	SESSION_FAILED, /* err: ERR_DATA for a time without a session or a count that overflows,
	                 * ERR_FAULT where memory ran out */
};

struct session_options {
	const struct aggregate_plan *plan; /* borrowed */
	int64_t gap_ms; /* above 0, no more than ASSIGN_TIME_MS_MOST */
	size_t bytes_max;
	bool has_positions; /* session_set_earliest is wanted */
	uint64_t hash_seed;
};

struct session_set;

struct session_set *session_set_new(const struct session_options *, struct err *);
void session_set_free(struct session_set *);

struct slice session_key(const struct session *);
void *session_states(const struct session *);

/* One record. */
enum session_fate session_set_take(struct session_set *, struct slice key,
    const struct aggregate_record *, int64_t horizon_ms, struct err *);

/* What `records` records put into a span, of places unknown. */
enum session_fate session_set_merge(struct session_set *, struct slice key, struct span,
    const void *states, int64_t records, int64_t horizon_ms, struct err *);

/* No session ends before this time; INT64_MAX where there is none. It may be too early, until
 * session_set_close has been called with it. */
int64_t session_set_next_end(const struct session_set *);

/*
 * Gives out the sessions that end at or before the horizon, in the order of (end, key, start), each
 * of which is gone then. Where `give` fails (-1) it ends with -1; the session is still there.
 */
int session_set_close(struct session_set *, int64_t horizon_ms,
    int (*give)(void *context, const struct session *, struct err *), void *context,
    struct err *);

/* Calls for each open session that the open interval has changed or begun (outside of one: for each
 * there is), in no order. All of a session counts, also what is older than the interval. */
int session_set_each(const struct session_set *,
    int (*each)(void *context, const struct session *, struct err *), void *context,
    struct err *);

void session_set_begin(struct session_set *);
void session_set_commit(struct session_set *);
void session_set_abort(struct session_set *);

/* From where to read the stream to have all records of open sessions, or earlier; -1 where none has
 * any. */
int64_t session_set_earliest(const struct session_set *, int32_t stream);

/* The last end of any session; INT64_MIN where there is none. Looks at all of them. */
int64_t session_set_last_end(const struct session_set *);

size_t session_set_count(const struct session_set *);
size_t session_set_bytes(const struct session_set *);

#endif
