/* SPDX-License-Identifier: MIT */
/* The table that is written: where it is, what its keys are, and making it. */
#ifndef SLUICE_KAFKA_TO_DYNAMO_TABLE_H
#define SLUICE_KAFKA_TO_DYNAMO_TABLE_H

#include "aws/session.h"
#include "kafka-to-dynamo/item.h"

/* "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME" fits. */
enum { TABLE_NAME_BYTES = 1024 };

/* Name or ARN (AWS documentation of TableName: both are taken). */
int table_check_name(const char *name, struct err *err);

/* HASH:TYPE[,RANGE:TYPE], types S, N, B. ERR_USAGE. */
int table_parse_keys(const char *text, struct schema *ret, struct err *);

enum table_state {
	TABLE_READY,
	TABLE_BEGINS, /* being made */
	TABLE_SHUT,   /* DELETING, ARCHIVED, INACCESSIBLE_ENCRYPTION_CREDENTIALS and the like */
};

enum { TABLE_STATUS_BYTES = 64 };

struct table_description {
	struct schema schema;
	enum table_state state;
	char status[TABLE_STATUS_BYTES]; /* in DynamoDB's word */
};

/* Reads DescribeTable's reply. ERR_UNAVAILABLE where it is none. */
int table_read(struct slice reply, struct table_description *ret, struct err *);

/* CreateTable's request: on-demand capacity. */
int table_append_create(struct buf *, const char *table, const struct schema *, struct err *);

/* ---- asking ---- */

struct table;

struct table_options {
	const char *name;
	const struct schema *create; /* makes the table where there is none; NULL: no */
};

/* Asks nobody yet. The session is borrowed. ERR_USAGE: no region. */
struct table *table_open(struct aws_session *, const struct table_options *, struct err *);
void table_free(struct table *);

/* "https://dynamodb.eu-central-1.amazonaws.com", and how requests to it are signed; the table's. */
const char *table_endpoint(const struct table *);
struct http_signer table_signer(const struct table *);

/*
 * The keys of the table, by turning the loop; waits for one that is being made. ERR_NO_INPUT: there
 * is no such table. ERR_USAGE: it has other keys than `create` says.
 */
int table_describe(struct table *, struct schema *ret, struct err *);

#endif
