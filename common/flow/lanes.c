/* SPDX-License-Identifier: MIT */
/*
 * A lane is a queue of pointers to copies; the first of them may be in flight. Copies lie in slabs
 * of the lane's own: what a stuck lane keeps pins no memory that the others would have freed.
 */
#include "flow/lanes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "flow/copies.h"
#include "flow/pace.h"
#include "flow/streams.h"

enum { SLAB_BYTES_MIN = 4 * 1024, SLAB_BYTES_MAX = 64 * 1024 };

struct lane {
	struct lanes *lanes;
	struct slab *open;
	struct service_item **queue; /* [begin], ... in order */
	size_t begin;
	size_t count;
	size_t capacity;
	size_t in_flight; /* the first of them */
	size_t bytes;     /* of all, as staged */
	unsigned failures; /* requests in a row that settled nothing */
	int64_t not_before_ms;
	int64_t request; /* pace's number */
	size_t split_max;  /* records in a request, while ... */
	size_t split_left; /* ... so many of the first are not through */
};

struct lanes {
	struct lanes_options options;
	struct streams streams;
	struct slabs slabs;
	struct pace pace;
	struct lane *lanes;
	size_t turn; /* the lane to look at first */
	struct lanes_counts counts;
};

/* ---- a lane's queue ---- */

static int
make_queue_room(struct lane *lane, struct err *err)
{
	size_t capacity = lane->capacity ? 2 * lane->capacity : 64;
	struct service_item **queue;

	if (lane->begin + lane->count < lane->capacity)
		return 0;
	if (lane->begin > lane->capacity / 2) {
		memmove(lane->queue, lane->queue + lane->begin, lane->count * sizeof(*lane->queue));
		lane->begin = 0;
		return 0;
	}
	queue = reallocarray(lane->queue, capacity, sizeof(*queue));
	if (!queue)
		return err_no_memory(err);
	lane->queue = queue;
	lane->capacity = capacity;
	return 0;
}

/* Forgets the copy in this place; squeeze_head or squeeze_tail closes the gap. */
static void
drop(struct lane *lane, size_t index)
{
	struct service_item **at = &lane->queue[lane->begin + index];

	lane->bytes -= (*at)->bytes;
	lane->lanes->counts.waiting--;
	copies_drop(&lane->lanes->slabs, lane->open, *at);
	*at = NULL;
}

/* Closes the gaps among the first `count`. */
static void
squeeze_head(struct lane *lane, size_t count)
{
	struct service_item **first = lane->queue + lane->begin;
	size_t to = count;

	for (size_t from = count; from-- > 0;) {
		if (first[from])
			first[--to] = first[from];
	}
	lane->begin += to;
	lane->count -= to;
	lane->split_left -= lane->split_left < to ? lane->split_left : to;
	if (!lane->count)
		lane->begin = 0;
}

/* Closes the gaps behind the first `count`. */
static void
squeeze_tail(struct lane *lane, size_t count)
{
	struct service_item **first = lane->queue + lane->begin;
	size_t to = count;

	for (size_t from = count; from < lane->count; from++) {
		if (first[from])
			first[to++] = first[from];
	}
	lane->count = to;
	if (lane->split_left > to)
		lane->split_left = to;
}

/* ---- streams ---- */

int
lanes_assign(struct lanes *l, int32_t number, uint32_t term, int64_t sequence, struct err *err)
{
	lanes_revoke(l, number);
	return streams_assign(&l->streams, number, term, sequence, err);
}

static void
drop_stream(struct lane *lane, int32_t number)
{
	struct lanes *l = lane->lanes;

	for (size_t at = 0; at < lane->count; at++) {
		struct position p = lane->queue[lane->begin + at]->record.position;

		if (p.stream != number || !streams_is_present(&l->streams, p))
			continue;
		l->counts.dropped++;
		if (at >= lane->in_flight)
			drop(lane, at);
	}
	if (lane->count)
		squeeze_tail(lane, lane->in_flight);
}

void
lanes_revoke(struct lanes *l, int32_t number)
{
	for (size_t i = 0; i < l->options.lane_count; i++)
		drop_stream(&l->lanes[i], number);
	streams_revoke(&l->streams, number);
}

/* What does not wait to be sent any more goes; what is in flight has yet to come back. */
static void
drop_stopped(struct lane *lane)
{
	for (size_t at = lane->in_flight; at < lane->count; at++) {
		if (streams_is_stopped(
			&lane->lanes->streams, lane->queue[lane->begin + at]->record.position))
			drop(lane, at);
	}
	if (lane->count)
		squeeze_tail(lane, lane->in_flight);
}

static void
stop_stream(struct lanes *l, struct position position)
{
	streams_stop(&l->streams, position);
	for (size_t i = 0; i < l->options.lane_count; i++)
		drop_stopped(&l->lanes[i]);
}

void
lanes_skip_to(struct lanes *l, int32_t number, int64_t sequence)
{
	streams_skip_to(&l->streams, number, sequence);
}

bool
lanes_is_ahead(const struct lanes *l, int32_t number)
{
	return streams_ahead(&l->streams, number) >= l->options.ahead_max;
}

/* ---- in ---- */

bool
lanes_has_room(const struct lanes *l)
{
	return !l->slabs.held || l->slabs.held < l->options.memory_bytes;
}

int
lanes_put(struct lanes *l, const struct record *record, const struct service_staged *staged,
    int64_t now_ms, struct err *err)
{
	struct lane *lane = &l->lanes[staged->lane % l->options.lane_count];
	struct service_item *item;

	l->counts.read++;
	if (!streams_is_present(&l->streams, record->position)) {
		l->counts.dropped++;
		return 0;
	}
	if (streams_is_stopped(&l->streams, record->position))
		return streams_take(&l->streams, record->position, err);
	if (make_queue_room(lane, err) || streams_take(&l->streams, record->position, err))
		return -1;
	item = copies_put(&l->slabs, &lane->open, record, staged, err);
	if (!item)
		return -1;
	item->staged_mono_ms = now_ms;
	lane->queue[lane->begin + lane->count++] = item;
	lane->bytes += staged->bytes;
	l->counts.waiting++;
	return 0;
}

int
lanes_take(struct lanes *l, struct position position, struct err *err)
{
	l->counts.read++;
	return streams_take(&l->streams, position, err);
}

int
lanes_done(struct lanes *l, struct position position, struct err *err)
{
	return frontier_done(l->streams.frontier, position, err);
}

/* ---- out ---- */

static bool
is_full(const struct lane *lane)
{
	const struct lanes *l = lane->lanes;

	return lane->count >= pace_batch(&l->pace) || lane->bytes >= l->options.batch_bytes_max ||
	    lane->split_left || lane->failures;
}

/* When it may send; it has something and nothing in flight. */
static int64_t
due_ms(const struct lane *lane, bool is_urgent)
{
	int64_t staged_ms = lane->queue[lane->begin]->staged_mono_ms;
	int64_t linger_ms = lane->lanes->options.linger_ms, due;

	if (is_urgent || is_full(lane))
		return lane->not_before_ms;
	due = linger_ms < CLOCK_NEVER - staged_ms ? staged_ms + linger_ms : CLOCK_NEVER;
	return due > lane->not_before_ms ? due : lane->not_before_ms;
}

struct lane *
lanes_next(struct lanes *l, int64_t now_ms, bool is_draining, int64_t *ret_due_ms)
{
	bool is_urgent = is_draining || !lanes_has_room(l);
	size_t count = l->options.lane_count;

	*ret_due_ms = CLOCK_NEVER;
	if (l->counts.in_flight >= pace_connections(&l->pace))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t index = (l->turn + i) % count;
		struct lane *lane = &l->lanes[index];
		int64_t due;

		if (lane->in_flight || !lane->count)
			continue;
		due = due_ms(lane, is_urgent);
		if (due <= now_ms) {
			l->turn = index + 1;
			return lane;
		}
		if (due < *ret_due_ms)
			*ret_due_ms = due;
	}
	return NULL;
}

size_t
lane_number(const struct lane *lane)
{
	return (size_t)(lane - lane->lanes->lanes);
}

static const struct service_item *const *
first_items(const struct lane *lane)
{
	return (const struct service_item *const *)(lane->queue + lane->begin);
}

size_t
lane_items(const struct lane *lane, const struct service_item *const **ret_items)
{
	size_t max = pace_batch(&lane->lanes->pace), bytes = 0, count = 0;

	if (lane->split_left && lane->split_max < max)
		max = lane->split_max;
	if (lane->count < max)
		max = lane->count;
	*ret_items = first_items(lane);
	while (count < max) {
		bytes += (*ret_items)[count]->bytes;
		if (count && bytes > lane->lanes->options.batch_bytes_max)
			break;
		count++;
	}
	return count;
}

size_t
lane_in_flight(const struct lane *lane, const struct service_item *const **ret_items)
{
	*ret_items = first_items(lane);
	return lane->in_flight;
}

void
lane_sent(struct lane *lane, size_t count)
{
	struct lanes *l = lane->lanes;

	assert(!lane->in_flight && count && count <= lane->count);
	lane->in_flight = count;
	lane->request = pace_send(&l->pace);
	l->counts.requests++;
	l->counts.in_flight++;
	for (size_t i = 0; i < count; i++)
		l->counts.retried += lane->queue[lane->begin + i]->attempts > 0;
}

/* ---- fates ---- */

/* What is left of those that were in flight stays at the head. */
static void
land(struct lane *lane)
{
	squeeze_head(lane, lane->in_flight);
	lane->in_flight = 0;
	lane->lanes->counts.in_flight--;
}

static void
back_off(struct lane *lane, bool is_throttled, int64_t retry_after_ms, int64_t now_ms)
{
	struct pace *pace = &lane->lanes->pace;

	if (is_throttled)
		pace_throttled(pace, lane->request);
	lane->failures++;
	lane->not_before_ms =
	    now_ms + pace_delay_ms(pace, lane->failures, is_throttled, retry_after_ms);
}

/* What a settled request was made of. */
struct tally {
	bool has_settled;
	bool has_retries;
	bool is_throttled;
};

/* To be sent again: not where its stream was revoked (it was counted then) or ended before it. */
static bool
may_come_back(struct lanes *l, struct position position)
{
	return streams_is_present(&l->streams, position) &&
	       !streams_is_stopped(&l->streams, position);
}

static int
settle_one(struct lane *lane, size_t index, const struct service_verdict *verdict,
    const struct lanes_events *events, struct tally *tally, struct err *err)
{
	struct lanes *l = lane->lanes;
	struct service_item *item = lane->queue[lane->begin + index];
	struct position position = item->record.position;
	int rc = 0;

	tally->is_throttled |= verdict->fate == SERVICE_THROTTLED;
	if (!may_come_back(l, position) &&
	    (verdict->fate != SERVICE_DONE || !streams_is_present(&l->streams, position))) {
		drop(lane, index);
		return 0;
	}
	switch (verdict->fate) {
	case SERVICE_RETRY:
	case SERVICE_THROTTLED:
		tally->has_retries = true;
		item->attempts++;
		item->retries += verdict->fate == SERVICE_RETRY;
		return 0;
	case SERVICE_DONE:
		l->counts.delivered++;
		rc = frontier_done(l->streams.frontier, position, err);
		break;
	case SERVICE_REFUSED:
		rc = events->refused(events->context, item, verdict->reason, err);
		if (rc)
			stop_stream(l, position);
		break;
	}
	tally->has_settled = true;
	drop(lane, index);
	return rc;
}

int
lane_settle(struct lane *lane, const struct service_verdict *verdicts, int64_t now_ms,
    const struct lanes_events *events, struct err *err)
{
	struct tally tally = { false, false, false };
	struct err later = ERR_INIT;
	int rc = 0;

	for (size_t i = 0; i < lane->in_flight; i++) {
		if (settle_one(lane, i, &verdicts[i], events, &tally, rc ? &later : err))
			rc = -1;
	}
	land(lane);
	if (tally.has_settled)
		lane->failures = 0;
	lane->not_before_ms = now_ms;
	if (tally.has_retries || tally.is_throttled)
		back_off(lane, tally.is_throttled, 0, now_ms);
	else
		pace_succeeded(&lane->lanes->pace);
	if (!lane->count)
		lane->failures = 0;
	return rc;
}

int
lane_refuse(struct lane *lane, size_t count, const char *reason,
    const struct lanes_events *events, struct err *err)
{
	struct service_verdict verdict = { .fate = SERVICE_REFUSED };
	struct tally tally = { false, false, false };
	struct err later = ERR_INIT;
	int rc = 0;

	assert(!lane->in_flight && count <= lane->count);
	(void)snprintf(verdict.reason, sizeof(verdict.reason), "%s", reason);
	lane->in_flight = count; /* a refusal that fails leaves these to this loop */
	for (size_t i = 0; i < count; i++) {
		if (settle_one(lane, i, &verdict, events, &tally, rc ? &later : err))
			rc = -1;
	}
	lane->in_flight = 0;
	squeeze_head(lane, count);
	if (!lane->count)
		lane->failures = 0;
	return rc;
}

/* Drops those in flight that do not come back; the others are to be sent again. */
static void
take_back(struct lane *lane)
{
	for (size_t i = 0; i < lane->in_flight; i++) {
		struct service_item *item = lane->queue[lane->begin + i];

		if (may_come_back(lane->lanes, item->record.position))
			item->attempts++;
		else
			drop(lane, i);
	}
	land(lane);
}

void
lane_again(struct lane *lane, bool is_throttled, int64_t retry_after_ms, int64_t now_ms)
{
	take_back(lane);
	back_off(lane, is_throttled, retry_after_ms, now_ms);
}

/* What was too large as a whole will be so again: no request of any lane gets there from here
 * on. */
static void
learn_bytes_max(struct lane *lane)
{
	struct lanes_options *options = &lane->lanes->options;
	size_t bytes = 0;

	for (size_t i = 0; i < lane->in_flight; i++)
		bytes += lane->queue[lane->begin + i]->bytes;
	if (bytes > 1 && bytes / 2 < options->batch_bytes_max)
		options->batch_bytes_max = bytes / 2;
}

bool
lane_split(struct lane *lane, bool is_too_large)
{
	size_t count = lane->in_flight;

	if (count == 1)
		return false;
	if (is_too_large)
		learn_bytes_max(lane);
	lane->split_max = count / 2;
	if (lane->split_left < count)
		lane->split_left = count;
	take_back(lane);
	return true;
}

/* ---- what may be committed ---- */

const struct frontier *
lanes_frontier(const struct lanes *l)
{
	return l->streams.frontier;
}

void
lanes_counts(const struct lanes *l, struct lanes_counts *ret)
{
	*ret = l->counts;
	ret->bytes = l->slabs.held;
	ret->in_flight_max = pace_connections(&l->pace);
}

/* ---- making ---- */

static size_t
slab_bytes(const struct lanes_options *o)
{
	size_t bytes = o->memory_bytes / o->lane_count / 4;

	bytes = bytes < SLAB_BYTES_MIN ? SLAB_BYTES_MIN : bytes;
	return bytes > SLAB_BYTES_MAX ? SLAB_BYTES_MAX : bytes;
}

struct lanes *
lanes_new(const struct lanes_options *options, struct err *err)
{
	struct lanes *l = calloc(1, sizeof(*l));

	assert(options->lane_count && options->batch_count_max && options->ahead_max > 0);
	if (!l) {
		err_no_memory(err);
		return NULL;
	}
	l->options = *options;
	l->slabs.slab_bytes = slab_bytes(options);
	l->pace = (struct pace){ .connections_max = options->lane_count,
		.batch_max = options->batch_count_max, .random = options->seed };
	pace_start(&l->pace);
	l->lanes = calloc(options->lane_count, sizeof(*l->lanes));
	if (!l->lanes)
		err_no_memory(err);
	if (!l->lanes || streams_init(&l->streams, err)) {
		lanes_free(l);
		return NULL;
	}
	for (size_t i = 0; i < options->lane_count; i++)
		l->lanes[i].lanes = l;
	return l;
}

static void
release_lane(struct lane *lane)
{
	for (size_t i = 0; i < lane->count; i++)
		drop(lane, i);
	slabs_close(&lane->lanes->slabs, &lane->open);
	free(lane->queue);
}

void
lanes_free(struct lanes *l)
{
	if (!l)
		return;
	for (size_t i = 0; l->lanes && i < l->options.lane_count; i++) {
		if (l->lanes[i].lanes)
			release_lane(&l->lanes[i]);
	}
	slabs_release(&l->slabs);
	streams_release(&l->streams);
	free(l->lanes);
	free(l);
}
