/* SPDX-License-Identifier: MIT */
/*
 * S3 as the lake's target: the session and the bucket, on a loop that a thread of its own turns, so that what is
 * uploaded moves on whatever its owner does.
 */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_S3_TARGET_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_S3_TARGET_H

#include <pthread.h>

#include "io/loop.h"
#include "kafka-to-s3/publish/s3_options.h"

/* "Object key naming guidelines" (Amazon S3 User Guide), and a NUL. */
enum { S3_KEY_BYTES = 1024 + 1 };

struct loop_thread;

struct s3_target {
	const struct s3_target_options *options; /* borrowed */
	const char *address;                     /* borrowed */
	struct slice prefix;                     /* of it */
	struct loop *loop;
	struct aws_session *session;
	struct s3_bucket *bucket;
	struct loop_thread *thread; /* NULL: the loop is the owner's */
	bool has_lock;

	/* What both threads look at is under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool has_news; /* something has ended since s3_target_clear_news */
	struct upload *uploads;
	unsigned busy; /* of them, those that have not ended */
};

/* Gets the first credentials. Says early where the bucket is not there: ERR_CANT_CREATE. */
struct s3_target *s3_target_open(
    const char *address, const struct s3_target_options *, struct err *);

/* Uploads are given up before; what cannot be within a few seconds is left. NULL is fine. */
void s3_target_free(struct s3_target *);

/* PREFIX/PATH/NAME. ERR_DATA where that is no key. */
int s3_target_key(const struct s3_target *, const char *path, const char *name,
    char ret[static S3_KEY_BYTES], struct err *);

/* Of a path between PREFIX and names of so many bytes, at most OBJECT_NAME_BYTES - 1. */
size_t s3_target_path_bytes_max(const struct slice *prefix, size_t name_bytes);

/* The thread turns the loop from here on. */
int s3_target_run(struct s3_target *, struct err *);
/* It ends: the loop is the owner's, for what waits by turning it. */
void s3_target_halt(struct s3_target *);

void s3_target_lock(struct s3_target *);
void s3_target_unlock(struct s3_target *);

/* With the lock. */
void s3_target_tell_news(struct s3_target *);

void s3_target_clear_news(struct s3_target *);
bool s3_target_has_news(struct s3_target *);
/* Until there are some. */
void s3_target_wait_news(struct s3_target *, int64_t deadline_mono_ms);

#endif
