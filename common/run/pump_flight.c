/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "io/http_retry.h"
#include "run/pump_state.h"

enum { HTTP_TOO_LARGE = 413 }; /* RFC 9110 15.5.14 */

/* ---- trouble: the service takes nothing ---- */

void
pump_end_trouble(struct pump *p)
{
	p->asked_ms = p->out_count ? p->now_ms : 0;
	p->is_trouble_said = false;
	p->trouble[0] = '\0';
}

static bool
is_same(struct position a, struct position b)
{
	return a.stream == b.stream && a.term == b.term && a.sequence == b.sequence;
}

/* One lane that stands still while others go on. What must be sent again is at its head. */
static void
see_stuck(struct pump *p, const struct lane *lane, const char *text)
{
	struct pump_flight *f = &p->flights[lane_number(lane)];
	const struct service_item *const *items;
	char place[RECORD_PLACE_BYTES];
	int64_t since_ms;

	if (!lane_items(lane, &items))
		return;
	if (!f->stuck_ms || !is_same(f->stuck, items[0]->record.position)) {
		f->stuck = items[0]->record.position;
		f->stuck_ms = p->now_ms;
		f->is_stuck_said = false;
	}
	since_ms = p->now_ms - f->stuck_ms;
	if (since_ms < p->options.trouble_ms || f->is_stuck_said || p->is_trouble_said)
		return;
	f->is_stuck_said = true;
	record_place(&items[0]->record, place);
	diag_warn("%s: %s; not taken for %" PRId64 " s, what comes behind it waits", place, text,
	    since_ms / 1000);
}

static void
see_patience(struct pump *p, const char *text)
{
	char patience[OPT_VALUE_BYTES];
	struct err err;

	if (p->now_ms - p->asked_ms < p->options.patience_ms)
		return;
	opt_format_duration(p->options.patience_ms, patience);
	err_set(&err, ERR_UNAVAILABLE, "%s (nothing was taken for longer than --patience %s)", text,
	    patience);
	pump_fail(p, &err);
}

static void
see_trouble(struct pump *p, const char *text)
{
	int64_t untaken_ms;

	diag_detail("%s; once more", text);
	(void)snprintf(p->trouble, sizeof(p->trouble), "%.*s", SERVICE_REASON_BYTES - 1, text);
	if (!p->asked_ms)
		p->asked_ms = p->now_ms; /* of a stream that has gone since */
	untaken_ms = p->now_ms - p->asked_ms;
	if (untaken_ms >= p->options.trouble_ms && !p->is_trouble_said) {
		p->is_trouble_said = true;
		diag_warn("%s; nothing was taken for %" PRId64 " s, trying on", text,
		    untaken_ms / 1000);
	}
	see_patience(p, text);
}

int64_t
pump_silence_end_ms(const struct pump *p)
{
	int64_t patience_ms = p->options.patience_ms;

	if (!p->asked_ms || !p->out_count || p->is_silent || !patience_ms ||
	    patience_ms >= CLOCK_NEVER - p->asked_ms)
		return CLOCK_NEVER;
	return p->asked_ms + patience_ms;
}

void
pump_see_silence(struct pump *p)
{
	if (p->now_ms >= pump_silence_end_ms(p))
		see_patience(p, *p->trouble ? p->trouble : "no answer");
}

/* ---- fates ---- */

int
pump_reject(struct pump *p, const struct record *record, const struct err *why, struct err *err)
{
	return deadletter_put(p->letters, record, why, err);
}

static int
on_refused(void *context, const struct service_item *item, const char *reason, struct err *err)
{
	struct pump *p = context;
	struct err why;

	(void)record_reject(&item->record, -1, reason, &why);
	return pump_reject(p, &item->record, &why, err);
}

static bool
is_again(const struct service_verdict *verdict)
{
	return verdict->fate == SERVICE_RETRY || verdict->fate == SERVICE_THROTTLED;
}

/* Why the first that is sent again was not taken; NULL where all has its fate. */
static const char *
why_again(const struct service_verdict *verdicts, size_t count, size_t *ret_again)
{
	const char *reason = NULL;

	*ret_again = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_again(&verdicts[i]))
			continue;
		(*ret_again)++;
		reason = reason ? reason : verdicts[i].reason;
	}
	return reason;
}

static void
settle(struct pump *p, struct lane *lane, size_t count)
{
	struct lanes_events events = { .context = p, .refused = on_refused };
	size_t again;
	const char *reason = why_again(p->verdicts, count, &again);
	struct err err = ERR_INIT;

	if (lane_settle(lane, p->verdicts, p->now_ms, &events, &err))
		pump_fail(p, &err);
	if (again == count)
		see_trouble(p, reason);
	else
		pump_end_trouble(p);
	if (reason)
		see_stuck(p, lane, reason);
}

static int64_t
retry_after_ms(const struct service_reply *reply)
{
	const char *value =
	    reply->header ? reply->header(reply->header_context, "Retry-After") : NULL;
	int64_t ms = value ? http_retry_after_ms(slice_of(value), clock_wall_ms()) : 0;

	if (ms > HTTP_RETRY_AFTER_MS_MAX)
		return HTTP_RETRY_AFTER_MS_MAX;
	return ms > 0 ? ms : 0;
}

/* A request of one record that is too large is a refusal. */
static void
split(struct pump *p, struct lane *lane, bool is_too_large, const struct err *why)
{
	if (lane_split(lane, is_too_large))
		return;
	p->verdicts[0].fate = SERVICE_REFUSED;
	(void)snprintf(p->verdicts[0].reason, sizeof(p->verdicts[0].reason), "%.*s",
	    SERVICE_REASON_BYTES - 1,
	    why->class == ERR_NONE ? "too large for the service" : why->text);
	settle(p, lane, 1);
}

static int
make_verdicts_room(struct pump *p, size_t count, struct err *err)
{
	struct service_verdict *verdicts;

	if (count <= p->verdict_count)
		return 0;
	verdicts = reallocarray(p->verdicts, count, sizeof(*verdicts));
	if (!verdicts)
		return err_no_memory(err);
	p->verdicts = verdicts;
	p->verdict_count = count;
	return 0;
}

/* Nothing of it was taken: all of it again. */
static void
repeat(struct pump *p, struct lane *lane, bool is_throttled, int64_t after_ms, const char *why)
{
	lane_again(lane, is_throttled, after_ms, p->now_ms);
	see_trouble(p, why);
	see_stuck(p, lane, why);
}

static void
judge(struct pump *p, struct lane *lane, const struct service_reply *reply)
{
	struct service *service = p->parts.service;
	const struct service_item *const *items;
	size_t count = lane_in_flight(lane, &items);
	struct err err = ERR_INIT;

	if (make_verdicts_room(p, count, &err)) {
		lane_again(lane, false, 0, p->now_ms);
		pump_fail(p, &err);
		return;
	}
	switch (service->ops->verdicts(service, items, count, reply, p->verdicts, &err)) {
	case SERVICE_JUDGED:
		settle(p, lane, count);
		break;
	case SERVICE_AGAIN:
		repeat(p, lane, false, retry_after_ms(reply), err.text);
		break;
	case SERVICE_SLOWER:
		repeat(p, lane, true, retry_after_ms(reply), err.text);
		break;
	case SERVICE_SPLIT:
		split(p, lane, reply->status == HTTP_TOO_LARGE, &err);
		break;
	case SERVICE_STOP:
		lane_again(lane, false, 0, p->now_ms);
		pump_fail(p, &err);
		break;
	}
}

/* ---- requests ---- */

static void
no_answer(struct pump *p, struct lane *lane, const struct err *err)
{
	if (err->class == ERR_UNAVAILABLE) {
		repeat(p, lane, false, 0, err->text);
		return;
	}
	lane_again(lane, false, 0, p->now_ms);
	pump_fail(p, err);
}

static void
land(struct pump_flight *f)
{
	f->is_out = false;
	f->call = NULL;
	f->pump->out_count--;
	if (f->request.body.capacity > f->pump->body_bytes_kept)
		buf_release(&f->request.body);
}

static void
on_replied(void *context, const struct service_reply *reply, const struct err *err)
{
	struct pump_flight *f = context;
	struct pump *p = f->pump;

	p->now_ms = clock_mono_ms();
	land(f);
	if (err->class != ERR_NONE)
		no_answer(p, f->lane, err);
	else
		judge(p, f->lane, reply);
}

static int
make_request(struct pump_flight *f, size_t *ret_count, struct err *err)
{
	struct service *service = f->pump->parts.service;
	const struct service_item *const *items;
	size_t count = lane_items(f->lane, &items), bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += items[i]->bytes;
	buf_clear(&f->request.path);
	buf_clear(&f->request.body);
	f->request.method = NULL;
	f->request.header_count = 0;
	if (bytes > f->request.body.len_max)
		bytes = f->request.body.len_max;
	return buf_reserve(&f->request.body, bytes, err) ||
		       service->ops->request(service, items, count, &f->request, ret_count, err)
		   ? -1
		   : 0;
}

/* True where that was so: what the lane has to send now is another question then. */
static bool
refuse_expired(struct pump *p, struct lane *lane)
{
	struct service *service = p->parts.service;
	struct lanes_events events = { .context = p, .refused = on_refused };
	const struct service_item *const *items;
	size_t count = lane_items(lane, &items), expired = 0;
	char reason[SERVICE_REASON_BYTES];
	struct err err = ERR_INIT;

	if (!service->ops->expired)
		return false;
	if (service->ops->expired(service, items, count, &expired, reason, &err)) {
		pump_fail(p, &err);
		p->is_silent = true;
		return true;
	}
	if (expired && lane_refuse(lane, expired, reason, &events, &err))
		pump_fail(p, &err);
	return expired > 0;
}

static void
send_lane(struct pump *p, struct lane *lane)
{
	struct pump_flight *f = &p->flights[lane_number(lane)];
	struct carrier *carrier = p->parts.carrier;
	struct err err = ERR_INIT;
	size_t count;

	f->lane = lane;
	if (refuse_expired(p, lane))
		return;
	if (make_request(f, &count, &err)) {
		pump_fail(p, &err);
		p->is_silent = true;
		return;
	}
	lane_sent(lane, count);
	if (!p->asked_ms)
		p->asked_ms = p->now_ms;
	f->is_out = true;
	p->out_count++;
	if (!carrier->ops->start(carrier, &f->request, on_replied, f, &f->call, &err))
		return;
	land(f);
	no_answer(p, lane, &err);
}

void
pump_send(struct pump *p)
{
	/* where all that may be read waits for its frontier, no batch gets fuller by waiting */
	bool is_urgent = !p->is_reading || (p->held_count && p->is_idle);
	struct lane *lane;

	p->due_ms = CLOCK_NEVER;
	while (!p->is_silent && !pump_is_choked(p) &&
	       (lane = lanes_next(p->lanes, p->now_ms, is_urgent, &p->due_ms)))
		send_lane(p, lane);
}

void
pump_cancel(struct pump *p)
{
	for (size_t i = 0; i < p->flight_count; i++) {
		struct pump_flight *f = &p->flights[i];

		if (!f->is_out)
			continue;
		p->parts.carrier->ops->cancel(p->parts.carrier, f->call);
		land(f);
		lane_again(f->lane, false, 0, p->now_ms);
	}
}
