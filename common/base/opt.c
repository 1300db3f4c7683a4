/* SPDX-License-Identifier: MIT */
#include "base/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORT_BYTES = 3 * OPT_ROWS_MAX + 3,
	LONG_VALUE_BASE = 1000, /* getopt's value for row i is this + i */
	HELP_COLUMN = 30,
	HELP_WIDTH = 79,
};

static size_t
row_count(const struct opt_set *set)
{
	size_t count = 0;

	for (size_t g = 0; g < set->group_count; g++)
		count += set->groups[g].row_count;
	return count;
}

/* The row at this place through all groups; its group in *ret_group. */
static const struct opt *
row_at(const struct opt_set *set, size_t index, const struct opt_group **ret_group)
{
	for (size_t g = 0; g < set->group_count; g++) {
		if (index < set->groups[g].row_count) {
			if (ret_group)
				*ret_group = &set->groups[g];
			return &set->groups[g].rows[index];
		}
		index -= set->groups[g].row_count;
	}
	return NULL;
}

static size_t
row_index(const struct opt_set *set, const struct opt *row)
{
	size_t index = 0;

	while (row_at(set, index, NULL) != row)
		index++;
	return index;
}

const struct opt *
opt_find(const struct opt_set *set, const char *name)
{
	const struct opt *row;

	for (size_t i = 0; (row = row_at(set, i, NULL)); i++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

enum opt_origin
opt_origin(const struct opt_set *set, const char *name)
{
	const struct opt *row = opt_find(set, name);

	return row ? set->origins[row_index(set, row)] : OPT_UNSET;
}

/* ---- values ---- */

struct unit {
	const char *name;
	int64_t factor;
};

/* "ms" before "m": the first that fits is taken */
static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
};
enum { DURATION_COUNT = sizeof(durations) / sizeof(*durations) };

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
};
enum { SIZE_COUNT = sizeof(sizes) / sizeof(*sizes) };

int
opt_parse_int(const char *text, int64_t *ret, struct err *err)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end || errno || strchr(" \t\n\v\f\r+", text[0]))
		return err_set(err, ERR_USAGE, "\"%s\" is not a whole number", text);
	*ret = value;
	return 0;
}

int
opt_parse_size(const char *text, int64_t *ret_bytes, struct err *err)
{
	char *end;
	int64_t value, factor = 1;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || errno || text[0] < '0' || text[0] > '9')
		return err_set(err, ERR_USAGE, "\"%s\" is not a size (for example 64M)", text);
	if (*end == 'K' || *end == 'k')
		factor = 1024;
	else if (*end == 'M')
		factor = 1024 * 1024;
	else if (*end == 'G')
		factor = 1024 * 1024 * 1024;
	if (factor > 1)
		end++;
	if (*end || __builtin_mul_overflow(value, factor, &value))
		return err_set(err, ERR_USAGE, "\"%s\" is not a size (units: K, M, G)", text);
	*ret_bytes = value;
	return 0;
}

/* Takes a whole number from the front; false where there is none, or one past INT64_MAX. */
static bool
take_number(struct slice *text, int64_t *ret)
{
	int64_t value = 0;
	size_t len = 0;

	for (; len < text->len && text->data[len] >= '0' && text->data[len] <= '9'; len++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text->data[len] - '0', &value))
			return false;
	}
	*text = slice_skip(*text, len);
	*ret = value;
	return len > 0;
}

static bool
take_unit(struct slice *text, int64_t *ret_ms)
{
	for (size_t i = 0; i < DURATION_COUNT; i++) {
		if (!slice_starts(*text, durations[i].name))
			continue;
		*text = slice_skip(*text, strlen(durations[i].name));
		*ret_ms = durations[i].factor;
		return true;
	}
	return false;
}

int
opt_parse_duration(struct slice text, int64_t *ret_ms, struct err *err)
{
	struct slice rest = text;
	int64_t total = 0, value, unit_ms;

	if (slice_is(text, "0")) {
		*ret_ms = 0;
		return 0;
	}
	do {
		if (!take_number(&rest, &value) || !take_unit(&rest, &unit_ms) ||
		    __builtin_mul_overflow(value, unit_ms, &value) ||
		    __builtin_add_overflow(total, value, &total))
			return err_set(err, ERR_USAGE,
			    "\"%.*s\" is not a duration (a number and ms, s, m, h or d)",
			    SLICE_ARGS(text));
	} while (rest.len);
	*ret_ms = total;
	return 0;
}

/* `units` go from small to large. */
static void
format_units(
    int64_t value, const struct unit *units, size_t count, char ret[static OPT_VALUE_BYTES])
{
	const struct unit *unit = &units[count - 1];

	while (unit > units && value % unit->factor)
		unit--;
	(void)snprintf(ret, OPT_VALUE_BYTES, "%lld%s", (long long)(value / unit->factor), unit->name);
}

void
opt_format_duration(int64_t ms, char ret[static OPT_VALUE_BYTES])
{
	/* needs no unit */
	if (ms)
		format_units(ms, durations, DURATION_COUNT, ret);
	else
		(void)snprintf(ret, OPT_VALUE_BYTES, "0");
}

void
opt_format_size(int64_t bytes, char ret[static OPT_VALUE_BYTES])
{
	format_units(bytes, sizes, bytes ? SIZE_COUNT : 1, ret);
}

/* As a user would give it. */
static void
format_bound(const struct opt *row, int64_t bound, char ret[static OPT_VALUE_BYTES])
{
	if (row->kind == OPT_DURATION)
		opt_format_duration(bound, ret);
	else if (row->kind == OPT_SIZE)
		opt_format_size(bound, ret);
	else
		(void)snprintf(ret, OPT_VALUE_BYTES, "%lld", (long long)bound);
}

static int
check_bounds(const struct opt *row, int64_t value, struct err *err)
{
	char bound[OPT_VALUE_BYTES];

	if (value < row->min) {
		format_bound(row, row->min, bound);
		return err_set(err, ERR_USAGE, "must be at least %s", bound);
	}
	if (row->max && value > row->max) {
		format_bound(row, row->max, bound);
		return err_set(err, ERR_USAGE, "must be at most %s", bound);
	}
	return 0;
}

static int
set_number(const struct opt *row, void *place, const char *value, struct err *err)
{
	int64_t number = 0;
	int rc;

	if (row->kind == OPT_SIZE)
		rc = opt_parse_size(value, &number, err);
	else if (row->kind == OPT_DURATION)
		rc = opt_parse_duration(slice_of(value), &number, err);
	else
		rc = opt_parse_int(value, &number, err);
	if (rc || check_bounds(row, number, err))
		return -1;
	memcpy(place, &number, sizeof(number));
	return 0;
}

static int
set_flag(void *place, const char *value, struct err *err)
{
	bool is_set = !value || !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "1");

	if (!is_set && strcmp(value, "false") && strcmp(value, "no") && strcmp(value, "0"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither true nor false", value);
	memcpy(place, &is_set, sizeof(is_set));
	return 0;
}

static int
set_text(void *place, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "the value is empty");
	memcpy(place, &value, sizeof(value));
	return 0;
}

static int
set_row(const struct opt *row, void *target, const char *value, enum opt_origin origin,
    struct err *err)
{
	char *place = (char *)target + row->offset;

	switch (row->kind) {
	case OPT_FLAG:
		return set_flag(place, value, err);
	case OPT_TEXT:
		return set_text(place, value, err);
	case OPT_INT:
	case OPT_SIZE:
	case OPT_DURATION:
		return set_number(row, place, value, err);
	case OPT_CALL:
		return row->set(target, value, origin, err);
	}
	return 0;
}

int
opt_apply(struct opt_set *set, const struct opt *row, const char *value, enum opt_origin origin,
    struct err *err)
{
	const struct opt_group *group = NULL;
	size_t index = row_index(set, row);

	if (!row_at(set, index, &group) || !group)
		abort(); /* a row of another table */
	if (set_row(row, group->target, value, origin, err)) {
		if (row->letter)
			return err_wrap(err, "-%c, --%s", row->letter, row->name);
		return err_wrap(err, "--%s", row->name);
	}
	if (origin > set->origins[index])
		set->origins[index] = origin;
	return 0;
}

/* ---- the command line ---- */

static int
argument_mode(const struct opt *row)
{
	if (!row->argument)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

/* getopt's two tables out of ours. */
static void
make_getopt_tables(const struct opt_set *set, char *shorts, struct option *longs)
{
	const struct opt *row;
	size_t i;

	*shorts++ = ':'; /* a missing argument is told from an unknown option */
	for (i = 0; (row = row_at(set, i, NULL)); i++) {
		int mode = argument_mode(row);

		longs[i] = (struct option){ .name = row->name,
			.has_arg = mode,
			.val = LONG_VALUE_BASE + (int)i };
		if (!row->letter)
			continue;
		*shorts++ = (char)row->letter;
		if (mode != no_argument)
			*shorts++ = ':';
		if (mode == optional_argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[i] = (struct option){ .name = NULL };
}

static const struct opt *
row_of_value(const struct opt_set *set, int value)
{
	const struct opt *row;

	if (value >= LONG_VALUE_BASE)
		return row_at(set, (size_t)(value - LONG_VALUE_BASE), NULL);
	for (size_t i = 0; (row = row_at(set, i, NULL)); i++) {
		if (row->letter == value)
			return row;
	}
	return NULL;
}

static int
bad_option(const struct opt_set *set, int value, char **argv, struct err *err)
{
	const struct opt *row = optopt ? row_of_value(set, optopt) : NULL;

	if (value == ':' && row)
		return err_set(err, ERR_USAGE, "option --%s needs its argument %s", row->name,
		    row->argument);
	if (row)
		return err_set(err, ERR_USAGE, "option --%s takes no argument", row->name);
	if (optopt && optopt < LONG_VALUE_BASE)
		return err_set(err, ERR_USAGE, "unknown option -%c", optopt);
	return err_set(err, ERR_USAGE, "unknown or ambiguous option %s", argv[optind - 1]);
}

/* "-vvq" gives three. getopt moves words about, and a word that looks like a value may be a cluster after all. */
static size_t
value_count_max(int argc, char **argv)
{
	size_t count = 1;

	for (int i = 1; i < argc; i++)
		count += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	return count;
}

int
opt_read_line(const struct opt_set *set, int argc, char **argv, struct opt_line *ret,
    struct err *err)
{
	char shorts[SHORT_BYTES];
	struct option longs[OPT_ROWS_MAX + 1];
	struct opt_line line = { .values = NULL };
	int value, rc = 0;

	if (row_count(set) > OPT_ROWS_MAX)
		abort();
	make_getopt_tables(set, shorts, longs);
	*ret = line;
	line.values = calloc(value_count_max(argc, argv), sizeof(*line.values));
	if (!line.values)
		return err_no_memory(err);
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == ':' || value == '?') {
			if (!rc)
				rc = bad_option(set, value, argv, err);
			continue;
		}
		/* -J=in: getopt leaves the '=' of a letter's optional argument */
		if (optarg && *optarg == '=' && value < LONG_VALUE_BASE &&
		    argument_mode(row_of_value(set, value)) == optional_argument)
			optarg++;
		line.values[line.value_count++] =
		    (struct opt_value){ .row = row_of_value(set, value), .value = optarg };
	}
	line.operands = argv + optind;
	line.operand_count = (size_t)(argc - optind);
	*ret = line;
	return rc;
}

void
opt_line_release(struct opt_line *line)
{
	free(line->values);
	line->values = NULL;
	line->value_count = 0;
}

int
opt_apply_line(struct opt_set *set, const struct opt_line *line, struct err *err)
{
	for (size_t i = 0; i < line->value_count; i++) {
		const struct opt_value *v = &line->values[i];

		if (opt_apply(set, v->row, v->value, OPT_COMMAND_LINE, err))
			return -1;
	}
	return 0;
}

bool
opt_line_has(const struct opt_line *line, const char *name)
{
	for (size_t i = 0; i < line->value_count; i++) {
		if (strcmp(line->values[i].row->name, name) == 0)
			return true;
	}
	return false;
}

const char *
opt_line_find(const struct opt_line *line, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < line->value_count; i++) {
		if (strcmp(line->values[i].row->name, name) == 0)
			found = line->values[i].value;
	}
	return found;
}

/* ---- help ---- */

static void
print_wrapped(FILE *out, const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column + 1 + word > HELP_WIDTH && column > HELP_COLUMN) {
			(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fprintf(out, "%.*s", (int)word, text);
		column += word;
		text += word + strspn(text + word, " ");
	}
	(void)fputc('\n', out);
}

static void
print_row(FILE *out, const struct opt *row)
{
	char left[96];
	const char *join = row->argument && row->argument[0] != '[' ? " " : "";
	int len;

	if (row->letter)
		len = snprintf(left, sizeof(left), "  -%c, --%s%s%s", row->letter, row->name, join,
		    row->argument ? row->argument : "");
	else
		len = snprintf(left, sizeof(left), "      --%s%s%s", row->name, join,
		    row->argument ? row->argument : "");
	(void)fprintf(out, "%s", left);
	if (len + 2 > HELP_COLUMN)
		(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
	else
		(void)fprintf(out, "%*s", HELP_COLUMN - len, "");
	print_wrapped(out, row->help);
}

void
opt_print_help(const struct opt_set *set, FILE *out)
{
	for (size_t g = 0; g < set->group_count; g++) {
		const struct opt_group *group = &set->groups[g];

		(void)fprintf(out, "%s%s:\n", g ? "\n" : "", group->title);
		for (size_t i = 0; i < group->row_count; i++)
			print_row(out, &group->rows[i]);
	}
}
