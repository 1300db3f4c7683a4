/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/verdicts.h"

#include <jansson.h>
#include <stdio.h>
#include <zlib.h>

#include "aws/json_error.h"
#include "codec/base64.h"
#include "kafka-to-dynamo/decimal.h"

enum { IDENTITY_BYTES_MAX = 8192 };

/* ---- what was not processed ---- */

/* The identity part of a key attribute, {"S":"x"}, in a reply. */
static int
append_key(const struct schema_key *key, json_t *attribute, struct buf *identity, struct buf *bare,
    struct err *err)
{
	json_t *value = json_object_get(attribute, attribute_type_name(key->type));
	struct slice text;
	struct decimal d;
	const char *reason;

	if (!json_is_string(value))
		return err_set(err, ERR_UNAVAILABLE, "no key %s", key->name);
	text = slice_make(json_string_value(value), json_string_length(value));
	buf_clear(bare);
	if (key->type == ATTRIBUTE_STRING)
		return item_append_identity(identity, text, err);
	if (key->type == ATTRIBUTE_BINARY) {
		if (base64_decode(text, bare, err))
			return -1;
	} else if (decimal_read(text, &d, &reason)) {
		return err_set(err, ERR_UNAVAILABLE, "key %s: %s", key->name, reason);
	} else if (decimal_append_canonical(&d, bare, err)) {
		return -1;
	}
	return item_append_identity(identity, buf_slice(bare), err);
}

/* The item's attributes, or its key's, in {"PutRequest":{"Item":{}}} or
 * {"DeleteRequest":{"Key":{}}}. */
static json_t *
attributes_of(json_t *request)
{
	json_t *item = json_object_get(json_object_get(request, "PutRequest"), "Item");

	return item ? item : json_object_get(json_object_get(request, "DeleteRequest"), "Key");
}

static int
identify(const struct schema *schema, json_t *request, struct buf *identity, struct buf *bare,
    struct err *err)
{
	json_t *attributes = attributes_of(request);

	buf_clear(identity);
	for (size_t i = 0; i < schema->key_count; i++) {
		const struct schema_key *key = &schema->keys[i];

		if (append_key(key, json_object_get(attributes, key->name), identity, bare, err))
			return -1;
	}
	return 0;
}

/* All records of that item: the one that was sent and those it stands for. */
static bool
mark(const struct verdicts_context *c, const struct service_item *const *items, size_t count,
    struct slice identity, struct service_verdict *verdicts)
{
	bool is_found = false;

	for (size_t i = 0; i < count; i++) {
		if (!slice_equal(c->identity(items[i]), identity))
			continue;
		verdicts[i].fate = SERVICE_THROTTLED;
		(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason), "not processed");
		is_found = true;
	}
	return is_found;
}

static int
mark_all(const struct verdicts_context *c, const struct service_item *const *items, size_t count,
    json_t *unprocessed, struct service_verdict *verdicts, struct err *err)
{
	struct buf identity = BUF_INIT(IDENTITY_BYTES_MAX), bare = BUF_INIT(IDENTITY_BYTES_MAX);
	const char *table;
	json_t *requests, *request;
	size_t i;
	int rc = -1;

	json_object_foreach(unprocessed, table, requests)
	{
		if (!json_is_array(requests)) {
			err_set(err, ERR_UNAVAILABLE, "not a list");
			goto out;
		}
		json_array_foreach(requests, i, request)
		{
			if (identify(c->schema, request, &identity, &bare, err))
				goto out;
			if (!mark(c, items, count, buf_slice(&identity), verdicts)) {
				err_set(err, ERR_UNAVAILABLE, "an item that was not sent");
				goto out;
			}
		}
	}
	rc = 0;
out:
	buf_release(&identity);
	buf_release(&bare);
	return rc;
}

/* ---- good replies ---- */

static enum service_outcome
again(struct err *err, const char *what)
{
	struct err why = *err;

	if (why.class == ERR_FAULT)
		return SERVICE_STOP;
	err_set(err, ERR_UNAVAILABLE, "%s%s%s", what, why.text[0] ? ": " : "", why.text);
	return SERVICE_AGAIN;
}

/* X-Amz-Crc32 is of the body as it was sent; where it is not there, nothing is promised (AWS SDK for Go v2,
 * service/dynamodb/internal/customizations, "Response checksum validation"). */
static bool
is_intact(const struct service_reply *reply)
{
	const char *told =
	    reply->header ? reply->header(reply->header_context, "x-amz-crc32") : NULL;
	char found[16];

	if (!told)
		return true;
	(void)snprintf(found, sizeof(found), "%lu",
	    crc32_z(0, (const unsigned char *)reply->body.data, reply->body.len));
	return strcmp(told, found) == 0;
}

/* "If there are no unprocessed items remaining, the response contains an empty UnprocessedItems
 * map" (API Reference, BatchWriteItem): what has none is not DynamoDB's answer. */
static enum service_outcome
read_success(const struct verdicts_context *c, const struct service_item *const *items,
    size_t count, const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	json_t *root = reply->body.len
	                   ? json_loadb(reply->body.data, reply->body.len, JSON_ALLOW_NUL, NULL)
	                   : NULL;
	json_t *unprocessed = json_object_get(root, "UnprocessedItems");
	enum service_outcome outcome = SERVICE_JUDGED;

	err_clear(err);
	memset(ret, 0, count * sizeof(*ret)); /* SERVICE_DONE */
	if (!json_is_object(root))
		outcome = again(err, "the reply is no JSON object");
	else if (c->is_batch && !json_is_object(unprocessed))
		outcome = again(err, "the reply has no UnprocessedItems");
	else if (c->is_batch && mark_all(c, items, count, unprocessed, ret, err))
		outcome = again(err, "UnprocessedItems");
	json_decref(root);
	return outcome;
}

/* ---- errors ---- */

enum meaning {
	MEANS_DONE,    /* what was asked for is not needed any more */
	MEANS_REFUSED, /* one of the items is at fault */
	MEANS_AGAIN,
	MEANS_MISSING, /* the table */
};

/* "Error handling with DynamoDB" (Developer Guide), and the errors of PutItem, UpdateItem,
 * DeleteItem and BatchWriteItem (API Reference). */
static const struct {
	const char *code;
	enum meaning meaning;
} meanings[] = {
	{ "ConditionalCheckFailedException", MEANS_DONE },
	{ "ValidationException", MEANS_REFUSED },
	{ "SerializationException", MEANS_REFUSED },
	{ "ItemCollectionSizeLimitExceededException", MEANS_REFUSED },
	{ "TransactionConflictException", MEANS_AGAIN },
	{ "ReplicatedWriteConflictException", MEANS_AGAIN },
	{ "ResourceNotFoundException", MEANS_MISSING },
};

static enum service_outcome
refuse(size_t count, const char *text, struct service_verdict *ret, struct err *err)
{
	if (count > 1) {
		err_set(err, ERR_DATA, "%s", text);
		return SERVICE_SPLIT;
	}
	ret[0].fate = SERVICE_REFUSED;
	(void)snprintf(
	    ret[0].reason, sizeof(ret[0].reason), "%.*s", SERVICE_REASON_BYTES - 1, text);
	return SERVICE_JUDGED;
}

static enum service_outcome
by_meaning(const struct verdicts_context *c, enum meaning meaning, size_t count, const char *text,
    struct service_verdict *ret, struct err *err)
{
	switch (meaning) {
	case MEANS_DONE:
		memset(ret, 0, count * sizeof(*ret));
		*c->superseded += (int64_t)count;
		return SERVICE_JUDGED;
	case MEANS_REFUSED:
		return refuse(count, text, ret, err);
	case MEANS_AGAIN:
		err_set(err, ERR_UNAVAILABLE, "%s", text);
		return SERVICE_AGAIN;
	case MEANS_MISSING:
		break;
	}
	err_set(err, ERR_NO_INPUT, "%s", text);
	return SERVICE_STOP;
}

static enum service_outcome
read_failure(const struct verdicts_context *c, size_t count, const struct service_reply *reply,
    struct service_verdict *ret, struct err *err)
{
	const char *type =
	    reply->header ? reply->header(reply->header_context, "x-amzn-errortype") : NULL;
	struct aws_json_error error;
	char text[AWS_JSON_TEXT_BYTES];

	aws_json_error_read(reply->status, slice_of(type), reply->body, &error);
	(void)aws_json_error_text(&error, text);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (aws_json_error_is(&error, meanings[i].code))
			return by_meaning(c, meanings[i].meaning, count, text, ret, err);
	}
	if (reply->status == 413)
		return refuse(count, text, ret, err);
	err_set(err, aws_json_error_class(&error), "%s", text);
	if (error.kind == AWS_JSON_THROTTLED)
		return SERVICE_SLOWER;
	/* an error without a code is somebody else's, or has lost its end */
	if (error.kind == AWS_JSON_UNAVAILABLE || (error.kind == AWS_JSON_OTHER && !error.code[0]))
		return SERVICE_AGAIN;
	return SERVICE_STOP;
}

enum service_outcome
verdicts_read(const struct verdicts_context *c, const struct service_item *const *items,
    size_t count, const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	if (!is_intact(reply)) {
		err_clear(err);
		return again(err, "the reply is not what its checksum says");
	}
	if (reply->status >= 200 && reply->status < 300)
		return read_success(c, items, count, reply, ret, err);
	return read_failure(c, count, reply, ret, err);
}
