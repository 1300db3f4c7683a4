/* SPDX-License-Identifier: MIT */
/* What groups have committed: librdkafka 2.0.2 asks for one group at a time, here many are under way
 * at once. */
#ifndef SLUICE_KAFKA_TOPIC_COMMITS_H
#define SLUICE_KAFKA_TOPIC_COMMITS_H

#include "kafka-topic/admin.h"

struct commits {
	const char *group;                           /* to be set */
	const rd_kafka_topic_partition_list_t *list; /* NULL where `trouble` says why */
	struct err trouble;
	/* of commits_ask */
	rd_kafka_event_t *event;
	int64_t deadline, not_before; /* 0: not asked yet */
	rd_kafka_resp_err_t refusal;  /* what a broker said last, none so far */
	bool is_asked, is_done;
};

/* Asks for all of them. -1 where there is no sense in asking: stopped, refused, no broker. */
int commits_ask(struct admin *, struct commits *, size_t count, struct err *);

void commits_release(struct commits *, size_t count);

#endif
