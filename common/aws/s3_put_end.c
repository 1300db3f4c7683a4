/* SPDX-License-Identifier: MIT */
/* The upload's beginning and end, and the object that is there already. */
#include <inttypes.h>
#include <stdio.h>

#include "aws/s3_put_state.h"
#include "aws/s3_xml.h"
#include "base/clock.h"

enum {
	/* An object that was there is gone again; uploads are aborted while they are sent. */
	RESTARTS_MAX = 3,
	/* Nothing depends on it: s3_abort_uploads finds what is left. */
	ABORT_ATTEMPTS_MAX = 2,
	ABORT_AGAIN_MS = 500,
};

/* The one request beside those of the parts; what it wants to borrow is in the put. */
static int
ask(struct s3_put *put, enum put_state state, const char *method,
    const struct put_headers *headers,
    void (*done)(void *context, const struct http_reply *, const struct err *),
    struct s3_call_request request, struct err *err)
{
	memcpy(put->headers, headers->of, sizeof(put->headers));
	request.method = method;
	request.key = put->options.key;
	request.query = buf_slice(&put->query);
	request.about = put->about;
	request.headers = put->headers;
	request.header_count = headers->count;
	request.context = put;
	request.done = done;
	put->state = state;
	return s3_call_start(&put->control, put->bucket, &request, err);
}

/* ---- the beginning ---- */

static int
keep_upload_id(struct s3_put *put, struct slice xml, struct err *err)
{
	struct buf id = BUF_INIT(S3_UPLOAD_ID_BYTES_MAX);
	int rc = s3_begun_read(xml, &id, err);

	if (rc)
		err_wrap(err, "%s: beginning an upload", put->about);
	else
		rc = sigv4_append_encoded(&put->upload_id, buf_slice(&id), false, err);
	buf_release(&id);
	return rc;
}

static void
on_begun(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;
	struct err told = *err;

	if (told.class == ERR_NONE)
		(void)keep_upload_id(put, reply->body, &told);
	put->state = PUT_SENDING;
	if (put->err.class != ERR_NONE)
		s3_put_settle(put);
	else if (told.class != ERR_NONE)
		s3_put_fail(put, &told);
	else
		s3_put_advance(put);
}

void
s3_put_begin_upload(struct s3_put *put)
{
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = { .patience_ms = put->options.patience_ms };
	struct err err = ERR_INIT;

	put_headers_add_style(&headers, put);
	put_headers_add_usual(&headers, put);
	if (!put->options.has_no_checksum) {
		put_headers_add(&headers, "x-amz-checksum-algorithm", "CRC64NVME");
		put_headers_add(&headers, "x-amz-checksum-type", "FULL_OBJECT");
	}
	buf_clear(&put->query);
	if (buf_append_text(&put->query, "uploads=", &err) ||
	    ask(put, PUT_BEGINNING, "POST", &headers, on_begun, request, &err))
		s3_put_fail(put, &err);
}

/* ---- the end ---- */

static int
append_escaped(struct buf *xml, struct slice text, struct err *err)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		int rc = c == '&'   ? buf_append_text(xml, "&amp;", err)
		         : c == '<' ? buf_append_text(xml, "&lt;", err)
		         : c == '>' ? buf_append_text(xml, "&gt;", err)
		                    : buf_append_char(xml, c, err);

		if (rc)
			return -1;
	}
	return 0;
}

static int
list_part(struct s3_put *put, unsigned number, struct err *err)
{
	const struct put_part *part = &put->parts[number - 1];
	struct slice etag = slice_make(put->etags.data + part->etag, part->etag_len);
	char crc[CRC64_TEXT_BYTES];

	crc64_text(part->crc, crc);
	if (buf_append_text(&put->body, "<Part>", err))
		return -1;
	if (!put->options.has_no_checksum &&
	    buf_appendf(&put->body, err, "<ChecksumCRC64NVME>%s</ChecksumCRC64NVME>", crc))
		return -1;
	if (buf_append_text(&put->body, "<ETag>", err) || append_escaped(&put->body, etag, err))
		return -1;
	return buf_appendf(
	    &put->body, err, "</ETag><PartNumber>%u</PartNumber></Part>", number);
}

static int
list_parts(struct s3_put *put, struct err *err)
{
	buf_clear(&put->body);
	if (buf_append_text(&put->body,
		"<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", err))
		return -1;
	for (unsigned i = 1; i <= put->part_count; i++) {
		if (list_part(put, i, err))
			return -1;
	}
	return buf_append_text(&put->body, "</CompleteMultipartUpload>", err);
}

/* "CompleteMultipartUpload": NoSuchUpload is also the answer to one that is asked again after it
 * was done, and a good status need not mean it. */
static void
on_completed(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;
	const char *code = put->control.code;
	struct err unread = ERR_INIT;

	buf_release(&put->body);
	if (err->class == ERR_NONE) {
		buf_clear(&put->etag);
		if (!s3_completed_read(reply->body, &put->etag, &unread)) {
			buf_clear(&put->upload_id);
			s3_put_settle(put);
			return;
		}
		buf_clear(&put->etag);
		s3_put_check(put);
	} else if (!strcmp(code, "NoSuchUpload")) {
		buf_clear(&put->upload_id);
		s3_put_check(put);
	} else if (put->options.is_create_only &&
		   (!strcmp(code, "PreconditionFailed") ||
		       !strcmp(code, "ConditionalRequestConflict"))) {
		s3_put_check(put);
	} else {
		s3_put_fail(put, err);
	}
}

static int
name_upload(struct s3_put *put, struct err *err)
{
	buf_clear(&put->query);
	return buf_appendf(
	    &put->query, err, "uploadId=%.*s", SLICE_ARGS(buf_slice(&put->upload_id)));
}

void
s3_put_complete(struct s3_put *put)
{
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = { .patience_ms = put->options.patience_ms,
		.has_errors_in_200 = true,
		.is_conflict_final = true };
	struct err err = ERR_INIT;

	put_headers_add(&headers, "Content-Type", "application/xml");
	put_headers_add_usual(&headers, put);
	if (put->options.is_create_only)
		put_headers_add(&headers, "If-None-Match", "*");
	crc64_text(put->crc, put->crc_text);
	(void)snprintf(put->size_text, sizeof(put->size_text), "%" PRId64, put->bytes);
	if (!put->options.has_no_checksum) {
		put_headers_add(&headers, "x-amz-checksum-crc64nvme", put->crc_text);
		put_headers_add(&headers, "x-amz-checksum-type", "FULL_OBJECT");
		put_headers_add(&headers, "x-amz-mp-object-size", put->size_text);
	}
	if (name_upload(put, &err) || list_parts(put, &err)) {
		s3_put_fail(put, &err);
		return;
	}
	request.body = buf_slice(&put->body);
	if (ask(put, PUT_COMPLETING, "POST", &headers, on_completed, request, &err))
		s3_put_fail(put, &err);
}

/* ---- the object that is there ---- */

static void
refuse(struct s3_put *put, const char *why)
{
	struct err err = ERR_INIT;

	put->was_there = true;
	err_set(&err, ERR_CANT_CREATE, "%s: there is another object of that name: %s", put->about,
	    why);
	s3_put_fail(put, &err);
}

/* It is what was wanted. */
static void
take(struct s3_put *put)
{
	struct err no_room;

	put->was_there = true;
	buf_clear(&put->etag);
	if (buf_append_text(&put->etag, put->head.etag, &no_room))
		buf_clear(&put->etag);
	s3_put_settle(put);
}

/* Of what was to be replaced: our upload was aborted, or its end's reply was no end. */
static void
replace_again(struct s3_put *put, const char *why)
{
	struct err err = ERR_INIT;

	if (s3_put_restart(put))
		return;
	err_set(&err, ERR_UNAVAILABLE, "%s: it could not be replaced: %s", put->about, why);
	s3_put_fail(put, &err);
}

static void
differs(struct s3_put *put, const char *why)
{
	if (put->options.is_create_only)
		refuse(put, why);
	else
		replace_again(put, why);
}

static void
compare(struct s3_put *put, int64_t bytes, uint64_t crc)
{
	char ours[CRC64_TEXT_BYTES], theirs[CRC64_TEXT_BYTES], why[160];

	crc64_text(put->crc, ours);
	crc64_text(crc, theirs);
	if (bytes != put->bytes) {
		(void)snprintf(why, sizeof(why), "it has %" PRId64 " bytes, not %" PRId64, bytes,
		    put->bytes);
		differs(put, why);
	} else if (crc != put->crc) {
		(void)snprintf(why, sizeof(why), "its CRC-64/NVME is %s, not %s", theirs, ours);
		differs(put, why);
	} else {
		take(put);
	}
}

static int
on_read_head(void *context, const struct http_reply *reply, struct err *err)
{
	struct s3_put *put = context;

	(void)reply;
	(void)err;
	put->read_bytes = 0;
	put->read_crc = 0;
	return 0;
}

static enum http_flow
on_read_body(void *context, struct slice bytes)
{
	struct s3_put *put = context;

	put->read_bytes += (int64_t)bytes.len;
	put->read_crc = crc64_add(&put->bucket->crc64, put->read_crc, bytes);
	return HTTP_GO;
}

static void
on_read(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;

	(void)reply;
	if (err->class == ERR_NONE)
		compare(put, put->read_bytes, put->read_crc);
	else if (err->class == ERR_DATA)
		refuse(put, "it changed while it was read");
	else
		s3_put_fail(put, err);
}

/* The service keeps no checksum, or not ours. */
static void
read_object(struct s3_put *put)
{
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = { .patience_ms = put->options.patience_ms,
		.head_came = on_read_head,
		.body_came = on_read_body };
	struct err err = ERR_INIT;

	put_headers_add_usual(&headers, put);
	if (put->head.etag[0] && put->head.etag[0] != 'W')
		put_headers_add(&headers, "If-Match", put->head.etag);
	if (ask(put, PUT_CHECKING, "GET", &headers, on_read, request, &err))
		s3_put_fail(put, &err);
}

/* It was there, or was said to be, and is not. */
static void
try_again(struct s3_put *put)
{
	struct err err = ERR_INIT;

	if (s3_put_restart(put))
		return;
	err_set(&err, ERR_UNAVAILABLE, "%s: it could not be created, and is not there", put->about);
	s3_put_fail(put, &err);
}

/* Ours, read a piece a turn of the loop; then as if it had been sent. */
static void
sum_ours(void *context)
{
	struct s3_put *put = context;
	struct err err = ERR_INIT;
	bool is_whole = false;

	if (s3_put_sum_more(put, &is_whole, &err))
		s3_put_fail(put, &err);
	else if (!is_whole)
		loop_post(aws_session_loop(put->bucket->session), &put->sum);
	else if (put->head.has_crc64)
		compare(put, put->head.bytes, put->head.crc64);
	else
		read_object(put);
}

static void
on_looked(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;
	struct err told = *err;

	put->has_looked = true;
	if (told.class == ERR_NONE)
		(void)s3_head_read(reply, &put->head, &told);
	if (reply->status == 404) {
		put->state = PUT_COLLECTING;
		s3_put_advance(put);
	} else if (told.class != ERR_NONE) {
		s3_put_fail(put, &told);
	} else if (put->options.existing == S3_PUT_TAKES) {
		take(put);
	} else if (put->options.existing == S3_PUT_REFUSES) {
		put->was_there = true;
		err_set(&told, ERR_CANT_CREATE, "%s: exists already", put->about);
		s3_put_fail(put, &told);
	} else if (put->head.bytes != put->bytes) {
		compare(put, put->head.bytes, put->head.crc64);
	} else {
		put->sum = (struct loop_task){ .run = sum_ours, .context = put };
		put->crc = 0;
		put->summed_bytes = 0;
		loop_post(aws_session_loop(put->bucket->session), &put->sum);
	}
}

static void
on_checked(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;
	struct err told = *err;

	put->head = (struct s3_head){ .bytes = 0 };
	if (told.class == ERR_NONE)
		(void)s3_head_read(reply, &put->head, &told);
	if (reply->status == 404) {
		try_again(put);
	} else if (told.class != ERR_NONE) {
		s3_put_fail(put, &told);
	} else if (put->options.existing == S3_PUT_TAKES) {
		take(put);
	} else if (put->head.has_crc64 || put->head.bytes != put->bytes) {
		compare(put, put->head.bytes, put->head.crc64);
	} else {
		read_object(put);
	}
}

/* "HeadObject": the checksum is told only where it is asked for. */
static void
ask_head(struct s3_put *put,
    void (*done)(void *context, const struct http_reply *, const struct err *))
{
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = { .patience_ms = put->options.patience_ms };
	struct err err = ERR_INIT;

	put_headers_add_usual(&headers, put);
	put_headers_add(&headers, "x-amz-checksum-mode", "ENABLED");
	buf_clear(&put->query);
	if (ask(put, PUT_CHECKING, "HEAD", &headers, done, request, &err))
		s3_put_fail(put, &err);
}

void
s3_put_check(struct s3_put *put)
{
	ask_head(put, on_checked);
}

void
s3_put_look(struct s3_put *put)
{
	ask_head(put, on_looked);
}

/* ---- the end, or another beginning ---- */

static void
begin_again(struct s3_put *put)
{
	put->is_restarting = false;
	put->slots_busy = 0;
	put->part_count = 0;
	put->sent_bytes = 0;
	put->crc = 0;
	buf_clear(&put->etags);
	buf_clear(&put->upload_id);
	if (put->options.read) {
		for (unsigned i = 0; i < put->options.parts_max; i++)
			put->slots[i].number = 0;
	}
	put->state = PUT_COLLECTING;
	s3_put_advance(put);
}

static void
end(struct s3_put *put)
{
	if (put->is_restarting) {
		begin_again(put);
		return;
	}
	put->state = PUT_ENDED;
	loop_post(aws_session_loop(put->bucket->session), &put->tell);
}

static void
abort_again(void *context)
{
	s3_put_settle(context);
}

/* "AbortMultipartUpload": parts in progress might succeed all the same, and then it must be aborted
 * again. What is left after that, or cannot be aborted now, is found by s3_abort_uploads. */
static void
on_aborted(void *context, const struct http_reply *reply, const struct err *err)
{
	struct s3_put *put = context;

	(void)reply;
	if (err->class == ERR_NONE && put->has_cut_parts) {
		put->has_cut_parts = false;
		put->again = (struct loop_timer){ .fire = abort_again, .context = put };
		loop_timer_set(aws_session_loop(put->bucket->session), &put->again,
		    clock_deadline(ABORT_AGAIN_MS));
		return;
	}
	end(put);
}

void
s3_put_settle(struct s3_put *put)
{
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = { .attempts_max = ABORT_ATTEMPTS_MAX };
	struct err ignored = ERR_INIT;

	put_headers_add_usual(&headers, put);
	if (!put->upload_id.len || name_upload(put, &ignored) ||
	    ask(put, PUT_ABORTING, "DELETE", &headers, on_aborted, request, &ignored))
		end(put);
}

/* Parts that came from memory are gone; the one request's bytes are still there. */
bool
s3_put_restart(struct s3_put *put)
{
	bool is_in_parts = put->bytes > put->options.part_bytes;

	if (put->restarts == RESTARTS_MAX || (is_in_parts && !put->options.read))
		return false;
	for (unsigned i = 0; i < put->options.parts_max; i++)
		s3_call_cancel(&put->slots[i].call);
	put->restarts++;
	put->is_restarting = true;
	s3_put_settle(put);
	return true;
}
