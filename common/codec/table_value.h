/* SPDX-License-Identifier: MIT */
/*
 * A record's JSON values as the values of a table's columns, exactly or not at all: what does not
 * fit its column is a reason to reject the record, never a null and never a rounded number (but for
 * float and double, which take the nearest value there is).
 *
 * bool        true, false
 * int32/64    a number that is whole (1, 1.0, 1e3) and fits
 * float       a number no larger than FLT_MAX: the double nearest to it, rounded to a float
 * double      a number: the nearest double
 * decimal     a number, or a string that holds one in JSON's grammar
 * string      a string without lone surrogate escapes
 * timestamp   by the column's format; digits finer than its unit must be zeros
 * date        by the column's format; a time of day must be midnight in UTC
 * json        any value but null, its bytes as they are in the record
 */
#ifndef SLUICE_CODEC_TABLE_VALUE_H
#define SLUICE_CODEC_TABLE_VALUE_H

#include "codec/number.h"
#include "codec/table_schema.h"

struct table_value {
	union {
		int64_t i;          /* bool (0, 1), int32, int64, timestamp (its unit), date (days),
		                     * decimals of up to 18 digits: the value * 10^scale */
		double d;           /* float, double */
		number_wide wide;   /* decimals of more digits, likewise */
		struct slice bytes; /* string, json: borrowed */
	};
	bool is_null;
};

/* Whether a decimal's value is `wide` rather than `i`. */
static inline bool
table_decimal_is_wide(const struct table_column *c)
{
	return c->precision > 18;
}

enum { TABLE_REASON_BYTES = 128 };

/*
 * Turns values[fields[number of the column]] into the row. Values are of one json_scan, with the
 * padding it wants behind the record; fields are what json_paths_add has said of the columns'
 * paths. Strings with escapes are decoded into `scratch`, which is cleared first; the others are
 * slices of the record. Returns 0; -1 with the column and a reason without place and name ("does
 * not fit int32: 3000000000") in `reason`. Where memory runs out or scratch's ceiling is reached,
 * the reason says so too.
 */
int table_row_read(const struct table_schema *, const struct json_value *values,
    const unsigned *fields, struct buf *scratch, struct table_value *ret_row, unsigned *ret_column,
    char reason[static TABLE_REASON_BYTES]);

/*
 * One decimal: all of `text`, in JSON's number grammar, as *ret = value * 10^scale. Returns NULL,
 * or why not; `reason` may be what is returned.
 */
const char *table_decimal_parse(const struct table_column *, struct slice text, number_wide *ret,
    char reason[static TABLE_REASON_BYTES]);

#endif
