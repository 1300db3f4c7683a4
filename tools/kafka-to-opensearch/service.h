/* SPDX-License-Identifier: MIT */
/*
 * OpenSearch, or Elasticsearch, as a service of the pump: each record is one action of a bulk request.
 *
 * A record's lane is its id, so that what was written last under an id is what stays there. Versions of
 * the service's (external versioning) hold against what no order here can: a request that lands after
 * its sender was replaced.
 */
#ifndef SLUICE_OPENSEARCH_SERVICE_H
#define SLUICE_OPENSEARCH_SERVICE_H

#include "codec/time.h"
#include "flow/service.h"
#include "kafka-to-opensearch/reply.h"

enum {
	/* OpenSearch documentation, "Bulk API": since 2.9; IndexRequest.java of Elasticsearch 7 */
	OPENSEARCH_ID_BYTES_MAX = 512,
	/* MetadataCreateIndexService.java, MAX_INDEX_NAME_BYTES */
	OPENSEARCH_INDEX_BYTES_MAX = 255,
	OPENSEARCH_ROUTING_BYTES_MAX = 4096,
	OPENSEARCH_COUNT_MAX = 10000,
	/* {"create":{"status":201}}, in a reply that is filtered (write_path); all that there is of an item,
	 * with ids and names of usual length */
	OPENSEARCH_ITEM_REPLY_BYTES = 32,
	OPENSEARCH_ITEM_REPLY_BYTES_FULL = 256,
	/* "Network settings", http.max_content_length: 100 MB. Less on smaller instances of Amazon's (10 MiB,
	 * "Network limits"), which say 413. */
	OPENSEARCH_BYTES_MAX = 100 * 1000 * 1000,
};

/* Strings are borrowed as long as the service. */
struct opensearch_options {
	const char *index;        /* template */
	const char *id;           /* template; NULL: topic+partition+offset */
	bool has_service_ids;     /* the service makes them */
	enum bulk_op op;
	const char *version_from; /* "offset", "none" or a field; NULL: as is_offset_known says */
	const char *pipeline;     /* NULL: the index's own */
	const char *routing;      /* template; NULL: by id */
	const char *refresh;      /* "true", "wait_for"; NULL: not waited for */
	const char *time_field;   /* NULL: the record's timestamp */
	struct time_format time_format;
	bool skips_tombstones;
	size_t reply_bytes_max; /* requests hold no more records than have room in it; 0: no matter */
	/* Records have Kafka's offsets: they come from a topic, or in envelopes. Where ids are not made
	 * of offsets, documents then get them as versions. */
	bool is_offset_known;
};

/* ERR_USAGE: a template that is wrong, or options that do not go together. */
struct service *opensearch_new(const struct opensearch_options *, struct err *);

/* Keys and headers of records are needed. */
bool opensearch_uses_headers(const struct service *);
/* An event time is needed. */
bool opensearch_uses_time(const struct service *);

/* Before any request: replies will not be filtered, for parameters of signed requests are ignored. */
void opensearch_expect_full_replies(struct service *);

/* "/trips", percent-encoded, where --index is the same for all records; empty where it is not. Borrowed. */
struct slice opensearch_index_path(const struct service *);

/* Appends the names that --index can make as a pattern of the service: "trips-{@year}" is "trips-*". */
int opensearch_index_pattern(const char *index, struct buf *, struct err *);

#endif
