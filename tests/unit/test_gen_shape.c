/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"
#include "gen-to-kafka/damage.h"
#include "gen-to-kafka/models.h"
#include "gen-to-kafka/shape.h"

/* 2024-02-03T04:05:06.789Z */
#define TIME_MS INT64_C(1706933106789)

static struct shape *
compile(const char *text)
{
	struct err err = ERR_INIT;
	struct shape *shape = shape_compile("t.json", slice_of(text), false, &err);

	if (!shape)
		fail_msg("%s: %s", text, err.text);
	return shape;
}

static struct shape_state *
open_state(const struct shape *shape, uint64_t seed, uint64_t number, uint64_t count)
{
	struct shape_target target = { .number = number, .count = count, .user_count = 3 };
	struct err err = ERR_INIT;
	struct shape_state *state;

	random_seed(&target.random, seed);
	state = shape_state_new(shape, &target, &err);
	assert_non_null(state);
	return state;
}

static void
render(const struct shape *shape, struct shape_state *state, struct buf *out)
{
	struct err err = ERR_INIT;

	buf_clear(out);
	assert_int_equal(shape_render(shape, state, TIME_MS, out, &err), 0);
}

/* What leaves no choice to chance. */
static void
documents_keep_their_bytes(void **state)
{
	static const struct {
		const char *template;
		const char *expected;
	} cases[] = {
		{ "{}", "{}" },
		{ " [ ] \n", "[ ]" },
		{ "{\"a\":1.50,\"b\" : [1e2, true , null],\t\"c\":{\"a\":\"\"}}",
		    "{\"a\":1.50,\"b\" : [1e2, true , null],\t\"c\":{\"a\":\"\"}}" },
		/* white space with a line break in it is left out, other stays */
		{ "{\n  \"z\": 1,\r\n  \"a\":\t\"x\"\n}\n", "{\"z\": 1,\"a\":\t\"x\"}" },
		/* names are no values */
		{ "{\"{int:1:1}\":\"{int:1:1}\", \"{int\" : 2}",
		    "{\"{int:1:1}\":1, \"{int\" : 2}" },
		/* a type of its own alone, text among text */
		{ "[\"{int:7:7}\",\"x{int:7:7}\",\"{int:7:7}{int:8:8}\",\"{string:int:7:7}\"]",
		    "[7,\"x7\",\"78\",\"7\"]" },
		{ "[\"{int:-3:-3}\",\"{int:-9223372036854775808:-9223372036854775808}\"]",
		    "[-3,-9223372036854775808]" },
		{ "[\"{float:1.50:1.5}\",\"{float:-2.25:-2.25:3}\",\"{float:3:3}\",\"{float:0.0:0}"
		  "\"]",
		    "[1.5,-2.25,3,0]" },
		{ "[\"{choice:a}\",\"{choice:}\",\"<{choice:b*3}>\",\"{choice:'x:}''*2'}\"]",
		    "[\"a\",\"\",\"<b>\",\"x:}'*2\"]" },
		{ "[\"{choice:'q'*4}\",\"{choice:a\\\"b\\u007d}\"]", "[\"q\",\"a\\\"b\\u007d\"]" },
		{ "[\"{literal:1.50}\",\"{literal:null*2}\",\"{literal:true}x\",\"{string:literal:"
		  "false}\"]",
		    "[1.50,null,\"truex\",\"false\"]" },
		{ "[\"{time}\",\"{time:iso}\",\"{time:naive}\",\"at {time:naive}\"]",
		    "[\"2024-02-03T04:05:06.789Z\",\"2024-02-03T04:05:06.789Z\","
		    "\"2024-02-03T04:05:06.789\",\"at 2024-02-03T04:05:06.789\"]" },
		{ "[\"{time:s}\",\"{time:ms}\",\"{time:us}\",\"{string:time:ms}\"]",
		    "[1706933106.789,1706933106789,1706933106789000,\"1706933106789\"]" },
		{ "[\"{time:naive:1d}\",\"{time:naive:-1h30m}\",\"{time:ms:+1s:1s}\","
		  "\"{time:ms:1s:1m:1h}\"]",
		    "[\"2024-02-04T04:05:06.789\",\"2024-02-03T02:35:06.789\",1706933107789,"
		    "1706933107789]" },
		{ "[\"{time:%Y-%m-%d}\",\"{time:'%d/%m/%y %H:%M':1h}\",\"{time:%j%%}\"]",
		    "[\"2024-02-03\",\"03/02/24 05:05\",\"034%\"]" },
		{ "[\"{sequence}\",\"{sequence:5}\",\"{sequence:-5:10}\",\"n{sequence:1}\"]",
		    "[0,5,-5,\"n1\"]" },
		{ "[\"{$a=int:4:4}\",\"{$a}\",\"{$a}{$a}\",\"{string:$a}\",\"{$b=string:$a}\",\"{$"
		  "b}\"]",
		    "[4,4,\"44\",\"4\",\"4\",\"4\"]" },
		{ "[\"{$a=float:0.10:0.1}\",\"{$b=literal:2}\",\"{sum:$a:$b:0.25}\",\"{sum:1:-3}"
		  "\"]",
		    "[0.1,2,2.35,-2]" },
		{ "[\"{$a=sum:0.1:0.2}\",\"{sum:$a:$a}\"]", "[0.3,0.6]" },
		/* braces that are none */
		{ "[\"{\",\"}\",\"{ x}\",\"{1}\",\"{{int:1:1}\",\"{{{{\",\"{}\",\"{{{int:1:1}}\"]",
		    "[\"{\",\"}\",\"{ x}\",\"{1}\",\"{int:1:1}\",\"{{\",\"{}\",\"{1}\"]" },
		{ "{\"a\":\"caf\xc3\xa9 \\u0041\\\"\"}", "{\"a\":\"caf\xc3\xa9 \\u0041\\\"\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(4096);
		struct shape *shape = compile(cases[i].template);
		struct shape_state *target = open_state(shape, 1, 0, 1);

		render(shape, target, &out);
		assert_string_equal(out.data, cases[i].expected);
		buf_release(&out);
		shape_state_free(target);
		shape_free(shape);
	}
}

static void
wrong_templates_are_named(void **state)
{
	static const struct {
		const char *template;
		const char *error;
	} cases[] = {
		{ "", "t.json:1:1: " },
		{ "7", "t.json:1:1: a template is a JSON object or array" },
		{ "\n \"x\"", "t.json:2:2: a template is a JSON object or array" },
		{ "{\"a\":1", "t.json:1:7: " },
		{ "{\n\"a\":01}", "t.json:2:6: " },
		{ "{\"a\":\"\xff\"}", "t.json:1:7: " },
		{ "{\"a\":\"{int:1:2\"}", "t.json:1:7: a generator without its closing }" },
		{ "{\"a\":\"{choice:don't}\"}", "t.json:1:7: a generator without its closing }" },
		{ "{\n  \"a\":\"x {integer:1:2}\"}",
		    "t.json:2:10: {integer:1:2}: there is no generator \"integer\"" },
		{ "[\"{Int:1:2}\"]", "t.json:1:3: {Int:1:2}: there is no generator \"Int\"" },
		{ "[\"{int}\"]", "t.json:1:3: {int}: expected {int:MIN:MAX}" },
		{ "[\"{int:1:2:3}\"]", "t.json:1:3: {int:1:2:3}: expected {int:MIN:MAX}" },
		{ "[\"{int:1:x}\"]", "t.json:1:3: {int:1:x}: \"x\" is not a whole number" },
		{ "[\"{int:1.5:2}\"]", "\"1.5\" is not a whole number" },
		{ "[\"{int:0:9223372036854775808}\"]", "is not a whole number" },
		{ "[\"{int:2:1}\"]", "the first number is above the second" },
		{ "[\"{int:1*2:3}\"]", "a weight (*2) is for choice and literal" },
		{ "[\"{float:1:2:x}\"]", "\"x\" is not a whole number" },
		{ "[\"{float:1.25:2:1}\"]", "\"1\" digits behind the point" },
		{ "[\"{float:1:2:19}\"]", "\"19\" digits behind the point" },
		{ "[\"{float:1:99999999999:18}\"]", "more than 18 digits" },
		{ "[\"{float:a:2}\"]", "\"a\" is not a number of up to 18 digits" },
		{ "[\"{float:2.1:2.0}\"]", "the first number is above the second" },
		{ "[\"{choice}\"]", "expected {choice:TEXT[:TEXT...]}" },
		{ "[\"{choice:'a'b}\"]", "\"b\" behind a quote" },
		{ "[\"{literal:x}\"]", "\"x\" is not a number, true, false or null" },
		{ "[\"{literal:01}\"]", "\"01\" is not a number" },
		{ "[\"{time:hour}\"]", "\"hour\" is not iso, naive, s, ms, us or a pattern" },
		{ "[\"{time:%Q}\"]", "\"%Q\" has no conversion at byte 0" },
		{ "[\"{time:%Y%}\"]", "\"%Y%\" has no conversion at byte 2" },
		{ "[\"{time:%05d}\"]", "\"%05d\" has no conversion at byte 0" },
		{ "[\"{time:%n}\"]", "has no conversion" },
		{ "[\"{time:iso:5}\"]", "\"5\"" },
		{ "[\"{time:iso:--5s}\"]", "{time:iso:--5s}: " },
		{ "[\"{time:iso:2m:1m}\"]", "the first duration is above the second" },
		{ "[\"{time:iso:1m:2m:0}\"]", "\"0\" is no step" },
		{ "[\"{time:iso:1m:2m:1s:1s}\"]", "expected {time[:STYLE" },
		{ "[\"{uuid:4}\"]", "expected {uuid}" },
		{ "[\"{sequence:x}\"]", "\"x\" is not a whole number" },
		{ "[\"{unique:1}\"]", "the second number is missing" },
		{ "[\"{unique:2:1}\"]", "the first number is above the second" },
		{ "[\"{walk:1:2:3}\"]", "expected {walk:START:STEP:MIN:MAX}" },
		{ "[\"{walk:1:0:0:3}\"]", "\"0\" is no step" },
		{ "[\"{walk:4:1:0:3}\"]", "it begins outside its bounds" },
		{ "[\"{lon:a:b}\"]", "expected {lon[:NAME]}" },
		{ "[\"{click:page}\"]", "\"page\" is not ip, device, event" },
		{ "[\"{$a}\"]", "nothing before it is called $a" },
		{ "[\"{$a}\",\"{$a=int:1:2}\"]",
		    "t.json:1:3: {$a}: nothing before it is called $a" },
		{ "[\"{$a=int:1:2}\",\"{$a=int:1:2}\"]",
		    "t.json:1:18: {$a=int:1:2}: there is a $a" },
		{ "[\"{$a-b=int:1:2}\"]", "nothing before it is called $a-b=int:1:2" },
		{ "[\"{$=int:1:2}\"]", "nothing before it is called $=int:1:2" },
		{ "[\"{sum:1}\"]", "expected {sum:TERM:TERM...}" },
		{ "[\"{sum:$x:1}\"]", "nothing before it is called $x" },
		{ "[\"{$x=choice:1:2}\",\"{sum:$x:1}\"]", "$x is no number" },
		{ "[\"{$x=literal:1:null}\",\"{sum:$x:1}\"]", "$x is no number" },
		{ "[\"{$x=sequence}\",\"{sum:$x:1}\"]", "it can be larger than 64 bits hold" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct shape *shape =
		    shape_compile("t.json", slice_of(cases[i].template), false, &err);

		if (shape)
			fail_msg("%s was taken", cases[i].template);
		assert_int_equal(err.class, ERR_USAGE);
		if (strncmp(err.text, "t.json:", 7) || !strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].template, err.text);
	}
}

/* ---- values ---- */

/* Renders `template`, an array of one number, `rounds` times and returns how many values of
 * min..max (in units of 1/10^scale) were seen; others fail. */
static unsigned
count_values(const char *template, unsigned rounds, double unit, long min, long max)
{
	struct shape *shape = compile(template);
	struct shape_state *target = open_state(shape, 3, 0, 1);
	struct buf out = BUF_INIT(4096);
	unsigned char seen[1000] = { 0 };
	unsigned count = 0;

	assert_true(max - min < (long)sizeof(seen));
	while (rounds--) {
		double value;
		long n;

		render(shape, target, &out);
		value = strtod(out.data + 1, NULL) / unit;
		n = (long)(value + (value < 0 ? -0.5 : 0.5));
		assert_true(value - (double)n < 1e-6 && (double)n - value < 1e-6);
		assert_true(n >= min && n <= max);
		count += !seen[n - min];
		seen[n - min] = 1;
	}
	buf_release(&out);
	shape_state_free(target);
	shape_free(shape);
	return count;
}

static void
ranges_are_used_to_their_ends(void **state)
{
	(void)state;
	assert_int_equal(count_values("[\"{int:1:9}\"]", 500, 1, 1, 9), 9);
	assert_int_equal(count_values("[\"{int:-4:4}\"]", 500, 1, -4, 4), 9);
	assert_int_equal(count_values("[\"{float:-0.50:0.50}\"]", 5000, 0.01, -50, 50), 101);
	assert_int_equal(count_values("[\"{float:0:1:2}\"]", 5000, 0.01, 0, 100), 101);
	assert_int_equal(count_values("[\"{literal:0.5:1:1.5}\"]", 100, 0.5, 1, 3), 3);
	/* never drawn: a weight of 1 in 1,000,001 */
	assert_int_equal(count_values("[\"{literal:1*1000000:2}\"]", 100, 1, 1, 2), 1);
	/* eleven times, from 4 ms before to 6 ms behind */
	assert_int_equal(
	    count_values("[\"{time:ms:-4ms:6ms}\"]", 500, 1, TIME_MS - 4, TIME_MS + 6), 11);
	assert_int_equal(
	    count_values("[\"{time:ms:-4ms:6ms:2ms}\"]", 500, 1, TIME_MS - 4, TIME_MS + 6), 6);
}

/* Steps are small, and the bounds are reached, not passed. */
static void
walks_walk(void **state)
{
	struct shape *shape = compile("[\"{walk:2:0.5:-3:3.0}\"]");
	struct shape_state *targets[2] = { open_state(shape, 1, 0, 2), open_state(shape, 2, 1, 2) };
	struct buf out = BUF_INIT(4096);
	double last[2] = { 2, 2 }, least = 2, most = 2;
	bool differ = false;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		double value;

		render(shape, targets[i % 2], &out);
		value = strtod(out.data + 1, NULL);
		assert_true(value - last[i % 2] < 0.51 && last[i % 2] - value < 0.51);
		last[i % 2] = value;
		least = value < least ? value : least;
		most = value > most ? value : most;
		differ |= last[0] < last[1] || last[1] < last[0];
	}
	assert_true(least < -2.99 && least > -3.01 && most > 2.99 && most < 3.01);
	assert_true(differ);
	buf_release(&out);
	shape_state_free(targets[0]);
	shape_state_free(targets[1]);
	shape_free(shape);
}

static void
targets_share_a_sequence(void **state)
{
	static const char *const expected[] = { "[100,\"0\"]", "[103,\"3\"]", "[106,\"6\"]",
		"[109,\"9\"]", "[112,\"12\"]", "[115,\"15\"]" };
	struct shape *shape = compile("[\"{sequence:100:3}\",\"{string:sequence:0:3}\"]");
	struct shape_state *targets[2] = { open_state(shape, 1, 0, 2), open_state(shape, 1, 1, 2) };
	struct buf out = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < 6; i++) {
		render(shape, targets[i % 2], &out);
		assert_string_equal(out.data, expected[i]);
	}
	buf_release(&out);
	shape_state_free(targets[0]);
	shape_state_free(targets[1]);
	shape_free(shape);
}

/* The same place for the two of a name, another for another name, another in another record. */
static void
places_belong_together(void **state)
{
	struct shape *shape =
	    compile("[\"{lat:a}\",\"{lon:a}\",\"{lat:b}\",\"{lon:b}\",\"{lon:a}\"]");
	struct shape_state *target = open_state(shape, 1, 0, 1);
	struct buf out = BUF_INIT(4096);
	double latitude[54], longitude[54];
	size_t known = 0;
	bool differ = false;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		double v[5];
		char *at;
		size_t k = 0;

		render(shape, target, &out);
		at = out.data;
		for (int j = 0; j < 5; j++)
			v[j] = strtod(at + 1, &at);
		assert_true(v[0] > 40.4 && v[0] < 41 && v[1] > -74.3 && v[1] < -73.6);
		assert_true(!(v[1] < v[4]) && !(v[4] < v[1]));
		differ |= v[0] < v[2];
		while (k < known && (v[0] < latitude[k] || v[0] > latitude[k]))
			k++;
		if (k == known) {
			assert_true(known < 54);
			latitude[known] = v[0];
			longitude[known++] = v[1];
		}
		assert_true(!(v[1] < longitude[k]) && !(v[1] > longitude[k]));
	}
	assert_int_equal(known, 54);
	assert_true(differ);
	buf_release(&out);
	shape_state_free(target);
	shape_free(shape);
}

static void
random_ids_are_of_their_range(void **state)
{
	struct err err = ERR_INIT;
	struct shape *shape =
	    shape_compile("t", slice_of("[\"{unique:7:7}\",\"x{unique:8:8}\"]"), true, &err);
	struct shape_state *target = open_state(shape, 1, 0, 1);
	struct buf out = BUF_INIT(4096);

	(void)state;
	render(shape, target, &out);
	assert_string_equal(out.data, "[\"7\",\"x8\"]");
	buf_release(&out);
	shape_state_free(target);
	shape_free(shape);
}

/* ---- models ---- */

/* The beginning of each model for seed 1, held by hash: it must not change from version to version
 * or from platform to platform. FNV-1a of 1,000 lines (Internet-Draft draft-eastlake-fnv). */
static uint64_t
hash_model(const struct model *model)
{
	struct shape *shape = compile(model->template);
	struct shape_state *target = open_state(shape, 1, 0, 1);
	struct buf out = BUF_INIT(4096);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (int i = 0; i < 1000; i++) {
		render(shape, target, &out);
		for (size_t j = 0; j < out.len; j++)
			hash = (hash ^ (unsigned char)out.data[j]) * UINT64_C(0x100000001b3);
	}
	buf_release(&out);
	shape_state_free(target);
	shape_free(shape);
	return hash;
}

static void
models_make_the_same_bytes_everywhere(void **state)
{
	static const struct {
		const char *name;
		uint64_t hash;
	} cases[] = {
		{ "taxi-ride", UINT64_C(0x4b47394654df8e62) },
		{ "trip-event", UINT64_C(0xd6bdfd04c1bf8551) },
		{ "clickstream", UINT64_C(0x3ba155b5db2082bf) },
	};

	(void)state;
	assert_int_equal(model_count, sizeof(cases) / sizeof(*cases));
	for (size_t i = 0; i < model_count; i++) {
		uint64_t hash = hash_model(model_find(cases[i].name));

		if (hash != cases[i].hash)
			fail_msg("%s: 0x%016llx", cases[i].name, (unsigned long long)hash);
	}
	assert_null(model_find("taxi"));
}

/* ---- damage ---- */

/* 1: JSON; 0: not */
static bool
is_json(struct slice text)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	struct json_scanner *scanner = json_scanner_new(paths, &err);
	struct buf padded = BUF_INIT(4096);
	struct json_fault fault;
	struct json_value none;
	bool is_valid;

	assert_int_equal(buf_append(&padded, text, &err) || buf_pad(&padded, &err), 0);
	is_valid = json_scan(scanner, buf_slice(&padded), &none, &fault) == 0;
	buf_release(&padded);
	json_scanner_free(scanner);
	json_paths_free(paths);
	return is_valid;
}

static void
broken_records_are_broken(void **state)
{
	static const char *const records[] = {
		"{}",
		"[1]",
		"[[],{}]",
		"{\"a\":1}",
		"{\"a\" : -1.5e3, \"b\":[true,null,\"x\\\"y\"],\"c\":{\"d\":\"\"}}",
		"{\"id\":\"id1\",\"at\":\"2024-01-01T00:00:00.000\",\"caf\xc3\xa9\":\"\\\\\"}",
	};
	struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct random random;
	unsigned changed = 0;

	(void)state;
	random_seed(&random, 1);
	for (int i = 0; i < 6000; i++) {
		struct slice record = slice_of(records[i % 6]);
		enum damage damage = (enum damage)(i / 6 % DAMAGE_COUNT);

		assert_true(is_json(record));
		buf_clear(&out);
		assert_int_equal(damage_append(damage, &random, record, &out, &err), 0);
		assert_false(slice_equal(buf_slice(&out), record));
		assert_true(out.len > 0);
		if (damage == DAMAGE_TYPE && is_json(buf_slice(&out))) {
			assert_non_null(strstr(out.data, "[]"));
			changed++;
		} else {
			assert_false(is_json(buf_slice(&out)));
			assert_true(
			    damage != DAMAGE_BYTES || i % 6 < 3 || strchr(out.data, '\xff'));
			assert_true(damage != DAMAGE_TYPE || i % 6 == 0 || i % 6 == 2);
		}
	}
	assert_int_equal(changed, 333 * 4); /* each third round of six, but for those two */
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_keep_their_bytes),
		cmocka_unit_test(wrong_templates_are_named),
		cmocka_unit_test(ranges_are_used_to_their_ends),
		cmocka_unit_test(walks_walk),
		cmocka_unit_test(targets_share_a_sequence),
		cmocka_unit_test(places_belong_together),
		cmocka_unit_test(random_ids_are_of_their_range),
		cmocka_unit_test(models_make_the_same_bytes_everywhere),
		cmocka_unit_test(broken_records_are_broken),
	};

	return cmocka_run_group_tests_name("gen_shape", tests, NULL, NULL);
}
