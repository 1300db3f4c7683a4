/* SPDX-License-Identifier: MIT */
/*
 * Runs and bit-packed groups (apache/parquet-format, Encodings.md, "Run Length Encoding /
 * Bit-Packing Hybrid (RLE = 3)"): dictionary indices, and definition levels of one bit. No length
 * is written in front; where the format wants one it is the caller's.
 */
#ifndef SLUICE_CODEC_PARQUET_RLE_H
#define SLUICE_CODEC_PARQUET_RLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Bits that hold 0 .. values - 1; 0 for one value or none. */
unsigned parquet_bit_width(uint32_t values);

/* Appends `count` values, each below 2^width, width at most 32. */
int parquet_rle_append(
    struct buf *, const uint32_t *values, size_t count, unsigned width, struct err *);

/*
 * The same with a width of 1, from bits, least significant first. `bits` must be readable up to
 * whole bytes; what is behind the last bit does not matter.
 */
int parquet_rle_append_bits(struct buf *, const unsigned char *bits, size_t count, struct err *);

/* Appends bytes of 0 and 1 as bits, least significant first ("Plain", BOOLEAN). */
int parquet_pack_bools(struct buf *, const unsigned char *values, size_t count, struct err *);

#endif
