/* SPDX-License-Identifier: MIT */
/* The streams that a windower owns: as the source tells of them, and what is committed for them. */
#include <stdlib.h>

#include "base/clock.h"
#include "kafka-window/mark.h"
#include "kafka-window/windower_state.h"

/* ---- streams ---- */

static int
grow_streams(struct windower *w, struct err *err)
{
	size_t capacity = w->stream_capacity ? 2 * w->stream_capacity : 16;
	struct commit_point *points = reallocarray(w->points, capacity, sizeof(*points));
	struct owned_stream *streams;

	if (!points)
		return err_no_memory(err);
	w->points = points;
	streams = reallocarray(w->streams, capacity, sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	w->streams = streams;
	w->stream_capacity = capacity;
	return 0;
}

int
windower_add_stream(struct windower *w, int32_t number, int64_t sequence,
    const struct engine_mark *mark, struct err *err)
{
	struct owned_stream *s;

	if (w->stream_count == w->stream_capacity && grow_streams(w, err))
		return -1;
	if (engine_add_stream(w->engine, number, sequence, mark, err))
		return -1;
	s = &w->streams[w->stream_count++];
	*s = (struct owned_stream){ .number = number, .next = sequence };
	buf_init(&s->metadata, 1024);
	return 0;
}

static int
forget_streams(struct windower *w, struct err *err)
{
	for (size_t i = 0; i < w->stream_count; i++)
		buf_release(&w->streams[i].metadata);
	w->stream_count = 0;
	w->is_dirty = false;
	return engine_reset(w->engine, err);
}

/* ---- durable, then committed ---- */

static int
make_durable(struct windower *w, int64_t deadline_ms, struct err *err)
{
	if (sink_flush(w->output, deadline_ms, err))
		return -1;
	if (w->late && sink_flush(w->late, deadline_ms, err))
		return err_wrap(err, "--late");
	return deadletter_flush(w->letters, deadline_ms, err);
}

static int
make_point(struct windower *w, struct owned_stream *s, struct commit_point *ret, struct err *err)
{
	struct engine_mark mark = engine_mark(w->engine, s->number, s->next);
	int64_t earliest = engine_earliest(w->engine, s->number);

	/* records from the earliest one on are read again: the mark says which of them count */
	if (mark.replay_until < s->next)
		mark.replay_until = s->next;
	buf_clear(&s->metadata);
	if (mark_append(&s->metadata, &mark, &w->options.engine.assigner, err))
		return -1;
	*ret = (struct commit_point){ .stream = s->number,
		.sequence = earliest >= 0 && earliest < s->next ? earliest : s->next,
		.metadata = s->metadata.data };
	return 0;
}

int
windower_commit(struct windower *w, int64_t deadline_ms, struct err *err)
{
	w->commit_from_ms = clock_deadline(COMMIT_MS);
	if (make_durable(w, deadline_ms, err))
		return -1;
	/* rows that wait for what is read again: the next life begins where this one did */
	if (!engine_can_store(w->engine))
		return 0;
	w->is_dirty = false;
	if (!w->options.is_group)
		return 0;
	for (size_t i = 0; i < w->stream_count; i++) {
		if (make_point(w, &w->streams[i], &w->points[i], err))
			return -1;
	}
	return source_commit(w->source, w->points, w->stream_count, err);
}

/* ---- what the source tells ---- */

static int
on_assigned(void *context, int32_t number, uint32_t term, int64_t sequence, const char *metadata,
    struct err *err)
{
	struct windower *w = context;
	struct engine_mark mark = ENGINE_MARK_FRESH(sequence);

	(void)term;
	if (w->options.is_group &&
	    mark_parse(slice_of(metadata ? metadata : ""), &w->options.engine.assigner, sequence, &mark, err))
		return err_wrap(err, "partition %d: the committed offset's metadata", (int)number);
	return windower_add_stream(w, number, sequence, &mark, err);
}

static int
on_revoked(void *context, const int32_t *numbers, size_t count, bool is_lost, struct err *err)
{
	struct windower *w = context;

	(void)numbers;
	(void)count;
	if (!is_lost && w->has_news && windower_close_windows(w, err))
		return -1;
	if (!is_lost && w->is_dirty && windower_commit(w, clock_deadline(DURABLE_MS_MAX), err))
		return -1;
	/* the windows are built again from the committed offsets, here or by another member */
	return forget_streams(w, err);
}

static void
on_at_end(void *context, int32_t number, int64_t sequence)
{
	struct windower *w = context;
	struct owned_stream *s = windower_find_stream(w, number);

	if (s && sequence > s->next)
		s->next = sequence; /* over transaction markers */
	if (s)
		engine_at_end(w->engine, number);
	w->has_news = true;
}

static void
on_ended(void *context, int32_t number)
{
	struct windower *w = context;

	engine_end_stream(w->engine, number);
	w->has_news = true;
}

struct source_events
windower_events(struct windower *w)
{
	return (struct source_events){ .context = w,
		.assigned = on_assigned,
		.revoked = on_revoked,
		.at_end = on_at_end,
		.ended = on_ended };
}
