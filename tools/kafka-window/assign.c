/* SPDX-License-Identifier: MIT */
#include "kafka-window/assign.h"

#include "kafka-window/assign_zone.h"

static int64_t
greatest_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

int
assigner_prepare(struct assigner *a, struct err *err)
{
	if (a->kind == ASSIGN_TUMBLE || a->kind == ASSIGN_SESSION)
		a->step_ms = a->size_ms;
	if (a->size_ms <= 0 || a->step_ms <= 0)
		return err_set(err, ERR_USAGE, "a size and a step of windows are above 0");
	if (a->kind == ASSIGN_CUMULATE && a->size_ms % a->step_ms)
		return err_set(err, ERR_USAGE,
		    "the step of a cumulation must divide its size: %lld ms, %lld ms",
		    (long long)a->size_ms, (long long)a->step_ms);
	a->align_ms %= a->kind == ASSIGN_HOP ? a->step_ms : a->size_ms;
	a->pane_ms = greatest_divisor(a->size_ms, a->step_ms);
	if (a->size_ms / a->pane_ms > ASSIGN_PANES_MAX)
		return err_set(err, ERR_USAGE,
		    "windows of %lld ms by %lld ms have %lld panes each, more than %d",
		    (long long)a->size_ms, (long long)a->step_ms,
		    (long long)(a->size_ms / a->pane_ms), ASSIGN_PANES_MAX);
	return 0;
}

/* ---- UTC ---- */

/* The first one at or after it. */
static int64_t
round_up(const struct assigner *a, int64_t time_ms, int64_t period_ms)
{
	return assign_round_down(a, time_ms + period_ms - 1, period_ms);
}

bool
assigner_pane(const struct assigner *a, int64_t time_ms, struct span *ret)
{
	if (time_ms > ASSIGN_TIME_MS_MOST || time_ms < -ASSIGN_TIME_MS_MOST)
		return false;
	if (a->zone) {
		assign_zone_pane(a, time_ms, ret);
		return true;
	}
	ret->start_ms = assign_round_down(a, time_ms, a->pane_ms);
	ret->end_ms = ret->start_ms + a->pane_ms;
	return true;
}

int64_t
assigner_last_end(const struct assigner *a, struct span pane)
{
	int64_t start_ms;

	if (a->zone)
		return assign_zone_last_end(a, pane);
	if (a->kind == ASSIGN_TUMBLE)
		return pane.end_ms;
	start_ms = assign_round_down(
	    a, pane.start_ms, a->kind == ASSIGN_HOP ? a->step_ms : a->size_ms);
	if (start_ms + a->size_ms < pane.end_ms)
		return ASSIGN_NO_WINDOW;
	return start_ms + a->size_ms;
}

bool
assigner_first(const struct assigner *a, struct span pane, int64_t after_ms, struct span *ret)
{
	int64_t end_ms = pane.end_ms > after_ms ? pane.end_ms : after_ms + 1;

	if (assigner_last_end(a, pane) <= after_ms)
		return false;
	if (a->zone) {
		assign_zone_first(a, pane, end_ms, ret);
	} else if (a->kind == ASSIGN_CUMULATE) {
		ret->start_ms = assign_round_down(a, pane.start_ms, a->size_ms);
		ret->end_ms = round_up(a, end_ms, a->step_ms);
	} else {
		ret->start_ms = round_up(a, end_ms - a->size_ms, a->step_ms);
		ret->end_ms = ret->start_ms + a->size_ms;
	}
	return true;
}

void
assigner_next(const struct assigner *a, struct span *window)
{
	if (a->zone) {
		assign_zone_next(a, window);
		return;
	}
	window->end_ms += a->step_ms;
	if (a->kind != ASSIGN_CUMULATE)
		window->start_ms += a->step_ms;
	else if (window->end_ms - window->start_ms > a->size_ms)
		window->start_ms += a->size_ms;
}

/* ---- both ---- */

bool
assigner_knows(const struct assigner *a, struct span span)
{
	struct span pane, window;

	if (a->kind == ASSIGN_SESSION)
		return span.start_ms >= -ASSIGN_TIME_MS_MOST &&
		       span.end_ms <= 2 * ASSIGN_TIME_MS_MOST &&
		       span.end_ms - span.start_ms >= a->size_ms;
	if (!assigner_pane(a, span.start_ms, &pane) || pane.start_ms != span.start_ms)
		return false;
	if (span_equal(pane, span))
		return true;
	return a->kind == ASSIGN_CUMULATE && span.end_ms > span.start_ms &&
	       assigner_last_end(a, pane) >= span.end_ms &&
	       assigner_first(a, span, span.end_ms - 1, &window) && span_equal(window, span);
}

int
assigner_append(struct buf *out, const struct assigner *a, struct err *err)
{
	static const char *const names[] = {
		[ASSIGN_TUMBLE] = "tumble",
		[ASSIGN_HOP] = "hop",
		[ASSIGN_CUMULATE] = "cumulate",
		[ASSIGN_SESSION] = "session",
	};

	if (buf_appendf(out, err, "%s:%lld", names[a->kind], (long long)a->size_ms))
		return -1;
	if ((a->kind == ASSIGN_HOP || a->kind == ASSIGN_CUMULATE) &&
	    buf_appendf(out, err, ":%lld", (long long)a->step_ms))
		return -1;
	if (a->align_ms && buf_appendf(out, err, "+%lld", (long long)a->align_ms))
		return -1;
	return a->zone ? buf_appendf(out, err, "@%s", zone_name(a->zone)) : 0;
}
