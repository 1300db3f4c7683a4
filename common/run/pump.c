/* SPDX-License-Identifier: MIT */
/*
 * A turn: read what is at hand while there is room, send what is ready, look at what is due, and
 * serve the loop, waiting there only where the source had nothing more.
 */
#include "run/pump.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "run/pump_state.h"

enum {
	READ_MAX = 1024,       /* records in a turn */
	SERVE_MS = 100,        /* between looks at a source that is not read */
	IDLE_MS = 1000,        /* ... that has nothing: source_fd */
	BLIND_MS = 20,         /* ... that has no descriptor */
	LETTERS_MS = 100,
	DRAINED_LETTERS_MS = 10, /* while nothing else is waited for */
	CONNECTIONS_MAX = 64, /* to one host, io/http.h */
	BODY_BYTES_MIN = 64 * 1024,
	BODY_SLACK_BYTES = 64 * 1024,
	PATH_BYTES_MAX = 64 * 1024,
	/* a buf that grows by doubling then ends at a power of two */
	BUF_OVERHEAD_BYTES = 256,
};

const struct opt pump_rows[] = {
	{ 0, "connections", "N", "have at most N requests in flight [8]", OPT_INT,
	    offsetof(struct pump_options, connections), 1, CONNECTIONS_MAX, NULL },
	{ 0, "batch-size", "N", "send at most N records in a request [the service's most]", OPT_INT,
	    offsetof(struct pump_options, batch_count), 1, 1000 * 1000, NULL },
	{ 0, "batch-bytes", "SIZE",
	    "send requests of at most this size [the service's most, within --memory]", OPT_SIZE,
	    offsetof(struct pump_options, batch_bytes), 1, 0, NULL },
	{ 0, "batch-window", "DURATION", "send a request that is not full after this time [500ms]",
	    OPT_DURATION, offsetof(struct pump_options, batch_window_ms), 0, 0, NULL },
	{ 0, "ahead", "N",
	    "read a partition at most N records past the first that is not settled [100000]",
	    OPT_INT, offsetof(struct pump_options, ahead), 1, 0, NULL },
	{ 0, "drain", "DURATION", "after a signal, how long to go on delivering what was read [30s]",
	    OPT_DURATION, offsetof(struct pump_options, drain_ms), 0, 0, NULL },
	{ 0, "patience", "DURATION", "end when the service took nothing for that long [5m]",
	    OPT_DURATION, offsetof(struct pump_options, patience_ms), 0, 0, NULL },
};
const size_t pump_row_count = sizeof(pump_rows) / sizeof(*pump_rows);

/* ---- failing ---- */

void
pump_fail(struct pump *p, const struct err *err)
{
	int64_t deadline_ms = clock_deadline(p->options.drain_ms);

	if (!p->has_failed)
		p->failure = *err;
	if (deadline_ms < p->deadline_ms)
		p->deadline_ms = deadline_ms;
	p->has_failed = true;
	p->is_reading = false;
	if (err->class != ERR_DATA)
		p->is_silent = true;
}

/* Neither deliveries nor commits make sense any more. */
static void
break_off(struct pump *p, const struct err *err)
{
	pump_fail(p, err);
	p->is_broken = true;
}

/* ---- dead letters ---- */

int64_t
pump_letters_open(const struct pump *p)
{
	return deadletter_count(p->letters) - p->letters_done;
}

bool
pump_is_choked(const struct pump *p)
{
	return pump_letters_open(p) >= PUMP_LETTERS_OPEN_MAX ||
	       deadletter_bytes(p->letters) - p->letters_bytes_done >= PUMP_LETTERS_BYTES_MAX;
}

int
pump_push_letters(struct pump *p, struct err *err)
{
	bool is_awaited = !p->is_reading || pump_is_choked(p);

	if (is_awaited && p->letters_ms > p->now_ms + DRAINED_LETTERS_MS)
		p->letters_ms = p->now_ms;
	if (!pump_letters_open(p) || p->now_ms < p->letters_ms)
		return 0;
	p->letters_ms = p->now_ms + (is_awaited ? DRAINED_LETTERS_MS : LETTERS_MS);
	return deadletter_push(p->letters, err);
}

static int
on_letter_done(void *context, struct position position, struct err *err)
{
	struct pump *p = context;

	p->letters_done++;
	if (!pump_letters_open(p))
		p->letters_bytes_done = deadletter_bytes(p->letters);
	return lanes_done(p->lanes, position, err);
}

struct sink_done
pump_letter_done(struct pump *p)
{
	return (struct sink_done){ .context = p, .done = on_letter_done };
}

/* ---- reading ---- */

static int
put_away(struct pump *p, const struct record *record, const struct err *why, struct err *err)
{
	return lanes_take(p->lanes, record->position, err) || pump_reject(p, record, why, err) ? -1
	                                                                                       : 0;
}

static int
filter(struct pump *p, const struct record *record, struct err *err)
{
	p->filtered++;
	return lanes_take(p->lanes, record->position, err) ||
		       lanes_done(p->lanes, record->position, err)
		   ? -1
		   : 0;
}

static int
stage(struct pump *p, const struct record *record, struct err *err)
{
	struct service *service = p->parts.service;
	struct service_staged staged = { .lane = 0 };

	switch (service->ops->stage(service, record, &staged, err)) {
	case SERVICE_SEND:
		return lanes_put(p->lanes, record, &staged, p->now_ms, err);
	case SERVICE_FILTERED:
		return filter(p, record, err);
	case SERVICE_REJECTED:
		return put_away(p, record, err, err);
	case SERVICE_FAILED:
		break;
	}
	return -1;
}

static int
take_record(struct pump *p, const struct record *record, bool is_rejected, struct err *err)
{
	struct pump_stream *s = pump_stream_of(p, record, err);

	if (!s)
		return -1;
	p->read++;
	p->bytes += (int64_t)record->value.len;
	if (is_rejected ? put_away(p, record, err, err) : stage(p, record, err))
		return -1;
	if (lanes_is_ahead(p->lanes, s->number))
		pump_hold(p, s);
	return 0;
}

static bool
may_read(const struct pump *p)
{
	return p->is_reading && lanes_has_room(p->lanes) && !pump_is_choked(p) &&
	       (!p->held_count || source_can_hold(p->source));
}

static void
end_source(struct pump *p, const struct err *err)
{
	/* what came before is still right: offsets that have expired, for one */
	if (err->class == ERR_DATA || err->class == ERR_DENIED)
		pump_fail(p, err);
	else
		break_off(p, err);
}

static int64_t
count_dropped(const struct pump *p)
{
	struct lanes_counts counts;

	lanes_counts(p->lanes, &counts);
	return counts.dropped;
}

void
pump_read_on(struct pump *p)
{
	if (!p->has_ended || p->parts.is_counted || p->is_stopping || p->has_failed ||
	    stop_requested() || count_dropped(p) == p->dropped_at_end)
		return;
	p->has_ended = false;
	p->is_reading = true;
}

static void
read_some(struct pump *p)
{
	struct record record;
	struct err err = ERR_INIT;

	p->is_idle = p->is_hasty = false;
	for (int i = 0; i < READ_MAX; i++) {
		enum source_status status;

		if (!may_read(p)) {
			p->is_idle = true;
			return;
		}
		status = source_next(p->source, 0, &record, &err);
		switch (status) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			if (take_record(p, &record, status == SOURCE_REJECT, &err))
				pump_fail(p, &err);
			break;
		case SOURCE_WAIT:
			p->is_idle = true;
			return;
		case SOURCE_END:
			p->has_ended = true;
			p->is_reading = false;
			p->dropped_at_end = count_dropped(p);
			return;
		case SOURCE_FAILED:
			end_source(p, &err);
			return;
		}
	}
	p->is_hasty = true;
}

/* A source that is not read is served, so that its group goes on. */
static void
serve_source(struct pump *p)
{
	struct err err = ERR_INIT;

	if (may_read(p) || p->is_broken || p->now_ms < p->serve_ms)
		return;
	p->serve_ms = p->now_ms + SERVE_MS;
	/* a source that has failed says so again */
	if (source_serve(p->source, &err) && !p->has_failed)
		end_source(p, &err);
}

/* ---- the loop ---- */

static void
on_source_ready(void *context, short revents)
{
	/* that the loop has turned is all */
	(void)context;
	(void)revents;
}

static void
look_for_stop(struct pump *p)
{
	int64_t deadline_ms;

	if (p->is_stopping || !stop_requested())
		return;
	p->is_stopping = true;
	p->is_reading = false;
	deadline_ms = clock_deadline(p->options.drain_ms);
	if (deadline_ms < p->deadline_ms)
		p->deadline_ms = deadline_ms;
}

void
pump_tell(struct pump *p)
{
	const struct pump_progress *progress = &p->parts.progress;
	struct pump_summary summary;

	if (p->now_ms < p->tell_ms)
		return;
	if (!progress->every_ms) {
		p->tell_ms = CLOCK_NEVER;
		return;
	}
	p->tell_ms = clock_deadline(progress->every_ms);
	pump_summary(p, &summary);
	progress->tell(progress->context, &summary);
}

/* What is due by the clock. */
static void
tick(struct pump *p)
{
	struct err err = ERR_INIT;

	pump_tell(p);
	if (p->is_broken)
		return;
	pump_see_silence(p);
	if (pump_push_letters(p, &err) ||
	    (p->now_ms >= p->commit_from_ms && p->settled != pump_settled(p) &&
		pump_commit(p, &err)))
		break_off(p, &err);
}

static bool
is_over(const struct pump *p)
{
	struct lanes_counts counts;

	if (p->is_broken)
		return true;
	if (p->is_reading)
		return false;
	if (p->now_ms >= p->deadline_ms)
		return true;
	lanes_counts(p->lanes, &counts);
	if (p->is_silent)
		return !p->out_count && !pump_letters_open(p);
	return !counts.waiting && !pump_letters_open(p);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_turn_ms(const struct pump *p)
{
	int64_t due_ms = earlier(earlier(p->due_ms, p->deadline_ms), p->tell_ms);

	due_ms = earlier(due_ms, pump_silence_end_ms(p));

	if (p->is_hasty)
		return 0;
	if (!may_read(p))
		due_ms = earlier(due_ms, p->serve_ms);
	else
		due_ms = earlier(due_ms, p->now_ms + (p->watch.is_set ? IDLE_MS : BLIND_MS));
	if (pump_letters_open(p))
		due_ms = earlier(due_ms, p->letters_ms);
	if (p->settled != pump_settled(p))
		due_ms = earlier(due_ms, p->commit_from_ms);
	return due_ms;
}

/* The source wakes the loop only while it is going to be read. */
static void
turn(struct pump *p)
{
	struct err err = ERR_INIT;

	if (!p->is_idle || !may_read(p) || p->watch.fd < 0)
		loop_unwatch(p->parts.loop, &p->watch);
	else if (loop_watch(p->parts.loop, &p->watch, &err))
		break_off(p, &err);
	(void)loop_turn(p->parts.loop, next_turn_ms(p));
}

static void
run(struct pump *p)
{
	for (;;) {
		p->now_ms = clock_mono_ms();
		look_for_stop(p);
		pump_release_held(p);
		read_some(p);
		serve_source(p);
		pump_send(p);
		tick(p);
		if (is_over(p))
			break;
		turn(p);
	}
	loop_unwatch(p->parts.loop, &p->watch);
}

/* ---- the end ---- */

static int64_t
count_open(const struct pump *p)
{
	struct pump_summary s;

	pump_summary(p, &s);
	return s.open;
}

/* What is durable is committed, whatever else is wrong. */
static int
finish(struct pump *p, struct err *err)
{
	int rc = 0;

	if (!p->is_broken)
		rc = pump_commit(p, err);
	if (p->has_failed) {
		if (rc)
			diag_warn("what precedes is not all committed: %s", err->text);
		*err = p->failure;
		return -1;
	}
	if (rc)
		return -1;
	if (count_open(p) || pump_letters_open(p))
		return err_set(err, ERR_STOPPED,
		    "stopped with %" PRId64 " records not delivered within --drain", count_open(p));
	if (p->has_ended && count_dropped(p) > p->dropped_at_end)
		return err_set(err, ERR_STOPPED,
		    "the group took away partitions with %" PRId64
		    " records that were read and not delivered",
		    count_dropped(p) - p->dropped_at_end);
	return 0;
}

int
pump_run(struct pump *p, struct source *source, struct deadletter *letters,
    enum job_input *ret_input, struct err *err)
{
	*ret_input = source_is_endless(source) ? JOB_INPUT_ENDLESS : JOB_INPUT_BOUNDED;
	p->source = source;
	p->letters = letters;
	p->is_reading = true;
	p->deadline_ms = CLOCK_NEVER;
	p->watch.fd = source_fd(source);
	run(p);
	if (p->has_ended)
		*ret_input = JOB_INPUT_ENDED;
	pump_cancel(p);
	return finish(p, err);
}

void
pump_summary(const struct pump *p, struct pump_summary *ret)
{
	struct lanes_counts counts;
	int64_t lag;

	lanes_counts(p->lanes, &counts);
	lag = p->source ? source_lag(p->source) : -1;
	*ret = (struct pump_summary){
		.read = p->read,
		.bytes = p->bytes,
		.delivered = counts.delivered,
		.filtered = p->filtered,
		.rejected = p->letters ? deadletter_count(p->letters) : 0,
		.requests = counts.requests,
		.retried = counts.retried,
		.lost = counts.dropped,
		.in_flight = (int64_t)counts.in_flight,
		.in_flight_max = (int64_t)counts.in_flight_max,
		.held_bytes = (int64_t)counts.bytes,
		.passed = p->source ? source_passed(p->source) : -1,
	};
	ret->open = ret->read - ret->delivered - ret->filtered - ret->rejected - ret->lost;
	ret->lag = lag < 0 ? -1 : lag + ret->open + (p->letters ? pump_letters_open(p) : 0);
}

void
pump_summary_add(struct pump_summary *to, const struct pump_summary *from)
{
	to->read += from->read;
	to->bytes += from->bytes;
	to->delivered += from->delivered;
	to->filtered += from->filtered;
	to->rejected += from->rejected;
	to->requests += from->requests;
	to->retried += from->retried;
	to->lost += from->lost;
	to->open += from->open;
	to->in_flight += from->in_flight;
	to->in_flight_max += from->in_flight_max;
	to->held_bytes += from->held_bytes;
	to->lag = to->lag < 0 || from->lag < 0 ? -1 : to->lag + from->lag;
	to->passed = to->passed < 0 || from->passed < 0 ? -1 : to->passed + from->passed;
}

void
pump_summary_rest(struct pump_summary *s)
{
	s->open = s->in_flight = s->in_flight_max = s->held_bytes = s->lag = 0;
}

/* ---- making ---- */

static size_t
bounded(int64_t wanted, size_t usual, size_t most)
{
	size_t value = wanted ? (size_t)wanted : usual;

	return value < most ? value : most;
}

static uint64_t
seed(void)
{
	uint64_t value;

	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = (uint64_t)clock_mono_us(); /* for jitter, which needs no more */
	return value;
}

/* Of an eighth of the memory, a request's. */
static size_t
eighth_bytes(const struct pump_options *o, size_t memory_bytes)
{
	size_t bytes = memory_bytes / 8 / (size_t)o->connections;

	return bytes < BODY_BYTES_MIN ? BODY_BYTES_MIN : bytes;
}

size_t
pump_reply_bytes(const struct pump_options *o, size_t memory_bytes)
{
	return eighth_bytes(o, memory_bytes);
}

static struct lanes *
make_lanes(struct pump *p, size_t memory_bytes, struct err *err)
{
	const struct pump_options *o = &p->options;
	const struct service *service = p->parts.service;
	size_t body_bytes = eighth_bytes(o, memory_bytes);
	struct lanes_options options = {
		.lane_count = (size_t)o->connections,
		.memory_bytes = memory_bytes / 8 * 3,
		.linger_ms = o->batch_window_ms,
		.ahead_max = o->ahead,
		.seed = seed(),
	};

	options.batch_count_max = bounded(o->batch_count, service->count_max, service->count_max);
	options.batch_bytes_max =
	    bounded(o->batch_bytes, body_bytes - BUF_OVERHEAD_BYTES, service->bytes_max);
	p->body_bytes_kept = 2 * options.batch_bytes_max; /* a buf may have doubled */
	return lanes_new(&options, err);
}

static int
make_flights(struct pump *p, struct err *err)
{
	p->flight_count = (size_t)p->options.connections;
	p->flights = calloc(p->flight_count, sizeof(*p->flights));
	if (!p->flights) {
		p->flight_count = 0;
		return err_no_memory(err);
	}
	for (size_t i = 0; i < p->flight_count; i++) {
		p->flights[i].pump = p;
		buf_init(&p->flights[i].request.path, PATH_BYTES_MAX);
		buf_init(&p->flights[i].request.body,
		    p->parts.service->bytes_max + BODY_SLACK_BYTES);
	}
	return 0;
}

struct pump *
pump_new(const struct pump_options *options, const struct pump_parts *parts, size_t memory_bytes,
    struct err *err)
{
	struct pump *p = calloc(1, sizeof(*p));

	if (!p) {
		err_no_memory(err);
		return NULL;
	}
	p->options = *options;
	p->parts = *parts;
	p->watch = (struct loop_watch){
		.fd = -1, .events = POLLIN, .ready = on_source_ready, .context = p
	};
	p->lanes = make_lanes(p, memory_bytes, err);
	if (!p->lanes || make_flights(p, err)) {
		pump_free(p);
		return NULL;
	}
	return p;
}

void
pump_free(struct pump *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->flight_count; i++) {
		buf_release(&p->flights[i].request.path);
		buf_release(&p->flights[i].request.body);
	}
	lanes_free(p->lanes);
	free(p->flights);
	free(p->verdicts);
	free(p->streams);
	free(p->points);
	free(p);
}
