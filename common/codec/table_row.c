/* SPDX-License-Identifier: MIT */
#include "codec/table_row.h"

static bool
is_wide(const struct table_column *c)
{
	return c->type == TABLE_DECIMAL && table_decimal_is_wide(c);
}

/* The bytes of a value, without what a length says. */
static size_t
fixed_bytes(const struct table_column *c)
{
	if (c->type == TABLE_STRING || c->type == TABLE_JSON)
		return sizeof(uint32_t);
	return is_wide(c) ? sizeof(number_wide) : sizeof(int64_t);
}

static bool
has_length(const struct table_column *c)
{
	return c->type == TABLE_STRING || c->type == TABLE_JSON;
}

static size_t
row_bytes(const struct table_schema *s, const struct table_value *row)
{
	size_t bytes = (s->count + 7) / 8;

	for (unsigned i = 0; i < s->count; i++)
		if (!row[i].is_null)
			bytes += fixed_bytes(&s->columns[i]) +
			         (has_length(&s->columns[i]) ? row[i].bytes.len : 0);
	return bytes;
}

static char *
put_value(char *at, const struct table_column *c, const struct table_value *v)
{
	uint32_t len;

	/* sizes that the compiler knows are moves, not calls; the members of the union begin where it does */
	if (!has_length(c)) {
		if (is_wide(c))
			memcpy(at, v, sizeof(number_wide));
		else
			memcpy(at, v, sizeof(int64_t));
		return at + fixed_bytes(c);
	}
	len = (uint32_t)v->bytes.len;
	memcpy(at, &len, sizeof(len));
	if (len)
		memcpy(at + sizeof(len), v->bytes.data, len);
	return at + sizeof(len) + len;
}

int
table_row_append(
    const struct table_schema *s, const struct table_value *row, struct buf *out, struct err *err)
{
	size_t bytes = row_bytes(s, row), nulls = (s->count + 7) / 8;
	char *bits, *at;

	if (buf_reserve(out, bytes, err))
		return -1;
	bits = out->data + out->len;
	at = bits + nulls;
	memset(bits, 0, nulls);
	for (unsigned i = 0; i < s->count; i++) {
		if (row[i].is_null)
			bits[i / 8] = (char)(bits[i / 8] | 1 << i % 8);
		else
			at = put_value(at, &s->columns[i], &row[i]);
	}
	out->len += bytes;
	return 0;
}

/* Moves *rest past the value; false where it is not all there. */
static bool
take_value(const struct table_column *c, struct slice *rest, struct table_value *v)
{
	size_t fixed = fixed_bytes(c);
	uint32_t len;

	if (rest->len < fixed)
		return false;
	if (!has_length(c)) {
		if (is_wide(c))
			memcpy(v, rest->data, sizeof(number_wide));
		else
			memcpy(v, rest->data, sizeof(int64_t));
		*rest = slice_skip(*rest, fixed);
		return true;
	}
	memcpy(&len, rest->data, sizeof(len));
	*rest = slice_skip(*rest, sizeof(len));
	if (rest->len < len)
		return false;
	v->bytes = slice_make(rest->data, len);
	*rest = slice_skip(*rest, len);
	return true;
}

int
table_row_take(const struct table_schema *s, struct slice *rest, struct table_value *ret_row)
{
	size_t nulls = (s->count + 7) / 8;
	const char *bits = rest->data;
	struct slice left;

	if (rest->len < nulls)
		return 0;
	left = slice_skip(*rest, nulls);
	for (unsigned i = 0; i < s->count; i++) {
		ret_row[i].is_null = bits[i / 8] >> i % 8 & 1;
		if (!ret_row[i].is_null && !take_value(&s->columns[i], &left, &ret_row[i]))
			return 0;
	}
	*rest = left;
	return 1;
}
