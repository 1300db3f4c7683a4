/* SPDX-License-Identifier: MIT */
/*
 * The serialised form of partial aggregates: any bytes, as they are and again behind a right check
 * sum, which no fuzzer would guess; and as the state of one aggregate, which the first byte
 * chooses. What is read is written again as the same bytes, merges with itself, and its row is
 * JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "codec/json.h"
#include "kafka-window/engine.h"
#include "kafka-window/options_aggregate.h"
#include "kafka-window/partial.h"
#include "kafka-window/row.h"
#include "kafka-window/varint.h"

enum { OUT_BYTES_MAX = 1 << 24, KEY_VALUES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct job {
	struct aggregate_plan plan;
	struct row_layout *layout;
	struct engine *engine;
	struct json_scanner *scanner;
};

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static const char *const calls[] = { "a=count", "b=count:v", "c=sum:v", "d=min:v", "e=max:v",
	"f=avg:v", "g=first:v", "h=last:v", "i=stddev:v", "j=stddev_pop:v", "m=distinct:v",
	"n=approx_distinct:v", "o=p99:v", "p=top:2:v", "q=set:2:v", "r=list:2:v" };

enum { CALLS = sizeof(calls) / sizeof(*calls) };

static void
open_job(struct job *job, enum assign_kind kind, unsigned first, unsigned count)
{
	const struct engine_options options = {
		.assigner = { .kind = kind, .size_ms = 1000 },
		.plan = &job->plan,
		.key_values = KEY_VALUES,
		.idle_ms = WATERMARK_NEVER,
		.idle_close_ms = WATERMARK_NEVER,
		.state_bytes_max = SIZE_MAX,
	};
	struct err err = ERR_INIT;
	struct json_paths *none = json_paths_new(&err);

	require(none != NULL);
	job->plan = (struct aggregate_plan){ .count = 0 };
	job->layout = row_layout_new(&err);
	require(job->layout && !row_layout_add_field(job->layout, slice_of("k"), &err) &&
		!row_layout_add_field(job->layout, slice_of("l"), &err));
	for (unsigned i = first; i < first + count; i++) {
		struct aggregate_text text;

		require(!aggregate_text_parse(slice_of(calls[i]), &text, &err) &&
			!aggregate_plan_add(&job->plan, text.aggregate, &err) &&
			!row_layout_add_aggregate(job->layout, text.name, &err));
	}
	job->engine = engine_new(&options, &err);
	job->scanner = json_scanner_new(none, &err);
	require(job->engine && job->scanner);
	json_paths_free(none);
}

static void
close_job(struct job *job)
{
	json_scanner_free(job->scanner);
	engine_free(job->engine);
	row_layout_free(job->layout);
}

static int
check_row(void *context, const struct engine_row *row, struct err *err)
{
	struct job *job = context;
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	struct json_fault fault;

	require(!row_append(&out, job->layout, &job->plan, row, err) && !buf_pad(&out, err));
	require(!json_scan(job->scanner, buf_slice(&out), NULL, &fault));
	buf_release(&out);
	return 0;
}

/* The same bytes come out again. */
static void
check_encoding(const struct job *job, struct slice bytes)
{
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	void *states = malloc(job->plan.state_bytes);
	struct err err = ERR_INIT;
	struct partial p;

	require(states && !partial_decode(&job->plan, KEY_VALUES, bytes, states, &p, &err));
	require(!partial_encode(&job->plan, &p, &out, &err));
	require(slice_equal(buf_slice(&out), bytes));
	buf_release(&out);
	aggregate_release(&job->plan, states);
	free(states);
}

static void
try_bytes(struct slice bytes, enum assign_kind kind, unsigned first, unsigned count)
{
	struct err err = ERR_INIT;
	struct job job;

	open_job(&job, kind, first, count);
	switch (engine_take_partial(job.engine, bytes, &err)) {
	case ENGINE_TAKEN:
		check_encoding(&job, bytes);
		/* counts that pass 2^63 - 1 together are refused */
		if (engine_take_partial(job.engine, bytes, &err) == ENGINE_FAILED)
			require(err.class == ERR_DATA);
		engine_finish(job.engine);
		require(!engine_close(job.engine, check_row, &job, &err));
		break;
	case ENGINE_FAILED:
		require(err.class == ERR_DATA);
		break;
	case ENGINE_LATE:
	case ENGINE_REPLAYED:
	case ENGINE_OUTSIDE:
		abort();
	}
	close_job(&job);
}

static void
append_check(struct buf *out, struct err *err)
{
	uint32_t check = (uint32_t)crc32_z(0, (const unsigned char *)out->data, out->len);

	for (unsigned i = 0; i < 4; i++)
		require(!buf_append_char(out, (char)(check >> 8 * i), err));
}

/* A partial of one aggregate: from 0 to 1 s, of the key 1, 2. */
static void
try_state(struct slice state, enum assign_kind kind, unsigned which)
{
	static const char head[] = "\x03\0\0\0\0\0\0\0\0\0\xe8\x07\x04" "1\n2\n" "\x01";
	struct buf bytes = BUF_INIT(OUT_BYTES_MAX);
	struct aggregate_text text;
	struct err err = ERR_INIT;

	require(!aggregate_text_parse(slice_of(calls[which]), &text, &err) &&
		!buf_append(&bytes, slice_make(head, sizeof(head) - 1), &err) &&
		!buf_append_char(&bytes, (char)text.aggregate.func, &err) &&
		!varint_append(&bytes, (varint_wide)text.aggregate.arg, &err) &&
		!buf_append(&bytes, state, &err));
	append_check(&bytes, &err);
	try_bytes(buf_slice(&bytes), kind, which, 1);
	buf_release(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum assign_kind kinds[] = { ASSIGN_TUMBLE, ASSIGN_SESSION };
	struct slice input = slice_make((const char *)data, size);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct buf checked = BUF_INIT(OUT_BYTES_MAX);

		require(!buf_append(&checked, input, &err));
		try_bytes(buf_slice(&checked), kinds[i], 0, CALLS);
		append_check(&checked, &err);
		try_bytes(buf_slice(&checked), kinds[i], 0, CALLS);
		buf_release(&checked);
		if (size)
			try_state(slice_skip(input, 1), kinds[i], data[0] % CALLS);
	}
	return 0;
}
