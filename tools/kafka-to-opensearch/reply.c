/* SPDX-License-Identifier: MIT */
#include "kafka-to-opensearch/reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/number.h"

const char *const bulk_op_names[BULK_OP_COUNT] = { "index", "create", "update", "delete" };

/* What is read of each item, and of a failure as a whole. */
enum { ITEM_STATUS, ITEM_TYPE, ITEM_REASON, ITEM_CAUSE_TYPE, ITEM_CAUSE, ITEM_ERROR, ITEM_FIELDS };

static const char *const item_fields[ITEM_FIELDS] = { "status", "error.type", "error.reason",
	"error.caused_by.type", "error.caused_by.reason", "error" };

/* How far into a reply its beginning may reach. */
enum { BEGUN_BYTES = 128 };

enum { WHOLE_ERRORS, WHOLE_ITEMS, WHOLE_FIELDS };

static const char *const whole_fields[WHOLE_FIELDS] = { "errors", "items" };

/* the last two: "Message" of the service behind AWS's front, "message" of the front itself */
enum { FAILURE_TYPE, FAILURE_REASON, FAILURE_ERROR, FAILURE_MESSAGE, FAILURE_FRONT, FAILURE_FIELDS };

static const char *const failure_fields[FAILURE_FIELDS] = { "error.type", "error.reason", "error",
	"Message", "message" };

struct reply_reader {
	struct json_scanner *whole, *failure;
	struct json_scanner *items[BULK_OP_COUNT];
	struct buf body; /* a padded copy */
	struct buf text; /* decoded strings */
	const char *at, *end; /* what is left of the items' insides */
};

static struct json_scanner *
compile(const char *prefix, const char *const *names, size_t count, struct err *err)
{
	struct json_paths *paths = json_paths_new(err);
	struct json_scanner *scanner = NULL;
	char path[64];

	for (size_t i = 0; paths && i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", names[i]);
		if (json_paths_add(paths, slice_of(path), err) < 0)
			goto out;
	}
	if (paths)
		scanner = json_scanner_new(paths, err);
out:
	json_paths_free(paths);
	return scanner;
}

struct reply_reader *
reply_reader_new(struct err *err)
{
	struct reply_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		err_no_memory(err);
		return NULL;
	}
	buf_init(&r->body, UINT32_MAX); /* json_scan's limit */
	buf_init(&r->text, UINT32_MAX);
	r->whole = compile("", whole_fields, WHOLE_FIELDS, err);
	r->failure = compile("", failure_fields, FAILURE_FIELDS, err);
	if (!r->whole || !r->failure)
		goto fail;
	for (size_t i = 0; i < BULK_OP_COUNT; i++) {
		r->items[i] = compile(bulk_op_names[i], item_fields, ITEM_FIELDS, err);
		if (!r->items[i])
			goto fail;
	}
	return r;
fail:
	reply_reader_free(r);
	return NULL;
}

void
reply_reader_free(struct reply_reader *r)
{
	if (!r)
		return;
	json_scanner_free(r->whole);
	json_scanner_free(r->failure);
	for (size_t i = 0; i < BULK_OP_COUNT; i++)
		json_scanner_free(r->items[i]);
	buf_release(&r->body);
	buf_release(&r->text);
	free(r);
}

/* ---- walking through what has been checked ---- */

static const char *
skip_string(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
	}
	return p + 1;
}

/* Behind the object or array that begins at p. */
static const char *
skip_nested(const char *p)
{
	size_t depth = 0;

	for (;;) {
		switch (*p) {
		case '"':
			p = skip_string(p);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (!--depth)
				return p + 1;
			break;
		default:
			break;
		}
		p++;
	}
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n' || *p == ','))
		p++;
	return p;
}

/* The next element, where it is an object. */
static bool
next_object(const char **at, const char *end, struct slice *ret)
{
	const char *begin = skip_blanks(*at, end);

	if (begin == end || *begin != '{')
		return false;
	*at = skip_nested(begin);
	*ret = slice_make(begin, (size_t)(*at - begin));
	return true;
}

/* ---- words ---- */

/* As much as there is room for, control bytes as '?', cut between characters. */
static void
append_words(char *to, size_t bytes, struct slice words)
{
	size_t len = strlen(to);

	for (size_t i = 0; i < words.len && len + 1 < bytes; i++) {
		unsigned char c = (unsigned char)words.data[i];

		to[len++] = c < ' ' || c == 0x7f ? '?' : (char)c;
		to[len] = '\0';
	}
	if (len + 1 < bytes)
		return;
	while (len && ((unsigned char)to[len - 1] & 0xc0) == 0x80)
		len--;
	if (len && ((unsigned char)to[len - 1] & 0x80))
		len--;
	to[len] = '\0';
}

static void
append_string(struct reply_reader *r, const struct json_value *value, const char *before,
    char ret[static REPLY_REASON_BYTES])
{
	struct slice words = json_slice(value);
	struct err err;

	if (value->type != JSON_TYPE_STRING || !value->len)
		return;
	buf_clear(&r->text);
	if (value->has_escape && !json_string_decode(words, &r->text, &err))
		words = buf_slice(&r->text);
	if (*ret)
		append_words(ret, REPLY_REASON_BYTES, slice_of(before));
	append_words(ret, REPLY_REASON_BYTES, words);
}

/* ---- a bulk reply ---- */

static int
copy_padded(struct reply_reader *r, struct slice body, struct err *err)
{
	buf_clear(&r->body);
	if (!buf_append(&r->body, body, err) && !buf_pad(&r->body, err))
		return 0;
	if (err->class == ERR_DATA)
		err_set(err, ERR_UNAVAILABLE, "a reply of %zu bytes", body.len);
	return -1;
}

static int
count_items(struct reply_reader *r, const struct json_value *items, size_t *ret, struct err *err)
{
	const char *at = items->data + 1, *end = items->data + items->len - 1;
	struct slice item;
	size_t count = 0;

	r->at = at;
	r->end = end;
	while (next_object(&at, end, &item))
		count++;
	if (skip_blanks(at, end) != end)
		return err_set(err, ERR_UNAVAILABLE, "not the reply to a bulk request");
	*ret = count;
	return 0;
}

int
reply_open(struct reply_reader *r, struct slice body, size_t *ret_count, bool *ret_has_errors,
    struct err *err)
{
	struct json_value values[WHOLE_FIELDS];
	const struct json_value *errors = &values[WHOLE_ERRORS];
	struct json_fault fault;

	if (copy_padded(r, body, err))
		return -1;
	if (json_scan(r->whole, buf_slice(&r->body), values, &fault))
		return err_set(err, ERR_UNAVAILABLE, "a reply that is no JSON: byte %zu of %zu: %s",
		    fault.byte, body.len, fault.reason);
	if (values[WHOLE_ITEMS].type != JSON_TYPE_ARRAY ||
	    (errors->type != JSON_TYPE_TRUE && errors->type != JSON_TYPE_FALSE))
		return err_set(err, ERR_UNAVAILABLE, "not the reply to a bulk request");
	if (count_items(r, &values[WHOLE_ITEMS], ret_count, err))
		return -1;
	*ret_has_errors = errors->type == JSON_TYPE_TRUE;
	return 0;
}

/* "took" and "ingest_took" may come before it (BulkResponse.java, toXContent). */
bool
reply_is_begun(struct slice body)
{
	static const char member[] = "\"errors\":";
	struct slice begin = slice_trim(body);

	if (begin.len > BEGUN_BYTES)
		begin.len = BEGUN_BYTES;
	return begin.len && begin.data[0] == '{' &&
	       memmem(begin.data, begin.len, member, sizeof(member) - 1);
}

static bool
is_type(const struct json_value *type, const char *name)
{
	return type->type == JSON_TYPE_STRING && slice_is(json_slice(type), name);
}

/* Types are the names of exceptions (VersionConflictEngineException.java, IndexNotFoundException.java). */
static void
read_reason(struct reply_reader *r, const struct json_value *values, struct reply_item *ret)
{
	const struct json_value *type = &values[ITEM_TYPE];

	ret->reason[0] = '\0';
	ret->is_version_conflict = is_type(type, "version_conflict_engine_exception");
	ret->is_index_missing = is_type(type, "index_not_found_exception");
	append_string(r, &values[ITEM_ERROR], "", ret->reason);
	append_string(r, type, "", ret->reason);
	append_string(r, &values[ITEM_REASON], ": ", ret->reason);
	append_string(r, &values[ITEM_CAUSE_TYPE], "; ", ret->reason);
	append_string(r, &values[ITEM_CAUSE], ": ", ret->reason);
	/* "mapper [fare] cannot be changed from type [long] to [float]": types that two documents gave a
	 * new field at one time (FieldMapper.java, merge; seen with 7 and 7.5). Once a field has its type
	 * there is no such error: what does not fit is a parsing exception. */
	ret->is_index_misnamed = is_type(type, "invalid_index_name_exception");
	/* IngestService.java, "pipeline with id [x] does not exist"; ShardLimitValidator.java, "this action would
	 * add [2] total shards, but this cluster currently has [1000]/[1000] maximum shards open" */
	ret->is_setup = slice_starts(slice_of(ret->reason), "illegal_argument_exception: pipeline with id [") ||
	                (is_type(type, "validation_exception") &&
			    strstr(ret->reason, "but this cluster currently has ["));
	ret->is_mapping_race = slice_starts(slice_of(ret->reason), "illegal_argument_exception: ") &&
	                       strstr(ret->reason, "cannot be changed from type [");
}

int
reply_next(struct reply_reader *r, enum bulk_op op, struct reply_item *ret, struct err *err)
{
	struct json_value values[ITEM_FIELDS];
	struct json_fault fault;
	struct slice item;
	int64_t status;

	/* of the items' whole array it is known that it is JSON */
	if (!next_object(&r->at, r->end, &item) ||
	    json_scan(r->items[op], item, values, &fault) ||
	    values[ITEM_STATUS].type != JSON_TYPE_NUMBER ||
	    number_parse_int64(json_slice(&values[ITEM_STATUS]), &status) || status < 200 ||
	    status > 599)
		return err_set(err, ERR_UNAVAILABLE,
		    "the reply to another request: an item is no \"%s\"", bulk_op_names[op]);
	ret->status = (int)status;
	read_reason(r, values, ret);
	return 0;
}

/* ---- a failure ---- */

void
reply_reason(struct reply_reader *r, struct slice body, char ret[static REPLY_REASON_BYTES])
{
	struct json_value values[FAILURE_FIELDS];
	struct json_fault fault;
	struct err err;

	ret[0] = '\0';
	if (copy_padded(r, body, &err))
		return;
	if (!json_scan(r->failure, buf_slice(&r->body), values, &fault)) {
		append_string(r, &values[FAILURE_ERROR], "", ret);
		append_string(r, &values[FAILURE_TYPE], "", ret);
		append_string(r, &values[FAILURE_REASON], ": ", ret);
		append_string(r, &values[FAILURE_MESSAGE], ": ", ret);
		append_string(r, &values[FAILURE_FRONT], ": ", ret);
	}
	if (!*ret)
		append_words(ret, REPLY_REASON_BYTES, slice_trim(body));
}
