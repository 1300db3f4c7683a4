/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, line by line, as the records that a schema is made from: it takes each of them, is read back as it was
 * printed, and rows of them are taken up again wherever they were cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/table_row.h"
#include "kafka-to-s3/format/schema_guess.h"

enum { TEXT_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
	if (!claim)
		abort();
}

/* Of one schema. */
struct reader {
	const struct table_schema *schema;
	struct json_scanner *scanner;
	struct json_value *values;
	unsigned *fields;
	struct table_value *row;
	struct buf line, scratch, bytes;
};

static void
reader_init(struct reader *r, const struct table_schema *s)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);

	*r = (struct reader){ .schema = s,
		.values = calloc(s->count, sizeof(*r->values)),
		.fields = calloc(s->count, sizeof(*r->fields)),
		.row = calloc(s->count, sizeof(*r->row)),
		.line = BUF_INIT(TEXT_BYTES_MAX),
		.scratch = BUF_INIT(TEXT_BYTES_MAX),
		.bytes = BUF_INIT(TEXT_BYTES_MAX) };
	require(paths && r->values && r->fields && r->row);
	for (unsigned i = 0; i < s->count; i++) {
		int field = json_paths_add(paths, slice_of(s->columns[i].path), &err);

		require(field >= 0);
		r->fields[i] = (unsigned)field;
	}
	r->scanner = json_scanner_new(paths, &err);
	require(r->scanner != NULL);
	json_paths_free(paths);
}

static void
reader_release(struct reader *r)
{
	json_scanner_free(r->scanner);
	free(r->values);
	free(r->fields);
	free(r->row);
	buf_release(&r->line);
	buf_release(&r->scratch);
	buf_release(&r->bytes);
}

/* Whole, and no sooner than its last byte is there. */
static void
check_bytes(struct reader *r)
{
	struct slice rest = buf_slice(&r->bytes), part;

	for (size_t len = 0; len < r->bytes.len; len += 1 + r->bytes.len / 16) {
		part = slice_make(r->bytes.data, len);
		require(!table_row_take(r->schema, &part, r->row) && part.len == len);
	}
	require(table_row_take(r->schema, &rest, r->row) && rest.len == 0);
}

static void
check_record(struct reader *r, struct slice line)
{
	char reason[TABLE_REASON_BYTES];
	struct json_fault fault;
	struct err err = ERR_INIT;
	unsigned column;

	buf_clear(&r->line);
	require(!buf_append(&r->line, line, &err) && !buf_pad(&r->line, &err));
	if (json_scan(r->scanner, buf_slice(&r->line), r->values, &fault))
		return;
	require(!table_row_read(
	    r->schema, r->values, r->fields, &r->scratch, r->row, &column, reason));
	buf_clear(&r->bytes);
	require(!table_row_append(r->schema, r->row, &r->bytes, &err));
	check_bytes(r);
}

/* What is printed is read as the same. */
static struct table_schema *
read_back(const struct table_schema *s)
{
	struct buf text = BUF_INIT(TEXT_BYTES_MAX), again = BUF_INIT(TEXT_BYTES_MAX);
	struct err err = ERR_INIT;
	struct table_schema *read;

	require(!table_schema_append(s, &text, &err));
	read = table_schema_parse(buf_slice(&text), &err);
	require(read && !table_schema_append(read, &again, &err));
	require(slice_equal(buf_slice(&text), buf_slice(&again)));
	buf_release(&text);
	buf_release(&again);
	return read;
}

static void
check_all(const struct table_schema *s, struct slice text)
{
	struct reader r;
	struct slice line;
	bool has_more = true;

	reader_init(&r, s);
	while (has_more) {
		has_more = slice_cut(text, '\n', &line, &text);
		check_record(&r, line);
	}
	reader_release(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(size ? (const char *)data : "", size);
	struct slice rest = text, line;
	struct err err = ERR_INIT;
	struct schema_guess *g = schema_guess_new(&err);
	struct table_schema *s, *read;
	bool has_more = true;

	require(g != NULL);
	while (has_more) {
		has_more = slice_cut(rest, '\n', &line, &rest);
		(void)schema_guess_add(g, line, &err); /* no JSON is left out */
	}
	s = schema_guess_make(g, NULL, NULL, &err);
	if (s) {
		read = read_back(s);
		check_all(read, text);
		table_schema_free(read);
	}
	table_schema_free(s);
	schema_guess_free(g);
	return 0;
}
