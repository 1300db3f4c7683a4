/* SPDX-License-Identifier: MIT */
/* Starts tests/aws/fake_aws.py and asks it what it was asked. Failures fail the test (cmocka). */
#ifndef SLUICE_TESTS_UNIT_FAKE_AWS_H
#define SLUICE_TESTS_UNIT_FAKE_AWS_H

#include "base/buf.h"

struct fake_aws;

/* NULL where there is no python3. */
struct fake_aws *fake_aws_start(void);
void fake_aws_stop(struct fake_aws *);

int fake_aws_port(const struct fake_aws *);

/* Sets a variable of the environment to http://127.0.0.1:PORT/path. */
void fake_aws_point(const struct fake_aws *, const char *variable, const char *path);

/* What it was asked, one JSON object a line; the caller's. forget: and then nothing was. */
char *fake_aws_log(const struct fake_aws *, bool forget);

#endif
