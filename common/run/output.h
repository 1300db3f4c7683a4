/* SPDX-License-Identifier: MIT */
/* Where a tool writes records: a topic, or newline JSON on standard output. */
#ifndef SLUICE_RUN_OUTPUT_H
#define SLUICE_RUN_OUTPUT_H

#include "run/client.h"

/*
 * A sink for the topic (ERR_USAGE without brokers), or for standard output where topic is NULL.
 * compression is -z for the topic, NULL for the default; memory_bytes bounds what waits to be sent;
 * drain_ms is how long a write may still wait once a stop was requested.
 */
struct sink *output_open(const char *topic, const char *compression,
    const struct client_options *, size_t memory_bytes, int64_t drain_ms, const struct sink_done *,
    struct err *);

#endif
