/* SPDX-License-Identifier: MIT */
/* How far a topic has been read, and how far that is from its end. */
#include "source/topic_state.h"

void
topic_advance(struct source_topic *s, struct topic_partition *p, int64_t next)
{
	if (next <= p->next)
		return;
	s->passed += next - p->next;
	p->next = next;
}

int64_t
source_topic_lag(const struct source *source)
{
	const struct source_topic *s = (const struct source_topic *)source;
	int64_t lag = 0;

	if (!s->is_assigned)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		const struct topic_partition *p = &s->partitions[i];
		int64_t low, high;

		if (p->is_done)
			continue;
		/* from what the last fetch said: no request */
		if (rd_kafka_get_watermark_offsets(s->kafka->rk, s->options.topic, p->number, &low,
		        &high) ||
		    high < 0)
			return -1;
		if (high > p->end)
			high = p->end;
		if (high > p->next)
			lag += high - p->next;
	}
	return lag;
}

/* Timed ends are known when their time has come, or a record then or later. */
int64_t
topic_passed(const struct source *source)
{
	const struct source_topic *s = (const struct source_topic *)source;

	if (!s->is_assigned)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		if (!s->partitions[i].is_done && s->partitions[i].end == TOPIC_NO_END)
			return -1;
	}
	return s->passed;
}
