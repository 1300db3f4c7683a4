/* SPDX-License-Identifier: MIT */
/*
 * The record of a discarded record for --on-failure, as Lambda writes it to a Kafka destination: one for each
 * record, with the event that it would have been alone (AWS Lambda Developer Guide, "Using a Kafka topic as an
 * on-failure destination", "Failure metadata").
 *
 * condition is RetryAttemptsExhausted or MaximumPayloadSizeExceeded as the guide's "Capturing discarded batches
 * for Amazon MSK and self-managed Apache Kafka event sources" says (the example of the first page has
 * RetriesExhausted), or RecordAgeExceeded, which is seen in records of Lambda's other sources; our own is
 * RecordRejected, of what could not be read. responseContext is null where no function has answered.
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_FAILURE_H
#define SLUICE_KAFKA_TO_LAMBDA_FAILURE_H

#include "kafka-to-lambda/event.h"

enum failure_condition {
	FAILURE_RETRIES,
	FAILURE_AGE,
	FAILURE_SIZE,
	FAILURE_REJECTED,
};

enum { FAILURE_WORD_BYTES = 64 };

/* The answer that a record was in last. Texts are "" where the answer has none. */
struct failure_answer {
	int status;
	char request_id[FAILURE_WORD_BYTES];
	char executed_version[FAILURE_WORD_BYTES];
	char function_error[FAILURE_WORD_BYTES]; /* "Unhandled"; "" where it named the record */
};

struct failure {
	enum failure_condition condition;
	unsigned invoke_count;
	const char *function; /* name, ARN, or a command's */
	const struct failure_answer *answer; /* NULL: none */
	int64_t wall_ms;
};

/* ERR_DATA: more than the buffer takes. */
int failure_append(struct buf *, const struct failure *, const struct event_form *,
    const struct record *, struct err *);

#endif
