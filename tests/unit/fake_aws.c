/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_aws.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/http.h"

struct fake_aws {
	pid_t pid;
	int stdin_fd; /* it ends when this is closed */
	int port;
};

static int
read_port(int fd)
{
	char text[16] = "";
	size_t len = 0;

	while (len < sizeof(text) - 1 && read(fd, text + len, 1) == 1 && text[len] != '\n')
		len++;
	return atoi(text);
}

struct fake_aws *
fake_aws_start(void)
{
	struct fake_aws *fake = calloc(1, sizeof(*fake));
	const char *source = getenv("srcdir");
	posix_spawn_file_actions_t actions;
	int in[2], out[2], code;
	char path[4096];

	assert_non_null(fake);
	(void)snprintf(path, sizeof(path), "%s/tests/aws/fake_aws.py", source ? source : ".");
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO), 0);
	code = posix_spawnp(&fake->pid, "python3", &actions, NULL,
	    (char *[]){ (char[]){ "python3" }, path, NULL }, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(in[0]);
	(void)close(out[1]);
	fake->stdin_fd = in[1];
	if (!code)
		fake->port = read_port(out[0]);
	(void)close(out[0]);
	if (!code && fake->port)
		return fake;
	fake_aws_stop(fake);
	return NULL;
}

void
fake_aws_stop(struct fake_aws *fake)
{
	if (!fake)
		return;
	(void)close(fake->stdin_fd);
	if (fake->pid > 0)
		(void)waitpid(fake->pid, NULL, 0);
	free(fake);
}

int
fake_aws_port(const struct fake_aws *fake)
{
	return fake->port;
}

void
fake_aws_point(const struct fake_aws *fake, const char *variable, const char *path)
{
	char url[1024];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", fake->port, path);
	assert_int_equal(setenv(variable, url, 1), 0);
}

char *
fake_aws_log(const struct fake_aws *fake, bool forget)
{
	struct http_options options = { .user_agent = "test" };
	struct buf body = BUF_INIT(1 << 20);
	struct http_request request = { .method = forget ? "DELETE" : "GET", .about = "log" };
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	struct http *http;
	char url[64];

	assert_non_null(loop);
	http = http_new(loop, &options, &err);
	assert_non_null(http);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/log", fake->port);
	request.url = slice_of(url);
	request.is_proxied_never = true;
	if (http_fetch(http, &request, &body, NULL, &err))
		fail_msg("%s", err.text);
	http_free(http);
	loop_free(loop);
	return buf_take(&body);
}
