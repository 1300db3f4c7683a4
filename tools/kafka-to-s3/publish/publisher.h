/* SPDX-License-Identifier: MIT */
/*
 * Makes objects in the target out of what was collected. Rows are collected in a spool on a disk;
 * where the format says so it is encoded into a second one when it is published, so that one encoder
 * serves any number of open files.
 *
 * Publishing is create-only. The target is a directory, or S3 where it begins with "s3://"; which of them, only the
 * publisher's files know.
 */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_PUBLISHER_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_PUBLISHER_H

#include "kafka-to-s3/bundle.h"
#include "kafka-to-s3/format/format.h"
#include "kafka-to-s3/publish/s3_options.h"

enum publish_existing {
	PUBLISH_REFUSE,  /* ERR_CANT_CREATE where an object exists */
	PUBLISH_COMPARE, /* one with the same bytes is already published; another: ERR_CANT_CREATE */
	PUBLISH_REPLACE,
};

/* What is known of the epoch whose objects are published. */
enum publish_epoch {
	PUBLISH_FIRST,
	/* An earlier owner of the partition may have made some of them, of these very bytes. PUBLISH_COMPARE and
	 * PUBLISH_REPLACE as ever. */
	PUBLISH_AGAIN,
	/* As above, but records have expired since: what exists is left alone, whatever it holds. */
	PUBLISH_MISSING,
};

struct publisher_options {
	const char *target; /* borrowed; a directory is made where it is not there */
	struct format *format; /* borrowed */
	enum publish_existing existing;
	const struct s3_target_options *s3; /* borrowed; not looked at for directories */
};

struct publisher;

/* "s3://..." */
bool publisher_is_s3(const char *target);

struct publisher *publisher_new(const struct publisher_options *, struct err *);

/* What is under way is given up, so that it leaves nothing behind. */
void publisher_free(struct publisher *);

/* As it was given. */
const char *publisher_target(const struct publisher *);

/* Of a path, so that it can have all files whose names have so many bytes at most, whatever their roll. */
size_t publisher_path_bytes_max(const struct publisher *, size_t name_bytes);

/* Where the rows for an object in `path` are collected; the caller's until it is published. */
struct spool *publisher_begin(struct publisher *, const char *path, struct err *);

/* ERR_CANT_CREATE where publishing path/name is going to be refused and that is known already; ERR_DATA where
 * the target can have no such name. */
int publisher_check(struct publisher *, const char *path, const char *name, struct err *);

/* ---- what takes several turns ---- */

/* Before the steps of a turn. */
void publisher_begin_turn(struct publisher *);

/*
 * Publishes some of the objects, durably, from bundle->published on: as many as take a second or two, or begins
 * with them and returns. 1 where some are left, 0 where none is. After an error some may have appeared, each of
 * them whole; those of one path in their order: no file is there without the ones before it.
 */
int publisher_step(struct publisher *, struct bundle *, enum publish_epoch, struct err *);

/* Before a bundle is released that is not published. */
void publisher_drop(struct publisher *, struct bundle *);

/*
 * A small file beside the data that is replaced: `update` is given what is there (or nothing), and appends what
 * is to be there instead, or nothing where it is to stay. 1: not done yet, call again.
 */
int publisher_update_mark(struct publisher *, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *);

/* An update that was begun is not asked about again: it may happen or not. */
void publisher_drop_mark(struct publisher *, const char *path, const char *name);

/*
 * Empty objects of that name in several paths; those that exist are left alone. ret_made[i] is set where that of
 * paths[i] is there, durably. 1: not all are there yet, call again with what is left. After an error some may have
 * been made.
 */
int publisher_make_empty(struct publisher *, const char *const *paths, size_t count, const char *name,
    bool *ret_made, struct err *);

/* All that was begun since publisher_begin_turn waits for others: there is no use in another turn soon. Cheap. */
bool publisher_is_waiting(const struct publisher *);

/* Waits while that is so, at most until the deadline. */
void publisher_wait(struct publisher *, int64_t deadline_mono_ms);

/* ---- what is done at once ---- */

/* Such a file; *ret_has is false where there is none; `ret` is appended to. An update that was begun is forgotten. */
int publisher_read_mark(struct publisher *, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *);

/* Removes what crashed runs left half done, of the objects below the target for which is_ours says so;
 * where that fails it warns, for nothing depends on it. Not while such objects are published. */
void publisher_clean(struct publisher *,
    bool (*is_ours)(void *context, struct slice path, struct slice name), void *context);

#endif
