/* SPDX-License-Identifier: MIT */
/* Messages: any bytes as UTF-8 that leaves a terminal alone, as text and as JSON; the line that is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/diag.h"
#include "codec/utf8.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { SAID_BYTES = 16 * 1024 };

/* Standard error is one side of a pipe or of a terminal while something is said. */
struct ear {
	int fd;    /* what was said comes out here */
	int saved; /* standard error as it was */
};

static void
listen_on(struct ear *ear, int fd, int to)
{
	ear->fd = fd;
	ear->saved = dup(STDERR_FILENO);
	assert_true(ear->saved >= 0);
	assert_int_equal(dup2(to, STDERR_FILENO), STDERR_FILENO);
	(void)close(to);
}

static void
listen_to_pipe(struct ear *ear)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	listen_on(ear, ends[0], ends[1]);
}

static void
listen_to_terminal(struct ear *ear)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), to;
	struct termios raw;

	assert_true(fd >= 0);
	assert_int_equal(grantpt(fd), 0);
	assert_int_equal(unlockpt(fd), 0);
	to = open(ptsname(fd), O_RDWR | O_NOCTTY);
	assert_true(to >= 0);
	assert_int_equal(tcgetattr(to, &raw), 0);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	assert_int_equal(tcsetattr(to, TCSANOW, &raw), 0);
	listen_on(ear, fd, to);
}

/* What was said since the last time. */
static const char *
heard(const struct ear *ear, char text[static SAID_BYTES])
{
	struct pollfd fd = { .fd = ear->fd, .events = POLLIN };
	size_t len = 0;

	while (poll(&fd, 1, 0) > 0 && fd.revents & POLLIN) {
		ssize_t n = read(ear->fd, text + len, SAID_BYTES - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

static void
stop_listening(struct ear *ear)
{
	assert_int_equal(dup2(ear->saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(ear->saved);
	(void)close(ear->fd);
}

/* ---- what is said ---- */

static const struct {
	const char *said, *text, *json;
} messages[] = {
	{ "plain", "plain", "plain" },
	{ "a \"b\" \\ c", "a \"b\" \\ c", "a \\\"b\\\" \\\\ c" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x95", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x95",
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x95" },
	/* C0 and DEL */
	{ "\x01\t\n\x1b[K\x1f\x7f", "????[K??", "\\u0001\\u0009\\u000a\\u001b[K\\u001f\\u007f" },
	/* C1, and what is next to it */
	{ "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "???\xc2\xa0", "\\u0080\\u009b\\u009f\xc2\xa0" },
	/* no UTF-8: a byte of Latin-1, a control of it, a surrogate, a sequence that is too long, one that is cut off */
	{ "n\xff.json", "n" UTF8_REPLACEMENT ".json", "n" UTF8_REPLACEMENT ".json" },
	{ "\x9b", UTF8_REPLACEMENT, UTF8_REPLACEMENT },
	{ "\xed\xa0\x80", UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT,
	    UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT },
	{ "\xc0\x9b", UTF8_REPLACEMENT UTF8_REPLACEMENT, UTF8_REPLACEMENT UTF8_REPLACEMENT },
	{ "\xe2\x82x", UTF8_REPLACEMENT "x", UTF8_REPLACEMENT "x" },
	{ "\xf0\x9f\x9a", UTF8_REPLACEMENT, UTF8_REPLACEMENT },
};

static void
test_texts(void **state)
{
	char said[SAID_BYTES], want[SAID_BYTES];
	struct ear ear;

	(void)state;
	listen_to_pipe(&ear);
	diag_open("tool", DIAG_NOTE, false);
	for (size_t i = 0; i < COUNT(messages); i++) {
		diag_error("%s", messages[i].said);
		(void)snprintf(want, sizeof(want), "tool: %s\n", messages[i].text);
		assert_string_equal(heard(&ear, said), want);
	}
	stop_listening(&ear);
}

/* From the member "tool" on, behind the time. */
static const char *
behind_time(const char *line)
{
	const char *at = strstr(line, "\"tool\":");

	assert_non_null(at);
	return at;
}

static void
test_json(void **state)
{
	char said[SAID_BYTES], want[SAID_BYTES];
	struct ear ear;

	(void)state;
	listen_to_pipe(&ear);
	diag_open("tool", DIAG_NOTE, true);
	for (size_t i = 0; i < COUNT(messages); i++) {
		diag_error("%s", messages[i].said);
		(void)snprintf(want, sizeof(want), "\"tool\":\"tool\",\"message\":\"%s\"}\n",
		    messages[i].json);
		assert_string_equal(behind_time(heard(&ear, said)), want);
		diag_answer(messages[i].said, "\"a\":1");
		(void)snprintf(want, sizeof(want), "\"tool\":\"tool\",\"message\":\"%s\",\"a\":1}\n",
		    messages[i].json);
		assert_string_equal(behind_time(heard(&ear, said)), want);
	}
	stop_listening(&ear);
}

/* However long it is, and wherever it is cut: UTF-8, and one line. */
static void
test_long_ones(void **state)
{
	static const char *const units[] = { "\xf0\x9f\x9a\x95", "\xe2\x82\xac", "\xff", "\x01", "\xc2\x9b",
		"\"" };
	char text[4000], said[SAID_BYTES];
	struct ear ear;

	(void)state;
	listen_to_pipe(&ear);
	for (size_t i = 0; i < COUNT(units) * 8; i++) {
		const char *unit = units[i / 8];
		size_t len = i % 4;

		(void)memset(text, 'x', len);
		for (; len + strlen(unit) < sizeof(text); len += strlen(unit))
			(void)memcpy(text + len, unit, strlen(unit));
		text[len] = '\0';
		diag_open("tool", DIAG_NOTE, i % 8 < 4);
		diag_error("%s", text);
		(void)heard(&ear, said);
		assert_true(utf8_is_valid(slice_of(said)));
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
		assert_true(strlen(said) > 1000);
	}
	stop_listening(&ear);
}

/* ---- what is drawn ---- */

#define WIPE "\r\033[K"

/* The last of all tests: nothing is drawn from its end on. */
static void
test_drawing(void **state)
{
	char said[SAID_BYTES];
	struct ear ear;

	(void)state;
	listen_to_terminal(&ear);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	diag_open("tool", DIAG_NOTE, false);
	/* nobody's terminal: nobody else is in its foreground */
	assert_true(diag_can_draw());
	diag_error("a\xc2\x9b" "b");
	assert_string_equal(heard(&ear, said), WIPE "tool: a?b\n");
	diag_wipe();
	assert_string_equal(heard(&ear, said), "");
	diag_draw("50%");
	assert_string_equal(heard(&ear, said), "\r50%\033[K");
	diag_wipe();
	assert_string_equal(heard(&ear, said), WIPE);
	diag_draw("51%");
	(void)heard(&ear, said);
	diag_end_drawing();
	assert_string_equal(heard(&ear, said), WIPE);
	diag_draw("52%");
	diag_end_drawing();
	assert_string_equal(heard(&ear, said), "");
	stop_listening(&ear);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_drawing),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
