/* SPDX-License-Identifier: MIT */
/* What s3-to-kafka counts, for --stats-file, progress and the summary. */
#ifndef SLUICE_S3_TO_KAFKA_NUMBERS_H
#define SLUICE_S3_TO_KAFKA_NUMBERS_H

#include "run/report.h"
#include "s3-to-kafka/replay.h"

struct numbers {
	int64_t processes; /* 1 at work; 0 before and after */
	struct replay_numbers replay;
	int64_t event_s; /* -1: none */
	int64_t behind_s;
};

extern const struct stats_value numbers_values[];
extern const size_t numbers_value_count;

void numbers_set(struct numbers *, const struct replay_numbers *now);

/* What is of the moment is over. */
void numbers_rest(struct numbers *);

/* For struct report: context is struct options. */
void numbers_measure(void *context, const void *numbers, struct meter_numbers *ret);

/* The summary. */
void numbers_say(const struct numbers *);

#endif
