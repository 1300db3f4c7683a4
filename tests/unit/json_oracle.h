/* SPDX-License-Identifier: MIT */
/*
 * The record scanner against jansson: both must accept the same texts and read the same values.
 * Where they are meant to differ:
 *
 * - jansson has no integer beyond int64 and no real beyond double ("1e999"); to the scanner a
 *   number is its digits. (JSON_ORACLE_NUMBER)
 * - jansson refuses a surrogate escape without its partner, which RFC 8259, section 8.2 lets
 *   pass. (JSON_ORACLE_SURROGATE)
 * - jansson cannot have \u0000 in a member's name. (JSON_ORACLE_NUL_NAME)
 * - jansson 2.14 loses a NUL byte right behind a number or a word: its stream cannot take a NUL
 *   back. (JSON_ORACLE_LOST_NUL)
 * - The scanner's nesting ends at JSON_DEPTH_MAX, jansson's at 2048. (JSON_ORACLE_DEPTH)
 *
 * Where jansson stops for one of these it has not seen the rest, so there is nothing to compare.
 * It is told to take scalars (JSON_DECODE_ANY) and \u0000 in values (JSON_ALLOW_NUL).
 */
#ifndef SLUICE_TESTS_JSON_ORACLE_H
#define SLUICE_TESTS_JSON_ORACLE_H

#include "codec/json.h"

enum json_verdict {
	JSON_ORACLE_DIFFERENT,
	JSON_ORACLE_ACCEPTED, /* by both, with the same values */
	JSON_ORACLE_REJECTED, /* by both */
	JSON_ORACLE_NUMBER,
	JSON_ORACLE_SURROGATE,
	JSON_ORACLE_NUL_NAME,
	JSON_ORACLE_LOST_NUL,
	JSON_ORACLE_DEPTH,
	JSON_ORACLE_VERDICTS,
};

/* A scanner for the paths that json_oracle_compare looks at. */
struct json_scanner *json_oracle_scanner(void);

/* Says on stderr what differs. */
enum json_verdict json_oracle_compare(struct json_scanner *, struct slice text);

#endif
