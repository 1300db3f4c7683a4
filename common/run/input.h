/* SPDX-License-Identifier: MIT */
/* Where a tool reads records: a topic, or newline JSON on standard input. */
#ifndef SLUICE_RUN_INPUT_H
#define SLUICE_RUN_INPUT_H

#include "run/client.h"
#include "run/job.h"
#include "source/source.h"
#include "source/topic.h"

enum {
	INPUT_PARTITIONS_MAX = 1024,
	INPUT_GROUP_BYTES_MAX = 249, /* a topic's name may have that many; the same does for a group */
};

struct input_options {
	const char *topic;
	const char *group;
	int32_t partitions[INPUT_PARTITIONS_MAX]; /* -p */
	size_t partition_count;
	struct offset_spec start;
	bool has_start;
	bool has_stop_time;
	int64_t stop_time_ms;
	bool exit_at_end;
	int64_t count_max;
	bool has_envelopes_in;  /* -J: standard input carries envelopes */
	bool has_envelopes_out; /* -J: standard output does */
	int64_t line_bytes_max;
	int64_t memory_bytes;
};

#define INPUT_OPTIONS_INIT \
	{ .start = { .kind = OFFSET_STORED }, .line_bytes_max = 16 * 1024 * 1024, \
	    .memory_bytes = 32 * 1024 * 1024 }

/* -t -G -p -o -e -c -J --memory; target: struct input_options. */
extern const struct opt input_rows[];
extern const size_t input_row_count;

/* --line-max, for tools that read standard input; the same target. */
extern const struct opt input_pipe_rows[];
extern const size_t input_pipe_row_count;

/* What the tool needs of the source beside the options. */
struct input_needs {
	const char *target;       /* for the default group: sluice.TOOL.TOPIC.TARGET */
	bool is_group_optional;   /* no -G: no group, commit nothing (kafka-to-pipe) */
	bool want_headers;
	bool want_all_partitions;
	bool accepts_gaps;        /* source/topic.h */
};

/*
 * Checks the options against each other (ERR_USAGE: an option of topics without a topic, a
 * terminal on standard input) and opens the source. The group that is used is said on stderr.
 */
struct source *input_open(const struct input_options *, const struct client_options *,
    const struct job *, const struct input_needs *, const struct source_events *, struct err *);

/* The group that will be used, "" for none: what -G says, or the default, which goes to `text`. */
const char *input_group(const struct input_options *, const struct job *, const struct input_needs *,
    char text[static INPUT_GROUP_BYTES_MAX + 1]);

/* True for input that has an end of its own: a pipe, -e, -c, or -o e@TIME. */
bool input_is_bounded(const struct input_options *);

#endif
