/* SPDX-License-Identifier: MIT */
#include "kafka-window/session_set.h"

#include <assert.h>
#include <stdlib.h>

#include "kafka-window/groupkey.h"
#include "kafka-window/session_origin.h"
#include "kafka-window/table.h"

enum { BUCKETS_MIN = 64, READY_KEEP = 4096 };

/* When to look at a session: at or before its end. */
struct wake {
	int64_t at_ms;
	struct session *session;
};

/* What to do on abort: take `live` away where it is still there and put `old` back, which is a copy
 * or, where it was taken away unchanged, itself, or NULL where it is new. */
struct undo {
	struct session *live;
	struct session *old;
};

/* Sorting looks at keys only where ends and prefixes are equal. */
struct ready {
	uint64_t prefix;
	struct session *session;
};

struct session_set {
	struct session_options options;
	struct session **buckets;
	size_t bucket_count; /* a power of two, no less than `count`; 0 while it is 0 */
	size_t count;        /* in the table */
	struct wake *heap;   /* every session of the table once; others until their time comes */
	size_t heap_count;
	size_t heap_capacity;
	struct undo *undos; /* a session is in there once at most */
	size_t undo_count;
	size_t undo_capacity;
	struct ready *ready;
	size_t ready_count;
	size_t ready_capacity;
	struct session_origin origin;
	size_t session_bytes; /* of all that are allocated */
	size_t held;          /* bytes that hang on their states */
	uint32_t interval;
	bool is_interval;
};

struct session_set *
session_set_new(const struct session_options *options, struct err *err)
{
	struct session_set *set = calloc(1, sizeof(*set));

	if (!set) {
		(void)err_no_memory(err);
		return NULL;
	}
	assert(options->gap_ms > 0);
	set->options = *options;
	return set;
}

/* ---- one session ---- */

static inline size_t
session_size(const struct session_set *set, size_t key_len)
{
	return sizeof(struct session) + table_key_space(key_len) + set->options.plan->state_bytes;
}

/* With malloc's own 8 bytes, rounded up to 16 as it does. */
static inline size_t
session_cost(const struct session_set *set, const struct session *s)
{
	return (session_size(set, s->key_len) + 8 + 15) & ~(size_t)15;
}

struct slice
session_key(const struct session *s)
{
	return slice_make(s->bytes, s->key_len);
}

void *
session_states(const struct session *s)
{
	return (char *)(uintptr_t)s->bytes + table_key_space(s->key_len);
}

static struct session *
make_session(struct session_set *set, struct slice key, uint32_t hash, struct err *err)
{
	struct session *s = NULL;

	if (key.len <= UINT32_MAX)
		s = calloc(1, session_size(set, key.len));
	if (!s) {
		(void)err_no_memory(err);
		return NULL;
	}
	s->hash = hash;
	s->key_len = (uint32_t)key.len;
	if (key.len)
		memcpy(s->bytes, key.data, key.len);
	set->session_bytes += session_cost(set, s);
	return s;
}

static struct session *
copy_session(struct session_set *set, const struct session *from, struct err *err)
{
	struct session *s = malloc(session_size(set, from->key_len));

	if (!s) {
		(void)err_no_memory(err);
		return NULL;
	}
	memcpy(s, from, sizeof(*s) + table_key_space(from->key_len));
	if (aggregate_copy(
		set->options.plan, session_states(s), session_states(from), &set->held, err)) {
		free(s);
		return NULL;
	}
	set->session_bytes += session_cost(set, s);
	return s;
}

static void
free_session(struct session_set *set, struct session *s)
{
	if (!s)
		return;
	if (set->options.plan->has_heap) {
		set->held -= aggregate_held(set->options.plan, session_states(s));
		aggregate_release(set->options.plan, session_states(s));
	}
	set->session_bytes -= session_cost(set, s);
	free(s);
}

/* ---- the table ---- */

static inline struct session **
bucket_of(const struct session_set *set, uint32_t hash)
{
	return &set->buckets[hash & (set->bucket_count - 1)];
}

static int
grow_buckets(struct session_set *set, struct err *err)
{
	size_t count = set->bucket_count ? set->bucket_count * 2 : BUCKETS_MIN;
	struct session **old = set->buckets, *s, *next;
	size_t old_count = set->bucket_count;
	struct session **buckets = calloc(count, sizeof(struct session *));

	if (!buckets)
		return err_no_memory(err);
	set->buckets = buckets;
	set->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (s = old[i]; s; s = next) {
			struct session **bucket = bucket_of(set, s->hash);

			next = s->next;
			s->next = *bucket;
			*bucket = s;
		}
	}
	free(old);
	return 0;
}

static void
link_session(struct session_set *set, struct session *s)
{
	struct session **bucket = bucket_of(set, s->hash);

	s->next = *bucket;
	*bucket = s;
	s->is_linked = 1;
	set->count++;
	session_origin_add(&set->origin, s->origin);
}

static void
unlink_session(struct session_set *set, struct session *s)
{
	struct session **at = bucket_of(set, s->hash);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->is_linked = 0;
	set->count--;
	session_origin_remove(&set->origin, s->origin);
}

/* ---- the heap ---- */

static int
make_heap_room(struct session_set *set, struct err *err)
{
	size_t capacity = set->heap_capacity + set->heap_capacity / 2 + BUCKETS_MIN;
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

/* There is room. */
static void
push_wake(struct session_set *set, struct session *s)
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

/* ---- intervals ---- */

static int
make_undo_room(struct session_set *set, size_t more, struct err *err)
{
	size_t capacity = set->undo_capacity * 2 + more;
	struct undo *undos;

	if (!set->is_interval || set->undo_count + more <= set->undo_capacity)
		return 0;
	undos = realloc(set->undos, capacity * sizeof(*undos));
	if (!undos)
		return err_no_memory(err);
	set->undos = undos;
	set->undo_capacity = capacity;
	return 0;
}

static bool
is_noted(const struct session_set *set, const struct session *s)
{
	return set->is_interval && s->interval == set->interval;
}

/* There is room. */
static void
note_undo(struct session_set *set, struct session *live, struct session *old)
{
	if (!set->is_interval)
		return;
	set->undos[set->undo_count++] = (struct undo){ .live = live, .old = old };
	live->interval = set->interval & ((1u << 30) - 1);
}

/* Before a session changes. */
static int
own_slowly(struct session_set *set, struct session *s, struct err *err)
{
	struct session *copy;

	if (make_undo_room(set, 1, err))
		return -1;
	copy = copy_session(set, s, err);
	if (!copy)
		return -1;
	note_undo(set, s, copy);
	return 0;
}

static inline int
own(struct session_set *set, struct session *s, struct err *err)
{
	return !set->is_interval || is_noted(set, s) ? 0 : own_slowly(set, s, err);
}

/* Takes an open session away, which is freed when neither the heap nor an interval has it. There is
 * room for an undo. */
static void
remove_session(struct session_set *set, struct session *s)
{
	if (set->is_interval && !is_noted(set, s))
		note_undo(set, s, s);
	unlink_session(set, s);
	if (!set->is_interval && !s->is_queued)
		free_session(set, s);
}

void
session_set_begin(struct session_set *set)
{
	assert(!set->is_interval);
	set->is_interval = true;
	set->interval = (set->interval + 1) & ((1u << 30) - 1);
	set->origin.is_held = true;
}

static void
end_interval(struct session_set *set)
{
	set->is_interval = false;
	set->undo_count = 0;
	set->origin.is_held = false;
}

void
session_set_commit(struct session_set *set)
{
	assert(set->is_interval);
	for (size_t i = 0; i < set->undo_count; i++) {
		struct undo *u = &set->undos[i];

		if (u->old != u->live)
			free_session(set, u->old);
		if (!u->live->is_linked && !u->live->is_queued)
			free_session(set, u->live);
	}
	end_interval(set);
}

/* Of all open sessions by their ends; there is room, since they were in there when the interval
 * began. */
static void
rebuild_heap(struct session_set *set)
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

void
session_set_abort(struct session_set *set)
{
	assert(set->is_interval);
	for (size_t i = 0; i < set->heap_count; i++) {
		struct session *s = set->heap[i].session;

		if (!s->is_linked && !is_noted(set, s))
			free_session(set, s); /* was gone before the interval */
	}
	for (size_t i = 0; i < set->undo_count; i++) {
		if (set->undos[i].live->is_linked)
			unlink_session(set, set->undos[i].live);
	}
	for (size_t i = 0; i < set->undo_count; i++) {
		struct undo *u = &set->undos[i];

		if (u->live != u->old)
			free_session(set, u->live);
		if (u->old)
			link_session(set, u->old);
	}
	end_interval(set);
	rebuild_heap(set);
}

void
session_set_free(struct session_set *set)
{
	if (!set)
		return;
	if (set->is_interval)
		session_set_commit(set);
	for (size_t i = 0; i < set->heap_count; i++)
		free_session(set, set->heap[i].session);
	assert(!set->session_bytes && !set->held);
	free(set->buckets);
	free(set->heap);
	free(set->undos);
	free(set->ready);
	session_origin_release(&set->origin);
	free(set);
}

/* ---- taking ---- */

static inline bool
touches(struct span a, struct span b)
{
	return a.start_ms <= b.end_ms && a.end_ms >= b.start_ms;
}

static inline bool
has_key(const struct session *s, struct slice key, uint32_t hash)
{
	return s->hash == hash && s->key_len == key.len &&
	       (!key.len || memcmp(s->bytes, key.data, key.len) == 0);
}

/* An open session of the key, from `s` on in its chain, that the span touches. */
static inline struct session *
find_touching(struct session *s, struct slice key, uint32_t hash, struct span span,
    int64_t horizon_ms)
{
	for (; s; s = s->next) {
		if (has_key(s, key, hash) && touches(s->span, span) && s->span.end_ms > horizon_ms)
			return s;
	}
	return NULL;
}

static void
set_origin(struct session_set *set, struct session *s, uint32_t origin)
{
	if (s->origin == origin)
		return;
	session_origin_remove(&set->origin, s->origin);
	s->origin = origin;
	session_origin_add(&set->origin, s->origin);
}

/* All that `s`, which is ours to change, has come to touch goes into it. */
static int
merge_neighbours(struct session_set *set, struct session *s, int64_t horizon_ms, struct err *err)
{
	struct session *other = *bucket_of(set, s->hash), *next;

	for (; (other = find_touching(other, session_key(s), s->hash, s->span, horizon_ms));
	     other = next) {
		next = other->next;
		if (other == s)
			continue;
		if (make_undo_room(set, 1, err) ||
		    aggregate_merge(set->options.plan, session_states(s), session_states(other),
			&set->held, err))
			return -1;
		if (other->span.start_ms < s->span.start_ms)
			s->span.start_ms = other->span.start_ms;
		if (other->span.end_ms > s->span.end_ms)
			s->span.end_ms = other->span.end_ms;
		s->records += other->records;
		set_origin(set, s, session_origin_older(s->origin, other->origin));
		remove_session(set, other);
	}
	return 0;
}

static int
extend(struct session_set *set, struct session *s, struct span span, int64_t horizon_ms,
    struct err *err)
{
	if (span.start_ms < s->span.start_ms)
		s->span.start_ms = span.start_ms;
	if (span.end_ms > s->span.end_ms)
		s->span.end_ms = span.end_ms;
	return merge_neighbours(set, s, horizon_ms, err);
}

static struct session *
begin_session(
    struct session_set *set, struct slice key, uint32_t hash, struct span span, struct err *err)
{
	struct session *s;

	if ((set->count == set->bucket_count && grow_buckets(set, err)) ||
	    make_heap_room(set, err) || make_undo_room(set, 1, err))
		return NULL;
	s = make_session(set, key, hash, err);
	if (!s)
		return NULL;
	s->span = span;
	link_session(set, s);
	push_wake(set, s);
	note_undo(set, s, NULL);
	return s;
}

static bool
is_full(const struct session_set *set)
{
	return session_set_bytes(set) >= set->options.bytes_max;
}

/* The open session that the span is part of from now on. */
static enum session_fate
place(struct session_set *set, struct slice key, struct span span, int64_t horizon_ms,
    struct session **ret, struct err *err)
{
	uint32_t hash = table_hash(key, set->options.hash_seed);
	struct session *s = NULL;

	if (set->count)
		s = find_touching(*bucket_of(set, hash), key, hash, span, horizon_ms);
	if (s && set->options.plan->grows && is_full(set))
		return SESSION_FULL;
	if (s) {
		*ret = s;
		return own(set, s, err) || extend(set, s, span, horizon_ms, err) ? SESSION_FAILED
		                                                                  : SESSION_TAKEN;
	}
	if (span.end_ms <= horizon_ms)
		return SESSION_LATE;
	if (is_full(set))
		return SESSION_FULL;
	*ret = begin_session(set, key, hash, span, err);
	return *ret ? SESSION_TAKEN : SESSION_FAILED;
}

enum session_fate
session_set_take(struct session_set *set, struct slice key, const struct aggregate_record *record,
    int64_t horizon_ms, struct err *err)
{
	struct span span = { .start_ms = record->time_ms };
	struct session *s = NULL;
	enum session_fate fate;

	if (__builtin_add_overflow(span.start_ms, set->options.gap_ms, &span.end_ms)) {
		(void)err_set(
		    err, ERR_DATA, "no session can hold the time %lld", (long long)span.start_ms);
		return SESSION_FAILED;
	}
	if (set->options.has_positions &&
	    session_origin_note(
		&set->origin, record->position.stream, record->position.sequence, err))
		return SESSION_FAILED;
	fate = place(set, key, span, horizon_ms, &s, err);
	if (fate != SESSION_TAKEN)
		return fate;
	if (s->origin == ORIGIN_UNKNOWN && set->options.has_positions)
		set_origin(set, s, session_origin_now(&set->origin));
	s->records++;
	if (aggregate_take(set->options.plan, session_states(s), record, &set->held, err))
		return SESSION_FAILED;
	return SESSION_TAKEN;
}

enum session_fate
session_set_merge(struct session_set *set, struct slice key, struct span span, const void *states,
    int64_t records, int64_t horizon_ms, struct err *err)
{
	struct session *s = NULL;
	enum session_fate fate = place(set, key, span, horizon_ms, &s, err);

	if (fate != SESSION_TAKEN)
		return fate;
	s->records += records;
	if (aggregate_merge(set->options.plan, session_states(s), states, &set->held, err))
		return SESSION_FAILED;
	return SESSION_TAKEN;
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
		if (!s->is_linked && !is_noted(set, s))
			free_session(set, s);
	}
	return 0;
}

/* Behind a failure the rest goes back; there is room where it came from. */
static void
clear_ready(struct session_set *set, size_t given)
{
	for (size_t i = given; i < set->ready_count; i++)
		push_wake(set, set->ready[i].session);
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
		rc = make_undo_room(set, set->ready_count, err);
	if (!rc && set->ready_count)
		qsort(set->ready, set->ready_count, sizeof(*set->ready), compare_ready);
	while (!rc && given < set->ready_count) {
		struct session *s = set->ready[given].session;

		rc = give(context, s, err);
		if (rc)
			break;
		remove_session(set, s);
		given++;
	}
	clear_ready(set, given);
	if (!set->count && !set->heap_count && !set->is_interval)
		forget_table(set);
	return rc;
}

/* ---- looking at all ---- */

int
session_set_each(const struct session_set *set,
    int (*each)(void *context, const struct session *, struct err *), void *context,
    struct err *err)
{
	for (size_t i = 0; set->is_interval && i < set->undo_count; i++) {
		if (set->undos[i].live->is_linked && each(context, set->undos[i].live, err))
			return -1;
	}
	for (size_t i = 0; !set->is_interval && i < set->bucket_count; i++) {
		for (const struct session *s = set->buckets[i]; s; s = s->next) {
			if (each(context, s, err))
				return -1;
		}
	}
	return 0;
}

int64_t
session_set_last_end(const struct session_set *set)
{
	int64_t last_ms = INT64_MIN;

	for (size_t i = 0; i < set->bucket_count; i++) {
		for (const struct session *s = set->buckets[i]; s; s = s->next) {
			if (s->span.end_ms > last_ms)
				last_ms = s->span.end_ms;
		}
	}
	return last_ms;
}

int64_t
session_set_earliest(const struct session_set *set, int32_t stream)
{
	return session_origin_earliest(&set->origin, stream);
}

size_t
session_set_count(const struct session_set *set)
{
	return set->count;
}

size_t
session_set_bytes(const struct session_set *set)
{
	return set->session_bytes + set->held + set->bucket_count * sizeof(struct session *) +
	       set->heap_count * sizeof(*set->heap) + set->undo_count * sizeof(*set->undos) +
	       set->origin.bytes;
}
