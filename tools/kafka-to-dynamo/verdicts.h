/* SPDX-License-Identifier: MIT */
/* What replies of DynamoDB mean. Pure. */
#ifndef SLUICE_KAFKA_TO_DYNAMO_VERDICTS_H
#define SLUICE_KAFKA_TO_DYNAMO_VERDICTS_H

#include "flow/service.h"
#include "kafka-to-dynamo/item.h"

/* The identity of an item in a batch, out of its note; borrowed. */
typedef struct slice identity_of(const struct service_item *);

struct verdicts_context {
	const struct schema *schema;
	identity_of *identity;
	bool is_batch;
	int64_t *superseded; /* counts up for each record whose condition failed */
};

/* As service_ops.verdicts. */
enum service_outcome verdicts_read(const struct verdicts_context *,
    const struct service_item *const *items, size_t count, const struct service_reply *,
    struct service_verdict *ret, struct err *);

#endif
