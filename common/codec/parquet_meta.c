/* SPDX-License-Identifier: MIT */
#include "codec/parquet_meta.h"

#include "codec/parquet.h"
#include "codec/parquet_thrift.h"

enum {
	/* parquet.thrift */
	FORMAT_VERSION = 1, /* "writers should always populate 1" */
	REPETITION_REQUIRED = 0,
	REPETITION_OPTIONAL = 1,
	CONVERTED_UTF8 = 0,
	CONVERTED_DECIMAL = 5,
	CONVERTED_DATE = 6,
	CONVERTED_TIMESTAMP_MILLIS = 9,
	CONVERTED_TIMESTAMP_MICROS = 10,
	CONVERTED_JSON = 19,
	ENCODING_PLAIN = 0,
	ENCODING_RLE = 3,
	ENCODING_RLE_DICTIONARY = 8,
	PAGE_DATA = 0,
	PAGE_DICTIONARY = 2,
};

/* ---- the schema ---- */

/* Union LogicalType, with the deprecated ConvertedType that goes with it for older readers. */
struct annotation {
	int converted;
	int logical; /* the field of the union */
};

static const struct annotation *
annotation_of(const struct table_column *c)
{
	static const struct annotation none = { 0, 0 }, utf8 = { CONVERTED_UTF8, 1 },
				       decimal = { CONVERTED_DECIMAL, 5 },
				       date = { CONVERTED_DATE, 6 },
				       millis = { CONVERTED_TIMESTAMP_MILLIS, 8 },
				       micros = { CONVERTED_TIMESTAMP_MICROS, 8 },
				       json = { CONVERTED_JSON, 12 };

	switch (c->type) {
	case TABLE_STRING:
		return &utf8;
	case TABLE_DECIMAL:
		return &decimal;
	case TABLE_DATE:
		return &date;
	case TABLE_TIMESTAMP:
		return c->is_micro ? &micros : &millis;
	case TABLE_JSON:
		return &json;
	case TABLE_BOOL:
	case TABLE_INT32:
	case TABLE_INT64:
	case TABLE_FLOAT:
	case TABLE_DOUBLE:
		break;
	}
	return &none;
}

static void
write_logical(struct parquet_thrift *t, const struct table_column *c, int logical)
{
	parquet_thrift_struct(t, 10);
	parquet_thrift_struct(t, logical);
	if (c->type == TABLE_DECIMAL) {
		parquet_thrift_i32(t, 1, (int32_t)c->scale);
		parquet_thrift_i32(t, 2, (int32_t)c->precision);
	} else if (c->type == TABLE_TIMESTAMP) {
		parquet_thrift_bool(t, 1, !c->is_local);
		parquet_thrift_struct(t, 2);
		parquet_thrift_empty(t, c->is_micro ? 2 : 1);
		parquet_thrift_end(t);
	}
	parquet_thrift_end(t);
	parquet_thrift_end(t);
}

/* SchemaElement */
static void
write_leaf(struct parquet_thrift *t, const struct parquet_column *column)
{
	const struct table_column *c = column->schema;
	const struct annotation *a = annotation_of(c);

	parquet_thrift_struct(t, 0);
	parquet_thrift_i32(t, 1, (int32_t)column->type);
	if (column->type == PARQUET_FIXED_LEN_BYTE_ARRAY)
		parquet_thrift_i32(t, 2, (int32_t)column->width);
	parquet_thrift_i32(t, 3, c->is_nullable ? REPETITION_OPTIONAL : REPETITION_REQUIRED);
	parquet_thrift_binary(t, 4, slice_of(c->name));
	if (a->logical)
		parquet_thrift_i32(t, 6, a->converted);
	if (c->type == TABLE_DECIMAL) {
		parquet_thrift_i32(t, 7, (int32_t)c->scale);
		parquet_thrift_i32(t, 8, (int32_t)c->precision);
	}
	if (a->logical)
		write_logical(t, c, a->logical);
	parquet_thrift_end(t);
}

static void
write_schema(const struct parquet_meta *m, struct parquet_thrift *t)
{
	parquet_thrift_list(t, 2, THRIFT_STRUCT, m->count + 1);
	parquet_thrift_struct(t, 0);
	parquet_thrift_binary(t, 4, slice_of("schema"));
	parquet_thrift_i32(t, 5, (int32_t)m->count);
	parquet_thrift_end(t);
	for (unsigned i = 0; i < m->count; i++)
		write_leaf(t, &m->columns[i]);
}

/* ---- row groups ---- */

/* Levels are RLE, and so are none where there are none: parquet-java lists it always. */
static void
write_encodings(const struct parquet_chunk *chunk, struct parquet_thrift *t)
{
	bool has_dictionary = chunk->dictionary_offset != 0;

	parquet_thrift_list(t, 2, THRIFT_I32, has_dictionary ? 3 : 2);
	parquet_thrift_i32_element(t, ENCODING_PLAIN);
	parquet_thrift_i32_element(t, ENCODING_RLE);
	if (has_dictionary)
		parquet_thrift_i32_element(t, ENCODING_RLE_DICTIONARY);
}

static void
write_page_count(struct parquet_thrift *t, int page, int encoding, int32_t count)
{
	parquet_thrift_struct(t, 0);
	parquet_thrift_i32(t, 1, page);
	parquet_thrift_i32(t, 2, encoding);
	parquet_thrift_i32(t, 3, count);
	parquet_thrift_end(t);
}

/* By these readers know that all pages use the dictionary, and may filter by it. */
static void
write_page_counts(const struct parquet_chunk *chunk, struct parquet_thrift *t)
{
	bool has_dictionary = chunk->dictionary_offset != 0, has_plain = chunk->plain_pages != 0;

	parquet_thrift_list(t, 13, THRIFT_STRUCT, (has_dictionary ? 2u : 0u) + has_plain);
	if (has_dictionary) {
		write_page_count(t, PAGE_DICTIONARY, ENCODING_PLAIN, 1);
		write_page_count(t, PAGE_DATA, ENCODING_RLE_DICTIONARY, chunk->dictionary_pages);
	}
	if (has_plain)
		write_page_count(t, PAGE_DATA, ENCODING_PLAIN, chunk->plain_pages);
}

/* ColumnChunk with its ColumnMetaData */
static void
write_chunk(
    const struct parquet_meta *m, const struct parquet_chunk *chunk, struct parquet_thrift *t)
{
	const struct parquet_column *c = chunk->column;

	parquet_thrift_struct(t, 0);
	parquet_thrift_i64(t, 2, 0);
	parquet_thrift_struct(t, 3);
	parquet_thrift_i32(t, 1, (int32_t)c->type);
	write_encodings(chunk, t);
	parquet_thrift_list(t, 3, THRIFT_BINARY, 1);
	parquet_thrift_binary_element(t, slice_of(c->schema->name));
	parquet_thrift_i32(t, 4, (int32_t)m->codec);
	parquet_thrift_i64(t, 5, c->rows);
	parquet_thrift_i64(t, 6, chunk->bytes);
	parquet_thrift_i64(t, 7, chunk->compressed_bytes);
	parquet_thrift_i64(t, 9, chunk->data_offset);
	if (chunk->dictionary_offset)
		parquet_thrift_i64(t, 11, chunk->dictionary_offset);
	parquet_stats_write(&chunk->stats, t, 12);
	write_page_counts(chunk, t);
	parquet_thrift_end(t);
	parquet_thrift_end(t);
}

int
parquet_meta_add_group(
    struct parquet_meta *m, const struct parquet_chunk *chunks, uint32_t rows, struct err *err)
{
	const struct parquet_chunk *first = &chunks[0];
	int64_t bytes = 0, compressed = 0;
	struct parquet_thrift t;

	parquet_thrift_init(&t, &m->group_list, err);
	parquet_thrift_list(&t, 1, THRIFT_STRUCT, m->count);
	for (unsigned i = 0; i < m->count; i++) {
		write_chunk(m, &chunks[i], &t);
		bytes += chunks[i].bytes;
		compressed += chunks[i].compressed_bytes;
	}
	parquet_thrift_i64(&t, 2, bytes);
	parquet_thrift_i64(&t, 3, rows);
	parquet_thrift_i64(
	    &t, 5, first->dictionary_offset ? first->dictionary_offset : first->data_offset);
	parquet_thrift_i64(&t, 6, compressed);
	if (m->groups <= INT16_MAX)
		parquet_thrift_i16(&t, 7, (int16_t)m->groups);
	m->groups++;
	m->rows += rows;
	return parquet_thrift_finish(&t);
}

/* ---- the file ---- */

/* ColumnOrder: TYPE_ORDER for each. Without it min_value and max_value mean nothing. */
static void
write_orders(const struct parquet_meta *m, struct parquet_thrift *t)
{
	parquet_thrift_list(t, 7, THRIFT_STRUCT, m->count);
	for (unsigned i = 0; i < m->count; i++) {
		parquet_thrift_struct(t, 0);
		parquet_thrift_empty(t, 1);
		parquet_thrift_end(t);
	}
}

int
parquet_meta_append(const struct parquet_meta *m, struct buf *out, struct err *err)
{
	size_t begin = out->len;
	struct parquet_thrift t;
	uint32_t len;

	parquet_thrift_init(&t, out, err);
	parquet_thrift_i32(&t, 1, FORMAT_VERSION);
	write_schema(m, &t);
	parquet_thrift_i64(&t, 3, m->rows);
	parquet_thrift_list(&t, 4, THRIFT_STRUCT, m->groups);
	parquet_thrift_raw(&t, buf_slice(&m->group_list));
	parquet_thrift_binary(&t, 6, slice_of(PARQUET_CREATED_BY));
	write_orders(m, &t);
	if (parquet_thrift_finish(&t))
		return -1;
	len = (uint32_t)(out->len - begin);
	return buf_append(out, slice_make((const char *)&len, sizeof(len)), err) ||
	               buf_append_text(out, PARQUET_MAGIC, err)
	           ? -1
	           : 0;
}
