/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "kafka-window/session_state.h"

int
session_make_undo_room(struct session_set *set, size_t more, struct err *err)
{
	size_t capacity = set->undo_capacity * 2 + more;
	struct undo *undos;

	if (!set->is_interval || set->undo_count + more <= set->undo_capacity)
		return 0;
	undos = realloc(set->undos, capacity * sizeof(*undos));
	if (!undos)
		return err_no_memory(err);
	set->undos = undos;
	set->undo_capacity = capacity;
	return 0;
}

void
session_note_undo(struct session_set *set, struct session *live, struct session *old)
{
	if (!set->is_interval)
		return;
	set->undos[set->undo_count++] = (struct undo){ .live = live, .old = old };
	live->interval = set->interval & ((1u << 30) - 1);
}

int
session_own_slowly(struct session_set *set, struct session *s, struct err *err)
{
	struct session *copy;

	if (session_make_undo_room(set, 1, err))
		return -1;
	copy = session_copy(set, s, err);
	if (!copy)
		return -1;
	session_note_undo(set, s, copy);
	return 0;
}

void
session_remove(struct session_set *set, struct session *s)
{
	if (set->is_interval && !session_is_noted(set, s))
		session_note_undo(set, s, s);
	session_unlink(set, s);
	if (!set->is_interval && !s->is_queued)
		session_free(set, s);
}

void
session_set_begin(struct session_set *set)
{
	assert(!set->is_interval);
	set->is_interval = true;
	set->interval = (set->interval + 1) & ((1u << 30) - 1);
	set->origin.is_held = true;
}

static void
end_interval(struct session_set *set)
{
	set->is_interval = false;
	set->undo_count = 0;
	set->origin.is_held = false;
}

void
session_set_commit(struct session_set *set)
{
	assert(set->is_interval);
	for (size_t i = 0; i < set->undo_count; i++) {
		struct undo *u = &set->undos[i];

		if (u->old != u->live)
			session_free(set, u->old);
		if (!u->live->is_linked && !u->live->is_queued)
			session_free(set, u->live);
	}
	end_interval(set);
}

void
session_set_abort(struct session_set *set)
{
	assert(set->is_interval);
	for (size_t i = 0; i < set->heap_count; i++) {
		struct session *s = set->heap[i].session;

		if (!s->is_linked && !session_is_noted(set, s))
			session_free(set, s); /* was gone before the interval */
	}
	for (size_t i = 0; i < set->undo_count; i++) {
		if (set->undos[i].live->is_linked)
			session_unlink(set, set->undos[i].live);
	}
	for (size_t i = 0; i < set->undo_count; i++) {
		struct undo *u = &set->undos[i];

		if (u->live != u->old)
			session_free(set, u->live);
		if (u->old)
			session_link(set, u->old);
	}
	end_interval(set);
	session_rebuild_wakes(set);
}
