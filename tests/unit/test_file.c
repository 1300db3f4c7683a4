/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "scratch.h"

/* Every case runs with files without names and with hidden ones. */
struct place {
	char *root;
	bool is_hidden_style;
	struct directory *directory;
	struct err err;
};

static struct place *
place_new(bool is_hidden_style)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->root = scratch_new();
	p->is_hidden_style = is_hidden_style;
	p->directory = directory_open(p->root, &p->err);
	assert_non_null(p->directory);
	if (is_hidden_style)
		directory_use_hidden(p->directory);
	return p;
}

static int
setup(void **state)
{
	*state = place_new(false);
	return 0;
}

static int
setup_hidden(void **state)
{
	*state = place_new(true);
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	directory_free(p->directory);
	scratch_remove(p->root);
	free(p);
	return 0;
}

static struct spool *
spool_with(struct place *p, const char *path, const char *text)
{
	struct spool *s = spool_open(p->directory, path, &p->err);

	assert_non_null(s);
	assert_int_equal(spool_write(s, slice_of(text), &p->err), 0);
	return s;
}

static void
appears_when_published(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "year=2019/month=01", "{\"a\":1}\n");

	assert_true(scratch_has(p->root, "year=2019/month=01"));
	assert_false(scratch_has(p->root, "year=2019/month=01/part.json"));
	assert_int_equal(scratch_count_files(p->root), p->is_hidden_style);
	assert_int_equal(spool_publish(s, "part.json", false, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "year=2019/month=01/part.json", "{\"a\":1}\n"));
	spool_free(s);
	assert_true(scratch_has(p->root, "year=2019/month=01/part.json"));
	assert_int_equal(scratch_count_files(p->root), 1);
}

static void
in_the_directory_itself(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "", "x");

	assert_int_equal(spool_publish(s, "part.json", false, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "part.json", "x"));
	spool_free(s);
}

static void
follows_the_umask(void **state)
{
	struct place *p = *state;
	mode_t old = umask(027);
	struct spool *s = spool_with(p, "d", "x");
	char *path = scratch_path(p->root, "d/f");
	struct stat status;

	umask(old);
	assert_int_equal(spool_publish(s, "f", false, &p->err), SPOOL_LINKED);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	free(path);
	spool_free(s);
}

static void
unpublished_leaves_nothing(void **state)
{
	struct place *p = *state;

	spool_free(spool_with(p, "a", "x"));
	assert_int_equal(scratch_count_files(p->root), 0);
	spool_free(NULL);
}

static void
never_replaces_unasked(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "", "new");

	scratch_write(p->root, "f", "old");
	assert_int_equal(spool_publish(s, "f", false, &p->err), SPOOL_EXISTS);
	assert_true(scratch_holds(p->root, "f", "old"));
	/* the spool is as before */
	assert_int_equal(spool_publish(s, "g", false, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "g", "new"));
	spool_free(s);
}

static void
replaces_when_asked(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "", "new");

	scratch_write(p->root, "f", "old");
	assert_int_equal(spool_publish(s, "f", true, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "f", "new"));
	spool_free(s);
	s = spool_with(p, "", "first");
	assert_int_equal(spool_publish(s, "g", true, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "g", "first"));
	spool_free(s);
	assert_int_equal(scratch_count_files(p->root), 2);
}

static void
cannot_replace_a_directory(void **state)
{
	struct place *p = *state;
	struct spool *made = spool_with(p, "f", "x"), *s = spool_with(p, "", "new");

	assert_int_equal(spool_publish(s, "f", true, &p->err), SPOOL_FAILED);
	assert_int_equal(p->err.class, ERR_CANT_CREATE);
	spool_free(made);
	spool_free(s);
	assert_int_equal(scratch_count_files(p->root), 0);
}

static void
compares_content(void **state)
{
	static const struct {
		const char *there;
		bool is_equal;
	} cases[] = { { "same", true }, { "sane", false }, { "same\n", false }, { "", false } };
	struct place *p = *state;
	struct spool *s = spool_with(p, "", "same");
	bool is_equal;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scratch_write(p->root, "f", cases[i].there);
		assert_int_equal(spool_equals(s, "f", &is_equal, &p->err), 0);
		assert_int_equal(is_equal, cases[i].is_equal);
	}
	assert_int_equal(spool_equals(s, "missing", &is_equal, &p->err), -1);
	assert_int_equal(p->err.class, ERR_IO);
	spool_free(s);
}

static void
compares_all_of_a_large_file(void **state)
{
	enum { BYTES = 100000 };
	struct place *p = *state;
	struct spool *a, *b;
	char *text = malloc(BYTES + 1);
	bool is_equal;

	memset(text, 'x', BYTES);
	text[BYTES] = '\0';
	a = spool_with(p, "", text);
	assert_int_equal(spool_publish(a, "f", false, &p->err), SPOOL_LINKED);
	b = spool_with(p, "", text);
	assert_int_equal(spool_equals(b, "f", &is_equal, &p->err), 0);
	assert_true(is_equal);
	spool_free(b);
	text[BYTES - 1] = 'y';
	b = spool_with(p, "", text);
	assert_int_equal(spool_equals(b, "f", &is_equal, &p->err), 0);
	assert_false(is_equal);
	spool_free(a);
	spool_free(b);
	free(text);
}

static void
reads_back(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_open_scratch(p->directory, &p->err);
	char bytes[8];
	size_t len;

	assert_non_null(s);
	assert_int_equal(scratch_count_files(p->root), 0);
	assert_int_equal(spool_write(s, slice_of("0123456789"), &p->err), 0);
	assert_int_equal(spool_bytes(s), 10);
	assert_int_equal(spool_read(s, 4, bytes, sizeof(bytes), &len, &p->err), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(bytes, "456789", 6);
	spool_free(s);
}

enum { PILES = 7, PILE_BYTES_MAX = 400 * 1000 };

/* What pile `pile` holds at a place; no two are alike near a block's end. */
static char
expected_byte(unsigned round, size_t pile, size_t at)
{
	return (char)(round * 31 + pile * 7 + at % 251 + at / 65536 * 13);
}

static void
add_some(struct spool *s, unsigned round, size_t pile, size_t len, struct err *err)
{
	char *bytes = malloc(len + 1);
	size_t begin = (size_t)spool_bytes(s);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = expected_byte(round, pile, begin + i);
	assert_int_equal(spool_write(s, slice_make(bytes, len), err), 0);
	assert_int_equal(spool_bytes(s), begin + len);
	free(bytes);
}

static void
expect_pile(const struct spool *s, unsigned round, size_t pile, size_t piece, struct err *err)
{
	size_t bytes = (size_t)spool_bytes(s), len = piece;
	char *read = malloc(piece);

	assert_non_null(read);
	for (size_t at = 0; len == piece; at += len) {
		assert_int_equal(spool_read(s, (int64_t)at, read, piece, &len, err), 0);
		assert_int_equal(len, bytes - at < piece ? bytes - at : piece);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(read[i], expected_byte(round, pile, at + i));
	}
	free(read);
}

/* They share a file: what one holds is its own, also where it takes the place of one that is gone. */
static void
scratch_files_at_once(void **state)
{
	struct place *p = *state;
	struct spool *piles[PILES] = { NULL };
	unsigned rounds[PILES] = { 0 };
	unsigned random = 1;

	for (unsigned step = 0; step < 600; step++) {
		size_t i = (random = random * 1103515245 + 12345) >> 16 & 0xffff;
		size_t len = i * 7 % 30000;

		i %= PILES;
		if (!piles[i])
			piles[i] = spool_open_scratch(p->directory, &p->err);
		assert_non_null(piles[i]);
		add_some(piles[i], rounds[i], i, len, &p->err);
		if (spool_bytes(piles[i]) < PILE_BYTES_MAX)
			continue;
		expect_pile(piles[i], rounds[i]++, i, 65536, &p->err);
		spool_free(piles[i]);
		piles[i] = NULL;
	}
	for (size_t i = 0; i < PILES; i++) {
		assert_non_null(piles[i]);
		expect_pile(piles[i], rounds[i], i, 10007, &p->err);
		spool_free(piles[i]);
		assert_true(rounds[i] > 0);
	}
	assert_int_equal(scratch_count_files(p->root), 0);
}

static void
paths_stay_inside(void **state)
{
	static const char *const paths[] = { "..", "a/../..", "/etc", "a//b", "./a", "a/", "." };
	struct place *p = *state;
	struct spool *s;
	bool has;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_null(spool_open(p->directory, paths[i], &p->err));
		assert_int_equal(p->err.class, ERR_FAULT);
		assert_int_equal(directory_has(p->directory, paths[i], "f", &has, &p->err), -1);
		assert_int_equal(directory_sync(p->directory, paths[i], NULL, &p->err), -1);
	}
	s = spool_with(p, "a", "x");
	assert_int_equal(spool_publish(s, "../f", false, &p->err), SPOOL_FAILED);
	assert_int_equal(spool_publish(s, "..", false, &p->err), SPOOL_FAILED);
	assert_int_equal(spool_publish(s, "", false, &p->err), SPOOL_FAILED);
	spool_free(s);
}

static void
says_what_exists(void **state)
{
	struct place *p = *state;
	bool has;

	scratch_write(p->root, "f", "x");
	assert_int_equal(directory_has(p->directory, "", "f", &has, &p->err), 0);
	assert_true(has);
	assert_int_equal(directory_has(p->directory, "", "g", &has, &p->err), 0);
	assert_false(has);
	assert_int_equal(directory_has(p->directory, "no/such", "f", &has, &p->err), 0);
	assert_false(has);
	assert_int_equal(directory_has(p->directory, "f", "f", &has, &p->err), -1);
	assert_int_equal(p->err.class, ERR_CANT_CREATE);
}

static void
a_file_in_the_way(void **state)
{
	struct place *p = *state;

	scratch_write(p->root, "year=2019", "");
	assert_null(spool_open(p->directory, "year=2019/month=01", &p->err));
	assert_int_equal(p->err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(p->err.text, "year=2019/month=01: Not a directory"));
}

static void
a_directory_tidied_away(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "a/b", "x");
	char *path = scratch_path(p->root, "a/b");

	if (!p->is_hidden_style) {
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(spool_publish(s, "f", false, &p->err), SPOOL_LINKED);
		assert_true(scratch_holds(p->root, "a/b/f", "x"));
	}
	free(path);
	spool_free(s);
}

static void
syncs_directories(void **state)
{
	struct place *p = *state;
	struct spool *s = spool_with(p, "a/b/c", "x");

	assert_int_equal(directory_sync(p->directory, "a/b/c", NULL, &p->err), 0);
	assert_int_equal(directory_sync(p->directory, "a/b/c", "a/b/c", &p->err), 0);
	assert_int_equal(directory_sync(p->directory, "a/b", "a/bc", &p->err), 0);
	assert_int_equal(directory_sync(p->directory, "a/x", NULL, &p->err), -1);
	assert_int_equal(p->err.class, ERR_IO);
	assert_non_null(strstr(p->err.text, "a/x: No such file"));
	spool_free(s);
}

/* Makes a spool in a child that is killed; tells how many files it left. */
static void
crash_in(struct place *p)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct spool *s = spool_open(p->directory, "d", &p->err);

		if (s && !spool_write(s, slice_of("half"), &p->err))
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
a_crash_leaves_nothing_for_long(void **state)
{
	struct place *p = *state;
	struct spool *alive, *s;

	alive = spool_with(p, "d", "alive");
	crash_in(p);
	assert_int_equal(scratch_count_files(p->root), p->is_hidden_style ? 2 : 0);
	s = spool_with(p, "d", "x");
	/* swept: the dead one's; kept: those that are held */
	assert_int_equal(scratch_count_files(p->root), p->is_hidden_style ? 2 : 0);
	assert_int_equal(spool_publish(alive, "f", false, &p->err), SPOOL_LINKED);
	assert_true(scratch_holds(p->root, "d/f", "alive"));
	spool_free(alive);
	spool_free(s);
}

/* A write fails in a child that may write no file beyond 4 KiB; nothing is left behind. */
static void
a_write_that_fails(void **state)
{
	struct place *p = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct rlimit limit = { 4096, 4096 };
		static char bytes[8192];
		struct spool *s;
		bool is_right;

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) || !(s = spool_open(p->directory, "", &p->err)))
			_exit(2);
		is_right = spool_write(s, slice_make(bytes, sizeof(bytes)), &p->err) == -1 &&
		           p->err.class == ERR_IO && strstr(p->err.text, "File too large");
		spool_free(s);
		_exit(is_right ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_count_files(p->root), 0);
}

enum { CHILD_SKIPS = 77 };

static int
fill_disk(const char *root, bool is_hidden_style)
{
	struct err err = ERR_INIT;
	struct directory *d = NULL;
	struct spool *s = NULL;
	static char bytes[256 * 1024];
	bool is_right;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", root, "tmpfs", 0, "size=64k"))
		return CHILD_SKIPS;
	d = directory_open(root, &err);
	if (!d)
		return 2;
	if (is_hidden_style)
		directory_use_hidden(d);
	s = spool_open(d, "a/b", &err);
	is_right = s && spool_write(s, slice_make(bytes, sizeof(bytes)), &err) == -1 &&
	           err.class == ERR_IO && strstr(err.text, "No space left");
	spool_free(s);
	is_right = is_right && !scratch_count_files(root);
	directory_free(d);
	return is_right ? 0 : 1;
}

static void
a_full_disk(void **state)
{
	struct place *p = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(fill_disk(p->root, p->is_hidden_style));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIPS)
		skip(); /* mounting needs a privilege */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
cannot_be_made(void **state)
{
	struct place *p = *state;
	char *path;

	scratch_write(p->root, "f", "");
	path = scratch_path(p->root, "f/lake");
	assert_null(directory_open(path, &p->err));
	assert_int_equal(p->err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(p->err.text, path));
	free(path);
	path = scratch_path(p->root, "x/y/z/");
	directory_free(directory_open(path, &p->err));
	assert_true(scratch_has(p->root, "x/y/z"));
	free(path);
}

static void
raises_the_limit(void **state)
{
	struct rlimit old, low;
	struct err err = ERR_INIT;
	uint64_t limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(file_raise_limit(100, &limit, &err), 0);
	assert_int_equal(limit, 100);
	assert_int_equal(file_raise_limit(70, &limit, &err), 0);
	assert_int_equal(limit, 100);
	assert_int_equal(file_raise_limit(UINT64_MAX, &limit, &err), 0);
	assert_int_equal(limit, old.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

#define BOTH(test)                                                    \
	cmocka_unit_test_setup_teardown(test, setup, teardown),       \
	{                                                             \
#test " (hidden)", test, setup_hidden, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(appears_when_published),
		BOTH(in_the_directory_itself),
		BOTH(follows_the_umask),
		BOTH(unpublished_leaves_nothing),
		BOTH(never_replaces_unasked),
		BOTH(replaces_when_asked),
		BOTH(cannot_replace_a_directory),
		BOTH(compares_content),
		BOTH(compares_all_of_a_large_file),
		BOTH(reads_back),
		BOTH(scratch_files_at_once),
		BOTH(paths_stay_inside),
		BOTH(says_what_exists),
		BOTH(a_file_in_the_way),
		BOTH(a_directory_tidied_away),
		BOTH(syncs_directories),
		BOTH(a_crash_leaves_nothing_for_long),
		BOTH(a_write_that_fails),
		BOTH(a_full_disk),
		BOTH(cannot_be_made),
		cmocka_unit_test(raises_the_limit),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
