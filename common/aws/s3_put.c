/* SPDX-License-Identifier: MIT */
#include "aws/s3_put_state.h"

#include <inttypes.h>
#include <stdlib.h>

/* "Amazon S3 multipart upload limits" (Amazon S3 User Guide) */
#define PART_BYTES_MAX ((int64_t)5 * 1024 * 1024 * 1024)

enum {
	/* So many parts have the same size. */
	PARTS_ALIKE = 1000,
	/* The first bytes of a part that is written get so much, which doubles. */
	DATA_BYTES_MIN = 64 * 1024,
	UPLOAD_ID_BYTES_MAX = 3 * 2048, /* encoded; s3_xml.h */
	QUERY_BYTES_MAX = UPLOAD_ID_BYTES_MAX + 64,
	ETAG_BYTES_MAX = 1024,
	ETAGS_BYTES_MAX = 4 * 1024 * 1024,
	BODY_BYTES_MAX = 8 * 1024 * 1024,
};

int64_t
s3_part_bytes(int64_t part_bytes, unsigned number)
{
	if (!number || number > S3_PARTS_MAX)
		return 0;
	part_bytes <<= (number - 1) / PARTS_ALIKE;
	return part_bytes < PART_BYTES_MAX ? part_bytes : PART_BYTES_MAX;
}

/* ---- the life of one ---- */

static void
tell(void *context)
{
	struct s3_put *put = context;
	struct s3_put_result result = {
		.etag = buf_slice(&put->etag),
		.crc64 = put->crc,
		.bytes = put->bytes,
		.parts = put->bytes > put->options.part_bytes ? put->part_count : 0,
		.was_there = put->was_there,
	};

	put->options.done(put->options.context, &result, &put->err);
}

static int
set_options(struct s3_put *put, const struct s3_put_options *options, struct err *err)
{
	struct s3_put_options *o = &put->options;
	unsigned parts_min = options->read ? 1 : 2;

	*o = *options;
	if (!o->part_bytes)
		o->part_bytes = S3_PART_BYTES_USUAL;
	if (!o->parts_max)
		o->parts_max = S3_PARTS_AT_ONCE_USUAL;
	if (o->part_bytes < S3_PART_BYTES_MIN || o->part_bytes > S3_PART_BYTES_MAX)
		return err_set(err, ERR_USAGE, "a part has %d to %d bytes", S3_PART_BYTES_MIN,
		    S3_PART_BYTES_MAX);
	if (o->parts_max < parts_min || o->parts_max > S3_PARTS_AT_ONCE_MAX)
		return err_set(err, ERR_USAGE, "from %u to %d parts are sent at once", parts_min,
		    S3_PARTS_AT_ONCE_MAX);
	if (!options->read)
		o->looks_first = false;
	if (options->style)
		put->style = *options->style;
	return 0;
}

static int
copy_key(struct s3_put *put, struct slice key, struct err *err)
{
	char about[S3_ABOUT_BYTES];

	s3_about(put->bucket, key, about);
	put->about = strdup(about);
	put->key = strndup(key.data ? key.data : "", key.len);
	put->slots = calloc(put->options.parts_max, sizeof(*put->slots));
	if (!put->about || !put->key || !put->slots)
		return err_no_memory(err);
	put->options.key = slice_make(put->key, key.len);
	if (put->options.if_match.len) {
		put->if_match = strndup(put->options.if_match.data, put->options.if_match.len);
		if (!put->if_match)
			return err_no_memory(err);
	}
	for (unsigned i = 0; i < put->options.parts_max; i++) {
		put->slots[i].put = put;
		buf_init(&put->slots[i].query, QUERY_BYTES_MAX);
	}
	return 0;
}

struct s3_put *
s3_put_start(struct s3_bucket *bucket, const struct s3_put_options *options, struct err *err)
{
	struct s3_put *put = calloc(1, sizeof(*put));

	if (!put) {
		err_no_memory(err);
		return NULL;
	}
	put->bucket = bucket;
	put->tell = (struct loop_task){ .run = tell, .context = put };
	buf_init(&put->etags, ETAGS_BYTES_MAX);
	buf_init(&put->upload_id, UPLOAD_ID_BYTES_MAX);
	buf_init(&put->query, QUERY_BYTES_MAX);
	buf_init(&put->body, BODY_BYTES_MAX);
	buf_init(&put->etag, ETAG_BYTES_MAX);
	if (set_options(put, options, err) || copy_key(put, options->key, err)) {
		s3_put_free(put);
		return NULL;
	}
	return put;
}

void
s3_put_free(struct s3_put *put)
{
	if (!put)
		return;
	s3_call_cancel(&put->control);
	loop_unpost(aws_session_loop(put->bucket->session), &put->tell);
	loop_unpost(aws_session_loop(put->bucket->session), &put->sum);
	loop_timer_clear(aws_session_loop(put->bucket->session), &put->again);
	for (unsigned i = 0; put->slots && i < put->options.parts_max; i++) {
		s3_call_cancel(&put->slots[i].call);
		buf_release(&put->slots[i].query);
		free(put->slots[i].data);
	}
	free(put->slots);
	free(put->parts);
	buf_release(&put->etags);
	buf_release(&put->upload_id);
	buf_release(&put->query);
	buf_release(&put->body);
	buf_release(&put->etag);
	free(put->about);
	free(put->if_match);
	free(put->key);
	free(put);
}

size_t
s3_put_memory(const struct s3_put *put)
{
	size_t bytes = sizeof(*put) + put->options.parts_max * sizeof(*put->slots) +
	               put->part_capacity * sizeof(*put->parts) + put->etags.capacity +
	               put->body.capacity;

	for (unsigned i = 0; i < put->options.parts_max; i++)
		bytes += put->slots[i].capacity;
	return bytes;
}

/* ---- what is done next ---- */

/* 0: the next part is not whole yet. */
static int64_t
next_part_bytes(const struct s3_put *put)
{
	int64_t full = s3_part_bytes(put->options.part_bytes, put->part_count + 1);
	int64_t left = put->bytes - put->sent_bytes;

	if (left >= full)
		return full;
	return put->is_whole ? left : 0;
}

/* Whether one request will do is known once it is whole, or larger than that. */
static void
choose(struct s3_put *put)
{
	if (put->options.looks_first && !put->has_looked) {
		if (put->is_whole)
			s3_put_look(put);
	} else if (put->bytes > put->options.part_bytes) {
		s3_put_begin_upload(put);
	} else if (put->is_whole) {
		put->state = PUT_SENDING;
		s3_put_send(put, put->bytes);
	}
}

static bool
can_send(const struct s3_put *put)
{
	return put->state == PUT_SENDING && next_part_bytes(put) > 0 &&
	       put->slots_busy < put->options.parts_max;
}

void
s3_put_advance(struct s3_put *put)
{
	if (put->state == PUT_COLLECTING)
		choose(put);
	if (put->state != PUT_SENDING || !put->upload_id.len)
		return;
	while (can_send(put))
		s3_put_send(put, next_part_bytes(put));
	if (put->state == PUT_SENDING && put->is_whole && put->sent_bytes == put->bytes &&
	    !put->slots_busy)
		s3_put_complete(put);
}

static bool
is_over(const struct s3_put *put)
{
	return put->err.class != ERR_NONE || put->state == PUT_ENDED;
}

void
s3_put_fail(struct s3_put *put, const struct err *err)
{
	if (is_over(put))
		return;
	put->err = *err;
	put->is_restarting = false;
	/* of a bucket: there is no other input */
	if (put->err.class == ERR_NO_INPUT)
		put->err.class = ERR_CANT_CREATE;
	for (unsigned i = 0; i < put->options.parts_max; i++) {
		put->has_cut_parts |= s3_call_is_under_way(&put->slots[i].call);
		s3_call_cancel(&put->slots[i].call);
	}
	if (put->state == PUT_ABORTING)
		return;
	if (put->state == PUT_BEGINNING && s3_call_is_under_way(&put->control)) {
		/* what it begins must be aborted, so its reply is waited for */
		put->control.request.patience_ms = 0;
		return;
	}
	s3_call_cancel(&put->control);
	loop_unpost(aws_session_loop(put->bucket->session), &put->sum);
	s3_put_settle(put);
}

void
s3_put_cancel(struct s3_put *put)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_STOPPED, "%s: given up", put->about);
	s3_put_fail(put, &err);
}

/* ---- what is to be put ---- */

/* False, and it has failed, where there are more bytes than parts can hold. */
static bool
add_bytes(struct s3_put *put, int64_t bytes)
{
	int64_t max = 0;
	struct err err = ERR_INIT;

	for (int i = 0; i < S3_PARTS_MAX; i += PARTS_ALIKE)
		max += PARTS_ALIKE * s3_part_bytes(put->options.part_bytes, (unsigned)i + 1);
	if (bytes <= max - put->bytes) {
		put->bytes += bytes;
		return true;
	}
	err_set(&err, ERR_CANT_CREATE, "%s: it has more than %" PRId64 " bytes", put->about, max);
	s3_put_fail(put, &err);
	return false;
}

void
s3_put_extend(struct s3_put *put, int64_t bytes)
{
	if (!is_over(put) && bytes > put->bytes && add_bytes(put, bytes - put->bytes))
		s3_put_advance(put);
}

void
s3_put_end(struct s3_put *put)
{
	put->is_whole = true;
	if (!is_over(put))
		s3_put_advance(put);
}

/* The slot that the next byte goes to; NULL: all are full and under way. */
static struct put_slot *
slot_to_fill(struct s3_put *put)
{
	struct put_slot *slot = put->filling;
	unsigned number = 1;

	if (slot && slot->bytes < s3_part_bytes(put->options.part_bytes, slot->number))
		return slot;
	if (slot)
		number = slot->number + 1;
	else if (put->part_count)
		number = put->part_count + 1;
	slot = s3_put_free_slot(put);
	if (!slot)
		return NULL;
	slot->number = number;
	slot->bytes = 0;
	put->filling = slot;
	return slot;
}

static int
reserve(struct put_slot *slot, size_t bytes, struct err *err)
{
	size_t full = (size_t)s3_part_bytes(slot->put->options.part_bytes, slot->number);
	size_t capacity = slot->capacity ? slot->capacity : DATA_BYTES_MIN;
	char *data;

	while (capacity < bytes)
		capacity *= 2;
	if (capacity > full)
		capacity = full;
	if (capacity <= slot->capacity)
		return 0;
	data = realloc(slot->data, capacity);
	if (!data)
		return err_no_memory(err);
	slot->data = data;
	slot->capacity = capacity;
	return 0;
}

int
s3_put_write(struct s3_put *put, struct slice bytes, size_t *ret_taken, struct err *err)
{
	struct put_slot *slot;
	size_t taken = 0;

	while (taken < bytes.len && !is_over(put) && (slot = slot_to_fill(put))) {
		int64_t full = s3_part_bytes(put->options.part_bytes, slot->number);
		size_t n = bytes.len - taken;

		if ((int64_t)n > full - slot->bytes)
			n = (size_t)(full - slot->bytes);
		if (reserve(slot, (size_t)slot->bytes + n, err))
			return -1;
		if (!add_bytes(put, (int64_t)n))
			break;
		memcpy(slot->data + slot->bytes, bytes.data + taken, n);
		slot->bytes += (int64_t)n;
		taken += n;
		s3_put_advance(put);
	}
	*ret_taken = is_over(put) ? bytes.len : taken;
	return 0;
}
