/* SPDX-License-Identifier: MIT */
#include "kafka-window/session_set.h"

#include <assert.h>
#include <stdlib.h>

#include "kafka-window/chunk.h"
#include "kafka-window/session_state.h"
#include "kafka-window/table.h"

enum { BUCKETS_MIN = 64 };

struct session_set *
session_set_new(const struct session_options *options, struct err *err)
{
	struct session_set *set = calloc(1, sizeof(*set));

	if (!set) {
		(void)err_no_memory(err);
		return NULL;
	}
	assert(options->gap_ms > 0 && options->gap_ms <= ASSIGN_TIME_MS_MOST);
	set->options = *options;
	return set;
}

void
session_set_free(struct session_set *set)
{
	if (!set)
		return;
	if (set->is_interval)
		session_set_commit(set);
	for (size_t i = 0; i < set->heap_count; i++)
		session_free(set, set->heap[i].session);
	assert(!set->session_bytes && !set->held);
	free(set->buckets);
	free(set->heap);
	free(set->undos);
	session_origin_release(&set->origin);
	free(set);
}

/* ---- one session ---- */

static inline size_t
session_size(const struct session_set *set, size_t key_len)
{
	return sizeof(struct session) + table_key_space(key_len) + set->options.plan->state_bytes;
}

static inline size_t
session_cost(const struct session_set *set, const struct session *s)
{
	return chunk_bytes(session_size(set, s->key_len));
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

struct session *
session_copy(struct session_set *set, const struct session *from, struct err *err)
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

void
session_free(struct session_set *set, struct session *s)
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

static inline bool
has_key(const struct session *s, struct slice key, uint32_t hash)
{
	return s->hash == hash && s->key_len == key.len &&
	       (!key.len || memcmp(s->bytes, key.data, key.len) == 0);
}

static void
insert_at(struct session **at, struct session *s)
{
	s->next = *at;
	s->at = at;
	if (s->next)
		s->next->at = &s->next;
	*at = s;
}

static struct session *
reverse(struct session *s)
{
	struct session *reversed = NULL, *next;

	for (; s; s = next) {
		next = s->next;
		s->next = reversed;
		reversed = s;
	}
	return reversed;
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
		/* from the last one on, which keeps their order */
		for (s = reverse(old[i]); s; s = next) {
			next = s->next;
			insert_at(bucket_of(set, s->hash), s);
		}
	}
	free(old);
	return 0;
}

/* Where a session belongs in its chain: behind those of its key that end later. */
static struct session **
find_place(const struct session_set *set, const struct session *s)
{
	struct session **place = bucket_of(set, s->hash), **at;

	for (at = place; *at; at = &(*at)->next) {
		if (!has_key(*at, session_key(s), s->hash))
			continue;
		if ((*at)->span.end_ms < s->span.end_ms)
			break;
		place = &(*at)->next;
	}
	return place;
}

void
session_link(struct session_set *set, struct session *s)
{
	insert_at(find_place(set, s), s);
	s->is_linked = 1;
	set->count++;
	session_origin_add(&set->origin, s->origin);
}

void
session_unlink(struct session_set *set, struct session *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	s->is_linked = 0;
	set->count--;
	session_origin_remove(&set->origin, s->origin);
}

/* ---- taking ---- */

static inline bool
touches(struct span a, struct span b)
{
	return a.start_ms <= b.end_ms && a.end_ms >= b.start_ms;
}

/* An open session of the key, from `s` on in its chain, that the span touches: behind one that ends
 * before the span all end before it. */
static inline struct session *
find_touching(struct session *s, struct slice key, uint32_t hash, struct span span,
    int64_t horizon_ms)
{
	for (; s; s = s->next) {
		if (!has_key(s, key, hash))
			continue;
		if (s->span.end_ms < span.start_ms)
			break;
		if (touches(s->span, span) && s->span.end_ms > horizon_ms)
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
		if (session_make_undo_room(set, 1, err) ||
		    aggregate_merge(set->options.plan, session_states(s), session_states(other),
			&set->held, err))
			return -1;
		if (other->span.start_ms < s->span.start_ms)
			s->span.start_ms = other->span.start_ms;
		if (other->span.end_ms > s->span.end_ms)
			s->span.end_ms = other->span.end_ms;
		s->records += other->records;
		set_origin(set, s, session_origin_older(s->origin, other->origin));
		session_remove(set, other);
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

	if ((set->count == set->bucket_count / 2 && grow_buckets(set, err)) ||
	    session_make_wake_room(set, err) || session_make_undo_room(set, 1, err))
		return NULL;
	s = make_session(set, key, hash, err);
	if (!s)
		return NULL;
	s->span = span;
	session_link(set, s);
	session_push_wake(set, s);
	session_note_undo(set, s, NULL);
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
		return session_own(set, s, err) || extend(set, s, span, horizon_ms, err) ? SESSION_FAILED
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
	const int64_t time_ms = record->time_ms;
	struct session *s = NULL;
	enum session_fate fate;
	struct span span;

	if (time_ms > ASSIGN_TIME_MS_MOST || time_ms < -ASSIGN_TIME_MS_MOST) {
		(void)err_set(
		    err, ERR_DATA, "no session can hold the time %lld", (long long)time_ms);
		return SESSION_FAILED;
	}
	span = (struct span){ time_ms, time_ms + set->options.gap_ms };
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
