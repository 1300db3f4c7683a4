/* SPDX-License-Identifier: MIT */
/* Names of input files: what a command line's paths, directories and patterns stand for. */
#ifndef SLUICE_IO_PATHS_H
#define SLUICE_IO_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What is taken of the files below a directory, or of the keys below a prefix; NULL: by default. */
struct path_filter {
	const char *match; /* pattern of fnmatch(3), see path_matches; NULL: all */
	bool takes_hidden;
};

/*
 * A component that begins with '.' or '_' (markers: _SUCCESS, _sluice), or README.md at the end.
 * `relative` is the path below what was named.
 */
bool path_is_hidden(const char *relative);

/* The last component of `relative` matches, or, where the pattern has a '/', all of it; '*' and '?'
 * match a '/' too, as in the filters of the aws command line (aws s3 cp help, "Use of Exclude and Include Filters"). */
bool path_matches(const char *pattern, const char *relative);

/* Hidden and --match together. */
bool path_is_wanted(const struct path_filter *, const char *relative);

struct path_list {
	char **names; /* owned */
	size_t count;
	size_t capacity;
};

void path_list_release(struct path_list *);

/*
 * Appends what `path` stands for: "-" and files as they are; of a directory all files below it in
 * the order of their paths (bytes) that the filter wants; a pattern of glob(7) that is no file, its
 * matches in order, each of them likewise. ERR_NO_INPUT where that is nothing.
 */
int path_list_expand(struct path_list *, const char *path, const struct path_filter *,
    struct err *);

#endif
