/* SPDX-License-Identifier: MIT */
/* An engine with every aggregate of one field, whose rows are collected as text, for the tests. */
#ifndef SLUICE_TESTS_WINDOW_KIT_H
#define SLUICE_TESTS_WINDOW_KIT_H

#include "kafka-window/engine.h"
#include "kafka-window/row.h"

enum {
	KIT_HOUR_MS = 3600 * 1000,
	KIT_WINDOWS_MAX = 32,
};
#define KIT_MINUTE_MS ((int64_t)60 * 1000)

struct kit {
	struct aggregate_plan plan;
	struct row_layout *layout;
	struct engine_options options;
	struct engine *engine;
	struct buf rows; /* one JSON object a line */
	struct err err;
};

/* Windows of an hour, one --by field k; count, count:v, sum, min, max and avg of v. Change
 * kit->options and call kit_restart for other ones. */
void kit_open(struct kit *);
void kit_close(struct kit *);

/* A new engine in place of the old one, with stream 0. */
void kit_restart(struct kit *);

void kit_add_stream(struct kit *, int32_t stream);

/* The canonical key of a JSON scalar, in a static buffer. */
struct slice kit_key(const char *json);

/* A scalar's canonical text, as inputs have it, in the caller's bytes. */
void kit_text(const char *json, char *bytes, size_t bytes_max, struct slice *ret);

/* A record with the key's and the value's JSON text; value NULL: missing. */
enum engine_fate kit_take(struct kit *, int32_t stream, int64_t sequence, int64_t time_ms,
    const char *key, const char *value);

/* Gives out what is complete, into kit->rows. */
void kit_close_windows(struct kit *);

/* Gives out what is complete into kit->rows, as windows and counts. */
void kit_close_windows_as_counts(struct kit *);

/* The same; all rows since the last time must be `want`: "0-60 1:2\n" is the
 * window [0, 60) in minutes with 2 records of the key 1. */
void kit_expect(struct kit *, const char *want);

/* The rows given out so far, which are forgotten; good until the next rows. */
const char *kit_take_rows(struct kit *);

/* A JSON scalar as the scanner would give it. */
struct json_value kit_value(const char *json);

/* Each window that holds a time; how many there are. */
size_t kit_windows_of(const struct assigner *, int64_t time_ms, struct span spans[KIT_WINDOWS_MAX]);

enum { KIT_KEYS = 4, KIT_ASSIGNERS = 8, KIT_PANE_ASSIGNERS = KIT_ASSIGNERS - 2 };

/* Keys as rows have them, and windows of all kinds, sessions last. */
extern const char *const kit_key_texts[KIT_KEYS];
extern const struct assigner kit_assigners[KIT_ASSIGNERS];

/* A record of a model. */
struct kit_event {
	int64_t time_ms;
	int key; /* of kit_key_texts, or as the test has them */
};

/* By key, then time; for qsort(3) too. */
int kit_compare_events(const void *a, const void *b);

/* The session that begins with the first of `count` sorted records; how many of them it has. */
size_t kit_session_at(
    const struct kit_event *sorted, size_t count, int64_t gap_ms, struct span *ret);

uint64_t kit_random(void);

#endif
