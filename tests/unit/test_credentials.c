/* SPDX-License-Identifier: MIT */
/* Every source of credentials, against a server that plays its protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/session.h"
#include "tests/unit/aws_kit.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

struct outcome {
	struct aws_credentials credentials;
	struct err err;
};

static struct outcome
find(const struct aws_options *options)
{
	struct outcome outcome = { .err = ERR_INIT };
	struct loop *loop = loop_new(&outcome.err);
	struct aws_session *session;

	assert_non_null(loop);
	session = aws_session_open(options, loop, &outcome.err);
	if (session && !aws_session_wait_credentials(session, &outcome.err))
		assert_int_equal(
		    aws_session_copy_credentials(session, &outcome.credentials, &outcome.err), 0);
	aws_session_free(session);
	loop_free(loop);
	return outcome;
}

struct source_case {
	const char *name;
	const char *environment; /* "NAME=VALUE" lines */
	const char *config;
	const char *credentials;
	const char *profile;  /* --profile */
	const char *key;      /* that comes out; NULL: an error does */
	enum err_class class; /* of the error */
	const char *words;    /* in it */
	const char *log;      /* in what was asked */
};

#define KEYS(name) \
	"aws_access_key_id = AKIA" name "\naws_secret_access_key = secret-of-AKIA" name "\n"
#define STATIC "[default]\n" KEYS("FILE")
#define ROLE(name) "role_arn = arn:aws:iam::123456789012:role/" name "\n"
#define STS(mode) "AWS_ENDPOINT_URL_STS=@/sts/" mode "\n"
#define ENVIRONMENT_KEYS "AWS_ACCESS_KEY_ID=AKIAENV\nAWS_SECRET_ACCESS_KEY=secret-of-AKIAENV\n"

static const struct source_case static_cases[] = {
	{ "environment", ENVIRONMENT_KEYS, "", STATIC, NULL, "AKIAENV", 0, NULL, NULL },
	{ "environment, its token", ENVIRONMENT_KEYS "AWS_SESSION_TOKEN=t", "", "", NULL, "AKIAENV",
	    0, NULL, NULL },
	{ "environment, half", "AWS_ACCESS_KEY_ID=AKIAENV", "", STATIC, NULL, NULL, ERR_USAGE,
	    "AWS_SECRET_ACCESS_KEY is not", NULL },
	{ "environment, expired",
	    ENVIRONMENT_KEYS "AWS_SESSION_TOKEN=t\nAWS_CREDENTIAL_EXPIRATION=2001-01-01T00:00:00Z",
	    "", "", NULL, NULL, ERR_DENIED, "have expired", NULL },
	{ "AWS_PROFILE does not beat the environment", ENVIRONMENT_KEYS "AWS_PROFILE=p", "",
	    "[p]\n" KEYS("P"), NULL, "AKIAENV", 0, NULL, NULL },
	{ "--profile does", ENVIRONMENT_KEYS, "", "[p]\n" KEYS("P"), "p", "AKIAP", 0, NULL, NULL },
	{ "AWS_PROFILE", "AWS_PROFILE=p", "", STATIC "[p]\n" KEYS("P"), NULL, "AKIAP", 0, NULL,
	    NULL },
	{ "no such profile", "AWS_PROFILE=q", "", STATIC, NULL, NULL, ERR_USAGE,
	    "there is no profile q", NULL },
	{ "credentials file", "", "", STATIC, NULL, "AKIAFILE", 0, NULL, NULL },
	{ "config file", "", "[default]\n" KEYS("CONFIG"), "", NULL, "AKIACONFIG", 0, NULL, NULL },
	{ "the credentials file comes first", "", "[default]\n" KEYS("CONFIG"), STATIC, NULL,
	    "AKIAFILE", 0, NULL, NULL },
	{ "a file elsewhere", "AWS_SHARED_CREDENTIALS_FILE=%/other", "", STATIC, NULL, NULL,
	    ERR_DENIED, "no credentials found: tried environment, profile default", NULL },
	{ "half a key", "", "", "[default]\naws_access_key_id = AKIAX\n", NULL, NULL, ERR_USAGE,
	    "no aws_secret_access_key", NULL },
	{ "a bad line", "", "[default]\nregion us-east-1\n", "", NULL, NULL, ERR_USAGE,
	    "config:2: expected name = value", NULL },
	{ "nothing anywhere", "", "", "", NULL, NULL, ERR_DENIED, "container, instance metadata",
	    "security-credentials" },
	{ "nothing, and no metadata", "AWS_EC2_METADATA_DISABLED=true", "", "", NULL, NULL,
	    ERR_DENIED, "AWS_EC2_METADATA_DISABLED", NULL },
};

static const struct source_case role_cases[] = {
	{ "role", STS("ok"), "[profile p]\n" ROLE("r") "source_profile = default\n", STATIC, "p",
	    "ASIAROLEr1", 0, NULL, "\"signer\": \"AKIAFILE\"" },
	{ "role, its settings", STS("ok"),
	    "[profile p]\n" ROLE(
		"r") "source_profile = default\nexternal_id = x y&z\nrole_session_name = me\n"
		     "duration_seconds = 1234\nregion = eu-west-3\n",
	    STATIC, "p", "ASIAROLEr1", 0, NULL,
	    "\"RoleSessionName\": \"me\", \"DurationSeconds\": \"1234\", \"ExternalId\": \"x "
	    "y&z\", "
	    "\"region\": \"eu-west-3\"" },
	{ "role, its own source", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = p\n" KEYS("OWN"), "", "p", "ASIAROLEr1", 0,
	    NULL, "\"signer\": \"AKIAOWN\"" },
	{ "role of a role", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = q\n[profile q]\n" ROLE(
		"q") "source_profile = default\n",
	    STATIC, "p", "ASIAROLEr1", 0, NULL, "\"signer\": \"ASIAROLEq1\"" },
	{ "roles in a ring", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = q\n[profile q]\n" ROLE(
		"q") "source_profile = p\n",
	    STATIC, "p", NULL, ERR_USAGE, "leads back to itself", NULL },
	{ "a role that is its own source", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = p\n", STATIC, "p", NULL, ERR_USAGE,
	    "leads back to itself", NULL },
	{ "no such source", STS("ok"), "[profile p]\n" ROLE("r") "source_profile = q\n", STATIC,
	    "p", NULL, ERR_USAGE, "there is no source_profile q", NULL },
	{ "no source", STS("ok"), "[profile p]\n" ROLE("r"), STATIC, "p", NULL, ERR_USAGE,
	    "needs one of source_profile and credential_source", NULL },
	{ "a code is asked for", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = default\nmfa_serial = arn\n", STATIC, "p",
	    NULL, ERR_DENIED, "mfa_serial", NULL },
	{ "of the environment", STS("ok") ENVIRONMENT_KEYS,
	    "[profile p]\n" ROLE("r") "credential_source = Environment\n", "", "p", "ASIAROLEr1", 0,
	    NULL, "\"signer\": \"AKIAENV\"" },
	{ "of the container", STS("ok") "AWS_CONTAINER_CREDENTIALS_FULL_URI=@/container/ok/x",
	    "[profile p]\n" ROLE("r") "credential_source = EcsContainer\n", "", "p", "ASIAROLEr1",
	    0, NULL, "\"signer\": \"ASIACONTAINER1\"" },
	{ "of the instance", STS("ok") "AWS_EC2_METADATA_SERVICE_ENDPOINT=@/imds/ok",
	    "[profile p]\n" ROLE("r") "credential_source = Ec2InstanceMetadata\n", "", "p",
	    "ASIAROLEr1", 0, NULL, "\"signer\": \"ASIAIMDS1\"" },
	{ "of an instance without one", STS("ok"),
	    "[profile p]\n" ROLE("r") "credential_source = Ec2InstanceMetadata\n", "", "p", NULL,
	    ERR_DENIED, "has no credentials", NULL },
	{ "of something else", STS("ok"), "[profile p]\n" ROLE("r") "credential_source = Else\n",
	    "", "p", NULL, ERR_USAGE, "is none of Environment", NULL },
	{ "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL=@/sts/ok",
	    "[profile p]\n" ROLE("r") "source_profile = default\n", STATIC, "p", "ASIAROLEr1", 0,
	    NULL, NULL },
	{ "services", "",
	    "[profile p]\n" ROLE("r") "source_profile = default\nservices = here\n"
				      "[services here]\nsts =\n  endpoint_url = @/sts/ok/\n",
	    STATIC, "p", "ASIAROLEr1", 0, NULL, NULL },
	{ "denied", STS("denied"), "[profile p]\n" ROLE("r") "source_profile = default\n", STATIC,
	    "p", NULL, ERR_DENIED, "AccessDenied: AKIAFILE may not assume it", NULL },
	{ "wrong keys", STS("ok"), "[profile p]\n" ROLE("r") "source_profile = default\n",
	    "[default]\naws_access_key_id = AKIAX\naws_secret_access_key = wrong\n", "p", NULL,
	    ERR_DENIED, "SignatureDoesNotMatch", NULL },
	{ "wrong keys with a token", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = default\n",
	    "[default]\naws_access_key_id = ASIAX\naws_secret_access_key = wrong\n"
	    "aws_session_token = token-of-ASIAX\n",
	    "p", NULL, ERR_DENIED,
	    "SignatureDoesNotMatch: the signature is not the one calculated here.", NULL },
	{ "expired token", STS("expired"), "[profile p]\n" ROLE("r") "source_profile = default\n",
	    STATIC, "p", NULL, ERR_DENIED, "ExpiredToken", NULL },
	{ "throttled once", STS("throttle"), "[profile p]\n" ROLE("r") "source_profile = default\n",
	    STATIC, "p", "ASIAROLEr1", 0, NULL, NULL },
	{ "our clock is wrong", STS("skew"), "[profile p]\n" ROLE("r") "source_profile = default\n",
	    STATIC, "p", "ASIAROLEr1", 0, NULL, NULL },
	{ "no XML", STS("garbage"), "[profile p]\n" ROLE("r") "source_profile = default\n", STATIC,
	    "p", NULL, ERR_DENIED, "no XML", NULL },
	{ "nothing in it", STS("empty"), "[profile p]\n" ROLE("r") "source_profile = default\n",
	    STATIC, "p", NULL, ERR_DENIED, "did not say when", NULL },
	{ "down", STS("down"), "[profile p]\n" ROLE("r") "source_profile = default\n", STATIC, "p",
	    NULL, ERR_UNAVAILABLE, "AssumeRole", NULL },
};

#define WEB(file) "AWS_ROLE_ARN=arn:aws:iam::1:role/w\nAWS_WEB_IDENTITY_TOKEN_FILE=%/" file "\n"

static const struct source_case web_identity_cases[] = {
	{ "environment", STS("ok") WEB("web-token") "AWS_ROLE_SESSION_NAME=pod", "", "", NULL,
	    "ASIAROLEw1", 0, NULL, "\"RoleSessionName\": \"pod\"" },
	{ "it comes before files", STS("ok") WEB("web-token"), "", STATIC, NULL, "ASIAROLEw1", 0,
	    NULL, "\"signer\": null" },
	{ "but not before --profile", STS("ok") WEB("web-token"), "", STATIC, "default", "AKIAFILE",
	    0, NULL, NULL },
	{ "profile", STS("ok"), "[profile p]\n" ROLE("v") "web_identity_token_file = %/web-token\n",
	    "", "p", "ASIAROLEv1", 0, NULL, NULL },
	{ "a source_profile", STS("ok"),
	    "[profile p]\n" ROLE("r") "source_profile = q\n[profile q]\n" ROLE(
		"v") "web_identity_token_file = %/web-token\n",
	    "", "p", "ASIAROLEr1", 0, NULL, "\"signer\": \"ASIAROLEv1\"" },
	{ "no role", STS("ok") "AWS_WEB_IDENTITY_TOKEN_FILE=%/web-token", "", "", NULL, NULL,
	    ERR_USAGE, "needs a role", NULL },
	{ "no file", STS("ok") WEB("absent"), "", "", NULL, NULL, ERR_DENIED, "absent", NULL },
	{ "another's token", STS("ok") WEB("bad-token"), "", "", NULL, NULL, ERR_DENIED,
	    "InvalidIdentityToken", NULL },
};

static const struct source_case process_cases[] = {
	{ "process", "", "[default]\ncredential_process = cat \"%/keys.json\"\n", "", NULL,
	    "AKIAPROCESS", 0, NULL, NULL },
	{ "after the credentials file", "", "[default]\ncredential_process = cat %/keys.json\n",
	    STATIC, NULL, "AKIAFILE", 0, NULL, NULL },
	{ "before the config file", "",
	    "[default]\ncredential_process = cat %/keys.json\n" KEYS("CONFIG"), "", NULL,
	    "AKIAPROCESS", 0, NULL, NULL },
	{ "no shell", "", "[default]\ncredential_process = cat %/keys.json; echo\n", "", NULL, NULL,
	    ERR_DENIED, "keys.json;", NULL },
	{ "it fails", "", "[default]\ncredential_process = sh -c 'echo no luck >&2; exit 3'\n", "",
	    NULL, NULL, ERR_DENIED, "exit status 3: no luck", NULL },
	{ "it dies", "", "[default]\ncredential_process = sh -c 'kill -9 $$'\n", "", NULL, NULL,
	    ERR_DENIED, "signal 9", NULL },
	{ "no such program", "", "[default]\ncredential_process = %/none\n", "", NULL, NULL,
	    ERR_DENIED, "cannot run", NULL },
	{ "no JSON", "", "[default]\ncredential_process = echo secret\n", "", NULL, NULL,
	    ERR_DENIED, "no JSON object", NULL },
	{ "another version", "", "[default]\ncredential_process = echo '{\"Version\":2}'\n", "",
	    NULL, NULL, ERR_DENIED, "Version is not 1", NULL },
	{ "no key", "", "[default]\ncredential_process = echo '{\"Version\":1}'\n", "", NULL, NULL,
	    ERR_DENIED, "access key is missing", NULL },
	{ "endless", "", "[default]\ncredential_process = cat /dev/zero\n", "", NULL, NULL,
	    ERR_DENIED, "longer than", NULL },
	{ "an open quote", "", "[default]\ncredential_process = cat 'x\n", "", NULL, NULL,
	    ERR_USAGE, "a quote is not closed", NULL },
};

#define SSO(mode) "AWS_ENDPOINT_URL_SSO=@/sso/" mode "\nAWS_ENDPOINT_URL_SSO_OIDC=@/oidc/" mode "\n"
#define SSO_PROFILE(session)                                                           \
	"[profile p]\nsso_session = " session "\nsso_account_id = 123456789012\n"      \
	"sso_role_name = My Role\n[sso-session " session "]\nsso_region = us-east-1\n" \
	"sso_start_url = https://x.awsapps.com/start\n"

static const struct source_case sso_cases[] = {
	{ "session", SSO("ok"), SSO_PROFILE("good"), "", "p", "ASIASSO1", 0, NULL,
	    "\"role_name\": \"My Role\", \"account_id\": \"123456789012\"" },
	{ "the older way", SSO("ok"),
	    "[profile p]\nsso_account_id = 1\nsso_role_name = r\n"
	    "sso_region = us-east-1\nsso_start_url = https://old.awsapps.com/start\n",
	    "", "p", "ASIASSO1", 0, NULL, "\"token\": \"sso-token-old\"" },
	{ "as a source", SSO("ok") STS("ok"),
	    SSO_PROFILE("good") "[profile q]\n" ROLE("r") "source_profile = p\n", "", "q",
	    "ASIAROLEr1", 0, NULL, "\"signer\": \"ASIASSO1\"" },
	{ "renewed", SSO("ok"), SSO_PROFILE("renewable"), "", "p", "ASIASSO1", 0, NULL,
	    "\"token\": \"sso-token-new\"" },
	{ "not renewed", SSO("denied"), SSO_PROFILE("renewable"), "", "p", NULL, ERR_DENIED,
	    "aws sso login --profile p", NULL },
	{ "expired", SSO("ok"), SSO_PROFILE("expired"), "", "p", NULL, ERR_DENIED,
	    "has expired: run: aws sso login --profile p", NULL },
	{ "never logged in", SSO("ok"), SSO_PROFILE("none"), "", "p", NULL, ERR_DENIED,
	    "there is no SSO session: run: aws sso login --profile p", NULL },
	{ "no JSON", SSO("ok"), SSO_PROFILE("broken"), "", "p", NULL, ERR_DENIED, "no JSON object",
	    NULL },
	{ "not accepted", SSO("denied"), SSO_PROFILE("good"), "", "p", NULL, ERR_DENIED,
	    "not accepted: run: aws sso login", NULL },
	{ "garbage", SSO("garbage"), SSO_PROFILE("good"), "", "p", NULL, ERR_DENIED,
	    "no JSON object", NULL },
	{ "no such session", SSO("ok"), "[profile p]\nsso_session = s\nsso_account_id = 1\n", "",
	    "p", NULL, ERR_USAGE, "there is no [sso-session s]", NULL },
	{ "no role", SSO("ok"),
	    "[profile p]\nsso_account_id = 1\nsso_region = us-east-1\n"
	    "sso_start_url = https://x\n",
	    "", "p", NULL, ERR_USAGE, "sso_role_name is missing", NULL },
};

static const struct source_case machine_cases[] = {
	{ "container", CONTAINER("ok"), "", "", NULL, "ASIACONTAINER1", 0, NULL, "/x?y=z" },
	{ "container, token", CONTAINER("auth") "AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token",
	    "", "", NULL, "ASIACONTAINER1", 0, NULL, NULL },
	{ "container, token file",
	    CONTAINER("auth") "AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong\n"
			      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%/container-token",
	    "", "", NULL, "ASIACONTAINER1", 0, NULL, NULL },
	{ "container, wrong token", CONTAINER("auth") "AWS_CONTAINER_AUTHORIZATION_TOKEN=x", "", "",
	    NULL, NULL, ERR_DENIED, "container", NULL },
	{ "container, no token file",
	    CONTAINER("auth") "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%/absent", "", "", NULL, NULL,
	    ERR_NO_INPUT, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL },
	{ "container, a broken token",
	    CONTAINER("auth") "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%/two-lines", "", "", NULL,
	    NULL, ERR_DENIED, "line break", NULL },
	{ "container, after files", CONTAINER("ok"), "", STATIC, NULL, "AKIAFILE", 0, NULL, NULL },
	{ "container, garbage", CONTAINER("garbage"), "", "", NULL, NULL, ERR_DENIED,
	    "no JSON object", NULL },
	{ "container, no time", CONTAINER("minus"), "", "", NULL, NULL, ERR_DENIED,
	    "Expiration is no time", NULL },
	{ "container, not in time", CONTAINER("hang"), "", "", NULL, NULL, ERR_UNAVAILABLE,
	    "container credentials", NULL },
	{ "container, elsewhere", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x", "", "",
	    NULL, NULL, ERR_USAGE, "over http only this machine", NULL },
	{ "container, no URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI=ftp://127.0.0.1/", "", "", NULL,
	    NULL, ERR_USAGE, "is no URL", NULL },
	{ "instance", INSTANCE("ok"), "", "", NULL, "ASIAIMDS1", 0, NULL,
	    "\"token\": \"imds-token\"" },
	{ "instance, its lifetime", INSTANCE("ok"), "", "", NULL, "ASIAIMDS1", 0, NULL,
	    "\"ttl\": \"21600\"" },
	{ "instance, after the container", INSTANCE("ok") CONTAINER("ok"), "", "", NULL,
	    "ASIACONTAINER1", 0, NULL, NULL },
	{ "instance, version 1 only", INSTANCE("v1only"), "", "", NULL, NULL, ERR_DENIED,
	    "no credentials found", NULL },
	{ "instance, without a role", INSTANCE("norole"), "", "", NULL, NULL, ERR_DENIED,
	    "no credentials found", NULL },
	{ "instance, a role that may not", INSTANCE("denied"), "", "", NULL, NULL, ERR_DENIED,
	    "AssumeRoleUnauthorizedAccess", NULL },
	{ "instance, garbage", INSTANCE("garbage"), "", "", NULL, NULL, ERR_DENIED,
	    "no JSON object", NULL },
	{ "instance, not in time", INSTANCE("hang") "AWS_METADATA_SERVICE_TIMEOUT=1", "", "", NULL,
	    NULL, ERR_DENIED, "no credentials found", NULL },
	{ "instance, nobody there", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1", "", "",
	    NULL, NULL, ERR_DENIED, "no credentials found", NULL },
	/* what has expired is used while there is nothing newer */
	{ "instance, old ones", INSTANCE("old"), "", "", NULL, "ASIAIMDS1", 0, NULL, NULL },
	{ "container, old ones", CONTAINER("old"), "", "", NULL, NULL, ERR_DENIED, "have expired",
	    NULL },
};

static void
check(const struct fixture *f, const struct source_case *c)
{
	struct aws_options options = { .profile = c->profile };
	struct outcome outcome;
	char *log;

	aws_write_file(f, ".aws/config", c->config);
	aws_write_file(f, ".aws/credentials", c->credentials);
	aws_set_environment(f, c->environment);
	outcome = find(&options);
	log = fake_aws_log(f->fake, true);
	if (c->key && outcome.err.class != ERR_NONE)
		fail_msg("%s: %s", c->name, outcome.err.text);
	if (c->key && strcmp(outcome.credentials.access_key, c->key))
		fail_msg("%s: %s", c->name, outcome.credentials.access_key);
	if (!c->key && (outcome.err.class != c->class || !strstr(outcome.err.text, c->words)))
		fail_msg("%s: class %d: %s", c->name, (int)outcome.err.class, outcome.err.text);
	if (strstr(outcome.err.text, "secret-of") || strstr(outcome.err.text, "token-of"))
		fail_msg("%s tells a secret: %s", c->name, outcome.err.text);
	if (c->log && !strstr(log, c->log))
		fail_msg("%s: asked %s", c->name, log);
	if (c->key && !strncmp(c->key, "ASIA", 4))
		assert_non_null(outcome.credentials.session_token);
	aws_credentials_release(&outcome.credentials);
	free(log);
}

static void
check_all(void **state, const struct source_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(aws_begin(state), &cases[i]);
}

static void
test_keys(void **state)
{
	check_all(state, static_cases, COUNT(static_cases));
}

static void
test_roles(void **state)
{
	check_all(state, role_cases, COUNT(role_cases));
}

static void
test_web_identity(void **state)
{
	struct fixture *f = aws_begin(state);

	aws_write_file(f, "web-token", "web-token\n");
	aws_write_file(f, "bad-token", "bad-token");
	check_all(state, web_identity_cases, COUNT(web_identity_cases));
}

static void
test_process(void **state)
{
	struct fixture *f = aws_begin(state);

	aws_write_file(f, "keys.json",
	    "{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"s\"}");
	check_all(state, process_cases, COUNT(process_cases));
}

/* Names there are the SHA-1 of the session, or of the start URL. */
#define CACHE ".aws/sso/cache/"

static void
write_cache(const struct fixture *f, const char *key, const char *text)
{
	char command[1024];
	FILE *pipe;
	char hash[41] = "", path[256];

	/* by another's hand than the code's */
	(void)snprintf(command, sizeof(command), "printf %%s '%s' | sha1sum", key);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fread(hash, 1, 40, pipe), 40);
	assert_int_equal(pclose(pipe), 0);
	(void)snprintf(path, sizeof(path), CACHE "%s.json", hash);
	aws_write_file(f, path, text);
}

#define REGISTRATION                                                                            \
	"\"clientId\": \"id\", \"clientSecret\": \"cs\", \"refreshToken\": \"refresh-token\", " \
	"\"registrationExpiresAt\": \"2999-01-01T00:00:00Z\""

static void
test_sso(void **state)
{
	for (size_t i = 0; i < COUNT(sso_cases); i++) {
		struct fixture *f = aws_begin(state);

		write_cache(f, "good",
		    "{\"accessToken\": \"sso-token-1\", \"expiresAt\": \"2999-01-01T00:00:00Z\"}");
		write_cache(f, "https://old.awsapps.com/start",
		    "{\"accessToken\": \"sso-token-old\", \"expiresAt\": "
		    "\"2999-01-01T00:00:00UTC\"}");
		write_cache(f, "renewable",
		    "{\"accessToken\": \"sso-token-1\", \"expiresAt\": "
		    "\"2001-01-01T00:00:00Z\", " REGISTRATION "}");
		write_cache(f, "expired",
		    "{\"accessToken\": \"sso-token-1\", \"expiresAt\": \"2001-01-01T00:00:00Z\"}");
		write_cache(f, "broken", "[]");
		check(f, &sso_cases[i]);
	}
}

/* The other clients find the new token, and what else was there. */
static void
test_sso_cache_is_renewed(void **state)
{
	struct fixture *f = aws_begin(state);
	struct aws_options options = { .profile = "p" };
	struct outcome outcome;

	write_cache(f, "renewable",
	    "{\"accessToken\": \"sso-token-1\", \"expiresAt\": \"2001-01-01T00:00:00Z\", "
	    "\"startUrl\": \"kept\", " REGISTRATION "}");
	aws_write_file(f, ".aws/config", SSO_PROFILE("renewable"));
	aws_set_environment(f, SSO("ok"));
	for (int i = 0; i < 2; i++) {
		char *log;

		outcome = find(&options);
		assert_int_equal(outcome.err.class, ERR_NONE);
		aws_credentials_release(&outcome.credentials);
		log = fake_aws_log(f->fake, true);
		assert_true(!strstr(log, "oidc") == (i == 1));
		assert_non_null(strstr(log, "sso-token-new"));
		free(log);
	}
}

static void
test_machine(void **state)
{
	struct fixture *f = aws_begin(state);

	aws_write_file(f, "container-token", "container-token");
	aws_write_file(f, "two-lines", "a\nb");
	check_all(state, machine_cases, COUNT(machine_cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_web_identity),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_sso),
		cmocka_unit_test(test_sso_cache_is_renewed),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests_name("credentials", tests, aws_setup, aws_teardown);
}
