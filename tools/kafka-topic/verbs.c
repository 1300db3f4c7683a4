/* SPDX-License-Identifier: MIT */
#include "kafka-topic/verbs.h"

#include <string.h>

#include "base/diag.h"
#include "kafka-topic/confirm.h"

enum { PARTITIONS_MAX = 100000, REPLICATION_MAX = 32767 };

/* ---- options ---- */

static int
set_topic(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct request *r = target;

	if (origin != OPT_COMMAND_LINE)
		return 0;
	if (!*value)
		return err_set(err, ERR_USAGE, "the value is empty");
	if (r->topic_count == REQUEST_TOPICS_MAX)
		return err_set(err, ERR_USAGE, "more than %d topics", REQUEST_TOPICS_MAX);
	r->topics[r->topic_count++] = value;
	return 0;
}

static int
add_number(struct request *r, struct slice text, struct err *err)
{
	char number[16] = "";
	int64_t value;

	if (!text.len || text.len >= sizeof(number))
		return err_set(err, ERR_USAGE, "a partition is a number from 0 on");
	memcpy(number, text.data, text.len);
	if (opt_parse_int(number, &value, err))
		return -1;
	if (value < 0 || value > INT32_MAX)
		return err_set(err, ERR_USAGE, "a partition is a number from 0 on");
	if (r->partition_count == REQUEST_PARTITIONS_MAX)
		return err_set(err, ERR_USAGE, "more than %d partitions", REQUEST_PARTITIONS_MAX);
	r->partitions[r->partition_count++] = (int32_t)value;
	return 0;
}

static int
set_numbers(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct slice rest = slice_of(value), head, tail;

	if (origin != OPT_COMMAND_LINE)
		return 0;
	while (slice_cut(rest, ',', &head, &tail)) {
		if (add_number(target, head, err))
			return -1;
		rest = tail;
	}
	return add_number(target, rest, err);
}

static int
set_offset(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct request *r = target;
	struct offset_spec to = { .kind = OFFSET_STORED };
	bool has_to = false, has_stop = false, is_time = !strncmp(value, "s@", 2);
	int64_t stop_ms;

	if (origin != OPT_COMMAND_LINE)
		return 0;
	if (offset_spec_parse(value, &to, &has_to, &has_stop, &stop_ms, err) && is_time)
		return -1;
	/* other tools know more places */
	if (!has_to || to.kind == OFFSET_STORED)
		return err_set(
		    err, ERR_USAGE, "\"%s\" is none of beginning, end, N, -N, s@TIME", value);
	r->to = to;
	r->has_to = true;
	return 0;
}

static int
set_shift(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct request *r = target;
	bool has_plus = value[0] == '+' && value[1] >= '0' && value[1] <= '9';

	if (origin != OPT_COMMAND_LINE)
		return 0;
	r->has_shift = true;
	return opt_parse_int(value + has_plus, &r->shift, err);
}

static int
set_partitions_wanted(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	int64_t number;

	if (origin != OPT_COMMAND_LINE)
		return 0;
	if (opt_parse_int(value, &number, err))
		return -1;
	if (number < 1 || number > PARTITIONS_MAX)
		return err_set(err, ERR_USAGE, "must be at %s %d", number < 1 ? "least" : "most",
		    number < 1 ? 1 : PARTITIONS_MAX);
	((struct request *)target)->partitions_wanted = number;
	return 0;
}

static int
add_setting(struct request *r, struct slice name, const char *value, struct err *err)
{
	struct setting *s = &r->settings[r->setting_count];

	if (r->setting_count == REQUEST_SETTINGS_MAX)
		return err_set(err, ERR_USAGE, "more than %d properties", REQUEST_SETTINGS_MAX);
	if (!name.len || name.len >= sizeof(s->name))
		return err_set(err, ERR_USAGE, "a property has a name of 1 to %zu characters",
		    sizeof(s->name) - 1);
	*s = (struct setting){ .value = value };
	memcpy(s->name, name.data, name.len);
	r->setting_count++;
	return 0;
}

static int
set_setting(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	const char *mark = strchr(value, '=');

	if (origin != OPT_COMMAND_LINE)
		return 0;
	if (!mark)
		return err_set(
		    err, ERR_USAGE, "a topic's property is NAME=VALUE, not \"%s\"", value);
	return add_setting(target, slice_make(value, (size_t)(mark - value)), mark + 1, err);
}

static int
unset_setting(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	if (origin != OPT_COMMAND_LINE)
		return 0;
	if (strchr(value, '='))
		return err_set(err, ERR_USAGE, "takes a name alone, not \"%s\"", value);
	return add_setting(target, slice_of(value), NULL, err);
}

static int
set_yes(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)value;
	(void)err;
	if (origin == OPT_COMMAND_LINE)
		((struct request *)target)->is_yes = true;
	return 0;
}

static int
set_internal(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)value;
	(void)err;
	if (origin == OPT_COMMAND_LINE)
		((struct request *)target)->with_internal = true;
	return 0;
}

#define AT(member) offsetof(struct request, member)

const struct opt verb_rows[] = {
	{ 'a', "all", NULL,
	    "list, describe: internal topics too; describe: properties with defaults", OPT_FLAG,
	    AT(is_all), 0, 0, NULL },
	{ 't', "topic", "TOPIC", "lag, reset: in this topic [all the group has read]; repeatable",
	    OPT_CALL, 0, 0, 0, set_topic },
	{ 'p', "partition", "N[,N...]", "offsets, reset: these partitions only; repeatable",
	    OPT_CALL, 0, 0, 0, set_numbers },
	{ 'o', "offset", "WHERE",
	    "offsets, reset: beginning, end, N, -N (from the end), s@TIME (ISO 8601 or ms)",
	    OPT_CALL, 0, 0, 0, set_offset },
	{ 0, "shift", "N", "reset: that many records on, or back (-N), from what is committed",
	    OPT_CALL, 0, 0, 0, set_shift },
	{ 0, "partitions", "N",
	    "create: how many [the broker's default]; alter: how many from now on", OPT_CALL, 0, 0,
	    0, set_partitions_wanted },
	{ 0, "replication", "N", "create: replicas of each partition [the broker's default]",
	    OPT_INT, AT(replication_wanted), 1, REPLICATION_MAX, NULL },
	{ 0, "set", "NAME=VALUE", "create, alter: set a property of the topic; repeatable",
	    OPT_CALL, 0, 0, 0, set_setting },
	{ 0, "unset", "NAME", "alter: give a property its default again; repeatable", OPT_CALL, 0,
	    0, 0, unset_setting },
	{ 0, "if-not-exists", NULL, "create: a topic that exists already is left as it is",
	    OPT_FLAG, AT(if_not_exists), 0, 0, NULL },
	{ 0, "if-exists", NULL, "delete, delete-group: what is not there is passed over", OPT_FLAG,
	    AT(if_exists), 0, 0, NULL },
	{ 0, "max", "N", "lag: exit status 1 where a group is more than N records behind", OPT_INT,
	    AT(lag_max), 0, 0, NULL },
	{ 0, "age", NULL, "lag: read the first record that is not read, and say how old it is",
	    OPT_FLAG, AT(with_age), 0, 0, NULL },
	{ 0, "max-age", "DURATION", "lag: exit status 1 where that is older", OPT_DURATION,
	    AT(age_ms_max), 0, 0, NULL },
	{ 0, "yes", NULL, "delete, delete-group, reset: do not ask", OPT_CALL, 0, 0, 0, set_yes },
	{ 0, "internal", NULL, "alter, delete: topics with names that begin with __ too", OPT_CALL,
	    0, 0, 0, set_internal },
};
const size_t verb_row_count = sizeof(verb_rows) / sizeof(*verb_rows);

/* ---- what goes together ---- */

static int
check_create(const struct request *r, struct err *err)
{
	for (size_t i = 0; i < r->setting_count; i++) {
		if (!*r->settings[i].value)
			return err_set(
			    err, ERR_USAGE, "--set %s=: the value is empty", r->settings[i].name);
	}
	return 0;
}

/* Without its own topics a cluster loses what groups have committed, and open transactions. */
static int
check_internal(const struct request *r, struct err *err)
{
	for (size_t i = 0; !r->with_internal && i < r->name_count; i++) {
		if (request_is_internal(r->names[i]))
			return err_set(err, ERR_USAGE,
			    "topic %s is Kafka's own, or a service's on top of it: give --internal",
			    r->names[i]);
	}
	return 0;
}

static int
check_alter(const struct request *r, struct err *err)
{
	if (!r->setting_count && r->partitions_wanted < 0)
		return err_set(err, ERR_USAGE,
		    "alter: nothing to change: give --set, --unset or --partitions");
	return check_internal(r, err);
}

static int
check_delete(const struct request *r, struct err *err)
{
	return check_internal(r, err) ? -1 : confirm_can_ask(r, err);
}

static int
check_reset(const struct request *r, struct err *err)
{
	if (r->has_to == r->has_shift)
		return err_set(err, ERR_USAGE,
		    r->has_to ? "reset: either --offset or --shift, not both"
			      : "reset: to where? give -o or --shift");
	if (r->has_to && r->to.kind == OFFSET_AT && !r->topic_count)
		return err_set(err, ERR_USAGE,
		    "reset: the offset %lld is a place in one topic: name it, -t",
		    (long long)r->to.value);
	return confirm_can_ask(r, err);
}

static const char *const list_options[] = { "all", NULL };
static const char *const describe_options[] = { "all", NULL };
static const char *const create_options[] = { "partitions", "replication", "set", "if-not-exists",
	NULL };
static const char *const alter_options[] = { "partitions", "set", "unset", "internal", NULL };
static const char *const delete_options[] = { "if-exists", "yes", "internal", NULL };
static const char *const offsets_options[] = { "partition", "offset", NULL };
static const char *const groups_options[] = { NULL };
static const char *const lag_options[] = { "topic", "max", "age", "max-age", NULL };
static const char *const reset_options[] = { "topic", "partition", "offset", "shift", "yes", NULL };
static const char *const delete_group_options[] = { "if-exists", "yes", NULL };

enum {
	ROWS = 1 << OUTPUT_TABLE | 1 << OUTPUT_JSON,
	ROWS_OR_NAMES = ROWS | 1 << OUTPUT_NAMES,
};

static const struct verb verbs[] = {
	{ "list", "", 0, 0, list_options, verb_list, ROWS_OR_NAMES, NULL },
	{ "describe", "[TOPIC...]", 0, 0, describe_options, verb_describe, ROWS, NULL },
	{ "create", "TOPIC...", 1, 0, create_options, verb_create, 0, check_create },
	{ "alter", "TOPIC...", 1, 0, alter_options, verb_alter, 0, check_alter },
	{ "delete", "TOPIC...", 1, 0, delete_options, verb_delete, ROWS_OR_NAMES, check_delete },
	{ "offsets", "TOPIC...", 1, 0, offsets_options, verb_offsets, ROWS, NULL },
	{ "groups", "[GROUP...]", 0, 0, groups_options, verb_groups, ROWS_OR_NAMES, NULL },
	{ "lag", "[GROUP...]", 0, 0, lag_options, verb_lag, ROWS, NULL },
	{ "reset", "GROUP", 1, 1, reset_options, verb_reset, ROWS, check_reset },
	{ "delete-group", "GROUP...", 1, 0, delete_group_options, verb_delete_group, ROWS_OR_NAMES,
	    confirm_can_ask },
};

const struct verb *
verb_find(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	err_set(err, ERR_USAGE,
	    "\"%s\" is none of list, describe, create, alter, delete, offsets, groups, "
	    "lag, reset, delete-group",
	    name);
	return NULL;
}

static bool
takes(const struct verb *verb, const char *option)
{
	for (const char *const *o = verb->options; *o; o++) {
		if (!strcmp(*o, option))
			return true;
	}
	return false;
}

static int
check_names(const struct verb *verb, const struct request *r, struct err *err)
{
	if (r->name_count < verb->name_count_min)
		return err_set(
		    err, ERR_USAGE, "an argument is missing: %s %s", verb->name, verb->operands);
	if (r->name_count && !*verb->operands)
		return err_set(err, ERR_USAGE, "%s takes no argument, but was given %s", verb->name,
		    r->names[0]);
	if (verb->name_count_max && r->name_count > verb->name_count_max)
		return err_set(
		    err, ERR_USAGE, "one argument too many: %s", r->names[verb->name_count_max]);
	/* brokers refuse it, each in its own way */
	for (size_t i = 0; i < r->name_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(r->names[i], r->names[j]))
				return err_set(err, ERR_USAGE, "%s is named twice", r->names[i]);
		}
	}
	return 0;
}

int
verb_check(
    const struct verb *verb, const struct request *r, const struct opt_set *set, struct err *err)
{
	for (size_t i = 0; i < verb_row_count; i++) {
		const char *name = verb_rows[i].name;
		enum opt_origin origin = opt_origin(set, name);

		if (origin == OPT_COMMAND_LINE && !takes(verb, name))
			return err_set(err, ERR_USAGE, "%s takes no --%s", verb->name, name);
		if (origin != OPT_COMMAND_LINE && origin != OPT_UNSET && takes(verb, name) &&
		    verb_rows[i].kind == OPT_CALL)
			diag_detail("--%s counts on the command line only, not in a file", name);
	}
	if (check_names(verb, r, err))
		return -1;
	return verb->check ? verb->check(r, err) : 0;
}
