/* SPDX-License-Identifier: MIT */
#include "io/paths.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
path_list_release(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct path_list){ .names = NULL };
}

static int
append(struct path_list *list, const char *name, struct err *err)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		char **names = reallocarray(list->names, capacity, sizeof(*names));

		if (!names)
			return err_no_memory(err);
		list->names = names;
		list->capacity = capacity;
	}
	list->names[list->count] = strdup(name);
	if (!list->names[list->count])
		return err_no_memory(err);
	list->count++;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
path_is_hidden(const char *relative)
{
	for (const char *at = relative; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (*at == '.' || *at == '_')
			return true;
	}
	return strcmp(last_component(relative), "README.md") == 0;
}

bool
path_matches(const char *pattern, const char *relative)
{
	return fnmatch(pattern, strchr(pattern, '/') ? relative : last_component(relative), 0) == 0;
}

bool
path_is_wanted(const struct path_filter *filter, const char *relative)
{
	if (!(filter && filter->takes_hidden) && path_is_hidden(relative))
		return false;
	return !(filter && filter->match) || path_matches(filter->match, relative);
}

/* A directory named on the command line, and what is wanted of it. */
struct directory {
	const char *path;
	const struct path_filter *filter;
};

static const char *
below(const struct directory *directory, const char *path)
{
	path += strlen(directory->path);
	return path + (*path == '/');
}

static int
visit(struct path_list *list, const struct directory *directory, FTS *tree, FTSENT *entry,
    struct err *err)
{
	const char *relative = entry->fts_level > 0 ? below(directory, entry->fts_path) : "";
	bool takes_hidden = directory->filter && directory->filter->takes_hidden;

	/* also folders, so that they are not even looked into */
	if (entry->fts_level > 0 && !takes_hidden && path_is_hidden(relative)) {
		(void)fts_set(tree, entry, FTS_SKIP); /* cannot fail for FTS_SKIP */
		return 0;
	}
	switch (entry->fts_info) {
	case FTS_F:
		return path_is_wanted(directory->filter, relative)
		    ? append(list, entry->fts_path, err)
		    : 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_SLNONE:
		return err_errno(err, entry->fts_errno == EACCES ? ERR_DENIED : ERR_NO_INPUT,
		    entry->fts_errno ? entry->fts_errno : ENOENT, "%s", entry->fts_path);
	case FTS_DEFAULT:
		return err_set(err, ERR_NO_INPUT, "%s: is no regular file", entry->fts_path);
	default:
		return 0;
	}
}

static int
append_directory(struct path_list *list, const char *path, const struct path_filter *filter,
    struct err *err)
{
	struct directory directory = { .path = path, .filter = filter };
	char *const roots[] = { strdup(path), NULL };
	size_t before = list->count;
	FTS *tree = roots[0] ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
	FTSENT *entry;
	int rc = tree ? 0 : err_no_memory(err);

	while (!rc && (errno = 0, entry = fts_read(tree)))
		rc = visit(list, &directory, tree, entry, err);
	if (!rc && errno)
		rc = err_errno(err, ERR_IO, errno, "%s", path);
	/* by whole paths, as a listing of object storage has them */
	if (!rc && list->count > before)
		qsort(list->names + before, list->count - before, sizeof(*list->names), compare_names);
	if (tree)
		(void)fts_close(tree); /* was only read */
	free(roots[0]);
	return rc;
}

static int
append_existing(struct path_list *list, const char *path, const struct path_filter *filter,
    struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_NO_INPUT, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return append_directory(list, path, filter, err);
	return append(list, path, err);
}

static int
append_matches(struct path_list *list, const char *pattern, const struct path_filter *filter,
    struct err *err)
{
	glob_t matches;
	int rc = 0;

	switch (glob(pattern, GLOB_ERR, NULL, &matches)) {
	case 0:
		for (size_t i = 0; !rc && i < matches.gl_pathc; i++)
			rc = append_existing(list, matches.gl_pathv[i], filter, err);
		globfree(&matches);
		return rc;
	case GLOB_NOMATCH:
		return err_set(err, ERR_NO_INPUT, "%s: no file matches", pattern);
	default:
		/* a directory before the pattern is not there: nothing matches either */
		if (errno == ENOENT || errno == ENOTDIR)
			return err_errno(err, ERR_NO_INPUT, errno, "%s", pattern);
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_IO, errno, "%s", pattern);
	}
}

int
path_list_expand(struct path_list *list, const char *path, const struct path_filter *filter,
    struct err *err)
{
	size_t before = list->count;
	struct stat st;
	int rc;

	if (strcmp(path, "-") == 0)
		return append(list, path, err);
	if (stat(path, &st) && errno == ENOENT && strpbrk(path, "*?["))
		rc = append_matches(list, path, filter, err);
	else
		rc = append_existing(list, path, filter, err);
	if (rc || list->count > before)
		return rc;
	if (filter && filter->match)
		return err_set(err, ERR_NO_INPUT, "%s: no file there matches %s", path, filter->match);
	return err_set(err, ERR_NO_INPUT, "%s: no files in this directory", path);
}
