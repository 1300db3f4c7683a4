/* SPDX-License-Identifier: MIT */
/* Where a group's offset goes, what a topic's properties become, and which status an error has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kafka-topic/age.h"
#include "kafka-topic/configs.h"
#include "kafka-topic/outcome.h"
#include "kafka-topic/plan.h"

#define TO(what) { .has_to = true, .to = { .kind = OFFSET_##what } }
#define TO_AT(what, number) { .has_to = true, .to = { .kind = OFFSET_##what, .value = (number) } }
#define SHIFT(number) { .has_shift = true, .shift = (number) }

/* a log from 100 to 200 */
static const struct {
	struct request request;
	int64_t committed, at_time;
	enum plan_fate fate;
	int64_t offset; /* -7: untouched */
} plans[] = {
	{ TO(BEGINNING), 150, -1, PLAN_AS_ASKED, 100 },
	{ TO(END), 150, -1, PLAN_AS_ASKED, 200 },
	{ TO(END), -1, -1, PLAN_AS_ASKED, 200 },
	{ TO_AT(AT, 100), 150, -1, PLAN_AS_ASKED, 100 },
	{ TO_AT(AT, 123), -1, -1, PLAN_AS_ASKED, 123 },
	{ TO_AT(AT, 200), 150, -1, PLAN_AS_ASKED, 200 },
	{ TO_AT(AT, 99), 150, -1, PLAN_HELD_AT_BEGIN, 100 },
	{ TO_AT(AT, 0), 150, -1, PLAN_HELD_AT_BEGIN, 100 },
	{ TO_AT(AT, 201), 150, -1, PLAN_HELD_AT_END, 200 },
	{ TO_AT(AT, INT64_MAX), 150, -1, PLAN_HELD_AT_END, 200 },
	{ TO_AT(TAIL, 1), 150, -1, PLAN_AS_ASKED, 199 },
	{ TO_AT(TAIL, 0), 150, -1, PLAN_AS_ASKED, 200 },
	{ TO_AT(TAIL, 100), 150, -1, PLAN_AS_ASKED, 100 },
	{ TO_AT(TAIL, 101), 150, -1, PLAN_AS_ASKED, 100 },
	{ TO_AT(TAIL, INT64_MAX), 150, -1, PLAN_AS_ASKED, 100 },
	{ TO_AT(TIME, 1), 150, 170, PLAN_AS_ASKED, 170 },
	{ TO_AT(TIME, 1), 150, 100, PLAN_AS_ASKED, 100 },
	{ TO_AT(TIME, 1), 150, -1, PLAN_AS_ASKED, 200 },
	{ TO_AT(TIME, 1), 150, 205, PLAN_AS_ASKED, 205 }, /* asked for later than the end */
	{ TO_AT(TIME, 1), 150, 99, PLAN_HELD_AT_BEGIN, 100 },
	{ SHIFT(10), 150, -1, PLAN_AS_ASKED, 160 },
	{ SHIFT(-10), 150, -1, PLAN_AS_ASKED, 140 },
	{ SHIFT(0), 150, -1, PLAN_AS_ASKED, 150 },
	{ SHIFT(50), 150, -1, PLAN_AS_ASKED, 200 },
	{ SHIFT(51), 150, -1, PLAN_HELD_AT_END, 200 },
	{ SHIFT(-50), 150, -1, PLAN_AS_ASKED, 100 },
	{ SHIFT(-51), 150, -1, PLAN_HELD_AT_BEGIN, 100 },
	{ SHIFT(INT64_MAX), 150, -1, PLAN_HELD_AT_END, 200 },
	{ SHIFT(INT64_MIN), 150, -1, PLAN_HELD_AT_BEGIN, 100 },
	{ SHIFT(0), 50, -1, PLAN_HELD_AT_BEGIN, 100 }, /* what was committed has expired */
	{ SHIFT(1), -1, -1, PLAN_NOTHING, -7 },
	{ SHIFT(0), -1, -1, PLAN_NOTHING, -7 },
};

static void
test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		const struct plan_partition p = { .begin = 100, .end = 200,
			.committed = plans[i].committed, .at_time = plans[i].at_time };
		int64_t offset = -7;

		if (plan_offset(&plans[i].request, &p, &offset) != plans[i].fate ||
		    offset != plans[i].offset)
			fail_msg("case %zu: offset %lld", i, (long long)offset);
		assert_true((plans[i].fate == PLAN_AS_ASKED) == !*plan_words(plans[i].fate));
	}
}

/* ---- properties ---- */

static const struct setting changes[] = {
	{ "cleanup.policy", "compact" },
	{ "retention.ms", "1" },
	{ "retention.ms", NULL },
	{ "segment.ms", NULL },
	{ "segment.ms", "5" },
};

static const char *
value_of(const struct config_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (!strcmp(l->items[i].name, name))
			return l->items[i].value;
	}
	return "missing";
}

static void
test_merge(void **state)
{
	char retention[] = "retention.ms", bytes[] = "segment.bytes", old[] = "7";
	char index[] = "index.interval.bytes", format[] = "message.format.version";
	struct config items[] = {
		{ retention, old, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG },
		{ bytes, old, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG },
		/* not the topic's own: defaults go on to change with the brokers */
		{ index, old, RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG },
		{ format, NULL, RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG },
	};
	const struct config_list have = { .items = items, .count = 4 };
	struct config_list merged = { .count = 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(configs_merge(&have, changes, 5, &merged, &err), 0);
	assert_int_equal(merged.count, 3); /* the last word on a property counts */
	assert_string_equal(value_of(&merged, "segment.bytes"), "7");
	assert_string_equal(value_of(&merged, "cleanup.policy"), "compact");
	assert_string_equal(value_of(&merged, "segment.ms"), "5");
	assert_string_equal(value_of(&merged, "retention.ms"), "missing");
	configs_release(&merged);
}

/* A value that is not told cannot be sent again; where it is replaced that does not matter. */
static void
test_merge_of_a_secret(void **state)
{
	char name[] = "cleanup.policy", other[] = "secret";
	struct config item = { other, NULL, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG };
	const struct config_list have = { .items = &item, .count = 1 };
	struct config_list merged = { .count = 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(configs_merge(&have, changes, 1, &merged, &err), -1);
	assert_int_equal(err.class, ERR_CANT_CREATE);
	assert_non_null(strstr(err.text, "secret"));
	configs_release(&merged);
	err_clear(&err);
	item.name = name;
	assert_int_equal(configs_merge(&have, changes, 1, &merged, &err), 0);
	assert_string_equal(value_of(&merged, "cleanup.policy"), "compact");
	configs_release(&merged);
}

/* DescribeConfigs v0 tells no sources: a property that is set and not sent again would be lost. */
static void
test_merge_of_the_unknown(void **state)
{
	char own[] = "retention.ms", other[] = "segment.bytes", value[] = "7";
	struct config items[] = {
		{ own, value, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG },
		{ other, value, RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG },
	};
	const struct config_list have = { .items = items, .count = 2 };
	struct config_list merged = { .count = 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(configs_merge(&have, changes, 1, &merged, &err), -1);
	assert_int_equal(err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "segment.bytes"));
	configs_release(&merged);
}

/* ---- ages ---- */

static void
test_ages(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} ages[] = {
		{ INT64_MIN, "0ms" },
		{ -1, "0ms" },
		{ 0, "0ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 59999, "59s" },
		{ 60000, "1m00s" },
		{ 3599999, "59m59s" },
		{ 3600000, "1h00m" },
		{ 86399999, "23h59m" },
		{ 86400000, "1d00h" },
		{ 1000 * INT64_C(86400000) + 3600000, "1000d01h" },
		{ INT64_MAX, "106751991167d07h" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		char text[AGE_TEXT_BYTES];

		age_format(ages[i].ms, text);
		assert_string_equal(text, ages[i].text);
	}
}

/* ---- errors ---- */

static const struct {
	rd_kafka_resp_err_t code;
	enum err_class class;
} classes[] = {
	{ RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ERR_CANT_CREATE },
	{ RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERR_USAGE },
	{ RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, ERR_USAGE },
	{ RD_KAFKA_RESP_ERR_INVALID_CONFIG, ERR_USAGE },
	{ RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ERR_USAGE },
	{ RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERR_USAGE },
	{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERR_DENIED },
	{ RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, ERR_DENIED },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_DENIED },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_DENIED },
	{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_DENIED },
	{ RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, ERR_NO_INPUT },
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERR_NO_INPUT },
	{ RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, ERR_UNAVAILABLE },
	{ RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ERR_UNAVAILABLE },
	{ RD_KAFKA_RESP_ERR__TIMED_OUT, ERR_UNAVAILABLE },
	{ RD_KAFKA_RESP_ERR_NOT_CONTROLLER, ERR_UNAVAILABLE },
};

static void
test_error_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		assert_int_equal(admin_error_class(classes[i].code), classes[i].class);
}

/* Of several failures all are named; the first one gives the status. A broker's full stop goes. */
static void
test_errors_are_joined(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	admin_add_error(&err, "topic", "a", RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
	    "Topic 'a' already exists.");
	assert_string_equal(err.text, "topic a: Topic 'a' already exists");
	admin_add_error(&err, "topic", "b", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, NULL);
	assert_string_equal(err.text,
	    "topic a: Topic 'a' already exists; topic b: Broker: Topic authorization failed");
	assert_int_equal(err.class, ERR_CANT_CREATE);
}

/* One failure is the error; of several each has been said, and the error counts them. */
static void
test_outcomes(void **state)
{
	struct outcome o = OUTCOME_INIT("topic");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(outcome_end(&o, 3, &err), 0);
	assert_int_equal(err.class, ERR_NONE);
	outcome_fail(&o, "a", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "no.");
	assert_int_equal(outcome_end(&o, 3, &err), -1);
	assert_int_equal(err.class, ERR_DENIED);
	assert_string_equal(err.text, "topic a: no");
	outcome_miss(&o, "b");
	assert_int_equal(outcome_end(&o, 3, &err), -1);
	assert_int_equal(err.class, ERR_DENIED);
	assert_string_equal(err.text, "2 of 3 topics: see above");
}

/* An answer without a word on it is no success. */
static void
test_outcome_that_is_missing(void **state)
{
	struct outcome o = OUTCOME_INIT("group");
	struct err err = ERR_INIT;

	(void)state;
	outcome_miss(&o, "g");
	assert_int_equal(outcome_end(&o, 1, &err), -1);
	assert_int_equal(err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "group g: the answer says nothing of it"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_of_a_secret),
		cmocka_unit_test(test_merge_of_the_unknown),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_error_classes),
		cmocka_unit_test(test_errors_are_joined),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_outcome_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
