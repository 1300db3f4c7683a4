/* SPDX-License-Identifier: MIT */
#include "source/topic.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "source/topic_state.h"

/*
 * The main queue is served when it has something, and this often anyway: it counts as being alive
 * (max.poll.interval.ms, 5 min) where the caller is slow or data never ends.
 */
enum { SERVE_EVERY_CALLS = 64, SLEEP_MS_MAX = 1000 };

/* How often a fetcher may be woken. */
enum { POKE_EVERY_MS = 5 };

/* A topic that is missing from one answer may be there in the next: a broker that has just started
 * need not know all. */
enum { GONE_AFTER_MS = 3000 };

/* ---- wake-ups; these run on librdkafka's threads, with the queue's lock held ---- */

static void
ring(struct topic_bell *bell)
{
	uint64_t one = 1;

	atomic_store(&bell->has_rung, true);
	if (!atomic_load(&bell->is_asleep))
		return;
	/* an eventfd takes any number of these; a full one is readable, which is what counts */
	while (write(bell->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void
topic_on_ready(rd_kafka_t *rk, void *opaque)
{
	struct topic_partition *p = opaque;

	(void)rk;
	atomic_store(&p->is_ready, true);
	ring(p->bell);
}

void
topic_on_main_ready(rd_kafka_t *rk, void *opaque)
{
	struct source_topic *s = opaque;

	(void)rk;
	atomic_store(&s->is_main_ready, true);
	ring(&s->bell);
}

/* ---- failing ---- */

int
topic_fail(struct source_topic *s, const struct err *err)
{
	if (!s->has_failed)
		s->failure = *err;
	s->has_failed = true;
	return -1;
}

static enum source_status
failed(struct source_topic *s, struct err *err)
{
	*err = s->failure;
	return SOURCE_FAILED;
}

/* ---- the main queue ---- */

int
topic_check_exists(struct source_topic *s, struct err *err)
{
	int32_t partitions;
	struct err reason = ERR_INIT;

	if (!kafka_wait_topic(s->kafka, KAFKA_CONSUMER, s->options.topic, GONE_AFTER_MS, &partitions,
	        &reason)) {
		s->kafka->has_missing = false;
		return 0;
	}
	s->kafka->has_missing = reason.class == ERR_UNAVAILABLE; /* then it is asked again */
	if (reason.class != ERR_NO_INPUT)
		return 0;
	return err_set(err, ERR_NO_INPUT, "topic %s has been deleted", s->options.topic);
}

/* Trouble that concerns the whole group or the subscription. */
static int
judge_main(struct source_topic *s, const rd_kafka_message_t *m, struct err *err)
{
	enum err_class class = kafka_error_class(m->err);

	if (m->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
		/* the partitions come back, or others, from what is committed */
		diag_warn("group %s went on without this member: nothing was read for "
			  "max.poll.interval.ms", s->options.group);
		return 0;
	}
	if (class == ERR_NO_INPUT)
		return topic_check_exists(s, err);
	if (class == ERR_DENIED || class == ERR_STOPPED || class == ERR_USAGE ||
	    m->err == RD_KAFKA_RESP_ERR__FATAL)
		return err_set(err, class, "%s %s: %s", s->options.group ? "group" : "topic",
		    s->options.group ? s->options.group : s->options.topic, rd_kafka_message_errstr(m));
	diag_detail("kafka: %s", rd_kafka_message_errstr(m));
	return 0;
}

static int
serve_group(struct source_topic *s, struct err *err)
{
	rd_kafka_message_t *m;
	int rc = 0;

	while (!rc && (m = rd_kafka_consumer_poll(s->kafka->rk, 0)) != NULL) {
		/* a record here would be one of a queue that is not detached: there is none */
		if (m->err)
			rc = judge_main(s, m, err);
		rd_kafka_message_destroy(m);
	}
	return rc;
}

static int
serve_main(struct source_topic *s, struct err *err)
{
	int rc = 0;

	atomic_store(&s->is_main_ready, false);
	if (s->options.group)
		rc = serve_group(s, err);
	else
		(void)rd_kafka_poll(s->kafka->rk, 0); /* how many does not matter */
	if (!rc)
		rc = kafka_check(s->kafka, err);
	if (!rc && s->kafka->has_missing)
		rc = topic_check_exists(s, err);
	if (rc)
		(void)topic_fail(s, err);
	return s->has_failed ? -1 : 0;
}

/* ---- records ---- */

void
topic_drop_batch(struct source_topic *s)
{
	for (; s->batch_at < s->batch_len; s->batch_at++)
		rd_kafka_message_destroy(s->batch[s->batch_at]);
	s->batch_at = s->batch_len = 0;
	s->batch_of = NULL;
}

static int
grow_headers(struct source_topic *s, size_t count, struct err *err)
{
	struct record_header *headers;

	if (count <= s->header_capacity)
		return 0;
	headers = realloc(s->headers, count * sizeof(*headers));
	if (!headers)
		return err_no_memory(err);
	s->headers = headers;
	s->header_capacity = count;
	return 0;
}

static int
fill_headers(struct source_topic *s, const rd_kafka_message_t *m, struct record *r,
    struct err *err)
{
	rd_kafka_headers_t *list;
	size_t count;

	r->headers = NULL;
	r->header_count = 0;
	if (!s->options.want_headers || rd_kafka_message_headers(m, &list))
		return 0; /* ERR__NOENT: it has none */
	count = rd_kafka_header_cnt(list);
	if (grow_headers(s, count, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t size;

		if (rd_kafka_header_get_all(list, i, &name, &value, &size))
			break;
		s->headers[i] = (struct record_header){
			.name = slice_of(name),
			.value = slice_make(value, value ? size : 0),
			.has_value = value != NULL,
		};
		r->header_count = i + 1;
	}
	r->headers = s->headers;
	return 0;
}

static int
fill_record(struct source_topic *s, const struct topic_partition *p, const rd_kafka_message_t *m,
    struct record *r, struct err *err)
{
	rd_kafka_timestamp_type_t kind;
	int64_t time_ms = rd_kafka_message_timestamp(m, &kind);

	r->position = (struct position){ p->number, p->term, m->offset };
	r->origin = slice_make(NULL, 0);
	r->line = 0;
	r->topic = slice_of(s->options.topic);
	r->partition = p->number;
	r->offset = m->offset;
	r->has_offset = true;
	r->time_ms = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || time_ms < 0 ? RECORD_NO_TIME : time_ms;
	r->is_append_time = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
	r->key = slice_make(m->key, m->key_len);
	r->value = slice_make(m->payload, m->len);
	r->has_key = m->key != NULL;
	r->has_value = m->payload != NULL;
	/* what follows the last value of a fetch response need not be ours to read */
	r->is_padded = false;
	return fill_headers(s, m, r, err);
}

void
topic_finish(struct source_topic *s, struct topic_partition *p)
{
	if (p->is_done)
		return;
	p->is_done = true;
	s->done_count++;
	s->has_ended_news = true;
}

/* Told from the next call on: the partition's last record must be out of the caller's hands first, and
 * all partitions of an assignment known. */
static void
tell_ended(struct source_topic *s)
{
	s->has_ended_news = false;
	for (size_t i = 0; i < s->count; i++) {
		struct topic_partition *p = &s->partitions[i];

		if (!p->is_done || p->has_told_end)
			continue;
		p->has_told_end = true;
		if (s->events.ended)
			s->events.ended(s->events.context, p->number);
		s->has_told = true;
	}
}

/* The partition has been read up to `offset`, and there is nothing behind it for now. */
static void
reach_end(struct source_topic *s, struct topic_partition *p, int64_t offset)
{
	topic_advance(s, p, offset); /* over markers and compacted records */
	p->is_at_end = true;
	/* -e: at the last stable offset even where the end seen at the start has not been reached:
	 * the rest belongs to a transaction that is still open, or was aborted */
	if (p->next >= p->end || s->options.exit_at_end)
		topic_finish(s, p);
	if (s->events.at_end)
		s->events.at_end(s->events.context, p->number, p->next);
	s->has_told = true;
}

/*
 * A record behind the end, or from the time when all ends. Where the end is that of the log at the start, what lies
 * before it and was not given is nobody's (transaction markers), as where the broker says that a log ends.
 */
static void
pass_end(struct source_topic *s, struct topic_partition *p, int64_t offset)
{
	if (s->options.exit_at_end && !s->options.has_stop_time && offset >= p->end)
		reach_end(s, p, p->end);
	else
		topic_finish(s, p);
}

/* 0: nothing that ends the reading. */
static int
judge_partition(struct source_topic *s, struct topic_partition *p, const rd_kafka_message_t *m,
    struct err *err)
{
	enum err_class class = kafka_error_class(m->err);

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		reach_end(s, p, m->offset);
		return 0;
	}
	if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	    m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
		return topic_judge_range(s, p, err);
	if (class == ERR_NO_INPUT)
		return topic_check_exists(s, err);
	if (class == ERR_UNAVAILABLE) {
		diag_detail("%s[%" PRId32 "]: %s", s->options.topic, p->number,
		    rd_kafka_message_errstr(m));
		return 0;
	}
	return err_set(err, class, "%s[%" PRId32 "]@%" PRId64 ": %s", s->options.topic, p->number,
	    p->next, rd_kafka_message_errstr(m));
}

enum taken { TAKEN, PASSED_OVER, TAKE_FAILED };

/* One message of the batch. Destroyed here unless it is lent to the caller. */
static enum taken
take(struct source_topic *s, struct record *ret, struct err *err)
{
	rd_kafka_message_t *m = s->batch[s->batch_at++];
	struct topic_partition *p = s->batch_of;
	enum taken taken = PASSED_OVER;

	if (m->err) {
		if (judge_partition(s, p, m, err))
			taken = TAKE_FAILED;
	} else if (m->offset >= p->end || (p->has_timed_end &&
	               rd_kafka_message_timestamp(m, NULL) >= s->options.stop_time_ms)) {
		if (!p->is_done)
			pass_end(s, p, m->offset);
	} else if (m->offset >= p->next && !p->is_done) {
		taken = fill_record(s, p, m, ret, err) ? TAKE_FAILED : TAKEN;
	}
	if (taken != TAKEN) {
		rd_kafka_message_destroy(m);
		return taken;
	}
	topic_advance(s, p, m->offset + 1);
	p->is_at_end = false;
	if (p->next >= p->end)
		topic_finish(s, p);
	s->lent = m;
	s->given++;
	return TAKEN;
}

/*
 * librdkafka before 2.2 does not look again by itself at a queue that was full: the thread that
 * fetches sleeps until something happens to it, up to a second (2.2 has fetch.queue.backoff.ms). A
 * request is something, and this one is small and not waited for. What comes too soon after another is
 * made up for: a queue may be emptied faster than that.
 */
static void
poke_fetchers(struct source_topic *s, bool is_idle)
{
	rd_kafka_topic_partition_list_t *list;
	int64_t now_ms;

	if (!s->wants_poke)
		return;
	now_ms = clock_mono_ms();
	if (now_ms < s->poke_mono_ms && !is_idle)
		return;
	s->poke_mono_ms = now_ms + POKE_EVERY_MS;
	s->wants_poke = false;
	list = rd_kafka_topic_partition_list_new((int)s->count);
	for (size_t i = 0; i < s->count; i++) {
		struct topic_partition *p = &s->partitions[i];

		if (p->wants_poke)
			rd_kafka_topic_partition_list_add(list, s->options.topic, p->number)
			    ->offset = TIME_BEGINNING;
		p->wants_poke = false;
	}
	(void)rd_kafka_offsets_for_times(s->kafka->rk, list, 0); /* "timed out" is what is expected */
	rd_kafka_topic_partition_list_destroy(list);
}

/* A batch has been taken. A queue that was near a limit may be below it now. */
static void
look_at_rest(struct source_topic *s, struct topic_partition *p, size_t taken)
{
	size_t left = rd_kafka_queue_length(p->queue);
	int64_t bytes = 0;

	/* its bell rings only when an empty queue gets something */
	if (left || taken == TOPIC_BATCH)
		atomic_store(&p->is_ready, true);
	for (size_t i = 0; i < taken; i++)
		bytes += (int64_t)s->batch[i]->len;
	bytes = bytes / (int64_t)taken * (int64_t)(left + taken);
	if (rd_kafka_version() < 0x02020000 && ((int64_t)(left + taken) >= s->queue_count_max / 2 ||
						   bytes >= s->queue_bytes_max / 2))
		p->wants_poke = s->wants_poke = true;
	poke_fetchers(s, false);
}

/* Fills the batch from the next partition that has something; false where none has. */
static bool
refill(struct source_topic *s)
{
	atomic_store(&s->bell.has_rung, false);
	for (size_t i = 0; i < s->count; i++) {
		struct topic_partition *p = &s->partitions[s->turn];
		ssize_t n;

		if (++s->turn >= s->count)
			s->turn = 0;
		if (p->is_done || p->is_held || !atomic_exchange(&p->is_ready, false))
			continue;
		n = rd_kafka_consume_batch_queue(p->queue, 0, s->batch, TOPIC_BATCH);
		if (n <= 0)
			continue;
		look_at_rest(s, p, (size_t)n);
		s->batch_of = p;
		s->batch_at = 0;
		s->batch_len = (size_t)n;
		kafka_saw_broker(s->kafka);
		return true;
	}
	return false;
}

/*
 * e@TIME without a record that late: once that time has come, the end is the end. The broker is asked
 * for it: that this partition was read to its end some time ago says nothing of what came since.
 */
static int
finish_timed(struct source_topic *s, struct err *err)
{
	if (!s->options.has_stop_time || !s->is_assigned ||
	    clock_wall_ms() < s->options.stop_time_ms)
		return 0;
	if (!s->has_settled_timed && topic_settle_timed_ends(s, err))
		return -1;
	s->has_settled_timed = true;
	for (size_t i = 0; i < s->count; i++) {
		if (s->partitions[i].next >= s->partitions[i].end)
			topic_finish(s, &s->partitions[i]);
	}
	return 0;
}

/* 1: all that was asked for has been read; 0; -1 with err. */
static int
is_finished(struct source_topic *s, struct err *err)
{
	if (s->options.count_max && s->given >= s->options.count_max)
		return 1;
	if (!s->options.exit_at_end && !s->options.has_stop_time)
		return 0;
	if (!s->is_assigned || s->done_count < s->count)
		return 0;
	return s->options.group ? topic_others_done(s, err) : 1;
}

/* ---- sleeping ---- */

/* From here on the descriptor becomes readable when some queue turns from empty to not empty, or has
 * done so since the last look at them all. */
static void
arm(struct source_topic *s)
{
	atomic_store(&s->bell.is_asleep, true);
	if (atomic_load(&s->bell.has_rung))
		ring(&s->bell);
}

static void
disarm(struct source_topic *s)
{
	uint64_t rings;

	atomic_store(&s->bell.is_asleep, false);
	/* EAGAIN where nothing has rung */
	while (read(s->bell.fd, &rings, sizeof(rings)) < 0 && errno == EINTR)
		;
}

static void
sleep_until(struct source_topic *s, int64_t deadline)
{
	struct pollfd fds[2] = {
		{ .fd = s->bell.fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	int timeout_ms = clock_poll_ms(deadline);

	if (timeout_ms < 0 || timeout_ms > SLEEP_MS_MAX)
		timeout_ms = SLEEP_MS_MAX;
	arm(s);
	(void)poll(fds, 2, timeout_ms); /* whatever it says, the queues are looked at next */
	disarm(s);
}

/* ---- source_ops ---- */

static enum source_status
end(struct source_topic *s)
{
	s->has_ended = true;
	return SOURCE_END;
}

enum source_status
topic_next(struct source *source, int64_t deadline, struct record *ret, struct err *err)
{
	struct source_topic *s = (struct source_topic *)source;
	int finished;

	if (s->lent)
		rd_kafka_message_destroy(s->lent);
	s->lent = NULL;
	s->has_ended = false; /* asked again: partitions may have come */
	s->has_told = false;
	if (!s->kafka)
		return SOURCE_WAIT;
	if (!s->has_failed && !s->is_begun && topic_begin(s, err) > 0)
		return SOURCE_WAIT;
	if (s->has_failed)
		return failed(s, err);
	if (atomic_load_explicit(&s->bell.is_asleep, memory_order_relaxed))
		disarm(s);
	if (++s->calls % SERVE_EVERY_CALLS == 0)
		atomic_store_explicit(&s->is_main_ready, true, memory_order_relaxed);
	for (;;) {
		if (s->has_ended_news)
			tell_ended(s);
		if (atomic_load_explicit(&s->is_main_ready, memory_order_relaxed) && serve_main(s, err))
			return failed(s, err);
		if (stop_requested())
			return SOURCE_WAIT;
		if (s->options.count_max && s->given >= s->options.count_max)
			return end(s);
		while (s->batch_at < s->batch_len) {
			enum taken taken = take(s, ret, err);

			if (taken == TAKEN)
				return SOURCE_RECORD;
			if (taken == TAKE_FAILED) {
				(void)topic_fail(s, err);
				return failed(s, err);
			}
		}
		if (refill(s))
			continue;
		finished = finish_timed(s, err);
		if (!finished)
			finished = is_finished(s, err);
		if (finished < 0)
			(void)topic_fail(s, err);
		if (finished)
			return finished < 0 ? SOURCE_FAILED : end(s);
		poke_fetchers(s, true);
		kafka_watch(s->kafka);
		/* what was told may be something to do, before the deadline that was right before it */
		if (s->has_told || clock_poll_ms(deadline) == 0) {
			/* whoever has time to wait has it to serve: it counts as being alive */
			atomic_store(&s->is_main_ready, true);
			arm(s); /* for who polls source_topic_fd */
			return SOURCE_WAIT;
		}
		sleep_until(s, deadline);
		atomic_store(&s->is_main_ready, true);
	}
}

int
topic_serve(struct source *source, struct err *err)
{
	struct source_topic *s = (struct source_topic *)source;

	if (!s->has_failed && s->is_begun && !serve_main(s, err))
		kafka_watch(s->kafka);
	if (s->has_failed)
		*err = s->failure;
	return s->has_failed ? -1 : 0;
}

void
topic_hold(struct source *source, int32_t partition, bool is_held)
{
	struct source_topic *s = (struct source_topic *)source;

	for (size_t i = 0; i < s->count; i++) {
		struct topic_partition *p = &s->partitions[i];

		if (p->number != partition || p->is_held == is_held)
			continue;
		p->is_held = is_held;
		/* its bell may have rung meanwhile */
		atomic_store(&p->is_ready, true);
	}
}

int32_t
source_topic_partition_count(const struct source *source)
{
	return ((const struct source_topic *)source)->partition_count;
}

int
source_topic_fd(const struct source *source)
{
	return ((const struct source_topic *)source)->bell.fd;
}
