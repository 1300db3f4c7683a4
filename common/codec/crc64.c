/* SPDX-License-Identifier: MIT */
#include "codec/crc64.h"

#include <endian.h>

/* The polynomial, its bits reversed: the highest bit stands for x^0. */
#define POLYNOMIAL 0x9a6c9329ac4bc9b5u
#define ONE 0x8000000000000000u

/* times x */
static uint64_t
shift(uint64_t a)
{
	return a >> 1 ^ (a & 1 ? POLYNOMIAL : 0);
}

void
crc64_tables_init(struct crc64_tables *t)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = shift(crc);
		t->of[0][i] = crc;
	}
	for (int n = 1; n < 8; n++) {
		for (unsigned i = 0; i < 256; i++) {
			uint64_t before = t->of[n - 1][i];

			t->of[n][i] = before >> 8 ^ t->of[0][before & 0xff];
		}
	}
}

uint64_t
crc64_add(const struct crc64_tables *t, uint64_t crc, struct slice bytes)
{
	crc = ~crc;
	while (bytes.len >= 8) {
		uint64_t word;

		memcpy(&word, bytes.data, 8);
		word = le64toh(word) ^ crc;
		crc = t->of[7][word & 0xff] ^ t->of[6][word >> 8 & 0xff] ^
		      t->of[5][word >> 16 & 0xff] ^ t->of[4][word >> 24 & 0xff] ^
		      t->of[3][word >> 32 & 0xff] ^ t->of[2][word >> 40 & 0xff] ^
		      t->of[1][word >> 48 & 0xff] ^ t->of[0][word >> 56];
		bytes = slice_skip(bytes, 8);
	}
	for (size_t i = 0; i < bytes.len; i++)
		crc = crc >> 8 ^ t->of[0][(crc ^ (unsigned char)bytes.data[i]) & 0xff];
	return ~crc;
}

/* The product of two polynomials, modulo ours. */
static uint64_t
multiply(uint64_t a, uint64_t b)
{
	uint64_t product = 0;

	for (uint64_t bit = ONE; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = shift(b);
	}
	return product;
}

/* The ones that both begin and end with cancel: only the first's remainder moves, by x^8 a byte. */
uint64_t
crc64_join(uint64_t first, uint64_t second, uint64_t second_bytes)
{
	uint64_t power = ONE >> 8;

	for (uint64_t n = second_bytes; n; n >>= 1) {
		if (n & 1)
			first = multiply(first, power);
		power = multiply(power, power);
	}
	return first ^ second;
}

void
crc64_text(uint64_t crc, char ret[static CRC64_TEXT_BYTES])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int i = 0; i < 10; i++)
		ret[i] = digits[crc >> (58 - 6 * i) & 63];
	/* the last four bits, and two that are zero */
	ret[10] = digits[(crc & 15) << 2];
	ret[11] = '=';
	ret[12] = '\0';
}
