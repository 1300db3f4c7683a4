/* SPDX-License-Identifier: MIT */
/* The verbs, what each is given, and which options belong to which. */
#ifndef SLUICE_KAFKA_TOPIC_VERBS_H
#define SLUICE_KAFKA_TOPIC_VERBS_H

#include "base/opt.h"
#include "kafka-topic/request.h"

struct verb {
	const char *name;
	const char *operands;                  /* for messages: "TOPIC..." */
	size_t name_count_min, name_count_max; /* max 0: any number */
	const char *const *options; /* those of verb_rows that it takes, NULL at the end */
	int (*run)(struct admin *, const struct request *, struct output *, struct err *);
	unsigned forms;             /* 1 << enum output_form: what it prints, 0: nothing */
	/* What the options lack or contradict; NULL: nothing. */
	int (*check)(const struct request *, struct err *);
};

/*
 * The rows of all verbs; target: struct request. What says which things are changed and to what is
 * taken from the command line alone (its rows are OPT_CALL): a line that a file has for another
 * tool or another verb must not aim this one.
 */
extern const struct opt verb_rows[];
extern const size_t verb_row_count;

/* By its name; ERR_USAGE and NULL where there is none. */
const struct verb *verb_find(const char *name, struct err *);

/*
 * The operands are set by then. ERR_USAGE. Options of the command line that the verb does not take
 * are errors; from elsewhere they are for other verbs.
 */
int verb_check(const struct verb *, const struct request *, const struct opt_set *, struct err *);

#endif
