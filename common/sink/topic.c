/* SPDX-License-Identifier: MIT */
#include "sink/topic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/stop.h"
#include "sink/topic_state.h"

/* How many calls of sink_write between two looks at librdkafka's reports. */
enum { SERVE_EVERY_CALLS = 1024 };

/* What librdkafka needs for a record besides its bytes (2.0.2: 184 bytes and malloc's own). */
enum { RECORD_OVERHEAD_BYTES = 256 };

/* ---- tickets ---- */

static struct ticket *
ticket_new(struct sink_topic *s, struct position position, struct err *err)
{
	struct ticket *t = s->free_tickets;

	if (!t) {
		struct ticket_block *block = calloc(1, sizeof(*block));

		if (!block) {
			err_no_memory(err);
			return NULL;
		}
		block->next = s->blocks;
		s->blocks = block;
		for (size_t i = 0; i < TICKETS_A_BLOCK; i++) {
			block->tickets[i].next = t;
			t = &block->tickets[i];
		}
	}
	s->free_tickets = t->next;
	t->position = position;
	return t;
}

static void
ticket_free(struct sink_topic *s, struct ticket *t)
{
	t->next = s->free_tickets;
	s->free_tickets = t;
}

/* ---- reports ---- */

void
sink_topic_report(struct sink_topic *s, const rd_kafka_message_t *m)
{
	struct ticket *ticket = m->_private;
	struct err err = ERR_INIT;

	if (m->err) {
		s->failed_count++;
		/* not rd_kafka_message_errstr: of 2.0.2 that is the payload, which here is the record's */
		if (!s->has_failed)
			(void)err_set(&s->failure, kafka_error_class(m->err), "%s[%" PRId32 "]: %s", s->name,
			    m->partition, rd_kafka_err2str(m->err));
		s->has_failed = true;
	} else {
		s->counts.acknowledged++;
		if (ticket && !s->has_failed &&
		    s->done.done(s->done.context, ticket->position, &err)) {
			s->failure = err;
			s->has_failed = true;
		}
	}
	if (ticket)
		ticket_free(s, ticket);
}

/* Served by rd_kafka_poll and rd_kafka_flush, on the loop's thread. */
static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	sink_topic_report(((struct kafka *)opaque)->user, m);
}

int64_t
sink_topic_waiting(const struct sink_topic *s)
{
	return rd_kafka_outq_len(s->kafka->rk) + s->stage_count;
}

/* The failure of a record, or trouble that lets none through; that is then the reason for failures. */
static int
check(struct sink_topic *s, struct err *err)
{
	int rc = kafka_check(s->kafka, err);

	if (!rc && s->has_failed) {
		*err = s->failure;
		rc = -1;
	}
	if (rc && s->failed_count)
		return err_wrap(err, "%" PRId64 " records not delivered, %" PRId64
		    " more not acknowledged", s->failed_count, sink_topic_waiting(s));
	return rc;
}

int
sink_topic_serve(struct sink_topic *s, int timeout_ms, struct err *err)
{
	(void)rd_kafka_poll(s->kafka->rk, timeout_ms); /* how many does not matter */
	return check(s, err);
}

/* ---- sink_ops ---- */

static int
topic_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;
	struct ticket *ticket = NULL;

	if (out->partition >= s->partition_count)
		return err_set(err, ERR_DATA, "topic %s has no partition %" PRId32, s->name,
		    out->partition);
	if (out->key.len + out->value.len > s->record_bytes_max)
		return sink_topic_err_too_large(s, out->key.len + out->value.len, err);
	if (s->transaction && transaction_begin(s->transaction, err))
		return -1;
	if (s->has_failed || ++s->calls % SERVE_EVERY_CALLS == 0) {
		if (sink_topic_serve(s, 0, err))
			return -1;
	}
	if (s->has_done && !(ticket = ticket_new(s, out->position, err)))
		return -1;
	if (sink_topic_hand_over(s, out, ticket, err))
		return -1;
	s->counts.written++;
	s->counts.bytes += (int64_t)out->value.len;
	return 0;
}

static int
topic_push(struct sink *sink, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	if (sink_topic_hand_over_stage(s, err))
		return -1;
	kafka_watch(s->kafka);
	return sink_topic_serve(s, 0, err);
}

static int
topic_flush(struct sink *sink, int64_t deadline, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	bool was_stopping = false;

	if (sink_topic_hand_over_stage(s, err))
		return -1;
	for (;;) {
		int slice_ms;

		if (stop_requested() && !was_stopping && s->drain_ms) {
			int64_t drained = clock_deadline(s->drain_ms);

			was_stopping = true;
			if (drained < deadline)
				deadline = drained;
		}
		slice_ms = clock_poll_ms(deadline);
		bool is_over = slice_ms == 0;

		if (slice_ms < 0 || slice_ms > 100)
			slice_ms = 100;
		(void)rd_kafka_flush(s->kafka->rk, slice_ms); /* what it could not do is counted below */
		if (check(s, err))
			return -1;
		if (rd_kafka_outq_len(s->kafka->rk) == 0)
			return 0;
		if (is_over)
			return err_set(err, ERR_UNAVAILABLE,
			    "topic %s: %" PRId64 " records were not acknowledged in time", s->name,
			    sink_topic_waiting(s));
		kafka_watch(s->kafka);
		sink_tell_waiting(sink);
	}
}

static void
topic_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((const struct sink_topic *)sink)->counts;
}

void
sink_topic_release(struct sink_topic *s)
{
	while (s->blocks) {
		struct ticket_block *next = s->blocks->next;

		free(s->blocks);
		s->blocks = next;
	}
	free(s->stage);
	buf_release(&s->stage_bytes);
	free(s->name);
	free(s);
}

static void
topic_free(struct sink *sink)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	if (s->transaction)
		return; /* reports may still come: transaction_free does it */
	if (s->kafka)
		(void)rd_kafka_purge(s->kafka->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
		                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
	if (s->topic)
		rd_kafka_topic_destroy(s->topic);
	if (kafka_free(s->kafka))
		sink_topic_release(s);
}

static const struct sink_ops topic_ops = {
	.write = topic_write,
	.push = topic_push,
	.flush = topic_flush,
	.counts = topic_counts,
	.free = topic_free,
};

/* ---- opening ---- */

static int
set_number(rd_kafka_conf_t *conf, const struct kafka_options *o, const char *name, int64_t value,
    struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return kafka_conf_default(o, conf, name, text, false, err);
}

/*
 * Half of the memory for the bytes, half for the rest: about right for records of 256 bytes.
 *
 * All deliveries are reported, not only failures: then this thread frees the records that it made.
 * Left to the broker's thread (delivery.report.only.error), 2 million records of 410 bytes took 10%
 * more processor time and 20% longer.
 */
int
sink_topic_configure(rd_kafka_conf_t *conf, const struct kafka_options *kafka,
    const char *compression, size_t memory_bytes, struct err *err)
{
	int64_t bytes = memory_bytes < 1 << 20 ? 1 << 20 : (int64_t)memory_bytes;

	if (compression && kafka_conf_set(conf, "compression.type", compression, false, err))
		return -1;
	return set_number(conf, kafka, "queue.buffering.max.kbytes", bytes >> 11, err) ||
	    set_number(conf, kafka, "queue.buffering.max.messages", bytes / 2 / RECORD_OVERHEAD_BYTES,
	        err);
}

/* As librdkafka has it, from a default or from the user. */
static size_t
read_size_limit(rd_kafka_t *rk)
{
	char text[24];
	size_t len = sizeof(text);

	if (rd_kafka_conf_get(rd_kafka_conf(rk), "message.max.bytes", text, &len))
		return SIZE_MAX; /* librdkafka refuses what is larger */
	return (size_t)strtoull(text, NULL, 10);
}

static int
open_handle(struct sink_topic *s, const struct sink_topic_options *o, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(o->kafka, KAFKA_PRODUCER, err);

	if (!conf)
		return -1;
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	if (sink_topic_configure(conf, o->kafka, o->compression, o->memory_bytes, err)) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	s->kafka = kafka_open(conf, KAFKA_PRODUCER, o->kafka, s, err);
	return s->kafka ? 0 : -1;
}

static int
open_topic(struct sink_topic *s, const struct sink_topic_options *o, struct err *err)
{
	if (kafka_wait_topic(s->kafka, KAFKA_PRODUCER, o->topic, o->wait_ms, &s->partition_count, err))
		return -1;
	s->record_bytes_max = read_size_limit(s->kafka->rk);
	s->topic = rd_kafka_topic_new(s->kafka->rk, o->topic, NULL);
	if (!s->topic)
		return err_set(err, ERR_USAGE, "topic %s: %s", o->topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
	return 0;
}

struct sink *
sink_topic_open(const struct sink_topic_options *o, const struct sink_done *done, struct err *err)
{
	struct sink_topic *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->sink.ops = &topic_ops;
	s->drain_ms = o->drain_ms;
	s->has_done = done && done->done;
	if (s->has_done)
		s->done = *done;
	buf_init(&s->stage_bytes, STAGE_BYTES + STAGE_RECORD_BYTES_MAX);
	s->name = strdup(o->topic);
	s->stage = calloc(STAGE_COUNT, sizeof(*s->stage));
	if (!s->name || !s->stage) {
		err_no_memory(err);
		goto fail;
	}
	if (buf_reserve(&s->stage_bytes, STAGE_BYTES + STAGE_RECORD_BYTES_MAX, err) ||
	    (o->transaction ? transaction_attach(o->transaction, s, err) : open_handle(s, o, err)) ||
	    open_topic(s, o, err))
		goto fail;
	return &s->sink;
fail:
	topic_free(&s->sink);
	return NULL;
}

int32_t
sink_topic_partition_count(const struct sink *sink)
{
	return ((const struct sink_topic *)sink)->partition_count;
}

int
sink_topic_check_partition(const struct sink *sink, int32_t partition, struct err *err)
{
	const struct sink_topic *s = (const struct sink_topic *)sink;

	if (partition < s->partition_count)
		return 0;
	return err_set(err, ERR_CANT_CREATE,
	    "topic %s has no partition %" PRId32 ": it has 0 to %" PRId32, s->name, partition,
	    s->partition_count - 1);
}
