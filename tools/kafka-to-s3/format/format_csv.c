/* SPDX-License-Identifier: MIT */
/*
 * CSV as RFC 4180 has it, but that lines end with a line feed alone: a row of the fields that --select names and
 * --add adds, or of the columns of a --schema, which then says what fits. Cells are the JSON's text either way.
 * What is null or missing is an empty cell; an empty string is "" in quotes. So is the only cell of a row where it
 * is empty: readers pass over empty lines.
 */
#include <stdlib.h>

#include "kafka-to-s3/format/additions.h"
#include "kafka-to-s3/format/columns_reader.h"
#include "kafka-to-s3/format/format_ops.h"
#include "kafka-to-s3/format/json_text.h"

struct csv_format {
	struct format base;
	struct columns_reader *reader; /* with a schema; NULL: what follows says what the columns are */
	struct field_set *fields;      /* borrowed */
	struct additions *additions;
	unsigned *selects; /* the fields of what is selected */
	struct buf header;
	struct buf row;
	struct buf cell; /* before it is quoted */
	char delimiter;
};

/* ---- cells ---- */

static bool
needs_quotes(struct slice text, char delimiter)
{
	return !text.len || text.data[0] == ' ' || text.data[text.len - 1] == ' ' ||
	       memchr(text.data, delimiter, text.len) || memchr(text.data, '"', text.len) ||
	       memchr(text.data, '\n', text.len) || memchr(text.data, '\r', text.len);
}

static int
append_cell(struct buf *out, struct slice text, char delimiter, struct err *err)
{
	struct slice piece;
	bool has_quote = true;

	if (!needs_quotes(text, delimiter))
		return buf_append(out, text, err);
	if (buf_append_char(out, '"', err))
		return -1;
	while (has_quote) {
		has_quote = slice_cut(text, '"', &piece, &text);
		if (buf_append(out, piece, err) || (has_quote && buf_append_text(out, "\"\"", err)))
			return -1;
	}
	return buf_append_char(out, '"', err);
}

/* A field's text, in f->cell where it is not as it came. */
static int
text_of(struct csv_format *f, const struct json_value *value, struct slice *ret, struct err *err)
{
	bool is_string = value->type == JSON_TYPE_STRING;

	*ret = json_slice(value);
	if (is_string ? !value->has_escape : value->type < JSON_TYPE_ARRAY)
		return 0;
	buf_clear(&f->cell);
	if (is_string ? json_string_decode(*ret, &f->cell, err) : buf_append(&f->cell, *ret, err))
		return -1;
	if (!is_string)
		json_text_blank_breaks(f->cell.data, f->cell.len);
	*ret = buf_slice(&f->cell);
	return 0;
}

static bool
is_empty(const struct json_value *value)
{
	return value->type == JSON_TYPE_MISSING || value->type == JSON_TYPE_NULL;
}

/* A cell can hold it. */
static bool
is_text(const struct json_value *value)
{
	return value->type != JSON_TYPE_STRING || !value->has_escape ||
	       json_string_is_utf8(json_slice(value));
}

static int
append_value(struct csv_format *f, const struct json_value *value, struct err *err)
{
	struct slice text;

	if (is_empty(value))
		return 0;
	return text_of(f, value, &text, err) || append_cell(&f->row, text, f->delimiter, err) ? -1
	                                                                                     : 0;
}

static int
append_field(struct csv_format *f, const struct record *record, unsigned index, struct err *err)
{
	const struct json_value *value = field_get(f->fields, index);

	if (!is_text(value))
		return field_reject(f->fields, record, index, JSON_NOT_UTF8, err);
	return append_value(f, value, err);
}

static int
append_column(struct csv_format *f, const struct record *record, unsigned column, struct err *err)
{
	const struct json_value *value = columns_reader_value(f->reader, column);

	if (!is_text(value))
		return columns_reader_reject(f->reader, record, column, JSON_NOT_UTF8, err);
	return append_value(f, value, err);
}

/* JSON's null is one here too. */
static int
append_addition(
    struct csv_format *f, size_t i, const struct record *record, int64_t time_ms, struct err *err)
{
	struct slice text;

	buf_clear(&f->cell);
	if (additions_render(f->additions, i, f->fields, record, time_ms, &f->cell, err))
		return -1;
	text = buf_slice(&f->cell);
	if (f->base.options.shape->adds[i].is_json && slice_is(slice_trim(text), "null"))
		return 0;
	return append_cell(&f->row, text, f->delimiter, err);
}

/* ---- rows ---- */

static int
append_columns(struct csv_format *f, const struct record *record, int64_t time_ms, struct err *err)
{
	if (columns_reader_read(f->reader, record, time_ms, err))
		return -1;
	for (unsigned i = 0; i < columns_reader_schema(f->reader)->count; i++) {
		if ((i && buf_append_char(&f->row, f->delimiter, err)) ||
		    append_column(f, record, i, err))
			return -1;
	}
	return 0;
}

static int
append_selected(struct csv_format *f, const struct record *record, int64_t time_ms, struct err *err)
{
	const struct shape_options *shape = f->base.options.shape;

	for (size_t i = 0; i < shape->select_count; i++) {
		if ((i && buf_append_char(&f->row, f->delimiter, err)) ||
		    append_field(f, record, f->selects[i], err))
			return -1;
	}
	for (size_t i = 0; i < shape->add_count; i++) {
		if (buf_append_char(&f->row, f->delimiter, err) ||
		    append_addition(f, i, record, time_ms, err))
			return -1;
	}
	return 0;
}

static int
csv_row(struct format *base, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	struct csv_format *f = (struct csv_format *)base;

	if (!json_text_is_object(slice_trim(record->value)))
		return record_reject(record, -1, "is no object, and has no fields for a row", err);
	buf_clear(&f->row);
	if (f->reader ? append_columns(f, record, time_ms, err)
		      : append_selected(f, record, time_ms, err))
		return -1;
	if (!f->row.len && buf_append_text(&f->row, "\"\"", err))
		return -1;
	*ret = buf_slice(&f->row);
	return 0;
}

/* ---- making ---- */

static void
csv_free(struct format *base)
{
	struct csv_format *f = (struct csv_format *)base;

	columns_reader_free(f->reader);
	additions_free(f->additions);
	buf_release(&f->header);
	buf_release(&f->row);
	buf_release(&f->cell);
	free(f->selects);
	free(f);
}

static int
make_columns(struct csv_format *f, const struct format_options *options, struct err *err)
{
	if (options->schema) {
		f->reader = columns_reader_new(options, err);
		return f->reader ? 0 : -1;
	}
	f->selects = calloc(options->shape->select_count, sizeof(*f->selects));
	return f->selects ? 0 : err_no_memory(err);
}

static struct format *
csv_make(const struct format_options *options, struct err *err)
{
	struct csv_format *f;

	if (!options->schema && (!options->shape || !options->shape->select_count)) {
		err_set(err, ERR_USAGE,
		    "--format csv: --select or a --schema has to name the columns");
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		err_no_memory(err);
		return NULL;
	}
	buf_init(&f->header, UINT32_MAX);
	buf_init(&f->row, UINT32_MAX);
	buf_init(&f->cell, UINT32_MAX);
	f->delimiter = options->delimiter ? options->delimiter : ',';
	if (!make_columns(f, options, err))
		return &f->base;
	csv_free(&f->base);
	return NULL;
}

static struct slice
column_name(const struct csv_format *f, size_t i)
{
	const struct shape_options *shape = f->base.options.shape;

	if (f->reader)
		return slice_of(columns_reader_schema(f->reader)->columns[i].name);
	return i < shape->select_count ? shape_rename(shape, shape->selects[i])
	                               : shape->adds[i - shape->select_count].name;
}

static int
make_header(struct csv_format *f, struct err *err)
{
	const struct shape_options *shape = f->base.options.shape;
	size_t count = f->reader ? columns_reader_schema(f->reader)->count
	                         : shape->select_count + shape->add_count;

	for (size_t i = 0; i < count; i++) {
		if ((i && buf_append_char(&f->header, f->delimiter, err)) ||
		    append_cell(&f->header, column_name(f, i), f->delimiter, err))
			return -1;
	}
	return buf_append_char(&f->header, '\n', err);
}

static int
bind_selected(struct csv_format *f, struct field_set *fields, struct err *err)
{
	const struct shape_options *shape = f->base.options.shape;

	f->fields = fields;
	for (size_t i = 0; i < shape->select_count; i++) {
		int index = field_set_add(fields, shape->selects[i], err);

		if (index < 0)
			return err_wrap(err, "--select");
		f->selects[i] = (unsigned)index;
	}
	f->additions = additions_new(shape, fields, err);
	if (!f->additions)
		return -1;
	f->base.uses_time = additions_use_time(f->additions);
	f->base.uses_headers = additions_use_headers(f->additions);
	return 0;
}

static int
bind_columns(struct csv_format *f, struct field_set *fields, struct err *err)
{
	if (columns_reader_bind(f->reader, fields, err))
		return -1;
	f->base.uses_time = columns_reader_uses_time(f->reader);
	f->base.uses_headers = columns_reader_uses_headers(f->reader);
	return 0;
}

static int
csv_bind(struct format *base, struct field_set *fields, struct err *err)
{
	struct csv_format *f = (struct csv_format *)base;

	field_set_check_all(fields);
	if ((f->reader ? bind_columns(f, fields, err) : bind_selected(f, fields, err)) ||
	    make_header(f, err))
		return -1;
	if (!base->options.has_no_header)
		base->head = buf_slice(&f->header);
	return 0;
}

static uint64_t
csv_hash(const struct format *base, uint64_t hash)
{
	const struct csv_format *f = (const struct csv_format *)base;

	return f->reader ? columns_reader_hash(f->reader, hash) : hash;
}

const struct format_ops format_csv_ops = {
	.name = "csv",
	.row_end = "\n",
	.make = csv_make,
	.free = csv_free,
	.bind = csv_bind,
	.row = csv_row,
	.hash = csv_hash,
};
