/* SPDX-License-Identifier: MIT */
/* Which partitions a verb is about, and what is known of each. */
#ifndef SLUICE_KAFKA_TOPIC_SCOPE_H
#define SLUICE_KAFKA_TOPIC_SCOPE_H

#include "kafka-topic/admin.h"
#include "kafka-topic/plan.h"
#include "kafka-topic/request.h"

struct scope_partition {
	char *topic;
	int32_t number;
	struct plan_partition known; /* what has been asked for */
	int64_t unread_ms; /* timestamp of the first record that is not read; -1: see age.h */
};

/* By topic, then number. */
struct scope {
	struct scope_partition *items;
	size_t count;
};

void scope_release(struct scope *);

/* Adds the topic's partitions, or those of -p alone. ERR_NO_INPUT where the topic or one of these
 * is not there. Nothing is committed of them (-1). */
int scope_add_topic(
    struct scope *, struct admin *, const struct request *, const char *topic, struct err *);

/*
 * What a group has committed, and partitions beside these: those of the topics of -t, or of all
 * topics in which it has committed something, each of -p in those of them that have it.
 * *ret_commits: how many of the partitions it has committed an offset of.
 */
int scope_add_group(struct scope *, struct admin *, const struct request *, const char *group,
    size_t *ret_commits, struct err *);

/* Asks for begin and end; with -o s@TIME for at_time, too. */
int scope_ask(struct scope *, struct admin *, const struct request *, struct err *);

#endif
