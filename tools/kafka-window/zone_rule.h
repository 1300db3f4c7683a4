/* SPDX-License-Identifier: MIT */
/* The rule of a zone for years to come: the TZ string in the footer of its file (RFC 9636, section
 * 3.3; POSIX.1-2017, Base Definitions, 8.3). */
#ifndef SLUICE_KAFKA_WINDOW_ZONE_RULE_H
#define SLUICE_KAFKA_WINDOW_ZONE_RULE_H

#include "base/slice.h"

/* A day of each year and a time of that day. */
struct zone_rule_day {
	char form; /* 'M': day of a week of a month; 'J': 1 to 365, no leap days; 'n': 0 to 365 */
	int month, week, day;
	int64_t time_s;
};

struct zone_rule {
	int64_t standard_s; /* ahead of UTC */
	int64_t summer_s;
	bool has_summer;
	struct zone_rule_day begin; /* of summer time, in standard time */
	struct zone_rule_day end;   /* of summer time, in summer time */
};

/* False where it is not well-formed. */
bool zone_rule_parse(struct slice text, struct zone_rule *ret);

/* The instants of a year in which summer time begins and ends, s since the epoch. */
void zone_rule_year(const struct zone_rule *, int year, int64_t *ret_begin, int64_t *ret_end);

#endif
