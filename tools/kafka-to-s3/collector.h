/* SPDX-License-Identifier: MIT */
/*
 * The files that are being collected: of each epoch one for each path, and more of a path that is rolled by
 * records or bytes. Where a file is rolled depends on its rows alone, so that an epoch that is rebuilt gives the
 * same files.
 *
 * Memory: a buffer for each file that still grows, their sum below memory_bytes; rows wait on the disk.
 */
#ifndef SLUICE_KAFKA_TO_S3_COLLECTOR_H
#define SLUICE_KAFKA_TO_S3_COLLECTOR_H

#include "kafka-to-s3/publish/publisher.h"

struct collector_options {
	struct publisher *publisher; /* borrowed */
	const struct naming *naming; /* borrowed */
	struct slice row_end; /* follows each row */
	int64_t roll_bytes;   /* of rows, before they are encoded; one longer row is a file. 0: no bound */
	int64_t roll_records; /* 0: no bound */
	unsigned open_max;
	size_t memory_bytes;
};

struct collector;

/* Raises the limit of open descriptors where it must; collector_open_max says what came of it. */
struct collector *collector_new(const struct collector_options *, struct err *);

/* What was not closed is gone. */
void collector_free(struct collector *);

/* How many files may be collected: what was asked for, or fewer where descriptors or memory forbid. */
unsigned collector_open_max(const struct collector *);

/* Which epoch a file belongs to. */
struct epoch_id {
	int32_t stream;
	int64_t begin;
};

/*
 * Adds a row and its end to the file of its epoch and path; *ret_bytes is how many bytes that made. ERR_DATA:
 * the record's path cannot be one; nothing has changed, reject the record. All else is final: the collector can
 * only be freed. Goes beyond open_max where it must: see collector_is_full.
 */
int collector_write(struct collector *, const struct epoch_id *, struct slice path,
    struct slice row, int64_t *ret_bytes, struct err *);

/* The event time of what was written last. */
void collector_date(struct collector *, int64_t event_ms);

/* More files than may be: some epoch should be closed. */
bool collector_is_full(const struct collector *);

/* It was full before, and many of its files have paths that were closed for that. */
bool collector_is_thrashing(const struct collector *);

/* Files of a stream, those that were rolled included. */
unsigned collector_count(const struct collector *, int32_t stream);

/* Files of all streams. */
unsigned collector_total(const struct collector *);

/* Of all rows that wait. */
int64_t collector_bytes(const struct collector *);

/* What was collected of this epoch, in *ret, which was empty. */
int collector_close(struct collector *, const struct epoch_id *, struct bundle *ret, struct err *);

/* Forgets what was collected of a stream; says how many records that was. */
int64_t collector_drop(struct collector *, int32_t stream);

#endif
