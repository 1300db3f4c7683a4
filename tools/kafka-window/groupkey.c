/* SPDX-License-Identifier: MIT */
#include "kafka-window/groupkey.h"

#include <stdint.h>
#include <string.h>

enum {
	/* A decimal that takes more places than this in plain notation is written with an exponent.
	 */
	PLAIN_DIGITS_MAX = 40,
};

/* Exponents of numbers; what lies outside says nothing and would overflow. */
static const int64_t exponent_max = INT64_C(1000000000000000);

/*
 * A number as its significant digits: 0.d1d2d3... * 10^exponent. The digits stand in `whole` and
 * go on in `fraction`; zeros at both ends are cut off.
 */
struct decimal {
	bool is_negative;
	struct slice whole;
	struct slice fraction;
	int64_t exponent; /* 0 for zero, which has no digits */
};

static struct slice
digits_at(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return slice_make(start, (size_t)(at - start));
}

static int64_t
exponent_at(const char *at, const char *end)
{
	bool is_negative = at < end && *at == '-';
	int64_t value = 0;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end && *at >= '0' && *at <= '9' && value < exponent_max; at++)
		value = value * 10 + (*at - '0');
	return is_negative ? -value : value;
}

static size_t
leading_zeros(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.data[n] == '0')
		n++;
	return n;
}

static struct slice
without_trailing_zeros(struct slice s)
{
	while (s.len && s.data[s.len - 1] == '0')
		s.len--;
	return s;
}

/* Cuts the zeros off both ends of the digits; the exponent is that of the digits as they stood. */
static void
decimal_trim(struct decimal *d)
{
	size_t zeros = leading_zeros(d->whole);

	d->whole = slice_skip(d->whole, zeros);
	d->exponent -= (int64_t)zeros;
	d->fraction = without_trailing_zeros(d->fraction);
	if (!d->whole.len) {
		zeros = leading_zeros(d->fraction);
		d->fraction = slice_skip(d->fraction, zeros);
		d->exponent -= (int64_t)zeros;
	}
	if (!d->fraction.len)
		d->whole = without_trailing_zeros(d->whole);
	if (!d->whole.len && !d->fraction.len)
		*d = (struct decimal){ .exponent = 0 };
}

/* `text` is a JSON number. False where its exponent is beyond all reason. */
static bool
decimal_read(struct slice text, struct decimal *ret)
{
	const char *at = text.data, *end = text.data + text.len;

	*ret = (struct decimal){ .is_negative = text.len && *at == '-',
		.fraction = slice_make(end, 0) };
	if (ret->is_negative)
		at++;
	ret->whole = digits_at(at, end);
	at += ret->whole.len;
	if (at < end && *at == '.') {
		ret->fraction = digits_at(at + 1, end);
		at += 1 + ret->fraction.len;
	}
	ret->exponent = (int64_t)ret->whole.len;
	if (at < end)
		ret->exponent += exponent_at(at + 1, end);
	decimal_trim(ret);
	return ret->exponent < exponent_max && ret->exponent > -exponent_max;
}

static int
append_zeros(struct buf *out, int64_t count, struct err *err)
{
	for (; count > 0; count--) {
		if (buf_append_char(out, '0', err))
			return -1;
	}
	return 0;
}

/* Appends digits [from, to) of the decimal's. */
static int
append_digits(struct buf *out, const struct decimal *d, int64_t from, int64_t to, struct err *err)
{
	int64_t whole = (int64_t)d->whole.len;
	int64_t part = to < whole ? to : whole;

	if (from < part &&
	    buf_append(out, slice_make(d->whole.data + from, (size_t)(part - from)), err))
		return -1;
	from = from > whole ? from : whole;
	if (from >= to)
		return 0;
	return buf_append(
	    out, slice_make(d->fraction.data + (from - whole), (size_t)(to - from)), err);
}

/* d1d2d3000, d1.d2d3 or 0.00d1d2d3 */
static int
append_plain(struct buf *out, const struct decimal *d, int64_t count, struct err *err)
{
	int64_t point = d->exponent;

	if (point >= count)
		return append_digits(out, d, 0, count, err) ? -1
		                                            : append_zeros(out, point - count, err);
	if (point <= 0) {
		if (buf_append_text(out, "0.", err) || append_zeros(out, -point, err))
			return -1;
		return append_digits(out, d, 0, count, err);
	}
	if (append_digits(out, d, 0, point, err) || buf_append_char(out, '.', err))
		return -1;
	return append_digits(out, d, point, count, err);
}

/* d1.d2d3e-50 */
static int
append_scientific(struct buf *out, const struct decimal *d, int64_t count, struct err *err)
{
	if (append_digits(out, d, 0, 1, err))
		return -1;
	if (count > 1 && (buf_append_char(out, '.', err) || append_digits(out, d, 1, count, err)))
		return -1;
	return buf_append_char(out, 'e', err) ? -1 : buf_append_int(out, d->exponent - 1, err);
}

static int
append_number(struct buf *out, struct slice text, const char **ret_reason, struct err *err)
{
	struct decimal d;
	int64_t count;

	if (!decimal_read(text, &d)) {
		*ret_reason = "a number out of range";
		return -1;
	}
	count = (int64_t)(d.whole.len + d.fraction.len);
	if (!count)
		return buf_append_char(out, '0', err);
	if (d.is_negative && buf_append_char(out, '-', err))
		return -1;
	/* digits as long as they came are never made longer: only added zeros are bounded */
	if (d.exponent - count > PLAIN_DIGITS_MAX || d.exponent < -PLAIN_DIGITS_MAX)
		return append_scientific(out, &d, count, err);
	return append_plain(out, &d, count, err);
}

static int
append_string(
    struct buf *out, const struct json_value *v, const char **ret_reason, struct err *err)
{
	struct buf text = BUF_INIT(out->len_max);
	int rc;

	if (!v->has_escape)
		return buf_append_char(out, '"', err) || buf_append(out, json_slice(v), err) ||
		               buf_append_char(out, '"', err)
		           ? -1
		           : 0;
	/* decoded, all of them would be one: U+FFFD */
	if (!json_string_is_utf8(json_slice(v))) {
		*ret_reason = JSON_NOT_UTF8;
		return -1;
	}
	rc = json_string_decode(json_slice(v), &text, err);
	if (!rc)
		rc = json_string_append(out, buf_slice(&text), err);
	buf_release(&text);
	return rc;
}

static int
append_value(struct buf *key, const struct json_value *v, const char **ret_reason, struct err *err)
{
	switch ((enum json_type)v->type) {
	case JSON_TYPE_MISSING:
	case JSON_TYPE_NULL:
		return buf_append_text(key, "null", err);
	case JSON_TYPE_FALSE:
		return buf_append_text(key, "false", err);
	case JSON_TYPE_TRUE:
		return buf_append_text(key, "true", err);
	case JSON_TYPE_STRING:
		return append_string(key, v, ret_reason, err);
	case JSON_TYPE_NUMBER:
		if (v->is_integer && v->len <= PLAIN_DIGITS_MAX && !slice_is(json_slice(v), "-0"))
			return buf_append(key, json_slice(v), err);
		return append_number(key, json_slice(v), ret_reason, err);
	case JSON_TYPE_ARRAY:
		*ret_reason = "is an array, not a single value";
		return -1;
	case JSON_TYPE_OBJECT:
		*ret_reason = "is an object, not a single value";
		return -1;
	}
	return -1;
}

int
groupkey_append(
    struct buf *key, const struct json_value *v, const char **ret_reason, struct err *err)
{
	*ret_reason = NULL;
	if (append_value(key, v, ret_reason, err))
		return -1;
	return buf_append_char(key, '\n', err);
}

struct slice
groupkey_take(struct slice *key)
{
	struct slice head;

	(void)slice_cut(*key, '\n', &head, key);
	return head;
}

/* ---- order ---- */

enum rank {
	RANK_NULL,
	RANK_FALSE,
	RANK_TRUE,
	RANK_NUMBER,
	RANK_STRING,
};

static enum rank
rank(struct slice text)
{
	switch (text.len ? text.data[0] : 'n') {
	case 'n':
		return RANK_NULL;
	case 'f':
		return RANK_FALSE;
	case 't':
		return RANK_TRUE;
	case '"':
		return RANK_STRING;
	default:
		return RANK_NUMBER;
	}
}

static char
digit(const struct decimal *d, size_t index)
{
	if (index < d->whole.len)
		return d->whole.data[index];
	index -= d->whole.len;
	return index < d->fraction.len ? d->fraction.data[index] : '0';
}

static int
compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
	size_t count_a = a->whole.len + a->fraction.len, count_b = b->whole.len + b->fraction.len;

	if (!count_a || !count_b)
		return (count_a > 0) - (count_b > 0);
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	for (size_t i = 0; i < count_a || i < count_b; i++) {
		if (digit(a, i) != digit(b, i))
			return digit(a, i) < digit(b, i) ? -1 : 1;
	}
	return 0;
}

static int
compare_numbers(struct slice a, struct slice b)
{
	struct decimal x, y;

	(void)decimal_read(a, &x); /* canonical text is in range */
	(void)decimal_read(b, &y);
	if (x.is_negative != y.is_negative)
		return x.is_negative ? -1 : 1;
	return x.is_negative ? compare_magnitudes(&y, &x) : compare_magnitudes(&x, &y);
}

/* Of a canonical string, without its quotes. */
static struct slice
inside_of(struct slice text)
{
	return slice_make(text.data + 1, text.len - 2);
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Takes a byte from the front of a canonical string's inside, which has escapes only for the
 * quote, the backslash and what is below a blank (RFC 8259, section 7). */
static unsigned char
take_byte(struct slice *inside)
{
	static const char escapes[] = "b\bf\fn\nr\rt\t"; /* each letter and its byte */
	const char *at = inside->data;
	size_t len = 1;
	char byte = *at;

	if (byte == '\\' && at[1] == 'u') {
		byte = (char)(hex_digit(at[4]) << 4 | hex_digit(at[5]));
		len = 6;
	} else if (byte == '\\') {
		byte = at[1];
		len = 2;
		for (size_t i = 0; i < sizeof(escapes) - 1; i += 2) {
			if (escapes[i] == at[1])
				byte = escapes[i + 1];
		}
	}
	*inside = slice_skip(*inside, len);
	return (unsigned char)byte;
}

static bool
has_escape(struct slice inside)
{
	return inside.len && memchr(inside.data, '\\', inside.len);
}

/* By the bytes of what they stand for, which the escapes' own bytes are not in order of. */
static int
compare_strings(struct slice a, struct slice b)
{
	if (!has_escape(a) && !has_escape(b))
		return slice_compare(a, b);
	while (a.len && b.len) {
		unsigned char x = take_byte(&a), y = take_byte(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.len > 0) - (b.len > 0);
}

int
groupkey_compare_values(struct slice a, struct slice b)
{
	enum rank rank_a = rank(a), rank_b = rank(b);

	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	if (rank_a == RANK_NUMBER)
		return compare_numbers(a, b);
	if (rank_a == RANK_STRING)
		return compare_strings(inside_of(a), inside_of(b));
	return 0;
}

int
groupkey_compare(struct slice a, struct slice b)
{
	int order = 0;

	while (!order && a.len && b.len)
		order = groupkey_compare_values(groupkey_take(&a), groupkey_take(&b));
	return order;
}

/* The whole part of a number, rounded down and held within 2^60, so that it is never negative. */
static uint64_t
number_prefix(struct slice text)
{
	const uint64_t middle = UINT64_C(1) << 60;
	struct decimal d;
	uint64_t whole = 0;
	bool has_rest;

	(void)decimal_read(text, &d);
	if (d.exponent > 18) /* 10^18 is below 2^60 */
		return d.is_negative ? 0 : 2 * middle - 1;
	for (int64_t i = 0; i < d.exponent; i++)
		whole = whole * 10 + (uint64_t)(digit(&d, (size_t)i) - '0');
	has_rest = d.exponent < (int64_t)(d.whole.len + d.fraction.len);
	return d.is_negative ? middle - whole - has_rest : middle + whole;
}

/* Its first seven bytes, and zeros behind a shorter one: no string it begins is below it. */
static uint64_t
string_prefix(struct slice text)
{
	struct slice inside = inside_of(text);
	uint64_t prefix = 0;

	for (size_t i = 0; i < 7; i++)
		prefix = prefix << 8 | (inside.len ? take_byte(&inside) : 0);
	return prefix;
}

uint64_t
groupkey_prefix(struct slice key)
{
	struct slice first = groupkey_take(&key);
	enum rank r = rank(first);
	uint64_t rest = 0;

	if (r == RANK_NUMBER)
		rest = number_prefix(first);
	else if (r == RANK_STRING)
		rest = string_prefix(first);
	return (uint64_t)r << 61 | rest;
}

/* ---- keys from outside ---- */

/* A string's canonical form is what decoding and encoding leaves as it is, a number's likewise. */
bool
groupkey_is_value(struct slice text)
{
	struct json_value v = { .data = text.data, .len = (uint32_t)text.len };
	struct buf again = BUF_INIT(8 * text.len + 64); /* more than any escapes make of it */
	struct err err = ERR_INIT;
	const char *reason;
	bool is_same;

	if (!text.len)
		return false;
	switch (rank(text)) {
	case RANK_NULL:
		return slice_is(text, "null");
	case RANK_FALSE:
		return slice_is(text, "false");
	case RANK_TRUE:
		return slice_is(text, "true");
	case RANK_NUMBER:
		v.type = JSON_TYPE_NUMBER;
		break;
	case RANK_STRING:
		if (text.len < 2 || text.data[text.len - 1] != '"')
			return false;
		v = (struct json_value){ .data = text.data + 1,
			.len = (uint32_t)text.len - 2,
			.type = JSON_TYPE_STRING,
			.has_escape = true };
		break;
	}
	is_same =
	    append_value(&again, &v, &reason, &err) == 0 && slice_equal(buf_slice(&again), text);
	buf_release(&again);
	return is_same;
}

bool
groupkey_is_valid(struct slice key, unsigned values)
{
	struct slice head;

	if (key.len > UINT32_MAX)
		return false;
	for (; key.len; values--) {
		if (!values || !slice_cut(key, '\n', &head, &key) || !groupkey_is_value(head))
			return false;
	}
	return values == 0;
}
