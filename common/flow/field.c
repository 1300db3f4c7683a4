/* SPDX-License-Identifier: MIT */
#include "flow/field.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	REASON_BYTES = 320,
	TIME_TEXT_BYTES_MAX = 256, /* no format makes a longer time */
};

struct field_set {
	struct json_paths *paths;
	struct json_scanner *scanner; /* NULL until the first scan */
	struct json_value *values;    /* one a path, made with the scanner */
	unsigned count;               /* of them */
	size_t values_bytes;
	const char *text; /* what was scanned last */
	struct buf copy;  /* of a value that came without padding */
	bool checks_all;  /* with no path either */
};

struct field_set *
field_set_new(struct err *err)
{
	struct field_set *set = calloc(1, sizeof(*set));

	if (!set) {
		err_no_memory(err);
		return NULL;
	}
	buf_init(&set->copy, UINT32_MAX); /* json_scan's limit */
	set->paths = json_paths_new(err);
	if (!set->paths) {
		field_set_free(set);
		return NULL;
	}
	return set;
}

void
field_set_free(struct field_set *set)
{
	if (!set)
		return;
	json_scanner_free(set->scanner);
	json_paths_free(set->paths);
	free(set->values);
	buf_release(&set->copy);
	free(set);
}

int
field_set_add(struct field_set *set, struct slice path, struct err *err)
{
	assert(!set->scanner);
	return json_paths_add(set->paths, path, err);
}

bool
field_set_is_empty(const struct field_set *set)
{
	return json_paths_count(set->paths) == 0;
}

void
field_set_check_all(struct field_set *set)
{
	assert(!set->scanner);
	set->checks_all = true;
}

struct slice
field_set_name(const struct field_set *set, unsigned index)
{
	return json_paths_name(set->paths, index);
}

static int
prepare(struct field_set *set, struct err *err)
{
	size_t count = json_paths_count(set->paths);

	set->values = calloc(count + 1, sizeof(*set->values)); /* never of no size */
	if (!set->values)
		return err_no_memory(err);
	set->count = (unsigned)count;
	set->values_bytes = count * sizeof(*set->values);
	set->scanner = json_scanner_new(set->paths, err);
	if (set->scanner)
		return 0;
	free(set->values);
	set->values = NULL;
	return -1;
}

static int
copy_padded(struct field_set *set, struct slice value, struct err *err)
{
	buf_clear(&set->copy);
	if (buf_append(&set->copy, value, err) || buf_pad(&set->copy, err))
		return -1;
	return 0;
}

int
field_scan(struct field_set *set, const struct record *record, struct err *err)
{
	struct slice text = record->value;
	struct json_fault fault;

	if (!set->scanner) {
		if (field_set_is_empty(set) && !set->checks_all)
			return 0;
		if (prepare(set, err))
			return -1;
	}
	if (!record->has_value) {
		memset(set->values, 0, set->values_bytes);
		return record_reject(record, -1, "a tombstone has no fields", err);
	}
	if (!record->is_padded) {
		if (copy_padded(set, text, err))
			return -1;
		text = buf_slice(&set->copy);
	}
	set->text = text.data;
	if (!json_scan(set->scanner, text, set->values, &fault))
		return 0;
	memset(set->values, 0, set->values_bytes);
	return record_reject(record, (int64_t)fault.byte, fault.reason, err);
}

const struct json_value *
field_get(const struct field_set *set, unsigned index)
{
	assert(set->values && index < set->count);
	return &set->values[index];
}

const struct json_value *
field_values(const struct field_set *set)
{
	assert(set->values);
	return set->values;
}

int64_t
field_byte(const struct field_set *set, unsigned index)
{
	const struct json_value *value = field_get(set, index);

	if (value->type == JSON_TYPE_MISSING)
		return 0;
	return value->data - set->text - (value->type == JSON_TYPE_STRING);
}

int
field_reject(const struct field_set *set, const struct record *record, unsigned index,
    const char *reason, struct err *err)
{
	struct slice name = field_set_name(set, index);
	char text[REASON_BYTES];
	bool is_missing = field_get(set, index)->type == JSON_TYPE_MISSING;

	(void)snprintf(text, sizeof(text), "field %.*s: %s", SLICE_ARGS(name), reason);
	return record_reject(record, is_missing ? -1 : field_byte(set, index), text, err);
}

/* The field is of another type than `wanted` ("a number"). */
static int
reject_type(const struct field_set *set, const struct record *record, unsigned index,
    const char *wanted, struct err *err)
{
	enum json_type type = field_get(set, index)->type;
	char reason[64];

	if (type == JSON_TYPE_MISSING)
		return field_reject(set, record, index, "missing", err);
	(void)snprintf(reason, sizeof(reason), "%s is not %s", json_type_name(type), wanted);
	return field_reject(set, record, index, reason, err);
}

int
field_number(const struct field_set *set, const struct record *record, unsigned index,
    struct number *ret, struct err *err)
{
	const struct json_value *value = field_get(set, index);

	if (value->type != JSON_TYPE_NUMBER)
		return reject_type(set, record, index, "a number", err);
	if (number_parse_padded(json_slice(value), ret))
		return field_reject(set, record, index, "number out of range", err);
	return 0;
}

/* A time with a backslash in it: "2019\/01\/01". */
static int
parse_escaped_time(
    struct slice inside, const struct time_format *format, int64_t *ret_ms, const char **ret_reason)
{
	struct buf text = BUF_INIT(TIME_TEXT_BYTES_MAX);
	struct err err = ERR_INIT;
	int rc = -1;

	*ret_reason = "not a time";
	if (!json_string_decode(inside, &text, &err))
		rc = time_parse(format, buf_slice(&text), true, ret_ms, ret_reason);
	buf_release(&text);
	return rc;
}

int
field_time(const struct field_set *set, const struct record *record, unsigned index,
    const struct time_format *format, int64_t *ret_ms, struct err *err)
{
	const struct json_value *value = field_get(set, index);
	const char *reason;
	int rc;

	if (value->type != JSON_TYPE_STRING && value->type != JSON_TYPE_NUMBER)
		return reject_type(set, record, index, "a time", err);
	if (value->has_escape)
		rc = parse_escaped_time(json_slice(value), format, ret_ms, &reason);
	else
		rc = time_parse(
		    format, json_slice(value), value->type == JSON_TYPE_STRING, ret_ms, &reason);
	return rc ? field_reject(set, record, index, reason, err) : 0;
}

int
field_append_text(const struct json_value *value, struct buf *out, struct err *err)
{
	switch ((enum json_type)value->type) {
	case JSON_TYPE_STRING:
		if (value->has_escape)
			return json_string_decode(json_slice(value), out, err);
		return buf_append(out, json_slice(value), err);
	case JSON_TYPE_NUMBER:
	case JSON_TYPE_TRUE:
	case JSON_TYPE_FALSE:
		return buf_append(out, json_slice(value), err);
	case JSON_TYPE_ARRAY:
		return err_set(err, ERR_DATA, "is an array, not a single value");
	case JSON_TYPE_OBJECT:
		return err_set(err, ERR_DATA, "is an object, not a single value");
	case JSON_TYPE_NULL:
		return err_set(err, ERR_DATA, "is null");
	case JSON_TYPE_MISSING:
		break;
	}
	return err_set(err, ERR_DATA, "missing");
}
