/* SPDX-License-Identifier: MIT */
/*
 * Partial aggregates: fixed-size states that take inputs, merge, and have one serialised form.
 *
 * As in SQL, a null or missing input is ignored by every aggregate of a field, and sum, min, max
 * and avg of no inputs are null (count is 0). Sums are exact as long as codec/number can keep them
 * so; merging in any order gives the same result then. avg is the exact sum divided once, as a
 * double.
 */
#ifndef SLUICE_KAFKA_WINDOW_AGGREGATE_H
#define SLUICE_KAFKA_WINDOW_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/number.h"

/* The values are part of the serialised form: they never change. */
enum aggregate_func {
	AGGREGATE_COUNT = 1,       /* records */
	AGGREGATE_COUNT_FIELD = 2, /* records with a value in the field */
	AGGREGATE_SUM = 3,
	AGGREGATE_MIN = 4,
	AGGREGATE_MAX = 5,
	AGGREGATE_AVG = 6,
};

/* What a record has in one field. */
enum input_kind {
	INPUT_NULL, /* null or missing */
	INPUT_NUMBER,
	INPUT_OTHER, /* a value of another type: there to be counted */
};

struct input {
	struct number number; /* of INPUT_NUMBER */
	enum input_kind kind;
};

struct aggregate {
	enum aggregate_func func;
	unsigned input; /* index into the inputs; not used by AGGREGATE_COUNT */
};

enum { AGGREGATES_MAX = 64 };

/* The aggregates of a job and where their states lie. Zero-initialise, then add. */
struct aggregate_plan {
	unsigned count;
	unsigned state_bytes; /* of all states together, a multiple of 8 */
	struct {
		struct aggregate aggregate;
		unsigned offset;
	} rows[AGGREGATES_MAX];
};

/* ERR_USAGE where there are too many. */
int aggregate_plan_add(struct aggregate_plan *, struct aggregate, struct err *);

/* "count", "sum" ... (count with a field is AGGREGATE_COUNT_FIELD); ERR_USAGE for other words. */
int aggregate_func_parse(struct slice word, bool has_field, enum aggregate_func *ret, struct err *);

/* True where inputs of the function must be numbers. */
bool aggregate_func_is_numeric(enum aggregate_func);

/*
 * States are plan->state_bytes bytes, 8-aligned; all zero bytes are the states of no records.
 * Inputs of numeric functions must be INPUT_NUMBER or INPUT_NULL.
 */
void aggregate_take(const struct aggregate_plan *, void *states, const struct input *inputs);

/* Adds what `from` has taken. ERR_DATA where a count passes 2^63 - 1, with `into` unusable then. */
int aggregate_merge(const struct aggregate_plan *, void *into, const void *from, struct err *);

/* Appends one result as JSON. */
int aggregate_append(const struct aggregate_plan *, unsigned index, const void *states,
    struct buf *out, struct err *);

/* The serialised form: for each aggregate its function's number and its state. */
int aggregate_encode(
    const struct aggregate_plan *, const void *states, struct buf *out, struct err *);

/* Takes the states from the front of *bytes into zeroed states. ERR_DATA where they are not
 * well-formed or belong to other aggregates. */
int aggregate_decode(
    const struct aggregate_plan *, struct slice *bytes, void *states, struct err *);

#endif
