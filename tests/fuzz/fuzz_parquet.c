/* SPDX-License-Identifier: MIT */
/*
 * Records of any bytes, line by line, into a table of all types. The first bytes choose compression
 * and bounds. What is written begins and ends as a Parquet file does, its pages follow each other
 * up to the footer, and the same records make the same bytes. The input as a schema is refused as
 * such or says the same once printed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/parquet.h"

enum { OUT_BYTES_MAX = 64 << 20, COLUMNS = 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const all_types =
    "[{\"name\":\"a\",\"type\":\"bool\",\"nullable\":true},"
    "{\"name\":\"b\",\"type\":\"int32\",\"nullable\":true},"
    "{\"name\":\"c\",\"type\":\"int64\",\"nullable\":true},"
    "{\"name\":\"d\",\"type\":\"float\",\"nullable\":true},"
    "{\"name\":\"e\",\"type\":\"double\",\"nullable\":true},"
    "{\"name\":\"f\",\"type\":\"decimal(9,2)\",\"nullable\":true},"
    "{\"name\":\"g\",\"type\":\"decimal(18,6)\",\"nullable\":true},"
    "{\"name\":\"h\",\"type\":\"decimal(38,20)\",\"nullable\":true},"
    "{\"name\":\"i\",\"type\":\"string\",\"nullable\":true},"
    "{\"name\":\"j\",\"type\":\"json\",\"nullable\":true},"
    "{\"name\":\"k\",\"type\":\"timestamp(ms)\",\"nullable\":true},"
    "{\"name\":\"l\",\"type\":\"timestamp(us,local)\",\"nullable\":true},"
    "{\"name\":\"m\",\"type\":\"date\",\"nullable\":true},"
    "{\"name\":\"n\",\"type\":\"timestamp(us)\",\"format\":\"s\",\"nullable\":true},"
    "{\"name\":\"o\",\"type\":\"date\",\"format\":\"%d.%m.%Y\",\"nullable\":true},"
    "{\"name\":\"p\",\"path\":\"p.q\",\"type\":\"string\",\"nullable\":true},"
    "{\"name\":\"r\",\"path\":\"i\",\"type\":\"json\",\"nullable\":true},"
    "{\"name\":\"s\",\"path\":\"b\",\"type\":\"double\",\"nullable\":true}]";

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static int
to_buf(void *context, struct slice bytes, struct err *err)
{
	return buf_append(context, bytes, err);
}

struct table {
	struct table_schema *schema;
	struct json_scanner *scanner;
	unsigned fields[COLUMNS];
	struct buf scratch, line;
};

/* A row is within its types, or there is a reason. */
static bool
read_row(struct table *t, struct slice line, struct table_value *row)
{
	struct json_value values[COLUMNS];
	char reason[TABLE_REASON_BYTES];
	struct json_fault fault;
	struct err err = ERR_INIT;
	unsigned column = COLUMNS;

	buf_clear(&t->line);
	require(!buf_append(&t->line, line, &err) && !buf_pad(&t->line, &err));
	if (json_scan(t->scanner, buf_slice(&t->line), values, &fault))
		return false;
	if (table_row_read(t->schema, values, t->fields, &t->scratch, row, &column, reason)) {
		require(column < COLUMNS && strlen(reason) > 0);
		return false;
	}
	require(row[0].is_null || row[0].i == 0 || row[0].i == 1);
	require(row[1].is_null || (row[1].i >= INT32_MIN && row[1].i <= INT32_MAX));
	require(row[5].is_null || (row[5].i > -1000000000 && row[5].i < 1000000000));
	return true;
}

static size_t
write_table(
    struct table *t, const struct parquet_options *options, struct slice text, struct buf *out)
{
	struct parquet_output output = { .write = to_buf, .context = out };
	struct table_value row[COLUMNS];
	struct err err = ERR_INIT;
	struct parquet_writer *w = parquet_writer_new(t->schema, options, output, &err);
	struct slice line;
	size_t rows = 0;
	bool has_more = true;

	require(w != NULL);
	while (has_more) {
		has_more = slice_cut(text, '\n', &line, &text);
		/* each twice: something for dictionaries */
		for (unsigned i = 0; i < 2; i++)
			if (read_row(t, line, row)) {
				require(!parquet_writer_rows(w, row, 1, &err));
				rows++;
			}
	}
	require(!parquet_writer_finish(w, &err));
	require(parquet_writer_bytes(w) == (int64_t)out->len);
	parquet_writer_free(w);
	return rows;
}

static void
check_file(const struct buf *file)
{
	uint32_t footer;

	require(file->len >= 12 && slice_starts(buf_slice(file), PARQUET_MAGIC));
	require(!memcmp(file->data + file->len - 4, PARQUET_MAGIC, 4));
	memcpy(&footer, file->data + file->len - 8, sizeof(footer));
	require(footer > 0 && footer <= file->len - 12);
	/* FileMetaData begins with its version */
	require(!memcmp(file->data + file->len - 8 - footer, "\x15\x02\x19", 3));
}

static void
try_schema(struct slice text)
{
	struct err err = ERR_INIT;
	struct buf printed = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
	struct table_schema *s = table_schema_parse(text, &err), *copy;

	require(s || err.class == ERR_USAGE);
	if (s) {
		require(!table_schema_append(s, &printed, &err));
		copy = table_schema_parse(buf_slice(&printed), &err);
		require(copy && !table_schema_append(copy, &again, &err));
		require(slice_equal(buf_slice(&printed), buf_slice(&again)));
		table_schema_free(copy);
	}
	table_schema_free(s);
	buf_release(&printed);
	buf_release(&again);
}

static void
open_table(struct table *t)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);

	*t = (struct table){ .scratch = BUF_INIT(OUT_BYTES_MAX), .line = BUF_INIT(OUT_BYTES_MAX) };
	t->schema = table_schema_parse(slice_of(all_types), &err);
	require(paths && t->schema && t->schema->count == COLUMNS);
	for (unsigned i = 0; i < COLUMNS; i++)
		t->fields[i] =
		    (unsigned)json_paths_add(paths, slice_of(t->schema->columns[i].path), &err);
	t->scanner = json_scanner_new(paths, &err);
	require(t->scanner != NULL);
	json_paths_free(paths);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum parquet_codec codecs[] = { PARQUET_UNCOMPRESSED, PARQUET_SNAPPY,
		PARQUET_GZIP, PARQUET_ZSTD, PARQUET_LZ4_RAW };
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct buf a = BUF_INIT(OUT_BYTES_MAX), b = a;
	struct table t;
	struct slice text;

	if (size < 3)
		return 0;
	text = slice_make((const char *)data + 3, size - 3);
	options.codec = codecs[data[0] % 5];
	options.row_group_bytes_max = 1 + data[1] * 16u;
	options.page_bytes_max = 1 + data[2];
	open_table(&t);
	require(write_table(&t, &options, text, &a) == write_table(&t, &options, text, &b));
	require(slice_equal(buf_slice(&a), buf_slice(&b)));
	check_file(&a);
	try_schema(text);
	table_schema_free(t.schema);
	json_scanner_free(t.scanner);
	buf_release(&t.scratch);
	buf_release(&t.line);
	buf_release(&a);
	buf_release(&b);
	return 0;
}
