/* SPDX-License-Identifier: MIT */
/* Windows of local time: golden cases worked out by hand of the clocks' known changes, and what must
 * hold of any windows in any zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/time.h"
#include "window_kit.h"

#define M ((int64_t)60 * 1000)
#define H (60 * M)
#define D (24 * H)

static int64_t
instant(const char *text)
{
	const char *reason;
	int64_t ms;

	if (time_parse_iso(slice_of(text), &ms, &reason))
		fail_msg("%s: %s", text, reason);
	return ms;
}

static void
open_assigner(struct assigner *a, const char *zone, struct err *err)
{
	if (zone)
		a->zone = zone_open(zone, err);
	if ((zone && !a->zone) || assigner_prepare(a, err))
		fail_msg("%s", err->text);
}

/* "MM-DDTHH:MM/MM-DDTHH:MM " in UTC of each window that holds the time, in order. */
static void
windows_of(const struct assigner *a, int64_t time_ms, char *out, size_t size)
{
	char start[TIME_ISO_BYTES], end[TIME_ISO_BYTES];
	struct span pane, window;
	size_t len = 0;

	*out = '\0';
	assert_true(assigner_pane(a, time_ms, &pane));
	assert_true(pane.start_ms <= time_ms && time_ms < pane.end_ms);
	if (!assigner_first(a, pane, ASSIGN_NO_WINDOW, &window))
		return;
	while (window.start_ms <= pane.start_ms &&
	       window.end_ms <= assigner_last_end(a, pane)) {
		time_format_iso(window.start_ms, start);
		time_format_iso(window.end_ms, end);
		assert_true(len < size);
		len += (size_t)snprintf(
		    out + len, size - len, "%.11s/%.11s ", start + 5, end + 5);
		assigner_next(a, &window);
	}
}

static void
golden(void **state)
{
	static const struct {
		const char *zone;
		struct assigner assigner;
		const char *time;
		const char *want;
	} cases[] = {
#define TUMBLE(size) { .kind = ASSIGN_TUMBLE, .size_ms = (size) }
#define HOP(size, step) { .kind = ASSIGN_HOP, .size_ms = (size), .step_ms = (step) }
#define CUMULATE(size, step) { .kind = ASSIGN_CUMULATE, .size_ms = (size), .step_ms = (step) }
		/* 02:00 +01 to 03:00 +02 at 2024-03-31T01:00Z; 03:00 +02 to 02:00 +01 at
		 * 2024-10-27T01:00Z */
		{ "Europe/Zurich", TUMBLE(D), "2024-03-31T12:00Z", "03-30T23:00/03-31T22:00 " },
		{ "Europe/Zurich", TUMBLE(D), "2024-10-27T12:00Z", "10-26T22:00/10-27T23:00 " },
		{ "Europe/Zurich", TUMBLE(D), "2024-07-01T22:00Z", "07-01T22:00/07-02T22:00 " },
		{ "Europe/Zurich", TUMBLE(H), "2024-10-27T00:30Z", "10-27T00:00/10-27T01:00 " },
		{ "Europe/Zurich", TUMBLE(H), "2024-10-27T01:30Z", "10-27T01:00/10-27T02:00 " },
		{ "Europe/Zurich", TUMBLE(2 * H), "2024-10-27T01:30Z", "10-27T00:00/10-27T03:00 " },
		{ "Europe/Zurich", TUMBLE(3 * H), "2024-10-27T00:30Z", "10-26T22:00/10-27T02:00 " },
		{ "Europe/Zurich", TUMBLE(2 * H), "2024-03-31T00:30Z", "03-30T23:00/03-31T01:00 " },
		{ "Europe/Zurich", TUMBLE(2 * H), "2024-03-31T01:30Z", "03-31T01:00/03-31T02:00 " },
		/* 02:00 -05 to 03:00 -04 at 2024-03-10T07:00Z; 02:00 -04 to 01:00 -05 at
		 * 2024-11-03T06:00Z */
		{ "America/New_York", TUMBLE(D), "2024-03-10T12:00Z", "03-10T05:00/03-11T04:00 " },
		{ "America/New_York", TUMBLE(D), "2024-11-03T12:00Z", "11-03T04:00/11-04T05:00 " },
		{ "America/New_York", TUMBLE(12 * H), "2024-11-03T08:00Z",
		    "11-03T04:00/11-03T17:00 " },
		/* midnight is left out at 2018-11-04T03:00Z, and the hour before it comes twice at
		 * 2018-02-18T02:00Z */
		{ "America/Sao_Paulo", TUMBLE(D), "2018-11-04T12:00Z", "11-04T03:00/11-05T02:00 " },
		{ "America/Sao_Paulo", TUMBLE(D), "2018-11-03T12:00Z", "11-03T03:00/11-04T03:00 " },
		{ "America/Sao_Paulo", TUMBLE(D), "2018-02-18T02:30Z", "02-17T02:00/02-18T03:00 " },
		{ "America/Sao_Paulo", TUMBLE(H), "2018-02-18T02:30Z", "02-18T02:00/02-18T03:00 " },
		/* half an hour: 02:00 +11 to 01:30 +10:30 at 2024-04-06T15:00Z, 02:00 +10:30 to
		 * 02:30 +11 at 2024-10-05T15:30Z */
		{ "Australia/Lord_Howe", TUMBLE(H), "2024-04-06T15:10Z", "04-06T14:00/04-06T15:30 " },
		{ "Australia/Lord_Howe", TUMBLE(H), "2024-10-05T15:40Z", "10-05T15:30/10-05T16:00 " },
		{ "Australia/Lord_Howe", TUMBLE(30 * M), "2024-04-06T15:10Z",
		    "04-06T15:00/04-06T15:30 " },
		{ "Australia/Lord_Howe", TUMBLE(D), "2024-04-06T20:00Z", "04-06T13:00/04-07T13:30 " },
		{ "Asia/Kathmandu", TUMBLE(D), "2024-01-01T00:00Z", "12-31T18:15/01-01T18:15 " },
		{ "Asia/Kathmandu", TUMBLE(H), "2024-01-01T00:00Z", "12-31T23:15/01-01T00:15 " },
		/* December 30 is left out: 24:00 -10 of the 29th is 00:00 +14 of the 31st */
		{ "Pacific/Apia", TUMBLE(D), "2011-12-30T09:00Z", "12-29T10:00/12-30T10:00 " },
		{ "Pacific/Apia", TUMBLE(D), "2011-12-30T11:00Z", "12-30T10:00/12-31T10:00 " },
		{ "Pacific/Apia", TUMBLE(2 * D), "2011-12-30T11:00Z", "12-30T10:00/12-31T10:00 " },
		{ "Europe/Zurich", HOP(D, 6 * H), "2024-10-27T12:00Z",
		    "10-26T16:00/10-27T17:00 10-26T22:00/10-27T23:00 10-27T05:00/10-28T05:00 "
		    "10-27T11:00/10-28T11:00 " },
		{ "Europe/Zurich", HOP(H, 30 * M), "2024-10-27T00:45Z",
		    "10-27T00:00/10-27T01:00 10-27T00:30/10-27T01:30 " },
		/* 02:00 and 03:00 are one instant */
		{ "Europe/Zurich", HOP(4 * H, H), "2024-03-30T22:30Z",
		    "03-30T19:00/03-30T23:00 03-30T20:00/03-31T00:00 03-30T21:00/03-31T01:00 "
		    "03-30T22:00/03-31T01:00 " },
		{ "Europe/Zurich", CUMULATE(D, 6 * H), "2024-10-27T12:00Z",
		    "10-26T22:00/10-27T17:00 10-26T22:00/10-27T23:00 " },
		{ "Europe/Zurich", CUMULATE(D, 6 * H), "2024-10-26T23:00Z",
		    "10-26T22:00/10-27T05:00 10-26T22:00/10-27T11:00 10-26T22:00/10-27T17:00 "
		    "10-26T22:00/10-27T23:00 " },
		{ "Europe/Zurich", CUMULATE(6 * H, 2 * H), "2024-03-31T00:30Z",
		    "03-30T23:00/03-31T01:00 03-30T23:00/03-31T02:00 03-30T23:00/03-31T04:00 " },
#define ALIGNED(...) { __VA_ARGS__ }
		{ "Europe/Zurich",
		    ALIGNED(.kind = ASSIGN_TUMBLE, .size_ms = D, .align_ms = 4 * H),
		    "2024-10-27T02:30Z", "10-26T02:00/10-27T03:00 " },
		{ NULL, ALIGNED(.kind = ASSIGN_TUMBLE, .size_ms = H, .align_ms = 10 * M),
		    "2024-01-01T12:05Z", "01-01T11:10/01-01T12:10 " },
		{ NULL, ALIGNED(.kind = ASSIGN_TUMBLE, .size_ms = H, .align_ms = D + 10 * M),
		    "2024-01-01T12:10Z", "01-01T12:10/01-01T13:10 " },
		{ NULL,
		    ALIGNED(.kind = ASSIGN_HOP, .size_ms = H, .step_ms = 20 * M, .align_ms = 10 * M),
		    "2024-01-01T12:05Z",
		    "01-01T11:10/01-01T12:10 01-01T11:30/01-01T12:30 01-01T11:50/01-01T12:50 " },
		{ NULL,
		    ALIGNED(.kind = ASSIGN_CUMULATE, .size_ms = D, .step_ms = 12 * H,
			.align_ms = 15 * H),
		    "2024-01-01T12:05Z", "12-31T15:00/01-01T15:00 " },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct assigner a = cases[i].assigner;
		struct err err = ERR_INIT;
		char have[1024];

		open_assigner(&a, cases[i].zone, &err);
		windows_of(&a, instant(cases[i].time), have, sizeof(have));
		if (strcmp(have, cases[i].want) != 0)
			fail_msg("case %zu, %s %s: %s, not %s", i,
			    cases[i].zone ? cases[i].zone : "UTC", cases[i].time, have,
			    cases[i].want);
		zone_free((struct zone *)(uintptr_t)a.zone);
	}
}

/* Steps of a day: 24, but one less where an hour is left out. */
static void
steps_of_days(void **state)
{
	static const struct {
		const char *day;
		int windows;
	} cases[] = {
		{ "2024-03-29T23:00Z", 24 },
		{ "2024-03-30T23:00Z", 23 },
		{ "2024-10-26T22:00Z", 24 },
	};
	struct err err = ERR_INIT;
	struct assigner a = CUMULATE(D, H);
	(void)state;

	open_assigner(&a, "Europe/Zurich", &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span pane, window;
		int windows = 0;

		assert_true(assigner_pane(&a, instant(cases[i].day), &pane));
		assert_true(assigner_first(&a, pane, ASSIGN_NO_WINDOW, &window));
		for (; window.start_ms == pane.start_ms; assigner_next(&a, &window))
			windows++;
		assert_int_equal(windows, cases[i].windows);
		assert_int_equal(window.start_ms, assigner_last_end(&a, pane));
	}
	zone_free((struct zone *)(uintptr_t)a.zone);
}

/* ---- what holds of any ---- */

enum { WINDOWS = 4000 };

static bool
holds(struct span window, struct span pane)
{
	return window.start_ms <= pane.start_ms && pane.end_ms <= window.end_ms;
}

/* Each pane's first and last window are those of a walk over all windows, and each window begins
 * and ends between panes. */
static void
check_pane(const struct assigner *a, struct span pane, const struct span *windows)
{
	struct span first;
	int64_t last_end = ASSIGN_NO_WINDOW;
	int at = 0, has_first;

	while (at < WINDOWS && !holds(windows[at], pane))
		at++;
	has_first = assigner_first(a, pane, ASSIGN_NO_WINDOW, &first);
	if (at == WINDOWS) {
		assert_false(has_first);
		assert_int_equal(assigner_last_end(a, pane), ASSIGN_NO_WINDOW);
		return;
	}
	assert_true(has_first);
	assert_true(span_equal(first, windows[at]));
	for (int i = at; i < WINDOWS && windows[i].start_ms <= pane.start_ms; i++) {
		assert_true(holds(windows[i], pane));
		last_end = windows[i].end_ms;
		if (i == at || last_end == windows[i - 1].end_ms)
			continue;
		assert_true(assigner_first(a, pane, windows[i - 1].end_ms, &first));
		assert_int_equal(first.end_ms, windows[i].end_ms);
	}
	assert_int_equal(assigner_last_end(a, pane), last_end);
	assert_false(assigner_first(a, pane, last_end, &first));
}

static void
check_around(const struct assigner *a, int64_t time_ms)
{
	static struct span windows[WINDOWS];
	struct span pane, window, next;
	int64_t first_ms = time_ms - 3 * D - 2 * a->size_ms, count = 0;

	assert_true(assigner_pane(a, first_ms, &pane));
	while (!assigner_first(a, pane, ASSIGN_NO_WINDOW, &window))
		assert_true(assigner_pane(a, pane.end_ms, &pane));
	for (int i = 0; i < WINDOWS; i++) {
		windows[i] = next = window;
		assert_true(window.start_ms < window.end_ms);
		assert_true(assigner_pane(a, window.start_ms, &pane));
		assert_int_equal(pane.start_ms, window.start_ms);
		assert_true(assigner_pane(a, window.end_ms, &pane));
		assert_int_equal(pane.start_ms, window.end_ms);
		assigner_next(a, &next);
		assert_true(span_is_before(window, next));
		if (a->kind == ASSIGN_TUMBLE)
			assert_int_equal(next.start_ms, window.end_ms);
		window = next;
	}
	assert_true(assigner_pane(a, time_ms - 2 * D, &pane));
	for (; pane.start_ms < time_ms + 2 * D && count < 600; count++) {
		next = pane;
		if (pane.end_ms < windows[WINDOWS - 1].end_ms - 2 * a->size_ms - 2 * D)
			check_pane(a, pane, windows);
		assert_true(assigner_knows(a, pane));
		assert_true(assigner_pane(a, pane.end_ms, &pane));
		assert_int_equal(pane.start_ms, next.end_ms);
	}
}

static void
any_windows_in_any_zone(void **state)
{
	static const char *const zones[] = { "Europe/Zurich", "America/Sao_Paulo",
		"Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca" };
	static const char *const times[] = { "2024-03-31T01:00Z", "2024-10-27T01:00Z",
		"2018-11-04T03:00Z", "2018-02-18T02:00Z", "2024-04-06T15:00Z", "2024-10-05T15:30Z",
		"2011-12-30T10:00Z", "2006-04-02T03:31Z", "2006-10-29T02:31Z", "2024-03-10T02:00Z",
		"2024-04-14T02:00Z", "2024-01-15T12:00Z" };
	static const struct assigner assigners[] = { TUMBLE(H), TUMBLE(D), TUMBLE(7 * H),
		TUMBLE(20 * M), TUMBLE(2 * D), HOP(H, 20 * M), HOP(D, H), HOP(D, 45 * M),
		HOP(50 * M, 25 * M), HOP(30 * M, 2 * H), CUMULATE(D, H), CUMULATE(D, 30 * M),
		CUMULATE(H, 20 * M), ALIGNED(.kind = ASSIGN_TUMBLE, .size_ms = H, .align_ms = 7 * M),
		ALIGNED(.kind = ASSIGN_HOP, .size_ms = D, .step_ms = 2 * H, .align_ms = 10 * M) };
	(void)state;

	for (size_t z = 0; z < sizeof(zones) / sizeof(*zones); z++) {
		for (size_t i = 0; i < sizeof(assigners) / sizeof(*assigners); i++) {
			struct assigner a = assigners[i];
			struct err err = ERR_INIT;

			open_assigner(&a, zones[z], &err);
			for (size_t t = 0; t < sizeof(times) / sizeof(*times); t++)
				check_around(&a, instant(times[t]));
			zone_free((struct zone *)(uintptr_t)a.zone);
		}
	}
}

/* A day of 25 hours whose records come out in one row, from the panes before and after the jump. */
static void
a_long_day(void **state)
{
	struct kit kit;
	struct zone *zone;
	(void)state;

	kit_open(&kit);
	zone = zone_open("Europe/Zurich", &kit.err);
	assert_non_null(zone);
	kit.options.assigner = (struct assigner)TUMBLE(D);
	kit.options.assigner.zone = zone;
	kit_restart(&kit);
	for (int64_t hour = 0; hour < 25; hour++)
		assert_int_equal(kit_take(&kit, 0, hour, instant("2024-10-26T22:00Z") + hour * H,
				     "1", "1"),
		    ENGINE_TAKEN);
	kit_close_windows(&kit);
	assert_string_equal(kit_take_rows(&kit), "");
	engine_finish(kit.engine);
	kit_close_windows(&kit);
	assert_string_equal(kit_take_rows(&kit),
	    "{\"window_start\":\"2024-10-26T22:00:00.000Z\","
	    "\"window_end\":\"2024-10-27T23:00:00.000Z\","
	    "\"window_time\":\"2024-10-27T22:59:59.999Z\","
	    "\"k\":1,\"n\":25,\"c\":25,\"s\":25,\"lo\":1,\"hi\":1,\"a\":1}\n");
	kit_close(&kit);
	zone_free(zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(steps_of_days),
		cmocka_unit_test(any_windows_in_any_zone),
		cmocka_unit_test(a_long_day),
	};

	return cmocka_run_group_tests_name("window_calendar", tests, NULL, NULL);
}
