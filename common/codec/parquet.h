/* SPDX-License-Identifier: MIT */
/*
 * Writes a table as a Parquet file (apache/parquet-format 2.12, README.md and
 * src/main/thrift/parquet.thrift), rows after rows, to an output of its user's: no I/O and no clock
 * here. What is written depends on the schema, the options, the rows and how they were cut into
 * calls, with the same libraries; never on when or where.
 *
 * Columns are flat. Values are dictionary encoded as long as that is smaller (codec/
 * parquet_column.h), otherwise plain; data pages are of version 1 (codec/parquet_pages.h says why)
 * with statistics (codec/parquet_stats.h) and checksums. Nothing is written that older readers do
 * not know: no delta encodings, no nanoseconds, no page index.
 *
 * Rows are taken by batches, column by column, since a column's dictionary and buffers are then at
 * hand for many values. A batch ends at the end of a call, after PARQUET_BATCH_ROWS rows, with the
 * row whose strings take the batch's past PARQUET_BATCH_BYTES, or at row_group_rows_max; a row
 * group ends only where a batch does.
 *
 * Memory. A row group is held until it is complete: by row_group_bytes_max bytes or
 * row_group_rows_max rows, whichever first, with no more than one batch past the bytes. Buffers grow
 * by doubling, so the peak is twice the bound at most, which is 32 MiB with the default. To that
 * come one page (before and after compression, about twice page_bytes_max, or what 8 rows hold if
 * that is more), 256 KiB for what small columns keep from one row group to the next, per column,
 * and about 200 bytes of the footer for each column of each row group. A program with many tables
 * open does best to spool rows and to write them with one writer after the other.
 */
#ifndef SLUICE_CODEC_PARQUET_H
#define SLUICE_CODEC_PARQUET_H

#include "codec/parquet_compress.h"
#include "codec/table_value.h"

#define PARQUET_MAGIC "PAR1"

/*
 * FileMetaData.created_by: "<Application> version <App Version> (build <App Build Hash>)", which
 * parquet-java's VersionParser takes apart; statistics of files whose writer it cannot tell are
 * not believed (its CorruptStatistics). The build is a number that rises when the same rows come
 * to give other bytes.
 */
#define PARQUET_CREATED_BY PACKAGE_NAME " version " PACKAGE_VERSION " (build 1)"

enum {
	PARQUET_ROW_GROUP_BYTES = 16 << 20, /* the default */
	PARQUET_ROW_GROUP_BYTES_MAX = 1 << 29,
	PARQUET_ROW_GROUP_ROWS = 1 << 20, /* the default and the most */
	PARQUET_PAGE_BYTES = 1 << 20,     /* as parquet-java's and Arrow's default */
	PARQUET_ROW_BYTES_MAX = 64 << 20,
	PARQUET_BATCH_ROWS = 64,  /* at most 64: a bit each */
	PARQUET_BATCH_BYTES = 64 << 10,
};

/* Where bytes of the file go, in order: 0, or -1 with err set, which ends the file. */
struct parquet_output {
	int (*write)(void *context, struct slice bytes, struct err *);
	void *context;
};

struct parquet_options {
	enum parquet_codec codec;
	size_t row_group_bytes_max; /* at most PARQUET_ROW_GROUP_BYTES_MAX */
	uint32_t row_group_rows_max;
	size_t page_bytes_max; /* of a data page before compression; passed by 8 rows at most */
};

#define PARQUET_OPTIONS_INIT                                                                       \
	{                                                                                          \
		.codec = PARQUET_SNAPPY, .row_group_bytes_max = PARQUET_ROW_GROUP_BYTES,           \
		.row_group_rows_max = PARQUET_ROW_GROUP_ROWS, .page_bytes_max = PARQUET_PAGE_BYTES \
	}

struct parquet_writer;

/* The schema is borrowed and must outlive the writer. Nothing is written yet. */
struct parquet_writer *parquet_writer_new(const struct table_schema *,
    const struct parquet_options *, struct parquet_output, struct err *);

/* At any time; what was written is no Parquet file without parquet_writer_finish. */
void parquet_writer_free(struct parquet_writer *);

/*
 * Appends rows, one behind the other: a value for each column, null only where that is allowed
 * (asserted; table_row_read sees to it). Bytes are copied. ERR_DATA where strings of more than
 * PARQUET_ROW_BYTES_MAX are in one: nothing has happened then, of none of them. After any other
 * failure the writer can only be freed.
 */
int parquet_writer_rows(
    struct parquet_writer *, const struct table_value *rows, size_t count, struct err *);

/* Writes what is held and the footer. No rows at all make a file of none. */
int parquet_writer_finish(struct parquet_writer *, struct err *);

/* Handed to the output so far. */
int64_t parquet_writer_bytes(const struct parquet_writer *);

/* Held in memory for the row group that is being made. */
size_t parquet_writer_held_bytes(const struct parquet_writer *);

#endif
