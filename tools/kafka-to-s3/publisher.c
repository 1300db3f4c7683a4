/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publisher.h"

#include <stdlib.h>

enum {
	ENCODE_BYTES = 64 * 1024,
	ENCODED_BYTES_MAX = 16 * 1024 * 1024, /* of one step; far above what it can become */
	/* A batch shares the waiting for the disk. A second or two of compressing, then others get a turn. */
	BATCH_COUNT_MAX = 256,
	BATCH_BYTES_MAX = 256 * 1024 * 1024,
};

struct publisher {
	struct directory *directory;
	struct format *format;
	enum publish_existing existing;
	struct buf encoded;
	char *raw; /* ENCODE_BYTES */
};

struct publisher *
publisher_new(const struct publisher_options *options, struct err *err)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p) {
		err_no_memory(err);
		return NULL;
	}
	p->existing = options->existing;
	buf_init(&p->encoded, ENCODED_BYTES_MAX);
	p->format = options->format;
	p->raw = malloc(ENCODE_BYTES);
	if (!p->raw)
		err_no_memory(err);
	else
		p->directory = directory_open(options->directory, err);
	if (!p->directory) {
		publisher_free(p);
		return NULL;
	}
	return p;
}

void
publisher_free(struct publisher *p)
{
	if (!p)
		return;
	buf_release(&p->encoded);
	free(p->raw);
	directory_free(p->directory);
	free(p);
}

const char *
publisher_target(const struct publisher *p)
{
	return directory_name(p->directory);
}

struct spool *
publisher_begin(struct publisher *p, const char *path, struct err *err)
{
	return format_is_verbatim(p->format) ? spool_open(p->directory, path, err)
	                                     : spool_open_scratch(p->directory, err);
}

static int
refuse(
    const struct publisher *p, const char *path, const char *name, const char *why, struct err *err)
{
	return err_set(err, ERR_CANT_CREATE, "%s/%s%s%s %s", directory_name(p->directory), path,
	    *path ? "/" : "", name, why);
}

static int
refuse_existing(const struct publisher *p, const char *path, const char *name, struct err *err)
{
	return refuse(p, path, name,
	    "exists already (--overwrite replaces it, --run-id gives a run its own names)", err);
}

int
publisher_check(struct publisher *p, const char *path, const char *name, struct err *err)
{
	bool has;

	if (p->existing != PUBLISH_REFUSE)
		return 0;
	if (directory_has(p->directory, path, name, &has, err))
		return -1;
	return has ? refuse_existing(p, path, name, err) : 0;
}

static int
move_encoded(struct publisher *p, struct spool *to, struct err *err)
{
	int rc = spool_write(to, buf_slice(&p->encoded), err);

	buf_clear(&p->encoded);
	return rc;
}

static int
encode(struct publisher *p, const struct spool *from, struct spool *to, struct err *err)
{
	int64_t offset = 0;
	size_t len;

	buf_clear(&p->encoded);
	do {
		if (spool_read(from, offset, p->raw, ENCODE_BYTES, &len, err) ||
		    format_encode(p->format, slice_make(p->raw, len), &p->encoded, err) ||
		    move_encoded(p, to, err))
			return -1;
		offset += (int64_t)len;
	} while (len == ENCODE_BYTES);
	if (format_encode_finish(p->format, &p->encoded, err))
		return -1;
	return move_encoded(p, to, err);
}

/* Puts the object's final bytes in place of the rows. */
static int
finish(struct publisher *p, struct object *object, struct err *err)
{
	struct spool *encoded;

	if (!format_is_verbatim(p->format)) {
		encoded = spool_open(p->directory, object->path, err);
		if (!encoded || encode(p, object->spool, encoded, err)) {
			spool_free(encoded);
			return -1;
		}
		spool_free(object->spool);
		object->spool = encoded;
	}
	object->object_bytes = spool_bytes(object->spool);
	return 0;
}

static int
settle_existing(struct publisher *p, struct object *object, bool is_rebuilt, struct err *err)
{
	bool is_equal;

	object->was_there = true;
	if (is_rebuilt)
		return 0;
	if (p->existing != PUBLISH_COMPARE)
		return refuse_existing(p, object->path, object->name, err);
	if (spool_equals(object->spool, object->name, &is_equal, err))
		return -1;
	return is_equal ? 0
	                : refuse(p, object->path, object->name,
			      "exists and holds something else (--overwrite replaces it)", err);
}

static int
link_object(struct publisher *p, struct object *object, bool is_rebuilt, struct err *err)
{
	switch (spool_link(object->spool, object->name, p->existing == PUBLISH_REPLACE, err)) {
	case SPOOL_LINKED:
		return 0;
	case SPOOL_EXISTS:
		return settle_existing(p, object, is_rebuilt, err);
	case SPOOL_FAILED:
		break;
	}
	return -1;
}

/* The content of all, then the names, then the directories. */
static int
publish_batch(struct publisher *p, struct object **objects, size_t count, bool is_rebuilt,
    struct err *err)
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
		if (link_object(p, objects[i], is_rebuilt, err))
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (directory_sync(p->directory, objects[i]->path, synced, err))
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

int
publisher_step(struct publisher *p, struct bundle *bundle, bool is_rebuilt, struct err *err)
{
	struct object **objects = bundle->objects + bundle->published;
	size_t count = batch_count(bundle);

	if (publish_batch(p, objects, count, is_rebuilt, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		spool_free(objects[i]->spool);
		objects[i]->spool = NULL;
	}
	bundle->published += count;
	return bundle->published < bundle->count;
}

int
publisher_read_mark(struct publisher *p, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *err)
{
	return directory_read(p->directory, path, name, PUBLISHER_MARK_BYTES_MAX, ret_has, ret, err);
}

int
publisher_write_mark(struct publisher *p, const char *path, const char *name, struct slice text,
    struct err *err)
{
	struct spool *spool = spool_open(p->directory, path, err);
	int rc = -1;

	if (spool && !spool_write(spool, text, err) &&
	    spool_publish(spool, name, true, err) == SPOOL_LINKED)
		rc = 0;
	spool_free(spool);
	return rc;
}

int
publisher_make_empty(struct publisher *p, const char *path, const char *name, struct err *err)
{
	struct spool *spool = spool_open(p->directory, path, err);
	int rc = spool && spool_publish(spool, name, false, err) != SPOOL_FAILED ? 0 : -1;

	spool_free(spool);
	return rc;
}
