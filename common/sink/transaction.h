/* SPDX-License-Identifier: MIT */
/*
 * Kafka transactions: what several topic sinks write becomes visible to read_committed readers all at
 * once, or not at all. A sink joins by sink_topic_options.transaction; each has a topic of its own.
 *
 * There is one transaction at a time. It begins by itself with the first record written after the
 * last commit; an open one holds up read_committed readers of its partitions (their last stable offset
 * stays before it), so commit before sleeping for long.
 */
#ifndef SLUICE_SINK_TRANSACTION_H
#define SLUICE_SINK_TRANSACTION_H

#include "io/kafka.h"

struct transaction_options {
	const struct kafka_options *kafka;
	const char *id;          /* transactional.id: whoever opens it last fences all others */
	const char *compression; /* NULL: librdkafka's default or the user's property */
	int64_t timeout_ms;      /* transaction.timeout.ms: the broker aborts an older one */
	int64_t wait_ms;         /* for the coordinator, when opening */
	size_t memory_bytes;     /* bound on what waits to be sent */
};

struct transaction;

/*
 * Returns when an earlier producer of this id is fenced and what it left open is committed or
 * aborted: what is read from now on is final. ERR_UNAVAILABLE, ERR_DENIED, ERR_STOPPED.
 */
struct transaction *transaction_open(const struct transaction_options *, struct err *);

/* Aborts what is open, in bounded time, and frees the sinks too. NULL is fine. */
void transaction_free(struct transaction *);

/*
 * Makes everything written since the last commit visible; nothing to do where none was. Waits until the
 * deadline, and at most about as long as the broker keeps a transaction open.
 *
 * After an error the outcome may be unknown, and the object is good for transaction_free alone: open
 * the same id again and look. ERR_STOPPED where another producer has taken the id over
 * (transaction_is_fenced), ERR_UNAVAILABLE and others where trying again may help.
 */
int transaction_commit(struct transaction *, int64_t deadline_mono_ms, struct err *);

/*
 * The id was taken over, or the broker has aborted a transaction that was open for longer than
 * timeout_ms, which it reports alike: `*ret_may_have_timed_out` says whether it can be that.
 */
bool transaction_is_fenced(const struct transaction *, bool *ret_may_have_timed_out);

/* When the open transaction began, monotonic ms; CLOCK_NEVER where none is open. */
int64_t transaction_begun_ms(const struct transaction *);

#endif
