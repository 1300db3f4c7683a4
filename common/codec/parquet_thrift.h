/* SPDX-License-Identifier: MIT */
/*
 * Writes structs in Thrift's compact protocol (apache/thrift,
 * doc/specs/thrift-compact-protocol.md), as much of it as Parquet's metadata needs. Fields are
 * written in rising order of their ids. The first failure sticks and is in `err`; the rest does
 * nothing.
 */
#ifndef SLUICE_CODEC_PARQUET_THRIFT_H
#define SLUICE_CODEC_PARQUET_THRIFT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { PARQUET_THRIFT_DEPTH_MAX = 8 };

/* The types of list elements that are needed. */
enum parquet_thrift_type {
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_BINARY = 8,
	THRIFT_STRUCT = 12,
};

struct parquet_thrift {
	struct buf *out;
	struct err *err;
	int last_id[PARQUET_THRIFT_DEPTH_MAX]; /* of each open struct */
	unsigned depth;
	bool has_failed;
};

/* Opens the outermost struct, too. */
void parquet_thrift_init(struct parquet_thrift *, struct buf *out, struct err *);

void parquet_thrift_bool(struct parquet_thrift *, int id, bool);
void parquet_thrift_i16(struct parquet_thrift *, int id, int16_t);
void parquet_thrift_i32(struct parquet_thrift *, int id, int32_t);
void parquet_thrift_i64(struct parquet_thrift *, int id, int64_t);
void parquet_thrift_binary(struct parquet_thrift *, int id, struct slice);

/* A struct as a field; with id 0 as an element of a list. Ended by parquet_thrift_end. */
void parquet_thrift_struct(struct parquet_thrift *, int id);
void parquet_thrift_end(struct parquet_thrift *);

/* A struct without fields, as unions of Parquet's logical types have them. */
void parquet_thrift_empty(struct parquet_thrift *, int id);

/* The elements follow: `count` times i32_element, binary_element or a struct with id 0. */
void parquet_thrift_list(struct parquet_thrift *, int id, enum parquet_thrift_type, uint32_t count);
void parquet_thrift_i32_element(struct parquet_thrift *, int32_t);
void parquet_thrift_binary_element(struct parquet_thrift *, struct slice);

/* Elements that were written elsewhere, as they are. */
void parquet_thrift_raw(struct parquet_thrift *, struct slice);

/* Ends the outermost struct. 0, or -1 where something failed. */
int parquet_thrift_finish(struct parquet_thrift *);

/* ULEB128, as Thrift's varints and Parquet's runs have it. Returns the bytes used, at most 10. */
unsigned parquet_varint(uint64_t, unsigned char out[static 10]);

#endif
