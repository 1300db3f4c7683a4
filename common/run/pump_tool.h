/* SPDX-License-Identifier: MIT */
/*
 * What the tools that pump a topic or a pipe into a service have in common beside the pump: the way from
 * input to dead letters, what the members (run/members.h) count, and the summary.
 *
 *	static int
 *	run_member(struct pump_tool *tool, enum job_input *ret_input, struct err *err)
 *	{
 *		... the service and its carrier ...
 *		rc = pump_tool_open(tool, &parts, &needs, err) || begin() ||
 *		    pump_tool_run(tool, ret_input, err) ? -1 : 0;
 *		pump_tool_close(tool);
 *		... free the service and its carrier ...
 *		return rc;
 *	}
 */
#ifndef SLUICE_RUN_PUMP_TOOL_H
#define SLUICE_RUN_PUMP_TOOL_H

#include "run/members.h"
#include "run/pump.h"

/* As one member tells its leader. */
struct pump_tool_numbers {
	struct member_numbers member;
	struct pump_summary pump;
	int64_t superseded; /* of those delivered: what the service had was newer; the tool sets it */
};

struct pump_tool {
	/* options, borrowed */
	const struct job *job;
	struct client_options *client; /* a member has its own */
	const struct input_options *input;
	const struct deadletter_options *letters;
	const struct pump_options *pump_options;
	const struct workers_options *workers;
	const struct report_options *reports;
	const char *requests; /* what the summary calls them: "requests" */
	bool runs_commands;   /* they have our standard error */
	void *context;
	/* One member of the group, or the only process. */
	int (*run)(struct pump_tool *, enum job_input *ret_input, struct err *);

	/* what is open while records go through; zero at first */
	struct pump *pump;
	struct source *source;
	struct deadletter *dead; /* letters */

	/* results */
	struct pump_tool_numbers numbers;
	struct members members;
};

/*
 * Checks -j and --stats-file, runs the members, and says the summary, where there is one: not with
 * --dry-run, and not where the run failed before it had read anything. Returns as workers_run.
 */
int pump_tool_work(struct pump_tool *, enum job_input *ret_input, struct err *);

/* The pump between its input and the dead letters; --memory is divided here. The parts' progress is this
 * tool's own. On failure too it is closed by pump_tool_close. */
int pump_tool_open(struct pump_tool *, const struct pump_parts *, const struct input_needs *,
    struct err *);
int pump_tool_run(struct pump_tool *, enum job_input *ret_input, struct err *);
void pump_tool_close(struct pump_tool *);

#endif
