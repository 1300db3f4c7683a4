/* SPDX-License-Identifier: MIT */
/*
 * Parquet: a record is read into a row of its schema when it comes, exactly or rejected
 * (codec/table_value.h), and the row waits as bytes (codec/table_row.h); one writer after the other
 * makes objects of them.
 *
 * Memory: one row group of one object (codec/parquet.h: twice row_group_bytes at most), however
 * many are collected.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/parquet.h"
#include "codec/table_row.h"
#include "kafka-to-s3/additions.h"
#include "kafka-to-s3/columns.h"
#include "kafka-to-s3/format_ops.h"
#include "kafka-to-s3/json_text.h"

enum {
	OUT_BYTES = 64 * 1024, /* pages of small columns are gathered to this */
	REASON_BYTES = 320,
	/* Of the rows that wait, whose size rolls files: an epoch must be rebuilt with the same. */
	ROW_VERSION = 1,
};

struct parquet_format {
	struct format base;
	struct columns columns;
	const struct table_schema *schema; /* of the columns */
	uint64_t schema_hash;
	struct parquet_options options;
	/* reading */
	const struct field_set *fields;
	unsigned *indices; /* in the set, one a column */
	struct table_value *row;
	struct buf scratch;
	struct additions *additions; /* NULL: none; what follows is for them */
	struct json_value *values;   /* one a column */
	unsigned *own;               /* 0, 1, 2 ...: the values' indices */
	struct buf added;            /* texts, one after the other */
	struct buf waiting; /* the row as bytes */
	/* writing */
	struct parquet_writer *writer; /* NULL between objects */
	struct table_value *taken;     /* a row */
	const struct format_output *output; /* within a call */
	struct buf cut; /* what is there of a row whose end is not */
	struct buf out;
};

static void
parquet_free(struct format *base)
{
	struct parquet_format *f = (struct parquet_format *)base;

	parquet_writer_free(f->writer);
	additions_free(f->additions);
	columns_release(&f->columns);
	free(f->indices);
	free(f->row);
	free(f->taken);
	free(f->values);
	free(f->own);
	buf_release(&f->added);
	buf_release(&f->scratch);
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

/* Of the schema as it is understood: a file that is only written otherwise is the same. */
static int
hash_schema(const struct table_schema *schema, uint64_t *ret, struct err *err)
{
	struct buf text = BUF_INIT(UINT32_MAX);
	int rc = table_schema_append(schema, &text, err);

	if (!rc)
		*ret = slice_hash(SLICE_HASH_SEED, buf_slice(&text));
	buf_release(&text);
	return rc;
}

static int
make_columns(struct parquet_format *f, const struct format_options *options, struct err *err)
{
	unsigned count;

	if (columns_init(&f->columns, options->schema, options->shape, err))
		return -1;
	f->schema = f->columns.schema;
	count = f->schema->count;
	f->indices = calloc(count, sizeof(*f->indices));
	f->row = calloc(count, sizeof(*f->row));
	f->taken = calloc(count, sizeof(*f->taken));
	f->values = calloc(count, sizeof(*f->values));
	f->own = calloc(count, sizeof(*f->own));
	if (!f->indices || !f->row || !f->taken || !f->values || !f->own)
		return err_no_memory(err);
	for (unsigned i = 0; i < count; i++)
		f->own[i] = i;
	return hash_schema(f->schema, &f->schema_hash, err);
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
	buf_init(&f->scratch, UINT32_MAX); /* decoded strings are no longer than the value */
	buf_init(&f->added, UINT32_MAX);
	buf_init(&f->waiting, UINT32_MAX);
	buf_init(&f->cut, UINT32_MAX);
	buf_init(&f->out, SIZE_MAX / 2);
	if (!make_columns(f, options, err))
		return &f->base;
	parquet_free(&f->base);
	return NULL;
}

static int
bind_additions(struct parquet_format *f, struct field_set *fields, struct err *err)
{
	const struct shape_options *shape = f->base.options.shape;

	if (!shape || !shape->add_count)
		return 0;
	field_set_check_all(fields);
	f->additions = additions_new(shape, fields, err);
	if (!f->additions)
		return -1;
	f->base.uses_time = additions_use_time(f->additions);
	f->base.uses_headers = additions_use_headers(f->additions);
	return 0;
}

static int
parquet_bind(struct format *base, struct field_set *fields, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;

	for (unsigned i = 0; i < f->schema->count; i++) {
		const struct table_column *c = &f->schema->columns[i];
		int index;

		if (f->columns.adds[i] != COLUMN_OF_RECORD)
			continue;
		index = field_set_add(fields, slice_of(c->path), err);
		if (index < 0)
			return err_wrap(err, "--schema: column \"%s\"", c->name);
		f->indices[i] = (unsigned)index;
	}
	f->fields = fields;
	return bind_additions(f, fields, err);
}

/* ---- rows ---- */

/* The field is told by its path; a column only where that is called otherwise. */
static int
reject(const struct parquet_format *f, const struct record *record, unsigned column,
    const char *reason, struct err *err)
{
	const struct table_column *c = &f->schema->columns[column];
	char text[REASON_BYTES];

	if (f->columns.adds[column] == COLUMN_OF_RECORD && strcmp(c->name, c->path) == 0)
		return field_reject(f->fields, record, f->indices[column], reason, err);
	(void)snprintf(text, sizeof(text), "column %s: %s", c->name, reason);
	if (f->columns.adds[column] != COLUMN_OF_RECORD)
		return record_reject(record, -1, text, err);
	return field_reject(f->fields, record, f->indices[column], text, err);
}

/* Texts may move while more are added: only their lengths are kept. */
static int
render_additions(
    struct parquet_format *f, const struct record *record, int64_t time_ms, struct err *err)
{
	buf_clear(&f->added);
	for (unsigned i = 0; i < f->schema->count; i++) {
		size_t begin = f->added.len;

		if (f->columns.adds[i] == COLUMN_OF_RECORD)
			continue;
		if (additions_render(f->additions, (size_t)f->columns.adds[i], f->fields, record,
			time_ms, &f->added, err))
			return -1;
		f->values[i].len = (uint32_t)(f->added.len - begin);
	}
	return 0;
}

/* The fields' values and what is added, column by column. */
static int
gather_values(
    struct parquet_format *f, const struct record *record, int64_t time_ms, struct err *err)
{
	const struct json_value *values = field_values(f->fields);
	const struct shape_options *shape = f->base.options.shape;
	const char *at;

	if (render_additions(f, record, time_ms, err))
		return -1;
	at = f->added.data;
	for (unsigned i = 0; i < f->schema->count; i++) {
		struct slice text = slice_make(at, f->values[i].len);

		if (f->columns.adds[i] == COLUMN_OF_RECORD) {
			f->values[i] = values[f->indices[i]];
			continue;
		}
		at += text.len;
		if (shape->adds[f->columns.adds[i]].is_json)
			f->values[i] = json_text_value(slice_trim(text));
		else
			f->values[i] = (struct json_value){ .type = JSON_TYPE_STRING,
				.data = text.data,
				.len = (uint32_t)text.len };
	}
	return 0;
}

static int
read_row(struct parquet_format *f, const struct record *record, int64_t time_ms, struct err *err)
{
	const struct json_value *values = f->values;
	char reason[TABLE_REASON_BYTES];
	unsigned column;

	if (!f->additions)
		values = field_values(f->fields);
	else if (gather_values(f, record, time_ms, err))
		return -1;
	if (table_row_read(f->schema, values, f->additions ? f->own : f->indices, &f->scratch,
		f->row, &column, reason))
		return reject(f, record, column, reason, err);
	return 0;
}

static int
parquet_row(struct format *base, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;

	if (read_row(f, record, time_ms, err))
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

static int
write_rows(struct parquet_format *f, struct slice *rest, struct err *err)
{
	while (rest->len && table_row_take(f->schema, rest, f->taken)) {
		if (parquet_writer_row(f->writer, f->taken, err))
			return -1;
	}
	return 0;
}

static int
parquet_encode(
    struct format *base, struct slice rows, const struct format_output *output, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;
	struct slice rest;

	f->output = output;
	if (begin(f, err) || buf_append(&f->cut, rows, err))
		return -1;
	rest = buf_slice(&f->cut);
	if (write_rows(f, &rest, err))
		return -1;
	buf_drop_front(&f->cut, f->cut.len - rest.len);
	return 0;
}

static int
parquet_finish(struct format *base, const struct format_output *output, struct err *err)
{
	struct parquet_format *f = (struct parquet_format *)base;
	int rc;

	f->output = output;
	if (f->cut.len)
		return err_set(err, ERR_FAULT, "rows end within one");
	rc = begin(f, err) || parquet_writer_finish(f->writer, err) || flush(f, err) ? -1 : 0;
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

/* Not the versions of this program and of libraries: an epoch that another one began is finished
 * with the same records in each object, if not the same bytes. */
static uint64_t
parquet_hash(const struct format *base, uint64_t hash)
{
	const struct parquet_format *f = (const struct parquet_format *)base;
	char text[128];

	(void)snprintf(text, sizeof(text), "%d;%016" PRIx64 ";%d;%zu;", ROW_VERSION, f->schema_hash,
	    (int)f->options.codec, f->options.row_group_bytes_max);
	return slice_hash(hash, slice_of(text));
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
