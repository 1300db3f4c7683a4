/* SPDX-License-Identifier: MIT */
/*
 * HyperLogLog: how many different values there were, in at most 16 KiB.
 *
 * Precision 14: 16384 registers, a standard error of 1.04 / sqrt(16384) = 0.81%. Up to 3072
 * different values are held as such (the first 26 bits of their hashes and the rank in the rest,
 * the sparse representation of "HyperLogLog in Practice", Heule, Nunkesser, Hall, EDBT 2013), where
 * linear counting in 2^26 cells is mostly exact, and seldom one off. Above, the estimator is the
 * improved raw one of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
 * arXiv:1702.01284, which has no bias to be tabled away.
 *
 * What a sketch holds, and its serialised bytes, follow from the set of its values alone: the order
 * of adding and merging does not show.
 */
#ifndef SLUICE_KAFKA_WINDOW_HLL_H
#define SLUICE_KAFKA_WINDOW_HLL_H

#include "base/buf.h"

enum {
	HLL_PRECISION = 14,
	HLL_REGISTERS = 1 << HLL_PRECISION,
	HLL_SPARSE_MAX = 3072,
};

/* All zero bytes are an empty one. */
struct hll {
	void *data;        /* slots of 4 bytes, or registers of 1; NULL: none yet */
	uint32_t count;    /* of coupons in the slots */
	uint32_t capacity; /* slots, a power of two; 0: registers */
};

/* The hash values go in by: XXH64 with seed 0. It is part of the serialised form. */
uint64_t hll_hash(struct slice);

/* -1: no memory; the sketch is as it was. */
int hll_add(struct hll *, uint64_t hash, size_t *held, struct err *);

/* -1: no memory, with a part of `from` in it. */
int hll_merge(struct hll *, const struct hll *from, size_t *held, struct err *);

/* Rounded to a whole number. */
int64_t hll_estimate(const struct hll *);

void hll_release(struct hll *);
size_t hll_held(const struct hll *);

/*
 * The serialised form: 1 byte, 0 sparse: varint count, then for each, rising, the varint distance
 * to the one before of (index of 26 bits << 6 | rank); 1 dense: the registers, a byte each.
 */
int hll_encode(const struct hll *, struct buf *out, struct err *);

/* Into an empty sketch. ERR_DATA ("is damaged"), ERR_FAULT; release it then. */
int hll_decode(struct hll *, struct slice *bytes, struct err *);

#endif
