/* SPDX-License-Identifier: MIT */
/* What each function of aggregate.h is made of; for the aggregate_*.c files and the sketches only. */
#ifndef SLUICE_KAFKA_WINDOW_AGGREGATE_OPS_H
#define SLUICE_KAFKA_WINDOW_AGGREGATE_OPS_H

#include "kafka-window/aggregate.h"

/*
 * Contracts are those of aggregate.h, for one state. What holds of all functions of a family
 * asks the aggregate which of them it is. release and held are NULL where nothing hangs on a state.
 */
struct aggregate_ops {
	const char *name;
	enum aggregate_need need;
	unsigned state_bytes; /* a multiple of 8 */
	bool grows;           /* with each record, not only with each key */
	/* `input` is not INPUT_NULL. */
	int (*take)(const struct aggregate *, void *state, const struct input *,
	    const struct aggregate_record *, size_t *held, struct err *);
	/* Into an empty state it is a copy. */
	int (*merge)(const struct aggregate *, void *into, const void *from, size_t *held,
	    struct err *);
	int (*append)(const struct aggregate *, const void *state, struct buf *out, struct err *);
	int (*encode)(const struct aggregate *, const void *state, struct buf *out, struct err *);
	/* Into a zeroed state; it may be left half built, to be released. */
	int (*decode)(
	    const struct aggregate *, struct slice *bytes, void *state, struct err *);
	void (*release)(void *state);
	size_t (*held)(const void *state);
};

extern const struct aggregate_ops aggregate_ops_count;
extern const struct aggregate_ops aggregate_ops_count_field;
extern const struct aggregate_ops aggregate_ops_sum;
extern const struct aggregate_ops aggregate_ops_min;
extern const struct aggregate_ops aggregate_ops_max;
extern const struct aggregate_ops aggregate_ops_avg;
extern const struct aggregate_ops aggregate_ops_first;
extern const struct aggregate_ops aggregate_ops_last;
extern const struct aggregate_ops aggregate_ops_list;
extern const struct aggregate_ops aggregate_ops_stddev;
extern const struct aggregate_ops aggregate_ops_stddev_pop;
extern const struct aggregate_ops aggregate_ops_distinct;
extern const struct aggregate_ops aggregate_ops_set;
extern const struct aggregate_ops aggregate_ops_top;
extern const struct aggregate_ops aggregate_ops_approx_distinct;
extern const struct aggregate_ops aggregate_ops_quantile;

/* Says that serialised bytes are not well-formed; returns -1. */
int aggregate_damaged(struct err *);

/* ---- parts of serialised states ---- */

/* Adds to a count. ERR_DATA where it passes 2^63 - 1. */
int aggregate_count_add(int64_t *count, int64_t more, struct err *);

/* False where there is none at the front of the bytes. */
bool aggregate_take_byte(struct slice *bytes, uint8_t *ret);
bool aggregate_take_count(struct slice *bytes, int64_t *ret);

/* 8 bytes, IEEE 754, lowest byte first. */
int aggregate_append_double(struct buf *out, double, struct err *);
bool aggregate_take_double(struct slice *bytes, double *ret);

#endif
