/* SPDX-License-Identifier: MIT */
/* Windows of local time, and what they share with those of UTC, for assign.c only; the rule is in
 * assign.h. */
#ifndef SLUICE_KAFKA_WINDOW_ASSIGN_ZONE_H
#define SLUICE_KAFKA_WINDOW_ASSIGN_ZONE_H

#include "kafka-window/assign.h"

/* The last bound of a period at or before a time, both of the same clock. */
static inline int64_t
assign_round_down(const struct assigner *a, int64_t time_ms, int64_t period_ms)
{
	int64_t rest = (time_ms - a->align_ms) % period_ms;

	return time_ms - (rest < 0 ? rest + period_ms : rest);
}

/* Panes end at each jump of local time, too. */
void assign_zone_pane(const struct assigner *, int64_t time_ms, struct span *ret);
int64_t assign_zone_last_end(const struct assigner *, struct span pane);

/* The first window that holds the pane and ends at or after a time, where there is one. */
void assign_zone_first(
    const struct assigner *, struct span pane, int64_t end_ms, struct span *ret);
void assign_zone_next(const struct assigner *, struct span *window);

#endif
