/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/numbers.h"

#include <stdio.h>

#include "base/diag.h"
#include "s3-to-kafka/run.h"

#define VALUE(id, field) { id, offsetof(struct numbers, field) }

const struct stats_value numbers_values[] = {
	VALUE(STATS_RECORDS_READ, replay.counts.read),
	VALUE(STATS_RECORDS_DELIVERED, replay.counts.delivered),
	VALUE(STATS_RECORDS_FILTERED, replay.counts.skipped),
	VALUE(STATS_RECORDS_REJECTED, replay.counts.rejected),
	VALUE(STATS_RECORDS_OPEN, replay.counts.waiting),
	VALUE(STATS_EVENT_TIME, event_s),
	VALUE(STATS_BEHIND, behind_s),
	VALUE(STATS_PROCESSES, processes),
};
const size_t numbers_value_count = sizeof(numbers_values) / sizeof(*numbers_values);

void
numbers_set(struct numbers *n, const struct replay_numbers *now)
{
	n->processes = 1;
	n->replay = *now;
	n->event_s = now->event_ms < 0 ? -1 : now->event_ms / 1000;
	n->behind_s = now->behind_ms / 1000;
}

void
numbers_rest(struct numbers *n)
{
	n->processes = n->behind_s = n->replay.counts.waiting = 0;
}

/* What is paced goes by the clock, and how much of the input that is says when it ends. */
void
numbers_measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct options *o = context;
	const struct replay_numbers *r = &((const struct numbers *)numbers)->replay;

	ret->records = r->sent;
	ret->bytes = r->bytes;
	ret->open = r->counts.waiting;
	ret->rejected = r->counts.rejected;
	ret->event_ms = r->event_ms;
	if (o->replay.speedup > 0 || o->replay.rate > 0)
		ret->behind_ms = r->behind_ms;
	if (o->replay.count_max) {
		ret->done = r->counts.read - r->counts.skipped - r->held;
		ret->all = o->replay.count_max;
	} else if (r->objects.bytes_all > 0 && o->replay.rounds_max == 1) {
		ret->done = r->objects.bytes;
		ret->all = r->objects.bytes_all;
	}
}

void
numbers_say(const struct numbers *n)
{
	const struct replay_counts *counts = &n->replay.counts;
	char skipped[48] = "", waiting[64] = "", watermarks[48] = "";

	if (counts->skipped)
		(void)snprintf(skipped, sizeof(skipped), ", %lld skipped", (long long)counts->skipped);
	if (counts->waiting)
		(void)snprintf(waiting, sizeof(waiting), ", %lld not sent or not acknowledged",
		    (long long)counts->waiting);
	if (counts->watermarks)
		(void)snprintf(watermarks, sizeof(watermarks), "; %lld watermark records sent",
		    (long long)counts->watermarks);
	diag_note("%lld records read: %lld delivered, %lld rejected%s%s%s", (long long)counts->read,
	    (long long)counts->delivered, (long long)counts->rejected, skipped, waiting, watermarks);
}
