/* SPDX-License-Identifier: MIT */
/*
 * The files that are being collected: one for each stream and path. A file is published when it
 * would pass --max-bytes, when it holds --max-records, when its first record is --max-age old, when
 * more than --max-open paths are in use (the least recently used go first), or when told to.
 *
 * Positions: a file is published as one, so the records that are not durable yet are exactly those
 * of the open files. The frontier of a stream is therefore the smallest first position among its
 * open files, exact at the price of one number a file, however the records are interleaved.
 *
 * Memory: a buffer for each open file, their sum below memory_bytes; lines wait on the disk.
 */
#ifndef SLUICE_KAFKA_TO_S3_OPEN_FILES_H
#define SLUICE_KAFKA_TO_S3_OPEN_FILES_H

#include "flow/record.h"
#include "kafka-to-s3/naming.h"
#include "kafka-to-s3/publisher.h"

/* Told of every file that was published. */
struct open_files_published {
	void *context;
	void (*published)(void *context, const struct publication *, const struct extent *);
};

struct open_files_options {
	struct publisher *publisher; /* borrowed */
	const struct naming *naming; /* borrowed */
	int64_t file_bytes_max;      /* of lines, before compression; one longer line is a file */
	int64_t file_records_max;    /* 0: no bound */
	int64_t file_age_ms_max;     /* 0: no bound */
	unsigned open_max;
	size_t memory_bytes;
	struct open_files_published published; /* its function may be NULL */
};

struct open_files_counts {
	int64_t files;         /* published, those of an earlier run included */
	int64_t files_there;   /* of those, found there from an earlier run */
	int64_t files_evicted; /* of those, published early because too many were open */
	int64_t files_again;   /* opened though one of their path was evicted lately */
	int64_t records;       /* in published files */
	int64_t line_bytes;    /* of those records, line feeds included */
	int64_t object_bytes;  /* of the published objects */
};

struct open_files;

/* Raises the limit of open descriptors where it must; open_files_open_max says what came of it. */
struct open_files *open_files_new(const struct open_files_options *, struct err *);

/* What was not published is gone. */
void open_files_free(struct open_files *);

/* How many files may be open: what was asked for, or fewer where descriptors or memory forbid. */
unsigned open_files_open_max(const struct open_files *);

/*
 * Adds a record to the file of its stream and path, as its line plus a line feed. Positions of a
 * stream rise. now_ms is on any clock that never goes back, the same for all calls. ERR_DATA: the
 * record's path cannot be one; nothing has changed, reject the record. All else is final: the set
 * can only be freed.
 */
int open_files_write(struct open_files *, struct position, struct slice path, struct slice line,
    int64_t now_ms, struct err *);

/* Publishes of what has reached its age as much as takes a second or two; what is left is due at
 * once. */
int open_files_tick(struct open_files *, int64_t now_ms, struct err *);

/* When open_files_tick will have something to do; CLOCK_NEVER for never. */
int64_t open_files_due_ms(const struct open_files *);

/* The files with the oldest records first, so that the frontier rises even if not all can be. */
int open_files_publish_all(struct open_files *, struct err *);

/* A step of that, of a second or two. */
int open_files_publish_some(struct open_files *, struct err *);

int open_files_publish_stream(struct open_files *, int32_t stream, struct err *);

/* Forgets what was collected of a stream; says how many records that was. */
int64_t open_files_drop_stream(struct open_files *, int32_t stream);

/* The frontier of a stream whose next record would stand at `next`. */
int64_t open_files_frontier(const struct open_files *, int32_t stream, int64_t next);

unsigned open_files_count(const struct open_files *);

struct open_files_counts open_files_counts(const struct open_files *);

#endif
