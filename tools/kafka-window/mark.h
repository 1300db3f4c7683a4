/* SPDX-License-Identifier: MIT */
/*
 * An engine_mark as the metadata of a partition's committed offset: words with one space between,
 *
 *   w1 WATERMARK EMITTED CLOSED POSITION SHAPE
 *
 * times in ms since the epoch or "-" for none, the sequence up to which the partition has been
 * read, and the windows' shape (assigner_append). A committed offset is that of the earliest record
 * of any open window: records between it and POSITION are read again, and those of windows closed
 * by EMITTED are neither given out again nor late. Windows behind CLOSED were forgotten: it is
 * EMITTED, or with --emit updates as far behind as windows were held.
 */
#ifndef SLUICE_KAFKA_WINDOW_MARK_H
#define SLUICE_KAFKA_WINDOW_MARK_H

#include "kafka-window/engine.h"

int mark_append(struct buf *out, const struct engine_mark *, const struct assigner *, struct err *);

/* `sequence` is the committed offset. An empty text is no mark: a fresh start at the offset.
 * ERR_DATA where the text is none of ours or the shape is another one: windows half built can only
 * be finished by the shape they were begun with. */
int mark_parse(struct slice text, const struct assigner *, int64_t sequence,
    struct engine_mark *ret, struct err *);

#endif
