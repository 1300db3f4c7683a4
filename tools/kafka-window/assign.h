/* SPDX-License-Identifier: MIT */
/*
 * Which windows an event time belongs to. Windows are half-open, [start, end).
 *
 * - tumble: windows of a size, one after another;
 * - hop: windows of a size, one beginning at each step; a record is in several of them, or, where
 *   the step is above the size, perhaps in none;
 * - cumulate: periods of a size, one after another, each with a window from its start to each of
 *   its steps;
 * - session: windows of a key that end where it has been silent for longer than a gap.
 *
 * They begin where time is at a multiple of the size (hop: of the step), counted from the epoch and
 * shifted by `align_ms`. With a zone that is local time:
 *
 * - a day is from midnight to midnight, of 23 or 25 hours where clocks are changed; a window that
 *   would begin at a time that is left out begins at the first instant after, and one that would
 *   end there ends there;
 * - an hour that comes twice is in one longer window: a bound is where its time is reached first;
 * - but where clocks go by a multiple of the size and the step, windows run on as if nothing had
 *   been: an hour that comes twice is in two windows of an hour.
 *
 * (Flink SQL's windows of TIMESTAMP_LTZ put an hour that comes twice into one window of any size:
 * TimeWindowUtil.toUtcTimestampMills.)
 *
 * A record goes into one pane, and a window is made of panes: no window begins or ends within one.
 * Pane sizes are the greatest common divisor of size and step, as the slices of Flink SQL are
 * (SliceAssigners.HoppingSliceAssigner and CumulativeSliceAssigner, package
 * o.a.f.table.runtime.operators.window.tvf.slicing).
 *
 * Late is what Flink SQL drops: AbstractSliceWindowAggProcessor.processElement drops a record where
 * the last window that shares its slice has been fired; one that is behind, but not as far, counts
 * in those of its windows that have not been. (Flink's DataStream windows do the same by leaving
 * single windows out: WindowOperator.isWindowLate.) Flink SQL wants a size that is a multiple of
 * the step; its DataStream windows and these do not.
 */
#ifndef SLUICE_KAFKA_WINDOW_ASSIGN_H
#define SLUICE_KAFKA_WINDOW_ASSIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "kafka-window/zone.h"

enum assign_kind {
	ASSIGN_TUMBLE,
	ASSIGN_HOP,
	ASSIGN_CUMULATE,
	ASSIGN_SESSION, /* no panes: session_set.h; of what follows it has assigner_prepare, _knows and
	                 * _append only */
};

enum {
	/* A window is merged from so many panes at most: a bound on mistakes, not on memory. */
	ASSIGN_PANES_MAX = 10000,
};

/* Event times beyond it, before or after the epoch, are in no window: 73 million years, far from where
 * sums of times and sizes overflow. */
#define ASSIGN_TIME_MS_MOST (INT64_MAX / 4)

/* assigner_last_end of a pane that is in no window. */
#define ASSIGN_NO_WINDOW INT64_MIN

/* Fill in all but the last, then assigner_prepare. */
struct assigner {
	enum assign_kind kind;
	int64_t size_ms; /* above 0; the gap of sessions */
	int64_t step_ms; /* of hop and cumulate, above 0 */
	int64_t align_ms;
	const struct zone *zone; /* borrowed; NULL: UTC */
	int64_t pane_ms;
};

struct span {
	int64_t start_ms;
	int64_t end_ms; /* excluded */
};

/* In order of end, then start. */
static inline bool
span_is_before(struct span a, struct span b)
{
	return a.end_ms != b.end_ms ? a.end_ms < b.end_ms : a.start_ms < b.start_ms;
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.start_ms == b.start_ms && a.end_ms == b.end_ms;
}

/* All of the other is in it. */
static inline bool
span_holds(struct span span, struct span other)
{
	return other.start_ms >= span.start_ms && other.end_ms <= span.end_ms;
}

/* Some times are in no window. */
static inline bool
assigner_has_gaps(const struct assigner *a)
{
	return a->kind == ASSIGN_HOP && a->step_ms > a->size_ms;
}

/* ERR_USAGE where the step does not divide the size of a cumulation, or windows would have too many
 * panes. */
int assigner_prepare(struct assigner *, struct err *);

/* The pane of an event time; times before the epoch round down too. False where the time is beyond
 * all reason (73 million years). */
bool assigner_pane(const struct assigner *, int64_t time_ms, struct span *ret);

/* The end of the last window that holds the pane, or ASSIGN_NO_WINDOW. */
int64_t assigner_last_end(const struct assigner *, struct span pane);

/* The first window that holds the pane and ends after a time; false where there is none. */
bool assigner_first(
    const struct assigner *, struct span pane, int64_t after_ms, struct span *ret);

/* The window after a window, in order of end, then start. */
void assigner_next(const struct assigner *, struct span *window);

/* True for a pane, and for panes of one period of a cumulation from its first on, merged: spans
 * from outside. */
bool assigner_knows(const struct assigner *, struct span);

/* Appends the shape of the windows as one word ("hop:3600000:300000+60000@Europe/Zurich"): what must
 * stay the same for stored marks and partials to mean anything. */
int assigner_append(struct buf *, const struct assigner *, struct err *);

#endif
