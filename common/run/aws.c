/* SPDX-License-Identifier: MIT */
#include "run/aws.h"

static int
add_region(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct aws_options *options = target;

	(void)origin; /* weaker origins come first, and the last that fits counts */
	if (!*value)
		return err_set(err, ERR_USAGE, "the value is empty");
	if (options->region_count == AWS_REGIONS_MAX)
		return err_set(err, ERR_USAGE, "more than %d regions", AWS_REGIONS_MAX);
	options->regions[options->region_count++] = value;
	return 0;
}

const struct opt aws_rows[] = {
	{ 0, "region", "REGION", "the region of services, or SERVICE=REGION of one [$AWS_REGION]",
	    OPT_CALL, 0, 0, 0, add_region },
	{ 0, "profile", "NAME", "the profile of ~/.aws to use [$AWS_PROFILE]", OPT_TEXT,
	    offsetof(struct aws_options, profile), 0, 0, NULL },
};
const size_t aws_row_count = sizeof(aws_rows) / sizeof(*aws_rows);

const struct opt aws_service_rows[] = {
	{ 0, "endpoint-url", "URL", "where the service is, if not at AWS [$AWS_ENDPOINT_URL]",
	    OPT_TEXT, offsetof(struct aws_options, endpoint_url), 0, 0, NULL },
	{ 0, "no-sign-request", NULL, "use no credentials: for what is public", OPT_FLAG,
	    offsetof(struct aws_options, is_unsigned), 0, 0, NULL },
};
const size_t aws_service_row_count = sizeof(aws_service_rows) / sizeof(*aws_service_rows);
