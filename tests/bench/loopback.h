/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server on loopback that costs next to nothing, for measuring what talks to it: one thread,
 * status 200 whatever comes, and of HTTP no more than our tools and curl send it: a head in one
 * piece, a body of a length that is told, the next request after the reply.
 */
#ifndef SLUICE_BENCH_LOOPBACK_H
#define SLUICE_BENCH_LOOPBACK_H

#include <stdint.h>

#include "base/slice.h"

struct loopback_request {
	struct slice head; /* request line to the empty line; good in begin only */
	uint64_t left;     /* of the body, to come */
	int64_t tag;       /* the handler's own; 0 at first */
	void *file;        /* the handler's own; NULL at first */
};

/* A failure is the handler's to report: it ends the process. */
struct loopback_handler {
	void *context;
	void (*begin)(void *context, struct loopback_request *);                   /* or NULL */
	void (*take)(void *context, struct loopback_request *, struct slice data); /* or NULL */
	/* The reply's body, JSON; good until the next call. */
	struct slice (*end)(void *context, struct loopback_request *);
};

/* A socket that listens on 127.0.0.1, or -1. */
int loopback_listen(int *ret_port);
/* Serves until the process is ended. */
_Noreturn void loopback_serve(int listener, const struct loopback_handler *);

#endif
