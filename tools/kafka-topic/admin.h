/* SPDX-License-Identifier: MIT */
/*
 * One handle for questions to a cluster and for what changes it, with a deadline for every answer:
 * librdkafka's admin interface as of 2.0.2. A stop (a signal) ends every wait.
 */
#ifndef SLUICE_KAFKA_TOPIC_ADMIN_H
#define SLUICE_KAFKA_TOPIC_ADMIN_H

#include "io/kafka.h"

struct admin {
	struct kafka *kafka;
	rd_kafka_queue_t *queue; /* answers to admin requests */
	int64_t timeout_ms;      /* of each request */
};

struct admin_settings {
	const struct kafka_options *kafka; /* borrowed as long as it is open */
	int64_t wait_ms;                   /* for a broker */
	int64_t timeout_ms;
};

/* Waits for a broker. ERR_UNAVAILABLE, ERR_DENIED. */
int admin_open(struct admin *, const struct admin_settings *, struct err *);
void admin_release(struct admin *);

/* For a request; NULL with err. `op_waits`: the brokers are asked to take nearly as long for what
 * it starts (creating, deleting). `is_dry_run`: they only check it. The caller destroys it. */
rd_kafka_AdminOptions_t *admin_options(
    struct admin *, rd_kafka_admin_op_t, bool op_waits, bool is_dry_run, struct err *);

/* The answer to the request put on the queue, which the caller destroys, or NULL with err. `doing`
 * is put before the reason. */
rd_kafka_event_t *admin_await(struct admin *, const char *doing, struct err *);

/*
 * The topic's metadata, or (NULL) those of all topics that may be seen; for
 * rd_kafka_metadata_destroy. ERR_NO_INPUT where there is no such topic; none is made by asking.
 */
const struct rd_kafka_metadata *admin_metadata(struct admin *, const char *topic, struct err *);

/* 0 and ret_count, or what admin_metadata says. */
int admin_partition_count(struct admin *, const char *topic, int32_t *ret_count, struct err *);

/* Waits until the topic is there with a leader for each partition, or (is_gone) is no more. False
 * where that does not come within the timeout, or cannot be seen. */
bool admin_settle(struct admin *, const char *topic, bool is_gone);

/* kafka_error_class, and what only administration meets. */
enum err_class admin_error_class(rd_kafka_resp_err_t);

/*
 * Notes a failure of one of several things: "WHAT NAME: REASON", or after "; " where there was one
 * before, whose class stays. reason may be NULL: the code's own words.
 */
void admin_add_error(
    struct err *, const char *what, const char *name, rd_kafka_resp_err_t, const char *reason);

/*
 * Replaces the offsets in the list (topics and partitions, each once) by those of the first records
 * at or after time_ms, -1 where there is none; RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END
 * stand for where the log starts and its high watermark (KIP-79: -2 and -1). An empty list is fine.
 */
int admin_query_offsets(
    struct admin *, rd_kafka_topic_partition_list_t *, int64_t time_ms, struct err *);

#endif
