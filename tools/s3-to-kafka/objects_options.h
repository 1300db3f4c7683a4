/* SPDX-License-Identifier: MIT */
/* The options that say which objects are read, and how. */
#ifndef SLUICE_S3_TO_KAFKA_OBJECTS_OPTIONS_H
#define SLUICE_S3_TO_KAFKA_OBJECTS_OPTIONS_H

#include "base/opt.h"
#include "s3-to-kafka/replay.h"
#include "source/objects.h"

enum { OBJECTS_AHEAD_DEFAULT = 32 };

/* --match, --all, --merge, --prefetch ...; target: struct source_objects_options. */
extern const struct opt objects_rows[];
extern const size_t objects_row_count;

/* Sets what follows from the options of the replay. ERR_USAGE. */
int objects_options_check(struct source_objects_options *, const struct replay_options *,
    struct err *);

#endif
