/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "aws/endpoints.h"
#include "aws/s3_state.h"
#include "aws/s3_xml.h"
#include "codec/sigv4.h"

enum {
	/* A bucket is in one region: more moves are a service that errs. */
	MOVES_MAX = 3,
	LABEL_BYTES_MAX = 63,
};

/* "Bucket naming rules" (Amazon S3 User Guide); buckets made before 2018 in us-east-1, and those of
 * other services, may have upper case and '_', and 255 bytes. */
static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!name.data[i] ||
		    !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			name.data[i]))
			return false;
	}
	return name.len >= 3 && name.len < S3_BUCKET_BYTES;
}

/* A label of a host name, which TLS certificates for *.s3... cover. */
static bool
is_label(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.data[i]))
			return false;
	}
	return name.len <= LABEL_BYTES_MAX && name.data[0] != '-' && name.data[name.len - 1] != '-';
}

static bool
ends_with(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.len >= n && slice_is(slice_skip(s, s.len - n), suffix);
}

static int
check_name(struct slice name, struct err *err)
{
	if (!is_name(name))
		return err_set(err, ERR_USAGE, "not the name of a bucket: %.*s", SLICE_ARGS(name));
	/* they have an authentication of their own, CreateSession */
	if (ends_with(name, "--x-s3"))
		return err_set(
		    err, ERR_USAGE, "directory buckets are not supported: %.*s", SLICE_ARGS(name));
	return 0;
}

struct s3_bucket *
s3_bucket_open(struct aws_session *session, struct slice name, const struct s3_options *options,
    struct err *err)
{
	const char *region = aws_session_region(session, "s3");
	struct s3_bucket *bucket;

	if (check_name(name, err))
		return NULL;
	bucket = calloc(1, sizeof(*bucket));
	if (!bucket) {
		err_no_memory(err);
		return NULL;
	}
	/* the SDKs' pseudo region */
	if (!region || !strcmp(region, "aws-global"))
		region = "us-east-1";
	memcpy(bucket->name, name.data, name.len);
	bucket->session = session;
	bucket->is_requester_paid = options && options->is_requester_paid;
	bucket->endpoint = aws_session_endpoint(session, "S3");
	bucket->is_virtual = !bucket->endpoint && is_label(name);
	bucket->signing =
	    (struct aws_signing){ .session = session, .service = "s3", .is_s3 = true };
	(void)snprintf(bucket->signing.region, sizeof(bucket->signing.region), "%s", region);
	bucket->signer = aws_signer(&bucket->signing);
	crc64_tables_init(&bucket->crc64);
	return bucket;
}

void
s3_bucket_free(struct s3_bucket *bucket)
{
	free(bucket);
}

void
s3_about(const struct s3_bucket *bucket, struct slice key, char ret[static S3_ABOUT_BYTES])
{
	(void)snprintf(ret, S3_ABOUT_BYTES, "s3://%s/%.*s", bucket->name, SLICE_ARGS(key));
	for (char *at = ret; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
}

/* "Virtual hosting of buckets" (Amazon S3 User Guide). */
int
s3_append_url(struct s3_bucket *bucket, struct slice key, struct s3_ask *ask, struct buf *url,
    struct err *err)
{
	const char *region = bucket->signing.region;
	int rc;

	memcpy(ask->region, region, sizeof(ask->region));
	if (bucket->endpoint)
		rc = buf_appendf(url, err, "%s/%s", bucket->endpoint, bucket->name);
	else if (bucket->is_virtual)
		rc = buf_appendf(
		    url, err, "https://%s.s3.%s.%s", bucket->name, region, aws_dns_suffix(region));
	else
		rc = buf_appendf(
		    url, err, "https://s3.%s.%s/%s", region, aws_dns_suffix(region), bucket->name);
	if (rc)
		return -1;
	if (!key.len && !bucket->is_virtual)
		return 0;
	return buf_append_char(url, '/', err) || sigv4_append_encoded(url, key, true, err) ? -1 : 0;
}

/* "Error responses" (Amazon S3 API Reference), and what botocore's retries/standard.py takes for
 * throttling; codes that are not here are told by their status. */
static const struct {
	const char *code;
	enum http_verdict verdict;
	enum err_class class;
} codes[] = {
	{ "RequestTimeTooSkewed", HTTP_SKEWED, ERR_DENIED },
	{ "ExpiredToken", HTTP_EXPIRED, ERR_DENIED },
	{ "ExpiredTokenException", HTTP_EXPIRED, ERR_DENIED },
	{ "TokenRefreshRequired", HTTP_EXPIRED, ERR_DENIED },
	{ "SlowDown", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "Throttling", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "ThrottlingException", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "RequestThrottled", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "RequestLimitExceeded", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "BandwidthLimitExceeded", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "TooManyRequests", HTTP_THROTTLED, ERR_UNAVAILABLE },
	{ "RequestTimeout", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "InternalError", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "ServiceUnavailable", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "OperationAborted", HTTP_RETRY, ERR_UNAVAILABLE },
	/* "PutObject", If-None-Match: retry the upload */
	{ "ConditionalRequestConflict", HTTP_RETRY, ERR_UNAVAILABLE },
	/* what came is not what was sent */
	{ "BadDigest", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "IncompleteBody", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "XAmzContentSHA256Mismatch", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "XAmzContentChecksumMismatch", HTTP_RETRY, ERR_UNAVAILABLE },
	{ "NoSuchBucket", HTTP_FINAL, ERR_NO_INPUT },
	{ "NoSuchKey", HTTP_FINAL, ERR_NO_INPUT },
	{ "InvalidBucketName", HTTP_FINAL, ERR_USAGE },
	{ "InvalidToken", HTTP_FINAL, ERR_DENIED },
	{ "AuthorizationHeaderMalformed", HTTP_FINAL, ERR_DENIED },
	{ "PreconditionFailed", HTTP_FINAL, ERR_DATA },
};

static enum err_class
class_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
		return ERR_DENIED;
	case 404:
		return ERR_NO_INPUT;
	case 412:
		return ERR_DATA;
	default:
		return ERR_UNAVAILABLE;
	}
}

static enum http_verdict
verdict_of(const struct s3_error *error, int status, enum err_class *ret_class)
{
	*ret_class = class_of_status(status);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (strcmp(codes[i].code, error->code) != 0)
			continue;
		*ret_class = codes[i].class;
		return codes[i].verdict;
	}
	return HTTP_DEFAULT;
}

/* The region that a reply sends us to: the header, or a word of the body (botocore's
 * S3RegionRedirectorv2 reads both). */
static struct slice
region_told(const struct http_reply *reply, const struct s3_error *error)
{
	struct slice region = http_reply_header(reply, "x-amz-bucket-region");
	bool is_redirect = reply->status == 301 || reply->status == 302 || reply->status == 307;

	if (!region.len)
		region = slice_of(error->region);
	if (!is_redirect && reply->status != 400 && reply->status != 403)
		region.len = 0;
	return aws_region_is_valid(region) ? region : slice_make(NULL, 0);
}

/* Takes the bucket's true region on where that is news to this request. */
static bool
is_moved(struct s3_bucket *bucket, struct s3_ask *ask, struct slice region)
{
	if (!region.len || slice_is(region, ask->region) || ask->moves == MOVES_MAX)
		return false;
	memcpy(bucket->signing.region, region.data, region.len);
	bucket->signing.region[region.len] = '\0';
	ask->is_moved = true;
	ask->moves++;
	return true;
}

/* In S3's words, if it has any. */
static void
say(const struct s3_error *error, int status, enum err_class class, struct err *err)
{
	if (error->code[0] && error->message[0])
		err_set(err, class, "%s: %s", error->code, error->message);
	else if (error->code[0])
		err_set(err, class, "%s", error->code);
	else if (class == ERR_DENIED) /* "HeadObject", Permissions */
		err_set(err, class,
		    "status %d: wrong credentials or no permission (s3:ListBucket too, for what is not "
		    "there)",
		    status);
	else
		err_set(err, class, "status %d", status);
}

enum http_verdict
s3_judge(
    struct s3_bucket *bucket, struct s3_ask *ask, const struct http_reply *reply, struct err *err)
{
	struct s3_error error;
	enum http_verdict verdict;
	enum err_class class;

	s3_error_read(reply->body, &error);
	verdict = verdict_of(&error, reply->status, &class);
	say(&error, reply->status, class, err);
	/* a 403 by a region that does not own the bucket may come before the redirect */
	if (verdict != HTTP_SKEWED && verdict != HTTP_EXPIRED &&
	    is_moved(bucket, ask, region_told(reply, &error)))
		return HTTP_FINAL;
	return verdict;
}
