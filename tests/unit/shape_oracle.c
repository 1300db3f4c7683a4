/* SPDX-License-Identifier: MIT */
#include "tests/unit/shape_oracle.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "kafka-to-s3/format/format.h"

enum { LIST_MAX = 4 };

/* --add's values are the same for each record, or its offset. */
static const struct recipe {
	const char *selects[LIST_MAX + 1];
	const char *renames[LIST_MAX + 1][2];
	struct {
		const char *name, *template, *json;
	} adds[LIST_MAX + 1];
} recipes[] = {
	{ .adds = { { "s", "x", "\"x\"" } } },
	{ .adds = { { "a", "q\"\n", "\"q\\\"\\n\"" }, { "z", NULL, "{\"y\":[1, null]}" } } },
	{ .adds = { { "n.m", "", "\"\"" }, { "o", "{@offset}", "\"77\"" } } },
	{ .renames = { { "a", "b" } } },
	{ .renames = { { "a", "b" }, { "b", "a" } }, .adds = { { "c", "{@offset}!", "\"77!\"" } } },
	{ .renames = { { "a", "\xc3\xa9\"" }, { "d", "e" }, { "c.d", "a" } } },
	{ .renames = { { "b", "c" } }, .adds = { { "b", NULL, "0.5" } } },
	{ .selects = { "a" } },
	{ .selects = { "b", "a.b", "a" }, .renames = { { "a.b", "b.a" } } },
	{ .selects = { "c.d.a", "c" }, .renames = { { "c", "a" } }, .adds = { { "c", "x", "\"x\"" } } },
	{ .selects = { "none" }, .adds = { { "s", "x", "\"x\"" } } },
};

enum { RECIPES = sizeof(recipes) / sizeof(*recipes) };

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

/* ---- ours ---- */

static void
make_shape(const struct recipe *r, struct shape_options *shape)
{
	for (size_t i = 0; r->selects[i]; i++)
		shape->selects[shape->select_count++] = slice_of(r->selects[i]);
	for (size_t i = 0; r->renames[i][0]; i++)
		shape->renames[shape->rename_count++] = (struct shape_rename){
			.from = slice_of(r->renames[i][0]), .to = slice_of(r->renames[i][1])
		};
	for (size_t i = 0; r->adds[i].name; i++)
		shape->adds[shape->add_count++] = (struct shape_add){ .name = slice_of(r->adds[i].name),
			.template = r->adds[i].template ? r->adds[i].template : r->adds[i].json,
			.is_json = !r->adds[i].template };
}

/* 0, 1 where the record was rejected for its shape, -1 where it is no JSON. */
static int
shape_ours(const struct shape_options *shape, struct slice text, struct buf *out)
{
	const struct format_options options = { .kind = FORMAT_JSON, .shape = shape };
	const struct record record = {
		.offset = 77, .value = text, .has_value = true, .time_ms = RECORD_NO_TIME
	};
	struct err err = ERR_INIT;
	struct format *format = format_new(&options, &err);
	struct field_set *fields = field_set_new(&err);
	struct slice row;
	int rc = -1;

	require(format && fields && !format_bind(format, fields, &err), err.text);
	if (!field_scan(fields, &record, &err)) {
		rc = format_row(format, &record, RECORD_NO_TIME, &row, &err) ? 1 : 0;
		require(rc ? err.class == ERR_DATA : !buf_append(out, row, &err), err.text);
	}
	format_free(format);
	field_set_free(fields);
	return rc;
}

/* ---- jansson's ---- */

static json_t *
find_path(json_t *value, const char *path)
{
	const char *dot = strchr(path, '.');
	size_t len = dot ? (size_t)(dot - path) : strlen(path);

	value = json_object_getn(value, path, len);
	return value && dot ? find_path(value, dot + 1) : value;
}

static const char *
new_name(const struct recipe *r, const char *name)
{
	for (size_t i = 0; r->renames[i][0]; i++) {
		if (strcmp(r->renames[i][0], name) == 0)
			return r->renames[i][1];
	}
	return name;
}

/* False where the name is taken. */
static bool
put(json_t *object, const char *name, json_t *value)
{
	if (json_object_get(object, name))
		return false;
	return !json_object_set(object, name, value);
}

/* A --rename of no member is not one of a field within an object either. */
static bool
reaches_within(const struct recipe *r, json_t *record)
{
	for (size_t i = 0; r->renames[i][0]; i++) {
		const char *from = r->renames[i][0];

		if (strchr(from, '.') && !json_object_get(record, from) && find_path(record, from))
			return true;
	}
	return false;
}

/* NULL where it cannot be. */
static json_t *
shape_theirs(const struct recipe *r, json_t *record)
{
	json_t *out = json_object(), *value;
	bool is_good = json_is_object(record);
	const char *name;

	for (size_t i = 0; is_good && r->selects[i]; i++) {
		value = find_path(record, r->selects[i]);
		is_good = !value || put(out, new_name(r, r->selects[i]), value);
	}
	if (is_good && !r->selects[0]) {
		is_good = !reaches_within(r, record);
		json_object_foreach(record, name, value)
			is_good = is_good && put(out, new_name(r, name), value);
	}
	for (size_t i = 0; is_good && r->adds[i].name; i++) {
		value = json_loads(r->adds[i].json, JSON_DECODE_ANY, NULL);
		is_good = put(out, r->adds[i].name, value);
		json_decref(value);
	}
	if (is_good)
		return out;
	json_decref(out);
	return NULL;
}

/* ---- both ---- */

static enum shape_verdict
compare(const struct recipe *r, struct slice text, int rc, const struct buf *ours)
{
	enum { FLAGS = JSON_DECODE_ANY | JSON_ALLOW_NUL };
	json_t *record = json_loadb(text.data, text.len, FLAGS, NULL);
	json_t *theirs, *result;
	enum shape_verdict verdict = SHAPE_ORACLE_DIFFERENT;

	if (!record)
		return SHAPE_ORACLE_UNKNOWN;
	theirs = shape_theirs(r, record);
	result = rc ? NULL : json_loadb(ours->data, ours->len, JSON_ALLOW_NUL, NULL);
	if (!theirs && rc)
		verdict = SHAPE_ORACLE_REJECTED;
	else if (theirs && result && json_equal(theirs, result))
		verdict = SHAPE_ORACLE_SAME;
	json_decref(record);
	json_decref(theirs);
	json_decref(result);
	return verdict;
}

/* Nothing but one line of JSON ever comes out. */
static void
check_line(const struct buf *line)
{
	const struct record record = { .value = buf_slice(line), .has_value = true };
	struct err err = ERR_INIT;
	struct field_set *fields = field_set_new(&err);

	require(fields != NULL, err.text);
	field_set_check_all(fields);
	require(!field_scan(fields, &record, &err), err.text);
	require(!memchr(line->data, '\n', line->len) && !memchr(line->data, '\r', line->len),
	    "a line break");
	field_set_free(fields);
}

enum shape_verdict
shape_oracle_compare(unsigned which, struct slice text)
{
	const struct recipe *r = &recipes[which % RECIPES];
	struct shape_options *shape = calloc(1, sizeof(*shape));
	struct buf ours = BUF_INIT(UINT32_MAX);
	enum shape_verdict verdict = SHAPE_ORACLE_NO_JSON;
	int rc;

	require(shape != NULL, "no memory");
	make_shape(r, shape);
	rc = shape_ours(shape, text, &ours);
	if (!rc)
		check_line(&ours);
	if (rc >= 0)
		verdict = compare(r, text, rc, &ours);
	if (verdict == SHAPE_ORACLE_DIFFERENT)
		(void)fprintf(stderr, "options %u, %s: \"%.*s\"\nof \"%.*s\"\n", which % RECIPES,
		    rc ? "rejected" : "made", SLICE_ARGS(buf_slice(&ours)), SLICE_ARGS(text));
	buf_release(&ours);
	free(shape);
	return verdict;
}
