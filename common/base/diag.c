/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
	TEXT_BYTES = 2048,
	JSON_BYTES = 1024, /* of further members */
	ESCAPED_BYTES = 6, /* \u00XX */
	LINE_BYTES = ESCAPED_BYTES * TEXT_BYTES + JSON_BYTES + 256, /* every byte may become that */
	WIDTH_DEFAULT = 80,
	LAST_DRAWING_MS_MAX = 100,
};

/* Carriage return, and erase to the end of the line (ECMA-48, 8.3.15 and 8.3.41). */
#define WIPE "\r\033[K"

/* set by diag_open before any thread starts, constant afterwards */
static const char *tool_name = "sluice";
static enum diag_level wanted_level = DIAG_NOTE;
static bool wants_json;
static unsigned member_number; /* 0: none */
static bool has_terminal;      /* stderr is one that can be drawn on, and lines are text */

static atomic_bool is_drawn; /* by this process */
static atomic_bool is_drawing;
static atomic_bool is_over; /* nothing is drawn any more */

/* A terminal without a type, or a dumb one, takes no escapes. */
static bool
takes_escapes(void)
{
	const char *type = getenv("TERM");

	return type && *type && strcmp(type, "dumb") != 0;
}

void
diag_open(const char *tool, enum diag_level level_max, bool is_json)
{
	tool_name = tool;
	wanted_level = level_max;
	wants_json = is_json;
	has_terminal = !is_json && takes_escapes() && isatty(STDERR_FILENO);
}

void
diag_set_member(unsigned number)
{
	member_number = number;
}

bool
diag_wants(enum diag_level level)
{
	return level <= wanted_level;
}

/* As git draws its own (progress.c, is_foreground_fd): where there is no controlling terminal, nobody else does. */
static bool
is_foreground(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group < 0 || group == getpgrp();
}

/* C0, DEL and C1 (ECMA-48, 5.2 and 5.3; Unicode, 23.1), which terminals obey in UTF-8, too. */
static bool
is_control(const char *at, int len)
{
	const unsigned char *byte = (const unsigned char *)at;

	return len == 1 ? byte[0] < ' ' || byte[0] == 0x7f
	                : len == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

static size_t
put_control(char *to, const char *at, int len)
{
	if (!wants_json) {
		*to = '?';
		return 1;
	}
	return (size_t)snprintf(
	    to, ESCAPED_BYTES + 1, "\\u%04x", (unsigned)(unsigned char)at[len - 1]);
}

/*
 * A text that may hold anything, names of files and pieces of records, as UTF-8 (JSON is: RFC 8259, 8.1), with
 * nothing in it that would paint the terminal. Adds ESCAPED_BYTES for each byte at most; no NUL.
 */
static size_t
put_text(char *to, const char *text)
{
	const char *end = text + strlen(text);
	size_t at = 0;

	while (text < end) {
		int part, len = utf8_measure(text, end, &part);

		if (len <= 0) {
			memcpy(to + at, UTF8_REPLACEMENT, sizeof(UTF8_REPLACEMENT) - 1);
			at += sizeof(UTF8_REPLACEMENT) - 1;
			text += part;
			continue;
		}
		if (wants_json && (*text == '"' || *text == '\\'))
			to[at++] = '\\';
		if (is_control(text, len)) {
			at += put_control(to + at, text, len);
		} else {
			memcpy(to + at, text, (size_t)len);
			at += (size_t)len;
		}
		text += len;
	}
	return at;
}

/* Of a terminal that is not ours now, another's line would be wiped: the shell's prompt. */
static size_t
put_plain(char *line, const char *text)
{
	const char *begin = diag_can_draw() ? WIPE : "";
	int len = member_number
	    ? snprintf(line, LINE_BYTES, "%s%s: member %u: ", begin, tool_name, member_number)
	    : snprintf(line, LINE_BYTES, "%s%s: ", begin, tool_name);
	size_t at = len < 0 ? 0 : (size_t)len;

	at += put_text(line + at, text);
	line[at++] = '\n';
	return at;
}

static size_t
put_json(char *line, enum diag_level level, const char *text, const char *more)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	struct timespec now;
	struct tm tm;
	char stamp[32], member[32] = "";
	int len;
	size_t at;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	if (member_number)
		(void)snprintf(member, sizeof(member), "\"member\":%u,", member_number);
	len = snprintf(line, LINE_BYTES,
	    "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"tool\":\"%s\",%s\"message\":\"", stamp,
	    now.tv_nsec / 1000000, names[level], tool_name, member);
	at = len < 0 ? 0 : (size_t)len;
	at += put_text(line + at, text);
	at += (size_t)snprintf(line + at, JSON_BYTES + 8, "\"%s%s}\n", *more ? "," : "", more);
	return at;
}

static void
write_line(const char *line, size_t len)
{
	/* nobody to tell where stderr itself fails */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

static void __attribute__((format(printf, 2, 0)))
say(enum diag_level level, const char *format, va_list args)
{
	char text[TEXT_BYTES];
	char line[LINE_BYTES];

	if (!diag_wants(level))
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	write_line(line, wants_json ? put_json(line, level, text, "") : put_plain(line, text));
}

void
diag_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(DIAG_ERROR, format, args);
	va_end(args);
}

void
diag_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(DIAG_WARNING, format, args);
	va_end(args);
}

void
diag_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(DIAG_NOTE, format, args);
	va_end(args);
}

void
diag_detail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(DIAG_DETAIL, format, args);
	va_end(args);
}

void
diag_answer(const char *text, const char *json)
{
	char line[LINE_BYTES];

	write_line(line, wants_json ? put_json(line, DIAG_NOTE, text, json) : put_plain(line, text));
}

/* ---- the line that is drawn ---- */

bool
diag_has_terminal(void)
{
	return has_terminal;
}

bool
diag_can_draw(void)
{
	return has_terminal && is_foreground();
}

size_t
diag_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

void
diag_draw(const char *text)
{
	char line[TEXT_BYTES];
	int len = snprintf(line, sizeof(line), "\r%s\033[K", text);

	if (len < 0 || len >= (int)sizeof(line))
		return;
	/* in this order: who ends the drawing looks at both the other way round */
	atomic_store(&is_drawing, true);
	if (!atomic_load(&is_over)) {
		atomic_store(&is_drawn, true);
		write_line(line, (size_t)len);
	}
	atomic_store(&is_drawing, false);
}

void
diag_wipe(void)
{
	if (atomic_exchange(&is_drawn, false) && is_foreground())
		write_line(WIPE, sizeof(WIPE) - 1);
}

void
diag_end_drawing(void)
{
	atomic_store(&is_over, true);
	/* a terminal that is stopped (^S) keeps the other thread in its write(2) */
	for (int ms = 0; ms < LAST_DRAWING_MS_MAX && atomic_load(&is_drawing); ms++)
		(void)poll(NULL, 0, 1);
	/* it would keep us too */
	if (!atomic_load(&is_drawing))
		diag_wipe();
}
