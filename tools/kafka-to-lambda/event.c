/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/event.h"

#include "codec/base64.h"
#include "codec/json.h"

enum {
	NUMBER_BYTES_MAX = 20,
	ESCAPED_BYTES_MAX = 6, /* of one byte in a JSON string: \u00xx */
	HEADER_BYTE_MAX = 5,   /* "-128," */
	/* names of members, quotes, brackets and the time's type */
	RECORD_FRAME_BYTES = 192,
	HEADER_FRAME_BYTES = 16,
};

struct slice
event_topic(const struct record *record)
{
	return record->topic.len ? record->topic : record->origin;
}

/* ---- how much it will be ---- */

static size_t
string_bytes(struct slice text)
{
	size_t bytes = 2;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		bytes += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? 1 : ESCAPED_BYTES_MAX;
	}
	return bytes;
}

static size_t
base64_bytes(struct slice bytes)
{
	return (bytes.len + 2) / 3 * 4;
}

size_t
event_frame_bytes(const struct event_form *form)
{
	size_t bytes = sizeof("{\"eventSource\":\"SelfManagedKafka\",\"eventSourceArn\":,"
	                      "\"bootstrapServers\":,\"records\":{}}");

	return bytes + string_bytes(slice_of(form->source_arn)) +
	       string_bytes(slice_of(form->bootstrap_servers));
}

size_t
event_record_bytes(const struct record *record)
{
	/* its partition's name may be its alone */
	size_t bytes = RECORD_FRAME_BYTES + 2 * string_bytes(event_topic(record)) +
	               4 * NUMBER_BYTES_MAX + base64_bytes(record->key) +
	               base64_bytes(record->value);

	for (size_t i = 0; i < record->header_count; i++)
		bytes += HEADER_FRAME_BYTES + string_bytes(record->headers[i].name) +
		         HEADER_BYTE_MAX * record->headers[i].value.len;
	return bytes;
}

/* ---- one record ---- */

/* `"NAME":NUMBER,` */
static int
append_number(struct buf *out, const char *name, int64_t number, struct err *err)
{
	if (buf_append_text(out, name, err) || buf_append_int(out, number, err))
		return -1;
	return buf_append_char(out, ',', err);
}

static int
append_base64(struct buf *out, const char *name, struct slice bytes, struct err *err)
{
	if (buf_append_text(out, name, err) || base64_append(out, bytes, err))
		return -1;
	return buf_append_text(out, "\",", err);
}

static int
append_time(struct buf *out, const struct record *record, struct err *err)
{
	if (record->time_ms == RECORD_NO_TIME)
		return buf_append_text(
		    out, "\"timestamp\":-1,\"timestampType\":\"NO_TIMESTAMP_TYPE\",", err);
	if (append_number(out, "\"timestamp\":", record->time_ms, err))
		return -1;
	return buf_append_text(out,
	    record->is_append_time ? "\"timestampType\":\"LOG_APPEND_TIME\","
				   : "\"timestampType\":\"CREATE_TIME\",",
	    err);
}

static int
append_header(struct buf *out, const struct event_form *form, const struct record_header *header,
    struct err *err)
{
	if (buf_append_char(out, '{', err) || json_string_append(out, header->name, err))
		return -1;
	if (!header->has_value)
		return buf_append_text(out, ":null}", err);
	if (buf_append_text(out, ":[", err))
		return -1;
	for (size_t i = 0; i < header->value.len; i++) {
		int byte = form->has_signed_headers ? (signed char)header->value.data[i]
		                                    : (unsigned char)header->value.data[i];

		if ((i && buf_append_char(out, ',', err)) || buf_append_int(out, byte, err))
			return -1;
	}
	return buf_append_text(out, "]}", err);
}

static int
append_headers(struct buf *out, const struct event_form *form, const struct record *record,
    struct err *err)
{
	if (buf_append_text(out, "\"headers\":[", err))
		return -1;
	for (size_t i = 0; i < record->header_count; i++) {
		if ((i && buf_append_char(out, ',', err)) ||
		    append_header(out, form, &record->headers[i], err))
			return -1;
	}
	return buf_append_text(out, "]}", err);
}

static int
append_record(struct buf *out, const struct event_form *form, const struct record *record,
    struct err *err)
{
	if (buf_append_text(out, "{\"topic\":", err) ||
	    json_string_append(out, event_topic(record), err) || buf_append_char(out, ',', err) ||
	    append_number(out, "\"partition\":", record->partition, err) ||
	    append_number(out, "\"offset\":", record->offset, err) || append_time(out, record, err))
		return -1;
	if (record->has_key && append_base64(out, "\"key\":\"", record->key, err))
		return -1;
	if (record->has_value && append_base64(out, "\"value\":\"", record->value, err))
		return -1;
	return append_headers(out, form, record, err);
}

/* ---- the whole ---- */

static bool
is_same_partition(const struct record *a, const struct record *b)
{
	return a->partition == b->partition && slice_equal(event_topic(a), event_topic(b));
}

/* `"TOPIC-PARTITION":[`; the name is made inside the string. */
static int
append_group_name(struct buf *out, const struct record *record, struct err *err)
{
	if (json_string_append(out, event_topic(record), err))
		return -1;
	out->len--; /* its closing quote */
	if (buf_append_char(out, '-', err) || buf_append_int(out, record->partition, err))
		return -1;
	return buf_append_text(out, "\":[", err);
}

static int
append_group(struct buf *out, const struct event_form *form, const struct service_item *const *items,
    size_t count, struct err *err)
{
	const struct record *first = &items[0]->record;

	if (append_group_name(out, first, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (i && !is_same_partition(&items[i]->record, first))
			continue;
		if ((i && buf_append_char(out, ',', err)) ||
		    append_record(out, form, &items[i]->record, err))
			return -1;
	}
	return buf_append_char(out, ']', err);
}

static bool
is_first_of_group(const struct service_item *const *items, size_t at)
{
	size_t i = 0;

	while (!is_same_partition(&items[i]->record, &items[at]->record))
		i++;
	return i == at;
}

static int
append_member(struct buf *out, const char *name, const char *text, struct err *err)
{
	if (!text)
		return 0;
	if (buf_append_text(out, name, err) || json_string_append(out, slice_of(text), err))
		return -1;
	return buf_append_char(out, ',', err);
}

int
event_append(struct buf *out, const struct event_form *form, const struct service_item *const *items,
    size_t count, struct err *err)
{
	const char *source = form->source_arn ? "aws:kafka" : "SelfManagedKafka";

	if (append_member(out, "{\"eventSource\":", source, err) ||
	    append_member(out, "\"eventSourceArn\":", form->source_arn, err) ||
	    append_member(out, "\"bootstrapServers\":", form->bootstrap_servers, err) ||
	    buf_append_text(out, "\"records\":{", err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_first_of_group(items, i))
			continue;
		if ((i && buf_append_char(out, ',', err)) ||
		    append_group(out, form, items + i, count - i, err))
			return -1;
	}
	return buf_append_text(out, "}}", err);
}
