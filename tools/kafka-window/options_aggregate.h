/* SPDX-License-Identifier: MIT */
/*
 * The text of -a: NAME=FUNC[:ARG][:FIELD][ where=FIELD OP VALUE].
 *
 *   count  count:F  sum:F  min:F  max:F  avg:F  stddev:F  stddev_pop:F  first:F  last:F
 *   distinct:F  approx_distinct:F  p50:F  p:Q:F (Q percent)  top:K:F  set[:N]:F  list[:N]:F
 */
#ifndef SLUICE_KAFKA_WINDOW_OPTIONS_AGGREGATE_H
#define SLUICE_KAFKA_WINDOW_OPTIONS_AGGREGATE_H

#include "kafka-window/aggregate.h"
#include "kafka-window/predicate.h"

enum {
	AGGREGATE_BOUND_DEFAULT = 1000,  /* of set and list */
	AGGREGATE_BOUND_MAX = 1000000,   /* and of top */
};

/* Slices of the text. */
struct aggregate_text {
	struct slice name;
	struct aggregate aggregate; /* function and argument */
	struct slice field;         /* empty: none */
	struct predicate_text where;
};

/* ERR_USAGE: "byte N: what is wrong". */
int aggregate_text_parse(struct slice text, struct aggregate_text *ret, struct err *err);

/* The hash, from another on (slice_hash), of what an aggregate is of: its field and condition. */
uint64_t aggregate_text_hash(const struct aggregate_text *, uint64_t hash);

#endif
