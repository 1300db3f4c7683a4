/* SPDX-License-Identifier: MIT */
/* JSON strings to bytes and back. */
#include "codec/json.h"
#include "codec/utf8.h"

enum {
	SURROGATE_HIGH = 0xd800,
	SURROGATE_LOW = 0xdc00,
	SURROGATE_END = 0xe000,
	REPLACEMENT = 0xfffd,
};

static uint32_t
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	return (uint32_t)((c | 0x20) - 'a' + 10);
}

/* Reads `\uXXXX` at `at`; false where there is none before `end`. */
static bool
read_unit(const char *at, const char *end, uint32_t *ret_unit)
{
	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return false;
	*ret_unit = hex_value(at[2]) << 12 | hex_value(at[3]) << 8 | hex_value(at[4]) << 4 |
	            hex_value(at[5]);
	return true;
}

/* Decodes the `\uXXXX` at *at, with the one after it where the two are a surrogate pair; a lone surrogate is itself. */
static uint32_t
read_escape(const char **at, const char *end)
{
	uint32_t unit = REPLACEMENT, second;

	if (!read_unit(*at, end, &unit)) {
		*at = end; /* not a validated string */
		return REPLACEMENT;
	}
	*at += 6;
	if (unit < SURROGATE_HIGH || unit >= SURROGATE_LOW || !read_unit(*at, end, &second) ||
	    second < SURROGATE_LOW || second >= SURROGATE_END)
		return unit;
	*at += 6;
	return 0x10000 + ((unit - SURROGATE_HIGH) << 10) + (second - SURROGATE_LOW);
}

static bool
is_surrogate(uint32_t unit)
{
	return unit >= SURROGATE_HIGH && unit < SURROGATE_END;
}

static uint32_t
read_code_point(const char **at, const char *end)
{
	uint32_t unit = read_escape(at, end);

	return is_surrogate(unit) ? REPLACEMENT : unit;
}

/* Decodes the escape at *at (a backslash) into out and steps over it; returns the length. */
static size_t
decode_escape(const char **at, const char *end, char out[4])
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (end - *at >= 2 && (*at)[1] != 'u') {
		letter = (*at)[1] ? strchr(letters, (*at)[1]) : NULL;
		out[0] = letter ? meanings[letter - letters] : (*at)[1];
		*at += 2;
		return 1;
	}
	return utf8_encode(read_code_point(at, end), out);
}

int
json_string_decode(struct slice inside, struct buf *out, struct err *err)
{
	const char *at = inside.data, *end, *escape;
	char bytes[4];
	size_t len;

	if (!inside.len)
		return 0;
	end = at + inside.len;
	while ((escape = memchr(at, '\\', (size_t)(end - at)))) {
		if (buf_append(out, slice_make(at, (size_t)(escape - at)), err))
			return -1;
		len = decode_escape(&escape, end, bytes);
		if (buf_append(out, slice_make(bytes, len), err))
			return -1;
		at = escape;
		if (at == end)
			return 0;
	}
	return buf_append(out, slice_make(at, (size_t)(end - at)), err);
}

bool
json_string_is_utf8(struct slice inside)
{
	const char *at = inside.data, *end;

	if (!inside.len)
		return true;
	end = at + inside.len;
	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		if (end - at >= 2 && at[1] != 'u')
			at += 2;
		else if (is_surrogate(read_escape(&at, end)))
			return false;
	}
	return true;
}

bool
json_string_is(struct slice inside, struct slice text)
{
	const char *at = inside.data, *end;
	char bytes[4];
	size_t len;

	/* no escape is shorter than what it stands for */
	if (inside.len < text.len)
		return false;
	if (!inside.len || !memchr(at, '\\', inside.len))
		return slice_equal(inside, text);
	end = at + inside.len;
	while (at < end) {
		if (*at == '\\') {
			len = decode_escape(&at, end, bytes);
		} else {
			bytes[0] = *at++;
			len = 1;
		}
		if (text.len < len || memcmp(text.data, bytes, len) != 0)
			return false;
		text = slice_skip(text, len);
	}
	return text.len == 0;
}

/* The escape that must stand for the byte inside a JSON string, NULL where there is none. It may be
 * made in `scratch`. */
static const char *
escape_of(unsigned char c, char scratch[7])
{
	static const char hex[] = "0123456789abcdef";

	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		break;
	}
	if (c >= 0x20)
		return NULL;
	memcpy(scratch, "\\u00", 4);
	scratch[4] = hex[c >> 4];
	scratch[5] = hex[c & 0xf];
	scratch[6] = '\0';
	return scratch;
}

/* The first byte at or after `at` that cannot be copied into a JSON string as it is. */
static const char *
skip_copyable(const char *at, const char *end)
{
	int len, part;

	while (at < end) {
		if (*at == '"' || *at == '\\' || (unsigned char)*at < 0x20)
			break;
		len = utf8_measure(at, end, &part);
		if (len <= 0)
			break;
		at += len;
	}
	return at;
}

int
json_string_append(struct buf *out, struct slice bytes, struct err *err)
{
	const char *at = bytes.data, *end = bytes.len ? at + bytes.len : at, *stop, *escape;
	char scratch[7];
	int part;

	if (buf_append_char(out, '"', err))
		return -1;
	for (; at < end; at = stop + part) {
		stop = skip_copyable(at, end);
		if (buf_append(out, slice_make(at, (size_t)(stop - at)), err))
			return -1;
		if (stop == end)
			break;
		part = 1;
		escape = escape_of((unsigned char)*stop, scratch);
		if (!escape) {
			/* bad UTF-8: what counts is how much of it one U+FFFD stands for */
			(void)utf8_measure(stop, end, &part);
			escape = UTF8_REPLACEMENT;
		}
		if (buf_append_text(out, escape, err))
			return -1;
	}
	return buf_append_char(out, '"', err);
}
