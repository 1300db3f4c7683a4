/* SPDX-License-Identifier: MIT */
#include "codec/utf8.h"

/* The first byte at or after `at` that is not ASCII; bytes are looked at eight at a time. */
static const char *
skip_ascii(const char *at, const char *end)
{
	uint64_t word;

	while (end - at >= 8) {
		memcpy(&word, at, 8);
		if (word & 0x8080808080808080u)
			break;
		at += 8;
	}
	while (at < end && !(*at & 0x80))
		at++;
	return at;
}

bool
utf8_is_valid(struct slice bytes)
{
	const char *at = bytes.data, *end;
	int len, part;

	if (!bytes.len)
		return true;
	end = at + bytes.len;
	while ((at = skip_ascii(at, end)) < end) {
		len = utf8_measure(at, end, &part);
		if (len <= 0)
			return false;
		at += len;
	}
	return true;
}
