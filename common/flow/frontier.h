/* SPDX-License-Identifier: MIT */
/*
 * What may be committed. A position is taken when it is read and done when its fate is durable;
 * the frontier of a stream is one past the last sequence with nothing unfinished before it.
 * Sequences may have gaps (compaction, transaction markers) and are taken in rising order.
 * Memory grows with runs of finished and unfinished positions, not with records.
 */
#ifndef SLUICE_FLOW_FRONTIER_H
#define SLUICE_FLOW_FRONTIER_H

#include "flow/record.h"

struct frontier;

struct frontier *frontier_new(struct err *);
void frontier_free(struct frontier *);

/* The stream begins (again) at this sequence under this term; what was open under an older term is
 * forgotten. */
int frontier_assign(struct frontier *, int32_t stream, uint32_t term, int64_t sequence,
    struct err *);
void frontier_revoke(struct frontier *, int32_t stream);

int frontier_take(struct frontier *, struct position, struct err *);

/* Ignored for a term that is not the stream's present one. Marking twice is harmless. */
int frontier_done(struct frontier *, struct position, struct err *);

/* The reader went past `sequence` without a record (a gap up to the end): where nothing is open,
 * the frontier moves there. */
void frontier_skip_to(struct frontier *, int32_t stream, int64_t sequence);

/* One past the last sequence with nothing unfinished before it; -1 for an unknown stream. */
int64_t frontier_get(const struct frontier *, int32_t stream);

/* Positions taken and not done. */
int64_t frontier_open_count(const struct frontier *, int32_t stream);

#endif
