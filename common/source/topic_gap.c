/* SPDX-License-Identifier: MIT */
/* An offset that the log has not: it has expired, or was never there. */
#include <inttypes.h>

#include "source/topic_state.h"

int
topic_pass_gap(struct source_topic *s, struct topic_partition *p, int64_t log_start, struct err *err)
{
	p->next = log_start;
	return s->events.gap ? s->events.gap(s->events.context, p->number, log_start, err) : 0;
}

/* Fetching has stopped there, and a seek wants it not to (librdkafka 2.0.2, rd_kafka_toppar_seek): it is begun anew, of
 * a group with all partitions, as eager assignments know no part of one. What is fetched twice is passed over. */
static rd_kafka_resp_err_t
fetch_anew(struct source_topic *s, const struct topic_partition *p)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t code;

	if (!s->options.group) {
		(void)rd_kafka_consume_stop(s->topic, p->number);
		return rd_kafka_consume_start(s->topic, p->number, p->next) ? rd_kafka_last_error()
		                                                             : RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	list = rd_kafka_topic_partition_list_new((int)s->count);
	for (size_t i = 0; i < s->count; i++)
		rd_kafka_topic_partition_list_add(list, s->options.topic, s->partitions[i].number)->offset =
		    s->partitions[i].next;
	code = rd_kafka_assign(s->kafka->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}

/* Expired while it was being read. */
static int
go_on_at(struct source_topic *s, struct topic_partition *p, int64_t log_start, struct err *err)
{
	rd_kafka_resp_err_t code;

	if (topic_pass_gap(s, p, log_start, err))
		return -1;
	s->has_told = true;
	if (p->next >= p->end)
		topic_finish(s, p);
	code = fetch_anew(s, p);
	return code ? err_set(err, kafka_error_class(code), "%s[%" PRId32 "]@%" PRId64 ": %s",
			  s->options.topic, p->number, log_start, rd_kafka_err2str(code))
	            : 0;
}

int
topic_judge_range(struct source_topic *s, struct topic_partition *p, struct err *err)
{
	const char *topic = s->options.topic;
	int64_t range[2];

	if (topic_query_range(s, p->number, range, err))
		return err_wrap(err, "%s[%" PRId32 "]@%" PRId64 ": offset is out of range", topic,
		    p->number, p->next);
	if (s->options.accepts_gaps && p->next < range[0])
		return go_on_at(s, p, range[0], err);
	if (p->next < range[0])
		return err_set(err, ERR_DATA,
		    "%s[%" PRId32 "]@%" PRId64 ": offset has expired: the log now starts at %" PRId64
		    " (%" PRId64 " records are gone)",
		    topic, p->number, p->next, range[0], range[0] - p->next);
	return err_set(err, ERR_DATA,
	    "%s[%" PRId32 "]@%" PRId64 ": offset is out of range: the log now ends at %" PRId64
	    ": was the topic made anew?",
	    topic, p->number, p->next, range[1]);
}
