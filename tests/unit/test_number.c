/* SPDX-License-Identifier: MIT */
/* Decimal numbers, against tables, strtod and plain 128-bit arithmetic. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/number.h"

enum { ROUNDS = 200000 };

#define DIGITS_38 "99999999999999999999999999999999999999"

static uint64_t random_state = 88172645463325252u;

/* xorshift64: the same numbers in every run */
static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Both parsers, the padded one with digits in the padding. */
static int
parse_both(struct slice text, struct number *ret)
{
	char padded[4096];
	struct number n, m;
	int rc = number_parse(text, &n);

	assert_true(text.len + NUMBER_PADDING <= sizeof(padded));
	memset(padded, '7', sizeof(padded));
	if (text.len)
		memcpy(padded, text.data, text.len);
	assert_int_equal(number_parse_padded(slice_make(padded, text.len), &m), rc);
	if (rc)
		return rc;
	assert_int_equal(n.is_exact, m.is_exact);
	assert_int_equal(number_compare(&n, &m), 0);
	*ret = n;
	return 0;
}

static struct number
number_of(const char *text)
{
	struct number n;

	if (parse_both(slice_of(text), &n))
		fail_msg("\"%s\" was refused", text);
	return n;
}

static void
expect_text(const struct number *n, const char *expected)
{
	char text[NUMBER_TEXT_BYTES];
	size_t len = number_format(n, text);

	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
}

static const struct {
	const char *text, *formatted;
	bool is_exact;
} accepted[] = {
	{ "0", "0", true },
	{ "-0", "0", true },
	{ "-0.00", "0", true },
	{ "7", "7", true },
	{ "-7", "-7", true },
	{ "7.50", "7.5", true },
	{ "4.0", "4", true },
	{ "847.43", "847.43", true },
	{ "-0.05", "-0.05", true },
	{ "0.001", "0.001", true },
	{ "100", "100", true },
	{ "1.5e3", "1500", true },
	{ "1.5E+3", "1500", true },
	{ "1e-3", "0.001", true },
	{ "-25e-1", "-2.5", true },
	{ "0e999999999999999999999", "0", true },
	{ "1000000000000000000000e-21", "1", true },
	{ "9223372036854775807", "9223372036854775807", true },
	{ "9223372036854775808", "9223372036854775808", true },
	{ "-9223372036854775809", "-9223372036854775809", true },
	{ "9999999999999999999", "9999999999999999999", true },
	{ "18446744073709551616", "18446744073709551616", true },
	{ "0.123456789012345678", "0.123456789012345678", true },
	{ "9.999999999999999999", "9.999999999999999999", true },
	{ "12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678",
	    true },
	{ DIGITS_38, DIGITS_38, true },
	{ "-" DIGITS_38, "-" DIGITS_38, true },
	{ "1e37", "10000000000000000000000000000000000000", true },
	{ "1e38", "1e+38", false },
	{ "0.1234567890123456789", "0.12345678901234568", false },
	{ "1e-19", "1e-19", false },
	{ "1e308", "1e+308", false },
	{ "1.7976931348623157e308", "1.7976931348623157e+308", false },
	{ "5e-324", "5e-324", false },
	{ "1e-400", "0", false },
	{ "-1e-400", "0", false },
	{ "1e-99999999999999999999", "0", false },
	{ "100000000000000000000000000000000000001", "1e+38", false },
};

static void
test_accepts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct number n = number_of(accepted[i].text);

		expect_text(&n, accepted[i].formatted);
		assert_int_equal(n.is_exact, accepted[i].is_exact);
		assert_true(number_to_double(&n) == strtod(accepted[i].text, NULL));
	}
}

static void
test_refuses(void **state)
{
	static const char *const cases[] = { "", "-", "+1", "01", "-01", "00", ".5", "5.", "-.5",
		"1e", "1e+", "1e-", "e5", "1.e5", "1.5.2", "0x10", "1 ", " 1", "1,5", "inf", "nan",
		"1.2.3", "1..2", "1.2e", "1:2", "1/2", "12\x80", "\xff", "1.\xb0", "123\xae.5", ".",
		"-.", "1.-", "00.5", "-00.5", "1e309", "-1e309", "1e99999999999999999999999", "--1",
		"1-", "1e5.5", "1_0", "\xd9\xa1" };
	struct number n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!parse_both(slice_of(cases[i]), &n))
			fail_msg("\"%s\" was taken", cases[i]);
	}
	assert_int_equal(parse_both(slice_make("1\0", 2), &n), -1);
	assert_int_equal(parse_both(slice_make(NULL, 0), &n), -1);
}

static void
test_reads_within_the_slice(void **state)
{
	struct number n;
	int64_t value;

	(void)state;
	assert_int_equal(number_parse(slice_make("12345", 2), &n), 0);
	expect_text(&n, "12");
	assert_int_equal(number_parse(slice_make("1.5e3", 3), &n), 0);
	expect_text(&n, "1.5");
	assert_int_equal(number_parse_int64(slice_make("12345", 3), &value), 0);
	assert_int_equal(value, 123);
}

static void
test_int64(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "42", 0, 42 },
		{ "-42", 0, -42 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -1, 0 },
		{ "-9223372036854775809", -1, 0 },
		{ "18446744073709551616", -1, 0 },
		{ "10000000000000000000", -1, 0 },
		{ "", -1, 0 },
		{ "-", -1, 0 },
		{ "007", -1, 0 },
		{ "1.0", -1, 0 },
		{ "1e3", -1, 0 },
		{ "12a", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = -77;

		assert_int_equal(number_parse_int64(slice_of(cases[i].text), &value), cases[i].rc);
		assert_true(value == (cases[i].rc ? -77 : cases[i].value));
	}
}

/* Digits of random length with a point and an exponent anywhere: the double is strtod's, and what
 * is formatted reads back as the same number. */
static void
test_parse_agrees_with_strtod(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char text[128], again[NUMBER_TEXT_BYTES];
		int digits_max = i % 2 ? 22 : 5;
		int whole = (int)(next_random() % 22) % digits_max;
		int fraction = (int)(next_random() % 22) % digits_max;
		int exponent = (int)(next_random() % 60) - 30;
		struct number n, m;
		int at = 0;

		if (next_random() & 1)
			text[at++] = '-';
		text[at++] = (char)('1' + next_random() % 9);
		for (int k = 0; k < whole; k++)
			text[at++] = (char)('0' + next_random() % 10);
		text[at++] = '.';
		for (int k = 0; k <= fraction; k++)
			text[at++] = (char)('0' + next_random() % 10);
		if (next_random() % 4 == 0)
			(void)snprintf(text + at, 8, "e%d", exponent);
		else
			text[at] = '\0';
		n = number_of(text);
		assert_true(number_to_double(&n) == strtod(text, NULL));
		number_format(&n, again);
		m = number_of(again);
		if (n.is_exact)
			assert_int_equal(number_compare(&n, &m), 0);
		else
			assert_true(number_to_double(&n) == number_to_double(&m));
	}
}

static void
test_doubles_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t bits = next_random();
		char text[NUMBER_TEXT_BYTES];
		struct number n, m;
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		n = number_from_double(value);
		number_format(&n, text);
		m = number_of(text);
		assert_true(number_to_double(&m) == value);
	}
}

/* More digits than are kept: only the very last one says which way to round. */
static void
test_long_digits_round_right(void **state)
{
	char text[2100];
	struct number n;

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text, "9007199254740993.", 17); /* 2^53 + 1, half way */
	assert_int_equal(number_parse(slice_make(text, 2000), &n), 0);
	assert_true(n.is_exact); /* nothing but zeros behind the point */
	text[1999] = '1';
	assert_int_equal(number_parse(slice_make(text, 2000), &n), 0);
	assert_false(n.is_exact);
	assert_true(number_to_double(&n) == 9007199254740994.0);
	memset(text, '9', sizeof(text));
	assert_int_equal(number_parse(slice_make(text, sizeof(text)), &n), -1);
	assert_int_equal(number_parse(slice_make(text, 308), &n), 0);
	assert_true(number_to_double(&n) == 1e308);
}

static const struct {
	const char *a, *b;
	const char *sum; /* NULL: none that fits */
} sums[] = {
	{ "1", "2", "3" },
	{ "0.1", "0.2", "0.3" },
	{ "7.55", "3.5", "11.05" },
	{ "3.5", "7.55", "11.05" },
	{ "1", "-1.000", "0" },
	{ "9223372036854775807", "1", "9223372036854775808" },
	{ "-9223372036854775808", "-1", "-9223372036854775809" },
	{ "0.000000000000000001", "9999999999", "9999999999.000000000000000001" },
	{ "10000000000000000000000000000000000000", "0.10",
	    "10000000000000000000000000000000000000.1" },
	{ "10000000000000000000000000000000000000", "1.00",
	    "10000000000000000000000000000000000001" },
	{ DIGITS_38, DIGITS_38, NULL },
	{ DIGITS_38, "0.5", NULL },
	{ "-" DIGITS_38, "-" DIGITS_38, NULL },
	{ "1e300", "1", NULL },
	{ "1e300", "1e300", NULL },
};

static void
test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct number a = number_of(sums[i].a), b = number_of(sums[i].b);
		struct number sum, mirrored;

		assert_int_equal(number_add(&a, &b, &sum), sums[i].sum != NULL);
		assert_int_equal(number_add(&b, &a, &mirrored), sums[i].sum != NULL);
		if (!sums[i].sum)
			continue;
		expect_text(&sum, sums[i].sum);
		expect_text(&mirrored, sums[i].sum);
	}
}

/* -2^127 to 2^127 - 1 */
static void
test_sums_at_the_ends_of_the_range(void **state)
{
	struct number low = number_of("-" DIGITS_38), high = number_of(DIGITS_38), sum;
	struct number low_rest = number_of("-70141183460469231731687303715884105729");
	struct number high_rest = number_of("70141183460469231731687303715884105728");
	struct number one = number_of("1"), minus_one = number_of("-1"), tenth = number_of("0.1");
	(void)state;

	assert_true(number_add(&low, &low_rest, &low));
	expect_text(&low, "-170141183460469231731687303715884105728");
	assert_true(number_to_double(&low) == -0x1p127);
	assert_false(number_add(&low, &minus_one, &sum));
	assert_false(number_add(&low, &tenth, &sum));
	assert_true(number_add(&low, &one, &sum));
	expect_text(&sum, "-170141183460469231731687303715884105727");
	assert_int_equal(number_compare(&low, &sum), -1);
	assert_int_equal(number_compare(&tenth, &low), 1);
	assert_true(number_add(&sum, &minus_one, &sum));
	assert_int_equal(number_compare(&low, &sum), 0);
	assert_true(number_add(&high, &high_rest, &high));
	expect_text(&high, "170141183460469231731687303715884105727");
	assert_false(number_add(&high, &one, &sum));
	assert_true(number_add(&high, &low, &sum));
	expect_text(&sum, "-1");
}

static const struct {
	const char *a, *b;
	int order;
} orders[] = {
	{ "1", "1.000", 0 },
	{ "-0", "0.0", 0 },
	{ "1.5", "1.49", 1 },
	{ "-1.5", "-1.49", -1 },
	{ "9007199254740993", "9007199254740992", 1 },
	{ "9007199254740993", "9007199254740992.5", 1 },
	{ DIGITS_38, "0.000000000000000001", 1 },
	{ "-" DIGITS_38, "0.000000000000000001", -1 },
	{ "-" DIGITS_38, "-0.000000000000000001", -1 },
	{ "12345678901234567890.5", "12345678901234567890.49", 1 },
	{ "1e300", "1", 1 },
	{ "1", "-1e300", 1 },
	{ "1e300", "1e300", 0 },
};

static void
test_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct number a = number_of(orders[i].a), b = number_of(orders[i].b);

		assert_int_equal(number_compare(&a, &b), orders[i].order);
		assert_int_equal(number_compare(&b, &a), -orders[i].order);
	}
}

/* The oracle puts both on 18 digits behind the point: 64-bit mantissas leave room for that. */
static void
test_arithmetic_agrees_with_wide_integers(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct number n[2], sum, difference;
		number_wide wide[2], expected, got;

		for (int k = 0; k < 2; k++) {
			n[k] = number_from_int64((int64_t)next_random() >> (next_random() % 64));
			n[k].scale = (uint8_t)(next_random() % (NUMBER_SCALE_MAX + 1));
			wide[k] = n[k].mantissa;
			for (int s = n[k].scale; s < NUMBER_SCALE_MAX; s++)
				wide[k] *= 10;
		}
		assert_int_equal(
		    number_compare(&n[0], &n[1]), wide[0] < wide[1] ? -1 : wide[0] > wide[1]);
		assert_true(number_add(&n[0], &n[1], &sum) && sum.is_exact);
		got = sum.mantissa;
		for (int s = sum.scale; s < NUMBER_SCALE_MAX; s++)
			got *= 10;
		expected = wide[0] + wide[1];
		assert_true(got == expected);
		n[1].mantissa = -n[1].mantissa;
		assert_true(number_add(&sum, &n[1], &difference));
		assert_int_equal(number_compare(&difference, &n[0]), 0);
	}
}

static void
test_appends(void **state)
{
	struct buf out = BUF_INIT(16);
	struct err err = ERR_INIT;
	struct number n = number_of("-12.50"), long_one = number_of(DIGITS_38);

	(void)state;
	assert_int_equal(number_append(&out, &n, &err), 0);
	assert_string_equal(out.data, "-12.5");
	assert_int_equal(number_append(&out, &long_one, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_reads_within_the_slice),
		cmocka_unit_test(test_int64),
		cmocka_unit_test(test_parse_agrees_with_strtod),
		cmocka_unit_test(test_doubles_read_back),
		cmocka_unit_test(test_long_digits_round_right),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_sums_at_the_ends_of_the_range),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_arithmetic_agrees_with_wide_integers),
		cmocka_unit_test(test_appends),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
