/* SPDX-License-Identifier: MIT */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	CHUNK_BYTES = 64 * 1024,
	/* how often it is looked whether the program has ended: while its output is open, which what it has
	 * started may keep so, and from when it is closed, each time twice as long after */
	LOOK_MS = 50,
	LOOK_MS_FIRST = 1,
	NOT_RUN_STATUS = 127,
};

struct child_call {
	struct loop *loop;
	struct child_request request;
	child_done *done;
	void *context;
	pid_t pid; /* 0: reaped */
	size_t written;
	struct buf out;
	struct loop_watch in_watch, out_watch; /* fd -1: closed */
	struct loop_timer deadline, look;
	int64_t look_ms;
};

static void
close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* pipes; nothing can be lost */
	*fd = -1;
}

/* ---- starting ---- */

/* What is scarce now may be there soon: fork(2), pipe(2), execve(2). ETXTBSY: it is being written. */
static enum err_class
class_of(int code, enum err_class otherwise)
{
	switch (code) {
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ETXTBSY:
		return ERR_UNAVAILABLE;
	default:
		return otherwise;
	}
}

struct ends {
	int in[2], out[2], trouble[2]; /* reader, writer; -1: closed */
};

static void
close_ends(struct ends *ends)
{
	for (int i = 0; i < 2; i++) {
		close_one(&ends->in[i]);
		close_one(&ends->out[i]);
		close_one(&ends->trouble[i]);
	}
}

static int
open_ends(struct ends *ends, struct err *err)
{
	*ends = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(ends->in, O_CLOEXEC) || pipe2(ends->out, O_CLOEXEC) ||
	    pipe2(ends->trouble, O_CLOEXEC) || fcntl(ends->in[1], F_SETFL, O_NONBLOCK) ||
	    fcntl(ends->out[0], F_SETFL, O_NONBLOCK)) {
		err_errno(err, class_of(errno, ERR_FAULT), errno, "pipe");
		close_ends(ends);
		return -1;
	}
	return 0;
}

/* In the new process: only what signal-safety(7) allows. */
_Noreturn static void
become(char *const argv[], const struct ends *ends, pid_t parent)
{
	sigset_t none;
	int code;

	/* what this process ignores or blocks, the program shall not */
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (!setpgid(0, 0) && !prctl(PR_SET_PDEATHSIG, SIGKILL) && getppid() == parent &&
	    dup2(ends->in[0], STDIN_FILENO) >= 0 && dup2(ends->out[1], STDOUT_FILENO) >= 0)
		(void)execvp(argv[0], argv);
	code = errno;
	(void)!write(ends->trouble[1], &code, sizeof(code)); /* nobody else can be told */
	_exit(NOT_RUN_STATUS);
}

/* posix_spawn(3) knows no PR_SET_PDEATHSIG. */
static int
spawn(struct child_call *call, struct ends *ends, struct err *err)
{
	pid_t parent = getpid();
	ssize_t n;
	int code;

	call->pid = fork();
	if (!call->pid)
		become(call->request.argv, ends, parent);
	if (call->pid < 0) {
		call->pid = 0;
		return err_errno(err, class_of(errno, ERR_FAULT), errno, "fork");
	}
	close_one(&ends->in[0]);
	close_one(&ends->out[1]);
	close_one(&ends->trouble[1]);
	/* ends when the program runs: then its group is there too */
	do
		n = read(ends->trouble[0], &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n < 0)
		code = errno;
	return err_errno(err, class_of(code, ERR_NO_INPUT), code, "cannot run %s",
	    call->request.argv[0]);
}

/* ---- ending ---- */

enum life { LIFE_RUNS, LIFE_ENDED, LIFE_UNKNOWN };

/* LIFE_UNKNOWN, ECHILD: somebody else has waited for it, and its number may be another's by now. */
static enum life
look_at(const struct child_call *call)
{
	siginfo_t info = { .si_pid = 0 };

	if (!call->pid || waitid(P_PID, (id_t)call->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return LIFE_UNKNOWN;
	return info.si_pid ? LIFE_ENDED : LIFE_RUNS;
}

/* False: how it ended is not known. A group's number is not given anew before its leader is reaped. */
static bool
reap(struct child_call *call, int *ret_status)
{
	bool is_known = look_at(call) != LIFE_UNKNOWN;

	if (is_known) {
		(void)kill(-call->pid, SIGKILL);
		(void)kill(call->pid, SIGKILL); /* one that is not in its group yet */
		while (waitpid(call->pid, ret_status, 0) < 0 && errno == EINTR)
			;
	}
	call->pid = 0;
	return is_known;
}

static void
close_watch(struct child_call *call, struct loop_watch *watch)
{
	loop_unwatch(call->loop, watch);
	close_one(&watch->fd);
}

static void
free_call(struct child_call *call)
{
	int status;

	(void)reap(call, &status);
	close_watch(call, &call->in_watch);
	close_watch(call, &call->out_watch);
	loop_timer_clear(call->loop, &call->deadline);
	loop_timer_clear(call->loop, &call->look);
	buf_release(&call->out);
	free(call);
}

void
child_cancel(struct child_call *call)
{
	if (call)
		free_call(call);
}

static void
finish(struct child_call *call, const struct err *err)
{
	struct child_result result = { .status = 0 };
	struct err unknown;

	if (!reap(call, &result.status) && err->class == ERR_NONE) {
		err_set(&unknown, ERR_UNAVAILABLE, "it has ended, and how is not known");
		err = &unknown;
	}
	result.out = buf_slice(&call->out);
	close_watch(call, &call->in_watch);
	close_watch(call, &call->out_watch);
	call->done(call->context, &result, err);
	free_call(call);
}

/* ---- while it runs ---- */

static void
look_soon(struct child_call *call, int64_t ms)
{
	call->look_ms = ms;
	loop_timer_set(call->loop, &call->look, clock_mono_ms() + ms);
}

static void
on_writable(void *context, short revents)
{
	struct child_call *call = context;
	struct slice rest = slice_skip(call->request.input, call->written);
	ssize_t n = rest.len ? write(call->in_watch.fd, rest.data, rest.len) : 0;

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		call->written += (size_t)n;
	/* EPIPE: it wants no more, which is its own affair */
	if (n < 0 || call->written == call->request.input.len)
		close_watch(call, &call->in_watch);
}

enum taken { TAKEN_SOME, TAKEN_NONE, TAKEN_END, TAKEN_FAILED };

static enum taken
take(struct child_call *call, struct err *err)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = read(call->out_watch.fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return TAKEN_SOME;
	if (n < 0 && errno == EAGAIN)
		return TAKEN_NONE;
	if (n <= 0)
		return TAKEN_END;
	if (!buf_append(&call->out, slice_make(chunk, (size_t)n), err))
		return TAKEN_SOME;
	err_wrap(err, "its output");
	return TAKEN_FAILED;
}

static void
on_readable(void *context, short revents)
{
	struct child_call *call = context;
	struct err err = ERR_INIT;

	(void)revents;
	switch (take(call, &err)) {
	case TAKEN_SOME:
	case TAKEN_NONE:
		break;
	case TAKEN_END:
		close_watch(call, &call->out_watch);
		look_soon(call, LOOK_MS_FIRST);
		break;
	case TAKEN_FAILED:
		finish(call, &err);
		break;
	}
}

static void
on_look(void *context)
{
	struct child_call *call = context;
	struct err err = ERR_INIT;
	enum taken taken = TAKEN_SOME;
	enum life life = look_at(call);

	if (life == LIFE_RUNS) {
		look_soon(call, call->look_ms * 2 < LOOK_MS ? call->look_ms * 2 : LOOK_MS);
		return;
	}
	/* what it has started writes no more */
	if (life == LIFE_ENDED)
		(void)kill(-call->pid, SIGKILL);
	while (call->out_watch.fd >= 0 && taken == TAKEN_SOME)
		taken = take(call, &err);
	finish(call, &err);
}

static void
on_deadline(void *context)
{
	struct child_call *call = context;
	struct err err = ERR_INIT;

	err_set(&err, ERR_UNAVAILABLE, "not done after %lld ms", (long long)call->request.ms_max);
	finish(call, &err);
}

static int
watch(struct child_call *call, struct err *err)
{
	if (loop_watch(call->loop, &call->in_watch, err) ||
	    loop_watch(call->loop, &call->out_watch, err))
		return -1;
	loop_timer_set(call->loop, &call->deadline, clock_deadline(call->request.ms_max));
	look_soon(call, LOOK_MS);
	return 0;
}

struct child_call *
child_start(struct loop *loop, const struct child_request *request, child_done *done, void *context,
    struct err *err)
{
	struct child_call *call = calloc(1, sizeof(*call));
	struct ends ends;

	if (!call) {
		err_no_memory(err);
		return NULL;
	}
	call->loop = loop;
	call->request = *request;
	call->done = done;
	call->context = context;
	buf_init(&call->out, request->out_bytes_max);
	call->in_watch = (struct loop_watch){
		.fd = -1, .events = POLLOUT, .ready = on_writable, .context = call
	};
	call->out_watch = (struct loop_watch){
		.fd = -1, .events = POLLIN, .ready = on_readable, .context = call
	};
	call->deadline = (struct loop_timer){ .fire = on_deadline, .context = call };
	call->look = (struct loop_timer){ .fire = on_look, .context = call };
	if (open_ends(&ends, err)) {
		free_call(call);
		return NULL;
	}
	if (!spawn(call, &ends, err)) {
		call->in_watch.fd = ends.in[1];
		call->out_watch.fd = ends.out[0];
		ends.in[1] = ends.out[0] = -1;
		if (!watch(call, err)) {
			close_ends(&ends);
			return call;
		}
	}
	close_ends(&ends);
	free_call(call);
	return NULL;
}
