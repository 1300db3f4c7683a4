/* SPDX-License-Identifier: MIT */
/* The columns of a table in Athena that holds the data. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "kafka-to-s3/ddl/ddl_state.h"

enum { TYPE_BYTES_MAX = 64 * 1024 };

static bool
is_same_name(struct slice a, struct slice b)
{
	return a.len == b.len && !strncasecmp(a.data, b.data, a.len);
}

/* The catalog knows no upper case: of all that was printed before, and of partitions. */
static int
check_name(const struct ddl *d, struct slice name, struct err *err)
{
	struct slice rest = buf_slice(&d->names), other;

	while (slice_cut(rest, '\0', &other, &rest)) {
		if (is_same_name(other, name))
			return err_set(err, ERR_USAGE,
			    "two columns would be called %.*s, which Athena refuses: --rename one",
			    SLICE_ARGS(name));
	}
	for (size_t i = 0; i < d->partitions.count; i++) {
		if (is_same_name(buf_slice(&d->partitions.items[i].name), name))
			return err_set(err, ERR_USAGE,
			    "%.*s is a column of the data and a directory of --path, which Athena "
			    "refuses: call the directory something else, or --rename the column",
			    SLICE_ARGS(name));
	}
	return 0;
}

static int
append_column(struct ddl *d, struct slice name, const char *type, struct err *err)
{
	return check_name(d, name, err) || buf_append(&d->names, name, err) ||
	               buf_append_char(&d->names, '\0', err) ||
	               buf_append_text(d->out, d->column_count++ ? ",\n  " : "\n  ", err) ||
	               ddl_append_identifier(d, name, err) || buf_appendf(d->out, err, " %s", type)
	           ? -1
	           : 0;
}

/* "Data types in Amazon Athena", the column DDL. */
static const char *const type_names[] = {
	[TABLE_BOOL] = "boolean",
	[TABLE_INT32] = "int",
	[TABLE_INT64] = "bigint",
	[TABLE_FLOAT] = "float",
	[TABLE_DOUBLE] = "double",
	[TABLE_DECIMAL] = "decimal",
	[TABLE_STRING] = "string",
	[TABLE_TIMESTAMP] = "timestamp",
	[TABLE_DATE] = "date",
	[TABLE_JSON] = "string",
};

static const char *
type_of(const struct table_column *c, char text[static TABLE_TYPE_BYTES])
{
	if (c->type != TABLE_DECIMAL)
		return type_names[c->type];
	(void)snprintf(text, TABLE_TYPE_BYTES, "decimal(%u,%u)", c->precision, c->scale);
	return text;
}

/* JSON's times are not as java.sql.Timestamp writes them, and nobody says what becomes of decimals: as text. */
static const char *
json_type_of(const struct table_column *c)
{
	bool is_text =
	    c->type == TABLE_TIMESTAMP || c->type == TABLE_DATE || c->type == TABLE_DECIMAL;

	return is_text ? "string" : type_names[c->type];
}

static int
append_parquet_columns(struct ddl *d, struct err *err)
{
	const struct table_schema *s = d->columns.schema;
	char text[TABLE_TYPE_BYTES];

	for (unsigned i = 0; i < s->count; i++) {
		const struct table_column *c = &s->columns[i];

		if (append_column(d, slice_of(c->name), type_of(c, text), err))
			return -1;
	}
	return 0;
}

/* Found by their places; a name has no dots. */
static int
append_csv_column(struct ddl *d, struct slice name, struct err *err)
{
	struct buf text = BUF_INIT(TYPE_BYTES_MAX);
	int rc = buf_append(&text, name, err);

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '.')
			text.data[i] = '_';
	}
	if (!rc)
		rc = append_column(d, buf_slice(&text), "string", err);
	buf_release(&text);
	return rc;
}

/* Text all of them: a number that is empty, or a time that is ISO 8601, would not do. */
static int
append_csv_columns(struct ddl *d, struct err *err)
{
	const struct shape_options *shape = d->options->format->shape;
	const struct table_schema *s = d->columns.schema;

	if (s) {
		for (unsigned i = 0; i < s->count; i++) {
			if (append_csv_column(d, slice_of(s->columns[i].name), err))
				return -1;
		}
		return 0;
	}
	for (size_t i = 0; i < shape->select_count; i++) {
		if (append_csv_column(d, shape_rename(shape, shape->selects[i]), err))
			return -1;
	}
	for (size_t i = 0; i < shape->add_count; i++) {
		if (append_csv_column(d, shape->adds[i].name, err))
			return -1;
	}
	return 0;
}

/* ---- JSON ---- */

/* The member of column i below `prefix` ("a.b."), *ret_is_leaf: its value; false where it is not below it. */
static bool
member_below(const struct table_schema *s, unsigned i, struct slice prefix, struct slice *ret,
    bool *ret_is_leaf)
{
	struct slice path = slice_of(s->columns[i].path), tail;

	if (path.len <= prefix.len || (prefix.len && memcmp(path.data, prefix.data, prefix.len) != 0))
		return false;
	*ret_is_leaf = !slice_cut(slice_skip(path, prefix.len), '.', ret, &tail);
	return true;
}

static bool
is_added(const struct ddl *d, unsigned i)
{
	return d->columns.adds[i] != COLUMN_OF_RECORD;
}

/* An earlier column has the same member there. */
static bool
is_seen(const struct ddl *d, unsigned column, struct slice prefix, struct slice member)
{
	struct slice other;
	bool is_leaf;

	for (unsigned i = 0; i < column; i++) {
		if (!is_added(d, i) &&
		    member_below(d->columns.schema, i, prefix, &other, &is_leaf) &&
		    slice_equal(other, member))
			return true;
	}
	return false;
}

/* One value cannot be two columns, nor one and an object of others. */
static int
check_paths(const struct ddl *d, unsigned column, struct err *err)
{
	const struct table_schema *s = d->columns.schema;
	size_t len = strlen(s->columns[column].path);

	for (unsigned i = 0; i < s->count; i++) {
		const char *path = s->columns[i].path;

		if (i == column || is_added(d, i) ||
		    strncmp(path, s->columns[column].path, len) != 0 || (path[len] && path[len] != '.'))
			continue;
		return err_set(err, ERR_USAGE,
		    "the fields %s and %s are one value in JSON, and cannot be two columns: leave "
		    "one out of the schema",
		    s->columns[column].path, path);
	}
	return 0;
}

/* Names within a type are not quoted: what "Name databases, tables, and columns" has without quotes. */
static int
append_member_name(struct buf *type, struct slice name, struct err *err)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_')
			return err_set(err, ERR_USAGE,
			    "%.*s is a member of an object, and has no place in a struct of Athena: "
			    "--select can make it a column",
			    SLICE_ARGS(name));
	}
	return buf_append(type, name, err) || buf_append_char(type, ':', err) ? -1 : 0;
}

/* The type of column i's member that begins at `prefix`: its own, or a struct of all columns below it. */
static int
append_json_type(const struct ddl *d, unsigned column, struct slice prefix, struct slice member,
    struct buf *type, struct err *err)
{
	const struct table_schema *s = d->columns.schema;
	struct slice below =
	    slice_make(s->columns[column].path, prefix.len + member.len + 1), inner;
	const char *separator = "";
	bool is_leaf;

	if (!s->columns[column].path[below.len - 1])
		return buf_append_text(type, json_type_of(&s->columns[column]), err);
	if (buf_append_text(type, "struct<", err))
		return -1;
	for (unsigned i = column; i < s->count; i++) {
		if (is_added(d, i) || !member_below(s, i, below, &inner, &is_leaf) ||
		    is_seen(d, i, below, inner))
			continue;
		if (buf_append_text(type, separator, err) ||
		    append_member_name(type, inner, err) ||
		    append_json_type(d, i, below, inner, type, err))
			return -1;
		separator = ",";
	}
	return buf_append_char(type, '>', err);
}

/* What column i is part of, if no column before it is. */
static int
append_json_member(struct ddl *d, unsigned i, struct buf *type, struct err *err)
{
	const struct table_column *c = &d->columns.schema->columns[i];
	const struct slice top = slice_make("", 0);
	struct slice member;
	bool is_leaf;

	if (is_added(d, i))
		return append_column(d, slice_of(c->name), json_type_of(c), err);
	(void)member_below(d->columns.schema, i, top, &member, &is_leaf);
	if (check_paths(d, i, err))
		return -1;
	if (is_seen(d, i, top, member))
		return 0;
	buf_clear(type);
	if (append_json_type(d, i, top, member, type, err))
		return -1;
	if (!is_leaf)
		member = shape_rename(d->options->format->shape, member);
	return append_column(d, is_leaf ? slice_of(c->name) : member, type->data, err);
}

/* Members of the record are columns, objects in it structs: the SerDe finds them by name. */
static int
append_json_members(struct ddl *d, struct err *err)
{
	struct buf type = BUF_INIT(TYPE_BYTES_MAX);
	int rc = 0;

	for (unsigned i = 0; !rc && i < d->columns.schema->count; i++)
		rc = append_json_member(d, i, &type, err);
	buf_release(&type);
	return rc;
}

/* With --select a record is flat, and its members are called by their paths. */
static int
append_json_columns(struct ddl *d, struct err *err)
{
	const struct table_schema *s = d->columns.schema;

	if (!d->options->format->shape->select_count)
		return append_json_members(d, err);
	for (unsigned i = 0; i < s->count; i++) {
		if (append_column(
			d, slice_of(s->columns[i].name), json_type_of(&s->columns[i]), err))
			return -1;
	}
	return 0;
}

/* What a column's member is called in the file. */
static struct slice
key_of(const struct ddl *d, unsigned i)
{
	const struct shape_options *shape = d->options->format->shape;

	if (is_added(d, i))
		return slice_of(d->columns.schema->columns[i].name);
	return shape_rename(shape, slice_of(d->columns.schema->columns[i].path));
}

/* The catalog keeps names in lower case. */
static int
append_mapping(
    struct ddl *d, unsigned *count, const char *column, struct slice key, struct err *err)
{
	struct buf name = BUF_INIT(TYPE_BYTES_MAX);
	int rc = buf_appendf(&name, err, "mapping.%s", column);

	for (size_t i = 0; i < name.len; i++)
		name.data[i] = (char)tolower((unsigned char)name.data[i]);
	if (!rc)
		rc = ddl_append_property(d, count, buf_slice(&name), key, err);
	buf_release(&name);
	return rc;
}

/* Where column and member differ in more than their case ("OpenX JSON SerDe", mapping, case.insensitive). */
int
ddl_append_mappings(struct ddl *d, unsigned *count, struct err *err)
{
	bool is_flat = d->options->format->shape->select_count;

	for (unsigned i = 0; i < d->columns.schema->count; i++) {
		const struct table_column *c = &d->columns.schema->columns[i];
		struct slice key = key_of(d, i);

		if ((!is_flat && !is_added(d, i) && strchr(c->path, '.')) ||
		    (strlen(c->name) == key.len && !strncasecmp(c->name, key.data, key.len)))
			continue;
		if (append_mapping(d, count, c->name, key, err))
			return -1;
	}
	return 0;
}

int
ddl_append_columns(struct ddl *d, struct err *err)
{
	switch (d->options->format->kind) {
	case FORMAT_PARQUET:
		return append_parquet_columns(d, err);
	case FORMAT_CSV:
		return append_csv_columns(d, err);
	case FORMAT_JSON:
		return append_json_columns(d, err);
	case FORMAT_ENVELOPE:
		break;
	}
	return err_set(err, ERR_USAGE, "--print-ddl: not of envelopes (-J)");
}
