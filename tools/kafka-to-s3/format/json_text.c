/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/json_text.h"

#include <assert.h>

void
json_text_blank_breaks(char *text, size_t len)
{
	if (!len || (!memchr(text, '\n', len) && !memchr(text, '\r', len)))
		return;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			text[i] = ' ';
	}
}

bool
json_text_is_object(struct slice text)
{
	return text.len && text.data[0] == '{';
}

struct json_value
json_text_value(struct slice text)
{
	enum json_type type = json_type_at(text.data[0]);
	struct json_value v = {
		.data = text.data, .len = (uint32_t)text.len, .type = (uint8_t)type
	};

	if (type == JSON_TYPE_STRING) {
		v.data++;
		v.len -= 2;
		v.has_escape = memchr(v.data, '\\', v.len);
	} else if (type == JSON_TYPE_NUMBER) {
		v.is_integer = !memchr(v.data, '.', v.len) && !memchr(v.data, 'e', v.len) &&
		               !memchr(v.data, 'E', v.len);
	}
	return v;
}

static bool
is_escaped(const char *quote)
{
	const char *at = quote;

	while (at[-1] == '\\')
		at--;
	return (quote - at) % 2 != 0;
}

/* Behind the string that begins at text[at]. */
static size_t
skip_string(struct slice text, size_t at)
{
	const char *quote = text.data + at;

	do {
		quote = memchr(quote + 1, '"', (size_t)(text.data + text.len - quote - 1));
		assert(quote);
	} while (is_escaped(quote));
	return (size_t)(quote - text.data) + 1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Behind the array or object that begins there. */
static size_t
skip_nested(struct slice text, size_t at)
{
	unsigned depth = 0;

	for (;;) {
		char c = text.data[at];

		if (c == '"') {
			at = skip_string(text, at);
			continue;
		}
		at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && !--depth)
			return at;
	}
}

/* Behind the value that begins there, a member's. */
static size_t
skip_value(struct slice text, size_t at)
{
	char c = text.data[at];

	if (c == '"')
		return skip_string(text, at);
	if (c == '{' || c == '[')
		return skip_nested(text, at);
	while (c != ',' && c != '}' && !is_blank(c))
		c = text.data[++at];
	return at;
}

/* To the next byte that is neither blank nor this one. */
static size_t
skip_mark(struct slice text, size_t at, char mark)
{
	while (at < text.len && (text.data[at] == mark || is_blank(text.data[at])))
		at++;
	return at;
}

bool
json_text_member(struct slice *rest, struct json_member *ret)
{
	struct slice text = *rest;
	size_t at = skip_mark(text, 0, text.len && text.data[0] == '{' ? '{' : ','), end;

	if (at >= text.len || text.data[at] != '"')
		return false;
	end = skip_string(text, at);
	ret->name = slice_make(text.data + at + 1, end - at - 2);
	at = skip_mark(text, end, ':');
	end = skip_value(text, at);
	ret->value = slice_make(text.data + at, end - at);
	*rest = slice_skip(text, end);
	return true;
}
