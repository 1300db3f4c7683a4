/* SPDX-License-Identifier: MIT */
/*
 * Reading objects of S3, one after the other with those that follow fetched ahead, or many at once for
 * merging. A thread receives: it has the store's loop from the first object on. Bounded: one half of the memory is for the object that is being read, the other for those
 * ahead: small ones wholly, of large ones the beginning.
 */
#ifndef SLUICE_SOURCE_OBJECT_FETCH_H
#define SLUICE_SOURCE_OBJECT_FETCH_H

#include "source/object_reader.h"
#include "source/object_store.h"

/* Connections of one session to one host are 64 (io/http.h): one is for the object being read. */
enum { OBJECT_FETCH_AHEAD_MAX = 60 };

struct object_fetch_options {
	size_t ahead_count; /* objects ahead; OBJECT_FETCH_AHEAD_MAX at most */
	size_t memory_bytes;
};

struct object_fetch;

/* Store and list are borrowed; the list may have files in it, which are passed over. */
struct object_fetch *object_fetch_new(struct object_store *, const struct object_list *,
    const struct object_fetch_options *, struct err *);
/* Those of its bytes that are open must have been freed. NULL is fine. */
void object_fetch_free(struct object_fetch *);

/* The list's object `index`, to be read now; those behind it are fetched ahead. One at a time. */
struct object_bytes *object_fetch_open(struct object_fetch *, size_t index, struct err *);

/* For merging: one of `count` that are open together and share all of the memory, read window by window.
 * ERR_USAGE where that is not enough. */
struct object_bytes *object_fetch_open_one_of(struct object_fetch *, size_t index, size_t count,
    struct err *);

#endif
