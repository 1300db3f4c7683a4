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
	WIDE_NUMBER_MAX = 15, /* the longest number that wide_number measures */
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

/*
 * True where the bytes at p and at `known` are the same as far as `mask`, made by wide_mask, says.
 * `known` is aligned to 16.
 */
static inline bool
wide_equal(const char *p, const char known[WIDE_BYTES], uint32_t mask)
{
	const __m128i *aligned = (const __m128i *)(const void *)known;
	uint32_t same = wide_bits(_mm_cmpeq_epi8(wide_load(p), aligned[0]),
	    _mm_cmpeq_epi8(wide_load(p + 16), aligned[1]));

	return !(~same & mask);
}

/* For the first len (1 to 32) bytes. */
static inline uint32_t
wide_mask(uint32_t len)
{
	return UINT32_MAX >> (WIDE_BYTES - len);
}

/* The lowest bit set tells the first of 32 bytes that is a quote. 0 where none is. */
static inline uint32_t
wide_quote(const char *p)
{
	__m128i quote = _mm_set1_epi8('"');

	return wide_bits(
	    _mm_cmpeq_epi8(wide_load(p), quote), _mm_cmpeq_epi8(wide_load(p + 16), quote));
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
 * Measures a number without sign and exponent of at most WIDE_NUMBER_MAX bytes. There is a digit
 * at p. Returns 0 where it is none, or takes more than this to judge; an exponent may follow.
 */
static inline uint32_t
wide_number(const char *p, bool *ret_is_integer)
{
	__m128i x = wide_load(p);
	/* the ten digits are moved to the lowest signed values */
	__m128i moved = _mm_add_epi8(x, _mm_set1_epi8(INT8_MAX + 1 - '0'));
	uint32_t digit =
	    (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(moved, _mm_set1_epi8(INT8_MIN + 10)));
	uint32_t dot = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')));
	uint32_t part = digit | dot;
	uint32_t carry = part + 1; /* its lowest bit is the byte behind the number */
	uint32_t dots = dot & (part ^ carry);
	uint32_t bad = dots & (dots - 1); /* two dots */

	bad |= (dots << 1 | 1u << (WIDE_NUMBER_MAX + 1)) & carry; /* ends in a dot; too long */
	bad |= (uint32_t)(*p == '0') & digit >> 1;                /* a digit after a leading 0 */
	*ret_is_integer = !dots;
	return bad ? 0 : (uint32_t)__builtin_ctz(carry);
}

#else

static inline bool
wide_equal(const char *p, const char known[WIDE_BYTES], uint32_t len)
{
	return memcmp(p, known, len) == 0;
}

static inline uint32_t
wide_mask(uint32_t len)
{
	return len;
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
wide_quote(const char *p)
{
	uint64_t found;

	for (unsigned i = 0; i < WIDE_BYTES; i += 8) {
		found = wide_zero(wide_word(p + i) ^ 0x2222222222222222u);
		if (found)
			return 1u << (i + (unsigned)__builtin_ctzll(found) / 8);
	}
	return 0;
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
	uint32_t at = 1, dot = 0;

	while (at <= WIDE_NUMBER_MAX && wide_is_digit(p[at]))
		at++;
	if (*p == '0' && at > 1)
		return 0;
	if (at < WIDE_NUMBER_MAX && p[at] == '.') {
		dot = at++;
		while (at <= WIDE_NUMBER_MAX && wide_is_digit(p[at]))
			at++;
		if (at == dot + 1)
			return 0;
	}
	if (at > WIDE_NUMBER_MAX || p[at] == '.')
		return 0;
	*ret_is_integer = !dot;
	return at;
}

#endif

#endif
