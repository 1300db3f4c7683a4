/* SPDX-License-Identifier: MIT */
/* The options of a target in S3. */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_S3_OPTIONS_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_S3_OPTIONS_H

#include "aws/s3_put.h"
#include "base/opt.h"

/* Leaves room below it for a mark, "/_sluice/", a topic of 249 bytes and a partition of 10 digits, and for
 * "/PATH/" and a name of 255 bytes. */
enum { S3_PREFIX_BYTES_MAX = 1024 - 9 - 249 - 11 };

struct s3_target_options {
	const struct aws_options *aws;   /* borrowed */
	struct s3_options bucket;
	struct s3_style style;           /* the tagging points into `tagging`; content_type NULL: by format */
	struct buf tagging;
	enum opt_origin tag_origin; /* of those in it: a stronger one replaces them */
	const char *spool_directory;     /* NULL: $TMPDIR, or /var/tmp */
	int64_t part_bytes;
	int64_t patience_ms;
	bool has_no_checksum;
};

#define S3_TARGET_OPTIONS_INIT \
	{ .tagging = BUF_INIT(8 * 1024), .part_bytes = S3_PART_BYTES_USUAL, .patience_ms = 5 * 60 * 1000 }

/* Target: struct s3_target_options. */
extern const struct opt s3_target_rows[];
extern const size_t s3_target_row_count;

void s3_target_options_release(struct s3_target_options *);

/* For a target that is not in S3: ERR_USAGE where the command line has one of the options, which nothing would heed
 * (who asks for --sse may believe it is encrypted). In a file they may wait for other targets. */
int s3_target_options_refuse(const struct opt_set *, const char *target, struct err *);

/* Cuts '/' off its end. */
void s3_address_normalise(char *address);

/* "s3://BUCKET/PREFIX", normalised, in parts of it; the prefix may be empty. ERR_USAGE. */
int s3_address_parse(
    const char *address, struct slice *ret_bucket, struct slice *ret_prefix, struct err *err);

/* Options that go together, and the address. ERR_USAGE. */
int s3_target_options_check(
    const struct s3_target_options *, const char *address, struct err *err);

/* By how a name ends: "json.lz4". */
const char *s3_content_type(const char *extension);

#endif
