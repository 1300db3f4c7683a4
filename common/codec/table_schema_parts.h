/* SPDX-License-Identifier: MIT */
/* Between table_schema.c and table_schema_avro.c. */
#ifndef SLUICE_CODEC_TABLE_SCHEMA_PARTS_H
#define SLUICE_CODEC_TABLE_SCHEMA_PARTS_H

#include <jansson.h>

#include "codec/table_schema.h"

/* From a type's text. */
int table_type_parse(const char *text, struct table_column *ret, struct err *);

/* ERR_USAGE unless 1 <= precision <= 38 and scale <= precision. */
int table_decimal_set(struct table_column *, int64_t precision, int64_t scale, struct err *);

bool table_schema_is_avro(const json_t *);
int table_schema_add_avro(struct table_schema *, const json_t *record, struct err *);

#endif
