/* SPDX-License-Identifier: MIT */
/* One run of s3-to-kafka, from options that were checked to the last word. */
#ifndef SLUICE_S3_TO_KAFKA_RUN_H
#define SLUICE_S3_TO_KAFKA_RUN_H

#include "run/client.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "run/report.h"
#include "s3-to-kafka/replay.h"
#include "s3-to-kafka/resume_kafka.h"
#include "source/objects.h"

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct deadletter_options letters;
	struct replay_options replay;
	struct source_objects_options objects;
	struct resume_options resume;
	struct report_options reports;
	const char *from;
	const char *topic;
	const char *compression;
	int64_t line_bytes_max;
};

/* Opens all, replays, says what has become of it. *ret_input as for job_end. */
int run_replay(struct options *, enum job_input *ret_input, struct err *);

#endif
