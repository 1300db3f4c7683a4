/* SPDX-License-Identifier: MIT */
/* lag: how far groups are behind the ends of what they read. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "kafka-topic/age.h"
#include "kafka-topic/commits.h"
#include "kafka-topic/groups.h"

struct report {
	struct rows rows;
	int64_t now_ms;
	bool is_json;  /* ages are numbers, not words */
	char why[512]; /* of the first group that is too far behind, "" while there is none */
	size_t count;  /* of such groups */
	size_t judged; /* groups that were looked at for that */
	struct err trouble; /* the first thing that could not be seen */
};

/* Something could not be seen, and the rest is shown all the same. False where there is no rest. */
static bool
note_trouble(struct report *report, struct err *err)
{
	if (err->class == ERR_STOPPED || err->class == ERR_FAULT)
		return false;
	if (report->trouble.class != ERR_NONE)
		diag_warn("%s", err->text);
	else
		report->trouble = *err;
	err_clear(err);
	return true;
}

static bool
has_lag(const struct scope_partition *p)
{
	return !p->failure && !p->commit_failure && p->known.committed >= 0 && !scope_is_past_end(p);
}

static int64_t
lag_of(const struct scope_partition *p)
{
	return p->known.end - p->known.committed;
}

static int64_t
age_of(const struct report *report, const struct scope_partition *p)
{
	return report->now_ms > p->unread_ms ? report->now_ms - p->unread_ms : 0;
}

static void
add_age(struct report *report, const struct scope_partition *p)
{
	char text[AGE_TEXT_BYTES];

	if (report->is_json) {
		rows_int_or_null(&report->rows, "age_ms", age_of(report, p), p->unread_ms >= 0);
		return;
	}
	age_format(age_of(report, p), text);
	rows_text(&report->rows, "age", p->unread_ms >= 0 ? text : NULL);
}

static void
add_row(struct report *report, const struct request *r, const char *group,
    const struct scope_partition *p)
{
	struct rows *rows = &report->rows;

	rows_begin(rows);
	rows_text(rows, "group", group);
	rows_text(rows, "topic", p->topic);
	rows_int(rows, "partition", p->number);
	rows_int_or_null(rows, "current_offset", p->known.committed,
	    p->known.committed >= 0);
	rows_int_or_null(rows, "log_end_offset", p->known.end, !p->failure);
	rows_int_or_null(rows, "lag", lag_of(p), has_lag(p));
	if (r->with_age)
		add_age(report, p);
}

/* Nothing committed of a partition, or something that is not in it: all that it holds is unread, as
 * far as anybody knows. */
static int64_t
total_of(const struct scope *scope)
{
	int64_t total = 0;

	for (size_t i = 0; i < scope->count; i++) {
		const struct scope_partition *p = &scope->items[i];

		if (!p->failure && !p->commit_failure)
			total += has_lag(p) ? lag_of(p) : p->known.end - p->known.begin;
	}
	return total;
}

static int64_t
oldest_of(const struct report *report, const struct scope *scope)
{
	int64_t oldest_ms = 0;

	for (size_t i = 0; i < scope->count; i++) {
		const struct scope_partition *p = &scope->items[i];

		if (p->unread_ms >= 0 && age_of(report, p) > oldest_ms)
			oldest_ms = age_of(report, p);
	}
	return oldest_ms;
}

/* --max and --max-age: the first group that is further behind is named, and others counted. */
static void
judge(struct report *report, const struct request *r, const char *group, const struct scope *scope)
{
	int64_t total = total_of(scope), oldest_ms = oldest_of(report, scope);
	bool is_far = r->lag_max >= 0 && total > r->lag_max;
	char age[AGE_TEXT_BYTES], age_max[AGE_TEXT_BYTES];

	report->judged++;
	if (!is_far && (r->age_ms_max < 0 || oldest_ms <= r->age_ms_max))
		return;
	if (report->count++)
		return;
	age_format(oldest_ms, age);
	age_format(r->age_ms_max, age_max);
	if (is_far)
		(void)snprintf(report->why, sizeof(report->why),
		    "group %s is %" PRId64 " records behind, more than %" PRId64, group, total,
		    r->lag_max);
	else
		(void)snprintf(report->why, sizeof(report->why),
		    "group %s has not read a record that is %s old, more than %s", group, age,
		    age_max);
}

static void
warn_of_past_ends(const char *group, const struct scope *scope)
{
	for (size_t i = 0; i < scope->count; i++) {
		const struct scope_partition *p = &scope->items[i];

		if (scope_is_past_end(p))
			diag_warn("group %s: %s[%" PRId32 "]: offset %" PRId64
				  " is committed, but the log ends at %" PRId64
				  ": all of it counts as unread",
			    group, p->topic, p->number, p->known.committed, p->known.end);
	}
}

/* A group of which nothing is committed: is it there, and can it be judged? */
static int
check_empty(struct admin *a, const struct request *r, const char *group, const struct scope *scope,
    struct err *err)
{
	if (groups_check(a, group, err))
		return -1;
	if (scope->count)
		return 0;
	if (r->lag_max >= 0 || r->age_ms_max >= 0)
		return err_set(err, ERR_NO_INPUT,
		    "group %s has committed nothing: name the topic, -t", group);
	diag_note("group %s has committed nothing", group);
	return 0;
}

/* The rows of a group, and how far it is behind. */
static int
report_group(struct admin *a, const struct request *r, const struct commits *c,
    const struct scope *all, struct report *report, struct err *err)
{
	struct scope scope = { .count = 0 };
	size_t commits = 0;
	int rc = -1;

	if (scope_select(&scope, all, r, c->list, &commits, err))
		goto out;
	if (scope_check_commits(&scope, c->group, err)) {
		if (!note_trouble(report, err))
			goto out;
		commits++; /* there is something, whatever it is */
	}
	if (!commits && r->name_count && check_empty(a, r, c->group, &scope, err)) {
		rc = note_trouble(report, err) ? 0 : -1;
		goto out;
	}
	/* of all groups only those are shown that have to do with the topics */
	if (!commits && !r->name_count) {
		rc = 0;
		goto out;
	}
	if (r->with_age && age_ask(&scope, a, err) && !note_trouble(report, err))
		goto out;
	report->now_ms = clock_wall_ms();
	for (size_t i = 0; i < scope.count; i++)
		add_row(report, r, c->group, &scope.items[i]);
	warn_of_past_ends(c->group, &scope);
	judge(report, r, c->group, &scope);
	rc = 0;
out:
	scope_release(&scope);
	return rc;
}

/* What the logs have is asked for once for all groups. */
static int
look_up(struct admin *a, const struct request *r, struct commits *c, size_t count,
    struct scope *all, struct report *report, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!c[i].list) {
			*err = c[i].trouble;
			if (!note_trouble(report, err))
				return -1;
		} else if (scope_add_topics(all, a, r, c[i].list, err)) {
			/* a topic of -t that does not exist is nobody's fault but the caller's */
			if (err->class == ERR_NO_INPUT || !note_trouble(report, err))
				return -1;
			c[i].list = NULL; /* its topics are not known */
		}
	}
	if (scope_ask_some(all, a, r, err))
		return -1;
	return scope_check(all, err) && !note_trouble(report, err) ? -1 : 0;
}

static int
report_groups(struct admin *a, const struct request *r, char *const *names, size_t count,
    struct report *report, struct err *err)
{
	struct commits *c = calloc(count + 1, sizeof(*c));
	struct scope all = { .count = 0 };
	int rc;

	if (!c)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++)
		c[i].group = names[i];
	rc = commits_ask(a, c, count, err) || look_up(a, r, c, count, &all, report, err);
	for (size_t i = 0; !rc && i < count; i++) {
		if (c[i].list)
			rc = report_group(a, r, &c[i], &all, report, err);
	}
	scope_release(&all);
	commits_release(c, count);
	free(c);
	return rc ? -1 : 0;
}

static int
report_all(struct admin *a, const struct request *r, struct report *report, struct err *err)
{
	struct group_list list = { .count = 0 };
	char **names;
	int rc;

	if (groups_list(a, &list, err))
		return -1;
	names = calloc(list.count + 1, sizeof(*names));
	for (size_t i = 0; names && i < list.count; i++)
		names[i] = list.items[i].name;
	report->trouble = list.trouble;
	rc = names ? report_groups(a, r, names, list.count, report, err) : err_no_memory(err);
	free(names);
	group_list_release(&list);
	return rc;
}

/* That a group is too far behind is so whatever else could not be seen. An alarm that has looked at nothing, for a
 * wrong topic or for want of permissions, must not be silent. */
static int
answer(const struct report *report, const struct request *r, struct err *err)
{
	bool is_alarm = r->lag_max >= 0 || r->age_ms_max >= 0;
	char more[64] = "";

	if (!report->count && report->trouble.class == ERR_NONE && is_alarm && !report->judged)
		return err_set(err, ERR_NO_INPUT, "no group has committed anything%s that may be seen",
		    r->topic_count ? " of these topics" : "");
	if (!report->count && report->trouble.class == ERR_NONE)
		return 0;
	if (!report->count) {
		*err = report->trouble;
		return -1;
	}
	if (report->trouble.class != ERR_NONE)
		diag_warn("%s", report->trouble.text);
	if (report->count > 1)
		(void)snprintf(more, sizeof(more), ", and %zu more group%s", report->count - 1,
		    report->count == 2 ? "" : "s");
	return err_set(err, ERR_NO, "%s%s", report->why, more);
}

int
verb_lag(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	static const struct column columns[] = {
		{ "GROUP", "group" },
		{ "TOPIC", "topic" },
		{ "PARTITION", "partition" },
		{ "CURRENT-OFFSET", "current_offset" },
		{ "LOG-END-OFFSET", "log_end_offset" },
		{ "LAG", "lag" },
		{ "AGE", "age" },
	};
	struct request request = *r;
	struct report report = { .is_json = out->form == OUTPUT_JSON };
	int rc;

	request.with_age |= r->age_ms_max >= 0;
	rows_init(&report.rows);
	rc = r->name_count
	         ? report_groups(a, &request, r->names, r->name_count, &report, err)
	         : report_all(a, &request, &report, err);
	if (!rc)
		rc = output_rows(out, &report.rows, columns, request.with_age ? 7 : 6, err) ||
		     output_flush(out, err);
	if (!rc)
		rc = answer(&report, &request, err);
	rows_release(&report.rows);
	return rc ? -1 : 0;
}
