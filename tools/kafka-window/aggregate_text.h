/* SPDX-License-Identifier: MIT */
/* A value's canonical text (groupkey.h, without the line feed) that hangs on a state. */
#ifndef SLUICE_KAFKA_WINDOW_AGGREGATE_TEXT_H
#define SLUICE_KAFKA_WINDOW_AGGREGATE_TEXT_H

#include "base/buf.h"

struct heap_text {
	uint32_t len;
	uint32_t capacity;
	char bytes[];
};

static inline struct slice
heap_text_slice(const struct heap_text *t)
{
	return slice_make(t->bytes, t->len);
}

/* Of one that is NULL too. */
size_t heap_text_held(const struct heap_text *);

/* Replaces *t (NULL: none yet), which stays as it is where memory ran out. */
int heap_text_set(struct heap_text **t, struct slice text, size_t *held, struct err *);

/* The serialised form: varint length, bytes. */
int heap_text_encode(struct slice text, struct buf *out, struct err *);

/* Takes one from the front; false where it is none, or no canonical value but null. */
bool heap_text_take(struct slice *bytes, struct slice *ret);

#endif
