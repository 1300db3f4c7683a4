/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

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

static void
test_replace_file(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "f"),
	     *absent = scratch_path(root, "a/b");
	struct err err = ERR_INIT;

	(void)state;
	scratch_write(root, "f", "a longer one");
	assert_int_equal(replace_file(path, slice_of("new"), &err), 0);
	assert_true(scratch_holds(root, "f", "new"));
	assert_int_equal(replace_file(absent, slice_of("new"), &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_int_equal(scratch_count_files(root), 1);
	free(path);
	free(absent);
	scratch_remove(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_replace_file),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
