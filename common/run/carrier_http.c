/* SPDX-License-Identifier: MIT */
#include "run/carrier_http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WORDS_BYTES = 64,
	REPLY_BYTES_MAX = 16 * 1024 * 1024,
	TOTAL_MS_MAX = 5 * 60 * 1000,
	URL_BYTES_MAX = 128 * 1024,
};

struct carrier_http {
	struct carrier base;
	struct carrier_http_options options; /* strings and headers are ours */
	char *endpoint;
	char *about;
	struct http_header *headers; /* those of all requests, and room for a request's */
	struct buf secrets;          /* their bytes */
	struct buf url;
};

struct call {
	struct carrier_http *carrier;
	struct http_call *http;
	carrier_replied *replied;
	void *context;
	unsigned judged; /* the attempt whose reply came as a whole */
};

/* ---- replies ---- */

/* Lines of the reply's head are trimmed and end with a NUL, and so do values
 * (io/http_attempt.c). */
static const char *
find_header(const void *context, const char *name)
{
	struct slice value = http_reply_header(context, name);

	return value.len ? value.data : NULL;
}

static enum http_verdict
on_judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct call *call = context;
	const struct carrier_http_options *o = &call->carrier->options;
	enum http_verdict verdict = HTTP_FINAL;

	call->judged = reply->attempts;
	if (o->judge)
		verdict = o->judge(o->judge_context, reply, err);
	return verdict == HTTP_EXPIRED || verdict == HTTP_SKEWED ? verdict : HTTP_FINAL;
}

/* What came whole is the service's to judge, whatever its status. */
static bool
is_whole(const struct call *call, const struct http_reply *reply, const struct err *err)
{
	return err->class == ERR_NONE ||
	       (reply->is_cut && call->carrier->options.takes_cut_replies) ||
	       (reply->status && (reply->status < 200 || reply->status >= 300) &&
		   call->judged == reply->attempts);
}

static void
on_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct call *call = context;
	const struct carrier_http_options *o = &call->carrier->options;
	struct service_reply answer = { .status = 0 };
	const struct err none = ERR_INIT;
	char words[WORDS_BYTES];

	if (is_whole(call, reply, err)) {
		answer = (struct service_reply){ .status = reply->status, .body = reply->body,
			.is_cut = reply->is_cut, .header = find_header, .header_context = reply };
		err = &none;
	} else if (o->is_trouble_told && reply->is_overdue) {
		(void)snprintf(words, sizeof(words), "not done after %" PRId64 " ms", o->total_ms_max);
		answer.body = slice_of(words);
		err = &none;
	} else if (o->is_trouble_told && err->class == ERR_UNAVAILABLE) {
		answer = (struct service_reply){ .status = -1, .body = slice_of(err->text) };
		err = &none;
	}
	call->replied(call->context, &answer, err);
	free(call);
}

/* ---- requests ---- */

static int
make_url(struct carrier_http *c, const struct service_request *request, struct err *err)
{
	buf_clear(&c->url);
	return buf_append_text(&c->url, c->endpoint, err) ||
		       buf_append(&c->url, buf_slice(&request->path), err)
		   ? -1
		   : 0;
}

static int
carrier_start(struct carrier *carrier, const struct service_request *request,
    carrier_replied *replied, void *context, void **ret_call, struct err *err)
{
	struct carrier_http *c = (struct carrier_http *)carrier;
	struct http_request http = {
		.method = request->method,
		.headers = c->headers,
		.header_count = c->options.header_count + request->header_count,
		.body = buf_slice(&request->body),
		.body_bytes_max = c->options.reply_bytes_max,
		.signer = c->options.signer,
		.events = { .judge = on_judge, .done = on_done },
		.about = c->about,
		.attempts_max = 1,
		.total_ms_max = c->options.total_ms_max,
	};
	struct call *call;

	if (make_url(c, request, err))
		return -1;
	http.url = buf_slice(&c->url);
	for (size_t i = 0; i < request->header_count; i++)
		c->headers[c->options.header_count + i] = (struct http_header){
			slice_of(request->headers[i].name), slice_of(request->headers[i].value)
		};
	call = calloc(1, sizeof(*call));
	if (!call)
		return err_no_memory(err);
	call->carrier = c;
	call->replied = replied;
	call->context = context;
	http.events.context = call;
	call->http = http_start(c->options.http, &http, err);
	if (!call->http) {
		free(call);
		return -1;
	}
	*ret_call = call;
	return 0;
}

static void
carrier_cancel(struct carrier *carrier, void *context)
{
	struct call *call = context;

	(void)carrier;
	http_cancel(call->http);
	free(call);
}

/* ---- making ---- */

static void
carrier_http_free(struct carrier *carrier)
{
	struct carrier_http *c = (struct carrier_http *)carrier;

	if (c->secrets.data)
		explicit_bzero(c->secrets.data, c->secrets.len);
	buf_release(&c->secrets);
	buf_release(&c->url);
	free(c->headers);
	free(c->endpoint);
	free(c->about);
	free(c);
}

static const struct carrier_ops ops = {
	.start = carrier_start,
	.cancel = carrier_cancel,
	.free = carrier_http_free,
};

/* Reserved as a whole: the slices stay good, and no copy is left behind by growing. */
static int
copy_headers(struct carrier_http *c, const struct carrier_http_options *o, struct err *err)
{
	size_t bytes = 0;

	c->headers = calloc(o->header_count + SERVICE_HEADERS_MAX, sizeof(*c->headers));
	if (!c->headers)
		return err_no_memory(err);
	for (size_t i = 0; i < o->header_count; i++)
		bytes += o->headers[i].name.len + o->headers[i].value.len;
	buf_init(&c->secrets, bytes);
	if (buf_reserve(&c->secrets, bytes, err))
		return -1;
	for (size_t i = 0; i < o->header_count; i++) {
		struct slice from[2] = { o->headers[i].name, o->headers[i].value };

		for (size_t part = 0; part < 2; part++) {
			struct slice *to = part ? &c->headers[i].value : &c->headers[i].name;

			*to = slice_make(c->secrets.data + c->secrets.len, from[part].len);
			if (buf_append(&c->secrets, from[part], err))
				return -1;
		}
	}
	return 0;
}

static int
copy_options(struct carrier_http *c, const struct carrier_http_options *o, struct err *err)
{
	c->options = *o;
	if (!o->reply_bytes_max)
		c->options.reply_bytes_max = REPLY_BYTES_MAX;
	if (!o->total_ms_max)
		c->options.total_ms_max = TOTAL_MS_MAX;
	c->endpoint = strdup(o->endpoint);
	c->about = o->about ? strdup(o->about) : NULL;
	if (!c->endpoint || (o->about && !c->about))
		return err_no_memory(err);
	return copy_headers(c, o, err);
}

struct carrier *
carrier_http_new(const struct carrier_http_options *options, struct err *err)
{
	struct carrier_http *c = calloc(1, sizeof(*c));

	if (!c) {
		err_no_memory(err);
		return NULL;
	}
	c->base.ops = &ops;
	buf_init(&c->url, URL_BYTES_MAX);
	if (copy_options(c, options, err)) {
		carrier_http_free(&c->base);
		return NULL;
	}
	return &c->base;
}
