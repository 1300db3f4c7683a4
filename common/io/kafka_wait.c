/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "io/kafka.h"

/* How long one request for metadata may take, and the pause after one that did not help. The first
 * are short, so that a tool starts quickly; a request cut short is sent again. */
enum { TRY_MS_MIN = 100, TRY_MS_MAX = 2000, PAUSE_MS_MIN = 20, PAUSE_MS_MAX = 1000 };

/* A note tells a person at the terminal what is missing. */
enum { NOTE_AFTER_MS = 1000 };

/* A broker gets that long to answer at all, even where nothing is waited for (--wait 0). */
enum { ANSWER_MS_MIN = 5000 };

enum outcome { FOUND, NO_TOPIC, NO_ANSWER, FAILED };

struct wait {
	struct kafka *kafka;
	enum kafka_role role;
	const char *name;        /* NULL: no topic, any broker will do */
	rd_kafka_topic_t *topic; /* NULL as well */
	int64_t start_ms, wait_ms;
	bool is_noted;
	bool is_for_broker; /* that there is no topic is an answer, too */
};

static enum outcome
judge(const struct rd_kafka_metadata *md, const char *topic, int32_t *ret_partitions,
    struct err *err)
{
	const struct rd_kafka_metadata_topic *t = md->topic_cnt == 1 ? &md->topics[0] : NULL;

	if (!t || t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    t->err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		return NO_TOPIC;
	if (t->err) {
		err_set(err, kafka_error_class(t->err), "topic %s: %s", topic, rd_kafka_err2str(t->err));
		return FAILED;
	}
	if (t->partition_cnt == 0)
		return NO_TOPIC;
	*ret_partitions = t->partition_cnt;
	return FOUND;
}

static enum outcome
try_once(struct wait *w, int try_ms, int32_t *ret_partitions, struct err *err)
{
	const struct rd_kafka_metadata *md;
	enum outcome outcome;
	rd_kafka_resp_err_t code = rd_kafka_metadata(w->kafka->rk, 0, w->topic, &md, try_ms);

	/* brings refusals; how many events does not matter. What rd_kafka_poll_set_consumer has joined to
	 * the group's queue would bring rebalances, too. */
	if (!w->kafka->is_group)
		(void)rd_kafka_poll(w->kafka->rk, 0);
	if (code) {
		if (kafka_check(w->kafka, err))
			return FAILED;
		return NO_ANSWER;
	}
	w->kafka->has_met = true;
	kafka_saw_broker(w->kafka);
	outcome = w->name ? judge(md, w->name, ret_partitions, err) : FOUND;
	rd_kafka_metadata_destroy(md);
	return outcome;
}

static void
note(struct wait *w, enum outcome outcome, int64_t now_ms)
{
	struct err ignored = ERR_INIT;
	const char *brokers = kafka_options_brokers(w->kafka->options, &ignored);

	if (w->is_noted || now_ms - w->start_ms < NOTE_AFTER_MS)
		return;
	w->is_noted = true;
	if (outcome == NO_TOPIC)
		diag_note("waiting for topic %s on %s", w->name, brokers);
	else
		diag_note("waiting for a broker of %s%s%s", brokers, *w->kafka->trouble ? ": " : "",
		    w->kafka->trouble);
}

static int
give_up(const struct wait *w, enum outcome outcome, struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *brokers = kafka_options_brokers(w->kafka->options, &ignored);
	int64_t waited_ms = clock_mono_ms() - w->start_ms;
	double waited_s = (double)(waited_ms - waited_ms % 100) / 1000;

	if (outcome == NO_TOPIC)
		return err_set(err, w->role == KAFKA_CONSUMER ? ERR_NO_INPUT : ERR_CANT_CREATE,
		    "topic %s does not exist on %s (waited %.3g s)", w->name, brokers, waited_s);
	return err_set(err, ERR_UNAVAILABLE, "no broker of %s answered within %.3g s%s%s", brokers,
	    waited_s, *w->kafka->trouble ? ": " : "", w->kafka->trouble);
}

static bool
is_over(const struct wait *w, enum outcome outcome, int64_t now_ms)
{
	int64_t waited_ms = now_ms - w->start_ms;

	if (outcome == NO_TOPIC && w->is_for_broker)
		return true;
	if (waited_ms < w->wait_ms)
		return false;
	/* a connection refused is an answer of a kind */
	return outcome == NO_TOPIC || *w->kafka->trouble || waited_ms >= ANSWER_MS_MIN;
}

static int64_t
shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
wait_loop(struct wait *w, int32_t *ret_partitions, struct err *err)
{
	int try_ms = TRY_MS_MIN, pause_ms = PAUSE_MS_MIN;

	for (;;) {
		int64_t left_ms = w->start_ms + w->wait_ms - clock_mono_ms();
		int bounded_ms = (int)shorter(try_ms, left_ms > TRY_MS_MIN ? left_ms : TRY_MS_MIN);
		enum outcome outcome = try_once(w, bounded_ms, ret_partitions, err);
		int64_t now_ms = clock_mono_ms();

		if (outcome == FOUND)
			return 0;
		if (outcome == FAILED)
			return -1;
		if (is_over(w, outcome, now_ms))
			return give_up(w, outcome, err);
		note(w, outcome, now_ms);
		if (stop_wait(shorter(now_ms + pause_ms, w->start_ms + w->wait_ms)))
			return err_set(err, ERR_STOPPED, "stopped while waiting for %s%s",
			    w->name ? "topic " : "a broker", w->name ? w->name : "");
		try_ms = (int)shorter(2 * (int64_t)try_ms, TRY_MS_MAX);
		pause_ms = (int)shorter(2 * (int64_t)pause_ms, PAUSE_MS_MAX);
	}
}

static int
wait_for(struct wait *w, int32_t *ret_partitions, struct err *err)
{
	int rc;

	w->start_ms = clock_mono_ms();
	w->topic = rd_kafka_topic_new(w->kafka->rk, w->name, NULL);
	if (!w->topic)
		return err_set(err, ERR_USAGE, "topic \"%s\": %s", w->name,
		    rd_kafka_err2str(rd_kafka_last_error()));
	rc = wait_loop(w, ret_partitions, err);
	rd_kafka_topic_destroy(w->topic);
	return rc;
}

int
kafka_wait_broker(struct kafka *k, int64_t wait_ms, struct err *err)
{
	struct wait w = { .kafka = k, .start_ms = clock_mono_ms(), .wait_ms = wait_ms };
	int32_t partition_count;

	return wait_loop(&w, &partition_count, err);
}

int
kafka_wait_topic(struct kafka *k, enum kafka_role role, const char *topic, int64_t wait_ms,
    int32_t *ret_partitions, struct err *err)
{
	struct wait w = { .kafka = k, .role = role, .name = topic, .wait_ms = wait_ms };

	return wait_for(&w, ret_partitions, err);
}

int
kafka_find_topic(struct kafka *k, enum kafka_role role, const char *topic, int64_t wait_ms,
    int32_t *ret_partitions, struct err *err)
{
	struct wait w = { .kafka = k, .role = role, .name = topic, .wait_ms = wait_ms,
		.is_for_broker = true };

	return wait_for(&w, ret_partitions, err);
}
