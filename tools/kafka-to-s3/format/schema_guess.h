/* SPDX-License-Identifier: MIT */
/*
 * The schema that some records suggest: it accepts each of them. A column for each field that is no
 * object, by its dotted path; of the types that took all of its values the narrowest, but int64 for
 * whole numbers (ids grow), and json where none did. A field that is an object in one record and
 * none in another is one column of json, and so is an object without members, or with ever other
 * ones. Nullable is what was null or missing once.
 */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_SCHEMA_GUESS_H
#define SLUICE_KAFKA_TO_S3_FORMAT_SCHEMA_GUESS_H

#include "codec/table_schema.h"

struct schema_guess;

struct schema_guess *schema_guess_new(struct err *);
void schema_guess_free(struct schema_guess *);

/* A record's value, of which it keeps nothing. ERR_DATA where it is no JSON. */
int schema_guess_add(struct schema_guess *, struct slice value, struct err *);

/* Of what schema_guess_notes tells. */
enum schema_guess_note {
	SCHEMA_GUESS_NULLS,    /* nothing but null was seen: json takes whatever comes */
	SCHEMA_GUESS_CONFLICT, /* values of several types */
	SCHEMA_GUESS_MAP,      /* an object with too many different members */
	SCHEMA_GUESS_NO_PATH,  /* left out: a member's name that no path can have */
};

/* ERR_DATA where records had so many different members that not all were looked at, where there would be no columns, or more than a table may have. The notes are of the same columns. */
struct table_schema *schema_guess_make(const struct schema_guess *,
    void (*note)(void *context, enum schema_guess_note, const char *path), void *context,
    struct err *);

#endif
