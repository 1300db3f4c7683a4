/* SPDX-License-Identifier: MIT */
/* A server of tests/ in Python, on loopback. It ends with its standard input, so that a test that
 * crashes leaves none behind. Every failure here fails the test. */
#ifndef SLUICE_TESTS_UNIT_FAKE_SERVER_H
#define SLUICE_TESTS_UNIT_FAKE_SERVER_H

#include <sys/types.h>

struct fake_server {
	pid_t pid;
	int stdin_fd;
	int ports[2]; /* as printed; 0: fewer */
};

/* script: below tests/; args: NULL terminated, NULL for none. */
void fake_server_start(struct fake_server *, const char *script, const char *const *args);
void fake_server_stop(struct fake_server *);

#endif
