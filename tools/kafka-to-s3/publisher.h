/* SPDX-License-Identifier: MIT */
/*
 * Makes objects in the target out of what was collected. Rows are collected in a spool on the disk
 * of the target; where the format says so it is encoded into a second one when it is published, so
 * that one encoder serves any number of open files.
 *
 * Publishing is create-only. What the target is, only this file knows.
 */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISHER_H
#define SLUICE_KAFKA_TO_S3_PUBLISHER_H

#include "kafka-to-s3/bundle.h"
#include "kafka-to-s3/format.h"

enum publish_existing {
	PUBLISH_REFUSE,  /* ERR_CANT_CREATE where an object exists */
	PUBLISH_COMPARE, /* one with the same bytes is already published; another: ERR_CANT_CREATE */
	PUBLISH_REPLACE,
};

struct publisher_options {
	const char *directory; /* made where it is not there */
	struct format *format; /* borrowed */
	enum publish_existing existing;
};

struct publisher;

struct publisher *publisher_new(const struct publisher_options *, struct err *);
void publisher_free(struct publisher *);

/* As it was given. */
const char *publisher_target(const struct publisher *);

/* Where the rows for an object in `path` are collected; the caller's until it is published. */
struct spool *publisher_begin(struct publisher *, const char *path, struct err *);

/* ERR_CANT_CREATE where publishing path/name is going to be refused. */
int publisher_check(struct publisher *, const char *path, const char *name, struct err *);

/*
 * Publishes some of the objects, durably, from bundle->published on: as many as take a second or two. 1 where
 * some are left, 0 where none is. is_rebuilt: what exists was made by an earlier owner of the partition, and is
 * left alone. After an error some may have appeared, each of them whole.
 */
int publisher_step(struct publisher *, struct bundle *, bool is_rebuilt, struct err *);

/* A small file beside the data, that is replaced each time. *ret_has is false where there is none; `ret` is
 * appended to. */
int publisher_read_mark(struct publisher *, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *);
int publisher_write_mark(struct publisher *, const char *path, const char *name, struct slice text,
    struct err *);

enum { PUBLISHER_MARK_BYTES_MAX = 1024 * 1024 };

/* An empty object, durably; one that exists is left alone. */
int publisher_make_empty(struct publisher *, const char *path, const char *name, struct err *);

#endif
