/* SPDX-License-Identifier: MIT */
/*
 * Records from files: newline JSON or CSV, plain or compressed (told by content), one file after
 * the other. A path may be a file, "-" (standard input), a directory (all files below it in the order
 * of their paths; hidden ones, those beginning with '_' and README.md are left out) or a pattern of
 * glob(7). A row of CSV becomes a JSON object (codec/csv.h). Blank lines are skipped.
 */
#ifndef SLUICE_SOURCE_OBJECTS_H
#define SLUICE_SOURCE_OBJECTS_H

#include "source/source.h"

enum objects_format {
	OBJECTS_AUTO, /* CSV where `columns` is given or the name says .csv, else JSON */
	OBJECTS_JSON,
	OBJECTS_CSV,
};

struct source_objects_options {
	char **paths;
	size_t path_count;
	enum objects_format format;
	const char *columns;   /* "name:type,..."; NULL: the first row names them */
	bool has_header;       /* with columns: a first row is there and is skipped */
	char delimiter;
	size_t line_bytes_max;
};

struct objects_progress {
	size_t file;        /* the one being read, from 1 */
	size_t file_count;
	int64_t bytes;      /* read from files so far, compressed */
	int64_t bytes_all;  /* of all files; -1 where one has no size (a pipe) */
};

/* ERR_NO_INPUT where a path does not exist or matches nothing, ERR_USAGE for bad columns. */
struct source *source_objects_open(const struct source_objects_options *, struct err *);

void source_objects_progress(const struct source *, struct objects_progress *ret);

/* True where rows are turned into JSON, which has to be checked for columns of type json. */
bool source_objects_is_csv(const struct source *);

#endif
