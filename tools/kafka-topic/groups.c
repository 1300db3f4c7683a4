/* SPDX-License-Identifier: MIT */
#include "kafka-topic/groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "kafka-topic/request.h"

/* ---- groups ---- */

static int
list_groups(struct admin *a, struct output *out, struct err *err)
{
	static const struct column columns[] = { { "GROUP", "group" }, { "STATE", "state" } };
	struct group_list list = { .count = 0 };
	struct rows rows;
	int rc;

	rows_init(&rows);
	rc = groups_list(a, &list, err);
	for (size_t i = 0; !rc && i < list.count; i++) {
		rows_begin(&rows);
		rows_text(&rows, "group", list.items[i].name);
		rows_text(&rows, "state", rd_kafka_consumer_group_state_name(list.items[i].state));
	}
	if (!rc)
		rc = output_list(out, &rows, columns, 2, "group", err);
	if (!rc)
		rc = output_flush(out, err);
	if (!rc && list.trouble.class != ERR_NONE) {
		*err = list.trouble;
		rc = -1;
	}
	rows_release(&rows);
	group_list_release(&list);
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

static void
add_members(struct description *d, const rd_kafka_ConsumerGroupDescription_t *g)
{
	const char *name = rd_kafka_ConsumerGroupDescription_group_id(g);
	size_t count = rd_kafka_ConsumerGroupDescription_member_count(g);
	struct rows members;

	rows_init(&members);
	for (size_t i = 0; i < count; i++) {
		add_member(&members, NULL, rd_kafka_ConsumerGroupDescription_member(g, i));
		add_member(&d->members, name, rd_kafka_ConsumerGroupDescription_member(g, i));
	}
	rows_nest(&d->groups, "members", &members);
}

/* Of a group that the request does not describe the state alone is known. */
static void
add_listed_group(struct description *d, const char *name, rd_kafka_consumer_group_state_t state)
{
	diag_warn("group %s is one of the protocol of KIP-848, which librdkafka %s does not "
		  "describe: its members are not known", name, rd_kafka_version_str());
	rows_begin(&d->groups);
	rows_text(&d->groups, "group", name);
	rows_text(&d->groups, "state", rd_kafka_consumer_group_state_name(state));
	rows_text(&d->groups, "assignment_strategy", NULL);
	rows_value(&d->groups, "coordinator", json_null());
	rows_value(&d->groups, "member_count", json_null());
	rows_value(&d->groups, "members", json_null());
}

static int
add_group(struct admin *a, struct description *d, const rd_kafka_ConsumerGroupDescription_t *g,
    struct err *err)
{
	const char *name = rd_kafka_ConsumerGroupDescription_group_id(g);
	const char *strategy = rd_kafka_ConsumerGroupDescription_partition_assignor(g);
	const rd_kafka_Node_t *coordinator = rd_kafka_ConsumerGroupDescription_coordinator(g);
	rd_kafka_consumer_group_state_t state;
	bool is_described;

	if (groups_state_of(a, g, &state, &is_described, err))
		return -1;
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		return groups_none(name, err);
	if (!is_described) {
		add_listed_group(d, name, state);
		return 0;
	}
	rows_begin(&d->groups);
	rows_text(&d->groups, "group", name);
	rows_text(&d->groups, "state", rd_kafka_consumer_group_state_name(state));
	rows_text(&d->groups, "assignment_strategy", strategy && *strategy ? strategy : NULL);
	rows_int_or_null(&d->groups, "coordinator",
	    coordinator ? rd_kafka_Node_id(coordinator) : -1, coordinator != NULL);
	rows_int(&d->groups, "member_count",
	    (int64_t)rd_kafka_ConsumerGroupDescription_member_count(g));
	add_members(d, g);
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
	int rc = 0;

	if (!names)
		return err_no_memory(err);
	for (size_t i = 0; i < r->name_count; i++)
		names[i] = r->names[i];
	event = groups_describe(a, names, r->name_count, &described, &count, err);
	free(names);
	if (!event)
		return -1;
	for (size_t i = 0; !rc && i < count; i++)
		rc = add_group(a, d, described[i], err);
	rd_kafka_event_destroy(event);
	return rc;
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
