/* SPDX-License-Identifier: MIT */
/*
 * A record is one message, borrowed from its source until the next call of source_next.
 *
 * From a topic: topic, partition, offset, Kafka's timestamp, key, value, headers. From a pipe or a
 * file: origin and line; partition 0 and offset = line - 1, unless an envelope (-J) says otherwise.
 */
#ifndef SLUICE_FLOW_RECORD_H
#define SLUICE_FLOW_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Where a record stands in its source. A stream is a partition number (0 for pipes); the term
 * rises at each assignment of the partition, so that what was begun under an old assignment can be
 * told from the new; sequence is the offset, or the line from 0.
 */
struct position {
	int32_t stream;
	uint32_t term;
	int64_t sequence;
};

struct record_header {
	struct slice name;
	struct slice value;
	bool has_value;
};

/* time_ms of a record that has none. */
#define RECORD_NO_TIME INT64_MIN

struct record {
	struct position position;
	struct slice origin; /* "stdin" or a file's name; empty from a topic */
	int64_t line;        /* from 1, where origin is set */
	struct slice topic;  /* empty where not known */
	int32_t partition;
	int64_t offset;      /* without has_offset the line, from 0 */
	bool has_offset;     /* it is one of a topic's: no other record of its partition has it */
	int64_t time_ms;     /* Kafka's timestamp, or RECORD_NO_TIME */
	bool is_append_time; /* time_ms is the broker's (LogAppendTime) */
	struct slice key;
	struct slice value;
	bool has_key;
	bool has_value; /* false for a tombstone */
	bool is_padded; /* BUF_PADDING bytes are readable behind value */
	const struct record_header *headers;
	size_t header_count;
};

enum { RECORD_PLACE_BYTES = 384 };

/*
 * "topic[3]@991", or "file.json:17" where the record has an origin (whatever an envelope in it
 * said), NUL terminated, for messages. Control bytes become '?'; of a long name the end is kept,
 * after "...".
 */
void record_place(const struct record *, char place[static RECORD_PLACE_BYTES]);

/* Fills a record that is a line of `origin` (borrowed): number from 1, sequence from 0; the value is padded.
 * Member by member and in place: each line of a pipe passes through it, and a record that is made elsewhere
 * and copied costs a store and a load that wait for each other. */
static inline void
record_set_line(
    struct record *ret, struct slice origin, int64_t number, int64_t sequence, struct slice value)
{
	ret->position = (struct position){ .stream = 0, .term = 0, .sequence = sequence };
	ret->origin = origin;
	ret->line = number;
	ret->topic = slice_make(NULL, 0);
	ret->partition = 0;
	ret->offset = number - 1;
	ret->has_offset = false;
	ret->time_ms = RECORD_NO_TIME;
	ret->is_append_time = false;
	ret->key = slice_make(NULL, 0);
	ret->value = value;
	ret->has_key = false;
	ret->has_value = true;
	ret->is_padded = true;
	ret->headers = NULL;
	ret->header_count = 0;
}

/* Rejects a line of which only the beginning is at hand. Returns -1. */
int record_reject_long(const struct record *, size_t bytes_max, struct err *);

/* The record is rejected: ERR_DATA, "PLACE: byte N: REASON" (byte counted from 0 in the value; left
 * out where it is -1). Returns -1. */
int record_reject(const struct record *, int64_t byte, const char *reason, struct err *);

#endif
