/* SPDX-License-Identifier: MIT */
/* reset: the offsets of a group that has no members, set by hand. */
#include <inttypes.h>

#include "base/diag.h"
#include "kafka-topic/confirm.h"
#include "kafka-topic/groups.h"
#include "kafka-topic/scope.h"

/* The broker refuses it where there are members; to know before the question is better. */
static int
check_state(
    struct admin *a, const struct request *r, const char *group, size_t commits, struct err *err)
{
	rd_kafka_consumer_group_state_t state;
	size_t members;

	if (groups_state(a, group, &state, &members, err))
		return -1;
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD && !r->topic_count)
		return err_set(err, ERR_NO_INPUT, "group %s does not exist", group);
	if (!commits && !r->topic_count)
		return err_set(
		    err, ERR_NO_INPUT, "group %s has committed nothing: name the topic, -t", group);
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		diag_warn("group %s is a new one: nothing has been committed by that name", group);
	if (!members)
		return 0;
	if (!r->is_dry_run)
		return err_set(err, ERR_UNAVAILABLE,
		    "group %s has %zu member%s: its offsets can be reset only while it has none",
		    group, members, members == 1 ? "" : "s");
	diag_warn("group %s has %zu member%s: it could not be reset now", group, members,
	    members == 1 ? "" : "s");
	return 0;
}

/* A row of the plan, and what is to be committed. */
static void
add_row(struct rows *rows, rd_kafka_topic_partition_list_t *list, const struct request *r,
    const struct scope_partition *p)
{
	int64_t offset = -1;
	enum plan_fate fate = plan_offset(r, &p->known, &offset);

	rows_begin(rows);
	rows_text(rows, "group", r->names[0]);
	rows_text(rows, "topic", p->topic);
	rows_int(rows, "partition", p->number);
	rows_int_or_null(rows, "current_offset", p->known.committed, p->known.committed >= 0);
	rows_int_or_null(rows, "new_offset", offset, fate != PLAN_NOTHING);
	rows_int(rows, "log_start_offset", p->known.begin);
	rows_int(rows, "log_end_offset", p->known.end);
	if (fate != PLAN_AS_ASKED)
		diag_warn("%s[%" PRId32 "]: %s", p->topic, p->number, plan_words(fate));
	if (fate != PLAN_NOTHING)
		rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = offset;
}

static int
print_plan(struct output *out, const struct rows *rows, struct err *err)
{
	static const struct column columns[] = {
		{ "GROUP", "group" },
		{ "TOPIC", "topic" },
		{ "PARTITION", "partition" },
		{ "CURRENT-OFFSET", "current_offset" },
		{ "NEW-OFFSET", "new_offset" },
		{ "LOG-START-OFFSET", "log_start_offset" },
		{ "LOG-END-OFFSET", "log_end_offset" },
	};

	if (output_rows(out, rows, columns, sizeof(columns) / sizeof(*columns), err))
		return -1;
	return output_flush(out, err); /* to be seen before the question */
}

static void
judge(const char *group, const rd_kafka_topic_partition_list_t *list, struct err *err)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];
		char name[600];

		if (!p->err)
			continue;
		(void)snprintf(
		    name, sizeof(name), "%s: %s[%" PRId32 "]", group, p->topic, p->partition);
		admin_add_error(err, "group", name, p->err,
		    p->err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ? "the group has members now"
								  : NULL);
	}
}

static int
commit(struct admin *a, const char *group, const rd_kafka_topic_partition_list_t *list,
    struct err *err)
{
	rd_kafka_AlterConsumerGroupOffsets_t *change =
	    rd_kafka_AlterConsumerGroupOffsets_new(group, list);
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, false, false, err);
	const rd_kafka_group_result_t **results;
	rd_kafka_event_t *event = NULL;
	size_t count;

	if (!options)
		goto out;
	rd_kafka_AlterConsumerGroupOffsets(a->kafka->rk, &change, 1, options, a->queue);
	event = admin_await(a, "committing offsets", err);
	if (!event)
		goto out;
	results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
	    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
	for (size_t i = 0; i < count; i++) {
		const rd_kafka_error_t *failure = rd_kafka_group_result_error(results[i]);

		if (failure)
			admin_add_error(err, "group", group, rd_kafka_error_code(failure),
			    rd_kafka_error_string(failure));
		else
			judge(group, rd_kafka_group_result_partitions(results[i]), err);
	}
out:
	if (event)
		rd_kafka_event_destroy(event);
	if (options)
		rd_kafka_AdminOptions_destroy(options);
	rd_kafka_AlterConsumerGroupOffsets_destroy(change);
	return err->class == ERR_NONE ? 0 : -1;
}

static int
carry_out(struct admin *a, const struct request *r, const rd_kafka_topic_partition_list_t *list,
    struct err *err)
{
	char question[512];

	if (!list->cnt) {
		diag_note("group %s: nothing to reset", r->names[0]);
		return 0;
	}
	if (r->is_dry_run) {
		diag_note("would reset group %s in %d partition%s", r->names[0], list->cnt,
		    list->cnt == 1 ? "" : "s");
		return 0;
	}
	(void)snprintf(question, sizeof(question), "reset group %s in %d partition%s?", r->names[0],
	    list->cnt, list->cnt == 1 ? "" : "s");
	if (confirm_ask(r, question, err) || commit(a, r->names[0], list, err))
		return -1;
	diag_note(
	    "group %s reset in %d partition%s", r->names[0], list->cnt, list->cnt == 1 ? "" : "s");
	return 0;
}

int
verb_reset(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	struct scope scope = { .count = 0 };
	struct rows rows;
	size_t commits = 0;
	int rc = -1;

	rows_init(&rows);
	if (scope_add_group(&scope, a, r, r->names[0], &commits, err) ||
	    check_state(a, r, r->names[0], commits, err) || scope_ask(&scope, a, r, err))
		goto out;
	for (size_t i = 0; i < scope.count; i++)
		add_row(&rows, list, r, &scope.items[i]);
	if (!print_plan(out, &rows, err))
		rc = carry_out(a, r, list, err);
out:
	rows_release(&rows);
	scope_release(&scope);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}
