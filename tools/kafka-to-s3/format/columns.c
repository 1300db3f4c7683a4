/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/columns.h"

#include <stdlib.h>

static bool
is_called(const struct table_column *c, struct slice text)
{
	return slice_equal(slice_of(c->name), text) || slice_equal(slice_of(c->path), text);
}

/* By its name, or else by its path. */
static const struct table_column *
find(const struct table_schema *s, struct slice text)
{
	const struct table_column *c = table_schema_find(s, text);

	for (unsigned i = 0; !c && i < s->count; i++) {
		if (is_called(&s->columns[i], text))
			c = &s->columns[i];
	}
	return c;
}

/* A copy with a NUL at its end. */
static char *
copy(struct slice text, struct err *err)
{
	char *copied = strndup(text.len ? text.data : "", text.len);

	if (!copied)
		err_no_memory(err);
	return copied;
}

static int
add(struct columns *c, const struct table_column *like, struct slice name, int number,
    struct err *err)
{
	struct table_column column = *like;
	int rc;

	column.name = copy(name, err);
	if (!column.name)
		return -1;
	rc = table_schema_add(c->schema, &column, err);
	if (!rc)
		c->adds[c->schema->count - 1] = number;
	free(column.name);
	return rc;
}

/* ---- --select, --rename ---- */

static struct slice
name_of(const struct shape_options *shape, const struct table_column *column)
{
	struct slice name = slice_of(column->name), path = slice_of(column->path), renamed;

	if (!shape)
		return name;
	renamed = shape_rename(shape, name);
	if (!slice_equal(renamed, name))
		return renamed;
	renamed = shape_rename(shape, path);
	return slice_equal(renamed, path) ? name : renamed;
}

static int
number_of_add(const struct shape_options *shape, struct slice name)
{
	for (size_t i = 0; shape && i < shape->add_count; i++) {
		if (slice_equal(shape->adds[i].name, name))
			return (int)i;
	}
	return COLUMN_OF_RECORD;
}

static int
add_column(struct columns *c, const struct shape_options *shape, const struct table_column *column,
    struct err *err)
{
	struct slice name = name_of(shape, column);
	int number = number_of_add(shape, name);

	if (add(c, column, name, number, err))
		return -1;
	c->is_shared[c->schema->count - 1] = number != COLUMN_OF_RECORD;
	return 0;
}

static int
add_columns(struct columns *c, const struct table_schema *schema, const struct shape_options *shape,
    struct err *err)
{
	const struct table_column *column;

	if (!shape || !shape->select_count) {
		for (unsigned i = 0; i < schema->count; i++) {
			if (add_column(c, shape, &schema->columns[i], err))
				return -1;
		}
		return 0;
	}
	for (size_t i = 0; i < shape->select_count; i++) {
		column = find(schema, shape->selects[i]);
		if (!column)
			return err_set(err, ERR_USAGE, "--select %.*s: no column of the schema",
			    SLICE_ARGS(shape->selects[i]));
		if (add_column(c, shape, column, err))
			return -1;
	}
	return 0;
}

static int
check_renames(
    const struct table_schema *schema, const struct shape_options *shape, struct err *err)
{
	for (size_t i = 0; shape && i < shape->rename_count; i++) {
		if (!find(schema, shape->renames[i].from))
			return err_set(err, ERR_USAGE, "--rename %.*s: no column of the schema",
			    SLICE_ARGS(shape->renames[i].from));
	}
	return 0;
}

/* ---- --add ---- */

/* By its first byte: whether it is JSON is found out elsewhere. */
static enum table_type
type_of(const struct shape_add *a)
{
	const char *text = a->template + strspn(a->template, " \t\r\n");

	if (!a->is_json)
		return TABLE_STRING;
	if (!strcmp(text, "{@partition}") || !strcmp(text, "{@offset}"))
		return TABLE_INT64;
	if (*text == '"')
		return TABLE_STRING;
	if (!*text || strchr("{[n", *text) || strchr(text, '{'))
		return TABLE_JSON;
	if (*text == 't' || *text == 'f')
		return TABLE_BOOL;
	return text[strcspn(text, ".eE")] ? TABLE_DOUBLE : TABLE_INT64;
}

static int
check_type(const struct columns *c, const struct shape_options *shape, struct err *err)
{
	for (unsigned i = 0; i < c->schema->count; i++) {
		if (c->adds[i] != COLUMN_OF_RECORD && !shape->adds[c->adds[i]].is_json &&
		    c->schema->columns[i].type == TABLE_JSON)
			return err_set(err, ERR_USAGE,
			    "--add %s: the schema has a column of json there, which takes %s:=",
			    c->schema->columns[i].name, c->schema->columns[i].name);
	}
	return 0;
}

static bool
is_filled(const struct columns *c, int number)
{
	for (unsigned i = 0; i < c->schema->count; i++) {
		if (c->adds[i] == number)
			return true;
	}
	return false;
}

static int
add_added(struct columns *c, const struct table_schema *schema, const struct shape_options *shape,
    struct err *err)
{
	for (size_t i = 0; shape && i < shape->add_count; i++) {
		const struct shape_add *a = &shape->adds[i];
		char *name = copy(a->name, err);
		struct table_column plain = { .path = name,
			.type = type_of(a),
			.is_nullable = type_of(a) == TABLE_JSON };
		const struct table_column *known = table_schema_find(schema, a->name);
		int rc = 0;

		/* the schema's column of that name gives the type, also where it is not selected */
		if (!name)
			return -1;
		if (!is_filled(c, (int)i))
			rc = add(c, known ? known : &plain, a->name, (int)i, err);
		free(name);
		if (rc)
			return err_wrap(err, "--add %.*s", SLICE_ARGS(a->name));
	}
	return 0;
}

int
columns_init(struct columns *c, const struct table_schema *schema,
    const struct shape_options *shape, struct err *err)
{
	*c = (struct columns){ .adds = calloc(TABLE_COLUMNS_MAX, sizeof(*c->adds)),
		.is_shared = calloc(TABLE_COLUMNS_MAX, sizeof(*c->is_shared)) };
	if (!c->adds || !c->is_shared)
		return err_no_memory(err);
	c->schema = table_schema_new(err);
	if (!c->schema)
		return -1;
	return check_renames(schema, shape, err) || add_columns(c, schema, shape, err) ||
	               add_added(c, schema, shape, err) || check_type(c, shape, err)
	           ? -1
	           : 0;
}

void
columns_release(struct columns *c)
{
	table_schema_free(c->schema);
	free(c->adds);
	free(c->is_shared);
	*c = (struct columns){ .schema = NULL };
}
