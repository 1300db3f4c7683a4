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

#include "kafka-to-s3/collector.h"
#include "scratch.h"

/* What was collected, and what is made of it. */
struct lake {
	char *root;
	struct publisher_options publisher_options;
	struct format_options format_options;
	struct format *format;
	struct naming naming;
	struct collector_options options;
	struct publisher *publisher;
	struct collector *collector;
	int64_t files_there; /* of the last epoch that was published */
	int64_t object_bytes;
	struct err err;
};

static int
setup(void **state)
{
	struct lake *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->root = scratch_new();
	l->naming = (struct naming){ .topic = "t" };
	l->publisher_options =
	    (struct publisher_options){ .target = l->root, .existing = PUBLISH_COMPARE };
	l->options = (struct collector_options){ .open_max = 10, .memory_bytes = 1024 * 1024 };
	*state = l;
	return 0;
}

static void
lake_open(struct lake *l)
{
	l->format = format_new(&l->format_options, &l->err);
	assert_non_null(l->format);
	l->naming.extension = format_extension(l->format);
	l->publisher_options.format = l->format;
	l->publisher = publisher_new(&l->publisher_options, &l->err);
	assert_non_null(l->publisher);
	l->options.publisher = l->publisher;
	l->options.naming = &l->naming;
	l->options.row_end = format_row_end(l->format);
	l->collector = collector_new(&l->options, &l->err);
	assert_non_null(l->collector);
}

static void
lake_close(struct lake *l)
{
	collector_free(l->collector);
	publisher_free(l->publisher);
	format_free(l->format);
	l->collector = NULL;
	l->publisher = NULL;
	l->format = NULL;
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
put_bytes(struct lake *l, int32_t stream, int64_t begin, const char *path, struct slice line)
{
	struct epoch_id epoch = { .stream = stream, .begin = begin };
	int64_t bytes = -1;

	if (collector_write(l->collector, &epoch, slice_of(path), line, &bytes, &l->err))
		return -1;
	assert_int_equal(bytes, line.len + 1);
	return 0;
}

static int
put(struct lake *l, int32_t stream, int64_t begin, const char *path, const char *line)
{
	return put_bytes(l, stream, begin, path, slice_of(line));
}

/* 0 or -1, as the step that failed. */
static int
publish(struct lake *l, int32_t stream, int64_t begin, enum publish_epoch epoch_kind)
{
	struct epoch_id epoch = { .stream = stream, .begin = begin };
	struct bundle bundle = { .count = 0 };
	int rc = 1;

	l->files_there = l->object_bytes = 0;
	assert_int_equal(collector_close(l->collector, &epoch, &bundle, &l->err), 0);
	while (rc == 1 && bundle.published < bundle.count)
		rc = publisher_step(l->publisher, &bundle, epoch_kind, &l->err);
	for (size_t i = 0; i < bundle.published; i++) {
		l->files_there += bundle.objects[i]->was_there;
		l->object_bytes += bundle.objects[i]->object_bytes;
	}
	bundle_release(&bundle);
	return rc < 0 ? -1 : 0;
}

#define PUT(stream, begin, path, line) \
	assert_int_equal(put(l, stream, begin, path, line), 0)
#define PUBLISH(stream, begin) assert_int_equal(publish(l, stream, begin, PUBLISH_FIRST), 0)

#define ZEROS "0000000000000000000" /* before a number of one digit */
#define STEM(stream, begin) "t-0000" #stream "-" ZEROS #begin
#define NAME(stream, begin) STEM(stream, begin) ".json"

static void
one_file_for_each_epoch_and_path(void **state)
{
	struct lake *l = *state;

	lake_open(l);
	PUT(0, 1, "a", "{}");
	PUT(1, 1, "a", "[]");
	PUT(0, 1, "b", "3");
	PUT(0, 1, "a", "5");
	PUT(0, 4, "a", "6");
	assert_int_equal(scratch_count_files(l->root), 0);
	assert_int_equal(collector_count(l->collector, 0), 3);
	assert_int_equal(collector_count(l->collector, 1), 1);
	assert_int_equal(collector_bytes(l->collector), 3 + 3 + 2 + 2 + 2);
	PUBLISH(0, 1);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 1), "{}\n5\n"));
	assert_true(scratch_holds(l->root, "b/" NAME(0, 1), "3\n"));
	assert_int_equal(scratch_count_files(l->root), 2);
	assert_int_equal(l->object_bytes, 7);
	assert_int_equal(collector_bytes(l->collector), 5);
	PUBLISH(0, 4);
	PUBLISH(1, 1);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 4), "6\n"));
	assert_true(scratch_holds(l->root, "a/" NAME(1, 1), "[]\n"));
	assert_int_equal(collector_bytes(l->collector), 0);
	PUBLISH(1, 1); /* nothing */
	assert_int_equal(scratch_count_files(l->root), 4);
}

static void
without_a_path(void **state)
{
	struct lake *l = *state;

	l->naming.topic = NULL;
	lake_open(l);
	PUT(0, 0, "", "1");
	PUT(0, 0, "", "");
	PUBLISH(0, 0);
	assert_true(scratch_holds(l->root, "part-000000000001.json", "1\n\n"));
}

static void
rolls_by_records(void **state)
{
	struct lake *l = *state;

	l->options.roll_records = 2;
	lake_open(l);
	PUT(0, 7, "a", "0");
	PUT(0, 7, "a", "1");
	PUT(0, 7, "b", "2");
	PUT(0, 7, "a", "3");
	assert_int_equal(collector_count(l->collector, 0), 3);
	PUT(0, 7, "a", "4");
	PUT(0, 7, "a", "5");
	PUBLISH(0, 7);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 7), "0\n1\n"));
	assert_true(scratch_holds(l->root, "a/" STEM(0, 7) "_0001.json", "3\n4\n"));
	assert_true(scratch_holds(l->root, "a/" STEM(0, 7) "_0002.json", "5\n"));
	assert_true(scratch_holds(l->root, "b/" NAME(0, 7), "2\n"));
	assert_int_equal(scratch_count_files(l->root), 4);
}

static void
rolls_before_a_file_is_too_large(void **state)
{
	struct lake *l = *state;

	l->options.roll_bytes = 10;
	lake_open(l);
	PUT(0, 0, "a", "1234");
	PUT(0, 0, "a", "12345"); /* would make 11 */
	PUT(0, 0, "a", "abc");   /* makes 10: full */
	PUT(0, 0, "a", "a line that is longer by itself");
	PUBLISH(0, 0);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0), "1234\n"));
	assert_true(scratch_holds(l->root, "a/" STEM(0, 0) "_0001.json", "12345\nabc\n"));
	assert_true(scratch_holds(
	    l->root, "a/" STEM(0, 0) "_0002.json", "a line that is longer by itself\n"));
}

/* Many are published in steps, so that the source is looked after in between. */
static void
many_files_take_several_steps(void **state)
{
	enum { FILES = 300 };
	struct lake *l = *state;
	struct epoch_id epoch = { .begin = 0 };
	struct bundle bundle = { .count = 0 };
	char path[16];

	l->options.open_max = FILES;
	l->options.memory_bytes = 16 * 1024 * 1024;
	lake_open(l);
	assert_false(collector_is_full(l->collector));
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "%d", i);
		PUT(0, 0, path, "x");
	}
	assert_false(collector_is_full(l->collector));
	PUT(0, 0, "more", "x"); /* than may be, where it must */
	assert_true(collector_is_full(l->collector));
	assert_int_equal(collector_close(l->collector, &epoch, &bundle, &l->err), 0);
	assert_false(collector_is_full(l->collector));
	assert_int_equal(bundle.count, FILES + 1);
	assert_int_equal(bundle_open_records(&bundle), FILES + 1);
	assert_int_equal(publisher_step(l->publisher, &bundle, PUBLISH_FIRST, &l->err), 1);
	assert_int_equal(bundle.published, scratch_count_files(l->root));
	assert_int_equal(bundle_open_records(&bundle), FILES + 1 - bundle.published);
	assert_int_equal(publisher_step(l->publisher, &bundle, PUBLISH_FIRST, &l->err), 0);
	assert_int_equal(scratch_count_files(l->root), FILES + 1);
	bundle_release(&bundle);
}

static void
drops_by_stream(void **state)
{
	struct lake *l = *state;

	lake_open(l);
	for (int i = 0; i < 9; i++)
		PUT(i % 3, i % 2, "a", "x");
	assert_int_equal(collector_drop(l->collector, 1), 3);
	assert_int_equal(collector_count(l->collector, 1), 0);
	assert_int_equal(collector_bytes(l->collector), 12);
	for (int stream = 0; stream < 3; stream++) {
		PUBLISH(stream, 0);
		PUBLISH(stream, 1);
	}
	assert_int_equal(scratch_count_files(l->root), 4);
}

static void
what_exists_must_be_the_same(void **state)
{
	struct lake *l = *state;

	for (int run = 0; run < 2; run++) {
		lake_open(l);
		PUT(0, 1, "a", "1");
		PUT(0, 1, "a", "2");
		PUBLISH(0, 1);
		assert_int_equal(l->files_there, run);
		lake_close(l);
	}
	lake_open(l);
	PUT(0, 1, "a", "other");
	assert_int_equal(publish(l, 0, 1, PUBLISH_FIRST), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(l->err.text, "/a/" NAME(0, 1) " exists"));
	PUT(0, 1, "a", "other");
	assert_int_equal(publish(l, 0, 1, PUBLISH_AGAIN), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	PUT(0, 1, "a", "1");
	PUT(0, 1, "a", "2");
	assert_int_equal(publish(l, 0, 1, PUBLISH_AGAIN), 0);
	assert_int_equal(l->files_there, 1);
	/* where records have expired, it is left alone */
	PUT(0, 1, "a", "other");
	PUT(0, 1, "b", "missing");
	assert_int_equal(publish(l, 0, 1, PUBLISH_MISSING), 0);
	assert_int_equal(l->files_there, 1);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 1), "1\n2\n"));
	assert_true(scratch_holds(l->root, "b/" NAME(0, 1), "missing\n"));
}

static void
from_a_pipe_an_existing_name_is_refused_at_once(void **state)
{
	struct lake *l = *state;

	l->naming.topic = NULL;
	l->publisher_options.existing = PUBLISH_REFUSE;
	scratch_write(l->root, "part-000000000008.json", "old");
	lake_open(l);
	assert_int_equal(put(l, 0, 7, "", "new"), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	lake_close(l);

	l->naming.run_id = "r2";
	lake_open(l);
	PUT(0, 7, "", "new");
	PUBLISH(0, 7);
	assert_true(scratch_holds(l->root, "part-r2-000000000008.json", "new\n"));
	lake_close(l);

	l->naming.run_id = NULL;
	l->publisher_options.existing = PUBLISH_REPLACE;
	lake_open(l);
	PUT(0, 7, "", "new");
	PUBLISH(0, 7);
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
	assert_int_equal(publish(l, 0, 0, PUBLISH_FIRST), -1);
	assert_int_equal(l->err.class, ERR_CANT_CREATE);
	assert_true(scratch_holds(l->root, "part-000000000001.json", "old"));
}

static void
bad_paths_reject_the_record_alone(void **state)
{
	static const char *const paths[] = { "..", "a/../b", "/a", "a//b", "a/", "." };
	struct lake *l = *state;
	char name[400];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	lake_open(l);
	PUT(0, 0, "a", "0");
	assert_int_equal(put(l, 0, 0, name, "1"), -1);
	assert_int_equal(l->err.class, ERR_DATA);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(put(l, 0, 0, paths[i], "0"), -1);
		assert_int_equal(l->err.class, ERR_DATA);
	}
	PUT(0, 0, "x=../...", "0");
	PUT(0, 0, "a", "2");
	PUBLISH(0, 0);
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0), "0\n2\n"));
	assert_int_equal(scratch_count_files(l->root), 2);
}

static void
long_lines_and_full_buffers(void **state)
{
	static const size_t memories[] = { 1, 10 * 4096, 1024 * 1024 };
	size_t lens[] = { 10, 4094, 1, 4095, 4096, 4097, 9000, 100, 100000, 5 }, len, at;
	struct lake *l = *state;
	char *text = malloc(100001), *bytes;

	memset(text, 'z', 100001);
	l->publisher_options.existing = PUBLISH_REPLACE;
	for (size_t m = 0; m < sizeof(memories) / sizeof(*memories); m++) {
		l->options.memory_bytes = memories[m];
		lake_open(l);
		assert_int_equal(collector_open_max(l->collector), m ? 10 : 1);
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
			assert_int_equal(put_bytes(l, 0, 0, "a", slice_make(text, lens[i])), 0);
		PUBLISH(0, 0);
		bytes = scratch_read(l->root, "a/" NAME(0, 0), &len);
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

/* Paths in no order, rolled: an epoch that is rebuilt gives the same files, byte for byte. */
static void
the_same_records_make_the_same_files(void **state)
{
	enum { RECORDS = 800, PATHS = 31 };
	struct lake *l = *state;
	char path[32], line[32];
	unsigned files = 0;

	l->options.open_max = 200;
	l->options.roll_bytes = 50;
	for (int run = 0; run < 2; run++) {
		uint32_t seed = 12345;

		lake_open(l);
		for (int i = 0; i < RECORDS; i++) {
			seed = seed * 1664525 + 1013904223;
			(void)snprintf(
			    path, sizeof(path), "p=%u/q", seed >> 16 & 1 ? seed % PATHS : 5);
			(void)snprintf(line, sizeof(line), "%d", i);
			assert_int_equal(put(l, 0, 0, path, line), 0);
		}
		files = collector_count(l->collector, 0);
		PUBLISH(0, 0);
		assert_int_equal(l->object_bytes, 10 * 2 + 90 * 3 + 700 * 4);
		assert_int_equal(l->files_there, run ? files : 0);
		lake_close(l);
	}
	assert_int_equal(scratch_count_files(l->root), files);
	assert_true(files > PATHS);
}

static void
compressed_objects_are_one_frame_and_the_same_again(void **state)
{
	static const enum compression compressions[] = { COMPRESSION_LZ4, COMPRESSION_GZIP,
		COMPRESSION_ZSTD };
	static const char line[] = "{\"a\":\"the same line again and again\"}";
	static const enum format_codec codecs[] = { FORMAT_CODEC_LZ4, FORMAT_CODEC_GZIP,
		FORMAT_CODEC_ZSTD };
	struct lake *l = *state;
	char name[64];

	for (size_t c = 0; c < 3; c++) {
		l->format_options.codec = codecs[c];
		(void)snprintf(name, sizeof(name), "a/" NAME(0, 0) "%s",
		    compression_extension(compressions[c]));
		for (int run = 0; run < 2; run++) {
			lake_open(l);
			for (int i = 0; i < 10; i++)
				PUT(0, 0, "a", line);
			PUBLISH(0, 0);
			assert_true(scratch_has(l->root, name));
			assert_int_equal(l->files_there, run);
			assert_true(l->object_bytes < 10 * (int64_t)sizeof(line));
			lake_close(l);
		}
	}
	assert_int_equal(scratch_count_files(l->root), 3);
}

/* In a child that may write no file beyond 4 KiB: what was published stays, nothing else appears. */
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
	lake_open(l);
	if (put(l, 0, 0, "a", "0") || publish(l, 0, 0, PUBLISH_FIRST))
		return 3;
	for (int i = 1; !rc && i < 20; i++)
		rc = put(l, 0, 1, "a", line);
	if (!rc || l->err.class != ERR_IO)
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
	assert_true(scratch_holds(l->root, "a/" NAME(0, 0), "0\n"));
}

static int
open_few(struct lake *l)
{
	struct rlimit limit = { 64, 300 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 2;
	l->options.open_max = 5000;
	l->options.memory_bytes = 1024 * 1024 * 1024;
	lake_open(l);
	if (collector_open_max(l->collector) != 75)
		return 1;
	for (int64_t epoch = 0; epoch < 2; epoch++) {
		for (int i = 0; i < 75; i++) {
			char path[16];

			(void)snprintf(path, sizeof(path), "%d", i);
			if (put(l, 0, epoch, path, "x"))
				return 3;
		}
	}
	return publish(l, 0, 0, PUBLISH_FIRST) || publish(l, 0, 1, PUBLISH_FIRST) ? 4 : 0;
}

static void
few_descriptors_lower_the_cap(void **state)
{
	struct lake *l = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(open_few(l));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_count_files(l->root), 150);
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
	assert_int_equal(naming_check_path(slice_make(text, OBJECT_PATH_BYTES_MAX), OBJECT_PATH_BYTES_MAX, &err), 0);
	assert_int_equal(
	    naming_check_path(slice_make(text, sizeof(text) - 1), OBJECT_PATH_BYTES_MAX, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	memset(text, 'x', sizeof(text));
	assert_int_equal(naming_check_path(slice_make(text, 255), OBJECT_PATH_BYTES_MAX, &err), 0);
	assert_int_equal(naming_check_path(slice_make(text, 256), OBJECT_PATH_BYTES_MAX, &err), -1);
	assert_int_equal(naming_check_path(slice_make("a\0b", 3), OBJECT_PATH_BYTES_MAX, &err), -1);
	assert_int_equal(naming_check_path(slice_make(NULL, 0), OBJECT_PATH_BYTES_MAX, &err), 0);
}

static void
names_are_checked(void **state)
{
	struct naming naming = { .run_id = "2019-01-01.a_B", .extension = "json" };
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
		LAKE(one_file_for_each_epoch_and_path),
		LAKE(without_a_path),
		LAKE(rolls_by_records),
		LAKE(rolls_before_a_file_is_too_large),
		LAKE(many_files_take_several_steps),
		LAKE(drops_by_stream),
		LAKE(what_exists_must_be_the_same),
		LAKE(from_a_pipe_an_existing_name_is_refused_at_once),
		LAKE(a_name_taken_in_the_meantime),
		LAKE(bad_paths_reject_the_record_alone),
		LAKE(long_lines_and_full_buffers),
		LAKE(the_same_records_make_the_same_files),
		LAKE(compressed_objects_are_one_frame_and_the_same_again),
		LAKE(a_failing_write_shows_nothing_partial),
		LAKE(few_descriptors_lower_the_cap),
		cmocka_unit_test(paths_are_checked),
		cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
