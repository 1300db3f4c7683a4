/* SPDX-License-Identifier: MIT */
/*
 * Parquet: a record is read into a row of its schema when it comes, exactly or rejected
 * (codec/table_value.h), and the row waits as bytes (codec/table_row.h); one writer after the other
 * makes objects of them.
 *
 * Memory: one row group of one object (codec/parquet.h: twice row_group_bytes at most) and a batch of
 * rows, however many are collected. A batch depends on the rows alone, not on how they come: so do row
 * groups.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/parquet.h"
#include "codec/table_row.h"
#include "kafka-to-s3/format/columns_reader.h"
#include "kafka-to-s3/format/format_ops.h"

enum {
	OUT_BYTES = 64 * 1024, /* pages of small columns are gathered to this */
	/* Of the rows that wait, whose size rolls files: an epoch must be rebuilt with the same. */
	ROW_VERSION = 1,
};

struct parquet_format {
	struct format base;
	struct columns_reader *reader;
	const struct table_schema *schema; /* the reader's */
	struct table_value *row;           /* the reader's */
	struct parquet_options options;
	struct buf waiting; /* the row as bytes */
	/* writing */
	struct parquet_writer *writer; /* NULL between objects */
	struct table_value *batch; /* rows taken, one behind the other */
	const struct format_output *output; /* within a call */
	struct buf cut; /* rows that are no whole batch yet, and what is there of one more */
	struct buf out;
};

static void
parquet_free(struct format *base)
{
	struct parquet_format *f = (struct parquet_format *)base;

	parquet_writer_free(f->writer);
	columns_reader_free(f->reader);
	free(f->batch);
	buf_release(&f->waiting);
	buf_release(&f->cut);
	buf_release(&f->out);
	free(f);
}

static enum parquet_codec
codec_of(enum format_codec codec)
{
	switch (codec) {
	case FORMAT_CODEC_NONE:
		return PARQUET_UNCOMPRESSED;
	case FORMAT_CODEC_LZ4:
		return PARQUET_LZ4_RAW;
	case FORMAT_CODEC_GZIP:
		return PARQUET_GZIP;
	case FORMAT_CODEC_ZSTD:
		return PARQUET_ZSTD;
	case FORMAT_CODEC_DEFAULT:
	case FORMAT_CODEC_SNAPPY:
		break;
	}
	return PARQUET_SNAPPY;
}

static struct format *
parquet_make(const struct format_options *options, struct err *err)
{
	struct parquet_format *f = calloc(1, sizeof(*f));

	if (!f) {
		err_no_memory(err);
		return NULL;
	}
	f->options = (struct parquet_options)PARQUET_OPTIONS_INIT;
	f->options.codec = codec_of(options->codec);
	f->options.row_group_bytes_max = options->row_group_bytes;
	buf_init(&f->waiting, UINT32_MAX);
	buf_init(&f->cut, UINT32_MAX);
	buf_init(&f->out, SIZE_MAX / 2);
	f->reader = columns_reader_new(options, err);
	if (!f->reader) {
		parquet_free(&f->base);
		return NULL;
	}
	f->schema = columns_reader_schema(f->reader);
	f->row = columns_reader_row(f->reader);
	f->batch = calloc((size_t)f->schema->count * PARQUET_BATCH_ROWS, sizeof(*f->batch));
	if (!f->batch) {
		err_no_memory(err);
		parquet_free(&f->base);
		return NULL;
	}
	return &f->base;
}

static int
parquet_bind(struct format *base, struct field_set *fields, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;

	if (columns_reader_bind(f->reader, fields, err))
		return -1;
	base->uses_time = columns_reader_uses_time(f->reader);
	base->uses_headers = columns_reader_uses_headers(f->reader);
	return 0;
}

/* ---- rows ---- */

static int
parquet_row(struct format *base, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;

	if (columns_reader_read(f->reader, record, time_ms, err))
		return -1;
	buf_clear(&f->waiting);
	if (table_row_append(f->schema, f->row, &f->waiting, err))
		return -1;
	if (f->waiting.len > PARQUET_ROW_BYTES_MAX)
		return record_reject(record, -1, "its row is larger than 64 MiB", err);
	*ret = buf_slice(&f->waiting);
	return 0;
}

/* ---- objects ---- */

static int
flush(struct parquet_format *f, struct err *err)
{
	int rc = f->output->write(f->output->context, buf_slice(&f->out), err);

	buf_clear(&f->out);
	return rc;
}

static int
take_bytes(void *context, struct slice bytes, struct err *err)
{
	struct parquet_format *f = context;

	if (f->out.len && f->out.len + bytes.len > OUT_BYTES && flush(f, err))
		return -1;
	if (bytes.len > OUT_BYTES)
		return f->output->write(f->output->context, bytes, err);
	return buf_append(&f->out, bytes, err);
}

static int
begin(struct parquet_format *f, struct err *err)
{
	struct parquet_output output = { .write = take_bytes, .context = f };

	if (!f->writer)
		f->writer = parquet_writer_new(f->schema, &f->options, output, err);
	return f->writer ? 0 : -1;
}

/* Takes rows until a batch is whole, which they alone decide. */
static unsigned
take_batch(const struct parquet_format *f, struct slice *rest, bool *ret_is_whole)
{
	const char *begin = rest->data;
	unsigned n = 0;

	*ret_is_whole = false;
	while (!*ret_is_whole && rest->len &&
	       table_row_take(f->schema, rest, f->batch + (size_t)n * f->schema->count))
		*ret_is_whole =
		    ++n == PARQUET_BATCH_ROWS || rest->data - begin >= PARQUET_BATCH_BYTES;
	return n;
}

/* Rows that make no whole batch are left in `cut` until these are the last. */
static int
write_rows(struct parquet_format *f, bool is_end, struct err *err)
{
	struct slice left = buf_slice(&f->cut), rest = left;
	bool is_whole;
	unsigned n;

	while ((n = take_batch(f, &rest, &is_whole)) && (is_whole || is_end)) {
		if (parquet_writer_rows(f->writer, f->batch, n, err))
			return -1;
		left = rest;
	}
	buf_drop_front(&f->cut, f->cut.len - left.len);
	return 0;
}

static int
parquet_encode(
    struct format *base, struct slice rows, const struct format_output *output, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;

	f->output = output;
	return begin(f, err) || buf_append(&f->cut, rows, err) || write_rows(f, false, err) ? -1 : 0;
}

static int
parquet_finish(struct format *base, const struct format_output *output, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;
	int rc;

	f->output = output;
	if (begin(f, err) || write_rows(f, true, err))
		return -1;
	if (f->cut.len)
		return err_set(err, ERR_FAULT, "rows end within one");
	rc = parquet_writer_finish(f->writer, err) || flush(f, err) ? -1 : 0;
	parquet_writer_free(f->writer);
	f->writer = NULL;
	return rc;
}

/* ---- what shapes them ---- */

static void
parquet_drop(struct format *base)
{
	struct parquet_format *f = (struct parquet_format *)base;

	buf_clear(&f->cut);
	buf_clear(&f->out);
	parquet_writer_free(f->writer);
	f->writer = NULL;
}

/* Not the versions of this program and of libraries: where one made other bytes, and published them, that is
 * found by comparing. */
static uint64_t
parquet_hash(const struct format *base, uint64_t hash)
{
	const struct parquet_format *f = (const struct parquet_format *)base;
	char text[128];

	(void)snprintf(text, sizeof(text), "%d;%d;%zu;", ROW_VERSION, (int)f->options.codec,
	    f->options.row_group_bytes_max);
	return columns_reader_hash(f->reader, slice_hash(hash, slice_of(text)));
}

const struct format_ops format_parquet_ops = {
	.name = "parquet",
	.row_end = "",
	.compresses_itself = true,
	.make = parquet_make,
	.free = parquet_free,
	.bind = parquet_bind,
	.row = parquet_row,
	.encode = parquet_encode,
	.finish = parquet_finish,
	.drop = parquet_drop,
	.hash = parquet_hash,
};
