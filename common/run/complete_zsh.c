/* SPDX-License-Identifier: MIT */
/*
 * zsh (its manual, "Completion System": _arguments, "Utility Functions"): the file is the body of a function that
 * compinit finds by its first line. A '+' or '=' behind an option says that its argument may be in the same word or in the
 * next, a '-' that it is in the same.
 */
#include "run/complete_shell.h"

static const char helpers[] =
    "# what kafka-topic says of the brokers of the line or else its own; asked for once a minute, in vain once in ten\n"
    "_sluice_ask() {\n"
    "\tlocal -a ask=(kafka-topic $1 --names --wait 0) names\n"
    "\tlocal at asked\n"
    "\tfor ((at = 2; at < CURRENT; at++)); do\n"
    "\t\tcase $words[at] in\n"
    "\t\t-b | --brokers | -F | --config) ask+=($words[at] ${(Q)${words[at+1]/#\\~\\//$HOME/}}) ;;\n"
    "\t\t--brokers=* | --config=* | -b* | -F* | --iam) ask+=(${(Q)words[at]}) ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\t[[ \"$ask\" != *[\\$\\`]* ]] && (( $+commands[kafka-topic] && $+commands[timeout] )) || return 1\n"
    "\tasked=\"$ask ${BOOTSTRAP_SERVERS-}\"\n"
    "\ttypeset -gA _sluice_asked _sluice_until _sluice_answers\n"
    "\tif [[ $_sluice_asked[$1] != $asked ]] || (( SECONDS >= $_sluice_until[$1] )); then\n"
    "\t\t_sluice_asked[$1]=$asked\n"
    "\t\tif _sluice_answers[$1]=\"$(timeout -s KILL 2 $ask </dev/null 2>/dev/null)\"; then\n"
    "\t\t\t_sluice_until[$1]=$((SECONDS + 60))\n"
    "\t\telse\n"
    "\t\t\t_sluice_until[$1]=$((SECONDS + 600))\n"
    "\t\tfi\n"
    "\tfi\n"
    "\tnames=(${(f)_sluice_answers[$1]})\n"
    "\tcompadd -a names\n"
    "}\n"
    "\n"
    "# groups behind these verbs, topics behind others\n"
    "_sluice_behind_verb() {\n"
    "\tlocal -a group_verbs=(${=1})\n"
    "\tif (( $group_verbs[(Ie)$words[2]] )); then _sluice_ask groups; else _sluice_ask list; fi\n"
    "}\n"
    "\n"
    "_sluice_properties() {\n"
    "\tif (( ! $+_sluice_property_names )); then\n"
    "\t\ttypeset -ga _sluice_property_names\n"
    "\t\t_sluice_property_names=(${(f)\"$($words[1] -X list 2>/dev/null </dev/null |\n"
    "\t\t\tsed -n 's/^\\([a-z][a-z0-9._]*\\) *|.*/\\1/p' | sort -u)\"})\n"
    "\tfi\n"
    "\tcompadd -S = -a _sluice_property_names\n"
    "\tcompadd list\n"
    "}\n"
    "\n";

/* Inside '...', in brackets or behind a colon. */
static void
put_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			(void)fputs("'\\''", out);
		else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
			(void)fprintf(out, "\\%c", *text);
		else
			(void)fputc(*text, out);
	}
}

/* The action of _arguments; a blank alone: it is asked for, and there is nothing to offer. */
static void
put_action(const struct complete_argument *a, FILE *out)
{
	if (a->kinds & COMPLETE_PROPERTIES)
		(void)fprintf(out, "_sluice_properties");
	else if (a->kinds & (COMPLETE_TOPICS | COMPLETE_GROUPS))
		(void)fprintf(out, "{_sluice_ask %s%s}", a->kinds & COMPLETE_TOPICS ? "list" : "groups",
		    a->kinds & COMPLETE_FILES ? "; _files" : "");
	else if (a->kinds & COMPLETE_FILES)
		(void)fprintf(out, "_files");
	else if (a->kinds & COMPLETE_DIRECTORIES)
		(void)fprintf(out, "_files -/");
	else if (a->kinds & COMPLETE_WORDS) {
		(void)fputc('(', out);
		for (size_t i = 0; i < a->word_count; i++) {
			(void)fputs(i ? " " : "", out);
			for (size_t k = 0; k < a->words[i].len; k++)
				(void)fprintf(out, "%s%c", a->words[i].data[k] == ':' ? "\\" : "",
				    a->words[i].data[k]);
		}
		(void)fputc(')', out);
	} else {
		(void)fputc(' ', out);
	}
}

/* name: "-b" or "--brokers". What may be given again, or is not known not to be, is offered again. */
static void
put_option(const struct opt *row, const char *name, const char *behind, FILE *out)
{
	struct complete_argument a;
	bool is_optional = complete_is_optional(row);

	(void)fprintf(out, "\t'");
	if (row->kind == OPT_CALL)
		(void)fputc('*', out);
	else if (row->letter)
		(void)fprintf(out, "(-%c --%s)", row->letter, row->name);
	(void)fprintf(out, "%s%s[", name, row->argument ? behind : "");
	put_text(row->help, out);
	(void)fputc(']', out);
	if (row->argument) {
		complete_classify(row, &a);
		(void)fputs(is_optional ? "::" : ":", out);
		put_text(row->argument, out);
		(void)fputc(':', out);
		put_action(&a, out);
	}
	(void)fprintf(out, "' \\\n");
}

static void
put_row(const struct opt *row, FILE *out)
{
	const char letter[] = { '-', (char)row->letter, '\0' };
	bool is_optional = complete_is_optional(row);
	char name[64];

	(void)snprintf(name, sizeof(name), "--%s", row->name);
	if (row->letter)
		put_option(row, letter, is_optional ? "-" : "+", out);
	put_option(row, name, is_optional ? "=-" : "=", out);
}

static void
put_operands(const struct complete_tool *tool, FILE *out)
{
	struct complete_argument a = { .kinds = tool->operands };

	if (tool->topic_verbs) {
		(void)fprintf(out, "\t'1:verb:(%s %s)' \\\n", tool->topic_verbs, tool->group_verbs);
		(void)fprintf(out, "\t'*:name:{_sluice_behind_verb \"%s\"}'\n", tool->group_verbs);
		return;
	}
	if (tool->has_command) {
		(void)fprintf(out, "\t'(-)*::command: _normal'\n");
		return;
	}
	(void)fprintf(out, "\t'*:argument:");
	if (tool->operands)
		put_action(&a, out);
	else
		(void)fputc(' ', out);
	(void)fputs("'\n", out);
}

void
complete_print_zsh(const struct opt_set *set, const struct complete_tool *tool, FILE *out)
{
	(void)fprintf(out, "#compdef %s\n\n%s_arguments -s -S : \\\n", tool->name, helpers);
	for (size_t g = 0; g < set->group_count; g++) {
		for (size_t i = 0; i < set->groups[g].row_count; i++)
			put_row(&set->groups[g].rows[i], out);
	}
	put_operands(tool, out);
}
