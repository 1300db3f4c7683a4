/* SPDX-License-Identifier: MIT */
/*
 * JSON values as attributes of DynamoDB, in its JSON form (DynamoDB Developer Guide, "Data type
 * descriptors"): a string S, a number N with its digits as they are written, true and false BOOL,
 * null NULL, an array L, an object M.
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_ATTRIBUTE_H
#define SLUICE_KAFKA_TO_DYNAMO_ATTRIBUTE_H

#include "kafka-to-dynamo/tree.h"

enum attribute_type {
	ATTRIBUTE_AUTO,       /* as above */
	ATTRIBUTE_STRING,     /* S: strings; the text of any other value */
	ATTRIBUTE_NUMBER,     /* N: numbers, also in strings */
	ATTRIBUTE_BINARY,     /* B: strings with base64 */
	ATTRIBUTE_STRING_SET, /* SS: an array of strings or the texts of numbers, true, false; or
	                         one */
	ATTRIBUTE_NUMBER_SET, /* NS: an array of numbers, also in strings; or one */
};

/* "S", "N", "B", "SS", "NS"; ERR_USAGE. */
int attribute_type_parse(struct slice text, enum attribute_type *ret, struct err *);
/* "S" ...; "" for ATTRIBUTE_AUTO. */
const char *attribute_type_name(enum attribute_type);

/* Lists and maps within each other (Quotas in Amazon DynamoDB, "Nested attribute depth"). */
enum { ATTRIBUTE_DEPTH_MAX = 32 };

struct attribute_writer {
	struct buf *out; /* borrowed */
	/* What the value is beyond its spelling, where it is a single string, number or binary: its
	 * bytes, or decimal_append_canonical; of others nothing sensible. */
	struct buf bare;
	struct buf part_bytes; /* scratch */
	/* Bytes as DynamoDB counts them (Developer Guide, "DynamoDB item sizes and formats"), added
	 * to. */
	size_t size;
	size_t fault_byte; /* in the text, after ERR_DATA */
};

int attribute_writer_init(struct attribute_writer *, struct buf *out, struct err *);
void attribute_writer_release(struct attribute_writer *);

enum attribute_outcome {
	ATTRIBUTE_WRITTEN,
	ATTRIBUTE_ABSENT, /* an empty set or a set of null: DynamoDB knows none, nothing is written
	                   */
	ATTRIBUTE_FAILED, /* ERR_DATA with a bare reason, or another class */
};

/* Appends {"S":"..."} and the like. */
enum attribute_outcome attribute_write(struct attribute_writer *, const struct tree *,
    uint32_t node, enum attribute_type, struct err *);

/* A key that is no JSON: its bytes as a string (UTF-8), a number or binary. */
int attribute_write_bytes(
    struct attribute_writer *, struct slice bytes, enum attribute_type, struct err *);

#endif
