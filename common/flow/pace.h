/* SPDX-License-Identifier: MIT */
/*
 * How fast a service is asked: how many requests at once, how large, and when again after a
 * failure. Pure.
 *
 * Throttling halves the requests in flight and takes a quarter off their size, down to one of one
 * record, once for all that were out when it showed; each success adds a request per round
 * (additive increase, multiplicative decrease: Chiu and Jain, "Analysis of the Increase and Decrease
 * Algorithms", 1989) and a sixteenth of the size.
 */
#ifndef SLUICE_FLOW_PACE_H
#define SLUICE_FLOW_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	size_t connections_max;
	size_t batch_max;
	uint64_t random;
	/* the rest is set by pace_start */
	size_t connections_milli; /* in thousandths */
	size_t batch;
	int64_t request; /* number of the last one that went out */
	int64_t slowed;  /* the last one that was out when throttling was answered */
};

void pace_start(struct pace *);

size_t pace_connections(const struct pace *);
size_t pace_batch(const struct pace *);

/* A request goes out; its number is told with its fate. */
int64_t pace_send(struct pace *);
void pace_throttled(struct pace *, int64_t request);
void pace_succeeded(struct pace *);

/*
 * How long to wait after so many failures in a row, from 1: full jitter below a bound that doubles
 * to 20 s, as io/http does (AWS Architecture Blog, "Exponential Backoff And Jitter"), never sooner
 * than retry_after_ms.
 */
int64_t pace_delay_ms(struct pace *, unsigned failures, bool is_throttled, int64_t retry_after_ms);

#endif
