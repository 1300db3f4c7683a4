/* SPDX-License-Identifier: MIT */
/*
 * The JSON envelope: one record as one JSON object, as kcat -J writes it (record-stream(7)).
 *
 *   {"topic":"t","partition":0,"offset":1,"tstype":"create","ts":1546300800000,
 *    "headers":["name","value",...],"key":"k","payload":"..."}
 *
 * The members, their order and their types are kcat 1.7.1's (json.c, fmt_msg_output_json), but for
 * "broker", which a record does not keep: tstype and ts are left out where there is no time,
 * headers where there are none; key and payload are always there, null for none. Where kcat would
 * write bytes that are no JSON, those not UTF-8 travel as key_base64 and payload_base64, and one
 * such header value makes the member headers_base64 ([name, base64-or-null, ...], in place of
 * headers); in a header's name U+FFFD stands for them. The topic is left out where it is not known.
 *
 * Read back, a key, payload or header value that is not a string stands for its own bytes, null is
 * none (a tombstone), headers may be an object, unknown members are ignored.
 */
#ifndef SLUICE_FLOW_ENVELOPE_H
#define SLUICE_FLOW_ENVELOPE_H

#include "flow/record.h"

/* Appends the envelope, without a line break. `out` is as before on failure. */
int envelope_append(struct buf *, const struct record *, struct err *);

/* The same with a last member "error":{"tool","class","reason","byte"} (dead letters); byte -1 is
 * left out. A record from a pipe carries "origin" and "line" before it. */
int envelope_append_error(struct buf *, const struct record *, const char *tool,
    const char *class_name, const char *reason, int64_t byte, struct err *);

struct envelope_reader;

struct envelope_reader *envelope_reader_new(struct err *);
void envelope_reader_free(struct envelope_reader *);

/*
 * Reads the envelope in record->value (padded, asserted) and replaces topic, partition, offset,
 * time, key, value and headers of *record by what it says; what it does not say, or says null of,
 * stays (a null key or payload does count), and so do position, origin and line. The new value is
 * padded. The new slices point into the old value or into the reader, until its next call.
 *
 * ERR_DATA with place and byte, and *record as it was, where it is no JSON object with a payload (a
 * stream of plain values must not turn into tombstones), a member has the wrong type, or kcat says
 * that it could not decode key or payload (key_error, payload_error).
 */
int envelope_read(struct envelope_reader *, struct record *, struct err *);

#endif
