/* SPDX-License-Identifier: MIT */
/*
 * The members of a tool with -j, or its only process, and their numbers: added up, told while they work
 * (run/report.h), and said at the end.
 *
 *	struct numbers {
 *		struct member_numbers member;
 *		int64_t read;
 *	};
 *
 *	struct numbers numbers = { .read = 0 };
 *	struct members members = { ..., .numbers = &numbers, .numbers_bytes = sizeof(numbers), .run = run };
 *
 *	return members_work(&members, &input, &err);
 *
 * run() opens, calls members_begin, works (members_tell now and then), and sets the numbers of the whole.
 */
#ifndef SLUICE_RUN_MEMBERS_H
#define SLUICE_RUN_MEMBERS_H

#include "run/report.h"
#include "run/workers.h"

/* Begins a tool's numbers, a struct without pointers (run/workers.h). */
struct member_numbers {
	int64_t processes; /* 1 in a member at work, 0 when it rests */
	char group[INPUT_GROUP_BYTES_MAX + 1];
};

void member_numbers_add(struct member_numbers *to, const struct member_numbers *from);

struct members {
	/* options, borrowed */
	const struct job *job;
	struct client_options *client; /* a member has its own */
	const struct input_options *input;
	const struct workers_options *workers;
	const struct report_options *reports;

	/* what the tool does */
	bool runs_commands; /* they have our standard error */
	void *context;
	/* One member of the group, or the only process; numbers count also where it fails. */
	int (*run)(void *context, enum job_input *ret_input, struct err *);
	/* Adds a member's numbers. */
	void (*add)(void *sum, const void *numbers);
	/* What is of the moment is over, in one member that has ended. */
	void (*rest)(void *numbers);
	/* All have ended: what nobody knows any more becomes -1. */
	void (*forget)(void *numbers);
	/* False: a run that failed had done nothing worth a summary. */
	bool (*has_some)(const void *sum);
	void (*say)(void *context, const void *sum);
	/* The numbers to a person; the context is that of what the tool does. */
	void (*measure)(void *context, const void *numbers, struct meter_numbers *ret);
	const struct stats_value *values;
	size_t value_count;

	/* This process's; in the leader the sum. Borrowed, begins with struct member_numbers, zero at first. */
	void *numbers;
	size_t numbers_bytes; /* WORKERS_SUMMARY_BYTES_MAX at most */

	/* its own; zero at first */
	struct workers_link link;
	struct report report;
	bool has_begun; /* the numbers are some */
};

/*
 * Checks -j and --stats-file, runs the members, and says the summary, where there is one: not with
 * --dry-run, and not where the run failed before it had done anything. Returns as workers_run.
 */
int members_work(struct members *, enum job_input *ret_input, struct err *);

/* In a member that is about to work; its numbers name the group ("" for none). */
void members_begin(struct members *);

/* How often members_tell is to be called. */
int64_t members_interval_ms(const struct members *);

/* In a member: the numbers are those of now. Never waits for the leader. */
void members_tell(struct members *);

#endif
