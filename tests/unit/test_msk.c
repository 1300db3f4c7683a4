/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "aws/msk.h"
#include "codec/base64.h"
#include "codec/time.h"
#include "tests/unit/shared_data.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

/* "20150830T123600Z" */
static int64_t
stamp_ms(const char *stamp)
{
	struct time_format format;
	const char *reason;
	struct err err = ERR_INIT;
	int64_t ms;

	assert_int_equal(time_format_parse("%Y%m%dT%H%M%SZ", &format, &err), 0);
	assert_int_equal(time_parse(&format, slice_of(stamp), true, &ms, &reason), 0);
	return ms;
}

static void
check_vector(json_t *v)
{
	const char *token = json_string_value(json_object_get(v, "session_token"));
	char *access_key, *secret_key, *date, *expected, *region;
	struct aws_credentials c = { .expires_wall_ms = INT64_MAX };
	struct kafka_token got;
	struct err err = ERR_INIT;
	int64_t now;

	assert_int_equal(
	    json_unpack(v, "{s:s,s:s,s:s,s:s,s:s}", "access_key", &access_key, "secret_key",
		&secret_key, "date", &date, "token", &expected, "region", &region),
	    0);
	c.access_key = access_key;
	c.secret_key = secret_key;
	c.session_token = token ? strdup(token) : NULL;
	now = stamp_ms(date);
	assert_int_equal(msk_sign(&c, region, "lab-c/1", now, &got, &err), 0);
	assert_string_equal(got.value, expected);
	assert_int_equal(got.expires_wall_ms, now + 900 * 1000);
	free(c.session_token);
	free(got.value);
	free(got.principal);
}

static void
test_vectors(void **state)
{
	struct buf text = BUF_INIT(SHARED_FILE_BYTES_MAX);
	json_t *root, *v;
	size_t i, count = 0;

	(void)state;
	shared_require("vectors.json");
	shared_read("vectors.json", &text);
	root = json_loadb(text.data, text.len, 0, NULL);
	assert_non_null(root);
	json_array_foreach(json_object_get(root, "msk_iam"), i, v)
	{
		check_vector(v);
		count++;
	}
	assert_true(count >= 2);
	json_decref(root);
	buf_release(&text);
}

/* One of our own, so that something is held without the shared data: the URL behind a token. */
static void
test_url(void **state)
{
	struct aws_credentials c = { .access_key = (char[]){ "AKIDEXAMPLE" },
		.secret_key = (char[]){ "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
		.expires_wall_ms = INT64_MAX };
	struct kafka_token got;
	struct buf padded = BUF_INIT(4096), url = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    msk_sign(&c, "us-east-1", "a b/1", stamp_ms("20150830T123600Z"), &got, &err), 0);
	assert_null(strpbrk(got.value, "+/="));
	for (char *p = got.value; *p; p++)
		*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
	assert_int_equal(buf_append_text(&padded, got.value, &err), 0);
	while (padded.len % 4)
		assert_int_equal(buf_append_char(&padded, '=', &err), 0);
	assert_int_equal(base64_decode(buf_slice(&padded), &url, &err), 0);
	assert_string_equal(url.data,
	    "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
	    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
	    "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
	    "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
	    "&X-Amz-Signature="
	    "c413a83bc64a339e31a5e5e9ed99d778ff843206b427540cafa5122c01e3e993"
	    "&User-Agent=a%20b%2F1");
	assert_string_equal(got.principal, "AKIDEXAMPLE");
	free(got.value);
	free(got.principal);
	buf_release(&padded);
	buf_release(&url);
}

/* The lesser of 900 s and the credentials' own life; past their end, a short one. */
static void
test_lifetime(void **state)
{
	static const struct {
		int64_t expires_s, life_s;
	} cases[] = { { 3600, 900 }, { 900, 900 }, { 899, 899 }, { 1, 1 }, { 0, 60 }, { -5, 60 } };
	int64_t now = stamp_ms("20150830T123600Z");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aws_credentials c = { .access_key = (char[]){ "A" },
			.secret_key = (char[]){ "s" },
			.expires_wall_ms = now + cases[i].expires_s * 1000 };
		struct kafka_token got;
		struct err err = ERR_INIT;

		assert_int_equal(msk_sign(&c, "us-east-1", "x", now, &got, &err), 0);
		assert_int_equal(got.expires_wall_ms - now, cases[i].life_s * 1000);
		free(got.value);
		free(got.principal);
	}
}

static const struct {
	const char *brokers;
	bool is_meant;
	const char *region; /* NULL: not told */
} brokers[] = {
	{ "b-1.test.123z8u.c2.kafka.us-west-1.amazonaws.com:9098", true, "us-west-1" },
	{ "b-1-public.test.v4ni96.c2.kafka-beta.us-east-1.amazonaws.com:9198,other:9092", true,
	    "us-east-1" },
	{ "boot-x.c1.kafka-serverless.eu-central-1.amazonaws.com:9098", true, "eu-central-1" },
	{ "b-1.test.x.c2.kafka.cn-north-1.amazonaws.com.cn:9098", true, "cn-north-1" },
	{ "SASL_SSL://b-1.test.x.c2.kafka.us-west-1.amazonaws.com:20098", true, "us-west-1" },
	{ " b-1.test.x.c2.kafka.us-west-1.amazonaws.com:9094", false, "us-west-1" },
	{ "localhost:9098", true, NULL },
	{ "localhost:9092,b-1.test.x.c2.kafka.us-west-1.amazonaws.com:9098", false, NULL },
	{ "kafka.us-west-1.example.com:9098", true, NULL },
	{ "kafka.us-west-1.amazonaws.com.example.com:9098", true, NULL },
	{ "[::1]:9098", true, NULL },
	{ "localhost", false, NULL },
	{ "localhost:19098", false, NULL },
	{ "", false, NULL },
};

static void
test_brokers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(brokers); i++) {
		char region[MSK_REGION_BYTES] = "";

		if (msk_is_meant(brokers[i].brokers) != brokers[i].is_meant)
			fail_msg("%s: is it meant?", brokers[i].brokers);
		if (msk_region(brokers[i].brokers, region) != (brokers[i].region != NULL))
			fail_msg("%s: region %s", brokers[i].brokers, region);
		if (brokers[i].region)
			assert_string_equal(region, brokers[i].region);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_brokers),
	};

	return cmocka_run_group_tests_name("msk", tests, NULL, NULL);
}
