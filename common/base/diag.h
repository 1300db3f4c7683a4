/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr: "TOOL: text", or one JSON object a line with --log-format json. Used by tools'
 * main loops and by run; library rooms return a struct err instead (io/kafka passes on what librdkafka
 * says by itself). Set up once before any thread starts, read only afterwards; a line is one
 * write(2), so lines of several threads or processes do not mix.
 *
 * Texts may hold any bytes: control characters become ? (JSON: \u00XX), and what is not UTF-8 becomes U+FFFD.
 *
 * Where stderr is a terminal and we are in its foreground, one line of it may be drawn again and again (progress). Each
 * line of text then wipes it, whichever process of a pipeline has drawn it; it comes again below.
 */
#ifndef SLUICE_BASE_DIAG_H
#define SLUICE_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

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

/* A line that was asked for, -q or not; json: further members of its object, "\"a\":1,\"b\":2". */
void diag_answer(const char *text, const char *json);

/* stderr is a terminal that can be drawn on, lines are text, and we are in the foreground there. */
bool diag_can_draw(void);

/* The same, whoever is in the foreground now. */
bool diag_has_terminal(void);

/* Columns of that terminal; 80 where it does not say. */
size_t diag_width(void);

/* Draws over what was drawn before; a text that is longer than the terminal is wide cannot be drawn over. */
void diag_draw(const char *text);

/* Takes away what was drawn. */
void diag_wipe(void);

/* The same, and nothing is drawn from now on. From a signal's handler too, in a thread that does not draw itself. */
void diag_end_drawing(void);

#endif
