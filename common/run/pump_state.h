/* SPDX-License-Identifier: MIT */
/*
 * What the files of run/pump share. pump.c is the loop and its ends; pump_flight.c sends requests
 * and takes what comes back; pump_streams.c is what the source tells, and commits.
 */
#ifndef SLUICE_RUN_PUMP_STATE_H
#define SLUICE_RUN_PUMP_STATE_H

#include "flow/lanes.h"
#include "run/pump.h"

/* A lane's request. */
struct pump_flight {
	struct pump *pump;
	struct lane *lane; /* in flight while it is out */
	struct service_request request;
	void *call;
	bool is_out;
	/* The record at the lane's head that is sent again and again. */
	struct position stuck;
	int64_t stuck_ms; /* since then; 0: none */
	bool is_stuck_said;
};

/* One partition that is ours, or the pipe. */
struct pump_stream {
	int32_t number;
	int64_t committed;
	bool is_held; /* too far ahead: not read */
};

struct pump {
	struct pump_options options;
	struct pump_parts parts;
	struct lanes *lanes;
	struct source *source;
	struct deadletter *letters;

	struct pump_flight *flights; /* by the number of the lane */
	size_t flight_count;
	size_t out_count; /* of those, in flight */
	struct service_verdict *verdicts;
	size_t verdict_count;
	size_t body_bytes_kept; /* a larger buffer is not kept */

	struct pump_stream *streams;
	struct commit_point *points; /* as many */
	size_t stream_count;
	size_t stream_capacity;
	size_t stream_recent;
	size_t held_count;

	struct loop_watch watch; /* of the source */
	int64_t now_ms; /* monotonic, of this turn */
	int64_t due_ms; /* when a lane wants to send */
	int64_t serve_ms;
	int64_t letters_ms;
	int64_t tell_ms; /* when to tell how it goes */
	int64_t commit_from_ms; /* no commit before */
	int64_t settled;        /* as of the last commit */
	int64_t deadline_ms;    /* of draining */

	bool is_reading;
	bool is_idle;   /* the source has nothing at hand */
	bool is_hasty;  /* it had more than was read in this turn */
	bool is_stopping;
	bool is_silent; /* nothing more is sent: the service denies, or is away */
	bool is_broken; /* nothing more is known to be right: end at once */
	bool has_failed;
	struct err failure;

	int64_t asked_ms; /* since then the service was asked and took nothing; 0: nothing is asked */
	bool is_trouble_said;
	char trouble[SERVICE_REASON_BYTES]; /* why it took nothing, the last time; empty: it gave no answer */

	int64_t read;
	int64_t bytes; /* of their values */
	int64_t filtered;
	int64_t letters_done;
	int64_t letters_bytes_done; /* of letters, when the last of them was durable */
	bool has_ended;         /* the input was read to its end */
	int64_t dropped_at_end; /* lanes_counts.dropped at that time */
};

/* ---- pump.c ---- */

/* The first one counts. ERR_DATA: what precedes is still delivered; else nothing more is sent. */
void pump_fail(struct pump *, const struct err *);
int64_t pump_letters_open(const struct pump *);
/* So many are not durable that no more are to be made: nothing is read or sent meanwhile. */
bool pump_is_choked(const struct pump *);
/* Partitions went. Where the input had been read to its end and some of that is now another's to deliver, the
 * source is asked again: whether they come back, and when all is read. */
void pump_read_on(struct pump *);
/* Tells how it goes, where it is time to. */
void pump_tell(struct pump *);
/* Dead letters are looked at now and then. */
int pump_push_letters(struct pump *, struct err *);

/* ---- pump_flight.c ---- */

/* Sends what the lanes have to send. */
void pump_send(struct pump *);
/* There is nothing any more that the service does not take. */
void pump_end_trouble(struct pump *);
/* Gives up what is in flight. */
void pump_cancel(struct pump *);
/* When --patience ends, should no answer come until then to what is in flight. */
int64_t pump_silence_end_ms(const struct pump *);
/* Whether it has. */
void pump_see_silence(struct pump *);
/* ERR_DATA in why: to the dead letters. */
int pump_reject(struct pump *, const struct record *, const struct err *why, struct err *);

/* ---- pump_streams.c ---- */

/* The record's stream; a source without assignments (a pipe) begins with its first record. */
struct pump_stream *pump_stream_of(struct pump *, const struct record *, struct err *);
void pump_hold(struct pump *, struct pump_stream *);
/* Those that are not too far ahead any more. */
void pump_release_held(struct pump *);
int pump_commit(struct pump *, struct err *);
int64_t pump_settled(const struct pump *);

#endif
