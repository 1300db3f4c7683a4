/* SPDX-License-Identifier: MIT */
/*
 * The keys of one window with their partial aggregates: a hash table whose entries lie one after
 * another in one growing run of bytes. An entry costs its key and states, both rounded up to 8
 * bytes, 8 bytes more, and at most 22 bytes of slots (none in a table of few keys).
 */
#ifndef SLUICE_KAFKA_WINDOW_TABLE_H
#define SLUICE_KAFKA_WINDOW_TABLE_H

#include <stdint.h>

#include "kafka-window/aggregate.h"
#include "kafka-window/chunk.h"

struct table_entry {
	uint32_t hash;
	uint32_t key_len;
	char bytes[]; /* the key, padded to 8 bytes, then the states */
};

struct table_slot {
	uint32_t hash;
	uint32_t place; /* of the entry, plus 1; 0: free */
};

/* Zero-initialise. Pointers to entries are good until the next table_insert. */
struct table {
	char *data;
	uint32_t used;     /* of data, in units of 8 bytes */
	uint32_t capacity; /* likewise */
	struct table_slot *slots; /* NULL while a walk over the entries is as quick */
	uint32_t slot_count;      /* a power of two */
	uint32_t count;
	size_t held; /* bytes that hang on the entries' states */
};

void table_release(struct table *, const struct aggregate_plan *);

enum { TABLE_SMALL = 8192 }; /* of a capacity: 64 KiB */

/* Bytes of memory in use, without what a large one has set aside for growth and never touched. */
static inline size_t
table_bytes(const struct table *t)
{
	size_t data_bytes = (size_t)t->used * 8;

	if (t->capacity < TABLE_SMALL)
		data_bytes = chunk_bytes((size_t)t->capacity * 8);
	return data_bytes + chunk_bytes(t->slot_count * sizeof(*t->slots)) + t->held;
}

/* A place is a distance from the start in units of 8 bytes. */
static inline struct table_entry *
table_at(const struct table *t, uint32_t place)
{
	return (struct table_entry *)(void *)(t->data + (size_t)place * 8);
}

static inline uint32_t
table_place(const struct table *t, const struct table_entry *e)
{
	return (uint32_t)((size_t)((const char *)e - t->data) / 8);
}

static inline struct slice
table_key(const struct table_entry *e)
{
	return slice_make(e->bytes, e->key_len);
}

static inline size_t
table_key_space(size_t key_len)
{
	return (key_len + 7) & ~(size_t)7;
}

static inline void *
table_states(const struct table_entry *e)
{
	return (char *)(uintptr_t)e->bytes + table_key_space(e->key_len);
}

/* Of a key's bytes. The seed is the same for tables that merge. */
uint32_t table_hash(struct slice key, uint64_t seed);

struct table_entry *table_find(
    const struct table *, const struct aggregate_plan *, struct slice key, uint32_t hash);

/* Adds a key that is not there, with zeroed states. NULL with ERR_FAULT where memory ran out. */
struct table_entry *table_insert(
    struct table *, const struct aggregate_plan *, struct slice key, uint32_t hash, struct err *);

/* The first entry (after NULL) or the next, in order of insertion; NULL at the end. */
struct table_entry *table_next(
    const struct table *, const struct aggregate_plan *, const struct table_entry *);

/* Adds the states of one entry or of all entries. ERR_DATA where a count overflows. */
int table_merge_entry(
    struct table *, const struct aggregate_plan *, const struct table_entry *, struct err *);
int table_merge(
    struct table *, const struct aggregate_plan *, const struct table *from, struct err *);

#endif
