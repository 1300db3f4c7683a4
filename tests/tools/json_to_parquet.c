/* SPDX-License-Identifier: MIT */
/*
 * For tests and measurements: newline JSON on standard input becomes a Parquet file on standard
 * output, through the library alone.
 *
 *   json_to_parquet SCHEMA [CODEC [ROW_GROUP_BYTES [ROW_GROUP_ROWS [PAGE_BYTES]]]]
 *
 * Records that do not fit are named on standard error, with their line, and left out; the exit
 * status is then 65. PRINT in the place of CODEC prints the schema as it was understood.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/parquet.h"
#include "io/read_file.h"

enum { INPUT_BYTES = 1 << 20, RECORD_BYTES_MAX = 64 << 20, SCHEMA_BYTES_MAX = 1 << 20 };

struct job {
	const struct table_schema *schema;
	struct json_scanner *scanner;
	struct json_value *values;
	unsigned *fields;
	struct table_value *row;
	struct parquet_writer *writer;
	struct buf scratch;
	long line;
	bool has_rejected;
};

static int
to_stdout(void *context, struct slice bytes, struct err *err)
{
	(void)context;
	if (bytes.len && fwrite(bytes.data, bytes.len, 1, stdout) != 1)
		return err_set(err, ERR_IO, "standard output");
	return 0;
}

static void
reject(struct job *j, const char *name, const char *reason)
{
	(void)fprintf(stderr, "line %ld: %s%s%s\n", j->line, name, *name ? ": " : "", reason);
	j->has_rejected = true;
}

static int
one_record(struct job *j, struct slice record, struct err *err)
{
	char reason[TABLE_REASON_BYTES];
	struct json_fault fault;
	unsigned column;

	j->line++;
	if (json_scan(j->scanner, record, j->values, &fault)) {
		reject(j, "", fault.reason);
	} else if (table_row_read(
		       j->schema, j->values, j->fields, &j->scratch, j->row, &column, reason)) {
		reject(j, j->schema->columns[column].name, reason);
	} else {
		return parquet_writer_rows(j->writer, j->row, 1, err);
	}
	return 0;
}

/* Reads standard input; records lie in `in` with the padding behind them. */
static int
all_records(struct job *j, struct buf *in, struct err *err)
{
	size_t begin, len;

	for (;;) {
		char *end;

		if (buf_reserve(in, INPUT_BYTES, err))
			return -1;
		len = fread(in->data + in->len, 1, INPUT_BYTES, stdin);
		in->len += len;
		if (buf_pad(in, err))
			return -1;
		for (begin = 0; (end = memchr(in->data + begin, '\n', in->len - begin)) != NULL;
		     begin = (size_t)(end - in->data) + 1) {
			struct slice record =
			    slice_make(in->data + begin, (size_t)(end - in->data) - begin);

			if (one_record(j, record, err))
				return -1;
		}
		buf_drop_front(in, begin);
		if (!len)
			return in->len ? one_record(j, buf_slice(in), err) : 0;
	}
}

static int
prepare(struct job *j, const struct parquet_options *options, struct err *err)
{
	struct parquet_output output = { .write = to_stdout };
	struct json_paths *paths = json_paths_new(err);
	unsigned count = j->schema->count;
	int field = 0;

	j->fields = calloc(count, sizeof(*j->fields));
	j->values = calloc(count, sizeof(*j->values));
	j->row = calloc(count, sizeof(*j->row));
	for (unsigned i = 0; paths && j->fields && field >= 0 && i < count; i++) {
		field = json_paths_add(paths, slice_of(j->schema->columns[i].path), err);
		j->fields[i] = (unsigned)field;
	}
	if (paths && field >= 0)
		j->scanner = json_scanner_new(paths, err);
	json_paths_free(paths);
	j->writer = parquet_writer_new(j->schema, options, output, err);
	return j->scanner && j->fields && j->values && j->row && j->writer ? 0 : -1;
}

static int
convert(struct job *j, const struct parquet_options *options, struct err *err)
{
	struct buf in = BUF_INIT(RECORD_BYTES_MAX);
	int rc = prepare(j, options, err) || all_records(j, &in, err) ||
	                 parquet_writer_finish(j->writer, err)
	             ? -1
	             : 0;

	buf_release(&in);
	buf_release(&j->scratch);
	json_scanner_free(j->scanner);
	parquet_writer_free(j->writer);
	free(j->values);
	free(j->fields);
	free(j->row);
	return rc;
}

static int
print(const struct table_schema *schema, struct err *err)
{
	struct buf out = BUF_INIT(SCHEMA_BYTES_MAX);
	int rc = table_schema_append(schema, &out, err) || to_stdout(NULL, buf_slice(&out), err);

	buf_release(&out);
	return rc;
}

static int
read_options(int argc, char **argv, struct parquet_options *o, struct err *err)
{
	if (argc > 2 && strcmp(argv[2], "PRINT") != 0 &&
	    parquet_codec_parse(argv[2], &o->codec, err))
		return -1;
	if (argc > 3)
		o->row_group_bytes_max = strtoul(argv[3], NULL, 10);
	if (argc > 4)
		o->row_group_rows_max = (uint32_t)strtoul(argv[4], NULL, 10);
	if (argc > 5)
		o->page_bytes_max = strtoul(argv[5], NULL, 10);
	return 0;
}

int
main(int argc, char **argv)
{
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct job j = { .scratch = BUF_INIT(RECORD_BYTES_MAX) };
	char *file = NULL;
	struct table_schema *schema = NULL;
	struct err err = ERR_INIT;
	int rc = -1;

	if (argc < 2) {
		(void)fputs("usage: json_to_parquet SCHEMA [CODEC [...]]\n", stderr);
		return 2;
	}
	if (!read_options(argc, argv, &options, &err))
		file = read_file(argv[1], SCHEMA_BYTES_MAX, &err);
	if (file)
		schema = table_schema_parse(slice_of(file), &err);
	j.schema = schema;
	if (schema && argc > 2 && !strcmp(argv[2], "PRINT"))
		rc = print(schema, &err);
	else if (schema)
		rc = convert(&j, &options, &err);
	if (!rc && fflush(stdout))
		rc = err_set(&err, ERR_IO, "standard output");
	if (rc)
		(void)fprintf(stderr, "json_to_parquet: %s\n", err.text);
	table_schema_free(schema);
	free(file);
	return rc ? (int)err.class : j.has_rejected ? 65 : 0;
}
