/* SPDX-License-Identifier: MIT */
#include "io/http_state.h"

#include "base/clock.h"
#include "base/stop.h"

struct fetch {
	struct http_events theirs;
	struct buf *body;
	int status;
	bool is_done;
	struct err err;
};

static int
pass_head(void *context, const struct http_reply *reply, struct err *err)
{
	struct fetch *fetch = context;

	return fetch->theirs.head ? fetch->theirs.head(fetch->theirs.context, reply, err) : 0;
}

static enum http_verdict
pass_judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct fetch *fetch = context;

	return fetch->theirs.judge ? fetch->theirs.judge(fetch->theirs.context, reply, err)
	                           : HTTP_DEFAULT;
}

static void
on_done(void *context, const struct http_reply *reply, const struct err *err)
{
	struct fetch *fetch = context;
	struct err no_room;

	fetch->is_done = true;
	fetch->status = reply->status;
	fetch->err = *err;
	buf_clear(fetch->body);
	if (buf_append(fetch->body, reply->body, &no_room) && err->class == ERR_NONE)
		fetch->err = no_room;
}

void
http_stop(struct http *http)
{
	http->is_stopped = true;
}

int
http_fetch(struct http *http, const struct http_request *request, struct buf *ret_body,
    int *ret_status, struct err *err)
{
	struct fetch fetch = { .theirs = request->events, .body = ret_body };
	struct http_request own = *request;
	struct http_call *call;

	own.events = (struct http_events){
		.context = &fetch, .head = pass_head, .judge = pass_judge, .done = on_done
	};
	call = http_start(http, &own, err);
	if (!call)
		return -1;
	while (!fetch.is_done && !stop_requested() && !http->is_stopped)
		(void)loop_turn(http->loop, CLOCK_NEVER);
	if (!fetch.is_done) {
		http_cancel(call);
		return err_set(err, ERR_STOPPED, "stopped while waiting for a reply");
	}
	if (ret_status)
		*ret_status = fetch.status;
	if (fetch.err.class == ERR_NONE)
		return 0;
	*err = fetch.err;
	return -1;
}
