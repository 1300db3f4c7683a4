/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/shape.h"

#include "codec/utf8.h"

/* ---- options ---- */

/* What weaker origins said is forgotten. */
static void
begin_list(size_t *count, enum opt_origin *listed, enum opt_origin origin)
{
	if (origin > *listed)
		*count = 0;
	*listed = origin;
}

static int
check_name(const char *option, struct slice name, struct err *err)
{
	if (!name.len)
		return err_set(err, ERR_USAGE, "%s: an empty name", option);
	if (!utf8_is_valid(name))
		return err_set(err, ERR_USAGE, "%s: a name that is not UTF-8", option);
	return 0;
}

static int
set_add(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct shape_options *o = target;
	struct shape_add add = { .is_json = false };
	struct slice rest;

	if (!slice_cut(slice_of(value), '=', &add.name, &rest))
		return err_set(err, ERR_USAGE, "\"%s\" is not NAME=VALUE or NAME:=JSON", value);
	if (add.name.len && add.name.data[add.name.len - 1] == ':') {
		add.is_json = true;
		add.name.len--;
	}
	add.template = rest.data; /* ends where the value does */
	begin_list(&o->add_count, &o->add_origin, origin);
	if (o->add_count == SHAPE_ADDS_MAX)
		return err_set(err, ERR_USAGE, "more than %d times", SHAPE_ADDS_MAX);
	o->adds[o->add_count++] = add;
	return check_name("NAME=VALUE", add.name, err);
}

/* ".a.b" is "a.b", as everywhere. */
static struct slice
plain_path(struct slice path)
{
	return path.len > 1 && path.data[0] == '.' ? slice_skip(path, 1) : path;
}

static int
add_select(struct shape_options *o, struct slice path, struct err *err)
{
	path = plain_path(path);
	if (o->select_count == SHAPE_FIELDS_MAX)
		return err_set(err, ERR_USAGE, "more than %d fields", SHAPE_FIELDS_MAX);
	o->selects[o->select_count++] = path;
	return check_name("PATH", path, err);
}

static int
set_select(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct shape_options *o = target;
	struct slice path, rest = slice_of(value);
	bool has_more;

	begin_list(&o->select_count, &o->select_origin, origin);
	do {
		has_more = slice_cut(rest, ',', &path, &rest);
		if (add_select(o, path, err))
			return -1;
	} while (has_more);
	return 0;
}

static int
set_rename(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct shape_options *o = target;
	struct shape_rename rename;

	if (!slice_cut(slice_of(value), '=', &rename.from, &rename.to))
		return err_set(err, ERR_USAGE, "\"%s\" is not OLD=NEW", value);
	rename.from = plain_path(rename.from);
	begin_list(&o->rename_count, &o->rename_origin, origin);
	if (o->rename_count == SHAPE_FIELDS_MAX)
		return err_set(err, ERR_USAGE, "more than %d times", SHAPE_FIELDS_MAX);
	o->renames[o->rename_count++] = rename;
	return check_name("OLD=NEW", rename.from, err) || check_name("OLD=NEW", rename.to, err)
	           ? -1
	           : 0;
}

const struct opt shape_rows[] = {
	{ 0, "select", "PATH[,PATH...]",
	    "write these fields only, in this order, named by their paths; repeatable [the whole "
	    "value]",
	    OPT_CALL, 0, 0, 0, set_select },
	{ 0, "rename", "OLD=NEW", "give a field another name; repeatable", OPT_CALL, 0, 0, 0,
	    set_rename },
	{ 0, "add", "NAME=VALUE",
	    "add a field, a string made from a template; NAME:=VALUE adds its text as JSON; "
	    "repeatable",
	    OPT_CALL, 0, 0, 0, set_add },
};
const size_t shape_row_count = sizeof(shape_rows) / sizeof(*shape_rows);

/* ---- what they mean ---- */

bool
shape_is_empty(const struct shape_options *o)
{
	return !o || (!o->add_count && !o->select_count && !o->rename_count);
}

struct slice
shape_rename(const struct shape_options *o, struct slice name)
{
	for (size_t i = 0; i < o->rename_count; i++) {
		if (slice_equal(o->renames[i].from, name))
			return o->renames[i].to;
	}
	return name;
}

static bool
is_selected(const struct shape_options *o, struct slice path)
{
	for (size_t i = 0; i < o->select_count; i++) {
		if (slice_equal(o->selects[i], path))
			return true;
	}
	return false;
}

static int
check_renames(const struct shape_options *o, struct err *err)
{
	for (size_t i = 0; i < o->rename_count; i++) {
		struct slice from = o->renames[i].from;

		if (o->select_count && !is_selected(o, from))
			return err_set(err, ERR_USAGE, "--rename %.*s: --select does not name it",
			    SLICE_ARGS(from));
		for (size_t j = 0; j < i; j++) {
			if (slice_equal(o->renames[j].from, from))
				return err_set(err, ERR_USAGE, "--rename %.*s: is there twice",
				    SLICE_ARGS(from));
		}
	}
	return 0;
}

/* The names that are known without a record: what is selected, or what is renamed to; then what is added. */
static struct slice
known_name(const struct shape_options *o, size_t index)
{
	size_t count = o->select_count ? o->select_count : o->rename_count;

	if (index >= count)
		return o->adds[index - count].name;
	return o->select_count ? shape_rename(o, o->selects[index]) : o->renames[index].to;
}

int
shape_check(const struct shape_options *o, struct err *err)
{
	size_t count;

	if (shape_is_empty(o))
		return 0;
	if (check_renames(o, err))
		return -1;
	count = (o->select_count ? o->select_count : o->rename_count) + o->add_count;
	for (size_t i = 0; i < count; i++) {
		struct slice name = known_name(o, i);

		for (size_t j = 0; j < i; j++) {
			if (slice_equal(known_name(o, j), name))
				return err_set(err, ERR_USAGE,
				    "two fields would be called \"%.*s\" (--select, --rename, --add)",
				    SLICE_ARGS(name));
		}
	}
	return 0;
}

/* ---- the fingerprint ---- */

static uint64_t
hash_text(uint64_t hash, const char *what, struct slice text)
{
	hash = slice_hash(hash, slice_make(what, strlen(what) + 1));
	hash = slice_hash(hash, text);
	return slice_hash(hash, slice_make("", 1));
}

uint64_t
shape_hash(const struct shape_options *o, uint64_t hash)
{
	if (shape_is_empty(o))
		return hash;
	for (size_t i = 0; i < o->select_count; i++)
		hash = hash_text(hash, "select", o->selects[i]);
	for (size_t i = 0; i < o->rename_count; i++) {
		hash = hash_text(hash, "rename", o->renames[i].from);
		hash = hash_text(hash, "to", o->renames[i].to);
	}
	for (size_t i = 0; i < o->add_count; i++) {
		hash = hash_text(hash, o->adds[i].is_json ? "json" : "add", o->adds[i].name);
		hash = hash_text(hash, "is", slice_of(o->adds[i].template));
	}
	return hash;
}
