/* SPDX-License-Identifier: MIT */
/* What the files of aws/s3 share. */
#ifndef SLUICE_AWS_S3_STATE_H
#define SLUICE_AWS_S3_STATE_H

#include "aws/s3.h"
#include "codec/crc64.h"

enum {
	S3_BUCKET_BYTES = 256,
	S3_ABOUT_BYTES = 1400,
	/* Without AWS_MAX_ATTEMPTS. S3 slows requests down while it scales ("Best practices design
	 * patterns: optimizing Amazon S3 performance", Amazon S3 User Guide): 8 are half a minute.
	 */
	S3_ATTEMPTS_USUAL = 8,
};

struct s3_bucket {
	struct aws_session *session;
	char name[S3_BUCKET_BYTES];
	bool is_requester_paid;
	const char *endpoint;       /* the session's; NULL: AWS's own */
	bool is_virtual;            /* the bucket's name is part of the host's */
	struct aws_signing signing; /* .region is where the bucket is, as far as is known */
	struct http_signer signer;
	struct crc64_tables crc64; /* of what is written */
};

/* One thing asked for, by as many requests as it takes to find the bucket. */
struct s3_ask {
	char region[sizeof(((struct aws_signing *)NULL)->region)]; /* that the URL was made for */
	bool is_moved; /* the bucket's region is another: ask again */
	unsigned moves;
};

/* Appends the URL of a key, or of the bucket where it is empty, without query. */
int s3_append_url(
    struct s3_bucket *, struct slice key, struct s3_ask *, struct buf *, struct err *);

/* For http_events.judge. */
enum http_verdict s3_judge(
    struct s3_bucket *, struct s3_ask *, const struct http_reply *, struct err *);

/* "s3://bucket/key", for messages: control characters are '?'. */
void s3_about(const struct s3_bucket *, struct slice key, char ret[static S3_ABOUT_BYTES]);

#endif
