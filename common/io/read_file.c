/* SPDX-License-Identifier: MIT */
#include "io/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static int
read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	char chunk[4096];

	for (;;) {
		ssize_t len = read(fd, chunk, sizeof(chunk));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return err_errno(err, ERR_IO, errno, "%s", path);
		if (len == 0)
			return 0;
		if (memchr(chunk, '\0', (size_t)len))
			return err_set(err, ERR_USAGE, "%s: holds a NUL byte", path);
		if (buf_append(out, slice_make(chunk, (size_t)len), err)) {
			err->class = ERR_USAGE;
			return err_wrap(err, "%s", path);
		}
	}
}

static int
refuse(const char *path, int errno_value, struct err *err)
{
	bool is_denied = errno_value == EACCES || errno_value == EPERM;

	return err_errno(err, is_denied ? ERR_DENIED : ERR_NO_INPUT, errno_value, "%s", path);
}

int
read_file_check(const char *path, struct err *err)
{
	struct stat status;

	if (access(path, R_OK) || stat(path, &status))
		return refuse(path, errno, err);
	return S_ISDIR(status.st_mode) ? err_errno(err, ERR_IO, EISDIR, "%s", path) : 0;
}

char *
read_file(const char *path, size_t bytes_max, struct err *err)
{
	struct buf text = BUF_INIT(bytes_max);
	char *taken = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		refuse(path, errno, err);
		return NULL;
	}
	if (!read_all(fd, path, &text, err)) {
		taken = buf_take(&text);
		if (!taken)
			err_no_memory(err);
	}
	buf_release(&text);
	(void)close(fd); /* nothing was written */
	return taken;
}
