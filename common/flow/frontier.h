/* SPDX-License-Identifier: MIT */
/*
 * What may be committed. A position is taken when it is read and done when its fate is durable.
 *
 * The frontier of a stream is the largest sequence that may be committed as "read from here next":
 * the smallest open one (taken and not done), or, where nothing is open, one past the last taken.
 * Sequences may have gaps (compaction, transaction markers): a gap counts as done, so after 5 and 9
 * were taken and 5 is done the frontier is 9, not 6. It never moves back under one term.
 *
 * A call that bears a term other than the stream's present one, or a stream that is not assigned,
 * changes nothing and is no error: it speaks of an assignment that has ended.
 *
 * Memory grows with runs of open positions (16 bytes each, in blocks), not with records. In order,
 * a call costs a few ns; in any order it costs the logarithm of the number of runs.
 */
#ifndef SLUICE_FLOW_FRONTIER_H
#define SLUICE_FLOW_FRONTIER_H

#include "flow/record.h"

struct frontier;

struct frontier *frontier_new(struct err *);
void frontier_free(struct frontier *);

/* The stream begins (again) at this sequence (not negative) under this term; what was open before
 * is forgotten. Stream numbers may be any. */
int frontier_assign(
    struct frontier *, int32_t stream, uint32_t term, int64_t sequence, struct err *);

/* The stream is unknown from here on, its memory freed. */
void frontier_revoke(struct frontier *, int32_t stream);

/* Sequences of a stream are taken in rising order, from the one it was assigned at; ERR_FAULT
 * otherwise. */
int frontier_take(struct frontier *, struct position, struct err *);

/* Marking twice, or what was never taken, is harmless. Fails only where memory runs out: the
 * position is open then. */
int frontier_done(struct frontier *, struct position, struct err *);

/*
 * The reader went past everything before `sequence` (a gap up to the end, transaction markers):
 * the frontier moves there as soon as nothing before it is open. A lower sequence than what is
 * taken already is ignored.
 */
void frontier_skip_to(struct frontier *, int32_t stream, int64_t sequence);

/* -1 for an unknown stream. */
int64_t frontier_get(const struct frontier *, int32_t stream);

/* Positions taken and not done; 0 for an unknown stream. */
int64_t frontier_open_count(const struct frontier *, int32_t stream);

#endif
