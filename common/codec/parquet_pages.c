/* SPDX-License-Identifier: MIT */
#include "codec/parquet_pages.h"

#include <zlib.h>

#include "codec/parquet_rle.h"
#include "codec/parquet_thrift.h"

enum {
	/* parquet.thrift */
	ENCODING_PLAIN = 0,
	ENCODING_RLE = 3,
	ENCODING_RLE_DICTIONARY = 8,
	PAGE_DATA = 0,
	PAGE_DICTIONARY = 2,

	/* a multiple of 8, so that a page's levels begin with a byte */
	PAGE_ROWS_MAX = 1 << 16,
	PAGE_BYTES_CEILING = 0x7fffffff, /* sizes in headers are i32 */
};

/* The rows of one data page. */
struct span {
	uint32_t row, rows;
	uint32_t value, values; /* those of the rows that have one */
	size_t byte, bytes;     /* in plain, where they have no indices */
	bool has_indices;
	const uint32_t *indices; /* of the values, where they have some */
};

void
parquet_pages_init(struct parquet_pages *p, struct parquet_output output,
    struct parquet_compressor *compressor, size_t page_bytes_max)
{
	*p = (struct parquet_pages){
		.output = output, .compressor = compressor, .page_bytes_max = page_bytes_max
	};
	buf_init(&p->body, PAGE_BYTES_CEILING);
	buf_init(&p->packed, PAGE_BYTES_CEILING);
	buf_init(&p->header, 1 << 16);
	buf_init(&p->indices, PAGE_ROWS_MAX * sizeof(uint32_t));
	buf_init(&p->seen, PARQUET_DICTIONARY_VALUES_MAX);
}

void
parquet_pages_release(struct parquet_pages *p)
{
	buf_release(&p->body);
	buf_release(&p->packed);
	buf_release(&p->header);
	buf_release(&p->indices);
	buf_release(&p->seen);
}

int
parquet_pages_write(struct parquet_pages *p, struct slice bytes, struct err *err)
{
	if (p->output.write(p->output.context, bytes, err))
		return -1;
	p->offset += (int64_t)bytes.len;
	return 0;
}

/* ---- one page ---- */

static void
write_dictionary_header(struct parquet_thrift *t, const struct parquet_column *c)
{
	parquet_thrift_struct(t, 7);
	parquet_thrift_i32(t, 1, (int32_t)c->dictionary.count);
	parquet_thrift_i32(t, 2, ENCODING_PLAIN);
	parquet_thrift_bool(t, 3, false);
	parquet_thrift_end(t);
}

static void
write_data_header(
    struct parquet_thrift *t, const struct span *span, const struct parquet_stats *stats)
{
	parquet_thrift_struct(t, 5);
	parquet_thrift_i32(t, 1, (int32_t)span->rows);
	parquet_thrift_i32(t, 2, span->has_indices ? ENCODING_RLE_DICTIONARY : ENCODING_PLAIN);
	parquet_thrift_i32(t, 3, ENCODING_RLE);
	parquet_thrift_i32(t, 4, ENCODING_RLE);
	parquet_stats_write(stats, t, 5);
	parquet_thrift_end(t);
}

/* A page of dictionary values where `span` is NULL. */
static int
write_page(struct parquet_pages *p, struct slice body, const struct span *span,
    struct parquet_chunk *chunk, const struct parquet_stats *stats, struct err *err)
{
	struct parquet_thrift t;
	struct slice packed;

	if (body.len > PAGE_BYTES_CEILING)
		return err_set(err, ERR_DATA, "a page of more than 2 GiB");
	if (parquet_compress(p->compressor, body, &p->packed, &packed, err))
		return -1;
	buf_clear(&p->header);
	parquet_thrift_init(&t, &p->header, err);
	parquet_thrift_i32(&t, 1, span ? PAGE_DATA : PAGE_DICTIONARY);
	parquet_thrift_i32(&t, 2, (int32_t)body.len);
	parquet_thrift_i32(&t, 3, (int32_t)packed.len);
	/* README.md, "Checksumming": of what lies in the file */
	parquet_thrift_i32(&t, 4, (int32_t)crc32_z(0, (const Bytef *)packed.data, packed.len));
	if (span)
		write_data_header(&t, span, stats);
	else
		write_dictionary_header(&t, chunk->column);
	if (parquet_thrift_finish(&t))
		return -1;
	chunk->bytes += (int64_t)(p->header.len + body.len);
	chunk->compressed_bytes += (int64_t)(p->header.len + packed.len);
	return parquet_pages_write(p, buf_slice(&p->header), err) ||
	               parquet_pages_write(p, packed, err)
	           ? -1
	           : 0;
}

/* ---- what is in a data page ---- */

static uint32_t
plain_length(const struct parquet_column *c, size_t at)
{
	uint32_t len;

	memcpy(&len, c->plain.data + at, sizeof(len));
	return len;
}

/* How many of 8 rows have a value; fewer are left in the last byte, whose other bits are 0. */
static uint32_t
values_in_byte(const struct parquet_column *c, uint32_t row)
{
	uint32_t left = c->rows - row;

	if (!c->schema->is_nullable)
		return left < 8 ? left : 8;
	return (uint32_t)__builtin_popcount((unsigned char)c->levels.data[row / 8]);
}

/* Bytes in plain of the values from `at` on. */
static size_t
values_bytes(const struct parquet_column *c, size_t at, uint32_t values)
{
	size_t begin = at;

	if (c->width)
		return (size_t)values * c->width;
	for (; values; values--)
		at += sizeof(uint32_t) + plain_length(c, at);
	return at - begin;
}

/* The rows from where `span` ends that make a page. */
static void
next_span(const struct parquet_pages *p, const struct parquet_column *c, struct span *span)
{
	unsigned bits = parquet_bit_width(c->dictionary.count);
	struct span next = { .row = span->row + span->rows,
		.value = span->value + span->values,
		.byte = span->byte + span->bytes };
	uint32_t end = next.row < c->dictionary_rows ? c->dictionary_rows : c->rows;
	size_t used = 0;

	next.has_indices = next.row < c->dictionary_rows;
	while (
	    next.row + next.rows < end && next.rows < PAGE_ROWS_MAX && used < p->page_bytes_max) {
		uint32_t row = next.row + next.rows, values = values_in_byte(c, row);

		if (!next.has_indices)
			next.bytes += values_bytes(c, next.byte + next.bytes, values);
		next.values += values;
		next.rows += end - row < 8 ? end - row : 8;
		used = next.has_indices ? (size_t)next.values * bits / 8 : next.bytes;
	}
	*span = next;
}

/* "Data Pages": definition levels with their length before them; flat columns repeat nothing. */
static int
append_levels(struct parquet_pages *p, const struct parquet_column *c, const struct span *span,
    struct err *err)
{
	size_t begin = p->body.len;
	uint32_t len = 0;

	if (!c->schema->is_nullable)
		return 0;
	if (buf_append(&p->body, slice_make((const char *)&len, sizeof(len)), err) ||
	    parquet_rle_append_bits(
		&p->body, (const unsigned char *)c->levels.data + span->row / 8, span->rows, err))
		return -1;
	len = (uint32_t)(p->body.len - begin - sizeof(len));
	memcpy(p->body.data + begin, &len, sizeof(len));
	return 0;
}

static int
append_values(struct parquet_pages *p, const struct parquet_column *c, const struct span *span,
    struct err *err)
{
	unsigned width = parquet_bit_width(c->dictionary.count);
	struct slice plain;

	if (span->has_indices)
		return buf_append_char(&p->body, (char)width, err) ||
		               parquet_rle_append(&p->body, span->indices, span->values, width, err)
		           ? -1
		           : 0;
	if (!span->bytes)
		return 0;
	plain = slice_make(c->plain.data + span->byte, span->bytes);
	if (c->type == PARQUET_BOOLEAN)
		return parquet_pack_bools(
		    &p->body, (const unsigned char *)plain.data, span->values, err);
	return buf_append(&p->body, plain, err);
}

/* ---- statistics ---- */

/* Each value of the dictionary that the page has, once. */
static int
add_dictionary_stats(struct parquet_pages *p, const struct parquet_column *c,
    const struct span *span, struct parquet_stats *stats, struct err *err)
{
	const struct parquet_dictionary *d = &c->dictionary;

	buf_clear(&p->seen);
	if (buf_reserve(&p->seen, d->count, err))
		return -1;
	memset(p->seen.data, 0, d->count);
	for (uint32_t i = 0; i < span->values; i++)
		p->seen.data[span->indices[i]] = 1;
	for (uint32_t i = 0; i < d->count; i++) {
		if (!p->seen.data[i])
			continue;
		if (d->is_number)
			parquet_stats_number(stats, parquet_dictionary_value(d, i));
		else
			parquet_stats_bytes(stats, parquet_dictionary_slice(d, i));
	}
	return 0;
}

static void
add_plain_stats(
    const struct parquet_column *c, const struct span *span, struct parquet_stats *stats)
{
	size_t at = span->byte, end = at + span->bytes;

	while (at < end) {
		size_t len = c->width;
		uint64_t bits = 0;

		if (!len) {
			len = plain_length(c, at);
			at += sizeof(uint32_t);
		}
		if (parquet_column_is_bytes(c)) {
			parquet_stats_bytes(stats, slice_make(c->plain.data + at, len));
		} else {
			memcpy(&bits, c->plain.data + at, len);
			parquet_stats_number(stats, bits);
		}
		at += len;
	}
}

/* NaN may be there more often than a dictionary has it. */
static void
count_nans(const struct parquet_column *c, const struct span *span, struct parquet_stats *stats)
{
	struct parquet_stats of_one;

	if (!stats->nan_count || !span->has_indices)
		return;
	stats->nan_count = 0;
	for (uint32_t i = 0; i < span->values; i++) {
		of_one = (struct parquet_stats){ .order = stats->order };
		parquet_stats_number(
		    &of_one, parquet_dictionary_value(&c->dictionary, span->indices[i]));
		stats->nan_count += of_one.nan_count;
	}
}

static int
span_stats(struct parquet_pages *p, const struct parquet_column *c, const struct span *span,
    struct parquet_stats *ret, struct err *err)
{
	*ret = (struct parquet_stats){ .order = c->order, .null_count = span->rows - span->values };
	if (!span->has_indices)
		add_plain_stats(c, span, ret);
	else if (add_dictionary_stats(p, c, span, ret, err))
		return -1;
	count_nans(c, span, ret);
	return 0;
}

/* ---- the chunk ---- */

static int
load_indices(
    struct parquet_pages *p, const struct parquet_column *c, struct span *span, struct err *err)
{
	uint32_t *indices;

	buf_clear(&p->indices);
	if (buf_reserve(&p->indices, span->values * sizeof(*indices), err))
		return -1;
	indices = (uint32_t *)(void *)p->indices.data;
	if (span->values)
		parquet_column_indices(c, span->value, span->values, indices);
	span->indices = indices;
	return 0;
}

static int
write_data_page(
    struct parquet_pages *p, struct span *span, struct parquet_chunk *chunk, struct err *err)
{
	const struct parquet_column *c = chunk->column;
	struct parquet_stats stats;

	buf_clear(&p->body);
	if (span->has_indices && load_indices(p, c, span, err))
		return -1;
	if (span_stats(p, c, span, &stats, err) || append_levels(p, c, span, err) ||
	    append_values(p, c, span, err))
		return -1;
	parquet_stats_merge(&chunk->stats, &stats);
	*(span->has_indices ? &chunk->dictionary_pages : &chunk->plain_pages) += 1;
	return write_page(p, buf_slice(&p->body), span, chunk, &stats, err);
}

int
parquet_pages_chunk(struct parquet_pages *p, const struct parquet_column *c,
    struct parquet_chunk *ret, struct err *err)
{
	struct parquet_chunk chunk = { .column = c, .stats = { .order = c->order } };
	struct span span = { .row = 0 };

	if (c->dictionary_rows) {
		chunk.dictionary_offset = p->offset;
		if (write_page(p, buf_slice(&c->dictionary.plain), NULL, &chunk, NULL, err))
			return -1;
	}
	chunk.data_offset = p->offset;
	while (span.row + span.rows < c->rows) {
		next_span(p, c, &span);
		if (write_data_page(p, &span, &chunk, err))
			return -1;
	}
	*ret = chunk;
	return 0;
}
