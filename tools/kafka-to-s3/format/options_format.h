/* SPDX-License-Identifier: MIT */
/* Options of what files hold. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_OPTIONS_FORMAT_H
#define SLUICE_KAFKA_TO_S3_FORMAT_OPTIONS_FORMAT_H

#include "base/opt.h"
#include "kafka-to-s3/format/format.h"

/* --format --compress --delimiter --no-header; target: struct format_options. */
extern const struct opt format_rows[];
extern const size_t format_row_count;

#endif
