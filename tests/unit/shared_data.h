/* SPDX-License-Identifier: MIT */
/* Real files that are not part of the project: ../shared/data beside the source tree, or the folder
 * data in what SLUICE_SHARED names. Tests that want one skip, and say so, where it is absent. */
#ifndef SLUICE_TESTS_SHARED_DATA_H
#define SLUICE_TESTS_SHARED_DATA_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

enum { SHARED_FILE_BYTES_MAX = 1 << 26 };

static FILE *
shared_open(const char *name)
{
	const char *shared = getenv("SLUICE_SHARED");
	const char *source = getenv("srcdir"); /* automake sets it */
	char path[PATH_MAX];

	if (shared)
		(void)snprintf(path, sizeof(path), "%s/data/%s", shared, name);
	else
		(void)snprintf(
		    path, sizeof(path), "%s/../shared/data/%s", source ? source : ".", name);
	return fopen(path, "rb");
}

/* Skips the running test where the file is not there; to be called before anything is allocated,
 * for skip() does not return. */
static void
shared_require(const char *name)
{
	FILE *file = shared_open(name);

	if (!file) {
		print_message("skipped: shared file %s is not there\n", name);
		skip();
	} else {
		assert_int_equal(fclose(file), 0);
	}
}

/* Appends the file, which is there, to out. */
static void
shared_read(const char *name, struct buf *out)
{
	FILE *file = shared_open(name);
	struct err err = ERR_INIT;
	char chunk[65536];
	size_t n;

	assert_non_null(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		assert_int_equal(buf_append(out, slice_make(chunk, n), &err), 0);
	assert_int_equal(fclose(file), 0);
}

#endif
