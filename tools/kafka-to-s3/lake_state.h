/* SPDX-License-Identifier: MIT */
/* What lake.c (records, the loop) and lake_epochs.c (partitions, commits) share. */
#ifndef SLUICE_KAFKA_TO_S3_LAKE_STATE_H
#define SLUICE_KAFKA_TO_S3_LAKE_STATE_H

#include "flow/field.h"
#include "flow/template.h"
#include "kafka-to-s3/lake.h"
#include "kafka-to-s3/mark.h"

/* One partition that is ours, or the pipe. */
struct lake_stream {
	int32_t number;
	struct epochs epochs;
	struct bundle bundle; /* of the closed epoch, while it is published */
	struct mark mark;     /* as it was read or written, and what is going to be written next */
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
	int64_t due_ms;        /* when an epoch is by age, or the marks are to be looked at */
	int64_t look_ms;       /* when they are, of clock_mono_ms */
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

/* NULL where it is not ours. */
struct lake_stream *lake_find_stream(struct lake *, int32_t number);

/* From there on, with the metadata of its commit, or NULL. */
struct lake_stream *lake_add_stream(
    struct lake *, int32_t number, int64_t sequence, const char *metadata, struct err *);

/* What it had open is the next owner's. */
void lake_drop_stream(struct lake *, int32_t number);

/* As lake_settle, without looking at what is left, and only up to the deadline. is_served: a member that joins meanwhile is not kept waiting; not
 * where the source itself asks for it. */
int lake_settle_until(struct lake *, int64_t deadline_ms, bool is_served, struct err *);

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

/* Closes what is open, whether it is due or not, and sees all of it committed. ERR_STOPPED where that took longer than
 * the drain time after a request to stop, whenever that came. */
int lake_settle(struct lake *, struct err *);

void lake_forget_streams(struct lake *);

/* ---- lake_success.c; without --success-after these do nothing, but for lake_write_mark ---- */

/* The objects of its bundle are in the target. */
int lake_note_published(struct lake *, struct lake_stream *, struct err *);

/* 1: not done yet, see publisher_update_mark. */
int lake_write_mark(struct lake *, const struct lake_stream *, struct err *);

/* Makes _SUCCESS where paths of our partitions are complete; every few seconds, or now: is_last. */
int lake_succeed(struct lake *, int64_t now_ms, bool is_last, struct err *);

/* When it is to be called next; CLOCK_NEVER. */
int64_t lake_look_ms(const struct lake *);

/* The input has ended for good: all paths are complete. */
int lake_succeed_all(struct lake *, struct err *);

#endif
