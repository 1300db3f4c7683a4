/* SPDX-License-Identifier: MIT */
/* Properties of librdkafka, secrets, and the values of -o. No broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/kafka.h"
#include "source/topic.h"
#include "tests/unit/scratch.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
add(struct kafka_options *o, const char *assignment, bool is_from_file)
{
	struct err err = ERR_INIT;

	if (kafka_options_add(o, assignment, is_from_file, &err))
		fail_msg("%s: %s", assignment, err.text);
}

static void
refuse(const char *assignment, bool is_from_file, const char *words)
{
	struct kafka_options o = { .brokers = NULL };
	struct err err = ERR_INIT;

	if (!kafka_options_add(&o, assignment, is_from_file, &err))
		fail_msg("%s was taken", assignment);
	assert_int_equal(err.class, ERR_USAGE);
	if (!strstr(err.text, words))
		fail_msg("%s: %s", assignment, err.text);
	assert_int_equal(o.property_count, 0);
	kafka_options_release(&o);
}

static void
test_a_later_value_replaces(void **state)
{
	struct kafka_options o = { .brokers = NULL };

	(void)state;
	add(&o, "fetch.min.bytes=1", false);
	add(&o, "client.id=a=b", false);
	add(&o, "fetch.min.bytes=2", false);
	assert_int_equal(o.property_count, 2);
	assert_string_equal(kafka_options_get(&o, "fetch.min.bytes"), "2");
	assert_string_equal(kafka_options_get(&o, "client.id"), "a=b");
	assert_null(kafka_options_get(&o, "linger.ms"));
	kafka_options_release(&o);
}

static void
test_poll_interval(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = { { "10000", 10000 }, { "1", 1 }, { "86400000", 86400000 },
		{ "1s", 300000 } /* librdkafka takes it for 1 */ };
	struct kafka_options none = { .brokers = NULL };

	(void)state;
	assert_int_equal(kafka_options_poll_ms(&none), 300000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kafka_options o = { .brokers = NULL };
		char assignment[64];

		(void)snprintf(
		    assignment, sizeof(assignment), "max.poll.interval.ms=%s", cases[i].value);
		add(&o, assignment, false);
		assert_int_equal(kafka_options_poll_ms(&o), cases[i].ms);
		kafka_options_release(&o);
	}
}

static void
test_aliases_are_one_property(void **state)
{
	struct kafka_options o = { .brokers = NULL };
	struct err err = ERR_INIT;

	(void)state;
	add(&o, "queue.buffering.max.ms=1", false);
	add(&o, "topic.linger.ms=2", false);
	assert_int_equal(o.property_count, 1);
	assert_string_equal(kafka_options_get(&o, "linger.ms"), "2");
	add(&o, "topic.metadata.refresh.interval.ms=3", false);
	assert_string_equal(kafka_options_get(&o, "topic.metadata.refresh.interval.ms"), "3");
	assert_null(kafka_options_brokers(&o, &err));
	assert_int_equal(err.class, ERR_USAGE);
	add(&o, "metadata.broker.list=h:1", false);
	assert_string_equal(kafka_options_brokers(&o, &err), "h:1");
	o.brokers = "b:2";
	assert_string_equal(kafka_options_brokers(&o, &err), "b:2");
	kafka_options_release(&o);
}

static void
test_promises_cannot_be_broken(void **state)
{
	static const char *const names[] = { "acks", "request.required.acks",
		"topic.request.required.acks", "auto.offset.reset", "enable.auto.commit",
		"auto.commit.enable", "enable.auto.offset.store", "enable.idempotence", "group.id",
		"isolation.level", "transactional.id", "partition.assignment.strategy",
		"enable.partition.eof", "enabled_events", "group.protocol" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char assignment[64];

		(void)snprintf(assignment, sizeof(assignment), "%s=x", names[i]);
		refuse(assignment, false, "cannot be set: ");
		refuse(assignment, true, "cannot be set: ");
	}
}

static void
test_malformed(void **state)
{
	(void)state;
	refuse("linger.ms", false, "NAME=VALUE");
	refuse("=5", false, "name");
	refuse("", false, "NAME=VALUE");
}

static void
test_secrets_come_from_files(void **state)
{
	static const char *const names[] = { "sasl.password", "ssl.key.password", "ssl.key.pem",
		"ssl.keystore.password" };
	struct kafka_options o = { .brokers = NULL };
	char *root = scratch_new(), *path, assignment[4200];

	(void)state;
	scratch_write(root, "secret", "hunter2\n");
	path = scratch_path(root, "secret");
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(assignment, sizeof(assignment), "%s=hunter2", names[i]);
		refuse(assignment, false, "=@FILE");
		add(&o, assignment, true);
		(void)snprintf(assignment, sizeof(assignment), "%s=@%s", names[i], path);
		add(&o, assignment, false);
		assert_string_equal(kafka_options_get(&o, names[i]), "hunter2");
	}
	/* which librdkafka may have been built without */
	refuse("sasl.oauthbearer.client.secret=hunter2", false, "=@FILE");
	/* the message about a secret does not tell it */
	{
		struct err err = ERR_INIT;

		assert_int_equal(kafka_options_add(&o, "sasl.password=hunter3", false, &err), -1);
		assert_null(strstr(err.text, "hunter3"));
	}
	free(path);
	scratch_remove(root);
	kafka_options_release(&o);
}

static void
test_bad_secret_files(void **state)
{
	char *root = scratch_new(), *path, assignment[4200];
	struct kafka_options o = { .brokers = NULL };
	struct err err = ERR_INIT;

	(void)state;
	scratch_write(root, "empty", "\n");
	path = scratch_path(root, "empty");
	(void)snprintf(assignment, sizeof(assignment), "sasl.password=@%s", path);
	refuse(assignment, false, "is empty");
	(void)snprintf(assignment, sizeof(assignment), "sasl.password=@%s-not-there", path);
	assert_int_equal(kafka_options_add(&o, assignment, false, &err), -1);
	assert_int_equal(err.class, ERR_NO_INPUT);
	assert_non_null(strstr(err.text, "property sasl.password: /"));
	assert_non_null(strstr(err.text, "-not-there: No such file or directory"));
	assert_int_equal(kafka_options_add(&o, "sasl.password=@/", false, &err), -1);
	assert_int_equal(err.class, ERR_IO);
	assert_string_equal(err.text, "property sasl.password: /: Is a directory");
	scratch_write(root, "empty", "");
	(void)snprintf(assignment, sizeof(assignment), "sasl.password=@%s", path);
	refuse(assignment, false, "is empty");
	refuse("sasl.password=@", false, "=@FILE");
	kafka_options_release(&o);
	free(path);
	scratch_remove(root);
}

static void
test_show_masks(void **state)
{
	struct kafka_options o = { .brokers = NULL };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	add(&o, "sasl.password = hunter2", true);
	add(&o, "client.id=me", false);
	assert_non_null(out);
	kafka_options_show(&o, out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "sasl.password=****\n"));
	assert_non_null(strstr(text, "client.id=me\n"));
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "queued.max.messages.kbytes")); /* and all that there are */
	free(text);
	kafka_options_release(&o);
}

static void
test_java_properties(void **state)
{
	struct kafka_options o = { .brokers = NULL };

	(void)state;
	add(&o, "bootstrap.servers = h:9092", true);
	add(&o, "security.protocol=SASL_SSL", true);
	add(&o, "key.deserializer=org.apache.kafka.common.serialization.StringDeserializer", true);
	add(&o, "ssl.truststore.type=PEM", true);
	add(&o, "ssl.truststore.location=/etc/ca.pem", true);
	add(&o, "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
		"username=\"alice\" password=\"a;b=c\";",
	    true);
	assert_string_equal(kafka_options_get(&o, "bootstrap.servers"), "h:9092");
	assert_string_equal(kafka_options_get(&o, "sasl.username"), "alice");
	assert_string_equal(kafka_options_get(&o, "sasl.password"), "a;b=c");
	assert_string_equal(kafka_options_get(&o, "ssl.ca.location"), "/etc/ca.pem");
	assert_null(kafka_options_get(&o, "key.deserializer"));
	assert_null(kafka_options_get(&o, "sasl.jaas.config"));
	kafka_options_release(&o);
}

static void
expect_conf(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[256];
	size_t size = sizeof(text);

	assert_int_equal(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK);
	if (strcmp(text, value))
		fail_msg("%s is %s, not %s", name, text, value);
}

static void
test_configurations(void **state)
{
	struct kafka_options o = { .brokers = "h:1" };
	struct err err = ERR_INIT;
	rd_kafka_conf_t *conf;

	(void)state;
	add(&o, "client.id=mine", false);
	conf = kafka_conf_new(&o, KAFKA_CONSUMER, &err);
	assert_non_null(conf);
	expect_conf(conf, "bootstrap.servers", "h:1");
	expect_conf(conf, "client.id", "mine");
	expect_conf(conf, "isolation.level", "read_committed");
	expect_conf(conf, "enable.auto.commit", "false");
	assert_int_equal(kafka_conf_default(&o, conf, "client.id", "ours", false, &err), 0);
	expect_conf(conf, "client.id", "mine");
	assert_int_equal(kafka_conf_set(conf, "no.such.property", "1", true, &err), 0);
	assert_int_equal(kafka_conf_set(conf, "no.such.property", "1", false, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	rd_kafka_conf_destroy(conf);

	conf = kafka_conf_new(&o, KAFKA_PRODUCER, &err);
	assert_non_null(conf);
	expect_conf(conf, "enable.idempotence", "true");
	if (rd_kafka_version() < 0x02030000)
		expect_conf(conf, "max.in.flight", "1");
	rd_kafka_conf_destroy(conf);
	add(&o, "max.in.flight.requests.per.connection=3", false);
	conf = kafka_conf_new(&o, KAFKA_PRODUCER, &err);
	assert_non_null(conf);
	expect_conf(conf, "max.in.flight", "3");
	rd_kafka_conf_destroy(conf);
	kafka_options_release(&o);
}

/* At once, where it can still be said on which line they stand. */
static void
test_unknown_properties_and_values(void **state)
{
	static const struct {
		const char *assignment, *words;
	} cases[] = {
		{ "no.such.property=1", "has no property no.such.property" },
		{ "topic.no.such.property=1", "has no property no.such.property" },
		{ "linger.ms=soon", "linger.ms" },
		{ "max.poll.interval.ms=0", "max.poll.interval.ms" },
		{ "max.poll.interval.ms=86400001", "max.poll.interval.ms" },
		{ "max.poll.interval.ms=", "max.poll.interval.ms" },
		{ "security.protocol=quietly", "security.protocol" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		refuse(cases[i].assignment, false, cases[i].words);
		refuse(cases[i].assignment, true, cases[i].words);
	}
}

/* What a plugin brings only librdkafka with that plugin knows, when a handle is made. */
static void
test_properties_of_plugins(void **state)
{
	struct kafka_options o = { .brokers = "h:1" };
	struct err err = ERR_INIT;

	(void)state;
	add(&o, "plugin.library.paths=/nowhere/plugin", false);
	add(&o, "plugins.own.property=1", false);
	assert_null(kafka_conf_new(&o, KAFKA_CONSUMER, &err));
	assert_int_equal(err.class, ERR_USAGE);
	assert_non_null(strstr(err.text, "plugin.library.paths"));
	kafka_options_release(&o);
}

static void
test_error_classes(void **state)
{
	(void)state;
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR_NO_ERROR), ERR_NONE);
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ERR_DENIED);
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR__TRANSPORT), ERR_UNAVAILABLE);
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), ERR_DATA);
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION), ERR_STOPPED);
	assert_int_equal(kafka_error_class(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS), ERR_UNAVAILABLE);
}

static void
test_offsets(void **state)
{
	static const struct {
		const char *text;
		enum offset_kind kind;
		int64_t value;
	} cases[] = {
		{ "beginning", OFFSET_BEGINNING, 0 },
		{ "end", OFFSET_END, 0 },
		{ "stored", OFFSET_STORED, 0 },
		{ "0", OFFSET_AT, 0 },
		{ "17", OFFSET_AT, 17 },
		{ "-17", OFFSET_TAIL, 17 },
		{ "-0", OFFSET_TAIL, 0 },
		{ "s@0", OFFSET_TIME, 0 },
		{ "s@1546303600000", OFFSET_TIME, INT64_C(1546303600000) },
		{ "s@2019-01-01T00:46:40Z", OFFSET_TIME, INT64_C(1546303600000) },
	};
	static const char *const bad[] = { "", "start", "1x", "s@", "s@tomorrow", "e@", "e@x", "s@-5",
		"s@1969-12-31", "e@-1", "--1", "1.5", "-9223372036854775808" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct offset_spec start = { .kind = OFFSET_STORED, .value = -1 };
		bool has_start = false, has_stop = false;
		struct err err = ERR_INIT;
		int64_t stop = 0;

		if (offset_spec_parse(cases[i].text, &start, &has_start, &has_stop, &stop, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(start.kind, cases[i].kind);
		assert_true(start.value == cases[i].value);
		assert_true(has_start && !has_stop);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct offset_spec start = { .kind = OFFSET_END };
		bool has_start = false, has_stop = false;
		struct err err = ERR_INIT;
		int64_t stop = 0;

		if (!offset_spec_parse(bad[i], &start, &has_start, &has_stop, &stop, &err))
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.class, ERR_USAGE);
		assert_true(!has_start && !has_stop && start.kind == OFFSET_END);
	}
}

static void
test_the_end_is_another_offset(void **state)
{
	struct offset_spec start = { .kind = OFFSET_STORED };
	bool has_start = false, has_stop = false;
	struct err err = ERR_INIT;
	int64_t stop = 0;

	(void)state;
	assert_int_equal(offset_spec_parse("e@1000", &start, &has_start, &has_stop, &stop, &err), 0);
	assert_true(has_stop && !has_start && stop == 1000);
	assert_int_equal(offset_spec_parse("s@500", &start, &has_start, &has_stop, &stop, &err), 0);
	assert_true(has_stop && has_start && start.value == 500 && stop == 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_later_value_replaces),
		cmocka_unit_test(test_poll_interval),
		cmocka_unit_test(test_aliases_are_one_property),
		cmocka_unit_test(test_promises_cannot_be_broken),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_secrets_come_from_files),
		cmocka_unit_test(test_bad_secret_files),
		cmocka_unit_test(test_show_masks),
		cmocka_unit_test(test_java_properties),
		cmocka_unit_test(test_configurations),
		cmocka_unit_test(test_unknown_properties_and_values),
		cmocka_unit_test(test_properties_of_plugins),
		cmocka_unit_test(test_error_classes),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_the_end_is_another_offset),
	};

	return cmocka_run_group_tests_name("kafka_options", tests, NULL, NULL);
}
