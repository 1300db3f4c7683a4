/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "codec/table_value.h"

/* A number's digits as one integer and the power of ten it is to be multiplied by. */
struct digits {
	number_wide mantissa;
	unsigned count; /* of digits in the mantissa, leading zeros not counted */
	int64_t exponent;
	bool is_negative;
};

enum { EXPONENT_MAX = 1000000 }; /* further away than any digits reach */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Takes one digit. Zeros are only counted until another digit follows, so that any number of them
 * may stand at the end. False where there are more digits than fit.
 */
static bool
take_digit(struct digits *d, unsigned *zeros, unsigned digit)
{
	if (!digit) {
		*zeros += d->count ? 1 : 0;
		return true;
	}
	if (d->count + *zeros + 1 > TABLE_PRECISION_MAX)
		return false;
	for (; *zeros; --*zeros, d->count++)
		d->mantissa *= 10;
	d->mantissa = d->mantissa * 10 + digit;
	d->count++;
	return true;
}

/* RFC 8259 section 6: exp. Returns where it ends, NULL where it is none. */
static const char *
take_exponent(const char *p, const char *end, int64_t *ret)
{
	bool is_negative = p < end && *p == '-';
	int64_t n = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || !is_digit(*p))
		return NULL;
	for (; p < end && is_digit(*p); p++)
		if (n < EXPONENT_MAX)
			n = n * 10 + (*p - '0');
	*ret = is_negative ? -n : n;
	return p;
}

enum outcome { IS_NUMBER, IS_NONE, IS_TOO_LONG };

/* RFC 8259 section 6: minus, int, frac, exp. */
static enum outcome
read_digits(struct slice text, struct digits *d)
{
	const char *p = text.data, *end = p + text.len, *first;
	unsigned zeros = 0;
	int64_t exponent = 0, behind = 0;
	bool fits = true;

	*d = (struct digits){ .is_negative = p < end && *p == '-' };
	p += d->is_negative;
	for (first = p; p < end && is_digit(*p); p++)
		fits = fits && take_digit(d, &zeros, (unsigned)(*p - '0'));
	if (p == first || (*first == '0' && p - first > 1))
		return IS_NONE;
	if (p < end && *p == '.') {
		for (first = ++p; p < end && is_digit(*p); p++)
			fits = fits && take_digit(d, &zeros, (unsigned)(*p - '0'));
		behind = p - first;
		if (!behind)
			return IS_NONE;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = take_exponent(p + 1, end, &exponent);
		if (!p)
			return IS_NONE;
	}
	d->exponent = exponent - behind + zeros;
	return p != end ? IS_NONE : fits ? IS_NUMBER : IS_TOO_LONG;
}

static const char *
does_not_fit(const struct table_column *c, struct slice text, char *reason)
{
	int len = text.len > 48 ? 48 : (int)text.len;

	(void)snprintf(reason, TABLE_REASON_BYTES, "does not fit decimal(%u,%u): %.*s%s",
	    c->precision, c->scale, len, text.data, text.len > 48 ? "..." : "");
	return reason;
}

const char *
table_decimal_parse(const struct table_column *c, struct slice text, number_wide *ret,
    char reason[static TABLE_REASON_BYTES])
{
	struct digits d;
	int64_t shift;

	switch (read_digits(text, &d)) {
	case IS_NUMBER:
		break;
	case IS_NONE:
		return "is no decimal number";
	case IS_TOO_LONG:
		return does_not_fit(c, text, reason);
	}
	shift = d.exponent + c->scale;
	if (!d.mantissa)
		shift = 0;
	/* the last digit is no zero, so what is behind the scale is not nothing */
	if (shift < 0) {
		(void)snprintf(reason, TABLE_REASON_BYTES,
		    "needs more than %u digits behind the point", c->scale);
		return reason;
	}
	if (d.mantissa && d.count + (uint64_t)shift > c->precision)
		return does_not_fit(c, text, reason);
	for (; shift; shift--)
		d.mantissa *= 10;
	*ret = d.is_negative ? -d.mantissa : d.mantissa;
	return NULL;
}
