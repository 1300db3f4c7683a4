/* SPDX-License-Identifier: MIT */
/* The properties of a topic (Kafka's topic configs): read, and changed. */
#ifndef SLUICE_KAFKA_TOPIC_CONFIGS_H
#define SLUICE_KAFKA_TOPIC_CONFIGS_H

#include "kafka-topic/admin.h"
#include "kafka-topic/request.h"

struct config {
	char *name;
	char *value; /* NULL: the broker does not tell it (a sensitive one) */
	rd_kafka_ConfigSource_t source;
};

struct config_list {
	struct config *items; /* by name */
	size_t count;
};

/* Those set on the topic itself, or (is_all) those that hold for it, the brokers' defaults
 * included. */
int configs_read(
    struct admin *, const char *topic, bool is_all, struct config_list *ret, struct err *);

void configs_release(struct config_list *);

/*
 * --set and --unset. IncrementalAlterConfigs (KIP-339) is in librdkafka since 2.2.0; before, only
 * AlterConfigs, which replaces all that is set on the topic: then the others are read and sent
 * again, which a note says, as a change that somebody else makes between the two is undone.
 */
int configs_change(struct admin *, const char *topic, const struct request *, struct err *);

/*
 * What the topic's own properties become, from all that hold for it; pure. ERR_UNAVAILABLE where
 * it is not known of one whether it is the topic's own, ERR_CANT_CREATE where the value of one is
 * not told: it would be lost.
 */
int configs_merge(const struct config_list *, const struct setting *, size_t setting_count,
    struct config_list *ret, struct err *);

#endif
