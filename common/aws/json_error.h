/* SPDX-License-Identifier: MIT */
/*
 * Errors of AWS's JSON services (DynamoDB, Lambda, OpenSearch's signed endpoints): their code and
 * words, and what they ask of the caller. Pure.
 *
 * The code is in the header X-Amzn-Errortype, or the body's __type or code; what stands around it
 * there is cut off (Smithy 2.0, AWS JSON 1.0 protocol and AWS restJson1 protocol, "Operation error
 * serialization"). The words are in message or Message.
 */
#ifndef SLUICE_AWS_JSON_ERROR_H
#define SLUICE_AWS_JSON_ERROR_H

#include "io/http.h"

enum aws_json_kind {
	AWS_JSON_OTHER,
	AWS_JSON_THROTTLED,
	AWS_JSON_UNAVAILABLE, /* it may work later */
	AWS_JSON_EXPIRED,     /* the credentials */
	AWS_JSON_SKEWED,      /* our clock */
	AWS_JSON_DENIED,
};

enum {
	AWS_JSON_CODE_BYTES = 64,
	AWS_JSON_MESSAGE_BYTES = 192,
};

struct aws_json_error {
	enum aws_json_kind kind;
	int status;
	/* Both are NUL terminated, without control bytes, cut short where they are longer, and ""
	 * where the reply has none. */
	char code[AWS_JSON_CODE_BYTES]; /* "ThrottlingException" */
	char message[AWS_JSON_MESSAGE_BYTES];
};

/* Of a reply that is not 2xx. error_type is the header X-Amzn-Errortype, empty where it is not
 * there. A body that is no JSON is passed over. */
void aws_json_error_read(
    int status, struct slice error_type, struct slice body, struct aws_json_error *ret);

bool aws_json_error_is(const struct aws_json_error *, const char *code);

enum { AWS_JSON_TEXT_BYTES = AWS_JSON_CODE_BYTES + AWS_JSON_MESSAGE_BYTES + 32 };

/* "CODE: MESSAGE", what there is of them, or "status N". Returns its length. */
size_t aws_json_error_text(const struct aws_json_error *, char ret[static AWS_JSON_TEXT_BYTES]);

/* ERR_DENIED for expired, skewed and denied, else ERR_UNAVAILABLE. */
enum err_class aws_json_error_class(const struct aws_json_error *);

/* For http_events.judge, and for carriers; the context is not looked at. err is set with whatever
 * verdict. */
enum http_verdict aws_json_judge(void *context, const struct http_reply *, struct err *);

#endif
