/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/publisher.h"

#include <stdlib.h>

#include "kafka-to-s3/publish/publisher_ops.h"

enum {
	ENCODE_BYTES = 64 * 1024,
};

bool
publisher_is_s3(const char *target)
{
	return strncmp(target, "s3://", 5) == 0;
}

struct publisher *
publisher_new(const struct publisher_options *options, struct err *err)
{
	const struct publisher_ops *ops =
	    publisher_is_s3(options->target) ? &publisher_s3_ops : &publisher_directory_ops;
	struct publisher *p = ops->make(options, err);

	if (!p)
		return NULL;
	p->ops = ops;
	p->options = *options;
	p->raw = malloc(ENCODE_BYTES);
	if (!p->raw) {
		err_no_memory(err);
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
	free(p->raw);
	p->ops->free(p);
}

const char *
publisher_target(const struct publisher *p)
{
	return p->options.target;
}

size_t
publisher_path_bytes_max(const struct publisher *p, size_t name_bytes)
{
	return p->ops->path_bytes_max ? p->ops->path_bytes_max(p, name_bytes) : OBJECT_PATH_BYTES_MAX;
}

struct spool *
publisher_begin(struct publisher *p, const char *path, struct err *err)
{
	return p->ops->begin(p, path, err);
}

int
publisher_check(struct publisher *p, const char *path, const char *name, struct err *err)
{
	return p->ops->check(p, path, name, err);
}

/* ---- encoding ---- */

static int
write_encoded(void *context, struct slice bytes, struct err *err)
{
	struct spool *to = context;

	return spool_write(to, bytes, err);
}

int
publisher_encode_some(
    struct publisher *p, struct encoding *e, int64_t row_bytes, struct err *err)
{
	struct format *format = p->options.format;
	struct format_output output = { .write = write_encoded, .context = e->to };
	int64_t end = row_bytes < INT64_MAX - e->offset ? e->offset + row_bytes : INT64_MAX;
	size_t len;

	do {
		if (spool_read(e->from, e->offset, p->raw, ENCODE_BYTES, &len, err) ||
		    format_encode(format, slice_make(p->raw, len), &output, err))
			return -1;
		e->offset += (int64_t)len;
	} while (len == ENCODE_BYTES && e->offset < end);
	if (len == ENCODE_BYTES)
		return 0;
	if (format_encode_finish(format, &output, err))
		return -1;
	e->is_whole = true;
	return 0;
}

/* ---- what takes several turns ---- */

void
publisher_begin_turn(struct publisher *p)
{
	if (p->ops->begin_turn)
		p->ops->begin_turn(p);
}

int
publisher_step(
    struct publisher *p, struct bundle *bundle, enum publish_epoch epoch, struct err *err)
{
	return p->ops->step(p, bundle, epoch, err);
}

const char *
publisher_hint(const struct publisher *p, enum publish_epoch epoch)
{
	if (epoch != PUBLISH_FIRST)
		return "(an earlier run began to publish these records: where its version of sluice or of a "
		       "compressor made this, run that version once; where it is somebody else's, --overwrite "
		       "replaces it by exactly these records)";
	return p->options.existing == PUBLISH_REFUSE
	           ? "(--overwrite replaces it, --run-id gives a run its own names)"
	           : "(--overwrite replaces it)";
}

void
publisher_drop(struct publisher *p, struct bundle *bundle)
{
	if (p->ops->drop)
		p->ops->drop(p, bundle);
}

int
publisher_update_mark(struct publisher *p, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	return p->ops->update_mark(p, path, name, update, context, err);
}

int
publisher_make_empty(struct publisher *p, const char *const *paths, size_t count, const char *name,
    bool *ret_made, struct err *err)
{
	return p->ops->make_empty(p, paths, count, name, ret_made, err);
}

void
publisher_drop_mark(struct publisher *p, const char *path, const char *name)
{
	if (p->ops->drop_mark)
		p->ops->drop_mark(p, path, name);
}

bool
publisher_is_waiting(const struct publisher *p)
{
	return p->ops->is_waiting && p->ops->is_waiting(p);
}

void
publisher_wait(struct publisher *p, int64_t deadline_mono_ms)
{
	if (p->ops->wait)
		p->ops->wait(p, deadline_mono_ms);
}

/* ---- what is done at once ---- */

int
publisher_read_mark(struct publisher *p, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *err)
{
	return p->ops->read_mark(p, path, name, ret_has, ret, err);
}

void
publisher_clean(struct publisher *p,
    bool (*is_ours)(void *context, struct slice path, struct slice name), void *context)
{
	if (p->ops->clean)
		p->ops->clean(p, is_ours, context);
}
