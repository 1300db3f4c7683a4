/* SPDX-License-Identifier: MIT */
/*
 * Requests of a service to a local program in place of Lambda: the body on its standard input, what it prints is
 * the answer. Exit status 0 is status 200; any other, a signal, the time limit and too long an answer
 * are status 0, with words that say so as the body. That it cannot be started now is ERR_UNAVAILABLE (io/child.h).
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_CARRIER_COMMAND_H
#define SLUICE_KAFKA_TO_LAMBDA_CARRIER_COMMAND_H

#include "run/pump.h"

struct carrier_command_options {
	struct loop *loop;
	char *const *argv; /* NULL terminated; found by PATH, no shell. Borrowed. */
	int64_t ms_max;    /* of one batch */
};

enum { CARRIER_COMMAND_AT_ONCE_MOST = 256 };

/* How many run at once where nobody says: one a processor. */
int64_t carrier_command_at_once(long processors);

struct carrier *carrier_command_new(const struct carrier_command_options *, struct err *);

#endif
