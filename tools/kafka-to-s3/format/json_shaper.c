/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/json_shaper.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "kafka-to-s3/format/json_text.h"

#define NO_FIELD UINT_MAX

/* A part of `texts`. */
struct span {
	size_t start;
	size_t len;
};

struct json_shaper {
	const struct shape_options *shape;
	struct field_set *fields;
	struct additions *additions;
	struct buf texts;    /* ready for writing: names as JSON with their colons, members that never change */
	struct buf scratch;  /* a string that is added, before it is quoted */
	struct span *names;  /* of what is selected, or what is renamed to */
	unsigned *selects;   /* their fields */
	struct span added[SHAPE_ADDS_MAX]; /* the member, or its name */
	unsigned there[SHAPE_ADDS_MAX];    /* the record's own field of that name, unless members are walked */
	bool walks; /* members have to be looked at one by one */
	bool *is_applied; /* of each --rename, to the record at hand */
	unsigned *within;  /* of each --rename with a dot: the field of that path; NO_FIELD */
	bool *is_taken;   /* of each --rename and --add: the record has a member of that name */
};

static struct slice
text_of(const struct json_shaper *s, struct span span)
{
	return slice_make(s->texts.data + span.start, span.len);
}

static int
reject(const struct record *record, struct slice name, struct err *err)
{
	char reason[ERR_TEXT_BYTES / 2];

	(void)snprintf(reason, sizeof(reason),
	    "field %.*s is there already, and --add or --rename would make another",
	    SLICE_ARGS(name));
	return record_reject(record, -1, reason, err);
}

/* ---- what is added ---- */

static int
append_addition(struct json_shaper *s, size_t index, const struct record *record, int64_t time_ms,
    struct buf *out, struct err *err)
{
	if (buf_append(out, text_of(s, s->added[index]), err))
		return -1;
	if (additions_is_constant(s->additions, index))
		return 0;
	if (s->shape->adds[index].is_json)
		return additions_render(
		    s->additions, index, s->fields, record, time_ms, out, err);
	buf_clear(&s->scratch);
	if (additions_render(s->additions, index, s->fields, record, time_ms, &s->scratch, err))
		return -1;
	return json_string_append(out, buf_slice(&s->scratch), err);
}

/* Behind the members that are there, if any. */
static int
append_additions(struct json_shaper *s, bool has_members, const struct record *record,
    int64_t time_ms, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < s->shape->add_count; i++) {
		if ((has_members || i) && buf_append_char(out, ',', err))
			return -1;
		if (append_addition(s, i, record, time_ms, out, err))
			return -1;
	}
	return 0;
}

/* ---- fields that are selected ---- */

static int
append_selected(struct json_shaper *s, const struct record *record, int64_t time_ms,
    struct buf *out, struct err *err)
{
	bool has_members = false;

	if (buf_append_char(out, '{', err))
		return -1;
	for (size_t i = 0; i < s->shape->select_count; i++) {
		const struct json_value *value = field_get(s->fields, s->selects[i]);
		size_t quote = value->type == JSON_TYPE_STRING;

		if (value->type == JSON_TYPE_MISSING)
			continue;
		if ((has_members && buf_append_char(out, ',', err)) ||
		    buf_append(out, text_of(s, s->names[i]), err) ||
		    buf_append(
			out, slice_make(value->data - quote, value->len + 2 * quote), err))
			return -1;
		has_members = true;
	}
	return append_additions(s, has_members, record, time_ms, out, err) ||
	               buf_append_char(out, '}', err)
	           ? -1
	           : 0;
}

/* ---- the record as it is, but for some names ---- */

/* The --rename of a member; -1. */
static ptrdiff_t
find_rename(const struct json_shaper *s, struct slice name)
{
	for (size_t i = 0; i < s->shape->rename_count; i++) {
		if (json_string_is(name, s->shape->renames[i].from))
			return (ptrdiff_t)i;
	}
	return -1;
}

/* This name stays. */
static void
note_taken(struct json_shaper *s, struct slice name)
{
	const struct shape_options *shape = s->shape;

	for (size_t i = 0; i < shape->rename_count; i++)
		s->is_taken[i] |= json_string_is(name, shape->renames[i].to);
	for (size_t i = 0; i < shape->add_count; i++)
		s->is_taken[shape->rename_count + i] |= json_string_is(name, shape->adds[i].name);
}

static int
check_taken(const struct json_shaper *s, const struct record *record, struct err *err)
{
	const struct shape_options *shape = s->shape;

	for (size_t i = 0; i < shape->rename_count; i++) {
		if (s->is_taken[i] && s->is_applied[i])
			return reject(record, shape->renames[i].to, err);
	}
	for (size_t i = 0; i < shape->add_count; i++) {
		if (s->is_taken[shape->rename_count + i])
			return reject(record, shape->adds[i].name, err);
	}
	return 0;
}

/* A name with dots is that of a member; as a path it would need --select, and is not passed over in silence. */
static int
check_within(const struct json_shaper *s, const struct record *record, struct err *err)
{
	for (size_t i = 0; i < s->shape->rename_count; i++) {
		if (s->within[i] != NO_FIELD && !s->is_applied[i] &&
		    field_get(s->fields, s->within[i])->type != JSON_TYPE_MISSING)
			return field_reject(s->fields, record, s->within[i],
			    "is within an object, where --rename reaches with --select only", err);
	}
	return 0;
}

static int
append_renamed(struct json_shaper *s, struct slice object, const struct record *record,
    struct buf *out, struct err *err)
{
	const char *copied = object.data; /* up to here */
	struct slice rest = object;
	struct json_member member;

	memset(s->is_applied, 0, s->shape->rename_count);
	memset(s->is_taken, 0, s->shape->rename_count + s->shape->add_count);
	while (json_text_member(&rest, &member)) {
		ptrdiff_t i = find_rename(s, member.name);
		const char *quote = member.name.data - 1;

		if (i < 0) {
			note_taken(s, member.name);
			continue;
		}
		s->is_applied[i] = true;
		if (buf_append(out, slice_make(copied, (size_t)(quote - copied)), err) ||
		    buf_append(out, text_of(s, s->names[i]), err))
			return -1;
		copied = member.value.data; /* the name's text has a colon */
	}
	if (check_taken(s, record, err) || check_within(s, record, err))
		return -1;
	return buf_append(
	    out, slice_make(copied, (size_t)(object.data + object.len - copied)), err);
}

static int
check_there(const struct json_shaper *s, const struct record *record, struct err *err)
{
	for (size_t i = 0; i < s->shape->add_count; i++) {
		const struct json_value *value = field_get(s->fields, s->there[i]);

		if (value->type != JSON_TYPE_MISSING)
			return field_reject(s->fields, record, s->there[i],
			    "is there already, and --add would make another", err);
	}
	return 0;
}

/* Opens the object's end again, right behind its last member. */
static int
append_to_members(struct json_shaper *s, const struct record *record, int64_t time_ms,
    size_t start, struct buf *out, struct err *err)
{
	if (!s->shape->add_count)
		return 0;
	do
		out->len--;
	while (strchr(" \t\r\n", out->data[out->len - 1]));
	return append_additions(
		   s, out->len - start > 1, record, time_ms, out, err) ||
	               buf_append_char(out, '}', err)
	           ? -1
	           : 0;
}

static int
append_members(struct json_shaper *s, struct slice object, const struct record *record,
    int64_t time_ms, struct buf *out, struct err *err)
{
	size_t start = out->len;

	if (s->walks ? append_renamed(s, object, record, out, err)
		     : check_there(s, record, err) || buf_append(out, object, err))
		return -1;
	return append_to_members(s, record, time_ms, start, out, err);
}

int
json_shaper_append(struct json_shaper *s, const struct record *record, int64_t time_ms,
    struct buf *out, struct err *err)
{
	struct slice object = slice_trim(record->value);
	size_t start = out->len;

	if (!json_text_is_object(object))
		return record_reject(record, -1,
		    "is no object, and has no fields for --select, --rename or --add", err);
	if (s->shape->select_count ? append_selected(s, record, time_ms, out, err)
				   : append_members(s, object, record, time_ms, out, err))
		return -1;
	json_text_blank_breaks(out->data + start, out->len - start);
	return 0;
}

/* ---- making ---- */

static int
add_name(struct json_shaper *s, struct slice name, struct span *ret, struct err *err)
{
	ret->start = s->texts.len;
	if (json_string_append(&s->texts, name, err) || buf_append_char(&s->texts, ':', err))
		return -1;
	ret->len = s->texts.len - ret->start;
	return 0;
}

static int
prepare_select(struct json_shaper *s, size_t i, struct err *err)
{
	struct slice path = s->shape->selects[i];
	int index = field_set_add(s->fields, path, err);

	if (index < 0)
		return err_wrap(err, "--select");
	s->selects[i] = (unsigned)index;
	return add_name(s, shape_rename(s->shape, path), &s->names[i], err);
}

static int
prepare_addition(struct json_shaper *s, size_t i, struct err *err)
{
	static const struct record none = { .time_ms = RECORD_NO_TIME };
	struct slice name = s->shape->adds[i].name;
	int index;

	if (add_name(s, name, &s->added[i], err))
		return -1;
	if (!s->shape->select_count && !s->walks) {
		index = field_set_add(s->fields, name, err);
		if (index < 0)
			return -1;
		s->there[i] = (unsigned)index;
	}
	if (!additions_is_constant(s->additions, i))
		return 0;
	buf_clear(&s->scratch);
	if (additions_render(
		s->additions, i, s->fields, &none, RECORD_NO_TIME, &s->scratch, err))
		return -1;
	if (s->shape->adds[i].is_json ? buf_append(&s->texts, buf_slice(&s->scratch), err)
				      : json_string_append(&s->texts, buf_slice(&s->scratch), err))
		return -1;
	s->added[i].len = s->texts.len - s->added[i].start;
	return 0;
}

static int
prepare_rename(struct json_shaper *s, size_t i, struct err *err)
{
	struct slice from = s->shape->renames[i].from;
	struct err why = ERR_INIT;
	int index = -1;

	if (memchr(from.data, '.', from.len))
		index = field_set_add(s->fields, from, &why);
	if (why.class != ERR_NONE && why.class != ERR_USAGE) /* ERR_USAGE: "a..b" is no path, but may be a member */
		return err_set(err, why.class, "%s", why.text);
	s->within[i] = index < 0 ? NO_FIELD : (unsigned)index;
	return add_name(s, s->shape->renames[i].to, &s->names[i], err);
}

/* A path cannot name a member with a dot in its name. */
static bool
has_to_walk(const struct shape_options *shape)
{
	if (shape->select_count)
		return false;
	for (size_t i = 0; i < shape->add_count; i++) {
		if (memchr(shape->adds[i].name.data, '.', shape->adds[i].name.len))
			return true;
	}
	return shape->rename_count > 0;
}

static int
prepare(struct json_shaper *s, struct err *err)
{
	const struct shape_options *shape = s->shape;

	s->walks = has_to_walk(shape);
	for (size_t i = 0; i < shape->select_count; i++) {
		if (prepare_select(s, i, err))
			return -1;
	}
	for (size_t i = 0; !shape->select_count && i < shape->rename_count; i++) {
		if (prepare_rename(s, i, err))
			return -1;
	}
	s->additions = additions_new(shape, s->fields, err);
	if (!s->additions)
		return -1;
	for (size_t i = 0; i < shape->add_count; i++) {
		if (prepare_addition(s, i, err))
			return -1;
	}
	return 0;
}

struct json_shaper *
json_shaper_new(const struct shape_options *shape, struct field_set *fields, struct err *err)
{
	struct json_shaper *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->shape = shape;
	s->fields = fields;
	buf_init(&s->texts, UINT32_MAX);
	buf_init(&s->scratch, UINT32_MAX);
	s->selects = calloc(shape->select_count + 1, sizeof(*s->selects));
	s->names = calloc(shape->select_count + shape->rename_count + 1, sizeof(*s->names));
	s->within = calloc(shape->rename_count + 1, sizeof(*s->within));
	s->is_applied = calloc(shape->rename_count + 1, 1);
	s->is_taken = calloc(shape->rename_count + shape->add_count + 1, 1);
	if (!s->selects || !s->names || !s->within || !s->is_applied || !s->is_taken) {
		err_no_memory(err);
		goto fail;
	}
	if (!prepare(s, err))
		return s;

fail:
	json_shaper_free(s);
	return NULL;
}

void
json_shaper_free(struct json_shaper *s)
{
	if (!s)
		return;
	additions_free(s->additions);
	buf_release(&s->texts);
	buf_release(&s->scratch);
	free(s->selects);
	free(s->names);
	free(s->within);
	free(s->is_applied);
	free(s->is_taken);
	free(s);
}

bool
json_shaper_uses_time(const struct json_shaper *s)
{
	return additions_use_time(s->additions);
}

bool
json_shaper_uses_headers(const struct json_shaper *s)
{
	return additions_use_headers(s->additions);
}
