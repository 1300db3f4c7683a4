/* SPDX-License-Identifier: MIT */
/* Real processes, three deep: this one, a tool that it forks, and the tool's members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/diag.h"
#include "base/stop.h"
#include "run/workers.h"
#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { MEMBERS_MAX = 4, PATIENCE_S = 120 };

enum act {
	NOBODY,
	END,      /* returns 0 */
	FAIL,     /* with class `arg` */
	BREAK,    /* the reader of its output went away */
	DIE,      /* by signal `arg` */
	EXIT,     /* with status `arg`, behind the back of workers_run */
	WAIT,     /* for a request to stop; then returns 0 */
	WAIT_FAIL, /* likewise; then fails with class `arg` */
	HANG,     /* says that it was asked to stop, and goes on */
	TELL,     /* its leader, TOLD times, how it goes; then returns 0 */
	TELL_DIE, /* likewise; then by signal `arg` */
};

enum { TOLD = 10 };

struct script {
	enum act act;
	int arg;
	enum job_input input;
};

struct summary {
	int64_t members;
	int64_t numbers;
	int64_t stopped;
};

struct result {
	struct summary sum;
	enum job_input input;
	struct summary told; /* the last */
	int told_count;
	int led_count;
	bool has_shrunk; /* some sum that was told was less than one before it */
};

/* What the tool process is given, and how it and its members talk back. */
struct stage {
	struct script scripts[MEMBERS_MAX];
	bool is_dry_run;
	int result_fd; /* struct result */
	int told_fd;   /* 'r' ready, 's' asked to stop; its end: all of them have ended */
	struct workers_link link;
	struct result *result; /* in the leader */
};

/* ---- in the tool and its members ---- */

static void
tell(const struct stage *stage, char what)
{
	if (write(stage->told_fd, &what, 1) != 1)
		_exit(99);
}

static void
wait_stop(const struct stage *stage, struct summary *summary)
{
	/* where the test has failed nobody ends it */
	(void)alarm(2 * PATIENCE_S);
	tell(stage, 'r');
	(void)stop_wait(INT64_MAX);
	summary->stopped = 1;
}

/* Not more often than its pipe has room for, so that none is left out. */
static void
tell_leader(const struct stage *stage, struct summary *summary)
{
	for (int i = 0; i < TOLD; i++) {
		summary->numbers++;
		summary->stopped = 1;
		workers_tell(&stage->link, summary);
	}
	summary->stopped = 0;
}

static void
on_led(void *context)
{
	((struct result *)context)->led_count++;
}

static void
on_told(void *context, const void *sum)
{
	struct result *result = context;
	const struct summary *now = sum;

	result->has_shrunk |= now->members < result->told.members ||
	    now->numbers < result->told.numbers;
	result->told = *now;
	result->told_count++;
}

static void
rest(void *summary)
{
	((struct summary *)summary)->stopped = 0;
}

static int
run(void *context, unsigned number, void *ret_summary, enum job_input *ret_input, struct err *err)
{
	const struct stage *stage = context;
	const struct script *script = &stage->scripts[number ? number - 1 : 0];
	struct summary *summary = ret_summary;

	*ret_input = script->input;
	summary->members = 1;
	summary->numbers = number;
	switch (script->act) {
	case NOBODY:
	case END:
		return 0;
	case FAIL:
		return err_set(err, (enum err_class)script->arg, "reason of %u", number);
	case BREAK:
		err_set(err, ERR_IO, "stdout");
		err->is_broken_pipe = true;
		return -1;
	case DIE:
		stop_die(script->arg);
	case EXIT:
		exit(script->arg);
	case WAIT:
		wait_stop(stage, summary);
		return 0;
	case WAIT_FAIL:
		wait_stop(stage, summary);
		return err_set(err, (enum err_class)script->arg, "reason of %u", number);
	case HANG:
		wait_stop(stage, summary);
		tell(stage, 's');
		for (;;)
			(void)pause();
	case TELL:
		tell_leader(stage, summary);
		return 0;
	case TELL_DIE:
		tell_leader(stage, summary);
		stop_die(script->arg);
	}
	return 0;
}

static void
add(void *sum, const void *summary)
{
	struct summary *total = sum;
	const struct summary *one = summary;

	total->members += one->members;
	total->numbers += one->numbers;
	total->stopped += one->stopped;
}

static int
be_tool(struct stage *stage)
{
	static const struct tool tool = { .name = "tool" };
	struct result result = { .input = JOB_INPUT_BOUNDED };
	struct workers_watch watch = { &result, &stage->link, on_led, on_told, rest };
	struct workers_work work = { stage, sizeof(struct summary), run, add, &watch };
	struct workers_options options = WORKERS_OPTIONS_INIT;
	struct job job = { .tool = &tool, .options = { .is_dry_run = stage->is_dry_run } };
	struct err err = ERR_INIT;

	stage->link = (struct workers_link)WORKERS_LINK_INIT;
	for (options.count = 1; options.count < MEMBERS_MAX; options.count++) {
		if (stage->scripts[options.count].act == NOBODY)
			break;
	}
	(void)setpgid(0, 0);
	diag_open(tool.name, DIAG_NOTE, false);
	if (!stop_install(&err))
		(void)workers_run(&options, &job, &work, &result.sum, &result.input, &err);
	if (write(stage->result_fd, &result, sizeof(result)) != sizeof(result))
		_exit(99);
	return job_end(&job, result.input, &err);
}

/* ---- in the test ---- */

struct process {
	pid_t pid;
	int result_fd, told_fd;
	char *root; /* its standard error is the file "log" */
};

static struct process
start(const struct script *scripts, bool is_dry_run)
{
	struct process process = { .root = scratch_new() };
	struct stage stage = { .is_dry_run = is_dry_run };
	char *log = scratch_path(process.root, "log");
	int results[2], told[2];

	memcpy(stage.scripts, scripts, sizeof(stage.scripts));
	assert_int_equal(pipe2(results, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	(void)alarm(PATIENCE_S);
	process.pid = fork();
	assert_true(process.pid >= 0);
	if (process.pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(99);
		(void)close(results[0]);
		(void)close(told[0]);
		stage.result_fd = results[1];
		stage.told_fd = told[1];
		_exit(be_tool(&stage));
	}
	(void)close(results[1]);
	(void)close(told[1]);
	process.result_fd = results[0];
	process.told_fd = told[0];
	free(log);
	return process;
}

/* Reads until `what` has come `times` times; fails at the end. */
static void
await(const struct process *process, char what, int times)
{
	char got;

	while (times > 0) {
		assert_int_equal(read(process->told_fd, &got, 1), 1);
		if (got == what)
			times--;
	}
}

/* How often it says `what` from now on, until all of its processes have ended. */
static int
count_to_end(const struct process *process, char what)
{
	int times = 0;
	char got;

	while (read(process->told_fd, &got, 1) == 1)
		times += got == what;
	return times;
}

/* Its exit status, or 1000 and the signal. The log is the caller's. */
static int
finish(struct process *process, struct result *ret, char **ret_log)
{
	size_t len;
	int status;

	memset(ret, 0, sizeof(*ret));
	(void)count_to_end(process, 'r');
	if (read(process->result_fd, ret, sizeof(*ret)) != sizeof(*ret))
		memset(ret, 0, sizeof(*ret));
	assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
	(void)alarm(0);
	(void)close(process->result_fd);
	(void)close(process->told_fd);
	*ret_log = scratch_read(process->root, "log", &len);
	scratch_remove(process->root);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define ENDED JOB_INPUT_ENDED
#define BOUNDED JOB_INPUT_BOUNDED
#define ENDLESS JOB_INPUT_ENDLESS

static const struct {
	const char *name;
	struct script scripts[MEMBERS_MAX];
	int status;
	enum job_input input;
	struct summary sum;
	const char *says, *says_too;
} cases[] = {
	{ "one", { { END, 0, ENDED } }, 0, ENDED, { 1, 0, 0 }, NULL, NULL },
	{ "sum", { { END, 0, ENDED }, { END, 0, ENDED }, { END, 0, ENDED }, { END, 0, ENDED } }, 0,
	    ENDED, { 4, 10, 0 }, NULL, NULL },
	{ "endless over ended", { { END, 0, ENDED }, { END, 0, ENDLESS } }, 0, ENDLESS, { 2, 3, 0 },
	    NULL, NULL },
	{ "bounded over endless", { { END, 0, BOUNDED }, { END, 0, ENDLESS } }, 0, BOUNDED,
	    { 2, 3, 0 }, NULL, NULL },
	/* one fails: the others end cleanly, and what they did is in the sum */
	{ "data", { { WAIT, 0, ENDLESS }, { FAIL, ERR_DATA, ENDLESS }, { WAIT, 0, ENDLESS } },
	    ERR_DATA, ENDLESS, { 3, 6, 2 }, "tool: member 2: reason of 2\n",
	    "tool: 1 of 3 members failed\n" },
	{ "all fail", { { FAIL, ERR_DENIED, ENDLESS }, { FAIL, ERR_DENIED, ENDLESS } }, ERR_DENIED,
	    ENDLESS, { 2, 3, 0 }, "tool: member 1: reason of 1\n",
	    "tool: 2 of 2 members failed\n" },
	/* members that were asked to stop before their end is no reason of its own */
	{ "failed over stopped", { { WAIT, 0, BOUNDED }, { FAIL, ERR_UNAVAILABLE, BOUNDED } },
	    ERR_UNAVAILABLE, BOUNDED, { 2, 3, 1 }, "tool: 1 of 2 members failed\n", NULL },
	{ "undelivered", { { WAIT_FAIL, ERR_STOPPED, ENDLESS }, { FAIL, ERR_STOPPED, ENDLESS } },
	    ERR_STOPPED, ENDLESS, { 2, 3, 1 },
	    "tool: 2 of 2 members stopped with work undelivered\n", NULL },
	{ "usage", { { FAIL, ERR_USAGE, BOUNDED }, { WAIT_FAIL, ERR_DENIED, BOUNDED } }, ERR_USAGE,
	    BOUNDED, { 2, 3, 1 }, "tool: member 1: reason of 1\n", NULL },
	/* the order of the header, neighbour by neighbour */
	{ "70 2", { { WAIT_FAIL, ERR_FAULT, ENDED }, { FAIL, ERR_USAGE, ENDED } }, ERR_FAULT, ENDED,
	    { 2, 3, 1 }, NULL, NULL },
	{ "2 77", { { WAIT_FAIL, ERR_USAGE, ENDED }, { FAIL, ERR_DENIED, ENDED } }, ERR_USAGE, ENDED,
	    { 2, 3, 1 }, NULL, NULL },
	{ "77 73", { { WAIT_FAIL, ERR_DENIED, ENDED }, { FAIL, ERR_CANT_CREATE, ENDED } },
	    ERR_DENIED, ENDED, { 2, 3, 1 }, NULL, NULL },
	{ "73 66", { { WAIT_FAIL, ERR_CANT_CREATE, ENDED }, { FAIL, ERR_NO_INPUT, ENDED } },
	    ERR_CANT_CREATE, ENDED, { 2, 3, 1 }, NULL, NULL },
	{ "66 65", { { WAIT_FAIL, ERR_NO_INPUT, ENDED }, { FAIL, ERR_DATA, ENDED } }, ERR_NO_INPUT,
	    ENDED, { 2, 3, 1 }, NULL, NULL },
	{ "65 74", { { WAIT_FAIL, ERR_DATA, ENDED }, { FAIL, ERR_IO, ENDED } }, ERR_DATA, ENDED,
	    { 2, 3, 1 }, NULL, NULL },
	{ "74 69", { { WAIT_FAIL, ERR_IO, ENDED }, { FAIL, ERR_UNAVAILABLE, ENDED } }, ERR_IO, ENDED,
	    { 2, 3, 1 }, NULL, NULL },
	{ "69 75", { { WAIT_FAIL, ERR_UNAVAILABLE, ENDED }, { FAIL, ERR_STOPPED, ENDED } },
	    ERR_UNAVAILABLE, ENDED, { 2, 3, 1 }, NULL, NULL },
	{ "75 1", { { WAIT_FAIL, ERR_STOPPED, ENDED }, { FAIL, ERR_NO, ENDED } }, ERR_STOPPED, ENDED,
	    { 2, 3, 1 }, NULL, NULL },
	{ "1 0", { { END, 0, ENDED }, { FAIL, ERR_NO, ENDED } }, ERR_NO, ENDED, { 2, 3, 0 }, NULL,
	    NULL },
	/* faults: nothing of the one that had it is in the sum */
	{ "killed", { { WAIT, 0, ENDLESS }, { WAIT, 0, ENDLESS }, { DIE, SIGKILL, ENDLESS } },
	    ERR_FAULT, BOUNDED, { 2, 3, 2 }, "tool: member 3 was ended by signal 9 (SIGKILL)\n",
	    "tool: 1 of 3 members failed\n" },
	{ "aborted", { { DIE, SIGABRT, ENDED }, { END, 0, ENDED } }, ERR_FAULT, BOUNDED, { 1, 2, 0 },
	    "tool: member 1 was ended by signal 6 (SIGABRT)\n", NULL },
	{ "strange status", { { EXIT, 23, ENDED }, { WAIT, 0, ENDED } }, ERR_FAULT, BOUNDED,
	    { 1, 2, 1 }, "tool: member 1 ended with status 23\n", NULL },
	{ "no report", { { EXIT, 0, ENDED }, { WAIT, 0, ENDED } }, ERR_FAULT, BOUNDED, { 1, 2, 1 },
	    "tool: member 1 ended without its report\n", NULL },
	/* as with one process: no words, the end that a broken pipe has */
	{ "broken pipe", { { BREAK, 0, ENDLESS }, { WAIT, 0, ENDLESS } }, 1000 + SIGPIPE, ENDLESS,
	    { 2, 3, 1 }, NULL, NULL },
};

static void
test_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct process process = start(cases[i].scripts, false);
		struct result result;
		char *log;
		int status = finish(&process, &result, &log);

		if (status != cases[i].status || result.input != cases[i].input ||
		    memcmp(&result.sum, &cases[i].sum, sizeof(result.sum)) != 0)
			fail_msg("%s: status %d, input %d, sum %d %d %d: %s", cases[i].name, status,
			    (int)result.input, (int)result.sum.members, (int)result.sum.numbers,
			    (int)result.sum.stopped, log);
		if ((cases[i].says && !strstr(log, cases[i].says)) ||
		    (cases[i].says_too && !strstr(log, cases[i].says_too)))
			fail_msg("%s: says %s", cases[i].name, log);
		if (status == 0 || status > 1000)
			assert_string_equal(log, "");
		free(log);
	}
}

/* What a member told stays in the sum when it is killed; what was of the moment does not. */
static void
test_watch(void **state)
{
	static const struct script scripts[MEMBERS_MAX] = { { TELL, 0, ENDED },
		{ TELL_DIE, SIGKILL, ENDED }, { WAIT, 0, ENDED } };
	struct process process = start(scripts, false);
	struct result result;
	char *log;

	(void)state;
	assert_int_equal(finish(&process, &result, &log), ERR_FAULT);
	/* 1 + TOLD, 2 + TOLD, 3 */
	assert_int_equal(result.told.numbers, 6 + 2 * TOLD);
	assert_int_equal(result.told.members, 3);
	assert_int_equal(result.told.stopped, 0);
	assert_false(result.has_shrunk);
	assert_true(result.told_count > 2 * TOLD);
	assert_int_equal(result.led_count, 1);
	/* as ever: what it left no report of is missing */
	assert_int_equal(result.sum.members, 2);
	assert_int_equal(result.sum.numbers, 4 + TOLD);
	free(log);
}

/* A leader that does not read holds up nobody. */
static void
test_tell_never_waits(void **state)
{
	struct summary summary = { .members = 1 };
	struct workers_link link = WORKERS_LINK_INIT;
	int pair[2];

	(void)state;
	workers_tell(&link, &summary); /* no member */
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	link = (struct workers_link){ pair[1], sizeof(summary) };
	(void)alarm(PATIENCE_S);
	for (int i = 0; i < 100 * 1000; i++)
		workers_tell(&link, &summary);
	(void)alarm(0);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
test_instances(void **state)
{
	struct kafka_options o = { .brokers = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(workers_name_instance(&o, 2, &err), 0);
	assert_null(kafka_options_get(&o, "group.instance.id"));
	assert_int_equal(kafka_options_add(&o, "group.instance.id=a", false, &err), 0);
	assert_int_equal(workers_name_instance(&o, 0, &err), 0);
	assert_string_equal(kafka_options_get(&o, "group.instance.id"), "a");
	assert_int_equal(workers_name_instance(&o, 12, &err), 0);
	assert_string_equal(kafka_options_get(&o, "group.instance.id"), "a-12");
	kafka_options_release(&o);
}

/* Nothing is forked where nothing is done. */
static void
test_dry_run(void **state)
{
	static const struct script scripts[MEMBERS_MAX] = { { END, 0, ENDED }, { END, 0, ENDED } };
	struct process process = start(scripts, true);
	struct result result;
	char *log;

	(void)state;
	assert_int_equal(finish(&process, &result, &log), 0);
	assert_int_equal(result.sum.members, 1);
	assert_int_equal(result.sum.numbers, 0);
	free(log);
}

static const struct {
	const char *name;
	bool is_to_group; /* as a terminal and a supervisor do */
	int signal;
	enum job_input input;
	int status;
	const char *says;
} stops[] = {
	{ "TERM", false, SIGTERM, ENDLESS, 0, "" },
	{ "TERM to all", true, SIGTERM, ENDLESS, 0, "" },
	{ "TERM, bounded", false, SIGTERM, BOUNDED, ERR_STOPPED,
	    "tool: 3 of 3 members stopped with work undelivered\n" },
	{ "INT to all", true, SIGINT, ENDLESS, 1000 + SIGINT, "" },
	{ "HUP", false, SIGHUP, ENDLESS, 1000 + SIGHUP, "" },
	{ "HUP to all", true, SIGHUP, ENDLESS, 1000 + SIGHUP, "" },
};

static void
test_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stops); i++) {
		struct script scripts[MEMBERS_MAX] = { { WAIT, 0, stops[i].input },
			{ WAIT, 0, stops[i].input }, { WAIT, 0, stops[i].input } };
		struct process process = start(scripts, false);
		struct result result;
		char *log;
		int status;

		await(&process, 'r', 3);
		assert_int_equal(
		    kill(stops[i].is_to_group ? -process.pid : process.pid, stops[i].signal), 0);
		status = finish(&process, &result, &log);
		if (status != stops[i].status || result.sum.members != 3 || result.sum.stopped != 3 ||
		    strcmp(log, stops[i].says) != 0)
			fail_msg("%s: status %d, %d stopped: %s", stops[i].name, status,
			    (int)result.sum.stopped, log);
		free(log);
	}
}

static const struct script hanging[MEMBERS_MAX] = { { HANG, 0, ENDLESS }, { HANG, 0, ENDLESS },
	{ HANG, 0, ENDLESS } };

/* The end of the members' pipe shows that none is left. */
static void
test_second_signal(void **state)
{
	struct process process = start(hanging, false);
	struct result result;
	char *log;

	(void)state;
	await(&process, 'r', 3);
	/* to the leader alone: once the members know, it has taken this one, and the next is its second */
	assert_int_equal(kill(process.pid, SIGTERM), 0);
	await(&process, 's', 3);
	assert_int_equal(kill(process.pid, SIGTERM), 0);
	assert_int_equal(finish(&process, &result, &log), 1000 + SIGTERM);
	assert_string_equal(log, "");
	free(log);
}

static void
test_leader_killed(void **state)
{
	struct process process = start(hanging, false);
	struct result result;
	char *log;

	(void)state;
	await(&process, 'r', 3);
	assert_int_equal(kill(process.pid, SIGKILL), 0);
	assert_int_equal(count_to_end(&process, 's'), 0);
	assert_int_equal(finish(&process, &result, &log), 1000 + SIGKILL);
	free(log);
}

static bool
is_stop_readable(void)
{
	struct pollfd fd = { .fd = stop_fd(), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* Each step's number is the exit status where it fails. */
static int
follow_steps(void)
{
	struct err err = ERR_INIT;
	pid_t pid;
	int status;

	if (stop_install(&err))
		return 1;
	pid = fork();
	if (pid == 0) {
		if (stop_follow(&err) || is_stop_readable())
			_exit(2);
		(void)raise(SIGINT);
		/* the second does not end it, and what is said is SIGTERM */
		(void)raise(SIGINT);
		_exit(is_stop_readable() && stop_signal() == SIGTERM ? 0 : 3);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 4;
	if (WEXITSTATUS(status))
		return WEXITSTATUS(status);
	/* not by the other's request */
	if (is_stop_readable() || stop_requested())
		return 5;
	(void)raise(SIGTERM);
	/* a request made before is there for one that follows later */
	if (stop_follow(&err) || !stop_requested() || !is_stop_readable())
		return 6;
	return 0;
}

static void
test_follow(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(follow_steps());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_check(void **state)
{
	static const struct {
		int64_t jobs;
		const char *topic;
		size_t partitions;
		int64_t count_max;
		enum err_class class;
	} checks[] = {
		{ 1, NULL, 0, 0, ERR_NONE },
		{ 1, "t", 2, 5, ERR_NONE },
		{ 2, "t", 0, 0, ERR_NONE },
		{ 2, NULL, 0, 0, ERR_USAGE },
		{ 2, "t", 1, 0, ERR_USAGE },
		{ 2, "t", 0, 1, ERR_USAGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(checks); i++) {
		struct workers_options options = { .count = checks[i].jobs };
		struct input_options input = { .topic = checks[i].topic,
			.partition_count = checks[i].partitions, .count_max = checks[i].count_max };
		struct err err = ERR_INIT;

		(void)workers_check(&options, &input, &err);
		assert_int_equal(err.class, checks[i].class);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_tell_never_waits),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_second_signal),
		cmocka_unit_test(test_leader_killed),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_check),
	};

	/* a shell's background jobs and nohup ignore some of them, and so would all that they start */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
