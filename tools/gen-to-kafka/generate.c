/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/generate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "codec/number.h"
#include "gen-to-kafka/damage.h"

enum {
	US_PER_S = 1000 * 1000,
	CLOCK_EVERY = 64,    /* records between two looks at the clock at full speed */
	SLEEP_US_MIN = 1000, /* poll(2)'s resolution; what is due sooner goes now */
	RECORD_BYTES_MAX = 1024 * 1024 * 1024,
	WHOLE = 100 * GENERATE_PERCENT,
};

enum progress {
	GO_ON,
	STOPPED,
	ENDED,
	FAILED,
};

struct generate {
	struct generate_options options;
	const struct shape *shape;
	struct sink *sink;
	struct shape_state **targets;
	int64_t turn;         /* the next target */
	struct random chance; /* what goes wrong on purpose */
	struct labels *labels;
	struct buf value;  /* the last record, as it was sent */
	struct buf whole;  /* the same before it was broken */
	int64_t time_ms;   /* its event time */
	int64_t count_max; /* of options, and what the duration amounts to */
	struct generate_counts counts;
	/* the clocks */
	int64_t start_us;
	int64_t end_us;
	int64_t now_us;
	int64_t wall_ms;
	unsigned until_clock;
	struct generate_watch watch;
	int64_t tell_us; /* due; INT64_MAX: never */
	int64_t behind_us;
};

/* ---- progress ---- */

static void
tick(struct generate *g)
{
	struct generate_numbers numbers = { .count_max = g->count_max,
		.behind_ms = g->behind_us / 1000 };
	struct sink_counts sink;

	if (g->now_us < g->tell_us)
		return;
	g->tell_us = g->now_us + g->watch.every_ms * 1000;
	generate_get_counts(g, &numbers.counts);
	sink_counts(g->sink, &sink);
	numbers.bytes = sink.bytes;
	g->watch.tell(g->watch.context, &numbers);
}

static void
look_at_clock(struct generate *g)
{
	g->now_us = clock_mono_us();
	if (!g->options.has_start)
		g->wall_ms = clock_wall_ms();
	tick(g);
}

/* The sink waits: for a broker. */
static void
on_wait(void *context)
{
	struct generate *g = context;

	g->now_us = clock_mono_us();
	tick(g);
}

/* ---- pace ---- */

/* Sleeps until the next record is due in steps, so that reports of the sink are served. */
static enum progress
wait_until_due(struct generate *g, struct err *err)
{
	int64_t due_us = g->start_us + (int64_t)((number_wide)g->counts.made * US_PER_S *
						 GENERATE_RATE / g->options.rate);

	for (;;) {
		int64_t step_us;

		look_at_clock(g);
		step_us = due_us - g->now_us;
		g->behind_us = step_us < 0 ? -step_us : 0;
		if (stop_requested())
			return STOPPED;
		if (step_us < SLEEP_US_MIN)
			return GO_ON;
		if (sink_push(g->sink, err))
			return FAILED;
		if (step_us > US_PER_S / 2)
			step_us = US_PER_S / 2;
		(void)stop_wait((g->now_us + step_us) / 1000);
	}
}

static enum progress
wait_for_turn(struct generate *g, struct err *err)
{
	if (g->count_max && g->counts.made >= g->count_max)
		return ENDED;
	if (g->options.rate)
		return wait_until_due(g, err);
	if (--g->until_clock == 0) {
		g->until_clock = CLOCK_EVERY;
		look_at_clock(g);
		if (g->now_us >= g->end_us)
			return ENDED;
	}
	return stop_requested() ? STOPPED : GO_ON;
}

/* ---- a record ---- */

static bool
happens(struct generate *g, int64_t percentage)
{
	return percentage && random_below(&g->chance, WHOLE) < (uint64_t)percentage;
}

/* Since the start. A shape holds times at the year 9999; what is far beyond that is as good. */
static int64_t
time_gone(const struct generate *g)
{
	const struct generate_options *o = &g->options;
	number_wide gone = g->counts.made;

	if (o->time_step_ms)
		gone *= o->time_step_ms;
	else if (o->rate)
		gone = gone * 1000 * GENERATE_RATE / o->rate;
	return gone > INT64_MAX >> 2 ? INT64_MAX >> 2 : (int64_t)gone;
}

static int64_t
event_time(struct generate *g)
{
	const struct generate_options *o = &g->options;
	int64_t time_ms = o->has_start ? o->start_ms + time_gone(g) : g->wall_ms;

	if (happens(g, o->disorder)) {
		g->counts.disordered++;
		time_ms -= 1 + (int64_t)random_below(&g->chance, (uint64_t)o->disorder_ms);
	}
	return time_ms;
}

/* Key and headers are those of the record as it was before it was broken. */
static int
make_whole(struct generate *g, struct shape_state *target, struct buf *out, struct err *err)
{
	buf_clear(out);
	if (shape_render(g->shape, target, g->time_ms, out, err))
		return -1;
	return labels_make(g->labels, buf_slice(out), g->counts.made + 1, g->time_ms, err);
}

static int
make_record(struct generate *g, struct err *err)
{
	struct shape_state *target = g->targets[g->turn];
	uint64_t damage;
	bool is_broken;

	if (++g->turn == g->options.target_count)
		g->turn = 0;
	g->time_ms = event_time(g);
	is_broken = happens(g, g->options.broken);
	if (!is_broken)
		return make_whole(g, target, &g->value, err);
	g->counts.broken++;
	if (make_whole(g, target, &g->whole, err))
		return -1;
	buf_clear(&g->value);
	damage = random_below(&g->chance, DAMAGE_COUNT);
	return damage_append((enum damage)damage, &g->chance, buf_slice(&g->whole), &g->value, err);
}

static enum progress
send_record(struct generate *g, struct err *err)
{
	struct outgoing out = {
		.has_value = true,
		.time_ms = RECORD_NO_TIME,
		.partition = g->options.partition,
	};

	if (g->counts.made && happens(g, g->options.duplicates))
		g->counts.duplicates++;
	else if (make_record(g, err))
		return FAILED;
	out.value = buf_slice(&g->value);
	labels_put(g->labels, &out);
	if (g->options.has_event_time)
		out.time_ms = g->time_ms;
	if (sink_write(g->sink, &out, err))
		return FAILED;
	g->counts.made++;
	return GO_ON;
}

/* ---- from beginning to end ---- */

static enum progress
run(struct generate *g, struct err *err)
{
	enum progress progress;

	do {
		progress = wait_for_turn(g, err);
		if (progress == GO_ON)
			progress = send_record(g, err);
	} while (progress == GO_ON);
	return progress;
}

/* Everything given to the sink becomes durable. `err` keeps the first failure. */
static int
settle(struct generate *g, enum progress progress, struct err *err)
{
	bool has_failed = progress == FAILED;
	int64_t deadline = progress == STOPPED ? clock_deadline(g->options.drain_ms) : CLOCK_NEVER;
	struct err later = ERR_INIT;

	if (has_failed && (err->is_broken_pipe || err->class == ERR_UNAVAILABLE))
		return -1; /* the sink itself: there is nobody to wait for */
	if (sink_flush(g->sink, deadline, &later)) {
		if (!has_failed)
			*err = later;
		return -1;
	}
	return has_failed ? -1 : 0;
}

int
generate_run(struct generate *g, enum job_input *ret_input, struct err *err)
{
	const struct generate_options *o = &g->options;
	enum progress progress;

	*ret_input = o->count_max || o->duration_ms ? JOB_INPUT_BOUNDED : JOB_INPUT_ENDLESS;
	g->start_us = clock_mono_us();
	g->end_us = CLOCK_NEVER;
	if (o->duration_ms && !o->rate)
		g->end_us = g->start_us + o->duration_ms * 1000;
	progress = run(g, err);
	if (progress == ENDED)
		*ret_input = JOB_INPUT_ENDED;
	return settle(g, progress, err);
}

void
generate_set_watch(struct generate *g, const struct generate_watch *watch)
{
	const struct sink_waiting waiting = { g, on_wait };

	g->watch = *watch;
	g->tell_us = 0;
	sink_set_waiting(g->sink, &waiting);
}

void
generate_get_counts(const struct generate *g, struct generate_counts *ret)
{
	struct sink_counts sink;

	sink_counts(g->sink, &sink);
	*ret = g->counts;
	ret->delivered = sink.acknowledged;
}

/* ---- opening ---- */

/* Each target has a stream of random numbers of its own, and so has what goes wrong. */
static int
open_targets(struct generate *g, struct err *err)
{
	struct shape_target target = {
		.count = (uint64_t)g->options.target_count,
		.user_count = (uint64_t)g->options.user_count,
	};

	g->targets = calloc((size_t)g->options.target_count, sizeof(struct shape_state *));
	if (!g->targets)
		return err_no_memory(err);
	random_seed(&g->chance, g->options.seed);
	target.id_base = random_next(&g->chance) & INT64_MAX;
	target.random = g->chance;
	for (; target.number < target.count; target.number++) {
		random_jump(&target.random);
		g->targets[target.number] = shape_state_new(g->shape, &target, err);
		if (!g->targets[target.number])
			return -1;
	}
	return 0;
}

/* The smaller of the count and of what the rate makes of the duration. */
static int64_t
limit(const struct generate_options *o)
{
	number_wide records = (number_wide)o->duration_ms * o->rate / (1000 * GENERATE_RATE);

	if (!o->duration_ms || !o->rate || records > INT64_MAX)
		return o->count_max;
	if (!records)
		records = 1;
	return o->count_max && o->count_max < records ? o->count_max : (int64_t)records;
}

struct generate *
generate_new(const struct generate_options *options, const struct shape *shape, struct sink *sink,
    struct err *err)
{
	struct generate *g = calloc(1, sizeof(*g));

	if (!g) {
		err_no_memory(err);
		return NULL;
	}
	g->options = *options;
	g->shape = shape;
	g->sink = sink;
	g->count_max = limit(options);
	g->until_clock = 1;
	g->tell_us = INT64_MAX;
	buf_init(&g->value, RECORD_BYTES_MAX);
	buf_init(&g->whole, RECORD_BYTES_MAX);
	g->labels = labels_new(&options->labels, err);
	if (!g->labels || open_targets(g, err)) {
		generate_free(g);
		return NULL;
	}
	return g;
}

void
generate_free(struct generate *g)
{
	if (!g)
		return;
	for (int64_t i = 0; g->targets && i < g->options.target_count; i++)
		shape_state_free(g->targets[i]);
	free(g->targets);
	labels_free(g->labels);
	buf_release(&g->value);
	buf_release(&g->whole);
	free(g);
}
