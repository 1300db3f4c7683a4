/* SPDX-License-Identifier: MIT */
#include "kafka-topic/configs.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

/* ---- lists ---- */

void
configs_release(struct config_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].name);
		free(l->items[i].value);
	}
	free(l->items);
	*l = (struct config_list){ .items = NULL };
}

static int
add(struct config_list *l, const char *name, const char *value, rd_kafka_ConfigSource_t source,
    struct err *err)
{
	struct config *items = reallocarray(l->items, l->count + 1, sizeof(*items));
	struct config *c;

	if (!items)
		return err_no_memory(err);
	l->items = items;
	c = &items[l->count++];
	*c = (struct config){
		.name = strdup(name), .value = value ? strdup(value) : NULL, .source = source
	};
	return c->name && (c->value || !value) ? 0 : err_no_memory(err);
}

static int
by_name(const void *a, const void *b)
{
	const struct config *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const struct setting *
find_setting(const struct setting *settings, size_t count, const char *name)
{
	for (size_t i = count; i-- > 0;) { /* the last one counts */
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

int
configs_merge(const struct config_list *have, const struct setting *settings, size_t setting_count,
    struct config_list *ret, struct err *err)
{
	for (size_t i = 0; i < have->count; i++) {
		const struct config *c = &have->items[i];

		/* DescribeConfigs v0 does not say which of them are the topic's own
		 * (rd_kafka_DescribeConfigsResponse_parse of librdkafka) */
		if (c->source == RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG)
			return err_set(err, ERR_UNAVAILABLE,
			    "the broker does not tell whether property %s is set on the topic: it "
			    "could be lost",
			    c->name);
		if (c->source != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG ||
		    find_setting(settings, setting_count, c->name))
			continue;
		if (!c->value)
			return err_set(err, ERR_CANT_CREATE,
			    "property %s is set, but its value is not told, and would be lost",
			    c->name);
		if (add(ret, c->name, c->value, c->source, err))
			return -1;
	}
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];

		if (s->value && find_setting(settings, setting_count, s->name) == s &&
		    add(ret, s->name, s->value, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG, err))
			return -1;
	}
	return 0;
}

/* ---- reading ---- */

static int
check_resource(const rd_kafka_ConfigResource_t *resource, const char *topic, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);

	if (!code)
		return 0;
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return err_set(err, ERR_NO_INPUT, "topic %s does not exist", topic);
	admin_add_error(err, "properties of topic", topic, code,
	    rd_kafka_ConfigResource_error_string(resource));
	return -1;
}

/* DescribeConfigs tells what is set, what is set for all topics, and the brokers' defaults. */
static int
take_entries(const rd_kafka_ConfigResource_t *resource, const char *topic, bool is_all,
    struct config_list *ret, struct err *err)
{
	size_t count;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

	if (check_resource(resource, topic, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		rd_kafka_ConfigSource_t source = rd_kafka_ConfigEntry_source(entries[i]);

		if (!is_all && source != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
			continue;
		if (add(ret, rd_kafka_ConfigEntry_name(entries[i]),
			rd_kafka_ConfigEntry_value(entries[i]), source, err))
			return -1;
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_name);
	return 0;
}

int
configs_read(
    struct admin *a, const char *topic, bool is_all, struct config_list *ret, struct err *err)
{
	rd_kafka_ConfigResource_t *resource =
	    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false, false, err);
	const rd_kafka_ConfigResource_t **resources;
	rd_kafka_event_t *event = NULL;
	size_t count;
	int rc = -1;

	if (!options)
		goto out;
	rd_kafka_DescribeConfigs(a->kafka->rk, &resource, 1, options, a->queue);
	event = admin_await(a, "reading a topic's properties", err);
	if (!event)
		goto out;
	resources = rd_kafka_DescribeConfigs_result_resources(
	    rd_kafka_event_DescribeConfigs_result(event), &count);
	if (count == 1 && resources[0])
		rc = take_entries(resources[0], topic, is_all, ret, err);
	else
		err_set(err, ERR_UNAVAILABLE,
		    "the answer says nothing of the properties of topic %s", topic);
out:
	if (event)
		rd_kafka_event_destroy(event);
	if (options)
		rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	return rc;
}

/* ---- changing ---- */

#if RD_KAFKA_VERSION >= 0x020200ff

static int
fill(struct admin *a, const char *topic, const struct request *r,
    rd_kafka_ConfigResource_t *resource, struct err *err)
{
	(void)a;
	(void)topic;
	for (size_t i = 0; i < r->setting_count; i++) {
		const struct setting *s = &r->settings[i];
		rd_kafka_error_t *failure;

		if (find_setting(r->settings, r->setting_count, s->name) != s)
			continue;
		failure = rd_kafka_ConfigResource_add_incremental_config(resource, s->name,
		    s->value ? RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET
			     : RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE,
		    s->value);
		if (!failure)
			continue;
		(void)err_set(
		    err, ERR_USAGE, "property %s: %s", s->name, rd_kafka_error_string(failure));
		rd_kafka_error_destroy(failure);
		return -1;
	}
	return 0;
}

static const rd_kafka_ConfigResource_t **
send_change(struct admin *a, rd_kafka_ConfigResource_t *resource, bool is_dry_run,
    rd_kafka_event_t **ret_event, size_t *ret_count, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, false, is_dry_run, err);

	if (!options)
		return NULL;
	rd_kafka_IncrementalAlterConfigs(a->kafka->rk, &resource, 1, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	*ret_event = admin_await(a, "changing a topic's properties", err);
	if (!*ret_event)
		return NULL;
	return rd_kafka_IncrementalAlterConfigs_result_resources(
	    rd_kafka_event_IncrementalAlterConfigs_result(*ret_event), ret_count);
}

#else

static int
fill(struct admin *a, const char *topic, const struct request *r,
    rd_kafka_ConfigResource_t *resource, struct err *err)
{
	struct config_list have = { .count = 0 }, merged = { .count = 0 };
	size_t kept = 0;
	int rc = -1;

	/* all of them, as what is not told apart must not be lost */
	if (configs_read(a, topic, true, &have, err) ||
	    configs_merge(&have, r->settings, r->setting_count, &merged, err))
		goto out;
	for (size_t i = 0; i < merged.count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_ConfigResource_set_config(
		    resource, merged.items[i].name, merged.items[i].value);

		if (code) {
			admin_add_error(err, "property", merged.items[i].name, code, NULL);
			goto out;
		}
		kept += !find_setting(r->settings, r->setting_count, merged.items[i].name);
	}
	if (kept)
		diag_note(
		    "topic %s: its %zu propert%s set again with what is changed (librdkafka %s "
		    "cannot change one alone): what others change at this moment is undone",
		    topic, kept, kept == 1 ? "y is" : "ies are",
		    rd_kafka_version_str());
	rc = 0;
out:
	configs_release(&have);
	configs_release(&merged);
	return rc;
}

static const rd_kafka_ConfigResource_t **
send_change(struct admin *a, rd_kafka_ConfigResource_t *resource, bool is_dry_run,
    rd_kafka_event_t **ret_event, size_t *ret_count, struct err *err)
{
	rd_kafka_AdminOptions_t *options =
	    admin_options(a, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, false, is_dry_run, err);

	if (!options)
		return NULL;
	rd_kafka_AlterConfigs(a->kafka->rk, &resource, 1, options, a->queue);
	rd_kafka_AdminOptions_destroy(options);
	*ret_event = admin_await(a, "changing a topic's properties", err);
	if (!*ret_event)
		return NULL;
	return rd_kafka_AlterConfigs_result_resources(
	    rd_kafka_event_AlterConfigs_result(*ret_event), ret_count);
}

#endif

int
configs_change(struct admin *a, const char *topic, const struct request *r, struct err *err)
{
	rd_kafka_ConfigResource_t *resource =
	    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	const rd_kafka_ConfigResource_t **resources;
	rd_kafka_event_t *event = NULL;
	size_t count = 0;
	int rc = -1;

	if (fill(a, topic, r, resource, err))
		goto out;
	resources = send_change(a, resource, r->is_dry_run, &event, &count, err);
	if (!resources)
		goto out;
	if (count == 1 && resources[0])
		rc = check_resource(resources[0], topic, err);
	else
		err_set(err, ERR_UNAVAILABLE,
		    "properties of topic %s: the answer says nothing of them: they may have been "
		    "changed",
		    topic);
out:
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_ConfigResource_destroy(resource);
	return rc;
}
