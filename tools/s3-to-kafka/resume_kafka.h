/* SPDX-License-Identifier: MIT */
/*
 * --resume-id on Kafka: a transactional producer named after the id, and a compacted topic that keeps
 * one state an id. The producer fences earlier runs first; only then the state is read, so that none
 * of them can add to it.
 */
#ifndef SLUICE_S3_TO_KAFKA_RESUME_KAFKA_H
#define SLUICE_S3_TO_KAFKA_RESUME_KAFKA_H

#include "base/opt.h"
#include "run/client.h"
#include "s3-to-kafka/resume.h"
#include "sink/transaction.h"

#define RESUME_OPTIONS_INIT { .topic = "sluice-resume", .interval_ms = 1000 }

/* --resume-id ...; target: struct resume_options. */
extern const struct opt resume_rows[];
extern const size_t resume_row_count;

/* ERR_USAGE for an id with other characters than [A-Za-z0-9._-], or options without an id. */
int resume_options_check(const struct resume_options *, struct err *);

struct resume_kafka_options {
	const struct resume_options *resume;
	const struct client_options *client;
	const char *run;         /* of RESUME_RUN_BYTES: names this process */
	const char *compression; /* as in struct transaction_options */
	size_t memory_bytes;
	int64_t wait_ms;         /* for brokers */
};

struct resume_kafka;

/* Fences, reads. Borrows the options. ERR_DENIED, ERR_UNAVAILABLE, ERR_USAGE for a topic that is not
 * compacted ... */
struct resume_kafka *resume_kafka_open(const struct resume_kafka_options *, struct err *);

/* Aborts what is not committed. The topic sinks of the transaction are gone then. */
void resume_kafka_free(struct resume_kafka *);

/* For the sinks that take part. */
struct transaction *resume_kafka_transaction(struct resume_kafka *);
struct resume *resume_kafka_resume(struct resume_kafka *);

/* There is a position under this id. */
bool resume_kafka_is_known(const struct resume_kafka *);

/* resume_begin with what was read. */
int resume_kafka_begin(struct resume_kafka *, struct resume_facts *, struct source *, struct err *);

/* A random name. */
int resume_kafka_name_run(char ret[static RESUME_RUN_BYTES], struct err *);

/*
 * After a failure of the open transaction: may this process open it again? True where it is not
 * fenced, and no other has kept anything meanwhile; or where it only seems fenced: its transaction may have timed
 * out, and what is kept is still its own. It looks into the topic for that, as long as a broker answers within 10 s.
 * Otherwise err becomes ERR_STOPPED, another process has taken over.
 */
bool resume_kafka_may_reopen(const struct resume_kafka *, struct err *);

#endif
