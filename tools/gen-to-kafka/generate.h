/* SPDX-License-Identifier: MIT */
/* The run itself: whose turn it is, when it is due, what goes wrong on purpose, and the sink. */
#ifndef SLUICE_GEN_TO_KAFKA_GENERATE_H
#define SLUICE_GEN_TO_KAFKA_GENERATE_H

#include "gen-to-kafka/labels.h"
#include "gen-to-kafka/shape.h"
#include "run/job.h"
#include "sink/sink.h"

enum {
	GENERATE_PERCENT =
	    10000,            /* of percentages: so that they have four digits behind the point */
	GENERATE_RATE = 1000, /* of rates: three digits */
};

struct generate_options {
	uint64_t seed;
	int64_t target_count;
	int64_t user_count; /* of each target */
	int64_t rate;       /* records a second times GENERATE_RATE; 0: as fast as it goes */
	int64_t count_max;  /* 0: no limit */
	int64_t
	    duration_ms; /* 0: no limit; with a rate, that many records as it has in this time */
	bool has_start;  /* event time is counted from start_ms, not the clock's */
	int64_t start_ms;
	int64_t time_step_ms; /* 0: 1/rate, or 1 ms without a rate */
	int64_t disorder;     /* percentages times GENERATE_PERCENT */
	int64_t disorder_ms;
	int64_t duplicates;
	int64_t broken;
	struct labels_options labels;
	bool has_event_time; /* Kafka's timestamp is the event time */
	int32_t partition;   /* -1: by the key, or any */
	int64_t drain_ms;
};

struct generate_counts {
	int64_t made;
	int64_t delivered; /* acknowledged by the sink */
	int64_t disordered;
	int64_t duplicates;
	int64_t broken;
};

/* How it goes, at one moment. */
struct generate_numbers {
	struct generate_counts counts;
	int64_t bytes;     /* of values made */
	int64_t count_max; /* with which it ends; 0: none */
	int64_t behind_ms; /* how late the last one was */
};

/* Who is told of it. */
struct generate_watch {
	void *context;
	void (*tell)(void *context, const struct generate_numbers *);
	int64_t every_ms;
};

struct generate;

/* Borrows shape, sink and the texts of the options. ERR_USAGE for a bad template. */
struct generate *generate_new(
    const struct generate_options *, const struct shape *, struct sink *, struct err *);
void generate_free(struct generate *);

/* Before it runs. */
void generate_set_watch(struct generate *, const struct generate_watch *);

/*
 * Runs to the count, the duration or a request to stop; then waits until the sink has acknowledged
 * what it was given (after a stop: for the drain time at most).
 */
int generate_run(struct generate *, enum job_input *ret_input, struct err *);

void generate_get_counts(const struct generate *, struct generate_counts *ret);

#endif
