/* SPDX-License-Identifier: MIT */
/*
 * Newline-delimited values to a descriptor. "Durable" means taken by write(2): what a pipe's other
 * end does with it is not known. A value with a line feed in it becomes several lines; a tombstone is
 * ERR_DATA: who reads topics leaves it out, or wraps it in an envelope.
 */
#ifndef SLUICE_SINK_PIPE_H
#define SLUICE_SINK_PIPE_H

#include "sink/sink.h"

struct sink_pipe_options {
	int fd; /* borrowed */
	const char *name; /* for messages: "stdout", or the file's name */
	bool is_synced;   /* fdatasync(2) at each flush: dead letter files */
	int64_t drain_ms; /* once a stop was requested, how long to wait for a reader that does not read;
			   * 0: for ever (a second signal ends the tool) */
};

struct sink *sink_pipe_open(const struct sink_pipe_options *, const struct sink_done *,
    struct err *);

#endif
