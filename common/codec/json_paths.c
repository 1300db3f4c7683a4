/* SPDX-License-Identifier: MIT */
/* The set of field paths a tool asks for; json.c compiles it. */
#include <stdlib.h>

#include "codec/json.h"

struct json_paths {
	char **names; /* NUL terminated, without a leading dot */
	size_t *lens;
	unsigned count;
};

struct json_paths *
json_paths_new(struct err *err)
{
	struct json_paths *paths = calloc(1, sizeof(*paths));

	if (!paths)
		(void)err_no_memory(err);
	return paths;
}

void
json_paths_free(struct json_paths *paths)
{
	if (!paths)
		return;
	for (unsigned i = 0; i < paths->count; i++)
		free(paths->names[i]);
	free(paths->names);
	free(paths->lens);
	free(paths);
}

static int
check_members(struct slice path, struct err *err)
{
	struct slice member, rest = path;
	unsigned count = 0;
	bool has_more;

	if (!path.len)
		return err_set(err, ERR_USAGE, "an empty field path");
	do {
		has_more = slice_cut(rest, '.', &member, &rest);
		if (!member.len)
			return err_set(err, ERR_USAGE, "field path \"%.*s\" has an empty member",
			    SLICE_ARGS(path));
		count++;
	} while (has_more);
	if (count > JSON_DEPTH_MAX)
		return err_set(
		    err, ERR_USAGE, "a field path of more than %d members", JSON_DEPTH_MAX);
	return 0;
}

static int
append_name(struct json_paths *paths, struct slice path, struct err *err)
{
	size_t count = paths->count + (size_t)1;
	char **names = realloc(paths->names, count * sizeof(*names));
	size_t *lens;
	char *name;

	if (!names)
		return err_no_memory(err);
	paths->names = names;
	lens = realloc(paths->lens, count * sizeof(*lens));
	if (!lens)
		return err_no_memory(err);
	paths->lens = lens;
	name = malloc(path.len + 1);
	if (!name)
		return err_no_memory(err);
	memcpy(name, path.data, path.len);
	name[path.len] = '\0';
	names[paths->count] = name;
	lens[paths->count] = path.len;
	return (int)paths->count++;
}

int
json_paths_add(struct json_paths *paths, struct slice path, struct err *err)
{
	if (path.len && path.data[0] == '.')
		path = slice_skip(path, 1);
	if (check_members(path, err))
		return -1;
	for (unsigned i = 0; i < paths->count; i++)
		if (slice_equal(json_paths_name(paths, i), path))
			return (int)i;
	if (paths->count == JSON_PATHS_MAX)
		return err_set(err, ERR_USAGE, "more than %d field paths", JSON_PATHS_MAX);
	return append_name(paths, path, err);
}

unsigned
json_paths_count(const struct json_paths *paths)
{
	return paths->count;
}

struct slice
json_paths_name(const struct json_paths *paths, unsigned index)
{
	return slice_make(paths->names[index], paths->lens[index]);
}
