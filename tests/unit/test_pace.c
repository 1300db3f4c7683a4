/* SPDX-License-Identifier: MIT */
/*
 * The lanes before a service that takes so many records a second and throttles what is above (a bucket of
 * tokens, as a table of DynamoDB has it), or so many requests at once (a pool of threads and no queue, as a
 * node of OpenSearch has it), under a virtual clock. Requests get fewer and smaller, most of what the service
 * could take is taken, and both come back when it takes more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/lanes.h"

enum { LANES = 8, BATCH = 25, LATENCY_MS = 20, BACKLOG = 2000, SECOND_MS = 1000 };

struct flight {
	struct lane *lane; /* NULL: none */
	int64_t reply_ms;
	bool is_refused; /* too many at once */
};

struct world {
	struct lanes *lanes;
	struct flight flights[LANES];
	int64_t now_ms;
	int64_t next; /* offset */
	/* the service; 0: no bound */
	int64_t records_per_s;
	size_t requests_max;
	int64_t tokens_milli;
	/* since the phase began */
	int64_t delivered, throttled;
	size_t allowed_least; /* requests in flight */
	size_t batch_least, batch_most;
};

static void
fill(struct world *w)
{
	struct lanes_counts c;
	struct err err = ERR_INIT;

	lanes_counts(w->lanes, &c);
	for (int64_t waiting = c.waiting; waiting < BACKLOG; waiting++, w->next++) {
		struct record record = { .position = { 0, 1, w->next }, .offset = w->next,
			.value = slice_of("{}"), .has_value = true };
		struct service_staged staged = { .lane = (uint64_t)w->next, .bytes = 100 };

		assert_int_equal(lanes_put(w->lanes, &record, &staged, w->now_ms, &err), 0);
	}
}

static size_t
count_out(const struct world *w)
{
	size_t count = 0;

	for (size_t i = 0; i < LANES; i++)
		count += w->flights[i].lane != NULL;
	return count;
}

static void
send_all(struct world *w)
{
	struct lane *lane;
	int64_t due_ms;

	while ((lane = lanes_next(w->lanes, w->now_ms, false, &due_ms))) {
		const struct service_item *const *items;
		size_t count = lane_items(lane, &items);
		bool is_refused = w->requests_max && count_out(w) >= w->requests_max;

		lane_sent(lane, count);
		w->flights[lane_number(lane)] =
		    (struct flight){ lane, w->now_ms + LATENCY_MS, is_refused };
		w->batch_most = count > w->batch_most ? count : w->batch_most;
		w->batch_least = count < w->batch_least ? count : w->batch_least;
	}
}

static bool
take(struct world *w)
{
	if (!w->records_per_s)
		return true;
	if (w->tokens_milli < 1000)
		return false;
	w->tokens_milli -= 1000;
	return true;
}

static void
reply(struct world *w, struct flight *f)
{
	struct service_verdict verdicts[BATCH];
	struct lanes_events events = { .context = w };
	const struct service_item *const *items;
	size_t count = lane_in_flight(f->lane, &items), taken = 0;
	struct lane *lane = f->lane;
	struct err err = ERR_INIT;

	f->lane = NULL;
	if (f->is_refused) {
		w->throttled++;
		lane_again(lane, true, 0, w->now_ms);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		verdicts[i].fate = take(w) ? SERVICE_DONE : SERVICE_THROTTLED;
		verdicts[i].reason[0] = '\0';
		taken += verdicts[i].fate == SERVICE_DONE;
	}
	w->delivered += (int64_t)taken;
	w->throttled += taken < count;
	assert_int_equal(lane_settle(lane, verdicts, w->now_ms, &events, &err), 0);
}

/* A second's tokens are kept at most. */
static void
tick(struct world *w)
{
	w->now_ms++;
	w->tokens_milli += w->records_per_s;
	if (w->tokens_milli > w->records_per_s * 1000)
		w->tokens_milli = w->records_per_s * 1000;
	for (size_t i = 0; i < LANES; i++) {
		if (w->flights[i].lane && w->flights[i].reply_ms <= w->now_ms)
			reply(w, &w->flights[i]);
	}
}

static size_t
allowed(const struct world *w)
{
	struct lanes_counts c;

	lanes_counts(w->lanes, &c);
	return c.in_flight_max;
}

static void
run_for(struct world *w, int64_t ms)
{
	w->delivered = w->throttled = 0;
	w->batch_most = 0;
	w->batch_least = w->allowed_least = SIZE_MAX;
	for (int64_t i = 0; i < ms; i++) {
		tick(w);
		fill(w);
		send_all(w);
		if (allowed(w) < w->allowed_least)
			w->allowed_least = allowed(w);
	}
}

static void
begin(struct world *w)
{
	struct lanes_options options = { .lane_count = LANES, .memory_bytes = 64 << 20,
		.batch_count_max = BATCH, .batch_bytes_max = 1 << 20, .linger_ms = 100,
		.ahead_max = INT64_MAX, .seed = 1 };
	struct err err = ERR_INIT;

	*w = (struct world){ .lanes = lanes_new(&options, &err) };
	assert_non_null(w->lanes);
	assert_int_equal(lanes_assign(w->lanes, 0, 1, 0, &err), 0);
}

static const struct {
	const char *name;
	int64_t records_per_s;
	size_t requests_max;
	int64_t could_per_s; /* what who knows the bound would deliver */
	int percent;         /* of it that is */
	size_t allowed, batch; /* they go down to that at least */
} bounds[] = {
	{ "half of all records", 5000, 0, 5000, 95, 4, 19 },
	{ "few records", 500, 0, 500, 95, 1, 7 },
	{ "very few records", 20, 0, 20, 90, 1, 2 },
	/* a lane that was refused waits, so the fewer the requests that are taken the more is left */
	{ "half of the requests", 0, 4, 4 * BATCH * SECOND_MS / LATENCY_MS, 50, 4, 19 },
	{ "one request", 0, 1, BATCH * SECOND_MS / LATENCY_MS, 25, 1, 19 },
};

#define HOLDS(claim)                                                                           \
	do {                                                                                   \
		if (!(claim))                                                                  \
			fail_msg("%s: %s: %lld delivered, %lld throttled, %zu allowed, batch %zu to %zu", \
			    bounds[i].name, #claim, (long long)w.delivered,                    \
			    (long long)w.throttled, allowed(&w), w.batch_least, w.batch_most); \
	} while (0)

static void
test_slower_and_faster(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		struct world w;

		begin(&w);
		run_for(&w, 10 * SECOND_MS);
		HOLDS(w.delivered > 9 * LANES * BATCH * SECOND_MS / LATENCY_MS);
		HOLDS(!w.throttled && w.allowed_least == LANES && w.batch_least == BATCH);

		w.records_per_s = bounds[i].records_per_s;
		w.requests_max = bounds[i].requests_max;
		run_for(&w, 60 * SECOND_MS);
		HOLDS(w.delivered * 100 >= 60 * bounds[i].could_per_s * bounds[i].percent);
		HOLDS(w.throttled > 0 && w.allowed_least <= bounds[i].allowed);
		HOLDS(w.batch_least <= bounds[i].batch);

		w.records_per_s = 0;
		w.requests_max = 0;
		run_for(&w, 25 * SECOND_MS); /* no lane waits longer */
		run_for(&w, 10 * SECOND_MS);
		HOLDS(w.delivered > 9 * LANES * BATCH * SECOND_MS / LATENCY_MS);
		HOLDS(!w.throttled && w.allowed_least == LANES && w.batch_least == BATCH);
		lanes_free(w.lanes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slower_and_faster),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
