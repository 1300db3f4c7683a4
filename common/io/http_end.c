/* SPDX-License-Identifier: MIT */
/* What the end of an attempt means: delivered, tried again, or the end of the call. */
#include "io/http_state.h"

#include <inttypes.h>
#include <strings.h>

#include "base/clock.h"

/* libcurl-errors(3); what is not here comes and goes with the network. */
static enum err_class
class_of(CURLcode code, long connect_status, bool *ret_is_final)
{
	*ret_is_final = true;
	if (connect_status == 403 || connect_status == 407)
		return ERR_DENIED; /* the proxy refused the tunnel */
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return ERR_DENIED;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: /* of a proxy; HTTP/0.9 is told below */
		return ERR_USAGE;
	case CURLE_OUT_OF_MEMORY:
		return ERR_FAULT;
	default:
		*ret_is_final = false;
		return ERR_UNAVAILABLE;
	}
}

static enum http_verdict
judge_by_status(int status, struct err *err)
{
	enum err_class class = ERR_UNAVAILABLE;

	err_set(err, class, "status %d", status);
	switch (status) {
	case 408:
	case 425:
	case 500:
	case 502:
	case 503:
	case 504:
		return HTTP_RETRY;
	case 429:
		return HTTP_THROTTLED;
	case 401:
	case 403:
	case 407:
		class = ERR_DENIED;
		break;
	case 404:
		class = ERR_NO_INPUT;
		break;
	default:
		break;
	}
	err->class = class;
	return HTTP_FINAL;
}

static enum http_verdict
judge(struct http_call *call, struct err *err)
{
	struct http_events *events = &call->request.events;
	enum http_verdict verdict = HTTP_DEFAULT, usual;
	struct err words;

	if (events->judge)
		verdict = events->judge(events->context, &call->reply, err);
	usual = judge_by_status(call->reply.status, &words);
	/* the judge may have words of the service's */
	if (err->class == ERR_NONE)
		*err = words;
	return verdict == HTTP_DEFAULT ? usual : verdict;
}

/* Both name how long to wait; the AWS one is in milliseconds (botocore retries/standard.py). */
static int64_t
retry_after_ms(const struct http_call *call)
{
	struct slice aws = http_reply_header(&call->reply, "x-amz-retry-after");
	struct slice value = http_reply_header(&call->reply, "Retry-After");
	int64_t aws_ms = aws.len ? http_retry_after_ms(aws, 0) / 1000 : -1;

	if (!call->reply.status)
		return -1;
	/* a date is one of the server's clock */
	return aws_ms >= 0 ? aws_ms : http_retry_after_ms(value, http_wall_ms(call->http));
}

static void
retry_or_finish(struct http_call *call, enum http_failure failure, struct err *err)
{
	struct http *http = call->http;
	struct http_retry_case c = {
		.failure = failure,
		.attempt = call->reply.attempts,
		.attempts_max = call->attempts_max,
		.retry_after_ms = retry_after_ms(call),
		.left_ms = call->deadline_mono_ms == CLOCK_NEVER
		               ? CLOCK_NEVER
		               : call->deadline_mono_ms - clock_mono_ms(),
		.random = http_random(http),
	};
	char words[ERR_TEXT_BYTES];
	int64_t delay_ms;

	memcpy(words, err->text, sizeof(words));
	switch (http_retry_decide(&http->budget, &c, &delay_ms, &call->cost)) {
	case HTTP_RETRY_WAIT:
		http_call_again(call, delay_ms);
		return;
	case HTTP_RETRY_EXHAUSTED:
		if (c.attempt > 1)
			err_set(err, err->class, "%s (%u attempts)", words, c.attempt);
		break;
	case HTTP_RETRY_BROKE:
		err_set(err, err->class, "%s (so many requests failed that no more are repeated)",
		    words);
		break;
	case HTTP_RETRY_TOO_LONG:
		err_set(err, err->class, "%s (no time is left for another attempt)", words);
		if (c.retry_after_ms > 0)
			err_set(err, err->class, "%s (to be repeated in %" PRId64 " s)", words,
			    (c.retry_after_ms + 999) / 1000);
		break;
	}
	http_call_finish(call, err);
}

/* A reply with Age comes out of a cache, and so does its Date (RFC 9111 5.1). */
static void
read_clock(struct http_call *call, bool is_complained)
{
	struct http *http = call->http;
	struct slice date = http_reply_header(&call->reply, "Date");

	if (!call->reply.status || !date.len || http_reply_header(&call->reply, "Age").len)
		return;
	/* not our clock of now: the body may have taken hours, with pauses of its receiver */
	http->skew_ms =
	    http_skew_ms(http->skew_ms, http_date_ms(date), call->head_wall_ms, is_complained);
}

/* Signs once more for a reason that goes away by that; false where it did not. */
static bool
sign_again(struct http_call *call, bool *was_done)
{
	if (*was_done || !call->request.signer.sign)
		return false;
	*was_done = true;
	/* such an attempt is none of those that a service in trouble is given */
	call->attempts_max++;
	http_call_again(call, 0);
	return true;
}

static void
end_refused(struct http_call *call, struct err *err)
{
	struct http_signer *signer = &call->request.signer;

	switch (judge(call, err)) {
	case HTTP_RETRY:
		retry_or_finish(call, HTTP_FAILED_TRANSIENT, err);
		return;
	case HTTP_THROTTLED:
		retry_or_finish(call, HTTP_FAILED_THROTTLED, err);
		return;
	case HTTP_SKEWED:
		read_clock(call, true);
		if (sign_again(call, &call->has_skewed))
			return;
		break;
	case HTTP_EXPIRED:
		if (signer->expired && !call->has_expired)
			signer->expired(signer->context, call->issue);
		if (sign_again(call, &call->has_expired))
			return;
		break;
	case HTTP_FINAL:
	case HTTP_DEFAULT:
	default:
		break;
	}
	http_call_finish(call, err);
}

static void
end_broken(struct http_call *call, CURLcode code, long connect_status, struct err *err)
{
	bool is_timeout = call->is_stalled || code == CURLE_OPERATION_TIMEDOUT;
	bool is_final;
	enum err_class class = class_of(code, connect_status, &is_final);

	if (code == CURLE_UNSUPPORTED_PROTOCOL && call->is_sent) {
		class = ERR_UNAVAILABLE; /* a reply without a status line: HTTP/0.9 */
		is_final = false;
	}
	if (call->is_stalled)
		err_set(
		    err, ERR_UNAVAILABLE, "no byte for %" PRId64 " ms", call->http->stall_ms_max);
	else
		err_set(err, class, "%s",
		    call->curl_words[0] ? call->curl_words : curl_easy_strerror(code));
	if (is_final || (call->request.events.body && call->reply.body_bytes > 0))
		http_call_finish(call, err);
	else
		retry_or_finish(
		    call, is_timeout ? HTTP_FAILED_TIMEOUT : HTTP_FAILED_TRANSIENT, err);
}

/* As far as this side can know: the rest may be in buffers of the system. */
static bool
has_gone_out(const struct http_call *call)
{
	curl_off_t sent = 0;

	if (!call->easy || !call->is_sent)
		return false;
	curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent >= (curl_off_t)call->request.body.len;
}

void
http_call_ended(struct http_call *call, CURLcode code)
{
	struct err err = ERR_INIT;
	long connect_status = 0;

	if (call->state == CALL_CANCELLED)
		return;
	if (code && call->easy)
		curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
	call->reply.is_overdue = call->is_late && has_gone_out(call);
	http_attempt_end(call);
	read_clock(call, false);
	if (call->is_late) {
		err_set(&err, ERR_UNAVAILABLE, "not done within %" PRId64 " ms",
		    call->request.total_ms_max);
		http_call_finish(call, &err);
	} else if (call->err.class != ERR_NONE) {
		http_call_finish(call, &call->err);
	} else if (code && !call->is_ended_by_us) {
		end_broken(call, code, connect_status, &err);
	} else if (call->reply.status >= 200 && call->reply.status < 300) {
		http_budget_refund(&call->http->budget, call->cost);
		http_call_finish(call, &err);
	} else {
		end_refused(call, &err);
	}
}

struct slice
http_reply_header(const struct http_reply *reply, const char *name)
{
	const struct buf *head = reply->headers;
	struct slice found = slice_make(NULL, 0), line, value, rest;

	if (!head || !head->len)
		return found;
	rest = slice_make(head->data, head->len);
	while (rest.len) {
		slice_cut(rest, '\0', &line, &rest);
		if (slice_cut(line, ':', &line, &value) && line.len == strlen(name) &&
		    !strncasecmp(line.data, name, line.len))
			found = slice_trim(value);
	}
	return found;
}
