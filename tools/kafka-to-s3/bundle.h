/* SPDX-License-Identifier: MIT */
/* The objects of one epoch, from when it is closed until they are published. */
#ifndef SLUICE_KAFKA_TO_S3_BUNDLE_H
#define SLUICE_KAFKA_TO_S3_BUNDLE_H

#include "io/file.h"
#include "kafka-to-s3/naming.h"

struct upload;

struct object {
	char *path; /* below the target, "" for the target itself */
	char name[OBJECT_NAME_BYTES];
	struct spool *spool; /* its rows; as it is published, what they were encoded to */
	int64_t record_count;
	int64_t row_bytes; /* with their ends */
	int64_t event_max_ms; /* of its records; RECORD_NO_TIME: none has one */
	struct upload *upload; /* the publisher's, until it is published or dropped; NULL: none */
	bool is_held; /* the publisher's: it is not to be there before the one before it, of the same path */
	/* set by publishing: */
	int64_t object_bytes;
	bool was_there; /* made by an earlier owner of the partition, or an earlier run */
};

struct bundle {
	struct object **objects; /* in the order of their paths */
	size_t count;
	size_t published; /* of them, from the first on, durable */
	int64_t row_bytes;
};

/* What was not published is gone. */
void object_free(struct object *);
void bundle_release(struct bundle *);

/* Records in objects that are not published. */
int64_t bundle_open_records(const struct bundle *);

#endif
