/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fts.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char *
scratch_new(void)
{
	const char *top = getenv("TMPDIR");
	char *root;

	assert_true(asprintf(&root, "%s/sluice-test.XXXXXX", top && *top ? top : "/tmp") > 0);
	assert_non_null(mkdtemp(root));
	return root;
}

static FTS *
walk(const char *root)
{
	char *copy = strdup(root);
	char *paths[] = { copy, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	free(copy);
	assert_non_null(tree);
	return tree;
}

void
scratch_remove(char *root)
{
	FTS *tree = walk(root);
	FTSENT *entry;

	while ((entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D)
			(void)chmod(entry->fts_accpath, 0700);
		else
			(void)remove(entry->fts_accpath);
	}
	fts_close(tree);
	free(root);
}

char *
scratch_path(const char *root, const char *relative)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", root, relative) > 0);
	return path;
}

bool
scratch_has(const char *root, const char *relative)
{
	char *path = scratch_path(root, relative);
	bool has = access(path, F_OK) == 0;

	free(path);
	return has;
}

char *
scratch_read(const char *root, const char *relative, size_t *ret_len)
{
	char *path = scratch_path(root, relative), *bytes;
	FILE *file = fopen(path, "r");
	struct stat status;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	bytes = malloc((size_t)status.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)status.st_size, file), status.st_size);
	bytes[status.st_size] = '\0';
	*ret_len = (size_t)status.st_size;
	fclose(file);
	free(path);
	return bytes;
}

void
scratch_write(const char *root, const char *relative, const char *text)
{
	char *path = scratch_path(root, relative);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(path);
}

bool
scratch_holds(const char *root, const char *relative, const char *text)
{
	size_t len;
	char *bytes;
	bool is_same;

	if (!scratch_has(root, relative))
		return false;
	bytes = scratch_read(root, relative, &len);
	is_same = len == strlen(text) && memcmp(bytes, text, len) == 0;
	free(bytes);
	return is_same;
}

unsigned
scratch_count_files(const char *root)
{
	FTS *tree = walk(root);
	unsigned count = 0;
	FTSENT *entry;

	while ((entry = fts_read(tree)))
		count += entry->fts_info == FTS_F;
	fts_close(tree);
	return count;
}
