/* SPDX-License-Identifier: MIT */
/*
 * What is made of a record's fields before they are written, as the options say: --select picks them, --rename
 * gives them other names, --add adds some. Parsed here; formats apply it (format_json.c, format_csv.c).
 *
 * With --select a record becomes flat: the fields in the order of the options, each named by its dotted path as
 * written (without a leading dot) or what --rename makes of that, then those that are added. Without, --rename
 * speaks of the members of the record itself.
 */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_SHAPE_H
#define SLUICE_KAFKA_TO_S3_FORMAT_SHAPE_H

#include "base/opt.h"
#include "codec/json.h"

enum {
	SHAPE_ADDS_MAX = 64,
	SHAPE_FIELDS_MAX = JSON_PATHS_MAX - SHAPE_ADDS_MAX, /* room for what adds look at */
};

/* --add NAME=TEMPLATE, --add NAME:=TEMPLATE */
struct shape_add {
	struct slice name;
	const char *template;
	bool is_json; /* := : the text is the JSON itself, otherwise it becomes a string */
};

/* --rename OLD=NEW */
struct shape_rename {
	struct slice from;
	struct slice to;
};

/* All of it borrowed from the options' texts. Of one option, those of the strongest origin count: what the
 * command line says replaces what a file says. */
struct shape_options {
	struct shape_add adds[SHAPE_ADDS_MAX];
	struct slice selects[SHAPE_FIELDS_MAX]; /* paths */
	struct shape_rename renames[SHAPE_FIELDS_MAX];
	size_t add_count;
	size_t select_count;
	size_t rename_count;
	enum opt_origin add_origin;
	enum opt_origin select_origin;
	enum opt_origin rename_origin;
};

/* --add --select --rename; target: struct shape_options. */
extern const struct opt shape_rows[];
extern const size_t shape_row_count;

/* NULL is empty too. */
bool shape_is_empty(const struct shape_options *);

/* What a field of this name is called in the result: the name itself where no --rename speaks of it. */
struct slice shape_rename(const struct shape_options *, struct slice name);

/* ERR_USAGE where names would be there twice, or, with --select, a --rename speaks of none of them. */
int shape_check(const struct shape_options *, struct err *);

/* Adds all of it to a hash (base/slice.h); what is empty adds nothing. */
uint64_t shape_hash(const struct shape_options *, uint64_t hash);

#endif
