/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/endpoints.h"
#include "aws/json_error.h"
#include "base/clock.h"
#include "base/stop.h"

enum {
	URL_BYTES = 1024,
	BODY_BYTES_MAX = 64 * 1024,
	POLL_MS = 500,
	BEGIN_MS_MAX = 5 * 60 * 1000, /* of a table that is being made */
	CALL_MS_MAX = 60 * 1000,
};

struct table {
	struct aws_session *session;
	struct table_options options;
	char endpoint[URL_BYTES];
	struct aws_signing signing;
	struct http_signer signer;
	struct aws_json_error error; /* of the last reply that was one */
};

/* ---- where it is ---- */

/* arn:PARTITION:dynamodb:REGION:... */
static struct slice
arn_region(const char *name)
{
	struct slice rest = slice_of(name), part = slice_make(NULL, 0);

	if (!slice_starts(rest, "arn:"))
		return part;
	for (int i = 0; i < 4; i++)
		slice_cut(rest, ':', &part, &rest);
	return part;
}

static int
find_region(struct table *t, const char *endpoint, struct err *err)
{
	const char *told = aws_session_region(t->session, "dynamodb");
	struct slice region = arn_region(t->options.name);

	if (!region.len && told)
		region = slice_of(told);
	/* DynamoDB Local and its like only want one to be there */
	if (!region.len && endpoint)
		region = slice_of("us-east-1");
	if (!region.len)
		return err_set(err, ERR_USAGE,
		    "table %s: no region: give --region or set AWS_REGION", t->options.name);
	if (!aws_region_is_valid(region) || region.len >= sizeof(t->signing.region))
		return err_set(err, ERR_USAGE, "not a region: %.*s", SLICE_ARGS(region));
	memcpy(t->signing.region, region.data, region.len);
	t->signing.region[region.len] = '\0';
	return 0;
}

/* "Amazon DynamoDB endpoints and quotas" (AWS General Reference). */
static int
find_endpoint(struct table *t, struct err *err)
{
	const char *endpoint = aws_session_endpoint(t->session, "DYNAMODB");
	int n;

	if (find_region(t, endpoint, err))
		return -1;
	if (endpoint)
		n = snprintf(t->endpoint, sizeof(t->endpoint), "%s", endpoint);
	else
		n = snprintf(t->endpoint, sizeof(t->endpoint), "https://dynamodb.%s.%s",
		    t->signing.region, aws_dns_suffix(t->signing.region));
	if (n < 0 || (size_t)n >= sizeof(t->endpoint))
		return err_set(err, ERR_USAGE, "the endpoint's URL is too long");
	return 0;
}

struct table *
table_open(struct aws_session *session, const struct table_options *options, struct err *err)
{
	struct table *t;

	if (table_check_name(options->name, err))
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t) {
		err_no_memory(err);
		return NULL;
	}
	t->session = session;
	t->options = *options;
	t->signing = (struct aws_signing){ .session = session, .service = "dynamodb" };
	if (find_endpoint(t, err)) {
		table_free(t);
		return NULL;
	}
	t->signer = aws_signer(&t->signing);
	return t;
}

void
table_free(struct table *t)
{
	free(t);
}

const char *
table_endpoint(const struct table *t)
{
	return t->endpoint;
}

struct http_signer
table_signer(const struct table *t)
{
	return t->signer;
}

/* ---- asking ---- */

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct table *t = context;

	aws_json_error_read(
	    reply->status, http_reply_header(reply, "x-amzn-errortype"), reply->body, &t->error);
	return aws_json_judge(NULL, reply, err);
}

static int
ask(struct table *t, const char *target, struct slice body, struct buf *ret_reply, struct err *err)
{
	const struct http_header headers[] = {
		{ slice_of("Content-Type"), slice_of("application/x-amz-json-1.0") },
		{ slice_of("X-Amz-Target"), slice_of(target) },
	};
	char url[URL_BYTES + 1];
	struct http_request request = {
		.method = "POST",
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(*headers),
		.body = body,
		.signer = t->signer,
		.events = { .context = t, .judge = judge },
		.about = t->options.name,
		.attempts_usual = 10, /* botocore: DynamoDB's (retries/_retry.json) */
		.total_ms_max = CALL_MS_MAX,
	};

	(void)snprintf(url, sizeof(url), "%s/", t->endpoint);
	request.url = slice_of(url);
	t->error = (struct aws_json_error){ .status = 0 };
	return http_fetch(aws_session_http(t->session), &request, ret_reply, NULL, err);
}

/* One DescribeTable. */
static int
look(struct table *t, struct table_description *ret, struct err *err)
{
	struct buf body = BUF_INIT(BODY_BYTES_MAX), reply = BUF_INIT(1024 * 1024);
	int rc = -1;

	if (buf_append_text(&body, "{\"TableName\":", err) ||
	    json_string_append(&body, slice_of(t->options.name), err) ||
	    buf_append_char(&body, '}', err))
		goto out;
	if (ask(t, "DynamoDB_20120810.DescribeTable", buf_slice(&body), &reply, err)) {
		if (aws_json_error_is(&t->error, "ResourceNotFoundException"))
			err->class = ERR_NO_INPUT;
		goto out;
	}
	rc = table_read(buf_slice(&reply), ret, err);
	if (rc)
		err_wrap(err, "%s", t->options.name);
out:
	buf_release(&body);
	buf_release(&reply);
	return rc;
}

static int
create(struct table *t, struct err *err)
{
	struct buf body = BUF_INIT(BODY_BYTES_MAX), reply = BUF_INIT(1024 * 1024);
	int rc = table_append_create(&body, t->options.name, t->options.create, err);

	if (!rc && ask(t, "DynamoDB_20120810.CreateTable", buf_slice(&body), &reply, err)) {
		/* somebody else was faster, or our own first attempt */
		if (aws_json_error_is(&t->error, "ResourceInUseException")) {
			err_clear(err);
		} else {
			if (err->class != ERR_DENIED && err->class != ERR_STOPPED)
				err->class = ERR_CANT_CREATE;
			rc = -1;
		}
	}
	buf_release(&body);
	buf_release(&reply);
	return rc;
}

/* ---- waiting ---- */

static int
check_keys(const struct table *t, const struct schema *found, struct err *err)
{
	const struct schema *want = t->options.create;

	if (!want)
		return 0;
	for (size_t i = 0; i < SCHEMA_KEYS; i++) {
		bool is_same =
		    found->key_count == want->key_count &&
		    (i >= want->key_count || (found->keys[i].type == want->keys[i].type &&
						 !strcmp(found->keys[i].name, want->keys[i].name)));

		if (!is_same)
			return err_set(err, ERR_USAGE,
			    "table %s exists with other keys than --create-table says",
			    t->options.name);
	}
	return 0;
}

/* Nothing else is under way yet: the loop may stand still. */
static int
wait_a_little(const struct table *t, int64_t until_mono_ms, struct err *err)
{
	if (clock_mono_ms() >= until_mono_ms)
		return err_set(
		    err, ERR_UNAVAILABLE, "table %s is still being made", t->options.name);
	if (stop_wait(clock_mono_ms() + POLL_MS))
		return err_set(
		    err, ERR_STOPPED, "stopped while table %s was being made", t->options.name);
	return 0;
}

int
table_describe(struct table *t, struct schema *ret, struct err *err)
{
	int64_t until = clock_deadline(BEGIN_MS_MAX);
	struct table_description found;
	bool is_created = false;

	for (;;) {
		if (look(t, &found, err)) {
			if (err->class != ERR_NO_INPUT)
				return -1;
			if (!t->options.create)
				return err_set(err, ERR_NO_INPUT,
				    "there is no table %s at %s (--create-table makes one)",
				    t->options.name, t->endpoint);
			/* a table that was just made may not be seen at once */
			if (is_created ? wait_a_little(t, until, err) : create(t, err))
				return -1;
			is_created = true;
			err_clear(err);
			continue;
		}
		if (check_keys(t, &found.schema, err))
			return -1;
		if (found.state == TABLE_SHUT)
			return err_set(err, ERR_NO_INPUT, "table %s cannot be written: it is %s",
			    t->options.name, found.status);
		*ret = found.schema;
		if (found.state == TABLE_READY)
			return 0;
		if (wait_a_little(t, until, err))
			return -1;
	}
}
