/* SPDX-License-Identifier: MIT */
/* delete-group: groups, with what they have committed. */
#include <stdlib.h>

#include "base/diag.h"
#include "kafka-topic/confirm.h"
#include "kafka-topic/groups.h"
#include "kafka-topic/outcome.h"

static const struct column columns[DELETION_COLUMNS] = {
	{ "GROUP", "group" },
	{ "STATE", "state" },
};

int
groups_check_members(const struct request *r, const char *group, size_t member_count,
    const char *doing, struct err *err)
{
	const char *plural = member_count == 1 ? "" : "s";

	if (!member_count)
		return 0;
	if (!r->is_dry_run)
		return err_set(err, ERR_UNAVAILABLE,
		    "group %s has %zu member%s: it can be %s only while it has none", group,
		    member_count, plural, doing);
	diag_warn("group %s has %zu member%s: it could not be %s now", group, member_count, plural,
	    doing);
	return 0;
}

/* The groups that are there: all of them, or an error. */
struct doomed {
	const char **names; /* borrowed from the request */
	rd_kafka_DeleteGroup_t **requests;
	struct deletion deletion; /* knows how many */
};

static int
add(struct doomed *d, const char *name, rd_kafka_consumer_group_state_t state, struct err *err)
{
	size_t count = d->deletion.count;

	d->names[count] = name;
	d->requests[count] = rd_kafka_DeleteGroup_new(name);
	rows_begin(&d->deletion.rows);
	rows_text(&d->deletion.rows, "group", name);
	rows_text(&d->deletion.rows, "state", rd_kafka_consumer_group_state_name(state));
	return deletion_add(&d->deletion, name, "", err);
}

static int
look_up_one(
    struct doomed *d, struct admin *a, const struct request *r, const char *name, struct err *err)
{
	rd_kafka_consumer_group_state_t state;
	size_t members;

	if (groups_state(a, name, &state, &members, err))
		return -1;
	if (state != RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
		return groups_check_members(r, name, members, "deleted", err) ||
		               add(d, name, state, err)
		           ? -1
		           : 0;
	(void)groups_none(name, err);
	if (!r->if_exists)
		return -1;
	diag_note("%s", err->text);
	err_clear(err);
	return 0;
}

static int
look_up(struct doomed *d, struct admin *a, const struct request *r, struct err *err)
{
	for (size_t i = 0; i < r->name_count; i++) {
		if (look_up_one(d, a, r, r->names[i], err))
			return -1;
	}
	return 0;
}

static void
judge(const char *name, const rd_kafka_group_result_t *result, struct outcome *outcome)
{
	const rd_kafka_error_t *failure = result ? rd_kafka_group_result_error(result) : NULL;

	if (!result)
		outcome_miss(outcome, name);
	else if (failure)
		outcome_fail(outcome, name, rd_kafka_error_code(failure),
		    rd_kafka_error_string(failure));
	else
		diag_note("group %s deleted", name);
}

static int
send_deletion(const struct doomed *d, struct admin *a, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_DELETEGROUPS, false, false, err);
	size_t asked = d->deletion.count, count;
	struct outcome outcome = OUTCOME_INIT("group");
	const rd_kafka_group_result_t **results;
	rd_kafka_event_t *event;

	if (!options)
		return -1;
	rd_kafka_DeleteGroups(a->kafka->rk, d->requests, asked, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	event = admin_await(a, "deleting groups", err);
	if (!event)
		return -1;
	results =
	    rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
	for (size_t i = 0; i < asked; i++)
		judge(d->names[i], i < count ? results[i] : NULL, &outcome);
	rd_kafka_event_destroy(event);
	return outcome_end(&outcome, asked, err);
}

int
verb_delete_group(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	struct doomed d = {
		.names = calloc(r->name_count, sizeof(*d.names)),
		.requests = calloc(r->name_count, sizeof(*d.requests)),
	};
	bool is_sure = false;
	int rc;

	deletion_init(&d.deletion, "group", "what was committed", columns);
	rc = d.names && d.requests ? look_up(&d, a, r, err) : err_no_memory(err);
	if (!rc)
		rc = deletion_confirm(&d.deletion, r, out, &is_sure, err);
	if (!rc && is_sure)
		rc = send_deletion(&d, a, err);
	for (size_t i = 0; d.requests && i < r->name_count; i++) {
		if (d.requests[i])
			rd_kafka_DeleteGroup_destroy(d.requests[i]);
	}
	free(d.requests);
	free(d.names);
	deletion_release(&d.deletion);
	return rc;
}
