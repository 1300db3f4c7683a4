/* SPDX-License-Identifier: MIT */
/*
 * Bodies of calls for one item: PutItem, UpdateItem, DeleteItem (Amazon DynamoDB API Reference).
 * Names always go through ExpressionAttributeNames, as any of them may be a reserved word or have a
 * dot in it.
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_EXPRESSION_H
#define SLUICE_KAFKA_TO_DYNAMO_EXPRESSION_H

#include "kafka-to-dynamo/item.h"

/* "Quotas in Amazon DynamoDB", Expression parameters: Lengths. */
enum { EXPRESSION_BYTES_MAX = 4096 };

/* The condition that a write is newer than what the item has: its attribute `name` is not there, is
 * smaller, or is no number. */
struct expression_condition {
	const char *name; /* NULL: no condition */
	int64_t offset;
};

int expression_append_put(struct buf *, const char *table, const struct item *,
    const struct expression_condition *, struct err *);

/* Sets the attributes that are no keys, and removes those that are empty sets. ERR_DATA with a bare
 * reason where the expression would be longer than DynamoDB takes. */
int expression_append_update(struct buf *, const char *table, const struct item *,
    const struct expression_condition *, struct err *);

int expression_append_delete(struct buf *, const char *table, const struct item *,
    const struct expression_condition *, struct err *);

#endif
