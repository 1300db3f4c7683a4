/* SPDX-License-Identifier: MIT */
#include "aws/json_error.h"

#include <jansson.h>
#include <stdio.h>

/*
 * Throttling and unavailability: the codes that botocore's standard retry mode lists (botocore,
 * retries/standard.py; Boto3 Guide, "Retries"), and DynamoDB's own (DynamoDB Developer Guide,
 * "Error handling with DynamoDB"). The rest: "Common Errors" of the services' API References.
 */
static const struct {
	const char *code;
	enum aws_json_kind kind;
} codes[] = {
	{ "Throttling", AWS_JSON_THROTTLED },
	{ "ThrottlingException", AWS_JSON_THROTTLED },
	{ "ThrottledException", AWS_JSON_THROTTLED },
	{ "RequestThrottled", AWS_JSON_THROTTLED },
	{ "RequestThrottledException", AWS_JSON_THROTTLED },
	{ "TooManyRequestsException", AWS_JSON_THROTTLED },
	{ "ProvisionedThroughputExceededException", AWS_JSON_THROTTLED },
	{ "RequestLimitExceeded", AWS_JSON_THROTTLED },
	{ "BandwidthLimitExceeded", AWS_JSON_THROTTLED },
	{ "LimitExceededException", AWS_JSON_THROTTLED },
	{ "SlowDown", AWS_JSON_THROTTLED },
	{ "EC2ThrottledException", AWS_JSON_THROTTLED },
	{ "InternalServerError", AWS_JSON_UNAVAILABLE },
	{ "InternalFailure", AWS_JSON_UNAVAILABLE },
	{ "InternalError", AWS_JSON_UNAVAILABLE },
	{ "ServiceUnavailable", AWS_JSON_UNAVAILABLE },
	{ "ServiceUnavailableException", AWS_JSON_UNAVAILABLE },
	{ "RequestTimeout", AWS_JSON_UNAVAILABLE },
	{ "RequestTimeoutException", AWS_JSON_UNAVAILABLE },
	{ "PriorRequestNotComplete", AWS_JSON_UNAVAILABLE },
	{ "ExpiredToken", AWS_JSON_EXPIRED },
	{ "ExpiredTokenException", AWS_JSON_EXPIRED },
	{ "TokenRefreshRequired", AWS_JSON_EXPIRED },
	{ "RequestExpired", AWS_JSON_SKEWED },
	{ "RequestInTheFuture", AWS_JSON_SKEWED },
	{ "RequestTimeTooSkewed", AWS_JSON_SKEWED },
	{ "AccessDenied", AWS_JSON_DENIED },
	{ "AccessDeniedException", AWS_JSON_DENIED },
	{ "AuthFailure", AWS_JSON_DENIED },
	{ "IncompleteSignature", AWS_JSON_DENIED },
	{ "IncompleteSignatureException", AWS_JSON_DENIED },
	{ "InvalidClientTokenId", AWS_JSON_DENIED },
	{ "InvalidSignatureException", AWS_JSON_DENIED },
	{ "MissingAuthenticationToken", AWS_JSON_DENIED },
	{ "MissingAuthenticationTokenException", AWS_JSON_DENIED },
	{ "NotAuthorized", AWS_JSON_DENIED },
	{ "OptInRequired", AWS_JSON_DENIED },
	{ "SignatureDoesNotMatch", AWS_JSON_DENIED },
	{ "UnrecognizedClientException", AWS_JSON_DENIED },
};

/* ---- reading ---- */

/* The end of UTF-8 that fits: none of its characters is cut. */
static size_t
whole_characters(struct slice text, size_t bytes_max)
{
	size_t n = text.len < bytes_max ? text.len : bytes_max;

	if (n < text.len) {
		while (n && ((unsigned char)text.data[n] & 0xc0) == 0x80)
			n--;
	}
	return n;
}

static void
copy_clean(struct slice text, char *ret, size_t bytes)
{
	size_t n = whole_characters(text, bytes - 1);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.data[i];

		ret[i] = c < ' ' || c == 0x7f ? '?' : text.data[i];
	}
	ret[n] = '\0';
}

static struct slice
member(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return slice_make(NULL, 0);
	return slice_make(json_string_value(value), json_string_length(value));
}

/* "aws.protocoltests#FooError:http://..." is FooError. */
static struct slice
bare_code(struct slice text)
{
	struct slice head, tail;

	slice_cut(text, ':', &head, &tail);
	if (slice_cut(head, '#', &head, &tail))
		head = tail;
	return slice_trim(head);
}

static enum aws_json_kind
kind_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
		return AWS_JSON_DENIED;
	case 429:
		return AWS_JSON_THROTTLED;
	case 408:
	case 425:
		return AWS_JSON_UNAVAILABLE;
	default:
		return status >= 500 ? AWS_JSON_UNAVAILABLE : AWS_JSON_OTHER;
	}
}

/* The same code says both that a signature is wrong and that it is too old or too new; only the
 * words tell them apart (aws-sdk-js-v3, issue 7605; aws-sdk-js, issue 2565). OpenSearch's endpoints
 * may give no code at all. */
static bool
is_kind_of_words(const char *message, enum aws_json_kind *ret)
{
	struct slice words = slice_of(message);

	if (slice_starts(words, "Signature expired") ||
	    slice_starts(words, "Signature not yet current")) {
		*ret = AWS_JSON_SKEWED;
		return true;
	}
	if (slice_starts(words, "The security token included in the request is expired")) {
		*ret = AWS_JSON_EXPIRED;
		return true;
	}
	return false;
}

static enum aws_json_kind
kind_of(const struct aws_json_error *error)
{
	enum aws_json_kind kind;

	if (is_kind_of_words(error->message, &kind))
		return kind;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (!strcmp(codes[i].code, error->code))
			return codes[i].kind;
	}
	return kind_of_status(error->status);
}

void
aws_json_error_read(
    int status, struct slice error_type, struct slice body, struct aws_json_error *ret)
{
	json_t *root =
	    body.len ? json_loadb(body.data, body.len, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	struct slice code = error_type, message = member(root, "message");

	*ret = (struct aws_json_error){ .status = status };
	if (!code.len)
		code = member(root, "__type");
	if (!code.len)
		code = member(root, "code");
	if (!message.len)
		message = member(root, "Message");
	copy_clean(bare_code(code), ret->code, sizeof(ret->code));
	copy_clean(slice_trim(message), ret->message, sizeof(ret->message));
	json_decref(root);
	ret->kind = kind_of(ret);
}

bool
aws_json_error_is(const struct aws_json_error *error, const char *code)
{
	return strcmp(error->code, code) == 0;
}

/* ---- telling ---- */

size_t
aws_json_error_text(const struct aws_json_error *error, char ret[static AWS_JSON_TEXT_BYTES])
{
	int n;

	if (error->code[0] && error->message[0])
		n = snprintf(ret, AWS_JSON_TEXT_BYTES, "%s: %s", error->code, error->message);
	else if (error->code[0])
		n = snprintf(ret, AWS_JSON_TEXT_BYTES, "%s", error->code);
	else if (error->message[0])
		n = snprintf(
		    ret, AWS_JSON_TEXT_BYTES, "status %d: %s", error->status, error->message);
	else
		n = snprintf(ret, AWS_JSON_TEXT_BYTES, "status %d", error->status);
	return n < 0 ? 0 : (size_t)n;
}

enum err_class
aws_json_error_class(const struct aws_json_error *error)
{
	bool is_denied = error->kind == AWS_JSON_EXPIRED || error->kind == AWS_JSON_SKEWED ||
	                 error->kind == AWS_JSON_DENIED;

	return is_denied ? ERR_DENIED : ERR_UNAVAILABLE;
}

enum http_verdict
aws_json_judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct aws_json_error error;
	char text[AWS_JSON_TEXT_BYTES];

	(void)context;
	aws_json_error_read(
	    reply->status, http_reply_header(reply, "x-amzn-errortype"), reply->body, &error);
	(void)aws_json_error_text(&error, text);
	err_set(err, aws_json_error_class(&error), "%s", text);
	switch (error.kind) {
	case AWS_JSON_THROTTLED:
		return HTTP_THROTTLED;
	case AWS_JSON_UNAVAILABLE:
		return HTTP_RETRY;
	case AWS_JSON_EXPIRED:
		return HTTP_EXPIRED;
	case AWS_JSON_SKEWED:
		return HTTP_SKEWED;
	case AWS_JSON_DENIED:
	case AWS_JSON_OTHER:
		break;
	}
	return HTTP_FINAL;
}
