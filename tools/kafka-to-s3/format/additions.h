/* SPDX-License-Identifier: MIT */
/* The fields that --add adds, made from each record by templates. Formats say how they are written. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_ADDITIONS_H
#define SLUICE_KAFKA_TO_S3_FORMAT_ADDITIONS_H

#include "flow/template.h"
#include "kafka-to-s3/format/shape.h"

struct additions;

/* Compiles shape's adds (borrowed); `fields` learns what they need. ERR_USAGE, where one that is the same for each
 * record is no JSON too. */
struct additions *additions_new(const struct shape_options *, struct field_set *fields, struct err *);
void additions_free(struct additions *);

/* The same text for each record. */
bool additions_is_constant(const struct additions *, size_t index);

bool additions_use_time(const struct additions *);
bool additions_use_headers(const struct additions *);

/*
 * Appends the text of one of them to `out`: that of a string as it is, not quoted; JSON
 * in one line. ERR_DATA (record_reject) where a field is missing, or the text is no UTF-8 or no JSON; `out`
 * is as before then.
 */
int additions_render(struct additions *, size_t index, const struct field_set *,
    const struct record *, int64_t time_ms, struct buf *out, struct err *);

#endif
