/* SPDX-License-Identifier: MIT */
/* Sending: parts, or the one request. */
#include "aws/s3_put_state.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { READ_BYTES = 64 * 1024 };

struct put_slot *
s3_put_free_slot(struct s3_put *put)
{
	for (unsigned i = 0; i < put->options.parts_max; i++) {
		if (!put->slots[i].number)
			return &put->slots[i];
	}
	return NULL;
}

/* ---- what they hold ---- */

static int
read_part(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	struct put_slot *slot = context;
	struct s3_put *put = slot->put;

	return put->options.read(put->options.context, slot->offset + offset, data, bytes, err);
}

static int
sum_piece(struct put_slot *slot, EVP_MD_CTX *digest, int64_t at, char *data, struct err *err)
{
	size_t n = READ_BYTES;

	if ((int64_t)n > slot->bytes - at)
		n = (size_t)(slot->bytes - at);
	if (read_part(slot, at, data, n, err))
		return -1;
	slot->crc = crc64_add(&slot->put->bucket->crc64, slot->crc, slice_make(data, n));
	return EVP_DigestUpdate(digest, data, n) ? 0 : err_set(err, ERR_FAULT, "SHA-256");
}

/* Of a part that is read: both sums at one go. */
static int
sum_source(struct put_slot *slot, struct err *err)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char hash[EVP_MAX_MD_SIZE];
	char *data = malloc(READ_BYTES);
	int rc = -1;

	if (!digest || !data || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) {
		err_no_memory(err);
		goto out;
	}
	for (int64_t at = 0; at < slot->bytes; at += READ_BYTES) {
		if (sum_piece(slot, digest, at, data, err))
			goto out;
	}
	if (!EVP_DigestFinal_ex(digest, hash, NULL)) {
		err_set(err, ERR_FAULT, "SHA-256");
		goto out;
	}
	for (int i = 0; i < SIGV4_HASH_BYTES / 2; i++) {
		slot->sha256[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		slot->sha256[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	slot->sha256[SIGV4_HASH_BYTES - 1] = '\0';
	rc = 0;
out:
	EVP_MD_CTX_free(digest);
	free(data);
	return rc;
}

static int
sum(struct put_slot *slot, struct err *err)
{
	struct s3_put *put = slot->put;

	slot->crc = 0;
	if (!put->options.read)
		slot->crc = crc64_add(&put->bucket->crc64, 0,
		    slice_make(slot->data, (size_t)slot->bytes));
	else if (sum_source(slot, err))
		return err_wrap(err, "%s", put->about);
	crc64_text(slot->crc, slot->crc_text);
	return 0;
}

int
s3_put_sum_more(struct s3_put *put, bool *ret_is_whole, struct err *err)
{
	int64_t left = put->bytes - put->summed_bytes;
	size_t n = left < READ_BYTES ? (size_t)left : READ_BYTES;
	char *data = malloc(READ_BYTES);
	int rc = -1;

	if (!data)
		return err_no_memory(err);
	if (n && put->options.read(put->options.context, put->summed_bytes, data, n, err)) {
		err_wrap(err, "%s", put->about);
		goto out;
	}
	put->crc = crc64_add(&put->bucket->crc64, put->crc, slice_make(data, n));
	put->summed_bytes += (int64_t)n;
	*ret_is_whole = put->summed_bytes == put->bytes;
	rc = 0;
out:
	free(data);
	return rc;
}

/* ---- requests ---- */

/* "How to prevent object overwrites with conditional writes" (Amazon S3 User Guide), If-Match: 412 where the
 * object is another, 409 where it becomes one meanwhile, 404 where it is gone. */
static bool
has_changed(const struct s3_put *put, const char *code)
{
	return put->if_match && (!strcmp(code, "PreconditionFailed") || !strcmp(code, "NoSuchKey") ||
	                            !strcmp(code, "ConditionalRequestConflict"));
}

static void
tell_changed(struct s3_put *put)
{
	struct err err = ERR_INIT;

	put->was_there = true;
	err_set(&err, ERR_CANT_CREATE, "%s: it was changed meanwhile", put->about);
	s3_put_fail(put, &err);
}

/* The one request must not end here: its bytes may be wanted again. */
static void
on_object_sent(struct s3_put *put, struct put_slot *slot, const struct http_reply *reply,
    const struct err *err)
{
	struct err no_room;
	struct slice etag = http_reply_header(reply, "ETag");

	if (err->class == ERR_NONE) {
		/* one that is too long is not told */
		if (buf_append(&put->etag, etag, &no_room))
			buf_clear(&put->etag);
		s3_put_settle(put);
	} else if (put->options.is_create_only && !strcmp(slot->call.code, "PreconditionFailed")) {
		s3_put_check(put);
	} else if (has_changed(put, slot->call.code)) {
		tell_changed(put);
	} else {
		s3_put_fail(put, err);
	}
}

static int
keep_part(struct s3_put *put, struct put_slot *slot, struct slice etag, struct err *err)
{
	struct put_part *part = &put->parts[slot->number - 1];

	if (!etag.len)
		return err_set(err, ERR_UNAVAILABLE, "%s: part %u: the reply has no entity tag",
		    put->about, slot->number);
	*part = (struct put_part){ put->etags.len, etag.len, slot->crc, true };
	return buf_append(&put->etags, etag, err);
}

static void
on_part_sent(struct s3_put *put, struct put_slot *slot, const struct http_reply *reply,
    const struct err *err)
{
	struct err told = *err;

	if (!strcmp(slot->call.code, "NoSuchUpload")) {
		buf_clear(&put->upload_id);
		if (s3_put_restart(put))
			return;
		err_set(&told, ERR_UNAVAILABLE, "%s: the upload was aborted by somebody else",
		    put->about);
	}
	if (told.class == ERR_NONE)
		(void)keep_part(put, slot, http_reply_header(reply, "ETag"), &told);
	slot->number = 0;
	if (told.class == ERR_NONE)
		s3_put_advance(put);
	else
		s3_put_fail(put, &told);
}

static void
on_sent(void *context, const struct http_reply *reply, const struct err *err)
{
	struct put_slot *slot = context;
	struct s3_put *put = slot->put;

	put->slots_busy--;
	slot->is_sent = false;
	if (put->upload_id.len)
		on_part_sent(put, slot, reply, err);
	else
		on_object_sent(put, slot, reply, err);
}

static int
start(struct put_slot *slot, struct err *err)
{
	struct s3_put *put = slot->put;
	struct put_headers headers = { .count = 0 };
	struct s3_call_request request = {
		.method = "PUT",
		.key = put->options.key,
		.about = put->about,
		.patience_ms = put->options.patience_ms,
		.context = slot,
		.done = on_sent,
	};

	buf_clear(&slot->query);
	if (put->upload_id.len) {
		if (buf_appendf(&slot->query, err, "partNumber=%u&uploadId=%.*s", slot->number,
			SLICE_ARGS(buf_slice(&put->upload_id))))
			return -1;
	} else {
		put_headers_add_style(&headers, put);
		if (put->options.is_create_only)
			put_headers_add(&headers, "If-None-Match", "*");
		put_headers_add(&headers, "If-Match", put->if_match);
	}
	request.is_conflict_final = put->if_match;
	put_headers_add_usual(&headers, put);
	if (!put->options.has_no_checksum)
		put_headers_add(&headers, "x-amz-checksum-crc64nvme", slot->crc_text);
	memcpy(slot->headers, headers.of, sizeof(slot->headers));
	request.query = buf_slice(&slot->query);
	request.headers = slot->headers;
	request.header_count = headers.count;
	if (put->options.read)
		request.source =
		    (struct http_source){ slot, read_part, slot->bytes, slot->sha256 };
	else
		request.body = slice_make(slot->data, (size_t)slot->bytes);
	return s3_call_start(&slot->call, put->bucket, &request, err);
}

/* Room for what completing wants to know. */
static int
reserve_part(struct s3_put *put, struct err *err)
{
	size_t capacity = put->part_capacity ? 2 * put->part_capacity : 16;
	struct put_part *parts;

	if (put->part_count < put->part_capacity)
		return 0;
	parts = realloc(put->parts, capacity * sizeof(*parts));
	if (!parts)
		return err_no_memory(err);
	put->parts = parts;
	put->part_capacity = capacity;
	return 0;
}

/* The slot that holds the next part, where it was written; else a free one. */
static struct put_slot *
next_slot(struct s3_put *put)
{
	for (unsigned i = 0; i < put->options.parts_max; i++) {
		if (put->slots[i].number == put->part_count + 1 && !put->slots[i].is_sent)
			return &put->slots[i];
	}
	return s3_put_free_slot(put);
}

void
s3_put_send(struct s3_put *put, int64_t bytes)
{
	struct put_slot *slot = next_slot(put);
	struct err err = ERR_INIT;

	if (put->filling == slot)
		put->filling = NULL;
	if (reserve_part(put, &err))
		goto fail;
	slot->number = ++put->part_count;
	slot->offset = put->sent_bytes;
	slot->bytes = bytes;
	if (sum(slot, &err))
		goto fail;
	put->crc = crc64_join(put->crc, slot->crc, (uint64_t)bytes);
	put->sent_bytes += bytes;
	if (start(slot, &err))
		goto fail;
	slot->is_sent = true;
	put->slots_busy++;
	return;
fail:
	s3_put_fail(put, &err);
}
