/* SPDX-License-Identifier: MIT */
/* Reads records into the columns that files have (kafka-to-s3/columns.h), exactly, or rejects them. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_COLUMNS_READER_H
#define SLUICE_KAFKA_TO_S3_FORMAT_COLUMNS_READER_H

#include "codec/table_value.h"
#include "kafka-to-s3/format/format.h"

struct columns_reader;

/* Of the options' schema and shape; what --add makes is of them too. ERR_USAGE. */
struct columns_reader *columns_reader_new(const struct format_options *, struct err *);
void columns_reader_free(struct columns_reader *);

/* Adds what shapes the columns to a hash (base/slice.h). */
uint64_t columns_reader_hash(const struct columns_reader *, uint64_t hash);

const struct table_schema *columns_reader_schema(const struct columns_reader *);

/* As format_bind. */
int columns_reader_bind(struct columns_reader *, struct field_set *, struct err *);
bool columns_reader_uses_time(const struct columns_reader *);
bool columns_reader_uses_headers(const struct columns_reader *);

/* ERR_DATA (record_reject) where a value does not fit its column. */
int columns_reader_read(
    struct columns_reader *, const struct record *, int64_t time_ms, struct err *);

/* What was read last, until the next. The row is the caller's to use for other ones. */
struct table_value *columns_reader_row(struct columns_reader *);

/* Of a value of that record (record_reject): `reason` says what it is. */
int columns_reader_reject(const struct columns_reader *, const struct record *, unsigned column,
    const char *reason, struct err *);

/* The JSON it was read from; a string that --add made is not escaped. */
const struct json_value *columns_reader_value(const struct columns_reader *, unsigned column);

#endif
