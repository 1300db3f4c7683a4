/* SPDX-License-Identifier: MIT */
#include "aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "codec/time.h"

enum { TRIED_BYTES_MAX = 600 };

#define EXPIRY_MS_MAX INT64_C(253402300799999) /* the end of the year 9999 */

/* ---- what the sources share ---- */

static void
wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void
aws_credentials_release(struct aws_credentials *c)
{
	wipe(c->access_key);
	wipe(c->secret_key);
	wipe(c->session_token);
	*c = (struct aws_credentials){ .access_key = NULL };
}

/* Printable ASCII without blanks: it goes into a header. */
static bool
can_be_sent(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

int
aws_credentials_set(struct aws_credentials *ret, const char *access_key, const char *secret_key,
    const char *session_token, int64_t expires_wall_ms, struct err *err)
{
	struct aws_credentials c = { .expires_wall_ms = expires_wall_ms };

	if (!access_key || !*access_key)
		return err_set(err, ERR_DENIED, "the access key is missing");
	if (!secret_key || !*secret_key)
		return err_set(err, ERR_DENIED, "the secret key is missing");
	if (session_token && !*session_token)
		session_token = NULL;
	if (!can_be_sent(access_key) || !can_be_sent(secret_key) ||
	    (session_token && !can_be_sent(session_token)))
		return err_set(
		    err, ERR_DENIED, "a key or a token has blanks or odd characters in it");
	c.access_key = strdup(access_key);
	c.secret_key = strdup(secret_key);
	c.session_token = session_token ? strdup(session_token) : NULL;
	if (!c.access_key || !c.secret_key || (session_token && !c.session_token)) {
		aws_credentials_release(&c);
		return err_no_memory(err);
	}
	*ret = c;
	return 0;
}

int
credentials_parse_time(const char *text, int64_t *ret_ms)
{
	struct slice s = slice_of(text);
	const char *reason;

	if (s.len > 3 && !strcmp(text + s.len - 3, "UTC"))
		s.len -= 3; /* no zone means UTC */
	return time_parse_iso(s, ret_ms, &reason);
}

json_t *
credentials_parse_json(struct slice text, struct err *err)
{
	json_t *root = json_loadb(text.data ? text.data : "", text.len, 0, NULL);

	if (json_is_object(root))
		return root;
	credentials_free_json(root);
	/* the text is not repeated: there may be a secret in it */
	err_set(err, ERR_DENIED, "what it answered is no JSON object");
	return NULL;
}

void
credentials_free_json(json_t *root)
{
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value)
	{
		if (json_is_object(value)) {
			json_incref(value);
			credentials_free_json(value);
		} else if (json_is_string(value)) {
			const char *text = json_string_value(value);

			/* it is jansson's own copy, and nobody else's */
			explicit_bzero((void *)(uintptr_t)text, json_string_length(value));
		}
	}
	json_decref(root);
}

void
credentials_wipe_buf(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->len);
	buf_release(buf);
}

static int
read_expiry(json_t *value, const struct credentials_names *names, int64_t *ret_ms, struct err *err)
{
	*ret_ms = INT64_MAX;
	if (json_is_integer(value)) {
		*ret_ms = json_integer_value(value);
		if (*ret_ms >= 0 && *ret_ms <= EXPIRY_MS_MAX)
			return 0;
		return err_set(err, ERR_DENIED, "%s is no time", names->expires);
	}
	if (json_is_string(value)) {
		if (!credentials_parse_time(json_string_value(value), ret_ms))
			return 0;
		return err_set(err, ERR_DENIED, "%s is no time", names->expires);
	}
	if (names->is_expiry_required || (value && !json_is_null(value)))
		return err_set(err, ERR_DENIED, "%s is missing", names->expires);
	return 0;
}

int
credentials_from_json(json_t *object, const struct credentials_names *names,
    struct aws_credentials *ret, struct err *err)
{
	const char *access_key = json_string_value(json_object_get(object, names->access_key));
	const char *secret_key = json_string_value(json_object_get(object, names->secret_key));
	const char *token = json_string_value(json_object_get(object, names->session_token));
	int64_t expires;

	if (read_expiry(json_object_get(object, names->expires), names, &expires, err))
		return -1;
	return aws_credentials_set(ret, access_key, secret_key, token, expires, err);
}

/* ---- keys that stand somewhere ---- */

static enum credentials_outcome
from_environment(struct credentials_found *ret, struct err *err)
{
	const char *access_key = getenv("AWS_ACCESS_KEY_ID");
	const char *secret_key = getenv("AWS_SECRET_ACCESS_KEY");
	const char *token = getenv("AWS_SESSION_TOKEN");
	const char *expires = getenv("AWS_CREDENTIAL_EXPIRATION");
	int64_t expires_ms = INT64_MAX;

	if (!access_key || !*access_key)
		return CREDENTIALS_ABSENT;
	if (!token || !*token)
		token = getenv("AWS_SECURITY_TOKEN"); /* its older name */
	if (!secret_key || !*secret_key) {
		err_set(
		    err, ERR_USAGE, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
		return CREDENTIALS_FAILED;
	}
	if (expires && *expires && credentials_parse_time(expires, &expires_ms)) {
		err_set(err, ERR_USAGE, "AWS_CREDENTIAL_EXPIRATION: \"%s\" is no time", expires);
		return CREDENTIALS_FAILED;
	}
	if (!aws_credentials_set(&ret->keys, access_key, secret_key, token, expires_ms, err))
		return CREDENTIALS_FOUND;
	err_wrap(err, "environment");
	return CREDENTIALS_FAILED;
}

static enum credentials_outcome
from_file(struct credentials_search *search, const char *profile, bool is_secret_file,
    struct credentials_found *ret, struct err *err)
{
	const struct aws_settings *s = search->settings;
	const char *path = is_secret_file ? s->credentials_path : s->config_path;
	const char *access_key =
	    profiles_get_of(&s->profiles, profile, "aws_access_key_id", is_secret_file);
	const char *secret_key =
	    profiles_get_of(&s->profiles, profile, "aws_secret_access_key", is_secret_file);
	const char *token =
	    profiles_get_of(&s->profiles, profile, "aws_session_token", is_secret_file);

	if (!access_key)
		return CREDENTIALS_ABSENT;
	if (!token)
		token =
		    profiles_get_of(&s->profiles, profile, "aws_security_token", is_secret_file);
	if (!secret_key) {
		err_set(err, ERR_USAGE,
		    "%s: profile %s has aws_access_key_id, but no "
		    "aws_secret_access_key",
		    path, profile);
		return CREDENTIALS_FAILED;
	}
	if (!aws_credentials_set(&ret->keys, access_key, secret_key, token, INT64_MAX, err))
		return CREDENTIALS_FOUND;
	err_wrap(err, "%s: profile %s", path, profile);
	return CREDENTIALS_FAILED;
}

/* ---- a profile ---- */

static bool
has(const struct credentials_search *search, const char *profile, const char *name)
{
	return aws_settings_profile_get(search->settings, profile, name) != NULL;
}

/* botocore: web identity has its own way, and a role_arn beside it is that one's. */
static bool
has_role(const struct credentials_search *search, const char *profile)
{
	return has(search, profile, "role_arn") && !has(search, profile, "web_identity_token_file");
}

static bool
has_keys(const struct credentials_search *search, const char *profile)
{
	return has(search, profile, "aws_access_key_id") ||
	       has(search, profile, "aws_secret_access_key");
}

/* All ways of a profile but its role. */
static enum credentials_outcome
from_profile(struct credentials_search *search, const char *profile, bool uses_environment,
    struct credentials_found *ret, struct err *err)
{
	enum credentials_outcome outcome =
	    credentials_from_web_identity(search, profile, uses_environment, ret, err);

	if (outcome == CREDENTIALS_ABSENT)
		outcome = credentials_from_sso(search, profile, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		outcome = from_file(search, profile, true, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		outcome = credentials_from_process(search, profile, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		outcome = from_file(search, profile, false, ret, err);
	return outcome;
}

/* ---- roles ---- */

static int from_role(
    struct credentials_search *, const char *profile, struct credentials_found *ret, struct err *);

static int
source_by_name(struct credentials_search *search, const char *profile, const char *name,
    struct credentials_found *ret, struct err *err)
{
	enum credentials_outcome outcome;

	if (!strcmp(name, "Environment"))
		outcome = from_environment(ret, err);
	else if (!strcmp(name, "EcsContainer"))
		outcome = credentials_from_container(search, ret, err);
	else if (!strcmp(name, "Ec2InstanceMetadata"))
		outcome = credentials_from_instance(search, ret, err);
	else
		return err_set(err, ERR_USAGE,
		    "profile %s: credential_source %s is none of "
		    "Environment, EcsContainer, Ec2InstanceMetadata",
		    profile, name);
	if (outcome == CREDENTIALS_ABSENT)
		return err_set(err, ERR_DENIED,
		    "profile %s: credential_source %s has no "
		    "credentials%s%s",
		    profile, name, search->tried.len ? ": " : "",
		    search->tried.len ? search->tried.data : "");
	return outcome == CREDENTIALS_FOUND ? 0 : err_wrap(err, "profile %s", profile);
}

/* A profile may be its own source where it holds keys; any other way back is a loop. */
static int
check_loop(
    struct credentials_search *search, const char *profile, const char *source, struct err *err)
{
	if (!profiles_has(&search->settings->profiles, PROFILE, source))
		return err_set(
		    err, ERR_USAGE, "profile %s: there is no source_profile %s", profile, source);
	if (!strcmp(profile, source) && has_keys(search, source))
		return 0;
	for (size_t i = 0; i < search->visited_count; i++) {
		if (!strcmp(search->visited[i], source))
			return err_set(err, ERR_USAGE,
			    "profile %s: source_profile %s leads back to "
			    "itself",
			    profile, source);
	}
	return 0;
}

static int
source_by_profile(struct credentials_search *search, const char *profile, const char *source,
    struct credentials_found *ret, struct err *err)
{
	enum credentials_outcome outcome;

	if (check_loop(search, profile, source, err))
		return -1;
	if (has_role(search, source) && !has_keys(search, source))
		return from_role(search, source, ret, err);
	outcome = from_profile(search, source, false, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		return err_set(err, ERR_DENIED,
		    "profile %s: its source_profile %s has no credentials", profile, source);
	return outcome == CREDENTIALS_FOUND ? 0 : -1;
}

static int
from_role(struct credentials_search *search, const char *profile, struct credentials_found *ret,
    struct err *err)
{
	const char *name = aws_settings_profile_get(search->settings, profile, "credential_source");
	const char *from = aws_settings_profile_get(search->settings, profile, "source_profile");
	struct credentials_found source = { .is_used_when_expired = false };
	int rc;

	if (search->visited_count == CREDENTIALS_CHAIN_MAX)
		return err_set(err, ERR_USAGE, "profile %s: more than %d roles in a chain", profile,
		    CREDENTIALS_CHAIN_MAX);
	search->visited[search->visited_count++] = profile;
	if (!name == !from)
		return err_set(err, ERR_USAGE,
		    "profile %s: a role_arn needs one of source_profile and credential_source",
		    profile);
	/* nobody is there to type a code: cron, pipes */
	if (has(search, profile, "mfa_serial"))
		return err_set(err, ERR_DENIED,
		    "profile %s: mfa_serial asks for a code, which cannot be "
		    "given here: use SSO, or run: eval \"$(aws configure export-credentials "
		    "--profile %s --format env)\"",
		    profile, profile);
	rc = name ? source_by_name(search, profile, name, &source, err)
	          : source_by_profile(search, profile, from, &source, err);
	if (!rc)
		rc = credentials_assume_role(search, profile, &source.keys, ret, err);
	aws_credentials_release(&source.keys);
	return rc;
}

/* ---- the search ---- */

static enum credentials_outcome
search_all(struct credentials_search *search, struct credentials_found *ret, struct err *err)
{
	const struct aws_settings *s = search->settings;
	enum credentials_outcome outcome = CREDENTIALS_ABSENT;

	if (!s->is_profile_given)
		outcome = from_environment(ret, err);
	if (outcome == CREDENTIALS_ABSENT && has_role(search, s->profile))
		return from_role(search, s->profile, ret, err) ? CREDENTIALS_FAILED
		                                               : CREDENTIALS_FOUND;
	if (outcome == CREDENTIALS_ABSENT)
		outcome = from_profile(search, s->profile, !s->is_profile_given, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		outcome = credentials_from_container(search, ret, err);
	if (outcome == CREDENTIALS_ABSENT)
		outcome = credentials_from_instance(search, ret, err);
	return outcome;
}

int
credentials_find(const struct aws_settings *settings, struct http *http,
    struct credentials_found *ret, struct err *err)
{
	struct credentials_search search = {
		.settings = settings, .http = http, .tried = BUF_INIT(TRIED_BYTES_MAX)
	};
	struct credentials_found found = { .is_used_when_expired = false };
	int rc = -1;

	switch (search_all(&search, &found, err)) {
	case CREDENTIALS_FOUND:
		*ret = found;
		rc = 0;
		break;
	case CREDENTIALS_ABSENT:
		err_set(err, ERR_DENIED,
		    "no credentials found: tried %sprofile %s (%s, %s), container%s%s",
		    settings->is_profile_given ? "" : "environment, ", settings->profile,
		    settings->config_path, settings->credentials_path, search.tried.len ? ", " : "",
		    search.tried.len ? search.tried.data : "");
		break;
	case CREDENTIALS_FAILED:
		err_wrap(err, "credentials");
		break;
	}
	buf_release(&search.tried);
	return rc;
}
