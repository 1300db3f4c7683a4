/* SPDX-License-Identifier: MIT */
#include "codec/parquet_stats.h"

#include <math.h>

static void
add_integer(struct parquet_stats *s, int64_t n)
{
	if (!s->has_bounds)
		s->min.i = s->max.i = n;
	s->has_bounds = true;
	s->min.i = n < s->min.i ? n : s->min.i;
	s->max.i = n > s->max.i ? n : s->max.i;
}

static void
add_double(struct parquet_stats *s, double d)
{
	if (isnan(d)) {
		s->nan_count++;
		return;
	}
	if (!s->has_bounds)
		s->min.d = s->max.d = d;
	s->has_bounds = true;
	s->min.d = d < s->min.d ? d : s->min.d;
	s->max.d = d > s->max.d ? d : s->max.d;
}

void
parquet_stats_number(struct parquet_stats *s, uint64_t bits)
{
	uint32_t narrow = (uint32_t)bits;
	double d;
	float f;

	switch (s->order) {
	case PARQUET_ORDER_FLOAT:
		memcpy(&f, &narrow, sizeof(f));
		add_double(s, (double)f);
		break;
	case PARQUET_ORDER_DOUBLE:
		memcpy(&d, &bits, sizeof(d));
		add_double(s, d);
		break;
	case PARQUET_ORDER_BOOL:
	case PARQUET_ORDER_INT32:
		add_integer(s, (int32_t)narrow);
		break;
	case PARQUET_ORDER_INT64:
	case PARQUET_ORDER_TEXT:
	case PARQUET_ORDER_DECIMAL:
		add_integer(s, (int64_t)bits);
		break;
	}
}

/* LogicalTypes.md, DECIMAL: with the first bit flipped, unsigned comparison is right. */
static int
compare_decimals(struct slice a, struct slice b)
{
	unsigned char x = (unsigned char)(a.data[0] ^ 0x80), y = (unsigned char)(b.data[0] ^ 0x80);

	if (x != y)
		return x < y ? -1 : 1;
	return slice_compare(slice_skip(a, 1), slice_skip(b, 1));
}

static int
compare(const struct parquet_stats *s, struct slice a, struct slice b)
{
	return s->order == PARQUET_ORDER_DECIMAL ? compare_decimals(a, b) : slice_compare(a, b);
}

void
parquet_stats_bytes(struct parquet_stats *s, struct slice bytes)
{
	if (!s->has_bounds)
		s->min.bytes = s->max.bytes = bytes;
	else if (compare(s, bytes, s->min.bytes) < 0)
		s->min.bytes = bytes;
	else if (compare(s, bytes, s->max.bytes) > 0)
		s->max.bytes = bytes;
	s->has_bounds = true;
}

void
parquet_stats_merge(struct parquet_stats *s, const struct parquet_stats *other)
{
	s->null_count += other->null_count;
	s->nan_count += other->nan_count;
	if (!other->has_bounds)
		return;
	switch (s->order) {
	case PARQUET_ORDER_FLOAT:
	case PARQUET_ORDER_DOUBLE:
		add_double(s, other->min.d);
		add_double(s, other->max.d);
		break;
	case PARQUET_ORDER_TEXT:
	case PARQUET_ORDER_DECIMAL:
		parquet_stats_bytes(s, other->min.bytes);
		parquet_stats_bytes(s, other->max.bytes);
		break;
	case PARQUET_ORDER_BOOL:
	case PARQUET_ORDER_INT32:
	case PARQUET_ORDER_INT64:
		add_integer(s, other->min.i);
		add_integer(s, other->max.i);
		break;
	}
}

/* ---- bounds of strings ---- */

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the longest beginning within the bound that ends between characters. */
static size_t
cut_length(struct slice text)
{
	size_t len = PARQUET_BOUND_BYTES_MAX;

	while (len && is_continuation(text.data[len]))
		len--;
	return len;
}

bool
parquet_bound_min(struct slice *min)
{
	if (min->len <= PARQUET_BOUND_BYTES_MAX)
		return true;
	min->len = cut_length(*min);
	return false;
}

/*
 * Makes the character that begins at `at` and ends at `end` the next one of the same length; false
 * where it is the last of these. Surrogates are no characters and skipped.
 */
static bool
raise_character(char *text, size_t at, size_t end)
{
	unsigned char second;
	size_t n = end;

	while (n > at + 1) {
		unsigned char c = (unsigned char)text[--n];

		if (c < 0xbf) {
			text[n] = (char)(c + 1);
			second = (unsigned char)text[at + 1];
			/* RFC 3629 section 4: ED A0 80 to ED BF BF are none, U+E000 is the next one
			 */
			if ((unsigned char)text[at] == 0xed && second > 0x9f)
				memcpy(text + at, "\xee\x80\x80", 3);
			/* and U+10FFFF, F4 8F BF BF, is the last one */
			return (unsigned char)text[at] != 0xf4 || second <= 0x8f;
		}
		text[n] = (char)0x80;
	}
	/* lead bytes: below 0x7f one byte, C2-DF two, E0-EF three, F0-F4 four */
	switch ((unsigned char)text[at]) {
	case 0x7f:
	case 0xdf:
	case 0xef:
	case 0xf4:
		return false;
	default:
		text[at]++;
		return true;
	}
}

bool
parquet_bound_max(struct slice max, char bytes[static PARQUET_BOUND_BYTES_MAX], struct slice *ret,
    bool *ret_has_bound)
{
	size_t len, at;

	*ret = max;
	*ret_has_bound = true;
	if (max.len <= PARQUET_BOUND_BYTES_MAX)
		return true;
	for (len = cut_length(max); len; len = at) {
		memcpy(bytes, max.data, len);
		for (at = len - 1; at && is_continuation(bytes[at]);)
			at--;
		if (raise_character(bytes, at, len)) {
			*ret = slice_make(bytes, len);
			return false;
		}
	}
	*ret_has_bound = false;
	return false;
}

/* ---- writing ---- */

static void
write_text_bounds(const struct parquet_stats *s, struct parquet_thrift *t)
{
	char bytes[PARQUET_BOUND_BYTES_MAX];
	struct slice min = s->min.bytes, max;
	bool has_max, is_max_exact = parquet_bound_max(s->max.bytes, bytes, &max, &has_max);
	bool is_min_exact = parquet_bound_min(&min);

	if (has_max)
		parquet_thrift_binary(t, 5, max);
	parquet_thrift_binary(t, 6, min);
	if (has_max)
		parquet_thrift_bool(t, 7, is_max_exact);
	parquet_thrift_bool(t, 8, is_min_exact);
}

static void
write_exact_bounds(struct parquet_thrift *t, struct slice min, struct slice max)
{
	parquet_thrift_binary(t, 5, max);
	parquet_thrift_binary(t, 6, min);
	parquet_thrift_bool(t, 7, true);
	parquet_thrift_bool(t, 8, true);
}

static void
write_number_bounds(const struct parquet_stats *s, struct parquet_thrift *t)
{
	bool is_double = s->order == PARQUET_ORDER_DOUBLE,
	     is_float = s->order == PARQUET_ORDER_FLOAT;
	double dmin = s->min.d == 0 ? -0.0 : s->min.d, dmax = s->max.d == 0 ? 0.0 : s->max.d;
	size_t len = s->order == PARQUET_ORDER_BOOL ? 1 : s->order == PARQUET_ORDER_INT32 ? 4 : 8;
	char min[8], max[8];

	if (is_float) {
		float fmin = (float)dmin, fmax = (float)dmax;

		len = sizeof(fmin);
		memcpy(min, &fmin, len);
		memcpy(max, &fmax, len);
	} else {
		memcpy(min, is_double ? (const void *)&dmin : (const void *)&s->min.i, sizeof(min));
		memcpy(max, is_double ? (const void *)&dmax : (const void *)&s->max.i, sizeof(max));
	}
	write_exact_bounds(t, slice_make(min, len), slice_make(max, len));
}

void
parquet_stats_write(const struct parquet_stats *s, struct parquet_thrift *t, int id)
{
	parquet_thrift_struct(t, id);
	parquet_thrift_i64(t, 3, s->null_count);
	if (s->has_bounds) {
		if (s->order == PARQUET_ORDER_TEXT)
			write_text_bounds(s, t);
		else if (s->order == PARQUET_ORDER_DECIMAL)
			write_exact_bounds(t, s->min.bytes, s->max.bytes);
		else
			write_number_bounds(s, t);
	}
	if (s->order == PARQUET_ORDER_FLOAT || s->order == PARQUET_ORDER_DOUBLE)
		parquet_thrift_i64(t, 9, s->nan_count);
	parquet_thrift_end(t);
}
