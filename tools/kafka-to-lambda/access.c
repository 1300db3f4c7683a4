/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/access.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/endpoints.h"
#include "aws/json_error.h"
#include "kafka-to-lambda/service.h"
#include "run/carrier_http.h"

enum { ENDPOINT_BYTES = 256 };

struct access {
	const char *function;
	struct aws_session *session;
	struct aws_signing signing;
	struct carrier *carrier;
};

/* arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME */
bool
access_region_of(const char *function, char ret[static ACCESS_REGION_BYTES])
{
	struct slice rest = slice_of(function), part;

	if (!slice_starts(rest, "arn:"))
		return false;
	for (int i = 0; i < 3; i++)
		(void)slice_cut(rest, ':', &part, &rest);
	(void)slice_cut(rest, ':', &part, &rest);
	if (!part.len || part.len >= ACCESS_REGION_BYTES || !aws_region_is_valid(part))
		return false;
	memcpy(ret, part.data, part.len);
	ret[part.len] = '\0';
	return true;
}

static void
choose_region(struct access *access, const char *function)
{
	char told[ACCESS_REGION_BYTES];
	const char *region = aws_session_region(access->session, "lambda");

	if (access_region_of(function, told))
		region = told;
	/* an address of one's own asks for none; what is signed needs one all the same */
	if (!region && aws_session_endpoint(access->session, "LAMBDA"))
		region = "us-east-1";
	(void)snprintf(access->signing.region, sizeof(access->signing.region), "%s",
	    region ? region : "");
}

static int
choose_endpoint(const struct access *access, char ret[static ENDPOINT_BYTES], struct err *err)
{
	const char *region = access->signing.region;
	const char *endpoint = aws_session_endpoint(access->session, "LAMBDA");
	int n;

	/* AWS General Reference, "AWS Lambda endpoints and quotas" */
	if (endpoint)
		n = snprintf(ret, ENDPOINT_BYTES, "%s", endpoint);
	else
		n = snprintf(ret, ENDPOINT_BYTES, "https://lambda.%s.%s", region,
		    aws_dns_suffix(region));
	if (n < 0 || n >= ENDPOINT_BYTES)
		return err_set(err, ERR_USAGE, "the endpoint's URL is too long");
	return 0;
}

static int
open_all(struct access *access, const struct aws_options *options, const char *function,
    int64_t ms_max, struct loop *loop, struct err *err)
{
	struct aws_options aws = *options;
	struct carrier_http_options http = {
		.about = function,
		.judge = aws_json_judge,
		.reply_bytes_max = LAMBDA_PAYLOAD_BYTES_MAX, /* of answers too */
		.total_ms_max = ms_max,
		.is_trouble_told = true,
	};
	char endpoint[ENDPOINT_BYTES];

	/* a function that thinks sends nothing meanwhile */
	aws.stall_ms_max = ms_max;
	access->session = aws_session_open(&aws, loop, err);
	if (!access->session)
		return -1;
	access->function = function;
	choose_region(access, function);
	if (choose_endpoint(access, endpoint, err))
		return -1;
	access->signing.session = access->session;
	(void)snprintf(access->signing.service, sizeof(access->signing.service), "lambda");
	http.http = aws_session_http(access->session);
	http.endpoint = endpoint;
	http.signer = aws_signer(&access->signing);
	access->carrier = carrier_http_new(&http, err);
	return access->carrier ? 0 : -1;
}

struct access *
access_open(const struct aws_options *options, const char *function, int64_t ms_max,
    struct loop *loop, struct err *err)
{
	struct access *access = calloc(1, sizeof(*access));

	if (!access) {
		err_no_memory(err);
		return NULL;
	}
	if (open_all(access, options, function, ms_max, loop, err)) {
		access_free(access);
		return NULL;
	}
	return access;
}

void
access_free(struct access *access)
{
	if (!access)
		return;
	carrier_free(access->carrier);
	aws_session_free(access->session);
	free(access);
}

int
access_begin(struct access *access, struct err *err)
{
	if (!*access->signing.region)
		return err_set(err, ERR_USAGE,
		    "%s: in which region? Give --region or its ARN, or set AWS_REGION",
		    access->function);
	if (aws_session_is_unsigned(access->session))
		return 0;
	return aws_session_wait_credentials(access->session, err);
}

struct carrier *
access_carrier(struct access *access)
{
	return access->carrier;
}
