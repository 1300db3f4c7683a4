/* SPDX-License-Identifier: MIT */
#include "codec/table_value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

enum { SHOWN_MAX = 48 };

/* 0001-01-01 to 9999-12-31, as codec/time.h has them */
static const int64_t days_min = -719162, days_max = 2932896, us_per_day = 86400000000;

/* What a conversion needs besides the value. */
struct reading {
	const struct table_schema *schema;
	const struct json_value *values;
	const unsigned *fields;
	struct buf *scratch;
	bool has_room; /* in scratch, for all strings with escapes */
	char *reason;  /* TABLE_REASON_BYTES */
};

static const char *
is_not(const struct reading *r, const struct json_value *v, const char *wanted)
{
	const char *article =
	    v->type == JSON_TYPE_ARRAY || v->type == JSON_TYPE_OBJECT ? "an " : "a ";

	if (v->type == JSON_TYPE_TRUE || v->type == JSON_TYPE_FALSE)
		article = "";
	(void)snprintf(r->reason, TABLE_REASON_BYTES, "is %s%s, not a %s", article,
	    json_type_name((enum json_type)v->type), wanted);
	return r->reason;
}

static const char *
does_not_fit(const struct reading *r, const struct json_value *v, const char *type)
{
	bool is_long = v->len > SHOWN_MAX;

	(void)snprintf(r->reason, TABLE_REASON_BYTES, "does not fit %s: %.*s%s", type,
	    is_long ? SHOWN_MAX : (int)v->len, v->data, is_long ? "..." : "");
	return r->reason;
}

/* Decoded strings are no longer than written ones, and must not move while the row is read: room
 * for all of them. */
static int
reserve_scratch(const struct reading *r, struct err *err)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < r->schema->count; i++) {
		const struct json_value *v = &r->values[r->fields[i]];

		if (v->has_escape && v->type == JSON_TYPE_STRING)
			bytes += v->len;
	}
	return buf_reserve(r->scratch, bytes, err);
}

static const char *
decode_text(struct reading *r, const struct json_value *v, struct slice *ret)
{
	size_t begin = r->scratch->len;
	struct err err = ERR_INIT;

	if (!json_string_is_utf8(json_slice(v)))
		return JSON_NOT_UTF8;
	if (!r->has_room && reserve_scratch(r, &err))
		return "has too long strings";
	r->has_room = true;
	if (json_string_decode(json_slice(v), r->scratch, &err))
		return "is too long";
	*ret = slice_make(r->scratch->data + begin, r->scratch->len - begin);
	return NULL;
}

/* The inside of a string, decoded; few strings need that, and an err is large to make. */
static inline const char *
read_text(struct reading *r, const struct json_value *v, struct slice *ret)
{
	if (v->has_escape)
		return decode_text(r, v, ret);
	*ret = json_slice(v);
	return NULL;
}

/* ---- one function a kind of type ---- */

static const char *
read_bool(const struct reading *r, const struct json_value *v, struct table_value *ret)
{
	if (v->type != JSON_TYPE_TRUE && v->type != JSON_TYPE_FALSE)
		return is_not(r, v, "bool");
	ret->i = v->type == JSON_TYPE_TRUE;
	return NULL;
}

/* A number that is not written as an integer, as one. */
static const char *
whole(const struct reading *r, const struct json_value *v, const char *type, int64_t *ret)
{
	struct table_column as_decimal = { .precision = TABLE_PRECISION_MAX };
	char reason[TABLE_REASON_BYTES];
	number_wide n;

	if (!v->is_integer) {
		if (!table_decimal_parse(&as_decimal, json_slice(v), &n, reason)) {
			*ret = (int64_t)n;
			return *ret == n ? NULL : does_not_fit(r, v, type);
		}
		if (reason[0] == 'n')
			return "is not a whole number";
	}
	return does_not_fit(r, v, type);
}

static const char *
read_integer(const struct reading *r, const struct json_value *v, bool is_32, int64_t *ret)
{
	const char *type = is_32 ? "int32" : "int64", *why;
	int64_t n;

	if (v->type != JSON_TYPE_NUMBER)
		return is_not(r, v, "number");
	if (!v->is_integer || number_parse_int64(json_slice(v), &n)) {
		why = whole(r, v, type, &n);
		if (why)
			return why;
	}
	if (is_32 && (n < INT32_MIN || n > INT32_MAX))
		return does_not_fit(r, v, type);
	*ret = n;
	return NULL;
}

static const char *
read_double(const struct reading *r, const struct json_value *v, bool is_float, double *ret)
{
	struct number n;

	if (v->type != JSON_TYPE_NUMBER)
		return is_not(r, v, "number");
	if (number_parse_padded(json_slice(v), &n))
		return does_not_fit(r, v, "double");
	*ret = number_to_double(&n);
	/* numbers have no -0, doubles do */
	if (*ret == 0 && v->data[0] == '-')
		*ret = -0.0;
	if (is_float) {
		if (!isfinite((float)*ret))
			return does_not_fit(r, v, "float");
		*ret = (double)(float)*ret;
	}
	return NULL;
}

static const char *
read_decimal(struct reading *r, const struct table_column *c, const struct json_value *v,
    struct table_value *ret)
{
	struct slice text = json_slice(v);
	const char *why = NULL;
	number_wide n;

	if (v->type == JSON_TYPE_STRING)
		why = read_text(r, v, &text);
	else if (v->type != JSON_TYPE_NUMBER)
		why = is_not(r, v, "number");
	if (!why)
		why = table_decimal_parse(c, text, &n, r->reason);
	if (why)
		return why;
	if (table_decimal_is_wide(c))
		ret->wide = n;
	else
		ret->i = (int64_t)n;
	return NULL;
}

/*
 * The digits of an ISO 8601 time that are finer than a millisecond, in us. Only the fraction of its
 * seconds has a point or a comma (time_parse_iso has accepted the text).
 */
static const char *
finer_than_ms(struct slice text, unsigned *ret_us)
{
	unsigned us = 0, place = 0;
	const char *p = text.data, *end = p + text.len;

	*ret_us = 0;
	/* "2019-01-01T00:46:40.000Z" and shorter ones have no room for them */
	if (text.len < 24 || (text.len == 24 && end[-1] == 'Z'))
		return NULL;
	while (p < end && *p != '.' && *p != ',')
		p++;
	for (p = p < end ? p + 1 : p; p < end && *p >= '0' && *p <= '9'; p++, place++) {
		if (place >= 6 && *p != '0')
			return "needs more than microseconds";
		if (place >= 3 && place < 6)
			us = us * 10 + (unsigned)(*p - '0');
	}
	for (; place > 3 && place < 6; place++)
		us *= 10;
	*ret_us = us;
	return NULL;
}

/* A number counts units of 10^-digits seconds: as us. */
static const char *
read_count(const struct reading *r, struct slice text, unsigned digits, int64_t *ret_us)
{
	struct table_column as_decimal = { .precision = 24, .scale = 6 - digits };
	char reason[TABLE_REASON_BYTES];
	const char *why;
	number_wide n;

	why = table_decimal_parse(&as_decimal, text, &n, reason);
	if (why && reason == why && reason[0] == 'n')
		return "needs more than microseconds";
	if (why || n < days_min * us_per_day || n >= (days_max + 1) * us_per_day) {
		(void)snprintf(r->reason, TABLE_REASON_BYTES, "is no time: %.*s",
		    text.len > SHOWN_MAX ? SHOWN_MAX : (int)text.len, text.data);
		return r->reason;
	}
	*ret_us = (int64_t)n;
	return NULL;
}

/* Times as text or by a pattern, in us. */
static const char *
read_time_text(const struct table_column *c, struct slice text, bool is_string, int64_t *ret_us)
{
	bool is_iso = c->format.style != TIME_PATTERN;
	const char *why;
	int64_t ms;
	unsigned us = 0;

	if (is_iso ? time_parse_iso(text, &ms, &why)
		   : time_parse(&c->format, text, is_string, &ms, &why))
		return why;
	why = is_iso ? finer_than_ms(text, &us) : NULL;
	*ret_us = ms * 1000 + us;
	return why;
}

static const char *
read_time(struct reading *r, const struct table_column *c, const struct json_value *v,
    int64_t *ret_us)
{
	bool is_string = v->type == JSON_TYPE_STRING;
	enum time_style style = c->format.style;
	struct slice text;
	const char *why;

	if (!is_string && v->type != JSON_TYPE_NUMBER)
		return is_not(r, v, "time");
	if (style == TIME_AUTO && !is_string)
		style = c->is_micro ? TIME_US : TIME_MS;
	else if (style == TIME_ISO && !is_string)
		return is_not(r, v, "text that is a time");
	why = read_text(r, v, &text);
	if (why)
		return why;
	if (style == TIME_S || style == TIME_MS || style == TIME_US)
		return read_count(r, text, style == TIME_S ? 0 : style == TIME_MS ? 3 : 6, ret_us);
	return read_time_text(c, text, is_string, ret_us);
}

static const char *
read_timestamp(
    struct reading *r, const struct table_column *c, const struct json_value *v, int64_t *ret)
{
	int64_t us;
	const char *why = read_time(r, c, v, &us);

	if (why)
		return why;
	if (!c->is_micro && us % 1000 != 0)
		return "needs more than milliseconds";
	*ret = c->is_micro ? us : us / 1000;
	return NULL;
}

static const char *
read_date(
    struct reading *r, const struct table_column *c, const struct json_value *v, int64_t *ret)
{
	const char *why;
	int64_t us;

	/* Avro's date, Parquet's DATE: days since 1970-01-01 */
	if (v->type == JSON_TYPE_NUMBER && c->format.style == TIME_AUTO) {
		why = read_integer(r, v, true, ret);
		return why || (*ret >= days_min && *ret <= days_max) ? why
		                                                     : does_not_fit(r, v, "date");
	}
	why = read_time(r, c, v, &us);
	if (why)
		return why;
	if (us % us_per_day != 0)
		return "has a time of day, not a date alone";
	*ret = us / us_per_day;
	return NULL;
}

/* A string's quotes stand around its slice. */
static struct slice
raw_json(const struct json_value *v)
{
	if (v->type == JSON_TYPE_STRING)
		return slice_make(v->data - 1, (size_t)v->len + 2);
	return json_slice(v);
}

static const char *
read_string(struct reading *r, const struct json_value *v, struct table_value *ret)
{
	if (v->type != JSON_TYPE_STRING)
		return is_not(r, v, "string");
	return read_text(r, v, &ret->bytes);
}

static const char *
read_value(struct reading *r, const struct table_column *c, const struct json_value *v,
    struct table_value *ret)
{
	switch (c->type) {
	case TABLE_BOOL:
		return read_bool(r, v, ret);
	case TABLE_INT32:
		return read_integer(r, v, true, &ret->i);
	case TABLE_INT64:
		return read_integer(r, v, false, &ret->i);
	case TABLE_FLOAT:
		return read_double(r, v, true, &ret->d);
	case TABLE_DOUBLE:
		return read_double(r, v, false, &ret->d);
	case TABLE_DECIMAL:
		return read_decimal(r, c, v, ret);
	case TABLE_STRING:
		return read_string(r, v, ret);
	case TABLE_TIMESTAMP:
		return read_timestamp(r, c, v, &ret->i);
	case TABLE_DATE:
		return read_date(r, c, v, &ret->i);
	case TABLE_JSON:
		ret->bytes = raw_json(v);
		return NULL;
	}
	return "has a column of no type";
}

int
table_row_read(const struct table_schema *s, const struct json_value *values,
    const unsigned *fields, struct buf *scratch, struct table_value *ret_row, unsigned *ret_column,
    char reason[static TABLE_REASON_BYTES])
{
	struct reading r = { .schema = s,
		.values = values,
		.fields = fields,
		.scratch = scratch,
		.reason = reason };
	const char *why = NULL;
	unsigned i = 0;

	buf_clear(scratch);
	for (; !why && i < s->count; i++) {
		const struct table_column *c = &s->columns[i];
		const struct json_value *v = &values[fields[i]];

		ret_row[i].is_null = v->type == JSON_TYPE_NULL || v->type == JSON_TYPE_MISSING;
		if (!ret_row[i].is_null)
			why = read_value(&r, c, v, &ret_row[i]);
		else if (!c->is_nullable)
			why = v->type == JSON_TYPE_NULL ? "is null" : "is missing";
	}
	if (!why)
		return 0;
	*ret_column = i ? i - 1 : 0;
	if (why != reason)
		(void)snprintf(reason, TABLE_REASON_BYTES, "%s", why);
	return -1;
}
