/* SPDX-License-Identifier: MIT */
/* Batches of values and of rows: what comes of them is what comes of one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "codec/parquet_column.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { COLUMN_BYTES_MAX = 1 << 26, OUT_BYTES_MAX = 64 << 20, STRIDE = 3 };

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* ---- columns ---- */

enum kind {
	FEW,         /* values, and one after the other in no order */
	REPEATED,    /* each four times: with 8 bytes each of use in a dictionary even when that is full */
	DISTINCT,    /* all */
	CLASHING,    /* of one hash, from row 1,000 on */
	CLASHING_ONLY_NEW, /* the same, among values the dictionary has */
};

static uint64_t
inverse(uint64_t odd)
{
	uint64_t x = odd;

	for (int i = 0; i < 6; i++)
		x *= 2 - odd * x;
	return x;
}

/* Number n of those whose hashes have the same upper half, by what parquet_dictionary.c does. */
static uint64_t
clashing(uint64_t n)
{
	uint64_t x = (UINT64_C(0x12345678) << 32 | n) * inverse(0x6a09e667f3bcc909);

	x ^= x >> 29 ^ x >> 58;
	return x * inverse(0x9e3779b97f4a7c15);
}

static int64_t
number_of(enum kind kind, uint32_t row, uint32_t distinct, uint32_t *seed)
{
	switch (kind) {
	case FEW:
		return (int64_t)(next_random(seed) % distinct) * 7919 - 1000;
	case REPEATED:
		return row < 5 ? 0 : (int64_t)(row / 4);
	case DISTINCT:
		break;
	case CLASHING:
		return row < 1000 ? (int64_t)(row % 10) : (int64_t)clashing(row);
	case CLASHING_ONLY_NEW:
		return row % 7 || row < 1000 ? (int64_t)(row % 10) : (int64_t)clashing(row);
	}
	return row;
}

/* `text` is large enough for any. */
static struct table_value
value_of(const struct table_column *c, int64_t n, char *text)
{
	switch (c->type) {
	case TABLE_BOOL:
		return (struct table_value){ .i = n & 1 };
	case TABLE_FLOAT:
	case TABLE_DOUBLE:
		return (struct table_value){ .d = (double)n / 4 };
	case TABLE_STRING:
	case TABLE_JSON:
		return (struct table_value){ .bytes = slice_make(
						 text, (size_t)sprintf(text, "%lld", (long long)n)) };
	case TABLE_DECIMAL:
		if (table_decimal_is_wide(c))
			return (struct table_value){ .wide = (number_wide)n * 1000000007 };
		break;
	case TABLE_INT32:
	case TABLE_DATE:
		return (struct table_value){ .i = (int32_t)n };
	case TABLE_INT64:
	case TABLE_TIMESTAMP:
		break;
	}
	return (struct table_value){ .i = n };
}

static void
assert_same(const struct parquet_column *a, const struct parquet_column *b)
{
	assert_int_equal(a->rows, b->rows);
	assert_int_equal(a->values, b->values);
	assert_int_equal(a->is_plain, b->is_plain);
	assert_int_equal(a->dictionary_rows, b->dictionary_rows);
	assert_int_equal(a->index_bytes, b->index_bytes);
	assert_int_equal(a->dictionary.count, b->dictionary.count);
	assert_true(slice_equal(buf_slice(&a->levels), buf_slice(&b->levels)));
	assert_true(slice_equal(buf_slice(&a->indices), buf_slice(&b->indices)));
	assert_true(slice_equal(buf_slice(&a->plain), buf_slice(&b->plain)));
	assert_true(slice_equal(buf_slice(&a->dictionary.plain), buf_slice(&b->dictionary.plain)));
}

enum { NO_NULLS, SOME_NULLS, BATCHES_OF_NULLS, NULLS };

static bool
is_null_at(int nulls, uint32_t row, uint32_t *seed)
{
	switch (nulls) {
	case SOME_NULLS:
		return next_random(seed) % 3 == 0;
	case BATCHES_OF_NULLS:
		return row / 150 % 2;
	default:
		return nulls == NULLS;
	}
}

static const struct column_case {
	struct table_column column;
	enum kind kind;
	uint32_t distinct, rows;
	int nulls;
	bool is_plain; /* before it is settled */
	bool has_dictionary;
} cases[] = {
	{ { .type = TABLE_INT32 }, FEW, 10, 1000, NO_NULLS, false, true },
	{ { .type = TABLE_INT64 }, FEW, 10, 1, NO_NULLS, false, true },
	{ { .type = TABLE_DATE, .is_nullable = true }, FEW, 10, 1000, NULLS, false, true },
	{ { .type = TABLE_DATE, .is_nullable = true }, FEW, 10, 1000, SOME_NULLS, false, true },
	{ { .type = TABLE_INT64, .is_nullable = true }, FEW, 40, 5000, BATCHES_OF_NULLS, false, true },
	{ { .type = TABLE_INT64, .is_nullable = true }, FEW, 40, 5000, NO_NULLS, false, true },
	{ { .type = TABLE_BOOL }, FEW, 2, 1000, NO_NULLS, true, false },
	{ { .type = TABLE_BOOL, .is_nullable = true }, FEW, 2, 1000, SOME_NULLS, true, false },
	{ { .type = TABLE_FLOAT, .is_nullable = true }, FEW, 99, 1000, SOME_NULLS, false, true },
	{ { .type = TABLE_DOUBLE }, FEW, 99, 1000, NO_NULLS, false, true },
	{ { .type = TABLE_DECIMAL, .precision = 9 }, FEW, 99, 1000, NO_NULLS, false, true },
	{ { .type = TABLE_DECIMAL, .precision = 18 }, FEW, 99, 1000, NO_NULLS, false, true },
	{ { .type = TABLE_DECIMAL, .precision = 38, .is_nullable = true }, FEW, 99, 1000, SOME_NULLS,
	    false, true },
	{ { .type = TABLE_STRING, .is_nullable = true }, FEW, 99, 1000, SOME_NULLS, false, true },
	/* indices of two bytes, and of four */
	{ { .type = TABLE_INT32 }, FEW, 300, 3000, NO_NULLS, false, true },
	{ { .type = TABLE_TIMESTAMP, .is_nullable = true }, REPEATED, 0, 300000, SOME_NULLS, false,
	    true },
	/* full dictionaries */
	{ { .type = TABLE_INT32 }, REPEATED, 0, 600000, NO_NULLS, true, false },
	{ { .type = TABLE_INT64 }, REPEATED, 0, 600000, NO_NULLS, true, true },
	{ { .type = TABLE_INT64, .is_nullable = true }, REPEATED, 0, 900000, SOME_NULLS, true, true },
	{ { .type = TABLE_INT32, .is_nullable = true }, DISTINCT, 0, 250000, SOME_NULLS, true, false },
	{ { .type = TABLE_FLOAT }, DISTINCT, 0, 150000, NO_NULLS, true, false },
	{ { .type = TABLE_DOUBLE }, DISTINCT, 0, 150000, NO_NULLS, true, false },
	{ { .type = TABLE_STRING, .is_nullable = true }, DISTINCT, 0, 250000, SOME_NULLS, true, false },
	/* made-up values */
	{ { .type = TABLE_INT64 }, CLASHING, 0, 2000, NO_NULLS, true, true },
	{ { .type = TABLE_INT64, .is_nullable = true }, CLASHING_ONLY_NEW, 0, 9000, SOME_NULLS, true,
	    true },
};

/* Batches of `batch` values each, or of any number where that is 0. */
static void
check_case(const struct column_case *t, unsigned batch)
{
	static struct table_value values[PARQUET_BATCH_ROWS * STRIDE];
	static char texts[PARQUET_BATCH_ROWS][32];
	struct parquet_column one, many;
	size_t held_one = 0, held_many = 0;
	uint32_t seed = 11, cuts = 5;
	struct err err = ERR_INIT;

	parquet_column_init(&one, &t->column, COLUMN_BYTES_MAX);
	parquet_column_init(&many, &t->column, COLUMN_BYTES_MAX);
	for (uint32_t row = 0; row < t->rows;) {
		unsigned n = batch ? batch : next_random(&cuts) % (PARQUET_BATCH_ROWS + 1);

		for (unsigned i = 0; i < n; i++, row++) {
			struct table_value *v = &values[(size_t)i * STRIDE];

			*v = value_of(&t->column, number_of(t->kind, row, t->distinct, &seed), texts[i]);
			v->is_null = is_null_at(t->nulls, row, &seed);
			assert_int_equal(parquet_column_append(&one, v, &held_one, &err), 0);
		}
		assert_int_equal(
		    parquet_column_append_batch(&many, values, STRIDE, n, &held_many, &err), 0);
		assert_int_equal(held_one, held_many);
		assert_int_equal(one.is_plain, many.is_plain);
	}
	assert_same(&one, &many);
	assert_int_equal(many.is_plain, t->is_plain);
	assert_int_equal(many.dictionary.count > 0, t->has_dictionary && t->nulls != NULLS);
	assert_int_equal(parquet_column_settle(&one, &err), 0);
	assert_int_equal(parquet_column_settle(&many, &err), 0);
	assert_same(&one, &many);
	parquet_column_release(&one);
	parquet_column_release(&many);
}

static void
test_batches_are_as_single_values(void **state)
{
	static const unsigned batches[] = { 1, 7, PARQUET_BATCH_ROWS, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < COUNT(batches); k++)
			check_case(&cases[i], batches[k]);
}

/* The values that come before the one that is not taken have numbers, and no others. */
static void
test_numbers_up_to_one_not_taken(void **state)
{
	uint64_t values[PARQUET_BATCH_ROWS];
	uint32_t numbers[PARQUET_BATCH_ROWS];
	struct parquet_dictionary d;
	struct err err = ERR_INIT;
	uint32_t next = 0;
	int taken;

	(void)state;
	parquet_dictionary_init(&d, 8, true);
	do {
		for (unsigned i = 0; i < COUNT(values); i++)
			values[i] = i < 50 ? clashing(next++) : values[i - 50];
		taken = parquet_dictionary_numbers(&d, values, COUNT(values), numbers, &err);
		assert_true(taken >= 0);
		for (int i = 0; i < taken; i++)
			assert_int_equal(
			    numbers[i], i < 50 ? next - 50 + (unsigned)i : numbers[i - 50]);
	} while (taken == COUNT(values));
	assert_int_equal(taken, 256 % 50); /* PROBES_MAX */
	assert_int_equal(d.count, 256);
	assert_int_equal(parquet_dictionary_numbers(&d, values, (unsigned)taken, numbers, &err), taken);
	parquet_dictionary_release(&d);
}

/* ---- rows ---- */

static int
write_bytes(void *context, struct slice bytes, struct err *err)
{
	return buf_append(context, bytes, err);
}

struct table {
	struct table_schema *schema;
	struct parquet_options options;
	struct parquet_writer *writer;
	struct buf bytes;
	struct err err;
};

static void
table_open(struct table *t, uint32_t rows_max, size_t bytes_max)
{
	const struct parquet_output output = { .write = write_bytes, .context = &t->bytes };

	*t = (struct table){ .options = PARQUET_OPTIONS_INIT };
	buf_init(&t->bytes, OUT_BYTES_MAX);
	t->schema = table_schema_parse(
	    slice_of("[{\"name\":\"n\",\"type\":\"int64\",\"nullable\":true},"
		     "{\"name\":\"s\",\"type\":\"string\"}]"),
	    &t->err);
	assert_non_null(t->schema);
	t->options.row_group_rows_max = rows_max;
	t->options.row_group_bytes_max = bytes_max;
	t->writer = parquet_writer_new(t->schema, &t->options, output, &t->err);
	assert_non_null(t->writer);
}

static void
table_close(struct table *t)
{
	parquet_writer_free(t->writer);
	table_schema_free(t->schema);
	buf_release(&t->bytes);
}

/* Row number `first` and those that follow in one call. */
static void
add_rows(struct table *t, uint32_t first, uint32_t count, struct slice text)
{
	struct table_value *rows = calloc((size_t)count * 2, sizeof(*rows));

	assert_non_null(rows);
	for (uint32_t i = 0; i < count; i++) {
		rows[i * 2] = (struct table_value){ .i = (first + i) * 31,
			.is_null = (first + i) % 5 == 0 };
		/* no two are the same, so that each takes its bytes */
		rows[i * 2 + 1] = (struct table_value){ .bytes = slice_skip(text, first + i) };
	}
	assert_int_equal(parquet_writer_rows(t->writer, rows, count, &t->err), 0);
	free(rows);
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
			      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
			      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
			      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

enum { CUT_ROWS = 300 };

static void
write_cut(struct table *t, unsigned piece)
{
	for (uint32_t row = 0; row < CUT_ROWS; row += piece)
		add_rows(t, row, row + piece < CUT_ROWS ? piece : CUT_ROWS - row, slice_of(letters));
	assert_int_equal(parquet_writer_finish(t->writer, &t->err), 0);
}

/* Bounds in rows hold to the row, so that cuts are not seen. */
static void
test_row_groups_of_rows(void **state)
{
	static const uint32_t rows_max[] = { 1, 7, 63, 64, 65, 100, 299, 300, 301 };
	static const unsigned pieces[] = { 3, 64, 100, CUT_ROWS };

	(void)state;
	for (size_t i = 0; i < COUNT(rows_max); i++) {
		struct table one;

		table_open(&one, rows_max[i], PARQUET_ROW_GROUP_BYTES);
		for (uint32_t row = 0; row < CUT_ROWS; row++) {
			add_rows(&one, row, 1, slice_of(letters));
			assert_int_equal(parquet_writer_held_bytes(one.writer) == 0,
			    (row + 1) % rows_max[i] == 0);
		}
		assert_int_equal(parquet_writer_finish(one.writer, &one.err), 0);
		for (size_t k = 0; k < COUNT(pieces); k++) {
			struct table many;

			table_open(&many, rows_max[i], PARQUET_ROW_GROUP_BYTES);
			write_cut(&many, pieces[k]);
			assert_true(slice_equal(buf_slice(&one.bytes), buf_slice(&many.bytes)));
			table_close(&many);
		}
		table_close(&one);
	}
}

/* 64 rows of 10,000 bytes in one call: batches have 7, and row groups two of these. */
static void
test_large_rows_end_a_batch(void **state)
{
	enum { BYTES = 10000, ROWS = PARQUET_BATCH_ROWS, BATCH = 7, BOUND = 100000 };
	char *text = malloc(BYTES + ROWS);
	struct table whole, cut;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', BYTES + ROWS);
	table_open(&whole, PARQUET_ROW_GROUP_ROWS, BOUND);
	table_open(&cut, PARQUET_ROW_GROUP_ROWS, BOUND);
	add_rows(&whole, 0, ROWS, slice_make(text, BYTES + ROWS));
	assert_true(whole.bytes.len > 0);
	assert_true(parquet_writer_held_bytes(whole.writer) < BOUND);
	for (uint32_t row = 0; row < ROWS; row += BATCH) {
		add_rows(&cut, row, row + BATCH < ROWS ? BATCH : ROWS - row,
		    slice_make(text, BYTES + ROWS));
		assert_int_equal(parquet_writer_held_bytes(cut.writer) == 0,
		    row + BATCH < ROWS && row / BATCH % 2 == 1);
	}
	assert_int_equal(parquet_writer_finish(whole.writer, &whole.err), 0);
	assert_int_equal(parquet_writer_finish(cut.writer, &cut.err), 0);
	assert_true(slice_equal(buf_slice(&whole.bytes), buf_slice(&cut.bytes)));
	table_close(&whole);
	table_close(&cut);
	free(text);
}

static void
test_a_row_too_long_among_others(void **state)
{
	struct table t;
	struct table_value rows[6] = { { .i = 1 }, { .bytes = slice_of("a") }, { .i = 2 },
		{ .bytes = { "", PARQUET_ROW_BYTES_MAX + 1 } }, { .i = 3 },
		{ .bytes = slice_of("c") } };

	(void)state;
	table_open(&t, PARQUET_ROW_GROUP_ROWS, PARQUET_ROW_GROUP_BYTES);
	assert_int_equal(parquet_writer_rows(t.writer, rows, 3, &t.err), -1);
	assert_int_equal(t.err.class, ERR_DATA);
	assert_int_equal(parquet_writer_held_bytes(t.writer), 0);
	assert_int_equal(parquet_writer_rows(t.writer, rows, 0, &t.err), 0);
	assert_int_equal(parquet_writer_held_bytes(t.writer), 0);
	table_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches_are_as_single_values),
		cmocka_unit_test(test_numbers_up_to_one_not_taken),
		cmocka_unit_test(test_row_groups_of_rows),
		cmocka_unit_test(test_large_rows_end_a_batch),
		cmocka_unit_test(test_a_row_too_long_among_others),
	};

	return cmocka_run_group_tests_name("parquet batches", tests, NULL, NULL);
}
