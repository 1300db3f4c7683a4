/* SPDX-License-Identifier: MIT */
/* The text of -a and of its where=: what it means, and what is wrong with it at which byte. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "kafka-window/options_aggregate.h"
#include "window_kit.h"

static void
calls(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		int func;
		int64_t arg;
		const char *field;
	} cases[] = {
		{ "n=count", "n", AGGREGATE_COUNT, 0, "" },
		{ "n=count:a.b", "n", AGGREGATE_COUNT_FIELD, 0, "a.b" },
		{ "total fare=sum:fare", "total fare", AGGREGATE_SUM, 0, "fare" },
		{ "n=min:a:b", "n", AGGREGATE_MIN, 0, "a:b" },
		{ "n=max:v", "n", AGGREGATE_MAX, 0, "v" },
		{ "n=avg:v", "n", AGGREGATE_AVG, 0, "v" },
		{ "n=first:v", "n", AGGREGATE_FIRST, 0, "v" },
		{ "n=last:v", "n", AGGREGATE_LAST, 0, "v" },
		{ "n=stddev:v", "n", AGGREGATE_STDDEV, 0, "v" },
		{ "n=stddev_pop:v", "n", AGGREGATE_STDDEV_POP, 0, "v" },
		{ "n=distinct:v", "n", AGGREGATE_DISTINCT, 0, "v" },
		{ "n=approx_distinct:v", "n", AGGREGATE_APPROX_DISTINCT, 0, "v" },
		{ "n=p50:v", "n", AGGREGATE_QUANTILE, 50000000, "v" },
		{ "n=p99.9:v", "n", AGGREGATE_QUANTILE, 99900000, "v" },
		{ "n=p:99.999999:v", "n", AGGREGATE_QUANTILE, 99999999, "v" },
		{ "n=p:0:v", "n", AGGREGATE_QUANTILE, 0, "v" },
		{ "n=p100:v", "n", AGGREGATE_QUANTILE, 100000000, "v" },
		{ "n=top:3:v", "n", AGGREGATE_TOP, 3, "v" },
		{ "n=set:v", "n", AGGREGATE_SET, AGGREGATE_BOUND_DEFAULT, "v" },
		{ "n=set:7", "n", AGGREGATE_SET, AGGREGATE_BOUND_DEFAULT, "7" },
		{ "n=set:7:v", "n", AGGREGATE_SET, 7, "v" },
		{ "n=list:a:b", "n", AGGREGATE_LIST, AGGREGATE_BOUND_DEFAULT, "a:b" },
		{ "n=list:1000000:v", "n", AGGREGATE_LIST, 1000000, "v" },
	};
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct aggregate_text a;

		if (aggregate_text_parse(slice_of(cases[i].text), &a, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		if (!slice_is(a.name, cases[i].name) || (int)a.aggregate.func != cases[i].func ||
		    a.aggregate.arg != cases[i].arg || !slice_is(a.field, cases[i].field) ||
		    a.where.field.len)
			fail_msg("%s: %d %" PRId64 " %.*s", cases[i].text, (int)a.aggregate.func,
			    a.aggregate.arg, SLICE_ARGS(a.field));
	}
}

static void
wrong_texts(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* the beginning */
	} cases[] = {
		{ "", "byte 0: not NAME=FUNCTION" },
		{ "count", "byte 5: not NAME=FUNCTION" },
		{ "=count", "byte 0: a name is missing" },
		{ "n=", "byte 2: a function is missing" },
		{ "n=COUNT", "byte 2: 'COUNT' is no aggregate: there are count, sum," },
		{ "n=median:v", "byte 2: 'median' is no aggregate" },
		{ "n=:v", "byte 2: '' is no aggregate" },
		{ "n=sum", "byte 5: sum needs a field (sum:FIELD)" },
		{ "n=sum:", "byte 6: a field is missing" },
		{ "n=count:", "byte 8: a field is missing" },
		{ "n=p50", "byte 5: p50 needs a field (p50:FIELD)" },
		{ "n=p", "byte 3: p needs a field" },
		{ "n=p:50", "byte 4: p needs a percentage and a field" },
		{ "n=p:x:v", "byte 4: 'x' is no percentage" },
		{ "n=p101:v", "byte 3: '101' is no percentage" },
		{ "n=p:-1:v", "byte 4: '-1' is no percentage" },
		{ "n=p:0.1234567:v", "byte 4: '0.1234567' is no percentage" },
		{ "n=top:v", "byte 6: top needs how many" },
		{ "n=top:0:v", "byte 6: '0' is no number from 1 to 1000000" },
		{ "n=top:ten:v", "byte 6: 'ten' is no number" },
		{ "n=set:1000001:v", "byte 6: '1000001' is no number" },
		{ "n=list:99999999999999999999:v", "byte 7: '99999999999999999999' is no number" },
		{ "n=set:5:", "byte 8: a field is missing" },
		{ "n=count where=", "byte 14: a field is missing behind where=" },
		{ "n=count where= =1", "byte 15: a field is missing behind where=" },
		{ "n=sum:tip where p=x", "byte 10: a condition is where=FIELD OP VALUE" },
		{ "n=sum:tip where = p=x", "byte 10: a condition is" },
		{ "n=sum:tip\twhere =p=x", "byte 10: a condition is" },
		{ "n=sum:tip WHERE=p=x", "byte 10: a condition is" },
		{ "n=count Where p=x", "byte 8: a condition is" },
		{ "n=count where", "byte 8: a condition is" },
		{ "n=count where x where=p=x", "byte 8: a condition is" },
		{ "n=count where=a", "byte 15: an operator is missing" },
		{ "n=count where=a=", "byte 16: a value is missing" },
		{ "n=count where=a >= ", "byte 19: a value is missing" },
		{ "n=count where=a=null", "byte 16: nothing can be compared with null" },
		{ "n=count where=a=[1]", "byte 16: an array or an object" },
		{ "n=count where=a={}", "byte 16: an array or an object" },
		{ "n=count where=a=b c", "byte 17: a word ends here" },
		{ "n=count where=a=b\"", "byte 17: a word ends here" },
		{ "n=count where=a=\"b", "byte 18: " },
		{ "n=count where=a=\"b\" c", "byte 20: " },
		{ "n=count where=a=\"\\x\"", "byte 1" },
		{ "n=count where=a<>3", "byte 16: a value that begins with =, <, >, ! or '" },
		{ "n=count where=a=>3", "byte 16: a value that begins with" },
		{ "n=count where=a=<3", "byte 16: a value that begins with" },
		{ "n=count where=a===3", "byte 17: a value that begins with" },
		{ "n=count where=a= !b", "byte 17: a value that begins with" },
		{ "n=count where=a='b'", "byte 16: a value that begins with" },
		{ "n=count where=a>true", "byte 16: true and false have no order" },
		{ "n=sum:v where=a=\"\\ud800 ", "byte " },
	};
	struct aggregate_text a;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;

		if (!aggregate_text_parse(slice_of(cases[i].text), &a, &err))
			fail_msg("\"%s\" is taken", cases[i].text);
		assert_int_equal(err.class, ERR_USAGE);
		if (!slice_starts(slice_of(err.text), cases[i].want))
			fail_msg("\"%s\": %s", cases[i].text, err.text);
	}
}

static void
condition_on_a_line_of_its_own(void **state)
{
	struct aggregate_text a;
	struct err err = ERR_INIT;
	(void)state;

	if (aggregate_text_parse(slice_of("n=sum:v\n\twhere=f > 2"), &a, &err))
		fail_msg("%s", err.text);
	assert_true(slice_is(a.field, "v"));
	assert_true(slice_is(a.where.field, "f"));
	assert_true(slice_is(a.where.value, "2"));
}

static bool
holds(const char *where, const char *json)
{
	struct json_value v = { .type = JSON_TYPE_MISSING };
	struct buf scratch = BUF_INIT(1 << 16);
	struct aggregate_text a;
	struct err err = ERR_INIT;
	struct predicate *p;
	char text[256];
	bool result;

	(void)snprintf(text, sizeof(text), "n=count where=%s", where);
	if (aggregate_text_parse(slice_of(text), &a, &err))
		fail_msg("%s: %s", where, err.text);
	assert_true(slice_is(a.where.field, "f"));
	p = predicate_new(&a.where, &err);
	assert_non_null(p);
	if (json)
		v = kit_value(json);
	assert_int_equal(predicate_holds(p, &v, &scratch, &result, &err), 0);
	predicate_free(p);
	buf_release(&scratch);
	return result;
}

static void
predicates(void **state)
{
	/* =, !=, <, <=, >, >= of a value and others; 1: it holds */
	static const struct {
		const char *value; /* as written */
		const char *json;  /* the field's; NULL: missing */
		const char *want;
	} cases[] = {
		{ "2", "2", "100101" },
		{ "2", "2.0", "100101" },
		{ "2", "20e-1", "100101" },
		{ "2", "1", "011100" },
		{ "2", "10", "010011" },
		{ "-0.5", "-0.50", "100101" },
		{ "-0.5", "-0.51", "011100" },
		{ "9223372036854775807", "9223372036854775808", "010011" },
		/* past what numbers keep exactly */
		{ "1000000000000000000000000000000000000001",
		    "1000000000000000000000000000000000000000", "011100" },
		{ "0.30000000000000000001", "0.30000000000000000002", "010011" },
		{ "1e400", "1e399", "011100" },
		{ "2", "\"2\"", "010000" },
		{ "\"2\"", "2", "010000" },
		{ "2", "true", "010000" },
		{ "2", "[2]", "010000" },
		{ "2", "null", "000000" },
		{ "2", NULL, "000000" },
		{ "b", "\"b\"", "100101" },
		{ "b", "\"a\"", "011100" },
		{ "b", "\"ba\"", "010011" },
		{ "b", "\"\\u0062\"", "100101" },
		{ "\"b\"", "\"b\"", "100101" },
		{ "\"New York\"", "\"New York\"", "100101" },
		{ "\"\"", "\"\"", "100101" },
		{ "\"\\u00e4\"", "\"\xc3\xa4\"", "100101" },
		{ "\"a\\nb\"", "\"a\\u000ab\"", "100101" },
		{ "\"a\\\"b\"", "\"a#b\"", "010011" },
		{ "\"a\\\"b\"", "\"a!b\"", "011100" },
		{ "\"a\\tb\"", "\"a b\"", "010011" },
		{ "\"=>'\"", "\"=>'\"", "100101" },
		{ "it's", "\"it's\"", "100101" },
		{ "\"a b\"", "\"a\\tb\"", "011100" },
		{ "2020-01-02", "\"2020-01-01T10:00:00Z\"", "011100" },
		{ "true", "\"true\"", "010000" },
	};
	static const char *const operators[] = { "=", "!=", "<", "<=", ">", ">=" };
	char where[256];
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t op = 0; op < 6; op++) {
			bool want = cases[i].want[op] == '1';

			if (op > 1 && strcmp(cases[i].value, "true") == 0)
				continue;
			(void)snprintf(where, sizeof(where), i % 2 ? "f%s%s" : "f %s  %s",
			    operators[op], cases[i].value);
			if (holds(where, cases[i].json) != want)
				fail_msg("%s, %s: not %d", where,
				    cases[i].json ? cases[i].json : "missing", want);
		}
	}
	assert_true(holds("f==7", "7"));
	assert_true(holds("f=true", "true"));
	assert_false(holds("f=true", "false"));
	assert_true(holds("f!=true", "false"));
	assert_false(holds("f!=false", NULL));
}

/* Of two aggregates that states of the one must not merge with those of the other. */
static void
hashes_of_what_states_are_of(void **state)
{
	static const char *const texts[] = { "x=count", "x=count:a", "x=count:b", "x=count where=a=1",
		"x=count where=a!=1", "x=count where=a=2", "x=count where=a=\"1\"",
		"x=count where=b=1", "x=count:a where=a=1" };
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	struct aggregate_text a, b;
	struct err err = ERR_INIT;
	(void)state;

	for (int i = 0; i < COUNT; i++) {
		for (int j = 0; j < COUNT; j++) {
			assert_int_equal(aggregate_text_parse(slice_of(texts[i]), &a, &err), 0);
			assert_int_equal(aggregate_text_parse(slice_of(texts[j]), &b, &err), 0);
			b.name = slice_of("other");
			assert_int_equal(aggregate_text_hash(&a, SLICE_HASH_SEED) ==
				    aggregate_text_hash(&b, SLICE_HASH_SEED),
			    i == j);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(wrong_texts),
		cmocka_unit_test(condition_on_a_line_of_its_own),
		cmocka_unit_test(predicates),
		cmocka_unit_test(hashes_of_what_states_are_of),
	};

	return cmocka_run_group_tests_name("window_options", tests, NULL, NULL);
}
