/* SPDX-License-Identifier: MIT */
/*
 * What a run says of itself while it works, out of one struct of numbers: --stats-file for machines, progress for
 * people.
 *
 *	struct report report = { ..., .numbers = &numbers };
 *
 *	if (report_check(&report, err))
 *		return -1;
 *	report_begin(&report);
 *	... work; when report_is_due(), and before waiting: set the numbers, report_tell() ...
 *	report_end(&report);
 *	... set the last numbers ...
 *	report_write(&report);
 */
#ifndef SLUICE_RUN_REPORT_H
#define SLUICE_RUN_REPORT_H

#include "run/input.h"
#include "run/job.h"
#include "run/progress.h"
#include "run/stats.h"

struct report_options {
	struct stats_options stats;
	struct progress_options progress;
};

#define REPORT_OPTIONS_INIT { .stats = STATS_OPTIONS_INIT, .progress = PROGRESS_OPTIONS_INIT }

struct report {
	/* borrowed */
	const struct job *job;
	const struct report_options *options;
	const char *topic; /* NULL: none */
	const char *group; /* "" for none; read at each writing */
	const struct stats_value *values;
	size_t value_count;
	const void *numbers;
	bool writes_data;   /* records go to standard output */
	bool runs_commands; /* they have our standard error */
	void *context;
	/* What these numbers, told by report_tell, are to a person. */
	void (*measure)(void *context, const void *numbers, struct meter_numbers *ret);

	/* its own; zero at first */
	struct progress *progress;
	int64_t tell_ms;  /* due by clock_mono_ms */
	int64_t write_ms; /* the file */
	int64_t stdin_begin; /* where standard input was, if that is a file */
	bool is_broken;   /* said once */
};

/* ERR_CANT_CREATE where --stats-file cannot be written; ERR_USAGE for its options on the command line without it. */
int report_check(const struct report *, struct err *);

/* After the last fork. With --dry-run it does nothing, and the others neither. */
void report_begin(struct report *);

/* How often at least the numbers should be told. */
int64_t report_every_ms(const struct report *);

static inline bool
report_is_due(const struct report *r, int64_t now_mono_ms)
{
	return now_mono_ms >= r->tell_ms;
}

/* The numbers are those of now; the file is written when its own time has come. */
void report_tell(struct report *);

/* No more progress is shown. */
void report_end(struct report *);

/* The file, now. A run does not end because its numbers cannot be written. */
void report_write(struct report *);

/* How far the input of most tools is. */
struct report_input {
	int64_t records; /* through */
	int64_t passed;  /* source_passed, less what is not through */
	int64_t to_go;   /* not through at present, in the same unit; -1: not known */
};

/* Says it, and whether there is an end, and how far that is. */
void report_measure_input(const struct input_options *, const struct report_input *,
    struct meter_numbers *ret);

#endif
