/* SPDX-License-Identifier: MIT */
/*
 * What objects hold. A record becomes a row as it comes, which is when it is rejected where it does not fit;
 * rows wait on the disk; an object's rows become its bytes when it is published. So any number of objects is
 * collected at a time, and one encoder serves them all.
 *
 * Rows may be made while another thread encodes.
 *
 * Both are pure: the same records give the same rows, and the same rows the same bytes, with the same libraries.
 */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_FORMAT_H
#define SLUICE_KAFKA_TO_S3_FORMAT_FORMAT_H

#include "codec/frames.h"
#include "codec/table_schema.h"
#include "flow/field.h"
#include "kafka-to-s3/format/shape.h"

enum format_kind {
	FORMAT_JSON,     /* values, one a line: as they came, or shaped */
	FORMAT_ENVELOPE, /* records as JSON envelopes (record-stream(7)), tombstones too */
	FORMAT_CSV,      /* rows of the selected and the added fields, or of a schema */
	FORMAT_PARQUET,  /* columns of a schema */
};

/* What -z names. */
enum format_codec {
	FORMAT_CODEC_DEFAULT, /* not given: none, where the kind has no own default */
	FORMAT_CODEC_NONE,
	FORMAT_CODEC_LZ4,
	FORMAT_CODEC_GZIP,
	FORMAT_CODEC_ZSTD,
	FORMAT_CODEC_SNAPPY, /* inside of Parquet only */
};

struct format_options {
	enum format_kind kind;
	enum format_codec codec;
	const struct shape_options *shape; /* borrowed; NULL: none */
	char delimiter;                    /* CSV's; 0: a comma */
	bool has_no_header;                /* CSV's */
	const struct table_schema *schema; /* borrowed; NULL: none */
	size_t row_group_bytes;            /* Parquet's */
};

struct format;

struct format *format_new(const struct format_options *, struct err *);
void format_free(struct format *);

/* json, csv, parquet; ERR_USAGE otherwise. */
int format_kind_parse(const char *text, enum format_kind *ret, struct err *);

/* none, lz4, gzip (gz), zstd (zst), snappy; ERR_USAGE otherwise. */
int format_codec_parse(const char *text, enum format_codec *ret, struct err *);

/* How names of objects end, without the first dot: "json.lz4". */
const char *format_extension(const struct format *);

/* Adds what shapes the bytes of objects to a hash (base/slice.h). */
uint64_t format_hash(const struct format *, uint64_t hash);

/* ---- rows ---- */

/* Says which fields it needs; before the first scan. The set is borrowed, and has scanned each record that
 * format_row is given. ERR_USAGE. */
int format_bind(struct format *, struct field_set *, struct err *);

/* What format_row wants of a record, once bound: its event time, its key and headers. */
bool format_uses_time(const struct format *);
bool format_uses_headers(const struct format *);

/* Records without a value have a row too: their fields read as missing. */
bool format_takes_tombstones(const struct format *);

/* What lies between rows: "\n", or nothing where they say themselves how long they are. */
struct slice format_row_end(const struct format *);

/* The row, which is good until the next; its end is not part of it. time_ms is the event time, where it is used
 * (RECORD_NO_TIME: none). ERR_DATA (record_reject) where the record does not fit, all else is final. */
int format_row(struct format *, const struct record *, int64_t time_ms, struct slice *ret,
    struct err *);

/* ---- objects ---- */

/* An object is its rows, each with its end: there is nothing to encode. */
bool format_is_verbatim(const struct format *);

/* Where an object's bytes go, in order. One row may complete megabytes, which nobody should hold. */
struct format_output {
	int (*write)(void *context, struct slice bytes, struct err *);
	void *context;
};

/* Takes some of an object's rows, cut anywhere, and writes what becomes of them (nothing yet, maybe). After
 * a failure nothing more can be encoded. Not where it is verbatim. */
int format_encode(
    struct format *, struct slice rows, const struct format_output *, struct err *);

/* Forgets the object that was begun; the next may then begin. */
void format_encode_drop(struct format *);

/* Ends the object; the next may then begin. */
int format_encode_finish(struct format *, const struct format_output *, struct err *);

#endif
