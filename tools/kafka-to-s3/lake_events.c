/* SPDX-License-Identifier: MIT */
/* What the source tells the lake: partitions that come and go, ends, gaps. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/diag.h"
#include "kafka-to-s3/lake_state.h"

enum {
	/* To publish what is taken away: the group waits so long, and other members with it. Below half of
	 * max.poll.interval.ms (5 min). */
	REVOKE_MS_MAX = 120 * 1000,
};

static int
check_mark(struct lake *l, int32_t number, int64_t sequence, const char *metadata,
    struct mark *ret, struct err *err)
{
	if (!l->options.group)
		return 0;
	if (mark_read(l->outputs.publisher, l->options.topic, number, l->options.group, ret, err))
		return -1;
	return epoch_check_mark(sequence, metadata, ret->until, err);
}

static int
on_assigned(void *context, int32_t number, uint32_t term, int64_t sequence, const char *metadata,
    struct err *err)
{
	struct lake *l = context;
	struct mark mark = MARK_INIT;
	struct lake_stream *s = NULL;

	(void)term;
	lake_drop_stream(l, number);
	l->is_lost = false;
	if (!check_mark(l, number, sequence, metadata, &mark, err))
		s = lake_add_stream(l, number, sequence, metadata, err);
	if (!s) {
		mark_release(&mark);
		return l->options.topic ? err_wrap(err, "%s[%" PRId32 "]", l->options.topic, number)
		                        : -1;
	}
	s->mark = mark;
	l->is_busy = true; /* it is to be cleaned, and there is what comes every few seconds */
	return 0;
}

static int
on_revoked(void *context, const int32_t *numbers, size_t count, bool is_lost, struct err *err)
{
	struct lake *l = context;
	int64_t wait_ms =
	    l->options.drain_ms < REVOKE_MS_MAX ? l->options.drain_ms : REVOKE_MS_MAX;

	/* what is not settled in time is rebuilt by the next owner */
	if (!is_lost && lake_settle_until(l, clock_deadline(wait_ms), false, err) && err->class != ERR_STOPPED)
		return -1;
	for (size_t i = 0; i < count; i++)
		lake_drop_stream(l, numbers[i]);
	l->is_lost = false;
	l->is_busy = true; /* what was put off while it was */
	err_clear(err);
	return 0;
}

static void
say_gap(const struct lake *l, const struct lake_stream *s, int64_t from, int64_t to,
    enum epoch_gap gap, int64_t until)
{
	const char *topic = l->options.topic;

	diag_warn("%s[%" PRId32 "]: offsets %" PRId64 " to %" PRId64 " have expired: %" PRId64
	          " records are gone; reading goes on at %" PRId64,
	    topic, s->number, from, to - 1, to - from, to);
	if (gap == EPOCH_GAP_BEGAN)
		diag_warn("%s[%" PRId32 "]: an earlier run has published offsets up to %" PRId64
		          " in part: what is missing is made of those from %" PRId64 " on",
		    topic, s->number, until - 1, to);
	else if (gap == EPOCH_GAP_WHOLE)
		diag_warn("%s[%" PRId32 "]: an earlier run has published offsets up to %" PRId64
		          " in part: what is missing of them is gone",
		    topic, s->number, until - 1);
}

static int
on_gap(void *context, int32_t number, int64_t sequence, struct err *err)
{
	struct lake *l = context;
	struct lake_stream *s = lake_find_stream(l, number);
	int64_t from, until;

	(void)err;
	if (!s)
		return 0;
	from = s->epochs.open.next;
	until = s->epochs.rebuild_until;
	l->is_busy = true;
	say_gap(l, s, from, sequence, epochs_accept_gap(&s->epochs, sequence, clock_mono_ms()), until);
	return 0;
}

/* What lies between the last record and the end of the log is nobody's: transaction markers. */
static void
on_end(void *context, int32_t number, int64_t sequence)
{
	struct lake *l = context;
	struct lake_stream *s = lake_find_stream(l, number);
	struct err err = ERR_INIT;

	if (!s)
		return;
	l->is_busy = true; /* it may be due */
	if (!epochs_end_at(&s->epochs, sequence, clock_mono_ms(), &err))
		return;
	err_wrap(&err, "%s[%" PRId32 "]", l->options.topic ? l->options.topic : "stdin", number);
	/* a log that grows may only look shorter than it was, after its leader was replaced */
	if (l->options.is_bounded)
		l->end_failure = err;
	else
		diag_warn("%s", err.text);
}

/* Other members wait until all of the topic is committed. */
static void
on_ended(void *context, int32_t number)
{
	struct lake *l = context;
	struct lake_stream *s = lake_find_stream(l, number);

	if (!s)
		return;
	s->has_ended = true;
	l->is_busy = true;
}

struct source_events
lake_events(struct lake *l)
{
	return (struct source_events){ .context = l,
		.assigned = on_assigned,
		.revoked = on_revoked,
		.at_end = on_end,
		.gap = on_gap,
		.ended = on_ended };
}
