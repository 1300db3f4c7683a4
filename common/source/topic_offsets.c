/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "source/topic_state.h"

enum { ATTEMPT_MS = 5000, PAUSE_MS = 100 };

static bool
is_passing(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	    code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__WAIT_COORD ||
	    code == RD_KAFKA_RESP_ERR__WAIT_CACHE ||
	    code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	    code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	    code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
	    code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT ||
	    code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART; /* not known there yet: KIP-516 */
}

static rd_kafka_resp_err_t
first_error(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err)
			return list->elems[i].err;
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* One request for all of them; the list's offsets are the times asked for, and then the answer. */
static int
query_list(struct source_topic *s, rd_kafka_topic_partition_list_t *list, int64_t time_ms,
    struct err *err)
{
	int64_t deadline = clock_deadline(TOPIC_ANSWER_MS_MAX);

	for (;;) {
		rd_kafka_resp_err_t code;

		for (int i = 0; i < list->cnt; i++) {
			list->elems[i].offset = time_ms;
			list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		code = rd_kafka_offsets_for_times(s->kafka->rk, list, ATTEMPT_MS);
		if (!code)
			code = first_error(list);
		if (!code)
			return 0;
		if (kafka_check(s->kafka, err))
			return -1;
		if (!is_passing(code) || clock_mono_ms() >= deadline)
			return err_set(err, kafka_error_class(code), "topic %s: offsets: %s",
			    s->options.topic, rd_kafka_err2str(code));
		if (stop_wait(clock_deadline(PAUSE_MS)))
			return err_set(err, ERR_STOPPED, "stopped while asking for offsets");
	}
}

/* Offsets of the first records at or after time_ms, in the order of starts; -1: there is none. */
static int64_t *
query(struct source_topic *s, const struct topic_start *starts, size_t count, int64_t time_ms,
    struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	int64_t *offsets = calloc(count + 1, sizeof(*offsets));

	if (!offsets) {
		err_no_memory(err);
		goto fail;
	}
	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, s->options.topic, starts[i].partition);
	if (count && query_list(s, list, time_ms, err))
		goto fail;
	for (size_t i = 0; i < count; i++)
		offsets[i] = rd_kafka_topic_partition_list_find(list, s->options.topic,
		    starts[i].partition)->offset;
	rd_kafka_topic_partition_list_destroy(list);
	return offsets;
fail:
	rd_kafka_topic_partition_list_destroy(list);
	free(offsets);
	return NULL;
}

static int64_t
start_of(const struct offset_spec *start, int64_t low, int64_t high, int64_t at_time)
{
	switch (start->kind) {
	case OFFSET_STORED:
	case OFFSET_BEGINNING:
		return low;
	case OFFSET_END:
		return high;
	case OFFSET_AT:
		return start->value;
	case OFFSET_TAIL:
		return high - low > start->value ? high - start->value : low;
	case OFFSET_TIME:
		return at_time >= 0 ? at_time : high;
	}
	return low;
}

/* -e and e@TIME; at_time: the first record at or after the latter, -1 where there is none. */
static struct topic_bounds
bounds_of(const struct source_topic *s, int64_t low, int64_t high, int64_t at_time)
{
	struct topic_bounds b = { .begin = low, .end = TOPIC_NO_END };

	if (s->options.exit_at_end)
		b.end = high;
	if (!s->options.has_stop_time)
		return b;
	if (at_time >= 0 && at_time < b.end)
		b.end = at_time;
	b.has_timed_end = at_time < 0;
	return b;
}

/* Of a partition that was not there at the start: -e wants nothing of it, e@TIME what is before it. */
static struct topic_bounds
bounds_of_new(const struct source_topic *s, int64_t low)
{
	return (struct topic_bounds){
		.begin = low,
		.end = s->options.exit_at_end ? low : TOPIC_NO_END,
		.has_timed_end = s->options.has_stop_time,
	};
}

/* A start behind the end would be taken for a finished partition. */
static int
check_start(const struct source_topic *s, const struct topic_start *start, int64_t high,
    struct err *err)
{
	if (start->offset <= high)
		return 0;
	return err_set(err, ERR_DATA,
	    "%s[%" PRId32 "]@%" PRId64 ": offset is beyond the end, %" PRId64
	    ": was the topic made anew?",
	    s->options.topic, start->partition, start->offset, high);
}

int
topic_resolve(struct source_topic *s, struct topic_start *starts, size_t count, struct err *err)
{
	const struct source_topic_options *o = &s->options;
	int64_t *low = NULL, *high = NULL, *start_time = NULL, *stop_time = NULL;
	int rc = -1;

	low = query(s, starts, count, TIME_BEGINNING, err);
	high = low ? query(s, starts, count, TIME_END, err) : NULL;
	if (!high)
		goto out;
	if (o->start.kind == OFFSET_TIME) {
		start_time = query(s, starts, count, o->start.value, err);
		if (!start_time)
			goto out;
	}
	if (o->has_stop_time && !s->bounds) {
		stop_time = query(s, starts, count, o->stop_time_ms, err);
		if (!stop_time)
			goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (starts[i].offset < 0) {
			starts[i].offset =
			    start_of(&o->start, low[i], high[i], start_time ? start_time[i] : -1);
			starts[i].was_resolved = true;
		}
		if (!s->bounds)
			starts[i].bounds =
			    bounds_of(s, low[i], high[i], stop_time ? stop_time[i] : -1);
		else if (starts[i].partition < s->partition_count)
			starts[i].bounds = s->bounds[starts[i].partition];
		else
			starts[i].bounds = bounds_of_new(s, low[i]);
		if (check_start(s, &starts[i], high[i], err))
			goto out;
		if (o->accepts_gaps && starts[i].offset < low[i])
			starts[i].log_start = low[i];
	}
	rc = 0;
out:
	free(low);
	free(high);
	free(start_time);
	free(stop_time);
	return rc;
}

int
topic_query_bounds(struct source_topic *s, struct err *err)
{
	size_t count = (size_t)s->partition_count;
	struct topic_start *starts = calloc(count + 1, sizeof(*starts));
	struct topic_bounds *bounds = calloc(count + 1, sizeof(*bounds));
	int rc = -1;

	if (!starts || !bounds) {
		err_no_memory(err);
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		starts[i].partition = (int32_t)i;
	if (topic_resolve(s, starts, count, err))
		goto out;
	for (size_t i = 0; i < count; i++)
		bounds[i] = starts[i].bounds;
	s->bounds = bounds;
	bounds = NULL;
	rc = 0;
out:
	free(starts);
	free(bounds);
	return rc;
}

int
topic_query_range(struct source_topic *s, int32_t partition, int64_t range[static 2],
    struct err *err)
{
	struct topic_start one = { .partition = partition };
	int64_t *low = query(s, &one, 1, TIME_BEGINNING, err);
	int64_t *high = low ? query(s, &one, 1, TIME_END, err) : NULL;
	int rc = high ? 0 : -1;

	if (high) {
		range[0] = *low;
		range[1] = *high;
	}
	free(low);
	free(high);
	return rc;
}

int
topic_settle_timed_ends(struct source_topic *s, struct err *err)
{
	struct topic_start *starts = calloc(s->count + 1, sizeof(*starts));
	int64_t *at_time = NULL, *high = NULL;
	int rc = -1;

	if (!starts)
		return err_no_memory(err);
	for (size_t i = 0; i < s->count; i++)
		starts[i].partition = s->partitions[i].number;
	at_time = query(s, starts, s->count, s->options.stop_time_ms, err);
	high = at_time ? query(s, starts, s->count, TIME_END, err) : NULL;
	if (!high)
		goto out;
	for (size_t i = 0; i < s->count; i++) {
		struct topic_partition *p = &s->partitions[i];
		int64_t end = at_time[i] >= 0 ? at_time[i] : high[i];

		if (p->has_timed_end && end < p->end)
			p->end = end;
		p->has_timed_end = false;
	}
	rc = 0;
out:
	free(starts);
	free(at_time);
	free(high);
	return rc;
}
