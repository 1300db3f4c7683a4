/* SPDX-License-Identifier: MIT */
/* Windows that were given out at their end and have changed since, while they are held for late
 * records: the key's row of each is given out again. */
#include <stdlib.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/groupkey.h"

/* An entry of engine_changes' tables is named by a pane and a key; its state is a time: windows that
 * end at or before it were not changed. */
static const struct aggregate_plan change_plan = { .state_bytes = sizeof(int64_t) };

/* Changes of one giving, in order, each a pointer, and those of one window, which qsort(3) copies. */
enum { GIVING_BYTES = 3 * sizeof(struct table_entry *) };

static struct span
pane_of(const struct table_entry *change)
{
	struct span pane;

	memcpy(&pane, change->bytes, sizeof(pane));
	return pane;
}

static struct slice
key_of(const struct table_entry *change)
{
	return slice_skip(table_key(change), sizeof(struct span));
}

static int64_t
after_of(const struct table_entry *change)
{
	return *(const int64_t *)table_states(change);
}

/* ---- noting ---- */

size_t
engine_changes_bytes(const struct engine_changes *c)
{
	return table_bytes(&c->held) + table_bytes(&c->fresh) +
	       ((size_t)c->held.count + c->fresh.count) * GIVING_BYTES;
}

/* The first of several changes of a pane and key is of all windows that the others are of. */
static int
add_change(struct engine *e, struct slice key, struct span pane, struct err *err)
{
	struct engine_changes *c = &e->changes;
	struct table *table = engine_is_interval(e) ? &c->fresh : &c->held;
	size_t before = engine_changes_bytes(c);
	struct table_entry *change;
	struct slice name;
	uint32_t hash;

	buf_clear(&c->name);
	if (buf_append(&c->name, slice_make((const char *)&pane, sizeof(pane)), err) ||
	    buf_append(&c->name, key, err))
		return -1;
	name = buf_slice(&c->name);
	hash = table_hash(name, e->options.hash_seed);
	if ((!c->is_held_given && table_find(&c->held, &change_plan, name, hash)) ||
	    table_find(&c->fresh, &change_plan, name, hash))
		return 0;
	change = table_insert(table, &change_plan, name, hash, err);
	if (!change)
		return -1;
	*(int64_t *)table_states(change) = engine_final(e);
	e->state_bytes += engine_changes_bytes(c) - before;
	return 0;
}

/* The first window of a pane that has been given out, and may be again; false where there is none. */
static bool
first_given(const struct engine *e, struct span pane, struct span *ret)
{
	return e->options.emits_updates && pane.end_ms <= e->emitted &&
	       assigner_first(&e->options.assigner, pane, engine_final(e), ret) &&
	       ret->end_ms <= e->emitted;
}

bool
engine_changes_given(const struct engine *e, struct span pane)
{
	struct span window;

	return first_given(e, pane, &window);
}

/* How many panes a window has, of both sets, no further than the second. */
static unsigned
count_panes(const struct engine *e, struct span window)
{
	const struct pane_set *const sets[] = { &e->base, &e->delta };
	unsigned count = 0;

	for (unsigned s = 0; s < 2; s++) {
		for (size_t i = pane_set_after(sets[s], window.start_ms);
		     i < sets[s]->count && count < 2; i++) {
			if (pane_set_at(sets[s], i)->span.end_ms > window.end_ms)
				break;
			count += pane_set_at(sets[s], i)->span.start_ms >= window.start_ms;
		}
	}
	return count;
}

/* Windows from this one on whose end had passed without a record, until this pane had its first. */
static void
count_new_windows(struct engine *e, struct span window, struct span pane)
{
	for (; window.start_ms <= pane.start_ms && window.end_ms <= e->emitted;
	     assigner_next(&e->options.assigner, &window)) {
		if (window.end_ms < pane.end_ms)
			continue;
		e->counts.windows += count_panes(e, window) == 1;
	}
}

int
engine_note_change(
    struct engine *e, struct slice key, struct span pane, bool is_first, struct err *err)
{
	struct span window;

	if (!first_given(e, pane, &window))
		return 0;
	/* while streams read again, an earlier life may have written the window */
	if (is_first && !e->replaying)
		count_new_windows(e, window, pane);
	return add_change(e, key, pane, err);
}

/* ---- what becomes of them ---- */

static void
clear(struct engine *e, struct table *table)
{
	size_t before = engine_changes_bytes(&e->changes);

	table_release(table, &change_plan);
	e->state_bytes -= before - engine_changes_bytes(&e->changes);
}

void
engine_changes_release(struct engine_changes *c)
{
	table_release(&c->held, &change_plan);
	table_release(&c->fresh, &change_plan);
	buf_release(&c->name);
}

int
engine_commit_changes(struct engine *e, struct err *err)
{
	struct engine_changes *c = &e->changes;
	const struct table_entry *change = NULL;

	if (c->is_held_given)
		clear(e, &c->held);
	c->is_held_given = false;
	while ((change = table_next(&c->fresh, &change_plan, change))) {
		struct table_entry *held = table_insert(
		    &c->held, &change_plan, table_key(change), change->hash, err);

		if (!held)
			return -1;
		memcpy(table_states(held), table_states(change), change_plan.state_bytes);
	}
	clear(e, &c->fresh);
	return 0;
}

void
engine_abort_changes(struct engine *e)
{
	e->changes.is_held_given = false;
	clear(e, &e->changes.fresh);
}

/* In an interval, which may be aborted, those from before it stay. */
static void
forget_given(struct engine *e)
{
	if (engine_is_interval(e))
		e->changes.is_held_given = true;
	else
		clear(e, &e->changes.held);
	clear(e, &e->changes.fresh);
}

/* ---- giving out ---- */

struct giving {
	struct engine *engine;
	const struct engine_receiver *receiver;
	const struct table_entry **changes; /* in order of their panes */
	const struct table_entry **picked;  /* those of a window, in order of their keys */
	size_t count;
	int64_t after_ms; /* windows that end later are to be looked at */
	struct engine_row last; /* the row given out last, whose states are in the engine's scratch */
	bool has_last;
};

/* Merges the key's states in those panes of a window that end after a time into the engine's
 * scratch. */
static int
merge_key(
    struct engine *e, struct span window, int64_t after_ms, struct slice key, struct err *err)
{
	uint32_t hash = table_hash(key, e->options.hash_seed);
	const struct table_entry *entry;
	size_t held = 0;

	if (engine_find_sources(e, window, after_ms, err))
		return -1;
	for (size_t i = 0; i < e->source_count; i++) {
		entry = table_find(&e->sources[i]->table, e->options.plan, key, hash);
		if (entry && aggregate_merge(e->options.plan, e->scratch, table_states(entry),
				 &held, err))
			return -1;
	}
	return 0;
}

static int
compare_panes(const void *a, const void *b)
{
	struct span x = pane_of(*(const struct table_entry *const *)a);
	struct span y = pane_of(*(const struct table_entry *const *)b);

	return span_equal(x, y) ? 0 : span_is_before(x, y) ? -1 : 1;
}

static int
compare_keys(const void *a, const void *b)
{
	return groupkey_compare(key_of(*(const struct table_entry *const *)a),
	    key_of(*(const struct table_entry *const *)b));
}

static void
collect(struct giving *g, const struct table *table)
{
	const struct table_entry *change = NULL;

	while ((change = table_next(table, &change_plan, change))) {
		if (after_of(change) < g->after_ms)
			g->after_ms = after_of(change);
		g->changes[g->count++] = change;
	}
}

/* From the change at an index on. */
static size_t
pick(struct giving *g, size_t at, struct span window)
{
	size_t count = 0;

	for (; at < g->count; at++) {
		struct span pane = pane_of(g->changes[at]);

		if (pane.end_ms > window.end_ms)
			break;
		if (pane.start_ms >= window.start_ms &&
		    after_of(g->changes[at]) < window.end_ms)
			g->picked[count++] = g->changes[at];
	}
	qsort(g->picked, count, sizeof(struct table_entry *), compare_keys);
	return count;
}

/* The states of a row, in the engine's scratch. A cumulating window has all of the one before it, which is
 * there already where that is of the same key. */
static int
merge_row(struct giving *g, struct span window, struct slice key, struct err *err)
{
	struct engine *e = g->engine;

	if (g->has_last && e->options.assigner.kind == ASSIGN_CUMULATE &&
	    window.start_ms == g->last.span.start_ms && slice_equal(key, g->last.key))
		return merge_key(e, window, g->last.span.end_ms, key, err);
	aggregate_release(e->options.plan, e->scratch);
	memset(e->scratch, 0, e->options.plan->state_bytes);
	return merge_key(e, window, window.start_ms, key, err);
}

/* Each key once, however many panes of the window it has changed in. */
static int
give_window(struct giving *g, size_t at, struct span window, struct err *err)
{
	struct engine_row row = { .span = window };
	size_t count = pick(g, at, window);

	for (size_t i = 0; i < count; i++) {
		if (i && slice_equal(key_of(g->picked[i]), row.key))
			continue;
		row.key = key_of(g->picked[i]);
		if (merge_row(g, window, row.key, err))
			return -1;
		row.states = g->engine->scratch;
		if (g->receiver->row(g->receiver->context, &row, err))
			return -1;
		g->last = row;
		g->has_last = true;
		g->engine->counts.rows++;
	}
	return 0;
}

/* In order of windows. Of panes in order, the first one's first window is the first of all. */
static int
give_windows(struct giving *g, struct err *err)
{
	const struct assigner *a = &g->engine->options.assigner;
	struct span window;
	int64_t end_ms;

	for (size_t at = 0; at < g->count;) {
		struct span pane = pane_of(g->changes[at]);

		if (!assigner_first(a, pane, g->after_ms, &window) ||
		    window.end_ms > g->engine->emitted) {
			at++;
			continue;
		}
		for (end_ms = window.end_ms; window.end_ms == end_ms; assigner_next(a, &window)) {
			if (give_window(g, at, window, err))
				return -1;
		}
		g->after_ms = end_ms;
	}
	return 0;
}

int
engine_give_changes(struct engine *e, const struct engine_receiver *receiver, struct err *err)
{
	struct engine_changes *c = &e->changes;
	struct giving g = { .engine = e, .receiver = receiver, .after_ms = INT64_MAX };
	size_t room = (size_t)c->held.count + c->fresh.count;
	int rc = -1;

	if (e->replaying || !engine_has_changes(e))
		return 0;
	g.changes = reallocarray(NULL, 2 * room, sizeof(struct table_entry *));
	if (!g.changes)
		return err_no_memory(err);
	g.picked = g.changes + room;
	if (!c->is_held_given)
		collect(&g, &c->held);
	collect(&g, &c->fresh);
	qsort(g.changes, g.count, sizeof(struct table_entry *), compare_panes);
	rc = give_windows(&g, err);
	free(g.changes);
	if (!rc)
		forget_given(e);
	return rc;
}
