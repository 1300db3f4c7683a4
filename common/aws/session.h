/* SPDX-License-Identifier: MIT */
/*
 * What the clients of all AWS services share: settings as the aws command line finds them (options,
 * environment, ~/.aws/config and ~/.aws/credentials, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE),
 * the credentials and their renewal, and the HTTP handle.
 */
#ifndef SLUICE_AWS_SESSION_H
#define SLUICE_AWS_SESSION_H

#include "io/http.h"

enum { AWS_REGIONS_MAX = 16 };

/* --region [SERVICE=]R, --profile, --endpoint-url, --no-sign-request. Texts are borrowed. */
struct aws_options {
	const char *regions[AWS_REGIONS_MAX]; /* as given; the last that fits counts */
	size_t region_count;
	const char *profile;      /* beats AWS_ACCESS_KEY_ID; AWS_PROFILE does not */
	const char *endpoint_url; /* for services, never for credentials */
	bool is_unsigned;
	int64_t stall_ms_max;     /* of the services' replies; 0: http_options' */
};

struct aws_session;

/*
 * Reads settings; asks nobody yet. ERR_USAGE: a profile that does not exist, a bad file
 * (FILE:LINE), a bad URL. The loop is borrowed.
 */
struct aws_session *aws_session_open(const struct aws_options *, struct loop *, struct err *);
/* Wipes secrets. NULL is fine. */
void aws_session_free(struct aws_session *);

struct http *aws_session_http(struct aws_session *);
struct loop *aws_session_loop(struct aws_session *);

/*
 * --region SERVICE=R, --region R, AWS_REGION, AWS_DEFAULT_REGION, the profile's; NULL where nobody
 * says. service is the signing name: s3, dynamodb, es, aoss, lambda, kinesis, kafka-cluster.
 */
const char *aws_session_region(const struct aws_session *, const char *service);

/*
 * --endpoint-url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's `services` section,
 * the profile's endpoint_url; NULL: the service's own. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS counts.
 * service_id as in those variables: "S3", "DYNAMODB", "OPENSEARCH", "LAMBDA". Without a '/' at its
 * end.
 */
const char *aws_session_endpoint(const struct aws_session *, const char *service_id);

bool aws_session_is_unsigned(const struct aws_session *);

/*
 * Gets the first credentials, turning the loop until they are there: ERR_DENIED "no credentials
 * found: tried ..." (naming what was tried), or what the source of them answered. Later renewals go
 * on in a thread of the session's, from 5 minutes before they expire (or half their life), whether
 * or not the loop turns; http_sign_now is called on the loop when new ones are there. Nothing to do
 * for is_unsigned.
 */
int aws_session_wait_credentials(struct aws_session *, struct err *);

/* Credentials as they are now, copied; thread-safe. */
struct aws_credentials {
	char *access_key;
	char *secret_key;
	char *session_token;     /* NULL: none */
	int64_t expires_wall_ms; /* INT64_MAX: never */
};

/* ERR_DENIED where there are none, or they have expired and could not be renewed. */
int aws_session_copy_credentials(struct aws_session *, struct aws_credentials *ret, struct err *);
void aws_credentials_release(struct aws_credentials *); /* wipes */

/* Wall clock as the source of the credentials has it; thread-safe. */
int64_t aws_session_wall_ms(struct aws_session *);

/* How one service's requests are signed; owned by the service's client, at one address while used.
 */
struct aws_signing {
	struct aws_session *session;
	char service[32];
	char region[32];
	bool is_s3; /* the path is signed as it is; x-amz-content-sha256 is sent */
	bool sends_payload_hash; /* x-amz-content-sha256 is sent for another service too */
};

/* A signer that adds Authorization, X-Amz-Date, X-Amz-Security-Token (and X-Amz-Content-Sha256),
 * and renews on `expired`; functions NULL for is_unsigned. */
struct http_signer aws_signer(struct aws_signing *);

#endif
