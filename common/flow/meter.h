/* SPDX-License-Identifier: MIT */
/*
 * How far a run is and how fast it goes: what a person at a terminal sees, out of numbers that are looked at now
 * and then. Pure: times are given.
 */
#ifndef SLUICE_FLOW_METER_H
#define SLUICE_FLOW_METER_H

#include <stdbool.h>

#include "flow/record.h"

/* What a tool knows at one moment. Counts only grow; below zero is not known. */
struct meter_numbers {
	int64_t records; /* come in, or made */
	int64_t bytes;   /* of their values */
	int64_t open;    /* of the records: not yet delivered, rejected or left out */
	int64_t rejected;
	int64_t lag;      /* records of a topic that are not settled */
	int64_t to_go;    /* of these, those that time left is reckoned for */
	int64_t done;     /* of something with an end: bytes of files, records */
	int64_t all;      /* it has so many */
	bool is_position; /* these two are where a file is read, and its size */
	int64_t event_ms; /* event time reached; RECORD_NO_TIME */
	int64_t behind_ms; /* what was due is late by that */
};

#define METER_NUMBERS_INIT \
	{ .bytes = -1, .lag = -1, .to_go = -1, .done = -1, .all = -1, .event_ms = RECORD_NO_TIME, \
	    .behind_ms = -1 }

enum {
	METER_SAMPLES = 16,
	METER_SAMPLE_MS = 1000, /* between two at least */
	METER_RATE_MS = 5000,   /* rates are of that long */
	METER_LEFT_MS = 15000,  /* ... and that long is what time left is reckoned by */
};

struct meter_sample {
	int64_t at_ms; /* monotonic */
	struct meter_numbers numbers;
};

struct meter {
	int64_t begun_ms;
	struct meter_sample now;
	struct meter_sample samples[METER_SAMPLES]; /* a ring */
	size_t count; /* ever taken */
};

/* Begins with nothing done. */
void meter_begin(struct meter *, int64_t now_mono_ms);

/* These are the numbers at this moment. Times do not go back. */
void meter_take(struct meter *, const struct meter_numbers *, int64_t now_mono_ms);

/* What it comes to. Below zero: not known. */
struct meter_reading {
	struct meter_numbers numbers;
	int64_t elapsed_ms;
	double record_rate; /* a second, lately */
	double byte_rate;
	double percent;
	int64_t left_ms; /* until the end, or until there is no lag */
};

void meter_read(const struct meter *, struct meter_reading *ret);

enum {
	METER_TEXT_BYTES = 640,
	METER_JSON_BYTES = 768,
};

/*
 * In words, for a line: "812 records, 3.4 MiB, 401/s, 1.7 MiB/s, 45%, 12s left". Where that is longer than width
 * (0: no bound), what matters least is left out; it is never longer.
 */
void meter_text(const struct meter_reading *, size_t width, char ret[static METER_TEXT_BYTES]);

/* Members of a JSON object, without braces: `"records":812,"seconds":2.0`. */
void meter_json(const struct meter_reading *, char ret[static METER_JSON_BYTES]);

#endif
