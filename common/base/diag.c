/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	TEXT_BYTES = 2048,
	JSON_BYTES = 1024, /* of further members */
	LINE_BYTES = 6 * TEXT_BYTES + JSON_BYTES + 256, /* every byte may become \u00XX */
	WIDTH_DEFAULT = 80,
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

/* Control bytes would let a record's content paint the terminal. */
static size_t
put_plain(char *line, const char *text)
{
	const char *begin = has_terminal ? WIPE : "";
	int len = member_number
	    ? snprintf(line, LINE_BYTES, "%s%s: member %u: ", begin, tool_name, member_number)
	    : snprintf(line, LINE_BYTES, "%s%s: ", begin, tool_name);
	size_t at = len < 0 ? 0 : (size_t)len;

	for (; *text; text++) {
		const unsigned char *u = (const unsigned char *)text;
		bool is_c1 = u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f; /* in UTF-8 */

		line[at++] = *u < ' ' || *u == 0x7f || is_c1 ? '?' : *text;
		text += is_c1;
	}
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
	for (; *text; text++) {
		if (*text == '"' || *text == '\\') {
			line[at++] = '\\';
			line[at++] = *text;
		} else if ((unsigned char)*text < ' ') {
			at += (size_t)snprintf(line + at, 7, "\\u%04x", (unsigned)*text);
		} else {
			line[at++] = *text;
		}
	}
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

/* As git draws its own (progress.c, is_foreground_fd): where there is no controlling terminal, nobody else does. */
static bool
is_foreground(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group < 0 || group == getpgrp();
}

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
	atomic_store(&is_drawn, true);
	write_line(line, (size_t)len);
}

void
diag_wipe(void)
{
	if (atomic_exchange(&is_drawn, false) && is_foreground())
		write_line(WIPE, sizeof(WIPE) - 1);
}
