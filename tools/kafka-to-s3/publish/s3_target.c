/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/s3_target.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/utf8.h"
#include "io/loop_thread.h"
#include "kafka-to-s3/naming.h"
#include "kafka-to-s3/publish/upload.h"

/* To abort what is under way: nothing depends on it, the partition's next owner finds what is left. */
enum { GIVE_UP_MS_MAX = 5 * 1000 };

/* ---- the lock ---- */

static int
make_lock(struct s3_target *t, struct err *err)
{
	pthread_condattr_t attributes;
	int code = pthread_condattr_init(&attributes);

	if (!code) {
		code = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		if (!code)
			code = pthread_cond_init(&t->news, &attributes);
		(void)pthread_condattr_destroy(&attributes);
	}
	if (code)
		return err_errno(err, ERR_FAULT, code, "pthread_cond_init");
	code = pthread_mutex_init(&t->lock, NULL);
	if (code) {
		(void)pthread_cond_destroy(&t->news);
		return err_errno(err, ERR_FAULT, code, "pthread_mutex_init");
	}
	t->has_lock = true;
	return 0;
}

/* A default mutex, never taken twice by one thread. */
void
s3_target_lock(struct s3_target *t)
{
	(void)pthread_mutex_lock(&t->lock);
}

void
s3_target_unlock(struct s3_target *t)
{
	(void)pthread_mutex_unlock(&t->lock);
}

void
s3_target_tell_news(struct s3_target *t)
{
	t->has_news = true;
	(void)pthread_cond_signal(&t->news);
}

void
s3_target_clear_news(struct s3_target *t)
{
	s3_target_lock(t);
	t->has_news = false;
	s3_target_unlock(t);
}

bool
s3_target_has_news(struct s3_target *t)
{
	bool has_news;

	s3_target_lock(t);
	has_news = t->has_news;
	s3_target_unlock(t);
	return has_news;
}

void
s3_target_wait_news(struct s3_target *t, int64_t deadline_mono_ms)
{
	struct timespec until = { .tv_sec = deadline_mono_ms / 1000,
		.tv_nsec = deadline_mono_ms % 1000 * 1000000 };

	s3_target_lock(t);
	while (!t->has_news && pthread_cond_timedwait(&t->news, &t->lock, &until) == 0)
		;
	s3_target_unlock(t);
}

/* ---- the thread ---- */

int
s3_target_run(struct s3_target *t, struct err *err)
{
	if (!t->thread)
		t->thread = loop_thread_start(t->loop, err);
	return t->thread ? 0 : -1;
}

void
s3_target_halt(struct s3_target *t)
{
	loop_thread_free(t->thread);
	t->thread = NULL;
}

/* ---- lifecycle ---- */

/* What else is wrong is told by what is done there: not everything has to be allowed that this asks. */
static int
check_bucket(struct s3_target *t, struct err *err)
{
	struct buf bytes = BUF_INIT(64 * 1024);
	struct err told = ERR_INIT;
	char key[S3_KEY_BYTES];
	bool is_there;
	int rc = s3_target_key(t, "_sluice", "bucket", key, err);

	if (!rc && s3_fetch(t->bucket, slice_of(key), CLOCK_NEVER, &bytes, &is_there, &told) &&
	    told.class == ERR_NO_INPUT) {
		*err = told;
		err->class = ERR_CANT_CREATE;
		rc = err_wrap(err, "%s", t->address);
	}
	buf_release(&bytes);
	return rc;
}

struct s3_target *
s3_target_open(const char *address, const struct s3_target_options *options, struct err *err)
{
	struct s3_target *t = calloc(1, sizeof(*t));
	struct slice bucket;

	if (!t) {
		err_no_memory(err);
		return NULL;
	}
	t->options = options;
	t->address = address;
	if (s3_address_parse(address, &bucket, &t->prefix, err) || make_lock(t, err) ||
	    !(t->loop = loop_new(err)) ||
	    !(t->session = aws_session_open(options->aws, t->loop, err)) ||
	    aws_session_wait_credentials(t->session, err))
		goto fail;
	t->bucket = s3_bucket_open(t->session, bucket, &options->bucket, err);
	if (!t->bucket || check_bucket(t, err))
		goto fail;
	return t;
fail:
	s3_target_free(t);
	return NULL;
}

static void
give_up(struct s3_target *t)
{
	int64_t deadline_ms = clock_deadline(GIVE_UP_MS_MAX);

	uploads_give_up(t);
	while (t->uploads && clock_mono_ms() < deadline_ms)
		(void)loop_turn(t->loop, deadline_ms);
	uploads_free(t);
}

void
s3_target_free(struct s3_target *t)
{
	if (!t)
		return;
	s3_target_halt(t);
	if (t->bucket)
		give_up(t);
	s3_bucket_free(t->bucket);
	aws_session_free(t->session);
	loop_free(t->loop);
	if (t->has_lock) {
		(void)pthread_mutex_destroy(&t->lock);
		(void)pthread_cond_destroy(&t->news);
	}
	free(t);
}

/* ---- keys ---- */

int
s3_target_key(const struct s3_target *t, const char *path, const char *name,
    char ret[static S3_KEY_BYTES], struct err *err)
{
	int len = snprintf(ret, S3_KEY_BYTES, "%.*s%s%s%s%s", SLICE_ARGS(t->prefix),
	    t->prefix.len ? "/" : "", path, *path ? "/" : "", name);

	if (len >= S3_KEY_BYTES)
		return err_set(err, ERR_DATA, "a key of %d bytes (at most %d)", len, S3_KEY_BYTES - 1);
	if (!utf8_is_valid(slice_of(ret)))
		return err_set(err, ERR_DATA, "a path that is not UTF-8");
	return 0;
}

size_t
s3_target_path_bytes_max(const struct slice *prefix, size_t name_bytes)
{
	/* two slashes: S3_PREFIX_BYTES_MAX leaves room for them */
	size_t bytes = S3_KEY_BYTES - 1 - prefix->len - 2 - name_bytes;

	return bytes < OBJECT_PATH_BYTES_MAX ? bytes : OBJECT_PATH_BYTES_MAX;
}
