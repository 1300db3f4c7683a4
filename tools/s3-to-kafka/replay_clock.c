/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/clock.h"
#include "base/stop.h"
#include "s3-to-kafka/replay_state.h"
#include "source/objects.h"

enum {
	CLOCK_EVERY = 256,  /* records between two looks at the clock at full speed */
	/* What is due sooner goes now: at 10,000 records a second a wake-up serves a few of them. */
	SLEEP_US_MIN = 250,
	/* Shorter sleeps are clock_nanosleep(2)'s, for poll(2) knows milliseconds only. */
	POLL_US_MIN = 2000,
};

static int64_t
count_sent(const struct replay *r)
{
	struct outlet_counts counts;

	outlet_get_counts(r->outlet, &counts);
	return counts.sent;
}

/* With the timestamps of the records around it. */
int
replay_send_watermark(struct replay *r, struct err *err)
{
	const struct composer_options *o = &r->options.composer;
	bool has_old_times = o->kafka_time == COMPOSER_TIME_EVENT ||
	    (o->kafka_time == COMPOSER_TIME_DEFAULT && o->has_envelopes);

	return outlet_send_watermark(r->outlet, has_old_times, err);
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
int
replay_commit(struct replay *r, bool is_done, int64_t deadline, struct err *err)
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
	return replay_commit(r, false, CLOCK_NEVER, err);
}

/* An open transaction holds up readers: none stays open over a sleep longer than the interval. */
static int
commit_before_sleep(struct replay *r, int64_t now_us, int64_t *wait_us, struct err *err)
{
	int64_t left_us;

	if (!has_to_commit(r))
		return 0;
	if (*wait_us >= resume_interval_us(r->resume))
		return replay_commit(r, false, CLOCK_NEVER, err);
	left_us = resume_due_us(r->resume) - now_us;
	if (*wait_us > left_us)
		*wait_us = left_us;
	return 0;
}

/* Records are of one length here: those held are behind the others, or between them. */
static void
count_held(const struct replay *r, struct replay_numbers *n)
{
	struct objects_progress *o = &n->objects;

	source_objects_progress(r->source, o);
	n->held = (r->reorder ? (int64_t)reorder_count(r->reorder) : 0) + (r->record != NULL);
	if (o->bytes >= 0 && n->held)
		o->bytes -= (int64_t)((double)(o->bytes - r->begin_bytes) * (double)n->held / (double)r->given);
}

static void
tell(struct replay *r, int64_t now_us)
{
	struct replay_numbers numbers = { .event_ms = r->last_event_ms, .behind_ms = r->behind_us / 1000 };
	struct outlet_counts outlet;

	r->tell_us = now_us + r->watch.every_ms * 1000;
	outlet_get_counts(r->outlet, &outlet);
	numbers.sent = outlet.sent;
	numbers.bytes = outlet.bytes;
	replay_get_counts(r, &numbers.counts);
	count_held(r, &numbers);
	r->watch.tell(r->watch.context, &numbers);
}

static void
on_wait(void *context)
{
	struct replay *r = context;
	int64_t now_us = clock_mono_us();

	if (now_us >= r->tell_us && r->source)
		tell(r, now_us);
}

struct sink_waiting
replay_waiting(struct replay *r)
{
	return (struct sink_waiting){ r, on_wait };
}

enum step
replay_tick(struct replay *r, int64_t now_us, struct err *err)
{
	if (now_us >= r->tell_us)
		tell(r, now_us);
	if (now_us >= r->watermark_due_us) {
		r->watermark_due_us = now_us + r->options.watermark_ms * 1000;
		if (replay_send_watermark(r, err))
			return FAILED;
	}
	if (commit_if_due(r, now_us, err))
		return FAILED;
	return stop_requested() ? STOPPED : GO_ON;
}

/* Once every few records that go at full speed. */
enum step
replay_tick_sometimes(struct replay *r, struct err *err)
{
	if (--r->until_clock)
		return stop_requested() ? STOPPED : GO_ON;
	r->until_clock = CLOCK_EVERY;
	/* the one before the frontier is the last that is settled */
	places_forget(&r->places, outlet_frontier(r->outlet) - 1);
	return replay_tick(r, clock_mono_us(), err);
}

/* Sleeps until then, or until a signal; early by what is left of a millisecond. */
static void
sleep_for(int64_t now_us, int64_t us)
{
	struct timespec left = { .tv_nsec = us * 1000 };

	if (us >= POLL_US_MIN) {
		(void)stop_wait((now_us + us) / 1000);
		return;
	}
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
		step = replay_tick(r, now_us, err);
		if (step != GO_ON || wait_us < SLEEP_US_MIN)
			return step;
		if (outlet_push(r->outlet, err) || commit_before_sleep(r, now_us, &wait_us, err))
			return FAILED;
		if (wait_us > REPLAY_STEP_US)
			wait_us = REPLAY_STEP_US;
		if (wait_us > r->watermark_due_us - now_us)
			wait_us = r->watermark_due_us - now_us;
		if (wait_us > 0)
			sleep_for(now_us, wait_us);
	}
}

enum step
replay_wait_until_due(struct replay *r, int64_t event_ms, struct err *err)
{
	if (!schedule_is_paced(&r->schedule))
		return GO_ON;
	return sleep_until(r, schedule_due_us(&r->schedule, event_ms, clock_mono_us()), err);
}
