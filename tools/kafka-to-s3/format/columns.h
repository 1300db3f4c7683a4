/* SPDX-License-Identifier: MIT */
/*
 * The columns that files have: those of the schema, as --select, --rename and --add shape them.
 *
 * --select names columns by name or path, and orders them. --rename gives a column another name. --add fills the
 * column of that name, if the schema has one, with its type, where records have no field for it; otherwise it is one more: a string, or with := what its
 * JSON is: bool, int64, double, string, or json for arrays, objects and what is another value for each record.
 */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_COLUMNS_H
#define SLUICE_KAFKA_TO_S3_FORMAT_COLUMNS_H

#include "codec/table_schema.h"
#include "kafka-to-s3/format/shape.h"

enum { COLUMN_OF_RECORD = -1 };

struct columns {
	struct table_schema *schema;
	int *adds; /* of each column: which --add fills it, or COLUMN_OF_RECORD */
	bool *is_shared; /* --add fills it, and a record that has the field as well is rejected */
};

/* Both are borrowed within the call; shape may be NULL. ERR_USAGE. */
int columns_init(struct columns *, const struct table_schema *, const struct shape_options *,
    struct err *);

/* Also half initialised, or all zero. */
void columns_release(struct columns *);

#endif
