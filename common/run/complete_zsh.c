/* SPDX-License-Identifier: MIT */
/*
 * zsh (its manual, "Completion System": _arguments, "Utility Functions"): the file is the body of a function that
 * compinit finds by its first line. A '+' or '=' behind an option says that its argument may be in the same word or in the
 * next, a '-' that it is in the same.
 */
#include "run/complete_shell.h"

static const char helpers[] =
    "# what kafka-topic says of the brokers on the line, asked for once a minute\n"
    "_sluice_ask() {\n"
    "\tlocal brokers=${BOOTSTRAP_SERVERS-} at asked\n"
    "\tlocal -a names\n"
    "\tfor ((at = 2; at < CURRENT; at++)); do\n"
    "\t\tcase $words[at] in\n"
    "\t\t-b | --brokers) brokers=${(Q)words[at+1]} ;;\n"
    "\t\t--brokers=*) brokers=${(Q)words[at]#--brokers=} ;;\n"
    "\t\t-b*) brokers=${(Q)words[at]#-b} ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\t[[ -n $brokers ]] && (( $+commands[kafka-topic] && $+commands[timeout] )) || return 1\n"
    "\tasked=\"$1 $brokers $((SECONDS / 60))\"\n"
    "\ttypeset -gA _sluice_answers\n"
    "\t(( $+_sluice_answers[$asked] )) || _sluice_answers[$asked]=\"$(\n"
    "\t\ttimeout 2 kafka-topic $1 --names -b $brokers --wait 0 </dev/null 2>/dev/null)\"\n"
    "\tnames=(${(f)_sluice_answers[$asked]})\n"
    "\tcompadd -a names\n"
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
	bool has_names = a->kinds & (COMPLETE_TOPICS | COMPLETE_GROUPS);

	if (a->kinds & COMPLETE_PROPERTIES)
		(void)fprintf(out, "_sluice_properties");
	else if (has_names && (a->kinds & COMPLETE_FILES))
		(void)fprintf(out, "{_sluice_ask list; _files}");
	else if (has_names)
		(void)fprintf(out, "{_sluice_ask %s}", a->kinds & COMPLETE_TOPICS ? "list" : "groups");
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

	if (tool->verbs)
		(void)fprintf(out, "\t'1:verb:(%s)' \\\n", tool->verbs);
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
