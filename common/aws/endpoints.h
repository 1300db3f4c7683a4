/* SPDX-License-Identifier: MIT */
/* Where a service of AWS is, by region. */
#ifndef SLUICE_AWS_ENDPOINTS_H
#define SLUICE_AWS_ENDPOINTS_H

#include <stdbool.h>

#include "base/slice.h"

/* "amazonaws.com", "amazonaws.com.cn", ...: the end of all host names of the region's partition. */
const char *aws_dns_suffix(const char *region);

/* May be part of a host name: letters, digits and '-'. */
bool aws_region_is_valid(struct slice region);

/* "http://" or "https://", a host, no blanks, no query. */
bool aws_url_is_valid(const char *url);

#endif
