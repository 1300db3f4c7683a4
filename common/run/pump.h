/* SPDX-License-Identifier: MIT */
/*
 * The pump: records from a source into a service, several requests at once, offsets committed
 * behind what is durable. One loop, one thread, over the source's descriptor and what the carrier
 * waits for.
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
	int64_t patience_ms;     /* --patience: how long the service may take nothing at all */
	int64_t trouble_ms;      /* how long the service may take nothing, or not take one record, unsaid */
	int64_t poll_ms_max;     /* max.poll.interval.ms: how long the group waits for a member */
};

#define PUMP_OPTIONS_INIT \
	{ .connections = 8, .batch_window_ms = 500, .ahead = 100 * 1000, .drain_ms = 30 * 1000, \
	    .patience_ms = 5 * 60 * 1000, .trouble_ms = 5 * 1000, \
	    .poll_ms_max = 5 * 60 * 1000 }

/* Target: struct pump_options. The last is --patience: a tool whose default is another takes one row less,
 * and has its own. */
extern const struct opt pump_rows[];
extern const size_t pump_row_count;

/* ---- carriers: how a request gets there ---- */

struct carrier;

/* A reply, and err of class ERR_NONE; or err without one (connections, time limits):
 * ERR_UNAVAILABLE means again, any other class ends the run. Told from inside loop_turn, never from
 * inside start. */
typedef void carrier_replied(void *context, const struct service_reply *, const struct err *);

struct carrier_ops {
	/* The request's bytes stay until it has replied or was cancelled. *ret_call is for
	 * cancel. */
	int (*start)(struct carrier *, const struct service_request *, carrier_replied *,
	    void *context, void **ret_call, struct err *);
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

struct pump_summary {
	int64_t read;
	int64_t delivered;
	int64_t filtered;
	int64_t rejected;
	int64_t requests;
	int64_t retried;
	int64_t bytes; /* of the values read */
	int64_t lost; /* left to another member of the group: their partition was taken away */
	/* the moment, not the sum */
	int64_t open;          /* records read and without a fate */
	int64_t in_flight;     /* requests */
	int64_t in_flight_max; /* as throttling has it at present */
	int64_t held_bytes;    /* copies of records */
	int64_t lag;           /* records of its partitions that are not settled; -1: not known */
	int64_t passed;        /* source_passed */
};

/* Who is told how it goes. */
struct pump_progress {
	void *context;
	void (*tell)(void *context, const struct pump_summary *);
	int64_t every_ms; /* 0: nobody */
};

struct pump_parts {
	struct loop *loop;
	struct service *service;
	struct carrier *carrier;
	struct pump_progress progress;
	bool is_counted; /* the input ends after so many records, whoever delivers them */
};

/*
 * Parts are borrowed, until pump_run returns. memory_bytes is --memory: three eighths are for
 * copies of records, one for bodies (which bounds --batch-bytes where it is not given, to 64 KiB each
 * at least), three are left to the source, which whoever opens it gives it, and one to replies, which
 * the carrier bounds (pump_reply_bytes, or what the service may answer at most).
 */
struct pump *pump_new(const struct pump_options *, const struct pump_parts *, size_t memory_bytes,
    struct err *);
void pump_free(struct pump *);

/* What is left of that memory to one reply: carrier_http_options.reply_bytes_max. */
size_t pump_reply_bytes(const struct pump_options *, size_t memory_bytes);

/* For the source that will be read: as input_open takes them. */
struct source_events pump_events(struct pump *);
/* For the dead letters: as deadletter_open takes it. */
struct sink_done pump_letter_done(struct pump *);

/* With so many letters that are not durable, or such bytes of them, nothing is read or sent until they
 * are. What is in flight then may be refused beside them, one eighth of the memory: a topic's queue should
 * have room for that, as one that is full holds up the loop. */
enum { PUMP_LETTERS_OPEN_MAX = 4096, PUMP_LETTERS_BYTES_MAX = 1024 * 1024 };

/*
 * To the end of the input or a request to stop, after which what was read is delivered, for --drain
 * at most (ERR_STOPPED: not all was). *ret_input is what job_end wants to know. A record that is
 * refused without a place for dead letters (ERR_DATA) and a service that denies (ERR_DENIED) end
 * the run too, after what precedes is settled and committed. ERR_UNAVAILABLE: the service took
 * nothing for --patience. Letters and source are borrowed.
 */
int pump_run(struct pump *, struct source *, struct deadletter *, enum job_input *ret_input,
    struct err *);

void pump_summary(const struct pump *, struct pump_summary *ret);
void pump_summary_add(struct pump_summary *sum, const struct pump_summary *);
/* Of a pump that has ended: the moment is over. */
void pump_summary_rest(struct pump_summary *);

#endif
