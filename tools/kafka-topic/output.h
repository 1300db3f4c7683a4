/* SPDX-License-Identifier: MIT */
/*
 * What a verb has found, as rows: printed as a table for people, as JSON objects, one a line, or as
 * bare names. Pure but for output_flush and the warning of output_names.
 */
#ifndef SLUICE_KAFKA_TOPIC_OUTPUT_H
#define SLUICE_KAFKA_TOPIC_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "base/buf.h"

/* Rows under construction. A failure (memory) is kept until output_rows asks for it. */
struct rows {
	json_t *array;
	json_t *row; /* the last one, borrowed */
	bool has_failed;
};

void rows_init(struct rows *);
void rows_release(struct rows *);

/* Begins a row; the following calls give it members, in their order. */
void rows_begin(struct rows *);

/* NULL is null. What is not UTF-8 becomes '?', byte by byte: a group may have any name. */
void rows_text(struct rows *, const char *key, const char *text);

/* The same value, for rows_value; NULL without memory. */
json_t *rows_json_text(const char *text);
void rows_int(struct rows *, const char *key, int64_t value);
void rows_int_or_null(struct rows *, const char *key, int64_t value, bool has_value);
void rows_numbers(struct rows *, const char *key, const int32_t *numbers, size_t count);

/* Takes the value. */
void rows_value(struct rows *, const char *key, json_t *value);

/* Puts the rows of `from` as an array into the last row of `to`, and empties `from`. */
void rows_nest(struct rows *to, const char *key, struct rows *from);

enum output_form {
	OUTPUT_DEFAULT, /* a table, or what the verb prefers where stdout is no terminal */
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_NAMES,
};

enum { OUTPUT_BYTES_MAX = 256 * 1024 * 1024 };

struct output {
	enum output_form form;
	bool is_terminal; /* stdout is one */
	FILE *file;
	struct buf text;
};

struct column {
	const char *header;
	const char *key; /* of the rows' members */
};

/*
 * Appends a table with the columns, numbers to the right; a missing or null member is "-", a
 * control character (C0, DEL, C1) "?". A second table is set off by an empty line. No rows, no
 * table.
 */
int output_table(
    struct output *, const struct rows *, const struct column *, size_t column_count, struct err *);

/* Appends each row as one line of JSON. Control characters are escaped, those from U+007F to U+009F
 * too. */
int output_json(struct output *, const struct rows *, struct err *);

/* Appends the member of each row as a line; names with control characters, a line feed for one, are
 * left out, of which a warning tells. */
int output_names(struct output *, const struct rows *, const char *key, struct err *);

/* The table or, with --json, the objects. */
int output_rows(
    struct output *, const struct rows *, const struct column *, size_t column_count, struct err *);

/* The names alone where they are asked for, or by default where stdout is no terminal, else as
 * output_rows. */
int output_list(struct output *, const struct rows *, const struct column *, size_t column_count,
    const char *key, struct err *);

/* Writes what has been appended. ERR_IO. */
int output_flush(struct output *, struct err *);

#endif
