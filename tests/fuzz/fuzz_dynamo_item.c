/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a record: what becomes an item is JSON of DynamoDB's form and, taken back, the same
 * document that jansson reads. The first byte says of which type the field "v" is to be.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "kafka-to-dynamo/decimal.h"
#include "kafka-to-dynamo/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAGS = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL };

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static json_t *
load(struct slice text)
{
	return json_loadb(text.data, text.len, FLAGS | JSON_REJECT_DUPLICATES, NULL);
}

static json_t *back(json_t *attribute);

static json_t *
back_number(json_t *digits)
{
	struct slice text = slice_make(json_string_value(digits), json_string_length(digits));
	struct decimal d;
	const char *reason;

	require(!decimal_read(text, &d, &reason));
	return json_loadb(text.data, text.len, FLAGS | JSON_DECODE_ANY, NULL);
}

static json_t *
back_map(json_t *map)
{
	json_t *object = json_object(), *value;
	const char *name;

	json_object_foreach(map, name, value)
	{
		require(!json_object_set_new(object, name, back(value)));
	}
	return object;
}

static json_t *
back_list(json_t *list)
{
	json_t *array = json_array(), *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		require(!json_array_append_new(array, back(value)));
	}
	return array;
}

/* The JSON value of {"S":"x"} and the like; of sets and binary null. */
static json_t *
back(json_t *attribute)
{
	const char *type = json_object_iter_key(json_object_iter(attribute));
	json_t *value = json_object_get(attribute, type);

	require(json_object_size(attribute) == 1);
	if (!strcmp(type, "S"))
		return json_incref(value);
	if (!strcmp(type, "N"))
		return back_number(value);
	if (!strcmp(type, "BOOL"))
		return json_incref(value);
	if (!strcmp(type, "M"))
		return back_map(value);
	if (!strcmp(type, "L"))
		return back_list(value);
	require(!strcmp(type, "NULL") || !strcmp(type, "B") ||
		((!strcmp(type, "SS") || !strcmp(type, "NS")) && json_array_size(value) > 0));
	return json_null();
}

/* Names with a NUL are beyond jansson: of such texts nothing is said. */
static void
check_document(struct slice record, const struct item *item)
{
	json_t *want = json_loadb(record.data, record.len, FLAGS, NULL), *got, *document;

	/* a key is made a string */
	if (!want || !json_is_string(json_object_get(want, "id"))) {
		json_decref(want);
		return;
	}
	got = load(item->text);
	require(got != NULL);
	document = back_map(got);
	require(json_equal(want, document));
	json_decref(document);
	json_decref(got);
	json_decref(want);
}

static void
check_bodies(const struct item *item)
{
	static const struct expression_condition condition = { "o", 7 };
	struct buf body = BUF_INIT(1 << 24);
	struct err err = ERR_INIT;
	json_t *root;

	require(!expression_append_put(&body, "t", item, &condition, &err));
	buf_clear(&body);
	if (!expression_append_update(&body, "t", item, &condition, &err)) {
		/* all but names with a NUL can be read again */
		root = load(buf_slice(&body));
		require(root || strstr(body.data, "\\u0000"));
		json_decref(root);
	} else {
		require(err.class == ERR_DATA);
	}
	buf_release(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema schemas[] = {
		{ .keys = { { "id", ATTRIBUTE_STRING } }, .key_count = 1 },
		{ .keys = { { "id", ATTRIBUTE_NUMBER }, { "b", ATTRIBUTE_BINARY } },
		    .key_count = 2 },
	};
	static const char *const rules[] = { NULL, "v=S", "v=N", "v=B", "v=SS", "v=NS" };
	struct item_options o = { .select_count = 0 };
	struct err err = ERR_INIT;
	struct item_maker *maker;
	struct item item;
	struct record record = { .has_value = true };
	const char *rule;

	if (!size)
		return 0;
	rule = rules[data[0] % 6];
	record.value = slice_make((const char *)data + 1, size - 1);
	if (data[0] & 64) {
		record.key = record.value;
		record.has_key = true;
		record.has_value = false;
	}
	require(!rule || !item_parse_typing(rule, &o, &err));
	maker = item_maker_new(&o, &schemas[data[0] >> 7], &err);
	require(maker != NULL);
	if (!record.has_value) {
		if (!item_make_key(maker, &record, &item, &err))
			require(item.identity.len > 4 && item.key.len > 2);
		else
			require(err.class == ERR_DATA);
	} else if (!item_make(maker, &record, &item, &err)) {
		require(item.identity.len > 4 && item.size > 0 && item.size <= ITEM_BYTES_MAX);
		if (!rule && !(data[0] >> 7))
			check_document(record.value, &item);
		check_bodies(&item);
	} else {
		require(err.class == ERR_DATA);
	}
	item_maker_free(maker);
	return 0;
}
