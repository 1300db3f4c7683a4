/* SPDX-License-Identifier: MIT */
/* What the kinds of formats implement, each in a file of its own; see kafka-to-s3/format.h. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_FORMAT_OPS_H
#define SLUICE_KAFKA_TO_S3_FORMAT_FORMAT_OPS_H

#include "kafka-to-s3/format/format.h"

struct format_ops {
	const char *name;    /* of the option, and in the extension */
	const char *row_end;
	bool takes_tombstones;
	bool compresses_itself; /* the codec is its own affair, and not in the extension */
	struct format *(*make)(const struct format_options *, struct err *);
	void (*free)(struct format *); /* also half built */
	int (*bind)(struct format *, struct field_set *, struct err *);
	int (*row)(struct format *, const struct record *, int64_t time_ms, struct slice *ret,
	    struct err *);
	/* NULL where rows are objects, but for the head and the compression */
	int (*encode)(
	    struct format *, struct slice rows, const struct format_output *, struct err *);
	int (*finish)(struct format *, const struct format_output *, struct err *);
	void (*drop)(struct format *); /* where there is encode */
	uint64_t (*hash)(const struct format *, uint64_t hash); /* beyond the options; may be NULL */
};

/* Begins the struct of each kind. */
struct format {
	/* set by format.c: */
	const struct format_ops *ops;
	struct format_options options;
	struct frames_encoder *frames; /* NULL: without compression of the whole */
	struct buf encoded;            /* what came out of it just now */
	bool has_begun;                /* an object */
	char extension[32];
	/* set by the kind, when it is bound: */
	struct slice head; /* each object begins with it; without encode only */
	bool uses_time;
	bool uses_headers;
};

extern const struct format_ops format_json_ops;
extern const struct format_ops format_envelope_ops;
extern const struct format_ops format_csv_ops;
extern const struct format_ops format_parquet_ops;

#endif
