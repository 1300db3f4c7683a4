/* SPDX-License-Identifier: MIT */
/* What lake.c (records, the loop) and lake_epochs.c (partitions, commits) share. */
#ifndef SLUICE_KAFKA_TO_S3_LAKE_STATE_H
#define SLUICE_KAFKA_TO_S3_LAKE_STATE_H

#include "flow/field.h"
#include "flow/template.h"
#include "kafka-to-s3/lake.h"

/* One partition that is ours, or the pipe. */
struct lake_stream {
	int32_t number;
	struct epochs epochs;
	struct bundle bundle; /* of the closed epoch, while it is published */
	bool is_clean; /* of what earlier owners left half done */
	bool is_marked; /* in EPOCH_SETTLE: the mark is written */
	bool is_held;
	bool has_ended; /* of bounded input */
};

struct lake {
	struct lake_options options;
	struct field_set *fields;
	struct template *template; /* NULL without --path */
	unsigned time_index;       /* with a time field */
	bool wants_time;
	struct lake_outputs outputs;
	struct source *source;
	struct lake_stream *streams;
	struct commit_point *points; /* as many as streams */
	char (*metadata)[EPOCH_METADATA_BYTES]; /* of the points */
	size_t stream_count;
	size_t stream_capacity;
	size_t stream_recent;
	struct buf path;
	struct lake_counts counts;
	int64_t bundled_bytes; /* of lines in closed epochs */
	int64_t due_ms;        /* when an epoch is by age */
	struct lake_progress progress;
	int64_t tell_ms;       /* when it is told next; CLOCK_NEVER */
	bool is_busy; /* lake_turn has something to do */
	int64_t turn_ms; /* while that waits for the target: when it is looked at again */
	bool has_failed; /* a turn: nothing more can be published */
	bool is_lost; /* this member was fenced: nothing is done before the source has said so */
	bool has_told_crowded;
	struct err end_failure; /* of a callback that cannot fail */
};

/* ---- lake_epochs.c ---- */

/* The stream of a record; NULL with err. Pipes tell of none. */
struct lake_stream *lake_stream_of(struct lake *, const struct record *, struct err *);

/* What this record adds to its epoch. */
void lake_count(
    struct lake *, struct lake_stream *, const struct epoch_record *, int64_t now_ms);

/* Closes what is due, and does the next step of each closed epoch. */
int lake_turn(struct lake *, int64_t now_ms, struct err *);

/* lake_turn has nothing to do but wait for the target. */
bool lake_is_waiting(const struct lake *);

/* Waits while that is so, not for long. */
void lake_wait(struct lake *);
/* Tells how it goes, where that is due. */
void lake_tell(struct lake *, int64_t now_ms);

/* No record should be taken now: none could be, or there is no room. */
bool lake_is_blocked(const struct lake *, int64_t now_ms);

/* Closes what is open, whether it is due or not, and sees all of it committed. ERR_STOPPED where the deadline
 * came before. */
int lake_settle(struct lake *, int64_t deadline_ms, struct err *);

void lake_forget_streams(struct lake *);

#endif
