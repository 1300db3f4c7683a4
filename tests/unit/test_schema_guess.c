/* SPDX-License-Identifier: MIT */
/* The schema that records suggest, and that it takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "kafka-to-s3/format/schema_guess.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { TEXT_BYTES_MAX = 1 << 20 };

/* name:type of each, the path behind it where it is another, a '?' where nullable */
static void
describe(const struct table_schema *s, struct buf *out)
{
	struct err err = ERR_INIT;
	char type[TABLE_TYPE_BYTES];

	for (unsigned i = 0; i < s->count; i++) {
		const struct table_column *c = &s->columns[i];
		const char *path = strcmp(c->name, c->path) == 0 ? "" : c->path;

		table_type_format(c, type);
		assert_int_equal(buf_appendf(out, &err, "%s%s:%s%s%s%s", i ? " " : "", c->name,
				     type, c->is_nullable ? "?" : "", *path ? "=" : "", path),
		    0);
	}
}

static void
append_note(void *context, enum schema_guess_note note, const char *path)
{
	static const char letters[] = { [SCHEMA_GUESS_NULLS] = 'n', [SCHEMA_GUESS_CONFLICT] = 'c',
		[SCHEMA_GUESS_MAP] = 'm', [SCHEMA_GUESS_NO_PATH] = 'p' };
	struct err err = ERR_INIT;

	assert_int_equal(buf_appendf(context, &err, "%c:%s ", letters[note], path), 0);
}

static const struct {
	const char *records; /* lines */
	const char *columns;
	const char *notes;
} cases[] = {
	{ "{\"a\":true,\"b\":false}", "a:bool b:bool", "" },
	{ "{\"a\":true}\n{\"a\":false}", "a:bool", "" },
	/* whole as it is written, in every record; ids grow */
	{ "{\"a\":1}\n{\"a\":-5}", "a:int64", "" },
	{ "{\"a\":1}\n{\"a\":1.0}", "a:double", "" },
	{ "{\"a\":1e3}", "a:double", "" },
	{ "{\"a\":9223372036854775807}", "a:int64", "" },
	{ "{\"a\":1}\n{\"a\":9223372036854775808}", "a:decimal(38,0)", "" },
	{ "{\"a\":1.5}\n{\"a\":9223372036854775808}", "a:double", "" },
	{ "{\"a\":1e999}", "a:json", "" },
	/* strings and times */
	{ "{\"a\":\"x\"}", "a:string", "" },
	{ "{\"a\":\"\"}", "a:string", "" },
	{ "{\"a\":\"x\"}\n{\"a\":\"\\ud800\"}", "a:json", "" },
	{ "{\"a\":\"7\"}", "a:string", "" },
	{ "{\"a\":\"2019\"}", "a:string", "" },
	{ "{\"a\":\"2019-01-01\"}", "a:date", "" },
	{ "{\"a\":\"2019-01-01\"}\n{\"a\":\"2019-13-01\"}", "a:string", "" },
	{ "{\"a\":\"2019-01-01T00:00:00Z\"}", "a:timestamp(ms)", "" },
	{ "{\"a\":\"2019-01-01\"}\n{\"a\":\"2019-01-01 10:00\"}", "a:timestamp(ms)", "" },
	{ "{\"a\":\"2019-01-01T00:00:00.123456+02:00\"}", "a:timestamp(us)", "" },
	{ "{\"a\":\"2019-01-01T00:00:00.123456789Z\"}", "a:string", "" },
	{ "{\"a\":\"2019-01-01T00:00:00Z\"}\n{\"a\":\"soon\"}", "a:string", "" },
	{ "{\"a\":\"2019-01-01T00:00:00Z\"}\n{\"a\":1546300800}", "a:json", "c:a " },
	/* null and missing */
	{ "{\"a\":1}\n{\"a\":null}", "a:int64?", "" },
	{ "{\"a\":1}\n{}", "a:int64?", "" },
	{ "{\"a\":1}\n7", "a:int64?", "" },
	{ "{\"a\":null}", "a:json?", "n:a " },
	{ "{}\n{\"a\":1}", "a:int64?", "" },
	/* objects */
	{ "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}}}", "a_b:int64=a.b a_c_d:string=a.c.d", "" },
	{ "{\"a\":{\"b\":1}}\n{\"a\":{}}", "a_b:int64?=a.b", "" },
	{ "{\"a\":{\"b\":1}}\n{\"a\":null}", "a_b:int64?=a.b", "" },
	{ "{\"a\":{}}", "a:json", "" },
	{ "{\"a\":{\"b\":1}}\n{\"a\":2}", "a:json", "c:a " },
	{ "{\"a\":[1]}\n{\"a\":[]}", "a:json", "" },
	{ "{\"a\":1}\n{\"a\":\"1\"}", "a:json", "c:a " },
	{ "{\"a\":1}\n{\"a\":true}", "a:json", "c:a " },
	/* of two members of one name both are seen */
	{ "{\"a\":1,\"a\":2}", "a:int64", "" },
	{ "{\"a\":1,\"a\":\"x\"}", "a:json", "c:a " },
	/* names */
	{ "{\"a\\u0041\":1}", "aA:int64", "" },
	{ "{\"a\":1,\"A\":2}", "a:int64 A_2:int64=A", "" },
	{ "{\"a\":{\"b\":1},\"a_b\":2,\"A_B\":3}", "a_b:int64=a.b a_b_2:int64=a_b A_B_3:int64=A_B",
	    "" },
	{ "{\"a.b\":1,\"c\":2}", "c:int64", "p:a.b " },
	{ "{\"\":1,\"c\":2}", "c:int64", "p: " },
	{ "{\"x\\u0000y\":1,\"c\":2}\n{\"x\\u0000y\":1,\"c\":2}", "c:int64", "p:x\1y " },
	{ "{\"o\":{\"a.b\":1,\"c\":2}}", "o:json", "" },
	{ " {\"a\" : 1 ,\r\t\"b\":[ \"]}\", {\"x\":\"\\\"\"} ] , \"c\" : {\"d\" : \"}\" } } ",
	    "a:int64 b:json c_d:string=c.d", "" },
};

static void
add_lines(struct schema_guess *g, const char *records)
{
	struct slice rest = slice_of(records), line;
	struct err err = ERR_INIT;
	bool has_more;

	do {
		has_more = slice_cut(rest, '\n', &line, &rest);
		assert_int_equal(schema_guess_add(g, line, &err), 0);
	} while (has_more);
}

static void
test_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		struct buf text = BUF_INIT(TEXT_BYTES_MAX), notes = BUF_INIT(TEXT_BYTES_MAX);
		struct schema_guess *g = schema_guess_new(&err);
		struct table_schema *s;

		assert_non_null(g);
		add_lines(g, cases[i].records);
		assert_int_equal(buf_append_text(&notes, "", &err), 0);
		s = schema_guess_make(g, append_note, &notes, &err);
		assert_non_null(s);
		describe(s, &text);
		assert_string_equal(text.data, cases[i].columns);
		assert_string_equal(notes.data ? notes.data : "", cases[i].notes);
		table_schema_free(s);
		schema_guess_free(g);
		buf_release(&text);
		buf_release(&notes);
	}
}

/* Keys that are data: of an object within a record one column, of the record itself more than a table has. */
static void
test_maps(void **state)
{
	struct err err = ERR_INIT;
	struct schema_guess *g = schema_guess_new(&err);
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	struct table_schema *s;
	char line[64];

	(void)state;
	assert_non_null(g);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line), "{\"m\":{\"k%d\":%d},\"a\":1}", i, i);
		assert_int_equal(schema_guess_add(g, slice_of(line), &err), 0);
	}
	s = schema_guess_make(g, append_note, &text, &err);
	assert_non_null(s);
	assert_string_equal(text.data, "m:m ");
	assert_int_equal(s->count, 2);
	assert_int_equal(s->columns[0].type, TABLE_JSON);
	table_schema_free(s);
	for (int i = 0; i < 1100; i++) {
		(void)snprintf(line, sizeof(line), "{\"k%d\":%d}", i, i);
		assert_int_equal(schema_guess_add(g, slice_of(line), &err), 0);
	}
	assert_null(schema_guess_make(g, NULL, NULL, &err));
	assert_int_equal(err.class, ERR_DATA);
	assert_non_null(strstr(err.text, "more than 1024 columns"));
	schema_guess_free(g);
	buf_release(&text);
}

/* However many keys there are, there is an end of what is kept of them. */
static void
test_too_many_members(void **state)
{
	static const struct {
		bool is_nested; /* in 250 objects, of 250 each */
		int count;
		bool fits;
	} tables[] = {
		{ false, 4095, true },
		{ false, 4096, false },
		{ true, 62500, false },
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < COUNT(tables); i++) {
		struct err err = ERR_INIT;
		struct schema_guess *g = schema_guess_new(&err);
		struct table_schema *s;

		assert_non_null(g);
		for (int n = 0; n < tables[i].count; n++) {
			if (tables[i].is_nested)
				(void)snprintf(line, sizeof(line), "{\"o%d\":{\"p%d\":{\"x\":{},\"y\":{}}}}",
				    n % 250, n / 250);
			else
				(void)snprintf(line, sizeof(line), "{\"a\":1,\"k.%d\":1}", n);
			assert_int_equal(schema_guess_add(g, slice_of(line), &err), 0);
		}
		s = schema_guess_make(g, NULL, NULL, &err);
		assert_int_equal(s != NULL, tables[i].fits);
		assert_int_equal(err.class, tables[i].fits ? ERR_NONE : ERR_DATA);
		assert_int_equal(strstr(err.text, "more than 4096 different members") != NULL, !tables[i].fits);
		table_schema_free(s);
		schema_guess_free(g);
	}
}

static void
test_nothing_to_go_by(void **state)
{
	static const char *const bad[] = { "", "{", "{\"a\":01}", "x" };
	struct err err = ERR_INIT;
	struct schema_guess *g = schema_guess_new(&err);

	(void)state;
	assert_non_null(g);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err why = ERR_INIT;

		assert_int_equal(schema_guess_add(g, slice_of(bad[i]), &why), -1);
		assert_int_equal(why.class, ERR_DATA);
	}
	assert_int_equal(schema_guess_add(g, slice_of("{}"), &err), 0);
	assert_int_equal(schema_guess_add(g, slice_of("7"), &err), 0);
	assert_null(schema_guess_make(g, NULL, NULL, &err));
	assert_string_equal(err.text, "2 records have no fields");
	schema_guess_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_too_many_members),
		cmocka_unit_test(test_nothing_to_go_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
