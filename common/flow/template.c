/* SPDX-License-Identifier: MIT */
/* Templates: from text to a list of parts. */
#include "flow/template.h"

#include <stdlib.h>

#include "flow/template_parts.h"

enum {
	WIDTH_MAX = 99,
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
};

struct parser {
	struct template *template;
	struct field_set *fields;
	const char *text; /* as the user wrote it */
	size_t at;
	struct err *err;
};

static int
refuse(struct parser *p, size_t byte, const char *reason)
{
	return err_set(p->err, ERR_USAGE, "template \"%s\": byte %zu: %s", p->text, byte, reason);
}

/* ---- names ---- */

static const struct metadata {
	const char *name;
	enum part_kind kind;
} metadata[] = {
	{ "year", PART_YEAR },
	{ "month", PART_MONTH },
	{ "day", PART_DAY },
	{ "hour", PART_HOUR },
	{ "minute", PART_MINUTE },
	{ "time", PART_STRFTIME },
	{ "topic", PART_TOPIC },
	{ "partition", PART_PARTITION },
	{ "offset", PART_OFFSET },
	{ "key", PART_KEY },
};

static int
add_key_field(struct parser *p, struct part *part, struct slice path)
{
	struct template *t = p->template;
	int index;

	if (!t->key_paths)
		t->key_paths = json_paths_new(p->err);
	if (!t->key_paths)
		return -1;
	index = json_paths_add(t->key_paths, path, p->err);
	if (index < 0)
		return err_wrap(p->err, "template \"%s\": byte %zu", p->text, part->byte);
	part->kind = PART_KEY_FIELD;
	part->index = (unsigned)index;
	return 0;
}

static int
add_field(struct parser *p, struct part *part)
{
	int index = field_set_add(p->fields, part->text, p->err);

	if (index < 0)
		return err_wrap(p->err, "template \"%s\": byte %zu", p->text, part->byte);
	part->kind = PART_FIELD;
	part->index = (unsigned)index;
	return 0;
}

/* Finds out what the name in part->text asks for. */
static int
resolve(struct parser *p, struct part *part)
{
	struct slice name = part->text;
	size_t i;

	if (name.data[0] != '@')
		return add_field(p, part);
	name = slice_skip(name, 1);
	for (i = 0; i < sizeof(metadata) / sizeof(*metadata); i++) {
		if (slice_is(name, metadata[i].name)) {
			part->kind = metadata[i].kind;
			return 0;
		}
	}
	if (slice_starts(name, "key."))
		return add_key_field(p, part, slice_skip(name, strlen("key.")));
	if (!slice_starts(name, "header.") || name.len == strlen("header."))
		return refuse(p, part->byte, "unknown name after \"{@\"");
	part->kind = PART_HEADER;
	part->header = slice_skip(name, strlen("header."));
	return 0;
}

/* ---- what follows the colon ---- */

static int
read_width(struct parser *p, struct part *part, struct slice spec)
{
	struct slice digits = spec;

	part->is_integer = true;
	part->is_zero_padded = slice_starts(spec, "0");
	while (digits.len && digits.data[0] >= '0' && digits.data[0] <= '9') {
		part->width = part->width * 10 + (unsigned)(digits.data[0] - '0');
		if (part->width > WIDTH_MAX)
			return refuse(p, part->byte, "a width is at most 99");
		digits = slice_skip(digits, 1);
	}
	if (!slice_is(digits, "d"))
		return refuse(p, part->byte, "not a width; widths are written as in {field:03d}");
	return 0;
}

static int
read_spec(struct parser *p, struct part *part, bool has_spec, struct slice spec)
{
	if (part->kind == PART_STRFTIME) {
		if (!spec.len)
			return refuse(p, part->byte, "no format, as in {@time:%Y-%m-%d}");
		part->pattern = spec.data;
		return 0;
	}
	if (!has_spec)
		return 0;
	if (part_is_time(part) || part->kind == PART_TOPIC)
		return refuse(p, part->byte, "takes no width");
	return read_width(p, part, spec);
}

/* ---- parts ---- */

static struct part *
add_part(struct parser *p)
{
	struct part *part = &p->template->parts[p->template->part_count++];

	part->byte = p->at;
	buf_init(&part->cached, SIZE_MAX / 4);
	return part;
}

/* Takes text up to the next name; of "{{" the first brace, leaving out the second. */
static void
parse_literal(struct parser *p)
{
	struct template *t = p->template;
	struct part *part = add_part(p);
	const char *start = t->source + p->at, *end = start;

	while (*end && !template_opens_name(slice_of(end)) && !(end[0] == '{' && end[1] == '{'))
		end++;
	part->kind = PART_LITERAL;
	p->at += (size_t)(end - start);
	if (end[0] == '{' && end[1] == '{') {
		end++;
		p->at += 2;
	}
	part->text = slice_make(start, (size_t)(end - start));
}

static int
parse_name(struct parser *p)
{
	struct part *part = add_part(p);
	char *start = p->template->source + p->at + 1;
	char *end = strchr(start, '}');
	struct slice spec;
	bool has_spec;

	if (!end)
		return refuse(p, part->byte, "no '}' for this '{'");
	*end = '\0'; /* strftime's pattern must end here */
	p->at += (size_t)(end - start) + 2;
	has_spec = slice_cut(slice_make(start, (size_t)(end - start)), ':', &part->text, &spec);
	if (resolve(p, part))
		return -1;
	return read_spec(p, part, has_spec, spec);
}

static int
parse(struct parser *p)
{
	const char *at;

	while (*(at = p->template->source + p->at)) {
		if (!template_opens_name(slice_of(at)))
			parse_literal(p);
		else if (parse_name(p))
			return -1;
	}
	return 0;
}

/* ---- paths ---- */

/* What is known, before any record, of one segment of a path. */
struct segment {
	size_t byte; /* where it begins in the template */
	bool is_empty;
};

static int
end_segment(struct parser *p, struct segment *s, size_t next_byte)
{
	if (s->is_empty)
		return refuse(
		    p, s->byte, s->byte ? "an empty segment in a path" : "a path must be relative");
	*s = (struct segment){ .byte = next_byte, .is_empty = true };
	return 0;
}

static int
check_path_text(struct parser *p, struct segment *s, const struct part *part, struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		/* a pattern's bytes are all laid at its '{' */
		size_t byte = part->byte + (part->kind == PART_LITERAL ? i : 0);

		if (text.data[i] == '/') {
			if (end_segment(p, s, byte + 1))
				return -1;
			continue;
		}
		if (s->is_empty && template_is_hidden(text.data[i]))
			return refuse(p, byte,
			    "readers pass over directories that begin with '_' or '.'");
		s->is_empty = false;
	}
	return 0;
}

static int
check_path(struct parser *p)
{
	struct segment s = { .is_empty = true };
	const struct template *t = p->template;
	size_t i;

	for (i = 0; i < t->part_count; i++) {
		struct part *part = &t->parts[i];
		struct slice text = part->text;

		part->begins_segment = s.is_empty && part->kind != PART_LITERAL;
		if (part->kind == PART_STRFTIME)
			text = slice_of(part->pattern);
		else if (part->kind != PART_LITERAL)
			text = slice_of("2019");
		if (check_path_text(p, &s, part, text))
			return -1;
	}
	if (s.is_empty && p->at)
		return refuse(p, p->at - 1, "a path must not end with '/'");
	return p->at ? end_segment(p, &s, p->at) : 0;
}

/* ---- templates that are JSON ---- */

/* Follows the literal's strings and their escapes. */
static void
walk_literal(struct slice text, bool *is_in_string, bool *is_escaped)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (*is_escaped)
			*is_escaped = false;
		else if (*is_in_string && c == '\\')
			*is_escaped = true;
		else if (c == '"')
			*is_in_string = !*is_in_string;
	}
}

/* Appends the template as it would be with a value that suits JSON in each place, and marks the
 * parts that stand in strings. */
static int
append_sample(struct template *t, struct buf *out, struct err *err)
{
	bool is_in_string = false, is_escaped = false;

	for (size_t i = 0; i < t->part_count; i++) {
		struct part *part = &t->parts[i];

		part->is_in_string = is_in_string && part->kind != PART_LITERAL;
		if (part->kind == PART_LITERAL)
			walk_literal(part->text, &is_in_string, &is_escaped);
		if (part->kind == PART_LITERAL ? buf_append(out, part->text, err)
					       : buf_append_char(out, '0', err))
			return -1;
	}
	return buf_pad(out, err);
}

static int
mark_strings(struct template *t, struct err *err)
{
	struct buf sample = BUF_INIT(SIZE_MAX / 4);
	struct json_paths *paths = json_paths_new(err);
	struct json_scanner *scanner = paths ? json_scanner_new(paths, err) : NULL;
	struct json_value none;
	struct json_fault fault;
	int rc = -1;

	if (scanner && !append_sample(t, &sample, err)) {
		rc = 0;
		if (json_scan(scanner, buf_slice(&sample), &none, &fault))
			for (size_t i = 0; i < t->part_count; i++)
				t->parts[i].is_in_string = false;
	}
	json_scanner_free(scanner);
	json_paths_free(paths);
	buf_release(&sample);
	return rc;
}

/* ---- runs of times ---- */

static int64_t
unit_of(const struct part *part)
{
	switch (part->kind) {
	case PART_YEAR:
	case PART_MONTH:
	case PART_DAY:
		return DAY_MS;
	case PART_HOUR:
		return HOUR_MS;
	case PART_MINUTE:
		return MINUTE_MS;
	case PART_STRFTIME:
		return SECOND_MS; /* struct tm knows nothing finer */
	case PART_LITERAL:
	case PART_FIELD:
	case PART_TOPIC:
	case PART_PARTITION:
	case PART_OFFSET:
	case PART_KEY:
	case PART_KEY_FIELD:
	case PART_HEADER:
		break;
	}
	return INT64_MAX;
}

/* Measures the run that begins at `first`; returns its length, at least 1. */
static size_t
mark_run(struct part *first, size_t part_count)
{
	int64_t unit_ms = INT64_MAX;
	size_t i;

	for (i = 0; i < part_count; i++) {
		if (first[i].kind != PART_LITERAL && !part_is_time(&first[i]))
			break;
		if (unit_of(&first[i]) < unit_ms)
			unit_ms = unit_of(&first[i]);
	}
	if (unit_ms < INT64_MAX) {
		first->run_count = i;
		first->unit_ms = unit_ms;
	}
	return i ? i : 1;
}

static void
mark_runs(struct template *t)
{
	size_t i = 0;

	while (i < t->part_count)
		i += mark_run(&t->parts[i], t->part_count - i);
}

/* ---- the whole ---- */

static int
make_key_scanner(struct template *t, struct err *err)
{
	if (!t->key_paths)
		return 0;
	t->key_scanner = json_scanner_new(t->key_paths, err);
	if (!t->key_scanner)
		return -1;
	t->key_values = calloc(json_paths_count(t->key_paths), sizeof(*t->key_values));
	return t->key_values ? 0 : err_no_memory(err);
}

static struct template *
template_new(const char *text, struct err *err)
{
	struct template *t = calloc(1, sizeof(*t));

	if (t) {
		t->source = strdup(text);
		/* each part takes one byte of the text at least */
		t->parts = calloc(strlen(text) + 1, sizeof(*t->parts));
	}
	if (!t || !t->source || !t->parts) {
		template_free(t);
		err_no_memory(err);
		return NULL;
	}
	buf_init(&t->key_copy, UINT32_MAX);
	buf_init(&t->scratch, SIZE_MAX / 4);
	buf_init(&t->quoted, SIZE_MAX / 4);
	return t;
}

struct template *
template_compile(const char *text, enum template_missing missing, enum template_escape escape,
    struct field_set *fields, struct err *err)
{
	struct template *t = template_new(text, err);
	struct parser p = { .template = t, .fields = fields, .text = text, .err = err };

	if (!t)
		return NULL;
	t->missing = missing;
	t->escape = escape;
	if (parse(&p) || (escape == TEMPLATE_PATH && check_path(&p)) ||
	    (escape == TEMPLATE_JSON && mark_strings(t, err)) || make_key_scanner(t, err)) {
		template_free(t);
		return NULL;
	}
	mark_runs(t);
	return t;
}

void
template_free(struct template *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->part_count; i++)
		buf_release(&t->parts[i].cached);
	json_scanner_free(t->key_scanner);
	json_paths_free(t->key_paths);
	free(t->key_values);
	buf_release(&t->key_copy);
	buf_release(&t->scratch);
	buf_release(&t->quoted);
	free(t->parts);
	free(t->source);
	free(t);
}

void
template_refuse_surrogates(struct template *t)
{
	t->refuses_surrogates = true;
}

bool
template_has_variable(const struct template *t)
{
	size_t i;

	for (i = 0; i < t->part_count; i++)
		if (t->parts[i].kind != PART_LITERAL)
			return true;
	return false;
}

static size_t
count_slashes(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '/';
	return count;
}

/* What all that it makes begins with. */
static struct slice
common_head(const struct template *t)
{
	return t->part_count && t->parts[0].kind == PART_LITERAL ? t->parts[0].text
	                                                         : slice_make(NULL, 0);
}

bool
template_may_make(const struct template *t, struct slice path)
{
	struct slice head = common_head(t);
	size_t slashes = 0;
	bool is_any = false; /* strftime says how many, and a record without a time has none of them */

	for (size_t i = 0; i < t->part_count; i++) {
		const struct part *part = &t->parts[i];

		if (part->kind == PART_LITERAL)
			slashes += count_slashes(part->text);
		is_any |= part->kind == PART_STRFTIME;
	}
	if (!t->part_count || !path.len)
		return !t->part_count && !path.len;
	if (path.len < head.len || !slice_equal(slice_make(path.data, head.len), head))
		return false;
	return is_any ? count_slashes(path) >= slashes : count_slashes(path) == slashes;
}

bool
template_uses_time(const struct template *t)
{
	size_t i;

	for (i = 0; i < t->part_count; i++)
		if (part_is_time(&t->parts[i]))
			return true;
	return false;
}

bool
template_uses_headers(const struct template *t)
{
	size_t i;

	for (i = 0; i < t->part_count; i++) {
		enum part_kind kind = t->parts[i].kind;

		if (kind == PART_KEY || kind == PART_KEY_FIELD || kind == PART_HEADER)
			return true;
	}
	return false;
}
