/* SPDX-License-Identifier: MIT */
#include "base/opt.h"
#include "kafka-to-dynamo/item.h"

#define TTL_ADD_MS_MAX (INT64_C(1000) * 365 * 24 * 3600 * 1000)

static struct slice
bare_path(struct slice path)
{
	return path.len && path.data[0] == '.' ? slice_skip(path, 1) : path;
}

static int
check_path(struct slice path, struct err *err)
{
	struct slice name, rest = path;

	do {
		bool has_more = slice_cut(rest, '.', &name, &rest);

		if (!name.len || (has_more && !rest.len))
			return err_set(err, ERR_USAGE, "\"%.*s\" is no field", SLICE_ARGS(path));
	} while (rest.len);
	return 0;
}

/* Of two rules for one field only one would count. `first` is the path in the first of `count` rules. */
static bool
is_twice(size_t count, const struct slice *first, size_t rule_bytes, struct slice path)
{
	for (size_t i = 0; i < count; i++) {
		const void *rule = (const char *)first + i * rule_bytes;

		if (slice_equal(*(const struct slice *)rule, path))
			return true;
	}
	return false;
}

int
item_parse_select(const char *text, struct item_options *o, struct err *err)
{
	struct slice rest = slice_of(text), path;
	bool has_more;

	do {
		has_more = slice_cut(rest, ',', &path, &rest);
		path = bare_path(slice_trim(path));
		if (check_path(path, err))
			return -1;
		if (is_twice(o->select_count, o->selects, sizeof(*o->selects), path))
			return err_set(err, ERR_USAGE, "\"%.*s\" is there twice", SLICE_ARGS(path));
		if (o->select_count == ITEM_RULES_MAX)
			return err_set(err, ERR_USAGE, "more than %d fields", ITEM_RULES_MAX);
		o->selects[o->select_count++] = path;
	} while (has_more);
	return 0;
}

static int
split_rule(const char *text, const char *what, struct slice *ret_path, struct slice *ret_value,
    struct err *err)
{
	if (!slice_cut(slice_of(text), '=', ret_path, ret_value) || !ret_value->len)
		return err_set(err, ERR_USAGE, "\"%s\" is not FIELD=%s", text, what);
	*ret_path = bare_path(*ret_path);
	return check_path(*ret_path, err);
}

int
item_parse_rename(const char *text, struct item_options *o, struct err *err)
{
	struct item_rename rule;

	if (split_rule(text, "NAME", &rule.path, &rule.name, err))
		return -1;
	if (is_twice(o->rename_count, &o->renames->path, sizeof(*o->renames), rule.path))
		return err_set(
		    err, ERR_USAGE, "\"%.*s\" has two names", SLICE_ARGS(rule.path));
	if (o->rename_count == ITEM_RULES_MAX)
		return err_set(err, ERR_USAGE, "more than %d fields", ITEM_RULES_MAX);
	o->renames[o->rename_count++] = rule;
	return 0;
}

int
item_parse_typing(const char *text, struct item_options *o, struct err *err)
{
	struct item_typing rule;
	struct slice type;

	if (split_rule(text, "TYPE", &rule.path, &type, err) ||
	    attribute_type_parse(type, &rule.type, err))
		return -1;
	if (is_twice(o->typing_count, &o->typings->path, sizeof(*o->typings), rule.path))
		return err_set(
		    err, ERR_USAGE, "\"%.*s\" has two types", SLICE_ARGS(rule.path));
	if (o->typing_count == ITEM_RULES_MAX)
		return err_set(err, ERR_USAGE, "more than %d fields", ITEM_RULES_MAX);
	o->typings[o->typing_count++] = rule;
	return 0;
}

static int
parse_add(struct slice text, int64_t *ret_ms, struct err *err)
{
	if (opt_parse_duration(text, ret_ms, err))
		return -1;
	if (*ret_ms > TTL_ADD_MS_MAX)
		return err_set(err, ERR_USAGE, "%.*s is more than 1000 years", SLICE_ARGS(text));
	return 0;
}

int
item_parse_ttl(const char *text, struct item_options *o, struct err *err)
{
	struct slice rest = slice_of(text), name = slice_make(NULL, 0), path, add;
	int64_t add_ms = 0;

	if (strchr(text, '=') && (!slice_cut(rest, '=', &name, &rest) || !name.len))
		return err_set(err, ERR_USAGE, "\"%s\" is not ATTRIBUTE=FIELD", text);
	if (slice_cut(rest, '+', &path, &add) && parse_add(add, &add_ms, err))
		return -1;
	path = bare_path(path);
	if (check_path(path, err))
		return -1;
	o->ttl_path = path;
	o->ttl_name = name;
	o->ttl_add_ms = add_ms;
	return 0;
}
