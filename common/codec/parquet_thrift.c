/* SPDX-License-Identifier: MIT */
#include "codec/parquet_thrift.h"

#include <assert.h>

/* Field types beyond those of lists. */
enum { TYPE_TRUE = 1, TYPE_FALSE = 2, TYPE_I16 = 4, TYPE_LIST = 9 };

enum { DELTA_MAX = 15, SHORT_LIST_MAX = 14 };

unsigned
parquet_varint(uint64_t n, unsigned char out[static 10])
{
	unsigned len = 0;

	for (; n >= 0x80; n >>= 7)
		out[len++] = (unsigned char)(n | 0x80);
	out[len++] = (unsigned char)n;
	return len;
}

static void
put(struct parquet_thrift *t, const void *bytes, size_t len)
{
	if (!t->has_failed && buf_append(t->out, slice_make(bytes, len), t->err))
		t->has_failed = true;
}

static void
put_byte(struct parquet_thrift *t, unsigned byte)
{
	unsigned char c = (unsigned char)byte;

	put(t, &c, 1);
}

static void
put_varint(struct parquet_thrift *t, uint64_t n)
{
	unsigned char bytes[10];

	put(t, bytes, parquet_varint(n, bytes));
}

/* "ZigZag encoding" */
static void
put_signed(struct parquet_thrift *t, int64_t n)
{
	put_varint(t, ((uint64_t)n << 1) ^ (uint64_t)(n >> 63));
}

static void
put_field(struct parquet_thrift *t, int id, unsigned type)
{
	int *last = &t->last_id[t->depth - 1];

	assert(id > *last && id - *last <= DELTA_MAX);
	put_byte(t, (unsigned)(id - *last) << 4 | type);
	*last = id;
}

static void
open_struct(struct parquet_thrift *t)
{
	assert(t->depth < PARQUET_THRIFT_DEPTH_MAX);
	t->last_id[t->depth++] = 0;
}

void
parquet_thrift_init(struct parquet_thrift *t, struct buf *out, struct err *err)
{
	*t = (struct parquet_thrift){ .out = out, .err = err };
	open_struct(t);
}

void
parquet_thrift_bool(struct parquet_thrift *t, int id, bool value)
{
	put_field(t, id, value ? TYPE_TRUE : TYPE_FALSE);
}

void
parquet_thrift_i16(struct parquet_thrift *t, int id, int16_t n)
{
	put_field(t, id, TYPE_I16);
	put_signed(t, n);
}

void
parquet_thrift_i32(struct parquet_thrift *t, int id, int32_t n)
{
	put_field(t, id, THRIFT_I32);
	put_signed(t, n);
}

void
parquet_thrift_i64(struct parquet_thrift *t, int id, int64_t n)
{
	put_field(t, id, THRIFT_I64);
	put_signed(t, n);
}

void
parquet_thrift_binary_element(struct parquet_thrift *t, struct slice bytes)
{
	put_varint(t, bytes.len);
	put(t, bytes.data, bytes.len);
}

void
parquet_thrift_binary(struct parquet_thrift *t, int id, struct slice bytes)
{
	put_field(t, id, THRIFT_BINARY);
	parquet_thrift_binary_element(t, bytes);
}

void
parquet_thrift_struct(struct parquet_thrift *t, int id)
{
	if (id)
		put_field(t, id, THRIFT_STRUCT);
	open_struct(t);
}

void
parquet_thrift_end(struct parquet_thrift *t)
{
	assert(t->depth > 0);
	t->depth--;
	put_byte(t, 0);
}

void
parquet_thrift_empty(struct parquet_thrift *t, int id)
{
	parquet_thrift_struct(t, id);
	parquet_thrift_end(t);
}

void
parquet_thrift_list(struct parquet_thrift *t, int id, enum parquet_thrift_type type, uint32_t count)
{
	put_field(t, id, TYPE_LIST);
	if (count <= SHORT_LIST_MAX) {
		put_byte(t, count << 4 | type);
	} else {
		put_byte(t, 0xf0 | type);
		put_varint(t, count);
	}
}

void
parquet_thrift_i32_element(struct parquet_thrift *t, int32_t n)
{
	put_signed(t, n);
}

void
parquet_thrift_raw(struct parquet_thrift *t, struct slice bytes)
{
	put(t, bytes.data, bytes.len);
}

int
parquet_thrift_finish(struct parquet_thrift *t)
{
	parquet_thrift_end(t);
	assert(t->depth == 0);
	return t->has_failed ? -1 : 0;
}
