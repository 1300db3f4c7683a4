/* SPDX-License-Identifier: MIT */
/*
 * How a function is reached: its address, the region that signs, and the credentials. "arn:..." says its region
 * itself (Lambda API Reference, "Invoke", "FunctionName").
 */
#ifndef SLUICE_KAFKA_TO_LAMBDA_ACCESS_H
#define SLUICE_KAFKA_TO_LAMBDA_ACCESS_H

#include "aws/session.h"
#include "run/pump.h"

struct access;

/* Reads settings; asks nobody yet. ms_max: of one invocation. Texts and loop are borrowed. */
struct access *access_open(const struct aws_options *, const char *function, int64_t ms_max,
    struct loop *, struct err *);
void access_free(struct access *);

/* Before the first request: ERR_USAGE: no region; ERR_DENIED: no credentials. */
int access_begin(struct access *, struct err *);

/* To invoke it; owned by the access. */
struct carrier *access_carrier(struct access *);

/* The region that an ARN names, copied; false where it is none, or names no region. */
enum { ACCESS_REGION_BYTES = 32 };
bool access_region_of(const char *function, char ret[static ACCESS_REGION_BYTES]);

#endif
