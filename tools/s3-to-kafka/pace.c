/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/pace.h"

void
pace_init(struct pace *p, double speedup)
{
	*p = (struct pace){ .speedup = speedup };
}

int64_t
pace_due_us(struct pace *p, int64_t event_ms, int64_t now_mono_us)
{
	double offset_us;

	if (!p->has_begun) {
		p->has_begun = true;
		p->event_start_ms = event_ms;
		p->mono_start_us = now_mono_us;
	}
	if (p->speedup <= 0 || event_ms <= p->event_start_ms)
		return now_mono_us;
	offset_us = ((double)event_ms - (double)p->event_start_ms) * 1000.0 / p->speedup;
	if (offset_us >= (double)(INT64_MAX / 2 - p->mono_start_us))
		return INT64_MAX / 2;
	return p->mono_start_us + (int64_t)offset_us;
}
