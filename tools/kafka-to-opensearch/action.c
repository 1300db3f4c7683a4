/* SPDX-License-Identifier: MIT */
/* From a record to the line of its action ("Bulk API", "Request body"; BulkRequestParser.java). */
#include "kafka-to-opensearch/service_state.h"

#include <inttypes.h>

/* ---- what a record is ---- */

static int
check_object(const struct record *record, struct err *err)
{
	struct slice value = slice_trim(record->value);

	if (value.len && value.data[0] == '{')
		return 0;
	return record_reject(record, -1, "a document is a JSON object, this is another value", err);
}

/* Templates find no field in a tombstone. */
static int
scan(struct opensearch *s, const struct record *record, struct err *err)
{
	struct err words = ERR_INIT;

	if (!record->has_value) {
		if (s->is_id_of_offsets || !s->id)
			return record_reject(record, -1,
			    "a tombstone deletes nothing where ids are not those of earlier records "
			    "(--skip-tombstones leaves it out)",
			    err);
		/* an order by versions has no place for it: it would hide what is newer, or what comes after */
		if (s->version == VERSION_FIELD)
			return record_reject(record, -1,
			    "a tombstone has no field with a version (--skip-tombstones leaves it out)",
			    err);
		/* what it says of tombstones, the template says of the field it misses */
		if (!field_scan(s->fields, record, &words) || words.class == ERR_DATA)
			return 0;
		*err = words;
		return -1;
	}
	if (field_scan(s->fields, record, err))
		return -1;
	return s->op == BULK_DELETE ? 0 : check_object(record, err);
}

static int
event_time(struct opensearch *s, const struct record *record, int64_t *ret_ms, struct err *err)
{
	*ret_ms = record->time_ms;
	if (!s->has_time_field)
		return 0;
	*ret_ms = RECORD_NO_TIME;
	if (!record->has_value)
		return 0;
	return field_time(s->fields, record, s->time_index, &s->time_format, ret_ms, err);
}

/* ---- the line's members ---- */

/* Into s->text, as 1 to bytes_max bytes of UTF-8; reason says that it is not. */
static int
render(struct opensearch *s, struct template *t, const struct record *record, int64_t time_ms,
    size_t bytes_max, const char *reason, struct err *err)
{
	buf_clear(&s->text);
	if (template_render(t, s->fields, record, time_ms, &s->text, err))
		return -1;
	if (!s->text.len || s->text.len > bytes_max || !utf8_is_valid(buf_slice(&s->text)))
		return record_reject(record, -1, reason, err);
	return 0;
}

static int
append_member(struct opensearch *s, const char *name, struct err *err)
{
	bool is_first = s->note.data[s->note.len - 1] == '{';

	return (!is_first && buf_append_char(&s->note, ',', err)) ||
	               buf_append_char(&s->note, '"', err) ||
	               buf_append_text(&s->note, name, err) ||
	               buf_append_text(&s->note, "\":", err) ||
	               json_string_append(&s->note, buf_slice(&s->text), err)
	           ? -1
	           : 0;
}

static int
append_id(struct opensearch *s, const struct record *record, int64_t time_ms, uint64_t *ret_lane,
    struct err *err)
{
	/* nothing else has this id: lanes are filled in turn */
	*ret_lane = (uint64_t)record->offset + (uint64_t)record->partition;
	if (!s->id)
		return 0;
	if (s->is_id_of_offsets && !record->has_offset)
		return record_reject(
		    record, -1, "an envelope without an offset, which makes its id (--id)", err);
	if (render(s, s->id, record, time_ms, OPENSEARCH_ID_BYTES_MAX,
		"the id is empty, longer than 512 bytes or not UTF-8", err))
		return -1;
	if (!s->is_id_of_offsets)
		*ret_lane = service_lane(buf_slice(&s->text));
	return append_member(s, "_id", err);
}

/* ---- versions ---- */

/* A whole number, as a number or in a string, or a time in ISO 8601: its ms. */
static int
read_version(struct opensearch *s, const struct record *record, int64_t *ret, struct err *err)
{
	const struct json_value *value = field_get(s->fields, s->version_index);
	struct slice text = json_slice(value);
	const char *reason;

	if (value->type != JSON_TYPE_NUMBER && value->type != JSON_TYPE_STRING)
		return field_reject(s->fields, record, s->version_index,
		    value->type == JSON_TYPE_MISSING ? "missing"
						     : "no version: not a whole number or a time",
		    err);
	if (number_parse_int64(text, ret) &&
	    (value->type == JSON_TYPE_NUMBER || time_parse_iso(text, ret, &reason)))
		return field_reject(s->fields, record, s->version_index,
		    "no version: not a whole number or a time", err);
	/* VersionType.java, EXTERNAL.validateVersionForWrites */
	if (*ret < 0)
		return field_reject(
		    s->fields, record, s->version_index, "no version: below 0", err);
	return 0;
}

/*
 * Of one id an offset comes once only: what has it already is that record ("external"). Two records may
 * have one FIELD, and the later counts ("external_gte").
 */
static int
append_version(struct opensearch *s, const struct record *record, struct err *err)
{
	int64_t version = record->offset;

	if (s->version == VERSION_FIELD && read_version(s, record, &version, err))
		return -1;
	if (s->version == VERSION_OFFSET && !record->has_offset)
		return record_reject(record, -1,
		    "an envelope without an offset, which makes its version (--version-from)", err);
	s->note.data[0] = (char)(s->note.data[0] | NOTE_VERSIONED);
	return buf_appendf(&s->note, err,
	    "%s\"version\":%" PRId64 ",\"version_type\":\"external%s\"",
	    s->note.data[s->note.len - 1] == '{' ? "" : ",", version,
	    s->version == VERSION_FIELD ? "_gte" : "");
}

/* ---- the line ---- */

static int
append_index(struct opensearch *s, const struct record *record, int64_t time_ms, struct err *err)
{
	if (s->is_index_in_path)
		return 0;
	if (render(s, s->index, record, time_ms, OPENSEARCH_INDEX_BYTES_MAX,
		"the index's name is empty, longer than 255 bytes or not UTF-8", err))
		return -1;
	return append_member(s, "_index", err);
}

static int
append_routing(struct opensearch *s, const struct record *record, int64_t time_ms, struct err *err)
{
	if (!s->routing)
		return 0;
	if (render(s, s->routing, record, time_ms, OPENSEARCH_ROUTING_BYTES_MAX,
		"the routing is empty, longer than 4096 bytes or not UTF-8", err))
		return -1;
	return append_member(s, "routing", err);
}

static int
append_rest(struct opensearch *s, const struct record *record, enum bulk_op op, struct err *err)
{
	if (s->version != VERSION_NONE && append_version(s, record, err))
		return -1;
	/* others write too */
	if (op == BULK_UPDATE && buf_append_text(&s->note, ",\"retry_on_conflict\":3", err))
		return -1;
	if (op == BULK_DELETE || !s->pipeline.len)
		return 0;
	if (s->note.data[s->note.len - 1] != '{' && buf_append_char(&s->note, ',', err))
		return -1;
	return buf_append(&s->note, buf_slice(&s->pipeline), err);
}

static int
write_note(struct opensearch *s, const struct record *record, enum bulk_op op, uint64_t *ret_lane,
    struct err *err)
{
	int64_t time_ms;

	buf_clear(&s->note);
	if (event_time(s, record, &time_ms, err) || buf_append_char(&s->note, (char)op, err) ||
	    buf_append_text(&s->note, "{\"", err) ||
	    buf_append_text(&s->note, bulk_op_names[op], err) ||
	    buf_append_text(&s->note, "\":{", err) ||
	    append_index(s, record, time_ms, err) ||
	    append_id(s, record, time_ms, ret_lane, err) ||
	    append_routing(s, record, time_ms, err) || append_rest(s, record, op, err))
		return -1;
	return buf_append_text(&s->note, "}}\n", err);
}

enum service_stage
opensearch_stage(struct service *service, const struct record *record, struct service_staged *ret,
    struct err *err)
{
	struct opensearch *s = (struct opensearch *)service;
	enum bulk_op op = record->has_value ? s->op : BULK_DELETE;
	uint64_t lane;

	if (!record->has_value && s->skips_tombstones)
		return SERVICE_FILTERED;
	if (scan(s, record, err) || write_note(s, record, op, &lane, err))
		return err->class == ERR_DATA ? SERVICE_REJECTED : SERVICE_FAILED;
	*ret = (struct service_staged){ .lane = lane, .note = buf_slice(&s->note) };
	ret->bytes = s->note.len + (op == BULK_DELETE ? 0 : record->value.len + AROUND_BYTES_MAX);
	if (ret->bytes > OPENSEARCH_BYTES_MAX) {
		(void)record_reject(
		    record, -1, "larger than the service takes: more than 100 MB", err);
		return SERVICE_REJECTED;
	}
	return SERVICE_SEND;
}
