/* SPDX-License-Identifier: MIT */
/* What a windower is made of, for windower.c (records in, rows out), windower_streams.c (streams and
 * commits) and windower_compile.c (options) only. */
#ifndef SLUICE_KAFKA_WINDOW_WINDOWER_STATE_H
#define SLUICE_KAFKA_WINDOW_WINDOWER_STATE_H

#include "kafka-window/windower.h"

enum {
	COMMIT_MS = 1000,           /* at least between two commits while records come */
	DURABLE_MS_MAX = 60 * 1000, /* for rows and letters to become durable before a commit */
};

/* One stream that is ours. */
struct owned_stream {
	int32_t number;
	int64_t next; /* the sequence after the last record taken, or where the stream begins */
	struct buf metadata;
};

struct windower {
	struct windower_options options;
	struct aggregate_plan plan;
	struct engine *engine;
	struct row_layout *layout;
	struct field_set *fields;
	unsigned time_index;
	unsigned by_indices[BY_MAX];
	struct inputs *inputs;
	bool has_inputs; /* some aggregate looks at a field */
	uint64_t hash_seed;
	struct template *key_template;  /* NULL without --key */
	struct field_set *row_fields;   /* of the template */
	struct source *source;
	struct sink *output;
	struct sink *late; /* NULL without --late */
	struct deadletter *letters;
	struct owned_stream *streams;
	struct commit_point *points; /* as many as streams */
	size_t stream_count;
	size_t stream_capacity;
	struct buf group;
	struct buf row;
	struct buf row_key;
	int64_t read;
	int64_t bytes; /* of their values */
	int64_t rejected_before; /* in an earlier life, and read again */
	bool is_dirty; /* something was read since the last commit */
	bool has_news; /* the source told something that may have completed windows */
	int64_t commit_from_ms;
	unsigned until_clock;
	struct windower_watch watch;
	int64_t tell_ms; /* due; CLOCK_NEVER */
};

static inline struct owned_stream *
windower_find_stream(struct windower *w, int32_t number)
{
	/* one that has all partitions of a topic was mostly given them in order */
	if ((size_t)number < w->stream_count && w->streams[number].number == number)
		return &w->streams[number];
	for (size_t i = 0; i < w->stream_count; i++) {
		if (w->streams[i].number == number)
			return &w->streams[i];
	}
	return NULL;
}

/* ---- windower.c ---- */

/* Gives out what was completed by other than a record. */
int windower_close_windows(struct windower *, struct err *);

/* ---- windower_streams.c ---- */

int windower_add_stream(struct windower *, int32_t number, int64_t sequence,
    const struct engine_mark *, struct err *);

/* Makes durable what was given out and commits positions. */
int windower_commit(struct windower *, int64_t deadline_ms, struct err *);

/* ---- windower_compile.c ---- */

int windower_compile(struct windower *, struct err *);

#endif
