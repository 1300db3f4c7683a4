/* SPDX-License-Identifier: MIT */
/* S3 against a server that misbehaves (tests/aws/fake_s3.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "aws/s3.h"
#include "aws/s3_state.h"
#include "base/clock.h"
#include "fake_server.h"

struct world {
	struct fake_server server;
	struct loop *loop;
	struct aws_session *session, *anonymous;
	char endpoint[64];
	struct err err;
};

static int
start_world(void **state)
{
	static const char *const variables[][2] = {
		{ "AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE" },
		{ "AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
		{ "AWS_CONFIG_FILE", "/dev/null" },
		{ "AWS_SHARED_CREDENTIALS_FILE", "/dev/null" },
		{ "AWS_REGION", "us-east-1" },
		{ "AWS_MAX_ATTEMPTS", "3" },
	};
	struct world *w = calloc(1, sizeof(*w));
	struct aws_options options = { .is_unsigned = false };

	if (!w)
		return -1;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		(void)setenv(variables[i][0], variables[i][1], 1);
	/* a wait for ever is a failure */
	(void)alarm(300);
	fake_server_start(&w->server, "aws/fake_s3.py", NULL);
	(void)snprintf(w->endpoint, sizeof(w->endpoint), "http://127.0.0.1:%d", w->server.ports[0]);
	w->loop = loop_new(&w->err);
	options.endpoint_url = w->endpoint;
	w->session = aws_session_open(&options, w->loop, &w->err);
	options.is_unsigned = true;
	w->anonymous = aws_session_open(&options, w->loop, &w->err);
	if (!w->session || !w->anonymous || aws_session_wait_credentials(w->session, &w->err)) {
		print_error("%s\n", w->err.text);
		return -1;
	}
	*state = w;
	return 0;
}

static int
end_world(void **state)
{
	struct world *w = *state;

	aws_session_free(w->session);
	aws_session_free(w->anonymous);
	loop_free(w->loop);
	fake_server_stop(&w->server);
	free(w);
	return 0;
}

static struct s3_bucket *
open_bucket(struct world *w, const char *name)
{
	struct s3_bucket *bucket = s3_bucket_open(w->session, slice_of(name), NULL, &w->err);

	assert_non_null(bucket);
	return bucket;
}

/* How many requests a bucket or "bucket/key" had. */
static int
count_of(struct world *w, const char *what)
{
	struct buf body = BUF_INIT(4096);
	struct http_request request = { .method = "GET" };
	char url[256];
	int count;

	(void)snprintf(url, sizeof(url), "%s/-/%s", w->endpoint, what);
	request.url = slice_of(url);
	assert_int_equal(
	    http_fetch(aws_session_http(w->session), &request, &body, NULL, &w->err), 0);
	count = atoi(body.data);
	buf_release(&body);
	return count;
}

/* Listings. */

struct found {
	char text[1024]; /* keys, each before a '|', archived ones before a '!' */
	size_t len;
	size_t count, stop_at;
	int64_t bytes;
};

static int
on_found(void *context, const struct s3_object *object, struct err *err)
{
	struct found *f = context;

	f->count++;
	f->bytes += object->size;
	assert_int_equal(object->modified_ms, 1255369830000);
	if (f->count == f->stop_at)
		return err_set(err, ERR_USAGE, "enough");
	if (f->len + object->key.len + 2 < sizeof(f->text)) {
		memcpy(f->text + f->len, object->key.data, object->key.len);
		f->len += object->key.len;
		f->text[f->len++] = object->is_archived ? '!' : '|';
	}
	return 0;
}

static int
list(struct world *w, const char *name, const char *prefix, struct found *found)
{
	struct s3_bucket *bucket = open_bucket(w, name);
	int rc;

	err_clear(&w->err);
	memset(found->text, 0, sizeof(found->text));
	found->count = found->len = 0;
	found->bytes = 0;
	rc = s3_list(bucket, slice_of(prefix), on_found, found, &w->err);
	s3_bucket_free(bucket);
	return rc;
}

static void
lists_in_order_of_keys(void **state)
{
	static const struct {
		const char *bucket, *prefix, *keys;
		int requests;
	} cases[] = {
		{ "odd", "",
		    "a|b c|d+e|f%2Fh|f%g|h/../i|h//j|j\001k\r\n|l&<m>'\"|\303\274/\303\253|"
		    "\346\227\245\346\234\254.json|",
		    4 },
		{ "odd-2", "h/", "h/../i|h//j|", 1 },
		{ "odd-3", "f%", "f%2Fh|f%g|", 1 },
		{ "odd-4", "\303\274", "\303\274/\303\253|", 1 },
		{ "odd-5", "none", "", 1 },
		{ "plain-keys", "", "a+b%25|", 1 },
		{ "archive", "", "a!b!c|d|e|", 1 },
		{ "sparse", "", "a|b|", 6 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct found found = { .stop_at = 0 };

		if (list(w, cases[i].bucket, cases[i].prefix, &found))
			fail_msg("%s: %s", cases[i].bucket, w->err.text);
		assert_string_equal(found.text, cases[i].keys);
		assert_int_equal(count_of(w, cases[i].bucket), cases[i].requests);
	}
}

static void
lists_many(void **state)
{
	struct world *w = *state;
	struct found found = { .stop_at = 0 };

	assert_int_equal(list(w, "many-12345", "", &found), 0);
	assert_int_equal(found.count, 12345);
	assert_int_equal(found.bytes, 12345 * 7);
	assert_int_equal(count_of(w, "many-12345"), 13);
	found.stop_at = 1500;
	assert_int_equal(list(w, "many-12346", "", &found), -1);
	assert_string_equal(w->err.text, "enough");
	assert_int_equal(count_of(w, "many-12346"), 2);
}

static void
refusals_are_told(void **state)
{
	static const struct {
		const char *bucket;
		enum err_class class;
		int requests;
		const char *words;
	} cases[] = {
		{ "moved-301", ERR_NONE, 5, "" },
		{ "moved-307", ERR_NONE, 5, "" },
		{ "moved-400", ERR_NONE, 5, "" },
		{ "moved-always", ERR_UNAVAILABLE, 4,
		    "s3://moved-always/: PermanentRedirect: It is so." },
		{ "moved-nowhere", ERR_UNAVAILABLE, 1,
		    "s3://moved-nowhere/: PermanentRedirect: It is so." },
		{ "moved-badly", ERR_UNAVAILABLE, 1,
		    "s3://moved-badly/: PermanentRedirect: It is so." },
		{ "slow", ERR_NONE, 6, "" },
		{ "timeout", ERR_NONE, 6, "" },
		{ "slow-always", ERR_UNAVAILABLE, 3,
		    "s3://slow-always/: SlowDown: Please reduce your request rate. (3 attempts)" },
		{ "denied", ERR_DENIED, 1, "s3://denied/: AccessDenied: Access?Denied" },
		{ "forbidden", ERR_DENIED, 1, "s3://forbidden/: status 403: wrong credentials or no permission" },
		{ "nobucket", ERR_NO_INPUT, 1, "s3://nobucket/: NoSuchBucket: It is so." },
		{ "payer", ERR_DENIED, 1, "s3://payer/: AccessDenied: It is so." },
		{ "unsigned", ERR_UNAVAILABLE, 1, "s3://unsigned/: InvalidRequest: It is so." },
		{ "bad-empty", ERR_UNAVAILABLE, 1,
		    "s3://bad-empty/: listing: line 1: no element found" },
		{ "bad-text", ERR_UNAVAILABLE, 1, "s3://bad-text/: listing: line 1: " },
		{ "bad-cut", ERR_UNAVAILABLE, 1, "s3://bad-cut/: listing: line 2: " },
		{ "bad-root", ERR_UNAVAILABLE, 1,
		    "s3://bad-root/: listing: it is no ListBucketResult" },
		{ "bad-deep", ERR_UNAVAILABLE, 1,
		    "s3://bad-deep/: listing: it is nested too deeply" },
		{ "bad-doctype", ERR_UNAVAILABLE, 1,
		    "s3://bad-doctype/: listing: it has a document type" },
		{ "bad-size", ERR_UNAVAILABLE, 1,
		    "s3://bad-size/: listing: an object has no key, size or time" },
		{ "bad-huge", ERR_UNAVAILABLE, 1,
		    "s3://bad-huge/: listing: an object has no key, size or time" },
		{ "bad-time", ERR_UNAVAILABLE, 1,
		    "s3://bad-time/: listing: an object has no key, size or time" },
		{ "bad-nokey", ERR_UNAVAILABLE, 1,
		    "s3://bad-nokey/: listing: an object has no key, size or time" },
		{ "bad-key", ERR_UNAVAILABLE, 1,
		    "s3://bad-key/: listing: object 1: its key has a NUL or more than 1024 bytes" },
		{ "bad-nul", ERR_UNAVAILABLE, 1,
		    "s3://bad-nul/: listing: object 1: its key has a NUL or more than 1024 bytes" },
		{ "bad-encoding", ERR_UNAVAILABLE, 1,
		    "s3://bad-encoding/: listing: object 1: its key is badly encoded" },
		{ "bad-order", ERR_UNAVAILABLE, 1, "s3://bad-order/a: listed out of order" },
		{ "bad-twice", ERR_UNAVAILABLE, 1, "s3://bad-twice/a: listed out of order" },
		{ "bad-token", ERR_UNAVAILABLE, 1,
		    "s3://bad-token/: listing: it is truncated but has no token" },
		{ "bad-page", ERR_UNAVAILABLE, 1001,
		    "s3://bad-page/: listing: more than 1000 empty pages" },
		{ "bad-loop", ERR_UNAVAILABLE, 2, "s3://bad-loop/p: listed out of order" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct found found = { .stop_at = 0 };
		int rc = list(w, cases[i].bucket, "", &found), requests;
		struct err err = w->err;

		requests = count_of(w, cases[i].bucket);
		if (rc != (cases[i].class ? -1 : 0) || err.class != cases[i].class ||
		    requests != cases[i].requests ||
		    !slice_starts(slice_of(err.text), cases[i].words))
			fail_msg("%s: class %d, %d requests, \"%s\"", cases[i].bucket,
			    (int)err.class, requests, err.text);
	}
}

static void
listed_keys_have_the_prefix(void **state)
{
	struct world *w = *state;
	struct found found = { .stop_at = 0 };

	assert_int_equal(list(w, "bad-prefix", "a", &found), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_string_equal(
	    w->err.text, "s3://bad-prefix/zz: listed, but it does not begin with a");
}

static void
requesters_may_pay_and_not_sign(void **state)
{
	struct world *w = *state;
	struct s3_options paying = { .is_requester_paid = true };
	struct s3_bucket *bucket = s3_bucket_open(w->session, slice_of("payer"), &paying, &w->err);
	struct found found = { .stop_at = 0 };

	assert_int_equal(s3_list(bucket, slice_of(""), on_found, &found, &w->err), 0);
	s3_bucket_free(bucket);
	bucket = s3_bucket_open(w->anonymous, slice_of("unsigned"), NULL, &w->err);
	assert_int_equal(s3_list(bucket, slice_of(""), on_found, &found, &w->err), 0);
	s3_bucket_free(bucket);
}

/* The last one: the session's only credentials are used up. */
static void
expired_credentials_are_told(void **state)
{
	struct world *w = *state;
	struct found found = { .stop_at = 0 };

	assert_int_equal(list(w, "expired", "", &found), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	assert_true(slice_starts(slice_of(w->err.text), "s3://expired/: "));
}

/* Behind the others: the clock stays corrected. */
static void
clocks_are_corrected(void **state)
{
	struct world *w = *state;
	struct found found = { .stop_at = 0 };

	assert_int_equal(list(w, "skewed", "a", &found), 0);
	assert_int_equal(count_of(w, "skewed"), 2);
	assert_int_equal(list(w, "skewed", "b", &found), 0);
	assert_int_equal(count_of(w, "skewed"), 3);
}

/* Objects. */

struct reading {
	int64_t bytes;
	int64_t bad_at; /* first byte that is not as sent; -1 */
};

static void
check_pattern(struct reading *r, const char *data, size_t len)
{
	char wanted[16] = "";

	for (size_t i = 0; i < len; i++) {
		int64_t at = r->bytes + (int64_t)i;

		if (!i || at % 8 == 0)
			(void)snprintf(wanted, sizeof(wanted), "%08d", (int)(at / 8));
		if (data[i] != wanted[at % 8] && r->bad_at < 0)
			r->bad_at = at;
	}
	r->bytes += (int64_t)len;
}

/* Reads to the end, pieces of `piece` bytes. */
static int
read_all(struct world *w, struct s3_get *get, size_t piece, struct reading *r)
{
	char *data = malloc(piece);
	size_t len;
	bool again;
	int rc;

	assert_non_null(data);
	for (;;) {
		rc = s3_get_read(get, data, piece, &len, &again, &w->err);
		if (rc || (!len && !again))
			break;
		if (again)
			(void)loop_turn(w->loop, CLOCK_NEVER);
		check_pattern(r, data, len);
	}
	free(data);
	return rc;
}

static int
get_object(struct world *w, const char *bucket_name, const struct s3_get_options *options,
    size_t piece, struct reading *r)
{
	struct s3_bucket *bucket = open_bucket(w, bucket_name);
	struct s3_get *get;
	int rc = -1;

	err_clear(&w->err);
	*r = (struct reading){ .bytes = options->begin, .bad_at = -1 };
	get = s3_get_start(bucket, options, &w->err);
	if (get)
		rc = read_all(w, get, piece, r);
	s3_get_free(get);
	s3_bucket_free(bucket);
	return rc;
}

static void
objects_come_whole(void **state)
{
	static const struct {
		const char *key;
		int64_t begin, size;
		int requests;
	} cases[] = {
		{ "plain-0", 0, -1, 1 },
		{ "plain-0-1", 0, 0, 0 },
		{ "plain-1", 0, 1, 1 },
		{ "plain-3000000", 0, 3000000, 1 },
		{ "plain-3000001", 0, -1, 1 },
		{ "plain-3000002", 1234567, 3000002, 1 },
		{ "plain-3000003", 3000002, -1, 1 },
		/* begins where it ends: told by the header, or by S3's words */
		{ "plain-100", 100, -1, 1 },
		{ "words-100", 100, -1, 1 },
		{ "plain-101", 101, 101, 0 },
		/* cut after 300,000 bytes each time, or after none that is new */
		{ "cut-1000000-300000", 0, 1000000, 4 },
		{ "cut-1000001-300000", 77, -1, 4 },
		{ "cut-100-1", 0, 100, 100 },
		/* a range of less than what was asked for */
		{ "pieces-1000000-300000", 1, 1000000, 4 },
		/* a server that knows no ranges */
		{ "norange-1000000", 999, 1000000, 1 },
		{ "norangecut-1000000-300000", 0, 1000000, 4 },
		{ "chunked-1000000", 0, -1, 1 },
		{ "chunked-1000001", 5, 1000001, 1 },
		{ "nolength-1000000", 0, 1000000, 1 },
		/* without the chunk that says so, but all bytes are there */
		{ "unended-1000000", 0, 1000000, 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_get_options options = { .key = slice_of(cases[i].key),
			.etag = slice_of(i % 2 ? "\"v1\"" : ""),
			.begin = cases[i].begin,
			.size = cases[i].size,
			.ahead_bytes = i % 3 ? 1 << 20 : 100000 };
		struct reading r;
		char path[64];
		int rc = get_object(w, "big", &options, 70001, &r), requests;
		struct err err = w->err;

		(void)snprintf(path, sizeof(path), "big/%s", cases[i].key);
		requests = count_of(w, path);
		if (rc || r.bad_at >= 0 || requests != cases[i].requests ||
		    r.bytes != atoll(strchr(cases[i].key, '-') + 1))
			fail_msg("%s: %d, %lld bytes, bad at %lld, %d requests, %s", cases[i].key,
			    rc, (long long)r.bytes, (long long)r.bad_at, requests, err.text);
	}
}

static void
parts_come_alone(void **state)
{
	static const struct {
		const char *key;
		int64_t begin, end, size, at;
		int requests;
	} cases[] = {
		{ "plain-4000000", 100, 3000000, 4000000, 3000000, 1 },
		{ "plain-4000001", 0, 1, -1, 1, 1 },
		{ "plain-4000002", 7, 7, -1, 7, 0 },
		{ "plain-4000003", 3999999, 5000000, -1, 4000003, 1 },
		{ "cut-4000000-300000", 100, 1000000, -1, 1000000, 4 },
		/* what is behind the part is not waited for */
		{ "norange-900000000", 1000, 500000, -1, 500000, 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_get_options options = { .key = slice_of(cases[i].key),
			.begin = cases[i].begin,
			.end = cases[i].end,
			.size = cases[i].size,
			.ahead_bytes = 1 << 20 };
		struct reading r;
		char path[64];
		int rc = get_object(w, "big", &options, 70001, &r), requests;
		struct err err = w->err;

		(void)snprintf(path, sizeof(path), "big/%s", cases[i].key);
		requests = count_of(w, path);
		if (rc || r.bad_at >= 0 || requests != cases[i].requests || r.bytes != cases[i].at)
			fail_msg("%s: %d, %lld bytes, bad at %lld, %d requests, %s", cases[i].key,
			    rc, (long long)r.bytes, (long long)r.bad_at, requests, err.text);
	}
}

static void
objects_that_cannot_be_read(void **state)
{
	static const struct {
		const char *bucket, *key, *etag;
		int64_t begin, size;
		enum err_class class;
		int64_t bytes; /* that came before */
		const char *words;
	} cases[] = {
		{ "big", "nothing", "", 0, -1, ERR_NO_INPUT, 0,
		    "s3://big/nothing: NoSuchKey: The specified key does not exist." },
		{ "denied", "key", "", 0, -1, ERR_DENIED, 0, "s3://denied/key: AccessDenied: " },
		{ "slow-always", "key", "", 0, -1, ERR_UNAVAILABLE, 0,
		    "s3://slow-always/key: SlowDown: Please reduce your request rate. (3 "
		    "attempts)" },
		/* a listing's tag, made to be a header */
		{ "big", "plain-6", "\"v1\"\r\nRange: bytes=0-0", 0, 6, ERR_UNAVAILABLE, 0,
		    "s3://big/plain-6: If-Match has a line break" },
		/* other than listed */
		{ "big", "plain-7", "\"v0\"", 0, 7, ERR_DATA, 0,
		    "s3://big/plain-7: the object changed while it was read (status 412)" },
		{ "big", "plain-8", "\"v1\"", 0, 7, ERR_DATA, 0,
		    "s3://big/plain-8: the object changed while it was read (it has 8 bytes, not "
		    "7)" },
		{ "big", "plain-9", "\"v1\"", 4, 10, ERR_DATA, 4,
		    "s3://big/plain-9: the object changed while it was read (it has 9 bytes, not "
		    "10)" },
		{ "big", "plain-9", "", 10, -1, ERR_DATA, 10,
		    "s3://big/plain-9: the object is shorter than 10 bytes" },
		{ "big", "plain-9", "", 10, 9, ERR_DATA, 10,
		    "s3://big/plain-9: the object is shorter than 10 bytes" },
		{ "big", "chunked-1000", "", 0, 999, ERR_DATA, 0,
		    "s3://big/chunked-1000: the object changed while it was read (it has more than "
		    "999 bytes)" },
		/* between two ranges */
		{ "big", "changed-100000-50000", "\"v1\"", 0, 100000, ERR_DATA, 50000,
		    "s3://big/changed-100000-50000: the object changed while it was read (status "
		    "412)" },
		{ "big", "changed-100001-50000", "", 0, -1, ERR_DATA, 50000,
		    "s3://big/changed-100001-50000: the object changed while it was read (status "
		    "412)" },
		{ "big", "nomatch-100000-50000", "", 0, -1, ERR_DATA, 50000,
		    "s3://big/nomatch-100000-50000: the object changed while it was read (its "
		    "entity "
		    "tag is \"v2\", not \"v1\")" },
		{ "big", "grown-100000-50000", "", 0, -1, ERR_DATA, 50000,
		    "s3://big/grown-100000-50000: the object changed while it was read (it has "
		    "100001 bytes, not 100000)" },
		{ "big", "badrange-100", "", 5, -1, ERR_UNAVAILABLE, 5,
		    "s3://big/badrange-100: asked for bytes from 5, got range \"bytes 6-99/100\"" },
		{ "big", "nolength-100", "", 0, -1, ERR_UNAVAILABLE, 0,
		    "s3://big/nolength-100: a reply without a length" },
		{ "big", "longer-100", "", 0, 100, ERR_DATA, 0,
		    "s3://big/longer-100: the object changed while it was read (it has 101 bytes, "
		    "not 100)" },
		/* never ends, but brings nothing any more */
		{ "big", "stuck-100000-50000", "", 0, -1, ERR_UNAVAILABLE, 50000,
		    "s3://big/stuck-100000-50000: Empty reply from server (3 attempts)" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_get_options options = { .key = slice_of(cases[i].key),
			.etag = slice_of(cases[i].etag),
			.begin = cases[i].begin,
			.size = cases[i].size,
			.ahead_bytes = 1 << 20 };
		struct reading r;
		int rc = get_object(w, cases[i].bucket, &options, 4096, &r);

		if (rc != -1 || r.bad_at >= 0 || r.bytes != cases[i].bytes ||
		    w->err.class != cases[i].class ||
		    !slice_starts(slice_of(w->err.text), cases[i].words))
			fail_msg("%s/%s: %d, %lld bytes, class %d, \"%s\"", cases[i].bucket,
			    cases[i].key, rc, (long long)r.bytes, (int)w->err.class, w->err.text);
	}
}

/* A moved bucket is found once, not for each object. */
static void
regions_are_remembered(void **state)
{
	struct world *w = *state;
	struct s3_bucket *bucket = open_bucket(w, "moved-301");
	struct s3_get_options options = { .key = slice_of("key"), .size = 7, .ahead_bytes = 65536 };
	int before = count_of(w, "moved-301");

	for (int i = 0; i < 3; i++) {
		struct s3_get *get = s3_get_start(bucket, &options, &w->err);
		struct reading r = { .bad_at = -1 };

		assert_int_equal(read_all(w, get, 100, &r), 0);
		assert_int_equal(r.bytes, 7);
		s3_get_free(get);
	}
	s3_bucket_free(bucket);
	assert_int_equal(count_of(w, "moved-301") - before, 4);
}

/* Many at once, each with a small buffer that fills up: read one after the other. */
static void
objects_wait_for_their_turn(void **state)
{
	enum { COUNT = 20 };
	struct world *w = *state;
	struct s3_bucket *bucket = open_bucket(w, "big");
	struct s3_get *gets[COUNT];
	char key[64];

	for (int i = 0; i < COUNT; i++) {
		struct s3_get_options options = { .size = 1000000 + i, .ahead_bytes = 65536 };

		(void)snprintf(
		    key, sizeof(key), "%s-%d-400000", i % 2 ? "cut" : "plain", 1000000 + i);
		options.key = slice_of(key);
		gets[i] = s3_get_start(bucket, &options, &w->err);
		assert_non_null(gets[i]);
	}
	/* until all have read ahead what they may */
	for (int i = 0; i < COUNT; i++) {
		while (s3_get_ready(gets[i]) < 49152)
			(void)loop_turn(w->loop, CLOCK_NEVER);
	}
	for (int i = 0; i < COUNT; i++) {
		struct reading r = { .bad_at = -1 };

		assert_true(s3_get_ready(gets[i]) <= 65536);
		assert_int_equal(s3_get_grow(gets[i], 1 << 20, &w->err), 0);
		if (read_all(w, gets[i], 100001, &r))
			fail_msg("%d: %s", i, w->err.text);
		assert_int_equal(r.bytes, 1000000 + i);
		assert_int_equal(r.bad_at, -1);
		s3_get_free(gets[i]);
	}
	s3_bucket_free(bucket);
}

static void
objects_may_be_given_up(void **state)
{
	struct world *w = *state;
	struct s3_bucket *bucket = open_bucket(w, "big");
	struct s3_get_options options = {
		.key = slice_of("cut-9000000-100000"), .size = -1, .ahead_bytes = 65536
	};
	struct s3_get *get = s3_get_start(bucket, &options, &w->err);

	s3_get_free(get);
	get = s3_get_start(bucket, &options, &w->err);
	while (!s3_get_ready(get))
		(void)loop_turn(w->loop, CLOCK_NEVER);
	s3_get_free(get);
	s3_get_free(NULL);
	s3_bucket_free(bucket);
	s3_bucket_free(NULL);
}

/* URLs. */

static void
buckets_have_urls(void **state)
{
	static const struct {
		const char *region, *bucket, *key, *url;
	} cases[] = {
		{ NULL, "abc", "k", "https://abc.s3.us-east-1.amazonaws.com/k" },
		{ "eu-west-1", "a-b", "", "https://a-b.s3.eu-west-1.amazonaws.com/" },
		{ "cn-north-1", "abc", "a/b", "https://abc.s3.cn-north-1.amazonaws.com.cn/a/b" },
		{ "us-east-1", "a.b", "a//../b c+%",
		    "https://s3.us-east-1.amazonaws.com/a.b/a//../b%20c%2B%25" },
		{ "us-east-1", "A_b", "", "https://s3.us-east-1.amazonaws.com/A_b" },
		{ "aws-global", "abc", "\303\274?#",
		    "https://abc.s3.us-east-1.amazonaws.com/%C3%BC%3F%23" },
	};
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);

	(void)state;
	assert_int_equal(unsetenv("AWS_REGION"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct aws_options options = { .is_unsigned = true };
		struct aws_session *session;
		struct s3_bucket *bucket;
		struct buf url = BUF_INIT(1000);
		struct s3_ask ask;

		if (cases[i].region)
			options.regions[options.region_count++] = cases[i].region;
		session = aws_session_open(&options, loop, &err);
		bucket = s3_bucket_open(session, slice_of(cases[i].bucket), NULL, &err);
		assert_non_null(bucket);
		assert_int_equal(
		    s3_append_url(bucket, slice_of(cases[i].key), &ask, &url, &err), 0);
		assert_string_equal(url.data, cases[i].url);
		buf_release(&url);
		s3_bucket_free(bucket);
		aws_session_free(session);
	}
	loop_free(loop);
}

static void
names_are_checked(void **state)
{
	static const char *const names[] = { "", "ab", "a/b", "a b c", "abc?", "bucket--x-s3",
		"arn:aws:s3:us-east-1:123456789012:accesspoint/x", "\303\274\303\274" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_null(s3_bucket_open(w->session, slice_of(names[i]), NULL, &w->err));
		assert_int_equal(w->err.class, ERR_USAGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_in_order_of_keys),
		cmocka_unit_test(lists_many),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(listed_keys_have_the_prefix),
		cmocka_unit_test(requesters_may_pay_and_not_sign),
		cmocka_unit_test(objects_come_whole),
		cmocka_unit_test(parts_come_alone),
		cmocka_unit_test(objects_that_cannot_be_read),
		cmocka_unit_test(regions_are_remembered),
		cmocka_unit_test(objects_wait_for_their_turn),
		cmocka_unit_test(objects_may_be_given_up),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(clocks_are_corrected),
		cmocka_unit_test(expired_credentials_are_told),
		cmocka_unit_test(buckets_have_urls),
	};

	return cmocka_run_group_tests_name("s3", tests, start_world, end_world);
}
