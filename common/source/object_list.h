/* SPDX-License-Identifier: MIT */
/* What the operands of a command line stand for: objects in the order in which they are read. */
#ifndef SLUICE_SOURCE_OBJECT_LIST_H
#define SLUICE_SOURCE_OBJECT_LIST_H

#include <stdint.h>

#include "base/slice.h"
#include "io/paths.h"
#include "source/objects.h"

struct object {
	const char *name; /* a path, "-", or "s3://bucket/key" */
	const char *tag;  /* S3's entity tag with its quotes; of a file its time of change; "" where there is
	                   * none (a pipe) */
	int64_t size;     /* -1: not known */
	uint32_t bucket;  /* the caller's number of it, 0 for files */
	uint32_t key_at;  /* where in name the key begins; 0 for files */
};

/* Its name for messages. */
static inline const char *
object_label(const struct object *object)
{
	return strcmp(object->name, "-") == 0 ? "stdin" : object->name;
}

struct object_list;

struct object_list *object_list_new(struct err *);
/* NULL is fine. */
void object_list_free(struct object_list *);

/* What the path stands for (path_list_expand). */
int object_list_add_path(struct object_list *, const char *path, const struct path_filter *,
    struct err *);

/* One object; texts are copied. */
int object_list_add(struct object_list *, const struct object *, struct err *);

size_t object_list_count(const struct object_list *);

/* The texts are good as long as the list. */
struct object object_list_get(const struct object_list *, size_t index);

/* Of all objects; -1 where one has no size. */
int64_t object_list_bytes(const struct object_list *);

/* The name up to its last '/', with it; empty where it has none. */
struct slice object_list_folder(const struct object_list *, size_t index);

/* Puts the objects of one folder together: folders in the order of their first object. */
int object_list_group(struct object_list *, struct err *);

/* How many objects from `first` on are of one folder. */
size_t object_list_folder_count(const struct object_list *, size_t first);

/* As source_objects_digest. Quick where `last` rises from call to call. */
int object_list_digest(struct object_list *, size_t last, char ret[static OBJECTS_DIGEST_BYTES],
    struct err *);

#endif
