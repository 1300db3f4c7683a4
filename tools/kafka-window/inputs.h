/* SPDX-License-Identifier: MIT */
/*
 * From a record's fields to what aggregates take of it: inputs, and which aggregates skip the
 * record since their where= does not hold.
 *
 * A field must have the type that an aggregate needs only in records which that aggregate takes.
 */
#ifndef SLUICE_KAFKA_WINDOW_INPUTS_H
#define SLUICE_KAFKA_WINDOW_INPUTS_H

#include "flow/field.h"
#include "kafka-window/options_aggregate.h"

struct inputs;

/* The set is borrowed. */
struct inputs *inputs_new(struct field_set *, struct err *);
void inputs_free(struct inputs *);

/* The next aggregate of the plan: its fields are added to the set, and ret->input tells which input
 * it takes. ERR_USAGE where there are too many. */
int inputs_add(struct inputs *, const struct aggregate_text *, struct aggregate *ret, struct err *);

/* After field_scan. ERR_DATA (field_reject) where a value is not of the type that is needed. */
int inputs_read(struct inputs *, const struct record *, struct err *);

/* Of the record that was read last; good until the next one. */
const struct input *inputs_values(const struct inputs *);
uint64_t inputs_skips(const struct inputs *);

#endif
