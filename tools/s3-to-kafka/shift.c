/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/shift.h"

#include "codec/time_like.h"

enum { TIME_TEXT_BYTES_MAX = 4096 };

static void
insert_spot(struct shift_spot *spots, size_t count, struct shift_spot spot)
{
	for (; count && spots[count - 1].byte > spot.byte; count--)
		spots[count] = spots[count - 1];
	spots[count] = spot;
}

int
shift_find(const struct field_set *fields, const struct record *record, const unsigned *indexes,
    size_t index_count, const struct time_format *format, struct shift_spot *ret_spots,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < index_count; i++) {
		const struct json_value *value = field_get(fields, indexes[i]);
		struct shift_spot spot = { .index = indexes[i] };

		if (value->type == JSON_TYPE_NULL)
			continue;
		if (field_time(fields, record, indexes[i], format, &spot.time_ms, err))
			return -1;
		spot.is_string = value->type == JSON_TYPE_STRING;
		spot.has_escape = value->has_escape;
		spot.byte = (uint32_t)field_byte(fields, indexes[i]) + spot.is_string;
		spot.len = value->len;
		insert_spot(ret_spots, count++, spot);
	}
	*ret_count = count;
	return 0;
}

/* As the inside of a JSON string: what a pattern writes may want escapes. */
static int
append_inside(struct buf *out, struct slice text, struct err *err)
{
	struct buf quoted = BUF_INIT(8 * TIME_TEXT_BYTES_MAX);
	int rc = json_string_append(&quoted, text, err);

	if (!rc)
		rc = buf_append(out, slice_make(quoted.data + 1, quoted.len - 2), err);
	buf_release(&quoted);
	return rc;
}

static int
append_escaped_spot(struct buf *out, struct slice old, const struct time_format *format,
    int64_t ms, const char **ret_reason)
{
	struct buf plain = BUF_INIT(TIME_TEXT_BYTES_MAX), moved = BUF_INIT(TIME_TEXT_BYTES_MAX);
	struct err err = ERR_INIT;
	int rc = -1;

	*ret_reason = "a time too long to be moved";
	if (!json_string_decode(old, &plain, &err) &&
	    !time_append_like(&moved, format, buf_slice(&plain), true, ms, ret_reason))
		rc = append_inside(out, buf_slice(&moved), &err);
	buf_release(&plain);
	buf_release(&moved);
	return rc;
}

int
shift_append(struct buf *out, struct slice value, const struct shift_spot *spots, size_t spot_count,
    const struct field_set *names, const struct time_format *format, int64_t amount_ms,
    struct err *err)
{
	size_t from = 0;

	for (size_t i = 0; i < spot_count; i++) {
		const struct shift_spot *spot = &spots[i];
		struct slice old = slice_make(value.data + spot->byte, spot->len);
		const char *reason;
		int64_t ms;
		int rc;

		if (buf_append(out, slice_make(value.data + from, spot->byte - from), err))
			return -1;
		if (__builtin_add_overflow(spot->time_ms, amount_ms, &ms))
			ms = INT64_MAX;
		/* only a pattern may hold bytes that a JSON string escapes */
		if (spot->has_escape || (spot->is_string && format->style == TIME_PATTERN &&
					    strpbrk(format->pattern, "\"\\")))
			rc = append_escaped_spot(out, old, format, ms, &reason);
		else
			rc = time_append_like(out, format, old, spot->is_string, ms, &reason);
		if (rc) {
			struct slice name = field_set_name(names, spot->index);

			return err_set(err, ERR_DATA, "field %.*s: %s", SLICE_ARGS(name), reason);
		}
		from = spot->byte + spot->len;
	}
	return buf_append(out, slice_skip(value, from), err);
}
