/* SPDX-License-Identifier: MIT */
/*
 * DynamoDB to the pump. Puts and deletes go by BatchWriteItem, 25 at a time; updates and
 * conditional writes by a call each. The lane is a hash of the item's key, so that records of one
 * item stay in order.
 *
 * BatchWriteItem takes no item twice: of several records of one item in a request the last is sent,
 * and the fate of that one is the fate of all.
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_SERVICE_H
#define SLUICE_KAFKA_TO_DYNAMO_SERVICE_H

#include "flow/service.h"
#include "kafka-to-dynamo/item.h"

enum dynamo_op { DYNAMO_PUT, DYNAMO_UPDATE, DYNAMO_DELETE };

/* "Amazon DynamoDB API Reference", BatchWriteItem. */
enum {
	DYNAMO_BATCH_ITEMS_MAX = 25,
	DYNAMO_BATCH_BYTES_MAX = 16 * 1024 * 1024,
};

/* Borrowed for as long as the service. The schema may be filled in later, before
 * dynamo_service_begin. */
struct dynamo_options {
	const char *table; /* its name or ARN, as requests carry it */
	const struct schema *schema;
	const struct item_options *items; /* offset_name makes writes conditional */
	enum dynamo_op op;
};

struct service *dynamo_service_new(const struct dynamo_options *, struct err *);

/* Before the first record is staged: takes the schema on. ERR_USAGE: rules that contradict it. */
int dynamo_service_begin(struct service *, struct err *);

/* Records that count as delivered because an offset not below theirs was there already: a newer record's, or
 * their own, of a request that was done without an answer. */
int64_t dynamo_service_superseded(const struct service *);

#endif
