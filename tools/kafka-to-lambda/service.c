/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/service.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/json_error.h"
#include "codec/sigv4.h"
#include "kafka-to-lambda/failure.h"
#include "kafka-to-lambda/result.h"

enum { HTTP_ACCEPTED = 202 }; /* RFC 9110 15.3.3 */

/* What became of a record that is not sent again, for lambda_append_failure. */
struct refusal {
	struct position position;
	enum failure_condition condition;
	unsigned invoke_count;
};

struct lambda {
	struct service service;
	struct lambda_options options;
	size_t payload_bytes_max;
	/* of the last verdicts, or of the last record that stage rejected */
	struct refusal *refusals;
	size_t refusal_count, refusal_capacity;
	bool has_answer;
	struct failure_answer answer;
	/* the items of a batch by partition and offset */
	const struct service_item **sorted;
	size_t sorted_capacity;
};

static const char too_old[] = "older than --max-record-age";

static struct lambda *
of(struct service *service)
{
	return (struct lambda *)service;
}

static void
clear_refusals(struct lambda *lambda)
{
	lambda->refusal_count = 0;
	lambda->has_answer = false;
}

static int
make_room(struct lambda *lambda, size_t count, struct err *err)
{
	struct refusal *refusals;

	if (count <= lambda->refusal_capacity)
		return 0;
	refusals = realloc(lambda->refusals, count * sizeof(*refusals));
	if (!refusals)
		return err_no_memory(err);
	lambda->refusals = refusals;
	lambda->refusal_capacity = count;
	return 0;
}

/* There is room for each of a batch. */
static void
add_refusal(struct lambda *lambda, const struct record *record, enum failure_condition condition,
    unsigned invoke_count)
{
	assert(lambda->refusal_count < lambda->refusal_capacity);
	lambda->refusals[lambda->refusal_count++] = (struct refusal){
		.position = record->position,
		.condition = condition,
		.invoke_count = invoke_count,
	};
}

/* ---- stage ---- */

static bool
is_too_old(const struct lambda *lambda, const struct record *record)
{
	return lambda->options.age_ms_max >= 0 && record->time_ms != RECORD_NO_TIME &&
	       lambda->options.wall_ms() - record->time_ms > lambda->options.age_ms_max;
}

/* Partitions of one topic go to lanes in turn; those of several (envelopes) anywhere. */
static uint64_t
lane_of(const struct lambda *lambda, const struct record *record)
{
	uint64_t partition = (uint64_t)(uint32_t)record->partition;

	switch (lambda->options.order) {
	case LAMBDA_BY_KEY:
		if (record->has_key)
			return service_lane(record->key);
		break;
	case LAMBDA_UNORDERED:
		return (uint64_t)record->position.sequence;
	case LAMBDA_BY_PARTITION:
		break;
	}
	return service_lane(record->topic) + partition;
}

static enum service_stage
reject(struct lambda *lambda, const struct record *record, enum failure_condition condition,
    const char *reason, struct err *err)
{
	clear_refusals(lambda);
	add_refusal(lambda, record, condition, 0);
	(void)record_reject(record, -1, reason, err);
	return SERVICE_REJECTED;
}

static enum service_stage
stage(struct service *service, const struct record *record, struct service_staged *ret,
    struct err *err)
{
	struct lambda *lambda = of(service);
	size_t bytes = event_record_bytes(record);
	char reason[96];

	if (is_too_old(lambda, record))
		return reject(lambda, record, FAILURE_AGE, too_old, err);
	if (bytes > service->bytes_max) {
		(void)snprintf(reason, sizeof(reason),
		    "its event may be %zu bytes long, the limit is %zu",
		    bytes + lambda->payload_bytes_max - service->bytes_max,
		    lambda->payload_bytes_max);
		return reject(lambda, record, FAILURE_SIZE, reason, err);
	}
	*ret = (struct service_staged){ .lane = lane_of(lambda, record), .bytes = bytes };
	return SERVICE_SEND;
}

static int
expired(struct service *service, const struct service_item *const *items, size_t count,
    size_t *ret_count, char ret_reason[static SERVICE_REASON_BYTES], struct err *err)
{
	struct lambda *lambda = of(service);
	size_t old = 0;

	while (old < count && is_too_old(lambda, &items[old]->record))
		old++;
	*ret_count = old;
	if (!old)
		return 0;
	if (make_room(lambda, old, err))
		return -1;
	clear_refusals(lambda);
	for (size_t i = 0; i < old; i++)
		add_refusal(lambda, &items[i]->record, FAILURE_AGE, items[i]->retries);
	(void)snprintf(ret_reason, SERVICE_REASON_BYTES, "%s", too_old);
	return 0;
}

/* ---- request ---- */

/*
 * A batch that failed is given again as it was: what came behind it has not failed yet. One that has become
 * too old is not given: the next request begins with it.
 */
static size_t
count_alike(
    const struct lambda *lambda, const struct service_item *const *items, size_t count)
{
	size_t n = 1;

	while (n < count && items[n]->retries == items[0]->retries &&
	       !is_too_old(lambda, &items[n]->record))
		n++;
	return n;
}

static int
request(struct service *service, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *err)
{
	const struct lambda_options *options = &of(service)->options;

	ret->method = "POST";
	*ret_count = count_alike(of(service), items, count);
	/* API_Invoke, "Request Syntax"; the name may hold an ARN's colons */
	if (buf_append_text(&ret->path, "/2015-03-31/functions/", err) ||
	    sigv4_append_encoded(&ret->path, slice_of(options->function), false, err) ||
	    buf_append_text(&ret->path, "/invocations", err))
		return -1;
	ret->headers[ret->header_count++] =
	    (struct service_header){ "Content-Type", "application/json" };
	ret->headers[ret->header_count++] = (struct service_header){ "X-Amz-Invocation-Type",
		options->is_async ? "Event" : "RequestResponse" };
	if (event_append(&ret->body, &options->event, items, *ret_count, err))
		return -1;
	/* a line, for the read of a shell */
	return options->is_command ? buf_append_char(&ret->body, '\n', err) : 0;
}

/* ---- verdicts ---- */

static void
copy_header(const struct service_reply *reply, const char *name, char ret[static FAILURE_WORD_BYTES])
{
	const char *value = reply->header ? reply->header(reply->header_context, name) : NULL;

	(void)snprintf(ret, FAILURE_WORD_BYTES, "%s", value ? value : "");
}

static void
read_answer(struct lambda *lambda, const struct service_reply *reply)
{
	struct failure_answer *answer = &lambda->answer;

	clear_refusals(lambda);
	lambda->has_answer = true;
	answer->status = reply->status ? reply->status : 200;
	copy_header(reply, "x-amzn-RequestId", answer->request_id);
	copy_header(reply, "X-Amz-Executed-Version", answer->executed_version);
	copy_header(reply, "X-Amz-Function-Error", answer->function_error);
	/* a command that failed */
	if (!reply->status)
		(void)snprintf(answer->function_error, FAILURE_WORD_BYTES, "Unhandled");
}

static void
refuse(struct lambda *lambda, const struct service_item *item, enum failure_condition condition,
    const char *reason, struct service_verdict *ret)
{
	add_refusal(lambda, &item->record, condition, item->retries + 1);
	ret->fate = SERVICE_REFUSED;
	if (condition == FAILURE_AGE)
		(void)snprintf(ret->reason, sizeof(ret->reason),
		    "%s: %.200s", too_old, reason);
	else if (!item->retries)
		(void)snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
	else
		(void)snprintf(ret->reason, sizeof(ret->reason), "tried %u times: %.220s",
		    item->retries + 1, reason);
}

/* The function failed this record. */
static void
fail_item(struct lambda *lambda, const struct service_item *item, const char *reason,
    struct service_verdict *ret)
{
	int64_t retries_max = lambda->options.retries_max;

	if (retries_max >= 0 && (int64_t)item->retries >= retries_max) {
		refuse(lambda, item, FAILURE_RETRIES, reason, ret);
	} else if (is_too_old(lambda, &item->record)) {
		refuse(lambda, item, FAILURE_AGE, reason, ret);
	} else {
		ret->fate = SERVICE_RETRY;
		(void)snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
	}
}

static enum service_outcome
fail_all(struct lambda *lambda, const struct service_item *const *items, size_t count,
    const char *reason, struct service_verdict *ret, struct err *err)
{
	if (count > 1 && lambda->options.is_bisecting) {
		err_set(err, ERR_UNAVAILABLE, "%s", reason);
		return SERVICE_SPLIT;
	}
	for (size_t i = 0; i < count; i++)
		fail_item(lambda, items[i], reason, &ret[i]);
	return SERVICE_JUDGED;
}

static void
set_done(struct service_verdict *ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ret[i].fate = SERVICE_DONE;
		ret[i].reason[0] = '\0';
	}
}

/* ---- records that the function names ---- */

static int
compare_items(const void *a, const void *b)
{
	const struct record *x = &(*(const struct service_item *const *)a)->record;
	const struct record *y = &(*(const struct service_item *const *)b)->record;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return slice_compare(event_topic(x), event_topic(y));
}

/* "trips-0" into topic and number, written as event.c writes it. */
static bool
split_partition(struct slice text, struct record *ret)
{
	char digits[16], again[16];
	size_t at = text.len;
	long number;

	while (at && text.data[at - 1] >= '0' && text.data[at - 1] <= '9')
		at--;
	if (!at || at == text.len || text.data[at - 1] != '-' || text.len - at >= sizeof(digits))
		return false;
	memcpy(digits, text.data + at, text.len - at);
	digits[text.len - at] = '\0';
	number = strtol(digits, NULL, 10);
	(void)snprintf(again, sizeof(again), "%ld", number);
	if (number > INT32_MAX || strcmp(digits, again) != 0)
		return false;
	ret->topic = slice_make(text.data, at - 1);
	ret->partition = (int32_t)number;
	return true;
}

static int
sort_items(struct lambda *lambda, const struct service_item *const *items, size_t count,
    struct err *err)
{
	if (count > lambda->sorted_capacity) {
		const struct service_item **sorted =
		    realloc(lambda->sorted, count * sizeof(struct service_item *));

		if (!sorted)
			return err_no_memory(err);
		lambda->sorted = sorted;
		lambda->sorted_capacity = count;
	}
	memcpy(lambda->sorted, items, count * sizeof(struct service_item *));
	qsort(lambda->sorted, count, sizeof(struct service_item *), compare_items);
	return 0;
}

/* The item of that name, or NULL: the event had none. */
static const struct service_item *
find_item(const struct lambda *lambda, size_t count, const struct result_failure *failure)
{
	struct service_item wanted = { .record = { .offset = failure->offset } };
	const struct service_item *key = &wanted, **found;

	if (!split_partition(failure->partition, &wanted.record))
		return NULL;
	found = bsearch(
	    &key, lambda->sorted, count, sizeof(struct service_item *), compare_items);
	return found ? *found : NULL;
}

/* Marks those that are named. ERR_DATA: one is not of this batch, "treated as failure and entire batch will
 * be retried" (Developer Guide, "PartialBatchResponse"). */
static int
mark_named(const struct lambda *lambda, const struct result *result,
    const struct service_item *const *items, size_t count, struct service_verdict *ret,
    struct err *err)
{
	for (size_t i = 0; i < result->failure_count; i++) {
		const struct result_failure *failure = &result->failures[i];
		const struct service_item *item = find_item(lambda, count, failure);
		size_t at = 0;

		if (!item)
			return err_set(err, ERR_DATA,
			    "it names %.*s offset %" PRId64 ", which the event has not",
			    SLICE_ARGS(failure->partition), failure->offset);
		while (items[at] != item)
			at++;
		ret[at].fate = SERVICE_RETRY;
	}
	return 0;
}

/* err says what is wrong with the function's report. */
static enum service_outcome
fail_report(struct lambda *lambda, const struct service_item *const *items, size_t count,
    struct service_verdict *ret, struct err *err)
{
	char reason[SERVICE_REASON_BYTES];

	if (err->class != ERR_DATA)
		return SERVICE_STOP;
	(void)snprintf(reason, sizeof(reason), "its answer: %.200s", err->text);
	err_clear(err);
	return fail_all(lambda, items, count, reason, ret, err);
}

static enum service_outcome
judge_result(struct lambda *lambda, const struct service_item *const *items, size_t count,
    struct slice body, struct service_verdict *ret, struct err *err)
{
	struct result result;
	bool is_known;

	set_done(ret, count);
	if (result_read(body, !lambda->options.is_command, &result, err))
		return fail_report(lambda, items, count, ret, err);
	if (!result.failure_count) {
		result_release(&result);
		return SERVICE_JUDGED;
	}
	if (sort_items(lambda, items, count, err)) {
		result_release(&result);
		return SERVICE_STOP;
	}
	is_known = !mark_named(lambda, &result, items, count, ret, err);
	result_release(&result);
	if (!is_known)
		return fail_report(lambda, items, count, ret, err);
	for (size_t i = 0; i < count; i++) {
		if (ret[i].fate == SERVICE_RETRY)
			fail_item(lambda, items[i], "the function names it in batchItemFailures",
			    &ret[i]);
	}
	return SERVICE_JUDGED;
}

/* ---- answers that are not the function's ---- */

/* What is too old is not waited for, the rest is: without a count of tries. */
static enum service_outcome
drop_old(struct lambda *lambda, const struct service_item *const *items, size_t count,
    enum service_outcome outcome, struct service_verdict *ret, const struct err *err)
{
	size_t old = 0;

	for (size_t i = 0; i < count; i++)
		old += is_too_old(lambda, &items[i]->record);
	if (!old)
		return outcome;
	for (size_t i = 0; i < count; i++) {
		ret[i].fate = SERVICE_THROTTLED;
		(void)snprintf(ret[i].reason, sizeof(ret[i].reason), "%.250s", err->text);
		if (is_too_old(lambda, &items[i]->record))
			refuse(lambda, items[i], FAILURE_AGE, err->text, &ret[i]);
	}
	return SERVICE_JUDGED;
}

/* Somebody between us and Lambda answers: a page of a proxy or a portal. What Lambda says has its request's number
 * (botocore, parsers.py, x-amzn-requestid); servers that play it need not have one. What is queued is answered with
 * 202, and nothing else is (API_Invoke, "StatusCode"). */
static bool
is_foreign(const struct lambda *lambda, const struct service_reply *reply)
{
	char id[FAILURE_WORD_BYTES], type[FAILURE_WORD_BYTES];

	if (reply->status < 200 || reply->status > 299)
		return false;
	if (lambda->options.is_async)
		return reply->status != HTTP_ACCEPTED;
	copy_header(reply, "x-amzn-RequestId", id);
	copy_header(reply, "Content-Type", type);
	return !*id && slice_starts(slice_of(type), "text/html") &&
	       slice_starts(slice_trim(reply->body), "<");
}

/* API_Invoke, "Errors": 4xx of the function's state (it is being made or changed) pass. */
static bool
may_pass(const struct service_reply *reply)
{
	return reply->status >= 500 || reply->status == 408 || reply->status == 409 ||
	       reply->status == 410;
}

static enum service_outcome
judge_silence(struct lambda *lambda, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	clear_refusals(lambda);
	if (reply->status < 0)
		err_set(err, ERR_UNAVAILABLE, "%.*s", SLICE_ARGS(reply->body));
	else
		err_set(err, ERR_UNAVAILABLE, "%s: status %d, and not from Lambda",
		    lambda->options.function, reply->status);
	return drop_old(lambda, items, count, SERVICE_AGAIN, ret, err);
}

static enum service_outcome
judge_refusal(struct lambda *lambda, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	char type[FAILURE_WORD_BYTES], text[AWS_JSON_TEXT_BYTES];
	struct aws_json_error error;

	copy_header(reply, "X-Amzn-ErrorType", type);
	aws_json_error_read(reply->status, slice_of(type), reply->body, &error);
	(void)aws_json_error_text(&error, text);
	err_set(err, aws_json_error_class(&error), "%s: %s", lambda->options.function, text);
	if (reply->status == 413) {
		if (count == 1)
			add_refusal(lambda, &items[0]->record, FAILURE_SIZE, items[0]->retries + 1);
		return SERVICE_SPLIT;
	}
	if (reply->status == 429 || error.kind == AWS_JSON_THROTTLED)
		return drop_old(lambda, items, count, SERVICE_SLOWER, ret, err);
	if (err->class != ERR_DENIED && may_pass(reply))
		return drop_old(lambda, items, count, SERVICE_AGAIN, ret, err);
	if (reply->status == 401 || reply->status == 403)
		err->class = ERR_DENIED;
	if (reply->status == 404)
		err->class = ERR_NO_INPUT;
	return SERVICE_STOP;
}

static enum service_outcome
verdicts(struct service *service, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	struct lambda *lambda = of(service);
	char words[SERVICE_REASON_BYTES], reason[SERVICE_REASON_BYTES];

	if (make_room(lambda, count, err))
		return SERVICE_STOP;
	if (reply->status < 0 || is_foreign(lambda, reply))
		return judge_silence(lambda, items, count, reply, ret, err);
	read_answer(lambda, reply);
	if (reply->status && (reply->status < 200 || reply->status > 299))
		return judge_refusal(lambda, items, count, reply, ret, err);
	if (!*lambda->answer.function_error) {
		if (!lambda->options.is_async)
			return judge_result(lambda, items, count, reply->body, ret, err);
		set_done(ret, count);
		return SERVICE_JUDGED;
	}
	result_words(reply->body, words);
	(void)snprintf(reason, sizeof(reason), "%s%s%.180s",
	    reply->status ? lambda->answer.function_error : "", reply->status && *words ? ": " : "",
	    words);
	return fail_all(lambda, items, count, reason, ret, err);
}

/* ---- the whole ---- */

static void
free_service(struct service *service)
{
	struct lambda *lambda = of(service);

	free(lambda->refusals);
	free(lambda->sorted);
	free(lambda);
}

struct service *
lambda_service_new(const struct lambda_options *options, struct err *err)
{
	static const struct service_ops ops = { .stage = stage, .expired = expired,
		.request = request, .verdicts = verdicts, .free = free_service };
	struct lambda *lambda = calloc(1, sizeof(*lambda));
	size_t frame_bytes = event_frame_bytes(&options->event);

	if (!lambda || make_room(lambda, 1, err)) {
		free(lambda);
		err_no_memory(err);
		return NULL;
	}
	lambda->options = *options;
	lambda->payload_bytes_max =
	    options->is_async ? LAMBDA_ASYNC_BYTES_MAX : LAMBDA_PAYLOAD_BYTES_MAX;
	lambda->service = (struct service){
		.ops = &ops,
		.count_max = LAMBDA_BATCH_COUNT_MAX,
		.bytes_max = lambda->payload_bytes_max - frame_bytes - options->is_command,
	};
	return &lambda->service;
}

int
lambda_append_failure(
    struct service *service, const struct record *record, struct buf *out, struct err *err)
{
	struct lambda *lambda = of(service);
	struct failure failure = {
		.condition = FAILURE_REJECTED,
		.function = lambda->options.function,
		.wall_ms = lambda->options.wall_ms(),
	};

	for (size_t i = 0; i < lambda->refusal_count; i++) {
		const struct refusal *refusal = &lambda->refusals[i];

		if (refusal->position.stream != record->position.stream ||
		    refusal->position.term != record->position.term ||
		    refusal->position.sequence != record->position.sequence)
			continue;
		failure.condition = refusal->condition;
		failure.invoke_count = refusal->invoke_count;
		failure.answer = lambda->has_answer && refusal->invoke_count ? &lambda->answer : NULL;
	}
	return failure_append(out, &failure, &lambda->options.event, record, err);
}
