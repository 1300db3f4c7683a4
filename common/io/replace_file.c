/* SPDX-License-Identifier: MIT */
#include "io/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	return fsync(fd);
}

int
replace_file(const char *path, struct slice bytes, struct err *err)
{
	char *temporary;
	int fd, rc;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return err_no_memory(err);
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600, mkstemp(3) */
	if (fd < 0) {
		err_errno(err, ERR_CANT_CREATE, errno, "%s", temporary);
		free(temporary);
		return -1;
	}
	rc = write_all(fd, bytes);
	if (close(fd) || rc) {
		rc = err_errno(err, ERR_IO, errno, "%s", temporary);
	} else if (rename(temporary, path)) {
		rc = err_errno(err, ERR_CANT_CREATE, errno, "%s", path);
	}
	if (rc)
		(void)unlink(temporary); /* best effort: the error is told already */
	free(temporary);
	return rc;
}
