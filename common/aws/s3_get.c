/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/s3_state.h"
#include "aws/s3_xml.h"
#include "base/clock.h"
#include "codec/sigv4.h"

enum {
	/* Less room than what libcurl gives at once (CURL_MAX_WRITE_SIZE, 16 KiB) would never be
	 * filled. */
	AHEAD_BYTES_MIN = 64 * 1024,
	ETAG_BYTES_MAX = 1024,
	URL_BYTES_MAX = 8 * 1024,
	DROPS_MAX = 8, /* one after the other, without a byte between them */
	DROP_DELAY_MS = 100,
	DROP_DELAY_MS_MAX = 1000,
};

struct s3_get {
	struct s3_bucket *bucket;
	struct s3_ask ask;
	char *key;
	size_t key_len;
	char *etag; /* NULL: not known yet */
	char about[S3_ABOUT_BYTES];
	int64_t at;   /* of the object: behind the last byte that came */
	int64_t size; /* of the object; -1: not known */
	int64_t end;  /* behind the last byte wanted; INT64_MAX: where the object ends */

	/* the request */
	struct http_call *call;
	struct loop_timer timer; /* the next request after a drop */
	int64_t begin;           /* the byte that its range begins with */
	int64_t skip;            /* bytes of a reply without range that came before */
	bool is_at_end;          /* the range wanted begins where the object ends */
	bool has_bytes;          /* of the object, ever */
	unsigned drops;          /* since the last byte */
	struct loop_task resume; /* there is room again */

	/*
	 * Read ahead: a ring with one writer, the loop's thread, and one reader, which may be another.
	 * Each moves a counter of its own. The writer changes data and capacity only where the ring is
	 * empty, or while the reader waits.
	 */
	char *data;
	atomic_size_t capacity;
	_Atomic uint64_t written; /* bytes so far; 64 bits, for the places follow from them */
	_Atomic uint64_t taken;
	/* set before the writer looks at the room for the last time, so that either it sees what the
	 * reader took or the reader sees that it waits */
	atomic_bool is_paused;
	atomic_bool is_done; /* nothing more comes: err, or the end */
	struct err err;      /* before is_done the writer's */
};

static int start(struct s3_get *, struct err *);
static void resume(void *context);

static bool
read_digits(struct slice *s, int64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	while (i < s->len && s->data[i] >= '0' && s->data[i] <= '9' && *ret < INT64_MAX / 10 - 1)
		*ret = *ret * 10 + (s->data[i++] - '0');
	*s = slice_skip(*s, i);
	return i > 0;
}

static bool
take_char(struct slice *s, char c)
{
	if (!s->len || s->data[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* Content-Range: "bytes *" and the size (RFC 9110 15.5.17), or the words of S3; -1 where nothing
 * tells. */
static int64_t
size_of_unsatisfied(const struct http_reply *reply)
{
	struct slice range = http_reply_header(reply, "Content-Range");
	struct s3_error error;
	int64_t size;

	if (slice_starts(range, "bytes */")) {
		range = slice_skip(range, strlen("bytes */"));
		return read_digits(&range, &size) && !range.len ? size : -1;
	}
	s3_error_read(reply->body, &error);
	return error.actual_size;
}

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct s3_get *get = context;
	enum http_verdict verdict = s3_judge(get->bucket, &get->ask, reply, err);

	if (reply->status == 412) {
		err_set(err, ERR_DATA, "the object changed while it was read (status 412)");
		return HTTP_FINAL;
	}
	if (reply->status == 416) {
		get->is_at_end = size_of_unsatisfied(reply) == get->begin;
		err_set(err, ERR_DATA, "the object is shorter than %" PRId64 " bytes", get->begin);
		return HTTP_FINAL;
	}
	return verdict;
}

/* "bytes 5-9/10", or with '*' for the whole's size (RFC 9110 14.4): *ret_size -1. */
static bool
read_content_range(struct slice s, int64_t *ret_begin, int64_t *ret_end, int64_t *ret_size)
{
	int64_t last;

	if (!slice_starts(s, "bytes "))
		return false;
	s = slice_skip(s, strlen("bytes "));
	if (!read_digits(&s, ret_begin) || !take_char(&s, '-') || !read_digits(&s, &last) ||
	    !take_char(&s, '/'))
		return false;
	*ret_end = last + 1;
	*ret_size = -1;
	if (!slice_is(s, "*") && (!read_digits(&s, ret_size) || s.len))
		return false;
	return *ret_begin < *ret_end && (*ret_size < 0 || *ret_end <= *ret_size);
}

/* The object is one and the same in all replies. */
static int
check_same(struct s3_get *get, struct slice etag, int64_t size, struct err *err)
{
	if (get->etag && etag.len && !slice_is(etag, get->etag))
		return err_set(err, ERR_DATA,
		    "the object changed while it was read (its entity tag is %.*s, not %s)",
		    SLICE_ARGS(etag), get->etag);
	if (get->size >= 0 && size >= 0 && size != get->size)
		return err_set(err, ERR_DATA,
		    "the object changed while it was read (it has %" PRId64 " bytes, not %" PRId64
		    ")",
		    size, get->size);
	if (size >= 0)
		get->size = size;
	if (get->etag || !etag.len || etag.len > ETAG_BYTES_MAX)
		return 0;
	get->etag = strndup(etag.data, etag.len);
	return get->etag ? 0 : err_no_memory(err);
}

static int
read_range(const struct s3_get *get, const struct http_reply *reply, int64_t *ret_end,
    int64_t *ret_size, struct err *err)
{
	struct slice range = http_reply_header(reply, "Content-Range");
	int64_t begin;

	if (!read_content_range(range, &begin, ret_end, ret_size) || begin != get->begin)
		return err_set(err, ERR_UNAVAILABLE,
		    "asked for bytes from %" PRId64 ", got range \"%.*s\"", get->begin,
		    SLICE_ARGS(range));
	return 0;
}

/* 206 as asked for, or 200 with all of it, as a server may answer that knows no ranges (RFC
 * 9110 14.2). */
static int
on_head(void *context, const struct http_reply *reply, struct err *err)
{
	struct s3_get *get = context;
	struct slice length = http_reply_header(reply, "Content-Length");
	int64_t size = -1, bytes = -1, end = 0;

	if (length.len && (!read_digits(&length, &bytes) || length.len))
		return err_set(err, ERR_UNAVAILABLE, "a reply with a bad Content-Length");
	get->skip = 0;
	if (reply->status == 206 && (get->begin > 0 || get->end < INT64_MAX)) {
		if (read_range(get, reply, &end, &size, err))
			return -1;
		if (bytes >= 0 && bytes != end - get->begin)
			return err_set(err, ERR_UNAVAILABLE,
			    "a range of %" PRId64 " bytes with Content-Length %" PRId64,
			    end - get->begin, bytes);
	} else if (reply->status == 200) {
		get->skip = get->begin;
		size = bytes;
	} else {
		return err_set(err, ERR_UNAVAILABLE, "unexpected status %d", reply->status);
	}
	if (check_same(get, http_reply_header(reply, "ETag"), size, err))
		return -1;
	/* else nobody could tell its end from a dropped connection */
	if (get->size < 0 && !slice_is(http_reply_header(reply, "Transfer-Encoding"), "chunked"))
		return err_set(err, ERR_UNAVAILABLE, "a reply without a length");
	return 0;
}

static size_t
length(const struct s3_get *get)
{
	return (size_t)(atomic_load(&get->written) - atomic_load(&get->taken));
}

static void
append(struct s3_get *get, struct slice bytes)
{
	size_t at = (size_t)(get->written % get->capacity);
	size_t until_end = get->capacity - at;
	size_t n = bytes.len < until_end ? bytes.len : until_end;

	memcpy(get->data + at, bytes.data, n);
	if (n < bytes.len)
		memcpy(get->data, bytes.data + n, bytes.len - n);
	atomic_fetch_add(&get->written, bytes.len);
}

/* Copies without taking away. */
static void
peek(const struct s3_get *get, char *data, size_t n)
{
	size_t at = (size_t)(get->taken % get->capacity);
	size_t until_end = get->capacity - at;
	size_t first = n < until_end ? n : until_end;

	memcpy(data, get->data + at, first);
	memcpy(data + first, get->data, n - first);
}

/* More room: beside the reader, who takes nothing then, where the ring is empty; else he waits. */
static int
set_capacity(struct s3_get *get, size_t capacity, struct err *err)
{
	char *data = malloc(capacity);
	size_t len = length(get);

	if (!data)
		return err_no_memory(err);
	if (len) {
		peek(get, data, len);
		get->taken = 0;
		get->written = len;
	}
	free(get->data);
	get->data = data;
	get->capacity = capacity;
	return 0;
}

/* Room for bytes, or HTTP_PAUSE until there is. */
static enum http_flow
make_room(struct s3_get *get, size_t bytes)
{
	size_t len = length(get);

	if (bytes <= get->capacity - len)
		return HTTP_GO;
	get->is_paused = true;
	len = length(get);
	if (len && bytes > get->capacity - len)
		return HTTP_PAUSE;
	get->is_paused = false;
	if (bytes <= get->capacity - len)
		return HTTP_GO;
	return set_capacity(get, bytes, &get->err) ? HTTP_ABORT : HTTP_GO;
}

static bool
has_all(const struct s3_get *get)
{
	return get->at == get->size || get->at == get->end;
}

static enum http_flow
on_body(void *context, struct slice bytes)
{
	struct s3_get *get = context;
	int64_t skip = get->skip < (int64_t)bytes.len ? get->skip : (int64_t)bytes.len;
	enum http_flow flow = make_room(get, bytes.len - (size_t)skip);
	bool is_enough;

	if (flow != HTTP_GO)
		return flow;
	get->skip -= skip;
	bytes = slice_skip(bytes, (size_t)skip);
	if (!bytes.len)
		return HTTP_GO;
	if (get->size >= 0 && get->at + (int64_t)bytes.len > get->size) {
		err_set(&get->err, ERR_DATA,
		    "%s: the object changed while it was read (it has more than %" PRId64 " bytes)",
		    get->about, get->size);
		return HTTP_ABORT;
	}
	is_enough = bytes.len > (uint64_t)(get->end - get->at);
	if (is_enough)
		bytes.len = (size_t)(get->end - get->at);
	append(get, bytes);
	get->at += (int64_t)bytes.len;
	get->has_bytes = true;
	get->drops = 0;
	/* a server that knows no ranges sends what is behind, too */
	return is_enough ? HTTP_ABORT : HTTP_GO;
}

static void
finish(struct s3_get *get, const struct err *err)
{
	if (get->err.class == ERR_NONE)
		get->err = *err;
	get->is_done = true;
}

static void
go_on(void *context)
{
	struct s3_get *get = context;
	struct err err = ERR_INIT;

	if (start(get, &err))
		finish(get, &err);
}

static int64_t
drop_delay_ms(unsigned drops)
{
	int64_t ms = DROP_DELAY_MS;

	for (unsigned i = 1; i < drops && ms < DROP_DELAY_MS_MAX; i++)
		ms *= 2;
	return ms < DROP_DELAY_MS_MAX ? ms : DROP_DELAY_MS_MAX;
}

/* Behind the last byte; at once where bytes came since the last time. */
static void
take_up(struct s3_get *get, const struct err *err)
{
	struct err told = *err;

	if (told.class == ERR_NONE)
		err_set(&told, ERR_UNAVAILABLE, "%s: a reply ended %" PRId64 " bytes early",
		    get->about, get->size - get->at);
	/* what never began was tried as often as http tries */
	if (!get->has_bytes || get->drops == DROPS_MAX) {
		finish(get, &told);
		return;
	}
	get->drops++;
	loop_timer_set(aws_session_loop(get->bucket->session), &get->timer,
	    clock_mono_ms() + (get->drops > 1 ? drop_delay_ms(get->drops - 1) : 0));
}

static void
on_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_get *get = context;
	const struct err none = ERR_INIT;

	(void)reply;
	get->call = NULL;
	get->is_paused = false;
	if (get->err.class != ERR_NONE)
		get->is_done = true;
	else if (get->is_at_end || (err->class == ERR_NONE && get->size < 0) ||
		 (get->has_bytes && has_all(get)))
		finish(get, &none);
	else if (get->ask.is_moved)
		go_on(get);
	else if (err->class == ERR_NONE && has_all(get))
		finish(get, &none);
	else if (err->class == ERR_NONE || err->class == ERR_UNAVAILABLE)
		take_up(get, err);
	else
		finish(get, err);
}

static int
add_headers(struct s3_get *get, char range[static 64], struct http_header *headers)
{
	int count = 0;

	if (get->at > 0 || get->end < INT64_MAX) {
		int len = snprintf(range, 64, "bytes=%" PRId64 "-", get->at);

		if (get->end < INT64_MAX)
			(void)snprintf(range + len, 64 - (size_t)len, "%" PRId64, get->end - 1);
		headers[count++] = (struct http_header){ slice_of("Range"), slice_of(range) };
	}
	/* a weak tag matches nothing (RFC 9110 13.1.1) */
	if (get->etag && !slice_starts(slice_of(get->etag), "W/"))
		headers[count++] =
		    (struct http_header){ slice_of("If-Match"), slice_of(get->etag) };
	if (get->bucket->is_requester_paid)
		headers[count++] =
		    (struct http_header){ slice_of("x-amz-request-payer"), slice_of("requester") };
	return count;
}

static int
start(struct s3_get *get, struct err *err)
{
	struct http_header headers[3];
	struct buf url = BUF_INIT(URL_BYTES_MAX);
	char range[64];
	struct http_request request = {
		.method = "GET",
		.headers = headers,
		.header_count = (size_t)add_headers(get, range, headers),
		.signer = get->bucket->signer,
		.attempts_usual = S3_ATTEMPTS_USUAL,
		.events = { .context = get,
		    .head = on_head,
		    .body = on_body,
		    .judge = judge,
		    .done = on_done },
		.about = get->about,
	};

	get->begin = get->at;
	get->ask.is_moved = false;
	if (!s3_append_url(get->bucket, slice_make(get->key, get->key_len), &get->ask, &url, err)) {
		request.url = buf_slice(&url);
		get->call = http_start(aws_session_http(get->bucket->session), &request, err);
	}
	buf_release(&url);
	return get->call ? 0 : -1;
}

static int
copy_options(struct s3_get *get, const struct s3_get_options *options, struct err *err)
{
	size_t capacity = options->ahead_bytes;

	s3_about(get->bucket, options->key, get->about);
	get->at = options->begin;
	get->size = options->size;
	get->end = options->end ? options->end : INT64_MAX;
	if (get->size >= 0 && get->at > get->size)
		return err_set(err, ERR_DATA, "%s: the object is shorter than %" PRId64 " bytes",
		    get->about, get->at);
	get->key = strndup(options->key.data, options->key.len);
	get->key_len = options->key.len;
	if (options->etag.len)
		get->etag = strndup(options->etag.data, options->etag.len);
	if (!get->key || (options->etag.len && !get->etag))
		return err_no_memory(err);
	return set_capacity(get, capacity < AHEAD_BYTES_MIN ? AHEAD_BYTES_MIN : capacity, err);
}

struct s3_get *
s3_get_start(struct s3_bucket *bucket, const struct s3_get_options *options, struct err *err)
{
	struct s3_get *get = calloc(1, sizeof(*get));

	if (!get) {
		err_no_memory(err);
		return NULL;
	}
	get->bucket = bucket;
	get->timer = (struct loop_timer){ .fire = go_on, .context = get };
	get->resume = (struct loop_task){ .run = resume, .context = get };
	if (copy_options(get, options, err) || (!has_all(get) && start(get, err))) {
		s3_get_free(get);
		return NULL;
	}
	/* all of it was read before */
	get->is_done = has_all(get);
	return get;
}

void
s3_get_free(struct s3_get *get)
{
	if (!get)
		return;
	http_cancel(get->call);
	loop_timer_clear(aws_session_loop(get->bucket->session), &get->timer);
	loop_unpost(aws_session_loop(get->bucket->session), &get->resume);
	free(get->key);
	free(get->etag);
	free(get->data);
	free(get);
}

size_t
s3_get_ready(const struct s3_get *get)
{
	return length(get);
}

bool
s3_get_is_readable(const struct s3_get *get)
{
	return get->is_done || length(get) > 0;
}

/* libcurl holds what it could not hand out, and copies it at each pause: with half of the room free. */
static bool
has_room_again(const struct s3_get *get)
{
	return get->is_paused && length(get) <= get->capacity / 2;
}

static void
resume(void *context)
{
	struct s3_get *get = context;

	if (!has_room_again(get))
		return;
	get->is_paused = false;
	http_resume(get->call);
}

int
s3_get_grow(struct s3_get *get, size_t ahead_bytes, struct err *err)
{
	if (ahead_bytes > get->capacity && set_capacity(get, ahead_bytes, err))
		return -1;
	resume(get);
	return 0;
}

int
s3_get_read(
    struct s3_get *get, char *data, size_t bytes, size_t *ret_len, bool *ret_again, struct err *err)
{
	/* first: what came before the end is there then */
	bool is_done = get->is_done;
	size_t len = length(get);
	size_t n = bytes < len ? bytes : len;

	if (!n && is_done && get->err.class != ERR_NONE) {
		*err = get->err;
		return -1;
	}
	if (n) {
		peek(get, data, n);
		atomic_fetch_add(&get->taken, n);
	}
	if (has_room_again(get))
		loop_post(aws_session_loop(get->bucket->session), &get->resume);
	*ret_len = n;
	*ret_again = !n && !is_done;
	return 0;
}
