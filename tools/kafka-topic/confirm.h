/* SPDX-License-Identifier: MIT */
/* Asking before something is destroyed. */
#ifndef SLUICE_KAFKA_TOPIC_CONFIRM_H
#define SLUICE_KAFKA_TOPIC_CONFIRM_H

#include "kafka-topic/request.h"

/* ERR_USAGE where nobody can be asked: standard input or standard error is no terminal, without
 * --yes and --dry-run. To be called before any work. */
int confirm_can_ask(const struct request *, struct err *);

/*
 * With --yes true. Else the question ("delete topic orders?") goes to standard error, and a line of
 * standard input that is y or yes is one; any other, its end or a signal is ERR_NO: nothing was
 * done. What was typed before the question is no answer.
 */
int confirm_ask(const struct request *, const char *question, struct err *);

enum { DELETION_COLUMNS = 2 };

/* Things that are about to be deleted, of one kind. */
struct deletion {
	const char *what; /* "topic"; its plural has an s */
	const char *with; /* what goes with them: "all records" */
	const struct column *columns; /* of what --dry-run prints, the name first */
	struct rows rows;             /* of each; the caller's to fill */
	struct buf names;             /* for the question, a line each */
	size_t count;
};

/* All is borrowed. */
void deletion_init(struct deletion *, const char *what, const char *with,
    const struct column columns[DELETION_COLUMNS]);
void deletion_release(struct deletion *);

/* One more. `note` follows the name in the question. */
int deletion_add(struct deletion *, const char *name, const char *note, struct err *);

/*
 * As confirm_ask, which need not be called. *ret_is_sure is false where there are none, and with
 * --dry-run, which prints them instead: their names alone, unless told otherwise.
 */
int deletion_confirm(const struct deletion *, const struct request *, struct output *,
    bool *ret_is_sure, struct err *);

#endif
