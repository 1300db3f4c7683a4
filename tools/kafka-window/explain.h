/* SPDX-License-Identifier: MIT */
/*
 * --explain: the job in words, a line for each part of it:
 *
 *   source      topic trips, as group hourly, from what is committed, else the beginning; endless
 *   time        field dropoff_datetime: ISO 8601, or a number of milliseconds
 *   ...
 */
#ifndef SLUICE_KAFKA_WINDOW_EXPLAIN_H
#define SLUICE_KAFKA_WINDOW_EXPLAIN_H

#include "kafka-window/options_window.h"
#include "kafka-window/windower.h"
#include "run/input.h"

/* Options that have been checked; borrowed. */
struct explain {
	const struct input_options *input;
	const char *group; /* "": none */
	const struct window_options *windows;
	const struct windower_options *windower;
	const char *output_topic;  /* NULL: standard output */
	const char *late;          /* NULL: counted */
	const char *dead_letter;   /* NULL: the first rejected record ends the run */
	int64_t dead_letter_max;   /* 0: no limit */
};

int explain_append(const struct explain *, struct buf *out, struct err *);

/* Which windows there are, in a line's words; of the options only windows and windower are needed. */
int explain_append_assigner(const struct explain *, struct buf *out, struct err *);

#endif
