/* SPDX-License-Identifier: MIT */
/* Inside the topic sink: its state, shared by topic.c (opening, reports, the sink's operations),
 * topic_stage.c (handing over to librdkafka) and transaction.c. For these alone. */
#ifndef SLUICE_SINK_TOPIC_STATE_H
#define SLUICE_SINK_TOPIC_STATE_H

#include "sink/topic.h"
#include "sink/transaction.h"

/*
 * Records are handed to librdkafka this many at a time: rd_kafka_produce_batch to one partition takes
 * half of the time of rd_kafka_produce, which looks up partition and topic for each record. Larger
 * records go alone.
 */
enum { STAGE_COUNT = 512, STAGE_BYTES = 256 * 1024, STAGE_RECORD_BYTES_MAX = 16 * 1024 };

/* Positions on their way; librdkafka carries a pointer to one with each record. */
struct ticket {
	struct position position;
	struct ticket *next; /* of those that are free */
};

enum { TICKETS_A_BLOCK = 1024 };

struct ticket_block {
	struct ticket_block *next;
	struct ticket tickets[TICKETS_A_BLOCK];
};

struct sink_topic {
	struct sink sink;
	char *name;
	struct kafka *kafka;
	struct transaction *transaction; /* NULL; else its producer is used */
	rd_kafka_topic_t *topic;
	int32_t partition_count;
	struct sink_done done;
	bool has_done;
	int64_t drain_ms;
	size_t record_bytes_max; /* message.max.bytes: of key and value */

	rd_kafka_message_t *stage; /* STAGE_COUNT */
	int stage_count;
	struct buf stage_bytes; /* never grows: the messages point into it */
	int32_t stage_partition; /* RD_KAFKA_PARTITION_UA: by their keys */
	int32_t turn;            /* the next partition for records that may go to any */

	struct ticket *free_tickets;
	struct ticket_block *blocks;

	struct sink_counts counts;
	unsigned calls;
	int64_t failed_count;
	bool has_failed;
	struct err failure; /* the first */
};

/* Serves reports; -1 for the failure of a record, or trouble that lets none through. */
int sink_topic_serve(struct sink_topic *, int timeout_ms, struct err *);

int64_t sink_topic_waiting(const struct sink_topic *);

/* ---- topic_stage.c ---- */

/* Copies the record; it may wait in the stage. */
int sink_topic_hand_over(struct sink_topic *, const struct outgoing *, struct ticket *,
    struct err *);

/* What waits in the stage goes to librdkafka. */
int sink_topic_hand_over_stage(struct sink_topic *, struct err *);

int sink_topic_err_too_large(const struct sink_topic *, size_t bytes, struct err *);

/* ---- topic.c, for transaction.c ---- */

/* A delivery report of this sink's topic. */
void sink_topic_report(struct sink_topic *, const rd_kafka_message_t *);

/* Compression (NULL: the user's or librdkafka's) and the bounds of what waits to be sent. */
int sink_topic_configure(rd_kafka_conf_t *, const struct kafka_options *, const char *compression,
    size_t memory_bytes, struct err *);

/* Frees all but the producer and the topic's handle. */
void sink_topic_release(struct sink_topic *);

/* ---- transaction.c ---- */

/* The sink writes by the transaction's producer, and is the transaction's to free. */
int transaction_attach(struct transaction *, struct sink_topic *, struct err *);

/* Nothing to do where one is open. */
int transaction_begin(struct transaction *, struct err *);

#endif
