/* SPDX-License-Identifier: MIT */
#include "fake_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <limits.h>
#include <setjmp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 16 };

static void
run(const char *path, const char *const *args, int in, int out)
{
	char *argv[ARGS_MAX] = { strdup("python3"), strdup(path) };

	for (size_t i = 0; args && args[i] && i + 3 < ARGS_MAX; i++)
		argv[i + 2] = strdup(args[i]);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	(void)execvp("python3", argv);
	_exit(127);
}

void
fake_server_start(struct fake_server *server, const char *script, const char *const *args)
{
	const char *source = getenv("srcdir"); /* automake sets it */
	char path[PATH_MAX];
	int in[2], out[2];
	FILE *ports;

	(void)snprintf(path, sizeof(path), "%s/tests/%s", source ? source : ".", script);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		(void)close(in[1]);
		(void)close(out[0]);
		run(path, args, in[0], out[1]);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	server->stdin_fd = in[1];
	server->ports[0] = server->ports[1] = 0;
	ports = fdopen(out[0], "r");
	assert_non_null(ports);
	assert_true(fscanf(ports, "%d", &server->ports[0]) == 1);
	if (args)
		(void)!fscanf(ports, "%*[ ]%d", &server->ports[1]);
	(void)fclose(ports);
}

void
fake_server_stop(struct fake_server *server)
{
	int status;

	(void)close(server->stdin_fd);
	if (server->pid > 0)
		(void)waitpid(server->pid, &status, 0);
}
