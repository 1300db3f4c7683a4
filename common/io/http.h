/* SPDX-License-Identifier: MIT */
/*
 * HTTP over one curl multi handle on a loop: connections are kept alive and shared, TLS is
 * verified, the proxy variables of curl(1) hold. Knows nothing of AWS: a signer given with the
 * request signs each attempt anew.
 *
 * An attempt that fails before the first byte of a good reply's body was handed out is made again:
 * full jitter (delay = random(0, min(20 s, 50 ms * 2^attempt)), throttling from 500 ms), never
 * sooner than Retry-After says, at most attempts_max times, and paid out of a budget that all calls
 * share, as the AWS SDKs' standard mode does it (500 tokens; a retry takes 5, after a timeout 10,
 * and what succeeds gives back), so that a service that is down is not hammered (one that throttles
 * is waited for). Later failures are the caller's to resume.
 *
 * Errors without a reply are ERR_UNAVAILABLE, but for a certificate that is not trusted and a proxy
 * that refuses (ERR_DENIED, not tried again) and certificates that are none (ERR_USAGE).
 */
#ifndef SLUICE_IO_HTTP_H
#define SLUICE_IO_HTTP_H

#include "base/buf.h"
#include "io/loop.h"

struct http;

struct http_options {
	const char *user_agent;
	const char *ca_bundle;  /* NULL: the system's */
	/* PEM files with which we sign in; the key may be in the certificate's (NULL). NULL: none */
	const char *certificate;
	const char *certificate_key;
	int64_t connect_ms_max; /* 0: 10 s */
	int64_t stall_ms_max;   /* no byte either way for so long ends an attempt; 0: 30 s. Time
	                         * in which the receiver had paused does not count. */
	unsigned attempts_max;  /* AWS_MAX_ATTEMPTS; 0: what a request says is usual */
	long connections_max;   /* to one host; 0: 64 */
};

/* Strings of options are copied. The loop is borrowed. ERR_NO_INPUT, ERR_DENIED: a file of
 * certificates or of a key cannot be read (io/read_file.h). */
struct http *http_new(struct loop *, const struct http_options *, struct err *);
/* Calls that have not ended are dropped without a word. NULL is fine. */
void http_free(struct http *);

/* Wall clock as the servers have it: ours, and what the Date header of a reply that complained of
 * our clock (or of any reply more than 4 minutes away) told. */
int64_t http_wall_ms(const struct http *);

struct http_header {
	struct slice name;
	struct slice value;
};

struct http_reply {
	int status;         /* 0: there was no reply */
	struct slice body;  /* of replies that are not 2xx: up to 64 KiB of it; and of all, where
	                     * events.body is NULL (up to body_bytes_max) */
	bool is_cut;         /* a good reply that is longer than that: its beginning */
	int64_t body_bytes; /* of a good reply, handed out so far */
	unsigned attempts;
	bool is_overdue; /* total_ms_max ended it, and all of the request had gone out */
	const void *headers; /* for http_reply_header */
};

/* The last header of that name (case does not matter), trimmed; empty where there is none.
 * Borrowed. */
struct slice http_reply_header(const struct http_reply *, const char *name);

/* What a whole reply that is not 2xx means. Where the judge sets err, with whatever verdict, those
 * are the class and the words once no attempt is left. */
enum http_verdict {
	HTTP_FINAL, /* err, of the right class, is set */
	HTTP_RETRY,
	HTTP_THROTTLED, /* retry, more slowly */
	HTTP_SKEWED,    /* our clock is wrong: take the reply's Date and sign again (once) */
	HTTP_EXPIRED,   /* credentials have expired: signer.expired, then sign again (once) */
	HTTP_DEFAULT,   /* by status: 408, 425, 500, 502, 503, 504 retry, 429 throttled; 401 and 403
	                 * final, ERR_DENIED; 404 ERR_NO_INPUT; else final, ERR_UNAVAILABLE */
};

enum http_flow {
	HTTP_GO,
	HTTP_PAUSE, /* not taken: the same bytes come again after http_resume */
	HTTP_ABORT, /* ends the call; done is told ERR_STOPPED, the receiver knows why */
};

enum http_signing {
	HTTP_SIGNED,
	HTTP_SIGN_LATER, /* credentials are being renewed: the call waits for http_sign_now */
	HTTP_SIGN_FAILED,
};

/* What a signer is given and what it adds. */
struct http_unsigned {
	struct slice method;
	struct slice scheme; /* "https" */
	struct slice host;   /* as in the Host header: a port that is not the scheme's own */
	struct slice path;   /* as in the URL, percent-encoded; at least "/" */
	struct slice query;  /* without the '?', as in the URL */
	const struct http_header *headers;
	size_t header_count;
	struct slice body;
	const char *body_sha256; /* of a body that is read piece by piece; NULL: it is `body` */
	int64_t wall_ms;         /* http_wall_ms */
};

struct http_signer {
	void *context; /* NULL functions: unsigned */
	/* Appends whole header lines "Name: value", each ended by a line feed. *ret_issue tells
	 * the credentials of this signature from others, before and after; 0 where not set. */
	enum http_signing (*sign)(void *context, const struct http_unsigned *,
	    struct buf *ret_lines, uint64_t *ret_issue, struct err *);
	/* The service said so of those; newer ones may be there already. */
	void (*expired)(void *context, uint64_t issue);
};

struct http_events {
	void *context;
	/* A 2xx reply's headers are complete. -1 with err: as HTTP_ABORT. May be NULL. */
	int (*head)(void *context, const struct http_reply *, struct err *);
	/* Bytes of a 2xx reply. NULL: they are collected in reply.body. */
	enum http_flow (*body)(void *context, struct slice bytes);
	/* NULL: HTTP_DEFAULT */
	enum http_verdict (*judge)(void *context, const struct http_reply *, struct err *);
	/* The end of the call, its last event: err is of class ERR_NONE where the reply was 2xx and
	 * its body complete. From inside loop_turn, never from inside http_start. The call is gone
	 * after it. */
	void (*done)(void *context, const struct http_reply *, const struct err *);
};

/*
 * A body that is not in memory. Each attempt reads it anew and in pieces, of 64 KiB at most, from
 * inside loop_turn.
 */
struct http_source {
	void *context;
	/* All `bytes` of them, from `offset`. -1 with err ends the call. */
	int (*read)(void *context, int64_t offset, char *data, size_t bytes, struct err *);
	int64_t bytes;
	const char *sha256; /* of all of it, in hexadecimal, for a signer that asks for it; copied */
};

struct http_request {
	const char *method;
	struct slice url; /* absolute, percent-encoded */
	const struct http_header *headers;
	size_t header_count;
	struct slice body;     /* borrowed until done; the rest is copied */
	struct http_source source; /* read NULL: `body` is sent */
	size_t body_bytes_max; /* of a collected reply; 0: 1 MiB; more is ERR_UNAVAILABLE */
	struct http_signer signer;
	struct http_events events;
	const char *about;       /* "s3://bucket/key": errors name it, never the query; copied */
	unsigned attempts_max;   /* 0: the options' */
	unsigned attempts_usual; /* where the options say nothing either; 0: 3 */
	int64_t total_ms_max;  /* all attempts together; 0: no limit (stalls are limited anyway) */
	bool is_proxied_never; /* instance metadata and container endpoints */
};

struct http_call;

/* Begins. NULL: no memory, a URL that is none (ERR_USAGE), or a header with a line break in it
 * (ERR_UNAVAILABLE). Redirects are not followed: a 3xx is a reply to judge. */
struct http_call *http_start(struct http *, const struct http_request *, struct err *);

/* Ends it without `done`. Not from inside its own callbacks (HTTP_ABORT is for that). NULL is fine.
 * From inside the callbacks of another call, its body stays borrowed until the next turn. */
void http_cancel(struct http_call *);

/* After HTTP_PAUSE: goes on in the next turn of the loop. */
void http_resume(struct http_call *);

/* Calls that waited for a signature try again. */
void http_sign_now(struct http *);

/* From a callback of its loop: http_fetch ends now, and at once from here on, as by a stop. */
void http_stop(struct http *);

/*
 * One request, waiting for its end by turning the loop (so other calls go on), and therefore not
 * from inside a callback; events.body and events.done are ignored. *ret_body gets the body of a 2xx
 * reply, or of the last one. *ret_status may be NULL. A stop ends it: ERR_STOPPED.
 */
int http_fetch(struct http *, const struct http_request *, struct buf *ret_body, int *ret_status,
    struct err *);

#endif
