/* SPDX-License-Identifier: MIT */
/*
 * Open windows in the order of their ends, each with its keys and with the earliest position of any
 * of its records in each stream (what must be read again to build the window anew).
 */
#ifndef SLUICE_KAFKA_WINDOW_WINDOW_H
#define SLUICE_KAFKA_WINDOW_WINDOW_H

#include "kafka-window/assign.h"
#include "kafka-window/table.h"

/* The earliest position of a stream that has no record in the window. */
#define WINDOW_NO_POSITION INT64_MAX

struct window {
	struct span span;
	struct table table;
	int64_t *earliest; /* by stream */
	uint32_t earliest_count;
};

/* Zero-initialise but for the plan. */
struct window_set {
	const struct aggregate_plan *plan; /* of what is in the tables; borrowed */
	struct window **windows;
	size_t count;
	size_t capacity;
	struct window *last; /* the one asked for last: mostly the next one too */
};

void window_free(struct window *, const struct aggregate_plan *);
void window_set_release(struct window_set *);

/* The window with this span, NULL where it is not open. */
struct window *window_set_find(struct window_set *, struct span);

/* Opens a window that is not there. */
struct window *window_set_open(struct window_set *, struct span, struct err *);

/* Index of the first window that ends after this time; the count where there is none. */
size_t window_set_after(const struct window_set *, int64_t time_ms);

/* Takes the first n windows out and frees them. */
void window_set_drop(struct window_set *, size_t n);

/* Notes a record's position. */
int window_note_slowly(struct window *, int32_t stream, int64_t sequence, struct err *);

static inline int
window_note(struct window *w, int32_t stream, int64_t sequence, struct err *err)
{
	if ((uint32_t)stream < w->earliest_count && w->earliest[stream] <= sequence)
		return 0;
	return window_note_slowly(w, stream, sequence, err);
}

/* The earliest position of any record of the stream in the open windows that end after a time;
 * WINDOW_NO_POSITION where there is none. */
int64_t window_set_earliest(const struct window_set *, int64_t ends_after_ms, int32_t stream);

/*
 * Moves all windows of `from` into `into`, merging those of the same span; `from` is empty after,
 * also on failure (memory, or a count that overflows), when `into` is unusable.
 */
int window_set_merge(struct window_set *into, struct window_set *from, struct err *);

/* Bytes of one window without its table. */
size_t window_bytes(const struct window *);

#endif
