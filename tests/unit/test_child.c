/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/child.h"
#include "io/replace_file.h"
#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { OUT_BYTES_MAX = 100, LONG_MS = 60 * 1000, SHORT_MS = 200 };

static const struct {
	const char *script;
	int64_t ms_max;
	enum err_class class; /* ERR_NONE: it ran */
	int exit_status;
	const char *out, *error;
} cases[] = {
	{ "echo out; echo error >&2; exit 3", LONG_MS, ERR_NONE, 3, "out\n", "error\n" },
	{ "cat", LONG_MS, ERR_NONE, 0, "", "" }, /* standard input is empty */
	{ "head -c 1000 /dev/zero", LONG_MS, ERR_DATA, 0, NULL, NULL },
	{ "head -c 100000 /dev/zero | tr '\\0' x >&2; echo ok", LONG_MS, ERR_NONE, 0, "ok\n",
	    NULL },
	{ "exec sleep 100", SHORT_MS, ERR_UNAVAILABLE, 0, NULL, NULL },
	/* it closes its output and stays */
	{ "exec >&- 2>&-; exec sleep 100", SHORT_MS, ERR_UNAVAILABLE, 0, NULL, NULL },
	/* what it has started keeps its output open */
	{ "sleep 3 & exit 0", SHORT_MS, ERR_UNAVAILABLE, 0, NULL, NULL },
};

static void
test_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT(OUT_BYTES_MAX), error = BUF_INIT(5000);
		char *script = strdup(cases[i].script);
		char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
		struct err err = ERR_INIT;
		int status = 0, rc;

		rc = child_run(argv, cases[i].ms_max, &out, &error, &status, &err);
		if (err.class != cases[i].class || (rc == 0) != (err.class == ERR_NONE))
			fail_msg("%s: %d %s", cases[i].script, (int)err.class, err.text);
		if (!rc) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), cases[i].exit_status);
			assert_true(slice_is(buf_slice(&out), cases[i].out));
		}
		if (cases[i].error)
			assert_true(slice_is(buf_slice(&error), cases[i].error));
		free(script);
		buf_release(&out);
		buf_release(&error);
	}
}

static void
test_no_such_program(void **state)
{
	struct buf out = BUF_INIT(OUT_BYTES_MAX), error = BUF_INIT(5000);
	char *argv[] = { (char[]){ "/nonexistent/program" }, NULL };
	struct err err = ERR_INIT;
	int status;

	(void)state;
	assert_int_equal(child_run(argv, LONG_MS, &out, &error, &status, &err), -1);
	assert_int_equal(err.class, ERR_NO_INPUT);
}

/* ---- on a loop ---- */

enum { CALLS = 8, CALL_OUT_BYTES_MAX = 200 * 1000, TOO_MUCH = 1000 * 1000 };

struct call {
	struct child_call *child;
	bool is_done;
	struct err err;
	int status;
	struct buf out;
};

static void
on_done(void *context, const struct child_result *result, const struct err *err)
{
	struct call *call = context;
	struct err none = ERR_INIT;

	assert_false(call->is_done);
	call->is_done = true;
	call->err = *err;
	call->status = result->status;
	assert_int_equal(buf_append(&call->out, result->out, &none), 0);
}

static void
begin(struct loop *loop, struct call *call, char *script, struct slice input, int64_t ms_max)
{
	/* argv is borrowed until done */
	static char sh[] = "sh", c[] = "-c";
	char **argv = calloc(4, sizeof(char *));
	struct child_request request = { .argv = argv, .input = input,
		.out_bytes_max = CALL_OUT_BYTES_MAX, .ms_max = ms_max };
	struct err err = ERR_INIT;

	argv[0] = sh;
	argv[1] = c;
	argv[2] = script;
	*call = (struct call){ .out = BUF_INIT(TOO_MUCH) };
	call->child = child_start(loop, &request, on_done, call, &err);
	free(argv); /* the program has its own */
	assert_non_null(call->child);
}

static void
turn_until_done(struct loop *loop, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		while (!calls[i].is_done)
			(void)loop_turn(loop, clock_deadline(LONG_MS));
	}
}

static void
expect_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static char large_input[300 * 1000];

static const struct {
	const char *script;
	size_t input_bytes;
	int64_t ms_max;
	enum err_class class;
	int status; /* as from waitpid */
	const char *out; /* NULL: any */
} call_cases[] = {
	{ "cat", 5, LONG_MS, ERR_NONE, 0, "xxxxx" },
	{ "cat", 0, LONG_MS, ERR_NONE, 0, "" },
	/* both pipes are full meanwhile */
	{ "cat | head -c 200000", sizeof(large_input), LONG_MS, ERR_NONE, 0, NULL },
	{ "cat; exec sleep 100", sizeof(large_input), LONG_MS, ERR_DATA, 9, NULL },
	/* it reads nothing */
	{ "echo out; exit 3", sizeof(large_input), LONG_MS, ERR_NONE, 3 << 8, "out\n" },
	{ "kill -TERM $$", 0, LONG_MS, ERR_NONE, 15, "" },
	{ "exec sleep 100", 0, SHORT_MS, ERR_UNAVAILABLE, 9, "" },
	/* it closes its output and stays */
	{ "exec >&-; exec sleep 100", 0, SHORT_MS, ERR_UNAVAILABLE, 9, "" },
	/* what it has started keeps its output open, and is gone with it */
	{ "sleep 100 & echo ok", 0, LONG_MS, ERR_NONE, 0, "ok\n" },
};

static void
test_calls(void **state)
{
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);

	(void)state;
	memset(large_input, 'x', sizeof(large_input));
	for (size_t i = 0; i < COUNT(call_cases); i++) {
		char *script = strdup(call_cases[i].script);
		struct call call;

		begin(loop, &call, script, slice_make(large_input, call_cases[i].input_bytes),
		    call_cases[i].ms_max);
		turn_until_done(loop, &call, 1);
		if (call.err.class != call_cases[i].class || call.status != call_cases[i].status)
			fail_msg("%s: %d %s, status %d", script, (int)call.err.class,
			    call.err.text, call.status);
		if (call_cases[i].out && !slice_is(buf_slice(&call.out), call_cases[i].out))
			fail_msg("%s: %s", script, call.out.data);
		expect_no_children();
		buf_release(&call.out);
		free(script);
	}
	loop_free(loop);
}

/* Each waits until all have begun: they run at once. */
static void
test_calls_at_once(void **state)
{
	char *root = scratch_new(), *wait = NULL;
	struct call calls[CALLS];
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);

	(void)state;
	assert_true(asprintf(&wait,
	    "cd '%s'; : >$$; until [ $(ls | wc -l) = %d ]; do sleep 0.01; done; cat", root, CALLS) > 0);
	for (size_t i = 0; i < CALLS; i++)
		begin(loop, &calls[i], wait, slice_of("x"), LONG_MS);
	turn_until_done(loop, calls, CALLS);
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i].err.class, ERR_NONE);
		assert_true(slice_is(buf_slice(&calls[i].out), "x"));
		buf_release(&calls[i].out);
	}
	expect_no_children();
	loop_free(loop);
	free(wait);
	scratch_remove(root);
}

/* Neither the program nor what it has started is left. */
static void
test_cancelled_call(void **state)
{
	char *root = scratch_new(), *script = NULL, *path = scratch_path(root, "pids");
	struct call call;
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	int64_t deadline_mono_ms = clock_deadline(LONG_MS / 2);
	int pids[2] = { 0, 0 };
	FILE *file;

	(void)state;
	assert_true(asprintf(&script, "sleep 1000 & echo $$ $! >'%s'.new; mv '%s'.new '%s'; wait",
			path, path, path) > 0);
	begin(loop, &call, script, slice_of("x"), LONG_MS);
	while (access(path, R_OK))
		(void)loop_turn(loop, clock_deadline(1));
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d %d", &pids[0], &pids[1]), 2);
	(void)fclose(file);
	child_cancel(call.child);
	expect_no_children();
	assert_false(call.is_done);
	/* the second is init's to reap, once it is dead */
	while (!kill(pids[1], 0) && getpgid(pids[1]) == pids[0]) {
		assert_true(clock_mono_ms() < deadline_mono_ms);
		(void)usleep(1000);
	}
	buf_release(&call.out);
	loop_free(loop);
	free(script);
	free(path);
	scratch_remove(root);
}

static void
test_no_such_program_to_call(void **state)
{
	char *argv[] = { (char[]){ "/nonexistent/program" }, NULL };
	struct child_request request = { .argv = argv, .ms_max = LONG_MS };
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);

	(void)state;
	assert_null(child_start(loop, &request, on_done, NULL, &err));
	assert_int_equal(err.class, ERR_NO_INPUT);
	assert_string_equal(err.text, "cannot run /nonexistent/program: No such file or directory");
	expect_no_children();
	loop_free(loop);
}

/* Somebody else has waited for it: it may have failed. */
static void
test_call_that_another_waited_for(void **state)
{
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	char script[] = "echo out";
	struct call call;

	(void)state;
	begin(loop, &call, script, slice_of(""), LONG_MS);
	assert_true(waitpid(-1, NULL, 0) > 0);
	turn_until_done(loop, &call, 1);
	assert_int_equal(call.err.class, ERR_UNAVAILABLE);
	assert_string_equal(call.err.text, "it has ended, and how is not known");
	buf_release(&call.out);
	loop_free(loop);
}

/* Wherever descriptors run out, that passes. */
static void
test_no_descriptors_for_a_call(void **state)
{
	char *argv[] = { (char[]){ "true" }, NULL };
	struct child_request request = { .argv = argv, .ms_max = LONG_MS };
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	struct rlimit before, few;
	int next = dup(STDIN_FILENO);
	struct child_call *call;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	for (int more = 0; more < 6; more++) {
		few.rlim_cur = (rlim_t)(next + more);
		(void)close(next);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		call = child_start(loop, &request, on_done, NULL, &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_null(call);
		assert_int_equal(err.class, ERR_UNAVAILABLE);
		assert_string_equal(err.text, "pipe: Too many open files");
		/* none is left open */
		assert_int_equal(dup(STDIN_FILENO), next);
	}
	(void)close(next);
	expect_no_children();
	loop_free(loop);
}

/* A program that is being written. */
static void
test_program_that_is_written(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "program");
	char *argv[] = { path, NULL };
	struct child_request request = { .argv = argv, .ms_max = LONG_MS };
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	int fd;

	(void)state;
	scratch_write(root, "program", "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0755), 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_null(child_start(loop, &request, on_done, NULL, &err));
	assert_int_equal(err.class, ERR_UNAVAILABLE);
	expect_no_children();
	(void)close(fd);
	loop_free(loop);
	free(path);
	scratch_remove(root);
}

static void
test_replace_file(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "f"),
	     *absent = scratch_path(root, "a/b"), *directory = scratch_path(root, "d");
	struct err err = ERR_INIT;
	mode_t mask = umask(027);
	struct stat status;

	(void)state;
	scratch_write(root, "f", "a longer one");
	assert_int_equal(replace_file(path, slice_of("new"), REPLACE_FILE_AS_SECRET, &err), 0);
	assert_true(scratch_holds(root, "f", "new"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(replace_file(path, slice_of("1"), REPLACE_FILE_AS_NUMBERS, &err), 0);
	assert_true(scratch_holds(root, "f", "1"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(replace_file_check(path, &err), 0);
	assert_int_equal(replace_file(absent, slice_of("new"), REPLACE_FILE_AS_SECRET, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_int_equal(replace_file_check(absent, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	/* what was begun is gone: a directory is in the way */
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(replace_file_check(directory, &err), -1);
	assert_int_equal(replace_file(directory, slice_of("new"), REPLACE_FILE_AS_NUMBERS, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_int_equal(scratch_count_files(root), 1);
	(void)umask(mask);
	free(path);
	free(directory);
	free(absent);
	scratch_remove(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_calls_at_once),
		cmocka_unit_test(test_cancelled_call),
		cmocka_unit_test(test_no_such_program_to_call),
		cmocka_unit_test(test_call_that_another_waited_for),
		cmocka_unit_test(test_no_descriptors_for_a_call),
		cmocka_unit_test(test_program_that_is_written),
		cmocka_unit_test(test_replace_file),
	};

	/* as base/stop has it */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
