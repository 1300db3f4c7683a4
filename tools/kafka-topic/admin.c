/* SPDX-License-Identifier: MIT */
#include "kafka-topic/admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "io/kafka_admin.h"

enum {
	ANSWER_MS = 2000, /* for what is done to be told */
	GRACE_MS = 2000, /* librdkafka says what it waited for; ours is for where it does not */
	PAUSE_MS = 100,
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

/* As questions to coordinators need it: see admin.h. */
static int
set_group(rd_kafka_conf_t *conf, const char *group, struct err *err)
{
	if (!group)
		return 0;
	if (kafka_conf_set(conf, "group.id", *group ? group : "kafka-topic", false, err))
		return -1;
	/* also the age of coordinators, which are looked through each second */
	return kafka_conf_set(conf, "metadata.max.age.ms", "100", false, err);
}

static int
open_handle(
    struct admin *a, const struct admin_settings *settings, const char *group, struct err *err)
{
	rd_kafka_conf_t *conf = make_conf(settings->kafka, err);

	*a = (struct admin){ .timeout_ms = settings->timeout_ms, .settings = *settings };
	if (!conf)
		return -1;
	if (set_group(conf, group, err)) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	a->kafka = kafka_open(conf, KAFKA_CONSUMER, settings->kafka, NULL, err);
	if (!a->kafka)
		return -1;
	a->queue = rd_kafka_queue_new(a->kafka->rk);
	return kafka_wait_broker(a->kafka, settings->wait_ms, err);
}

int
admin_open(struct admin *a, const struct admin_settings *settings, struct err *err)
{
	return open_handle(a, settings, NULL, err);
}

struct admin *
admin_for_groups(struct admin *a, const char *group, struct err *err)
{
	if (a->for_groups)
		return a->for_groups;
	a->for_groups = calloc(1, sizeof(*a->for_groups));
	if (!a->for_groups) {
		err_no_memory(err);
		return NULL;
	}
	if (!open_handle(a->for_groups, &a->settings, group, err))
		return a->for_groups;
	admin_release(a->for_groups);
	free(a->for_groups);
	a->for_groups = NULL;
	return NULL;
}

void
admin_release(struct admin *a)
{
	if (a->for_groups)
		admin_release(a->for_groups);
	free(a->for_groups);
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

static rd_kafka_AdminOptions_t *
make_options(struct admin *a, rd_kafka_admin_op_t op, int64_t request_ms, bool op_waits,
    bool is_dry_run, struct err *err)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->kafka->rk, op);
	char reason[256] = "";

	if (!options) {
		err_set(err, ERR_FAULT, "this librdkafka has no such request");
		return NULL;
	}
	if (rd_kafka_AdminOptions_set_request_timeout(
		options, (int)request_ms, reason, sizeof(reason)) ||
	    (op_waits && rd_kafka_AdminOptions_set_operation_timeout(
			     options, operation_ms(request_ms), reason, sizeof(reason))) ||
	    (is_dry_run &&
		rd_kafka_AdminOptions_set_validate_only(options, 1, reason, sizeof(reason)))) {
		err_set(err, ERR_FAULT, "%s", reason);
		rd_kafka_AdminOptions_destroy(options);
		return NULL;
	}
	return options;
}

rd_kafka_AdminOptions_t *
admin_options(
    struct admin *a, rd_kafka_admin_op_t op, bool op_waits, bool is_dry_run, struct err *err)
{
	return make_options(a, op, a->timeout_ms, op_waits, is_dry_run, err);
}

void
admin_forget(struct admin *a)
{
	rd_kafka_queue_destroy(a->queue);
	a->queue = rd_kafka_queue_new(a->kafka->rk);
}

/* As kafka_await. */
static rd_kafka_event_t *
await(struct admin *a, int64_t deadline, const char *doing, struct err *err)
{
	rd_kafka_event_t *event = kafka_await(a->kafka, a->queue, deadline, doing, err);

	if (!event)
		admin_forget(a);
	return event;
}

rd_kafka_event_t *
admin_await(struct admin *a, const char *doing, struct err *err)
{
	rd_kafka_event_t *event =
	    await(a, clock_deadline(a->timeout_ms + GRACE_MS), doing, err);

	if (!event)
		return NULL;
	if (!rd_kafka_event_error(event))
		return event;
	err_set(err, admin_error_class(rd_kafka_event_error(event)), "%s: %s", doing,
	    rd_kafka_event_error_string(event));
	rd_kafka_event_destroy(event);
	return NULL;
}

/* ---- questions ---- */

bool
admin_is_passing(rd_kafka_resp_err_t code)
{
	static const rd_kafka_resp_err_t passing[] = {
		RD_KAFKA_RESP_ERR__TRANSPORT,
		RD_KAFKA_RESP_ERR__TIMED_OUT,
		RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
		RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
		RD_KAFKA_RESP_ERR__WAIT_CACHE,
		RD_KAFKA_RESP_ERR__WAIT_COORD,
		/* those that Kafka's protocol calls retriable, of what questions are answered with */
		RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
		RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
		RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
		RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
		RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
		RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
		RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
		RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
	};

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		if (passing[i] == code)
			return true;
	}
	return false;
}

/* Sends it once; NULL with err, or what came, be it an error. */
static rd_kafka_event_t *
ask_once(
    struct admin *a, const struct admin_question *question, int64_t deadline, struct err *err)
{
	int64_t left_ms = deadline - clock_mono_ms();
	rd_kafka_AdminOptions_t *options =
	    make_options(a, question->op, left_ms > 1 ? left_ms : 1, false, false, err);

	if (!options)
		return NULL;
	question->send(a->kafka->rk, question->context, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	return await(a, deadline + GRACE_MS, question->doing, err);
}

int64_t
admin_pause_ms(rd_kafka_resp_err_t code)
{
	/* the next one is to be asked where the coordinator is */
	return code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ? ADMIN_COORDINATOR_MS : PAUSE_MS;
}

/* The event itself where it is the last word. NULL: to be asked again, or err says why not. */
static rd_kafka_event_t *
judge(const struct admin_question *question, rd_kafka_event_t *event,
    int64_t deadline, struct err *err)
{
	rd_kafka_resp_err_t failure = rd_kafka_event_error(event);
	rd_kafka_resp_err_t code = failure ? failure : question->trouble(event);

	if (admin_is_passing(code) && clock_mono_ms() + admin_pause_ms(code) < deadline) {
		if (stop_wait(clock_deadline(admin_pause_ms(code))))
			err_set(err, ERR_STOPPED, "stopped: %s", question->doing);
	} else if (failure) {
		err_set(err, admin_error_class(failure), "%s: %s", question->doing,
		    rd_kafka_event_error_string(event));
	} else {
		return event;
	}
	rd_kafka_event_destroy(event);
	return NULL;
}

rd_kafka_event_t *
admin_ask(struct admin *a, const struct admin_question *question, struct err *err)
{
	int64_t deadline = clock_deadline(a->timeout_ms);
	rd_kafka_event_t *event;

	do {
		event = ask_once(a, question, deadline, err);
		if (event)
			event = judge(question, event, deadline, err);
	} while (!event && err->class == ERR_NONE);
	return event;
}
