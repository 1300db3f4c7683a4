/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gen-to-kafka/clicks.h"
#include "gen-to-kafka/digits.h"
#include "gen-to-kafka/random.h"

/* As the authors' implementation gives them; rand_xoshiro's tests have the same. */
static void
numbers_are_those_of_xoshiro256starstar(void **state)
{
	static const uint64_t expected[] = {
		UINT64_C(11520),
		UINT64_C(0),
		UINT64_C(1509978240),
		UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600),
		UINT64_C(16172922978634559625),
		UINT64_C(8476171486693032832),
		UINT64_C(10595114339597558777),
		UINT64_C(2904607092377533576),
	};
	struct random r = { { 1, 2, 3, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_true(random_next(&r) == expected[i]);
}

/* SplitMix64's for the seed 1234567, as published with it. */
static void
the_state_is_filled_by_splitmix64(void **state)
{
	static const uint64_t expected[] = {
		UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431),
	};
	struct random r;

	(void)state;
	random_seed(&r, 1234567);
	for (int i = 0; i < 4; i++)
		assert_true(r.s[i] == expected[i]);
}

/* From the state 0, 0, 0, 1, as DSCF-1224/xoshiro-fortran has it from the authors' C. */
static void
a_jump_leads_where_the_authors_does(void **state)
{
	struct random r = { { 0, 0, 0, 1 } };

	(void)state;
	random_jump(&r);
	assert_true(r.s[0] == UINT64_C(0x934D05E8B2076310));
	assert_true(r.s[1] == UINT64_C(0xEABDD0BF76A1BE51));
	assert_true(r.s[2] == UINT64_C(0x75DD6A992ACCB1E8));
	assert_true(r.s[3] == UINT64_C(0xC660C602A7330187));
}

/* 48,000 draws of 6, and of a bound for which a quarter of all draws is rejected: taken all the
 * same, they would make a multiple of 3 out of one in two. */
static void
below_is_even(void **state)
{
	enum { DRAWS = 48000, BOUND = 6 };
	const uint64_t uneven = UINT64_C(3) << 62;
	struct random r;
	unsigned counts[BOUND] = { 0 }, thirds[3] = { 0 };

	(void)state;
	random_seed(&r, 1);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t n = random_below(&r, BOUND);

		assert_true(n < BOUND);
		counts[n]++;
		n = random_below(&r, uneven);
		assert_true(n < uneven);
		thirds[n % 3]++;
	}
	/* five standard deviations: 5 * sqrt(48000 * 1/6 * 5/6) and 5 * sqrt(48000 * 1/3 * 2/3) */
	for (int i = 0; i < BOUND; i++)
		assert_in_range(counts[i], DRAWS / BOUND - 409, DRAWS / BOUND + 409);
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], DRAWS / 3 - 517, DRAWS / 3 + 517);
	assert_true(random_below(&r, 1) == 0);
}

static void
below_nothing_is_any_number(void **state)
{
	struct random a = { { 1, 2, 3, 4 } }, b = a;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(random_below(&a, 0) == random_next(&b));
}

static void
integers_are_written_in_decimal(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 99, "99" },
		{ 100, "100" },
		{ 12345, "12345" },
		{ 100000, "100000" },
		{ -7, "-7" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	char text[DIGITS_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		*digits_put_signed(text, cases[i].value) = '\0';
		assert_string_equal(text, cases[i].text);
	}
	*digits_put_unsigned(text, UINT64_MAX) = '\0';
	assert_string_equal(text, "18446744073709551615");
}

static void
decimals_are_written_without_zeros_at_the_end(void **state)
{
	static const struct {
		int64_t mantissa;
		unsigned scale;
		const char *text;
	} cases[] = {
		{ 750, 2, "7.5" },
		{ 400, 2, "4" },
		{ 0, 5, "0" },
		{ 5, 3, "0.005" },
		{ -5, 3, "-0.005" },
		{ -12345, 2, "-123.45" },
		{ 120, 0, "120" },
		{ INT64_MAX, 18, "9.223372036854775807" },
		{ INT64_MIN, 18, "-9.223372036854775808" },
	};
	char text[DIGITS_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		*digits_put_decimal(text, cases[i].mantissa, cases[i].scale) = '\0';
		assert_string_equal(text, cases[i].text);
	}
}

/* One after the other with the same day kept, so that a stale one is seen. */
static void
times_are_written_as_iso_8601(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000" },
		{ -1, "1969-12-31T23:59:59.999" },
		{ 1, "1970-01-01T00:00:00.001" },
		{ INT64_C(1697162345422), "2023-10-13T01:59:05.422" },
		{ INT64_C(1697162399999), "2023-10-13T01:59:59.999" },
		{ INT64_C(1697241600000), "2023-10-14T00:00:00.000" },
		{ INT64_C(1709208000000), "2024-02-29T12:00:00.000" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999" },
		{ INT64_C(-62135596800000), "0001-01-01T00:00:00.000" },
	};
	struct digits_day day = DIGITS_NO_DAY;
	char text[DIGITS_TIME_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		*digits_put_time(text, &day, cases[i].ms) = '\0';
		assert_string_equal(text, cases[i].text);
	}
}

/* RFC 9562, section 5.4: version and variant take six of the bits. */
static void
uuids_have_version_and_variant(void **state)
{
	char text[DIGITS_UUID_BYTES + 1];

	(void)state;
	*digits_put_uuid(text, UINT64_MAX, UINT64_MAX) = '\0';
	assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
	*digits_put_uuid(text, 0, 0) = '\0';
	assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
	*digits_put_uuid(text, UINT64_C(0x0123456789abcdef), UINT64_C(0x0123456789abcdef)) = '\0';
	assert_string_equal(text, "01234567-89ab-4def-8123-456789abcdef");
}

/* ---- clicks ---- */

static const struct {
	const char *from;
	const char *to;
} ways[] = {
	{ "home_page", "product_catalog" },
	{ "product_catalog", "home_page" },
	{ "product_catalog", "product_detail" },
	{ "product_detail", "product_catalog" },
	{ "product_detail", "add_to_cart" },
	{ "add_to_cart", "product_catalog" },
	{ "add_to_cart", "remove_from_cart" },
	{ "add_to_cart", "order" },
	{ "order", "order_checkout" },
	{ "order", "remove_from_cart" },
	{ "order", "product_catalog" },
	{ "remove_from_cart", "" },
	{ "remove_from_cart", "product_detail" },
	{ "remove_from_cart", "product_catalog" },
	{ "order_checkout", "" },
	{ "", "home_page" },
};
enum { WAY_COUNT = sizeof(ways) / sizeof(*ways) };

static size_t
find_way(const struct click *from, const struct click *to)
{
	for (size_t i = 0; i < WAY_COUNT; i++) {
		if (slice_is(from->page, ways[i].from) && slice_is(to->page, ways[i].to))
			return i;
	}
	fail_msg("no way from \"%.*s\" to \"%.*s\"", SLICE_ARGS(from->page), SLICE_ARGS(to->page));
	return 0;
}

static void
check_product(const struct click *last, const struct click *c)
{
	if (slice_is(c->page, "home_page") || slice_is(c->page, "product_catalog"))
		assert_true(slice_is(c->product, "N/A"));
	else if (slice_is(c->page, ""))
		assert_int_equal(c->product.len, 0);
	else if (slice_is(c->page, "product_detail"))
		assert_true(c->product.len && !slice_is(c->product, "N/A"));
	else
		assert_true(slice_equal(c->product, last->product));
}

/* One user at a time: each way is gone, and no other. */
static void
sessions_go_their_ways(void **state)
{
	enum { CLICKS = 20000 };
	struct click_session session;
	struct clicks clicks;
	struct random random;
	struct click last = { .page = { "", 0 } }, c;
	unsigned seen[WAY_COUNT] = { 0 };
	int64_t user = CLICK_USER_FIRST - 1;

	(void)state;
	random_seed(&random, 1);
	clicks_init(&clicks, &session, 1, 0, 1);
	for (int i = 1; i <= CLICKS; i++) {
		clicks_next(&clicks, &random, i, &c);
		seen[find_way(&last, &c)]++;
		check_product(&last, &c);
		user += last.page.len == 0; /* a new session is a new user */
		assert_int_equal(c.user, user);
		assert_int_equal(c.number, i);
		assert_int_equal(c.previous, i - 1);
		assert_in_range(c.address, 0, 254);
		if (last.page.len) {
			assert_true(slice_equal(c.device, last.device));
			assert_int_equal(c.address, last.address);
		}
		last = c;
	}
	for (size_t i = 0; i < WAY_COUNT; i++)
		assert_true(seen[i] > CLICKS / 1000);
}

/* Sessions at a time have users of their own, and so have targets. */
static void
users_belong_to_one_target(void **state)
{
	struct click_session sessions[2][3];
	struct clicks targets[2];
	struct random random;
	struct click c;

	(void)state;
	random_seed(&random, 1);
	for (uint64_t t = 0; t < 2; t++)
		clicks_init(&targets[t], sessions[t], 3, t, 2);
	for (int64_t i = 1; i <= 1000; i++) {
		clicks_next(&targets[i % 2], &random, i, &c);
		assert_int_equal((c.user - CLICK_USER_FIRST) % 2, i % 2);
		assert_true(c.previous == 0 || c.previous % 2 == i % 2);
	}
	assert_true(targets[0].users_seen > 3);
}

static void
numbers_of_users_fit_an_int(void **state)
{
	struct click_session session;
	struct clicks clicks;
	struct random random;
	struct click c;

	(void)state;
	random_seed(&random, 1);
	clicks_init(&clicks, &session, 1, 0, 1);
	clicks.users_seen = CLICK_USER_MAX - CLICK_USER_FIRST;
	clicks_next(&clicks, &random, 1, &c);
	assert_int_equal(c.user, CLICK_USER_MAX);
	session.page = CLICK_END;
	clicks_next(&clicks, &random, 2, &c);
	assert_int_equal(c.user, CLICK_USER_FIRST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_xoshiro256starstar),
		cmocka_unit_test(the_state_is_filled_by_splitmix64),
		cmocka_unit_test(a_jump_leads_where_the_authors_does),
		cmocka_unit_test(below_is_even),
		cmocka_unit_test(below_nothing_is_any_number),
		cmocka_unit_test(integers_are_written_in_decimal),
		cmocka_unit_test(decimals_are_written_without_zeros_at_the_end),
		cmocka_unit_test(times_are_written_as_iso_8601),
		cmocka_unit_test(uuids_have_version_and_variant),
		cmocka_unit_test(sessions_go_their_ways),
		cmocka_unit_test(users_belong_to_one_target),
		cmocka_unit_test(numbers_of_users_fit_an_int),
	};

	return cmocka_run_group_tests_name("gen_random", tests, NULL, NULL);
}
