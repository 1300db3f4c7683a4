/* SPDX-License-Identifier: MIT */
#include "flow/slabs.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

enum { ALIGNMENT = 16 };

static void
free_spare(struct slabs *s)
{
	while (s->spare) {
		struct slab *next = s->spare->next;

		free(s->spare);
		s->spare = next;
	}
}

void
slabs_release(struct slabs *s)
{
	free_spare(s);
}

static struct slab *
slab_new(struct slabs *s, size_t capacity, struct err *err)
{
	struct slab *slab = s->spare;

	if (slab && capacity == s->slab_bytes) {
		s->spare = slab->next;
		slab->used = 0;
		return slab;
	}
	/* what usual ones have left must not come on top of large ones */
	if (capacity != s->slab_bytes)
		free_spare(s);
	slab = malloc(sizeof(*slab) + capacity + BUF_PADDING);
	if (!slab) {
		err_no_memory(err);
		return NULL;
	}
	*slab = (struct slab){ .capacity = capacity };
	memset(slab->bytes + capacity, 0, BUF_PADDING);
	return slab;
}

static void
give_back(struct slabs *s, struct slab *slab)
{
	if (slab->capacity != s->slab_bytes) {
		free(slab);
		return;
	}
	slab->next = s->spare;
	s->spare = slab;
}

/* The slab that the user fills from here on. A full one goes when its last copy is dropped. */
static struct slab *
open_next(struct slabs *s, struct slab **open, struct err *err)
{
	struct slab *slab = slab_new(s, s->slab_bytes, err);

	if (slab)
		*open = slab;
	return slab;
}

void *
slabs_take(struct slabs *s, struct slab **open, size_t bytes, struct slab **ret_slab,
    struct err *err)
{
	struct slab *slab = *open;
	void *at;

	bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (bytes > s->slab_bytes / 4)
		slab = slab_new(s, bytes == s->slab_bytes ? bytes + ALIGNMENT : bytes, err);
	else if (!slab || slab->capacity - slab->used < bytes)
		slab = open_next(s, open, err);
	if (!slab)
		return NULL;
	if (!slab->live++)
		s->held += slab->capacity;
	at = slab->bytes + slab->used;
	slab->used += bytes;
	*ret_slab = slab;
	return at;
}

void
slabs_drop(struct slabs *s, const struct slab *open, struct slab *slab)
{
	assert(slab->live);
	if (--slab->live)
		return;
	s->held -= slab->capacity;
	slab->used = 0;
	if (slab != open)
		give_back(s, slab);
}

void
slabs_close(struct slabs *s, struct slab **open)
{
	if (*open)
		give_back(s, *open);
	*open = NULL;
}
