/* SPDX-License-Identifier: MIT */
/* fish (its documentation, complete(1)): one `complete` a row. Without -r an argument is offered behind `--name=` only. */
#include "run/complete_shell.h"

static const char helpers[] =
    "# what kafka-topic says of the brokers of the line or else its own; asked for once a minute, in vain once in ten\n"
    "function __sluice_ask\n"
    "\tset -l ask kafka-topic $argv[1] --names --wait 0\n"
    "\tset -l words (commandline -opc)\n"
    "\tset -l takes\n"
    "\tfor word in $words[2..-1]\n"
    "\t\tif set -q takes[1]\n"
    "\t\t\tset ask $ask $takes (string replace -r '^~/' $HOME/ -- $word)\n"
    "\t\t\tset takes\n"
    "\t\telse if contains -- $word -b --brokers -F --config\n"
    "\t\t\tset takes $word\n"
    "\t\telse if test \"$word\" = --iam; or string match -qr -- '^(--brokers=|--config=|-b.|-F.)' $word\n"
    "\t\t\tset ask $ask $word\n"
    "\t\tend\n"
    "\tend\n"
    "\ttype -q kafka-topic; and type -q timeout; or return 0\n"
    "\tset -l asked \"$ask $BOOTSTRAP_SERVERS\"\n"
    "\tset -l question __sluice_asked_$argv[1]\n"
    "\tset -l until __sluice_until_$argv[1]\n"
    "\tset -l answer __sluice_answer_$argv[1]\n"
    "\tif test \"$$question\" != \"$asked\"; or test (date +%s) -ge \"$$until\"\n"
    "\t\tset -g $question $asked\n"
    "\t\tset -l seconds 60\n"
    "\t\tset -g $answer (timeout -s KILL 2 $ask </dev/null 2>/dev/null); or set seconds 600\n"
    "\t\tset -g $until (math (date +%s) + $seconds)\n"
    "\tend\n"
    "\tprintf '%s\\n' $$answer\n"
    "end\n"
    "\n"
    "function __sluice_properties\n"
    "\tset -q __sluice_property_names; or set -g __sluice_property_names \\\n"
    "\t\t($argv[1] -X list 2>/dev/null </dev/null | string replace -rf '^([a-z][a-z0-9._]*) *\\|.*' '$1=')\n"
    "\tprintf '%s\\n' $__sluice_property_names list\n"
    "end\n"
    "\n";

/* Inside '...'. */
static void
put_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

/* What it offers, and whether files too. */
static void
put_offer(const struct complete_argument *a, const char *tool, FILE *out)
{
	(void)fputs(a->kinds & COMPLETE_FILES ? " -F" : " -f", out);
	if (!(a->kinds & ~(unsigned)COMPLETE_FILES))
		return;
	(void)fputs(" -a '", out);
	complete_put_words(a, "", out);
	if (a->kinds & COMPLETE_DIRECTORIES)
		(void)fputs(" (__fish_complete_directories)", out);
	if (a->kinds & COMPLETE_TOPICS)
		(void)fputs(" (__sluice_ask list)", out);
	if (a->kinds & COMPLETE_GROUPS)
		(void)fputs(" (__sluice_ask groups)", out);
	if (a->kinds & COMPLETE_PROPERTIES)
		(void)fprintf(out, "(__sluice_properties %s)", tool);
	(void)fputc('\'', out);
}

static void
put_row(const struct opt *row, const char *tool, FILE *out)
{
	struct complete_argument a;

	(void)fprintf(out, "complete -c %s", tool);
	if (row->letter)
		(void)fprintf(out, " -s %c", row->letter);
	(void)fprintf(out, " -l %s", row->name);
	if (row->argument) {
		complete_classify(row, &a);
		if (!complete_is_optional(row))
			(void)fputs(" -r", out);
		put_offer(&a, tool, out);
	}
	(void)fputs(" -d '", out);
	put_text(row->help, out);
	(void)fputs("'\n", out);
}

static void
put_verbs(const struct complete_tool *tool, FILE *out)
{
	(void)fprintf(out, "complete -c %s -n __fish_is_first_arg -f -a '%s %s'\n", tool->name,
	    tool->topic_verbs, tool->group_verbs);
	(void)fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -f -a '(__sluice_ask list)'\n",
	    tool->name, tool->topic_verbs);
	(void)fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -f -a '(__sluice_ask groups)'\n",
	    tool->name, tool->group_verbs);
}

static void
put_operands(const struct complete_tool *tool, FILE *out)
{
	const struct complete_argument a = { .kinds = tool->operands };

	if (tool->has_command) {
		(void)fprintf(out, "complete -c %s -f\n"
			"complete -c %s -n 'contains -- -- (commandline -opc)' -F -a '(__fish_complete_command)'\n",
		    tool->name, tool->name);
		return;
	}
	if (tool->topic_verbs) {
		put_verbs(tool, out);
		return;
	}
	(void)fprintf(out, "complete -c %s", tool->name);
	put_offer(&a, tool->name, out);
	(void)fputc('\n', out);
}

void
complete_print_fish(const struct opt_set *set, const struct complete_tool *tool, FILE *out)
{
	(void)fprintf(out, "# fish completion for %s\n\n%s", tool->name, helpers);
	for (size_t g = 0; g < set->group_count; g++) {
		for (size_t i = 0; i < set->groups[g].row_count; i++)
			put_row(&set->groups[g].rows[i], tool->name, out);
	}
	put_operands(tool, out);
}
