/* SPDX-License-Identifier: MIT */
/* What a set of sessions is made of, for session_set.c (sessions by key, records in),
 * session_interval.c (what can be put back) and session_close.c (sessions out, in order) only. */
#ifndef SLUICE_KAFKA_WINDOW_SESSION_STATE_H
#define SLUICE_KAFKA_WINDOW_SESSION_STATE_H

#include "kafka-window/session_origin.h"
#include "kafka-window/session_set.h"

struct wake {
	union {
		int64_t at_ms;   /* when to look at the session: at or before its end */
		uint64_t prefix; /* of its key, while sessions of one end are sorted */
	};
	struct session *session;
};

/* What to do on abort: take `live` away where it is still there and put `old` back, which is a copy
 * or, where it was taken away unchanged, itself, or NULL where it is new. */
struct undo {
	struct session *live;
	struct session *old;
};

struct session_set {
	struct session_options options;
	struct session **buckets;
	size_t bucket_count; /* a power of two, at least twice `count` */
	size_t count;        /* in the table */
	struct wake *heap;   /* every session of the table once; others until their time comes */
	size_t heap_count;
	size_t heap_capacity;
	struct undo *undos; /* a session is in there once at most */
	size_t undo_count;
	size_t undo_capacity;
	struct session_origin origin;
	size_t session_bytes; /* of all that are allocated */
	size_t held;          /* bytes that hang on their states */
	uint32_t interval;
	bool is_interval;
};

/* ---- session_set.c ---- */

struct session *session_copy(struct session_set *, const struct session *, struct err *);
void session_free(struct session_set *, struct session *);

/* Into the table and out of it. */
void session_link(struct session_set *, struct session *);
void session_unlink(struct session_set *, struct session *);

/* ---- session_interval.c ---- */

/* True for what the open interval has changed. */
static inline bool
session_is_noted(const struct session_set *set, const struct session *s)
{
	return set->is_interval && s->interval == set->interval;
}

int session_make_undo_room(struct session_set *, size_t more, struct err *);

/* There is room. */
void session_note_undo(struct session_set *, struct session *live, struct session *old);

int session_own_slowly(struct session_set *, struct session *, struct err *);

/* Before a session changes. */
static inline int
session_own(struct session_set *set, struct session *s, struct err *err)
{
	return !set->is_interval || session_is_noted(set, s) ? 0 : session_own_slowly(set, s, err);
}

/* Takes an open session away, which is freed when neither the heap nor an interval has it. There is
 * room for an undo. */
void session_remove(struct session_set *, struct session *);

/* ---- session_close.c ---- */

int session_make_wake_room(struct session_set *, struct err *);

/* There is room. */
void session_push_wake(struct session_set *, struct session *);

/* Of all open sessions by their ends: none more than there have been. */
void session_rebuild_wakes(struct session_set *);

#endif
