/* SPDX-License-Identifier: MIT */
/*
 * From a record of the input to what is to be sent of it: key, headers, times, partition. Pure but for
 * memory: no clock is read.
 */
#ifndef SLUICE_S3_TO_KAFKA_COMPOSER_H
#define SLUICE_S3_TO_KAFKA_COMPOSER_H

#include "codec/time.h"
#include "s3-to-kafka/reorder.h"

enum { COMPOSER_HEADERS_MAX = 64 };

enum composer_time {
	COMPOSER_TIME_DEFAULT, /* now, or with envelopes theirs */
	COMPOSER_TIME_NOW,     /* of sending */
	COMPOSER_TIME_EVENT,
};

/* One -H; texts borrowed. */
struct composer_header {
	struct slice name;
	const char *value; /* template */
};

struct composer_options {
	const char *time_field; /* NULL: of an envelope its time, else none */
	struct time_format time_format;
	bool needs_time;        /* a record without event time is rejected */
	bool has_envelopes;     /* -J */
	const char *key;        /* template, or NULL */
	struct composer_header headers[COMPOSER_HEADERS_MAX];
	size_t header_count;
	enum composer_time kafka_time;
	int32_t partition;      /* -1: by the key, or any */
	bool has_same_partition; /* -p @same: the envelope's */
	bool has_shift;         /* --shift-to-now: find the times to move */
	const char *shift_fields[SHIFT_FIELDS_MAX]; /* besides time_field */
	size_t shift_field_count;
};

struct composer;

/* ERR_USAGE for a bad template or field. Borrows texts of the options. */
struct composer *composer_new(const struct composer_options *, struct err *);
void composer_free(struct composer *);

/*
 * Fills *ret from *record, which an envelope in it changes to what the envelope says. ret borrows from
 * both until the next call, and is undefined on failure. ERR_DATA rejects the record.
 */
int composer_make(struct composer *, struct record *record, struct reorder_item *ret, struct err *);

/* For shift_append. */
const struct field_set *composer_fields(const struct composer *);

#endif
