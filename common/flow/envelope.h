/* SPDX-License-Identifier: MIT */
/*
 * The JSON envelope: one record as one JSON object, as kcat -J writes it (record-stream(7)).
 *
 *   {"topic":"t","partition":0,"offset":1,"tstype":"create","ts":1546300800000,
 *    "headers":["name","value",...],"key":"k","payload":"..."}
 *
 * Bytes that are not UTF-8 travel as key_base64, payload_base64; a header value likewise makes the
 * member headers_base64 ([name, base64-or-null, ...], in place of headers). Read back, a payload
 * that is not a string stands for its own bytes, null is a tombstone, headers may be an object,
 * unknown members are ignored.
 */
#ifndef SLUICE_FLOW_ENVELOPE_H
#define SLUICE_FLOW_ENVELOPE_H

#include "flow/record.h"

/* Appends the envelope, without a line break. */
int envelope_append(struct buf *, const struct record *, struct err *);

/* The same with a member "error":{"tool","class","reason","byte"} (dead letters); byte -1 is left
 * out. A record from a pipe carries "origin" and "line" too. */
int envelope_append_error(struct buf *, const struct record *, const char *tool,
    const char *class_name, const char *reason, int64_t byte, struct err *);

struct envelope_reader;

struct envelope_reader *envelope_reader_new(struct err *);
void envelope_reader_free(struct envelope_reader *);

/*
 * Reads the envelope in record->value (padded) and replaces topic, partition, offset, time, key,
 * value and headers of *record by what it says; what it does not say stays. The new slices point
 * into the old value or into the reader, until its next call. ERR_DATA where it is no envelope.
 */
int envelope_read(struct envelope_reader *, struct record *, struct err *);

#endif
