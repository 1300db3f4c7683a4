/* SPDX-License-Identifier: MIT */
/*
 * --stats-file: the numbers of a run for node_exporter's textfile collector, in Prometheus' text format
 * ("Exposition formats", version 0.0.4), rewritten every --stats-interval and at the end. The file is replaced
 * by rename(2), so that whoever reads it finds all of one moment. No line bears a timestamp: the
 * collector refuses such files and gives each file's own time as node_textfile_mtime_seconds
 * (prometheus/node_exporter, collector/textfile.go).
 */
#ifndef SLUICE_RUN_STATS_H
#define SLUICE_RUN_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/opt.h"

enum { STATS_LABELS_MAX = 8 };

/* What the collector adds up or tells apart by; no label where the value is "". */
struct stats_label {
	const char *name;
	const char *value;
};

struct stats_options {
	const char *file; /* NULL: nothing is written */
	int64_t interval_ms;
	char labels[STATS_LABELS_MAX][256]; /* --stats-label: "NAME=VALUE" */
	size_t label_count;
};

#define STATS_OPTIONS_INIT { .interval_ms = 5 * 1000 }

/* --stats-file, --stats-interval, --stats-label; target: struct stats_options. */
extern const struct opt stats_rows[];
extern const size_t stats_row_count;

/* All numbers there are, so that one name has one meaning and one help text in every tool: files of several
 * tools are collected as one. */
enum stats_id {
	STATS_RECORDS_READ,
	STATS_BYTES_READ, /* of their values */
	STATS_RECORDS_MADE,
	STATS_RECORDS_AGGREGATED, /* in windows */
	STATS_RECORDS_LATE,
	STATS_RECORDS_DELIVERED,
	STATS_RECORDS_FILTERED,
	STATS_RECORDS_REJECTED,
	STATS_RECORDS_LEFT, /* their partition went to another member */
	STATS_RECORDS_RETRIED,
	STATS_REQUESTS,
	STATS_FILES,
	STATS_FILE_BYTES,
	STATS_WINDOWS,
	STATS_ROWS,
	STATS_RECORDS_OPEN,
	STATS_FILES_OPEN,
	STATS_REQUESTS_IN_FLIGHT,
	STATS_REQUESTS_IN_FLIGHT_LIMIT,
	STATS_BUFFERED_BYTES,
	STATS_WINDOWS_OPEN,
	STATS_STATE_BYTES,
	STATS_EVENT_TIME, /* seconds since the epoch */
	STATS_BEHIND,     /* seconds */
	STATS_LAG_RECORDS,
	STATS_PROCESSES,
	STATS_ID_COUNT,
};

/* Where it is in a tool's numbers: an int64_t. Below zero is not known, and left out. */
struct stats_value {
	enum stats_id id;
	size_t offset;
};

/* Writes the file's text. Labels of the options come last. */
int stats_render(const struct stats_options *, const struct stats_value *, size_t count,
    const void *numbers, const struct stats_label *, size_t label_count, struct buf *ret,
    struct err *);

/* ERR_CANT_CREATE where the file cannot be written there; a file that is there stays as it is. */
int stats_check(const struct stats_options *, struct err *);

/* Replaces the file. ERR_IO, ERR_CANT_CREATE. */
int stats_write(const struct stats_options *, const struct stats_value *, size_t count,
    const void *numbers, const struct stats_label *, size_t label_count, struct err *);

#endif
