/* SPDX-License-Identifier: MIT */
/*
 * One thing asked of S3 by as many requests as it takes: asked again where the bucket is in another
 * region, where a good status has an error in its body (CompleteMultipartUpload), where HEAD is
 * refused without a reason, and, with patience, where the service is away for longer than io/http
 * tries.
 *
 * Errors are those of aws/s3.h; what is refused for good and would be refused again is
 * ERR_CANT_CREATE.
 */
#ifndef SLUICE_AWS_S3_CALL_H
#define SLUICE_AWS_S3_CALL_H

#include "aws/s3_state.h"

struct s3_call_request {
	const char *method;
	struct slice key;   /* this and all below is borrowed until done */
	struct slice query; /* encoded, without the '?' */
	const char *about;  /* "s3://bucket/key", for messages */
	const struct http_header *headers;
	size_t header_count;
	struct slice body;
	struct http_source source; /* read NULL: `body` is sent */
	/* Since the first failure in a row; 0: as long as io/http tries. */
	int64_t patience_ms;
	unsigned attempts_max; /* of io/http; 0: the usual */
	bool has_errors_in_200;
	/* Of s3_call_run: ERR_UNAVAILABLE when it comes; 0: none. */
	int64_t deadline_mono_ms;
	bool is_conflict_final; /* 409 ConditionalRequestConflict: the same request has no chance */
	void *context;
	/* A good reply begins, and its bytes, which are collected where this is NULL. It may begin
	 * again where it broke off. */
	int (*head_came)(void *context, const struct http_reply *, struct err *);
	enum http_flow (*body_came)(void *context, struct slice bytes);
	/* Once, from inside loop_turn; the call may be started again from there. err is of class
	 * ERR_NONE where it went well. */
	void (*done)(void *context, const struct http_reply *, const struct err *);
};

/* Embedded in its user, at one address while it is started; zeroed at first. */
struct s3_call {
	struct s3_bucket *bucket;
	struct s3_call_request request;
	struct s3_ask ask;
	struct http_call *http;  /* NULL: waits for the timer, or has ended */
	struct loop_timer timer; /* the next try */
	int64_t failed_mono_ms;  /* the first failure in a row; 0: none */
	unsigned failures;
	char code[64];   /* of the last error, as the service names it; empty: it names none */
	bool is_refused; /* the reply is one that no other try would change */
	bool is_started;
	bool is_asking_why; /* the request under way is the one that tells the reason of HEAD's refusal */
	bool has_asked_why;
};

/* -1: it has not begun, and done is not told. */
int s3_call_start(
    struct s3_call *, struct s3_bucket *, const struct s3_call_request *, struct err *);

/* As above, waiting for its end by turning the loop; replies are collected, and done may be NULL. A
 * stop ends it: ERR_STOPPED. */
int s3_call_run(struct s3_bucket *, const struct s3_call_request *, struct err *);

/* Of what has waited until a stop, or until its deadline. Returns -1. */
int s3_say_no_reply(const char *about, struct err *);

/* Ends it without `done`; one that has not been started is fine. */
void s3_call_cancel(struct s3_call *);

/* A request is under way: the service may be doing what it asks for. */
bool s3_call_is_under_way(const struct s3_call *);

#endif
