/* SPDX-License-Identifier: MIT */
/*
 * Completions for shells, out of a tool's option table: `TOOL --completion bash|zsh|fish`, which the build runs, prints
 * them. What an option's argument may be follows from what --help says of it.
 */
#ifndef SLUICE_RUN_COMPLETE_H
#define SLUICE_RUN_COMPLETE_H

#include "base/opt.h"
#include "base/slice.h"

/* What an argument may be; several where the shell offers several. */
enum {
	COMPLETE_WORDS = 1,
	COMPLETE_FILES = 2,
	COMPLETE_DIRECTORIES = 4,
	COMPLETE_TOPICS = 8,
	COMPLETE_GROUPS = 16,
	COMPLETE_PROPERTIES = 32, /* of librdkafka, with a '=' */
};

enum { COMPLETE_WORDS_MAX = 16 };

struct complete_argument {
	unsigned kinds; /* 0: nobody can guess */
	struct slice words[COMPLETE_WORDS_MAX]; /* into the row */
	size_t word_count;
};

/*
 * Words are those in lower case between the '|' of the argument's name ("text|json"), or, where that has none, a list
 * in its help behind a colon ("...: none, gzip, lz4").
 */
void complete_classify(const struct opt *, struct complete_argument *ret);

/* What stands behind the options, for the shell. */
struct complete_tool {
	const char *name;
	/* The first argument is one of these, with blanks between; behind it come topics, or groups. NULL: no verbs */
	const char *topic_verbs;
	const char *group_verbs;
	unsigned operands; /* without verbs: COMPLETE_FILES ... */
	bool has_command;  /* behind "--" comes a command */
};

/* To out. ERR_USAGE: no shell that is known. */
int complete_print(const struct opt_set *, const struct complete_tool *, const char *shell, FILE *out,
    struct err *);

#endif
