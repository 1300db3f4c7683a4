/* SPDX-License-Identifier: MIT */
/* Answers to admin requests; and topics that a tool keeps for itself: made where they are missing, and
 * read back by key. */
#ifndef SLUICE_IO_KAFKA_ADMIN_H
#define SLUICE_IO_KAFKA_ADMIN_H

#include "base/buf.h"
#include "base/slice.h"
#include "io/kafka.h"

/* What comes on the queue, an error of the request too, by the deadline (monotonic); the caller
 * destroys it. NULL with err: nothing came, stopped, refused. `doing` is put before the reason. */
rd_kafka_event_t *kafka_await(struct kafka *, rd_kafka_queue_t *, int64_t deadline,
    const char *doing, struct err *);

/*
 * Sees to it that a compacted topic is there: looks for it without a broker's making it by the way
 * (auto.create.topics.enable would give it the wrong policy), makes it with one partition, the
 * broker's default replication and segments small enough to be compacted soon, and checks that it is
 * compacted and nothing else: otherwise its records expire. ERR_USAGE where it is not, ERR_DENIED or
 * ERR_CANT_CREATE where it cannot be made, ERR_UNAVAILABLE without a broker for wait_ms.
 */
int kafka_ensure_compacted(const struct kafka_options *, const char *topic, int64_t wait_ms,
    struct err *);

/*
 * The value of the last committed record of this key in the topic's partition 0, as of now: reads all
 * of the partition up to the high watermark seen first, also where a transaction of others, still
 * open, holds up readers for a while (at most wait_ms: ERR_UNAVAILABLE). Ends go by position and
 * end-of-partition, as transaction markers leave gaps. *ret_found is false where there is none or it
 * is a tombstone.
 */
int kafka_read_last(const struct kafka_options *, const char *topic, struct slice key,
    int64_t wait_ms, struct buf *ret_value, bool *ret_found, struct err *);

#endif
