/* SPDX-License-Identifier: MIT */
/* --print-schema: the schema that the first records suggest, on standard output; what was seen on standard error. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_PRINT_SCHEMA_H
#define SLUICE_KAFKA_TO_S3_FORMAT_PRINT_SCHEMA_H

#include "run/input.h"

/* Reads count_max records, or to the end of the pipe or the topic; in no group, and commits nothing. The job is
 * finished after that. */
int print_schema(const struct input_options *, const struct client_options *, struct job *,
    int64_t count_max, struct err *);

#endif
