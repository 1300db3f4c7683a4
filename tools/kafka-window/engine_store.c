/* SPDX-License-Identifier: MIT */
/* What an engine says of itself: what a later life begins with, and counts. */
#include "kafka-window/engine_state.h"

/* ---- what to store ---- */

int64_t
engine_settled(const struct engine *e)
{
	int64_t until_ms = e->sessions ? engine_sessions_horizon(e) : engine_due(e);

	return engine_has_closed(e) || until_ms < e->emitted ? e->emitted : until_ms;
}

static int64_t
earliest_in_panes(const struct engine *e, int32_t stream)
{
	int64_t base = pane_set_earliest(&e->base, engine_gone(e), stream);
	int64_t delta = pane_set_earliest(&e->delta, engine_gone(e), stream);
	int64_t earliest = base < delta ? base : delta;

	return earliest == PANE_NO_POSITION ? -1 : earliest;
}

int64_t
engine_earliest(const struct engine *e, int32_t stream)
{
	if (e->sessions)
		return session_set_earliest(e->sessions, stream);
	return earliest_in_panes(e, stream);
}

bool
engine_can_store(const struct engine *e)
{
	return !engine_has_changes(e);
}

/* The records of windows up to here are not read again for those windows' sake. */
static int64_t
closed(const struct engine *e)
{
	int64_t emitted_ms = engine_settled(e), final_ms = engine_final(e);

	return e->options.emits_updates && final_ms < emitted_ms ? final_ms : emitted_ms;
}

/* While the stream reads again, it is the one of the life before that a later life needs. */
static int64_t
stream_watermark(const struct engine *e, int32_t stream)
{
	if (!watermarks_has(&e->marks, stream))
		return WATERMARK_NONE;
	if (e->streams[stream].is_replaying)
		return e->streams[stream].watermark;
	return e->marks.streams[stream].watermark;
}

struct engine_mark
engine_mark(const struct engine *e, int32_t stream, int64_t sequence)
{
	int64_t until = engine_replay_until(e, stream);

	return (struct engine_mark){
		.watermark = stream_watermark(e, stream),
		.emitted = engine_settled(e),
		.closed = closed(e),
		.replay_until = until > sequence ? until : sequence,
	};
}

int64_t
engine_watermark(const struct engine *e)
{
	return e->marks.combined;
}

int32_t
engine_silent_stream(const struct engine *e)
{
	bool has_open = e->sessions ? session_set_count(e->sessions) : e->next_end != NO_END;

	/* the clock waits for none */
	if (e->options.is_processing_time)
		return -1;
	for (uint32_t i = 0; i < e->marks.stream_count && has_open; i++) {
		const struct stream *s = &e->marks.streams[i];

		/* one that was read before had records, in an earlier life */
		if (s->is_present && !s->is_idle && s->watermark == WATERMARK_NONE &&
		    !engine_replay_until(e, (int32_t)i))
			return (int32_t)i;
	}
	return -1;
}

void
engine_get_counts(const struct engine *e, struct engine_counts *ret)
{
	*ret = e->counts;
}

size_t
engine_state_bytes(const struct engine *e)
{
	return e->sessions ? session_set_bytes(e->sessions) : e->state_bytes;
}

int64_t
engine_open_windows(const struct engine *e)
{
	int64_t after_ms = e->emitted, count = 0;
	struct span window;

	if (e->sessions)
		return (int64_t)session_set_count(e->sessions);
	for (; engine_next_window(e, after_ms, &window); count++)
		after_ms = window.end_ms;
	return count;
}

static int64_t
count_keys(const struct pane_set *set, int64_t after_ms)
{
	int64_t count = 0;

	if (set->running && set->running->last_end_ms > after_ms)
		count += set->running->table.count;
	for (size_t i = pane_set_needed(set, after_ms); i < set->count; i++)
		count += pane_set_at(set, i)->table.count;
	return count;
}

int64_t
engine_open_keys(const struct engine *e)
{
	if (e->sessions)
		return (int64_t)session_set_count(e->sessions);
	return count_keys(&e->base, engine_gone(e)) + count_keys(&e->delta, engine_gone(e));
}
