/* SPDX-License-Identifier: MIT */
#include "kafka-window/engine.h"

#include <assert.h>
#include <stdlib.h>

#include "kafka-window/groupkey.h"
#include "kafka-window/partial.h"

/* No window waits to be given out. */
#define NO_END INT64_MAX

struct engine {
	struct engine_options options;
	struct watermarks marks;
	int64_t emitted;           /* windows that end at or before it have been given out */
	int64_t next_end;          /* of the first window that has not, or NO_END */
	struct window_set base;    /* what is held for good */
	struct window_set delta;   /* what the open interval has put in */
	struct window_set *active; /* where records go: one of the two */
	int64_t *replay_until;     /* by stream */
	uint32_t replay_count;
	size_t state_bytes;
	struct engine_counts counts;
	void *scratch; /* states of one key */
	/* as it was at engine_begin */
	struct watermarks saved_marks;
	int64_t saved_emitted;
	struct engine_counts saved_counts;
};

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
	e->base.plan = options->plan;
	e->delta.plan = options->plan;
	e->active = &e->base;
	e->emitted = WATERMARK_NONE;
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
	window_set_release(&e->base);
	window_set_release(&e->delta);
	watermarks_release(&e->marks);
	watermarks_release(&e->saved_marks);
	free(e->replay_until);
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

/* ---- bookkeeping ---- */

static size_t
set_bytes(const struct window_set *set)
{
	size_t bytes = 0;

	for (size_t i = 0; i < set->count; i++)
		bytes += window_bytes(set->windows[i]) + table_bytes(&set->windows[i]->table);
	return bytes;
}

static int64_t
first_end(const struct window_set *set, int64_t after_ms)
{
	size_t at = window_set_after(set, after_ms);

	return at < set->count ? set->windows[at]->span.end_ms : NO_END;
}

/* After windows went: what is kept up record by record otherwise. */
static void
recount(struct engine *e)
{
	int64_t base_end = first_end(&e->base, e->emitted);
	int64_t delta_end = first_end(&e->delta, e->emitted);

	e->state_bytes = set_bytes(&e->base) + set_bytes(&e->delta);
	e->next_end = base_end < delta_end ? base_end : delta_end;
}

static int64_t
replay_until(const struct engine *e, int32_t stream)
{
	return (uint32_t)stream < e->replay_count ? e->replay_until[stream] : 0;
}

static int
set_replay_until(struct engine *e, int32_t stream, int64_t sequence, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	int64_t *until;

	if (count > e->replay_count) {
		until = realloc(e->replay_until, count * sizeof(*until));
		if (!until)
			return err_no_memory(err);
		memset(until + e->replay_count, 0, (count - e->replay_count) * sizeof(*until));
		e->replay_until = until;
		e->replay_count = count;
	}
	e->replay_until[stream] = sequence;
	return 0;
}

int
engine_add_stream(struct engine *e, int32_t stream, int64_t sequence,
    const struct engine_mark *mark, struct err *err)
{
	bool is_replay = sequence < mark->replay_until;

	assert(stream >= 0);
	if (stream >= STREAMS_MAX)
		return err_set(
		    err, ERR_FAULT, "stream %d: more than %d streams", stream, STREAMS_MAX);
	if (set_replay_until(e, stream, mark->replay_until, err) ||
	    watermarks_add(&e->marks, stream, is_replay ? WATERMARK_NONE : mark->watermark, err))
		return -1;
	watermarks_raise(&e->marks, mark->emitted);
	if (mark->emitted > e->emitted)
		e->emitted = mark->emitted;
	return 0;
}

/* ---- taking records ---- */

static int
state_is_full(const struct engine *e, struct err *err)
{
	if (e->state_bytes < e->options.state_bytes_max)
		return 0;
	return err_set(err, ERR_STOPPED,
	    "open windows take more than the %zu bytes of --max-state: %lld keys in %lld windows",
	    e->options.state_bytes_max, (long long)engine_open_keys(e),
	    (long long)engine_open_windows(e));
}

static struct window *
open_window(struct engine *e, struct span span, struct err *err)
{
	struct window *w = window_set_find(e->active, span);

	if (w || state_is_full(e, err))
		return w;
	w = window_set_open(e->active, span, err);
	if (!w)
		return NULL;
	e->state_bytes += window_bytes(w);
	if (span.end_ms < e->next_end)
		e->next_end = span.end_ms;
	return w;
}

static struct table_entry *
new_entry(struct engine *e, struct window *w, struct slice key, uint32_t hash, struct err *err)
{
	size_t before = table_bytes(&w->table);
	struct table_entry *entry;

	if (state_is_full(e, err))
		return NULL;
	entry = table_insert(&w->table, e->options.plan, key, hash, err);
	if (entry)
		e->state_bytes += table_bytes(&w->table) - before;
	return entry;
}

static struct table_entry *
find_entry(struct engine *e, struct window *w, struct slice key, struct err *err)
{
	uint32_t hash = table_hash(key, e->options.hash_seed);
	struct table_entry *entry = table_find(&w->table, e->options.plan, key, hash);

	return entry ? entry : new_entry(e, w, key, hash, err);
}

static int
take_states(struct engine *e, struct window *w, struct table_entry *entry,
    const struct engine_input *in, struct err *err)
{
	const struct aggregate_record record = {
		.inputs = in->inputs,
		.skips = in->skips,
		.time_ms = in->time_ms,
		.position = in->position,
	};
	size_t held = w->table.held;
	int rc = aggregate_take(e->options.plan, table_states(entry), &record, &w->table.held, err);

	e->state_bytes += w->table.held - held;
	return rc;
}

/* The position is noted last: what fails before has left nothing behind but perhaps an empty
 * window, which gives no rows. */
static int
put(struct engine *e, const struct engine_input *in, struct span span, struct err *err)
{
	struct window *w = e->active->last;
	struct table_entry *entry;
	uint32_t earliest_count;

	if (e->options.plan->grows && state_is_full(e, err))
		return -1;
	if (!w || w->span.end_ms != span.end_ms || w->span.start_ms != span.start_ms)
		w = open_window(e, span, err);
	if (!w)
		return -1;
	entry = find_entry(e, w, in->key, err);
	if (!entry)
		return -1;
	if (e->options.has_positions) {
		earliest_count = w->earliest_count;
		if (window_note(w, in->position.stream, in->position.sequence, err))
			return -1;
		e->state_bytes += (w->earliest_count - earliest_count) * sizeof(*w->earliest);
	}
	return take_states(e, w, entry, in, err);
}

static inline bool
find_span(const struct engine *e, int64_t time_ms, struct span *ret)
{
	const struct window *last = e->active->last;

	if (last && time_ms >= last->span.start_ms && time_ms < last->span.end_ms) {
		*ret = last->span;
		return true;
	}
	return assign(&e->options.assigner, time_ms, ret);
}

static enum engine_fate
fate_of_late(struct engine *e, struct position position)
{
	if (position.sequence < replay_until(e, position.stream)) {
		e->counts.replayed++;
		return ENGINE_REPLAYED;
	}
	e->counts.late++;
	return ENGINE_LATE;
}

enum engine_fate
engine_take(struct engine *e, const struct engine_input *in, struct err *err)
{
	enum engine_fate fate = ENGINE_TAKEN;
	struct span span;

	assert(watermarks_has(&e->marks, in->position.stream));
	if (!find_span(e, in->time_ms, &span)) {
		(void)err_set(
		    err, ERR_DATA, "no window can hold the time %lld", (long long)in->time_ms);
		return ENGINE_FAILED;
	}
	if (span.end_ms <= e->marks.combined) {
		fate = fate_of_late(e, in->position);
	} else {
		if (put(e, in, span, err))
			return ENGINE_FAILED;
		e->counts.taken++;
		e->marks.has_taken = true;
	}
	watermarks_take(&e->marks, in->position.stream, in->time_ms);
	return fate;
}

/* ---- giving out windows ---- */

bool
engine_has_closed(const struct engine *e)
{
	return e->next_end <= e->marks.combined && e->next_end != NO_END;
}

/* Sorting looks at keys only where their prefixes are equal. */
struct sorted_entry {
	uint64_t prefix;
	const struct table_entry *entry;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct sorted_entry *x = a, *y = b;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return groupkey_compare(table_key(x->entry), table_key(y->entry));
}

/* The keys of up to two tables in order. Owned by the caller; NULL where memory ran out. */
static struct sorted_entry *
sort_entries(
    const struct engine *e, struct table *const tables[2], size_t *ret_count, struct err *err)
{
	size_t count = (size_t)tables[0]->count + tables[1]->count, n = 0;
	struct sorted_entry *entries = malloc((count + 1) * sizeof(*entries));
	const struct table_entry *entry;

	if (!entries) {
		(void)err_no_memory(err);
		return NULL;
	}
	for (unsigned i = 0; i < 2; i++) {
		for (entry = NULL; (entry = table_next(tables[i], e->options.plan, entry)); n++)
			entries[n] =
			    (struct sorted_entry){ .prefix = groupkey_prefix(table_key(entry)),
				    .entry = entry };
	}
	qsort(entries, count, sizeof(*entries), compare_entries);
	*ret_count = count;
	return entries;
}

/* The states of entries[*at] and of the next one too where it is the same key; *at moves past both.
 */
static int
join_states(struct engine *e, const struct sorted_entry *entries, size_t count, size_t *at,
    const void **ret_states, struct err *err)
{
	const struct table_entry *first = entries[*at].entry, *second;
	size_t held = 0;

	*ret_states = table_states(first);
	if (++*at == count)
		return 0;
	second = entries[*at].entry;
	if (!slice_equal(table_key(first), table_key(second)))
		return 0;
	++*at;
	aggregate_release(e->options.plan, e->scratch);
	if (aggregate_copy(e->options.plan, e->scratch, table_states(first), &held, err))
		return -1;
	*ret_states = e->scratch;
	return aggregate_merge(e->options.plan, e->scratch, table_states(second), &held, err);
}

/* Where rows go. */
struct receiver {
	int (*row)(void *context, const struct engine_row *, struct err *);
	void *context;
};

static int
give_rows(struct engine *e, struct span span, struct table *const tables[2],
    const struct receiver *receiver, struct err *err)
{
	struct engine_row row = { .span = span };
	size_t count = 0, at = 0;
	int64_t rows = 0;
	struct sorted_entry *entries = sort_entries(e, tables, &count, err);
	int rc = entries ? 0 : -1;

	while (!rc && at < count) {
		row.key = table_key(entries[at].entry);
		rc = join_states(e, entries, count, &at, &row.states, err);
		if (!rc)
			rc = receiver->row(receiver->context, &row, err);
		rows++;
	}
	free(entries);
	if (!rc) {
		e->counts.rows += rows;
		e->counts.windows += rows > 0;
	}
	return rc;
}

static bool
is_span(const struct window *w, struct span span)
{
	return w->span.start_ms == span.start_ms && w->span.end_ms == span.end_ms;
}

/* The first window of both sets from their cursors on; false at the end of both. */
static bool
next_span(const struct engine *e, size_t base_at, size_t delta_at, struct span *ret)
{
	const struct window *b = base_at < e->base.count ? e->base.windows[base_at] : NULL;
	const struct window *d = delta_at < e->delta.count ? e->delta.windows[delta_at] : NULL;

	if (!b && !d)
		return false;
	if (b && d && b->span.end_ms == d->span.end_ms)
		*ret = b->span.start_ms < d->span.start_ms ? b->span : d->span;
	else if (b && (!d || b->span.end_ms < d->span.end_ms))
		*ret = b->span;
	else
		*ret = d->span;
	return true;
}

/*
 * Gives out all that is complete, from both sets side by side, and empties the tables that are not
 * needed any more: those of the base stay while an interval is open, since it may be aborted.
 * *base_at and *delta_at come to stand behind what was given out.
 */
static int
give_windows(struct engine *e, size_t *base_at, size_t *delta_at, const struct receiver *receiver,
    struct err *err)
{
	bool is_interval = e->active == &e->delta;
	struct table none = { .data = NULL };
	struct span span;

	while (next_span(e, *base_at, *delta_at, &span) && span.end_ms <= e->marks.combined) {
		bool in_base = *base_at < e->base.count && is_span(e->base.windows[*base_at], span);
		bool in_delta =
		    *delta_at < e->delta.count && is_span(e->delta.windows[*delta_at], span);
		struct table *const tables[2] = {
			in_base ? &e->base.windows[*base_at]->table : &none,
			in_delta ? &e->delta.windows[*delta_at]->table : &none,
		};

		if (give_rows(e, span, tables, receiver, err))
			return -1;
		if (!is_interval)
			table_release(tables[0], e->options.plan);
		table_release(tables[1], e->options.plan);
		*base_at += in_base;
		*delta_at += in_delta;
		e->emitted = span.end_ms;
	}
	return 0;
}

int
engine_close(struct engine *e, int (*row)(void *context, const struct engine_row *, struct err *),
    void *context, struct err *err)
{
	const struct receiver receiver = { .row = row, .context = context };
	size_t base_at = window_set_after(&e->base, e->emitted), delta_at = 0;
	int rc = give_windows(e, &base_at, &delta_at, &receiver, err);

	window_set_drop(&e->delta, delta_at);
	if (e->active == &e->base)
		window_set_drop(&e->base, base_at);
	if (!rc && e->marks.combined > e->emitted)
		e->emitted = e->marks.combined;
	recount(e);
	return rc;
}

static void
complete_all(struct engine *e)
{
	if (e->base.count)
		watermarks_raise(&e->marks, e->base.windows[e->base.count - 1]->span.end_ms);
	if (e->delta.count)
		watermarks_raise(&e->marks, e->delta.windows[e->delta.count - 1]->span.end_ms);
}

void
engine_finish(struct engine *e)
{
	complete_all(e);
}

void
engine_at_end(struct engine *e, int32_t stream)
{
	watermarks_at_end(&e->marks, stream);
}

void
engine_end_stream(struct engine *e, int32_t stream)
{
	watermarks_end(&e->marks, stream);
}

bool
engine_was_read(const struct engine *e, struct position position)
{
	return position.sequence < replay_until(e, position.stream);
}

void
engine_tick(struct engine *e, int64_t now_mono_ms)
{
	if (watermarks_tick(&e->marks, now_mono_ms))
		complete_all(e);
}

int64_t
engine_patience_ms(const struct engine *e)
{
	return watermarks_patience_ms(&e->marks);
}

/* ---- intervals ---- */

int
engine_begin(struct engine *e, struct err *err)
{
	assert(e->active == &e->base);
	if (watermarks_copy(&e->saved_marks, &e->marks, err))
		return -1;
	e->saved_emitted = e->emitted;
	e->saved_counts = e->counts;
	e->active = &e->delta;
	return 0;
}

int
engine_commit(struct engine *e, struct err *err)
{
	int rc;

	assert(e->active == &e->delta);
	e->active = &e->base;
	window_set_drop(&e->base, window_set_after(&e->base, e->emitted));
	rc = window_set_merge(&e->base, &e->delta, err);
	recount(e);
	return rc;
}

void
engine_abort(struct engine *e)
{
	struct watermarks marks = e->marks;

	assert(e->active == &e->delta);
	e->active = &e->base;
	window_set_drop(&e->delta, e->delta.count);
	e->marks = e->saved_marks;
	e->saved_marks = marks;
	/* time has passed all the same */
	e->marks.tick_ms = marks.tick_ms;
	e->marks.has_ticked = marks.has_ticked;
	e->emitted = e->saved_emitted;
	e->counts = e->saved_counts;
	recount(e);
}

/* ---- partials ---- */

/* Takes what the scratch holds. */
static int
put_scratch(struct engine *e, const struct partial *p, struct err *err)
{
	struct window *w = open_window(e, p->span, err);
	struct table_entry *entry = w ? find_entry(e, w, p->key, err) : NULL;
	size_t held;
	int rc;

	if (!entry)
		return -1;
	held = w->table.held;
	rc = aggregate_merge(
	    e->options.plan, table_states(entry), e->scratch, &w->table.held, err);
	e->state_bytes += w->table.held - held;
	return rc;
}

enum engine_fate
engine_take_partial(struct engine *e, struct slice bytes, struct err *err)
{
	enum engine_fate fate = ENGINE_TAKEN;
	struct partial p;

	aggregate_release(e->options.plan, e->scratch);
	if (partial_decode(e->options.plan, e->options.key_values, bytes, e->scratch, &p, err))
		return ENGINE_FAILED;
	if (p.span.end_ms <= e->marks.combined)
		fate = ENGINE_LATE;
	else if (put_scratch(e, &p, err))
		fate = ENGINE_FAILED;
	aggregate_release(e->options.plan, e->scratch);
	return fate;
}

static int
give_partials(struct engine *e, const struct window *w, struct buf *buf,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context, struct err *err)
{
	const struct table_entry *entry = NULL;
	struct partial p = { .span = w->span };

	while ((entry = table_next(&w->table, e->options.plan, entry))) {
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
	struct buf buf = BUF_INIT(SIZE_MAX / 4);
	int rc = 0;

	for (size_t i = 0; i < e->active->count && !rc; i++)
		rc = give_partials(e, e->active->windows[i], &buf, partial, context, err);
	buf_release(&buf);
	return rc;
}

/* ---- what to store ---- */

int64_t
engine_earliest(const struct engine *e, int32_t stream)
{
	int64_t base = window_set_earliest(&e->base, e->emitted, stream);
	int64_t delta = window_set_earliest(&e->delta, e->emitted, stream);
	int64_t earliest = base < delta ? base : delta;

	return earliest == WINDOW_NO_POSITION ? -1 : earliest;
}

struct engine_mark
engine_mark(const struct engine *e, int32_t stream, int64_t sequence)
{
	int64_t until = replay_until(e, stream);

	return (struct engine_mark){
		.watermark = watermarks_has(&e->marks, stream) ? e->marks.streams[stream].watermark
		                                               : WATERMARK_NONE,
		/* where no complete window waits, later records before the watermark are late: the
		 * next life must know that, though no window was ever there */
		.emitted = engine_has_closed(e) ? e->emitted : e->marks.combined,
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
	for (uint32_t i = 0; i < e->marks.stream_count; i++) {
		const struct stream *s = &e->marks.streams[i];

		if (s->is_present && !s->is_idle && s->watermark == WATERMARK_NONE &&
		    e->next_end != NO_END)
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
	return e->state_bytes;
}

static int64_t
count_open(const struct engine *e, const struct window_set *set, bool is_keys)
{
	int64_t count = 0;

	for (size_t i = window_set_after(set, e->emitted); i < set->count; i++)
		count += is_keys ? set->windows[i]->table.count : 1;
	return count;
}

int64_t
engine_open_windows(const struct engine *e)
{
	return count_open(e, &e->base, false) + count_open(e, &e->delta, false);
}

int64_t
engine_open_keys(const struct engine *e)
{
	return count_open(e, &e->base, true) + count_open(e, &e->delta, true);
}
