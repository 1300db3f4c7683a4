/* SPDX-License-Identifier: MIT */
/*
 * Which window an event time belongs to. Windows are half-open, [start, end), aligned to the epoch.
 *
 * This is the seam for the other kinds of windows: a kind that puts a record into several windows
 * (hop, cumulate) keeps its panes where tumbling windows are kept now and merges them when they
 * close; sessions merge their partials. Both need table_merge only.
 */
#ifndef SLUICE_KAFKA_WINDOW_ASSIGN_H
#define SLUICE_KAFKA_WINDOW_ASSIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum assign_kind {
	ASSIGN_TUMBLE,
};

struct assigner {
	enum assign_kind kind;
	int64_t size_ms; /* above 0 */
};

struct span {
	int64_t start_ms;
	int64_t end_ms; /* excluded */
};

/*
 * The window of an event time; times before the epoch round down too. False where its bounds do not
 * fit 64 bits.
 */
static inline bool
assign(const struct assigner *a, int64_t time_ms, struct span *ret)
{
	int64_t rest = time_ms % a->size_ms;

	if (rest < 0)
		rest += a->size_ms;
	return !__builtin_sub_overflow(time_ms, rest, &ret->start_ms) &&
	       !__builtin_add_overflow(ret->start_ms, a->size_ms, &ret->end_ms);
}

/* Appends the shape of the windows as one word ("tumble:3600000"): what must stay the same for
 * stored marks and partials to mean anything. */
int assigner_append(struct buf *, const struct assigner *, struct err *);

#endif
