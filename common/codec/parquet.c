/* SPDX-License-Identifier: MIT */
#include "codec/parquet.h"

#include <assert.h>
#include <stdlib.h>

#include "codec/parquet_meta.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "plain values are little endian");

/* A footer's length is an i32, and readers hold it in memory whole. */
enum { FOOTER_BYTES_MAX = 1 << 30, PAGE_BYTES_MAX = 1 << 28 };

struct parquet_writer {
	const struct table_schema *schema;
	struct parquet_options options;
	struct parquet_compressor *compressor;
	struct parquet_column *columns;
	struct parquet_chunk *chunks;
	struct parquet_pages pages;
	struct parquet_meta meta;
	uint32_t rows; /* of the row group being made */
	size_t held;   /* bytes of it */
};

struct parquet_writer *
parquet_writer_new(const struct table_schema *schema, const struct parquet_options *options,
    struct parquet_output output, struct err *err)
{
	struct parquet_writer *w = calloc(1, sizeof(*w));

	assert(schema->count && options->row_group_bytes_max <= PARQUET_ROW_GROUP_BYTES_MAX &&
	       options->row_group_rows_max &&
	       options->row_group_rows_max <= PARQUET_ROW_GROUP_ROWS && options->page_bytes_max &&
	       options->page_bytes_max <= PAGE_BYTES_MAX);
	if (!w) {
		err_no_memory(err);
		return NULL;
	}
	w->schema = schema;
	w->options = *options;
	w->columns = calloc(schema->count, sizeof(*w->columns));
	w->chunks = calloc(schema->count, sizeof(*w->chunks));
	if (!w->columns || !w->chunks) {
		err_no_memory(err);
		goto fail;
	}
	for (unsigned i = 0; i < schema->count; i++)
		parquet_column_init(&w->columns[i], &schema->columns[i],
		    options->row_group_bytes_max * 2 + PARQUET_ROW_BYTES_MAX);
	w->compressor = parquet_compressor_new(options->codec, err);
	if (!w->compressor)
		goto fail;
	parquet_pages_init(&w->pages, output, w->compressor, options->page_bytes_max);
	w->meta = (struct parquet_meta){
		.columns = w->columns, .count = schema->count, .codec = options->codec
	};
	buf_init(&w->meta.group_list, FOOTER_BYTES_MAX);
	return w;
fail:
	parquet_writer_free(w);
	return NULL;
}

void
parquet_writer_free(struct parquet_writer *w)
{
	if (!w)
		return;
	for (unsigned i = 0; w->columns && i < w->schema->count; i++)
		parquet_column_release(&w->columns[i]);
	free(w->columns);
	free(w->chunks);
	parquet_pages_release(&w->pages);
	parquet_compressor_free(w->compressor);
	buf_release(&w->meta.group_list);
	free(w);
}

int64_t
parquet_writer_bytes(const struct parquet_writer *w)
{
	return w->pages.offset;
}

size_t
parquet_writer_held_bytes(const struct parquet_writer *w)
{
	return w->held;
}

/* README.md: the magic number stands at both ends. */
static int
begin_file(struct parquet_writer *w, struct err *err)
{
	return w->pages.offset ? 0 : parquet_pages_write(&w->pages, slice_of(PARQUET_MAGIC), err);
}

/* Writes the row group that is held, column by column. */
static int
flush_group(struct parquet_writer *w, struct err *err)
{
	if (begin_file(w, err))
		return -1;
	for (unsigned i = 0; i < w->schema->count; i++) {
		if (parquet_column_settle(&w->columns[i], err) ||
		    parquet_pages_chunk(&w->pages, &w->columns[i], &w->chunks[i], err))
			return -1;
	}
	if (parquet_meta_add_group(&w->meta, w->chunks, w->rows, err))
		return -1;
	for (unsigned i = 0; i < w->schema->count; i++)
		parquet_column_clear(&w->columns[i]);
	w->rows = 0;
	w->held = 0;
	return 0;
}

static size_t
string_bytes(const struct table_schema *s, const struct table_value *rows, size_t count)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < s->count; i++) {
		const struct table_value *v = rows + i;

		if (s->columns[i].type != TABLE_STRING && s->columns[i].type != TABLE_JSON)
			continue;
		for (size_t row = 0; row < count; row++, v += s->count)
			bytes += v->is_null ? 0 : v->bytes.len;
	}
	return bytes;
}

static int
check_rows(
    const struct table_schema *s, const struct table_value *rows, size_t count, struct err *err)
{
	if (string_bytes(s, rows, count) <= PARQUET_ROW_BYTES_MAX)
		return 0;
	for (; count; count--, rows += s->count)
		if (string_bytes(s, rows, 1) > PARQUET_ROW_BYTES_MAX)
			return err_set(
			    err, ERR_DATA, "a row of more than %d bytes", PARQUET_ROW_BYTES_MAX);
	return 0;
}

/* How many of the rows make a batch. */
static unsigned
batch_rows(const struct parquet_writer *w, const struct table_value *rows, size_t count)
{
	uint32_t rows_max = w->options.row_group_rows_max - w->rows;
	size_t bytes = 0;
	unsigned n = 0;

	if (rows_max > PARQUET_BATCH_ROWS)
		rows_max = PARQUET_BATCH_ROWS;
	if (count > rows_max)
		count = rows_max;
	if (string_bytes(w->schema, rows, count) <= PARQUET_BATCH_BYTES)
		return (unsigned)count;
	for (; bytes <= PARQUET_BATCH_BYTES; n++, rows += w->schema->count)
		bytes += string_bytes(w->schema, rows, 1);
	return n;
}

int
parquet_writer_rows(
    struct parquet_writer *w, const struct table_value *rows, size_t count, struct err *err)
{
	unsigned columns = w->schema->count, n;

	if (check_rows(w->schema, rows, count, err))
		return -1;
	for (; count; count -= n, rows += (size_t)n * columns) {
		n = batch_rows(w, rows, count);
		for (unsigned i = 0; i < columns; i++)
			if (parquet_column_append_batch(
				&w->columns[i], rows + i, columns, n, &w->held, err))
				return -1;
		w->rows += n;
		if ((w->held >= w->options.row_group_bytes_max ||
			w->rows == w->options.row_group_rows_max) &&
		    flush_group(w, err))
			return -1;
	}
	return 0;
}

int
parquet_writer_finish(struct parquet_writer *w, struct err *err)
{
	struct buf footer = BUF_INIT(FOOTER_BYTES_MAX);
	int rc = -1;

	if ((w->rows ? flush_group(w, err) : begin_file(w, err)) == 0 &&
	    parquet_meta_append(&w->meta, &footer, err) == 0)
		rc = parquet_pages_write(&w->pages, buf_slice(&footer), err);
	buf_release(&footer);
	return rc;
}
