/* SPDX-License-Identifier: MIT */
/*
 * Credentials that this machine hands out over HTTP: to containers (AWS SDKs and Tools Reference
 * Guide, "Container credential provider") and to instances (the same, "IMDS credential provider";
 * EC2 User Guide, "Use the Instance Metadata Service"). Version 1 of the latter is not asked, as
 * newer SDKs do not: it answers whoever can make this machine fetch a URL.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "base/clock.h"
#include "base/opt.h"
#include "io/read_file.h"

enum {
	REPLY_BYTES_MAX = 64 * 1024,
	TOKEN_BYTES_MAX = 64 * 1024,
	URL_BYTES_MAX = 4096,
};

/* ---- containers ---- */

#define CONTAINER_HOST "169.254.170.2" /* ECS; botocore's ContainerMetadataFetcher.IP_ADDRESS */

enum { CONTAINER_ATTEMPTS = 3, CONTAINER_MS_MAX = 6 * 1000 };

/* The host of a URL, without port and brackets. */
static struct slice
url_host(struct slice url)
{
	struct slice host, rest;

	(void)slice_cut(url, ':', &host, &rest);
	rest = slice_skip(rest, 2); /* the URL is a valid one */
	(void)slice_cut(rest, '/', &host, &rest);
	if (host.len && host.data[0] == '[') {
		(void)slice_cut(slice_skip(host, 1), ']', &host, &rest);
		return host;
	}
	(void)slice_cut(host, ':', &host, &rest);
	return host;
}

static bool
is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* botocore's _validate_allowed_url: what goes in the clear may not leave the machine. */
static bool
may_be_asked(struct slice url)
{
	static const char *const allowed[] = { CONTAINER_HOST, "169.254.170.23", "fd00:ec2::23",
		"localhost" };
	struct slice host = url_host(url);
	char text[64];

	if (slice_starts(url, "https://"))
		return true;
	if (host.len >= sizeof(text))
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		if (!strcmp(text, allowed[i]))
			return true;
	}
	return is_loopback(text);
}

static int
append_full_url(struct buf *ret, const char *url, struct err *err)
{
	struct slice s = slice_of(url), base, query;

	(void)slice_cut(s, '?', &base, &query);
	if (buf_append(ret, base, err))
		return -1;
	if (!aws_url_is_valid(ret->data))
		return err_set(
		    err, ERR_USAGE, "AWS_CONTAINER_CREDENTIALS_FULL_URI: \"%s\" is no URL", url);
	if (!may_be_asked(s))
		return err_set(err, ERR_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_FULL_URI: over http only "
		    "this machine is asked, not \"%s\"",
		    url);
	return buf_append(ret, slice_skip(s, base.len), err);
}

enum credentials_outcome
credentials_container_url(struct buf *ret, struct err *err)
{
	const char *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	int rc;

	if (relative && *relative)
		rc = buf_appendf(ret, err, "http://" CONTAINER_HOST "%s%s",
		    *relative == '/' ? "" : "/", relative);
	else if (full && *full)
		rc = append_full_url(ret, full, err);
	else
		return CREDENTIALS_ABSENT;
	return rc ? CREDENTIALS_FAILED : CREDENTIALS_FOUND;
}

/* The file is read each time: it is renewed (EKS). NULL with err clear: there is none. */
static char *
container_token(struct err *err)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *plain = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char *token = NULL;

	if (path && *path) {
		token = read_file(path, TOKEN_BYTES_MAX, err);
		if (!token)
			err_wrap(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	} else if (plain && *plain) {
		token = strdup(plain);
		if (!token)
			err_no_memory(err);
	}
	if (token && strpbrk(token, "\r\n")) {
		err_set(
		    err, ERR_DENIED, "the container's authorization token has a line break in it");
		explicit_bzero(token, strlen(token));
		free(token);
		token = NULL;
	}
	return token;
}

static int
ask_container(struct credentials_search *search, struct slice url, const char *token,
    struct aws_credentials *ret, struct err *err)
{
	static const struct credentials_names names = { "AccessKeyId", "SecretAccessKey", "Token",
		"Expiration", true };
	struct http_header headers[] = {
		{ slice_of("Accept"), slice_of("application/json") },
		{ slice_of("Authorization"), slice_of(token) },
	};
	struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.header_count = token ? 2 : 1,
		.body_bytes_max = REPLY_BYTES_MAX,
		.about = "container credentials",
		.attempts_max = CONTAINER_ATTEMPTS,
		.total_ms_max = CONTAINER_MS_MAX,
		.is_proxied_never = true,
	};
	struct buf body = BUF_INIT(REPLY_BYTES_MAX);
	json_t *root = NULL;
	int rc = -1;

	if (!http_fetch(search->http, &request, &body, NULL, err)) {
		root = credentials_parse_json(buf_slice(&body), err);
		rc = root ? credentials_from_json(root, &names, ret, err) : -1;
		if (rc)
			err_wrap(err, "container credentials");
	}
	credentials_free_json(root);
	credentials_wipe_buf(&body);
	return rc;
}

enum credentials_outcome
credentials_from_container(
    struct credentials_search *search, struct credentials_found *ret, struct err *err)
{
	struct buf url = BUF_INIT(URL_BYTES_MAX);
	enum credentials_outcome outcome = credentials_container_url(&url, err);
	char *token = NULL;

	if (outcome == CREDENTIALS_FOUND) {
		token = container_token(err);
		if (err->class != ERR_NONE ||
		    ask_container(search, buf_slice(&url), token, &ret->keys, err))
			outcome = CREDENTIALS_FAILED;
	}
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
	buf_release(&url);
	return outcome;
}

/* ---- instance metadata ---- */

#define INSTANCE_URL "http://169.254.169.254"
#define INSTANCE_URL_V6 "http://[fd00:ec2::254]"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define TOKEN_TTL_S "21600" /* 6 h, the most there is */

enum { INSTANCE_MS_DEFAULT = 1000, INSTANCE_TRIES_MAX = 10, INSTANCE_S_MAX = 60 };

struct instance {
	struct http *http;
	const char *base_url;
	unsigned attempts;
	int64_t ms_max; /* of one attempt */
	struct buf token;
	struct buf role;
	struct buf body;
	int status; /* of the last reply */
};

static int
read_number(const struct aws_settings *s, const char *variable, const char *name, int64_t standard,
    int64_t max, int64_t *ret, struct err *err)
{
	const char *text = aws_settings_get(s, variable, name);

	*ret = standard;
	if (text && (opt_parse_int(text, ret, err) || *ret < 1 || *ret > max))
		return err_set(
		    err, ERR_USAGE, "%s: %s is not 1 to %lld", variable, text, (long long)max);
	return 0;
}

/* The names are botocore's (configprovider.py): metadata_service_timeout, in seconds, and
 * metadata_service_num_attempts, both 1. */
static int
instance_init(struct instance *i, const struct credentials_search *search, struct err *err)
{
	const struct aws_settings *s = search->settings;
	const char *url = aws_settings_get(
	    s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = aws_settings_get(
	    s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
	int64_t attempts, seconds;

	*i = (struct instance){ .http = search->http,
		.token = BUF_INIT(REPLY_BYTES_MAX),
		.role = BUF_INIT(REPLY_BYTES_MAX),
		.body = BUF_INIT(REPLY_BYTES_MAX) };
	if (read_number(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1,
		INSTANCE_TRIES_MAX, &attempts, err) ||
	    read_number(s, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1,
		INSTANCE_S_MAX, &seconds, err))
		return -1;
	if (url && !aws_url_is_valid(url))
		return err_set(
		    err, ERR_USAGE, "AWS_EC2_METADATA_SERVICE_ENDPOINT: \"%s\" is no URL", url);
	i->base_url = url                                 ? url
	              : mode && !strcasecmp(mode, "ipv6") ? INSTANCE_URL_V6
	                                                  : INSTANCE_URL;
	i->attempts = (unsigned)attempts;
	i->ms_max = seconds * INSTANCE_MS_DEFAULT;
	return 0;
}

static void
instance_release(struct instance *i)
{
	credentials_wipe_buf(&i->token);
	credentials_wipe_buf(&i->body);
	buf_release(&i->role);
}

static int
ask_instance(struct instance *i, const char *method, const char *path, struct slice rest,
    struct http_header header, struct buf *ret, struct err *err)
{
	struct http_request request = {
		.method = method,
		.headers = &header,
		.header_count = 1,
		.body_bytes_max = REPLY_BYTES_MAX,
		.about = "instance metadata",
		.attempts_max = i->attempts,
		.total_ms_max = i->ms_max * i->attempts,
		.is_proxied_never = true,
	};
	size_t base_len = strlen(i->base_url);
	struct buf url = BUF_INIT(URL_BYTES_MAX);
	int rc = -1;

	while (base_len && i->base_url[base_len - 1] == '/')
		base_len--;
	i->status = 0;
	if (!buf_appendf(
		&url, err, "%.*s%s%.*s", (int)base_len, i->base_url, path, SLICE_ARGS(rest))) {
		request.url = buf_slice(&url);
		rc = http_fetch(i->http, &request, ret, &i->status, err);
	}
	buf_release(&url);
	return rc;
}

/* It answers errors with 200 too, and says so in Code. */
static int
read_instance(struct instance *i, struct aws_credentials *ret, struct err *err)
{
	static const struct credentials_names names = { "AccessKeyId", "SecretAccessKey", "Token",
		"Expiration", true };
	json_t *root = credentials_parse_json(buf_slice(&i->body), err);
	const char *code;
	int rc = -1;

	if (!root)
		return -1;
	code = json_string_value(json_object_get(root, "Code"));
	if (code && strcmp(code, "Success"))
		err_set(err, ERR_DENIED, "the role has no credentials: %.100s", code);
	else
		rc = credentials_from_json(root, &names, ret, err);
	credentials_free_json(root);
	return rc;
}

/* The role's name is the first line of the list. */
static struct slice
role_name(struct instance *i)
{
	struct slice name, rest;

	(void)slice_cut(slice_trim(buf_slice(&i->role)), '\n', &name, &rest);
	return slice_trim(name);
}

static enum credentials_outcome
run_instance(struct instance *i, struct credentials_found *ret, struct err *err)
{
	struct http_header ttl = { slice_of("X-aws-ec2-metadata-token-ttl-seconds"),
		slice_of(TOKEN_TTL_S) };
	struct http_header token = { slice_of("X-aws-ec2-metadata-token"), slice_make(NULL, 0) };
	struct slice none = slice_make(NULL, 0);

	/* not an instance, or one that does not let us ask: somebody else may have credentials */
	if (ask_instance(i, "PUT", "/latest/api/token", none, ttl, &i->token, err))
		return CREDENTIALS_ABSENT;
	token.value = slice_trim(buf_slice(&i->token));
	if (ask_instance(i, "GET", ROLE_PATH, none, token, &i->role, err))
		return i->status == 404 ? CREDENTIALS_ABSENT : CREDENTIALS_FAILED;
	if (!role_name(i).len) {
		err_set(err, ERR_DENIED, "instance metadata: the instance has no role");
		return CREDENTIALS_ABSENT;
	}
	if (ask_instance(i, "GET", ROLE_PATH, role_name(i), token, &i->body, err))
		return CREDENTIALS_FAILED;
	if (read_instance(i, &ret->keys, err)) {
		err_wrap(err, "instance metadata");
		return CREDENTIALS_FAILED;
	}
	ret->is_used_when_expired = true;
	return CREDENTIALS_FOUND;
}

/* Why it was passed over goes into the list of what was tried. */
static enum credentials_outcome
note_absent(struct credentials_search *search, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (err->class == ERR_STOPPED)
		return CREDENTIALS_FAILED;
	/* cut short where it does not fit: it is one line for people */
	(void)buf_appendf(&search->tried, &ignored, "%.200s", err->text);
	err_clear(err);
	return CREDENTIALS_ABSENT;
}

enum credentials_outcome
credentials_from_instance(
    struct credentials_search *search, struct credentials_found *ret, struct err *err)
{
	enum credentials_outcome outcome = CREDENTIALS_FAILED;
	struct instance i;

	if (aws_is_true(getenv("AWS_EC2_METADATA_DISABLED"))) {
		err_set(err, ERR_DENIED, "instance metadata (AWS_EC2_METADATA_DISABLED)");
		return note_absent(search, err);
	}
	if (!instance_init(&i, search, err))
		outcome = run_instance(&i, ret, err);
	instance_release(&i);
	return outcome == CREDENTIALS_ABSENT ? note_absent(search, err) : outcome;
}
