/* SPDX-License-Identifier: MIT */
/*
 * Which paths are thought complete, so that they get their _SUCCESS (--success-after). No I/O, no clock.
 *
 *     path written -> pending, with the end of its time range -> watermark is `after` past that end -> _SUCCESS
 *
 * The rule is that of partition-time commits in Flink's file system connector (sink.partition-commit.trigger,
 * .delay; Flink, "FileSystem SQL Connector", Partition Commit Trigger): a path is complete when the watermark has passed
 * its time and the delay. Records that come later are added to the path all the same.
 *
 * What is pending and how far each partition is lies in the marks beside the data (kafka-to-s3/mark.h), written after the
 * data and before its offsets are committed. So whoever owns a partition finds every path that has data of it and no
 * _SUCCESS that is known of.
 */
#ifndef SLUICE_KAFKA_TO_S3_SUCCESS_H
#define SLUICE_KAFKA_TO_S3_SUCCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SUCCESS_NAME "_SUCCESS"

/* Bounds of what is pending in one partition, or of all paths of a pipe. A path that finds no room gets no _SUCCESS
 * by it. */
enum {
	SUCCESS_PATHS_MAX = 4096,
	SUCCESS_BYTES_MAX = 256 * 1024,
	SUCCESS_PIPE_PATHS_MAX = 100 * 1000,
	SUCCESS_PIPE_BYTES_MAX = 16 * 1024 * 1024,
};

#define SUCCESS_NO_TIME INT64_MIN

struct success_path {
	char *path;
	int64_t end_ms; /* of its time range, excluded; INT64_MAX: it has none */
};

/* Of one partition, or of the pipe. */
struct success {
	int64_t time_ms; /* the largest event time that is in the target; SUCCESS_NO_TIME: none */
	struct success_path *paths; /* by path */
	size_t count;
	size_t capacity;
	size_t bytes; /* of the paths */
	bool is_of_pipe; /* larger bounds */
	bool is_full;    /* some found no room */
};

#define SUCCESS_INIT { .time_ms = SUCCESS_NO_TIME }

void success_release(struct success *);

/* The path has data up to event_ms; its range ends at end_ms, or later where it says so already. */
int success_note(struct success *, const char *path, int64_t event_ms, int64_t end_ms, struct err *);

/* It has its _SUCCESS. */
void success_remove(struct success *, size_t index);

/* A partition of the topic, by its mark and by what the broker says. */
struct success_partition {
	int64_t time_ms;    /* as above; SUCCESS_NO_TIME also where there is no mark */
	int64_t written_ms; /* wall clock: its mark was; INT64_MAX where there is none */
	bool is_drained;    /* all that its log holds is committed */
};

/*
 * The smallest of the partitions' times, none of which is later than the clock. One that has had nothing new for `after_ms` of wall clock, and of which
 * nothing waits in the log, counts with the wall clock's time: it holds nothing up, and where
 * all are like that, time goes on without records.
 */
int64_t success_watermark(
    const struct success_partition *, size_t count, int64_t now_ms, int64_t after_ms);

/* The path is complete. */
bool success_is_complete(const struct success_path *, int64_t watermark_ms, int64_t after_ms);

/* Some path is. */
bool success_has_complete(const struct success *, int64_t watermark_ms, int64_t after_ms);

#endif
