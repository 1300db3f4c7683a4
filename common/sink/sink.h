/* SPDX-License-Identifier: MIT */
/*
 * A sink is an ordered writer that says when what was written is durable. One thread.
 */
#ifndef SLUICE_SINK_SINK_H
#define SLUICE_SINK_SINK_H

#include "flow/record.h"

/* What is written; borrowed for the call only. */
struct outgoing {
	struct slice key;
	struct slice value;
	bool has_key;
	bool has_value;
	const struct record_header *headers;
	size_t header_count;
	int64_t time_ms;           /* RECORD_NO_TIME: the sink's own */
	int32_t partition;         /* -1: by the key, or any */
	struct position position;  /* of the record it came from, given back when it is durable */
};

struct sink_counts {
	int64_t written;      /* calls of sink_write that succeeded */
	int64_t acknowledged; /* of those, durable */
	int64_t bytes;        /* of values written */
};

struct sink;

struct sink_ops {
	int (*write)(struct sink *, const struct outgoing *, struct err *);
	int (*push)(struct sink *, struct err *);
	int (*flush)(struct sink *, int64_t deadline_mono_ms, struct err *);
	void (*counts)(struct sink *, struct sink_counts *);
	void (*free)(struct sink *);
};

/* Who is told, several times a second, that a call waits for room or for what was written to become durable. Of the sink
 * it may ask the counts only. */
struct sink_waiting {
	void *context;
	void (*tell)(void *context); /* NULL: nobody */
};

/* First member of every sink. */
struct sink {
	const struct sink_ops *ops;
	struct sink_waiting waiting;
};

/* Told of each position that became durable, from inside sink_write, sink_push and sink_flush. */
struct sink_done {
	void *context;
	int (*done)(void *context, struct position, struct err *);
};

/* May block for room. An error is final: ERR_IO with is_broken_pipe, ERR_UNAVAILABLE, ERR_DATA for a
 * value the sink can never take (too large for the topic) ... */
static inline int
sink_write(struct sink *s, const struct outgoing *out, struct err *err)
{
	return s->ops->write(s, out, err);
}

/* Hands over what is buffered without waiting for it to be durable (call it before sleeping), and
 * serves reports. */
static inline int
sink_push(struct sink *s, struct err *err)
{
	return s->ops->push(s, err);
}

/* Returns when all that was written is durable. ERR_UNAVAILABLE at the deadline. */
static inline int
sink_flush(struct sink *s, int64_t deadline_mono_ms, struct err *err)
{
	return s->ops->flush(s, deadline_mono_ms, err);
}

static inline void
sink_set_waiting(struct sink *s, const struct sink_waiting *waiting)
{
	s->waiting = *waiting;
}

/* For sinks. */
static inline void
sink_tell_waiting(const struct sink *s)
{
	if (s->waiting.tell)
		s->waiting.tell(s->waiting.context);
}

static inline void
sink_counts(struct sink *s, struct sink_counts *ret)
{
	s->ops->counts(s, ret);
}

/* Does not flush: what is not durable by now is given up. NULL is fine. */
static inline void
sink_free(struct sink *s)
{
	if (s)
		s->ops->free(s);
}

#endif
