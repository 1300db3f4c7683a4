/* SPDX-License-Identifier: MIT */
#include "codec/parquet_dictionary.h"

#include <stdlib.h>

enum {
	SLOTS_MIN = 256,
	ROOM_MIN = 64,
	/* Probes after which hashes do not do their work. With at most half of the slots taken and
	 * good hashes some dozens do not occur. */
	PROBES_MAX = 256,
	FAILED = -2,
	KEPT_BYTES_MAX = 1 << 16,
};

/* Odd constants with well mixed bits: the fractions of the golden ratio and of the root of 2. */
static const uint64_t mix_a = 0x9e3779b97f4a7c15, mix_b = 0x6a09e667f3bcc909;

void
parquet_dictionary_init(struct parquet_dictionary *d, unsigned width, bool is_number)
{
	*d = (struct parquet_dictionary){ .width = width, .is_number = is_number };
	buf_init(&d->plain, PARQUET_DICTIONARY_BYTES_MAX);
}

void
parquet_dictionary_release(struct parquet_dictionary *d)
{
	buf_release(&d->plain);
	free(d->offsets);
	free(d->hashes);
	free(d->slots);
	d->offsets = d->hashes = d->slots = NULL;
	d->count = d->room = d->slot_mask = 0;
}

size_t
parquet_dictionary_held(const struct parquet_dictionary *d)
{
	size_t slots = d->slots ? (size_t)d->slot_mask + 1 : 0;

	return d->plain.capacity + (slots + (size_t)d->room * 2) * sizeof(uint32_t);
}

void
parquet_dictionary_clear(struct parquet_dictionary *d)
{
	if (parquet_dictionary_held(d) > KEPT_BYTES_MAX)
		parquet_dictionary_release(d);
	buf_clear(&d->plain);
	d->count = 0;
	if (d->slots)
		memset(d->slots, 0, ((size_t)d->slot_mask + 1) * sizeof(*d->slots));
}

static uint32_t
hash_number(uint64_t value)
{
	value *= mix_a;
	return (uint32_t)((value ^ value >> 29) * mix_b >> 32);
}

/* 1 to 8 bytes as a word that no others of that length give. Copies of known sizes are no calls. */
static uint64_t
load(const char *at, size_t len)
{
	uint32_t first, last;

	if (len >= sizeof(first)) {
		memcpy(&first, at, sizeof(first));
		memcpy(&last, at + len - sizeof(last), sizeof(last));
		return (uint64_t)last << 32 | first;
	}
	first = (unsigned char)at[0];
	last = (unsigned char)at[len - 1];
	return first | last << 8 | (uint32_t)(unsigned char)at[len / 2] << 16;
}

static uint32_t
hash_bytes(struct slice s)
{
	uint64_t h = s.len * mix_b;

	for (; s.len > 8; s = slice_skip(s, 8)) {
		h = (h ^ load(s.data, 8)) * mix_a;
		h ^= h >> 32;
	}
	if (s.len)
		h = (h ^ load(s.data, s.len)) * mix_a;
	return (uint32_t)((h ^ h >> 29) * mix_b >> 32);
}

static uint32_t
hash_of(const struct parquet_dictionary *d, uint32_t i)
{
	return d->is_number ? hash_number(parquet_dictionary_value(d, i)) : d->hashes[i];
}

static int
grow_slots(struct parquet_dictionary *d, struct err *err)
{
	size_t slots = d->slots ? ((size_t)d->slot_mask + 1) * 2 : SLOTS_MIN;
	uint32_t *grown = calloc(slots, sizeof(*grown));

	if (!grown)
		return err_no_memory(err);
	free(d->slots);
	d->slots = grown;
	d->slot_mask = (uint32_t)slots - 1;
	for (uint32_t i = 0; i < d->count; i++) {
		uint32_t at = hash_of(d, i) & d->slot_mask;

		while (grown[at])
			at = (at + 1) & d->slot_mask;
		grown[at] = i + 1;
	}
	return 0;
}

static int
grow_room(struct parquet_dictionary *d, struct err *err)
{
	uint32_t room = d->room ? d->room * 2 : ROOM_MIN;
	uint32_t *offsets = realloc(d->offsets, room * sizeof(*offsets)), *hashes;

	if (offsets)
		d->offsets = offsets;
	hashes = realloc(d->hashes, room * sizeof(*hashes));
	if (hashes)
		d->hashes = hashes;
	if (!offsets || !hashes)
		return err_no_memory(err);
	d->room = room;
	return 0;
}

/* Makes one more value fit; slots stay at most half full. */
static int32_t
make_room(struct parquet_dictionary *d, size_t bytes, struct err *err)
{
	if (d->count == PARQUET_DICTIONARY_VALUES_MAX ||
	    bytes > PARQUET_DICTIONARY_BYTES_MAX - d->plain.len)
		return PARQUET_DICTIONARY_NONE;
	if ((size_t)d->count * 2 >= d->slot_mask && grow_slots(d, err))
		return FAILED;
	if (!d->is_number && d->count == d->room && grow_room(d, err))
		return FAILED;
	return buf_reserve(&d->plain, bytes, err) ? FAILED : 0;
}

static uint32_t
free_slot(const struct parquet_dictionary *d, uint32_t hash)
{
	uint32_t at = hash & d->slot_mask;

	while (d->slots[at])
		at = (at + 1) & d->slot_mask;
	return at;
}

static int32_t
add_number(struct parquet_dictionary *d, uint64_t value, uint32_t hash, struct err *err)
{
	int32_t rc = make_room(d, d->width, err);

	if (rc)
		return rc;
	/* little endian, as "Plain" wants it and this machine has it (parquet.c asserts it) */
	memcpy(d->plain.data + d->plain.len, &value, d->width);
	d->plain.len += d->width;
	d->slots[free_slot(d, hash)] = d->count + 1;
	return (int32_t)d->count++;
}

int32_t
parquet_dictionary_number(struct parquet_dictionary *d, uint64_t value, struct err *err)
{
	uint32_t hash = hash_number(value), at = hash & d->slot_mask;

	for (unsigned probes = 0; d->slots && d->slots[at]; at = (at + 1) & d->slot_mask) {
		uint32_t i = d->slots[at] - 1;

		if (parquet_dictionary_value(d, i) == value)
			return (int32_t)i;
		if (++probes == PROBES_MAX)
			return PARQUET_DICTIONARY_NONE;
	}
	return add_number(d, value, hash, err);
}

/*
 * Looks where a value's hash says, and leaves it to parquet_dictionary_number where the value is
 * not there. Nothing in the loop waits for the value before, so its cache misses overlap.
 */
static inline int
find_numbers(struct parquet_dictionary *d, const uint64_t *values, unsigned count,
    uint32_t *ret_numbers, unsigned width, struct err *err)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t taken = d->slots[hash_number(values[i]) & d->slot_mask];
		uint64_t found = 0;
		int32_t number;

		if (taken)
			memcpy(&found, d->plain.data + (size_t)(taken - 1) * width, width);
		if (taken && found == values[i]) {
			ret_numbers[i] = taken - 1;
			continue;
		}
		number = parquet_dictionary_number(d, values[i], err);
		if (number < 0)
			return number == PARQUET_DICTIONARY_NONE ? (int)i : -1;
		ret_numbers[i] = (uint32_t)number;
	}
	return (int)count;
}

int
parquet_dictionary_numbers(struct parquet_dictionary *d, const uint64_t *values, unsigned count,
    uint32_t *ret_numbers, struct err *err)
{
	if (!d->slots && grow_slots(d, err))
		return -1;
	/* a copy of known size is a move */
	return d->width == 8 ? find_numbers(d, values, count, ret_numbers, 8, err)
	                     : find_numbers(d, values, count, ret_numbers, 4, err);
}

static int32_t
add_bytes(struct parquet_dictionary *d, struct slice s, uint32_t hash, struct err *err)
{
	uint32_t len = (uint32_t)s.len, prefix = d->width ? 0 : sizeof(len);
	int32_t rc = make_room(d, prefix + s.len, err);

	if (rc)
		return rc;
	memcpy(d->plain.data + d->plain.len, &len, prefix);
	if (s.len)
		memcpy(d->plain.data + d->plain.len + prefix, s.data, s.len);
	d->offsets[d->count] = (uint32_t)d->plain.len + prefix;
	d->hashes[d->count] = hash;
	d->plain.len += prefix + s.len;
	d->slots[free_slot(d, hash)] = d->count + 1;
	return (int32_t)d->count++;
}

int32_t
parquet_dictionary_bytes(struct parquet_dictionary *d, struct slice s, struct err *err)
{
	uint32_t hash, at;

	if (s.len > PARQUET_DICTIONARY_BYTES_MAX)
		return PARQUET_DICTIONARY_NONE;
	hash = hash_bytes(s);
	at = hash & d->slot_mask;
	for (unsigned probes = 0; d->slots && d->slots[at]; at = (at + 1) & d->slot_mask) {
		uint32_t i = d->slots[at] - 1;

		if (d->hashes[i] == hash && slice_equal(parquet_dictionary_slice(d, i), s))
			return (int32_t)i;
		if (++probes == PROBES_MAX)
			return PARQUET_DICTIONARY_NONE;
	}
	return add_bytes(d, s, hash, err);
}
