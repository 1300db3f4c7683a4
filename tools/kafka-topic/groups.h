/* SPDX-License-Identifier: MIT */
/* Consumer groups: which there are, their states and members. */
#ifndef SLUICE_KAFKA_TOPIC_GROUPS_H
#define SLUICE_KAFKA_TOPIC_GROUPS_H

#include "kafka-topic/admin.h"
#include "kafka-topic/request.h"

struct group_listing {
	char *name;
	rd_kafka_consumer_group_state_t state;
};

/* By name. */
struct group_list {
	struct group_listing *items;
	size_t count;
	struct err trouble; /* set where a broker could not tell of its groups */
};

/* All groups that may be seen. -1 where nothing has been answered at all. */
int groups_list(struct admin *, struct group_list *ret, struct err *);
void group_list_release(struct group_list *);

/* One description each, in the order given; each name once. The answer is the caller's to destroy,
 * NULL with err. */
rd_kafka_event_t *groups_describe(struct admin *, const char **groups, size_t group_count,
    const rd_kafka_ConsumerGroupDescription_t ***ret, size_t *ret_count, struct err *);

/*
 * RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: there is no such group. Brokers from 4.0 on say so by an error
 * of its own (KIP-1043), older ones by that state. Brokers also say so of groups of the protocol of
 * KIP-848, which answer to another request than that of librdkafka 2.0.2: these are found among all
 * groups; then *ret_is_described is false, and nothing but the state is known.
 */
int groups_state_of(struct admin *, const rd_kafka_ConsumerGroupDescription_t *,
    rd_kafka_consumer_group_state_t *ret_state, bool *ret_is_described, struct err *);

/* The same of one by its name; 0 members where these are not known. */
int groups_state(struct admin *, const char *group, rd_kafka_consumer_group_state_t *ret_state,
    size_t *ret_members, struct err *);

/* ERR_NO_INPUT: there is no such group. Returns -1. */
int groups_none(const char *group, struct err *);

/* ERR_NO_INPUT where there is no such group. */
int groups_check(struct admin *, const char *group, struct err *);

/* The brokers refuse to change a group that has members; to know before is better.
 * ERR_UNAVAILABLE, a warning with --dry-run. `doing`: "reset". */
int groups_check_members(const struct request *, const char *group, size_t member_count,
    const char *doing, struct err *);

#endif
