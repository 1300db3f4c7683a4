/* SPDX-License-Identifier: MIT */
/* Parquet objects of the lake: the same bytes however the rows are cut, objects one after the other, outputs that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-s3/format/format.h"

enum { RECORDS = 400, LONG_BYTES = 100000, BYTES_MAX = 64 << 20, ROW_GROUP_BYTES = 10000 };

static const char schema_text[] =
    "[{\"name\":\"n\",\"type\":\"int64\"},{\"name\":\"s\",\"path\":\"o.s\",\"type\":\"string\",\"nullable\":true},"
    "{\"name\":\"d\",\"type\":\"decimal(38,2)\",\"nullable\":true},{\"name\":\"b\",\"type\":\"bool\"},"
    "{\"name\":\"j\",\"type\":\"json\",\"nullable\":true},{\"name\":\"t\",\"type\":\"timestamp(us)\"}]";

struct bench {
	struct table_schema *schema;
	struct format_options options;
	struct format *format;
	struct field_set *fields;
	struct buf rows;
	struct buf object;
	unsigned writes_left; /* before the output fails */
	struct err err;
};

static void
bench_open(struct bench *b)
{
	*b = (struct bench){ .writes_left = UINT32_MAX };
	buf_init(&b->rows, BYTES_MAX);
	buf_init(&b->object, BYTES_MAX);
	b->schema = table_schema_parse(slice_of(schema_text), &b->err);
	assert_non_null(b->schema);
	b->options = (struct format_options){
		.kind = FORMAT_PARQUET,
		.codec = FORMAT_CODEC_NONE,
		.schema = b->schema,
		.row_group_bytes = ROW_GROUP_BYTES
	};
	b->fields = field_set_new(&b->err);
	b->format = format_new(&b->options, &b->err);
	assert_true(b->fields && b->format);
	assert_int_equal(format_bind(b->format, b->fields, &b->err), 0);
}

static void
bench_close(struct bench *b)
{
	format_free(b->format);
	field_set_free(b->fields);
	table_schema_free(b->schema);
	buf_release(&b->rows);
	buf_release(&b->object);
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
add_row(struct bench *b, const char *value)
{
	const struct record record = {
		.value = slice_of(value), .has_value = true, .time_ms = RECORD_NO_TIME
	};
	struct slice row;

	assert_int_equal(field_scan(b->fields, &record, &b->err), 0);
	if (format_row(b->format, &record, RECORD_NO_TIME, &row, &b->err))
		fail_msg("%s", b->err.text);
	assert_int_equal(buf_append(&b->rows, row, &b->err), 0);
}

/* Strings of all lengths, one longer than what a spool is read by. */
static void
add_rows(struct bench *b)
{
	char *value = malloc(LONG_BYTES + 1024), *text = malloc(LONG_BYTES + 1);
	uint32_t seed = 7;

	assert_true(value && text);
	memset(text, 'x', LONG_BYTES);
	for (int i = 0; i < RECORDS; i++) {
		int len = i == RECORDS / 2 ? LONG_BYTES : (int)(next_random(&seed) % 300);
		char null[] = "null";

		(void)snprintf(value, LONG_BYTES + 1024,
		    "{\"n\":%d,\"o\":{\"s\":%s%.*s%s},\"d\":%s,\"b\":%s,\"j\":[%u],\"t\":%u}", i,
		    len % 7 ? "\"\\u00e9" : null, len % 7 ? len : 0, text, len % 7 ? "\"" : "",
		    len % 5 ? "-12345678901234567890.25" : null, len % 2 ? "true" : "false",
		    next_random(&seed), next_random(&seed));
		add_row(b, value);
	}
	free(value);
	free(text);
}

static int
collect(void *context, struct slice bytes, struct err *err)
{
	struct bench *b = context;

	if (!b->writes_left)
		return err_set(err, ERR_IO, "the disk is full");
	b->writes_left--;
	return buf_append(&b->object, bytes, err);
}

/* In pieces of at most piece_max bytes, of lengths from a seed. */
static int
encode(struct bench *b, size_t piece_max, uint32_t seed)
{
	const struct format_output output = { .write = collect, .context = b };
	struct slice rest = buf_slice(&b->rows);

	buf_clear(&b->object);
	while (rest.len) {
		size_t len = 1 + next_random(&seed) % piece_max;

		if (len > rest.len)
			len = rest.len;
		if (format_encode(b->format, slice_make(rest.data, len), &output, &b->err))
			return -1;
		rest = slice_skip(rest, len);
	}
	return format_encode_finish(b->format, &output, &b->err);
}

static void
test_rows_may_be_cut_anywhere(void **state)
{
	static const size_t pieces[] = { 1, 7, 100, 4096, 65536 };
	struct bench b;
	struct buf whole = BUF_INIT(BYTES_MAX);

	(void)state;
	bench_open(&b);
	add_rows(&b);
	assert_int_equal(encode(&b, b.rows.len, 1), 0);
	assert_int_equal(buf_append(&whole, buf_slice(&b.object), &b.err), 0);
	assert_true(whole.len > 12 && slice_equal(slice_make(whole.data, 4), slice_of("PAR1")));
	/* each an object of its own, from one encoder */
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		for (uint32_t seed = 0; seed < (pieces[i] == 1 ? 1 : 8); seed++) {
			assert_int_equal(encode(&b, pieces[i], seed), 0);
			assert_true(slice_equal(buf_slice(&b.object), buf_slice(&whole)));
		}
	}
	buf_release(&whole);
	bench_close(&b);
}

/* As many rows as fill batches, and some more or less. */
static void
test_few_rows(void **state)
{
	static const int counts[] = { 0, 1, 63, 64, 65, 127, 128, 129 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct buf whole = BUF_INIT(BYTES_MAX);
		struct bench b;

		bench_open(&b);
		for (int row = 0; row < counts[i]; row++)
			add_row(&b, "{\"n\":1,\"b\":true,\"t\":2}");
		assert_int_equal(encode(&b, SIZE_MAX / 2, 1), 0);
		assert_int_equal(buf_append(&whole, buf_slice(&b.object), &b.err), 0);
		for (uint32_t seed = 0; seed < 8; seed++) {
			assert_int_equal(encode(&b, 500, seed), 0);
			assert_true(slice_equal(buf_slice(&b.object), buf_slice(&whole)));
		}
		buf_release(&whole);
		bench_close(&b);
	}
}

static void
test_rows_that_end_within_one(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	add_rows(&b);
	b.rows.len--;
	assert_int_equal(encode(&b, 1000, 1), -1);
	assert_int_equal(b.err.class, ERR_FAULT);
	bench_close(&b);
}

static void
test_an_output_that_fails(void **state)
{
	struct bench b;
	unsigned writes = 0;

	(void)state;
	do {
		bench_open(&b);
		add_rows(&b);
		b.writes_left = writes;
		if (!encode(&b, 5000, 1)) {
			bench_close(&b);
			break;
		}
		assert_int_equal(b.err.class, ERR_IO);
		assert_string_equal(b.err.text, "the disk is full");
		bench_close(&b);
	} while (++writes < 1000);
	assert_in_range(writes, 2, 999);
}

static uint64_t
hash_of(const char *schema, enum format_codec codec, size_t row_group_bytes)
{
	struct err err = ERR_INIT;
	struct format_options options = { .kind = FORMAT_PARQUET,
		.codec = codec,
		.row_group_bytes = row_group_bytes,
		.schema = table_schema_parse(slice_of(schema), &err) };
	struct format *f = options.schema ? format_new(&options, &err) : NULL;
	uint64_t hash;

	if (!f)
		fail_msg("%s", err.text);
	hash = format_hash(f, SLICE_HASH_SEED);
	format_free(f);
	table_schema_free((struct table_schema *)(uintptr_t)options.schema);
	return hash;
}

static void
test_what_shapes_objects_is_in_the_hash(void **state)
{
	static const char plain[] = "[{\"name\":\"a\",\"type\":\"int64\"}]";
	uint64_t hash = hash_of(plain, FORMAT_CODEC_SNAPPY, 1 << 20);

	(void)state;
	assert_true(hash == hash_of("{ \"columns\": [ {\"type\": \"int64\", \"path\": \"a\", \"nullable\": false} ] }",
			     FORMAT_CODEC_SNAPPY, 1 << 20));
	assert_true(hash != hash_of(plain, FORMAT_CODEC_ZSTD, 1 << 20));
	assert_true(hash != hash_of(plain, FORMAT_CODEC_SNAPPY, 1 << 21));
	assert_true(hash != hash_of("[{\"name\":\"a\",\"type\":\"int32\"}]", FORMAT_CODEC_SNAPPY, 1 << 20));
	assert_true(hash != hash_of("[{\"name\":\"a\",\"path\":\"b\",\"type\":\"int64\"}]",
			     FORMAT_CODEC_SNAPPY, 1 << 20));
	assert_true(hash != hash_of("[{\"name\":\"a\",\"type\":\"int64\",\"nullable\":true}]",
			     FORMAT_CODEC_SNAPPY, 1 << 20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_may_be_cut_anywhere),
		cmocka_unit_test(test_few_rows),
		cmocka_unit_test(test_rows_that_end_within_one),
		cmocka_unit_test(test_an_output_that_fails),
		cmocka_unit_test(test_what_shapes_objects_is_in_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
