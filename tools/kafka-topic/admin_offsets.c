/* SPDX-License-Identifier: MIT */
/*
 * Where logs start and end. rd_kafka_offsets_for_times of librdkafka 2.0.2 gives all of its answers
 * away where one leader is silent or says no of one partition, so these are asked for apart then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka-topic/admin.h"

enum {
	PAUSE_MS = 50,
	CALL_MAX = 1000, /* partitions; librdkafka looks each answer up from the list's start */
};

struct asking {
	struct admin *admin;
	rd_kafka_topic_partition_list_t *list;
	int64_t time_ms;
	struct admin_attempt attempt;
	bool is_again; /* it has been tried with all together */
};

/* One that is to be asked for: where it is in the list, and its leader where that is known. */
struct place {
	int at;
	int32_t leader;
};

static bool
is_open(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__IN_PROGRESS || code == RD_KAFKA_RESP_ERR__PARTIAL ||
	       admin_is_passing(code);
}

/* What the call says, and what it says of this partition. */
static rd_kafka_resp_err_t
code_of(const struct asking *q, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_t *p)
{
	if (p->err && p->err != RD_KAFKA_RESP_ERR__IN_PROGRESS)
		code = p->err;
	else if (!code && q->time_ms < 0 && p->offset < 0)
		code = RD_KAFKA_RESP_ERR__PARTIAL; /* the answer leaves it out */
	/* it was there a moment ago: its leader may not know it yet (KIP-516) */
	return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
	           ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
	           : code;
}

/* That asking again may help is more than that there was no time for another answer. What a call said of all of its
 * partitions is of one of them alone. */
static void
note(rd_kafka_topic_partition_t *p, rd_kafka_resp_err_t code)
{
	if (code != RD_KAFKA_RESP_ERR__TIMED_OUT || p->err <= RD_KAFKA_RESP_ERR_NO_ERROR ||
	    !admin_is_passing(p->err))
		p->err = code;
}

static rd_kafka_resp_err_t
call(struct asking *q, const struct place *places, size_t count)
{
	rd_kafka_topic_partition_list_t *part = rd_kafka_topic_partition_list_new((int)count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < count; i++) {
		const rd_kafka_topic_partition_t *p = &q->list->elems[places[i].at];

		rd_kafka_topic_partition_list_add(part, p->topic, p->partition)->offset = q->time_ms;
	}
	code = rd_kafka_offsets_for_times(q->admin->kafka->rk, part, admin_attempt_ms(&q->attempt));
	for (size_t i = 0; i < count; i++) {
		rd_kafka_topic_partition_t *p = &q->list->elems[places[i].at];

		note(p, code_of(q, code, &part->elems[i]));
		if (!p->err)
			p->offset = part->elems[i].offset;
	}
	rd_kafka_topic_partition_list_destroy(part);
	if (!code)
		kafka_saw_broker(q->admin->kafka);
	return code;
}

/* A broker's error is that of one of the partitions; which one the call does not say. */
static void
ask_apart(struct asking *q, const struct place *places, size_t count)
{
	rd_kafka_resp_err_t code = call(q, places, count);

	if (code <= RD_KAFKA_RESP_ERR_NO_ERROR || count == 1 || stop_requested() ||
	    (admin_is_passing(code) && !q->is_again))
		return;
	ask_apart(q, places, count / 2);
	ask_apart(q, places + count / 2, count - count / 2);
}

static void
ask_all(struct asking *q, const struct place *places, size_t count)
{
	size_t begin = 0, end;

	for (; begin < count && !stop_requested(); begin = end) {
		for (end = begin + 1; end < count && end - begin < CALL_MAX &&
				      places[end].leader == places[begin].leader;)
			end++;
		ask_apart(q, places + begin, end - begin);
	}
}

/* ---- who leads ---- */

static int
by_leader(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->leader != y->leader)
		return x->leader < y->leader ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static const struct rd_kafka_metadata_topic *
find_topic(const struct rd_kafka_metadata *metadata, const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++) {
		if (!strcmp(metadata->topics[i].topic, name))
			return &metadata->topics[i];
	}
	return NULL;
}

/* False where there is none, and then the partition has an error that says so. */
static bool
find_leader(const struct rd_kafka_metadata_topic *topic, rd_kafka_topic_partition_t *p,
    int32_t *ret_leader)
{
	if (!topic || topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
		p->err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		return false;
	}
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].id != p->partition || topic->partitions[i].leader < 0)
			continue;
		*ret_leader = topic->partitions[i].leader;
		return true;
	}
	p->err = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	return false;
}

/* Leaves those that have a leader, in the order of the leaders; all where these are not told: the broker that was
 * asked may be the silent one. */
static size_t
sort_out(struct asking *q, struct place *places, size_t count)
{
	const struct rd_kafka_metadata *metadata;
	const struct rd_kafka_metadata_topic *topic = NULL;
	size_t kept = 0;

	if (rd_kafka_metadata(
		q->admin->kafka->rk, 1, NULL, &metadata, admin_attempt_ms(&q->attempt)))
		return count;
	for (size_t i = 0; i < count; i++) {
		struct place place = places[i];
		rd_kafka_topic_partition_t *p = &q->list->elems[place.at];

		if (!topic || strcmp(topic->topic, p->topic))
			topic = find_topic(metadata, p->topic);
		if (find_leader(topic, p, &place.leader))
			places[kept++] = place;
	}
	rd_kafka_metadata_destroy(metadata);
	if (kept)
		qsort(places, kept, sizeof(*places), by_leader);
	return kept;
}

static size_t
list_open(const struct asking *q, struct place *places)
{
	size_t count = 0;

	for (int i = 0; i < q->list->cnt; i++) {
		if (is_open(q->list->elems[i].err))
			places[count++] = (struct place){ .at = i, .leader = -1 };
	}
	return count;
}

/* 1: there is time to ask again. 0: there is none. */
static int
goes_on(struct asking *q, struct err *err)
{
	(void)rd_kafka_poll(q->admin->kafka->rk, 0);
	if (kafka_check(q->admin->kafka, err))
		return -1;
	if (stop_requested())
		return err_set(err, ERR_STOPPED, "stopped: asking for offsets");
	if (clock_mono_ms() + PAUSE_MS >= q->attempt.deadline)
		return 0;
	if (stop_wait(clock_deadline(PAUSE_MS)))
		return err_set(err, ERR_STOPPED, "stopped: asking for offsets");
	return 1;
}

int
admin_query_offsets(
    struct admin *a, rd_kafka_topic_partition_list_t *list, int64_t time_ms, struct err *err)
{
	struct asking q = {
		.admin = a, .list = list, .time_ms = time_ms, .attempt = admin_attempt_begin(a)
	};
	struct place *places = calloc((size_t)list->cnt + 1, sizeof(*places));
	size_t count;
	int rc = 1;

	if (!places)
		return err_no_memory(err);
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].err = RD_KAFKA_RESP_ERR__IN_PROGRESS;
	for (; rc == 1 && (count = list_open(&q, places)) > 0; q.is_again = true) {
		ask_all(&q, places, q.is_again ? sort_out(&q, places, count) : count);
		rc = list_open(&q, places) ? goes_on(&q, err) : 0;
	}
	free(places);
	return rc < 0 ? -1 : 0;
}
