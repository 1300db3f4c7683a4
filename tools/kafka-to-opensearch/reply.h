/* SPDX-License-Identifier: MIT */
/*
 * Replies of the bulk interface, and what a service says of a failure: bytes in, facts out. The whole
 * reply is checked to be JSON before any of it counts; what is half of a reply, or somebody else's, is
 * told from one. (OpenSearch documentation, "Bulk API", "Response"; BulkResponse.java and
 * BulkItemResponse.java of OpenSearch 2 and 3, and of Elasticsearch 7 and 8, write
 * {"took":N,"errors":BOOL,"items":[{OP:{"status":N,"error":{"type":..,"reason":..}, ...}}, ...]}, the
 * items in the order of the request.)
 */
#ifndef SLUICE_OPENSEARCH_REPLY_H
#define SLUICE_OPENSEARCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

enum bulk_op {
	BULK_INDEX,
	BULK_CREATE,
	BULK_UPDATE,
	BULK_DELETE,
	BULK_OP_COUNT,
};

/* "index", "create", "update", "delete": options, action lines and replies. */
extern const char *const bulk_op_names[BULK_OP_COUNT];

enum { REPLY_REASON_BYTES = 256 };

struct reply_item {
	int status;
	bool is_version_conflict;
	bool is_index_missing; /* and the service did not make one */
	bool is_index_misnamed;
	bool is_setup; /* a pipeline that is missing, a cluster that takes no more shards: no record's fault */
	/* Another request gave this field its type while this one was read: nothing is wrong with it. */
	bool is_mapping_race;
	char reason[REPLY_REASON_BYTES]; /* "type: words"; "" where there is no error */
};

struct reply_reader;

struct reply_reader *reply_reader_new(struct err *);
void reply_reader_free(struct reply_reader *);

/*
 * Takes a bulk reply, copied. -1 with ERR_UNAVAILABLE where it is none, ERR_FAULT where memory ran out.
 * *ret_count is its number of items; where *ret_has_errors is false none of them has failed.
 */
int reply_open(struct reply_reader *, struct slice body, size_t *ret_count, bool *ret_has_errors,
    struct err *);

/* The next item, which is of this operation. ERR_UNAVAILABLE where it is not, or has no status. */
int reply_next(struct reply_reader *, enum bulk_op, struct reply_item *ret, struct err *);

/* This is how a bulk reply begins: enough to tell one that is cut from somebody else's. */
bool reply_is_begun(struct slice body);

/*
 * The words of a failure: {"error":{"type","reason"}}, {"error":"words"}, or {"message":"words"} as AWS
 * has it, else the beginning of the body as it is; "" where there is no body. Control bytes are '?'.
 */
void reply_reason(struct reply_reader *, struct slice body, char ret[static REPLY_REASON_BYTES]);

#endif
