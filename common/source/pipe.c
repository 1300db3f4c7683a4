/* SPDX-License-Identifier: MIT */
#include "source/pipe.h"

#include <fcntl.h>

#include <stdlib.h>

#include "base/stop.h"
#include "flow/envelope.h"
#include "io/lines.h"

enum { PIPE_BYTES = 1 << 20 };

struct source_pipe {
	struct source base;
	struct source_pipe_options options;
	struct slice origin; /* the options' name */
	struct lines *lines;
	struct envelope_reader *envelopes; /* NULL without -J */
	int64_t given;
};

static void
pipe_free(struct source *source)
{
	struct source_pipe *s = (struct source_pipe *)source;

	lines_free(s->lines);
	envelope_reader_free(s->envelopes);
	free(s);
}

static int
pipe_commit(struct source *source, const struct commit_point *points, size_t count,
    struct err *err)
{
	/* a pipe keeps no positions */
	(void)source;
	(void)points;
	(void)count;
	(void)err;
	return 0;
}

static void
fill_record(const struct source_pipe *s, struct slice line, struct record *ret)
{
	int64_t number = lines_number(s->lines);

	record_set_line(ret, s->origin, number, number - 1, line);
}

static bool
is_blank(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
			return false;
	}
	return true;
}

static enum source_status
give(struct source_pipe *s, struct slice line, struct record *ret_record, struct err *err)
{
	fill_record(s, line, ret_record);
	s->given++;
	if (s->envelopes && envelope_read(s->envelopes, ret_record, err))
		return SOURCE_REJECT;
	return SOURCE_RECORD;
}

static enum source_status
give_too_long(struct source_pipe *s, struct slice begin, struct record *ret_record,
    struct err *err)
{
	fill_record(s, begin, ret_record);
	s->given++;
	record_reject_long(ret_record, s->options.line_bytes_max, err);
	return SOURCE_REJECT;
}

static enum source_status
pipe_next(struct source *source, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	struct source_pipe *s = (struct source_pipe *)source;
	struct slice line;

	if (s->options.count_max && s->given >= s->options.count_max)
		return SOURCE_END;
	for (;;) {
		if (stop_requested())
			return SOURCE_WAIT;
		switch (lines_next(s->lines, deadline_mono_ms, &line, err)) {
		case LINES_LINE:
			if (!is_blank(line))
				return give(s, line, ret_record, err);
			break;
		case LINES_TOO_LONG:
			return give_too_long(s, line, ret_record, err);
		case LINES_WAIT:
			return SOURCE_WAIT;
		case LINES_END:
			return SOURCE_END;
		case LINES_FAILED:
			err_wrap(err, "%s", s->options.name);
			return SOURCE_FAILED;
		}
	}
}

static int
pipe_fd(const struct source *source)
{
	return ((const struct source_pipe *)source)->options.fd;
}

static const struct source_ops pipe_ops = {
	.next = pipe_next,
	.commit = pipe_commit,
	.free = pipe_free,
	.fd = pipe_fd,
};

struct source *
source_pipe_open(const struct source_pipe_options *options, struct err *err)
{
	struct source_pipe *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->base.ops = &pipe_ops;
	s->options = *options;
	s->origin = slice_of(options->name);
	s->lines = lines_new(options->line_bytes_max, err);
	if (!s->lines)
		goto fail;
	/* as large as anyone may make it (fcntl(2)), so that writer and reader wake each other less; where it is
	 * no pipe, or not allowed, that is no matter */
	(void)fcntl(s->options.fd, F_SETPIPE_SZ, PIPE_BYTES);
	lines_reset(s->lines, lines_input_fd(&s->options.fd));
	if (options->has_envelopes && !(s->envelopes = envelope_reader_new(err)))
		goto fail;
	return &s->base;
fail:
	pipe_free(&s->base);
	return NULL;
}
