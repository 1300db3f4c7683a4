/* SPDX-License-Identifier: MIT */
/*
 * Panes of a cumulation that stay apart, since late records may yet change its windows, merged beside
 * that: so each is merged once and not once a window. What is put into a pane afterwards is put into
 * the sum too. It is a copy and no reason to stop: where there is no room for it, it goes, and windows
 * are merged from their panes. Outside of intervals only.
 */
#include <stdlib.h>

#include "kafka-window/engine_state.h"

void
engine_sum_drop(struct engine *e)
{
	if (!e->sum)
		return;
	e->state_bytes -= pane_bytes(e->sum);
	pane_free(e->sum, e->options.plan);
	e->sum = NULL;
}

static int
begin(struct engine *e, struct span window, struct err *err)
{
	e->sum = calloc(1, sizeof(*e->sum));
	if (!e->sum)
		return err_no_memory(err);
	e->sum->span = (struct span){ window.start_ms, window.start_ms };
	e->state_bytes += pane_bytes(e->sum);
	return 0;
}

static int
add(struct engine *e, const struct pane *p, struct err *err)
{
	size_t before = pane_bytes(e->sum);
	int rc = table_merge(&e->sum->table, e->options.plan, &p->table, err);

	e->sum->last_end_ms = p->last_end_ms;
	e->state_bytes += pane_bytes(e->sum) - before;
	return rc;
}

int
engine_sum_panes(struct engine *e, struct span window, struct err *err)
{
	bool has_room = true;
	int rc = 0;

	if (e->sum && e->sum->span.start_ms != window.start_ms)
		engine_sum_drop(e);
	if (!e->sum && begin(e, window, err))
		return -1;
	if (engine_find_sources(e, window, e->sum->span.end_ms, err))
		return -1;
	for (size_t i = 0; i < e->source_count && has_room && !rc; i++) {
		has_room = engine_has_room(e, pane_bytes(e->sources[i]));
		if (has_room)
			rc = add(e, e->sources[i], err);
	}
	e->sum->span.end_ms = window.end_ms;
	if (rc || !has_room)
		engine_sum_drop(e);
	return rc;
}

void
engine_sum_take(struct engine *e, const struct engine_input *in)
{
	const struct aggregate_plan *plan = e->options.plan;
	const struct aggregate_record record = engine_record(in);
	uint32_t hash = table_hash(in->key, e->options.hash_seed);
	size_t before = pane_bytes(e->sum);
	struct table *t = &e->sum->table;
	struct err ignored = ERR_INIT; /* the panes have all there is */
	struct table_entry *entry = table_find(t, plan, in->key, hash);
	bool is_good = engine_has_room(e, 0);

	if (!entry && is_good)
		entry = table_insert(t, plan, in->key, hash, &ignored);
	is_good = is_good && entry &&
	          aggregate_take(plan, table_states(entry), &record, &t->held, &ignored) == 0;
	e->state_bytes += pane_bytes(e->sum) - before;
	if (!is_good)
		engine_sum_drop(e);
}
