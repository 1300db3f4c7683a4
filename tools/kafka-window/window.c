/* SPDX-License-Identifier: MIT */
#include "kafka-window/window.h"

#include <stdlib.h>

void
window_free(struct window *w, const struct aggregate_plan *plan)
{
	if (!w)
		return;
	table_release(&w->table, plan);
	free(w->earliest);
	free(w);
}

void
window_set_release(struct window_set *set)
{
	window_set_drop(set, set->count);
	free(set->windows);
	*set = (struct window_set){ .plan = set->plan };
}

size_t
window_bytes(const struct window *w)
{
	return sizeof(*w) + sizeof(w) + w->earliest_count * sizeof(*w->earliest);
}

static bool
span_is_before(struct span a, struct span b)
{
	return a.end_ms != b.end_ms ? a.end_ms < b.end_ms : a.start_ms < b.start_ms;
}

/* Index of the first window that is not before the span. */
static size_t
lower_bound(const struct window_set *set, struct span span)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_is_before(set->windows[middle]->span, span))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
window_set_after(const struct window_set *set, int64_t time_ms)
{
	if (time_ms == INT64_MAX)
		return set->count;
	return lower_bound(set, (struct span){ .start_ms = INT64_MIN, .end_ms = time_ms + 1 });
}

struct window *
window_set_find(struct window_set *set, struct span span)
{
	size_t at = lower_bound(set, span);

	if (at == set->count || span_is_before(span, set->windows[at]->span))
		return NULL;
	return set->last = set->windows[at];
}

static int
make_room(struct window_set *set, struct err *err)
{
	size_t capacity = set->capacity ? set->capacity * 2 : 16;
	struct window **windows;

	if (set->count < set->capacity)
		return 0;
	windows = realloc(set->windows, capacity * sizeof(struct window *));
	if (!windows)
		return err_no_memory(err);
	set->windows = windows;
	set->capacity = capacity;
	return 0;
}

static int
put_in(struct window_set *set, struct window *w, struct err *err)
{
	size_t at = lower_bound(set, w->span);

	if (make_room(set, err))
		return -1;
	memmove(
	    set->windows + at + 1, set->windows + at, (set->count - at) * sizeof(struct window *));
	set->windows[at] = w;
	set->count++;
	set->last = w;
	return 0;
}

struct window *
window_set_open(struct window_set *set, struct span span, struct err *err)
{
	struct window *w = calloc(1, sizeof(*w));

	if (!w) {
		(void)err_no_memory(err);
		return NULL;
	}
	w->span = span;
	if (put_in(set, w, err)) {
		window_free(w, set->plan);
		return NULL;
	}
	return w;
}

void
window_set_drop(struct window_set *set, size_t n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		window_free(set->windows[i], set->plan);
	set->count -= n;
	memmove(set->windows, set->windows + n, set->count * sizeof(struct window *));
	set->last = NULL;
}

int
window_note_slowly(struct window *w, int32_t stream, int64_t sequence, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	int64_t *earliest;

	if (count > w->earliest_count) {
		earliest = realloc(w->earliest, count * sizeof(*earliest));
		if (!earliest)
			return err_no_memory(err);
		for (uint32_t i = w->earliest_count; i < count; i++)
			earliest[i] = WINDOW_NO_POSITION;
		w->earliest = earliest;
		w->earliest_count = count;
	}
	if (sequence < w->earliest[stream])
		w->earliest[stream] = sequence;
	return 0;
}

int64_t
window_set_earliest(const struct window_set *set, int64_t ends_after_ms, int32_t stream)
{
	int64_t earliest = WINDOW_NO_POSITION;

	for (size_t i = window_set_after(set, ends_after_ms); i < set->count; i++) {
		const struct window *w = set->windows[i];

		if ((uint32_t)stream < w->earliest_count && w->earliest[stream] < earliest)
			earliest = w->earliest[stream];
	}
	return earliest;
}

static int
merge_window(struct window *into, const struct aggregate_plan *plan, const struct window *from,
    struct err *err)
{
	for (uint32_t i = 0; i < from->earliest_count; i++) {
		if (from->earliest[i] != WINDOW_NO_POSITION &&
		    window_note(into, (int32_t)i, from->earliest[i], err))
			return -1;
	}
	return table_merge(&into->table, plan, &from->table, err);
}

int
window_set_merge(struct window_set *into, struct window_set *from, struct err *err)
{
	struct window *w, *old;
	int rc = 0;

	for (size_t i = 0; i < from->count && !rc; i++) {
		w = from->windows[i];
		old = window_set_find(into, w->span);
		if (old) {
			rc = merge_window(old, into->plan, w, err);
		} else {
			rc = put_in(into, w, err);
			if (!rc)
				from->windows[i] = NULL; /* moved as it is */
		}
	}
	window_set_drop(from, from->count);
	return rc;
}
