/* SPDX-License-Identifier: MIT */
/* What the command line asks of a verb, and the verbs. */
#ifndef SLUICE_KAFKA_TOPIC_REQUEST_H
#define SLUICE_KAFKA_TOPIC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kafka-topic/output.h"
#include "source/topic.h"

enum {
	REQUEST_TOPICS_MAX = 256,
	REQUEST_PARTITIONS_MAX = 1024,
	REQUEST_SETTINGS_MAX = 64,
};

/* --set NAME=VALUE, --unset NAME */
struct setting {
	char name[128];
	const char *value; /* NULL: unset */
};

struct request {
	char **names; /* topics or groups, the operands behind the verb */
	size_t name_count;
	const char *topics[REQUEST_TOPICS_MAX]; /* -t */
	size_t topic_count;
	int32_t partitions[REQUEST_PARTITIONS_MAX]; /* -p; none: all */
	size_t partition_count;
	struct offset_spec to; /* -o */
	bool has_to;
	int64_t shift; /* --shift */
	bool has_shift;
	int64_t partitions_wanted;  /* --partitions; -1: the broker's default */
	int64_t replication_wanted; /* --replication; -1: the broker's default */
	struct setting settings[REQUEST_SETTINGS_MAX];
	size_t setting_count;
	int64_t lag_max;    /* --max; -1: none */
	int64_t age_ms_max; /* --max-age; -1: none */
	bool with_age;      /* --age */
	bool if_exists, if_not_exists;
	bool is_yes;        /* --yes */
	bool is_all;        /* -a */
	bool with_internal; /* --internal */
	bool is_dry_run;
};

#define REQUEST_INIT                                                                               \
	{                                                                                          \
		.partitions_wanted = -1, .replication_wanted = -1, .lag_max = -1, .age_ms_max = -1 \
	}

/* Kafka's own topics and those of services on top of it begin so (__consumer_offsets,
 * __amazon_msk_canary); metadata do not say which are internal to librdkafka 2.0.2. */
static inline bool
request_is_internal(const char *topic)
{
	return !strncmp(topic, "__", 2);
}

struct admin;

/* Each prints to the output or changes what is asked for; the errors' classes are the exit
 * statuses. */
int verb_list(struct admin *, const struct request *, struct output *, struct err *);
int verb_describe(struct admin *, const struct request *, struct output *, struct err *);
int verb_create(struct admin *, const struct request *, struct output *, struct err *);
int verb_alter(struct admin *, const struct request *, struct output *, struct err *);
int verb_delete(struct admin *, const struct request *, struct output *, struct err *);
int verb_offsets(struct admin *, const struct request *, struct output *, struct err *);
int verb_groups(struct admin *, const struct request *, struct output *, struct err *);
int verb_lag(struct admin *, const struct request *, struct output *, struct err *);
int verb_reset(struct admin *, const struct request *, struct output *, struct err *);
int verb_delete_group(struct admin *, const struct request *, struct output *, struct err *);

#endif
