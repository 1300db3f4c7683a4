/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "io/http_retry.h"
#include "run/pump_state.h"

/* What a service tells at once, and again soon, is nobody's business. */
enum { TROUBLE_SAID_MS = 5000 };

enum { HTTP_TOO_LARGE = 413 }; /* RFC 9110 15.5.14 */

/* ---- trouble: the service takes nothing ---- */

static void
end_trouble(struct pump *p)
{
	p->asked_ms = p->out_count ? p->now_ms : 0;
	p->is_trouble_said = false;
}

static void
see_patience(struct pump *p, const char *text)
{
	int64_t untaken_ms = p->now_ms - p->asked_ms;
	struct err err;

	if (untaken_ms < p->options.patience_ms)
		return;
	err_set(&err, ERR_UNAVAILABLE, "%s (nothing was taken for %" PRId64 " s: --patience)", text,
	    untaken_ms / 1000);
	pump_fail(p, &err);
}

static void
see_trouble(struct pump *p, const char *text)
{
	int64_t untaken_ms;

	diag_detail("%s; once more", text);
	if (!p->asked_ms)
		p->asked_ms = p->now_ms; /* of a stream that has gone since */
	untaken_ms = p->now_ms - p->asked_ms;
	if (untaken_ms >= TROUBLE_SAID_MS && !p->is_trouble_said) {
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
		see_patience(p, "no answer");
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

/* Why nothing of it was taken; NULL where something was. */
static const char *
why_untaken(const struct service_verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (verdicts[i].fate != SERVICE_RETRY && verdicts[i].fate != SERVICE_THROTTLED)
			return NULL;
	}
	return verdicts[0].reason;
}

static void
settle(struct pump *p, struct lane *lane, size_t count)
{
	struct lanes_events events = { .context = p, .refused = on_refused };
	const char *reason = why_untaken(p->verdicts, count);
	struct err err = ERR_INIT;

	if (lane_settle(lane, p->verdicts, p->now_ms, &events, &err))
		pump_fail(p, &err);
	if (reason)
		see_trouble(p, reason);
	else
		end_trouble(p);
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
		lane_again(lane, false, retry_after_ms(reply), p->now_ms);
		see_trouble(p, err.text);
		break;
	case SERVICE_SLOWER:
		lane_again(lane, true, retry_after_ms(reply), p->now_ms);
		see_trouble(p, err.text);
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
	lane_again(lane, false, 0, p->now_ms);
	if (err->class == ERR_UNAVAILABLE)
		see_trouble(p, err->text);
	else
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

static void
send_lane(struct pump *p, struct lane *lane)
{
	struct pump_flight *f = &p->flights[lane_number(lane)];
	struct carrier *carrier = p->parts.carrier;
	struct err err = ERR_INIT;
	size_t count;

	f->lane = lane;
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
	while (!p->is_silent && (lane = lanes_next(p->lanes, p->now_ms, is_urgent, &p->due_ms)))
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
