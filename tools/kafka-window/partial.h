/* SPDX-License-Identifier: MIT */
/*
 * The serialised form of a partial: what records of one key have put into one window.
 *
 *   version   1 byte, 3
 *   job       8 bytes, lowest first: a hash of the fields of keys and aggregates and of conditions,
 *             which are not written otherwise (struct aggregate_plan)
 *   start     zigzag varint, ms since the epoch
 *   length    varint, ms, above 0
 *   key       varint length, bytes (groupkey.h)
 *   count     varint, aggregates
 *   states    for each: 1 byte function, varint argument (0: none), then
 *               count                 varint
 *               sum, min, max         a value
 *               avg                   varint count, then the sum's value
 *               stddev, stddev_pop    varint count of exact inputs; if any, the sums of x and of
 *                                     x^2 in units of 10^-18 and 10^-36, two's complement of
 *                                     256 and 448 bits: 1 byte length, bytes, lowest first, no
 *                                     zeros at the end; varint count of others; if any, their
 *                                     mean and sum of squared distances, doubles
 *               first, last           1 byte, 0 none or 1: a place, a text
 *               list                  varint count, then for each in order a place, a text
 *               distinct, set         varint count, then for each in order a text
 *               top                   the same with a varint count behind each text
 *               approx_distinct       hll.h
 *               p                     ddsketch.h
 *             a value: 1 byte kind, 0 none
 *                      1 exact: 1 byte scale, zigzag varint mantissa of up to 128 bits
 *                      2 double: 8 bytes, IEEE 754, lowest byte first
 *                      3 string (min and max): a text
 *                      4 sum past the largest double: 8 bytes, as 2, in units of 2^64
 *             a text:  varint length, a value's canonical text (groupkey.h)
 *             a place: zigzag varints: ms since the epoch, stream, sequence
 *   check     4 bytes, lowest first: CRC-32 (as in gzip) of all that stands before
 *
 * What a state has taken in has one form, whatever the order was in which it came and merged
 * (aggregate.h says where that does not hold). A partial is the same for changelogs, for shuffles
 * and for merging sessions.
 */
#ifndef SLUICE_KAFKA_WINDOW_PARTIAL_H
#define SLUICE_KAFKA_WINDOW_PARTIAL_H

#include "kafka-window/aggregate.h"
#include "kafka-window/assign.h"

enum { PARTIAL_VERSION = 3 };

struct partial {
	struct span span;
	struct slice key;
	const void *states;
};

int partial_encode(
    const struct aggregate_plan *, const struct partial *, struct buf *out, struct err *);

/*
 * Reads all of `bytes`. ret->key borrows from it; the states go into `states` (plan->state_bytes
 * bytes, 8-aligned, which hold nothing that is to be released). ERR_DATA says what is wrong:
 * version, damage, or aggregates that are not the plan's; the states hold nothing then.
 */
int partial_decode(const struct aggregate_plan *, unsigned key_values, struct slice bytes,
    void *states, struct partial *ret, struct err *);

#endif
