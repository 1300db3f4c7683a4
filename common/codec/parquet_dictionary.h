/* SPDX-License-Identifier: MIT */
/*
 * The distinct values of a column chunk in the order of their first appearance, and their numbers
 * (apache/parquet-format, Encodings.md, "Dictionary Encoding"). Values are numbers of 4 or 8 bytes,
 * compared by their bits, or bytes; they are kept as a dictionary page wants them, in plain
 * encoding.
 */
#ifndef SLUICE_CODEC_PARQUET_DICTIONARY_H
#define SLUICE_CODEC_PARQUET_DICTIONARY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
	/* As parquet-java's default (ParquetProperties.DEFAULT_DICTIONARY_PAGE_SIZE). */
	PARQUET_DICTIONARY_BYTES_MAX = 1 << 20,
	PARQUET_DICTIONARY_VALUES_MAX = 1 << 17,
	PARQUET_DICTIONARY_NONE = -1, /* the value was not taken: the dictionary is full */
};

struct parquet_dictionary {
	struct buf plain;  /* the values in plain encoding, one behind the other */
	uint32_t *offsets; /* of bytes: where in plain (behind the length) */
	uint32_t *hashes;  /* of bytes */
	uint32_t *slots;   /* number + 1, 0 where free; a power of two of them */
	uint32_t slot_mask;
	uint32_t count;
	uint32_t room;  /* values for which offsets and hashes are large enough */
	unsigned width; /* of a value: 4 or 8, 0 for bytes with a length before them, or
	                 * otherwise that of fixed bytes */
	bool is_number;
};

/* width of numbers: 4 or 8; of bytes: 0 for any length, otherwise the fixed one. */
void parquet_dictionary_init(struct parquet_dictionary *, unsigned width, bool is_number);
void parquet_dictionary_release(struct parquet_dictionary *);

/* Empties it, and keeps its memory as far as that is little. */
void parquet_dictionary_clear(struct parquet_dictionary *);

/*
 * The number of a value, which is added where it is new; PARQUET_DICTIONARY_NONE where it is new
 * and there is no room, or where hashes clash as those of made-up values do. -2 with err set where
 * memory runs out.
 */
int32_t parquet_dictionary_number(struct parquet_dictionary *, uint64_t value, struct err *);
int32_t parquet_dictionary_bytes(struct parquet_dictionary *, struct slice value, struct err *);

/*
 * The numbers of values as parquet_dictionary_number gives them one after the other, up to the
 * first one that is not taken. Returns how many have one, or -1 with err set where memory runs out.
 */
int parquet_dictionary_numbers(struct parquet_dictionary *, const uint64_t *values, unsigned count,
    uint32_t *ret_numbers, struct err *);

/* Bytes in memory. */
size_t parquet_dictionary_held(const struct parquet_dictionary *);

static inline uint64_t
parquet_dictionary_value(const struct parquet_dictionary *d, uint32_t i)
{
	uint64_t wide;
	uint32_t narrow;

	if (d->width == 8) {
		memcpy(&wide, d->plain.data + (size_t)i * 8, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, d->plain.data + (size_t)i * 4, sizeof(narrow));
	return narrow;
}

static inline struct slice
parquet_dictionary_slice(const struct parquet_dictionary *d, uint32_t i)
{
	uint32_t len = d->width;

	if (!len)
		memcpy(&len, d->plain.data + d->offsets[i] - sizeof(len), sizeof(len));
	return slice_make(d->plain.data + d->offsets[i], len);
}

#endif
