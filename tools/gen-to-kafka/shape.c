/* SPDX-License-Identifier: MIT */
/* Reading the document: JSON is copied, the strings among its values are looked through. */
#include "gen-to-kafka/shape.h"

#include <assert.h>
#include <stdlib.h>

#include "codec/json.h"
#include "gen-to-kafka/step.h"

/* The document as it is read. */
struct reader {
	struct shape *shape;
	const char *name;
	struct slice text;  /* shape->source */
	struct slice given; /* the same bytes, unchanged, for messages */
	size_t capacity;    /* of shape->steps */
	size_t before_at;   /* where the text of the next step begins */
};

/* ---- places ---- */

/* Puts NAME:LINE:COLUMN before the error. Returns -1. */
static int
at_place(const struct reader *r, size_t at, struct err *err)
{
	size_t line = 1, begin = 0;

	for (size_t i = 0; i < at; i++) {
		if (r->given.data[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	return err_wrap(err, "%s:%zu:%zu", r->name, line, at - begin + 1);
}

static int
check_json(const struct reader *r, struct err *err)
{
	struct json_paths *paths = json_paths_new(err);
	struct json_scanner *scanner = paths ? json_scanner_new(paths, err) : NULL;
	struct json_fault fault = { 0, NULL };
	struct slice trimmed = slice_trim(r->text);
	struct json_value none;
	int rc = -1;

	if (!scanner)
		goto out;
	if (json_scan(scanner, r->text, &none, &fault)) {
		err_set(err, ERR_USAGE, "%s", fault.reason);
		at_place(r, fault.byte, err);
	} else if (trimmed.data[0] != '{' && trimmed.data[0] != '[') {
		err_set(err, ERR_USAGE, "a template is a JSON object or array");
		at_place(r, (size_t)(trimmed.data - r->text.data), err);
	} else {
		rc = 0;
	}
out:
	json_scanner_free(scanner);
	json_paths_free(paths);
	return rc;
}

/* ---- steps ---- */

static struct step *
add_step(struct reader *r, struct err *err)
{
	struct shape *s = r->shape;

	if (s->step_count == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 32;
		struct step *steps = reallocarray(s->steps, capacity, sizeof(*steps));

		if (!steps) {
			err_no_memory(err);
			return NULL;
		}
		s->steps = steps;
		r->capacity = capacity;
	}
	s->steps[s->step_count] = (struct step){ .slot = -1 };
	return &s->steps[s->step_count++];
}

/* The text read since the last step goes before this one. */
static void
end_text(struct reader *r, struct step *step)
{
	struct shape *s = r->shape;

	step->before_at = r->before_at;
	step->before_len = s->text.len - r->before_at;
	r->before_at = s->text.len;
	s->record_bytes_max += step->before_len + step->bytes_max;
}

static int
add_generator(struct reader *r, struct slice inside, bool is_alone, struct err *err)
{
	struct step *step = add_step(r, err);
	bool has_quotes;

	if (!step || step_read(r->shape, inside, step, err))
		return -1;
	has_quotes = is_alone && step->is_string;
	if (has_quotes && buf_append_char(&r->shape->text, '"', err))
		return -1;
	end_text(r, step);
	return has_quotes ? buf_append_char(&r->shape->text, '"', err) : 0;
}

/* ---- strings ---- */

/* The byte behind the closing brace, 0 where there is none; braces in quotes are ordinary. */
static size_t
find_end(struct slice s, size_t at)
{
	bool is_quoted = false;

	for (; at < s.len; at++) {
		if (s.data[at] == '\'')
			is_quoted = !is_quoted;
		else if (s.data[at] == '}' && !is_quoted)
			return at + 1;
	}
	return 0;
}

static int
read_generator(struct reader *r, struct slice string, size_t at, size_t end, struct err *err)
{
	struct slice inside = slice_make(string.data + at + 1, end - at - 2);
	size_t offset = (size_t)(string.data - r->text.data) + at;
	struct slice given = slice_make(r->given.data + offset, end - at);

	if (!add_generator(r, inside, at == 0 && end == string.len, err))
		return 0;
	if (err->class == ERR_USAGE) {
		err_wrap(err, "%.*s%s", (int)(given.len < 60 ? given.len : 60), given.data,
		    given.len < 60 ? "" : "...");
		at_place(r, offset, err);
	}
	return -1;
}

/* The inside of a string that is a value; its quotes are written too, unless it is nothing but a
 * generator, which knows itself. */
static int
read_string(struct reader *r, struct slice string, struct err *err)
{
	struct buf *text = &r->shape->text;
	bool is_alone = string.len > 2 && string.data[0] == '{' && step_begins(string.data[1]) &&
	                find_end(string, 1) == string.len;
	size_t at = 0;

	if (!is_alone && buf_append_char(text, '"', err))
		return -1;
	while (at < string.len) {
		size_t end = at + 1;
		char next = end < string.len ? string.data[end] : '\0';

		if (string.data[at] == '{' && step_begins(next)) {
			end = find_end(string, at);
			if (!end) {
				err_set(err, ERR_USAGE, "a generator without its closing }");
				return at_place(r, (size_t)(string.data - r->text.data) + at, err);
			}
			if (read_generator(r, string, at, end, err))
				return -1;
		} else if (buf_append_char(text, string.data[at], err)) {
			return -1;
		} else if (string.data[at] == '{' && next == '{') {
			end++;
		}
		at = end;
	}
	return is_alone ? 0 : buf_append_char(text, '"', err);
}

/* ---- the document ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Blanks stay, unless there is a line break among them: a record is one line. */
static int
read_blanks(struct reader *r, size_t *at, struct err *err)
{
	size_t begin = *at;
	bool has_break = false;

	for (; *at < r->text.len && is_blank(r->text.data[*at]); ++*at)
		has_break |= r->text.data[*at] == '\n' || r->text.data[*at] == '\r';
	if (has_break || begin == 0 || *at == r->text.len)
		return 0;
	return buf_append(&r->shape->text, slice_make(r->text.data + begin, *at - begin), err);
}

/* at is at the opening quote and is left behind the closing one. */
static int
read_quoted(struct reader *r, size_t *at, struct err *err)
{
	size_t begin = *at + 1, end = begin, next;

	while (r->text.data[end] != '"')
		end += r->text.data[end] == '\\' ? 2 : 1;
	*at = next = end + 1;
	while (next < r->text.len && is_blank(r->text.data[next]))
		next++;
	/* the name of a member */
	if (next < r->text.len && r->text.data[next] == ':')
		return buf_append(
		    &r->shape->text, slice_make(r->text.data + begin - 1, end - begin + 2), err);
	return read_string(r, slice_make(r->text.data + begin, end - begin), err);
}

static int
read_document(struct reader *r, struct err *err)
{
	struct step *last;

	for (size_t at = 0; at < r->text.len;) {
		int rc;

		if (is_blank(r->text.data[at]))
			rc = read_blanks(r, &at, err);
		else if (r->text.data[at] == '"')
			rc = read_quoted(r, &at, err);
		else
			rc = buf_append_char(&r->shape->text, r->text.data[at++], err);
		if (rc)
			return -1;
	}
	last = add_step(r, err);
	if (!last)
		return -1;
	end_text(r, last);
	return 0;
}

/* The scanner wants padding, and arguments are changed where they stand. */
static int
keep_source(struct shape *s, struct slice text, struct err *err)
{
	s->source = calloc(1, text.len + BUF_PADDING);
	if (!s->source)
		return err_no_memory(err);
	if (text.len)
		memcpy(s->source, text.data, text.len);
	return 0;
}

struct shape *
shape_compile(const char *name, struct slice text, bool has_random_ids, struct err *err)
{
	struct shape *s = calloc(1, sizeof(*s));
	struct reader r = { .shape = s, .name = name, .given = text };

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->has_random_ids = has_random_ids;
	buf_init(&s->text, 2 * (text.len + 1));
	if (keep_source(s, text, err))
		goto fail;
	r.text = slice_make(s->source, text.len);
	if (check_json(&r, err) || read_document(&r, err))
		goto fail;
	return s;
fail:
	shape_free(s);
	return NULL;
}

void
shape_free(struct shape *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->step_count; i++)
		step_release(&s->steps[i]);
	free(s->steps);
	free(s->slots);
	free(s->places);
	free(s->walks);
	free(s->source);
	buf_release(&s->text);
	free(s);
}
