/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "run/pump_state.h"

enum {
	COMMIT_MS = 1000, /* at least between two commits in running */
};

/*
 * How long what is in flight is awaited when partitions are taken away: the others of the group wait
 * with it. Who has not given back its partitions, and joined again, within max.poll.interval.ms of the
 * others' wish is thrown out (KIP-62), and its commit refused. The wish comes with a heartbeat, some
 * of that time later, and the commit takes some: so two fifths.
 */
static int64_t
revoke_ms(const struct pump_options *o)
{
	int64_t ms = o->poll_ms_max / 5 * 2;

	return o->drain_ms < ms ? o->drain_ms : ms;
}

/* ---- streams ---- */

static int
grow_streams(struct pump *p, struct err *err)
{
	size_t capacity = p->stream_capacity ? 2 * p->stream_capacity : 16;
	struct commit_point *points = reallocarray(p->points, capacity, sizeof(*points));
	struct pump_stream *streams;

	if (!points)
		return err_no_memory(err);
	p->points = points;
	streams = reallocarray(p->streams, capacity, sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	p->streams = streams;
	p->stream_capacity = capacity;
	return 0;
}

static struct pump_stream *
find_stream(struct pump *p, int32_t number)
{
	if (p->stream_recent < p->stream_count && p->streams[p->stream_recent].number == number)
		return &p->streams[p->stream_recent];
	for (size_t i = 0; i < p->stream_count; i++) {
		if (p->streams[i].number == number) {
			p->stream_recent = i;
			return &p->streams[i];
		}
	}
	return NULL;
}

static void
remove_stream(struct pump *p, int32_t number)
{
	struct pump_stream *s = find_stream(p, number);

	if (!s)
		return;
	p->held_count -= s->is_held;
	*s = p->streams[--p->stream_count];
}

static struct pump_stream *
add_stream(struct pump *p, int32_t number, uint32_t term, int64_t sequence, struct err *err)
{
	if (p->stream_count == p->stream_capacity && grow_streams(p, err))
		return NULL;
	if (lanes_assign(p->lanes, number, term, sequence, err))
		return NULL;
	p->streams[p->stream_count] =
	    (struct pump_stream){ .number = number, .committed = sequence };
	return &p->streams[p->stream_count++];
}

struct pump_stream *
pump_stream_of(struct pump *p, const struct record *record, struct err *err)
{
	const struct position *at = &record->position;
	struct pump_stream *s = find_stream(p, at->stream);

	return s ? s : add_stream(p, at->stream, at->term, at->sequence, err);
}

/* ---- ahead ---- */

void
pump_hold(struct pump *p, struct pump_stream *s)
{
	if (s->is_held)
		return;
	s->is_held = true;
	p->held_count++;
	source_hold(p->source, s->number, true);
}

void
pump_release_held(struct pump *p)
{
	for (size_t i = 0; p->held_count && i < p->stream_count; i++) {
		struct pump_stream *s = &p->streams[i];

		if (!s->is_held || lanes_is_ahead(p->lanes, s->number))
			continue;
		s->is_held = false;
		p->held_count--;
		source_hold(p->source, s->number, false);
	}
}

/* ---- commits ---- */

int64_t
pump_settled(const struct pump *p)
{
	struct lanes_counts counts;

	lanes_counts(p->lanes, &counts);
	return counts.delivered + p->filtered + p->letters_done;
}

int
pump_commit(struct pump *p, struct err *err)
{
	const struct frontier *frontier = lanes_frontier(p->lanes);
	size_t count = 0;

	p->settled = pump_settled(p);
	p->commit_from_ms = clock_deadline(COMMIT_MS);
	for (size_t i = 0; i < p->stream_count; i++) {
		struct pump_stream *s = &p->streams[i];
		int64_t sequence = frontier_get(frontier, s->number);

		if (sequence <= s->committed)
			continue;
		p->points[count++] =
		    (struct commit_point){ .stream = s->number, .sequence = sequence };
		s->committed = sequence; /* a commit that fails is the end */
	}
	return count ? source_commit(p->source, p->points, count, err) : 0;
}

/* ---- what the source tells ---- */

static int
on_assigned(void *context, int32_t number, uint32_t term, int64_t sequence, const char *metadata,
    struct err *err)
{
	struct pump *p = context;

	(void)metadata;
	remove_stream(p, number);
	return add_stream(p, number, term, sequence, err) ? 0 : -1;
}

/* What is in flight is waited for, the rest is left to the next owner. Runs inside source_next: the
 * loop may be turned, and nothing is sent. */
static int
hand_over(struct pump *p, struct err *err)
{
	int64_t deadline_ms = clock_deadline(revoke_ms(&p->options));

	if (p->deadline_ms < deadline_ms)
		deadline_ms = p->deadline_ms;
	/* the source is not read here: its descriptor would only wake the loop */
	loop_unwatch(p->parts.loop, &p->watch);
	while ((p->out_count || pump_letters_open(p)) && !p->is_broken) {
		p->now_ms = clock_mono_ms();
		pump_tell(p);
		if (p->now_ms >= deadline_ms)
			break;
		if (pump_push_letters(p, err))
			return -1;
		(void)loop_turn(p->parts.loop, pump_letters_open(p) && p->letters_ms < deadline_ms
						   ? p->letters_ms
						   : deadline_ms);
	}
	return p->is_broken ? 0 : pump_commit(p, err);
}

static int
on_revoked(void *context, const int32_t *numbers, size_t count, bool is_lost, struct err *err)
{
	struct pump *p = context;
	struct lanes_counts counts;

	if (!is_lost && hand_over(p, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		lanes_revoke(p->lanes, numbers[i]);
		remove_stream(p, numbers[i]);
	}
	lanes_counts(p->lanes, &counts);
	if (!counts.waiting)
		pump_end_trouble(p);
	pump_read_on(p);
	return 0;
}

/* What lies between the last record and the end of the log is nobody's: transaction markers. */
static void
on_end(void *context, int32_t number, int64_t sequence)
{
	struct pump *p = context;

	lanes_skip_to(p->lanes, number, sequence);
	p->settled = -1; /* there may be something to commit, though no record was settled */
}

struct source_events
pump_events(struct pump *p)
{
	return (struct source_events){
		.context = p, .assigned = on_assigned, .revoked = on_revoked, .at_end = on_end
	};
}
