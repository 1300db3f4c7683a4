/* SPDX-License-Identifier: MIT */
/*
 * What options, environment and profile say, in that order (AWS SDKs and Tools Reference Guide,
 * "Settings reference"; botocore's configprovider.py). Read once; used by several threads after.
 */
#ifndef SLUICE_AWS_SETTINGS_H
#define SLUICE_AWS_SETTINGS_H

#include "aws/profile.h"
#include "aws/session.h"

enum { AWS_ENDPOINTS_MAX = 32 };

/* An endpoint that the environment or the profile names. */
struct aws_endpoint {
	char *service_id; /* "S3"; NULL: of all services */
	char *url;        /* without a '/' at its end */
};

struct aws_settings {
	struct aws_options options; /* its texts are borrowed */
	struct profiles profiles;
	char *config_path;
	char *credentials_path;
	const char *home;      /* NULL: not known */
	const char *profile;   /* its name, "default" where nobody says */
	bool is_profile_given; /* by --profile: static keys of the environment do not count */
	char *endpoint_url;    /* --endpoint-url */
	struct aws_endpoint endpoints[AWS_ENDPOINTS_MAX]; /* the first that fits counts */
	size_t endpoint_count;
	unsigned attempts_max; /* 0: nobody says */
};

/* As aws_session_open. */
int aws_settings_read(struct aws_settings *, const struct aws_options *, struct err *);
void aws_settings_release(struct aws_settings *);

/* An environment variable that is not empty; else the profile's value by that name; NULL. Either
 * name may be NULL. */
const char *aws_settings_get(const struct aws_settings *, const char *variable, const char *name);

/* A value of the profile `profile`. */
const char *aws_settings_profile_get(
    const struct aws_settings *, const char *profile, const char *name);

const char *aws_settings_region(const struct aws_settings *, const char *service);

/* for_credentials: --endpoint-url does not count. */
const char *aws_settings_endpoint(
    const struct aws_settings *, const char *service_id, bool for_credentials);

/* "true" in any case; false else, and for NULL. */
bool aws_is_true(const char *text);

/* What http_new is told, for the session's handle and for the one that renews credentials. */
struct http_options aws_settings_http(const struct aws_settings *);

#endif
