/* SPDX-License-Identifier: MIT */
/* reset: the offsets of a group that has no members, set by hand. */
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "kafka-topic/confirm.h"
#include "kafka-topic/groups.h"
#include "kafka-topic/outcome.h"
#include "kafka-topic/scope.h"

/* ---- may it be reset ---- */

/* Without -t the partitions are those of topics in which it has committed something. */
static int
check_group(struct admin *a, const struct request *r, const char *group, const struct scope *scope,
    struct err *err)
{
	rd_kafka_consumer_group_state_t state;
	size_t members;

	if (groups_state(a, group, &state, &members, err))
		return -1;
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD && !r->topic_count)
		return groups_none(group, err);
	if (!scope->count && !r->topic_count)
		return err_set(
		    err, ERR_NO_INPUT, "group %s has committed nothing: name the topic, -t", group);
	if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		diag_warn("group %s is a new one: nothing has been committed by that name", group);
	return groups_check_members(r, group, members, "reset", err);
}

/* ---- the plan ---- */

/* A row of the plan, and what is to be committed. */
static void
plan_row(struct rows *rows, rd_kafka_topic_partition_list_t *list, const struct request *r,
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

/* ---- the commit ---- */

static const char *
reason_of(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ? "the group has members now" : NULL;
}

/* The first partition that was refused for this reason, and how many more, unless that was said. */
static void
judge_partition(
    const char *group, const rd_kafka_topic_partition_list_t *list, int at, struct outcome *outcome)
{
	const rd_kafka_topic_partition_t *p = &list->elems[at];
	char name[600], more[48] = "";
	int count = 0;

	for (int i = 0; i < at; i++) {
		if (list->elems[i].err == p->err)
			return;
	}
	for (int i = at; i < list->cnt; i++)
		count += list->elems[i].err == p->err;
	if (count > 1)
		(void)snprintf(more, sizeof(more), " and %d more partition%s", count - 1,
		    count == 2 ? "" : "s");
	(void)snprintf(name, sizeof(name), "%s: %s[%" PRId32 "]%s", group, p->topic, p->partition,
	    more);
	outcome_fail(outcome, name, p->err, reason_of(p->err));
}

static int
judge(const char *group, const rd_kafka_group_result_t *result, struct err *err)
{
	const rd_kafka_error_t *failure = result ? rd_kafka_group_result_error(result) : NULL;
	const rd_kafka_topic_partition_list_t *list =
	    result && !failure ? rd_kafka_group_result_partitions(result) : NULL;
	struct outcome outcome = OUTCOME_INIT("group");

	if (failure)
		outcome_fail(&outcome, group, rd_kafka_error_code(failure),
		    rd_kafka_error_string(failure));
	else if (!list)
		outcome_miss(&outcome, group);
	for (int i = 0; list && i < list->cnt; i++) {
		if (list->elems[i].err)
			judge_partition(group, list, i, &outcome);
	}
	if (outcome.failures > 1)
		return err_set(err, outcome.first.class,
		    "group %s: not all of it was reset: see above", group);
	return outcome_end(&outcome, 1, err);
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
	int rc = -1;

	if (!options)
		goto out;
	rd_kafka_AlterConsumerGroupOffsets(a->kafka->rk, &change, 1, options, a->queue);
	event = admin_await(a, "committing offsets", err);
	if (!event)
		goto out;
	results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
	    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
	rc = judge(group, count == 1 ? results[0] : NULL, err);
out:
	if (event)
		rd_kafka_event_destroy(event);
	if (options)
		rd_kafka_AdminOptions_destroy(options);
	rd_kafka_AlterConsumerGroupOffsets_destroy(change);
	return rc;
}

static bool
has_same_commits(const struct scope *a, const struct scope *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		if (strcmp(a->items[i].topic, b->items[i].topic) ||
		    a->items[i].number != b->items[i].number ||
		    a->items[i].known.committed != b->items[i].known.committed)
			return false;
	}
	return a->count == b->count;
}

/* The plan is as old as the question, and people answer slowly. */
static int
check_again(struct admin *a, const struct request *r, const struct scope *planned, struct err *err)
{
	struct scope now = { .count = 0 };
	size_t commits;
	int rc;

	if (r->is_yes)
		return 0;
	rc = scope_add_group(&now, a, r, r->names[0], &commits, err);
	if (!rc && !has_same_commits(planned, &now))
		rc = err_set(err, ERR_UNAVAILABLE,
		    "group %s: its offsets have changed meanwhile: nothing was done", r->names[0]);
	scope_release(&now);
	return rc;
}

static int
carry_out(struct admin *a, const struct request *r, const struct scope *scope,
    const rd_kafka_topic_partition_list_t *list, struct err *err)
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
	if (confirm_ask(r, question, err) || check_again(a, r, scope, err) ||
	    commit(a, r->names[0], list, err))
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
	    check_group(a, r, r->names[0], &scope, err) || scope_ask(&scope, a, r, err))
		goto out;
	for (size_t i = 0; i < scope.count; i++)
		plan_row(&rows, list, r, &scope.items[i]);
	if (!print_plan(out, &rows, err))
		rc = carry_out(a, r, &scope, list, err);
out:
	rows_release(&rows);
	scope_release(&scope);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}
