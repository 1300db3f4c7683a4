/* SPDX-License-Identifier: MIT */
/*
 * The input once as an envelope to read, which never crashes, and once as the parts of a record,
 * which comes back the same from its envelope.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "flow/envelope.h"

enum { HEADERS_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Up to 255 bytes of what is left, the first of which says how many and must not be 0 to be any. */
static bool
take(struct slice *input, struct slice *ret)
{
	size_t len;

	*ret = slice_make(NULL, 0);
	if (!input->len)
		return false;
	len = (unsigned char)input->data[0];
	*input = slice_skip(*input, 1);
	if (!len)
		return false;
	if (--len > input->len)
		len = input->len;
	*ret = slice_make(input->data, len);
	*input = slice_skip(*input, len);
	return true;
}

static int64_t
take_number(struct slice *input)
{
	struct slice bytes;
	int64_t number = 0;

	if (take(input, &bytes) && bytes.len)
		memcpy(&number, bytes.data, bytes.len < 8 ? bytes.len : 8);
	return number & INT64_MAX;
}

static struct record
make_record(struct slice input, struct record_header headers[HEADERS_MAX])
{
	struct record record = { .headers = headers };

	record.partition = (int32_t)(take_number(&input) & INT32_MAX);
	record.offset = take_number(&input);
	record.time_ms = take_number(&input);
	record.is_append_time = record.time_ms & 1;
	if (record.time_ms == 0)
		record.time_ms = RECORD_NO_TIME;
	(void)take(&input, &record.topic);
	record.has_key = take(&input, &record.key);
	record.has_value = take(&input, &record.value);
	while (record.header_count < HEADERS_MAX && input.len) {
		struct record_header *header = &headers[record.header_count++];

		(void)take(&input, &header->name);
		header->has_value = take(&input, &header->value);
	}
	return record;
}

/* Names go as text: what is not UTF-8 in them is replaced. */
static void
check_text(struct slice got, struct slice expected)
{
	require(utf8_is_valid(got));
	require(slice_equal(got, expected) || !utf8_is_valid(expected));
}

static void
check_same(const struct record *got, const struct record *expected)
{
	size_t i;

	require(got->partition == expected->partition && got->offset == expected->offset);
	require(got->time_ms == expected->time_ms);
	require(got->time_ms == RECORD_NO_TIME || got->is_append_time == expected->is_append_time);
	check_text(got->topic, expected->topic);
	require(got->has_key == expected->has_key && slice_equal(got->key, expected->key));
	require(got->has_value == expected->has_value && slice_equal(got->value, expected->value));
	require(got->header_count == expected->header_count);
	for (i = 0; i < got->header_count; i++) {
		const struct record_header *a = &got->headers[i], *b = &expected->headers[i];

		check_text(a->name, b->name);
		require(a->has_value == b->has_value && slice_equal(a->value, b->value));
	}
}

static volatile unsigned char sink;

/* Looks at all that a record points to, and at the padding it promises. */
static void
touch(const struct record *record)
{
	struct slice parts[3] = { record->topic, record->key, record->value };
	size_t i, j;

	require(record->is_padded);
	if (record->has_value && record->value.data)
		parts[2].len += BUF_PADDING;
	for (i = 0; i < 3; i++)
		for (j = 0; j < parts[i].len; j++)
			sink = (unsigned char)(sink + parts[i].data[j]);
	for (i = 0; i < record->header_count; i++) {
		const struct record_header *header = &record->headers[i];

		sink = (unsigned char)(sink + utf8_is_valid(header->name));
		if (header->has_value)
			sink = (unsigned char)(sink + utf8_is_valid(header->value));
	}
}

/* Reads text, in a heap block that ends with the padding. */
static int
read_text(struct envelope_reader *reader, struct slice text, char *block, struct record *ret)
{
	struct err err = ERR_INIT;
	int rc;

	if (text.len)
		memcpy(block, text.data, text.len);
	*ret = (struct record){ .time_ms = RECORD_NO_TIME,
		.value = slice_make(block, text.len),
		.has_value = true,
		.is_padded = true };
	rc = envelope_read(reader, ret, &err);
	if (rc)
		require(err.class == ERR_DATA && ret->value.data == block);
	else
		touch(ret);
	return rc;
}

static void
check_any_text(struct envelope_reader *reader, struct slice text)
{
	char *block = calloc(1, text.len + BUF_PADDING);
	struct record record;

	require(block != NULL);
	(void)read_text(reader, text, block, &record);
	free(block);
}

static void
check_round_trip(struct envelope_reader *reader, struct slice input)
{
	struct record_header headers[HEADERS_MAX];
	struct record record = make_record(input, headers), got;
	struct buf plain = BUF_INIT(1 << 20), with_error = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	char *block;

	require(!envelope_append(&plain, &record, &err));
	require(
	    !envelope_append_error(&with_error, &record, "t", "data", "r", record.offset, &err));
	block = calloc(1, with_error.len + BUF_PADDING);
	require(block != NULL);
	require(!read_text(reader, buf_slice(&plain), block, &got));
	check_same(&got, &record);
	require(!read_text(reader, buf_slice(&with_error), block, &got));
	check_same(&got, &record);
	free(block);
	buf_release(&plain);
	buf_release(&with_error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	struct err err = ERR_INIT;
	struct envelope_reader *reader = envelope_reader_new(&err);

	require(reader != NULL);
	check_any_text(reader, input);
	check_round_trip(reader, input);
	envelope_reader_free(reader);
	return 0;
}
