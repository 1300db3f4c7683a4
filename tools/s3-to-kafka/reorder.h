/* SPDX-License-Identifier: MIT */
/*
 * The reorder horizon: records wait until `horizon` later ones have been read, then leave in order
 * of (event time, place in the input). Counted in records, so that the same input always gives
 * the same output; bounded in bytes besides, where the oldest leave early. Pure.
 *
 * Whatever waits is above the highest that has left, in (event time, place in the input): a record
 * that comes too late for that makes reorder_is_full true and is the next to leave.
 */
#ifndef SLUICE_S3_TO_KAFKA_REORDER_H
#define SLUICE_S3_TO_KAFKA_REORDER_H

#include "flow/record.h"
#include "s3-to-kafka/shift.h"
#include "source/objects.h"

struct reorder;

/* What is to be sent of one record of the input; every slice is borrowed. */
struct reorder_item {
	int64_t time_ms;       /* event time as read; RECORD_NO_TIME where none is asked for */
	int64_t kafka_time_ms; /* the timestamp to give it, RECORD_NO_TIME: that of sending */
	int64_t sequence;      /* position.sequence of the record */
	struct slice origin;   /* the record's, not copied: good as long as the source */
	int64_t line;          /* likewise */
	int32_t partition;     /* -1: by the key, or any */
	struct slice key;
	struct slice value;
	bool has_key;
	bool has_value; /* false for a tombstone */
	const struct record_header *headers;
	size_t header_count;
	const struct shift_spot *spots; /* the times to move in the value, in its order */
	size_t spot_count;
	struct objects_mark mark; /* the place before it in the input, where that is kept */
};

/* bytes_max: bound on the copies together, at least one is kept whatever its size. */
struct reorder *reorder_new(size_t horizon, size_t bytes_max, struct err *);
void reorder_free(struct reorder *);

/* Copies the item in. */
int reorder_put(struct reorder *, const struct reorder_item *, struct err *);

/* More wait than the horizon or the memory allows, or one comes too late: take until false. */
bool reorder_is_full(const struct reorder *);

/* The earliest; false where none waits. Its bytes are good until the next call but reorder_put. */
bool reorder_take(struct reorder *, struct reorder_item *ret);

size_t reorder_count(const struct reorder *);

/* The mark of the one that was put first; false where none waits. */
bool reorder_oldest(const struct reorder *, struct objects_mark *ret);

/* As if everything up to there, in the order, had left. */
void reorder_begin_behind(struct reorder *, int64_t time_ms, int64_t sequence);

/* Forgets what waits and what has left. */
void reorder_clear(struct reorder *);

#endif
