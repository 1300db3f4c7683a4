/* SPDX-License-Identifier: MIT */
/* kafka-to-opensearch: names of hosts, what the service says of itself, index templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kafka-to-opensearch/cluster.h"

static void
test_hosts_of_amazon(void **state)
{
	static const struct {
		const char *host, *service, *region; /* service NULL: none of them */
	} cases[] = {
		{ "search-a-xyz.us-east-1.es.amazonaws.com", "es", "us-east-1" },
		{ "vpc-a-xyz.cn-north-1.es.amazonaws.com.cn", "es", "cn-north-1" },
		{ "07tjusf2h91cunochc.eu-west-1.aoss.amazonaws.com", "aoss", "eu-west-1" },
		{ "search-a-xyz.aos.us-east-1.on.aws", "es", "us-east-1" },
		{ "1tg2xudto46knx2a95g.aoss.us-east-1.on.aws", "aoss", "us-east-1" },
		{ "es.amazonaws.com", NULL, NULL },
		{ "a.us-east-1.s3.amazonaws.com", NULL, NULL },
		{ "es.example.com", NULL, NULL },
		{ "amazonaws.com", NULL, NULL },
		{ "localhost", NULL, NULL },
		{ "a.us-east-1.es.amazonaws.com.example.com", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *service = NULL;
		struct slice region = slice_of("");
		bool is_found = access_find_aws(slice_of(cases[i].host), &service, &region);

		if (is_found != (cases[i].service != NULL))
			fail_msg("%s", cases[i].host);
		if (!is_found)
			continue;
		assert_string_equal(service, cases[i].service);
		assert_true(slice_is(region, cases[i].region));
	}
}

static void
test_who_it_is(void **state)
{
	static const struct {
		const char *body, *number, *fault; /* fault NULL: taken */
		bool is_elasticsearch;
	} cases[] = {
		{ "{\"cluster_name\":\"c\",\"version\":{\"distribution\":\"opensearch\",\"number\":\"2.19.3\"}}",
		    "2.19.3", NULL, false },
		{ "{\"cluster_name\":\"c\",\"version\":{\"distribution\":\"opensearch\",\"number\":\"3.4.0\"}}",
		    "3.4.0", NULL, false },
		{ "{\"cluster_name\":\"c\",\"version\":{\"number\":\"7.10.2\"}}", "7.10.2", NULL, true },
		{ "{\"cluster_name\":\"c\",\"version\":{\"number\":\"8.11.0\"}}", "8.11.0", NULL, true },
		{ "{\"cluster_name\":\"c\",\"version\":{\"number\":\"6.8.23\"}}", NULL, "6.8.23 is too old",
		    true },
		{ "{\"version\":{\"number\":7}}", NULL, "no version", true },
		{ "{\"version\":\"7.0.0\"}", NULL, "no version", true },
		{ "[]", NULL, "no version", true },
		{ "<html>", NULL, "no JSON", true },
		{ "", NULL, "no JSON", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cluster cluster;
		struct err err = ERR_INIT;
		int rc = cluster_read(slice_of(cases[i].body), &cluster, &err);

		if (cases[i].fault) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.class, ERR_USAGE);
			if (!strstr(err.text, cases[i].fault))
				fail_msg("%s: %s", cases[i].body, err.text);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", cases[i].body, err.text);
		assert_true(cluster.is_known);
		assert_string_equal(cluster.number, cases[i].number);
		assert_string_equal(cluster.name, "c");
		assert_int_equal(cluster.is_elasticsearch, cases[i].is_elasticsearch);
	}
}

static void
test_templates(void **state)
{
	static const struct {
		const char *text, *want, *fault;
	} cases[] = {
		{ "{\"index_patterns\":[\"x\"],\"template\":{\"mappings\":{}},\"priority\":1}",
		    "{\"index_patterns\":[\"x\"],\"template\":{\"mappings\":{}},\"priority\":1}", NULL },
		{ "{\"template\":{}}", "{\"template\":{},\"index_patterns\":[\"t-*\"]}", NULL },
		{ "{\"mappings\":{\"a\":1},\"settings\":{\"b\":2},\"aliases\":{}}",
		    "{\"template\":{\"settings\":{\"b\":2},\"mappings\":{\"a\":1},\"aliases\":{}},"
		    "\"index_patterns\":[\"t-*\"]}",
		    NULL },
		{ "{\"composed_of\":[\"a\"]}", "{\"composed_of\":[\"a\"],\"index_patterns\":[\"t-*\"]}",
		    NULL },
		{ "{\"data_stream\":{},\"mappings\":{}}",
		    "{\"data_stream\":{},\"template\":{\"mappings\":{}},\"index_patterns\":[\"t-*\"]}", NULL },
		{ "{\"properties\":{}}", NULL, "no index template" },
		{ "{}", NULL, "no index template" },
		{ "[1]", NULL, "not a JSON object" },
		{ "{\"mappings\":\n{\n", NULL, "line 3" },
		{ "", NULL, "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;
		int rc = cluster_template(cases[i].text, "t-{@year}", &out, &err);

		if (cases[i].fault) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.class, ERR_USAGE);
			if (!strstr(err.text, cases[i].fault))
				fail_msg("%s: %s", cases[i].text, err.text);
		} else {
			if (rc)
				fail_msg("%s: %s", cases[i].text, err.text);
			assert_string_equal(out.data, cases[i].want);
		}
		buf_release(&out);
	}
}

static void
test_names_of_templates(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = { { "trips.json", "trips" }, { "./a.b/trips.v1.json", "trips" }, { "trips", "trips" },
		{ "a/.json", NULL }, { "a/", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;

		assert_int_equal(cluster_template_name(cases[i].path, &out, &err),
		    cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_string_equal(out.data, cases[i].want);
		buf_release(&out);
	}
}

/* Only what is wrong with a signature asks for another. */
static void
test_refused_signatures(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum http_verdict verdict;
	} cases[] = {
		{ 403, "{\"message\":\"The security token included in the request is expired\"}",
		    HTTP_EXPIRED },
		{ 403, "{\"message\":\"Signature expired: 20260101T000000Z is now earlier than\"}",
		    HTTP_SKEWED },
		{ 400, "{\"__type\":\"ExpiredTokenException\"}", HTTP_EXPIRED },
		{ 403, "{\"Message\":\"User: x is not authorized\"}", HTTP_DEFAULT },
		{ 403, "", HTTP_DEFAULT },
		{ 503, "Signature expired", HTTP_DEFAULT },
	};
	/* of which nothing but its presence is asked for */
	struct access signs = { .session = (struct aws_session *)&signs };
	struct access plain = { .session = NULL };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_reply reply = { .status = cases[i].status,
			.body = slice_of(cases[i].body) };

		assert_int_equal(access_judge(&signs, &reply, &err), cases[i].verdict);
		assert_int_equal(access_judge(&plain, &reply, &err), HTTP_DEFAULT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_of_amazon),
		cmocka_unit_test(test_who_it_is),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_names_of_templates),
		cmocka_unit_test(test_refused_signatures),
	};

	return cmocka_run_group_tests_name("opensearch_access", tests, NULL, NULL);
}
