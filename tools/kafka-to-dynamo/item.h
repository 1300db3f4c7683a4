/* SPDX-License-Identifier: MIT */
/*
 * Records as items: which fields become attributes, under which names, of which types, and what the
 * item's key is.
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_ITEM_H
#define SLUICE_KAFKA_TO_DYNAMO_ITEM_H

#include "codec/time.h"
#include "flow/record.h"
#include "kafka-to-dynamo/attribute.h"

/* "Quotas in Amazon DynamoDB": Item size; Partition keys and sort keys; Attribute names. */
enum {
	ITEM_BYTES_MAX = 400 * 1024,
	ITEM_HASH_BYTES_MAX = 2048,
	ITEM_RANGE_BYTES_MAX = 1024,
	ITEM_KEY_NAME_BYTES = 256,
};

/* ---- what a table says of its keys ---- */

enum { SCHEMA_HASH, SCHEMA_RANGE, SCHEMA_KEYS };

struct schema_key {
	char name[ITEM_KEY_NAME_BYTES];
	enum attribute_type type; /* STRING, NUMBER or BINARY */
};

struct schema {
	struct schema_key keys[SCHEMA_KEYS]; /* hash, range */
	size_t key_count;                    /* 1 or 2 */
};

/* ---- what the user says ---- */

enum { ITEM_RULES_MAX = 256 };

struct item_rename {
	struct slice path, name;
};

struct item_typing {
	struct slice path;
	enum attribute_type type;
};

/* Texts are borrowed for as long as the maker. Paths are dotted, of the record's fields. */
struct item_options {
	struct slice selects[ITEM_RULES_MAX]; /* none: every member of the record */
	size_t select_count;
	struct item_rename renames[ITEM_RULES_MAX];
	size_t rename_count;
	struct item_typing typings[ITEM_RULES_MAX];
	size_t typing_count;
	struct slice ttl_path,
	    ttl_name; /* empty: none; empty name: the field's own, which it replaces */
	int64_t ttl_add_ms;
	struct time_format time_format;
	const char *offset_name; /* an attribute that gets the record's offset; NULL: none */
};

/* [ATTRIBUTE=]FIELD[+DURATION]. ERR_USAGE. */
int item_parse_ttl(const char *text, struct item_options *, struct err *);
/* FIELD[,FIELD...] */
int item_parse_select(const char *text, struct item_options *, struct err *);
/* FIELD=NAME */
int item_parse_rename(const char *text, struct item_options *, struct err *);
/* FIELD=TYPE */
int item_parse_typing(const char *text, struct item_options *, struct err *);

/* ---- items ---- */

struct item_attribute {
	struct slice name;
	size_t value_at, value_len; /* in item.text; len 0: a set that is empty, and so not there */
	bool is_key;
};

/* Borrowed until the next item is made. */
struct item {
	const struct item_attribute *attributes;
	size_t count;
	struct slice text; /* {"id":{"S":"x"},...} */
	struct slice key;  /* {"id":{"S":"x"}}: the key attributes alone */
	/* Same bytes, same item, however numbers are written and wherever one attribute ends and
	 * the next begins. */
	struct slice identity;
	size_t size; /* as DynamoDB counts */
};

struct item_maker;

/* Options and schema are borrowed. ERR_USAGE: rules that contradict each other or the table. */
struct item_maker *item_maker_new(const struct item_options *, const struct schema *, struct err *);
void item_maker_free(struct item_maker *);

/* Of a record with a value. ERR_DATA (record_reject) where it can be no item of this table. */
int item_make(struct item_maker *, const struct record *, struct item *ret, struct err *);

/* Only its key attributes. Of a tombstone from the record's key: members of a JSON object, or,
 * where there is no range key, a JSON string or the bytes themselves. ERR_DATA likewise. */
int item_make_key(struct item_maker *, const struct record *, struct item *ret, struct err *);

/* ---- replies ---- */

/* Appends to an identity what one key attribute adds to it. */
int item_append_identity(struct buf *, struct slice bare, struct err *);

#endif
