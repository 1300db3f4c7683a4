/* SPDX-License-Identifier: MIT */
/*
 * The record scanner and jansson read the same generated documents, half of them damaged. The seed
 * is fixed; another one, and another number of documents, can be given as arguments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/json_oracle.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
	DOCUMENTS = 200000,
	DOCUMENT_BYTES_MAX = 1 << 20,
	SCANNER_DOCUMENTS = 500, /* that one scanner sees */
	NESTING = 5,
};

static uint64_t seed = 1;
static unsigned long document_count = DOCUMENTS;

/* Below bound; xorshift64*. */
static unsigned
pick(unsigned bound)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 2685821657736338717u >> 33) % bound);
}

static void
put(struct buf *out, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_append_text(out, text, &err), 0);
}

static void
put_byte(struct buf *out, char c)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_append_char(out, c, &err), 0);
}

/* ---- documents ---- */

/* How one document is laid out. */
enum layout { COMPACT, PYTHON, PRETTY, WILD, LAYOUTS };

static void
put_space(struct buf *out, enum layout layout, bool is_behind_mark, unsigned depth)
{
	static const char *const blanks[] = { " ", "\t", "\n", "\r", "\r\n", "    ",
		"                                        " };

	if (layout == PYTHON && is_behind_mark)
		put_byte(out, ' ');
	if (layout == PRETTY && is_behind_mark) {
		put_byte(out, '\n');
		while (depth--)
			put(out, "  ");
	}
	if (layout == WILD && !pick(3))
		put(out, blanks[pick(COUNT_OF(blanks))]);
}

static void
put_number(struct buf *out)
{
	static const char *const odd[] = { "0", "-0", "-0.0", "0e0", "1e999", "-1E+999", "1e-999",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"-9223372036854775809", "123456789012345", "1234567890123456", "0.1234567890123",
		"0.12345678901234", "1.7976931348623157e308", "5e-324", "1E5", "1e+5", "1e-05" };
	char text[64];
	unsigned whole, fraction;

	switch (pick(5)) {
	case 0:
		put(out, odd[pick(COUNT_OF(odd))]);
		return;
	case 1:
		(void)snprintf(text, sizeof(text), "%d", (int)pick(10));
		break;
	case 2:
		whole = pick(20000);
		(void)snprintf(text, sizeof(text), "%d.%u", (int)whole - 10000, pick(1000));
		break;
	case 3:
		(void)snprintf(text, sizeof(text), "%d", (int)pick(2000000000) - 1000000000);
		break;
	default:
		whole = pick(1000000) + 1;
		fraction = pick(1000000000);
		(void)snprintf(text, sizeof(text), "%u%09u.%09ue%d", whole, fraction, fraction,
		    (int)pick(600) - 300);
		break;
	}
	put(out, text);
}

static void
put_string_inside(struct buf *out)
{
	static const char *const odd[] = { "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
		"\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00", "\\uFFFF", "\xC3\xA9",
		"\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
		"\xF4\x8F\xBF\xBF", "\x7F", "\\u0000" };
	static const char *const rare[] = { "\\ud800", "\\udc00", "\\ud800\\u0041",
		"\\udfff\\ud83d" };
	unsigned len = pick(3) ? pick(20) : pick(100);

	for (unsigned i = 0; i < len; i++)
		put_byte(out, (char)('a' + pick(26)));
	if (pick(5))
		return;
	for (unsigned i = pick(4); i; i--)
		put(out, pick(100) ? odd[pick(COUNT_OF(odd))] : rare[pick(COUNT_OF(rare))]);
	for (unsigned i = pick(40); i; i--)
		put_byte(out, (char)('a' + pick(26)));
}

static void
put_name(struct buf *out)
{
	static const char *const names[] = { "a", "b", "ab", "a", "b", "c", "a.b", "", "aa",
		"caf\xC3\xA9", "caf\\u00e9", "\\u0061", "\\u0062", "\\u0061b", "\\\"", "\\u0022",
		"a\\u0000", "a_name_of_29_bytes_0123456789", "a_name_of_30_bytes_01234567890",
		"a_name_of_31_bytes_012345678901", "a_name_of_31_bytes_01234567890\\u0031",
		"a_name_of_31_bytes_0123456789012", "vendor_id", "dropoff_datetime",
		"pickup_datetime" };
	unsigned k = pick(COUNT_OF(names) + 3);

	if (k >= COUNT_OF(names))
		put_string_inside(out);
	else
		put(out, names[k][0] == 'a' && names[k][1] == '\\' && pick(50) ? "x" : names[k]);
}

static void put_value(struct buf *out, enum layout layout, unsigned depth);

static void
put_array(struct buf *out, enum layout layout, unsigned depth)
{
	unsigned count = pick(4);

	put_byte(out, '[');
	for (unsigned i = 0; i < count; i++) {
		if (i)
			put_byte(out, ',');
		put_value(out, layout, depth + 1);
	}
	put_space(out, layout, layout == PRETTY, depth);
	put_byte(out, ']');
}

static void
put_object(struct buf *out, enum layout layout, unsigned depth)
{
	unsigned count = pick(depth ? 5 : 9);

	put_byte(out, '{');
	for (unsigned i = 0; i < count; i++) {
		if (i)
			put_byte(out, ',');
		put_space(out, layout, i || layout == PRETTY, depth + 1);
		put_byte(out, '"');
		put_name(out);
		put_byte(out, '"');
		put_space(out, layout, false, depth);
		put_byte(out, ':');
		put_value(out, layout, depth + 1);
	}
	put_space(out, layout, layout == PRETTY, depth);
	put_byte(out, '}');
}

static void
put_value(struct buf *out, enum layout layout, unsigned depth)
{
	static const char *const words[] = { "null", "true", "false" };
	unsigned kind = depth ? pick(depth < NESTING ? 10 : 7) : 7 + pick(4);

	put_space(out, layout, layout == PYTHON && depth, depth);
	if (kind < 3)
		put_number(out);
	else if (kind < 6)
		put_byte(out, '"'), put_string_inside(out), put_byte(out, '"');
	else if (kind == 6)
		put(out, words[pick(3)]);
	else if (kind == 7)
		put_array(out, layout, depth);
	else
		put_object(out, layout, depth);
	put_space(out, layout, false, depth);
}

/* Deep enough to reach the scanner's limit now and then. */
static void
put_tower(struct buf *out)
{
	unsigned height = 500 + pick(30);

	for (unsigned i = 0; i < height; i++)
		put(out, "{\"a\":");
	put(out, "1");
	for (unsigned i = 0; i < height; i++)
		put(out, "}");
}

/* ---- damage ---- */

static void
damage(struct buf *text)
{
	static const char marks[] =
	    "\"\\{}[]:,.-+eE019 \n\t\0\x01\x1F\x7F\x80\xBF\xC0\xC3\xE2\xED\xF0\xF4\xFF"
	    "tfnu/'";
	size_t at = text->len ? pick((unsigned)text->len) : 0;
	char mark = marks[pick(sizeof(marks) - 1)];

	if (!text->len)
		return;
	switch (pick(6)) {
	case 0: /* another byte */
		text->data[at] = mark;
		break;
	case 1: /* a byte less */
		memmove(text->data + at, text->data + at + 1, text->len - at - 1);
		text->len--;
		break;
	case 2: /* a byte more */
		put_byte(text, ' ');
		memmove(text->data + at + 1, text->data + at, text->len - at - 1);
		text->data[at] = mark;
		break;
	case 3: /* cut off */
		text->len = at;
		break;
	case 4: /* another bit */
		text->data[at] = (char)(text->data[at] ^ 1 << pick(8));
		break;
	default: /* two bytes change places */
		mark = text->data[at];
		text->data[at] = text->data[text->len / 2];
		text->data[text->len / 2] = mark;
		break;
	}
}

/* ---- the test ---- */

/* Compares the text in a block of its exact size and padding. */
static enum json_verdict
compare(struct json_scanner *scanner, const struct buf *text)
{
	static const char fillings[] = "\0\"}]0,\\ \x80";
	char *block = malloc(text->len + BUF_PADDING);
	enum json_verdict verdict;

	assert_non_null(block);
	if (text->len)
		memcpy(block, text->data, text->len);
	memset(block + text->len, fillings[pick(sizeof(fillings) - 1)], BUF_PADDING);
	verdict = json_oracle_compare(scanner, slice_make(block, text->len));
	free(block);
	return verdict;
}

static void
show_and_fail(unsigned long index, struct slice text)
{
	(void)fprintf(stderr, "document %lu: ", index);
	(void)fwrite(text.data, 1, text.len, stderr);
	fail_msg("document %lu is read differently", index);
}

static void
test_same_as_jansson(void **state)
{
	unsigned long verdicts[JSON_ORACLE_VERDICTS] = { 0 };
	struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
	struct json_scanner *scanner = NULL;
	enum json_verdict verdict;

	(void)state;
	for (unsigned long i = 0; i < document_count; i++) {
		if (i % SCANNER_DOCUMENTS == 0) {
			json_scanner_free(scanner);
			scanner = json_oracle_scanner();
		}
		buf_clear(&text);
		if (pick(2000))
			put_value(&text, pick(LAYOUTS), 0);
		else
			put_tower(&text);
		if (pick(2))
			for (unsigned k = pick(3) + 1; k; k--)
				damage(&text);
		verdict = compare(scanner, &text);
		if (verdict == JSON_ORACLE_DIFFERENT)
			show_and_fail(i, buf_slice(&text));
		verdicts[verdict]++;
	}
	json_scanner_free(scanner);
	buf_release(&text);
	print_message(
	    "# accepted %lu, rejected %lu, beyond jansson's numbers %lu, lone surrogates %lu, "
	    "NUL in a name %lu, NUL lost %lu, too deep %lu\n",
	    verdicts[JSON_ORACLE_ACCEPTED], verdicts[JSON_ORACLE_REJECTED],
	    verdicts[JSON_ORACLE_NUMBER], verdicts[JSON_ORACLE_SURROGATE],
	    verdicts[JSON_ORACLE_NUL_NAME], verdicts[JSON_ORACLE_LOST_NUL],
	    verdicts[JSON_ORACLE_DEPTH]);
	assert_true(verdicts[JSON_ORACLE_ACCEPTED] > document_count / 4);
	assert_true(verdicts[JSON_ORACLE_REJECTED] > document_count / 5);
	for (int i = JSON_ORACLE_ACCEPTED; i < JSON_ORACLE_VERDICTS; i++)
		assert_true(verdicts[i] > 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_jansson),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10) | 1;
	if (argc > 2)
		document_count = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests_name("json_jansson", tests, NULL, NULL);
}
