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
	rows_int_or_null(rows, "earliest", p->known.begin, !p->failure);
	rows_int_or_null(rows, "latest", p->known.end, !p->failure);
	if (!r->has_to)
		return;
	if (!p->failure)
		/* held within the log, as a reader would be */
		(void)plan_offset(r, &p->known, &offset);
	rows_int_or_null(rows, "offset", offset, !p->failure);
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
	if (scope_ask_some(&scope, a, r, err))
		goto out;
	for (size_t i = 0; i < scope.count; i++)
		add_row(&rows, r, &scope.items[i]);
	/* what is known is printed, and then what is not is an error */
	if (!output_rows(out, &rows, columns, r->has_to ? 5 : 4, err) && !output_flush(out, err))
		rc = scope_check(&scope, err);
out:
	rows_release(&rows);
	scope_release(&scope);
	return rc;
}
