/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/columns_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kafka-to-s3/format/additions.h"
#include "kafka-to-s3/format/columns.h"
#include "kafka-to-s3/format/json_text.h"

enum { REASON_BYTES = 320 };

struct columns_reader {
	struct columns columns;
	const struct table_schema *schema; /* of the columns */
	uint64_t schema_hash;
	const struct shape_options *shape; /* borrowed; NULL: none */
	const struct field_set *fields;
	unsigned *indices; /* in the set, one a column; not of what is added alone */
	struct table_value *row;
	struct buf scratch;
	struct additions *additions; /* NULL: none; what follows is for them */
	struct json_value *values;   /* one a column */
	unsigned *own;               /* 0, 1, 2 ...: the values' indices */
	struct buf added;            /* texts, one after the other */
};

/* ---- making ---- */

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
make_columns(struct columns_reader *r, const struct format_options *options, struct err *err)
{
	unsigned count;

	if (columns_init(&r->columns, options->schema, options->shape, err))
		return -1;
	r->schema = r->columns.schema;
	count = r->schema->count;
	r->indices = calloc(count, sizeof(*r->indices));
	r->row = calloc(count, sizeof(*r->row));
	r->values = calloc(count, sizeof(*r->values));
	r->own = calloc(count, sizeof(*r->own));
	if (!r->indices || !r->row || !r->values || !r->own)
		return err_no_memory(err);
	for (unsigned i = 0; i < count; i++)
		r->own[i] = i;
	return hash_schema(r->schema, &r->schema_hash, err);
}

struct columns_reader *
columns_reader_new(const struct format_options *options, struct err *err)
{
	struct columns_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		err_no_memory(err);
		return NULL;
	}
	r->shape = options->shape;
	buf_init(&r->scratch, UINT32_MAX); /* decoded strings are no longer than the value */
	buf_init(&r->added, UINT32_MAX);
	if (!make_columns(r, options, err))
		return r;
	columns_reader_free(r);
	return NULL;
}

void
columns_reader_free(struct columns_reader *r)
{
	if (!r)
		return;
	additions_free(r->additions);
	columns_release(&r->columns);
	free(r->indices);
	free(r->row);
	free(r->values);
	free(r->own);
	buf_release(&r->added);
	buf_release(&r->scratch);
	free(r);
}

uint64_t
columns_reader_hash(const struct columns_reader *r, uint64_t hash)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%016" PRIx64 ";", r->schema_hash);
	return slice_hash(hash, slice_of(text));
}

const struct table_schema *
columns_reader_schema(const struct columns_reader *r)
{
	return r->schema;
}

/* ---- binding ---- */

/* What --add made, as the value that it is. */
static struct json_value
value_of_addition(const struct columns_reader *r, unsigned column, struct slice text)
{
	if (r->shape->adds[r->columns.adds[column]].is_json)
		return json_text_value(slice_trim(text));
	return (struct json_value){ .type = JSON_TYPE_STRING,
		.data = text.data,
		.len = (uint32_t)text.len };
}

/* The hint is for who forgot that NAME=VALUE is a string. */
static int
refuse_constant(const struct columns_reader *r, unsigned column, const char *reason, struct err *err)
{
	const char *name = r->schema->columns[column].name;
	bool is_string = !r->shape->adds[r->columns.adds[column]].is_json;

	return is_string ? err_set(err, ERR_USAGE,
	                       "--add %s: column %s: %s; %s:=VALUE is JSON, and no string", name, name,
	                       reason, name)
	                 : err_set(err, ERR_USAGE, "--add %s: column %s: %s", name, name, reason);
}

/* What no record could change is wrong at the start, not at the first of them. */
static int
check_constant(struct columns_reader *r, unsigned column, struct err *err)
{
	static const struct record none = { .time_ms = RECORD_NO_TIME };
	const struct table_schema one = { .columns = &r->schema->columns[column], .count = 1 };
	size_t add = (size_t)r->columns.adds[column];
	char reason[TABLE_REASON_BYTES];
	struct json_value value;
	unsigned index = 0, failed;

	buf_clear(&r->added);
	if (additions_render(r->additions, add, r->fields, &none, RECORD_NO_TIME, &r->added, err))
		return -1;
	value = value_of_addition(r, column, buf_slice(&r->added));
	return table_row_read(&one, &value, &index, &r->scratch, r->row, &failed, reason)
	           ? refuse_constant(r, column, reason, err)
	           : 0;
}

static int
check_constants(struct columns_reader *r, struct err *err)
{
	for (unsigned i = 0; i < r->schema->count; i++) {
		if (r->columns.adds[i] != COLUMN_OF_RECORD &&
		    additions_is_constant(r->additions, (size_t)r->columns.adds[i]) &&
		    check_constant(r, i, err))
			return -1;
	}
	return 0;
}

static int
bind_additions(struct columns_reader *r, struct field_set *fields, struct err *err)
{
	if (!r->shape || !r->shape->add_count)
		return 0;
	field_set_check_all(fields);
	r->additions = additions_new(r->shape, fields, err);
	return r->additions ? check_constants(r, err) : -1;
}

int
columns_reader_bind(struct columns_reader *r, struct field_set *fields, struct err *err)
{
	for (unsigned i = 0; i < r->schema->count; i++) {
		const struct table_column *c = &r->schema->columns[i];
		int index;

		if (r->columns.adds[i] != COLUMN_OF_RECORD && !r->columns.is_shared[i])
			continue;
		index = field_set_add(fields, slice_of(c->path), err);
		if (index < 0)
			return err_wrap(err, "--schema: column \"%s\"", c->name);
		r->indices[i] = (unsigned)index;
	}
	r->fields = fields;
	return bind_additions(r, fields, err);
}

bool
columns_reader_uses_time(const struct columns_reader *r)
{
	return r->additions && additions_use_time(r->additions);
}

bool
columns_reader_uses_headers(const struct columns_reader *r)
{
	return r->additions && additions_use_headers(r->additions);
}

/* ---- rows ---- */

/* The field is told by its path; a column only where that is called otherwise. */
int
columns_reader_reject(const struct columns_reader *r, const struct record *record, unsigned column,
    const char *reason, struct err *err)
{
	const struct table_column *c = &r->schema->columns[column];
	char text[REASON_BYTES];

	if (r->columns.adds[column] == COLUMN_OF_RECORD && strcmp(c->name, c->path) == 0)
		return field_reject(r->fields, record, r->indices[column], reason, err);
	(void)snprintf(text, sizeof(text), "column %s: %s", c->name, reason);
	if (r->columns.adds[column] != COLUMN_OF_RECORD)
		return record_reject(record, -1, text, err);
	return field_reject(r->fields, record, r->indices[column], text, err);
}

/* Texts may move while more are added: only their lengths are kept. */
static int
render_additions(
    struct columns_reader *r, const struct record *record, int64_t time_ms, struct err *err)
{
	buf_clear(&r->added);
	for (unsigned i = 0; i < r->schema->count; i++) {
		size_t begin = r->added.len;

		if (r->columns.adds[i] == COLUMN_OF_RECORD)
			continue;
		if (additions_render(r->additions, (size_t)r->columns.adds[i], r->fields, record,
			time_ms, &r->added, err))
			return -1;
		r->values[i].len = (uint32_t)(r->added.len - begin);
	}
	return 0;
}

/* What --add makes replaces nothing. */
static int
check_shared(const struct columns_reader *r, const struct record *record, struct err *err)
{
	for (unsigned i = 0; i < r->schema->count; i++) {
		if (r->columns.is_shared[i] &&
		    field_get(r->fields, r->indices[i])->type != JSON_TYPE_MISSING)
			return field_reject(r->fields, record, r->indices[i],
			    "is there already, and --add would make another", err);
	}
	return 0;
}

/* The fields' values and what is added, column by column. */
static int
gather_values(
    struct columns_reader *r, const struct record *record, int64_t time_ms, struct err *err)
{
	const struct json_value *values = field_values(r->fields);
	const char *at;

	if (check_shared(r, record, err) || render_additions(r, record, time_ms, err))
		return -1;
	at = r->added.data;
	for (unsigned i = 0; i < r->schema->count; i++) {
		struct slice text = slice_make(at, r->values[i].len);

		if (r->columns.adds[i] == COLUMN_OF_RECORD) {
			r->values[i] = values[r->indices[i]];
			continue;
		}
		at += text.len;
		r->values[i] = value_of_addition(r, i, text);
	}
	return 0;
}

int
columns_reader_read(
    struct columns_reader *r, const struct record *record, int64_t time_ms, struct err *err)
{
	const struct json_value *values = r->values;
	char reason[TABLE_REASON_BYTES];
	unsigned column;

	if (!r->additions)
		values = field_values(r->fields);
	else if (gather_values(r, record, time_ms, err))
		return -1;
	if (table_row_read(r->schema, values, r->additions ? r->own : r->indices, &r->scratch,
		r->row, &column, reason))
		return columns_reader_reject(r, record, column, reason, err);
	return 0;
}

struct table_value *
columns_reader_row(struct columns_reader *r)
{
	return r->row;
}

const struct json_value *
columns_reader_value(const struct columns_reader *r, unsigned column)
{
	return r->additions ? &r->values[column] : field_get(r->fields, r->indices[column]);
}
