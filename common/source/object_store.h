/* SPDX-License-Identifier: MIT */
/* S3 as a place of objects: the session, the buckets and what "s3://bucket/prefix" stands for. */
#ifndef SLUICE_SOURCE_OBJECT_STORE_H
#define SLUICE_SOURCE_OBJECT_STORE_H

#include "aws/s3.h"
#include "source/object_list.h"

struct object_store_options {
	const struct aws_options *aws; /* borrowed */
	struct s3_options s3;
};

struct object_store;

/* "s3://..." */
bool object_store_has(const char *path);

/* Reads settings and gets the first credentials: see aws_session_open, aws_session_wait_credentials. */
struct object_store *object_store_open(const struct object_store_options *, struct err *);
/* NULL is fine. */
void object_store_free(struct object_store *);

struct loop *object_store_loop(struct object_store *);
struct s3_bucket *object_store_bucket(struct object_store *, uint32_t bucket);

/*
 * Appends what an address stands for, in the order of the keys: the object of exactly this key; else, as
 * in ListObjectsV2, all whose keys begin with it; with *, ? or [ in it, the keys that match it as
 * glob(7) would, and what is below those. Left out are keys that end with '/', and, of what is below, hidden ones
 * (path_is_hidden) and what the filter does not want. ERR_NO_INPUT where that is nothing.
 */
int object_store_list(struct object_store *, const char *address, const struct path_filter *,
    struct object_list *, struct err *);

#endif
