/* SPDX-License-Identifier: MIT */
/* A number, a string for min and max, or none yet, in 24 bytes: there is one for each open window,
 * key and sum. */
#ifndef SLUICE_KAFKA_WINDOW_AGGREGATE_VALUE_H
#define SLUICE_KAFKA_WINDOW_AGGREGATE_VALUE_H

#include "codec/number.h"
#include "kafka-window/varint.h"

enum value_kind {
	VALUE_NONE = 0,
	VALUE_EXACT = 1,  /* low and high are the mantissa's halves */
	VALUE_DOUBLE = 2, /* low is the double's bits */
	VALUE_TEXT = 3,   /* of min and max; low is a pointer (aggregate_text.h) */
	/* a sum past the largest double: low is the bits of a double, the sum in units of 2^64, which
	 * 2^63 values do not bring to its own end */
	VALUE_LARGE = 4,
};

struct value {
	uint64_t low;
	int64_t high;
	uint8_t kind;
	uint8_t scale;
	uint8_t zero[6];
};

static inline number_wide
value_mantissa(const struct value *v)
{
	return (number_wide)((varint_wide)(uint64_t)v->high << 64 | v->low);
}

static inline void
value_set_mantissa(struct value *v, number_wide mantissa)
{
	v->low = (uint64_t)(varint_wide)mantissa;
	v->high = (int64_t)(mantissa >> 64);
}

/* Not of one that is VALUE_LARGE. */
static inline struct number
value_load(const struct value *v)
{
	struct number n = { .is_exact = v->kind == VALUE_EXACT, .scale = v->scale };

	if (n.is_exact)
		n.mantissa = value_mantissa(v);
	else
		memcpy(&n.approximate, &v->low, sizeof(n.approximate));
	return n;
}

void value_store(struct value *, const struct number *);
void value_add_slowly(struct value *, const struct number *);
void value_add_value(struct value *, const struct value *);

/*
 * Inputs have now more, now fewer digits after the point; after a few the sum has the most of them,
 * and each addition is one multiplication: 2^63 times 10^18 is below 2^123, which a sum below 2^126
 * has room for.
 */
static inline void
value_add(struct value *v, const struct number *n)
{
	const int64_t room = INT64_C(1) << 62;

	if (v->kind != VALUE_EXACT || v->high >= room || v->high < -room || !n->is_exact ||
	    v->scale < n->scale || n->mantissa != (int64_t)n->mantissa) {
		value_add_slowly(v, n);
		return;
	}
	value_set_mantissa(v, value_mantissa(v) + n->mantissa * number_pow10[v->scale - n->scale]);
}

/* The state of avg. */
struct average {
	int64_t count;
	struct value sum;
};

#endif
