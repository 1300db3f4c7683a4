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
	bool is_raised; /* in EPOCH_SETTLE: the mark says so */
	/* What is to be in the target of the mark: it has changed so often, what is being written is of then, and what is
	 * there. */
	unsigned mark_changes, mark_begun, mark_written;
	bool is_mark_begun;
	bool is_held;
	bool has_ended; /* of bounded input */
};

enum look_phase {
	LOOK_NONE,
	LOOK_MARKS,      /* what is not in our marks yet is written */
	LOOK_PARTITIONS, /* how far all of the topic is */
	LOOK_PATHS,      /* _SUCCESS is made where it is due */
	LOOK_DONE,       /* and is no longer in our marks */
};

/* Whether paths are complete, over several turns. */
struct lake_look {
	enum look_phase phase;
	int64_t due_ms;   /* of clock_mono_ms: the next begins */
	int64_t began_ms;
	int64_t wall_ms;  /* when the broker was asked */
	bool *drained;    /* what it said */
	size_t count;     /* of the topic's partitions */
	size_t done;      /* of them */
	size_t first;     /* the partition that held it up the last time: it is asked before the others */
	int64_t watermark_ms; /* of those that are done */
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
	struct lake_look look;
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

/* ---- lake_marks.c ---- */

/* The mark was changed. */
void lake_change_mark(struct lake_stream *);

/* Until the target has what it says now. 1: not done yet, call again. */
int lake_write_mark(struct lake *, struct lake_stream *, struct err *);

/* Of all partitions whose epochs are to be settled, before the commits that say the same (see epoch_check_mark): some
 * of it. Those that are not done yet hold up nothing but their own partitions. */
int lake_raise_marks(struct lake *, struct err *);

/* Its epoch is to be settled, and nothing of that is missing in its mark. */
bool lake_is_marked(const struct lake *, const struct lake_stream *);

/* ---- lake_success.c; without --success-after these do nothing ---- */

/* The objects of its bundle are in the target. */
int lake_note_published(struct lake *, struct lake_stream *, struct err *);

/* Makes _SUCCESS where paths of our partitions are complete: a step of it, every few seconds. What the target or the
 * broker is away for is done later. */
int lake_succeed(struct lake *, int64_t now_ms, struct err *);

/* The same to its end, or to a request to stop. */
int lake_succeed_last(struct lake *, struct err *);

/* It has something to do now. */
bool lake_is_looking(const struct lake *);

/* When it begins next; CLOCK_NEVER. */
int64_t lake_look_ms(const struct lake *);

/* The input has ended for good: all paths are complete. ERR_STOPPED as lake_settle. */
int lake_succeed_all(struct lake *, struct err *);

void lake_forget_look(struct lake *);

#endif
