/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Writes the four characters for 1 to 3 bytes. */
static void
encode_group(const unsigned char *bytes, size_t len, char *out)
{
	uint32_t bits = (uint32_t)bytes[0] << 16;

	if (len > 1)
		bits |= (uint32_t)bytes[1] << 8;
	if (len > 2)
		bits |= bytes[2];
	out[0] = alphabet[bits >> 18];
	out[1] = alphabet[bits >> 12 & 0x3f];
	out[2] = len > 1 ? alphabet[bits >> 6 & 0x3f] : '=';
	out[3] = len > 2 ? alphabet[bits & 0x3f] : '=';
}

int
base64_append(struct buf *out, struct slice bytes, struct err *err)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t rest;

	if (buf_reserve(out, (bytes.len + 2) / 3 * 4, err))
		return -1;
	for (rest = bytes.len; rest; out->len += 4) {
		size_t len = rest < 3 ? rest : 3;

		encode_group(at, len, out->data + out->len);
		at += len;
		rest -= len;
	}
	out->data[out->len] = '\0';
	return 0;
}

/* 0 to 63, or -1. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Reads four characters, of which the last `pads` (0 to 2) stand for nothing; false where they are
 * not canonical. */
static bool
decode_group(const char *text, size_t pads, char out[3])
{
	uint32_t bits = 0;
	size_t i;

	for (i = 0; i < 4 - pads; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return false;
		bits |= (uint32_t)value << (18 - 6 * i);
	}
	out[0] = (char)(bits >> 16);
	out[1] = (char)(bits >> 8 & 0xff);
	out[2] = (char)(bits & 0xff);
	/* bits beyond the last whole byte */
	return pads == 0 || (bits & (pads == 1 ? 0xff : 0xffff)) == 0;
}

static size_t
count_pads(struct slice text)
{
	if (!text.len || text.data[text.len - 1] != '=')
		return 0;
	return text.data[text.len - 2] == '=' ? 2 : 1;
}

int
base64_decode(struct slice text, struct buf *out, struct err *err)
{
	size_t start = out->len, pads, i;

	if (text.len % 4)
		return err_set(err, ERR_DATA, "not base64");
	pads = count_pads(text);
	if (buf_reserve(out, text.len / 4 * 3, err))
		return -1;
	for (i = 0; i < text.len; i += 4) {
		size_t group_pads = i + 4 == text.len ? pads : 0;

		if (!decode_group(text.data + i, group_pads, out->data + out->len)) {
			out->len = start;
			out->data[start] = '\0';
			return err_set(err, ERR_DATA, "not base64");
		}
		out->len += 3 - group_pads;
	}
	out->data[out->len] = '\0';
	return 0;
}
