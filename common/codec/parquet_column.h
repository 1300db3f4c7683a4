/* SPDX-License-Identifier: MIT */
/*
 * One column of the row group being made: definition levels, and values as numbers into a
 * dictionary. Once that is full the rest is kept in plain encoding, and so is what came before
 * unless the dictionary was of use (Encodings.md, "Dictionary Encoding": "will fall back").
 * Appending allocates only where a buffer grows.
 */
#ifndef SLUICE_CODEC_PARQUET_COLUMN_H
#define SLUICE_CODEC_PARQUET_COLUMN_H

#include "codec/parquet.h"
#include "codec/parquet_dictionary.h"
#include "codec/parquet_stats.h"
#include "codec/table_value.h"

/* parquet.thrift, Type */
enum parquet_type {
	PARQUET_BOOLEAN = 0,
	PARQUET_INT32 = 1,
	PARQUET_INT64 = 2,
	PARQUET_FLOAT = 4,
	PARQUET_DOUBLE = 5,
	PARQUET_BYTE_ARRAY = 6,
	PARQUET_FIXED_LEN_BYTE_ARRAY = 7,
};

struct parquet_column {
	const struct table_column *schema;
	enum parquet_type type;
	enum parquet_order order;
	unsigned width; /* of a value in bytes: 1 (bool), 4, 8, fixed bytes; 0 for any length */
	bool is_plain;  /* new values go to plain, no longer into the dictionary */
	uint32_t rows;
	uint32_t values;          /* rows that are not null */
	uint32_t dictionary_rows; /* where is_plain: so many rows have indices, a multiple of 8 */
	struct buf levels;        /* a bit a row, 1 where it has a value; nullable columns alone */
	struct buf indices;       /* of index_bytes each */
	unsigned index_bytes;     /* 1, 2 or 4: what the dictionary's numbers need so far */
	struct buf plain;         /* in plain encoding, but a bool is a byte */
	struct parquet_dictionary dictionary;
};

/* The schema's column is borrowed. bytes_max is the ceiling of each buffer. */
void parquet_column_init(struct parquet_column *, const struct table_column *, size_t bytes_max);
void parquet_column_release(struct parquet_column *);

/* Makes it empty for the next row group. */
void parquet_column_clear(struct parquet_column *);

/*
 * Appends a value of the schema's type, null only where it may be (asserted). *held grows by the
 * bytes that are held more.
 */
int parquet_column_append(
    struct parquet_column *, const struct table_value *, size_t *held, struct err *);

/*
 * Appends the values at `first`, first + stride and so on, at most PARQUET_BATCH_ROWS: what comes
 * of it is what parquet_column_append makes of one after the other. Of a column of numbers, all
 * are looked up in the dictionary at once.
 */
int parquet_column_append_batch(struct parquet_column *, const struct table_value *first,
    size_t stride, unsigned count, size_t *held, struct err *);

/*
 * Settles the encoding of the chunk: a dictionary that would not save much is given up, and
 * dictionary_rows is set. Called once all rows are there.
 */
int parquet_column_settle(struct parquet_column *, struct err *);

/* Copies `count` indices from number `first` on. */
void parquet_column_indices(
    const struct parquet_column *, uint32_t first, uint32_t count, uint32_t *ret);

static inline bool
parquet_column_is_bytes(const struct parquet_column *c)
{
	return c->type == PARQUET_BYTE_ARRAY || c->type == PARQUET_FIXED_LEN_BYTE_ARRAY;
}

/* The bytes of a decimal of fixed width: the fewest that hold its digits. */
unsigned parquet_decimal_width(unsigned precision);

#endif
