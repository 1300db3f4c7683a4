/* SPDX-License-Identifier: MIT */
/*
 * CSV (RFC 4180, LF or CRLF, quotes doubled inside quotes, line breaks inside quotes) to one JSON
 * object a row, columns in order, bytes of the values as they came.
 */
#ifndef SLUICE_CODEC_CSV_H
#define SLUICE_CODEC_CSV_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct csv;

/*
 * `columns` is "name:type,name:type...", types string (the default), int, double, bool, json; NULL
 * where the first row names them (all strings). With both a header row and columns, the header
 * is skipped by the caller. ERR_USAGE where it cannot be read or a name repeats.
 */
struct csv *csv_new(const char *columns, char delimiter, struct err *);
void csv_free(struct csv *);

bool csv_has_columns(const struct csv *);

/* Takes the names from a header row (without its line break; a UTF-8 byte order mark is skipped). */
int csv_set_header(struct csv *, struct slice row, struct err *);

/*
 * Finds the end of the row that begins at bytes.data: the offset of the line feed that ends it,
 * quotes respected, or -1 where there is none in `bytes`. *resume carries the state of the search
 * between calls with more bytes at the same start (0 at first; set back to 0 by the caller for the next row).
 */
struct csv_search {
	size_t byte;    /* searched up to here */
	bool is_quoted; /* inside quotes at `byte` */
};
ptrdiff_t csv_row_end(const struct csv *, struct slice bytes, struct csv_search *);

/*
 * Appends the JSON object of one row (no line break at its end, no CR either; none is appended).
 * Empty unquoted cells are null for every type but string (there ""). int and double keep their
 * digits and must be JSON numbers after blanks are trimmed; bool takes true/false; json is put in
 * after being checked by the caller's scanner (the whole object is scanned downstream), empty is
 * null. ERR_DATA with column name and byte of the row where a cell does not fit or the number of
 * cells is wrong; *ret_byte is that byte.
 */
int csv_row_to_json(struct csv *, struct slice row, struct buf *out, size_t *ret_byte, struct err *);

#endif
