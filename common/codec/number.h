/* SPDX-License-Identifier: MIT */
/*
 * Decimal numbers as JSON writes them, kept exact where that is possible: mantissa / 10^scale. What
 * does not fit (more than 18 digits after the point, 38 digits in all) is a double and says so.
 */
#ifndef SLUICE_CODEC_NUMBER_H
#define SLUICE_CODEC_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	NUMBER_SCALE_MAX = 18,
	NUMBER_TEXT_BYTES = 48, /* enough for any text that number_format makes */
};

struct number {
	__int128 mantissa; /* valid where is_exact */
	double approximate; /* valid where not is_exact; finite */
	uint8_t scale;      /* digits after the point, at most NUMBER_SCALE_MAX */
	bool is_exact;
};

/*
 * Reads a number in JSON's grammar (optional minus, no leading zeros, fraction, exponent), all of
 * `text`. Returns 0; -1 where it is no such number or its magnitude is past a double's.
 * No bytes past text's end are read.
 */
int number_parse(struct slice text, struct number *ret);

/* All of `text` as a signed integer (same grammar, no fraction or exponent); -1 where it is not, or
 * where it does not fit. */
int number_parse_int64(struct slice text, int64_t *ret);

struct number number_from_int64(int64_t);
struct number number_from_double(double); /* must be finite */

double number_to_double(const struct number *);

/* Negative, 0, positive. Exact where both are exact, by doubles otherwise. */
int number_compare(const struct number *a, const struct number *b);

/* a + b: exact where both are and the sum fits; otherwise a double, and stays one. */
struct number number_add(const struct number *a, const struct number *b);

/*
 * Writes the number as JSON, without trailing zeros behind the point (7.50 gives 7.5, 4.0 gives 4);
 * a double as the shortest decimal that reads back as the same double. Returns its length; the
 * text is NUL terminated.
 */
size_t number_format(const struct number *, char text[static NUMBER_TEXT_BYTES]);

int number_append(struct buf *, const struct number *, struct err *);

#endif
