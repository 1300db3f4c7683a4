/* SPDX-License-Identifier: MIT */
#include "source/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "codec/csv.h"
#include "codec/frames.h"
#include "io/lines.h"
#include "io/paths.h"

enum {
	CHUNK_BYTES = 128 * 1024, /* of a file, compressed */
	FD_NONE = -1,
};

struct source_objects {
	struct source base;
	struct source_objects_options options;
	struct path_list files;
	size_t next_file;    /* index of the file to open next */
	const char *name;    /* of the one being read, NULL between files */
	int64_t sequence;    /* of the next record */
	struct lines *lines;
	/* the file being read */
	int fd;
	struct lines_input raw;
	struct frames_decoder *decoder;
	char *chunk;
	struct slice undecoded; /* in chunk */
	bool at_end;            /* of the compressed bytes */
	int64_t bytes;
	int64_t bytes_all;
	/* CSV */
	bool is_csv; /* the present file */
	bool is_header_due;
	struct csv *csv;
	struct csv_search search;
	struct buf row;
};

/* ---- bytes of the present file, decompressed ---- */

static int
fill_chunk(struct source_objects *s, int64_t deadline_mono_ms, bool *ret_again, struct err *err)
{
	size_t len = 0;

	if (s->raw.read(s->raw.context, s->chunk, CHUNK_BYTES, deadline_mono_ms, &len, ret_again,
		err))
		return -1;
	if (*ret_again)
		return 0;
	s->bytes += (int64_t)len;
	s->at_end = len == 0;
	s->undecoded = slice_make(s->chunk, len);
	return 0;
}

static int
read_decoded(void *context, char *data, size_t bytes, int64_t deadline_mono_ms, size_t *ret_len,
    bool *ret_again, struct err *err)
{
	struct source_objects *s = context;

	for (;;) {
		bool was_end = s->at_end;

		if (frames_decode(s->decoder, &s->undecoded, s->at_end, data, bytes, ret_len, err))
			return -1;
		if (*ret_len || was_end)
			return 0;
		if (s->undecoded.len)
			continue;
		if (fill_chunk(s, deadline_mono_ms, ret_again, err))
			return -1;
		if (*ret_again)
			return 0;
	}
}

/* ---- from file to file ---- */

static void
close_file(struct source_objects *s)
{
	frames_decoder_free(s->decoder);
	s->decoder = NULL;
	if (s->fd > STDIN_FILENO)
		(void)close(s->fd); /* was only read */
	s->fd = FD_NONE;
	s->name = NULL;
}

static bool
wants_csv(const struct source_objects *s, const char *name)
{
	if (s->options.format != OBJECTS_AUTO)
		return s->options.format == OBJECTS_CSV;
	return s->options.columns || strstr(name, ".csv");
}

static ptrdiff_t
find_row_end(void *context, struct slice bytes, bool is_new_row)
{
	struct source_objects *s = context;

	if (is_new_row)
		s->search = (struct csv_search){ .byte = 0 };
	return csv_row_end(s->csv, bytes, &s->search);
}

static int
begin_csv(struct source_objects *s, struct err *err)
{
	/* without columns each file names its own */
	if (!s->options.columns) {
		csv_free(s->csv);
		s->csv = csv_new(NULL, s->options.delimiter, err);
		if (!s->csv)
			return -1;
	}
	s->is_header_due = !s->options.columns || s->options.has_header;
	lines_split_by(s->lines,
	    (struct lines_splitter){ .context = s, .find = find_row_end });
	return 0;
}

static int
open_fd(struct source_objects *s, const char *name, struct err *err)
{
	struct stat st;

	if (strcmp(name, "-") == 0) {
		s->fd = STDIN_FILENO;
		s->name = "stdin";
		return 0;
	}
	do /* a FIFO waits for its writer */
		s->fd = open(name, O_RDONLY | O_CLOEXEC);
	while (s->fd < 0 && errno == EINTR && !stop_requested());
	if (s->fd < 0 && errno == EINTR)
		return err_set(err, ERR_STOPPED, "%s: stopped while waiting for its writer", name);
	if (s->fd < 0)
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_NO_INPUT, errno, "%s", name);
	s->name = name;
	if (!fstat(s->fd, &st) && S_ISREG(st.st_mode))
		(void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
	return 0;
}

static int
open_next(struct source_objects *s, struct err *err)
{
	if (open_fd(s, s->files.names[s->next_file], err))
		return -1;
	s->next_file++;
	s->decoder = frames_decoder_new(err);
	if (!s->decoder)
		return -1;
	s->raw = lines_input_fd(&s->fd);
	s->undecoded = slice_make(NULL, 0);
	s->at_end = false;
	lines_reset(s->lines, (struct lines_input){ .context = s, .read = read_decoded });
	s->is_csv = wants_csv(s, s->name);
	return s->is_csv ? begin_csv(s, err) : 0;
}

/* ---- records ---- */

static void
fill_record(struct source_objects *s, struct slice value, struct record *ret)
{
	*ret = record_of_line(s->name, lines_number(s->lines), s->sequence++, value);
}

static struct slice
without_cr(struct slice line)
{
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int
take_header(struct source_objects *s, struct slice row, struct err *err)
{
	s->is_header_due = false;
	if (s->options.columns)
		return 0;
	if (csv_set_header(s->csv, row, err))
		return err_wrap(err, "%s:%lld: header", s->name,
		    (long long)lines_number(s->lines));
	return 0;
}

static enum source_status
give_row(struct source_objects *s, struct slice row, struct record *ret_record, struct err *err)
{
	char reason[ERR_TEXT_BYTES];
	size_t byte = 0;

	buf_clear(&s->row);
	if (csv_row_to_json(s->csv, row, &s->row, &byte, err)) {
		if (err->class != ERR_DATA)
			return SOURCE_FAILED;
		fill_record(s, row, ret_record);
		memcpy(reason, err->text, sizeof(reason));
		record_reject(ret_record, (int64_t)byte, reason, err);
		return SOURCE_REJECT;
	}
	if (buf_pad(&s->row, err))
		return SOURCE_FAILED;
	fill_record(s, buf_slice(&s->row), ret_record);
	return SOURCE_RECORD;
}

/* SOURCE_WAIT: nothing of this line, look at the next. */
static enum source_status
give_line(struct source_objects *s, struct slice line, struct record *ret_record, struct err *err)
{
	line = without_cr(line);
	/* a row of CSV may be blanks between delimiters that are blanks */
	if (s->is_csv ? line.len == 0 : slice_trim(line).len == 0)
		return SOURCE_WAIT;
	if (!s->is_csv) {
		fill_record(s, line, ret_record);
		return SOURCE_RECORD;
	}
	/* of a header csv_set_header skips it */
	if (lines_number(s->lines) == 1 && !s->is_header_due && slice_starts(line, "\xef\xbb\xbf"))
		line = slice_skip(line, 3);
	if (s->is_header_due)
		return take_header(s, line, err) ? SOURCE_FAILED : SOURCE_WAIT;
	return give_row(s, line, ret_record, err);
}

static enum source_status
give_too_long(struct source_objects *s, struct slice begin, struct record *ret_record,
    struct err *err)
{
	fill_record(s, begin, ret_record);
	record_reject_long(ret_record, s->options.line_bytes_max, err);
	return SOURCE_REJECT;
}

/* Without its header a file cannot be read at all. */
static enum source_status
fail_long_header(const struct source_objects *s, struct err *err)
{
	err_set(err, ERR_DATA, "%s:%lld: header is longer than %zu bytes (--line-max)", s->name,
	    (long long)lines_number(s->lines), s->options.line_bytes_max);
	return SOURCE_FAILED;
}

static enum source_status
objects_next(struct source *source, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	struct source_objects *s = (struct source_objects *)source;
	enum source_status status;
	struct slice line;

	while (!stop_requested()) {
		if (!s->name) {
			if (s->next_file == s->files.count)
				return SOURCE_END;
			if (open_next(s, err))
				return SOURCE_FAILED;
		}
		switch (lines_next(s->lines, deadline_mono_ms, &line, err)) {
		case LINES_LINE:
			status = give_line(s, line, ret_record, err);
			if (status != SOURCE_WAIT)
				return status;
			break;
		case LINES_TOO_LONG:
			if (s->is_csv && s->is_header_due)
				return fail_long_header(s, err);
			return give_too_long(s, line, ret_record, err);
		case LINES_WAIT:
			return SOURCE_WAIT;
		case LINES_END:
			close_file(s);
			break;
		case LINES_FAILED:
			err_wrap(err, "%s", s->name);
			return SOURCE_FAILED;
		}
	}
	return SOURCE_WAIT;
}

static int
objects_commit(struct source *source, const struct commit_point *points, size_t count,
    struct err *err)
{
	/* files keep no positions */
	(void)source;
	(void)points;
	(void)count;
	(void)err;
	return 0;
}

static void
objects_free(struct source *source)
{
	struct source_objects *s = (struct source_objects *)source;

	close_file(s);
	lines_free(s->lines);
	csv_free(s->csv);
	buf_release(&s->row);
	path_list_release(&s->files);
	free(s->chunk);
	free(s);
}

static const struct source_ops objects_ops = {
	.next = objects_next,
	.commit = objects_commit,
	.free = objects_free,
};

/* ---- opening ---- */

static int64_t
sum_of_sizes(const struct path_list *files)
{
	int64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->names[i], "-") == 0 || stat(files->names[i], &st) ||
		    !S_ISREG(st.st_mode))
			return -1;
		sum += st.st_size;
	}
	return sum;
}

static int
prepare(struct source_objects *s, struct err *err)
{
	for (size_t i = 0; i < s->options.path_count; i++) {
		if (path_list_expand(&s->files, s->options.paths[i], err))
			return -1;
	}
	s->bytes_all = sum_of_sizes(&s->files);
	s->chunk = malloc(CHUNK_BYTES);
	if (!s->chunk)
		return err_no_memory(err);
	s->lines = lines_new(s->options.line_bytes_max, err);
	if (!s->lines)
		return -1;
	/* read now, so that a mistake in them is found before anything is sent */
	if (s->options.columns) {
		s->csv = csv_new(s->options.columns, s->options.delimiter, err);
		if (!s->csv)
			return err_wrap(err, "--columns");
	}
	return 0;
}

struct source *
source_objects_open(const struct source_objects_options *options, struct err *err)
{
	struct source_objects *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->base.ops = &objects_ops;
	s->options = *options;
	s->fd = FD_NONE;
	/* a cell may grow sixfold by escapes; the line itself is bounded */
	buf_init(&s->row, 8 * options->line_bytes_max + 65536);
	if (prepare(s, err)) {
		objects_free(&s->base);
		return NULL;
	}
	return &s->base;
}

void
source_objects_progress(const struct source *source, struct objects_progress *ret)
{
	const struct source_objects *s = (const struct source_objects *)source;

	*ret = (struct objects_progress){
		.file = s->next_file,
		.file_count = s->files.count,
		.bytes = s->bytes,
		.bytes_all = s->bytes_all,
	};
}

bool
source_objects_is_csv(const struct source *source)
{
	return ((const struct source_objects *)source)->is_csv;
}
