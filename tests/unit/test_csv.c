/* SPDX-License-Identifier: MIT */
/* CSV to JSON: tables of rows, and the real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/csv.h"

#include "shared_data.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { OUT_BYTES_MAX = 1 << 20 };

static struct csv *
csv_of(const char *columns)
{
	struct err err = ERR_INIT;
	struct csv *csv = csv_new(columns, ',', &err);

	if (!csv)
		fail_msg("%s", err.text);
	return csv;
}

static const struct {
	const char *columns, *row, *json;
} accepted[] = {
	{ "a", "", "{\"a\":\"\"}" },
	{ "a:int", "", "{\"a\":null}" },
	{ "a,b", "1,x", "{\"a\":\"1\",\"b\":\"x\"}" },
	{ "a,b", "1,x\r", "{\"a\":\"1\",\"b\":\"x\"}" },
	{ "a,b", ",", "{\"a\":\"\",\"b\":\"\"}" },
	{ "a,b", "\"\",\"\"", "{\"a\":\"\",\"b\":\"\"}" },
	{ " a , b : int ", "x,2", "{\"a\":\"x\",\"b\":2}" },
	{ "a:string", " x ", "{\"a\":\" x \"}" },
	{ "a,b", "\"1,2\",\"x\ny\"", "{\"a\":\"1,2\",\"b\":\"x\\ny\"}" },
	{ "a", "\"say \"\"hi\"\"\"", "{\"a\":\"say \\\"hi\\\"\"}" },
	{ "a", "\"\"\"\"", "{\"a\":\"\\\"\"}" },
	{ "a", "\"\"\"\"\"\"", "{\"a\":\"\\\"\\\"\"}" },
	{ "a,b", "5\" pipe,x\"y\"", "{\"a\":\"5\\\" pipe\",\"b\":\"x\\\"y\\\"\"}" },
	{ "a,b", " \"x\",y", "{\"a\":\" \\\"x\\\"\",\"b\":\"y\"}" },
	{ "a", "back\\slash\ttab", "{\"a\":\"back\\\\slash\\ttab\"}" },
	{ "a", "Z\xc3\xbcrich", "{\"a\":\"Z\xc3\xbcrich\"}" },
	{ "a:int,b:int", "1,-2", "{\"a\":1,\"b\":-2}" },
	{ "a:int", " 12 ", "{\"a\":12}" },
	{ "a:int", "\"12\"", "{\"a\":12}" },
	{ "a:int", "123456789012345678901234567890", "{\"a\":123456789012345678901234567890}" },
	{ "a:int,b:double,c:bool,d:json", ",,,", "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}" },
	{ "a:int,b:json", "  ,  ", "{\"a\":null,\"b\":null}" },
	{ "a:json", "\"\"", "{\"a\":null}" },
	{ "a:double", "847.4300", "{\"a\":847.4300}" },
	{ "a:double", "-1.5e-3", "{\"a\":-1.5e-3}" },
	{ "a:double", "7", "{\"a\":7}" },
	{ "a:bool,b:bool", "true, false ", "{\"a\":true,\"b\":false}" },
	{ "a:json", "[1]", "{\"a\":[1]}" },
	{ "a:json,b", "\"[{\"\"k\"\":1,\"\"l\"\":2}]\",x",
	    "{\"a\":[{\"k\":1,\"l\":2}],\"b\":\"x\"}" },
	{ "we \"say\"", "x", "{\"we \\\"say\\\"\":\"x\"}" },
	{ "a:b:int", "1", "{\"a:b\":1}" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		struct csv *csv = csv_of(accepted[i].columns);
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		size_t byte = 77;

		assert_int_equal(buf_append_text(&out, "before", &err), 0);
		if (csv_row_to_json(csv, slice_of(accepted[i].row), &out, &byte, &err))
			fail_msg("%s: %s", accepted[i].row, err.text);
		assert_string_equal(out.data + 6, accepted[i].json);
		assert_int_equal(byte, 77);
		buf_release(&out);
		csv_free(csv);
	}
}

static const struct {
	const char *columns, *row;
	size_t byte;
	const char *text;
} refused[] = {
	{ "a,b", "1", 1, "2 cells expected, found 1" },
	{ "a,b", "", 0, "2 cells expected, found 1" },
	{ "a,b,c", "1,2", 3, "3 cells expected, found 2" },
	{ "a,b", "1,2,3,\"4,5\"", 4, "2 cells expected, found 4" },
	{ "a,b", "1,2,", 4, "2 cells expected, found 3" },
	{ "a,b", "x,\"1\"2", 5, "column \"b\": text behind the closing quote" },
	{ "a,b", "\"x\" ,1", 3, "column \"a\": text behind the closing quote" },
	{ "a,b", "x,\"1", 3, "column \"b\": quotes that do not close" },
	{ "a", "\"", 1, "column \"a\": quotes that do not close" },
	{ "a", "\"x\"\"", 1, "column \"a\": quotes that do not close" },
	{ "a,b",
	    "x,ab\xff"
	    "c",
	    4, "column \"b\": not UTF-8" },
	{ "a,b", "x,\"a\"\"b\xc3\"", 7, "column \"b\": not UTF-8" },
	{ "a:int", "abc", 0, "column \"a\": \"abc\" is not an int" },
	{ "x,a:int", "y,1.5", 2, "column \"a\": \"1.5\" is not an int" },
	{ "a:int", "1e3", 0, "column \"a\": \"1e3\" is not an int" },
	{ "a:int", "007", 0, "column \"a\": \"007\" is not an int" },
	{ "a:int", "+1", 0, "column \"a\": \"+1\" is not an int" },
	{ "a:int", "\"\"", 1, "column \"a\": \"\" is not an int" },
	{ "a:double", "NaN", 0, "column \"a\": \"NaN\" is not a double" },
	{ "a:double", "1,5", 2, "1 cells expected, found 2" },
	{ "a:double", "\x01\xff", 0, "column \"a\": \"?\?\" is not a double" },
	{ "a:int", "1234567890123456789012345678901234567890x", 0,
	    "column \"a\": \"1234567890123456789012345678901234567890...\" is not an int" },
	{ "a:bool", "TRUE", 0, "column \"a\": \"TRUE\" is not a bool" },
	{ "a:bool", "1", 0, "column \"a\": \"1\" is not a bool" },
};

static void
test_rows_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct csv *csv = csv_of(refused[i].columns);
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		size_t byte = 77;

		assert_int_equal(buf_append_text(&out, "before", &err), 0);
		assert_int_equal(
		    csv_row_to_json(csv, slice_of(refused[i].row), &out, &byte, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(err.text, refused[i].text);
		if (byte != refused[i].byte)
			fail_msg("%s: byte %zu", refused[i].row, byte);
		assert_string_equal(out.data, "before");
		buf_release(&out);
		csv_free(csv);
	}
}

/* The reason is the scanner's; what matters is that it is refused, and where. */
static void
test_json_cells_refused(void **state)
{
	static const struct {
		const char *row;
		size_t byte_min, byte_max;
	} cases[] = {
		{ "x", 0, 1 },
		{ "1 2", 1, 3 },
		{ "\"1,\"\"b\"\":2\"", 1, 3 },
		{ "\"[\"\"a\"\",}\"", 8, 9 },
		{ "\"[1]]\"", 4, 4 },
		{ "{", 1, 1 },
	};
	struct csv *csv = csv_of("a:json");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		size_t byte = 77;

		assert_int_equal(
		    csv_row_to_json(csv, slice_of(cases[i].row), &out, &byte, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		if (byte < cases[i].byte_min || byte > cases[i].byte_max)
			fail_msg("%s: byte %zu: %s", cases[i].row, byte, err.text);
		buf_release(&out);
	}
	csv_free(csv);
}

static void
test_headers(void **state)
{
	static const struct {
		const char *header, *row, *json;
	} cases[] = {
		{ "a,b", "1,2", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "a,b\r", "1,2\r", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "\xef\xbb\xbf"
		  "a,b",
		    "1,2", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "\xef\xbb\xbf\"a\",b", "1,2", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "\"a,\"\"b\"\"\",c:int", "1,2", "{\"a,\\\"b\\\"\":\"1\",\"c:int\":\"2\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct csv *csv = csv_of(NULL);
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		size_t byte;

		assert_false(csv_has_columns(csv));
		assert_int_equal(csv_set_header(csv, slice_of(cases[i].header), &err), 0);
		assert_true(csv_has_columns(csv));
		assert_int_equal(
		    csv_row_to_json(csv, slice_of(cases[i].row), &out, &byte, &err), 0);
		assert_string_equal(out.data, cases[i].json);
		buf_release(&out);
		csv_free(csv);
	}
}

static void
test_headers_refused(void **state)
{
	static const struct {
		const char *header, *text;
	} cases[] = {
		{ "", "column 1 has no name" },
		{ "a,,b", "column 2 has no name" },
		{ "a,b,a", "column \"a\" is there twice" },
		{ "a,\"b", "column 2: quotes that do not close" },
		{ "a,\"b\"c", "column 2: text behind the closing quote" },
		{ "a,\xff", "the name of column 2 is not UTF-8 text" },
	};
	struct csv *csv = csv_of(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(csv_set_header(csv, slice_of(cases[i].header), &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(err.text, cases[i].text);
		assert_false(csv_has_columns(csv));
	}
	csv_free(csv);
}

static void
test_columns_refused(void **state)
{
	static const struct {
		const char *columns;
		char delimiter;
		const char *part;
	} cases[] = {
		{ "", ',', "column 1 has no name" },
		{ "a,", ',', "column 2 has no name" },
		{ ":int", ',', "column 1 has no name" },
		{ "a,b,a:int", ',', "column \"a\" is there twice" },
		{ "a:float", ',', "type \"float\"" },
		{ "a:", ',', "type \"\"" },
		{ "a", '"', "cannot delimit" },
		{ "a", '\n', "cannot delimit" },
		{ NULL, '\r', "cannot delimit" },
		{ NULL, '\0', "cannot delimit" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;

		assert_null(csv_new(cases[i].columns, cases[i].delimiter, &err));
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, cases[i].part))
			fail_msg("%s", err.text);
	}
	csv_free(NULL);
}

static void
test_other_delimiters(void **state)
{
	struct err err = ERR_INIT;
	struct csv *csv = csv_new("a,b", '\t', &err);
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	size_t byte;

	(void)state;
	assert_non_null(csv);
	assert_int_equal(csv_row_to_json(csv, slice_of("1,2\t\"3\t4\""), &out, &byte, &err), 0);
	assert_string_equal(out.data, "{\"a\":\"1,2\",\"b\":\"3\\t4\"}");
	buf_release(&out);
	csv_free(csv);
}

static void
test_out_keeps_its_ceiling(void **state)
{
	struct csv *csv = csv_of("a,b");
	struct buf out = BUF_INIT(20);
	struct err err = ERR_INIT;
	size_t byte;

	(void)state;
	assert_int_equal(
	    csv_row_to_json(csv, slice_of("0123456789,0123456789"), &out, &byte, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_int_equal(out.len, 0);
	buf_release(&out);
	csv_free(csv);
}

static const struct {
	const char *bytes;
	ptrdiff_t end;
} ends[] = {
	{ "", -1 },
	{ "\n", 0 },
	{ "a,b\nc", 3 },
	{ "a,b\r\nc", 4 },
	{ "a,b", -1 },
	{ "\"a\nb\",c\nd", 7 },
	{ "a,\"b\n\"\n", 6 },
	{ "a,\"b\"\"\n\"\n", 8 },
	{ "a,\"\"\nb", 4 },
	{ "a,\"\"\"\n", -1 },
	{ "\"\"\"\"\n", 4 },
	{ "a\"b\nc", 3 },
	{ "a,b\"c\nd\"", 5 },
	{ "a, \"c\nd\"", 5 },
	{ "a,\"b", -1 },
	{ "a,\"b\"", -1 },
	{ "a,\"b\"x\"\n\"\n", 7 },
	{ "\xef\xbb\xbf\"a\nb\"\n", 8 },
	{ "\"a\",\"b\",\"c\nd\"\ne", 13 },
};

/* At once, and as the bytes come in one by one or by threes. */
static void
test_row_ends(void **state)
{
	struct csv *csv = csv_of("a");

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		for (size_t chunk = 1; chunk <= 100; chunk = chunk == 1 ? 3 : chunk * 100 / 3) {
			size_t len = strlen(ends[i].bytes), have = 0;
			struct csv_search search = { .byte = 0 };
			ptrdiff_t end = -1;

			while (end < 0 && have < len) {
				char *copy;

				have = have + chunk < len ? have + chunk : len;
				copy = malloc(have);
				assert_non_null(copy);
				memcpy(copy, ends[i].bytes, have);
				end = csv_row_end(csv, slice_make(copy, have), &search);
				free(copy);
			}
			if (end != ends[i].end)
				fail_msg("%s by %zu: %td", ends[i].bytes, chunk, end);
		}
	}
	csv_free(csv);
}

/* Rows of random bytes of the kind that matters: the fast search agrees with a plain one. */
static void
test_row_ends_agree(void **state)
{
	static const char alphabet[] = "\"\",,\nab";
	uint64_t random = 88172645463325252u;
	struct csv *csv = csv_of("a");

	(void)state;
	for (int i = 0; i < 200000; i++) {
		bool is_quoted = false, is_start = true;
		struct csv_search search = { .byte = 0 };
		ptrdiff_t expected = -1;
		char bytes[16];

		for (size_t k = 0; k < sizeof(bytes); k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			bytes[k] = alphabet[(random >> 33) % 7];
		}
		for (size_t k = 0; k < sizeof(bytes) && expected < 0; k++) {
			bool is_quote = bytes[k] == '"';

			if (is_quoted && is_quote && k + 1 < sizeof(bytes) && bytes[k + 1] == '"')
				k++;
			else if (is_quoted)
				is_quoted = !is_quote;
			else if (is_quote && is_start)
				is_quoted = true;
			else if (bytes[k] == '\n')
				expected = (ptrdiff_t)k;
			is_start = !is_quoted && bytes[k] == ',';
		}
		assert_int_equal(
		    csv_row_end(csv, slice_make(bytes, sizeof(bytes)), &search), expected);
	}
	csv_free(csv);
}

/* Turns a file into lines of JSON; returns the number of rows. */
static size_t
convert(const char *name, struct csv *csv, bool has_header, struct buf *out)
{
	struct buf file = BUF_INIT(SHARED_FILE_BYTES_MAX);
	struct err err = ERR_INIT;
	struct slice rest;
	size_t rows = 0, byte;

	shared_read(name, &file);
	rest = buf_slice(&file);
	while (rest.len) {
		struct csv_search search = { .byte = 0 };
		ptrdiff_t end = csv_row_end(csv, rest, &search);
		struct slice row = slice_make(rest.data, end < 0 ? rest.len : (size_t)end);

		rest = slice_skip(rest, end < 0 ? rest.len : (size_t)end + 1);
		if (has_header && !csv_has_columns(csv)) {
			assert_int_equal(csv_set_header(csv, row, &err), 0);
			continue;
		}
		if (csv_row_to_json(csv, row, out, &byte, &err))
			fail_msg("row %zu, byte %zu: %s", rows + 1, byte, err.text);
		assert_int_equal(buf_append_char(out, '\n', &err), 0);
		rows++;
	}
	buf_release(&file);
	return rows;
}

#define TRIP_COLUMNS                                                                          \
	"id,vendor_id:int,pickup,dropoff,passengers:int,lon:double,lat:double,to_lon:double," \
	"to_lat:double,flag,miles:double,seconds:int,a:int,b:int"

static const struct {
	const char *name, *columns;
	size_t rows;
	const char *first, *last; /* what the first row begins and the last row ends with */
} files[] = {
	{ "workshop-taxi-trips.csv", TRIP_COLUMNS, 342,
	    "{\"id\":\"id1178274\",\"vendor_id\":1,\"pickup\":\"1/8/16 20:50\",", "\"b\":557}\n" },
	{ "workshop-kpl-taxi-trips.csv", TRIP_COLUMNS, 49,
	    "{\"id\":\"id3359869\",\"vendor_id\":2,\"pickup\":\"1/8/2016 20:11\",",
	    "\"b\":552}\n" },
	{ "workshop-order-details.csv", "order,user,items:json,day,total:double,status", 36,
	    "{\"order\":\"ORD123456789\",\"user\":\"USR987654321\",\"items\":[{\"item_id\":"
	    "\"ITEM001\",",
	    "\"total\":69.97,\"status\":\"Shipped\"}\n" },
	{ "taxi_zones.csv", NULL, 263,
	    "{\"LocationID\":\"1\",\"zone\":\"Newark Airport\",\"borough\":\"EWR\"}\n",
	    "\"zone\":\"Yorkville East\",\"borough\":\"Manhattan\"}\n" },
};

static void
test_real_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		shared_require(files[i].name);
	for (size_t i = 0; i < COUNT(files); i++) {
		struct csv *csv = csv_of(files[i].columns);
		struct buf out = BUF_INIT(SHARED_FILE_BYTES_MAX);
		size_t rows = convert(files[i].name, csv, !files[i].columns, &out);
		size_t last_len = strlen(files[i].last);

		csv_free(csv);
		if (files[i].rows != rows)
			fail_msg("%s: %zu rows", files[i].name, rows);
		assert_true(slice_starts(buf_slice(&out), files[i].first));
		assert_true(out.len > last_len);
		assert_string_equal(out.data + out.len - last_len, files[i].last);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_refused),
		cmocka_unit_test(test_json_cells_refused),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_headers_refused),
		cmocka_unit_test(test_columns_refused),
		cmocka_unit_test(test_other_delimiters),
		cmocka_unit_test(test_out_keeps_its_ceiling),
		cmocka_unit_test(test_row_ends),
		cmocka_unit_test(test_row_ends_agree),
		cmocka_unit_test(test_real_files),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
