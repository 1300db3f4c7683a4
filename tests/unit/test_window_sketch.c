/* SPDX-License-Identifier: MIT */
/* HyperLogLog and DDSketch: their errors are what their headers say. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kafka-window/chunk.h"
#include "kafka-window/ddsketch.h"
#include "kafka-window/hll.h"
#include "window_kit.h"

enum { BYTES_MAX = 1 << 20 };

/* ---- HyperLogLog ---- */

/* What XXH64 of libxxhash 0.8.1 makes of them. */
static void
hashes(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{ "", UINT64_C(0xef46db3751d8e999) },
		{ "a", UINT64_C(0xd24ec4f1a98c6e5b) },
		{ "abc", UINT64_C(0x44bc2cf5ad770999) },
		{ "message digest", UINT64_C(0x066ed728fceeb3be) },
		{ "abcdefghijklmnopqrstuvwxyz", UINT64_C(0xcfe1f278fa89835c) },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		    UINT64_C(0xaaa46907d3047814) },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		    UINT64_C(0xe04a477f19ee145d) },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (hll_hash(slice_of(cases[i].text)) != cases[i].want)
			fail_msg("case %zu: %" PRIx64, i, hll_hash(slice_of(cases[i].text)));
	}
}

static void
add_number(struct hll *h, uint64_t number, size_t *held)
{
	struct err err = ERR_INIT;
	char text[24];
	size_t len = (size_t)snprintf(text, sizeof(text), "%" PRIu64, number);

	assert_int_equal(hll_add(h, hll_hash(slice_make(text, len)), held, &err), 0);
}

/* Up to the last sparse size counts are at most two off; above, within four standard errors at each
 * of many sizes, and the root mean square of the errors is near one. */
static void
errors_of_counts(void **state)
{
	enum { RUNS = 12, MOST = 1000000 };
	const double standard = 1.04 / sqrt(HLL_REGISTERS);
	double squares = 0;
	int measured = 0;
	(void)state;

	for (uint64_t run = 0; run < RUNS; run++) {
		struct hll h = { .data = NULL };
		size_t held = 0;
		uint64_t next = 100, most = run ? MOST / 10 : MOST;

		for (uint64_t n = 1; n <= most; n++) {
			int64_t estimate;
			double error;

			add_number(&h, run << 32 | n, &held);
			if (n != next)
				continue;
			next += next / 4;
			estimate = hll_estimate(&h);
			error = ((double)estimate - (double)n) / (double)n;
			if (fabs(error) > (n <= HLL_SPARSE_MAX ? 2.0 / (double)n : 4 * standard))
				fail_msg("run %d: %" PRId64 " for %" PRIu64, (int)run,
				    hll_estimate(&h), n);
			if (n > HLL_SPARSE_MAX) {
				squares += error * error;
				measured++;
			}
		}
		assert_int_equal(hll_held(&h), chunk_bytes(HLL_REGISTERS));
		assert_int_equal(held, chunk_bytes(HLL_REGISTERS));
		hll_release(&h);
	}
	assert_true(measured > 100);
	assert_in_range((uint64_t)(sqrt(squares / measured) / standard * 100), 60, 140);
}

/* Registers are those of the definition, though the values were coupons before. */
static void
registers(void **state)
{
	enum { COUNT = 200000, HEAD = 1 };
	static uint8_t want[HLL_REGISTERS];
	struct buf bytes = BUF_INIT(BYTES_MAX);
	struct hll h = { .data = NULL };
	struct err err = ERR_INIT;
	size_t held = 0;
	(void)state;

	for (int i = 0; i < COUNT; i++) {
		/* many hashes with zeros behind the index, where the rank is put together */
		uint64_t hash = kit_random() >> (i % 2 ? 0 : HLL_PRECISION + i % 50);
		uint64_t rest, at;

		hash |= kit_random() << (64 - HLL_PRECISION);
		at = hash >> (64 - HLL_PRECISION);
		rest = hash << HLL_PRECISION;
		rest = rest ? (uint64_t)__builtin_clzll(rest) + 1 : 64 - HLL_PRECISION + 1;
		if (rest > want[at])
			want[at] = (uint8_t)rest;
		assert_int_equal(hll_add(&h, hash, &held, &err), 0);
	}
	assert_int_equal(hll_encode(&h, &bytes, &err), 0);
	assert_int_equal(bytes.len, HEAD + HLL_REGISTERS);
	assert_memory_equal(bytes.data + HEAD, want, HLL_REGISTERS);
	hll_release(&h);
	buf_release(&bytes);
}

/* Parts that overlap, small and large ones, in any order: the bytes of one pass. */
static void
unions(void **state)
{
	static const int sizes[][3] = {
		{ 0, 0, 0 },
		{ 1, 0, 2 },
		{ 10, 100, 1000 },
		{ 1000, 1000, 1072 },
		{ 1000, 1000, 1073 },
		{ 5, 5000, 2000 },
		{ 4000, 6000, 5000 },
	};
	struct buf want = BUF_INIT(BYTES_MAX), have = BUF_INIT(BYTES_MAX);
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (unsigned turn = 0; turn < 3; turn++) {
			struct hll parts[3] = { 0 }, whole = { .data = NULL };
			struct hll merged = { .data = NULL }, read = { .data = NULL };
			size_t held = 0;
			struct slice bytes;

			for (unsigned p = 0; p < 3; p++) {
				for (int n = 0; n < sizes[i][p]; n++) {
					uint64_t value = (uint64_t)n * (p + 1);

					add_number(&parts[p], value, &held);
					add_number(&whole, value, &held);
				}
			}
			for (unsigned p = 0; p < 3; p++)
				assert_int_equal(
				    hll_merge(&merged, &parts[(p + turn) % 3], &held, &err), 0);
			buf_clear(&want);
			buf_clear(&have);
			assert_int_equal(hll_encode(&whole, &want, &err), 0);
			assert_int_equal(hll_encode(&merged, &have, &err), 0);
			assert_int_equal(have.len, want.len);
			assert_memory_equal(have.data, want.data, want.len);
			bytes = buf_slice(&want);
			assert_int_equal(hll_decode(&read, &bytes, &err), 0);
			assert_int_equal(bytes.len, 0);
			assert_int_equal(hll_estimate(&read), hll_estimate(&whole));
			for (unsigned p = 0; p < 3; p++) {
				held -= hll_held(&parts[p]);
				hll_release(&parts[p]);
			}
			assert_int_equal(held, hll_held(&whole) + hll_held(&merged));
			hll_release(&whole);
			hll_release(&merged);
			hll_release(&read);
		}
	}
	buf_release(&want);
	buf_release(&have);
}

/* ---- DDSketch ---- */

static double
uniform(void)
{
	return (double)(kit_random() >> 11) * 0x1p-53;
}

static double
from_uniform(void)
{
	return uniform() * 1000 - 300;
}

static double
from_exponential(void)
{
	return -log1p(-uniform()) * 0.001;
}

/* A Pareto tail: up to ten orders of magnitude. */
static double
from_heavy_tail(void)
{
	return pow(1 - uniform(), -1.5);
}

static double
from_normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum * 1e6;
}

static double
from_whole_numbers(void)
{
	return (double)(kit_random() % 7) - 3;
}

static double
from_tiny(void)
{
	return uniform() * 1e-300;
}

static double
from_huge(void)
{
	return (uniform() - 0.5) * 1.7e308;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* SQL's PERCENTILE_DISC */
static double
exact_quantile(const double *sorted, int count, int64_t share)
{
	__extension__ unsigned __int128 product =
	    (unsigned __int128)(uint64_t)count * (uint64_t)share;
	int at = (int)((product + DDSKETCH_SHARE_ALL - 1) / DDSKETCH_SHARE_ALL);

	return sorted[at ? at - 1 : 0];
}

static void
errors_of_quantiles(void **state)
{
	static double (*const sources[])(void) = { from_uniform, from_exponential, from_heavy_tail,
		from_normal, from_whole_numbers, from_tiny, from_huge };
	static const int64_t percents[] = { 0, 1, 5, 25, 50, 75, 90, 95, 99, 100 };
	enum { MOST = 20000 };
	static double values[MOST];
	struct err err = ERR_INIT;
	(void)state;

	for (size_t s = 0; s < sizeof(sources) / sizeof(*sources); s++) {
		for (int count = 1; count <= MOST; count = count * 5 + 1) {
			struct ddsketch d = { .buckets = NULL };
			size_t held = 0;

			for (int i = 0; i < count; i++) {
				values[i] = sources[s]();
				assert_int_equal(ddsketch_add(&d, values[i], &held, &err), 0);
			}
			qsort(values, (size_t)count, sizeof(*values), compare_doubles);
			for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
				int64_t share = percents[i] * (DDSKETCH_SHARE_ALL / 100);
				double want = exact_quantile(values, count, share), have = -1;

				assert_true(ddsketch_quantile(&d, share, &have));
				/* and what logarithm and power are off */
				if (!(fabs(have - want) <= fabs(want) * (DDSKETCH_ACCURACY + 1e-9)))
					fail_msg("source %zu, %d values, %d%%: %.17g for %.17g", s,
					    count, (int)percents[i], have, want);
			}
			assert_true(d.count <= DDSKETCH_BUCKETS_MAX);
			assert_int_equal(held, ddsketch_held(&d));
			ddsketch_release(&d);
		}
	}
}

/* Each of the values has a bucket of its own: those below the 2048 highest come out as the lowest of
 * these, whatever they were, and all others within the bound. */
static void
check_joined(const struct ddsketch *d, const double *values, int count)
{
	double *sorted = malloc((size_t)count * sizeof(*sorted));
	double lowest;

	assert_non_null(sorted);
	memcpy(sorted, values, (size_t)count * sizeof(*sorted));
	qsort(sorted, (size_t)count, sizeof(*sorted), compare_doubles);
	lowest = sorted[count - DDSKETCH_BUCKETS_MAX];
	for (int rank = 1; rank <= count; rank++) {
		int64_t share = rank * DDSKETCH_SHARE_ALL / count;
		double exact = exact_quantile(sorted, count, share), have = -1;
		double want = fmax(exact, lowest);

		assert_true(exact == sorted[rank - 1]);
		assert_true(ddsketch_quantile(d, share, &have));
		if (!(fabs(have - want) <= fabs(want) * (DDSKETCH_ACCURACY + 1e-9)))
			fail_msg("rank %d: %.17g for %.17g", rank, have, want);
	}
	free(sorted);
}

/* More buckets than there may be: the lowest are joined, the rest keeps its bound, and the order
 * does not show. */
static void
too_many_buckets(void **state)
{
	enum { COUNT = 6000, PARTS = 3 };
	static double values[COUNT];
	struct buf want = BUF_INIT(BYTES_MAX), have = BUF_INIT(BYTES_MAX);
	struct err err = ERR_INIT;
	(void)state;

	for (int i = 0; i < COUNT; i++)
		values[i] = (i % 3 ? 1 : -1) * pow(10, -150 + i * 0.05);
	for (unsigned turn = 0; turn < 20; turn++) {
		struct ddsketch whole = { .buckets = NULL }, merged = { .buckets = NULL },
				parts[PARTS] = { 0 };
		size_t held = 0;

		for (int i = 0; i < COUNT; i++) {
			int j = (int)(kit_random() % (uint64_t)(i + 1));
			double moved = values[i];

			values[i] = values[j];
			values[j] = moved;
		}
		for (int i = 0; i < COUNT; i++) {
			assert_int_equal(ddsketch_add(&whole, values[i], &held, &err), 0);
			assert_int_equal(
			    ddsketch_add(&parts[kit_random() % PARTS], values[i], &held, &err), 0);
		}
		for (unsigned p = 0; p < PARTS; p++)
			assert_int_equal(
			    ddsketch_merge(&merged, &parts[(p + turn) % PARTS], &held, &err), 0);
		buf_clear(&have);
		assert_int_equal(ddsketch_encode(&merged, &have, &err), 0);
		if (!turn)
			assert_int_equal(ddsketch_encode(&whole, &want, &err), 0);
		assert_int_equal(have.len, want.len);
		assert_memory_equal(have.data, want.data, want.len);
		assert_int_equal(merged.count, DDSKETCH_BUCKETS_MAX);
		check_joined(&merged, values, COUNT);
		for (unsigned p = 0; p < PARTS; p++)
			ddsketch_release(&parts[p]);
		ddsketch_release(&whole);
		ddsketch_release(&merged);
	}
	buf_release(&want);
	buf_release(&have);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(errors_of_counts),
		cmocka_unit_test(registers),
		cmocka_unit_test(unions),
		cmocka_unit_test(errors_of_quantiles),
		cmocka_unit_test(too_many_buckets),
	};

	return cmocka_run_group_tests_name("window_sketch", tests, NULL, NULL);
}
