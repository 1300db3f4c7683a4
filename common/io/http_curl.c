/* SPDX-License-Identifier: MIT */
/* curl's multi handle on the loop: libcurl-multi(3), "multi_socket". */
#include "io/http_state.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"

/* A socket of curl's. */
struct socket_watch {
	struct loop_watch watch;
	struct http *http;
};

/* What has ended since; done may start and cancel calls. */
static void
read_ends(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_call *call = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		http_call_ended(call, code);
	}
}

static void
act(struct http *http, curl_socket_t fd, int events)
{
	int running;

	http->is_in_curl = true;
	(void)curl_multi_socket_action(http->multi, fd, events, &running);
	http->is_in_curl = false;
	read_ends(http);
}

static void
on_ready(void *context, short revents)
{
	struct socket_watch *watch = context;
	int events = (revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
	             (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
	             (revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);

	act(watch->http, watch->watch.fd, events);
}

static void
on_curl_timer(void *context)
{
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int
set_curl_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http *http = context;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_clear(http->loop, &http->curl_timer);
	else
		loop_timer_set(http->loop, &http->curl_timer, clock_mono_ms() + timeout_ms);
	return 0;
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct http *http = context;
	struct socket_watch *watch = assigned;
	struct err
	    err; /* -1 has curl fail all transfers of the handle, as without memory it must */

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			loop_unwatch(http->loop, &watch->watch);
		free(watch);
		return 0;
	}
	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (!watch)
			return -1;
		watch->http = http;
		watch->watch = (struct loop_watch){ .fd = fd, .ready = on_ready, .context = watch };
		(void)curl_multi_assign(http->multi, fd, watch);
	}
	watch->watch.events =
	    (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
	return loop_watch(http->loop, &watch->watch, &err);
}

int
http_curl_open(struct http *http, long connections_max, struct err *err)
{
	http->curl_timer.fire = on_curl_timer;
	http->curl_timer.context = http;
	http->multi = curl_multi_init();
	if (!http->multi)
		return err_no_memory(err);
	if (curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) ||
	    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) ||
	    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_curl_timer) ||
	    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) ||
	    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) ||
	    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections_max) ||
	    /* those kept alive: of other hosts too */
	    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, connections_max + 16))
		return err_set(err, ERR_FAULT, "libcurl refuses an option");
	return 0;
}

void
http_curl_close(struct http *http)
{
	if (http->multi)
		(void)curl_multi_cleanup(http->multi);
	http->multi = NULL;
	loop_timer_clear(http->loop, &http->curl_timer);
}
