/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "kafka-window/groupkey.h"
#include "kafka-window/session_state.h"

enum {
	WAKES_MIN = 64,
	READY_KEEP = 4096, /* an array of more is not kept */
};

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

static int
compare_ready(const void *a, const void *b)
{
	const struct ready *x = a, *y = b;
	const struct span *s = &x->session->span, *t = &y->session->span;
	int order;

	if (s->end_ms != t->end_ms)
		return s->end_ms < t->end_ms ? -1 : 1;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = groupkey_compare(session_key(x->session), session_key(y->session));
	return order ? order : (s->start_ms > t->start_ms) - (s->start_ms < t->start_ms);
}

static int
add_ready(struct session_set *set, struct session *s, struct err *err)
{
	size_t capacity = set->ready_capacity * 2 + 16;
	struct ready *ready;

	if (set->ready_count == set->ready_capacity) {
		ready = realloc(set->ready, capacity * sizeof(*ready));
		if (!ready)
			return err_no_memory(err);
		set->ready = ready;
		set->ready_capacity = capacity;
	}
	set->ready[set->ready_count++] =
	    (struct ready){ .prefix = groupkey_prefix(session_key(s)), .session = s };
	return 0;
}

/* Takes from the heap what has ended, and puts back what has been extended meanwhile. */
static int
collect_ready(struct session_set *set, int64_t horizon_ms, struct err *err)
{
	while (set->heap_count && set->heap[0].at_ms <= horizon_ms) {
		struct session *s = set->heap[0].session;

		if (s->is_linked && s->span.end_ms > horizon_ms) {
			set->heap[0].at_ms = s->span.end_ms;
			sift_down(set, 0);
			continue;
		}
		if (s->is_linked && add_ready(set, s, err))
			return -1;
		pop_wake(set);
		if (!s->is_linked && !session_is_noted(set, s))
			session_free(set, s);
	}
	return 0;
}

/* Behind a failure the rest goes back; there is room where it came from. */
static void
clear_ready(struct session_set *set, size_t given)
{
	for (size_t i = given; i < set->ready_count; i++)
		session_push_wake(set, set->ready[i].session);
	set->ready_count = 0;
	if (set->ready_capacity > READY_KEEP) {
		free(set->ready);
		set->ready = NULL;
		set->ready_capacity = 0;
	}
}

/* Nothing is open: what was only for finding it goes. */
static void
forget_table(struct session_set *set)
{
	free(set->buckets);
	set->buckets = NULL;
	set->bucket_count = 0;
	session_origin_clear(&set->origin);
}

int
session_set_close(struct session_set *set, int64_t horizon_ms,
    int (*give)(void *context, const struct session *, struct err *), void *context,
    struct err *err)
{
	size_t given = 0;
	int rc = collect_ready(set, horizon_ms, err);

	if (!rc)
		rc = session_make_undo_room(set, set->ready_count, err);
	if (!rc && set->ready_count)
		qsort(set->ready, set->ready_count, sizeof(*set->ready), compare_ready);
	while (!rc && given < set->ready_count) {
		struct session *s = set->ready[given].session;

		rc = give(context, s, err);
		if (rc)
			break;
		session_remove(set, s);
		given++;
	}
	clear_ready(set, given);
	if (!set->count && !set->heap_count && !set->is_interval)
		forget_table(set);
	return rc;
}
