/* SPDX-License-Identifier: MIT */
/* HTTP against a server that misbehaves (tests/io/fake_http.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "fake_server.h"
#include "io/http.h"
#include "scratch.h"

/* Of the hasty handle: no test waits for the limits that a tool has, and a slow machine does not
 * matter to what has no stalls. */
enum { STALL_MS = 1000 };

/* How far a test has moved this machine's wall clock. */
static int64_t wall_ahead_s;

/* Before libc's own. */
int
clock_gettime(clockid_t id, struct timespec *ret)
{
	long rc = syscall(SYS_clock_gettime, id, ret);

	if (!rc && id == CLOCK_REALTIME)
		ret->tv_sec += wall_ahead_s;
	return (int)rc;
}

struct world {
	char *scratch;
	struct fake_server server;
	struct loop *loop;
	struct http *http, *hasty;
	char url[256];
	struct buf body;
	int status;
	struct err err;
};

static struct world *
world_of(void **state)
{
	struct world *w = *state;

	err_clear(&w->err);
	w->status = -1;
	buf_clear(&w->body);
	return w;
}

static struct http *
open_http(struct world *w, const struct http_options *options)
{
	struct http_options own = *options;

	own.user_agent = "sluice-test";
	return http_new(w->loop, &own, &w->err);
}

static int
start_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char *certificate, *key, *command;
	const char *args[] = { "--tls", NULL, NULL, NULL };

	if (!w)
		return -1;
	w->scratch = scratch_new();
	certificate = scratch_path(w->scratch, "ca.pem");
	key = scratch_path(w->scratch, "key.pem");
	if (asprintf(&command,
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
		" -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s"
		" 2>/dev/null",
		key, certificate) < 0)
		return -1;
	if (system(command))
		return -1;
	args[1] = certificate;
	args[2] = key;
	/* a wait for ever is a failure */
	(void)alarm(300);
	fake_server_start(&w->server, "io/fake_http.py", args);
	free(command);
	free(certificate);
	free(key);
	buf_init(&w->body, 1 << 22);
	w->loop = loop_new(&w->err);
	w->http = open_http(w, &(struct http_options){ .attempts_max = 3 });
	w->hasty =
	    open_http(w, &(struct http_options){ .attempts_max = 3, .stall_ms_max = STALL_MS });
	*state = w;
	return w->http && w->hasty ? 0 : -1;
}

static int
end_world(void **state)
{
	struct world *w = *state;

	http_free(w->http);
	http_free(w->hasty);
	loop_free(w->loop);
	fake_server_stop(&w->server);
	scratch_remove(w->scratch);
	buf_release(&w->body);
	free(w);
	return 0;
}

static struct slice
url_of(struct world *w, const char *path)
{
	(void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d%s", w->server.ports[0], path);
	return slice_of(w->url);
}

static int
get_from(struct world *w, struct http *http, const char *path)
{
	struct http_request request = { .method = "GET", .url = url_of(w, path), .about = "it" };

	err_clear(&w->err);
	return http_fetch(http, &request, &w->body, &w->status, &w->err);
}

static int
get(struct world *w, const char *path)
{
	return get_from(w, w->http, path);
}

static void
replies_are_told(void **state)
{
	static const struct {
		const char *path;
		int status;
		enum err_class class;
		const char *body, *words;
	} cases[] = {
		{ "/ok", 200, ERR_NONE, "hello", NULL },
		{ "/chunked", 200, ERR_NONE, "hello", NULL },
		{ "/interim", 200, ERR_NONE, "hello", NULL },
		/* the first good reply counts */
		{ "/fail?key=a&n=2", 200, ERR_NONE, "after 2", NULL },
		{ "/fail?key=b&n=2&status=500", 200, ERR_NONE, "after 2", NULL },
		{ "/fail?key=c&n=1&status=429", 200, ERR_NONE, "after 1", NULL },
		{ "/fail?key=d&n=1&status=408", 200, ERR_NONE, "after 1", NULL },
		/* a date to wait for, of a clock that is not ours */
		{ "/fail?key=d2&n=1&ahead=7200", 200, ERR_NONE, "after 1", NULL },
		{ "/cut?key=e&n=2&bytes=500", 200, ERR_NONE, "whole", NULL },
		{ "/cut?key=e2&n=2&bytes=0", 200, ERR_NONE, "whole", NULL },
		{ "/stall?key=f&n=1", 200, ERR_NONE, "whole", NULL },
		{ "/stall?key=g&n=1&at=body", 200, ERR_NONE, "whole", NULL },
		{ "/trickle", 200, ERR_NONE, "tttttttttt", NULL },
		/* and where there is none, the last */
		{ "/fail?key=h&n=9", 503, ERR_UNAVAILABLE, "sorry", "it: status 503 (3 attempts)" },
		{ "/fail?key=i&n=9&status=400", 400, ERR_UNAVAILABLE, "sorry", "it: status 400" },
		{ "/fail?key=j&n=9&status=401", 401, ERR_DENIED, "sorry", "it: status 401" },
		{ "/fail?key=k&n=9&status=403", 403, ERR_DENIED, "sorry", "it: status 403" },
		{ "/fail?key=l&n=9&status=404", 404, ERR_NO_INPUT, "sorry", "it: status 404" },
		{ "/fail?key=m&n=9&after=999", 503, ERR_UNAVAILABLE, "sorry",
		    "it: status 503 (to be repeated in 999 s)" },
		{ "/redirect", 301, ERR_UNAVAILABLE, "moved", "it: status 301" },
		{ "/cut?key=n&bytes=500", 200, ERR_UNAVAILABLE, NULL,
		    "it: transfer closed with 500 bytes remaining to read (3 attempts)" },
		{ "/stall?key=o", 0, ERR_UNAVAILABLE, "", "it: no byte for 1000 ms (3 attempts)" },
		{ "/close", 0, ERR_UNAVAILABLE, "", "it: Empty reply from server (3 attempts)" },
		{ "/garbage", 0, ERR_UNAVAILABLE, NULL, "it: " },
		{ "/headers?lines=20", 200, ERR_NONE, "hello", NULL },
		{ "/headers?lines=40", 0, ERR_UNAVAILABLE, "",
		    "it: the reply's headers are longer than 262144 bytes" },
		{ "/big?bytes=1048577&key=p", 200, ERR_UNAVAILABLE, NULL,
		    "it: the reply is longer than 1048576 bytes" },
	};
	struct world *w = world_of(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool stalls =
		    !strncmp(cases[i].path, "/stall", 6) || !strcmp(cases[i].path, "/trickle");
		int rc = get_from(w, stalls ? w->hasty : w->http, cases[i].path);

		if (rc != (cases[i].class ? -1 : 0) || w->status != cases[i].status ||
		    w->err.class != cases[i].class ||
		    (cases[i].body && !slice_is(buf_slice(&w->body), cases[i].body)) ||
		    (cases[i].words && !slice_starts(slice_of(w->err.text), cases[i].words)))
			fail_msg("%s: status %d, class %d, \"%s\": %s", cases[i].path, w->status,
			    (int)w->err.class, w->err.text, w->body.data ? w->body.data : "");
	}
}

/* So many requests were made for this key. */
static int
count_of(struct world *w, const char *key)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/count?key=%s", key);
	assert_int_equal(get(w, path), 0);
	return atoi(w->body.data);
}

static void
attempts_are_counted(void **state)
{
	struct world *w = world_of(state);
	struct http_request request = { .method = "GET", .attempts_max = 5 };
	struct http *http;

	assert_int_equal(get(w, "/fail?key=q&n=9"), -1);
	assert_int_equal(count_of(w, "q"), 3);
	assert_int_equal(get(w, "/fail?key=r&n=9&status=403"), -1);
	assert_int_equal(count_of(w, "r"), 1);
	request.url = url_of(w, "/fail?key=s&n=9");
	assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), -1);
	assert_int_equal(count_of(w, "s"), 5);
	/* what is usual counts where nobody says otherwise */
	request.url = url_of(w, "/fail?key=usual&n=9");
	request.attempts_max = 0;
	request.attempts_usual = 4;
	assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), -1);
	assert_int_equal(count_of(w, "usual"), 3);
	http = open_http(w, &(struct http_options){ .attempts_max = 0 });
	request.url = url_of(w, "/fail?key=usual2&n=9");
	assert_int_equal(http_fetch(http, &request, &w->body, NULL, &w->err), -1);
	assert_int_equal(count_of(w, "usual2"), 4);
	http_free(http);
}

static void
retry_after_is_waited_for(void **state)
{
	struct world *w = world_of(state);
	int64_t before_ms = clock_mono_ms();

	assert_int_equal(get(w, "/fail?key=t&n=1&after=1"), 0);
	assert_true(clock_mono_ms() - before_ms >= 1000);
}

static void
requests_go_out_as_given(void **state)
{
	static const struct {
		const char *method, *body, *path;
		const char *wanted[8], *unwanted[4];
	} cases[] = {
		{ "GET", "", "/echo/a/../b%20c%2F?x=%2B&y",
		    { "GET /echo/a/../b%20c%2F?x=%2B&y HTTP/1.1\r\n", "User-Agent: sluice-test\r\n",
			"X-One: 1\r\n", "X-Empty:\r\n" },
		    { "Expect:", "Accept-Encoding:", "Content-Length:", "Content-Type:" } },
		{ "PUT", "", "/echo", { "PUT /echo HTTP/1.1\r\n", "Content-Length: 0\r\n" },
		    { "Expect:", "Content-Type:" } },
		{ "POST", "{\"a\":1}", "/echo",
		    { "POST /echo HTTP/1.1\r\n", "Content-Length: 7\r\n", "\r\n\r\n{\"a\":1}" },
		    { "Expect:", "Content-Type:" } },
		{ "DELETE", "", "/echo", { "DELETE /echo HTTP/1.1\r\n" }, { "Content-Length:" } },
	};
	static const struct http_header headers[] = {
		{ { "X-One", 5 }, { "1", 1 } },
		{ { "X-Empty", 7 }, { "", 0 } },
	};
	struct world *w = world_of(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_request request = { .method = cases[i].method,
			.url = url_of(w, cases[i].path),
			.headers = headers,
			.header_count = 2,
			.body = slice_of(cases[i].body) };

		assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), 0);
		for (size_t j = 0; j < 8 && cases[i].wanted[j]; j++)
			assert_non_null(strstr(w->body.data, cases[i].wanted[j]));
		for (size_t j = 0; j < 4 && cases[i].unwanted[j]; j++)
			assert_null(strstr(w->body.data, cases[i].unwanted[j]));
	}
}

/* Bytes that tell where they are. */
struct source {
	size_t largest; /* asked for at once */
	int64_t fails_at;
	int begins; /* how often its first byte was */
};

static int
read_source(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	struct source *source = context;

	if (bytes > source->largest)
		source->largest = bytes;
	source->begins += !offset;
	if (source->fails_at && offset + (int64_t)bytes > source->fails_at)
		return err_set(err, ERR_IO, "the disk says no");
	for (size_t i = 0; i < bytes; i++)
		data[i] = (char)('a' + (offset + (int64_t)i) % 23);
	return 0;
}

static enum http_signing
sign_source(void *context, const struct http_unsigned *what, struct buf *ret_lines,
    uint64_t *ret_issue, struct err *err)
{
	(void)context;
	(void)ret_issue;
	return buf_appendf(ret_lines, err, "X-Hash: %s\n", what->body_sha256) ? HTTP_SIGN_FAILED
	                                                                     : HTTP_SIGNED;
}

static void
bodies_may_be_read_in_pieces(void **state)
{
	static const int64_t sizes[] = { 0, 1, 65535, 65536, 300001 };
	struct world *w = world_of(state);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct source source = { .largest = 0 };
		struct http_request request = { .method = "PUT",
			.url = url_of(w, "/echo"),
			.signer = { .sign = sign_source },
			.source = { &source, read_source, sizes[i], "abcdef" } };
		char length[64];
		const char *body;

		(void)snprintf(
		    length, sizeof(length), "Content-Length: %lld\r\n", (long long)sizes[i]);
		assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), 0);
		assert_non_null(strstr(w->body.data, "PUT /echo "));
		assert_non_null(strstr(w->body.data, "X-Hash: abcdef\r\n"));
		assert_non_null(strstr(w->body.data, length));
		assert_null(strstr(w->body.data, "Expect:"));
		assert_null(strstr(w->body.data, "Transfer-Encoding:"));
		body = strstr(w->body.data, "\r\n\r\n") + 4;
		assert_int_equal(w->body.data + w->body.len - body, sizes[i]);
		for (int64_t at = 0; at < sizes[i]; at++)
			assert_int_equal(body[at], 'a' + at % 23);
		assert_true(source.largest <= 65536);
	}
}

/* Each attempt reads it from its beginning; what cannot be read is no reason for another. */
static void
bodies_are_read_again(void **state)
{
	struct world *w = world_of(state);
	struct source source = { .fails_at = 0 };
	struct http_request request = { .method = "PUT",
		.source = { &source, read_source, 300001, NULL } };

	request.url = url_of(w, "/fail?key=source&n=2");
	assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), 0);
	assert_string_equal(w->body.data, "after 2");
	assert_int_equal(source.begins, 3);
	source = (struct source){ .fails_at = 200000 };
	request.url = url_of(w, "/fail?key=source2&n=2");
	request.about = "it";
	assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), -1);
	assert_int_equal(w->err.class, ERR_IO);
	assert_string_equal(w->err.text, "it: the disk says no");
	assert_int_equal(source.begins, 1);
}

static void
headers_stay_headers(void **state)
{
	static const struct http_header headers[] = {
		{ { "X-One", 5 }, { "1\nX-Two: 2", 10 } },
		{ { "X-One", 5 }, { "1\rX-Two: 2", 10 } },
		{ { "X-One", 5 }, { "1\0X-Two: 2", 10 } },
		{ { "X-One:\nX", 8 }, { "1", 1 } },
	};
	struct world *w = world_of(state);

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct http_request request = { .method = "GET",
			.url = url_of(w, "/echo"),
			.about = "it",
			.headers = &headers[i],
			.header_count = 1 };

		err_clear(&w->err);
		assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), -1);
		assert_int_equal(w->err.class, ERR_UNAVAILABLE);
		assert_true(slice_starts(slice_of(w->err.text), "it: X-One"));
	}
}

static void
urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		enum err_class class;
	} cases[] = {
		{ "ftp://127.0.0.1/x", ERR_USAGE },
		{ "file:///etc/passwd", ERR_USAGE },
		{ "http://user:secret@127.0.0.1/", ERR_USAGE },
		{ "http://user:secret@1 2/?secret", ERR_USAGE },
		{ "not a url", ERR_USAGE },
		{ "", ERR_USAGE },
		/* nobody listens there */
		{ "http://127.0.0.1:1/", ERR_UNAVAILABLE },
		{ "http://nowhere.invalid/", ERR_UNAVAILABLE },
	};
	struct world *w = world_of(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_request request = { .method = "GET", .url = slice_of(cases[i].url) };

		err_clear(&w->err);
		assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), -1);
		assert_int_equal(w->err.class, cases[i].class);
		assert_null(strstr(w->err.text, "secret"));
	}
}

/* A call and what became of it. */
struct watched {
	struct world *w;
	struct http_call *call;
	int heads;
	int64_t bytes;
	int64_t bad_at;      /* first byte that is not as sent; -1 */
	int64_t pause_every; /* bytes; 0: never */
	int64_t paused_at;
	bool is_paused, is_aborting, refuses_head;
	struct loop_timer timer;
	int ends;
	struct err err;
	unsigned attempts;
	char two[32];
};

static int
see_head(void *context, const struct http_reply *reply, struct err *err)
{
	struct watched *see = context;

	see->heads++;
	(void)snprintf(
	    see->two, sizeof(see->two), "%.*s", SLICE_ARGS(http_reply_header(reply, "x-TWO")));
	return see->refuses_head ? err_set(err, ERR_DATA, "unwanted") : 0;
}

static enum http_flow
see_body(void *context, struct slice bytes)
{
	struct watched *see = context;
	char wanted[16];

	if (see->is_aborting)
		return HTTP_ABORT;
	if (see->pause_every && see->bytes >= see->paused_at + see->pause_every) {
		see->paused_at = see->bytes;
		see->is_paused = true;
		return HTTP_PAUSE;
	}
	assert_false(see->is_paused);
	/* the pattern of fake_http.py */
	for (size_t i = 0; i < bytes.len; i++) {
		int64_t at = see->bytes + (int64_t)i;

		if (!i || at % 8 == 0)
			(void)snprintf(wanted, sizeof(wanted), "%08d", (int)(at / 8));
		if (bytes.data[i] != wanted[at % 8] && see->bad_at < 0)
			see->bad_at = at;
	}
	see->bytes += (int64_t)bytes.len;
	return HTTP_GO;
}

static void
see_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct watched *see = context;

	see->ends++;
	see->err = *err;
	see->attempts = reply->attempts;
	see->call = NULL;
}

static void
watch(struct watched *see, struct world *w, struct http *http, const char *path, bool has_body)
{
	struct http_request request = { .method = "GET",
		.url = url_of(w, path),
		.about = "it",
		.events = { .context = see,
		    .head = see_head,
		    .body = has_body ? see_body : NULL,
		    .done = see_done } };

	see->w = w;
	see->bad_at = -1;
	see->call = http_start(http, &request, &w->err);
	assert_non_null(see->call);
	assert_int_equal(see->ends, 0);
}

static void
run(struct watched *see)
{
	while (!see->ends)
		(void)loop_turn(see->w->loop, CLOCK_NEVER);
}

static void
resume(void *context)
{
	struct watched *see = context;

	see->is_paused = false;
	if (see->call)
		http_resume(see->call);
}

/* Many pauses, each longer than the one before by a turn of the loop. */
static void
a_receiver_may_pause(void **state)
{
	struct world *w = world_of(state);

	for (int64_t every = 10000; every < 4000000; every *= 7) {
		struct watched see = { .pause_every = every };

		see.timer = (struct loop_timer){ .fire = resume, .context = &see };
		watch(&see, w, w->http, "/big?bytes=8000000&key=u", true);
		while (!see.ends) {
			(void)loop_turn(w->loop, CLOCK_NEVER);
			if (see.is_paused && !see.timer.is_set)
				loop_timer_set(w->loop, &see.timer, clock_mono_ms() + 1);
		}
		loop_timer_clear(w->loop, &see.timer);
		assert_int_equal(see.err.class, ERR_NONE);
		assert_int_equal(see.bytes, 8000000);
		assert_int_equal(see.bad_at, -1);
	}
}

/* A pause longer than any stall, in which the server can send no more than the buffers of the
 * kernel and one of ours take. */
static void
a_pause_is_no_stall(void **state)
{
	struct world *w = world_of(state);
	struct watched see = { .pause_every = 100000 };
	int64_t end_ms, sent = 0;

	watch(&see, w, w->hasty, "/big?bytes=64000000&key=v", true);
	while (!see.is_paused)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	end_ms = clock_mono_ms() + 4 * STALL_MS;
	while (clock_mono_ms() < end_ms)
		(void)loop_turn(w->loop, end_ms);
	assert_int_equal(see.ends, 0);
	assert_int_equal(get(w, "/sent?key=v"), 0);
	sent = atoll(w->body.data);
	assert_true(sent > 100000 && sent < 32000000);
	see.pause_every = 0;
	resume(&see);
	run(&see);
	assert_int_equal(see.err.class, ERR_NONE);
	assert_int_equal(see.bytes, 64000000);
	assert_int_equal(see.bad_at, -1);
	assert_int_equal(see.attempts, 1);
}

/* The loop was not turned for longer than a stall: the bytes were there all the time. */
static void
an_absent_loop_is_no_stall(void **state)
{
	struct world *w = world_of(state);
	struct watched see = { .pause_every = 0 };

	watch(&see, w, w->hasty, "/trickle", false);
	while (!see.heads)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	usleep(3 * STALL_MS * 1000);
	run(&see);
	assert_int_equal(see.err.class, ERR_NONE);
	assert_int_equal(see.attempts, 1);
}

static void
dawdle(void *context, const struct http_reply *reply, const struct err *err)
{
	usleep(3 * STALL_MS * 1000);
	see_done(context, reply, err);
}

/* Nor is it one where another call's end took so long: there was no look at the socket since. */
static void
a_slow_callback_is_no_stall(void **state)
{
	struct world *w = world_of(state);
	struct watched see = { .pause_every = 0 }, slow = { .w = w };
	struct http_request request = { .method = "GET",
		.events = { .context = &slow, .done = dawdle } };

	watch(&see, w, w->hasty, "/trickle", false);
	while (!see.heads)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	request.url = url_of(w, "/ok");
	slow.call = http_start(w->hasty, &request, &w->err);
	run(&see);
	assert_int_equal(slow.ends, 1);
	assert_int_equal(see.err.class, ERR_NONE);
	assert_int_equal(see.attempts, 1);
}

/* Waiting for one of the connections to a host is neither connecting nor a stall. */
static void
calls_wait_for_a_connection(void **state)
{
	struct world *w = world_of(state);
	struct http *http = open_http(w, &(struct http_options){ .attempts_max = 1,
						 .connections_max = 1,
						 .connect_ms_max = 300,
						 .stall_ms_max = 400 });
	struct watched sees[4] = { { .w = NULL } };

	for (int i = 0; i < 4; i++)
		watch(&sees[i], w, http, "/trickle", false);
	for (int i = 0; i < 4; i++) {
		run(&sees[i]);
		assert_string_equal(sees[i].err.text, "");
	}
	http_free(http);
}

static void
heads_come_before_bodies(void **state)
{
	struct world *w = world_of(state);
	struct watched good = { .pause_every = 0 }, bad = { .refuses_head = true };
	struct watched aborting = { .is_aborting = true }, refused = { .pause_every = 0 };

	watch(&good, w, w->http, "/echo", false);
	run(&good);
	assert_int_equal(good.heads, 1);
	assert_string_equal(good.two, "second");
	watch(&bad, w, w->http, "/echo", true);
	run(&bad);
	assert_int_equal(bad.err.class, ERR_DATA);
	assert_string_equal(bad.err.text, "it: unwanted");
	assert_int_equal(bad.bytes, 0);
	watch(&aborting, w, w->http, "/big?bytes=9000000&key=w", true);
	run(&aborting);
	assert_int_equal(aborting.err.class, ERR_STOPPED);
	assert_int_equal(aborting.attempts, 1);
	/* only of good replies */
	watch(&refused, w, w->http, "/fail?key=x&n=1&status=404", true);
	run(&refused);
	assert_int_equal(refused.heads, 0);
	assert_int_equal(refused.bytes, 0);
}

/* Bytes that were handed out do not come again. */
static void
a_body_that_began_is_not_repeated(void **state)
{
	struct world *w = world_of(state);
	struct watched some = { .pause_every = 0 }, none = { .pause_every = 0 };

	watch(&some, w, w->http, "/cut?key=y&bytes=500", true);
	run(&some);
	assert_int_equal(some.err.class, ERR_UNAVAILABLE);
	assert_int_equal(some.attempts, 1);
	assert_int_equal(some.bytes, 500);
	watch(&none, w, w->http, "/cut?key=z&bytes=0", true);
	run(&none);
	assert_int_equal(none.attempts, 3);
}

static void
long_errors_are_cut(void **state)
{
	struct world *w = world_of(state);

	assert_int_equal(get(w, "/long?status=403&bytes=100000"), -1);
	assert_int_equal(w->body.len, 65536);
	assert_string_equal(w->err.text, "it: status 403");
	/* this one not even read to its end */
	assert_int_equal(get(w, "/long?status=403&bytes=90000000&key=long"), -1);
	assert_int_equal(w->body.len, 65536);
	assert_string_equal(w->err.text, "it: status 403");
	assert_int_equal(get(w, "/sent?key=long"), 0);
	assert_true(atoll(w->body.data) < 32000000);
}

/* 150 calls that fail twice each: the budget of 500 tokens pays for 100 second attempts. */
static void
retries_are_paid_from_one_budget(void **state)
{
	enum { CALLS = 150 };
	struct world *w = world_of(state);
	struct watched calls[CALLS] = { { .pause_every = 0 } };
	struct http *http = open_http(w, &(struct http_options){ .attempts_max = 2 });
	int ended = 0, broke = 0;

	for (size_t i = 0; i < CALLS; i++)
		watch(&calls[i], w, http, "/close?key=broke", false);
	while (ended < CALLS) {
		(void)loop_turn(w->loop, CLOCK_NEVER);
		ended = 0;
		for (size_t i = 0; i < CALLS; i++)
			ended += calls[i].ends;
	}
	for (size_t i = 0; i < CALLS; i++)
		broke += strstr(calls[i].err.text, "so many requests failed") != NULL;
	assert_int_equal(broke, 50);
	assert_int_equal(count_of(w, "broke"), 250);
	http_free(http);
}

/* Signers. */

struct key {
	int signings, expirations;
	const char *token;
	bool is_late, is_failing;
};

static enum http_signing
sign_token(void *context, const struct http_unsigned *what, struct buf *lines, uint64_t *issue,
    struct err *err)
{
	struct key *key = context;

	*issue = (uint64_t)++key->signings;
	if (key->is_failing) {
		err_set(err, ERR_DENIED, "no credentials");
		return HTTP_SIGN_FAILED;
	}
	if (key->is_late)
		return HTTP_SIGN_LATER;
	assert_true(slice_is(what->method, "GET") && slice_is(what->scheme, "http"));
	assert_true(slice_starts(what->host, "127.0.0.1:"));
	assert_int_equal(buf_appendf(lines, err, "X-Token: %s\nX-Signed: %lld\n", key->token,
			     (long long)(what->wall_ms / 1000)),
	    0);
	return HTTP_SIGNED;
}

static void
renew(void *context, uint64_t issue)
{
	struct key *key = context;

	/* those that this request was signed with */
	assert_int_equal(issue, key->signings);
	key->expirations++;
	key->token = "new";
}

static enum http_verdict
judge_body(void *context, const struct http_reply *reply, struct err *err)
{
	(void)context;
	err_set(err, ERR_DENIED, "%.*s", SLICE_ARGS(reply->body));
	return slice_is(reply->body, "expired")  ? HTTP_EXPIRED
	       : slice_is(reply->body, "skewed") ? HTTP_SKEWED
	                                         : HTTP_DEFAULT;
}

static void
watch_signed(
    struct watched *see, struct world *w, struct http *http, const char *path, struct key *key)
{
	struct http_request request = { .method = "GET",
		.url = url_of(w, path),
		.about = "it",
		.signer = { .context = key, .sign = sign_token, .expired = renew },
		.events = { .context = see, .judge = judge_body, .done = see_done } };

	see->w = w;
	see->call = http_start(http, &request, &w->err);
	assert_non_null(see->call);
}

static void
each_attempt_is_signed(void **state)
{
	struct world *w = world_of(state);
	struct watched fine = { .ends = 0 }, hopeless = { .ends = 0 }, failing = { .ends = 0 };
	struct key old = { .token = "old" }, other = { .token = "old" };
	struct key broken = { .is_failing = true };

	watch_signed(&fine, w, w->http, "/token?key=fine&want=new", &old);
	run(&fine);
	assert_int_equal(fine.err.class, ERR_NONE);
	assert_int_equal(old.signings, 2);
	assert_int_equal(old.expirations, 1);
	/* renewed once only */
	watch_signed(&hopeless, w, w->http, "/token?key=hopeless&want=newer", &other);
	run(&hopeless);
	assert_int_equal(hopeless.err.class, ERR_DENIED);
	assert_string_equal(hopeless.err.text, "it: expired");
	assert_int_equal(other.signings, 2);
	assert_int_equal(other.expirations, 1);
	watch_signed(&failing, w, w->http, "/ok", &broken);
	run(&failing);
	assert_string_equal(failing.err.text, "it: no credentials");
	assert_int_equal(failing.err.class, ERR_DENIED);
	assert_int_equal(broken.signings, 1);
}

static void
calls_wait_for_signatures(void **state)
{
	struct world *w = world_of(state);
	struct watched calls[3] = { { .ends = 0 } };
	struct key key = { .token = "new", .is_late = true };

	for (size_t i = 0; i < 3; i++)
		watch_signed(&calls[i], w, w->http, "/token?key=late&want=new", &key);
	while (key.signings < 3)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	/* an unsigned one passes them */
	assert_int_equal(get(w, "/ok"), 0);
	assert_int_equal(key.signings, 3);
	http_cancel(calls[2].call);
	key.is_late = false;
	http_sign_now(w->http);
	run(&calls[0]);
	run(&calls[1]);
	assert_int_equal(calls[0].err.class, ERR_NONE);
	assert_int_equal(calls[1].err.class, ERR_NONE);
	assert_int_equal(calls[2].ends, 0);
	assert_int_equal(key.signings, 5);
	assert_int_equal(count_of(w, "late"), 2);
}

static void
clocks_are_corrected(void **state)
{
	static const struct {
		const char *path;
		int64_t skew_s; /* of http_wall_ms after it */
		int signings;
	} cases[] = {
		{ "/date?key=c0&offset=0", 0, 1 },
		{ "/date?key=c1&offset=600", 600, 2 },
		{ "/date?key=c2&offset=-7200", -7200, 2 },
		{ "/date?key=c3&offset=0", 0, 2 },
		/* not complained of, but far away; and not so far */
		{ "/date?key=c6&offset=1000&lenient=1", 1000, 1 },
		{ "/date?key=c7&offset=800&lenient=1", 1000, 1 },
		{ "/date?key=c4&offset=100", 100, 2 },
		/* out of a cache */
		{ "/date?key=c5&offset=0&header=Age:%2010", 100, 2 },
	};
	struct world *w = world_of(state);
	struct http *http = open_http(w, &(struct http_options){ .attempts_max = 1 });

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct watched see = { .ends = 0 };
		struct key key = { .token = "x" };
		int64_t skew_ms;

		watch_signed(&see, w, http, cases[i].path, &key);
		run(&see);
		skew_ms = http_wall_ms(http) - clock_wall_ms();
		if (key.signings != cases[i].signings ||
		    llabs(skew_ms - cases[i].skew_s * 1000) > 30000)
			fail_msg("%s: %d signatures, %lld ms, %s", cases[i].path, key.signings,
			    (long long)skew_ms, see.err.text);
	}
	http_free(http);
}

static enum http_flow
take_an_hour(void *context, struct slice bytes)
{
	(void)context;
	(void)bytes;
	wall_ahead_s = 3600;
	return HTTP_GO;
}

/* The Date is of the reply's head, and a receiver may pause for as long as it likes. */
static void
a_long_body_moves_no_clock(void **state)
{
	struct world *w = world_of(state);
	struct http *http = open_http(w, &(struct http_options){ .attempts_max = 1 });
	struct watched see = { .w = w };
	struct http_request request = { .method = "GET",
		.url = url_of(w, "/date?offset=0&lenient=1"),
		.events = { .context = &see, .body = take_an_hour, .done = see_done } };
	int64_t skew_ms;

	see.call = http_start(http, &request, &w->err);
	assert_non_null(see.call);
	run(&see);
	skew_ms = http_wall_ms(http) - clock_wall_ms();
	wall_ahead_s = 0;
	assert_int_equal(see.err.class, ERR_NONE);
	assert_true(llabs(skew_ms) < 30000);
	http_free(http);
}

static void
calls_can_be_cancelled(void **state)
{
	struct world *w = world_of(state);
	struct watched running = { .ends = 0 }, paused = { .pause_every = 1000 },
		       new = { .ends = 0 };
	struct http *http = open_http(w, &(struct http_options){ .attempts_max = 1 });

	watch(&running, w, http, "/stall?key=cancel", false);
	watch(&paused, w, http, "/big?bytes=9000000&key=cancel", true);
	while (!paused.is_paused)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	watch(&new, w, http, "/ok", false);
	http_cancel(new.call);
	http_cancel(running.call);
	http_cancel(paused.call);
	http_cancel(NULL);
	/* and what is left goes with the handle */
	watch(&running, w, http, "/stall?key=cancel2", false);
	(void)loop_turn(w->loop, 0);
	http_free(http);
	assert_int_equal(running.ends + paused.ends + new.ends, 0);
}

struct pair {
	struct watched first, second;
};

static enum http_flow
cancel_second(void *context, struct slice bytes)
{
	struct pair *pair = context;

	pair->first.bytes += (int64_t)bytes.len;
	http_cancel(pair->second.call);
	pair->second.call = NULL;
	return HTTP_GO;
}

static void
end_first(void *context, const struct http_reply *reply, const struct err *err)
{
	struct pair *pair = context;

	see_done(&pair->first, reply, err);
}

static void
one_call_cancels_another(void **state)
{
	struct world *w = world_of(state);
	struct pair pair = { .first = { .w = w } };
	struct http_request request = { .method = "GET",
		.url = url_of(w, "/big?bytes=99&key=o"),
		.events = { .context = &pair, .body = cancel_second, .done = end_first } };

	pair.first.call = http_start(w->http, &request, &w->err);
	watch(&pair.second, w, w->http, "/stall?key=second", true);
	run(&pair.first);
	assert_int_equal(pair.first.err.class, ERR_NONE);
	(void)loop_turn(w->loop, 0);
	(void)loop_turn(w->loop, 0);
	assert_int_equal(pair.second.ends, 0);
}

static void
calls_have_a_deadline(void **state)
{
	static const char *const paths[] = { "/stall?key=d1", "/stall?key=d2&at=body",
		"/fail?key=d3&n=99&after=200" };
	struct world *w = world_of(state);
	struct http *http =
	    open_http(w, &(struct http_options){ .attempts_max = 99, .stall_ms_max = 60000 });

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct http_request request = {
			.method = "GET", .url = url_of(w, paths[i]), .total_ms_max = 200
		};

		err_clear(&w->err);
		assert_int_equal(http_fetch(http, &request, &w->body, NULL, &w->err), -1);
		assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	}
	http_free(http);
}

static int
get_tls(struct world *w, const char *ca_bundle)
{
	struct http *http =
	    open_http(w, &(struct http_options){ .attempts_max = 3, .ca_bundle = ca_bundle });
	struct http_request request = { .method = "GET", .about = "it" };
	int rc = -1;

	if (!http)
		return -1;
	(void)snprintf(w->url, sizeof(w->url), "https://127.0.0.1:%d/ok", w->server.ports[1]);
	request.url = slice_of(w->url);
	rc = http_fetch(http, &request, &w->body, &w->status, &w->err);
	http_free(http);
	return rc;
}

static void
certificates_are_verified(void **state)
{
	struct world *w = world_of(state);
	char *good = scratch_path(w->scratch, "ca.pem"), *bad = scratch_path(w->scratch, "bad.pem");

	assert_int_equal(get_tls(w, NULL), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	assert_int_equal(w->status, 0);
	assert_int_equal(get_tls(w, good), 0);
	assert_int_equal(w->status, 200);
	assert_int_equal(get_tls(w, bad), -1);
	assert_int_equal(w->err.class, ERR_NO_INPUT);
	assert_non_null(strstr(w->err.text, "bad.pem: No such file"));
	assert_int_equal(get_tls(w, "/"), -1);
	assert_int_equal(w->err.class, ERR_IO);
	assert_string_equal(w->err.text, "certificates: /: Is a directory");
	scratch_write(w->scratch, "bad.pem", "no certificate\n");
	assert_int_equal(get_tls(w, bad), -1);
	assert_int_equal(w->err.class, ERR_USAGE);
	assert_non_null(strstr(w->err.text, "bad.pem"));
	free(good);
	free(bad);
}

static void
proxy_variables_hold(void **state)
{
	struct world *w = world_of(state);
	struct http_request request = { .method = "GET", .url = slice_of("http://far.invalid/x") };
	struct http_request direct = { .method = "GET", .is_proxied_never = true };
	struct http_request refused = { .method = "GET", .url = slice_of("https://refused/") };
	char proxy[64];

	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", w->server.ports[0]);
	assert_int_equal(setenv("http_proxy", proxy, 1) + setenv("https_proxy", proxy, 1), 0);
	assert_int_equal(http_fetch(w->http, &request, &w->body, NULL, &w->err), 0);
	assert_string_equal(w->body.data, "proxied http://far.invalid/x");
	/* straight to the server, which is the proxy too but sees no absolute URL */
	direct.url = url_of(w, "/ok");
	assert_int_equal(http_fetch(w->http, &direct, &w->body, NULL, &w->err), 0);
	assert_string_equal(w->body.data, "hello");
	assert_int_equal(http_fetch(w->http, &refused, &w->body, NULL, &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
	assert_int_equal(get(w, "/ok"), 0);
	assert_string_equal(w->body.data, "hello");
	assert_int_equal(
	    unsetenv("http_proxy") + unsetenv("https_proxy") + unsetenv("no_proxy"), 0);
}

static void
ask_to_stop(void *context)
{
	(void)context;
	stop_request();
}

/* The last one: a request to stop is not taken back. */
static void
a_stop_ends_waiting(void **state)
{
	struct world *w = world_of(state);
	struct loop_timer timer = { .fire = ask_to_stop };

	assert_int_equal(stop_install(&w->err), 0);
	loop_timer_set(w->loop, &timer, clock_mono_ms() + 20);
	assert_int_equal(get(w, "/stall?key=stop"), -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	/* who drains is not kept waiting */
	assert_false(loop_turn(w->loop, CLOCK_NEVER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_told),
		cmocka_unit_test(attempts_are_counted),
		cmocka_unit_test(retry_after_is_waited_for),
		cmocka_unit_test(requests_go_out_as_given),
		cmocka_unit_test(bodies_may_be_read_in_pieces),
		cmocka_unit_test(bodies_are_read_again),
		cmocka_unit_test(headers_stay_headers),
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(a_receiver_may_pause),
		cmocka_unit_test(a_pause_is_no_stall),
		cmocka_unit_test(an_absent_loop_is_no_stall),
		cmocka_unit_test(a_slow_callback_is_no_stall),
		cmocka_unit_test(calls_wait_for_a_connection),
		cmocka_unit_test(heads_come_before_bodies),
		cmocka_unit_test(a_body_that_began_is_not_repeated),
		cmocka_unit_test(long_errors_are_cut),
		cmocka_unit_test(retries_are_paid_from_one_budget),
		cmocka_unit_test(each_attempt_is_signed),
		cmocka_unit_test(calls_wait_for_signatures),
		cmocka_unit_test(clocks_are_corrected),
		cmocka_unit_test(a_long_body_moves_no_clock),
		cmocka_unit_test(calls_can_be_cancelled),
		cmocka_unit_test(one_call_cancels_another),
		cmocka_unit_test(calls_have_a_deadline),
		cmocka_unit_test(certificates_are_verified),
		cmocka_unit_test(proxy_variables_hold),
		cmocka_unit_test(a_stop_ends_waiting),
	};

	return cmocka_run_group_tests_name("http", tests, start_world, end_world);
}
