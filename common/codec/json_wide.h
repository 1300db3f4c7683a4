/* SPDX-License-Identifier: MIT */
/*
 * The wide steps of the JSON scanner: with SSE2, which every x86-64 has, or in portable C
 * (-DSLUICE_PORTABLE asks for it; a unit test is built both ways).
 *
 * Each reads a fixed number of bytes at `p` whatever they are; the scanner's padding pays for that.
 */
#ifndef SLUICE_CODEC_JSON_WIDE_H
#define SLUICE_CODEC_JSON_WIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SLUICE_PORTABLE)
#define JSON_WIDE_SSE2 1
#include <emmintrin.h>
#else
#define JSON_WIDE_SSE2 0
#endif

enum {
	WIDE_BYTES = 32,
	WIDE_NUMBER_MAX = 15, /* the longest number wide_number measures; it reads one byte more */
};

#if JSON_WIDE_SSE2

static inline __m128i
wide_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline uint32_t
wide_bits(__m128i low, __m128i high)
{
	return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

/* True where the first len (1 to 32) bytes at p and at `known` are the same. */
static inline bool
wide_equal(const char *p, const char known[WIDE_BYTES], uint32_t len)
{
	uint32_t same = wide_bits(_mm_cmpeq_epi8(wide_load(p), wide_load(known)),
	    _mm_cmpeq_epi8(wide_load(p + 16), wide_load(known + 16)));

	return !(~same << (WIDE_BYTES - len));
}

static inline __m128i
wide_special_bytes(__m128i x)
{
	/* signed: both what is below a blank and what is not ASCII */
	__m128i below = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20));
	__m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
	__m128i backslash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));

	return _mm_or_si128(_mm_or_si128(below, quote), backslash);
}

/*
 * The lowest bit set tells the first of 32 bytes that is not plain inside a string: a quote, a
 * backslash, a control byte or not ASCII. 0 where all are plain.
 */
static inline uint32_t
wide_special(const char *p)
{
	return wide_bits(wide_special_bytes(wide_load(p)), wide_special_bytes(wide_load(p + 16)));
}

/*
 * Measures a number of at most WIDE_NUMBER_MAX bytes without exponent. Returns 0 where there is
 * none, or one that takes more than this to judge.
 */
static inline uint32_t
wide_number(const char *p, bool *ret_is_integer)
{
	__m128i x = wide_load(p), nine = _mm_set1_epi8(9);
	__m128i offset = _mm_sub_epi8(x, _mm_set1_epi8('0'));
	uint32_t digit = (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_min_epu8(offset, nine), offset));
	uint32_t dot = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')));
	uint32_t sign = p[0] == '-';
	uint32_t part = digit | dot | sign;
	uint32_t len = (uint32_t)__builtin_ctz(~part);
	uint32_t dots = dot & ((1u << len) - 1);
	uint32_t bad;

	bad = dots & (dots - 1);                                 /* at most one dot ... */
	bad |= dots << 1 & ~digit;                               /* and a digit after it */
	bad |= ~(digit >> sign) & 1;                             /* a digit first ... */
	bad |= (uint32_t)(p[sign] == '0') & digit >> (sign + 1); /* and after 0 no other */
	bad |= len >> 4;
	bad |= (uint32_t)((p[len] | 0x20) == 'e');
	*ret_is_integer = !dots;
	return bad ? 0 : len;
}

#else

static inline bool
wide_equal(const char *p, const char known[WIDE_BYTES], uint32_t len)
{
	return memcmp(p, known, len) == 0;
}

/* Eight bytes, the first one lowest. */
static inline uint64_t
wide_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The lowest bit set is in the first byte of the word that is 0; those above it mean nothing. */
static inline uint64_t
wide_zero(uint64_t word)
{
	return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

static inline uint32_t
wide_special(const char *p)
{
	uint64_t word, found;

	for (unsigned i = 0; i < WIDE_BYTES; i += 8) {
		word = wide_word(p + i);
		found = wide_zero(word ^ 0x2222222222222222u);
		found |= wide_zero(word ^ 0x5c5c5c5c5c5c5c5cu);
		found |= (word - 0x2020202020202020u) & ~word & 0x8080808080808080u;
		found |= word & 0x8080808080808080u;
		if (found)
			return 1u << (i + (unsigned)__builtin_ctzll(found) / 8);
	}
	return 0;
}

static inline bool
wide_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline uint32_t
wide_number(const char *p, bool *ret_is_integer)
{
	uint32_t at = p[0] == '-', first = at, dot = 0;

	while (at <= WIDE_NUMBER_MAX && wide_is_digit(p[at]))
		at++;
	if (at == first || (p[first] == '0' && at > first + 1))
		return 0;
	if (at < WIDE_NUMBER_MAX && p[at] == '.') {
		dot = at++;
		while (at <= WIDE_NUMBER_MAX && wide_is_digit(p[at]))
			at++;
		if (at == dot + 1)
			return 0;
	}
	if (at > WIDE_NUMBER_MAX || p[at] == '.' || (p[at] | 0x20) == 'e')
		return 0;
	*ret_is_integer = !dot;
	return at;
}

#endif

#endif
