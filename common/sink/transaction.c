/* SPDX-License-Identifier: MIT */
#include "sink/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "sink/topic_state.h"

enum {
	SINKS_MAX = 4,
	/* one call of librdkafka's, before looking at signals and brokers again; its calls for
	 * transactions are resumed by calling them again (rdkafka.h, rd_kafka_commit_transaction) */
	STEP_MS = 200,
	NOTE_AFTER_MS = 2000,
	ABORT_MS_MAX = 2000,
	/* past its timeout the broker aborts a transaction: then waiting for its commit is over */
	COMMIT_EXTRA_MS = 5000,
};

struct transaction {
	struct kafka *kafka;
	int64_t timeout_ms;
	bool is_begun;
	int64_t begun_ms; /* of the open one, or of the last */
	struct sink_topic *sinks[SINKS_MAX];
	size_t sink_count;
};

/* Served by rd_kafka_poll and rd_kafka_flush, on the loop's thread. */
static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	const struct transaction *t = ((struct kafka *)opaque)->user;

	(void)rk;
	for (size_t i = 0; i < t->sink_count; i++) {
		if (t->sinks[i]->topic == m->rkt) {
			sink_topic_report(t->sinks[i], m);
			return;
		}
	}
}

/* Takes `error`. */
static int
set_error(struct err *err, rd_kafka_error_t *error, const char *doing)
{
	err_set(err, kafka_error_class(rd_kafka_error_code(error)), "%s: %s", doing,
	    rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return -1;
}

/* ---- opening ---- */

static int
open_handle(struct transaction *t, const struct transaction_options *o, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(o->kafka, KAFKA_PRODUCER, err);
	char timeout[24];

	if (!conf)
		return -1;
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	(void)snprintf(timeout, sizeof(timeout), "%" PRId64, o->timeout_ms);
	if (kafka_conf_set(conf, "transactional.id", o->id, false, err) ||
	    kafka_conf_set(conf, "transaction.timeout.ms", timeout, false, err) ||
	    sink_topic_configure(conf, o->kafka, o->compression, o->memory_bytes, err)) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	t->kafka = kafka_open(conf, KAFKA_PRODUCER, o->kafka, t, err);
	return t->kafka ? 0 : -1;
}

/* librdkafka's words for it ("Timed out waiting for operation to finish") do not say which. Takes `error`. */
static int
fail_wait(const struct transaction *t, rd_kafka_error_t *error, int64_t waited_ms, struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *trouble = t->kafka->trouble;

	rd_kafka_error_destroy(error);
	return err_set(err, ERR_UNAVAILABLE, "no transaction coordinator of %s was ready within %.3g s%s%s",
	    kafka_options_brokers(t->kafka->options, &ignored), (double)(waited_ms - waited_ms % 100) / 1000,
	    *trouble ? ": " : "", trouble);
}

/* InitProducerId waits for an unfinished transaction of the id (CONCURRENT_TRANSACTIONS meanwhile). */
static int
init(struct transaction *t, const struct transaction_options *o, struct err *err)
{
	int64_t begin_ms = clock_mono_ms();
	bool is_noted = false;

	for (;;) {
		rd_kafka_error_t *error = rd_kafka_init_transactions(t->kafka->rk, STEP_MS);
		int64_t waited_ms = clock_mono_ms() - begin_ms;

		(void)rd_kafka_poll(t->kafka->rk, 0); /* brings refusals */
		if (!error)
			return 0;
		if (!rd_kafka_error_is_retriable(error))
			return set_error(err, error, "transactions");
		if (waited_ms >= o->wait_ms)
			return fail_wait(t, error, waited_ms, err);
		rd_kafka_error_destroy(error);
		if (kafka_check(t->kafka, err))
			return -1;
		if (stop_requested())
			return err_set(err, ERR_STOPPED, "stopped while waiting for a transaction coordinator");
		if (!is_noted && waited_ms >= NOTE_AFTER_MS)
			diag_note("waiting for a transaction coordinator");
		is_noted |= waited_ms >= NOTE_AFTER_MS;
		kafka_watch(t->kafka);
	}
}

struct transaction *
transaction_open(const struct transaction_options *o, struct err *err)
{
	struct transaction *t = calloc(1, sizeof(*t));

	if (!t) {
		err_no_memory(err);
		return NULL;
	}
	t->timeout_ms = o->timeout_ms;
	t->begun_ms = clock_mono_ms();
	if (!open_handle(t, o, err) && !init(t, o, err))
		return t;
	transaction_free(t);
	return NULL;
}

int
transaction_attach(struct transaction *t, struct sink_topic *s, struct err *err)
{
	if (t->sink_count == SINKS_MAX)
		return err_set(err, ERR_FAULT, "too many sinks for a transaction");
	s->transaction = t;
	s->kafka = t->kafka;
	t->sinks[t->sink_count++] = s;
	return 0;
}

/* ---- begin and commit ---- */

int
transaction_begin(struct transaction *t, struct err *err)
{
	rd_kafka_error_t *error;

	if (t->is_begun)
		return 0;
	error = rd_kafka_begin_transaction(t->kafka->rk);
	if (error) {
		(void)rd_kafka_poll(t->kafka->rk, 0); /* brings a fatal error, which says more */
		if (!kafka_check(t->kafka, err))
			return set_error(err, error, "transaction");
		rd_kafka_error_destroy(error);
		return -1;
	}
	t->is_begun = true;
	t->begun_ms = clock_mono_ms();
	return 0;
}

/* librdkafka's own words for a failed transaction are those of the last step; the first failure of a
 * record says why. Takes `error`. */
static int
fail_commit(struct transaction *t, rd_kafka_error_t *error, struct err *err)
{
	(void)rd_kafka_poll(t->kafka->rk, 0);
	for (size_t i = 0; i < t->sink_count; i++) {
		if (!sink_topic_serve(t->sinks[i], 0, err))
			continue;
		rd_kafka_error_destroy(error);
		return -1;
	}
	return set_error(err, error, "commit of a transaction");
}

int
transaction_commit(struct transaction *t, int64_t deadline_mono_ms, struct err *err)
{
	int64_t over_ms = clock_deadline(t->timeout_ms + COMMIT_EXTRA_MS);

	if (!t->is_begun)
		return 0;
	if (deadline_mono_ms == CLOCK_NEVER || deadline_mono_ms > over_ms)
		deadline_mono_ms = over_ms;
	for (size_t i = 0; i < t->sink_count; i++) {
		if (sink_topic_hand_over_stage(t->sinks[i], err))
			return -1;
	}
	for (;;) {
		int left_ms = clock_poll_ms(deadline_mono_ms);
		rd_kafka_error_t *error =
		    rd_kafka_commit_transaction(t->kafka->rk, left_ms < STEP_MS ? left_ms : STEP_MS);

		if (!error) {
			t->is_begun = false;
			return 0;
		}
		if (!rd_kafka_error_is_retriable(error) || left_ms <= 0)
			return fail_commit(t, error, err);
		rd_kafka_error_destroy(error);
		(void)rd_kafka_poll(t->kafka->rk, 0);
		if (kafka_check(t->kafka, err))
			return -1;
		kafka_watch(t->kafka);
	}
}

bool
transaction_is_fenced(const struct transaction *t, bool *ret_may_have_timed_out)
{
	char text[512];
	rd_kafka_resp_err_t code = rd_kafka_fatal_error(t->kafka->rk, text, sizeof(text));

	*ret_may_have_timed_out = clock_mono_ms() - t->begun_ms >= t->timeout_ms;
	/* librdkafka's name for INVALID_PRODUCER_EPOCH and PRODUCER_FENCED alike (2.0.2,
	 * rd_kafka_txn_normalize_err); a broker's abort of a transaction that timed out raises the epoch
	 * too (KIP-360) */
	return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	    code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

int64_t
transaction_begun_ms(const struct transaction *t)
{
	return t->is_begun ? t->begun_ms : CLOCK_NEVER;
}

/* ---- the end ---- */

/* An open transaction would hold up readers until the broker times it out. */
static void
abort_open(struct transaction *t)
{
	int64_t deadline = clock_deadline(ABORT_MS_MAX);
	rd_kafka_error_t *error = NULL;
	bool is_retriable;

	if (!t->is_begun || t->kafka->is_down)
		return;
	do {
		error = rd_kafka_abort_transaction(t->kafka->rk, STEP_MS);
		is_retriable = error && rd_kafka_error_is_retriable(error);
		if (error) /* the next producer of this id, or the broker, aborts it then */
			rd_kafka_error_destroy(error);
	} while (is_retriable && clock_mono_ms() < deadline);
}

void
transaction_free(struct transaction *t)
{
	if (!t)
		return;
	if (t->kafka) {
		abort_open(t);
		(void)rd_kafka_purge(t->kafka->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
		                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
	}
	for (size_t i = 0; i < t->sink_count; i++) {
		if (t->sinks[i]->topic)
			rd_kafka_topic_destroy(t->sinks[i]->topic);
	}
	if (!kafka_free(t->kafka))
		return; /* its threads may still use all of it */
	for (size_t i = 0; i < t->sink_count; i++)
		sink_topic_release(t->sinks[i]);
	free(t);
}
