/* SPDX-License-Identifier: MIT */
/* What a table says of itself, and is told to be (Amazon DynamoDB API Reference: DescribeTable,
 * CreateTable, TableDescription). */
#include <jansson.h>
#include <stdio.h>

#include "kafka-to-dynamo/table.h"

enum { TABLE_BARE_BYTES_MIN = 3, TABLE_BARE_BYTES_MAX = 255 };

static const char *const key_types[SCHEMA_KEYS] = { "HASH", "RANGE" };

static bool
is_letter_of_names(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Developer Guide, "Supported data types and naming rules in Amazon DynamoDB", Naming rules. */
static int
check_bare_name(struct slice name, struct err *err)
{
	int shown = (int)(name.len < TABLE_BARE_BYTES_MAX ? name.len : TABLE_BARE_BYTES_MAX);
	size_t good = 0;

	while (good < name.len && is_letter_of_names(name.data[good]))
		good++;
	if (good < name.len)
		return err_set(err, ERR_USAGE,
		    "not the name of a table: \"%.*s\": it may have a to z, A to Z, 0 to 9, '_', '-' "
		    "and '.', and nothing else",
		    shown, name.data);
	if (name.len < TABLE_BARE_BYTES_MIN || name.len > TABLE_BARE_BYTES_MAX)
		return err_set(err, ERR_USAGE,
		    "not the name of a table: \"%.*s\": it has %zu character%s, DynamoDB wants %d to %d",
		    shown, name.data ? name.data : "", name.len, name.len == 1 ? "" : "s",
		    TABLE_BARE_BYTES_MIN, TABLE_BARE_BYTES_MAX);
	return 0;
}

/* arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME (Service Authorization Reference, "Actions, resources,
 * and condition keys for Amazon DynamoDB"). */
static bool
is_arn(struct slice arn, struct slice *ret_name)
{
	struct slice part, rest;

	slice_cut(arn, ':', &part, &rest); /* arn */
	slice_cut(rest, ':', &part, &rest);
	if (!part.len)
		return false;
	slice_cut(rest, ':', &part, &rest);
	if (!slice_is(part, "dynamodb"))
		return false;
	slice_cut(rest, ':', &part, &rest);
	if (!part.len)
		return false;
	slice_cut(rest, ':', &part, &rest);
	if (!part.len || !slice_starts(rest, "table/") || arn.len >= TABLE_NAME_BYTES)
		return false;
	*ret_name = slice_skip(rest, sizeof("table/") - 1);
	return true;
}

int
table_check_name(const char *name, struct err *err)
{
	struct slice text = slice_of(name), bare = text;
	bool has_arn = slice_starts(text, "arn:");

	if (has_arn && !is_arn(text, &bare))
		return err_set(err, ERR_USAGE,
		    "not the ARN of a table: %s (arn:aws:dynamodb:REGION:ACCOUNT:table/NAME)", name);
	if (!check_bare_name(bare, err))
		return 0;
	return has_arn ? err_wrap(err, "%s", name) : -1;
}

static int
set_key(struct schema *schema, size_t at, struct slice name, struct slice type, struct err *err)
{
	struct schema_key *key = &schema->keys[at];

	if (!name.len || name.len >= sizeof(key->name))
		return err_set(err, ERR_USAGE, "\"%.*s\" is no name of a key attribute",
		    (int)(name.len < 64 ? name.len : 64), name.data ? name.data : "");
	if (attribute_type_parse(type, &key->type, err) || key->type > ATTRIBUTE_BINARY)
		return err_set(err, ERR_USAGE, "key attribute %.*s: \"%.*s\" is none of S, N, B",
		    SLICE_ARGS(name), SLICE_ARGS(type));
	memcpy(key->name, name.data, name.len);
	key->name[name.len] = '\0';
	return 0;
}

int
table_parse_keys(const char *text, struct schema *ret, struct err *err)
{
	struct schema schema = { .key_count = 0 };
	struct slice rest = slice_of(text), key, type;
	bool has_more;

	do {
		has_more = slice_cut(rest, ',', &key, &rest);
		if (schema.key_count == SCHEMA_KEYS || !slice_cut(key, ':', &key, &type))
			return err_set(
			    err, ERR_USAGE, "\"%s\" is not HASH:TYPE[,RANGE:TYPE]", text);
		if (set_key(&schema, schema.key_count++, key, type, err))
			return -1;
	} while (has_more);
	if (schema.key_count == SCHEMA_KEYS && !strcmp(schema.keys[0].name, schema.keys[1].name))
		return err_set(err, ERR_USAGE, "\"%s\" names one attribute twice", text);
	*ret = schema;
	return 0;
}

/* ---- DescribeTable ---- */

static struct slice
text_of(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return slice_make(NULL, 0);
	return slice_make(json_string_value(value), json_string_length(value));
}

/* The member `want` of the element whose `name` is `value`. */
static struct slice
look_up(json_t *list, const char *name, struct slice value, const char *want)
{
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element)
	{
		if (slice_equal(text_of(element, name), value))
			return text_of(element, want);
	}
	return slice_make(NULL, 0);
}

static int
read_schema(json_t *table, struct schema *ret, struct err *err)
{
	json_t *keys = json_object_get(table, "KeySchema");
	json_t *types = json_object_get(table, "AttributeDefinitions");
	struct schema schema = { .key_count = json_array_size(keys) };

	if (schema.key_count < 1 || schema.key_count > SCHEMA_KEYS)
		return err_set(err, ERR_UNAVAILABLE, "the description of the table has no keys");
	for (size_t i = 0; i < schema.key_count; i++) {
		struct slice name =
		    look_up(keys, "KeyType", slice_of(key_types[i]), "AttributeName");
		struct slice type = look_up(types, "AttributeName", name, "AttributeType");

		if (set_key(&schema, i, name, type, err)) {
			err->class = ERR_UNAVAILABLE;
			return err_wrap(err, "the description of the table");
		}
	}
	*ret = schema;
	return 0;
}

/* API Reference, TableDescription, TableStatus. */
static enum table_state
state_of(struct slice status)
{
	if (slice_is(status, "CREATING"))
		return TABLE_BEGINS;
	return slice_is(status, "ACTIVE") || slice_is(status, "UPDATING") ? TABLE_READY
	                                                                  : TABLE_SHUT;
}

/* It is shown: what is no word is none. */
static void
copy_status(struct slice status, char ret[static TABLE_STATUS_BYTES])
{
	size_t n = 0;

	while (n < status.len && ((status.data[n] >= 'A' && status.data[n] <= 'Z') ||
				     status.data[n] == '_'))
		n++;
	if (n != status.len || !n || n >= TABLE_STATUS_BYTES)
		status = slice_of("in no known state");
	memcpy(ret, status.data, status.len);
	ret[status.len] = '\0';
}

int
table_read(struct slice reply, struct table_description *ret, struct err *err)
{
	json_t *root = reply.len ? json_loadb(reply.data, reply.len, 0, NULL) : NULL;
	json_t *table = json_object_get(root, "Table");
	struct slice status = text_of(table, "TableStatus");
	int rc;

	if (table)
		rc = read_schema(table, &ret->schema, err);
	else
		rc = err_set(err, ERR_UNAVAILABLE, "the reply is no description of a table");
	if (!rc) {
		ret->state = state_of(status);
		copy_status(status, ret->status);
	}
	json_decref(root);
	return rc;
}

/* ---- CreateTable ---- */

static int
append_key(
    struct buf *out, const struct schema *schema, size_t i, bool is_definition, struct err *err)
{
	const struct schema_key *key = &schema->keys[i];

	if (buf_append_text(out, i ? ",{\"AttributeName\":" : "{\"AttributeName\":", err) ||
	    json_string_append(out, slice_of(key->name), err))
		return -1;
	return buf_appendf(out, err, ",\"%s\":\"%s\"}", is_definition ? "AttributeType" : "KeyType",
	    is_definition ? attribute_type_name(key->type) : key_types[i]);
}

int
table_append_create(
    struct buf *out, const char *table, const struct schema *schema, struct err *err)
{
	if (buf_append_text(out, "{\"TableName\":", err) ||
	    json_string_append(out, slice_of(table), err) ||
	    buf_append_text(out, ",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":[", err))
		return -1;
	for (size_t i = 0; i < schema->key_count; i++) {
		if (append_key(out, schema, i, false, err))
			return -1;
	}
	if (buf_append_text(out, "],\"AttributeDefinitions\":[", err))
		return -1;
	for (size_t i = 0; i < schema->key_count; i++) {
		if (append_key(out, schema, i, true, err))
			return -1;
	}
	return buf_append_text(out, "]}", err);
}
