/* SPDX-License-Identifier: MIT */
/*
 * Numbers and times from any bytes. What was accepted is written and read again and must be the
 * same; the two number parsers must agree. The first byte chooses the time format.
 */
#include <stdlib.h>

#include "codec/number.h"
#include "base/opt.h"
#include "codec/time.h"
#include "codec/time_like.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static void
try_number(struct slice text)
{
	struct number n, m, again;
	char formatted[NUMBER_TEXT_BYTES];
	char *padded = malloc(text.len + NUMBER_PADDING);
	int64_t integer;
	size_t len;
	int rc;

	require(padded != NULL);
	memset(padded, '1', text.len + NUMBER_PADDING);
	if (text.len)
		memcpy(padded, text.data, text.len);
	rc = number_parse(text, &n);
	require(number_parse_padded(slice_make(padded, text.len), &m) == rc);
	free(padded);
	if (rc) {
		require(number_parse_int64(text, &integer) != 0);
		return;
	}
	require(n.is_exact == m.is_exact && number_compare(&n, &m) == 0);
	len = number_format(&n, formatted);
	require(number_parse(slice_make(formatted, len), &again) == 0);
	require(number_compare(&n, &again) == 0);
	if (number_add(&again, &n, &again))
		require(number_to_double(&again) * number_to_double(&n) >= 0);
}

/* What is written in the shape of a time that was read is read again, and is that time but for what
 * the shape has no place for: a day less a millisecond at most, where it is no pattern. */
static void
try_like(const struct time_format *format, struct slice like, bool is_string, int64_t like_ms)
{
	static const int64_t amounts[] = { 0, 1, -1, 86399999, INT64_C(250000000000),
		INT64_C(-1546300800123) };
	const int64_t day_ms = 86400000;
	const char *reason = NULL;
	struct buf out = BUF_INIT(8192);
	int64_t again;

	for (size_t i = 0; i < sizeof(amounts) / sizeof(*amounts); i++) {
		int64_t ms = like_ms + amounts[i];

		buf_clear(&out);
		if (time_append_like(&out, format, like, is_string, ms, &reason)) {
			require(reason != NULL && out.len == 0);
			continue;
		}
		require(!time_parse(format, buf_slice(&out), is_string, &again, &reason));
		require(again <= ms);
		require(format->style == TIME_PATTERN || ms - again < day_ms);
	}
	buf_release(&out);
}

static void
try_format(const struct time_format *format, struct slice text)
{
	struct buf out = BUF_INIT(1024);
	struct err err = ERR_INIT;
	const char *reason = NULL;
	int64_t ms, again;
	bool is_string;

	for (int i = 0; i < 2; i++) {
		if (time_parse(format, text, i == 1, &ms, &reason)) {
			require(reason != NULL);
			continue;
		}
		try_like(format, text, i == 1, ms);
		buf_clear(&out);
		require(time_append(&out, format, ms, &is_string, &err) == 0);
		/* a pattern may write less than it reads */
		if (format->style != TIME_PATTERN) {
			require(
			    time_parse(format, buf_slice(&out), is_string, &again, &reason) == 0);
			require(again == ms);
		}
	}
	buf_release(&out);
}

/* The pattern is the text up to the first line feed, what it is to match follows. */
static void
try_pattern(const char *text)
{
	struct slice head, tail;
	struct time_format format;
	struct err err = ERR_INIT;
	char *pattern;

	slice_cut(slice_of(text), '\n', &head, &tail);
	pattern = strndup(head.data, head.len);
	require(pattern != NULL);
	if (!time_format_parse(pattern, &format, &err))
		try_format(&format, tail);
	else
		require(err.class == ERR_USAGE);
	free(pattern);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "auto", "iso", "s", "ms", "us", "%m/%d/%y %H:%M" };
	struct time_format format;
	struct err err = ERR_INIT;
	char *text;
	int64_t ms;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	require(text != NULL);
	require(time_format_parse(formats[data[0] % 6], &format, &err) == 0);
	try_number(slice_make((const char *)data + 1, size - 1));
	try_format(&format, slice_make((const char *)data + 1, size - 1));
	try_pattern(text);
	(void)time_parse_option(text, &ms, &err);
	if (!opt_parse_duration(slice_make((const char *)data + 1, size - 1), &ms, &err))
		require(ms >= 0);
	free(text);
	return 0;
}
