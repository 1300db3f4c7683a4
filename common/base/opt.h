/* SPDX-License-Identifier: MIT */
/*
 * One table of options drives parsing, --help and the tests that hold the man page against them.
 * A tool splices tables: groups of rows, each with the struct its rows write into.
 */
#ifndef SLUICE_BASE_OPT_H
#define SLUICE_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

enum opt_kind {
	OPT_FLAG,     /* bool at offset: true */
	OPT_TEXT,     /* const char * at offset; an empty value is a usage error */
	OPT_INT,      /* int64_t, min to max */
	OPT_SIZE,     /* int64_t, bytes; K, M, G are powers of 1024; min to max */
	OPT_DURATION, /* int64_t, ms; a unit is required; min to max */
	OPT_CALL,     /* set(); may be repeated */
};

/* Where a value comes from, weakest first. */
enum opt_origin {
	OPT_UNSET,
	OPT_SYSTEM_FILE,
	OPT_USER_FILE,
	OPT_ENVIRONMENT,
	OPT_GIVEN_FILE, /* -F */
	OPT_COMMAND_LINE,
};

struct opt {
	int letter;           /* 0: none */
	const char *name;     /* the long option, without dashes */
	const char *argument; /* what --help calls it; NULL: takes none; "[...]": optional, after '=' */
	const char *help;     /* one sentence without a full stop; defaults in brackets */
	enum opt_kind kind;
	size_t offset;        /* into the group's target */
	int64_t min, max;     /* max 0: no bound */
	/* value is NULL for an option given without its optional argument */
	int (*set)(void *target, const char *value, enum opt_origin, struct err *);
};

struct opt_group {
	const char *title;
	const struct opt *rows;
	size_t row_count;
	void *target;
};

enum { OPT_ROWS_MAX = 96 };

/* The tables of a tool and what has been set so far. Zero-initialise, then fill groups. */
struct opt_set {
	const struct opt_group *groups;
	size_t group_count;
	enum opt_origin origins[OPT_ROWS_MAX]; /* row by row through the groups */
	/* What is unknown or wrong in files is passed over, and so are files that can be read only once. */
	bool is_lenient;
};

/* One option as it stood on the command line. */
struct opt_value {
	const struct opt *row;
	const char *value; /* borrowed from argv */
};

struct opt_line {
	struct opt_value *values; /* in the order given */
	size_t value_count;
	char **operands; /* borrowed from argv */
	size_t operand_count;
};

/* Splits the command line without setting anything. ERR_USAGE names the first option that is wrong; *ret, to be released in
 * any case, then has the others. */
int opt_read_line(const struct opt_set *, int argc, char **argv, struct opt_line *ret, struct err *);
void opt_line_release(struct opt_line *);

/* Sets what the line says. */
int opt_apply_line(struct opt_set *, const struct opt_line *, struct err *);

/* The last value of an option on the line, NULL where it is not there. */
const char *opt_line_find(const struct opt_line *, const char *name);
bool opt_line_has(const struct opt_line *, const char *name);

const struct opt *opt_find(const struct opt_set *, const char *name);

/* Sets one option from elsewhere (a file, the environment). For a flag: true, yes, 1 or false, no, 0. */
int opt_apply(struct opt_set *, const struct opt *, const char *value, enum opt_origin,
    struct err *);

/* The strongest origin that has set this option. */
enum opt_origin opt_origin(const struct opt_set *, const char *name);

void opt_print_help(const struct opt_set *, FILE *);

/* "90s", "1h", "500ms", "1m30s": units ms s m h d, one is required, but 0 may stand alone. ERR_USAGE. */
int opt_parse_duration(struct slice text, int64_t *ret_ms, struct err *);

/* "64M", "16K", "1000"; ERR_USAGE. */
int opt_parse_size(const char *text, int64_t *ret_bytes, struct err *);

enum { OPT_VALUE_BYTES = 24 };

/* As the two above read it, in the largest unit that says it exactly: "1m", "90s"; "64M", "1000". */
void opt_format_duration(int64_t ms, char ret[static OPT_VALUE_BYTES]);
void opt_format_size(int64_t bytes, char ret[static OPT_VALUE_BYTES]);

/* A whole number in decimal; ERR_USAGE. */
int opt_parse_int(const char *text, int64_t *ret, struct err *);

#endif
