/* SPDX-License-Identifier: MIT */
/*
 * A replay that can be taken up again (--resume-id): every commit makes records sent and the position
 * behind them durable together. Knows nothing of Kafka: see resume_kafka.h.
 */
#ifndef SLUICE_S3_TO_KAFKA_RESUME_H
#define SLUICE_S3_TO_KAFKA_RESUME_H

#include "s3-to-kafka/resume_state.h"
#include "sink/sink.h"
#include "source/source.h"

/* What commits: all that was written to its sinks since the last commit, or none of it. */
struct resume_log {
	void *context;
	struct sink *states; /* of the sinks, the one that keeps states, one value a key */
	int (*commit)(void *context, int64_t deadline_mono_ms, struct err *);
	bool (*is_open)(void *context); /* something was written since the last commit */
};

struct resume_options {
	const char *id;      /* NULL: nothing is kept */
	const char *topic;
	int64_t interval_ms; /* between two commits */
	bool is_forgotten;   /* --resume-forget */
};

struct resume;

/* run: a name for this process, to know its own states by. Borrows options and the log's parts. */
struct resume *resume_new(const struct resume_options *, const char *run,
    const struct resume_log *, struct err *);
void resume_free(struct resume *);

/*
 * Takes over what was kept last (empty: nothing was), holds it against the options and the objects,
 * moves the source there, and commits that it goes on from there. Takes over the facts, also on failure.
 * ERR_DATA where options or objects have changed, and says which.
 */
int resume_begin(struct resume *, struct slice kept, struct resume_facts *, struct source *,
    struct err *);

/* What was committed last: at first, where to go on. */
const struct resume_point *resume_point(const struct resume *);

/* Where this process found it, and may have gone on from several times. */
const struct resume_point *resume_start(const struct resume *);
void resume_set_start(struct resume *, const struct resume_point *);

/* Something was written since the last commit: readers are held up. */
bool resume_is_open(const struct resume *);

/* The interval since the last commit is over then, monotonic us. */
int64_t resume_due_us(const struct resume *);
int64_t resume_interval_us(const struct resume *);

/* Returns when everything written, and this point, are committed. */
int resume_commit(struct resume *, const struct source *, const struct resume_point *,
    int64_t deadline_mono_ms, struct err *);

/* Commits that nothing is known of the id any more. */
int resume_forget(struct resume *, struct err *);

#endif
