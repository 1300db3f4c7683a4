/* SPDX-License-Identifier: MIT */
/*
 * Which line of which object a record is, by its sequence: for saying where to go on. Keeps runs of
 * lines, not records. Pure.
 */
#ifndef SLUICE_S3_TO_KAFKA_PLACES_H
#define SLUICE_S3_TO_KAFKA_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct places_run {
	int64_t sequence; /* of its first record */
	size_t object;
	int64_t line;
};

/* Zero-initialise. */
struct places {
	struct places_run *runs;
	size_t first, count, capacity;
	int64_t end; /* one past the sequence added last */
};

void places_release(struct places *);
void places_clear(struct places *);

/* Sequences rise. */
int places_add(struct places *, int64_t sequence, size_t object, int64_t line, struct err *);

/* What is before this sequence is not asked for any more. */
void places_forget(struct places *, int64_t sequence);

/* False for one that was not added, or is forgotten. */
bool places_find(const struct places *, int64_t sequence, size_t *ret_object, int64_t *ret_line);

#endif
