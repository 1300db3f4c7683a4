/* SPDX-License-Identifier: MIT */
/*
 * Records of a Kafka topic: as a member of a group, or partitions by number without a group.
 *
 * Nothing is paused: each partition's queue is read on its own while there is room (DESIGN of the
 * reading path: ARCHITECTURE.md). auto.offset.reset is "error": an offset that is no longer there
 * stops the source with ERR_DATA and names the gap, or (accepts_gaps) is told as one and passed over.
 */
#ifndef SLUICE_SOURCE_TOPIC_H
#define SLUICE_SOURCE_TOPIC_H

#include "io/kafka.h"
#include "source/source.h"

/* One -o value. */
enum offset_kind {
	OFFSET_STORED,    /* the group's committed offset, else the beginning */
	OFFSET_BEGINNING,
	OFFSET_END,
	OFFSET_AT,        /* value: the offset */
	OFFSET_TAIL,      /* value: that many before the end */
	OFFSET_TIME,      /* value: first record at or after this time, ms */
};

struct offset_spec {
	enum offset_kind kind;
	int64_t value;
};

struct source_topic_options {
	const struct kafka_options *kafka;
	const char *topic;
	const char *group;           /* NULL: no group, nothing is committed */
	const int32_t *partitions;   /* with no group: those; count 0 means all */
	size_t partition_count;
	struct offset_spec start;
	bool has_stop_time;          /* -o e@TIME: each partition ends before the first record then */
	int64_t stop_time_ms;
	/* -e: end at the end offsets seen at the start. In a group that counts for the whole topic: at the
	 * ends of its own partitions a member waits until the others have committed theirs, or have
	 * gone and left them to it. */
	bool exit_at_end;
	int64_t count_max;           /* -c; 0: no limit */
	bool want_headers;
	bool want_all_partitions;    /* ERR_STOPPED where the group gives this member only some */
	bool accepts_gaps;           /* go on where the log starts: events.gap */
	int64_t wait_ms;             /* for a topic that is not there yet */
	size_t memory_bytes;         /* bound on prefetched bytes */
};

/* "beginning", "end", "stored", "N", "-N", "s@TIME"; "e@TIME" sets the stop time. ERR_USAGE. */
int offset_spec_parse(const char *text, struct offset_spec *start, bool *has_start,
    bool *has_stop_time, int64_t *stop_time_ms, struct err *);

/* Waits for the broker and the topic; a request to stop meanwhile makes a source that gives nothing (SOURCE_WAIT). ERR_UNAVAILABLE: no broker; ERR_NO_INPUT: the topic did not
 * appear in wait_ms, or has no such partition; ERR_DENIED. events may be NULL; it is copied. */
struct source *source_topic_open(const struct source_topic_options *, const struct source_events *,
    struct err *);

/* Partitions of the topic as seen at the start. */
int32_t source_topic_partition_count(const struct source *);

/* After SOURCE_WAIT: readable when source_next should be called again (and once a second is soon enough
 * where it stays silent). For loops that wait for other descriptors too. */
int source_topic_fd(const struct source *);

/* Offsets between the read positions and the last known ends, for progress lines; -1 unknown. */
int64_t source_topic_lag(const struct source *);

#endif
