/* SPDX-License-Identifier: MIT */
/* A place in one object, and the records from there on: lines, or rows of CSV as JSON objects. */
#ifndef SLUICE_SOURCE_OBJECT_CURSOR_H
#define SLUICE_SOURCE_OBJECT_CURSOR_H

#include "source/object_reader.h"
#include "source/objects.h"
#include "source/source.h"

struct object_cursor_options {
	enum objects_format format;
	const char *columns; /* borrowed, as all of these */
	bool has_header;
	char delimiter;
	size_t line_bytes_max;
	size_t read_bytes; /* least room for lines, and half of it for the bytes as stored; 0: for
	                    * one cursor that shall be fast */
};

struct object_cursor;

/* ERR_USAGE for bad columns. */
struct object_cursor *object_cursor_new(const struct object_cursor_options *, struct err *);
void object_cursor_free(struct object_cursor *);

/* Where the next record begins: behind so many lines and decompressed bytes, and so many records. */
struct object_place {
	int64_t line;
	int64_t byte;
	int64_t skip;
};

/* Begins an object whose name is borrowed; its bytes are taken over, also where it fails. */
int object_cursor_open(struct object_cursor *, const char *name, struct object_bytes *, struct err *);
void object_cursor_close(struct object_cursor *);
bool object_cursor_is_open(const struct object_cursor *);

/* Goes on from a place of the same object, right after it was opened. ERR_DATA where the object is
 * shorter; ERR_STOPPED. */
int object_cursor_seek(struct object_cursor *, const struct object_place *, struct err *);

/* The records; SOURCE_END at the end of the object. position.sequence is left 0. */
enum source_status object_cursor_next(struct object_cursor *, int64_t deadline_mono_ms,
    struct record *, struct err *);

/* The place behind the record given last. */
struct object_place object_cursor_place(const struct object_cursor *);

/* Of the open object: how many of its bytes, as stored, the records given so far were (never fewer than said before),
 * -1 where that is not known (object_reader_passed); and of one at its end all it has. */
int64_t object_cursor_passed(struct object_cursor *);
int64_t object_cursor_stored(const struct object_cursor *);

/* Lines passed, blank ones and headers too; at SOURCE_END all that the object has. */
int64_t object_cursor_lines(const struct object_cursor *);

bool object_cursor_is_csv(const struct object_cursor *);

/* Bytes of memory it holds, and those of them for lines: what grows, with a longer line. */
size_t object_cursor_capacity(const struct object_cursor *);
size_t object_cursor_lines_capacity(const struct object_cursor *);

#endif
