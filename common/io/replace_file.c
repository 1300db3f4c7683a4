/* SPDX-License-Identifier: MIT */
#include "io/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of 64 bits: two are the same only on purpose. */
enum { NAMES_TRIED_MAX = 16 };

/* Where the name in the path begins. */
static size_t
directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

/*
 * A file that was not there before: no other run's, and nobody's whose name it happens to be. Hidden, and with an
 * ending that who collects such files does not know. mkostemp(3) would know no umask.
 */
static int
open_new(const char *path, mode_t mode, char **ret_name, struct err *err)
{
	int dir_len = (int)directory_len(path), fd = -1;

	for (int i = 0; fd < 0 && i < NAMES_TRIED_MAX; i++) {
		uint64_t random;
		char *name;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return err_errno(err, ERR_FAULT, errno, "getrandom");
		if (asprintf(&name, "%.*s.%s.%016" PRIx64, dir_len, path, path + dir_len, random) < 0)
			return err_no_memory(err);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd >= 0) {
			*ret_name = name;
			break;
		}
		free(name);
		if (errno != EEXIST)
			break;
	}
	return fd < 0 ? err_errno(err, ERR_CANT_CREATE, errno, "%s", path) : fd;
}

static int
fill(int fd, struct slice bytes, enum replace_file_as as)
{
	int rc = write_all(fd, bytes);

	if (!rc && as == REPLACE_FILE_AS_SECRET)
		rc = fsync(fd);
	return close(fd) ? -1 : rc;
}

int
replace_file(const char *path, struct slice bytes, enum replace_file_as as, struct err *err)
{
	char *name = NULL;
	int fd = open_new(path, as == REPLACE_FILE_AS_SECRET ? 0600 : 0666, &name, err);
	int rc = 0;

	if (fd < 0)
		return -1;
	if (fill(fd, bytes, as))
		rc = err_errno(err, ERR_IO, errno, "%s", path);
	else if (rename(name, path))
		rc = err_errno(err, ERR_CANT_CREATE, errno, "%s", path);
	if (rc)
		(void)unlink(name); /* best effort: the error is told already */
	free(name);
	return rc;
}

int
replace_file_check(const char *path, struct err *err)
{
	size_t len = directory_len(path);
	struct stat status;
	char *directory;
	int rc = 0;

	/* what is no regular file, /dev/stderr, would be replaced too */
	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return err_set(err, ERR_CANT_CREATE, "%s: not a regular file", path);
	directory = len ? strndup(path, len) : strdup(".");
	if (!directory)
		return err_no_memory(err);
	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS))
		rc = err_errno(err, ERR_CANT_CREATE, errno, "%s", path);
	free(directory);
	return rc;
}
