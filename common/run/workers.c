/* SPDX-License-Identifier: MIT */
#include "run/workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/stop.h"

const struct opt workers_rows[] = {
	{ 'j', "jobs", "N",
	    "be N members of the group, a process with its own connections and --memory each [1]",
	    OPT_INT, offsetof(struct workers_options, count), 1, WORKERS_MAX, NULL },
};
const size_t workers_row_count = sizeof(workers_rows) / sizeof(*workers_rows);

/* What a member leaves in its pipe. No more than PIPE_BUF: it is there as a whole or not at all
 * (pipe(7)). */
struct account {
	bool is_last; /* else one of the work that goes on */
	enum job_input input;
	bool is_broken_pipe;
	_Alignas(max_align_t) unsigned char summary[WORKERS_SUMMARY_BYTES_MAX];
};
_Static_assert(sizeof(struct account) <= PIPE_BUF, "an account is written at once");

struct member {
	pid_t pid;
	int fd; /* for its accounts; -1: it has ended */
	bool has_reported;
};

struct group {
	const struct workers_work *work;
	void *sum;
	struct member members[WORKERS_MAX];
	unsigned char *told; /* the newest summary of each */
	unsigned member_count;
	unsigned alive_count;
	bool is_stopping;
	/* results */
	enum job_input input;
	enum err_class worst;
	unsigned failed_count;
	unsigned stopped_count; /* with work undelivered */
	bool is_broken_pipe;
};

int
workers_check(const struct workers_options *options, const struct input_options *input,
    struct err *err)
{
	if (options->count == 1)
		return 0;
	if (!input->topic)
		return err_set(err, ERR_USAGE,
		    "-j: members of a group share a topic: give -t, or run several pipelines");
	if (input->partition_count)
		return err_set(err, ERR_USAGE,
		    "-j and -p: members of a group get their partitions from Kafka");
	if (input->count_max)
		return err_set(err, ERR_USAGE, "-j and -c: each member would count by itself");
	return 0;
}

/* ---- a member ---- */

static bool
write_account(int fd, const struct account *account, size_t bytes)
{
	ssize_t n;

	while ((n = write(fd, account, bytes)) < 0 && errno == EINTR)
		;
	return n == (ssize_t)bytes;
}

int
workers_name_instance(struct kafka_options *kafka, unsigned number, struct err *err)
{
	const char *id = kafka_options_get(kafka, "group.instance.id");
	char *assignment;
	int rc;

	if (!id || !number)
		return 0;
	if (asprintf(&assignment, "group.instance.id=%s-%u", id, number) < 0)
		return err_no_memory(err);
	rc = kafka_options_add(kafka, assignment, false, err);
	free(assignment);
	return rc;
}

void
workers_tell(const struct workers_link *link, const void *summary)
{
	struct account account = { .is_last = false };
	size_t bytes = offsetof(struct account, summary) + link->summary_bytes;
	struct pollfd fd = { .fd = link->fd, .events = POLLOUT };

	/* writable means that PIPE_BUF bytes fit (pipe(7)), and nobody else writes */
	if (link->fd < 0 || poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT))
		return;
	memcpy(account.summary, summary, link->summary_bytes);
	(void)write_account(link->fd, &account, bytes);
}

/* Returns with the signals as they were before, in a process that is led. */
static int
follow(pid_t leader, unsigned number, const sigset_t *before, struct err *err)
{
	diag_set_member(number);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_errno(err, ERR_FAULT, errno, "prctl");
	/* it may have ended before that */
	if (getppid() != leader)
		stop_die(SIGKILL);
	if (stop_follow(err))
		return -1;
	if (sigprocmask(SIG_SETMASK, before, NULL))
		return err_errno(err, ERR_FAULT, errno, "sigprocmask");
	return 0;
}

/* Says as job_end would why it ends. */
static enum err_class
conclude(const struct err *err, struct account *account)
{
	if (err->class == ERR_NONE)
		return account->input == JOB_INPUT_BOUNDED && stop_requested() ? ERR_STOPPED : ERR_NONE;
	account->is_broken_pipe = err->is_broken_pipe;
	if (!err->is_broken_pipe)
		diag_error("%s", err->text);
	return err->class;
}

static _Noreturn void
be_member(const struct workers_work *work, unsigned number, int fd, pid_t leader,
    const sigset_t *before)
{
	struct account account = { .is_last = true, .input = JOB_INPUT_BOUNDED };
	size_t bytes = offsetof(struct account, summary) + work->summary_bytes;
	struct err err = ERR_INIT;
	enum err_class status;

	if (work->watch)
		*work->watch->link = (struct workers_link){ fd, work->summary_bytes };
	if (!follow(leader, number, before, &err))
		(void)work->run(work->context, number, account.summary, &account.input, &err);
	status = conclude(&err, &account);
	/* without it the leader counts a fault */
	if (!write_account(fd, &account, bytes))
		diag_error("no report could be left: %s", strerror(errno));
	exit((int)status);
}

/* ---- the leader ---- */

static int
start_member(struct group *group, const sigset_t *before, struct err *err)
{
	struct member *member = &group->members[group->member_count];
	pid_t leader = getpid();
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return err_errno(err, ERR_FAULT, errno, "-j: pipe");
	member->pid = fork();
	if (member->pid < 0) {
		err_errno(err, ERR_FAULT, errno, "-j: fork");
		(void)close(pair[0]);
		(void)close(pair[1]);
		return -1;
	}
	if (member->pid == 0) {
		(void)close(pair[0]);
		for (unsigned i = 0; i < group->member_count; i++)
			(void)close(group->members[i].fd);
		be_member(group->work, group->member_count + 1, pair[1], leader, before);
	}
	(void)close(pair[1]);
	member->fd = pair[0];
	group->member_count++;
	group->alive_count++;
	return 0;
}

/* A request to stop that comes meanwhile is passed on when all are there: none can miss it, as a signal is
 * not taken before the member follows. */
static int
start_members(struct group *group, unsigned count, struct err *err)
{
	sigset_t held, before;
	int rc = 0;

	/* or each member would print it again */
	if (fflush(stdout))
		return err_errno(err, ERR_IO, errno, "stdout");
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGINT);
	(void)sigaddset(&held, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &held, &before))
		return err_errno(err, ERR_FAULT, errno, "sigprocmask");
	for (unsigned i = 0; i < count && !rc; i++)
		rc = start_member(group, &before, err);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void
ask_to_stop(struct group *group)
{
	group->is_stopping = true;
	for (unsigned i = 0; i < group->member_count; i++) {
		if (group->members[i].fd >= 0)
			(void)kill(group->members[i].pid, SIGTERM); /* ours until it is waited for */
	}
}

/* How bad a status is; the order is the header's. -1: none of ours. */
static int
badness(enum err_class class)
{
	static const enum err_class order[] = { ERR_NONE, ERR_NO, ERR_STOPPED, ERR_UNAVAILABLE, ERR_IO,
		ERR_DATA, ERR_NO_INPUT, ERR_CANT_CREATE, ERR_DENIED, ERR_USAGE, ERR_FAULT };

	for (int i = 0; i < (int)(sizeof(order) / sizeof(*order)); i++) {
		if (order[i] == class)
			return i;
	}
	return -1;
}

/* Says what the member could not say itself. */
static enum err_class
class_of(const struct member *member, unsigned number, int status)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		diag_error("member %u was ended by signal %d (SIG%s)", number, WTERMSIG(status),
		    name ? name : "?");
		return ERR_FAULT;
	}
	if (badness((enum err_class)WEXITSTATUS(status)) < 0) {
		diag_error("member %u ended with status %d", number, WEXITSTATUS(status));
		return ERR_FAULT;
	}
	if (!member->has_reported) {
		diag_error("member %u ended without its report", number);
		return ERR_FAULT;
	}
	return (enum err_class)WEXITSTATUS(status);
}

static void *
told_by(const struct group *group, unsigned i)
{
	return group->told + i * group->work->summary_bytes;
}

/* Where the work stands, by what each member told last. */
static void
tell_sum(struct group *group)
{
	const struct workers_watch *watch = group->work->watch;
	_Alignas(max_align_t) unsigned char sum[WORKERS_SUMMARY_BYTES_MAX] = { 0 };

	if (!watch)
		return;
	for (unsigned i = 0; i < group->member_count; i++)
		group->work->add(sum, told_by(group, i));
	watch->told(watch->context, sum);
}

static void
take_account(struct group *group, unsigned i, const struct account *account)
{
	static const int rank[] = { [JOB_INPUT_ENDED] = 0, [JOB_INPUT_ENDLESS] = 1,
		[JOB_INPUT_BOUNDED] = 2 };

	memcpy(told_by(group, i), account->summary, group->work->summary_bytes);
	if (!account->is_last)
		return;
	group->members[i].has_reported = true;
	group->work->add(group->sum, account->summary);
	group->is_broken_pipe |= account->is_broken_pipe;
	if (rank[account->input] > rank[group->input])
		group->input = account->input;
}

static int
bury(struct group *group, unsigned i, struct err *err)
{
	struct member *member = &group->members[i];
	enum err_class class;
	int status;

	(void)close(member->fd); /* a pipe that was read to its end */
	member->fd = -1;
	group->alive_count--;
	if (group->work->watch)
		group->work->watch->rest(told_by(group, i));
	while (waitpid(member->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, ERR_FAULT, errno, "waitpid");
	}
	class = class_of(member, i + 1, status);
	if (!member->has_reported)
		group->input = JOB_INPUT_BOUNDED;
	if (badness(class) > badness(group->worst))
		group->worst = class;
	if (class == ERR_STOPPED)
		group->stopped_count++;
	else if (class != ERR_NONE)
		group->failed_count++;
	if (class != ERR_NONE && !group->is_stopping)
		ask_to_stop(group);
	return 0;
}

/* Its account, or the end of its pipe: it was its only writer. */
static int
attend(struct group *group, unsigned i, struct err *err)
{
	struct member *member = &group->members[i];
	struct account account;
	size_t bytes = offsetof(struct account, summary) + group->work->summary_bytes;
	ssize_t n = read(member->fd, &account, bytes); /* each was written at once */

	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return err_errno(err, ERR_FAULT, errno, "-j: pipe");
	if (n == 0) {
		if (bury(group, i, err))
			return -1;
	} else {
		assert((size_t)n == bytes);
		take_account(group, i, &account);
	}
	tell_sum(group);
	return 0;
}

static int
wait_members(struct group *group, struct err *err)
{
	struct pollfd fds[WORKERS_MAX + 1];

	while (group->alive_count) {
		for (unsigned i = 0; i < group->member_count; i++)
			fds[i] = (struct pollfd){ .fd = group->members[i].fd, .events = POLLIN };
		fds[group->member_count] = (struct pollfd){ .fd = group->is_stopping ? -1 : stop_fd(),
			.events = POLLIN };
		if (poll(fds, group->member_count + 1, -1) < 0 && errno != EINTR)
			return err_errno(err, ERR_FAULT, errno, "poll");
		if (stop_requested() && !group->is_stopping)
			ask_to_stop(group);
		for (unsigned i = 0; i < group->member_count; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && attend(group, i, err))
				return -1;
		}
	}
	return 0;
}

static int
sum_up(const struct group *group, struct err *err)
{
	if (group->worst == ERR_NONE)
		return 0;
	if (!group->failed_count)
		return err_set(err, ERR_STOPPED, "%u of %u members stopped with work undelivered",
		    group->stopped_count, group->member_count);
	err_set(err, group->worst, "%u of %u members failed", group->failed_count,
	    group->member_count);
	err->is_broken_pipe = group->is_broken_pipe;
	return -1;
}

static int
lead(struct group *group, unsigned count, struct err *err)
{
	struct err late = ERR_INIT;
	int rc;

	/* where it is ignored, nobody learns how a member ended (waitpid(2)) */
	(void)signal(SIGCHLD, SIG_DFL);
	rc = start_members(group, count, err);
	if (rc)
		ask_to_stop(group);
	else if (group->work->watch)
		group->work->watch->led(group->work->watch->context);
	if (wait_members(group, rc ? &late : err))
		return -1;
	return rc ? -1 : sum_up(group, err);
}

int
workers_run(const struct workers_options *options, const struct job *job,
    const struct workers_work *work, void *ret_sum, enum job_input *ret_input, struct err *err)
{
	struct group group = { .work = work, .sum = ret_sum, .input = JOB_INPUT_ENDED };
	int rc;

	assert(work->summary_bytes <= WORKERS_SUMMARY_BYTES_MAX);
	if (options->count == 1 || job->options.is_dry_run)
		return work->run(work->context, 0, ret_sum, ret_input, err);
	assert(options->count > 1 && options->count <= WORKERS_MAX);
	group.told = calloc((size_t)options->count, work->summary_bytes);
	if (!group.told)
		return err_no_memory(err);
	rc = lead(&group, (unsigned)options->count, err);
	free(group.told);
	*ret_input = group.input;
	return rc;
}
