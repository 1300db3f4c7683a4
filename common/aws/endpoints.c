/* SPDX-License-Identifier: MIT */
#include "aws/endpoints.h"

/* The partitions by the beginnings of their regions, as botocore's data/partitions.json has them
 * (regionRegex, dnsSuffix); all others are of the partition aws. */
static const struct {
	const char *region_prefix, *suffix;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn" },
	{ "eusc-", "amazonaws.eu" },
	{ "us-iso-", "c2s.ic.gov" },
	{ "us-isob-", "sc2s.sgov.gov" },
	{ "eu-isoe-", "cloud.adc-e.uk" },
	{ "us-isof-", "csp.hci.ic.gov" },
};

const char *
aws_dns_suffix(const char *region)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++) {
		if (slice_starts(slice_of(region), partitions[i].region_prefix))
			return partitions[i].suffix;
	}
	return "amazonaws.com";
}

enum { REGION_BYTES_MAX = 31 };

bool
aws_region_is_valid(struct slice region)
{
	for (size_t i = 0; i < region.len; i++) {
		if (!region.data[i] ||
		    !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
			region.data[i]))
			return false;
	}
	return region.len > 0 && region.len <= REGION_BYTES_MAX;
}

bool
aws_url_is_valid(const char *url)
{
	struct slice rest = slice_of(url);

	if (slice_starts(rest, "https://"))
		rest = slice_skip(rest, 8);
	else if (slice_starts(rest, "http://"))
		rest = slice_skip(rest, 7);
	else
		return false;
	if (!rest.len || rest.data[0] == '/' || rest.data[0] == ':')
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.data[i];

		if (c <= ' ' || c == '?' || c == '#' || c == '@' || c > '~')
			return false;
	}
	return true;
}
