/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "s3_put_kit.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/clock.h"

enum { PERIOD = 4096 }; /* of the bytes, as s3_store.py has it */

int
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

int
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

void
open_bucket(struct world *w, const char *name)
{
	s3_bucket_free(w->bucket);
	(void)snprintf(w->bucket_name, sizeof(w->bucket_name), "%s", name);
	w->bucket = s3_bucket_open(w->session, slice_of(name), NULL, &w->err);
	assert_non_null(w->bucket);
}

void
new_bucket(struct world *w)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "store-%u", ++w->buckets);
	open_bucket(w, name);
}

void
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

void
ask_store(struct world *w)
{
	struct http_request request = { .method = "GET" };
	char url[256];

	(void)snprintf(url, sizeof(url), "%s/-/store/%s", w->endpoint, w->bucket_name);
	request.url = slice_of(url);
	assert_int_equal(
	    http_fetch(aws_session_http(w->session), &request, &w->store, NULL, &w->err), 0);
}

int
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

void
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

bool
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

void
feed_all(struct put *p)
{
	while (p->fed < p->bytes) {
		if (!feed(p))
			(void)loop_turn(p->w->loop, clock_deadline(100));
	}
	s3_put_end(p->put);
}

void
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

bool
has_object(struct world *w, const char *key, int64_t bytes)
{
	char line[256], text[128];

	describe(bytes, text);
	(void)snprintf(line, sizeof(line), "object %s %s", key, text);
	return strstr(w->store.data, line);
}
