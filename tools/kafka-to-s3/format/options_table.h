/* SPDX-License-Identifier: MIT */
/* Options of formats that have columns. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_OPTIONS_TABLE_H
#define SLUICE_KAFKA_TO_S3_FORMAT_OPTIONS_TABLE_H

#include "base/opt.h"
#include "kafka-to-s3/ddl/ddl_athena.h"
#include "run/job.h"

struct table_options {
	const char *schema_path; /* NULL: none */
	int64_t row_group_bytes; /* 0: not given */
	int64_t print_count;     /* --print-schema: of so many records; 0: not given */
	bool print_ddl;
	const char *table;       /* of the DDL; NULL: called as the target */
	struct table_schema *schema; /* made by table_options_load */
};

extern const struct opt table_rows[];
extern const size_t table_row_count;

#define TABLE_OPTIONS_INIT { .schema_path = NULL }

/* Reads the schema, where there is one, into the format's options, which borrow it. ERR_USAGE where
 * the format has no use for it or cannot be without it, and where it is no schema. */
int table_options_load(struct table_options *, struct format_options *ret, struct err *);
/* With --print-ddl: the statement on standard output, after which the job is finished. */
int table_options_print_ddl(const struct ddl_options *, struct job *, struct err *);

void table_options_release(struct table_options *);

#endif
