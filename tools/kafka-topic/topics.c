/* SPDX-License-Identifier: MIT */
/* What there is: list and describe. */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "kafka-topic/admin.h"
#include "kafka-topic/configs.h"
#include "kafka-topic/request.h"

static bool
is_hidden(const struct request *r, const char *topic)
{
	return !r->is_all && request_is_internal(topic);
}

static int
by_name(const void *a, const void *b)
{
	const struct rd_kafka_metadata_topic *const *x = a, *const *y = b;

	return strcmp((*x)->topic, (*y)->topic);
}

/* The topics in the order of their names; to be freed. */
static const struct rd_kafka_metadata_topic **
sort_topics(const struct rd_kafka_metadata *metadata, struct err *err)
{
	const struct rd_kafka_metadata_topic **sorted =
	    calloc((size_t)metadata->topic_cnt + 1, sizeof(*sorted));

	if (!sorted) {
		err_no_memory(err);
		return NULL;
	}
	for (int i = 0; i < metadata->topic_cnt; i++)
		sorted[i] = &metadata->topics[i];
	qsort(sorted, (size_t)metadata->topic_cnt, sizeof(*sorted), by_name);
	return sorted;
}

static int
replication_of(const struct rd_kafka_metadata_topic *topic)
{
	return topic->partition_cnt ? topic->partitions[0].replica_cnt : 0;
}

/* ---- list ---- */

static void
add_topic(struct rows *rows, const struct rd_kafka_metadata_topic *topic)
{
	rows_begin(rows);
	rows_text(rows, "topic", topic->topic);
	rows_int(rows, "partition_count", topic->partition_cnt);
	rows_int(rows, "replication_factor", replication_of(topic));
}

int
verb_list(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	static const struct column columns[] = {
		{ "TOPIC", "topic" },
		{ "PARTITIONS", "partition_count" },
		{ "REPLICATION", "replication_factor" },
	};
	const struct rd_kafka_metadata *metadata = admin_metadata(a, NULL, err);
	const struct rd_kafka_metadata_topic **sorted =
	    metadata ? sort_topics(metadata, err) : NULL;
	struct rows rows;
	int rc = -1;

	rows_init(&rows);
	if (!sorted)
		goto out;
	for (int i = 0; i < metadata->topic_cnt; i++) {
		if (!is_hidden(r, sorted[i]->topic))
			add_topic(&rows, sorted[i]);
	}
	if (out->form == OUTPUT_NAMES || (out->form == OUTPUT_DEFAULT && !out->is_terminal))
		rc = output_names(out, &rows, "topic", err);
	else
		rc = output_rows(out, &rows, columns, sizeof(columns) / sizeof(*columns), err);
out:
	rows_release(&rows);
	free(sorted);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	return rc;
}

/* ---- describe ---- */

/* As JSON one object a topic; as tables the partitions of all, and the properties of all. */
struct description {
	struct rows topics;
	struct rows partitions;
	struct rows configs;
};

static void
add_partition(struct rows *rows, const char *topic, const struct rd_kafka_metadata_partition *p)
{
	rows_begin(rows);
	if (topic)
		rows_text(rows, "topic", topic);
	rows_int(rows, "partition", p->id);
	rows_int_or_null(rows, "leader", p->leader, p->leader >= 0);
	rows_numbers(rows, "replicas", p->replicas, (size_t)p->replica_cnt);
	rows_numbers(rows, "isr", p->isrs, (size_t)p->isr_cnt);
}

/* Brokers list partitions in no order; they have the numbers from 0 on. */
static void
add_partitions(struct rows *rows, const char *name, const struct rd_kafka_metadata_topic *topic)
{
	size_t count = (size_t)topic->partition_cnt;
	const struct rd_kafka_metadata_partition **sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted) {
		rows->has_failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t number = (size_t)topic->partitions[i].id;

		if (number < count)
			sorted[number] = &topic->partitions[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (sorted[i])
			add_partition(rows, name, sorted[i]);
	}
	free(sorted);
}

static void
add_configs(struct description *d, const char *topic, const struct config_list *configs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < configs->count; i++) {
		const struct config *c = &configs->items[i];

		rows_begin(&d->configs);
		rows_text(&d->configs, "topic", topic);
		rows_text(&d->configs, "config", c->name);
		rows_text(&d->configs, "value", c->value);
		rows_text(&d->configs, "source", rd_kafka_ConfigSource_name(c->source));
		if (json_object_set_new(
			object, c->name, c->value ? json_string(c->value) : json_null()))
			d->configs.has_failed = true;
	}
	rows_value(&d->topics, "configs", object);
}

static int
describe_topic(struct admin *a, const struct request *r,
    const struct rd_kafka_metadata_topic *topic, struct description *d, struct err *err)
{
	struct config_list configs = { .count = 0 };
	struct err denied = ERR_INIT;
	struct rows partitions;

	rows_init(&partitions);
	add_topic(&d->topics, topic);
	add_partitions(&partitions, NULL, topic);
	rows_nest(&d->topics, "partitions", &partitions);
	add_partitions(&d->partitions, topic->topic, topic);
	if (!configs_read(a, topic->topic, r->is_all, &configs, &denied)) {
		add_configs(d, topic->topic, &configs);
	} else if (denied.class == ERR_DENIED) {
		/* what may be seen is worth seeing */
		rows_value(&d->topics, "configs", json_null());
		diag_warn("%s", denied.text);
	} else {
		*err = denied;
	}
	configs_release(&configs);
	return err->class == ERR_NONE ? 0 : -1;
}

static int
describe_named(struct admin *a, const struct request *r, struct description *d, struct err *err)
{
	for (size_t i = 0; i < r->name_count; i++) {
		const struct rd_kafka_metadata *metadata = admin_metadata(a, r->names[i], err);
		int rc;

		if (!metadata)
			return -1;
		rc = describe_topic(a, r, &metadata->topics[0], d, err);
		rd_kafka_metadata_destroy(metadata);
		if (rc)
			return -1;
	}
	return 0;
}

static int
describe_all(struct admin *a, const struct request *r, struct description *d, struct err *err)
{
	const struct rd_kafka_metadata *metadata = admin_metadata(a, NULL, err);
	const struct rd_kafka_metadata_topic **sorted =
	    metadata ? sort_topics(metadata, err) : NULL;

	for (int i = 0; sorted && err->class == ERR_NONE && i < metadata->topic_cnt; i++) {
		if (!is_hidden(r, sorted[i]->topic))
			(void)describe_topic(a, r, sorted[i], d, err); /* err says it */
	}
	free(sorted);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	return err->class == ERR_NONE ? 0 : -1;
}

static int
print_description(struct output *out, const struct description *d, bool is_all, struct err *err)
{
	static const struct column partitions[] = {
		{ "TOPIC", "topic" },
		{ "PARTITION", "partition" },
		{ "LEADER", "leader" },
		{ "REPLICAS", "replicas" },
		{ "ISR", "isr" },
	};
	static const struct column configs[] = {
		{ "TOPIC", "topic" },
		{ "CONFIG", "config" },
		{ "VALUE", "value" },
		{ "SOURCE", "source" },
	};

	if (out->form == OUTPUT_JSON)
		return output_json(out, &d->topics, err);
	if (output_table(out, &d->partitions, partitions, 5, err))
		return -1;
	return output_table(out, &d->configs, configs, is_all ? 4 : 3, err);
}

int
verb_describe(struct admin *a, const struct request *r, struct output *out, struct err *err)
{
	struct description d;
	int rc;

	rows_init(&d.topics);
	rows_init(&d.partitions);
	rows_init(&d.configs);
	rc = r->name_count ? describe_named(a, r, &d, err) : describe_all(a, r, &d, err);
	if (!rc)
		rc = print_description(out, &d, r->is_all, err);
	rows_release(&d.topics);
	rows_release(&d.partitions);
	rows_release(&d.configs);
	return rc;
}
