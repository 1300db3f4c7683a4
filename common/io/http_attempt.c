/* SPDX-License-Identifier: MIT */
/* One attempt of a call: curl's easy handle, the request that goes out and the reply that comes. */
#include "io/http_state.h"

#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"

enum {
	HEAD_BYTES_MAX = 256 * 1024,
	ERROR_BODY_BYTES_MAX = 64 * 1024,
	/* of an error's body that is read only so that the connection can be used again */
	ERROR_BODY_BYTES_READ_MAX = 1024 * 1024,
	SIGNATURE_BYTES_MAX = 64 * 1024,
	/* Measured over loopback with 1 GB: 64 and 128 KiB are the fastest, from 256 KiB on caches
	 * miss, and libcurl's own 16 KiB cost calls. */
	RECEIVE_BYTES = 128 * 1024,
};

static bool
is_good(int status)
{
	return status >= 200 && status < 300;
}

/* Ends the attempt with call->err; what a callback of curl's returns. */
static size_t
refuse(struct http_call *call)
{
	call->is_ended_by_us = true;
	return 0;
}

static int
keep_line(struct http_call *call, struct slice line)
{
	if (slice_starts(line, "HTTP/") && !call->is_head_complete)
		buf_clear(&call->head); /* the one before was of an interim reply */
	if (buf_append(&call->head, slice_trim(line), &call->err) ||
	    buf_append_char(&call->head, '\0', &call->err)) {
		if (call->err.class == ERR_DATA)
			err_set(&call->err, ERR_UNAVAILABLE,
			    "the reply's headers are longer than %d bytes", HEAD_BYTES_MAX);
		return -1;
	}
	return 0;
}

static size_t
on_header(char *data, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	struct slice line = slice_make(data, size * count);
	long status = 0;

	if (call->is_ended_by_us || call->state == CALL_CANCELLED)
		return refuse(call);
	call->progress_mono_ms = clock_mono_ms();
	if (keep_line(call, line))
		return refuse(call);
	if (slice_trim(line).len || call->is_head_complete)
		return line.len;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return line.len;
	call->is_head_complete = true;
	call->head_wall_ms = clock_wall_ms();
	call->reply.status = (int)status;
	call->reply.headers = &call->head;
	if (is_good((int)status) && call->request.events.head &&
	    call->request.events.head(call->request.events.context, &call->reply, &call->err))
		return refuse(call);
	return line.len;
}

static size_t
hand_out(struct http_call *call, struct slice bytes)
{
	switch (call->request.events.body(call->request.events.context, bytes)) {
	case HTTP_GO:
		call->reply.body_bytes += (int64_t)bytes.len;
		return bytes.len;
	case HTTP_PAUSE:
		call->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	case HTTP_ABORT:
	default:
		err_set(&call->err, ERR_STOPPED, "ended by its receiver");
		return refuse(call);
	}
}

/* The beginning of an error's body is enough. */
static size_t
keep_error(struct http_call *call, struct slice bytes)
{
	size_t room = ERROR_BODY_BYTES_MAX - call->body.len;

	call->reply.body_bytes += (int64_t)bytes.len;
	if (buf_append(&call->body, slice_make(bytes.data, bytes.len < room ? bytes.len : room),
		&call->err))
		return refuse(call);
	if (call->reply.body_bytes > ERROR_BODY_BYTES_READ_MAX)
		return refuse(call);
	return bytes.len;
}

/* Of a good reply that is too long, what there is room for. */
static size_t
keep_good(struct http_call *call, struct slice bytes)
{
	size_t room = call->body.len_max - call->body.len;
	bool is_cut = bytes.len > room;

	if (buf_append(&call->body, slice_make(bytes.data, is_cut ? room : bytes.len), &call->err))
		return refuse(call);
	if (is_cut) {
		call->reply.is_cut = true;
		err_set(&call->err, ERR_UNAVAILABLE, "the reply is longer than %zu bytes",
		    call->body.len_max);
		return refuse(call);
	}
	call->reply.body_bytes += (int64_t)bytes.len;
	return bytes.len;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	struct slice bytes = slice_make(data, size * count);

	/* curl 7.88 may call again after a refusal (curl issue 13337) */
	if (call->is_ended_by_us || call->state == CALL_CANCELLED)
		return refuse(call);
	call->progress_mono_ms = clock_mono_ms();
	if (!is_good(call->reply.status))
		return keep_error(call, bytes);
	if (call->request.events.body)
		return hand_out(call, bytes);
	return keep_good(call, bytes);
}

/* The next bytes of a source. */
static size_t
on_read(char *data, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	const struct http_source *source = &call->request.source;
	size_t bytes = size * count;

	if (call->is_ended_by_us || call->state == CALL_CANCELLED)
		return CURL_READFUNC_ABORT;
	if ((int64_t)bytes > source->bytes - call->source_at)
		bytes = (size_t)(source->bytes - call->source_at);
	if (bytes &&
	    source->read(source->context, call->source_at, data, bytes, &call->err)) {
		call->is_ended_by_us = true;
		return CURL_READFUNC_ABORT;
	}
	call->source_at += (int64_t)bytes;
	return bytes;
}

/* libcurl sends again what a connection that was kept alive did not take any more. */
static int
on_seek(void *context, curl_off_t offset, int origin)
{
	struct http_call *call = context;

	if (origin != SEEK_SET || offset < 0 || offset > call->request.source.bytes)
		return CURL_SEEKFUNC_FAIL;
	call->source_at = offset;
	return CURL_SEEKFUNC_OK;
}

/* Connected, whether anew or not: from here on a stall counts. */
static int
on_sending(void *context, char *ip, char *local_ip, int port, int local_port)
{
	struct http_call *call = context;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	call->is_sent = true;
	call->progress_mono_ms = clock_mono_ms();
	return CURL_PREREQFUNC_OK;
}

static int
add_line(struct http_call *call, const char *line, struct err *err)
{
	struct curl_slist *more = curl_slist_append(call->lines, line);

	if (!more)
		return err_no_memory(err);
	call->lines = more;
	return 0;
}

static bool
has_header(const struct http_call *call, const char *name)
{
	for (size_t i = 0; i < call->request.header_count; i++) {
		struct slice have = call->request.headers[i].name;

		if (have.len == strlen(name) && !strncasecmp(have.data, name, have.len))
			return true;
	}
	return false;
}

/* The request's own headers and the signature's; "Name:" takes one of curl's own away, and "Name;"
 * sends one without a value (CURLOPT_HTTPHEADER(3)). */
static int
add_lines(struct http_call *call, struct err *err)
{
	struct slice line, rest = buf_slice(&call->signature);
	struct buf text = BUF_INIT(SIGNATURE_BYTES_MAX);
	int rc = -1;

	if (add_line(call, "Expect:", err) ||
	    (!has_header(call, "Content-Type") && add_line(call, "Content-Type:", err)))
		goto out;
	for (size_t i = 0; i < call->request.header_count; i++) {
		struct http_header header = call->request.headers[i];

		buf_clear(&text);
		if (buf_appendf(&text, err, header.value.len ? "%.*s: %.*s" : "%.*s;%.*s",
			SLICE_ARGS(header.name), SLICE_ARGS(header.value)) ||
		    add_line(call, text.data, err))
			goto out;
	}
	while (rest.len) {
		slice_cut(rest, '\n', &line, &rest);
		buf_clear(&text);
		if (buf_append(&text, line, err) || add_line(call, text.data, err))
			goto out;
	}
	rc = 0;
out:
	/* they may hold credentials */
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	return rc;
}

/* POST's way to send a body of known length: CURLOPT_UPLOAD would want "Expect" and PUT. */
static CURLcode
set_body(struct http_call *call, CURL *easy)
{
	struct slice body = call->request.body;
	bool is_read = call->request.source.read;
	int64_t bytes = is_read ? call->request.source.bytes : (int64_t)body.len;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);

	code = code ? code
	            : curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes);
	if (!is_read || !bytes)
		return code ? code
		            : curl_easy_setopt(
				  easy, CURLOPT_POSTFIELDS, body.len ? body.data : "");
	code = code ? code : curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_READDATA, call);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	return code ? code : curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
}

static CURLcode
set_method(struct http_call *call, CURL *easy)
{
	bool has_body = call->request.body.len || call->request.source.read;
	CURLcode code;

	if (!strcmp(call->method, "HEAD"))
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (!has_body && (!strcmp(call->method, "GET") || !strcmp(call->method, "DELETE"))) {
		code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else {
		code = set_body(call, easy);
	}
	return code ? code : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

/* TLS is verified by default, and redirects are not followed. */
static CURLcode
set_transport(struct http_call *call, CURL *easy)
{
	struct http *http = call->http;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

	code = code ? code : curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* else cancelling waits for the thread that looks a name up */
	code = code ? code : curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	code = code ? code
	            : curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_ms_max);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
	if (http->ca_bundle) {
		code = code ? code : curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_bundle);
		/* else the system's authorities would count beside it */
		code = code ? code : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (http->certificate) {
		code = code ? code : curl_easy_setopt(easy, CURLOPT_SSLCERT, http->certificate);
		/* else OpenSSL asks whoever sits there: SSL_CTX_set_default_passwd_cb(3) */
		code = code ? code : curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
		/* without it the key is looked for in the same file: CURLOPT_SSLKEY(3) */
		code = code ? code
		            : curl_easy_setopt(easy, CURLOPT_SSLKEY,
				  http->certificate_key ? http->certificate_key
							: http->certificate);
	}
	/* an empty name overrides the variables: CURLOPT_PROXY(3) */
	if (call->request.is_proxied_never)
		code = code ? code : curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return code;
}

static CURLcode
set_exchange(struct http_call *call, CURL *easy)
{
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, call->url);

	/* keys of objects may hold "/../" */
	code = code ? code : curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	code = code ? code : set_method(call, easy);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->lines);
	/* the proxy of a tunnel gets none of them */
	code = code ? code : curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_words);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	code = code ? code : curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	return code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

static void
clear_reply(struct http_call *call)
{
	size_t body_bytes_max = call->request.body_bytes_max;

	if (body_bytes_max < ERROR_BODY_BYTES_MAX)
		body_bytes_max = ERROR_BODY_BYTES_MAX;
	buf_clear(&call->head);
	buf_clear(&call->body);
	call->head.len_max = HEAD_BYTES_MAX;
	call->body.len_max = body_bytes_max;
	call->reply.status = 0;
	call->reply.is_overdue = false;
	call->reply.body = slice_make(NULL, 0);
	call->reply.headers = &call->head;
	call->reply.body_bytes = 0;
	call->reply.is_cut = false;
	call->curl_words[0] = '\0';
	call->is_head_complete = call->is_ended_by_us = call->is_sent = false;
	call->is_paused = call->is_resumed = call->is_stalled = call->is_suspect = false;
	call->is_late = false;
	call->sent_bytes = 0;
	call->source_at = 0;
	err_clear(&call->err);
}

int
http_attempt_begin(struct http_call *call, struct err *err)
{
	CURLcode code;

	clear_reply(call);
	call->easy = curl_easy_init();
	if (!call->easy)
		return err_no_memory(err);
	if (add_lines(call, err))
		return -1;
	code = set_transport(call, call->easy);
	code = code ? code : set_exchange(call, call->easy);
	if (code)
		return err_set(err, ERR_FAULT, "libcurl: %s", curl_easy_strerror(code));
	if (curl_multi_add_handle(call->http->multi, call->easy))
		return err_set(err, ERR_FAULT, "libcurl takes no more transfers");
	return 0;
}

void
http_attempt_end(struct http_call *call)
{
	if (call->easy) {
		(void)curl_multi_remove_handle(call->http->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	call->easy = NULL;
	for (struct curl_slist *line = call->lines; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(call->lines);
	call->lines = NULL;
	if (call->signature.data)
		explicit_bzero(call->signature.data, call->signature.len);
	buf_clear(&call->signature);
	call->reply.body = buf_slice(&call->body);
}

CURLcode
http_attempt_unpause(struct http_call *call)
{
	CURLcode code;

	call->is_paused = call->is_resumed = false;
	call->progress_mono_ms = clock_mono_ms();
	/* the bytes that were not taken come from inside this call */
	call->http->is_in_curl = true;
	code = curl_easy_pause(call->easy, CURLPAUSE_CONT);
	call->http->is_in_curl = false;
	return code;
}
