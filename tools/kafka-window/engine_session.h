/* SPDX-License-Identifier: MIT */
/*
 * The engine's windows where they are sessions (session_set.h), for engine.c and engine_close.c.
 *
 * A later life reads records again from the earliest one that an open session needs, and among them
 * are records of sessions that have been given out. A record alone does not tell which it belongs
 * to: one whose own session would have ended long ago may be the first of one that is open. So
 * records that are read again are taken, whatever has been given out; the watermark that counts for
 * them is that of what has been read again so far, as if the earlier life were lived again; and a
 * session that comes to its end no later than what was given out by then is dropped without a word,
 * its records being counted as replayed. While any stream still reads again, nothing ends by the
 * watermark of the earlier life, since a record to come may carry it on.
 *
 * That is exact as long as no record comes at or behind the watermark: the records of a session then
 * come again before the watermark gets to its end, in any interleaving of the streams. One thing is
 * not told apart. A record behind the watermark that began a session close behind one that had been
 * given out (late by a little less than the gap) may join that one's records when both are read
 * again and the watermark is not yet as far as it was; then they are counted in the new session too.
 * No record is ever left out for it.
 */
#ifndef SLUICE_KAFKA_WINDOW_ENGINE_SESSION_H
#define SLUICE_KAFKA_WINDOW_ENGINE_SESSION_H

#include "kafka-window/engine.h"
#include "kafka-window/partial.h"
#include "kafka-window/session_set.h"

struct session_set *engine_sessions_new(const struct engine_options *, struct err *);

/* Up to where sessions have ended for good. */
int64_t engine_sessions_horizon(const struct engine *);

/* ENGINE_LATE: or it was replayed. */
enum engine_fate engine_sessions_take(
    struct engine *, const struct engine_input *, struct err *);
enum engine_fate engine_sessions_take_partial(
    struct engine *, const struct partial *, struct err *);

int engine_sessions_close(struct engine *,
    int (*row)(void *context, const struct engine_row *, struct err *), void *context,
    struct err *);

int engine_sessions_each_partial(const struct engine *,
    int (*partial)(void *context, struct slice bytes, struct err *), void *context,
    struct err *);

#endif
