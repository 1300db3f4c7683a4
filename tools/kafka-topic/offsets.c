/* SPDX-License-Identifier: MIT */
/* offsets: where the partitions' logs start and end, and (-o) which offset a place in them is. */
#include "kafka-topic/scope.h"

static void
add_row(struct rows *rows, const struct request *r, const struct scope_partition *p)
{
	int64_t offset = 0;

	rows_begin(rows);
	rows_text(rows, "topic", p->topic);
	rows_int(rows, "partition", p->number);
	rows_int(rows, "earliest", p->known.begin);
	rows_int(rows, "latest", p->known.end);
	if (r->has_to) {
		/* held within the log, as a reader would be */
		(void)plan_offset(r, &p->known, &offset);
		rows_int(rows, "offset", offset);
	}
}

int
verb_offsets(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	static const struct column columns[] = {
		{ "TOPIC", "topic" },
		{ "PARTITION", "partition" },
		{ "EARLIEST", "earliest" },
		{ "LATEST", "latest" },
		{ "OFFSET", "offset" },
	};
	struct scope scope = { .count = 0 };
	struct rows rows;
	int rc = -1;

	rows_init(&rows);
	for (size_t i = 0; i < r->name_count; i++) {
		if (scope_add_topic(&scope, a, r, r->names[i], err))
			goto out;
	}
	if (scope_ask(&scope, a, r, err))
		goto out;
	for (size_t i = 0; i < scope.count; i++)
		add_row(&rows, r, &scope.items[i]);
	rc = output_rows(out, &rows, columns, r->has_to ? 5 : 4, err);
out:
	rows_release(&rows);
	scope_release(&scope);
	return rc;
}
