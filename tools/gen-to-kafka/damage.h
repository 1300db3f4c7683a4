/* SPDX-License-Identifier: MIT */
/* Records that are broken on purpose, to see what a reader does with them. */
#ifndef SLUICE_GEN_TO_KAFKA_DAMAGE_H
#define SLUICE_GEN_TO_KAFKA_DAMAGE_H

#include "base/buf.h"
#include "gen-to-kafka/random.h"

enum damage {
	DAMAGE_CUT,   /* ends too early: no JSON */
	DAMAGE_BYTES, /* 0xff in a string: no UTF-8, so no JSON */
	DAMAGE_TYPE,  /* JSON, but one value that is no object or array has become [] */
};
enum { DAMAGE_COUNT = 3 };

/*
 * Appends the record, a JSON object or array in one line, damaged in a random place. Where there is
 * no string, or no value to change, it is cut.
 */
int damage_append(enum damage, struct random *, struct slice record, struct buf *out, struct err *);

#endif
