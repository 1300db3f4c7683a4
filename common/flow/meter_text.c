/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/time.h"
#include "flow/meter.h"

enum { PART_BYTES = 48 };

/* In the order in which they are said. */
enum part {
	RECORDS,
	BYTES,
	RECORD_RATE,
	BYTE_RATE,
	PERCENT,
	LAG,
	LEFT,
	EVENT_TIME,
	BEHIND,
	OPEN,
	REJECTED,
	ELAPSED,
	PART_COUNT,
};

/* What is worth more: taken in this order while there is room. */
static const enum part by_worth[PART_COUNT] = { RECORDS, RECORD_RATE, PERCENT, LAG, LEFT, EVENT_TIME, BEHIND,
	REJECTED, BYTE_RATE, BYTES, ELAPSED, OPEN };

/* Short enough for a table: 1.2 GiB. Powers of 1024, as sizes on the command line. */
static void
put_bytes(double bytes, const char *behind, char ret[static PART_BYTES])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;

	while (bytes >= 1023.95 && unit + 1 < sizeof(units) / sizeof(*units)) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(ret, PART_BYTES, unit ? "%.1f %s%s" : "%.0f %s%s", bytes, units[unit], behind);
}

/* Two units at most: 45s, 4m10s, 3h05m, 2d07h. */
static void
put_duration(int64_t ms, const char *behind, char ret[static PART_BYTES])
{
	long long s = (long long)(ms / 1000);

	if (s < 60)
		(void)snprintf(ret, PART_BYTES, "%llds%s", s, behind);
	else if (s < 3600)
		(void)snprintf(ret, PART_BYTES, "%lldm%02llds%s", s / 60, s % 60, behind);
	else if (s < 86400)
		(void)snprintf(ret, PART_BYTES, "%lldh%02lldm%s", s / 3600, s / 60 % 60, behind);
	else
		(void)snprintf(ret, PART_BYTES, "%lldd%02lldh%s", s / 86400, s / 3600 % 24, behind);
}

static void
put_counts(const struct meter_reading *r, char parts[static PART_COUNT][PART_BYTES])
{
	const struct meter_numbers *n = &r->numbers;

	(void)snprintf(parts[RECORDS], PART_BYTES, "%lld record%s", (long long)n->records,
	    n->records == 1 ? "" : "s");
	if (n->bytes >= 0)
		put_bytes((double)n->bytes, "", parts[BYTES]);
	if (n->open > 0)
		(void)snprintf(parts[OPEN], PART_BYTES, "%lld open", (long long)n->open);
	if (n->rejected > 0)
		(void)snprintf(parts[REJECTED], PART_BYTES, "%lld rejected", (long long)n->rejected);
	if (n->lag >= 0 && r->percent < 0)
		(void)snprintf(parts[LAG], PART_BYTES, "lag %lld", (long long)n->lag);
}

static void
put_speeds(const struct meter_reading *r, char parts[static PART_COUNT][PART_BYTES])
{
	if (r->record_rate >= 0)
		(void)snprintf(parts[RECORD_RATE], PART_BYTES,
		    r->record_rate > 0 && r->record_rate < 9.95 ? "%.1f/s" : "%.0f/s",
		    r->record_rate);
	if (r->byte_rate >= 0)
		put_bytes(r->byte_rate, "/s", parts[BYTE_RATE]);
	/* not 100 before it is */
	if (r->percent >= 0)
		(void)snprintf(parts[PERCENT], PART_BYTES, "%d%%", (int)r->percent);
}

static void
put_times(const struct meter_reading *r, char parts[static PART_COUNT][PART_BYTES])
{
	const struct meter_numbers *n = &r->numbers;
	char when[TIME_ISO_BYTES];

	if (r->left_ms >= 0)
		put_duration(r->left_ms, " left", parts[LEFT]);
	if (n->event_ms != RECORD_NO_TIME) {
		time_format_iso(n->event_ms, when);
		(void)snprintf(parts[EVENT_TIME], PART_BYTES, "event time %s", when);
	}
	if (n->behind_ms >= 0)
		(void)snprintf(parts[BEHIND], PART_BYTES, "%.1f s behind", (double)n->behind_ms / 1000);
	/* numbers are a little old: to the nearest second, so that each drawing counts one more */
	put_duration(r->elapsed_ms + 500, " elapsed", parts[ELAPSED]);
}

static void
join(char parts[static PART_COUNT][PART_BYTES], const bool is_in[static PART_COUNT],
    char ret[static METER_TEXT_BYTES])
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (is_in[i])
			len += (size_t)snprintf(ret + len, METER_TEXT_BYTES - len, "%s%s",
			    len ? ", " : "", parts[i]);
	}
}

void
meter_text(const struct meter_reading *r, size_t width, char ret[static METER_TEXT_BYTES])
{
	char parts[PART_COUNT][PART_BYTES] = { "" };
	bool is_in[PART_COUNT] = { false };
	size_t len = 0;

	_Static_assert(PART_COUNT * (PART_BYTES + 2) <= METER_TEXT_BYTES, "all parts have room");
	if (!width || width >= METER_TEXT_BYTES)
		width = METER_TEXT_BYTES - 1;
	put_counts(r, parts);
	put_speeds(r, parts);
	put_times(r, parts);
	for (size_t i = 0; i < PART_COUNT; i++) {
		size_t more = strlen(parts[by_worth[i]]) + (len ? 2 : 0);

		if (!*parts[by_worth[i]] || len + more > width)
			continue;
		is_in[by_worth[i]] = true;
		len += more;
	}
	join(parts, is_in, ret);
}

/* ---- JSON ---- */

struct out {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct out *out, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out->text + out->len, METER_JSON_BYTES - out->len, format, args);
	va_end(args);
	out->len += (size_t)(len < 0 ? 0 : len);
}

static void
put_int(struct out *out, const char *name, int64_t value)
{
	if (value >= 0)
		put(out, ",\"%s\":%lld", name, (long long)value);
}

static void
put_decimal(struct out *out, const char *name, double value)
{
	if (value >= 0)
		put(out, ",\"%s\":%.1f", name, value);
}

void
meter_json(const struct meter_reading *r, char ret[static METER_JSON_BYTES])
{
	const struct meter_numbers *n = &r->numbers;
	struct out out = { .text = ret };
	char when[TIME_ISO_BYTES];

	put(&out, "\"records\":%lld", (long long)n->records);
	put_int(&out, "bytes", n->bytes);
	put_decimal(&out, "seconds", (double)r->elapsed_ms / 1000);
	put_decimal(&out, "records_per_second", r->record_rate);
	put_decimal(&out, "bytes_per_second", r->byte_rate);
	put_int(&out, "open", n->open);
	put_int(&out, "rejected", n->rejected);
	put_int(&out, "lag", n->lag);
	/* not 100 before it is, as in words */
	if (r->percent >= 0)
		put_decimal(&out, "percent", (double)(int)(r->percent * 10) / 10);
	if (r->left_ms >= 0)
		put_decimal(&out, "seconds_left", (double)r->left_ms / 1000);
	if (n->event_ms != RECORD_NO_TIME) {
		time_format_iso(n->event_ms, when);
		put(&out, ",\"event_time\":\"%s\"", when);
	}
	if (n->behind_ms >= 0)
		put_decimal(&out, "seconds_behind", (double)n->behind_ms / 1000);
}
