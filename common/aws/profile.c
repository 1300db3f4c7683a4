/* SPDX-License-Identifier: MIT */
#include "aws/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "io/read_file.h"

enum { PROFILE_FILE_BYTES_MAX = 1024 * 1024 };

struct parse {
	struct profiles *profiles;
	bool is_secret_file;
	enum profile_kind kind;
	char *section;  /* NULL: in none, or in one that is passed over */
	bool is_in_any; /* a section has begun */
	size_t last;    /* the value that an indented line goes on with, counted from 1 */
};

static int
add(struct parse *p, const char *group, struct slice name, struct slice value, struct err *err)
{
	struct profiles *profiles = p->profiles;
	struct profile_value *v;

	if (profiles->count == profiles->capacity) {
		size_t capacity = profiles->capacity ? 2 * profiles->capacity : 32;

		v = realloc(profiles->values, capacity * sizeof(*v));
		if (!v)
			return err_no_memory(err);
		profiles->values = v;
		profiles->capacity = capacity;
	}
	v = &profiles->values[profiles->count];
	*v = (struct profile_value){ .kind = p->kind, .is_secret_file = p->is_secret_file };
	v->section = strdup(p->section);
	v->group = group ? strdup(group) : NULL;
	v->name = name.len ? strndup(name.data, name.len) : NULL;
	v->value = strndup(value.len ? value.data : "", value.len);
	profiles->count++; /* what was not allocated is NULL and may be released */
	if (!v->section || (group && !v->group) || (name.len && !v->name) || !v->value)
		return err_no_memory(err);
	for (char *c = v->name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

/* A name may be quoted, for the blanks in it. */
static struct slice
unquote(struct slice name)
{
	name = slice_trim(name);
	if (name.len >= 2 && (name.data[0] == '"' || name.data[0] == '\'') &&
	    name.data[name.len - 1] == name.data[0])
		name = slice_make(name.data + 1, name.len - 2);
	return name;
}

/* Which kind of section this is; an empty name where it means nothing. */
static struct slice
section_name(struct slice inside, bool is_secret_file, enum profile_kind *ret_kind)
{
	static const struct {
		const char *word;
		enum profile_kind kind;
	} kinds[] = {
		{ "profile", PROFILE },
		{ "sso-session", PROFILE_SSO_SESSION },
		{ "services", PROFILE_SERVICES },
	};

	*ret_kind = PROFILE;
	if (is_secret_file || slice_is(inside, "default"))
		return inside;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].word);

		if (slice_starts(inside, kinds[i].word) && inside.len > len &&
		    (inside.data[len] == ' ' || inside.data[len] == '\t')) {
			*ret_kind = kinds[i].kind;
			return unquote(slice_skip(inside, len));
		}
	}
	return slice_make(NULL, 0);
}

static int
begin_section(struct parse *p, struct slice line, struct err *err)
{
	const char *close = memchr(line.data, ']', line.len);
	struct slice name, rest;

	if (!close)
		return err_set(err, ERR_USAGE, "a section is written [name]");
	rest = slice_trim(slice_skip(line, (size_t)(close - line.data) + 1));
	if (rest.len && rest.data[0] != '#' && rest.data[0] != ';')
		return err_set(err, ERR_USAGE, "text behind a section's ]");
	name = slice_trim(slice_make(line.data + 1, (size_t)(close - line.data) - 1));
	if (!name.len)
		return err_set(err, ERR_USAGE, "a section without a name");
	name = section_name(name, p->is_secret_file, &p->kind);
	free(p->section);
	p->section = NULL;
	p->is_in_any = true;
	p->last = 0;
	if (!name.len)
		return 0;
	p->section = strndup(name.data, name.len);
	if (!p->section)
		return err_no_memory(err);
	return add(p, NULL, slice_make(NULL, 0), slice_make(NULL, 0), err);
}

static int
split(struct slice line, struct slice *ret_name, struct slice *ret_value, struct err *err)
{
	if (!slice_cut(line, '=', ret_name, ret_value))
		return err_set(err, ERR_USAGE, "expected name = value");
	*ret_name = slice_trim(*ret_name);
	*ret_value = slice_trim(*ret_value);
	if (!ret_name->len)
		return err_set(err, ERR_USAGE, "a value without a name");
	return 0;
}

/* An indented line: a nested value below an empty one, else the value goes on. */
static int
go_on(struct parse *p, struct slice line, struct err *err)
{
	struct profile_value *owner = &p->profiles->values[p->last - 1];
	struct slice name, value;
	char *joined;

	if (!*owner->value) {
		if (split(line, &name, &value, err))
			return -1;
		return add(p, owner->name, name, value, err);
	}
	if (asprintf(&joined, "%s\n%.*s", owner->value, SLICE_ARGS(line)) < 0)
		return err_no_memory(err);
	explicit_bzero(owner->value, strlen(owner->value));
	free(owner->value);
	owner->value = joined;
	return 0;
}

static int
read_line(struct parse *p, struct slice line, struct err *err)
{
	bool is_indented = line.len && (line.data[0] == ' ' || line.data[0] == '\t');
	struct slice name, value;

	line = slice_trim(line);
	if (!line.len || line.data[0] == '#' || line.data[0] == ';')
		return 0;
	if (line.data[0] == '[' && !is_indented)
		return begin_section(p, line, err);
	if (!p->is_in_any)
		return err_set(err, ERR_USAGE, "expected a [section] first");
	if (is_indented && p->last)
		return go_on(p, line, err);
	if (!p->section)
		return 0;
	if (split(line, &name, &value, err) || add(p, NULL, name, value, err))
		return -1;
	p->last = p->profiles->count;
	return 0;
}

int
profiles_read_text(
    struct profiles *profiles, char *text, const char *path, bool is_secret_file, struct err *err)
{
	struct parse p = { .profiles = profiles, .is_secret_file = is_secret_file };
	struct slice rest = slice_of(text), line;
	bool has_more = true;
	int rc = 0;

	for (int number = 1; has_more && !rc; number++) {
		has_more = slice_cut(rest, '\n', &line, &rest);
		rc = read_line(&p, line, err);
		if (rc)
			err_wrap(err, "%s:%d", path, number);
	}
	free(p.section);
	return rc;
}

static int
read_one(struct profiles *profiles, const char *path, bool is_secret_file, struct err *err)
{
	char *text = read_file(path, PROFILE_FILE_BYTES_MAX, err);
	int rc;

	if (!text && err->class == ERR_NO_INPUT) {
		err_clear(err);
		return 0;
	}
	if (!text)
		return -1;
	rc = profiles_read_text(profiles, text, path, is_secret_file, err);
	explicit_bzero(text, strlen(text));
	free(text);
	return rc;
}

int
profiles_read(struct profiles *profiles, const char *config_path, const char *credentials_path,
    struct err *err)
{
	if (read_one(profiles, config_path, false, err))
		return -1;
	return read_one(profiles, credentials_path, true, err);
}

void
profiles_release(struct profiles *profiles)
{
	for (size_t i = 0; i < profiles->count; i++) {
		struct profile_value *v = &profiles->values[i];

		if (v->value)
			explicit_bzero(v->value, strlen(v->value));
		free(v->section);
		free(v->group);
		free(v->name);
		free(v->value);
	}
	free(profiles->values);
	*profiles = (struct profiles){ .values = NULL };
}

bool
profiles_has(const struct profiles *profiles, enum profile_kind kind, const char *section)
{
	for (size_t i = 0; i < profiles->count; i++) {
		const struct profile_value *v = &profiles->values[i];

		if (v->kind == kind && !strcmp(v->section, section))
			return true;
	}
	return false;
}

static bool
fits(const struct profile_value *v, enum profile_kind kind, const char *section, const char *group,
    const char *name)
{
	return v->kind == kind && v->name && !strcmp(v->name, name) &&
	       !strcmp(v->section, section) &&
	       (group ? v->group && !strcmp(v->group, group) : !v->group);
}

/* The credentials file is read last, so that it counts. */
const char *
profiles_get(const struct profiles *profiles, enum profile_kind kind, const char *section,
    const char *group, const char *name)
{
	for (size_t i = profiles->count; i-- > 0;) {
		const struct profile_value *v = &profiles->values[i];

		if (fits(v, kind, section, group, name))
			return *v->value ? v->value : NULL;
	}
	return NULL;
}

const char *
profiles_get_of(
    const struct profiles *profiles, const char *profile, const char *name, bool is_secret_file)
{
	for (size_t i = profiles->count; i-- > 0;) {
		const struct profile_value *v = &profiles->values[i];

		if (v->is_secret_file == is_secret_file && fits(v, PROFILE, profile, NULL, name))
			return *v->value ? v->value : NULL;
	}
	return NULL;
}
