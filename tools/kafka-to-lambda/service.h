/* SPDX-License-Identifier: MIT */
/*
 * A Lambda function, or a local command in its place, as a service of the pump: a batch is one event, and one
 * invocation decides of all its records.
 *
 * Semantics are those of Lambda's event source mapping for Kafka (AWS Lambda Developer Guide, "Configuring
 * error handling controls for Kafka event sources"): a function that fails is given the same batch again, at most
 * retries_max times; one that names records (batchItemFailures) is given those again; what was tried
 * that often, or has become too old, is refused. Splitting a batch does not count as a retry (Developer Guide,
 * "Retain discarded batch records for a Kinesis Data Streams event source"). Throttling, no answer and answers that
 * are not the function's do not count either.
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_SERVICE_H
#define SLUICE_KAFKA_TO_LAMBDA_SERVICE_H

#include "kafka-to-lambda/event.h"

enum {
	LAMBDA_BATCH_COUNT_MAX = 10 * 1000, /* API_CreateEventSourceMapping, BatchSize */
	/* "Request must be smaller than 6291456 bytes for the InvokeFunction operation", which is what it says to
	 * one of that size; asynchronously 1 MB (API_Invoke). */
	LAMBDA_PAYLOAD_BYTES_MAX = 6 * 1024 * 1024 - 1,
	LAMBDA_ASYNC_BYTES_MAX = 1000 * 1000,
};

/* Which records wait for each other. */
enum lambda_order {
	LAMBDA_BY_PARTITION,
	LAMBDA_BY_KEY,
	LAMBDA_UNORDERED,
};

/* Texts are borrowed. */
struct lambda_options {
	const char *function; /* its name or ARN, for path and failures; a command's name */
	bool is_command;
	bool is_async;        /* invocation type Event: it is queued, and nobody hears how it ends */
	enum lambda_order order;
	struct event_form event;
	int64_t retries_max; /* -1: for ever */
	int64_t age_ms_max;  /* by the record's timestamp; -1: any */
	bool is_bisecting;   /* a batch that the function failed is halved first */
	int64_t (*wall_ms)(void);
};

struct service *lambda_service_new(const struct lambda_options *, struct err *);

/* Appends the on-failure record (failure.h) of a record that stage rejected or verdicts refused last, or of
 * one that the service has not seen. */
int lambda_append_failure(struct service *, const struct record *, struct buf *, struct err *);

#endif
