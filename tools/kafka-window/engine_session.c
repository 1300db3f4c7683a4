/* SPDX-License-Identifier: MIT */
#include "kafka-window/engine_session.h"

#include <stdlib.h>

#include "kafka-window/engine_state.h"

struct engine_sessions *
engine_sessions_new(const struct engine_options *options, struct err *err)
{
	const struct session_options set_options = {
		.plan = options->plan,
		.gap_ms = options->assigner.size_ms,
		.bytes_max = options->state_bytes_max,
		.has_positions = options->has_positions,
		.hash_seed = options->hash_seed,
	};
	struct engine_sessions *s = calloc(1, sizeof(*s));

	if (!s) {
		(void)err_no_memory(err);
		return NULL;
	}
	s->set = session_set_new(&set_options, err);
	if (!s->set) {
		engine_sessions_free(s);
		return NULL;
	}
	return s;
}

void
engine_sessions_free(struct engine_sessions *s)
{
	if (!s)
		return;
	session_set_free(s->set);
	free(s->is_replaying);
	free(s->saved_is_replaying);
	free(s);
}

/* ---- what is read again ---- */

static void
set_replaying(struct engine_sessions *s, int32_t stream, bool is_replaying)
{
	s->replaying += (uint32_t)is_replaying - s->is_replaying[stream];
	s->is_replaying[stream] = is_replaying;
}

int
engine_sessions_add_stream(
    struct engine_sessions *s, int32_t stream, bool is_replay, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	uint8_t *flags;

	if (count > s->stream_count) {
		flags = realloc(s->saved_is_replaying, count);
		if (!flags)
			return err_no_memory(err);
		s->saved_is_replaying = flags;
		flags = realloc(s->is_replaying, count);
		if (!flags)
			return err_no_memory(err);
		memset(flags + s->stream_count, 0, count - s->stream_count);
		s->is_replaying = flags;
		s->stream_count = count;
	}
	set_replaying(s, stream, is_replay);
	return 0;
}

void
engine_sessions_replayed(struct engine_sessions *s, int32_t stream)
{
	if ((uint32_t)stream < s->stream_count)
		set_replaying(s, stream, false);
}

void
engine_sessions_all_replayed(struct engine_sessions *s)
{
	s->replaying = 0;
	if (s->stream_count)
		memset(s->is_replaying, 0, s->stream_count);
}

/* How far what has been read again has come. */
static int64_t
replayed_watermark(const struct engine *e)
{
	/* the lowest one is only known behind the first record */
	return e->marks.lowest == INT64_MAX ? WATERMARK_NONE : e->marks.lowest;
}

int64_t
engine_sessions_horizon(const struct engine *e)
{
	return e->sessions->replaying ? replayed_watermark(e) : e->marks.combined;
}

/* ---- taking ---- */

static enum engine_fate
fate_of(const struct engine *e, enum session_fate fate, struct err *err)
{
	switch (fate) {
	case SESSION_TAKEN:
		return ENGINE_TAKEN;
	case SESSION_LATE:
		return ENGINE_LATE;
	case SESSION_FULL:
		(void)engine_say_full(e, err);
		return ENGINE_FAILED;
	case SESSION_FAILED:
		break;
	}
	return ENGINE_FAILED;
}

enum engine_fate
engine_sessions_take(struct engine *e, const struct engine_input *in, struct err *err)
{
	const struct aggregate_record record = {
		.inputs = in->inputs,
		.skips = in->skips,
		.time_ms = in->time_ms,
		.position = in->position,
	};
	bool was_read = engine_was_read(e, in->position);
	int64_t horizon_ms = was_read ? replayed_watermark(e) : e->marks.combined;

	if (!was_read)
		engine_sessions_replayed(e->sessions, in->position.stream);
	return fate_of(
	    e, session_set_take(e->sessions->set, in->key, &record, horizon_ms, err), err);
}

enum engine_fate
engine_sessions_take_partial(struct engine *e, const struct partial *p, struct err *err)
{
	return fate_of(e,
	    session_set_merge(
		e->sessions->set, p->key, p->span, p->states, 0, e->marks.combined, err),
	    err);
}

/* ---- giving out ---- */

struct closing {
	struct engine *engine;
	int64_t emitted; /* sessions that end at or before it were given out in an earlier life */
	int (*row)(void *context, const struct engine_row *, struct err *);
	void *context;
};

static int
give_session(void *context, const struct session *s, struct err *err)
{
	struct closing *c = context;
	struct engine *e = c->engine;
	const struct engine_row row = {
		.span = s->span,
		.key = session_key(s),
		.states = session_states(s),
	};

	if (s->span.end_ms <= c->emitted) {
		e->counts.taken -= s->records;
		e->counts.replayed += s->records;
		return 0;
	}
	/* should this row fail, all that end before it have been given out */
	if (s->span.end_ms - 1 > e->emitted)
		e->emitted = s->span.end_ms - 1;
	if (c->row(c->context, &row, err))
		return -1;
	e->counts.rows++;
	e->counts.windows++;
	return 0;
}

int
engine_sessions_close(struct engine *e,
    int (*row)(void *context, const struct engine_row *, struct err *), void *context,
    struct err *err)
{
	struct closing closing = {
		.engine = e, .emitted = e->emitted, .row = row, .context = context
	};
	int64_t horizon_ms = engine_sessions_horizon(e);

	if (session_set_close(e->sessions->set, horizon_ms, give_session, &closing, err))
		return -1;
	if (horizon_ms > e->emitted)
		e->emitted = horizon_ms;
	return 0;
}

/* ---- partials ---- */

struct giving {
	const struct aggregate_plan *plan;
	struct buf buf;
	int (*partial)(void *context, struct slice bytes, struct err *);
	void *context;
};

static int
give_partial(void *context, const struct session *s, struct err *err)
{
	struct giving *g = context;
	const struct partial p = {
		.span = s->span,
		.key = session_key(s),
		.states = session_states(s),
	};

	buf_clear(&g->buf);
	if (partial_encode(g->plan, &p, &g->buf, err))
		return -1;
	return g->partial(g->context, buf_slice(&g->buf), err);
}

int
engine_sessions_each_partial(const struct engine *e,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context, struct err *err)
{
	struct giving giving = {
		.plan = e->options.plan,
		.buf = BUF_INIT(SIZE_MAX / 4),
		.partial = partial,
		.context = context,
	};
	int rc = session_set_each(e->sessions->set, give_partial, &giving, err);

	buf_release(&giving.buf);
	return rc;
}

/* ---- intervals ---- */

void
engine_sessions_begin(struct engine_sessions *s)
{
	session_set_begin(s->set);
	s->saved_replaying = s->replaying;
	if (s->stream_count)
		memcpy(s->saved_is_replaying, s->is_replaying, s->stream_count);
}

void
engine_sessions_commit(struct engine_sessions *s)
{
	session_set_commit(s->set);
}

void
engine_sessions_abort(struct engine_sessions *s)
{
	session_set_abort(s->set);
	s->replaying = s->saved_replaying;
	if (s->stream_count)
		memcpy(s->is_replaying, s->saved_is_replaying, s->stream_count);
}
