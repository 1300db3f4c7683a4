/* SPDX-License-Identifier: MIT */
/*
 * Records to a Kafka topic by the idempotent producer, acknowledged by all in-sync replicas.
 * Partitioner murmur2_random, so that keys land where Java's clients put them; records without key
 * and partition go to one partition after another, a few hundred at a time.
 *
 * A few hundred records may wait inside until sink_push or sink_flush: call one before sleeping.
 */
#ifndef SLUICE_SINK_TOPIC_H
#define SLUICE_SINK_TOPIC_H

#include "io/kafka.h"
#include "sink/sink.h"

struct transaction;

struct sink_topic_options {
	const struct kafka_options *kafka;
	struct transaction *transaction; /* NULL: a producer of its own. Otherwise records become visible
	                                  * with its commit, its compression and memory bound count,
	                                  * sink_free does nothing and transaction_free frees the sink */
	const char *topic;
	const char *compression; /* -z; NULL: librdkafka's default or the user's property */
	int64_t wait_ms;         /* for a topic that is not there yet */
	size_t memory_bytes;     /* bound on what waits to be sent */
	int64_t drain_ms;        /* once a stop was requested, how long sink_write may still wait for
	                          * room (then ERR_STOPPED); 0: until message.timeout.ms */
};

/*
 * A delivery failure makes the next call fail with topic, partition and reason, and counts. A broker
 * that stays
 * away is waited for: ERR_UNAVAILABLE after message.timeout.ms (5 min).
 */
struct sink *sink_topic_open(const struct sink_topic_options *, const struct sink_done *,
    struct err *);

int32_t sink_topic_partition_count(const struct sink *);

/* ERR_CANT_CREATE where the topic has no such partition; any below zero is fine. */
int sink_topic_check_partition(const struct sink *, int32_t partition, struct err *);

#endif
