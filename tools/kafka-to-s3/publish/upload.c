/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/upload.h"

#include <stdlib.h>

struct upload {
	struct upload *next, *previous; /* of the target's, under its lock */
	struct s3_target *target;
	struct loop_task task;
	struct spool *content;
	struct upload_options options;
	char *key;

	/* the loop's */
	struct s3_put *put;
	bool is_cancelled;

	/* under the lock */
	int64_t ready;
	bool is_whole;
	bool is_dropped;
	bool is_done;
	struct upload_result result;
	struct err err;
};

/* ---- on the loop ---- */

static void
upload_free(struct upload *u)
{
	struct s3_target *t = u->target;

	s3_target_lock(t);
	if (u->previous)
		u->previous->next = u->next;
	else
		t->uploads = u->next;
	if (u->next)
		u->next->previous = u->previous;
	if (!u->is_done)
		t->busy--;
	s3_target_tell_news(t); /* there is room */
	s3_target_unlock(t);
	/* posted under the lock, by an owner that is gone */
	loop_unpost(t->loop, &u->task);
	s3_put_free(u->put);
	spool_free(u->content);
	free(u->key);
	free(u);
}

static void
finish(struct upload *u, const struct upload_result *result, const struct err *err)
{
	struct s3_target *t = u->target;
	bool is_dropped;

	s3_target_lock(t);
	u->is_done = true;
	t->busy--;
	u->result = *result;
	u->err = *err;
	is_dropped = u->is_dropped;
	s3_target_tell_news(t);
	s3_target_unlock(t);
	s3_put_free(u->put); /* which the error may be of */
	u->put = NULL;
	if (is_dropped)
		upload_free(u);
}

static void
on_done(void *context, const struct s3_put_result *put_result, const struct err *err)
{
	struct upload_result result = { .bytes = put_result->bytes,
		.was_there = put_result->was_there };

	finish(context, &result, err);
}

static int
read_content(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	struct upload *u = context;
	size_t len;

	if (spool_read(u->content, offset, data, bytes, &len, err))
		return -1;
	return len == bytes ? 0 : err_set(err, ERR_IO, "a spool ends before its end");
}

static int
begin(struct upload *u, struct err *err)
{
	const struct s3_target_options *options = u->target->options;
	struct s3_put_options put = {
		.key = slice_of(u->key),
		.is_create_only = u->options.is_create_only,
		.existing = u->options.existing,
		.looks_first = u->options.looks_first,
		.style = u->options.style,
		.read = read_content,
		.part_bytes = options->part_bytes,
		.parts_max = u->options.parts_max,
		.patience_ms = options->patience_ms,
		.has_no_checksum = options->has_no_checksum,
		.context = u,
		.done = on_done,
	};

	u->put = s3_put_start(u->target->bucket, &put, err);
	return u->put ? 0 : -1;
}

static void
move_on(struct upload *u, int64_t ready, bool is_whole)
{
	static const struct upload_result none = { .bytes = 0 };
	struct err err = ERR_INIT;

	if (!u->put && begin(u, &err)) {
		finish(u, &none, &err);
		return;
	}
	s3_put_extend(u->put, ready);
	if (is_whole)
		s3_put_end(u->put);
}

/* Does what its owner has asked for. */
static void
tend(void *context)
{
	struct upload *u = context;
	bool is_done, is_dropped, is_whole;
	int64_t ready;

	s3_target_lock(u->target);
	is_done = u->is_done;
	is_dropped = u->is_dropped;
	is_whole = u->is_whole;
	ready = u->ready;
	s3_target_unlock(u->target);
	if (is_dropped && (is_done || !u->put)) {
		upload_free(u);
	} else if (is_dropped) {
		if (!u->is_cancelled)
			s3_put_cancel(u->put);
		u->is_cancelled = true;
	} else if (!is_done) {
		move_on(u, ready, is_whole);
	}
}

/* ---- of its owner ---- */

struct upload *
upload_start(struct s3_target *t, struct spool *content, const struct upload_options *options,
    struct err *err)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (u)
		u->key = strdup(options->key);
	if (!u || !u->key) {
		free(u);
		spool_free(content);
		err_no_memory(err);
		return NULL;
	}
	u->target = t;
	u->content = content;
	u->options = *options;
	u->task = (struct loop_task){ .run = tend, .context = u };
	s3_target_lock(t);
	u->next = t->uploads;
	if (u->next)
		u->next->previous = u;
	t->uploads = u;
	t->busy++;
	s3_target_unlock(t);
	return u;
}

void
upload_set_ready(struct upload *u, int64_t bytes, bool is_whole)
{
	s3_target_lock(u->target);
	u->ready = bytes;
	u->is_whole = is_whole;
	loop_post(u->target->loop, &u->task);
	s3_target_unlock(u->target);
}

int
upload_poll(struct upload *u, struct upload_result *ret, struct err *err)
{
	int rc = 1;

	s3_target_lock(u->target);
	if (u->is_done) {
		*ret = u->result;
		rc = u->err.class == ERR_NONE ? 0 : -1;
		if (rc)
			*err = u->err;
	}
	s3_target_unlock(u->target);
	return rc;
}

void
upload_drop(struct upload *u)
{
	struct s3_target *t;

	if (!u)
		return;
	t = u->target;
	/* posted under the lock: behind it the loop may free it */
	s3_target_lock(t);
	u->is_dropped = true;
	loop_post(t->loop, &u->task);
	s3_target_unlock(t);
}

/* ---- all of a target ---- */

void
uploads_give_up(struct s3_target *t)
{
	for (struct upload *u = t->uploads; u; u = u->next)
		upload_drop(u);
}

void
uploads_free(struct s3_target *t)
{
	while (t->uploads)
		upload_free(t->uploads);
}
