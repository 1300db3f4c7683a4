/* SPDX-License-Identifier: MIT */
/*
 * -j N: N members of a consumer group on one machine, a process each; Kafka shares the partitions among
 * them. The process that was started leads: it forks the members before anything is opened (no
 * thread, no handle of librdkafka or curl survives a fork), reads nothing itself, asks them to stop
 * when it is asked, and sums up.
 *
 *	struct lake_summary sum = { 0 };
 *	struct workers_work work = { .context = &o, .summary_bytes = sizeof(sum), .run = run, .add = add };
 *
 *	if (!workers_check(&o.workers, &o.input, &err))
 *		(void)workers_run(&o.workers, &o.job, &work, &sum, &input, &err);
 *	say_summary(&sum);
 *	return job_end(&o.job, input, &err);
 *
 * Signals: the first SIGTERM, SIGINT or SIGHUP, to the leader or to the whole process group, lets the
 * members end cleanly; the second ends all at once, as does whatever else ends the leader: its
 * members end with it (SIGKILL, prctl(2) PR_SET_PDEATHSIG).
 *
 * A member that ends with an error, or by a signal, ends the run: the others are asked to stop (they deliver
 * and commit what they have), so that whoever started it can start it whole again. The exit
 * status is the worst of the members'; first what wants a person, then what another start may heal:
 *
 *	70 2 77 73 66 65 74 69 75 1 0
 *
 * A member that ended by a signal, or with a status that is none of these, counts as 70.
 */
#ifndef SLUICE_RUN_WORKERS_H
#define SLUICE_RUN_WORKERS_H

#include "run/input.h"
#include "run/job.h"

enum {
	WORKERS_MAX = 256,
	WORKERS_SUMMARY_BYTES_MAX = 2048,
};

struct workers_options {
	int64_t count;
};

#define WORKERS_OPTIONS_INIT { .count = 1 }

/* -j, --jobs; target: struct workers_options. */
extern const struct opt workers_rows[];
extern const size_t workers_row_count;

/* ERR_USAGE where several members have nothing to share: standard input, partitions by number (-p), a count of
 * records (-c). */
int workers_check(const struct workers_options *, const struct input_options *, struct err *);

/* How a member's numbers get to the leader while it works; made by workers_run. */
struct workers_link {
	int fd; /* -1: this process is not a member */
	size_t summary_bytes;
};

#define WORKERS_LINK_INIT { .fd = -1 }

/* Who wants to know how the members do while they work. */
struct workers_watch {
	void *context;
	struct workers_link *link; /* in a member it leads to its leader */
	/* In the leader: all members have been forked. */
	void (*led)(void *context);
	/* In the leader: how it stands. The sum is of what all members told last, those that have ended too,
	 * so what only grows in a member only grows here. */
	void (*told)(void *context, const void *sum);
	/* In the leader: this is the last of a member that has ended. */
	void (*rest)(void *summary);
};

/* In a member; never waits. What the leader has no room for is not told: the next is newer. */
void workers_tell(const struct workers_link *, const void *summary);

/*
 * In a member (number 0: the only process, nothing to do): group.instance.id=ID becomes ID-1, ID-2 ..., as Kafka
 * Streams does for its threads; two members of one id would fence each other (KIP-345).
 */
int workers_name_instance(struct kafka_options *, unsigned number, struct err *);

/* What a member does, and what the leader makes of it. */
struct workers_work {
	void *context;
	/* Of a summary, a struct without pointers (it goes through a pipe): WORKERS_SUMMARY_BYTES_MAX at most. */
	size_t summary_bytes;
	/*
	 * The tool's own run: opens, works until its input ends or a stop is requested, and frees. number
	 * is 1 to N, or 0 where it is the only process. ret_summary is all zero before and counts also
	 * where the run fails. In a member err is reported on its stderr, with its number; so check what
	 * needs no connection before workers_run, or N members say the same.
	 */
	int (*run)(void *context, unsigned number, void *ret_summary, enum job_input *ret_input,
	    struct err *);
	/* Adds one member's summary. One that ended without leaving one is missing in the sum. */
	void (*add)(void *sum, const void *summary);
	const struct workers_watch *watch; /* NULL: nobody */
};

/*
 * After job_begin (and client_begin), as the only thread of the process. With one member, or where nothing
 * is done (--dry-run), it calls run here and nothing is forked. Otherwise returns when all members have
 * ended: ret_sum (summary_bytes, zeroed by the caller) is what they did, *ret_input as of one that was not
 * read to its end, if there is one; err has the class of the worst status and says how many failed.
 * Members do not return from here: they exit.
 */
int workers_run(const struct workers_options *, const struct job *, const struct workers_work *,
    void *ret_sum, enum job_input *ret_input, struct err *);

#endif
