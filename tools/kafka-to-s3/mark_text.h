/* SPDX-License-Identifier: MIT */
/* What a mark beside the data says (kafka-to-s3/mark.h), as JSON. */
#ifndef SLUICE_KAFKA_TO_S3_MARK_TEXT_H
#define SLUICE_KAFKA_TO_S3_MARK_TEXT_H

#include "base/buf.h"
#include "base/slice.h"
#include "kafka-to-s3/success.h"

enum { MARK_BYTES_MAX = 1024 * 1024 }; /* SUCCESS_BYTES_MAX, escaped, and as many times */

struct mark {
	int64_t until;  /* -1: there is none */
	int64_t at_ms;  /* wall clock: `until` was raised; INT64_MAX: not known */
	struct success success;
};

#define MARK_INIT { .until = -1, .at_ms = INT64_MAX, .success = SUCCESS_INIT }

void mark_release(struct mark *);

/* Appends it, with a line feed. ERR_FAULT for a group or a path that is not UTF-8. */
int mark_format(const struct mark *, const char *group, struct buf *, struct err *);

/* *ret was MARK_INIT. ERR_DATA where another group has written it, or it cannot be read. */
int mark_parse(struct slice text, const char *group, struct mark *ret, struct err *);

#endif
