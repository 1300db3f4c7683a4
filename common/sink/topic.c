/* SPDX-License-Identifier: MIT */
#include "sink/topic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/stop.h"

/*
 * Records are handed to librdkafka this many at a time: rd_kafka_produce_batch to one partition takes
 * half of the time of rd_kafka_produce, which looks up partition and topic for each record. Larger
 * records go alone.
 */
enum { STAGE_COUNT = 512, STAGE_BYTES = 256 * 1024, STAGE_RECORD_BYTES_MAX = 16 * 1024 };

/* How many calls of sink_write between two looks at librdkafka's reports. */
enum { SERVE_EVERY_CALLS = 1024 };

/* How long to wait for reports that make room, before looking at signals and brokers. */
enum { ROOM_MS = 100 };

/* What librdkafka needs for a record besides its bytes (2.0.2: 184 bytes and malloc's own). */
enum { RECORD_OVERHEAD_BYTES = 256 };

/* Positions on their way; librdkafka carries a pointer to one with each record. */
struct ticket {
	struct position position;
	struct ticket *next; /* of those that are free */
};

enum { TICKETS_A_BLOCK = 1024 };

struct ticket_block {
	struct ticket_block *next;
	struct ticket tickets[TICKETS_A_BLOCK];
};

struct sink_topic {
	struct sink sink;
	char *name;
	struct kafka *kafka;
	rd_kafka_topic_t *topic;
	int32_t partition_count;
	struct sink_done done;
	bool has_done;
	int64_t drain_ms;
	size_t record_bytes_max; /* message.max.bytes: of key and value */

	rd_kafka_message_t *stage; /* STAGE_COUNT */
	int stage_count;
	struct buf stage_bytes; /* never grows: the messages point into it */
	int32_t stage_partition; /* RD_KAFKA_PARTITION_UA: by their keys */
	int32_t turn;            /* the next partition for records that may go to any */

	struct ticket *free_tickets;
	struct ticket_block *blocks;

	struct sink_counts counts;
	unsigned calls;
	int64_t failed_count;
	bool has_failed;
	struct err failure; /* the first */
};

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

/* Served by rd_kafka_poll and rd_kafka_flush, on the loop's thread. */
static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct sink_topic *s = ((struct kafka *)opaque)->user;
	struct ticket *ticket = m->_private;
	struct err err = ERR_INIT;

	(void)rk;
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

static int64_t
waiting_count(const struct sink_topic *s)
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
		    " more not acknowledged", s->failed_count, waiting_count(s));
	return rc;
}

static int
serve(struct sink_topic *s, int timeout_ms, struct err *err)
{
	(void)rd_kafka_poll(s->kafka->rk, timeout_ms); /* how many does not matter */
	return check(s, err);
}

/* ---- handing over ---- */

/* The queue is full. Waits until an eighth of it is gone, so that the next records do not find it
 * full one by one. */
static int
make_room(struct sink_topic *s, struct err *err)
{
	int full = rd_kafka_outq_len(s->kafka->rk);
	int64_t deadline = CLOCK_NEVER;

	do {
		if (serve(s, ROOM_MS, err))
			return -1;
		kafka_watch(s->kafka);
		if (!stop_requested() || !s->drain_ms)
			continue;
		if (deadline == CLOCK_NEVER)
			deadline = clock_deadline(s->drain_ms);
		if (clock_mono_ms() >= deadline)
			return err_set(err, ERR_STOPPED, "topic %s: %" PRId64 " records not delivered in time",
			    s->name, waiting_count(s));
	} while (rd_kafka_outq_len(s->kafka->rk) > full - full / 8);
	return 0;
}

/* The record alone is refused; the sink goes on. */
static int
err_too_large(const struct sink_topic *s, size_t bytes, struct err *err)
{
	return err_set(err, ERR_DATA, "topic %s: a record of %zu bytes is larger than message.max.bytes",
	    s->name, bytes);
}

/* Why librdkafka did not take a record; 0 where it will when there is room. */
static int
judge_refusal(struct sink_topic *s, rd_kafka_resp_err_t code, size_t bytes, struct err *err)
{
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return make_room(s, err);
	if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return err_too_large(s, bytes, err);
	if (check(s, err)) /* more telling, where there has been an error before */
		return -1;
	return err_set(err, kafka_error_class(code), "topic %s: %s", s->name, rd_kafka_err2str(code));
}

static int
hand_over_stage(struct sink_topic *s, struct err *err)
{
	rd_kafka_message_t *at = s->stage;
	int left = s->stage_count;

	while (left) {
		int i = 0;

		(void)rd_kafka_produce_batch(s->topic, s->stage_partition, RD_KAFKA_MSG_F_COPY, at, left);
		while (i < left && !at[i].err)
			i++;
		/* behind the first that finds the queue full none is taken */
		at += i;
		left -= i;
		s->stage_count = left;
		if (left && judge_refusal(s, at->err, at->len + at->key_len, err)) {
			s->stage_count = 0;
			s->has_failed = true;
			s->failed_count += left;
			s->failure = *err;
			return -1;
		}
	}
	buf_clear(&s->stage_bytes);
	return 0;
}

static struct slice
stage_bytes(struct sink_topic *s, struct slice bytes)
{
	char *at = s->stage_bytes.data + s->stage_bytes.len;

	if (bytes.len)
		memcpy(at, bytes.data, bytes.len);
	s->stage_bytes.len += bytes.len;
	return slice_make(at, bytes.len);
}

/* Whether the record can join those that wait; otherwise these must go first. */
static bool
fits_stage(const struct sink_topic *s, size_t bytes, bool is_by_key, int32_t partition)
{
	if (!s->stage_count)
		return true;
	if (s->stage_count >= STAGE_COUNT || s->stage_bytes.len + bytes > STAGE_BYTES)
		return false;
	if (is_by_key)
		return s->stage_partition == RD_KAFKA_PARTITION_UA;
	return s->stage_partition != RD_KAFKA_PARTITION_UA &&
	    (partition < 0 || partition == s->stage_partition);
}

static int32_t
next_partition(struct sink_topic *s)
{
	int32_t partition = s->turn;

	if (++s->turn >= s->partition_count)
		s->turn = 0;
	return partition;
}

static int
put_in_stage(struct sink_topic *s, const struct outgoing *out, struct ticket *ticket,
    struct err *err)
{
	bool is_by_key = out->has_key && out->partition < 0;
	rd_kafka_message_t *m;
	struct slice key, value;

	if (!fits_stage(s, out->key.len + out->value.len, is_by_key, out->partition) &&
	    hand_over_stage(s, err))
		return -1;
	if (!s->stage_count)
		s->stage_partition = is_by_key ? RD_KAFKA_PARTITION_UA
		    : out->partition >= 0      ? out->partition
		                               : next_partition(s);
	m = &s->stage[s->stage_count];
	key = stage_bytes(s, out->key);
	value = stage_bytes(s, out->value);
	m->key = out->has_key ? (void *)(uintptr_t)key.data : NULL;
	m->key_len = key.len;
	m->payload = out->has_value ? (void *)(uintptr_t)value.data : NULL;
	m->len = value.len;
	m->_private = ticket;
	m->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	s->stage_count++;
	return 0;
}

static rd_kafka_headers_t *
copy_headers(const struct outgoing *out, struct err *err)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(out->header_count);

	for (size_t i = 0; i < out->header_count; i++) {
		const struct record_header *h = &out->headers[i];

		if (rd_kafka_header_add(list, h->name.data, (ssize_t)h->name.len,
		        h->has_value ? (h->value.data ? h->value.data : "") : NULL,
		        (ssize_t)h->value.len)) {
			rd_kafka_headers_destroy(list);
			err_set(err, ERR_FAULT, "a header cannot be copied");
			return NULL;
		}
	}
	return list;
}

/* Headers and times need the general call. */
static int
hand_over_alone(struct sink_topic *s, const struct outgoing *out, struct ticket *ticket,
    struct err *err)
{
	rd_kafka_headers_t *headers = NULL;

	if (out->header_count) {
		headers = copy_headers(out, err);
		if (!headers)
			return -1;
	}
	for (;;) {
		rd_kafka_vu_t args[8] = {
			{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = s->topic },
			{ .vtype = RD_KAFKA_VTYPE_PARTITION,
			    .u.i32 = out->partition >= 0 ? out->partition : RD_KAFKA_PARTITION_UA },
			{ .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
			{ .vtype = RD_KAFKA_VTYPE_KEY,
			    .u.mem = { out->has_key ? (void *)(uintptr_t)(out->key.data ? out->key.data : "")
			                            : NULL,
			        out->key.len } },
			{ .vtype = RD_KAFKA_VTYPE_VALUE,
			    .u.mem = { out->has_value
			            ? (void *)(uintptr_t)(out->value.data ? out->value.data : "")
			            : NULL,
			        out->value.len } },
			{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = ticket },
		};
		size_t count = 6;
		rd_kafka_error_t *refusal;
		rd_kafka_resp_err_t code;

		if (out->time_ms != RECORD_NO_TIME)
			args[count++] =
			    (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = out->time_ms };
		if (headers)
			args[count++] =
			    (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers };
		refusal = rd_kafka_produceva(s->kafka->rk, args, count);
		if (!refusal)
			return 0; /* which took the headers */
		code = rd_kafka_error_code(refusal);
		rd_kafka_error_destroy(refusal);
		if (judge_refusal(s, code, out->key.len + out->value.len, err)) {
			if (headers)
				rd_kafka_headers_destroy(headers);
			return -1;
		}
	}
}

static bool
is_plain(const struct outgoing *out)
{
	return !out->header_count && out->time_ms == RECORD_NO_TIME &&
	    out->key.len + out->value.len <= STAGE_RECORD_BYTES_MAX;
}

/* ---- sink_ops ---- */

static int
topic_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;
	struct ticket *ticket = NULL;
	int rc;

	if (out->partition >= s->partition_count)
		return err_set(err, ERR_DATA, "topic %s has no partition %" PRId32, s->name,
		    out->partition);
	if (out->key.len + out->value.len > s->record_bytes_max)
		return err_too_large(s, out->key.len + out->value.len, err);
	if (s->has_failed || ++s->calls % SERVE_EVERY_CALLS == 0) {
		if (serve(s, 0, err))
			return -1;
	}
	if (s->has_done && !(ticket = ticket_new(s, out->position, err)))
		return -1;
	if (is_plain(out))
		rc = put_in_stage(s, out, ticket, err);
	else
		rc = hand_over_stage(s, err) || hand_over_alone(s, out, ticket, err) ? -1 : 0;
	if (rc)
		return -1;
	s->counts.written++;
	s->counts.bytes += (int64_t)out->value.len;
	return 0;
}

static int
topic_push(struct sink *sink, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	if (hand_over_stage(s, err))
		return -1;
	kafka_watch(s->kafka);
	return serve(s, 0, err);
}

static int
topic_flush(struct sink *sink, int64_t deadline, struct err *err)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	bool was_stopping = false;

	if (hand_over_stage(s, err))
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
			    waiting_count(s));
		kafka_watch(s->kafka);
	}
}

static void
topic_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((const struct sink_topic *)sink)->counts;
}

static void
topic_free(struct sink *sink)
{
	struct sink_topic *s = (struct sink_topic *)sink;

	if (s->kafka)
		(void)rd_kafka_purge(s->kafka->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
		                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
	if (s->topic)
		rd_kafka_topic_destroy(s->topic);
	if (!kafka_free(s->kafka))
		return;
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
static int
configure(const struct sink_topic_options *o, rd_kafka_conf_t *conf, struct err *err)
{
	int64_t bytes = o->memory_bytes < 1 << 20 ? 1 << 20 : (int64_t)o->memory_bytes;

	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	if (o->compression && kafka_conf_set(conf, "compression.type", o->compression, false, err))
		return -1;
	return set_number(conf, o->kafka, "queue.buffering.max.kbytes", bytes >> 11, err) ||
	    set_number(conf, o->kafka, "queue.buffering.max.messages",
	        bytes / 2 / RECORD_OVERHEAD_BYTES, err);
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
	if (configure(o, conf, err)) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	s->kafka = kafka_open(conf, KAFKA_PRODUCER, o->kafka, s, err);
	if (!s->kafka || kafka_wait_topic(s->kafka, KAFKA_PRODUCER, o->topic, o->wait_ms,
	                     &s->partition_count, err))
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
	    open_handle(s, o, err))
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
