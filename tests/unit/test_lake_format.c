/* SPDX-License-Identifier: MIT */
/* Rows of the lake's formats: what the options make of a record, which records do not fit, what the options may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-s3/format/format.h"
#include "tests/unit/shape_oracle.h"

enum { OPTIONS_MAX = 6, HOUR = 3600 * 1000 };

/* Options as they are given: "--add", "x=y", NULL. */
typedef const char *const option_list[2 * OPTIONS_MAX + 1];

static int
parse(const char *const *list, struct shape_options *shape, struct err *err)
{
	for (; *list; list += 2) {
		size_t i = 0;

		while (strcmp(shape_rows[i].name, *list + 2) != 0)
			assert_true(++i < shape_row_count);
		if (shape_rows[i].set(shape, list[1], OPT_COMMAND_LINE, err))
			return -1;
	}
	return 0;
}

struct bench {
	struct shape_options shape;
	struct format_options options;
	struct format *format;
	struct field_set *fields;
	struct err err;
};

/* NULL where the options are refused, b->err says why. */
static struct format *
bench_open(struct bench *b, const char *const *list)
{
	b->shape = (struct shape_options){ .add_count = 0 };
	b->options.shape = &b->shape;
	b->format = NULL;
	b->fields = field_set_new(&b->err);
	assert_non_null(b->fields);
	if (!parse(list, &b->shape, &b->err))
		b->format = format_new(&b->options, &b->err);
	if (b->format && format_bind(b->format, b->fields, &b->err)) {
		format_free(b->format);
		b->format = NULL;
	}
	return b->format;
}

static void
bench_close(struct bench *b)
{
	format_free(b->format);
	field_set_free(b->fields);
}

/* topic t, partition 3, offset 17, key k, 1970-01-01T05:00 */
static int
bench_row(struct bench *b, const char *value, struct slice *ret)
{
	static const struct record_header headers[] = { { { "h", 1 }, { "\xff", 1 }, true } };
	const struct record record = { .topic = slice_of("t"),
		.partition = 3,
		.offset = 17,
		.has_offset = true,
		.key = slice_of("k"),
		.has_key = true,
		.value = slice_of(value),
		.has_value = value,
		.headers = headers,
		.header_count = 1,
		.time_ms = 5 * HOUR };

	if (field_scan(b->fields, &record, &b->err) && value)
		return -1;
	return format_row(b->format, &record, 5 * HOUR, ret, &b->err);
}

struct row_case {
	option_list options;
	const char *value;
	const char *row;    /* NULL: rejected */
	const char *reason; /* part of it */
};

static void
check_rows(struct bench *b, const struct row_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice row;
		int rc;

		if (!bench_open(b, cases[i].options))
			fail_msg("case %zu: %s", i, b->err.text);
		rc = bench_row(b, cases[i].value, &row);
		if (cases[i].row) {
			if (rc)
				fail_msg("case %zu: %s", i, b->err.text);
			if (!slice_is(row, cases[i].row))
				fail_msg("case %zu: %.*s", i, SLICE_ARGS(row));
		} else {
			assert_int_equal(rc, -1);
			assert_int_equal(b->err.class, ERR_DATA);
			if (!strstr(b->err.text, cases[i].reason))
				fail_msg("case %zu: %s", i, b->err.text);
		}
		bench_close(b);
	}
}

/* ---- JSON ---- */

static void
json_rows(void **state)
{
	static const struct row_case cases[] = {
		/* as they came */
		{ { NULL }, " {\"a\" :1.50e0}\t", " {\"a\" :1.50e0}\t", NULL },
		{ { NULL }, "[1,\n2]\r\n", "[1, 2]", NULL },
		{ { NULL }, "\"\\u0041\xc3\xa9\"", "\"\\u0041\xc3\xa9\"", NULL },
		{ { NULL }, "{", NULL, "t[3]@17: byte 1" },

		{ { "--add", "s=lab3" }, "{}", "{\"s\":\"lab3\"}", NULL },
		{ { "--add", "s=lab3" }, " { } ", "{\"s\":\"lab3\"}", NULL },
		{ { "--add", "s=lab3" }, "{\"a\":{\"b\":1} }", "{\"a\":{\"b\":1},\"s\":\"lab3\"}", NULL },
		{ { "--add", "s=lab3" }, "{\"a\":[\n1] \r\n}\n", "{\"a\":[ 1],\"s\":\"lab3\"}", NULL },
		{ { "--add", "s=" }, "{\"a\":{}}", "{\"a\":{},\"s\":\"\"}", NULL },
		{ { "--add", "s=a=\"\\\n\xc3\xa9" }, "{}", "{\"s\":\"a=\\\"\\\\\\n\xc3\xa9\"}", NULL },
		{ { "--add", "\"=x" }, "{}", "{\"\\\"\":\"x\"}", NULL },
		{ { "--add", "n:=1.50", "--add", "o:={\"x\":\n[]}", "--add", "z:= null" }, "{}",
		    "{\"n\":1.50,\"o\":{\"x\": []},\"z\": null}", NULL },
		{ { "--add", "h:={@hour}" }, "{}", NULL, "field h is not JSON" }, /* 05 */
		{ { "--add", "at={@topic}[{@partition}]@{@offset}", "--add", "y:={@year}", "--add",
		      "k={@key}" },
		    "{\"b\":0}", "{\"b\":0,\"at\":\"t[3]@17\",\"y\":1970,\"k\":\"k\"}", NULL },
		{ { "--add", "x={a}/{b}" }, "{\"a\":\"\\u00e9\\\"\",\"b\":2.50}",
		    "{\"a\":\"\\u00e9\\\"\",\"b\":2.50,\"x\":\"\xc3\xa9\\\"/2.50\"}", NULL },
		{ { "--add", "x:={\"of\":\"{a}\"}" }, "{\"a\":\"\\\"\"}",
		    "{\"a\":\"\\\"\",\"x\":{\"of\":\"\\\"\"}}", NULL },
		{ { "--add", "x={a}" }, "{\"b\":1}", NULL, "a" },
		{ { "--add", "x={a}" }, "{\"a\":null}", NULL, "a" },
		{ { "--add", "x={a}" }, "{\"a\":[]}", NULL, "array" },
		{ { "--add", "x:={a}" }, "{\"a\":\"no\"}", NULL, "added field x is not JSON" },
		{ { "--add", "x:={a}" }, "{\"a\":\"[1]\"}", "{\"a\":\"[1]\",\"x\":[1]}", NULL },
		{ { "--add", "x={@header.h}" }, "{}", NULL, "added field x is not UTF-8" },
		{ { "--add", "a=x" }, "{\"a\":null}", NULL, "byte 5: field a: is there already" },
		{ { "--add", "a=x" }, "{\"\\u0061\":1}", NULL, "field a: is there already" },
		{ { "--add", "a=x" }, "{\"b\":{\"a\":1}}", "{\"b\":{\"a\":1},\"a\":\"x\"}", NULL },
		{ { "--add", "a.b=x" }, "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1},\"a.b\":\"x\"}", NULL },
		{ { "--add", "a.b=x" }, "{\"a.b\":1}", NULL, "field a.b is there already" },
		{ { "--add", "a=x" }, "[{}]", NULL, "is no object" },
		{ { "--add", "a=x" }, " \"{}\"", NULL, "is no object" },
		{ { "--add", "a=x" }, "{\"b\":1", NULL, "byte 6" },

		{ { "--rename", "a=b" }, " {\"c\" : \"a\" , \"a\"\n: 1.0 ,\"d\":{\"a\":2}} ",
		    "{\"c\" : \"a\" , \"b\":1.0 ,\"d\":{\"a\":2}}", NULL },
		{ { "--rename", "a=b" }, "{\"c\":1}", "{\"c\":1}", NULL },
		{ { "--rename", "a=b" }, "{\"\\u0061\":\"\\\\\",\"c\":\"\\\"}\"}",
		    "{\"b\":\"\\\\\",\"c\":\"\\\"}\"}", NULL },
		{ { "--rename", "a=b" }, "{\"a\":1,\"a\":[2,{\"a\":\"]\"}],\"z\":-1e5}",
		    "{\"b\":1,\"b\":[2,{\"a\":\"]\"}],\"z\":-1e5}", NULL },
		{ { "--rename", "a=b", "--rename", "b=a" }, "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}",
		    NULL },
		{ { "--rename", "a=b" }, "{\"a\":1,\"b\":2}", NULL, "field b is there already" },
		{ { "--rename", "a=b" }, "{\"b\":2,\"c\":{}}", "{\"b\":2,\"c\":{}}", NULL },
		{ { "--rename", "a.b=c" }, "{\"a\":{\"b\":1},\"a.b\":2}", "{\"a\":{\"b\":1},\"c\":2}",
		    NULL },
		{ { "--rename", "a=b", "--add", "a=x" }, "{\"a\":1}", "{\"b\":1,\"a\":\"x\"}", NULL },
		{ { "--rename", "a=b", "--add", "c=x" }, "{\"a\":1,\"c\":2}", NULL,
		    "field c is there already" },
		{ { "--rename", "a=b" }, "1", NULL, "is no object" },

		{ { "--select", "c,a.b,.d" }, "{\"a\":{\"b\":\"\\u0041\\n\",\"x\":1},\"d\":null,\"c\":1.0}",
		    "{\"c\":1.0,\"a.b\":\"\\u0041\\n\",\"d\":null}", NULL },
		{ { "--select", "a,b", "--select", "c" }, "{\"c\":{\"x\":\n[1, 2]},\"a\":true}",
		    "{\"a\":true,\"c\":{\"x\": [1, 2]}}", NULL },
		{ { "--select", "a" }, "{}", "{}", NULL },
		{ { "--select", "a" }, "{\"a\":1,\"a\":2}", "{\"a\":2}", NULL },
		{ { "--select", "a.b" }, "{\"a\":[{\"b\":1}]}", "{}", NULL },
		{ { "--select", "a" }, "[]", NULL, "is no object" },
		{ { "--select", "a.b,c", "--rename", "a.b=b\"", "--add", "x={@offset}" },
		    "{\"a\":{\"b\":1},\"x\":7}", "{\"b\\\"\":1,\"x\":\"17\"}", NULL },
	};
	struct bench b = { .options = { .kind = FORMAT_JSON }, .err = ERR_INIT };

	(void)state;
	check_rows(&b, cases, sizeof(cases) / sizeof(*cases));
}

/* What one record had says nothing of the next. */
static void
json_rows_one_after_the_other(void **state)
{
	static const char *const values[] = { "{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"b\":4}" };
	struct bench b = { .options = { .kind = FORMAT_JSON }, .err = ERR_INIT };
	struct slice row;

	(void)state;
	assert_non_null(bench_open(&b, (option_list){ "--rename", "a=b", "--add", "c=x" }));
	assert_int_equal(bench_row(&b, values[0], &row), 0);
	assert_true(slice_is(row, "{\"b\":1,\"c\":\"x\"}"));
	assert_int_equal(bench_row(&b, values[1], &row), 0);
	assert_true(slice_is(row, "{\"b\":2,\"c\":\"x\"}"));
	assert_int_equal(bench_row(&b, values[2], &row), -1);
	assert_int_equal(bench_row(&b, values[3], &row), 0);
	bench_close(&b);
}

/* Nothing is copied where nothing is changed. */
static void
json_lines_are_slices(void **state)
{
	static const char value[] = " {\"a\":[1,2 ]} ";
	struct bench b = { .options = { .kind = FORMAT_JSON }, .err = ERR_INIT };
	struct slice row;

	(void)state;
	assert_non_null(bench_open(&b, (option_list){ NULL }));
	assert_int_equal(bench_row(&b, value, &row), 0);
	assert_ptr_equal(row.data, value);
	assert_int_equal(row.len, strlen(value));
	bench_close(&b);
}

/* ---- CSV ---- */

static void
csv_rows(void **state)
{
	static const struct row_case cases[] = {
		{ { "--select", "a,b,c" }, "{\"c\":\"x\",\"a\":1.50,\"b\":true}", "1.50,true,x", NULL },
		{ { "--select", "a,b,c" }, "{\"a\":null,\"c\":\"\"}", ",,\"\"", NULL },
		{ { "--select", "a,b" }, "{}", ",", NULL },
		{ { "--select", "a" }, "{\"a\":null}", "\"\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"\"}", "\"\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"x,y\"}", "\"x,y\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"say \\\"x\\\"\"}", "\"say \"\"x\"\"\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"\\\"\"}", "\"\"\"\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"1\\n2\\r3\"}", "\"1\n2\r3\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"1\\r2\"}", "\"1\r2\"", NULL },
		{ { "--select", "a" }, "{\"a\":\" x\"}", "\" x\"", NULL },
		{ { "--select", "a" }, "{\"a\":\"x \"}", "\"x \"", NULL },
		{ { "--select", "a" }, "{\"a\":\"\\u00e9;\"}", "\xc3\xa9;", NULL },
		{ { "--select", "a,a.b" }, "{\"a\":{\"b\":\n[1,2]}}",
		    "\"{\"\"b\"\": [1,2]}\",\"[1,2]\"", NULL },
		{ { "--select", "a", "--add", "o:={@offset}", "--add", "s={@topic},", "--add",
		      "z:=null" },
		    "{\"a\":1}", "1,17,\"t,\",", NULL },
		{ { "--select", "a" }, "[1]", NULL, "is no object" },
		{ { "--select", "a" }, "{\"b\":", NULL, "byte 5" },
		{ { "--select", "a", "--add", "x={b}" }, "{}", NULL, "b" },
	};
	struct bench b = { .options = { .kind = FORMAT_CSV }, .err = ERR_INIT };

	(void)state;
	check_rows(&b, cases, sizeof(cases) / sizeof(*cases));
}

/* With a schema it says what fits; cells have their bytes as they came. */
static void
csv_rows_of_a_schema(void **state)
{
	static const char text[] =
	    "[{\"name\":\"n\",\"type\":\"int32\"},{\"path\":\"a.b\",\"type\":\"decimal(5,2)\","
	    "\"nullable\":true},{\"name\":\"at\",\"type\":\"timestamp(ms)\",\"nullable\":true},"
	    "{\"name\":\"s\",\"type\":\"string\",\"nullable\":true}]";
	static const struct row_case cases[] = {
		{ { NULL }, "{\"n\":1e3,\"a\":{\"b\":1.50},\"at\":\"2019-01-02T03:04:05Z\",\"s\":\"\\n\"}",
		    "1e3,1.50,2019-01-02T03:04:05Z,\"\n\"", NULL },
		{ { NULL }, "{\"n\":1}", "1,,,", NULL },
		{ { NULL }, "{\"n\":3000000000}", NULL, "byte 5: field n: does not fit int32" },
		{ { NULL }, "{\"n\":1,\"a\":{\"b\":1.555}}", NULL, "a.b" },
		{ { NULL }, "{}", NULL, "field n" },
		{ { NULL }, "[]", NULL, "is no object" },
		{ { "--select", "s,n", "--rename", "s=S", "--add", "o:={@offset}", "--add", "x=a,b" },
		    "{\"n\":1,\"s\":\"\"}", "\"\",1,17,\"a,b\"", NULL },
		{ { "--add", "s={@offset},\"" }, "{\"n\":1}", "1,,,\"17,\"\"\"", NULL },
	};
	struct bench b = { .options = { .kind = FORMAT_CSV }, .err = ERR_INIT };
	struct table_schema *schema = table_schema_parse(slice_of(text), &b.err);

	(void)state;
	assert_non_null(schema);
	b.options.schema = schema;
	check_rows(&b, cases, sizeof(cases) / sizeof(*cases));
	table_schema_free(schema);
}

static int
take_bytes(void *context, struct slice bytes, struct err *err)
{
	return buf_append(context, bytes, err);
}

/* Every object begins with the header, whatever the calls it is encoded in. */
static void
csv_objects(void **state)
{
	static const struct {
		char delimiter;
		bool has_no_header;
		const char *text;
	} cases[] = {
		{ 0, false, "\"A,1\",b.c,s\n1\n2\n" },
		{ ';', false, "A,1;b.c;s\n1\n2\n" },
		{ '\t', true, "1\n2\n" },
	};
	struct bench b = { .options = { .kind = FORMAT_CSV }, .err = ERR_INIT };
	struct buf out = BUF_INIT(1000);
	const struct format_output output = { .write = take_bytes, .context = &out };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		b.options.delimiter = cases[i].delimiter;
		b.options.has_no_header = cases[i].has_no_header;
		assert_non_null(bench_open(&b,
		    (option_list){ "--select", "a,b.c", "--rename", "a=A,1", "--add", "s=x" }));
		assert_int_equal(format_is_verbatim(b.format), cases[i].has_no_header);
		for (int object = 0; object < 2 && !cases[i].has_no_header; object++) {
			buf_clear(&out);
			assert_int_equal(format_encode(b.format, slice_of("1\n"), &output, &b.err), 0);
			assert_int_equal(format_encode(b.format, slice_of("2\n"), &output, &b.err), 0);
			assert_int_equal(format_encode_finish(b.format, &output, &b.err), 0);
			assert_true(slice_is(buf_slice(&out), cases[i].text));
		}
		bench_close(&b);
	}
	buf_release(&out);
}

/* ---- envelopes ---- */

static void
envelope_rows(void **state)
{
	static const struct row_case cases[] = {
		{ { NULL }, "no JSON",
		    "{\"topic\":\"t\",\"partition\":3,\"offset\":17,\"tstype\":\"create\",\"ts\":18000000,"
		    "\"headers_base64\":[\"h\",\"/w==\"],\"key\":\"k\",\"payload\":\"no JSON\"}",
		    NULL },
		{ { NULL }, NULL,
		    "{\"topic\":\"t\",\"partition\":3,\"offset\":17,\"tstype\":\"create\",\"ts\":18000000,"
		    "\"headers_base64\":[\"h\",\"/w==\"],\"key\":\"k\",\"payload\":null}",
		    NULL },
	};
	struct bench b = { .options = { .kind = FORMAT_ENVELOPE }, .err = ERR_INIT };

	(void)state;
	check_rows(&b, cases, sizeof(cases) / sizeof(*cases));
	assert_non_null(bench_open(&b, (option_list){ NULL }));
	assert_true(format_takes_tombstones(b.format));
	assert_true(format_uses_headers(b.format));
	assert_string_equal(format_extension(b.format), "json");
	bench_close(&b);
}

/* ---- options ---- */

static void
options_are_checked(void **state)
{
	static const struct {
		struct format_options options;
		option_list list;
		const char *reason;
	} cases[] = {
		{ { .kind = FORMAT_JSON }, { "--add", "x" }, "is not NAME=VALUE" },
		{ { .kind = FORMAT_JSON }, { "--add", "=x" }, "an empty name" },
		{ { .kind = FORMAT_JSON }, { "--add", ":=1" }, "an empty name" },
		{ { .kind = FORMAT_JSON }, { "--add", "\xff=x" }, "not UTF-8" },
		{ { .kind = FORMAT_JSON }, { "--add", "x:=nul" }, "--add x: \"nul\" is not JSON" },
		{ { .kind = FORMAT_JSON }, { "--add", "x:=" }, "is not JSON" },
		{ { .kind = FORMAT_JSON }, { "--add", "x=\xff" }, "is not UTF-8" },
		{ { .kind = FORMAT_JSON }, { "--add", "x={@none}" }, "--add x: template" },
		{ { .kind = FORMAT_JSON }, { "--add", "x=1", "--add", "x=2" }, "two fields" },
		{ { .kind = FORMAT_JSON }, { "--select", "a,,b" }, "an empty name" },
		{ { .kind = FORMAT_JSON }, { "--select", "a..b" }, "--select: field path" },
		{ { .kind = FORMAT_JSON }, { "--select", "a,.a" }, "two fields" },
		{ { .kind = FORMAT_JSON }, { "--select", "a", "--add", "a=1" }, "two fields" },
		{ { .kind = FORMAT_JSON }, { "--select", "a,b", "--rename", "a=b" }, "two fields" },
		{ { .kind = FORMAT_JSON }, { "--select", "a", "--rename", "b=c" }, "does not name it" },
		{ { .kind = FORMAT_JSON }, { "--rename", "a" }, "is not OLD=NEW" },
		{ { .kind = FORMAT_JSON }, { "--rename", "a=" }, "an empty name" },
		{ { .kind = FORMAT_JSON }, { "--rename", "a=b", "--rename", "a=c" }, "is there twice" },
		{ { .kind = FORMAT_JSON }, { "--rename", "a=c", "--rename", "b=c" }, "two fields" },
		{ { .kind = FORMAT_JSON, .codec = FORMAT_CODEC_SNAPPY }, { NULL }, "for Parquet" },
		{ { .kind = FORMAT_JSON, .delimiter = ';' }, { NULL }, "are for --format csv" },
		{ { .kind = FORMAT_ENVELOPE, .has_no_header = true }, { NULL }, "for --format csv" },
		{ { .kind = FORMAT_ENVELOPE }, { "--add", "a=1" }, "-J writes records as they are" },
		{ { .kind = FORMAT_CSV }, { "--add", "a=1" }, "has to name the columns" },
		{ { .kind = FORMAT_CSV, .codec = FORMAT_CODEC_SNAPPY }, { "--select", "a" },
		    "files of csv" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bench b = { .options = cases[i].options, .err = ERR_INIT };

		if (bench_open(&b, cases[i].list))
			fail_msg("case %zu", i);
		assert_int_equal(b.err.class, ERR_USAGE);
		if (!strstr(b.err.text, cases[i].reason))
			fail_msg("case %zu: %s", i, b.err.text);
		bench_close(&b);
	}
}

/* The command line's replace those of a file; one after the other from one origin, they add up. */
static void
stronger_origins_replace(void **state)
{
	static struct shape_options shape;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < shape_row_count; i++) {
		assert_int_equal(shape_rows[i].set(&shape, "a=b", OPT_USER_FILE, &err), 0);
		assert_int_equal(shape_rows[i].set(&shape, "c=d", OPT_USER_FILE, &err), 0);
	}
	assert_int_equal(shape.add_count + shape.select_count + shape.rename_count, 6);
	for (size_t i = 0; i < shape_row_count; i++)
		assert_int_equal(shape_rows[i].set(&shape, "x=y", OPT_COMMAND_LINE, &err), 0);
	assert_int_equal(shape.add_count + shape.select_count + shape.rename_count, 3);
	assert_true(slice_is(shape.adds[0].name, "x"));
	assert_true(slice_is(shape.selects[0], "x=y"));
	assert_true(slice_is(shape.renames[0].to, "y"));
	assert_true(slice_is(shape_rename(&shape, slice_of("x")), "y"));
	assert_true(slice_is(shape_rename(&shape, slice_of("y")), "y"));
}

/* ---- the fingerprint ---- */

static void
hashes_differ(void **state)
{
	static const struct {
		struct format_options options;
		option_list list;
	} cases[] = {
		{ { .kind = FORMAT_JSON }, { NULL } },
		{ { .kind = FORMAT_ENVELOPE }, { NULL } },
		{ { .kind = FORMAT_JSON, .codec = FORMAT_CODEC_LZ4 }, { NULL } },
		{ { .kind = FORMAT_JSON }, { "--add", "a=1" } },
		{ { .kind = FORMAT_JSON }, { "--add", "a:=1" } },
		{ { .kind = FORMAT_JSON }, { "--add", "a=" } },
		{ { .kind = FORMAT_JSON }, { "--add", "a1=" } },
		{ { .kind = FORMAT_JSON }, { "--select", "a,b" } },
		{ { .kind = FORMAT_JSON }, { "--select", "b,a" } },
		{ { .kind = FORMAT_JSON }, { "--select", "ab" } },
		{ { .kind = FORMAT_JSON }, { "--select", "a", "--add", "b=" } },
		{ { .kind = FORMAT_JSON }, { "--rename", "a=b" } },
		{ { .kind = FORMAT_JSON }, { "--rename", "b=a" } },
		{ { .kind = FORMAT_CSV }, { "--select", "a,b" } },
		{ { .kind = FORMAT_CSV, .delimiter = ';' }, { "--select", "a,b" } },
		{ { .kind = FORMAT_CSV, .has_no_header = true }, { "--select", "a,b" } },
	};
	enum { COUNT = sizeof(cases) / sizeof(*cases) };
	uint64_t hashes[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct bench b = { .options = cases[i].options, .err = ERR_INIT };

		assert_non_null(bench_open(&b, cases[i].list));
		hashes[i] = format_hash(b.format, SLICE_HASH_SEED);
		assert_true(hashes[i] == format_hash(b.format, SLICE_HASH_SEED));
		for (size_t j = 0; j < i; j++)
			assert_true(hashes[i] != hashes[j]);
		bench_close(&b);
	}
}

/* ---- against jansson ---- */

struct random_text {
	uint64_t state;
	struct buf text;
};

static unsigned
draw(struct random_text *r, unsigned bound)
{
	/* splitmix64's output is not needed here: any odd multiplier does for names and shapes */
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(r->state >> 33) % bound;
}

static void
say(struct random_text *r, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_append_text(&r->text, text, &err), 0);
}

static void
say_blank(struct random_text *r)
{
	static const char *const blanks[] = { "", "", "", "", " ", "\n", "\t\r\n " };

	say(r, blanks[draw(r, 7)]);
}

static void
say_value(struct random_text *r, unsigned depth)
{
	static const char *const names[] = { "\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"\\u0061\"",
		"\"a.b\"", "\"s\"", "\"\"", "\"n.m\"", "\"e\"", "\"\\\"\\\\\"" };
	static const char *const scalars[] = { "1", "-2.50e3", "true", "false", "null", "\"\"",
		"\"a\"", "\"\\\\\"", "\"\\\"}\"", "\"\xc3\xa9\xf0\x9f\x98\x80,:\"", "\"[{\\n\"" };
	unsigned kind = depth ? draw(r, 4) : 2 + draw(r, 12) / 11, count = draw(r, 5);

	if (depth > 3 || kind < 2 - (depth > 0)) {
		say(r, scalars[draw(r, 11)]);
		return;
	}
	say(r, kind == 2 ? "{" : "[");
	for (unsigned i = 0; i < count; i++) {
		say_blank(r);
		if (kind == 2) {
			say(r, names[draw(r, 11)]);
			say_blank(r);
			say(r, ":");
			say_blank(r);
		}
		say_value(r, depth + 1);
		say_blank(r);
		if (i + 1 < count)
			say(r, ",");
	}
	say_blank(r);
	say(r, kind == 2 ? "}" : "]");
}

static void
jansson_makes_the_same(void **state)
{
	struct random_text r = { .state = 20190101, .text = BUF_INIT(1 << 20) };
	unsigned counts[SHAPE_ORACLE_NO_JSON + 1] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 22000; i++) {
		enum shape_verdict verdict;

		buf_clear(&r.text);
		say_blank(&r);
		say_value(&r, 0);
		say_blank(&r);
		verdict = shape_oracle_compare(i, buf_slice(&r.text));
		assert_int_not_equal(verdict, SHAPE_ORACLE_DIFFERENT);
		counts[verdict]++;
	}
	buf_release(&r.text);
	assert_true(counts[SHAPE_ORACLE_SAME] > 11000);
	assert_true(counts[SHAPE_ORACLE_REJECTED] > 1100);
	assert_int_equal(counts[SHAPE_ORACLE_NO_JSON] + counts[SHAPE_ORACLE_UNKNOWN], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_rows),
		cmocka_unit_test(json_rows_one_after_the_other),
		cmocka_unit_test(json_lines_are_slices),
		cmocka_unit_test(csv_rows),
		cmocka_unit_test(csv_rows_of_a_schema),
		cmocka_unit_test(csv_objects),
		cmocka_unit_test(envelope_rows),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(stronger_origins_replace),
		cmocka_unit_test(hashes_differ),
		cmocka_unit_test(jansson_makes_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
