/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/failure.h"

#include "codec/json.h"
#include "codec/time.h"

static const char *
condition_name(enum failure_condition condition)
{
	switch (condition) {
	case FAILURE_RETRIES:
		return "RetryAttemptsExhausted";
	case FAILURE_AGE:
		return "RecordAgeExceeded";
	case FAILURE_SIZE:
		return "MaximumPayloadSizeExceeded";
	case FAILURE_REJECTED:
		break;
	}
	return "RecordRejected";
}

static int
append_text(struct buf *out, const char *name, const char *text, struct err *err)
{
	if (buf_append_text(out, name, err))
		return -1;
	return json_string_append(out, slice_of(text), err);
}

static int
append_number(struct buf *out, const char *name, int64_t number, struct err *err)
{
	if (buf_append_text(out, name, err))
		return -1;
	return buf_append_int(out, number, err);
}

static int
append_time(struct buf *out, const char *name, int64_t ms, struct err *err)
{
	char text[TIME_ISO_BYTES];

	time_format_iso(ms, text);
	return append_text(out, name, text, err);
}

static int
append_request(struct buf *out, const struct failure *failure, struct err *err)
{
	const char *id = failure->answer ? failure->answer->request_id : "";

	if (append_text(out, "{\"requestContext\":{\"requestId\":", id, err) ||
	    append_text(out, ",\"functionArn\":", failure->function, err) ||
	    append_text(out, ",\"condition\":", condition_name(failure->condition), err))
		return -1;
	return append_number(
	    out, ",\"approximateInvokeCount\":", (int64_t)failure->invoke_count, err);
}

static int
append_response(struct buf *out, const struct failure_answer *answer, struct err *err)
{
	if (!answer)
		return buf_append_text(out, "},\"responseContext\":null", err);
	if (append_number(out, "},\"responseContext\":{\"statusCode\":", answer->status, err))
		return -1;
	if (*answer->executed_version &&
	    append_text(out, ",\"executedVersion\":", answer->executed_version, err))
		return -1;
	if (*answer->function_error &&
	    append_text(out, ",\"functionError\":", answer->function_error, err))
		return -1;
	return buf_append_char(out, '}', err);
}

static int
append_batch(struct buf *out, const struct event_form *form, const struct record *record,
    size_t payload_bytes, struct err *err)
{
	if (buf_append_text(out, ",\"KafkaBatchInfo\":{\"batchSize\":1", err))
		return -1;
	if (form->source_arn &&
	    append_text(out, ",\"eventSourceArn\":", form->source_arn, err))
		return -1;
	if (form->bootstrap_servers &&
	    append_text(out, ",\"bootstrapServers\":", form->bootstrap_servers, err))
		return -1;
	if (append_number(out, ",\"payloadSize\":", (int64_t)payload_bytes, err) ||
	    append_number(out, ",\"recordInfo\":{\"offset\":\"", record->offset, err) ||
	    buf_append_char(out, '"', err))
		return -1;
	if (record->time_ms != RECORD_NO_TIME &&
	    append_time(out, ",\"timestamp\":", record->time_ms, err))
		return -1;
	return buf_append_text(out, "}},\"payload\":", err);
}

int
failure_append(struct buf *out, const struct failure *failure, const struct event_form *form,
    const struct record *record, struct err *err)
{
	const struct service_item item = { .record = *record };
	const struct service_item *const items[] = { &item };
	struct buf payload = BUF_INIT(out->len_max);
	int rc = -1;

	if (!event_append(&payload, form, items, 1, err) && !append_request(out, failure, err) &&
	    !append_response(out, failure->answer, err) &&
	    !buf_append_text(out, ",\"version\":\"1.0\"", err) &&
	    !append_time(out, ",\"timestamp\":", failure->wall_ms, err) &&
	    !append_batch(out, form, record, payload.len, err) &&
	    !buf_append(out, buf_slice(&payload), err))
		rc = buf_append_char(out, '}', err);
	buf_release(&payload);
	return rc;
}
