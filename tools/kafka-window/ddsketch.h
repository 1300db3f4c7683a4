/* SPDX-License-Identifier: MIT */
/*
 * DDSketch: quantiles with a relative error of at most 1%.
 *
 * Charles Masson, Jee E. Rim, Homin K. Lee, "DDSketch: a fast and fully-mergeable quantile sketch
 * with relative-error guarantees", PVLDB 12(12), 2019, arXiv:1908.10693. With a = 0.01 and g = (1 +
 * a) / (1 - a), bucket i counts the values in (g^(i-1), g^i] and stands for 2 g^i / (g + 1), which
 * is within 1% of all of them. Negative values have buckets of their own by their magnitude, zero
 * has one, and all are in the order of the values.
 *
 * At most 2048 buckets are held, enough for all positive values over 17 orders of magnitude. Where
 * there are more, the lower of the lowest two goes into the other, again and again: a quantile among
 * the values of what was joined is within 1% of the largest of them, those above keep their bound.
 *
 * What a sketch holds, and its serialised bytes, follow from its values alone: the order of adding
 * and merging does not show.
 */
#ifndef SLUICE_KAFKA_WINDOW_DDSKETCH_H
#define SLUICE_KAFKA_WINDOW_DDSKETCH_H

#include "base/buf.h"

enum { DDSKETCH_BUCKETS_MAX = 2048 };

#define DDSKETCH_ACCURACY 0.01

struct ddsketch_bucket {
	int64_t count; /* above 0 */
	int32_t key;   /* rises with the values; below 0: of negative ones */
};

/* All zero bytes are an empty one. */
struct ddsketch {
	struct ddsketch_bucket *buckets; /* by rising key */
	uint32_t count;
	uint32_t capacity;
};

/* A finite value. ERR_DATA where a count passes 2^63 - 1, ERR_FAULT. */
int ddsketch_add(struct ddsketch *, double value, size_t *held, struct err *);
int ddsketch_merge(struct ddsketch *, const struct ddsketch *from, size_t *held, struct err *);

/* 100% in the unit of a quantile's `share`. */
#define DDSKETCH_SHARE_ALL INT64_C(100000000)

/* The first value in order that no less than this share of all is up to (SQL's PERCENTILE_DISC), or
 * one within 1% of it, denormal doubles aside. False for an empty sketch. */
bool ddsketch_quantile(const struct ddsketch *, int64_t share, double *ret);

void ddsketch_release(struct ddsketch *);
size_t ddsketch_held(const struct ddsketch *);

/* The serialised form: varint count of buckets, then of each, rising, the key (zigzag varint, from
 * the second on the varint distance to the one before) and varint count. */
int ddsketch_encode(const struct ddsketch *, struct buf *out, struct err *);

/* Into an empty sketch. ERR_DATA ("is damaged"), ERR_FAULT; release it then. */
int ddsketch_decode(struct ddsketch *, struct slice *bytes, struct err *);

#endif
