/* SPDX-License-Identifier: MIT */
/*
 * The key of a group: the values of the --by fields as JSON text in one canonical spelling, each
 * ended by a line feed (which no JSON text of a scalar contains). Two records are in the same group
 * where these bytes are the same:
 *
 * - numbers are equal where their values are: 2, 2.0 and 2e0 are one group, of any length, exactly;
 * - strings are equal where they decode to the same text, "a" and "\u0061"; a lone surrogate
 *   decodes to none, and is no value;
 * - 2 and "2" differ; null and a missing field are the same (SQL's GROUP BY: nulls are one group).
 *
 * Keys are ordered value by value: null, false, true, numbers by value, strings by bytes.
 */
#ifndef SLUICE_KAFKA_WINDOW_GROUPKEY_H
#define SLUICE_KAFKA_WINDOW_GROUPKEY_H

#include "base/buf.h"
#include "codec/json.h"

/* Appends one value. -1 with *ret_reason, a static phrase, where it can be no part of a key (an
 * array, an object, a string with a lone surrogate, a number with an exponent beyond all
 * reason). */
int groupkey_append(
    struct buf *key, const struct json_value *, const char **ret_reason, struct err *);

/* Takes the canonical text of the first value from the front of *key. */
struct slice groupkey_take(struct slice *key);

/* Negative, 0, positive. Both must have the same number of values. */
int groupkey_compare(struct slice a, struct slice b);

/* A number in the same order: where it is smaller, so is the key; where it is equal,
 * groupkey_compare decides. */
uint64_t groupkey_prefix(struct slice key);

/* True where the text is a value in its one spelling, without the line feed: one from outside. */
bool groupkey_is_value(struct slice text);

/* Compares two such texts. */
int groupkey_compare_values(struct slice a, struct slice b);

/* True where the bytes are `values` values in their one spelling: keys from outside. */
bool groupkey_is_valid(struct slice key, unsigned values);

#endif
