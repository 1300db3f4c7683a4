/* SPDX-License-Identifier: MIT */
#include "kafka-topic/admin.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"

enum {
	STEP_MS = 50,
	ANSWER_MS = 2000, /* for what is done to be told */
	GRACE_MS = 2000, /* librdkafka says what it waited for; ours is for where it does not */
	TRY_MS_MIN = 500,
	TRY_MS_MAX = 5000,
	PAUSE_MS = 50,
};

/* ---- errors ---- */

enum err_class
admin_error_class(rd_kafka_resp_err_t code)
{
	static const struct {
		rd_kafka_resp_err_t code;
		enum err_class class;
	} classes[] = {
		{ RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ERR_CANT_CREATE },
		{ RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_CONFIG, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_REQUEST, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR__INVALID_ARG, ERR_USAGE },
		/* these brokers cannot do it, now or later */
		{ RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, ERR_NO_INPUT },
		/* a commit from outside meets members (group coordinator, validateOffsetCommit) */
		{ RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ERR_UNAVAILABLE },
		{ RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ERR_UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (classes[i].code == code)
			return classes[i].class;
	}
	return kafka_error_class(code);
}

void
admin_add_error(struct err *err, const char *what, const char *name, rd_kafka_resp_err_t code,
    const char *reason)
{
	struct err before = *err;
	int len;

	if (!reason || !*reason)
		reason = rd_kafka_err2str(code);
	len = (int)strlen(reason);
	if (reason[len - 1] == '.') /* brokers write sentences, we parts of one */
		len--;
	if (before.class == ERR_NONE)
		(void)err_set(err, admin_error_class(code), "%s %s: %.*s", what, name, len, reason);
	else
		(void)err_set(
		    err, before.class, "%s; %s %s: %.*s", before.text, what, name, len, reason);
}

/* ---- the handle ---- */

static rd_kafka_conf_t *
make_conf(const struct kafka_options *options, struct err *err)
{
	/* a consumer: metadata asked for by a producer would create the topic (2.0.2) */
	rd_kafka_conf_t *conf = kafka_conf_new(options, KAFKA_CONSUMER, err);

	if (!conf)
		return NULL;
	/* The end of a log is its high watermark, also while a transaction is open, as to Kafka's
	 * own tools. One record is read of a partition at most (age.h); a batch is given whole,
	 * whatever the limit. */
	if (kafka_conf_set(conf, "isolation.level", "read_uncommitted", false, err) ||
	    kafka_conf_set(conf, "allow.auto.create.topics", "false", false, err) ||
	    kafka_conf_set(conf, "enable.partition.eof", "true", false, err) ||
	    kafka_conf_default(options, conf, "fetch.wait.max.ms", "20", false, err) ||
	    kafka_conf_default(options, conf, "queued.min.messages", "1", false, err) ||
	    kafka_conf_default(options, conf, "fetch.message.max.bytes", "16384", false, err)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	return conf;
}

int
admin_open(struct admin *a, const struct admin_settings *settings, struct err *err)
{
	rd_kafka_conf_t *conf = make_conf(settings->kafka, err);

	*a = (struct admin){ .timeout_ms = settings->timeout_ms };
	if (!conf)
		return -1;
	a->kafka = kafka_open(conf, KAFKA_CONSUMER, settings->kafka, NULL, err);
	if (!a->kafka)
		return -1;
	a->queue = rd_kafka_queue_new(a->kafka->rk);
	return kafka_wait_broker(a->kafka, settings->wait_ms, err);
}

void
admin_release(struct admin *a)
{
	if (a->queue)
		rd_kafka_queue_destroy(a->queue);
	(void)kafka_free(a->kafka); /* nothing of ours is shared with it */
	*a = (struct admin){ .kafka = NULL };
}

/* ---- requests ---- */

/* Less than the request has, so that a broker can still say what it has not finished. */
static int
operation_ms(int64_t timeout_ms)
{
	return (int)(timeout_ms > 2 * ANSWER_MS ? timeout_ms - ANSWER_MS : timeout_ms / 2);
}

rd_kafka_AdminOptions_t *
admin_options(
    struct admin *a, rd_kafka_admin_op_t op, bool op_waits, bool is_dry_run, struct err *err)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->kafka->rk, op);
	char reason[256] = "";

	if (!options) {
		err_set(err, ERR_FAULT, "this librdkafka has no such request");
		return NULL;
	}
	if (rd_kafka_AdminOptions_set_request_timeout(
		options, (int)a->timeout_ms, reason, sizeof(reason)) ||
	    (op_waits && rd_kafka_AdminOptions_set_operation_timeout(
			     options, operation_ms(a->timeout_ms), reason, sizeof(reason))) ||
	    (is_dry_run &&
		rd_kafka_AdminOptions_set_validate_only(options, 1, reason, sizeof(reason)))) {
		err_set(err, ERR_FAULT, "%s", reason);
		rd_kafka_AdminOptions_destroy(options);
		return NULL;
	}
	return options;
}

rd_kafka_event_t *
admin_await(struct admin *a, const char *doing, struct err *err)
{
	int64_t deadline = clock_deadline(a->timeout_ms + GRACE_MS);

	for (;;) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(a->queue, STEP_MS);

		if (event && !rd_kafka_event_error(event))
			return event;
		if (event) {
			err_set(err, admin_error_class(rd_kafka_event_error(event)), "%s: %s",
			    doing, rd_kafka_event_error_string(event));
			rd_kafka_event_destroy(event);
			return NULL;
		}
		(void)rd_kafka_poll(a->kafka->rk, 0); /* brings refusals */
		if (kafka_check(a->kafka, err))
			return NULL;
		if (stop_requested())
			err_set(err, ERR_STOPPED, "stopped: %s", doing);
		else if (clock_mono_ms() >= deadline)
			err_set(err, ERR_UNAVAILABLE, "%s: no answer within %.3g s", doing,
			    (double)a->timeout_ms / 1000);
		else
			continue;
		return NULL;
	}
}

/* ---- questions that librdkafka answers only to who waits ---- */

/* Such a call cannot be ended by a signal: it gets a part of the time, and is made again. */
struct attempt {
	int64_t deadline;
	int64_t try_ms;
};

static int
attempt_ms(struct attempt *t)
{
	int64_t left_ms = t->deadline - clock_mono_ms();
	int64_t ms = left_ms < t->try_ms ? left_ms : t->try_ms;

	t->try_ms = 2 * t->try_ms < TRY_MS_MAX ? 2 * t->try_ms : TRY_MS_MAX;
	return ms > 1 ? (int)ms : 1;
}

static bool
is_passing(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	       code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	       code == RD_KAFKA_RESP_ERR__WAIT_CACHE ||
	       code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	       code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
}

/* 0: try again. -1: err says why not. */
static int
after_failure(struct admin *a, struct attempt *t, rd_kafka_resp_err_t code, const char *doing,
    struct err *err)
{
	(void)rd_kafka_poll(a->kafka->rk, 0);
	if (kafka_check(a->kafka, err))
		return -1;
	if (is_passing(code) && clock_mono_ms() + PAUSE_MS < t->deadline) {
		if (!stop_wait(clock_deadline(PAUSE_MS)))
			return 0;
		return err_set(err, ERR_STOPPED, "stopped: %s", doing);
	}
	if (is_passing(code) && *a->kafka->trouble)
		return err_set(err, ERR_UNAVAILABLE, "%s: %s: %s", doing, rd_kafka_err2str(code),
		    a->kafka->trouble);
	return err_set(err, admin_error_class(code), "%s: %s", doing, rd_kafka_err2str(code));
}

static rd_kafka_resp_err_t
ask_metadata(struct admin *a, rd_kafka_topic_t *topic, int ms, const struct rd_kafka_metadata **ret)
{
	rd_kafka_resp_err_t code = rd_kafka_metadata(a->kafka->rk, !topic, topic, ret, ms);

	if (!code && topic && ((*ret)->topic_cnt != 1 || (*ret)->topics[0].err)) {
		code = (*ret)->topic_cnt == 1 ? (*ret)->topics[0].err
		                              : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		rd_kafka_metadata_destroy(*ret);
	}
	return code;
}

const struct rd_kafka_metadata *
admin_metadata(struct admin *a, const char *topic, struct err *err)
{
	struct attempt t = { .deadline = clock_deadline(a->timeout_ms), .try_ms = TRY_MS_MIN };
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = topic ? rd_kafka_topic_new(a->kafka->rk, topic, NULL) : NULL;

	if (topic && !handle) {
		err_set(err, ERR_USAGE, "topic \"%s\": %s", topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
		return NULL;
	}
	for (;;) {
		rd_kafka_resp_err_t code = ask_metadata(a, handle, attempt_ms(&t), &metadata);

		if (!code)
			break;
		metadata = NULL;
		if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
			err_set(err, ERR_NO_INPUT, "topic %s does not exist", topic);
		else if (!after_failure(a, &t, code, topic ? topic : "listing topics", err))
			continue;
		else if (topic)
			err_wrap(err, "topic");
		break;
	}
	if (handle)
		rd_kafka_topic_destroy(handle);
	return metadata;
}

int
admin_partition_count(struct admin *a, const char *topic, int32_t *ret_count, struct err *err)
{
	const struct rd_kafka_metadata *metadata = admin_metadata(a, topic, err);

	if (!metadata)
		return -1;
	*ret_count = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return 0;
}

static bool
has_leaders(const struct rd_kafka_metadata_topic *topic)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader < 0)
			return false;
	}
	return topic->partition_cnt > 0;
}

bool
admin_settle(struct admin *a, const char *topic, bool is_gone)
{
	int64_t deadline = clock_deadline(a->timeout_ms);

	do {
		struct err err = ERR_INIT;
		const struct rd_kafka_metadata *metadata = admin_metadata(a, topic, &err);
		bool is_there = metadata && has_leaders(&metadata->topics[0]);

		if (metadata)
			rd_kafka_metadata_destroy(metadata);
		else if (err.class != ERR_NO_INPUT)
			return false;
		if (is_gone ? !metadata : is_there)
			return true;
	} while (!stop_wait(clock_deadline(PAUSE_MS)) && clock_mono_ms() < deadline);
	return false;
}

static rd_kafka_resp_err_t
ask_offsets(struct admin *a, rd_kafka_topic_partition_list_t *list, int64_t time_ms, int ms)
{
	rd_kafka_resp_err_t code;

	for (int i = 0; i < list->cnt; i++) {
		list->elems[i].offset = time_ms;
		list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	code = rd_kafka_offsets_for_times(a->kafka->rk, list, ms);
	for (int i = 0; !code && i < list->cnt; i++)
		code = list->elems[i].err;
	/* it was there a moment ago: its leader may not know it yet (KIP-516) */
	return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
	           ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
	           : code;
}

int
admin_query_offsets(
    struct admin *a, rd_kafka_topic_partition_list_t *list, int64_t time_ms, struct err *err)
{
	struct attempt t = { .deadline = clock_deadline(a->timeout_ms), .try_ms = TRY_MS_MIN };
	rd_kafka_resp_err_t code;

	if (!list->cnt)
		return 0;
	while ((code = ask_offsets(a, list, time_ms, attempt_ms(&t)))) {
		if (after_failure(a, &t, code, "asking for offsets", err))
			return -1;
	}
	return 0;
}
