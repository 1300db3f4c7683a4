/* SPDX-License-Identifier: MIT */
#include "kafka-window/table.h"

#include <stdlib.h>

#include "kafka-window/varint.h"

enum {
	WALK_MAX = 8, /* entries up to which there are no slots */
	SLOTS_MIN = 32,
};

/* Where nothing hangs on any entry none is looked at. */
void
table_release(struct table *t, const struct aggregate_plan *plan)
{
	struct table_entry *e = NULL;

	while (t->held && (e = table_next(t, plan, e)))
		aggregate_release(plan, table_states(e));
	free(t->data);
	free(t->slots);
	*t = (struct table){ .data = NULL };
}

/* ---- hashing ---- */

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	varint_wide product = (varint_wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
load8(const char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Up to 8 bytes, every one of which counts; the length is hashed on its own. */
static inline uint64_t
load_short(const char *at, size_t len)
{
	uint32_t head, tail;

	if (len == 8)
		return load8(at);
	if (len >= 4) {
		memcpy(&head, at, sizeof(head));
		memcpy(&tail, at + len - 4, sizeof(tail));
		return (uint64_t)head << 32 | tail;
	}
	if (!len)
		return 0;
	return (uint64_t)(unsigned char)at[0] << 16 | (uint64_t)(unsigned char)at[len / 2] << 8 |
	       (unsigned char)at[len - 1];
}

/* Folded 64 by 64 bit products, 16 bytes a step. The odd constants are digits of pi and e. The seed
 * keeps those who choose keys from choosing collisions. */
uint32_t
table_hash(struct slice key, uint64_t seed)
{
	const uint64_t pi = UINT64_C(0x243f6a8885a308d3), e = UINT64_C(0xb7e151628aed2a6b);
	const char *at = key.data;
	size_t left = key.len;
	uint64_t hash = seed ^ mix(key.len ^ e, pi);

	for (; left > 16; left -= 16, at += 16)
		hash = mix(load8(at) ^ pi ^ hash, load8(at + 8) ^ e);
	if (left > 8)
		hash = mix(load8(at) ^ pi ^ hash, load8(at + left - 8) ^ e);
	else
		hash = mix(load_short(at, left) ^ pi ^ hash, e);
	hash = mix(hash, pi);
	return (uint32_t)(hash >> 32);
}

/* ---- entries ---- */

static inline size_t
entry_bytes(const struct aggregate_plan *plan, size_t key_len)
{
	return sizeof(struct table_entry) + table_key_space(key_len) + plan->state_bytes;
}

/* Keys of up to 16 bytes, which most are, are compared as two words that may overlap. */
static inline bool
is_same(const char *a, const char *b, size_t len)
{
	if (len <= 8)
		return load_short(a, len) == load_short(b, len);
	if (len > 16)
		return memcmp(a, b, len) == 0;
	return load8(a) == load8(b) && load8(a + len - 8) == load8(b + len - 8);
}

static inline bool
entry_is(const struct table_entry *e, struct slice key, uint32_t hash)
{
	return e->hash == hash && e->key_len == key.len && is_same(e->bytes, key.data, key.len);
}

struct table_entry *
table_next(const struct table *t, const struct aggregate_plan *plan, const struct table_entry *e)
{
	uint32_t place = 0;

	if (e)
		place = table_place(t, e) + (uint32_t)(entry_bytes(plan, e->key_len) / 8);
	return place < t->used ? table_at(t, place) : NULL;
}

static struct table_entry *
find_by_walk(
    const struct table *t, const struct aggregate_plan *plan, struct slice key, uint32_t hash)
{
	struct table_entry *e = NULL;

	while ((e = table_next(t, plan, e))) {
		if (entry_is(e, key, hash))
			return e;
	}
	return NULL;
}

struct table_entry *
table_find(
    const struct table *t, const struct aggregate_plan *plan, struct slice key, uint32_t hash)
{
	const struct table_slot *slot;
	struct table_entry *e;

	if (!t->slots)
		return find_by_walk(t, plan, key, hash);
	for (uint32_t i = hash;; i++) {
		slot = &t->slots[i & (t->slot_count - 1)];
		if (!slot->place)
			return NULL;
		if (slot->hash != hash)
			continue;
		e = table_at(t, slot->place - 1);
		if (entry_is(e, key, hash))
			return e;
	}
}

/* ---- growth ---- */

static void
put_slot(struct table *t, uint32_t hash, uint32_t place)
{
	uint32_t i = hash & (t->slot_count - 1);

	while (t->slots[i].place)
		i = (i + 1) & (t->slot_count - 1);
	t->slots[i] = (struct table_slot){ .hash = hash, .place = place + 1 };
}

/* Makes the slots new and at least half free. */
static int
rebuild_slots(struct table *t, const struct aggregate_plan *plan, struct err *err)
{
	uint32_t slot_count = t->slot_count ? t->slot_count * 2 : SLOTS_MIN;
	struct table_slot *slots = calloc(slot_count, sizeof(*slots));
	struct table_entry *e = NULL;

	if (!slots)
		return err_no_memory(err);
	free(t->slots);
	t->slots = slots;
	t->slot_count = slot_count;
	while ((e = table_next(t, plan, e)))
		put_slot(t, e->hash, table_place(t, e));
	return 0;
}

/* Doubles while it is small, grows by half then. A run that is large enough moves by mremap(2) in glibc, not by copying. */
static int
grow_data(struct table *t, uint32_t need, struct err *err)
{
	uint64_t capacity =
	    (uint64_t)t->capacity + (t->capacity < TABLE_SMALL ? t->capacity : t->capacity / 2);
	char *data;

	if (capacity < need)
		capacity = need;
	if (capacity > UINT32_MAX)
		capacity = UINT32_MAX;
	data = realloc(t->data, capacity * 8);
	if (!data)
		return err_no_memory(err);
	t->data = data;
	t->capacity = (uint32_t)capacity;
	return 0;
}

struct table_entry *
table_insert(struct table *t, const struct aggregate_plan *plan, struct slice key, uint32_t hash,
    struct err *err)
{
	size_t bytes = entry_bytes(plan, key.len), end = t->used + bytes / 8;
	struct table_entry *e;

	/* places reach 32 GiB */
	if (end > UINT32_MAX || key.len > UINT32_MAX) {
		(void)err_set(err, ERR_FAULT, "one window with more than 32 GiB of keys");
		return NULL;
	}
	if (end > t->capacity && grow_data(t, (uint32_t)end, err))
		return NULL;
	/* three quarters full at most; the walk ends where slots begin */
	if (t->count >= (t->slots ? t->slot_count / 4 * 3 : WALK_MAX) &&
	    rebuild_slots(t, plan, err))
		return NULL;
	e = table_at(t, t->used);
	memset(e, 0, bytes);
	e->hash = hash;
	e->key_len = (uint32_t)key.len;
	if (key.len)
		memcpy(e->bytes, key.data, key.len);
	if (t->slots)
		put_slot(t, hash, t->used);
	t->used = (uint32_t)end;
	t->count++;
	return e;
}

int
table_merge_entry(struct table *t, const struct aggregate_plan *plan,
    const struct table_entry *from, struct err *err)
{
	struct slice key = table_key(from);
	struct table_entry *e = table_find(t, plan, key, from->hash);

	if (!e)
		e = table_insert(t, plan, key, from->hash, err);
	return e ? aggregate_merge(plan, table_states(e), table_states(from), &t->held, err) : -1;
}

int
table_merge(
    struct table *t, const struct aggregate_plan *plan, const struct table *from, struct err *err)
{
	const struct table_entry *e = NULL;

	while ((e = table_next(from, plan, e))) {
		if (table_merge_entry(t, plan, e, err))
			return -1;
	}
	return 0;
}
