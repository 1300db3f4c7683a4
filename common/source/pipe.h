/* SPDX-License-Identifier: MIT */
/*
 * Newline-delimited records from a descriptor. Blank lines are skipped (they count as lines), a CR
 * before the line feed stays part of the value (it is white space to JSON), a missing last line
 * feed is no error.
 */
#ifndef SLUICE_SOURCE_PIPE_H
#define SLUICE_SOURCE_PIPE_H

#include "source/source.h"

struct source_pipe_options {
	int fd;                 /* borrowed; read with poll(2), need not be non-blocking */
	const char *name;       /* for messages: "stdin" */
	size_t line_bytes_max;  /* a longer line is SOURCE_REJECT */
	bool has_envelopes;     /* -J */
	int64_t count_max;      /* end after that many records; 0: no limit */
};

struct source *source_pipe_open(const struct source_pipe_options *, struct err *);

#endif
