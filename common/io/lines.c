/* SPDX-License-Identifier: MIT */
#include "io/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/stop.h"

/* Measured on a pipe with 410-byte lines: larger reads gain nothing, smaller ones cost calls. */
enum { READ_BYTES = 256 * 1024 };

struct lines {
	struct lines_input input;
	struct lines_splitter splitter; /* find is NULL for plain lines */
	char *data;      /* capacity bytes and BUF_PADDING behind them */
	size_t capacity;
	size_t begin;    /* first byte of the next line */
	size_t searched; /* no line feed in [begin, searched) */
	size_t end;
	size_t line_bytes_max;
	size_t read_bytes;   /* least room for a read */
	int64_t data_offset; /* bytes of the input before data[0] */
	int64_t number;
	int64_t inner_feeds; /* line feeds inside the row given last */
	bool is_new_row;
	bool at_end;
	bool is_skipping; /* inside a line that was too long */
};

struct lines *
lines_new(size_t line_bytes_max, struct err *err)
{
	return lines_new_small(line_bytes_max, READ_BYTES, err);
}

struct lines *
lines_new_small(size_t line_bytes_max, size_t read_bytes, struct err *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (!lines) {
		err_no_memory(err);
		return NULL;
	}
	lines->line_bytes_max = line_bytes_max;
	lines->read_bytes = read_bytes;
	lines->capacity = read_bytes;
	lines->data = calloc(1, lines->capacity + BUF_PADDING);
	if (!lines->data) {
		err_no_memory(err);
		free(lines);
		return NULL;
	}
	return lines;
}

void
lines_free(struct lines *lines)
{
	if (!lines)
		return;
	free(lines->data);
	free(lines);
}

void
lines_reset(struct lines *lines, struct lines_input input)
{
	lines_reset_at(lines, input, 0, 0);
}

void
lines_reset_at(struct lines *lines, struct lines_input input, int64_t lines_before,
    int64_t bytes_before)
{
	lines->input = input;
	lines->splitter = (struct lines_splitter){ .find = NULL };
	lines->inner_feeds = 0;
	lines->is_new_row = true;
	lines->begin = lines->searched = lines->end = 0;
	lines->number = lines_before;
	lines->data_offset = bytes_before;
	lines->at_end = lines->is_skipping = false;
}

void
lines_split_by(struct lines *lines, struct lines_splitter splitter)
{
	lines->splitter = splitter;
	lines->is_new_row = true;
}

int64_t
lines_number(const struct lines *lines)
{
	return lines->number;
}

int64_t
lines_passed(const struct lines *lines)
{
	return lines->number + lines->inner_feeds;
}

int64_t
lines_byte(const struct lines *lines)
{
	return lines->data_offset + (int64_t)lines->begin;
}

size_t
lines_capacity(const struct lines *lines)
{
	return lines->capacity;
}

/* Moves what is left to the front and doubles the buffer where a line fills it. */
static int
make_room(struct lines *lines, struct err *err)
{
	size_t capacity_max = lines->line_bytes_max + 1 > lines->read_bytes
	    ? lines->line_bytes_max + 1
	    : lines->read_bytes;

	if (lines->begin > 0) {
		memmove(lines->data, lines->data + lines->begin, lines->end - lines->begin);
		lines->end -= lines->begin;
		lines->searched -= lines->begin;
		lines->data_offset += (int64_t)lines->begin;
		lines->begin = 0;
	}
	if (lines->end == lines->capacity) {
		size_t capacity = lines->capacity * 2 < capacity_max ? lines->capacity * 2
								     : capacity_max;
		char *data = realloc(lines->data, capacity + BUF_PADDING);

		if (!data)
			return err_no_memory(err);
		memset(data + lines->capacity, 0, capacity + BUF_PADDING - lines->capacity);
		lines->data = data;
		lines->capacity = capacity;
	}
	return 0;
}

static enum lines_status
fill(struct lines *lines, int64_t deadline_mono_ms, struct err *err)
{
	size_t len = 0;
	bool again = false;

	/* the rest of an overlong line needs no room of its own */
	if (lines->is_skipping) {
		lines->data_offset += (int64_t)lines->end;
		lines->begin = lines->searched = lines->end = 0;
	}
	if (make_room(lines, err))
		return LINES_FAILED;
	if (lines->input.read(lines->input.context, lines->data + lines->end,
		lines->capacity - lines->end, deadline_mono_ms, &len, &again, err))
		return LINES_FAILED;
	if (again)
		return LINES_WAIT;
	lines->end += len;
	lines->at_end = len == 0;
	return LINES_LINE;
}

static int64_t
count_feeds(struct slice row)
{
	int64_t count = 0;

	for (const char *at = row.data; (at = memchr(at, '\n', row.len - (size_t)(at - row.data)));
	     at++)
		count++;
	return count;
}

static enum lines_status
take(struct lines *lines, size_t len, size_t next, struct slice *ret_line)
{
	bool was_skipping = lines->is_skipping;

	*ret_line = slice_make(lines->data + lines->begin, len);
	lines->begin = lines->searched = next;
	lines->is_skipping = false;
	lines->is_new_row = true;
	if (was_skipping)
		return LINES_WAIT; /* not a line of its own: the caller looks for the next */
	lines->number += 1 + lines->inner_feeds;
	lines->inner_feeds = lines->splitter.find ? count_feeds(*ret_line) : 0;
	return LINES_LINE;
}

/* An overlong line: give its beginning, skip the rest later. */
static enum lines_status
give_up_line(struct lines *lines, struct slice *ret_line)
{
	lines->number += 1 + lines->inner_feeds;
	lines->inner_feeds = 0;
	*ret_line = slice_make(lines->data + lines->begin, lines->line_bytes_max);
	lines->searched = lines->begin + lines->line_bytes_max;
	lines->is_skipping = true;
	return LINES_TOO_LONG;
}

/* The line feed that ends the present row, or NULL. The rest of an overlong row ends at the next
 * line feed of any kind: a quote that was never closed must not swallow the input. */
static const char *
find_feed(struct lines *lines)
{
	ptrdiff_t at;

	if (!lines->splitter.find || lines->is_skipping)
		return memchr(lines->data + lines->searched, '\n', lines->end - lines->searched);
	at = lines->splitter.find(lines->splitter.context,
	    slice_make(lines->data + lines->begin, lines->end - lines->begin), lines->is_new_row);
	lines->is_new_row = false;
	return at < 0 ? NULL : lines->data + lines->begin + at;
}

enum lines_status
lines_next(struct lines *lines, int64_t deadline_mono_ms, struct slice *ret_line, struct err *err)
{
	for (;;) {
		const char *feed = find_feed(lines);
		size_t len = (feed ? (size_t)(feed - lines->data) : lines->end) - lines->begin;
		enum lines_status status;

		if (!lines->is_skipping && len > lines->line_bytes_max)
			return give_up_line(lines, ret_line);
		if (feed || (lines->at_end && len > 0)) {
			status = take(lines, len, lines->begin + len + (feed ? 1 : 0), ret_line);
			if (status == LINES_LINE)
				return status;
			continue;
		}
		if (lines->at_end)
			return LINES_END;
		lines->searched = lines->end;
		status = fill(lines, deadline_mono_ms, err);
		if (status != LINES_LINE)
			return status;
	}
}

static int
read_fd(void *context, char *data, size_t bytes, int64_t deadline_mono_ms, size_t *ret_len,
    bool *ret_again, struct err *err)
{
	int fd = *(const int *)context;
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	ssize_t len;

	for (;;) {
		int ready = poll(fds, 2, clock_poll_ms(deadline_mono_ms));

		if (ready < 0 && errno != EINTR)
			return err_errno(err, ERR_IO, errno, "poll");
		if (stop_requested() || ready == 0) {
			*ret_again = true;
			return 0;
		}
		if (ready > 0 && fds[0].revents)
			break;
	}
	do
		len = read(fd, data, bytes);
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno == EAGAIN) {
		*ret_again = true;
		return 0;
	}
	if (len < 0)
		return err_errno(err, ERR_IO, errno, "read");
	*ret_len = (size_t)len;
	return 0;
}

struct lines_input
lines_input_fd(const int *fd)
{
	/* read only through this pointer */
	return (struct lines_input){ .context = (void *)(uintptr_t)fd, .read = read_fd };
}
