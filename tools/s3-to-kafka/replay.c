/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/replay.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/stop.h"
#include "s3-to-kafka/replay_state.h"
#include "source/objects.h"

enum { MOVED_BYTES_MAX = 1024 * 1024 * 1024 };

static bool
has_all(const struct replay *r)
{
	return r->options.count_max && r->read - r->skipped >= r->options.count_max &&
	    !bookmark_is_rereading(&r->bookmark);
}

/* ---- rounds ---- */

/* Reads the input to its end and sends what waits. */
static enum step
run_round(struct replay *r, struct err *err)
{
	enum step step = r->bookmark.is_over ? ENDED : GO_ON;

	while (step == GO_ON && !has_all(r)) {
		step = replay_read_record(r, err);
		if (step == GO_ON)
			step = replay_tick_sometimes(r, err);
	}
	if (step == ENDED && bookmark_is_rereading(&r->bookmark)) {
		err_set(err, ERR_DATA, "the input ends before the place where reading had come to");
		return FAILED;
	}
	if (step == GO_ON || step == ENDED) {
		step = replay_send_waiting(r, true, err);
		return step == GO_ON ? ENDED : step;
	}
	return step;
}

/* Everything given to the sink becomes durable; the last watermark says so. */
static int
finish_round(struct replay *r, int64_t deadline, struct err *err)
{
	if (outlet_flush(r->outlet, deadline, err) || deadletter_flush(r->letters, deadline, err))
		return -1;
	if (!r->options.watermark_ms || stop_requested())
		return 0;
	return replay_send_watermark(r, err) || outlet_flush(r->outlet, deadline, err) ? -1 : 0;
}

static int
begin_round(struct replay *r, struct err *err)
{
	source_free(r->source);
	r->source = r->input.open(r->input.context, err);
	if (!r->source)
		return -1;
	if (r->reorder)
		reorder_clear(r->reorder);
	schedule_restart(&r->schedule);
	r->has_shift_begun = false;
	r->round_sent = r->given = r->begin_bytes = 0;
	r->bookmark.is_over = false;
	places_clear(&r->places);
	return outlet_begin(r->outlet, err);
}

/* A round that has sent nothing is the last: it would go round for ever. */
static enum step
run_rounds(struct replay *r, struct err *err)
{
	for (int64_t round = 1;; round++) {
		enum step step = run_round(r, err);

		if (step != ENDED || has_all(r) || !r->round_sent ||
		    round == r->options.rounds_max)
			return step;
		if (finish_round(r, CLOCK_NEVER, err))
			return FAILED;
		if (stop_requested())
			return STOPPED;
		if (begin_round(r, err))
			return FAILED;
	}
}

/* What was sent is committed, what waits stays for the next run. `err` keeps the first failure. */
static int
settle_kept(struct replay *r, enum step step, int64_t deadline, struct err *err)
{
	struct err later = ERR_INIT;

	if (step == FAILED && (err->class == ERR_UNAVAILABLE || err->class == ERR_STOPPED))
		return -1; /* the sink itself */
	if (step == ENDED && finish_round(r, deadline, err))
		return -1;
	if (replay_commit(r, step == ENDED, deadline, &later) && step != FAILED) {
		*err = later;
		return -1;
	}
	return step == FAILED ? -1 : 0;
}

/* A bad record or a damaged file takes nothing that precedes it along. `err` keeps the first
 * failure. */
static int
settle(struct replay *r, enum step step, struct err *err)
{
	bool has_failed = step == FAILED;
	int64_t deadline = step == STOPPED ? clock_deadline(r->options.drain_ms) : CLOCK_NEVER;
	struct err later = ERR_INIT;

	if (r->resume)
		return settle_kept(r, step, deadline, err);
	if (has_failed && (err->is_broken_pipe || err->class == ERR_UNAVAILABLE))
		return -1; /* the sink itself: there is nobody to wait for */
	if (has_failed && (err->class == ERR_DATA || err->class == ERR_IO) &&
	    replay_send_waiting(r, true, &later) == FAILED)
		return -1;
	if (step == ENDED)
		return finish_round(r, deadline, err);
	if (outlet_flush(r->outlet, deadline, &later) ||
	    deadletter_flush(r->letters, deadline, &later)) {
		if (!has_failed)
			*err = later;
		return -1;
	}
	return has_failed ? -1 : 0;
}

int
replay_run(struct replay *r, enum job_input *ret_input, struct err *err)
{
	bool is_endless = !r->options.rounds_max && !r->options.count_max;
	int64_t now_us = clock_mono_us();
	enum step step;

	*ret_input = JOB_INPUT_BOUNDED;
	if (r->options.watermark_ms)
		r->watermark_due_us = now_us + r->options.watermark_ms * 1000;
	step = run_rounds(r, err);
	if (step == ENDED)
		*ret_input = JOB_INPUT_ENDED;
	else if (is_endless)
		*ret_input = JOB_INPUT_ENDLESS;
	return settle(r, step, err);
}

void
replay_set_watch(struct replay *r, const struct replay_watch *watch)
{
	r->watch = *watch;
	r->tell_us = 0;
}

/* Delivered is what was committed. What had waited when this run began counts as read by it. */
static void
get_kept_counts(const struct replay *r, struct replay_counts *ret)
{
	const struct resume_counts *from = &resume_start(r->resume)->counts;
	const struct resume_counts *to = &resume_point(r->resume)->counts;

	*ret = (struct replay_counts){
		.read = r->read - from->sent - from->rejected - from->skipped,
		.delivered = to->sent - from->sent,
		.rejected = to->rejected - from->rejected,
		.skipped = to->skipped - from->skipped,
	};
	ret->waiting = ret->read - ret->delivered - ret->rejected - ret->skipped;
}

void
replay_get_counts(struct replay *r, struct replay_counts *ret)
{
	struct outlet_counts outlet;

	outlet_get_counts(r->outlet, &outlet);
	if (r->resume) {
		get_kept_counts(r, ret);
		ret->watermarks = outlet.watermarks;
		return;
	}
	*ret = (struct replay_counts){
		.read = r->read,
		.delivered = outlet.delivered,
		.rejected = deadletter_count(r->letters),
		.skipped = r->skipped,
		.watermarks = outlet.watermarks,
	};
	ret->waiting = ret->read - ret->delivered - ret->rejected - ret->skipped;
}

bool
replay_get_standing(struct replay *r, struct replay_standing *ret)
{
	int64_t frontier = outlet_frontier(r->outlet);
	size_t object, next_object;
	int64_t line, next_line;
	bool has_settled = places_find(&r->places, frontier - 1, &object, &line);

	if (!r->source)
		return false; /* the next round could not be opened */
	if (!places_find(&r->places, frontier, &next_object, &next_line)) {
		if (!has_settled)
			return false;
		next_object = object;
		next_line = line + 1;
	}
	*ret = (struct replay_standing){
		.next_object = source_objects_name(r->source, next_object),
		.next_line = next_line,
	};
	if (has_settled) {
		ret->object = source_objects_name(r->source, object);
		ret->line = line;
	}
	return true;
}

/* ---- from beginning to end ---- */

static void
go_on(struct replay *r, struct resume *resume)
{
	const struct resume_point *point = resume_point(resume);

	r->resume = resume;
	r->read = point->counts.read;
	r->skipped = point->counts.skipped;
	r->has_shift_begun = point->has_shift;
	r->shift_ms = point->shift_ms;
	if (r->reorder && point->has_last)
		reorder_begin_behind(r->reorder, point->last_time_ms, point->last_sequence);
	if (point->has_last)
		outlet_go_on(r->outlet, point->last_time_ms + (r->has_shift_begun ? r->shift_ms : 0));
}

struct replay *
replay_new(const struct replay_options *options, struct source *source,
    const struct replay_input *input, struct outlet *outlet, struct deadletter *letters,
    struct resume *resume, struct err *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	struct objects_progress progress;
	struct objects_mark begin;

	if (!r) {
		source_free(source);
		err_no_memory(err);
		return NULL;
	}
	r->options = *options;
	r->input = *input;
	r->source = source;
	r->outlet = outlet;
	r->letters = letters;
	r->until_clock = 1;
	r->watermark_due_us = INT64_MAX;
	r->tell_us = INT64_MAX;
	r->last_event_ms = RECORD_NO_TIME;
	buf_init(&r->moved, MOVED_BYTES_MAX);
	schedule_init(&r->schedule, options->speedup, options->rate);
	r->composer = composer_new(&options->composer, err);
	if (!r->composer)
		goto fail;
	if (options->reorder_count) {
		r->reorder = reorder_new((size_t)options->reorder_count,
		    (size_t)options->memory_bytes, err);
		if (!r->reorder)
			goto fail;
	}
	source_objects_mark(source, &begin);
	r->from_object = begin.object;
	source_objects_progress(source, &progress);
	r->begin_bytes = progress.bytes > 0 ? progress.bytes : 0;
	bookmark_begin(&r->bookmark, resume);
	if (resume)
		go_on(r, resume);
	return r;
fail:
	replay_free(r);
	return NULL;
}

void
replay_free(struct replay *r)
{
	if (!r)
		return;
	composer_free(r->composer);
	reorder_free(r->reorder);
	buf_release(&r->moved);
	places_release(&r->places);
	source_free(r->source);
	free(r);
}
