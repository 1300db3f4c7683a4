/* SPDX-License-Identifier: MIT */
/*
 * Partial aggregates: states that take inputs, merge, and have one serialised form.
 *
 * As in SQL, a null or missing input is ignored by every aggregate of a field, and sum, min, max
 * and avg of no inputs are null (count is 0). Sums are exact as long as codec/number can keep them
 * so; merging in any order gives the same result then, as it does for everything else here. Sums
 * of other numbers (number.h) and their stddev may differ in the last digits. avg is the exact sum
 * divided once, as a double. A sum that is no longer from -2^127 to 2^127 - 1 goes on as a double,
 * which is written with an exponent; one past the largest double is null, unless it comes back, and
 * its avg is right.
 *
 * min and max are of numbers or of strings by their bytes; any number is below any string. first
 * and last are the values of the first and the last record in the order of event time, stream and
 * sequence, whenever they came; list has them all, up to its bound the first ones. set has the
 * different values, up to its bound the smallest ones, in the order of groupkey.h; top has the most
 * frequent ones, equally frequent ones in that order. list, set and top of no values are [].
 *
 * A state has a fixed size. What varies hangs on it by a pointer (NULL while there is nothing):
 * such states must be copied by aggregate_copy and released before they go. `held` counts the bytes
 * that hang on some states; functions that make them more or fewer are given it to change.
 */
#ifndef SLUICE_KAFKA_WINDOW_AGGREGATE_H
#define SLUICE_KAFKA_WINDOW_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/number.h"
#include "flow/record.h"

/* The values are part of the serialised form: they never change. */
enum aggregate_func {
	AGGREGATE_COUNT = 1,       /* records */
	AGGREGATE_COUNT_FIELD = 2, /* records with a value in the field */
	AGGREGATE_SUM = 3,
	AGGREGATE_MIN = 4,
	AGGREGATE_MAX = 5,
	AGGREGATE_AVG = 6,
	AGGREGATE_FIRST = 7,
	AGGREGATE_LAST = 8,
	AGGREGATE_STDDEV = 9,
	AGGREGATE_STDDEV_POP = 10,
	AGGREGATE_DISTINCT = 11,        /* how many different values */
	AGGREGATE_APPROX_DISTINCT = 12, /* the same, of bounded size (hll.h) */
	AGGREGATE_QUANTILE = 13,        /* of bounded size (ddsketch.h) */
	AGGREGATE_TOP = 14,             /* the most frequent values */
	AGGREGATE_SET = 15,             /* the different values */
	AGGREGATE_LIST = 16,            /* all values */
	AGGREGATE_FUNCS_END
};

/* What a record has in one field. */
enum input_kind {
	INPUT_NULL, /* null or missing */
	INPUT_NUMBER,
	INPUT_STRING,
	INPUT_OTHER,
};

struct input {
	struct number number; /* of INPUT_NUMBER, where a function needs it */
	/* canonical (groupkey.h, without the line feed), where a function needs it */
	struct slice text;
	enum input_kind kind;
};

/* One record as aggregates see it; borrowed for the call. */
struct aggregate_record {
	const struct input *inputs;
	uint64_t skips; /* bit i: the plan's aggregate i does not take this record */
	int64_t time_ms;
	struct position position;
};

struct aggregate {
	enum aggregate_func func;
	unsigned input; /* index into the inputs; not used by AGGREGATE_COUNT */
	/* AGGREGATE_TOP: how many values; AGGREGATE_SET, AGGREGATE_LIST: how many at most;
	 * AGGREGATE_QUANTILE: the share in the unit of ddsketch.h; 0 for the others */
	int64_t arg;
	/* of values in memory, not of what is serialised; random where they come from strangers */
	uint64_t hash_seed;
};

enum { AGGREGATES_MAX = 64 };

/* The aggregates of a job and where their states lie. Zero-initialise, then add. */
struct aggregate_plan {
	unsigned count;
	unsigned state_bytes; /* of all states together, a multiple of 8 */
	bool has_heap;        /* something may hang on a state */
	bool grows;           /* more and more of it, with each record */
	/* a hash of the fields and conditions that states of this plan are of: they merge with no others */
	uint64_t job;
	struct {
		struct aggregate aggregate;
		unsigned offset;
	} rows[AGGREGATES_MAX];
};

/* ERR_USAGE where there are too many. */
int aggregate_plan_add(struct aggregate_plan *, struct aggregate, struct err *);

/* "count", "sum" ... : a function that needs a field, or else count; a quantile is "p". False
 * for other words. */
bool aggregate_func_find(struct slice word, enum aggregate_func *ret);

/* What an input of the function must have. */
enum aggregate_need {
	AGGREGATE_NEEDS_KIND,   /* its kind only */
	AGGREGATE_NEEDS_NUMBER, /* INPUT_NUMBER or INPUT_NULL */
	AGGREGATE_NEEDS_TEXT,   /* its text, unless it is INPUT_NULL */
	/* INPUT_NUMBER, INPUT_STRING with its text, or INPUT_NULL */
	AGGREGATE_NEEDS_NUMBER_OR_STRING,
	AGGREGATE_NEEDS_END
};

enum aggregate_need aggregate_func_need(enum aggregate_func);

/*
 * States are plan->state_bytes bytes, 8-aligned; all zero bytes are the states of no records.
 * Inputs must have what their functions need. ERR_FAULT (no memory, only where plan->has_heap) or
 * ERR_DATA (a count passes 2^63 - 1), with the record in some of the states.
 */
int aggregate_take(const struct aggregate_plan *, void *states, const struct aggregate_record *,
    size_t *held, struct err *);

/* Adds what `from` has taken. ERR_DATA where a count passes 2^63 - 1, ERR_FAULT; `into` may only be
 * released then. */
int aggregate_merge(const struct aggregate_plan *, void *into, const void *from, size_t *held,
    struct err *);

/* Copies into bytes whose content does not matter. On failure they hold nothing. */
int aggregate_copy(const struct aggregate_plan *, void *into, const void *from, size_t *held,
    struct err *);

/* Frees what hangs on the states and leaves them empty, that is, zeroed; does nothing to those of a
 * plan without has_heap. */
void aggregate_release(const struct aggregate_plan *, void *states);

/* The bytes that hang on the states. */
size_t aggregate_held(const struct aggregate_plan *, const void *states);

/* Appends one result as JSON. */
int aggregate_append(const struct aggregate_plan *, unsigned index, const void *states,
    struct buf *out, struct err *);

/* The serialised form (partial.h): for each aggregate its function, its argument and its state. */
int aggregate_encode(
    const struct aggregate_plan *, const void *states, struct buf *out, struct err *);

/* Takes the states from the front of *bytes into zeroed states. ERR_DATA where they are not
 * well-formed or belong to other aggregates, ERR_FAULT; the states hold nothing then. */
int aggregate_decode(
    const struct aggregate_plan *, struct slice *bytes, void *states, struct err *);

#endif
