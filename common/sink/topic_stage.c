/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/clock.h"
#include "base/stop.h"
#include "sink/topic_state.h"

/* How long to wait for reports that make room, before looking at signals and brokers. */
enum { ROOM_MS = 100 };

/* The queue is full. Waits until an eighth of it is gone, so that the next records do not find it
 * full one by one. */
static int
make_room(struct sink_topic *s, struct err *err)
{
	int full = rd_kafka_outq_len(s->kafka->rk);
	int64_t deadline = CLOCK_NEVER;

	do {
		if (sink_topic_serve(s, ROOM_MS, err))
			return -1;
		kafka_watch(s->kafka);
		sink_tell_waiting(&s->sink);
		if (!stop_requested() || !s->drain_ms)
			continue;
		if (deadline == CLOCK_NEVER)
			deadline = clock_deadline(s->drain_ms);
		if (clock_mono_ms() >= deadline)
			return err_set(err, ERR_STOPPED, "topic %s: %" PRId64 " records not delivered in time",
			    s->name, sink_topic_waiting(s));
	} while (rd_kafka_outq_len(s->kafka->rk) > full - full / 8);
	return 0;
}

/* The record alone is refused; the sink goes on. */
int
sink_topic_err_too_large(const struct sink_topic *s, size_t bytes, struct err *err)
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
		return sink_topic_err_too_large(s, bytes, err);
	if (sink_topic_serve(s, 0, err)) /* more telling, where there has been an error before */
		return -1;
	return err_set(err, kafka_error_class(code), "topic %s: %s", s->name, rd_kafka_err2str(code));
}

int
sink_topic_hand_over_stage(struct sink_topic *s, struct err *err)
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
	    sink_topic_hand_over_stage(s, err))
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

int
sink_topic_hand_over(struct sink_topic *s, const struct outgoing *out, struct ticket *ticket,
    struct err *err)
{
	if (is_plain(out))
		return put_in_stage(s, out, ticket, err);
	return sink_topic_hand_over_stage(s, err) || hand_over_alone(s, out, ticket, err) ? -1 : 0;
}
