/* SPDX-License-Identifier: MIT */
/*
 * What every tool does at its beginning and its end: the command line and the configuration files,
 * diagnostics, signals, and the exit status.
 */
#ifndef SLUICE_RUN_JOB_H
#define SLUICE_RUN_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"

struct job_options {
	bool is_quiet;
	bool is_verbose;
	bool is_json_log;
	bool is_dry_run;
	const char *config_file; /* -F */
};

/* What a tool is, for --help and messages. */
struct tool {
	const char *name;
	const char *synopsis; /* behind the name: "[options] TARGET" */
	const char *summary;  /* one sentence */
	const char *examples; /* lines for --help, or NULL */
	/* The first argument is one of these, with blanks between; what follows are topics, or groups. NULL: no
	 * verbs */
	const char *topic_verbs;
	const char *group_verbs;
	size_t operand_count_min;
	size_t operand_count_max;
};

/* The rows that every tool has; target: struct job_options. */
extern const struct opt job_rows[];
extern const size_t job_row_count;

struct job {
	const struct tool *tool;
	struct job_options options;
	struct opt_set set;
	char **operands;
	size_t operand_count;
	bool is_finished; /* --help or --version was answered: end with exit status 0 */
	char *config_text[3]; /* option values point into these */
};

/*
 * Prints nothing by itself but --help and --version. `groups` must include one whose target is
 * &job->options. Order, weakest first: /etc/sluice.conf; $SLUICE_CONFIG or else
 * $XDG_CONFIG_HOME/sluice.conf (~/.config); the environment (BOOTSTRAP_SERVERS); -F; the command
 * line. Then diagnostics and signal handlers are set up.
 */
int job_begin(struct job *, const struct tool *, const struct opt_group *groups,
    size_t group_count, int argc, char **argv, struct err *);

/*
 * ERR_USAGE where `option` is on the command line though `other`, without which it has no effect, is set nowhere. From a
 * configuration file it is for other runs too, and harmless.
 */
int job_check_pair(const struct job *, const char *option, const char *other, struct err *);

/* What was asked for is on standard output: is_finished. ERR_IO where it could not be printed. */
int job_finish(struct job *, struct err *);

enum job_input {
	JOB_INPUT_ENDED,   /* bounded input was read to its end, or what was asked for is done */
	JOB_INPUT_BOUNDED, /* bounded input was not read to its end */
	JOB_INPUT_ENDLESS,
};

/*
 * Reports err if its class is not ERR_NONE, releases the job and returns the exit status. After
 * SIGINT or SIGHUP, and after EPIPE on stdout, it does not return: the tool ends by that signal.
 */
int job_end(struct job *, enum job_input, struct err *);

#endif
