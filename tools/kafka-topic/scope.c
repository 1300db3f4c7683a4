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

static int
compare(const char *topic, int32_t number, const struct scope_partition *p)
{
	int order = strcmp(topic, p->topic);

	return order ? order : (number > p->number) - (number < p->number);
}

/* Where this one is, or would be. */
static size_t
place_of(const struct scope *s, const char *topic, int32_t number)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(topic, number, &s->items[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct scope_partition *
find(const struct scope *s, const char *topic, int32_t number)
{
	size_t at = place_of(s, topic, number);

	return at < s->count && !compare(topic, number, &s->items[at]) ? &s->items[at] : NULL;
}

/* How many partitions of the topic there are, and the first of them. */
static size_t
count_topic(const struct scope *s, const char *topic, size_t *ret_first)
{
	*ret_first = place_of(s, topic, INT32_MIN);
	return place_of(s, topic, INT32_MAX) - *ret_first;
}

static bool
has_topic(const struct scope *s, const char *topic)
{
	size_t first;

	return count_topic(s, topic, &first) > 0;
}

/* Puts in copies of these, which are of one topic that is not there yet, in their order. */
static int
add(struct scope *s, const char *topic, const struct scope_partition *added, size_t count,
    struct err *err)
{
	struct scope_partition *items =
	    reallocarray(s->items, s->count + count + 1, sizeof(*items));
	size_t at;

	if (!items)
		return err_no_memory(err);
	s->items = items;
	at = place_of(s, topic, INT32_MIN);
	memmove(&items[at + count], &items[at], (s->count - at) * sizeof(*items));
	s->count += count;
	for (size_t i = 0; i < count; i++) {
		items[at + i] = added[i];
		items[at + i].topic = NULL;
	}
	for (size_t i = 0; i < count; i++) {
		items[at + i].topic = strdup(topic);
		if (!items[at + i].topic)
			return err_no_memory(err);
	}
	return 0;
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
	struct scope_partition *added = calloc((size_t)count + 1, sizeof(*added));
	size_t wanted = 0;
	int rc;

	if (!added)
		return err_no_memory(err);
	for (int32_t i = 0; i < count; i++) {
		if (is_wanted(r, i))
			added[wanted++] = (struct scope_partition){ .number = i,
				.known = { .begin = -1, .end = -1, .at_time = -1, .committed = -1 },
				.unread_ms = -1 };
	}
	rc = add(s, topic, added, wanted, err);
	free(added);
	return rc;
}

int
scope_add_topic(
    struct scope *s, struct admin *a, const struct request *r, const char *topic, struct err *err)
{
	int32_t count;

	if (has_topic(s, topic))
		return 0;
	if (admin_partition_count(a, topic, &count, err) || check_numbers(r, topic, count, err))
		return -1;
	return add_numbers(s, r, topic, count, err);
}

/* ---- what a group has committed ---- */

/* A deleted topic takes what was committed of it along, but not at the same moment. */
static int
add_committed_topic(
    struct scope *s, struct admin *a, const struct request *r, const char *topic, struct err *err)
{
	int32_t count;

	if (has_topic(s, topic))
		return 0;
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

int
scope_add_topics(struct scope *s, struct admin *a, const struct request *r,
    const rd_kafka_topic_partition_list_t *commits, struct err *err)
{
	const char *last = "";

	for (size_t i = 0; i < r->topic_count; i++) {
		if (scope_add_topic(s, a, r, r->topics[i], err))
			return -1;
	}
	for (int i = 0; !r->topic_count && i < commits->cnt; i++) {
		const char *topic = commits->elems[i].topic;

		if (strcmp(topic, last) && add_committed_topic(s, a, r, topic, err))
			return -1;
		last = topic;
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

		if (p)
			p->commit_failure = c->err;
		if (!p || c->err || c->offset < 0)
			continue;
		p->known.committed = c->offset;
		count++;
	}
	return count;
}

/* `code` is that of the first partition, and more have one. */
static int
name_failures(const struct scope_partition *first, rd_kafka_resp_err_t code, size_t count,
    struct err *err)
{
	char others[64] = "";

	if (count > 1)
		(void)snprintf(others, sizeof(others), ", and %zu more partition%s", count - 1,
		    count == 2 ? "" : "s");
	return err_set(err, admin_error_class(code), "%s[%" PRId32 "]: %s%s", first->topic,
	    first->number, rd_kafka_err2str(code), others);
}

int
scope_check(const struct scope *s, struct err *err)
{
	const struct scope_partition *first = NULL;
	size_t count = 0;

	for (size_t i = s->count; i-- > 0;) {
		if (!s->items[i].failure)
			continue;
		first = &s->items[i];
		count++;
	}
	return first ? name_failures(first, first->failure, count, err) : 0;
}

int
scope_check_commits(const struct scope *s, const char *group, struct err *err)
{
	const struct scope_partition *first = NULL;
	size_t count = 0;

	for (size_t i = s->count; i-- > 0;) {
		if (!s->items[i].commit_failure)
			continue;
		first = &s->items[i];
		count++;
	}
	if (!first)
		return 0;
	(void)name_failures(first, first->commit_failure, count, err);
	return err_wrap(err, "group %s", group);
}

int
scope_add_group(struct scope *s, struct admin *a, const struct request *r, const char *group,
    size_t *ret_commits, struct err *err)
{
	struct commits commits = { .group = group };
	int rc = commits_ask(a, &commits, 1, err);

	if (!rc && !commits.list) {
		*err = commits.trouble;
		rc = -1;
	}
	if (!rc)
		rc = scope_add_topics(s, a, r, commits.list, err);
	if (!rc && commits.list->cnt && !r->topic_count)
		rc = check_all_numbers(s, r, group, err);
	if (!rc)
		*ret_commits = note_commits(s, commits.list);
	if (!rc)
		rc = scope_check_commits(s, group, err);
	commits_release(&commits, 1);
	return rc;
}

static int
select_topic(struct scope *s, const struct scope *all, const char *topic, struct err *err)
{
	size_t first, count = count_topic(all, topic, &first);

	if (!count || has_topic(s, topic))
		return 0;
	return add(s, topic, &all->items[first], count, err);
}

int
scope_select(struct scope *s, const struct scope *all, const struct request *r,
    const rd_kafka_topic_partition_list_t *commits, size_t *ret_commits, struct err *err)
{
	for (size_t i = 0; i < r->topic_count; i++) {
		if (select_topic(s, all, r->topics[i], err))
			return -1;
	}
	for (int i = 0; !r->topic_count && i < commits->cnt; i++) {
		if (select_topic(s, all, commits->elems[i].topic, err))
			return -1;
	}
	*ret_commits = note_commits(s, commits);
	return 0;
}

/* ---- what the logs have ---- */

/* Those of which all could be had so far. */
static rd_kafka_topic_partition_list_t *
list_of(const struct scope *s)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->count);

	for (size_t i = 0; i < s->count; i++) {
		if (!s->items[i].failure)
			(void)rd_kafka_topic_partition_list_add(
			    list, s->items[i].topic, s->items[i].number);
	}
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

		p->failure = list->elems[i].err;
		if (!p->failure)
			memcpy((char *)&p->known + place, &list->elems[i].offset, sizeof(int64_t));
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int
scope_ask_some(struct scope *s, struct admin *a, const struct request *r, struct err *err)
{
	if (ask(s, a, RD_KAFKA_OFFSET_BEGINNING, offsetof(struct plan_partition, begin), err) ||
	    ask(s, a, RD_KAFKA_OFFSET_END, offsetof(struct plan_partition, end), err))
		return -1;
	if (!r->has_to || r->to.kind != OFFSET_TIME)
		return 0;
	return ask(s, a, r->to.value, offsetof(struct plan_partition, at_time), err);
}

int
scope_ask(struct scope *s, struct admin *a, const struct request *r, struct err *err)
{
	return scope_ask_some(s, a, r, err) || scope_check(s, err) ? -1 : 0;
}

bool
scope_is_past_end(const struct scope_partition *p)
{
	return !p->failure && p->known.committed > p->known.end;
}
