/* SPDX-License-Identifier: MIT */
/* Schemas of tables, ours and Avro's, and records as rows of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "codec/table_row.h"
#include "codec/table_schema.h"
#include "codec/table_value.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { TEXT_BYTES_MAX = 1 << 20 };

/* ---- schemas ---- */

/* name:path:type, a '?' where nullable, '~' and the format where there is one; spaces between */
static void
describe(const struct table_schema *s, struct buf *out)
{
	struct err err = ERR_INIT;
	char type[TABLE_TYPE_BYTES];

	for (unsigned i = 0; i < s->count; i++) {
		const struct table_column *c = &s->columns[i];

		table_type_format(c, type);
		assert_int_equal(
		    buf_appendf(out, &err, "%s%s:%s:%s%s%s%s", i ? " " : "", c->name, c->path, type,
			c->is_nullable ? "?" : "", c->format.style == TIME_PATTERN ? "~" : "",
			c->format.style == TIME_PATTERN ? c->format.pattern : ""),
		    0);
	}
}

#define AVRO(fields) \
	"{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"x.y\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

static const struct {
	const char *text, *columns;
} schemas[] = {
	{ "[{\"name\":\"a\",\"type\":\"bool\"}]", "a:a:bool" },
	{ "{\"columns\":[{\"path\":\"a.b\",\"type\":\"int32\",\"nullable\":true}]}",
	    "a_b:a.b:int32?" },
	{ "[{\"name\":\"x\",\"path\":\"a.b\",\"type\":\"int64\",\"nullable\":false}]",
	    "x:a.b:int64" },
	{ "[{\"name\":\"a\",\"type\":\"float\"},{\"name\":\"b\",\"type\":\"double\"}]",
	    "a:a:float b:b:double" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(9,2)\"},{\"name\":\"b\",\"type\":\"decimal(38)\"}]",
	    "a:a:decimal(9,2) b:b:decimal(38,0)" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(18, 18)\"}]", "a:a:decimal(18,18)" },
	{ "[{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"b\",\"type\":\"json\"}]",
	    "a:a:string b:b:json" },
	{ "[{\"name\":\"a\",\"type\":\"timestamp\"},{\"name\":\"b\",\"type\":\"timestamp(us)\"}]",
	    "a:a:timestamp(ms) b:b:timestamp(us)" },
	{ "[{\"name\":\"a\",\"type\":\"timestamp(ms,local)\"},{\"name\":\"b\",\"type\":\"timestamp("
	  "us,"
	  "local)\"}]",
	    "a:a:timestamp(ms,local) b:b:timestamp(us,local)" },
	{ "[{\"name\":\"a\",\"type\":\"date\",\"format\":\"%d.%m.%Y\"}]", "a:a:date~%d.%m.%Y" },
	{ AVRO(FIELD("a", "\"boolean\"") "," FIELD("b", "\"int\"") "," FIELD("c", "\"long\"")),
	    "a:a:bool b:b:int32 c:c:int64" },
	{ AVRO(FIELD("a", "\"float\"") "," FIELD("b", "\"double\"") "," FIELD("c", "\"string\"")),
	    "a:a:float b:b:double c:c:string" },
	{ AVRO(FIELD("a", "[\"null\",\"int\"]") "," FIELD("b", "[\"string\",\"null\"]")),
	    "a:a:int32? b:b:string?" },
	{ AVRO(FIELD("a", "[\"int\",\"string\"]") "," FIELD("b", "[\"null\",\"int\",\"string\"]")),
	    "a:a:json b:b:json?" },
	{ AVRO(FIELD("a", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}") "," FIELD(
	      "b", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}")),
	    "a:a:timestamp(ms) b:b:timestamp(us)" },
	{ AVRO(FIELD(
	      "a", "{\"type\":\"long\",\"logicalType\":\"local-timestamp-millis\"}") "," FIELD("b",
	      "[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}]")),
	    "a:a:timestamp(ms,local) b:b:date?" },
	{ AVRO(FIELD(
	      "a", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}")),
	    "a:a:decimal(9,2)" },
	{ AVRO(FIELD("a", "{\"type\":\"string\",\"logicalType\":\"uuid\"}")), "a:a:string" },
	{ AVRO(FIELD("a", "{\"type\":\"array\",\"items\":\"int\"}") "," FIELD(
	      "b", "{\"type\":\"map\",\"values\":\"int\"}")),
	    "a:a:json b:b:json" },
	{ AVRO(FIELD("a", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"p\"]}") "," FIELD(
	      "b", "\"E\"") "," FIELD("c", "\"x.y.E\"")),
	    "a:a:string b:b:string c:c:string" },
	/* records in records; what may be null makes all below it so */
	{ AVRO(FIELD("a", "{\"type\":\"record\",\"name\":\"S\",\"fields\":[" FIELD(
			      "b", "\"int\"") "]}") "," FIELD("c", "[\"null\",\"S\"]")),
	    "a_b:a.b:int32 c_b:c.b:int32?" },
};

static void
test_schemas(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(schemas); i++) {
		struct table_schema *s = table_schema_parse(slice_of(schemas[i].text), &err),
				    *again;
		struct buf found = BUF_INIT(TEXT_BYTES_MAX), printed = BUF_INIT(TEXT_BYTES_MAX);

		if (!s)
			fail_msg("%s: %s", schemas[i].text, err.text);
		describe(s, &found);
		assert_string_equal(found.data, schemas[i].columns);
		/* what is printed says the same */
		assert_int_equal(table_schema_append(s, &printed, &err), 0);
		again = table_schema_parse(buf_slice(&printed), &err);
		assert_non_null(again);
		buf_clear(&found);
		describe(again, &found);
		assert_string_equal(found.data, schemas[i].columns);
		table_schema_free(s);
		table_schema_free(again);
		buf_release(&found);
		buf_release(&printed);
	}
}

static const struct {
	const char *text, *says;
} refused[] = {
	{ "", "line 1" },
	{ "{", "line 1" },
	{ "[]", "no columns" },
	{ "{\"columns\":[]}", "no columns" },
	{ "{}", "neither" },
	{ "7", "line 1" },
	{ "{\"columns\":7}", "neither" },
	{ "{\"fields\":[]}", "unknown member \"fields\"" },
	{ "[7]", "column 1: is no object" },
	{ "[{\"type\":\"bool\"}]", "neither name nor path" },
	{ "[{\"name\":\"a\"}]", "column \"a\": no type" },
	{ "[{\"name\":\"a\",\"type\":7}]", "\"type\" is no text" },
	{ "[{\"name\":\"a\",\"type\":\"text\"}]", "column \"a\": no type \"text\"" },
	{ "[{\"name\":\"a\",\"type\":\"int32(4)\"}]", "no type" },
	{ "[{\"name\":\"a\",\"type\":\"decimal\"}]", "write decimal" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(39)\"}]", "the precision is 1 to 38" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(0)\"}]", "the precision is 1 to 38" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(4,5)\"}]", "the precision is 1 to 38" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(4,-1)\"}]", "the precision is 1 to 38" },
	{ "[{\"name\":\"a\",\"type\":\"decimal(4,1)x\"}]", "write decimal" },
	{ "[{\"name\":\"a\",\"type\":\"timestamp(ns)\"}]", "write timestamp" },
	{ "[{\"name\":\"a\",\"type\":\"bool\",\"nullable\":1}]", "neither true nor false" },
	{ "[{\"name\":\"a\",\"type\":\"bool\",\"nulable\":true}]", "unknown member \"nulable\"" },
	{ "[{\"name\":\"a\",\"type\":\"bool\",\"format\":\"iso\"}]", "for timestamps and dates" },
	{ "[{\"name\":\"a\",\"type\":\"date\",\"format\":\"day\"}]", "day" },
	{ "[{\"name\":\"\",\"type\":\"bool\",\"path\":\"a\"}]", "the name is empty" },
	{ "[{\"name\":\"a.b\",\"type\":\"bool\"}]", "no dots" },
	{ "[{\"name\":\"a\",\"path\":\"a..b\",\"type\":\"bool\"}]", "column \"a\"" },
	{ "[{\"name\":\"a\",\"type\":\"bool\"},{\"name\":\"A\",\"type\":\"bool\"}]",
	    "there twice" },
	{ "[{\"name\":\"a\",\"name\":\"b\",\"type\":\"bool\"}]", "line 1" },
	{ AVRO(""), "no columns" },
	{ AVRO(FIELD("a", "\"bytes\"")), "field \"a\": no column can be made" },
	{ AVRO(FIELD("a", "\"null\"")), "no column can be made" },
	{ AVRO(FIELD("a", "\"Nobody\"")), "\"Nobody\"" },
	{ AVRO(FIELD("a", "\"R\"")), "a record within itself" },
	{ AVRO(FIELD("a", "7")), "field \"a\" has no type" },
	{ AVRO("{\"type\":\"int\"}"), "field 1 has no name" },
	{ AVRO(FIELD("a", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":99}")),
	    "field \"a\": decimal(99,0)" },
	{ AVRO(FIELD("a_b", "\"int\"") "," FIELD(
	      "a", "{\"type\":\"record\",\"name\":\"S\",\"fields\":[" FIELD("b", "\"int\"") "]}")),
	    "there twice" },
};

static void
test_refused_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct err err = ERR_INIT;

		if (table_schema_parse(slice_of(refused[i].text), &err))
			fail_msg("accepted: %s", refused[i].text);
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, refused[i].says))
			fail_msg("%s: %s", refused[i].text, err.text);
	}
}

/* ---- values ---- */

/* One column `v`, read from a record; the value's text, or "! " and why not. */
static void
read_one(const char *type, const char *format, bool is_nullable, const char *raw, struct buf *out)
{
	struct buf text = BUF_INIT(TEXT_BYTES_MAX), scratch = BUF_INIT(TEXT_BYTES_MAX);
	struct json_paths *paths;
	struct json_scanner *scanner;
	struct json_value value;
	struct json_fault fault;
	struct table_schema *schema;
	struct table_value row;
	struct err err = ERR_INIT;
	char reason[TABLE_REASON_BYTES];
	unsigned column = 99, field = 0;

	assert_int_equal(
	    buf_appendf(&text, &err, "[{\"name\":\"v\",\"type\":\"%s\",\"nullable\":%s%s%s%s}]",
		type, is_nullable ? "true" : "false", format ? ",\"format\":\"" : "",
		format ? format : "", format ? "\"" : ""),
	    0);
	schema = table_schema_parse(buf_slice(&text), &err);
	if (!schema)
		fail_msg("%s: %s", text.data, err.text);
	buf_clear(&text);
	assert_int_equal(buf_appendf(&text, &err, raw ? "{\"v\": %s }" : "{}", raw), 0);
	assert_int_equal(buf_pad(&text, &err), 0);
	paths = json_paths_new(&err);
	assert_int_equal(json_paths_add(paths, slice_of("v"), &err), 0);
	scanner = json_scanner_new(paths, &err);
	if (json_scan(scanner, buf_slice(&text), &value, &fault))
		fail_msg("%s: %s", text.data, fault.reason);
	if (table_row_read(schema, &value, &field, &scratch, &row, &column, reason)) {
		assert_int_equal(column, 0);
		buf_appendf(out, &err, "! %s", reason);
	} else if (row.is_null) {
		buf_append_text(out, "null", &err);
	} else if (schema->columns[0].type == TABLE_STRING ||
		   schema->columns[0].type == TABLE_JSON) {
		buf_append(out, row.bytes, &err);
	} else if (schema->columns[0].type == TABLE_DOUBLE ||
		   schema->columns[0].type == TABLE_FLOAT) {
		buf_appendf(out, &err, "%.17g", row.d);
	} else if (schema->columns[0].precision > 18) {
		struct number n = { .mantissa = row.wide, .is_exact = true };

		assert_int_equal(number_append(out, &n, &err), 0);
	} else {
		buf_append_int(out, row.i, &err);
	}
	json_scanner_free(scanner);
	json_paths_free(paths);
	table_schema_free(schema);
	buf_release(&text);
	buf_release(&scratch);
}

static const struct {
	const char *type, *format, *raw, *value;
} values[] = {
	{ "bool", NULL, "true", "1" },
	{ "bool", NULL, "false", "0" },
	{ "bool", NULL, "1", "! is a number, not a bool" },
	{ "bool", NULL, "\"true\"", "! is a string, not a bool" },
	{ "bool", NULL, "null", "! is null" },
	{ "bool", NULL, NULL, "! is missing" },

	{ "int32", NULL, "2147483647", "2147483647" },
	{ "int32", NULL, "-2147483648", "-2147483648" },
	{ "int32", NULL, "2147483648", "! does not fit int32: 2147483648" },
	{ "int32", NULL, "-2147483649", "! does not fit int32: -2147483649" },
	{ "int32", NULL, "7.0", "7" },
	{ "int32", NULL, "-1.5e1", "-15" },
	{ "int32", NULL, "7.5", "! is not a whole number" },
	{ "int32", NULL, "1e9", "1000000000" },
	{ "int32", NULL, "1e10", "! does not fit int32: 1e10" },
	{ "int32", NULL, "1e99999999", "! does not fit int32: 1e99999999" },
	{ "int32", NULL, "1e-99999999", "! is not a whole number" },
	{ "int32", NULL, "0e99999999", "0" },
	{ "int32", NULL, "-0", "0" },
	{ "int32", NULL, "\"7\"", "! is a string, not a number" },
	{ "int32", NULL, "[7]", "! is an array, not a number" },
	{ "int32", NULL, "{}", "! is an object, not a number" },
	{ "int32", NULL, "true", "! is true, not a number" },
	{ "int64", NULL, "9223372036854775807", "9223372036854775807" },
	{ "int64", NULL, "-9223372036854775808", "-9223372036854775808" },
	{ "int64", NULL, "9223372036854775808", "! does not fit int64: 9223372036854775808" },
	{ "int64", NULL, "9223372036854775808.0", "! does not fit int64: 9223372036854775808.0" },
	{ "int64", NULL, "123456789012345678901234567890123456789012345678901234567890",
	    "! does not fit int64: 123456789012345678901234567890123456789012345678..." },

	{ "double", NULL, "0.1", "0.10000000000000001" },
	{ "double", NULL, "7", "7" },
	{ "double", NULL, "-0.0", "-0" },
	{ "double", NULL, "0", "0" },
	{ "double", NULL, "-0e5", "-0" },
	{ "double", NULL, "1e308", "1e+308" },
	{ "double", NULL, "1e309", "! does not fit double: 1e309" },
	{ "double", NULL, "5e-324", "4.9406564584124654e-324" },
	{ "double", NULL, "\"NaN\"", "! is a string, not a number" },
	{ "float", NULL, "0.1", "0.10000000149011612" },
	{ "float", NULL, "3.4028235e38", "3.4028234663852886e+38" },
	{ "float", NULL, "3.5e38", "! does not fit float: 3.5e38" },
	{ "float", NULL, "-0.0", "-0" },

	{ "decimal(9,2)", NULL, "12.34", "1234" },
	{ "decimal(9,2)", NULL, "12", "1200" },
	{ "decimal(9,2)", NULL, "-0.05", "-5" },
	{ "decimal(9,2)", NULL, "12.3400", "1234" },
	{ "decimal(9,2)", NULL, "1234e-2", "1234" },
	{ "decimal(9,2)", NULL, "\"12.34\"", "1234" },
	{ "decimal(9,2)", NULL, "\"\\u0031\"", "100" },
	{ "decimal(9,2)", NULL, "12.345", "! needs more than 2 digits behind the point" },
	{ "decimal(9,2)", NULL, "1e-3", "! needs more than 2 digits behind the point" },
	{ "decimal(9,2)", NULL, "9999999.99", "999999999" },
	{ "decimal(9,2)", NULL, "10000000", "! does not fit decimal(9,2): 10000000" },
	{ "decimal(9,2)", NULL, "1e50", "! does not fit decimal(9,2): 1e50" },
	{ "decimal(9,2)", NULL, "0e50", "0" },
	{ "decimal(9,2)", NULL, "0.000", "0" },
	{ "decimal(9,2)", NULL, "\"\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"1,5\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\" 1\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"01\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"1.\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"1e\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"-\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "\"+1\"", "! is no decimal number" },
	{ "decimal(9,2)", NULL, "true", "! is true, not a number" },
	{ "decimal(18,0)", NULL, "999999999999999999", "999999999999999999" },
	{ "decimal(18,0)", NULL, "1000000000000000000",
	    "! does not fit decimal(18,0): 1000000000000000000" },
	{ "decimal(38,0)", NULL, "99999999999999999999999999999999999999",
	    "99999999999999999999999999999999999999" },
	{ "decimal(38,0)", NULL, "-99999999999999999999999999999999999999.000000",
	    "-99999999999999999999999999999999999999" },
	{ "decimal(38,0)", NULL, "100000000000000000000000000000000000000",
	    "! does not fit decimal(38,0): 100000000000000000000000000000000000000" },
	{ "decimal(38,37)", NULL, "1.5", "15000000000000000000000000000000000000" },
	{ "decimal(38,37)", NULL, "10", "! does not fit decimal(38,37): 10" },

	{ "string", NULL, "\"\"", "" },
	{ "string", NULL, "\"a\\nb \\u20ac\\ud83d\\ude00\"", "a\nb \xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "string", NULL, "\"a\\ude00\\ud83d\"", "! has a lone surrogate, which UTF-8 has not" },
	{ "json", NULL, "\"\\ud83d\"", "\"\\ud83d\"" },
	{ "string", NULL, "7", "! is a number, not a string" },
	{ "string", NULL, "{}", "! is an object, not a string" },
	{ "json", NULL, "{\"a\": [1, 2.50]}", "{\"a\": [1, 2.50]}" },
	{ "json", NULL, "\"a\\n\"", "\"a\\n\"" },
	{ "json", NULL, "1.0", "1.0" },
	{ "json", NULL, "null", "! is null" },

	{ "timestamp(ms)", NULL, "\"1970-01-01T00:00:01.002Z\"", "1002" },
	{ "timestamp(ms)", NULL, "\"1970-01-01 02:00:01+02:00\"", "1000" },
	{ "timestamp(ms)", NULL, "\"1970-01-01\"", "0" },
	{ "timestamp(ms)", NULL, "\"1969-12-31T23:59:59.999Z\"", "-1" },
	{ "timestamp(ms)", NULL, "\"1970-01-01T00:00:00.002000000Z\"", "2" },
	{ "timestamp(ms)", NULL, "\"1970-01-01T00:00:00.0021Z\"",
	    "! needs more than milliseconds" },
	{ "timestamp(ms)", NULL, "1546300800123", "1546300800123" },
	{ "timestamp(ms)", NULL, "-1", "-1" },
	{ "timestamp(ms)", NULL, "1.5", "! needs more than milliseconds" },
	{ "timestamp(ms)", NULL, "1e99", "! is no time: 1e99" },
	{ "timestamp(ms)", NULL, "253402300799999", "253402300799999" },
	{ "timestamp(ms)", NULL, "253402300800000", "! is no time: 253402300800000" },
	{ "timestamp(ms)", NULL, "-62135596800000", "-62135596800000" },
	{ "timestamp(ms)", NULL, "-62135596800001", "! is no time: -62135596800001" },
	{ "timestamp(ms)", NULL, "true", "! is true, not a time" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01.002003Z\"", "1002003" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01.0020Z\"", "1002000" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01.00201Z\"", "1002010" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01.002003000+00:00\"", "1002003" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01.0020031Z\"",
	    "! needs more than microseconds" },
	{ "timestamp(us)", NULL, "\"1969-12-31T23:59:59.999999Z\"", "-1" },
	{ "timestamp(us)", NULL, "\"1970-01-01T00:00:01\\u005a\"", "1000000" },
	{ "timestamp(us)", NULL, "7", "7" },
	{ "timestamp(us)", NULL, "7.1", "! needs more than microseconds" },
	{ "timestamp(us)", "ms", "7.125", "7125" },
	{ "timestamp(us)", "ms", "\"7\"", "7000" },
	{ "timestamp(us)", "s", "1.000001", "1000001" },
	{ "timestamp(us)", "s", "-1.5", "-1500000" },
	{ "timestamp(ms)", "us", "5000", "5" },
	{ "timestamp(ms)", "us", "5001", "! needs more than milliseconds" },
	{ "timestamp(ms)", "iso", "7", "! is a number, not a text that is a time" },
	{ "timestamp(ms,local)", "%d.%m.%Y %H:%M", "\"02.01.1970 00:01\"", "86460000" },

	{ "date", NULL, "\"1970-01-02\"", "1" },
	{ "date", NULL, "\"1969-12-31\"", "-1" },
	{ "date", NULL, "\"1970-01-02T00:00:00Z\"", "1" },
	{ "date", NULL, "\"1970-01-02T00:00:01Z\"", "! has a time of day, not a date alone" },
	{ "date", NULL, "17897", "17897" },
	{ "date", NULL, "1.5", "! is not a whole number" },
	{ "date", NULL, "2932896", "2932896" },
	{ "date", NULL, "2932897", "! does not fit date: 2932897" },
	{ "date", "%Y%m%d", "\"19700103\"", "2" },
	{ "date", "%Y%m%d", "19700103", "2" },
	{ "date", "s", "86400", "1" },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct buf found = BUF_INIT(TEXT_BYTES_MAX);
		bool is_null = !values[i].raw || !strcmp(values[i].raw, "null");

		read_one(values[i].type, values[i].format, false, values[i].raw, &found);
		if (!slice_is(buf_slice(&found), values[i].value))
			fail_msg("%s of %s: %s, expected %s", values[i].type,
			    values[i].raw ? values[i].raw : "nothing", found.data, values[i].value);
		buf_clear(&found);
		read_one(values[i].type, values[i].format, true, values[i].raw, &found);
		if (!slice_is(buf_slice(&found), is_null ? "null" : values[i].value))
			fail_msg("nullable %s: %s", values[i].type, found.data);
		buf_release(&found);
	}
}

static const char *const not_dates[] = { "\"yesterday\"", "\"2019-02-29\"", "\"2019-13-01\"",
	"\"\"" };

static void
test_no_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(not_dates); i++) {
		struct buf found = BUF_INIT(TEXT_BYTES_MAX);

		read_one("date", NULL, false, not_dates[i], &found);
		assert_true(slice_starts(buf_slice(&found), "! "));
		assert_true(found.len > 2);
		buf_release(&found);
	}
}

/* Several decoded strings of one row do not move each other. */
static void
test_a_row_of_escapes(void **state)
{
	struct err err = ERR_INIT;
	struct table_schema *schema = table_schema_parse(
	    slice_of("[{\"name\":\"c\",\"type\":\"string\"},{\"name\":\"a\",\"type\":\"string\"},"
		     "{\"name\":\"b\",\"type\":\"string\"},{\"name\":\"a2\",\"path\":\"a\","
		     "\"type\":\"json\"}]"),
	    &err);
	struct buf text = BUF_INIT(2000), scratch = BUF_INIT(2000);
	struct json_paths *paths = json_paths_new(&err);
	struct json_scanner *scanner;
	struct json_value found[4];
	struct json_fault fault;
	struct table_value row[4];
	unsigned fields[4], column;
	char reason[TABLE_REASON_BYTES];

	(void)state;
	assert_non_null(schema);
	for (unsigned i = 0; i < 4; i++)
		fields[i] =
		    (unsigned)json_paths_add(paths, slice_of(schema->columns[i].path), &err);
	scanner = json_scanner_new(paths, &err);
	/* the second is longer than what a buffer begins with */
	assert_int_equal(
	    buf_appendf(&text, &err, "{\"a\":\"\\u0041\",\"b\":\"%0999d\\n\",\"c\":\"plain\"}", 7),
	    0);
	assert_int_equal(buf_pad(&text, &err), 0);
	assert_int_equal(json_scan(scanner, buf_slice(&text), found, &fault), 0);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(
		    table_row_read(schema, found, fields, &scratch, row, &column, reason), 0);
		assert_true(slice_is(row[0].bytes, "plain"));
		assert_true(slice_is(row[1].bytes, "A"));
		assert_int_equal(row[2].bytes.len, 1000);
		assert_int_equal(row[2].bytes.data[998], '7');
		assert_true(slice_is(row[3].bytes, "\"\\u0041\""));
	}
	json_scanner_free(scanner);
	json_paths_free(paths);
	table_schema_free(schema);
	buf_release(&text);
	buf_release(&scratch);
}

/* Rows through a spool, handed over byte by byte. */
static void
test_rows_as_bytes(void **state)
{
	struct err err = ERR_INIT;
	struct table_schema *schema = table_schema_parse(
	    slice_of("[{\"name\":\"a\",\"type\":\"int32\",\"nullable\":true},"
		     "{\"name\":\"b\",\"type\":\"string\",\"nullable\":true},"
		     "{\"name\":\"c\",\"type\":\"decimal(38,0)\",\"nullable\":true},"
		     "{\"name\":\"d\",\"type\":\"double\",\"nullable\":true}]"),
	    &err);
	const number_wide wide = (number_wide)1 << 100;
	struct table_value rows[][4] = {
		{ { .i = -5 }, { .bytes = slice_of("text") }, { .wide = -wide }, { .d = -0.5 } },
		{ { .is_null = true }, { .is_null = true }, { .is_null = true },
		    { .is_null = true } },
		{ { .is_null = true }, { .bytes = slice_of("") }, { .wide = 1 },
		    { .is_null = true } },
	};
	struct buf bytes = BUF_INIT(1000), again = BUF_INIT(1000), small = BUF_INIT(40);
	struct table_value row[4];
	struct slice rest;
	size_t begin = 0;

	(void)state;
	assert_non_null(schema);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(table_row_append(schema, rows[i], &bytes, &err), 0);
	for (size_t end = 0; end <= bytes.len; end++) {
		rest = slice_make(bytes.data + begin, end - begin);
		if (!table_row_take(schema, &rest, row))
			continue;
		assert_int_equal(rest.len, 0);
		assert_int_equal(table_row_append(schema, row, &again, &err), 0);
		begin = end;
	}
	assert_int_equal(begin, bytes.len);
	assert_true(slice_equal(buf_slice(&bytes), buf_slice(&again)));
	rest = buf_slice(&bytes);
	assert_int_equal(table_row_take(schema, &rest, row), 1);
	assert_int_equal(row[0].i, -5);
	assert_true(slice_is(row[1].bytes, "text"));
	assert_true(row[2].wide == -wide);
	assert_true(row[3].d == -0.5);
	assert_int_equal(table_row_take(schema, &rest, row), 1);
	assert_true(row[0].is_null && row[1].is_null && row[2].is_null && row[3].is_null);
	assert_int_equal(table_row_take(schema, &rest, row), 1);
	assert_true(row[0].is_null && !row[1].is_null && row[1].bytes.len == 0);
	assert_int_equal(table_row_append(schema, rows[0], &small, &err), -1);
	assert_int_equal(small.len, 0);
	table_schema_free(schema);
	buf_release(&bytes);
	buf_release(&again);
	buf_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schemas),
		cmocka_unit_test(test_refused_schemas),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_no_dates),
		cmocka_unit_test(test_a_row_of_escapes),
		cmocka_unit_test(test_rows_as_bytes),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
