/* SPDX-License-Identifier: MIT */
/*
 * Makes objects in the target out of what was collected. Lines are collected in a spool on the disk
 * of the target; with a compression it is encoded into a second one when it is published, so that
 * one encoder serves any number of open files and each object is one frame.
 *
 * Publishing is create-only. What the target is, only this file knows.
 */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISHER_H
#define SLUICE_KAFKA_TO_S3_PUBLISHER_H

#include "codec/frames.h"
#include "io/file.h"
#include "kafka-to-s3/naming.h"

enum publish_existing {
	PUBLISH_REFUSE,  /* ERR_CANT_CREATE where an object exists */
	PUBLISH_COMPARE, /* one with the same bytes is already published; another is ERR_CANT_CREATE
	                  */
	PUBLISH_REPLACE,
};

struct publisher_options {
	const char *directory; /* made where it is not there */
	enum compression compression;
	enum publish_existing existing;
};

struct publisher;

struct publisher *publisher_new(const struct publisher_options *, struct err *);
void publisher_free(struct publisher *);

/* Where the lines for an object in `path` are collected; the caller's until it is published. */
struct spool *publisher_begin(struct publisher *, const char *path, struct err *);

/* ERR_CANT_CREATE where publishing path/name is going to be refused. */
int publisher_check(struct publisher *, const char *path, const char *name, struct err *);

enum { PUBLISH_BATCH_MAX = 256 };

/* One object to be made. */
struct publication {
	const char *path;
	char name[OBJECT_NAME_BYTES];
	struct spool *spool; /* whole; replaced by the encoded one */
	/* set by publisher_publish: */
	int64_t object_bytes;
	bool was_there; /* published by an earlier run (PUBLISH_COMPARE) */
};

/*
 * Publishes them all, durably. A batch shares the waiting for the disk: the content of all, then
 * the names, then the directories. After an error some may have appeared, each of them whole.
 */
int publisher_publish(struct publisher *, struct publication *, size_t count, struct err *);

#endif
