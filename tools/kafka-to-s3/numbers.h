/* SPDX-License-Identifier: MIT */
/* What kafka-to-s3 counts: of one process, added up over the members of -j, for --stats-file and the summary. */
#ifndef SLUICE_KAFKA_TO_S3_NUMBERS_H
#define SLUICE_KAFKA_TO_S3_NUMBERS_H

#include "kafka-to-s3/lake.h"
#include "run/members.h"

struct numbers {
	struct member_numbers member;
	struct lake_counts lake;
};

extern const struct stats_value numbers_values[];
extern const size_t numbers_value_count;

/* For struct members; all are struct numbers. */
void numbers_add(void *sum, const void *numbers);
void numbers_rest(void *numbers);
void numbers_forget(void *numbers);
bool numbers_has_some(const void *sum);

/* The summary; has_filter: how many were filtered is said, also where none were. */
void numbers_say(const struct numbers *, bool has_filter);

#endif
