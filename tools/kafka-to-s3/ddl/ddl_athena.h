/* SPDX-License-Identifier: MIT */
/*
 * --print-ddl athena: the CREATE EXTERNAL TABLE for what a command line writes ("CREATE TABLE", "Data types in Amazon
 * Athena", "Parquet SerDe", "OpenX JSON SerDe", "Open CSV SerDe", "Partition projection": Athena User Guide).
 */
#ifndef SLUICE_KAFKA_TO_S3_DDL_DDL_ATHENA_H
#define SLUICE_KAFKA_TO_S3_DDL_DDL_ATHENA_H

#include "kafka-to-s3/format/format.h"

struct ddl_options {
	const struct format_options *format; /* with a schema, but for CSV */
	const char *target;                  /* s3://BUCKET/PREFIX */
	const char *path;                    /* template; NULL: none */
	const char *topic;                   /* NULL: from a pipe */
	const char *table;                   /* NULL: the last part of the target */
};

/* ERR_USAGE where no table of Athena fits. */
int ddl_athena(const struct ddl_options *, struct buf *out, struct err *);

#endif
