/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/replay.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/stop.h"
#include "s3-to-kafka/bookmark.h"
#include "s3-to-kafka/places.h"
#include "s3-to-kafka/progress.h"
#include "source/objects.h"

enum {
	CLOCK_EVERY = 256,  /* records between two looks at the clock at full speed */
	/* What is due sooner goes now: at 10,000 records a second a wake-up serves a few of them. */
	SLEEP_US_MIN = 250,
	/* Shorter sleeps are clock_nanosleep(2)'s, for poll(2) knows milliseconds only. */
	POLL_US_MIN = 2000,
	MOVED_BYTES_MAX = 1024 * 1024 * 1024,
};

enum step {
	GO_ON,
	ENDED,   /* of this round: --until, or -c */
	STOPPED, /* a signal */
	FAILED,
};

struct replay {
	struct replay_options options;
	struct replay_input input;
	struct source *source;
	struct outlet *outlet;
	struct deadletter *letters;
	struct resume *resume; /* NULL: no position is kept */
	struct bookmark bookmark;
	struct places places; /* without a resume */
	size_t from_object;
	struct composer *composer;
	struct reorder *reorder; /* NULL without a horizon */
	struct schedule schedule;
	const struct record *record; /* the one at hand, NULL where an item comes from the horizon */
	/* --shift-to-now */
	bool has_shift_begun;
	int64_t shift_ms;
	struct buf moved;
	/* results */
	int64_t read;
	int64_t skipped;
	int64_t round_sent;
	/* what happens by the clock */
	struct progress progress;
	int64_t watermark_due_us; /* INT64_MAX: never */
	int64_t last_event_ms;
	int64_t behind_us;
	unsigned until_clock;
};

/* ---- what happens by the clock ---- */

static int64_t
count_sent(const struct replay *r)
{
	struct outlet_counts counts;

	outlet_get_counts(r->outlet, &counts);
	return counts.sent;
}

static int
send_watermark(struct replay *r, struct err *err)
{
	return outlet_send_watermark(
	    r->outlet, r->options.composer.kafka_time == COMPOSER_TIME_EVENT, err);
}

/* ---- commits ---- */

static void
count(const struct replay *r, struct resume_counts *ret)
{
	const struct resume_counts *before = &r->bookmark.begun.counts;

	*ret = (struct resume_counts){
		.read = r->read,
		.sent = before->sent + count_sent(r),
		.rejected = before->rejected + deadletter_count(r->letters),
		.skipped = r->skipped,
	};
}

/* Dead letters in a file are durable before the position that leaves them behind. */
static int
commit(struct replay *r, bool is_done, int64_t deadline, struct err *err)
{
	struct resume_counts counts;
	struct resume_point point;

	if (!r->resume)
		return 0;
	if (deadletter_flush(r->letters, deadline, err))
		return -1;
	count(r, &counts);
	bookmark_point(&r->bookmark, r->source, r->reorder, &counts, &point);
	point.is_done = is_done;
	point.has_shift = r->has_shift_begun;
	point.shift_ms = r->shift_ms;
	if (resume_commit(r->resume, r->source, &point, deadline, err))
		return -1;
	r->bookmark.touched = 0;
	return 0;
}

static bool
has_to_commit(const struct replay *r)
{
	return r->resume && (r->bookmark.touched || resume_is_open(r->resume));
}

static int
commit_if_due(struct replay *r, int64_t now_us, struct err *err)
{
	if (!has_to_commit(r) || now_us < resume_due_us(r->resume))
		return 0;
	return commit(r, false, CLOCK_NEVER, err);
}

/* An open transaction holds up readers: none stays open over a sleep longer than the interval. */
static int
commit_before_sleep(struct replay *r, int64_t now_us, int64_t *wait_us, struct err *err)
{
	int64_t left_us;

	if (!has_to_commit(r))
		return 0;
	if (*wait_us >= resume_interval_us(r->resume))
		return commit(r, false, CLOCK_NEVER, err);
	left_us = resume_due_us(r->resume) - now_us;
	if (*wait_us > left_us)
		*wait_us = left_us;
	return 0;
}

static enum step
tick(struct replay *r, int64_t now_us, struct err *err)
{
	if (progress_is_due(&r->progress, now_us)) {
		struct progress_facts facts = { .sent = count_sent(r),
			.event_ms = r->last_event_ms,
			.behind_us = r->behind_us };

		progress_say(&r->progress, r->source, &facts, now_us, r->options.is_quiet);
	}
	if (now_us >= r->watermark_due_us) {
		r->watermark_due_us = now_us + r->options.watermark_ms * 1000;
		if (send_watermark(r, err))
			return FAILED;
	}
	if (commit_if_due(r, now_us, err))
		return FAILED;
	return stop_requested() ? STOPPED : GO_ON;
}

/* Once every few records that go at full speed. */
static enum step
tick_sometimes(struct replay *r, struct err *err)
{
	if (--r->until_clock)
		return stop_requested() ? STOPPED : GO_ON;
	r->until_clock = CLOCK_EVERY;
	/* the one before the frontier is the last that is settled */
	places_forget(&r->places, outlet_frontier(r->outlet) - 1);
	return tick(r, clock_mono_us(), err);
}

/* Sleeps until then, or until a signal; early by what is left of a millisecond. */
static void
sleep_for(struct replay *r, int64_t now_us, int64_t us)
{
	struct timespec left = { .tv_nsec = us * 1000 };

	if (us >= POLL_US_MIN)
		(void)source_objects_idle(r->source, (now_us + us) / 1000);
	else
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &left, NULL); /* a signal may cut it short */
}

/* Sleeps in steps, so that reports of the sink are served, and what happens by the clock happens. */
static enum step
sleep_until(struct replay *r, int64_t due_us, struct err *err)
{
	for (;;) {
		int64_t now_us = clock_mono_us();
		int64_t wait_us = due_us - now_us;
		enum step step;

		r->behind_us = wait_us < 0 ? -wait_us : 0;
		step = tick(r, now_us, err);
		if (step != GO_ON || wait_us < SLEEP_US_MIN)
			return step;
		if (outlet_push(r->outlet, err) || commit_before_sleep(r, now_us, &wait_us, err))
			return FAILED;
		if (wait_us > PROGRESS_US / 2)
			wait_us = PROGRESS_US / 2;
		if (wait_us > r->watermark_due_us - now_us)
			wait_us = r->watermark_due_us - now_us;
		if (wait_us > 0)
			sleep_for(r, now_us, wait_us);
	}
}

static enum step
wait_until_due(struct replay *r, int64_t event_ms, struct err *err)
{
	if (!schedule_is_paced(&r->schedule))
		return GO_ON;
	return sleep_until(r, schedule_due_us(&r->schedule, event_ms, clock_mono_us()), err);
}

/* ---- sending ---- */

/* A record whose letter is written is done with, also where it is one too many. */
static enum step
put_away(struct replay *r, const struct record *record, const struct err *why, struct err *err)
{
	int64_t before = deadletter_count(r->letters);
	int rc = deadletter_put(r->letters, record, why, err);

	if (deadletter_count(r->letters) > before) {
		bookmark_put_away(&r->bookmark);
		bookmark_settled(&r->bookmark);
	}
	return rc ? FAILED : GO_ON;
}

/* The item cannot be moved, or the sink can never take it (larger than the topic allows): a rejected
 * record as any other. */
static enum step
refuse_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct record waited = {
		.position = { .sequence = item->sequence },
		.origin = slice_of("reordered input"),
		.line = item->sequence + 1,
		.offset = item->sequence,
		.time_ms = RECORD_NO_TIME,
		.key = item->key,
		.has_key = item->has_key,
		.value = item->value,
		.has_value = item->has_value,
		.headers = item->headers,
		.header_count = item->header_count,
	};
	const struct record *record = r->record ? r->record : &waited;
	char reason[ERR_TEXT_BYTES];

	memcpy(reason, err->text, sizeof(reason));
	record_reject(record, -1, reason, err);
	return put_away(r, record, err, err);
}

/* Makes *ret of the item, its times moved. */
static int
move_times(struct replay *r, const struct reorder_item *item, struct reorder_item *ret,
    struct err *err)
{
	if (!r->has_shift_begun) {
		r->has_shift_begun = true;
		r->shift_ms = clock_wall_ms() - item->time_ms;
	}
	*ret = *item;
	if (item->spot_count) {
		buf_clear(&r->moved);
		if (shift_append(&r->moved, item->value, item->spots, item->spot_count,
			composer_fields(r->composer), &r->options.composer.time_format,
			r->shift_ms, err))
			return -1;
		ret->value = buf_slice(&r->moved);
	}
	ret->time_ms += r->shift_ms;
	if (item->kafka_time_ms != RECORD_NO_TIME)
		ret->kafka_time_ms += r->shift_ms;
	return 0;
}

static int
send_now(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct reorder_item moved;

	if (!r->options.composer.has_shift)
		return outlet_send(r->outlet, item, err);
	return move_times(r, item, &moved, err) || outlet_send(r->outlet, &moved, err) ? -1 : 0;
}

static enum step
skip(struct replay *r, int64_t sequence, struct err *err)
{
	r->skipped++;
	return outlet_pass_over(r->outlet, sequence, err) ? FAILED : GO_ON;
}

/* In the order of the output: the first behind --until ends the round. */
static enum step
send_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	enum step step;

	if (schedule_judge(&r->options.span, item->time_ms) == SCHEDULE_BEHIND) {
		r->bookmark.is_over = true;
		return skip(r, item->sequence, err) == GO_ON ? ENDED : FAILED;
	}
	bookmark_take(&r->bookmark, item);
	step = wait_until_due(r, item->time_ms, err);
	if (step != GO_ON)
		return step;
	if (send_now(r, item, err))
		return err->class == ERR_DATA ? refuse_item(r, item, err) : FAILED;
	bookmark_sent(&r->bookmark, item);
	r->round_sent++;
	r->last_event_ms = item->time_ms;
	return GO_ON;
}

static enum step
skip_waiting(struct replay *r, struct err *err)
{
	struct reorder_item item;

	while (r->reorder && reorder_take(r->reorder, &item)) {
		if (skip(r, item.sequence, err) == FAILED)
			return FAILED;
	}
	return ENDED;
}

static enum step
send_waiting(struct replay *r, bool all, struct err *err)
{
	struct reorder_item item;

	while (r->reorder && (all || reorder_is_full(r->reorder))) {
		enum step step;

		if (!reorder_take(r->reorder, &item))
			break;
		step = send_item(r, &item, err);
		/* what still waits is above this one */
		if (step == ENDED)
			return skip_waiting(r, err);
		if (step != GO_ON)
			return step;
	}
	return GO_ON;
}

/* ---- reading ---- */

static enum step
take_record(struct replay *r, struct record *record, struct err *err)
{
	struct reorder_item item;
	enum step step;

	if (composer_make(r->composer, record, &item, err))
		return put_away(r, record, err, err);
	item.mark = r->bookmark.before;
	if (schedule_judge(&r->options.span, item.time_ms) == SCHEDULE_BEFORE)
		return skip(r, item.sequence, err);
	if (!r->reorder) {
		r->record = record;
		step = send_item(r, &item, err);
		r->record = NULL;
		return step;
	}
	if (reorder_put(r->reorder, &item, err))
		return FAILED;
	bookmark_settled(&r->bookmark);
	return send_waiting(r, false, err);
}

/*
 * Of the records read before, those that waited wait again; the others were sent, rejected or skipped.
 * Nothing leaves before all are back.
 */
static enum step
reread_record(struct replay *r, struct record *record, bool is_rejected, struct err *err)
{
	struct reorder_item item;

	r->bookmark.sequence = record->position.sequence;
	if (is_rejected || composer_make(r->composer, record, &item, err)) {
		if (err->class != ERR_DATA)
			return FAILED;
		err_clear(err);
	} else if (r->reorder &&
	    schedule_judge(&r->options.span, item.time_ms) != SCHEDULE_BEFORE &&
	    !resume_was_sent(&r->bookmark.begun, item.time_ms, item.sequence)) {
		item.mark = r->bookmark.before;
		if (outlet_expect(r->outlet, item.sequence, err) ||
		    reorder_put(r->reorder, &item, err))
			return FAILED;
	}
	return bookmark_is_rereading(&r->bookmark) ? GO_ON : send_waiting(r, false, err);
}

/* What is at hand is taken at once; before waiting for more, the sink is pushed. */
static enum source_status
next_record(struct replay *r, struct record *record, struct err *err)
{
	enum source_status status = source_next(r->source, 0, record, err);

	while (status == SOURCE_WAIT && !stop_requested()) {
		if (outlet_push(r->outlet, err) || tick(r, clock_mono_us(), err) == FAILED)
			return SOURCE_FAILED;
		status = source_next(r->source, clock_deadline(PROGRESS_US / 1000), record, err);
	}
	return status;
}

/* --from-line: of the object read first. */
static bool
is_before_start(struct replay *r, const struct record *record)
{
	const char *first;

	if (!r->options.from_line)
		return false;
	first = source_objects_name(r->source, r->from_object);
	if (record->line < r->options.from_line && first && slice_is(record->origin, first))
		return true;
	r->options.from_line = 0;
	return false;
}

static int
note_place(struct replay *r, const struct record *record, struct err *err)
{
	struct objects_mark here;

	if (r->resume)
		return 0;
	source_objects_mark(r->source, &here);
	return places_add(&r->places, record->position.sequence, here.object, record->line, err);
}

static enum step
take_rejected(struct replay *r, const struct record *record, struct err *err)
{
	struct err why = *err;

	if (outlet_expect(r->outlet, record->position.sequence, err))
		return FAILED;
	return put_away(r, record, &why, err);
}

static enum step
read_record(struct replay *r, struct err *err)
{
	struct record record;
	enum source_status status;
	enum step step;

	bookmark_before(&r->bookmark, r->source);
	status = next_record(r, &record, err);
	switch (status) {
	case SOURCE_RECORD:
	case SOURCE_REJECT:
		break;
	case SOURCE_WAIT:
		return STOPPED;
	case SOURCE_FAILED:
		return FAILED;
	case SOURCE_END:
		return ENDED;
	}
	if (bookmark_is_rereading(&r->bookmark))
		return reread_record(r, &record, status == SOURCE_REJECT, err);
	if (is_before_start(r, &record))
		return GO_ON;
	r->read++;
	if (note_place(r, &record, err))
		return FAILED;
	bookmark_read(&r->bookmark, record.position.sequence);
	if (status == SOURCE_REJECT)
		step = take_rejected(r, &record, err);
	else if (outlet_expect(r->outlet, record.position.sequence, err))
		step = FAILED;
	else
		step = take_record(r, &record, err);
	if (step == GO_ON || step == ENDED)
		bookmark_settled(&r->bookmark);
	return step;
}

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
		step = read_record(r, err);
		if (step == GO_ON)
			step = tick_sometimes(r, err);
	}
	if (step == ENDED && bookmark_is_rereading(&r->bookmark)) {
		err_set(err, ERR_DATA, "the input ends before the place where reading had come to");
		return FAILED;
	}
	if (step == GO_ON || step == ENDED) {
		step = send_waiting(r, true, err);
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
	return send_watermark(r, err) || outlet_flush(r->outlet, deadline, err) ? -1 : 0;
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
	r->round_sent = 0;
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
	if (commit(r, step == ENDED, deadline, &later) && step != FAILED) {
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
	    send_waiting(r, true, &later) == FAILED)
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
	progress_begin(&r->progress, now_us);
	if (r->options.watermark_ms)
		r->watermark_due_us = now_us + r->options.watermark_ms * 1000;
	step = run_rounds(r, err);
	if (step == ENDED)
		*ret_input = JOB_INPUT_ENDED;
	else if (is_endless)
		*ret_input = JOB_INPUT_ENDLESS;
	return settle(r, step, err);
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
}

struct replay *
replay_new(const struct replay_options *options, struct source *source,
    const struct replay_input *input, struct outlet *outlet, struct deadletter *letters,
    struct resume *resume, struct err *err)
{
	struct replay *r = calloc(1, sizeof(*r));
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
	r->until_clock = CLOCK_EVERY;
	r->watermark_due_us = INT64_MAX;
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
