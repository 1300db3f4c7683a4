/* SPDX-License-Identifier: MIT */
/* The keys of several panes in order, each once, for few bytes beside what the panes hold: every pane
 * keeps the order of its keys, in sorted runs, and a heap of the runs' heads merges them. */
#ifndef SLUICE_KAFKA_WINDOW_PANE_ORDER_H
#define SLUICE_KAFKA_WINDOW_PANE_ORDER_H

#include "kafka-window/pane.h"

/* The first key of a run, and the places of those behind it. Keys are looked at only where their
 * prefixes are equal. */
struct pane_cursor {
	uint64_t prefix;
	const struct table_entry *entry;
	const struct table *table;
	const uint32_t *next;
	const uint32_t *end;
};

/* Zero-initialise. Good until one of the panes changes. */
struct pane_merge_order {
	const struct aggregate_plan *plan; /* borrowed, as the panes are */
	struct pane_cursor *heap;
	size_t count;
	size_t capacity;
};

void pane_merge_order_release(struct pane_merge_order *);

/* Adds a pane's keys, before the first is taken. Brings the pane's order up to date, for which it
 * allocates what pane_bytes has counted, and 1 MiB at most for the time of the call. */
int pane_merge_order_add(struct pane_merge_order *, struct pane *, struct err *);

/* The entry of the lowest key that is left; NULL at the end. Entries of one key come one after
 * another. */
static inline const struct table_entry *
pane_merge_order_first(const struct pane_merge_order *o)
{
	return o->count ? o->heap[0].entry : NULL;
}

/* Goes on behind it. */
void pane_merge_order_next(struct pane_merge_order *);

#endif
