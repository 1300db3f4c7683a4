/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a record that cannot be handled: with --dead-letter it goes there, wrapped in the
 * JSON envelope with its error, and counts as done when that is durable; without, it stops the tool.
 */
#ifndef SLUICE_RUN_DEADLETTER_H
#define SLUICE_RUN_DEADLETTER_H

#include "run/client.h"

/* What is put away in another form than the envelope, by another option than --dead-letter. */
struct deadletter_form {
	const char *option; /* "--on-failure" */
	void *context;
	int (*append)(void *context, const struct record *, struct buf *, struct err *);
};

struct deadletter_options {
	const char *target; /* NULL: the first rejected record ends the tool */
	int64_t count_max;  /* 0: no limit */
	const struct deadletter_form *form; /* NULL: the envelope; copied */
	/* Of a topic, as struct client_target has them. */
	size_t memory_bytes;
	int64_t drain_ms;
};

/* --dead-letter, --dead-letter-max; target: struct deadletter_options. */
extern const struct opt deadletter_rows[];
extern const size_t deadletter_row_count;

/*
 * Before anything is opened. ERR_USAGE for letters into the topic that is read (NULL: none), and for
 * --dead-letter-max on the command line where nothing takes letters.
 */
int deadletter_check(const struct deadletter_options *, const struct job *, const char *topic_read,
    struct err *);

struct deadletter;

/* done (may be NULL) is told of positions whose letters are durable. */
struct deadletter *deadletter_open(const struct deadletter_options *,
    const struct client_options *, const char *tool, const struct sink_done *done, struct err *);
void deadletter_free(struct deadletter *);

/*
 * Puts the record away for the reason `why` (class ERR_DATA). Returns -1 with ERR_DATA and why's text
 * where there is no target or the limit is passed; otherwise -1 only if the target fails. A `why` of
 * another class is no reason to skip a record and is returned as it is.
 */
int deadletter_put(struct deadletter *, const struct record *, const struct err *why,
    struct err *err);

/* Makes all of them durable. */
int deadletter_flush(struct deadletter *, int64_t deadline_mono_ms, struct err *);

/* Makes durable what can be without waiting for a broker: a file is synced, of a topic the reports that are
 * there are taken. `done` tells which. */
int deadletter_push(struct deadletter *, struct err *);

int64_t deadletter_count(const struct deadletter *);
/* Of all of them, as they were written. */
int64_t deadletter_bytes(const struct deadletter *);

#endif
