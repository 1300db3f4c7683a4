/* SPDX-License-Identifier: MIT */
/* What the files of io/http share. */
#ifndef SLUICE_IO_HTTP_STATE_H
#define SLUICE_IO_HTTP_STATE_H

#include <curl/curl.h>

#include "io/http.h"
#include "io/http_retry.h"

struct http {
	struct loop *loop;
	CURLM *multi;
	char *user_agent;
	char *ca_bundle; /* NULL: the system's */
	char *certificate, *certificate_key; /* NULL: none */
	int64_t connect_ms_max;
	int64_t stall_ms_max;
	unsigned attempts_max; /* 0: nobody says */
	struct http_call *calls;
	struct http_budget budget;
	int64_t skew_ms;
	uint64_t random;
	struct loop_timer curl_timer; /* curl's */
	struct loop_timer reap_timer; /* calls cancelled from inside curl */
	bool is_in_curl;              /* a callback of curl's is running, or may be */
	bool is_stopped;              /* http_stop */
};

enum call_state {
	CALL_DUE,      /* an attempt begins when the timer fires */
	CALL_UNSIGNED, /* waits for a signature; the timer is the call's deadline */
	CALL_RUNNING,  /* the timer looks for stalls, pauses that end, and the deadline */
	CALL_ENDING,   /* done is being told */
	CALL_CANCELLED,
};

struct http_call {
	struct http *http;
	struct http_call *next, **at; /* of http->calls */
	enum call_state state;
	struct loop_timer timer;

	/* the request */
	struct http_request request; /* strings in it are those below, or the caller's body */
	char *method, *url, *about, *sha256;
	struct buf own; /* names and values of the headers */
	struct http_header *headers;
	char *scheme, *host, *path, *query; /* host with its port where that is not the scheme's */
	unsigned attempts_max;
	int64_t deadline_mono_ms;

	/* the attempt */
	CURL *easy;
	struct curl_slist *lines;
	char curl_words[CURL_ERROR_SIZE];
	struct buf signature;
	uint64_t issue; /* of the credentials in it */
	struct buf head; /* header lines of the reply, each NUL terminated */
	struct buf body;
	struct http_reply reply;
	struct err err; /* why a callback ended the attempt */
	bool is_head_complete;
	bool is_ended_by_us; /* err, or the reply is judged as far as it came */
	bool is_paused;
	bool is_resumed; /* http_resume: in the next turn */
	bool is_late;    /* the deadline came */
	bool is_stalled;
	bool is_suspect;          /* no progress for stall_ms_max; one more look at its socket */
	bool is_sent;             /* connected, and the request begins: stalls count */
	int64_t progress_mono_ms; /* last byte either way */
	int64_t head_wall_ms;     /* our clock as the reply's head came */
	curl_off_t sent_bytes;
	int64_t source_at; /* the next byte of the source that is wanted */

	/* the call */
	int cost; /* of its last retry, in tokens */
	bool has_expired, has_skewed;
};

/* http_attempt.c: the easy handle. Begins an attempt; -1: err says why there can be none. */
int http_attempt_begin(struct http_call *, struct err *);
/* Takes the handle away; the reply and its buffers stay. */
void http_attempt_end(struct http_call *);
/* Goes on after a pause. */
CURLcode http_attempt_unpause(struct http_call *);

/* http_curl.c: the multi handle on the loop. */
int http_curl_open(struct http *, long connections_max, struct err *);
void http_curl_close(struct http *);

/* http_end.c: what the end of an attempt means. */
void http_call_ended(struct http_call *, CURLcode);

/* http.c: tells done, with `about` before the error's words, and frees the call. */
void http_call_finish(struct http_call *, struct err *);
/* The next attempt begins so much later. */
void http_call_again(struct http_call *, int64_t delay_ms);
uint64_t http_random(struct http *);

#endif
