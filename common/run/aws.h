/* SPDX-License-Identifier: MIT */
/* The options of every tool that asks a service of AWS, MSK included. */
#ifndef SLUICE_RUN_AWS_H
#define SLUICE_RUN_AWS_H

#include "aws/session.h"
#include "base/opt.h"

/* --region, --profile; target: struct aws_options. */
extern const struct opt aws_rows[];
extern const size_t aws_row_count;

/* --endpoint-url, --no-sign-request, for tools that ask more than MSK; the same target. */
extern const struct opt aws_service_rows[];
extern const size_t aws_service_row_count;

#endif
