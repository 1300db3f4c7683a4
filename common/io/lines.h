/* SPDX-License-Identifier: MIT */
/*
 * Lines from a descriptor, one large read(2) at a time, in one buffer with a ceiling. A line is
 * borrowed until the next call and BUF_PADDING readable bytes follow it.
 */
#ifndef SLUICE_IO_LINES_H
#define SLUICE_IO_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum lines_status {
	LINES_LINE,     /* *ret_line, without its line feed */
	LINES_WAIT,     /* nothing whole before the deadline, or a stop was requested */
	LINES_TOO_LONG, /* *ret_line is its beginning; the rest of it is skipped by the next calls */
	LINES_END,
	LINES_FAILED,
};

/*
 * Where bytes come from: fills at most `bytes`, *ret_len 0 at the end. A reader that would block
 * longer than the deadline returns with *ret_again set. Its error is passed on.
 */
struct lines_input {
	void *context;
	int (*read)(void *context, char *data, size_t bytes, int64_t deadline_mono_ms,
	    size_t *ret_len, bool *ret_again, struct err *);
};

/*
 * Finds the end of the row that begins at bytes.data: the offset of the line feed that ends it, or
 * -1. Called again with more bytes at the same beginning until it finds one; `is_new_row` is set
 * at the first call of a row.
 */
struct lines_splitter {
	void *context;
	ptrdiff_t (*find)(void *context, struct slice bytes, bool is_new_row);
};

struct lines;

/* ceiling: the longest line without its line feed. */
struct lines *lines_new(size_t line_bytes_max, struct err *);
/* For many at a time: the buffer begins with read_bytes, and only a longer line makes it grow. */
struct lines *lines_new_small(size_t line_bytes_max, size_t read_bytes, struct err *);
void lines_free(struct lines *);

/* Forgets what is buffered and counts from line 1 again: the next input. */
void lines_reset(struct lines *, struct lines_input);

/* As lines_reset, for an input that begins in the middle: behind that many lines and bytes. */
void lines_reset_at(struct lines *, struct lines_input, int64_t lines_before, int64_t bytes_before);

/* Rows end where the splitter says (line breaks inside CSV quotes); until the next reset. */
void lines_split_by(struct lines *, struct lines_splitter);

enum lines_status lines_next(struct lines *, int64_t deadline_mono_ms, struct slice *ret_line,
    struct err *);

/* Number of the line given last, from 1; of a row of several lines, its first. */
int64_t lines_number(const struct lines *);

/* Lines and bytes before the next line; not to be asked for after LINES_TOO_LONG, before the rest of
 * that line has been skipped. */
int64_t lines_passed(const struct lines *);
int64_t lines_byte(const struct lines *);

/* Bytes of memory it holds. */
size_t lines_capacity(const struct lines *);

/* A lines_input over a descriptor, waiting with poll(2) on it and on stop_fd(). `fd` must live as
 * long as the input. */
struct lines_input lines_input_fd(const int *fd);

#endif
