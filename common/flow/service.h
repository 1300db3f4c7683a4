/* SPDX-License-Identifier: MIT */
/*
 * What a service (OpenSearch, DynamoDB, Lambda, a local command) is to the pump: three pure functions. No
 * I/O, no clock: stage looks at a record, request makes the bytes for some of them, verdicts reads what
 * came back. So all three are tested with bytes.
 *
 *     record -- stage --> item in a lane -- request --> bytes out ... reply -- verdicts --> fate of each
 */
#ifndef SLUICE_FLOW_SERVICE_H
#define SLUICE_FLOW_SERVICE_H

#include "base/buf.h"
#include "flow/record.h"

/* ---- stage ---- */

enum service_stage {
	SERVICE_SEND,     /* *ret is set */
	SERVICE_FILTERED, /* not for this service: counts as done */
	SERVICE_REJECTED, /* err (ERR_DATA, see record_reject) says why: dead letter, or the end */
	SERVICE_FAILED,   /* err is set: the run ends */
};

struct service_staged {
	/* Records of one number are delivered in order, one request after the other; a hash of the id
	 * or the key, or the partition. */
	uint64_t lane;
	/* What the record adds to a request's body, at most; the pump keeps batches below the service's
	 * bytes_max by it. */
	size_t bytes;
	/* What request needs beside the record: the line of an action, an item in the service's own
	 * form. Borrowed until the next call; the pump copies it. */
	struct slice note;
};

/* A lane's number from an id or a key; lanes are told by the low bits. */
static inline uint64_t
service_lane(struct slice id)
{
	uint64_t hash = slice_hash(SLICE_HASH_SEED, id);

	return hash ^ hash >> 32;
}

/* ---- request ---- */

/* A record in a batch. The batch owns a copy of the whole record (dead letters need key and headers), and
 * of the note; both stay at one address until its fate is known. */
struct service_item {
	struct record record; /* its value is padded (BUF_PADDING) */
	struct slice note;
	uint64_t lane;
	size_t bytes;
	unsigned attempts; /* requests that it was in and that did not settle it */
	unsigned retries;  /* those of them that told it SERVICE_RETRY */
	int64_t staged_mono_ms;
};

struct service_header {
	const char *name;  /* literal */
	const char *value; /* until the next request */
};

enum { SERVICE_HEADERS_MAX = 8 };

/* The buffers are the pump's, one set for each request in flight, empty at first. */
struct service_request {
	const char *method;      /* literal: "POST" */
	struct buf path;         /* percent-encoded, with its query, behind the endpoint: "/_bulk" */
	struct buf body;
	struct service_header headers[SERVICE_HEADERS_MAX];
	size_t header_count;
};

/* ---- verdicts ---- */

struct service_reply {
	/* HTTP's; of a command 200. 0: it failed, or was not done in time; -1, where the carrier tells that: there
	 * is no answer, or half of one. Both have words as the body. */
	int status;
	struct slice body;
	bool is_cut; /* it is longer than its room: the beginning (for services that ask for it) */
	/* NULL where there is none; case does not matter. Borrowed for the call. */
	const char *(*header)(const void *context, const char *name);
	const void *header_context;
};

enum service_fate {
	SERVICE_DONE,
	SERVICE_RETRY,      /* again, with back-off; it stays at the head of its lane */
	SERVICE_THROTTLED,  /* the same, and the pump slows down */
	SERVICE_REFUSED,    /* this record can never be taken: reason says why; dead letter, or the end */
};

enum { SERVICE_REASON_BYTES = 256 };

struct service_verdict {
	enum service_fate fate;
	char reason[SERVICE_REASON_BYTES]; /* the service's own words; "" for SERVICE_DONE */
};

enum service_outcome {
	SERVICE_JUDGED,  /* one verdict for each item */
	SERVICE_AGAIN,   /* the whole request: what came is no answer (half of one, a 5xx); err says what */
	SERVICE_SLOWER,  /* the same, because of throttling */
	SERVICE_SPLIT,   /* too large as a whole (413): in halves; of one item alone a refusal, err says why */
	SERVICE_STOP,    /* nothing can be delivered (401, 403, no such table): err of the right class */
};

/* ---- the service ---- */

struct service;

struct service_ops {
	enum service_stage (*stage)(struct service *, const struct record *,
	    struct service_staged *ret, struct err *);

	/* Asked before each request, of its items: how many of the first are not to be sent any more, as
	 * they have become too old. They are refused for this reason. NULL: none ever. -1: the run ends. */
	int (*expired)(struct service *, const struct service_item *const *items, size_t count,
	    size_t *ret_count, char ret_reason[static SERVICE_REASON_BYTES], struct err *);

	/* Some of the items of a lane, in order; again after a retry with fewer. Items that must not be in
	 * one request (two of one key) may be left for the next: *ret_count is how many of the first are
	 * in this one, at least 1. -1: the run ends. */
	int (*request)(struct service *, const struct service_item *const *items, size_t count,
	    struct service_request *ret, size_t *ret_count, struct err *);

	/* Fills ret[0] to ret[count - 1] where it returns SERVICE_JUDGED. */
	enum service_outcome (*verdicts)(struct service *, const struct service_item *const *items,
	    size_t count, const struct service_reply *, struct service_verdict *ret, struct err *);

	void (*free)(struct service *);
};

/* First member of every service. */
struct service {
	const struct service_ops *ops;
	size_t count_max; /* records in a request */
	size_t bytes_max; /* of a request's body */
};

static inline void
service_free(struct service *s)
{
	if (s)
		s->ops->free(s);
}

#endif
