/* SPDX-License-Identifier: MIT */
/* Which offset is meant by -o WHERE or --shift N, for one partition. Pure. */
#ifndef SLUICE_KAFKA_TOPIC_PLAN_H
#define SLUICE_KAFKA_TOPIC_PLAN_H

#include "kafka-topic/request.h"

struct plan_partition {
	int64_t begin, end; /* where the log starts, and its high watermark */
	int64_t at_time; /* of -o s@TIME: the first record at or after it, -1 where there is none */
	int64_t committed; /* -1: nothing */
};

enum plan_fate {
	PLAN_AS_ASKED,
	PLAN_HELD_AT_BEGIN, /* before the log's start: its start instead */
	PLAN_HELD_AT_END,   /* past its end: the end instead */
	PLAN_NOTHING,       /* --shift, but nothing is committed */
};

/* The request has -o or --shift. ret is untouched by PLAN_NOTHING. */
enum plan_fate plan_offset(const struct request *, const struct plan_partition *, int64_t *ret);

/* Why it is another than was asked for; "" where it is not. */
const char *plan_words(enum plan_fate);

#endif
