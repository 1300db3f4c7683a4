/* SPDX-License-Identifier: MIT */
/* Files and standard input as objects. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "source/object_reader.h"

struct object_file {
	struct object_bytes base;
	int fd;
	struct lines_input input;
};

static int
file_read(struct object_bytes *bytes, char *data, size_t len, int64_t deadline_mono_ms,
    size_t *ret_len, bool *ret_again, struct err *err)
{
	struct object_file *file = (struct object_file *)bytes;

	return file->input.read(file->input.context, data, len, deadline_mono_ms, ret_len, ret_again,
	    err);
}

static int
file_seek(struct object_bytes *bytes, int64_t byte, struct err *err)
{
	struct object_file *file = (struct object_file *)bytes;
	struct stat st;

	if (fstat(file->fd, &st))
		return err_errno(err, ERR_IO, errno, "fstat");
	if (st.st_size < byte)
		return err_set(err, ERR_DATA, "has %lld bytes, reading was to go on at byte %lld",
		    (long long)st.st_size, (long long)byte);
	if (lseek(file->fd, byte, SEEK_SET) < 0)
		return err_errno(err, ERR_IO, errno, "lseek");
	return 0;
}

static void
file_free(struct object_bytes *bytes)
{
	struct object_file *file = (struct object_file *)bytes;

	if (file->fd > STDIN_FILENO)
		(void)close(file->fd); /* was only read */
	free(file);
}

static const struct object_bytes_ops file_ops = {
	.read = file_read,
	.seek = file_seek,
	.free = file_free,
};

static const struct object_bytes_ops pipe_ops = {
	.read = file_read,
	.free = file_free,
};

static int
open_fd(const char *name, int *ret_fd, struct err *err)
{
	int fd;

	if (strcmp(name, "-") == 0) {
		*ret_fd = STDIN_FILENO;
		return 0;
	}
	do /* a FIFO waits for its writer */
		fd = open(name, O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR && !stop_requested());
	if (fd < 0 && errno == EINTR)
		return err_set(err, ERR_STOPPED, "%s: stopped while waiting for its writer", name);
	if (fd < 0)
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_NO_INPUT, errno, "%s", name);
	*ret_fd = fd;
	return 0;
}

struct object_bytes *
object_file_open(const char *path, struct err *err)
{
	struct object_file *file = calloc(1, sizeof(*file));
	struct stat st;

	if (!file) {
		err_no_memory(err);
		return NULL;
	}
	if (open_fd(path, &file->fd, err)) {
		free(file);
		return NULL;
	}
	file->base.ops = &pipe_ops;
	if (!fstat(file->fd, &st) && S_ISREG(st.st_mode)) {
		/* standard input may have been read from already by another */
		if (file->fd != STDIN_FILENO)
			file->base.ops = &file_ops;
		(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
	}
	file->input = lines_input_fd(&file->fd);
	return &file->base;
}
