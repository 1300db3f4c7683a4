/* SPDX-License-Identifier: MIT */
/* Which partitions a verb is about, and what is known of each. */
#ifndef SLUICE_KAFKA_TOPIC_SCOPE_H
#define SLUICE_KAFKA_TOPIC_SCOPE_H

#include "kafka-topic/admin.h"
#include "kafka-topic/commits.h"
#include "kafka-topic/plan.h"
#include "kafka-topic/request.h"

struct scope_partition {
	char *topic;
	int32_t number;
	struct plan_partition known; /* what has been asked for */
	rd_kafka_resp_err_t failure;        /* why begin, end or at_time is not known */
	rd_kafka_resp_err_t commit_failure; /* why what is committed is not known */
	int64_t unread_ms; /* timestamp of the first record that is not read; -1: see age.h */
};

/* By topic, then number. */
struct scope {
	struct scope_partition *items;
	size_t count;
};

void scope_release(struct scope *);

/* Adds the topic's partitions, or those of -p alone, where it has not been added yet. ERR_NO_INPUT
 * where the topic or one of these is not there. Nothing is committed of them (-1). */
int scope_add_topic(
    struct scope *, struct admin *, const struct request *, const char *topic, struct err *);

/* Adds the topics of -t, or all in which something is committed; a note says which of these are no
 * more. */
int scope_add_topics(struct scope *, struct admin *, const struct request *,
    const rd_kafka_topic_partition_list_t *commits, struct err *);

/*
 * What a group has committed, each of it or an error, and partitions beside these: those of the
 * topics of -t, or of all topics in which it has committed something, each of -p in those of them
 * that have it. *ret_commits: how many of the partitions it has committed an offset of.
 */
int scope_add_group(struct scope *, struct admin *, const struct request *, const char *group,
    size_t *ret_commits, struct err *);

/* The same from what has been asked for: the part of `all` that this group is about, with what is
 * known of it. */
int scope_select(struct scope *, const struct scope *all, const struct request *,
    const rd_kafka_topic_partition_list_t *commits, size_t *ret_commits, struct err *);

/* Asks for begin and end; with -o s@TIME for at_time, too. scope_ask_some: what could not be had is
 * noted in `failure`; -1 only where there is no sense in asking. scope_ask: -1 then, too. */
int scope_ask(struct scope *, struct admin *, const struct request *, struct err *);
int scope_ask_some(struct scope *, struct admin *, const struct request *, struct err *);

/* -1, and of which partitions begin, end or at_time could not be had, or what is committed. */
int scope_check(const struct scope *, struct err *);
int scope_check_commits(const struct scope *, const char *group, struct err *);

/* More is committed than there is in the log: it has been made anew, or lost its end. */
bool scope_is_past_end(const struct scope_partition *);

#endif
