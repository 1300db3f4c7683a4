/* SPDX-License-Identifier: MIT */
/*
 * What has been sent and is not acknowledged yet, in the order of sending. Pure.
 *
 * Sending order is not the order of the input, so what is sent has numbers of its own, from 0; the
 * place in the input is kept beside. Memory is one entry for each record from the first that is
 * not acknowledged on.
 */
#ifndef SLUICE_S3_TO_KAFKA_FLIGHT_H
#define SLUICE_S3_TO_KAFKA_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct flight;

struct flight *flight_new(struct err *);
void flight_free(struct flight *);

/* Number of the one sent next. */
int64_t flight_next(const struct flight *);

/* What was sent before is forgotten by flight_safe_time; only while nothing is in flight. */
void flight_restart(struct flight *);

/* As if one of this event time had been sent and acknowledged, but for that nothing was. */
void flight_go_on(struct flight *, int64_t event_ms);

/* It is on its way: takes the number flight_next has given. */
int flight_add(struct flight *, int64_t event_ms, int64_t sequence, struct err *);

/* The one added last was not sent after all; its number is given again. */
void flight_drop_last(struct flight *);

/* It is acknowledged; *ret_sequence is its place in the input. False where it was before. */
bool flight_done(struct flight *, int64_t number, int64_t *ret_sequence);

/*
 * The event time before which all that was sent is acknowledged: the earliest of those in flight,
 * or, where there is none, the latest ever sent. False until one was acknowledged.
 */
bool flight_safe_time(const struct flight *, int64_t *ret_ms);

#endif
