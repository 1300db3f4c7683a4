/* SPDX-License-Identifier: MIT */
/* Records from files, and marks: read up to any record, go on with a fresh source, and the rest is the
 * same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/frames.h"
#include "scratch.h"
#include "source/objects.h"

enum { RECORDS_MAX = 4096, PATHS_MAX = 8, LINE_MAX_BYTES = 4096 };

struct given {
	bool is_rejected;
	int64_t sequence;
	int64_t line;
	char *text; /* origin and value, or origin and error */
	struct objects_mark mark; /* behind it */
};

struct run {
	struct given *given;
	size_t count;
};

static void
run_release(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		free(run->given[i].text);
	free(run->given);
}

static void
keep(struct run *run, const struct source *source, const struct record *record,
    const struct err *err)
{
	struct given *given = &run->given[run->count++];
	struct slice origin = record->origin;

	assert_true(run->count < RECORDS_MAX);
	*given = (struct given){ .is_rejected = err->class != ERR_NONE,
		.sequence = record->position.sequence,
		.line = record->line };
	if (given->is_rejected)
		assert_true(asprintf(&given->text, "%.*s|%s", SLICE_ARGS(origin), err->text) > 0);
	else
		assert_true(asprintf(&given->text, "%.*s|%.*s", SLICE_ARGS(origin),
			SLICE_ARGS(record->value)) > 0);
	source_objects_mark(source, &given->mark);
}

static void
read_all(struct source *source, struct run *run)
{
	run->given = calloc(RECORDS_MAX, sizeof(*run->given));
	assert_non_null(run->given);
	run->count = 0;
	for (;;) {
		struct err err = ERR_INIT;
		struct record record;
		enum source_status status = source_next(source, CLOCK_NEVER, &record, &err);

		if (status == SOURCE_END)
			return;
		if (status != SOURCE_RECORD && status != SOURCE_REJECT)
			fail_msg("status %d: %s", (int)status, err.text);
		keep(run, source, &record, &err);
	}
}

static struct source *
open_source(const struct source_objects_options *options)
{
	struct err err = ERR_INIT;
	struct source *source = source_objects_open(options, &err);

	if (!source)
		fail_msg("%s", err.text);
	return source;
}

/* The rest after `mark` is what `all` has from `from` on. */
static void
expect_rest(const struct source_objects_options *options, const struct objects_mark *mark,
    const struct run *all, size_t from)
{
	struct source *source = open_source(options);
	struct err err = ERR_INIT;
	struct objects_mark again;
	struct run rest;

	if (source_objects_seek(source, mark, &err))
		fail_msg("%s", err.text);
	source_objects_mark(source, &again);
	assert_memory_equal(&again, mark, sizeof(again));
	read_all(source, &rest);
	assert_int_equal(rest.count, all->count - from);
	for (size_t i = 0; i < rest.count; i++) {
		const struct given *a = &all->given[from + i], *b = &rest.given[i];

		assert_string_equal(a->text, b->text);
		assert_int_equal(a->line, b->line);
		assert_int_equal(a->sequence, b->sequence);
		assert_int_equal(a->is_rejected, b->is_rejected);
		assert_memory_equal(&a->mark, &b->mark, sizeof(a->mark));
	}
	run_release(&rest);
	source_free(source);
}

static void
expect_marks_hold(const struct source_objects_options *options, size_t count, size_t step)
{
	struct source *source = open_source(options);
	struct objects_mark begin;
	struct run all;

	source_objects_mark(source, &begin);
	read_all(source, &all);
	source_free(source);
	if (count)
		assert_int_equal(all.count, count);
	expect_rest(options, &begin, &all, 0);
	for (size_t i = 0; i < all.count; i++) {
		assert_int_equal(all.given[i].sequence, i);
		if (i % step == 0 || i + 1 == all.count)
			expect_rest(options, &all.given[i].mark, &all, i + 1);
	}
	run_release(&all);
}

/* ---- files ---- */

static void
write_bytes(const char *path, struct slice bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

/* Two frames, where it is compressed, cut in the middle of a line. */
static char *
write_file(const char *root, const char *name, enum compression compression, struct slice bytes)
{
	char *path = scratch_path(root, name);
	struct buf out = BUF_INIT(64 * 1024 * 1024);
	struct frames_encoder *encoder;
	struct err err = ERR_INIT;
	size_t half = bytes.len / 2;

	bytes = bytes.data ? bytes : slice_of("");
	if (compression == COMPRESSION_NONE) {
		write_bytes(path, bytes);
		return path;
	}
	encoder = frames_encoder_new(compression, &err);
	assert_non_null(encoder);
	assert_int_equal(frames_encode(encoder, slice_make(bytes.data, half), &out, &err), 0);
	assert_int_equal(frames_encode_finish(encoder, &out, &err), 0);
	assert_int_equal(frames_encode(encoder, slice_skip(bytes, half), &out, &err), 0);
	assert_int_equal(frames_encode_finish(encoder, &out, &err), 0);
	frames_encoder_free(encoder);
	write_bytes(path, buf_slice(&out));
	buf_release(&out);
	return path;
}

static const struct {
	const char *name;     /* of the file: tells CSV */
	const char *text;
	const char *columns;
	bool has_header;
	size_t count;
} inputs[] = {
	{ "lines.json", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", NULL, false, 3 },
	{ "no_last_feed.json", "{\"a\":1}\n{\"a\":2}", NULL, false, 2 },
	{ "crlf.json", "{\"a\":1}\r\n{\"a\":2}\r\n\r\n{\"a\":3}\r\n", NULL, false, 3 },
	{ "blank.json", "\n\n{\"a\":1}\n \t \n\n{\"a\":2}\n\n\n", NULL, false, 2 },
	{ "bad.json", "1\nnot json\n2\n", NULL, false, 3 },
	{ "empty.json", "", NULL, false, 0 },
	{ "only_blank.json", "\n\n\r\n", NULL, false, 0 },
	{ "header.csv", "id,name\n1,a\n2,b\n3,c\n", NULL, false, 3 },
	{ "header_bom.csv", "\xef\xbb\xbfid,name\r\n\r\n1,a\r\n2,b\r\n", NULL, false, 2 },
	{ "blank_then_header.csv", "\n\nid,name\n1,a\n\n2,b", NULL, false, 2 },
	{ "quoted.csv", "id,\"na\nme\"\n1,\"a\nb\n\nc\"\n2,\"x\"\"\ny\"\n3,\"\n\"\n", NULL, false, 3 },
	{ "bad_rows.csv", "id,name\n1,a\n2\n3,c,d\n4,e\n", NULL, false, 4 },
	{ "columns.csv", "1,\"a\nb\"\n2,b\n", "id:int,name", false, 2 },
	{ "columns_bom.csv", "\xef\xbb\xbf" "1,a\n2,b\n", "id:int,name", false, 2 },
	{ "columns_and_header.csv", "skip,\"me\n\"\n1,a\n2,b\n", "id:int,name", true, 2 },
	{ "bad_cells.csv", "x,a\n1,b\ny,c\n", "id:int,name", false, 3 },
};

enum { INPUT_COUNT = sizeof(inputs) / sizeof(*inputs) };

static void
marks_hold_in_every_kind_of_file(void **state)
{
	char *root = scratch_new();

	(void)state;
	for (size_t i = 0; i < INPUT_COUNT; i++) {
		for (int c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
			char *path = write_file(root, inputs[i].name, (enum compression)c,
			    slice_of(inputs[i].text));
			struct source_objects_options options = { .paths = &path,
				.path_count = 1,
				.columns = inputs[i].columns,
				.has_header = inputs[i].has_header,
				.delimiter = ',',
				.line_bytes_max = LINE_MAX_BYTES };

			expect_marks_hold(&options, inputs[i].count, 1);
			free(path);
		}
	}
	scratch_remove(root);
}

static void
marks_hold_across_objects(void **state)
{
	char *root = scratch_new(), *paths[INPUT_COUNT];
	struct source_objects_options options = { .paths = paths,
		.delimiter = ',',
		.line_bytes_max = LINE_MAX_BYTES };

	(void)state;
	for (size_t i = 0; i < INPUT_COUNT; i++) {
		if (inputs[i].columns)
			continue;
		paths[options.path_count] = write_file(root, inputs[i].name,
		    (enum compression)(i % (COMPRESSION_ZSTD + 1)), slice_of(inputs[i].text));
		options.path_count++;
	}
	expect_marks_hold(&options, 0, 1);
	for (size_t i = 0; i < options.path_count; i++)
		free(paths[i]);
	scratch_remove(root);
}

/* Lines of many lengths, some too long, over many reads. */
static void
marks_hold_in_long_files(void **state)
{
	static const size_t lengths[] = { 1, 700, 5000, 63, 4096, 4097, 40000, 2, 3000, 4098, 4095 };
	struct buf text = BUF_INIT(16 * 1024 * 1024);
	char *root = scratch_new(), *line = malloc(40000);
	struct err err = ERR_INIT;

	(void)state;
	memset(line, '7', 40000);
	for (size_t i = 0; i < 800; i++) {
		assert_int_equal(buf_append(&text, slice_make(line,
			lengths[i % (sizeof(lengths) / sizeof(*lengths))]), &err), 0);
		assert_int_equal(buf_append(&text, slice_make("\n", i < 799), &err), 0);
	}
	for (int c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
		for (int is_csv = 0; is_csv < 2; is_csv++) {
			char *path = write_file(root, "x", (enum compression)c, buf_slice(&text));
			struct source_objects_options options = { .paths = &path,
				.path_count = 1,
				.format = is_csv ? OBJECTS_CSV : OBJECTS_JSON,
				.delimiter = ',',
				.line_bytes_max = LINE_MAX_BYTES };

			expect_marks_hold(&options, is_csv ? 799 : 800, 53);
			free(path);
		}
	}
	buf_release(&text);
	free(line);
	scratch_remove(root);
}

static int
seek(const struct source_objects_options *options, struct objects_mark mark, struct err *err)
{
	struct source *source = open_source(options);
	int rc = source_objects_seek(source, &mark, err);

	source_free(source);
	return rc;
}

static void
marks_behind_the_end_are_refused(void **state)
{
	char *root = scratch_new();

	(void)state;
	for (int c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
		char *path = write_file(root, "x", (enum compression)c, slice_of("1\n2\n3\n"));
		struct source_objects_options options = { .paths = &path,
			.path_count = 1,
			.line_bytes_max = LINE_MAX_BYTES };
		struct err err = ERR_INIT;

		assert_int_equal(seek(&options, (struct objects_mark){ .byte = 6 }, &err), 0);
		assert_int_equal(seek(&options, (struct objects_mark){ .byte = 7 }, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(seek(&options, (struct objects_mark){ .skip = 3 }, &err), 0);
		assert_int_equal(seek(&options, (struct objects_mark){ .skip = 4 }, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		assert_int_equal(seek(&options, (struct objects_mark){ .object = 1 }, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		free(path);
	}
	scratch_remove(root);
}

/* Bytes that this process has read (proc_pid_io(5)). */
static long long
bytes_read(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	long long bytes = -1;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "rchar: %lld", &bytes), 1);
	assert_int_equal(fclose(file), 0);
	return bytes;
}

/* A plain file is not read from its beginning. */
static void
plain_files_are_read_from_the_mark_on(void **state)
{
	enum { LINES = 100000, LINE = 10 };
	char *root = scratch_new(), *path = scratch_path(root, "x");
	FILE *file = fopen(path, "w");
	struct source_objects_options options = { .paths = &path,
		.path_count = 1,
		.line_bytes_max = LINE_MAX_BYTES };
	struct objects_mark mark = { .line = LINES - 1, .byte = (LINES - 1) * LINE,
		.sequence = LINES - 1 };
	struct objects_progress progress;
	struct source *source;
	struct err err = ERR_INIT;
	struct run rest;
	long long before;

	(void)state;
	for (int i = 0; i < LINES; i++)
		assert_int_equal(fprintf(file, "%09d\n", i), LINE);
	assert_int_equal(fclose(file), 0);
	source = open_source(&options);
	before = bytes_read();
	assert_int_equal(source_objects_seek(source, &mark, &err), 0);
	read_all(source, &rest);
	assert_int_equal(rest.count, 1);
	assert_int_equal(rest.given[0].line, LINES);
	assert_true(bytes_read() - before < LINES * LINE);
	source_objects_progress(source, &progress);
	assert_int_equal(progress.bytes, progress.bytes_all);
	run_release(&rest);
	source_free(source);
	free(path);
	scratch_remove(root);
}

/* ---- how far it is ---- */

/* Lines of 100 bytes whose digits do not compress to nothing. */
static void
append_lines(struct buf *text, int count)
{
	struct err err = ERR_INIT;
	uint32_t random = 1;

	for (int i = 0; i < count; i++) {
		for (int k = 0; k < 11; k++) {
			random = random * 1664525 + 1013904223;
			assert_int_equal(buf_appendf(text, &err, "%09u", random % 1000000000), 0);
		}
		assert_int_equal(buf_append_char(text, '\n', &err), 0);
	}
}

/* As lz4(1) does it: blocks of 4 MiB, which a codec takes in whole before it gives out any of it. */
static char *
write_large_blocks(const char *root, const char *name, struct slice bytes)
{
	const LZ4F_preferences_t preferences = { .frameInfo = { .blockSizeID = LZ4F_max4MB } };
	size_t bound = LZ4F_compressFrameBound(bytes.len, &preferences);
	char *path = scratch_path(root, name), *out = malloc(bound);
	size_t len;

	assert_non_null(out);
	len = LZ4F_compressFrame(out, bound, bytes.data, bytes.len, &preferences);
	assert_false(LZ4F_isError(len));
	write_bytes(path, slice_make(out, len));
	free(out);
	return path;
}

/* Whatever is read ahead, records of one length are given in step with the bytes, once that is known. How many
 * were not known, and (each in 1000) how far off one was. */
static void
read_in_step(const struct source_objects_options *options, int count, int *ret_unknown, int *ret_off)
{
	struct source *source = open_source(options);
	struct objects_progress progress;
	struct record record;
	struct err err = ERR_INIT;
	int64_t before = 0;

	*ret_unknown = *ret_off = 0;
	for (int i = 1; i <= count; i++) {
		int off;

		assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_RECORD);
		source_objects_progress(source, &progress);
		if (progress.bytes < 0) {
			(*ret_unknown)++;
			continue;
		}
		assert_true(progress.bytes >= before && progress.bytes <= progress.bytes_all);
		before = progress.bytes;
		off = abs((int)(1000 * progress.bytes / progress.bytes_all) - 1000 * i / count);
		*ret_off = off > *ret_off ? off : *ret_off;
	}
	assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_END);
	source_objects_progress(source, &progress);
	assert_int_equal(progress.bytes, progress.bytes_all);
	source_free(source);
}

static void
progress_is_of_what_was_given(void **state)
{
	enum { SMALL = 1000, LARGE = 100000 };
	struct buf text = BUF_INIT(16 * 1024 * 1024);
	char *root = scratch_new(), *path;
	const struct source_objects_options options = { .paths = &path, .path_count = 1,
		.line_bytes_max = LINE_MAX_BYTES };
	int unknown, off;

	(void)state;
	append_lines(&text, LARGE);
	for (int is_large = 0; is_large < 2; is_large++) {
		int count = is_large ? LARGE : SMALL;
		struct slice bytes = slice_make(text.data, (size_t)count * 100);

		for (int c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
			path = write_file(root, "x", (enum compression)c, bytes);
			read_in_step(&options, count, &unknown, &off);
			assert_int_equal(unknown, 0);
			if (off > 10)
				fail_msg("compression %d, %d lines: %d in 1000 off", c, count, off);
			free(path);
		}
		path = write_large_blocks(root, "x", bytes);
		read_in_step(&options, count, &unknown, &off);
		/* of the first block larger than a chunk nobody knows what it will come to */
		assert_in_range(unknown, 0, is_large ? 4 * 1024 * 1024 / 100 : 0);
		if (off > (is_large ? 30 : 2))
			fail_msg("blocks of 4 MiB, %d lines: %d in 1000 off", count, off);
		free(path);
	}
	buf_release(&text);
	scratch_remove(root);
}

/* What cannot be decoded, or grows without measure, is looked at once, and holds up nobody. */
static void
progress_of_odd_objects(void **state)
{
	char *root = scratch_new(), *path;
	const struct source_objects_options options = { .paths = &path, .path_count = 1,
		.line_bytes_max = LINE_MAX_BYTES };
	struct buf text = BUF_INIT(256 * 1024 * 1024);
	struct err err = ERR_INIT;
	int unknown, off;

	(void)state;
	for (int i = 0; i < 70 * 1024; i++)
		assert_int_equal(buf_appendf(&text, &err, "%1023d\n", 0), 0);
	path = write_file(root, "x", COMPRESSION_ZSTD, buf_slice(&text));
	read_in_step(&options, 70 * 1024, &unknown, &off);
	assert_true(unknown > 0);
	free(path);
	buf_release(&text);
	scratch_remove(root);
}

/* Records of one length from several files in turn. */
static void
progress_of_merged_objects(void **state)
{
	enum { FILES = 3, RECORDS = 2000 };
	static const char *const names[FILES] = { "a", "b", "c" };
	char *root = scratch_new(), *paths[FILES];
	const struct source_objects_options options = { .paths = paths, .path_count = FILES,
		.line_bytes_max = LINE_MAX_BYTES, .merges = true, .time_field = "t" };
	uint32_t random = 1;
	int unknown, off;

	(void)state;
	for (int f = 0; f < FILES; f++) {
		struct buf text = BUF_INIT(1024 * 1024);
		struct err err = ERR_INIT;

		for (int i = 0; i < RECORDS; i++) {
			random = random * 1664525 + 1013904223;
			assert_int_equal(buf_appendf(&text, &err, "{\"t\":%d,\"x\":\"%010u%010u\"}\n",
			                     100000 + FILES * i + f, random, ~random), 0);
		}
		paths[f] = write_file(root, names[f], (enum compression)(f + 1), buf_slice(&text));
		buf_release(&text);
	}
	read_in_step(&options, FILES * RECORDS, &unknown, &off);
	assert_int_equal(unknown, 0);
	if (off > 10)
		fail_msg("%d in 1000 off", off);
	for (int f = 0; f < FILES; f++)
		free(paths[f]);
	scratch_remove(root);
}

/* ---- merging ---- */

static char *
lines_with_times(const char *root, const char *name, enum compression compression,
    const char *times)
{
	struct buf text = BUF_INIT(1024 * 1024);
	struct err err = ERR_INIT;
	char line[64];
	char *path;

	for (const char *at = times; *at; at++) {
		int len = *at == '?' ? snprintf(line, sizeof(line), "no json %s\n", name)
				     : snprintf(line, sizeof(line), "{\"t\":%c,\"f\":\"%s\"}\n", *at, name);

		assert_int_equal(buf_append(&text, slice_make(line, (size_t)len), &err), 0);
	}
	path = write_file(root, name, compression, buf_slice(&text));
	buf_release(&text);
	return path;
}

/* "TIME:FILE:LINE " of each record. */
static void
merged_order(const struct source_objects_options *options, const char *root, char *out,
    size_t bytes)
{
	struct source *source = open_source(options);
	size_t len = 0;
	struct run all;

	read_all(source, &all);
	*out = '\0';
	for (size_t i = 0; i < all.count; i++) {
		const char *text = all.given[i].text + strlen(root) + 1;
		const char *time = strstr(text, "\"t\":");

		assert_int_equal(all.given[i].sequence, i);
		len += (size_t)snprintf(out + len, bytes - len, "%c%.*s%d ", time ? time[4] : '?',
		    (int)strcspn(text, "|"), text, (int)all.given[i].line);
	}
	run_release(&all);
	source_free(source);
}

static void
folders_are_merged_by_time(void **state)
{
	static const struct {
		const char *files[4][2];
		const char *order;
	} cases[] = {
		{ { { "a", "159" }, { "b", "258" }, { "c", "347" } },
			"1a1 2b1 3c1 4c2 5a2 5b2 7c3 8b3 9a3 " },
		/* of one time: in the order of names */
		{ { { "a", "11" }, { "b", "1" }, { "c", "12" } }, "1a1 1a2 1b1 1c1 2c2 " },
		/* the order within an object stays; what has no time follows its predecessor */
		{ { { "a", "417" }, { "b", "5?6" } }, "4a1 1a2 5b1 ?b2 6b3 7a3 " },
		{ { { "a", "?2" }, { "b", "13" } }, "?a1 1b1 2a2 3b2 " },
		{ { { "a", "" }, { "b", "1" } }, "1b1 " },
		{ { { "a", "" } }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *root = scratch_new(), *files[4] = { NULL }, out[400];
		struct source_objects_options options = { .paths = &root, .path_count = 1,
			.merges = true,
			.time_field = "t",
			.line_bytes_max = LINE_MAX_BYTES };

		for (int f = 0; f < 4 && cases[i].files[f][0]; f++)
			files[f] = lines_with_times(root, cases[i].files[f][0],
			    (enum compression)((i + (size_t)f) % (COMPRESSION_ZSTD + 1)),
			    cases[i].files[f][1]);
		merged_order(&options, root, out, sizeof(out));
		assert_string_equal(out, cases[i].order);
		expect_marks_hold(&options, 0, 1);
		for (int f = 0; f < 4; f++)
			free(files[f]);
		scratch_remove(root);
	}
}

static void
make_parents(const char *root, const char *path)
{
	char *copy = strdup(path), *at = copy + strlen(root);

	while ((at = strchr(at + 1, '/'))) {
		*at = '\0';
		(void)mkdir(copy, 0700);
		*at = '/';
	}
	free(copy);
}

/* Folder after folder: names of files and of folders may stand between each other. */
static void
each_folder_is_merged_by_itself(void **state)
{
	static const char *const files[][2] = { { "h/a", "19" }, { "h/b/x", "37" }, { "h/b/y", "28" },
		{ "h/c", "46" }, { "i/z", "05" } };
	char *root = scratch_new(), *paths[5], out[400];
	struct source_objects_options options = { .paths = &root, .path_count = 1,
		.merges = true,
		.time_field = "t",
		.line_bytes_max = LINE_MAX_BYTES };

	(void)state;
	for (int i = 0; i < 5; i++) {
		char *path = scratch_path(root, files[i][0]);

		make_parents(root, path);
		free(path);
		paths[i] = lines_with_times(root, files[i][0], COMPRESSION_NONE, files[i][1]);
	}
	merged_order(&options, root, out, sizeof(out));
	assert_string_equal(out, "1h/a1 4h/c1 6h/c2 9h/a2 2h/b/y1 3h/b/x1 7h/b/x2 8h/b/y2 0i/z1 5i/z2 ");
	expect_marks_hold(&options, 10, 1);
	/* in the order of the command line, as a shell would expand it */
	options.paths = (char *[]){ paths[3], paths[4], paths[0] };
	options.path_count = 3;
	merged_order(&options, root, out, sizeof(out));
	assert_string_equal(out, "1h/a1 4h/c1 6h/c2 9h/a2 0i/z1 5i/z2 ");
	for (int i = 0; i < 5; i++)
		free(paths[i]);
	scratch_remove(root);
}

/* Without a field the envelope's time counts, with one that of the payload. */
static void
merging_looks_into_envelopes(void **state)
{
	char *root = scratch_new(), out[400];
	struct source_objects_options options = { .paths = &root, .path_count = 1,
		.merges = true,
		.has_envelopes = true,
		.line_bytes_max = LINE_MAX_BYTES };

	(void)state;
	scratch_write(root, "a", "{\"ts\":9,\"payload\":{\"t\":1}}\n{\"payload\":{\"t\":8}}\n");
	scratch_write(root, "b", "{\"ts\":7,\"payload\":{\"t\":2}}\nno envelope\n"
				 "{\"ts\":10,\"payload\":\"{\\\"t\\\":9}\"}\n");
	merged_order(&options, root, out, sizeof(out));
	assert_string_equal(out, "2b1 ?b2 1a1 8a2 ?b3 ");
	options.time_field = "t";
	merged_order(&options, root, out, sizeof(out));
	assert_string_equal(out, "1a1 2b1 ?b2 8a2 ?b3 ");
	scratch_remove(root);
}

static enum err_class
fail_merge(const struct source_objects_options *options, struct err *err)
{
	struct source *source = source_objects_open(options, err);
	struct record record;

	while (source && source_next(source, CLOCK_NEVER, &record, err) == SOURCE_RECORD)
		;
	source_free(source);
	return err->class;
}

static void
merging_keeps_within_its_memory(void **state)
{
	char *root = scratch_new(), name[16], many[4000] = "", *long_line;
	struct source_objects_options options = { .paths = &root, .path_count = 1,
		.merges = true,
		.time_field = "t",
		.memory_bytes = 1024 * 1024,
		.line_bytes_max = 1024 * 1024 };
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "%03d", i);
		free(lines_with_times(root, name, COMPRESSION_NONE, "123"));
	}
	assert_int_equal(fail_merge(&options, &err), ERR_NONE);
	/* too many */
	for (int i = 60; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%03d", i);
		free(lines_with_times(root, name, COMPRESSION_NONE, "123"));
	}
	assert_int_equal(fail_merge(&options, &err), ERR_USAGE);
	assert_non_null(strstr(err.text, root));
	assert_non_null(strstr(err.text, "100 objects"));
	assert_non_null(strstr(err.text, "--memory"));
	options.memory_bytes = 2 * 1024 * 1024;
	err_clear(&err);
	assert_int_equal(fail_merge(&options, &err), ERR_NONE);
	/* too much: a decoder's */
	memset(many, '1', sizeof(many) - 1);
	free(lines_with_times(root, "x", COMPRESSION_LZ4, many));
	free(lines_with_times(root, "y", COMPRESSION_LZ4, many));
	free(lines_with_times(root, "z", COMPRESSION_LZ4, many));
	assert_int_equal(fail_merge(&options, &err), ERR_USAGE);
	/* too much: a long line's */
	options.match = "0*";
	err_clear(&err);
	assert_int_equal(fail_merge(&options, &err), ERR_NONE);
	long_line = malloc(1000 * 1000);
	memset(long_line, ' ', 1000 * 1000);
	memcpy(long_line, "{\"t\":1}", 7);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(name, sizeof(name), "0x%d", i);
		free(write_file(root, name, COMPRESSION_NONE, slice_make(long_line, 1000 * 1000)));
	}
	free(long_line);
	assert_int_equal(fail_merge(&options, &err), ERR_USAGE);
	scratch_remove(root);
}

static void
merging_needs_a_time(void **state)
{
	char *paths[] = { (char[]){ "-" } };
	struct source_objects_options options = { .paths = paths, .path_count = 1, .merges = true,
		.line_bytes_max = LINE_MAX_BYTES };
	struct err err = ERR_INIT;

	(void)state;
	assert_null(source_objects_open(&options, &err));
	assert_int_equal(err.class, ERR_USAGE);
}

/* ---- the list ---- */

static void
touch(const char *path, time_t seconds)
{
	struct timespec times[] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
digest_of(struct source_objects_options *options, size_t last, char ret[static OBJECTS_DIGEST_BYTES])
{
	struct source *source = open_source(options);
	struct err err = ERR_INIT;

	assert_int_equal(source_objects_digest(source, last, ret, &err), 0);
	source_free(source);
}

static void
digest_tells_lists_apart(void **state)
{
	char *root = scratch_new(), *paths[3];
	struct source_objects_options options = { .paths = paths, .path_count = 3,
		.line_bytes_max = LINE_MAX_BYTES };
	char one[OBJECTS_DIGEST_BYTES], two[OBJECTS_DIGEST_BYTES], now[OBJECTS_DIGEST_BYTES];
	struct source *source;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 3; i++) {
		char name[] = { (char)('a' + i), '\0' };

		paths[i] = write_file(root, name, COMPRESSION_NONE, slice_of("1\n"));
		touch(paths[i], 1000);
	}
	digest_of(&options, 0, one);
	digest_of(&options, 1, two);
	assert_int_equal(strlen(one), OBJECTS_DIGEST_BYTES - 1);
	assert_string_not_equal(one, two);
	/* of one source, in any order */
	source = open_source(&options);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(source_objects_digest(source, 1, now, &err), 0);
		assert_string_equal(now, two);
		assert_int_equal(source_objects_digest(source, 2, now, &err), 0);
		assert_string_not_equal(now, two);
		assert_int_equal(source_objects_digest(source, 0, now, &err), 0);
		assert_string_equal(now, one);
	}
	assert_int_equal(source_objects_digest(source, 3, now, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	source_free(source);
	/* what is behind does not matter, what is before does: size, time, name */
	write_bytes(paths[2], slice_of("1\n2\n"));
	digest_of(&options, 1, now);
	assert_string_equal(now, two);
	touch(paths[0], 1001);
	digest_of(&options, 1, now);
	assert_string_not_equal(now, two);
	write_bytes(paths[0], slice_of("1\n2\n"));
	touch(paths[0], 1000);
	digest_of(&options, 1, now);
	assert_string_not_equal(now, two);
	write_bytes(paths[0], slice_of("1\n"));
	touch(paths[0], 1000);
	digest_of(&options, 1, now);
	assert_string_equal(now, two);
	for (int i = 0; i < 3; i++)
		free(paths[i]);
	scratch_remove(root);
}

/* The names below root that these options take, each followed by a blank. */
static void
list(const struct source_objects_options *options, const char *root, char *out, size_t bytes)
{
	struct err err = ERR_INIT;
	struct source *source = source_objects_open(options, &err);
	size_t len = 0;
	const char *name;

	if (!source) {
		(void)snprintf(out, bytes, "%d", (int)err.class);
		return;
	}
	*out = '\0';
	for (size_t i = 0; (name = source_objects_name(source, i)); i++)
		len += (size_t)snprintf(out + len, bytes - len, "%s ", name + strlen(root) + 1);
	source_free(source);
}

static void
lists_hold_what_is_asked_for(void **state)
{
	static const char *const files[] = { "day=1/a.json", "day=1/b.csv", "day=1/.b", "day=1/_x/c.json",
		"day=1/README.md", "day=2/a.json.lz4", ".hidden/d.json", "e.json", "_SUCCESS" };
	static const struct {
		const char *path, *match;
		bool takes_hidden;
		const char *names;
	} cases[] = {
		{ "", NULL, false, "day=1/a.json day=1/b.csv day=2/a.json.lz4 e.json " },
		{ "", NULL, true, ".hidden/d.json _SUCCESS day=1/.b day=1/README.md day=1/_x/c.json "
			"day=1/a.json day=1/b.csv day=2/a.json.lz4 e.json " },
		{ "", "*.json", false, "day=1/a.json e.json " },
		{ "", "*.json*", false, "day=1/a.json day=2/a.json.lz4 e.json " },
		{ "", "day=1/*", false, "day=1/a.json day=1/b.csv " },
		{ "", "*/a.*", false, "day=1/a.json day=2/a.json.lz4 " },
		{ "", "[!e]*", false, "day=1/a.json day=1/b.csv day=2/a.json.lz4 " },
		{ "", "*.json", true, ".hidden/d.json day=1/_x/c.json day=1/a.json e.json " },
		{ "", "nothing", false, "66" },
		{ "day=1", "*.csv", false, "day=1/b.csv " },
		{ "day=1/", "*.csv", false, "day=1/b.csv " },
		{ "day=*", "*.lz4", false, "day=2/a.json.lz4 " },
		{ "day=*", "nothing", false, "66" },
		{ "day=*", "a*", false, "day=1/a.json day=2/a.json.lz4 " },
		/* what is named is taken */
		{ "day=1/.b", "*.csv", false, "day=1/.b " },
		{ "_SUCCESS", NULL, false, "_SUCCESS " },
		{ ".hidden", NULL, false, ".hidden/d.json " },
		{ "none", NULL, false, "66" },
	};
	char *root = scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *path = scratch_path(root, files[i]);

		make_parents(root, path);
		scratch_write(root, files[i], "1\n");
		free(path);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *path = scratch_path(root, cases[i].path), out[400];
		struct source_objects_options options = { .paths = &path, .path_count = 1,
			.match = cases[i].match,
			.takes_hidden = cases[i].takes_hidden,
			.line_bytes_max = LINE_MAX_BYTES };

		list(&options, root, out, sizeof(out));
		assert_string_equal(out, cases[i].names);
		free(path);
	}
	scratch_remove(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_hold_in_every_kind_of_file),
		cmocka_unit_test(marks_hold_across_objects),
		cmocka_unit_test(marks_hold_in_long_files),
		cmocka_unit_test(marks_behind_the_end_are_refused),
		cmocka_unit_test(plain_files_are_read_from_the_mark_on),
		cmocka_unit_test(progress_is_of_what_was_given),
		cmocka_unit_test(progress_of_odd_objects),
		cmocka_unit_test(progress_of_merged_objects),
		cmocka_unit_test(folders_are_merged_by_time),
		cmocka_unit_test(each_folder_is_merged_by_itself),
		cmocka_unit_test(merging_looks_into_envelopes),
		cmocka_unit_test(merging_keeps_within_its_memory),
		cmocka_unit_test(merging_needs_a_time),
		cmocka_unit_test(digest_tells_lists_apart),
		cmocka_unit_test(lists_hold_what_is_asked_for),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
