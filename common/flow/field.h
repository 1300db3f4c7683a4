/* SPDX-License-Identifier: MIT */
/*
 * The fields a tool needs of each record: paths are added while options are compiled, then every
 * record is scanned once and its fields are read by index. Nothing is scanned, and a value need not
 * be JSON or be there at all, where no field was asked for (field_set_is_empty).
 */
#ifndef SLUICE_FLOW_FIELD_H
#define SLUICE_FLOW_FIELD_H

#include "codec/json.h"
#include "codec/number.h"
#include "codec/time.h"
#include "flow/record.h"

struct field_set;

struct field_set *field_set_new(struct err *);
void field_set_free(struct field_set *);

/* Index of the path, for field_get; ERR_USAGE and -1 as json_paths_add. Only before the first
 * scan (asserted). */
int field_set_add(struct field_set *, struct slice path, struct err *);

bool field_set_is_empty(const struct field_set *);

/* Makes field_scan check values though no field of them is asked for. Only before the first scan. */
void field_set_check_all(struct field_set *);
struct slice field_set_name(const struct field_set *, unsigned index);

/*
 * Scans the record's value. Values stay good as long as the record (they are slices of it, or of a
 * padded copy that the set keeps until the next scan). ERR_DATA (record_reject, with its place)
 * where the value is not JSON or the record is a tombstone; fields read as missing after that. 0,
 * with nothing done, for an empty set.
 */
int field_scan(struct field_set *, const struct record *, struct err *);

/* Only after a scan (asserted). */
const struct json_value *field_get(const struct field_set *, unsigned index);

/* All of them, by index: good as long as the set, and rewritten by each scan. Only after a scan (asserted). */
const struct json_value *field_values(const struct field_set *);

/* Byte of the record's value at which this field's value begins (a string: its opening quote); 0
 * for a missing one. */
int64_t field_byte(const struct field_set *, unsigned index);

/*
 * ERR_DATA with place, byte, field name and what was wrong. A missing or null field is an error
 * here; callers that allow it look at field_get()->type first. A number written as a string is no
 * number; as a time it is what the format makes of it.
 */
int field_number(const struct field_set *, const struct record *, unsigned index,
    struct number *ret, struct err *);
int field_time(const struct field_set *, const struct record *, unsigned index,
    const struct time_format *, int64_t *ret_ms, struct err *);

/* Rejects the record for this field: "PLACE: byte N: field NAME: REASON", without the byte for a
 * missing field. Returns -1. */
int field_reject(const struct field_set *, const struct record *, unsigned index,
    const char *reason, struct err *);

/* Appends a scalar's text: a string decoded, a number, true or false as written. ERR_DATA with a
 * bare reason, without place ("is an array, not a single value"), for the other types. */
int field_append_text(const struct json_value *, struct buf *, struct err *);

#endif
