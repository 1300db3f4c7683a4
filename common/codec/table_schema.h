/* SPDX-License-Identifier: MIT */
/*
 * The columns of a table made from records: their names, where in the JSON their values are, and
 * their types. Shared by Parquet, CSV and what prints DDL.
 *
 * A schema file is one of
 *
 *   { "columns": [ { "name": "fare", "path": "trip.fare", "type": "decimal(9,2)",
 *                    "nullable": true, "format": "..." }, ... ] }
 *
 * or that array alone, or the Avro schema of a record (.avsc, Apache Avro 1.11 specification,
 * "Schema Declaration"). Columns are flat: a value deep in the JSON gets a column of its own, which
 * is what Athena, Spark and DuckDB take without further words. Names hold no dot, which is kept for
 * groups.
 *
 * name      of the column; without it the path with '_' for each '.'
 * path      dotted, as json_paths_add; without it the name
 * type      bool, int32, int64, float, double, decimal(precision[,scale]), string, date, json,
 *           timestamp(ms|us[,local]); timestamp alone is timestamp(ms)
 * nullable  whether the field may be null or missing; false without it
 * format    of a timestamp or a date as time_format_parse knows it. Without it (or with auto) a
 *           string is ISO 8601, a number counts the column's unit (ms, us, days) from 1970-01-01
 */
#ifndef SLUICE_CODEC_TABLE_SCHEMA_H
#define SLUICE_CODEC_TABLE_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "codec/json.h"
#include "codec/time.h"

enum table_type {
	TABLE_BOOL,
	TABLE_INT32,
	TABLE_INT64,
	TABLE_FLOAT,
	TABLE_DOUBLE,
	TABLE_DECIMAL,
	TABLE_STRING,
	TABLE_TIMESTAMP,
	TABLE_DATE,
	TABLE_JSON,
};

enum {
	TABLE_COLUMNS_MAX = JSON_PATHS_MAX,
	TABLE_PRECISION_MAX = 38, /* of decimals: what Athena, Spark and DuckDB take */
	TABLE_TYPE_BYTES = 32,
};

struct table_column {
	char *name;
	char *path;
	enum table_type type;
	unsigned precision,
	    scale;     /* TABLE_DECIMAL: 1 to 38 digits, scale of them behind the point */
	bool is_micro; /* TABLE_TIMESTAMP: us, otherwise ms */
	bool is_local; /* TABLE_TIMESTAMP: a wall clock's, otherwise UTC-adjusted */
	bool is_nullable;
	struct time_format format; /* TABLE_TIMESTAMP, TABLE_DATE */
};

/* At least one column. */
struct table_schema {
	struct table_column *columns;
	unsigned count;
};

/* ERR_USAGE where the text is no such schema, with the column it fails at. */
struct table_schema *table_schema_parse(struct slice text, struct err *);
void table_schema_free(struct table_schema *);

/* Without columns, for table_schema_add. */
struct table_schema *table_schema_new(struct err *);

/*
 * Adds a column; name and path are copied from `column`, one of them may be NULL. ERR_USAGE where
 * the name will not do or is there already.
 */
int table_schema_add(struct table_schema *, const struct table_column *column, struct err *);

/* The column of that name, in whatever case, as Glue, Hive and DuckDB find it; NULL: none. */
const struct table_column *table_schema_find(const struct table_schema *, struct slice name);

/* The type as a schema file writes it: "decimal(9,2)". NUL terminated. */
void table_type_format(const struct table_column *, char text[static TABLE_TYPE_BYTES]);

/* The schema file that says the same, indented, with a line feed at its end. */
int table_schema_append(const struct table_schema *, struct buf *, struct err *);

#endif
