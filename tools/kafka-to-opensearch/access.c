/* SPDX-License-Identifier: MIT */
#include "kafka-to-opensearch/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "aws/endpoints.h"
#include "codec/base64.h"
#include "io/read_file.h"

enum {
	SECRET_BYTES_MAX = 16 * 1024,
	HEADER_BYTES_MAX = 64 * 1024,
	/* OpenSearch waits a minute for its shards before it answers ("Bulk API", "timeout") */
	STALL_MS_MAX = 2 * 60 * 1000,
};

/* ---- the endpoint ---- */

static struct slice
host_of(const char *url)
{
	struct slice rest = slice_of(strstr(url, "://") + 3), host, port;

	(void)slice_cut(rest, '/', &rest, &host);
	if (rest.len && rest.data[0] == '[') {
		(void)slice_cut(slice_skip(rest, 1), ']', &host, &port);
		return host;
	}
	(void)slice_cut(rest, ':', &host, &port);
	return host;
}

static bool
ends_with(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.len > n && !strncasecmp(s.data + s.len - n, suffix, n);
}

/* Takes the last label off. */
static struct slice
take_label(struct slice *host)
{
	const char *dot = host->len ? memrchr(host->data, '.', host->len) : NULL;
	struct slice label = *host;

	if (dot)
		label = slice_skip(*host, (size_t)(dot - host->data) + 1);
	host->len -= label.len + (dot ? 1 : 0);
	return label;
}

static const char *
service_of(struct slice label)
{
	if (slice_is(label, "aoss"))
		return "aoss";
	return slice_is(label, "es") || slice_is(label, "aos") ? "es" : NULL;
}

/* Amazon OpenSearch Service, "Making and signing OpenSearch Service requests" and "Collection endpoints
 * for Amazon OpenSearch Serverless". */
bool
access_find_aws(struct slice host, const char **ret_service, struct slice *ret_region)
{
	static const char *const suffixes[] = { ".amazonaws.com", ".amazonaws.com.cn", ".on.aws" };
	struct slice last = slice_make(NULL, 0), before = slice_make(NULL, 0);
	bool is_region_last = false;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		struct slice rest = host;

		if (!ends_with(host, suffixes[i]))
			continue;
		rest.len -= strlen(suffixes[i]);
		is_region_last = !strcmp(suffixes[i], ".on.aws");
		last = take_label(&rest);
		before = take_label(&rest);
	}
	*ret_region = is_region_last ? last : before;
	*ret_service = service_of(is_region_last ? before : last);
	return *ret_service && aws_region_is_valid(*ret_region);
}

static int
copy_endpoint(struct access *a, const char *url, struct err *err)
{
	size_t len = strlen(url);

	/* what stands before it may be a password */
	if (strchr(url, '@'))
		return err_set(err, ERR_USAGE,
		    "no credentials in the URL: others see a command line (--password-file)");
	if (!aws_url_is_valid(url))
		return err_set(err, ERR_USAGE, "%s: not an http:// or https:// URL", url);
	while (url[len - 1] == '/')
		len--;
	a->endpoint = strndup(url, len);
	return a->endpoint ? 0 : err_no_memory(err);
}

bool
access_is_exposed(const struct access *a)
{
	struct slice host = host_of(a->endpoint);

	return a->header_count && !strncmp(a->endpoint, "http://", 7) &&
	       !slice_is(host, "localhost") && !slice_starts(host, "127.") && !slice_is(host, "::1");
}

/* ---- secrets ---- */

static void
wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* The first line of an option's file, or the variable's value. *ret is NULL where there is neither. */
static int
read_secret(const char *option, const char *file, const char *variable, char **ret, struct err *err)
{
	const char *value = getenv(variable);

	*ret = NULL;
	if (file) {
		*ret = read_file(file, SECRET_BYTES_MAX, err);
		if (!*ret)
			return err_wrap(err, "%s", option);
	} else if (value && *value) {
		*ret = strdup(value);
		if (!*ret)
			return err_no_memory(err);
	} else {
		return 0;
	}
	(*ret)[strcspn(*ret, "\r\n")] = '\0';
	if (**ret)
		return 0;
	if (file)
		return err_set(err, ERR_USAGE, "%s: %s: its first line is empty", option, file);
	return err_set(err, ERR_USAGE, "$%s: its first line is empty", variable);
}

/* RFC 7617, section 2. */
static int
set_basic(struct access *a, const char *user, const char *password, struct err *err)
{
	struct buf pair = BUF_INIT(HEADER_BYTES_MAX), value = BUF_INIT(HEADER_BYTES_MAX);
	int rc = -1;

	if (strchr(user, ':')) {
		err_set(err, ERR_USAGE, "a user's name cannot have a ':'");
		goto out;
	}
	if (buf_appendf(&pair, err, "%s:%s", user, password) ||
	    buf_append_text(&value, "Basic ", err) ||
	    base64_append(&value, buf_slice(&pair), err))
		goto out;
	a->authorization = buf_take(&value);
	rc = a->authorization ? 0 : err_no_memory(err);
out:
	if (pair.data)
		explicit_bzero(pair.data, pair.capacity);
	buf_release(&pair);
	buf_release(&value);
	return rc;
}

/* "Token-based authentication services" (Elasticsearch), "API keys": the encoded form, id and key. */
static int
set_api_key(struct access *a, const char *key, struct err *err)
{
	struct buf value = BUF_INIT(HEADER_BYTES_MAX);

	if (buf_appendf(&value, err, "ApiKey %s", key)) {
		buf_release(&value);
		return -1;
	}
	a->authorization = buf_take(&value);
	return a->authorization ? 0 : err_no_memory(err);
}

static int
set_authorization(struct access *a, const struct access_options *o, struct err *err)
{
	const char *user = o->user ? o->user : getenv("OPENSEARCH_USERNAME");
	char *password = NULL, *key = NULL;
	int rc = -1;

	/* what is on the command line is what is meant */
	if ((o->api_key_file || (!o->user && !o->password_file)) &&
	    read_secret("--api-key-file", o->api_key_file, "OPENSEARCH_API_KEY", &key, err))
		goto out;
	if (key) {
		rc = set_api_key(a, key, err);
		goto out;
	}
	if (read_secret(
		"--password-file", o->password_file, "OPENSEARCH_PASSWORD", &password, err))
		goto out;
	if (user && *user && password)
		rc = set_basic(a, user, password, err);
	else if (user && *user && !o->user)
		err_set(err, ERR_USAGE,
		    "$OPENSEARCH_USERNAME without --password-file or $OPENSEARCH_PASSWORD");
	else if (o->user)
		err_set(err, ERR_USAGE, "--user without --password-file or $OPENSEARCH_PASSWORD");
	else if (o->password_file)
		err_set(err, ERR_USAGE, "--password-file without --user or $OPENSEARCH_USERNAME");
	else
		rc = 0;
out:
	wipe(password);
	wipe(key);
	return rc;
}

/* ---- opening ---- */

static int
check(const struct access_options *o, const struct aws_options *aws, struct err *err)
{
	bool is_named = o->user || o->password_file || o->api_key_file;

	if (o->api_key_file && (o->user || o->password_file))
		return err_set(err, ERR_USAGE, "--api-key-file and --user: one of them");
	if (o->aws_service && (is_named || aws->is_unsigned))
		return err_set(err, ERR_USAGE, "--aws-service and %s: one of them",
		    aws->is_unsigned ? "--no-sign-request" : "a user or an API key");
	if (o->aws_service && strcmp(o->aws_service, "es") != 0 && strcmp(o->aws_service, "aoss") != 0)
		return err_set(err, ERR_USAGE, "--aws-service %s: es or aoss", o->aws_service);
	if (o->certificate_key && !o->certificate)
		return err_set(err, ERR_USAGE, "--cert-key without --cert");
	return 0;
}

static int
open_signed(struct access *a, const char *service, struct slice region,
    const struct access_options *o, const struct aws_options *aws, struct err *err)
{
	const char *other;

	if (o->ca_bundle || o->certificate)
		return err_set(err, ERR_USAGE,
		    "%s: not with AWS's signatures (their authorities: $AWS_CA_BUNDLE)",
		    o->ca_bundle ? "--ca" : "--cert");
	a->session = aws_session_open(aws, a->loop, err);
	if (!a->session)
		return -1;
	other = aws_session_region(a->session, service);
	if (!region.len)
		region = slice_of(other);
	if (!aws_region_is_valid(region))
		return err_set(err, ERR_USAGE, "--aws-service: the region is not known (--region)");
	a->signing = (struct aws_signing){ .session = a->session };
	(void)snprintf(a->signing.service, sizeof(a->signing.service), "%s", service);
	(void)snprintf(
	    a->signing.region, sizeof(a->signing.region), "%.*s", SLICE_ARGS(region));
	/* opensearch-java pull request 339: "a required header for Amazon OpenSearch Serverless" */
	a->signing.sends_payload_hash = true;
	a->signer = aws_signer(&a->signing);
	a->http = aws_session_http(a->session);
	return 0;
}

/* Here, where the options' names are known. */
static int
check_files(const struct access_options *o, struct err *err)
{
	const struct {
		const char *option, *file;
	} files[] = {
		{ "--ca", o->ca_bundle },
		{ "--cert", o->certificate },
		{ "--cert-key", o->certificate_key },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (files[i].file && read_file_check(files[i].file, err))
			return err_wrap(err, "%s", files[i].option);
	}
	return 0;
}

static int
open_plain(struct access *a, const struct access_options *o, struct err *err)
{
	struct http_options options = {
		.user_agent = "sluice/" PACKAGE_VERSION,
		.ca_bundle = o->ca_bundle,
		.certificate = o->certificate,
		.certificate_key = o->certificate_key,
		.stall_ms_max = STALL_MS_MAX,
	};

	a->own_http = http_new(a->loop, &options, err);
	a->http = a->own_http;
	return a->http ? 0 : -1;
}

int
access_open(struct access *a, const char *url, const struct access_options *o,
    const struct aws_options *aws, struct loop *loop, struct err *err)
{
	struct slice region = slice_make(NULL, 0);
	const char *service = NULL;
	bool is_aws;

	*a = (struct access){ .loop = loop };
	if (check(o, aws, err) || copy_endpoint(a, url, err))
		return -1;
	is_aws = access_find_aws(host_of(a->endpoint), &service, &region);
	if (o->aws_service)
		return open_signed(
		    a, o->aws_service, is_aws ? region : slice_make(NULL, 0), o, aws, err);
	if (check_files(o, err) || set_authorization(a, o, err))
		return -1;
	if (!a->authorization && is_aws && !aws->is_unsigned)
		return open_signed(a, service, region, o, aws, err);
	if (a->authorization) {
		a->header = (struct http_header){ slice_of("Authorization"),
			slice_of(a->authorization) };
		a->header_count = 1;
	}
	return open_plain(a, o, err);
}

void
access_release(struct access *a)
{
	http_free(a->own_http);
	aws_session_free(a->session);
	wipe(a->authorization);
	free(a->endpoint);
	*a = (struct access){ .endpoint = NULL };
}

bool
access_is_serverless(const struct access *a)
{
	return a->session && !strcmp(a->signing.service, "aoss");
}

/* ---- signatures that were refused ---- */

/* The front of Amazon's services (fluent-plugin-opensearch issue 24; IAM User Guide, "Troubleshoot Signature
 * Version 4 requests"). */
enum http_verdict
access_judge(void *context, const struct http_reply *reply, struct err *err)
{
	static const struct {
		const char *words;
		enum http_verdict verdict;
	} known[] = {
		{ "security token included in the request is expired", HTTP_EXPIRED },
		{ "ExpiredToken", HTTP_EXPIRED },
		{ "Signature expired", HTTP_SKEWED },
		{ "Signature not yet current", HTTP_SKEWED },
	};
	const struct access *a = context;

	(void)err;
	if (!a->session || reply->status < 400 || reply->status > 403)
		return HTTP_DEFAULT;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (reply->body.len && memmem(reply->body.data, reply->body.len, known[i].words,
					   strlen(known[i].words)))
			return known[i].verdict;
	}
	return HTTP_DEFAULT;
}
