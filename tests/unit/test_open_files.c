/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka-to-s3/open_files.h"
#include "scratch.h"

struct lake {
	char *root;
	struct publisher_options publisher_options;
	struct naming naming;
	struct open_files_options options;
	struct publisher *publisher;
	struct open_files *files;
	struct err err;
};

static int
setup(void **state)
{
	struct lake *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->root = scratch_new();
	l->naming = (struct naming){ .topic = "t", .format = "json" };
	l->publisher_options =
	    (struct publisher_options){ .directory = l->root, .existing = PUBLISH_COMPARE };
	l->options = (struct open_files_options){
		.file_bytes_max = 1000, .open_max = 10, .memory_bytes = 1024 * 1024
	};
	*state = l;
	return 0;
}

static void
lake_open(struct lake *l)
{
	l->publisher = publisher_new(&l->publisher_options, &l->err);
	assert_non_null(l->publisher);
	l->options.publisher = l->publisher;
	l->options.naming = &l->naming;
	l->files = open_files_new(&l->options, &l->err);
	assert_non_null(l->files);
}

static void
lake_close(struct lake *l)
{
	open_files_free(l->files);
	publisher_free(l->publisher);
	l->files = NULL;
	l->publisher = NULL;
}

static int
teardown(void **state)
{
	struct lake *l = *state;

	lake_close(l);
	scratch_remove(l->root);
	free(l);
	return 0;
}

static int
put(struct lake *l, int32_t stream, int64_t sequence, const char *path, const char *line,
    int64_t now_ms)
{
	struct position position = { .stream = stream, .term = 1, .sequence = sequence };

	return open_files_write(
	    l->files, position, slice_of(path), slice_of(line), now_ms, &l->err);
}

#define PUT(stream, sequence, path, line) \
	assert_int_equal(put(l, stream, sequence, path, line, 0), 0)

#define NAME(stream, first, last) "t-0000" #stream "-" ZEROS #first "-" ZEROS #last ".json"
#define ZEROS "0000000000000000000" /* before a number of one digit */

static void
one_file_for_each_stream_and_path(void **state)
{
	struct lake *l = *state;

	lake_open(l);
	PUT(0, 1, "a", "{}");
	PUT(1, 2, "a", "[]");
	PUT(0, 3, "b", "3");
	PUT(0, 5, "a", "5");
	assert_int_equal(scratch_count_files(l->root), 0);
	assert_int_equal(open_files_count(l->files), 3);
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 1, 5), "{}\n5\n"));
	assert_true(scratch_holds(l->root, "a/" NAME(1, 2, 2), "[]\n"));
	assert_true(scratch_holds(l->root, "b/" NAME(0, 3, 3), "3\n"));
	assert_int_equal(scratch_count_files(l->root), 3);
	assert_int_equal(open_files_count(l->files), 0);
	assert_int_equal(open_files_counts(l->files).files, 3);
	assert_int_equal(open_files_counts(l->files).records, 4);
	assert_int_equal(open_files_counts(l->files).line_bytes, 10);
	assert_int_equal(open_files_counts(l->files).object_bytes, 10);
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
}

static void
without_a_path(void **state)
{
	struct lake *l = *state;

	l->naming.topic = NULL;
	lake_open(l);
	PUT(0, 0, "", "1");
	PUT(0, 1, "", "");
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_true(scratch_holds(l->root, "part-000000000001.json", "1\n\n"));
}

static void
rolls_by_records(void **state)
{
	struct lake *l = *state;

	l->options.file_records_max = 2;
	lake_open(l);
	PUT(0, 0, "a", "0");
	PUT(0, 1, "a", "1");
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0, 1), "0\n1\n"));
	PUT(0, 2, "a", "2");
	assert_int_equal(scratch_count_files(l->root), 1);
	assert_int_equal(open_files_frontier(l->files, 0, 3), 2);
}

static void
rolls_before_a_file_is_too_large(void **state)
{
	struct lake *l = *state;

	l->options.file_bytes_max = 10;
	lake_open(l);
	PUT(0, 0, "a", "1234");
	PUT(0, 1, "a", "12345"); /* would make 11 */
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0, 0), "1234\n"));
	PUT(0, 2, "a", "abc"); /* makes 10: full */
	assert_true(scratch_holds(l->root, "a/" NAME(0, 1, 2), "12345\nabc\n"));
	PUT(0, 3, "a", "a line that is longer by itself");
	assert_true(
	    scratch_holds(l->root, "a/" NAME(0, 3, 3), "a line that is longer by itself\n"));
	assert_int_equal(open_files_count(l->files), 0);
}

static void
rolls_by_age_without_new_records(void **state)
{
	struct lake *l = *state;

	l->options.file_age_ms_max = 100;
	lake_open(l);
	assert_true(open_files_due_ms(l->files) == CLOCK_NEVER);
	assert_int_equal(put(l, 0, 0, "a", "0", 1000), 0);
	assert_int_equal(put(l, 0, 1, "b", "1", 1050), 0);
	assert_int_equal(put(l, 0, 2, "a", "2", 1099), 0);
	assert_int_equal(open_files_due_ms(l->files), 1100);
	assert_int_equal(open_files_tick(l->files, 1099, &l->err), 0);
	assert_int_equal(scratch_count_files(l->root), 0);
	assert_int_equal(open_files_tick(l->files, 1100, &l->err), 0);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0, 2), "0\n2\n"));
	assert_int_equal(scratch_count_files(l->root), 1);
	assert_int_equal(open_files_due_ms(l->files), 1150);
	assert_int_equal(open_files_tick(l->files, 9999, &l->err), 0);
	assert_int_equal(scratch_count_files(l->root), 2);
	assert_true(open_files_due_ms(l->files) == CLOCK_NEVER);
}

/* What is due all at once is published in steps, so that the source is looked after in between. */
static void
many_that_are_due_take_several_steps(void **state)
{
	enum { FILES = PUBLISH_BATCH_MAX + 10 };
	struct lake *l = *state;
	char path[16];

	l->options.file_age_ms_max = 10;
	l->options.open_max = FILES;
	l->options.memory_bytes = 16 * 1024 * 1024;
	lake_open(l);
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "%d", i);
		PUT(0, i, path, "x");
	}
	assert_int_equal(open_files_tick(l->files, 10, &l->err), 0);
	assert_int_equal(open_files_count(l->files), 10);
	assert_int_equal(open_files_due_ms(l->files), 10);
	assert_int_equal(open_files_tick(l->files, 10, &l->err), 0);
	assert_int_equal(open_files_count(l->files), 0);
}

static void
evicts_the_least_recently_used(void **state)
{
	struct lake *l = *state;

	l->options.open_max = 3;
	lake_open(l);
	PUT(0, 0, "a", "0");
	PUT(0, 1, "b", "1");
	PUT(0, 2, "c", "2");
	PUT(0, 3, "a", "3");
	PUT(0, 4, "d", "4");
	assert_true(scratch_holds(l->root, "b/" NAME(0, 1, 1), "1\n"));
	assert_int_equal(scratch_count_files(l->root), 1);
	PUT(0, 5, "b", "5");
	assert_true(scratch_holds(l->root, "c/" NAME(0, 2, 2), "2\n"));
	assert_int_equal(open_files_count(l->files), 3);
	assert_int_equal(open_files_counts(l->files).files_evicted, 2);
	assert_int_equal(open_files_counts(l->files).files_again, 1); /* b */
}

static void
the_frontier_is_the_oldest_open_record(void **state)
{
	struct lake *l = *state;

	lake_open(l);
	assert_int_equal(open_files_frontier(l->files, 0, 10), 10);
	PUT(0, 10, "a", "0");
	PUT(0, 12, "b", "1");
	PUT(1, 3, "a", "2");
	PUT(0, 15, "a", "3");
	assert_int_equal(open_files_frontier(l->files, 0, 16), 10);
	assert_int_equal(open_files_frontier(l->files, 1, 4), 3);
	assert_int_equal(open_files_frontier(l->files, 2, 7), 7);
	open_files_drop_stream(l->files, 1);
	assert_int_equal(open_files_frontier(l->files, 1, 4), 4);
	assert_int_equal(open_files_publish_stream(l->files, 0, &l->err), 0);
	assert_int_equal(open_files_frontier(l->files, 0, 16), 16);
	assert_int_equal(scratch_count_files(l->root), 2);
}

static void
publishes_and_drops_by_stream(void **state)
{
	struct lake *l = *state;

	lake_open(l);
	for (int64_t i = 0; i < 9; i++)
		PUT((int32_t)(i % 3), i, i % 2 ? "a" : "b", "x");
	assert_int_equal(open_files_publish_stream(l->files, 1, &l->err), 0);
	assert_int_equal(open_files_counts(l->files).records, 3);
	assert_int_equal(scratch_count_files(l->root), 2);
	open_files_drop_stream(l->files, 0);
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_int_equal(open_files_counts(l->files).records, 6);
	assert_int_equal(scratch_count_files(l->root), 4);
}

static void
redelivered_records_are_recognised(void **state)
{
	struct lake *l = *state;

	for (int run = 0; run < 2; run++) {
		lake_open(l);
		PUT(0, 1, "a", "1");
		PUT(0, 2, "a", "2");
		assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
		assert_int_equal(open_files_counts(l->files).files, 1);
		assert_int_equal(open_files_counts(l->files).files_there, run);
		lake_close(l);
	}
	lake_open(l);
	PUT(0, 1, "a", "other");
	PUT(0, 2, "a", "2");
	assert_int_equal(open_files_publish_all(l->files, &l->err), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(l->err.text, "/a/" NAME(0, 1, 2) " exists"));
	assert_true(scratch_holds(l->root, "a/" NAME(0, 1, 2), "1\n2\n"));
}

static void
from_a_pipe_an_existing_name_is_refused_at_once(void **state)
{
	struct lake *l = *state;

	l->naming.topic = NULL;
	l->publisher_options.existing = PUBLISH_REFUSE;
	scratch_write(l->root, "part-000000000008.json", "old");
	lake_open(l);
	assert_int_equal(put(l, 0, 7, "", "new", 0), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	lake_close(l);

	l->naming.run_id = "r2";
	lake_open(l);
	PUT(0, 7, "", "new");
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_true(scratch_holds(l->root, "part-r2-000000000008.json", "new\n"));
	lake_close(l);

	l->naming.run_id = NULL;
	l->publisher_options.existing = PUBLISH_REPLACE;
	lake_open(l);
	PUT(0, 7, "", "new");
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_true(scratch_holds(l->root, "part-000000000008.json", "new\n"));
}

static void
a_name_taken_in_the_meantime(void **state)
{
	struct lake *l = *state;

	l->naming.topic = NULL;
	l->publisher_options.existing = PUBLISH_REFUSE;
	lake_open(l);
	PUT(0, 0, "", "new");
	scratch_write(l->root, "part-000000000001.json", "old");
	assert_int_equal(open_files_publish_all(l->files, &l->err), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	assert_true(scratch_holds(l->root, "part-000000000001.json", "old"));
}

static void
bad_paths_reject_the_record_alone(void **state)
{
	struct lake *l = *state;
	char name[400];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	l->options.open_max = 1;
	lake_open(l);
	PUT(0, 0, "a", "0");
	assert_int_equal(put(l, 0, 1, name, "1", 0), -1);
	assert_int_equal(l->err.class, ERR_DATA);
	/* nothing was evicted for it */
	assert_int_equal(open_files_count(l->files), 1);
	PUT(0, 2, "a", "2");
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0, 2), "0\n2\n"));
}

static void
a_path_cannot_leave_the_lake(void **state)
{
	static const char *const paths[] = { "..", "a/../b", "/a", "a//b", "a/", "." };
	struct lake *l = *state;

	lake_open(l);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(put(l, 0, 0, paths[i], "0", 0), -1);
		assert_int_equal(l->err.class, ERR_DATA);
	}
	PUT(0, 0, "x=../...", "0");
}

static void
long_lines_and_full_buffers(void **state)
{
	static const size_t memories[] = { 1, 10 * 4096, 1024 * 1024 };
	size_t lens[] = { 10, 4094, 1, 4095, 4096, 4097, 9000, 100, 100000, 5 }, len, at;
	struct lake *l = *state;
	char *text = malloc(100001), *bytes;
	struct position position = { .term = 1 };

	memset(text, 'z', 100001);
	l->options.file_bytes_max = 1000000;
	l->publisher_options.existing = PUBLISH_REPLACE;
	for (size_t m = 0; m < sizeof(memories) / sizeof(*memories); m++) {
		l->options.memory_bytes = memories[m];
		lake_open(l);
		assert_int_equal(open_files_open_max(l->files), m ? 10 : 1);
		for (position.sequence = 0; position.sequence < 10; position.sequence++)
			assert_int_equal(open_files_write(l->files, position, slice_of("a"),
					     slice_make(text, lens[position.sequence]), 0, &l->err),
			    0);
		assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
		bytes = scratch_read(l->root, "a/" NAME(0, 0, 9), &len);
		at = 0;
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			assert_memory_equal(bytes + at, text, lens[i]);
			at += lens[i];
			assert_int_equal(bytes[at++], '\n');
		}
		assert_int_equal(at, len);
		free(bytes);
		lake_close(l);
	}
	free(text);
}

/* More paths than may be open, in no order: every line is in exactly one file, that of its path. */
static void
keeps_every_record_once(void **state)
{
	enum { RECORDS = 800, PATHS = 31 };
	struct lake *l = *state;
	uint32_t seed = 12345;
	char path[32], line[32];
	struct open_files_counts counts;

	l->options.open_max = 12;
	l->options.file_bytes_max = 200;
	l->options.file_age_ms_max = 700;
	lake_open(l);
	for (int64_t i = 0; i < RECORDS; i++) {
		int64_t bytes_before = open_files_counts(l->files).line_bytes;

		seed = seed * 1664525 + 1013904223;
		(void)snprintf(path, sizeof(path), "p=%u/q", seed >> 16 & 1 ? seed % PATHS : 5);
		(void)snprintf(line, sizeof(line), "%lld", (long long)i);
		assert_int_equal(put(l, (int32_t)(seed >> 8 & 1), i, path, line, i), 0);
		assert_int_equal(open_files_tick(l->files, i, &l->err), 0);
		assert_true(open_files_count(l->files) <= 12);
		assert_true(open_files_counts(l->files).line_bytes >= bytes_before);
		assert_true(open_files_frontier(l->files, 0, i + 1) > i - 700);
	}
	assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
	counts = open_files_counts(l->files);
	assert_int_equal(counts.records, RECORDS);
	assert_int_equal(counts.line_bytes, counts.object_bytes);
	assert_int_equal(counts.files, scratch_count_files(l->root));
	assert_int_equal(counts.files_there, 0);
}

static void
compressed_objects_are_one_frame_and_the_same_again(void **state)
{
	static const enum compression compressions[] = { COMPRESSION_LZ4, COMPRESSION_GZIP,
		COMPRESSION_ZSTD };
	struct lake *l = *state;
	char name[64];

	for (size_t c = 0; c < 3; c++) {
		l->naming.compression = l->publisher_options.compression = compressions[c];
		(void)snprintf(name, sizeof(name), "a/" NAME(0, 0, 9) "%s",
		    compression_extension(compressions[c]));
		for (int run = 0; run < 2; run++) {
			lake_open(l);
			for (int64_t i = 0; i < 10; i++)
				PUT(0, i, "a", "{\"a\":\"the same line again and again\"}");
			assert_int_equal(open_files_publish_all(l->files, &l->err), 0);
			assert_true(scratch_has(l->root, name));
			assert_int_equal(open_files_counts(l->files).files_there, run);
			assert_true(open_files_counts(l->files).object_bytes <
				    open_files_counts(l->files).line_bytes);
			lake_close(l);
		}
	}
	assert_int_equal(scratch_count_files(l->root), 3);
}

/* In a child that may write no file beyond 4 KiB: what was published stays, nothing else appears.
 */
static int
fail_writing(struct lake *l)
{
	struct rlimit limit = { 4096, 4096 };
	char line[1000];
	int rc = 0;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 2;
	l->options.memory_bytes = 1;
	l->options.file_bytes_max = 100000;
	lake_open(l);
	if (put(l, 0, 0, "a", "0", 0) || open_files_publish_all(l->files, &l->err))
		return 3;
	for (int64_t i = 1; !rc && i < 20; i++)
		rc = put(l, 0, i, "a", line, 0);
	if (!rc || l->err.class != ERR_IO || open_files_frontier(l->files, 0, 20) != 1)
		return 4;
	lake_close(l);
	return 0;
}

static void
a_failing_write_shows_nothing_partial(void **state)
{
	struct lake *l = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(fail_writing(l));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_count_files(l->root), 1);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0, 0), "0\n"));
}

static void
few_descriptors_lower_the_cap(void **state)
{
	struct lake *l = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct rlimit limit = { 64, 300 };

		if (setrlimit(RLIMIT_NOFILE, &limit))
			_exit(2);
		l->options.open_max = 5000;
		l->options.memory_bytes = 1024 * 1024 * 1024;
		lake_open(l);
		if (open_files_open_max(l->files) != 172)
			_exit(1);
		for (int64_t i = 0; i < 250; i++) {
			char path[16];

			(void)snprintf(path, sizeof(path), "%d", (int)i);
			if (put(l, 0, i, path, "x", 0))
				_exit(3);
		}
		_exit(open_files_publish_all(l->files, &l->err) ? 4 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_count_files(l->root), 250);
}

/* ---- names ---- */

static void
paths_are_checked(void **state)
{
	char text[OBJECT_PATH_BYTES_MAX + 2];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 250 == 249 ? '/' : 'x';
	assert_int_equal(naming_check_path(slice_make(text, OBJECT_PATH_BYTES_MAX), &err), 0);
	assert_int_equal(naming_check_path(slice_make(text, sizeof(text) - 1), &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	memset(text, 'x', sizeof(text));
	assert_int_equal(naming_check_path(slice_make(text, 255), &err), 0);
	assert_int_equal(naming_check_path(slice_make(text, 256), &err), -1);
	assert_int_equal(naming_check_path(slice_make("a\0b", 3), &err), -1);
	assert_int_equal(naming_check_path(slice_make(NULL, 0), &err), 0);
}

static void
names_are_checked(void **state)
{
	struct naming naming = { .run_id = "2019-01-01.a_B", .format = "json" };
	char topic[250];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(naming_check(&naming, &err), 0);
	naming.run_id = "a/b";
	assert_int_equal(naming_check(&naming, &err), -1);
	naming.run_id = "";
	assert_int_equal(naming_check(&naming, &err), -1);
	naming.run_id = NULL;
	memset(topic, 't', sizeof(topic) - 1);
	topic[sizeof(topic) - 1] = '\0';
	naming.topic = topic;
	assert_int_equal(naming_check(&naming, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	topic[180] = '\0';
	assert_int_equal(naming_check(&naming, &err), 0);
}

#define LAKE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE(one_file_for_each_stream_and_path),
		LAKE(without_a_path),
		LAKE(rolls_by_records),
		LAKE(rolls_before_a_file_is_too_large),
		LAKE(rolls_by_age_without_new_records),
		LAKE(many_that_are_due_take_several_steps),
		LAKE(evicts_the_least_recently_used),
		LAKE(the_frontier_is_the_oldest_open_record),
		LAKE(publishes_and_drops_by_stream),
		LAKE(redelivered_records_are_recognised),
		LAKE(from_a_pipe_an_existing_name_is_refused_at_once),
		LAKE(a_name_taken_in_the_meantime),
		LAKE(bad_paths_reject_the_record_alone),
		LAKE(a_path_cannot_leave_the_lake),
		LAKE(long_lines_and_full_buffers),
		LAKE(keeps_every_record_once),
		LAKE(compressed_objects_are_one_frame_and_the_same_again),
		LAKE(a_failing_write_shows_nothing_partial),
		LAKE(few_descriptors_lower_the_cap),
		cmocka_unit_test(paths_are_checked),
		cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests_name("open_files", tests, NULL, NULL);
}
