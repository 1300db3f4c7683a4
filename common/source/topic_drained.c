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

/* Partitions can be added to a topic while it is read (KIP-195), and belong to others perhaps. */
static int
ask_count(const struct source_topic *s, int32_t *ret, struct err *err)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(s->kafka->rk, s->options.topic, NULL);
	const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t code = topic ? rd_kafka_metadata(s->kafka->rk, 0, topic, &md, ASK_MS_MAX)
	                                 : rd_kafka_last_error();

	*ret = s->partition_count;
	if (!code && md->topic_cnt == 1) {
		code = md->topics[0].err;
		if (md->topics[0].partition_cnt > *ret)
			*ret = md->topics[0].partition_cnt;
	}
	if (md)
		rd_kafka_metadata_destroy(md);
	if (topic)
		rd_kafka_topic_destroy(topic);
	return code ? err_set(err, kafka_error_class(code), "partitions of %s: %s",
			  s->options.topic, rd_kafka_err2str(code))
	            : 0;
}

static rd_kafka_topic_partition_list_t *
list_all(const struct source_topic *s, int32_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);

	for (int32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, s->options.topic, i);
	return list;
}

/* One of the special times. */
static int
ask_offsets(
    struct source_topic *s, int32_t count, int64_t time, int64_t *ret, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = list_all(s, count);
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
ask_committed(struct source_topic *s, int32_t count, int64_t *ret, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = list_all(s, count);
	int rc = check_answer(s, list, rd_kafka_committed(s->kafka->rk, list, ASK_MS_MAX), err);

	if (!rc)
		rc = ask_offsets(s, count, TIME_BEGINNING, ret, err);
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
	int64_t *committed = NULL, *ends = NULL;
	bool *drained = NULL;
	int32_t count;
	int rc = -1;

	if (ask_count(s, &count, err))
		return -1;
	committed = calloc((size_t)count + 1, sizeof(*committed));
	ends = calloc((size_t)count + 1, sizeof(*ends));
	drained = calloc((size_t)count + 1, sizeof(*drained));
	if (!committed || !ends || !drained) {
		err_no_memory(err);
		goto out;
	}
	if (ask_committed(s, count, committed, err) || ask_offsets(s, count, TIME_END, ends, err))
		goto out;
	for (int32_t i = 0; i < count; i++)
		drained[i] = committed[i] >= ends[i];
	*ret = drained;
	*ret_count = (size_t)count;
	drained = NULL;
	rc = 0;
out:
	free(committed);
	free(ends);
	free(drained);
	return rc;
}
