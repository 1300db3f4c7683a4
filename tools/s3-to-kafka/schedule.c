/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/schedule.h"

void
schedule_init(struct schedule *s, double speedup, double rate)
{
	*s = (struct schedule){ .speedup = speedup, .rate = rate };
}

void
schedule_restart(struct schedule *s)
{
	s->has_begun = false;
}

static int64_t
add_offset(int64_t start_us, double offset_us)
{
	if (offset_us >= (double)(INT64_MAX / 2 - start_us))
		return INT64_MAX / 2;
	return start_us + (int64_t)offset_us;
}

int64_t
schedule_due_us(struct schedule *s, int64_t event_ms, int64_t now_mono_us)
{
	double event_us;

	if (!s->has_begun) {
		s->has_begun = true;
		s->event_start_ms = event_ms;
		s->mono_start_us = now_mono_us;
		s->count = 0;
	}
	if (s->rate > 0)
		return add_offset(s->mono_start_us, (double)s->count++ * 1e6 / s->rate);
	if (s->speedup <= 0 || event_ms <= s->event_start_ms)
		return now_mono_us;
	event_us = ((double)event_ms - (double)s->event_start_ms) * 1000.0;
	return add_offset(s->mono_start_us, event_us / s->speedup);
}
