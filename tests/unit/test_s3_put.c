/* SPDX-License-Identifier: MIT */
/* Writing S3, to a server that verifies what it gets and has faults on order
 * (tests/aws/s3_store.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <inttypes.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "aws/s3_put.h"
#include "aws/s3_xml.h"
#include "base/clock.h"
#include "fake_server.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum {
	PART = S3_PART_BYTES_MIN,
	PERIOD = 4096, /* of the bytes, as s3_store.py has it */
	IN_PARTS = PART + 1000,
};

struct world {
	struct fake_server server;
	struct loop *loop;
	struct aws_session *session;
	char endpoint[64];
	struct buf store; /* what the server has, as it tells */
	unsigned buckets;
	char bucket_name[32];
	struct s3_bucket *bucket; /* of the test */
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
	for (size_t i = 0; i < COUNT(variables); i++)
		(void)setenv(variables[i][0], variables[i][1], 1);
	/* a wait for ever is a failure */
	(void)alarm(600);
	fake_server_start(&w->server, "aws/fake_s3.py", NULL);
	(void)snprintf(w->endpoint, sizeof(w->endpoint), "http://127.0.0.1:%d", w->server.ports[0]);
	buf_init(&w->store, 1 << 20);
	w->loop = loop_new(&w->err);
	options.endpoint_url = w->endpoint;
	w->session = aws_session_open(&options, w->loop, &w->err);
	if (!w->session || aws_session_wait_credentials(w->session, &w->err)) {
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

	s3_bucket_free(w->bucket);
	aws_session_free(w->session);
	loop_free(w->loop);
	fake_server_stop(&w->server);
	buf_release(&w->store);
	free(w);
	return 0;
}

/* ---- the server ---- */

static void
open_bucket(struct world *w, const char *name)
{
	s3_bucket_free(w->bucket);
	(void)snprintf(w->bucket_name, sizeof(w->bucket_name), "%s", name);
	w->bucket = s3_bucket_open(w->session, slice_of(name), NULL, &w->err);
	assert_non_null(w->bucket);
}

/* Each case has an empty one. */
static void
new_bucket(struct world *w)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "store-%u", ++w->buckets);
	open_bucket(w, name);
}

static void
order_faults(struct world *w, const char *lines)
{
	struct buf body = BUF_INIT(4096);
	struct http_request request = { .method = "PUT", .body = slice_of(lines) };
	char url[256];

	(void)snprintf(url, sizeof(url), "%s/-/faults", w->endpoint);
	request.url = slice_of(url);
	assert_int_equal(
	    http_fetch(aws_session_http(w->session), &request, &body, NULL, &w->err), 0);
	buf_release(&body);
}

static void
ask_store(struct world *w)
{
	struct http_request request = { .method = "GET" };
	char url[256];

	(void)snprintf(url, sizeof(url), "%s/-/store/%s", w->endpoint, w->bucket_name);
	request.url = slice_of(url);
	assert_int_equal(
	    http_fetch(aws_session_http(w->session), &request, &w->store, NULL, &w->err), 0);
}

/* How many of its lines begin so. */
static int
count_lines(const struct world *w, const char *begin)
{
	int count = 0;

	for (const char *at = w->store.data; at && *at; at = strchr(at, '\n') + 1)
		count += !strncmp(at, begin, strlen(begin));
	return count;
}

/* ---- what is put ---- */

/* Bytes that tell which part they are in. */
static void
make_bytes(int64_t offset, char *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		int64_t at = offset + (int64_t)i;

		data[i] = (char)('a' + (at % PERIOD) % 23 + at / PART);
	}
}

struct put {
	struct world *w;
	struct s3_put *put;
	int64_t bytes, fed, fails_at;
	size_t memory; /* at most */
	bool is_written, is_done;
	struct err err;
	struct s3_put_result result;
	char etag[64];
};

static int
read_bytes(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	struct put *p = context;

	assert_true(offset + (int64_t)bytes <= p->bytes);
	if (p->fails_at && offset + (int64_t)bytes > p->fails_at)
		return err_set(err, ERR_IO, "the disk says no");
	make_bytes(offset, data, bytes);
	return 0;
}

static void
on_done(void *context, const struct s3_put_result *result, const struct err *err)
{
	struct put *p = context;

	assert_false(p->is_done);
	p->is_done = true;
	p->result = *result;
	p->err = *err;
	(void)snprintf(p->etag, sizeof(p->etag), "%.*s", SLICE_ARGS(result->etag));
}

static void
start_put(struct world *w, struct put *p, const char *key, const struct s3_put_options *options)
{
	struct s3_put_options own = *options;

	p->w = w;
	own.key = slice_of(key);
	own.part_bytes = PART;
	own.read = p->is_written ? NULL : read_bytes;
	own.context = p;
	own.done = on_done;
	p->put = s3_put_start(w->bucket, &own, &w->err);
	assert_non_null(p->put);
}

/* A piece; false where it did not take any. */
static bool
feed(struct put *p)
{
	char piece[100000];
	int64_t bytes = p->bytes - p->fed;
	size_t taken;

	if (bytes > (int64_t)sizeof(piece))
		bytes = sizeof(piece);
	if (p->is_written) {
		make_bytes(p->fed, piece, (size_t)bytes);
		assert_int_equal(
		    s3_put_write(p->put, slice_make(piece, (size_t)bytes), &taken, &p->w->err), 0);
		assert_true((int64_t)taken <= bytes);
		p->fed += (int64_t)taken;
	} else {
		p->fed += bytes;
		s3_put_extend(p->put, p->fed);
		taken = (size_t)bytes;
	}
	if (s3_put_memory(p->put) > p->memory)
		p->memory = s3_put_memory(p->put);
	return taken > 0;
}

static void
feed_all(struct put *p)
{
	while (p->fed < p->bytes) {
		if (!feed(p))
			(void)loop_turn(p->w->loop, clock_deadline(100));
	}
	s3_put_end(p->put);
}

static void
wait_for(struct put *p)
{
	while (!p->is_done)
		(void)loop_turn(p->w->loop, CLOCK_NEVER);
	s3_put_free(p->put);
	p->put = NULL;
}

/* "SIZE HASH" of what has so many of our bytes. */
static void
describe(int64_t bytes, char ret[static 128])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char *data = malloc((size_t)bytes + 1);
	int len;

	assert_non_null(data);
	make_bytes(0, data, (size_t)bytes);
	assert_int_equal(EVP_Digest(data, (size_t)bytes, hash, NULL, EVP_sha256(), NULL), 1);
	len = snprintf(ret, 128, "%" PRId64 " ", bytes);
	for (int i = 0; i < 32; i++)
		len += snprintf(ret + len, 128 - (size_t)len, "%02x", hash[i]);
	free(data);
}

static bool
has_object(struct world *w, const char *key, int64_t bytes)
{
	char line[256], text[128];

	describe(bytes, text);
	(void)snprintf(line, sizeof(line), "object %s %s", key, text);
	return strstr(w->store.data, line);
}

/* ---- sizes ---- */

static void
objects_of_all_sizes(void **state)
{
	static const struct {
		int64_t bytes;
		unsigned parts;
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ PART - 1, 0 },
		{ PART, 0 },
		{ PART + 1, 2 },
		{ 2 * PART, 2 },
		{ 2 * PART + 1, 3 },
		{ 5 * PART + 77, 6 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct put p = { .bytes = cases[i / 2].bytes, .is_written = i % 2 };

		new_bucket(w);
		start_put(w, &p, "a key/+%\303\274", &(struct s3_put_options){ .parts_max = 3 });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		assert_int_equal(p.result.parts, cases[i / 2].parts);
		assert_int_equal(p.result.bytes, p.bytes);
		assert_false(p.result.was_there);
		assert_true(p.etag[0] == '"');
		ask_store(w);
		assert_true(has_object(w, "a key/+%\303\274", p.bytes));
		assert_int_equal(count_lines(w, "upload "), 0);
		/* one more each to begin and to end the upload */
		assert_int_equal(count_lines(w, "request "),
		    cases[i / 2].parts ? (int)cases[i / 2].parts + 2 : 1);
		/* three buffers at most, and what else there is */
		assert_true(p.memory <= 3 * (size_t)PART + 16384);
	}
}

/* Nothing is sent before it is known whether it goes in parts, and nothing seen before its end. */
static void
parts_go_before_the_end(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		struct put p = { .bytes = PART, .is_written = i };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .parts_max = 2 });
		while (p.fed < p.bytes)
			(void)feed(&p);
		ask_store(w);
		assert_int_equal(count_lines(w, "request "), 0);
		p.bytes = 4 * PART - 1;
		while (p.fed < p.bytes) {
			if (!feed(&p))
				(void)loop_turn(w->loop, clock_deadline(100));
		}
		do {
			(void)loop_turn(w->loop, clock_deadline(100));
			ask_store(w);
		} while (!strstr(w->store.data, "upload k 3"));
		assert_int_equal(count_lines(w, "object "), 0);
		assert_int_equal(count_lines(w, "request PUT"), 3);
		s3_put_end(p.put);
		wait_for(&p);
		ask_store(w);
		assert_true(has_object(w, "k", 4 * PART - 1));
	}
}

static void
several_at_once(void **state)
{
	struct world *w = *state;
	struct put puts[8] = { { .w = NULL } };
	char key[8];

	new_bucket(w);
	for (int i = 0; i < 8; i++) {
		puts[i].bytes = i * (PART / 3);
		puts[i].is_written = i % 2;
		(void)snprintf(key, sizeof(key), "k%d", i);
		start_put(w, &puts[i], key, &(struct s3_put_options){ .is_create_only = true });
	}
	for (int i = 0; i < 8; i++)
		feed_all(&puts[i]);
	for (int i = 0; i < 8; i++) {
		wait_for(&puts[i]);
		assert_int_equal(puts[i].err.class, ERR_NONE);
	}
	ask_store(w);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_true(has_object(w, key, puts[i].bytes));
	}
	assert_int_equal(count_lines(w, "upload "), 0);
}

/* ---- faults ---- */

/* Where the bytes come from; ANY: one or the other by turns. */
enum { ANY, READ, WRITTEN };

struct fault_case {
	int64_t bytes;
	const char *faults;
	enum err_class class;
	const char *words; /* NULL: any */
	bool was_there;
	int uploads; /* left */
	int from;
	bool may_replace;
	bool is_there; /* though it failed */
};

static void
run_fault_case(struct world *w, const struct fault_case *c, bool is_written)
{
	struct put p = { .bytes = c->bytes, .is_written = is_written };

	new_bucket(w);
	order_faults(w, c->faults);
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = !c->may_replace });
	feed_all(&p);
	wait_for(&p);
	if (p.err.class != c->class || (c->words && !strstr(p.err.text, c->words)) ||
	    p.result.was_there != c->was_there)
		fail_msg("%s(%s): class %d, was there %d: %s", c->faults,
		    is_written ? "written" : "read", p.err.class, p.result.was_there, p.err.text);
	ask_store(w);
	if (has_object(w, "k", c->bytes) != (c->class == ERR_NONE || c->is_there) ||
	    count_lines(w, "upload ") != c->uploads)
		fail_msg("%s(%s): not as expected:\n%s", c->faults, is_written ? "written" : "read",
		    w->store.data);
	order_faults(w, "");
}

static void
run_fault_cases(struct world *w, const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_written = cases[i].from == ANY ? i % 2 : cases[i].from == WRITTEN;

		run_fault_case(w, &cases[i], is_written);
	}
}

#define TWICE(line) line "\n" line "\n"
#define THRICE(line) line "\n" TWICE(line)
#define FOUR_TIMES(line) TWICE(line) TWICE(line)

static void
one_request_with_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = 100, .faults = TWICE("PUT\t503 SlowDown"),
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = TWICE("PUT\t500 InternalError"),
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = "PUT\t400 BadDigest\n",
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = "PUT\tcut\n", .class = ERR_NONE, .was_there = false },
		{ .bytes = 3 * 1024 * 1024, .faults = "PUT\tcut\n",
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = THRICE("PUT\t503 SlowDown"), .class = ERR_UNAVAILABLE,
		    .words = "SlowDown" },
		{ .bytes = 100, .faults = "PUT\t403 AccessDenied\n", .class = ERR_DENIED,
		    .words = "AccessDenied: It is so." },
		{ .bytes = 100, .faults = "PUT\t404 NoSuchBucket\n", .class = ERR_CANT_CREATE,
		    .words = "NoSuchBucket" },
		{ .bytes = 100, .faults = "PUT\t400 InvalidArgument\n", .class = ERR_CANT_CREATE,
		    .words = "InvalidArgument" },
		/* the reply was lost: ours is there */
		{ .bytes = 100, .faults = "PUT\tlost\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 0, .faults = "PUT\tlost\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tbare\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t503 SlowDown\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "status 403", .is_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\n", .class = ERR_NONE, .may_replace = true },
		/* somebody else's */
		{ .bytes = 100, .faults = "PUT\tsame\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tother hello\n", .class = ERR_CANT_CREATE,
		    .words = "it has 5 bytes, not 100" },
		{ .bytes = 5, .faults = "PUT\tother hello\n", .class = ERR_CANT_CREATE,
		    .words = "its CRC-64/NVME is " },
		{ .bytes = 5, .faults = "PUT\tother hello\nHEAD\tbare\n", .class = ERR_CANT_CREATE,
		    .words = "its CRC-64/NVME is " },
		{ .bytes = 100, .faults = "PUT\tother hello\n",
		    .class = ERR_NONE, .may_replace = true },
		/* it was there, and is gone */
		{ .bytes = 100, .faults = "PUT\t409 ConditionalRequestConflict\n",
		    .class = ERR_NONE },
		{ .bytes = 100, .faults = THRICE("PUT\t409 ConditionalRequestConflict"),
		    .class = ERR_UNAVAILABLE, .words = "Conflict" },
		{ .bytes = 100, .faults = "PUT\t412 PreconditionFailed\n", .class = ERR_NONE },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tgone\n", .class = ERR_NONE },
		{ .bytes = 100, .faults = FOUR_TIMES("PUT\t412 PreconditionFailed"),
		    .class = ERR_UNAVAILABLE, .words = "could not be created, and is not there" },
	};

	run_fault_cases(*state, cases, COUNT(cases));
}

static void
parts_with_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploads\t503 SlowDown"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = TWICE("PUT.*partNumber=2\t503 SlowDown") "PUT\tcut\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=1\tlost\npartNumber=2\tlost\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=1\t400 BadDigest\n", .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\tgone\n", .class = ERR_UNAVAILABLE,
		    .words = "aborted by somebody else" },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\tempty\n", .class = ERR_UNAVAILABLE,
		    .words = "part 2: the reply has no" },
		{ .bytes = IN_PARTS, .faults = THRICE("partNumber=2\t500 InternalError"),
		    .class = ERR_UNAVAILABLE, .words = "InternalError" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploads\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploads\tempty\n", .class = ERR_UNAVAILABLE,
		    .words = "beginning an upload", .uploads = 1 },
		/* the end */
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploadId\t503 SlowDown"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploadId\t200 InternalError"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 SlowDown\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tblanks\n", .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 AccessDenied\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tdone InternalError\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\nHEAD\tbare\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tempty\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\n",
		    .class = ERR_NONE, .was_there = true, .may_replace = true },
		/* somebody else's; our upload goes */
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tsame\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tother hello\n",
		    .class = ERR_CANT_CREATE, .words = "it has 5 bytes" },
		{ .bytes = IN_PARTS,
		    .faults = "POST k.uploadId\tother hello\nDELETE\t503 SlowDown\n",
		    .class = ERR_CANT_CREATE, .words = "it has 5 bytes" },
		{ .bytes = IN_PARTS,
		    .faults = "POST k.uploadId\tother hello\n" TWICE("DELETE\t500 InternalError"),
		    .class = ERR_CANT_CREATE, .words = "it has 5 bytes", .uploads = 1 },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tother hello\n",
		    .class = ERR_NONE, .may_replace = true },
		/* once more, from the first byte, where that can be read again */
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t409 ConditionalRequestConflict\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t409 ConditionalRequestConflict\n",
		    .class = ERR_UNAVAILABLE, .words = "could not be created", .from = WRITTEN },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 PreconditionFailed\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tgone\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = FOUR_TIMES("POST k.uploadId\tgone"),
		    .class = ERR_UNAVAILABLE, .words = "could not be created", .from = READ },
	};

	run_fault_cases(*state, cases, COUNT(cases));
}

/* A service that is away for longer than io/http tries. */
static void
patience_waits(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = IN_PARTS };

	new_bucket(w);
	order_faults(w,
	    THRICE("partNumber=2\t503 SlowDown") THRICE("POST k.uploadId\t503 SlowDown"));
	start_put(w, &p, "k", &(struct s3_put_options){ .patience_ms = 60000 });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(p.err.class, ERR_NONE);
	ask_store(w);
	assert_true(has_object(w, "k", IN_PARTS));
	assert_int_equal(count_lines(w, "request PUT k?partNumber=2"), 4);
}

static void
readers_may_fail(void **state)
{
	static const int64_t fails_at[] = { 1000, PART / 2, PART + 10, IN_PARTS - 1 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(fails_at); i++) {
		struct put p = { .bytes = i ? IN_PARTS : 2000, .fails_at = fails_at[i] };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_IO);
		assert_non_null(strstr(p.err.text, "/k: the disk says no"));
		ask_store(w);
		assert_int_equal(count_lines(w, "upload "), 0);
		assert_int_equal(count_lines(w, "object "), 0);
	}
}

/* What is there already decides, whoever put it there. */
static void
objects_are_created_once(void **state)
{
	static const int64_t sizes[] = { 0, 7, IN_PARTS };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct put p = { .bytes = sizes[i] };
		char etag[64];

		new_bucket(w);
		for (int again = 0; again < 2; again++) {
			p = (struct put){ .bytes = sizes[i], .is_written = again };
			start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
			feed_all(&p);
			wait_for(&p);
			assert_int_equal(p.err.class, ERR_NONE);
			assert_int_equal(p.result.was_there, again);
			if (again)
				assert_string_equal(p.etag, etag);
			memcpy(etag, p.etag, sizeof(etag));
		}
		p = (struct put){ .bytes = sizes[i] + 1 };
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_CANT_CREATE);
		ask_store(w);
		assert_true(has_object(w, "k", sizes[i]));
		assert_int_equal(count_lines(w, "upload "), 0);
	}
}

/* ---- giving up ---- */

static void
puts_may_be_cancelled(void **state)
{
	static const struct {
		int64_t bytes;
		const char *faults;
		const char *until; /* a line of the store's; NULL: at once */
	} cases[] = {
		{ 100, "", NULL },
		{ 100, "PUT\thang\n", "request PUT" },
		{ IN_PARTS, "", NULL },
		{ IN_PARTS, TWICE("POST k.uploads\t503 SlowDown"), "request POST" },
		{ IN_PARTS, "partNumber=2\thang\n", "request PUT k?partNumber=2" },
		{ IN_PARTS, "POST k.uploadId\thang\n", "request POST k?uploadId" },
		{ IN_PARTS, "POST k.uploadId\tother hello\nHEAD\thang\n", "request HEAD" },
		{ IN_PARTS, "POST k.uploadId\tother hello\nDELETE\t503 SlowDown\n",
		    "request DELETE" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct put p = { .bytes = cases[i / 2].bytes, .is_written = i % 2 };

		new_bucket(w);
		order_faults(w, cases[i / 2].faults);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		do {
			if (!cases[i / 2].until)
				break;
			(void)loop_turn(w->loop, clock_deadline(20));
			ask_store(w);
		} while (!count_lines(w, cases[i / 2].until));
		s3_put_cancel(p.put);
		s3_put_cancel(p.put);
		wait_for(&p);
		/* the last case has failed before it was cancelled */
		assert_int_equal(
		    p.err.class, i / 2 == COUNT(cases) - 1 ? ERR_CANT_CREATE : ERR_STOPPED);
		ask_store(w);
		assert_int_equal(count_lines(w, "upload "), 0);
		order_faults(w, "");
	}
}

/* At any moment; done is not told. */
static void
puts_may_be_freed(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 24; i++) {
		struct put p = { .bytes = i % 2 ? 100 : IN_PARTS, .is_written = i / 2 % 2 };
		bool was_done;

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		for (int turns = 0; turns < i && !p.is_done; turns++)
			(void)loop_turn(w->loop, clock_deadline(10));
		was_done = p.is_done;
		s3_put_free(p.put);
		(void)loop_turn(w->loop, 0);
		assert_int_equal(p.is_done, was_done);
	}
}

static bool
begins_with_b(void *context, struct slice key)
{
	int *asked = context;

	++*asked;
	return slice_starts(key, "p/b");
}

/* What a killed run has left. */
static void
uploads_are_aborted(void **state)
{
	static const char *const keys[] = { "p/a", "p/b 1", "p/b\n2", "p/b3", "p/b3", "p/c", "q/b" };
	struct world *w = *state;
	size_t count = 99;
	int asked = 0;

	new_bucket(w);
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct put p = { .bytes = IN_PARTS };

		start_put(w, &p, keys[i], &(struct s3_put_options){ .is_create_only = true });
		s3_put_extend(p.put, IN_PARTS);
		do {
			(void)loop_turn(w->loop, clock_deadline(20));
			ask_store(w);
		} while (count_lines(w, "upload ") <= (int)i);
		s3_put_free(p.put);
	}
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of("p/"), begins_with_b, &asked, &count,
			     &w->err), 0);
	assert_int_equal(asked, 6);
	assert_int_equal(count, 4);
	ask_store(w);
	assert_int_equal(count_lines(w, "upload "), 3);
	assert_int_equal(count_lines(w, "upload p/b"), 0);
	/* one that ends meanwhile, and refusals */
	order_faults(w, "DELETE\t404 NoSuchUpload\n");
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of("q/b"), begins_with_b, &asked, &count,
			     &w->err), 0);
	assert_int_equal(count, 0);
	order_faults(w, "GET\t403 AccessDenied\n");
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of(""), begins_with_b, &asked, &count,
			     &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	order_faults(w, "");
}

/* ---- the rest ---- */

static void
objects_have_a_style(void **state)
{
	static const struct s3_style style = {
		.content_type = "application/x-ndjson",
		.content_encoding = "zstd",
		.storage_class = "STANDARD_IA",
		.encryption = "aws:kms",
		.kms_key_id = "arn:aws:kms:us-east-1:1:key/k",
		.tagging = "a=b&c%20d=",
		.acl = "bucket-owner-full-control",
	};
	static const char told[] =
	    " content-encoding=zstd content-type=application/x-ndjson"
	    " x-amz-acl=bucket-owner-full-control"
	    " x-amz-server-side-encryption=aws:kms"
	    " x-amz-server-side-encryption-aws-kms-key-id=arn:aws:kms:us-east-1:1:key/k"
	    " x-amz-storage-class=STANDARD_IA x-amz-tagging=a=b&c%20d=\n";
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		struct put p = { .bytes = i ? IN_PARTS : 9 };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .style = &style });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		ask_store(w);
		assert_non_null(strstr(w->store.data, told));
	}
}

static void
checksums_may_be_left_out(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 4; i++) {
		struct put p = { .bytes = i / 2 ? IN_PARTS : 9 };

		if (i % 2 == 0)
			new_bucket(w);
		start_put(w, &p, "k",
		    &(struct s3_put_options){ .is_create_only = true, .has_no_checksum = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		assert_int_equal(p.result.was_there, i % 2);
		ask_store(w);
		/* it had to be read */
		assert_int_equal(count_lines(w, "request GET"), i % 2);
	}
}

static void
heads_tell_objects(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 1000 };
	struct s3_head head;

	new_bucket(w);
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_false(head.is_there);
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_true(head.is_there);
	assert_int_equal(head.bytes, 1000);
	assert_true(head.has_crc64);
	assert_int_equal(head.crc64, p.result.crc64);
	assert_string_equal(head.etag, p.etag);
	order_faults(w, "HEAD\tbare\n");
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_false(head.has_crc64);
	order_faults(w, "HEAD\t403 AccessDenied\n");
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	order_faults(w, "");
}

static void
buckets_must_be_there(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 1 };

	open_bucket(w, "store-none");
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(p.err.class, ERR_CANT_CREATE);
	assert_string_equal(p.err.text, "s3://store-none/k: NoSuchBucket: It is so.");
}

static void
options_are_checked(void **state)
{
	static const struct s3_put_options cases[] = {
		{ .part_bytes = S3_PART_BYTES_MIN - 1 },
		{ .part_bytes = S3_PART_BYTES_MAX + 1ll },
		{ .parts_max = 1 },
		{ .parts_max = S3_PARTS_AT_ONCE_MAX + 1 },
	};
	struct world *w = *state;

	new_bucket(w);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_null(s3_put_start(w->bucket, &cases[i], &w->err));
		assert_int_equal(w->err.class, ERR_USAGE);
	}
}

/* S3's limits: "Amazon S3 multipart upload limits" (Amazon S3 User Guide). */
static void
parts_grow(void **state)
{
	static const int64_t firsts[] = { S3_PART_BYTES_MIN, S3_PART_BYTES_USUAL,
		S3_PART_BYTES_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		int64_t sum = 0, last = 0;

		for (unsigned n = 1; n <= S3_PARTS_MAX; n++) {
			int64_t bytes = s3_part_bytes(firsts[i], n);

			assert_true(bytes >= last && bytes <= (int64_t)5 << 30);
			if (n <= 1000)
				assert_int_equal(bytes, firsts[i]);
			sum += bytes;
			last = bytes;
		}
		/* the 5 TB that objects have had for long */
		assert_true(sum >= (int64_t)5000 * 1000 * 1000 * 1000);
		assert_int_equal(s3_part_bytes(firsts[i], S3_PARTS_MAX + 1), 0);
	}
}

static void
tags_are_encoded(void **state)
{
	struct buf tagging = BUF_INIT(100000);
	struct err err = ERR_INIT;
	char name[400];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(s3_tagging_append(&tagging, slice_of("a"), slice_of("b"), &err), 0);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_of("c d"), slice_of("e&f=\303\274"), &err), 0);
	assert_string_equal(tagging.data, "a=b&c%20d=e%26f%3D%C3%BC");
	assert_int_equal(s3_tagging_append(&tagging, slice_of(""), slice_of("b"), &err), -1);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_make(name, 129), slice_of(""), &err), -1);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_of("x"), slice_make(name, 257), &err), -1);
	for (int i = 2; i < 10; i++)
		assert_int_equal(s3_tagging_append(&tagging, slice_make(name, 128),
				     slice_make(name, 256), &err), 0);
	assert_int_equal(s3_tagging_append(&tagging, slice_of("x"), slice_of(""), &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	buf_release(&tagging);
}

#define UPLOADS(text) "<ListMultipartUploadsResult>" text "</ListMultipartUploadsResult>"

static void
bad_listings_are_refused(void **state)
{
	static const char *const cases[] = { "", "words", "<Other/>",
		UPLOADS("<Upload><Key>a</Key></Upload>"),
		UPLOADS("<Upload><UploadId>a</UploadId></Upload>"),
		UPLOADS("<IsTruncated>true</IsTruncated>"),
		UPLOADS("<EncodingType>url</EncodingType><Upload><Key>%4</Key>"
			"<UploadId>a</UploadId></Upload>"),
		UPLOADS("<EncodingType>url</EncodingType><Upload><Key>%00</Key>"
			"<UploadId>a</UploadId></Upload>"),
		UPLOADS("<EncodingType>url</EncodingType><NextKeyMarker>%zz</NextKeyMarker>"),
		"<!DOCTYPE x><ListMultipartUploadsResult/>" };
	struct buf text = BUF_INIT(1000);
	struct s3_uploads page;
	struct err err = ERR_INIT;

	(void)state;
	s3_uploads_init(&page);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(s3_uploads_read(&page, slice_of(cases[i]), &err), -1);
		assert_int_equal(err.class, ERR_UNAVAILABLE);
	}
	assert_int_equal(s3_uploads_read(&page, slice_of(UPLOADS("")), &err), 0);
	assert_int_equal(page.count, 0);
	s3_uploads_release(&page);
	assert_int_equal(
	    s3_begun_read(slice_of("<InitiateMultipartUploadResult/>"), &text, &err), -1);
	assert_int_equal(
	    s3_completed_read(slice_of("<Error><Code>x</Code></Error>"), &text, &err), -1);
	assert_int_equal(
	    s3_completed_read(slice_of(" \n<CompleteMultipartUploadResult/>"), &text, &err), 0);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_all_sizes),
		cmocka_unit_test(parts_go_before_the_end),
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(one_request_with_faults),
		cmocka_unit_test(parts_with_faults),
		cmocka_unit_test(patience_waits),
		cmocka_unit_test(readers_may_fail),
		cmocka_unit_test(objects_are_created_once),
		cmocka_unit_test(puts_may_be_cancelled),
		cmocka_unit_test(puts_may_be_freed),
		cmocka_unit_test(uploads_are_aborted),
		cmocka_unit_test(objects_have_a_style),
		cmocka_unit_test(checksums_may_be_left_out),
		cmocka_unit_test(heads_tell_objects),
		cmocka_unit_test(buckets_must_be_there),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(parts_grow),
		cmocka_unit_test(tags_are_encoded),
		cmocka_unit_test(bad_listings_are_refused),
	};

	return cmocka_run_group_tests_name("s3_put", tests, start_world, end_world);
}
