/* SPDX-License-Identifier: MIT */
/*
 * Requests of a service to a local program in place of Lambda: the body on its standard input, what it prints is
 * the answer. Exit status 0 is status 200; any other, a signal, the time limit and too long an answer
 * are status 0, with words that say so as the body.
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_CARRIER_COMMAND_H
#define SLUICE_KAFKA_TO_LAMBDA_CARRIER_COMMAND_H

#include "run/pump.h"

struct carrier_command_options {
	struct loop *loop;
	char *const *argv; /* NULL terminated; found by PATH, no shell. Borrowed. */
	int64_t ms_max;    /* of one batch */
};

struct carrier *carrier_command_new(const struct carrier_command_options *, struct err *);

#endif
