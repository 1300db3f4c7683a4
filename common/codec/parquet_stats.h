/* SPDX-License-Identifier: MIT */
/*
 * Minimum, maximum and counts of a page or a column chunk (parquet.thrift, Statistics and
 * ColumnOrder, TYPE_ORDER). The deprecated fields min and max are not written: readers that know
 * no others mistrusted them for strings anyway.
 *
 * - Numbers are compared as numbers. NaN counts and is in no bound; a bound of zero is written
 *   -0.0 below and +0.0 above, as both may be there.
 * - Strings are compared by unsigned bytes. Bounds are at most PARQUET_BOUND_BYTES_MAX long: a
 *   minimum is cut, a maximum is cut and its last character raised, both between characters, and
 *   is_min_value_exact and is_max_value_exact say so.
 * - Decimals of fixed bytes are compared as the numbers they are.
 */
#ifndef SLUICE_CODEC_PARQUET_STATS_H
#define SLUICE_CODEC_PARQUET_STATS_H

#include <stdint.h>

#include "base/slice.h"
#include "codec/parquet_thrift.h"

enum { PARQUET_BOUND_BYTES_MAX = 64 };

/* How the values of a column are ordered, and how bounds are written. */
enum parquet_order {
	PARQUET_ORDER_BOOL,
	PARQUET_ORDER_INT32,
	PARQUET_ORDER_INT64,
	PARQUET_ORDER_FLOAT,
	PARQUET_ORDER_DOUBLE,
	PARQUET_ORDER_TEXT,    /* UTF-8 */
	PARQUET_ORDER_DECIMAL, /* fixed bytes, big endian, two's complement */
};

/* Begins as all zeros but for the order. Slices are borrowed until the bounds were written. */
struct parquet_stats {
	enum parquet_order order;
	bool has_bounds;
	int64_t null_count;
	int64_t nan_count;
	union {
		int64_t i;
		double d;
		struct slice bytes;
	} min, max;
};

/* A number by its bits as they are in the column: 1, 4 or 8 bytes. */
void parquet_stats_number(struct parquet_stats *, uint64_t bits);
void parquet_stats_bytes(struct parquet_stats *, struct slice);

/* Takes in what another one of the same order has seen. */
void parquet_stats_merge(struct parquet_stats *, const struct parquet_stats *);

/* The struct Statistics as field `id`. */
void parquet_stats_write(const struct parquet_stats *, struct parquet_thrift *, int id);

/* The minimum cut as above, in place: true where it still is the minimum itself. */
bool parquet_bound_min(struct slice *);

/*
 * The maximum cut as above into `bytes`; *ret is a slice of them or of `max`. Returns whether it is
 * the maximum itself. *ret_has_bound is false where no character could be raised.
 */
bool parquet_bound_max(struct slice max, char bytes[static PARQUET_BOUND_BYTES_MAX],
    struct slice *ret, bool *ret_has_bound);

#endif
