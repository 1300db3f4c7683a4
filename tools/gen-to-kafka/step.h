/* SPDX-License-Identifier: MIT */
/* The inside of a shape: one step writes a piece of text as it is, then what one generator makes.
 */
#ifndef SLUICE_GEN_TO_KAFKA_STEP_H
#define SLUICE_GEN_TO_KAFKA_STEP_H

#include "gen-to-kafka/shape.h"

enum step_kind {
	STEP_TEXT, /* nothing but the text before it */
	STEP_NUMBER,
	STEP_CHOICE,
	STEP_TIME,
	STEP_UUID,
	STEP_SEQUENCE,
	STEP_UNIQUE,
	STEP_WALK,
	STEP_LONGITUDE,
	STEP_LATITUDE,
	STEP_CLICK,
	STEP_SUM,
	STEP_AGAIN,
};

enum step_time {
	STEP_TIME_ISO,
	STEP_TIME_NAIVE, /* ISO without a zone */
	STEP_TIME_S,
	STEP_TIME_MS,
	STEP_TIME_US,
	STEP_TIME_PATTERN,
};

enum step_click {
	STEP_CLICK_IP,
	STEP_CLICK_DEVICE,
	STEP_CLICK_EVENT,
	STEP_CLICK_PRODUCT,
	STEP_CLICK_USER,
	STEP_CLICK_NUMBER,
	STEP_CLICK_PREVIOUS,
};

struct step_alternative {
	struct slice text;
	uint64_t below; /* chosen by draws below this, and not below that of the one before */
	int64_t mantissa;
};

/* factor is a power of ten that makes the scales of all terms equal. */
struct step_term {
	int slot; /* -1: a constant */
	int64_t constant;
	int64_t factor;
};

struct step {
	size_t before_at; /* where its text is in the shape's */
	size_t before_len;
	enum step_kind kind;
	int slot;       /* where the value is noted for later steps, -1: nowhere */
	bool is_string; /* as a value of its own it stands in quotes */
	bool is_number; /* mantissa / 10^scale */
	bool is_first;  /* draws the place, makes the click */
	uint8_t scale;
	int64_t magnitude_max; /* of the mantissa */
	size_t bytes_max;
	int64_t min; /* NUMBER, UNIQUE, WALK; SEQUENCE: where it starts; TIME: of the offset, ms */
	int64_t max; /* WALK */
	int64_t by;  /* WALK, SEQUENCE; TIME: between two offsets, ms */
	uint64_t
	    span; /* NUMBER, UNIQUE, TIME: how many values, 0 for 2^64; CHOICE: weights in all */
	size_t index; /* WALK, TIME, LONGITUDE, LATITUDE: which of the state's; AGAIN: the slot */
	enum step_time time;
	enum step_click click;
	const char *pattern;
	struct step_alternative *alternatives;
	size_t alternative_count;
	struct step_term *terms;
	size_t term_count;
};

/* A value that has a name; it is good for the record at hand. */
struct shape_slot {
	struct slice name;
	bool is_string;
	bool is_number;
	uint8_t scale;
	int64_t magnitude_max;
	size_t bytes_max;
};

struct shape {
	char *source;    /* our copy of the template; names and arguments point into it */
	struct buf text; /* of the steps */
	struct step *steps;
	size_t step_count;
	struct shape_slot *slots;
	size_t slot_count;
	struct slice *places; /* names of those drawn once a record */
	size_t place_count;
	int64_t *walks; /* where they begin */
	size_t walk_count;
	size_t time_count;
	bool has_clicks;
	bool has_random_ids;
	size_t record_bytes_max;
};

/*
 * Compiles what stands between the braces of a generator into *ret; `inside` is in shape->source
 * and is changed (quotes are taken off). ERR_USAGE without place.
 */
int step_read(struct shape *, struct slice inside, struct step *ret, struct err *);
void step_release(struct step *);

/* True where a '{' before this byte begins a generator. */
bool step_begins(char);

#endif
