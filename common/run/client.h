/* SPDX-License-Identifier: MIT */
/* The options of every tool that talks to Kafka, and targets that may be a file or a topic. */
#ifndef SLUICE_RUN_CLIENT_H
#define SLUICE_RUN_CLIENT_H

#include "aws/session.h"
#include "base/opt.h"
#include "io/kafka.h"
#include "run/job.h"
#include "sink/sink.h"

struct transaction;

struct client_options {
	struct kafka_options kafka;
	int64_t wait_ms;
	struct transaction *transaction; /* topics opened to be written take part in it; NULL: none */
	bool is_iam;            /* --iam */
	bool is_listing;        /* -X list */
	struct aws_options aws; /* run/aws.h has the rows */
	struct msk *msk;        /* NULL: not open, or not needed */
};

#define CLIENT_OPTIONS_INIT { .wait_ms = 60 * 1000 }

/* -b, -X, --wait, --iam; target: struct client_options. */
extern const struct opt client_rows[];
extern const size_t client_row_count;

/*
 * Between job_begin and the first use: answers -X list, which finishes the job. From here on the
 * first handle that is opened makes ready what the cluster wants: MSK with IAM is switched on by --iam,
 * by sasl.mechanism AWS_MSK_IAM of a Java client's file, or by a port of MSK's for it where
 * security.protocol is not set; ERR_DENIED where there are no credentials. The options stay at one
 * address.
 */
int client_begin(struct client_options *, struct job *, struct err *);

void client_options_release(struct client_options *);

/* ERR_USAGE where what `option` writes to (NULL: nothing) is the topic that is read (NULL: none): it would be read
 * again, for ever. */
int client_check_target(const char *option, const char *target, const char *topic_read, struct err *);

struct client_target {
	const char *name;
	size_t memory_bytes; /* of a topic's records that wait to be acknowledged, at most; 0: 8 MiB */
	int64_t drain_ms;    /* of a topic: as sink_topic_options has it */
};

/*
 * A sink for --dead-letter and --late: a name with a '/' in it is a file, created if it is not
 * there and appended to; any other is a topic (ERR_USAGE without brokers). Its positions are durable
 * after sink_flush. *ret_fd is the file's descriptor, for the caller to close after sink_free, or -1.
 */
struct sink *client_open_target(const struct client_options *, const struct client_target *,
    const struct sink_done *, int *ret_fd, struct err *);

#endif
