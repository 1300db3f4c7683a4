/* SPDX-License-Identifier: MIT */
/* How far the group is with all of the topic, whoever owns the partitions. */
#include <stdlib.h>

#include "source/topic_state.h"

enum { ASK_MS_MAX = 5000 };

static int
check_answer(const struct source_topic *s, const rd_kafka_topic_partition_list_t *list,
    rd_kafka_resp_err_t code, struct err *err)
{
	for (int i = 0; !code && i < list->cnt; i++)
		code = list->elems[i].err;
	return code ? err_set(err, kafka_error_class(code), "offsets of %s: %s", s->options.topic,
			  rd_kafka_err2str(code))
	            : 0;
}

static rd_kafka_topic_partition_list_t *
list_all(const struct source_topic *s)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(s->partition_count);

	for (int32_t i = 0; i < s->partition_count; i++)
		rd_kafka_topic_partition_list_add(list, s->options.topic, i);
	return list;
}

/* One of the special times. */
static int
ask_offsets(struct source_topic *s, int64_t time, int64_t *ret, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = list_all(s);
	int rc;

	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = time;
	rc = check_answer(
	    s, list, rd_kafka_offsets_for_times(s->kafka->rk, list, ASK_MS_MAX), err);
	for (int i = 0; !rc && i < list->cnt; i++)
		ret[i] = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

/* Where nothing is committed, the log's start is as good: nothing of it was there to be read. */
static int
ask_committed(struct source_topic *s, int64_t *ret, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = list_all(s);
	int rc = check_answer(s, list, rd_kafka_committed(s->kafka->rk, list, ASK_MS_MAX), err);

	if (!rc)
		rc = ask_offsets(s, TIME_BEGINNING, ret, err);
	for (int i = 0; !rc && i < list->cnt; i++) {
		if (list->elems[i].offset >= 0)
			ret[i] = list->elems[i].offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

/* The ends are those that reading reaches (the last stable offset), asked for last: what is committed by then is no
 * less. */
int
topic_drained(struct source *source, bool **ret, size_t *ret_count, struct err *err)
{
	struct source_topic *s = (struct source_topic *)source;
	size_t count = (size_t)s->partition_count;
	int64_t *committed = calloc(count + 1, sizeof(*committed));
	int64_t *ends = calloc(count + 1, sizeof(*ends));
	bool *drained = calloc(count + 1, sizeof(*drained));
	int rc = -1;

	if (!committed || !ends || !drained) {
		err_no_memory(err);
		goto out;
	}
	if (ask_committed(s, committed, err) || ask_offsets(s, TIME_END, ends, err))
		goto out;
	for (size_t i = 0; i < count; i++)
		drained[i] = committed[i] >= ends[i];
	*ret = drained;
	*ret_count = count;
	drained = NULL;
	rc = 0;
out:
	free(committed);
	free(ends);
	free(drained);
	return rc;
}
