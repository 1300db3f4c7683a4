/* SPDX-License-Identifier: MIT */
#include "io/kafka_admin.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"

enum { ANSWER_MS = 20 * 1000, STEP_MS = 50, NOTE_AFTER_MS = 2000 };

/* ---- questions to the controller ---- */

rd_kafka_event_t *
kafka_await(struct kafka *k, rd_kafka_queue_t *queue, int64_t deadline, const char *doing,
    struct err *err)
{
	for (;;) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, STEP_MS);

		if (event && !rd_kafka_event_error(event))
			kafka_saw_broker(k);
		if (event)
			return event;
		(void)rd_kafka_poll(k->rk, 0); /* brings refusals */
		if (kafka_check(k, err))
			return NULL;
		if (stop_requested())
			err_set(err, ERR_STOPPED, "stopped: %s", doing);
		else if (clock_mono_ms() >= deadline)
			err_set(err, ERR_UNAVAILABLE, "%s: no answer in time", doing);
		else
			continue;
		return NULL;
	}
}

/* The answer to a request put on `queue`, or NULL with err. */
static rd_kafka_event_t *
await_event(struct kafka *k, rd_kafka_queue_t *queue, const char *doing, struct err *err)
{
	rd_kafka_event_t *event = kafka_await(k, queue, clock_deadline(ANSWER_MS), doing, err);

	if (!event || !rd_kafka_event_error(event))
		return event;
	err_set(err, kafka_error_class(rd_kafka_event_error(event)), "%s: %s", doing,
	    rd_kafka_event_error_string(event));
	rd_kafka_event_destroy(event);
	return NULL;
}

/* Why the topic could not be made; NO_ERROR where it is there now. */
static int
send_creation(struct kafka *k, rd_kafka_NewTopic_t *topic, rd_kafka_resp_err_t *ret_code,
    char *reason, size_t reason_bytes, struct err *err)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
	rd_kafka_event_t *event;
	const rd_kafka_topic_result_t **results;
	size_t count;

	rd_kafka_CreateTopics(k->rk, &topic, 1, NULL, queue);
	event = await_event(k, queue, "creating a topic", err);
	if (event) {
		results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event),
		    &count);
		*ret_code = count == 1 ? rd_kafka_topic_result_error(results[0])
		                       : RD_KAFKA_RESP_ERR__FAIL;
		(void)snprintf(reason, reason_bytes, "%s",
		    count == 1 && rd_kafka_topic_result_error_string(results[0])
		        ? rd_kafka_topic_result_error_string(results[0])
		        : rd_kafka_err2str(*ret_code));
		if (*ret_code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			*ret_code = RD_KAFKA_RESP_ERR_NO_ERROR;
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	return event ? 0 : -1;
}

static int
create(struct kafka *k, const char *name, bool with_segments, rd_kafka_resp_err_t *ret_code,
    char *reason, size_t reason_bytes, struct err *err)
{
	char refusal[256];
	/* replication -1: the broker's default.replication.factor (KIP-464) */
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, -1, refusal, sizeof(refusal));
	int rc;

	if (!topic)
		return err_set(err, ERR_USAGE, "topic %s: %s", name, refusal);
	(void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact"); /* no memory: as policy */
	if (with_segments) {
		/* the segment written to is not compacted, and a reader reads it all */
		(void)rd_kafka_NewTopic_set_config(topic, "segment.bytes", "8388608");
		(void)rd_kafka_NewTopic_set_config(topic, "min.cleanable.dirty.ratio", "0.1");
	}
	rc = send_creation(k, topic, ret_code, reason, reason_bytes, err);
	rd_kafka_NewTopic_destroy(topic);
	return rc;
}

static int
make_topic(struct kafka *k, const char *name, struct err *err)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	char reason[256];

	if (create(k, name, true, &code, reason, sizeof(reason), err))
		return -1;
	/* some services allow few settings */
	if ((code == RD_KAFKA_RESP_ERR_INVALID_CONFIG || code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION) &&
	    create(k, name, false, &code, reason, sizeof(reason), err))
		return -1;
	if (!code)
		return 0;
	return err_set(err, kafka_error_class(code) == ERR_DENIED ? ERR_DENIED : ERR_CANT_CREATE,
	    "topic %s is not there and cannot be created: %s; it has one partition and "
	    "cleanup.policy=compact", name, reason);
}

/* "" where the broker does not tell. */
static int
ask_cleanup_policy(struct kafka *k, const char *name, char *ret, size_t bytes, struct err *err)
{
	rd_kafka_ConfigResource_t *resource =
	    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	rd_kafka_event_t *event;
	size_t count;

	*ret = '\0';
	rd_kafka_DescribeConfigs(k->rk, &resource, 1, NULL, queue);
	event = await_event(k, queue, "looking at a topic's settings", err);
	if (event) {
		resources = rd_kafka_DescribeConfigs_result_resources(
		    rd_kafka_event_DescribeConfigs_result(event), &count);
		entries = count ? rd_kafka_ConfigResource_configs(resources[0], &count) : NULL;
		for (size_t i = 0; entries && i < count; i++) {
			if (!strcmp(rd_kafka_ConfigEntry_name(entries[i]), "cleanup.policy") &&
			    rd_kafka_ConfigEntry_value(entries[i]))
				(void)snprintf(ret, bytes, "%s", rd_kafka_ConfigEntry_value(entries[i]));
		}
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(resource);
	return event ? 0 : -1;
}

static int
check_policy(struct kafka *k, const char *name, struct err *err)
{
	char policy[64];

	if (ask_cleanup_policy(k, name, policy, sizeof(policy), err))
		return -1;
	if (!*policy) /* not permitted to look */
		diag_detail("topic %s: cleanup.policy is not told", name);
	else if (strcmp(policy, "compact"))
		return err_set(err, ERR_USAGE,
		    "topic %s has cleanup.policy=%s: what is kept in it would expire; it must be compact",
		    name, policy);
	return 0;
}

static struct kafka *
open_consumer(const struct kafka_options *options, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(options, KAFKA_CONSUMER, err);

	if (!conf)
		return NULL;
	if (kafka_conf_set(conf, "enable.partition.eof", "true", false, err) ||
	    kafka_conf_set(conf, "allow.auto.create.topics", "false", false, err) ||
	    kafka_conf_default(options, conf, "fetch.wait.max.ms", "20", false, err)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	return kafka_open(conf, KAFKA_CONSUMER, options, NULL, err);
}

int
kafka_ensure_compacted(const struct kafka_options *options, const char *topic, int64_t wait_ms,
    struct err *err)
{
	/* a consumer: metadata asked for by a producer would create the topic (2.0.2) */
	struct kafka *k = open_consumer(options, err);
	int32_t partition_count;
	int rc = -1;

	if (!k)
		return -1;
	rc = kafka_find_topic(k, KAFKA_CONSUMER, topic, wait_ms, &partition_count, err);
	if (rc && err->class == ERR_NO_INPUT) {
		err_clear(err);
		rc = make_topic(k, topic, err) ||
		    kafka_wait_topic(k, KAFKA_CONSUMER, topic, wait_ms, &partition_count, err);
	}
	if (!rc)
		rc = check_policy(k, topic, err);
	(void)kafka_free(k); /* nothing of ours is shared with it */
	return rc ? -1 : 0;
}

/* ---- reading back ---- */

struct reading {
	struct kafka *kafka;
	rd_kafka_topic_t *topic;
	const char *name;
	struct slice key;
	int64_t end; /* the high watermark seen first, -1 before */
	struct buf *value;
	bool is_found;
};

static int
take(struct reading *r, const rd_kafka_message_t *m, struct err *err)
{
	if (!m->key || m->key_len != r->key.len || memcmp(m->key, r->key.data, r->key.len))
		return 0;
	r->is_found = m->payload != NULL;
	buf_clear(r->value);
	return m->payload ? buf_append(r->value, slice_make(m->payload, m->len), err) : 0;
}

/* A response has come, so the marks are those of after the call of kafka_read_last. */
static void
note_end(struct reading *r)
{
	int64_t low, high;

	if (r->end < 0 && !rd_kafka_get_watermark_offsets(r->kafka->rk, r->name, 0, &low, &high) &&
	    high >= 0)
		r->end = high;
}

/* *ret_next: the offset read next, where this tells. */
static int
consume(struct reading *r, int64_t *ret_next, struct err *err)
{
	rd_kafka_message_t *m = rd_kafka_consume(r->topic, 0, STEP_MS);
	rd_kafka_resp_err_t code = m ? m->err : RD_KAFKA_RESP_ERR_NO_ERROR;
	int rc = 0;

	(void)rd_kafka_poll(r->kafka->rk, 0);
	if (kafka_check(r->kafka, err)) {
		rc = -1;
	} else if (m && (!code || code == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
		note_end(r);
		*ret_next = code ? m->offset : m->offset + 1;
		rc = code ? 0 : take(r, m, err);
	} else if (m && kafka_error_class(code) != ERR_UNAVAILABLE) {
		rc = err_set(err, kafka_error_class(code), "topic %s: %s", r->name,
		    rd_kafka_err2str(code));
	}
	if (m)
		rd_kafka_message_destroy(m);
	return rc;
}

static int
read_all(struct reading *r, int64_t wait_ms, struct err *err)
{
	int64_t begin_ms = clock_mono_ms(), moved_ms = begin_ms, next = -1;
	bool is_noted = false;

	while (r->end < 0 || next < r->end) {
		int64_t before = next;

		if (consume(r, &next, err))
			return -1;
		if (next != before) {
			moved_ms = clock_mono_ms();
			continue;
		}
		if (stop_requested())
			return err_set(err, ERR_STOPPED, "stopped while reading topic %s", r->name);
		if (clock_mono_ms() - moved_ms >= wait_ms)
			return err_set(err, ERR_UNAVAILABLE,
			    r->end < 0 ? "topic %s: no answer" : "topic %s: a transaction that is still open "
			    "holds up its readers", r->name);
		if (!is_noted && clock_mono_ms() - moved_ms >= NOTE_AFTER_MS) {
			diag_note("waiting for the end of other transactions in topic %s", r->name);
			is_noted = true;
		}
		kafka_watch(r->kafka);
	}
	return 0;
}

int
kafka_read_last(const struct kafka_options *options, const char *topic, struct slice key,
    int64_t wait_ms, struct buf *ret_value, bool *ret_found, struct err *err)
{
	struct reading r = { .name = topic, .key = key, .end = -1, .value = ret_value };
	int32_t partition_count;
	int rc = -1;

	r.kafka = open_consumer(options, err);
	if (!r.kafka)
		return -1;
	if (kafka_wait_topic(r.kafka, KAFKA_CONSUMER, topic, wait_ms, &partition_count, err))
		goto out;
	r.topic = rd_kafka_topic_new(r.kafka->rk, topic, NULL);
	if (!r.topic || rd_kafka_consume_start(r.topic, 0, RD_KAFKA_OFFSET_BEGINNING)) {
		err_set(err, ERR_FAULT, "topic %s: %s", topic, rd_kafka_err2str(rd_kafka_last_error()));
		goto out;
	}
	rc = read_all(&r, wait_ms, err);
	(void)rd_kafka_consume_stop(r.topic, 0); /* the handle goes now */
	if (!rc)
		*ret_found = r.is_found;
out:
	if (r.topic)
		rd_kafka_topic_destroy(r.topic);
	(void)kafka_free(r.kafka); /* nothing of ours is shared with it */
	return rc;
}
