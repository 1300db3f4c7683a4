/* SPDX-License-Identifier: MIT */
/*
 * Rows of any bytes. The first byte chooses the columns, the second how many bytes come at a time.
 * Ends of rows do not depend on that, and every object that is made is JSON.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/csv.h"
#include "codec/json.h"

enum { OUT_BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static void
check_end(const struct csv *csv, struct slice bytes, size_t chunk, ptrdiff_t expected)
{
	struct csv_search search = { .byte = 0 };
	size_t have = 0;
	ptrdiff_t end = -1;

	while (end < 0 && have < bytes.len) {
		have = have + chunk < bytes.len ? have + chunk : bytes.len;
		end = csv_row_end(csv, slice_make(bytes.data, have), &search);
	}
	require(end == expected);
}

static void
check_json(struct json_scanner *scanner, struct buf *out)
{
	struct json_fault fault;
	struct err err = ERR_INIT;

	require(!buf_pad(out, &err));
	require(out->data[0] == '{' && out->data[out->len - 1] == '}');
	require(!json_scan(scanner, buf_slice(out), NULL, &fault));
}

static void
try_rows(struct csv *csv, struct json_scanner *scanner, struct slice rest, size_t chunk)
{
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;
	size_t byte;

	while (rest.len) {
		struct csv_search search = { .byte = 0 };
		ptrdiff_t end = csv_row_end(csv, rest, &search);
		struct slice row = slice_make(rest.data, end < 0 ? rest.len : (size_t)end);

		check_end(csv, rest, chunk, end);
		rest = slice_skip(rest, end < 0 ? rest.len : (size_t)end + 1);
		buf_clear(&out);
		if (!csv_has_columns(csv)) {
			if (csv_set_header(csv, row, &err))
				break;
		} else if (csv_row_to_json(csv, row, &out, &byte, &err)) {
			require(err.class == ERR_DATA && byte <= row.len && !out.len);
		} else {
			check_json(scanner, &out);
		}
	}
	buf_release(&out);
}

/* The bytes as an option's value. */
static void
try_columns(struct slice text)
{
	struct err err = ERR_INIT;
	char *columns = strndup(text.data, text.len);
	struct csv *csv;

	require(columns != NULL);
	csv = csv_new(columns, ',', &err);
	require(csv || err.class == ERR_USAGE);
	csv_free(csv);
	free(columns);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[] = { NULL, "a", "a:int,b", "a,b:json",
		"a:bool,b:double,c:json" };
	struct err err = ERR_INIT;
	struct json_paths *none = json_paths_new(&err);
	struct json_scanner *scanner;
	struct slice bytes;
	struct csv *csv;

	require(none != NULL);
	scanner = json_scanner_new(none, &err);
	require(scanner != NULL);
	if (size >= 3) {
		bytes = slice_make((const char *)data + 2, size - 2);
		csv = csv_new(columns[data[0] % 5], data[0] & 0x80 ? '\t' : ',', &err);
		require(csv != NULL);
		try_rows(csv, scanner, bytes, data[1] + 1u);
		csv_free(csv);
		try_columns(bytes);
	}
	json_scanner_free(scanner);
	json_paths_free(none);
	return 0;
}
