/* SPDX-License-Identifier: MIT */
/*
 * The pump without its I/O: records in lanes, requests out, fates in, and the frontier that may be
 * committed. Pure: time is given, nothing is read or written, so that a simulation can drive all of
 * it.
 *
 * A record's lane is chosen by its service_staged.lane modulo the number of lanes. A lane has one
 * request in flight at most, and what must be tried again stays at its head: so records of one
 * number are delivered in order, and a lane that is stuck holds up no other. Each record is open in
 * the frontier from lanes_put until it is delivered, filtered, or durable as a dead letter.
 */
#ifndef SLUICE_FLOW_LANES_H
#define SLUICE_FLOW_LANES_H

#include "flow/frontier.h"
#include "flow/service.h"

struct lanes_options {
	size_t lane_count;      /* requests in flight at most */
	size_t memory_bytes;    /* copies of records, with notes */
	size_t batch_count_max; /* records in a request */
	size_t batch_bytes_max; /* of a request's body; a larger record goes alone */
	int64_t linger_ms;      /* how long a batch that is not full waits for more */
	int64_t ahead_max;      /* sequences between a stream's frontier and what is read of it */
	uint64_t seed;          /* of the jitter */
};

struct lanes;

struct lanes *lanes_new(const struct lanes_options *, struct err *);
void lanes_free(struct lanes *);

/* ---- streams: as of the frontier ---- */

int lanes_assign(struct lanes *, int32_t stream, uint32_t term, int64_t sequence, struct err *);
/* What waits of the stream is dropped; what is in flight is ignored when it comes back, and its
 * lane sends nothing before. */
void lanes_revoke(struct lanes *, int32_t stream);
/* As frontier_skip_to. */
void lanes_skip_to(struct lanes *, int32_t stream, int64_t sequence);

/* ---- in ---- */

/* The bound of memory is not reached: one more record of any size may be put. */
bool lanes_has_room(const struct lanes *);
/* The stream is as far ahead of its frontier as it may be: it is not to be read. */
bool lanes_is_ahead(const struct lanes *, int32_t stream);

/* Copies record and note. A record of a term that has ended is dropped; one behind a refusal that failed
 * (lane_settle) stays open in the frontier and is not sent. */
int lanes_put(struct lanes *, const struct record *, const struct service_staged *, int64_t now_ms,
    struct err *);
/* Read, and its fate decided elsewhere: lanes_done says when it is durable. */
int lanes_take(struct lanes *, struct position, struct err *);
int lanes_done(struct lanes *, struct position, struct err *);

/* ---- out ---- */

struct lane;

/* A lane that has something to send now, or NULL; *ret_due_ms is when to ask again where nothing
 * else happens (CLOCK_NEVER: no time will bring one). Batches do not wait to be full with
 * is_draining, nor where there is no room for more. */
struct lane *lanes_next(struct lanes *, int64_t now_ms, bool is_draining, int64_t *ret_due_ms);

/* From 0 to lane_count - 1. */
size_t lane_number(const struct lane *);

/* What its next request may hold, in order. The items stay at their addresses until their fate is
 * told, the array until the next lanes_put or lanes_revoke. */
size_t lane_items(const struct lane *, const struct service_item *const **ret_items);
/* The first `count` of them are in flight. */
void lane_sent(struct lane *, size_t count);
/* Those in flight; the array as above. */
size_t lane_in_flight(const struct lane *, const struct service_item *const **ret_items);

/*
 * Tells the fate of those in flight, one verdict each. Refused items come to `refused`, which makes
 * them durable elsewhere and then calls lanes_done. Where it fails its stream ends there: this item
 * and what is behind it in the stream, in whatever lane, is not sent any more, is told no refusal and
 * stays open in the frontier, nor does it count as waiting; what precedes it goes on. The other fates are
 * told nevertheless, and the first err is returned. Where throttling shows, fewer requests are in
 * flight at once and batches get smaller, and both grow again with success.
 */
struct lanes_events {
	void *context;
	int (*refused)(
	    void *context, const struct service_item *, const char *reason, struct err *);
};

int lane_settle(struct lane *, const struct service_verdict *, int64_t now_ms,
    const struct lanes_events *, struct err *);
/* The first `count`, of a lane with nothing in flight, are not worth sending any more: refused, as lane_settle
 * tells it. */
int lane_refuse(struct lane *, size_t count, const char *reason, const struct lanes_events *,
    struct err *);
/* All of them again: no answer (is_throttled: too many requests). retry_after_ms: 0 where nobody
 * said. */
void lane_again(struct lane *, bool is_throttled, int64_t retry_after_ms, int64_t now_ms);
/* The next requests of this lane have half as many, until these are through; is_too_large: and no
 * lane's has more than half of their bytes ever after (else one of them is at fault, and is being
 * looked for). False where there was only one: it is still in flight then, for lane_settle. */
bool lane_split(struct lane *, bool is_too_large);

/* ---- what may be committed ---- */

const struct frontier *lanes_frontier(const struct lanes *);

struct lanes_counts {
	int64_t read;      /* put or taken */
	int64_t delivered; /* SERVICE_DONE */
	int64_t dropped;   /* put, and their stream revoked before they had a fate */
	int64_t requests;
	int64_t retried;   /* records that were sent again */
	/* Put, and without a fate: in flight too, also of streams revoked since. Not what is behind a
	 * refusal that failed. */
	int64_t waiting;
	size_t in_flight;  /* requests */
	size_t in_flight_max; /* as throttling has it at present */
	size_t bytes;      /* held; above the bound by one record or one slab at most */
};

void lanes_counts(const struct lanes *, struct lanes_counts *ret);

#endif
