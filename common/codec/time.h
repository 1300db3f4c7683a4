/* SPDX-License-Identifier: MIT */
/*
 * Times as text. Inside, a time is int64_t ms since 1970-01-01T00:00:00Z; years 0001 to 9999. No
 * zone in a text means UTC. Nothing here reads a clock, calls tzset or depends on a locale.
 */
#ifndef SLUICE_CODEC_TIME_H
#define SLUICE_CODEC_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
#define TIME_MS_LEAST INT64_C(-62135596800000)
#define TIME_MS_MOST INT64_C(253402300799999)

/* How event times are written. */
enum time_style {
	TIME_AUTO, /* a string is ISO 8601, a number ms since the epoch */
	TIME_ISO, /* ISO 8601 / RFC 3339: date, 'T' 't' or a space, time; fraction, zone optional */
	TIME_S,   /* seconds since the epoch, a fraction is allowed */
	TIME_MS,
	TIME_US,
	TIME_PATTERN, /* strptime(3), in the C locale */
};

enum { TIME_PATTERN_BYTES = 64 };

struct time_format {
	enum time_style style;
	char pattern[TIME_PATTERN_BYTES]; /* of TIME_PATTERN, NUL terminated */
};

/*
 * From an option's value: auto, iso, s, ms, us, or a pattern with a '%'. ERR_USAGE otherwise, and
 * for a pattern that could not tell a time: without a year, with %I but no %p, with a conversion
 * that strptime(3) has not got or reads in vain (%Z). What else a pattern lacks is the first:
 * January, the 1st, midnight, UTC.
 */
int time_format_parse(const char *text, struct time_format *ret, struct err *);

/*
 * Reads all of `text`, the inside of a JSON string (`is_string`; decoded where it has escapes) or a
 * JSON number. Numbers written as strings are taken by s, ms and us, numbers by a pattern too
 * (20190101). Sub-millisecond digits are cut off (towards the past).
 * Returns 0, or -1 with a static phrase that says what is wrong.
 */
int time_parse(const struct time_format *, struct slice text, bool is_string, int64_t *ret_ms,
    const char **ret_reason);

/*
 * ISO 8601 alone: date, then optionally T, t or a space and HH:MM[:SS[.fraction]] with a zone Z, z,
 * +HH:MM, +HHMM, +HH or none. A date alone is its midnight in UTC. Second 60 is the first of the
 * next minute. The hot path is "2019-01-01T00:46:40.000Z".
 */
int time_parse_iso(struct slice text, int64_t *ret_ms, const char **ret_reason);

/* A command line's TIME: ISO 8601 or ms since the epoch. ERR_USAGE otherwise. */
int time_parse_option(const char *text, int64_t *ret_ms, struct err *);

/* Years outside 0001-9999 are held at the nearest end. */
enum { TIME_ISO_BYTES = 25 };

/* "2019-01-01T00:46:40.000Z", NUL terminated. */
void time_format_iso(int64_t ms, char text[static TIME_ISO_BYTES]);

/* The reverse of time_parse: writes ms in the same style (a JSON string with quotes or a number is
 * the caller's matter: *ret_is_string says which the style wants; TIME_AUTO is ISO). */
int time_append(
    struct buf *, const struct time_format *, int64_t ms, bool *ret_is_string, struct err *);

/* strftime(3) in UTC and the C locale; ERR_DATA where the result passes 64 KiB. */
int time_append_strftime(struct buf *, const char *pattern, int64_t ms, struct err *);

struct time_civil {
	int year, month, day, hour, minute, second, millisecond; /* month and day from 1 */
};

void time_to_civil(int64_t ms, struct time_civil *ret);

#endif
