/* SPDX-License-Identifier: MIT */
/*
 * How far a run is, for a person: a line on stderr that is drawn again once a second, where stderr is a terminal,
 * and one that is written when SIGUSR1 asks for it, anywhere. A thread of its own draws and answers, so that it
 * does while the tool waits for a disk, a broker or the reader of a pipe; the tool leaves its numbers now and then.
 *
 * Of several tools of a pipeline on one terminal the last draws by itself: the one whose standard output is no pipe.
 */
#ifndef SLUICE_RUN_PROGRESS_H
#define SLUICE_RUN_PROGRESS_H

#include "base/opt.h"
#include "flow/meter.h"

enum progress_when {
	PROGRESS_AUTO,
	PROGRESS_NEVER,
	PROGRESS_ALWAYS, /* where it cannot be drawn: in lines of their own */
};

struct progress_options {
	enum progress_when when;
	int64_t every_ms; /* 0: a second where it is drawn, ten between lines */
};

#define PROGRESS_OPTIONS_INIT { .when = PROGRESS_AUTO }

/* --progress, --no-progress; target: struct progress_options. */
extern const struct opt progress_rows[];
extern const size_t progress_row_count;

enum progress_manner {
	PROGRESS_SILENT, /* answers only */
	PROGRESS_DRAWN,
	PROGRESS_LINES,
};

/* What is known of the process's descriptors. */
struct progress_place {
	bool is_quiet;
	bool is_drawable;      /* stderr */
	bool is_in_pipe;       /* standard output is a pipe, to somebody who may draw */
	bool is_shared;        /* records go to the same terminal, or what commands have to say */
};

/* Pure. */
enum progress_manner progress_manner_of(
    const struct progress_options *, const struct progress_place *);

struct progress;

/* Whose progress it is. */
struct progress_run {
	const char *tool;
	bool is_quiet;
	bool writes_data;   /* records go to standard output */
	bool runs_commands; /* they have our standard error */
};

/*
 * After the last fork, and stop_install. NULL where there can be no thread (err says why): the others take NULL.
 */
struct progress *progress_start(
    const struct progress_options *, const struct progress_run *, struct err *);

/* The numbers of now. */
void progress_set(struct progress *, const struct meter_numbers *);

/* Takes the line away. */
void progress_end(struct progress *);

#endif
