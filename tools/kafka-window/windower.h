/* SPDX-License-Identifier: MIT */
/*
 * The loop of kafka-window: records from the source into the engine, rows of closed windows to the
 * sink, and, in a group, positions back.
 *
 * What is committed for a partition is the offset of the earliest record of any window that is still
 * open (or of the next record, where none is), once the rows of the windows before it are durable; its
 * metadata (mark.h) says how far the partition was read and which windows have been given out.
 */
#ifndef SLUICE_KAFKA_WINDOW_WINDOWER_H
#define SLUICE_KAFKA_WINDOW_WINDOWER_H

#include "codec/time.h"
#include "kafka-window/engine.h"
#include "kafka-window/options_aggregate.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "sink/sink.h"
#include "source/source.h"

enum { BY_MAX = 32 };

/* One field of --by: [NAME=]FIELD. */
struct windower_by {
	struct slice name;
	struct slice field;
};

struct windower_options {
	struct engine_options engine; /* plan, key_values, has_positions and hash_seed are filled in */
	const char *time_field;       /* NULL: the record's timestamp */
	struct time_format time_format;
	struct windower_by by[BY_MAX];
	size_t by_count;
	struct aggregate_text aggregates[AGGREGATES_MAX];
	size_t aggregate_count;
	bool writes_ms;   /* the bounds of windows: ms since the epoch, not ISO 8601 */
	const char *key;  /* template over the row; NULL: the --by value */
	bool is_group;    /* positions are committed */
	bool is_pipe;     /* one stream, 0 */
	bool is_late_file; /* --late is a file, which has no line for a tombstone */
	bool is_bounded;  /* the input has an end of its own */
	int64_t drain_ms;
};

struct windower_counts {
	struct engine_counts engine;
	int64_t read;
	int64_t bytes; /* of their values */
	int64_t rejected;
	int64_t delivered; /* rows the sink has acknowledged */
	/* of this moment: */
	int64_t windows_open;
	int64_t state_bytes;
	int64_t watermark_ms; /* WATERMARK_NONE */
	int64_t unread;       /* records of its partitions; -1: not known */
	int64_t passed;       /* source_passed */
};

/* Who is told how it goes. */
struct windower_watch {
	void *context;
	void (*tell)(void *context, const struct windower_counts *);
	int64_t every_ms;
};

struct windower;

/* A hash of what a job's rows are: the windows, the fields and the aggregates, with their names. */
int windower_hash(const struct windower_options *, uint64_t *ret, struct err *);

/* ERR_USAGE for a field, a name, a function or a template that is wrong. */
struct windower *windower_new(const struct windower_options *, struct err *);
void windower_free(struct windower *);

/* For opening the source with. */
struct source_events windower_events(struct windower *);

/* Borrowed. late may be NULL: late records are counted only. */
void windower_set_outputs(struct windower *, struct sink *output, struct sink *late,
    struct deadletter *);

/* Before it runs. */
void windower_set_watch(struct windower *, const struct windower_watch *);

/*
 * Runs to the end of the input (all windows are given out), to a request to stop (none is), or to the
 * first error. Then what was given out is made durable and committed, also where a record is refused
 * (ERR_DATA).
 */
int windower_run(struct windower *, struct source *, enum job_input *ret_input, struct err *);

void windower_get_counts(struct windower *, struct windower_counts *ret);

/* For messages: a partition whose lack of any record keeps windows open (-1: none does). */
int32_t windower_silent_stream(const struct windower *);

#endif
