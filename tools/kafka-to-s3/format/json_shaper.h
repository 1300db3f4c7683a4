/* SPDX-License-Identifier: MIT */
/* Makes of a JSON record what kafka-to-s3/shape.h says, as JSON text; values keep their bytes. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_JSON_SHAPER_H
#define SLUICE_KAFKA_TO_S3_FORMAT_JSON_SHAPER_H

#include "kafka-to-s3/format/additions.h"

struct json_shaper;

/* The shape (borrowed) is not empty; `fields` (borrowed) learns what it needs. ERR_USAGE. */
struct json_shaper *json_shaper_new(
    const struct shape_options *, struct field_set *fields, struct err *);
void json_shaper_free(struct json_shaper *);

bool json_shaper_uses_time(const struct json_shaper *);
bool json_shaper_uses_headers(const struct json_shaper *);

/* Appends the object, in one line, of a record that was scanned. ERR_DATA (record_reject) where it is none, or has
 * a field already whose name --add or --rename gives to another; `out` is undefined then. */
int json_shaper_append(struct json_shaper *, const struct record *, int64_t time_ms,
    struct buf *out, struct err *);

#endif
