/* SPDX-License-Identifier: MIT */
/* The line a second on standard error: how far the replay is, how fast, how far behind. */
#ifndef SLUICE_S3_TO_KAFKA_PROGRESS_H
#define SLUICE_S3_TO_KAFKA_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

enum { PROGRESS_US = 1000 * 1000 };

struct progress {
	int64_t due_us; /* monotonic: when to say the next one */
	int64_t sent;   /* when the last one was said */
};

/* What it says; event_ms RECORD_NO_TIME: no event time. */
struct progress_facts {
	int64_t sent;
	int64_t event_ms;
	int64_t behind_us;
};

void progress_begin(struct progress *, int64_t now_us);

static inline bool
progress_is_due(const struct progress *p, int64_t now_us)
{
	return now_us >= p->due_us;
}

/* Makes the next one due in a second; is_quiet: and no more. */
void progress_say(struct progress *, const struct source *, const struct progress_facts *,
    int64_t now_us, bool is_quiet);

#endif
