/* SPDX-License-Identifier: MIT */
/*
 * Columns from the Avro schema of a record (Apache Avro 1.11 specification: "Primitive Types",
 * "Complex Types", "Names", "Logical Types"). What Avro nests, the path does: a field of a record
 * in a record is a column PATH_FIELD. Arrays, maps and unions of several types have no flat form
 * and become json. Aliases, defaults and docs say nothing about columns; a logical type that is not
 * known here leaves its underlying type, as "Logical Types" asks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/table_schema_parts.h"

enum { DEPTH_MAX = 32, TYPES_MAX = 100000, FULL_NAME_BYTES = 512 };

struct avro {
	struct table_schema *schema;
	json_t *named;  /* full name -> its schema, borrowed from the document and counted */
	unsigned types; /* looked at so far: records named again and again grow as powers do */
};

/* Where in the document: the path so far, and what has been inherited on the way. */
struct place {
	const char *path;
	const char *space; /* the enclosing namespace, "" for none */
	bool is_nullable;
	unsigned depth;
};

static int add_type(struct avro *, const json_t *type, const struct place *, struct err *);

bool
table_schema_is_avro(const json_t *root)
{
	const char *type = json_string_value(json_object_get(root, "type"));

	return type && !strcmp(type, "record");
}

/* "Names": a name with dots is full already. */
static int
full_name(const char *name, const char *space, char out[static FULL_NAME_BYTES], struct err *err)
{
	bool is_full = strchr(name, '.') || !*space;
	int len = snprintf(
	    out, FULL_NAME_BYTES, "%s%s%s", is_full ? "" : space, is_full ? "" : ".", name);

	if (len < 0 || len >= FULL_NAME_BYTES)
		return err_set(err, ERR_USAGE, "a name of more than %d bytes", FULL_NAME_BYTES - 1);
	return 0;
}

/* Keeps a record, enum or fixed under its name; *ret_space is the namespace inside it. */
static int
define_name(struct avro *a, const json_t *type, const struct place *at,
    char ret_space[static FULL_NAME_BYTES], struct err *err)
{
	const char *name = json_string_value(json_object_get(type, "name"));
	const char *space = json_string_value(json_object_get(type, "namespace"));
	char full[FULL_NAME_BYTES];
	char *dot;

	if (!name)
		return err_set(err, ERR_USAGE, "a record, enum or fixed without a name");
	if (full_name(name, space ? space : at->space, full, err))
		return -1;
	if (json_object_set(a->named, full, (json_t *)(uintptr_t)type))
		return err_set(err, ERR_USAGE, "\"%s\" is no name", name);
	dot = strrchr(full, '.');
	if (dot)
		*dot = '\0';
	(void)snprintf(ret_space, FULL_NAME_BYTES, "%s", dot ? full : "");
	return 0;
}

static int
add_column(struct avro *a, enum table_type type, const struct place *at, struct err *err)
{
	struct table_column c = {
		.path = (char *)(uintptr_t)at->path, .type = type, .is_nullable = at->is_nullable
	};

	return table_schema_add(a->schema, &c, err);
}

static int
add_decimal(struct avro *a, const json_t *type, const struct place *at, struct err *err)
{
	struct table_column c = { .path = (char *)(uintptr_t)at->path,
		.is_nullable = at->is_nullable };
	json_int_t precision = json_integer_value(json_object_get(type, "precision"));
	json_int_t scale = json_integer_value(json_object_get(type, "scale"));

	return table_decimal_set(&c, precision, scale, err)
	           ? err_wrap(err, "field \"%s\"", at->path)
	           : table_schema_add(a->schema, &c, err);
}

static int
add_timestamp(struct avro *a, const char *logical, const struct place *at, struct err *err)
{
	struct table_column c = { .path = (char *)(uintptr_t)at->path,
		.type = TABLE_TIMESTAMP,
		.is_micro = strstr(logical, "-micros") != NULL,
		.is_local = !strncmp(logical, "local-", 6),
		.is_nullable = at->is_nullable };

	return table_schema_add(a->schema, &c, err);
}

/* One of the "Primitive Types", or a name defined before. */
static int
add_named(struct avro *a, const char *name, const struct place *at, struct err *err)
{
	static const struct {
		const char *name;
		enum table_type type;
	} primitives[] = { { "boolean", TABLE_BOOL }, { "int", TABLE_INT32 },
		{ "long", TABLE_INT64 }, { "float", TABLE_FLOAT }, { "double", TABLE_DOUBLE },
		{ "string", TABLE_STRING }, { "enum", TABLE_STRING }, { "array", TABLE_JSON },
		{ "map", TABLE_JSON } };
	char full[FULL_NAME_BYTES];
	const json_t *defined;

	for (size_t i = 0; i < sizeof(primitives) / sizeof(*primitives); i++)
		if (!strcmp(name, primitives[i].name))
			return add_column(a, primitives[i].type, at, err);
	if (full_name(name, at->space, full, err))
		return -1;
	defined = json_object_get(a->named, full);
	if (defined)
		return add_type(a, defined, at, err);
	return err_set(err, ERR_USAGE,
	    "field \"%s\": no column can be made of the Avro type \"%s\"", at->path, name);
}

/* A union with null is nullable; what is left of it must be one type, or is kept as JSON. */
static int
add_union(struct avro *a, const json_t *branches, const struct place *at, struct err *err)
{
	struct place inside = *at;
	const json_t *only = NULL;
	unsigned others = 0;

	for (size_t i = 0; i < json_array_size(branches); i++) {
		const json_t *branch = json_array_get(branches, i);
		const char *name = json_string_value(branch);

		if (name && !strcmp(name, "null")) {
			inside.is_nullable = true;
		} else {
			only = branch;
			others++;
		}
	}
	if (others == 1)
		return add_type(a, only, &inside, err);
	return add_column(a, TABLE_JSON, &inside, err);
}

static int
add_fields(struct avro *a, const json_t *record, const struct place *at, struct err *err)
{
	const json_t *fields = json_object_get(record, "fields");

	if (!json_is_array(fields))
		return err_set(err, ERR_USAGE, "a record without fields");
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		const char *name = json_string_value(json_object_get(field, "name"));
		struct place inside = *at;
		struct buf path = BUF_INIT(4096);
		int rc;

		if (!name)
			return err_set(err, ERR_USAGE, "field %zu has no name", i + 1);
		rc = buf_appendf(&path, err, "%s%s%s", at->path, *at->path ? "." : "", name);
		inside.path = path.data;
		if (!rc)
			rc = add_type(a, json_object_get(field, "type"), &inside, err);
		buf_release(&path);
		if (rc)
			return -1;
	}
	return 0;
}

/* A type written as an object: complex, or with a logical type. */
static int
add_object(struct avro *a, const json_t *type, const struct place *at, struct err *err)
{
	const char *name = json_string_value(json_object_get(type, "type"));
	const char *logical = json_string_value(json_object_get(type, "logicalType"));
	char space[FULL_NAME_BYTES];
	struct place inside = *at;

	if (!name)
		return add_type(a, json_object_get(type, "type"), at, err);
	if (!strcmp(name, "record") || !strcmp(name, "enum") || !strcmp(name, "fixed")) {
		if (define_name(a, type, at, space, err))
			return -1;
		inside.space = space;
	}
	if (!strcmp(name, "record"))
		return add_fields(a, type, &inside, err);
	if (logical && !strcmp(logical, "decimal"))
		return add_decimal(a, type, at, err);
	if (logical && !strcmp(name, "int") && !strcmp(logical, "date"))
		return add_column(a, TABLE_DATE, at, err);
	if (logical && !strcmp(name, "long") &&
	    (!strcmp(logical, "timestamp-millis") || !strcmp(logical, "timestamp-micros") ||
		!strcmp(logical, "local-timestamp-millis") ||
		!strcmp(logical, "local-timestamp-micros")))
		return add_timestamp(a, logical, at, err);
	return add_named(a, name, at, err);
}

static int
add_type(struct avro *a, const json_t *type, const struct place *at, struct err *err)
{
	struct place inside = *at;

	if (++inside.depth > DEPTH_MAX || ++a->types > TYPES_MAX)
		return err_set(err, ERR_USAGE,
		    "field \"%s\": nested deeper than %d, or a record within itself", at->path,
		    DEPTH_MAX);
	if (json_is_string(type))
		return add_named(a, json_string_value(type), &inside, err);
	if (json_is_array(type))
		return add_union(a, type, &inside, err);
	if (json_is_object(type))
		return add_object(a, type, &inside, err);
	return err_set(err, ERR_USAGE, "field \"%s\" has no type", at->path);
}

int
table_schema_add_avro(struct table_schema *s, const json_t *record, struct err *err)
{
	struct avro a = { .schema = s, .named = json_object() };
	struct place top = { .path = "", .space = "" };
	int rc;

	if (!a.named)
		return err_no_memory(err);
	rc = add_type(&a, record, &top, err);
	json_decref(a.named);
	return rc;
}
