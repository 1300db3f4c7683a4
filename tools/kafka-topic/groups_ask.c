/* SPDX-License-Identifier: MIT */
/* What brokers know of groups. */
#include <stdlib.h>
#include <string.h>

#include "kafka-topic/groups.h"

/* ---- which there are ---- */

static void
send_list(rd_kafka_t *rk, void *context, const rd_kafka_AdminOptions_t *options,
    rd_kafka_queue_t *queue)
{
	(void)context;
	rd_kafka_ListConsumerGroups(rk, options, queue);
}

static const rd_kafka_error_t *
list_error(rd_kafka_event_t *event)
{
	const rd_kafka_error_t **errors;
	size_t count;

	errors = rd_kafka_ListConsumerGroups_result_errors(
	    rd_kafka_event_ListConsumerGroups_result(event), &count);
	return count ? errors[0] : NULL;
}

static rd_kafka_resp_err_t
list_trouble(rd_kafka_event_t *event)
{
	const rd_kafka_error_t *failure = list_error(event);

	return failure ? rd_kafka_error_code(failure) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int
by_name(const void *a, const void *b)
{
	const struct group_listing *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
take_list(struct group_list *list, rd_kafka_event_t *event, struct err *err)
{
	size_t count;
	const rd_kafka_ConsumerGroupListing_t **listings =
	    rd_kafka_ListConsumerGroups_result_valid(
		rd_kafka_event_ListConsumerGroups_result(event), &count);

	list->items = calloc(count + 1, sizeof(*list->items));
	if (!list->items)
		return err_no_memory(err);
	for (; list->count < count; list->count++) {
		struct group_listing *item = &list->items[list->count];

		item->name =
		    strdup(rd_kafka_ConsumerGroupListing_group_id(listings[list->count]));
		item->state = rd_kafka_ConsumerGroupListing_state(listings[list->count]);
		if (!item->name)
			return err_no_memory(err);
	}
	qsort(list->items, count, sizeof(*list->items), by_name);
	return 0;
}

void
group_list_release(struct group_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct group_list){ .count = 0 };
}

int
groups_list(struct admin *a, struct group_list *ret, struct err *err)
{
	const struct admin_question question = {
		.doing = "listing groups",
		.op = RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS,
		.send = send_list,
		.trouble = list_trouble,
	};
	rd_kafka_event_t *event = admin_ask(a, &question, err);
	int rc;

	if (!event)
		return -1;
	rc = take_list(ret, event, err);
	if (!rc && list_error(event))
		(void)err_set(&ret->trouble, admin_error_class(list_trouble(event)),
		    "listing groups, of which some may be missing: %s",
		    rd_kafka_error_string(list_error(event)));
	rd_kafka_event_destroy(event);
	if (rc)
		group_list_release(ret);
	return rc;
}

/* ---- what one is ---- */

struct names {
	const char **items;
	size_t count;
};

static void
send_description(rd_kafka_t *rk, void *context, const rd_kafka_AdminOptions_t *options,
    rd_kafka_queue_t *queue)
{
	const struct names *names = context;

	rd_kafka_DescribeConsumerGroups(rk, names->items, names->count, options, queue);
}

static rd_kafka_resp_err_t
description_trouble(rd_kafka_event_t *event)
{
	size_t count;
	const rd_kafka_ConsumerGroupDescription_t **groups =
	    rd_kafka_DescribeConsumerGroups_result_groups(
		rd_kafka_event_DescribeConsumerGroups_result(event), &count);

	for (size_t i = 0; i < count; i++) {
		const rd_kafka_error_t *failure =
		    groups[i] ? rd_kafka_ConsumerGroupDescription_error(groups[i]) : NULL;

		if (failure && admin_is_passing(rd_kafka_error_code(failure)))
			return rd_kafka_error_code(failure);
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Results stand where their groups do, and one that never came leaves a hole (2.0.2). */
static int
check_description(const rd_kafka_ConsumerGroupDescription_t **groups, size_t count,
    size_t wanted, struct err *err)
{
	size_t there = 0;

	for (size_t i = 0; i < count; i++)
		there += groups[i] != NULL;
	if (there == wanted && count == wanted)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "describing groups: %zu answers of %zu", there, wanted);
}

rd_kafka_event_t *
groups_describe(struct admin *a, const char **groups, size_t group_count,
    const rd_kafka_ConsumerGroupDescription_t ***ret, size_t *ret_count, struct err *err)
{
	struct names names = { .items = groups, .count = group_count };
	const struct admin_question question = {
		.doing = "describing groups",
		.op = RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
		.send = send_description,
		.trouble = description_trouble,
		.context = &names,
	};
	struct admin *asker = admin_for_groups(a, groups[0], err);
	rd_kafka_event_t *event = asker ? admin_ask(asker, &question, err) : NULL;

	if (!event)
		return NULL;
	*ret = rd_kafka_DescribeConsumerGroups_result_groups(
	    rd_kafka_event_DescribeConsumerGroups_result(event), ret_count);
	if (!check_description(*ret, *ret_count, group_count, err))
		return event;
	rd_kafka_event_destroy(event);
	return NULL;
}

/* Dead: it is not among those that the brokers list either. */
static int
look_among_all(struct admin *a, const char *name, rd_kafka_consumer_group_state_t *ret_state,
    bool *ret_is_described, struct err *err)
{
	const struct group_listing *found = NULL;
	struct group_list list = { .count = 0 };

	if (groups_list(a, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		if (!strcmp(list.items[i].name, name))
			found = &list.items[i];
	}
	if (found) {
		*ret_state = found->state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD
		                 ? RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN
		                 : found->state;
		*ret_is_described = false;
	} else if (list.trouble.class != ERR_NONE) {
		*err = list.trouble;
	} else {
		*ret_state = RD_KAFKA_CONSUMER_GROUP_STATE_DEAD;
		*ret_is_described = true;
	}
	group_list_release(&list);
	return err->class == ERR_NONE ? 0 : -1;
}

int
groups_state_of(struct admin *a, const rd_kafka_ConsumerGroupDescription_t *group,
    rd_kafka_consumer_group_state_t *ret_state, bool *ret_is_described, struct err *err)
{
	const char *name = rd_kafka_ConsumerGroupDescription_group_id(group);
	const rd_kafka_error_t *failure = rd_kafka_ConsumerGroupDescription_error(group);
	rd_kafka_resp_err_t code =
	    failure ? rd_kafka_error_code(failure) : RD_KAFKA_RESP_ERR_NO_ERROR;

	if (code && code != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
		admin_add_error(err, "group", name, code, rd_kafka_error_string(failure));
		return -1;
	}
	*ret_state = rd_kafka_ConsumerGroupDescription_state(group);
	*ret_is_described = true;
	if (!code && *ret_state != RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		return 0;
	return look_among_all(a, name, ret_state, ret_is_described, err);
}

int
groups_state(struct admin *a, const char *group, rd_kafka_consumer_group_state_t *ret_state,
    size_t *ret_members, struct err *err)
{
	const rd_kafka_ConsumerGroupDescription_t **described;
	bool is_described;
	size_t count;
	rd_kafka_event_t *event = groups_describe(a, &group, 1, &described, &count, err);
	int rc;

	if (!event)
		return -1;
	rc = groups_state_of(a, described[0], ret_state, &is_described, err);
	if (!rc)
		*ret_members = is_described
		                   ? rd_kafka_ConsumerGroupDescription_member_count(described[0])
		                   : 0;
	rd_kafka_event_destroy(event);
	return rc;
}

int
groups_none(const char *group, struct err *err)
{
	return err_set(err, ERR_NO_INPUT, "group %s does not exist", group);
}

int
groups_check(struct admin *a, const char *group, struct err *err)
{
	rd_kafka_consumer_group_state_t state;
	size_t members;

	if (groups_state(a, group, &state, &members, err))
		return -1;
	return state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD ? groups_none(group, err) : 0;
}
