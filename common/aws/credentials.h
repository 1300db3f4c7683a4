/* SPDX-License-Identifier: MIT */
/*
 * Where credentials come from, in the order of the aws command line (botocore's credentials.py,
 * create_credential_resolver): environment; the profile's role; web identity; SSO; keys in the
 * credentials file; credential_process; keys in the config file; container; instance metadata. A
 * source that is set up but fails ends the search; one that is not set up is passed over.
 *
 * All of it blocks, turning the loop of the given http handle. Refusals are ERR_DENIED, mistakes in
 * settings ERR_USAGE, services that do not answer ERR_UNAVAILABLE. No error names a secret.
 */
#ifndef SLUICE_AWS_CREDENTIALS_H
#define SLUICE_AWS_CREDENTIALS_H

#include <jansson.h>

#include "aws/settings.h"
#include "io/http.h"

/* What a source gave. */
struct credentials_found {
	struct aws_credentials keys;
	/* Instance metadata: when it cannot renew them they are used on past their end, and asked
	 * for again after 5 to 10 minutes ("static stability"; botocore's InstanceMetadataFetcher).
	 */
	bool is_used_when_expired;
};

enum credentials_outcome {
	CREDENTIALS_FOUND,
	CREDENTIALS_ABSENT, /* this source is not set up */
	CREDENTIALS_FAILED,
};

enum { CREDENTIALS_CHAIN_MAX = 8 };

struct credentials_search {
	const struct aws_settings *settings;
	struct http *http;
	const char *visited[CREDENTIALS_CHAIN_MAX]; /* profiles whose roles are being assumed */
	size_t visited_count;
	struct buf tried; /* what was passed over, for the message */
};

/* ERR_DENIED "no credentials found: tried ..." where no source is set up. */
int credentials_find(
    const struct aws_settings *, struct http *, struct credentials_found *ret, struct err *);

/* ---- the sources, one file each; profile: whose settings are meant ---- */

enum credentials_outcome credentials_from_process(
    struct credentials_search *, const char *profile, struct credentials_found *ret, struct err *);
enum credentials_outcome credentials_from_sso(
    struct credentials_search *, const char *profile, struct credentials_found *ret, struct err *);
enum credentials_outcome credentials_from_container(
    struct credentials_search *, struct credentials_found *ret, struct err *);
enum credentials_outcome credentials_from_instance(
    struct credentials_search *, struct credentials_found *ret, struct err *);
/* uses_environment: AWS_WEB_IDENTITY_TOKEN_FILE and its friends come before the profile. */
enum credentials_outcome credentials_from_web_identity(struct credentials_search *,
    const char *profile, bool uses_environment, struct credentials_found *ret, struct err *);

/* AssumeRole as the profile says, asked by `source`. */
int credentials_assume_role(struct credentials_search *, const char *profile,
    const struct aws_credentials *source, struct credentials_found *ret, struct err *);

/* The URL of the container's endpoint; absent where neither variable is set. ERR_USAGE: over http
 * only this machine and the addresses of ECS and EKS may be asked. */
enum credentials_outcome credentials_container_url(struct buf *ret, struct err *);

/* argv of a command line, split as Python's shlex.split does it, which the aws command line uses:
 * no shell. NULL with ERR_USAGE for an open quote, and for nothing. credentials_words_free frees
 * it. */
char **credentials_words(const char *command, struct err *);
void credentials_words_free(char **words);

/* ---- what they share ---- */

/* Copies. ERR_DENIED where a key is empty or has characters that cannot be sent. */
int aws_credentials_set(struct aws_credentials *ret, const char *access_key, const char *secret_key,
    const char *session_token, int64_t expires_wall_ms, struct err *);

/* The names of the members in a JSON document. */
struct credentials_names {
	const char *access_key, *secret_key, *session_token, *expires;
	bool is_expiry_required;
};

/* ISO 8601, or "2020-06-17T10:02:08UTC" as older versions of the aws command line wrote it. -1:
 * neither. */
int credentials_parse_time(const char *text, int64_t *ret_ms);

/* An object of such a document; expires is ISO 8601 or a number of ms. Errors are ERR_DENIED. */
int credentials_from_json(
    json_t *object, const struct credentials_names *, struct aws_credentials *ret, struct err *);

/* NULL and ERR_DENIED where it is no JSON object. */
json_t *credentials_parse_json(struct slice text, struct err *);
/* Wipes the strings in it. NULL is fine. */
void credentials_free_json(json_t *);

/* Wipes and releases. */
void credentials_wipe_buf(struct buf *);

#endif
