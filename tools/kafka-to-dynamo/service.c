/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/service.h"

#include <assert.h>
#include <stdlib.h>

#include "kafka-to-dynamo/expression.h"
#include "kafka-to-dynamo/verdicts.h"

enum {
	NOTE_BYTES_MAX = 64 * 1024 * 1024,
	/* {"RequestItems":{"TABLE":[]}} around the items of a batch */
	FRAME_BYTES = 64,
	CALLS_MAX = 4,
};

/* What a record is sent as. The first byte of its note. */
enum call { CALL_BATCH, CALL_PUT, CALL_UPDATE, CALL_DELETE };

/* "DynamoDB low-level API" (Developer Guide). */
static const char *const targets[CALLS_MAX] = {
	[CALL_BATCH] = "DynamoDB_20120810.BatchWriteItem",
	[CALL_PUT] = "DynamoDB_20120810.PutItem",
	[CALL_UPDATE] = "DynamoDB_20120810.UpdateItem",
	[CALL_DELETE] = "DynamoDB_20120810.DeleteItem",
};

struct dynamo {
	struct service service;
	struct dynamo_options options;
	struct item_maker *maker;
	struct buf note;
	bool is_batch;
	int64_t superseded;
};

/* ---- notes: call, length of the identity, identity, text ---- */

enum { NOTE_HEAD_BYTES = 1 + sizeof(uint32_t) };

static int
open_note(struct dynamo *d, enum call call, struct slice identity, struct err *err)
{
	char head[NOTE_HEAD_BYTES] = { (char)call };
	uint32_t len = (uint32_t)identity.len;

	memcpy(head + 1, &len, sizeof(len));
	buf_clear(&d->note);
	return buf_append(&d->note, slice_make(head, sizeof(head)), err) ||
	               buf_append(&d->note, identity, err)
	           ? -1
	           : 0;
}

static enum call
note_call(const struct service_item *item)
{
	return (enum call)item->note.data[0];
}

static struct slice
note_identity(const struct service_item *item)
{
	uint32_t len;

	assert(item->note.len >= NOTE_HEAD_BYTES);
	memcpy(&len, item->note.data + 1, sizeof(len));
	return slice_make(item->note.data + NOTE_HEAD_BYTES, len);
}

static struct slice
note_text(const struct service_item *item)
{
	return slice_skip(item->note, NOTE_HEAD_BYTES + note_identity(item).len);
}

/* ---- stage ---- */

static int
append_request(struct dynamo *d, const char *open, struct slice text, struct err *err)
{
	return buf_append_text(&d->note, open, err) || buf_append(&d->note, text, err) ||
	               buf_append_text(&d->note, "}}", err)
	           ? -1
	           : 0;
}

static int
write_note(struct dynamo *d, const struct record *record, const struct item *item, bool is_delete,
    struct err *err)
{
	const struct expression_condition condition = { d->options.items->offset_name,
		record->offset };
	const char *table = d->options.table;
	enum call call = d->is_batch                      ? CALL_BATCH
	                 : is_delete                      ? CALL_DELETE
	                 : d->options.op == DYNAMO_UPDATE ? CALL_UPDATE
	                                                  : CALL_PUT;

	if (open_note(d, call, item->identity, err))
		return -1;
	switch (call) {
	case CALL_PUT:
		return expression_append_put(&d->note, table, item, &condition, err);
	case CALL_UPDATE:
		return expression_append_update(&d->note, table, item, &condition, err);
	case CALL_DELETE:
		return expression_append_delete(&d->note, table, item, &condition, err);
	case CALL_BATCH:
		break;
	}
	return is_delete ? append_request(d, "{\"DeleteRequest\":{\"Key\":", item->key, err)
	                 : append_request(d, "{\"PutRequest\":{\"Item\":", item->text, err);
}

static enum service_stage
dynamo_stage(
    struct service *s, const struct record *record, struct service_staged *ret, struct err *err)
{
	struct dynamo *d = (struct dynamo *)s;
	bool is_delete = d->options.op == DYNAMO_DELETE || !record->has_value;
	struct item item;
	char reason[ERR_TEXT_BYTES];

	if (d->options.items->offset_name && !record->has_offset) {
		record_reject(record, -1, "an envelope without an offset (--condition-offset)", err);
		return SERVICE_REJECTED;
	}
	if (is_delete ? item_make_key(d->maker, record, &item, err)
		      : item_make(d->maker, record, &item, err))
		return err->class == ERR_DATA ? SERVICE_REJECTED : SERVICE_FAILED;
	if (write_note(d, record, &item, is_delete, err)) {
		if (err->class != ERR_DATA)
			return SERVICE_FAILED;
		memcpy(reason, err->text, sizeof(reason));
		record_reject(record, -1, reason, err);
		return SERVICE_REJECTED;
	}
	*ret = (struct service_staged){ .lane = service_lane(item.identity),
		.bytes = d->note.len - NOTE_HEAD_BYTES - item.identity.len + 1,
		.note = buf_slice(&d->note) };
	return SERVICE_SEND;
}

/* ---- request ---- */

static bool
is_same_item(const struct service_item *a, const struct service_item *b)
{
	return a->lane == b->lane && slice_equal(note_identity(a), note_identity(b));
}

/* A later record of the same item is in the request too. */
static bool
is_superseded(const struct service_item *const *items, size_t count, size_t i)
{
	for (size_t k = i + 1; k < count; k++) {
		if (is_same_item(items[i], items[k]))
			return true;
	}
	return false;
}

static int
append_batch(struct dynamo *d, const struct service_item *const *items, size_t count,
    struct buf *body, struct err *err)
{
	size_t sent = 0;

	if (buf_append_text(body, "{\"RequestItems\":{", err) ||
	    json_string_append(body, slice_of(d->options.table), err) ||
	    buf_append_text(body, ":[", err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (is_superseded(items, count, i))
			continue;
		if ((sent++ && buf_append_char(body, ',', err)) ||
		    buf_append(body, note_text(items[i]), err))
			return -1;
	}
	return buf_append_text(body, "]}}", err);
}

static int
dynamo_request(struct service *s, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *err)
{
	struct dynamo *d = (struct dynamo *)s;
	enum call call = note_call(items[0]);
	size_t most = call == CALL_BATCH ? DYNAMO_BATCH_ITEMS_MAX : 1;
	int rc;

	*ret_count = count < most ? count : most;
	ret->method = "POST";
	ret->headers[0] = (struct service_header){ "Content-Type", "application/x-amz-json-1.0" };
	ret->headers[1] = (struct service_header){ "X-Amz-Target", targets[call] };
	ret->header_count = 2;
	if (buf_append_char(&ret->path, '/', err))
		return -1;
	if (call == CALL_BATCH)
		rc = append_batch(d, items, *ret_count, &ret->body, err);
	else
		rc = buf_append(&ret->body, note_text(items[0]), err);
	return rc;
}

/* ---- verdicts ---- */

static enum service_outcome
dynamo_verdicts(struct service *s, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	struct dynamo *d = (struct dynamo *)s;
	const struct verdicts_context context = { .schema = d->options.schema,
		.identity = note_identity,
		.is_batch = d->is_batch,
		.superseded = &d->superseded };

	return verdicts_read(&context, items, count, reply, ret, err);
}

/* ---- the service ---- */

static void
dynamo_free(struct service *s)
{
	struct dynamo *d = (struct dynamo *)s;

	item_maker_free(d->maker);
	buf_release(&d->note);
	free(d);
}

static const struct service_ops ops = {
	.stage = dynamo_stage,
	.request = dynamo_request,
	.verdicts = dynamo_verdicts,
	.free = dynamo_free,
};

struct service *
dynamo_service_new(const struct dynamo_options *options, struct err *err)
{
	struct dynamo *d = calloc(1, sizeof(*d));

	if (!d) {
		err_no_memory(err);
		return NULL;
	}
	d->options = *options;
	d->is_batch = options->op != DYNAMO_UPDATE && !options->items->offset_name;
	d->service = (struct service){ .ops = &ops,
		.count_max = d->is_batch ? DYNAMO_BATCH_ITEMS_MAX : 1,
		.bytes_max = DYNAMO_BATCH_BYTES_MAX - FRAME_BYTES - 2 * strlen(options->table) };
	buf_init(&d->note, NOTE_BYTES_MAX);
	return &d->service;
}

int
dynamo_service_begin(struct service *s, struct err *err)
{
	struct dynamo *d = (struct dynamo *)s;

	assert(!d->maker);
	d->maker = item_maker_new(d->options.items, d->options.schema, err);
	return d->maker ? 0 : -1;
}

int64_t
dynamo_service_superseded(const struct service *s)
{
	return ((const struct dynamo *)s)->superseded;
}
