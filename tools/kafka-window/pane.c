/* SPDX-License-Identifier: MIT */
#include "kafka-window/pane.h"

#include <stdlib.h>

void
pane_free(struct pane *p, const struct aggregate_plan *plan)
{
	if (!p)
		return;
	table_release(&p->table, plan);
	free(p->order);
	free(p->earliest);
	free(p);
}

void
pane_set_release(struct pane_set *set)
{
	while (set->count)
		pane_free(pane_set_shift(set), set->plan);
	pane_free(set->running, set->plan);
	free(set->slots);
	*set = (struct pane_set){ .plan = set->plan };
}

size_t
pane_bytes(const struct pane *p)
{
	return chunk_bytes(sizeof(*p)) + sizeof(p) + pane_earliest_bytes(p->earliest_count) +
	       table_bytes(&p->table) +
	       (p->table.slots ? (p->table.count + 1) * sizeof(*p->order) : 0);
}

size_t
pane_set_bytes(const struct pane_set *set)
{
	size_t bytes = set->running ? pane_bytes(set->running) : 0;

	for (size_t i = 0; i < set->count; i++)
		bytes += pane_bytes(pane_set_at(set, i));
	return bytes;
}

/* ---- finding ---- */

/* Index of the first pane that is not before the span. */
static size_t
lower_bound(const struct pane_set *set, struct span span)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_is_before(pane_set_at(set, middle)->span, span))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
pane_set_after(const struct pane_set *set, int64_t time_ms)
{
	if (time_ms == INT64_MAX)
		return set->count;
	return lower_bound(set, (struct span){ .start_ms = INT64_MIN, .end_ms = time_ms + 1 });
}

/* Panes in order of their ends are in order of their last windows' ends too. */
size_t
pane_set_needed(const struct pane_set *set, int64_t time_ms)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pane_set_at(set, middle)->last_end_ms <= time_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pane *
pane_set_find(struct pane_set *set, struct span span)
{
	size_t at = lower_bound(set, span);

	if (at == set->count || !span_equal(span, pane_set_at(set, at)->span))
		return NULL;
	return set->last = pane_set_at(set, at);
}

/* ---- putting in and taking out ---- */

static int
make_room(struct pane_set *set, struct err *err)
{
	size_t capacity = set->capacity ? set->capacity * 2 : 16;
	struct pane **slots;

	if (set->first + set->count < set->capacity)
		return 0;
	/* half of it is free in front: move down rather than grow */
	if (set->first > set->capacity / 2) {
		memmove(set->slots, set->slots + set->first, set->count * sizeof(struct pane *));
		set->first = 0;
		return 0;
	}
	slots = realloc(set->slots, capacity * sizeof(struct pane *));
	if (!slots)
		return err_no_memory(err);
	set->slots = slots;
	set->capacity = capacity;
	return 0;
}

static int
put_in(struct pane_set *set, struct pane *p, struct err *err)
{
	size_t at = lower_bound(set, p->span);
	struct pane **slot;

	if (make_room(set, err))
		return -1;
	slot = set->slots + set->first + at;
	memmove(slot + 1, slot, (set->count - at) * sizeof(struct pane *));
	*slot = p;
	set->count++;
	set->last = p;
	return 0;
}

struct pane *
pane_set_open(struct pane_set *set, struct span span, int64_t last_end_ms, struct err *err)
{
	struct pane *p = calloc(1, sizeof(*p));

	if (!p) {
		(void)err_no_memory(err);
		return NULL;
	}
	p->span = span;
	p->last_end_ms = last_end_ms;
	if (put_in(set, p, err)) {
		pane_free(p, set->plan);
		return NULL;
	}
	return p;
}

struct pane *
pane_set_shift(struct pane_set *set)
{
	struct pane *p = pane_set_at(set, 0);

	set->count--;
	set->first = set->count ? set->first + 1 : 0;
	set->last = NULL;
	return p;
}

static size_t
drop(const struct pane_set *set, struct pane *p)
{
	size_t bytes = pane_bytes(p);

	pane_free(p, set->plan);
	return bytes;
}

size_t
pane_set_drop(struct pane_set *set, int64_t time_ms)
{
	size_t bytes = 0;

	while (set->count && pane_set_at(set, 0)->last_end_ms <= time_ms)
		bytes += drop(set, pane_set_shift(set));
	if (set->running && set->running->last_end_ms <= time_ms) {
		bytes += drop(set, set->running);
		set->running = NULL;
	}
	return bytes;
}

/* ---- positions ---- */

int
pane_note_slowly(struct pane *p, int32_t stream, int64_t sequence, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	int64_t *earliest;

	if (count > p->earliest_count) {
		earliest = realloc(p->earliest, count * sizeof(*earliest));
		if (!earliest)
			return err_no_memory(err);
		for (uint32_t i = p->earliest_count; i < count; i++)
			earliest[i] = PANE_NO_POSITION;
		p->earliest = earliest;
		p->earliest_count = count;
	}
	if (sequence < p->earliest[stream])
		p->earliest[stream] = sequence;
	return 0;
}

static int64_t
earlier(const struct pane *p, int32_t stream, int64_t than)
{
	if ((uint32_t)stream < p->earliest_count && p->earliest[stream] < than)
		return p->earliest[stream];
	return than;
}

int64_t
pane_set_earliest(const struct pane_set *set, int64_t ends_after_ms, int32_t stream)
{
	int64_t earliest = PANE_NO_POSITION;

	if (set->running && set->running->last_end_ms > ends_after_ms)
		earliest = earlier(set->running, stream, earliest);
	for (size_t i = pane_set_needed(set, ends_after_ms); i < set->count; i++)
		earliest = earlier(pane_set_at(set, i), stream, earliest);
	return earliest;
}

/* ---- merging ---- */

int
pane_merge(struct pane *into, const struct aggregate_plan *plan, const struct pane *from,
    struct err *err)
{
	for (uint32_t i = 0; i < from->earliest_count; i++) {
		if (from->earliest[i] != PANE_NO_POSITION &&
		    pane_note(into, (int32_t)i, from->earliest[i], err))
			return -1;
	}
	return table_merge(&into->table, plan, &from->table, err);
}

/* Takes the pane, also where it fails. */
static int
merge_in(struct pane_set *into, struct pane *p, struct err *err)
{
	struct pane *old = pane_set_find(into, p->span);
	int rc;

	if (!old && !put_in(into, p, err))
		return 0; /* moved as it is */
	rc = old ? pane_merge(old, into->plan, p, err) : -1;
	pane_free(p, into->plan);
	return rc;
}

static int
merge_running(struct pane_set *into, struct pane *p, struct err *err)
{
	struct pane *old = into->running;
	int rc;

	if (!p)
		return 0;
	/* the windows of an earlier period are all out where those of this one have begun to be */
	if (!old || old->span.start_ms != p->span.start_ms) {
		pane_free(old, into->plan);
		into->running = p;
		return 0;
	}
	if (old->span.end_ms < p->span.end_ms)
		old->span.end_ms = p->span.end_ms;
	rc = pane_merge(old, into->plan, p, err);
	pane_free(p, into->plan);
	return rc;
}

int
pane_set_merge(struct pane_set *into, struct pane_set *from, struct err *err)
{
	int rc = merge_running(into, from->running, err);

	from->running = NULL;
	while (!rc && from->count)
		rc = merge_in(into, pane_set_shift(from), err);
	while (from->count) /* what a failure has left */
		pane_free(pane_set_shift(from), into->plan);
	into->last = NULL; /* it may be a run of panes, not the one of the times in it */
	return rc;
}
