/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/places.h"

#include <stdlib.h>
#include <string.h>

void
places_release(struct places *p)
{
	free(p->runs);
	*p = (struct places){ .runs = NULL };
}

void
places_clear(struct places *p)
{
	p->first = p->count = 0;
	p->end = 0;
}

static bool
continues(const struct places *p, int64_t sequence, size_t object, int64_t line)
{
	const struct places_run *last;

	if (!p->count || sequence != p->end)
		return false;
	last = &p->runs[p->first + p->count - 1];
	return object == last->object && line - last->line == sequence - last->sequence;
}

/* A run is over where the next one begins. */
void
places_forget(struct places *p, int64_t sequence)
{
	while (p->count > 1 && p->runs[p->first + 1].sequence <= sequence) {
		p->first++;
		p->count--;
	}
}

static int
make_room(struct places *p, struct err *err)
{
	size_t capacity = p->capacity ? 2 * p->capacity : 64;
	struct places_run *runs;

	if (p->first + p->count < p->capacity)
		return 0;
	if (p->first) {
		memmove(p->runs, p->runs + p->first, p->count * sizeof(*p->runs));
		p->first = 0;
	}
	if (p->count < p->capacity - p->capacity / 4)
		return 0;
	runs = reallocarray(p->runs, capacity, sizeof(*runs));
	if (!runs)
		return err_no_memory(err);
	p->runs = runs;
	p->capacity = capacity;
	return 0;
}

int
places_add(struct places *p, int64_t sequence, size_t object, int64_t line, struct err *err)
{
	if (!continues(p, sequence, object, line)) {
		if (make_room(p, err))
			return -1;
		p->runs[p->first + p->count++] =
		    (struct places_run){ .sequence = sequence, .object = object, .line = line };
	}
	p->end = sequence + 1;
	return 0;
}

bool
places_find(const struct places *p, int64_t sequence, size_t *ret_object, int64_t *ret_line)
{
	if (sequence >= p->end)
		return false;
	for (size_t i = p->first + p->count; i > p->first; i--) {
		const struct places_run *run = &p->runs[i - 1];

		if (run->sequence > sequence)
			continue;
		*ret_object = run->object;
		*ret_line = run->line + (sequence - run->sequence);
		return true;
	}
	return false;
}
