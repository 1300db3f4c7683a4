/* SPDX-License-Identifier: MIT */
#include "codec/csv.h"

#include <assert.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/number.h"
#include "codec/utf8.h"

enum {
	CELL_BYTES_MAX = 1 << 30, /* rows have their own, lower, bound */
	KEY_BYTES_MAX = 1 << 16,
	SHOWN_BYTES_MAX = 40, /* of a cell, in an error's text */
};

enum csv_type { CSV_STRING, CSV_INT, CSV_DOUBLE, CSV_BOOL, CSV_JSON };

static const struct {
	const char *name, *phrase;
} types[] = {
	[CSV_STRING] = { "string", "a string" },
	[CSV_INT] = { "int", "an int" },
	[CSV_DOUBLE] = { "double", "a double" },
	[CSV_BOOL] = { "bool", "a bool" },
	[CSV_JSON] = { "json", "JSON" },
};

struct csv_column {
	char *name;
	char *key; /* what goes before the value: a brace or a comma, the name, a colon */
	size_t key_len;
	enum csv_type type;
};

struct csv {
	char delimiter;
	struct csv_column *columns;
	size_t count;
	struct buf text;              /* of a cell whose quotes are not doubled any more */
	struct json_scanner *scanner; /* of no paths: checks json cells */
};

/* One cell where it stands in its row. */
struct cell {
	struct slice raw; /* without the quotes around it; those inside are doubled */
	size_t byte;      /* of raw */
	size_t end;       /* of the delimiter behind it, or the row's length */
	bool is_quoted;
	bool has_doubled;
};

/* A piece of input for an error's text. */
struct shown {
	char text[SHOWN_BYTES_MAX + 4];
};

static struct shown
show(struct slice s)
{
	size_t n = s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX;
	struct shown shown;

	for (size_t i = 0; i < n; i++)
		shown.text[i] = s.data[i] < ' ' || s.data[i] > '~' ? '?' : s.data[i];
	memcpy(shown.text + n, s.len > n ? "..." : "", s.len > n ? 4 : 1);
	return shown;
}

/* ---- columns ---- */

static void
drop_columns(struct csv *csv)
{
	for (size_t i = 0; i < csv->count; i++) {
		free(csv->columns[i].name);
		free(csv->columns[i].key);
	}
	free(csv->columns);
	csv->columns = NULL;
	csv->count = 0;
}

static bool
has_column(const struct csv *csv, struct slice name)
{
	for (size_t i = 0; i < csv->count; i++) {
		if (slice_is(name, csv->columns[i].name))
			return true;
	}
	return false;
}

static int
make_key(struct csv_column *column, struct slice name, bool is_first, struct err *err)
{
	struct buf key = BUF_INIT(KEY_BYTES_MAX);

	if (buf_append_char(&key, is_first ? '{' : ',', err) ||
	    json_string_append(&key, name, err) || buf_append_char(&key, ':', err)) {
		buf_release(&key);
		return -1;
	}
	column->key_len = key.len;
	column->key = buf_take(&key);
	return 0;
}

/* `class` is the error's where the name will not do. */
static int
add_column(
    struct csv *csv, struct slice name, enum csv_type type, enum err_class class, struct err *err)
{
	struct csv_column *columns, *column;

	if (!name.len)
		return err_set(err, class, "column %zu has no name", csv->count + 1);
	if (!utf8_is_valid(name) || memchr(name.data, '\0', name.len))
		return err_set(
		    err, class, "the name of column %zu is not UTF-8 text", csv->count + 1);
	if (has_column(csv, name))
		return err_set(err, class, "column \"%s\" is there twice", show(name).text);
	if (csv->count == CSV_COLUMNS_MAX)
		return err_set(err, class, "more than %d columns", CSV_COLUMNS_MAX);
	columns = realloc(csv->columns, (csv->count + 1) * sizeof(*columns));
	if (!columns)
		return err_no_memory(err);
	csv->columns = columns;
	column = &columns[csv->count++];
	*column = (struct csv_column){ .type = type };
	column->name = strndup(name.data, name.len);
	if (!column->name)
		return err_no_memory(err);
	return make_key(column, name, csv->count == 1, err);
}

static int
parse_type(struct slice text, enum csv_type *ret, struct err *err)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (slice_is(text, types[i].name)) {
			*ret = (enum csv_type)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
	    "type \"%s\" of a column is none of string, int, double, bool and json",
	    show(text).text);
}

static int
parse_column(struct csv *csv, struct slice text, struct err *err)
{
	const char *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
	enum csv_type type = CSV_STRING;
	struct slice name = text;

	if (colon) {
		name.len = (size_t)(colon - text.data);
		if (parse_type(slice_trim(slice_skip(text, name.len + 1)), &type, err))
			return -1;
	}
	return add_column(csv, slice_trim(name), type, ERR_USAGE, err);
}

static int
parse_columns(struct csv *csv, const char *columns, struct err *err)
{
	struct slice rest = slice_of(columns), column;
	bool has_more;

	do {
		has_more = slice_cut(rest, ',', &column, &rest);
		if (parse_column(csv, column, err))
			return err_wrap(err, "columns \"%s\"", columns);
	} while (has_more);
	return 0;
}

static struct json_scanner *
new_scanner(struct err *err)
{
	struct json_paths *none = json_paths_new(err);
	struct json_scanner *scanner = none ? json_scanner_new(none, err) : NULL;

	json_paths_free(none);
	return scanner;
}

struct csv *
csv_new(const char *columns, char delimiter, struct err *err)
{
	struct csv *csv;

	if (delimiter == '"' || delimiter == '\n' || delimiter == '\r' || delimiter == '\0') {
		(void)err_set(err, ERR_USAGE, "a quote, a line break or NUL cannot delimit cells");
		return NULL;
	}
	csv = calloc(1, sizeof(*csv));
	if (!csv) {
		(void)err_no_memory(err);
		return NULL;
	}
	csv->delimiter = delimiter;
	buf_init(&csv->text, CELL_BYTES_MAX);
	csv->scanner = new_scanner(err);
	if (!csv->scanner || (columns && parse_columns(csv, columns, err))) {
		csv_free(csv);
		return NULL;
	}
	return csv;
}

void
csv_free(struct csv *csv)
{
	if (!csv)
		return;
	drop_columns(csv);
	buf_release(&csv->text);
	json_scanner_free(csv->scanner);
	free(csv);
}

bool
csv_has_columns(const struct csv *csv)
{
	return csv->count > 0;
}

/* ---- the end of a row ---- */

static bool
is_cell_start(const struct csv *csv, const char *row, size_t byte)
{
	return byte == 0 || row[byte - 1] == csv->delimiter ||
	       (byte == 3 && memcmp(row, "\xef\xbb\xbf", 3) == 0);
}

/* Where the quotes that are open at `byte` close: at the first quote that is not doubled. Returns
 * the byte behind it; bytes.len + 1 where the last byte is a quote and the next will tell. */
static size_t
skip_quoted(struct slice bytes, size_t *byte)
{
	while (*byte < bytes.len) {
		const char *quote = memchr(bytes.data + *byte, '"', bytes.len - *byte);
		size_t at;

		if (!quote)
			break;
		at = (size_t)(quote - bytes.data);
		*byte = at;
		if (at + 1 == bytes.len)
			return bytes.len + 1;
		if (quote[1] != '"')
			return at + 1;
		*byte = at + 2;
	}
	if (*byte < bytes.len)
		*byte = bytes.len;
	return bytes.len + 1;
}

/* The first quote from `byte` on and before `end` that opens a cell, or `end`. */
static size_t
find_opening(const struct csv *csv, const char *row, size_t byte, size_t end)
{
	while (byte < end) {
		const char *quote = memchr(row + byte, '"', end - byte);

		if (!quote)
			return end;
		byte = (size_t)(quote - row);
		if (is_cell_start(csv, row, byte))
			return byte;
		byte++;
	}
	return end;
}

ptrdiff_t
csv_row_end(const struct csv *csv, struct slice bytes, struct csv_search *search)
{
	const char *feed = NULL;

	while (search->byte < bytes.len) {
		size_t end;

		if (search->is_quoted) {
			size_t behind = skip_quoted(bytes, &search->byte);

			if (behind > bytes.len)
				return -1;
			search->byte = behind;
			search->is_quoted = false;
			continue;
		}
		if (!feed || (size_t)(feed - bytes.data) < search->byte)
			feed = memchr(bytes.data + search->byte, '\n', bytes.len - search->byte);
		end = feed ? (size_t)(feed - bytes.data) : bytes.len;
		search->byte = find_opening(csv, bytes.data, search->byte, end);
		if (search->byte == end)
			return feed ? (ptrdiff_t)end : -1;
		search->byte++;
		search->is_quoted = true;
	}
	return -1;
}

/* ---- cells ---- */

/* A quoted cell whose first quote is at `byte` (RFC 4180 section 2, rules 5 to 7). */
static const char *
take_quoted(const struct csv *csv, struct slice row, size_t byte, struct cell *ret)
{
	size_t at = byte + 1;
	const char *quote;

	*ret = (struct cell){ .byte = at, .is_quoted = true };
	for (;;) {
		quote = at < row.len ? memchr(row.data + at, '"', row.len - at) : NULL;
		if (!quote)
			return "quotes that do not close";
		at = (size_t)(quote - row.data) + 1;
		if (at == row.len || row.data[at] != '"')
			break;
		ret->has_doubled = true;
		at++;
	}
	ret->raw = slice_make(row.data + ret->byte, at - 1 - ret->byte);
	ret->end = at;
	if (at < row.len && row.data[at] != csv->delimiter) {
		ret->byte = at;
		return "text behind the closing quote";
	}
	return NULL;
}

/* Takes the cell at `byte`, which may be the row's length. Returns NULL or what is wrong, and then
 * ret->byte is where. */
static const char *
take_cell(const struct csv *csv, struct slice row, size_t byte, struct cell *ret)
{
	const char *end = NULL;

	if (byte < row.len && row.data[byte] == '"')
		return take_quoted(csv, row, byte, ret);
	if (byte < row.len)
		end = memchr(row.data + byte, csv->delimiter, row.len - byte);
	*ret = (struct cell){ .byte = byte, .end = end ? (size_t)(end - row.data) : row.len };
	ret->raw = slice_make(row.data + byte, ret->end - byte);
	return NULL;
}

/* The cell's text, good until the next call. */
static int
text_of(struct csv *csv, const struct cell *cell, struct slice *ret, struct err *err)
{
	struct slice rest = cell->raw, head;

	if (!cell->has_doubled) {
		*ret = cell->raw;
		return 0;
	}
	buf_clear(&csv->text);
	while (slice_cut(rest, '"', &head, &rest)) {
		rest = slice_skip(rest, 1); /* the second of two */
		if (buf_append(&csv->text, head, err) || buf_append_char(&csv->text, '"', err))
			return -1;
	}
	if (buf_append(&csv->text, head, err))
		return -1;
	*ret = buf_slice(&csv->text);
	return 0;
}

/* The byte of the row at which the nth byte of the cell's text stands. */
static size_t
byte_of_text(const struct cell *cell, size_t n)
{
	size_t at = 0;

	if (!cell->has_doubled)
		return cell->byte + n;
	for (; n && at < cell->raw.len; n--)
		at += cell->raw.data[at] == '"' ? 2 : 1;
	return cell->byte + at;
}

static struct slice
without_cr(struct slice row)
{
	if (row.len && row.data[row.len - 1] == '\r')
		row.len--;
	return row;
}

int
csv_set_header(struct csv *csv, struct slice row, struct err *err)
{
	struct cell cell = { .end = 0 };
	size_t byte = slice_starts(row, "\xef\xbb\xbf") ? 3 : 0;

	row = without_cr(row);
	drop_columns(csv);
	for (;; byte = cell.end + 1) {
		const char *fault = take_cell(csv, row, byte, &cell);
		struct slice name;

		if (fault)
			(void)err_set(err, ERR_DATA, "column %zu: %s", csv->count + 1, fault);
		if (fault || text_of(csv, &cell, &name, err) ||
		    add_column(csv, name, CSV_STRING, ERR_DATA, err)) {
			drop_columns(csv);
			return -1;
		}
		if (cell.end == row.len)
			return 0;
	}
}

/* ---- values ---- */

/* One cell on its way into the object. */
struct placing {
	struct csv *csv;
	const struct csv_column *column;
	struct cell cell;
	struct buf *out;
	size_t byte; /* of a fault */
};

static int
refuse(struct placing *p, size_t byte, const char *reason, struct err *err)
{
	p->byte = byte;
	return err_set(err, ERR_DATA, "column \"%s\": %s", p->column->name, reason);
}

static int
refuse_type(struct placing *p, struct slice text, struct err *err)
{
	p->byte = p->cell.byte;
	return err_set(err, ERR_DATA, "column \"%s\": \"%s\" is not %s", p->column->name,
	    show(text).text, types[p->column->type].phrase);
}

static size_t
utf8_valid_bytes(struct slice text)
{
	const char *at = text.data;
	const char *end = text.data + text.len;
	int part;

	while (at < end) {
		int len = utf8_measure(at, end, &part);

		if (len <= 0)
			break;
		at += len;
	}
	return (size_t)(at - text.data);
}

static int
place_string(struct placing *p, struct slice text, struct err *err)
{
	if (!utf8_is_valid(text))
		return refuse(p, byte_of_text(&p->cell, utf8_valid_bytes(text)), "not UTF-8", err);
	return json_string_append(p->out, text, err);
}

static int
place_number(struct placing *p, struct slice text, struct err *err)
{
	struct number n;

	if (number_parse(text, &n))
		return refuse_type(p, text, err);
	if (p->column->type == CSV_INT &&
	    (memchr(text.data, '.', text.len) || memchr(text.data, 'e', text.len) ||
		memchr(text.data, 'E', text.len)))
		return refuse_type(p, text, err);
	return buf_append(p->out, text, err);
}

static int
place_bool(struct placing *p, struct slice text, struct err *err)
{
	if (!slice_is(text, "true") && !slice_is(text, "false"))
		return refuse_type(p, text, err);
	return buf_append(p->out, text, err);
}

/* Checked here, for `1,"b":2` would pass for JSON in the midst of the object. The scanner looks
 * behind its text, so it gets a copy with room there. */
static int
place_json(struct placing *p, struct slice text, struct err *err)
{
	struct buf *copy = &p->csv->text;
	struct json_fault fault;

	if (!p->cell.has_doubled) {
		buf_clear(copy);
		if (buf_append(copy, text, err))
			return -1;
	}
	if (buf_pad(copy, err))
		return -1;
	if (json_scan(p->csv->scanner, buf_slice(copy), NULL, &fault))
		return refuse(p, byte_of_text(&p->cell, fault.byte), fault.reason, err);
	/* line breaks stand only between tokens now that it is known to be JSON: one record, one line */
	for (size_t i = 0; i < copy->len; i++) {
		if (copy->data[i] == '\n' || copy->data[i] == '\r')
			copy->data[i] = ' ';
	}
	return buf_append(p->out, buf_slice(copy), err);
}

static int
place_value(struct placing *p, struct err *err)
{
	enum csv_type type = p->column->type;
	struct slice text, trimmed;

	if (text_of(p->csv, &p->cell, &text, err))
		return -1;
	trimmed = slice_trim(text);
	if (type != CSV_STRING && !trimmed.len && (!p->cell.is_quoted || type == CSV_JSON))
		return buf_append_text(p->out, "null", err);
	switch (type) {
	case CSV_STRING:
		return place_string(p, text, err);
	case CSV_INT:
	case CSV_DOUBLE:
		return place_number(p, trimmed, err);
	case CSV_BOOL:
		return place_bool(p, trimmed, err);
	case CSV_JSON:
		return place_json(p, text, err);
	}
	abort();
}

/* All there are from `byte` on, or up to the first with a fault. */
static size_t
count_cells(const struct csv *csv, struct slice row, size_t byte)
{
	struct cell cell;
	size_t count = 1;

	while (!take_cell(csv, row, byte, &cell) && cell.end < row.len) {
		byte = cell.end + 1;
		count++;
	}
	return count;
}

static int
place_row(struct placing *p, struct slice row, struct err *err)
{
	const struct csv *csv = p->csv;
	size_t byte = 0;

	for (size_t i = 0; i < csv->count; i++) {
		const char *fault;

		p->column = &csv->columns[i];
		if (byte > row.len) {
			p->byte = row.len;
			return err_set(
			    err, ERR_DATA, "%zu cells expected, found %zu", csv->count, i);
		}
		fault = take_cell(csv, row, byte, &p->cell);
		if (fault)
			return refuse(p, p->cell.byte, fault, err);
		if (buf_append(p->out, slice_make(p->column->key, p->column->key_len), err) ||
		    place_value(p, err))
			return -1;
		byte = p->cell.end + 1;
	}
	if (byte <= row.len) {
		p->byte = byte;
		return err_set(err, ERR_DATA, "%zu cells expected, found %zu", csv->count,
		    csv->count + count_cells(csv, row, byte));
	}
	return buf_append_char(p->out, '}', err);
}

int
csv_row_to_json(
    struct csv *csv, struct slice row, struct buf *out, size_t *ret_byte, struct err *err)
{
	struct placing placing = { .csv = csv, .out = out };
	size_t len = out->len;

	assert(csv->count);
	if (!place_row(&placing, without_cr(row), err))
		return 0;
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
	*ret_byte = placing.byte;
	return -1;
}
