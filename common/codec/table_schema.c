/* SPDX-License-Identifier: MIT */
#include "codec/table_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "codec/table_schema_parts.h"

static const struct {
	const char *name;
	enum table_type type;
} types[] = {
	{ "bool", TABLE_BOOL },
	{ "int32", TABLE_INT32 },
	{ "int64", TABLE_INT64 },
	{ "float", TABLE_FLOAT },
	{ "double", TABLE_DOUBLE },
	{ "decimal", TABLE_DECIMAL },
	{ "string", TABLE_STRING },
	{ "timestamp", TABLE_TIMESTAMP },
	{ "date", TABLE_DATE },
	{ "json", TABLE_JSON },
};

enum { TYPES = sizeof(types) / sizeof(*types) };

int
table_decimal_set(struct table_column *c, int64_t precision, int64_t scale, struct err *err)
{
	if (precision < 1 || precision > TABLE_PRECISION_MAX || scale < 0 || scale > precision)
		return err_set(err, ERR_USAGE,
		    "decimal(%lld,%lld): the precision is 1 to %d, the scale 0 to the precision",
		    (long long)precision, (long long)scale, TABLE_PRECISION_MAX);
	c->type = TABLE_DECIMAL;
	c->precision = (unsigned)precision;
	c->scale = (unsigned)scale;
	return 0;
}

/* What stands in the brackets of decimal(...), all of it. */
static int
parse_decimal(const char *inside, struct table_column *c, struct err *err)
{
	int precision, scale = 0;
	int end = 0;

	if ((sscanf(inside, "%2d%n", &precision, &end) == 1 && !strcmp(inside + end, ")")) ||
	    (sscanf(inside, "%2d , %2d%n", &precision, &scale, &end) == 2 &&
		!strcmp(inside + end, ")")))
		return table_decimal_set(c, precision, scale, err);
	return err_set(err, ERR_USAGE, "write decimal(PRECISION) or decimal(PRECISION,SCALE)");
}

static int
parse_timestamp(const char *inside, struct table_column *c, struct err *err)
{
	static const char *const words[] = { "ms)", "us)", "ms,local)", "us,local)" };

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(inside, words[i])) {
			c->is_micro = i & 1;
			c->is_local = i & 2;
			return 0;
		}
	return err_set(err, ERR_USAGE,
	    "write timestamp(ms) or timestamp(us), with \",local\" "
	    "before the bracket for a wall clock's time");
}

int
table_type_parse(const char *text, struct table_column *c, struct err *err)
{
	size_t len = strcspn(text, "(");
	const char *inside = text[len] ? text + len + 1 : NULL;

	for (unsigned i = 0; i < TYPES; i++) {
		if (strlen(types[i].name) != len || memcmp(types[i].name, text, len) != 0)
			continue;
		c->type = types[i].type;
		if (c->type == TABLE_DECIMAL)
			return parse_decimal(inside ? inside : "", c, err);
		if (!inside)
			return 0;
		if (c->type == TABLE_TIMESTAMP)
			return parse_timestamp(inside, c, err);
	}
	return err_set(err, ERR_USAGE,
	    "no type \"%s\" (bool, int32, int64, float, double, "
	    "decimal(p,s), string, timestamp(ms), timestamp(us), date, json)",
	    text);
}

void
table_type_format(const struct table_column *c, char text[static TABLE_TYPE_BYTES])
{
	const char *name = types[c->type].name;

	if (c->type == TABLE_DECIMAL)
		(void)snprintf(text, TABLE_TYPE_BYTES, "%s(%u,%u)", name, c->precision, c->scale);
	else if (c->type == TABLE_TIMESTAMP)
		(void)snprintf(text, TABLE_TYPE_BYTES, "%s(%s%s)", name, c->is_micro ? "us" : "ms",
		    c->is_local ? ",local" : "");
	else
		(void)snprintf(text, TABLE_TYPE_BYTES, "%s", name);
}

/* ---- columns ---- */

/* A copy of text with '_' for each '.'. */
static char *
name_of_path(const char *path)
{
	char *name = strdup(path);

	for (char *p = name; p && *p; p++)
		if (*p == '.')
			*p = '_';
	return name;
}

const struct table_column *
table_schema_find(const struct table_schema *s, struct slice name)
{
	/* Glue and Hive keep names in lower case, DuckDB compares them so */
	for (unsigned i = 0; i < s->count; i++)
		if (strlen(s->columns[i].name) == name.len &&
		    !strncasecmp(s->columns[i].name, name.data, name.len))
			return &s->columns[i];
	return NULL;
}

static int
check_name(const struct table_schema *s, const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_USAGE, "the name is empty");
	for (const char *p = name; *p; p++)
		if (*p == '.' || (unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(
			    err, ERR_USAGE, "a name has no dots and no control characters");
	if (table_schema_find(s, slice_of(name)))
		return err_set(err, ERR_USAGE, "the name is there twice");
	return 0;
}

static int
check_path(const char *path, struct err *err)
{
	struct json_paths *paths = json_paths_new(err);
	int rc = paths && json_paths_add(paths, slice_of(path), err) >= 0 ? 0 : -1;

	json_paths_free(paths);
	return rc;
}

int
table_schema_add(struct table_schema *s, const struct table_column *column, struct err *err)
{
	struct table_column c = *column, *grown;

	if (s->count == TABLE_COLUMNS_MAX)
		return err_set(err, ERR_USAGE, "more than %d columns", TABLE_COLUMNS_MAX);
	if (!column->name && !column->path)
		return err_set(err, ERR_USAGE, "neither name nor path");
	c.path = strdup(column->path ? column->path : column->name);
	c.name = column->name ? strdup(column->name) : name_of_path(column->path);
	grown = realloc(s->columns, (s->count + 1) * sizeof(*grown));
	if (grown)
		s->columns = grown;
	if (!c.path || !c.name || !grown) {
		err_no_memory(err);
	} else if (!check_name(s, c.name, err) && !check_path(c.path, err)) {
		s->columns[s->count++] = c;
		return 0;
	} else {
		err_wrap(err, "column \"%s\"", c.name);
	}
	free(c.path);
	free(c.name);
	return -1;
}

/* ---- the file ---- */

/* A string member, NULL where it is missing. */
static int
member_text(const json_t *object, const char *key, const char **ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_string_value(value);
	if (value && (!*ret || strlen(*ret) != json_string_length(value)))
		return err_set(err, ERR_USAGE, "\"%s\" is no text", key);
	return 0;
}

/* Words that mean nothing here are mistakes. */
static int
check_members(const json_t *object, const char *const *known, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		unsigned i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return err_set(err, ERR_USAGE, "unknown member \"%s\"", key);
	}
	return 0;
}

static int
column_format(const char *text, struct table_column *c, struct err *err)
{
	c->format.style = TIME_AUTO;
	if (!text)
		return 0;
	if (c->type != TABLE_TIMESTAMP && c->type != TABLE_DATE)
		return err_set(err, ERR_USAGE, "a format is for timestamps and dates");
	return time_format_parse(text, &c->format, err);
}

static int
column_from(const json_t *object, struct table_column *c, struct err *err)
{
	static const char *const known[] = { "name", "path", "type", "nullable", "format", NULL };
	const char *name, *path, *type, *format;
	const json_t *nullable = json_object_get(object, "nullable");

	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, "is no object");
	if (check_members(object, known, err) || member_text(object, "name", &name, err) ||
	    member_text(object, "path", &path, err) || member_text(object, "type", &type, err) ||
	    member_text(object, "format", &format, err))
		return -1;
	c->name = (char *)(uintptr_t)name;
	c->path = (char *)(uintptr_t)path;
	if (!type)
		return err_set(err, ERR_USAGE, "no type");
	if (nullable && !json_is_boolean(nullable))
		return err_set(err, ERR_USAGE, "\"nullable\" is neither true nor false");
	c->is_nullable = json_is_true(nullable);
	return table_type_parse(type, c, err) || column_format(format, c, err) ? -1 : 0;
}

static int
add_columns(struct table_schema *s, const json_t *array, struct err *err)
{
	if (!json_is_array(array))
		return err_set(err, ERR_USAGE,
		    "neither {\"columns\": [...]} nor an array of columns nor an Avro record");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct table_column c = { .name = NULL };

		if (column_from(json_array_get(array, i), &c, err)) {
			if (c.name || c.path)
				return err_wrap(err, "column \"%s\"", c.name ? c.name : c.path);
			return err_wrap(err, "column %zu", i + 1);
		}
		if (table_schema_add(s, &c, err))
			return -1;
	}
	return 0;
}

static int
add_all(struct table_schema *s, const json_t *root, struct err *err)
{
	static const char *const known[] = { "columns", NULL };
	int rc;

	if (table_schema_is_avro(root)) {
		rc = table_schema_add_avro(s, root, err);
	} else if (json_is_object(root)) {
		rc = check_members(root, known, err);
		if (!rc)
			rc = add_columns(s, json_object_get(root, "columns"), err);
	} else {
		rc = add_columns(s, root, err);
	}
	if (!rc && !s->count)
		rc = err_set(err, ERR_USAGE, "no columns");
	return rc;
}

struct table_schema *
table_schema_new(struct err *err)
{
	struct table_schema *s = calloc(1, sizeof(*s));

	if (!s)
		err_no_memory(err);
	return s;
}

struct table_schema *
table_schema_parse(struct slice text, struct err *err)
{
	struct table_schema *s = table_schema_new(err);
	json_error_t why;
	json_t *root;
	int rc = -1;

	if (!s)
		return NULL;
	root = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &why);
	if (root)
		rc = add_all(s, root, err);
	else
		err_set(err, ERR_USAGE, "line %d, column %d: %s", why.line, why.column, why.text);
	json_decref(root);
	if (!rc)
		return s;
	table_schema_free(s);
	return NULL;
}

void
table_schema_free(struct table_schema *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		free(s->columns[i].name);
		free(s->columns[i].path);
	}
	free(s->columns);
	free(s);
}

/* ---- printing ---- */

static const char *
format_name(const struct time_format *f)
{
	static const char *const names[] = { "auto", "iso", "s", "ms", "us" };

	return f->style == TIME_PATTERN ? f->pattern : names[f->style];
}

static int
append_member(struct buf *out, const char *key, const char *value, struct err *err)
{
	return buf_appendf(out, err, ", \"%s\": ", key) ||
	               json_string_append(out, slice_of(value), err)
	           ? -1
	           : 0;
}

static int
append_column(const struct table_column *c, struct buf *out, struct err *err)
{
	char type[TABLE_TYPE_BYTES];

	table_type_format(c, type);
	if (buf_append_text(out, "    { \"name\": ", err) ||
	    json_string_append(out, slice_of(c->name), err) ||
	    append_member(out, "path", c->path, err) || append_member(out, "type", type, err))
		return -1;
	if (c->format.style != TIME_AUTO &&
	    append_member(out, "format", format_name(&c->format), err))
		return -1;
	return buf_appendf(out, err, ", \"nullable\": %s }", c->is_nullable ? "true" : "false");
}

int
table_schema_append(const struct table_schema *s, struct buf *out, struct err *err)
{
	if (buf_append_text(out, "{\n  \"columns\": [\n", err))
		return -1;
	for (unsigned i = 0; i < s->count; i++)
		if (append_column(&s->columns[i], out, err) ||
		    buf_append_text(out, i + 1 < s->count ? ",\n" : "\n", err))
			return -1;
	return buf_append_text(out, "  ]\n}\n", err);
}
