/* SPDX-License-Identifier: MIT */
#include "flow/envelope.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/number.h"

enum { REASON_BYTES = 128 };

/* ---- writing ---- */

/* `,"NAME":` with NAME's ending */
static int
append_name(struct buf *out, const char *name, const char *ending, struct err *err)
{
	if (buf_append(out, slice_of(",\""), err) || buf_append_text(out, name, err) ||
	    buf_append_text(out, ending, err))
		return -1;
	return buf_append(out, slice_of("\":"), err);
}

static int
append_base64(struct buf *out, struct slice bytes, struct err *err)
{
	if (buf_append_char(out, '"', err) || base64_append(out, bytes, err))
		return -1;
	return buf_append_char(out, '"', err);
}

static int
append_bytes(struct buf *out, const char *name, bool has_bytes, struct slice bytes, struct err *err)
{
	bool is_text = !has_bytes || utf8_is_valid(bytes);

	if (append_name(out, name, is_text ? "" : "_base64", err))
		return -1;
	if (!has_bytes)
		return buf_append_text(out, "null", err);
	return is_text ? json_string_append(out, bytes, err) : append_base64(out, bytes, err);
}

static bool
are_headers_text(const struct record *record)
{
	size_t i;

	for (i = 0; i < record->header_count; i++)
		if (record->headers[i].has_value && !utf8_is_valid(record->headers[i].value))
			return false;
	return true;
}

static int
append_header(struct buf *out, const struct record_header *header, bool is_text, struct err *err)
{
	if (json_string_append(out, header->name, err) || buf_append_char(out, ',', err))
		return -1;
	if (!header->has_value)
		return buf_append_text(out, "null", err);
	return is_text ? json_string_append(out, header->value, err)
	               : append_base64(out, header->value, err);
}

static int
append_headers(struct buf *out, const struct record *record, struct err *err)
{
	bool is_text = are_headers_text(record);
	size_t i;

	if (!record->header_count)
		return 0;
	if (append_name(out, "headers", is_text ? "" : "_base64", err))
		return -1;
	for (i = 0; i < record->header_count; i++)
		if (buf_append_char(out, i ? ',' : '[', err) ||
		    append_header(out, &record->headers[i], is_text, err))
			return -1;
	return buf_append_char(out, ']', err);
}

static int
append_place(struct buf *out, const struct record *record, struct err *err)
{
	if (buf_append_char(out, '{', err))
		return -1;
	if (record->topic.len) {
		if (buf_append_text(out, "\"topic\":", err) ||
		    json_string_append(out, record->topic, err) || buf_append_char(out, ',', err))
			return -1;
	}
	if (buf_append_text(out, "\"partition\":", err) ||
	    buf_append_int(out, record->partition, err) || append_name(out, "offset", "", err))
		return -1;
	return buf_append_int(out, record->offset, err);
}

static int
append_time(struct buf *out, const struct record *record, struct err *err)
{
	const char *type = record->is_append_time ? "\"logappend\"" : "\"create\"";

	if (record->time_ms == RECORD_NO_TIME)
		return 0;
	if (append_name(out, "tstype", "", err) || buf_append_text(out, type, err) ||
	    append_name(out, "ts", "", err))
		return -1;
	return buf_append_int(out, record->time_ms, err);
}

/* The whole but for the closing brace. */
static int
append_members(struct buf *out, const struct record *record, struct err *err)
{
	if (append_place(out, record, err) || append_time(out, record, err) ||
	    append_headers(out, record, err) ||
	    append_bytes(out, "key", record->has_key, record->key, err))
		return -1;
	return append_bytes(out, "payload", record->has_value, record->value, err);
}

static int
append_text_member(struct buf *out, const char *name, const char *text, struct err *err)
{
	if (append_name(out, name, "", err))
		return -1;
	return json_string_append(out, slice_of(text), err);
}

static int
append_origin(struct buf *out, const struct record *record, struct err *err)
{
	if (!record->origin.len)
		return 0;
	if (append_name(out, "origin", "", err) || json_string_append(out, record->origin, err) ||
	    append_name(out, "line", "", err))
		return -1;
	return buf_append_int(out, record->line, err);
}

static int
append_error(struct buf *out, const char *tool, const char *class_name, const char *reason,
    int64_t byte, struct err *err)
{
	if (buf_append_text(out, ",\"error\":{\"tool\":", err) ||
	    json_string_append(out, slice_of(tool), err) ||
	    append_text_member(out, "class", class_name, err) ||
	    append_text_member(out, "reason", reason, err))
		return -1;
	if (byte >= 0 && (append_name(out, "byte", "", err) || buf_append_int(out, byte, err)))
		return -1;
	return buf_append_char(out, '}', err);
}

/* Takes back what was appended behind `start`. */
static int
give_up(struct buf *out, size_t start)
{
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return -1;
}

int
envelope_append(struct buf *out, const struct record *record, struct err *err)
{
	size_t start = out->len;

	if (append_members(out, record, err) || buf_append_char(out, '}', err))
		return give_up(out, start);
	return 0;
}

int
envelope_append_error(struct buf *out, const struct record *record, const char *tool,
    const char *class_name, const char *reason, int64_t byte, struct err *err)
{
	size_t start = out->len;

	if (append_members(out, record, err) || append_origin(out, record, err) ||
	    append_error(out, tool, class_name, reason, byte, err) ||
	    buf_append_char(out, '}', err))
		return give_up(out, start);
	return 0;
}

/* ---- reading ---- */

enum member {
	TOPIC,
	PARTITION,
	OFFSET,
	TSTYPE,
	TS,
	HEADERS,
	HEADERS_BASE64,
	KEY,
	KEY_BASE64,
	KEY_ERROR,
	PAYLOAD,
	PAYLOAD_BASE64,
	PAYLOAD_ERROR,
	MEMBERS,
};

static const char *const member_names[MEMBERS] = {
	[TOPIC] = "topic",
	[PARTITION] = "partition",
	[OFFSET] = "offset",
	[TSTYPE] = "tstype",
	[TS] = "ts",
	[HEADERS] = "headers",
	[HEADERS_BASE64] = "headers_base64",
	[KEY] = "key",
	[KEY_BASE64] = "key_base64",
	[KEY_ERROR] = "key_error",
	[PAYLOAD] = "payload",
	[PAYLOAD_BASE64] = "payload_base64",
	[PAYLOAD_ERROR] = "payload_error",
};

struct envelope_reader {
	struct json_scanner *scanner;
	struct json_value values[MEMBERS];
	struct buf
	    text; /* what was decoded; its size is reserved first, so that slices of it stay good */
	struct buf unescaped; /* base64 that came with escapes ("\/") */
	struct record_header *headers;
	size_t header_capacity;
	const struct record *record; /* the one being read, as it came */
	struct err *err;
};

struct envelope_reader *
envelope_reader_new(struct err *err)
{
	struct envelope_reader *r = calloc(1, sizeof(*r));
	struct json_paths *paths = json_paths_new(err);
	int i;

	if (!r || !paths)
		goto fail;
	buf_init(&r->text, UINT32_MAX);
	buf_init(&r->unescaped, UINT32_MAX);
	for (i = 0; i < MEMBERS; i++)
		if (json_paths_add(paths, slice_of(member_names[i]), err) != i)
			goto fail;
	r->scanner = json_scanner_new(paths, err);
	if (!r->scanner)
		goto fail;
	json_paths_free(paths);
	return r;
fail:
	if (!r)
		err_no_memory(err);
	json_paths_free(paths);
	envelope_reader_free(r);
	return NULL;
}

void
envelope_reader_free(struct envelope_reader *r)
{
	if (!r)
		return;
	json_scanner_free(r->scanner);
	buf_release(&r->text);
	buf_release(&r->unescaped);
	free(r->headers);
	free(r);
}

static bool
is_said(const struct json_value *value)
{
	return value->type != JSON_TYPE_MISSING && value->type != JSON_TYPE_NULL;
}

/* Rejects the record for what a member says. */
static int
refuse(struct envelope_reader *r, enum member member, const char *reason)
{
	const struct json_value *value = &r->values[member];
	char text[REASON_BYTES];
	int64_t byte = -1;

	if (value->type != JSON_TYPE_MISSING)
		byte = value->data - r->record->value.data - (value->type == JSON_TYPE_STRING);
	(void)snprintf(text, sizeof(text), "envelope: %s: %s", member_names[member], reason);
	return record_reject(r->record, byte, text, r->err);
}

/* The bytes that a value stands for: a string's inside, or its own text. */
static int
read_bytes(struct envelope_reader *r, const struct json_value *value, struct slice *ret)
{
	size_t start = r->text.len;

	if (!value->has_escape) {
		*ret = json_slice(value);
		return 0;
	}
	if (json_string_decode(json_slice(value), &r->text, r->err))
		return -1;
	*ret = slice_skip(buf_slice(&r->text), start);
	return 0;
}

static int
read_base64(struct envelope_reader *r, enum member member, const struct json_value *value,
    struct slice *ret)
{
	struct slice text = json_slice(value);
	size_t start = r->text.len;

	if (value->type != JSON_TYPE_STRING)
		return refuse(r, member, "not base64");
	if (value->has_escape) {
		buf_clear(&r->unescaped);
		if (json_string_decode(text, &r->unescaped, r->err))
			return -1;
		text = buf_slice(&r->unescaped);
	}
	if (base64_decode(text, &r->text, r->err))
		return r->err->class == ERR_DATA ? refuse(r, member, "not base64") : -1;
	*ret = slice_skip(buf_slice(&r->text), start);
	return 0;
}

/* Reads key or payload; where neither of its members is there, *has_bytes and *bytes stay. */
static int
read_pair(struct envelope_reader *r, enum member plain, enum member base64, bool *has_bytes,
    struct slice *bytes)
{
	const struct json_value *value = &r->values[plain];

	if (is_said(&r->values[base64])) {
		if (is_said(value))
			return refuse(r, base64, "given both ways");
		*has_bytes = true;
		return read_base64(r, base64, &r->values[base64], bytes);
	}
	if (value->type == JSON_TYPE_MISSING)
		return 0;
	*has_bytes = value->type != JSON_TYPE_NULL;
	*bytes = slice_make(NULL, 0);
	return *has_bytes ? read_bytes(r, value, bytes) : 0;
}

static int
read_integer(struct envelope_reader *r, enum member member, int64_t min, int64_t max, int64_t *ret)
{
	const struct json_value *value = &r->values[member];
	int64_t number;

	if (!is_said(value))
		return 0;
	if (value->type != JSON_TYPE_NUMBER || number_parse_int64(json_slice(value), &number))
		return refuse(r, member, "not an integer");
	if (number < min || number > max)
		return refuse(r, member, "out of range");
	*ret = number;
	return 0;
}

static int
read_place(struct envelope_reader *r, struct record *next)
{
	const struct json_value *topic = &r->values[TOPIC];
	int64_t partition = next->partition;

	if (is_said(topic)) {
		if (topic->type != JSON_TYPE_STRING)
			return refuse(r, TOPIC, "not a string");
		if (read_bytes(r, topic, &next->topic))
			return -1;
	}
	if (read_integer(r, PARTITION, 0, INT32_MAX, &partition))
		return -1;
	next->partition = (int32_t)partition;
	next->has_offset = next->has_offset || is_said(&r->values[OFFSET]);
	return read_integer(r, OFFSET, 0, INT64_MAX, &next->offset);
}

static int
read_time(struct envelope_reader *r, struct record *next)
{
	const struct json_value *type = &r->values[TSTYPE];

	if (read_integer(r, TS, INT64_MIN, INT64_MAX, &next->time_ms))
		return -1;
	if (is_said(&r->values[TS]) && next->time_ms == -1)
		next->time_ms = RECORD_NO_TIME; /* Kafka's own word for none */
	if (is_said(type))
		next->is_append_time = slice_is(json_slice(type), "logappend");
	return 0;
}

/* ---- headers: a walk over JSON that the scanner has found good ---- */

static const char *
skip_string(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

static const char *
skip_nested(const char *at)
{
	size_t depth = 0;

	do {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (*at == '[' || *at == '{')
			depth++;
		else if (*at == ']' || *at == '}')
			depth--;
		at++;
	} while (depth);
	return at;
}

/* Reads the next string, value or member's name of the array or object that *at is in and steps
 * over it; false at the end. The type is right for strings and null; anything else is a number. */
static bool
next_element(const char **at, struct json_value *ret)
{
	const char *start, *end;

	while (strchr(" \t\r\n,:", **at))
		++*at;
	start = end = *at;
	if (*start == ']' || *start == '}')
		return false;
	*ret = (struct json_value){ .type = JSON_TYPE_NUMBER };
	if (*start == '"') {
		end = skip_string(start);
		*at = end--;
		ret->type = JSON_TYPE_STRING;
		ret->has_escape = memchr(start, '\\', (size_t)(end - start)) != NULL;
		start++;
	} else {
		end = *start == '[' || *start == '{' ? skip_nested(start)
		                                     : start + strcspn(start, ",]} \t\r\n");
		*at = end;
		if (*start == 'n')
			ret->type = JSON_TYPE_NULL;
	}
	ret->data = start;
	ret->len = (uint32_t)(end - start);
	return true;
}

static struct record_header *
add_header(struct envelope_reader *r, size_t count)
{
	if (count == r->header_capacity) {
		size_t capacity = count ? count * 2 : 8;
		struct record_header *headers = realloc(r->headers, capacity * sizeof(*headers));

		if (!headers) {
			err_no_memory(r->err);
			return NULL;
		}
		r->headers = headers;
		r->header_capacity = capacity;
	}
	r->headers[count] = (struct record_header){ .has_value = false };
	return &r->headers[count];
}

static int
read_header(struct envelope_reader *r, enum member member, const struct json_value *name,
    const struct json_value *value, struct record_header *header)
{
	if (name->type != JSON_TYPE_STRING)
		return refuse(r, member, "a header's name is not a string");
	if (read_bytes(r, name, &header->name))
		return -1;
	header->has_value = value->type != JSON_TYPE_NULL;
	if (!header->has_value)
		return 0;
	if (member == HEADERS_BASE64)
		return read_base64(r, member, value, &header->value);
	return read_bytes(r, value, &header->value);
}

static int
read_header_list(struct envelope_reader *r, enum member member, struct record *next)
{
	const char *at = r->values[member].data + 1;
	struct json_value name, value;
	size_t count = 0;

	while (next_element(&at, &name)) {
		struct record_header *header = add_header(r, count);

		if (!header)
			return -1;
		if (!next_element(&at, &value))
			return refuse(r, member, "a name without a value");
		if (read_header(r, member, &name, &value, header))
			return -1;
		count++;
	}
	next->headers = r->headers;
	next->header_count = count;
	return 0;
}

static int
read_headers(struct envelope_reader *r, struct record *next)
{
	bool is_base64 = is_said(&r->values[HEADERS_BASE64]);
	enum member member = is_base64 ? HEADERS_BASE64 : HEADERS;
	const struct json_value *value = &r->values[member];

	if (!is_said(value))
		return 0;
	if (is_base64 && is_said(&r->values[HEADERS]))
		return refuse(r, member, "given both ways");
	if (value->type != JSON_TYPE_ARRAY && value->type != JSON_TYPE_OBJECT)
		return refuse(r, member, "neither an array nor an object");
	return read_header_list(r, member, next);
}

/* ---- the whole ---- */

static int
check_members(struct envelope_reader *r)
{
	if (is_said(&r->values[KEY_ERROR]))
		return refuse(r, KEY_ERROR, "the key was not decoded");
	if (is_said(&r->values[PAYLOAD_ERROR]))
		return refuse(r, PAYLOAD_ERROR, "the payload was not decoded");
	if (r->values[PAYLOAD].type == JSON_TYPE_MISSING && !is_said(&r->values[PAYLOAD_BASE64]))
		return refuse(r, PAYLOAD, "missing");
	return 0;
}

static int
read_members(struct envelope_reader *r, struct record *next)
{
	if (check_members(r) || read_place(r, next) || read_time(r, next) ||
	    read_headers(r, next) || read_pair(r, KEY, KEY_BASE64, &next->has_key, &next->key))
		return -1;
	return read_pair(r, PAYLOAD, PAYLOAD_BASE64, &next->has_value, &next->value);
}

int
envelope_read(struct envelope_reader *r, struct record *record, struct err *err)
{
	struct record next = *record;
	struct json_fault fault;

	if (!record->has_value)
		return record_reject(record, -1, "a tombstone is no envelope", err);
	assert(record->is_padded);
	if (json_scan(r->scanner, record->value, r->values, &fault))
		return record_reject(record, (int64_t)fault.byte, fault.reason, err);
	r->record = record;
	r->err = err;
	/* nothing gets longer by decoding, so this is enough for all of it */
	buf_clear(&r->text);
	if (buf_reserve(&r->text, record->value.len, err) || read_members(r, &next) ||
	    buf_pad(&r->text, err))
		return -1;
	*record = next;
	return 0;
}
