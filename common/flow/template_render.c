/* SPDX-License-Identifier: MIT */
/* Templates: from a record and a list of parts to text. */
#include <stdio.h>

#include "flow/template.h"
#include "flow/template_parts.h"

enum { REASON_BYTES = 320 };

/* One call of template_render. */
struct rendering {
	struct template *template;
	const struct field_set *fields;
	const struct record *record;
	int64_t time_ms;
	bool is_key_scanned;
	struct err *err;
};

static int
reject(struct rendering *r, const struct part *part, const char *reason)
{
	char text[REASON_BYTES];

	if (part->kind == PART_FIELD)
		return field_reject(r->fields, r->record, part->index, reason, r->err);
	(void)snprintf(text, sizeof(text), "{%.*s}: %s", SLICE_ARGS(part->text), reason);
	return record_reject(r->record, -1, text, r->err);
}

static int
append_missing(struct rendering *r, const struct part *part, struct buf *out)
{
	if (part->begins_segment)
		return reject(r, part, "missing, and a directory's name begins with it");
	if (r->template->missing == TEMPLATE_DEFAULT_PARTITION)
		return buf_append_text(out, DEFAULT_PARTITION, r->err);
	return reject(r, part, "missing");
}

/* ---- escaping ---- */

/* FileUtils.charToEscape, but for the control bytes. */
static const bool is_special[0x80] = {
	['"'] = true,
	['#'] = true,
	['%'] = true,
	['\''] = true,
	['*'] = true,
	['/'] = true,
	[':'] = true,
	['='] = true,
	['?'] = true,
	['\\'] = true,
	['{'] = true,
	['['] = true,
	[']'] = true,
	['^'] = true,
	[0x7f] = true,
};

enum escape_flags {
	ESCAPE_HIGH = 1, /* bytes above 0x7f too */
	KEEP_SLASH = 2,
};

static bool
needs_escape(unsigned char c, unsigned flags)
{
	if (c >= 0x80)
		return flags & ESCAPE_HIGH;
	if (c == '/')
		return !(flags & KEEP_SLASH);
	return c < 0x20 || is_special[c];
}

static int
append_hex(struct buf *out, unsigned char c, struct err *err)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[3] = { '%', digits[c >> 4], digits[c & 0xf] };

	return buf_append(out, slice_make(text, sizeof(text)), err);
}

static int
append_escaped(struct buf *out, struct slice value, unsigned flags, struct err *err)
{
	size_t from = 0, i;

	if (!value.len)
		return 0;
	if (!utf8_is_valid(value))
		flags |= ESCAPE_HIGH;
	for (i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (!needs_escape(c, flags))
			continue;
		if (buf_append(out, slice_make(value.data + from, i - from), err) ||
		    append_hex(out, c, err))
			return -1;
		from = i + 1;
	}
	return buf_append(out, slice_skip(value, from), err);
}

/* ---- values ---- */

/* The digits of an integer without sign and needless zeros; false where the text is none. */
static bool
read_integer(struct slice text, bool *ret_is_negative, struct slice *ret_digits)
{
	size_t i;

	*ret_is_negative = slice_starts(text, "-");
	if (*ret_is_negative)
		text = slice_skip(text, 1);
	for (i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	if (!text.len)
		return false;
	while (text.len > 1 && text.data[0] == '0')
		text = slice_skip(text, 1);
	if (slice_is(text, "0"))
		*ret_is_negative = false;
	*ret_digits = text;
	return true;
}

static int
append_integer(struct rendering *r, const struct part *part, struct slice value, struct buf *out)
{
	struct slice digits;
	bool is_negative;
	size_t len, pad;

	if (!read_integer(value, &is_negative, &digits))
		return reject(r, part, "not an integer");
	len = digits.len + is_negative;
	pad = part->width > len ? part->width - len : 0;
	if (is_negative && part->is_zero_padded && buf_append_char(out, '-', r->err))
		return -1;
	for (; pad; pad--)
		if (buf_append_char(out, part->is_zero_padded ? '0' : ' ', r->err))
			return -1;
	if (is_negative && !part->is_zero_padded && buf_append_char(out, '-', r->err))
		return -1;
	return buf_append(out, digits, r->err);
}

/* Without the quotes, which the template has. */
static int
append_in_string(struct rendering *r, struct slice value, struct buf *out)
{
	struct buf *quoted = &r->template->quoted;

	buf_clear(quoted);
	if (json_string_append(quoted, value, r->err))
		return -1;
	return buf_append(out, slice_make(quoted->data + 1, quoted->len - 2), r->err);
}

static int
append_value(struct rendering *r, const struct part *part, struct slice value, struct buf *out)
{
	if (part->is_integer)
		return append_integer(r, part, value, out);
	if (part->is_in_string)
		return append_in_string(r, value, out);
	if (r->template->escape != TEMPLATE_PATH)
		return buf_append(out, value, r->err);
	if (part->begins_segment && (!value.len || template_is_hidden(value.data[0])))
		return reject(r, part,
		    value.len ? "begins with '_' or '.', and so would a directory: readers pass over it"
		              : "empty, and a directory's name begins with it");
	if (!value.len)
		return buf_append_text(out, DEFAULT_PARTITION, r->err);
	return append_escaped(out, value, 0, r->err);
}

static int
append_json(
    struct rendering *r, const struct part *part, const struct json_value *value, struct buf *out)
{
	struct buf *scratch = &r->template->scratch;

	switch ((enum json_type)value->type) {
	case JSON_TYPE_MISSING:
	case JSON_TYPE_NULL:
		return append_missing(r, part, out);
	case JSON_TYPE_ARRAY:
		return reject(r, part, "an array has no place in a name");
	case JSON_TYPE_OBJECT:
		return reject(r, part, "an object has no place in a name");
	case JSON_TYPE_FALSE:
	case JSON_TYPE_TRUE:
	case JSON_TYPE_NUMBER:
	case JSON_TYPE_STRING:
		break;
	}
	if (!value->has_escape)
		return append_value(r, part, json_slice(value), out);
	if (r->template->refuses_surrogates && !json_string_is_utf8(json_slice(value)))
		return reject(r, part, JSON_NOT_UTF8);
	buf_clear(scratch);
	if (json_string_decode(json_slice(value), scratch, r->err))
		return -1;
	return append_value(r, part, buf_slice(scratch), out);
}

static int
append_number(struct rendering *r, const struct part *part, int64_t number, struct buf *out)
{
	struct buf *scratch = &r->template->scratch;

	buf_clear(scratch);
	if (buf_append_int(scratch, number, r->err))
		return -1;
	return append_value(r, part, buf_slice(scratch), out);
}

/* ---- the key and headers ---- */

static int
scan_key(struct rendering *r, const struct part *part)
{
	struct template *t = r->template;
	struct json_fault fault;

	if (r->is_key_scanned)
		return 0;
	buf_clear(&t->key_copy);
	if (buf_append(&t->key_copy, r->record->key, r->err) || buf_pad(&t->key_copy, r->err))
		return -1;
	if (json_scan(t->key_scanner, buf_slice(&t->key_copy), t->key_values, &fault))
		return reject(r, part, "the key is not JSON");
	r->is_key_scanned = true;
	return 0;
}

static int
append_key_field(struct rendering *r, const struct part *part, struct buf *out)
{
	if (!r->record->has_key)
		return append_missing(r, part, out);
	if (scan_key(r, part))
		return -1;
	return append_json(r, part, &r->template->key_values[part->index], out);
}

/* The last one of a name counts, as for Kafka's Headers.lastHeader. */
static int
append_header(struct rendering *r, const struct part *part, struct buf *out)
{
	size_t i = r->record->header_count;

	while (i--) {
		const struct record_header *header = &r->record->headers[i];

		if (!slice_equal(header->name, part->header))
			continue;
		if (!header->has_value)
			break;
		return append_value(r, part, header->value, out);
	}
	return append_missing(r, part, out);
}

/* ---- times ---- */

static int
append_strftime(struct rendering *r, const struct part *part, struct buf *out)
{
	struct buf *scratch = &r->template->scratch;

	if (r->template->escape != TEMPLATE_PATH && !part->is_in_string)
		return time_append_strftime(out, part->pattern, r->time_ms, r->err);
	buf_clear(scratch);
	if (time_append_strftime(scratch, part->pattern, r->time_ms, r->err))
		return -1;
	if (part->is_in_string)
		return append_in_string(r, buf_slice(scratch), out);
	return append_escaped(out, buf_slice(scratch), KEEP_SLASH, r->err);
}

static int
civil_number(enum part_kind kind, const struct time_civil *civil)
{
	if (kind == PART_MONTH)
		return civil->month;
	if (kind == PART_DAY)
		return civil->day;
	return kind == PART_HOUR ? civil->hour : civil->minute;
}

static int
append_time(struct rendering *r, const struct part *part, struct buf *out)
{
	struct time_civil civil;

	if (r->time_ms == RECORD_NO_TIME)
		return append_missing(r, part, out);
	if (part->kind == PART_STRFTIME)
		return append_strftime(r, part, out);
	time_to_civil(r->time_ms, &civil);
	if (part->kind == PART_YEAR)
		return buf_appendf(out, r->err, "%04d", civil.year);
	return buf_appendf(out, r->err, "%02d", civil_number(part->kind, &civil));
}

/* Towards the past, so that the unit around the epoch is no longer than the others. A record
 * without a time has a unit to itself. */
static int64_t
unit_at(int64_t time_ms, int64_t unit_ms)
{
	if (time_ms == RECORD_NO_TIME)
		return INT64_MIN;
	return time_ms / unit_ms - (time_ms % unit_ms < 0);
}

static int
render_run(struct rendering *r, struct part *first)
{
	size_t i;

	first->is_cached = false;
	buf_clear(&first->cached);
	for (i = 0; i < first->run_count; i++) {
		const struct part *part = &first[i];

		if (part->kind == PART_LITERAL ? buf_append(&first->cached, part->text, r->err)
					       : append_time(r, part, &first->cached))
			return -1;
	}
	first->cached_unit = unit_at(r->time_ms, first->unit_ms);
	first->is_cached = true;
	return 0;
}

static int
append_run(struct rendering *r, struct part *first, struct buf *out)
{
	if (!first->is_cached || first->cached_unit != unit_at(r->time_ms, first->unit_ms))
		if (render_run(r, first))
			return -1;
	return buf_append(out, buf_slice(&first->cached), r->err);
}

/* ---- the whole ---- */

static int
append_part(struct rendering *r, const struct part *part, struct buf *out)
{
	const struct record *record = r->record;

	switch (part->kind) {
	case PART_LITERAL:
		return buf_append(out, part->text, r->err);
	case PART_FIELD:
		return append_json(r, part, field_get(r->fields, part->index), out);
	case PART_TOPIC:
		if (!record->topic.len)
			return append_missing(r, part, out);
		return append_value(r, part, record->topic, out);
	case PART_PARTITION:
		return append_number(r, part, record->partition, out);
	case PART_OFFSET:
		return append_number(r, part, record->offset, out);
	case PART_KEY:
		if (!record->has_key)
			return append_missing(r, part, out);
		return append_value(r, part, record->key, out);
	case PART_KEY_FIELD:
		return append_key_field(r, part, out);
	case PART_HEADER:
		return append_header(r, part, out);
	case PART_YEAR:
	case PART_MONTH:
	case PART_DAY:
	case PART_HOUR:
	case PART_MINUTE:
	case PART_STRFTIME:
		break;
	}
	return append_time(r, part, out);
}

static int
render(struct rendering *r, struct buf *out)
{
	struct template *t = r->template;
	size_t i = 0;

	while (i < t->part_count) {
		struct part *part = &t->parts[i];

		if (part->run_count ? append_run(r, part, out) : append_part(r, part, out))
			return -1;
		i += part->run_count ? part->run_count : 1;
	}
	return 0;
}

/* A buffer's ceiling does not know which record went over it. */
static int
name_record(const struct record *record, struct err *err)
{
	char place[RECORD_PLACE_BYTES];
	char reason[ERR_TEXT_BYTES];

	record_place(record, place);
	if (err->class != ERR_DATA || strncmp(err->text, place, strlen(place)) == 0)
		return -1;
	memcpy(reason, err->text, sizeof(reason));
	return record_reject(record, -1, reason, err);
}

int
template_render(struct template *t, const struct field_set *fields, const struct record *record,
    int64_t time_ms, struct buf *out, struct err *err)
{
	struct rendering r = {
		.template = t, .fields = fields, .record = record, .time_ms = time_ms, .err = err
	};
	size_t start = out->len;

	if (!render(&r, out))
		return 0;
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return name_record(record, err);
}
