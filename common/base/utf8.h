/* SPDX-License-Identifier: MIT */
/*
 * Where a character of UTF-8 ends, as RFC 3629 and the Unicode standard's table 3-7 define it: no overlong forms, no
 * surrogates, nothing above U+10FFFF. For messages here; the rest is in codec/utf8.h.
 */
#ifndef SLUICE_BASE_UTF8_H
#define SLUICE_BASE_UTF8_H

enum {
	UTF8_BAD = 0,  /* no sequence begins so */
	UTF8_CUT = -1, /* the beginning of a sequence, cut off by the end of the bytes */
};

/* U+FFFD, what stands for bytes that are no UTF-8. */
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/*
 * Measures the sequence at `at`, which is before `end`. Returns its length (1 to 4), UTF8_BAD or
 * UTF8_CUT. For the latter two *ret_part is the number of bytes, at least 1, that one replacement
 * character stands for (a maximal subpart: Unicode, 3.9, U+FFFD substitution).
 */
static inline int
utf8_measure(const char *at, const char *end, int *ret_part)
{
	const unsigned char *byte = (const unsigned char *)at;
	unsigned char lead = byte[0], low = 0x80, high = 0xbf;
	int len, i;

	*ret_part = 1;
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return UTF8_BAD;
	len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (lead == 0xe0)
		low = 0xa0; /* overlong below */
	else if (lead == 0xed)
		high = 0x9f; /* surrogates above */
	else if (lead == 0xf0)
		low = 0x90; /* overlong below */
	else if (lead == 0xf4)
		high = 0x8f; /* U+10FFFF is the last */
	for (i = 1; i < len; i++) {
		if (end - at == i)
			return UTF8_CUT;
		if (byte[i] < low || byte[i] > high)
			return UTF8_BAD;
		low = 0x80;
		high = 0xbf;
		*ret_part = i + 1;
	}
	return len;
}

#endif
