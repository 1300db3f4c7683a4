/* SPDX-License-Identifier: MIT */
#include "kafka-window/pane_order.h"

#include <stdlib.h>

#include "kafka-window/groupkey.h"

/* Keys that are sorted at once: what that takes beside the order itself does not grow with a window.
 * qsort(3) of glibc 2.36 copies what it sorts (stdlib/msort.c). */
enum { RUN_KEYS = 32768 };

struct sorted_entry {
	uint64_t prefix;
	const struct table_entry *entry;
};

static int
compare_keys(uint64_t prefix, const struct table_entry *entry, uint64_t other_prefix,
    const struct table_entry *other)
{
	if (prefix != other_prefix)
		return prefix < other_prefix ? -1 : 1;
	return groupkey_compare(table_key(entry), table_key(other));
}

/* ---- runs ---- */

static int
compare_entries(const void *a, const void *b)
{
	const struct sorted_entry *x = a, *y = b;

	return compare_keys(x->prefix, x->entry, y->prefix, y->entry);
}

static void
sort_run(const struct table *t, uint32_t *places, uint32_t count, struct sorted_entry *entries)
{
	for (uint32_t i = 0; i < count; i++) {
		entries[i].entry = table_at(t, places[i]);
		entries[i].prefix = groupkey_prefix(table_key(entries[i].entry));
	}
	qsort(entries, count, sizeof(*entries), compare_entries);
	for (uint32_t i = 0; i < count; i++)
		places[i] = table_place(t, entries[i].entry);
}

/* In order[0] is where the next entry is going to be, behind it the places of those there are. */
static void
add_places(struct pane *p, const struct aggregate_plan *plan)
{
	const struct table *t = &p->table;
	const struct table_entry *entry = table_at(t, p->order_count ? p->order[0] : 0);

	for (; p->order_count < t->count; entry = table_next(t, plan, entry))
		p->order[++p->order_count] = table_place(t, entry);
	p->order[0] = t->used;
}

static uint32_t
run_end(const struct pane *p, uint32_t start)
{
	return p->table.count - start < RUN_KEYS ? p->table.count : start + RUN_KEYS;
}

/* The last run is sorted again where it has grown. */
static int
bring_up_to_date(struct pane *p, const struct aggregate_plan *plan, struct err *err)
{
	uint32_t count = p->table.count, start = p->order_count / RUN_KEYS * RUN_KEYS;
	struct sorted_entry *entries;
	uint32_t *order;

	if (p->order_count == count)
		return 0;
	order = reallocarray(p->order, (size_t)count + 1, sizeof(*order));
	if (!order)
		return err_no_memory(err);
	p->order = order;
	entries = malloc((run_end(p, start) - start) * sizeof(*entries));
	if (!entries)
		return err_no_memory(err);
	add_places(p, plan);
	for (; start < count; start = run_end(p, start))
		sort_run(&p->table, p->order + 1 + start, run_end(p, start) - start, entries);
	free(entries);
	return 0;
}

/* ---- the heap ---- */

static bool
is_before(const struct pane_cursor *a, const struct pane_cursor *b)
{
	return compare_keys(a->prefix, a->entry, b->prefix, b->entry) < 0;
}

static void
load(struct pane_cursor *c, const struct table_entry *entry)
{
	c->entry = entry;
	c->prefix = groupkey_prefix(table_key(entry));
}

static void
sift_down(struct pane_merge_order *o)
{
	struct pane_cursor moved = o->heap[0];
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < o->count; at = child) {
		if (child + 1 < o->count && is_before(&o->heap[child + 1], &o->heap[child]))
			child++;
		if (!is_before(&o->heap[child], &moved))
			break;
		o->heap[at] = o->heap[child];
	}
	o->heap[at] = moved;
}

static int
push(struct pane_merge_order *o, struct pane_cursor cursor, struct err *err)
{
	size_t capacity = o->capacity ? 2 * o->capacity : 16, at = o->count, parent;
	struct pane_cursor *heap;

	if (o->count == o->capacity) {
		heap = reallocarray(o->heap, capacity, sizeof(*heap));
		if (!heap)
			return err_no_memory(err);
		o->heap = heap;
		o->capacity = capacity;
	}
	o->count++;
	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (!is_before(&cursor, &o->heap[parent]))
			break;
		o->heap[at] = o->heap[parent];
	}
	o->heap[at] = cursor;
	return 0;
}

void
pane_merge_order_release(struct pane_merge_order *o)
{
	free(o->heap);
	*o = (struct pane_merge_order){ .plan = o->plan };
}

/* So few that each is a run. */
static int
push_entries(struct pane_merge_order *o, const struct table *t, struct err *err)
{
	const struct table_entry *entry = NULL;
	struct pane_cursor cursor = { .table = t };

	while ((entry = table_next(t, o->plan, entry))) {
		load(&cursor, entry);
		if (push(o, cursor, err))
			return -1;
	}
	return 0;
}

int
pane_merge_order_add(struct pane_merge_order *o, struct pane *p, struct err *err)
{
	struct pane_cursor cursor = { .table = &p->table };

	if (!p->table.slots)
		return push_entries(o, &p->table, err);
	if (bring_up_to_date(p, o->plan, err))
		return -1;
	for (uint32_t at = 0; at < p->table.count; at = run_end(p, at)) {
		cursor.next = p->order + 1 + at;
		cursor.end = p->order + 1 + run_end(p, at);
		load(&cursor, table_at(&p->table, *cursor.next++));
		if (push(o, cursor, err))
			return -1;
	}
	return 0;
}

void
pane_merge_order_next(struct pane_merge_order *o)
{
	struct pane_cursor *first = &o->heap[0];

	if (first->next < first->end)
		load(first, table_at(first->table, *first->next++));
	else
		*first = o->heap[--o->count];
	if (o->count > 1)
		sift_down(o);
}
