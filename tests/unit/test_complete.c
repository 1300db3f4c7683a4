/* SPDX-License-Identifier: MIT */
/* What shells are told of an option's argument, by what --help says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "run/complete.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

static const struct {
	const char *name, *argument, *help;
	unsigned kinds;
	const char *words;
} rows[] = {
	{ "quiet", NULL, "words: one, two", 0, "" },
	/* names of arguments */
	{ "config", "FILE", "read it: one, two", COMPLETE_FILES, "" },
	{ "spool", "DIRECTORY", "", COMPLETE_DIRECTORIES, "" },
	{ "topic", "TOPIC", "", COMPLETE_TOPICS, "" },
	{ "group", "GROUP", "", COMPLETE_GROUPS, "" },
	{ "late", "TOPIC|FILE", "", COMPLETE_TOPICS | COMPLETE_FILES, "" },
	{ "property", "NAME=VALUE", "", COMPLETE_PROPERTIES, "" },
	{ "count", "N", "stop after N records", 0, "" },
	{ "select", "FIELD[,FIELD...]", "", 0, "" },
	{ "types", "FIELD=S|N|B|SS|NS", "", 0, "" },
	/* words in them */
	{ "log-format", "text|json", "", COMPLETE_WORDS, "text json" },
	{ "speedup", "N|max", "", COMPLETE_WORDS, "max" },
	{ "partition", "N|@same", "", COMPLETE_WORDS, "@same" },
	{ "refresh", "true|false|wait_for", "", COMPLETE_WORDS, "true false wait_for" },
	{ "progress", "[=auto|never|DURATION]", "", COMPLETE_WORDS, "auto never" },
	{ "loop", "[=N]", "", 0, "" },
	{ "at", "FILE|none", "", COMPLETE_WORDS | COMPLETE_FILES, "none" },
	/* and in the help, where there are none */
	{ "compress", "CODEC", "of batches: none, gzip, lz4 [none, or gzip]", COMPLETE_WORDS, "none gzip lz4" },
	{ "model", "MODEL", "what: taxi-ride, trip-event or clicks; or more", COMPLETE_WORDS,
	    "taxi-ride trip-event clicks" },
	{ "offset", "WHERE", "where: beginning, stored, N, -N (from the end), s@TIME; e@TIME: stop",
	    COMPLETE_WORDS, "beginning stored" },
	{ "sse", "MODE", "encrypt: AES256, aws:kms or aws:kms:dsse [as it says]", COMPLETE_WORDS,
	    "AES256 aws:kms aws:kms:dsse" },
	{ "format", "FORMAT", "how: iso, s or a pattern", COMPLETE_WORDS, "iso s" },
	/* no lists */
	{ "by", "FIELD", "these fields (NAME=FIELD: under that name)", 0, "" },
	{ "users", "N", "clickstream: users at a time, for each", 0, "" },
	{ "brokers", "LIST", "servers: host", 0, "" },
	{ "odd", "WORD", "of these: $(rm), `rm`, 'a'", 0, "" },
};

static void
test_classify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct opt row = { .name = rows[i].name,
			.argument = rows[i].argument,
			.help = rows[i].help };
		struct complete_argument a;
		struct buf words = BUF_INIT(1024);
		struct err err = ERR_INIT;

		complete_classify(&row, &a);
		assert_int_equal(buf_append_text(&words, "", &err), 0);
		for (size_t k = 0; k < a.word_count; k++)
			assert_int_equal(buf_appendf(&words, &err, "%s%.*s", k ? " " : "",
			                     SLICE_ARGS(a.words[k])),
			    0);
		assert_string_equal(words.data, rows[i].words);
		assert_int_equal(a.kinds, rows[i].kinds);
		buf_release(&words);
	}
}

/* What is too much is left out. */
static void
test_many_words(void **state)
{
	const struct opt row = { .name = "many", .argument = "a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t" };
	struct complete_argument a;

	(void)state;
	complete_classify(&row, &a);
	assert_int_equal(a.word_count, COMPLETE_WORDS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_many_words),
	};

	return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
