/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/item.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "flow/field.h"

enum {
	REASON_BYTES = 256,
	NAME_SHOWN_MAX = 64,
	TEXT_BYTES_MAX = 64 * 1024 * 1024,
	IDENTITY_BYTES_MAX = 8 * 1024 * 1024,
	CAPACITY_MIN = 32,
};

struct item_maker {
	const struct item_options *options;
	const struct schema *schema;
	struct field_set *fields; /* none: it checks that values are JSON */
	struct tree tree;
	struct buf text, key, identity;
	struct attribute_writer writer; /* into text */
	struct item_attribute *attributes;
	size_t count, capacity;
	size_t size;
	/* of the present record */
	const struct record *record;
	bool is_from_key;
	size_t places[SCHEMA_KEYS]; /* of key attributes, from 1; 0: not seen */
	struct buf bare[SCHEMA_KEYS];
};

/* ---- rules ---- */

static struct slice
name_of(const struct item_options *o, struct slice path)
{
	for (size_t i = 0; i < o->rename_count; i++) {
		if (slice_equal(o->renames[i].path, path))
			return o->renames[i].name;
	}
	return path;
}

/* The field that becomes this attribute. */
static struct slice
path_of(const struct item_options *o, struct slice name)
{
	for (size_t i = 0; i < o->rename_count; i++) {
		if (slice_equal(o->renames[i].name, name))
			return o->renames[i].path;
	}
	return name;
}

static enum attribute_type
type_of(const struct item_options *o, struct slice path)
{
	for (size_t i = 0; i < o->typing_count; i++) {
		if (slice_equal(o->typings[i].path, path))
			return o->typings[i].type;
	}
	return ATTRIBUTE_AUTO;
}

static bool
is_selected(const struct item_options *o, struct slice path)
{
	for (size_t i = 0; i < o->select_count; i++) {
		if (slice_equal(o->selects[i], path))
			return true;
	}
	return false;
}

static size_t
key_number(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->key_count; i++) {
		if (slice_is(name, schema->keys[i].name))
			return i;
	}
	return SCHEMA_KEYS;
}

static struct slice
ttl_name(const struct item_options *o)
{
	return o->ttl_name.len ? o->ttl_name : name_of(o, o->ttl_path);
}

/* A rule for a field that is never read would be passed over in silence. */
static int
check_reach(const struct item_options *o, const struct schema *schema, const char *option,
    struct slice path, struct err *err)
{
	bool is_deep = memchr(path.data, '.', path.len) != NULL;
	bool is_key = key_number(schema, name_of(o, path)) < SCHEMA_KEYS;

	if (o->select_count ? is_selected(o, path) || is_key : !is_deep)
		return 0;
	return err_set(err, ERR_USAGE, "%s %.*s: the field is not selected (--select)", option,
	    SLICE_ARGS(path));
}

static int
check_key(const struct item_options *o, const struct schema_key *key, struct err *err)
{
	struct slice name = slice_of(key->name);
	enum attribute_type type = type_of(o, path_of(o, name));

	if (type != ATTRIBUTE_AUTO && type != key->type)
		return err_set(err, ERR_USAGE,
		    "--types says %s of key attribute %s, the table says %s",
		    attribute_type_name(type), key->name, attribute_type_name(key->type));
	if (o->offset_name && slice_is(name, o->offset_name))
		return err_set(
		    err, ERR_USAGE, "--condition-offset %s is a key attribute", key->name);
	if (o->ttl_path.len && slice_equal(name, ttl_name(o)))
		return err_set(err, ERR_USAGE, "--ttl %s is a key attribute", key->name);
	return 0;
}

static int
check_rules(const struct item_options *o, const struct schema *schema, struct err *err)
{
	for (size_t i = 0; i < schema->key_count; i++) {
		if (check_key(o, &schema->keys[i], err))
			return -1;
	}
	for (size_t i = 0; i < o->rename_count; i++) {
		if (check_reach(o, schema, "--rename", o->renames[i].path, err))
			return -1;
	}
	for (size_t i = 0; i < o->typing_count; i++) {
		if (check_reach(o, schema, "--types", o->typings[i].path, err))
			return -1;
	}
	if (o->offset_name && o->ttl_path.len && slice_is(ttl_name(o), o->offset_name))
		return err_set(err, ERR_USAGE, "--ttl and --condition-offset are one attribute: %s",
		    o->offset_name);
	return 0;
}

/* ---- making and freeing ---- */

struct item_maker *
item_maker_new(const struct item_options *options, const struct schema *schema, struct err *err)
{
	struct item_maker *m;

	if (check_rules(options, schema, err))
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m) {
		err_no_memory(err);
		return NULL;
	}
	m->options = options;
	m->schema = schema;
	m->tree = (struct tree)TREE_INIT;
	buf_init(&m->text, TEXT_BYTES_MAX);
	buf_init(&m->key, TEXT_BYTES_MAX);
	buf_init(&m->identity, IDENTITY_BYTES_MAX);
	for (int i = 0; i < SCHEMA_KEYS; i++)
		buf_init(&m->bare[i], TEXT_BYTES_MAX);
	m->fields = field_set_new(err);
	if (!m->fields || attribute_writer_init(&m->writer, &m->text, err)) {
		item_maker_free(m);
		return NULL;
	}
	field_set_check_all(m->fields);
	return m;
}

void
item_maker_free(struct item_maker *m)
{
	if (!m)
		return;
	for (int i = 0; i < SCHEMA_KEYS; i++)
		buf_release(&m->bare[i]);
	attribute_writer_release(&m->writer);
	buf_release(&m->identity);
	buf_release(&m->key);
	buf_release(&m->text);
	tree_release(&m->tree);
	field_set_free(m->fields);
	free(m->attributes);
	free(m);
}

/* ---- rejecting ---- */

/* "attribute NAME: REASON", the name without control bytes. */
static int
reject(struct item_maker *m, struct slice name, int64_t byte, const char *reason, struct err *err)
{
	char text[REASON_BYTES];
	int shown = (int)(name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX);

	if (m->is_from_key)
		byte = -1; /* bytes are counted in values */
	(void)snprintf(text, sizeof(text), "%sattribute %.*s: %s", m->is_from_key ? "key: " : "",
	    shown, name.len ? name.data : "", reason);
	for (char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	return record_reject(m->record, byte, text, err);
}

/* ---- attributes ---- */

static int
reserve_attribute(struct item_maker *m, struct err *err)
{
	size_t capacity = m->capacity ? m->capacity * 2 : CAPACITY_MIN;
	struct item_attribute *attributes;

	if (m->count < m->capacity)
		return 0;
	attributes = realloc(m->attributes, capacity * sizeof(*attributes));
	if (!attributes)
		return err_no_memory(err);
	m->attributes = attributes;
	m->capacity = capacity;
	return 0;
}

/* Its name, and a comma where there is one before. *ret_begin: where to go back to. */
static int
open_attribute(struct item_maker *m, struct slice name, size_t *ret_begin, struct err *err)
{
	*ret_begin = m->text.len;
	if (!name.len)
		return reject(m, name, -1, "without a name", err);
	if (reserve_attribute(m, err) || (m->text.len > 1 && buf_append_char(&m->text, ',', err)) ||
	    json_string_append(&m->text, name, err) || buf_append_char(&m->text, ':', err))
		return -1;
	m->attributes[m->count] = (struct item_attribute){ .name = name, .value_at = m->text.len };
	return 0;
}

static int
close_attribute(struct item_maker *m, size_t begin, enum attribute_outcome outcome, struct err *err)
{
	struct item_attribute *a = &m->attributes[m->count];
	size_t key = key_number(m->schema, a->name);

	if (outcome == ATTRIBUTE_ABSENT) {
		m->text.len = begin;
	} else {
		a->value_len = m->text.len - a->value_at;
		m->writer.size += a->name.len;
	}
	m->count++;
	if (key == SCHEMA_KEYS)
		return 0;
	a->is_key = true;
	m->places[key] = m->count;
	buf_clear(&m->bare[key]);
	return buf_append(&m->bare[key], buf_slice(&m->writer.bare), err);
}

/*
 * A key attribute is a string, a number or binary (API Reference, KeySchemaElement). The text of what is
 * neither names an item that nobody looks for, and hides that the record is bad; --types may ask for it all
 * the same. NULL: it can be a key.
 */
static const char *
why_no_key(uint8_t type, enum attribute_type asked)
{
	if (type == JSON_TYPE_NULL)
		return "a key that is null";
	if (asked == ATTRIBUTE_STRING)
		return NULL;
	switch (type) {
	case JSON_TYPE_ARRAY:
		return "a key that is an array";
	case JSON_TYPE_OBJECT:
		return "a key that is an object";
	case JSON_TYPE_TRUE:
	case JSON_TYPE_FALSE:
		return "a key that is true or false";
	default:
		return NULL;
	}
}

static int
add_node(struct item_maker *m, struct slice path, uint32_t node, struct err *err)
{
	struct slice name = name_of(m->options, path);
	size_t key = key_number(m->schema, name), begin;
	enum attribute_type type =
	    key < SCHEMA_KEYS ? m->schema->keys[key].type : type_of(m->options, path);
	enum attribute_outcome outcome;
	const char *why = NULL;

	if (key < SCHEMA_KEYS)
		why = why_no_key(m->tree.nodes[node].type, type_of(m->options, path));
	if (why)
		return reject(m, name, (int64_t)tree_byte(&m->tree, node), why, err);
	if (open_attribute(m, name, &begin, err))
		return -1;
	outcome = attribute_write(&m->writer, &m->tree, node, type, err);
	if (outcome != ATTRIBUTE_FAILED)
		return close_attribute(m, begin, outcome, err);
	if (err->class == ERR_DATA) {
		char reason[REASON_BYTES];

		(void)snprintf(reason, sizeof(reason), "%.200s", err->text);
		return reject(m, name, (int64_t)m->writer.fault_byte, reason, err);
	}
	return -1;
}

static int
add_integer(struct item_maker *m, struct slice name, int64_t value, struct err *err)
{
	char digits[24];
	size_t begin;
	int n = snprintf(digits, sizeof(digits), "%" PRId64, value);

	if (open_attribute(m, name, &begin, err) ||
	    attribute_write_bytes(&m->writer, slice_make(digits, (size_t)n), ATTRIBUTE_NUMBER, err))
		return -1;
	return close_attribute(m, begin, ATTRIBUTE_WRITTEN, err);
}

/* Seconds since the epoch, as a number ("Using time to live (TTL) in DynamoDB"). An item whose
 * record has no time never expires. */
static int
add_ttl(struct item_maker *m, struct err *err)
{
	const struct item_options *o = m->options;
	uint32_t node = tree_find(&m->tree, o->ttl_path);
	const struct tree_node *n = &m->tree.nodes[node];
	const char *reason;
	int64_t ms, s;

	if (!node || n->type == JSON_TYPE_NULL)
		return 0;
	if (n->type != JSON_TYPE_STRING && n->type != JSON_TYPE_NUMBER)
		return reject(
		    m, o->ttl_path, (int64_t)tree_byte(&m->tree, node), "not a time", err);
	if (time_parse(&o->time_format, slice_make(n->data, n->len), n->type == JSON_TYPE_STRING,
		&ms, &reason))
		return reject(m, o->ttl_path, (int64_t)tree_byte(&m->tree, node), reason, err);
	ms += o->ttl_add_ms;
	s = ms / 1000 - (ms % 1000 < 0);
	return add_integer(m, ttl_name(o), s, err);
}

static bool
is_replaced_by_ttl(const struct item_options *o, struct slice path)
{
	return o->ttl_path.len && !o->ttl_name.len && slice_equal(o->ttl_path, path);
}

static int
add_members(struct item_maker *m, struct err *err)
{
	const struct item_options *o = m->options;

	for (uint32_t i = tree_first(&m->tree, 0); i; i = tree_next(&m->tree, 0, i)) {
		struct slice path = tree_name(&m->tree, i);

		if (!is_replaced_by_ttl(o, path) && add_node(m, path, i, err))
			return -1;
	}
	return 0;
}

static int
add_keys(struct item_maker *m, bool is_rest, struct err *err)
{
	for (size_t i = 0; i < m->schema->key_count; i++) {
		struct slice path = path_of(m->options, slice_of(m->schema->keys[i].name));
		uint32_t node = m->places[i] && is_rest ? 0 : tree_find(&m->tree, path);

		if (node && add_node(m, path, node, err))
			return -1;
	}
	return 0;
}

static int
add_selected(struct item_maker *m, struct err *err)
{
	const struct item_options *o = m->options;

	for (size_t i = 0; i < o->select_count; i++) {
		uint32_t node = tree_find(&m->tree, o->selects[i]);

		if (node && !is_replaced_by_ttl(o, o->selects[i]) &&
		    add_node(m, o->selects[i], node, err))
			return -1;
	}
	return add_keys(m, true, err);
}

/* Members have names of their own; only what rules name can meet another. */
static int
check_names(struct item_maker *m, struct err *err)
{
	const struct item_options *o = m->options;

	if (!o->rename_count && !o->select_count && !o->ttl_path.len && !o->offset_name)
		return 0;
	for (size_t i = 0; i < m->count; i++) {
		struct slice name = m->attributes[i].name;
		bool is_ruled = o->select_count || !slice_equal(path_of(o, name), name) ||
		                (o->ttl_path.len && slice_equal(name, ttl_name(o))) ||
		                (o->offset_name && slice_is(name, o->offset_name));

		for (size_t k = 0; is_ruled && k < m->count; k++) {
			if (k != i && slice_equal(m->attributes[k].name, name))
				return reject(m, name, -1, "two fields would become this one", err);
		}
	}
	return 0;
}

/* ---- keys ---- */

int
item_append_identity(struct buf *identity, struct slice bare, struct err *err)
{
	unsigned char len[4] = { (unsigned char)(bare.len >> 24), (unsigned char)(bare.len >> 16),
		(unsigned char)(bare.len >> 8), (unsigned char)bare.len };

	/* its length before each part: "a" and "bc" are not "ab" and "c" */
	return buf_append(identity, slice_make((const char *)len, sizeof(len)), err) ||
	               buf_append(identity, bare, err)
	           ? -1
	           : 0;
}

static int
check_key_bytes(struct item_maker *m, size_t key, struct err *err)
{
	size_t bytes = m->bare[key].len;
	struct slice name = slice_of(m->schema->keys[key].name);

	if (m->schema->keys[key].type == ATTRIBUTE_NUMBER)
		return 0;
	if (!bytes)
		return reject(m, name, -1, "a key that is empty", err);
	if (key == SCHEMA_HASH && bytes > ITEM_HASH_BYTES_MAX)
		return reject(m, name, -1, "a partition key longer than 2048 bytes", err);
	if (key == SCHEMA_RANGE && bytes > ITEM_RANGE_BYTES_MAX)
		return reject(m, name, -1, "a sort key longer than 1024 bytes", err);
	return 0;
}

static int
make_key(struct item_maker *m, struct err *err)
{
	if (buf_append_char(&m->key, '{', err))
		return -1;
	for (size_t i = 0; i < m->schema->key_count; i++) {
		struct slice name = slice_of(m->schema->keys[i].name);
		const struct item_attribute *a;

		if (!m->places[i])
			return reject(m, name, -1, "the key is missing", err);
		a = &m->attributes[m->places[i] - 1];
		if (check_key_bytes(m, i, err) ||
		    item_append_identity(&m->identity, buf_slice(&m->bare[i]), err) ||
		    (i && buf_append_char(&m->key, ',', err)) ||
		    json_string_append(&m->key, name, err) || buf_append_char(&m->key, ':', err) ||
		    buf_append(&m->key, slice_make(m->text.data + a->value_at, a->value_len), err))
			return -1;
	}
	return buf_append_char(&m->key, '}', err);
}

/* ---- items ---- */

static int
begin(struct item_maker *m, const struct record *record, bool is_from_key, struct err *err)
{
	m->record = record;
	m->is_from_key = is_from_key;
	m->count = 0;
	m->writer.size = 0;
	memset(m->places, 0, sizeof(m->places));
	buf_clear(&m->text);
	buf_clear(&m->key);
	buf_clear(&m->identity);
	return buf_append_char(&m->text, '{', err);
}

static int
end(struct item_maker *m, struct item *ret, struct err *err)
{
	char reason[REASON_BYTES];

	if (buf_append_char(&m->text, '}', err) || check_names(m, err) || make_key(m, err))
		return -1;
	if (m->writer.size > ITEM_BYTES_MAX) {
		(void)snprintf(reason, sizeof(reason),
		    "an item of %zu bytes, DynamoDB takes up to 409600", m->writer.size);
		return record_reject(m->record, -1, reason, err);
	}
	*ret = (struct item){ .attributes = m->attributes,
		.count = m->count,
		.text = buf_slice(&m->text),
		.key = buf_slice(&m->key),
		.identity = buf_slice(&m->identity),
		.size = m->writer.size };
	return 0;
}

static int
read_value(struct item_maker *m, const struct record *record, struct err *err)
{
	if (field_scan(m->fields, record, err) || tree_read(&m->tree, record->value, err))
		return -1;
	if (m->tree.nodes[0].type != JSON_TYPE_OBJECT)
		return record_reject(record, 0, "not an object", err);
	return 0;
}

int
item_make(struct item_maker *m, const struct record *record, struct item *ret, struct err *err)
{
	const struct item_options *o = m->options;

	if (begin(m, record, false, err) || read_value(m, record, err) ||
	    (o->select_count ? add_selected(m, err) : add_members(m, err)) ||
	    (o->ttl_path.len && add_ttl(m, err)) ||
	    (o->offset_name && add_integer(m, slice_of(o->offset_name), record->offset, err)))
		return -1;
	return end(m, ret, err);
}

/* The key's bytes as the only key attribute. */
static int
add_bytes(struct item_maker *m, struct slice bytes, struct err *err)
{
	const struct schema_key *key = &m->schema->keys[SCHEMA_HASH];
	char reason[REASON_BYTES];
	size_t at;

	if (m->schema->key_count > 1)
		return record_reject(m->record, -1,
		    "the key of a tombstone is no JSON object, but the table has two key "
		    "attributes",
		    err);
	if (open_attribute(m, slice_of(key->name), &at, err))
		return -1;
	if (!attribute_write_bytes(&m->writer, bytes, key->type, err))
		return close_attribute(m, at, ATTRIBUTE_WRITTEN, err);
	if (err->class != ERR_DATA)
		return -1;
	(void)snprintf(reason, sizeof(reason), "%.200s", err->text);
	return reject(m, slice_of(key->name), -1, reason, err);
}

static int
add_record_key(struct item_maker *m, const struct record *record, struct err *err)
{
	struct record as_value = { .value = record->key, .has_value = true };
	struct err ignored = ERR_INIT;
	uint8_t type;

	if (!record->has_key)
		return record_reject(record, -1,
		    "a tombstone without a key: nothing says which item to delete", err);
	/* what is no JSON is the key itself */
	if (field_scan(m->fields, &as_value, &ignored))
		return add_bytes(m, record->key, err);
	if (tree_read(&m->tree, record->key, err))
		return -1;
	type = m->tree.nodes[0].type;
	if (type == JSON_TYPE_OBJECT)
		return add_keys(m, false, err);
	if (type == JSON_TYPE_STRING && m->schema->key_count == 1)
		return add_node(
		    m, path_of(m->options, slice_of(m->schema->keys[SCHEMA_HASH].name)), 0, err);
	return add_bytes(m, record->key, err);
}

int
item_make_key(struct item_maker *m, const struct record *record, struct item *ret, struct err *err)
{
	if (begin(m, record, !record->has_value, err))
		return -1;
	if (!record->has_value) {
		if (add_record_key(m, record, err))
			return -1;
	} else if (read_value(m, record, err) || add_keys(m, false, err)) {
		return -1;
	}
	return end(m, ret, err);
}
