/* SPDX-License-Identifier: MIT */
#include "sink/pipe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/stop.h"

enum {
	CHUNK_BYTES = 128 * 1024, /* written as one */
};

struct sink_pipe {
	struct sink base;
	struct sink_pipe_options options;
	struct sink_done done;
	struct buf buffer;
	struct position *waiting; /* of the values in the buffer, in order */
	size_t waiting_count;
	size_t waiting_capacity;
	struct sink_counts counts;
	int64_t drain_until_ms; /* 0: no stop was seen yet */
	bool has_failed;
	struct err failure; /* what was written after it would not be whole */
};

static void
pipe_free(struct sink *sink)
{
	struct sink_pipe *s = (struct sink_pipe *)sink;

	buf_release(&s->buffer);
	free(s->waiting);
	free(s);
}

static int
write_failed(const struct sink_pipe *s, struct err *err)
{
	bool is_broken_pipe = errno == EPIPE;

	err_errno(err, ERR_IO, errno, "%s", s->options.name);
	err->is_broken_pipe = is_broken_pipe;
	return -1;
}

/*
 * Waits until the descriptor has room for PIPE_BUF bytes: for ever, or, once a stop was requested,
 * for the drain time.
 */
static int
wait_writable(struct sink_pipe *s, struct err *err)
{
	for (;;) {
		bool is_bounded = stop_requested() && s->options.drain_ms;
		struct pollfd fds[] = {
			{ .fd = s->options.fd, .events = POLLOUT },
			{ .fd = stop_requested() ? -1 : stop_fd(), .events = POLLIN },
		};
		int ready;

		if (is_bounded && !s->drain_until_ms)
			s->drain_until_ms = clock_deadline(s->options.drain_ms);
		ready = poll(fds, 2, clock_poll_ms(is_bounded ? s->drain_until_ms : CLOCK_NEVER));
		if (ready < 0 && errno != EINTR)
			return err_errno(err, ERR_IO, errno, "poll");
		if (ready > 0 && fds[0].revents)
			return 0;
		if (is_bounded && clock_mono_ms() >= s->drain_until_ms)
			return err_set(err, ERR_STOPPED, "%s: its reader took nothing for the drain time",
			    s->options.name);
	}
}

/* A write of more than a pipe has room for blocks until the reader has made it, so while a stop may
 * have to be answered it is done in pieces that fit once poll(2) says so (pipe(7), PIPE_BUF). */
static int
write_all(struct sink_pipe *s, struct err *err)
{
	size_t at = 0;
	int rc = 0;

	while (!rc && at < s->buffer.len) {
		size_t left = s->buffer.len - at;
		bool is_stopping = stop_requested() && s->options.drain_ms;
		ssize_t len;

		if (is_stopping && wait_writable(s, err)) {
			rc = -1;
			break;
		}
		len = write(s->options.fd, s->buffer.data + at,
		    is_stopping && left > PIPE_BUF ? PIPE_BUF : left);
		if (len >= 0)
			at += (size_t)len;
		else if (errno == EAGAIN)
			rc = wait_writable(s, err);
		else if (errno != EINTR)
			rc = write_failed(s, err);
	}
	if (rc) {
		s->has_failed = true;
		s->failure = *err;
	}
	return rc;
}

static int
report_done(struct sink_pipe *s, struct err *err)
{
	for (size_t i = 0; i < s->waiting_count; i++) {
		if (s->done.done(s->done.context, s->waiting[i], err))
			return -1;
	}
	s->waiting_count = 0;
	return 0;
}

static int
pipe_push(struct sink *sink, struct err *err)
{
	struct sink_pipe *s = (struct sink_pipe *)sink;

	if (s->has_failed) {
		*err = s->failure;
		return -1;
	}
	if (s->buffer.len == 0)
		return 0;
	if (write_all(s, err))
		return -1;
	buf_clear(&s->buffer);
	s->counts.acknowledged = s->counts.written;
	/* a synced file's values are durable at the flush only */
	return s->options.is_synced ? 0 : report_done(s, err);
}

static int
remember(struct sink_pipe *s, struct position position, struct err *err)
{
	if (s->waiting_count == s->waiting_capacity) {
		size_t capacity = s->waiting_capacity ? s->waiting_capacity * 2 : 256;
		struct position *waiting = reallocarray(s->waiting, capacity, sizeof(*waiting));

		if (!waiting)
			return err_no_memory(err);
		s->waiting = waiting;
		s->waiting_capacity = capacity;
	}
	s->waiting[s->waiting_count++] = position;
	return 0;
}

static int
pipe_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct sink_pipe *s = (struct sink_pipe *)sink;

	if (s->has_failed)
		return pipe_push(sink, err);
	if (!out->has_value)
		return err_set(err, ERR_DATA, "%s: a tombstone cannot be written as a line",
		    s->options.name);
	if (buf_append(&s->buffer, out->value, err) || buf_append_char(&s->buffer, '\n', err))
		return -1;
	if (s->done.done && remember(s, out->position, err))
		return -1;
	s->counts.written++;
	s->counts.bytes += (int64_t)out->value.len;
	return s->buffer.len >= CHUNK_BYTES ? pipe_push(sink, err) : 0;
}

static int
pipe_flush(struct sink *sink, int64_t deadline_mono_ms, struct err *err)
{
	struct sink_pipe *s = (struct sink_pipe *)sink;

	(void)deadline_mono_ms; /* write(2) to a pipe has none */
	if (pipe_push(sink, err))
		return -1;
	if (!s->options.is_synced)
		return 0;
	/* EINVAL, EROFS: not a file that can be synced, a pipe for example */
	if (fdatasync(s->options.fd) && errno != EINVAL && errno != EROFS)
		return write_failed(s, err);
	return report_done(s, err);
}

static void
pipe_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((struct sink_pipe *)sink)->counts;
}

static const struct sink_ops pipe_ops = {
	.write = pipe_write,
	.push = pipe_push,
	.flush = pipe_flush,
	.counts = pipe_counts,
	.free = pipe_free,
};

struct sink *
sink_pipe_open(const struct sink_pipe_options *options, const struct sink_done *done,
    struct err *err)
{
	struct sink_pipe *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->base.ops = &pipe_ops;
	s->options = *options;
	if (done)
		s->done = *done;
	/* the ceiling is what a single value may be at most; the chunk is what is kept */
	buf_init(&s->buffer, SIZE_MAX / 2);
	return &s->base;
}
