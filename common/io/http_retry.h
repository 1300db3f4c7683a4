/* SPDX-License-Identifier: MIT */
/*
 * When a request is made again: pure decisions, with clock and randomness given. The numbers are
 * those of the AWS SDKs' standard retry mode (AWS SDKs and Tools Reference Guide, "Retry behavior";
 * botocore retries/standard.py, version 2.1).
 */
#ifndef SLUICE_IO_HTTP_RETRY_H
#define SLUICE_IO_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
	HTTP_RETRY_TOKENS = 500,
	HTTP_RETRY_COST = 5,
	HTTP_RETRY_COST_TIMEOUT = 10,
	HTTP_RETRY_REFUND = 1, /* for a call that needed no retry */
	/* A service that asks for longer than this is as good as away. */
	HTTP_RETRY_AFTER_MS_MAX = 5 * 60 * 1000,
	/* A clock further off than this is put right: services refuse signatures from 5 minutes
	 * (IAM User Guide, "Elements of an AWS API request signature"; S3 from 15), where the SDKs'
	 * clocks are set right too (aws-sdk-swift, AWSClockSkewProvider); it takes a while for a
	 * request to arrive. */
	HTTP_SKEW_MS_MIN = 4 * 60 * 1000,
};

/* What all calls share. */
struct http_budget {
	int tokens;
};

enum http_failure {
	HTTP_FAILED_TRANSIENT,
	HTTP_FAILED_TIMEOUT,
	HTTP_FAILED_THROTTLED,
};

struct http_retry_case {
	enum http_failure failure;
	unsigned attempt; /* that failed, from 1 */
	unsigned attempts_max;
	int64_t retry_after_ms; /* -1: the reply had none */
	int64_t left_ms;        /* until the call's deadline */
	uint64_t random;        /* any 64 bits */
};

enum http_retry {
	HTTP_RETRY_WAIT,      /* *ret_delay_ms, and the budget has paid *ret_cost */
	HTTP_RETRY_EXHAUSTED, /* attempts_max */
	/* The budget is spent: the service is down for everybody. Throttling waits longer instead.
	 */
	HTTP_RETRY_BROKE,
	HTTP_RETRY_TOO_LONG, /* Retry-After, or the call's deadline, leaves no time */
};

enum http_retry http_retry_decide(
    struct http_budget *, const struct http_retry_case *, int64_t *ret_delay_ms, int *ret_cost);

/* A call succeeded whose last retry cost so much (0: it had none). */
void http_budget_refund(struct http_budget *, int cost);

/* Retry-After (RFC 9110 10.2.3), seconds or a date, in ms from wall_ms; -1 where it is neither. */
int64_t http_retry_after_ms(struct slice value, int64_t wall_ms);

/* An HTTP date (RFC 9110 5.6.7) in ms since the epoch; -1 where it is none. */
int64_t http_date_ms(struct slice value);

/*
 * What to add to our clock now, where it was `skew_ms` so far. server_ms is the Date of a reply,
 * wall_ms our clock as that came; is_complained: the reply refused the time of our signature.
 */
int64_t http_skew_ms(int64_t skew_ms, int64_t server_ms, int64_t wall_ms, bool is_complained);

#endif
