/* SPDX-License-Identifier: MIT */
/* A statement in the making; for ddl_athena.c and ddl_columns.c. */
#ifndef SLUICE_KAFKA_TO_S3_DDL_DDL_STATE_H
#define SLUICE_KAFKA_TO_S3_DDL_DDL_STATE_H

#include "kafka-to-s3/ddl/ddl_athena.h"
#include "kafka-to-s3/ddl/ddl_partition.h"
#include "kafka-to-s3/format/columns.h"

struct ddl {
	const struct ddl_options *options;
	struct columns columns;
	struct ddl_partitions partitions;
	struct buf *out;
	struct buf names; /* of columns that are printed, a NUL behind each */
	unsigned column_count; /* printed */
};

/* In backticks. */
int ddl_append_identifier(struct ddl *, struct slice name, struct err *);

/* Of a list in brackets; *count is how many there are. */
int ddl_append_property(
    struct ddl *, unsigned *count, struct slice key, struct slice value, struct err *);

/* All of the data, with commas between. */
int ddl_append_columns(struct ddl *, struct err *);

/* JSON: which member a column is, where it is not called so. */
int ddl_append_mappings(struct ddl *, unsigned *count, struct err *);

#endif
