/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/numbers.h"

#include <stdio.h>

#include "base/diag.h"

#define VALUE(id, field) { id, offsetof(struct numbers, field) }

const struct stats_value numbers_values[] = {
	VALUE(STATS_RECORDS_READ, lake.read),
	VALUE(STATS_BYTES_READ, lake.bytes),
	VALUE(STATS_RECORDS_DELIVERED, lake.delivered),
	VALUE(STATS_RECORDS_FILTERED, lake.filtered),
	VALUE(STATS_RECORDS_REJECTED, lake.rejected),
	VALUE(STATS_RECORDS_LEFT, lake.lost),
	VALUE(STATS_FILES, lake.files),
	VALUE(STATS_FILE_BYTES, lake.object_bytes),
	VALUE(STATS_RECORDS_OPEN, lake.open),
	VALUE(STATS_FILES_OPEN, lake.files_open),
	VALUE(STATS_BUFFERED_BYTES, lake.spooled_bytes),
	VALUE(STATS_LAG_RECORDS, lake.lag),
	VALUE(STATS_PROCESSES, member.processes),
};
const size_t numbers_value_count = sizeof(numbers_values) / sizeof(*numbers_values);

void
numbers_add(void *sum, const void *numbers)
{
	struct numbers *to = sum;
	const struct numbers *from = numbers;

	member_numbers_add(&to->member, &from->member);
	lake_counts_add(&to->lake, &from->lake);
}

/* What it had read and not published is nobody's, as the partitions are. */
void
numbers_rest(void *numbers)
{
	struct numbers *n = numbers;

	n->member.processes = 0;
	n->lake.open = n->lake.files_open = n->lake.spooled_bytes = n->lake.lag = n->lake.unread = 0;
}

void
numbers_forget(void *numbers)
{
	struct numbers *n = numbers;

	n->lake.lag = n->lake.unread = -1;
}

bool
numbers_has_some(const void *sum)
{
	const struct numbers *n = sum;

	return n->member.processes > 0;
}

void
numbers_say(const struct numbers *n, bool has_filter)
{
	const struct lake_counts *c = &n->lake;
	char filtered[48] = "", lost[64] = "", open[48] = "", there[48] = "";

	if (has_filter)
		(void)snprintf(
		    filtered, sizeof(filtered), ", %lld filtered", (long long)c->filtered);
	if (c->lost)
		(void)snprintf(lost, sizeof(lost), ", %lld left to another member of the group",
		    (long long)c->lost);
	if (c->open)
		(void)snprintf(open, sizeof(open), ", %lld not published", (long long)c->open);
	if (c->files_there)
		(void)snprintf(there, sizeof(there), ", %lld of them there already",
		    (long long)c->files_there);
	diag_note(
	    "%lld records read: %lld delivered, %lld rejected%s%s%s; %lld files, %lld bytes%s",
	    (long long)c->read, (long long)c->delivered, (long long)c->rejected, filtered, lost,
	    open, (long long)c->files, (long long)c->object_bytes, there);
}
