/* SPDX-License-Identifier: MIT */
/*
 * The record scanner, case by case. Each text is scanned in a heap block of its exact size and its
 * padding, once for each filling of the padding, by a fresh scanner and again by one that has seen
 * it: what is found must not depend on either. Built twice, with SSE2 and with portable code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal that may contain NUL bytes. */
#define TEXT(literal)                                         \
	{                                                     \
		.data = (literal), .len = sizeof(literal) - 1 \
	}

enum { PATHS_MAX = 8, SHOWN_BYTES = 8192 };

/* What the padding is filled with, over and over. */
static const struct slice fillings[] = {
	TEXT("\0"),
	TEXT("\""),
	TEXT("\\"),
	TEXT("0"),
	TEXT("7"),
	TEXT("}"),
	TEXT("]"),
	TEXT(" "),
	TEXT(","),
	TEXT(".5"),
	TEXT("e5"),
	TEXT("\x80"),
	TEXT("\xFF"),
	TEXT("\",\"a\":1}"),
	TEXT(",\"a\":1}"),
	TEXT("1,\"b\":2}]"),
	TEXT("rue}"),
	TEXT("ull,"),
	TEXT("alse]"),
};

/* ---- helpers ---- */

static struct json_scanner *
scanner_for(const char *paths_text)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	struct slice path, rest = slice_of(paths_text);
	struct json_scanner *scanner;

	assert_non_null(paths);
	while (rest.len) {
		(void)slice_cut(rest, ' ', &path, &rest);
		assert_true(json_paths_add(paths, path, &err) >= 0);
	}
	assert_true(json_paths_count(paths) <= PATHS_MAX);
	scanner = json_scanner_new(paths, &err);
	assert_non_null(scanner);
	json_paths_free(paths);
	return scanner;
}

/* The text in a heap block with its padding, which the filling fills. */
static char *
padded(struct slice text, struct slice filling)
{
	char *block = malloc(text.len + BUF_PADDING);

	assert_non_null(block);
	memcpy(block, text.data, text.len);
	for (size_t i = 0; i < BUF_PADDING; i++)
		block[text.len + i] = filling.data[i % filling.len];
	return block;
}

/* `-` missing, `n` null, `f`, `t`, `i123` integer, `d1.5` other number, `s...` string, `S...`
 * string with escapes, arrays and objects as they are. */
static void
show_value(char *out, size_t size, const struct json_value *v)
{
	char kind[2] = "";

	switch ((enum json_type)v->type) {
	case JSON_TYPE_MISSING:
		assert_null(v->data);
		assert_int_equal(v->len, 0);
		kind[0] = '-';
		break;
	case JSON_TYPE_NULL:
	case JSON_TYPE_FALSE:
	case JSON_TYPE_TRUE:
		assert_true(slice_is(json_slice(v), json_type_name((enum json_type)v->type)));
		(void)snprintf(out, size, "%c", v->data[0]);
		return;
	case JSON_TYPE_NUMBER:
		kind[0] = v->is_integer ? 'i' : 'd';
		break;
	case JSON_TYPE_STRING:
		kind[0] = v->has_escape ? 'S' : 's';
		break;
	case JSON_TYPE_ARRAY:
	case JSON_TYPE_OBJECT:
		break;
	}
	if (v->type != JSON_TYPE_NUMBER)
		assert_false(v->is_integer);
	if (v->type != JSON_TYPE_STRING)
		assert_false(v->has_escape);
	(void)snprintf(out, size, "%s%.*s", kind, SLICE_ARGS(json_slice(v)));
}

/* Scans and shows all values with a blank between, or `!byte reason`. */
static const char *
show_scan(struct json_scanner *scanner, unsigned value_count, struct slice text)
{
	static char shown[SHOWN_BYTES];
	struct json_value values[PATHS_MAX + 1];
	struct json_fault fault = { 0 };
	size_t len = 0;

	memset(values, 0xa5, sizeof(values));
	shown[0] = '\0';
	if (json_scan(scanner, text, values, &fault)) {
		(void)snprintf(shown, sizeof(shown), "!%zu %s", fault.byte, fault.reason);
		return shown;
	}
	for (unsigned i = 0; i < value_count; i++) {
		if (i)
			shown[len++] = ' ';
		show_value(shown + len, sizeof(shown) - len, &values[i]);
		len += strlen(shown + len);
	}
	assert_int_equal(values[value_count].type, 0xa5);
	return shown;
}

static unsigned
count_paths(const char *paths)
{
	unsigned count = *paths ? 1 : 0;

	for (; *paths; paths++)
		count += *paths == ' ';
	return count;
}

static void
check(const char *paths, struct slice text, const char *expected)
{
	struct json_scanner *scanner = NULL;
	char *block;

	for (size_t i = 0; i < COUNT_OF(fillings); i++) {
		block = padded(text, fillings[i]);
		if (i % 2 == 0) {
			json_scanner_free(scanner);
			scanner = scanner_for(paths);
		}
		for (int again = 0; again < 2; again++)
			assert_string_equal(
			    show_scan(scanner, count_paths(paths), slice_make(block, text.len)),
			    expected);
		free(block);
	}
	json_scanner_free(scanner);
}

/* ---- the grammar ---- */

struct text_case {
	struct slice text;
	const char *expected; /* the value of `a`, or the fault */
};

static void
check_texts(const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check("a", cases[i].text, cases[i].expected);
}

static void
test_values(void **state)
{
	static const struct text_case cases[] = {
		{ TEXT("{\"a\":1}"), "i1" },
		{ TEXT("{\"a\":null}"), "n" },
		{ TEXT("{\"a\":true}"), "t" },
		{ TEXT("{\"a\":false}"), "f" },
		{ TEXT("{\"a\":\"\"}"), "s" },
		{ TEXT("{\"a\":\"x\"}"), "sx" },
		{ TEXT("{\"a\":[]}"), "[]" },
		{ TEXT("{\"a\":{}}"), "{}" },
		{ TEXT("{\"a\":[1,{\"a\":2},[]]}"), "[1,{\"a\":2},[]]" },
		{ TEXT("{\"a\":{\"a\":[{}]}}"), "{\"a\":[{}]}" },
		{ TEXT("{}"), "-" },
		{ TEXT("{\"b\":1}"), "-" },
		{ TEXT("{\"\":1}"), "-" },
		{ TEXT("{\"A\":1}"), "-" },
		{ TEXT("{\"aa\":1}"), "-" },
		{ TEXT("[]"), "-" },
		{ TEXT("[{\"a\":1}]"), "-" },
		{ TEXT("1"), "-" },
		{ TEXT("-0"), "-" },
		{ TEXT("12345678901234567890.5e+7"), "-" },
		{ TEXT("\"a\""), "-" },
		{ TEXT("\"\""), "-" },
		{ TEXT("true"), "-" },
		{ TEXT("false"), "-" },
		{ TEXT("null"), "-" },
		{ TEXT(" \t\r\n{ \t\r\n\"a\" \t\r\n: \t\r\n1 \t\r\n, \"b\":[ 1 , 2 ] } \t\r\n"),
		    "i1" },
		{ TEXT("{ }"), "-" },
		{ TEXT(" [ ] "), "-" },
		{ TEXT(" 7 "), "-" },
		{ TEXT("{\"a\": 1, \"b\": 2}"), "i1" },
		{ TEXT("{\"b\": 1, \"a\": 2}"), "i2" },
		{ TEXT("{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}"), "[\n    2\n  ]" },
		{ TEXT("{\n                                        \"a\":     1}"), "i1" },
		{ TEXT("{\"a\"                                          :1}"), "i1" },
	};

	(void)state;
	check_texts(cases, COUNT_OF(cases));
}

static void
test_numbers(void **state)
{
	static const struct text_case cases[] = {
		{ TEXT("{\"a\":0}"), "i0" },
		{ TEXT("{\"a\":-0}"), "i-0" },
		{ TEXT("{\"a\":0.0}"), "d0.0" },
		{ TEXT("{\"a\":-0.10}"), "d-0.10" },
		{ TEXT("{\"a\":10}"), "i10" },
		{ TEXT("{\"a\":847.43}"), "d847.43" },
		{ TEXT("{\"a\":1e5}"), "d1e5" },
		{ TEXT("{\"a\":1E+05}"), "d1E+05" },
		{ TEXT("{\"a\":0e0}"), "d0e0" },
		{ TEXT("{\"a\":1.5e-300}"), "d1.5e-300" },
		{ TEXT("{\"a\":1e999}"), "d1e999" },
		{ TEXT("{\"a\":12345678901234}"), "i12345678901234" },
		{ TEXT("{\"a\":123456789012345}"), "i123456789012345" },
		{ TEXT("{\"a\":1234567890123456}"), "i1234567890123456" },
		{ TEXT("{\"a\":12345678901234567}"), "i12345678901234567" },
		{ TEXT("{\"a\":-99999999999999999999999999}"), "i-99999999999999999999999999" },
		{ TEXT("{\"a\":1234567890123.5}"), "d1234567890123.5" },
		{ TEXT("{\"a\":12345678901234.5}"), "d12345678901234.5" },
		{ TEXT("{\"a\":123456789012345.5}"), "d123456789012345.5" },
		{ TEXT("{\"a\":0.1234567890123456789}"), "d0.1234567890123456789" },
		{ TEXT("{\"a\":123456789012345e1}"), "d123456789012345e1" },
		{ TEXT("{\"a\":1 }"), "i1" },
		{ TEXT("{\"a\":1\n,\"b\":2}"), "i1" },
		{ TEXT("[0,-1,2.5,3e3]"), "-" },
		{ TEXT("{\"a\":01}"), "!6 digit after a leading zero" },
		{ TEXT("{\"a\":-01}"), "!7 digit after a leading zero" },
		{ TEXT("{\"a\":00}"), "!6 digit after a leading zero" },
		{ TEXT("{\"a\":-}"), "!6 digit expected" },
		{ TEXT("{\"a\":--1}"), "!6 digit expected" },
		{ TEXT("{\"a\":+1}"), "!5 value expected" },
		{ TEXT("{\"a\":.5}"), "!5 value expected" },
		{ TEXT("{\"a\":-.5}"), "!6 digit expected" },
		{ TEXT("{\"a\":5.}"), "!7 digit expected" },
		{ TEXT("{\"a\":1..2}"), "!7 digit expected" },
		{ TEXT("{\"a\":1.2.3}"), "!8 comma or } expected" },
		{ TEXT("{\"a\":1e}"), "!7 digit expected" },
		{ TEXT("{\"a\":1e+}"), "!8 digit expected" },
		{ TEXT("{\"a\":1e5.5}"), "!8 comma or } expected" },
		{ TEXT("{\"a\":1e5E5}"), "!8 comma or } expected" },
		{ TEXT("{\"a\":1E5e5}"), "!8 comma or } expected" },
		{ TEXT("{\"a\":1e5 e5}"), "!9 comma or } expected" },
		{ TEXT("{\"a\":1 e5}"), "!7 comma or } expected" },
		{ TEXT("[1E5e5]"), "!4 comma or ] expected" },
		{ TEXT("[\"1\"e5]"), "!4 comma or ] expected" },
		{ TEXT("[[1]e5]"), "!4 comma or ] expected" },
		{ TEXT("{\"a\":1.e5}"), "!7 digit expected" },
		{ TEXT("{\"a\":1-2}"), "!6 comma or } expected" },
		{ TEXT("{\"a\":1a}"), "!6 comma or } expected" },
		{ TEXT("{\"a\":0x1}"), "!6 comma or } expected" },
		{ TEXT("{\"a\":1/2}"), "!6 comma or } expected" },
		{ TEXT("{\"a\":1:2}"), "!6 comma or } expected" },
		{ TEXT("{\"a\":NaN}"), "!5 value expected" },
		{ TEXT("{\"a\":-Infinity}"), "!6 digit expected" },
		{ TEXT("123456789012345."), "!16 unexpected end" },
		{ TEXT("1."), "!2 unexpected end" },
		{ TEXT("-"), "!1 unexpected end" },
		{ TEXT("1e"), "!2 unexpected end" },
		{ TEXT("1e-"), "!3 unexpected end" },
		{ TEXT("01"), "!1 digit after a leading zero" },
		{ TEXT("1 2"), "!2 something after the value" },
	};

	(void)state;
	check_texts(cases, COUNT_OF(cases));
}

static void
test_strings(void **state)
{
	static const struct text_case cases[] = {
		{ TEXT("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), "S\\\"\\\\\\/\\b\\f\\n\\r\\t" },
		{ TEXT("{\"a\":\"\\u00e9\"}"), "S\\u00e9" },
		{ TEXT("{\"a\":\"\\u0000\"}"), "S\\u0000" },
		{ TEXT("{\"a\":\"\\uAbCd\"}"), "S\\uAbCd" },
		{ TEXT("{\"a\":\"\\ud800\"}"), "S\\ud800" },
		{ TEXT("{\"a\":\"\\udc00\\ud800\"}"), "S\\udc00\\ud800" },
		{ TEXT("{\"a\":\"\\ud83d\\ude00\"}"), "S\\ud83d\\ude00" },
		{ TEXT("{\"a\":\"\x7f\"}"), "s\x7f" },
		{ TEXT("{\"a\":\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"}"),
		    "scaf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80" },
		{ TEXT("{\"a\":\"\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF\"}"),
		    "s\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF" },
		{ TEXT("{\"a\":\"0123456789012345678901234567890\"}"),
		    "s0123456789012345678901234567890" },
		{ TEXT("{\"a\":\"01234567890123456789012345678901\"}"),
		    "s01234567890123456789012345678901" },
		{ TEXT("{\"a\":\"012345678901234567890123456789012\"}"),
		    "s012345678901234567890123456789012" },
		{ TEXT("{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123"
		       "456789\\n\"}"),
		    "S0123456789012345678901234567890123456789012345678901234567890123"
		    "456789\\n" },
		{ TEXT("{\"a\":\"x\x01\"}"), "!7 control character in a string" },
		{ TEXT("{\"a\":\"x\ny\"}"), "!7 control character in a string" },
		{ TEXT("{\"a\":\"x\0\"}"), "!7 control character in a string" },
		{ TEXT("{\"a\":\"0123456789012345678901234567890123456789\x1f\"}"),
		    "!46 control character in a string" },
		{ TEXT("{\"a\":\"\\x\"}"), "!7 unknown escape in a string" },
		{ TEXT("{\"a\":\"\\\0\"}"), "!7 unknown escape in a string" },
		{ TEXT("{\"a\":\"\\U0041\"}"), "!7 unknown escape in a string" },
		{ TEXT("{\"a\":\"\\u12g4\"}"), "!10 hexadecimal digit expected" },
		{ TEXT("{\"a\":\"\\u123\"}"), "!11 hexadecimal digit expected" },
		{ TEXT("{\"a\":\"\\u\"}"), "!8 hexadecimal digit expected" },
		{ TEXT("{\"a\":\"\\u 123\"}"), "!8 hexadecimal digit expected" },
		{ TEXT("{\"a\":\"\x80\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xC0\x80\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xC1\xBF\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xC3\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xC3\xC3\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xE0\x9F\xBF\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xED\xA0\x80\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xF0\x8F\xBF\xBF\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xF4\x90\x80\x80\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xF5\x80\x80\x80\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"\xFF\"}"), "!6 invalid UTF-8" },
		{ TEXT("{\"a\":\"0123456789012345678901234567890123456789\xE2\x82\"}"),
		    "!46 invalid UTF-8" },
		{ TEXT("{\"a\":\"x"), "!7 unexpected end" },
		{ TEXT("{\"a\":\"x\xE2\x82"), "!9 unexpected end" },
		{ TEXT("{\"a\":\"x\\"), "!8 unexpected end" },
		{ TEXT("{\"a\":\"x\\u00"), "!11 unexpected end" },
		{ TEXT("\"x"), "!2 unexpected end" },
		{ TEXT("\""), "!1 unexpected end" },
		{ TEXT("\"0123456789012345678901234567890"), "!32 unexpected end" },
	};

	(void)state;
	check_texts(cases, COUNT_OF(cases));
}

static void
test_structure_faults(void **state)
{
	static const struct text_case cases[] = {
		{ TEXT(""), "!0 unexpected end" },
		{ TEXT("  \n"), "!3 unexpected end" },
		{ TEXT("{"), "!1 unexpected end" },
		{ TEXT("["), "!1 unexpected end" },
		{ TEXT("["), "!1 unexpected end" },
		{ TEXT("tru"), "!3 unexpected end" },
		{ TEXT("t"), "!1 unexpected end" },
		{ TEXT("nul"), "!3 unexpected end" },
		{ TEXT("fals"), "!4 unexpected end" },
		{ TEXT("nil"), "!1 value expected" },
		{ TEXT("True"), "!0 value expected" },
		{ TEXT("truth"), "!3 value expected" },
		{ TEXT("truee"), "!4 something after the value" },
		{ TEXT("}"), "!0 value expected" },
		{ TEXT("]"), "!0 value expected" },
		{ TEXT(","), "!0 value expected" },
		{ TEXT("'a'"), "!0 value expected" },
		{ TEXT("\0"), "!0 value expected" },
		{ TEXT("\xEF\xBB\xBF{}"), "!0 value expected" },
		{ TEXT("\v{}"), "!0 value expected" },
		{ TEXT("{}}"), "!2 something after the value" },
		{ TEXT("{}\0"), "!2 something after the value" },
		{ TEXT("{} {}"), "!3 something after the value" },
		{ TEXT("{},"), "!2 something after the value" },
		{ TEXT("[]]"), "!2 something after the value" },
		{ TEXT("[1}"), "!2 comma or ] expected" },
		{ TEXT("[1 2]"), "!3 comma or ] expected" },
		{ TEXT("[1,]"), "!3 value expected" },
		{ TEXT("[,1]"), "!1 value expected" },
		{ TEXT("[1,,2]"), "!3 value expected" },
		{ TEXT("[}"), "!1 value expected" },
		{ TEXT("{]"), "!1 string expected as a member's name" },
		{ TEXT("{\"a\":1]"), "!6 comma or } expected" },
		{ TEXT("{\"a\":1,}"), "!7 string expected as a member's name" },
		{ TEXT("{,\"a\":1}"), "!1 string expected as a member's name" },
		{ TEXT("{\"a\":1,,\"b\":2}"), "!7 string expected as a member's name" },
		{ TEXT("{\"a\":1 \"b\":2}"), "!7 comma or } expected" },
		{ TEXT("{\"a\":1;\"b\":2}"), "!6 comma or } expected" },
		{ TEXT("{\"a\"}"), "!4 colon expected" },
		{ TEXT("{\"a\",1}"), "!4 colon expected" },
		{ TEXT("{\"a\" 1}"), "!5 colon expected" },
		{ TEXT("{\"a\":}"), "!5 value expected" },
		{ TEXT("{\"a\":,}"), "!5 value expected" },
		{ TEXT("{\"a\"::1}"), "!5 value expected" },
		{ TEXT("{\"a\": :1}"), "!6 value expected" },
		{ TEXT("{a:1}"), "!1 string expected as a member's name" },
		{ TEXT("{1:1}"), "!1 string expected as a member's name" },
		{ TEXT("{null:1}"), "!1 string expected as a member's name" },
		{ TEXT("{\"a\n\":1}"), "!3 control character in a string" },
		{ TEXT("{\"\xFF\":1}"), "!2 invalid UTF-8" },
		{ TEXT("{\"\\q\":1}"), "!3 unknown escape in a string" },
		{ TEXT("{\"a\":1,\"b"), "!9 unexpected end" },
		{ TEXT("{\"a\":1,\"b\""), "!10 unexpected end" },
		{ TEXT("{\"a\":1,\"b\":"), "!11 unexpected end" },
		{ TEXT("{\"a\":1,"), "!7 unexpected end" },
		{ TEXT("{\"a\":1"), "!6 unexpected end" },
		{ TEXT("{\"a\":{}"), "!7 unexpected end" },
		{ TEXT("[[]"), "!3 unexpected end" },
		{ TEXT("// x\n{}"), "!0 value expected" },
		{ TEXT("{/**/}"), "!1 string expected as a member's name" },
	};

	(void)state;
	check_texts(cases, COUNT_OF(cases));
}

/* ---- paths ---- */

static void
test_paths(void **state)
{
	static const struct {
		const char *paths;
		struct slice text;
		const char *expected;
	} cases[] = {
		{ "", TEXT("{\"a\":1}"), "" },
		{ "a b", TEXT("{\"b\":2,\"x\":0,\"a\":1}"), "i1 i2" },
		{ ".a .b.c", TEXT("{\"a\":1,\"b\":{\"c\":2}}"), "i1 i2" },
		{ "a.b a", TEXT("{\"a\":{\"b\":1}}"), "i1 {\"b\":1}" },
		{ "a a.b a.b.c", TEXT("{\"a\":{\"b\":{\"c\":\"x\"}}}"),
		    "{\"b\":{\"c\":\"x\"}} {\"c\":\"x\"} sx" },
		{ "a.b", TEXT("{\"a\":1,\"b\":2}"), "-" },
		{ "a.b", TEXT("{\"a\":[{\"b\":1}]}"), "-" },
		{ "a.b", TEXT("{\"a.b\":1}"), "-" },
		{ "a.b b.a", TEXT("{\"b\":{\"b\":1,\"a\":2},\"a\":{\"a\":3,\"b\":4}}"), "i4 i2" },
		{ "a.b.c", TEXT("{\"x\":{\"a\":{\"b\":{\"c\":1}}},\"a\":{\"b\":{\"c\":2}}}"),
		    "i2" },
		{ "a.b.c", TEXT("{\"a\":{\"b\":{\"c\":2}},\"x\":{\"a\":{\"b\":{\"c\":1}}}}"),
		    "i2" },
		/* prefixes of each other */
		{ "ab abc a", TEXT("{\"abc\":1,\"a\":2,\"ab\":3,\"abcd\":4}"), "i3 i1 i2" },
		/* the last duplicate wins, with everything below it */
		{ "a", TEXT("{\"a\":1,\"a\":\"x\"}"), "sx" },
		{ "a a.b", TEXT("{\"a\":{\"b\":1},\"a\":2}"), "i2 -" },
		{ "a a.b a.c", TEXT("{\"a\":{\"b\":1},\"a\":{\"c\":2}}"), "{\"c\":2} - i2" },
		{ "a.b.c a.b", TEXT("{\"a\":{\"b\":{\"c\":1},\"b\":[]}}"), "- []" },
		{ "a.b.c.d", TEXT("{\"a\":{\"b\":{\"c\":{\"d\":1}}},\"a\":null}"), "-" },
		{ "a.b", TEXT("{\"a\":null,\"a\":{\"b\":1}}"), "i1" },
		{ "a.b", TEXT("{\"a\":{\"b\":1},\"\\u0061\":{}}"), "-" },
		/* escaped names are compared after decoding */
		{ "a b", TEXT("{\"\\u0061\":1,\"\\u0062\":2}"), "i1 i2" },
		{ "a.b", TEXT("{\"\\u0061\":{\"\\u0062\":1}}"), "i1" },
		{ "a/b", TEXT("{\"a\\/b\":1}"), "i1" },
		{ "a\"b", TEXT("{\"a\\\"b\":1}"), "i1" },
		{ "a\\b", TEXT("{\"a\\\\b\":1}"), "i1" },
		{ "a\\u0062", TEXT("{\"a\\u0062\":1}"), "-" },
		{ "a\\u0062", TEXT("{\"a\\\\u0062\":1}"), "i1" },
		{ "caf\xC3\xA9", TEXT("{\"caf\xC3\xA9\":1}"), "i1" },
		{ "caf\xC3\xA9", TEXT("{\"caf\\u00E9\":1}"), "i1" },
		{ "\xF0\x9F\x98\x80", TEXT("{\"\\ud83d\\ude00\":1}"), "i1" },
		{ "a", TEXT("{\"a\\u0000\":1}"), "-" },
		{ "a", TEXT("{\"\\u0061\\u0061\":1}"), "-" },
		{ "ab", TEXT("{\"\\u0061\":1}"), "-" },
		/* names around the cache's width */
		{ "a23456789012345678901234567 a234567890123456789012345678"
		  " a2345678901234567890123456789 a23456789012345678901234567890"
		  " a234567890123456789012345678901 a2345678901234567890123456789012",
		    TEXT("{\"a2345678901234567890123456789012\":6,"
			 "\"a234567890123456789012345678901\":5,"
			 "\"a23456789012345678901234567890\":4,"
			 "\"a2345678901234567890123456789\":3,"
			 "\"a234567890123456789012345678\":2,"
			 "\"a23456789012345678901234567\":1}"),
		    "i1 i2 i3 i4 i5 i6" },
		{ "a234567890123456789012345678901.b a234567890123456789012345678901",
		    TEXT("{\"a234567890123456789012345678901\":{\"b\":1,"
			 "\"b234567890123456789012345678901\":{\"b\":2}}}"),
		    "i1 {\"b\":1,\"b234567890123456789012345678901\":{\"b\":2}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(cases[i].paths, cases[i].text, cases[i].expected);
}

static void
test_path_set(void **state)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	char name[16];

	(void)state;
	assert_non_null(paths);
	assert_int_equal(json_paths_add(paths, slice_of("a.b"), &err), 0);
	assert_int_equal(json_paths_add(paths, slice_of(".c"), &err), 1);
	assert_int_equal(json_paths_add(paths, slice_of(".a.b"), &err), 0);
	assert_int_equal(json_paths_add(paths, slice_of("c"), &err), 1);
	assert_int_equal(json_paths_count(paths), 2);
	assert_true(slice_is(json_paths_name(paths, 1), "c"));
	static const char *const bad[] = { "", ".", "..", "a.", "..a", "a..b", ".a." };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		err_clear(&err);
		assert_int_equal(json_paths_add(paths, slice_of(bad[i]), &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
	}
	for (int i = 2; i < JSON_PATHS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(json_paths_add(paths, slice_of(name), &err), i);
	}
	err_clear(&err);
	assert_int_equal(json_paths_add(paths, slice_of("more"), &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	assert_int_equal(json_paths_add(paths, slice_of("a.b"), &err), 0);
	json_paths_free(paths);
	json_paths_free(NULL);
	json_scanner_free(NULL);
}

static void
test_path_depth(void **state)
{
	enum { MEMBERS = JSON_DEPTH_MAX };
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	struct json_scanner *scanner;
	struct json_value value;
	struct json_fault fault;
	char path[2 * MEMBERS + 2], text[6 * MEMBERS + 2 + BUF_PADDING] = "";
	size_t len = 0;

	(void)state;
	assert_non_null(paths);
	memset(path, 'a', sizeof(path));
	for (size_t i = 1; i < sizeof(path); i += 2)
		path[i] = '.';
	assert_int_equal(json_paths_add(paths, slice_make(path, 2 * MEMBERS + 1), &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	assert_int_equal(json_paths_add(paths, slice_make(path, 2 * MEMBERS - 1), &err), 0);
	scanner = json_scanner_new(paths, &err);
	assert_non_null(scanner);
	json_paths_free(paths);
	for (int i = 0; i < MEMBERS; i++, len += 5)
		memcpy(text + len, "{\"a\":", 5);
	text[len++] = '7';
	memset(text + len, '}', MEMBERS);
	len += MEMBERS;
	for (int again = 0; again < 3; again++) {
		assert_int_equal(json_scan(scanner, slice_make(text, len), &value, &fault), 0);
		assert_int_equal(value.type, JSON_TYPE_NUMBER);
		assert_int_equal(*value.data, '7');
	}
	json_scanner_free(scanner);
}

/* ---- limits and the end ---- */

static void
test_depth(void **state)
{
	static const struct {
		const char *open, *inner, *close;
	} kinds[] = {
		{ "[", "", "]" },
		{ "[", "1", "]" },
		{ " [ ", " 1 ", " ] " },
		{ "{\"a\":", "1", "}" },
		{ "{\"a\":[", "{}", "]}" },
		{ "[{\"b\":", "[]", "}]" },
	};
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	struct err err = ERR_INIT;
	struct json_scanner *scanner = scanner_for("a.a b");
	struct json_value values[2];
	struct json_fault fault;
	size_t each, inner, depth;

	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		each = strchr(kinds[k].open + 1, '[') || strchr(kinds[k].open + 1, '{') ? 2 : 1;
		if (kinds[k].open[0] == ' ')
			each = 1;
		inner = strpbrk(kinds[k].inner, "[{") != NULL;
		for (size_t n = 1; n < 1500; n = n < 200 ? n * 2 : n + 1) {
			buf_clear(&text);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(buf_append_text(&text, kinds[k].open, &err), 0);
			assert_int_equal(buf_append_text(&text, kinds[k].inner, &err), 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(buf_append_text(&text, kinds[k].close, &err), 0);
			assert_int_equal(buf_pad(&text, &err), 0);
			depth = n * each + inner;
			if (depth <= JSON_DEPTH_MAX) {
				assert_int_equal(
				    json_scan(scanner, buf_slice(&text), values, &fault), 0);
			} else {
				assert_int_equal(
				    json_scan(scanner, buf_slice(&text), values, &fault), -1);
				assert_string_equal(fault.reason, "nested too deep");
				assert_true(
				    text.data[fault.byte] == '[' || text.data[fault.byte] == '{');
			}
		}
	}
	/* a million brackets and no end */
	buf_clear(&text);
	assert_int_equal(buf_reserve(&text, 1000000, &err), 0);
	memset(text.data, '[', 1000000);
	text.len = 1000000;
	assert_int_equal(buf_pad(&text, &err), 0);
	assert_int_equal(json_scan(scanner, buf_slice(&text), values, &fault), -1);
	assert_string_equal(fault.reason, "nested too deep");
	assert_int_equal(fault.byte, JSON_DEPTH_MAX);
	json_scanner_free(scanner);
	buf_release(&text);
}

static const struct slice whole_texts[] = {
	TEXT("{\"vendor_id\":2,\"pickup_datetime\":\"2018-11-28T15:52:25.000Z\",\"a\":-12.50,"
	     "\"extra\":{\"b\":[1,2,{\"c\":null}],\"d\":true,\"e\":false},\"s\":\"N\",\"x\":1e-7}"),
	TEXT("{\"a\": \"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 and then some more of it\", "
	     "\"b\": \"\\u00e9\\n\\\"\\\\ a longer string, longer than one step\", \"c\": [ ] }"),
	TEXT("[\"0123456789012345678901234567890123456789\",12345678901234567890,0.5,{\"a\":{}}]"),
	TEXT("\"0123456789012345678901234567890123456789\xE2\x82\xAC\\ud83d\\ude00\""),
	TEXT("{\n\t\"a\" : [\n\t\t1 ,\n\t\t2\n\t] ,\n\t\"a_name_that_is_longer_than_32_bytes\" : "
	     "0\n}"),
};

/* Each beginning of a text is cut off, whatever the padding says, the true rest included. */
static void
test_truncation(void **state)
{
	struct json_scanner *scanner = scanner_for("a b extra.b");
	char expected[64], *block;
	struct slice whole, rest;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(whole_texts); i++) {
		whole = whole_texts[i];
		for (size_t len = 0; len < whole.len; len++) {
			rest = slice_skip(whole, len);
			(void)snprintf(expected, sizeof(expected), "!%zu unexpected end", len);
			block = padded(whole, slice_make(" ", 1));
			assert_int_not_equal(
			    show_scan(scanner, 3, slice_make(block, whole.len))[0], '!');
			free(block);
			for (size_t k = 0; k <= COUNT_OF(fillings); k++) {
				block = padded(slice_make(whole.data, len),
				    k < COUNT_OF(fillings) ? fillings[k] : rest);
				assert_string_equal(
				    show_scan(scanner, 3, slice_make(block, len)), expected);
				free(block);
			}
		}
	}
	json_scanner_free(scanner);
}

/* More closing brackets, or more of the record, than the padding can hold: no byte behind it is
 * touched (for the address sanitizer to see). */
static void
test_padding_only(void **state)
{
	static const struct slice open[] = { TEXT("{\"a\":"), TEXT("[") };
	static const struct slice close[] = { TEXT("}"), TEXT("]") };
	static const struct slice known = TEXT("{\"a\":\"0123456789012345678901234567890\","
					       "\"a_name_of_28_bytes_012345678\":1}");
	struct json_scanner *scanner = scanner_for("a");
	struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	char expected[64], *block;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(open); i++) {
		buf_clear(&text);
		for (int k = 0; k < 200; k++)
			assert_int_equal(buf_append(&text, open[i], &err), 0);
		assert_int_equal(buf_append_text(&text, "\"\"", &err), 0);
		(void)snprintf(expected, sizeof(expected), "!%zu unexpected end", text.len);
		block = padded(buf_slice(&text), close[i]);
		assert_string_equal(show_scan(scanner, 1, slice_make(block, text.len)), expected);
		free(block);
	}
	for (size_t len = known.len; len; len--) {
		block = padded(known, slice_make(" ", 1));
		assert_string_equal(show_scan(scanner, 1, slice_make(block, known.len)),
		    "s0123456789012345678901234567890");
		free(block);
		if (len == known.len)
			continue;
		(void)snprintf(expected, sizeof(expected), "!%zu unexpected end", len);
		block = padded(slice_make(known.data, len), slice_skip(known, len));
		assert_string_equal(show_scan(scanner, 1, slice_make(block, len)), expected);
		free(block);
	}
	json_scanner_free(scanner);
	buf_release(&text);
}

/* A record's values do not depend on what the scanner has seen before. */
static void
test_many_shapes(void **state)
{
	enum { KEYS = 3000 };
	struct json_scanner *scanner = scanner_for("k7 k1999 in.k7 k7.in");
	struct json_value values[4];
	struct json_fault fault;
	char text[256 + BUF_PADDING] = "";
	uint32_t seed = 1;
	int len, wanted, other;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		wanted = (int)(seed >> 8) % KEYS;
		other = i % KEYS;
		len = snprintf(text, sizeof(text),
		    "{\"k%d\":%d,\"in\":{\"k%d\":%d,\"k%d\":[0]},%s\"k%d\":%d}", wanted, i, other,
		    i, other + KEYS, seed & 1 << 7 ? " " : "", wanted, i + 1);
		assert_int_equal(
		    json_scan(scanner, slice_make(text, (size_t)len), values, &fault), 0);
		assert_int_equal(
		    values[0].type, wanted == 7 ? JSON_TYPE_NUMBER : JSON_TYPE_MISSING);
		assert_int_equal(
		    values[1].type, wanted == 1999 ? JSON_TYPE_NUMBER : JSON_TYPE_MISSING);
		assert_int_equal(values[2].type, other == 7 ? JSON_TYPE_NUMBER : JSON_TYPE_MISSING);
		assert_int_equal(values[3].type, JSON_TYPE_MISSING);
		if (wanted == 7)
			assert_int_equal(strtol(values[0].data, NULL, 10), i + 1);
		if (other == 7)
			assert_int_equal(strtol(values[2].data, NULL, 10), i);
	}
	json_scanner_free(scanner);
}

/* ---- strings ---- */

static void
test_string_decode(void **state)
{
	static const struct {
		struct slice inside, decoded;
	} cases[] = {
		{ TEXT(""), TEXT("") },
		{ TEXT("abc"), TEXT("abc") },
		{ TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), TEXT("\"\\/\b\f\n\r\t") },
		{ TEXT("x\\u0041y"), TEXT("xAy") },
		{ TEXT("\\u0000"), TEXT("\0") },
		{ TEXT("\\u007f\\u0080\\u07FF\\u0800"), TEXT("\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80") },
		{ TEXT("\\uffff"), TEXT("\xEF\xBF\xBF") },
		{ TEXT("\\ud83d\\ude00"), TEXT("\xF0\x9F\x98\x80") },
		{ TEXT("\\uDBFF\\uDFFF"), TEXT("\xF4\x8F\xBF\xBF") },
		{ TEXT("\\ud83d"), TEXT("\xEF\xBF\xBD") },
		{ TEXT("\\ud83dx"), TEXT("\xEF\xBF\xBDx") },
		{ TEXT("\\ude00"), TEXT("\xEF\xBF\xBD") },
		{ TEXT("\\ud83d\\n"), TEXT("\xEF\xBF\xBD\n") },
		{ TEXT("\\ud83d\\ud83d\\ude00"), TEXT("\xEF\xBF\xBD\xF0\x9F\x98\x80") },
		{ TEXT("\\ud83d\\u0041"), TEXT("\xEF\xBF\xBD"
					       "A") },
		{ TEXT("caf\xC3\xA9\\n"), TEXT("caf\xC3\xA9\n") },
	};
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_replaced = memmem(
		    cases[i].decoded.data, cases[i].decoded.len, "\xEF\xBF\xBD", 3) != NULL;

		buf_clear(&out);
		assert_int_equal(json_string_is_utf8(cases[i].inside), !is_replaced);
		assert_int_equal(json_string_decode(cases[i].inside, &out, &err), 0);
		assert_true(slice_equal(buf_slice(&out), cases[i].decoded));
		assert_true(json_string_is(cases[i].inside, cases[i].decoded));
		assert_false(json_string_is(cases[i].inside, slice_of("something else")));
		if (cases[i].decoded.len)
			assert_false(json_string_is(cases[i].inside,
			    slice_make(cases[i].decoded.data, cases[i].decoded.len - 1)));
	}
	buf_release(&out);
}

static void
test_string_append(void **state)
{
	static const struct {
		struct slice bytes, json;
	} cases[] = {
		{ TEXT(""), TEXT("\"\"") },
		{ TEXT("abc"), TEXT("\"abc\"") },
		{ TEXT("\"\\/\b\f\n\r\t"), TEXT("\"\\\"\\\\/\\b\\f\\n\\r\\t\"") },
		{ TEXT("\0\x01\x1f\x7f"), TEXT("\"\\u0000\\u0001\\u001f\x7f\"") },
		{ TEXT("\xE2\x82\xAC"), TEXT("\"\xE2\x82\xAC\"") },
		{ TEXT("\xFF"), TEXT("\"\xEF\xBF\xBD\"") },
		{ TEXT("a\xE2\x82"), TEXT("\"a\xEF\xBF\xBD\"") },
		{ TEXT("\xE2\x82x"), TEXT("\"\xEF\xBF\xBDx\"") },
		{ TEXT("\xED\xA0\x80"), TEXT("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") },
		{ TEXT("\xF0\x9F\x98\n"), TEXT("\"\xEF\xBF\xBD\\n\"") },
	};
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&out);
		assert_int_equal(json_string_append(&out, cases[i].bytes, &err), 0);
		assert_true(slice_equal(buf_slice(&out), cases[i].json));
	}
	buf_release(&out);
	buf_init(&out, 4);
	assert_int_equal(json_string_append(&out, slice_of("abc"), &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	buf_release(&out);
}

static void
test_utf8(void **state)
{
	static const struct slice good[] = {
		TEXT(""),
		TEXT("abc"),
		TEXT("0123456789abcdef\xC3\xA9"),
		TEXT("\0"),
		TEXT("\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
	};
	static const struct slice bad[] = {
		TEXT("\x80"),
		TEXT("0123456789\xC3"),
		TEXT("\xC1\xBF"),
		TEXT("\xE0\x9F\xBF"),
		TEXT("\xED\xA0\x80"),
		TEXT("\xF0\x8F\xBF\xBF"),
		TEXT("\xF4\x90\x80\x80"),
		TEXT("\xE2\x82"),
		TEXT("\xF0\x9F\x98"),
		TEXT("\xFF"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(utf8_is_valid(good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(utf8_is_valid(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_structure_faults),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_set),
		cmocka_unit_test(test_path_depth),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_padding_only),
		cmocka_unit_test(test_many_shapes),
		cmocka_unit_test(test_string_decode),
		cmocka_unit_test(test_string_append),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
