/* SPDX-License-Identifier: MIT */
/*
 * What a function's answer says of the records it was given (AWS Lambda Developer Guide, "Configuring error
 * handling controls for Kafka event sources", "PartialBatchResponse").
 *
 *   {"batchItemFailures":[{"itemIdentifier":{"partition":"trips-0","offset":100}}]}
 *
 * An answer without that member, null, empty, or no JSON at all says that all is well. What Lambda hands on is
 * one JSON value, so that one of its that begins an object and does not end it was cut short on its way.
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_RESULT_H
#define SLUICE_KAFKA_TO_LAMBDA_RESULT_H

#include <stdint.h>

#include "flow/service.h"

struct result_failure {
	struct slice partition; /* "trips-0" */
	int64_t offset;
};

struct result {
	struct result_failure *failures;
	size_t failure_count; /* 0: all is well */
	void *tree;           /* what the slices point into */
};

/* ERR_DATA: it means to name records and cannot be understood, or may do so (is_of_lambda, an object that is none).
 * Release *ret after success only. */
int result_read(struct slice body, bool is_of_lambda, struct result *ret, struct err *);
void result_release(struct result *);

/* The words of a function that failed, "TYPE: MESSAGE" of its errorType and errorMessage (Lambda Developer
 * Guide, "Understanding Lambda function invocation errors"), or else the first line of what it
 * said. NUL terminated, without control bytes, cut where it does not fit; "" where it said nothing. */
void result_words(struct slice body, char ret[static SERVICE_REASON_BYTES]);

#endif
