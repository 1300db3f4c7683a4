/* SPDX-License-Identifier: MIT */
/*
 * The pump: records from a source into a service, several requests at once, offsets committed behind what
 * is durable. One loop, one thread, over the source's descriptor and what the carrier waits for.
 */
#ifndef SLUICE_RUN_PUMP_H
#define SLUICE_RUN_PUMP_H

#include "flow/service.h"
#include "io/loop.h"
#include "run/deadletter.h"
#include "run/input.h"

struct pump_options {
	int64_t connections;     /* --connections: requests in flight at most */
	int64_t batch_count;     /* --batch-size: records in a request; 0: the service's most */
	int64_t batch_bytes;     /* --batch-bytes: of its body; 0: the service's most */
	int64_t batch_window_ms; /* --batch-window: how long a batch that is not full waits */
	int64_t ahead;           /* --ahead: records of a partition read past its frontier */
	int64_t drain_ms;        /* --drain */
};

#define PUMP_OPTIONS_INIT \
	{ .connections = 8, .batch_window_ms = 500, .ahead = 100 * 1000, .drain_ms = 30 * 1000 }

/* Target: struct pump_options. */
extern const struct opt pump_rows[];
extern const size_t pump_row_count;

/* ---- carriers: how a request gets there ---- */

struct carrier;

/* A reply, or err without one (status 0: connections, time limits); told from inside loop_turn. err of class
 * ERR_UNAVAILABLE means again; any other ends the run. */
typedef void carrier_replied(void *context, const struct service_reply *, const struct err *);

struct carrier_ops {
	/* The request's bytes stay until it has replied or was cancelled. *ret_call is for cancel. */
	int (*start)(struct carrier *, const struct service_request *, carrier_replied *, void *context,
	    void **ret_call, struct err *);
	void (*cancel)(struct carrier *, void *call);
	void (*free)(struct carrier *);
};

struct carrier {
	const struct carrier_ops *ops;
};

static inline void
carrier_free(struct carrier *c)
{
	if (c)
		c->ops->free(c);
}

/* ---- the run ---- */

struct pump;

struct pump_parts {
	struct loop *loop;
	struct service *service;
	struct carrier *carrier;
};

struct pump_summary {
	int64_t read;
	int64_t delivered;
	int64_t filtered;
	int64_t rejected;
	int64_t requests;
	int64_t retried;
	int64_t open; /* read, and without a fate at the end */
};

/* Parts are borrowed. memory_bytes: of copies, bodies and what the source has fetched (--memory). */
struct pump *pump_new(const struct pump_options *, const struct pump_parts *, size_t memory_bytes,
    struct err *);
void pump_free(struct pump *);

/* For the source that will be read: as input_open takes them. */
struct source_events pump_events(struct pump *);
/* For the dead letters: as deadletter_open takes it. */
struct sink_done pump_letter_done(struct pump *);

/* To the end of the input or a request to stop, after which what is in flight is waited for. Letters and
 * source are borrowed. */
int pump_run(struct pump *, struct source *, struct deadletter *, enum job_input *ret_input,
    struct err *);

void pump_summary(const struct pump *, struct pump_summary *ret);

#endif
