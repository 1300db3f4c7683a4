/* SPDX-License-Identifier: MIT */
/* Windows that are complete: their panes merged, their keys in order, their rows given out. */
#include <stdlib.h>

#include "kafka-window/engine_state.h"
#include "kafka-window/pane_order.h"

/* A merged copy of a window's panes is no larger: beyond that keys are merged one by one. */
enum { MERGED_BYTES_MAX = 16 << 20 };

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
	e->state_bytes = pane_set_bytes(&e->base) + pane_set_bytes(&e->delta) +
	                 engine_changes_bytes(&e->changes);
	find_next_end(e);
}

/* Panes that no window needs any more; those of the base stay while an interval is open, since it
 * may be aborted. */
static void
drop_panes(struct engine *e)
{
	e->state_bytes -= pane_set_drop(e->active, engine_gone(e));
	if (e->sum && e->sum->last_end_ms <= e->emitted)
		engine_sum_drop(e);
}

/* ---- what a window is merged from ---- */

static int
add_source(struct engine *e, struct pane *p, struct err *err)
{
	size_t capacity = e->source_capacity ? 2 * e->source_capacity : 16;
	struct pane **sources;

	if (!p->table.count)
		return 0;
	if (e->source_count == e->source_capacity) {
		sources = reallocarray(e->sources, capacity, sizeof(*sources));
		if (!sources)
			return err_no_memory(err);
		e->sources = sources;
		e->source_capacity = capacity;
	}
	e->sources[e->source_count++] = p;
	return 0;
}

static int
add_sources(struct engine *e, const struct pane_set *set, struct span window, int64_t after_ms,
    struct err *err)
{
	if (set->running && set->running->span.end_ms > after_ms &&
	    span_holds(window, set->running->span) &&
	    add_source(e, set->running, err))
		return -1;
	for (size_t i = pane_set_after(set, after_ms); i < set->count; i++) {
		struct pane *p = pane_set_at(set, i);

		if (p->span.end_ms > window.end_ms)
			break;
		if (span_holds(window, p->span) && add_source(e, p, err))
			return -1;
	}
	return 0;
}

/*
 * Moves the active panes of a cumulating window into the running one, so that each is merged once
 * and not once a window. (Panes of the base are not moved while an interval is open: it may be
 * aborted.) One whose copy there would take the state past its bound stays apart.
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
	while (!rc && set->count && span_holds(window, pane_set_at(set, 0)->span)) {
		if (set->running && !engine_has_room(e, pane_bytes(pane_set_at(set, 0))))
			break;
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

/* The states of the first key, of all panes that have it, which the order moves past. */
static int
join_states(struct engine *e, struct pane_merge_order *order, struct slice key,
    const void **ret_states, struct err *err)
{
	const struct table_entry *entry = pane_merge_order_first(order);
	size_t held = 0;

	*ret_states = table_states(entry);
	pane_merge_order_next(order);
	entry = pane_merge_order_first(order);
	if (!entry || !slice_equal(table_key(entry), key))
		return 0;
	aggregate_release(e->options.plan, e->scratch);
	if (aggregate_copy(e->options.plan, e->scratch, *ret_states, &held, err))
		return -1;
	*ret_states = e->scratch;
	for (; entry && slice_equal(table_key(entry), key);
	     entry = pane_merge_order_first(order)) {
		if (aggregate_merge(
			e->options.plan, e->scratch, table_states(entry), &held, err))
			return -1;
		pane_merge_order_next(order);
	}
	return 0;
}

static int
give_in_order(struct engine *e, struct span window, struct pane_merge_order *order,
    const struct engine_receiver *receiver, struct err *err)
{
	struct engine_row row = { .span = window };
	const struct table_entry *entry;
	int64_t rows = 0;

	for (; (entry = pane_merge_order_first(order)); rows++) {
		row.key = table_key(entry);
		if (join_states(e, order, row.key, &row.states, err) ||
		    receiver->row(receiver->context, &row, err))
			return -1;
	}
	e->counts.rows += rows;
	e->counts.windows += rows > 0;
	return 0;
}

/* Of all sources; one key's states are merged at a time. */
static int
give_rows(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	struct pane_merge_order order = { .plan = e->options.plan };
	int rc = 0;

	for (size_t i = 0; i < e->source_count && !rc; i++)
		rc = pane_merge_order_add(&order, e->sources[i], err);
	if (!rc)
		rc = give_in_order(e, window, &order, receiver, err);
	pane_merge_order_release(&order);
	return rc;
}

/* Stops where the copy might be large or take the state past its bound: *ret says so. */
static int
merge_sources(struct engine *e, struct pane *merged, bool *ret_is_large, struct err *err)
{
	*ret_is_large = false;
	for (size_t i = 0; i < e->source_count; i++) {
		const struct pane *p = e->sources[i];
		size_t bytes = pane_bytes(merged) + pane_bytes(p);

		*ret_is_large = bytes > MERGED_BYTES_MAX || !engine_has_room(e, bytes);
		if (*ret_is_large)
			return 0;
		if (table_merge(&merged->table, e->options.plan, &p->table, err))
			return -1;
	}
	return 0;
}

/* Few keys of many panes are merged by hashing rather than by order: measured, that is up to 7 times
 * as fast. */
static int
give_merged(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	struct pane *merged = calloc(1, sizeof(*merged));
	bool is_large = false;
	int rc = merged ? merge_sources(e, merged, &is_large, err) : err_no_memory(err);

	if (!rc && !is_large) {
		e->sources[0] = merged;
		e->source_count = 1;
		rc = give_rows(e, window, receiver, err);
	}
	pane_free(merged, e->options.plan);
	return rc || !is_large ? rc : give_rows(e, window, receiver, err);
}

int
engine_find_sources(struct engine *e, struct span window, int64_t after_ms, struct err *err)
{
	e->source_count = 0;
	if (add_sources(e, &e->base, window, after_ms, err))
		return -1;
	return add_sources(e, &e->delta, window, after_ms, err);
}

static int
give_panes(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	if (engine_find_sources(e, window, window.start_ms, err))
		return -1;
	if (e->source_count > 2)
		return give_merged(e, window, receiver, err);
	return e->source_count ? give_rows(e, window, receiver, err) : 0;
}

/* What may yet change has to stay apart, and an interval apart from what it may go back to. */
static int
give_cumulated(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	if (!e->options.emits_updates)
		return accumulate(e, window, err) ? -1 : give_panes(e, window, receiver, err);
	if (!engine_is_interval(e) && engine_sum_panes(e, window, err))
		return -1;
	if (!e->sum)
		return give_panes(e, window, receiver, err);
	e->source_count = 0;
	if (add_source(e, e->sum, err))
		return -1;
	return give_rows(e, window, receiver, err);
}

static int
give_window(
    struct engine *e, struct span window, const struct engine_receiver *receiver, struct err *err)
{
	if (e->options.assigner.kind == ASSIGN_CUMULATE)
		return give_cumulated(e, window, receiver, err);
	return give_panes(e, window, receiver, err);
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
