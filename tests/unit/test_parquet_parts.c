/* SPDX-License-Identifier: MIT */
/* Parquet's encodings, metadata, statistics and dictionaries, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "codec/parquet_column.h"
#include "codec/parquet_rle.h"
#include "codec/parquet_stats.h"
#include "codec/parquet_thrift.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
assert_hex(const struct buf *out, const char *expected)
{
	struct buf hex = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < out->len; i++)
		assert_int_equal(
		    buf_appendf(&hex, &err, "%s%02x", i ? " " : "", (unsigned char)out->data[i]),
		    0);
	assert_string_equal(hex.data ? hex.data : "", expected);
	buf_release(&hex);
}

/* ---- runs ---- */

static const struct {
	unsigned width;
	uint32_t count, values[40];
	const char *hex;
} hybrid[] = {
	/* Encodings.md: "The numbers 1 through 7 using bit width 3" */
	{ 3, 8, { 0, 1, 2, 3, 4, 5, 6, 7 }, "03 88 c6 fa" },
	{ 3, 0, { 0 }, "" },
	{ 0, 5, { 0 }, "0a" },
	/* a group is filled up with zeros */
	{ 3, 3, { 1, 2, 3 }, "03 d1 00 00" },
	{ 10, 1, { 0x3ff }, "03 ff 03 00 00 00 00 00 00 00 00" },
	{ 32, 2, { 0xffffffff, 1 },
	    "03 ff ff ff ff 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
	    "00 00 "
	    "00 00 00" },
	/* runs, of the value in whole bytes */
	{ 3, 12, { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 }, "18 05" },
	{ 10, 8, { 0x301, 0x301, 0x301, 0x301, 0x301, 0x301, 0x301, 0x301 }, "10 01 03" },
	/* a run of bits is worth it from 4 bytes on */
	{ 1, 8, { 1, 1, 1, 1, 1, 1, 1, 1 }, "03 ff" },
	{ 1, 32,
	    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1 },
	    "40 01" },
	/* the run gives up what the group before it lacks */
	{ 8, 20, { 1, 2, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    "03 01 02 03 09 09 09 09 09 18 09" },
	/* and is none where too little is left of it */
	{ 8, 10, { 1, 2, 3, 9, 9, 9, 9, 9, 9, 9 },
	    "05 01 02 03 09 09 09 09 09 09 09 00 00 00 00 00 00" },
};

static void
test_runs_and_groups(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(hybrid); i++) {
		struct buf out = BUF_INIT(1000);

		assert_int_equal(parquet_rle_append(&out, hybrid[i].values, hybrid[i].count,
				     hybrid[i].width, &err),
		    0);
		assert_hex(&out, hybrid[i].hex);
		buf_release(&out);
	}
}

/* A reader after the grammar of Encodings.md; returns how many values it has found. */
static size_t
decode(struct slice in, unsigned width, uint32_t *values, size_t room)
{
	const unsigned char *p = (const unsigned char *)in.data, *end = p + in.len;
	size_t n = 0;

	while (p < end) {
		uint64_t header = 0, bits = 0;
		uint32_t value = 0;

		for (unsigned shift = 0;; shift += 7) {
			assert_true(p < end);
			header |= (uint64_t)(*p & 0x7f) << shift;
			if (!(*p++ & 0x80))
				break;
		}
		assert_true(header >> 1 > 0);
		if (!(header & 1)) {
			for (unsigned b = 0; b < width; b += 8)
				value |= (uint32_t)*p++ << b;
			for (uint64_t i = 0; i < header >> 1; i++) {
				assert_true(n < room);
				values[n++] = value;
			}
			continue;
		}
		assert_true((header >> 1) * width <= (uint64_t)(end - p));
		for (uint64_t i = 0; i < (header >> 1) * 8; i++) {
			value = 0;
			for (unsigned b = 0; b < width; b++, bits++)
				value |= (uint32_t)(p[bits / 8] >> (bits % 8) & 1) << b;
			if (n < room)
				values[n++] = value;
		}
		p += (header >> 1) * width;
	}
	return n;
}

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void
test_runs_read_back(void **state)
{
	static uint32_t values[5000], found[5008];
	struct err err = ERR_INIT;
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 660; round++) {
		unsigned width = round % 33;
		size_t count = next_random(&seed) % 5000, n = 0;
		uint32_t mask = width ? (uint32_t)(((uint64_t)1 << width) - 1) : 0;
		struct buf out = BUF_INIT(1 << 20);

		while (n < count) {
			uint32_t value = next_random(&seed) & mask;
			size_t run = next_random(&seed) % 3 ? 1 : next_random(&seed) % 60;

			for (; run && n < count; run--)
				values[n++] = value;
		}
		assert_int_equal(parquet_rle_append(&out, values, count, width, &err), 0);
		assert_true(out.len <= (count + 7) / 8 * width + 16);
		n = decode(buf_slice(&out), width, found, (count + 7) / 8 * 8);
		assert_true(n >= count && n < count + 8);
		assert_memory_equal(values, found, count * sizeof(*values));
		buf_release(&out);
	}
}

static const struct {
	size_t count;
	unsigned char bytes[10];
	const char *hex;
} bits[] = {
	{ 0, { 0 }, "" },
	{ 3, { 0x05 }, "03 05" },
	{ 3, { 0xfd }, "03 05" },
	{ 8, { 0xff }, "03 ff" },
	{ 64, { 255, 255, 255, 255, 255, 255, 255, 255 }, "80 01 01" },
	{ 69, { 255, 255, 255, 255, 255, 255, 255, 255, 0x1f }, "8a 01 01" },
	{ 69, { 0, 0, 0, 0, 0, 0, 0, 0, 0xe0 }, "8a 01 00" },
	{ 72, { 0xaa, 0, 0, 0, 0, 0, 0, 0, 0x55 }, "03 aa 70 00 03 55" },
};

static void
test_levels(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(bits); i++) {
		struct buf out = BUF_INIT(1000);

		assert_int_equal(
		    parquet_rle_append_bits(&out, bits[i].bytes, bits[i].count, &err), 0);
		assert_hex(&out, bits[i].hex);
		buf_release(&out);
	}
}

static void
test_levels_read_back(void **state)
{
	static unsigned char packed[600];
	static uint32_t found[4800];
	struct err err = ERR_INIT;
	uint64_t seed = 5;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		size_t count = next_random(&seed) % 4700, n;
		struct buf out = BUF_INIT(1 << 20);

		for (size_t i = 0; i < sizeof(packed);) {
			size_t run = next_random(&seed) % 20;
			uint32_t kind = next_random(&seed) % 3;

			for (; run && i < sizeof(packed); run--)
				packed[i++] = kind == 2 ? (unsigned char)next_random(&seed)
				                        : (unsigned char)(0 - kind);
		}
		assert_int_equal(parquet_rle_append_bits(&out, packed, count, &err), 0);
		n = decode(buf_slice(&out), 1, found, (count + 7) / 8 * 8);
		assert_true(n >= count && n < count + 8);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(found[i], packed[i / 8] >> i % 8 & 1);
		buf_release(&out);
	}
}

static void
test_bools(void **state)
{
	static const unsigned char values[] = { 1, 0, 0, 0, 0, 0, 0, 1, 1, 1 };
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parquet_pack_bools(&out, values, sizeof(values), &err), 0);
	assert_hex(&out, "81 03");
	buf_release(&out);
}

static void
test_bit_widths(void **state)
{
	static const struct {
		uint32_t values;
		unsigned width;
	} cases[] = { { 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 3 }, { 256, 8 },
		{ 257, 9 }, { 1 << 17, 17 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parquet_bit_width(cases[i].values), cases[i].width);
}

/* ---- thrift ---- */

static void
test_thrift(void **state)
{
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct parquet_thrift t;

	(void)state;
	parquet_thrift_init(&t, &out, &err);
	parquet_thrift_bool(&t, 1, true);               /* 11 */
	parquet_thrift_bool(&t, 2, false);              /* 12 */
	parquet_thrift_i32(&t, 4, -1);                  /* 25 01 */
	parquet_thrift_i64(&t, 5, 300);                 /* 16 d8 04 */
	parquet_thrift_i16(&t, 6, -2);                  /* 14 03 */
	parquet_thrift_binary(&t, 20, slice_of("ab"));  /* e8 02 61 62 */
	parquet_thrift_struct(&t, 21);                  /* 1c */
	parquet_thrift_empty(&t, 1);                    /* 1c 00 */
	parquet_thrift_end(&t);                         /* 00 */
	parquet_thrift_list(&t, 22, THRIFT_I32, 2);     /* 19 25 */
	parquet_thrift_i32_element(&t, 1);              /* 02 */
	parquet_thrift_i32_element(&t, 64);             /* 80 01 */
	parquet_thrift_list(&t, 23, THRIFT_STRUCT, 15); /* 19 fc 0f */
	assert_int_equal(parquet_thrift_finish(&t), 0);
	assert_hex(
	    &out, "11 12 25 01 16 d8 04 14 03 e8 02 61 62 1c 1c 00 00 19 25 02 80 01 19 fc 0f 00");
	buf_release(&out);
}

static void
test_thrift_failure_sticks(void **state)
{
	struct buf out = BUF_INIT(2);
	struct err err = ERR_INIT;
	struct parquet_thrift t;

	(void)state;
	parquet_thrift_init(&t, &out, &err);
	parquet_thrift_binary(&t, 1, slice_of("too long"));
	assert_int_equal(parquet_thrift_finish(&t), -1);
	assert_int_equal(err.class, ERR_DATA);
	buf_release(&out);
}

/* ---- statistics ---- */

static void
assert_stats(const struct parquet_stats *s, const char *hex)
{
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct parquet_thrift t;

	parquet_thrift_init(&t, &out, &err);
	parquet_stats_write(s, &t, 1);
	assert_int_equal(parquet_thrift_finish(&t), 0);
	assert_hex(&out, hex);
	buf_release(&out);
}

static uint64_t
bits_of(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof(u));
	return u;
}

static void
test_number_statistics(void **state)
{
	struct parquet_stats s = { .order = PARQUET_ORDER_INT32, .null_count = 2 };

	(void)state;
	assert_stats(&s, "1c 36 04 00 00");
	parquet_stats_number(&s, (uint32_t)-1);
	parquet_stats_number(&s, 7);
	/* null_count 2, max_value 7, min_value -1, both exact */
	assert_stats(&s, "1c 36 04 28 04 07 00 00 00 18 04 ff ff ff ff 11 11 00 00");

	s = (struct parquet_stats){ .order = PARQUET_ORDER_BOOL };
	parquet_stats_number(&s, 1);
	assert_stats(&s, "1c 36 00 28 01 01 18 01 01 11 11 00 00");

	/* NaN is counted and no bound; zeros are widened */
	s = (struct parquet_stats){ .order = PARQUET_ORDER_DOUBLE };
	parquet_stats_number(&s, bits_of((double)NAN));
	assert_stats(&s, "1c 36 00 66 02 00 00");
	parquet_stats_number(&s, bits_of(0.0));
	assert_stats(&s,
	    "1c 36 00 28 08 00 00 00 00 00 00 00 00 18 08 00 00 00 00 00 00 00 80 11 11 16 "
	    "02 00 00");
	parquet_stats_number(&s, bits_of(-1));
	parquet_stats_number(&s, bits_of(-0.0));
	assert_stats(&s,
	    "1c 36 00 28 08 00 00 00 00 00 00 00 00 18 08 00 00 00 00 00 00 f0 bf 11 11 16 "
	    "02 00 00");
}

static void
test_decimal_statistics(void **state)
{
	struct parquet_stats s = { .order = PARQUET_ORDER_DECIMAL };

	(void)state;
	parquet_stats_bytes(&s, slice_make("\x00\x01", 2));
	parquet_stats_bytes(&s, slice_make("\xff\xff", 2));
	parquet_stats_bytes(&s, slice_make("\xff\xfe", 2));
	assert_stats(&s, "1c 36 00 28 02 00 01 18 02 ff fe 11 11 00 00");
}

static void
test_merged_statistics(void **state)
{
	struct parquet_stats a = { .order = PARQUET_ORDER_TEXT, .null_count = 1 }, b = a;

	(void)state;
	parquet_stats_bytes(&b, slice_of("b"));
	parquet_stats_merge(&a, &b);
	assert_stats(&a, "1c 36 04 28 01 62 18 01 62 11 11 00 00");
	b = (struct parquet_stats){ .order = PARQUET_ORDER_TEXT };
	parquet_stats_bytes(&b, slice_of("\xc3\xa9"));
	parquet_stats_bytes(&b, slice_of(""));
	parquet_stats_merge(&a, &b);
	assert_stats(&a, "1c 36 04 28 02 c3 a9 18 00 11 11 00 00");
}

#define SIXTY "123456789012345678901234567890123456789012345678901234567890"

/* Strings of more than 64 bytes, and what their bounds are cut to. */
static const struct {
	const char *value, *min, *max; /* max: NULL where there is none */
} cut[] = {
	{ SIXTY "abcd", SIXTY "abcd", SIXTY "abcd" },
	{ SIXTY "abcde", SIXTY "abcd", SIXTY "abce" },
	{ SIXTY "abc\x7f"
		"x",
	    SIXTY "abc\x7f", SIXTY "abd" },
	/* between characters */
	{ SIXTY "abc\xc3\xa9", SIXTY "abc", SIXTY "abd" },
	{ SIXTY "ab\xc3\xa9x", SIXTY "ab\xc3\xa9", SIXTY "ab\xc3\xaa" },
	{ SIXTY "ab\xc3\xbfx", SIXTY "ab\xc3\xbf", SIXTY "ab\xc4\x80" },
	{ SIXTY "ab\xdf\xbfx", SIXTY "ab\xdf\xbf", SIXTY "ac" },
	{ SIXTY "a\xed\x9f\xbfx", SIXTY "a\xed\x9f\xbf", SIXTY "a\xee\x80\x80" },
	{ SIXTY "a\xe0\xbf\xbfx", SIXTY "a\xe0\xbf\xbf", SIXTY "a\xe1\x80\x80" },
	{ SIXTY "a\xef\xbf\xbfx", SIXTY "a\xef\xbf\xbf", SIXTY "b" },
	{ SIXTY "\xf0\x9f\x98\x80x", SIXTY "\xf0\x9f\x98\x80", SIXTY "\xf0\x9f\x98\x81" },
	{ SIXTY "\xf3\xbf\xbf\xbfx", SIXTY "\xf3\xbf\xbf\xbf", SIXTY "\xf4\x80\x80\x80" },
	{ SIXTY "\xf4\x8f\xbf\xbfx", SIXTY "\xf4\x8f\xbf\xbf",
	    "123456789012345678901234567890123456789012345678901234567891" },
};

static void
test_cut_bounds(void **state)
{
	char bytes[PARQUET_BOUND_BYTES_MAX], last[70];
	struct slice min, max;
	bool has_max;

	(void)state;
	for (size_t i = 0; i < COUNT(cut); i++) {
		bool is_exact = strlen(cut[i].value) <= PARQUET_BOUND_BYTES_MAX;

		min = slice_of(cut[i].value);
		assert_int_equal(parquet_bound_min(&min), is_exact);
		assert_true(slice_is(min, cut[i].min));
		assert_int_equal(
		    parquet_bound_max(slice_of(cut[i].value), bytes, &max, &has_max), is_exact);
		assert_true(has_max && slice_is(max, cut[i].max));
		assert_true(slice_compare(slice_of(cut[i].value), max) <= 0);
	}
	/* nothing is larger */
	memset(last, 0x7f, sizeof(last));
	assert_false(parquet_bound_max(slice_make(last, sizeof(last)), bytes, &max, &has_max));
	assert_false(has_max);
}

/* ---- dictionaries ---- */

static void
test_dictionary_of_numbers(void **state)
{
	struct parquet_dictionary d;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned width = 4; width <= 8; width += 4) {
		unsigned shift = width * 8 - 24;

		parquet_dictionary_init(&d, width, true);
		for (uint32_t i = 0; i < PARQUET_DICTIONARY_VALUES_MAX * 2u; i++) {
			uint32_t value = i % PARQUET_DICTIONARY_VALUES_MAX;

			assert_int_equal(
			    parquet_dictionary_number(&d, (uint64_t)value << shift, &err), value);
		}
		assert_int_equal(d.count, PARQUET_DICTIONARY_VALUES_MAX);
		assert_int_equal(parquet_dictionary_number(&d, 1, &err), PARQUET_DICTIONARY_NONE);
		assert_int_equal(parquet_dictionary_number(&d, (uint64_t)9 << shift, &err), 9);
		parquet_dictionary_clear(&d);
		assert_int_equal(parquet_dictionary_number(&d, 1, &err), 0);
		parquet_dictionary_release(&d);
	}
}

static void
test_dictionary_of_bytes(void **state)
{
	struct parquet_dictionary d;
	struct err err = ERR_INIT;
	char text[32];
	int len;

	(void)state;
	parquet_dictionary_init(&d, 0, false);
	for (unsigned round = 0; round < 2; round++)
		for (int i = 0; i < 20000; i++) {
			len = snprintf(
			    text, sizeof(text), "%.*s%d", i % 20, "xxxxxxxxxxxxxxxxxxxx", i);
			assert_int_equal(
			    parquet_dictionary_bytes(&d, slice_make(text, (size_t)len), &err), i);
		}
	assert_int_equal(parquet_dictionary_bytes(&d, slice_make(NULL, 0), &err), 20000);
	assert_int_equal(parquet_dictionary_bytes(&d, slice_of(""), &err), 20000);
	assert_true(slice_is(parquet_dictionary_slice(&d, 0), "0"));
	assert_hex(
	    &(struct buf){ .data = d.plain.data, .len = 11 }, "01 00 00 00 30 02 00 00 00 78 31");
	parquet_dictionary_release(&d);
}

static void
test_decimal_widths(void **state)
{
	/* LogicalTypes.md, DECIMAL: floor(log10(2^(8n - 1) - 1)) digits fit n bytes */
	static const unsigned digits[] = { 2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35,
		38 };

	(void)state;
	for (unsigned n = 0; n < COUNT(digits); n++) {
		assert_int_equal(parquet_decimal_width(digits[n]), n + 1);
		if (n + 1 < COUNT(digits))
			assert_int_equal(parquet_decimal_width(digits[n] + 1), n + 2);
	}
}

/* Indices get more bytes as the dictionary grows, and are what they were. */
static void
test_indices_widen(void **state)
{
	static const struct {
		uint32_t values;
		unsigned bytes;
	} cases[] = { { 256, 1 }, { 257, 2 }, { 65536, 2 }, { 65537, 4 } };
	static uint32_t found[10];
	const struct table_column schema = { .type = TABLE_INT32 };
	struct parquet_column c;
	struct err err = ERR_INIT;

	(void)state;
	parquet_column_init(&c, &schema, 1 << 24);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t count = cases[i].values;
		size_t held = 0;

		for (uint32_t k = 0; k < count * 3; k++) {
			struct table_value v = { .i = (int32_t)(k % count * 7919) };

			assert_int_equal(parquet_column_append(&c, &v, &held, &err), 0);
		}
		assert_int_equal(c.index_bytes, cases[i].bytes);
		assert_int_equal(c.indices.len, count * 3 * cases[i].bytes);
		assert_true(held > c.indices.len + c.dictionary.plain.len);
		assert_false(c.is_plain);
		for (uint32_t k = 0; k + 10 <= count * 3; k += 10) {
			parquet_column_indices(&c, k, 10, found);
			for (uint32_t j = 0; j < 10; j++)
				assert_int_equal(found[j], (k + j) % count);
		}
		parquet_column_clear(&c);
	}
	parquet_column_release(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_and_groups),
		cmocka_unit_test(test_runs_read_back),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_levels_read_back),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_bit_widths),
		cmocka_unit_test(test_thrift),
		cmocka_unit_test(test_thrift_failure_sticks),
		cmocka_unit_test(test_number_statistics),
		cmocka_unit_test(test_decimal_statistics),
		cmocka_unit_test(test_merged_statistics),
		cmocka_unit_test(test_cut_bounds),
		cmocka_unit_test(test_dictionary_of_numbers),
		cmocka_unit_test(test_dictionary_of_bytes),
		cmocka_unit_test(test_decimal_widths),
		cmocka_unit_test(test_indices_widen),
	};

	return cmocka_run_group_tests_name("parquet parts", tests, NULL, NULL);
}
