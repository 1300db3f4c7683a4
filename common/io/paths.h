/* SPDX-License-Identifier: MIT */
/* Names of input files: what a command line's paths, directories and patterns stand for. */
#ifndef SLUICE_IO_PATHS_H
#define SLUICE_IO_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct path_list {
	char **names; /* owned */
	size_t count;
	size_t capacity;
};

void path_list_release(struct path_list *);

/*
 * Appends what `path` stands for: "-" and files as they are; of a directory all files below it in
 * the order of their paths (bytes), without hidden ones, those that begin with '_' and README.md; a
 * pattern of glob(7) that is no file, its matches in order, each of them likewise. ERR_NO_INPUT where that
 * is nothing.
 */
int path_list_expand(struct path_list *, const char *path, struct err *);

#endif
