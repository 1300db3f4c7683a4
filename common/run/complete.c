/* SPDX-License-Identifier: MIT */
#include "run/complete.h"

#include <string.h>

#include "run/complete_shell.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- what an argument may be ---- */

/* No shell reads anything into these. */
static bool
is_plain(struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (!strchr(LOWER UPPER DIGITS "._:@-", word.data[i]))
			return false;
	}
	return word.len > 0;
}

static bool
has_any_of(struct slice word, const char *set)
{
	for (size_t i = 0; i < word.len; i++) {
		if (strchr(set, word.data[i]))
			return true;
	}
	return false;
}

/* "json", "@same", "AES256"; "FILE", "s@TIME" and "-N" are placeholders. */
static bool
is_word(struct slice word)
{
	if (!is_plain(word) || !strchr(LOWER UPPER "@", word.data[0]))
		return false;
	return has_any_of(word, LOWER) ? !has_any_of(word, UPPER) : has_any_of(word, DIGITS);
}

static void
add_word(struct complete_argument *a, struct slice word)
{
	if (a->word_count == COMPLETE_WORDS_MAX)
		return;
	a->words[a->word_count++] = word;
	a->kinds |= COMPLETE_WORDS;
}

static void
classify_one(struct slice one, struct complete_argument *a)
{
	static const struct {
		const char *name;
		unsigned kind;
	} names[] = {
		{ "FILE", COMPLETE_FILES },
		{ "DIRECTORY", COMPLETE_DIRECTORIES },
		{ "TOPIC", COMPLETE_TOPICS },
		{ "GROUP", COMPLETE_GROUPS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (slice_is(one, names[i].name))
			a->kinds |= names[i].kind;
	}
	if (is_word(one))
		add_word(a, one);
}

static void
classify_name(const char *argument, struct complete_argument *a)
{
	struct slice rest = slice_of(argument), one;
	bool has_more;

	/* [=a|b] */
	if (rest.len > 2 && rest.data[0] == '[')
		rest = slice_make(rest.data + 2, rest.len - 3);
	do {
		has_more = slice_cut(rest, '|', &one, &rest);
		classify_one(one, a);
	} while (has_more);
}

/* "a", "b (of some)"; " or " is a comma too. */
static void
add_item(struct slice item, struct complete_argument *a)
{
	const char *second;
	const char *aside;

	item = slice_trim(item);
	second = memmem(item.data, item.len, " or ", 4);
	if (second) {
		add_item(slice_make(item.data, (size_t)(second - item.data)), a);
		item = slice_skip(item, (size_t)(second - item.data) + 4);
	}
	aside = memmem(item.data, item.len, " (", 2);
	if (aside)
		item = slice_make(item.data, (size_t)(aside - item.data));
	if (is_word(item))
		add_word(a, item);
}

/* "what it is: one, two or three [one]" */
static void
classify_help(const char *help, struct complete_argument *a)
{
	const char *list = strstr(help, ": ");
	struct slice rest, one;
	bool has_more;

	if (!list)
		return;
	rest = slice_make(list + 2, strcspn(list + 2, "[;"));
	has_more = slice_cut(rest, ',', &one, &rest);
	/* a sentence is no list */
	if (!has_more || !is_word(slice_trim(one)))
		return;
	add_item(one, a);
	do {
		has_more = slice_cut(rest, ',', &one, &rest);
		add_item(one, a);
	} while (has_more);
}

void
complete_classify(const struct opt *row, struct complete_argument *ret)
{
	*ret = (struct complete_argument){ .kinds = 0 };
	if (!row->argument)
		return;
	if (strcmp(row->name, "property") == 0) {
		ret->kinds = COMPLETE_PROPERTIES;
		return;
	}
	classify_name(row->argument, ret);
	if (!ret->kinds)
		classify_help(row->help, ret);
}

/* ---- printing ---- */

bool
complete_is_optional(const struct opt *row)
{
	return row->argument && row->argument[0] == '[';
}

void
complete_put_name(const char *tool, FILE *out)
{
	for (; *tool; tool++)
		(void)fputc(*tool == '-' ? '_' : *tool, out);
}

void
complete_put_words(const struct complete_argument *a, const char *before, FILE *out)
{
	for (size_t i = 0; i < a->word_count; i++)
		(void)fprintf(out, "%s%s%.*s", i ? " " : "", before, SLICE_ARGS(a->words[i]));
}

int
complete_print(const struct opt_set *set, const struct complete_tool *tool, const char *shell, FILE *out,
    struct err *err)
{
	static const struct {
		const char *name;
		void (*print)(const struct opt_set *, const struct complete_tool *, FILE *);
	} shells[] = {
		{ "bash", complete_print_bash },
		{ "zsh", complete_print_zsh },
		{ "fish", complete_print_fish },
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(shell, shells[i].name))
			continue;
		shells[i].print(set, tool, out);
		return 0;
	}
	return err_set(err, ERR_USAGE, "--completion: \"%s\" is none of bash, zsh, fish", shell);
}
