/* SPDX-License-Identifier: MIT */
#include "codec/time.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "codec/number.h"

enum {
	MS_PER_S = 1000,
	MS_PER_MINUTE = 60 * MS_PER_S,
	MS_PER_HOUR = 60 * MS_PER_MINUTE,
	MS_PER_DAY = 24 * MS_PER_HOUR,
	PATTERN_TEXT_BYTES = 128, /* longest text a pattern is matched with, NUL included */
	STRFTIME_BYTES_MAX = 64 * 1024,
	/* 0000-03-01, where years that begin in March are counted from, to 1970-01-01 */
	DAYS_TO_EPOCH = 719468,
	DAYS_PER_ERA = 146097, /* 400 years of the Gregorian calendar */
};

static const int64_t ms_min = TIME_MS_LEAST;
static const int64_t ms_max = TIME_MS_MOST;

static const char not_iso[] = "not an ISO 8601 time";
static const char bad_date[] = "no such date";
static const char bad_clock[] = "no such time of day";
static const char bad_zone[] = "no such zone";
static const char out_of_range[] = "outside the years 1 to 9999";
static const char not_a_number[] = "not a number";

/* ---- the calendar ---- */

/*
 * Days since the epoch. Years are taken to begin in March, so that the leap day is a year's last
 * and the days before a month follow one line: months of 31, 30, 31, 30 and 31 days make 153. The
 * idea is from Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
 */
static inline int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	unsigned y = year - (month <= 2);
	unsigned m = month > 2 ? month - 3 : month + 9;
	unsigned days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;

	return (int64_t)days - DAYS_TO_EPOCH;
}

static inline unsigned
days_in_month(unsigned year, unsigned month)
{
	if (month != 2)
		return 30 + ((month + (month >> 3)) & 1);
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
}

static inline bool
date_exists(unsigned year, unsigned month, unsigned day)
{
	return year && month - 1 < 12 && day && (day <= 28 || day <= days_in_month(year, month));
}

static int64_t
hold_in_range(int64_t ms)
{
	if (ms < ms_min)
		return ms_min;
	return ms > ms_max ? ms_max : ms;
}

void
time_to_civil(int64_t ms, struct time_civil *ret)
{
	/* counted from 0000-03-01 nothing in range is negative */
	uint64_t since = (uint64_t)(hold_in_range(ms) + (int64_t)DAYS_TO_EPOCH * MS_PER_DAY);
	unsigned days = (unsigned)(since / MS_PER_DAY);
	unsigned rest = (unsigned)(since % MS_PER_DAY);
	unsigned era = days / DAYS_PER_ERA;
	unsigned day_of_era = days % DAYS_PER_ERA;
	/* take the leap days seen so far out, and 365 days make a year */
	unsigned year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153; /* from March */

	ret->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	ret->month = (int)(month < 10 ? month + 3 : month - 9);
	ret->year = (int)(year_of_era + era * 400 + (ret->month <= 2));
	ret->hour = (int)(rest / MS_PER_HOUR);
	ret->minute = (int)(rest / MS_PER_MINUTE % 60);
	ret->second = (int)(rest / MS_PER_S % 60);
	ret->millisecond = (int)(rest % MS_PER_S);
}

static int
give(int64_t ms, int64_t *ret_ms, const char **ret_reason)
{
	if (ms < ms_min || ms > ms_max) {
		*ret_reason = out_of_range;
		return -1;
	}
	*ret_ms = ms;
	return 0;
}

static int
refuse(const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return -1;
}

/* ---- ISO 8601 ---- */

static inline unsigned
digit_of(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* What is left of a text that is being read. */
struct reader {
	const char *at, *end;
};

static bool
take_char(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static int
take_pair(struct reader *r, unsigned *ret)
{
	if (r->end - r->at < 2 || digit_of(r->at[0]) > 9 || digit_of(r->at[1]) > 9)
		return -1;
	*ret = digit_of(r->at[0]) * 10 + digit_of(r->at[1]);
	r->at += 2;
	return 0;
}

static int
take_date(struct reader *r, int64_t *ret_days, const char **ret_reason)
{
	unsigned century, year, month, day;

	if (take_pair(r, &century) || take_pair(r, &year) || !take_char(r, '-') ||
	    take_pair(r, &month) || !take_char(r, '-') || take_pair(r, &day))
		return refuse(not_iso, ret_reason);
	year += century * 100;
	if (!date_exists(year, month, day))
		return refuse(bad_date, ret_reason);
	*ret_days = days_of(year, month, day);
	return 0;
}

/* ISO 8601 allows a comma as well as a point. Digits past the third are read and dropped. */
static int
take_fraction(struct reader *r, unsigned *ret_ms)
{
	unsigned ms = 0, weight = 100;
	const char *start;

	*ret_ms = 0;
	if (!take_char(r, '.') && !take_char(r, ','))
		return 0;
	for (start = r->at; r->at < r->end && digit_of(*r->at) <= 9; r->at++) {
		ms += digit_of(*r->at) * weight;
		weight /= 10;
	}
	*ret_ms = ms;
	return r->at == start ? -1 : 0;
}

/* A leap second (RFC 3339 section 5.7) is the first of the next minute: our days have 86,400. */
static int
take_clock(struct reader *r, int64_t *ret_ms, const char **ret_reason)
{
	unsigned hour, minute, second = 0, ms = 0;

	if (take_pair(r, &hour) || !take_char(r, ':') || take_pair(r, &minute))
		return refuse(not_iso, ret_reason);
	if (take_char(r, ':') && (take_pair(r, &second) || take_fraction(r, &ms)))
		return refuse(not_iso, ret_reason);
	if (hour > 23 || minute > 59 || second > 60)
		return refuse(bad_clock, ret_reason);
	*ret_ms = (int64_t)((hour * 60 + minute) * 60 + second) * MS_PER_S + ms;
	return 0;
}

/* Z, +HH:MM, +HHMM, +HH or nothing. */
static int
take_zone(struct reader *r, int64_t *ret_ms, const char **ret_reason)
{
	unsigned hours, minutes = 0;
	bool is_west;

	*ret_ms = 0;
	if (r->at == r->end || take_char(r, 'Z') || take_char(r, 'z'))
		return 0;
	is_west = take_char(r, '-');
	if ((!is_west && !take_char(r, '+')) || take_pair(r, &hours))
		return refuse(not_iso, ret_reason);
	if ((take_char(r, ':') || r->at < r->end) && take_pair(r, &minutes))
		return refuse(not_iso, ret_reason);
	if (hours > 23 || minutes > 59)
		return refuse(bad_zone, ret_reason);
	*ret_ms = (int64_t)(hours * 60 + minutes) * (is_west ? -MS_PER_MINUTE : MS_PER_MINUTE);
	return 0;
}

static int
parse_iso_any(struct slice text, int64_t *ret_ms, const char **ret_reason)
{
	struct reader r = { .at = text.data, .end = text.data + text.len }; /* not empty */
	int64_t days, clock_ms = 0, zone_ms = 0;

	if (take_date(&r, &days, ret_reason))
		return -1;
	if (r.at < r.end) {
		if (!take_char(&r, 'T') && !take_char(&r, 't') && !take_char(&r, ' '))
			return refuse(not_iso, ret_reason);
		if (take_clock(&r, &clock_ms, ret_reason) || take_zone(&r, &zone_ms, ret_reason))
			return -1;
	}
	if (r.at != r.end)
		return refuse(not_iso, ret_reason);
	return give(days * MS_PER_DAY + clock_ms - zone_ms, ret_ms, ret_reason);
}

enum { COMMON_SHAPE_LEN = 24 };

/* The nth byte, the first is the lowest, of eight. */
#define BYTE(n, value) ((uint64_t)(value) << (n)*8)
#define BYTES(a, b, c, d, e, f, g, h)                                                  \
	(BYTE(0, a) | BYTE(1, b) | BYTE(2, c) | BYTE(3, d) | BYTE(4, e) | BYTE(5, f) | \
	    BYTE(6, g) | BYTE(7, h))

static inline uint64_t
load_word(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* What two digits, the first at byte n of a word of digits, come to. */
static inline unsigned
pair_at(uint64_t digits, unsigned n)
{
	return (unsigned)((digits * 10 + (digits >> 8)) >> n * 8 & 0xff);
}

/*
 * "2019-01-01T00:46:40.000Z" as three little-endian words. After the exclusive or with the shape,
 * digits are 0 to 9 and all else is 0; adding 0x80 less the first value too large makes the top bit
 * of a byte tell. False where a longer look is needed, at what is wrong as well.
 */
static bool
parse_common_shape(const char *t, int64_t *ret_ms)
{
	const unsigned d = 0x80 - 10, p = 0x80 - 1; /* a digit, punctuation */
	const uint64_t top_bits = BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80);
	uint64_t a = load_word(t) ^ BYTES('0', '0', '0', '0', '-', '0', '0', '-');
	uint64_t b = load_word(t + 8) ^ BYTES('0', '0', 'T', '0', '0', ':', '0', '0');
	uint64_t c = load_word(t + 16) ^ BYTES(':', '0', '0', '.', '0', '0', '0', 'Z');
	uint64_t bad = (a + BYTES(d, d, d, d, p, d, d, p)) | (b + BYTES(d, d, p, d, d, p, d, d)) |
	               (c + BYTES(p, d, d, p, d, d, d, p)) | a | b | c;
	unsigned year = pair_at(a, 0) * 100 + pair_at(a, 2), month = pair_at(a, 5);
	unsigned day = pair_at(b, 0), hour = pair_at(b, 3), minute = pair_at(b, 6);
	unsigned second = pair_at(c, 1), ms = pair_at(c, 4) * 10 + (unsigned)(c >> 48 & 0xff);

	if (bad & top_bits || hour > 23 || minute > 59 || second > 59 ||
	    !date_exists(year, month, day))
		return false;
	*ret_ms = days_of(year, month, day) * MS_PER_DAY +
	          (int64_t)((hour * 60 + minute) * 60 + second) * MS_PER_S + ms;
	return true;
}

int
time_parse_iso(struct slice text, int64_t *ret_ms, const char **ret_reason)
{
	const bool is_little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	if (!text.len)
		return refuse(not_iso, ret_reason);
	if (is_little_endian && text.len == COMMON_SHAPE_LEN &&
	    parse_common_shape(text.data, ret_ms))
		return 0;
	return parse_iso_any(text, ret_ms, ret_reason);
}

/* ---- numbers ---- */

static int64_t
floor_divide(number_wide value, number_wide by)
{
	number_wide quotient = value / by;

	return (int64_t)(value % by < 0 ? quotient - 1 : quotient);
}

/* `multiply` / `divide` turns the unit into ms. */
static int
parse_epoch(
    struct slice text, int64_t multiply, int64_t divide, int64_t *ret_ms, const char **ret_reason)
{
	/* keeps what follows within its integers; `give` has the exact limits */
	const int64_t reach = (ms_max / multiply + 1) * divide;
	const struct number upper = number_from_int64(reach), lower = number_from_int64(-reach);
	number_wide divisor = divide;
	struct number n;
	double ms;

	if (number_parse(text, &n))
		return refuse(not_a_number, ret_reason);
	if (number_compare(&n, &upper) > 0 || number_compare(&n, &lower) < 0)
		return refuse(out_of_range, ret_reason);
	if (!n.is_exact) {
		ms = floor(n.approximate * (double)multiply / (double)divide);
		return give((int64_t)ms, ret_ms, ret_reason);
	}
	for (; n.scale; n.scale--)
		divisor *= 10;
	return give(floor_divide(n.mantissa * multiply, divisor), ret_ms, ret_reason);
}

/* ---- patterns ---- */

/* glibc's strptime skips these flags of strftime. */
static const char pattern_flags[] = "-_0^#";

/* Those that strptime(3) reads, but for %Z and %s (see below), %g, %G and %V, which glibc reads
 * and ignores, and the locale's E and O forms. */
static const char pattern_letters[] = "%aAbBcCdDeFhHIjklmMnpRrStTuUwWxXyYz";

static const char *
advice_about(char letter)
{
	switch (letter) {
	case 's':
		return ": the format s reads seconds since the epoch";
	case 'Z':
		return ": a zone's name says no offset; %z reads one, and other text is itself";
	case 'f':
	case 'L':
	case 'N':
		return ": patterns know no fractions of a second, iso does";
	default:
		return "";
	}
}

/*
 * A pattern must say which time it means: a year there must be (what else is missing is the first:
 * January, the 1st, midnight), and 12-hour clocks need to tell noon from midnight.
 */
static int
check_pattern(const char *pattern, struct err *err)
{
	bool has_year = false, has_half_day = false, needs_half_day = false;

	for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 1, '%')) {
		at += 1 + strspn(at + 1, pattern_flags);
		if (!*at)
			return err_set(
			    err, ERR_USAGE, "time format \"%s\" ends after a %%", pattern);
		if (!strchr(pattern_letters, *at))
			return err_set(err, ERR_USAGE, "time format \"%s\": %%%c cannot be read%s",
			    pattern, *at, advice_about(*at));
		has_year |= strchr("YyFDcx", *at) != NULL;
		has_half_day |= strchr("pr", *at) != NULL;
		needs_half_day |= strchr("Il", *at) != NULL;
	}
	if (!has_year)
		return err_set(err, ERR_USAGE, "time format \"%s\" has no year", pattern);
	if (needs_half_day && !has_half_day)
		return err_set(
		    err, ERR_USAGE, "time format \"%s\" has hours up to 12 and no %%p", pattern);
	return 0;
}

/*
 * strptime's own gaps: it takes February 31, day 366 of a common year (glibc 2.36 then leaves a
 * month of 25) and second 61. Names of days and months are the C locale's, for no program of ours
 * calls setlocale.
 */
static int
parse_pattern(const char *pattern, struct slice text, int64_t *ret_ms, const char **ret_reason)
{
	static const char no_match[] = "does not match the time format";
	char copy[PATTERN_TEXT_BYTES];
	struct tm tm = { .tm_year = 70, .tm_mday = 1 };
	const char *end;
	int64_t days, seconds;

	if (text.len >= sizeof(copy))
		return refuse(no_match, ret_reason);
	if (text.len)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	end = strptime(copy, pattern, &tm);
	if (end != copy + text.len)
		return refuse(no_match, ret_reason);
	if (tm.tm_year < 1 - 1900 || tm.tm_mon < 0 || tm.tm_mday < 1 ||
	    !date_exists(
		(unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday))
		return refuse(bad_date, ret_reason);
	if (tm.tm_sec > 60)
		return refuse(bad_clock, ret_reason);
	days = days_of((unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
	seconds = (tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec - (int64_t)tm.tm_gmtoff;
	return give(days * MS_PER_DAY + seconds * MS_PER_S, ret_ms, ret_reason);
}

/* ---- formats ---- */

int
time_format_parse(const char *text, struct time_format *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum time_style style;
	} styles[] = { { "auto", TIME_AUTO }, { "iso", TIME_ISO }, { "s", TIME_S },
		{ "ms", TIME_MS }, { "us", TIME_US } };

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		if (strcmp(text, styles[i].name) == 0) {
			*ret = (struct time_format){ .style = styles[i].style };
			return 0;
		}
	}
	if (!strchr(text, '%'))
		return err_set(err, ERR_USAGE,
		    "time format \"%s\" is none of auto, iso, s, ms, us or a pattern with a %%",
		    text);
	if (strlen(text) >= TIME_PATTERN_BYTES)
		return err_set(err, ERR_USAGE, "time format \"%s\" is longer than %d bytes", text,
		    TIME_PATTERN_BYTES - 1);
	if (check_pattern(text, err))
		return -1;
	*ret = (struct time_format){ .style = TIME_PATTERN };
	memcpy(ret->pattern, text, strlen(text) + 1);
	return 0;
}

int
time_parse(const struct time_format *format, struct slice text, bool is_string, int64_t *ret_ms,
    const char **ret_reason)
{
	switch (format->style) {
	case TIME_AUTO:
		if (!is_string)
			return parse_epoch(text, 1, 1, ret_ms, ret_reason);
		return time_parse_iso(text, ret_ms, ret_reason);
	case TIME_ISO:
		if (!is_string)
			return refuse("a number, not an ISO 8601 time", ret_reason);
		return time_parse_iso(text, ret_ms, ret_reason);
	case TIME_S:
		return parse_epoch(text, MS_PER_S, 1, ret_ms, ret_reason);
	case TIME_MS:
		return parse_epoch(text, 1, 1, ret_ms, ret_reason);
	case TIME_US:
		return parse_epoch(text, 1, 1000, ret_ms, ret_reason);
	case TIME_PATTERN:
		return parse_pattern(format->pattern, text, ret_ms, ret_reason);
	}
	abort();
}

int
time_parse_option(const char *text, int64_t *ret_ms, struct err *err)
{
	struct slice slice = slice_of(text);
	const char *reason = NULL;
	int64_t ms;

	if (number_parse_int64(slice, &ms) ? time_parse_iso(slice, ret_ms, &reason)
					   : give(ms, ret_ms, &reason))
		return err_set(err, ERR_USAGE, "\"%s\" is no time (ISO 8601, or ms since 1970): %s",
		    text, reason);
	return 0;
}

/* ---- writing ---- */

static char *
put_digits(char *at, int value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

void
time_format_iso(int64_t ms, char text[static TIME_ISO_BYTES])
{
	struct time_civil c;
	char *at;

	time_to_civil(ms, &c);
	at = put_digits(text, c.year, 4);
	*at++ = '-';
	at = put_digits(at, c.month, 2);
	*at++ = '-';
	at = put_digits(at, c.day, 2);
	*at++ = 'T';
	at = put_digits(at, c.hour, 2);
	*at++ = ':';
	at = put_digits(at, c.minute, 2);
	*at++ = ':';
	at = put_digits(at, c.second, 2);
	*at++ = '.';
	at = put_digits(at, c.millisecond, 3);
	*at++ = 'Z';
	*at = '\0';
}

int
time_append(struct buf *out, const struct time_format *format, int64_t ms, bool *ret_is_string,
    struct err *err)
{
	char text[TIME_ISO_BYTES];
	const struct number seconds = { .mantissa = ms, .scale = 3, .is_exact = true };

	*ret_is_string = false;
	switch (format->style) {
	case TIME_S:
		return number_append(out, &seconds, err);
	case TIME_MS:
		return buf_append_int(out, ms, err);
	case TIME_US:
		return buf_append_int(out, hold_in_range(ms) * 1000, err);
	case TIME_PATTERN:
		*ret_is_string = true;
		return time_append_strftime(out, format->pattern, ms, err);
	case TIME_AUTO:
	case TIME_ISO:
		*ret_is_string = true;
		time_format_iso(ms, text);
		return buf_append_text(out, text, err);
	}
	abort();
}

static struct tm
tm_of(int64_t ms)
{
	struct time_civil c;
	unsigned year;
	int64_t days;

	time_to_civil(ms, &c);
	year = (unsigned)c.year;
	days = days_of(year, (unsigned)c.month, (unsigned)c.day);
	return (struct tm){
		.tm_year = c.year - 1900,
		.tm_mon = c.month - 1,
		.tm_mday = c.day,
		.tm_hour = c.hour,
		.tm_min = c.minute,
		.tm_sec = c.second,
		.tm_yday = (int)(days - days_of(year, 1, 1)),
		/* 0001-01-01 was a Monday, 719,162 days before the epoch */
		.tm_wday = (int)((days + 719163) % 7),
		.tm_zone = "UTC",
	};
}

/* The pattern with every %s replaced by its digits, for strftime would take tm for local time, and
 * with a blank at its end, so that an empty result can be told from one that found no room. */
static int
prepare_strftime(const char *pattern, int64_t ms, struct buf *out, struct err *err)
{
	while (*pattern) {
		size_t plain = strcspn(pattern, "%"), spec;

		if (buf_append(out, slice_make(pattern, plain), err))
			return -1;
		pattern += plain;
		if (!*pattern)
			break;
		spec = 1 + strspn(pattern + 1, "-_0^#+123456789EO");
		spec += pattern[spec] != '\0';
		if (pattern[spec - 1] == 's' ? buf_append_int(out, floor_divide(ms, MS_PER_S), err)
					     : buf_append(out, slice_make(pattern, spec), err))
			return -1;
		pattern += spec;
	}
	return buf_append_char(out, ' ', err);
}

/* The pattern comes from the command line, as strftime's callers have it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static int
append_tm(struct buf *out, const char *pattern, const struct tm *tm, struct err *err)
{
	for (size_t room = 64; room <= STRFTIME_BYTES_MAX; room *= 2) {
		size_t len;

		if (buf_reserve(out, room, err))
			return -1;
		len = strftime(out->data + out->len, room, pattern, tm);
		if (len)
			out->len += len - 1;
		out->data[out->len] = '\0';
		if (len)
			return 0;
	}
	return err_set(err, ERR_DATA, "a time longer than %d bytes", STRFTIME_BYTES_MAX);
}

#pragma GCC diagnostic pop

int
time_append_strftime(struct buf *out, const char *pattern, int64_t ms, struct err *err)
{
	struct buf prepared = BUF_INIT(STRFTIME_BYTES_MAX);
	const int64_t held = hold_in_range(ms);
	const struct tm tm = tm_of(held);
	int rc = -1;

	if (!prepare_strftime(pattern, held, &prepared, err))
		rc = append_tm(out, prepared.data, &tm, err);
	buf_release(&prepared);
	return rc;
}
