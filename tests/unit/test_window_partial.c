/* SPDX-License-Identifier: MIT */
/* Partial aggregates: what they take, how they merge, and their serialised form. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/partial.h"
#include "kafka-window/varint.h"
#include "window_kit.h"

enum { INPUTS_MAX = 12, STATES_BYTES = 256 };

struct states {
	_Alignas(8) char bytes[STATES_BYTES];
};

static void
take_input(const struct aggregate_plan *plan, struct states *states, const struct input *input)
{
	const struct aggregate_record record = { .inputs = input };
	struct err err = ERR_INIT;
	size_t held = 0;

	assert_int_equal(aggregate_take(plan, states->bytes, &record, &held, &err), 0);
	assert_int_equal(held, 0);
}

static void
take(const struct kit *kit, struct states *states, const char *value)
{
	struct input input = { .kind = INPUT_NULL };

	if (value && strcmp(value, "other") == 0)
		input.kind = INPUT_OTHER;
	else if (value) {
		input.kind = INPUT_NUMBER;
		assert_int_equal(number_parse(slice_of(value), &input.number), 0);
	}
	take_input(&kit->plan, states, &input);
}

/* All results with a space between. */
static const char *
results(const struct kit *kit, const struct states *states)
{
	static char text[1024];
	struct buf out = BUF_INIT(sizeof(text));
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < kit->plan.count; i++) {
		if (i)
			assert_int_equal(buf_append_char(&out, ' ', &err), 0);
		assert_int_equal(aggregate_append(&kit->plan, i, states->bytes, &out, &err), 0);
	}
	(void)snprintf(text, sizeof(text), "%s", out.data);
	buf_release(&out);
	return text;
}

/* count, count:v, sum, min, max, avg */
static void
results_of_inputs(void **state)
{
	static const struct {
		const char *inputs[INPUTS_MAX];
		int count;
		const char *want;
	} cases[] = {
		{ { NULL }, 0, "0 0 null null null null" },
		{ { NULL }, 1, "1 0 null null null null" },
		{ { NULL, NULL, "3" }, 3, "3 1 3 3 3 3" },
		{ { "1", "2" }, 2, "2 2 3 1 2 1.5" },
		{ { "0.1", "0.2" }, 2, "2 2 0.3 0.1 0.2 0.15" },
		{ { "7.50", "7.5" }, 2, "2 2 15 7.5 7.5 7.5" },
		{ { "1", "1", "0" }, 3, "3 3 2 0 1 0.6666666666666666" },
		{ { "9223372036854775807", "9223372036854775807" }, 2,
		    "2 2 \"18446744073709551614\" 9223372036854775807 9223372036854775807 "
		    "9.223372036854776e+18" },
		{ { "-5", "0", "5" }, 3, "3 3 0 -5 5 0" },
		{ { "1e300", "1" }, 2, "2 2 1e+300 1 1e+300 5e+299" },
		{ { "0.000000000000000001", "1" }, 2,
		    "2 2 1.000000000000000001 0.000000000000000001 1 0.5" },
		{ { "99999999999999999999999999999999999999", "1" }, 2,
		    "2 2 \"100000000000000000000000000000000000000\" 1 "
		    "99999999999999999999999999999999999999 5e+37" },
	};
	struct kit kit;
	(void)state;

	kit_open(&kit);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct states states = { .bytes = { 0 } };

		for (int j = 0; j < cases[i].count; j++)
			take(&kit, &states, cases[i].inputs[j]);
		if (strcmp(results(&kit, &states), cases[i].want) != 0)
			fail_msg("case %zu: %s, not %s", i, results(&kit, &states), cases[i].want);
	}
	kit_close(&kit);
}

static void
count_of_a_field_counts_any_type(void **state)
{
	struct aggregate_plan plan = { .count = 0 };
	const struct aggregate a = { .func = AGGREGATE_COUNT_FIELD, .input = 0 };
	const struct input inputs[] = { { .kind = INPUT_OTHER }, { .kind = INPUT_NULL } };
	struct states states = { .bytes = { 0 } };
	struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;
	(void)state;

	assert_int_equal(aggregate_plan_add(&plan, a, &err), 0);
	take_input(&plan, &states, &inputs[0]);
	take_input(&plan, &states, &inputs[1]);
	assert_int_equal(aggregate_append(&plan, 0, states.bytes, &out, &err), 0);
	assert_string_equal(out.data, "1");
	buf_release(&out);
}

static void
random_value(char text[32])
{
	int places = (int)(kit_random() % 4);

	(void)snprintf(
	    text, 32, "%" PRId64 "e-%d", (int64_t)(kit_random() % 200000) - 100000, places);
}

/* Taking all in one, and taking them in parts that are merged in any order, is the same. */
static void
merge_in_any_order(void **state)
{
	enum { PARTS = 6, VALUES = 40 };
	char text[32];
	char want[1024];
	struct kit kit;
	(void)state;

	kit_open(&kit);
	for (int round = 0; round < 2000; round++) {
		struct states whole = { .bytes = { 0 } }, merged = { .bytes = { 0 } };
		struct states parts[PARTS] = { 0 };
		int order[PARTS];
		size_t held = 0;

		for (int i = 0; i < VALUES; i++) {
			const char *value = kit_random() % 5 ? text : NULL;

			random_value(text);
			take(&kit, &whole, value);
			take(&kit, &parts[kit_random() % PARTS], value);
		}
		for (int i = 0; i < PARTS; i++) {
			int j = (int)(kit_random() % (uint64_t)(i + 1));

			order[i] = order[j];
			order[j] = i;
		}
		for (int i = 0; i < PARTS; i++)
			assert_int_equal(aggregate_merge(&kit.plan, merged.bytes,
					     parts[order[i]].bytes, &held, &kit.err),
			    0);
		(void)snprintf(want, sizeof(want), "%s", results(&kit, &whole));
		assert_string_equal(results(&kit, &merged), want);
	}
	kit_close(&kit);
}

static void
varints(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 63, 64, -64, -65, 300, INT64_MAX, INT64_MIN };
	struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct slice bytes;
		number_wide wide;
		int64_t narrow;

		buf_clear(&out);
		assert_int_equal(varint_append_signed(&out, values[i], &err), 0);
		bytes = buf_slice(&out);
		assert_true(varint_take_int64(&bytes, &narrow) && !bytes.len);
		assert_true(narrow == values[i]);
		bytes = buf_slice(&out);
		assert_true(varint_take_signed(&bytes, &wide) && !bytes.len);
		assert_true(wide == values[i]);
	}
	buf_release(&out);
}

static void
varints_that_are_none(void **state)
{
	static const struct slice cases[] = {
		{ "", 0 },
		{ "\x80", 1 },
		{ "\x80\x00", 2 },                                  /* 0, too long */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 }, /* past 64 bits */
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice bytes = cases[i];
		varint_wide value;

		if (varint_take(&bytes, UINT64_MAX, &value))
			fail_msg("case %zu", i);
	}
}

/* ---- the serialised form ---- */

static void
encode(const struct kit *kit, const struct states *states, struct slice key, struct buf *out)
{
	const struct partial p = {
		.span = { .start_ms = -KIT_HOUR_MS, .end_ms = 0 },
		.key = key,
		.states = states->bytes,
	};
	struct err err = ERR_INIT;

	buf_clear(out);
	assert_int_equal(partial_encode(&kit->plan, &p, out, &err), 0);
}

static void
there_and_back(void **state)
{
	static const char *const inputs[][3] = {
		{ NULL, NULL, NULL },
		{ "1", "2.25", "-3" },
		{ "1e-30", "1e300", NULL },
		{ "99999999999999999999999999999999999999", NULL, NULL },
		/* -2^127 */
		{ "-99999999999999999999999999999999999999",
		    "-70141183460469231731687303715884105729", NULL },
		{ "99999999999999999999999999999999999999",
		    "70141183460469231731687303715884105728", NULL },
		{ "1.7e308", "1.7e308", "1.7e308" },
		{ "-1.7e308", "-1.7e308", NULL },
	};
	struct buf bytes = BUF_INIT(1000);
	char want[1024];
	struct kit kit;
	(void)state;

	kit_open(&kit);
	for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
		struct states states = { .bytes = { 0 } }, read = { .bytes = { 1 } };
		struct partial p;

		for (int j = 0; j < 3; j++)
			take(&kit, &states, inputs[i][j]);
		encode(&kit, &states, kit_key("\"JFK\""), &bytes);
		if (partial_decode(&kit.plan, 1, buf_slice(&bytes), read.bytes, &p, &kit.err))
			fail_msg("case %zu: %s", i, kit.err.text);
		(void)snprintf(want, sizeof(want), "%s", results(&kit, &states));
		assert_string_equal(results(&kit, &read), want);
		assert_true(slice_is(p.key, "\"JFK\"\n"));
		assert_true(p.span.start_ms == -KIT_HOUR_MS && p.span.end_ms == 0);
		assert_ptr_equal(p.states, read.bytes);
	}
	buf_release(&bytes);
	kit_close(&kit);
}

#define TWO_1023 "8.98846567431158e+307"

/* What one part has past the largest double another brings back, in any order. */
static void
large_sums_merge(void **state)
{
	/* 2^1023, whose sums are exact while they are held */
	static const char *const values[] = { TWO_1023, TWO_1023, TWO_1023, "-" TWO_1023,
		"-" TWO_1023 };
	enum { VALUES = sizeof(values) / sizeof(*values) };
	struct kit kit;
	(void)state;

	kit_open(&kit);
	for (unsigned split = 0; split < 1u << VALUES; split++) {
		struct states parts[2] = { 0 };
		size_t held = 0;

		for (unsigned i = 0; i < VALUES; i++)
			take(&kit, &parts[split >> i & 1], values[i]);
		assert_int_equal(aggregate_merge(&kit.plan, parts[0].bytes, parts[1].bytes, &held,
				     &kit.err),
		    0);
		assert_string_equal(results(&kit, &parts[0]),
		    "5 5 " TWO_1023 " -" TWO_1023 " " TWO_1023 " 1.797693134862316e+307");
	}
	kit_close(&kit);
}

/* The bytes are a contract: stored ones must be read by later versions. */
static void
golden(void **state)
{
	static const char want[] = "\x03"
				   "\x88\x77\x66\x55\x44\x33\x22\x11"
				   "\xff\xb9\xb7\x03"
				   "\x80\xdd\xdb\x01"
				   "\x02"
				   "7\n"
				   "\x06"
				   "\x01\0\x02"
				   "\x02\0\x01"
				   "\x03\0\x01\x02\xee\x0a"
				   "\x04\0\x01\x02\xee\x0a"
				   "\x05\0\x01\x02\xee\x0a"
				   "\x06\0\x01\x01\x02\xee\x0a";
	struct states states = { .bytes = { 0 } };
	struct buf bytes = BUF_INIT(1000);
	struct kit kit;
	(void)state;

	kit_open(&kit);
	kit.plan.job = UINT64_C(0x1122334455667788);
	take(&kit, &states, "6.95");
	take(&kit, &states, NULL);
	encode(&kit, &states, kit_key("7"), &bytes);
	assert_int_equal(bytes.len, sizeof(want) - 1 + 4);
	assert_memory_equal(bytes.data, want, sizeof(want) - 1);
	buf_release(&bytes);
	kit_close(&kit);
}

static void
damage(void **state)
{
	struct states states = { .bytes = { 0 } }, read;
	struct buf bytes = BUF_INIT(1000);
	struct partial p;
	struct kit kit;
	(void)state;

	kit_open(&kit);
	take(&kit, &states, "6.95");
	encode(&kit, &states, kit_key("\"key\""), &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		assert_int_equal(partial_decode(&kit.plan, 1, slice_make(bytes.data, len),
				     read.bytes, &p, &kit.err),
		    -1);
		assert_int_equal(kit.err.class, ERR_DATA);
	}
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(
		    partial_decode(&kit.plan, 1, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
		assert_int_equal(kit.err.class, ERR_DATA);
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
	}
	buf_release(&bytes);
	kit_close(&kit);
}

static void
other_jobs(void **state)
{
	struct aggregate_plan fewer = { .count = 0 }, others = { .count = 0 };
	const struct aggregate count = { .func = AGGREGATE_COUNT };
	struct states states = { .bytes = { 0 } }, read;
	struct buf bytes = BUF_INIT(1000);
	struct partial p;
	struct kit kit;
	(void)state;

	kit_open(&kit);
	encode(&kit, &states, kit_key("1"), &bytes);
	assert_int_equal(aggregate_plan_add(&fewer, count, &kit.err), 0);
	assert_int_equal(
	    partial_decode(&fewer, 1, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
	assert_string_equal(kit.err.text, "a partial: it does not have 1 aggregates");
	for (int i = 0; i < 6; i++)
		assert_int_equal(aggregate_plan_add(&others, count, &kit.err), 0);
	assert_int_equal(
	    partial_decode(&others, 1, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
	assert_string_equal(kit.err.text, "a partial: aggregate 2 is of kind 2, not 1");
	assert_int_equal(
	    partial_decode(&kit.plan, 2, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
	assert_string_equal(kit.err.text, "a partial: its key is not one of 2 values");
	/* the same functions of other fields */
	kit.plan.job = 1;
	assert_int_equal(
	    partial_decode(&kit.plan, 1, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
	assert_string_equal(
	    kit.err.text, "a partial: it is of a job with other fields or other conditions");
	bytes.data[0] = 1;
	assert_int_equal(
	    partial_decode(&kit.plan, 1, buf_slice(&bytes), read.bytes, &p, &kit.err), -1);
	assert_string_equal(kit.err.text, "a partial of version 1; this program reads version 3");
	buf_release(&bytes);
	kit_close(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_of_inputs),
		cmocka_unit_test(count_of_a_field_counts_any_type),
		cmocka_unit_test(merge_in_any_order),
		cmocka_unit_test(varints),
		cmocka_unit_test(varints_that_are_none),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(large_sums_merge),
		cmocka_unit_test(golden),
		cmocka_unit_test(damage),
		cmocka_unit_test(other_jobs),
	};

	return cmocka_run_group_tests_name("window_partial", tests, NULL, NULL);
}
