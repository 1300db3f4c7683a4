/* SPDX-License-Identifier: MIT */
#include "kafka-topic/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "codec/utf8.h"

enum { CELL_BYTES_MAX = 1024 * 1024, GAP = 2, COLUMNS_MAX = 16 };

/* ---- rows ---- */

void
rows_init(struct rows *r)
{
	*r = (struct rows){ .array = json_array() };
	r->has_failed = !r->array;
}

void
rows_release(struct rows *r)
{
	json_decref(r->array);
	*r = (struct rows){ .array = NULL };
}

void
rows_begin(struct rows *r)
{
	r->row = json_object();
	if (json_array_append_new(r->array, r->row)) {
		r->has_failed = true;
		r->row = NULL;
	}
}

void
rows_value(struct rows *r, const char *key, json_t *value)
{
	if (json_object_set_new(r->row, key, value))
		r->has_failed = true;
}

/* With '?' for each byte that is no part of UTF-8. */
static json_t *
text_of_bytes(const char *text)
{
	const char *end = text + strlen(text);
	char *copy = strdup(text), *to = copy;
	json_t *value;
	int part;

	if (!copy)
		return NULL;
	for (; text < end; to++) {
		int len = utf8_measure(text, end, &part);

		*to = len > 0 ? *text : '?';
		for (text++; len > 1; len--)
			*++to = *text++;
	}
	*to = '\0';
	value = json_string(copy);
	free(copy);
	return value;
}

json_t *
rows_json_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	return value ? value : text_of_bytes(text); /* jansson refuses what is not UTF-8 */
}

void
rows_text(struct rows *r, const char *key, const char *text)
{
	rows_value(r, key, rows_json_text(text));
}

void
rows_int(struct rows *r, const char *key, int64_t number)
{
	rows_value(r, key, json_integer(number));
}

void
rows_int_or_null(struct rows *r, const char *key, int64_t number, bool has_value)
{
	rows_value(r, key, has_value ? json_integer(number) : json_null());
}

void
rows_numbers(struct rows *r, const char *key, const int32_t *numbers, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(array, json_integer(numbers[i])))
			r->has_failed = true;
	}
	rows_value(r, key, array);
}

void
rows_nest(struct rows *to, const char *key, struct rows *from)
{
	if (from->has_failed)
		to->has_failed = true;
	rows_value(to, key, from->array);
	*from = (struct rows){ .array = NULL };
}

/* ---- a table ---- */

static void
append_cell(struct buf *cell, const json_t *value, struct err *err)
{
	size_t i;
	const json_t *element;

	switch (json_typeof(value)) {
	case JSON_STRING:
		(void)buf_append(
		    cell, slice_make(json_string_value(value), json_string_length(value)), err);
		break;
	case JSON_INTEGER:
		(void)buf_append_int(cell, json_integer_value(value), err);
		break;
	case JSON_ARRAY:
		json_array_foreach (value, i, element) {
			if (i)
				(void)buf_append_char(cell, ',', err);
			append_cell(cell, element, err);
		}
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)buf_append_text(cell, json_is_true(value) ? "yes" : "no", err);
		break;
	case JSON_OBJECT:
	case JSON_REAL:
	case JSON_NULL:
		(void)buf_append_char(cell, '-', err);
		break;
	}
}

/* How many bytes of a control character begin here (C0, DEL, and C1 in UTF-8), else 0. */
static size_t
control_bytes(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	if (*u < 0x20 || *u == 0x7f)
		return 1;
	return u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f ? 2 : 0;
}

/* What others have chosen must not reach a terminal as its commands. */
static void
defuse(struct buf *cell)
{
	size_t to = 0, bytes;

	for (size_t i = 0; i < cell->len; i += bytes ? bytes : 1) {
		bytes = control_bytes(&cell->data[i]);
		cell->data[to++] = bytes ? '?' : cell->data[i];
	}
	cell->len = to;
	cell->data[to] = '\0';
}

/* The words of a cell, in `cell`. -1 where memory ran out or it is too long. */
static int
make_cell(struct buf *cell, const json_t *row, const char *key, struct err *err)
{
	const json_t *value = json_object_get(row, key);

	buf_clear(cell);
	if (value)
		append_cell(cell, value, err);
	if (err->class != ERR_NONE)
		return -1;
	if (!cell->len && buf_append_char(cell, '-', err))
		return -1;
	defuse(cell);
	return 0;
}

/* In characters: continuation bytes of UTF-8 take no room. */
static size_t
width_of(struct slice text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return width;
}

static int
append_blanks(struct buf *b, size_t count, struct err *err)
{
	return count ? buf_appendf(b, err, "%*s", (int)count, "") : 0;
}

struct layout {
	const struct column *columns;
	size_t count;
	size_t widths[COLUMNS_MAX];
	bool is_number[COLUMNS_MAX]; /* there are numbers and nothing else but what is not known */
};

static int
append_padded(struct buf *b, const struct layout *l, size_t i, struct slice text, struct err *err)
{
	size_t blanks = l->widths[i] - width_of(text);
	bool is_last = i + 1 == l->count;

	if (l->is_number[i] && append_blanks(b, blanks, err))
		return -1;
	if (buf_append(b, text, err))
		return -1;
	if (!l->is_number[i] && !is_last && append_blanks(b, blanks, err))
		return -1;
	return is_last ? buf_append_char(b, '\n', err) : append_blanks(b, GAP, err);
}

static int
measure(struct layout *l, const json_t *rows, struct buf *cell, struct err *err)
{
	size_t r;
	const json_t *row;

	bool has_other[COLUMNS_MAX] = { false };

	for (size_t i = 0; i < l->count; i++)
		l->widths[i] = strlen(l->columns[i].header);
	json_array_foreach (rows, r, row) {
		for (size_t i = 0; i < l->count; i++) {
			const json_t *value = json_object_get(row, l->columns[i].key);
			size_t width;

			if (make_cell(cell, row, l->columns[i].key, err))
				return -1;
			width = width_of(buf_slice(cell));
			if (width > l->widths[i])
				l->widths[i] = width;
			l->is_number[i] |= json_is_integer(value);
			has_other[i] |= value && !json_is_integer(value) && !json_is_null(value);
		}
	}
	for (size_t i = 0; i < l->count; i++)
		l->is_number[i] &= !has_other[i];
	return 0;
}

static int
append_table(struct buf *text, struct layout *l, const json_t *rows, struct err *err)
{
	struct buf cell = BUF_INIT(CELL_BYTES_MAX);
	size_t r;
	const json_t *row;
	int rc = measure(l, rows, &cell, err);

	for (size_t i = 0; !rc && i < l->count; i++)
		rc = append_padded(text, l, i, slice_of(l->columns[i].header), err);
	json_array_foreach (rows, r, row) {
		for (size_t i = 0; !rc && i < l->count; i++) {
			rc = make_cell(&cell, row, l->columns[i].key, err);
			if (!rc)
				rc = append_padded(text, l, i, buf_slice(&cell), err);
		}
	}
	buf_release(&cell);
	return rc;
}

int
output_table(struct output *o, const struct rows *rows, const struct column *columns,
    size_t column_count, struct err *err)
{
	struct layout l = { .columns = columns, .count = column_count };

	if (rows->has_failed || column_count > COLUMNS_MAX)
		return err_no_memory(err);
	if (!json_array_size(rows->array))
		return 0;
	if (o->text.len && buf_append_char(&o->text, '\n', err))
		return -1;
	return append_table(&o->text, &l, rows->array, err);
}

/* ---- lines ---- */

/* jansson escapes those below U+0020. */
static int
append_json(struct buf *to, const char *text, struct err *err)
{
	while (*text) {
		const char *begin = text;
		size_t bytes = 0;

		while (*text && !(bytes = control_bytes(text)))
			text++;
		if (buf_append(to, slice_make(begin, (size_t)(text - begin)), err))
			return -1;
		if (bytes && buf_appendf(to, err, "\\u%04x", (unsigned char)text[bytes - 1]))
			return -1;
		text += bytes;
	}
	return buf_append_char(to, '\n', err);
}

int
output_json(struct output *o, const struct rows *rows, struct err *err)
{
	size_t i;
	const json_t *row;

	if (rows->has_failed)
		return err_no_memory(err);
	json_array_foreach (rows->array, i, row) {
		char *text = json_dumps(row, JSON_COMPACT);
		int rc;

		if (!text)
			return err_no_memory(err);
		rc = append_json(&o->text, text, err);
		free(text);
		if (rc)
			return -1;
	}
	return 0;
}

static bool
has_controls(const char *name)
{
	while (*name && !control_bytes(name))
		name++;
	return *name != '\0';
}

int
output_names(struct output *o, const struct rows *rows, const char *key, struct err *err)
{
	size_t i, left_out = 0;
	const json_t *row;

	if (rows->has_failed)
		return err_no_memory(err);
	json_array_foreach (rows->array, i, row) {
		const char *name = json_string_value(json_object_get(row, key));

		if (name && has_controls(name))
			left_out++;
		else if (buf_append_text(&o->text, name ? name : "", err) ||
			 buf_append_char(&o->text, '\n', err))
			return -1;
	}
	if (left_out)
		diag_warn("%zu name%s with control characters left out: --json shows %s", left_out,
		    left_out == 1 ? "" : "s", left_out == 1 ? "it" : "them");
	return 0;
}

int
output_list(struct output *o, const struct rows *rows, const struct column *columns,
    size_t column_count, const char *key, struct err *err)
{
	if (o->form == OUTPUT_NAMES || (o->form == OUTPUT_DEFAULT && !o->is_terminal))
		return output_names(o, rows, key, err);
	return output_rows(o, rows, columns, column_count, err);
}

int
output_rows(struct output *o, const struct rows *rows, const struct column *columns,
    size_t column_count, struct err *err)
{
	return o->form == OUTPUT_JSON ? output_json(o, rows, err)
	                              : output_table(o, rows, columns, column_count, err);
}

int
output_flush(struct output *o, struct err *err)
{
	bool is_broken_pipe;

	if ((!o->text.len || fwrite(o->text.data, 1, o->text.len, o->file) == o->text.len) &&
	    !fflush(o->file)) {
		buf_clear(&o->text);
		return 0;
	}
	is_broken_pipe = errno == EPIPE;
	err_errno(err, ERR_IO, errno, "stdout");
	err->is_broken_pipe = is_broken_pipe;
	return -1;
}
