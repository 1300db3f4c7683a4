/* SPDX-License-Identifier: MIT */
/*
 * How requests get to the service and who they are from: TLS and client certificates, a user and a
 * password, an API key, or AWS's signatures. Secrets come from files and the environment, never from the
 * command line.
 */
#ifndef SLUICE_OPENSEARCH_ACCESS_H
#define SLUICE_OPENSEARCH_ACCESS_H

#include "aws/session.h"

struct access_options {
	const char *user;          /* NULL: $OPENSEARCH_USERNAME */
	const char *password_file; /* NULL: $OPENSEARCH_PASSWORD */
	const char *api_key_file;  /* NULL: $OPENSEARCH_API_KEY */
	const char *aws_service;         /* "es", "aoss"; NULL: as the endpoint's name says */
	const char *ca_bundle;
	const char *certificate;
	const char *certificate_key;
};

struct access {
	char *endpoint; /* "https://host:9200", without a '/' at its end */
	struct loop *loop;
	struct http *http;           /* own, or the session's */
	struct http *own_http;       /* NULL where requests are signed */
	struct aws_session *session; /* NULL where they are not */
	struct aws_signing signing;
	struct http_signer signer;
	struct http_header header; /* Authorization */
	size_t header_count;       /* 0 or 1 */
	char *authorization;       /* its value */
};

/*
 * The URL's credentials are refused (ERR_USAGE), as are options that contradict each other. Asks
 * nobody: where there is a session, its credentials are to be waited for. The loop is borrowed; the struct
 * stays at one address.
 */
int access_open(struct access *, const char *url, const struct access_options *,
    const struct aws_options *, struct loop *, struct err *);
/* Wipes secrets. Fine for a struct of zeros. */
void access_release(struct access *);

/* OpenSearch Serverless: no cluster answers there. */
bool access_is_serverless(const struct access *);

/* Secrets would be readable on the way: plain HTTP to another machine. */
bool access_is_exposed(const struct access *);

/* For carrier_http_options.judge: whether a reply wants another signature. Context: struct access. */
enum http_verdict access_judge(void *context, const struct http_reply *, struct err *);

/*
 * Names of Amazon's: the service ("es", "aoss") and the region of "search-x.us-east-1.es.amazonaws.com",
 * "ID.us-east-1.aoss.amazonaws.com", "x.aos.us-east-1.on.aws", "ID.aoss.us-east-1.on.aws". False for others.
 */
bool access_find_aws(struct slice host, const char **ret_service, struct slice *ret_region);

#endif
