/* SPDX-License-Identifier: MIT */
/* Roles, from the Security Token Service (AWS STS API Reference: AssumeRole,
 * AssumeRoleWithWebIdentity, Common Errors). */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "base/clock.h"
#include "base/opt.h"
#include "codec/sigv4.h"
#include "io/read_file.h"

enum {
	REPLY_BYTES_MAX = 64 * 1024,
	FORM_BYTES_MAX = 64 * 1024,
	TOKEN_BYTES_MAX = 20000, /* WebIdentityToken's own limit */
	STS_MS_MAX = 60 * 1000,
	NAME_BYTES = 128,
};

/* ---- the answer ---- */

/* What is read of it: the text of elements by these names, wherever they stand. */
enum { ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, EXPIRATION, CODE, MESSAGE, FIELDS };

static const char *const field_names[FIELDS] = { "AccessKeyId", "SecretAccessKey", "SessionToken",
	"Expiration", "Code", "Message" };

struct answer {
	struct buf fields[FIELDS];
	struct buf *open; /* the field that is being read */
	bool has_failed;
};

static void
on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct answer *answer = context;

	(void)attributes;
	answer->open = NULL;
	for (int i = 0; i < FIELDS; i++) {
		if (!strcmp(name, field_names[i])) {
			answer->open = &answer->fields[i];
			buf_clear(answer->open);
		}
	}
}

static void
on_end(void *context, const XML_Char *name)
{
	struct answer *answer = context;

	(void)name;
	answer->open = NULL;
}

static void
on_text(void *context, const XML_Char *text, int len)
{
	struct answer *answer = context;
	struct err ignored = ERR_INIT;

	if (answer->open && buf_append(answer->open, slice_make(text, (size_t)len), &ignored))
		answer->has_failed = true;
}

static void
answer_init(struct answer *answer)
{
	*answer = (struct answer){ .open = NULL };
	for (int i = 0; i < FIELDS; i++)
		buf_init(&answer->fields[i], REPLY_BYTES_MAX);
}

static void
answer_release(struct answer *answer)
{
	for (int i = 0; i < FIELDS; i++)
		credentials_wipe_buf(&answer->fields[i]);
}

/* -1: no XML. */
static int
answer_read(struct answer *answer, struct slice body)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	int rc = -1;

	if (!parser)
		return -1;
	XML_SetUserData(parser, answer);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	if (body.len && XML_Parse(parser, body.data, (int)body.len, 1) == XML_STATUS_OK &&
	    !answer->has_failed)
		rc = 0;
	XML_ParserFree(parser);
	return rc;
}

static const char *
field(const struct answer *answer, int i)
{
	return answer->fields[i].data ? answer->fields[i].data : "";
}

static enum http_verdict
judge_code(const char *code, const char *message)
{
	/* AWS General Reference, "Common errors"; the texts of SignatureDoesNotMatch are how STS
	 * tells of a clock (botocore's and the SDKs' clock skew handling look for them too) */
	if (!strcmp(code, "RequestExpired") || !strcmp(code, "RequestTimeTooSkewed") ||
	    (!strcmp(code, "SignatureDoesNotMatch") &&
		(strstr(message, "Signature expired") || strstr(message, "not yet current"))))
		return HTTP_SKEWED;
	if (!strcmp(code, "Throttling") || !strcmp(code, "ThrottlingException"))
		return HTTP_THROTTLED;
	if (!strcmp(code, "IDPCommunicationError"))
		return HTTP_RETRY;
	return HTTP_FINAL;
}

/* The first line of its words: behind it STS repeats the request it would have signed, the session
 * token included. */
static void
refuse(const char *code, const char *message, struct err *err)
{
	struct slice line, rest;

	(void)slice_cut(slice_trim(slice_of(message)), '\n', &line, &rest);
	err_set(err, ERR_DENIED, "%.100s: %.*s", code, (int)(line.len < 500 ? line.len : 500),
	    line.data ? line.data : "");
}

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct answer answer;
	enum http_verdict verdict = HTTP_DEFAULT;

	(void)context;
	answer_init(&answer);
	if (reply->status >= 400 && reply->status < 500 && !answer_read(&answer, reply->body) &&
	    *field(&answer, CODE)) {
		verdict = judge_code(field(&answer, CODE), field(&answer, MESSAGE));
		if (verdict == HTTP_FINAL)
			refuse(field(&answer, CODE), field(&answer, MESSAGE), err);
	}
	answer_release(&answer);
	return verdict;
}

static int
read_answer(struct slice body, struct aws_credentials *ret, struct err *err)
{
	struct answer answer;
	int64_t expires_ms;
	int rc = -1;

	answer_init(&answer);
	if (answer_read(&answer, body))
		err_set(err, ERR_DENIED, "what STS answered is no XML");
	else if (credentials_parse_time(field(&answer, EXPIRATION), &expires_ms))
		err_set(err, ERR_DENIED, "STS did not say when the credentials expire");
	else
		rc = aws_credentials_set(ret, field(&answer, ACCESS_KEY),
		    field(&answer, SECRET_KEY), field(&answer, SESSION_TOKEN), expires_ms, err);
	answer_release(&answer);
	return rc;
}

/* ---- the request ---- */

struct sts_signer {
	const struct aws_credentials *keys;
	const char *region;
};

static enum http_signing
sign(void *context, const struct http_unsigned *request, struct buf *ret_lines,
    uint64_t *ret_issue, struct err *err)
{
	const struct sts_signer *signer = context;
	struct sigv4_keys keys = { slice_of(signer->keys->access_key),
		slice_of(signer->keys->secret_key), slice_of(signer->keys->session_token) };
	char hash[SIGV4_HASH_BYTES];
	struct sigv4_header headers[4];
	struct sigv4_request r = {
		.method = request->method,
		.host = request->host,
		.path = request->path,
		.query = request->query,
		.headers = headers,
		.service = "sts",
		.region = signer->region,
		.wall_ms = request->wall_ms,
	};

	(void)ret_issue; /* these keys are not renewed */
	for (size_t i = 0; i < request->header_count && i < 4; i++)
		headers[r.header_count++] =
		    (struct sigv4_header){ request->headers[i].name, request->headers[i].value };
	if (sigv4_hash(request->body, hash, err))
		return HTTP_SIGN_FAILED;
	r.payload_hash = slice_of(hash);
	return sigv4_sign(&r, &keys, ret_lines, err) ? HTTP_SIGN_FAILED : HTTP_SIGNED;
}

/* Without a region the one endpoint that is everywhere, of us-east-1 (STS API Reference, "Regions
 * and endpoints"). */
static int
append_url(struct buf *ret, const struct aws_settings *s, const char *region, struct err *err)
{
	const char *url = aws_settings_endpoint(s, "STS", true);

	if (url)
		return buf_appendf(ret, err, "%s/", url);
	if (!region)
		return buf_append_text(ret, "https://sts.amazonaws.com/", err);
	return buf_appendf(ret, err, "https://sts.%s.%s/", region, aws_dns_suffix(region));
}

/* keys NULL: unsigned. */
static int
ask(struct credentials_search *search, struct slice form, const char *about,
    const struct aws_credentials *keys, struct aws_credentials *ret, struct err *err)
{
	const char *region = aws_settings_region(search->settings, "sts");
	struct sts_signer signer = { .keys = keys, .region = region ? region : "us-east-1" };
	struct http_header header = { slice_of("Content-Type"),
		slice_of("application/x-www-form-urlencoded") };
	struct http_request request = {
		.method = "POST",
		.headers = &header,
		.header_count = 1,
		.body = form,
		.body_bytes_max = REPLY_BYTES_MAX,
		.events = { .judge = judge },
		.about = about,
		.total_ms_max = STS_MS_MAX,
	};
	struct buf url = BUF_INIT(4096), body = BUF_INIT(REPLY_BYTES_MAX);
	int rc = -1;

	if (keys)
		request.signer = (struct http_signer){ .context = &signer, .sign = sign };
	if (append_url(&url, search->settings, region, err))
		goto out;
	request.url = buf_slice(&url);
	if (http_fetch(search->http, &request, &body, NULL, err))
		goto out;
	rc = read_answer(buf_slice(&body), ret, err);
	if (rc)
		err_wrap(err, "%s", about);
out:
	buf_release(&url);
	credentials_wipe_buf(&body);
	return rc;
}

static int
append_parameter(struct buf *form, const char *name, const char *value, struct err *err)
{
	if (!value)
		return 0;
	if (buf_appendf(form, err, "&%s=", name))
		return -1;
	return sigv4_append_encoded(form, slice_of(value), false, err);
}

/* RoleSessionName: 2 to 64 characters; without one of the user's it says who and when. */
static int
append_role(struct buf *form, const char *role, const char *session, struct err *err)
{
	char name[NAME_BYTES];

	(void)snprintf(name, sizeof(name), "sluice-%lld", (long long)(clock_wall_ms() / 1000));
	if (append_parameter(form, "RoleArn", role, err))
		return -1;
	return append_parameter(form, "RoleSessionName", session ? session : name, err);
}

int
credentials_assume_role(struct credentials_search *search, const char *profile,
    const struct aws_credentials *source, struct credentials_found *ret, struct err *err)
{
	const struct aws_settings *s = search->settings;
	const char *role = aws_settings_profile_get(s, profile, "role_arn");
	const char *duration = aws_settings_profile_get(s, profile, "duration_seconds");
	struct buf form = BUF_INIT(FORM_BYTES_MAX);
	char about[1024];
	int64_t seconds;
	int rc = -1;

	(void)snprintf(about, sizeof(about), "profile %s: AssumeRole %s", profile, role);
	if (duration && opt_parse_int(duration, &seconds, err)) {
		err_wrap(err, "profile %s: duration_seconds", profile);
		return -1;
	}
	if (!buf_append_text(&form, "Action=AssumeRole&Version=2011-06-15", err) &&
	    !append_role(
		&form, role, aws_settings_profile_get(s, profile, "role_session_name"), err) &&
	    !append_parameter(&form, "DurationSeconds", duration, err) &&
	    !append_parameter(
		&form, "ExternalId", aws_settings_profile_get(s, profile, "external_id"), err))
		rc = ask(search, buf_slice(&form), about, source, &ret->keys, err);
	buf_release(&form);
	return rc;
}

/* ---- web identity ---- */

struct web_identity {
	const char *token_path, *role, *session;
};

/* botocore looks up each of the three by itself: variable first, then profile. */
static const char *
look_up(const struct aws_settings *s, const char *profile, bool uses_environment,
    const char *variable, const char *name)
{
	const char *value = uses_environment ? getenv(variable) : NULL;

	return value && *value ? value : aws_settings_profile_get(s, profile, name);
}

static int
assume_with_token(struct credentials_search *search, const struct web_identity *web,
    struct credentials_found *ret, struct err *err)
{
	struct buf form = BUF_INIT(FORM_BYTES_MAX + 3 * TOKEN_BYTES_MAX);
	char *token = read_file(web->token_path, TOKEN_BYTES_MAX, err); /* renewed by others */
	char about[1024];
	int rc = -1;

	if (!token) {
		err->class = ERR_DENIED;
		return err_wrap(err, "web identity token");
	}
	(void)snprintf(about, sizeof(about), "AssumeRoleWithWebIdentity %s", web->role);
	token[slice_trim(slice_of(token)).len] = '\0'; /* no token begins with blanks */
	if (!buf_append_text(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", err) &&
	    !append_role(&form, web->role, web->session, err) &&
	    !append_parameter(&form, "WebIdentityToken", token, err))
		rc = ask(search, buf_slice(&form), about, NULL, &ret->keys, err);
	explicit_bzero(token, strlen(token));
	free(token);
	credentials_wipe_buf(&form);
	return rc;
}

enum credentials_outcome
credentials_from_web_identity(struct credentials_search *search, const char *profile,
    bool uses_environment, struct credentials_found *ret, struct err *err)
{
	const struct aws_settings *s = search->settings;
	struct web_identity web = {
		.token_path = look_up(s, profile, uses_environment, "AWS_WEB_IDENTITY_TOKEN_FILE",
		    "web_identity_token_file"),
		.role = look_up(s, profile, uses_environment, "AWS_ROLE_ARN", "role_arn"),
		.session = look_up(
		    s, profile, uses_environment, "AWS_ROLE_SESSION_NAME", "role_session_name"),
	};

	if (!web.token_path)
		return CREDENTIALS_ABSENT;
	if (!web.role) {
		err_set(err, ERR_USAGE,
		    "a web identity token needs a role: set AWS_ROLE_ARN, or "
		    "role_arn in profile %s",
		    profile);
		return CREDENTIALS_FAILED;
	}
	return assume_with_token(search, &web, ret, err) ? CREDENTIALS_FAILED : CREDENTIALS_FOUND;
}
