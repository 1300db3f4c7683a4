/* SPDX-License-Identifier: MIT */
#include "kafka-window/watermark.h"

#include <stdlib.h>
#include <string.h>

void
watermarks_init(
    struct watermarks *m, int64_t out_of_order_ms, int64_t idle_ms, int64_t idle_close_ms)
{
	*m = (struct watermarks){
		.combined = WATERMARK_NONE,
		.lowest = WATERMARK_NONE,
		.out_of_order_ms = out_of_order_ms,
		.idle_ms = idle_ms,
		.idle_close_ms = idle_close_ms,
	};
}

void
watermarks_release(struct watermarks *m)
{
	free(m->streams);
	m->streams = NULL;
	m->stream_count = 0;
}

static int
make_room(struct watermarks *m, uint32_t count, struct err *err)
{
	struct stream *streams;

	if (count <= m->stream_count)
		return 0;
	if (count > STREAMS_MAX)
		return err_set(err, ERR_FAULT, "more than %d streams", STREAMS_MAX);
	streams = realloc(m->streams, count * sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	memset(streams + m->stream_count, 0, (count - m->stream_count) * sizeof(*streams));
	m->streams = streams;
	m->stream_count = count;
	return 0;
}

int
watermarks_add(struct watermarks *m, int32_t stream, int64_t floor, struct err *err)
{
	if (make_room(m, (uint32_t)stream + 1, err))
		return -1;
	m->streams[stream] = (struct stream){ .is_present = true, .watermark = floor };
	/* Not combined before a record comes: more streams may be about to be added, and the first
	 * few alone would be too far on. */
	m->lowest = INT64_MAX;
	return 0;
}

void
watermarks_combine(struct watermarks *m)
{
	int64_t lowest = INT64_MAX, highest = WATERMARK_NONE;
	bool has_active = false;

	for (uint32_t i = 0; i < m->stream_count; i++) {
		const struct stream *s = &m->streams[i];

		if (!s->is_present)
			continue;
		if (s->watermark > highest)
			highest = s->watermark;
		if (s->is_idle)
			continue;
		has_active = true;
		if (s->watermark < lowest)
			lowest = s->watermark;
	}
	m->lowest = has_active ? lowest : highest;
	watermarks_raise(m, m->lowest);
}

void
watermarks_go_on(struct watermarks *m, int32_t stream, int64_t floor)
{
	struct stream *s = &m->streams[stream];

	if (floor <= s->watermark)
		return;
	s->watermark = floor;
	/* before a first record the streams may not be complete: it will combine them */
	if (m->lowest != INT64_MAX)
		watermarks_combine(m);
}

void
watermarks_at_end(struct watermarks *m, int32_t stream)
{
	if (watermarks_has(m, stream))
		m->streams[stream].is_at_end = true;
}

void
watermarks_end(struct watermarks *m, int32_t stream)
{
	if (!watermarks_has(m, stream))
		return;
	m->streams[stream].is_at_end = true;
	m->streams[stream].is_idle = true;
	watermarks_combine(m);
}

/* True where the stream has become idle. */
static bool
tick_stream(const struct watermarks *m, struct stream *s, int64_t elapsed_ms)
{
	if (s->has_news || !s->is_at_end) {
		s->has_news = false;
		s->idle_for_ms = 0;
		return false;
	}
	s->idle_for_ms += elapsed_ms;
	if (s->is_idle || m->idle_ms == WATERMARK_NEVER || s->idle_for_ms < m->idle_ms)
		return false;
	s->is_idle = true;
	return true;
}

static int64_t
elapsed_since_tick(struct watermarks *m, int64_t now_ms)
{
	int64_t elapsed_ms = m->has_ticked ? now_ms - m->tick_ms : 0;

	m->has_ticked = true;
	m->tick_ms = now_ms;
	if (elapsed_ms < 0)
		return 0;
	return elapsed_ms < TICK_GAP_MS_MAX ? elapsed_ms : TICK_GAP_MS_MAX;
}

bool
watermarks_tick(struct watermarks *m, int64_t now_ms)
{
	int64_t elapsed_ms = elapsed_since_tick(m, now_ms);
	bool is_quiet = !m->has_taken, has_changed = false;

	for (uint32_t i = 0; i < m->stream_count; i++) {
		if (!m->streams[i].is_present)
			continue;
		is_quiet = is_quiet && m->streams[i].is_at_end;
		has_changed |= tick_stream(m, &m->streams[i], elapsed_ms);
	}
	if (has_changed)
		watermarks_combine(m);
	m->has_taken = false;
	m->quiet_ms = is_quiet ? m->quiet_ms + elapsed_ms : 0;
	return m->idle_close_ms != WATERMARK_NEVER && is_quiet && m->quiet_ms >= m->idle_close_ms;
}

/* How long until the stream can become idle; TICK_GAP_MS_MAX where that is not near or not known.
 */
static int64_t
stream_patience_ms(const struct watermarks *m, const struct stream *s)
{
	int64_t left_ms = m->idle_ms - s->idle_for_ms;

	return s->is_at_end && left_ms < TICK_GAP_MS_MAX ? left_ms : TICK_GAP_MS_MAX;
}

int64_t
watermarks_patience_ms(const struct watermarks *m)
{
	int64_t patience_ms = m->idle_close_ms == WATERMARK_NEVER ? -1 : TICK_GAP_MS_MAX, left_ms;

	for (uint32_t i = 0; i < m->stream_count && m->idle_ms != WATERMARK_NEVER; i++) {
		if (!m->streams[i].is_present || m->streams[i].is_idle)
			continue;
		left_ms = stream_patience_ms(m, &m->streams[i]);
		if (patience_ms < 0 || left_ms < patience_ms)
			patience_ms = left_ms;
	}
	if (m->idle_close_ms != WATERMARK_NEVER) {
		left_ms = m->idle_close_ms - m->quiet_ms;
		if (left_ms > 0 && left_ms < patience_ms)
			patience_ms = left_ms;
	}
	return patience_ms == 0 ? 1 : patience_ms;
}

int
watermarks_copy(struct watermarks *to, const struct watermarks *from, struct err *err)
{
	struct stream *streams = to->streams;

	if (to->stream_count != from->stream_count) {
		streams = realloc(to->streams, (from->stream_count + 1) * sizeof(*streams));
		if (!streams)
			return err_no_memory(err);
	}
	if (from->stream_count)
		memcpy(streams, from->streams, from->stream_count * sizeof(*streams));
	*to = *from;
	to->streams = streams;
	return 0;
}
