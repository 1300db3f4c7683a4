/* SPDX-License-Identifier: MIT */
/* What stands behind the name of a generator: its arguments, and what is read out of them. */
#ifndef SLUICE_GEN_TO_KAFKA_ARGUMENTS_H
#define SLUICE_GEN_TO_KAFKA_ARGUMENTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "codec/number.h"

enum { ARGUMENTS_MAX = 1024 };

struct argument {
	struct slice text;
	uint64_t weight; /* 1 where there is none */
	bool has_weight;
};

struct arguments {
	struct argument *list; /* of ARGUMENTS_MAX */
	size_t count;
};

/* Where a name or an argument without quotes ends: at the next ':', or with the text. */
size_t argument_end(struct slice);

/*
 * Appends to *ret what is in `rest`, which is empty or begins with ':'. Quotes are taken off where
 * they stand: the bytes are the caller's to change. ERR_USAGE.
 */
int arguments_read(struct slice rest, struct arguments *ret, struct err *);

/* ERR_USAGE: "TEXT" is not WHAT. Returns -1. */
int argument_refuse(const char *what, struct slice text, struct err *);

int argument_int(struct slice, int64_t *ret, struct err *);

/* A decimal number whose digits fit 18 places. */
int argument_decimal(struct slice, struct number *ret, struct err *);

/* Its mantissa at another scale, not smaller than its own; a difference of two of them still fits.
 */
int argument_scale(const struct number *, unsigned scale, int64_t *ret, struct err *);

/* A duration with or without a sign: "+30m", "-1h30m", "0". */
int argument_offset(struct slice, int64_t *ret_ms, struct err *);

#endif
