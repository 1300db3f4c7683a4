/* SPDX-License-Identifier: MIT */
/* Errors of AWS's JSON services, as replies carry them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/json_error.h"

#define DYNAMO "com.amazonaws.dynamodb.v20120810#"
#define CORAL "com.amazon.coral.service#"

static const struct {
	int status;
	const char *error_type, *body;
	enum aws_json_kind kind;
	const char *text;
} cases[] = {
	{ 400, "", "{\"__type\":\"" DYNAMO "ResourceNotFoundException\",\"message\":\"not found\"}",
	    AWS_JSON_OTHER, "ResourceNotFoundException: not found" },
	{ 400, "", "{\"__type\":\"" DYNAMO "ProvisionedThroughputExceededException\"}",
	    AWS_JSON_THROTTLED, "ProvisionedThroughputExceededException" },
	{ 400, "", "{\"__type\":\"" CORAL "ThrottlingException\",\"Message\":\"Rate\"}",
	    AWS_JSON_THROTTLED, "ThrottlingException: Rate" },
	/* the forms of Smithy's page */
	{ 400, "FooError", "", AWS_JSON_OTHER, "FooError" },
	{ 400, "FooError:http://internal.amazon.com/coral/com.amazon.coral.validate/", "",
	    AWS_JSON_OTHER, "FooError" },
	{ 400, "aws.protocoltests.restjson#FooError", "", AWS_JSON_OTHER, "FooError" },
	{ 400, "aws.protocoltests.restjson#FooError:http://internal.amazon.com/coral/com.amazon/",
	    "", AWS_JSON_OTHER, "FooError" },
	{ 400, "", "{\"code\":\"FooError\"}", AWS_JSON_OTHER, "FooError" },
	/* the header counts before the body */
	{ 429, "TooManyRequestsException", "{\"__type\":\"Other\",\"message\":\"m\"}",
	    AWS_JSON_THROTTLED, "TooManyRequestsException: m" },
	/* credentials and clocks */
	{ 400, "", "{\"__type\":\"" CORAL "ExpiredTokenException\",\"message\":\"x\"}",
	    AWS_JSON_EXPIRED, "ExpiredTokenException: x" },
	{ 403, "", "{\"message\":\"The security token included in the request is expired\"}",
	    AWS_JSON_EXPIRED, "status 403: The security token included in the request is expired" },
	{ 400, "",
	    "{\"__type\":\"" CORAL "InvalidSignatureException\",\"message\":"
	    "\"Signature expired: 20260709T101500Z is now earlier than 20260709T102000Z\"}",
	    AWS_JSON_SKEWED,
	    "InvalidSignatureException: Signature expired: 20260709T101500Z is now earlier than "
	    "20260709T102000Z" },
	{ 403, "", "{\"message\":\"Signature not yet current: 1 is still later than 0\"}",
	    AWS_JSON_SKEWED, "status 403: Signature not yet current: 1 is still later than 0" },
	{ 400, "", "{\"__type\":\"" CORAL "InvalidSignatureException\",\"message\":\"wrong\"}",
	    AWS_JSON_DENIED, "InvalidSignatureException: wrong" },
	{ 400, "", "{\"__type\":\"" CORAL "UnrecognizedClientException\",\"message\":\"no\"}",
	    AWS_JSON_DENIED, "UnrecognizedClientException: no" },
	{ 400, "", "{\"__type\":\"" CORAL "AccessDeniedException\",\"Message\":\"no\"}",
	    AWS_JSON_DENIED, "AccessDeniedException: no" },
	/* by status where the code says nothing */
	{ 403, "", "{\"Message\":\"User: anonymous is not authorized\"}", AWS_JSON_DENIED,
	    "status 403: User: anonymous is not authorized" },
	{ 500, "", "{\"__type\":\"" DYNAMO "InternalServerError\"}", AWS_JSON_UNAVAILABLE,
	    "InternalServerError" },
	{ 503, "", "<html>", AWS_JSON_UNAVAILABLE, "status 503" },
	{ 429, "", "", AWS_JSON_THROTTLED, "status 429" },
	{ 404, "", "null", AWS_JSON_OTHER, "status 404" },
	/* no error of AWS */
	{ 400, "", "[1]", AWS_JSON_OTHER, "status 400" },
	{ 400, "", "{\"__type\":1,\"message\":{}}", AWS_JSON_OTHER, "status 400" },
	{ 400, "", "{\"__type\":\"#\",\"message\":\"\"}", AWS_JSON_OTHER, "status 400" },
	{ 400, "", "{\"__type\":\"A\\nB\",\"message\":\" c\\u0007\\td \"}", AWS_JSON_OTHER,
	    "A?B: c??d" },
	{ 400, "", "{\"__type\":\"Cut", AWS_JSON_OTHER, "status 400" },
};

static void
test_cases(void **state)
{
	struct aws_json_error error;
	char text[AWS_JSON_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		aws_json_error_read(cases[i].status, slice_of(cases[i].error_type),
		    slice_of(cases[i].body), &error);
		assert_int_equal(aws_json_error_text(&error, text), strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		if (error.kind != cases[i].kind)
			fail_msg("%s: kind %d", text, (int)error.kind);
	}
}

/* What the caller is told to do, by kind. */
static void
test_judge(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum http_verdict verdict;
		enum err_class class;
	} judged[] = {
		{ 400, "{\"__type\":\"ThrottlingException\"}", HTTP_THROTTLED, ERR_UNAVAILABLE },
		{ 500, "", HTTP_RETRY, ERR_UNAVAILABLE },
		{ 400, "{\"__type\":\"ExpiredTokenException\"}", HTTP_EXPIRED, ERR_DENIED },
		{ 400, "{\"__type\":\"RequestExpired\"}", HTTP_SKEWED, ERR_DENIED },
		{ 400, "{\"__type\":\"AccessDeniedException\"}", HTTP_FINAL, ERR_DENIED },
		{ 400, "{\"__type\":\"ValidationException\"}", HTTP_FINAL, ERR_UNAVAILABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++) {
		struct buf head = BUF_INIT(1024);
		struct http_reply reply = { .status = judged[i].status,
			.body = slice_of(judged[i].body),
			.headers = &head };
		struct err err = ERR_INIT;

		assert_int_equal(aws_json_judge(NULL, &reply, &err), judged[i].verdict);
		assert_int_equal(err.class, judged[i].class);
		assert_true(err.text[0]);
	}
}

static void
test_long_words_are_cut_between_characters(void **state)
{
	char body[1024] = "{\"message\":\"x";
	struct aws_json_error error;

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(body, "\xc3\xbc");
	strcat(body, "\"}");
	aws_json_error_read(400, slice_of(""), slice_of(body), &error);
	/* x and whole pairs */
	assert_int_equal(strlen(error.message) % 2, 1);
	assert_in_range(
	    strlen(error.message), AWS_JSON_MESSAGE_BYTES - 3, AWS_JSON_MESSAGE_BYTES - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_long_words_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
