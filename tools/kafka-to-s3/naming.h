/* SPDX-License-Identifier: MIT */
/*
 * Names of objects in the lake. A name is unique within its path by the epoch that the object belongs to, so
 * that the same epoch makes the same names, and sorts in the order of the records:
 *
 *   from a topic   trips-00003-00000000000000000991.json.lz4
 *                  (topic, partition, where the epoch begins, as wide as Kafka's own segment files)
 *   from a pipe    part-000000000001.json, part-RUN-000000000001.json (the epoch's first line)
 *   further files of one path and epoch   ..._0001.json, and behind ..._9999.json ..._9999_0000010000.json
 *
 * --name gives a template in place of what stands before the roll and the extension, with nothing in it that
 * differs between records of an epoch:
 *
 *   {@topic}       from a topic
 *   {@partition}   from a topic, where it has to be there
 *   {@offset}      where the epoch begins; has to be there
 *   {@line}        from a pipe, in place of {@offset}: the first line, offset + 1
 *   {@run-id}      from a pipe; has to be there where a run has an id
 *
 * Numbers take a width, {@offset:020d}. Between two of these stands something that is not a digit only, so that a
 * name says which object it is of.
 */
#ifndef SLUICE_KAFKA_TO_S3_NAMING_H
#define SLUICE_KAFKA_TO_S3_NAMING_H

#include "base/err.h"
#include "base/slice.h"

enum {
	OBJECT_NAME_BYTES = 256,     /* NAME_MAX and a NUL: files and keys are named alike */
	OBJECT_PATH_BYTES_MAX = 767, /* with a slash and the name an S3 key: 1,024 bytes at most */
	RUN_ID_BYTES_MAX = 64,
};

struct naming {
	const char *template;  /* NULL: the names above */
	const char *topic;  /* NULL: from a pipe */
	const char *run_id; /* NULL: none; not with a topic */
	const char *extension; /* without its first dot: "json.lz4" */
};

struct object_id {
	int32_t stream;
	int64_t begin; /* of its epoch */
	unsigned roll; /* files of its path in that epoch before it */
};

/* ERR_USAGE where the template or the run id cannot be used, names would be too long, or readers would pass over
 * them. Before any other call. */
int naming_check(const struct naming *, struct err *);

/* Of its names: no roll, partition or epoch has a longer one. */
size_t naming_name_bytes_max(const struct naming *);

/* Names of two topics are never the same. */
bool naming_has_topic(const struct naming *);

/* NUL terminated. */
void naming_format(
    const struct naming *, const struct object_id *, char name[static OBJECT_NAME_BYTES]);

/* True where it is the name of some object of this topic and partition (of this run, from a pipe), whatever its
 * format and compression. */
bool naming_is_of(const struct naming *, struct slice name, int32_t partition);

/* Writes a directory's name one way, in place: "./lake//" is "lake". What is linked where is not looked at, nor
 * what ".." means. */
void naming_normalise_directory(char *path);

/* ERR_DATA where a path that a template gave for a record cannot be one: too long for a file or a
 * key (bytes_max: publisher_path_bytes_max), or (the template takes care of that) leading out of the target. ""
 * is the target itself. */
int naming_check_path(struct slice path, size_t bytes_max, struct err *);

#endif
