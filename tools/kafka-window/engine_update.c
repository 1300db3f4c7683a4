/* SPDX-License-Identifier: MIT */
/* Windows that were given out at their end and have changed since, while they are held for late
 * records: the key's row of each is given out again. */
#include <stdlib.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/groupkey.h"

static int
add_change(struct engine *e, struct slice key, struct span pane, struct err *err)
{
	struct engine_changes *c = &e->changes;
	size_t capacity = c->capacity ? 2 * c->capacity : 16;
	struct engine_change *items;

	if (c->count == c->capacity) {
		items = reallocarray(c->items, capacity, sizeof(*items));
		if (!items)
			return err_no_memory(err);
		c->items = items;
		c->capacity = capacity;
	}
	c->items[c->count] = (struct engine_change){
		.pane = pane,
		.after_ms = engine_final(e),
		.key_at = c->keys.len,
		.key_len = key.len,
	};
	if (buf_append(&c->keys, key, err))
		return -1;
	c->count++;
	return 0;
}

/* Windows from this one on whose end had passed without a record, until this pane had its first. */
static int
count_new_windows(struct engine *e, struct span window, struct span pane, struct err *err)
{
	for (; window.start_ms <= pane.start_ms && window.end_ms <= e->emitted;
	     assigner_next(&e->options.assigner, &window)) {
		if (window.end_ms < pane.end_ms)
			continue;
		if (engine_find_sources(e, window, window.start_ms, err))
			return -1;
		e->counts.windows += e->source_count == 1;
	}
	return 0;
}

int
engine_note_change(
    struct engine *e, struct slice key, struct span pane, bool is_first, struct err *err)
{
	struct span window;

	if (!e->options.emits_updates || pane.end_ms > e->emitted)
		return 0;
	if (!assigner_first(&e->options.assigner, pane, engine_final(e), &window) ||
	    window.end_ms > e->emitted)
		return 0;
	/* while streams read again, an earlier life may have written the window */
	if (is_first && !e->replaying && count_new_windows(e, window, pane, err))
		return -1;
	return add_change(e, key, pane, err);
}

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

/* ---- what to give out ---- */

/* A key of a window that has changed. */
struct update {
	struct span window;
	struct slice key;
};

struct updates {
	struct update *items;
	size_t count;
	size_t capacity;
};

static int
compare_updates(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	if (!span_equal(x->window, y->window))
		return span_is_before(x->window, y->window) ? -1 : 1;
	return groupkey_compare(x->key, y->key);
}

static int
add_update(struct updates *u, struct span window, struct slice key, struct err *err)
{
	size_t capacity = u->capacity ? 2 * u->capacity : 16;
	struct update *items;

	if (u->count == u->capacity) {
		items = reallocarray(u->items, capacity, sizeof(*items));
		if (!items)
			return err_no_memory(err);
		u->items = items;
		u->capacity = capacity;
	}
	u->items[u->count++] = (struct update){ .window = window, .key = key };
	return 0;
}

static int
add_updates(const struct engine *e, const struct engine_change *change, struct updates *u,
    struct err *err)
{
	struct slice key = slice_make(e->changes.keys.data + change->key_at, change->key_len);
	const struct assigner *a = &e->options.assigner;
	struct span window;

	if (!assigner_first(a, change->pane, change->after_ms, &window))
		return 0;
	for (; window.start_ms <= change->pane.start_ms && window.end_ms <= e->emitted;
	    assigner_next(a, &window)) {
		if (window.end_ms >= change->pane.end_ms && add_update(u, window, key, err))
			return -1;
	}
	return 0;
}

/* The states of an update, in the engine's scratch. A cumulating window has all of the one before it,
 * which is there already where that is of the same key. */
static int
merge_update(
    struct engine *e, const struct update *u, const struct update *before, struct err *err)
{
	if (before && e->options.assigner.kind == ASSIGN_CUMULATE &&
	    u->window.start_ms == before->window.start_ms && slice_equal(u->key, before->key))
		return merge_key(e, u->window, before->window.end_ms, u->key, err);
	aggregate_release(e->options.plan, e->scratch);
	memset(e->scratch, 0, e->options.plan->state_bytes);
	return merge_key(e, u->window, u->window.start_ms, u->key, err);
}

/* In order of windows and keys, each once, however many records have changed it. */
static int
give_updates(
    struct engine *e, struct updates *u, const struct engine_receiver *receiver, struct err *err)
{
	if (u->count > 1)
		qsort(u->items, u->count, sizeof(*u->items), compare_updates);
	for (size_t i = 0; i < u->count; i++) {
		struct engine_row row = { .span = u->items[i].window, .key = u->items[i].key };

		if (i && compare_updates(&u->items[i - 1], &u->items[i]) == 0)
			continue;
		if (merge_update(e, &u->items[i], i ? &u->items[i - 1] : NULL, err))
			return -1;
		row.states = e->scratch;
		if (receiver->row(receiver->context, &row, err))
			return -1;
		e->counts.rows++;
	}
	return 0;
}

void
engine_forget_changes(struct engine *e)
{
	if (engine_is_interval(e) || engine_has_changes(e))
		return;
	e->changes.count = e->changes.given = 0;
	buf_clear(&e->changes.keys);
}

int
engine_give_changes(struct engine *e, const struct engine_receiver *receiver, struct err *err)
{
	struct engine_changes *c = &e->changes;
	struct updates updates = { .items = NULL };
	int rc = 0;

	if (e->replaying || !engine_has_changes(e))
		return 0;
	for (size_t i = c->given; i < c->count && !rc; i++)
		rc = add_updates(e, &c->items[i], &updates, err);
	if (!rc)
		rc = give_updates(e, &updates, receiver, err);
	free(updates.items);
	if (rc)
		return -1;
	c->given = c->count;
	engine_forget_changes(e);
	return 0;
}
