/* SPDX-License-Identifier: MIT */
/* The line reader against a scripted input that gives its bytes in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "io/lines.h"

struct script {
	const char *data;
	size_t len;
	size_t at;
	size_t piece;    /* bytes a read */
	bool waits;      /* every second read has nothing yet */
	bool has_waited;
	size_t fail_at;  /* 0: never */
};

static int
read_script(void *context, char *data, size_t bytes, int64_t deadline, size_t *ret_len,
    bool *ret_again, struct err *err)
{
	struct script *s = context;
	size_t len = s->len - s->at < s->piece ? s->len - s->at : s->piece;

	(void)deadline;
	if (s->waits && !s->has_waited) {
		s->has_waited = true;
		*ret_again = true;
		return 0;
	}
	s->has_waited = false;
	if (s->fail_at && s->at >= s->fail_at)
		return err_set(err, ERR_IO, "scripted failure");
	if (len > bytes)
		len = bytes;
	memcpy(data, s->data + s->at, len);
	s->at += len;
	*ret_len = len;
	return 0;
}

/* All lines as "number:line|", too long ones as "number!", a failure as "F". */
static void
collect(struct script *s, size_t line_max, char *out, size_t out_bytes)
{
	struct err err = ERR_INIT;
	struct lines *lines = lines_new(line_max, &err);
	struct slice line;
	size_t at = 0;

	lines_reset(lines, (struct lines_input){ .context = s, .read = read_script });
	for (;;) {
		enum lines_status status = lines_next(lines, 0, &line, &err);
		int number = (int)lines_number(lines);

		if (status == LINES_WAIT)
			continue;
		if (status == LINES_LINE) {
			/* the scanner may look at the padding */
			volatile char sum = 0;

			for (size_t i = 0; i < BUF_PADDING; i++)
				sum ^= line.data[line.len + i];
			(void)sum;
			at += (size_t)snprintf(out + at, out_bytes - at, "%d:%.*s|", number,
			    SLICE_ARGS(line));
		} else if (status == LINES_TOO_LONG) {
			assert_int_equal(line.len, line_max);
			at += (size_t)snprintf(out + at, out_bytes - at, "%d!", number);
		} else {
			if (status == LINES_FAILED)
				(void)snprintf(out + at, out_bytes - at, "F");
			break;
		}
	}
	lines_free(lines);
}

static void
lines_come_whole_in_any_pieces(void **state)
{
	static const struct {
		const char *input, *lines;
	} cases[] = {
		{ "", "" },
		{ "\n", "1:|" },
		{ "a", "1:a|" },
		{ "a\n", "1:a|" },
		{ "a\n\nb", "1:a|2:|3:b|" },
		{ "12345678\nx\n", "1:12345678|2:x|" },
		{ "123456789\nx\n", "1!2:x|" },
		{ "a\n1234567890123456789012345678901234567890\nx\ny", "1:a|2!3:x|4:y|" },
		{ "1234567890123", "1!" },
		{ "123456789\n123456789\n12345678", "1!2!3:12345678|" },
		{ "123456789\n\nz", "1!2:|3:z|" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece < 50; piece++) {
			for (int waits = 0; waits < 2; waits++) {
				struct script s = { .data = cases[i].input,
					.len = strlen(cases[i].input), .piece = piece,
					.waits = waits };
				char out[200] = "";

				collect(&s, 8, out, sizeof(out));
				assert_string_equal(out, cases[i].lines);
			}
		}
	}
}

static void
lines_before_a_failure_are_given(void **state)
{
	struct script s = { .data = "a\nb\nccc", .len = 7, .piece = 3, .fail_at = 6 };
	char out[100] = "";

	(void)state;
	collect(&s, 100, out, sizeof(out));
	assert_string_equal(out, "1:a|2:b|F");
}

/* Lines far longer than one read grow the buffer up to the ceiling and no further. */
static void
long_lines_grow_the_buffer(void **state)
{
	size_t len = 3 * 1000 * 1000;
	char *text = malloc(len);
	struct script s = { .data = text, .len = len, .piece = 100000 };
	struct err err = ERR_INIT;
	struct slice line;
	struct lines *lines;

	(void)state;
	memset(text, 'x', len);
	text[1500000] = '\n';
	lines = lines_new(1500000, &err);
	lines_reset(lines, (struct lines_input){ .context = &s, .read = read_script });
	assert_int_equal(lines_next(lines, 0, &line, &err), LINES_LINE);
	assert_int_equal(line.len, 1500000);
	assert_int_equal(lines_next(lines, 0, &line, &err), LINES_LINE);
	assert_int_equal(line.len, len - 1500001);
	assert_int_equal(lines_next(lines, 0, &line, &err), LINES_END);
	lines_free(lines);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_whole_in_any_pieces),
		cmocka_unit_test(lines_before_a_failure_are_given),
		cmocka_unit_test(long_lines_grow_the_buffer),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
