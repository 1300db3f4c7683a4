/* SPDX-License-Identifier: MIT */
/*
 * When a record is due: by its event time, sped up, or at an even rate. Pure: the caller passes the
 * time and sleeps. Behind schedule nothing is skipped; the schedule stays where it is, so that
 * records go out without sleeping until it has been caught up with.
 */
#ifndef SLUICE_S3_TO_KAFKA_SCHEDULE_H
#define SLUICE_S3_TO_KAFKA_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
	double speedup; /* event ms per ms; 0: not by event time */
	double rate;    /* records a second; 0: not by a rate */
	bool has_begun;
	int64_t event_start_ms;
	int64_t mono_start_us;
	int64_t count; /* given a time since the start */
};

/* One of the two at most is above 0; with neither every record is due at once. */
void schedule_init(struct schedule *, double speedup, double rate);

/* The next record starts it anew. */
void schedule_restart(struct schedule *);

static inline bool
schedule_is_paced(const struct schedule *s)
{
	return s->speedup > 0 || s->rate > 0;
}

/* When the next record, of this event time, is due, monotonic us. The first sets the origin: it is
 * due now. Never beyond INT64_MAX / 2. event_ms does not count for a rate. */
int64_t schedule_due_us(struct schedule *, int64_t event_ms, int64_t now_mono_us);

/* Which event times are replayed: from <= t < until. */
struct schedule_span {
	bool has_from, has_until;
	int64_t from_ms, until_ms;
};

enum schedule_verdict {
	SCHEDULE_BEFORE,
	SCHEDULE_WITHIN,
	SCHEDULE_BEHIND,
};

static inline enum schedule_verdict
schedule_judge(const struct schedule_span *span, int64_t event_ms)
{
	if (span->has_from && event_ms < span->from_ms)
		return SCHEDULE_BEFORE;
	return span->has_until && event_ms >= span->until_ms ? SCHEDULE_BEHIND : SCHEDULE_WITHIN;
}

#endif
