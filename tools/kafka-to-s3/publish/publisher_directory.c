/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "kafka-to-s3/publish/publisher_ops.h"

enum {
	/* A batch shares the waiting for the disk. A second or two of compressing, then others get a turn. */
	BATCH_COUNT_MAX = 256,
	BATCH_BYTES_MAX = 256 * 1024 * 1024,
	EMPTY_COUNT_MAX = 64, /* at once; each is a descriptor */
};

struct publisher_directory {
	struct publisher base;
	struct directory *directory;
};

static struct directory *
directory_of(const struct publisher *p)
{
	return ((const struct publisher_directory *)p)->directory;
}

static struct publisher *
directory_make(const struct publisher_options *options, struct err *err)
{
	struct publisher_directory *p = calloc(1, sizeof(*p));

	if (!p) {
		err_no_memory(err);
		return NULL;
	}
	p->directory = directory_open(options->target, err);
	if (!p->directory) {
		free(p);
		return NULL;
	}
	return &p->base;
}

static void
directory_free_publisher(struct publisher *p)
{
	directory_free(directory_of(p));
	free(p);
}

static struct spool *
begin(struct publisher *p, const char *path, struct err *err)
{
	return format_is_verbatim(p->options.format) ? spool_open(directory_of(p), path, err)
	                                     : spool_open_scratch(directory_of(p), err);
}

static int
refuse(const struct publisher *p, const char *path, const char *name, const char *why,
    enum publish_epoch epoch, struct err *err)
{
	return err_set(err, ERR_CANT_CREATE, "%s/%s%s%s %s %s", directory_name(directory_of(p)), path,
	    *path ? "/" : "", name, why, publisher_hint(p, epoch));
}

static int
check(struct publisher *p, const char *path, const char *name, struct err *err)
{
	bool has;

	if (p->options.existing != PUBLISH_REFUSE)
		return 0;
	if (directory_has(directory_of(p), path, name, &has, err))
		return -1;
	return has ? refuse(p, path, name, "exists already", PUBLISH_FIRST, err) : 0;
}

/* Puts the object's final bytes in place of the rows. */
static int
finish(struct publisher *p, struct object *object, struct err *err)
{
	struct encoding encoding = { .from = object->spool };

	if (!format_is_verbatim(p->options.format)) {
		encoding.to = spool_open(directory_of(p), object->path, err);
		if (!encoding.to || publisher_encode_some(p, &encoding, INT64_MAX, err)) {
			spool_free(encoding.to);
			return -1;
		}
		spool_free(object->spool);
		object->spool = encoding.to;
	}
	object->object_bytes = spool_bytes(object->spool);
	return 0;
}

static int
settle_existing(
    struct publisher *p, struct object *object, enum publish_epoch epoch, struct err *err)
{
	bool is_equal;

	object->was_there = true;
	if (epoch == PUBLISH_MISSING)
		return 0;
	if (p->options.existing == PUBLISH_REFUSE)
		return refuse(p, object->path, object->name, "exists already", epoch, err);
	if (spool_equals(object->spool, object->name, &is_equal, err))
		return -1;
	return is_equal ? 0
	                : refuse(p, object->path, object->name, "exists and holds something else",
			      epoch, err);
}

static int
link_object(struct publisher *p, struct object *object, enum publish_epoch epoch, struct err *err)
{
	bool replaces = p->options.existing == PUBLISH_REPLACE && epoch != PUBLISH_MISSING;

	switch (spool_link(object->spool, object->name, replaces, err)) {
	case SPOOL_LINKED:
		return 0;
	case SPOOL_EXISTS:
		return settle_existing(p, object, epoch, err);
	case SPOOL_FAILED:
		break;
	}
	return -1;
}

/* The content of all, then the names, then the directories. */
static int
publish_batch(struct publisher *p, struct object **objects, size_t count,
    enum publish_epoch epoch, struct err *err)
{
	const char *synced = NULL;

	for (size_t i = 0; i < count; i++) {
		if (finish(p, objects[i], err))
			return -1;
		spool_start_sync(objects[i]->spool);
	}
	for (size_t i = 0; i < count; i++) {
		if (spool_sync(objects[i]->spool, err))
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (link_object(p, objects[i], epoch, err))
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (directory_sync(directory_of(p), objects[i]->path, synced, err))
			return -1;
		synced = objects[i]->path;
	}
	return 0;
}

static size_t
batch_count(const struct bundle *bundle)
{
	size_t count = 0;
	int64_t bytes = 0;

	while (bundle->published + count < bundle->count && count < BATCH_COUNT_MAX &&
	       bytes < BATCH_BYTES_MAX)
		bytes += bundle->objects[bundle->published + count++]->row_bytes;
	return count;
}

static int
step(struct publisher *p, struct bundle *bundle, enum publish_epoch epoch, struct err *err)
{
	struct object **objects = bundle->objects + bundle->published;
	size_t count = batch_count(bundle);

	if (publish_batch(p, objects, count, epoch, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		spool_free(objects[i]->spool);
		objects[i]->spool = NULL;
	}
	bundle->published += count;
	return bundle->published < bundle->count;
}

static int
read_mark(struct publisher *p, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *err)
{
	return directory_read(directory_of(p), path, name, MARK_TEXT_BYTES_MAX, ret_has, ret, err);
}

static int
replace(struct publisher *p, const char *path, const char *name, struct slice text, struct err *err)
{
	struct spool *spool = spool_open(directory_of(p), path, err);
	int rc = -1;

	if (spool && !spool_write(spool, text, err) &&
	    spool_publish(spool, name, true, err) == SPOOL_LINKED)
		rc = 0;
	spool_free(spool);
	return rc;
}

static int
update_mark(struct publisher *p, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	struct buf there = BUF_INIT(2 * MARK_TEXT_BYTES_MAX), text = BUF_INIT(2 * MARK_TEXT_BYTES_MAX);
	bool has;
	int rc = read_mark(p, path, name, &has, &there, err);

	if (!rc)
		rc = update(context, has, buf_slice(&there), &text, err);
	if (!rc && text.len)
		rc = replace(p, path, name, buf_slice(&text), err);
	buf_release(&there);
	buf_release(&text);
	return rc;
}

/* As publish_batch, so that the disk is waited for once. */
static int
make_batch(struct publisher *p, struct spool **spools, const char *const *paths, size_t count,
    const char *name, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		spools[i] = spool_open(directory_of(p), paths[i], err);
		if (!spools[i])
			return -1;
		spool_start_sync(spools[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (spool_sync(spools[i], err) || spool_link(spools[i], name, false, err) == SPOOL_FAILED)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (directory_sync(directory_of(p), paths[i], i ? paths[i - 1] : NULL, err))
			return -1;
	}
	return 0;
}

static int
make_empty(struct publisher *p, const char *const *paths, size_t count, const char *name,
    bool *ret_made, struct err *err)
{
	struct spool *spools[EMPTY_COUNT_MAX] = { NULL };
	size_t some = count < EMPTY_COUNT_MAX ? count : EMPTY_COUNT_MAX;
	int rc = make_batch(p, spools, paths, some, name, err);

	for (size_t i = 0; i < some; i++) {
		spool_free(spools[i]);
		ret_made[i] = !rc;
	}
	return rc ? -1 : some < count;
}

const struct publisher_ops publisher_directory_ops = {
	.make = directory_make,
	.free = directory_free_publisher,
	.begin = begin,
	.check = check,
	.step = step,
	.update_mark = update_mark,
	.read_mark = read_mark,
	.make_empty = make_empty,
};
