/* SPDX-License-Identifier: MIT */
/* Objects put into a server that verifies what it gets and has faults on order
 * (tests/aws/s3_store.py). */
#ifndef SLUICE_TESTS_UNIT_S3_PUT_KIT_H
#define SLUICE_TESTS_UNIT_S3_PUT_KIT_H

#include "aws/s3_put.h"
#include "fake_server.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

#define TWICE(line) line "\n" line "\n"
#define THRICE(line) line "\n" TWICE(line)
#define FOUR_TIMES(line) TWICE(line) TWICE(line)

enum {
	PART = S3_PART_BYTES_MIN,
	IN_PARTS = PART + 1000,
};

struct world {
	struct fake_server server;
	struct loop *loop;
	struct aws_session *session;
	char endpoint[64];
	struct buf store; /* what the server has, as it tells */
	unsigned buckets;
	char bucket_name[32];
	struct s3_bucket *bucket; /* of the test */
	struct err err;
};

/* Of a cmocka group. */
int start_world(void **state);
int end_world(void **state);

void open_bucket(struct world *, const char *name);
/* An empty one, for a case. */
void new_bucket(struct world *);

/* What the next requests have: lines of s3_store.py. */
void order_faults(struct world *, const char *lines);

/* What the server has of the bucket, into w->store; how many of its lines begin so. */
void ask_store(struct world *);
int count_lines(const struct world *, const char *begin);
/* Our first bytes are there. */
bool has_object(struct world *, const char *key, int64_t bytes);

struct put {
	struct world *w;
	struct s3_put *put;
	int64_t bytes, fed, fails_at;
	size_t memory; /* at most */
	bool is_written, is_done;
	struct err err;
	struct s3_put_result result;
	char etag[64];
};

/* bytes, is_written and fails_at are set; options need no key. */
void start_put(struct world *, struct put *, const char *key, const struct s3_put_options *);
/* A piece; false where it did not take any. */
bool feed(struct put *);
/* The rest, and its end. */
void feed_all(struct put *);
/* Until done is told; frees. */
void wait_for(struct put *);

#endif
