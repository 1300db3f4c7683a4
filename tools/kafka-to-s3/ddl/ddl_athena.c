/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/ddl/ddl_athena.h"

#include <ctype.h>
#include <stdlib.h>

#include "kafka-to-s3/ddl/ddl_state.h"

/* ---- words ---- */

/* In backticks whatever it is: reserved words need them. */
int
ddl_append_identifier(struct ddl *d, struct slice name, struct err *err)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '`')
			return err_set(err, ERR_USAGE, "a name with a ` in it: %.*s", SLICE_ARGS(name));
	}
	return buf_appendf(d->out, err, "`%.*s`", SLICE_ARGS(name));
}

/* In double quotes where a single one is in it, as in "yyyy'T'HH". */
static int
append_quoted(struct ddl *d, struct slice text, struct err *err)
{
	char quote = text.len && memchr(text.data, '\'', text.len) ? '"' : '\'';

	if (buf_append_char(d->out, quote, err))
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\t') {
			if (buf_append_text(d->out, "\\t", err))
				return -1;
			continue;
		}
		if ((text.data[i] == quote || text.data[i] == '\\') &&
		    buf_append_char(d->out, '\\', err))
			return -1;
		if (buf_append_char(d->out, text.data[i], err))
			return -1;
	}
	return buf_append_char(d->out, quote, err);
}

/* The first begins a list, the others go on with it. */
int
ddl_append_property(
    struct ddl *d, unsigned *count, struct slice key, struct slice value, struct err *err)
{
	return buf_append_text(d->out, (*count)++ ? ",\n  " : "\n  ", err) ||
	               append_quoted(d, key, err) || buf_append_text(d->out, " = ", err) ||
	               append_quoted(d, value, err)
	           ? -1
	           : 0;
}

static int
append_setting(struct ddl *d, unsigned *count, const char *key, const char *value, struct err *err)
{
	return ddl_append_property(d, count, slice_of(key), slice_of(value), err);
}

/* ---- what reads them ---- */

static int
append_json_serde(struct ddl *d, struct err *err)
{
	size_t before;
	unsigned count = 0;

	if (buf_append_text(
		d->out, "\nROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", err))
		return -1;
	before = d->out->len;
	if (buf_append_text(d->out, "\nWITH SERDEPROPERTIES (", err) ||
	    ddl_append_mappings(d, &count, err))
		return -1;
	if (!count) {
		d->out->len = before;
		return 0;
	}
	return buf_append_text(d->out, "\n)", err);
}

static int
append_csv_serde(struct ddl *d, struct err *err)
{
	char separator = d->options->format->delimiter ? d->options->format->delimiter : ',';
	unsigned count = 0;

	return buf_append_text(d->out,
	           "\nROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
	           "\nWITH SERDEPROPERTIES (",
	           err) ||
	               ddl_append_property(
	                   d, &count, slice_of("separatorChar"), slice_make(&separator, 1), err) ||
	               append_setting(d, &count, "quoteChar", "\"", err) ||
	               append_setting(d, &count, "escapeChar", "\\", err) ||
	               buf_append_text(d->out, "\n)", err)
	           ? -1
	           : 0;
}

static int
append_serde(struct ddl *d, struct err *err)
{
	if (d->options->format->kind == FORMAT_PARQUET)
		return buf_append_text(d->out, "\nSTORED AS PARQUET", err);
	return d->options->format->kind == FORMAT_CSV ? append_csv_serde(d, err)
	                                              : append_json_serde(d, err);
}

/* ---- partitions ---- */

static int
append_partitioned_by(struct ddl *d, struct err *err)
{
	if (!d->partitions.count)
		return 0;
	if (buf_append_text(d->out, "\nPARTITIONED BY (", err))
		return -1;
	for (size_t i = 0; i < d->partitions.count; i++) {
		const struct ddl_partition *c = &d->partitions.items[i];

		if (buf_append_text(d->out, i ? ",\n  " : "\n  ", err) ||
		    ddl_append_identifier(d, buf_slice(&c->name), err) ||
		    buf_append_text(d->out, c->projection == DDL_INTEGER ? " int" : " string", err))
			return -1;
	}
	return buf_append_text(d->out, "\n)", err);
}

static int
append_projected(struct ddl *d, unsigned *count, const struct ddl_partition *c, const char *what,
    const char *value, struct err *err)
{
	char key[256];

	if (snprintf(key, sizeof(key), "projection.%s.%s", c->name.data, what) >= (int)sizeof(key))
		return err_set(err, ERR_USAGE, "--path: the name %s is too long", c->name.data);
	return append_setting(d, count, key, value, err);
}

/* "Supported types for partition projection". */
static int
append_projection(struct ddl *d, unsigned *count, const struct ddl_partition *c, struct err *err)
{
	static const char *const types[] = { [DDL_INTEGER] = "integer", [DDL_DATE] = "date",
		[DDL_ENUM] = "enum", [DDL_INJECTED] = "injected" };
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%u", c->digits);
	if (append_projected(d, count, c, "type", types[c->projection], err))
		return -1;
	switch (c->projection) {
	case DDL_INTEGER:
		return append_projected(d, count, c, "range", c->range.data, err) ||
		               append_projected(d, count, c, "digits", digits, err)
		           ? -1
		           : 0;
	case DDL_DATE:
		return append_projected(d, count, c, "format", c->format.data, err) ||
		               append_projected(d, count, c, "range", c->range.data, err) ||
		               append_projected(d, count, c, "interval", "1", err) ||
		               append_projected(d, count, c, "interval.unit", c->unit, err)
		           ? -1
		           : 0;
	case DDL_ENUM:
		return append_projected(d, count, c, "values", c->format.data, err);
	case DDL_INJECTED:
		break;
	}
	return 0;
}

/* A target's name with a '/' at its end. */
static int
append_location(const struct ddl *d, struct buf *out, struct err *err)
{
	size_t len = strlen(d->options->target);

	return buf_append_text(out, d->options->target, err) ||
	               (d->options->target[len - 1] != '/' && buf_append_char(out, '/', err))
	           ? -1
	           : 0;
}

static int
append_projections(struct ddl *d, unsigned *count, struct err *err)
{
	struct buf template = BUF_INIT(2 * DDL_TEXT_BYTES_MAX);
	int rc = append_setting(d, count, "projection.enabled", "true", err);

	for (size_t i = 0; !rc && i < d->partitions.count; i++)
		rc = append_projection(d, count, &d->partitions.items[i], err);
	if (!rc)
		rc = append_location(d, &template, err) ||
		             buf_append(&template, buf_slice(&d->partitions.location), err) ||
		             ddl_append_property(d, count, slice_of("storage.location.template"),
		                 buf_slice(&template), err)
		         ? -1
		         : 0;
	buf_release(&template);
	return rc;
}

static int
append_properties(struct ddl *d, struct err *err)
{
	const struct format_options *format = d->options->format;
	size_t before = d->out->len;
	unsigned count = 0;

	if (buf_append_text(d->out, "\nTBLPROPERTIES (", err))
		return -1;
	if (format->kind == FORMAT_CSV && !format->has_no_header &&
	    append_setting(d, &count, "skip.header.line.count", "1", err))
		return -1;
	if (d->partitions.count && append_projections(d, &count, err))
		return -1;
	if (!count) {
		d->out->len = before;
		return 0;
	}
	return buf_append_text(d->out, "\n)", err);
}

/* ---- the statement ---- */

/* What has to be known to use it, as comments. */
static int
append_notes(struct ddl *d, struct err *err)
{
	bool has_injected = false, has_range = false, has_timeless = false;

	for (size_t i = 0; i < d->partitions.count; i++) {
		const struct ddl_partition *c = &d->partitions.items[i];

		if (c->projection == DDL_INTEGER || c->projection == DDL_DATE) {
			has_range = true;
			has_timeless |= c->takes_missing;
		}
		if (c->projection != DDL_INJECTED)
			continue;
		has_injected = true;
		if (buf_appendf(d->out, err, "-- Each query has to say which %s it wants: WHERE `%s` = '...'\n",
			c->name.data, c->name.data))
			return -1;
	}
	if (has_injected && d->partitions.is_hive &&
	    buf_append_text(d->out,
		"-- or leave out projection.* and storage.location.template, and run MSCK REPAIR TABLE\n"
		"-- whenever there are new directories\n",
		err))
		return -1;
	if (has_range &&
	    buf_append_text(d->out,
		"-- Ranges end where no data is expected: narrower ones plan faster.\n", err))
		return -1;
	if (has_timeless &&
	    buf_append_text(d->out,
		"-- Records without a time are in __DEFAULT_PARTITION__, which no range has.\n", err))
		return -1;
	/* "Use compression in Athena" tells three kinds of LZ4 apart, and not which of text are read */
	if (d->options->format->kind != FORMAT_PARQUET &&
	    d->options->format->codec == FORMAT_CODEC_LZ4 &&
	    buf_append_text(d->out,
		"-- Files are LZ4 frames, as lz4(1) makes them: Athena may want Hadoop's, and takes gzip and "
		"zstd.\n",
		err))
		return -1;
	return d->options->format->kind == FORMAT_CSV
	           ? buf_append_text(d->out,
	                 "-- The SerDe takes backslashes for escapes, and no line breaks in a cell.\n",
	                 err)
	           : 0;
}

/* TABLE, or DATABASE.TABLE. */
static int
append_given_table(struct ddl *d, struct slice name, struct err *err)
{
	struct slice database, table = name;
	bool has_database = slice_cut(name, '.', &database, &table);

	if (!has_database)
		table = name;
	if (!table.len || memchr(table.data, '.', table.len) || (has_database && !database.len))
		return err_set(err, ERR_USAGE, "--table %.*s is not TABLE or DATABASE.TABLE",
		    SLICE_ARGS(name));
	if (has_database &&
	    (ddl_append_identifier(d, database, err) || buf_append_char(d->out, '.', err)))
		return -1;
	return ddl_append_identifier(d, table, err);
}

/* The last part of the target, or the bucket. */
static int
append_table(struct ddl *d, struct err *err)
{
	struct slice name = slice_of(d->options->target);
	const char *slash;

	if (d->options->table)
		return append_given_table(d, slice_of(d->options->table), err);
	while (name.len && name.data[name.len - 1] == '/')
		name.len--;
	slash = memrchr(name.data, '/', name.len);
	name = slice_skip(name, (size_t)(slash - name.data) + 1);
	if (buf_append_char(d->out, '`', err))
		return -1;
	for (size_t i = 0; i < name.len; i++) {
		int c = tolower((unsigned char)name.data[i]);

		if (buf_append_char(d->out, isalnum(c) ? (char)c : '_', err))
			return -1;
	}
	return buf_append_char(d->out, '`', err);
}

static int
append_all(struct ddl *d, struct err *err)
{
	struct buf location = BUF_INIT(DDL_TEXT_BYTES_MAX);
	int rc = -1;

	if (!append_notes(d, err) &&
	    !buf_append_text(d->out, "CREATE EXTERNAL TABLE IF NOT EXISTS ", err) &&
	    !append_table(d, err) && !buf_append_text(d->out, " (", err) &&
	    !ddl_append_columns(d, err) && !buf_append_text(d->out, "\n)", err) &&
	    !append_partitioned_by(d, err) && !append_serde(d, err) &&
	    !buf_append_text(d->out, "\nLOCATION ", err) && !append_location(d, &location, err) &&
	    !append_quoted(d, buf_slice(&location), err) && !append_properties(d, err))
		rc = buf_append_text(d->out, ";\n", err);
	buf_release(&location);
	return rc;
}

static int
check(const struct ddl_options *o, struct err *err)
{
	if (strncmp(o->target, "s3://", 5) != 0)
		return err_set(err, ERR_USAGE, "--print-ddl athena: %s is not in S3", o->target);
	if (o->format->kind == FORMAT_ENVELOPE)
		return err_set(err, ERR_USAGE, "--print-ddl: not of envelopes (-J)");
	if (!o->format->schema && o->format->kind != FORMAT_CSV)
		return err_set(err, ERR_USAGE,
		    "--print-ddl needs the columns: --schema FILE (--print-schema suggests one)");
	return 0;
}

/* Without --select JSON has objects, which --rename gives other names too, though they are no columns of the schema. */
static bool
is_object(const struct format_options *format, struct slice name)
{
	for (unsigned i = 0; i < format->schema->count; i++) {
		struct slice path = slice_of(format->schema->columns[i].path);

		if (path.len > name.len && path.data[name.len] == '.' &&
		    slice_equal(slice_make(path.data, name.len), name))
			return true;
	}
	return false;
}

static int
make_columns(struct ddl *d, struct err *err)
{
	const struct format_options *format = d->options->format;
	struct shape_options *shape;
	int rc;

	if (!format->schema)
		return 0;
	if (format->kind != FORMAT_JSON || format->shape->select_count)
		return columns_init(&d->columns, format->schema, format->shape, err);
	shape = malloc(sizeof(*shape));
	if (!shape)
		return err_no_memory(err);
	*shape = *format->shape;
	shape->rename_count = 0;
	for (size_t i = 0; i < format->shape->rename_count; i++) {
		if (!is_object(format, format->shape->renames[i].from))
			shape->renames[shape->rename_count++] = format->shape->renames[i];
	}
	rc = columns_init(&d->columns, format->schema, shape, err);
	free(shape);
	return rc;
}

int
ddl_athena(const struct ddl_options *options, struct buf *out, struct err *err)
{
	struct ddl d = { .options = options, .out = out, .names = BUF_INIT(UINT32_MAX) };
	int rc = -1;

	if (check(options, err))
		return -1;
	if (!ddl_partitions_init(&d.partitions, options->path, options->topic, err) &&
	    !make_columns(&d, err))
		rc = append_all(&d, err);
	columns_release(&d.columns);
	ddl_partitions_release(&d.partitions);
	buf_release(&d.names);
	return rc;
}
