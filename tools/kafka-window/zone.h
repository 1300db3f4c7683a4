/* SPDX-License-Identifier: MIT */
/*
 * Time zones: how far local time is ahead of UTC, and since when. Read from the system's TZif files
 * (RFC 9636), so that no state of the process (TZ, tzset) takes part.
 */
#ifndef SLUICE_KAFKA_WINDOW_ZONE_H
#define SLUICE_KAFKA_WINDOW_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* Rules for years to come are worked out up to here; then the last offset stays. */
	ZONE_YEAR_MOST = 2200,
};

/* A time during which local time runs on without a jump. */
struct zone_era {
	int64_t from_ms;   /* INT64_MIN: since ever */
	int64_t until_ms;  /* excluded; INT64_MAX: for ever */
	int64_t offset_ms; /* local time is UTC and this */
	int64_t before_ms; /* the offset up to from_ms; where there is none, offset_ms */
};

struct zone;

/* "Europe/Zurich": a file below $TZDIR or /usr/share/zoneinfo. ERR_USAGE where there is none, or it
 * is no time zone, or counts leap seconds. */
struct zone *zone_open(const char *name, struct err *);
void zone_free(struct zone *);

/* Borrowed. */
const char *zone_name(const struct zone *);

void zone_era_at(const struct zone *, int64_t time_ms, struct zone_era *ret);

#endif
