/* SPDX-License-Identifier: MIT */
/*
 * A closed window's result as one JSON object:
 *
 *   {"window_start":"2019-01-01T00:00:00.000Z","window_end":"2019-01-01T01:00:00.000Z",
 *    "window_time":"2019-01-01T00:59:59.999Z","vendor_id":2,"trips":1,"revenue":9.95}
 *
 * window_end is excluded; window_time is the last millisecond that belongs to the window, so that a
 * path made from it files the hour 23-24 under its own day. The --by fields follow under their
 * names with the values of the key, then the aggregates, all in the order given.
 */
#ifndef SLUICE_KAFKA_WINDOW_ROW_H
#define SLUICE_KAFKA_WINDOW_ROW_H

#include "kafka-window/engine.h"

struct row_layout;

struct row_layout *row_layout_new(struct err *);
void row_layout_free(struct row_layout *);

/* Times are numbers, ms since the epoch, and not ISO 8601. */
void row_layout_write_ms(struct row_layout *);

/* Rows say "revision" too, the number of records in them: the plan's last result, a count. Comes before
 * all names. */
void row_layout_add_revision(struct row_layout *);

/* The next --by field's or aggregate's name. ERR_USAGE where it is taken already; fields come
 * before aggregates. */
int row_layout_add_field(struct row_layout *, struct slice name, struct err *);
int row_layout_add_aggregate(struct row_layout *, struct slice name, struct err *);

int row_append(struct buf *out, const struct row_layout *, const struct aggregate_plan *,
    const struct engine_row *, struct err *);

/*
 * Appends the key a row is written under: one field's value as text (a string without its quotes),
 * several as a JSON array. *ret_has_key is false where there are no fields.
 */
int row_append_key(
    struct buf *out, const struct row_layout *, struct slice key, bool *ret_has_key, struct err *);

#endif
