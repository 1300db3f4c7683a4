/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/http_retry.h"

static void
decides(void **state)
{
	/* the random number is the delay wanted, or one more than there can be */
	static const struct {
		struct http_retry_case c;
		int tokens;
		enum http_retry want;
		int64_t delay_ms;
		int cost;
	} cases[] = {
		/* full jitter: 0 up to 50 ms * 2^(attempt - 1), at most 20 s */
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, INT64_MAX, 0 }, 500, HTTP_RETRY_WAIT, 0, 5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, INT64_MAX, 50 }, 500, HTTP_RETRY_WAIT, 50, 5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, INT64_MAX, 51 }, 500, HTTP_RETRY_WAIT, 0, 5 },
		{ { HTTP_FAILED_TRANSIENT, 2, 3, -1, INT64_MAX, 100 }, 500, HTTP_RETRY_WAIT, 100,
		    5 },
		{ { HTTP_FAILED_TRANSIENT, 2, 3, -1, INT64_MAX, 101 }, 500, HTTP_RETRY_WAIT, 0, 5 },
		{ { HTTP_FAILED_TRANSIENT, 40, 99, -1, INT64_MAX, 20000 }, 500, HTTP_RETRY_WAIT,
		    20000, 5 },
		{ { HTTP_FAILED_TRANSIENT, 40, 99, -1, INT64_MAX, 20001 }, 500, HTTP_RETRY_WAIT, 0,
		    5 },
		{ { HTTP_FAILED_TIMEOUT, 1, 3, -1, INT64_MAX, 50 }, 500, HTTP_RETRY_WAIT, 50, 10 },
		{ { HTTP_FAILED_THROTTLED, 1, 3, -1, INT64_MAX, 500 }, 500, HTTP_RETRY_WAIT, 500,
		    5 },
		{ { HTTP_FAILED_THROTTLED, 1, 3, -1, INT64_MAX, 501 }, 500, HTTP_RETRY_WAIT, 0, 5 },
		{ { HTTP_FAILED_THROTTLED, 2, 3, -1, INT64_MAX, 1000 }, 500, HTTP_RETRY_WAIT, 1000,
		    5 },
		/* attempts */
		{ { HTTP_FAILED_TRANSIENT, 3, 3, -1, INT64_MAX, 0 }, 500, HTTP_RETRY_EXHAUSTED, 0,
		    0 },
		{ { HTTP_FAILED_TRANSIENT, 1, 1, -1, INT64_MAX, 0 }, 500, HTTP_RETRY_EXHAUSTED, 0,
		    0 },
		/* Retry-After: never sooner, and not for ever */
		{ { HTTP_FAILED_TRANSIENT, 1, 3, 2000, INT64_MAX, 7 }, 500, HTTP_RETRY_WAIT, 2000,
		    5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, 10, INT64_MAX, 30 }, 500, HTTP_RETRY_WAIT, 30, 5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, 300000, INT64_MAX, 7 }, 500, HTTP_RETRY_WAIT,
		    300000, 5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, 300001, INT64_MAX, 7 }, 500, HTTP_RETRY_TOO_LONG,
		    0, 0 },
		/* the deadline */
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, 50, 50 }, 500, HTTP_RETRY_TOO_LONG, 0, 0 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, 51, 50 }, 500, HTTP_RETRY_WAIT, 50, 5 },
		/* the budget */
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, INT64_MAX, 0 }, 5, HTTP_RETRY_WAIT, 0, 5 },
		{ { HTTP_FAILED_TRANSIENT, 1, 3, -1, INT64_MAX, 0 }, 4, HTTP_RETRY_BROKE, 0, 0 },
		{ { HTTP_FAILED_TIMEOUT, 1, 3, -1, INT64_MAX, 0 }, 9, HTTP_RETRY_BROKE, 0, 0 },
		{ { HTTP_FAILED_THROTTLED, 1, 3, -1, INT64_MAX, 20000 }, 4, HTTP_RETRY_WAIT, 20000,
		    0 },
		{ { HTTP_FAILED_THROTTLED, 1, 3, -1, INT64_MAX, 20001 }, 4, HTTP_RETRY_WAIT, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_budget budget = { .tokens = cases[i].tokens };
		int64_t delay_ms = 0;
		int cost = 0;
		enum http_retry got = http_retry_decide(&budget, &cases[i].c, &delay_ms, &cost);

		if (got != cases[i].want || delay_ms != cases[i].delay_ms ||
		    cost != cases[i].cost || budget.tokens != cases[i].tokens - cost)
			fail_msg("case %zu: %d, %lld ms, %d tokens, %d left", i, (int)got,
			    (long long)delay_ms, cost, budget.tokens);
	}
}

static void
refunds(void **state)
{
	static const struct {
		int tokens, cost, want;
	} cases[] = { { 100, 0, 101 }, { 100, 5, 105 }, { 100, 10, 110 }, { 500, 0, 500 },
		{ 498, 10, 500 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_budget budget = { .tokens = cases[i].tokens };

		http_budget_refund(&budget, cases[i].cost);
		assert_int_equal(budget.tokens, cases[i].want);
	}
}

static void
reads_retry_after(void **state)
{
	/* RFC 9110 5.6.7 has these three for the same second */
	enum { EXAMPLE_S = 784111777 };
	static const struct {
		const char *value;
		int64_t wall_s, want_ms;
	} cases[] = {
		{ "0", 0, 0 },
		{ "120", 0, 120000 },
		{ " 7 ", 0, 7000 },
		{ "99999999999999999999999999", 0, 999999990000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE_S - 10, 10000 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE_S - 10, 10000 },
		{ "Sun Nov  6 08:49:37 1994", EXAMPLE_S - 10, 10000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE_S + 10, 0 },
		{ "", 0, -1 },
		{ "soon", 0, -1 },
		{ "-5", 0, -1 },
		{ "1.5", 0, -1 },
		{ "12 s", 0, -1 },
		{ "Sun, 99 Nov 1994 08:49:37 GMT", 0, -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT and a lot more that is no part of any date at all",
		    0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t got = http_retry_after_ms(slice_of(cases[i].value), cases[i].wall_s * 1000);

		if (i == 3 ? got < 31536000000 : got != cases[i].want_ms)
			fail_msg("%s: %lld", cases[i].value, (long long)got);
	}
	assert_int_equal(http_date_ms(slice_make("Sun, 06 Nov 1994\0 08:49:37 GMT", 30)), -1);
}

static void
corrects_clocks(void **state)
{
	enum { MIN = 60000 };
	static const struct {
		int64_t skew_ms, server_ms, wall_ms;
		bool is_complained;
		int64_t want_ms;
	} cases[] = {
		{ 0, 100 * MIN, 100 * MIN, false, 0 },
		{ 0, 104 * MIN, 100 * MIN, false, 0 },
		{ 0, 104 * MIN + 1, 100 * MIN, false, 4 * MIN + 1 },
		{ 0, 95 * MIN, 100 * MIN, false, -5 * MIN },
		{ 0, 101 * MIN, 100 * MIN, true, MIN },
		/* as corrected already */
		{ 10 * MIN, 110 * MIN, 100 * MIN, false, 10 * MIN },
		{ 10 * MIN, 108 * MIN, 100 * MIN, false, 10 * MIN },
		/* our clock was put right since */
		{ 10 * MIN, 100 * MIN, 100 * MIN, false, 0 },
		/* no date */
		{ 10 * MIN, -1, 100 * MIN, true, 10 * MIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t got = http_skew_ms(
		    cases[i].skew_ms, cases[i].server_ms, cases[i].wall_ms, cases[i].is_complained);

		if (got != cases[i].want_ms)
			fail_msg("case %zu: %lld", i, (long long)got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(refunds),
		cmocka_unit_test(reads_retry_after),
		cmocka_unit_test(corrects_clocks),
	};

	return cmocka_run_group_tests_name("http_retry", tests, NULL, NULL);
}
