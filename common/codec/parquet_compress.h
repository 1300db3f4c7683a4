/* SPDX-License-Identifier: MIT */
/*
 * Compresses pages (apache/parquet-format, Compression.md): one block or frame a page, nothing
 * around it. Levels are fixed and no clock is read, so that the same bytes compress to the same
 * bytes as long as the library does.
 */
#ifndef SLUICE_CODEC_PARQUET_COMPRESS_H
#define SLUICE_CODEC_PARQUET_COMPRESS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* parquet.thrift, CompressionCodec. LZ4 (5) is deprecated there, LZ4_RAW is what to write. */
enum parquet_codec {
	PARQUET_UNCOMPRESSED = 0,
	PARQUET_SNAPPY = 1,
	PARQUET_GZIP = 2,
	PARQUET_ZSTD = 6,
	PARQUET_LZ4_RAW = 7,
};

/* none, snappy, gzip, zstd, lz4 (lz4_raw); ERR_USAGE otherwise. */
int parquet_codec_parse(const char *text, enum parquet_codec *ret, struct err *);

struct parquet_compressor;

struct parquet_compressor *parquet_compressor_new(enum parquet_codec, struct err *);
void parquet_compressor_free(struct parquet_compressor *);

/* Replaces what is in `out`; *ret is a slice of it, or `in` itself where nothing is compressed. */
int parquet_compress(
    struct parquet_compressor *, struct slice in, struct buf *out, struct slice *ret, struct err *);

#endif
