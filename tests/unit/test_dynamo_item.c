/* SPDX-License-Identifier: MIT */
/* JSON as attributes and items of DynamoDB, as tables of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-dynamo/decimal.h"
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

/* ---- numbers ---- */

#define NINES "9.9999999999999999999999999999999999999"

static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
	const char *reason;
	size_t size;
} decimals[] = {
	{ "0", "0", NULL, 1 },
	{ "-0", "0", NULL, 1 },
	{ "0.000", "0", NULL, 1 },
	{ "0e999999999999", "0", NULL, 1 },
	{ "1", "1e0", NULL, 2 },
	{ "-1", "-1e0", NULL, 2 },
	{ "10", "1e1", NULL, 2 },
	{ "1e1", "1e1", NULL, 2 },
	{ "10.00", "1e1", NULL, 2 },
	{ "1E+1", "1e1", NULL, 2 },
	{ "0.10", "1e-1", NULL, 2 },
	{ "100e-3", "1e-1", NULL, 2 },
	{ "847.43", "84743e2", NULL, 4 },
	{ "12345678901234567890123456789012345678", "12345678901234567890123456789012345678e37",
	    NULL, 20 },
	{ "0.0000012345678901234567890123456789012345678",
	    "12345678901234567890123456789012345678e-6", NULL, 20 },
	{ "123456789012345678901234567890123456780", "12345678901234567890123456789012345678e38",
	    NULL, 20 },
	{ "123456789012345678901234567890123456789", NULL, "a number of more than 38 digits", 0 },
	{ "-1.23456789012345678901234567890123456789", NULL, "a number of more than 38 digits", 0 },
	{ NINES "E+125", "99999999999999999999999999999999999999e125", NULL, 20 },
	{ "-" NINES "E+125", "-99999999999999999999999999999999999999e125", NULL, 20 },
	{ "1e126", NULL, "a number of 1E126 or more", 0 },
	{ "-1e126", NULL, "a number of 1E126 or more", 0 },
	{ "0.1e127", NULL, "a number of 1E126 or more", 0 },
	{ "1e99999999999999999999", NULL, "a number of 1E126 or more", 0 },
	{ "1e-130", "1e-130", NULL, 2 },
	{ "-1E-130", "-1e-130", NULL, 2 },
	{ "1e-131", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "0.99e-130", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "1e-99999999999999999999", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "", NULL, "not a number", 0 },
	{ "-", NULL, "not a number", 0 },
	{ "01", NULL, "not a number", 0 },
	{ "+1", NULL, "not a number", 0 },
	{ ".5", NULL, "not a number", 0 },
	{ "5.", NULL, "not a number", 0 },
	{ "1e", NULL, "not a number", 0 },
	{ "1e+", NULL, "not a number", 0 },
	{ "1 ", NULL, "not a number", 0 },
	{ "NaN", NULL, "not a number", 0 },
	{ "1e1e1", NULL, "not a number", 0 },
	{ "0x10", NULL, "not a number", 0 },
};

static void
test_decimals(void **state)
{
	struct buf out = BUF_INIT(1024);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(decimals) / sizeof(*decimals); i++) {
		struct decimal d;
		const char *reason = NULL;
		int rc = decimal_read(slice_of(decimals[i].text), &d, &reason);

		if (!decimals[i].canonical) {
			if (!rc)
				fail_msg("%s was taken", decimals[i].text);
			assert_string_equal(reason, decimals[i].reason);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", decimals[i].text, reason);
		buf_clear(&out);
		assert_int_equal(decimal_append_canonical(&d, &out, &err), 0);
		assert_string_equal(out.data, decimals[i].canonical);
		assert_int_equal(decimal_size(&d), decimals[i].size);
	}
	buf_release(&out);
}

/* ---- values ---- */

struct kit {
	struct item_maker *maker;
	struct err err;
	struct item item;
	struct record record;
};

static void
open_kit(struct kit *k, const struct item_options *o, const struct schema *schema)
{
	memset(k, 0, sizeof(*k));
	k->maker = item_maker_new(o, schema, &k->err);
	if (!k->maker)
		fail_msg("%s", k->err.text);
}

static int
make(struct kit *k, const char *value)
{
	k->record = (struct record){
		.topic = slice_of("t"), .offset = 7, .value = slice_of(value), .has_value = true
	};
	err_clear(&k->err);
	return item_make(k->maker, &k->record, &k->item, &k->err);
}

static void
expect_text(struct kit *k, const char *value, const char *text)
{
	if (make(k, value))
		fail_msg("%s: %s", value, k->err.text);
	if (!slice_is(k->item.text, text))
		fail_msg("%s:\n got %.*s\nnot %s", value, SLICE_ARGS(k->item.text), text);
}

static void
expect_reject(struct kit *k, const char *value, const char *reason)
{
	if (!make(k, value))
		fail_msg("%s was taken: %.*s", value, SLICE_ARGS(k->item.text));
	assert_int_equal(k->err.class, ERR_DATA);
	assert_string_equal(k->err.text, reason);
}

#define ID "{\"id\":{\"S\":\"x\"}"

/* The value of member v, beside the key. */
static const struct {
	const char *json, *attribute;
	size_t size; /* of value and name */
} values[] = {
	{ "\"\"", "{\"S\":\"\"}", 1 },
	{ "\"abc\"", "{\"S\":\"abc\"}", 4 },
	{ "\"\xc3\xa4\xe2\x82\xac\"", "{\"S\":\"\xc3\xa4\xe2\x82\xac\"}", 6 },
	{ "\"\\u00e4\\n\\\"\\/\"", "{\"S\":\"\xc3\xa4\\n\\\"/\"}", 6 },
	{ "\"\\ud83d\\ude00\"", "{\"S\":\"\xf0\x9f\x98\x80\"}", 5 },
	{ "\"\\ud800\"", "{\"S\":\"\xef\xbf\xbd\"}", 4 },
	{ "1", "{\"N\":\"1\"}", 3 },
	{ "1.50", "{\"N\":\"1.50\"}", 3 },
	{ "847.43", "{\"N\":\"847.43\"}", 5 },
	{ "-0.0", "{\"N\":\"-0.0\"}", 2 },
	{ "0E99999", "{\"N\":\"0\"}", 2 },
	{ "1E5", "{\"N\":\"1E5\"}", 3 },
	{ "9223372036854775808", "{\"N\":\"9223372036854775808\"}", 12 },
	{ "true", "{\"BOOL\":true}", 2 },
	{ "false", "{\"BOOL\":false}", 2 },
	{ "null", "{\"NULL\":true}", 2 },
	{ "[]", "{\"L\":[]}", 4 },
	{ "{}", "{\"M\":{}}", 4 },
	{ "[1,\"a\",null,[true]]",
	    "{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"},{\"NULL\":true},{\"L\":[{\"BOOL\":true}]}]}", 17 },
	{ "[ 1 , 2 ]", "{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", 10 },
	{ "{ \"a\" : {\"b\":1} , \"c\":[] }",
	    "{\"M\":{\"a\":{\"M\":{\"b\":{\"N\":\"1\"}}},\"c\":{\"L\":[]}}}", 18 },
	/* of members of one name the last counts, however it is spelled */
	{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"M\":{\"b\":{\"N\":\"2\"},\"a\":{\"N\":\"3\"}}}", 12 },
	{ "{\"a\":1,\"\\u0061\":{\"a\":2}}", "{\"M\":{\"a\":{\"M\":{\"a\":{\"N\":\"2\"}}}}}", 13 },
	{ "{\"\\\"\":1}", "{\"M\":{\"\\\"\":{\"N\":\"1\"}}}", 8 },
};

static void
test_values(void **state)
{
	static const struct item_options plain;
	struct kit k;
	char record[512], text[512];

	(void)state;
	open_kit(&k, &plain, &id_schema);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		(void)snprintf(record, sizeof(record), "{\"id\":\"x\",\"v\":%s}", values[i].json);
		(void)snprintf(text, sizeof(text), ID ",\"v\":%s}", values[i].attribute);
		expect_text(&k, record, text);
		/* id and x */
		assert_int_equal(k.item.size, values[i].size + 3);
	}
	item_maker_free(k.maker);
}

static void
test_values_that_are_refused(void **state)
{
	static const struct item_options plain;
	struct kit k;
	char deep[256];

	(void)state;
	open_kit(&k, &plain, &id_schema);
	expect_reject(&k, "{\"id\":\"x\",\"v\":1e126}",
	    "t[0]@7: byte 14: attribute v: a number of 1E126 or more");
	expect_reject(&k, "{\"id\":\"x\",\"v\":[0,1e-131]}",
	    "t[0]@7: byte 17: attribute v: a number closer to 0 than 1E-130");
	expect_reject(&k, "{\"id\":\"x\",\"v\":{\"\":1}}",
	    "t[0]@7: byte 18: attribute v: a member without a name");
	expect_reject(&k, "{\"id\":\"x\",\"\":1}", "t[0]@7: attribute : without a name");
	expect_reject(&k, "[1]", "t[0]@7: byte 0: not an object");
	expect_reject(&k, "{\"id\":\"x\"", "t[0]@7: byte 9: unexpected end");
	/* 32 levels are taken, 33 are not */
	(void)snprintf(deep, sizeof(deep), "{\"id\":\"x\",\"v\":%.32s%.32s}",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_int_equal(make(&k, deep), 0);
	(void)snprintf(deep, sizeof(deep), "{\"id\":\"x\",\"v\":[%.32s%.32s]}",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	expect_reject(&k, deep, "t[0]@7: byte 46: attribute v: nested more than 32 levels deep");
	item_maker_free(k.maker);
}

/* ---- types that are told ---- */

static const struct {
	const char *type, *json;
	const char *attribute; /* NULL: refused; "": not there */
	const char *reason;
} typed[] = {
	{ "S", "\"a\"", "{\"S\":\"a\"}", NULL },
	{ "S", "1.50", "{\"S\":\"1.50\"}", NULL },
	{ "S", "true", "{\"S\":\"true\"}", NULL },
	{ "S", "null", "{\"NULL\":true}", NULL },
	{ "S", "{\"a\":[1]}", "{\"S\":\"{\\\"a\\\":[1]}\"}", NULL },
	{ "N", "1.50", "{\"N\":\"1.50\"}", NULL },
	{ "N", "\"1.50\"", "{\"N\":\"1.50\"}", NULL },
	{ "N", "\"\\u0031\"", "{\"N\":\"1\"}", NULL },
	{ "N", "null", "{\"NULL\":true}", NULL },
	{ "N", "\"\"", NULL, "byte 14: attribute v: not a number" },
	{ "N", "\"1e126\"", NULL, "byte 14: attribute v: a number of 1E126 or more" },
	{ "N", "true", NULL, "byte 14: attribute v: not a number" },
	{ "N", "[1]", NULL, "byte 14: attribute v: not a number" },
	{ "B", "\"AAEC\"", "{\"B\":\"AAEC\"}", NULL },
	{ "B", "\"\"", "{\"B\":\"\"}", NULL },
	{ "B", "\"\\/\\/8=\"", "{\"B\":\"//8=\"}", NULL },
	{ "B", "\"AAE\"", NULL, "byte 14: attribute v: not base64" },
	{ "B", "1", NULL, "byte 14: attribute v: not a string with base64" },
	{ "B", "null", "{\"NULL\":true}", NULL },
	{ "SS", "[\"a\",\"b\",\"a\",\"\\u0062\"]", "{\"SS\":[\"a\",\"b\"]}", NULL },
	{ "SS", "[\"a\",1,true]", "{\"SS\":[\"a\",\"1\",\"true\"]}", NULL },
	{ "SS", "\"a\"", "{\"SS\":[\"a\"]}", NULL },
	{ "SS", "[]", "", NULL },
	{ "SS", "null", "", NULL },
	{ "SS", "[\"a\",null]", NULL, "byte 19: attribute v: not a value that a set can have" },
	{ "SS", "[[]]", NULL, "byte 15: attribute v: not a value that a set can have" },
	{ "SS", "{}", NULL, "byte 14: attribute v: not a value that a set can have" },
	{ "NS", "[3,1.0,\"3.0\",1,30e-1]", "{\"NS\":[\"3\",\"1.0\"]}", NULL },
	{ "NS", "0", "{\"NS\":[\"0\"]}", NULL },
	{ "NS", "[]", "", NULL },
	{ "NS", "[1,\"x\"]", NULL, "byte 17: attribute v: not a number" },
};

static void
test_types(void **state)
{
	char rule[16], record[256], text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		struct item_options o = { .select_count = 0 };
		struct err err = ERR_INIT;
		struct kit k;

		(void)snprintf(rule, sizeof(rule), "v=%s", typed[i].type);
		assert_int_equal(item_parse_typing(rule, &o, &err), 0);
		open_kit(&k, &o, &id_schema);
		(void)snprintf(record, sizeof(record), "{\"id\":\"x\",\"v\":%s}", typed[i].json);
		if (!typed[i].attribute) {
			(void)snprintf(text, sizeof(text), "t[0]@7: %s", typed[i].reason);
			expect_reject(&k, record, text);
		} else if (!*typed[i].attribute) {
			expect_text(&k, record, ID "}");
			assert_int_equal(k.item.count, 2);
			assert_int_equal(k.item.attributes[1].value_len, 0);
			assert_int_equal(k.item.size, 3);
		} else {
			(void)snprintf(text, sizeof(text), ID ",\"v\":%s}", typed[i].attribute);
			expect_text(&k, record, text);
		}
		item_maker_free(k.maker);
	}
}

/* ---- which fields, under which names ---- */

static const struct {
	const char *select, *rename, *ttl, *offset;
	const char *json, *text; /* text NULL: refused */
	const char *reason;
} shaped[] = {
	{ "v", NULL, NULL, NULL, "{\"id\":\"x\",\"v\":1,\"w\":2}",
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ "id,v", NULL, NULL, NULL, "{\"v\":1,\"w\":2,\"id\":\"x\"}", ID ",\"v\":{\"N\":\"1\"}}",
	    NULL },
	{ "a.b,.c,missing", NULL, NULL, NULL, "{\"id\":\"x\",\"a\":{\"b\":1},\"c\":2}",
	    "{\"a.b\":{\"N\":\"1\"},\"c\":{\"N\":\"2\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ "a.b", "a.b=ab", NULL, NULL, "{\"id\":\"x\",\"a\":{\"b\":1}}",
	    "{\"ab\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ NULL, "trip_id=id", NULL, NULL, "{\"trip_id\":\"x\",\"v\":1}", ID ",\"v\":{\"N\":\"1\"}}",
	    NULL },
	{ "v", "trip.id=id", NULL, NULL, "{\"trip\":{\"id\":\"x\"},\"v\":1}",
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"}}", NULL },
	{ NULL, "v=w", NULL, NULL, "{\"id\":\"x\",\"v\":1,\"w\":2}", NULL,
	    "attribute w: two fields would become this one" },
	{ NULL, "v=id", NULL, NULL, "{\"id\":\"x\",\"v\":\"y\"}", NULL,
	    "attribute id: two fields would become this one" },
	{ NULL, NULL, "t", NULL, "{\"id\":\"x\",\"t\":\"2019-01-01T00:00:00.999Z\"}",
	    ID ",\"t\":{\"N\":\"1546300800\"}}", NULL },
	{ NULL, NULL, "end=t+1d", NULL, "{\"id\":\"x\",\"t\":1546300800000}",
	    ID ",\"t\":{\"N\":\"1546300800000\"},\"end\":{\"N\":\"1546387200\"}}", NULL },
	{ NULL, NULL, "t", NULL, "{\"id\":\"x\",\"t\":-1}", ID ",\"t\":{\"N\":\"-1\"}}", NULL },
	{ "v", NULL, "t", NULL, "{\"id\":\"x\",\"v\":1,\"t\":0}",
	    "{\"v\":{\"N\":\"1\"},\"id\":{\"S\":\"x\"},\"t\":{\"N\":\"0\"}}", NULL },
	{ NULL, NULL, "t", NULL, "{\"id\":\"x\",\"t\":null}", ID "}", NULL },
	{ NULL, NULL, "t", NULL, "{\"id\":\"x\"}", ID "}", NULL },
	{ NULL, NULL, "t", NULL, "{\"id\":\"x\",\"t\":[]}", NULL,
	    "byte 14: attribute t: not a time" },
	{ NULL, NULL, "v=t", NULL, "{\"id\":\"x\",\"v\":1,\"t\":0}", NULL,
	    "attribute v: two fields would become this one" },
	{ NULL, NULL, NULL, "o", "{\"id\":\"x\",\"v\":1}",
	    ID ",\"v\":{\"N\":\"1\"},\"o\":{\"N\":\"7\"}}", NULL },
	{ NULL, NULL, NULL, "o", "{\"id\":\"x\",\"o\":1}", NULL,
	    "attribute o: two fields would become this one" },
};

static void
test_shapes(void **state)
{
	char reason[256];

	(void)state;
	for (size_t i = 0; i < sizeof(shaped) / sizeof(*shaped); i++) {
		struct item_options o = { .offset_name = shaped[i].offset };
		struct err err = ERR_INIT;
		struct kit k;

		if ((shaped[i].select && item_parse_select(shaped[i].select, &o, &err)) ||
		    (shaped[i].rename && item_parse_rename(shaped[i].rename, &o, &err)) ||
		    (shaped[i].ttl && item_parse_ttl(shaped[i].ttl, &o, &err)))
			fail_msg("%s", err.text);
		open_kit(&k, &o, &id_schema);
		if (shaped[i].text) {
			expect_text(&k, shaped[i].json, shaped[i].text);
		} else {
			(void)snprintf(reason, sizeof(reason), "t[0]@7: %s", shaped[i].reason);
			expect_reject(&k, shaped[i].json, reason);
		}
		item_maker_free(k.maker);
	}
}

static const struct {
	const char *select, *rename, *typing, *ttl, *offset, *error;
} wrong_rules[] = {
	{ NULL, "a.b=c", NULL, NULL, NULL, "--rename a.b: the field is not selected (--select)" },
	{ "v", "w=c", NULL, NULL, NULL, "--rename w: the field is not selected (--select)" },
	{ "v", NULL, "w=S", NULL, NULL, "--types w: the field is not selected (--select)" },
	{ NULL, NULL, "id=N", NULL, NULL, "--types says N of key attribute id, the table says S" },
	{ NULL, "v=id", "v=B", NULL, NULL, "--types says B of key attribute id, the table says S" },
	{ NULL, NULL, NULL, "id", NULL, "--ttl id is a key attribute" },
	{ NULL, NULL, NULL, NULL, "id", "--condition-offset id is a key attribute" },
	{ NULL, NULL, NULL, "o", "o", "--ttl and --condition-offset are one attribute: o" },
	{ "", NULL, NULL, NULL, NULL, "\"\" is no field" },
	{ "a..b", NULL, NULL, NULL, NULL, "\"a..b\" is no field" },
	{ "a.", NULL, NULL, NULL, NULL, "\"a.\" is no field" },
	{ "a,", NULL, NULL, NULL, NULL, "\"\" is no field" },
	{ NULL, "a", NULL, NULL, NULL, "\"a\" is not FIELD=NAME" },
	{ NULL, "a=", NULL, NULL, NULL, "\"a=\" is not FIELD=NAME" },
	{ NULL, "=a", NULL, NULL, NULL, "\"\" is no field" },
	{ NULL, NULL, "a=X", NULL, NULL, "\"X\" is none of S, N, B, SS, NS" },
	{ NULL, NULL, "a", NULL, NULL, "\"a\" is not FIELD=TYPE" },
	{ NULL, NULL, NULL, "=a", NULL, "\"=a\" is not ATTRIBUTE=FIELD" },
	{ NULL, NULL, NULL, "a+5", NULL, NULL },
	{ NULL, NULL, NULL, "a+", NULL, NULL },
	{ NULL, NULL, NULL, "a+999999d", NULL, "999999d is more than 1000 years" },
};

static void
test_rules_that_are_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_rules) / sizeof(*wrong_rules); i++) {
		struct item_options o = { .offset_name = wrong_rules[i].offset };
		struct err err = ERR_INIT;
		struct item_maker *maker = NULL;

		if ((wrong_rules[i].select && item_parse_select(wrong_rules[i].select, &o, &err)) ||
		    (wrong_rules[i].rename && item_parse_rename(wrong_rules[i].rename, &o, &err)) ||
		    (wrong_rules[i].typing && item_parse_typing(wrong_rules[i].typing, &o, &err)) ||
		    (wrong_rules[i].ttl && item_parse_ttl(wrong_rules[i].ttl, &o, &err)) ||
		    !(maker = item_maker_new(&o, &id_schema, &err))) {
			assert_int_equal(err.class, ERR_USAGE);
			if (wrong_rules[i].error)
				assert_string_equal(err.text, wrong_rules[i].error);
			continue;
		}
		item_maker_free(maker);
		fail_msg("rules %zu were taken", i);
	}
}

/* ---- keys ---- */

static void
expect_identity(struct kit *k, const char *value, const char *bytes, size_t len)
{
	if (make(k, value))
		fail_msg("%s: %s", value, k->err.text);
	if (!slice_equal(k->item.identity, slice_make(bytes, len)))
		fail_msg("%s: another identity", value);
}

static void
test_keys(void **state)
{
	static const struct item_options plain;
	static const char *const same[] = { "{\"n\":10}", "{\"n\":1e1}", "{\"n\":10.0}",
		"{\"n\":\"10\"}" };
	struct kit k;

	(void)state;
	/* one number, however it is written */
	open_kit(&k, &plain, &number_schema);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		expect_identity(&k, same[i],
		    "\0\0\0\3"
		    "1e1",
		    7);
	expect_identity(&k, "{\"n\":-0}",
	    "\0\0\0\1"
	    "0",
	    5);
	expect_text(&k, "{\"n\":1e1}", "{\"n\":{\"N\":\"1e1\"}}");
	expect_reject(&k, "{\"n\":\"x\"}", "t[0]@7: byte 5: attribute n: not a number");
	item_maker_free(k.maker);
	/* where one attribute ends and the next begins */
	open_kit(&k, &plain, &two_schema);
	expect_identity(&k, "{\"a\":\"x\",\"b\":\"yz\"}", "\0\0\0\1x\0\0\0\2yz", 11);
	expect_identity(&k, "{\"b\":\"z\",\"a\":\"xy\"}", "\0\0\0\2xy\0\0\0\1z", 11);
	assert_true(slice_is(k.item.key, "{\"a\":{\"S\":\"xy\"},\"b\":{\"S\":\"z\"}}"));
	expect_reject(&k, "{\"a\":\"x\"}", "t[0]@7: attribute b: the key is missing");
	expect_reject(&k, "{\"a\":\"x\",\"b\":\"\"}", "t[0]@7: attribute b: a key that is empty");
	item_maker_free(k.maker);
	/* spelled with and without escapes */
	open_kit(&k, &plain, &id_schema);
	expect_identity(&k, "{\"id\":\"a\\u0062\"}",
	    "\0\0\0\2"
	    "ab",
	    6);
	expect_identity(&k, "{\"id\":\"ab\"}",
	    "\0\0\0\2"
	    "ab",
	    6);
	/* as --types S would have it */
	expect_text(&k, "{\"id\":1.0}", "{\"id\":{\"S\":\"1.0\"}}");
	expect_reject(&k, "{}", "t[0]@7: attribute id: the key is missing");
	expect_reject(&k, "{\"id\":\"\"}", "t[0]@7: attribute id: a key that is empty");
	expect_reject(&k, "{\"id\":null}", "t[0]@7: byte 6: attribute id: a key that is null");
	item_maker_free(k.maker);
	open_kit(&k, &plain, &binary_schema);
	expect_identity(&k, "{\"b\":\"AAEC\"}", "\0\0\0\3\0\1\2", 7);
	expect_reject(&k, "{\"b\":\"\"}", "t[0]@7: attribute b: a key that is empty");
	item_maker_free(k.maker);
}

/* A string of n bytes as member `name`, beside `rest`. */
static char *
long_record(const char *name, size_t n, const char *rest)
{
	char *text = malloc(n + 128);
	int at;

	assert_non_null(text);
	at = sprintf(text, "{%s\"%s\":\"", rest, name);
	memset(text + at, 'k', n);
	(void)sprintf(text + at + n, "\"}");
	return text;
}

static void
expect_length(struct kit *k, char *text, const char *reason)
{
	if (reason)
		expect_reject(k, text, reason);
	else if (make(k, text))
		fail_msg("%s", k->err.text);
	free(text);
}

static void
test_lengths(void **state)
{
	static const struct item_options plain;
	struct kit k;

	(void)state;
	open_kit(&k, &plain, &two_schema);
	expect_length(&k, long_record("a", 2048, "\"b\":\"x\","), NULL);
	expect_length(&k, long_record("a", 2049, "\"b\":\"x\","),
	    "t[0]@7: attribute a: a partition key longer than 2048 bytes");
	expect_length(&k, long_record("b", 1024, "\"a\":\"x\","), NULL);
	expect_length(&k, long_record("b", 1025, "\"a\":\"x\","),
	    "t[0]@7: attribute b: a sort key longer than 1024 bytes");
	item_maker_free(k.maker);
	/* the developer guide's example is 23 bytes */
	open_kit(&k, &plain, &id_schema);
	assert_int_equal(make(&k, "{\"id\":\"x\",\"shirt-color\":\"R\",\"shirt-size\":\"M\"}"), 0);
	assert_int_equal(k.item.size, 3 + 23);
	/* 4 are id, x and v */
	expect_length(&k, long_record("v", 409600 - 4, "\"id\":\"x\","), NULL);
	expect_length(&k, long_record("v", 409600 - 3, "\"id\":\"x\","),
	    "t[0]@7: an item of 409601 bytes, DynamoDB takes up to 409600");
	item_maker_free(k.maker);
}

/* ---- tombstones ---- */

static const struct {
	const struct schema *schema;
	const char *key; /* of the record */
	const char *text;
	const char *reason;
} tombstones[] = {
	{ &id_schema, "abc", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "\"a\\u0062c\"", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "{\"id\":\"abc\",\"v\":1}", "{\"id\":{\"S\":\"abc\"}}", NULL },
	{ &id_schema, "12.0", "{\"id\":{\"S\":\"12.0\"}}", NULL },
	{ &id_schema, "{broken", "{\"id\":{\"S\":\"{broken\"}}", NULL },
	{ &id_schema, "", NULL, "key: attribute id: a key that is empty" },
	{ &id_schema, "\xff", NULL, "key: attribute id: not UTF-8" },
	{ &id_schema, "{\"v\":1}", NULL, "key: attribute id: the key is missing" },
	{ &id_schema, "{\"id\":null}", NULL, "key: attribute id: a key that is null" },
	{ &id_schema, NULL, NULL, "a tombstone without a key: nothing says which item to delete" },
	{ &number_schema, "1e1", "{\"n\":{\"N\":\"1e1\"}}", NULL },
	{ &number_schema, "\"7\"", "{\"n\":{\"N\":\"7\"}}", NULL },
	{ &number_schema, "x", NULL, "key: attribute n: not a number" },
	{ &binary_schema, "\x01\x02\xff", "{\"b\":{\"B\":\"AQL/\"}}", NULL },
	{ &binary_schema, "\"AQL/\"", "{\"b\":{\"B\":\"AQL/\"}}", NULL },
	{ &two_schema, "{\"b\":\"2\",\"a\":\"1\"}", "{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}}",
	    NULL },
	{ &two_schema, "{\"a\":\"1\"}", NULL, "key: attribute b: the key is missing" },
	{ &two_schema, "abc", NULL,
	    "the key of a tombstone is no JSON object, but the table has two key attributes" },
};

static void
test_tombstones(void **state)
{
	static const struct item_options plain;
	char reason[256];

	(void)state;
	for (size_t i = 0; i < sizeof(tombstones) / sizeof(*tombstones); i++) {
		struct kit k;
		int rc;

		open_kit(&k, &plain, tombstones[i].schema);
		k.record = (struct record){ .topic = slice_of("t"),
			.offset = 7,
			.key = slice_of(tombstones[i].key),
			.has_key = tombstones[i].key != NULL };
		rc = item_make_key(k.maker, &k.record, &k.item, &k.err);
		if (tombstones[i].text) {
			if (rc)
				fail_msg("%s: %s", tombstones[i].key, k.err.text);
			if (!slice_is(k.item.key, tombstones[i].text))
				fail_msg("%s: %.*s", tombstones[i].key, SLICE_ARGS(k.item.key));
		} else {
			assert_int_equal(rc, -1);
			(void)snprintf(reason, sizeof(reason), "t[0]@7: %s", tombstones[i].reason);
			assert_string_equal(k.err.text, reason);
			assert_int_equal(k.err.class, ERR_DATA);
		}
		item_maker_free(k.maker);
	}
}

/* --op delete takes the key from the value and looks at nothing else of it. */
static void
test_key_of_a_value(void **state)
{
	static const struct item_options plain;
	struct kit k;
	struct record record = { .value = slice_of("{\"v\":1e999,\"id\":\"x\"}"),
		.has_value = true };

	(void)state;
	open_kit(&k, &plain, &id_schema);
	assert_int_equal(item_make_key(k.maker, &record, &k.item, &k.err), 0);
	assert_true(slice_is(k.item.key, ID "}"));
	item_maker_free(k.maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_values_that_are_refused),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_rules_that_are_wrong),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_tombstones),
		cmocka_unit_test(test_key_of_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
