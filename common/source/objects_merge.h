/* SPDX-License-Identifier: MIT */
/*
 * The objects of one folder as one stream in order of event time: a cursor for each, and a heap of
 * their next records by (event time, object). Records of one object keep their order: one whose time is
 * earlier than its predecessor's, or cannot be read, or that is rejected, follows it at once.
 */
#ifndef SLUICE_SOURCE_OBJECTS_MERGE_H
#define SLUICE_SOURCE_OBJECTS_MERGE_H

#include "source/object_cursor.h"
#include "source/object_list.h"

struct objects_merge_options {
	struct object_cursor_options cursor; /* read_bytes is the merge's business */
	size_t memory_bytes; /* all cursors together */
	unsigned memory_parts; /* of --memory this is one of so many equal parts; for messages */
	/* Event time of a record; -1: it has none that can be read. */
	int (*time_of)(void *context, const struct record *, int64_t *ret_ms, struct err *);
	void *time_context;
	/* The bytes of the list's object `index`. */
	struct object_bytes *(*open)(void *context, size_t index, struct err *);
	void *open_context;
};

struct objects_merge;

struct objects_merge *objects_merge_new(const struct objects_merge_options *, struct err *);
/* NULL is fine. */
void objects_merge_free(struct objects_merge *);

/*
 * Opens objects first to first + count - 1 of the list, which make a folder. ERR_USAGE where that takes
 * more memory or descriptors than there may be.
 */
int objects_merge_begin(struct objects_merge *, const struct object_list *, size_t first,
    size_t count, struct err *);
void objects_merge_end(struct objects_merge *);
bool objects_merge_is_open(const struct objects_merge *);

/* The records; SOURCE_END at the end of the folder. position.sequence is left 0. */
enum source_status objects_merge_next(struct objects_merge *, int64_t deadline_mono_ms,
    struct record *, struct err *);

/* As object_cursor_passed: of all objects of the folder, also at its end. */
int64_t objects_merge_passed(const struct objects_merge *);

/* Of the object of the record given last. */
bool objects_merge_is_csv(const struct objects_merge *);

#endif
