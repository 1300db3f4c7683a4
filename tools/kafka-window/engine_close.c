/* SPDX-License-Identifier: MIT */
/* Windows that are complete: their panes merged, their keys in order, their rows given out. */
#include <stdlib.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/groupkey.h"

bool
engine_has_closed(const struct engine *e)
{
	if (e->sessions)
		return session_set_next_end(e->sessions) <= engine_sessions_horizon(e);
	if (engine_has_changes(e) && !e->replaying)
		return true;
	return e->next_end <= engine_due(e) && e->next_end != NO_END;
}

/* ---- which windows ---- */

/* Makes *ret the first window of the pane that ends after the time, where that is an earlier one. */
static bool
earlier_window(const struct engine *e, const struct pane *p, int64_t after_ms, bool has_one,
    struct span *ret)
{
	struct span window;

	if (!assigner_first(&e->options.assigner, p->span, after_ms, &window))
		return has_one;
	if (!has_one || span_is_before(window, *ret))
		*ret = window;
	return true;
}

bool
engine_next_window(const struct engine *e, int64_t after_ms, struct span *ret)
{
	const struct pane_set *const sets[] = { &e->base, &e->delta };
	bool has_one = false;

	for (unsigned i = 0; i < 2; i++) {
		const struct pane_set *set = sets[i];
		size_t at = pane_set_needed(set, after_ms);

		/* of panes in order, the first one's first window is the first of all */
		if (at < set->count)
			has_one =
			    earlier_window(e, pane_set_at(set, at), after_ms, has_one, ret);
		if (set->running)
			has_one = earlier_window(e, set->running, after_ms, has_one, ret);
	}
	return has_one;
}

static void
find_next_end(struct engine *e)
{
	struct span window;

	e->next_end = engine_next_window(e, e->emitted, &window) ? window.end_ms : NO_END;
}

void
engine_recount(struct engine *e)
{
	e->state_bytes = pane_set_bytes(&e->base) + pane_set_bytes(&e->delta);
	find_next_end(e);
}

/* Panes that no window needs any more; those of the base stay while an interval is open, since it
 * may be aborted. */
static void
drop_panes(struct engine *e)
{
	e->state_bytes -= pane_set_drop(e->active, engine_gone(e));
}

/* ---- what a window is merged from ---- */

static int
add_source(struct engine *e, const struct pane *p, struct err *err)
{
	size_t capacity = e->source_capacity ? 2 * e->source_capacity : 16;
	const struct table **sources;

	if (!p->table.count)
		return 0;
	if (e->source_count == e->source_capacity) {
		sources = reallocarray(e->sources, capacity, sizeof(*sources));
		if (!sources)
			return err_no_memory(err);
		e->sources = sources;
		e->source_capacity = capacity;
	}
	e->sources[e->source_count++] = &p->table;
	return 0;
}

static bool
holds(struct span window, const struct pane *p)
{
	return p->span.start_ms >= window.start_ms && p->span.end_ms <= window.end_ms;
}

static int
add_sources(struct engine *e, const struct pane_set *set, struct span window, struct err *err)
{
	if (set->running && holds(window, set->running) && add_source(e, set->running, err))
		return -1;
	for (size_t i = pane_set_after(set, window.start_ms); i < set->count; i++) {
		const struct pane *p = pane_set_at(set, i);

		if (p->span.end_ms > window.end_ms)
			break;
		if (holds(window, p) && add_source(e, p, err))
			return -1;
	}
	return 0;
}

/*
 * Moves the active panes of a cumulating window into the running one, so that each is merged once
 * and not once a window. (Panes of the base are not moved while an interval is open: it may be
 * aborted.)
 */
static int
accumulate(struct engine *e, struct span window, struct err *err)
{
	struct pane_set *set = e->active;
	struct pane *p;
	int rc = 0;

	if (set->running && set->running->span.start_ms != window.start_ms) {
		e->state_bytes -= pane_bytes(set->running);
		pane_free(set->running, e->options.plan);
		set->running = NULL;
	}
	while (!rc && set->count && holds(window, pane_set_at(set, 0))) {
		p = pane_set_shift(set);
		if (!set->running) {
			set->running = p;
			p->span.start_ms = window.start_ms;
			continue;
		}
		e->state_bytes -= pane_bytes(p) + pane_bytes(set->running);
		rc = pane_merge(set->running, e->options.plan, p, err);
		e->state_bytes += pane_bytes(set->running);
		pane_free(p, e->options.plan);
	}
	if (set->running)
		set->running->span.end_ms = window.end_ms;
	return rc;
}

/* ---- rows ---- */

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

/* The keys of all sources in order. Owned by the caller; NULL where memory ran out. */
static struct sorted_entry *
sort_entries(const struct engine *e, size_t *ret_count, struct err *err)
{
	const struct table_entry *entry;
	struct sorted_entry *entries;
	size_t count = 0, n = 0;

	for (size_t i = 0; i < e->source_count; i++)
		count += e->sources[i]->count;
	entries = malloc((count + 1) * sizeof(*entries));
	if (!entries) {
		(void)err_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < e->source_count; i++) {
		for (entry = NULL; (entry = table_next(e->sources[i], e->options.plan, entry)); n++)
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

/* Of one source or two. */
static int
give_rows(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	struct engine_row row = { .span = window };
	size_t count = 0, at = 0;
	int64_t rows = 0;
	struct sorted_entry *entries = sort_entries(e, &count, err);
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

/* More than two sources are merged into one before their keys are sorted. */
static int
give_merged(struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	struct table merged = { .data = NULL };
	int rc = 0;

	for (size_t i = 0; i < e->source_count && !rc; i++)
		rc = table_merge(&merged, e->options.plan, e->sources[i], err);
	if (!rc) {
		e->sources[0] = &merged;
		e->source_count = 1;
		rc = give_rows(e, window, receiver, err);
	}
	table_release(&merged, e->options.plan);
	return rc;
}

int
engine_find_sources(struct engine *e, struct span window, struct err *err)
{
	e->source_count = 0;
	if (add_sources(e, &e->base, window, err))
		return -1;
	return add_sources(e, &e->delta, window, err);
}

static int
give_window(struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	/* what may yet change has to stay apart */
	if (e->options.assigner.kind == ASSIGN_CUMULATE && !e->options.emits_updates &&
	    accumulate(e, window, err))
		return -1;
	if (engine_find_sources(e, window, err))
		return -1;
	if (e->source_count > 2)
		return give_merged(e, window, receiver, err);
	return e->source_count ? give_rows(e, window, receiver, err) : 0;
}

/* Gives out all that is complete, from both sets together. */
static int
give_windows(struct engine *e, const struct engine_receiver *receiver, struct err *err)
{
	struct span window;
	int64_t end_ms;

	while (engine_next_window(e, e->emitted, &window) && window.end_ms <= engine_due(e)) {
		for (end_ms = window.end_ms; window.end_ms == end_ms;
		     assigner_next(&e->options.assigner, &window)) {
			if (give_window(e, window, receiver, err))
				return -1;
		}
		e->emitted = end_ms;
		drop_panes(e);
	}
	return 0;
}

int
engine_close(struct engine *e, int (*row)(void *context, const struct engine_row *, struct err *),
    void *context, struct err *err)
{
	const struct engine_receiver receiver = { .row = row, .context = context };
	int rc;

	if (e->sessions)
		return engine_sessions_close(e, row, context, err);
	if (engine_give_changes(e, &receiver, err))
		return -1;
	rc = give_windows(e, &receiver, err);
	if (!rc && engine_due(e) > e->emitted)
		e->emitted = engine_due(e);
	drop_panes(e);
	find_next_end(e);
	return rc;
}
