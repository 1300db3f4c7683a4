/* SPDX-License-Identifier: MIT */
#include "aws/s3_call.h"

#include <assert.h>

#include "aws/s3_xml.h"
#include "base/clock.h"
#include "base/stop.h"

enum {
	URL_BYTES_MAX = 16 * 1024,
	REPLY_BYTES_MAX = 1024 * 1024,
	/* after what io/http tries: full jitter, as there */
	AGAIN_MS = 500,
	AGAIN_MS_MAX = 20 * 1000,
	/* of replies that begin well, but for their body */
	BAD_REPLIES_MAX = 8,
	HEADERS_MAX = 16,
};

static int begin(struct s3_call *, struct err *);

/* Where io/http, asked for a default, would not try again (http_end.c). */
static bool
is_final(int status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return false;
	default:
		return true;
	}
}

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct s3_call *call = context;
	enum http_verdict verdict = s3_judge(call->bucket, &call->ask, reply, err);
	struct s3_error error;

	s3_error_read(reply->body, &error);
	memcpy(call->code, error.code, sizeof(call->code));
	if (call->request.is_conflict_final && !strcmp(call->code, "ConditionalRequestConflict"))
		verdict = HTTP_FINAL;
	call->is_refused = verdict == HTTP_FINAL ||
	                   (verdict == HTTP_DEFAULT && is_final(reply->status));
	if (call->is_refused && err->class == ERR_UNAVAILABLE)
		err->class = ERR_CANT_CREATE;
	return verdict;
}

static void
finish(struct s3_call *call, const struct http_reply *reply, const struct err *err)
{
	call->is_started = false;
	call->request.done(call->request.context, reply, err);
}

static void
go_on(void *context)
{
	static const struct http_reply none = { .status = 0 };
	struct s3_call *call = context;
	struct err err = ERR_INIT;

	if (begin(call, &err))
		finish(call, &none, &err);
}

/* random(0, min(max, first * 2^n)) */
static int64_t
delay_ms(unsigned failures)
{
	int64_t ceiling_ms = AGAIN_MS;

	for (unsigned i = 1; i < failures && ceiling_ms < AGAIN_MS_MAX; i++)
		ceiling_ms *= 2;
	if (ceiling_ms > AGAIN_MS_MAX)
		ceiling_ms = AGAIN_MS_MAX;
	return clock_mono_us() % ceiling_ms;
}

/* Another try, where there is reason for one. */
static bool
try_again(struct s3_call *call, bool is_bad_reply)
{
	int64_t now_ms = clock_mono_ms();

	if (!call->failed_mono_ms)
		call->failed_mono_ms = now_ms;
	call->failures++;
	if (now_ms - call->failed_mono_ms >= call->request.patience_ms &&
	    !(is_bad_reply && call->failures < BAD_REPLIES_MAX))
		return false;
	loop_timer_set(aws_session_loop(call->bucket->session), &call->timer,
	    now_ms + delay_ms(call->failures));
	return true;
}

/* The error in the body of a good reply; false where there is none. */
static bool
has_error(struct s3_call *call, const struct http_reply *reply, struct err *err)
{
	struct http_reply bad = *reply;
	struct s3_error error;

	s3_error_read(reply->body, &error);
	if (!error.code[0])
		return false;
	/* as if it had come with the status that says "again" */
	bad.status = 500;
	(void)judge(call, &bad, err);
	return err_wrap(err, "%s", call->request.about) < 0;
}

/* ---- why HEAD was refused ---- */

/*
 * HEAD's errors have no body, so that wrong keys, a clock and a policy look alike ("HeadObject"). A GET of
 * one byte is refused for the same reason, and says it; io/http then mends what a new signature mends.
 */
static bool
is_refusal(const struct http_reply *reply)
{
	return reply->status == 400 || reply->status == 401 || reply->status == 403;
}

/* True: another request is to be made. */
static bool
ask_why(struct s3_call *call, const struct http_reply *reply)
{
	bool was_asking = call->is_asking_why;

	call->is_asking_why = false;
	/* what it was has gone: back to what was wanted */
	if (was_asking)
		return !is_refusal(reply);
	if (strcmp(call->request.method, "HEAD") != 0 || !is_refusal(reply) || call->has_asked_why)
		return false;
	call->is_asking_why = call->has_asked_why = true;
	return true;
}

static void
on_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_call *call = context;
	struct err told = *err;
	bool is_bad_reply = false;

	call->http = NULL;
	if (call->ask.is_moved || ask_why(call, reply)) {
		go_on(call);
		return;
	}
	/* io/http does not begin again what has begun */
	is_bad_reply = call->request.body_came && reply->body_bytes > 0;
	if (told.class == ERR_NONE && call->request.has_errors_in_200)
		is_bad_reply = has_error(call, reply, &told);
	if (told.class == ERR_UNAVAILABLE && !call->is_refused && try_again(call, is_bad_reply))
		return;
	finish(call, reply, &told);
}

static int
on_head(void *context, const struct http_reply *reply, struct err *err)
{
	struct s3_call *call = context;

	return call->request.head_came(call->request.context, reply, err);
}

static enum http_flow
on_body(void *context, struct slice bytes)
{
	struct s3_call *call = context;

	return call->request.body_came(call->request.context, bytes);
}

/* The request's own headers, and what asking for the reason adds. */
static size_t
collect_headers(const struct s3_call *call, struct http_header ret[static HEADERS_MAX])
{
	size_t count = call->request.header_count;

	assert(count < HEADERS_MAX);
	if (count)
		memcpy(ret, call->request.headers, count * sizeof(*ret));
	if (call->is_asking_why)
		ret[count++] = (struct http_header){ slice_of("Range"), slice_of("bytes=0-0") };
	return count;
}

static int
begin(struct s3_call *call, struct err *err)
{
	const struct s3_call_request *r = &call->request;
	struct buf url = BUF_INIT(URL_BYTES_MAX);
	struct http_header headers[HEADERS_MAX];
	struct http_request request = {
		.method = call->is_asking_why ? "GET" : r->method,
		.headers = headers,
		.header_count = collect_headers(call, headers),
		.body = r->body,
		.source = r->source,
		.body_bytes_max = REPLY_BYTES_MAX,
		.signer = call->bucket->signer,
		.attempts_max = r->attempts_max,
		.attempts_usual = S3_ATTEMPTS_USUAL,
		.events = { .context = call,
		    .head = r->head_came ? on_head : NULL,
		    .body = r->body_came ? on_body : NULL,
		    .judge = judge,
		    .done = on_done },
		.about = r->about,
	};
	int rc = -1;

	call->ask.is_moved = call->is_refused = false;
	call->code[0] = '\0';
	if (s3_append_url(call->bucket, r->key, &call->ask, &url, err))
		goto out;
	if (r->query.len &&
	    (buf_append_char(&url, '?', err) || buf_append(&url, r->query, err)))
		goto out;
	request.url = buf_slice(&url);
	call->http = http_start(aws_session_http(call->bucket->session), &request, err);
	rc = call->http ? 0 : -1;
out:
	buf_release(&url);
	return rc;
}

int
s3_call_start(struct s3_call *call, struct s3_bucket *bucket,
    const struct s3_call_request *request, struct err *err)
{
	call->bucket = bucket;
	call->request = *request;
	call->ask = (struct s3_ask){ .moves = 0 };
	call->timer = (struct loop_timer){ .fire = go_on, .context = call };
	call->failed_mono_ms = 0;
	call->failures = 0;
	call->is_asking_why = call->has_asked_why = false;
	call->is_started = !begin(call, err);
	return call->is_started ? 0 : -1;
}

void
s3_call_cancel(struct s3_call *call)
{
	if (!call->is_started)
		return;
	http_cancel(call->http);
	call->http = NULL;
	loop_timer_clear(aws_session_loop(call->bucket->session), &call->timer);
	call->is_started = false;
}

bool
s3_call_is_under_way(const struct s3_call *call)
{
	return call->http;
}

struct run {
	const struct s3_call_request *theirs;
	bool is_done;
	struct err err;
};

static void
on_run_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct run *run = context;

	run->is_done = true;
	run->err = *err;
	if (run->theirs->done)
		run->theirs->done(run->theirs->context, reply, err);
}

int
s3_say_no_reply(const char *about, struct err *err)
{
	if (stop_requested())
		return err_set(err, ERR_STOPPED, "stopped while waiting for a reply");
	return err_set(err, ERR_UNAVAILABLE, "%s: no reply in time", about);
}

int
s3_call_run(struct s3_bucket *bucket, const struct s3_call_request *request, struct err *err)
{
	struct run run = { .theirs = request };
	struct s3_call_request own = *request;
	struct s3_call call = { .http = NULL };
	int64_t deadline_ms = request->deadline_mono_ms;

	own.context = &run;
	own.head_came = NULL;
	own.body_came = NULL;
	own.done = on_run_done;
	if (s3_call_start(&call, bucket, &own, err))
		return -1;
	if (!deadline_ms)
		deadline_ms = CLOCK_NEVER;
	while (!run.is_done && !stop_requested() && clock_mono_ms() < deadline_ms)
		(void)loop_turn(aws_session_loop(bucket->session), deadline_ms);
	if (!run.is_done) {
		s3_call_cancel(&call);
		return s3_say_no_reply(request->about, err);
	}
	if (run.err.class == ERR_NONE)
		return 0;
	*err = run.err;
	return -1;
}
