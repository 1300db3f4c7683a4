/* SPDX-License-Identifier: MIT */
/* A home directory, an environment without a trace of the caller's, and the fake services. */
#ifndef SLUICE_TESTS_UNIT_AWS_KIT_H
#define SLUICE_TESTS_UNIT_AWS_KIT_H

#include "tests/unit/fake_aws.h"

/* Settings of sources that both tests use. */
#define CONTAINER(mode) "AWS_CONTAINER_CREDENTIALS_FULL_URI=@/container/" mode "/x?y=z\n"
#define INSTANCE(mode) "AWS_EC2_METADATA_SERVICE_ENDPOINT=@/imds/" mode "\n"

struct fixture {
	struct fake_aws *fake;
	char *home;
};

/* Of a cmocka group; there is no fixture where there is no python3. */
int aws_setup(void **state);
int aws_teardown(void **state);

/* A test, or a case of it, from anew; skips where there is no fixture. */
struct fixture *aws_begin(void **state);

/* "NAME=VALUE" lines. In these and in files '@' stands for the server, '%' for the home directory.
 */
void aws_set_environment(const struct fixture *, const char *lines);
void aws_write_file(const struct fixture *, const char *path, const char *text);

#endif
