/* SPDX-License-Identifier: MIT */
/*
 * One handle for questions to a cluster and for what changes it, with a deadline for every answer:
 * librdkafka's admin interface as of 2.0.2. A stop (a signal) ends every wait.
 */
#ifndef SLUICE_KAFKA_TOPIC_ADMIN_H
#define SLUICE_KAFKA_TOPIC_ADMIN_H

#include "io/kafka.h"

struct admin_settings {
	const struct kafka_options *kafka; /* borrowed as long as it is open */
	int64_t wait_ms;                   /* for a broker */
	int64_t timeout_ms;
};

struct admin {
	struct kafka *kafka;
	rd_kafka_queue_t *queue; /* answers to admin requests */
	int64_t timeout_ms;      /* of each request */
	struct admin_settings settings;
	struct admin *for_groups; /* admin_for_groups; NULL while it has not been asked for */
};

/* Waits for a broker. ERR_UNAVAILABLE, ERR_DENIED. */
int admin_open(struct admin *, const struct admin_settings *, struct err *);
void admin_release(struct admin *);

/*
 * A handle for questions that go to groups' coordinators, opened by the first call and released with
 * the other; NULL with err. It has the group's name as group.id, but joins nothing: librdkafka 2.0.2
 * dereferences its group's state when the answer to OffsetFetch is NOT_COORDINATOR, whether there is
 * such a state or not (rd_kafka_handle_OffsetFetch; librdkafka issue 5040). It also forgets
 * coordinators that have not been asked for ADMIN_COORDINATOR_MS, as 2.0.2 does not when they say
 * that they are it no more.
 */
enum { ADMIN_COORDINATOR_MS = 1500 };

struct admin *admin_for_groups(struct admin *, const char *group, struct err *);

/* For a request; NULL with err. `op_waits`: the brokers are asked to take nearly as long for what
 * it starts (creating, deleting). `is_dry_run`: they only check it. The caller destroys it. */
rd_kafka_AdminOptions_t *admin_options(
    struct admin *, rd_kafka_admin_op_t, bool op_waits, bool is_dry_run, struct err *);

/* The answer to the request put on the queue, which the caller destroys, or NULL with err. `doing`
 * is put before the reason. */
rd_kafka_event_t *admin_await(struct admin *, const char *doing, struct err *);

/* ---- questions: asked again until the timeout where that may help ---- */

/* A question to be put on the queue. */
struct admin_question {
	const char *doing; /* put before the reason */
	rd_kafka_admin_op_t op;
	void (*send)(rd_kafka_t *, void *context, const rd_kafka_AdminOptions_t *, rd_kafka_queue_t *);
	/* The first trouble within an answer that asking again may cure, else no error. */
	rd_kafka_resp_err_t (*trouble)(rd_kafka_event_t *);
	void *context;
};

/* The answer, which the caller destroys, or NULL with err. Where the trouble lasts it is still the
 * answer. */
rd_kafka_event_t *admin_ask(struct admin *, const struct admin_question *, struct err *);

/* Whether asking again may help, and after which pause. */
bool admin_is_passing(rd_kafka_resp_err_t);
int64_t admin_pause_ms(rd_kafka_resp_err_t);

/* What is still to come is not to be taken for the answer to a later question. */
void admin_forget(struct admin *);

/*
 * The topic's metadata, or (NULL) those of all topics that may be seen; for
 * rd_kafka_metadata_destroy. ERR_NO_INPUT where there is no such topic; none is made by asking.
 */
const struct rd_kafka_metadata *admin_metadata(struct admin *, const char *topic, struct err *);

/* 0 and ret_count, or what admin_metadata says. */
int admin_partition_count(struct admin *, const char *topic, int32_t *ret_count, struct err *);

/* Wait until the topic is there with a leader for each partition, or is no more. False where that
 * does not come within the timeout, or cannot be seen. */
bool admin_wait_led(struct admin *, const char *topic);
bool admin_wait_gone(struct admin *, const char *topic);

/* kafka_error_class, and what only administration meets. */
enum err_class admin_error_class(rd_kafka_resp_err_t);

/*
 * Notes a failure of one of several things: "WHAT NAME: REASON", or after "; " where there was one
 * before, whose class stays. reason may be NULL: the code's own words.
 */
void admin_add_error(
    struct err *, const char *what, const char *name, rd_kafka_resp_err_t, const char *reason);

/*
 * Replaces the offsets in the list (topics and partitions, each once) by those of the first records
 * at or after time_ms, -1 where there is none; RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END
 * stand for where the log starts and its high watermark (KIP-79: -2 and -1). The partitions whose
 * leaders do not tell within the timeout have an error, their offsets mean nothing. An empty list is
 * fine. -1 where there is no sense in asking: stopped, refused.
 */
int admin_query_offsets(
    struct admin *, rd_kafka_topic_partition_list_t *, int64_t time_ms, struct err *);

/* ---- shared by admin*.c alone ---- */

/* librdkafka answers some questions only to who waits: such a call cannot be ended by a signal, so
 * it gets a part of the time, and is made again. */
struct admin_attempt {
	int64_t deadline;
	int64_t try_ms;
};

struct admin_attempt admin_attempt_begin(const struct admin *);

/* How long this one may take. */
int admin_attempt_ms(struct admin_attempt *);

/* 0: try again, after a pause. -1: err says why not. */
int admin_attempt_failed(struct admin *, const struct admin_attempt *, rd_kafka_resp_err_t,
    const char *doing, struct err *);

#endif
