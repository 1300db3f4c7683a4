/* SPDX-License-Identifier: MIT */
/*
 * Decimal numbers as JSON writes them (RFC 8259 section 6), kept exact where that is possible:
 * mantissa / 10^scale. What does not fit (more than 18 digits after the point, 38 digits in all)
 * is a double and says so.
 */
#ifndef SLUICE_CODEC_NUMBER_H
#define SLUICE_CODEC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
	NUMBER_SCALE_MAX = 18,
	NUMBER_TEXT_BYTES = 48, /* enough for any text that number_format makes */
};

/* -Wpedantic knows no 128-bit integers. */
__extension__ typedef __int128 number_wide;

struct number {
	number_wide mantissa; /* valid where is_exact */
	double approximate;   /* valid where not is_exact; finite */
	uint8_t scale;        /* digits after the point, at most NUMBER_SCALE_MAX */
	bool is_exact;
};

/*
 * Reads a number in JSON's grammar (optional minus, no leading zeros, fraction, exponent), all of
 * `text`. Returns 0; -1 where it is no such number or its magnitude is past a double's.
 * No bytes past text's end are read.
 */
int number_parse(struct slice text, struct number *ret);

enum { NUMBER_PADDING = 8 };

/* The same, faster for short texts; NUMBER_PADDING bytes behind text's end must be readable, as
 * they are behind the values of a record. */
int number_parse_padded(struct slice text, struct number *ret);

/* All of `text` as a signed integer (same grammar, no fraction or exponent); -1 where it is not, or
 * where it does not fit. */
int number_parse_int64(struct slice text, int64_t *ret);

struct number number_from_int64(int64_t);
struct number number_from_double(double); /* must be finite */

/* The nearest double. */
double number_to_double(const struct number *);

/* number_compare where the short way does not do. */
int number_compare_mixed(const struct number *a, const struct number *b);

/* Negative, 0, positive. Exact where both are exact, by doubles otherwise. */
static inline int
number_compare(const struct number *a, const struct number *b)
{
	if (!a->is_exact || !b->is_exact || a->scale != b->scale)
		return number_compare_mixed(a, b);
	return a->mantissa < b->mantissa ? -1 : a->mantissa > b->mantissa;
}

/* 10^0 to 10^18 */
extern const int64_t number_pow10[NUMBER_SCALE_MAX + 1];

/* a + b where both are exact; false where they are not, or where the sum does not fit. */
bool number_add(const struct number *a, const struct number *b, struct number *ret_sum);

/*
 * Writes the number as JSON, without trailing zeros behind the point (7.50 gives 7.5, 4.0 gives 4);
 * a double as the shortest decimal that reads back as the same double, -0 as 0. Returns its
 * length; the text is NUL terminated.
 */
size_t number_format(const struct number *, char text[static NUMBER_TEXT_BYTES]);

int number_append(struct buf *, const struct number *, struct err *);

#endif
