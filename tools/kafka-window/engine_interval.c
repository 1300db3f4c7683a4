/* SPDX-License-Identifier: MIT */
/* Intervals: what is taken for good, or not at all. */
#include <assert.h>

#include "kafka-window/engine_state.h"

int
engine_begin(struct engine *e, struct err *err)
{
	assert(e->active == &e->base);
	engine_sum_drop(e);
	if (watermarks_copy(&e->saved_marks, &e->marks, err))
		return -1;
	for (uint32_t i = 0; i < e->stream_count; i++)
		e->streams[i].saved_is_replaying = e->streams[i].is_replaying;
	e->saved_replaying = e->replaying;
	e->saved_emitted = e->emitted;
	e->saved_counts = e->counts;
	e->active = &e->delta;
	if (e->sessions)
		session_set_begin(e->sessions);
	return 0;
}

int
engine_commit(struct engine *e, struct err *err)
{
	int rc;

	assert(e->active == &e->delta);
	e->active = &e->base;
	if (e->sessions)
		session_set_commit(e->sessions);
	rc = engine_commit_changes(e, err);
	(void)pane_set_drop(&e->base, engine_gone(e)); /* all is counted anew below */
	if (!rc)
		rc = pane_set_merge(&e->base, &e->delta, err);
	engine_recount(e);
	return rc;
}

void
engine_abort(struct engine *e)
{
	struct watermarks marks = e->marks;

	assert(e->active == &e->delta);
	e->active = &e->base;
	if (e->sessions)
		session_set_abort(e->sessions);
	pane_set_release(&e->delta);
	e->marks = e->saved_marks;
	e->saved_marks = marks;
	/* time has passed all the same */
	e->marks.tick_ms = marks.tick_ms;
	e->marks.has_ticked = marks.has_ticked;
	for (uint32_t i = 0; i < e->stream_count; i++)
		e->streams[i].is_replaying = e->streams[i].saved_is_replaying;
	e->replaying = e->saved_replaying;
	engine_abort_changes(e);
	e->emitted = e->saved_emitted;
	e->counts = e->saved_counts;
	engine_recount(e);
}
