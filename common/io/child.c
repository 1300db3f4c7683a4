/* SPDX-License-Identifier: MIT */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"

enum { ERROR_BYTES_MAX = 4096, CHUNK_BYTES = 4096, WAIT_STEP_MS = 5 };

enum { READ_OUT, READ_ERROR, WRITE_OUT, WRITE_ERROR, PIPE_ENDS };

struct child {
	pid_t pid;          /* 0: none runs */
	int fds[PIPE_ENDS]; /* -1: closed */
	struct buf *out, *error;
	int64_t deadline_mono_ms;
};

static void
close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* pipes; nothing can be lost */
	*fd = -1;
}

static int
open_pipes(struct child *child, struct err *err)
{
	for (int i = READ_OUT; i <= READ_ERROR; i++) {
		int pair[2];

		if (pipe2(pair, O_CLOEXEC))
			return err_errno(err, ERR_FAULT, errno, "pipe");
		child->fds[i] = pair[0];
		child->fds[i + WRITE_OUT] = pair[1];
	}
	return 0;
}

/* What this process ignores or blocks, the program shall not. */
static int
set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	return posix_spawnattr_setsigmask(attributes, &none) ||
	       posix_spawnattr_setsigdefault(attributes, &defaults) ||
	       posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int
start(struct child *child, char *const argv[], struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code;

	if (posix_spawn_file_actions_init(&actions))
		return err_no_memory(err);
	if (posix_spawnattr_init(&attributes)) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return err_no_memory(err);
	}
	if (posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_adddup2(&actions, child->fds[WRITE_OUT], STDOUT_FILENO) ||
	    posix_spawn_file_actions_adddup2(&actions, child->fds[WRITE_ERROR], STDERR_FILENO) ||
	    set_signals(&attributes))
		code = ENOMEM;
	else
		code = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	close_one(&child->fds[WRITE_OUT]);
	close_one(&child->fds[WRITE_ERROR]);
	if (!code)
		return 0;
	child->pid = 0;
	return err_errno(err, ERR_NO_INPUT, code, "cannot run %s", argv[0]);
}

/* What is too much of standard error is read and dropped, so that the program is not held up. */
static int
take(struct child *child, int which, struct err *err)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = read(child->fds[which], chunk, sizeof(chunk));
	struct slice bytes = slice_make(chunk, n > 0 ? (size_t)n : 0);
	int rc = 0;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		close_one(&child->fds[which]);
		return 0;
	}
	if (which == READ_ERROR && bytes.len > ERROR_BYTES_MAX - child->error->len)
		bytes.len = ERROR_BYTES_MAX - child->error->len;
	rc = buf_append(which == READ_OUT ? child->out : child->error, bytes, err);
	explicit_bzero(chunk, sizeof(chunk));
	return rc ? err_wrap(err, "its output") : 0;
}

static int
check_patience(const struct child *child, struct err *err)
{
	if (stop_requested())
		return err_set(err, ERR_STOPPED, "stopped");
	if (clock_mono_ms() >= child->deadline_mono_ms)
		return err_set(err, ERR_UNAVAILABLE, "it did not end in time");
	return 0;
}

static int
collect(struct child *child, struct err *err)
{
	while (child->fds[READ_OUT] >= 0 || child->fds[READ_ERROR] >= 0) {
		struct pollfd polled[] = {
			{ .fd = child->fds[READ_OUT], .events = POLLIN },
			{ .fd = child->fds[READ_ERROR], .events = POLLIN },
			{ .fd = stop_fd(), .events = POLLIN },
		};

		if (check_patience(child, err))
			return -1;
		if (poll(polled, 3, clock_poll_ms(child->deadline_mono_ms)) < 0 && errno != EINTR)
			return err_errno(err, ERR_FAULT, errno, "poll");
		for (int i = READ_OUT; i <= READ_ERROR; i++) {
			if (child->fds[i] >= 0 && polled[i].revents && take(child, i, err))
				return -1;
		}
	}
	return 0;
}

static int
wait_end(struct child *child, int *ret_status, struct err *err)
{
	for (;;) {
		pid_t pid = waitpid(child->pid, ret_status, WNOHANG);

		if (pid == child->pid) {
			child->pid = 0;
			return 0;
		}
		if (pid < 0 && errno != EINTR)
			return err_errno(err, ERR_FAULT, errno, "waitpid");
		if (check_patience(child, err))
			return -1;
		(void)poll(NULL, 0, WAIT_STEP_MS);
	}
}

static void
end(struct child *child)
{
	int status;

	for (int i = 0; i < PIPE_ENDS; i++)
		close_one(&child->fds[i]);
	if (child->pid > 0) {
		(void)kill(child->pid, SIGKILL);
		while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
}

int
child_run(char *const argv[], int64_t ms_max, struct buf *ret_out, struct buf *ret_error,
    int *ret_status, struct err *err)
{
	struct child child = {
		.fds = { -1, -1, -1, -1 },
		.out = ret_out,
		.error = ret_error,
		.deadline_mono_ms = clock_deadline(ms_max),
	};
	int rc = -1;

	if (!open_pipes(&child, err) && !start(&child, argv, err) && !collect(&child, err) &&
	    !wait_end(&child, ret_status, err))
		rc = 0;
	end(&child);
	return rc;
}
