/* SPDX-License-Identifier: MIT */
#include "tests/unit/json_oracle.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

static const char *const paths[] = {
	"a",
	"b",
	"ab",
	"a.b",
	"a.a",
	"a.b.a",
	"b.a",
	"caf\xC3\xA9",
	"\"",
	"a_name_of_29_bytes_0123456789",
	"a_name_of_30_bytes_01234567890",
	"a_name_of_31_bytes_012345678901",
	"b.a_name_of_31_bytes_012345678901",
};

enum { PATH_COUNT = sizeof(paths) / sizeof(paths[0]) };

static const size_t load_flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;

static _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "json_oracle: %s\n", what);
	abort();
}

struct json_scanner *
json_oracle_scanner(void)
{
	struct err err = ERR_INIT;
	struct json_paths *set = json_paths_new(&err);
	struct json_scanner *scanner;

	if (!set)
		die(err.text);
	for (size_t i = 0; i < PATH_COUNT; i++)
		if (json_paths_add(set, slice_of(paths[i]), &err) != (int)i)
			die(err.text);
	scanner = json_scanner_new(set, &err);
	if (!scanner)
		die(err.text);
	json_paths_free(set);
	return scanner;
}

static const json_t *
tree_find(const json_t *tree, const char *path)
{
	struct slice member, rest = slice_of(path);

	while (tree && rest.len) {
		(void)slice_cut(rest, '.', &member, &rest);
		tree = json_object_getn(tree, member.data, member.len);
	}
	return tree;
}

static bool
is_same_string(struct slice inside, bool has_escape, const json_t *tree)
{
	struct slice expected;
	struct buf decoded = BUF_INIT(SIZE_MAX / 4);
	struct err err = ERR_INIT;
	bool is_same;

	if (!json_is_string(tree))
		return false;
	expected = slice_make(json_string_value(tree), json_string_length(tree));
	if (json_string_decode(inside, &decoded, &err))
		die(err.text);
	is_same = slice_equal(buf_slice(&decoded), expected) && json_string_is(inside, expected) &&
	          has_escape == (inside.len && memchr(inside.data, '\\', inside.len));
	buf_release(&decoded);
	return is_same;
}

static bool
is_same_number(struct slice digits, bool is_integer, const json_t *tree)
{
	char *text = strndup(digits.data, digits.len), *rest = NULL;
	bool is_same;

	if (!text)
		die("out of memory");
	if (is_integer)
		is_same =
		    json_is_integer(tree) && strtoll(text, &rest, 10) == json_integer_value(tree);
	else
		is_same = json_is_real(tree) && !(strtod(text, &rest) < json_real_value(tree)) &&
		          !(strtod(text, &rest) > json_real_value(tree));
	is_same = is_same && rest == text + digits.len;
	free(text);
	return is_same;
}

static bool
is_same_tree(struct slice text, const json_t *tree)
{
	json_t *part = json_loadb(text.data, text.len, load_flags, NULL);
	bool is_same = part && json_equal(part, tree);

	json_decref(part);
	return is_same;
}

static bool
is_same_value(const struct json_value *value, const json_t *tree)
{
	struct slice text = json_slice(value);

	switch ((enum json_type)value->type) {
	case JSON_TYPE_MISSING:
		return !tree && !value->data && !value->len;
	case JSON_TYPE_NULL:
		return json_is_null(tree) && slice_is(text, "null");
	case JSON_TYPE_FALSE:
		return json_is_false(tree) && slice_is(text, "false");
	case JSON_TYPE_TRUE:
		return json_is_true(tree) && slice_is(text, "true");
	case JSON_TYPE_NUMBER:
		return is_same_number(text, value->is_integer, tree);
	case JSON_TYPE_STRING:
		return is_same_string(text, value->has_escape, tree);
	case JSON_TYPE_ARRAY:
		return json_is_array(tree) && is_same_tree(text, tree);
	case JSON_TYPE_OBJECT:
		return json_is_object(tree) && is_same_tree(text, tree);
	}
	return false;
}

static enum json_verdict
compare_values(const struct json_value *values, const json_t *tree)
{
	for (size_t i = 0; i < PATH_COUNT; i++) {
		if (!is_same_value(&values[i], tree_find(tree, paths[i]))) {
			(void)fprintf(stderr, "path %s: %s \"%.*s\" is not what jansson has\n",
			    paths[i], json_type_name((enum json_type)values[i].type),
			    SLICE_ARGS(json_slice(&values[i])));
			return JSON_ORACLE_DIFFERENT;
		}
	}
	return JSON_ORACLE_ACCEPTED;
}

/* Why the scanner may take what jansson does not; DIFFERENT where it may not. */
static enum json_verdict
excuse(const json_error_t *error)
{
	if (json_error_code(error) == json_error_numeric_overflow)
		return JSON_ORACLE_NUMBER;
	if (json_error_code(error) == json_error_null_byte_in_key)
		return JSON_ORACLE_NUL_NAME;
	if (strncmp(error->text, "invalid Unicode '\\u", 19) == 0)
		return JSON_ORACLE_SURROGATE;
	return JSON_ORACLE_DIFFERENT;
}

/* What stands before the byte of a fault must be the beginning of some JSON text. */
static bool
is_fault_in_place(struct json_scanner *scanner, struct slice text, const struct json_fault *fault)
{
	struct json_value values[PATH_COUNT];
	struct json_fault earlier;

	if (fault->byte > text.len)
		return false;
	if (!json_scan(scanner, slice_make(text.data, fault->byte), values, &earlier))
		return true;
	return earlier.byte == fault->byte && strcmp(earlier.reason, "unexpected end") == 0;
}

static bool
is_nul_behind_token(struct slice text, size_t at)
{
	char before = at && at < text.len ? text.data[at - 1] : '\0';

	return before && !text.data[at] && strchr("0123456789el", before); /* true, false, null */
}

static enum json_verdict
compare_fault(struct json_scanner *scanner, struct slice text, const struct json_fault *fault,
    const json_t *tree, const json_error_t *error)
{
	if (!is_fault_in_place(scanner, text, fault)) {
		(void)fprintf(stderr, "there is an earlier fault than byte %zu\n", fault->byte);
		return JSON_ORACLE_DIFFERENT;
	}
	if (strcmp(fault->reason, "nested too deep") == 0)
		return JSON_ORACLE_DEPTH;
	if (tree && is_nul_behind_token(text, fault->byte))
		return JSON_ORACLE_LOST_NUL;
	if (tree) {
		(void)fprintf(
		    stderr, "byte %zu: %s; jansson accepts it\n", fault->byte, fault->reason);
		return JSON_ORACLE_DIFFERENT;
	}
	return excuse(error) == JSON_ORACLE_DIFFERENT ? JSON_ORACLE_REJECTED : excuse(error);
}

enum json_verdict
json_oracle_compare(struct json_scanner *scanner, struct slice text)
{
	struct json_value values[PATH_COUNT];
	struct json_fault fault;
	json_error_t error;
	json_t *tree = json_loadb(text.data, text.len, load_flags, &error);
	enum json_verdict verdict;

	if (json_scan(scanner, text, values, &fault)) {
		verdict = compare_fault(scanner, text, &fault, tree, &error);
	} else if (tree) {
		verdict = compare_values(values, tree);
	} else {
		verdict = excuse(&error);
		if (verdict == JSON_ORACLE_DIFFERENT)
			(void)fprintf(
			    stderr, "accepted; jansson: byte %d: %s\n", error.position, error.text);
	}
	json_decref(tree);
	return verdict;
}
