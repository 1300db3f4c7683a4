/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/options_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/parquet.h"
#include "io/read_file.h"

enum {
	SCHEMA_BYTES_MAX = 4 * 1024 * 1024,
	ROW_GROUP_BYTES_DEFAULT = 16 * 1024 * 1024,
	ROW_GROUP_BYTES_MIN = 64 * 1024,
	PRINT_COUNT_DEFAULT = 1000,
};

static int
set_print(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct table_options *options = target;

	(void)origin;
	options->print_count = PRINT_COUNT_DEFAULT;
	if (value && opt_parse_int(value, &options->print_count, err))
		return -1;
	return options->print_count > 0 ? 0 : err_set(err, ERR_USAGE, "\"%s\" is below 1", value);
}

static int
set_ddl(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct table_options *options = target;

	(void)origin;
	options->print_ddl = true;
	return strcmp(value, "athena") == 0
	           ? 0
	           : err_set(err, ERR_USAGE, "\"%s\" is not athena, the only one known", value);
}

const struct opt table_rows[] = {
	{ 0, "schema", "FILE",
	    "the columns: a schema of names, paths and types, or an Avro record's (.avsc)",
	    OPT_TEXT, offsetof(struct table_options, schema_path), 0, 0, NULL },
	{ 0, "row-group-bytes", "SIZE",
	    "a row group of parquet is about this large before compression [16M]", OPT_SIZE,
	    offsetof(struct table_options, row_group_bytes), ROW_GROUP_BYTES_MIN,
	    PARQUET_ROW_GROUP_BYTES_MAX, NULL },
	{ 0, "print-schema", "[=N]",
	    "read N records, print the schema that they suggest, and write nothing [1000]",
	    OPT_CALL, 0, 0, 0, set_print },
	{ 0, "print-ddl", "athena",
	    "print the CREATE EXTERNAL TABLE for what these options write, and write nothing",
	    OPT_CALL, 0, 0, 0, set_ddl },
	{ 0, "table", "NAME", "what that table is called [the last part of the target]", OPT_TEXT,
	    offsetof(struct table_options, table), 0, 0, NULL },
};

const size_t table_row_count = sizeof(table_rows) / sizeof(*table_rows);

static int
check(const struct table_options *o, const struct format_options *format, struct err *err)
{
	bool is_parquet = format->kind == FORMAT_PARQUET;

	if (is_parquet && !o->schema_path)
		return err_set(err, ERR_USAGE,
		    "--format parquet needs --schema FILE (--print-schema suggests one)");
	if (!is_parquet && format->kind != FORMAT_CSV && o->schema_path && !o->print_ddl)
		return err_set(err, ERR_USAGE, "--schema is for --format parquet and csv");
	if (o->table && !o->print_ddl)
		return err_set(err, ERR_USAGE, "--table is for --print-ddl");
	if (!is_parquet && o->row_group_bytes)
		return err_set(err, ERR_USAGE, "--row-group-bytes is for --format parquet");
	return 0;
}

int
table_options_load(struct table_options *o, struct format_options *ret, struct err *err)
{
	char *text;

	if (check(o, ret, err))
		return -1;
	if (!o->schema_path)
		return 0;
	text = read_file(o->schema_path, SCHEMA_BYTES_MAX, err);
	if (!text)
		return err_wrap(err, "--schema");
	o->schema = table_schema_parse(slice_of(text), err);
	free(text);
	if (!o->schema)
		return err_wrap(err, "--schema %s", o->schema_path);
	ret->schema = o->schema;
	ret->row_group_bytes =
	    (size_t)(o->row_group_bytes ? o->row_group_bytes : ROW_GROUP_BYTES_DEFAULT);
	return 0;
}

int
table_options_print_ddl(const struct ddl_options *options, struct job *job, struct err *err)
{
	struct buf text = BUF_INIT(SCHEMA_BYTES_MAX);
	int rc = ddl_athena(options, &text, err);

	if (!rc) {
		(void)fwrite(text.data, 1, text.len, stdout); /* job_finish looks */
		rc = job_finish(job, err);
	}
	buf_release(&text);
	return rc;
}

void
table_options_release(struct table_options *o)
{
	table_schema_free(o->schema);
	o->schema = NULL;
}
