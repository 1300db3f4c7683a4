/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "source/topic_state.h"

/* One try to fetch committed offsets, to commit; they are repeated up to TOPIC_ANSWER_MS_MAX. */
enum { FETCH_TRY_MS = 2000, COMMIT_TRY_MS = 10 * 1000, PAUSE_MS = 100 };

/* Once a stop was requested, a commit is given up after that time: the default of --drain. */
enum { STOPPING_MS_MAX = 30 * 1000 };

/* How often to ask what other members have committed, and how long they may stand still: longer than
 * a session lasts (session.timeout.ms, 45 s). */
enum { LOOK_EVERY_MS = 1000, OTHERS_MS_MAX = 60 * 1000 };

/* Leaving a group tells the others at once; a broker that does not answer is not worth more. */
enum { LEAVE_MS_MAX = 5000 };

/* ---- partitions ---- */

static int
take_partition(struct source_topic *s, struct topic_partition *p, const struct topic_start *start,
    struct err *err)
{
	p->number = start->partition;
	p->term = s->last_term;
	p->next = start->offset;
	p->end = start->bounds.end;
	p->has_timed_end = start->bounds.has_timed_end;
	p->bell = &s->bell;
	p->queue = rd_kafka_queue_get_partition(s->kafka->rk, s->options.topic, p->number);
	if (!p->queue)
		return err_set(err, ERR_FAULT, "%s[%" PRId32 "]: no queue", s->options.topic, p->number);
	/* on its own: not through the consumer's queue, so that it can be left alone */
	rd_kafka_queue_forward(p->queue, NULL);
	if (s->events.assigned && s->events.assigned(s->events.context, p->number, p->term, p->next,
		start->was_resolved     ? NULL
		    : start->metadata ? start->metadata
		                      : "",
		err))
		return -1;
	if (start->log_start > p->next && topic_pass_gap(s, p, start->log_start, err))
		return -1;
	if (p->next >= p->end)
		topic_finish(s, p);
	return 0;
}

/* What an earlier assignment left in a queue would look like a jump ahead. librdkafka marks it as
 * outdated; this does not rely on it. */
static void
empty_queue(struct source_topic *s, rd_kafka_queue_t *queue)
{
	for (;;) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, 0, s->batch, TOPIC_BATCH);

		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n; i++)
			rd_kafka_message_destroy(s->batch[i]);
	}
}

int
topic_take_partitions(struct source_topic *s, const struct topic_start *starts, size_t count,
    struct err *err)
{
	topic_release_partitions(s);
	s->partitions = calloc(count + 1, sizeof(*s->partitions));
	if (!s->partitions)
		return err_no_memory(err);
	s->last_term++;
	for (size_t i = 0; i < count; i++) {
		struct topic_partition *p = &s->partitions[i];

		s->count = i + 1;
		if (take_partition(s, p, &starts[i], err))
			return -1;
		empty_queue(s, p->queue);
		atomic_store(&p->is_ready, true);
		rd_kafka_queue_cb_event_enable(p->queue, topic_on_ready, p);
	}
	s->is_assigned = true;
	return 0;
}

void
topic_release_partitions(struct source_topic *s)
{
	topic_drop_batch(s);
	for (size_t i = 0; i < s->count; i++) {
		if (!s->partitions[i].queue)
			continue;
		/* takes the queue's lock: no callback runs after it */
		rd_kafka_queue_cb_event_enable(s->partitions[i].queue, NULL, NULL);
		rd_kafka_queue_destroy(s->partitions[i].queue);
	}
	free(s->partitions);
	s->partitions = NULL;
	s->count = s->done_count = s->turn = 0;
	s->has_ended_news = s->has_settled_timed = s->wants_poke = false;
	s->is_assigned = false;
}

static struct topic_partition *
find(struct source_topic *s, int32_t number)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->partitions[i].number == number)
			return &s->partitions[i];
	}
	return NULL;
}

/* ---- commits ---- */

static int
add_point(rd_kafka_topic_partition_list_t *list, const char *topic, const struct commit_point *point,
    struct err *err)
{
	rd_kafka_topic_partition_t *to =
	    rd_kafka_topic_partition_list_add(list, topic, point->stream);

	to->offset = point->sequence;
	if (!point->metadata || !*point->metadata)
		return 0;
	to->metadata = strdup(point->metadata); /* freed with the list */
	if (!to->metadata)
		return err_no_memory(err);
	to->metadata_size = strlen(point->metadata);
	return 0;
}

/* The worst of the answer's codes: that of the request or of a partition. */
static rd_kafka_resp_err_t
answer_code(rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);

	for (int i = 0; list && !code && i < list->cnt; i++)
		code = list->elems[i].err;
	return code;
}

/* Waits for the answer to this commit; late answers to earlier ones are passed over. */
static rd_kafka_resp_err_t
await_answer(struct source_topic *s, int64_t deadline)
{
	for (;;) {
		rd_kafka_event_t *event =
		    rd_kafka_queue_poll(s->commit_queue, clock_poll_ms(deadline));
		rd_kafka_resp_err_t code;
		void *id;

		if (!event)
			return RD_KAFKA_RESP_ERR__TIMED_OUT;
		code = answer_code(event);
		id = rd_kafka_event_opaque(event);
		rd_kafka_event_destroy(event);
		if (id == (void *)s->commit_id)
			return code;
	}
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Anything but an answer that settles it leaves unknown what the broker has: the identical commit is
 * repeated until it is known. REBALANCE_IN_PROGRESS (27) passes when the group has settled.
 */
static int
commit_list(struct source_topic *s, const rd_kafka_topic_partition_list_t *list, struct err *err)
{
	int64_t deadline = clock_deadline(TOPIC_ANSWER_MS_MAX);
	bool is_stopping = false;
	rd_kafka_resp_err_t code;

	s->commit_id++;
	for (;;) {
		if (stop_requested() && !is_stopping)
			deadline = earlier(deadline, clock_deadline(STOPPING_MS_MAX));
		is_stopping = stop_requested();
		code = rd_kafka_commit_queue(s->kafka->rk, list, s->commit_queue, NULL,
		    (void *)s->commit_id);
		if (!code)
			code = await_answer(s, earlier(deadline, clock_deadline(COMMIT_TRY_MS)));
		if (!code)
			return 0;
		if (kafka_error_class(code) == ERR_STOPPED || kafka_error_class(code) == ERR_DENIED ||
		    clock_mono_ms() >= deadline)
			break;
		/* of a topic that is gone librdkafka 2.0.2 does not even give the answer */
		if (topic_check_exists(s, err))
			return -1;
		diag_detail("commit to group %s: %s; once more", s->options.group,
		    rd_kafka_err2str(code));
		(void)stop_wait(clock_deadline(PAUSE_MS)); /* also while stopping: it is asked for */
	}
	s->commit_code = code;
	return err_set(err, kafka_error_class(code), "commit to group %s: %s", s->options.group,
	    rd_kafka_err2str(code));
}

static int
commit_points(struct source_topic *s, const struct commit_point *points, size_t count,
    struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	int rc = -1;

	s->commit_code = RD_KAFKA_RESP_ERR_NO_ERROR;
	for (size_t i = 0; i < count; i++) {
		if (add_point(list, s->options.topic, &points[i], err))
			goto out;
	}
	rc = commit_list(s, list, err);
out:
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

/*
 * The group went on without this member (its broker was away for longer than a session) or is in another
 * generation. librdkafka answers these two by giving the assignment up as lost and joining anew
 * (rd_kafka_cgrp_op_handle_OffsetCommit, 2.0.2), so the user is told that its streams are lost, drops what it
 * holds, and reads from the last commit. Not where nothing is going to be read any more: then what was
 * to be committed is not, and the tool must say so.
 */
static bool
will_read_again(const struct source_topic *s)
{
	return (s->commit_code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
		   s->commit_code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION) &&
	    !s->has_ended && !s->has_failed && !s->is_closing && !stop_requested();
}

int
topic_commit(struct source *source, const struct commit_point *points, size_t count,
    struct err *err)
{
	struct source_topic *s = (struct source_topic *)source;

	if (!s->options.group || !count)
		return 0;
	if (s->has_failed && s->is_commit_lost) {
		*err = s->failure;
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!find(s, points[i].stream))
			return err_set(err, ERR_STOPPED, "%s[%" PRId32 "] is no longer ours to commit",
			    s->options.topic, points[i].stream);
	}
	if (!commit_points(s, points, count, err))
		return 0;
	if (will_read_again(s)) {
		diag_warn("%s: what was not committed will be read again", err->text);
		err_clear(err);
		return 1;
	}
	/*
	 * Fenced, or unknown whether it is committed. A commit that librdkafka still holds could go
	 * out after the partition went to another member, so this source ends here.
	 */
	s->is_commit_lost = true;
	return topic_fail(s, err);
}

/* ---- assignment ---- */

static void
free_starts(struct topic_start *starts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(starts[i].metadata);
	free(starts);
}

static int
fetch_committed(struct source_topic *s, rd_kafka_topic_partition_list_t *list, struct err *err)
{
	int64_t deadline = clock_deadline(TOPIC_ANSWER_MS_MAX);

	for (;;) {
		rd_kafka_resp_err_t code = rd_kafka_committed(s->kafka->rk, list, FETCH_TRY_MS);

		for (int i = 0; !code && i < list->cnt; i++)
			code = list->elems[i].err;
		if (!code)
			return 0;
		if (kafka_check(s->kafka, err))
			return -1;
		if (kafka_error_class(code) != ERR_UNAVAILABLE || clock_mono_ms() >= deadline)
			return err_set(err, kafka_error_class(code), "offsets of group %s: %s",
			    s->options.group, rd_kafka_err2str(code));
		if (stop_wait(clock_deadline(PAUSE_MS)))
			return err_set(err, ERR_STOPPED, "stopped while asking for committed offsets");
	}
}

static int
copy_starts(const rd_kafka_topic_partition_list_t *list, struct topic_start *starts,
    struct err *err)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *from = &list->elems[i];

		starts[i].partition = from->partition;
		starts[i].offset = from->offset >= 0 ? from->offset : -1;
		starts[i].bounds.end = TOPIC_NO_END;
		if (!from->metadata_size)
			continue;
		starts[i].metadata = strndup(from->metadata, from->metadata_size);
		if (!starts[i].metadata)
			return err_no_memory(err);
	}
	return 0;
}

/* So that a restart does not resolve again what has changed meanwhile. */
static int
commit_resolved(struct source_topic *s, const struct topic_start *starts, size_t count,
    struct err *err)
{
	struct commit_point *points = calloc(count + 1, sizeof(*points));
	size_t resolved = 0;
	int rc = 0;

	if (!points)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (starts[i].was_resolved)
			points[resolved++] = (struct commit_point){ .stream = starts[i].partition,
				.sequence = starts[i].offset };
	}
	if (resolved)
		rc = commit_points(s, points, resolved, err);
	free(points);
	return rc;
}

static bool
needs_resolving(const struct source_topic *s, const struct topic_start *starts, size_t count)
{
	if (s->options.exit_at_end || s->options.has_stop_time || s->options.accepts_gaps)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (starts[i].offset < 0)
			return true;
	}
	return false;
}

static int
begin_at(struct source_topic *s, rd_kafka_topic_partition_list_t *list, struct topic_start *starts,
    struct err *err)
{
	size_t count = (size_t)list->cnt;
	rd_kafka_resp_err_t code;

	if (copy_starts(list, starts, err))
		return -1;
	if (needs_resolving(s, starts, count) && topic_resolve(s, starts, count, err))
		return -1;
	/* not before the user has agreed to start there */
	if (topic_take_partitions(s, starts, count, err) || commit_resolved(s, starts, count, err))
		return -1;
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = s->partitions[i].next;
	code = rd_kafka_assign(s->kafka->rk, list);
	if (code)
		return err_set(err, kafka_error_class(code), "assignment: %s", rd_kafka_err2str(code));
	return 0;
}

static int
check_all_given(const struct source_topic *s, const rd_kafka_topic_partition_list_t *list,
    struct err *err)
{
	char numbers[128] = "none";
	size_t at = 0;

	if (!s->options.want_all_partitions || list->cnt >= s->partition_count)
		return 0;
	for (int i = 0; i < list->cnt && at < sizeof(numbers) - 16; i++)
		at += (size_t)snprintf(numbers + at, sizeof(numbers) - at, "%s%" PRId32,
		    i ? ", " : "", list->elems[i].partition);
	return err_set(err, ERR_STOPPED,
	    "this process was given %s of the %" PRId32 " partitions of %s and needs them all: "
	    "another member of group %s has the others",
	    numbers, s->partition_count, s->options.topic, s->options.group);
}

static void
assign(struct source_topic *s, rd_kafka_topic_partition_list_t *list)
{
	struct topic_start *starts = calloc((size_t)list->cnt + 1, sizeof(*starts));
	struct err err = ERR_INIT;
	int rc;

	rd_kafka_topic_partition_list_sort(list, NULL, NULL);
	if (!starts)
		rc = err_no_memory(&err);
	else if (check_all_given(s, list, &err) || (list->cnt && fetch_committed(s, list, &err)))
		rc = -1;
	else
		rc = begin_at(s, list, starts, &err);
	if (rc) {
		/* a stop before anything was taken leaves nothing undone */
		if (err.class != ERR_STOPPED || !stop_requested() || s->count)
			(void)topic_fail(s, &err);
		(void)rd_kafka_assign(s->kafka->rk, NULL); /* nothing is read any more */
	}
	free_starts(starts, starts ? (size_t)list->cnt : 0);
	diag_detail("group %s: %d of %" PRId32 " partitions of %s", s->options.group, list->cnt,
	    s->partition_count, s->options.topic);
}

static void
revoke(struct source_topic *s)
{
	bool is_lost = rd_kafka_assignment_lost(s->kafka->rk) != 0;
	struct err err = ERR_INIT;
	int32_t *streams;

	topic_drop_batch(s);
	if (!s->count || !s->events.revoked || s->is_closing || s->has_failed)
		goto unassign;
	streams = calloc(s->count, sizeof(*streams));
	if (!streams) {
		(void)err_no_memory(&err);
		(void)topic_fail(s, &err);
		goto unassign;
	}
	for (size_t i = 0; i < s->count; i++)
		streams[i] = s->partitions[i].number;
	if (s->events.revoked(s->events.context, streams, s->count, is_lost, &err) && !s->has_failed)
		(void)topic_fail(s, &err);
	free(streams);
unassign:
	(void)rd_kafka_assign(s->kafka->rk, NULL); /* fails only where the handle is going away */
	topic_release_partitions(s);
	diag_detail("group %s: partitions of %s %s", s->options.group, s->options.topic,
	    is_lost ? "lost" : "given back");
}

/* Served by polling the main queue, inside source_next or while leaving. */
void
topic_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
    void *opaque)
{
	struct source_topic *s = ((struct kafka *)opaque)->user;
	struct err err = ERR_INIT;

	if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
		revoke(s);
		return;
	}
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !s->is_closing && !s->has_failed) {
		assign(s, list);
		return;
	}
	if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		(void)err_set(&err, kafka_error_class(code), "group %s: %s", s->options.group,
		    rd_kafka_err2str(code));
		(void)topic_fail(s, &err);
	}
	(void)rd_kafka_assign(rk, NULL);
}

/* ---- the other members ---- */

static rd_kafka_topic_partition_list_t *
list_others(struct source_topic *s)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(s->partition_count);

	for (int32_t i = 0; i < s->partition_count; i++) {
		if (!find(s, i))
			rd_kafka_topic_partition_list_add(list, s->options.topic, i);
	}
	return list;
}

/* How many of these are not committed up to their ends; *ret_sum: of what is committed. */
static int
count_unfinished(const struct source_topic *s, const rd_kafka_topic_partition_list_t *list,
    int64_t *ret_sum)
{
	int unfinished = 0;

	*ret_sum = 0;
	for (int i = 0; i < list->cnt; i++) {
		const struct topic_bounds *b = &s->bounds[list->elems[i].partition];
		int64_t committed = list->elems[i].offset >= 0 ? list->elems[i].offset : b->begin;

		*ret_sum += committed;
		if (!b->has_timed_end && committed < b->end)
			unfinished++;
	}
	return unfinished;
}

/* A member that was killed keeps its partitions until its session ends, and then they come here. One
 * that lives but does not go on is not waited for. */
static bool
is_worth_waiting(struct source_topic *s, int unfinished, int64_t sum)
{
	struct topic_others *o = &s->others;
	int64_t now_ms = clock_mono_ms();

	if (!o->is_said) {
		diag_note("waiting for %d partitions of %s that other members of group %s read", unfinished,
		    s->options.topic, s->options.group);
		o->change_mono_ms = now_ms;
		o->is_said = true;
	}
	if (sum != o->committed)
		o->change_mono_ms = now_ms;
	o->committed = sum;
	if (now_ms - o->change_mono_ms < OTHERS_MS_MAX)
		return true;
	diag_warn("%d partitions of %s are left to other members of group %s", unfinished,
	    s->options.topic, s->options.group);
	return false;
}

int
topic_others_done(struct source_topic *s, struct err *err)
{
	rd_kafka_topic_partition_list_t *list;
	int unfinished = 0;
	int64_t sum = 0;

	if (s->count >= (size_t)s->partition_count)
		return 1;
	if (clock_mono_ms() < s->others.look_mono_ms)
		return 0;
	s->others.look_mono_ms = clock_deadline(LOOK_EVERY_MS);
	list = list_others(s);
	if (fetch_committed(s, list, err)) {
		rd_kafka_topic_partition_list_destroy(list);
		return -1;
	}
	unfinished = count_unfinished(s, list, &sum);
	rd_kafka_topic_partition_list_destroy(list);
	return !unfinished || !is_worth_waiting(s, unfinished, sum);
}

bool
topic_leave(struct source_topic *s)
{
	int64_t deadline = clock_deadline(LEAVE_MS_MAX);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(s->kafka->rk);
	rd_kafka_error_t *failure;
	bool is_closed = true;

	s->is_closing = true;
	failure = rd_kafka_consumer_close_queue(s->kafka->rk, queue);
	if (failure) {
		rd_kafka_error_destroy(failure); /* closed already */
		goto out;
	}
	while (!(is_closed = rd_kafka_consumer_closed(s->kafka->rk)) && clock_mono_ms() < deadline)
		(void)rd_kafka_queue_poll_callback(queue, 50); /* the revocation; how many is all one */
out:
	/* where it is not closed, what still comes is told that nobody listens */
	rd_kafka_queue_destroy(queue);
	return is_closed;
}
