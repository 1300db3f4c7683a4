/* SPDX-License-Identifier: MIT */
/* What a record carries beside its value: key and headers, made of its fields by templates. */
#ifndef SLUICE_GEN_TO_KAFKA_LABELS_H
#define SLUICE_GEN_TO_KAFKA_LABELS_H

#include "sink/sink.h"

enum { LABELS_HEADERS_MAX = 64 };

struct labels_header {
	struct slice name;
	const char *value; /* template */
};

struct labels_options {
	const char *key; /* template, or NULL */
	struct labels_header headers[LABELS_HEADERS_MAX];
	size_t header_count;
};

struct labels;

/* Borrows the texts of the options. ERR_USAGE for a bad template, or a key without a field. */
struct labels *labels_new(const struct labels_options *, struct err *);
void labels_free(struct labels *);

/* Of the record number `number` (from 1). BUF_PADDING bytes behind its value must be readable.
 * ERR_DATA where a field is missing. */
int labels_make(struct labels *, struct slice value, int64_t number, int64_t time_ms, struct err *);

/* Puts what was made last into *out; good until the next is made. */
void labels_put(const struct labels *, struct outgoing *out);

#endif
