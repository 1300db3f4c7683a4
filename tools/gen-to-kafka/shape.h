/* SPDX-License-Identifier: MIT */
/*
 * A shape is a template of records, compiled: a JSON object or array whose strings may name
 * generators (gen-to-kafka(1), TEMPLATES). What it makes depends on the target's random numbers,
 * the event time and what the same target made before; on no clock and on no platform.
 */
#ifndef SLUICE_GEN_TO_KAFKA_SHAPE_H
#define SLUICE_GEN_TO_KAFKA_SHAPE_H

#include "base/buf.h"
#include "gen-to-kafka/random.h"

enum { SHAPE_TEXT_BYTES_MAX = 1024 * 1024 };

struct shape;

/*
 * `name` is for messages. With has_random_ids {unique:MIN:MAX} is any number of that range and may
 * come again. ERR_USAGE with NAME:LINE:COLUMN (both from 1, columns are bytes) where the text is no
 * JSON or a generator is wrong.
 */
struct shape *shape_compile(const char *name, struct slice text, bool has_random_ids, struct err *);
void shape_free(struct shape *);

/* What is a target's own. */
struct shape_target {
	struct random random;   /* its stream of random numbers */
	uint64_t number, count; /* which of how many */
	uint64_t id_base;       /* of unique ids: the same for all targets */
	uint64_t user_count;    /* {click:}: users at a time */
};

struct shape_state;

struct shape_state *shape_state_new(
    const struct shape *, const struct shape_target *, struct err *);
void shape_state_free(struct shape_state *);

/* Appends the target's next record, one line without a line feed, for this event time. */
int shape_render(
    const struct shape *, struct shape_state *, int64_t time_ms, struct buf *out, struct err *);

#endif
