/* SPDX-License-Identifier: MIT */
/*
 * A path's template as the partition columns of a table in Athena, with what partition projection wants to know of
 * them ("Partition projection with Amazon Athena", "Supported types for partition projection", Athena User Guide).
 *
 * key=VALUE is a column of that key; another directory with a variable in it gets the variable's name. One that is
 * always the same is of type enum if it is key=VALUE, and part of the location otherwise.
 */
#ifndef SLUICE_KAFKA_TO_S3_DDL_DDL_PARTITION_H
#define SLUICE_KAFKA_TO_S3_DDL_DDL_PARTITION_H

#include "base/buf.h"

enum { DDL_PARTITIONS_MAX = 32, DDL_TEXT_BYTES_MAX = 4096 };

enum ddl_projection {
	DDL_INTEGER,
	DDL_DATE,
	DDL_ENUM,
	DDL_INJECTED, /* a query must say which value it wants */
};

struct ddl_partition {
	struct buf name;
	enum ddl_projection projection;
	struct buf format; /* DDL_DATE: of java.time's DateTimeFormatter; DDL_ENUM: the value */
	struct buf range;  /* DDL_INTEGER, DDL_DATE */
	bool takes_missing; /* a value that is missing is in it too, as __DEFAULT_PARTITION__ */
	unsigned digits;   /* DDL_INTEGER */
	const char *unit;  /* DDL_DATE: of its interval */
};

struct ddl_partitions {
	struct ddl_partition items[DDL_PARTITIONS_MAX];
	size_t count;
	struct buf location; /* below the target, with ${name} for each: "year=${year}/" */
	bool is_hive;        /* each directory is key=VALUE: MSCK REPAIR TABLE finds them */
};

/* The template is one that compiles, NULL is none; topic may be NULL. ERR_USAGE where two columns
 * would have one name. */
int ddl_partitions_init(
    struct ddl_partitions *, const char *template, const char *topic, struct err *);
void ddl_partitions_release(struct ddl_partitions *);

#endif
