/* SPDX-License-Identifier: MIT */
/*
 * Epochs: how the records of one partition become objects exactly once. No I/O, no clock: the lake does
 * what the phase says and tells when it is done.
 *
 *     collect --close--> prepare --------> publish ---------> settle ------> done
 *     [X, Y)             commits X with    makes the objects  commits Y
 *                        "until=Y fp=H"    of [X, Y)
 *
 * Objects of an epoch are a function of its records and of what the fingerprint H stands for, and are named
 * by X, never by Y. So what a crash leaves is always one of three:
 *
 *     X                  nothing of what lies behind X is published: collect from X, and end anywhere
 *     X, until=Y fp=H    some objects of [X, Y) may be published: rebuild exactly [X, Y), make what is missing;
 *                        what is there must be the same, or it is somebody else's
 *     Y                  all of them are
 *
 * A member that has lost its partition is refused at prepare, and publishes nothing. One that loses it later
 * makes the very objects that the next owner makes; create-only publishing lets the first win.
 *
 * While one epoch is prepared, published and settled, the next is collected; settling the one and preparing
 * the next can be one commit.
 */
#ifndef SLUICE_KAFKA_TO_S3_EPOCH_H
#define SLUICE_KAFKA_TO_S3_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* When an epoch is closed; 0: no bound. Bounds are reached, not kept: an epoch may be larger. */
struct epoch_limits {
	int64_t bytes;    /* of what is spooled for its objects */
	int64_t records;
	int64_t age_ms;   /* on the caller's clock, since its first record; needs no new one */
	int64_t event_ms; /* between its smallest and its largest event time */
};

enum epoch_phase {
	EPOCH_NONE,    /* nothing is closed */
	EPOCH_PREPARE, /* commit epochs_commit_point */
	EPOCH_PUBLISH, /* make the objects of [begin, until) */
	EPOCH_SETTLE,  /* commit epochs_commit_point, after the dead letters of [begin, until) are durable */
};

/* What is known of the records of [begin, next). */
struct epoch_open {
	int64_t begin;
	int64_t next; /* one past what was taken or skipped */
	int64_t records;
	int64_t kept; /* of them, those that are in an object */
	int64_t bytes;
	int64_t first_ms; /* caller's clock at the first taken or skipped */
	int64_t event_min_ms;
	int64_t event_max_ms;
	bool has_gap; /* epochs_accept_gap: some of its records had expired */
};

/* The epochs of one partition, while it is ours. Read what you like, change it by the functions. */
struct epochs {
	const char *fingerprint; /* borrowed */
	struct epoch_open open;
	int64_t rebuild_until; /* the open epoch must end exactly there; -1: where it likes */
	enum epoch_phase phase;
	int64_t begin; /* of the closed epoch */
	int64_t until;
	bool is_rebuilt; /* the closed epoch: an earlier owner may have published some of it */
	bool has_gap;    /* the closed epoch: as in epoch_open */
	/* The closed epoch: where a crash leaves "until" of; -1: it was not prepared. What the mark may say before
	 * it is settled. Below `until` where a gap was settled with it. */
	int64_t prepared_until;
	int64_t next_until; /* in EPOCH_SETTLE: the open epoch was closed with the same commit; or -1 */
	bool next_has_objects;
};

enum {
	EPOCH_FINGERPRINT_BYTES = 17, /* 16 hexadecimal digits and a NUL */
	EPOCH_METADATA_BYTES = 64,
};

/* "until=Y fp=H" in a commit's metadata. Returns 1 where it is one, 0 where it is not ours or empty, and -1
 * (ERR_DATA) where it looks like one and cannot be read. */
int epoch_metadata_parse(const char *metadata, int64_t *ret_until,
    char ret_fingerprint[static EPOCH_FINGERPRINT_BYTES], struct err *);

/*
 * May a partition be taken up at `sequence`, where the mark that lies beside the data says that it holds all
 * before `marked` (-1: there is none)? The metadata is that of the commit; NULL: nothing is committed. ERR_DATA
 * where what is committed is lower: topics are made anew, and the data would be there twice. Where nothing is
 * (offsets expire), only the mark's own place neither repeats nor leaves out anything.
 *
 * The mark is written for prepared epochs only, before they are settled: so a crash in between leaves an "until"
 * that reaches it.
 */
int epoch_check_mark(int64_t sequence, const char *metadata, int64_t marked, struct err *);

/* The partition is ours, from `committed`; metadata may be NULL. ERR_DATA where an epoch is unfinished that other options began
 * (another fingerprint): they have to finish it. */
int epochs_begin(struct epochs *, int64_t committed, const char *metadata, const char *fingerprint,
    struct err *);

struct epoch_record {
	int64_t sequence; /* rising */
	int64_t bytes;    /* spooled for it, 0 where it is in no object (rejected, filtered) */
	int64_t event_ms; /* RECORD_NO_TIME: none */
	bool is_kept;
};

/* In which epoch the record that is about to be collected belongs: its begin, which names its objects. Ends an
 * epoch that is rebuilt where the record lies behind it. */
int64_t epochs_place(struct epochs *, int64_t sequence);

/* It has been collected there (or rejected, or filtered). */
void epochs_take(struct epochs *, const struct epoch_record *, int64_t now_ms);

/* Nothing is before `sequence` that was not given: gaps of compaction, marks of transactions. */
void epochs_skip_to(struct epochs *, int64_t sequence, int64_t now_ms);

/* The log ends at `sequence`: as epochs_skip_to. ERR_DATA where that is inside of an epoch that is to be rebuilt:
 * its records are no longer there. */
int epochs_end_at(struct epochs *, int64_t sequence, int64_t now_ms, struct err *);

enum epoch_gap {
	EPOCH_GAP_PLAIN, /* of nothing that is partly published */
	EPOCH_GAP_BEGAN, /* the first records of an epoch that is being rebuilt */
	EPOCH_GAP_WHOLE, /* all that was still to be rebuilt of one */
};

/*
 * Records before `sequence` that were not given have expired, and are given up; otherwise a gap ends the reading,
 * and nothing of it is told here.
 *
 * Where nothing is open, the gap is settled by itself, and no restart meets it again. Of an epoch that is being
 * rebuilt, what exists is left, and what is missing is made of the records that are still there, under the names
 * that it would have had. With files of one path published in their order (naming: rolls), those that exist are a
 * prefix of them. The files that are made now begin at the same record or a later one, each of them, so none holds
 * a record of that prefix. Records that moved into the place of a file that exists are not published: where a path
 * has one file only, there are none. An epoch of which nothing is left is settled as it is, with the gap.
 *
 * Not covered: a member that lost the partition while it was rebuilding the same epoch from an earlier log start,
 * and that goes on publishing rolled files until it is told.
 */
enum epoch_gap epochs_accept_gap(struct epochs *, int64_t sequence, int64_t now_ms);

/* A bound is reached. */
bool epochs_is_due(const struct epochs *, const struct epoch_limits *, int64_t now_ms);

/* When the open epoch will be by age; CLOCK_NEVER. */
int64_t epochs_due_ms(const struct epochs *, const struct epoch_limits *);

/* Nothing more should be read of this partition: the open epoch is due, and the one before is not settled. */
bool epochs_is_full(const struct epochs *, const struct epoch_limits *, int64_t now_ms);

/* Closes the open epoch where that is possible: it holds something, is not being rebuilt, and the one before is
 * settled or about to be. */
bool epochs_close(struct epochs *);

/* What EPOCH_PREPARE and EPOCH_SETTLE have to commit. Nothing is closed before it is acknowledged or has
 * failed (after which these epochs are to be forgotten). */
int64_t epochs_commit_point(const struct epochs *, char ret_metadata[static EPOCH_METADATA_BYTES]);

/* That commit was acknowledged. */
void epochs_committed(struct epochs *);

/* All objects of [begin, until) are durable. */
void epochs_published(struct epochs *);

/* Nothing is taken that is not committed. */
bool epochs_is_settled(const struct epochs *);

#endif
