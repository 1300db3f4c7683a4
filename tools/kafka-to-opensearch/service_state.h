/* SPDX-License-Identifier: MIT */
/* What the files of the service share. */
#ifndef SLUICE_OPENSEARCH_SERVICE_STATE_H
#define SLUICE_OPENSEARCH_SERVICE_STATE_H

#include "codec/sigv4.h"
#include "flow/template.h"
#include "kafka-to-opensearch/service.h"

enum version_from {
	VERSION_NONE,
	VERSION_OFFSET,
	VERSION_FIELD,
};

struct opensearch {
	struct service service; /* first */
	enum bulk_op op;
	struct field_set *fields;
	struct template *index;
	struct template *id;      /* NULL: the service makes ids */
	struct template *routing; /* NULL: none */
	bool is_id_of_offsets;
	bool is_index_in_path;
	bool skips_tombstones;
	bool uses_time;
	bool has_time_field;
	unsigned time_index;
	struct time_format time_format;
	enum version_from version;
	unsigned version_index;
	struct buf path;     /* of every request */
	size_t index_bytes;  /* of it the index with its '/', where is_index_in_path */
	struct buf pipeline; /* a member of action lines, or nothing */
	struct buf note;     /* of the record that was staged last */
	struct buf text;     /* what a template made */
	struct reply_reader *reader;
	size_t reply_bytes_max;
	uint64_t *ids; /* a table of those in the request that is made */
	size_t id_capacity;
};

/*
 * A note: one byte for the operation (enum bulk_op, and NOTE_VERSIONED), then the action's line with its
 * line feed.
 */
enum {
	NOTE_OP_MASK = 7,
	NOTE_VERSIONED = 8,
};

/* What stands around a partial document ("Update document API", "doc_as_upsert"). */
#define BEFORE_PARTIAL "{\"doc\":"
#define BEHIND_PARTIAL ",\"doc_as_upsert\":true}"

/* More than the value, in a body: those and the line feed. */
enum { AROUND_BYTES_MAX = sizeof(BEFORE_PARTIAL) + sizeof(BEHIND_PARTIAL) };

enum service_stage opensearch_stage(struct service *, const struct record *,
    struct service_staged *ret, struct err *);
int opensearch_request(struct service *, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *);
enum service_outcome opensearch_verdicts(struct service *, const struct service_item *const *items,
    size_t count, const struct service_reply *, struct service_verdict *ret, struct err *);

#endif
