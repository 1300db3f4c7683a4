/* SPDX-License-Identifier: MIT */
/*
 * Where a replay stands, for --resume-id: what has been taken up of the input, what of it waits, what
 * was sent. Pure but for the source it asks for places. Without a resume nothing is kept.
 *
 * A record that is read is at hand until it waits in the reorder horizon, was sent, rejected or
 * skipped; an item that has left the horizon is in hand until it was sent or rejected. Neither may be
 * counted as done when a commit comes between.
 */
#ifndef SLUICE_S3_TO_KAFKA_BOOKMARK_H
#define SLUICE_S3_TO_KAFKA_BOOKMARK_H

#include "s3-to-kafka/reorder.h"
#include "s3-to-kafka/resume.h"

struct bookmark {
	bool is_kept;              /* there is a resume */
	struct resume_point begun; /* where this run went on from */
	struct objects_mark before; /* the record read last */
	int64_t sequence;           /* of that one */
	bool is_at_hand;
	bool is_in_hand;
	struct objects_mark in_hand;
	int64_t in_hand_time_ms, in_hand_sequence;
	bool has_last; /* sent or rejected: the highest that has left the horizon */
	int64_t last_time_ms, last_sequence;
	int64_t touched; /* records read or sent since the last commit */
	bool is_over;
};

/* resume NULL: keeps nothing. */
void bookmark_begin(struct bookmark *, const struct resume *);

/* Records before the place where reading had come to are read again, for those that wait. */
static inline bool
bookmark_is_rereading(const struct bookmark *b)
{
	return b->is_kept && b->sequence + 1 < resume_read_sequence(&b->begun);
}

/* Call before and after source_next. */
void bookmark_before(struct bookmark *, const struct source *);
void bookmark_read(struct bookmark *, int64_t sequence);
void bookmark_settled(struct bookmark *);

void bookmark_take(struct bookmark *, const struct reorder_item *);
/* What is in hand, or else at hand, was sent or rejected. */
void bookmark_put_away(struct bookmark *);

/* What to commit. `counts` are of all records read; reorder may be NULL. */
void bookmark_point(const struct bookmark *, const struct source *, const struct reorder *,
    const struct resume_counts *counts, struct resume_point *ret);

#endif
