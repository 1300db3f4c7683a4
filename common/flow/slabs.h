/* SPDX-License-Identifier: MIT */
/*
 * Memory for copies that are made and dropped nearly in order: a slab takes many, and is free for
 * others when the last of them is dropped. Each user (a lane) fills a slab of its own, so that what
 * one keeps for long pins no memory of the others.
 */
#ifndef SLUICE_FLOW_SLABS_H
#define SLUICE_FLOW_SLABS_H

#include <stddef.h>

#include "base/err.h"

struct slab {
	struct slab *next; /* of the spare ones */
	size_t capacity;
	size_t used;
	size_t live; /* copies in it */
	char bytes[] __attribute__((aligned(16)));
};

struct slabs {
	size_t slab_bytes; /* of a usual one; larger copies get one of their own */
	size_t held;       /* capacity of those with copies in them */
	struct slab *spare;
};

void slabs_release(struct slabs *);

/* Room for a copy, aligned for any type; BUF_PADDING readable bytes follow it. *open is the one
 * that the user fills, NULL at first; *ret_slab is for slabs_drop. */
void *slabs_take(struct slabs *, struct slab **open, size_t bytes, struct slab **ret_slab,
    struct err *);
/* One copy of the slab is dropped. */
void slabs_drop(struct slabs *, const struct slab *open, struct slab *);
/* The user goes away; its copies have been dropped. */
void slabs_close(struct slabs *, struct slab **open);

#endif
