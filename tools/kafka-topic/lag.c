/* SPDX-License-Identifier: MIT */
/* lag: how far groups are behind the ends of what they read. */
#include <inttypes.h>

#include "base/clock.h"
#include "kafka-topic/age.h"
#include "kafka-topic/groups.h"

static int64_t
lag_of(const struct scope_partition *p)
{
	int64_t lag = p->known.end - p->known.committed;

	return lag > 0 ? lag : 0;
}

struct report {
	struct rows rows;
	int64_t now_ms;
	bool is_json;  /* ages are numbers, not words */
	char why[512]; /* of the first group that is too far behind, "" while there is none */
	size_t count;  /* of such groups */
};

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
	bool has_commit = p->known.committed >= 0;

	rows_begin(rows);
	rows_text(rows, "group", group);
	rows_text(rows, "topic", p->topic);
	rows_int(rows, "partition", p->number);
	rows_int_or_null(rows, "current_offset", p->known.committed, has_commit);
	rows_int(rows, "log_end_offset", p->known.end);
	rows_int_or_null(rows, "lag", lag_of(p), has_commit);
	if (r->with_age)
		add_age(report, p);
}

/* Nothing committed of a partition: all that it holds is unread, as far as anybody knows. */
static int64_t
total_of(const struct scope *scope)
{
	int64_t total = 0;

	for (size_t i = 0; i < scope->count; i++) {
		const struct scope_partition *p = &scope->items[i];

		total += p->known.committed >= 0 ? lag_of(p) : p->known.end - p->known.begin;
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

static int
add_group(struct admin *a, const struct request *r, const char *group, struct report *report,
    struct err *err)
{
	struct scope scope = { .count = 0 };
	size_t commits = 0;
	int rc = -1;

	if (scope_add_group(&scope, a, r, group, &commits, err))
		goto out;
	if (!commits && r->name_count && groups_check(a, group, err))
		goto out;
	/* of all groups only those are shown that have to do with the topics */
	if (!commits && !r->name_count) {
		rc = 0;
		goto out;
	}
	if (scope_ask(&scope, a, r, err) || (r->with_age && age_ask(&scope, a, err)))
		goto out;
	report->now_ms = clock_wall_ms();
	for (size_t i = 0; i < scope.count; i++)
		add_row(report, r, group, &scope.items[i]);
	judge(report, r, group, &scope);
	rc = 0;
out:
	scope_release(&scope);
	return rc;
}

static int
add_all(struct admin *a, const struct request *r, struct report *report, struct err *err)
{
	char **names;
	size_t count;
	int rc = 0;

	if (groups_list(a, &names, &count, err))
		return -1;
	for (size_t i = 0; !rc && i < count; i++)
		rc = add_group(a, r, names[i], report, err);
	groups_free(names, count);
	return rc;
}

static int
answer(const struct report *report, struct err *err)
{
	char more[64] = "";

	if (!report->count)
		return 0;
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
	int rc = 0;

	request.with_age |= r->age_ms_max >= 0;
	rows_init(&report.rows);
	for (size_t i = 0; !rc && i < r->name_count; i++)
		rc = add_group(a, &request, r->names[i], &report, err);
	if (!r->name_count)
		rc = add_all(a, &request, &report, err);
	if (!rc)
		rc = output_rows(out, &report.rows, columns, request.with_age ? 7 : 6, err) ||
		     output_flush(out, err);
	if (!rc)
		rc = answer(&report, err);
	rows_release(&report.rows);
	return rc ? -1 : 0;
}
