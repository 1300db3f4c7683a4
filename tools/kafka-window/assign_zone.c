/* SPDX-License-Identifier: MIT */
#include "kafka-window/assign_zone.h"

/* Where a window begins: at the instant its local time is reached, or would have been. */
struct bound {
	int64_t at_ms;
	int64_t local_ms;
};

/* True where windows run on over a jump of the clocks. */
static bool
runs_on(const struct assigner *a, int64_t shift_ms)
{
	return shift_ms % a->size_ms == 0 && shift_ms % a->step_ms == 0;
}

/* The last bound of a period at or before an instant. */
static struct bound
last_bound(const struct assigner *a, int64_t time_ms, int64_t period_ms)
{
	struct zone_era era;
	struct bound b;

	for (;; time_ms = era.from_ms - 1) {
		int64_t shift_ms, reached_ms; /* by local time before this era */

		zone_era_at(a->zone, time_ms, &era);
		b.local_ms = assign_round_down(a, time_ms + era.offset_ms, period_ms);
		b.at_ms = b.local_ms - era.offset_ms;
		if (era.from_ms == INT64_MIN)
			return b;
		shift_ms = era.offset_ms - era.before_ms;
		reached_ms = era.from_ms + era.before_ms;
		if (b.at_ms >= era.from_ms && (runs_on(a, shift_ms) || b.local_ms >= reached_ms))
			return b;
		/* it would have been in the time left out */
		if (!runs_on(a, shift_ms) && shift_ms > 0 && b.local_ms >= reached_ms) {
			b.at_ms = era.from_ms;
			return b;
		}
	}
}

/* Where local time is so much further than at a bound. */
static int64_t
end_of(const struct assigner *a, struct bound b, int64_t length_ms)
{
	int64_t local_ms = b.local_ms + length_ms, at_ms, shift_ms;
	struct zone_era era, next;

	zone_era_at(a->zone, b.at_ms, &era);
	for (;; era = next) {
		at_ms = local_ms - era.offset_ms;
		if (at_ms < era.from_ms)
			return era.from_ms; /* it is left out */
		if (at_ms < era.until_ms)
			return at_ms;
		zone_era_at(a->zone, era.until_ms, &next);
		shift_ms = next.offset_ms - era.offset_ms;
		/* where clocks go back their time is not reached before they did */
		if (at_ms == era.until_ms && (shift_ms > 0 || runs_on(a, shift_ms)))
			return at_ms;
		if (runs_on(a, shift_ms))
			local_ms += shift_ms;
	}
}

static struct span
window_at(const struct assigner *a, struct bound start)
{
	return (struct span){ start.at_ms, end_of(a, start, a->size_ms) };
}

/* The first bound after an instant. */
static int64_t
next_bound(const struct assigner *a, int64_t time_ms, int64_t period_ms)
{
	return end_of(a, last_bound(a, time_ms, period_ms), period_ms);
}

void
assign_zone_pane(const struct assigner *a, int64_t time_ms, struct span *ret)
{
	struct zone_era era;

	zone_era_at(a->zone, time_ms, &era);
	ret->start_ms = assign_round_down(a, time_ms + era.offset_ms, a->pane_ms) - era.offset_ms;
	ret->end_ms = ret->start_ms + a->pane_ms;
	if (ret->start_ms < era.from_ms)
		ret->start_ms = era.from_ms;
	if (ret->end_ms > era.until_ms)
		ret->end_ms = era.until_ms;
}

int64_t
assign_zone_last_end(const struct assigner *a, struct span pane)
{
	int64_t period_ms = a->kind == ASSIGN_CUMULATE ? a->size_ms : a->step_ms;
	struct span last = window_at(a, last_bound(a, pane.start_ms, period_ms));

	return last.end_ms < pane.end_ms ? ASSIGN_NO_WINDOW : last.end_ms;
}

static void
first_step(const struct assigner *a, struct span pane, int64_t end_ms, struct span *ret)
{
	int64_t step_ms = next_bound(a, end_ms - 1, a->step_ms);

	*ret = window_at(a, last_bound(a, pane.start_ms, a->size_ms));
	if (step_ms < ret->end_ms)
		ret->end_ms = step_ms;
}

void
assign_zone_first(const struct assigner *a, struct span pane, int64_t end_ms, struct span *ret)
{
	struct span before;

	if (a->kind == ASSIGN_CUMULATE) {
		first_step(a, pane, end_ms, ret);
		return;
	}
	if (a->size_ms <= a->step_ms) { /* there is one only */
		*ret = window_at(a, last_bound(a, pane.start_ms, a->step_ms));
		return;
	}
	/* a guess, which is right but for jumps of the clocks */
	*ret = window_at(a, last_bound(a, end_ms - a->size_ms, a->step_ms));
	while (ret->end_ms < end_ms)
		assign_zone_next(a, ret);
	for (;; *ret = before) {
		before = window_at(a, last_bound(a, ret->start_ms - 1, a->step_ms));
		if (before.end_ms < end_ms)
			return;
	}
}

void
assign_zone_next(const struct assigner *a, struct span *window)
{
	struct bound start;
	int64_t end_ms;

	if (a->kind != ASSIGN_CUMULATE) {
		/* one that is shorter than the time left out may be all in it */
		do {
			start = last_bound(
			    a, next_bound(a, window->start_ms, a->step_ms), a->step_ms);
			*window = window_at(a, start);
		} while (window->end_ms == window->start_ms);
		return;
	}
	start = last_bound(a, window->start_ms, a->size_ms);
	end_ms = end_of(a, start, a->size_ms);
	if (window->end_ms == end_ms)
		window->start_ms = end_ms;
	window->end_ms = next_bound(a, window->end_ms, a->step_ms);
	end_ms = next_bound(a, window->start_ms, a->size_ms);
	if (window->end_ms > end_ms)
		window->end_ms = end_ms;
}
