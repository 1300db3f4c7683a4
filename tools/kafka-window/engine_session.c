/* SPDX-License-Identifier: MIT */
#include "kafka-window/engine_session.h"

#include "kafka-window/engine_state.h"

struct session_set *
engine_sessions_new(const struct engine_options *options, struct err *err)
{
	const struct session_options set_options = {
		.plan = options->plan,
		.gap_ms = options->assigner.size_ms,
		.bytes_max = options->state_bytes_max,
		.has_positions = options->has_positions,
		.hash_seed = options->hash_seed,
	};

	return session_set_new(&set_options, err);
}

/* How far what is read again has come. */
static int64_t
lowest(const struct engine *e)
{
	/* until the first record comes there is none */
	if (e->marks.lowest == INT64_MAX)
		return WATERMARK_NONE;
	/* no further than the earlier life was */
	return e->marks.lowest < e->held_ms ? e->marks.lowest : e->held_ms;
}

int64_t
engine_sessions_horizon(const struct engine *e)
{
	return engine_lag(e, e->replaying ? lowest(e) : e->marks.combined);
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
	const struct aggregate_record record = engine_record(in);
	bool is_again = e->streams[in->position.stream].is_replaying &&
	                engine_was_read(e, in->position);
	int64_t horizon_ms = engine_lag(e, is_again ? lowest(e) : e->marks.combined);

	return fate_of(
	    e, session_set_take(e->sessions, in->key, &record, horizon_ms, err), err);
}

enum engine_fate
engine_sessions_take_partial(struct engine *e, const struct partial *p, struct err *err)
{
	return fate_of(e,
	    session_set_merge(
		e->sessions, p->key, p->span, p->states, 0, engine_lag(e, e->marks.combined), err),
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

	if (session_set_close(e->sessions, horizon_ms, give_session, &closing, err))
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
	int rc = session_set_each(e->sessions, give_partial, &giving, err);

	buf_release(&giving.buf);
	return rc;
}
