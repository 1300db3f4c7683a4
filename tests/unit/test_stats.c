/* SPDX-License-Identifier: MIT */
/* The text of --stats-file, its labels, and how the file is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "run/stats.h"
#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

struct numbers {
	int64_t read;
	int64_t lag;
};

static const struct stats_value values[] = {
	{ STATS_RECORDS_READ, offsetof(struct numbers, read) },
	{ STATS_LAG_RECORDS, offsetof(struct numbers, lag) },
};

static int
set_label(struct stats_options *o, const char *text, struct err *err)
{
	for (size_t i = 0; i < stats_row_count; i++) {
		if (strcmp(stats_rows[i].name, "stats-label") == 0)
			return stats_rows[i].set(o, text, OPT_COMMAND_LINE, err);
	}
	return -1;
}

#define READ_HEAD \
	"# HELP sluice_records_read_total Records read.\n" \
	"# TYPE sluice_records_read_total counter\n"
#define LAG_HEAD \
	"# HELP sluice_lag_records Records of the partitions read that are not yet delivered, rejected " \
	"or filtered.\n" \
	"# TYPE sluice_lag_records gauge\n"

static const struct {
	struct numbers numbers;
	const char *topic, *label;
	const char *want;
} texts[] = {
	{ { 7, 0 }, "t", NULL,
	    READ_HEAD "sluice_records_read_total{tool=\"x\",topic=\"t\"} 7\n" LAG_HEAD
		      "sluice_lag_records{tool=\"x\",topic=\"t\"} 0\n" },
	/* what is not known is left out, and so is an empty label */
	{ { INT64_MAX, -1 }, "", NULL,
	    READ_HEAD "sluice_records_read_total{tool=\"x\"} 9223372036854775807\n" },
	{ { 0, -1 }, "", "site=a=b",
	    READ_HEAD "sluice_records_read_total{tool=\"x\",site=\"a=b\"} 0\n" },
	/* "Exposition formats": backslash, double quote and line feed are escaped, nothing else */
	{ { 0, -1 }, "a\\b\"c\nd{}\xc3\xa4", NULL,
	    READ_HEAD
	    "sluice_records_read_total{tool=\"x\",topic=\"a\\\\b\\\"c\\nd{}\xc3\xa4\"} 0\n" },
};

static void
test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct stats_label labels[] = {
			{ "tool", "x" }, { "topic", texts[i].topic }
		};
		struct stats_options o = STATS_OPTIONS_INIT;
		struct buf text = BUF_INIT(4096);
		struct err err = ERR_INIT;

		if (texts[i].label)
			assert_int_equal(set_label(&o, texts[i].label, &err), 0);
		assert_int_equal(stats_render(&o, values, COUNT(values), &texts[i].numbers, labels,
				     COUNT(labels), &text, &err),
		    0);
		assert_string_equal(text.data, texts[i].want);
		buf_release(&text);
	}
}

static void
test_labels(void **state)
{
	static const char *const bad[] = { "", "a", "=b", "a=", "1a=b", "a-b=c", "__a=b", "tool=b",
		"topic=b", "group=b", "job=b", "instance=b", "site=again", "a=\xff" };
	struct stats_options o = STATS_OPTIONS_INIT;
	struct err err = ERR_INIT;
	char text[16];

	(void)state;
	assert_int_equal(set_label(&o, "site=a", &err), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		err_clear(&err);
		if (!set_label(&o, bad[i], &err))
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.class, ERR_USAGE);
	}
	for (int i = 1; i < STATS_LABELS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "_%d=b", i);
		assert_int_equal(set_label(&o, text, &err), 0);
	}
	assert_int_equal(set_label(&o, "more=b", &err), -1);
}

static int
write_numbers(const struct stats_options *o, int64_t read, struct err *err)
{
	const struct numbers numbers = { read, -1 };
	const struct stats_label label = { "tool", "x" };

	return stats_write(o, values, COUNT(values), &numbers, &label, 1, err);
}

/* A reader that has the old one open keeps all of it, and others may read it. */
static void
test_replaced(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "a.prom"), *text;
	struct stats_options o = { .file = path };
	struct err err = ERR_INIT;
	struct stat before, after;
	mode_t mask = umask(022);
	size_t len;

	(void)state;
	assert_int_equal(stats_check(&o, &err), 0);
	assert_int_equal(stat(path, &before), -1);
	assert_int_equal(write_numbers(&o, 1, &err), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0644);
	assert_int_equal(stats_check(&o, &err), 0);
	assert_int_equal(write_numbers(&o, 2, &err), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(scratch_count_files(root), 1);
	text = scratch_read(root, "a.prom", &len);
	assert_string_equal(text, READ_HEAD "sluice_records_read_total{tool=\"x\"} 2\n");
	free(text);
	(void)umask(mask);
	free(path);
	scratch_remove(root);
}

static void
test_refused(void **state)
{
	char *root = scratch_new(), *path = scratch_path(root, "not/there.prom");
	struct stats_options o = { .file = path }, null = { .file = "/dev/null" },
			     directory = { .file = root };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(stats_check(&o, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(err.text, "not/there.prom"));
	assert_int_equal(write_numbers(&o, 1, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	/* who may write there would replace the device */
	assert_int_equal(stats_check(&null, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_int_equal(stats_check(&directory, &err), -1);
	free(path);
	scratch_remove(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
