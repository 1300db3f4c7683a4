/* SPDX-License-Identifier: MIT */
/*
 * The loop of kafka-to-s3: records from the source into the files of their partition's epoch, epochs closed,
 * published and committed as kafka-to-s3/epoch.h says.
 */
#ifndef SLUICE_KAFKA_TO_S3_LAKE_H
#define SLUICE_KAFKA_TO_S3_LAKE_H

#include "codec/time.h"
#include "flow/template.h"
#include "kafka-to-s3/collector.h"
#include "kafka-to-s3/epoch.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "source/source.h"

struct lake_counts;

/* Who is told how it goes, about every so often; publishing an epoch's files can take longer. */
struct lake_progress {
	void *context;
	void (*tell)(void *context, const struct lake_counts *);
	int64_t every_ms; /* 0: nobody */
};

struct lake_options {
	struct format *format;  /* borrowed */
	const char *path;       /* template; NULL: all in the target itself */
	const char *time_field; /* NULL: the record's timestamp */
	struct time_format time_format;
	bool skips_tombstones; /* they are rejected otherwise */
	bool is_bounded;       /* the input has an end of its own */
	int64_t drain_ms;
	struct epoch_limits limits;
	int64_t spool_bytes;  /* of all epochs together, about; 0: no bound */
	int64_t success_after_ms; /* -1: no _SUCCESS; otherwise the path has a time, and with a topic there is a group */
	int64_t count_max;    /* records at which the input ends before its own end; 0: none */
	const char *topic;    /* NULL: from a pipe */
	const char *group;    /* NULL: nothing is committed, and no mark is kept */
	/* Borrowed; with a group, what crashed runs left of our partitions is removed. NULL: it stays. */
	const struct naming *naming;
	/* Of all that shapes names and bytes of objects. */
	char fingerprint[EPOCH_FINGERPRINT_BYTES];
	/* Told of each object that was published; may be NULL. */
	void (*published)(void *context, const struct object *);
	void *published_context;
};

struct lake_counts {
	int64_t read;
	int64_t bytes;     /* of the values read */
	int64_t delivered; /* in published files */
	int64_t rejected;
	int64_t filtered; /* tombstones that were skipped */
	int64_t lost;     /* with their partition, to another member of the group */
	int64_t open;     /* not published */
	int64_t files;    /* published, those of an earlier run included */
	int64_t files_there; /* of those, found there */
	int64_t object_bytes;
	/* of this moment: */
	int64_t files_open;    /* collected, or waiting to be published */
	int64_t spooled_bytes; /* of their lines */
	int64_t lag;           /* records of its partitions that are not settled; -1: not known */
	int64_t unread;        /* of these, those not read; -1: not known */
	int64_t passed;        /* source_passed */
};

void lake_counts_add(struct lake_counts *to, const struct lake_counts *from);

struct lake;

/* ERR_USAGE for a bad template or field. */
struct lake *lake_new(const struct lake_options *, struct err *);
void lake_free(struct lake *);

/* What the path needs of a record. */
bool lake_uses_time(const struct lake *);
bool lake_uses_headers(const struct lake *);

/* The smallest unit of the event time in the path. */
enum template_unit lake_path_unit(const struct lake *);

/* What --success-after asks of the other options. ERR_USAGE. */
int lake_check_success(const struct lake *, struct err *);

/* For opening the source with. */
struct source_events lake_events(struct lake *);

/* Borrowed; before the source is read. */
struct lake_outputs {
	struct collector *collector;
	struct publisher *publisher; /* the collector's */
	struct deadletter *letters;
};

void lake_set_outputs(struct lake *, const struct lake_outputs *);

void lake_set_progress(struct lake *, const struct lake_progress *);

/* What was not published is gone; before the outputs are. */
void lake_drop_outputs(struct lake *);

/*
 * Runs to the end of the input, to a request to stop, or to the first error. Then everything that
 * was read is published and committed, also where a record is refused (ERR_DATA, ERR_DENIED); after
 * other errors what is not published by then never appears. ERR_STOPPED where a request to stop
 * left something unpublished after the drain time.
 */
int lake_run(struct lake *, struct source *, enum job_input *ret_input, struct err *);

struct lake_counts lake_counts(const struct lake *);

#endif
