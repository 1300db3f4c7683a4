/* SPDX-License-Identifier: MIT */
/*
 * The event that Lambda's Kafka event source mapping gives a function (AWS Lambda Developer Guide, "Using
 * Lambda with Amazon MSK", "Example event"; "Using Lambda with self-managed Apache Kafka").
 *
 *   {"eventSource":"aws:kafka","eventSourceArn":"arn:...","bootstrapServers":"b-1:9092,b-2:9092",
 *    "records":{"trips-0":[{"topic":"trips","partition":0,"offset":15,"timestamp":1545084650987,
 *      "timestampType":"CREATE_TIME","key":"a2V5","value":"dmFsdWU=","headers":[{"name":[104,105]}]}]}}
 *
 * A self-managed cluster has no ARN, and its eventSource is seen to be "SelfManagedKafka" whatever the guide
 * prints (calavera/aws-lambda-events issue 107). A key or a value that is not there is left out, as in the
 * events that powertools-lambda-typescript issue 5016 tells of. A record that no clock has stamped has
 * timestamp -1 and NO_TIMESTAMP_TYPE, which is what Kafka's own consumer says of it (RecordBatch.NO_TIMESTAMP,
 * TimestampType). A record of standard input that names no topic is of the topic "stdin".
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_EVENT_H
#define SLUICE_KAFKA_TO_LAMBDA_EVENT_H

#include "flow/service.h"

struct event_form {
	const char *source_arn;        /* of the cluster; NULL: SelfManagedKafka */
	const char *bootstrap_servers; /* NULL: left out */
	/* Bytes of headers go from -128 to 127, as in events seen of Lambda itself (aws-lambda-dotnet issue
	 * 1476), not from 0 to 255 as in the guide's example. */
	bool has_signed_headers;
};

/* What records are grouped by: the topic's name, or the origin's where there is none. */
struct slice event_topic(const struct record *);

/* The whole event but for its records. */
size_t event_frame_bytes(const struct event_form *);
/* What a record adds at most, whatever the form. */
size_t event_record_bytes(const struct record *);

/* Records of one partition stay in order; partitions stand in the order of their first record. */
int event_append(struct buf *, const struct event_form *, const struct service_item *const *items,
    size_t count, struct err *);

#endif
