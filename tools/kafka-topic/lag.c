/* SPDX-License-Identifier: MIT */
/* lag: how far groups are behind the ends of what they read. */
#include <inttypes.h>

#include "kafka-topic/groups.h"
#include "kafka-topic/scope.h"

static int64_t
lag_of(const struct scope_partition *p)
{
	int64_t lag = p->known.end - p->known.committed;

	return lag > 0 ? lag : 0;
}

static void
add_row(struct rows *rows, const char *group, const struct scope_partition *p)
{
	bool has_commit = p->known.committed >= 0;

	rows_begin(rows);
	rows_text(rows, "group", group);
	rows_text(rows, "topic", p->topic);
	rows_int(rows, "partition", p->number);
	rows_int_or_null(rows, "current_offset", p->known.committed, has_commit);
	rows_int(rows, "log_end_offset", p->known.end);
	rows_int_or_null(rows, "lag", lag_of(p), has_commit);
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

/* The first group that is too far behind is the one that is named, with how many more. */
struct verdict {
	char group[256];
	int64_t total;
	size_t count;
};

static void
judge(struct verdict *v, const struct request *r, const char *group, const struct scope *scope)
{
	int64_t total = total_of(scope);

	if (r->lag_max < 0 || total <= r->lag_max)
		return;
	if (!v->count++) {
		(void)snprintf(v->group, sizeof(v->group), "%s", group);
		v->total = total;
	}
}

static int
add_group(struct admin *a, const struct request *r, const char *group, struct rows *rows,
    struct verdict *v, struct err *err)
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
	if (scope_ask(&scope, a, r, err))
		goto out;
	for (size_t i = 0; i < scope.count; i++)
		add_row(rows, group, &scope.items[i]);
	judge(v, r, group, &scope);
	rc = 0;
out:
	scope_release(&scope);
	return rc;
}

static int
add_all(struct admin *a, const struct request *r, struct rows *rows, struct verdict *v,
    struct err *err)
{
	char **names;
	size_t count;
	int rc = 0;

	if (groups_list(a, &names, &count, err))
		return -1;
	for (size_t i = 0; !rc && i < count; i++)
		rc = add_group(a, r, names[i], rows, v, err);
	groups_free(names, count);
	return rc;
}

static int
answer(const struct request *r, const struct verdict *v, struct err *err)
{
	char more[64] = "";

	if (!v->count)
		return 0;
	if (v->count > 1)
		(void)snprintf(more, sizeof(more), ", and %zu more group%s", v->count - 1,
		    v->count == 2 ? "" : "s");
	return err_set(err, ERR_NO, "group %s is %" PRId64 " records behind, more than %" PRId64 "%s",
	    v->group, v->total, r->lag_max, more);
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
	};
	struct verdict verdict = { .count = 0 };
	struct rows rows;
	int rc = 0;

	rows_init(&rows);
	for (size_t i = 0; !rc && i < r->name_count; i++)
		rc = add_group(a, r, r->names[i], &rows, &verdict, err);
	if (!r->name_count)
		rc = add_all(a, r, &rows, &verdict, err);
	if (!rc)
		rc = output_rows(out, &rows, columns, sizeof(columns) / sizeof(*columns), err) ||
		    output_flush(out, err);
	if (!rc)
		rc = answer(r, &verdict, err);
	rows_release(&rows);
	return rc ? -1 : 0;
}
