/* SPDX-License-Identifier: MIT */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/blocks.h"

#define HIDDEN_PREFIX ".sluice-"

enum {
	HIDDEN_NAME_BYTES = 64,
	HIDDEN_TRIES_MAX = 100,
	PROC_PATH_BYTES = 32,
	COMPARE_BYTES = 16 * 1024,
};

struct directory {
	int fd;
	bool is_hidden_style; /* spools have hidden names */
	struct blocks *scratch; /* of all scratch files; NULL: there was none yet */
	char *name;
};

struct spool {
	const struct directory *directory;
	char *path;
	char *hidden; /* its temporary name in path; NULL: it has none */
	int fd;
	struct blocks *scratch; /* the directory's; NULL: it is a file of its own */
	struct block_list blocks;
	int64_t bytes;
};

/* ---- errors ---- */

/* What is missing is room, not the right to a name. */
static enum err_class
create_class(int errno_value)
{
	switch (errno_value) {
	case ENOSPC:
	case EDQUOT:
	case EIO:
		return ERR_IO;
	default:
		return ERR_CANT_CREATE;
	}
}

static const char *
separator(const char *path)
{
	return *path ? "/" : "";
}

static int
fail_create(
    const struct directory *d, const char *path, const char *name, int errno_value, struct err *err)
{
	return err_errno(err, create_class(errno_value), errno_value, "cannot create %s%s%s%s%s",
	    d->name, separator(path), path, separator(name), name);
}

static int
fail_io(const struct spool *s, const char *verb, int errno_value, struct err *err)
{
	return err_errno(err, ERR_IO, errno_value, "%s: cannot %s a file under way%s%s",
	    s->directory->name, verb, *s->path ? " for " : "", s->path);
}

/* ---- directories ---- */

static int
sync_fd(int fd)
{
	/* EINVAL, EROFS: what cannot be synced there (fsync(2)) needs no sync */
	if (fsync(fd) && errno != EINVAL && errno != EROFS)
		return -1;
	return 0;
}

static int
open_directory(int fd, const char *path)
{
	return openat(fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes one directory and opens it; is_synced: a new one is made durable in its parent, `fd`, which
 * otherwise directory_sync does, once for many. -1 and errno. */
static int
make_directory(int fd, const char *name, bool is_synced)
{
	if (!mkdirat(fd, name, 0777)) {
		if (is_synced && sync_fd(fd))
			return -1;
	} else if (errno != EEXIST) {
		return -1;
	}
	return open_directory(fd, name);
}

/* Opens the directory `path` (not empty) below fd, making what is missing. -1 and errno. */
static int
make_directories(int fd, const char *path, bool is_synced)
{
	char name[NAME_MAX + 1];
	int at = dup(fd), next;

	while (at >= 0 && *path) {
		size_t len = strcspn(path, "/");

		if (len > NAME_MAX) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		if (len) {
			memcpy(name, path, len);
			name[len] = '\0';
			next = make_directory(at, name, is_synced);
			close(at);
			at = next;
		}
		path += len;
		path += strspn(path, "/");
	}
	return at;
}

/* Opens it where it is there, makes it where not. -1 and errno. */
static int
open_or_make(int fd, const char *path, bool is_synced)
{
	int opened = open_directory(fd, path);

	if (opened >= 0 || errno != ENOENT)
		return opened;
	return make_directories(fd, path, is_synced);
}

/* linkat(2) of a file without a name needs /proc, or a capability that few processes have. */
static bool
has_proc(int fd)
{
	char path[PROC_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return access(path, F_OK) == 0;
}

static struct directory *
directory_new(const char *path, struct err *err)
{
	struct directory *d = calloc(1, sizeof(*d));
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (d) {
		d->fd = -1;
		d->name = strndup(path, len);
	}
	if (!d || !d->name) {
		directory_free(d);
		err_no_memory(err);
		return NULL;
	}
	return d;
}

struct directory *
directory_open(const char *path, struct err *err)
{
	struct directory *d = directory_new(path, err);
	int start;

	if (!d)
		return NULL;
	start = open_directory(AT_FDCWD, *path == '/' ? "/" : ".");
	if (start >= 0)
		d->fd = open_or_make(start, path, true);
	if (d->fd >= 0) {
		d->is_hidden_style = !has_proc(d->fd);
	} else {
		(void)fail_create(d, "", "", errno, err);
		directory_free(d);
		d = NULL;
	}
	if (start >= 0)
		close(start);
	return d;
}

void
directory_free(struct directory *d)
{
	if (!d)
		return;
	blocks_free(d->scratch);
	if (d->fd >= 0)
		close(d->fd);
	free(d->name);
	free(d);
}

const char *
directory_name(const struct directory *d)
{
	return d->name;
}

void
directory_use_hidden(struct directory *d)
{
	d->is_hidden_style = true;
}

/* Callers make names out of records; one that leads out of the directory is a bug of theirs. */
static int
check_path(const struct directory *d, const char *path, struct err *err)
{
	const char *at = path;

	while (*path) {
		size_t len = strcspn(at, "/");

		if (!len || (len == 1 && at[0] == '.') || (len == 2 && !memcmp(at, "..", 2)))
			return err_set(
			    err, ERR_FAULT, "%s: not a path inside: \"%s\"", d->name, path);
		at += len;
		if (!*at)
			break;
		at++;
	}
	return 0;
}

/* `name` stands alone, without a '/'. */
static int
check_name(const struct directory *d, const char *name, struct err *err)
{
	if (!*name || strchr(name, '/'))
		return err_set(err, ERR_FAULT, "%s: not a name: \"%s\"", d->name, name);
	return check_path(d, name, err);
}

int
directory_has(
    const struct directory *d, const char *path, const char *name, bool *ret_has, struct err *err)
{
	struct stat unused;
	int fd, missing;

	if (check_path(d, path, err) || check_name(d, name, err))
		return -1;
	fd = open_directory(d->fd, path);
	if (fd < 0 && errno == ENOENT) {
		*ret_has = false;
		return 0;
	}
	if (fd < 0)
		return fail_create(d, path, name, errno, err);
	missing = fstatat(fd, name, &unused, AT_SYMLINK_NOFOLLOW) ? errno : 0;
	close(fd);
	if (missing && missing != ENOENT)
		return fail_create(d, path, name, missing, err);
	*ret_has = !missing;
	return 0;
}

static int
sync_directory(const struct directory *d, const char *path, struct err *err)
{
	int fd = open_directory(d->fd, path), rc = 0;

	if (fd < 0 || sync_fd(fd))
		rc = err_errno(err, ERR_IO, errno, "cannot sync the directory %s%s%s", d->name,
		    separator(path), path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Bytes of `path` up to and without its last '/'; 0 where it has none. */
static size_t
parent_bytes(const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

/* True where `path` cut to len bytes is `other` or a directory on the way to it. */
static bool
leads_to(const char *path, size_t len, const char *other)
{
	return !strncmp(path, other, len) && (!len || !other[len] || other[len] == '/');
}

int
directory_sync(const struct directory *d, const char *path, const char *before, struct err *err)
{
	char *cut;
	size_t len = strlen(path);
	int rc = 0;

	if (check_path(d, path, err))
		return -1;
	cut = strdup(path);
	if (!cut)
		return err_no_memory(err);
	while (!rc && !(before && leads_to(cut, len, before))) {
		cut[len] = '\0';
		rc = sync_directory(d, cut, err);
		if (!len)
			break;
		len = parent_bytes(cut, len);
	}
	free(cut);
	return rc;
}

/* ---- hidden names ---- */

/* A name that nobody holds belongs to a writer that died before it could publish or remove it. */
static void
sweep_name(int directory_fd, const char *name)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		(void)unlinkat(directory_fd, name, 0); /* a leftover harms nobody */
	close(fd);
}

static void
sweep(int directory_fd)
{
	int fd = open_directory(directory_fd, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX)))
			sweep_name(directory_fd, entry->d_name);
	}
	closedir(dir);
}

static void
hidden_name(char name[static HIDDEN_NAME_BYTES], unsigned attempt)
{
	(void)snprintf(name, HIDDEN_NAME_BYTES, HIDDEN_PREFIX "%ld-%llx-%u", (long)getpid(),
	    (unsigned long long)clock_mono_us(), attempt);
}

/* False where a sweeper has it at this moment. A file system that has no locks has no sweepers. */
static bool
lock(int fd)
{
	return !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
}

/* True where the file still has its name: a sweeper may have come before the lock. */
static bool
hold(int fd)
{
	struct stat status;

	return lock(fd) && !fstat(fd, &status) && status.st_nlink > 0;
}

/* -1 and errno */
static int
open_hidden(struct spool *s, int directory_fd)
{
	char name[HIDDEN_NAME_BYTES];
	int fd = -1;

	sweep(directory_fd);
	for (unsigned i = 0; i < HIDDEN_TRIES_MAX; i++) {
		hidden_name(name, i);
		fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			return -1;
		if (fd >= 0 && hold(fd))
			break;
		if (fd >= 0)
			close(fd);
		fd = -1;
		errno = EEXIST;
	}
	if (fd < 0)
		return -1;
	s->hidden = strdup(name);
	if (!s->hidden) {
		(void)unlinkat(directory_fd, name, 0);
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	return fd;
}

static void
remove_hidden(struct spool *s, int directory_fd)
{
	if (!s->hidden)
		return;
	(void)unlinkat(directory_fd, s->hidden, 0); /* if not now, then by a later sweep */
	free(s->hidden);
	s->hidden = NULL;
}

/* ---- spools ---- */

/* Errors of a kernel or a file system that does not know O_TMPFILE (open(2)). */
static bool
lacks_tmpfile(int errno_value)
{
	return errno_value == EOPNOTSUPP || errno_value == EISDIR || errno_value == ENOENT ||
	       errno_value == EINVAL;
}

/* -1 and errno */
static int
open_unnamed(struct spool *s, int directory_fd)
{
	int fd;

	if (s->directory->is_hidden_style)
		return open_hidden(s, directory_fd);
	fd = openat(directory_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (fd >= 0 || !lacks_tmpfile(errno))
		return fd;
	return open_hidden(s, directory_fd);
}

static struct spool *
spool_new(const struct directory *d, const char *path, struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s) {
		s->directory = d;
		s->fd = -1;
		s->path = strdup(path);
	}
	if (!s || !s->path) {
		free(s);
		err_no_memory(err);
		return NULL;
	}
	return s;
}

struct spool *
spool_open(const struct directory *d, const char *path, struct err *err)
{
	struct spool *s;
	int directory_fd;

	if (check_path(d, path, err) || !(s = spool_new(d, path, err)))
		return NULL;
	directory_fd = open_or_make(d->fd, path, false);
	if (directory_fd >= 0)
		s->fd = open_unnamed(s, directory_fd);
	if (s->fd < 0) {
		err_errno(err, create_class(errno), errno, "cannot create a file in %s%s%s",
		    d->name, separator(path), path);
		spool_free(s);
		s = NULL;
	}
	if (directory_fd >= 0)
		close(directory_fd);
	return s;
}

/* The file of all scratch files. */
static int
open_scratch(struct directory *d, struct err *err)
{
	struct spool *s = spool_open(d, "", err);

	if (!s)
		return -1;
	remove_hidden(s, d->fd);
	d->scratch = blocks_new(s->fd);
	s->fd = -1; /* taken */
	spool_free(s);
	return d->scratch ? 0 : err_no_memory(err);
}

struct spool *
spool_open_scratch(struct directory *d, struct err *err)
{
	struct spool *s;

	if (!d->scratch && open_scratch(d, err))
		return NULL;
	s = spool_new(d, "", err);
	if (s)
		s->scratch = d->scratch;
	return s;
}

void
spool_free(struct spool *s)
{
	int directory_fd;

	if (!s)
		return;
	if (s->hidden) {
		directory_fd = open_directory(s->directory->fd, s->path);
		remove_hidden(s, directory_fd);
		if (directory_fd >= 0)
			close(directory_fd);
	}
	if (s->scratch)
		blocks_release(s->scratch, &s->blocks);
	/* nothing to lose: what had to be durable was synced */
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}

int
spool_write(struct spool *s, struct slice bytes, struct err *err)
{
	if (s->scratch) {
		if (blocks_append(s->scratch, &s->blocks, bytes))
			return fail_io(s, "write", errno, err);
		s->bytes = s->blocks.bytes;
		return 0;
	}
	while (bytes.len) {
		ssize_t n = write(s->fd, bytes.data, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_io(s, "write", errno, err);
		s->bytes += n;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

int64_t
spool_bytes(const struct spool *s)
{
	return s->bytes;
}

/* Fills the buffer up to the end of the file. -1 and errno. */
static ssize_t
read_full(int fd, int64_t offset, char *bytes, size_t byte_count)
{
	size_t len = 0;

	while (len < byte_count) {
		ssize_t n =
		    pread(fd, bytes + len, byte_count - len, (off_t)(offset + (int64_t)len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int
spool_read(const struct spool *s, int64_t offset, char *bytes, size_t byte_count, size_t *ret_len,
    struct err *err)
{
	ssize_t len = s->scratch ? blocks_read(s->scratch, &s->blocks, offset, bytes, byte_count)
	                         : read_full(s->fd, offset, bytes, byte_count);

	if (len < 0)
		return fail_io(s, "read back", errno, err);
	*ret_len = (size_t)len;
	return 0;
}

void
spool_start_sync(struct spool *s)
{
	/* a hint: where it is not taken, spool_sync does all of it */
	(void)sync_file_range(s->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int
spool_sync(struct spool *s, struct err *err)
{
	if (sync_fd(s->fd))
		return fail_io(s, "sync", errno, err);
	return 0;
}

/* ---- publishing ---- */

/* -1 and errno */
static int
link_unnamed(const struct spool *s, int directory_fd, const char *name)
{
	char path[PROC_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	return linkat(AT_FDCWD, path, directory_fd, name, AT_SYMLINK_FOLLOW);
}

/* rename with RENAME_NOREPLACE where the file system has it (FAT has no links), else link. */
static int
link_hidden(struct spool *s, int directory_fd, const char *name)
{
	if (renameat2(directory_fd, s->hidden, directory_fd, name, RENAME_NOREPLACE)) {
		if (errno != EINVAL && errno != ENOSYS)
			return -1;
		if (linkat(directory_fd, s->hidden, directory_fd, name, 0))
			return -1;
		(void)unlinkat(directory_fd, s->hidden, 0); /* the data has its true name too */
	}
	free(s->hidden);
	s->hidden = NULL;
	return 0;
}

/* A file without a name needs one before it can take another's place. -1 and errno. */
static int
name_hidden(struct spool *s, int directory_fd)
{
	char name[HIDDEN_NAME_BYTES];

	if (s->hidden)
		return 0;
	sweep(directory_fd);
	(void)lock(s->fd); /* nobody else knows this file yet */
	for (unsigned i = 0; i < HIDDEN_TRIES_MAX; i++) {
		hidden_name(name, i);
		if (!link_unnamed(s, directory_fd, name)) {
			s->hidden = strdup(name);
			if (s->hidden)
				return 0;
			(void)unlinkat(directory_fd, name, 0);
			errno = ENOMEM;
			return -1;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* -1 and errno */
static int
replace(struct spool *s, int directory_fd, const char *name)
{
	if (name_hidden(s, directory_fd) || renameat(directory_fd, s->hidden, directory_fd, name))
		return -1;
	free(s->hidden);
	s->hidden = NULL;
	return 0;
}

static enum spool_outcome
link_in(struct spool *s, int directory_fd, const char *name, bool may_replace, struct err *err)
{
	int failed =
	    s->hidden ? link_hidden(s, directory_fd, name) : link_unnamed(s, directory_fd, name);

	if (!failed)
		return SPOOL_LINKED;
	if (errno == EEXIST && !may_replace)
		return SPOOL_EXISTS;
	if (errno == EEXIST && !replace(s, directory_fd, name))
		return SPOOL_LINKED;
	(void)fail_create(s->directory, s->path, name, errno, err);
	return SPOOL_FAILED;
}

enum spool_outcome
spool_link(struct spool *s, const char *name, bool may_replace, struct err *err)
{
	enum spool_outcome outcome;
	int directory_fd;

	if (check_name(s->directory, name, err))
		return SPOOL_FAILED;
	/* made again where somebody has tidied up an empty directory */
	directory_fd = open_or_make(s->directory->fd, s->path, false);
	if (directory_fd < 0) {
		(void)fail_create(s->directory, s->path, name, errno, err);
		return SPOOL_FAILED;
	}
	outcome = link_in(s, directory_fd, name, may_replace, err);
	close(directory_fd);
	return outcome;
}

enum spool_outcome
spool_publish(struct spool *s, const char *name, bool may_replace, struct err *err)
{
	enum spool_outcome outcome;

	if (spool_sync(s, err))
		return SPOOL_FAILED;
	outcome = spool_link(s, name, may_replace, err);
	if (outcome == SPOOL_LINKED && directory_sync(s->directory, s->path, NULL, err))
		return SPOOL_FAILED;
	return outcome;
}

/* 1 equal, 0 not, -1 and errno */
static int
compare_content(int a, int b, int64_t byte_count)
{
	char left[COMPARE_BYTES], right[COMPARE_BYTES];

	for (int64_t at = 0; at < byte_count;) {
		ssize_t n = read_full(a, at, left, sizeof(left));
		ssize_t m = read_full(b, at, right, sizeof(right));

		if (n < 0 || m < 0)
			return -1;
		if (n == 0 || n != m || memcmp(left, right, (size_t)n) != 0)
			return 0;
		at += n;
	}
	return 1;
}

/* 1 equal, 0 not, -1 and errno */
static int
compare_file(const struct spool *s, int directory_fd, const char *name)
{
	struct stat status;
	int fd, answer, saved;

	fd = openat(directory_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status))
		answer = -1;
	else if (!S_ISREG(status.st_mode) || status.st_size != s->bytes)
		answer = 0;
	else
		answer = compare_content(s->fd, fd, s->bytes);
	saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

static int
read_all(int fd, size_t bytes_max, struct buf *ret, struct err *err)
{
	ssize_t n;

	if (buf_reserve(ret, bytes_max + 1, err))
		return -1;
	n = read_full(fd, 0, ret->data + ret->len, bytes_max + 1);
	if (n < 0)
		return err_errno(err, ERR_IO, errno, "read");
	if ((size_t)n > bytes_max)
		return err_set(err, ERR_DATA, "longer than %zu bytes", bytes_max);
	ret->len += (size_t)n;
	ret->data[ret->len] = '\0';
	return 0;
}

int
directory_read(const struct directory *d, const char *path, const char *name, size_t bytes_max,
    bool *ret_has, struct buf *ret, struct err *err)
{
	int directory_fd, fd = -1, rc = -1;

	if (check_path(d, path, err) || check_name(d, name, err))
		return -1;
	directory_fd = open_directory(d->fd, path);
	if (directory_fd >= 0)
		fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		rc = read_all(fd, bytes_max, ret, err);
	else if (errno == ENOENT)
		rc = 0;
	else
		err_errno(err, ERR_IO, errno, "open");
	if (!rc)
		*ret_has = fd >= 0;
	else
		err_wrap(err, "cannot read %s%s%s/%s", d->name, separator(path), path, name);
	if (fd >= 0)
		close(fd);
	if (directory_fd >= 0)
		close(directory_fd);
	return rc;
}

int
spool_equals(const struct spool *s, const char *name, bool *ret_is_equal, struct err *err)
{
	int directory_fd, answer = -1;

	if (check_name(s->directory, name, err))
		return -1;
	directory_fd = open_directory(s->directory->fd, s->path);
	if (directory_fd >= 0)
		answer = compare_file(s, directory_fd, name);
	if (answer < 0)
		err_errno(err, ERR_IO, errno, "cannot read %s%s%s/%s", s->directory->name,
		    separator(s->path), s->path, name);
	else
		*ret_is_equal = answer == 1;
	if (directory_fd >= 0)
		close(directory_fd);
	return answer < 0 ? -1 : 0;
}

/* ---- limits ---- */

int
file_raise_limit(uint64_t wanted, uint64_t *ret_limit, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_errno(err, ERR_FAULT, errno, "getrlimit");
	if (limit.rlim_cur < wanted) {
		rlim_t soft = limit.rlim_cur;

		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		/* refused by some sandboxes: then it is as it was */
		if (setrlimit(RLIMIT_NOFILE, &limit))
			limit.rlim_cur = soft;
	}
	*ret_limit = limit.rlim_cur;
	return 0;
}
