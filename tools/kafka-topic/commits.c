/* SPDX-License-Identifier: MIT */
#include "kafka-topic/commits.h"

#include "base/clock.h"
#include "base/stop.h"

enum {
	STEP_MS = 50,
	GRACE_MS = 2000, /* librdkafka says what it waited for; ours is for where it does not */
	UNDER_WAY_MAX = 64,
};

struct asking {
	struct admin *admin;
	struct commits *items;
	size_t count, under_way, done;
};

void
commits_release(struct commits *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (c[i].event)
			rd_kafka_event_destroy(c[i].event);
		c[i] = (struct commits){ .group = c[i].group };
	}
}

/* ---- one group ---- */

static void
send_question(struct asking *q, struct commits *c, rd_kafka_AdminOptions_t *options)
{
	rd_kafka_ListConsumerGroupOffsets_t *question =
	    rd_kafka_ListConsumerGroupOffsets_new(c->group, NULL);

	rd_kafka_AdminOptions_set_opaque(options, c);
	rd_kafka_ListConsumerGroupOffsets(
	    q->admin->kafka->rk, &question, 1, options, q->admin->queue);
	rd_kafka_ListConsumerGroupOffsets_destroy(question);
	c->is_asked = true;
	q->under_way++;
}

static int
ask(struct asking *q, struct commits *c, struct err *err)
{
	int64_t now_ms = clock_mono_ms(), left_ms;
	char reason[256] = "";
	rd_kafka_AdminOptions_t *options;

	if (!c->deadline)
		c->deadline = now_ms + q->admin->timeout_ms;
	left_ms = c->deadline > now_ms ? c->deadline - now_ms : 1;
	options = admin_options(
	    q->admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, false, false, err);
	if (!options)
		return -1;
	if (rd_kafka_AdminOptions_set_request_timeout(
		options, (int)left_ms, reason, sizeof(reason)))
		err_set(err, ERR_FAULT, "%s", reason);
	else
		send_question(q, c, options);
	rd_kafka_AdminOptions_destroy(options);
	return err->class == ERR_NONE ? 0 : -1;
}

static void
finish(struct asking *q, struct commits *c)
{
	c->is_done = true;
	q->done++;
}

static void
fail(struct asking *q, struct commits *c, rd_kafka_resp_err_t code)
{
	const char *trouble;

	/* a broker's word says more than that there was no time for another */
	if (code == RD_KAFKA_RESP_ERR__TIMED_OUT && c->refusal)
		code = c->refusal;
	/* none: what is the matter with the connection? */
	trouble = code < RD_KAFKA_RESP_ERR_NO_ERROR ? q->admin->kafka->trouble : "";
	(void)err_set(&c->trouble, admin_error_class(code), "group %s: reading its offsets: %s%s%s",
	    c->group, rd_kafka_err2str(code), *trouble ? ": " : "", trouble);
	finish(q, c);
}

/* Of the answer: of all of it, or of a partition where asking again may help. */
static rd_kafka_resp_err_t
code_of(rd_kafka_event_t *event, const rd_kafka_topic_partition_list_t **ret_list)
{
	const rd_kafka_ListConsumerGroupOffsets_result_t *result =
	    rd_kafka_event_ListConsumerGroupOffsets_result(event);
	const rd_kafka_group_result_t **groups;
	size_t count = 0;

	if (rd_kafka_event_error(event))
		return rd_kafka_event_error(event);
	groups = result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count) : NULL;
	if (count != 1 || !groups[0])
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	if (rd_kafka_group_result_error(groups[0]))
		return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
	*ret_list = rd_kafka_group_result_partitions(groups[0]);
	for (int i = 0; *ret_list && i < (*ret_list)->cnt; i++) {
		if (admin_is_passing((*ret_list)->elems[i].err))
			return (*ret_list)->elems[i].err;
	}
	return *ret_list ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__BAD_MSG;
}

static void
take(struct asking *q, rd_kafka_event_t *event)
{
	struct commits *c = rd_kafka_event_opaque(event);
	const rd_kafka_topic_partition_list_t *list = NULL;
	rd_kafka_resp_err_t code = code_of(event, &list);
	int64_t pause_ms = admin_pause_ms(code), now_ms = clock_mono_ms();

	if (c->is_done) { /* given up */
		rd_kafka_event_destroy(event);
		return;
	}
	q->under_way--;
	if (!rd_kafka_event_error(event))
		kafka_saw_broker(q->admin->kafka);
	if (!code) {
		c->event = event;
		c->list = list;
		finish(q, c);
		return;
	}
	rd_kafka_event_destroy(event);
	if (code > RD_KAFKA_RESP_ERR_NO_ERROR)
		c->refusal = code;
	c->is_asked = false;
	c->not_before = now_ms + pause_ms;
	if (!admin_is_passing(code) || c->not_before >= c->deadline)
		fail(q, c, code);
}

/* ---- all ---- */

/* Sends what is due, and gives up what gets no answer at all. */
static int
serve(struct asking *q, struct err *err)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < q->count; i++) {
		struct commits *c = &q->items[i];
		bool is_due = !c->is_done && !c->is_asked && now_ms >= c->not_before;

		if (is_due && q->under_way < UNDER_WAY_MAX && ask(q, c, err))
			return -1;
		if (c->is_asked && !c->is_done && now_ms >= c->deadline + GRACE_MS) {
			q->under_way--;
			fail(q, c, RD_KAFKA_RESP_ERR__TIMED_OUT);
		}
	}
	return 0;
}

static int
ask_all(struct asking *q, struct err *err)
{
	while (q->done < q->count) {
		rd_kafka_event_t *event;

		if (serve(q, err))
			return -1;
		event = rd_kafka_queue_poll(q->admin->queue, STEP_MS);
		if (event)
			take(q, event);
		(void)rd_kafka_poll(q->admin->kafka->rk, 0); /* brings refusals */
		if (kafka_check(q->admin->kafka, err))
			return -1;
		if (stop_requested())
			return err_set(err, ERR_STOPPED, "stopped: reading groups' offsets");
	}
	return 0;
}

int
commits_ask(struct admin *a, struct commits *c, size_t count, struct err *err)
{
	struct asking q = { .items = c, .count = count };
	int rc;

	if (!count)
		return 0;
	q.admin = admin_for_groups(a, c[0].group, err);
	if (!q.admin)
		return -1;
	rc = ask_all(&q, err);
	admin_forget(q.admin);
	return rc;
}
