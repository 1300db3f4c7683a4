/* SPDX-License-Identifier: MIT */
/*
 * Reading S3: listing and getting, on a session's loop. Virtual-host style on AWS's own endpoints
 * where the bucket's name allows it (no dots, because of TLS certificates), path style on any other
 * endpoint. A bucket in another region is found by the reply (x-amz-bucket-region, 301 and 400
 * AuthorizationHeaderMalformed) and asked there.
 *
 * Errors: ERR_DENIED for 401, 403 (with the service's code and words), ERR_NO_INPUT for no such
 * bucket or key, ERR_DATA where an object changed while it was read, ERR_UNAVAILABLE after the
 * retries.
 */
#ifndef SLUICE_AWS_S3_H
#define SLUICE_AWS_S3_H

#include "aws/session.h"

struct s3_bucket;

struct s3_options {
	bool is_requester_paid; /* x-amz-request-payer: requester */
};

/* Asks nobody yet. The session is borrowed. */
struct s3_bucket *s3_bucket_open(
    struct aws_session *, struct slice bucket, const struct s3_options *, struct err *);
void s3_bucket_free(struct s3_bucket *);

struct s3_object {
	struct slice key;
	struct slice etag; /* with its quotes */
	int64_t size;
	int64_t modified_ms;
	bool is_archived; /* GLACIER, DEEP_ARCHIVE: a GET would be refused */
};

/*
 * All objects whose keys begin with `prefix`, in the order of their keys (UTF-8 bytes), page by
 * page (ListObjectsV2, encoding-type=url), by turning the loop. `found` is called for each, its
 * slices good for the call, and may turn the loop; -1 ends the listing with its err. A stop ends
 * it: ERR_STOPPED. Keys in another order are ERR_UNAVAILABLE.
 */
int s3_list(struct s3_bucket *, struct slice prefix,
    int (*found)(void *context, const struct s3_object *, struct err *), void *context,
    struct err *);

/*
 * One object's bytes, read ahead into a buffer of ahead_bytes by the loop; when it is full the
 * connection waits. A connection that drops is taken up again behind the last byte that came, with
 * If-Match, as long as bytes arrive between drops (8 drops without one are ERR_UNAVAILABLE).
 */
struct s3_get;

struct s3_get_options {
	struct slice key;  /* copied */
	struct slice etag; /* If-Match from the first request on; empty: that of the first reply */
	int64_t begin;     /* first byte wanted */
	int64_t end;       /* behind the last byte wanted; 0: to the end of the object */
	int64_t size;      /* of the object, from the listing; -1: not known */
	size_t ahead_bytes;
};

/* ERR_DATA: begins behind the end. All other errors come from s3_get_read, behind the bytes that
 * came. */
struct s3_get *s3_get_start(struct s3_bucket *, const struct s3_get_options *, struct err *);
void s3_get_free(struct s3_get *);

/*
 * Copies out what is there: *ret_len 0 and *ret_again false is the end of the object, *ret_again
 * true says that nothing has come yet (turn the loop). The signature of lines_input's read but for
 * the waiting. This and the two below may be called beside the thread that turns the loop, by one
 * other.
 */
int s3_get_read(
    struct s3_get *, char *data, size_t bytes, size_t *ret_len, bool *ret_again, struct err *);

/* Bytes at hand. */
size_t s3_get_ready(const struct s3_get *);
/* s3_get_read gives bytes, the end or an error now. */
bool s3_get_is_readable(const struct s3_get *);

/* More room for reading ahead: the object is next in turn now. Nobody reads meanwhile. */
int s3_get_grow(struct s3_get *, size_t ahead_bytes, struct err *);

#endif
