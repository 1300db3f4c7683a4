/* SPDX-License-Identifier: MIT */
/* Rows as a table, as JSON and as names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "kafka-topic/output.h"

static const struct column columns[] = {
	{ "GROUP", "group" },
	{ "PARTITION", "partition" },
	{ "LAG", "lag" },
	{ "ISR", "isr" },
};

static void
add(struct rows *rows, const char *group, int64_t partition, int64_t lag, size_t isr_count)
{
	const int32_t isr[] = { 1, 20, 3 };

	rows_begin(rows);
	rows_text(rows, "group", group);
	rows_int(rows, "partition", partition);
	rows_int_or_null(rows, "lag", lag, lag >= 0);
	rows_numbers(rows, "isr", isr, isr_count);
}

static struct output
output_of(enum output_form form)
{
	return (struct output){ .form = form, .text = BUF_INIT(OUTPUT_BYTES_MAX) };
}

/* Numbers stand on the right, also beside one that is not known; texts on the left. */
static void
test_table(void **state)
{
	struct output out = output_of(OUTPUT_DEFAULT);
	struct err err = ERR_INIT;
	struct rows rows;

	(void)state;
	rows_init(&rows);
	add(&rows, "etl", 0, 1200, 3);
	add(&rows, "a-long-name", 10, -1, 0);
	assert_int_equal(output_rows(&out, &rows, columns, 4, &err), 0);
	assert_string_equal(out.text.data,
	    "GROUP        PARTITION   LAG  ISR\n"
	    "etl                  0  1200  1,20,3\n"
	    "a-long-name         10     -  -\n");
	rows_release(&rows);
	buf_release(&out.text);
}

static void
test_second_table(void **state)
{
	struct output out = output_of(OUTPUT_TABLE);
	struct err err = ERR_INIT;
	struct rows rows, none;

	(void)state;
	rows_init(&rows);
	rows_init(&none);
	add(&rows, "g", 0, 1, 1);
	assert_int_equal(output_table(&out, &none, columns, 4, &err), 0);
	assert_int_equal(out.text.len, 0);
	assert_int_equal(output_table(&out, &rows, columns, 2, &err), 0);
	assert_int_equal(output_table(&out, &rows, columns, 1, &err), 0);
	assert_int_equal(output_table(&out, &none, columns, 4, &err), 0);
	assert_string_equal(out.text.data,
	    "GROUP  PARTITION\n"
	    "g              0\n"
	    "\n"
	    "GROUP\n"
	    "g\n");
	rows_release(&rows);
	rows_release(&none);
	buf_release(&out.text);
}

/* A group may have any name. */
static const struct {
	const char *name;
	const char *cell;
	const char *json;
} names[] = {
	{ "plain", "plain", "{\"group\":\"plain\"}\n" },
	{ "", "-", "{\"group\":\"\"}\n" },
	{ NULL, "-", "{\"group\":null}\n" },
	{ "a\033[2Jb\nc\177", "a?[2Jb?c?", "{\"group\":\"a\\u001B[2Jb\\nc\\u007f\"}\n" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "{\"group\":\"gr\xc3\xbc\xc3\x9f\"}\n" },
	{ "bad\xff" "byte", "bad?byte", "{\"group\":\"bad?byte\"}\n" },
	/* good letters beside a bad byte stay, and one that is cut off is bad byte by byte */
	{ "\xc3\xbc\xff\xe2\x82\xac\xe2\x82", "\xc3\xbc?\xe2\x82\xac??",
	    "{\"group\":\"\xc3\xbc?\xe2\x82\xac??\"}\n" },
	/* C1 controls: U+0080 and U+009F are, U+00A0 is none */
	{ "\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0",
	    "{\"group\":\"\\u0080\\u009f\xc2\xa0\"}\n" },
	{ "\"quoted\"", "\"quoted\"", "{\"group\":\"\\\"quoted\\\"\"}\n" },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct output table = output_of(OUTPUT_DEFAULT), json = output_of(OUTPUT_JSON);
		char wanted[64];
		struct err err = ERR_INIT;
		struct rows rows;

		rows_init(&rows);
		rows_begin(&rows);
		rows_text(&rows, "group", names[i].name);
		assert_int_equal(output_rows(&table, &rows, columns, 1, &err), 0);
		assert_int_equal(output_rows(&json, &rows, columns, 1, &err), 0);
		(void)snprintf(wanted, sizeof(wanted), "GROUP\n%s\n", names[i].cell);
		assert_string_equal(table.text.data, wanted);
		assert_string_equal(json.text.data, names[i].json);
		rows_release(&rows);
		buf_release(&table.text);
		buf_release(&json.text);
	}
}

/* Columns keep their places behind letters of two bytes. */
static void
test_width_is_in_characters(void **state)
{
	struct output out = output_of(OUTPUT_TABLE);
	struct err err = ERR_INIT;
	struct rows rows;

	(void)state;
	rows_init(&rows);
	add(&rows, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 1, 1, 0);
	add(&rows, "123456", 1, 1, 0);
	assert_int_equal(output_table(&out, &rows, columns, 2, &err), 0);
	assert_string_equal(out.text.data,
	    "GROUP   PARTITION\n"
	    "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc          1\n"
	    "123456          1\n");
	rows_release(&rows);
	buf_release(&out.text);
}

static void
test_nested(void **state)
{
	struct output out = output_of(OUTPUT_JSON);
	struct err err = ERR_INIT;
	struct rows rows, inner;

	(void)state;
	rows_init(&rows);
	rows_init(&inner);
	rows_begin(&inner);
	rows_int(&inner, "partition", 0);
	rows_begin(&inner);
	rows_int(&inner, "partition", INT64_MAX);
	rows_begin(&rows);
	rows_text(&rows, "topic", "t");
	rows_nest(&rows, "partitions", &inner);
	add(&rows, "g", 1, -1, 2);
	assert_int_equal(output_json(&out, &rows, &err), 0);
	assert_string_equal(out.text.data,
	    "{\"topic\":\"t\",\"partitions\":[{\"partition\":0},"
	    "{\"partition\":9223372036854775807}]}\n"
	    "{\"group\":\"g\",\"partition\":1,\"lag\":null,\"isr\":[1,20]}\n");
	rows_release(&inner);
	rows_release(&rows);
	buf_release(&out.text);
}

static void
test_bare_names(void **state)
{
	struct output out = output_of(OUTPUT_NAMES);
	struct err err = ERR_INIT;
	struct rows rows;

	(void)state;
	rows_init(&rows);
	add(&rows, "b", 1, 1, 0);
	add(&rows, "x\nproduction", 1, 1, 0);
	add(&rows, "c\xc2\x9b", 1, 1, 0);
	add(&rows, "a", 1, 1, 0);
	assert_int_equal(output_names(&out, &rows, "group", &err), 0);
	assert_string_equal(out.text.data, "b\na\n");
	rows_release(&rows);
	buf_release(&out.text);
}

/* Memory that ran out while rows were made is told where they are printed. */
static void
test_failure_is_kept(void **state)
{
	struct output out = output_of(OUTPUT_TABLE);
	struct err err = ERR_INIT;
	struct rows rows;

	(void)state;
	rows_init(&rows);
	add(&rows, "g", 1, 1, 0);
	rows_value(&rows, "lost", NULL);
	assert_int_equal(output_table(&out, &rows, columns, 1, &err), -1);
	assert_int_equal(err.class, ERR_FAULT);
	err_clear(&err);
	assert_int_equal(output_json(&out, &rows, &err), -1);
	err_clear(&err);
	assert_int_equal(output_names(&out, &rows, "group", &err), -1);
	assert_int_equal(out.text.len, 0);
	rows_release(&rows);
	buf_release(&out.text);
}

static void
test_flush(void **state)
{
	struct output out = output_of(OUTPUT_TABLE);
	struct err err = ERR_INIT;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	out.file = full;
	assert_non_null(full);
	assert_int_equal(output_flush(&out, &err), 0);
	assert_int_equal(buf_append_text(&out.text, "something\n", &err), 0);
	assert_int_equal(output_flush(&out, &err), -1);
	assert_int_equal(err.class, ERR_IO);
	assert_false(err.is_broken_pipe);
	(void)fclose(full);
	buf_release(&out.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_second_table),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_width_is_in_characters),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_bare_names),
		cmocka_unit_test(test_failure_is_kept),
		cmocka_unit_test(test_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
