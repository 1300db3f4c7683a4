/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/template.h"

/* 2019-01-02T03:04:05.678Z */
#define TIME_MS INT64_C(1546398245678)

static const char value_text[] =
    "{\"id\":\"id7\",\"vendor_id\":2,\"neg\":-12,\"big\":123456789012345678901234567890,"
    "\"fare\":7.50,\"exp\":1e3,\"flag\":true,\"none\":null,\"list\":[1],\"tree\":{\"a\":\"b\"},"
    "\"empty\":\"\",\"dot\":\".\",\"dots\":\"..\",\"evil\":\"../../etc/passwd\","
    "\"esc\":\"a\\/b\\n\",\"specials\":\"\\\"#%'*/:=?\\\\{[]^\\u007f\\u0001}<>| ~\","
    "\"utf8\":\"caf\\u00e9\",\"digits\":\"0042\",\"minus\":\"-007\",\"zero\":\"-0\","
    "\"trip-id\":\"x\",\"_u\":\"u\",\"\":\"nothing\",\"under\":\"_hidden\"}";

static const struct record_header headers[] = {
	{ { "trace", 5 }, { "one", 3 }, true },
	{ { "trace", 5 }, { "two", 3 }, true },
	{ { "none", 4 }, { NULL, 0 }, false },
	{ { "raw", 3 }, { "\xff/\x80", 3 }, true },
};

static struct record
sample_record(void)
{
	static char bytes[sizeof(value_text) + BUF_PADDING];

	memcpy(bytes, value_text, sizeof(value_text));
	return (struct record){
		.topic = slice_of("trips"),
		.partition = 3,
		.offset = 991,
		.time_ms = TIME_MS,
		.has_key = true,
		.key = slice_of("{\"id\":\"k1\",\"n\":5,\"o\":{\"p\":\"q\"},\"null\":null}"),
		.has_value = true,
		.value = slice_make(bytes, sizeof(value_text) - 1),
		.is_padded = true,
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(*headers),
	};
}

/* Renders one template for one record; returns the text (or the error's) to be freed. */
static char *
render(const char *text, enum template_missing missing, enum template_escape escape,
    const struct record *record, int64_t time_ms, enum err_class *ret_class)
{
	struct err err = ERR_INIT;
	struct field_set *fields = field_set_new(&err);
	struct template *t = template_compile(text, missing, escape, fields, &err);
	struct buf out = BUF_INIT(4096);
	char *result;

	if (!t)
		fail_msg("\"%s\": %s", text, err.text);
	assert_int_equal(field_scan(fields, record, &err), 0);
	assert_int_equal(buf_append_text(&out, "before ", &err), 0);
	*ret_class = ERR_NONE;
	if (template_render(t, fields, record, time_ms, &out, &err)) {
		*ret_class = err.class;
		assert_string_equal(out.data, "before ");
		buf_clear(&out);
		assert_int_equal(buf_append_text(&out, "before ", &err), 0);
		assert_int_equal(buf_append_text(&out, err.text, &err), 0);
	}
	result = strdup(out.data + strlen("before "));
	buf_release(&out);
	template_free(t);
	field_set_free(fields);
	return result;
}

struct render_case {
	const char *template;
	const char *expected;
};

static void
check_renders(const struct render_case *cases, size_t count, enum template_missing missing,
    enum template_escape escape, const struct record *record, int64_t time_ms,
    enum err_class expected_class)
{
	size_t i;

	for (i = 0; i < count; i++) {
		enum err_class class;
		char *text = render(cases[i].template, missing, escape, record, time_ms, &class);

		if (strcmp(text, cases[i].expected) != 0 || class != expected_class)
			fail_msg("\"%s\" gave \"%s\" (%d), not \"%s\"", cases[i].template, text,
			    (int)class, cases[i].expected);
		free(text);
	}
}

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

static const struct render_case plain_cases[] = {
	{ "", "" },
	{ "plain 100%", "plain 100%" },
	{ "{vendor_id}", "2" },
	{ "{\"id\":\"{id}\"}", "{\"id\":\"id7\"}" },
	{ "{\"a\":{\"id\":{vendor_id}}}", "{\"a\":{\"id\":2}}" },
	{ "{{id}", "{id}" },
	{ "{{{id}}}", "{id7}}" },
	{ "{", "{" },
	{ "a{", "a{" },
	{ "{}", "{}" },
	{ "{1}", "{1}" },
	{ "{ id}", "{ id}" },
	{ "{-}{{", "{-}{" },
	{ "{{{{", "{{" },
	{ "{.tree.a}", "b" },
	{ "{tree.a}-{id}-{tree.a}", "b-id7-b" },
	{ "{trip-id}{_u}", "xu" },
	{ "{fare} {flag} {exp}", "7.50 true 1e3" },
	{ "{big}", "123456789012345678901234567890" },
	{ "{utf8}{esc}", "caf\xc3\xa9"
			 "a/b\n" },
	{ "{empty}|", "|" },
	{ "{vendor_id:03d}", "002" },
	{ "{vendor_id:3d}", "  2" },
	{ "{vendor_id:d}", "2" },
	{ "{vendor_id:0d}", "2" },
	{ "{neg:05d}", "-0012" },
	{ "{neg:5d}", "  -12" },
	{ "{neg:02d}", "-12" },
	{ "{digits:03d}", "042" },
	{ "{minus:04d}", "-007" },
	{ "{zero:02d}", "00" },
	{ "{big:031d}", "0123456789012345678901234567890" },
	{ "{vendor_id:099d}", "00000000000000000000000000000000000000000000000000"
			      "0000000000000000000000000000000000000000000000002" },
	{ "{@topic}+{@partition}+{@offset:010d}", "trips+3+0000000991" },
	{ "{@partition:d}", "3" },
	{ "{@key.id}/{@key.n:02d}/{@key.o.p}", "k1/05/q" },
	{ "{@header.trace}", "two" },
	{ "{@header.raw}", "\xff/\x80" },
	{ "{@year}-{@month}-{@day} {@hour}:{@minute}", "2019-01-02 03:04" },
	{ "{@time:%Y%m%dT%H%M%S}", "20190102T030405" },
	{ "{@time:%H:%M}", "03:04" },
	{ "{@year}{id}{@month}", "2019id701" },
	{ "{@key}", "{\"id\":\"k1\",\"n\":5,\"o\":{\"p\":\"q\"},\"null\":null}" },
};

static void
test_plain(void **state)
{
	struct record record = sample_record();

	(void)state;
	check_renders(plain_cases, COUNT(plain_cases), TEMPLATE_REJECT, TEMPLATE_PLAIN, &record,
	    TIME_MS, ERR_NONE);
}

/* What the template has in quotes stays a JSON string whatever the values hold. */
static const struct render_case json_cases[] = {
	{ "{id}", "id7" },
	{ "{esc}", "a/b\n" },
	{ "{\"id\":\"{id}\"}", "{\"id\":\"id7\"}" },
	{ "{\"s\":\"{specials}\"}",
	    "{\"s\":\"\\\"#%'*/:=?\\\\{[]^\x7f\\u0001}<>| ~\"}" },
	{ "[\"x{esc}y\",{fare},\"{@header.raw}\"]", "[\"xa/b\\ny\",7.50,\"\xef\xbf\xbd/\xef\xbf\xbd\"]" },
	{ "\"{@key}\"",
	    "\"{\\\"id\\\":\\\"k1\\\",\\\"n\\\":5,\\\"o\\\":{\\\"p\\\":\\\"q\\\"},\\\"null\\\":null}\"" },
	{ "{\"a\\\"{esc}\":{vendor_id:03d},\"t\":\"{@year} {@time:%H\"%M}\"}",
	    "{\"a\\\"a/b\\n\":002,\"t\":\"2019 03\\\"04\"}" },
	/* outside of strings as it is, and so where the whole is no JSON */
	{ "{\"k\":{@key}}",
	    "{\"k\":{\"id\":\"k1\",\"n\":5,\"o\":{\"p\":\"q\"},\"null\":null}}" },
	{ "\"{esc}\" {id}", "\"a/b\n\" id7" },
	{ "{\"open\":\"{esc}", "{\"open\":\"a/b\n" },
};

static void
test_json(void **state)
{
	struct record record = sample_record();

	(void)state;
	check_renders(json_cases, COUNT(json_cases), TEMPLATE_REJECT, TEMPLATE_JSON, &record,
	    TIME_MS, ERR_NONE);
	/* all of what is plain, but for strings in quotes, is the same */
	check_renders(plain_cases, COUNT(plain_cases), TEMPLATE_REJECT, TEMPLATE_JSON, &record,
	    TIME_MS, ERR_NONE);
}

static const struct render_case path_cases[] = {
	{ "year={@year}/month={@month}/day={@day}", "year=2019/month=01/day=02" },
	{ "{@time:%Y/%m/%d}/{id}", "2019/01/02/id7" },
	{ "at={@time:%H:%M}", "at=03%3A04" },
	{ "a={specials}", "a=%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%5B%5D%5E%7F%01}<>| ~" },
	{ "a={esc}", "a=a%2Fb%0A" },
	{ "a={utf8}", "a=caf\xc3\xa9" },
	{ "a={@header.raw}", "a=%FF%2F%80" },
	{ "a={empty}", "a=__DEFAULT_PARTITION__" },
	{ "a={empty}/b{none}/c-{gone}",
	    "a=__DEFAULT_PARTITION__/b__DEFAULT_PARTITION__/c-__DEFAULT_PARTITION__" },
	{ "a{gone:03d}", "a__DEFAULT_PARTITION__" },
	{ "{id}{@header.none}/a{@header.gone}/a{@key.gone}/a{@key.null}",
	    "id7__DEFAULT_PARTITION__/a__DEFAULT_PARTITION__/a__DEFAULT_PARTITION__/"
	    "a__DEFAULT_PARTITION__" },
	{ "a{evil}/x", "a..%2F..%2Fetc%2Fpasswd/x" },
	{ "a={dots}/x", "a=../x" },
	{ "{id}{dots}/x", "id7../x" },
	{ "a={under}", "a=_hidden" },
	{ "a.b/c_d", "a.b/c_d" },
	{ "", "" },
	{ "{{x}/%", "{x}/%" },
};

static void
test_path(void **state)
{
	struct record record = sample_record();

	(void)state;
	check_renders(path_cases, COUNT(path_cases), TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH,
	    &record, TIME_MS, ERR_NONE);
}

static const struct render_case bare_cases[] = {
	{ "a{@topic}/b{@key}/c{@key.id}/d{@header.a}",
	    "a__DEFAULT_PARTITION__/b__DEFAULT_PARTITION__/"
	    "c__DEFAULT_PARTITION__/d__DEFAULT_PARTITION__" },
	{ "y={@year}/t={@time:%H}", "y=__DEFAULT_PARTITION__/t=__DEFAULT_PARTITION__" },
	{ "{@partition}/{@offset}", "0/16" },
};

static void
test_bare_record(void **state)
{
	struct record record = { .origin = slice_of("stdin"), .line = 17, .offset = 16 };

	(void)state;
	check_renders(bare_cases, COUNT(bare_cases), TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH,
	    &record, RECORD_NO_TIME, ERR_NONE);
}

static const struct render_case reject_cases[] = {
	{ "{gone}", "trips[3]@991: field gone: missing" },
	{ "a{id}{none}", "trips[3]@991: byte 114: field none: missing" },
	{ "{list}", "trips[3]@991: byte 126: field list: an array has no place in a name" },
	{ "{tree}", "trips[3]@991: byte 137: field tree: an object has no place in a name" },
	{ "{fare:02d}", "trips[3]@991: byte 80: field fare: not an integer" },
	{ "{exp:02d}", "trips[3]@991: byte 91: field exp: not an integer" },
	{ "{id:02d}", "trips[3]@991: byte 6: field id: not an integer" },
	{ "{empty:02d}", "trips[3]@991: byte 155: field empty: not an integer" },
	{ "{flag:d}", "trips[3]@991: byte 102: field flag: not an integer" },
	{ "{@key.gone}", "trips[3]@991: {@key.gone}: missing" },
	{ "{@key.o}", "trips[3]@991: {@key.o}: an object has no place in a name" },
	{ "{@key:02d}", "trips[3]@991: {@key}: not an integer" },
	{ "{@header.none}", "trips[3]@991: {@header.none}: missing" },
	{ "{@year}", "trips[3]@991: {@year}: missing" },
	{ "{@time:%Y}", "trips[3]@991: {@time}: missing" },
};

static void
test_reject(void **state)
{
	struct record record = sample_record();

	(void)state;
	check_renders(reject_cases, COUNT(reject_cases), TEMPLATE_REJECT, TEMPLATE_PLAIN, &record,
	    RECORD_NO_TIME, ERR_DATA);
}

/* A name that readers pass over is no place for a record. */
static const struct render_case hidden_cases[] = {
	{ "{gone}", "trips[3]@991: field gone: missing, and a directory's name begins with it" },
	{ "a/{none}b", "trips[3]@991: byte 114: field none: missing, and a directory's name" },
	{ "{gone:03d}", "trips[3]@991: field gone: missing, and a directory's name begins with it" },
	{ "{id}/{empty}", "trips[3]@991: byte 155: field empty: empty, and a directory's name" },
	{ "{@key.null}", "trips[3]@991: {@key.null}: missing, and a directory's name" },
	{ "{@header.none}", "trips[3]@991: {@header.none}: missing, and a directory's name" },
	{ "a/{@year}-{@month}", "trips[3]@991: {@year}: missing, and a directory's name" },
	{ "{@time:%Y/%m}", "trips[3]@991: {@time}: missing, and a directory's name" },
	{ "a/{under}", "field under: begins with '_' or '.', and so would a directory" },
	{ "{dot}", "field dot: begins with '_' or '.'" },
	{ "{dots}{id}", "field dots: begins with '_' or '.'" },
	{ "{evil}/x", "field evil: begins with '_' or '.'" },
};

static void
test_hidden(void **state)
{
	struct record record = sample_record();

	(void)state;
	for (size_t i = 0; i < COUNT(hidden_cases); i++) {
		enum err_class class;
		char *text = render(hidden_cases[i].template, TEMPLATE_DEFAULT_PARTITION,
		    TEMPLATE_PATH, &record, RECORD_NO_TIME, &class);

		assert_int_equal(class, ERR_DATA);
		if (!strstr(text, hidden_cases[i].expected))
			fail_msg("\"%s\" said \"%s\"", hidden_cases[i].template, text);
		free(text);
	}
}

static void
test_key_that_is_not_json(void **state)
{
	static const struct render_case cases[] = {
		{ "{@key.id}", "trips[3]@991: {@key.id}: the key is not JSON" },
	};
	static const struct render_case scalar[] = { { "k={@key.id}", "k=__DEFAULT_PARTITION__" } };
	struct record record = sample_record();

	(void)state;
	record.key = slice_of("{\"id\":");
	check_renders(cases, 1, TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH, &record, 0, ERR_DATA);
	record.key = slice_of("");
	check_renders(cases, 1, TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH, &record, 0, ERR_DATA);
	record.key = slice_of("17");
	check_renders(scalar, 1, TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH, &record, 0, ERR_NONE);
}

static const struct compile_case {
	const char *template;
	enum template_escape escape;
	const char *error; /* behind `template "...": ` */
} compile_cases[] = {
	{ "ab{id", TEMPLATE_PLAIN, "byte 2: no '}' for this '{'" },
	{ "{id}{id", TEMPLATE_PLAIN, "byte 4: no '}' for this '{'" },
	{ "{@nothing}", TEMPLATE_PLAIN, "byte 0: unknown name after \"{@\"" },
	{ "{@}", TEMPLATE_PLAIN, "byte 0: unknown name after \"{@\"" },
	{ "{@header.}", TEMPLATE_PLAIN, "byte 0: unknown name after \"{@\"" },
	{ "x{@Year}", TEMPLATE_PLAIN, "byte 1: unknown name after \"{@\"" },
	{ "{id:}", TEMPLATE_PLAIN, "byte 0: not a width; widths are written as in {field:03d}" },
	{ "{id:03x}", TEMPLATE_PLAIN, "byte 0: not a width; widths are written as in {field:03d}" },
	{ "{id:-3d}", TEMPLATE_PLAIN, "byte 0: not a width; widths are written as in {field:03d}" },
	{ "{id:100d}", TEMPLATE_PLAIN, "byte 0: a width is at most 99" },
	{ "{id:0100d}", TEMPLATE_PLAIN, "byte 0: a width is at most 99" },
	{ "{@year:02d}", TEMPLATE_PLAIN, "byte 0: takes no width" },
	{ "{@topic:02d}", TEMPLATE_PLAIN, "byte 0: takes no width" },
	{ "{@time}", TEMPLATE_PLAIN, "byte 0: no format, as in {@time:%Y-%m-%d}" },
	{ "{@time:}", TEMPLATE_PLAIN, "byte 0: no format, as in {@time:%Y-%m-%d}" },
	{ "{a..b}", TEMPLATE_PLAIN, "byte 0: " },
	{ "{.}", TEMPLATE_PLAIN, "byte 0: " },
	{ "ab{@key.}", TEMPLATE_PLAIN, "byte 2: " },
	{ "/a", TEMPLATE_PATH, "byte 0: a path must be relative" },
	{ "/", TEMPLATE_PATH, "byte 0: a path must be relative" },
	{ "{@time:/%Y}", TEMPLATE_PATH, "byte 0: a path must be relative" },
	{ "a//b", TEMPLATE_PATH, "byte 2: an empty segment in a path" },
	{ "a/{@time:/%Y}", TEMPLATE_PATH, "byte 2: an empty segment in a path" },
	{ "{id}//b", TEMPLATE_PATH, "byte 5: an empty segment in a path" },
	{ "a/", TEMPLATE_PATH, "byte 1: a path must not end with '/'" },
	{ "{id}/", TEMPLATE_PATH, "byte 4: a path must not end with '/'" },
	{ "a/../b", TEMPLATE_PATH, "byte 2: readers pass over directories that begin with" },
	{ "./b", TEMPLATE_PATH, "byte 0: readers pass over" },
	{ "b/..", TEMPLATE_PATH, "byte 2: readers pass over" },
	{ "...", TEMPLATE_PATH, "byte 0: readers pass over" },
	{ "_sluice/{id}", TEMPLATE_PATH, "byte 0: readers pass over" },
	{ "a/_k={id}", TEMPLATE_PATH, "byte 2: readers pass over" },
	{ "{id}/.b", TEMPLATE_PATH, "byte 5: readers pass over" },
	{ "{@time:..}", TEMPLATE_PATH, "byte 0: readers pass over" },
	{ "{@time:%Y/_%m}", TEMPLATE_PATH, "byte 0: readers pass over" },
};

static void
test_compile_errors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(compile_cases); i++) {
		const struct compile_case *c = &compile_cases[i];
		struct err err = ERR_INIT;
		struct field_set *fields = field_set_new(&err);
		char start[200];

		assert_null(
		    template_compile(c->template, TEMPLATE_REJECT, c->escape, fields, &err));
		assert_int_equal(err.class, ERR_USAGE);
		(void)snprintf(start, sizeof(start), "template \"%s\": %s", c->template, c->error);
		if (!slice_starts(slice_of(err.text), start))
			fail_msg("\"%s\" said \"%s\"", c->template, err.text);
		field_set_free(fields);
	}
	template_free(NULL);
}

static const struct query_case {
	const char *template;
	bool has_variable, uses_time, uses_headers;
} query_cases[] = {
	{ "", false, false, false },
	{ "a{{b}", false, false, false },
	{ "{id}", true, false, false },
	{ "{@topic}", true, false, false },
	{ "a{@key}", true, false, true },
	{ "{@key.id}", true, false, true },
	{ "{@header.a}", true, false, true },
	{ "{@minute}", true, true, false },
	{ "{@time:%Y}", true, true, false },
	{ "{@key}{@year}", true, true, true },
};

static void
test_queries(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(query_cases); i++) {
		const struct query_case *c = &query_cases[i];
		struct err err = ERR_INIT;
		struct field_set *fields = field_set_new(&err);
		struct template *t =
		    template_compile(c->template, TEMPLATE_REJECT, TEMPLATE_PLAIN, fields, &err);

		assert_non_null(t);
		assert_int_equal(template_has_variable(t), c->has_variable);
		assert_int_equal(template_uses_time(t), c->uses_time);
		assert_int_equal(template_uses_headers(t), c->uses_headers);
		assert_int_equal(field_set_is_empty(fields), strcmp(c->template, "{id}") != 0);
		template_free(t);
		field_set_free(fields);
	}
}

/* One template, many records: what is kept from one to the next must not show. */
static void
test_times_in_turn(void **state)
{
	static const struct {
		int64_t time_ms;
		const char *expected;
	} cases[] = {
		{ 0, "1970-01-01 00:00 00|0000" },
		{ 999, "1970-01-01 00:00 00|0000" },
		{ 1000, "1970-01-01 00:00 01|0000" },
		{ -1, "1969-12-31 23:59 59|2359" },
		{ -1000, "1969-12-31 23:59 59|2359" },
		{ -1001, "1969-12-31 23:59 58|2359" },
		{ RECORD_NO_TIME, NULL },
		{ -1001, "1969-12-31 23:59 58|2359" },
		{ INT64_C(1582934399999), "2020-02-28 23:59 59|2359" },
		{ INT64_C(1582934400000), "2020-02-29 00:00 00|0000" },
		{ INT64_C(1582934459999), "2020-02-29 00:00 59|0000" },
		{ INT64_C(1582934460000), "2020-02-29 00:01 00|0001" },
		{ 0, "1970-01-01 00:00 00|0000" },
	};
	struct err err = ERR_INIT;
	struct field_set *fields = field_set_new(&err);
	struct template *t = template_compile(
	    "{@year}-{@month}-{@day} {@hour}:{@minute} {@time:%S}{@topic}{@hour}{@minute}",
	    TEMPLATE_REJECT, TEMPLATE_PLAIN, fields, &err);
	struct record record = { .topic = slice_of("|") };
	struct buf out = BUF_INIT(100);
	size_t i;

	(void)state;
	assert_non_null(t);
	for (i = 0; i < COUNT(cases); i++) {
		int rc = template_render(t, fields, &record, cases[i].time_ms, &out, &err);

		assert_int_equal(rc, cases[i].expected ? 0 : -1);
		if (cases[i].expected)
			assert_string_equal(out.data, cases[i].expected);
		buf_clear(&out);
	}
	buf_release(&out);
	template_free(t);
	field_set_free(fields);
}

static void
test_whose_a_path_is(void **state)
{
	static const struct {
		const char *template, *path;
		bool may_make;
	} cases[] = {
		{ "p={p}", "p=1", true },
		{ "p={p}", "p=", true },
		{ "p={p}", "q=1", false },
		{ "p={p}", "p", false },
		{ "p={p}", "", false },
		{ "p={p}", "p=1/x", false },
		{ "p={p}", "x/p=1", false },
		{ "a/b", "a/b", true },
		{ "{p}/{q}", "1/2", true },
		{ "{p}/{q}", "1", false },
		{ "{p}/{q}", "1/2/3", false },
		{ "{{a/{p}", "{a/1", true },
		{ "{{a/{p}", "a/1", false },
		{ "y={@year}/{p}", "y=2019/1", true },
		{ "{p}/{@time:%Y/%m}", "1/2019/01", true },
		{ "{p}/{@time:%D}", "1/01/01/19", true },
		{ "{p}/{@time:%Y/%m}", "1/__DEFAULT_PARTITION__", true },
		{ "{p}/{@time:%Y/%m}", "1", false },
		{ "a.{p}", "a..", true },
		{ "", "", true },
		{ "", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct field_set *fields = field_set_new(&err);
		struct template *t = template_compile(cases[i].template, TEMPLATE_DEFAULT_PARTITION,
		    TEMPLATE_PATH, fields, &err);

		assert_non_null(t);
		if (template_may_make(t, slice_of(cases[i].path)) != cases[i].may_make)
			fail_msg("\"%s\": %s", cases[i].template, cases[i].path);
		template_free(t);
		field_set_free(fields);
	}
}

static void
test_ceiling(void **state)
{
	struct err err = ERR_INIT;
	struct field_set *fields = field_set_new(&err);
	struct template *t =
	    template_compile("a{@key}", TEMPLATE_REJECT, TEMPLATE_PLAIN, fields, &err);
	struct record record = { .has_key = true, .key = slice_of("0123456789") };
	struct buf out = BUF_INIT(10);

	(void)state;
	assert_int_equal(template_render(t, fields, &record, 0, &out, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_int_equal(out.len, 0);
	record.key.len = 9;
	assert_int_equal(template_render(t, fields, &record, 0, &out, &err), 0);
	assert_string_equal(out.data, "a012345678");
	buf_release(&out);
	template_free(t);
	field_set_free(fields);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_bare_record),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_key_that_is_not_json),
		cmocka_unit_test(test_compile_errors),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_times_in_turn),
		cmocka_unit_test(test_whose_a_path_is),
		cmocka_unit_test(test_ceiling),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
