/* SPDX-License-Identifier: MIT */
/*
 * IAM Identity Center: the token that `aws sso login` has left in ~/.aws/sso/cache is exchanged for
 * a role's credentials (AWS SDKs and Tools Reference Guide, "IAM Identity Center credential
 * provider"; IAM Identity Center Portal API Reference, GetRoleCredentials; OIDC API Reference,
 * CreateToken).
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "base/clock.h"
#include "codec/sigv4.h"
#include "codec/time.h"
#include "io/read_file.h"
#include "io/replace_file.h"

enum {
	REPLY_BYTES_MAX = 64 * 1024,
	CACHE_BYTES_MAX = 1024 * 1024,
	URL_BYTES_MAX = 4096,
	SSO_MS_MAX = 60 * 1000,
	REFRESH_MS =
	    15 * 60 * 1000, /* before its end; botocore's SSOTokenProvider._REFRESH_WINDOW */
};

struct sso {
	const struct aws_settings *settings;
	struct http *http;
	const char *profile;
	const char *session; /* [sso-session NAME]; NULL: the older way, all in the profile */
	const char *start_url, *region, *account, *role;
	char *cache_path;
};

/* ---- settings ---- */

static const char *
setting(const struct sso *sso, const char *name)
{
	const char *of_session = sso->session ? profiles_get(&sso->settings->profiles,
						    PROFILE_SSO_SESSION, sso->session, NULL, name)
	                                      : NULL;

	return of_session ? of_session
	                  : aws_settings_profile_get(sso->settings, sso->profile, name);
}

/* The cache's file is named by the SHA-1 of the session's name, or of the start URL (botocore's
 * SSOTokenLoader). */
static char *
cache_path(const struct sso *sso, struct err *err)
{
	const char *key = sso->session ? sso->session : sso->start_url;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1], *path;

	if (!sso->settings->home) {
		err_set(err, ERR_USAGE, "HOME is not set: where is .aws/sso/cache?");
		return NULL;
	}
	if (!EVP_Digest(key, strlen(key), digest, &digest_len, EVP_sha1(), NULL)) {
		err_set(err, ERR_FAULT, "libcrypto has no SHA-1");
		return NULL;
	}
	for (unsigned i = 0; i < digest_len; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	if (asprintf(&path, "%s/.aws/sso/cache/%s.json", sso->settings->home, hex) < 0) {
		err_no_memory(err);
		return NULL;
	}
	return path;
}

static int
read_settings(struct sso *sso, struct err *err)
{
	const char *missing;

	sso->session = aws_settings_profile_get(sso->settings, sso->profile, "sso_session");
	if (sso->session &&
	    !profiles_has(&sso->settings->profiles, PROFILE_SSO_SESSION, sso->session))
		return err_set(err, ERR_USAGE, "there is no [sso-session %s]", sso->session);
	sso->start_url = setting(sso, "sso_start_url");
	sso->region = setting(sso, "sso_region");
	sso->account = setting(sso, "sso_account_id");
	sso->role = setting(sso, "sso_role_name");
	missing = !sso->start_url ? "sso_start_url"
	          : !sso->region  ? "sso_region"
	          : !sso->account ? "sso_account_id"
	          : !sso->role    ? "sso_role_name"
	                          : NULL;
	if (missing)
		return err_set(err, ERR_USAGE, "%s is missing", missing);
	if (!aws_region_is_valid(slice_of(sso->region)))
		return err_set(err, ERR_USAGE, "sso_region: \"%s\" is no region", sso->region);
	sso->cache_path = cache_path(sso, err);
	return sso->cache_path ? 0 : -1;
}

/* The one thing to be done about it. */
static int
want_login(const struct sso *sso, const char *why, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s: run: aws sso login --profile %s", why, sso->profile);
}

/* ---- the cached token ---- */

static json_t *
read_cache(const struct sso *sso, struct err *err)
{
	char *text = read_file(sso->cache_path, CACHE_BYTES_MAX, err);
	json_t *root;

	if (!text) {
		if (err->class == ERR_NO_INPUT)
			want_login(sso, "there is no SSO session", err);
		return NULL;
	}
	root = credentials_parse_json(slice_of(text), err);
	explicit_bzero(text, strlen(text));
	free(text);
	if (!root)
		err_set(err, ERR_DENIED, "%s is no JSON object", sso->cache_path);
	return root;
}

static int64_t
time_member(json_t *root, const char *name)
{
	const char *text = json_string_value(json_object_get(root, name));
	int64_t ms;

	return text && !credentials_parse_time(text, &ms) ? ms : 0;
}

static int
append_url(const struct sso *sso, const char *service_id, const char *host, struct buf *ret,
    struct err *err)
{
	const char *url = aws_settings_endpoint(sso->settings, service_id, true);

	if (url)
		return buf_append_text(ret, url, err);
	return buf_appendf(
	    ret, err, "https://%s.%s.%s", host, sso->region, aws_dns_suffix(sso->region));
}

static bool
can_refresh(const struct sso *sso, json_t *cache, int64_t now_ms)
{
	return sso->session && json_is_string(json_object_get(cache, "refreshToken")) &&
	       json_is_string(json_object_get(cache, "clientId")) &&
	       json_is_string(json_object_get(cache, "clientSecret")) &&
	       time_member(cache, "registrationExpiresAt") > now_ms;
}

/* A JSON text is collected in a buf that is wiped. */
static int
append_json(const char *text, size_t len, void *context)
{
	struct err ignored = ERR_INIT;

	return buf_append(context, slice_make(text, len), &ignored);
}

static int
ask_new_token(const struct sso *sso, json_t *cache, struct buf *ret_reply, struct err *err)
{
	struct http_header header = { slice_of("Content-Type"), slice_of("application/json") };
	struct buf url = BUF_INIT(URL_BYTES_MAX), body = BUF_INIT(REPLY_BYTES_MAX);
	struct http_request request = {
		.method = "POST",
		.headers = &header,
		.header_count = 1,
		.body_bytes_max = REPLY_BYTES_MAX,
		.about = "SSO token",
		.total_ms_max = SSO_MS_MAX,
	};
	json_t *ask = json_pack("{s:s,s:O,s:O,s:O}", "grantType", "refresh_token", "clientId",
	    json_object_get(cache, "clientId"), "clientSecret",
	    json_object_get(cache, "clientSecret"), "refreshToken",
	    json_object_get(cache, "refreshToken"));
	int status = 0, rc = -1;

	if (!ask || json_dump_callback(ask, append_json, &body, JSON_COMPACT)) {
		err_no_memory(err);
	} else if (!append_url(sso, "SSO_OIDC", "oidc", &url, err) &&
		   !buf_append_text(&url, "/token", err)) {
		request.url = buf_slice(&url);
		request.body = buf_slice(&body);
		rc = http_fetch(sso->http, &request, ret_reply, &status, err);
		if (rc && status >= 400 && status < 500)
			err->class = ERR_DENIED; /* InvalidGrantException and its like are 400 */
	}
	json_decref(ask); /* its strings are the cache's */
	buf_release(&url);
	credentials_wipe_buf(&body);
	return rc;
}

/* "2020-06-17T10:02:08Z", as the aws command line writes it. */
static int
set_expiry(json_t *cache, int64_t ms)
{
	char iso[TIME_ISO_BYTES];

	time_format_iso(ms / 1000 * 1000, iso);
	memcpy(iso + 19, "Z", 2);
	return json_object_set_new(cache, "expiresAt", json_string(iso));
}

/* The other clients of this cache find the new token there. */
static int
store_token(const struct sso *sso, json_t *cache, json_t *reply, struct err *err)
{
	json_t *token = json_object_get(reply, "accessToken");
	json_t *refresh = json_object_get(reply, "refreshToken");
	json_int_t seconds = json_integer_value(json_object_get(reply, "expiresIn"));
	struct buf text = BUF_INIT(CACHE_BYTES_MAX);
	int rc = -1;

	if (!json_is_string(token) || seconds <= 0 || seconds > INT32_MAX)
		return err_set(err, ERR_DENIED, "SSO token: the answer holds no token");
	if (json_object_set(cache, "accessToken", token) ||
	    set_expiry(cache, clock_wall_ms() + seconds * 1000) ||
	    (json_is_string(refresh) && json_object_set(cache, "refreshToken", refresh)) ||
	    json_dump_callback(cache, append_json, &text, JSON_COMPACT))
		err_no_memory(err);
	else
		rc = replace_file(sso->cache_path, buf_slice(&text), REPLACE_FILE_AS_SECRET, err);
	credentials_wipe_buf(&text);
	return rc;
}

static int
refresh(const struct sso *sso, json_t *cache, struct err *err)
{
	struct buf reply = BUF_INIT(REPLY_BYTES_MAX);
	json_t *root = NULL;
	int rc = -1;

	if (!ask_new_token(sso, cache, &reply, err)) {
		root = credentials_parse_json(buf_slice(&reply), err);
		rc = root ? store_token(sso, cache, root, err) : -1;
	}
	if (root) {
		/* the cache shares its strings: they are wiped with the cache */
		json_decref(root);
	}
	credentials_wipe_buf(&reply);
	return rc;
}

/* A token that is still good for a while will do where it cannot be renewed. */
static int
ensure_token(const struct sso *sso, json_t *cache, struct err *err)
{
	int64_t now_ms = clock_wall_ms();
	int64_t expires_ms = time_member(cache, "expiresAt");
	struct err why = ERR_INIT;

	if (!json_is_string(json_object_get(cache, "accessToken")) || !expires_ms)
		return want_login(sso, "the SSO session's cache is broken", err);
	if (expires_ms - now_ms >= REFRESH_MS)
		return 0;
	if (can_refresh(sso, cache, now_ms) && !refresh(sso, cache, &why))
		return 0;
	if (expires_ms > now_ms)
		return 0;
	if (why.class == ERR_UNAVAILABLE || why.class == ERR_STOPPED) {
		*err = why; /* not a matter of logging in */
		return -1;
	}
	return want_login(sso, "the SSO session has expired", err);
}

/* ---- the role's credentials ---- */

static int
read_reply(struct slice body, struct aws_credentials *ret, struct err *err)
{
	static const struct credentials_names names = { "accessKeyId", "secretAccessKey",
		"sessionToken", "expiration", true };
	json_t *root = credentials_parse_json(body, err);
	int rc;

	if (!root)
		return -1;
	rc = credentials_from_json(json_object_get(root, "roleCredentials"), &names, ret, err);
	credentials_free_json(root);
	return rc;
}

static int
append_portal_url(const struct sso *sso, struct buf *ret, struct err *err)
{
	if (append_url(sso, "SSO", "portal.sso", ret, err) ||
	    buf_append_text(ret, "/federation/credentials?role_name=", err) ||
	    sigv4_append_encoded(ret, slice_of(sso->role), false, err) ||
	    buf_append_text(ret, "&account_id=", err))
		return -1;
	return sigv4_append_encoded(ret, slice_of(sso->account), false, err);
}

static int
ask_portal(const struct sso *sso, const char *token, struct aws_credentials *ret, struct err *err)
{
	struct http_header header = { slice_of("x-amz-sso_bearer_token"), slice_of(token) };
	struct buf url = BUF_INIT(URL_BYTES_MAX), body = BUF_INIT(REPLY_BYTES_MAX);
	struct http_request request = {
		.method = "GET",
		.headers = &header,
		.header_count = 1,
		.body_bytes_max = REPLY_BYTES_MAX,
		.about = "SSO portal",
		.total_ms_max = SSO_MS_MAX,
	};
	int status = 0, rc = -1;

	if (append_portal_url(sso, &url, err))
		goto out;
	request.url = buf_slice(&url);
	if (http_fetch(sso->http, &request, &body, &status, err)) {
		/* UnauthorizedException */
		if (status == 401)
			want_login(sso, "the SSO session is not accepted", err);
		goto out;
	}
	rc = read_reply(buf_slice(&body), ret, err);
out:
	buf_release(&url);
	credentials_wipe_buf(&body);
	return rc;
}

static int
run(struct sso *sso, struct aws_credentials *ret, struct err *err)
{
	json_t *cache;
	int rc = -1;

	if (read_settings(sso, err))
		return -1;
	cache = read_cache(sso, err);
	if (!cache)
		return -1;
	if (!ensure_token(sso, cache, err))
		rc = ask_portal(
		    sso, json_string_value(json_object_get(cache, "accessToken")), ret, err);
	credentials_free_json(cache);
	return rc;
}

enum credentials_outcome
credentials_from_sso(struct credentials_search *search, const char *profile,
    struct credentials_found *ret, struct err *err)
{
	struct sso sso = { .settings = search->settings, .http = search->http, .profile = profile };
	int rc;

	if (!aws_settings_profile_get(sso.settings, profile, "sso_role_name") &&
	    !aws_settings_profile_get(sso.settings, profile, "sso_account_id"))
		return CREDENTIALS_ABSENT;
	rc = run(&sso, &ret->keys, err);
	free(sso.cache_path);
	if (!rc)
		return CREDENTIALS_FOUND;
	err_wrap(err, "profile %s", profile);
	return CREDENTIALS_FAILED;
}
