/* SPDX-License-Identifier: MIT */
/* The loop of kafka-window between a scripted source and a sink in memory: in which order what streams
 * tell and records take effect, and what is committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-window/windower.h"

#define M ((int64_t)60 * 1000)

enum { STREAMS = 2, TEXT_BYTES = 4096 };

struct step {
	enum { RECORD, AT_END, ENDED, END } kind;
	int32_t stream;
	int64_t sequence;
	int64_t minute;
};

struct fake_sink {
	struct sink base;
	struct world *world;
};

struct world {
	struct source source;
	struct fake_sink sink;
	struct source_events events;
	const struct step *steps;
	size_t at;
	const char *metadata[STREAMS]; /* NULL: nothing is committed */
	int64_t from[STREAMS];
	bool is_assigned;
	struct sink_counts counts;
	int flushes, told_at; /* flushes at which the watch was told the last time */
	char rows[TEXT_BYTES];
	char committed[TEXT_BYTES];
	struct windower_options options;
	struct err err;
};

static void
add(char *text, const char *more)
{
	size_t len = strlen(text);

	assert_true(len + strlen(more) < TEXT_BYTES);
	(void)snprintf(text + len, TEXT_BYTES - len, "%s", more);
}

/* ---- the source ---- */

static enum source_status
next(struct source *source, int64_t deadline_ms, struct record *ret, struct err *err)
{
	struct world *w = (struct world *)source;
	const struct step *s;

	(void)deadline_ms;
	for (int32_t i = 0; i < STREAMS && !w->is_assigned; i++) {
		if (w->events.assigned(w->events.context, i, 0, w->from[i], w->metadata[i], err))
			return SOURCE_FAILED;
	}
	w->is_assigned = true;
	for (;;) {
		s = &w->steps[w->at++];
		switch (s->kind) {
		case RECORD:
			*ret = (struct record){
				.position = { .stream = s->stream, .sequence = s->sequence },
				.topic = slice_of("t"),
				.partition = s->stream,
				.offset = s->sequence,
				.has_offset = true,
				.time_ms = s->minute * M,
			};
			return SOURCE_RECORD;
		case AT_END:
			w->events.at_end(w->events.context, s->stream, s->sequence);
			break;
		case ENDED:
			w->events.ended(w->events.context, s->stream);
			break;
		case END:
			return SOURCE_END;
		}
	}
}

static int
commit(struct source *source, const struct commit_point *points, size_t count, struct err *err)
{
	struct world *w = (struct world *)source;
	char text[256];

	(void)err;
	w->committed[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "%d@%lld %s\n", (int)points[i].stream,
		    (long long)points[i].sequence, points[i].metadata);
		add(w->committed, text);
	}
	return 0;
}

static const struct source_ops source_ops = { .next = next, .commit = commit };

/* ---- the sink ---- */

static struct world *
world_of(struct sink *sink)
{
	return ((struct fake_sink *)sink)->world;
}

/* A row as "START-END:COUNT", in minutes. */
static int
write_row(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct world *w = world_of(sink);
	long long start = -1, end = -1;
	char value[256], text[64];
	int count = -1;

	(void)err;
	(void)snprintf(value, sizeof(value), "%.*s", SLICE_ARGS(out->value));
	assert_int_equal(sscanf(value, "{\"window_start\":%lld,\"window_end\":%lld", &start, &end), 2);
	assert_non_null(strstr(value, "\"n\":"));
	count = (int)strtol(strstr(value, "\"n\":") + 4, NULL, 10);
	(void)snprintf(text, sizeof(text), "%lld-%lld:%d ", start / (long long)M,
	    end / (long long)M, count);
	add(w->rows, text);
	w->counts.written++;
	w->counts.acknowledged++;
	return 0;
}

static int
push(struct sink *sink, struct err *err)
{
	(void)sink;
	(void)err;
	return 0;
}

static int
flush(struct sink *sink, int64_t deadline_ms, struct err *err)
{
	(void)deadline_ms;
	world_of(sink)->flushes++;
	sink_tell_waiting(sink);
	return push(sink, err);
}

static void
counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = world_of(sink)->counts;
}

static const struct sink_ops sink_ops = {
	.write = write_row, .push = push, .flush = flush, .counts = counts
};

/* ---- runs ---- */

static void
open_world(struct world *w, struct assigner assigner)
{
	*w = (struct world){ .source.ops = &source_ops, .err = ERR_INIT };
	w->sink = (struct fake_sink){ .base.ops = &sink_ops, .world = w };
	w->options = (struct windower_options){
		.engine = { .assigner = assigner,
		    .idle_ms = WATERMARK_NEVER,
		    .idle_close_ms = WATERMARK_NEVER,
		    .state_bytes_max = 1 << 20 },
		.aggregate_count = 1,
		.is_group = true,
		.is_bounded = true,
		.writes_ms = true,
		.drain_ms = 1000,
	};
	assert_int_equal(
	    aggregate_text_parse(slice_of("n=count"), &w->options.aggregates[0], &w->err), 0);
}

static void
on_told(void *context, const struct windower_counts *now)
{
	struct world *w = context;

	assert_int_equal(now->delivered, w->counts.acknowledged);
	w->told_at = w->flushes;
}

static void
run(struct world *w, const struct step *steps)
{
	const struct windower_watch watch = { w, on_told, 0 };
	const struct deadletter_options letters_options = { .target = NULL };
	struct client_options client = CLIENT_OPTIONS_INIT;
	struct deadletter *letters =
	    deadletter_open(&letters_options, &client, "test", NULL, &w->err);
	struct windower *windower = windower_new(&w->options, &w->err);
	enum job_input input;

	assert_non_null(letters);
	assert_non_null(windower);
	w->steps = steps;
	w->events = windower_events(windower);
	windower_set_outputs(windower, &w->sink.base, NULL, letters);
	windower_set_watch(windower, &watch);
	if (windower_run(windower, &w->source, &input, &w->err))
		fail_msg("%s", w->err.text);
	assert_int_equal(input, JOB_INPUT_ENDED);
	/* while the last rows are waited for, too */
	assert_true(w->flushes > 0);
	assert_int_equal(w->told_at, w->flushes);
	windower_free(windower);
	deadletter_free(letters);
}

static const struct assigner hops = { .kind = ASSIGN_HOP, .size_ms = 60 * M, .step_ms = 20 * M };

/* A stream that ends lets windows be complete: what comes next is in none of them. */
static void
windows_are_given_before_the_next_record(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, 70 },
		{ RECORD, 1, 0, 5 },
		{ ENDED, 1, 1, 0 },
		{ RECORD, 0, 1, 50 },
		{ ENDED, 0, 2, 0 },
		{ END, 0, 0, 0 },
	};
	struct world w;
	(void)state;

	open_world(&w, hops);
	run(&w, steps);
	assert_string_equal(w.rows, "-40-20:1 -20-40:1 0-60:1 20-80:2 40-100:2 60-120:1 ");
}

/* So does one whose records that were read before have gone. */
static void
windows_are_given_when_reading_again_ends(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, 30 },
		{ RECORD, 0, 1, 65 },
		{ ENDED, 1, 0, 0 },
		{ AT_END, 0, 3, 0 },
		{ RECORD, 0, 3, 50 },
		{ ENDED, 0, 4, 0 },
		{ END, 0, 0, 0 },
	};
	struct world w;
	(void)state;

	open_world(&w, hops);
	w.metadata[0] = "w1 3900000 2400000 2400000 3 hop:3600000:1200000";
	w.metadata[1] = "w1 - 2400000 2400000 0 hop:3600000:1200000";
	run(&w, steps);
	assert_string_equal(w.rows, "0-60:1 20-80:3 40-100:2 60-120:1 ");
}

/* What a later run begins with: where to read, and up to where windows were given and forgotten. */
static void
what_is_committed(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 7, 10 },
		{ RECORD, 1, 3, 130 },
		{ RECORD, 0, 8, 130 },
		{ END, 0, 0, 0 },
	};
	struct world w;
	(void)state;

	open_world(&w, (struct assigner){ .kind = ASSIGN_TUMBLE, .size_ms = 60 * M });
	w.from[0] = 7;
	w.from[1] = 3;
	w.options.engine.emits_updates = true;
	w.options.engine.lateness_ms = 30 * M;
	run(&w, steps);
	assert_string_equal(w.rows, "0-60:1 120-180:2 ");
	/* the end of the input is that of the last window, and of what may come late */
	assert_string_equal(w.committed,
	    "0@9 w1 7800000 12600000 10800000 9 tumble:3600000\n"
	    "1@4 w1 7800000 12600000 10800000 4 tumble:3600000\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_given_before_the_next_record),
		cmocka_unit_test(windows_are_given_when_reading_again_ends),
		cmocka_unit_test(what_is_committed),
	};

	return cmocka_run_group_tests_name("windower", tests, NULL, NULL);
}
