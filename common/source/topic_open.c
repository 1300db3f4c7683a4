/* SPDX-License-Identifier: MIT */
#include "source/topic.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/stop.h"
#include "source/topic_state.h"

/* What librdkafka holds of a record besides its bytes (2.0.2: an op of 500 bytes). */
enum { RECORD_OVERHEAD_BYTES = 512 };

/*
 * What one fetch may bring, compressed as it is: it grows by its compression when it arrives. On
 * loopback responses of 1 MB were read faster than those of 4 MB, which leave the processor's caches.
 */
enum { RESPONSE_BYTES = 1 << 20 };

enum { ALONE_SESSION_MS = 10 * 1000 };

/* ---- beginning to read ---- */

static int
subscribe(struct source_topic *s, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(list, s->options.topic, RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(s->kafka->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code)
		return err_set(err, kafka_error_class(code), "subscribe to %s: %s", s->options.topic,
		    rd_kafka_err2str(code));
	return 0;
}

static int
start_partition(struct source_topic *s, const struct topic_partition *p, struct err *err)
{
	rd_kafka_resp_err_t code;

	if (p->is_done || !rd_kafka_consume_start(s->topic, p->number, p->next))
		return 0;
	code = rd_kafka_last_error();
	return err_set(err, kafka_error_class(code), "%s[%" PRId32 "]: %s", s->options.topic, p->number,
	    rd_kafka_err2str(code));
}

/*
 * Without a group: librdkafka's simple consumer. It has no group id and so asks no coordinator, for
 * which a user would need a right to the group.
 */
static int
start_partitions(struct source_topic *s, struct err *err)
{
	size_t count = s->options.partition_count;
	struct topic_start *starts = calloc(count + 1, sizeof(*starts));
	int rc = -1;

	if (!starts)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++)
		starts[i] = (struct topic_start){ .partition = s->options.partitions[i], .offset = -1 };
	if (topic_resolve(s, starts, count, err) || topic_take_partitions(s, starts, count, err))
		goto out;
	for (size_t i = 0; i < s->count; i++) {
		if (start_partition(s, &s->partitions[i], err))
			goto out;
	}
	rc = 0;
out:
	free(starts);
	return rc;
}

int
topic_begin(struct source_topic *s, struct err *err)
{
	bool is_bounded = s->options.exit_at_end || s->options.has_stop_time;
	int rc;

	s->is_begun = true;
	if (!s->options.group)
		rc = start_partitions(s, err);
	else
		rc = (is_bounded && topic_query_bounds(s, err)) || subscribe(s, err) ? -1 : 0;
	if (!rc)
		return 0;
	if (err->class != ERR_STOPPED || !stop_requested())
		return topic_fail(s, err);
	err_clear(err); /* as in source_topic_open */
	return 1;
}

/* ---- freeing ---- */

static void
free_options(struct source_topic_options *o)
{
	free((void *)(uintptr_t)o->topic);
	free((void *)(uintptr_t)o->group);
	free((void *)(uintptr_t)o->partitions);
}

static void
topic_free(struct source *source)
{
	struct source_topic *s = (struct source_topic *)source;
	bool has_left = true;

	if (s->lent)
		rd_kafka_message_destroy(s->lent);
	if (s->kafka && s->options.group && s->main_queue)
		has_left = topic_leave(s);
	topic_release_partitions(s);
	if (s->topic)
		rd_kafka_topic_destroy(s->topic);
	if (s->main_queue) {
		rd_kafka_queue_cb_event_enable(s->main_queue, NULL, NULL);
		rd_kafka_queue_destroy(s->main_queue);
	}
	if (s->commit_queue)
		rd_kafka_queue_destroy(s->commit_queue);
	/* destroying a handle whose group does not answer would wait for it */
	if (!has_left || !kafka_free(s->kafka))
		return;
	if (s->bell.fd >= 0)
		(void)close(s->bell.fd);
	free_options(&s->options);
	free(s->bounds);
	free(s->headers);
	free(s);
}

static bool
topic_is_endless(const struct source *source)
{
	const struct source_topic_options *o = &((const struct source_topic *)source)->options;

	return !o->exit_at_end && !o->count_max && !o->has_stop_time;
}

static const struct source_ops topic_ops = {
	.next = topic_next,
	.commit = topic_commit,
	.free = topic_free,
	.fd = source_topic_fd,
	.is_endless = topic_is_endless,
	.serve = topic_serve,
	.hold = topic_hold,
	.lag = source_topic_lag,
	.passed = topic_passed,
	.drained = topic_drained,
};

/* ---- opening ---- */

static int
set_number(rd_kafka_conf_t *conf, const struct kafka_options *o, const char *name, int64_t value,
    bool is_optional, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return kafka_conf_default(o, conf, name, text, is_optional, err);
}

static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
	return value > high ? high : value < low ? low : value;
}

/*
 * Each partition has a queue of its own, so its limits are a part of the whole: half for the bytes,
 * half for what librdkafka needs to hold a record, which is more than a small record has. A fetch
 * response comes on top. librdkafka stops fetching a partition whose queue has reached a limit and
 * looks again when the back-off is over (2.2 and newer) or when it is woken (topic_poke).
 */
static int
set_fetching(struct source_topic *s, rd_kafka_conf_t *conf, int32_t partitions, struct err *err)
{
	const struct kafka_options *k = s->options.kafka;
	int64_t bytes = clamp((int64_t)s->options.memory_bytes, 1 << 20, INT64_C(1) << 31) / partitions;

	int64_t fetch_bytes;

	s->queue_bytes_max = clamp(bytes / 2, 64 << 10, INT64_C(1) << 30);
	fetch_bytes = clamp(RESPONSE_BYTES / partitions, 64 << 10, s->queue_bytes_max / 4);
	s->queue_count_max = clamp(bytes / 2 / RECORD_OVERHEAD_BYTES, 128, 1000000);
	return set_number(conf, k, "queued.min.messages", s->queue_count_max, false, err) ||
	    set_number(conf, k, "queued.max.messages.kbytes", s->queue_bytes_max >> 10, false, err) ||
	    set_number(conf, k, "fetch.message.max.bytes", fetch_bytes, false, err) ||
	    set_number(conf, k, "fetch.queue.backoff.ms", 10, true, err) ||
	    set_number(conf, k, "fetch.wait.max.ms", 10, true, err) ||
	    set_number(conf, k, "fetch.error.backoff.ms", 100, true, err);
}

static int
configure(struct source_topic *s, rd_kafka_conf_t *conf, struct err *err)
{
	const struct source_topic_options *o = &s->options;
	int32_t partitions =
	    o->partition_count ? (int32_t)o->partition_count : s->partition_count;

	if (set_fetching(s, conf, partitions, err) ||
	    kafka_conf_set(conf, "enable.partition.eof", "true", false, err))
		return -1;
	if (!o->group)
		return 0;
	rd_kafka_conf_set_rebalance_cb(conf, topic_on_rebalance);
	/* who must have all partitions waits for a crashed predecessor to be given up: not 45 s long */
	if (o->want_all_partitions &&
	    set_number(conf, o->kafka, "session.timeout.ms", ALONE_SESSION_MS, false, err))
		return -1;
	return kafka_conf_set(conf, "group.id", o->group, false, err);
}

/*
 * The limits of the queues depend on the number of partitions and cannot be changed once a handle
 * is there, so a first one waits for the topic.
 */
static int
wait_for_topic(struct source_topic *s, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(s->options.kafka, KAFKA_CONSUMER, err);
	struct kafka *k = conf ? kafka_open(conf, KAFKA_CONSUMER, s->options.kafka, NULL, err) : NULL;
	int rc = -1;

	if (k)
		rc = kafka_wait_topic(k, KAFKA_CONSUMER, s->options.topic, s->options.wait_ms,
		    &s->partition_count, err);
	(void)kafka_free(k); /* it has no user */
	return rc;
}

static int
list_partitions(struct source_topic *s, struct err *err)
{
	struct source_topic_options *o = &s->options;
	int32_t *all;

	for (size_t i = 0; i < o->partition_count; i++) {
		if (o->partitions[i] < 0 || o->partitions[i] >= s->partition_count)
			return err_set(err, ERR_NO_INPUT,
			    "topic %s has no partition %" PRId32 ": it has 0 to %" PRId32, o->topic,
			    o->partitions[i], s->partition_count - 1);
	}
	if (o->group || o->partition_count)
		return 0;
	all = calloc((size_t)s->partition_count, sizeof(*all));
	if (!all)
		return err_no_memory(err);
	for (int32_t i = 0; i < s->partition_count; i++)
		all[i] = i;
	o->partitions = all;
	o->partition_count = (size_t)s->partition_count;
	return 0;
}

static int
open_handle(struct source_topic *s, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(s->options.kafka, KAFKA_CONSUMER, err);

	if (!conf)
		return -1;
	if (configure(s, conf, err)) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	s->kafka = kafka_open(conf, KAFKA_CONSUMER, s->options.kafka, s, err);
	if (!s->kafka)
		return -1;
	s->kafka->has_met = true; /* the handle that waited for the topic has */
	s->kafka->is_group = s->options.group != NULL;
	if (s->options.group) {
		(void)rd_kafka_poll_set_consumer(s->kafka->rk); /* fails only without a group */
		s->main_queue = rd_kafka_queue_get_consumer(s->kafka->rk);
		s->commit_queue = rd_kafka_queue_new(s->kafka->rk);
	} else {
		s->main_queue = rd_kafka_queue_get_main(s->kafka->rk);
		s->topic = rd_kafka_topic_new(s->kafka->rk, s->options.topic, NULL);
	}
	if (!s->main_queue || (!s->commit_queue && !s->topic))
		return err_set(err, ERR_FAULT, "topic %s: no queue", s->options.topic);
	rd_kafka_queue_cb_event_enable(s->main_queue, topic_on_main_ready, s);
	return 0;
}

static int
copy_options(struct source_topic *s, const struct source_topic_options *o, struct err *err)
{
	s->options = *o;
	s->options.topic = strdup(o->topic);
	s->options.group = o->group ? strdup(o->group) : NULL;
	s->options.partitions = NULL;
	if (!s->options.topic || (o->group && !s->options.group))
		return err_no_memory(err);
	if (!o->partition_count)
		return 0;
	s->options.partitions = malloc(o->partition_count * sizeof(*o->partitions));
	if (!s->options.partitions)
		return err_no_memory(err);
	memcpy((void *)(uintptr_t)s->options.partitions, o->partitions,
	    o->partition_count * sizeof(*o->partitions));
	return 0;
}

struct source *
source_topic_open(const struct source_topic_options *options, const struct source_events *events,
    struct err *err)
{
	struct source_topic *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->source.ops = &topic_ops;
	s->bell.fd = -1;
	if (events)
		s->events = *events;
	if (copy_options(s, options, err))
		goto fail;
	s->bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->bell.fd < 0) {
		err_errno(err, ERR_FAULT, errno, "eventfd");
		goto fail;
	}
	if (wait_for_topic(s, err)) {
		/* nothing was read: whether that is well depends on whether it would ever have ended */
		if (err->class != ERR_STOPPED || !stop_requested())
			goto fail;
		err_clear(err);
		return &s->source;
	}
	if (list_partitions(s, err) || open_handle(s, err))
		goto fail;
	return &s->source;
fail:
	topic_free(&s->source);
	return NULL;
}
