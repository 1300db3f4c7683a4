/* SPDX-License-Identifier: MIT */
#include "aws/settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "aws/endpoints.h"
#include "base/opt.h"

enum { ATTEMPTS_MAX = 100 };

bool
aws_is_true(const char *text)
{
	return text && !strcasecmp(text, "true");
}

const char *
aws_settings_profile_get(const struct aws_settings *s, const char *profile, const char *name)
{
	return profiles_get(&s->profiles, PROFILE, profile, NULL, name);
}

const char *
aws_settings_get(const struct aws_settings *s, const char *variable, const char *name)
{
	const char *value = variable ? getenv(variable) : NULL;

	if (value && *value)
		return value;
	return name ? aws_settings_profile_get(s, s->profile, name) : NULL;
}

/* ---- the files ---- */

/* A path with "~/" resolved, NULL where there is no memory. */
static char *
expand(const char *path, const char *home)
{
	char *expanded;

	if (path[0] != '~' || path[1] != '/' || !home)
		return strdup(path);
	return asprintf(&expanded, "%s%s", home, path + 1) < 0 ? NULL : expanded;
}

static char *
file_path(const char *variable, const char *standard, const char *home)
{
	const char *value = getenv(variable);

	return expand(value && *value ? value : standard, home);
}

static int
read_files(struct aws_settings *s, struct err *err)
{
	const char *home = getenv("HOME");

	s->home = home && *home ? home : NULL;
	s->config_path = file_path("AWS_CONFIG_FILE", "~/.aws/config", s->home);
	s->credentials_path =
	    file_path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", s->home);
	if (!s->config_path || !s->credentials_path)
		return err_no_memory(err);
	return profiles_read(&s->profiles, s->config_path, s->credentials_path, err);
}

static int
choose_profile(struct aws_settings *s, struct err *err)
{
	const char *named = s->options.profile;

	s->is_profile_given = named != NULL;
	/* its older name comes first in the aws command line (botocore issue 1725) */
	if (!named)
		named = getenv("AWS_DEFAULT_PROFILE");
	if (!named || !*named)
		named = getenv("AWS_PROFILE");
	s->profile = named && *named ? named : "default";
	if (s->profile != named || profiles_has(&s->profiles, PROFILE, named))
		return 0;
	return err_set(err, ERR_USAGE, "there is no profile %s in %s or %s", named, s->config_path,
	    s->credentials_path);
}

/* ---- endpoints ---- */

static char *
copy_url(const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return strndup(url, len);
}

static int
add_endpoint(struct aws_settings *s, const char *service_id, size_t service_id_len, const char *url,
    const char *where, struct err *err)
{
	struct aws_endpoint *endpoint = &s->endpoints[s->endpoint_count];

	if (!aws_url_is_valid(url))
		return err_set(err, ERR_USAGE, "%s: \"%s\" is no URL of a service", where, url);
	if (s->endpoint_count == AWS_ENDPOINTS_MAX)
		return err_set(err, ERR_USAGE, "more than %d endpoints", AWS_ENDPOINTS_MAX);
	s->endpoint_count++;
	endpoint->url = copy_url(url);
	if (service_id)
		endpoint->service_id = strndup(service_id, service_id_len);
	if (!endpoint->url || (service_id && !endpoint->service_id))
		return err_no_memory(err);
	return 0;
}

#define ENDPOINT_VARIABLE "AWS_ENDPOINT_URL_"

static int
add_environment_endpoints(struct aws_settings *s, struct err *err)
{
	const char *for_all = getenv("AWS_ENDPOINT_URL");
	size_t prefix = strlen(ENDPOINT_VARIABLE);

	for (char **variable = environ; variable && *variable; variable++) {
		const char *equals = strchr(*variable, '=');

		if (strncmp(*variable, ENDPOINT_VARIABLE, prefix) || !equals || !equals[1])
			continue;
		if (add_endpoint(s, *variable + prefix, (size_t)(equals - *variable) - prefix,
			equals + 1, "an AWS_ENDPOINT_URL_ variable", err))
			return -1;
	}
	if (!for_all || !*for_all)
		return 0;
	return add_endpoint(s, NULL, 0, for_all, "AWS_ENDPOINT_URL", err);
}

static int
add_profile_endpoints(struct aws_settings *s, struct err *err)
{
	const char *services = aws_settings_profile_get(s, s->profile, "services");
	const char *for_all = aws_settings_profile_get(s, s->profile, "endpoint_url");

	if (services && !profiles_has(&s->profiles, PROFILE_SERVICES, services))
		return err_set(err, ERR_USAGE,
		    "%s: profile %s names [services %s], which is not there", s->config_path,
		    s->profile, services);
	for (size_t i = s->profiles.count; services && i-- > 0;) {
		const struct profile_value *v = &s->profiles.values[i];

		if (v->kind != PROFILE_SERVICES || strcmp(v->section, services) || !v->group ||
		    strcmp(v->name, "endpoint_url"))
			continue;
		if (add_endpoint(s, v->group, strlen(v->group), v->value, s->config_path, err))
			return -1;
	}
	return for_all ? add_endpoint(s, NULL, 0, for_all, s->config_path, err) : 0;
}

static int
read_endpoints(struct aws_settings *s, struct err *err)
{
	const char *given = s->options.endpoint_url;

	if (given && !aws_url_is_valid(given))
		return err_set(
		    err, ERR_USAGE, "--endpoint-url: \"%s\" is no URL of a service", given);
	if (given && !(s->endpoint_url = copy_url(given)))
		return err_no_memory(err);
	if (aws_is_true(aws_settings_get(
		s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")))
		return 0;
	if (add_environment_endpoints(s, err))
		return -1;
	return add_profile_endpoints(s, err);
}

const char *
aws_settings_endpoint(const struct aws_settings *s, const char *service_id, bool for_credentials)
{
	if (s->endpoint_url && !for_credentials)
		return s->endpoint_url;
	for (size_t i = 0; i < s->endpoint_count; i++) {
		const char *of = s->endpoints[i].service_id;

		if (!of || !strcasecmp(of, service_id))
			return s->endpoints[i].url;
	}
	return NULL;
}

/* ---- regions and the rest ---- */

static int
check_regions(const struct aws_settings *s, struct err *err)
{
	const char *found = aws_settings_region(s, "");

	for (size_t i = 0; i < s->options.region_count; i++) {
		const char *given = s->options.regions[i];
		struct slice service, region;

		if (!slice_cut(slice_of(given), '=', &service, &region))
			region = service;
		if (!aws_region_is_valid(region))
			return err_set(err, ERR_USAGE, "--region: \"%s\" is no region", given);
	}
	if (found && !aws_region_is_valid(slice_of(found)))
		return err_set(err, ERR_USAGE, "\"%s\" is no region", found);
	return 0;
}

/* The last that names the service, else the last for all. */
static const char *
given_region(const struct aws_options *options, const char *service)
{
	const char *for_all = NULL, *for_service = NULL;

	for (size_t i = 0; i < options->region_count; i++) {
		const char *equals = strchr(options->regions[i], '=');
		struct slice name = slice_make(
		    options->regions[i], equals ? (size_t)(equals - options->regions[i]) : 0);

		if (!equals)
			for_all = options->regions[i];
		else if (slice_is(name, service))
			for_service = equals + 1;
	}
	return for_service ? for_service : for_all;
}

const char *
aws_settings_region(const struct aws_settings *s, const char *service)
{
	const char *region = given_region(&s->options, service);

	if (!region)
		region = aws_settings_get(s, "AWS_REGION", NULL);
	return region ? region : aws_settings_get(s, "AWS_DEFAULT_REGION", "region");
}

static int
read_attempts(struct aws_settings *s, struct err *err)
{
	const char *text = aws_settings_get(s, "AWS_MAX_ATTEMPTS", "max_attempts");
	int64_t number;

	if (!text)
		return 0;
	if (opt_parse_int(text, &number, err))
		return err_wrap(err, "AWS_MAX_ATTEMPTS");
	if (number < 1 || number > ATTEMPTS_MAX)
		return err_set(
		    err, ERR_USAGE, "AWS_MAX_ATTEMPTS: %s is not 1 to %d", text, ATTEMPTS_MAX);
	s->attempts_max = (unsigned)number;
	return 0;
}

struct http_options
aws_settings_http(const struct aws_settings *s)
{
	return (struct http_options){
		.user_agent = "sluice/" PACKAGE_VERSION,
		.ca_bundle = aws_settings_get(s, "AWS_CA_BUNDLE", "ca_bundle"),
		.attempts_max = s->attempts_max,
	};
}

int
aws_settings_read(struct aws_settings *s, const struct aws_options *options, struct err *err)
{
	*s = (struct aws_settings){ .options = *options, .profile = "default" };
	if (read_files(s, err) || choose_profile(s, err) || read_endpoints(s, err) ||
	    check_regions(s, err))
		return -1;
	return read_attempts(s, err);
}

void
aws_settings_release(struct aws_settings *s)
{
	profiles_release(&s->profiles);
	free(s->config_path);
	free(s->credentials_path);
	free(s->endpoint_url);
	for (size_t i = 0; i < s->endpoint_count; i++) {
		free(s->endpoints[i].service_id);
		free(s->endpoints[i].url);
	}
	*s = (struct aws_settings){ .profile = "default" };
}
