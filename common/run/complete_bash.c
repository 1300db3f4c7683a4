/* SPDX-License-Identifier: MIT */
/*
 * bash (its manual, "Programmable Completion"): one function a tool, which needs nothing of the bash-completion
 * package. '=' and ':' break words there (COMP_WORDBREAKS): `--option=value` comes in three, brokers are
 * looked for in the whole line. A group may have any name, and anybody may have named it: names are compared and
 * quoted, and nothing expands them.
 */
#include "run/complete_shell.h"

/* What all tools share; the last one that is loaded counts. %s: the name of the tool. */
static const char helpers[] =
    "# _sluice_word REGEX: what stands behind such an option on the line; 2 where only the shell could say\n"
    "_sluice_word() {\n"
    "\t[[ $COMP_LINE =~ [[:space:]]($1)[=[:space:]]*[\\\"\\']?([^[:space:]\\\"\\']+) ]] || return 1\n"
    "\t[[ ${BASH_REMATCH[2]} != *[\\$\\`\\\\*]* ]] || return 2\n"
    "\tword=${BASH_REMATCH[2]/#\\~\\//$HOME/}\n"
    "}\n"
    "\n"
    "# what kafka-topic says of the brokers of the line or else its own; asked for once a minute, in vain once in ten\n"
    "_sluice_ask() {\n"
    "\tlocal -a ask=(kafka-topic \"$1\" --names --wait 0)\n"
    "\tlocal word name asked\n"
    "\tcommand -v kafka-topic >/dev/null && command -v timeout >/dev/null || return 0\n"
    "\t_sluice_word '-b|--brokers' && ask+=(-b \"$word\")\n"
    "\t(($? == 2)) && return 0\n"
    "\t_sluice_word '-F|--config' && ask+=(-F \"$word\")\n"
    "\t(($? == 2)) && return 0\n"
    "\t[[ $COMP_LINE =~ [[:space:]]--iam([[:space:]]|$) ]] && ask+=(--iam)\n"
    "\tasked=\"${ask[*]} ${BOOTSTRAP_SERVERS-}\"\n"
    "\tdeclare -gA _sluice_asked _sluice_until _sluice_answers\n"
    "\tif [[ ${_sluice_asked[$1]-} != \"$asked\" ]] || ((SECONDS >= ${_sluice_until[$1]})); then\n"
    "\t\t_sluice_asked[$1]=$asked\n"
    "\t\tif _sluice_answers[$1]=$(timeout -s KILL 2 \"${ask[@]}\" </dev/null 2>/dev/null); then\n"
    "\t\t\t_sluice_until[$1]=$((SECONDS + 60))\n"
    "\t\telse\n"
    "\t\t\t_sluice_until[$1]=$((SECONDS + 600))\n"
    "\t\tfi\n"
    "\tfi\n"
    "\twhile IFS= read -r name; do\n"
    "\t\tprintf -v name %q \"$name\"\n"
    "\t\t[[ $name == \\'\\' || $name != \"$cur\"* ]] || COMPREPLY+=(\"$name\")\n"
    "\tdone <<<\"${_sluice_answers[$1]}\"\n"
    "}\n"
    "\n"
    "_sluice_properties() {\n"
    "\t[[ -n ${_sluice_property_names-} ]] ||\n"
    "\t\t_sluice_property_names=$(\"$1\" -X list 2>/dev/null </dev/null |\n"
    "\t\t\tsed -n 's/^\\([a-z][a-z0-9._]*\\) *|.*/\\1=/p' | sort -u)\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$_sluice_property_names list\" -- \"$cur\")\n"
    "\tcompopt -o nospace 2>/dev/null\n"
    "}\n"
    "\n";

static void
put_case(const struct opt *row, FILE *out)
{
	(void)fprintf(out, "\t");
	if (row->letter && !complete_is_optional(row))
		(void)fprintf(out, "-%c | ", row->letter);
	(void)fprintf(out, "--%s)", row->name);
}

/* The default is readline's, which knows of ~ and of blanks in names. */
static void
put_action(const struct complete_argument *a, const char *tool, FILE *out)
{
	if (a->kinds & COMPLETE_PROPERTIES)
		(void)fprintf(out, " _sluice_properties %s ;;\n", tool);
	if (a->kinds & COMPLETE_PROPERTIES)
		return;
	if (a->kinds & COMPLETE_WORDS) {
		(void)fprintf(out, "\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
		complete_put_words(a, "", out);
		(void)fprintf(out, "' -- \"$cur\")");
	}
	if (a->kinds & COMPLETE_TOPICS)
		(void)fprintf(out, "\n\t\t_sluice_ask list");
	if (a->kinds & COMPLETE_GROUPS)
		(void)fprintf(out, "\n\t\t_sluice_ask groups");
	if (a->kinds & COMPLETE_FILES)
		(void)fprintf(out, "\n\t\tcompopt -o default 2>/dev/null");
	else if (a->kinds & COMPLETE_DIRECTORIES)
		(void)fprintf(out, "\n\t\tcompopt -o dirnames 2>/dev/null");
	(void)fprintf(out, "%s;;\n", a->kinds ? "\n\t\t" : " ");
}

/* Optional arguments are in the word behind a '=' alone. */
static void
put_arguments(const struct opt_set *set, const struct complete_tool *tool, bool is_optional, FILE *out)
{
	for (size_t g = 0; g < set->group_count; g++) {
		for (size_t i = 0; i < set->groups[g].row_count; i++) {
			const struct opt *row = &set->groups[g].rows[i];
			struct complete_argument a;

			if (!row->argument || complete_is_optional(row) != is_optional)
				continue;
			complete_classify(row, &a);
			put_case(row, out);
			put_action(&a, tool->name, out);
		}
	}
}

static void
put_options(const struct opt_set *set, FILE *out)
{
	const char *between = "";

	for (size_t g = 0; g < set->group_count; g++) {
		for (size_t i = 0; i < set->groups[g].row_count; i++) {
			const struct opt *row = &set->groups[g].rows[i];

			if (row->letter)
				(void)fprintf(out, "%s-%c", between, row->letter);
			(void)fprintf(out, "%s--%s", row->letter ? " " : between, row->name);
			between = " ";
		}
	}
}

static void
put_operands(const struct complete_tool *tool, FILE *out)
{
	if (tool->topic_verbs)
		(void)fprintf(out, "\tif ((COMP_CWORD == 1)); then\n"
			"\t\tmapfile -t COMPREPLY < <(compgen -W '%s %s' -- \"$cur\")\n\t\treturn 0\n\tfi\n"
			"\tcase \" %s \" in\n"
			"\t*\" ${COMP_WORDS[1]} \"*) _sluice_ask groups ;;\n"
			"\t*) _sluice_ask list ;;\n"
			"\tesac\n",
		    tool->topic_verbs, tool->group_verbs, tool->group_verbs);
	if (tool->operands & COMPLETE_FILES)
		(void)fprintf(out, "\tcompopt -o default 2>/dev/null\n");
	else if (tool->operands & COMPLETE_DIRECTORIES)
		(void)fprintf(out, "\tcompopt -o dirnames 2>/dev/null\n");
	(void)fprintf(out, "\treturn 0\n");
}

/* What is behind "--" is a command of its own. */
static void
put_command(FILE *out)
{
	(void)fprintf(out, "\tlocal i\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
		"\t\t((i + 1 < COMP_CWORD)) || mapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
		"\t\tcompopt -o default 2>/dev/null\n"
		"\t\treturn 0\n"
		"\tdone\n");
}

void
complete_print_bash(const struct opt_set *set, const struct complete_tool *tool, FILE *out)
{
	(void)fprintf(out, "# bash completion for %s -*- shell-script -*-\n\n%s_sluice_", tool->name, helpers);
	complete_put_name(tool->name, out);
	(void)fprintf(out, "() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} has_equals=\n"
		"\tCOMPREPLY=()\n");
	if (tool->has_command)
		put_command(out);
	(void)fprintf(out, "\tif [[ $cur == = ]]; then\n"
		"\t\tcur= has_equals=1\n"
		"\telif [[ $option == = ]]; then\n"
		"\t\toption=${COMP_WORDS[COMP_CWORD - 2]} has_equals=1\n"
		"\tfi\n"
		"\tcase ${has_equals:+$option} in\n");
	put_arguments(set, tool, true, out);
	(void)fprintf(out, "\tesac\n\t((${#COMPREPLY[@]})) && return 0\n\tcase $option in\n");
	put_arguments(set, tool, false, out);
	(void)fprintf(out, "\t*) option= ;;\n\tesac\n"
		"\t[[ -z $option ]] || return 0\n"
		"\tif [[ $cur == -* ]]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W '");
	put_options(set, out);
	(void)fprintf(out, "' -- \"$cur\")\n\t\treturn 0\n\tfi\n");
	put_operands(tool, out);
	(void)fprintf(out, "}\n\ncomplete -F _sluice_");
	complete_put_name(tool->name, out);
	(void)fprintf(out, " %s\n", tool->name);
}
