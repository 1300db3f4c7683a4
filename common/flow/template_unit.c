/* SPDX-License-Identifier: MIT */
/* Which part of the event time a template resolves to. */
#include <string.h>

#include "codec/time.h"
#include "flow/template_parts.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* strftime(3), of glibc; what is not here says nothing of the time (%%, %n, %t, %Z, %z: it is UTC). Half a day (%p) is
 * no unit: an hour. */
static enum template_unit
unit_of_conversion(char conversion)
{
	static const struct {
		const char *conversions;
		enum template_unit unit;
	} units[] = {
		{ "ScrsTX+", TEMPLATE_SECOND },
		{ "MR", TEMPLATE_MINUTE },
		{ "HIklpP", TEMPLATE_HOUR },
		{ "deajADFuwx", TEMPLATE_DAY },
		{ "UVW", TEMPLATE_WEEK },
		{ "mbBh", TEMPLATE_MONTH },
		{ "CyYgG", TEMPLATE_YEAR },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (conversion && strchr(units[i].conversions, conversion))
			return units[i].unit;
	}
	return TEMPLATE_NO_TIME;
}

static enum template_unit
smaller(enum template_unit a, enum template_unit b)
{
	if (a == TEMPLATE_NO_TIME || b == TEMPLATE_NO_TIME)
		return a > b ? a : b;
	return a < b ? a : b;
}

/* Flags, a width, E and O stand between the '%' and the letter. */
static enum template_unit
unit_of_pattern(const char *pattern)
{
	enum template_unit unit = TEMPLATE_NO_TIME;

	for (const char *at = pattern; (at = strchr(at, '%')) != NULL;) {
		at++;
		at += strspn(at, "_-0^#123456789EO");
		unit = smaller(unit, unit_of_conversion(*at));
		if (*at)
			at++;
	}
	return unit;
}

static enum template_unit
unit_of_part(const struct part *part)
{
	switch (part->kind) {
	case PART_YEAR:
		return TEMPLATE_YEAR;
	case PART_MONTH:
		return TEMPLATE_MONTH;
	case PART_DAY:
		return TEMPLATE_DAY;
	case PART_HOUR:
		return TEMPLATE_HOUR;
	case PART_MINUTE:
		return TEMPLATE_MINUTE;
	case PART_STRFTIME:
		return unit_of_pattern(part->pattern);
	case PART_LITERAL:
	case PART_FIELD:
	case PART_TOPIC:
	case PART_PARTITION:
	case PART_OFFSET:
	case PART_KEY:
	case PART_KEY_FIELD:
	case PART_HEADER:
		break;
	}
	return TEMPLATE_NO_TIME;
}

enum template_unit
template_unit(const struct template *t)
{
	enum template_unit unit = TEMPLATE_NO_TIME;

	for (size_t i = 0; i < t->part_count; i++)
		unit = smaller(unit, unit_of_part(&t->parts[i]));
	return unit;
}

/* Towards the past. */
static int64_t
floor_to(int64_t time_ms, int64_t unit_ms)
{
	int64_t over = time_ms % unit_ms;

	return time_ms - over - (over < 0 ? unit_ms : 0);
}

static int64_t
month_end(int64_t time_ms)
{
	struct time_civil civil;
	int64_t day_ms = floor_to(time_ms, DAY_MS);

	time_to_civil(day_ms, &civil);
	day_ms += (32 - civil.day) * DAY_MS; /* the first to the fourth of the next */
	time_to_civil(day_ms, &civil);
	return day_ms - (civil.day - 1) * DAY_MS;
}

static int64_t
year_end(int64_t time_ms)
{
	struct time_civil civil;

	do {
		time_ms = month_end(time_ms);
		time_to_civil(time_ms, &civil);
	} while (civil.month != 1);
	return time_ms;
}

int64_t
template_unit_end(enum template_unit unit, int64_t time_ms)
{
	/* records say what they like */
	if (time_ms > INT64_MAX - 400 * DAY_MS)
		return INT64_MAX;
	if (time_ms < INT64_MIN + DAY_MS)
		time_ms = INT64_MIN + DAY_MS;
	switch (unit) {
	case TEMPLATE_NO_TIME:
		break;
	case TEMPLATE_SECOND:
		return floor_to(time_ms, SECOND_MS) + SECOND_MS;
	case TEMPLATE_MINUTE:
		return floor_to(time_ms, MINUTE_MS) + MINUTE_MS;
	case TEMPLATE_HOUR:
		return floor_to(time_ms, HOUR_MS) + HOUR_MS;
	case TEMPLATE_DAY:
		return floor_to(time_ms, DAY_MS) + DAY_MS;
	case TEMPLATE_WEEK:
		return floor_to(time_ms, DAY_MS) + 7 * DAY_MS;
	case TEMPLATE_MONTH:
		return month_end(time_ms);
	case TEMPLATE_YEAR:
		return year_end(time_ms);
	}
	return INT64_MAX;
}
