/* SPDX-License-Identifier: MIT */
#include "kafka-window/predicate.h"

#include <stdlib.h>
#include <string.h>

#include "codec/number.h"
#include "kafka-window/groupkey.h"

enum { VALUE_BYTES_MAX = 1024 * 1024 };

struct predicate {
	enum predicate_op op;
	enum json_type type;
	struct buf value;     /* canonical */
	struct buf plain;     /* of a string: its bytes */
	struct number number; /* of a number that is exact */
};

/* ---- what is written ---- */

static int
refuse(struct err *err, size_t byte, const char *reason)
{
	return err_set(err, ERR_USAGE, "byte %zu: %s", byte, reason);
}

/* The operator at the front of the text; 0 and no bytes where there is none. */
static size_t
operator_at(struct slice text, enum predicate_op *ret)
{
	static const struct {
		const char *text;
		enum predicate_op op;
	} operators[] = {
		/* longer ones first */
		{ "==", PREDICATE_EQUAL },
		{ "!=", PREDICATE_NOT_EQUAL },
		{ "<=", PREDICATE_LESS_EQUAL },
		{ ">=", PREDICATE_GREATER_EQUAL },
		{ "=", PREDICATE_EQUAL },
		{ "<", PREDICATE_LESS },
		{ ">", PREDICATE_GREATER },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (!slice_starts(text, operators[i].text))
			continue;
		*ret = operators[i].op;
		return strlen(operators[i].text);
	}
	return 0;
}

/* Checks a JSON text as records are checked; it needs bytes behind its end. */
static int
check_json(struct slice value, size_t byte, struct err *err)
{
	struct buf padded = BUF_INIT(VALUE_BYTES_MAX);
	struct json_paths *none = json_paths_new(err);
	struct json_scanner *scanner = none ? json_scanner_new(none, err) : NULL;
	struct json_fault fault;
	int rc = -1;

	if (!scanner || buf_append(&padded, value, err) || buf_pad(&padded, err))
		goto out;
	rc = json_scan(scanner, buf_slice(&padded), NULL, &fault);
	if (rc)
		(void)refuse(err, byte + fault.byte, fault.reason);
out:
	json_scanner_free(scanner);
	json_paths_free(none);
	buf_release(&padded);
	return rc;
}

/* What looks like a number and is none, as a date, is a word. */
static bool
is_number(struct slice text)
{
	struct err ignored = ERR_INIT;

	return (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9')) &&
	       check_json(text, 0, &ignored) == 0;
}

static int
check_word(struct slice word, size_t byte, struct err *err)
{
	/* another language's operator, or its quotes */
	if (memchr("=<>!'", word.data[0], 5))
		return refuse(err, byte,
		    "a value that begins with =, <, >, ! or ' is written as a JSON string, "
		    "\"=\"");
	for (size_t i = 0; i < word.len; i++) {
		if (predicate_is_blank(word.data[i]) || word.data[i] == '"')
			return refuse(err, byte + i,
			    "a word ends here: a value with spaces or quotes is written as a JSON "
			    "string, \"New York\"");
		if ((unsigned char)word.data[i] < 0x20)
			return refuse(err, byte + i, "a control character in a word");
	}
	return 0;
}

static int
check_value(struct slice value, size_t byte, struct predicate_text *ret, struct err *err)
{
	if (!value.len)
		return refuse(err, byte, "a value is missing behind the operator");
	if (slice_is(value, "null"))
		return refuse(err, byte,
		    "nothing can be compared with null (no predicate holds for a null field)");
	if (value.data[0] == '[' || value.data[0] == '{')
		return refuse(err, byte, "an array or an object cannot be compared");
	ret->value = value;
	if (value.data[0] == '"')
		return check_json(value, byte, err);
	if (slice_is(value, "true") || slice_is(value, "false")) {
		if (ret->op > PREDICATE_NOT_EQUAL)
			return refuse(
			    err, byte, "true and false have no order: only = and != compare them");
		return 0;
	}
	ret->is_word = !is_number(value);
	return ret->is_word ? check_word(value, byte, err) : 0;
}

int
predicate_parse(struct slice text, size_t before, struct predicate_text *ret, struct err *err)
{
	struct predicate_text parsed = { .is_word = false };
	size_t at = 0, len = 0, start;

	while (at < text.len && predicate_is_blank(text.data[at]))
		at++;
	for (start = at; at < text.len; at++) {
		if ((len = operator_at(slice_skip(text, at), &parsed.op)))
			break;
	}
	parsed.field = slice_trim(slice_make(text.data + start, at - start));
	if (!parsed.field.len)
		return refuse(err, before + at, "a field is missing behind where=");
	if (!len)
		return refuse(
		    err, before + at, "an operator is missing: =, !=, <, <=, > or >=");
	for (at += len; at < text.len && predicate_is_blank(text.data[at]);)
		at++;
	if (check_value(slice_trim(slice_skip(text, at)), before + at, &parsed, err))
		return -1;
	*ret = parsed;
	return 0;
}

/* ---- what it means ---- */

/* The value as the scanner would give it. */
static struct json_value
value_of(const struct predicate_text *text)
{
	struct json_value v = { .data = text->value.data,
		.len = (uint32_t)text->value.len,
		.type = JSON_TYPE_STRING };

	enum json_type type;

	if (text->is_word)
		return v;
	type = json_type_at(text->value.data[0]);
	v.type = (uint8_t)type;
	if (type == JSON_TYPE_STRING) {
		v.data++;
		v.len -= 2;
		v.has_escape = true; /* perhaps */
	}
	return v;
}

static int
append_word(struct buf *out, struct slice word, struct err *err)
{
	return json_string_append(out, word, err) ? -1 : buf_append_char(out, '\n', err);
}

static int
keep_plain(struct predicate *p, struct err *err)
{
	struct slice quoted = buf_slice(&p->value);

	return json_string_decode(slice_make(quoted.data + 1, quoted.len - 2), &p->plain, err);
}

struct predicate *
predicate_new(const struct predicate_text *text, struct err *err)
{
	struct predicate *p = calloc(1, sizeof(*p));
	struct json_value v = value_of(text);
	const char *reason = NULL;

	if (!p) {
		(void)err_no_memory(err);
		return NULL;
	}
	p->op = text->op;
	p->type = (enum json_type)v.type;
	buf_init(&p->value, VALUE_BYTES_MAX);
	buf_init(&p->plain, VALUE_BYTES_MAX);
	if (text->is_word ? append_word(&p->value, text->value, err)
	                  : groupkey_append(&p->value, &v, &reason, err)) {
		if (reason)
			(void)err_set(err, ERR_USAGE, "%.*s: %s", SLICE_ARGS(text->value), reason);
		predicate_free(p);
		return NULL;
	}
	p->value.len--; /* the line feed */
	if (p->type == JSON_TYPE_STRING && keep_plain(p, err)) {
		predicate_free(p);
		return NULL;
	}
	if (p->type == JSON_TYPE_NUMBER)
		(void)number_parse(text->value, &p->number); /* not exact where past a double */
	return p;
}

void
predicate_free(struct predicate *p)
{
	if (!p)
		return;
	buf_release(&p->value);
	buf_release(&p->plain);
	free(p);
}

static bool
order_is(enum predicate_op op, int order)
{
	switch (op) {
	case PREDICATE_EQUAL:
		return order == 0;
	case PREDICATE_NOT_EQUAL:
		return order != 0;
	case PREDICATE_LESS:
		return order < 0;
	case PREDICATE_LESS_EQUAL:
		return order <= 0;
	case PREDICATE_GREATER:
		return order > 0;
	case PREDICATE_GREATER_EQUAL:
		return order >= 0;
	}
	return false;
}

/* Without the text made canonical, which most values need not be; false where it must be. */
static bool
compare_plainly(const struct predicate *p, const struct json_value *v, int *ret_order)
{
	struct number n;

	if (v->type == JSON_TYPE_STRING && !v->has_escape) {
		*ret_order = slice_compare(json_slice(v), buf_slice(&p->plain));
		return true;
	}
	if (v->type != JSON_TYPE_NUMBER || !p->number.is_exact ||
	    number_parse(json_slice(v), &n) || !n.is_exact)
		return false;
	*ret_order = number_compare(&n, &p->number);
	return true;
}

/* Both are of one type. -1 where the order cannot be told, with a reason, or memory ran out. */
static int
compare(const struct predicate *p, const struct json_value *v, struct buf *scratch, int *ret_order,
    const char **ret_reason, struct err *err)
{
	*ret_reason = NULL;
	if (compare_plainly(p, v, ret_order))
		return 0;
	buf_clear(scratch);
	if (groupkey_append(scratch, v, ret_reason, err))
		return -1;
	scratch->len--; /* the line feed */
	*ret_order = groupkey_compare_values(buf_slice(scratch), buf_slice(&p->value));
	return 0;
}

int
predicate_holds(const struct predicate *p, const struct json_value *v, struct buf *scratch,
    bool *ret, struct err *err)
{
	const char *reason;
	int order;

	*ret = false;
	if (v->type == JSON_TYPE_MISSING || v->type == JSON_TYPE_NULL)
		return 0;
	if (v->type != p->type) { /* true and false are types of their own */
		*ret = p->op == PREDICATE_NOT_EQUAL;
		return 0;
	}
	if (compare(p, v, scratch, &order, &reason, err))
		return reason ? 0 : -1; /* a number beyond all reason is nothing */
	*ret = order_is(p->op, order);
	return 0;
}
