/* SPDX-License-Identifier: MIT */
/*
 * CSV (RFC 4180, LF or CRLF, quotes doubled inside quotes, line breaks inside quotes) to one JSON
 * object a row, columns in order, bytes of the values as they came.
 */
#ifndef SLUICE_CODEC_CSV_H
#define SLUICE_CODEC_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct csv;

enum { CSV_COLUMNS_MAX = 4096 };

/*
 * `columns` is "name:type,name:type...", types string (the default), int, double, bool, json; NULL
 * where the first row names them (all strings). With both a header row and columns, the header
 * is skipped by the caller. ERR_USAGE where it cannot be read or a name repeats, or where
 * `delimiter` is a quote, a line break or NUL.
 */
struct csv *csv_new(const char *columns, char delimiter, struct err *);
void csv_free(struct csv *);

bool csv_has_columns(const struct csv *);

/* Takes the names from a header row (without its line feed; a CR at its end and a UTF-8 byte order
 * mark are skipped). ERR_DATA where a name is empty, repeats or cannot be read. */
int csv_set_header(struct csv *, struct slice row, struct err *);

/* How far a search has come in the bytes of one row; {0} for the next row. */
struct csv_search {
	size_t byte;    /* searched up to here */
	bool is_quoted; /* inside quotes at `byte` */
};

/*
 * Finds the end of the row that begins at bytes.data: the offset of the line feed that ends it,
 * quotes respected, or -1 where there is none in `bytes`. The search goes on where it stopped when
 * called again with more bytes from the same start. Only a quote at the start of a cell opens
 * anything; elsewhere it is itself.
 */
ptrdiff_t csv_row_end(const struct csv *, struct slice bytes, struct csv_search *);

/*
 * Appends the JSON object of one row, without its line feed (a CR at its end is skipped); no line
 * break is appended. Strings must be UTF-8. int and double keep their digits and must be JSON
 * numbers after blanks are trimmed; bool takes true and false; json must be one JSON text, and is
 * put in as it is. A cell without quotes and with nothing but blanks is null for every type but
 * string (there it is itself); for json a quoted one is, too.
 *
 * ERR_DATA, with the column's name, where a cell does not fit, quotes are wrong or the number of
 * cells is; *ret_byte is the byte of the row then. Needs the columns.
 */
int csv_row_to_json(
    struct csv *, struct slice row, struct buf *out, size_t *ret_byte, struct err *);

#endif
