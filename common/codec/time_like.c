/* SPDX-License-Identifier: MIT */
#include "codec/time_like.h"

#include <ctype.h>
#include <stdio.h>

#include "codec/number.h"

enum {
	NUMBER_BYTES_MAX = 32,   /* longest number that is moved: time_parse reads it exactly */
	FRACTION_DIGITS_MS = 3,
	DATE_BYTES = 10,
	MS_PER_MINUTE = 60 * 1000,
};

static const char no_memory[] = "out of memory";
static const char out_of_range[] = "outside the years 1 to 9999 when moved";

static int
refuse(const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return -1;
}

/* Both ends of what time_to_civil does not hold back. */
static bool
is_in_range(int64_t ms)
{
	return ms >= INT64_C(-62135596800000) && ms <= INT64_C(253402300799999);
}

/* ---- ISO 8601 ---- */

static void
put_digits(char *at, int value, size_t count)
{
	while (count--) {
		at[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Where the zone begins: behind the date and the clock. */
static size_t
find_zone(struct slice text)
{
	size_t at = DATE_BYTES;

	while (at < text.len && !strchr("Zz+-", text.data[at]))
		at++;
	return at;
}

/* What time_parse_iso takes: Z, z, nothing, +HH, +HHMM or +HH:MM. */
static int64_t
zone_ms(struct slice zone)
{
	int digits[4] = { 0 };
	int count = 0, minutes;

	for (size_t i = 0; i < zone.len && count < 4; i++)
		if (isdigit((unsigned char)zone.data[i]))
			digits[count++] = zone.data[i] - '0';
	minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
	return (int64_t)(slice_starts(zone, "-") ? -minutes : minutes) * MS_PER_MINUTE;
}

/* text is a copy of the old time; behind DATE_BYTES: mark, HH:MM, then :SS and a fraction or not. */
static void
put_clock(char *text, size_t end, const struct time_civil *civil)
{
	enum { HOUR = 11, MINUTE = 14, SECOND = 17, FRACTION = 20 };
	size_t digits;

	put_digits(text + HOUR, civil->hour, 2);
	put_digits(text + MINUTE, civil->minute, 2);
	if (end <= SECOND)
		return;
	put_digits(text + SECOND, civil->second, 2);
	digits = end > FRACTION ? end - FRACTION : 0;
	if (digits >= FRACTION_DIGITS_MS)
		put_digits(text + FRACTION, civil->millisecond, FRACTION_DIGITS_MS);
	else if (digits == 2)
		put_digits(text + FRACTION, civil->millisecond / 10, 2);
	else if (digits == 1)
		put_digits(text + FRACTION, civil->millisecond / 100, 1);
}

static int
append_iso_like(struct buf *out, struct slice like, int64_t ms, const char **ret_reason)
{
	struct err err = ERR_INIT;
	struct time_civil civil;
	size_t zone = find_zone(like);
	int64_t local_ms = ms + zone_ms(slice_skip(like, zone));
	char *text;

	if (!is_in_range(local_ms))
		return refuse(out_of_range, ret_reason);
	if (buf_append(out, like, &err))
		return refuse(no_memory, ret_reason);
	text = out->data + out->len - like.len;
	time_to_civil(local_ms, &civil);
	put_digits(text, civil.year, 4);
	put_digits(text + 5, civil.month, 2);
	put_digits(text + 8, civil.day, 2);
	if (zone > DATE_BYTES)
		put_clock(text, zone, &civil);
	return 0;
}

/* ---- numbers ---- */

/* A decimal without exponent: its digits, the point left out. */
struct decimal {
	char digits[NUMBER_BYTES_MAX];
	size_t count;
	size_t fraction_count; /* of these, behind the point */
	bool is_negative;
};

static int
read_decimal(struct slice text, struct decimal *ret)
{
	bool has_point = false;

	*ret = (struct decimal){ .is_negative = slice_starts(text, "-") };
	if (ret->is_negative)
		text = slice_skip(text, 1);
	if (text.len > sizeof(ret->digits))
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '.') {
			has_point = true;
			continue;
		}
		if (!isdigit((unsigned char)text.data[i]))
			return -1;
		ret->digits[ret->count++] = text.data[i];
		ret->fraction_count += has_point;
	}
	return ret->fraction_count > NUMBER_SCALE_MAX ? -1 : 0;
}

static int64_t
floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Writes the moved time's digits over the old ones, with one before the point at least. `finer`
 * digits stand behind the millisecond's; below 0, so many are missing. */
static int
move_digits(struct decimal *d, int finer, int64_t ms)
{
	char tail[NUMBER_BYTES_MAX + 1];
	char text[2 * NUMBER_BYTES_MAX + 32];
	size_t tail_count = finer > 0 ? (size_t)finer : 0;
	size_t least = d->fraction_count + 1, zeros = 0, len;

	for (int i = finer; i < 0; i++)
		ms = floor_divide(ms, 10);
	/* of a time before 1970 they do not count from the millisecond on */
	memset(tail, '0', sizeof(tail));
	if (!d->is_negative && tail_count <= d->count)
		memcpy(tail, d->digits + d->count - tail_count, tail_count);
	tail[tail_count] = '\0';
	d->is_negative = ms < 0;
	(void)snprintf(text, sizeof(text), "%0*lld%s",
	    (int)(least > tail_count ? least - tail_count : 1), (long long)(ms < 0 ? -ms : ms), tail);
	len = strlen(text);
	while (len - zeros > least && text[zeros] == '0')
		zeros++;
	if (len - zeros > sizeof(d->digits))
		return -1;
	memcpy(d->digits, text + zeros, len - zeros);
	d->count = len - zeros;
	return 0;
}

/* unit_digits: how many digits behind the point the format's unit has down to the millisecond. */
static int
append_number_like(struct buf *out, struct slice like, int unit_digits, int64_t ms,
    const char **ret_reason)
{
	struct err err = ERR_INIT;
	struct decimal d;
	size_t whole;

	if (read_decimal(like, &d) || move_digits(&d, (int)d.fraction_count - unit_digits, ms))
		return refuse("a number with an exponent, or too long, cannot be moved", ret_reason);
	whole = d.count - d.fraction_count;
	if ((d.is_negative && buf_append_char(out, '-', &err)) ||
	    buf_append(out, slice_make(d.digits, whole), &err))
		return refuse(no_memory, ret_reason);
	if (d.fraction_count && (buf_append_char(out, '.', &err) ||
		buf_append(out, slice_make(d.digits + whole, d.fraction_count), &err)))
		return refuse(no_memory, ret_reason);
	return 0;
}

/* ---- patterns ---- */

/* How much of a time the pattern leaves out at most: its finest conversion's unit. */
static int64_t
pattern_unit_ms(const char *pattern)
{
	static const struct {
		const char *letters;
		int64_t unit_ms;
	} units[] = {
		{ "STrXc", 1000 },
		{ "MR", MS_PER_MINUTE },
		{ "HIkl", 60 * MS_PER_MINUTE },
		{ "deDFjx", INT64_C(24) * 60 * MS_PER_MINUTE },
		{ "mbBh", INT64_C(31) * 24 * 60 * MS_PER_MINUTE },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 1, '%')) {
			at += 1 + strspn(at + 1, "-_0^#");
			if (strchr(units[i].letters, *at))
				return units[i].unit_ms;
		}
	}
	return INT64_C(366) * 24 * 60 * MS_PER_MINUTE;
}

/* JSON's grammar (RFC 8259 section 6) for a whole number. */
static bool
is_json_number(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isdigit((unsigned char)text.data[i]))
			return false;
	return text.len && (text.data[0] != '0' || text.len == 1);
}

static int
append_pattern_like(struct buf *out, const struct time_format *format, bool is_string, int64_t ms,
    const char **ret_reason)
{
	struct slice text;
	struct err err = ERR_INIT;
	size_t start = out->len;
	int64_t read_ms;

	if (time_append_strftime(out, format->pattern, ms, &err))
		return refuse(no_memory, ret_reason);
	text = slice_skip(buf_slice(out), start);
	if (!is_string && !is_json_number(text))
		*ret_reason = "would be no JSON number when moved";
	else if (time_parse(format, text, is_string, &read_ms, ret_reason) || read_ms > ms ||
	    ms - read_ms >= pattern_unit_ms(format->pattern))
		*ret_reason = "the time format cannot write it when moved";
	else
		return 0;
	return -1;
}

/* ---- the contract ---- */

static int
append_like(struct buf *out, const struct time_format *format, struct slice like, bool is_string,
    int64_t ms, const char **ret_reason)
{
	switch (format->style) {
	case TIME_AUTO:
		if (!is_string)
			return append_number_like(out, like, 0, ms, ret_reason);
		return append_iso_like(out, like, ms, ret_reason);
	case TIME_ISO:
		return append_iso_like(out, like, ms, ret_reason);
	case TIME_S:
		return append_number_like(out, like, 3, ms, ret_reason);
	case TIME_MS:
		return append_number_like(out, like, 0, ms, ret_reason);
	case TIME_US:
		return append_number_like(out, like, -3, ms, ret_reason);
	case TIME_PATTERN:
		return append_pattern_like(out, format, is_string, ms, ret_reason);
	}
	return refuse("no such style", ret_reason);
}

int
time_append_like(struct buf *out, const struct time_format *format, struct slice like,
    bool is_string, int64_t ms, const char **ret_reason)
{
	size_t start = out->len;

	if (!is_in_range(ms))
		return refuse(out_of_range, ret_reason);
	if (!append_like(out, format, like, is_string, ms, ret_reason))
		return 0;
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return -1;
}
