/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/record.h"
#include "kafka-to-s3/epoch.h"

#define FP "0123456789abcdef"

static void
take(struct epochs *e, int64_t sequence, int64_t bytes)
{
	struct epoch_record record = { .sequence = sequence,
		.bytes = bytes,
		.event_ms = RECORD_NO_TIME,
		.is_kept = bytes > 0 };

	epochs_take(e, &record, 1000);
}

static void
begin(struct epochs *e, int64_t committed, const char *metadata)
{
	struct err err = ERR_INIT;

	if (epochs_begin(e, committed, metadata, FP, &err))
		fail_msg("%s", err.text);
}

static void
assert_commit(struct epochs *e, int64_t sequence, const char *metadata)
{
	char text[EPOCH_METADATA_BYTES];

	assert_int_equal(epochs_commit_point(e, text), sequence);
	assert_string_equal(text, metadata);
	epochs_committed(e);
}

/* ---- metadata and marks ---- */

static void
test_metadata(void **state)
{
	static const struct {
		const char *text;
		int found;
		int64_t until;
	} cases[] = {
		{ "", 0, 0 },
		{ "watermark=1", 0, 0 },
		{ "until", 0, 0 },
		{ "until=0 fp=" FP, 1, 0 },
		{ "until=9223372036854775807 fp=" FP, 1, INT64_MAX },
		{ "until=9223372036854775808 fp=" FP, -1, 0 },
		{ "until= fp=" FP, -1, 0 },
		{ "until=-1 fp=" FP, -1, 0 },
		{ "until=5", -1, 0 },
		{ "until=5 fp=", -1, 0 },
		{ "until=5 fp=" FP "0", -1, 0 },
		{ "until=5 fp=0123456789ABCDEF", -1, 0 },
		{ "until=5  fp=" FP, -1, 0 },
		{ "until=5 fp=" FP " ", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char fingerprint[EPOCH_FINGERPRINT_BYTES] = "";
		int64_t until = -7;
		struct err err = ERR_INIT;
		int found = epoch_metadata_parse(cases[i].text, &until, fingerprint, &err);

		if (found != cases[i].found || (found > 0 && until != cases[i].until) ||
		    (found > 0 && strcmp(fingerprint, FP) != 0) ||
		    (found < 0 && err.class != ERR_DATA) || (found <= 0 && until != -7))
			fail_msg("\"%s\": %d", cases[i].text, found);
	}
}

static void
test_marks(void **state)
{
	static const struct {
		int64_t committed;
		const char *metadata;
		int64_t marked;
		const char *refusal; /* NULL: taken up */
	} cases[] = {
		{ 0, "", -1, NULL },
		{ 7, "", 7, NULL },
		{ 8, "", 7, NULL },
		{ 3, "until=7 fp=" FP, 7, NULL },
		{ 3, "until=9 fp=" FP, 7, NULL },
		{ 7, NULL, -1, NULL },
		{ 7, NULL, 7, NULL },
		{ 0, NULL, 7,
		    "no offset is committed, and reading would begin at 0, but the data before offset 7 is "
		    "there already: set the group's offset to that" },
		{ 9, NULL, 7,
		    "no offset is committed, and reading would begin at 9, but the data before offset 7 is "
		    "there already: set the group's offset to that" },
		{ 6, "", 7,
		    "offset 6 is committed, but the data before offset 7 is there already" },
		{ 3, "until=6 fp=" FP, 7,
		    "offset 3 is committed, but the data before offset 7 is there already" },
		{ 3, "until=x", 7, "the committed offset's metadata is \"until=x\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		int rc = epoch_check_mark(
		    cases[i].committed, cases[i].metadata, cases[i].marked, &err);

		assert_int_equal(rc, cases[i].refusal ? -1 : 0);
		if (!cases[i].refusal)
			continue;
		assert_string_equal(err.text, cases[i].refusal);
		assert_int_equal(err.class, ERR_DATA);
	}
}

/* ---- one epoch after the other ---- */

static void
test_an_epoch(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "");
	assert_true(epochs_is_settled(&e));
	assert_false(epochs_close(&e));
	assert_int_equal(epochs_place(&e, 10), 10);
	take(&e, 10, 5);
	take(&e, 14, 5);
	assert_true(epochs_close(&e));
	assert_int_equal(e.phase, EPOCH_PREPARE);
	assert_commit(&e, 10, "until=15 fp=" FP);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_int_equal(e.begin, 10);
	assert_int_equal(e.until, 15);
	epochs_published(&e);
	assert_int_equal(e.phase, EPOCH_SETTLE);
	assert_commit(&e, 15, "");
	assert_true(epochs_is_settled(&e));
}

static void
test_settling_one_prepares_the_next(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 0, "");
	take(&e, 0, 5);
	assert_true(epochs_close(&e));
	take(&e, 1, 5);
	assert_int_equal(e.open.begin, 1);
	assert_false(epochs_close(&e)); /* not while the first is prepared */
	assert_commit(&e, 0, "until=1 fp=" FP);
	assert_false(epochs_close(&e)); /* nor published */
	epochs_published(&e);
	assert_true(epochs_close(&e));
	assert_false(epochs_close(&e));
	assert_int_equal(epochs_place(&e, 2), 2);
	take(&e, 2, 5);
	assert_commit(&e, 1, "until=2 fp=" FP);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_int_equal(e.begin, 1);
	assert_int_equal(e.until, 2);
	epochs_published(&e);
	assert_commit(&e, 2, "");
	assert_false(epochs_is_settled(&e));
	assert_true(epochs_close(&e));
	assert_commit(&e, 2, "until=3 fp=" FP);
}

static void
test_without_objects_nothing_is_prepared(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 0, "");
	take(&e, 0, 0);
	epochs_skip_to(&e, 9, 1000);
	assert_true(epochs_close(&e));
	assert_int_equal(e.phase, EPOCH_SETTLE);
	take(&e, 9, 0);
	assert_true(epochs_close(&e));
	assert_commit(&e, 9, "until=10 fp=" FP);
	assert_int_equal(e.phase, EPOCH_SETTLE);
	assert_commit(&e, 10, "");
	assert_true(epochs_is_settled(&e));
}

/* ---- rebuilding ---- */

static void
test_rebuilding_ends_where_it_was_prepared(void **state)
{
	static const struct epoch_limits limits = { .records = 1, .age_ms = 1 };
	struct epochs e;

	(void)state;
	begin(&e, 10, "until=15 fp=" FP);
	assert_false(epochs_is_settled(&e));
	take(&e, 10, 5);
	take(&e, 11, 5);
	assert_false(epochs_is_due(&e, &limits, 1000 * 1000));
	assert_int_equal(epochs_due_ms(&e, &limits), CLOCK_NEVER);
	assert_false(epochs_close(&e));
	assert_int_equal(e.phase, EPOCH_NONE);
	assert_int_equal(epochs_place(&e, 17), 15);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_int_equal(e.begin, 10);
	assert_int_equal(e.until, 15);
	take(&e, 17, 5);
	epochs_published(&e);
	assert_commit(&e, 15, "");
	assert_int_equal(e.open.begin, 15);
	assert_int_equal(e.open.next, 18);
}

static void
test_rebuilding_ends_with_its_last_record(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "until=12 fp=" FP);
	take(&e, 10, 5);
	take(&e, 11, 5);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_int_equal(e.open.next, 12);
}

static void
test_rebuilding_ends_behind_a_gap(void **state)
{
	struct epochs e;
	struct err err = ERR_INIT;

	(void)state;
	begin(&e, 10, "until=15 fp=" FP);
	take(&e, 10, 5);
	assert_int_equal(epochs_end_at(&e, 14, 1000, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(
	    err.text, "offsets 10 to 14 are partly published, and the log ends at 14");
	assert_int_equal(epochs_end_at(&e, 16, 1000, &err), 0);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_int_equal(e.until, 15);
	assert_int_equal(e.open.next, 16);
}

static void
test_nothing_is_left_to_rebuild(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "until=12 fp=" FP);
	epochs_skip_to(&e, 12, 1000);
	assert_int_equal(e.phase, EPOCH_SETTLE);
	assert_commit(&e, 12, "");
	begin(&e, 12, "until=12 fp=" FP);
	assert_true(epochs_is_settled(&e));
}

static void
test_other_options_do_not_finish_an_epoch(void **state)
{
	struct epochs e;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    epochs_begin(&e, 3, "until=5 fp=00000000000000ff", FP, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_non_null(strstr(err.text, "offsets 3 to 4 are partly published with other options"));
	err_clear(&err);
	assert_int_equal(epochs_begin(&e, 5, "until=5 fp=00000000000000ff", FP, &err), 0);
}

/* ---- gaps ---- */

static void
test_a_gap_is_settled_by_itself(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "");
	assert_int_equal(epochs_accept_gap(&e, 40, 1000), EPOCH_GAP_PLAIN);
	assert_int_equal(e.phase, EPOCH_SETTLE);
	assert_int_equal(e.prepared_until, -1);
	take(&e, 40, 5);
	assert_int_equal(e.open.begin, 40);
	assert_commit(&e, 40, "");
	assert_true(epochs_close(&e));
	assert_commit(&e, 40, "until=41 fp=" FP);
	assert_false(e.has_gap);
}

static void
test_a_gap_behind_what_is_open(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "");
	take(&e, 10, 5);
	assert_int_equal(epochs_accept_gap(&e, 40, 1000), EPOCH_GAP_PLAIN);
	assert_int_equal(e.phase, EPOCH_NONE);
	assert_true(epochs_close(&e));
	assert_commit(&e, 10, "until=40 fp=" FP);
	/* and while that is published, with nothing open yet */
	assert_int_equal(epochs_accept_gap(&e, 50, 1000), EPOCH_GAP_PLAIN);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	epochs_published(&e);
	assert_true(epochs_close(&e));
	assert_commit(&e, 40, "until=50 fp=" FP);
	assert_int_equal(e.phase, EPOCH_SETTLE);
	assert_commit(&e, 50, "");
	assert_true(epochs_is_settled(&e));
}

static void
test_an_epoch_is_rebuilt_from_what_is_left(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "until=15 fp=" FP);
	assert_int_equal(epochs_accept_gap(&e, 12, 1000), EPOCH_GAP_BEGAN);
	assert_int_equal(epochs_place(&e, 12), 10);
	take(&e, 12, 5);
	assert_false(epochs_close(&e));
	take(&e, 14, 5);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_true(e.is_rebuilt);
	assert_true(e.has_gap);
	assert_int_equal(e.begin, 10);
	assert_int_equal(e.prepared_until, 15);
	epochs_published(&e);
	assert_commit(&e, 15, "");
	assert_true(epochs_is_settled(&e));
	take(&e, 15, 5);
	assert_true(epochs_close(&e));
	assert_false(e.has_gap);
}

/* from where nothing is left of it on, both ends included */
static void
test_nothing_is_left_of_an_epoch(void **state)
{
	(void)state;
	for (int64_t start = 15; start < 17; start++) {
		struct epochs e;
		char metadata[EPOCH_METADATA_BYTES];

		begin(&e, 10, "until=15 fp=" FP);
		assert_int_equal(epochs_accept_gap(&e, start, 1000), EPOCH_GAP_WHOLE);
		assert_int_equal(e.phase, EPOCH_SETTLE);
		/* the mark may say no more than a crash leaves behind with the old commit */
		assert_int_equal(e.prepared_until, 15);
		assert_int_equal(epochs_commit_point(&e, metadata), start);
		assert_int_equal(epochs_place(&e, start), start);
		assert_commit(&e, start, "");
		assert_true(epochs_is_settled(&e));
	}
}

/* some of it had been read when the rest expired */
static void
test_the_rest_of_an_epoch_expires(void **state)
{
	struct epochs e;

	(void)state;
	begin(&e, 10, "until=15 fp=" FP);
	take(&e, 10, 5);
	assert_int_equal(epochs_accept_gap(&e, 20, 1000), EPOCH_GAP_WHOLE);
	assert_int_equal(e.phase, EPOCH_PUBLISH);
	assert_true(e.is_rebuilt);
	assert_true(e.has_gap);
	epochs_published(&e);
	assert_int_equal(e.prepared_until, 15);
	assert_commit(&e, 20, "");
}

/* ---- bounds ---- */

static void
test_bounds(void **state)
{
	static const struct {
		struct epoch_limits limits;
		int64_t now_ms;
		bool is_due;
	} cases[] = {
		{ { .bytes = 0 }, INT64_MAX, false },
		{ { .bytes = 10 }, 1000, true },
		{ { .bytes = 11 }, 1000, false },
		{ { .records = 2 }, 1000, true },
		{ { .records = 3 }, 1000, false },
		{ { .age_ms = 50 }, 1049, false },
		{ { .age_ms = 50 }, 1050, true },
		{ { .event_ms = 300 }, 1000, true },
		{ { .event_ms = 301 }, 1000, false },
	};
	struct epochs e;

	(void)state;
	begin(&e, 0, "");
	epochs_take(&e,
	    &(struct epoch_record){ .sequence = 0, .bytes = 5, .event_ms = 500, .is_kept = true },
	    1000);
	epochs_take(&e,
	    &(struct epoch_record){ .sequence = 1, .bytes = 5, .event_ms = 200, .is_kept = true },
	    1010);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (epochs_is_due(&e, &cases[i].limits, cases[i].now_ms) != cases[i].is_due)
			fail_msg("case %zu", i);
		assert_int_equal(epochs_due_ms(&e, &cases[i].limits),
		    cases[i].limits.age_ms ? 1050 : CLOCK_NEVER);
	}
}

static void
test_event_times_far_apart(void **state)
{
	static const struct epoch_limits limits = { .event_ms = INT64_MAX };
	struct epochs e;

	(void)state;
	begin(&e, 0, "");
	epochs_take(&e, &(struct epoch_record){ .sequence = 0, .event_ms = INT64_MAX }, 1000);
	assert_false(epochs_is_due(&e, &limits, 1000));
	epochs_take(&e, &(struct epoch_record){ .sequence = 1, .event_ms = INT64_MIN + 1 }, 1000);
	assert_true(epochs_is_due(&e, &limits, 1000));
}

static void
test_full(void **state)
{
	static const struct epoch_limits limits = { .records = 2 };
	struct epochs e;

	(void)state;
	begin(&e, 0, "");
	take(&e, 0, 5);
	take(&e, 1, 5);
	assert_false(epochs_is_full(&e, &limits, 1000)); /* it can be closed */
	assert_true(epochs_close(&e));
	take(&e, 2, 5);
	assert_false(epochs_is_full(&e, &limits, 1000));
	take(&e, 3, 5);
	assert_true(epochs_is_full(&e, &limits, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_an_epoch),
		cmocka_unit_test(test_settling_one_prepares_the_next),
		cmocka_unit_test(test_without_objects_nothing_is_prepared),
		cmocka_unit_test(test_rebuilding_ends_where_it_was_prepared),
		cmocka_unit_test(test_rebuilding_ends_with_its_last_record),
		cmocka_unit_test(test_rebuilding_ends_behind_a_gap),
		cmocka_unit_test(test_nothing_is_left_to_rebuild),
		cmocka_unit_test(test_other_options_do_not_finish_an_epoch),
		cmocka_unit_test(test_a_gap_is_settled_by_itself),
		cmocka_unit_test(test_a_gap_behind_what_is_open),
		cmocka_unit_test(test_an_epoch_is_rebuilt_from_what_is_left),
		cmocka_unit_test(test_nothing_is_left_of_an_epoch),
		cmocka_unit_test(test_the_rest_of_an_epoch_expires),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_event_times_far_apart),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
