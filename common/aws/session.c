/* SPDX-License-Identifier: MIT */
/*
 * The settings, an HTTP handle on the caller's loop, and credentials behind a lock. Credentials
 * that expire are renewed by a thread that has a loop and an HTTP handle of its own: finding them
 * may take several requests or a program, and a caller may sit in a call of librdkafka meanwhile.
 * The thread tells the caller's loop by a task.
 */
#include "aws/session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "aws/settings.h"
#include "base/clock.h"
#include "codec/sigv4.h"
#include "io/read_file.h"

enum {
	RENEW_AHEAD_MS = 5 * 60 * 1000,
	RETRY_MS = 15 * 1000, /* after a renewal that failed */
	/* "static stability": what an instance has for less than this is what it cannot renew; it
	 * is asked again after one to two times the other */
	LASTING_MS = 60 * 1000,
	RETRY_LASTING_MS = 5 * 60 * 1000,
	JOIN_S_MAX = 2,
};

struct aws_session {
	struct aws_settings settings;
	struct loop *loop;
	struct http *http;
	struct loop_task renewed; /* signatures can be tried again */

	pthread_t thread;
	bool has_thread;
	int end_fd; /* readable once the thread is to end */

	/* all below: under the lock, shared with the thread */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct credentials_found found;
	bool has_found;
	uint64_t issue;  /* counts those found that were others than before */
	bool is_refused; /* the service says that they have expired */
	bool is_asked;   /* renew now */
	bool is_ending;
	int64_t renew_mono_ms;
	int64_t skew_ms;        /* the servers' clock less ours */
	int64_t bad_mono_ms;    /* since when there are none to sign with; 0: there are */
	int64_t failed_mono_ms; /* when the last renewal failed */
	struct err failure;
};

/* ---- what the lock guards ---- */

static void
lock(struct aws_session *s)
{
	/* a default mutex, never taken twice by one thread */
	(void)pthread_mutex_lock(&s->lock);
}

static void
unlock(struct aws_session *s)
{
	(void)pthread_mutex_unlock(&s->lock);
}

static bool
is_usable(const struct aws_session *s)
{
	return s->has_found && !s->is_refused &&
	       (s->found.is_used_when_expired ||
		   s->found.keys.expires_wall_ms > clock_wall_ms() + s->skew_ms);
}

/* 5 minutes before they expire, or at half their life. */
static int64_t
renewal_mono_ms(const struct aws_session *s)
{
	const struct credentials_found *found = &s->found;
	int64_t now = clock_mono_ms(), left;

	if (found->keys.expires_wall_ms == INT64_MAX)
		return CLOCK_NEVER;
	left = found->keys.expires_wall_ms - clock_wall_ms() - s->skew_ms;
	if (left <= LASTING_MS && found->is_used_when_expired)
		return now + RETRY_LASTING_MS + clock_mono_us() % RETRY_LASTING_MS;
	if (left > 2 * RENEW_AHEAD_MS)
		return now + left - RENEW_AHEAD_MS;
	return now + (left > 0 ? left / 2 : 0);
}

static bool
is_same(const struct aws_credentials *a, const struct aws_credentials *b)
{
	return slice_equal(slice_of(a->access_key), slice_of(b->access_key)) &&
	       slice_equal(slice_of(a->secret_key), slice_of(b->secret_key)) &&
	       slice_equal(slice_of(a->session_token), slice_of(b->session_token));
}

static void
set_failure(struct aws_session *s, const struct err *failure)
{
	/* spread, so that instances that started together do not ask together */
	int64_t wait_ms = s->has_found && s->found.is_used_when_expired && !s->is_refused
	                      ? RETRY_LASTING_MS + clock_mono_us() % RETRY_LASTING_MS
	                      : RETRY_MS;

	s->failure = *failure;
	s->failed_mono_ms = clock_mono_ms();
	s->renew_mono_ms = clock_deadline(wait_ms);
}

/* Takes found. */
static void
set_found(struct aws_session *s, struct credentials_found *found, int64_t skew_ms)
{
	bool is_new = !s->has_found || !is_same(&s->found.keys, &found->keys);
	struct err same = ERR_INIT;

	aws_credentials_release(&s->found.keys);
	s->found = *found;
	s->has_found = true;
	s->skew_ms = skew_ms;
	if (is_new) {
		s->is_refused = false;
		s->issue++;
	}
	s->renew_mono_ms = renewal_mono_ms(s);
	if (is_usable(s)) {
		s->bad_mono_ms = 0;
		return;
	}
	err_set(
	    &same, ERR_DENIED, "the credentials have expired and their source has no newer ones");
	set_failure(s, &same);
}

static int
find(struct aws_session *s, struct http *http, struct err *err)
{
	struct credentials_found found;
	int rc = credentials_find(&s->settings, http, &found, err);

	lock(s);
	s->is_asked = false;
	if (rc)
		set_failure(s, err);
	else
		set_found(s, &found, http_wall_ms(http) - clock_wall_ms());
	unlock(s);
	return rc;
}

/* ---- the thread that renews ---- */

static void
on_end(void *context, short revents)
{
	(void)revents;
	http_stop(context);
}

static void
find_in_thread(struct aws_session *s)
{
	struct http_options options = aws_settings_http(&s->settings);
	struct loop_watch end = { .fd = s->end_fd, .events = POLLIN, .ready = on_end };
	struct err err = ERR_INIT;
	struct http *http = NULL;
	struct loop *loop = loop_new(&err);

	if (loop)
		http = http_new(loop, &options, &err);
	end.context = http;
	if (http && !loop_watch(loop, &end, &err)) {
		(void)find(s, http, &err);
	} else {
		lock(s);
		s->is_asked = false;
		set_failure(s, &err);
		unlock(s);
	}
	if (end.is_set)
		loop_unwatch(loop, &end);
	http_free(http);
	loop_free(loop);
}

/* Makes an eventfd readable. */
static void
tell(int fd)
{
	uint64_t one = 1;

	/* a full counter is not written to, and has been told already */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

/* Under the lock. */
static void
wait_until(struct aws_session *s, int64_t due_mono_ms)
{
	struct timespec at;

	if (due_mono_ms == CLOCK_NEVER) {
		(void)pthread_cond_wait(&s->wake, &s->lock);
		return;
	}
	at.tv_sec = (time_t)(due_mono_ms / 1000);
	at.tv_nsec = (long)(due_mono_ms % 1000) * 1000000;
	(void)pthread_cond_timedwait(&s->wake, &s->lock, &at); /* either way it is looked again */
}

static void *
renew(void *context)
{
	struct aws_session *s = context;

	lock(s);
	while (!s->is_ending) {
		if (!s->is_asked && clock_mono_ms() < s->renew_mono_ms) {
			wait_until(s, s->renew_mono_ms);
			continue;
		}
		unlock(s);
		find_in_thread(s);
		lock(s);
		if (!s->is_ending) /* else the loop may be gone */
			loop_post(s->loop, &s->renewed);
	}
	unlock(s);
	return NULL;
}

/* On the loop. */
static void
on_renewed(void *context)
{
	struct aws_session *s = context;

	http_sign_now(s->http);
}

/* Signals stay with the threads that had them. */
static int
start_thread(struct aws_session *s, struct err *err)
{
	sigset_t all, before;
	int code;

	if (s->has_thread)
		return 0;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&s->thread, NULL, renew, s);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code)
		return err_errno(err, ERR_FAULT, code, "a thread");
	s->has_thread = true;
	return 0;
}

/* False where it does not come to an end: what it uses must stay. */
static bool
end_thread(struct aws_session *s)
{
	struct timespec until;

	if (!s->has_thread)
		return true;
	lock(s);
	s->is_ending = true;
	(void)pthread_cond_signal(&s->wake);
	unlock(s);
	tell(s->end_fd);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += JOIN_S_MAX;
	if (pthread_clockjoin_np(s->thread, NULL, CLOCK_MONOTONIC, &until))
		return false;
	s->has_thread = false;
	return true;
}

/* ---- the session ---- */

static int
init_lock(struct aws_session *s, struct err *err)
{
	pthread_condattr_t attributes;
	int code = pthread_condattr_init(&attributes);

	if (code)
		return err_errno(err, ERR_FAULT, code, "pthread_condattr_init");
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	code = pthread_cond_init(&s->wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (!code)
		code = pthread_mutex_init(&s->lock, NULL);
	return code ? err_errno(err, ERR_FAULT, code, "pthread_cond_init") : 0;
}

struct aws_session *
aws_session_open(const struct aws_options *options, struct loop *loop, struct err *err)
{
	struct aws_session *s = calloc(1, sizeof(*s));
	struct http_options http;

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->loop = loop;
	s->renew_mono_ms = CLOCK_NEVER;
	s->end_fd = -1;
	s->renewed = (struct loop_task){ .run = on_renewed, .context = s };
	if (init_lock(s, err) || aws_settings_read(&s->settings, options, err))
		goto fail;
	http = aws_settings_http(&s->settings);
	http.stall_ms_max = options->stall_ms_max;
	if (http.ca_bundle && read_file_check(http.ca_bundle, err)) {
		err_wrap(err, "AWS_CA_BUNDLE");
		goto fail;
	}
	s->http = http_new(loop, &http, err);
	if (!s->http)
		goto fail;
	s->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->end_fd < 0) {
		err_errno(err, ERR_FAULT, errno, "eventfd");
		goto fail;
	}
	return s;
fail:
	aws_session_free(s);
	return NULL;
}

void
aws_session_free(struct aws_session *s)
{
	bool has_ended;

	if (!s)
		return;
	/* the thread first: curl_global_cleanup(3) is not safe beside it before libcurl 7.84 */
	has_ended = end_thread(s);
	loop_unpost(s->loop, &s->renewed);
	http_free(s->http);
	s->http = NULL;
	if (!has_ended)
		return; /* left as it is until the process ends */
	if (s->end_fd >= 0)
		(void)close(s->end_fd); /* an eventfd */
	aws_credentials_release(&s->found.keys);
	aws_settings_release(&s->settings);
	(void)pthread_cond_destroy(&s->wake);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

struct http *
aws_session_http(struct aws_session *s)
{
	return s->http;
}

struct loop *
aws_session_loop(struct aws_session *s)
{
	return s->loop;
}

const char *
aws_session_region(const struct aws_session *s, const char *service)
{
	return aws_settings_region(&s->settings, service);
}

const char *
aws_session_endpoint(const struct aws_session *s, const char *service_id)
{
	return aws_settings_endpoint(&s->settings, service_id, false);
}

bool
aws_session_is_unsigned(const struct aws_session *s)
{
	return s->settings.options.is_unsigned;
}

/* ---- credentials ---- */

int
aws_session_wait_credentials(struct aws_session *s, struct err *err)
{
	bool is_there, expires;

	if (s->settings.options.is_unsigned)
		return 0;
	lock(s);
	is_there = is_usable(s);
	unlock(s);
	if (is_there)
		return 0;
	if (find(s, s->http, err))
		return -1;
	lock(s);
	is_there = is_usable(s);
	if (!is_there)
		*err = s->failure;
	expires = s->found.keys.expires_wall_ms != INT64_MAX;
	unlock(s);
	if (!is_there)
		return -1;
	return expires ? start_thread(s, err) : 0;
}

static int
copy(const struct aws_credentials *from, struct aws_credentials *ret, struct err *err)
{
	return aws_credentials_set(ret, from->access_key, from->secret_key, from->session_token,
	    from->expires_wall_ms, err);
}

static int
copy_issue(
    struct aws_session *s, struct aws_credentials *ret, uint64_t *ret_issue, struct err *err)
{
	int rc;

	lock(s);
	*ret_issue = s->issue;
	if (is_usable(s))
		rc = copy(&s->found.keys, ret, err);
	else if (s->failure.class != ERR_NONE)
		rc = err_set(err, ERR_DENIED, "%s", s->failure.text);
	else
		rc = err_set(err, ERR_DENIED, "there are no credentials");
	unlock(s);
	return rc;
}

int
aws_session_copy_credentials(struct aws_session *s, struct aws_credentials *ret, struct err *err)
{
	uint64_t issue;

	return copy_issue(s, ret, &issue, err);
}

int64_t
aws_session_wall_ms(struct aws_session *s)
{
	int64_t skew_ms;

	lock(s);
	skew_ms = s->skew_ms;
	unlock(s);
	return clock_wall_ms() + skew_ms;
}

/* ---- signing ---- */

/* Asks for new ones, or says that this has been tried since they are bad. */
static enum http_signing
have_renewed(struct aws_session *s, struct err *err)
{
	enum http_signing signing = HTTP_SIGN_LATER;

	lock(s);
	if (!s->bad_mono_ms)
		s->bad_mono_ms = clock_mono_ms();
	if (s->failed_mono_ms && s->failed_mono_ms >= s->bad_mono_ms) {
		*err = s->failure;
		signing = HTTP_SIGN_FAILED;
	} else {
		s->is_asked = true;
		(void)pthread_cond_signal(&s->wake);
	}
	unlock(s);
	if (signing == HTTP_SIGN_LATER && start_thread(s, err))
		return HTTP_SIGN_FAILED;
	return signing;
}

enum { SIGNED_HEADERS_MAX = 32 };

/* The headers as the codec has them; ERR_FAULT where there are more. */
static int
convert_headers(const struct http_unsigned *request, struct sigv4_header *ret, struct err *err)
{
	if (request->header_count > SIGNED_HEADERS_MAX)
		return err_set(err, ERR_FAULT, "more than %d headers", SIGNED_HEADERS_MAX);
	for (size_t i = 0; i < request->header_count; i++)
		ret[i] =
		    (struct sigv4_header){ request->headers[i].name, request->headers[i].value };
	return 0;
}

static int
sign_with(const struct aws_signing *signing, const struct http_unsigned *request,
    const struct aws_credentials *c, struct buf *ret_lines, struct err *err)
{
	struct sigv4_keys keys = { slice_of(c->access_key), slice_of(c->secret_key),
		slice_of(c->session_token) };
	struct sigv4_header headers[SIGNED_HEADERS_MAX];
	char hash[SIGV4_HASH_BYTES];
	struct sigv4_request r = {
		.method = request->method,
		.host = request->host,
		.path = request->path,
		.query = request->query,
		.headers = headers,
		.header_count = request->header_count,
		.service = signing->service,
		.region = signing->region,
		.wall_ms = request->wall_ms,
		.is_path_plain = signing->is_s3,
		.has_payload_header = signing->is_s3 || signing->sends_payload_hash,
	};

	if (convert_headers(request, headers, err) ||
	    (!request->body_sha256 && sigv4_hash(request->body, hash, err)))
		return -1;
	r.payload_hash = slice_of(request->body_sha256 ? request->body_sha256 : hash);
	return sigv4_sign(&r, &keys, ret_lines, err);
}

static enum http_signing
sign(void *context, const struct http_unsigned *request, struct buf *ret_lines,
    uint64_t *ret_issue, struct err *err)
{
	const struct aws_signing *signing = context;
	struct aws_credentials c = { .access_key = NULL };
	int rc;

	if (copy_issue(signing->session, &c, ret_issue, err)) {
		err_clear(err);
		return have_renewed(signing->session, err);
	}
	rc = sign_with(signing, request, &c, ret_lines, err);
	aws_credentials_release(&c);
	return rc ? HTTP_SIGN_FAILED : HTTP_SIGNED;
}

/* Of requests that were under way together each is told; the first has had them renewed. */
static void
on_expired(void *context, uint64_t issue)
{
	const struct aws_signing *signing = context;
	struct aws_session *s = signing->session;

	lock(s);
	if (issue == s->issue)
		s->is_refused = true;
	unlock(s);
}

struct http_signer
aws_signer(struct aws_signing *signing)
{
	if (signing->session->settings.options.is_unsigned)
		return (struct http_signer){ .context = NULL };
	return (struct http_signer){ .context = signing, .sign = sign, .expired = on_expired };
}
