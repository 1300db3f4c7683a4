/* SPDX-License-Identifier: MIT */
/*
 * From where each stream must be read again so that no record of an open session is missed, for few
 * bytes a session and nothing a record.
 *
 * Sessions belong to the epoch they were begun in, merged ones to the older of two. An epoch knows
 * where every stream stood when it began and how many open sessions it has: all their records lie
 * at or behind that place. The oldest epoch with an open session gives the answer. It is too early
 * by up to an epoch, which costs reading and nothing else; epochs are some records long while they
 * are young and grow together with age, so that there are never many.
 */
#ifndef SLUICE_KAFKA_WINDOW_SESSION_ORIGIN_H
#define SLUICE_KAFKA_WINDOW_SESSION_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	ORIGIN_EPOCHS_MAX = 64,
	ORIGIN_EPOCH_RECORDS = 64, /* after so many a new epoch begins, or as many as there are
	                            * streams, which it has to note */
};

/* The epoch of a session none of whose records has a known place. */
#define ORIGIN_UNKNOWN 0

struct origin_epoch {
	int64_t *next; /* by stream, where it stood */
	uint32_t next_count;
	uint32_t number; /* rising from 1 */
	int64_t sessions;
};

/* Zero-initialise. */
struct session_origin {
	struct origin_epoch epochs[ORIGIN_EPOCHS_MAX];
	unsigned epoch_count;
	size_t bytes; /* of the epochs */
	uint32_t last_number;
	uint32_t records; /* until a new epoch begins */
	bool is_held;     /* sessions that were removed may be added again: an interval is open */
	int64_t *first;   /* by stream: its first record, or INT64_MAX */
	int64_t *next;    /* by stream: behind its last record, or INT64_MAX */
	uint32_t stream_count;
};

void session_origin_release(struct session_origin *);

int session_origin_note_slowly(
    struct session_origin *, int32_t stream, int64_t sequence, struct err *);

/* A record is going to be taken. Sequences of a stream rise, but for those that are read again
 * after an interval was aborted. */
static inline int
session_origin_note(struct session_origin *o, int32_t stream, int64_t sequence, struct err *err)
{
	if ((uint32_t)stream < o->stream_count && sequence >= o->next[stream] &&
	    o->records) {
		o->next[stream] = sequence + 1;
		o->records--;
		return 0;
	}
	return session_origin_note_slowly(o, stream, sequence, err);
}

/* The epoch of a session that is begun by the record noted last. */
uint32_t session_origin_now(const struct session_origin *);

/* The epoch of a session merged from two. */
uint32_t session_origin_older(uint32_t a, uint32_t b);

/* A session of the epoch is open now, or is no more. */
void session_origin_add(struct session_origin *, uint32_t number);
void session_origin_remove(struct session_origin *, uint32_t number);

/* No session is open. */
void session_origin_clear(struct session_origin *);

/* Where to read the stream from; -1 where no open session can have a record of it. */
int64_t session_origin_earliest(const struct session_origin *, int32_t stream);

#endif
