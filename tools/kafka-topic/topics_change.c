/* SPDX-License-Identifier: MIT */
/* create and alter. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/diag.h"
#include "kafka-topic/admin.h"
#include "kafka-topic/configs.h"
#include "kafka-topic/outcome.h"
#include "kafka-topic/request.h"

static const char *
plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

/* "" or "would be " */
static const char *
mood(const struct request *r)
{
	return r->is_dry_run ? "would be " : "";
}

/* ---- create ---- */

static rd_kafka_NewTopic_t *
new_topic(const struct request *r, const char *name, struct err *err)
{
	char reason[256] = "";
	/* -1 is the broker's default, since Kafka 2.4 (KIP-464) */
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
	    name, (int)r->partitions_wanted, (int)r->replication_wanted, reason, sizeof(reason));

	if (!topic) {
		err_set(err, ERR_USAGE, "topic %s: %s", name, reason);
		return NULL;
	}
	for (size_t i = 0; i < r->setting_count; i++) {
		rd_kafka_resp_err_t code =
		    rd_kafka_NewTopic_set_config(topic, r->settings[i].name, r->settings[i].value);

		if (code) {
			admin_add_error(err, "property", r->settings[i].name, code, NULL);
			rd_kafka_NewTopic_destroy(topic);
			return NULL;
		}
	}
	return topic;
}

/* Another number of partitions is what keys, and so order, depend on. */
static void
compare_partitions(struct admin *a, const struct request *r, const char *name)
{
	struct err ignored = ERR_INIT;
	int32_t count;

	if (r->partitions_wanted < 0 || admin_partition_count(a, name, &count, &ignored) ||
	    count == r->partitions_wanted)
		diag_note("topic %s exists already", name);
	else
		diag_warn("topic %s exists already, with %" PRId32 " partition%s, not %" PRId64,
		    name, count, plural(count), r->partitions_wanted);
}

static void
judge_creation(struct admin *a, const struct request *r, const char *name,
    const rd_kafka_topic_result_t *result, struct outcome *outcome)
{
	rd_kafka_resp_err_t code;

	if (!result) {
		outcome_miss(outcome, name);
		return;
	}
	code = rd_kafka_topic_result_error(result);
	if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && r->if_not_exists) {
		compare_partitions(a, r, name);
	} else if (code) {
		outcome_fail(outcome, name, code, rd_kafka_topic_result_error_string(result));
	} else {
		if (!r->is_dry_run && !admin_wait_led(a, name))
			diag_note("topic %s is not to be seen everywhere yet", name);
		diag_note("topic %s %screated", name, mood(r));
	}
}

static int
send_creation(
    struct admin *a, const struct request *r, rd_kafka_NewTopic_t **topics, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS, true, r->is_dry_run, err);
	const rd_kafka_topic_result_t **results;
	struct outcome outcome = OUTCOME_INIT("topic");
	rd_kafka_event_t *event;
	size_t count;

	if (!options)
		return -1;
	rd_kafka_CreateTopics(a->kafka->rk, topics, r->name_count, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	event = admin_await(a, "creating topics", err);
	if (!event)
		return -1;
	results =
	    rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	for (size_t i = 0; i < r->name_count; i++)
		judge_creation(a, r, r->names[i], i < count ? results[i] : NULL, &outcome);
	rd_kafka_event_destroy(event);
	return outcome_end(&outcome, r->name_count, err);
}

int
verb_create(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	rd_kafka_NewTopic_t **topics = calloc(r->name_count, sizeof(*topics));
	size_t count = 0;
	int rc = -1;

	(void)out;
	if (!topics)
		return err_no_memory(err);
	while (count < r->name_count && (topics[count] = new_topic(r, r->names[count], err)))
		count++;
	if (count == r->name_count)
		rc = send_creation(a, r, topics, err);
	rd_kafka_NewTopic_destroy_array(topics, count);
	free(topics);
	return rc;
}

/* ---- alter ---- */

static int
send_partitions(struct admin *a, const struct request *r, const char *name, struct err *err)
{
	char reason[256] = "";
	rd_kafka_NewPartitions_t *wanted =
	    rd_kafka_NewPartitions_new(name, (size_t)r->partitions_wanted, reason, sizeof(reason));
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, true, r->is_dry_run, err);
	const rd_kafka_topic_result_t **results;
	struct outcome outcome = OUTCOME_INIT("topic");
	rd_kafka_event_t *event = NULL;
	size_t count;
	int rc = -1;

	if (!wanted)
		err_set(err, ERR_USAGE, "topic %s: %s", name, reason);
	if (!wanted || !options)
		goto out;
	rd_kafka_CreatePartitions(a->kafka->rk, &wanted, 1, options, a->queue);
	event = admin_await(a, "creating partitions", err);
	if (!event)
		goto out;
	results = rd_kafka_CreatePartitions_result_topics(
	    rd_kafka_event_CreatePartitions_result(event), &count);
	if (count != 1 || !results[0])
		outcome_miss(&outcome, name);
	else if (rd_kafka_topic_result_error(results[0]))
		outcome_fail(&outcome, name, rd_kafka_topic_result_error(results[0]),
		    rd_kafka_topic_result_error_string(results[0]));
	rc = outcome_end(&outcome, 1, err);
out:
	if (event)
		rd_kafka_event_destroy(event);
	if (options)
		rd_kafka_AdminOptions_destroy(options);
	if (wanted)
		rd_kafka_NewPartitions_destroy(wanted);
	return rc;
}

/* All names, before any of them is changed. As many partitions as there are is no error, so that a
 * script may say what should be. */
static int
look_up(struct admin *a, const struct request *r, int32_t *ret_counts, struct err *err)
{
	for (size_t i = 0; i < r->name_count; i++) {
		if (admin_partition_count(a, r->names[i], &ret_counts[i], err))
			return -1;
		if (r->partitions_wanted >= 0 && ret_counts[i] > r->partitions_wanted)
			return err_set(err, ERR_USAGE,
			    "topic %s has %" PRId32 " partitions: there can be more, not fewer",
			    r->names[i], ret_counts[i]);
	}
	return 0;
}

static int
raise_partitions(
    struct admin *a, const struct request *r, const char *name, int32_t have, struct err *err)
{
	if (have == r->partitions_wanted) {
		diag_note("topic %s has %" PRId32 " partition%s already", name, have, plural(have));
		return 0;
	}
	if (send_partitions(a, r, name, err))
		return -1;
	diag_note("topic %s: partitions %sadded", name, mood(r));
	return 0;
}

static int
alter_topic(
    struct admin *a, const struct request *r, const char *name, int32_t have, struct err *err)
{
	if (r->setting_count) {
		if (configs_change(a, name, r, err))
			return -1;
		diag_note("topic %s: propert%s %schanged", name,
		    r->setting_count == 1 ? "y" : "ies", mood(r));
	}
	return r->partitions_wanted < 0 ? 0 : raise_partitions(a, r, name, have, err);
}

int
verb_alter(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	int32_t *counts = calloc(r->name_count, sizeof(*counts));
	int rc;

	(void)out;
	if (!counts)
		return err_no_memory(err);
	rc = look_up(a, r, counts, err);
	for (size_t i = 0; !rc && i < r->name_count; i++) {
		if (counts[i] < r->partitions_wanted)
			diag_warn("topic %s: %s%" PRId64 " partitions, not %" PRId32
				  ": records of a key may %sgo to another one from now on",
			    r->names[i], mood(r), r->partitions_wanted, counts[i],
			    r->is_dry_run ? "then " : "");
	}
	for (size_t i = 0; !rc && i < r->name_count; i++)
		rc = alter_topic(a, r, r->names[i], counts[i], err);
	free(counts);
	return rc;
}
