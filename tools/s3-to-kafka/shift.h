/* SPDX-License-Identifier: MIT */
/*
 * Moving times where they stand in a value (--shift-to-now). The bytes of each time are replaced by
 * those of the moved one in the same shape (codec/time_like.h); all others stay. Pure.
 */
#ifndef SLUICE_S3_TO_KAFKA_SHIFT_H
#define SLUICE_S3_TO_KAFKA_SHIFT_H

#include "base/buf.h"
#include "codec/time.h"
#include "flow/field.h"

enum { SHIFT_FIELDS_MAX = 16 };

/* Where a time stands in a value. */
struct shift_spot {
	uint32_t byte;
	uint32_t len; /* of a string: without its quotes */
	unsigned index; /* in the field set, for messages */
	bool is_string;
	bool has_escape;
	int64_t time_ms;
};

/*
 * Reads the times of the fields `indexes` from a scanned record into ret_spots (SHIFT_FIELDS_MAX), in
 * the order of their bytes. A field that is null is left alone; ERR_DATA, with the place, for one that
 * is missing or no time.
 */
int shift_find(const struct field_set *, const struct record *, const unsigned *indexes,
    size_t index_count, const struct time_format *, struct shift_spot *ret_spots,
    size_t *ret_count, struct err *);

/* Appends the value with its times moved. ERR_DATA with a bare reason, the field's name in it, where
 * one cannot be written. */
int shift_append(struct buf *out, struct slice value, const struct shift_spot *, size_t spot_count,
    const struct field_set *names, const struct time_format *, int64_t amount_ms, struct err *);

#endif
