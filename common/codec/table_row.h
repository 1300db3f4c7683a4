/* SPDX-License-Identifier: MIT */
/*
 * Rows as bytes, for a spool: read once from JSON, written to a table later, by the same program.
 * No format for others: a bit a column for nulls, then the values, numbers as the machine has them,
 * bytes with their length before them.
 */
#ifndef SLUICE_CODEC_TABLE_ROW_H
#define SLUICE_CODEC_TABLE_ROW_H

#include "codec/table_value.h"

/*
 * Appends a row of the schema. ERR_DATA near the buffer's ceiling, that is, where 16 bytes a column and the
 * strings would pass it: nothing is appended then.
 */
int table_row_append(
    const struct table_schema *, const struct table_value *row, struct buf *, struct err *);

/*
 * Takes the row that *rest begins with; its bytes are slices of it, and *rest is what follows.
 * Returns 1, or 0 where *rest does not hold a whole row yet. What is no row at all is not told from
 * another one: a spool is read by who wrote it.
 */
int table_row_take(const struct table_schema *, struct slice *rest, struct table_value *ret_row);

#endif
