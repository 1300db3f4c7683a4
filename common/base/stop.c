/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"

/* the only mutable file-scope state: written by the signal handler, read by any thread */
static _Atomic int requested_signal;
static int wake_fd = -1;
static bool is_following; /* set before anything starts, constant afterwards */

static void
on_signal(int signal)
{
	int saved = errno;
	uint64_t one = 1;

	if (requested_signal && is_following)
		return;
	if (requested_signal)
		stop_die(signal);
	requested_signal = is_following ? SIGTERM : signal;
	/* cannot block: the counter is far from its limit */
	if (wake_fd >= 0 && write(wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
	errno = saved;
}

int
stop_install(struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, old;
	sigset_t asked;

	if (wake_fd < 0)
		wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return err_errno(err, ERR_FAULT, errno, "eventfd");
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &action, NULL))
			return err_errno(err, ERR_FAULT, errno, "sigaction");
	}
	action.sa_handler = SIG_IGN;
	/* who starts children waits for them; an ignored one would be inherited */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&asked);
	(void)sigaddset(&asked, SIGUSR1);
	/* both come back as errors of write(2): EPIPE, EFBIG */
	if (sigaction(SIGPIPE, &action, NULL) || sigaction(SIGXFSZ, &action, NULL) ||
	    sigprocmask(SIG_BLOCK, &asked, NULL))
		return err_errno(err, ERR_FAULT, errno, "sigaction");
	return 0;
}

int
stop_follow(struct err *err)
{
	uint64_t one = 1;

	/* the old one is shared with the leader: its number must not wake us, nor ours it */
	if (wake_fd >= 0)
		(void)close(wake_fd);
	is_following = true;
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return err_errno(err, ERR_FAULT, errno, "eventfd");
	if (requested_signal && write(wake_fd, &one, sizeof(one)) < 0)
		return err_errno(err, ERR_FAULT, errno, "eventfd");
	return 0;
}

bool
stop_requested(void)
{
	return requested_signal != 0;
}

int
stop_signal(void)
{
	return requested_signal;
}

int
stop_fd(void)
{
	return wake_fd;
}

void
stop_request(void)
{
	if (!requested_signal)
		on_signal(SIGTERM);
}

bool
stop_wait(int64_t deadline_mono_ms)
{
	struct pollfd fd = { .fd = wake_fd, .events = POLLIN };

	while (!stop_requested()) {
		int timeout_ms = clock_poll_ms(deadline_mono_ms);

		if (timeout_ms == 0)
			return false;
		if (poll(&fd, 1, timeout_ms) < 0 && errno != EINTR)
			return false;
	}
	return true;
}

void
stop_die(int signal)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	diag_end_drawing();
	sigemptyset(&action.sa_mask);
	(void)sigaction(signal, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, signal);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signal);
	/* only where the signal's default is not to end the process */
	_exit(128 + signal);
}
