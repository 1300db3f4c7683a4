/* SPDX-License-Identifier: MIT */
/*
 * What a Parquet file says of itself at its end (parquet.thrift, FileMetaData): the schema, where
 * each column chunk lies, who wrote it.
 */
#ifndef SLUICE_CODEC_PARQUET_META_H
#define SLUICE_CODEC_PARQUET_META_H

#include "codec/parquet_pages.h"

/* What all of a file's row groups have in common. */
struct parquet_meta {
	const struct parquet_column *columns;
	unsigned count;
	enum parquet_codec codec;
	int64_t rows;
	uint32_t groups;
	struct buf group_list; /* the row groups so far, as elements of a list */
};

/* Adds a row group of `rows` rows, whose chunks are in the order of the columns. */
int parquet_meta_add_group(
    struct parquet_meta *, const struct parquet_chunk *, uint32_t rows, struct err *);

/* Appends FileMetaData, its length and the magic number: what stands at the file's end. */
int parquet_meta_append(const struct parquet_meta *, struct buf *, struct err *);

#endif
