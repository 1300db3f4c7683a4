/* SPDX-License-Identifier: MIT */
/* Consumer groups: which there are, their states and members. */
#ifndef SLUICE_KAFKA_TOPIC_GROUPS_H
#define SLUICE_KAFKA_TOPIC_GROUPS_H

#include "kafka-topic/admin.h"
#include "kafka-topic/request.h"

/* The names of all groups that may be seen, in their order; each and the array to be freed. */
int groups_list(struct admin *, char ***ret_names, size_t *ret_count, struct err *);
void groups_free(char **names, size_t count);

/* RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: there is no such group. */
int groups_state(struct admin *, const char *group, rd_kafka_consumer_group_state_t *ret_state,
    size_t *ret_members, struct err *);

/* ERR_NO_INPUT where there is no such group. */
int groups_check(struct admin *, const char *group, struct err *);

/* The brokers refuse to change a group that has members; to know before is better.
 * ERR_UNAVAILABLE, a warning with --dry-run. `doing`: "reset". */
int groups_check_members(const struct request *, const char *group, size_t member_count,
    const char *doing, struct err *);

#endif
