/* SPDX-License-Identifier: MIT */
/* JSON as attributes and items of DynamoDB, as tables of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-dynamo/item.h"

static const struct schema id_schema = {
	.keys = { { "id", ATTRIBUTE_STRING } },
	.key_count = 1,
};

static const struct schema number_schema = {
	.keys = { { "n", ATTRIBUTE_NUMBER } },
	.key_count = 1,
};

static const struct schema binary_schema = {
	.keys = { { "b", ATTRIBUTE_BINARY } },
	.key_count = 1,
};

static const struct schema two_schema = {
	.keys = { { "a", ATTRIBUTE_STRING }, { "b", ATTRIBUTE_STRING } },
	.key_count = 2,
};

/* ---- a maker, and rules for it ---- */

/* Options as the command line has them, blanks between: "select=v rename=a.b=ab ttl=end=t+1d". */
struct rules {
	char text[128];
	struct item_options options;
};

static int
parse_rule(struct item_options *o, const char *option, const char *value, struct err *err)
{
	if (!strcmp(option, "select"))
		return item_parse_select(value, o, err);
	if (!strcmp(option, "rename"))
		return item_parse_rename(value, o, err);
	if (!strcmp(option, "types"))
		return item_parse_typing(value, o, err);
	if (!strcmp(option, "ttl"))
		return item_parse_ttl(value, o, err);
	if (!strcmp(option, "time-format"))
		return time_format_parse(value, &o->time_format, err);
	assert_string_equal(option, "condition-offset");
	o->offset_name = value;
	return 0;
}

static int
parse_rules(struct rules *r, const char *text, struct err *err)
{
	char *rest;

	memset(r, 0, sizeof(*r));
	assert_true(strlen(text) < sizeof(r->text));
	strcpy(r->text, text);
	for (char *word = strtok_r(r->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		if (parse_rule(&r->options, word, value, err))
			return -1;
	}
	return 0;
}

struct kit {
	struct rules rules;
	struct item_maker *maker;
	struct err err;
	struct item item;
};

static void
open_kit(struct kit *k, const char *rules, const struct schema *schema)
{
	err_clear(&k->err);
	if (parse_rules(&k->rules, rules, &k->err) ||
	    !(k->maker = item_maker_new(&k->rules.options, schema, &k->err)))
		fail_msg("%s: %s", rules, k->err.text);
}

static void
close_kit(struct kit *k)
{
	item_maker_free(k->maker);
}

/* value NULL: a tombstone. */
static int
make(struct kit *k, const char *value, const char *key)
{
	struct record record = { .topic = slice_of("t"),
		.offset = 7,
		.value = slice_of(value),
		.has_value = value != NULL,
		.key = slice_of(key),
		.has_key = key != NULL };

	err_clear(&k->err);
	return value ? item_make(k->maker, &record, &k->item, &k->err)
	             : item_make_key(k->maker, &record, &k->item, &k->err);
}

/* text NULL: refused, with this reason. */
static void
expect(struct kit *k, const char *value, const char *key, const char *text, const char *reason)
{
	int rc = make(k, value, key);
	struct slice made = value ? k->item.text : k->item.key;
	char whole[256];

	if (!text) {
		if (!rc)
			fail_msg("%s was taken: %.*s", value ? value : key, SLICE_ARGS(made));
		(void)snprintf(whole, sizeof(whole), "t[0]@7: %s", reason);
		assert_string_equal(k->err.text, whole);
		assert_int_equal(k->err.class, ERR_DATA);
	} else if (rc) {
		fail_msg("%s: %s", value ? value : key, k->err.text);
	} else if (!slice_is(made, text)) {
		fail_msg("%s:\n got %.*s\nnot %s", value ? value : key, SLICE_ARGS(made), text);
	}
}

/* ---- values ---- */

#define ID "{\"id\":{\"S\":\"x\"}"

/* Member v, beside the key. */
static const struct {
	const char *type; /* --types v=; NULL: none */
	const char *json;
	const char *attribute; /* NULL: refused; "": not there */
	const char *reason;
	size_t size; /* of value and name; 0: not looked at */
} values[] = {
	{ NULL, "\"\"", "{\"S\":\"\"}", NULL, 1 },
	{ NULL, "\"abc\"", "{\"S\":\"abc\"}", NULL, 4 },
	{ NULL, "\"\xc3\xa4\xe2\x82\xac\"", "{\"S\":\"\xc3\xa4\xe2\x82\xac\"}", NULL, 6 },
	{ NULL, "\"\\u00e4\\n\\\"\\/\"", "{\"S\":\"\xc3\xa4\\n\\\"/\"}", NULL, 6 },
	{ NULL, "\"\\ud83d\\ude00\"", "{\"S\":\"\xf0\x9f\x98\x80\"}", NULL, 5 },
	{ NULL, "\"\\ud800\"", "{\"S\":\"\xef\xbf\xbd\"}", NULL, 4 },
	{ NULL, "1", "{\"N\":\"1\"}", NULL, 3 },
	{ NULL, "1.50", "{\"N\":\"1.50\"}", NULL, 3 },
	{ NULL, "847.43", "{\"N\":\"847.43\"}", NULL, 5 },
	{ NULL, "-0.0", "{\"N\":\"-0.0\"}", NULL, 2 },
	{ NULL, "0E99999", "{\"N\":\"0\"}", NULL, 2 },
	{ NULL, "1E5", "{\"N\":\"1E5\"}", NULL, 3 },
	{ NULL, "9223372036854775808", "{\"N\":\"9223372036854775808\"}", NULL, 12 },
	{ NULL, "true", "{\"BOOL\":true}", NULL, 2 },
	{ NULL, "false", "{\"BOOL\":false}", NULL, 2 },
	{ NULL, "null", "{\"NULL\":true}", NULL, 2 },
	{ NULL, "[]", "{\"L\":[]}", NULL, 4 },
	{ NULL, "{}", "{\"M\":{}}", NULL, 4 },
	{ NULL, "[1,\"a\",null,[true]]",
	    "{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"},{\"NULL\":true},{\"L\":[{\"BOOL\":true}]}]}",
	    NULL, 17 },
	{ NULL, "[ 1 , 2 ]", "{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", NULL, 10 },
	{ NULL, "{ \"a\" : {\"b\":1} , \"c\":[] }",
	    "{\"M\":{\"a\":{\"M\":{\"b\":{\"N\":\"1\"}}},\"c\":{\"L\":[]}}}", NULL, 18 },
	/* of members of one name the last counts, however it is spelled */
	{ NULL, "{\"a\":1,\"b\":2,\"a\":3}",
	    "{\"M\":{\"b\":{\"N\":\"2\"},\"a\":{\"N\":\"3\"}}}", NULL, 12 },
	{ NULL, "{\"a\":1,\"\\u0061\":{\"a\":2}}",
	    "{\"M\":{\"a\":{\"M\":{\"a\":{\"N\":\"2\"}}}}}", NULL, 13 },
	{ NULL, "{\"\\\"\":1}", "{\"M\":{\"\\\"\":{\"N\":\"1\"}}}", NULL, 8 },
	{ NULL, "1e126", NULL, "byte 14: attribute v: a number of 1E126 or more", 0 },
	{ NULL, "[0,1e-131]", NULL, "byte 17: attribute v: a number closer to 0 than 1E-130", 0 },
	{ NULL, "{\"\":1}", NULL, "byte 18: attribute v: a member without a name", 0 },
	{ "S", "\"a\"", "{\"S\":\"a\"}", NULL, 0 },
	{ "S", "1.50", "{\"S\":\"1.50\"}", NULL, 0 },
	{ "S", "true", "{\"S\":\"true\"}", NULL, 0 },
	{ "S", "null", "{\"NULL\":true}", NULL, 0 },
	{ "S", "{\"a\":[1]}", "{\"S\":\"{\\\"a\\\":[1]}\"}", NULL, 0 },
	{ "N", "1.50", "{\"N\":\"1.50\"}", NULL, 0 },
	{ "N", "\"1.50\"", "{\"N\":\"1.50\"}", NULL, 0 },
	{ "N", "\"\\u0031\"", "{\"N\":\"1\"}", NULL, 0 },
	{ "N", "null", "{\"NULL\":true}", NULL, 0 },
	{ "N", "\"\"", NULL, "byte 14: attribute v: not a number", 0 },
	{ "N", "\"1e126\"", NULL, "byte 14: attribute v: a number of 1E126 or more", 0 },
	{ "N", "true", NULL, "byte 14: attribute v: not a number", 0 },
	{ "N", "[1]", NULL, "byte 14: attribute v: not a number", 0 },
	{ "B", "\"AAEC\"", "{\"B\":\"AAEC\"}", NULL, 0 },
	{ "B", "\"\"", "{\"B\":\"\"}", NULL, 0 },
	{ "B", "\"\\/\\/8=\"", "{\"B\":\"//8=\"}", NULL, 0 },
	{ "B", "\"AAE\"", NULL, "byte 14: attribute v: not base64", 0 },
	{ "B", "1", NULL, "byte 14: attribute v: not a string with base64", 0 },
	{ "B", "null", "{\"NULL\":true}", NULL, 0 },
	{ "SS", "[\"a\",\"b\",\"a\",\"\\u0062\"]", "{\"SS\":[\"a\",\"b\"]}", NULL, 0 },
	{ "SS", "[\"a\",1,true]", "{\"SS\":[\"a\",\"1\",\"true\"]}", NULL, 0 },
	{ "SS", "\"a\"", "{\"SS\":[\"a\"]}", NULL, 0 },
	{ "SS", "[]", "", NULL, 0 },
	{ "SS", "null", "", NULL, 0 },
	{ "SS", "[\"a\",null]", NULL, "byte 19: attribute v: not a value that a set can have", 0 },
	{ "SS", "[[]]", NULL, "byte 15: attribute v: not a value that a set can have", 0 },
	{ "SS", "{}", NULL, "byte 14: attribute v: not a value that a set can have", 0 },
	{ "NS", "[3,1.0,\"3.0\",1,30e-1]", "{\"NS\":[\"3\",\"1.0\"]}", NULL, 0 },
	{ "NS", "0", "{\"NS\":[\"0\"]}", NULL, 0 },
	{ "NS", "[]", "", NULL, 0 },
	{ "NS", "[1,\"x\"]", NULL, "byte 17: attribute v: not a number", 0 },
};

static void
test_values(void **state)
{
	char rules[32], record[512], text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		bool is_absent = values[i].attribute && !*values[i].attribute;
		struct kit k;

		(void)snprintf(rules, sizeof(rules), "types=v=%s", values[i].type);
		open_kit(&k, values[i].type ? rules : "", &id_schema);
		(void)snprintf(record, sizeof(record), "{\"id\":\"x\",\"v\":%s}", values[i].json);
		(void)snprintf(text, sizeof(text), ID "%s%s}", is_absent ? "" : ",\"v\":",
		    values[i].attribute ? values[i].attribute : "");
		expect(&k, record, NULL, values[i].attribute ? text : NULL, values[i].reason);
		if (is_absent) {
			assert_int_equal(k.item.count, 2);
			assert_int_equal(k.item.attributes[1].value_len, 0);
			assert_int_equal(k.item.size, 3);
		} else if (values[i].size) {
			/* id and x */
			assert_int_equal(k.item.size, values[i].size + 3);
		}
		close_kit(&k);
	}
}

/* ---- items: which fields, under which names, and their keys ---- */

static const struct {
	const struct schema *schema;
	const char *rules;
	const char *value, *key; /* value NULL: a tombstone, and text is the key of what it deletes */
	const char *text;        /* NULL: refused */
	const char *reason;
} items[] = {
	/* fields and names */
	{ &id_schema, "select=v", "{\"id\":\"x\",\"v\":1,\"w\":2}", NULL,
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ &id_schema, "select=id,v", "{\"v\":1,\"w\":2,\"id\":\"x\"}", NULL,
	    ID ",\"v\":{\"N\":\"1\"}}", NULL },
	{ &id_schema, "select=a.b,.c,missing", "{\"id\":\"x\",\"a\":{\"b\":1},\"c\":2}", NULL,
	    "{\"a.b\":{\"N\":\"1\"},\"c\":{\"N\":\"2\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ &id_schema, "select=a.b rename=a.b=ab", "{\"id\":\"x\",\"a\":{\"b\":1}}", NULL,
	    "{\"ab\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ &id_schema, "rename=trip_id=id", "{\"trip_id\":\"x\",\"v\":1}", NULL,
	    ID ",\"v\":{\"N\":\"1\"}}", NULL },
	{ &id_schema, "select=v rename=trip.id=id", "{\"trip\":{\"id\":\"x\"},\"v\":1}", NULL,
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ &id_schema, "rename=v=w", "{\"id\":\"x\",\"v\":1,\"w\":2}", NULL, NULL,
	    "attribute w: two fields would become this one" },
	{ &id_schema, "rename=v=id", "{\"id\":\"x\",\"v\":\"y\"}", NULL, NULL,
	    "attribute id: two fields would become this one" },
	/* time to live */
	{ &id_schema, "ttl=t", "{\"id\":\"x\",\"t\":\"2019-01-01T00:00:00.999Z\"}", NULL,
	    ID ",\"t\":{\"N\":\"1546300800\"}}", NULL },
	{ &id_schema, "ttl=end=t+1d", "{\"id\":\"x\",\"t\":1546300800000}", NULL,
	    ID ",\"t\":{\"N\":\"1546300800000\"},\"end\":{\"N\":\"1546387200\"}}", NULL },
	{ &id_schema, "ttl=t time-format=s", "{\"id\":\"x\",\"t\":1546300800}", NULL,
	    ID ",\"t\":{\"N\":\"1546300800\"}}", NULL },
	{ &id_schema, "ttl=t time-format=%d.%m.%y", "{\"id\":\"x\",\"t\":\"01.01.19\"}", NULL,
	    ID ",\"t\":{\"N\":\"1546300800\"}}", NULL },
	{ &id_schema, "ttl=t", "{\"id\":\"x\",\"t\":-1}", NULL, ID ",\"t\":{\"N\":\"-1\"}}", NULL },
	{ &id_schema, "select=v ttl=t", "{\"id\":\"x\",\"v\":1,\"t\":0}", NULL,
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"},\"t\":{\"N\":\"0\"}}", NULL },
	{ &id_schema, "ttl=t", "{\"id\":\"x\",\"t\":null}", NULL, ID "}", NULL },
	{ &id_schema, "ttl=t", "{\"id\":\"x\"}", NULL, ID "}", NULL },
	{ &id_schema, "ttl=t", "{\"id\":\"x\",\"t\":[]}", NULL, NULL,
	    "byte 14: attribute t: not a time" },
	{ &id_schema, "ttl=t", "{\"id\":\"x\",\"t\":\"soon\"}", NULL, NULL,
	    "byte 14: attribute t: not an ISO 8601 time" },
	{ &id_schema, "ttl=v=t", "{\"id\":\"x\",\"v\":1,\"t\":0}", NULL, NULL,
	    "attribute v: two fields would become this one" },
	/* the offset */
	{ &id_schema, "condition-offset=o", "{\"id\":\"x\",\"v\":1}", NULL,
	    ID ",\"v\":{\"N\":\"1\"},\"o\":{\"N\":\"7\"}}", NULL },
	{ &id_schema, "condition-offset=o", "{\"id\":\"x\",\"o\":1}", NULL, NULL,
	    "attribute o: two fields would become this one" },
	/* what is no item */
	{ &id_schema, "", "{\"id\":\"x\",\"\":1}", NULL, NULL, "attribute : without a name" },
	{ &id_schema, "", "[1]", NULL, NULL, "byte 0: not an object" },
	{ &id_schema, "", "{\"id\":\"x\"", NULL, NULL, "byte 9: unexpected end" },
	/* keys */
	{ &id_schema, "", "{\"id\":1.0}", NULL, "{\"id\":{\"S\":\"1.0\"}}", NULL },
	{ &id_schema, "", "{}", NULL, NULL, "attribute id: the key is missing" },
	{ &id_schema, "", "{\"id\":\"\"}", NULL, NULL, "attribute id: a key that is empty" },
	{ &id_schema, "", "{\"id\":null}", NULL, NULL,
	    "byte 6: attribute id: a key that is null" },
	{ &id_schema, "", "{\"id\":[]}", NULL, NULL,
	    "byte 6: attribute id: a key that is an array" },
	{ &id_schema, "", "{\"id\":{\"a\":1}}", NULL, NULL,
	    "byte 6: attribute id: a key that is an object" },
	{ &id_schema, "", "{\"id\":true}", NULL, NULL,
	    "byte 6: attribute id: a key that is true or false" },
	{ &id_schema, "", "{\"id\":false}", NULL, NULL,
	    "byte 6: attribute id: a key that is true or false" },
	{ &id_schema, "types=id=S", "{\"id\":[1]}", NULL, "{\"id\":{\"S\":\"[1]\"}}", NULL },
	{ &id_schema, "types=id=S", "{\"id\":true}", NULL, "{\"id\":{\"S\":\"true\"}}", NULL },
	{ &id_schema, "types=id=S", "{\"id\":null}", NULL, NULL,
	    "byte 6: attribute id: a key that is null" },
	{ &id_schema, "types=k=S rename=k=id", "{\"k\":false}", NULL,
	    "{\"id\":{\"S\":\"false\"}}", NULL },
	{ &number_schema, "", "{\"n\":[1]}", NULL, NULL,
	    "byte 5: attribute n: a key that is an array" },
	{ &binary_schema, "", "{\"b\":{}}", NULL, NULL,
	    "byte 5: attribute b: a key that is an object" },
	{ &number_schema, "", "{\"n\":1e1}", NULL, "{\"n\":{\"N\":\"1e1\"}}", NULL },
	{ &number_schema, "", "{\"n\":\"x\"}", NULL, NULL, "byte 5: attribute n: not a number" },
	{ &binary_schema, "", "{\"b\":\"\"}", NULL, NULL, "attribute b: a key that is empty" },
	{ &two_schema, "", "{\"a\":\"x\"}", NULL, NULL, "attribute b: the key is missing" },
	{ &two_schema, "", "{\"a\":\"x\",\"b\":\"\"}", NULL, NULL,
	    "attribute b: a key that is empty" },
	/* tombstones */
	{ &id_schema, "", NULL, "abc", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "", NULL, "\"a\\u0062c\"", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "", NULL, "{\"id\":\"abc\",\"v\":1}", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "rename=k=id", NULL, "{\"k\":\"abc\"}", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "", NULL, "12.0", "{\"id\":{\"S\":\"12.0\"}}", NULL },
	{ &id_schema, "", NULL, "{broken", "{\"id\":{\"S\":\"{broken\"}}", NULL },
	{ &id_schema, "", NULL, "", NULL, "key: attribute id: a key that is empty" },
	{ &id_schema, "", NULL, "\xff", NULL, "key: attribute id: not UTF-8" },
	{ &id_schema, "", NULL, "{\"v\":1}", NULL, "key: attribute id: the key is missing" },
	{ &id_schema, "", NULL, "{\"id\":null}", NULL, "key: attribute id: a key that is null" },
	{ &id_schema, "", NULL, "{\"id\":[]}", NULL, "key: attribute id: a key that is an array" },
	{ &id_schema, "", NULL, NULL, NULL,
	    "a tombstone without a key: nothing says which item to delete" },
	{ &number_schema, "", NULL, "1e1", "{\"n\":{\"N\":\"1e1\"}}", NULL },
	{ &number_schema, "", NULL, "\"7\"", "{\"n\":{\"N\":\"7\"}}", NULL },
	{ &number_schema, "", NULL, "x", NULL, "key: attribute n: not a number" },
	{ &binary_schema, "", NULL, "\x01\x02\xff", "{\"b\":{\"B\":\"AQL/\"}}", NULL },
	{ &binary_schema, "", NULL, "\"AQL/\"", "{\"b\":{\"B\":\"AQL/\"}}", NULL },
	{ &two_schema, "", NULL, "{\"b\":\"2\",\"a\":\"1\"}",
	    "{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}}", NULL },
	{ &two_schema, "", NULL, "{\"a\":\"1\"}", NULL, "key: attribute b: the key is missing" },
	{ &two_schema, "", NULL, "abc", NULL,
	    "the key of a tombstone is no JSON object, but the table has two key attributes" },
};

static void
test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		struct kit k;

		open_kit(&k, items[i].rules, items[i].schema);
		expect(&k, items[i].value, items[i].key, items[i].text, items[i].reason);
		close_kit(&k);
	}
}

/* ---- rules that are wrong ---- */

static const struct {
	const char *rules;
	const char *error; /* its beginning */
} wrong_rules[] = {
	{ "rename=a.b=c", "--rename a.b: the field is not selected (--select)" },
	{ "select=v rename=w=c", "--rename w: the field is not selected (--select)" },
	{ "select=v types=w=S", "--types w: the field is not selected (--select)" },
	{ "types=id=N", "--types says N of key attribute id, the table says S" },
	{ "rename=v=id types=v=B", "--types says B of key attribute id, the table says S" },
	{ "ttl=id", "--ttl id is a key attribute" },
	{ "condition-offset=id", "--condition-offset id is a key attribute" },
	{ "ttl=o condition-offset=o", "--ttl and --condition-offset are one attribute: o" },
	{ "select=", "\"\" is no field" },
	{ "select=a..b", "\"a..b\" is no field" },
	{ "select=a.", "\"a.\" is no field" },
	{ "select=a,", "\"\" is no field" },
	{ "select=a,b select=a", "\"a\" is there twice" },
	{ "rename=a", "\"a\" is not FIELD=NAME" },
	{ "rename=a=", "\"a=\" is not FIELD=NAME" },
	{ "rename==a", "\"\" is no field" },
	{ "rename=a=b rename=a=c", "\"a\" has two names" },
	{ "types=a=X", "\"X\" is none of S, N, B, SS, NS" },
	{ "types=a", "\"a\" is not FIELD=TYPE" },
	{ "types=a=S types=b=S types=a=S", "\"a\" has two types" },
	{ "ttl==a", "\"=a\" is not ATTRIBUTE=FIELD" },
	{ "ttl=a+5", "\"5\" is not a duration" },
	{ "ttl=a+", "\"\" is not a duration" },
	{ "ttl=a+999999d", "999999d is more than 1000 years" },
};

static void
test_rules_that_are_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_rules) / sizeof(*wrong_rules); i++) {
		struct rules r;
		struct err err = ERR_INIT;

		if (!parse_rules(&r, wrong_rules[i].rules, &err) &&
		    item_maker_new(&r.options, &id_schema, &err))
			fail_msg("%s was taken", wrong_rules[i].rules);
		assert_int_equal(err.class, ERR_USAGE);
		if (!slice_starts(slice_of(err.text), wrong_rules[i].error))
			fail_msg("%s: %s", wrong_rules[i].rules, err.text);
	}
}

/* ---- which records are of one item ---- */

static const struct {
	const struct schema *schema;
	const char *one, *other;
	bool is_same;
} pairs[] = {
	/* one number, however it is written */
	{ &number_schema, "{\"n\":10}", "{\"n\":1e1}", true },
	{ &number_schema, "{\"n\":10}", "{\"n\":10.0}", true },
	{ &number_schema, "{\"n\":10}", "{\"n\":\"10\"}", true },
	{ &number_schema, "{\"n\":0}", "{\"n\":-0}", true },
	{ &number_schema, "{\"n\":10}", "{\"n\":-10}", false },
	{ &number_schema, "{\"n\":10}", "{\"n\":1}", false },
	/* spelled with and without escapes, and beside other fields */
	{ &id_schema, "{\"id\":\"ab\"}", "{\"v\":1,\"id\":\"a\\u0062\"}", true },
	{ &id_schema, "{\"id\":\"1\"}", "{\"id\":\"1.0\"}", false },
	/* what to DynamoDB is one binary */
	{ &binary_schema, "{\"b\":\"//8=\"}", "{\"b\":\"\\/\\/8=\"}", true },
	{ &binary_schema, "{\"b\":\"AAEC\"}", "{\"b\":\"AAED\"}", false },
	/* where one attribute ends and the next begins */
	{ &two_schema, "{\"a\":\"x\",\"b\":\"yz\"}", "{\"b\":\"yz\",\"a\":\"x\"}", true },
	{ &two_schema, "{\"a\":\"x\",\"b\":\"yz\"}", "{\"a\":\"xy\",\"b\":\"z\"}", false },
	{ &two_schema, "{\"a\":\"x\",\"b\":\"y\"}", "{\"a\":\"y\",\"b\":\"x\"}", false },
};

static void
test_identities(void **state)
{
	struct buf one = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct kit k;

		open_kit(&k, "", pairs[i].schema);
		assert_int_equal(make(&k, pairs[i].one, NULL), 0);
		buf_clear(&one);
		assert_int_equal(buf_append(&one, k.item.identity, &k.err), 0);
		assert_int_equal(make(&k, pairs[i].other, NULL), 0);
		if (slice_equal(k.item.identity, buf_slice(&one)) != pairs[i].is_same)
			fail_msg("%s and %s", pairs[i].one, pairs[i].other);
		close_kit(&k);
	}
	buf_release(&one);
}

/* --op delete takes the key from the value and looks at nothing else of it. */
static void
test_key_of_a_value(void **state)
{
	struct kit k;
	struct record record = { .value = slice_of("{\"v\":1e999,\"id\":\"x\"}"),
		.has_value = true };

	(void)state;
	open_kit(&k, "", &id_schema);
	assert_int_equal(item_make_key(k.maker, &record, &k.item, &k.err), 0);
	assert_true(slice_is(k.item.key, ID "}"));
	close_kit(&k);
}

/* ---- limits ---- */

static const struct {
	const struct schema *schema;
	const char *begin, *end; /* and between them so often */
	const char *part;
	size_t count;
	const char *reason; /* NULL: taken */
} limits[] = {
	{ &two_schema, "{\"b\":\"x\",\"a\":\"", "\"}", "k", 2048, NULL },
	{ &two_schema, "{\"b\":\"x\",\"a\":\"", "\"}", "k", 2049,
	    "attribute a: a partition key longer than 2048 bytes" },
	{ &two_schema, "{\"a\":\"x\",\"b\":\"", "\"}", "k", 1024, NULL },
	{ &two_schema, "{\"a\":\"x\",\"b\":\"", "\"}", "k", 1025,
	    "attribute b: a sort key longer than 1024 bytes" },
	/* in bytes, not in characters */
	{ &two_schema, "{\"a\":\"x\",\"b\":\"", "\"}", "\xc3\xa4", 513,
	    "attribute b: a sort key longer than 1024 bytes" },
	/* 4 are id, x and v */
	{ &id_schema, "{\"id\":\"x\",\"v\":\"", "\"}", "k", 409600 - 4, NULL },
	{ &id_schema, "{\"id\":\"x\",\"v\":\"", "\"}", "k", 409600 - 3,
	    "an item of 409601 bytes, DynamoDB takes up to 409600" },
};

static void
test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct buf text = BUF_INIT(1024 * 1024);
		struct kit k;

		open_kit(&k, "", limits[i].schema);
		assert_int_equal(buf_append_text(&text, limits[i].begin, &k.err), 0);
		for (size_t n = 0; n < limits[i].count; n++)
			assert_int_equal(buf_append_text(&text, limits[i].part, &k.err), 0);
		assert_int_equal(buf_append_text(&text, limits[i].end, &k.err), 0);
		if (limits[i].reason)
			expect(&k, text.data, NULL, NULL, limits[i].reason);
		else if (make(&k, text.data, NULL))
			fail_msg("%s", k.err.text);
		buf_release(&text);
		close_kit(&k);
	}
}

static void
test_depth(void **state)
{
	struct kit k;
	char deep[256];

	(void)state;
	open_kit(&k, "", &id_schema);
	for (int levels = 32; levels <= 33; levels++) {
		int n = snprintf(deep, sizeof(deep), "{\"id\":\"x\",\"v\":");

		memset(deep + n, '[', (size_t)levels);
		memset(deep + n + levels, ']', (size_t)levels);
		strcpy(deep + n + 2 * levels, "}");
		if (levels == 32)
			assert_int_equal(make(&k, deep, NULL), 0);
		else
			expect(&k, deep, NULL, NULL,
			    "byte 46: attribute v: nested more than 32 levels deep");
	}
	close_kit(&k);
}

/* The example of "DynamoDB item sizes and formats". */
static void
test_size(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, "", &id_schema);
	assert_int_equal(
	    make(&k, "{\"id\":\"x\",\"shirt-color\":\"R\",\"shirt-size\":\"M\"}", NULL), 0);
	assert_int_equal(k.item.size, 3 + 23);
	close_kit(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_rules_that_are_wrong),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_key_of_a_value),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
