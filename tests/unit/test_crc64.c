/* SPDX-License-Identifier: MIT */
/* CRC-64/NVME against its published values, and against itself a bit at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/crc64.h"

static struct crc64_tables tables;

/* NVM Express NVM Command Set Specification 1.0a, 5.2.1.3.5 "64b CRC Test Cases"; the last is the
 * check value of "CRC-64/NVME" in Greg Cook's catalogue of parametrised CRC algorithms. */
static void
published_values(void **state)
{
	char bytes[4096];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc64_add(&tables, 0, slice_make(bytes, 4096)), 0x6482d367eb22b64e);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc64_add(&tables, 0, slice_make(bytes, 4096)), 0xc0ddba7302eca3ac);
	for (int i = 0; i < 4096; i++)
		bytes[i] = (char)i;
	assert_int_equal(crc64_add(&tables, 0, slice_make(bytes, 4096)), 0x3e729f5f6750449c);
	assert_int_equal(crc64_add(&tables, 0, slice_of("123456789")), 0xae8b14860a799888);
}

static uint64_t
by_bits(const char *bytes, size_t len)
{
	uint64_t crc = UINT64_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x9a6c9329ac4bc9b5u : 0);
	}
	return ~crc;
}

/* All lengths, cut at all places. */
static void
pieces_make_the_whole(void **state)
{
	char bytes[70];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint64_t want = by_bits(bytes, len);

		for (size_t cut = 0; cut <= len; cut++) {
			uint64_t first = crc64_add(&tables, 0, slice_make(bytes, cut));
			struct slice rest = slice_make(bytes + cut, len - cut);

			assert_int_equal(crc64_add(&tables, first, rest), want);
			assert_int_equal(
			    crc64_join(first, crc64_add(&tables, 0, rest), rest.len), want);
		}
	}
}

static void
texts_are_base64(void **state)
{
	char text[CRC64_TEXT_BYTES];

	(void)state;
	/* what S3 says of an empty object */
	crc64_text(0, text);
	assert_string_equal(text, "AAAAAAAAAAA=");
	crc64_text(0xae8b14860a799888, text);
	assert_string_equal(text, "rosUhgp5mIg=");
}

static int
start(void **state)
{
	(void)state;
	crc64_tables_init(&tables);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values),
		cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(texts_are_base64),
	};

	return cmocka_run_group_tests_name("crc64", tests, start, NULL);
}
