/* SPDX-License-Identifier: MIT */
/*
 * What came of a change to several things. Where one failed that is the error; where more did, each
 * is a line of its own, and the error says how many. The first one's class is the exit status.
 */
#ifndef SLUICE_KAFKA_TOPIC_OUTCOME_H
#define SLUICE_KAFKA_TOPIC_OUTCOME_H

#include "kafka-topic/admin.h"

struct outcome {
	const char *what; /* of which kind they are: "topic"; its plural has an s */
	size_t failures;
	struct err first;
};

#define OUTCOME_INIT(kind) { .what = (kind), .first = ERR_INIT }

/* As admin_add_error; prints what the error has no room for. */
void outcome_fail(
    struct outcome *, const char *name, rd_kafka_resp_err_t, const char *reason);

/*
 * An answer says nothing of this one. librdkafka 2.0.2 puts results where their requests stood and
 * leaves NULL between them, or ends early (rdkafka_admin.c, rd_kafka_CreateTopicsResponse_parse and
 * others: rd_list_set).
 */
void outcome_miss(struct outcome *, const char *name);

/* 0 where none failed. `count`: how many there were. */
int outcome_end(const struct outcome *, size_t count, struct err *);

#endif
