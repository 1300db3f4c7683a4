/* SPDX-License-Identifier: MIT */
/*
 * The reorder horizon: records wait until `horizon` later ones have been read, then leave in order
 * of (event time, place in the input). Counted in records, so that the same input always gives
 * the same output; bounded in bytes besides, where the oldest leave early. Pure.
 */
#ifndef SLUICE_S3_TO_KAFKA_REORDER_H
#define SLUICE_S3_TO_KAFKA_REORDER_H

#include "flow/record.h"

struct reorder;

/* What waits: an owned copy of what is to be sent. */
struct reorder_item {
	int64_t time_ms;
	int64_t sequence;
	struct slice key;
	struct slice value;
	bool has_key;
};

/* bytes_max: bound on the copies together, at least one is kept whatever its size. */
struct reorder *reorder_new(size_t horizon, size_t bytes_max, struct err *);
void reorder_free(struct reorder *);

/* Copies the item in. */
int reorder_put(struct reorder *, const struct reorder_item *, struct err *);

/* More wait than the horizon or the memory allows: take until false. */
bool reorder_is_full(const struct reorder *);

/* The earliest; false where none waits. Its bytes are good until the next call of put or take. */
bool reorder_take(struct reorder *, struct reorder_item *ret);

size_t reorder_count(const struct reorder *);

#endif
