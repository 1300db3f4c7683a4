/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/decimal.h"

enum { EXPONENT_MAX = 1000000 }; /* beyond any that comes out within the limits */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
digits_at(struct slice text, size_t at)
{
	size_t n = 0;

	while (at + n < text.len && is_digit(text.data[at + n]))
		n++;
	return n;
}

/* Where the parts of a number lie in its text. */
struct parts {
	struct slice whole, fraction;
	int64_t exponent;
	bool is_negative;
};

/* What is behind an 'e'; false where that is no exponent. */
static bool
read_exponent(struct slice text, int64_t *ret)
{
	bool is_negative = text.len && text.data[0] == '-';
	int64_t value = 0;

	if (text.len && (text.data[0] == '-' || text.data[0] == '+'))
		text = slice_skip(text, 1);
	if (!text.len || digits_at(text, 0) != text.len)
		return false;
	for (size_t i = 0; i < text.len && value < EXPONENT_MAX; i++)
		value = value * 10 + (text.data[i] - '0');
	*ret = is_negative ? -value : value;
	return true;
}

static bool
read_parts(struct slice text, struct parts *ret)
{
	size_t n;

	*ret = (struct parts){ .is_negative = text.len && text.data[0] == '-' };
	if (ret->is_negative)
		text = slice_skip(text, 1);
	n = digits_at(text, 0);
	if (!n || (n > 1 && text.data[0] == '0'))
		return false;
	ret->whole = slice_make(text.data, n);
	text = slice_skip(text, n);
	if (text.len && text.data[0] == '.') {
		n = digits_at(text, 1);
		if (!n)
			return false;
		ret->fraction = slice_make(text.data + 1, n);
		text = slice_skip(text, n + 1);
	}
	if (!text.len)
		return true;
	return (text.data[0] == 'e' || text.data[0] == 'E') &&
	       read_exponent(slice_skip(text, 1), &ret->exponent);
}

/* The i-th digit of whole and fraction in a row. */
static char
digit(const struct parts *p, size_t i)
{
	return i < p->whole.len ? p->whole.data[i] : p->fraction.data[i - p->whole.len];
}

int
decimal_read(struct slice text, struct decimal *ret, const char **ret_reason)
{
	struct parts p;
	size_t first = 0, end;
	int64_t magnitude;

	if (!read_parts(text, &p)) {
		*ret_reason = "not a number";
		return -1;
	}
	end = p.whole.len + p.fraction.len;
	while (end && digit(&p, end - 1) == '0')
		end--;
	while (first < end && digit(&p, first) == '0')
		first++;
	*ret = (struct decimal){ .is_negative = p.is_negative && end };
	if (!end)
		return 0;
	magnitude = (int64_t)p.whole.len - 1 - (int64_t)first + p.exponent;
	*ret_reason = end - first > DECIMAL_DIGITS_MAX    ? "a number of more than 38 digits"
	              : magnitude > DECIMAL_MAGNITUDE_MAX ? "a number of 1E126 or more"
	              : magnitude < DECIMAL_MAGNITUDE_MIN ? "a number closer to 0 than 1E-130"
	                                                  : NULL;
	if (*ret_reason)
		return -1;
	ret->magnitude = (int)magnitude;
	for (size_t i = first; i < end; i++)
		ret->digits[ret->digit_count++] = digit(&p, i);
	return 0;
}

size_t
decimal_size(const struct decimal *d)
{
	return (d->digit_count + 1) / 2 + 1;
}

int
decimal_append_canonical(const struct decimal *d, struct buf *out, struct err *err)
{
	if (!d->digit_count)
		return buf_append_char(out, '0', err);
	return (d->is_negative && buf_append_char(out, '-', err)) ||
	               buf_append(out, slice_make(d->digits, d->digit_count), err) ||
	               buf_append_char(out, 'e', err) || buf_append_int(out, d->magnitude, err)
	           ? -1
	           : 0;
}
