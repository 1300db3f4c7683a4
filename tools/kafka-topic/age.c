/* SPDX-License-Identifier: MIT */
#include "kafka-topic/age.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"

enum { STEP_MS = 50 };

/* ---- reading ---- */

struct reading {
	struct admin *admin;
	struct scope *scope;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t **topics; /* of each partition that is being read, else NULL */
	size_t open_count;
	const struct scope_partition *timeless; /* its first unread record has no time */
};

static int64_t
first_unread(const struct scope_partition *p)
{
	if (scope_is_past_end(p))
		return p->known.begin;
	return p->known.committed > p->known.begin ? p->known.committed : p->known.begin;
}

static int
start(struct reading *r, size_t i, struct err *err)
{
	const struct scope_partition *p = &r->scope->items[i];
	/* the handle counts those of one name as one */
	rd_kafka_topic_t *topic = rd_kafka_topic_new(r->admin->kafka->rk, p->topic, NULL);

	if (!topic || rd_kafka_consume_start_queue(topic, p->number, first_unread(p), r->queue)) {
		if (topic)
			rd_kafka_topic_destroy(topic);
		return err_set(err, ERR_FAULT, "%s[%" PRId32 "]: %s", p->topic, p->number,
		    rd_kafka_err2str(rd_kafka_last_error()));
	}
	r->topics[i] = topic;
	r->open_count++;
	return 0;
}

static void
stop(struct reading *r, size_t i)
{
	if (!r->topics[i])
		return;
	(void)rd_kafka_consume_stop(r->topics[i], r->scope->items[i].number); /* it was started */
	rd_kafka_topic_destroy(r->topics[i]);
	r->topics[i] = NULL;
	r->open_count--;
}

static size_t
place_of(const struct reading *r, const rd_kafka_message_t *m)
{
	for (size_t i = 0; i < r->scope->count; i++) {
		if (r->topics[i] && r->scope->items[i].number == m->partition &&
		    !strcmp(r->scope->items[i].topic, rd_kafka_topic_name(m->rkt)))
			return i;
	}
	return r->scope->count;
}

static int
take(struct reading *r, const rd_kafka_message_t *m, struct err *err)
{
	size_t i = place_of(r, m);
	rd_kafka_timestamp_type_t type;

	if (i == r->scope->count || (m->err && kafka_error_class(m->err) == ERR_UNAVAILABLE &&
					m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF))
		return 0; /* it has been stopped, or librdkafka tries again */
	if (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return err_set(err,
		    kafka_error_class(m->err) == ERR_DENIED ? ERR_DENIED : ERR_UNAVAILABLE,
		    "%s[%" PRId32 "]: reading what is unread: %s", r->scope->items[i].topic,
		    r->scope->items[i].number, rd_kafka_err2str(m->err));
	if (!m->err)
		r->scope->items[i].unread_ms = rd_kafka_message_timestamp(m, &type);
	if (!m->err && r->scope->items[i].unread_ms < 0)
		r->timeless = &r->scope->items[i];
	stop(r, i);
	return 0;
}

/* Names the first that has not been read. */
static int
give_up(const struct reading *r, struct err *err)
{
	size_t i = 0;

	while (i < r->scope->count && !r->topics[i])
		i++;
	if (i == r->scope->count)
		return 0;
	return err_set(err, ERR_UNAVAILABLE,
	    "%s[%" PRId32 "]: reading what is unread: no answer within %.3g s",
	    r->scope->items[i].topic, r->scope->items[i].number,
	    (double)r->admin->timeout_ms / 1000);
}

static int
read_all(struct reading *r, struct err *err)
{
	int64_t deadline = clock_deadline(r->admin->timeout_ms);

	while (r->open_count) {
		rd_kafka_message_t *m = rd_kafka_consume_queue(r->queue, STEP_MS);
		int rc = m ? take(r, m, err) : 0;

		if (m)
			rd_kafka_message_destroy(m);
		(void)rd_kafka_poll(r->admin->kafka->rk, 0);
		if (rc || kafka_check(r->admin->kafka, err))
			return -1;
		if (stop_requested())
			return err_set(err, ERR_STOPPED, "stopped: reading what is unread");
		if (clock_mono_ms() >= deadline)
			return give_up(r, err);
	}
	if (r->timeless)
		return err_set(err, ERR_UNAVAILABLE,
		    "%s[%" PRId32 "]: what is unread begins with a record without a time",
		    r->timeless->topic, r->timeless->number);
	return 0;
}

int
age_ask(struct scope *s, struct admin *a, struct err *err)
{
	struct reading r = {
		.admin = a, .scope = s, .topics = calloc(s->count + 1, sizeof(*r.topics))
	};
	int rc = 0;

	if (!r.topics)
		return err_no_memory(err);
	r.queue = rd_kafka_queue_new(a->kafka->rk);
	for (size_t i = 0; !rc && i < s->count; i++) {
		if (!s->items[i].failure && !s->items[i].commit_failure &&
		    first_unread(&s->items[i]) < s->items[i].known.end)
			rc = start(&r, i, err);
	}
	if (!rc)
		rc = read_all(&r, err);
	for (size_t i = 0; i < s->count; i++)
		stop(&r, i);
	rd_kafka_queue_destroy(r.queue);
	free(r.topics);
	return rc;
}

/* ---- words ---- */

void
age_format(int64_t age_ms, char text[static AGE_TEXT_BYTES])
{
	int64_t s = age_ms / 1000, m = s / 60, h = m / 60, d = h / 24;

	if (age_ms < 1000)
		(void)snprintf(text, AGE_TEXT_BYTES, "%" PRId64 "ms", age_ms > 0 ? age_ms : 0);
	else if (!m)
		(void)snprintf(text, AGE_TEXT_BYTES, "%" PRId64 "s", s);
	else if (!h)
		(void)snprintf(text, AGE_TEXT_BYTES, "%" PRId64 "m%02" PRId64 "s", m, s % 60);
	else if (!d)
		(void)snprintf(text, AGE_TEXT_BYTES, "%" PRId64 "h%02" PRId64 "m", h, m % 60);
	else
		(void)snprintf(text, AGE_TEXT_BYTES, "%" PRId64 "d%02" PRId64 "h", d, h % 24);
}
