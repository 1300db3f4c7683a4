/* SPDX-License-Identifier: MIT */
#include "io/http_state.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "io/read_file.h"

enum {
	CONNECT_MS_MAX = 10 * 1000,
	STALL_MS_MAX = 30 * 1000,
	/* One more look after a stall: the loop may not have been turned for long. */
	SUSPECT_MS_MAX = 1000,
	ATTEMPTS_MAX = 3,
	CONNECTIONS_MAX = 64,
	BODY_BYTES_MAX = 1024 * 1024,
	SIGNATURE_BYTES_MAX = 64 * 1024,
	REQUEST_HEADER_BYTES_MAX = 64 * 1024,
};

/* splitmix64: for jitter, which needs no more */
uint64_t
http_random(struct http *http)
{
	uint64_t z = http->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
free_call(struct http_call *call)
{
	http_attempt_end(call);
	loop_timer_clear(call->http->loop, &call->timer);
	if (call->at) {
		*call->at = call->next;
		if (call->next)
			call->next->at = call->at;
	}
	curl_free(call->scheme);
	curl_free(call->path);
	curl_free(call->query);
	free(call->host);
	free(call->method);
	free(call->url);
	free(call->about);
	free(call->sha256);
	free(call->headers);
	buf_release(&call->own);
	buf_release(&call->signature);
	buf_release(&call->head);
	buf_release(&call->body);
	free(call);
}

static void
reap_cancelled(void *context)
{
	struct http *http = context;
	struct http_call *next;

	for (struct http_call *call = http->calls; call; call = next) {
		next = call->next;
		if (call->state == CALL_CANCELLED)
			free_call(call);
	}
}

/* NULL stays NULL. */
static int
copy_file_name(char **ret, const char *name, const char *what, struct err *err)
{
	if (!name)
		return 0;
	*ret = strdup(name);
	if (!*ret)
		return err_no_memory(err);
	return read_file_check(name, err) ? err_wrap(err, "%s", what) : 0;
}

static int
copy_options(struct http *http, const struct http_options *options, struct err *err)
{
	http->connect_ms_max = options->connect_ms_max ? options->connect_ms_max : CONNECT_MS_MAX;
	http->stall_ms_max = options->stall_ms_max ? options->stall_ms_max : STALL_MS_MAX;
	http->attempts_max = options->attempts_max;
	http->user_agent = strdup(options->user_agent ? options->user_agent : "sluice");
	if (!http->user_agent)
		return err_no_memory(err);
	if (copy_file_name(&http->ca_bundle, options->ca_bundle, "certificates", err) ||
	    copy_file_name(&http->certificate, options->certificate, "certificate", err))
		return -1;
	return copy_file_name(&http->certificate_key, options->certificate_key, "key", err);
}

struct http *
http_new(struct loop *loop, const struct http_options *options, struct err *err)
{
	struct http *http;
	long connections_max =
	    options->connections_max ? options->connections_max : CONNECTIONS_MAX;

	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		err_set(err, ERR_FAULT, "libcurl does not start");
		return NULL;
	}
	http = calloc(1, sizeof(*http));
	if (!http) {
		curl_global_cleanup();
		err_no_memory(err);
		return NULL;
	}
	http->loop = loop;
	http->budget.tokens = HTTP_RETRY_TOKENS;
	http->reap_timer.fire = reap_cancelled;
	http->reap_timer.context = http;
	if (getrandom(&http->random, sizeof(http->random), 0) < 0)
		http->random = (uint64_t)clock_mono_us();
	if (copy_options(http, options, err) || http_curl_open(http, connections_max, err)) {
		http_free(http);
		return NULL;
	}
	return http;
}

void
http_free(struct http *http)
{
	if (!http)
		return;
	while (http->calls)
		free_call(http->calls);
	http_curl_close(http);
	loop_timer_clear(http->loop, &http->reap_timer);
	free(http->user_agent);
	free(http->ca_bundle);
	free(http->certificate);
	free(http->certificate_key);
	free(http);
	curl_global_cleanup();
}

int64_t
http_wall_ms(const struct http *http)
{
	return clock_wall_ms() + http->skew_ms;
}

void
http_call_finish(struct http_call *call, struct err *err)
{
	struct err told = *err;

	if (told.class != ERR_NONE)
		err_wrap(&told, "%s", call->about);
	http_attempt_end(call);
	/* no cancelling any more: what done does may look for it */
	call->state = CALL_ENDING;
	loop_timer_clear(call->http->loop, &call->timer);
	call->request.events.done(call->request.events.context, &call->reply, &told);
	free_call(call);
}

void
http_call_again(struct http_call *call, int64_t delay_ms)
{
	call->state = CALL_DUE;
	loop_timer_set(call->http->loop, &call->timer, clock_mono_ms() + delay_ms);
}

static enum http_signing
sign(struct http_call *call, struct err *err)
{
	struct http_unsigned what = {
		.method = slice_of(call->method),
		.scheme = slice_of(call->scheme),
		.host = slice_of(call->host),
		.path = slice_of(call->path),
		.query = slice_of(call->query),
		.headers = call->headers,
		.header_count = call->request.header_count,
		.body = call->request.body,
		.body_sha256 = call->sha256,
		.wall_ms = http_wall_ms(call->http),
	};

	call->issue = 0;
	buf_clear(&call->signature);
	call->signature.len_max = SIGNATURE_BYTES_MAX;
	if (!call->request.signer.sign)
		return HTTP_SIGNED;
	return call->request.signer.sign(
	    call->request.signer.context, &what, &call->signature, &call->issue, err);
}

/* When the call is looked at next, at most stall_ms_max from now. */
static void
set_watchdog(struct http_call *call, int64_t due_mono_ms)
{
	if (due_mono_ms > call->deadline_mono_ms)
		due_mono_ms = call->deadline_mono_ms;
	loop_timer_set(call->http->loop, &call->timer, due_mono_ms);
}

static void
begin_attempt(struct http_call *call)
{
	struct err err = ERR_INIT;

	switch (sign(call, &err)) {
	case HTTP_SIGNED:
		break;
	case HTTP_SIGN_LATER:
		call->state = CALL_UNSIGNED;
		set_watchdog(call, CLOCK_NEVER);
		return;
	case HTTP_SIGN_FAILED:
	default:
		http_call_finish(call, &err);
		return;
	}
	call->reply.attempts++;
	if (http_attempt_begin(call, &err)) {
		http_call_finish(call, &err);
		return;
	}
	call->state = CALL_RUNNING;
	set_watchdog(call, clock_mono_ms() + call->http->stall_ms_max);
}

/* True where a byte went out since the last look; those that come in are noticed as they come. */
static bool
has_sent_more(struct http_call *call)
{
	curl_off_t sent = 0;
	bool has_more;

	curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	has_more = sent > call->sent_bytes;
	call->sent_bytes = sent;
	return has_more;
}

static void
look_for_stall(struct http_call *call)
{
	int64_t now_ms = clock_mono_ms(), stall_ms = call->http->stall_ms_max;

	/* connecting has a limit of curl's; a receiver that pauses has none */
	if (!call->is_sent || call->is_paused || has_sent_more(call)) {
		call->progress_mono_ms = now_ms;
		call->is_suspect = false;
	}
	if (now_ms - call->progress_mono_ms < stall_ms) {
		call->is_suspect = false;
		set_watchdog(call, call->progress_mono_ms + stall_ms);
	} else if (!call->is_suspect) {
		call->is_suspect = true;
		set_watchdog(
		    call, now_ms + (stall_ms < SUSPECT_MS_MAX ? stall_ms : SUSPECT_MS_MAX));
	} else {
		call->is_stalled = true;
		http_call_ended(call, CURLE_OPERATION_TIMEDOUT);
	}
}

static void
run_watchdog(struct http_call *call)
{
	CURLcode code;

	if (call->is_resumed) {
		code = http_attempt_unpause(call);
		if (code) {
			http_call_ended(call, code);
			return;
		}
	}
	look_for_stall(call);
}

static void
on_call_timer(void *context)
{
	struct http_call *call = context;

	if (clock_mono_ms() >= call->deadline_mono_ms) {
		call->is_late = true;
		http_call_ended(call, CURLE_OPERATION_TIMEDOUT);
	} else if (call->state == CALL_DUE) {
		begin_attempt(call);
	} else if (call->state == CALL_RUNNING) {
		run_watchdog(call);
	}
}

static int
copy_part(CURLU *url, CURLUPart part, unsigned flags, char **ret)
{
	CURLUcode code = curl_url_get(url, part, ret, flags);

	if (code == CURLUE_NO_QUERY || code == CURLUE_NO_PORT || code == CURLUE_NO_USER)
		return 0;
	return code ? -1 : 0;
}

/* The path is not normalised: CURLU_PATH_AS_IS; a port is named where it is not the scheme's. */
static int
split_url(struct http_call *call, struct err *err)
{
	CURLU *url = curl_url();
	char *host = NULL, *port = NULL, *user = NULL;
	int rc = -1;

	if (!url)
		return err_no_memory(err);
	if (curl_url_set(url, CURLUPART_URL, call->url, CURLU_PATH_AS_IS) ||
	    copy_part(url, CURLUPART_SCHEME, 0, &call->scheme) ||
	    copy_part(url, CURLUPART_HOST, 0, &host) ||
	    copy_part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, &port) ||
	    copy_part(url, CURLUPART_USER, 0, &user) ||
	    copy_part(url, CURLUPART_PATH, 0, &call->path) ||
	    copy_part(url, CURLUPART_QUERY, 0, &call->query)) {
		/* it is not repeated: there may be a password or a token in it */
		err_set(err, ERR_USAGE, "not a URL");
		goto out;
	}
	if (user || (strcmp(call->scheme, "https") != 0 && strcmp(call->scheme, "http") != 0)) {
		err_set(err, ERR_USAGE, "not an http or https URL without a user: %s://%s",
		    call->scheme, host);
		goto out;
	}
	if (asprintf(&call->host, "%s%s%s", host, port ? ":" : "", port ? port : "") < 0) {
		call->host = NULL;
		err_no_memory(err);
		goto out;
	}
	rc = 0;
out:
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(url);
	return rc;
}

/* A value may be what a service said, an entity tag for one: it must not become another header. */
static bool
has_line_break(struct slice s)
{
	return s.len && (memchr(s.data, '\r', s.len) || memchr(s.data, '\n', s.len) ||
			    memchr(s.data, '\0', s.len));
}

static int
copy_headers(struct http_call *call, const struct http_request *request, struct err *err)
{
	size_t bytes = 0;

	for (size_t i = 0; i < request->header_count; i++)
		bytes += request->headers[i].name.len + request->headers[i].value.len;
	buf_init(&call->own, REQUEST_HEADER_BYTES_MAX);
	call->headers = calloc(request->header_count + 1, sizeof(*call->headers));
	if (!call->headers)
		return err_no_memory(err);
	/* reserved as a whole: the slices stay good */
	if (buf_reserve(&call->own, bytes, err))
		return -1;
	for (size_t i = 0; i < request->header_count; i++) {
		struct http_header from = request->headers[i], *to = &call->headers[i];

		if (has_line_break(from.name) || has_line_break(from.value))
			return err_set(err, ERR_UNAVAILABLE, "%.*s has a line break or a NUL in it",
			    SLICE_ARGS(from.name));
		to->name = slice_make(call->own.data + call->own.len, from.name.len);
		if (buf_append(&call->own, from.name, err))
			return -1;
		to->value = slice_make(call->own.data + call->own.len, from.value.len);
		if (buf_append(&call->own, from.value, err))
			return -1;
	}
	return 0;
}

static int
copy_request(struct http_call *call, const struct http_request *request, struct err *err)
{
	call->request = *request;
	call->method = strdup(request->method);
	call->url = strndup(request->url.data, request->url.len);
	if (!call->method || !call->url)
		return err_no_memory(err);
	if (split_url(call, err) || copy_headers(call, request, err))
		return -1;
	if (request->about)
		call->about = strdup(request->about);
	else if (asprintf(&call->about, "%s://%s%s", call->scheme, call->host, call->path) < 0)
		call->about = NULL;
	if (!call->about)
		return err_no_memory(err);
	if (request->source.sha256) {
		call->sha256 = strdup(request->source.sha256);
		if (!call->sha256)
			return err_no_memory(err);
	}
	call->request.method = call->method;
	call->request.url = slice_of(call->url);
	call->request.headers = call->headers;
	call->request.about = call->about;
	if (!request->body_bytes_max)
		call->request.body_bytes_max = BODY_BYTES_MAX;
	return 0;
}

static unsigned
attempts_of(const struct http *http, const struct http_request *request)
{
	if (request->attempts_max)
		return request->attempts_max;
	if (http->attempts_max)
		return http->attempts_max;
	return request->attempts_usual ? request->attempts_usual : ATTEMPTS_MAX;
}

struct http_call *
http_start(struct http *http, const struct http_request *request, struct err *err)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (!call) {
		err_no_memory(err);
		return NULL;
	}
	call->http = http;
	call->timer.fire = on_call_timer;
	call->timer.context = call;
	if (copy_request(call, request, err)) {
		if (request->about)
			(void)err_wrap(err, "%s", request->about);
		free_call(call);
		return NULL;
	}
	call->attempts_max = attempts_of(http, request);
	call->deadline_mono_ms =
	    request->total_ms_max ? clock_deadline(request->total_ms_max) : CLOCK_NEVER;
	call->next = http->calls;
	call->at = &http->calls;
	if (call->next)
		call->next->at = &call->next;
	http->calls = call;
	http_call_again(call, 0);
	return call;
}

void
http_cancel(struct http_call *call)
{
	struct http *http;

	if (!call)
		return;
	assert(call->state != CALL_ENDING);
	http = call->http;
	if (!http->is_in_curl) {
		free_call(call);
		return;
	}
	/* curl takes no handle away from inside its own callbacks */
	call->state = CALL_CANCELLED;
	loop_timer_clear(http->loop, &call->timer);
	loop_timer_set(http->loop, &http->reap_timer, clock_mono_ms());
}

void
http_resume(struct http_call *call)
{
	if (call->state != CALL_RUNNING || !call->is_paused)
		return;
	call->is_resumed = true;
	loop_timer_set(call->http->loop, &call->timer, clock_mono_ms());
}

void
http_sign_now(struct http *http)
{
	for (struct http_call *call = http->calls; call; call = call->next) {
		if (call->state == CALL_UNSIGNED)
			http_call_again(call, 0);
	}
}
