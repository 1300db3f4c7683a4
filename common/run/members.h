/* SPDX-License-Identifier: MIT */
/*
 * The members of a tool with -j, or its only process, and their numbers: added up, kept in --stats-file while
 * they work, and said at the end.
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

#include "run/stats.h"
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
	const struct stats_options *stats;

	/* what the tool does */
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
	const struct stats_value *values;
	size_t value_count;

	/* This process's; in the leader the sum. Borrowed, begins with struct member_numbers, zero at first. */
	void *numbers;
	size_t numbers_bytes; /* WORKERS_SUMMARY_BYTES_MAX at most */

	/* its own; zero at first */
	struct workers_link link;
	bool has_begun;       /* the numbers are some */
	bool is_stats_broken; /* said once */
};

/*
 * Checks -j and --stats-file, runs the members, and says the summary, where there is one: not with
 * --dry-run, and not where the run failed before it had done anything. Returns as workers_run.
 */
int members_work(struct members *, enum job_input *ret_input, struct err *);

/* In a member that is about to work; its numbers name the group ("" for none). */
void members_begin(struct members *);

/* How often members_tell is to be called; 0: never. */
int64_t members_interval_ms(const struct members *);

/* In a member: the numbers are those of now. Never waits for the leader. */
void members_tell(struct members *);

#endif
