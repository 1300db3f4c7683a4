/* SPDX-License-Identifier: MIT */
/*
 * The record scanner: one pass over one JSON text that checks all of it against RFC 8259 (UTF-8
 * included: RFC 3629, no surrogates, no overlong forms) and returns the values of the field paths
 * it was compiled for, as slices of the original bytes with their types. It allocates nothing per
 * record.
 *
 * Any JSON value is a record; fields of a record that is no object are missing. Of duplicate keys
 * the last wins, with everything below it. A path and a longer path through it (a and a.b) may
 * both be asked for. Arrays are values; paths do not go into them.
 */
#ifndef SLUICE_CODEC_JSON_H
#define SLUICE_CODEC_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "codec/utf8.h"

/* The prefix keeps clear of jansson's enumerators, so that one file may use both. */
enum json_type {
	JSON_TYPE_MISSING = 0,
	JSON_TYPE_NULL,
	JSON_TYPE_FALSE,
	JSON_TYPE_TRUE,
	JSON_TYPE_NUMBER,
	JSON_TYPE_STRING,
	JSON_TYPE_ARRAY,
	JSON_TYPE_OBJECT,
};

enum {
	JSON_DEPTH_MAX = 512, /* nesting of arrays and objects; deeper is a fault */
	JSON_PATHS_MAX = 1024,
};

/* data and len are 0 for JSON_TYPE_MISSING. For a string the quotes are not part of it. */
struct json_value {
	const char *data;
	uint32_t len;
	uint8_t type;       /* enum json_type */
	bool has_escape;    /* a string with at least one backslash: json_string_decode it */
	bool is_integer;    /* a number without fraction and exponent */
};

/* Why a text is not JSON: the byte (from 0) at which that was seen, and a static phrase. */
struct json_fault {
	size_t byte;
	const char *reason;
};

/* The name of a type for messages: "number", "string", "missing" ... */
const char *json_type_name(enum json_type);

/* The type of a value of valid JSON, by the byte that it begins with. */
enum json_type json_type_at(char first);

static inline struct slice
json_slice(const struct json_value *v)
{
	return slice_make(v->data, v->len);
}

/* ---- the set of paths ---- */

struct json_paths;

struct json_paths *json_paths_new(struct err *);
void json_paths_free(struct json_paths *);

/*
 * Adds a dotted path (`trip.fare`, a leading dot allowed; members are compared after decoding
 * escapes). Returns its index, counted from 0 in the order of adding, the same for a path that is
 * there already; -1 with ERR_USAGE where the path is empty, has an empty member or more than
 * JSON_DEPTH_MAX of them, or is one more than JSON_PATHS_MAX.
 */
int json_paths_add(struct json_paths *, struct slice path, struct err *);

unsigned json_paths_count(const struct json_paths *);

/* The path as it was given, without a leading dot; lives as long as the set. */
struct slice json_paths_name(const struct json_paths *, unsigned index);

/* ---- the scanner ---- */

struct json_scanner;

/* Compiles the paths as they are now; the set may be freed or grow afterwards. */
struct json_scanner *json_scanner_new(const struct json_paths *, struct err *);
void json_scanner_free(struct json_scanner *);

/*
 * Scans `text`, after whose last byte BUF_PADDING bytes must be readable (whatever they hold), and
 * fills ret_values[0 .. count of paths). White space around the value is accepted. Returns 0, or -1
 * with *ret_fault set and ret_values undefined. text.len must be below 4 GiB.
 */
int json_scan(struct json_scanner *, struct slice text, struct json_value *ret_values,
    struct json_fault *ret_fault);

/* ---- strings ---- */

/* Appends the decoded form of a JSON string's inside (no quotes; already validated) as UTF-8.
 * A lone surrogate escape becomes U+FFFD. */
int json_string_decode(struct slice inside, struct buf *out, struct err *);

/* True where a JSON string's inside (as above) has a form in UTF-8: no lone surrogate escape. */
bool json_string_is_utf8(struct slice inside);

/* What to say of one that has not. */
#define JSON_NOT_UTF8 "has a lone surrogate, which UTF-8 has not"

/* True where the decoded form of a JSON string's inside is `text`. */
bool json_string_is(struct slice inside, struct slice text);

/* Appends `bytes` as a JSON string with quotes; what is not UTF-8 is replaced by U+FFFD. */
int json_string_append(struct buf *out, struct slice bytes, struct err *);

#endif
