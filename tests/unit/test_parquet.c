/* SPDX-License-Identifier: MIT */
/* The Parquet writer: a file byte by byte, its bounds of memory, its failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "codec/parquet.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { OUT_BYTES_MAX = 64 << 20 };

struct file {
	struct buf bytes;
	size_t fail_at; /* 0: never */
};

static int
write_file(void *context, struct slice bytes, struct err *err)
{
	struct file *f = context;

	if (f->fail_at && f->bytes.len + bytes.len > f->fail_at)
		return err_set(err, ERR_IO, "disk full");
	return buf_append(&f->bytes, bytes, err);
}

static struct table_schema *
schema_of(const char *text)
{
	struct err err = ERR_INIT;
	struct table_schema *s = table_schema_parse(slice_of(text), &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static const char *const two_columns =
    "[{\"name\":\"n\",\"type\":\"int64\",\"nullable\":true},{\"name\":\"s\",\"type\":\"string\"}]";

/* `count` rows of 100 bytes; returns the largest number of bytes held, or -1. */
static long
write_rows(const struct parquet_options *options, unsigned count, struct file *f, struct err *err)
{
	struct table_schema *schema = schema_of(two_columns);
	struct parquet_output output = { .write = write_file, .context = f };
	struct parquet_writer *w = parquet_writer_new(schema, options, output, err);
	char text[101];
	long held = 0;
	int rc = 0;

	assert_non_null(w);
	for (unsigned i = 0; !rc && i < count; i++) {
		struct table_value row[2] = { { .i = i, .is_null = i % 5 == 0 },
			{ .bytes = slice_make(text, 100) } };

		(void)snprintf(text, sizeof(text), "%0100u", i * 2654435761u);
		rc = parquet_writer_rows(w, row, 1, err);
		if ((long)parquet_writer_held_bytes(w) > held)
			held = (long)parquet_writer_held_bytes(w);
	}
	if (!rc)
		rc = parquet_writer_finish(w, err);
	assert_int_equal(parquet_writer_bytes(w), (int64_t)f->bytes.len);
	parquet_writer_free(w);
	table_schema_free(schema);
	return rc ? -1 : held;
}

/* The bytes of a file of one row, by hand: what parquet.thrift says of each. */
static void
test_a_file_byte_by_byte(void **state)
{
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct table_schema *schema = schema_of("[{\"name\":\"a\",\"type\":\"int32\"}]");
	struct file f = { .bytes = BUF_INIT(1000) };
	struct parquet_output output = { .write = write_file, .context = &f };
	struct table_value row = { .i = 5 };
	struct err err = ERR_INIT;
	struct parquet_writer *w;
	uint32_t len;

	(void)state;
	options.codec = PARQUET_UNCOMPRESSED;
	w = parquet_writer_new(schema, &options, output, &err);
	assert_int_equal(parquet_writer_rows(w, &row, 1, &err), 0);
	assert_int_equal(parquet_writer_finish(w, &err), 0);
	/* magic; PageHeader: type 0, sizes 4 and 4, crc; DataPageHeader: 1 value, PLAIN, RLE, RLE,
	 * Statistics; the value */
	assert_true(f.bytes.len > 51);
	assert_memory_equal(f.bytes.data, "PAR1\x15\x00\x15\x08\x15\x08\x15", 11);
	assert_memory_equal(f.bytes.data + 16,
	    "\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x1c\x36\x00\x28\x04\x05\x00\x00\x00\x18\x04\x05"
	    "\x00\x00"
	    "\x00\x11\x11\x00\x00\x00\x05\x00\x00\x00",
	    33);
	memcpy(&len, f.bytes.data + f.bytes.len - 8, sizeof(len));
	assert_int_equal(len, f.bytes.len - 8 - 49);
	assert_memory_equal(f.bytes.data + f.bytes.len - 4, "PAR1", 4);
	/* FileMetaData: version 1; two SchemaElements */
	assert_memory_equal(f.bytes.data + 49,
	    "\x15\x02\x19\x2c\x48\x06schema\x15\x02\x00\x15\x02\x25\x00\x18\x01"
	    "a\x00\x16\x02",
	    25);
	assert_non_null(memmem(f.bytes.data, f.bytes.len, "sluice version ", 15));
	parquet_writer_free(w);
	table_schema_free(schema);
	buf_release(&f.bytes);
}

static void
test_memory_is_bounded(void **state)
{
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct file f = { .bytes = BUF_INIT(OUT_BYTES_MAX) };
	struct err err = ERR_INIT;
	long held;

	(void)state;
	options.row_group_bytes_max = 100000;
	held = write_rows(&options, 5000, &f, &err);
	assert_true(held > 90000 && held < 101000);
	buf_release(&f.bytes);
}

/* Large values that repeat are small in a dictionary; falling back must not blow them up. */
static void
test_memory_is_bounded_by_repetition(void **state)
{
	struct table_schema *schema = schema_of("[{\"name\":\"s\",\"type\":\"string\"}]");
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct file f = { .bytes = BUF_INIT(OUT_BYTES_MAX) };
	struct parquet_output output = { .write = write_file, .context = &f };
	struct err err = ERR_INIT;
	struct parquet_writer *w = parquet_writer_new(schema, &options, output, &err);
	char *text = malloc(400000);
	struct table_value row = { .bytes = slice_make(text, 400000) };
	size_t held = 0;

	(void)state;
	assert_non_null(w);
	assert_non_null(text);
	for (unsigned i = 0; i < 20000; i++) {
		if (i % 5000 == 0)
			memset(text, 'a' + (int)(i / 5000), 400000);
		if (i == 15003) /* plain from now on */
			row.bytes.len = 4;
		assert_int_equal(parquet_writer_rows(w, &row, 1, &err), 0);
		if (parquet_writer_held_bytes(w) > held)
			held = parquet_writer_held_bytes(w);
	}
	assert_int_equal(parquet_writer_finish(w, &err), 0);
	assert_true(held < PARQUET_ROW_GROUP_BYTES + 400100);
	free(text);
	parquet_writer_free(w);
	table_schema_free(schema);
	buf_release(&f.bytes);
}

static void
test_same_rows_same_bytes(void **state)
{
	static const enum parquet_codec codecs[] = { PARQUET_UNCOMPRESSED, PARQUET_SNAPPY,
		PARQUET_GZIP, PARQUET_ZSTD, PARQUET_LZ4_RAW };

	(void)state;
	for (size_t i = 0; i < COUNT(codecs); i++) {
		struct parquet_options options = PARQUET_OPTIONS_INIT;
		struct file a = { .bytes = BUF_INIT(OUT_BYTES_MAX) }, b = a;
		struct err err = ERR_INIT;

		options.codec = codecs[i];
		options.row_group_bytes_max = 200000;
		assert_true(write_rows(&options, 5000, &a, &err) > 0);
		assert_true(write_rows(&options, 5000, &b, &err) > 0);
		assert_true(slice_equal(buf_slice(&a.bytes), buf_slice(&b.bytes)));
		buf_release(&a.bytes);
		buf_release(&b.bytes);
	}
}

static void
test_output_failure_ends_it(void **state)
{
	struct parquet_options options = PARQUET_OPTIONS_INIT;

	(void)state;
	options.row_group_bytes_max = 100000;
	options.codec = PARQUET_UNCOMPRESSED;
	for (size_t at = 1; at < 250000; at += 12007) {
		struct file f = { .bytes = BUF_INIT(OUT_BYTES_MAX), .fail_at = at };
		struct err err = ERR_INIT;

		assert_int_equal(write_rows(&options, 3000, &f, &err), -1);
		assert_int_equal(err.class, ERR_IO);
		assert_string_equal(err.text, "disk full");
		buf_release(&f.bytes);
	}
}

static void
test_a_row_too_long_is_refused_alone(void **state)
{
	struct table_schema *schema = schema_of(two_columns);
	struct parquet_options options = PARQUET_OPTIONS_INIT;
	struct file f = { .bytes = BUF_INIT(OUT_BYTES_MAX) };
	struct parquet_output output = { .write = write_file, .context = &f };
	struct err err = ERR_INIT;
	struct parquet_writer *w = parquet_writer_new(schema, &options, output, &err);
	struct table_value row[2] = { { .is_null = true }, { .bytes = { NULL, 0 } } };

	(void)state;
	assert_non_null(w);
	row[1].bytes = slice_make("", PARQUET_ROW_BYTES_MAX + 1);
	assert_int_equal(parquet_writer_rows(w, row, 1, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_int_equal(parquet_writer_held_bytes(w), 0);
	row[1].bytes = slice_of("x");
	assert_int_equal(parquet_writer_rows(w, row, 1, &err), 0);
	assert_int_equal(parquet_writer_finish(w, &err), 0);
	parquet_writer_free(w);
	table_schema_free(schema);
	buf_release(&f.bytes);
}

static void
test_codec_names(void **state)
{
	enum parquet_codec codec;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parquet_codec_parse("lz4", &codec, &err), 0);
	assert_int_equal(codec, PARQUET_LZ4_RAW);
	assert_int_equal(parquet_codec_parse("none", &codec, &err), 0);
	assert_int_equal(codec, PARQUET_UNCOMPRESSED);
	assert_int_equal(parquet_codec_parse("lzo", &codec, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_byte_by_byte),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_memory_is_bounded_by_repetition),
		cmocka_unit_test(test_same_rows_same_bytes),
		cmocka_unit_test(test_output_failure_ends_it),
		cmocka_unit_test(test_a_row_too_long_is_refused_alone),
		cmocka_unit_test(test_codec_names),
	};

	return cmocka_run_group_tests_name("parquet", tests, NULL, NULL);
}
