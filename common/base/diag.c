/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	TEXT_BYTES = 2048,
	LINE_BYTES = 6 * TEXT_BYTES + 256, /* every byte may become \u00XX */
};

/* set by diag_open before any thread starts, constant afterwards */
static const char *tool_name = "sluice";
static enum diag_level wanted_level = DIAG_NOTE;
static bool wants_json;
static unsigned member_number; /* 0: none */

void
diag_open(const char *tool, enum diag_level level_max, bool is_json)
{
	tool_name = tool;
	wanted_level = level_max;
	wants_json = is_json;
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
	int len = member_number
	    ? snprintf(line, LINE_BYTES, "%s: member %u: ", tool_name, member_number)
	    : snprintf(line, LINE_BYTES, "%s: ", tool_name);
	size_t at = len < 0 ? 0 : (size_t)len;

	for (; *text; text++)
		line[at++] = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
	line[at++] = '\n';
	return at;
}

static size_t
put_json(char *line, enum diag_level level, const char *text)
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
	memcpy(line + at, "\"}\n", 3);
	return at + 3;
}

static void __attribute__((format(printf, 2, 0)))
say(enum diag_level level, const char *format, va_list args)
{
	char text[TEXT_BYTES];
	char line[LINE_BYTES];
	size_t len;

	if (!diag_wants(level))
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	len = wants_json ? put_json(line, level, text) : put_plain(line, text);
	/* nobody to tell where stderr itself fails */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
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
