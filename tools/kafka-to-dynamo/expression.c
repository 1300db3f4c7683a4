/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/expression.h"

/* ---- what all three have ---- */

static int
append_table(struct buf *out, const char *table, struct err *err)
{
	return buf_append_text(out, "{\"TableName\":", err) ||
	               json_string_append(out, slice_of(table), err)
	           ? -1
	           : 0;
}

/* Developer Guide, "Condition and filter expressions, operators, and functions". An attribute of
 * another type compares as false: without the last part an item that has one would never be
 * written. */
static int
append_condition(struct buf *out, const struct expression_condition *c, struct err *err)
{
	if (!c->name)
		return 0;
	return buf_append_text(out,
	    ",\"ConditionExpression\":"
	    "\"attribute_not_exists(#o) OR #o < :o OR NOT attribute_type(#o, :t)\"",
	    err);
}

static int
append_condition_name(struct buf *out, const struct expression_condition *c, struct err *err)
{
	return buf_append_text(out, "\"#o\":", err) ||
	               json_string_append(out, slice_of(c->name), err)
	           ? -1
	           : 0;
}

static int
append_condition_values(struct buf *out, const struct expression_condition *c, struct err *err)
{
	return buf_appendf(
	    out, err, "\":o\":{\"N\":\"%lld\"},\":t\":{\"S\":\"N\"}", (long long)c->offset);
}

static int
append_condition_parts(struct buf *out, const struct expression_condition *c, struct err *err)
{
	if (!c->name)
		return 0;
	if (buf_append_text(out, ",\"ExpressionAttributeNames\":{", err) ||
	    append_condition_name(out, c, err) ||
	    buf_append_text(out, "},\"ExpressionAttributeValues\":{", err) ||
	    append_condition_values(out, c, err))
		return -1;
	return buf_append_char(out, '}', err);
}

static int
append_whole(struct buf *out, const char *table, const char *what, struct slice text,
    const struct expression_condition *c, struct err *err)
{
	if (append_table(out, table, err) || buf_append_text(out, what, err) ||
	    buf_append(out, text, err) || append_condition(out, c, err) ||
	    append_condition_parts(out, c, err))
		return -1;
	return buf_append_char(out, '}', err);
}

int
expression_append_put(struct buf *out, const char *table, const struct item *item,
    const struct expression_condition *c, struct err *err)
{
	return append_whole(out, table, ",\"Item\":", item->text, c, err);
}

int
expression_append_delete(struct buf *out, const char *table, const struct item *item,
    const struct expression_condition *c, struct err *err)
{
	return append_whole(out, table, ",\"Key\":", item->key, c, err);
}

/* ---- updates ---- */

enum part { PART_SET, PART_REMOVE };

static bool
is_in(const struct item_attribute *a, enum part part)
{
	return !a->is_key && (a->value_len > 0) == (part == PART_SET);
}

/* "SET #0=:0,#1=:1" or "REMOVE #2", nothing where there is none of them. */
static int
append_actions(struct buf *out, const struct item *item, enum part part, struct err *err)
{
	static const char *const words[] = { "SET ", " REMOVE " };
	size_t count = 0;

	for (size_t i = 0; i < item->count; i++) {
		if (!is_in(&item->attributes[i], part))
			continue;
		if (buf_append_text(out, count++ ? "," : words[part], err) ||
		    buf_appendf(out, err, part == PART_SET ? "#%zu=:%zu" : "#%zu", i, i))
			return -1;
	}
	return 0;
}

static int
append_update_expression(struct buf *out, const struct item *item, struct err *err)
{
	size_t begin;

	if (buf_append_text(out, ",\"UpdateExpression\":\"", err))
		return -1;
	begin = out->len;
	if (append_actions(out, item, PART_SET, err) || append_actions(out, item, PART_REMOVE, err))
		return -1;
	if (out->len - begin > EXPRESSION_BYTES_MAX)
		return err_set(err, ERR_DATA,
		    "more fields than the 4 KB of an update expression have room for");
	return buf_append_char(out, '"', err);
}

static int
append_names(
    struct buf *out, const struct item *item, const struct expression_condition *c, struct err *err)
{
	size_t count = 0;

	if (buf_append_text(out, ",\"ExpressionAttributeNames\":{", err))
		return -1;
	for (size_t i = 0; i < item->count; i++) {
		if (item->attributes[i].is_key)
			continue;
		if (buf_appendf(out, err, "%s\"#%zu\":", count++ ? "," : "", i) ||
		    json_string_append(out, item->attributes[i].name, err))
			return -1;
	}
	if (c->name &&
	    ((count && buf_append_char(out, ',', err)) || append_condition_name(out, c, err)))
		return -1;
	return buf_append_char(out, '}', err);
}

static int
append_values(
    struct buf *out, const struct item *item, const struct expression_condition *c, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < item->count; i++) {
		const struct item_attribute *a = &item->attributes[i];

		if (!is_in(a, PART_SET))
			continue;
		if (buf_appendf(out, err,
			"%s\":%zu\":", count++ ? "," : ",\"ExpressionAttributeValues\":{", i) ||
		    buf_append(out, slice_make(item->text.data + a->value_at, a->value_len), err))
			return -1;
	}
	if (c->name &&
	    (buf_append_text(out, count++ ? "," : ",\"ExpressionAttributeValues\":{", err) ||
		append_condition_values(out, c, err)))
		return -1;
	return count ? buf_append_char(out, '}', err) : 0;
}

int
expression_append_update(struct buf *out, const char *table, const struct item *item,
    const struct expression_condition *c, struct err *err)
{
	size_t plain = 0;

	for (size_t i = 0; i < item->count; i++)
		plain += !item->attributes[i].is_key;
	if (append_table(out, table, err) || buf_append_text(out, ",\"Key\":", err) ||
	    buf_append(out, item->key, err))
		return -1;
	/* with nothing but a key the item is made where it is not there, and an empty map is
	 * refused */
	if ((plain && append_update_expression(out, item, err)) || append_condition(out, c, err) ||
	    ((plain || c->name) && append_names(out, item, c, err)) ||
	    append_values(out, item, c, err))
		return -1;
	return buf_append_char(out, '}', err);
}
