/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/attribute.h"

#include <stdlib.h>

#include "codec/base64.h"
#include "kafka-to-dynamo/decimal.h"

/* What DynamoDB counts beside names and bytes ("DynamoDB item sizes and formats"). */
enum {
	SIZE_WORD = 1,      /* BOOL, NULL */
	SIZE_CONTAINER = 3, /* L, M */
	SIZE_ELEMENT = 1,   /* each of L and M */
	BARE_BYTES_MAX = 64 * 1024 * 1024,
};

static const char *const type_names[] = {
	[ATTRIBUTE_AUTO] = "",
	[ATTRIBUTE_STRING] = "S",
	[ATTRIBUTE_NUMBER] = "N",
	[ATTRIBUTE_BINARY] = "B",
	[ATTRIBUTE_STRING_SET] = "SS",
	[ATTRIBUTE_NUMBER_SET] = "NS",
};

int
attribute_type_parse(struct slice text, enum attribute_type *ret, struct err *err)
{
	for (int i = ATTRIBUTE_STRING; i <= ATTRIBUTE_NUMBER_SET; i++) {
		if (slice_is(text, type_names[i])) {
			*ret = (enum attribute_type)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%.*s\" is none of S, N, B, SS, NS", SLICE_ARGS(text));
}

const char *
attribute_type_name(enum attribute_type type)
{
	return type_names[type];
}

int
attribute_writer_init(struct attribute_writer *w, struct buf *out, struct err *err)
{
	*w = (struct attribute_writer){
		.out = out, .bare = BUF_INIT(BARE_BYTES_MAX), .part_bytes = BUF_INIT(BARE_BYTES_MAX)
	};
	return buf_reserve(&w->bare, 1, err) || buf_reserve(&w->part_bytes, 1, err) ? -1 : 0;
}

void
attribute_writer_release(struct attribute_writer *w)
{
	buf_release(&w->bare);
	buf_release(&w->part_bytes);
}

/* ---- single values ---- */

static int
refuse(struct attribute_writer *w, const struct tree *t, uint32_t node, struct err *err,
    const char *reason)
{
	w->fault_byte = tree_byte(t, node);
	return err_set(err, ERR_DATA, "%s", reason);
}

/* The text of a value: a string decoded, others as they stand. */
static int
append_text(const struct tree_node *n, struct buf *out, struct err *err)
{
	if (n->type == JSON_TYPE_STRING)
		return json_string_decode(slice_make(n->data, n->len), out, err);
	return buf_append(out, slice_make(n->data, n->len), err);
}

/* {"NAME": */
static int
open_value(struct attribute_writer *w, const char *name, struct err *err)
{
	return buf_append_text(w->out, "{\"", err) || buf_append_text(w->out, name, err) ||
	               buf_append_text(w->out, "\":", err)
	           ? -1
	           : 0;
}

static int
write_word(struct attribute_writer *w, const char *text, struct err *err)
{
	w->size += SIZE_WORD;
	return buf_append_text(w->out, text, err);
}

/* {"S":...}. Strings without escapes go through as they came. */
static int
write_string(struct attribute_writer *w, const struct tree_node *n, struct err *err)
{
	struct slice inside = slice_make(n->data, n->len);

	buf_clear(&w->bare);
	if (append_text(n, &w->bare, err) || open_value(w, "S", err))
		return -1;
	w->size += w->bare.len;
	if (n->type != JSON_TYPE_STRING || n->has_escape) {
		if (json_string_append(w->out, buf_slice(&w->bare), err))
			return -1;
	} else if (buf_append_char(w->out, '"', err) || buf_append(w->out, inside, err) ||
		   buf_append_char(w->out, '"', err)) {
		return -1;
	}
	return buf_append_char(w->out, '}', err);
}

/* The digits as written, but for zeros with an exponent, which might be any. */
static int
append_digits(
    struct attribute_writer *w, struct slice text, const struct decimal *d, struct err *err)
{
	if (!d->digit_count &&
	    (memchr(text.data, 'e', text.len) || memchr(text.data, 'E', text.len)))
		text = slice_of("0");
	return buf_append_char(w->out, '"', err) || buf_append(w->out, text, err) ||
	               buf_append_char(w->out, '"', err)
	           ? -1
	           : 0;
}

/* {"N":"..."}; leaves the canonical form in bare. ERR_DATA without fault_byte. */
static int
write_digits(struct attribute_writer *w, struct slice text, struct err *err)
{
	struct decimal d;
	const char *reason;

	if (decimal_read(text, &d, &reason))
		return err_set(err, ERR_DATA, "%s", reason);
	if (open_value(w, "N", err) || append_digits(w, text, &d, err) ||
	    buf_append_char(w->out, '}', err))
		return -1;
	w->size += decimal_size(&d);
	buf_clear(&w->bare);
	return decimal_append_canonical(&d, &w->bare, err);
}

static int
write_number(struct attribute_writer *w, const struct tree *t, uint32_t node, struct err *err)
{
	const struct tree_node *n = &t->nodes[node];

	w->fault_byte = tree_byte(t, node);
	if (n->type != JSON_TYPE_NUMBER && n->type != JSON_TYPE_STRING)
		return err_set(err, ERR_DATA, "not a number");
	if (n->type == JSON_TYPE_NUMBER || !n->has_escape)
		return write_digits(w, slice_make(n->data, n->len), err);
	buf_clear(&w->part_bytes);
	if (append_text(n, &w->part_bytes, err))
		return -1;
	return write_digits(w, buf_slice(&w->part_bytes), err);
}

static int
write_bytes(struct attribute_writer *w, struct err *err)
{
	w->size += w->bare.len;
	if (open_value(w, "B", err) || buf_append_char(w->out, '"', err) ||
	    base64_append(w->out, buf_slice(&w->bare), err))
		return -1;
	return buf_append_text(w->out, "\"}", err);
}

static int
write_binary(struct attribute_writer *w, const struct tree *t, uint32_t node, struct err *err)
{
	const struct tree_node *n = &t->nodes[node];

	if (n->type != JSON_TYPE_STRING)
		return refuse(w, t, node, err, "not a string with base64");
	buf_clear(&w->bare);
	buf_clear(&w->part_bytes);
	if (append_text(n, &w->part_bytes, err))
		return -1;
	if (base64_decode(buf_slice(&w->part_bytes), &w->bare, err))
		return err->class == ERR_DATA ? refuse(w, t, node, err, "not base64") : -1;
	return write_bytes(w, err);
}

/* ---- lists and maps ---- */

static int write_auto(struct attribute_writer *w, const struct tree *t, uint32_t node,
    unsigned depth, struct err *err);

static int
write_name(struct attribute_writer *w, const struct tree *t, uint32_t node, struct err *err)
{
	struct slice name = tree_name(t, node);

	if (!name.len)
		return refuse(w, t, node, err, "a member without a name");
	w->size += name.len;
	return json_string_append(w->out, name, err) || buf_append_char(w->out, ':', err) ? -1 : 0;
}

static int
write_children(struct attribute_writer *w, const struct tree *t, uint32_t node, unsigned depth,
    struct err *err)
{
	bool is_map = t->nodes[node].type == JSON_TYPE_OBJECT;

	if (depth == ATTRIBUTE_DEPTH_MAX)
		return refuse(w, t, node, err, "nested more than 32 levels deep");
	w->size += SIZE_CONTAINER;
	if (buf_append_text(w->out, is_map ? "{\"M\":{" : "{\"L\":[", err))
		return -1;
	for (uint32_t i = tree_first(t, node), n = 0; i; i = tree_next(t, node, i)) {
		w->size += SIZE_ELEMENT;
		if ((n++ && buf_append_char(w->out, ',', err)) ||
		    (is_map && write_name(w, t, i, err)) || write_auto(w, t, i, depth + 1, err))
			return -1;
	}
	return buf_append_text(w->out, is_map ? "}}" : "]}", err);
}

static int
write_auto(struct attribute_writer *w, const struct tree *t, uint32_t node, unsigned depth,
    struct err *err)
{
	const struct tree_node *n = &t->nodes[node];

	switch (n->type) {
	case JSON_TYPE_STRING:
		return write_string(w, n, err);
	case JSON_TYPE_NUMBER:
		return write_number(w, t, node, err);
	case JSON_TYPE_TRUE:
		return write_word(w, "{\"BOOL\":true}", err);
	case JSON_TYPE_FALSE:
		return write_word(w, "{\"BOOL\":false}", err);
	case JSON_TYPE_NULL:
		return write_word(w, "{\"NULL\":true}", err);
	default:
		return write_children(w, t, node, depth, err);
	}
}

/* ---- sets ---- */

struct part {
	size_t at, len; /* its identity, in part_bytes: the bytes, or the canonical number */
	uint32_t node;
	uint32_t number; /* from 0, in order */
	bool is_twice;
};

struct part_list {
	struct part *items;
	size_t count, capacity;
};

struct part_key {
	struct slice bytes;
	struct part *part;
};

static int
compare_parts(const void *a, const void *b)
{
	const struct part_key *x = a, *y = b;
	int order = slice_compare(x->bytes, y->bytes);

	if (order)
		return order;
	return x->part->number < y->part->number ? -1 : x->part->number > y->part->number;
}

/* "Input collection contains duplicates" refuses the whole item: a set has each of its values once.
 */
static int
mark_twice(struct attribute_writer *w, struct part_list *list, struct err *err)
{
	struct part_key *keys = calloc(list->count, sizeof(*keys));

	if (!keys)
		return err_no_memory(err);
	for (size_t i = 0; i < list->count; i++)
		keys[i] =
		    (struct part_key){ .bytes = slice_make(w->part_bytes.data + list->items[i].at,
					   list->items[i].len),
			    .part = &list->items[i] };
	qsort(keys, list->count, sizeof(*keys), compare_parts);
	for (size_t i = 1; i < list->count; i++)
		keys[i].part->is_twice = slice_equal(keys[i - 1].bytes, keys[i].bytes);
	free(keys);
	return 0;
}

/* Checks one value of a set and keeps its identity. */
static int
add_part(struct attribute_writer *w, const struct tree *t, uint32_t node, bool is_number,
    struct part_list *list, struct err *err)
{
	const struct tree_node *n = &t->nodes[node];
	size_t at = w->part_bytes.len;
	struct decimal d;
	const char *reason;

	if (n->type == JSON_TYPE_ARRAY || n->type == JSON_TYPE_OBJECT || n->type == JSON_TYPE_NULL)
		return refuse(w, t, node, err, "not a value that a set can have");
	if (append_text(n, &w->part_bytes, err))
		return -1;
	if (is_number) {
		if (decimal_read(slice_skip(buf_slice(&w->part_bytes), at), &d, &reason))
			return refuse(w, t, node, err, reason);
		w->part_bytes.len = at;
		if (decimal_append_canonical(&d, &w->part_bytes, err))
			return -1;
	}
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct part *items = realloc(list->items, capacity * sizeof(*items));

		if (!items)
			return err_no_memory(err);
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count] = (struct part){ .at = at,
		.len = w->part_bytes.len - at,
		.node = node,
		.number = (uint32_t)list->count };
	list->count++;
	return 0;
}

static int
write_part(struct attribute_writer *w, const struct tree *t, const struct part *part,
    bool is_number, struct err *err)
{
	struct slice bytes = slice_make(w->part_bytes.data + part->at, part->len);
	struct decimal d;
	const char *reason;

	if (!is_number) {
		w->size += bytes.len;
		return json_string_append(w->out, bytes, err);
	}
	buf_clear(&w->bare);
	if (append_text(&t->nodes[part->node], &w->bare, err))
		return -1;
	if (decimal_read(buf_slice(&w->bare), &d, &reason))
		return refuse(w, t, part->node, err, reason);
	w->size += decimal_size(&d);
	return append_digits(w, buf_slice(&w->bare), &d, err);
}

static int
write_parts(struct attribute_writer *w, const struct tree *t, struct part_list *list,
    bool is_number, struct err *err)
{
	size_t count = 0;

	if (mark_twice(w, list, err) || open_value(w, is_number ? "NS" : "SS", err) ||
	    buf_append_char(w->out, '[', err))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].is_twice)
			continue;
		if ((count++ && buf_append_char(w->out, ',', err)) ||
		    write_part(w, t, &list->items[i], is_number, err))
			return -1;
	}
	return buf_append_text(w->out, "]}", err);
}

static enum attribute_outcome
write_set(struct attribute_writer *w, const struct tree *t, uint32_t node, bool is_number,
    struct err *err)
{
	struct part_list list = { .items = NULL };
	enum attribute_outcome outcome = ATTRIBUTE_FAILED;

	if (t->nodes[node].type == JSON_TYPE_NULL)
		return ATTRIBUTE_ABSENT;
	buf_clear(&w->part_bytes);
	if (t->nodes[node].type != JSON_TYPE_ARRAY) {
		if (add_part(w, t, node, is_number, &list, err))
			goto out;
	} else {
		for (uint32_t i = tree_first(t, node); i; i = tree_next(t, node, i)) {
			if (add_part(w, t, i, is_number, &list, err))
				goto out;
		}
	}
	if (!list.count)
		outcome = ATTRIBUTE_ABSENT;
	else if (!write_parts(w, t, &list, is_number, err))
		outcome = ATTRIBUTE_WRITTEN;
out:
	free(list.items);
	return outcome;
}

/* ---- all of them ---- */

enum attribute_outcome
attribute_write(struct attribute_writer *w, const struct tree *t, uint32_t node,
    enum attribute_type type, struct err *err)
{
	const struct tree_node *n = &t->nodes[node];
	int rc;

	if (type == ATTRIBUTE_STRING_SET || type == ATTRIBUTE_NUMBER_SET)
		return write_set(w, t, node, type == ATTRIBUTE_NUMBER_SET, err);
	if (type == ATTRIBUTE_AUTO || n->type == JSON_TYPE_NULL)
		rc = write_auto(w, t, node, 0, err);
	else if (type == ATTRIBUTE_STRING)
		rc = write_string(w, n, err);
	else if (type == ATTRIBUTE_NUMBER)
		rc = write_number(w, t, node, err);
	else
		rc = write_binary(w, t, node, err);
	return rc ? ATTRIBUTE_FAILED : ATTRIBUTE_WRITTEN;
}

int
attribute_write_bytes(
    struct attribute_writer *w, struct slice bytes, enum attribute_type type, struct err *err)
{
	w->fault_byte = 0;
	if (type == ATTRIBUTE_NUMBER)
		return write_digits(w, bytes, err);
	buf_clear(&w->bare);
	if (buf_append(&w->bare, bytes, err))
		return -1;
	if (type == ATTRIBUTE_BINARY)
		return write_bytes(w, err);
	if (!utf8_is_valid(bytes))
		return err_set(err, ERR_DATA, "not UTF-8");
	w->size += bytes.len;
	if (open_value(w, "S", err) || json_string_append(w->out, bytes, err))
		return -1;
	return buf_append_char(w->out, '}', err);
}
