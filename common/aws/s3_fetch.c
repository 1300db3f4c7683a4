/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "aws/s3_call.h"
#include "aws/s3_put.h"
#include "aws/s3_xml.h"
#include "base/clock.h"
#include "base/stop.h"

struct s3_fetching {
	struct s3_call call;
	char *key;
	char about[S3_ABOUT_BYTES];
	void (*done)(void *context, bool is_there, struct slice etag, struct slice bytes,
	    const struct err *);
	void *context;
};

/* A missing bucket is no missing object. */
static bool
is_missing(const struct http_reply *reply)
{
	struct s3_error error;

	s3_error_read(reply->body, &error);
	return reply->status == 404 && strcmp(error.code, "NoSuchBucket") != 0;
}

static void
on_done(void *context, const struct http_reply *reply, const struct err *err)
{
	static const struct err none = ERR_INIT;
	struct s3_fetching *f = context;
	struct slice nothing = slice_make(NULL, 0);

	if (is_missing(reply))
		f->done(f->context, false, nothing, nothing, &none);
	else
		f->done(f->context, true, http_reply_header(reply, "ETag"), reply->body, err);
}

void
s3_fetching_free(struct s3_fetching *f)
{
	if (!f)
		return;
	s3_call_cancel(&f->call);
	free(f->key);
	free(f);
}

struct s3_fetching *
s3_fetch_start(struct s3_bucket *bucket, struct slice key, int64_t patience_ms,
    void (*done)(void *context, bool is_there, struct slice etag, struct slice bytes,
	const struct err *),
    void *context, struct err *err)
{
	static const struct http_header payer = { { "x-amz-request-payer", 19 },
		{ "requester", 9 } };
	struct s3_call_request request = {
		.method = "GET",
		.headers = &payer,
		.header_count = bucket->is_requester_paid,
		.patience_ms = patience_ms,
		.done = on_done,
	};
	struct s3_fetching *f = calloc(1, sizeof(*f));

	if (f)
		f->key = strndup(key.data ? key.data : "", key.len);
	if (!f || !f->key) {
		s3_fetching_free(f);
		err_no_memory(err);
		return NULL;
	}
	f->done = done;
	f->context = context;
	s3_about(bucket, key, f->about);
	request.key = slice_make(f->key, key.len);
	request.about = f->about;
	request.context = f;
	if (s3_call_start(&f->call, bucket, &request, err)) {
		s3_fetching_free(f);
		return NULL;
	}
	return f;
}

/* ---- waiting for it ---- */

struct fetched {
	struct buf *ret_bytes;
	bool is_done;
	bool is_there;
	struct err err;
};

static void
on_fetched(void *context, bool is_there, struct slice etag, struct slice bytes,
    const struct err *err)
{
	struct fetched *fetched = context;

	(void)etag;
	fetched->is_done = true;
	fetched->is_there = is_there;
	fetched->err = *err;
	buf_clear(fetched->ret_bytes);
	if (err->class == ERR_NONE && buf_append(fetched->ret_bytes, bytes, &fetched->err) &&
	    fetched->err.class == ERR_DATA)
		fetched->err.class = ERR_UNAVAILABLE;
}

int
s3_fetch(struct s3_bucket *bucket, struct slice key, int64_t deadline_mono_ms,
    struct buf *ret_bytes, bool *ret_is_there, struct err *err)
{
	char about[S3_ABOUT_BYTES];
	struct fetched fetched = { .ret_bytes = ret_bytes };
	struct s3_fetching *f = s3_fetch_start(bucket, key, 0, on_fetched, &fetched, err);

	if (!f)
		return -1;
	while (!fetched.is_done && !stop_requested() && clock_mono_ms() < deadline_mono_ms)
		(void)loop_turn(aws_session_loop(bucket->session), deadline_mono_ms);
	s3_fetching_free(f);
	if (!fetched.is_done) {
		s3_about(bucket, key, about);
		return s3_say_no_reply(about, err);
	}
	if (fetched.err.class != ERR_NONE) {
		*err = fetched.err;
		return -1;
	}
	*ret_is_there = fetched.is_there;
	return 0;
}
