/* SPDX-License-Identifier: MIT */
/*
 * Files that appear only when they are whole. A spool is a file without a name (O_TMPFILE, open(2))
 * in the directory in which it will appear, so that a crash leaves nothing behind; publishing it is
 * fsync, link, fsync of the directory. Where the file system has no O_TMPFILE, or /proc is not
 * mounted, a spool has a hidden name ".sluice-*" instead, held by flock(2): names whose holder has
 * died are removed by the next writer in that directory.
 *
 * Paths in a directory are relative, '/' between names, "" for the directory itself; an empty name,
 * "." and ".." in them are ERR_FAULT: what is made out of records cannot leave the directory.
 * Symbolic links that stand there already are followed, they are the owner's arrangement.
 *
 * Errors: ERR_CANT_CREATE where a name cannot be made, ERR_IO for a write that fails, a full disk
 * included. Both name the file.
 */
#ifndef SLUICE_IO_FILE_H
#define SLUICE_IO_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct directory;

/* Made, with its parents, where it is not there yet. */
struct directory *directory_open(const char *path, struct err *);
void directory_free(struct directory *);

/* The path it was opened with. */
const char *directory_name(const struct directory *);

/* Gives every later spool a hidden name, as on a file system without O_TMPFILE. */
void directory_use_hidden(struct directory *);

/* True where something stands at path/name. ERR_CANT_CREATE where that cannot be found out. */
int directory_has(
    const struct directory *, const char *path, const char *name, bool *ret_has, struct err *);

/* The content of path/name, of at most bytes_max bytes, appended to *ret; *ret_has is false where there is none.
 * ERR_IO where it cannot be read, ERR_DATA where it is longer. */
int directory_read(const struct directory *, const char *path, const char *name, size_t bytes_max,
    bool *ret_has, struct buf *ret, struct err *);

/*
 * Makes the names in `path` durable, and those of the directories on the way to it. `before`: the
 * path of the call before this one; what they have in common is not synced again; NULL: none.
 */
int directory_sync(const struct directory *, const char *path, const char *before, struct err *);

struct spool;

/* A file to be published in `path`, whose directories are made where missing. */
struct spool *spool_open(const struct directory *, const char *path, struct err *);

/* What is never published, in the directory itself: written and read back, and gone with the spool. All of
 * them share a file and its descriptor (io/blocks.h); they are freed before their directory. What has been
 * written may be read by another thread. */
struct spool *spool_open_scratch(struct directory *, struct err *);

/* What was not published is gone. */
void spool_free(struct spool *);

int spool_write(struct spool *, struct slice, struct err *);

/* Bytes written so far. */
int64_t spool_bytes(const struct spool *);

/* Reads byte_count bytes from `offset` on; *ret_len is less at the end of what is written only. */
int spool_read(const struct spool *, int64_t offset, char *bytes, size_t byte_count,
    size_t *ret_len, struct err *);

/* Begins to write the content out. Of many files, begin with all before the first is waited for:
 * a journalling file system then makes them durable together. */
void spool_start_sync(struct spool *);

/* Makes the content durable: fsync(2). */
int spool_sync(struct spool *, struct err *);

enum spool_outcome {
	SPOOL_LINKED,
	SPOOL_EXISTS, /* something else has that name; it is untouched and the spool as before */
	SPOOL_FAILED,
};

/* Gives the file its name; to be durable itself the name needs directory_sync. may_replace: what
 * has that name is replaced in one step. */
enum spool_outcome spool_link(struct spool *, const char *name, bool may_replace, struct err *);

/* spool_sync, spool_link, directory_sync. */
enum spool_outcome spool_publish(struct spool *, const char *name, bool may_replace, struct err *);

/* True where the regular file `name` in the spool's path holds the same bytes. */
int spool_equals(const struct spool *, const char *name, bool *ret_is_equal, struct err *);

/*
 * Raises the soft limit of open descriptors to `wanted` or the hard limit (getrlimit(2)), and says
 * what it is then.
 */
int file_raise_limit(uint64_t wanted, uint64_t *ret_limit, struct err *);

#endif
