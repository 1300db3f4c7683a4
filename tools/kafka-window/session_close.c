/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "kafka-window/groupkey.h"
#include "kafka-window/session_state.h"

enum { WAKES_MIN = 64 };

/* ---- the heap ---- */

int
session_make_wake_room(struct session_set *set, struct err *err)
{
	size_t capacity = set->heap_capacity + set->heap_capacity / 2 + WAKES_MIN;
	struct wake *heap;

	if (set->heap_count < set->heap_capacity)
		return 0;
	heap = realloc(set->heap, capacity * sizeof(*heap));
	if (!heap)
		return err_no_memory(err);
	set->heap = heap;
	set->heap_capacity = capacity;
	return 0;
}

static void
sift_down(struct session_set *set, size_t at)
{
	struct wake moved = set->heap[at];
	size_t child;

	for (; (child = 2 * at + 1) < set->heap_count; at = child) {
		if (child + 1 < set->heap_count &&
		    set->heap[child + 1].at_ms < set->heap[child].at_ms)
			child++;
		if (set->heap[child].at_ms >= moved.at_ms)
			break;
		set->heap[at] = set->heap[child];
	}
	set->heap[at] = moved;
}

void
session_push_wake(struct session_set *set, struct session *s)
{
	size_t at = set->heap_count++, parent;

	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (set->heap[parent].at_ms <= s->span.end_ms)
			break;
		set->heap[at] = set->heap[parent];
	}
	set->heap[at] = (struct wake){ .at_ms = s->span.end_ms, .session = s };
	s->is_queued = 1;
}

static void
pop_wake(struct session_set *set)
{
	set->heap[0].session->is_queued = 0;
	set->heap[0] = set->heap[--set->heap_count];
	if (set->heap_count)
		sift_down(set, 0);
}

void
session_rebuild_wakes(struct session_set *set)
{
	set->heap_count = 0;
	for (size_t i = 0; i < set->bucket_count; i++) {
		for (struct session *s = set->buckets[i]; s; s = s->next) {
			assert(set->heap_count < set->heap_capacity);
			set->heap[set->heap_count++] =
			    (struct wake){ .at_ms = s->span.end_ms, .session = s };
			s->is_queued = 1;
		}
	}
	for (size_t i = set->heap_count / 2; i-- > 0;)
		sift_down(set, i);
}

/* ---- giving out ---- */

int64_t
session_set_next_end(const struct session_set *set)
{
	return set->heap_count ? set->heap[0].at_ms : INT64_MAX;
}

/* Sessions that have ended, in the slots that they leave of the heap: from `end` down to `at`, those
 * that end earlier first. */
struct ready {
	size_t at;
	size_t end;
};

/* Of sessions that end at one time. */
static int
compare_ready(const void *a, const void *b)
{
	const struct wake *x = a, *y = b;
	int64_t start = x->session->span.start_ms, other_start = y->session->span.start_ms;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = groupkey_compare(session_key(x->session), session_key(y->session));
	return order ? order : (start > other_start) - (start < other_start);
}

/* Takes from the heap what has ended, and puts back what has been extended meanwhile. */
static void
collect_ready(struct session_set *set, int64_t horizon_ms, struct ready *ready)
{
	while (set->heap_count && set->heap[0].at_ms <= horizon_ms) {
		struct wake first = set->heap[0];

		if (first.session->is_linked && first.session->span.end_ms > first.at_ms) {
			set->heap[0].at_ms = first.session->span.end_ms;
			sift_down(set, 0);
			continue;
		}
		pop_wake(set);
		if (first.session->is_linked)
			set->heap[--ready->at] = first;
		else if (!session_is_noted(set, first.session))
			session_free(set, first.session);
	}
}

/* The first slot of the sessions that end at the same time as the last. */
static size_t
sort_run(struct session_set *set, const struct ready *ready)
{
	int64_t end_ms = set->heap[ready->end - 1].at_ms;
	size_t start = ready->end - 1;

	while (start > ready->at && set->heap[start - 1].at_ms == end_ms)
		start--;
	if (ready->end - start < 2)
		return start;
	for (size_t i = start; i < ready->end; i++)
		set->heap[i].prefix = groupkey_prefix(session_key(set->heap[i].session));
	qsort(set->heap + start, ready->end - start, sizeof(*set->heap), compare_ready);
	return start;
}

/* There is room: slots are read before the heap grows into them. */
static void
put_back(struct session_set *set, size_t at, size_t end)
{
	for (; at < end; at++)
		session_push_wake(set, set->heap[at].session);
}

static int
give_ready(struct session_set *set, struct ready *ready,
    int (*give)(void *context, const struct session *, struct err *), void *context,
    struct err *err)
{
	size_t start, at;

	for (; ready->end > ready->at; ready->end = start) {
		start = sort_run(set, ready);
		for (at = start; at < ready->end; at++) {
			struct session *s = set->heap[at].session;

			if (give(context, s, err)) {
				put_back(set, ready->at, start);
				put_back(set, at, ready->end);
				return -1;
			}
			session_remove(set, s);
		}
	}
	return 0;
}

/* Nothing is open: what was only for finding it goes. */
static void
forget_table(struct session_set *set)
{
	free(set->buckets);
	set->buckets = NULL;
	set->bucket_count = 0;
	free(set->heap);
	set->heap = NULL;
	set->heap_capacity = 0;
	free(set->undos);
	set->undos = NULL;
	set->undo_capacity = 0;
	session_origin_clear(&set->origin);
}

int
session_set_close(struct session_set *set, int64_t horizon_ms,
    int (*give)(void *context, const struct session *, struct err *), void *context,
    struct err *err)
{
	struct ready ready = { .at = set->heap_count, .end = set->heap_count };
	int rc;

	collect_ready(set, horizon_ms, &ready);
	rc = session_make_undo_room(set, ready.end - ready.at, err);
	if (rc)
		put_back(set, ready.at, ready.end);
	else
		rc = give_ready(set, &ready, give, context, err);
	if (!set->count && !set->heap_count && !set->is_interval)
		forget_table(set);
	return rc;
}
