/* SPDX-License-Identifier: MIT */
#include "kafka-topic/groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "kafka-topic/request.h"

/* ---- which there are ---- */

/* To be destroyed; what some brokers could not tell is warned of, what none could is an error. */
static rd_kafka_event_t *
ask_list(struct admin *a, const rd_kafka_ConsumerGroupListing_t ***ret, size_t *ret_count,
    struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, false, false, err);
	const rd_kafka_ListConsumerGroups_result_t *result;
	const rd_kafka_error_t **errors;
	rd_kafka_event_t *event;
	size_t error_count;

	if (!options)
		return NULL;
	rd_kafka_ListConsumerGroups(a->kafka->rk, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	event = admin_await(a, "listing groups", err);
	if (!event)
		return NULL;
	result = rd_kafka_event_ListConsumerGroups_result(event);
	*ret = rd_kafka_ListConsumerGroups_result_valid(result, ret_count);
	errors = rd_kafka_ListConsumerGroups_result_errors(result, &error_count);
	if (error_count && !*ret_count) {
		err_set(err, admin_error_class(rd_kafka_error_code(errors[0])),
		    "listing groups: %s", rd_kafka_error_string(errors[0]));
		rd_kafka_event_destroy(event);
		return NULL;
	}
	for (size_t i = 0; i < error_count; i++)
		diag_warn("listing groups: %s", rd_kafka_error_string(errors[i]));
	return event;
}

static int
by_group(const void *a, const void *b)
{
	const rd_kafka_ConsumerGroupListing_t *const *x = a, *const *y = b;

	return strcmp(
	    rd_kafka_ConsumerGroupListing_group_id(*x), rd_kafka_ConsumerGroupListing_group_id(*y));
}

/* A copy of the array, sorted; to be freed. */
static const rd_kafka_ConsumerGroupListing_t **
sort_listings(const rd_kafka_ConsumerGroupListing_t **listings, size_t count, struct err *err)
{
	const rd_kafka_ConsumerGroupListing_t **sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted) {
		err_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = listings[i];
	qsort(sorted, count, sizeof(*sorted), by_group);
	return sorted;
}

void
groups_free(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

int
groups_list(struct admin *a, char ***ret_names, size_t *ret_count, struct err *err)
{
	const rd_kafka_ConsumerGroupListing_t **listings, **sorted;
	size_t count;
	rd_kafka_event_t *event = ask_list(a, &listings, &count, err);
	char **names;

	if (!event)
		return -1;
	sorted = sort_listings(listings, count, err);
	names = calloc(count + 1, sizeof(*names));
	for (size_t i = 0; sorted && names && i < count; i++) {
		names[i] = strdup(rd_kafka_ConsumerGroupListing_group_id(sorted[i]));
		if (!names[i])
			err_no_memory(err);
	}
	if (!names)
		err_no_memory(err);
	free(sorted);
	rd_kafka_event_destroy(event);
	if (err->class != ERR_NONE) {
		groups_free(names, count);
		return -1;
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* ---- what one is ---- */

/* In the order given; each once. */
static rd_kafka_event_t *
ask_description(struct admin *a, const char **groups, size_t count,
    const rd_kafka_ConsumerGroupDescription_t ***ret, size_t *ret_count, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, false, false, err);
	rd_kafka_event_t *event;

	if (!options)
		return NULL;
	rd_kafka_DescribeConsumerGroups(a->kafka->rk, groups, count, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	event = admin_await(a, "describing groups", err);
	if (event)
		*ret = rd_kafka_DescribeConsumerGroups_result_groups(
		    rd_kafka_event_DescribeConsumerGroups_result(event), ret_count);
	return event;
}

/* Brokers from 4.0 on say that there is no such group by an error of their own (KIP-1043), older
 * ones by the state Dead. */
static rd_kafka_consumer_group_state_t
state_of(const rd_kafka_ConsumerGroupDescription_t *group, struct err *err)
{
	const rd_kafka_error_t *failure = rd_kafka_ConsumerGroupDescription_error(group);

	if (!failure || !rd_kafka_error_code(failure))
		return rd_kafka_ConsumerGroupDescription_state(group);
	if (rd_kafka_error_code(failure) != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
		admin_add_error(err, "group", rd_kafka_ConsumerGroupDescription_group_id(group),
		    rd_kafka_error_code(failure), rd_kafka_error_string(failure));
	return RD_KAFKA_CONSUMER_GROUP_STATE_DEAD;
}

int
groups_state(struct admin *a, const char *group, rd_kafka_consumer_group_state_t *ret_state,
    size_t *ret_members, struct err *err)
{
	const rd_kafka_ConsumerGroupDescription_t **described;
	size_t count;
	rd_kafka_event_t *event = ask_description(a, &group, 1, &described, &count, err);

	if (!event)
		return -1;
	*ret_state = RD_KAFKA_CONSUMER_GROUP_STATE_DEAD;
	*ret_members = 0;
	if (count) {
		*ret_state = state_of(described[0], err);
		*ret_members = rd_kafka_ConsumerGroupDescription_member_count(described[0]);
	}
	rd_kafka_event_destroy(event);
	return err->class == ERR_NONE ? 0 : -1;
}

static int
no_group(const char *group, struct err *err)
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
	return state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD ? no_group(group, err) : 0;
}

/* ---- groups ---- */

static int
list_groups(struct admin *a, struct output *out, struct err *err)
{
	static const struct column columns[] = { { "GROUP", "group" }, { "STATE", "state" } };
	const rd_kafka_ConsumerGroupListing_t **listings, **sorted;
	size_t count;
	rd_kafka_event_t *event = ask_list(a, &listings, &count, err);
	struct rows rows;
	int rc = -1;

	if (!event)
		return -1;
	rows_init(&rows);
	sorted = sort_listings(listings, count, err);
	if (!sorted)
		goto out;
	for (size_t i = 0; i < count; i++) {
		rows_begin(&rows);
		rows_text(&rows, "group", rd_kafka_ConsumerGroupListing_group_id(sorted[i]));
		rows_text(&rows, "state",
		    rd_kafka_consumer_group_state_name(
			rd_kafka_ConsumerGroupListing_state(sorted[i])));
	}
	if (out->form == OUTPUT_NAMES || (out->form == OUTPUT_DEFAULT && !out->is_terminal))
		rc = output_names(out, &rows, "group", err);
	else
		rc = output_rows(out, &rows, columns, 2, err);
out:
	rows_release(&rows);
	free(sorted);
	rd_kafka_event_destroy(event);
	return rc;
}

/* As JSON one object a group; as tables the groups, and the members of all. */
struct description {
	struct rows groups;
	struct rows members;
};

static void
add_assignment(struct rows *rows, const rd_kafka_MemberDescription_t *member)
{
	const rd_kafka_MemberAssignment_t *assignment =
	    rd_kafka_MemberDescription_assignment(member);
	const rd_kafka_topic_partition_list_t *list =
	    assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
	struct rows partitions;

	rows_init(&partitions);
	for (int i = 0; list && i < list->cnt; i++) {
		rows_begin(&partitions);
		rows_text(&partitions, "topic", list->elems[i].topic);
		rows_int(&partitions, "partition", list->elems[i].partition);
	}
	rows_nest(rows, "partitions", &partitions);
}

/* "orders[0],orders[1]" for people */
static void
add_places(struct rows *rows, const rd_kafka_MemberDescription_t *member)
{
	const rd_kafka_MemberAssignment_t *assignment =
	    rd_kafka_MemberDescription_assignment(member);
	const rd_kafka_topic_partition_list_t *list =
	    assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
	json_t *places = json_array();

	for (int i = 0; list && i < list->cnt; i++) {
		if (json_array_append_new(
			places, json_sprintf("%s[%" PRId32 "]", list->elems[i].topic,
				    list->elems[i].partition)))
			rows->has_failed = true;
	}
	rows_value(rows, "partitions", places);
}

static void
add_member(struct rows *rows, const char *group, const rd_kafka_MemberDescription_t *member)
{
	rows_begin(rows);
	if (group)
		rows_text(rows, "group", group);
	rows_text(rows, "consumer_id", rd_kafka_MemberDescription_consumer_id(member));
	rows_text(rows, "host", rd_kafka_MemberDescription_host(member));
	rows_text(rows, "client_id", rd_kafka_MemberDescription_client_id(member));
	if (group)
		add_places(rows, member);
	else
		add_assignment(rows, member);
}

static int
add_group(struct description *d, const rd_kafka_ConsumerGroupDescription_t *g, struct err *err)
{
	const char *name = rd_kafka_ConsumerGroupDescription_group_id(g);
	rd_kafka_consumer_group_state_t state = state_of(g, err);
	size_t count = rd_kafka_ConsumerGroupDescription_member_count(g);
	const rd_kafka_Node_t *coordinator = rd_kafka_ConsumerGroupDescription_coordinator(g);
	struct rows members;

	if (err->class != ERR_NONE)
		return -1;
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		return no_group(name, err);
	rows_begin(&d->groups);
	rows_text(&d->groups, "group", name);
	rows_text(&d->groups, "state", rd_kafka_consumer_group_state_name(state));
	rows_text(&d->groups, "assignment_strategy",
	    rd_kafka_ConsumerGroupDescription_partition_assignor(g));
	rows_int_or_null(&d->groups, "coordinator",
	    coordinator ? rd_kafka_Node_id(coordinator) : -1, coordinator != NULL);
	rows_int(&d->groups, "member_count", (int64_t)count);
	rows_init(&members);
	for (size_t i = 0; i < count; i++) {
		add_member(&members, NULL, rd_kafka_ConsumerGroupDescription_member(g, i));
		add_member(&d->members, name, rd_kafka_ConsumerGroupDescription_member(g, i));
	}
	rows_nest(&d->groups, "members", &members);
	return 0;
}

static int
print_description(struct output *out, const struct description *d, struct err *err)
{
	static const struct column groups[] = {
		{ "GROUP", "group" },
		{ "STATE", "state" },
		{ "ASSIGNMENT-STRATEGY", "assignment_strategy" },
		{ "COORDINATOR", "coordinator" },
		{ "MEMBERS", "member_count" },
	};
	static const struct column members[] = {
		{ "GROUP", "group" },
		{ "CONSUMER-ID", "consumer_id" },
		{ "HOST", "host" },
		{ "CLIENT-ID", "client_id" },
		{ "PARTITIONS", "partitions" },
	};

	if (out->form == OUTPUT_JSON)
		return output_json(out, &d->groups, err);
	if (output_table(out, &d->groups, groups, sizeof(groups) / sizeof(*groups), err))
		return -1;
	return output_table(out, &d->members, members, sizeof(members) / sizeof(*members), err);
}

static int
describe_groups(struct admin *a, const struct request *r, struct description *d, struct err *err)
{
	const rd_kafka_ConsumerGroupDescription_t **described;
	const char **names = calloc(r->name_count, sizeof(*names));
	rd_kafka_event_t *event;
	size_t count;

	if (!names)
		return err_no_memory(err);
	for (size_t i = 0; i < r->name_count; i++)
		names[i] = r->names[i];
	event = ask_description(a, names, r->name_count, &described, &count, err);
	free(names);
	if (!event)
		return -1;
	for (size_t i = 0; err->class == ERR_NONE && i < count; i++)
		(void)add_group(d, described[i], err); /* err says it */
	rd_kafka_event_destroy(event);
	return err->class == ERR_NONE ? 0 : -1;
}

int
verb_groups(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	struct description d;
	int rc;

	if (!r->name_count)
		return list_groups(a, out, err);
	rows_init(&d.groups);
	rows_init(&d.members);
	rc = describe_groups(a, r, &d, err);
	if (!rc)
		rc = print_description(out, &d, err);
	rows_release(&d.groups);
	rows_release(&d.members);
	return rc;
}
