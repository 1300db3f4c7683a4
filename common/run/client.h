/* SPDX-License-Identifier: MIT */
/* The options of every tool that talks to Kafka, and targets that may be a file or a topic. */
#ifndef SLUICE_RUN_CLIENT_H
#define SLUICE_RUN_CLIENT_H

#include "base/opt.h"
#include "io/kafka.h"
#include "sink/sink.h"

struct transaction;

struct client_options {
	struct kafka_options kafka;
	int64_t wait_ms;
	struct transaction *transaction; /* topics opened to be written take part in it; NULL: none */
};

#define CLIENT_OPTIONS_INIT { .wait_ms = 60 * 1000 }

/* -b, -X, --wait; target: struct client_options. */
extern const struct opt client_rows[];
extern const size_t client_row_count;

void client_options_release(struct client_options *);

/*
 * A sink for --dead-letter and --late: a value with a '/' in it is a file, created if it is not
 * there and appended to; any other is a topic (ERR_USAGE without brokers). Its positions are durable
 * after sink_flush. *ret_fd is the file's descriptor, for the caller to close after sink_free, or -1.
 */
struct sink *client_open_target(const struct client_options *, const char *target,
    const struct sink_done *, int *ret_fd, struct err *);

#endif
