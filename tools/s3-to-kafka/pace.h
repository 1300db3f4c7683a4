/* SPDX-License-Identifier: MIT */
/*
 * When a record is due: event time mapped to monotonic time, sped up. Pure: the caller passes the
 * time and sleeps. Behind schedule nothing is skipped; the schedule stays where it is, so that
 * records go out without sleeping until it has been caught up with.
 */
#ifndef SLUICE_S3_TO_KAFKA_PACE_H
#define SLUICE_S3_TO_KAFKA_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	double speedup; /* event ms per ms; 0: no pacing */
	bool has_begun;
	int64_t event_start_ms;
	int64_t mono_start_us;
};

void pace_init(struct pace *, double speedup);

/* When an event of this time is due, monotonic us. The first call sets the origin: it is due now.
 * Never beyond INT64_MAX / 2. */
int64_t pace_due_us(struct pace *, int64_t event_ms, int64_t now_mono_us);

#endif
