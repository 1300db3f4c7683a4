/* SPDX-License-Identifier: MIT */
#include "kafka-topic/scope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

void
scope_release(struct scope *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].topic);
	free(s->items);
	*s = (struct scope){ .items = NULL };
}

static struct scope_partition *
add(struct scope *s, const char *topic, int32_t number, struct err *err)
{
	struct scope_partition *items = reallocarray(s->items, s->count + 1, sizeof(*items));
	struct scope_partition *p;

	if (!items) {
		err_no_memory(err);
		return NULL;
	}
	s->items = items;
	p = &items[s->count];
	*p = (struct scope_partition){ .topic = strdup(topic),
		.number = number,
		.known = { .at_time = -1, .committed = -1 },
		.unread_ms = -1 };
	if (!p->topic) {
		err_no_memory(err);
		return NULL;
	}
	s->count++;
	return p;
}

static int
compare(const char *topic, int32_t number, const struct scope_partition *p)
{
	int order = strcmp(topic, p->topic);

	return order ? order : (number > p->number) - (number < p->number);
}

static int
by_place(const void *a, const void *b)
{
	const struct scope_partition *x = a;

	return compare(x->topic, x->number, b);
}

static void
sort(struct scope *s)
{
	if (s->count)
		qsort(s->items, s->count, sizeof(*s->items), by_place);
}

static struct scope_partition *
find(const struct scope *s, const char *topic, int32_t number)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(topic, number, &s->items[middle]);

		if (!order)
			return &s->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool
is_wanted(const struct request *r, int32_t number)
{
	for (size_t i = 0; i < r->partition_count; i++) {
		if (r->partitions[i] == number)
			return true;
	}
	return !r->partition_count;
}

static int
check_numbers(const struct request *r, const char *topic, int32_t count, struct err *err)
{
	for (size_t i = 0; i < r->partition_count; i++) {
		if (r->partitions[i] >= count)
			return err_set(err, ERR_NO_INPUT,
			    "topic %s has no partition %" PRId32 ": it has 0 to %" PRId32, topic,
			    r->partitions[i], count - 1);
	}
	return 0;
}

/* Those of -p that the topic has. */
static int
add_numbers(
    struct scope *s, const struct request *r, const char *topic, int32_t count, struct err *err)
{
	for (int32_t i = 0; i < count; i++) {
		if (is_wanted(r, i) && !add(s, topic, i, err))
			return -1;
	}
	sort(s);
	return 0;
}

int
scope_add_topic(
    struct scope *s, struct admin *a, const struct request *r, const char *topic, struct err *err)
{
	int32_t count;

	if (admin_partition_count(a, topic, &count, err) || check_numbers(r, topic, count, err))
		return -1;
	return add_numbers(s, r, topic, count, err);
}

/* ---- what a group has committed ---- */

/* To be destroyed; NULL with err. */
static rd_kafka_event_t *
ask_commits(struct admin *a, const char *group, const rd_kafka_topic_partition_list_t **ret,
    struct err *err)
{
	rd_kafka_ListConsumerGroupOffsets_t *question =
	    rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, false, false, err);
	const rd_kafka_group_result_t **results;
	rd_kafka_event_t *event = NULL;
	size_t count;

	if (!options)
		goto out;
	rd_kafka_ListConsumerGroupOffsets(a->kafka->rk, &question, 1, options, a->queue);
	event = admin_await(a, "reading a group's offsets", err);
	if (!event)
		goto out;
	results = rd_kafka_ListConsumerGroupOffsets_result_groups(
	    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
	if (count == 1 && !rd_kafka_group_result_error(results[0])) {
		*ret = rd_kafka_group_result_partitions(results[0]);
		goto out;
	}
	if (count == 1)
		admin_add_error(err, "group", group,
		    rd_kafka_error_code(rd_kafka_group_result_error(results[0])),
		    rd_kafka_error_string(rd_kafka_group_result_error(results[0])));
	else
		err_set(err, ERR_FAULT, "group %s: %zu answers", group, count);
	rd_kafka_event_destroy(event);
	event = NULL;
out:
	if (options)
		rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ListConsumerGroupOffsets_destroy(question);
	return event;
}

static bool
has_topic(const struct scope *s, const char *topic)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!strcmp(s->items[i].topic, topic))
			return true;
	}
	return false;
}

/* A deleted topic takes what was committed of it along, but not at the same moment. */
static int
add_committed_topic(
    struct scope *s, struct admin *a, const struct request *r, const char *topic, struct err *err)
{
	int32_t count;

	if (!admin_partition_count(a, topic, &count, err))
		return add_numbers(s, r, topic, count, err);
	if (err->class != ERR_NO_INPUT)
		return -1;
	diag_note("%s any more", err->text);
	err_clear(err);
	return 0;
}

static bool
has_number(const struct scope *s, int32_t number)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].number == number)
			return true;
	}
	return false;
}

/* Of several topics some may have fewer partitions than others, but one has each of -p. */
static int
check_all_numbers(
    const struct scope *s, const struct request *r, const char *group, struct err *err)
{
	for (size_t i = 0; i < r->partition_count; i++) {
		if (!has_number(s, r->partitions[i]))
			return err_set(err, ERR_NO_INPUT,
			    "no topic that group %s has read has a partition %" PRId32, group,
			    r->partitions[i]);
	}
	return 0;
}

static int
add_topics(struct scope *s, struct admin *a, const struct request *r,
    const rd_kafka_topic_partition_list_t *commits, struct err *err)
{
	for (size_t i = 0; i < r->topic_count; i++) {
		if (!has_topic(s, r->topics[i]) && scope_add_topic(s, a, r, r->topics[i], err))
			return -1;
	}
	for (int i = 0; !r->topic_count && i < commits->cnt; i++) {
		const char *topic = commits->elems[i].topic;

		if (!has_topic(s, topic) && add_committed_topic(s, a, r, topic, err))
			return -1;
	}
	return 0;
}

static size_t
note_commits(struct scope *s, const rd_kafka_topic_partition_list_t *commits)
{
	size_t count = 0;

	for (int i = 0; i < commits->cnt; i++) {
		const rd_kafka_topic_partition_t *c = &commits->elems[i];
		struct scope_partition *p = find(s, c->topic, c->partition);

		if (!p || c->offset < 0)
			continue;
		p->known.committed = c->offset;
		count++;
	}
	return count;
}

int
scope_add_group(struct scope *s, struct admin *a, const struct request *r, const char *group,
    size_t *ret_commits, struct err *err)
{
	const rd_kafka_topic_partition_list_t *commits = NULL;
	rd_kafka_event_t *event = ask_commits(a, group, &commits, err);
	int rc;

	if (!event)
		return -1;
	rc = add_topics(s, a, r, commits, err);
	if (!rc && commits->cnt && !r->topic_count)
		rc = check_all_numbers(s, r, group, err);
	if (!rc)
		*ret_commits = note_commits(s, commits);
	rd_kafka_event_destroy(event);
	return rc;
}

/* ---- what the logs have ---- */

static rd_kafka_topic_partition_list_t *
list_of(const struct scope *s)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->count);

	for (size_t i = 0; i < s->count; i++)
		(void)rd_kafka_topic_partition_list_add(
		    list, s->items[i].topic, s->items[i].number);
	return list;
}

/* The answers, at `place` bytes into what is known of each partition. */
static int
ask(struct scope *s, struct admin *a, int64_t time_ms, size_t place, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(s);
	int rc = admin_query_offsets(a, list, time_ms, err);

	for (int i = 0; !rc && i < list->cnt; i++) {
		struct scope_partition *p = find(s, list->elems[i].topic, list->elems[i].partition);

		if (p)
			memcpy((char *)&p->known + place, &list->elems[i].offset, sizeof(int64_t));
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int
scope_ask(struct scope *s, struct admin *a, const struct request *r, struct err *err)
{
	if (ask(s, a, RD_KAFKA_OFFSET_BEGINNING, offsetof(struct plan_partition, begin), err) ||
	    ask(s, a, RD_KAFKA_OFFSET_END, offsetof(struct plan_partition, end), err))
		return -1;
	if (!r->has_to || r->to.kind != OFFSET_TIME)
		return 0;
	return ask(s, a, r->to.value, offsetof(struct plan_partition, at_time), err);
}
