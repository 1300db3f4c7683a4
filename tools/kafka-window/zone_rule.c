/* SPDX-License-Identifier: MIT */
#include "kafka-window/zone_rule.h"

enum { DAY_S = 24 * 60 * 60, HOUR_S = 60 * 60 };

/* ---- parsing ---- */

static bool
take_char(struct slice *text, char c)
{
	if (!text->len || text->data[0] != c)
		return false;
	*text = slice_skip(*text, 1);
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
take_number(struct slice *text, int most, int *ret)
{
	int value = 0;

	if (!text->len || !is_digit(text->data[0]))
		return false;
	for (; text->len && is_digit(text->data[0]); *text = slice_skip(*text, 1)) {
		value = value * 10 + (text->data[0] - '0');
		if (value > most)
			return false;
	}
	*ret = value;
	return true;
}

/* CET or <+01> */
static bool
take_name(struct slice *text)
{
	size_t len = 0;

	if (take_char(text, '<')) {
		while (len < text->len && text->data[len] != '>')
			len++;
		*text = slice_skip(*text, len);
		return take_char(text, '>');
	}
	while (len < text->len && ((text->data[len] | 0x20) >= 'a' && (text->data[len] | 0x20) <= 'z'))
		len++;
	*text = slice_skip(*text, len);
	return len >= 3;
}

/* [+-]hh[:mm[:ss]]; RFC 9636, section 3.3.2: up to 167 hours. */
static bool
take_time(struct slice *text, int64_t *ret_s)
{
	bool is_negative = take_char(text, '-');
	int hours, minutes = 0, seconds = 0;

	if (!is_negative)
		(void)take_char(text, '+');
	if (!take_number(text, 167, &hours))
		return false;
	if (take_char(text, ':') && !take_number(text, 59, &minutes))
		return false;
	if (take_char(text, ':') && !take_number(text, 59, &seconds))
		return false;
	*ret_s = (int64_t)hours * HOUR_S + minutes * 60 + seconds;
	if (is_negative)
		*ret_s = -*ret_s;
	return true;
}

/* Mm.w.d or Jn or n, then [/time], 02:00 where there is none. */
static bool
take_day(struct slice *text, struct zone_rule_day *ret)
{
	ret->time_s = 2 * HOUR_S;
	if (!take_char(text, ','))
		return false;
	if (take_char(text, 'M')) {
		ret->form = 'M';
		if (!take_number(text, 12, &ret->month) || !take_char(text, '.') ||
		    !take_number(text, 5, &ret->week) || !take_char(text, '.') ||
		    !take_number(text, 6, &ret->day) || !ret->month || !ret->week)
			return false;
	} else {
		ret->form = take_char(text, 'J') ? 'J' : 'n';
		if (!take_number(text, 365, &ret->day))
			return false;
	}
	return !take_char(text, '/') || take_time(text, &ret->time_s);
}

bool
zone_rule_parse(struct slice text, struct zone_rule *ret)
{
	int64_t west_s;

	*ret = (struct zone_rule){ .has_summer = false };
	if (!take_name(&text) || !take_time(&text, &west_s))
		return false;
	ret->standard_s = -west_s;
	if (!text.len)
		return true;
	ret->has_summer = true;
	ret->summer_s = ret->standard_s + HOUR_S;
	if (!take_name(&text))
		return false;
	if (text.len && text.data[0] != ',') {
		if (!take_time(&text, &west_s))
			return false;
		ret->summer_s = -west_s;
	}
	return take_day(&text, &ret->begin) && take_day(&text, &ret->end) && !text.len;
}

/* ---- years ---- */

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from the epoch to the first of January; years from 1601 on. */
static int64_t
days_before_year(int year)
{
	int64_t y = year - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

static int
days_before_month(int year, int month)
{
	static const int days[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

	return days[month - 1] + (month > 2 && is_leap(year));
}

/* The day of the year, from 0. */
static int
day_of_month_rule(const struct zone_rule_day *d, int year)
{
	int first = days_before_month(year, d->month);
	int length = days_before_month(year, d->month + 1) - first;
	/* 1970-01-01 was a Thursday, day 4 of a week that begins on Sunday */
	int weekday = (int)((days_before_year(year) + first + 4) % 7);
	int day;

	if (weekday < 0)
		weekday += 7;
	day = (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
	while (day >= length)
		day -= 7;
	return first + day;
}

static int64_t
instant(const struct zone_rule_day *d, int year, int64_t offset_s)
{
	int day = d->day;

	if (d->form == 'M')
		day = day_of_month_rule(d, year);
	else if (d->form == 'J')
		day = d->day - 1 + (d->day >= 60 && is_leap(year));
	return (days_before_year(year) + day) * DAY_S + d->time_s - offset_s;
}

void
zone_rule_year(const struct zone_rule *rule, int year, int64_t *ret_begin, int64_t *ret_end)
{
	*ret_begin = instant(&rule->begin, year, rule->standard_s);
	*ret_end = instant(&rule->end, year, rule->summer_s);
}
