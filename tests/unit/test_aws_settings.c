/* SPDX-License-Identifier: MIT */
/* Profile files, regions, endpoints, command lines. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "aws/settings.h"
#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

/* ---- files ---- */

static int
read_text(struct profiles *p, const char *text, bool is_secret_file, struct err *err)
{
	char *copy = strdup(text);
	int rc;

	assert_non_null(copy);
	rc = profiles_read_text(p, copy, "FILE", is_secret_file, err);
	free(copy);
	return rc;
}

static const char config[] = "# a comment\n"
			     "\n"
			     "[default]\n"
			     "region = us-east-1\n"
			     "  ; another\n"
			     "OUTPUT=json\n"
			     "[profile  dev]\r\n"
			     "region=eu-west-1\r\n"
			     "empty =\n"
			     "s3 =\n"
			     "  addressing_style = path\n"
			     "\tmax = 1 # 2\n"
			     "long = one\n"
			     "   two\n"
			     "[profile \"with blank\"]\n"
			     "region = r1\n"
			     "region = r2\n"
			     "[preview]\n"
			     "nested =\n"
			     "  a = b\n"
			     "region = never\n"
			     "[services here]\n"
			     "dynamodb =\n"
			     "  endpoint_url = http://localhost:8000\n"
			     "[profile dev] # again\n"
			     "more = x=y\n";

static const struct {
	enum profile_kind kind;
	const char *section, *group, *name, *value;
} values[] = {
	{ PROFILE, "default", NULL, "region", "us-east-1" },
	{ PROFILE, "default", NULL, "output", "json" },
	{ PROFILE, "dev", NULL, "region", "eu-west-1" },
	{ PROFILE, "dev", NULL, "empty", NULL },
	{ PROFILE, "dev", "s3", "addressing_style", "path" },
	{ PROFILE, "dev", "s3", "max", "1 # 2" },
	{ PROFILE, "dev", NULL, "addressing_style", NULL },
	{ PROFILE, "dev", NULL, "long", "one\ntwo" },
	{ PROFILE, "dev", NULL, "more", "x=y" },
	{ PROFILE, "with blank", NULL, "region", "r2" },
	{ PROFILE, "preview", NULL, "region", NULL },
	{ PROFILE_SERVICES, "here", "dynamodb", "endpoint_url", "http://localhost:8000" },
	{ PROFILE_SSO_SESSION, "here", "dynamodb", "endpoint_url", NULL },
};

static void
test_profiles(void **state)
{
	struct profiles p = { .values = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_text(&p, config, false, &err), 0);
	for (size_t i = 0; i < COUNT(values); i++) {
		const char *value = profiles_get(
		    &p, values[i].kind, values[i].section, values[i].group, values[i].name);

		if (!slice_equal(slice_of(value), slice_of(values[i].value)))
			fail_msg("%s %s: %s", values[i].section, values[i].name, value);
	}
	/* names are plain in the other file, which counts for more */
	assert_int_equal(read_text(&p, "[dev]\nregion = x\n[profile q]\na = b\n", true, &err), 0);
	assert_string_equal(profiles_get(&p, PROFILE, "dev", NULL, "region"), "x");
	assert_string_equal(profiles_get_of(&p, "dev", "region", false), "eu-west-1");
	assert_string_equal(profiles_get_of(&p, "dev", "region", true), "x");
	assert_string_equal(profiles_get(&p, PROFILE, "profile q", NULL, "a"), "b");
	assert_true(profiles_has(&p, PROFILE, "dev"));
	assert_false(profiles_has(&p, PROFILE, "preview"));
	profiles_release(&p);
}

static const struct {
	const char *text, *words;
} bad_files[] = {
	{ "region = x\n", "FILE:1: expected a [section] first" },
	{ "[default\n", "FILE:1: a section is written [name]" },
	{ "\n[]\n", "FILE:2: a section without a name" },
	{ "[a] b\n", "FILE:1: text behind" },
	{ "[default]\nregion\n", "FILE:2: expected name = value" },
	{ "[default]\n= x\n", "FILE:2: a value without a name" },
	{ "[default]\ns3 =\n  path\n", "FILE:3: expected name = value" },
};

static void
test_bad_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_files); i++) {
		struct profiles p = { .values = NULL };
		struct err err = ERR_INIT;

		assert_int_equal(read_text(&p, bad_files[i].text, false, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, bad_files[i].words))
			fail_msg("%s", err.text);
		profiles_release(&p);
	}
}

/* ---- settings ---- */

static const char *const variables[] = { "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE",
	"AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS", "AWS_CA_BUNDLE",
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE" };

static void
clear_variables(void)
{
	for (size_t i = 0; i < COUNT(variables); i++)
		assert_int_equal(unsetenv(variables[i]), 0);
}

/* "NAME=VALUE NAME=VALUE" */
static void
set_variables(const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;

	clear_variables();
	while ((word = strsep(&rest, " "))) {
		char *equals = strchr(word, '=');

		if (!equals)
			continue;
		*equals = '\0';
		assert_int_equal(setenv(word, equals + 1, 1), 0);
	}
	free(copy);
}

static const struct {
	const char *environment, *config;
	struct aws_options options;
	const char *service, *region;
} regions[] = {
	{ "", "", { .region_count = 0 }, "s3", NULL },
	{ "", "[default]\nregion = r1\n", { .region_count = 0 }, "s3", "r1" },
	{ "AWS_DEFAULT_REGION=r2", "[default]\nregion = r1\n", { .region_count = 0 }, "s3", "r2" },
	{ "AWS_REGION=r3 AWS_DEFAULT_REGION=r2", "", { .region_count = 0 }, "s3", "r3" },
	{ "AWS_REGION=", "[default]\nregion = r1\n", { .region_count = 0 }, "s3", "r1" },
	{ "AWS_REGION=r3", "", { .regions = { "r4" }, .region_count = 1 }, "s3", "r4" },
	{ "", "", { .regions = { "s3=r5", "r4" }, .region_count = 2 }, "s3", "r5" },
	{ "", "", { .regions = { "s3=r5", "r4" }, .region_count = 2 }, "es", "r4" },
	{ "", "", { .regions = { "r4", "r6" }, .region_count = 2 }, "es", "r6" },
	{ "AWS_REGION=r3", "", { .regions = { "s3=r5" }, .region_count = 1 }, "es", "r3" },
	{ "AWS_PROFILE=p", "[default]\nregion = r1\n[profile p]\nregion = r7\n",
	    { .region_count = 0 }, "s3", "r7" },
	{ "AWS_PROFILE=p", "[profile p]\nregion = r7\n[profile q]\nregion = r8\n",
	    { .profile = "q" }, "s3", "r8" },
	{ "AWS_PROFILE=q AWS_DEFAULT_PROFILE=p",
	    "[profile p]\nregion = r7a\n[profile q]\nregion = r7b\n", { .region_count = 0 }, "s3",
	    "r7a" },
	{ "AWS_DEFAULT_PROFILE=p", "[profile p]\nregion = r7\n", { .region_count = 0 }, "s3",
	    "r7" },
};

static struct aws_settings
read_settings(const char *root, const char *environment, const char *text,
    const struct aws_options *options, struct err *err)
{
	char *path = scratch_path(root, "config");
	struct aws_settings s;

	scratch_write(root, "config", text);
	set_variables(environment);
	assert_int_equal(setenv("AWS_CONFIG_FILE", path, 1), 0);
	assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/x", 1), 0);
	free(path);
	(void)aws_settings_read(&s, options, err);
	return s;
}

static void
test_regions(void **state)
{
	char *root = scratch_new();

	(void)state;
	for (size_t i = 0; i < COUNT(regions); i++) {
		struct err err = ERR_INIT;
		struct aws_settings s = read_settings(
		    root, regions[i].environment, regions[i].config, &regions[i].options, &err);
		const char *region = aws_settings_region(&s, regions[i].service);

		if (err.class != ERR_NONE)
			fail_msg("%zu: %s", i, err.text);
		if (!slice_equal(slice_of(region), slice_of(regions[i].region)))
			fail_msg("%zu: %s", i, region);
		aws_settings_release(&s);
	}
	scratch_remove(root);
}

#define SERVICES                                               \
	"[default]\nendpoint_url = http://all\nservices = x\n" \
	"[services x]\ns3 =\n  endpoint_url = http://s3/\n"

static const struct {
	const char *environment, *config, *option, *service_id;
	bool for_credentials;
	const char *url;
} endpoints[] = {
	{ "", "", NULL, "S3", false, NULL },
	{ "", SERVICES, NULL, "S3", false, "http://s3" },
	{ "", SERVICES, NULL, "DYNAMODB", false, "http://all" },
	{ "AWS_ENDPOINT_URL=http://env//", SERVICES, NULL, "S3", false, "http://env" },
	{ "AWS_ENDPOINT_URL=http://env AWS_ENDPOINT_URL_S3=http://envs3", SERVICES, NULL, "S3",
	    false, "http://envs3" },
	{ "AWS_ENDPOINT_URL=http://env AWS_ENDPOINT_URL_S3=http://envs3", SERVICES, NULL, "LAMBDA",
	    false, "http://env" },
	{ "AWS_ENDPOINT_URL_S3=http://envs3", SERVICES, "https://given:1/x/", "S3", false,
	    "https://given:1/x" },
	{ "AWS_ENDPOINT_URL_STS=http://sts", "", "https://given", "STS", true, "http://sts" },
	{ "", "", "https://given", "STS", true, NULL },
	{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE AWS_ENDPOINT_URL=http://env", SERVICES, NULL,
	    "S3", false, NULL },
	{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", SERVICES, "http://given", "S3", false,
	    "http://given" },
};

static void
test_endpoints(void **state)
{
	char *root = scratch_new();

	(void)state;
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		struct aws_options options = { .endpoint_url = endpoints[i].option };
		struct err err = ERR_INIT;
		struct aws_settings s = read_settings(
		    root, endpoints[i].environment, endpoints[i].config, &options, &err);
		const char *url = aws_settings_endpoint(
		    &s, endpoints[i].service_id, endpoints[i].for_credentials);

		if (err.class != ERR_NONE)
			fail_msg("%zu: %s", i, err.text);
		if (!slice_equal(slice_of(url), slice_of(endpoints[i].url)))
			fail_msg("%zu: %s", i, url);
		aws_settings_release(&s);
	}
	scratch_remove(root);
}

static const struct {
	const char *environment, *config;
	struct aws_options options;
	const char *words;
} bad_settings[] = {
	{ "", "", { .profile = "p" }, "there is no profile p in " },
	{ "AWS_PROFILE=p", "", { .profile = NULL }, "there is no profile p in " },
	{ "", "", { .regions = { "us/east" }, .region_count = 1 }, "--region: \"us/east\"" },
	{ "", "", { .regions = { "s3=" }, .region_count = 1 }, "--region: \"s3=\"" },
	{ "AWS_REGION=a.b", "", { .profile = NULL }, "\"a.b\" is no region" },
	{ "", "", { .endpoint_url = "localhost:9000" }, "--endpoint-url: \"localhost:9000\"" },
	{ "", "", { .endpoint_url = "http://" }, "--endpoint-url" },
	{ "", "", { .endpoint_url = "http://h/?x" }, "--endpoint-url" },
	{ "", "", { .endpoint_url = "http://u:p@h" }, "--endpoint-url" },
	{ "AWS_ENDPOINT_URL=ftp://x", "", { .profile = NULL }, "AWS_ENDPOINT_URL" },
	{ "AWS_ENDPOINT_URL_S3=x", "", { .profile = NULL }, "AWS_ENDPOINT_URL_" },
	{ "", "[default]\nservices = y\n", { .profile = NULL }, "[services y]" },
	{ "AWS_MAX_ATTEMPTS=0", "", { .profile = NULL }, "AWS_MAX_ATTEMPTS" },
	{ "AWS_MAX_ATTEMPTS=x", "", { .profile = NULL }, "AWS_MAX_ATTEMPTS" },
	{ "", "[default]\nx\n", { .profile = NULL }, "/config:2: expected name = value" },
};

static void
test_bad_settings(void **state)
{
	char *root = scratch_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bad_settings); i++) {
		struct err err = ERR_INIT;
		struct aws_settings s = read_settings(root, bad_settings[i].environment,
		    bad_settings[i].config, &bad_settings[i].options, &err);

		if (err.class != ERR_USAGE || !strstr(err.text, bad_settings[i].words))
			fail_msg("%zu: %d %s", i, (int)err.class, err.text);
		aws_settings_release(&s);
	}
	scratch_remove(root);
}

static void
test_http_options(void **state)
{
	char *root = scratch_new();
	struct aws_options none = { .profile = NULL };
	struct err err = ERR_INIT;
	struct aws_settings s =
	    read_settings(root, "AWS_MAX_ATTEMPTS=7 AWS_CA_BUNDLE=/ca", "", &none, &err);

	(void)state;
	assert_int_equal(aws_settings_http(&s).attempts_max, 7);
	assert_string_equal(aws_settings_http(&s).ca_bundle, "/ca");
	aws_settings_release(&s);
	s = read_settings(root, "", "[default]\nmax_attempts = 9\nca_bundle = /x\n", &none, &err);
	assert_int_equal(aws_settings_http(&s).attempts_max, 9);
	assert_string_equal(aws_settings_http(&s).ca_bundle, "/x");
	aws_settings_release(&s);
	scratch_remove(root);
}

/* ---- what else is pure ---- */

/* The words, joined by '|'; what Python's shlex.split makes of the same text. */
static const struct {
	const char *command, *words;
} commands[] = {
	{ "a b  c", "a|b|c" },
	{ " a\tb\n", "a|b" },
	{ "a 'b  c' d", "a|b  c|d" },
	{ "a \"b 'c' d\"", "a|b 'c' d" },
	{ "a'b'\"c\"d", "abcd" },
	{ "a \\'b", "a|'b" },
	{ "a\\ b c\\\\d", "a b|c\\d" },
	{ "\"a\\\"b\" \"c\\d\" '\\'", "a\"b|c\\d|\\" },
	{ "a '' b", "a||b" },
	{ "a $HOME `b` ; c | d > e # f", "a|$HOME|`b`|;|c|||d|>|e|#|f" },
	{ "'a", NULL },
	{ "a \"b", NULL },
	{ "a \\", NULL },
	{ "", NULL },
	{ "  ", NULL },
};

static void
test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct buf joined = BUF_INIT(1024);
		struct err err = ERR_INIT;
		char **words = credentials_words(commands[i].command, &err);

		for (char **w = words; w && *w; w++) {
			if (w != words)
				assert_int_equal(buf_append_char(&joined, '|', &err), 0);
			assert_int_equal(buf_append_text(&joined, *w, &err), 0);
		}
		if (!words != !commands[i].words ||
		    (words && strcmp(joined.data, commands[i].words)))
			fail_msg("%s: %s", commands[i].command, words ? joined.data : err.text);
		if (!words)
			assert_int_equal(err.class, ERR_USAGE);
		credentials_words_free(words);
		buf_release(&joined);
	}
}

static const struct {
	const char *relative, *full, *url; /* NULL: none, or refused */
} container_urls[] = {
	{ "/get?id=1", NULL, "http://169.254.170.2/get?id=1" },
	{ "/get", "http://localhost/x", "http://169.254.170.2/get" },
	{ NULL, "http://localhost:1/x", "http://localhost:1/x" },
	{ NULL, "http://127.9.9.9/x", "http://127.9.9.9/x" },
	{ NULL, "http://[::1]:80/x", "http://[::1]:80/x" },
	{ NULL, "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials" },
	{ NULL, "http://[fd00:ec2::23]/v1/credentials", "http://[fd00:ec2::23]/v1/credentials" },
	{ NULL, "https://example.com/x?y", "https://example.com/x?y" },
	{ NULL, "http://example.com/x", NULL },
	{ NULL, "http://localhost.example.com/x", NULL },
	{ NULL, "http://127.0.0.1.example.com/x", NULL },
	{ NULL, "http://169.254.169.254/x", NULL },
	{ NULL, "http://a@localhost/x", NULL },
	{ NULL, "file:///etc/passwd", NULL },
};

static void
set_or_not(const char *name, const char *value)
{
	assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void
test_container_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(container_urls); i++) {
		struct buf url = BUF_INIT(4096);
		struct err err = ERR_INIT;
		enum credentials_outcome outcome;

		set_or_not("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", container_urls[i].relative);
		set_or_not("AWS_CONTAINER_CREDENTIALS_FULL_URI", container_urls[i].full);
		outcome = credentials_container_url(&url, &err);
		if (!container_urls[i].url) {
			assert_int_equal(outcome, CREDENTIALS_FAILED);
			assert_int_equal(err.class, ERR_USAGE);
		} else {
			assert_int_equal(outcome, CREDENTIALS_FOUND);
			assert_string_equal(url.data, container_urls[i].url);
		}
		buf_release(&url);
	}
	set_or_not("AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL);
}

static void
test_suffixes(void **state)
{
	static const char *const pairs[][2] = {
		{ "us-east-1", "amazonaws.com" },
		{ "us-gov-west-1", "amazonaws.com" },
		{ "cn-north-1", "amazonaws.com.cn" },
		{ "eusc-de-east-1", "amazonaws.eu" },
		{ "us-iso-east-1", "c2s.ic.gov" },
		{ "us-isob-east-1", "sc2s.sgov.gov" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_string_equal(aws_dns_suffix(pairs[i][0]), pairs[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_bad_settings),
		cmocka_unit_test(test_http_options),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_container_urls),
		cmocka_unit_test(test_suffixes),
	};

	return cmocka_run_group_tests_name("aws_settings", tests, NULL, NULL);
}
