/* SPDX-License-Identifier: MIT */
/*
 * The mark beside the data, _sluice/TOPIC-PARTITION: which group writes a partition there, and up to where.
 *
 *     {"group":"sluice.kafka-to-s3.trips.lake","until":1205}
 *
 * It is written before `until` is committed, where that was prepared. A committed offset that is missing or lower, or another group, would
 * put the same records there twice (flow: tools/kafka-to-s3/epoch.h).
 *
 * With --success-after it says also when that was, the largest event time that is there, and which paths wait for their
 * _SUCCESS, with the ends of their time ranges (kafka-to-s3/success.h):
 *
 *     {..., "at":1774042117000,"time":1546303499000,"pending":{"day=01/hour=00":1546304400000}}
 */
#ifndef SLUICE_KAFKA_TO_S3_MARK_H
#define SLUICE_KAFKA_TO_S3_MARK_H

#include "kafka-to-s3/mark_text.h"
#include "kafka-to-s3/publish/publisher.h"

#define MARK_PATH "_sluice"

/* Of a group that fits into a mark. ERR_USAGE. */
int mark_check_group(const char *group, struct err *);

/* What is beside the data; *ret, which was MARK_INIT, stays so where there is nothing. ERR_DATA where another group has
 * written it, or it cannot be read. */
int mark_read(struct publisher *, const char *topic, int32_t partition, const char *group,
    struct mark *ret, struct err *);

/* The same without waiting, of a partition whose mark this process does not write meanwhile. 1: not done yet, call
 * again. */
int mark_peek(struct publisher *, const char *topic, int32_t partition, const char *group,
    struct mark *ret, struct err *);

/* Never lower than it is: a member that stood still for long may come late. ERR_DATA as above. 1: not done yet, call
 * again. */
int mark_write(struct publisher *, const char *topic, int32_t partition, const char *group,
    const struct mark *, struct err *);

/* A write that was begun is given up: the partition is another's. */
void mark_drop(struct publisher *, const char *topic, int32_t partition);

#endif
