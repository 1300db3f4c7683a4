/* SPDX-License-Identifier: MIT */
/*
 * where=FIELD OP VALUE: which records an aggregate takes.
 *
 * OP is = (or ==), !=, <, <=, > or >=. VALUE is a JSON string, number, true or false, or a bare
 * word, which is a string. Numbers compare by value, exactly; strings by their bytes. As in SQL
 * nothing can be said of null: where the field is null or missing no predicate holds, != neither. A
 * value of another type is different (only != holds), and neither less nor greater.
 */
#ifndef SLUICE_KAFKA_WINDOW_PREDICATE_H
#define SLUICE_KAFKA_WINDOW_PREDICATE_H

#include "base/buf.h"
#include "codec/json.h"

enum predicate_op {
	PREDICATE_EQUAL,
	PREDICATE_NOT_EQUAL,
	PREDICATE_LESS,
	PREDICATE_LESS_EQUAL,
	PREDICATE_GREATER,
	PREDICATE_GREATER_EQUAL,
};

/* What was written; slices of the option's text. */
struct predicate_text {
	struct slice field; /* empty: there is no predicate */
	enum predicate_op op;
	struct slice value; /* JSON, or a word */
	bool is_word;
};

/* What separates the words of the option; line breaks too: in quotes a long text goes on in the next
 * line. */
static inline bool
predicate_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Parses "FIELD OP VALUE". ERR_USAGE: "byte N: what is wrong", N being counted from `before`. */
int predicate_parse(
    struct slice text, size_t before, struct predicate_text *ret, struct err *err);

struct predicate;

/* Of a text that was parsed. */
struct predicate *predicate_new(const struct predicate_text *, struct err *);
void predicate_free(struct predicate *);

/* scratch is overwritten. -1: no memory. */
int predicate_holds(const struct predicate *, const struct json_value *, struct buf *scratch,
    bool *ret, struct err *);

#endif
