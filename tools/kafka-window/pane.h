/* SPDX-License-Identifier: MIT */
/*
 * Panes in the order of their ends, each with its keys and with the earliest position of any of its
 * records in each stream (what must be read again to build the pane anew). A tumbling window is one
 * pane.
 */
#ifndef SLUICE_KAFKA_WINDOW_PANE_H
#define SLUICE_KAFKA_WINDOW_PANE_H

#include "kafka-window/assign.h"
#include "kafka-window/table.h"

/* The earliest position of a stream that has no record in the pane. */
#define PANE_NO_POSITION INT64_MAX

struct pane {
	struct span span;
	int64_t last_end_ms; /* of the last window that holds it */
	struct table table;
	uint32_t *order;   /* of keys, where the table has slots: pane_order.h */
	int64_t *earliest; /* by stream */
	uint32_t earliest_count;
	uint32_t order_count;
};

/* Zero-initialise but for the plan. */
struct pane_set {
	const struct aggregate_plan *plan; /* of what is in the tables; borrowed */
	struct pane **slots;
	size_t first; /* slot of the first pane */
	size_t count;
	size_t capacity;
	struct pane *last; /* the one asked for last: mostly the next one too */
	/* of a cumulation: panes of the period at hand from its first on, merged; or NULL */
	struct pane *running;
};

static inline struct pane *
pane_set_at(const struct pane_set *set, size_t i)
{
	return set->slots[set->first + i];
}

void pane_free(struct pane *, const struct aggregate_plan *);
void pane_set_release(struct pane_set *);

/* The pane with this span, NULL where it is not there. */
struct pane *pane_set_find(struct pane_set *, struct span);

/* Adds a pane that is not there. */
struct pane *pane_set_open(
    struct pane_set *, struct span, int64_t last_end_ms, struct err *);

/* Index of the first pane that ends after this time; the count where there is none. */
size_t pane_set_after(const struct pane_set *, int64_t time_ms);

/* Index of the first pane in a window that ends after this time. */
size_t pane_set_needed(const struct pane_set *, int64_t time_ms);

/* Takes the first pane out; the caller's to free. */
struct pane *pane_set_shift(struct pane_set *);

/* Frees all panes, the running one too, that are in no window that ends after this time. Returns how
 * many bytes that were. */
size_t pane_set_drop(struct pane_set *, int64_t time_ms);

/* Notes a record's position. */
int pane_note_slowly(struct pane *, int32_t stream, int64_t sequence, struct err *);

static inline int
pane_note(struct pane *p, int32_t stream, int64_t sequence, struct err *err)
{
	if ((uint32_t)stream < p->earliest_count && p->earliest[stream] <= sequence)
		return 0;
	return pane_note_slowly(p, stream, sequence, err);
}

/* The earliest position of any record of the stream that windows need which end after a time;
 * PANE_NO_POSITION where there is none. */
int64_t pane_set_earliest(const struct pane_set *, int64_t ends_after_ms, int32_t stream);

/* Adds what another pane has taken; `into` is unusable after a failure (memory, or a count that
 * overflows). */
int pane_merge(struct pane *into, const struct aggregate_plan *, const struct pane *from,
    struct err *);

/*
 * Moves all panes of `from` into `into`, merging those of the same span; `from` is empty after,
 * also on failure (memory, or a count that overflows), when `into` is unusable.
 */
int pane_set_merge(struct pane_set *into, struct pane_set *from, struct err *);

static inline size_t
pane_earliest_bytes(uint32_t count)
{
	return chunk_bytes(count * sizeof(int64_t));
}

/* Bytes of one pane, and of all: with those that its order is going to take. */
size_t pane_bytes(const struct pane *);
size_t pane_set_bytes(const struct pane_set *);

#endif
