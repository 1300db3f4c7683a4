/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr: "TOOL: text", or one JSON object a line with --log-format json. Used by tools'
 * main loops and by run; library rooms return a struct err instead (io/kafka passes on what librdkafka
 * says by itself). Set up once before any thread starts, read only afterwards; a line is one
 * write(2), so lines of several threads or processes do not mix.
 */
#ifndef SLUICE_BASE_DIAG_H
#define SLUICE_BASE_DIAG_H

#include <stdbool.h>

enum diag_level {
	DIAG_ERROR = 0, /* the reason for a failing exit status */
	DIAG_WARNING = 1,
	DIAG_NOTE = 2,  /* what a person at a terminal wants to know; -q silences it */
	DIAG_DETAIL = 3, /* -v */
};

/* `tool` is borrowed for ever. level_max: what is printed at most. */
void diag_open(const char *tool, enum diag_level level_max, bool is_json);

/* Which of several processes of the tool this is, said in every line: "TOOL: member 2: text". */
void diag_set_member(unsigned number);

bool diag_wants(enum diag_level);

void diag_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
