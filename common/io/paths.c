/* SPDX-License-Identifier: MIT */
#include "io/paths.h"

#include <errno.h>
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

/* Hidden files, markers (_SUCCESS, _sluice) and README.md are no data. */
static bool
is_left_out(const FTSENT *entry)
{
	return entry->fts_level > 0 && (entry->fts_name[0] == '.' || entry->fts_name[0] == '_' ||
	    strcmp(entry->fts_name, "README.md") == 0);
}

static int
visit(struct path_list *list, FTS *tree, FTSENT *entry, struct err *err)
{
	if (is_left_out(entry)) {
		(void)fts_set(tree, entry, FTS_SKIP); /* cannot fail for FTS_SKIP */
		return 0;
	}
	switch (entry->fts_info) {
	case FTS_F:
		return append(list, entry->fts_path, err);
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
append_directory(struct path_list *list, const char *path, struct err *err)
{
	char *const roots[] = { strdup(path), NULL };
	size_t before = list->count;
	FTS *tree = roots[0] ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
	FTSENT *entry;
	int rc = tree ? 0 : err_no_memory(err);

	while (!rc && (errno = 0, entry = fts_read(tree)))
		rc = visit(list, tree, entry, err);
	if (!rc && errno)
		rc = err_errno(err, ERR_IO, errno, "%s", path);
	/* by whole paths, as a listing of object storage has them */
	if (!rc && list->count > before)
		qsort(list->names + before, list->count - before, sizeof(*list->names), compare_names);
	if (tree)
		(void)fts_close(tree); /* was only read */
	free(roots[0]);
	if (!rc && list->count == before)
		rc = err_set(err, ERR_NO_INPUT, "%s: no files in this directory", path);
	return rc;
}

static int
append_existing(struct path_list *list, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_NO_INPUT, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return append_directory(list, path, err);
	return append(list, path, err);
}

static int
append_matches(struct path_list *list, const char *pattern, struct err *err)
{
	glob_t matches;
	int rc = 0;

	switch (glob(pattern, GLOB_ERR, NULL, &matches)) {
	case 0:
		for (size_t i = 0; !rc && i < matches.gl_pathc; i++)
			rc = append_existing(list, matches.gl_pathv[i], err);
		globfree(&matches);
		return rc;
	case GLOB_NOMATCH:
		return err_set(err, ERR_NO_INPUT, "%s: no file matches", pattern);
	default:
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_IO, errno, "%s", pattern);
	}
}

int
path_list_expand(struct path_list *list, const char *path, struct err *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return append(list, path, err);
	if (stat(path, &st) && errno == ENOENT && strpbrk(path, "*?["))
		return append_matches(list, path, err);
	return append_existing(list, path, err);
}
