/* SPDX-License-Identifier: MIT */
/* The event time of a record that is to be merged: a field of its value, or its envelope's ts. */
#ifndef SLUICE_SOURCE_OBJECTS_TIME_H
#define SLUICE_SOURCE_OBJECTS_TIME_H

#include "codec/time.h"
#include "flow/record.h"

struct objects_time;

/* field may be NULL where records are envelopes. ERR_USAGE for a bad field. Format is borrowed. */
struct objects_time *objects_time_new(const char *field, const struct time_format *,
    bool has_envelopes, struct err *);
/* NULL is fine. */
void objects_time_free(struct objects_time *);

/* context: struct objects_time. -1: it has none that can be read; *ret_ms is as before. */
int objects_time_of(void *context, const struct record *, int64_t *ret_ms, struct err *);

#endif
