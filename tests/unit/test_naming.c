/* SPDX-License-Identifier: MIT */
/* Names of objects: what templates may be, what they make, in which order that sorts, and whose it is. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-s3/format/format.h"
#include "kafka-to-s3/naming.h"
#include "kafka-to-s3/publish/s3_target.h"

static void
defaults(void **state)
{
	static const struct {
		struct naming naming;
		struct object_id id;
		const char *name;
	} cases[] = {
		{ { .topic = "t" }, { 3, 991, 0 }, "t-00003-00000000000000000991.json" },
		{ { .topic = "t" }, { 3, 991, 1 }, "t-00003-00000000000000000991_0001.json" },
		{ { .topic = "t" }, { 123456, 0, 9999 },
		    "t-123456-00000000000000000000_9999.json" },
		{ { .topic = "t" }, { 0, 0, 10000 },
		    "t-00000-00000000000000000000_9999_0000010000.json" },
		{ { .topic = NULL }, { 0, 16, 0 }, "part-000000000017.json" },
		{ { .run_id = "r" }, { 0, 16, 2 }, "part-r-000000000017_0002.json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct naming naming = cases[i].naming;
		char name[OBJECT_NAME_BYTES];
		struct err err = ERR_INIT;

		naming.extension = "json";
		assert_int_equal(naming_check(&naming, &err), 0);
		naming_format(&naming, &cases[i].id, name);
		assert_string_equal(name, cases[i].name);
		assert_true(naming_is_of(&naming, slice_of(name), cases[i].id.stream));
		assert_false(naming_is_of(&naming, slice_of(name), cases[i].id.stream + 1) && naming.topic);
	}
}

static void
templates(void **state)
{
	static const struct {
		const char *topic, *run_id, *template, *name; /* of partition 7, offset 41, roll 3 */
		const char *reason;
	} cases[] = {
		{ "t", NULL, "{@partition}-{@offset}", "7-41_0003.csv.gz", NULL },
		{ "t", NULL, "{@partition:03d}.{@offset:04d}", "007.0041_0003.csv.gz", NULL },
		{ "t", NULL, "x{@topic}={@offset}, {@partition}~", "xt=41, 7~_0003.csv.gz", NULL },
		{ "t", NULL, "a}b{{@c{1-{@partition}-{@offset}", "a}b{@c{1-7-41_0003.csv.gz", NULL },
		{ "t", NULL, "\xc3\xa9{@partition}-{@offset}", "\xc3\xa9" "7-41_0003.csv.gz", NULL },
		{ NULL, NULL, "{@line}", "42_0003.csv.gz", NULL },
		{ NULL, NULL, "from-{@offset:02d}", "from-41_0003.csv.gz", NULL },
		{ NULL, "r-1", "{@run-id}.{@line}", "r-1.42_0003.csv.gz", NULL },
		{ "t", NULL, "{@partition}", NULL, "{@offset} is missing" },
		{ "t", NULL, "{@offset}", NULL, "{@partition} is missing" },
		{ "t", NULL, "x", NULL, "{@partition} is missing" },
		{ NULL, NULL, "x", NULL, "{@line} or {@offset} is missing" },
		{ NULL, "r", "{@line}", NULL, "{@run-id} is missing" },
		{ NULL, NULL, "{@run-id}-{@line}", NULL, "{@run-id} wants --run-id" },
		{ NULL, NULL, "{@partition}-{@line}", NULL, "a pipe has no topic" },
		{ NULL, NULL, "{@topic}-{@line}", NULL, "a pipe has no topic" },
		{ "t", NULL, "{@partition}-{@line}", NULL, "are for pipes" },
		{ "t", NULL, "{@partition}{@offset}", NULL, "something has to stand between" },
		{ "t", NULL, "{@topic}{@partition}-{@offset}", NULL, "something has to stand between" },
		{ "t", NULL, "{@topic}1{@partition}-{@offset}", NULL, "something has to stand between" },
		{ "t", NULL, "{@partition}0-{@offset}", NULL, "a digit behind a number" },
		{ "t", NULL, "{@partition}-{@offset}0", NULL, "a digit behind a number" },
		{ "t", NULL, "{@partition}-{@offset}-{fare}", NULL, "a name is made of" },
		{ "t", NULL, "{@partition}-{@offset}-{@hour}", NULL, "a name is made of" },
		{ "t", NULL, "{@partition}-{@offset", NULL, "no '}'" },
		{ "t", NULL, "{@partition:5d}-{@offset}", NULL, "begins with 0" },
		{ "t", NULL, "{@partition:05}-{@offset}", NULL, "not a width" },
		{ "t", NULL, "{@partition:0100d}-{@offset}", NULL, "at most 99" },
		{ "t", NULL, "{@topic:03d}-{@partition}-{@offset}", NULL, "takes no width" },
		{ "t", NULL, "a/{@partition}-{@offset}", NULL, "a name has no '/'" },
		{ "t", NULL, "a\n{@partition}-{@offset}", NULL, "a control byte" },
		{ "t", NULL, "\xff{@partition}-{@offset}", NULL, "not UTF-8" },
		{ "t", NULL, "_{@partition}-{@offset}", NULL, "like _0-0.csv.gz, and names that" },
		{ "t", NULL, ".{@partition}-{@offset}", NULL, "like .0-0.csv.gz, and names that" },
		{ NULL, NULL, "_{@line}", NULL, "like _1.csv.gz, and names that begin with '_' or '.'" },
		{ "_t", NULL, NULL, NULL,
		    "_t-00000-00000000000000000000.csv.gz, and names that" },
		{ "t", NULL, "{@partition:099d}-{@offset:099d}-{@offset:099d}", NULL, "too long" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct naming naming = { .template = cases[i].template,
			.topic = cases[i].topic,
			.run_id = cases[i].run_id,
			.extension = "csv.gz" };
		const struct object_id id = { .stream = cases[i].topic ? 7 : 0, .begin = 41, .roll = 3 };
		char name[OBJECT_NAME_BYTES];
		struct err err = ERR_INIT;
		int rc = naming_check(&naming, &err);

		if (cases[i].reason) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.class, ERR_USAGE);
			if (!strstr(err.text, cases[i].reason))
				fail_msg("%s: %s", cases[i].template, err.text);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", cases[i].template, err.text);
		naming_format(&naming, &id, name);
		assert_string_equal(name, cases[i].name);
		assert_true(naming_is_of(&naming, slice_of(name), id.stream));
	}
}

static void
names_sort_as_their_rolls(void **state)
{
	static const unsigned rolls[] = { 0, 1, 2, 999, 1000, 9998, 9999, 10000, 10001, 99999,
		100000, 1000000, UINT_MAX };
	const struct naming naming = { .topic = "t", .extension = "json" };
	char names[2][OBJECT_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rolls) / sizeof(*rolls); i++) {
		const struct object_id id = { .roll = rolls[i] };

		naming_format(&naming, &id, names[i % 2]);
		assert_true(naming_is_of(&naming, slice_of(names[i % 2]), 0));
		if (i)
			assert_true(strcmp(names[1 - i % 2], names[i % 2]) < 0);
	}
}

static void
whose_a_name_is(void **state)
{
	static const struct {
		const char *topic, *template, *name;
		int32_t partition;
		bool is_ours;
	} cases[] = {
		{ "a", NULL, "a-00001-00000000000000000002.json", 1, true },
		{ "a", NULL, "a-00001-00000000000000000002_0001.parquet", 1, true },
		{ "a", NULL, "a-00001-00000000000000000002.csv.zst", 1, true },
		{ "a", NULL, "a-00001-00000000000000000002.json", 0, false },
		{ "a", NULL, "a-00001-00000000000000000002.json", 11, false },
		/* another topic's, that begins alike */
		{ "a", NULL, "a-00001-00003-00000000000000000002.json", 1, false },
		{ "a-00001", NULL, "a-00001-00003-00000000000000000002.json", 3, true },
		{ "a", NULL, "a-00001-00000000000000000002.json-00003-00000000000000000002.json", 1,
		    false },
		{ "a", NULL, "aa-00001-00000000000000000002.json", 1, false },
		{ "a1", NULL, "a11-00001-00000000000000000002.json", 1, false },
		/* what only looks like one */
		{ "a", NULL, "a-1-00000000000000000002.json", 1, false },
		{ "a", NULL, "a-000001-00000000000000000002.json", 1, false },
		{ "a", NULL, "a-00001-2.json", 1, false },
		{ "a", NULL, "a-00001-99999999999999999999.json", 1, false },
		{ "a", NULL, "a-99999999999-00000000000000000002.json", INT32_MAX, false },
		{ "a", NULL, "a-00001-00000000000000000002_1.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002_0000.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002_0001_0002.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002_9999_0000000001.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002_99999999999.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002_.json", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002.json.bz2", 1, false },
		{ "a", NULL, "a-00001-00000000000000000002.json.lz4.lz4", 1, false },
		{ "a", NULL, "", 1, false },
		{ "a", "{@topic}.{@partition}.{@offset}", "a.1.2.json", 1, true },
		{ "a", "{@topic}.{@partition}.{@offset}", "a.1.2.3.4.json", 1, false },
		{ "a.1.2", "{@topic}.{@partition}.{@offset}", "a.1.2.3.4.json", 3, true },
		{ "a", "{@partition}_{@offset}", "1_2.json", 1, true },
		{ "a", "{@partition}_{@offset}", "1_2_0003.json", 1, true },
		{ "a", "{@partition}_{@offset}", "11_2.json", 1, false },
		{ "a", "{@partition}_{@offset}", "01_2.json", 1, false },
		/* one number twice is the same twice */
		{ "a", "{@partition}-{@offset}-{@partition}", "1-2-1.json", 1, true },
		{ "a", "{@partition}-{@offset}-{@partition}", "2-2-1.json", 1, false },
		{ NULL, NULL, "part-000000000017.json", 0, true },
		{ NULL, NULL, "part-000000000000.json", 0, false },
		{ NULL, NULL, "part-r-000000000017.json", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct naming naming = { .template = cases[i].template,
			.topic = cases[i].topic,
			.extension = "json" };
		struct err err = ERR_INIT;

		assert_int_equal(naming_check(&naming, &err), 0);
		if (naming_is_of(&naming, slice_of(cases[i].name), cases[i].partition) != cases[i].is_ours)
			fail_msg("%s: %s", cases[i].topic ? cases[i].topic : "pipe", cases[i].name);
	}
}

static void
directories_are_written_one_way(void **state)
{
	static const char *const cases[][2] = { { "lake", "lake" }, { "./lake", "lake" },
		{ "lake/", "lake" }, { ".//lake/.//", "lake" }, { "a/b", "a/b" }, { "a/./b//c", "a/b/c" },
		{ "../a", "../a" }, { "a/../b", "a/../b" }, { ".a/..b", ".a/..b" }, { "/", "/" },
		{ "//a/", "/a" }, { "/./a", "/a" }, { ".", "." }, { "./", "." }, { "././", "." }, { "", "" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "%s", cases[i][0]);
		naming_normalise_directory(path);
		assert_string_equal(path, cases[i][1]);
	}
}

static void
whether_a_name_says_its_topic(void **state)
{
	struct naming naming = { .topic = "t", .extension = "json" };

	(void)state;
	assert_true(naming_has_topic(&naming));
	naming.template = "x-{@topic}-{@partition}-{@offset}";
	assert_true(naming_has_topic(&naming));
	naming.template = "t-{@partition}-{@offset}";
	assert_false(naming_has_topic(&naming));
}

/* Every extension that a format has is known to naming_is_of. */
static void
extensions(void **state)
{
	static const char *const kinds[] = { "json", "csv" };
	static const char *const codecs[] = { "none", "lz4", "gzip", "zstd" };
	static struct shape_options shape;

	(void)state;
	shape.selects[0] = slice_of("a");
	shape.select_count = 1;
	for (size_t i = 0; i < 8; i++) {
		struct format_options options = { .shape = &shape };
		struct naming naming = { .topic = "t" };
		const struct object_id id = { .stream = 1 };
		struct err err = ERR_INIT;
		char name[OBJECT_NAME_BYTES];
		struct format *format;

		assert_int_equal(format_kind_parse(kinds[i / 4], &options.kind, &err), 0);
		assert_int_equal(format_codec_parse(codecs[i % 4], &options.codec, &err), 0);
		format = format_new(&options, &err);
		assert_non_null(format);
		naming.extension = format_extension(format);
		naming_format(&naming, &id, name);
		assert_true(naming_is_of(&naming, slice_of(name), 1));
		format_free(format);
	}
}

/* A path fits or not, whatever its roll. */
static void
room_for_paths(void **state)
{
	static const size_t prefixes[] = { 0, 1, 300, S3_PREFIX_BYTES_MAX };
	static const struct object_id ids[] = { { 0, 0, 0 }, { INT32_MAX, INT64_MAX - 1, UINT_MAX } };
	struct naming naming = { .topic = "t", .extension = "json.zst" };
	char text[S3_KEY_BYTES + 1], name[OBJECT_NAME_BYTES], key[S3_KEY_BYTES];
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	naming_format(&naming, &ids[1], name);
	assert_int_equal(naming_name_bytes_max(&naming), strlen(name));
	for (size_t i = 0; i < 2 * sizeof(prefixes) / sizeof(*prefixes); i++) {
		struct s3_target target = { .prefix = slice_make(text, prefixes[i / 2]) };
		size_t bytes =
		    s3_target_path_bytes_max(&target.prefix, naming_name_bytes_max(&naming));
		char *path = strndup(text, bytes + 1);

		assert_non_null(path);
		assert_in_range(bytes, 1, OBJECT_PATH_BYTES_MAX);
		naming_format(&naming, &ids[i % 2], name);
		path[bytes] = '\0';
		assert_int_equal(s3_target_key(&target, path, name, key, &err), 0);
		path[bytes] = 'x';
		/* one more would be too long with the widest only */
		if (bytes < OBJECT_PATH_BYTES_MAX)
			assert_int_equal(s3_target_key(&target, path, name, key, &err), i % 2 ? -1 : 0);
		free(path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(templates),
		cmocka_unit_test(names_sort_as_their_rolls),
		cmocka_unit_test(whose_a_name_is),
		cmocka_unit_test(directories_are_written_one_way),
		cmocka_unit_test(whether_a_name_says_its_topic),
		cmocka_unit_test(extensions),
		cmocka_unit_test(room_for_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
