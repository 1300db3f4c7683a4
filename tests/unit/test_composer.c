/* SPDX-License-Identifier: MIT */
/* What s3-to-kafka makes of a record: keys, headers, times, envelopes, and times moved in place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "s3-to-kafka/composer.h"
#include "s3-to-kafka/shift.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- from record to item ---- */

struct compose_case {
	struct composer_options options;
	const char *line;
	const char *want; /* key|value|headers|time|kafka time|partition, or part of the error */
	bool is_error;
};

static void
describe_item(const struct reorder_item *item, char *text, size_t bytes)
{
	int len = snprintf(text, bytes, "%.*s|%.*s|", SLICE_ARGS(item->key), SLICE_ARGS(item->value));

	for (size_t i = 0; i < item->header_count; i++)
		len += snprintf(text + len, bytes - (size_t)len, "%.*s=%.*s;",
		    SLICE_ARGS(item->headers[i].name), SLICE_ARGS(item->headers[i].value));
	(void)snprintf(text + len, bytes - (size_t)len, "|%lld|%lld|%d%s%s",
	    item->time_ms == RECORD_NO_TIME ? -1LL : (long long)item->time_ms,
	    item->kafka_time_ms == RECORD_NO_TIME ? -1LL : (long long)item->kafka_time_ms,
	    (int)item->partition, item->has_key ? "" : "|no key", item->has_value ? "" : "|no value");
}

#define ENVELOPE \
	"{\"topic\":\"t\",\"partition\":3,\"offset\":9,\"ts\":77,\"headers\":[\"a\",\"1\"]," \
	"\"key\":\"k\",\"payload\":\"{\\\"t\\\":5}\"}"

static void
records_become_items(void **state)
{
	static const struct compose_case cases[] = {
		{ { .partition = -1 }, "no JSON", "|no JSON||-1|-1|-1|no key", false },
		{ { .partition = 2 }, "{}", "|{}||-1|-1|2|no key", false },
		{ { .partition = -1, .time_field = "t" }, "{\"t\":5}", "|{\"t\":5}||5|-1|-1|no key",
		    false },
		{ { .partition = -1, .time_field = "t", .kafka_time = COMPOSER_TIME_EVENT },
		    "{\"t\":5}", "|{\"t\":5}||5|5|-1|no key", false },
		{ { .partition = -1, .time_field = "t" }, "{\"u\":5}", "field t: missing", true },
		{ { .partition = -1, .key = "{\"id\":\"{id}\"}" }, "{\"id\":\"a\\\"\\u00e9\"}",
		    "{\"id\":\"a\\\"\xc3\xa9\"}|{\"id\":\"a\\\"\\u00e9\"}||-1|-1|-1", false },
		{ { .partition = -1,
		      .headers = { { { "h", 1 }, "x{id}" }, { { "i", 1 }, "" } },
		      .header_count = 2 },
		    "{\"id\":7}", "|{\"id\":7}|h=x7;i=;|-1|-1|-1|no key", false },
		{ { .partition = -1, .has_envelopes = true }, ENVELOPE, "k|{\"t\":5}|a=1;|77|77|-1",
		    false },
		{ { .partition = -1, .has_envelopes = true, .has_same_partition = true }, ENVELOPE,
		    "k|{\"t\":5}|a=1;|77|77|3", false },
		{ { .partition = -1, .has_envelopes = true, .kafka_time = COMPOSER_TIME_NOW },
		    ENVELOPE, "k|{\"t\":5}|a=1;|77|-1|-1", false },
		{ { .partition = -1,
		      .has_envelopes = true,
		      .time_field = "t",
		      .key = "{t}-{@key}-{@partition}",
		      .headers = { { { "b", 1 }, "{@header.a}" } },
		      .header_count = 1 },
		    ENVELOPE, "5-k-3|{\"t\":5}|a=1;b=1;|5|77|-1", false },
		{ { .partition = -1,
		      .has_envelopes = true,
		      .time_field = "t",
		      .kafka_time = COMPOSER_TIME_EVENT },
		    ENVELOPE, "k|{\"t\":5}|a=1;|5|5|-1", false },
		{ { .partition = -1, .has_envelopes = true }, "{\"key\":null,\"payload\":null}",
		    "|||-1|-1|-1|no key|no value", false },
		{ { .partition = -1, .has_envelopes = true, .needs_time = true },
		    "{\"payload\":null}", "in:1: no time in the envelope", true },
		{ { .partition = -1, .has_envelopes = true, .has_same_partition = true },
		    "{\"payload\":null}", "no partition in the envelope", true },
		{ { .partition = -1, .has_envelopes = true }, "{\"t\":5}", "payload", true },
		{ { .partition = -1, .has_envelopes = true, .time_field = "t" },
		    "{\"payload\":null,\"ts\":5}", "tombstone", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct composer *c = composer_new(&cases[i].options, &err);
		struct buf line = BUF_INIT(10000);
		struct reorder_item item;
		struct record record;
		char text[ERR_TEXT_BYTES];

		assert_non_null(c);
		assert_int_equal(buf_append_text(&line, cases[i].line, &err), 0);
		assert_int_equal(buf_pad(&line, &err), 0);
		record_set_line(&record, slice_of("in"), 1, 0, buf_slice(&line));
		if (composer_make(c, &record, &item, &err))
			(void)snprintf(text, sizeof(text), "%s", err.text);
		else
			describe_item(&item, text, sizeof(text));
		if (cases[i].is_error ? err.class != ERR_DATA || !strstr(text, cases[i].want)
				      : strcmp(text, cases[i].want) != 0)
			fail_msg("case %zu: %s, not %s", i, text, cases[i].want);
		buf_release(&line);
		composer_free(c);
	}
}

/* ---- moved times ---- */

struct shift_case {
	const char *time_field;
	const char *format;
	const char *line;
	int64_t amount_ms;
	const char *want; /* or part of the error */
};

static void
times_are_moved_in_place(void **state)
{
	static const struct shift_case cases[] = {
		{ "at", "auto", "{ \"at\" : \"2019-01-01T00:00:00.000Z\" ,\"p\":null}", 1000,
		    "{ \"at\" : \"2019-01-01T00:00:01.000Z\" ,\"p\":null}" },
		/* the further field stands before, is of another shape, or is null */
		{ "at", "auto", "{\"p\":\"2019-01-01 00:00\",\"at\":\"2019-01-01T00:10:00Z\"}", 86400000,
		    "{\"p\":\"2019-01-02 00:00\",\"at\":\"2019-01-02T00:10:00Z\"}" },
		{ "at", "auto", "{\"at\":5,\"p\":1000}", 995, "{\"at\":1000,\"p\":1995}" },
		{ "at", "auto", "{\"at\":5,\"p\":null}", 1, "{\"at\":6,\"p\":null}" },
		{ "at", "s", "{\"at\":\"5\",\"p\":1.5}", 10000, "{\"at\":\"15\",\"p\":11.5}" },
		/* named twice, moved once */
		{ "p", "auto", "{\"p\":1}", 1, "{\"p\":2}" },
		{ "at", "%Y/%m/%d", "{\"at\":\"2019\\/01\\/01\",\"p\":null}", 86400000,
		    "{\"at\":\"2019/01/02\",\"p\":null}" },
		{ "at", "%Y\"%m", "{\"at\":\"2019\\\"01\",\"p\":null}", 31 * INT64_C(86400000),
		    "{\"at\":\"2019\\\"02\",\"p\":null}" },
		{ "at", "auto", "{\"at\":5}", 1, "field p: missing" },
		{ "at", "auto", "{\"at\":5,\"p\":true}", 1, "field p: true is not a time" },
		{ "at", "auto", "{\"at\":1e3,\"p\":null}", 1, "field at: a number with an exponent" },
		{ "at", "auto", "{\"at\":5,\"p\":6}", INT64_MAX, "field at: outside the years" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct shift_case *t = &cases[i];
		struct composer_options options = { .time_field = t->time_field,
			.has_shift = true,
			.shift_fields = { "p" },
			.shift_field_count = 1 };
		struct err err = ERR_INIT;
		struct buf line = BUF_INIT(10000), out = BUF_INIT(10000);
		struct composer *c;
		struct reorder_item item;
		struct record record;

		assert_int_equal(time_format_parse(t->format, &options.time_format, &err), 0);
		c = composer_new(&options, &err);
		assert_non_null(c);
		assert_int_equal(buf_append_text(&line, t->line, &err), 0);
		assert_int_equal(buf_pad(&line, &err), 0);
		record_set_line(&record, slice_of("in"), 1, 0, buf_slice(&line));
		if (composer_make(c, &record, &item, &err) ||
		    shift_append(&out, item.value, item.spots, item.spot_count,
			composer_fields(c), &options.time_format, t->amount_ms, &err)) {
			assert_int_equal(err.class, ERR_DATA);
			if (!strstr(err.text, t->want))
				fail_msg("case %zu: %s, not %s", i, err.text, t->want);
		} else if (strcmp(out.data, t->want) != 0) {
			fail_msg("case %zu: %s, not %s", i, out.data, t->want);
		}
		buf_release(&line);
		buf_release(&out);
		composer_free(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_become_items),
		cmocka_unit_test(times_are_moved_in_place),
	};

	return cmocka_run_group_tests_name("composer", tests, NULL, NULL);
}
