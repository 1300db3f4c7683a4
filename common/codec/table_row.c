/* SPDX-License-Identifier: MIT */
#include "codec/table_row.h"

static bool
is_wide(const struct table_column *c)
{
	return c->type == TABLE_DECIMAL && table_decimal_is_wide(c);
}

static bool
has_length(const struct table_column *c)
{
	return c->type == TABLE_STRING || c->type == TABLE_JSON;
}

/* No fewer than the row's. */
static size_t
row_bytes_max(const struct table_schema *s, const struct table_value *row)
{
	size_t bytes = (s->count + 7) / 8 + s->count * sizeof(number_wide);

	for (unsigned i = 0; i < s->count; i++)
		if (has_length(&s->columns[i]) && !row[i].is_null)
			bytes += row[i].bytes.len;
	return bytes;
}

/* Returns where the next one goes. */
static char *
put_value(char *at, const struct table_column *c, const struct table_value *v)
{
	uint32_t len;

	/* sizes that the compiler knows are moves, not calls; the members of the union begin where it does */
	if (!has_length(c)) {
		if (is_wide(c)) {
			memcpy(at, v, sizeof(number_wide));
			return at + sizeof(number_wide);
		}
		memcpy(at, v, sizeof(int64_t));
		return at + sizeof(int64_t);
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
	const struct table_column *c = s->columns;
	unsigned count = s->count, nulls = 0;
	char *bits, *at;

	if (buf_reserve(out, row_bytes_max(s, row), err))
		return -1;
	bits = out->data + out->len;
	at = bits + (count + 7) / 8;
	for (unsigned i = 0; i < count; i++, c++, row++) {
		if (row->is_null)
			nulls |= 1u << i % 8;
		else
			at = put_value(at, c, row);
		if (i % 8 == 7 || i + 1 == count) {
			bits[i / 8] = (char)nulls;
			nulls = 0;
		}
	}
	out->len = (size_t)(at - out->data);
	return 0;
}

/* Returns what follows the value, or NULL where it is not all there. */
static const char *
take_value(
    const struct table_column *c, const char *at, const char *end, struct table_value *ret_value)
{
	size_t left = (size_t)(end - at);
	uint32_t len;

	if (!has_length(c)) {
		if (is_wide(c)) {
			if (left < sizeof(number_wide))
				return NULL;
			memcpy(ret_value, at, sizeof(number_wide));
			return at + sizeof(number_wide);
		}
		if (left < sizeof(int64_t))
			return NULL;
		memcpy(ret_value, at, sizeof(int64_t));
		return at + sizeof(int64_t);
	}
	if (left < sizeof(len))
		return NULL;
	memcpy(&len, at, sizeof(len));
	if (left - sizeof(len) < len)
		return NULL;
	ret_value->bytes = slice_make(at + sizeof(len), len);
	return at + sizeof(len) + len;
}

int
table_row_take(const struct table_schema *s, struct slice *rest, struct table_value *ret_row)
{
	const struct table_column *c = s->columns;
	const char *bits = rest->data, *end = rest->data + rest->len, *at;
	unsigned count = s->count, nulls = 0;

	if (rest->len < (count + 7) / 8)
		return 0;
	at = bits + (count + 7) / 8;
	for (unsigned i = 0; i < count; i++, c++, ret_row++, nulls >>= 1) {
		if (i % 8 == 0)
			nulls = (unsigned char)bits[i / 8];
		ret_row->is_null = nulls & 1;
		if (ret_row->is_null)
			continue;
		at = take_value(c, at, end, ret_row);
		if (!at)
			return 0;
	}
	*rest = slice_make(at, (size_t)(end - at));
	return 1;
}
