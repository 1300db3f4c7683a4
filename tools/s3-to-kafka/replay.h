/* SPDX-License-Identifier: MIT */
/*
 * The replay itself, its loop: from the source through composer, reorder horizon and schedule to the
 * outlet.
 */
#ifndef SLUICE_S3_TO_KAFKA_REPLAY_H
#define SLUICE_S3_TO_KAFKA_REPLAY_H

#include "base/opt.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "s3-to-kafka/composer.h"
#include "s3-to-kafka/outlet.h"
#include "s3-to-kafka/resume.h"
#include "s3-to-kafka/schedule.h"
#include "source/objects.h"
#include "source/source.h"

struct replay_options {
	struct composer_options composer;
	double speedup;         /* 0: as fast as it goes */
	double rate;            /* records a second; 0: no even rate */
	struct schedule_span span; /* --seek, --until */
	int64_t rounds_max;     /* --loop; 0: for ever */
	int64_t reorder_count;
	int64_t memory_bytes;   /* bound of the reorder horizon */
	int64_t count_max;      /* records to read, without those skipped; 0: no limit */
	int64_t watermark_ms;   /* between two watermarks; 0: none */
	int64_t drain_ms;
	int64_t from_line;      /* of the object read first, lines before this one are left out; 0: none */
};

#define REPLAY_OPTIONS_INIT \
	{ .composer = { .partition = -1 }, .rounds_max = 1, .memory_bytes = 32 * 1024 * 1024, \
	    .drain_ms = 30 * 1000 }

/* --time, --speedup, --key ...; target: struct replay_options. */
extern const struct opt replay_rows[];
extern const size_t replay_row_count;

/* Adds those that shape what is sent, in which order. */
int replay_options_facts(const struct replay_options *, struct resume_facts *, struct err *);

/* Holds the options against each other; ERR_USAGE. Sets what follows from them. */
int replay_options_check(struct replay_options *, bool has_topic, struct err *);

/* read = delivered + rejected + skipped + waiting */
struct replay_counts {
	int64_t read;
	int64_t delivered;  /* acknowledged by the sink */
	int64_t rejected;
	int64_t skipped;    /* outside of --seek and --until */
	int64_t waiting;    /* read, but not acknowledged: stopped before */
	int64_t watermarks; /* records of that kind sent; in none of the others */
};

/* How it goes, at one moment. */
struct replay_numbers {
	struct replay_counts counts;
	int64_t sent;
	int64_t bytes;     /* of values sent */
	int64_t event_ms;  /* of what was sent last; RECORD_NO_TIME */
	int64_t behind_ms; /* how late that was */
	int64_t held;      /* records read that wait for their turn */
	struct objects_progress objects; /* what is held counted as not read */
};

/* Who is told of it. */
struct replay_watch {
	void *context;
	void (*tell)(void *context, const struct replay_numbers *);
	int64_t every_ms;
};

/* Opens the input (source_objects_open) at its beginning, once a round. */
struct replay_input {
	void *context;
	struct source *(*open)(void *context, struct err *);
};

struct replay;

/* Takes over `source`, the input of the first round, also on failure; borrows outlet, letters and
 * resume. With a resume (NULL: none), which has moved the source already, it goes on from there and
 * commits: every resume_options.interval_ms, before longer sleeps, and at the end, whatever that is.
 * ERR_USAGE for a bad template or field. */
struct replay *replay_new(const struct replay_options *, struct source *source,
    const struct replay_input *, struct outlet *, struct deadletter *, struct resume *,
    struct err *);
void replay_free(struct replay *);

/*
 * Runs to the end of the input or to a request to stop; then waits until the sink has acknowledged
 * what it was given (after a stop: for the drain time at most), also where it fails with ERR_DATA.
 * *ret_input says whether the end was reached.
 */
int replay_run(struct replay *, enum job_input *ret_input, struct err *);

/* Before it runs. */
void replay_set_watch(struct replay *, const struct replay_watch *);

/* For sinks that it sends to: the watch is told while they wait, too. */
struct sink_waiting replay_waiting(struct replay *);

void replay_get_counts(struct replay *, struct replay_counts *ret);

/*
 * Without a resume: up to where every record's fate is settled (acknowledged, in the dead letter
 * target, skipped), and where to go on. False where nothing was read.
 */
struct replay_standing {
	const char *object;      /* holds the record settled last; NULL: not even the first is */
	int64_t line;
	const char *next_object; /* of the first record not settled, or just behind the last read */
	int64_t next_line;
};
bool replay_get_standing(struct replay *, struct replay_standing *ret);

#endif
