/* SPDX-License-Identifier: MIT */
#include "source/object_cursor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "codec/csv.h"

enum { CHUNK_BYTES = 128 * 1024 }; /* of an object, as stored */

struct object_cursor {
	struct object_cursor_options options;
	const char *name;    /* NULL: closed */
	struct slice origin; /* the name */
	struct object_reader *reader;
	struct lines *lines;
	struct object_place place; /* behind the record given last */
	int64_t passed;            /* what object_cursor_passed has said */
	/* CSV */
	bool is_csv; /* the present object */
	bool is_header_due;
	struct csv *csv;
	struct csv_search search;
	struct buf row;
};

/* ---- opening and seeking ---- */

static bool
wants_csv(const struct object_cursor *c, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (c->options.format != OBJECTS_AUTO)
		return c->options.format == OBJECTS_CSV;
	/* a folder or a bucket of such a name may hold anything */
	return c->options.columns || strstr(slash ? slash : name, ".csv");
}

static ptrdiff_t
find_row_end(void *context, struct slice bytes, bool is_new_row)
{
	struct object_cursor *c = context;

	if (is_new_row)
		c->search = (struct csv_search){ .byte = 0 };
	return csv_row_end(c->csv, bytes, &c->search);
}

static void
split_rows(struct object_cursor *c)
{
	lines_split_by(c->lines, (struct lines_splitter){ .context = c, .find = find_row_end });
}

static int
begin_csv(struct object_cursor *c, struct err *err)
{
	/* without columns each object names its own */
	if (!c->options.columns) {
		csv_free(c->csv);
		c->csv = csv_new(NULL, c->options.delimiter, err);
		if (!c->csv)
			return -1;
	}
	c->is_header_due = !c->options.columns || c->options.has_header;
	split_rows(c);
	return 0;
}

int
object_cursor_open(struct object_cursor *c, const char *name, struct object_bytes *bytes,
    struct err *err)
{
	c->name = name;
	c->origin = slice_of(name);
	c->place = (struct object_place){ .line = 0 };
	c->passed = 0;
	if (object_reader_open(c->reader, bytes, err))
		return -1;
	lines_reset(c->lines, object_reader_input(c->reader));
	c->is_csv = wants_csv(c, name);
	return c->is_csv ? begin_csv(c, err) : 0;
}

void
object_cursor_close(struct object_cursor *c)
{
	object_reader_close(c->reader);
	c->name = NULL;
}

bool
object_cursor_is_open(const struct object_cursor *c)
{
	return c->name != NULL;
}

/* ---- records ---- */

/* Puts the object's name before it, where it does not begin with that: errors of S3 do. */
static int
name_object(const struct object_cursor *c, struct err *err)
{
	if (slice_starts(slice_of(err->text), c->name))
		return -1;
	return err_wrap(err, "%s", c->name);
}

static void
fill_record(const struct object_cursor *c, struct slice value, struct record *ret)
{
	record_set_line(ret, c->origin, lines_number(c->lines), 0, value);
}

static struct slice
without_cr(struct slice line)
{
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int
take_header(struct object_cursor *c, struct slice row, struct err *err)
{
	c->is_header_due = false;
	if (c->options.columns)
		return 0;
	if (csv_set_header(c->csv, row, err))
		return err_wrap(err, "%s:%lld: header", c->name,
		    (long long)lines_number(c->lines));
	return 0;
}

static enum source_status
give_row(struct object_cursor *c, struct slice row, struct record *ret_record, struct err *err)
{
	char reason[ERR_TEXT_BYTES];
	size_t byte = 0;

	buf_clear(&c->row);
	if (csv_row_to_json(c->csv, row, &c->row, &byte, err)) {
		if (err->class != ERR_DATA)
			return SOURCE_FAILED;
		fill_record(c, row, ret_record);
		memcpy(reason, err->text, sizeof(reason));
		record_reject(ret_record, (int64_t)byte, reason, err);
		return SOURCE_REJECT;
	}
	if (buf_pad(&c->row, err))
		return SOURCE_FAILED;
	fill_record(c, buf_slice(&c->row), ret_record);
	return SOURCE_RECORD;
}

/* A row of CSV may be blanks between delimiters that are blanks. */
static bool
is_blank(const struct object_cursor *c, struct slice line)
{
	if (line.len == 0)
		return true;
	/* a line nearly always begins with something else */
	return !c->is_csv && (unsigned char)line.data[0] <= ' ' && slice_trim(line).len == 0;
}

/* SOURCE_WAIT: nothing of this line, look at the next. */
static enum source_status
give_line(struct object_cursor *c, struct slice line, struct record *ret_record, struct err *err)
{
	line = without_cr(line);
	if (is_blank(c, line))
		return SOURCE_WAIT;
	if (!c->is_csv) {
		fill_record(c, line, ret_record);
		return SOURCE_RECORD;
	}
	/* of a header csv_set_header skips it */
	if (lines_number(c->lines) == 1 && !c->is_header_due && slice_starts(line, "\xef\xbb\xbf"))
		line = slice_skip(line, 3);
	if (c->is_header_due)
		return take_header(c, line, err) ? SOURCE_FAILED : SOURCE_WAIT;
	return give_row(c, line, ret_record, err);
}

static enum source_status
give_too_long(struct object_cursor *c, struct slice begin, struct record *ret_record,
    struct err *err)
{
	fill_record(c, begin, ret_record);
	record_reject_long(ret_record, c->options.line_bytes_max, err);
	return SOURCE_REJECT;
}

/* Without its header an object cannot be read at all. */
static enum source_status
fail_long_header(const struct object_cursor *c, struct err *err)
{
	err_set(err, ERR_DATA, "%s:%lld: header is longer than %zu bytes (--line-max)", c->name,
	    (long long)lines_number(c->lines), c->options.line_bytes_max);
	return SOURCE_FAILED;
}

static struct object_place
place_of_next_line(const struct object_cursor *c)
{
	return (struct object_place){ .line = lines_passed(c->lines),
		.byte = lines_byte(c->lines) };
}

enum source_status
object_cursor_next(struct object_cursor *c, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	enum source_status status;
	struct slice line;

	while (!stop_requested()) {
		switch (lines_next(c->lines, deadline_mono_ms, &line, err)) {
		case LINES_LINE:
			status = give_line(c, line, ret_record, err);
			if (status == SOURCE_WAIT)
				break;
			c->place = place_of_next_line(c);
			return status;
		case LINES_TOO_LONG:
			if (c->is_csv && c->is_header_due)
				return fail_long_header(c, err);
			/* where it ends is not known yet: it is counted from the record before */
			c->place.skip++;
			return give_too_long(c, line, ret_record, err);
		case LINES_WAIT:
			return SOURCE_WAIT;
		case LINES_END:
			return SOURCE_END;
		case LINES_FAILED:
			(void)name_object(c, err);
			return SOURCE_FAILED;
		}
	}
	return SOURCE_WAIT;
}

static int
skip_records(struct object_cursor *c, int64_t count, struct err *err)
{
	struct record record;

	while (count > 0) {
		switch (object_cursor_next(c, CLOCK_NEVER, &record, err)) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			count--;
			break;
		case SOURCE_WAIT:
			return err_set(err, ERR_STOPPED, "%s: stopped while skipping records", c->name);
		case SOURCE_END:
			return err_set(err, ERR_DATA, "%s: is shorter than it was", c->name);
		case SOURCE_FAILED:
			return -1;
		}
	}
	err_clear(err); /* rejected records were reported before */
	return 0;
}

/* Reads on until the header has been taken. */
static int
read_header(struct object_cursor *c, struct err *err)
{
	struct record record;
	struct slice line;

	while (c->is_header_due) {
		switch (lines_next(c->lines, CLOCK_NEVER, &line, err)) {
		case LINES_LINE:
			if (give_line(c, line, &record, err) == SOURCE_FAILED)
				return -1;
			break;
		case LINES_TOO_LONG:
			(void)fail_long_header(c, err);
			return -1;
		case LINES_WAIT:
			return err_set(err, ERR_STOPPED, "%s: stopped while reading its header", c->name);
		case LINES_END:
			return err_set(err, ERR_DATA, "%s: has no header any more", c->name);
		case LINES_FAILED:
			return name_object(c, err);
		}
	}
	return 0;
}

int
object_cursor_seek(struct object_cursor *c, const struct object_place *place, struct err *err)
{
	if (place->byte > 0) {
		if (c->is_csv && read_header(c, err))
			return -1;
		if (object_reader_seek(c->reader, place->byte, err))
			return name_object(c, err);
		lines_reset_at(c->lines, object_reader_input(c->reader), place->line, place->byte);
		if (c->is_csv)
			split_rows(c);
		c->place = (struct object_place){ .line = place->line, .byte = place->byte };
	}
	return skip_records(c, place->skip, err);
}

struct object_place
object_cursor_place(const struct object_cursor *c)
{
	return c->place;
}

int64_t
object_cursor_passed(struct object_cursor *c)
{
	int64_t passed = object_reader_passed(c->reader, c->place.byte);

	if (passed < 0)
		return -1;
	/* reckoned by what is known now, it may be less than it was a moment ago */
	if (c->passed < passed)
		c->passed = passed;
	return c->passed;
}

int64_t
object_cursor_stored(const struct object_cursor *c)
{
	return object_reader_stored(c->reader);
}

int64_t
object_cursor_lines(const struct object_cursor *c)
{
	return lines_passed(c->lines);
}

bool
object_cursor_is_csv(const struct object_cursor *c)
{
	return c->is_csv;
}

size_t
object_cursor_capacity(const struct object_cursor *c)
{
	return sizeof(*c) + object_reader_capacity(c->reader) + lines_capacity(c->lines) +
	    c->row.capacity;
}

size_t
object_cursor_lines_capacity(const struct object_cursor *c)
{
	return lines_capacity(c->lines) + c->row.capacity;
}

/* ---- lifecycle ---- */

void
object_cursor_free(struct object_cursor *c)
{
	if (!c)
		return;
	object_reader_free(c->reader);
	lines_free(c->lines);
	csv_free(c->csv);
	buf_release(&c->row);
	free(c);
}

static int
prepare(struct object_cursor *c, struct err *err)
{
	size_t read_bytes = c->options.read_bytes;

	c->reader = object_reader_new(read_bytes ? read_bytes / 2 : CHUNK_BYTES, err);
	if (!c->reader)
		return -1;
	c->lines = read_bytes ? lines_new_small(c->options.line_bytes_max, read_bytes, err)
			      : lines_new(c->options.line_bytes_max, err);
	if (!c->lines)
		return -1;
	/* read now, so that a mistake in them is found before anything is sent */
	if (c->options.columns) {
		c->csv = csv_new(c->options.columns, c->options.delimiter, err);
		if (!c->csv)
			return err_wrap(err, "--columns");
	}
	return 0;
}

struct object_cursor *
object_cursor_new(const struct object_cursor_options *options, struct err *err)
{
	struct object_cursor *c = calloc(1, sizeof(*c));

	if (!c) {
		err_no_memory(err);
		return NULL;
	}
	c->options = *options;
	/* a cell may grow sixfold by escapes; the line itself is bounded */
	buf_init(&c->row, 8 * options->line_bytes_max + 65536);
	if (prepare(c, err)) {
		object_cursor_free(c);
		return NULL;
	}
	return c;
}
