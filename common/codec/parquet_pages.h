/* SPDX-License-Identifier: MIT */
/*
 * Turns the columns of a row group into pages (apache/parquet-format, README.md, "Data Pages";
 * parquet.thrift, PageHeader) and hands them to an output, one after the other.
 *
 * Data pages are of version 1. Version 2 would let levels be read without decompressing, which
 * nothing here gains by, and not all readers take it: StarRocks did not (StarRocks/starrocks
 * #53494), Iceberg's vectorized reader did not (apache/iceberg #11371), and Delta's protocol asks
 * for version 1 where others than its own readers are to read the table (delta-io/delta #6539).
 */
#ifndef SLUICE_CODEC_PARQUET_PAGES_H
#define SLUICE_CODEC_PARQUET_PAGES_H

#include "codec/parquet.h"
#include "codec/parquet_column.h"

/* What the footer says of a column chunk. Stats borrow from the column. */
struct parquet_chunk {
	const struct parquet_column *column;
	int64_t dictionary_offset; /* 0 without a dictionary */
	int64_t data_offset;
	int64_t bytes;            /* of its pages with their headers, uncompressed */
	int64_t compressed_bytes; /* as they lie in the file */
	int32_t dictionary_pages; /* data pages of indices */
	int32_t plain_pages;
	struct parquet_stats stats;
};

struct parquet_pages {
	struct parquet_output output;
	struct parquet_compressor *compressor;
	size_t page_bytes_max;
	int64_t offset;    /* in the file: of the next byte */
	struct buf body;   /* a page before it is compressed */
	struct buf packed; /* and after */
	struct buf header;
	struct buf indices; /* of a page, uint32_t each */
	struct buf seen;    /* a byte for each value of the dictionary */
};

/* The compressor is borrowed. */
void parquet_pages_init(struct parquet_pages *, struct parquet_output, struct parquet_compressor *,
    size_t page_bytes_max);
void parquet_pages_release(struct parquet_pages *);

/* Bytes to the output, counted. */
int parquet_pages_write(struct parquet_pages *, struct slice, struct err *);

/* All pages of a settled column. */
int parquet_pages_chunk(
    struct parquet_pages *, const struct parquet_column *, struct parquet_chunk *ret, struct err *);

#endif
