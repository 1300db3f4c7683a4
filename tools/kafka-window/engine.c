/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/groupkey.h"
#include "kafka-window/partial.h"

static int
open_sessions(struct engine *e, struct err *err)
{
	if (e->options.assigner.kind != ASSIGN_SESSION)
		return 0;
	e->sessions = engine_sessions_new(&e->options, err);
	return e->sessions ? 0 : -1;
}

struct engine *
engine_new(const struct engine_options *options, struct err *err)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e)
		e->scratch = calloc(1, options->plan->state_bytes + 1);
	if (!e || !e->scratch) {
		engine_free(e);
		(void)err_no_memory(err);
		return NULL;
	}
	e->options = *options;
	if (assigner_prepare(&e->options.assigner, err) || open_sessions(e, err)) {
		engine_free(e);
		return NULL;
	}
	e->base.plan = options->plan;
	e->delta.plan = options->plan;
	e->active = &e->base;
	buf_init(&e->changes.name, SIZE_MAX / 4);
	e->emitted = WATERMARK_NONE;
	e->held_ms = WATERMARK_NONE;
	e->closed_ms = WATERMARK_NONE;
	e->next_end = NO_END;
	watermarks_init(
	    &e->marks, options->out_of_order_ms, options->idle_ms, options->idle_close_ms);
	return e;
}

void
engine_free(struct engine *e)
{
	if (!e)
		return;
	session_set_free(e->sessions);
	pane_set_release(&e->base);
	pane_set_release(&e->delta);
	pane_free(e->sum, e->options.plan);
	watermarks_release(&e->marks);
	watermarks_release(&e->saved_marks);
	free(e->streams);
	engine_changes_release(&e->changes);
	free(e->sources);
	if (e->scratch)
		aggregate_release(e->options.plan, e->scratch);
	free(e->scratch);
	free(e);
}

int
engine_reset(struct engine *e, struct err *err)
{
	struct engine *fresh = engine_new(&e->options, err), old;

	if (!fresh)
		return -1;
	fresh->counts = e->counts;
	old = *e;
	*e = *fresh;
	e->active = &e->base;
	*fresh = old;
	engine_free(fresh);
	return 0;
}

/* ---- streams ---- */

static void
set_replaying(struct engine *e, int32_t stream, bool is_replaying)
{
	e->replaying += (uint32_t)is_replaying - e->streams[stream].is_replaying;
	e->streams[stream].is_replaying = is_replaying;
}

/* All of the stream that was read before has been read again, but perhaps what was in no window. */
static void
end_replay(struct engine *e, int32_t stream)
{
	if ((uint32_t)stream >= e->stream_count || !e->streams[stream].is_replaying)
		return;
	set_replaying(e, stream, false);
	if (assigner_has_gaps(&e->options.assigner))
		watermarks_go_on(&e->marks, stream, e->streams[stream].watermark);
}

static int
make_room_for(struct engine *e, int32_t stream, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	struct engine_stream *streams;

	if (count <= e->stream_count)
		return 0;
	streams = realloc(e->streams, count * sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	memset(streams + e->stream_count, 0, (count - e->stream_count) * sizeof(*streams));
	e->streams = streams;
	e->stream_count = count;
	return 0;
}

/* What was given out in an earlier life is not given out again, and what is behind it is late. */
static void
go_on_from(struct engine *e, int64_t emitted_ms, int64_t closed_ms)
{
	int64_t watermark_ms = emitted_ms;

	if (closed_ms > e->closed_ms)
		e->closed_ms = closed_ms;
	if (emitted_ms == WATERMARK_NONE)
		return;
	if (!e->options.emits_updates &&
	    __builtin_add_overflow(emitted_ms, e->options.lateness_ms, &watermark_ms))
		watermark_ms = emitted_ms;
	watermarks_raise(&e->marks, watermark_ms);
	if (watermark_ms > e->held_ms)
		e->held_ms = watermark_ms;
	if (emitted_ms > e->emitted)
		e->emitted = emitted_ms;
}

int
engine_add_stream(struct engine *e, int32_t stream, int64_t sequence,
    const struct engine_mark *mark, struct err *err)
{
	/* by the clock, a record that is read again is a new one */
	bool is_replay = !e->options.is_processing_time && sequence < mark->replay_until;

	assert(stream >= 0 && !engine_is_interval(e));
	if (stream >= STREAMS_MAX)
		return err_set(
		    err, ERR_FAULT, "stream %d: more than %d streams", stream, STREAMS_MAX);
	if (make_room_for(e, stream, err) ||
	    watermarks_add(&e->marks, stream, is_replay ? WATERMARK_NONE : mark->watermark, err))
		return -1;
	e->streams[stream].replay_until = mark->replay_until;
	e->streams[stream].watermark = mark->watermark;
	set_replaying(e, stream, is_replay);
	go_on_from(e, mark->emitted, mark->closed);
	return 0;
}

/* ---- taking records ---- */

int
engine_say_full(const struct engine *e, struct err *err)
{
	return err_set(err, ERR_STOPPED,
	    "open windows take more than the %zu bytes of --max-state: %lld keys in %lld windows%s",
	    e->options.state_bytes_max, (long long)engine_open_keys(e),
	    (long long)engine_open_windows(e),
	    e->replaying && engine_has_changes(e)
	        ? ", and changes of windows that wait for what is read again"
	        : "");
}

static int
state_is_full(struct engine *e, struct err *err)
{
	if (e->state_bytes >= e->options.state_bytes_max)
		engine_sum_drop(e);
	return e->state_bytes < e->options.state_bytes_max ? 0 : engine_say_full(e, err);
}

static struct pane *
open_pane(struct engine *e, struct span span, int64_t last_end_ms, struct err *err)
{
	struct pane *p = pane_set_find(e->active, span);
	struct span window;

	if (p || state_is_full(e, err))
		return p;
	p = pane_set_open(e->active, span, last_end_ms, err);
	if (!p)
		return NULL;
	e->state_bytes += pane_bytes(p);
	/* a window of this pane may have ended while there was none */
	e->emitted = engine_settled(e);
	if (assigner_first(&e->options.assigner, span, e->emitted, &window) &&
	    window.end_ms < e->next_end)
		e->next_end = window.end_ms;
	return p;
}

static struct table_entry *
new_entry(struct engine *e, struct pane *p, struct slice key, uint32_t hash, struct err *err)
{
	size_t before = pane_bytes(p);
	struct table_entry *entry;

	/* where there was room for a pane there is for its first key: no pane stays empty */
	if (p->table.count && state_is_full(e, err))
		return NULL;
	entry = table_insert(&p->table, e->options.plan, key, hash, err);
	if (entry)
		e->state_bytes += pane_bytes(p) - before;
	return entry;
}

static struct table_entry *
find_entry(struct engine *e, struct pane *p, struct slice key, struct err *err)
{
	uint32_t hash = table_hash(key, e->options.hash_seed);
	struct table_entry *entry = table_find(&p->table, e->options.plan, key, hash);

	return entry ? entry : new_entry(e, p, key, hash, err);
}

static int
take_states(struct engine *e, struct pane *p, struct table_entry *entry,
    const struct engine_input *in, struct err *err)
{
	const struct aggregate_record record = engine_record(in);
	size_t held = p->table.held;
	int rc = aggregate_take(e->options.plan, table_states(entry), &record, &p->table.held, err);

	e->state_bytes += p->table.held - held;
	return rc;
}

/* The position is noted last: what finds no room has left nothing behind. */
static int
put(struct engine *e, const struct engine_input *in, struct pane *p, struct err *err)
{
	struct table_entry *entry;
	uint32_t earliest_count;

	if (e->options.plan->grows && p->table.count && state_is_full(e, err))
		return -1;
	entry = find_entry(e, p, in->key, err);
	if (!entry)
		return -1;
	if (e->options.has_positions) {
		earliest_count = p->earliest_count;
		if (pane_note(p, in->position.stream, in->position.sequence, err))
			return -1;
		if (p->earliest_count != earliest_count)
			e->state_bytes += pane_earliest_bytes(p->earliest_count) -
			                  pane_earliest_bytes(earliest_count);
	}
	return take_states(e, p, entry, in, err);
}

/* Into its pane. */
static enum engine_fate
put_in(struct engine *e, const struct engine_input *in, struct pane *p, struct err *err)
{
	bool is_first = p->table.count == 0;
	/* of a record read again, an earlier life has given out what it changed */
	bool is_change = e->options.emits_updates && !engine_was_read(e, in->position) &&
	                 engine_changes_given(e, p->span);

	/* while streams read again changes are held, not given out before the next record */
	if (is_change && e->replaying && state_is_full(e, err))
		return ENGINE_FAILED;
	if (put(e, in, p, err))
		return ENGINE_FAILED;
	if (!e->options.emits_updates)
		return ENGINE_TAKEN;
	if (engine_sum_holds(e, p))
		engine_sum_take(e, in);
	if (is_change && engine_note_change(e, in->key, p->span, is_first, err))
		return ENGINE_FAILED;
	return ENGINE_TAKEN;
}

static enum engine_fate
fate_of_late(struct engine *e, struct position position)
{
	if (position.sequence < engine_replay_until(e, position.stream)) {
		e->counts.replayed++;
		return ENGINE_REPLAYED;
	}
	e->counts.late++;
	return ENGINE_LATE;
}

/* Where the record's pane is not the one of the record before. */
static enum engine_fate
take_elsewhere(struct engine *e, const struct engine_input *in, struct err *err)
{
	const struct assigner *assigner = &e->options.assigner;
	int64_t last_end_ms;
	struct span span;
	struct pane *p;

	if (!assigner_pane(assigner, in->time_ms, &span)) {
		(void)err_set(
		    err, ERR_DATA, "no window can hold the time %lld", (long long)in->time_ms);
		return ENGINE_FAILED;
	}
	last_end_ms = assigner_last_end(assigner, span);
	if (last_end_ms == ASSIGN_NO_WINDOW)
		return ENGINE_OUTSIDE;
	if (last_end_ms <= engine_final(e))
		return fate_of_late(e, in->position);
	p = open_pane(e, span, last_end_ms, err);
	return p ? put_in(e, in, p, err) : ENGINE_FAILED;
}

static inline enum engine_fate
take(struct engine *e, const struct engine_input *in, struct err *err)
{
	struct pane *last = e->active->last;

	if (!last || in->time_ms < last->span.start_ms || in->time_ms >= last->span.end_ms)
		return take_elsewhere(e, in, err);
	if (last->last_end_ms <= engine_final(e))
		return fate_of_late(e, in->position);
	return put_in(e, in, last, err);
}

static enum engine_fate
take_session(struct engine *e, const struct engine_input *in, struct err *err)
{
	enum engine_fate fate = engine_sessions_take(e, in, err);

	return fate == ENGINE_LATE ? fate_of_late(e, in->position) : fate;
}

enum engine_fate
engine_take(struct engine *e, const struct engine_input *in, struct err *err)
{
	enum engine_fate fate;

	assert(watermarks_has(&e->marks, in->position.stream));
	fate = e->sessions ? take_session(e, in, err) : take(e, in, err);
	if (fate == ENGINE_FAILED)
		return fate;
	if (fate == ENGINE_TAKEN) {
		e->counts.taken++;
		e->marks.has_taken = true;
	} else if (fate == ENGINE_OUTSIDE) {
		e->counts.outside++;
	}
	if (e->options.is_processing_time)
		return fate;
	watermarks_take(&e->marks, in->position.stream, in->time_ms);
	if (e->replaying && in->position.sequence >= engine_replay_until(e, in->position.stream) - 1)
		end_replay(e, in->position.stream);
	return fate;
}

/* ---- time ---- */

/* The watermark that is so far behind the end of a window. */
static void
raise_behind(struct engine *e, int64_t end_ms, int64_t behind_ms)
{
	int64_t watermark_ms;

	if (end_ms == INT64_MIN)
		return;
	if (__builtin_add_overflow(end_ms, behind_ms, &watermark_ms))
		watermark_ms = INT64_MAX;
	watermarks_raise(&e->marks, watermark_ms);
}

static void
complete(struct engine *e, const struct pane_set *set, int64_t behind_ms)
{
	if (set->count)
		raise_behind(e, pane_set_at(set, set->count - 1)->last_end_ms, behind_ms);
	if (set->running)
		raise_behind(e, set->running->last_end_ms, behind_ms);
}

static void
complete_all(struct engine *e, int64_t behind_ms)
{
	if (e->sessions)
		raise_behind(e, session_set_last_end(e->sessions), behind_ms);
	complete(e, &e->base, behind_ms);
	complete(e, &e->delta, behind_ms);
}

void
engine_finish(struct engine *e)
{
	for (uint32_t i = 0; i < e->stream_count; i++)
		end_replay(e, (int32_t)i);
	complete_all(e, e->options.lateness_ms);
}

void
engine_at_end(struct engine *e, int32_t stream)
{
	watermarks_at_end(&e->marks, stream);
	end_replay(e, stream);
}

void
engine_end_stream(struct engine *e, int32_t stream)
{
	watermarks_end(&e->marks, stream);
	end_replay(e, stream);
}

int64_t
engine_set_clock(struct engine *e, int64_t now_wall_ms)
{
	watermarks_raise(&e->marks, now_wall_ms);
	return e->marks.combined;
}

int64_t
engine_next_end(const struct engine *e)
{
	return e->sessions ? session_set_next_end(e->sessions) : e->next_end;
}

bool
engine_was_read(const struct engine *e, struct position position)
{
	return position.sequence < engine_replay_until(e, position.stream);
}

void
engine_tick(struct engine *e, int64_t now_mono_ms)
{
	if (!watermarks_tick(&e->marks, now_mono_ms))
		return;
	/* with updates all rows are out at the windows' ends, and more may come: were the watermark
	 * ahead of the data by the lateness, so would each row of that time be */
	complete_all(e, e->options.emits_updates ? 0 : e->options.lateness_ms);
}

int64_t
engine_patience_ms(const struct engine *e)
{
	return watermarks_patience_ms(&e->marks);
}

/* ---- partials ---- */

static int
merge_states(struct engine *e, struct pane *p, struct table_entry *entry, const void *states,
    struct err *err)
{
	size_t held = p->table.held;
	int rc = aggregate_merge(
	    e->options.plan, table_states(entry), states, &p->table.held, err);

	e->state_bytes += p->table.held - held;
	return rc;
}

static enum engine_fate
take_partial(struct engine *e, const struct partial *partial, struct err *err)
{
	int64_t last_end_ms = assigner_last_end(&e->options.assigner, partial->span);
	struct table_entry *entry;
	struct pane *p;
	bool is_first;

	if (last_end_ms == ASSIGN_NO_WINDOW)
		return ENGINE_OUTSIDE;
	if (last_end_ms <= engine_final(e))
		return ENGINE_LATE;
	p = open_pane(e, partial->span, last_end_ms, err);
	if (p && engine_sum_holds(e, p))
		engine_sum_drop(e);
	is_first = p && p->table.count == 0;
	entry = p ? find_entry(e, p, partial->key, err) : NULL;
	if (!entry || merge_states(e, p, entry, partial->states, err) ||
	    engine_note_change(e, partial->key, partial->span, is_first, err))
		return ENGINE_FAILED;
	e->active->last = NULL; /* it may be a run of panes, not the one of the times in it */
	return ENGINE_TAKEN;
}

enum engine_fate
engine_take_partial(struct engine *e, struct slice bytes, struct err *err)
{
	enum engine_fate fate = ENGINE_FAILED;
	struct partial partial;

	aggregate_release(e->options.plan, e->scratch);
	if (partial_decode(
		e->options.plan, e->options.key_values, bytes, e->scratch, &partial, err))
		return ENGINE_FAILED;
	if (assigner_knows(&e->options.assigner, partial.span))
		fate = e->sessions ? engine_sessions_take_partial(e, &partial, err)
		                   : take_partial(e, &partial, err);
	else
		(void)err_set(err, ERR_DATA,
		    "a partial of %lld to %lld, which is no pane of these windows",
		    (long long)partial.span.start_ms, (long long)partial.span.end_ms);
	aggregate_release(e->options.plan, e->scratch);
	return fate;
}

static int
give_partials(struct engine *e, const struct pane *pane, struct buf *buf,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context, struct err *err)
{
	const struct table_entry *entry = NULL;
	struct partial p = { .span = pane->span };

	while ((entry = table_next(&pane->table, e->options.plan, entry))) {
		p.key = table_key(entry);
		p.states = table_states(entry);
		buf_clear(buf);
		if (partial_encode(e->options.plan, &p, buf, err) ||
		    partial(context, buf_slice(buf), err))
			return -1;
	}
	return 0;
}

int
engine_each_partial(struct engine *e,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context, struct err *err)
{
	const struct pane_set *set = e->active;
	struct buf buf = BUF_INIT(SIZE_MAX / 4);
	int rc = 0;

	if (e->sessions)
		return engine_sessions_each_partial(e, partial, context, err);
	if (set->running)
		rc = give_partials(e, set->running, &buf, partial, context, err);
	for (size_t i = 0; i < set->count && !rc; i++)
		rc = give_partials(e, pane_set_at(set, i), &buf, partial, context, err);
	buf_release(&buf);
	return rc;
}
