/* SPDX-License-Identifier: MIT */
/*
 * What the files of source/topic share. topic_open.c opens, begins to read and frees; topic.c reads;
 * topic_group.c is the group: assignment, revocation, commits; topic_offsets.c turns what a user says
 * into numbers; topic_reach.c says how far it is.
 */
#ifndef SLUICE_SOURCE_TOPIC_STATE_H
#define SLUICE_SOURCE_TOPIC_STATE_H

#include <stdatomic.h>

#include "source/topic.h"

/* Messages taken from a partition's queue in one go. */
enum { TOPIC_BATCH = 1024 };

/* How long the broker may take to answer what reading cannot go on without. */
enum { TOPIC_ANSWER_MS_MAX = 60 * 1000 };

/* ListOffsets' special times: KIP-79. rd_kafka_offsets_for_times hands them on as they are, and so
 * asks for many partitions at once where rd_kafka_query_watermark_offsets asks for one. */
enum { TIME_END = -1, TIME_BEGINNING = -2 };

/* An offset that does not limit anything. */
#define TOPIC_NO_END INT64_MAX

/* Wakes the loop; set by librdkafka's threads. */
struct topic_bell {
	int fd;                /* an eventfd, written only while the loop sleeps */
	atomic_bool is_asleep;
	atomic_bool has_rung;  /* some queue has turned from empty to not empty */
};

/* A partition being read. */
struct topic_partition {
	int32_t number;
	uint32_t term;
	int64_t next;       /* the offset owed next; lower ones are dropped */
	int64_t end;        /* stop before it */
	bool has_timed_end; /* e@TIME has no offset yet: a record then or later ends it */
	bool is_at_end;     /* nothing behind `next`, as far as is known */
	bool is_done;       /* `end` is reached */
	bool is_held;       /* source_hold */
	bool wants_poke;    /* its queue was near a limit since the last one */
	bool has_told_end;  /* events.ended */
	rd_kafka_queue_t *queue;
	atomic_bool is_ready; /* the queue may have something */
	struct topic_bell *bell;
};

/* Partitions that other members of the group read. */
struct topic_others {
	int64_t look_mono_ms; /* when to look again */
	int64_t committed;    /* the sum of what they had committed */
	int64_t change_mono_ms;
	bool is_said;
};

/* Where a partition of the topic began and ended when reading began; for bounded reading. */
struct topic_bounds {
	int64_t begin;
	int64_t end;         /* to be read up to here: -e, e@TIME; else TOPIC_NO_END */
	bool has_timed_end;  /* e@TIME has no offset yet */
};

struct source_topic {
	struct source source;
	struct source_topic_options options; /* strings and lists are ours */
	struct source_events events;
	struct kafka *kafka;
	rd_kafka_queue_t *main_queue;   /* rebalances, errors */
	rd_kafka_queue_t *commit_queue; /* group only */
	rd_kafka_topic_t *topic;        /* without a group only */
	struct topic_bell bell;
	atomic_bool is_main_ready;
	int32_t partition_count; /* of the topic */
	struct topic_bounds *bounds; /* of all partitions, in a group; NULL for endless reading */

	struct topic_partition *partitions; /* those being read */
	size_t count;
	size_t done_count;
	bool is_assigned; /* reading has begun, perhaps of nothing */
	uint32_t last_term;
	size_t turn; /* the partition to look at first */
	struct topic_others others;

	rd_kafka_message_t *batch[TOPIC_BATCH];
	size_t batch_at, batch_len;
	struct topic_partition *batch_of;
	rd_kafka_message_t *lent; /* behind the record that the caller holds */
	struct record_header *headers;
	size_t header_capacity;

	int64_t queue_bytes_max; /* limits of a partition's queue */
	int64_t queue_count_max;
	int64_t poke_mono_ms; /* not before */
	bool wants_poke;      /* some partition does */

	int64_t given;      /* records */
	int64_t passed;     /* offsets, of partitions that have gone too */
	unsigned calls;     /* of next, for what is done now and then */
	bool is_begun;
	bool has_ended;         /* SOURCE_END was given */
	rd_kafka_resp_err_t commit_code; /* of the last commit that failed */
	bool has_ended_news;    /* some partition is done and not yet told */
	bool has_told;          /* at_end or ended, since the last call */
	bool has_settled_timed; /* topic_settle_timed_ends was asked */
	bool is_closing;
	bool has_failed;    /* `failure` is final */
	struct err failure;
	bool is_commit_lost; /* no other one may follow */
	uintptr_t commit_id;
};

/* ---- topic_open.c ---- */

/* At the first call of next: joins the group, or starts the partitions. 1: it was asked to stop before. */
int topic_begin(struct source_topic *, struct err *);

/* ---- topic.c ---- */

enum source_status topic_next(struct source *, int64_t deadline_mono_ms, struct record *,
    struct err *);

int topic_serve(struct source *, struct err *);
void topic_hold(struct source *, int32_t partition, bool is_held);

void topic_on_ready(rd_kafka_t *, void *opaque);
void topic_on_main_ready(rd_kafka_t *, void *opaque);

/* Nothing more is read of it. */
void topic_finish(struct source_topic *, struct topic_partition *);

/* Makes err final. Returns -1. */
int topic_fail(struct source_topic *, const struct err *);

/* ERR_NO_INPUT where the topic has been deleted; 0 also where nobody answers. */
int topic_check_exists(struct source_topic *, struct err *);

/* Gives the messages that were taken and not handed out back to librdkafka. */
void topic_drop_batch(struct source_topic *);

/* ---- topic_offsets.c ---- */

/* Where a partition begins; `offset` is below zero where nothing is stored. */
struct topic_start {
	int32_t partition;
	int64_t offset;
	int64_t log_start; /* where the log now starts, if that is behind the offset and accepted; or 0 */
	struct topic_bounds bounds;
	bool was_resolved; /* by `start`: there was nothing stored */
	char *metadata;    /* of the commit, or NULL */
};

/* Fills in offset, where it is below zero, and bounds. */
int topic_resolve(struct source_topic *, struct topic_start *, size_t count, struct err *);

/* The bounds of all partitions of the topic, now. */
int topic_query_bounds(struct source_topic *, struct err *);

/* The time of e@TIME has come: what was not yet known is asked for, once, and becomes the end. */
int topic_settle_timed_ends(struct source_topic *, struct err *);

/* First and end offset, in that order; -1 where not known. */
int topic_query_range(struct source_topic *, int32_t partition, int64_t range[static 2],
    struct err *);

/* ---- topic_group.c ---- */

void topic_on_rebalance(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *,
    void *opaque);

int topic_commit(struct source *, const struct commit_point *, size_t count, struct err *);

/* Begins to read these: makes the partitions and tells events.assigned. */
int topic_take_partitions(struct source_topic *, const struct topic_start *, size_t count,
    struct err *);
void topic_release_partitions(struct source_topic *);

/* Whether what other members of the group have to read of bounded input is committed; asks the broker
 * once a second. 1, 0, or -1 with err. */
int topic_others_done(struct source_topic *, struct err *);

/* Leaves the group, in bounded time; false where the broker did not answer. */
bool topic_leave(struct source_topic *);

/* ---- topic_gap.c ---- */

/* Reading goes on at `log_start`: tells events.gap. */
int topic_pass_gap(struct source_topic *, struct topic_partition *, int64_t log_start, struct err *);

/* The broker has said that p->next is out of range: ERR_DATA names the gap, or (accepts_gaps) it is passed over. */
int topic_judge_range(struct source_topic *, struct topic_partition *, struct err *);

/* ---- topic_reach.c ---- */

/* It has been read up to `next`, which is owed next; never back. */
void topic_advance(struct source_topic *, struct topic_partition *, int64_t next);

int64_t topic_passed(const struct source *);

/* ---- topic_drained.c ---- */

int topic_drained(struct source *, bool **ret, size_t *ret_count, struct err *);

#endif
