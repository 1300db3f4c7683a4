/* SPDX-License-Identifier: MIT */
#include "codec/number.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 number_uwide;

#define WIDE_MAX ((number_wide)(((number_uwide)1 << 127) - 1))

enum {
	QUICK_DIGITS_MAX = 19, /* 10^19 - 1 fits 64 bits */
	EXACT_DIGITS_MAX = 38, /* 10^38 - 1 fits 127 bits */
	/* 767 significant digits settle how any decimal rounds to a double; one more stands for the
	 * rest where that is not zero. */
	DIGITS_MAX = 800,
	EXPONENT_BYTES = 24,
};

/* No text has so many digits that they could make up for such an exponent. */
static const int64_t exponent_max = INT64_C(1000000000000);

const int64_t number_pow10[NUMBER_SCALE_MAX + 1] = {
	1,
	10,
	100,
	1000,
	10000,
	100000,
	1000000,
	10000000,
	100000000,
	INT64_C(1000000000),
	INT64_C(10000000000),
	INT64_C(100000000000),
	INT64_C(1000000000000),
	INT64_C(10000000000000),
	INT64_C(100000000000000),
	INT64_C(1000000000000000),
	INT64_C(10000000000000000),
	INT64_C(100000000000000000),
	INT64_C(1000000000000000000),
};

/* A number's text taken apart, by the grammar of RFC 8259 section 6. */
struct parts {
	bool is_negative;
	struct slice whole;
	struct slice fraction;
	int64_t exponent; /* as written, held within exponent_max */
};

/* A decimal's digits without zeros at either end: digits * 10^exponent. */
struct decimal {
	size_t count; /* 0 for zero */
	int64_t exponent;
	char digits[DIGITS_MAX + 1 + EXPONENT_BYTES];
};

static inline unsigned
digit_of(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

static struct slice
take_digits(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && digit_of(**at) <= 9)
		++*at;
	return slice_make(start, (size_t)(*at - start));
}

static int
take_exponent(const char **at, const char *end, int64_t *ret)
{
	bool is_negative = *at < end && **at == '-';
	struct slice digits;
	int64_t exponent = 0;

	if (*at < end && (**at == '-' || **at == '+'))
		++*at;
	digits = take_digits(at, end);
	if (!digits.len)
		return -1;
	for (size_t i = 0; i < digits.len && exponent < exponent_max; i++)
		exponent = exponent * 10 + digit_of(digits.data[i]);
	if (exponent > exponent_max)
		exponent = exponent_max;
	*ret = is_negative ? -exponent : exponent;
	return 0;
}

static int
take_parts(struct slice text, struct parts *ret)
{
	const char *at = text.data;
	const char *end = text.data + text.len;

	*ret = (struct parts){ .is_negative = at < end && *at == '-' };
	if (ret->is_negative)
		at++;
	ret->whole = take_digits(&at, end);
	if (!ret->whole.len || (ret->whole.len > 1 && ret->whole.data[0] == '0'))
		return -1;
	if (at < end && *at == '.') {
		at++;
		ret->fraction = take_digits(&at, end);
		if (!ret->fraction.len)
			return -1;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (take_exponent(&at, end, &ret->exponent))
			return -1;
	}
	return at == end ? 0 : -1;
}

/* Adds digits behind those of d. Counts in *dropped what finds no room; true where one of those is
 * not zero. */
static bool
gather_digits(struct decimal *d, struct slice digits, int64_t *dropped)
{
	bool has_more = false;

	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.data[i];

		if (!d->count && c == '0')
			continue;
		if (d->count < DIGITS_MAX) {
			d->digits[d->count++] = c;
		} else {
			has_more |= c != '0';
			++*dropped;
		}
	}
	return has_more;
}

static void
gather(const struct parts *parts, struct decimal *d)
{
	int64_t dropped = 0;
	bool has_more;

	d->count = 0;
	has_more = gather_digits(d, parts->whole, &dropped);
	has_more |= gather_digits(d, parts->fraction, &dropped);
	d->exponent = parts->exponent - (int64_t)parts->fraction.len + dropped;
	if (has_more) {
		d->digits[d->count++] = '1';
		d->exponent--;
	}
	while (d->count && d->digits[d->count - 1] == '0') {
		d->count--;
		d->exponent++;
	}
}

static bool
decimal_is_exact(const struct decimal *d)
{
	if (d->count > EXACT_DIGITS_MAX)
		return false;
	if (d->exponent < 0)
		return d->exponent >= -NUMBER_SCALE_MAX;
	return d->exponent <= EXACT_DIGITS_MAX - (int64_t)d->count;
}

static struct number
decimal_to_exact(const struct decimal *d, bool is_negative)
{
	number_wide mantissa = 0;

	for (size_t i = 0; i < d->count; i++)
		mantissa = mantissa * 10 + digit_of(d->digits[i]);
	for (int64_t i = 0; i < d->exponent; i++)
		mantissa *= 10;
	return (struct number){
		.mantissa = is_negative ? -mantissa : mantissa,
		.scale = d->exponent < 0 ? (uint8_t)-d->exponent : 0,
		.is_exact = true,
	};
}

/* Digits and an exponent, no point: what strtod makes of it depends on no locale. */
static double
decimal_to_double(struct decimal *d)
{
	(void)snprintf(d->digits + d->count, EXPONENT_BYTES, "e%lld", (long long)d->exponent);
	return strtod(d->digits, NULL);
}

static int
parse_any(struct slice text, struct number *ret)
{
	struct parts parts;
	struct decimal decimal;
	double value;

	if (take_parts(text, &parts))
		return -1;
	gather(&parts, &decimal);
	if (!decimal.count)
		decimal.exponent = 0;
	if (decimal_is_exact(&decimal)) {
		*ret = decimal_to_exact(&decimal, parts.is_negative);
		return 0;
	}
	value = decimal_to_double(&decimal);
	if (isinf(value))
		return -1;
	*ret = number_from_double(parts.is_negative ? -value : value);
	return 0;
}

static inline int
set_exact(struct number *n, bool is_negative, uint64_t magnitude, size_t scale)
{
	n->mantissa = is_negative ? -(number_wide)magnitude : (number_wide)magnitude;
	n->approximate = 0;
	n->scale = (uint8_t)scale;
	n->is_exact = true;
	return 0;
}

/* The common case takes few digits, no exponent and 64-bit arithmetic. Everything else goes to
 * parse_any, so that wrapped sums of too many digits are never looked at. */
int
number_parse(struct slice text, struct number *ret)
{
	const char *at = text.data;
	const char *end, *whole;
	bool is_negative;
	uint64_t magnitude = 0;
	size_t digits, scale = 0;

	if (!text.len)
		return -1;
	end = at + text.len;
	is_negative = *at == '-';
	whole = at += is_negative;
	for (; at < end && digit_of(*at) <= 9; at++)
		magnitude = magnitude * 10 + digit_of(*at);
	digits = (size_t)(at - whole);
	if (!digits || (*whole == '0' && digits > 1))
		return -1;
	if (at < end && *at == '.') {
		const char *fraction = ++at;

		for (; at < end && digit_of(*at) <= 9; at++)
			magnitude = magnitude * 10 + digit_of(*at);
		scale = (size_t)(at - fraction);
		if (!scale)
			return -1;
	}
	if (at != end || digits + scale > QUICK_DIGITS_MAX || scale > NUMBER_SCALE_MAX)
		return parse_any(text, ret);
	return set_exact(ret, is_negative, magnitude, scale);
}

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight bytes of 0 to 9, the lowest byte the most significant digit: neighbours are joined to
 * pairs, pairs to fours, fours to the whole. */
static inline uint64_t
join_digits(uint64_t word)
{
	word = word * (10 * 256 + 1) >> 8;
	word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 65536 + 1) >> 16;
	return (word & UINT64_C(0x0000ffff0000ffff)) * (10000 * (UINT64_C(1) << 32) + 1) >> 32;
}

/*
 * Up to eight characters behind the sign in one little-endian word: zeros below, the last character
 * on top. A point is squeezed out. A loop's end would be guessed wrong for every other number.
 * False where the other ways have to look.
 */
static inline bool
parse_word(const char *at, size_t len, uint64_t *ret_magnitude, size_t *ret_scale)
{
	const uint64_t top_bits = EVERY_BYTE(0x80);
	size_t scale = 0, whole = len;
	uint64_t word, others;

	memcpy(&word, at, sizeof(word));
	word = (word ^ EVERY_BYTE('0')) << (sizeof(word) - len) * 8;
	others = ((word + EVERY_BYTE(0x80 - 10)) | word) & top_bits;
	if (others) {
		/* the lowest bit is right; those above may come from a carry, and are refused */
		uint64_t lowest = others & (0 - others);

		scale = 7 - (size_t)__builtin_ctzll(others) / 8;
		whole = len - 1 - scale;
		if (others != lowest || !scale || !whole || at[whole] != '.')
			return false;
		word = (word & (0 - (lowest << 1))) | (word & ((lowest >> 7) - 1)) << 8;
	}
	*ret_magnitude = join_digits(word);
	*ret_scale = scale;
	return whole == 1 || *at != '0';
}

int
number_parse_padded(struct slice text, struct number *ret)
{
	const bool is_little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	bool is_negative = text.len && text.data[0] == '-';
	size_t len = text.len - is_negative;
	uint64_t magnitude;
	size_t scale;

	if (is_little_endian && len - 1 < sizeof(magnitude) &&
	    parse_word(text.data + is_negative, len, &magnitude, &scale))
		return set_exact(ret, is_negative, magnitude, scale);
	return number_parse(text, ret);
}

int
number_parse_int64(struct slice text, int64_t *ret)
{
	bool is_negative = text.len && text.data[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + is_negative;
	const char *at, *end;
	struct slice digits;
	uint64_t value = 0;

	if (!text.len)
		return -1;
	at = text.data + is_negative;
	end = text.data + text.len;
	digits = take_digits(&at, end);
	if (at != end || !digits.len || digits.len > QUICK_DIGITS_MAX ||
	    (digits.len > 1 && digits.data[0] == '0'))
		return -1;
	for (size_t i = 0; i < digits.len; i++)
		value = value * 10 + digit_of(digits.data[i]);
	if (value > limit)
		return -1;
	*ret = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

struct number
number_from_int64(int64_t value)
{
	return (struct number){ .mantissa = value, .is_exact = true };
}

struct number
number_from_double(double value)
{
	assert(isfinite(value));
	return (struct number){ .approximate = value };
}

static number_uwide
magnitude_of(number_wide value)
{
	return value < 0 ? 0 - (number_uwide)value : (number_uwide)value;
}

double
number_to_double(const struct number *n)
{
	struct number whole;
	char text[NUMBER_TEXT_BYTES + EXPONENT_BYTES];
	size_t len;

	if (!n->is_exact)
		return n->approximate;
	/* both sides of the division are exact, so that it rounds once; converting 128 bits is a
	 * library call */
	if (n->mantissa == (int32_t)n->mantissa)
		return (double)(int32_t)n->mantissa / (double)number_pow10[n->scale];
	if (magnitude_of(n->mantissa) <= (number_uwide)1 << DBL_MANT_DIG)
		return (double)n->mantissa / (double)number_pow10[n->scale];
	whole = *n;
	whole.scale = 0;
	len = number_format(&whole, text);
	(void)snprintf(text + len, EXPONENT_BYTES, "e-%u", (unsigned)n->scale);
	return strtod(text, NULL);
}

/*
 * The mantissa at `scale`, which is not below n's; false where it does not fit. Signed 128-bit
 * multiplication with a check for overflow would call __muloti4, which libgcc has not got and
 * clang wants.
 */
static bool
mantissa_at_scale(const struct number *n, unsigned scale, number_wide *ret)
{
	/* -2^127 fits as it is */
	const number_uwide magnitude_max = (number_uwide)WIDE_MAX + (n->mantissa < 0 ? 1u : 0u);
	int64_t factor = number_pow10[scale - n->scale];

	if (n->mantissa == (int64_t)n->mantissa) {
		*ret = (number_wide)(int64_t)n->mantissa * factor;
		return true;
	}
	if (magnitude_of(n->mantissa) > magnitude_max / (uint64_t)factor)
		return false;
	*ret = (number_wide)((number_uwide)n->mantissa * (number_uwide)factor);
	return true;
}

static int
order_of_wide(number_wide a, number_wide b)
{
	return a < b ? -1 : a > b;
}

static int
compare_exact(const struct number *a, const struct number *b)
{
	number_wide scaled;

	if (a->scale > b->scale)
		return -compare_exact(b, a);
	/* past 128 bits it is past b as well, on its own side of 0 */
	if (!mantissa_at_scale(a, b->scale, &scaled))
		return a->mantissa < 0 ? -1 : 1;
	return order_of_wide(scaled, b->mantissa);
}

int
number_compare_mixed(const struct number *a, const struct number *b)
{
	double x, y;

	if (a->is_exact && b->is_exact)
		return compare_exact(a, b);
	x = number_to_double(a);
	y = number_to_double(b);
	return x < y ? -1 : x > y;
}

static void
drop_trailing_zeros(struct number *n)
{
	while (n->scale && n->mantissa % 10 == 0) {
		n->mantissa /= 10;
		n->scale--;
	}
}

/* `fine` has the larger scale. */
static bool
add_exact(const struct number *coarse, const struct number *fine, struct number *ret_sum)
{
	number_wide scaled, mantissa;

	if (!mantissa_at_scale(coarse, fine->scale, &scaled) ||
	    __builtin_add_overflow(scaled, fine->mantissa, &mantissa))
		return false;
	*ret_sum = (struct number){ .mantissa = mantissa, .scale = fine->scale, .is_exact = true };
	return true;
}

bool
number_add(const struct number *a, const struct number *b, struct number *ret_sum)
{
	struct number coarse = a->scale < b->scale ? *a : *b;
	struct number fine = a->scale < b->scale ? *b : *a;

	if (!a->is_exact || !b->is_exact)
		return false;
	if (add_exact(&coarse, &fine, ret_sum))
		return true;
	drop_trailing_zeros(&coarse);
	drop_trailing_zeros(&fine);
	return coarse.scale <= fine.scale ? add_exact(&coarse, &fine, ret_sum)
					  : add_exact(&fine, &coarse, ret_sum);
}

/* Divides by 10 in 64 bits where it can: the 128-bit division is a library call. */
static char
take_last_digit(number_uwide *rest)
{
	uint64_t narrow = (uint64_t)*rest;
	number_uwide quotient;
	char digit;

	if (narrow == *rest) {
		*rest = narrow / 10;
		return (char)('0' + narrow % 10);
	}
	quotient = *rest / 10;
	digit = (char)('0' + (int)(*rest - quotient * 10));
	*rest = quotient;
	return digit;
}

static size_t
format_exact(const struct number *n, char text[static NUMBER_TEXT_BYTES])
{
	char digits[NUMBER_TEXT_BYTES];
	char *at = digits + sizeof(digits);
	struct number short_one = *n;
	number_uwide rest;
	unsigned count = 0;
	size_t len;

	drop_trailing_zeros(&short_one);
	rest = magnitude_of(short_one.mantissa);
	do {
		if (count && count == short_one.scale)
			*--at = '.';
		*--at = take_last_digit(&rest);
		count++;
	} while (rest || count <= short_one.scale);
	if (n->mantissa < 0)
		*--at = '-';
	len = (size_t)(digits + sizeof(digits) - at);
	memcpy(text, at, len);
	text[len] = '\0';
	return len;
}

/*
 * Any decimal of DBL_DIG digits comes back from a double unharmed, so that %.15g finds it where the
 * shortest text is that short, and 17 digits tell every double from its neighbours. Doubles below
 * DBL_MIN have fewer digits to start with.
 */
static size_t
format_double(double value, char text[static NUMBER_TEXT_BYTES])
{
	int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	int len;

	do {
		len = snprintf(text, NUMBER_TEXT_BYTES, "%.*g", precision, value);
	} while (precision++ < DBL_DECIMAL_DIG && strtod(text, NULL) != value);
	return (size_t)len;
}

size_t
number_format(const struct number *n, char text[static NUMBER_TEXT_BYTES])
{
	if (n->is_exact)
		return format_exact(n, text);
	return format_double(n->approximate == 0 ? 0 : n->approximate, text);
}

int
number_append(struct buf *out, const struct number *n, struct err *err)
{
	char text[NUMBER_TEXT_BYTES];
	size_t len = number_format(n, text);

	return buf_append(out, slice_make(text, len), err);
}
