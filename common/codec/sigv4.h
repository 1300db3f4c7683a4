/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request"; Amazon S3 API
 * Reference, "Authenticating Requests (AWS Signature Version 4)"). Pure: times and keys are
 * arguments.
 *
 * Errors: ERR_FAULT, where memory ran out or libcrypto failed.
 */
#ifndef SLUICE_CODEC_SIGV4_H
#define SLUICE_CODEC_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { SIGV4_HASH_BYTES = 65 }; /* 64 hexadecimal digits and a NUL */

/* The payload hash of a request whose body is not signed (S3 over TLS). */
#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

/* The payload hash of no body at all. */
#define SIGV4_EMPTY_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sigv4_header {
	struct slice name;
	struct slice value;
};

struct sigv4_keys {
	struct slice access_key;
	struct slice secret_key;
	struct slice session_token; /* empty: none */
};

struct sigv4_request {
	struct slice method;
	struct slice host;  /* as the Host header has it */
	struct slice path;  /* as in the URL; empty means "/" */
	struct slice query; /* as in the URL, without the '?'; order does not matter */
	/* All are signed but those that proxies and HTTP libraries change on the way (User-Agent,
	 * Connection, Expect, ...). Host is not among them. */
	const struct sigv4_header *headers;
	size_t header_count;
	struct slice payload_hash; /* hexadecimal, or SIGV4_UNSIGNED_PAYLOAD */
	const char *service;       /* the signing name: "s3" */
	const char *region;
	int64_t wall_ms;
	/* The path is signed as it stands (S3: keys may hold "//" and ".."); otherwise it is
	 * normalised as RFC 3986 section 6 says and encoded once more. */
	bool is_path_plain;
	/* The path is encoded once more, but not normalised. */
	bool is_path_unnormalised;
	bool has_payload_header; /* sends X-Amz-Content-Sha256, as S3 wants it */
};

/* SHA-256 in hexadecimal. */
int sigv4_hash(struct slice bytes, char ret[static SIGV4_HASH_BYTES], struct err *);

/*
 * Appends the header lines "X-Amz-Date: ...", "X-Amz-Security-Token: ..." (where there is a token),
 * "X-Amz-Content-Sha256: ..." (where it is asked for) and "Authorization: ...", each ended by a
 * line feed.
 */
int sigv4_sign(
    const struct sigv4_request *, const struct sigv4_keys *, struct buf *ret_lines, struct err *);

/*
 * The presigned form: appends the whole query, that of the request and the X-Amz- parameters in
 * canonical order, then X-Amz-Signature. expires_s: how long it will be good.
 */
int sigv4_presign(const struct sigv4_request *, const struct sigv4_keys *, int64_t expires_s,
    struct buf *ret_query, struct err *);

/* Appends text with all but unreserved characters (RFC 3986, 2.3) percent-encoded; keep_slash
 * leaves
 * '/' too. */
int sigv4_append_encoded(struct buf *, struct slice text, bool keep_slash, struct err *);

#endif
