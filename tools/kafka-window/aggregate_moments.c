/* SPDX-License-Identifier: MIT */
/*
 * stddev, stddev_pop: with n values, sqrt((n sum(x^2) - sum(x)^2) / (n d)), d being n - 1 (SQL's
 * STDDEV_SAMP) or n (STDDEV_POP).
 *
 * Subtracting two such sums loses all digits of doubles. Here they are whole numbers wide enough
 * for any exact input: x in units of 10^-18 is below 2^187, its square below 2^374, and 2^63 of
 * them are below 2^437; so the difference is exact and only the root is rounded. Inputs that are
 * not exact (number.h) are held apart, as mean and sum of squared distances (Chan, Golub, LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances", 1979, formula 2.1),
 * where the order of merging may show in the last digits.
 */
#include <assert.h>
#include <math.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/varint.h"

enum {
	INPUT_LIMBS = 3,  /* |x| in units of 10^-18 */
	SQUARE_LIMBS = 7, /* sums of x^2 */
	SUM_LIMBS = 4,    /* sums of x, two's complement */
	WIDE_LIMBS = 8,   /* n sum(x^2) and sum(x)^2, both below 2^500 */
};

struct distances {
	int64_t count;
	double mean; /* finite */
	double m2;   /* sum of (x - mean)^2; infinite where that is past the largest double */
};

struct moments {
	int64_t count; /* of exact values */
	uint64_t sum[SUM_LIMBS]; /* limbs lowest first, here and below */
	uint64_t squares[SQUARE_LIMBS];
	struct distances rest; /* the others */
};

/* ---- wide whole numbers ---- */

/* a += b, which has as many limbs or fewer; modulo 2^64 to the power of `limbs`. */
static void
wide_add(uint64_t *a, size_t limbs, const uint64_t *b, size_t b_limbs)
{
	varint_wide carry = 0;

	for (size_t i = 0; i < limbs; i++) {
		carry += (varint_wide)a[i] + (i < b_limbs ? b[i] : 0);
		a[i] = (uint64_t)carry;
		carry >>= 64;
	}
}

static void
wide_negate(uint64_t *a, size_t limbs)
{
	const uint64_t one = 1;

	for (size_t i = 0; i < limbs; i++)
		a[i] = ~a[i];
	wide_add(a, limbs, &one, 1);
}

/* ret = a * b, ret having the limbs of both together. */
static void
wide_multiply(uint64_t *ret, const uint64_t *a, size_t a_limbs, const uint64_t *b, size_t b_limbs)
{
	memset(ret, 0, (a_limbs + b_limbs) * sizeof(*ret));
	for (size_t i = 0; i < a_limbs; i++) {
		varint_wide carry = 0;

		for (size_t j = 0; j < b_limbs; j++) {
			carry += (varint_wide)a[i] * b[j] + ret[i + j];
			ret[i + j] = (uint64_t)carry;
			carry >>= 64;
		}
		ret[i + b_limbs] = (uint64_t)carry;
	}
}

/* In more digits than a double's: what is computed from it is rounded to one at the end. */
static long double
wide_value(const uint64_t *a, size_t limbs)
{
	long double value = 0;

	for (size_t i = limbs; i-- > 0;)
		value = value * 0x1p64L + (long double)a[i];
	return value;
}

static bool
is_negative(const uint64_t *a, size_t limbs)
{
	return a[limbs - 1] >> 63;
}

/* ---- sums ---- */

/* |n| in units of 10^-18 */
static void
magnitude_of(const struct number *n, uint64_t ret[INPUT_LIMBS])
{
	varint_wide mantissa = (varint_wide)(n->mantissa < 0 ? -n->mantissa : n->mantissa);
	const uint64_t limbs[2] = { (uint64_t)mantissa, (uint64_t)(mantissa >> 64) };
	const uint64_t scale = (uint64_t)number_pow10[NUMBER_SCALE_MAX - n->scale];

	wide_multiply(ret, limbs, 2, &scale, 1);
}

static void
add_exact(struct moments *m, const struct number *n)
{
	uint64_t x[SUM_LIMBS] = { 0 }, square[2 * INPUT_LIMBS];

	magnitude_of(n, x);
	wide_multiply(square, x, INPUT_LIMBS, x, INPUT_LIMBS);
	wide_add(m->squares, SQUARE_LIMBS, square, 2 * INPUT_LIMBS);
	if (n->mantissa < 0)
		wide_negate(x, SUM_LIMBS);
	wide_add(m->sum, SUM_LIMBS, x, SUM_LIMBS);
}

static int
add_distances(struct distances *into, const struct distances *more, struct err *err)
{
	double n = (double)into->count, k = (double)more->count;
	double gap = more->mean - into->mean;

	if (!more->count)
		return 0;
	if (!into->count) { /* a gap of nothing could be infinite, and nothing times that is no number */
		*into = *more;
		return 0;
	}
	if (isfinite(gap))
		into->mean += gap * (k / (n + k));
	else
		into->mean = into->mean * (n / (n + k)) + more->mean * (k / (n + k));
	into->m2 += more->m2 + gap * gap * (n * k / (n + k));
	return aggregate_count_add(&into->count, more->count, err);
}

static int
moments_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	struct distances one = { .count = 1, .mean = input->number.approximate };
	struct moments *m = state;

	(void)a;
	(void)record;
	(void)held;
	assert(input->kind == INPUT_NUMBER);
	if (!input->number.is_exact)
		return add_distances(&m->rest, &one, err);
	add_exact(m, &input->number);
	return aggregate_count_add(&m->count, 1, err);
}

static int
moments_merge(
    const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	const struct moments *more = from;
	struct moments *m = into;

	(void)a;
	(void)held;
	wide_add(m->sum, SUM_LIMBS, more->sum, SUM_LIMBS);
	wide_add(m->squares, SQUARE_LIMBS, more->squares, SQUARE_LIMBS);
	if (add_distances(&m->rest, &more->rest, err))
		return -1;
	return aggregate_count_add(&m->count, more->count, err);
}

/* ---- the result ---- */

/* n sum(x^2) - sum(x)^2, which is below 0 for no values; in units of 10^-36. */
static void
spread_of(const struct moments *m, uint64_t ret[WIDE_LIMBS])
{
	const uint64_t count = (uint64_t)m->count;
	uint64_t sum[SUM_LIMBS], square[WIDE_LIMBS];

	memcpy(sum, m->sum, sizeof(sum));
	if (is_negative(sum, SUM_LIMBS))
		wide_negate(sum, SUM_LIMBS);
	wide_multiply(square, sum, SUM_LIMBS, sum, SUM_LIMBS);
	wide_negate(square, WIDE_LIMBS);
	wide_multiply(ret, m->squares, SQUARE_LIMBS, &count, 1);
	wide_add(ret, WIDE_LIMBS, square, WIDE_LIMBS);
}

static double
mean_of(const struct moments *m)
{
	uint64_t sum[SUM_LIMBS];
	bool is_below = is_negative(m->sum, SUM_LIMBS);
	double value;

	memcpy(sum, m->sum, sizeof(sum));
	if (is_below)
		wide_negate(sum, SUM_LIMBS);
	value = (double)(wide_value(sum, SUM_LIMBS) / 1e18L / (long double)m->count);
	return is_below ? -value : value;
}

static long double
exact_squared_distances(const struct moments *m)
{
	uint64_t spread[WIDE_LIMBS];

	spread_of(m, spread);
	return wide_value(spread, WIDE_LIMBS) / 1e36L / (long double)m->count;
}

/* The sum of squared distances of all values, both kinds. */
static long double
squared_distances(const struct moments *m)
{
	struct distances all = { .count = m->count };
	struct err ignored = ERR_INIT; /* of counts that the caller has added */
	long double exact;

	if (!m->count)
		return (long double)m->rest.m2;
	exact = exact_squared_distances(m);
	if (!m->rest.count)
		return exact;
	all.m2 = (double)exact;
	all.mean = mean_of(m);
	(void)add_distances(&all, &m->rest, &ignored);
	return (long double)all.m2;
}

static int
moments_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct moments *m = state;
	struct number number;
	int64_t count = m->count;
	double root;

	if (aggregate_count_add(&count, m->rest.count, err))
		return -1;
	if (count <= (a->func == AGGREGATE_STDDEV))
		return buf_append_text(out, "null", err);
	root = (double)sqrtl(squared_distances(m) /
	    (long double)(a->func == AGGREGATE_STDDEV ? count - 1 : count));
	if (!isfinite(root)) /* squares past the largest double */
		return buf_append_text(out, "null", err);
	number = number_from_double(root);
	return number_append(out, &number, err);
}

/* ---- the serialised form ---- */

/* 1 byte length, then the bytes without zeros at the high end. */
static int
encode_wide(const uint64_t *a, size_t limbs, struct buf *out, struct err *err)
{
	char bytes[WIDE_LIMBS * 8];
	size_t len = 0;

	for (size_t i = 0; i < limbs * 8; i++) {
		bytes[i] = (char)(a[i / 8] >> i % 8 * 8);
		if (bytes[i])
			len = i + 1;
	}
	return buf_append_char(out, (char)len, err) ? -1
	                                            : buf_append(out, slice_make(bytes, len), err);
}

static bool
take_wide(struct slice *bytes, uint64_t *ret, size_t limbs)
{
	uint8_t len;

	if (!aggregate_take_byte(bytes, &len) || len > limbs * 8 || len > bytes->len ||
	    (len && !bytes->data[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i / 8] |= (uint64_t)(unsigned char)bytes->data[i] << i % 8 * 8;
	*bytes = slice_skip(*bytes, len);
	return true;
}

static int
moments_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct moments *m = state;

	(void)a;
	if (varint_append(out, (varint_wide)m->count, err) ||
	    (m->count && (encode_wide(m->sum, SUM_LIMBS, out, err) ||
			     encode_wide(m->squares, SQUARE_LIMBS, out, err))) ||
	    varint_append(out, (varint_wide)m->rest.count, err))
		return -1;
	if (!m->rest.count)
		return 0;
	if (aggregate_append_double(out, m->rest.mean, err))
		return -1;
	return aggregate_append_double(out, m->rest.m2, err);
}

/* What no values have: sums past their bounds, or a negative spread. */
static bool
is_possible(const struct moments *m)
{
	uint64_t spread[WIDE_LIMBS];
	uint64_t top = m->sum[SUM_LIMBS - 1];

	if (m->squares[SQUARE_LIMBS - 1] >> 54 || (top >> 59 && ~top >> 59))
		return false;
	spread_of(m, spread);
	return !is_negative(spread, WIDE_LIMBS);
}

static int
moments_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	struct moments *m = state;

	(void)a;
	if (!aggregate_take_count(bytes, &m->count) ||
	    (m->count && (!take_wide(bytes, m->sum, SUM_LIMBS) ||
			     !take_wide(bytes, m->squares, SQUARE_LIMBS))) ||
	    !aggregate_take_count(bytes, &m->rest.count) || !is_possible(m))
		return aggregate_damaged(err);
	if (m->rest.count &&
	    (!aggregate_take_double(bytes, &m->rest.mean) ||
		!aggregate_take_double(bytes, &m->rest.m2) || !isfinite(m->rest.mean) ||
		isnan(m->rest.m2) || m->rest.m2 < 0))
		return aggregate_damaged(err);
	return 0;
}

#define MOMENTS_OPS                                                                                \
	.need = AGGREGATE_NEEDS_NUMBER, .state_bytes = sizeof(struct moments),                     \
	.take = moments_take, .merge = moments_merge, .append = moments_append,                    \
	.encode = moments_encode, .decode = moments_decode

const struct aggregate_ops aggregate_ops_stddev = { .name = "stddev", MOMENTS_OPS };
const struct aggregate_ops aggregate_ops_stddev_pop = { .name = "stddev_pop", MOMENTS_OPS };
