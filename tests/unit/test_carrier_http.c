/* SPDX-License-Identifier: MIT */
/* Requests of the pump against a server that misbehaves (tests/io/fake_http.py): which replies are
 * the service's to judge, and which are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_server.h"
#include "run/carrier_http.h"

struct world {
	struct fake_server server;
	struct loop *loop;
	struct http *http;
	struct carrier_http_options options;
	char endpoint[64];
	/* what came back */
	unsigned replied;
	int status;
	char body[4096];
	size_t body_bytes;
	bool is_cut;
	char retry_after[64];
	struct err err;
	unsigned judged, signed_count, expired_count;
};

static int
start_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct http_options options = { .user_agent = "sluice-test", .stall_ms_max = 1000 };

	if (!w)
		return -1;
	(void)alarm(300);
	fake_server_start(&w->server, "io/fake_http.py", NULL);
	w->loop = loop_new(&w->err);
	w->http = http_new(w->loop, &options, &w->err);
	(void)snprintf(w->endpoint, sizeof(w->endpoint), "http://127.0.0.1:%d", w->server.ports[0]);
	*state = w;
	return w->http ? 0 : -1;
}

static int
end_world(void **state)
{
	struct world *w = *state;

	http_free(w->http);
	loop_free(w->loop);
	fake_server_stop(&w->server);
	free(w);
	return 0;
}

static int
clear_world(void **state)
{
	struct world *w = *state;

	w->options = (struct carrier_http_options){ .http = w->http, .endpoint = w->endpoint };
	w->replied = w->judged = w->signed_count = w->expired_count = 0;
	return 0;
}

static void
on_replied(void *context, const struct service_reply *reply, const struct err *err)
{
	struct world *w = context;
	const char *after =
	    reply->header ? reply->header(reply->header_context, "retry-after") : NULL;

	w->replied++;
	w->status = reply->status;
	w->err = *err;
	w->is_cut = reply->is_cut;
	w->body_bytes = reply->body.len;
	(void)snprintf(w->body, sizeof(w->body), "%.*s", SLICE_ARGS(reply->body));
	(void)snprintf(w->retry_after, sizeof(w->retry_after), "%s", after ? after : "none");
}

/* Starts and, where wanted, waits. */
static void
ask_bytes(struct world *w, const char *path, struct slice body, bool waits)
{
	struct carrier *carrier = carrier_http_new(&w->options, &w->err);
	struct service_request request = { .method = "POST", .path = BUF_INIT(1000),
		.body = BUF_INIT(body.len) };
	struct err err = ERR_INIT;
	void *call;

	assert_non_null(carrier);
	assert_int_equal(buf_append_text(&request.path, path, &err), 0);
	assert_int_equal(buf_append(&request.body, body, &err), 0);
	request.headers[0] = (struct service_header){ "Content-Type", "application/x-ndjson" };
	request.header_count = 1;
	assert_int_equal(
	    carrier->ops->start(carrier, &request, on_replied, w, &call, &err), 0);
	assert_int_equal(w->replied, 0);
	while (waits && !w->replied)
		(void)loop_turn(w->loop, clock_deadline(60 * 1000));
	if (!waits) {
		(void)loop_turn(w->loop, 0);
		carrier->ops->cancel(carrier, call);
	}
	carrier_free(carrier);
	buf_release(&request.path);
	buf_release(&request.body);
}

static void
ask(struct world *w, const char *path, const char *body, bool waits)
{
	ask_bytes(w, path, slice_of(body), waits);
}

static void
a_reply_comes_with_its_headers(void **state)
{
	struct world *w = *state;
	struct http_header secret = { slice_of("Authorization"), slice_of("ApiKey abc") };

	w->options.headers = &secret;
	w->options.header_count = 1;
	ask(w, "/echo?x=1", "{}\n", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_int_equal(w->status, 200);
	assert_non_null(strstr(w->body, "POST /echo?x=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(w->body, "Authorization: ApiKey abc\r\n"));
	assert_non_null(strstr(w->body, "Content-Type: application/x-ndjson\r\n"));
	assert_non_null(strstr(w->body, "\r\n\r\n{}\n"));
	assert_string_equal(w->retry_after, "none");
}

static void
what_is_whole_is_the_services_to_judge(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *retry_after;
	} cases[] = {
		{ "/fail?key=carrier503&after=7", 503, "7" },
		{ "/fail?key=carrier429&status=429&after=1", 429, "1" },
		{ "/fail?key=carrier401&status=401", 401, "none" },
		{ "/fail?key=carrier413&status=413", 413, "none" },
		{ "/redirect", 301, "none" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		(void)clear_world(state);
		ask(w, cases[i].path, "x", true);
		assert_int_equal(w->replied, 1);
		assert_int_equal(w->err.class, ERR_NONE);
		assert_int_equal(w->status, cases[i].status);
		assert_string_equal(w->retry_after, cases[i].retry_after);
		assert_true(w->body[0] != '\0');
	}
	/* one attempt each: the server was asked once */
	(void)clear_world(state);
	ask(w, "/count?key=carrier503", "x", true);
	assert_string_equal(w->body, "1");
}

static void
what_is_cut_short_is_no_reply(void **state)
{
	static const char *const paths[] = {
		"/cut?key=carriercut&bytes=10",
		"/cut?key=carriercut&bytes=10&status=400",
		"/cut?key=carriercut&bytes=0&status=503",
		"/close?key=carrierclose",
		"/garbage",
		"/stall?key=carrierstall&at=body",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		(void)clear_world(state);
		ask(w, paths[i], "x", true);
		assert_int_equal(w->err.class, ERR_UNAVAILABLE);
		assert_int_equal(w->status, 0);
		assert_string_equal(w->body, "");
	}
	(void)clear_world(state);
	w->options.is_trouble_told = true;
	ask(w, "/cut?key=carriercut&bytes=10", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_int_equal(w->status, -1);
	assert_true(w->body[0] != '\0');
	(void)clear_world(state);
	w->options.reply_bytes_max = 100 * 1000;
	ask(w, "/big?key=carrierbig&bytes=200000", "x", true);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	(void)clear_world(state);
	w->options.endpoint = "http://127.0.0.1:1";
	w->options.about = "the service";
	ask(w, "/", "x", true);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_true(strncmp(w->err.text, "the service: ", 13) == 0);
}

/* A server that takes connections, as many as its queue holds, and reads nothing. */
static int
listen_deaf(char ret_endpoint[static 64])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(ret_endpoint, 64, "http://127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

/* Time is over: only what has gone out may have been done. */
static void
what_is_overdue_is_told(void **state)
{
	static const struct {
		bool is_told;
		size_t body_bytes;
		enum err_class class;
		int status;
		const char *words;
	} cases[] = {
		{ true, 10, ERR_NONE, 0, "not done after 200 ms" },
		{ false, 10, ERR_UNAVAILABLE, 0, "" },
		/* more than buffers hold */
		{ true, 64 * 1024 * 1024, ERR_NONE, -1, "it: not done within 200 ms" },
		{ false, 64 * 1024 * 1024, ERR_UNAVAILABLE, 0, "" },
	};
	struct world *w = *state;
	char endpoint[64], *body = calloc(1, 64 * 1024 * 1024);

	assert_non_null(body);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = listen_deaf(endpoint);

		(void)clear_world(state);
		w->options.endpoint = endpoint;
		w->options.about = "it";
		w->options.total_ms_max = 200;
		w->options.is_trouble_told = cases[i].is_told;
		ask_bytes(w, "/", slice_make(body, cases[i].body_bytes), true);
		assert_int_equal(w->err.class, cases[i].class);
		assert_int_equal(w->status, cases[i].status);
		assert_string_equal(w->body, cases[i].words);
		(void)close(fd);
	}
	free(body);
	/* half an answer is none */
	(void)clear_world(state);
	w->options.total_ms_max = 200;
	w->options.is_trouble_told = true;
	ask(w, "/stall?key=carrierlate&at=body", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_string_equal(w->body, "not done after 200 ms");
}

/* The queue of connections is full: nobody has taken the request. */
static void
what_could_not_connect_is_not_overdue(void **state)
{
	struct world *w = *state;
	char endpoint[64];
	int fds[4], listener = listen_deaf(endpoint);
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&address, len);
	}
	w->options.endpoint = endpoint;
	w->options.total_ms_max = 200;
	w->options.is_trouble_told = true;
	ask(w, "/", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_int_equal(w->status, -1);
	assert_non_null(strstr(w->body, "not done within 200 ms"));
	/* though there is nothing of a body to send */
	(void)clear_world(state);
	w->options.endpoint = endpoint;
	w->options.total_ms_max = 200;
	w->options.is_trouble_told = true;
	ask(w, "/", "", true);
	assert_int_equal(w->status, -1);
	for (size_t i = 0; i < 4; i++)
		(void)close(fds[i]);
	(void)close(listener);
	/* refused at once, whatever the time */
	(void)clear_world(state);
	w->options.endpoint = "http://127.0.0.1:1";
	w->options.is_trouble_told = true;
	ask(w, "/", "x", true);
	assert_int_equal(w->status, -1);
}

/* Who wants it gets the beginning of what is too long, and is told so. */
static void
a_reply_that_is_too_long(void **state)
{
	struct world *w = *state;

	w->options.reply_bytes_max = 100 * 1000;
	w->options.takes_cut_replies = true;
	ask(w, "/big?key=carrierlong&bytes=200000", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_int_equal(w->status, 200);
	assert_true(w->is_cut);
	assert_int_equal(w->body_bytes, 100 * 1000);
	(void)clear_world(state);
	w->options.reply_bytes_max = 100 * 1000;
	w->options.takes_cut_replies = true;
	ask(w, "/big?key=carrierfits&bytes=100000", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_false(w->is_cut);
	assert_int_equal(w->body_bytes, 100 * 1000);
}

static void
a_cancelled_call_says_nothing(void **state)
{
	struct world *w = *state;

	ask(w, "/stall?key=carriercancel", "x", false);
	(void)loop_turn(w->loop, 0);
	assert_int_equal(w->replied, 0);
}

static enum http_signing
sign(void *context, const struct http_unsigned *what, struct buf *ret, uint64_t *ret_issue,
    struct err *err)
{
	struct world *w = context;

	(void)what;
	*ret_issue = ++w->signed_count;
	return buf_append_text(ret, w->expired_count ? "X-Token: new\n" : "X-Token: old\n", err)
	           ? HTTP_SIGN_FAILED
	           : HTTP_SIGNED;
}

static void
expired(void *context, uint64_t issue)
{
	struct world *w = context;

	assert_int_equal(issue, w->signed_count);
	w->expired_count++;
}

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct world *w = context;

	(void)err;
	w->judged++;
	return slice_is(reply->body, "expired") ? HTTP_EXPIRED : HTTP_RETRY;
}

static void
expired_credentials_are_renewed(void **state)
{
	struct world *w = *state;

	w->options.signer =
	    (struct http_signer){ .context = w, .sign = sign, .expired = expired };
	w->options.judge = judge;
	w->options.judge_context = w;
	ask(w, "/token?key=carriertoken&want=new", "x", true);
	assert_int_equal(w->err.class, ERR_NONE);
	assert_string_equal(w->body, "welcome");
	assert_int_equal(w->signed_count, 2);
	/* what a judge would have tried again is the service's */
	(void)clear_world(state);
	w->options.judge = judge;
	w->options.judge_context = w;
	ask(w, "/fail?key=carrierjudge&n=5", "x", true);
	assert_int_equal(w->status, 503);
	assert_int_equal(w->judged, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, clear_world)
	const struct CMUnitTest tests[] = {
		CASE(a_reply_comes_with_its_headers),
		CASE(what_is_whole_is_the_services_to_judge),
		CASE(what_is_cut_short_is_no_reply),
		CASE(what_is_overdue_is_told),
		CASE(what_could_not_connect_is_not_overdue),
		CASE(a_reply_that_is_too_long),
		CASE(a_cancelled_call_says_nothing),
		CASE(expired_credentials_are_renewed),
	};

	return cmocka_run_group_tests_name("carrier_http", tests, start_world, end_world);
}
