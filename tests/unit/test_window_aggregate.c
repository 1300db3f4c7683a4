/* SPDX-License-Identifier: MIT */
/* Every function of -a, from records to results: inputs, merging, the serialised form. */
#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/inputs.h"
#include "window_kit.h"

enum { STATES_BYTES = 1024, RECORDS_MAX = 12, BYTES_MAX = 1 << 24 };

struct states {
	_Alignas(8) char bytes[STATES_BYTES];
};

struct job {
	struct aggregate_plan plan;
	struct field_set *fields;
	struct inputs *inputs;
	size_t held;
	struct err err;
};

static void
add(struct job *job, const char *text)
{
	struct aggregate_text parsed;
	struct aggregate a = { .arg = 0 };

	if (aggregate_text_parse(slice_of(text), &parsed, &job->err) ||
	    inputs_add(job->inputs, &parsed, &a, &job->err))
		fail_msg("%s: %s", text, job->err.text);
	assert_int_equal(aggregate_plan_add(&job->plan, a, &job->err), 0);
	assert_true(job->plan.state_bytes <= STATES_BYTES);
}

static void
job_open(struct job *job)
{
	*job = (struct job){ .err = ERR_INIT };
	job->fields = field_set_new(&job->err);
	job->inputs = inputs_new(job->fields, &job->err);
	assert_non_null(job->inputs);
}

static void
job_close(struct job *job)
{
	inputs_free(job->inputs);
	field_set_free(job->fields);
}

/* -1: the record is rejected. */
static int
take_at(struct job *job, struct states *states, const char *json, int64_t time_ms, int32_t stream,
    int64_t sequence)
{
	struct record record = { .origin = slice_of("test"), .value = slice_of(json),
		.has_value = true };
	struct aggregate_record r = { .time_ms = time_ms,
		.position = { .stream = stream, .sequence = sequence } };

	if (field_scan(job->fields, &record, &job->err) ||
	    inputs_read(job->inputs, &record, &job->err))
		return -1;
	r.inputs = inputs_values(job->inputs);
	r.skips = inputs_skips(job->inputs);
	assert_int_equal(
	    aggregate_take(&job->plan, states->bytes, &r, &job->held, &job->err), 0);
	return 0;
}

static void
release(struct job *job, struct states *states)
{
	job->held -= aggregate_held(&job->plan, states->bytes);
	aggregate_release(&job->plan, states->bytes);
}

/* All results with a space between. */
static const char *
results(struct job *job, const struct states *states)
{
	static char text[1 << 16];
	struct buf out = BUF_INIT(sizeof(text));

	for (unsigned i = 0; i < job->plan.count; i++) {
		if (i)
			assert_int_equal(buf_append_char(&out, ' ', &job->err), 0);
		assert_int_equal(
		    aggregate_append(&job->plan, i, states->bytes, &out, &job->err), 0);
	}
	(void)snprintf(text, sizeof(text), "%s", out.data);
	buf_release(&out);
	return text;
}

/* ---- results ---- */

#define NINES "99999999999999999999999999999999999999"
/* but for their last digits: 2^127, and what NINES lacks of it */
#define TWO_127 "17014118346046923173168730371588410572"
#define UP_TO_2_127 "7014118346046923173168730371588410572"

static void
results_of_values(void **state)
{
	static const struct {
		const char *call;
		const char *values[RECORDS_MAX]; /* up to NULL; of field v, at 0 ms, 1 ms ... */
		const char *want;
	} cases[] = {
		{ "sum:v", { "9223372036854775806", "1" }, "9223372036854775807" },
		/* an integer beyond 64 bits is a string of its digits */
		{ "sum:v", { "9223372036854775807", "1" }, "\"9223372036854775808\"" },
		{ "sum:v", { "9223372036854775807", "1.0" }, "\"9223372036854775808\"" },
		{ "sum:v", { "9223372036854775807", "1.5" }, "9223372036854775808.5" },
		{ "max:v", { "9223372036854775808" }, "9223372036854775808" },
		{ "sum:v", { "-9223372036854775807", "-1" }, "-9223372036854775808" },
		{ "sum:v", { NINES, "1" }, "\"100000000000000000000000000000000000000\"" },
		{ "sum:v", { NINES, NINES }, "2e+38" }, /* past 2^127 it is a double, and says so */
		{ "sum:v", { "-9223372036854775808", "-1" }, "\"-9223372036854775809\"" },
		/* the ends of the exact range, and one past them */
		{ "sum:v", { NINES, UP_TO_2_127 "8" }, "\"" TWO_127 "7\"" },
		{ "sum:v", { NINES, UP_TO_2_127 "9" }, "1.7014118346046923e+38" },
		{ "sum:v", { "-" NINES, "-" UP_TO_2_127 "9" }, "\"-" TWO_127 "8\"" },
		{ "sum:v", { "-" NINES, "-" UP_TO_2_127 "9", "1" }, "\"-" TWO_127 "7\"" },
		{ "sum:v", { "-" NINES, "-" UP_TO_2_127 "9", "-1" }, "-1.7014118346046923e+38" },
		{ "avg:v", { "-" NINES, "-" UP_TO_2_127 "9" }, "-8.507059173023462e+37" },
		/* past the largest double there is none to give, but the way back */
		{ "sum:v", { "1.7e308", "1.7e308" }, "null" },
		{ "sum:v", { "-1.7e308", "-1.7e308", "1" }, "null" },
		{ "sum:v", { "1.7e308", "1.7e308", "-1.7e308" }, "1.7e+308" },
		{ "sum:v", { "1.7e308", "-1.7e308", "1.7e308" }, "1.7e+308" },
		{ "sum:v", { "1.7976931348623157e308", "1" }, "1.7976931348623157e+308" },
		{ "avg:v", { "1.7e308", "1.7e308" }, "1.7e+308" },
		{ "avg:v", { "1.7976931348623157e308", "1.7976931348623157e308",
		      "1.7976931348623157e308" }, "1.7976931348623157e+308" },
		{ "avg:v", { "-1.7e308", "-1.7e308", "1.7e308", "1.7e308" }, "0" },
		{ "min:v", { "1.7e308", "-1.7e308" }, "-1.7e+308" },
		{ "stddev:v", { "1.7e308", "1.7e308" }, "0" },
		{ "min:v", { NULL }, "null" },
		{ "min:v", { "null", "\"2020-02-01\"", "\"2020-01-31\"" }, "\"2020-01-31\"" },
		{ "max:v", { "\"2020-02-01\"", "\"2020-01-31\"" }, "\"2020-02-01\"" },
		{ "max:v", { "\"a\"", "7", "\"\\u0062\"" }, "\"b\"" },
		{ "min:v", { "\"a\"", "7", "\"b\"" }, "7" },
		{ "min:v", { "7", "\"a\"", "7.0" }, "7" },
		{ "max:v", { "\"longer than it\"", "\"z\"", "\"y\"" }, "\"z\"" },
		{ "min:v", { "\"a b\"", "\"a\\tb\"", "\"a\\\"b\"", "\"a#b\"" }, "\"a\\tb\"" },
		{ "max:v", { "\"a b\"", "\"a\\tb\"", "\"a#b\"", "\"a\\\"b\"" }, "\"a#b\"" },
		{ "count where=v<\"a b\"",
		    { "\"a b\"", "\"a\\tb\"", "\"a\\\"b\"", "\"a#b\"" }, "1" },
		{ "avg:v", { "1", "2" }, "1.5" },
		{ "first:v", { NULL }, "null" },
		{ "first:v", { "null", "\"x\"", "2" }, "\"x\"" },
		{ "last:v", { "1", "2", "null", "true", "null" }, "true" },
		{ "last:v", { "1", "1e2" }, "100" },
		{ "stddev:v", { NULL }, "null" },
		{ "stddev:v", { "5" }, "null" },
		{ "stddev_pop:v", { NULL }, "null" },
		{ "stddev_pop:v", { "5" }, "0" },
		{ "stddev_pop:v", { "2", "4", "4", "4", "5", "5", "7", "9" }, "2" },
		{ "stddev:v", { "1", "2", "3", "4" }, "1.2909944487358056" },
		{ "stddev:v", { "-1", "-2", "-3", "null", "-4" }, "1.2909944487358056" },
		{ "stddev:v", { "-16", "-4", "-10" }, "6" }, /* the variance is 36 exactly */
		{ "stddev:v", { "0.1", "0.2", "0.3" }, "0.1" },
		/* sqrt(30): doubles of the squares would leave nothing of it */
		{ "stddev:v",
		    { "1000000000000000004", "1000000000000000007", "1000000000000000013",
			"1000000000000000016" },
		    "5.477225575051661" },
		{ "stddev:v", { "0.000000000000000001", "0.000000000000000003" },
		    "1.414213562373095e-18" },
		{ "stddev_pop:v", { NINES, "-" NINES }, "1e+38" },
		{ "stddev_pop:v", { "1e-30", "5e-30" }, "1.9999999999999998e-30" },
		{ "stddev_pop:v", { "1e300", "1" }, "null" }, /* its square is past a double */
		{ "stddev_pop:v", { "1e40", "0" }, "5e+39" },
		{ "stddev_pop:v", { "1e200" }, "0" },
		{ "stddev:v", { "1e200", "1e200" }, "0" },
		{ "stddev_pop:v", { "1.7e308", "-1.7e308", "1.7e308", "-1.7e308" }, "null" },
		{ "distinct:v", { NULL }, "0" },
		{ "distinct:v", { "1", "1.0", "\"1\"", "1e0", "null", "true" }, "3" },
		{ "approx_distinct:v", { NULL }, "0" },
		{ "approx_distinct:v", { "1", "1.0", "\"1\"", "1e0", "null", "true" }, "3" },
		{ "p50:v", { NULL }, "null" },
		{ "p50:v", { "0", "null" }, "0" },
		{ "p0:v", { "-1", "5", "0", "0", "0" }, "-0.99" },
		{ "p:20:v", { "-1", "5", "0", "0", "0" }, "-0.99" },
		{ "p:20.1:v", { "-1", "5", "0", "0", "0" }, "0" },
		{ "p80:v", { "-1", "5", "0", "0", "0" }, "0" },
		{ "p100:v", { "-1", "1", "0", "0", "0" }, "0.99" },
		{ "top:2:v", { NULL }, "[]" },
		{ "top:2:v", { "\"b\"", "\"a\"", "3", "3.0", "\"c\"", "null", "\"a\"", "\"b\"" },
		    "[{\"value\":3,\"count\":2},{\"value\":\"a\",\"count\":2}]" },
		{ "top:5:v", { "false", "2", "2" },
		    "[{\"value\":2,\"count\":2},{\"value\":false,\"count\":1}]" },
		{ "set:v", { NULL }, "[]" },
		{ "set:v", { "\"b\"", "10", "9", "true", "\"b\"", "null", "false", "\"a\"" },
		    "[false,true,9,10,\"a\",\"b\"]" },
		{ "set:2:v", { "9", "8", "7", "6", "5", "9", "1", "0" }, "[0,1]" },
		{ "set:1:v", { "\"z\"", "\"y\"", "\"x\"" }, "[\"x\"]" },
		{ "list:v", { NULL }, "[]" },
		{ "list:v", { "3", "1", "null", "3.0", "\"x\"" }, "[3,1,3,\"x\"]" },
		{ "list:2:v", { "6", "5", "4", "3", "2", "1" }, "[6,5]" },
		{ "count:v", { "1", "null", "[]", "{}", "false" }, "4" },
		{ "count where=v>1", { "1", "1.0", "1.01", "2", "null", "\"x\"" }, "2" },
		{ "sum:v where=v!=2", { "1", "2.0", "3", "null" }, "4" },
		/* a type counts only where the record does */
		{ "sum:v where=w=1", { "\"no number\"", "true" }, "null" },
		{ "top:1:v where=w=1", { "[]", "{}" }, "[]" },
	};
	char text[256];
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct states states = { .bytes = { 0 } };
		struct job job;

		job_open(&job);
		(void)snprintf(text, sizeof(text), "x=%s", cases[i].call);
		add(&job, text);
		for (int j = 0; j < RECORDS_MAX && cases[i].values[j]; j++) {
			(void)snprintf(
			    text, sizeof(text), "{\"v\":%s}        ", cases[i].values[j]);
			if (take_at(&job, &states, text, j, 0, j))
				fail_msg("case %zu: %s", i, job.err.text);
		}
		if (strcmp(results(&job, &states), cases[i].want) != 0)
			fail_msg("case %zu, %s: %s, not %s", i, cases[i].call,
			    results(&job, &states), cases[i].want);
		release(&job, &states);
		assert_int_equal(job.held, 0);
		job_close(&job);
	}
}

static void
refused_values(void **state)
{
	static const struct {
		const char *call;
		const char *value;
		const char *want; /* a part of the error */
	} cases[] = {
		{ "sum:v", "\"1\"", "a number" },
		{ "p50:v", "true", "a number" },
		{ "stddev:v", "[1]", "a number" },
		{ "sum:v", "1e999", "out of range" },
		{ "min:v", "true", "neither a number nor a string" },
		{ "max:v", "{}", "neither a number nor a string" },
		{ "first:v", "[1]", "is an array, not a single value" },
		{ "distinct:v", "{}", "is an object, not a single value" },
	};
	char text[256];
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct states states = { .bytes = { 0 } };
		struct job job;

		job_open(&job);
		(void)snprintf(text, sizeof(text), "x=%s", cases[i].call);
		add(&job, text);
		(void)snprintf(text, sizeof(text), "{\"v\":%s}        ", cases[i].value);
		assert_int_equal(take_at(&job, &states, text, 0, 0, 0), -1);
		assert_int_equal(job.err.class, ERR_DATA);
		if (!strstr(job.err.text, cases[i].want) || !strstr(job.err.text, "field v"))
			fail_msg("case %zu: %s", i, job.err.text);
		release(&job, &states);
		job_close(&job);
	}
}

/* By event time, then partition, then offset: whatever the order of arrival was. */
static void
first_and_last_by_place(void **state)
{
	static const struct {
		int64_t time_ms;
		int32_t stream;
		int64_t sequence;
		const char *json;
	} records[] = {
		{ 20, 0, 5, "{\"v\":\"c\"}        " },
		{ 20, 1, 0, "{\"v\":\"e\"}        " },
		{ 20, 0, 7, "{\"v\":\"d\"}        " },
		{ -5, 3, 9, "{\"v\":\"a\"}        " },
		{ -5, 3, 10, "{\"v\":\"b\"}        " },
	};
	enum { COUNT = sizeof(records) / sizeof(*records) };
	(void)state;

	for (int start = 0; start < COUNT; start++) {
		for (int step = 1; step < COUNT; step++) { /* 5 is prime: all are visited */
			struct states states = { .bytes = { 0 } };
			struct job job;

			job_open(&job);
			add(&job, "f=first:v");
			add(&job, "l=last:v");
			add(&job, "a=list:v");
			add(&job, "b=list:2:v");
			for (int i = 0; i < COUNT; i++) {
				int at = (start + i * step) % COUNT;

				assert_int_equal(
				    take_at(&job, &states, records[at].json, records[at].time_ms,
					records[at].stream, records[at].sequence),
				    0);
			}
			assert_string_equal(results(&job, &states),
			    "\"a\" \"e\" [\"a\",\"b\",\"c\",\"d\",\"e\"] [\"a\",\"b\"]");
			release(&job, &states);
			job_close(&job);
		}
	}
}

static size_t
allocated(void)
{
	return mallinfo2().uordblks;
}

/* What is counted is what malloc gave, for small values and few of them too. */
static void
held_is_what_malloc_takes(void **state)
{
	static const char *const texts[] = { "x=min:v", "x=max:v", "x=first:v", "x=last:v",
		"x=list:v", "x=set:v", "x=distinct:v", "x=top:2:v", "x=approx_distinct:v" };
	static const int lengths[] = { 1, 7, 20, 21, 40, 300 }, counts[] = { 1, 3, 9, 40 };
	enum { STATES = 1000 };
	struct states *states = calloc(STATES, sizeof(*states));
	char json[512];
	(void)state;

	assert_non_null(states);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) * 24; i++) {
		int len = lengths[i % 6], count = counts[i / 6 % 4];
		struct job job;
		size_t before, more;

		job_open(&job);
		add(&job, texts[i / 24]);
		(void)snprintf(json, sizeof(json), "{\"v\":\"%*d\"}        ", len, 0);
		assert_int_equal(take_at(&job, &states[0], json, 0, 0, 0), 0);
		release(&job, &states[0]);
		before = allocated();
		for (int j = 0; j < STATES * count; j++) {
			(void)snprintf(
			    json, sizeof(json), "{\"v\":\"%*d\"}        ", len, j % count);
			assert_int_equal(
			    take_at(&job, &states[j / count], json, j, 0, j), 0);
		}
		more = allocated() - before;
		/* malloc may leave a chunk longer than it has to be; a sanitizer's does not say */
		if (before && (job.held < more / 100 * 85 || job.held > more / 100 * 106))
			fail_msg("%s of %d of %d bytes: %zu held, %zu allocated", texts[i / 24],
			    count, len, job.held, more);
		for (int j = 0; j < STATES; j++)
			release(&job, &states[j]);
		assert_int_equal(job.held, 0);
		job_close(&job);
	}
	free(states);
}

/* What is cut is given back: bounded aggregates hold no more after many records than after some. */
static void
bounds_bound_memory(void **state)
{
	static const char *const texts[] = { "x=list:3:v", "x=set:3:v", "x=last:v", "x=min:v" };
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct states states = { .bytes = { 0 } };
		size_t held = 0;
		struct job job;
		char text[64];

		job_open(&job);
		add(&job, texts[i]);
		for (int n = 1000; n > 0; n--) {
			(void)snprintf(text, sizeof(text), "{\"v\":\"value %04d\"}        ", n);
			assert_int_equal(take_at(&job, &states, text, n, 0, n), 0);
			assert_int_equal(job.held, aggregate_held(&job.plan, states.bytes));
			assert_true(n > 980 || job.held <= held);
			if (job.held > held)
				held = job.held;
		}
		release(&job, &states);
		assert_int_equal(job.held, 0);
		job_close(&job);
	}
}

/* ---- merging and the serialised form ---- */

static const char *const all_calls[] = { "a=count", "b=count:s", "c=sum:v", "d=min:v", "e=max:v",
	"f=avg:v", "g=first:s", "h=last:s", "i=stddev:v", "j=stddev_pop:v", "k=distinct:s",
	"l=approx_distinct:s", "m=p50:v", "n=p:99.9:v", "o=top:3:s", "p=set:s", "q=set:3:s",
	"r=list:s", "s=list:3:s", "t=min:s", "u=max:s", "v=count where=v>=0",
	"w=set:2:s where=s!=\"s1\"" };

static void
open_all(struct job *job)
{
	job_open(job);
	for (size_t i = 0; i < sizeof(all_calls) / sizeof(*all_calls); i++)
		add(job, all_calls[i]);
}

/* v is a number that is kept exactly, s a number or a string; one in six is null or missing. */
static void
random_record(char text[static 128])
{
	char v[48] = "null", s[48] = "";

	if (kit_random() % 6)
		(void)snprintf(v, sizeof(v), "%" PRId64 "e-%d",
		    (int64_t)(kit_random() % 2000000) - 1000000, (int)(kit_random() % 12));
	if (kit_random() % 6)
		(void)snprintf(s, sizeof(s), kit_random() % 2 ? ",\"s\":\"s%d\"" : ",\"s\":%d.5",
		    (int)(kit_random() % 12));
	(void)snprintf(text, 128, "{\"v\":%s%s}        ", v, s);
}

static void
encode(struct job *job, const struct states *states, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(aggregate_encode(&job->plan, states->bytes, out, &job->err), 0);
}

static void
expect_equal(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

enum { PARTS = 5, VALUES = 60 };

/* The same records in one state, and in parts in another order. */
static void
fill(struct job *job, struct states *whole, struct states parts[PARTS])
{
	char texts[VALUES][128];
	int order[VALUES];

	for (int i = 0; i < VALUES; i++) {
		int j = (int)(kit_random() % (uint64_t)(i + 1));

		random_record(texts[i]);
		assert_int_equal(take_at(job, whole, texts[i], i / 3, i % 2, i), 0);
		order[i] = order[j];
		order[j] = i;
	}
	for (int i = 0; i < VALUES; i++) {
		int at = order[i];

		assert_int_equal(take_at(job, &parts[kit_random() % PARTS], texts[at], at / 3,
				     at % 2, at),
		    0);
	}
}

/* Any split and any order of merging gives the same results, and the same bytes. */
static void
merge_in_any_order(void **state)
{
	struct buf want = BUF_INIT(BYTES_MAX), have = BUF_INIT(BYTES_MAX);
	static char text[1 << 16];
	(void)state;

	for (int round = 0; round < 300; round++) {
		struct states whole = { .bytes = { 0 } }, merged = { .bytes = { 0 } };
		struct states parts[PARTS] = { 0 };
		int first = (int)(kit_random() % PARTS);
		struct job job;

		open_all(&job);
		fill(&job, &whole, parts);
		for (int i = 0; i < PARTS; i++)
			assert_int_equal(aggregate_merge(&job.plan, merged.bytes,
					     parts[(first + 2 * i) % PARTS].bytes, &job.held,
					     &job.err),
			    0);
		(void)snprintf(text, sizeof(text), "%s", results(&job, &whole));
		assert_string_equal(results(&job, &merged), text);
		encode(&job, &whole, &want);
		encode(&job, &merged, &have);
		expect_equal(&have, &want);
		for (int i = 0; i < PARTS; i++)
			release(&job, &parts[i]);
		release(&job, &whole);
		release(&job, &merged);
		assert_int_equal(job.held, 0);
		job_close(&job);
	}
	buf_release(&want);
	buf_release(&have);
}

static void
copies(void **state)
{
	struct buf want = BUF_INIT(BYTES_MAX), have = BUF_INIT(BYTES_MAX);
	struct states whole = { .bytes = { 0 } }, parts[PARTS] = { 0 }, copy;
	struct job job;
	(void)state;

	open_all(&job);
	fill(&job, &whole, parts);
	memset(&copy, 0xa5, sizeof(copy));
	assert_int_equal(
	    aggregate_copy(&job.plan, copy.bytes, whole.bytes, &job.held, &job.err), 0);
	encode(&job, &whole, &want);
	release(&job, &whole); /* it shares nothing with the copy */
	encode(&job, &copy, &have);
	expect_equal(&have, &want);
	release(&job, &copy);
	for (int i = 0; i < PARTS; i++)
		release(&job, &parts[i]);
	assert_int_equal(job.held, 0);
	job_close(&job);
	buf_release(&want);
	buf_release(&have);
}

static int
decode(struct job *job, struct slice bytes, struct states *ret, struct slice *ret_rest)
{
	*ret = (struct states){ .bytes = { 0 } };
	*ret_rest = bytes;
	return aggregate_decode(&job->plan, ret_rest, ret->bytes, &job->err);
}

static void
there_and_back(void **state)
{
	struct buf want = BUF_INIT(BYTES_MAX), have = BUF_INIT(BYTES_MAX);
	static char text[1 << 16];
	(void)state;

	for (int round = 0; round < 100; round++) {
		struct states whole = { .bytes = { 0 } }, parts[PARTS] = { 0 }, read;
		struct slice rest;
		struct job job;

		open_all(&job);
		if (round) /* the first one is of nothing */
			fill(&job, &whole, parts);
		encode(&job, &whole, &want);
		if (decode(&job, buf_slice(&want), &read, &rest))
			fail_msg("%s", job.err.text);
		assert_int_equal(rest.len, 0);
		(void)snprintf(text, sizeof(text), "%s", results(&job, &whole));
		assert_string_equal(results(&job, &read), text);
		encode(&job, &read, &have);
		expect_equal(&have, &want);
		aggregate_release(&job.plan, read.bytes);
		release(&job, &whole);
		for (int i = 0; i < PARTS; i++)
			release(&job, &parts[i]);
		job_close(&job);
	}
	buf_release(&want);
	buf_release(&have);
}

/* Without the check sum in front: what is read nevertheless is a state like any other, with one
 * form, and everything else is ERR_DATA. */
static void
try_damaged(struct job *job, struct slice bytes)
{
	struct buf again = BUF_INIT(BYTES_MAX);
	struct states read, twice = { .bytes = { 0 } };
	struct slice rest;
	size_t held = 0;

	if (decode(job, bytes, &read, &rest)) {
		assert_int_equal(job->err.class, ERR_DATA);
		return;
	}
	encode(job, &read, &again);
	assert_int_equal(again.len, bytes.len - rest.len);
	assert_memory_equal(again.data, bytes.data, again.len);
	assert_true(strlen(results(job, &read)) > 0);
	for (int i = 0; i < 2; i++)
		(void)aggregate_merge(&job->plan, twice.bytes, read.bytes, &held, &job->err);
	aggregate_release(&job->plan, twice.bytes);
	aggregate_release(&job->plan, read.bytes);
	buf_release(&again);
}

static void
damage(void **state)
{
	struct states whole = { .bytes = { 0 } }, parts[PARTS] = { 0 }, read;
	struct buf bytes = BUF_INIT(BYTES_MAX);
	struct slice rest;
	struct job job;
	(void)state;

	open_all(&job);
	fill(&job, &whole, parts);
	encode(&job, &whole, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		assert_int_equal(
		    decode(&job, slice_make(bytes.data, len), &read, &rest), -1);
		assert_int_equal(job.err.class, ERR_DATA);
	}
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
		try_damaged(&job, buf_slice(&bytes));
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
	}
	release(&job, &whole);
	for (int i = 0; i < PARTS; i++)
		release(&job, &parts[i]);
	buf_release(&bytes);
	job_close(&job);
}

/* What is past the largest double when squared, or already as a difference. */
static void
far_apart_there_and_back(void **state)
{
	static const char *const values[][4] = { { "1e200" }, { "1e200", "1e200" },
		{ "1e200", "-1e200" }, { "1.7e308", "-1.7e308", "1.7e308", "-1.7e308" } };
	struct buf bytes = BUF_INIT(BYTES_MAX);
	char text[128], want[128];
	(void)state;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct states states = { .bytes = { 0 } }, read;
		struct slice rest;
		struct job job;

		job_open(&job);
		add(&job, "x=stddev_pop:v");
		for (int j = 0; j < 4 && values[i][j]; j++) {
			(void)snprintf(text, sizeof(text), "{\"v\":%s}        ", values[i][j]);
			assert_int_equal(take_at(&job, &states, text, j, 0, j), 0);
		}
		encode(&job, &states, &bytes);
		(void)snprintf(want, sizeof(want), "%s", results(&job, &states));
		if (decode(&job, buf_slice(&bytes), &read, &rest))
			fail_msg("case %zu: %s", i, job.err.text);
		assert_string_equal(results(&job, &read), want);
		release(&job, &read);
		release(&job, &states);
		job_close(&job);
	}
	buf_release(&bytes);
}

/* What well-formed bytes say and no records can have made. */
static void
impossible_states(void **state)
{
	static const struct {
		const char *call;
		struct slice bytes; /* behind function and argument */
	} cases[] = {
#define BYTES(text) { text, sizeof(text) - 1 }
		{ "x=avg:v", BYTES("\x01\0") },                   /* one value, no sum */
		{ "x=min:v", BYTES("\x03\x01" "7") },              /* a number as a text */
		{ "x=sum:v", BYTES("\x03\x03" "\"a\"") },          /* a sum of strings */
		{ "x=first:v", BYTES("\x01\0\0\0\x04null") },
		{ "x=first:v", BYTES("\x01\0\0\0\x03" "1.0") },   /* not canonical */
		{ "x=first:v", BYTES("\x01\0\x01\0\x01" "1") },   /* stream -1 */
		{ "x=first:v", BYTES("\x02") },
		{ "x=stddev:v", BYTES("\x01\x01\x05\0\0") },      /* sum 5, squares 0 */
		{ "x=stddev:v", BYTES("\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xf0\xbf") }, /* -1 */
		/* an infinite mean */
		{ "x=stddev:v", BYTES("\0\x01\0\0\0\0\0\0\xf0\x7f\0\0\0\0\0\0\0\0") },
		{ "x=set:v", BYTES("\x02\x01" "2\x01" "1") },      /* not in order */
		{ "x=set:v", BYTES("\x02\x01" "1\x01" "1") },      /* twice */
		{ "x=set:1:v", BYTES("\x02\x01" "1\x01" "2") },    /* too many */
		{ "x=list:1:v", BYTES("\x02\0\0\0\x01" "1\0\0\x02\x01" "2") },
		{ "x=list:v", BYTES("\x02\0\0\x02\x01" "1\0\0\0\x01" "2") }, /* not in order */
		{ "x=top:1:v", BYTES("\x01\x01" "1\0") },          /* no times */
		{ "x=distinct:v", BYTES("\xff\xff\xff\xff\x0f\x01" "1") }, /* more than bytes */
		{ "x=approx_distinct:v", BYTES("\0\x01\x40") },    /* rank 0 */
		{ "x=approx_distinct:v", BYTES("\0\x01\x3f") },    /* rank 63 */
		{ "x=approx_distinct:v", BYTES("\0\x02\x41\x01") }, /* an index twice */
		{ "x=approx_distinct:v", BYTES("\x01\0\0") },
		{ "x=approx_distinct:v", BYTES("\x02") },
		{ "x=p50:v", BYTES("\x01\x02\x01") },              /* a key no double has */
		{ "x=p50:v", BYTES("\x01\0\0") },                  /* a bucket of nothing */
		{ "x=p50:v", BYTES("\x02\0\x01\0\x01") },          /* a key twice */
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf bytes = BUF_INIT(BYTES_MAX);
		struct states empty = { .bytes = { 0 } }, read;
		struct slice rest;
		struct job job;

		job_open(&job);
		add(&job, cases[i].call);
		encode(&job, &empty, &bytes);
		/* function and argument as they are, without the empty state */
		bytes.len = 2;
		while (bytes.data[bytes.len - 1] & 0x80)
			bytes.len++;
		assert_int_equal(buf_append(&bytes, cases[i].bytes, &job.err), 0);
		if (!decode(&job, buf_slice(&bytes), &read, &rest))
			fail_msg("case %zu", i);
		if (!strstr(job.err.text, "aggregate 1: is damaged"))
			fail_msg("case %zu: %s", i, job.err.text);
		assert_int_equal(job.err.class, ERR_DATA);
		buf_release(&bytes);
		job_close(&job);
	}
}

static void
other_arguments(void **state)
{
	struct buf bytes = BUF_INIT(BYTES_MAX);
	struct states empty = { .bytes = { 0 } }, read;
	struct job one, other;
	struct slice rest;
	(void)state;

	job_open(&one);
	job_open(&other);
	add(&one, "x=set:5:v");
	add(&other, "x=set:6:v");
	encode(&one, &empty, &bytes);
	assert_int_equal(decode(&other, buf_slice(&bytes), &read, &rest), -1);
	assert_string_equal(other.err.text, "aggregate 1 does not have the argument 6");
	job_close(&one);
	job_close(&other);
	buf_release(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_of_values),
		cmocka_unit_test(refused_values),
		cmocka_unit_test(first_and_last_by_place),
		cmocka_unit_test(held_is_what_malloc_takes),
		cmocka_unit_test(bounds_bound_memory),
		cmocka_unit_test(merge_in_any_order),
		cmocka_unit_test(far_apart_there_and_back),
		cmocka_unit_test(copies),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(damage),
		cmocka_unit_test(impossible_states),
		cmocka_unit_test(other_arguments),
	};

	return cmocka_run_group_tests_name("window_aggregate", tests, NULL, NULL);
}
