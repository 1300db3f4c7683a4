/* SPDX-License-Identifier: MIT */
/* delete: topics, with their records. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/diag.h"
#include "kafka-topic/admin.h"
#include "kafka-topic/confirm.h"
#include "kafka-topic/outcome.h"

static const struct column columns[DELETION_COLUMNS] = {
	{ "TOPIC", "topic" },
	{ "PARTITIONS", "partition_count" },
};

/* The topics that are there: all of them, or an error. */
struct doomed {
	const char **names; /* borrowed from the request */
	rd_kafka_DeleteTopic_t **requests;
	struct deletion deletion; /* knows how many */
};

static int
add(struct doomed *d, const char *name, int32_t partitions, struct err *err)
{
	size_t count = d->deletion.count;
	char note[32];

	d->names[count] = name;
	d->requests[count] = rd_kafka_DeleteTopic_new(name);
	(void)snprintf(note, sizeof(note), " (%" PRId32 " partition%s)", partitions,
	    partitions == 1 ? "" : "s");
	rows_begin(&d->deletion.rows);
	rows_text(&d->deletion.rows, "topic", name);
	rows_int(&d->deletion.rows, "partition_count", partitions);
	return deletion_add(&d->deletion, name, note, err);
}

static int
look_up(struct doomed *d, struct admin *a, const struct request *r, struct err *err)
{
	for (size_t i = 0; i < r->name_count; i++) {
		int32_t partitions;

		if (!admin_partition_count(a, r->names[i], &partitions, err)) {
			if (add(d, r->names[i], partitions, err))
				return -1;
		} else if (err->class == ERR_NO_INPUT && r->if_exists) {
			diag_note("%s", err->text);
			err_clear(err);
		} else {
			return -1;
		}
	}
	return 0;
}

static void
judge(struct admin *a, const char *name, const rd_kafka_topic_result_t *result,
    struct outcome *outcome)
{
	if (!result)
		outcome_miss(outcome, name);
	else if (rd_kafka_topic_result_error(result))
		outcome_fail(outcome, name, rd_kafka_topic_result_error(result),
		    rd_kafka_topic_result_error_string(result));
	else
		diag_note("topic %s %s", name,
		    admin_wait_gone(a, name) ? "deleted" : "is being deleted");
}

static int
send_deletion(const struct doomed *d, struct admin *a, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_DELETETOPICS, true, false, err);
	size_t asked = d->deletion.count, count;
	struct outcome outcome = OUTCOME_INIT("topic");
	const rd_kafka_topic_result_t **results;
	rd_kafka_event_t *event;

	if (!options)
		return -1;
	rd_kafka_DeleteTopics(a->kafka->rk, d->requests, asked, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	event = admin_await(a, "deleting topics", err);
	if (!event)
		return -1;
	results =
	    rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
	for (size_t i = 0; i < asked; i++)
		judge(a, d->names[i], i < count ? results[i] : NULL, &outcome);
	rd_kafka_event_destroy(event);
	return outcome_end(&outcome, asked, err);
}

int
verb_delete(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	struct doomed d = {
		.names = calloc(r->name_count, sizeof(*d.names)),
		.requests = calloc(r->name_count, sizeof(*d.requests)),
	};
	bool is_sure = false;
	int rc;

	deletion_init(&d.deletion, "topic", "all records", columns);
	rc = d.names && d.requests ? look_up(&d, a, r, err) : err_no_memory(err);
	if (!rc)
		rc = deletion_confirm(&d.deletion, r, out, &is_sure, err);
	if (!rc && is_sure)
		rc = send_deletion(&d, a, err);
	for (size_t i = 0; d.requests && i < r->name_count; i++) {
		if (d.requests[i])
			rd_kafka_DeleteTopic_destroy(d.requests[i]);
	}
	free(d.requests);
	free(d.names);
	deletion_release(&d.deletion);
	return rc;
}
