/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/sigv4.h"
#include "codec/time.h"
#include "sigv4_cases.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { HEADERS_MAX = 8, OUT_BYTES_MAX = 65536 };

static int64_t
wall_ms(const char *iso)
{
	const char *reason;
	int64_t ms;

	assert_int_equal(time_parse_iso(slice_of(iso), &ms, &reason), 0);
	return ms;
}

/* "Name:value" lines; one that begins with a blank belongs to the one before. */
static size_t
split_headers(const char *text, struct sigv4_header *ret)
{
	struct slice rest = slice_of(text), line;
	size_t count = 0;

	while (rest.len) {
		(void)slice_cut(rest, '\n', &line, &rest);
		if (line.len && line.data[0] == ' ' && count) {
			struct slice *value = &ret[count - 1].value;

			value->len = (size_t)(line.data + line.len - value->data);
			continue;
		}
		assert_true(count < HEADERS_MAX);
		assert_true(slice_cut(line, ':', &ret[count].name, &ret[count].value));
		count++;
	}
	return count;
}

static struct slice
find_line(struct slice lines, const char *name)
{
	struct slice line;

	while (lines.len) {
		(void)slice_cut(lines, '\n', &line, &lines);
		if (slice_starts(line, name))
			return slice_skip(line, strlen(name));
	}
	return slice_make(NULL, 0);
}

static void
check_suite_case(const struct sigv4_case *c)
{
	struct sigv4_header headers[HEADERS_MAX];
	struct sigv4_request request = {
		.method = slice_of(c->method),
		.host = slice_of("example.amazonaws.com"),
		.path = slice_of(c->path),
		.query = slice_of(c->query),
		.headers = headers,
		.header_count = split_headers(c->headers, headers),
		.service = "service",
		.region = "us-east-1",
		.wall_ms = wall_ms("2015-08-30T12:36:00Z"),
		.is_path_unnormalised = !c->is_normalised,
		.has_payload_header = c->is_body_signed,
	};
	struct sigv4_keys keys = { slice_of("AKIDEXAMPLE"),
		slice_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), slice_of(c->token) };
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	char hash[SIGV4_HASH_BYTES], expected[1024];
	struct err err = ERR_INIT;
	struct slice signature;

	assert_int_equal(sigv4_hash(slice_of(c->body), hash, &err), 0);
	request.payload_hash = slice_of(hash);

	assert_int_equal(sigv4_sign(&request, &keys, &out, &err), 0);
	(void)snprintf(expected, sizeof(expected),
	    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	    "SignedHeaders=%s, Signature=%s",
	    c->signed_headers, c->header_signature);
	if (!slice_is(find_line(buf_slice(&out), "Authorization: "), expected))
		fail_msg("%s: %s", c->name, out.data);
	assert_true(slice_is(find_line(buf_slice(&out), "X-Amz-Date: "), "20150830T123600Z"));
	assert_true(slice_is(find_line(buf_slice(&out), "X-Amz-Security-Token: "), c->token));
	assert_true(slice_is(
	    find_line(buf_slice(&out), "X-Amz-Content-Sha256: "), c->is_body_signed ? hash : ""));

	buf_clear(&out);
	assert_int_equal(sigv4_presign(&request, &keys, 3600, &out, &err), 0);
	assert_true(out.len > 64);
	signature = slice_make(out.data + out.len - 64, 64);
	if (!slice_is(signature, c->query_signature))
		fail_msg("%s: %s", c->name, out.data);
	buf_release(&out);
}

static void
test_suite(void **state)
{
	(void)state;
	assert_int_equal(COUNT(sigv4_cases), 38);
	for (size_t i = 0; i < COUNT(sigv4_cases); i++)
		check_suite_case(&sigv4_cases[i]);
}

/* Amazon S3 API Reference, "Signature Calculations for the Authorization Header", its examples. */
static const struct {
	const char *method, *path, *query, *headers, *body, *signature;
} s3_cases[] = {
	{ "GET", "/test.txt", "", "Range:bytes=0-9\n", "",
	    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "PUT", "/test%24file.text", "",
	    "Date:Fri, 24 May 2013 00:00:00 GMT\nx-amz-storage-class:REDUCED_REDUNDANCY\n",
	    "Welcome to Amazon S3.",
	    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "GET", "/", "lifecycle", "", "",
	    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "GET", "/", "max-keys=2&prefix=J", "", "",
	    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

static const struct sigv4_keys s3_keys = {
	{ "AKIAIOSFODNN7EXAMPLE", 20 },
	{ "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40 },
	{ NULL, 0 },
};

static struct sigv4_request
s3_request(void)
{
	return (struct sigv4_request){
		.method = slice_of("GET"),
		.host = slice_of("examplebucket.s3.amazonaws.com"),
		.service = "s3",
		.region = "us-east-1",
		.wall_ms = wall_ms("2013-05-24T00:00:00Z"),
		.is_path_plain = true,
		.has_payload_header = true,
	};
}

static void
test_s3(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(s3_cases); i++) {
		struct sigv4_request request = s3_request();
		struct sigv4_header headers[HEADERS_MAX];
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		char hash[SIGV4_HASH_BYTES];
		struct err err = ERR_INIT;

		request.method = slice_of(s3_cases[i].method);
		request.path = slice_of(s3_cases[i].path);
		request.query = slice_of(s3_cases[i].query);
		request.headers = headers;
		request.header_count = split_headers(s3_cases[i].headers, headers);
		assert_int_equal(sigv4_hash(slice_of(s3_cases[i].body), hash, &err), 0);
		request.payload_hash = slice_of(hash);
		assert_int_equal(sigv4_sign(&request, &s3_keys, &out, &err), 0);
		if (!strstr(out.data, s3_cases[i].signature))
			fail_msg("%s %s: %s", s3_cases[i].method, s3_cases[i].path, out.data);
		buf_release(&out);
	}
}

/* Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", its example. */
static void
test_s3_presigned(void **state)
{
	struct sigv4_request request = s3_request();
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;

	(void)state;
	request.path = slice_of("/test.txt");
	request.payload_hash = slice_of(SIGV4_UNSIGNED_PAYLOAD);
	assert_int_equal(sigv4_presign(&request, &s3_keys, 86400, &out, &err), 0);
	assert_string_equal(out.data,
	    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
	    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
	    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
	    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	buf_release(&out);
}

static char *
sign_path(const char *path, bool is_plain, const char *query)
{
	struct sigv4_request request = s3_request();
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;

	request.path = slice_of(path);
	request.query = slice_of(query);
	request.is_path_plain = is_plain;
	request.payload_hash = slice_of(SIGV4_EMPTY_PAYLOAD);
	assert_int_equal(sigv4_sign(&request, &s3_keys, &out, &err), 0);
	return buf_take(&out);
}

/* Paths and queries that must, or must not, have one signature. */
static const struct {
	const char *path, *query;
	const char *other_path, *other_query;
	bool is_plain;
	bool is_equal;
} alike[] = {
	{ "/a//b/../c", "", "/a//b/../c", "", true, true },
	{ "/a//b/../c", "", "/a/c", "", true, false }, /* S3: all of it is the key */
	{ "/a//b/../c", "", "/a/c", "", false, true },
	{ "/a/b/..", "", "/a/", "", false, true },
	{ "/..", "", "/", "", false, true },
	{ "", "", "/", "", false, true },
	{ "/a/", "", "/a", "", false, false },
	{ "/a%20b", "", "/a b", "", false, false }, /* encoded once more */
	{ "/", "b=2&a=1", "/", "a=1&b=2", false, true },
	{ "/", "a", "/", "a=", false, true },
	{ "/", "a=%7e", "/", "a=~", false, true }, /* one form of encoding */
	{ "/", "a=%2f", "/", "a=%2F", false, true },
	{ "/", "a=b+c", "/", "a=b%2Bc", false, true }, /* '+' is no space */
	{ "/", "a=%", "/", "a=%25", false, true },
	{ "/", "a=2&a=1", "/", "a=1&a=2", false, true },
	{ "/", "a=1", "/", "a=2", false, false },
};

static void
test_canonical_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(alike); i++) {
		char *one = sign_path(alike[i].path, alike[i].is_plain, alike[i].query);
		char *other =
		    sign_path(alike[i].other_path, alike[i].is_plain, alike[i].other_query);

		if (!strcmp(one, other) != alike[i].is_equal)
			fail_msg("%s?%s", alike[i].path, alike[i].query);
		free(one);
		free(other);
	}
}

/* What HTTP libraries and proxies change is left out. */
static void
test_headers_left_out(void **state)
{
	struct sigv4_header headers[HEADERS_MAX];
	struct sigv4_request request = s3_request();
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;

	(void)state;
	request.headers = headers;
	request.header_count = split_headers(
	    "User-Agent:a\nExpect:100-continue\nHOST:b\nX-Other:c\nconnection:close\n", headers);
	request.payload_hash = slice_of(SIGV4_UNSIGNED_PAYLOAD);
	assert_int_equal(sigv4_sign(&request, &s3_keys, &out, &err), 0);
	assert_non_null(
	    strstr(out.data, "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-other,"));
	assert_non_null(strstr(out.data, "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\n"));
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite),
		cmocka_unit_test(test_s3),
		cmocka_unit_test(test_s3_presigned),
		cmocka_unit_test(test_canonical_forms),
		cmocka_unit_test(test_headers_left_out),
	};

	return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
