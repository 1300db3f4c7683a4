/* SPDX-License-Identifier: MIT */
/* The replay itself: from the source through the reorder horizon and the pace to the sink. */
#ifndef SLUICE_S3_TO_KAFKA_REPLAY_H
#define SLUICE_S3_TO_KAFKA_REPLAY_H

#include "codec/time.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "sink/sink.h"
#include "source/source.h"

struct replay_options {
	const char *time_field; /* NULL: order and pace of the input */
	struct time_format time_format;
	double speedup;         /* 0: as fast as it goes */
	int64_t reorder_count;
	int64_t memory_bytes;   /* bound of the reorder horizon */
	int64_t count_max;      /* records to send; 0: no limit */
	const char *key;        /* template, or NULL */
	int32_t partition;      /* -1: by the key, or any */
	int64_t drain_ms;
	bool is_quiet;          /* no line a second */
};

struct replay_counts {
	int64_t read;
	int64_t delivered; /* acknowledged by the sink */
	int64_t rejected;
	int64_t waiting;   /* read, but not acknowledged: stopped before */
};

struct replay;

/* Borrows source (of source_objects_open), sink and letters. ERR_USAGE for a bad template or field. */
struct replay *replay_new(const struct replay_options *, struct source *, struct sink *,
    struct deadletter *, struct err *);
void replay_free(struct replay *);

/*
 * Runs to the end of the input or to a request to stop; then waits until the sink has acknowledged
 * what it was given (after a stop: for the drain time at most), also where it fails with ERR_DATA. *ret_input says whether
 * the end was reached.
 */
int replay_run(struct replay *, enum job_input *ret_input, struct err *);

void replay_get_counts(struct replay *, struct replay_counts *ret);

#endif
